"""What people are told a thing is called: in what is waited for, in what is left over, in how things stand."""

from dataclasses import dataclass
from typing import Any

import pytest

from sealift.engine import Attempt, in_doubt
from sealift.errors import CallError, NeedsPerson, Retry, SealiftError, WaitFailed
from sealift.journal import READERS, State
from sealift.recipe import recipe
from sealift.step import Context, Phase, Ref, Seen, Step, Watch
from tests.engine.scripted import STOP, Act, Bench, act, waits

BROKEN, DONE = Seen(failed="it went to 'error'"), Seen(done=True, state="available")


@dataclass(frozen=True, kw_only=True)
class Renamed(Act):
    """A step that waits by an id which no rename changes."""

    resource_id: str = "db-ABC"
    database: str = "orders"


async def fails(bench: Bench, step: Step) -> Any:
    with pytest.raises(SealiftError) as caught:
        await bench.act(bench.engine(step).try_once(step))
    return caught.value


# -- what is waited for ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("step", "name"),
    [
        (Renamed(key="s", phase=Phase.CUTOVER, waited=waits(lambda: BROKEN, "db-ABC")), "orders (db-ABC)"),
        (Renamed(key="s", phase=Phase.CUTOVER, waited=waits(lambda: BROKEN, "vol-1")), "vol-1"),
        (act("s", waited=waits(lambda: BROKEN, "vol-1", name="data")), "data (vol-1)"),
    ],
    ids=["by an id that stays", "by another one", "by a name of its own"],
)
async def test_a_database_that_is_waited_for_by_its_id_is_called_by_its_name(
    bench: Bench, step: Act, name: str
) -> None:
    """The id is for AWS; anything else is called as its step says."""
    assert f"{name}: it went to 'error'" == (await fails(bench, step)).message


async def test_what_the_way_back_waits_for_is_called_so_too(bench: Bench) -> None:
    """In what whoever watches is told every ten minutes, and in the row."""
    busy = [Seen(state="stopping")] * 200
    step = Renamed(
        key="s", phase=Phase.RESTORE, needed=waits(lambda: busy.pop(0) if busy else DONE, "db-ABC"),
    )  # fmt: skip
    engine = bench.engine(step)
    engine.note("direction", why="x")

    await bench.act(engine.try_once(step))

    assert {("s", "stopping"), ("s", "available")} == {(e.step, e.data["state"]) for e in bench.told("step-waiting")}
    told = "orders (db-ABC) to be ready: it is 'stopping'"
    assert {"s"} == {e.step for e in bench.told("stuck")}
    assert (told, told) == (bench.told("stuck")[0].data["waiting_for"], bench.entry(None, "waiting").data["for"])


async def test_what_never_comes_half_way_is_called_so_too(bench: Bench) -> None:
    """In the failure."""
    step = Renamed(key="s", phase=Phase.RESTORE, needed=waits(lambda: BROKEN, "db-ABC"))
    engine = bench.engine(step)
    engine.note("direction", why="x")

    with pytest.raises(WaitFailed, match="orders"):
        await bench.act(engine.try_once(step))


# -- what is left over -------------------------------------------------------------------------------------------------


async def test_what_came_to_nothing_on_the_way_back_is_left_over_by_its_own_name(bench: Bench) -> None:
    """What it had made, not what it was made of: the row and whoever watches name it, and the step."""
    snapshot = act(
        "safety", Phase.RESTORE, gives={"id": "snap-9"}, outputs=("id",), waited=waits(lambda: BROKEN),
    )  # fmt: skip
    error = await fails(bench, snapshot)

    why = f"it came to nothing: {error.message}"
    assert {"step": "safety", "resource": "snap-9", "why": why} == bench.entry(None, "leftover").data
    assert [("safety", {"why": why})] == [(e.step, e.data) for e in bench.told("leftover")]


@pytest.mark.parametrize("phase", [Phase.PREPARE, Phase.CUTOVER])
async def test_what_came_to_nothing_there_is_not_left_over(bench: Bench, phase: Phase) -> None:
    """Its undo takes it away."""
    await fails(bench, act("copy", phase, gives={"id": "vol-9"}, outputs=("id",), waited=waits(lambda: BROKEN)))

    assert "leftover" not in bench.notes


async def test_what_makes_nothing_leaves_nothing_over(bench: Bench) -> None:
    """It set a state."""
    await fails(bench, act("undo", Phase.RESTORE, gives={"shared": True}, waited=waits(lambda: BROKEN)))

    assert "leftover" not in bench.notes


