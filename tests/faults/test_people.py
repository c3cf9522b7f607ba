"""People and robots in the middle of a run: each is seen, named, and the run ends well or stops safely. A sample; the torture tries all."""

from functools import cache
from typing import Any

import pytest

from sealift.driver import Outcome
from tests.clients import share
from tests.faults.crashes import Tried
from tests.faults.deeds import Deed
from tests.faults.people import DEEDS, try_deeds
from tests.promises.acts import refuse, when
from tests.world import DATA, ROOT, World

SAMPLES: dict[tuple[str, str], dict[str, tuple[str, ...]]] = {
    ("root and data", "snapshot"): {
        "warm:/dev/sdg": (
            "adds a volume after the plan",
            "disables the key",
            "a scheduler starts or stops",
            "detaches a source",
            "stops the instance",
            "changes a source's IOPS",
        ),
        "claim": ("takes our tags off a source", "Data Lifecycle Manager snapshots"),
        "cut": ("starts and stops the instance",),
        "copy:/dev/sdg": ("deletes our snapshot", "deletes our replacement"),
        "flags": (
            "starts the instance by hand",
            "a janitor deletes unattached volumes",
            "terminates the instance",
        ),
        "start": ("detaches our replacement", "changes DeleteOnTermination"),
        "status": ("detaches our replacement",),
    },
    ("group suspended", "clone"): {
        "group:off": ("stops the instance",),
        "start": ("starts and stops the instance",),
        "group:on": ("stops the instance",),
        "serving": ("stops the instance",),
    },
    ("on standby", "clone"): {
        "warm:/dev/xvda": ("stops the instance",),
        "copy:/dev/xvda": ("terminates the instance",),
        "serving": ("stops the instance",),
    },
    ("unattached volume", "copy"): {
        "quiet": ("attaches the source", "changes a source's IOPS"),
        "encrypt:": ("disables the key", "takes our tags off a source"),
        "copy:": ("deletes the source", "deletes our snapshot"),
        "still-quiet": ("attaches the source", "deletes our replacement"),
        "hand-over": ("a janitor deletes unattached volumes",),
    },
    ("sql server with an option group and a managed password", "snapshot"): {
        "warm": ("adds a replica after the plan", "stops the database"),
        "last": ("gives the database its groups back", "reboots the database"),
        "copy": ("renames the database", "disables the key of the database"),
        "restore": ("deletes our database snapshot",),
        "compare": ("deletes the restored database",),
        "writes:new": ("renames the database",),
    },
    ("aurora mysql serverless v2, blue-green", "blue-green"): {
        "claim": ("renames the database", "stops the database"),
        "begin": ("disables the key of the database",),
    },
}
"""By target and route, and by the step before which it is done."""


@pytest.fixture(autouse=True)
def _shared_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    share(monkeypatch)


@cache
def tried(shape: str, route: str) -> list[Tried]:
    """Return what came of a sample."""
    deeds = SAMPLES[shape, route]

    def wanted(step: str, deed: str) -> bool:
        return any(deed in names for begin, names in deeds.items() if step == begin or step.startswith(begin + "vol-"))

    return try_deeds(shape, route, "forward", wanted)


@pytest.mark.parametrize(("shape", "route"), SAMPLES)
def test_whatever_somebody_does_it_ends_well_or_stops_safely(shape: str, route: str) -> None:
    """Some deeds at some moments: nothing is lost, every end names what was done, and goes on once undone."""
    found = tried(shape, route)
    assert [] == [(str(t), t.wrong) for t in found if t.wrong]
    assert 1 + sum(map(len, SAMPLES[shape, route].values())) == len(found)
    assert sum(sum(t.checks.values()) for t in found) > 50 * len(found)


def test_every_deed_is_done() -> None:
    """A deed that AWS always refuses, or that finds nothing to be done to, tests nothing: each takes place in some sample."""
    done = {t.then for case in SAMPLES for t in tried(*case) if t.done}
    assert set(DEEDS) == done - {"undisturbed"}


def test_a_deed_is_of_some_kind() -> None:
    """Each deed says on what it can be done, and what it may cost; what nothing undoes has no undo."""
    assert all(d.on and not (d.final and d.undo) for d in DEEDS.values())
    assert {Deed} == {type(d) for d in DEEDS.values()}


# -- what was found, and mended ----------------------------------------------------------------------------------------


async def _with(world: World, step: str, act: Any, event: str = "step-started", **options: Any) -> tuple[str, Outcome]:
    """Migrate an instance with root and data; `act(instance)` takes place as a step begins."""
    instance = world.instance(ROOT, DATA)
    driver = world.new_driver(listeners=[when(step, lambda: act(instance), event=event)])
    return instance, await world.migrate(instance, driver=driver, route="clone", **options)


def _take_off(world: World, instance: str, device: str = DATA.device) -> str:
    volume: str = world.volumes(instance)[device]["VolumeId"]
    world.ec2.detach_volume(VolumeId=volume)
    world.clock.advance(60)
    return volume


async def test_a_group_at_work_before_it_is_suspended_and_after_is_said_to_have_been(instant: World) -> None:
    """Whom somebody stops, its group terminates, root and all: the message says so before it prints a command (exit 6)."""
    for step, left in (("group:off", False), ("serving", True)):
        instance = instant.instance(ROOT, asg=f"web-{step[:2]}")
        (root,) = instant.volumes(instance).values()

        def stop(instance: str = instance) -> None:
            instant.box.stop_by_hand(instance)
            instant.clock.advance(600)

        driver = instant.new_driver(listeners=[when(step, stop, event="step-started")])
        outcome = await instant.migrate(instance, driver=driver, route="clone", asg="suspend")
        assert (6, "terminated") == (outcome.exit_code, instant.power(instance))
        assert "'terminated' and does not come back: launch another" in outcome.message
        plain = root["VolumeId"] in instant.all_volumes()
        assert (step, left) == (step, plain)


