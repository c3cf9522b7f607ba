"""What is given up is at an end: what lives on without it is taken back, what is left of it is named, and nothing is deleted."""

from dataclasses import replace
from typing import Any

import pytest

from sealift.engine import Gone
from sealift.errors import CallError, CredentialsLost, NeedsPerson, Retry, SealiftError
from sealift.journal import State
from sealift.recipe import recipe
from sealift.step import Phase, Ref, Seen, Switch
from tests.engine.scripted import COPY, CREATE, DONE, STOP, WEB, Bench, act, asks, undo, waits

ITEMS = ("HealthCheck",)
OFF = Switch("web", on=True, items=ITEMS)


def refused(key: str = "x") -> CallError:
    return CallError(f"{key} refused", operation=STOP, retry=Retry.REFUSED)


def lost() -> CredentialsLost:
    return CredentialsLost("the session is over", operation=STOP, retry=Retry.FATAL)


def surrounded(*confirm: Any, start: Any = None, **off: Any) -> tuple[Any, ...]:
    """Return a recipe that turns a shared switch off, reserves room, stops, copies, starts, and what confirms that."""
    on = undo("off", turns=Switch("web", on=False, items=ITEMS), surrounds=True)
    left = asks(lambda: [*ITEMS])  # nobody has turned them yet
    free = undo("room", Phase.CLEAN, volume="cr-1", surrounds=True)
    return recipe(
        act("room", Phase.PREPARE, operation=CREATE, volume="cr-1", taken_back=free),
        act("off", **{"turns": replace(OFF, unturned=left), "finds": left, "taken_back": on, **off}),
        act("stop", quiesces=True, takes_down=True, taken_back=undo("stop")),
        act(
            "copy",
            operation=COPY,
            gives={"id": "v"},
            taken_back=undo("copy", Phase.CLEAN, operation="ec2:DeleteVolume"),
        ),
        start or act("start", Phase.BRING_UP, taken_back=undo("start")),
        *confirm,
    )


async def stuck(bench: Bench, *steps: Any, **more: Any) -> Any:
    """Let the copy be refused, and the stop not be taken back."""
    bench.gateway.answers |= {"copy": [refused("copy")], "undo:stop": [refused("undo:stop")]}
    with pytest.raises(NeedsPerson) as caught:
        await bench.act(bench.engine(*steps, **more).run())
    bench.gateway.sent.clear()
    return caught.value


async def given_up(bench: Bench, *steps: Any, ended: bool = True) -> Any:
    engine = bench.engine(*steps)
    await bench.act(engine.give_up(Gone("neither is left", lost=True, ended=ended)))
    return engine


async def test_a_way_back_that_is_given_up_takes_back_what_lives_on_without_its_target(bench: Bench) -> None:
    """A switch that others share, and what is paid for; nothing is deleted, started or put back."""
    steps = surrounded()
    await stuck(bench, *steps)
    assert bench.journal.holds(WEB, bench.migration)

    engine = await given_up(bench, *steps)

    assert ["undo:off", "undo:room"] == bench.gateway.keys
    assert ("given-up", "neither is left", []) == (engine.state.end, engine.state.why, engine.leftovers)
    assert not bench.journal.holds(WEB, bench.migration)
    assert ((), ()) == bench.journal.switch_owed(WEB, "mig-another", ())


async def test_nobody_is_said_to_be_served_by_what_is_given_up(bench: Bench) -> None:
    """Its outage is counted no longer: the row says that it did not end well."""
    steps = surrounded()
    await stuck(bench, *steps)
    engine = await given_up(bench, *steps)

    assert engine.state.down_since() is None
    assert False is bench.entry(None, "up").data["for_good"]


async def test_who_is_served_when_it_ends_well_is_said_to_be(bench: Bench) -> None:
    """Whatever was counted until then."""
    engine = bench.engine(*surrounded())
    engine._outage("down", "writers")
    engine._end("retained")
    assert "for_good" not in bench.entry(None, "up").data


