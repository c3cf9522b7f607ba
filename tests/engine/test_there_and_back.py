"""A whole recipe on a scripted AWS: forward, where it turns, the way back and its order, what is left, who gets nothing meanwhile."""

import re
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import pytest

from sealift.aws.gateway import Purpose
from sealift.breaker import Breaker
from sealift.engine import ABSENCE_BELIEVED, CLOCK_SKEW, SAY_SO, STRAY_FOR, Engine, Gone
from sealift.errors import (
    CallError,
    ClockLost,
    CredentialsLost,
    JournalError,
    LeaseLost,
    LeftAtGate,
    NeedsPerson,
    Refused,
    Retry,
    SealiftError,
)
from sealift.gate import Window
from sealift.journal import READERS, WRITERS
from sealift.recipe import Lanes, Span, recipe
from sealift.step import Call, Found, Phase, Ref, Seconds, Seen, Switch
from tests.engine.scripted import COPY, CREATE, NOTHING, STOP, WEB, Act, Bench, Died, act, asks, undo, waits

READY = Seen(done=True, state="available")
NOT_YET = Seen(state="deleting")


def prepared(key: str, **more: Any) -> Act:
    return act(key, Phase.PREPARE, **more)


STEPS: dict[str, Act] = {
    "warm": prepared("warm", taken_back=undo("warm", Phase.CLEAN)),
    "stop": act("stop", quiesces=True, takes_down=True, taken_back=undo("stop")),
    "copy": act("copy", operation=COPY, gives={"id": "vol-9"}, outputs=("id",), taken_back=undo("copy", Phase.CLEAN)),
    "attach": act("attach", exposes=True, wants=(Ref("copy", "id"),), taken_back=undo("attach")),
    "start": act("start", Phase.BRING_UP, taken_back=undo("start")),
    "tags": act("tags", Phase.CONFIRM, taken_back=NOTHING),
}


def a_recipe(**changed: Any) -> tuple[Any, ...]:
    """Warm, stop, copy, attach, start, tags: each of its own block; what is changed, changed; None leaves a step out."""
    return recipe(*(STEPS | changed).values())


def refused(key: str = "x") -> CallError:
    return CallError(f"{key} refused", operation=STOP, retry=Retry.REFUSED)


def silent() -> CallError:
    return CallError("no answer", operation=STOP, retry=Retry.FATAL, ambiguous=True)


async def runs(bench: Bench, *steps: Any, **more: Any) -> Engine:
    engine = bench.engine(*(steps or a_recipe()), **more)
    await bench.act(engine.run())
    return engine


async def needs_a_person(bench: Bench, *steps: Any, **more: Any) -> NeedsPerson:
    with pytest.raises(NeedsPerson) as caught:
        await runs(bench, *steps, **more)
    return caught.value


# -- forward -----------------------------------------------------------------------------------------------------------


async def test_all_steps_in_their_order_and_what_is_written_of_the_whole(bench: Bench) -> None:
    """The gate after what is prepared; quiesce and bring-up with who gets nothing between them; the locks are given back."""
    await runs(bench)

    assert ["warm", "stop", "copy", "attach", "start", "tags"] == bench.gateway.keys
    assert ["gate-open", "epoch", "quiesce", "down", "bring-up", "up", "end"] == bench.notes
    assert {"as": "retained"} == bench.entry(None, "end").data == bench.told("end")[0].data
    assert ("vol-9",) == bench.gateway.calls[3].params["wants"]
    bench.journal.lock("mig-other", ["i-1"])


async def test_a_second_run_of_what_has_ended_sends_nothing(bench: Bench) -> None:
    """All is done."""
    await runs(bench)
    await runs(bench)

    assert 6 == len(bench.gateway.keys)


async def test_who_writes_gets_nothing_from_before_the_stop_until_the_start_is_done(bench: Bench) -> None:
    """The row comes before the request; the seconds are told as it ends, and every change of it is told."""
    bench.gateway.answers["stop"] = [lambda: bench.clock.advance(7) or {}]

    engine = await runs(bench)

    order = [(e.step, e.what) for e in bench.journal.entries(bench.migration)]
    assert order.index((None, "down")) < order.index(("stop", "intent"))
    assert order.index(("start", "done")) < order.index((None, "up"))
    assert {"who": WRITERS} == bench.entry(None, "down").data
    assert {"who": WRITERS, "seconds": 7.0} == bench.entry(None, "up").data
    down, up = bench.told("outage")
    assert ("stop", {"before": 0.0, "since": bench.began}) == (down.step, down.data["outages"][WRITERS])
    assert {"before": 7.0, "since": None} == up.data["outages"][WRITERS]
    assert 7.0 == engine.state.down_seconds(bench.clock.now())


async def test_readers_have_spans_of_their_own(bench: Bench) -> None:
    """As the kind says; they are served when all is done of every span that has begun."""
    steps = a_recipe(stop=act("stop", quiesces=True))
    readers = (Span("copy", "copy"), Span("tags", "tags"))

    await runs(bench, *steps, readers=readers)

    story = [(e.what, e.data["who"]) for e in bench.journal.entries(bench.migration) if e.what in ("down", "up")]
    assert [("down", READERS), ("up", READERS), ("down", READERS), ("up", READERS)] == story
    order = [(e.step, e.what) for e in bench.journal.entries(bench.migration)]
    assert order.index(("copy", "done")) < order.index((None, "up")) < order.index(("attach", "intent"))


async def test_what_interrupts_after_bring_up_keeps_writers_down_until_then(bench: Bench) -> None:
    """Service is there for good only after the last interruption."""
    await runs(bench, *a_recipe(tags=act("tags", Phase.CONFIRM, interrupts=True)))

    order = [(e.step, e.what) for e in bench.journal.entries(bench.migration)]
    assert order.index(("tags", "done")) < order.index((None, "up"))


async def test_lanes_run_side_by_side_and_blocks_one_after_the_other(bench: Bench) -> None:
    """The next block waits for the slowest lane."""
    slow, quick = [Seen(state="creating")] * 3, [READY]
    lanes = Lanes({
        "a": [prepared("a1", waited=waits(lambda: slow.pop(0) if slow else READY, "vol-a")), prepared("a2")],
        "b": [prepared("b1", waited=waits(lambda: quick[0], "vol-b")), prepared("b2")],
    })  # fmt: skip

    await runs(bench, *recipe(lanes, prepared("last"), act("start", Phase.BRING_UP)))

    assert (["a1", "b1"], ["b2", "a2", "last", "start"]) == (sorted(bench.gateway.keys[:2]), bench.gateway.keys[2:])


async def test_a_lane_that_fails_stops_the_others_from_starting_anything_new(bench: Bench) -> None:
    """What waits comes to rest; the error is that of the lane that failed."""
    bench.gateway.answers["b1"] = [refused("b1")]
    slow = waits(lambda: Seen(state="creating"), "vol-a")
    lanes = Lanes({"a": [prepared("a1", waited=slow), prepared("a2")], "b": [prepared("b1"), prepared("b2")]})

    with pytest.raises(CallError, match="b1 refused"):
        await bench.act(bench.engine(*(steps := recipe(lanes))).walk(steps))

    assert {"a1", "b1"} == set(bench.gateway.keys)


async def test_on_the_way_back_every_lane_goes_as_far_as_it_can(bench: Bench) -> None:
    """Each one restored is one less by hand."""
    lanes = Lanes({
        "a": [act("a", taken_back=(undo("a"), undo("a more")))],
        "b": [act("b", taken_back=(undo("b"), undo("b more")))],
    })  # fmt: skip
    bench.gateway.answers |= {"undo:b": [refused("undo:b")], "start": [refused("start")]}

    await needs_a_person(bench, *recipe(lanes, act("start", Phase.BRING_UP, traces=asks(dict))))

    assert {"undo:a", "undo:a more", "undo:b"} == {k for k in bench.gateway.keys if k.startswith("undo")}


# -- the gate ----------------------------------------------------------------------------------------------------------


async def test_without_an_approval_nothing_is_stopped(bench: Bench) -> None:
    """It is prepared, says what it waits for and how to go on; the locks stay."""
    bench.migration = bench.journal.begin({"target": "i-2", "kind": "k", "account": "1", "region": "r"}, "d", ["i-2"])

    with pytest.raises(LeftAtGate) as caught:
        await runs(bench, no_wait=True)

    assert ["warm"] == bench.gateway.keys
    assert f"Next: sealift approve {bench.migration}" == caught.value.remedy
    assert {"for": "an approval", "gate": True} == bench.entry(None, "waiting").data
    assert {"waiting_for": "an approval"} == bench.told("gate")[0].data
    assert bench.journal.state(bench.migration).at_gate
    with pytest.raises(Refused):
        bench.journal.lock("mig-other", ["i-2"])


async def test_who_waits_at_the_gate_says_so_once_and_goes_on_when_it_opens(bench: Bench) -> None:
    """Approved an hour later by somebody else; at the gate the facts are read again."""
    bench.migration = bench.journal.begin({"target": "i-2", "kind": "k", "account": "1", "region": "r"}, "d", ["i-2"])
    looked: list[float] = []
    approved: list[bool] = []

    async def at_gate() -> None:
        looked.append(bench.passed)

    sleep = bench.clock.sleep

    async def somebody_approves(seconds: float) -> None:
        await sleep(seconds)
        if bench.passed >= 3600 and not approved:
            approved.append(True)
            bench.journal.note(bench.migration, "approved", {"by": "somebody"}, attempt=1)

    bench.clock.sleep = somebody_approves  # type: ignore[method-assign]
    await runs(bench, at_gate=at_gate)

    assert 1 == [e.what for e in bench.journal.entries(bench.migration)].count("waiting")
    (at,) = looked
    assert 3600 <= at <= 3605
    assert [{"waiting_for": "an approval"}, {"opened": True}] == [e.data for e in bench.told("gate")]


async def test_a_window_is_waited_for_to_the_second(bench: Bench) -> None:
    """In looks a minute apart, and the last one shorter: it may be refused meanwhile."""
    await runs(bench, window=Window(start=bench.began + 150))

    assert bench.began + 150 == bench.gateway.sent[1][1]


@pytest.mark.parametrize(("left", "fits"), [(0.0, True), (-1.0, False)])
async def test_a_window_has_to_hold_the_worst_cutover_and_the_worst_way_back(
    bench: Bench, left: float, fits: bool
) -> None:
    """Both, as they are assumed for these steps."""
    slow = Seconds(1.0, 100.0)
    steps = a_recipe(attach=act("attach", exposes=True, takes=slow, taken_back=undo("attach", takes=slow)))
    window = Window(end=bench.began + 200 + left)

    if fits:
        await runs(bench, *steps, window=window)
    else:
        with pytest.raises(LeftAtGate, match="worst cutover and worst way back need 200 s"):
            await runs(bench, *steps, window=window)

    assert fits == ("stop" in bench.gateway.keys)


async def test_a_window_that_is_over_is_not_waited_for(bench: Bench) -> None:
    """The worst case does not fit, and never will: what is prepared is taken back, and planned anew."""
    with pytest.raises(LeftAtGate, match="another window") as caught:
        await runs(bench, window=Window(last_quiesce=bench.began - 10))

    remedy = f"Take it back with: sealift rollback {bench.migration}. Then make a plan with another window."
    assert (["warm"], remedy) == (bench.gateway.keys, caught.value.remedy)


async def test_a_refusal_ends_what_is_prepared(bench: Bench) -> None:
    """What was made is cleaned; the refusal is what the caller sees."""
    bench.journal.note(bench.migration, "refused", {"why": "not this one"}, attempt=1)

    with pytest.raises(Refused, match="not this one"):
        await runs(bench)

    assert (["warm", "undo:warm"], "rolled-back") == (bench.gateway.keys, bench.journal.state(bench.migration).end)


