"""What a person says of a migration that is on its way back already, and what is settled before the first undo."""

from dataclasses import replace
from typing import Any

import pytest

from sealift.engine import CLOCK_SKEW, Engine
from sealift.errors import CallError, NeedsPerson, Retry, SealiftError, WaitFailed
from sealift.journal import READERS, WRITERS
from sealift.recipe import Span, Spans, recipe
from sealift.step import Found, Phase, Ref, Seen, Step
from tests.engine.scripted import COPY, CREATE, DONE, NOT_YET, STOP, Bench, Died, act, asks, undo, waits


def a_recipe(**changed: Any) -> tuple[Step, ...]:
    steps = {
        "stop": act("stop", quiesces=True, takes_down=True, taken_back=undo("stop")),
        "copy": act("copy", operation=CREATE, gives={"id": "vol-9"}, taken_back=undo("copy", Phase.CLEAN)),
        "attach": act("attach", exposes=True, taken_back=undo("attach")),
        "start": act("start", Phase.BRING_UP, taken_back=undo("start")),
        "tags": act("tags", Phase.CONFIRM),
    }
    return recipe(*(steps | changed).values())


def refused() -> CallError:
    return CallError("refused", operation=STOP, retry=Retry.REFUSED)


async def runs(bench: Bench, *steps: Step, readers: Spans = ()) -> Engine:
    engine = bench.engine(*(steps or a_recipe()), readers=readers)
    await bench.act(engine.run())
    return engine


async def back(bench: Bench, *steps: Step, readers: Spans = (), **more: Any) -> Engine:
    engine = bench.engine(*(steps or a_recipe()), readers=readers)
    await bench.act(engine.go_back(SealiftError("as it was"), **more))
    return engine


# -- a second word -----------------------------------------------------------------------------------------------------


async def stuck(bench: Bench, why: str, *steps: Step, **more: Any) -> None:
    """A person has sent it back, and an undo is refused."""
    bench.gateway.answers["undo:attach"] = [refused()]
    with pytest.raises(NeedsPerson):
        await back(bench, *steps, why=why, **more)


async def test_who_does_without_the_writes_now_is_believed_and_written_down(bench: Bench) -> None:
    """The row says what was said last: why, that it was a person, and that no writes are kept."""
    await runs(bench)
    await stuck(bench, "slow")

    await back(bench, why="go on without", salvage=False)

    said = {"why": "go on without", "salvage": False, "asked": True}
    assert said == bench.entry(None, "direction").data == dict(bench.journal.state(bench.migration).rollback)
    assert ("rolled-back", "go on without") == tuple(bench.entry(None, "end").data[k] for k in ("as", "why"))


@pytest.mark.parametrize("salvage", [True, False])
async def test_who_says_the_same_again_adds_nothing(bench: Bench, salvage: bool) -> None:
    """The way back goes on as it was: what was to be kept in its place is not saved and deleted after all."""
    keeper, gone = undo("safety:copy"), undo("copy", Phase.CLEAN)
    steps = a_recipe(copy=act("copy", operation=CREATE, gives={"id": "vol-9"}, kept_by=keeper, taken_back=gone))
    await runs(bench, *steps)
    await stuck(bench, "slow", *steps, salvage=False)

    await back(bench, *steps, why="once more", salvage=salvage)

    assert not {"undo:safety:copy", "undo:copy"} & set(bench.gateway.keys)

    assert {"why": "slow", "salvage": False, "asked": True} == bench.entry(None, "direction").data
    assert 1 == bench.notes.count("direction")
    assert "slow" == bench.entry(None, "end").data["why"]


async def test_a_driver_that_does_without_of_itself_names_its_own_reason(bench: Bench) -> None:
    """Nobody was asked: the reason is the error."""
    bench.gateway.answers |= {"attach": [refused()], "undo:stop": [refused()]}
    with pytest.raises(NeedsPerson):
        await runs(bench)

    await back(bench, salvage=False)

    assert {"why": "as it was", "salvage": False, "asked": False} == bench.entry(None, "direction").data


