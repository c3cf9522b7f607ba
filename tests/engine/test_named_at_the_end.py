"""What a way back, or a confirmation, says of what is not as it should be; and for whom it waits before it says so."""

from dataclasses import replace
from typing import Any

import pytest

from sealift.engine import ABSENCE_BELIEVED, CLOCK_SKEW, REQUEST_LIFE, STRAY_FOR
from sealift.errors import CallError, NeedsPerson, Refused, Retry, SealiftError
from sealift.recipe import Lanes, recipe
from sealift.step import Found, Phase, Ref, Seen, Switch
from tests.engine.scripted import COPY, CREATE, STOP, WEB, Act, Bench, Died, act, asks, undo, waits

READY = Seen(done=True, state="available")
BY_HAND = "Then by hand: aws ec2 stop-instances"
LOST = "it is gone, and what was written to it since bring-up with it"


def moved(
    *, copy: Act | None = None, start: Act | None = None, then: tuple[Any, ...] = (), **stop: Any
) -> tuple[Any, ...]:
    """Return a recipe: warm, stop, copy, start, and what follows."""
    return recipe(
        act("warm", Phase.PREPARE, taken_back=undo("warm", Phase.CLEAN)),
        act("stop", quiesces=True, takes_down=True, **{"taken_back": undo("stop"), **stop}),
        copy or act("copy", operation=COPY, gives={"id": "v"}, taken_back=undo("copy", Phase.CLEAN)),
        start or act("start", Phase.BRING_UP, taken_back=undo("start")),
        *then,
    )


def refused(key: str = "x") -> CallError:
    return CallError(f"{key} refused", operation=STOP, retry=Retry.REFUSED)


async def runs(bench: Bench, *steps: Any) -> Any:
    engine = bench.engine(*steps)
    await bench.act(engine.run())
    return engine


async def back(bench: Bench, *steps: Any, **more: Any) -> Any:
    engine = bench.engine(*steps)
    await bench.act(engine.go_back(SealiftError("a person said so"), **more))
    return engine


async def accepted(bench: Bench, *steps: Any) -> Any:
    """What runs needs a person, who keeps the replacement."""
    with pytest.raises(NeedsPerson):
        await runs(bench, *steps)
    engine = bench.engine(*steps)
    await bench.act(engine.accept())
    return engine


# -- what was put back, and is off again -------------------------------------------------------------------------------


def put_back(*finds: Any) -> tuple[Any, ...]:
    """Return a recipe whose stop is taken back by putting a volume on, once for each answer to where it is."""
    ons = (undo(f"on:{n}", exposes=True, volume=f"vol-{n}", finds=query) for n, query in enumerate(finds))
    return moved(taken_back=(*ons, undo("stop", finds=asks(lambda: None))))


async def test_what_somebody_has_taken_off_since_it_was_put_back_is_named(bench: Bench) -> None:
    """The end says that all is as before: what is there still is not named, nor what only sets a state."""
    bench.gateway.answers["copy"] = [refused()]

    engine = await runs(bench, *put_back(asks(lambda: Found({})), asks(lambda: None), None))

    why = "do undo:on:1: somebody has taken it off again"
    assert ("rolled-back", [f"vol-1: {why}"]) == (engine.state.end, engine.leftovers)
    assert {"step": "undo:on:1", "resource": "vol-1", "why": why} == bench.entry(None, "leftover").data
    assert ["undo:on:1"] == [e.step for e in bench.told("leftover")]


async def test_where_nobody_can_tell_whether_it_is_still_on_the_next_one_is_looked_at(bench: Bench) -> None:
    """The originals serve: a read that is refused is no reason to say anything else."""
    bench.gateway.answers["copy"] = [refused()]
    bench.gateway.unread["ec2:DescribeTags"] = refused()

    engine = await runs(bench, *put_back(asks(lambda: None, "ec2:DescribeTags"), asks(lambda: None)))

    assert ["vol-1: do undo:on:1: somebody has taken it off again"] == engine.leftovers
    assert "rolled-back" == engine.state.end


# -- what is left for a person to do -----------------------------------------------------------------------------------