async def test_what_ages_at_the_gate_is_renewed_before_the_quiesce(bench: Bench) -> None:
    """Too old by the time the gate opens: its undo is done, and it is made anew; a fresh one is left."""
    renew = prepared(
        "renew", at_gate=True, ages=asks(lambda: None), finds=asks(lambda: None), taken_back=undo("renew", Phase.CLEAN)
    )
    steps = recipe(*(STEPS | {"warm": renew}).values())
    bench.gateway.answers["renew"] = [lambda: bench.journal.note(bench.migration, "approved", attempt=1) and {}] * 2
    engine = bench.engine(*steps)
    await bench.act(engine.walk([s for s in steps if s.key == "renew"]))

    assert await bench.act(engine._due(steps[0]))
    assert ["intent", "made", "done", "void"] == bench.rows("renew")
    assert ["intent", "made", "done", "void"] == bench.rows("undo:renew")
    assert ["renew", "undo:renew"] == bench.gateway.keys
    assert await bench.act(engine._due(steps[0]))  # void: to be made


@pytest.mark.parametrize(
    "ages", [None, asks(lambda: Found({}, created=4e9, max_age=60))], ids=["it does not age", "young"]
)
async def test_what_is_fresh_at_the_gate_is_left(bench: Bench, ages: Any) -> None:
    """It is due only once."""
    step = prepared("renew", at_gate=True, ages=ages, taken_back=undo("renew", Phase.CLEAN))
    engine = bench.engine(step)
    assert await bench.act(engine._due(step))
    await bench.act(engine.walk([step]))

    assert not await bench.act(engine._due(step))
    assert ["renew"] == bench.gateway.keys


async def test_what_names_what_is_done_anew_at_the_gate_is_done_anew_as_well(bench: Bench) -> None:
    """It was made with the value of before, young as it is: it is taken back, and made with the value of now."""
    first = prepared("first", at_gate=True, gives={"id": 1}, outputs=("id",), ages=asks(lambda: None))
    later = prepared(
        "later", at_gate=True, wants=(Ref("first", "id"),), ages=asks(lambda: Found({})),
        taken_back=undo("later", Phase.CLEAN),
    )  # fmt: skip
    engine = bench.engine(*recipe(first, later))
    await bench.act(engine.walk(engine.work.steps))

    assert [True, True] == [await bench.act(engine._due(step)) for step in engine.work.steps]
    assert ["first", "later", "undo:later"] == bench.gateway.keys


@pytest.mark.parametrize(("older", "ours"), [(CLOCK_SKEW, True), (CLOCK_SKEW + 1, False)])
async def test_what_is_older_than_its_intent_is_not_what_was_made(bench: Bench, older: float, ours: bool) -> None:
    """Somebody else's with the same tags does not stand for it: it is made anew."""
    there = asks(lambda: Found({}, created=bench.began - older))
    step = prepared("renew", at_gate=True, ages=there, taken_back=undo("renew", Phase.CLEAN))
    engine = bench.engine(step)
    await bench.act(engine.walk([step]))

    assert ours == (not await bench.act(engine._due(step)))


@pytest.mark.parametrize("paid", [True, False])
async def test_only_of_what_is_paid_for_no_single_answer_is_believed(bench: Bench, paid: bool) -> None:
    """It is looked at once more in a minute, by when it is not due; what is not paid for is made anew at once."""
    there = [Found({}), None]
    step = prepared("renew", at_gate=True, paid=paid, ages=asks(there.pop), taken_back=undo("renew", Phase.CLEAN))
    engine = bench.engine(step)
    await bench.act(engine.walk([step]))

    assert paid == (not await bench.act(engine._due(step)))
    looked_at = (ABSENCE_BELIEVED, [], []) if paid else (0.0, [Found({})], ["undo:renew"])
    assert looked_at == (bench.passed, there, bench.gateway.keys[1:])


async def test_what_is_paid_for_and_looked_at_twice_is_as_old_as_what_was_made(bench: Bench) -> None:
    """What the second look finds may be somebody else's with the same tags, which goes when they say so."""
    there = [Found({}, created=bench.began - CLOCK_SKEW - 1), None]
    step = prepared("room", at_gate=True, paid=True, ages=asks(there.pop), taken_back=undo("room", Phase.CLEAN))
    engine = bench.engine(step)
    await bench.act(engine.walk([step]))

    assert (True, []) == (await bench.act(engine._due(step)), there)


async def test_what_is_fresh_and_names_what_was_prepared_is_left(bench: Bench) -> None:
    """Only what names something that is made anew is made anew as well."""
    step = prepared("renew", at_gate=True, wants=(Ref("warm", "id"),), taken_back=undo("renew", Phase.CLEAN))
    engine = bench.engine(step)
    engine._row("warm", "made", {"id": "snap-1"})
    await bench.act(engine.walk([step]))

    assert not await bench.act(engine._due(step))
    engine._row("warm", "void")
    assert await bench.act(engine._due(step))
    assert ["renew", "undo:renew"] == bench.gateway.keys


@pytest.mark.parametrize(
    ("ages", "left"),
    [(None, ["made"]), (asks(lambda: Found({})), ["made"]), (asks(lambda: None), ["made", "void"])],
    ids=["it does not age", "fresh", "of no use any more"],
)
async def test_what_was_made_at_the_gate_and_never_seen_through_ages_as_well(
    bench: Bench, ages: Any, left: list[str]
) -> None:
    """A driver died in between: it is due either way, and what is of no use any more is taken back and made anew."""
    step = prepared("renew", at_gate=True, ages=ages, taken_back=undo("renew", Phase.CLEAN))
    engine = bench.engine(step)
    engine._row("renew", "made", {})

    assert await bench.act(engine._due(step))
    assert (left, ["undo:renew"] * ("void" in left)) == (bench.rows("renew"), bench.gateway.keys)


async def test_what_has_aged_again_while_the_gate_was_shut_is_renewed_again(bench: Bench) -> None:
    """What was renewed took its time, and the gate had shut meanwhile; once it opens at once, it goes on."""
    wants = (Ref("warm", "id"),)
    warm = prepared("warm", gives={"id": "snap-1"}, outputs=("id",), taken_back=undo("warm", Phase.CLEAN))
    gone = undo("renew", Phase.CLEAN)
    renew = prepared("renew", at_gate=True, ages=asks(lambda: None), wants=wants, taken_back=gone)

    def postponed() -> dict[str, Any]:
        until = {"until": bench.clock.now() + 100}
        bench.journal.note(bench.migration, "postponed", until, attempt=1)
        return {}

    bench.gateway.answers["renew"] = [postponed]

    await runs(bench, *recipe(warm, renew, *list(STEPS.values())[1:]))

    assert ["warm", "renew", "undo:renew", "renew", "stop"] == bench.gateway.keys[:5]
    assert "retained" == bench.journal.state(bench.migration).end


@pytest.mark.parametrize("guards", [True, False])
async def test_a_guard_that_cannot_be_ended_is_not_armed_beside_another(bench: Bench, guards: bool) -> None:
    """Its undo is refused: the gate is not gone through, as it would act all the same. Anything else is only left over."""
    step = prepared(
        "renew", at_gate=True, guards=guards, ages=asks(lambda: None), taken_back=undo("renew", Phase.CLEAN)
    )
    bench.gateway.answers["undo:renew"] = [CallError("no", operation=STOP, retry=Retry.REFUSED)]
    engine = bench.engine(step)
    await bench.act(engine.walk([step]))

    if guards:
        with pytest.raises(CallError):
            await bench.act(engine._due(step))
    else:
        assert await bench.act(engine._due(step))
    assert (guards, 0 if guards else 1) == ("void" not in bench.rows("renew"), len(engine.state.leftovers))


async def test_what_was_somebody_elses_is_not_deleted_when_it_is_too_old(bench: Bench) -> None:
    """It was adopted, not made: another one is made beside it."""
    step = prepared(
        "renew", at_gate=True, ages=asks(lambda: None), gives={"adopted": True}, taken_back=undo("renew", Phase.CLEAN)
    )
    engine = bench.engine(step)
    await bench.act(engine.walk([step]))

    assert await bench.act(engine._due(step))
    assert ["renew"] == bench.gateway.keys


def held(ages: Any = None, **more: Any) -> tuple[Any, ...]:
    """Return a recipe with something that is paid for from the gate on, and a step of the cutover before its quiesce."""
    gone = undo("room", Phase.CLEAN)
    about: dict[str, Any] = {"operation": COPY, "finds": asks(lambda: None), "taken_back": gone}
    room = prepared("room", at_gate=True, paid=True, ages=ages, **about)
    return recipe(STEPS["warm"], room, act("claim", **more), *list(STEPS.values())[1:])


def lost_with(bench: Bench, key: str) -> list[int]:
    """Return how often what a step had made had been lost, at each of its calls: its token goes by that."""
    return [c.params["lost"] for c in bench.gateway.calls if c.params["key"] == key]


async def test_what_is_paid_for_and_was_ended_since_the_gate_is_made_again_directly_before_the_quiesce(
    bench: Bench,
) -> None:
    """Under another token, or AWS would answer with the one that has ended. It is looked at twice: one answer may be old."""
    there = [None, None]
    await runs(bench, *held(asks(there.pop)))

    assert [] == there

    assert ["warm", "room", "claim", "undo:room", "room", "stop"] == bench.gateway.keys[:6]
    assert [0, 1] == lost_with(bench, "room")
    assert "retained" == bench.journal.state(bench.migration).end


async def test_what_is_paid_for_is_not_made_beside_the_first_because_of_an_answer_that_is_old(bench: Bench) -> None:
    """Described a minute later, it is held: a second one would be paid for as well."""
    there = [Found({}), None]
    await runs(bench, *held(asks(there.pop)))

    assert ([], 1, True) == (there, bench.gateway.keys.count("room"), "undo:room" not in bench.gateway.keys)


async def test_what_is_paid_for_and_is_still_held_is_made_once(bench: Bench) -> None:
    """Its look is the only difference; what is not paid for is not looked at there."""
    looks: list[str] = []

    def looked(key: str) -> Any:
        return asks(lambda: (looks.append(key), Found({}))[1])

    renew = prepared("renew", at_gate=True, ages=looked("renew"))

    await runs(bench, *recipe(renew, *held(looked("room"))))

    assert ["warm", "renew", "room", "claim", "stop"] == bench.gateway.keys[:5]
    assert ["room"] == looks


async def test_what_is_refused_directly_before_the_quiesce_sends_the_run_back(bench: Bench) -> None:
    """Nothing was stopped."""
    bench.gateway.answers["room"] = [{}, refused("room")]

    engine = await runs(bench, *held(asks(lambda: None)))

    assert ("rolled-back", None) == (engine.state.end, engine.state.quiesced)
    assert ["warm", "room", "claim", "undo:room", "room", "undo:warm"] == bench.gateway.keys


async def test_a_cutover_that_has_begun_looks_at_nothing_that_is_paid_for(bench: Bench) -> None:
    """A driver that takes it over brings service back first."""
    steps = held(asks(lambda: None))
    bench.gateway.answers["copy"] = [Died()]
    with pytest.raises(Died):
        await runs(bench, *held(asks(lambda: Found({}))))

    await runs(bench, *steps)

    assert 1 == bench.gateway.keys.count("room")
    assert "retained" == bench.journal.state(bench.migration).end


async def test_what_is_paid_for_is_given_back_where_the_gate_has_shut_again(bench: Bench) -> None:
    """It is not held while somebody else's moment is waited for, and made anew when the gate opens."""
    until = bench.clock.now() + 1000

    def postponed() -> dict[str, Any]:
        bench.journal.note(bench.migration, "postponed", {"until": until}, attempt=1)
        return {}

    bench.gateway.answers["room"] = [postponed]

    await runs(bench, *held(asks(lambda: Found({}))))

    assert ["warm", "room", "undo:room", "room", "claim", "stop"] == bench.gateway.keys[:6]
    when = dict(reversed(bench.gateway.sent))["undo:room"], bench.gateway.sent[3][1]
    assert when[0] < until <= when[1]
    assert [0, 1] == lost_with(bench, "room")


