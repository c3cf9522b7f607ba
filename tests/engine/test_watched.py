"""What an engine does where a watchdog stands by: it turns back well before its time, and stands aside when that has come."""

from dataclasses import replace
from typing import Any

import pytest

from sealift.aws.gateway import Purpose
from sealift.engine import CLOCK_SKEW, SAY_SO, Engine
from sealift.errors import CallError, NeedsPerson, Retry, TurnBack
from sealift.estimate import WATCHDOG_MARGIN
from sealift.journal import WRITERS
from sealift.pace import HOUR
from sealift.recipe import recipe
from sealift.step import Found, Guard, Phase, Seen, Step
from tests.engine.scripted import STOP, Bench, act, asks, undo, waits

ACTS_AFTER = 10_000.0
OVER = Seen(done=True, state="Success")


class Watchdog:
    """What it has done, as AWS shows it."""

    def __init__(self) -> None:
        self.spoken: list[str] = []
        self.looks = [OVER]
        self.restored: float | None = None

    @property
    def guard(self) -> Guard:
        over = waits(lambda: self.looks.pop(0) if len(self.looks) > 1 else self.looks[0], "exec-1")
        return Guard(ACTS_AFTER, asks(lambda: list(self.spoken), "ec2:DescribeTags"), over, asks(lambda: self.restored))


@pytest.fixture
def dog() -> Watchdog:
    return Watchdog()


def a_recipe(dog: Watchdog, **armed: Any) -> tuple[Step, ...]:
    arm = act("arm", Phase.PREPARE, guards=True, stands_by=dog.guard, taken_back=undo("arm", Phase.CLEAN), **armed)
    stop = act("stop", quiesces=True, takes_down=True, taken_back=undo("stop"))
    attach = act("attach", exposes=True, taken_back=undo("attach"))
    return recipe(arm, stop, attach, act("start", Phase.BRING_UP, befores=asks(list), traces=asks(dict)))


async def armed(bench: Bench, dog: Watchdog, **more: Any) -> Engine:
    """It stands by, and the cut is open."""
    engine = bench.engine(*a_recipe(dog, **more))
    await bench.act(engine.walk(engine.work.steps[:2]))
    return engine


def undone(bench: Bench) -> list[str]:
    return [k for k in bench.gateway.keys if k.startswith("undo")]


MARGIN = ACTS_AFTER - WATCHDOG_MARGIN / 2
"""Seconds after it was armed, up to which a cutover goes on: steps here take no time back."""


@pytest.mark.parametrize(("passed", "turns"), [(MARGIN, False), (MARGIN + 1, True)])
async def test_a_cutover_turns_back_well_before_the_watchdog_acts(
    bench: Bench, dog: Watchdog, passed: float, turns: bool
) -> None:
    """The worst way back is over then."""
    engine = await armed(bench, dog)
    bench.clock.advance(passed)

    await bench.act(engine.run())

    assert ("rolled-back" if turns else "retained") == engine.state.end
    assert not turns or "the turn-back time before the watchdog acts has passed before do attach" in engine.state.why


async def test_a_request_that_was_held_up_does_not_leave_too_late(bench: Bench, dog: Watchdog) -> None:
    """It is asked directly before it is sent, after its look-ups."""
    engine = await armed(bench, dog)
    step = act("late", befores=asks(lambda: bench.clock.advance(MARGIN + 1) or []))

    with pytest.raises(TurnBack):
        await bench.act(engine.try_once(step))

    assert "late" not in bench.gateway.keys


@pytest.mark.parametrize("began", [None, CLOCK_SKEW - 5, CLOCK_SKEW + 5, -500.0], ids=str)
async def test_it_acts_at_the_earlier_of_what_we_know_and_what_aws_says(
    bench: Bench, dog: Watchdog, began: float | None
) -> None:
    """By our clock: AWS's may differ."""
    gives = {} if began is None else {"Began": bench.began + began}
    engine = await armed(bench, dog, gives=gives)

    standing = engine._standing()

    assert standing is not None
    earliest = min(0.0, began - CLOCK_SKEW) if began is not None else 0.0
    assert bench.began + earliest + ACTS_AFTER == standing[1]


async def test_nothing_stands_by_before_it_is_armed_after_it_is_ended_and_once_it_is_up(
    bench: Bench, dog: Watchdog
) -> None:
    """Then no time is too late."""
    engine = bench.engine(*a_recipe(dog))
    assert engine._standing() is None
    await bench.act(engine.walk(engine.work.steps[:1]))
    assert engine._standing() is not None

    engine._row("undo:arm", "done")
    assert engine._standing() is None
    engine._row("undo:arm", "void")
    engine.note("bring-up")
    assert engine._standing() is None