async def test_what_somebody_else_keeps_from_being_confirmed_is_named_with_its_command(bench: Bench) -> None:
    """No command of ours does it later. What was merely refused says why, and no more."""
    touched = act("touched", Phase.CONFIRM, befores=asks(lambda: ["somebody has changed it"]))
    bench.gateway.answers["tags"] = [refused("tags")]

    engine = await accepted(bench, *moved(then=(touched, act("tags", Phase.CONFIRM))))

    changed, tags = engine.leftovers
    assert changed.startswith(
        f"vol-1: do touched: somebody has changed it. {BY_HAND} --region eu-central-1 --key touched "
    )
    assert "vol-1: do tags: tags refused" == tags


def switches(*planned: str) -> Act:
    """Return what turns a switch back, and does not while the instance is stopped."""
    return act("on", Phase.CONFIRM, turns=Switch("web", False, planned), befores=asks(lambda: ["it is stopped"]))


def holds(bench: Bench, migration: str, *items: str) -> None:
    bench.journal.switch_on(WEB, migration)
    bench.journal.owe(WEB, migration, items)


async def test_what_is_left_of_a_switch_is_what_the_journal_says_is_owed(bench: Bench) -> None:
    """Not what was planned, which saw it turned by another; the command of ours that heeds the others comes first."""
    holds(bench, bench.migration, "Terminate")

    engine = await accepted(bench, *moved(then=(switches(),)))

    first = f"Then: sealift accept {bench.migration}, or by hand while no other migration needs it off: aws ec2"
    (left,) = engine.leftovers
    assert left.startswith(f"vol-1: do on: it is stopped. {first} stop-instances")
    assert "Terminate" in left
    assert ("Terminate",) == bench.journal.switch_off(WEB, bench.migration, ())


async def test_while_others_hold_a_switch_nothing_is_to_be_done_by_hand_before_they_rest(bench: Bench) -> None:
    """They are named, and one of them turns back all of it."""
    holds(bench, bench.migration, "Terminate")
    holds(bench, "mig-other", "HealthCheck")

    engine = await accepted(bench, *moved(then=(switches("planned"),)))

    (left,) = engine.leftovers
    first = "mig-other will turn it back at its end, or by hand only once mig-other has come to rest: aws ec2"
    assert f"it is stopped. {first} stop-instances" in left
    assert (True, True, False) == tuple(item in left for item in ("Terminate", "HealthCheck", "planned"))
    assert ("HealthCheck", "Terminate") == bench.journal.switch_off(WEB, "mig-other", ())


async def test_all_who_hold_a_switch_have_to_rest_before_anything_is_done_by_hand(bench: Bench) -> None:
    """Each of them is named."""
    for migration in (bench.migration, "mig-a", "mig-b"):
        holds(bench, migration, "Terminate")

    engine = await accepted(bench, *moved(then=(switches(),)))

    assert "or by hand only once mig-a and mig-b have come to rest: aws ec2" in engine.leftovers[0]


async def test_where_the_journal_that_counted_it_in_is_lost_what_was_planned_is_left_of_a_switch(bench: Bench) -> None:
    """Nothing else says what ran before."""
    engine = await accepted(bench, *moved(then=(switches("planned"),)))

    (left,) = engine.leftovers
    assert "while no other migration needs it off: aws ec2 stop-instances" in left
    assert "planned" in left


async def test_where_nothing_is_owed_of_a_switch_no_command_is_printed(bench: Bench) -> None:
    """Whatever was planned."""
    holds(bench, bench.migration)
    engine = await accepted(bench, *moved(then=(switches("planned"),)))
    assert ["vol-1: do on: it is stopped"] == engine.leftovers


async def test_who_is_killed_as_it_turns_a_switch_once_more_on_its_way_back_turns_it_all_the_same(bench: Bench) -> None:
    """It was counted out when it came to rest, and is counted in again before the request left."""
    holds(bench, bench.migration, "Terminate")
    again = undo("on", turns=Switch("web", True, ("Terminate",)))
    on = replace(switches("Terminate"), taken_back_once_up=again)
    await accepted(bench, *moved(then=(on,)))
    bench.gateway.answers["undo:on"] = [Died()]
    with pytest.raises(Died):
        await back(bench, *moved(then=(on,)), why="rollback")
    assert bench.journal.holds(WEB, bench.migration)

    engine = await back(bench, *moved(then=(on,)), why="rollback")

    assert ("rolled-back", ["undo:on", "undo:on"]) == (
        engine.state.end,
        [key for key in bench.gateway.keys if key == "undo:on"],
    )