async def test_what_is_paid_for_is_given_back_by_who_leaves_at_the_gate(bench: Bench) -> None:
    """Nobody waits, and nobody pays: it is given back once."""
    bench.gateway.answers["room"] = [
        lambda: bench.journal.note(bench.migration, "postponed", {"until": 4e9}, attempt=1) and {}
    ] * 2

    with pytest.raises(LeftAtGate):
        await runs(bench, *held(), no_wait=True)
    with pytest.raises(LeftAtGate):
        await runs(bench, *held(), no_wait=True)

    assert ["warm", "room", "undo:room"] == bench.gateway.keys
    assert ["intent", "made", "done", "lost", "void"] == bench.rows("room")


async def test_what_cannot_be_given_back_is_tried_again_at_the_next_look_at_the_gate(bench: Bench) -> None:
    """It is not made a second time beside the first: what is still paid for keeps its row, and its name, until it is given back."""
    until = bench.clock.now() + 1000

    def postponed() -> dict[str, Any]:
        bench.journal.note(bench.migration, "postponed", {"until": until}, attempt=1)
        return {}

    bench.gateway.answers["room"] = [postponed]
    bench.gateway.answers["undo:room"] = [refused("undo:room")]

    await runs(bench, *held(asks(lambda: Found({}))))

    assert ["warm", "room", "undo:room", "undo:room", "room", "claim"] == bench.gateway.keys[:6]
    state = bench.journal.state(bench.migration)
    assert ("retained", []) == (state.end, state.leftovers)  # it is left over no longer
    assert 1 == len([e for e in bench.journal.entries(bench.migration) if e.what == "leftover"])


async def test_what_is_paid_for_though_its_answer_was_lost_is_given_back_too(bench: Bench) -> None:
    """Its driver died with the request on the wire, and the gate is shut by now: it is looked for, and given back."""
    bench.gateway.answers["room"] = [Died()]
    steps = held()
    with pytest.raises(Died):
        await runs(bench, *steps)
    bench.journal.note(bench.migration, "postponed", {"until": 4e9}, attempt=1)
    there = prepared(
        "room",
        at_gate=True,
        paid=True,
        operation=COPY,
        finds=asks(lambda: Found({})),
        taken_back=undo("room", Phase.CLEAN),
    )

    with pytest.raises(LeftAtGate):
        await runs(bench, *recipe(STEPS["warm"], there, *list(STEPS.values())[1:]), no_wait=True)

    assert ["warm", "room", "undo:room"] == bench.gateway.keys
    assert ["intent", "made", "lost", "void"] == [what for what in bench.rows("room") if what != "failed"]


def rooms(**finds: Any) -> tuple[Any, ...]:
    """Return what is paid for, each with the look for it, and its undo, which looks first."""
    return tuple(
        prepared(
            name,
            at_gate=True,
            paid=True,
            operation=COPY,
            finds=query,
            taken_back=undo(name, Phase.CLEAN, looks_first=True, finds=asks(lambda: None, f"ec2:Describe{name}s")),
        )
        for name, query in finds.items()
    )


async def test_what_is_paid_for_and_is_listed_late_is_given_back_at_the_same_look_at_the_gate(bench: Bench) -> None:
    """Its answer was lost, and it shows after a while: nobody pays until the next look."""
    (room,) = rooms(Host=asks(lambda: Found({}) if bench.passed >= 30 else None))
    engine = bench.engine(room)
    engine._row("Host", "intent")

    assert [] == await bench.act(engine._give_back())
    assert (["undo:Host"], ["intent", "made", "lost", "void"]) == (bench.gateway.keys, bench.rows("Host"))


async def test_what_cannot_be_given_back_hides_nothing_else_that_is_paid_for(bench: Bench) -> None:
    """Of one it cannot be read whether it was made, one was not made, one cannot be looked for to be given back: the last goes."""

    def denied() -> Any:
        raise refused("DescribeHosts")

    steps = rooms(Host=asks(denied), Fleet=asks(lambda: None), Address=None, Volume=None)
    bench.gateway.unread["ec2:DescribeAddresss"] = refused("DescribeAddresses")
    engine = bench.engine(*steps)
    engine._row("Host", "intent")
    for key in ("Address", "Volume"):
        engine._row(key, "made", {})
        engine._row(key, "done")

    unread = await bench.act(engine._give_back())

    assert (["undo:Volume"], ["made", "done"]) == (bench.gateway.keys, bench.rows("Address"))
    assert ["whether it did do Host, which is paid for, could not be read: DescribeHosts refused"] == unread
    assert ["vol-1: do undo:Address: DescribeAddresses refused"] == engine.leftovers


async def test_where_it_cannot_be_read_whether_something_paid_for_was_made_the_migration_stays_prepared(
    bench: Bench,
) -> None:
    """One refused read takes nothing back: who leaves says it, and whoever resumes looks again."""
    bench.gateway.answers["room"] = [Died()]
    with pytest.raises(Died):
        await runs(bench, *held())
    bench.journal.note(bench.migration, "postponed", {"until": 4e9}, attempt=1)

    def denied() -> Any:
        raise CallError("no access", operation=COPY, retry=Retry.REFUSED)

    about: dict[str, Any] = {"operation": COPY, "finds": asks(denied), "taken_back": undo("room", Phase.CLEAN)}
    room = prepared("room", at_gate=True, paid=True, **about)

    with pytest.raises(
        LeftAtGate, match="whether it did do room, which is paid for, could not be read: no access"
    ) as left:
        await runs(bench, *recipe(STEPS["warm"], room, *list(STEPS.values())[1:]), no_wait=True)

    assert f"Then: sealift resume {bench.migration}" == left.value.remedy
    assert ["warm", "room"] == bench.gateway.keys


async def test_what_is_paid_for_is_given_back_where_the_run_is_held_after_its_gate(bench: Bench) -> None:
    """Another target has failed meanwhile, and no new cutover starts: whoever resumes makes it anew."""
    breaker = Breaker(1)
    circuit = breaker.circuit(bench.migration, "i-1")

    def another_fails() -> dict[str, Any]:
        breaker.failed("mig-0", "i-0", "no")
        return {}

    bench.gateway.answers["room"] = [another_fails]
    steps = [s for s in held() if s.key != "claim"]

    with pytest.raises(LeftAtGate, match="was held"):
        await runs(bench, *recipe(*steps), circuit=circuit)

    assert ["warm", "room", "undo:room"] == bench.gateway.keys


async def test_what_is_done_at_the_gate_is_done_after_it_has_opened(bench: Bench) -> None:
    """Then it is asked again whether it is open; a cutover that has begun asks no more."""
    renew = prepared("renew", at_gate=True, taken_back=undo("renew", Phase.CLEAN))

    await runs(bench, *recipe(renew, *STEPS.values()))

    assert ["warm", "renew", "stop"] == bench.gateway.keys[:3]
    assert ["gate-open", "gate-open", "epoch"] == bench.notes[:3]


@pytest.mark.parametrize("late", [0.0, 1.0])
async def test_what_goes_before_the_quiesce_does_not_carry_it_out_of_the_window(bench: Bench, late: float) -> None:
    """A hook, a group or a reservation has taken its time since the gate opened: service is as before where it took too long."""

    def slow() -> dict[str, Any]:
        bench.clock.advance(100 + late)
        return {}

    hook = act("hook", taken_back=undo("hook"))
    bench.gateway.answers["hook"] = [slow]
    steps = recipe(STEPS["warm"], hook, *list(STEPS.values())[1:])

    engine = await runs(bench, *steps, window=Window(last_quiesce=bench.clock.now() + 100))

    assert ("rolled-back" if late else "retained") == engine.state.end
    assert bool(late) == ("stop" not in bench.gateway.keys) == ("undo:hook" in bench.gateway.keys)
    if late:
        assert "was not quiesced in time: it waits for another window" in engine.state.why


# -- turning back ------------------------------------------------------------------------------------------------------


FAILING = ["warm", "stop", "copy", "attach"]


@pytest.mark.parametrize("at", FAILING)
async def test_before_bring_up_it_goes_back_by_itself(bench: Bench, at: str) -> None:
    """What restores service first, in reverse order, then what cleans; the attempt is closed, and the reason is kept."""
    bench.gateway.answers[at] = [refused(at)]

    await runs(bench)

    undone = ["undo:attach", "undo:stop", "undo:copy", "undo:warm"]  # whatever may have been set is taken back
    begun = FAILING[: FAILING.index(at) + 1]
    assert [u for u in undone if u.partition(":")[2] in begun] == [
        k for k in bench.gateway.keys if k.startswith("undo")
    ]
    state = bench.journal.state(bench.migration)
    assert ("rolled-back", False, "back") == (state.end, state.attempt_open, state.direction)
    assert {"why": f"{at} refused", "salvage": True, "asked": False} == state.rollback
    assert f"{at} refused" == state.why
    assert {"why": f"{at} refused"} == bench.told("direction")[0].data
    up = [] if at == "warm" else ["up"]
    assert ["failure", "direction", *up, "service-back", "attempt-closed", "end"] == bench.notes[-5 - len(up) :]
    bench.journal.lock("mig-other", ["i-1"])


async def test_a_failure_is_written_with_all_that_is_known(bench: Bench) -> None:
    """Step, resource, AWS's code."""
    bench.gateway.answers["copy"] = [CallError("no", operation=COPY, retry=Retry.REFUSED, code="X", request_id="r-1")]

    await runs(bench)

    failure = bench.entry(None, "failure").data
    assert ("copy", "vol-1", "X", "r-1") == tuple(failure[k] for k in ("step", "resource", "code", "request_id"))


async def test_whatever_goes_wrong_service_comes_back(bench: Bench) -> None:
    """A defect of ours is no reason to leave a workload down."""
    bench.gateway.answers["copy"] = [ZeroDivisionError("oops")]

    await runs(bench)

    assert {"undo:stop", "undo:warm"} <= set(bench.gateway.keys)
    assert "unexpected ZeroDivisionError: oops" in bench.entry(None, "failure").data["message"]


async def test_a_step_that_cannot_be_made_is_a_fault_of_ours_and_goes_back(bench: Bench) -> None:
    """What an earlier one should have left is not there: said with what it was, about the target."""
    await runs(bench, *a_recipe(copy=act("copy", taken_back=undo("copy", Phase.CLEAN))))

    failure = bench.entry(None, "failure").data
    assert ("Unexpected", "i-1") == (failure["error"], failure["resource"])
    assert "KeyError: 'id'" in failure["message"]
    assert "undo:stop" in bench.gateway.keys


async def test_on_the_way_back_nobody_is_served_before_service_is_back(bench: Bench) -> None:
    """Every step of the way there is done: that says nothing while the way back takes it off again."""
    steps = a_recipe(start=act("start", Phase.BRING_UP, taken_back=undo("start", fences=True)))
    await runs(bench, *steps)

    await back(bench, *steps, why="slow")

    order = [(e.step, e.what) for e in bench.journal.entries(bench.migration)]
    last_down, last_up = (max(n for n, o in enumerate(order) if o == (None, what)) for what in ("down", "up"))
    assert last_down < order.index(("undo:start", "intent")) < order.index(("undo:stop", "done")) < last_up
    assert 2 == order.count((None, "down")) == order.count((None, "up"))


async def test_a_refusal_after_the_quiesce_is_a_way_back_like_any(bench: Bench) -> None:
    """Before it, the caller sees it as a refusal."""
    bench.gateway.answers |= {"copy": [Refused("no slot")]}
    await runs(bench)
    assert "rolled-back" == bench.journal.state(bench.migration).end


async def test_a_refusal_before_the_quiesce_is_seen(bench: Bench) -> None:
    """Exit 4, after what was made is cleaned."""
    bench.gateway.answers |= {"warm": [Refused("no slot")]}

    with pytest.raises(Refused, match="no slot"):
        await runs(bench)
    assert "rolled-back" == bench.journal.state(bench.migration).end