async def test_what_somebody_else_started_goes_back_once_a_person_has_said_so(bench: Bench) -> None:
    """The start has its rows already; the word of the person is written down, and its undo comes first."""
    start = act("start", Phase.BRING_UP, befores=asks(lambda: ["it was started at 9"]), traces=asks(dict))
    steps = recipe(*a_recipe()[:3], act("check"), replace(start, taken_back=undo("start")))
    bench.gateway.answers["check"] = [refused()]
    with pytest.raises(NeedsPerson):
        await runs(bench, *steps)

    await back(bench, *steps, why="discard it")

    assert ["made", "done"] == bench.rows("start")
    assert "undo:start" == bench.gateway.keys[4]
    assert {"why": "discard it", "salvage": True, "asked": True} == bench.entry(None, "direction").data


# -- what is settled ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("operation", [CREATE, COPY])
@pytest.mark.parametrize(("older", "ours"), [(CLOCK_SKEW, True), (CLOCK_SKEW + 1, False)])
async def test_what_is_older_than_its_intent_is_nobody_of_ours_to_undo(
    bench: Bench, older: float, ours: bool, operation: str
) -> None:
    """While an open intent is settled, too, however long it is looked for: another's with the same tags is not deleted."""
    there = asks(lambda: Found({"id": "vol-9"}, created=bench.began - older))
    steps = a_recipe(copy=act("copy", operation=operation, finds=there, taken_back=undo("copy", Phase.CLEAN)))
    bench.gateway.answers["copy"] = [Died()]
    with pytest.raises(Died):
        await runs(bench, *steps)

    await back(bench, *steps)

    assert (["intent", "made" if ours else "void"], ours) == (bench.rows("copy")[:2], "undo:copy" in bench.gateway.keys)


async def test_every_open_intent_is_settled(bench: Bench) -> None:
    """Lanes were side by side: behind a state that was perhaps set stands what was perhaps made."""
    copy = act(
        "copy", operation=CREATE, finds=asks(lambda: Found({"id": "vol-9"})), taken_back=undo("copy", Phase.CLEAN)
    )
    steps = a_recipe(copy=copy)
    engine = bench.engine(*steps)
    for key in ("stop", "copy"):
        engine._row(key, "intent")
    bench.clock.advance(3600)

    await back(bench, *steps)

    assert (["intent", "made"], {"id": "vol-9"}) == (bench.rows("stop"), bench.entry("copy", "made").data)
    assert ["undo:stop", "undo:copy"] == bench.gateway.keys


@pytest.mark.parametrize("waited", [None, waits(lambda: DONE)], ids=["nothing tells", "it is up"])
async def test_a_start_that_was_made_has_run_in_doubt(bench: Bench, waited: Any) -> None:
    """Its check differs, and it did not come to nothing: what ran may have written, and a person decides."""
    start = act(
        "start", Phase.BRING_UP, waited=waited, checks=asks(lambda: ["differs"]), traces=asks(dict),
        taken_back=undo("start"),
    )  # fmt: skip

    with pytest.raises(NeedsPerson):
        await runs(bench, *a_recipe(start=start))

    assert ["intent", "made", "done"] == bench.rows("start")
    assert [] == [k for k in bench.gateway.keys if k.startswith("undo")]