async def test_a_replacement_taken_off_directly_before_the_start_sends_the_run_back(instant: World) -> None:
    """What was verified a moment ago is read once more with the power state: a box without its disk is not started (exit 5)."""
    off: list[str] = []
    instance, outcome = await _with(instant, "start", lambda i: off.append(_take_off(instant, i)))
    assert (5, "running", []) == (outcome.exit_code, instant.power(instance), instant.box.losses())
    assert f"{off[0]} is not at {DATA.device}" in outcome.message
    assert {False} == {v["Encrypted"] for v in instant.volumes(instance).values()}


async def test_a_replacement_taken_off_after_the_start_is_named_at_the_end(instant: World) -> None:
    """Status checks pass without a data disk: the last look finds it missing (exit 6); once it is back, accept ends it well."""
    off: list[str] = []
    instance, outcome = await _with(instant, "status", lambda i: off.append(_take_off(instant, i)))
    assert (6, True) == (outcome.exit_code, f"{off[0]} is not attached at {DATA.device} any more" in outcome.message)
    instant.ec2.attach_volume(VolumeId=off[0], InstanceId=instance, Device=DATA.device)
    kept = await instant.act(instant.driver.accept(outcome.migration))
    assert (0, []) == (kept.exit_code, instant.box.losses())


async def test_sources_that_a_janitor_deletes_once_they_are_copied_hold_nothing_up(instant: World) -> None:
    """Their replacements have all that was on them: the instance comes up on those, and the end says that no way back is left."""
    gone: list[str] = []

    def janitor(_: str) -> None:
        gone.extend(v for v, about in instant.all_volumes().items() if about["State"] == "available")
        for volume in gone:
            instant.ec2.delete_volume(VolumeId=volume)

    instance, outcome = await _with(instant, "verify:attachments", janitor, event="step-done")
    assert (6, "running", 2) == (outcome.exit_code, instant.power(instance), len(gone))
    assert all(f"the source {volume} is gone" in outcome.message for volume in gone)
    assert 0 == (await instant.act(instant.driver.accept(outcome.migration))).exit_code


async def test_a_plain_volume_that_came_after_the_gate_is_named_at_the_end(instant: World) -> None:
    """Before the gate it is drift; after it the run goes on, and does not call an instance done that has a plain disk (exit 6)."""
    made: list[str] = []

    def add(instance: str) -> None:
        made.append(instant.ec2.create_volume(AvailabilityZone="eu-central-1a", Size=5)["VolumeId"])
        instant.clock.advance(60)
        instant.ec2.attach_volume(VolumeId=made[0], InstanceId=instance, Device="/dev/sdp")

    _, outcome = await _with(instant, "flags", add)
    assert (6, True) == (outcome.exit_code, f"{made[0]} at /dev/sdp is not encrypted" in outcome.message)


async def test_an_instance_stopped_during_its_status_checks_is_said_to_be(instant: World) -> None:
    """AWS leaves a stopped instance out of its status unless asked: what is missing is named, not waited for (exit 6).

    Whoever keeps its replacement all the same is told that it does not run.
    """
    _, outcome = await _with(instant, "status", instant.box.stop_by_hand)
    assert (6, True) == (outcome.exit_code, "'stopped': somebody has stopped it" in outcome.message)
    kept = await instant.act(instant.driver.accept(outcome.migration))
    assert (0, True) == (kept.exit_code, "it has its replacement, and is 'stopped'" in kept.message)


async def test_an_instance_terminated_in_the_cutover_is_said_to_be(instant: World) -> None:
    """Nothing brings it back: the message says so before it prints any command, and both sets of volumes are kept (exit 6)."""

    def terminate(instance: str) -> None:
        instant.ec2.terminate_instances(InstanceIds=[instance])
        instant.clock.advance(600)

    _, outcome = await _with(instant, "copy:/dev/sdf", terminate)
    plain = [v for v in instant.all_volumes().values() if not v["Encrypted"]]
    assert (6, 2) == (outcome.exit_code, len(plain))
    assert "'terminated' and does not come back: launch another" in outcome.message


async def test_a_source_deleted_before_the_quiesce_is_said_to_be_gone(instant: World) -> None:
    """Its claim is nobody's any more: the run goes back, and says which volume somebody has deleted (exit 5)."""
    off: list[str] = []

    def delete(instance: str) -> None:
        off.append(_take_off(instant, instance))
        instant.ec2.delete_volume(VolumeId=off[0])

    _, outcome = await _with(instant, "claim", delete)
    assert (5, True) == (outcome.exit_code, f"{off[0]} is gone: somebody has deleted it" in outcome.message)


async def test_a_source_taken_off_again_once_it_is_back_is_named_at_the_end(instant: World) -> None:
    """The instance runs on its sources again, and leftovers are deleted, when a disk goes: "put back" would say too much."""
    off: list[str] = []
    instance = instant.instance(ROOT, DATA)
    take = when(f"undo:warm:{DATA.device}", lambda: off.append(_take_off(instant, instance)), event="step-started")
    refuse(instant, "ec2:StartInstances", times=1)
    outcome = await instant.migrate(instance, driver=instant.new_driver(listeners=[take]), route="clone")
    assert (5, True) == (outcome.exit_code, f"{off[0]}: attach {off[0]} to {instance} at" in outcome.message)
    assert "somebody has taken it off again" in outcome.message