async def test_the_way_back_is_taken_up_where_it_was_left(bench: Bench) -> None:
    """A driver that dies on it is followed by one that goes on in its direction, settles nothing anew, and does nothing twice."""
    bench.gateway.answers |= {"attach": [refused("attach")], "undo:copy": [Died()]}
    with pytest.raises(Died):
        await runs(bench)

    await runs(bench)

    assert ["undo:attach", "undo:stop", "undo:copy", "undo:copy", "undo:warm"] == [
        k for k in bench.gateway.keys if k.startswith("undo")
    ]
    assert (1, 1) == (bench.notes.count("direction"), bench.notes.count("service-back"))


# -- settling ----------------------------------------------------------------------------------------------------------


async def died_at(bench: Bench, key: str, *steps: Any) -> None:
    """The driver dies after the call of a step, and the next one is to go back."""
    bench.gateway.answers[key] = [Died()]
    with pytest.raises(Died):
        await runs(bench, *(steps or a_recipe()))
    bench.clock.advance(3600)


async def back(bench: Bench, *steps: Any, **more: Any) -> Engine:
    engine = bench.engine(*(steps or a_recipe()))
    await bench.act(engine.go_back(SealiftError("a person said so"), **more))
    return engine


async def test_a_state_that_may_have_been_set_is_taken_back(bench: Bench) -> None:
    """Its undo does no harm."""
    await died_at(bench, "stop")

    await back(bench)

    assert (["intent", "made"], True) == (bench.rows("stop"), "undo:stop" in bench.gateway.keys)


async def test_what_was_made_and_not_written_down_is_found_and_cleaned(bench: Bench) -> None:
    """By its tags."""
    steps = a_recipe(
        copy=act(
            "copy", operation=CREATE, finds=asks(lambda: Found({"id": "vol-9"})), taken_back=undo("copy", Phase.CLEAN)
        )
    )
    await died_at(bench, "copy", *steps)

    await back(bench, *steps)

    assert ({"id": "vol-9"}, True) == (bench.entry("copy", "made").data, "undo:copy" in bench.gateway.keys)


async def test_what_was_not_made_has_nothing_to_clean(bench: Bench) -> None:
    """Void: its undo is not sent."""
    steps = a_recipe(copy=act("copy", operation=CREATE, finds=asks(lambda: None), taken_back=undo("copy", Phase.CLEAN)))
    await died_at(bench, "copy", *steps)

    await back(bench, *steps)

    assert (["intent", "void"], False) == (bench.rows("copy"), "undo:copy" in bench.gateway.keys)
    assert [] == bench.journal.state(bench.migration).leftovers


async def test_what_a_token_would_have_given_back_is_looked_for_and_named_if_it_stays_out_of_sight(
    bench: Bench,
) -> None:
    """It is not sent once more on a way back: a minute after its intent a person is told where to look."""
    looked: list[float] = []
    finds = asks(lambda: looked.append(bench.passed))
    steps = a_recipe(copy=act("copy", operation=COPY, finds=finds, taken_back=undo("copy", Phase.CLEAN)))
    bench.gateway.answers["copy"] = [Died()]
    with pytest.raises(Died):
        await runs(bench, *steps)

    engine = await back(bench, *steps)

    assert looked[-1] >= ABSENCE_BELIEVED
    assert {5.0} == {b - a for a, b in pairwise(looked)}
    (left,) = engine.leftovers
    assert left.startswith("vol-1: do copy was sent, and no answer came")
    assert ["intent", "void"] == bench.rows("copy")
    assert [left.partition(": ")[2]] == [e.data["why"] for e in bench.told("leftover")]


async def test_what_shows_while_it_is_looked_for_is_cleaned(bench: Bench) -> None:
    """A copy that was slow to be listed."""
    looks: list[Any] = [None, None, None, Found({"id": "vol-9"})]
    steps = a_recipe(
        copy=act("copy", operation=COPY, finds=asks(lambda: looks.pop(0)), taken_back=undo("copy", Phase.CLEAN))
    )
    bench.gateway.answers["copy"] = [Died()]
    with pytest.raises(Died):
        await runs(bench, *steps)

    engine = await back(bench, *steps)

    assert (True, []) == ("undo:copy" in bench.gateway.keys, engine.leftovers)


async def test_what_was_refused_is_not_looked_for_long(bench: Bench) -> None:
    """Nothing was made: no minute is lost while a workload is down."""
    steps = a_recipe(copy=act("copy", operation=COPY, finds=asks(lambda: None), taken_back=undo("copy", Phase.CLEAN)))
    bench.gateway.answers["copy"] = [refused("copy")]

    engine = await runs(bench, *steps)

    assert (0.0, []) == (bench.passed, engine.leftovers)


# -- after bring-up ----------------------------------------------------------------------------------------------------


async def test_after_bring_up_nothing_is_put_back_without_a_person(bench: Bench) -> None:
    """What keeps the replacement and what puts the original back is for a person to type."""
    bench.gateway.answers["tags"] = [refused("tags")]

    error = await needs_a_person(bench)

    assert [] == [k for k in bench.gateway.keys if k.startswith("undo")]
    assert ("tags", "vol-1") == (error.step, error.resource)
    assert "i-1 runs on its replacement, but: tags refused" == error.message
    assert error.remedy is not None
    assert f"Keep it: sealift accept {bench.migration}. It goes on with: do tags." in error.remedy
    assert f"sealift rollback {bench.migration} --discard-writes" in error.remedy
    assert "needs-person" == bench.journal.state(bench.migration).end
    ended = {"as": "needs-person", "why": "tags refused"}
    assert ({**ended, "step": "tags", "resource": "vol-1"}, ended) == (
        bench.entry(None, "end").data,
        bench.told("end")[0].data,
    )


async def test_a_person_may_put_the_original_back(bench: Bench) -> None:
    """What was written since is kept first, by each maker; the replacement goes once that is durable; then the way back as any."""
    keeper = undo("safety:copy")
    steps = a_recipe(
        copy=act("copy", operation=COPY, gives={"id": "v"}, kept_by=keeper, taken_back=undo("copy", Phase.CLEAN))
    )
    await runs(bench, *steps)

    await back(bench, *steps, why="slow")

    undone = [k for k in bench.gateway.keys if k.startswith("undo")]
    assert ["undo:start", "undo:attach", "undo:safety:copy", "undo:stop", "undo:copy", "undo:warm"] == undone
    assert [] == bench.journal.state(bench.migration).leftovers
    state = bench.journal.state(bench.migration)
    assert {"why": "slow", "salvage": True, "asked": True} == state.rollback
    assert ("rolled-back", "slow") == (state.end, state.why)


@dataclass(frozen=True, kw_only=True)
class Saved(Act):
    """A step whose making is saved by its id."""

    def salvage(self) -> Act:
        return undo(f"safety:{self.key}", wants=(Ref(self.key, "id"),))


async def test_without_a_safety_snapshot_the_replacement_itself_is_kept_and_named(bench: Bench) -> None:
    """No other place has the writes."""
    copy = Saved(
        key="copy", phase=Phase.CUTOVER, operation=COPY, gives={"id": "v"}, taken_back=undo("copy", Phase.CLEAN)
    )
    warm = prepared("warm", harbours=True, taken_back=undo("warm", Phase.CLEAN, volume="grp-1"))
    steps = a_recipe(copy=copy, warm=warm)
    await runs(bench, *steps)

    engine = await back(bench, *steps, why="slow", salvage=False)

    assert ["undo:start", "undo:attach", "undo:stop"] == [k for k in bench.gateway.keys if k.startswith("undo")]
    assert [
        "vol-1: kept: no other place has the writes since bring-up",
        "grp-1: kept: what is kept lives in it",
    ] == engine.leftovers


async def test_what_somebody_says_now_wins_over_what_was_said_before(bench: Bench) -> None:
    """A way back that could not keep the writes is told to go on without."""
    keeper = undo("safety:copy")
    steps = a_recipe(
        copy=act("copy", operation=COPY, gives={"id": "v"}, kept_by=keeper, taken_back=undo("copy", Phase.CLEAN))
    )
    await runs(bench, *steps)
    bench.gateway.answers["undo:safety:copy"] = [refused("no room")]
    with pytest.raises(NeedsPerson):
        await back(bench, *steps, why="slow")

    await back(bench, *steps, why="go on", salvage=False)

    assert "undo:stop" in bench.gateway.keys
    assert "undo:copy" not in bench.gateway.keys
    assert 2 == bench.notes.count("direction")


async def test_a_way_back_that_nobody_asked_for_stops_where_writes_are_in_doubt(bench: Bench) -> None:
    """Brought up and undecided: nothing is undone."""
    await runs(bench)

    with pytest.raises(NeedsPerson):
        await back(bench)

    assert [] == [k for k in bench.gateway.keys if k.startswith("undo")]


async def test_a_start_that_was_refused_is_no_bring_up(bench: Bench) -> None:
    """Nothing ran: it goes back by itself."""
    bench.gateway.answers["start"] = [refused("start")]

    await runs(bench, *a_recipe(start=act("start", Phase.BRING_UP, finds=asks(lambda: None), traces=asks(dict))))

    state = bench.journal.state(bench.migration)
    assert ("rolled-back", None, "void") == (state.end, state.brought_up, bench.rows("start")[-1])


@pytest.mark.parametrize(
    ("looks", "trace", "up"),
    [
        (Seen(failed="no room", unused=True), {}, False),
        (Seen(failed="no room", unused=True), None, True),
        (Seen(failed="it broke", unused=False), {}, True),
    ],
    ids=["it came to nothing", "somebody else's came to something since", "it may have run"],
)
async def test_a_start_that_was_made_is_a_bring_up_unless_it_came_to_nothing(
    bench: Bench, looks: Seen, trace: Any, up: bool
) -> None:
    """In doubt a workload has run, and a person decides."""
    start = act(
        "start", Phase.BRING_UP, waited=waits(lambda: looks), traces=asks(lambda: trace), taken_back=undo("start")
    )
    steps = a_recipe(start=start)

    if up:
        await needs_a_person(bench, *steps)
    else:
        await runs(bench, *steps)

    state = bench.journal.state(bench.migration)
    assert up == (state.brought_up is not None) == (bench.rows("start")[-1] == "done")
    assert up == (not [k for k in bench.gateway.keys if k.startswith("undo")])


async def test_a_start_that_was_sent_and_is_found_is_a_bring_up(bench: Bench) -> None:
    """No answer came, and it runs."""
    start = act(
        "start",
        Phase.BRING_UP,
        operation=CREATE,
        finds=asks(lambda: Found({"x": "1"})),
        wants=(Ref("copy", "id"),),
        waited=waits(lambda: READY),
        traces=asks(lambda: None),
    )
    bench.gateway.answers["start"] = [silent()]

    await needs_a_person(bench, *a_recipe(start=start))

    assert ({"x": "1"}, "done") == (bench.entry("start", "made").data, bench.rows("start")[-1])


async def test_somebody_elses_start_on_the_replacement_stops_the_way_back(bench: Bench) -> None:
    """A replacement is attached and something has run on it: what it wrote is for a person to decide on."""
    differences: list[str] = []
    start = act(
        "start", Phase.BRING_UP, befores=asks(lambda: list(differences)), traces=asks(dict), taken_back=undo("start")
    )
    check = act("check")
    bench.gateway.answers["check"] = [lambda: differences.append("it was started at 9") or refused("check")]
    steps = recipe(*list(STEPS.values())[:4], check, start)

    error = await needs_a_person(bench, *steps)

    assert [] == [k for k in bench.gateway.keys if k.startswith("undo")]
    assert {"by": "somebody else", "why": "it was started at 9"} == bench.entry(None, "bring-up").data
    assert "but: check refused" in error.message
    assert ["made", "done"] == bench.rows("start")