async def test_what_the_watchdog_has_closed_is_turned_back(bench: Bench, dog: Watchdog) -> None:
    """Seen before each request of the cutover: nothing more is attached."""
    engine = await armed(bench, dog)
    dog.spoken.append("the watchdog has closed the cut")

    await bench.act(engine.run())

    assert ("rolled-back", "the watchdog has closed the cut") == (engine.state.end, engine.state.why)
    assert "attach" not in bench.gateway.keys
    assert {Purpose.SAFETY} == {purpose for name, purpose, _ in bench.gateway.reads if name == "ec2:DescribeTags"}


RESULTS = [
    (None, "it has put nothing back"),
    (0.0, "it has put the originals back, and they do not run"),
    (1.0, "it has put the originals back and started them"),
]


@pytest.mark.parametrize(("since", "came_to"), RESULTS, ids=[r[1] for r in RESULTS])
async def test_who_goes_back_waits_until_the_watchdog_has_ended_and_writes_down_what_it_came_to(
    bench: Bench, dog: Watchdog, since: float | None, came_to: str
) -> None:
    """Two that put back at once would be in each other's way."""
    engine = await armed(bench, dog)
    bench.clock.advance(600)
    dog.spoken.append("closed")
    dog.looks = [Seen(state="InProgress")] * 3 + [OVER]
    dog.restored = bench.began + 400 if since else since

    await bench.act(engine.run())

    row = bench.entry(None, "guard")
    assert {"restored": dog.restored, "came_to": came_to} == row.data == bench.told("guard")[0].data
    first_undo = next(e for e in bench.journal.entries(bench.migration) if (e.step or "").startswith("undo"))
    assert bench.began + 600 < row.at <= first_undo.at
    assert 1 == len(bench.told("guard"))
    assert "rolled-back" == engine.state.end
    if since:
        assert 400.0 == engine.state.down_seconds(bench.clock.now())  # as long as it was, not as long as we knew


async def test_what_it_has_put_back_and_does_not_run_is_down_still(bench: Bench, dog: Watchdog) -> None:
    """Until the way back has started it."""
    engine = await armed(bench, dog)
    bench.clock.advance(600)
    dog.spoken.append("closed")
    dog.restored = 0.0

    await bench.act(engine.run())

    assert 600.0 == engine.state.down_seconds(bench.clock.now())


async def test_a_watchdog_that_has_not_spoken_and_whose_time_is_to_come_is_not_waited_for(
    bench: Bench, dog: Watchdog
) -> None:
    """The way back is over long before."""
    engine = await armed(bench, dog)
    bench.gateway.answers["attach"] = [CallError("no", operation=STOP, retry=Retry.REFUSED)]
    bench.gateway.answers["undo:attach"] = [lambda: bench.clock.advance(1) or {}]

    await bench.act(engine.run())

    assert ("guard" in bench.notes, ["undo:attach", "undo:stop", "undo:arm"]) == (False, undone(bench))
    first = next(at for key, at in bench.gateway.sent if key == "undo:attach")
    assert [] == [name for name, _, at in bench.gateway.reads if name == "ec2:DescribeTags" and at > first]


async def test_a_watchdog_that_cannot_be_read_keeps_nobody_from_going_back(bench: Bench, dog: Watchdog) -> None:
    """Nothing is written down of it."""
    engine = await armed(bench, dog)
    bench.clock.advance(ACTS_AFTER + 1)
    bench.gateway.unread["ec2:DescribeVolumes"] = CallError("no", operation=STOP, retry=Retry.REFUSED)

    with pytest.raises((TurnBack, NeedsPerson, CallError)):
        await bench.act(engine.try_once(act("x", befores=asks(list))))
    await bench.act(engine._stand_aside())

    assert "guard" not in bench.notes


async def test_what_it_says_on_the_instance_counts_where_its_end_cannot_be_read(bench: Bench, dog: Watchdog) -> None:
    """From `restored` on it does nothing but start the originals, as the way back does: that need not be waited for."""
    engine = await armed(bench, dog)
    bench.clock.advance(ACTS_AFTER + 1)
    bench.gateway.unread["ec2:DescribeVolumes"] = CallError("no", operation=STOP, retry=Retry.REFUSED)
    restored = replace(dog.guard, restored=asks(lambda: bench.began + 400, "ec2:DescribeInstances"))
    engine.work.steps = tuple(replace(s, stands_by=restored) if s.key == "arm" else s for s in engine.work.steps)  # type: ignore[type-var]

    await bench.act(engine._stand_aside())

    assert bench.began + 400 == bench.entry(None, "guard").data["restored"]


