"""One try of one step: what is written before what is sent, what is looked for before it is sent again, what is believed."""

import asyncio
from itertools import pairwise
from typing import Any

import pytest

from sealift.aws.gateway import Purpose
from sealift.engine import ABSENCE_BELIEVED, CLOCK_SKEW, REQUEST_LIFE
from sealift.errors import (
    CallError,
    CheckFailed,
    CutVoid,
    LeaseLost,
    Refused,
    Retry,
    SealiftError,
    TurnBack,
    WaitFailed,
)
from sealift.gate import Window
from sealift.step import Found, Phase, Seen, Switch
from tests.engine.scripted import COPY, CREATE, STOP, WEB, Act, Bench, Died, act, asks, undo, waits

DONE, NOT_YET = Seen(done=True, state="available"), Seen(state="creating", progress=40.0)


def refused(**more: Any) -> CallError:
    return CallError("refused", operation=STOP, retry=Retry.REFUSED, **more)


def silent() -> CallError:
    return CallError("no answer", operation=STOP, retry=Retry.TRANSIENT, ambiguous=True)


async def tried(bench: Bench, step: Act, **more: Any) -> None:
    """Try once, as a driver does that has just come."""
    await bench.act(bench.engine(step, **more).try_once(step))


async def fails(bench: Bench, step: Act, error: type[Exception] = SealiftError, **more: Any) -> Any:
    with pytest.raises(error) as caught:
        await tried(bench, step, **more)
    return caught.value


async def died_after_sending(bench: Bench, step: Act) -> None:
    """A driver dies between its call and the answer: the intent stays open, and nothing says more."""
    bench.gateway.answers[step.key] = [Died()]
    with pytest.raises(Died):
        await tried(bench, step)
    bench.gateway.sent.clear()
    bench.gateway.reads.clear()


# -- rows and events ---------------------------------------------------------------------------------------------------


async def test_the_intent_is_written_before_the_call_and_what_it_made_before_it_is_done(bench: Bench) -> None:
    """The intent names operation and title; the made row what the answer brought; then all is told."""
    step, seen = act(gives={"x": "1"}), []
    bench.gateway.answers["stop"] = [lambda: seen.extend(bench.rows("stop")) or {"y": "2"}]

    await tried(bench, step)

    assert (["intent"], ["intent", "made", "done"]) == (seen, bench.rows("stop"))
    assert {"operation": STOP, "title": "do stop"} == bench.entry("stop", "intent").data
    assert {"x": "1", "y": "2"} == bench.entry("stop", "made").data
    assert ["step-started", "step-done"] == [e.name for e in bench.events]
    (done,) = bench.told("step-done")
    assert ("stop", "do stop", "vol-1", "cutover", {"output": {"x": "1", "y": "2"}}) == (
        done.step, done.title, done.resource, done.phase, done.data,
    )  # fmt: skip
    assert (bench.migration, "i-1", "1", "eu-central-1", bench.clock.now()) == (
        done.migration, done.target, done.account, done.region, done.at,
    )  # fmt: skip


async def test_what_is_done_is_not_tried_again(bench: Bench) -> None:
    """Not by the same driver, not by the next."""
    for _ in range(2):
        await tried(bench, act())

    assert (["stop"], ["intent", "made", "done"]) == (bench.gateway.keys, bench.rows("stop"))


async def test_what_was_made_is_not_sent_again(bench: Bench) -> None:
    """Only the wait and the check are done once more."""
    looks = [Seen(failed="no")]
    step = act(waited=waits(lambda: looks.pop(0) if looks else DONE))
    await fails(bench, step, WaitFailed)

    await tried(bench, step)

    assert (["stop"], ["intent", "made", "done"]) == (bench.gateway.keys, bench.rows("stop"))