async def test_what_waits_for_the_target_itself_is_named_and_not_tried(bench: Bench) -> None:
    """A member that is terminated comes into no service: how to give it back to its group is said, once."""
    back = undo("off", volume="i-1", surrounds=True, waited=waits(Seen, "i-1"))
    steps = surrounded(turns=None, taken_back=back)
    await stuck(bench, *steps)

    engine = await given_up(bench, *steps)

    assert ["undo:room"] == bench.gateway.keys
    (left,) = engine.leftovers
    assert left.startswith("i-1: do undo:off: not done, for it is gone. By hand: aws ec2 stop-instances")


async def test_what_cannot_be_taken_back_is_named_with_its_command(bench: Bench) -> None:
    """The rest is taken back all the same."""
    steps = surrounded()
    await stuck(bench, *steps)
    bench.gateway.answers["undo:off"] = [refused("undo:off")]

    engine = await given_up(bench, *steps)

    assert ["undo:off", "undo:room"] == bench.gateway.keys
    (left,) = engine.leftovers
    assert left.startswith("vol-1: do undo:off: undo:off refused")
    assert ". By hand: " in left


async def test_what_names_something_that_was_never_made_has_no_command(bench: Bench) -> None:
    """It is named all the same."""
    end = act("disarm", Phase.CONFIRM, surrounds=True, wants=(Ref("copy", "arm"),))
    steps = surrounded(act("health", Phase.CONFIRM, asks_health=True), end)
    bench.gateway.answers["health"] = [refused("health")]
    with pytest.raises(NeedsPerson):
        await bench.act(bench.engine(*steps).run())

    engine = await given_up(bench, *steps)

    assert ["vol-1: do disarm: it needs what was not made: do copy"] == engine.leftovers


async def test_of_a_target_that_is_there_the_commands_are_named_that_put_back_what_is_left(bench: Bench) -> None:
    """Nothing of ours does it any more; of one that is gone none is."""
    steps = surrounded()
    await stuck(bench, *steps)

    engine = await given_up(bench, *steps, ended=False)

    (left,) = engine.leftovers
    assert left.startswith("i-1: not put back. By hand, in this order, what is left of it: aws ec2 stop-instances")
    assert 1 == left.count("aws ")


async def test_the_commands_leave_out_what_is_lost_and_are_named_once(bench: Bench) -> None:
    """Whoever gives up once more, after the first died in it, reads them once."""
    steps = surrounded()
    await stuck(bench, *steps)
    engine, gone = bench.engine(*steps), Gone("root is lost", lost=True, parts=("root",))
    for _ in range(2):
        engine._name_what_is_not_back(gone)
    assert 1 == len(engine.state.leftovers)
    lanes = [replace(s, lane="root") for s in engine._way_back_of_all()]
    assert [] == engine._commands_for(lanes, gone.parts)
    assert engine._commands_for(lanes, ("data",))


async def test_what_is_put_back_after_all_is_not_said_to_be_left(bench: Bench) -> None:
    """Who gave it up had died half-way; then what was lost is fetched, and the way back goes on."""
    steps = surrounded()
    await stuck(bench, *steps)
    bench.engine(*steps)._name_what_is_not_back(Gone("lost", lost=True))
    engine = bench.engine(*steps)

    await bench.act(engine.run())

    assert ("rolled-back", []) == (engine.state.end, engine.leftovers)


@pytest.mark.parametrize("ended", [False, True])
async def test_what_is_in_its_group_again_is_not_asked_about(bench: Bench, ended: bool) -> None:
    """Whatever is lost of a target that is confirmed: what is done is neither named nor done anew."""
    on = act("on", Phase.CONFIRM, surrounds=True, volume="i-1", waited=waits(lambda: DONE, "i-1"))
    steps = surrounded(on)
    await bench.act(bench.engine(*steps).run())
    bench.gateway.sent.clear()

    engine = await given_up(bench, *steps, ended=ended)

    assert ([], []) == (bench.gateway.keys, engine.leftovers)