@pytest.mark.parametrize(("older", "ours"), [(0.0, True), (CLOCK_SKEW + 1, False)])
async def test_what_ran_before_our_start_was_sent_is_not_our_start(bench: Bench, older: float, ours: bool) -> None:
    """No answer came: what is found has to be as young as its intent."""
    there = asks(lambda: Found({}, created=bench.began - older))
    start = act(
        "start", Phase.BRING_UP, operation=CREATE, finds=there, traces=asks(lambda: {"at": 8}), taken_back=undo("start")
    )
    bench.gateway.answers["start"] = [CallError("no answer", operation=CREATE, retry=Retry.FATAL, ambiguous=True)]
    engine = bench.engine(*a_recipe(start=start))

    if ours:
        with pytest.raises(NeedsPerson):
            await bench.act(engine.run())
    else:
        await bench.act(engine.run())

    assert (ours, "done" if ours else "void") == (engine.state.brought_up is not None, bench.rows("start")[-1])


async def test_without_a_watchdog_an_undo_is_sent_and_not_looked_for(bench: Bench) -> None:
    """Nobody else can have done it."""
    back_to = undo("stop", finds=asks(lambda: Found({})))
    bench.gateway.answers["copy"] = [refused()]

    await runs(bench, *a_recipe(stop=act("stop", quiesces=True, takes_down=True, taken_back=back_to)))

    assert "undo:stop" in bench.gateway.keys


async def test_a_status_that_strays_for_a_moment_again_and_again_is_waited_out(bench: Bench) -> None:
    """Only one that stays astray tells that somebody else is at it."""

    def look() -> Seen:
        passed = bench.clock.now() - bench.began
        if passed > 300:
            return DONE
        return Seen(state="running", stray="it was started" if passed % 100 < 50 else "")

    needed = undo("stop", needed=waits(look))
    bench.gateway.answers["copy"] = [refused()]

    await runs(bench, *a_recipe(stop=act("stop", quiesces=True, takes_down=True, taken_back=needed)))

    assert "undo:stop" in bench.gateway.keys


async def test_what_this_machine_does_by_itself_is_said_in_words(bench: Bench) -> None:
    """No command of AWS's does it: among those that a person is given stands its title."""
    hook = act("hook", taken_back=undo("hook", operation="local:RunHook"))
    steps = recipe(*a_recipe()[:1], hook, *a_recipe()[1:])
    bench.gateway.answers |= {"copy": [refused()]}

    async def says_no(*_: Any) -> dict[str, Any]:
        raise SealiftError("the hook says no")

    with pytest.raises(NeedsPerson) as caught:
        await bench.act(bench.engine(*steps, local={"local:RunHook": says_no}).run())

    assert "By hand, in this order: do undo:hook; aws ec2 stop-instances" in str(caught.value.remedy)


async def test_a_start_that_came_to_nothing_is_not_sent_again_unseen(bench: Bench) -> None:
    """Its driver wrote so and died: the next one fails as that one would have, and does not start it in its place."""
    start = act("start", Phase.BRING_UP, waited=waits(lambda: Seen(failed="no room", unused=True)), traces=asks(dict))
    engine = bench.engine(start)
    engine._row("start", "intent")
    engine._row("start", "void", {})

    with pytest.raises(WaitFailed, match="no room") as caught:
        await bench.act(engine.try_once(start))

    assert ([], "start") == (bench.gateway.keys, caught.value.step)


async def test_a_start_that_may_have_run_is_sent_again(bench: Bench) -> None:
    """Nothing tells that it came to nothing."""
    looks = [Seen(failed="it broke")]
    start = act("start", Phase.BRING_UP, waited=waits(lambda: looks.pop() if looks else DONE))
    engine = bench.engine(start)
    engine._row("start", "intent")

    await bench.act(engine.try_once(start))

    assert (["start"], "done") == (bench.gateway.keys, bench.rows("start")[-1])


async def test_a_start_without_a_trace_comes_to_nothing_without_a_read(bench: Bench) -> None:
    """What it left is nothing: it goes back by itself."""
    start = act("start", Phase.BRING_UP, waited=waits(lambda: Seen(failed="no room", unused=True)))

    engine = await runs(bench, *a_recipe(start=start))

    assert ("rolled-back", "void", None) == (engine.state.end, bench.rows("start")[-1], engine.state.brought_up)