async def test_a_refusal_is_written_with_step_and_resource(bench: Bench) -> None:
    """Those of the error, where it names others."""
    bench.gateway.answers["stop"] = [refused(), refused(step="other", resource="i-9")]

    await fails(bench, act(), CallError)
    assert ("stop", "vol-1") == tuple(bench.entry("stop", "failed").data[k] for k in ("step", "resource"))
    error = await fails(bench, act(), CallError)
    assert ("other", "i-9") == (error.step, error.resource)
    assert ["intent", "failed"] * 2 == bench.rows("stop")


async def test_a_driver_that_has_lost_its_lease_sends_nothing(bench: Bench) -> None:
    """The row comes first, and it is refused."""
    step = act()
    old = bench.engine(step)
    bench.engine(step)

    with pytest.raises(LeaseLost):
        await bench.act(old.try_once(step))

    assert ([], []) == (bench.gateway.sent, bench.rows("stop"))


async def test_the_guard_has_the_last_word(bench: Bench) -> None:
    """It is asked with the request; what it raises is written as any failure."""

    def guard() -> None:
        raise LeaseLost("taken over")

    await fails(bench, act(), LeaseLost, guard=guard)

    assert ([], ["intent", "failed"]) == (bench.gateway.sent, bench.rows("stop"))


async def test_a_request_that_has_left_is_awaited_however_often_it_is_told_to_stop(bench: Bench) -> None:
    """Nothing takes it back: what it made is written down before the driver ends."""
    step, landed = act(), asyncio.Event()

    async def lands() -> dict[str, str]:
        await landed.wait()
        return {"x": "1"}

    bench.gateway.answers["stop"] = [lands]
    trying = asyncio.ensure_future(tried(bench, step))
    for _ in range(3):
        await asyncio.sleep(0.01)
        trying.cancel()
    await asyncio.sleep(0.01)
    assert (["intent"], False) == (bench.rows("stop"), trying.done())
    landed.set()

    with pytest.raises(asyncio.CancelledError):
        await trying
    assert ["intent", "made"] == bench.rows("stop")
    assert {"x": "1"} == bench.entry("stop", "made").data