async def test_where_nothing_is_attached_nobody_can_have_started_the_replacement(bench: Bench) -> None:
    """What runs then is the original: it is not asked."""
    start = act("start", Phase.BRING_UP, befores=asks(lambda: ["it was started at 9"]), traces=asks(dict))
    bench.gateway.answers["copy"] = [refused("copy")]

    await runs(bench, *a_recipe(start=start))

    assert "rolled-back" == bench.journal.state(bench.migration).end


async def test_somebody_elses_start_is_seen_before_each_request_of_the_way_back(bench: Bench) -> None:
    """Between two undos, too."""
    differences: list[str] = []
    start = act("start", Phase.BRING_UP, befores=asks(lambda: list(differences)), traces=asks(dict))
    late = act("late", finds=asks(lambda: None))
    bench.gateway.answers |= {
        "late": [refused("late")],
        "undo:flags": [lambda: differences.append("it was started at 9") or {}],
    }
    steps = recipe(*list(STEPS.values())[:4], act("flags", taken_back=undo("flags")), late, start)

    error = await needs_a_person(bench, *steps)

    assert ["undo:flags"] == [k for k in bench.gateway.keys if k.startswith("undo")]
    assert "somebody else brought it up there" in error.message
    assert ("undo:attach", "vol-1") == (error.step, error.resource)  # what was about to be sent


# -- what is gone meanwhile --------------------------------------------------------------------------------------------


def two_copies(*pasts: Any) -> tuple[Any, ...]:
    """Two copies, each with what keeps its writes; `pasts`: what each answers to whether its copy is gone."""
    names = ("data", "logs")
    copies = [
        act(
            name,
            operation=COPY,
            gives={"id": name},
            kept_by=undo(f"safety:{name}", volume=f"vol-{name}", pasts=past),
            taken_back=undo(name, Phase.CLEAN),
        )
        for name, past in zip(names, pasts, strict=True)
    ]
    return recipe(*list(STEPS.values())[:2], *copies, act("attach", exposes=True), STEPS["start"])


def saved(bench: Bench) -> list[str]:
    return [k for k in bench.gateway.keys if k.startswith("undo:safety")]


@pytest.mark.parametrize(
    ("pasts", "kept"),
    [
        ((asks(lambda: True), asks(lambda: False)), ["undo:safety:logs"]),
        ((asks(lambda: False), asks(lambda: True)), ["undo:safety:data"]),
        ((None, asks(lambda: True)), ["undo:safety:data"]),
    ],
    ids=["the first", "the second", "one that cannot tell comes before"],
)
async def test_what_is_gone_of_a_replacement_is_not_saved_and_named(bench: Bench, pasts: Any, kept: list[str]) -> None:
    """Its writes went with it: the original is put back all the same."""
    steps = two_copies(*pasts)
    await runs(bench, *steps)

    engine = await back(bench, *steps, why="slow")

    lost = ({"undo:safety:data", "undo:safety:logs"} - set(kept)).pop()
    volume = lost.replace("undo:safety:", "vol-")
    why = "it is gone, and what was written to it since bring-up with it"
    assert (kept, [f"{volume}: {why}"]) == (saved(bench), engine.leftovers)
    assert (lost, why) == tuple(bench.entry(None, "leftover").data[k] for k in ("step", "why"))
    assert lost == bench.told("leftover")[-1].step
    assert "rolled-back" == engine.state.end


async def test_what_is_saved_already_is_not_saved_again_and_what_is_gone_since_is_not_waited_for(bench: Bench) -> None:
    """A way back that was stuck goes on: each is asked anew, then and where it is stuck, whether somebody has deleted it since."""
    gone: list[bool] = [False]
    looked: list[float] = []
    stop, data, logs, attach, start = two_copies(asks(lambda: looked.append(bench.passed)), asks(lambda: gone[0]))[1:]
    mount = act("mount", taken_back=undo("mount"))
    steps = recipe(stop, Lanes({"data": [data], "logs": [logs, mount]}), attach, start)
    await runs(bench, *steps)
    bench.gateway.answers["undo:mount"] = [refused("busy")]
    with pytest.raises(NeedsPerson):
        await back(bench, *steps, why="slow")
    assert ["undo:safety:data"] == saved(bench)
    gone[0] = True

    engine = await back(bench, *steps, why="slow")

    assert (["undo:safety:data"], 3) == (saved(bench), len(looked))
    why = "it is gone, and what was written to it since bring-up with it"
    assert ("rolled-back", [f"vol-logs: {why}"]) == (engine.state.end, engine.leftovers)


def served_from(past: Any, *, departs: Any = None, **mirror: Any) -> tuple[Any, ...]:
    """Return a recipe whose copy is served from: what lives with the copy, with that, and with neither, and a copy of it."""
    keeper = undo("safety:copy", volume="vol-9", pasts=past, departs=departs)
    copy = act(
        "copy", operation=COPY, gives={"id": "v"}, outputs=("id",), kept_by=keeper, taken_back=undo("copy", Phase.CLEAN)
    )
    member = act("member", gives={"id": "m"}, outputs=("id",), lives=Ref("copy", "id"), taken_back=undo("member"))
    name = act("name", lives=Ref("member", "id"), taken_back=undo("name"))
    other = act("other", lives="vol-1", taken_back=undo("other"))
    backs = (undo("mirror"), undo("mirror:delete", Phase.CLEAN, volume="vol-m"))
    mirrored = act("mirror", Phase.CONFIRM, taken_back=backs, **mirror)
    return recipe(*list(STEPS.values())[:2], copy, member, name, other, STEPS["start"], mirrored)


BACK_AGAIN = ["undo:mirror", "undo:start", "undo:other", "undo:stop", "undo:mirror:delete", "undo:warm"]


async def test_what_lives_with_what_is_gone_is_not_taken_back(bench: Bench) -> None:
    """Neither fenced nor renamed, however far down it lives; what it leaves alone is."""
    steps = served_from(asks(lambda: "the replacement db-9"))
    await runs(bench, *steps)
    sent = len(bench.gateway.keys)

    engine = await back(bench, *steps, why="slow")

    assert BACK_AGAIN == bench.gateway.keys[sent:]
    gone = "the replacement db-9: it is gone, and what was written to it since bring-up with it"
    assert ("rolled-back", [gone]) == (engine.state.end, engine.leftovers)


async def test_what_lives_with_what_is_there_is_taken_back(bench: Bench) -> None:
    """In its order, and the copy is kept first."""
    steps = served_from(asks(lambda: ""), mirrors=True)
    await runs(bench, *steps)
    sent = len(bench.gateway.keys)

    engine = await back(bench, *steps, why="slow")

    wanted = [*BACK_AGAIN[:3], "undo:name", "undo:member", "undo:safety:copy", "undo:stop", "undo:mirror:delete"]
    assert [*wanted, "undo:copy", "undo:warm"] == bench.gateway.keys[sent:]
    assert [] == engine.leftovers


async def test_what_goes_after_it_was_saved_is_not_taken_back_either(bench: Bench) -> None:
    """Its writes are in a snapshot: nothing is named as lost, and a copy of it is deleted as ever."""
    gone = [""]
    steps = served_from(asks(lambda: gone[0]), mirrors=True)
    await runs(bench, *steps)
    bench.gateway.answers["undo:name"] = [refused("busy")]
    with pytest.raises(NeedsPerson):
        await back(bench, *steps, why="slow")
    engine = bench.engine(*steps)
    engine._row("undo:safety:copy", "made", {"name": "s"})
    gone[0] = "the replacement db-9"
    sent = len(bench.gateway.keys)

    engine = await back(bench, *steps, why="slow")

    assert ["undo:stop", "undo:mirror:delete", "undo:copy", "undo:warm"] == bench.gateway.keys[sent:]
    assert ("rolled-back", []) == (engine.state.end, engine.leftovers)


async def test_what_goes_while_the_way_back_is_stuck_and_was_saved_is_not_said_to_be_lost(bench: Bench) -> None:
    """Its writes are in a snapshot: what lived with it is left out, the rest goes on, and nothing is named."""
    gone = [""]
    steps = served_from(asks(lambda: gone[0]))
    stop = act("stop", quiesces=True, takes_down=True, taken_back=undo("stop"))
    steps = recipe(*(stop if s.key == "stop" else s for s in steps))
    await runs(bench, *steps)
    bench.gateway.answers["undo:stop"] = [lambda: gone.__setitem__(0, "the replacement db-9") or refused("busy")]
    sent = len(bench.gateway.keys)

    engine = await back(bench, *steps, why="slow")

    assert ["undo:safety:copy", "undo:stop", "undo:stop", "undo:mirror:delete", "undo:copy", "undo:warm"] == (
        bench.gateway.keys[sent + 5 :]
    )
    assert ("rolled-back", []) == (engine.state.end, engine.leftovers)


async def test_what_goes_on_the_way_back_is_left_out_of_the_rest_of_it(bench: Bench) -> None:
    """It is what the way back is stuck at: nobody is asked, and what lived with it is not tried again."""
    gone = [""]
    steps = served_from(asks(lambda: gone[0]), mirrors=True)
    await runs(bench, *steps)
    bench.gateway.answers["undo:name"] = [lambda: gone.__setitem__(0, "the replacement db-9") or refused("it is gone")]
    sent = len(bench.gateway.keys)

    engine = await back(bench, *steps, why="slow")

    assert [*BACK_AGAIN[:3], "undo:name", "undo:stop", "undo:warm"] == bench.gateway.keys[sent:]
    assert ("rolled-back", 2) == (engine.state.end, len(engine.leftovers))
    assert "the replacement db-9: it is gone, and what was written to it since bring-up with it" in engine.leftovers
    assert "vol-m: kept: it may have what was written since bring-up to what is gone" in engine.leftovers


@pytest.mark.parametrize("gone", [True, False])
async def test_what_cannot_be_kept_any_more_is_not_tried_again(bench: Bench, gone: bool) -> None:
    """AWS knows it no more, and a look says the same: the way back goes on at once. Where the look does not, it may be a lag."""
    past = [False]
    stop, data, logs, attach, start = two_copies(asks(lambda: past[0]), asks(lambda: False))[1:]
    steps = recipe(stop, Lanes({"data": [data], "logs": [logs]}), attach, start)
    await runs(bench, *steps)
    missing = CallError("it is not there", operation="ec2:CreateSnapshot", retry=Retry.EVENTUAL)
    bench.gateway.answers["undo:safety:data"] = [lambda: past.__setitem__(0, gone) or missing]

    engine = await back(bench, *steps, why="slow")

    assert (1 if gone else 2) == saved(bench).count("undo:safety:data")
    assert ("rolled-back", int(gone)) == (engine.state.end, len(engine.leftovers))


async def test_what_cannot_be_told_to_be_gone_is_tried_again(bench: Bench) -> None:
    """AWS knows it no more, and the look for it is refused: it may be a lag, and what was written is kept."""
    steps = two_copies(asks(lambda: False), asks(lambda: False))
    await runs(bench, *steps)
    missing = CallError("it is not there", operation="ec2:CreateSnapshot", retry=Retry.EVENTUAL)
    unread = {"ec2:DescribeVolumes": refused("AccessDenied")}
    bench.gateway.answers["undo:safety:data"] = [lambda: bench.gateway.unread.update(unread) or missing]

    engine = await back(bench, *steps, why="slow")

    assert (2, "rolled-back", []) == (saved(bench).count("undo:safety:data"), engine.state.end, engine.leftovers)


async def test_a_way_back_that_is_stuck_while_nobody_can_tell_what_is_gone_asks_a_person(bench: Bench) -> None:
    """What cannot be read is there: the commands are printed, and `resume` looks again."""
    gone = [""]
    steps = served_from(asks(lambda: gone[0]))
    await runs(bench, *steps)
    unread = {"ec2:DescribeVolumes": refused("AccessDenied")}
    bench.gateway.answers["undo:name"] = [lambda: bench.gateway.unread.update(unread) or refused("it is gone")]
    with pytest.raises(NeedsPerson, match="it is gone"):
        await back(bench, *steps, why="slow")
    bench.gateway.unread.clear()
    gone[0] = "the replacement db-9"

    engine = await back(bench, *steps, why="slow")

    assert "rolled-back" == engine.state.end