# -- who is served -----------------------------------------------------------------------------------------------------


async def test_a_way_back_serves_nobody_before_service_is_back(bench: Bench) -> None:
    """Every step of the way there is done, and the way back has fenced: neither its driver nor the one after takes that for
    service.
    """
    steps = a_recipe(start=act("start", Phase.BRING_UP, taken_back=undo("start", fences=True)))
    await runs(bench, *steps)
    bench.gateway.answers["undo:attach"] = [Died()]
    with pytest.raises(Died):
        await back(bench, *steps, why="slow")

    await runs(bench, *steps)

    order = [(e.step, e.what) for e in bench.journal.entries(bench.migration)]
    between = order[order.index(("undo:start", "intent")) : order.index(("undo:stop", "done"))]
    assert (None, "up") not in between


async def test_writers_are_served_as_the_last_step_that_keeps_them_waiting_is_done(bench: Bench) -> None:
    """Where nothing else was done before, too: not only at the end."""
    steps = a_recipe()
    await runs(bench, *recipe(steps[0], steps[3], steps[4]))

    order = [(e.step, e.what) for e in bench.journal.entries(bench.migration)]
    assert order.index(("start", "done")) < order.index((None, "up")) < order.index(("tags", "intent"))


@pytest.mark.parametrize(
    ("flags", "readers", "who"),
    [
        ({"fences": True}, (Span("stop", "start"),), [WRITERS, READERS]),
        ({"renames": True}, (Span("stop", "start"),), [READERS]),
        ({}, (Span("stop", "start"),), []),
        ({"fences": True}, (), [WRITERS]),
        ({"renames": True}, (), []),
    ],
    ids=["it fences", "it renames", "neither", "it fences, without replicas", "it renames, without replicas"],
)
async def test_on_the_way_back_who_gets_nothing_is_what_its_steps_say(
    bench: Bench, flags: dict[str, bool], readers: Any, who: list[str]
) -> None:
    """Once it was brought up: what fences takes service from all, what renames from those that read from replicas, where there are
    any.
    """
    steps = a_recipe(start=act("start", Phase.BRING_UP, taken_back=undo("start", **flags)))
    await runs(bench, *steps, readers=readers)
    before = [e.seq for e in bench.journal.entries(bench.migration)][-1]

    await back(bench, *steps, why="slow", readers=readers)

    story = [e for e in bench.journal.entries(bench.migration) if e.seq > before]
    assert who == [e.data["who"] for e in story if e.what == "down"]


async def test_what_names_what_was_made_is_confirmed_at_acceptance(bench: Bench) -> None:
    """Only what was not made keeps it from being done."""
    tags = act("tags", Phase.CONFIRM, wants=(Ref("copy", "id"),))
    bench.gateway.answers["tags"] = [refused()]
    copy = act("copy", operation=CREATE, gives={"id": "vol-9"}, outputs=("id",), taken_back=undo("copy", Phase.CLEAN))
    steps = a_recipe(tags=tags, copy=copy)
    with pytest.raises(NeedsPerson):
        await runs(bench, *steps)

    await bench.act((engine := bench.engine(*steps)).accept())

    assert ([], ("vol-9",)) == (engine.leftovers, bench.gateway.calls[-1].params["wants"])


async def test_what_is_confirmed_at_acceptance_may_be_waited_for(bench: Bench) -> None:
    """Nothing has failed beside it."""
    looks = [NOT_YET, DONE]
    tags = act("tags", Phase.CONFIRM, waited=waits(lambda: looks.pop(0)))
    bench.gateway.answers["tags"] = [refused()]
    with pytest.raises(NeedsPerson):
        await runs(bench, *a_recipe(tags=tags))

    await bench.act((engine := bench.engine(*a_recipe(tags=tags))).accept())

    assert ([], "done") == (engine.leftovers, bench.rows("tags")[-1])