@pytest.mark.parametrize("salvage", [True, False])
async def test_after_bring_up_the_commands_keep_what_was_written_as_it_was_wanted(bench: Bench, salvage: bool) -> None:
    """They are those of a way back from bring-up: a safety snapshot is among them where the person has asked for it."""
    safety = act("safety:copy", Phase.RESTORE, operation=CREATE)
    once_up = undo("copy", operation="ec2:DetachVolume")
    copy = act(
        "copy", operation=COPY, gives={"id": "v"}, taken_back=undo("copy"), taken_back_once_up=once_up, kept_by=safety
    )
    steps = recipe(
        act("stop", quiesces=True, takes_down=True, taken_back=undo("stop")),
        copy,
        act("start", Phase.BRING_UP, taken_back=undo("start")),
        act("health", Phase.CONFIRM, asks_health=True),
    )
    bench.gateway.answers |= {"health": [refused("health")], "undo:start": [refused("undo:start")]}
    with pytest.raises(NeedsPerson):
        await bench.act(bench.engine(*steps).run())
    with pytest.raises(NeedsPerson):
        await bench.act(bench.engine(*steps).go_back(SealiftError("so"), salvage=salvage, why="so"))

    engine = await given_up(bench, *steps, ended=False)

    (left,) = engine.leftovers
    assert (salvage, True) == ("aws ec2 create-snapshot" in left, "aws ec2 stop-instances" in left)
    assert ("aws ec2 detach-volume" in left) is salvage  # or the replacement stays as it is


async def test_a_replacement_that_is_given_up_has_taken_back_what_a_confirmation_would(bench: Bench) -> None:
    """What was named as left over of it is mended by that; its tags are not set any more, nor its cutover ended."""
    on = act("on", Phase.CONFIRM, turns=Switch("web", on=False, items=ITEMS), surrounds=True)
    steps = surrounded(act("health", Phase.CONFIRM, asks_health=True), on, act("tags", Phase.CONFIRM))
    bench.gateway.answers |= {"health": [refused("health")], "on": [refused("on")]}
    with pytest.raises(NeedsPerson):
        await bench.act(bench.engine(*steps).run())
    await bench.act((kept := bench.engine(*steps)).accept())
    assert ["retained", 1] == [kept.state.end, len(kept.leftovers)]
    bench.gateway.sent.clear()

    engine = await given_up(bench, *steps)

    assert ["on"] == bench.gateway.keys
    assert ("given-up", []) == (engine.state.end, engine.leftovers)


async def test_who_loses_credentials_while_it_is_given_up_can_go_on(bench: Bench) -> None:
    """It has not ended, says what ends it, and the next one does."""
    steps = surrounded()
    await stuck(bench, *steps)
    bench.gateway.answers["undo:room"] = [lost()]

    with pytest.raises(SealiftError, match="the session is over") as caught:
        await given_up(bench, *steps)
    assert f"sealift accept {bench.migration}" in str(caught.value.remedy)
    engine = await given_up(bench, *steps)

    assert ["undo:off", "undo:room", "undo:room"] == bench.gateway.keys
    assert "given-up" == engine.state.end


@pytest.mark.parametrize("ended", [False, True])
async def test_a_way_back_that_has_lost_a_part_says_what_ends_it(bench: Bench, ended: bool) -> None:
    """No command of ours goes on with it. What is left of it can be put back by hand, where the target is there still."""

    async def gone(state: State) -> Gone:
        assert ("back", bench.migration) == (state.direction, state.id)
        return Gone("neither is left", lost=True, ended=ended)

    said = await stuck(bench, *surrounded(), gone=gone)

    whole = "" if ended else " as a whole"
    asked = f"It can neither be kept nor put back{whole}: neither is left. Give it up for good: sealift accept"
    assert said.remedy.startswith(f"{asked} {bench.migration}.")
    assert ended is said.remedy.endswith(f"accept {bench.migration}.")
    assert ended is not (" By hand, in this order: aws ec2 stop-instances" in said.remedy)
    assert "sealift resume" not in said.remedy
    assert bench.journal.state(bench.migration).lost