async def test_a_copy_of_what_is_gone_unsaved_is_kept_and_named(bench: Bench) -> None:
    """It may be the last that has what was written: it gives way, and is not deleted."""
    steps = served_from(asks(lambda: "the replacement db-9"), mirrors=True)
    await runs(bench, *steps)
    sent = len(bench.gateway.keys)

    engine = await back(bench, *steps, why="slow")

    assert [k for k in BACK_AGAIN if k != "undo:mirror:delete"] == bench.gateway.keys[sent:]
    assert "vol-m: kept: it may have what was written since bring-up to what is gone" in engine.leftovers
    assert 2 == len(engine.leftovers)


async def test_what_is_about_to_go_is_waited_for_before_its_name_is_given_to_another(bench: Bench) -> None:
    """Its name is not free before that; nothing is sent meanwhile."""
    began = bench.clock.now()
    departs = waits(lambda: READY if bench.clock.now() > began + 500 else NOT_YET)
    steps = served_from(asks(lambda: "the replacement db-9"), departs=departs)
    await runs(bench, *steps)
    sent = len(bench.gateway.sent)

    await back(bench, *steps, why="slow")

    assert bench.gateway.sent[sent][1] > began + 500
    assert "deleting" == bench.told("step-waiting")[0].data["state"]


async def test_where_nobody_can_tell_whether_it_is_gone_it_is_saved(bench: Bench) -> None:
    """What is refused to be read may be there."""
    bench.gateway.unread["ec2:DescribeTags"] = refused()
    steps = two_copies(asks(lambda: True, "ec2:DescribeTags"), asks(lambda: False))
    await runs(bench, *steps)

    engine = await back(bench, *steps, why="slow")

    assert (["undo:safety:data", "undo:safety:logs"], []) == (sorted(saved(bench)), engine.leftovers)


async def test_what_is_gone_since_it_could_not_be_saved_is_not_saved_again(bench: Bench) -> None:
    """A safety snapshot was refused, and then somebody deleted the volume: what was refused has kept nothing."""
    gone: list[bool] = [False]
    steps = two_copies(asks(lambda: False), asks(lambda: gone[0]))
    await runs(bench, *steps)
    bench.gateway.answers["undo:safety:logs"] = [refused("no room")]
    with pytest.raises(NeedsPerson):
        await back(bench, *steps, why="slow")
    gone[0] = True

    engine = await back(bench, *steps, why="slow")

    assert 1 == bench.gateway.keys.count("undo:safety:logs")
    why = "it is gone, and what was written to it since bring-up with it"
    assert ("rolled-back", [f"vol-logs: {why}"]) == (engine.state.end, engine.leftovers)


@pytest.mark.parametrize("there", [True, False])
async def test_what_may_have_been_saved_before_it_went_is_looked_for(bench: Bench, there: bool) -> None:
    """No answer came to the call that saves it: found, it is taken as saved; otherwise nothing is sent again."""
    gone: list[bool] = [False]
    seen: list[Found | None] = [None]
    steps = list(two_copies(asks(lambda: False), asks(lambda: gone[0])))
    steps = [
        replace(s, kept_by=replace(s.kept_by, finds=asks(lambda: seen[0]))) if s.key == "logs" else s for s in steps
    ]
    await runs(bench, *steps)
    bench.gateway.answers["undo:safety:logs"] = [silent()]
    with pytest.raises(NeedsPerson):
        await back(bench, *steps, why="slow")
    tries = bench.gateway.keys.count("undo:safety:logs")
    gone[0], seen[0] = True, Found({"id": "s"}) if there else None

    engine = await back(bench, *steps, why="slow")

    why = "it is gone, and what was written to it since bring-up with it"
    assert (tries, [] if there else [f"vol-logs: {why}"]) == (
        bench.gateway.keys.count("undo:safety:logs"),
        engine.leftovers,
    )
    assert "rolled-back" == engine.state.end


async def test_what_was_saved_before_it_went_is_not_said_to_be_lost(bench: Bench) -> None:
    """A way back was stuck after its safety snapshots, and is told to go on without: what is gone is not called kept."""
    gone: list[bool] = [False]
    steps = two_copies(asks(lambda: False), asks(lambda: gone[0]))
    stop = act("stop", quiesces=True, takes_down=True, taken_back=undo("stop"))
    steps = recipe(*(stop if s.key == "stop" else s for s in steps))
    await runs(bench, *steps)
    bench.gateway.answers["undo:stop"] = [refused("busy")]
    with pytest.raises(NeedsPerson):
        await back(bench, *steps, why="slow")
    gone[0] = True

    engine = await back(bench, *steps, why="slow", salvage=False)

    assert ["vol-logs: it is gone", "vol-data: kept: no other place has the writes since bring-up"] == engine.leftovers


async def test_nobody_asks_what_is_gone_where_nothing_was_written(bench: Bench) -> None:
    """Before bring-up nothing was."""
    steps = two_copies(asks(lambda: 1 / 0), asks(lambda: 1 / 0))
    bench.gateway.answers["attach"] = [refused("attach")]

    engine = await runs(bench, *steps)

    assert ("rolled-back", []) == (engine.state.end, saved(bench))


async def test_what_is_gone_of_a_replacement_is_not_called_kept(bench: Bench) -> None:
    """Who does without a safety snapshot keeps the replacement itself: as far as it is there."""
    steps = two_copies(asks(lambda: True), asks(lambda: False))
    await runs(bench, *steps)

    engine = await back(bench, *steps, why="slow", salvage=False)

    assert ("rolled-back", []) == (engine.state.end, saved(bench))
    assert [
        "vol-data: it is gone, and what was written to it since bring-up with it",
        "vol-logs: kept: no other place has the writes since bring-up",
    ] == engine.leftovers


# -- what is done only in some state -----------------------------------------------------------------------------------


def cleared(*conditions: str) -> tuple[Any, ...]:
    """Return a recipe whose copy is taken back by a plain step, then by steps done only in some state, then by what they clear
    the way for.
    """
    backs = (undo("plain"), *(undo(c, conditional=True) for c in conditions), undo("name"))
    return a_recipe(copy=act("copy", operation=COPY, gives={"id": "v"}, taken_back=backs))


def about_clearing(bench: Bench) -> list[str]:
    return [k for k in bench.gateway.keys if k in {f"undo:{k}" for k in ("plain", "first", "clear", "name")}]


async def test_what_clears_the_way_is_judged_again_before_a_person_is_asked(bench: Bench) -> None:
    """Something may have come into the way since it was judged: then service comes back by itself."""
    bench.gateway.answers |= {"attach": [refused("attach")], "undo:name": [refused("undo:name")]}

    engine = await runs(bench, *cleared("clear"))

    assert "rolled-back" == engine.state.end
    assert ["undo:plain", *["undo:clear", "undo:name"] * 2] == about_clearing(bench)
    assert ["intent", "made", "done", "void", "intent", "made", "done"] == bench.rows("undo:clear")


async def test_what_clears_the_way_for_another_that_does_is_judged_again_with_it(bench: Bench) -> None:
    """A cluster goes where its instances go before it: all of them are looked at once more."""
    bench.gateway.answers |= {"attach": [refused("attach")], "undo:name": [refused("undo:name")]}

    await runs(bench, *cleared("first", "clear"))

    assert ["undo:plain", *["undo:first", "undo:clear", "undo:name"] * 2] == about_clearing(bench)


@pytest.mark.parametrize(
    ("stuck", "refusals", "sent"),
    [
        ("undo:name", 2, ["undo:clear", "undo:name"] * 3),
        ("undo:stop", 1, ["undo:clear", "undo:name"]),
    ],
    ids=["before what it clears the way for", "after it"],
)
async def test_what_clears_the_way_is_judged_again_until_it_was_of_use(
    bench: Bench, stuck: str, refusals: int, sent: list[str]
) -> None:
    """Once by itself, then when a person has resumed it; once the step is done, nothing is in its way."""
    steps = cleared("clear")
    bench.gateway.answers |= {"attach": [refused("attach")], stuck: [refused(stuck)] * refusals}
    await needs_a_person(bench, *steps)

    await runs(bench, *steps)

    assert ["undo:plain", *sent] == about_clearing(bench)


async def test_who_is_taken_over_judges_nothing_again(bench: Bench) -> None:
    """What ends a driver is no matter of what is in the way."""
    bench.gateway.answers |= {"attach": [refused("attach")], "undo:name": [LeaseLost("taken over")]}

    with pytest.raises(LeaseLost):
        await runs(bench, *cleared("clear"))

    assert ["undo:plain", "undo:clear", "undo:name"] == about_clearing(bench)


async def test_where_a_person_is_asked_nothing_is_judged_again(bench: Bench) -> None:
    """A question is not answered by another look."""
    bench.gateway.answers |= {"attach": [refused("attach")], "undo:name": [NeedsPerson("a question")]}

    error = await needs_a_person(bench, *cleared("clear"))

    assert ("a question", ["undo:plain", "undo:clear", "undo:name"]) == (error.message, about_clearing(bench))


# -- while it is waited for --------------------------------------------------------------------------------------------


async def test_what_has_become_vain_is_not_waited_for_to_its_deadline(bench: Bench) -> None:
    """It is asked between two looks; all that is wrong is said, and it goes back."""
    wrong: list[list[str]] = [["it was started", "it was written to"], []]
    reads = asks(wrong.pop, "ec2:DescribeTags")
    attach = act(
        "attach",
        exposes=True,
        volume=Ref("copy", "id"),  # type: ignore[arg-type]
        waited=waits(lambda: Seen(state="attaching")),
        vains=reads,
    )

    engine = await runs(bench, *a_recipe(attach=attach))

    trouble = bench.entry(None, "trouble").data
    assert ("CutVoid", "it was started; it was written to") == (trouble["error"], trouble["message"])
    assert ("attach", "vol-9") == (trouble["step"], trouble["resource"])
    assert [Purpose.POLL] * 2 == [purpose for name, purpose, _ in bench.gateway.reads if name == "ec2:DescribeTags"]
    assert "rolled-back" == engine.state.end
    assert bench.passed < 60


# -- when the way back fails -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("owes", "beside", "said"),
    [
        (("Terminate",), False, "while no other migration needs it off: aws ec2 stop-instances"),
        (("Terminate",), True, "only once mig-other has come to rest: aws ec2 stop-instances"),
        ((), True, ""),
    ],
    ids=["it alone", "another too", "it owes nothing"],
)
async def test_by_hand_a_switch_is_turned_back_as_far_as_it_is_owed(
    bench: Bench, owes: tuple[str, ...], beside: bool, said: str
) -> None:
    """Not as planned, nor while another needs it: who types that would take the other's workload down."""
    bench.journal.switch_on(WEB, bench.migration)
    bench.journal.owe(WEB, bench.migration, owes)
    if beside:
        bench.journal.switch_on(WEB, "mig-other")
    bench.gateway.answers |= {"attach": [refused("attach")], "undo:stop": [refused("undo:stop")] * 2}
    group = undo("group", turns=Switch("web", False, ("planned",)))

    error = await needs_a_person(bench, *a_recipe(stop=replace(STEPS["stop"], taken_back=(undo("stop"), group))))

    _, by_hand = str(error.remedy).split("By hand, in this order: ")
    assert bool(said) == ("undo:group" in by_hand)
    assert said in by_hand
    assert "planned" not in by_hand