def turned_once_more(**more: Any) -> Act:
    """Return what turns a switch back, and is turned once more on a way back."""
    again = undo("on", turns=Switch("web", True, ("Terminate",)))
    return replace(switches("Terminate"), taken_back=again, **more)


async def test_who_still_holds_a_switch_does_not_turn_it_once_more_on_its_way_back(bench: Bench) -> None:
    """It was not counted out: nobody can have turned it back since."""
    holds(bench, bench.migration, "Terminate")
    steps = moved(then=(act("health", Phase.CONFIRM, asks_health=True), turned_once_more()))
    bench.gateway.answers["health"] = [refused()]
    with pytest.raises(NeedsPerson):
        await runs(bench, *steps)

    engine = await back(bench, *steps, why="slow")

    assert ("rolled-back", False) == (engine.state.end, "undo:on" in bench.gateway.keys)


async def test_who_goes_back_before_bring_up_turns_no_switch_once_more(bench: Bench) -> None:
    """It has not come to rest, and may not have counted in: what it would turn is not its own."""
    bench.gateway.answers["copy"] = [refused()]

    engine = await runs(bench, *moved(then=(turned_once_more(),)))

    assert ("rolled-back", False) == (engine.state.end, "undo:on" in bench.gateway.keys)


async def test_what_a_confirmation_has_not_turned_off_is_not_turned_back_on_a_way_back(bench: Bench) -> None:
    """Only what was to be turned back is turned once more."""
    off = turned_once_more(turns=Switch("web", True, ("Terminate",)))

    await accepted(bench, *moved(then=(off,)))
    engine = await back(bench, *moved(then=(off,)), why="slow")

    assert ("rolled-back", False) == (engine.state.end, "undo:on" in bench.gateway.keys)


async def test_what_names_what_was_never_made_has_no_command_by_hand(bench: Bench) -> None:
    """It follows in a lane that somebody else has brought to a halt: there is nothing that could be typed."""
    touched = act("touched", Phase.CONFIRM, outputs=("id",), befores=asks(lambda: ["somebody has changed it"]))
    after = act("after", Phase.CONFIRM, wants=(Ref("touched", "id"),))

    engine = await accepted(bench, *moved(then=(Lanes({"a": [touched, after], "b": [act("b", Phase.CONFIRM)]}),)))

    first, second = engine.leftovers
    assert BY_HAND in first
    assert "vol-1: do after: somebody has changed it" == second


async def test_what_a_way_back_does_not_clean_is_named_without_a_command(bench: Bench) -> None:
    """Somebody has touched it: it is theirs by now."""
    theirs = asks(lambda: ["somebody has changed it"])
    copy = act("copy", operation=COPY, gives={"id": "v"}, taken_back=undo("copy", Phase.CLEAN, befores=theirs))
    bench.gateway.answers["start"] = [refused()]

    engine = await runs(bench, *moved(copy=copy, start=act("start", Phase.BRING_UP, traces=asks(dict))))

    assert ("rolled-back", ["vol-1: do undo:copy: somebody has changed it"]) == (engine.state.end, engine.leftovers)


@pytest.mark.parametrize(
    ("look", "left"),
    [
        (READY, []),
        (Seen(state="stopped"), ["i-1: it has its replacement, and is 'stopped'"]),
    ],
    ids=["it runs", "it does not"],
)
async def test_who_keeps_what_does_not_run_is_told_so(bench: Bench, look: Seen, left: list[str]) -> None:
    """It may have been stopped since: it is kept all the same."""
    looks = [READY]
    start = act("start", Phase.BRING_UP, waited=waits(lambda: looks.pop() if looks else look))
    health = act("health", Phase.CONFIRM, asks_health=True)
    bench.gateway.answers["health"] = [refused()]

    engine = await accepted(bench, *moved(start=start, then=(health,)))

    assert ("retained", left) == (engine.state.end, engine.leftovers)


async def test_who_keeps_what_cannot_be_looked_at_is_told_nothing_of_it(bench: Bench) -> None:
    """Whether it runs is not known."""
    looks = [READY]
    start = act("start", Phase.BRING_UP, waited=waits(looks.pop))
    health = act("health", Phase.CONFIRM, asks_health=True)
    bench.gateway.answers["health"] = [
        lambda: bench.gateway.unread.update({"ec2:DescribeVolumes": refused()}) or refused()
    ]

    engine = await accepted(bench, *moved(start=start, then=(health,)))

    assert ("retained", []) == (engine.state.end, engine.leftovers)