# -- how things stand --------------------------------------------------------------------------------------------------


async def test_readers_that_get_nothing_are_told_after_how_the_target_stands(bench: Bench) -> None:
    """One sentence: what runs, who is served by it, and what is wrong."""
    bench.journal.note(bench.migration, "down", {"who": READERS}, attempt=1)
    steps = recipe(act("stop", quiesces=True, takes_down=True), act("start", Phase.BRING_UP))

    error = await bench.act(
        in_doubt(bench.gateway, "i-1", steps, bench.journal.state(bench.migration), "why", "Put it back.")  # type: ignore[arg-type]
    )

    assert "i-1 runs on its replacement, and who reads from its replicas gets nothing, but: why" == error.message


@pytest.mark.parametrize(
    ("why", "told"),
    [("tags refused", "tags refused; no room"), ("it is stopped: no room", "it is stopped: no room")],
    ids=["it is news", "it was said"],
)
async def test_what_will_not_come_back_by_itself_is_said_once(bench: Bench, why: str, told: str) -> None:
    """A look at the replacement that ends in a failure is added to what is wrong, unless that says it already."""
    start = act("start", Phase.BRING_UP, waited=waits(lambda: Seen(state="stopped", failed="no room")))
    steps = recipe(act("stop", quiesces=True, takes_down=True), start)

    error = await bench.act(
        in_doubt(bench.gateway, "i-1", steps, bench.journal.state(bench.migration), why, "Put it back.")  # type: ignore[arg-type]
    )

    assert f"i-1 has its replacement, and is 'stopped', but: {told}" == error.message


async def test_what_is_brought_up_by_nothing_is_not_looked_at(bench: Bench) -> None:
    """A recipe without a start has its replacement."""
    steps = recipe(act("stop", quiesces=True, takes_down=True))

    error = await bench.act(
        in_doubt(bench.gateway, "i-1", steps, bench.journal.state(bench.migration), "why", "Put it back.")  # type: ignore[arg-type]
    )

    assert ("i-1 runs on its replacement, but: why", []) == (error.message, bench.gateway.reads)


async def test_a_runner_is_told_which_step_it_runs(bench: Bench) -> None:
    """With the ids that earlier steps have left: that is what it shows."""
    told: list[str] = []

    async def runner(step: Step, attempt: Attempt) -> None:
        told.append(f"{step.key} {step.do(Context('m', 0, 1)).params['wants']}")
        await attempt()

    copy = act("copy", gives={"id": "vol-9"}, outputs=("id",))
    steps = recipe(copy, act("attach", wants=(Ref("copy", "id"),)))

    await bench.act(bench.engine(*steps, runner=runner).walk(steps))

    assert ["copy ()", "attach ('vol-9',)"] == told


async def test_what_puts_the_original_back_is_offered_as_whoever_drives_says(bench: Bench) -> None:
    """A way back that would be refused just now is not offered."""
    bench.gateway.answers["tags"] = [CallError("refused", operation=STOP, retry=Retry.REFUSED)]

    async def offer(state: State) -> str:
        return f"Nothing puts {state.id} back just now."

    steps = recipe(
        act("stop", quiesces=True, takes_down=True), act("start", Phase.BRING_UP), act("tags", Phase.CONFIRM)
    )
    with pytest.raises(NeedsPerson) as caught:
        await bench.act(bench.engine(*steps, offer=offer).run())

    assert str(caught.value.remedy).endswith(f" Nothing puts {bench.migration} back just now.")


async def test_how_things_stand_is_judged_by_what_was_brought_up(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of all that a read shows, the one that is waited for."""

    async def read(*_: Any, **__: Any) -> dict[str, Any]:
        return {"Volumes": [{"VolumeId": "vol-2", "State": "in-use"}, {"VolumeId": "vol-1", "State": "error"}]}

    monkeypatch.setattr(bench.gateway, "read", read)
    judged = Watch("volume", "vol-1", lambda found: Seen(state=str((found or {}).get("State"))), "ready")
    steps = recipe(act("stop", quiesces=True, takes_down=True), act("start", Phase.BRING_UP, waited=judged))

    error = await bench.act(
        in_doubt(bench.gateway, "i-1", steps, bench.journal.state(bench.migration), "why", "Put it back.")  # type: ignore[arg-type]
    )

    assert "i-1 has its replacement, and is 'error', but: why" == error.message