async def test_an_unread_watchdog_gives_up_no_wait_and_is_asked_again_now_and_then(bench: Bench, dog: Watchdog) -> None:
    """Its time comes while the way back waits for a stop, and what it does cannot be read: the wait goes on for hours, and
    service comes back.
    """
    stopped = bench.began + ACTS_AFTER + 4 * HOUR
    needed = waits(lambda: Seen(done=bench.clock.now() >= stopped, state="stopping"))
    dog.looks = [Seen(state="InProgress")]
    asked: list[float] = []

    def unread() -> Seen:
        asked.append(bench.clock.now())
        raise CallError("no", operation=STOP, retry=Retry.REFUSED)

    guard = replace(dog.guard, over=waits(unread, "exec-1"))
    arm = act("arm", Phase.PREPARE, guards=True, stands_by=guard, taken_back=undo("arm", Phase.CLEAN))
    stop = act("stop", quiesces=True, takes_down=True, taken_back=undo("stop", needed=needed))
    bench.gateway.answers["attach"] = [CallError("no", operation=STOP, retry=Retry.REFUSED)]

    engine = bench.engine(*recipe(arm, stop, act("attach", exposes=True), act("start", Phase.BRING_UP)))
    await bench.act(engine.run())

    assert ("rolled-back", "guard" in bench.notes) == (engine.state.end, False)
    assert bench.clock.now() < stopped + 60
    assert 10 < len(asked) <= 4 * HOUR / SAY_SO + 2


async def test_a_watchdog_that_fails_while_it_is_waited_for_keeps_nobody_from_going_back(
    bench: Bench, dog: Watchdog
) -> None:
    """What it came to is not known, and is not written down."""
    engine = await armed(bench, dog)
    dog.spoken.append("closed")
    dog.looks = [Seen(failed="it is gone")]

    await bench.act(engine.run())

    assert ("rolled-back", False) == (engine.state.end, "guard" in bench.notes)
    assert "undo:stop" in undone(bench)


async def test_a_way_back_whose_watchdog_comes_to_its_time_stands_aside(bench: Bench, dog: Watchdog) -> None:
    """Between two undos, too; what it has done by then is looked for before it is sent."""
    found = undo("stop", looks_first=False, finds=asks(lambda: None))
    steps = list(a_recipe(dog))
    steps[1] = act("stop", quiesces=True, takes_down=True, taken_back=found, block=steps[1].block)
    bench.gateway.answers |= {
        "attach": [CallError("no", operation=STOP, retry=Retry.REFUSED)],
        "undo:attach": [lambda: bench.clock.advance(ACTS_AFTER + 1) or {}],
    }

    engine = bench.engine(*steps)
    await bench.act(engine.run())

    assert 1 == bench.notes.count("guard")
    order = [(e.step, e.what) for e in bench.journal.entries(bench.migration)]
    assert order.index(("undo:attach", "made")) < order.index((None, "guard")) < order.index(("undo:stop", "intent"))
    assert "rolled-back" == engine.state.end


@pytest.mark.parametrize("spoke", [True, False])
async def test_what_the_watchdog_has_done_is_not_sent_again(bench: Bench, dog: Watchdog, spoke: bool) -> None:
    """Once it has acted every undo is looked for first."""
    engine = await armed(bench, dog)
    if spoke:
        engine.note("guard", restored=None, came_to="it has put nothing back")
    engine.note("direction", why="x")

    await bench.act(engine.try_once(undo("stop", finds=asks(lambda: Found({})))))

    assert spoke == ("undo:stop" not in bench.gateway.keys)


async def test_what_the_watchdog_started_is_no_start_of_somebody_else(bench: Bench, dog: Watchdog) -> None:
    """It had put every source back before: no person is asked."""
    engine = await armed(bench, dog)
    engine._row("attach", "made", {})
    engine.note("guard", restored=bench.began, came_to="x")
    engine.work.steps = tuple(
        s if s.key != "start" else act("start", Phase.BRING_UP, befores=asks(lambda: ["started"]))
        for s in engine.work.steps
    )

    await bench.act(engine._ran_by_hand())
    assert engine.state.brought_up is None

    engine.note("guard", restored=None, came_to="x")
    await bench.act(engine._ran_by_hand())
    assert engine.state.brought_up is not None


async def test_writers_are_down_until_service_is_back(bench: Bench, dog: Watchdog) -> None:
    """A watchdog that put nothing back changes nothing of that."""
    engine = await armed(bench, dog)
    bench.clock.advance(600)
    dog.spoken.append("closed")

    await bench.act(engine.run())

    assert {"who": WRITERS, "seconds": 600.0} == bench.entry(None, "up").data