@pytest.mark.parametrize("turned", [False, True])
async def test_what_somebody_has_taken_off_hinders_only_who_keeps_what_a_way_back_has_begun_on(
    bench: Bench, turned: bool
) -> None:
    """Before one has begun the person has seen what there is."""
    copy = act("copy", operation=COPY, exposes=True, finds=asks(lambda: None), gives={"id": "v"}, outputs=("id",))
    steps = moved(copy=copy, then=(act("health", Phase.CONFIRM, asks_health=True),))
    bench.gateway.answers |= {"health": [refused()], "undo:start": [refused()]}
    with pytest.raises(NeedsPerson):
        await runs(bench, *steps)
    if turned:
        with pytest.raises(NeedsPerson):
            await back(bench, *steps, why="slow")
    engine = bench.engine(*steps)

    if turned:
        with pytest.raises(Refused, match="do copy"):
            await bench.act(engine.accept())
    else:
        await bench.act(engine.accept())

    assert ("needs-person" if turned else "retained") == engine.state.end


async def test_what_somebody_has_undone_and_nothing_mends_is_said_without_a_command(bench: Bench) -> None:
    """What is wrong with it, and no more."""
    stray = waits(lambda: Seen(state="gone", stray="somebody has deleted it"))
    bench.gateway.answers["copy"] = [refused()]

    with pytest.raises(NeedsPerson) as caught:
        await runs(bench, *moved(taken_back=undo("stop", needed=stray, finds=asks(lambda: None))))

    assert "i-1 could not be put back: vol-1: somebody has deleted it" == caught.value.message
    assert bench.passed > STRAY_FOR


# -- requests that may be on the wire ----------------------------------------------------------------------------------


@pytest.mark.parametrize("since", [0.0, 10.0, REQUEST_LIFE - 0.5, REQUEST_LIFE, REQUEST_LIFE + 10])
async def test_what_a_dead_driver_may_have_sent_is_let_arrive_before_it_is_taken_back(
    bench: Bench, since: float
) -> None:
    """From its intent as long as any request lives: later than that nobody waits."""
    bench.gateway.answers["warm"] = [Died()]
    with pytest.raises(Died):
        await runs(bench, *moved())
    bench.clock.advance(since)

    await back(bench, *moved())

    assert [("warm", bench.began), ("undo:warm", bench.began + max(since, REQUEST_LIFE))] == bench.gateway.sent


async def test_while_a_workload_is_down_nobody_waits_for_what_a_dead_driver_may_have_sent(bench: Bench) -> None:
    """Service comes back first."""
    bench.gateway.answers["stop"] = [Died()]
    with pytest.raises(Died):
        await runs(bench, *moved())

    await back(bench, *moved())

    assert ("undo:stop", bench.began) in bench.gateway.sent


# -- what is gone of a replacement -------------------------------------------------------------------------------------


def kept_copy(name: str, past: Any, **keeper: Any) -> Act:
    """Return a copy, and what keeps its writes; `past`: whether it is gone."""
    return act(
        name,
        operation=COPY,
        gives={"id": name},
        kept_by=undo(f"safety:{name}", volume=f"vol-{name}", pasts=asks(past), **keeper),
        taken_back=undo(name, Phase.CLEAN),
    )


async def test_what_is_gone_and_saved_does_not_hide_what_is_gone_and_was_not(bench: Bench) -> None:
    """Each of them is asked for."""
    steps = moved(copy=kept_copy("data", lambda: True))
    steps = recipe(*steps[:3], kept_copy("logs", lambda: True), steps[3])
    engine = await runs(bench, *steps)
    engine._row("undo:safety:data", "made", {"id": "s"})

    engine = await back(bench, *steps, why="slow")

    assert ("rolled-back", [f"vol-logs: {LOST}"]) == (engine.state.end, engine.leftovers)