async def test_by_hand_what_is_turned_off_first_is_turned_back_after_it(bench: Bench) -> None:
    """A way back of what has come to rest owes nothing before it has turned the switch once more: then what was planned is printed."""
    bench.gateway.answers |= {"attach": [refused("attach")], "undo:stop": [refused("undo:stop")] * 2}
    off = undo("off", turns=Switch("web", True, ("planned",)))
    group = undo("group", turns=Switch("web", False, ("planned",)))
    bench.journal.switch_on(WEB, bench.migration)

    error = await needs_a_person(bench, *a_recipe(stop=replace(STEPS["stop"], taken_back=(undo("stop"), off, group))))

    assert ["undo:stop", "undo:off", "undo:group"] == re.findall(r"--key (undo:\w+)", str(error.remedy))


async def test_what_cannot_be_put_back_is_said_with_the_commands_in_their_order(bench: Bench) -> None:
    """Exit 6; resume goes on; what is done is not in the list."""
    bench.gateway.answers |= {"attach": [refused("attach")], "undo:stop": [refused("undo:stop")] * 2}
    steps = a_recipe(
        copy=act("copy", operation=COPY, gives={"id": "v"}, taken_back=(undo("first"), undo("copy", Phase.CLEAN)))
    )

    error = await needs_a_person(bench, *steps)

    assert ("i-1 could not be put back: undo:stop refused", "undo:stop") == (error.message, error.step)
    assert error.remedy is not None
    assert f"sealift resume {bench.migration}. By hand, in this order: aws ec2 stop-instances" in error.remedy
    assert "undo:stop" in error.remedy
    assert "undo:first" not in error.remedy
    assert "needs-person" == bench.journal.state(bench.migration).end
    assert {"as": "needs-person", "why": "undo:stop refused"} == bench.told("end")[-1].data

    bench.gateway.answers.clear()
    await runs(bench, *steps)
    assert "rolled-back" == bench.journal.state(bench.migration).end


async def test_what_will_not_come_back_is_said_of_a_way_back_that_is_stuck(bench: Bench) -> None:
    """A look at the replacement tells more than the undo that was refused."""
    looks = [READY]
    start = act("start", Phase.BRING_UP, waited=waits(lambda: looks.pop() if looks else Seen(failed="no room")))
    steps = a_recipe(start=start)
    await runs(bench, *steps)
    bench.gateway.answers["undo:attach"] = [refused("undo:attach")]

    with pytest.raises(NeedsPerson) as caught:
        await back(bench, *steps, why="slow")

    assert "i-1 could not be put back: undo:attach refused; no room" == caught.value.message


async def test_a_safety_snapshot_that_cannot_be_taken_may_be_done_without(bench: Bench) -> None:
    """The message says how: the replacement itself is kept then."""
    keeper = act("safety:copy", Phase.RESTORE)
    steps = a_recipe(
        copy=act("copy", operation=COPY, gives={"id": "v"}, kept_by=keeper, taken_back=undo("copy", Phase.CLEAN))
    )
    await runs(bench, *steps)
    bench.gateway.answers["safety:copy"] = [refused("no room")]

    with pytest.raises(NeedsPerson) as caught:
        await back(bench, *steps, why="slow")

    without = f"sealift rollback {bench.migration} --discard-writes --without-safety-snapshot"
    assert f" Or keep the replacement itself in its place: {without}. By hand" in str(caught.value.remedy)


async def test_what_cannot_be_cleaned_is_left_over_and_named(bench: Bench) -> None:
    """Service is back: that is no failure."""
    bench.gateway.answers |= {"attach": [refused("attach")], "undo:copy": [refused("in use")]}

    engine = await runs(bench)

    assert ["vol-1: do undo:copy: in use refused"] == engine.leftovers
    assert "undo:warm" in bench.gateway.keys
    assert "rolled-back" == bench.journal.state(bench.migration).end


async def test_what_the_way_back_finds_half_way_is_waited_for_as_long_as_it_takes_and_told(bench: Bench) -> None:
    """Every ten minutes; then it is sent."""
    busy = [Seen(state="stopping")] * 400
    needed = waits(lambda: busy.pop(0) if busy else READY)
    bench.gateway.answers["copy"] = [refused("copy")]

    await runs(
        bench, *a_recipe(stop=act("stop", quiesces=True, takes_down=True, taken_back=undo("stop", needed=needed)))
    )

    assert bench.gateway.keys.count("undo:stop") == 1
    said = bench.told("stuck")
    assert bench.passed // (SAY_SO + 10) <= len(said) <= bench.passed // SAY_SO
    assert {"waiting_for": "vol-1 to be ready: it is 'stopping'"} == said[0].data
    assert {"for": "vol-1 to be ready: it is 'stopping'"} == bench.entry(None, "waiting").data


def strays(until: float, bench: Bench) -> Any:
    """Return a wait for what somebody else has undone for so many seconds."""

    def look() -> Seen:
        passed = bench.passed >= until
        if passed:
            return Seen(done=True, state="stopped")
        return Seen(state="running", stray="somebody has started it", mend=Call(STOP, {"InstanceIds": ["i-1"]}))

    return waits(look)


async def test_what_somebody_has_undone_for_a_moment_is_waited_out(bench: Bench) -> None:
    """A status word may lag behind."""
    bench.gateway.answers["copy"] = [refused("copy")]
    taken_back = undo("stop", needed=strays(STRAY_FOR, bench), finds=asks(lambda: None))

    await runs(bench, *a_recipe(stop=act("stop", quiesces=True, takes_down=True, taken_back=taken_back)))

    assert ("rolled-back", 1) == (bench.journal.state(bench.migration).end, bench.gateway.keys.count("undo:stop"))


async def test_what_somebody_has_undone_for_good_is_for_a_person(bench: Bench) -> None:
    """It is not waited for as long as it takes: it will not come by itself."""
    bench.gateway.answers["copy"] = [refused("copy")]
    taken_back = undo("stop", needed=strays(9e9, bench), finds=asks(lambda: None))

    by_hand = "By hand: aws ec2 stop-instances --region eu-central-1 --instance-ids i-1"
    with pytest.raises(NeedsPerson, match=f"vol-1: somebody has started it. {by_hand}") as caught:
        await runs(bench, *a_recipe(stop=act("stop", quiesces=True, takes_down=True, taken_back=taken_back)))

    assert STRAY_FOR < bench.passed < 2 * STRAY_FOR
    assert (bench.migration in str(caught.value.remedy), "undo:stop" in bench.gateway.keys) == (True, False)


async def test_what_somebody_has_done_in_its_place_is_taken_as_done(bench: Bench) -> None:
    """Nothing is sent."""
    bench.gateway.answers["copy"] = [refused("copy")]
    taken_back = undo("stop", needed=strays(9e9, bench), finds=asks(lambda: Found({"as": "by hand"})))

    await runs(bench, *a_recipe(stop=act("stop", quiesces=True, takes_down=True, taken_back=taken_back)))

    assert {"as": "by hand"} == bench.entry("undo:stop", "made").data
    assert ("rolled-back", False) == (
        bench.journal.state(bench.migration).end,
        "undo:stop" in bench.gateway.keys,
    )


# -- how a driver leaves -----------------------------------------------------------------------------------------------


def lost() -> CredentialsLost:
    return CredentialsLost("expired", operation=STOP, retry=Retry.FATAL)


LEAVING = [
    (lost, "Sign in"),
    (lambda: ClockLost("gone"), "See that the sandbox still runs"),
    (lambda: JournalError("full"), "Mend the journal's disk"),
]


@pytest.mark.parametrize(("error", "first"), LEAVING)
async def test_who_leaves_before_the_quiesce_says_how_to_go_on(bench: Bench, error: Any, first: str) -> None:
    """Exit 130; nothing is turned."""
    bench.gateway.answers["warm"] = [error()]

    with pytest.raises(type(error())) as caught:
        await runs(bench)

    remedy = str(caught.value.remedy)
    assert (130, True) == (caught.value.exit_code, remedy.startswith(first))
    assert remedy.endswith(f", then: sealift resume {bench.migration}")
    assert "failure" not in bench.notes


@pytest.mark.parametrize(("error", "first"), LEAVING)
async def test_who_leaves_while_service_is_down_needs_a_person(bench: Bench, error: Any, first: str) -> None:
    """Exit 6 says that the workload is down; nothing is turned, and resume goes on."""
    bench.gateway.answers["copy"] = [error()]

    left = await needs_a_person(bench)

    assert str(left.remedy).startswith(first)
    assert str(left.remedy).endswith(f", then: sealift resume {bench.migration}")
    assert "the workload of i-1 is down" in left.message
    assert "direction" not in bench.notes
    await runs(bench)
    assert "retained" == bench.journal.state(bench.migration).end


async def test_who_leaves_between_a_hook_and_the_stop_needs_a_person(bench: Bench) -> None:
    """The hook may have quiesced the workload: nobody says that it runs."""
    bench.gateway.answers["flags"] = [lost()]
    steps = recipe(STEPS["warm"], act("hook", taken_back=undo("hook")), act("flags"), *list(STEPS.values())[1:])

    left = await needs_a_person(bench, *steps)

    assert "the workload of i-1 is down" in left.message
    assert "quiesce" not in bench.notes


async def test_who_leaves_on_the_way_back_says_the_same(bench: Bench) -> None:
    """The workload is down still."""
    bench.gateway.answers |= {"copy": [refused("copy")], "undo:stop": [lost()]}

    assert "the workload of i-1 is down" in (await needs_a_person(bench)).message


async def test_who_leaves_while_it_is_settled_says_the_same(bench: Bench) -> None:
    """Before the first undo, as what was made is looked for."""
    bench.gateway.answers["copy"] = [refused("copy")]
    bench.gateway.unread["ec2:X"] = lost()
    copy = act("copy", operation=CREATE, finds=asks(lambda: None, "ec2:X"), taken_back=undo("copy", Phase.CLEAN))

    left = await needs_a_person(bench, *a_recipe(copy=copy))

    assert "the workload of i-1 is down" in left.message
    assert f"sealift resume {bench.migration}" in str(left.remedy)
    assert "end" not in bench.notes


async def test_who_leaves_at_acceptance_or_finalize_says_how_to_go_on_with_that(bench: Bench) -> None:
    """Not with `resume`."""
    bench.gateway.answers["tags"] = [refused("tags"), lost()]
    await needs_a_person(bench)
    with pytest.raises(CredentialsLost) as caught:
        await bench.act(bench.engine(*a_recipe()).accept())
    assert f"Sign in (aws sso login), then: sealift accept {bench.migration}" == caught.value.remedy

    await bench.act(bench.engine(*a_recipe()).accept())
    bench.gateway.answers["point"] = [lost()]
    with pytest.raises(CredentialsLost) as caught:
        await bench.act(bench.engine(*a_recipe()).finalize(recipe(act("point", Phase.FINALIZE))))
    assert f"Sign in (aws sso login), then: sealift finalize {bench.migration}" == caught.value.remedy


async def test_who_leaves_while_readers_get_nothing_says_so(bench: Bench) -> None:
    """Who writes is served."""
    bench.gateway.answers["tags"] = [lost()]

    left = await needs_a_person(bench, readers=(Span("tags", "tags"),))

    assert "who reads from replicas of i-1 gets nothing" in left.message


async def test_who_leaves_when_all_is_up_may_be_resumed(bench: Bench) -> None:
    """Nothing is down."""
    bench.gateway.answers["tags"] = [lost()]

    with pytest.raises(CredentialsLost) as caught:
        await runs(bench)

    assert 130 == caught.value.exit_code


async def test_who_has_begun_nothing_leaves_as_it_came(bench: Bench) -> None:
    """There is nothing to resume."""
    bench.gateway.unread["ec2:DescribeVolumes"] = lost()

    with pytest.raises(CredentialsLost) as caught:
        await runs(bench, *a_recipe(warm=prepared("warm", befores=asks(list))))

    assert (1, None) == (caught.value.exit_code, caught.value.remedy)


async def test_a_lost_lease_turns_nothing(bench: Bench) -> None:
    """Another driver is at work."""
    bench.gateway.answers["copy"] = [lambda: bench.engine() and {}]

    with pytest.raises(LeaseLost):
        await runs(bench)

    assert ["warm", "stop", "copy"] == bench.gateway.keys


