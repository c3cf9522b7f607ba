"""What a run shows of itself in Prefect's UI: the plan, the progress of copies, the way to `approve`, why a step is tried
again, what finalize left.

Listeners are called in the middle of a migration and must not wait. They put an artifact into the run's outbox, which
sends from the side; trouble there ends in one line of the log.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from contextvars import Context, ContextVar, copy_context
from typing import Any
from uuid import UUID

import structlog
from prefect.artifacts import acreate_markdown_artifact, acreate_progress_artifact, aupdate_progress_artifact
from prefect.client.orchestration import get_client
from prefect.exceptions import ObjectNotFound
from prefect.settings import PREFECT_UI_URL

from sealift.driver import Outcome
from sealift.events import Event
from sealift.plan import MigrationPlan, Plan
from sealift.render import markdown

PATIENCE = 5.0
"""Seconds of life that the end of a run waits for artifacts that are still on their way."""

APPROVE = "approve/approve"
"""Flow and deployment that a run at its gate points to."""

Job = Callable[[], Awaitable[None]]


class Outbox:
    """Artifacts on their way, one at a time; of several about the same thing only the newest goes."""

    def __init__(self) -> None:
        self.shown: dict[str, UUID] = {}
        self.percent: dict[str, int] = {}
        self._jobs: dict[str, tuple[Context, Job]] = {}
        self._new = asyncio.Event()
        self._closing = False
        self._sender = asyncio.get_running_loop().create_task(self._send())

    def put(self, about: str, job: Job) -> None:
        """Take a job; it runs in the context of the task run that it tells of."""
        self._jobs[about] = (copy_context(), job)
        self._new.set()

    async def close(self) -> None:
        """Wait a moment for what is on its way, then leave it."""
        self._closing = True
        self._new.set()
        await asyncio.wait({self._sender}, timeout=PATIENCE)
        self._sender.cancel()

    async def _send(self) -> None:
        while self._jobs or not self._closing:
            self._new.clear()
            while self._jobs:
                about = next(iter(self._jobs))
                context, job = self._jobs.pop(about)
                try:
                    await asyncio.get_running_loop().create_task(_run(job), context=context)
                except Exception as error:  # noqa: BLE001 - an artifact that fails disturbs nothing
                    structlog.get_logger().warning("artifact-failed", about=about, error=str(error))
            if not self._closing:
                await self._new.wait()


async def _run(job: Job) -> None:
    await job()


_outbox: ContextVar[Outbox | None] = ContextVar("sealift_outbox", default=None)


@asynccontextmanager
async def outbox() -> AsyncIterator[Outbox]:
    """Open the outbox of a flow run."""
    box = Outbox()
    token = _outbox.set(box)
    try:
        yield box
    finally:
        _outbox.reset(token)
        await box.close()


def later(about: str, job: Job) -> None:
    """Send an artifact from the side, from inside a run of ours."""
    if (box := _outbox.get()) is not None:
        box.put(about, job)


def show(event: Event) -> None:
    """Listen: the progress of what copies, the way to `approve` from a closed gate, why a step is tried again."""
    box = _outbox.get()
    if box is None:
        return
    about = f"{event.migration}-{event.step}"
    match event.name:
        case "gate" if why := event.data.get("waiting_for"):
            box.put(f"gate-{event.migration}", lambda: _gate(event, why))
        case "held":
            box.put(f"gate-{event.migration}", lambda: _held(event))
        case "retry":
            box.put(f"again-{about}", lambda: _again(event))
        case "step-waiting" if (percent := event.data.get("progress")) is not None:
            _move(box, about, float(percent), event.title)
        case "step-done" if about in box.percent:
            _move(box, about, 100.0, event.title)


def _move(box: Outbox, about: str, percent: float, title: str) -> None:
    if box.percent.get(about) != int(percent):
        box.percent[about] = int(percent)
        box.put(about, lambda: _progress(box, about, percent, title))


async def _progress(box: Outbox, about: str, percent: float, title: str) -> None:
    if about in box.shown:
        await aupdate_progress_artifact(box.shown[about], percent)
    else:
        box.shown[about] = await acreate_progress_artifact(percent, key=key(about), description=title)


async def _gate(event: Event, why: str) -> None:
    form = await approve_form(event.migration)
    here = (
        f"[Approve, postpone or refuse it here]({form})" if form else "The deployment `approve` is not registered here"
    )
    verbs = (f"approve {event.migration}", f"postpone {event.migration} --until …", f"refuse {event.migration}")
    typed = ", ".join(f"`sealift {v}`" for v in verbs)
    text = f"**{event.target}** is prepared and waits for {why}.\n\n* {here}: `{event.migration}`.\n* Or type one of {typed}."
    await acreate_markdown_artifact(text, key=key(f"gate-{event.migration}"), description="Waiting at the gate")


async def _held(event: Event) -> None:
    text = (
        f"**{event.target}** is prepared and was held at its gate: {event.data.get('why')}.\n\n"
        f"* When you know that it would not go the same way: the deployment `resume` with `{event.migration}`, "
        f"or `sealift resume {event.migration}`."
    )
    await acreate_markdown_artifact(text, key=key(f"gate-{event.migration}"), description="Held at the gate")


async def _again(event: Event) -> None:
    tries, kind, seconds = (event.data[name] for name in ("tries", "retry", "seconds"))
    text = (
        f"**{event.title}** failed {tries} times so far and is tried again, the last time after {seconds} s.\n\n"
        f"* class: `{kind}`\n* {event.data['error']}"
    )
    about = key(f"tried-again-{event.migration}-{event.step}")
    await acreate_markdown_artifact(text, key=about, description=f"Tried again: {kind}")


async def approve_form(migration: str) -> str | None:
    """Return the address of the form of the `approve` deployment, None where it is not registered."""
    async with get_client() as client:
        try:
            deployment = await client.read_deployment_by_name(APPROVE)
        except ObjectNotFound:
            return None
    base = (PREFECT_UI_URL.value() or str(client.api_url).removesuffix("/").removesuffix("/api")).rstrip("/")
    return f"{base}/deployments/deployment/{deployment.id}/run"


async def publish_plan(plan: MigrationPlan) -> None:
    """Publish a plan as an artifact of this run."""
    text = markdown.plan(Plan((plan,)))
    await acreate_markdown_artifact(text, key=key(f"plan-{plan.target}"), description=f"Plan for {plan.target}")


async def publish_lists(migration: str, lists: Mapping[str, Sequence[Any]]) -> None:
    """Publish what finalize leaves: gone now, goes by itself, stays until somebody acts."""
    text = markdown.final_lists(lists)
    await acreate_markdown_artifact(text, key=key(f"finalized-{migration}"), description=f"What {migration} leaves")


async def publish_verdicts(outcomes: Sequence[Outcome]) -> None:
    """Publish what `verify` says of each migration, those that are not as they should be first."""
    text = markdown.verdicts(outcomes)
    await acreate_markdown_artifact(text, key=key("verified"), description="What is retained, as it is now")


def key(text: str) -> str:
    """Return a key that Prefect takes: small letters, digits and dashes."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