async def test_what_begins_to_wait_after_it_was_told_to_stop_is_left(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A local operation has nothing under way while it waits."""
    goes_on = asyncio.Event()
    monkeypatch.setattr(bench.clock, "sleep", lambda _: asyncio.Event().wait())

    async def here(engine: Any, _: Any) -> dict[str, Any]:
        await goes_on.wait()
        await engine.idle(5.0)
        return {}

    step = act("slots", operation="local:Reserve")
    trying = asyncio.ensure_future(tried(bench, step, local={"local:Reserve": here}))
    await asyncio.sleep(0.01)
    trying.cancel()
    await asyncio.sleep(0.01)
    assert not trying.done()
    goes_on.set()

    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(trying, 10.0)
    assert ["intent"] == bench.rows("slots")


# -- before the call ---------------------------------------------------------------------------------------------------


async def test_a_difference_before_the_call_voids_the_cut(bench: Bench) -> None:
    """Nothing is sent, nothing is written."""
    error = await fails(bench, act(befores=asks(lambda: ["somebody started it", "twice"])), CutVoid)

    assert ("somebody started it; twice", "stop", "vol-1") == (error.message, error.step, error.resource)
    assert ([], []) == (bench.gateway.sent, bench.rows("stop"))
    assert [("ec2:DescribeVolumes", Purpose.SAFETY)] == [r[:2] for r in bench.gateway.reads]


async def test_no_difference_lets_it_pass(bench: Bench) -> None:
    """One read, directly before."""
    await tried(bench, act(befores=asks(list)))

    assert (["stop"], 1) == (bench.gateway.keys, len(bench.gateway.reads))


@pytest.mark.parametrize("down", [True, False])
async def test_the_first_step_that_quiesces_opens_an_epoch(bench: Bench, down: bool) -> None:
    """Once, before it is sent; the call carries its number."""
    step = act(quiesces=True, takes_down=down)

    await tried(bench, step)
    await tried(bench, act("other", quiesces=True))

    assert ["epoch", "quiesce"] == bench.notes[:2]
    assert 1 == bench.notes.count("epoch") == bench.notes.count("quiesce")
    assert {"down": down} == bench.entry(None, "quiesce").data == bench.told("quiesce")[0].data
    epoch = bench.entry(None, "epoch").seq
    asked = {(c.params["migration"], c.params["epoch"], c.params["attempt"]) for c in bench.gateway.calls}
    assert {(bench.migration, epoch, 1)} == asked


async def test_what_does_not_quiesce_opens_none(bench: Bench) -> None:
    """Nor does what quiesces elsewhere than in a cutover."""
    await tried(bench, act())
    await tried(bench, act("again", Phase.RESTORE, quiesces=True))

    assert "epoch" not in bench.notes


@pytest.mark.parametrize(
    ("note", "data", "error"),
    [
        ("refused", {"why": "not tonight"}, Refused),
        ("refused", {}, Refused),
        ("postponed", {"until": 4e9}, TurnBack),
        ("postponed", {"until": 5.0}, None),
    ],
    ids=["refused", "refused without a reason", "postponed", "postponed to a moment that has passed"],
)
async def test_the_last_word_is_read_directly_before_the_quiesce(
    bench: Bench, note: str, data: dict[str, Any], error: type[Exception] | None
) -> None:
    """Somebody may have refused or postponed since the gate opened: nothing is stopped then."""
    step = act(quiesces=True, takes_down=True)
    engine = bench.engine(step)
    bench.journal.note(bench.migration, note, data, attempt=1)

    if error is None:
        await bench.act(engine.try_once(step))
    else:
        with pytest.raises(error) as caught:
            await bench.act(engine.try_once(step))
        assert data.get("why", "") in str(caught.value)
    assert (error is None) == ("epoch" in bench.notes) == (bench.gateway.keys == ["stop"])


# -- looking for what an earlier try left ------------------------------------------------------------------------------


async def test_the_first_try_looks_for_nothing(bench: Bench) -> None:
    """There was none before it."""
    await tried(bench, act(finds=asks(lambda: Found({"x": "1"}))))

    assert (["stop"], []) == (bench.gateway.keys, bench.gateway.reads)


async def test_what_looks_first_is_taken_as_it_is_found(bench: Bench) -> None:
    """Nothing is sent."""
    await tried(bench, act(looks_first=True, finds=asks(lambda: Found({"x": "1"}))))

    assert ([], ["made", "done"], {"x": "1"}) == (
        bench.gateway.keys,
        bench.rows("stop"),
        bench.entry("stop", "made").data,
    )
    assert [Purpose.FIND] == [r[1] for r in bench.gateway.reads]


async def test_an_adopted_migration_looks_first_for_everything(bench: Bench) -> None:
    """Its journal was lost: what it has made is found."""
    bench.journal.note(bench.migration, "adopted", attempt=1)

    await tried(bench, act(finds=asks(lambda: Found({"x": "1"}))))

    assert [] == bench.gateway.keys


@pytest.mark.parametrize("operation", [CREATE, COPY, STOP])
async def test_what_a_dead_driver_has_left_is_found_and_not_sent_again(bench: Bench, operation: str) -> None:
    """After the time that its request may still be under way."""
    step = act(operation=operation, finds=asks(lambda: Found({"x": "1"})))
    await died_after_sending(bench, step)
    bench.clock.advance(2)

    await tried(bench, step)

    assert ([], ["intent", "made", "done"]) == (bench.gateway.keys, bench.rows("stop"))
    assert REQUEST_LIFE == bench.passed


async def test_who_comes_late_does_not_wait(bench: Bench) -> None:
    """The request of the dead driver has landed, or never will."""
    step = act(finds=asks(lambda: Found({})))
    await died_after_sending(bench, step)
    bench.clock.advance(500)

    await tried(bench, step)

    assert 500 == bench.passed


async def test_ones_own_request_is_not_waited_for(bench: Bench) -> None:
    """It has been answered, or timed out."""
    step = act(operation=COPY, finds=asks(lambda: None))
    bench.gateway.answers["stop"] = [silent()]
    engine = bench.engine(step)
    with pytest.raises(CallError):
        await bench.act(engine.try_once(step))

    await bench.act(engine.try_once(step))

    assert (["stop", "stop"], 0) == (bench.gateway.keys, bench.passed)


async def test_what_has_no_token_is_looked_for_twice_by_two_filters_before_absence_is_believed(bench: Bench) -> None:
    """A minute after the intent: only then is it sent again."""
    step = act(operation=CREATE, finds=asks(lambda: None), finds_again=asks(lambda: None, "ec2:DescribeSnapshots"))
    await died_after_sending(bench, step)

    await tried(bench, step)

    assert [("stop", bench.began + ABSENCE_BELIEVED)] == bench.gateway.sent
    assert ["ec2:DescribeVolumes", "ec2:DescribeVolumes", "ec2:DescribeSnapshots"] == [
        r[0] for r in bench.gateway.reads
    ]
    assert [REQUEST_LIFE, ABSENCE_BELIEVED, ABSENCE_BELIEVED] == [r[2] - bench.began for r in bench.gateway.reads]


@pytest.mark.parametrize("by", [1, 2], ids=["by the first filter", "by the second filter"])
async def test_what_shows_late_is_found(bench: Bench, by: int) -> None:
    """Listing is eventually consistent: what is there a minute later is not made twice."""
    late: list[Any] = [None, Found({"x": "1"}) if by == 1 else None]
    again = asks(lambda: Found({"x": "1"}), "ec2:DescribeSnapshots")
    step = act(operation=CREATE, finds=asks(lambda: late.pop(0)), finds_again=again)
    await died_after_sending(bench, step)

    await tried(bench, step)

    assert ([], {"x": "1"}) == (bench.gateway.keys, bench.entry("stop", "made").data)


@pytest.mark.parametrize("operation", [COPY, STOP])
async def test_what_has_a_token_or_sets_a_state_is_sent_again_at_once(bench: Bench, operation: str) -> None:
    """The same answer comes of it."""
    step = act(operation=operation, finds=asks(lambda: None), finds_again=asks(lambda: None))
    await died_after_sending(bench, step)

    await tried(bench, step)

    assert ([("stop", bench.began + REQUEST_LIFE)], 1) == (bench.gateway.sent, len(bench.gateway.reads))


async def test_what_was_plainly_refused_is_sent_again_at_once(bench: Bench) -> None:
    """Nothing was made: no second look."""
    step = act(operation=CREATE, finds=asks(lambda: None), finds_again=asks(lambda: None))
    bench.gateway.answers["stop"] = [refused()]
    engine = bench.engine(step)
    with pytest.raises(CallError):
        await bench.act(engine.try_once(step))

    await bench.act(engine.try_once(step))

    assert (["stop", "stop"], 0, 1) == (bench.gateway.keys, bench.passed, len(bench.gateway.reads))


async def test_an_answer_that_never_came_is_looked_for_twice(bench: Bench) -> None:
    """The effect may have happened."""
    step = act(operation=CREATE, finds=asks(lambda: None), finds_again=asks(lambda: None))
    bench.gateway.answers["stop"] = [silent()]
    engine = bench.engine(step)
    with pytest.raises(CallError):
        await bench.act(engine.try_once(step))

    await bench.act(engine.try_once(step))

    assert (ABSENCE_BELIEVED, 3) == (bench.passed, len(bench.gateway.reads))


@pytest.mark.parametrize(
    ("older", "ours"),
    [(0.0, True), (CLOCK_SKEW, True), (CLOCK_SKEW + 1, False)],
    ids=["as the intent", "skew", "older"],
)
async def test_what_was_created_before_the_intent_is_not_of_this_try(bench: Bench, older: float, ours: bool) -> None:
    """But for what two clocks may differ."""
    step = act(operation=COPY, finds=asks(lambda: Found({"x": "1"}, created=bench.began - older)))
    await died_after_sending(bench, step)

    await tried(bench, step)

    assert ours == (bench.gateway.keys == [])


async def test_what_came_to_nothing_is_not_looked_for_long(bench: Bench) -> None:
    """Nothing is under way."""
    step = act(operation=CREATE, looks_first=True, finds=asks(lambda: None), finds_again=asks(lambda: None))
    engine = bench.engine(step)
    engine._row("stop", "intent")
    engine._row("stop", "void")

    await bench.act(engine.try_once(step))

    assert (["stop"], 0, 1) == (bench.gateway.keys, bench.passed, len(bench.gateway.reads))


@pytest.mark.parametrize(
    ("rows", "ago", "waited"),
    [
        (["intent", "made"], 10.0, 50.0),
        (["intent", "made"], 60.0, 0.0),
        (["intent", "made"], 500.0, 0.0),
        (["intent", "made", "done"], 10.0, 0.0),
        (["intent", "void"], 10.0, 0.0),
        ([], 10.0, 0.0),
    ],
    ids=["just made", "made a minute ago", "made long ago", "seen through", "not made", "nothing of that name"],
)
async def test_what_was_just_made_is_not_taken_for_gone_before_it_is_listed(
    bench: Bench, rows: list[str], ago: float, waited: float
) -> None:
    """Nobody has seen it yet, and absent is what it may be to the first look: it is looked for in a minute, and then taken back.
    What was seen, or was not made, is looked for at once.
    """

    def listed() -> Found | None:
        row = engine.state.rows.get("room")
        late = row is not None and row.state == "made" and bench.clock.now() < row.intent_at + ABSENCE_BELIEVED
        return Found({}) if late else None  # found is that it is gone

    back = undo("room", Phase.CLEAN, looks_first=True, finds=asks(listed))
    engine = bench.engine(back)
    bench.clock.advance(100.0)
    for what in rows:
        engine._row("room", what, {"id": "cr-1"} if what == "made" else None)
    bench.clock.advance(ago)
    began = bench.clock.now()

    await bench.act(engine.try_once(back))

    assert [("undo:room", began + waited)] == bench.gateway.sent


async def test_what_does_not_look_first_is_not_waited_for_to_be_listed(bench: Bench) -> None:
    """It takes nothing for gone: it is sent again at once."""
    back = undo("copy", Phase.CLEAN, finds=asks(lambda: None))
    engine = bench.engine(back)
    for key, what in (("copy", "intent"), ("copy", "made"), ("undo:copy", "intent")):
        engine._row(key, what)

    await bench.act(engine.try_once(back))

    assert [("undo:copy", bench.began)] == bench.gateway.sent


async def test_where_no_intent_was_written_the_age_tells_nothing(bench: Bench) -> None:
    """Who looks first takes what is there."""
    await tried(bench, act(looks_first=True, finds=asks(lambda: Found({}, created=1.0))))

    assert [] == bench.gateway.keys


@pytest.mark.parametrize(("age", "good"), [(0.0, True), (60.0, True), (61.0, False), (None, False)])
async def test_what_ages_is_good_up_to_its_age(bench: Bench, age: float | None, good: bool) -> None:
    """What AWS does not tell the age of is not."""
    created = None if age is None else bench.began - age

    await tried(bench, act(looks_first=True, finds=asks(lambda: Found({"x": "1"}, created=created, max_age=60.0))))

    assert good == (bench.gateway.keys == [])


# -- after the call ----------------------------------------------------------------------------------------------------


async def test_what_it_made_is_waited_for_and_told(bench: Bench) -> None:
    """Each look is told with its state and how far it is."""
    looks = [NOT_YET, DONE]

    await tried(bench, act(waited=waits(lambda: looks.pop(0))))

    assert [{"state": "creating", "progress": 40.0}, {"state": "available", "progress": None}] == [
        e.data for e in bench.told("step-waiting")
    ]


@pytest.mark.parametrize(
    ("phase", "cap"),
    [(Phase.PREPARE, 60), (Phase.CUTOVER, 5), (Phase.CONFIRM, 15), (Phase.RESTORE, 5), (Phase.FINALIZE, 60)],
)
async def test_it_is_polled_seldom_only_where_nothing_is_down(bench: Bench, phase: Phase, cap: int) -> None:
    """Every five seconds in a cutover and on the way home; up to a minute elsewhere."""
    looks = [NOT_YET] * 20

    await tried(bench, act(phase=phase, waited=waits(lambda: looks.pop(0) if looks else DONE)))

    times = [r[2] for r in bench.gateway.reads]
    assert cap == round(max(b - a for a, b in pairwise(times)))


@pytest.mark.parametrize(
    ("phase", "rows"),
    [
        (Phase.PREPARE, ["intent", "made"]),
        (Phase.CUTOVER, ["intent", "made"]),
        (Phase.CONFIRM, ["intent", "made"]),
        (Phase.RESTORE, ["intent", "made", "lost"]),
        (Phase.CLEAN, ["intent", "made", "lost"]),
        (Phase.FINALIZE, ["intent", "made", "lost"]),
    ],
)
async def test_what_failed_to_become_ready_is_made_anew_on_the_way_back(
    bench: Bench, phase: Phase, rows: list[str]
) -> None:
    """Elsewhere the run turns."""
    error = await fails(bench, act(phase=phase, waited=waits(lambda: Seen(failed="it went to 'error'"))), WaitFailed)

    assert rows == bench.rows("stop")
    assert "it went to 'error'" in error.message
    if rows[-1] == "lost":
        assert error.as_row() == bench.entry("stop", "lost").data


async def test_what_was_lost_is_made_anew_under_another_name(bench: Bench) -> None:
    """The context says how many were lost: the first has lost none."""
    looks = [Seen(failed="it went to 'error'"), DONE]
    step = act(phase=Phase.RESTORE, waited=waits(lambda: looks.pop(0)))
    await fails(bench, step, WaitFailed)

    await tried(bench, step)

    assert [0, 1] == [c.params["lost"] for c in bench.gateway.calls]
    assert ["intent", "made", "lost", "intent", "made", "done"] == bench.rows("stop")


async def test_what_differs_from_what_was_wanted_is_not_done(bench: Bench) -> None:
    """All differences in one sentence; what was made stays made."""
    error = await fails(bench, act(checks=asks(lambda: ["a", "b"])), CheckFailed)

    assert ("a; b", "stop", "vol-1") == (error.message, error.step, error.resource)
    assert ["intent", "made"] == bench.rows("stop")
    assert [Purpose.CHECK] == [r[1] for r in bench.gateway.reads]


async def test_bring_up_is_written_once_and_before_it_is_done(bench: Bench) -> None:
    """A step that is done is not looked at again."""
    await tried(bench, act("start", Phase.BRING_UP))
    await tried(bench, act("start again", Phase.BRING_UP))

    order = [(e.step, e.what) for e in bench.journal.entries(bench.migration)]
    assert order.index((None, "bring-up")) < order.index(("start", "done"))
    assert 1 == bench.notes.count("bring-up")
    assert ["has its replacement"] * 2 == [e.data["text"] for e in bench.told("bring-up")]


async def test_nothing_else_brings_up(bench: Bench) -> None:
    """A step of the cutover is none."""
    await tried(bench, act())

    assert ("bring-up" not in bench.notes, []) == (True, bench.told("bring-up"))


@pytest.mark.parametrize(
    ("unused", "left", "rows"),
    [
        (True, {"LaunchTime": "t"}, ["intent", "made", "void"]),
        (True, None, ["intent", "made"]),
        (False, {"LaunchTime": "t"}, ["intent", "made"]),
    ],
    ids=["came to nothing", "somebody else's came to something since", "it may have run"],
)
async def test_a_start_that_came_to_nothing_leaves_what_it_left(
    bench: Bench, unused: bool, left: dict[str, Any] | None, rows: list[str]
) -> None:
    """At once: a later start is somebody else's."""
    step = act(
        "start", Phase.BRING_UP, waited=waits(lambda: Seen(failed="no room", unused=unused)), traces=asks(lambda: left)
    )

    await fails(bench, step, WaitFailed)

    assert rows == bench.rows("start")
    if rows[-1] == "void":
        assert left == bench.entry("start", "void").data
        assert Purpose.SAFETY == bench.gateway.reads[-1][1]


async def test_a_trace_that_cannot_be_read_hides_nothing(bench: Bench) -> None:
    """The failure is that of the start."""
    step = act(
        "start",
        Phase.BRING_UP,
        waited=waits(lambda: Seen(failed="no room", unused=True)),
        traces=asks(dict, "ec2:X"),
    )
    bench.gateway.unread["ec2:X"] = silent()

    assert "no room" in (await fails(bench, step, WaitFailed)).message
    assert ["intent", "made"] == bench.rows("start")


async def test_a_start_of_a_dead_driver_that_fell_back_is_not_sent_again_unseen(bench: Bench) -> None:
    """It fails as it would have for the one that sent it; what is merely not there yet is sent again."""
    looks = [Seen(failed="no room", unused=True)]
    step = act("start", Phase.BRING_UP, waited=waits(lambda: looks.pop(0) if looks else DONE), finds=asks(lambda: None))
    await died_after_sending(bench, step)

    await fails(bench, step, WaitFailed)
    assert [] == bench.gateway.keys

    looks[:] = [Seen(state="stopped", unused=False)]
    await tried(bench, step)
    assert ["start"] == bench.gateway.keys


# -- what runs here, and switches --------------------------------------------------------------------------------------


async def test_a_step_that_observes_keeps_what_it_read(bench: Bench) -> None:
    """Nothing is sent."""
    await tried(bench, act("cut", operation="local:Observe", observes=asks(lambda: {"LaunchTime": "t"})))

    assert ({"LaunchTime": "t"}, []) == (bench.entry("cut", "made").data, bench.gateway.keys)
    assert [Purpose.CHECK] == [r[1] for r in bench.gateway.reads]


async def test_what_runs_on_this_machine_gets_the_engine_and_its_parameters(bench: Bench) -> None:
    """Its answer is read as any."""
    seen: list[Any] = []

    async def here(engine: Any, params: Any) -> dict[str, Any]:
        seen.append((engine.work.migration, params["key"]))
        return {"y": "2"}

    await tried(bench, act("hook", operation="local:RunHook", gives={"x": "1"}), local={"local:RunHook": here})

    assert ([(bench.migration, "hook")], {"x": "1", "y": "2"}) == (seen, bench.entry("hook", "made").data)


def switch(on: bool, *items: str, **more: Any) -> Switch:
    return Switch("web", on, items or ("HealthCheck",), **more)


async def test_who_counts_in_turns_the_switch_and_owes_what_was_not_turned(bench: Bench) -> None:
    """Read before it is sent: that alone is turned back some day."""
    unturned = asks(lambda: ["Terminate"])
    step = act("off", turns=switch(True, "HealthCheck", "Terminate", unturned=unturned), finds=unturned)

    await tried(bench, step)

    assert ("HealthCheck", "Terminate") == bench.gateway.calls[0].params["items"]
    assert ("Terminate",) == bench.journal.switch_off(WEB, bench.migration, ())
    assert [Purpose.SAFETY] == [r[1] for r in bench.gateway.reads]


async def test_who_counts_in_lets_a_late_request_of_another_land_first(bench: Bench) -> None:
    """Then it turns the switch all the same."""
    other = bench.journal.begin({"target": "i-2", "kind": "k", "account": "1", "region": "r"}, "d", [])
    bench.journal.switch_on(WEB, other)
    bench.journal.owe(WEB, other, ["HealthCheck"])
    bench.journal.switch_off(WEB, other, ())

    await tried(bench, act("off", turns=switch(True)))

    assert [("off", bench.began + REQUEST_LIFE)] == bench.gateway.sent


async def test_who_counts_out_turns_back_what_is_owed_and_owes_it_no_more(bench: Bench) -> None:
    """Not what was planned; once it is turned it is forgotten."""
    bench.journal.switch_on(WEB, bench.migration)
    bench.journal.owe(WEB, bench.migration, ["Terminate"])

    await tried(bench, act("on", turns=switch(False, "HealthCheck")))

    assert ("Terminate",) == bench.gateway.calls[0].params["items"]
    assert () == bench.journal.switch_off(WEB, bench.migration, ("HealthCheck",))


async def test_who_counts_out_while_others_hold_it_turns_nothing(bench: Bench) -> None:
    """They do."""
    for migration in (bench.migration, "mig-other"):
        bench.journal.switch_on(WEB, migration)
    bench.journal.owe(WEB, bench.migration, ["Terminate"])

    await tried(bench, act("on", turns=switch(False)))

    assert ([], {"shared": True}) == (bench.gateway.keys, bench.entry("on", "made").data)
    assert ("Terminate",) == bench.journal.switch_off(WEB, "mig-other", ())


async def test_a_plan_of_a_lost_journal_turns_back_what_it_planned(bench: Bench) -> None:
    """Nothing says what is owed."""
    await tried(bench, act("on", turns=switch(False, "HealthCheck")))

    assert ("HealthCheck",) == bench.gateway.calls[0].params["items"]


# -- the window --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("phase", "late", "turns"),
    [
        (Phase.CUTOVER, 0.0, False),
        (Phase.CUTOVER, 1.0, True),
        (Phase.BRING_UP, 1.0, True),
        (Phase.PREPARE, 1.0, False),
        (Phase.CONFIRM, 1.0, False),
        (Phase.RESTORE, 1.0, False),
    ],
)
async def test_a_cut_turns_back_at_its_time(bench: Bench, phase: Phase, late: float, turns: bool) -> None:
    """In the cutover and before bring-up, once the time has passed, while service is down."""
    step = act("next", phase)
    engine = bench.engine(step, window=Window(end=bench.began + 100))
    engine.note("quiesce")
    bench.clock.advance(100 + late)

    if turns:
        with pytest.raises(TurnBack) as caught:
            await bench.act(engine.try_once(step))
        assert ("next", "vol-1") == (caught.value.step, caught.value.resource)
    else:
        await bench.act(engine.try_once(step))
    assert turns == (bench.gateway.keys == [])


async def test_nothing_turns_back_where_service_was_not_taken(bench: Bench) -> None:
    """Nor on the way back, nor a start that was sent."""
    step = act("next")
    engine = bench.engine(step, act("start", Phase.BRING_UP), window=Window(end=bench.began + 100))
    bench.clock.advance(500)
    await bench.act(engine.try_once(step))
    engine.note("quiesce")
    engine.note("direction", why="x")
    await bench.act(engine.try_once(act("again")))

    assert ["next", "again"] == bench.gateway.keys


async def test_a_start_that_was_sent_is_not_turned_back_half_way(bench: Bench) -> None:
    """What runs may have written."""
    step = act("start", Phase.BRING_UP)
    engine = bench.engine(step, window=Window(end=bench.began + 100))
    engine.note("quiesce")
    bench.gateway.answers["start"] = [silent()]
    with pytest.raises(CallError):
        await bench.act(engine.try_once(step))
    bench.clock.advance(500)

    await bench.act(engine.try_once(step))

    assert ["start", "start"] == bench.gateway.keys