# -- accept, finalize, adopt -------------------------------------------------------------------------------------------


async def test_who_gives_up_confirms_only_what_surrounds_it_and_ends_for_good(bench: Bench) -> None:
    """What others share is turned back as ever, what it holds of quotas is given back, and the end says why."""
    around = act("b", Phase.CONFIRM, surrounds=True)
    steps = recipe(*list(STEPS.values())[:5], act("a", Phase.CONFIRM), around, act("c", Phase.CONFIRM))
    bench.gateway.answers |= {"a": [refused("a")]}
    await needs_a_person(bench, *steps)
    assert bench.journal.reserve("copies", "1/eu-central-1", bench.migration, 2, 5)

    await bench.act((engine := bench.engine(*steps)).give_up(Gone("neither is left", lost=True)))

    assert ["a", "b"] == bench.gateway.keys[5:]
    assert ("given-up", "neither is left") == (engine.state.end, engine.state.why)
    assert {"as": "given-up", "why": "neither is left"} == bench.entry(None, "end").data == bench.told("end")[-1].data
    assert [] == [e.data for e in bench.told("end") if e.data["as"] == "retained"]
    assert {} == bench.journal.reserved("1/eu-central-1")
    bench.journal.lock("another", ["i-1"])


@pytest.mark.parametrize("retained", [False, True], ids=["in doubt", "retained"])
async def test_who_gives_up_takes_off_the_claims_that_are_still_its_own(bench: Bench, retained: bool) -> None:
    """Each is asked for; what claims nothing, cannot be read or cannot be taken off holds up neither the others nor the end. What is
    left over is named with its reason.
    """
    answers = {"mine": undo("mine", Phase.CLEAN), "theirs": None, "held": undo("held", Phase.CLEAN)}
    marks = [
        prepared(name, claims=asks(lambda off=off: off), taken_back=undo(name, Phase.CLEAN))
        for name, off in answers.items()
    ]
    unread = prepared("unread", claims=asks(lambda: None, "ec2:DescribeTags"), taken_back=undo("unread", Phase.CLEAN))
    tags = act("tags", Phase.CONFIRM)
    steps = recipe(STEPS["warm"], unread, *marks, *list(STEPS.values())[1:5], tags)
    if not retained:
        bench.gateway.answers["tags"] = [refused("tags")]
        await needs_a_person(bench, *steps)
    else:
        await runs(bench, *steps)
    bench.gateway.unread["ec2:DescribeTags"] = refused("AccessDenied")
    bench.gateway.answers["undo:held"] = [refused("not now")]
    engine, sent = bench.engine(*steps), len(bench.gateway.keys)

    await bench.act(engine.give_up(Gone("neither is left", lost=True)))

    assert ["undo:mine", "undo:held"] == [k for k in bench.gateway.keys[sent:] if k.startswith("undo:")]
    assert "given-up" == engine.state.end
    unread_why, held_why = "do undo:unread: AccessDenied refused", "do undo:held: not now refused"
    assert [f"vol-1: {unread_why}", f"vol-1: {held_why}"] == engine.leftovers


async def test_who_loses_its_credentials_while_it_gives_up_gives_up_later(bench: Bench) -> None:
    """Exit 130 names accept; nothing has ended."""
    mark = prepared("mark", claims=asks(lambda: None, "ec2:DescribeTags"))
    steps = recipe(mark, *list(STEPS.values())[1:5])
    await runs(bench, *steps)
    bench.gateway.unread["ec2:DescribeTags"] = lost()

    with pytest.raises(CredentialsLost) as caught:
        await bench.act(bench.engine(*steps).give_up(Gone("neither is left", lost=True)))

    assert (130, True) == (caught.value.exit_code, f"sealift accept {bench.migration}" in str(caught.value.remedy))
    assert "retained" == bench.engine(*steps).state.end


async def test_who_accepts_passes_over_what_only_asked_for_health(bench: Bench) -> None:
    """The rest of the confirmation is done; what of it cannot be done is left over, and the replacement is kept."""
    health = act("health", Phase.CONFIRM, asks_health=True)
    steps = recipe(*list(STEPS.values())[:5], health, act("a", Phase.CONFIRM), act("b", Phase.CONFIRM))
    bench.gateway.answers |= {"health": [refused("health")], "a": [refused("a")]}
    await needs_a_person(bench, *steps)

    await bench.act((engine := bench.engine(*steps)).accept())

    assert ["health", "a", "b"] == bench.gateway.keys[5:]
    assert (["vol-1: do a: a refused"], "retained") == (engine.leftovers, engine.state.end)
    assert {"as": "retained", "accepted": True} == bench.entry(None, "end").data
    assert 1 == bench.notes.count("accepted")
    assert ["intent", "failed", "made", "done"] == bench.rows("health")
    assert ["intent", "made", "done"] == bench.rows("start")  # what is done is not passed over


async def test_who_accepts_asks_for_no_health_again(bench: Bench) -> None:
    """It is sick, and it is kept: nothing of that is left over."""
    sick = waits(lambda: Seen(failed="it is impaired"))
    steps = recipe(*list(STEPS.values())[:5], act("health", Phase.CONFIRM, asks_health=True, waited=sick))
    await needs_a_person(bench, *steps)

    await bench.act((engine := bench.engine(*steps)).accept())

    assert ([], "done", "retained") == (engine.leftovers, bench.rows("health")[-1], engine.state.end)


@pytest.mark.parametrize("down", [True, False])
async def test_readers_that_get_nothing_after_acceptance_are_left_over(bench: Bench, down: bool) -> None:
    """Their replicas are for the person to make."""
    bench.gateway.answers["tags"] = [refused("tags")] * 2
    readers = (Span("tags", "tags"),) if down else ()
    await needs_a_person(bench, readers=readers)

    await bench.act((engine := bench.engine(*a_recipe(), readers=readers)).accept())

    about = "i-1: who reads from its replicas gets nothing until you make them"
    assert down == (about in engine.leftovers)


async def test_what_the_way_back_has_taken_off_cannot_be_accepted(bench: Bench) -> None:
    """All volumes of a target change, or none does."""
    await runs(bench)
    bench.gateway.answers["undo:attach"] = [dict]
    bench.gateway.answers["undo:stop"] = [refused("stop")]
    with pytest.raises(NeedsPerson):
        await back(bench, why="slow")

    with pytest.raises(Refused, match=r"cannot keep its replacement.*do attach") as caught:
        await bench.act(bench.engine(*a_recipe()).accept())

    assert f"sealift rollback {bench.migration} --discard-writes" in str(caught.value.remedy)
    assert "i-1" == caught.value.resource
    assert "accepted" not in bench.notes


async def test_what_is_no_longer_there_cannot_be_accepted(bench: Bench) -> None:
    """The rows do not tell, AWS does: what is exposed is looked for, and nothing else."""
    found: list[Any] = []
    steps = a_recipe(
        stop=act("stop", quiesces=True, takes_down=True, finds=asks(lambda: None), taken_back=undo("stop")),
        attach=act(
            "attach", exposes=True, finds=asks(lambda: found[0] if found else None), wants=(Ref("copy", "id"),),
            taken_back=undo("attach"),
        )
    )  # fmt: skip
    await runs(bench, *steps)
    bench.gateway.answers["undo:start"] = [refused("start")]
    with pytest.raises(NeedsPerson):
        await back(bench, *steps, why="slow")

    with pytest.raises(Refused, match="do attach"):
        await bench.act(bench.engine(*steps).accept())
    found.append(Found({}))
    await bench.act(bench.engine(*steps).accept())
    assert "retained" == bench.journal.state(bench.migration).end


async def test_finalize_walks_its_steps_and_ends(bench: Bench) -> None:
    """In their order."""
    await runs(bench)
    end = recipe(act("point", Phase.FINALIZE), act("source", Phase.FINALIZE))
    for migration, slots in ((bench.migration, 2), ("mig-other", 1)):
        bench.journal.reserve("copies", "1/eu", migration, slots, 5)

    await bench.act(bench.engine(*a_recipe()).finalize(end))

    assert (["point", "source"], "finalized") == (bench.gateway.keys[-2:], bench.journal.state(bench.migration).end)
    assert {"copies": 1} == bench.journal.reserved("1/eu")  # its own are given back


async def test_a_lane_of_a_confirmation_that_stops_leaves_what_follows_in_it(bench: Bench) -> None:
    """In later blocks, too: no reader loses a name for a replica that was never made."""
    steps = recipe(
        *list(STEPS.values())[:5],
        Lanes({"a": [act("a1", Phase.CONFIRM), act("a2", Phase.CONFIRM)], "b": [act("b1", Phase.CONFIRM)]}),
        Lanes({"a": [act("a3", Phase.CONFIRM)], "b": [act("b2", Phase.CONFIRM)]}),
    )
    bench.gateway.answers |= {"a1": [refused("a1")] * 2}
    await needs_a_person(bench, *steps)

    await bench.act((engine := bench.engine(*steps)).accept())

    assert ["vol-1: do a1: a1 refused", "vol-1: do a2: a1 refused", "vol-1: do a3: a1 refused"] == engine.leftovers
    assert {"b1", "b2"} <= set(bench.gateway.keys)


async def test_what_names_something_that_was_not_made_is_left_over(bench: Bench) -> None:
    """Its reason names what is missing."""
    needs = act("tags", Phase.CONFIRM, wants=(Ref("extra", "id"),))
    steps = recipe(*list(STEPS.values())[:5], act("extra", Phase.CONFIRM, outputs=("id",), gives={"id": "x"}), needs)
    bench.gateway.answers["extra"] = [refused("extra")] * 2
    await needs_a_person(bench, *steps)

    await bench.act((engine := bench.engine(*steps)).accept())

    assert "vol-1: do tags: it needs what was not made: do extra" in engine.leftovers
    assert "tags" not in bench.gateway.keys


# -- whoever watches ---------------------------------------------------------------------------------------------------


async def test_a_listener_that_raises_disturbs_nothing(bench: Bench) -> None:
    """The next one is told all the same."""
    engine = bench.engine(*a_recipe())

    def broken(_: Any) -> None:
        raise BrokenPipeError

    engine._listeners = (broken, *engine._listeners)
    await bench.act(engine.run())

    assert 1 == len(bench.told("end"))


async def test_who_takes_it_up_again_is_told_what_was_before(bench: Bench) -> None:
    """Since when this attempt runs, and who gets nothing since when."""
    bench.gateway.answers |= {"copy": [Died()], "warm": [lambda: bench.clock.advance(7) or {}]}
    with pytest.raises(Died):
        await runs(bench)
    bench.events.clear()
    bench.clock.advance(100)

    await runs(bench)

    first = bench.told("outage")[0]
    assert {"began": bench.began, "outages": {WRITERS: {"before": 0.0, "since": bench.began + 7}}} == first.data


async def test_who_begins_is_told_nothing_of_before(bench: Bench) -> None:
    """There was nothing."""
    await runs(bench)

    assert 2 == len(bench.told("outage"))


@pytest.mark.parametrize("late", [0.0, 1.0])
async def test_a_shut_gate_after_the_cutover_has_begun_turns_back(bench: Bench, late: float) -> None:
    """A hook may have quiesced the workload before the stop: it is not left so until another window."""
    hook = act("hook", taken_back=undo("hook"))
    steps = recipe(STEPS["warm"], hook, *list(STEPS.values())[1:])
    bench.gateway.answers["hook"] = [dict]
    engine = bench.engine(*steps, window=Window(last_quiesce=bench.began + 100))
    await bench.act(engine.walk(steps[:2]))
    bench.clock.advance(100 + late)

    await bench.act(engine.run())

    state = bench.journal.state(bench.migration)
    assert ("rolled-back" if late else "retained") == state.end
    assert bool(late) == ("undo:hook" in bench.gateway.keys)