async def test_a_way_back_that_has_lost_nothing_is_resumed(bench: Bench) -> None:
    """When it is mended."""
    said = await stuck(bench, *surrounded())
    assert f"When it is mended: sealift resume {bench.migration}. By hand, in this order: " in said.remedy
    assert not bench.journal.state(bench.migration).lost


# -- the last copy -----------------------------------------------------------------------------------------------------


def copied(*answers: Any) -> tuple[Any, ...]:
    """Return a recipe with a snapshot for each answer to what has become of what it was taken of; then its cutover fails."""
    warm = (
        act(
            f"warm:{n}",
            Phase.PREPARE,
            operation=CREATE,
            volume=f"vol-{n}",
            orphans=answer,
            taken_back=undo(f"warm:{n}", Phase.CLEAN, volume=f"snap-{n}", operation="ec2:DeleteSnapshot"),
        )
        for n, answer in enumerate(answers)
    )
    return recipe(*warm, act("stop", quiesces=True, takes_down=True, taken_back=undo("stop")))


async def put_back(bench: Bench, *answers: Any) -> Any:
    bench.gateway.answers["stop"] = [refused("stop")]
    engine = bench.engine(*copied(*answers))
    await bench.act(engine.run())
    return engine


async def test_a_copy_of_what_is_gone_is_kept_and_named(bench: Bench) -> None:
    """Any of the reads that say so will do; what it was taken of is there where all say nothing."""
    there, gone = asks(lambda: ""), asks(lambda: "is gone")

    engine = await put_back(bench, (there,), (there, gone), (), (gone,))

    assert ["undo:warm:0", "undo:warm:2"] == sorted(k for k in bench.gateway.keys if k.startswith("undo:warm"))
    kept = [f"snap-{n}: kept: vol-{n}, of which it is a copy, is gone" for n in (1, 3)]
    assert kept == engine.leftovers
    assert "rolled-back" == engine.state.end


async def test_a_copy_is_kept_where_nobody_can_tell_what_has_become_of_its_source(bench: Bench) -> None:
    """A read that is refused is no reason to delete it."""
    bench.gateway.unread["ec2:DescribeVolumes"] = refused("the read")

    engine = await put_back(bench, (asks(lambda: ""),))

    assert "undo:warm:0" not in bench.gateway.keys
    assert [
        "snap-0: kept: vol-0, of which it is a copy, cannot be told to be there: the read refused"
    ] == engine.leftovers


async def test_who_has_lost_the_lease_says_nothing_of_copies(bench: Bench) -> None:
    """Somebody else drives it: nothing is named or deleted."""
    bench.gateway.unread["ec2:DescribeVolumes"] = lost()

    with pytest.raises(SealiftError, match="the session is over"):
        await put_back(bench, (asks(lambda: ""),))

    assert "undo:warm:0" not in bench.gateway.keys
    assert [] == bench.journal.state(bench.migration).leftovers


async def test_what_is_deleted_already_is_not_asked_about(bench: Bench) -> None:
    """A way back that was cut off and goes on."""
    bench.gateway.answers |= {"undo:warm:0": [lost()]}
    there = asks(lambda: "")
    with pytest.raises(SealiftError, match="the session is over"):
        await put_back(bench, (there,), (there,))
    done = [k for k in ("undo:warm:0", "undo:warm:1") if "done" in bench.rows(k)]
    bench.gateway.reads.clear()

    await bench.act(bench.engine(*copied((there,), (there,))).run())

    assert 2 - len(done) == len(bench.gateway.reads)
