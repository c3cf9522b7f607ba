"""The driver of a flow run: made from the worker's surroundings, or handed over by the process that runs the flow
itself.

Nothing of it passes through flow parameters, which Prefect stores: a process (the command line, a test) that runs a
flow hands its driver, and the plan that was read and approved, over with `handing`.
"""

from collections.abc import AsyncIterator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

import structlog
from prefect.runtime import flow_run

from sealift import logs
from sealift.clock import actor
from sealift.driver import Driver, Outcome
from sealift.errors import Refused, SealiftError
from sealift.parameters import Migrate
from sealift.plan import MigrationPlan, digest
from sealift.settings import Settings
from tasks import artifacts
from tasks.logs import run_log

THREADS = 16
"""Calls to AWS under way at once in one process."""

_LISTENERS = (run_log(), artifacts.show)


@dataclass
class Handed:
    """What a process hands to the flow that it runs, and what it gets back."""

    driver: Driver
    plan: MigrationPlan | None = None  # run exactly this one, in place of a plan made from the parameters
    approved_by: str | None = None
    observed: bool = False  # the plan was made just now
    began: bool = False
    outcome: Outcome | None = None


_handed: ContextVar[Handed | None] = ContextVar("sealift_handed", default=None)


@contextmanager
def handing(
    driver: Driver, plan: MigrationPlan | None = None, *, approved_by: str | None = None, observed: bool = False
) -> Iterator[Handed]:
    """Let flows that run in this block use this driver (and be its clock's actor: whoever hands it over is one)."""
    handed = Handed(driver, plan, approved_by, observed)
    token = _handed.set(handed)
    try:
        yield handed
    finally:
        _handed.reset(token)


@dataclass
class Drive:
    """What a flow has in hand."""

    driver: Driver
    handed: Handed | None = None

    async def plan(self, params: Migrate, kind: str) -> MigrationPlan:
        """Return the plan that was handed over, or make it from the parameters.

        Raises:
            SealiftError: the target is unknown, of another kind, or the plan differs from the one that was read.
        """
        if self.handed is not None and self.handed.plan is not None:
            return self.handed.plan
        plan = (await self.driver.plan([params.target], params.options()))[0]
        if plan.kind != kind:
            why = plan.note or f"it is {plan.kind}"
            raise Refused(f"{params.target}: {why}", remedy=f"Run the flow for {plan.kind}, with {plan.target}.")
        if params.digest not in (None, made := digest([plan.to_json()])):
            raise Refused(
                f"{plan.target} is planned otherwise now: {made}", remedy="Run with dry_run, and read it again."
            )
        return plan

    def approved_by(self, params: Migrate) -> str | None:
        """Return who has approved the cutover, None where nobody has yet."""
        if self.handed is not None and self.handed.approved_by:
            return self.handed.approved_by
        return f"whoever started {flow_run.name}" if params.approve else None

    def end(self, outcome: Outcome) -> Outcome:
        """Leave the outcome with whoever handed the driver over."""
        if self.handed is not None:
            self.handed.outcome = outcome
        return outcome


@asynccontextmanager
async def driving(region: str | None = None, notify: Sequence[str] = ()) -> AsyncIterator[Drive]:
    """Yield what a flow drives with; its events go to the run's log and artifacts too."""
    handed = _handed.get()
    async with artifacts.outbox():
        if handed is not None:
            handed.began = True
            with _error_left(handed):
                yield Drive(_listening(handed.driver), handed)
            return
        if not structlog.is_configured():
            logs.configure()
        with ThreadPoolExecutor(THREADS, thread_name_prefix="aws") as pool:
            driver = Driver(Settings.read(region=region), pool=pool, listeners=[logs.listener()], notify=notify)
            try:
                with actor(driver.clock):
                    yield Drive(_listening(driver))
            finally:
                driver.close()


def _listening(driver: Driver) -> Driver:
    # Once for a driver: flows that share one find their run by context, not by listener.
    driver.listeners += tuple(one for one in _LISTENERS if one not in driver.listeners)
    return driver


@contextmanager
def _error_left(handed: Handed) -> Iterator[None]:
    try:
        yield
    except SealiftError as error:
        target = handed.plan.target if handed.plan else ""
        handed.outcome = Outcome(target, "", error.exit_code, str(error))
        raise
