"""Artifacts on their way: from the side, only the newest, and never in a migration's way."""

import asyncio
from typing import Any

import pytest

from sealift.events import Event
from tasks import artifacts


def waiting(percent: float | None, step: str = "warm") -> Event:
    return Event(
        "step-waiting", "mig-1", "i-1", "1", "eu-central-1", 0.0, step=step, title="t", data={"progress": percent}
    )


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    moved: list[float] = []

    async def create(percent: float, **_: Any) -> str:
        moved.append(percent)
        await asyncio.sleep(0.01)
        return "id"

    async def update(_: str, percent: float) -> None:
        moved.append(percent)

    monkeypatch.setattr(artifacts, "acreate_progress_artifact", create)
    monkeypatch.setattr(artifacts, "aupdate_progress_artifact", update)
    return moved


async def test_progress_is_made_once_and_then_moves_and_old_figures_are_skipped(sent: list[float]) -> None:
    """While one figure is on its way, only the newest of those that follow is kept."""
    async with artifacts.outbox():
        artifacts.show(waiting(0.0))
        await asyncio.sleep(0.001)
        for percent in (10.0, 20.0, 20.4, 90.0):
            artifacts.show(waiting(percent))
        artifacts.show(waiting(None))

    assert sent == [0.0, 90.0]


async def test_a_step_without_progress_leaves_no_artifact(sent: list[float]) -> None:
    """Most steps only wait."""
    async with artifacts.outbox():
        artifacts.show(waiting(None))
        artifacts.show(Event("step-done", "mig-1", "i-1", "1", "eu-central-1", 0.0, step="warm"))

    assert sent == []


async def test_an_artifact_that_fails_disturbs_nothing() -> None:
    """The next one is sent all the same."""
    done = []

    async def fails() -> None:
        raise OSError("no server")

    async def works() -> None:
        done.append("sent")

    async with artifacts.outbox():
        artifacts.later("a", fails)
        artifacts.later("b", works)

    assert done == ["sent"]


async def test_the_end_of_a_run_waits_for_artifacts_only_for_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that hangs keeps nobody."""
    monkeypatch.setattr(artifacts, "PATIENCE", 0.05)

    async def hangs() -> None:
        await asyncio.sleep(60)

    async with asyncio.timeout(5):
        async with artifacts.outbox():
            artifacts.later("a", hangs)


def test_outside_a_run_listeners_do_nothing() -> None:
    """The same driver may be used without a flow."""
    artifacts.show(waiting(50.0))
    artifacts.later("a", lambda: pytest.fail("sent"))


def test_keys_hold_what_prefect_takes() -> None:
    """Small letters, digits and dashes."""
    assert artifacts.key("mig-1-copy:/dev/SDF") == "mig-1-copy-dev-sdf"