@pytest.mark.parametrize("since", [0.0, CLOCK_SKEW + 1])
async def test_what_is_older_than_the_call_that_saves_has_saved_nothing(bench: Bench, since: float) -> None:
    """Somebody's snapshot with the same tags: the writes of what is gone are not in it."""
    gone = [False]
    found = asks(lambda: Found({"id": "s"}, created=bench.began - since) if gone[0] else None)
    steps = moved(copy=kept_copy("data", lambda: gone[0], finds=found))
    await runs(bench, *steps)
    bench.gateway.answers["undo:safety:data"] = [Died()]
    with pytest.raises(Died):
        await back(bench, *steps, why="slow")
    gone[0] = True

    engine = await back(bench, *steps, why="slow")

    assert ("rolled-back", [f"vol-data: {LOST}"] if since else []) == (engine.state.end, engine.leftovers)


async def test_what_saves_is_looked_for_until_its_absence_is_believed(bench: Bench) -> None:
    """A snapshot is slow to be listed: what is in it is not said to be lost."""
    gone = [False]
    found = asks(lambda: Found({"id": "s"}) if bench.passed >= ABSENCE_BELIEVED else None)
    steps = moved(copy=kept_copy("data", lambda: gone[0], finds=found, operation=CREATE))
    await runs(bench, *steps)
    bench.gateway.answers["undo:safety:data"] = [Died()]
    with pytest.raises(Died):
        await back(bench, *steps, why="slow")
    gone[0] = True

    engine = await back(bench, *steps, why="slow")

    assert ("rolled-back", [], 1) == (engine.state.end, engine.leftovers, bench.gateway.keys.count("undo:safety:data"))


async def test_what_goes_is_waited_for_by_its_name(bench: Bench) -> None:
    """While it goes: the step that would have kept it, and what it would have kept, are told."""
    looks = [Seen(state="deleting"), Seen(done=True)]
    steps = moved(copy=kept_copy("data", lambda: True, departs=waits(lambda: looks.pop(0), "db-9")))
    await runs(bench, *steps)

    engine = await back(bench, *steps, why="slow")

    assert ("rolled-back", [f"vol-data: {LOST}"]) == (engine.state.end, engine.leftovers)
    first = bench.told("step-waiting")[0]
    assert ("undo:safety:data", "vol-data", "deleting") == (first.step, first.resource, first.data["state"])


async def test_what_does_not_go_after_all_is_saved_as_ever(bench: Bench) -> None:
    """Its deletion came to nothing: it is not waited for without end, and what was written to it is kept."""
    stays = Seen(state="available", stray="its deletion came to nothing")
    steps = moved(copy=kept_copy("data", lambda: True, departs=waits(lambda: stays, "db-9")))
    await runs(bench, *steps)

    engine = await back(bench, *steps, why="slow")

    assert ("rolled-back", []) == (engine.state.end, engine.leftovers)
    assert 1 == bench.gateway.keys.count("undo:safety:data")


async def test_what_does_not_go_after_all_does_not_hide_what_is_gone(bench: Bench) -> None:
    """One is saved as ever, the other is named."""
    stays = Seen(state="available", stray="its deletion came to nothing")
    data = kept_copy("data", lambda: True, departs=waits(lambda: stays, "db-9"))
    steps = moved(copy=data)
    steps = recipe(*steps[:3], kept_copy("logs", lambda: True), steps[3])
    await runs(bench, *steps)

    engine = await back(bench, *steps, why="slow")

    assert ("rolled-back", [f"vol-logs: {LOST}"]) == (engine.state.end, engine.leftovers)
    assert ["undo:safety:data"] == [k for k in bench.gateway.keys if k.startswith("undo:safety")]


async def test_a_copy_of_what_is_gone_is_spared_by_the_way_back_from_bring_up(bench: Bench) -> None:
    """Its way back is another once something ran: what that would delete is kept."""
    deletes = undo("mirror:delete", Phase.CLEAN, volume="vol-m")
    mirror = act("mirror", Phase.CONFIRM, mirrors=True, taken_back=undo("mirror"), taken_back_once_up=deletes)
    steps = moved(copy=kept_copy("data", lambda: True), then=(mirror,))
    await runs(bench, *steps)

    engine = await back(bench, *steps, why="slow")

    kept = "vol-m: kept: it may have what was written since bring-up to what is gone"
    assert ([f"vol-data: {LOST}", kept], False) == (engine.leftovers, "undo:mirror:delete" in bench.gateway.keys)
