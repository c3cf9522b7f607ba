"""`accept` keeps what is there: where somebody has deleted the replacement it refuses, and says what can be done."""

import re
from contextlib import suppress
from pathlib import Path
from typing import Any

import boto3
import pytest

from sealift.clock import VirtualClock
from sealift.driver import Outcome
from sealift.plan import MigrationPlan
from sealift.render import story
from sealift.sandbox import Durations, Sandbox
from tests import clusters
from tests.clusters import CASES as CLUSTERS
from tests.databases import ACKS, RATE, logins, options_of
from tests.promises.acts import refuse, when
from tests.promises.test_3_kill_it_anywhere import Doomed, Killed
from tests.world import DATA, REGION, ROOT, World

SERVERLESS = "aurora mysql serverless v2 behind a proxy, snapshot without a login"


async def accepted(world: World, migration: str) -> Outcome:
    outcome: Outcome = await world.act(world.driver.accept(migration))
    return outcome


@pytest.mark.parametrize("when", ["before it is in doubt", "after"])
async def test_a_loose_volume_whose_replacement_is_gone(instant: World, when: str) -> None:
    """Exit 4 names the replacement and the way back, which puts all as it was; accept is not offered any more."""
    volume = instant.box.add_volume(REGION)
    instant.clock.advance(3600)
    made: list[str] = []

    def delete() -> None:
        made.extend(v for v in instant.all_volumes() if v != volume)
        for v in made:
            instant.ec2.delete_volume(VolumeId=v)

    def act(event: Any) -> None:
        if (event.name, event.step) != ("step-done", "hand-over"):
            return
        if when == "after":
            refuse(instant, "ec2:CreateTags", "TagLimitExceeded", times=1)
        else:
            delete()

    driver = instant.new_driver(listeners=[act])
    doubt = await instant.migrate(volume, driver=driver, route="clone")
    assert doubt.exit_code == 6, doubt.message
    if when == "after":
        delete()
    kept = await accepted(instant, doubt.migration)
    told = await instant.act(instant.driver.resume(doubt.migration))
    assert kept.exit_code == 4, kept.message
    assert f"{made[0]}, the replacement of {volume}, is gone" in kept.message
    assert f"sealift rollback {doubt.migration} --discard-writes" in kept.message
    assert "sealift accept" not in told.message
    assert f"It cannot be kept: {made[0]}, the replacement of {volume}, is gone" in told.message

    back = await instant.act(instant.driver.rollback(doubt.migration, discard_writes=True))
    assert back.exit_code == 0, back.message
    assert f"{made[0]}: it is gone, and what was written to it since bring-up with it" in back.message
    assert [volume] == list(instant.all_volumes())


async def test_a_replacement_that_is_gone_is_not_named_as_kept(instant: World) -> None:
    """A rollback that keeps the replacement itself, where somebody has deleted that: it names it as gone."""
    volume = instant.box.add_volume(REGION)
    instant.clock.advance(3600)

    def act(event: Any) -> None:
        if (event.name, event.step) == ("step-done", "hand-over"):
            refuse(instant, "ec2:CreateTags", "TagLimitExceeded", times=1)

    doubt = await instant.migrate(volume, driver=instant.new_driver(listeners=[act]), route="clone")
    (made,) = set(instant.all_volumes()) - {volume}
    instant.ec2.delete_volume(VolumeId=made)

    back = await instant.act(instant.driver.rollback(doubt.migration, discard_writes=True, salvage=False))

    assert (back.exit_code, "kept: " in back.message) == (0, False), back.message
    assert f"{made}: it is gone, and what was written to it since bring-up with it" in back.message


async def test_what_has_neither_replacement_nor_source_can_only_be_given_up(instant: World) -> None:
    """A janitor has deleted both: no way back is left that could be named, and accept says what it ends (exit 0)."""
    volume = instant.box.add_volume(REGION)
    instant.clock.advance(3600)
    gone: list[str] = []

    def janitor(event: Any) -> None:
        if (event.name, event.step) == ("step-done", "hand-over"):
            gone.extend(instant.all_volumes())
            for v in gone:
                instant.ec2.delete_volume(VolumeId=v)

    doubt = await instant.migrate(volume, driver=instant.new_driver(listeners=[janitor]), route="clone")
    assert doubt.exit_code == 6, doubt.message
    kept = await accepted(instant, doubt.migration)
    assert kept.exit_code == 0, kept.message
    (new,) = set(gone) - {volume}
    assert (
        f"It can neither be kept nor put back as a whole: neither {volume} nor its replacement {new}" in doubt.message
    )
    assert f". Give it up for good: sealift accept {doubt.migration}." in doubt.message
    (warm,) = instant.ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]
    assert f"; {warm['SnapshotId']} is left, a snapshot of {volume} or of its replacement." in doubt.message
    assert f"{volume} is given up: neither {volume} nor its replacement {new} is left" in kept.message
    assert "sealift deletes nothing more of it" in kept.message
    await is_given_up(instant, doubt.migration, instant.state(doubt.migration).why)


async def is_given_up(world: World, migration: str, why: str) -> None:
    """What is given up is at an end: it is shown so, holds no slot and no lock, and no command does anything more to it."""
    state, driver = world.state(migration), world.driver
    assert ("given-up", why) == (state.end, state.why)
    plan = MigrationPlan.from_json(driver.journal.plan(migration))
    place = f"{plan.account}/{plan.region}"
    assert {} == {quota: held for quota, held in driver.journal.reserved(place).items() if held}
    driver.journal.lock("mig-another", plan.locks)
    told = story.of(driver.journal, migration)
    assert ("given-up", f"now: {plan.target} is given up: {why}") == (told.row["phase"], told._stands())
    assert f"given up: {why}" in told.text()
    assert f"--tag-filters Key=sealift:migration,Values={migration} --region {plan.region}" in told.text()
    assert [] == driver.deletions(migration) == driver.retained()
    assert driver.writes_since(migration) is None

    sent = len(world.box.log)
    again, resumed = await accepted(world, migration), await world.act(driver.resume(migration))
    said = "; left over: ".join([f"{plan.target} is given up: {why}", *dict.fromkeys(state.leftovers)])
    assert [(0, said)] * 2 == [(o.exit_code, o.message) for o in (again, resumed)]
    back = await world.act(driver.rollback(migration, discard_writes=True))
    ended, _ = await world.act(driver.finalize(migration))
    looked = await world.act(driver.verify(migration))
    assert (4, 4, 4) == (back.exit_code, ended.exit_code, looked.exit_code)
    assert all(f"is given up: {why}" in o.message for o in (back, ended))
    assert f"{migration} has been given up" in looked.message
    assert not [c for c in list(world.box.log)[sent:] if not c.operation.startswith(("Describe", "GetCaller"))]


async def test_what_is_retained_is_given_up_where_both_are_gone_later(instant: World) -> None:
    """As long as one of them is left accept says that it is done; then it ends, and nothing looks at it every day for ever."""
    volume = instant.box.add_volume(REGION)
    instant.clock.advance(3600)
    done = await instant.migrate(volume, route="clone")
    assert (done.exit_code, instant.state(done.migration).end) == (0, "retained")
    (new,) = set(instant.all_volumes()) - {volume}
    instant.ec2.delete_volume(VolumeId=volume)
    assert (0, f"{done.migration} is done already") == (
        (one := await accepted(instant, done.migration)).exit_code,
        one.message.removeprefix(f"{volume}: "),
    )
    assert "retained" == instant.state(done.migration).end
    instant.ec2.delete_volume(VolumeId=new)

    kept = await accepted(instant, done.migration)

    assert kept.exit_code == 0, kept.message
    assert f"{volume} is given up: neither {volume} nor its replacement {new} is left" in kept.message
    await is_given_up(instant, done.migration, instant.state(done.migration).why)


async def test_what_is_retained_and_has_lost_its_replacement_alone_is_put_back(instant: World) -> None:
    """It is given up only where nothing is left: the source is."""
    volume = instant.box.add_volume(REGION)
    instant.clock.advance(3600)
    done = await instant.migrate(volume, route="clone")
    (new,) = set(instant.all_volumes()) - {volume}
    instant.ec2.delete_volume(VolumeId=new)

    kept = await accepted(instant, done.migration)
    back = await instant.act(instant.driver.rollback(done.migration, discard_writes=True))

    assert (0, 0, True) == (kept.exit_code, back.exit_code, "is done already" in kept.message), back.message
    assert [volume] == list(instant.all_volumes())


async def disks(world: World) -> tuple[str, str, dict[str, str], dict[str, str]]:
    """Return an instance in doubt, its migration, and by device its sources and their replacements."""
    instance = world.instance(ROOT, DATA)
    old = {device: v["VolumeId"] for device, v in world.volumes(instance).items()}
    doubt = await world.migrate(instance, route="clone", after="false")
    return instance, doubt.migration, old, {device: v["VolumeId"] for device, v in world.volumes(instance).items()}


async def retained_disks(world: World) -> tuple[str, str, dict[str, str], dict[str, str]]:
    """Return the same of an instance that is done."""
    instance = world.instance(ROOT, DATA)
    old = {device: v["VolumeId"] for device, v in world.volumes(instance).items()}
    done = await world.migrate(instance, route="clone")
    return instance, done.migration, old, {device: v["VolumeId"] for device, v in world.volumes(instance).items()}


def drop(world: World, instance: str, volume: str) -> None:
    """Take a replacement off its instance, and delete it."""
    world.box.stop_by_hand(instance)
    world.clock.advance(300)
    world.ec2.detach_volume(VolumeId=volume)
    world.clock.advance(60)
    world.ec2.delete_volume(VolumeId=volume)


@pytest.mark.parametrize("begun", [False, True], ids=["before the way back", "on the way back"])
async def test_an_instance_that_has_lost_a_replacement_is_put_back(instant: World, begun: bool) -> None:
    """What is gone is neither taken off nor kept, and is named; the instance runs on its sources as before, and the writes to the
    other disk are kept.
    """
    instance = instant.instance(ROOT, DATA)
    old = {device: v["VolumeId"] for device, v in instant.volumes(instance).items()}
    done = await instant.migrate(instance, route="clone")
    new = {device: v["VolumeId"] for device, v in instant.volumes(instance).items()}
    lost = new[DATA.device]

    def delete() -> None:
        drop(instant, instance, lost)
        instant.clock.advance(600)

    if not begun:
        delete()
        instant.box.start_by_hand(instance)
        instant.clock.advance(300)
    since = instant.clock.now()
    driver = instant.new_driver(listeners=[when("undo:start", delete)] if begun else [])
    back = await instant.act(driver.rollback(done.migration, discard_writes=True))

    assert back.exit_code == 0, back.message
    gone = f"{lost}: it is gone, and what was written to it since bring-up with it"
    assert [gone] == instant.state(done.migration).leftovers
    assert back.message.endswith(gone)
    assert old == {device: v["VolumeId"] for device, v in instant.volumes(instance).items()}
    assert ("running", set(old.values())) == (instant.power(instance), set(instant.all_volumes()))
    kept = instant.ec2.describe_snapshots(
        OwnerIds=["self"], Filters=[{"Name": "tag:sealift:role", "Values": ["safety"]}]
    )
    assert [new[ROOT.device]] == [s["VolumeId"] for s in kept["Snapshots"]]
    tried = [c for c in instant.box.log if c.operation == "ec2:CreateSnapshot" and c.params.get("VolumeId") == lost]
    assert (1 if begun else 0) == len([c for c in tried if c.at > since])


async def test_a_way_back_that_is_stuck_names_no_command_for_what_is_gone(instant: World) -> None:
    """Of one disk the source cannot be attached, of the other the replacement has gone since: by hand is only what can be done."""
    instance = instant.instance(ROOT, DATA)
    old = {device: v["VolumeId"] for device, v in instant.volumes(instance).items()}
    done = await instant.migrate(instance, route="clone")
    lost = instant.volumes(instance)[DATA.device]["VolumeId"]

    def delete() -> None:
        refuse(instant, "ec2:AttachVolume", "UnauthorizedOperation", times=None, VolumeId=old[ROOT.device])
        drop(instant, instance, lost)

    driver = instant.new_driver(listeners=[when("undo:start", delete)])
    back = await instant.act(driver.rollback(done.migration, discard_writes=True))

    assert back.exit_code == 6, back.message
    assert f"attach-volume --region {REGION} --volume-id {old[ROOT.device]}" in back.message
    assert lost not in back.message
    instant.box.faults.clear()
    again = await instant.act(instant.driver.resume(done.migration))
    assert (0, f"{lost}: it is gone" in again.message) == (again.exit_code, True), again.message
    assert (old, "running") == (
        {d: v["VolumeId"] for d, v in instant.volumes(instance).items()},
        instant.power(instance),
    )


async def test_a_cutover_that_has_lost_a_replacement_goes_back_by_itself(instant: World) -> None:
    """Before bring-up: the instance runs on its sources again, and nobody is asked (exit 5)."""
    instance = instant.instance(ROOT, DATA)
    old = {device: v["VolumeId"] for device, v in instant.volumes(instance).items()}

    def delete() -> None:
        lost = instant.volumes(instance)[DATA.device]["VolumeId"]
        instant.ec2.detach_volume(VolumeId=lost)
        instant.clock.advance(60)
        instant.ec2.delete_volume(VolumeId=lost)
        instant.clock.advance(600)

    driver = instant.new_driver(listeners=[when("verify:volumes", delete)])
    outcome = await instant.migrate(instance, driver=driver, route="clone")

    assert outcome.exit_code == 5, outcome.message
    assert old == {device: v["VolumeId"] for device, v in instant.volumes(instance).items()}
    assert ("running", set(old.values())) == (instant.power(instance), set(instant.all_volumes()))


async def test_where_each_disk_is_left_once_nothing_is_given_up(instant: World) -> None:
    """One source is deleted and the other's replacement: who reads that all is gone deletes the only two that are left. Exit 4
    names them, of accept and of rollback, and neither offers the other.
    """
    instance, migration, old, new = await disks(instant)
    instant.ec2.delete_volume(VolumeId=old[ROOT.device])
    drop(instant, instance, new[DATA.device])

    kept = await accepted(instant, migration)
    back = await instant.act(instant.driver.rollback(migration, discard_writes=True))

    assert (kept.exit_code, back.exit_code) == (4, 4), kept.message
    assert f"{new[DATA.device]}, the replacement of {old[DATA.device]}, is gone" in kept.message
    for message in (kept.message, back.message):
        assert "given up" not in message
        assert f"{old[ROOT.device]} is gone, its replacement {new[ROOT.device]} is left" in message
        assert f"{old[DATA.device]} is left, its replacement {new[DATA.device]} is gone" in message
        assert not re.search("sealift (accept|rollback)", message)
    assert instant.state(migration).undecided


async def test_an_instance_that_is_terminated_is_given_up_with_all_its_disks_named(instant: World) -> None:
    """Nothing is put back on it, nor kept in it. One source is deleted, both replacements have outlived it: exit 0 says of what another
    can be made, and nothing of that is deleted.
    """
    instance, migration, old, new = await disks(instant)
    instant.ec2.delete_volume(VolumeId=old[ROOT.device])
    stay = [{"DeviceName": device, "Ebs": {"DeleteOnTermination": False}} for device in new]
    instant.ec2.modify_instance_attribute(InstanceId=instance, BlockDeviceMappings=stay)
    instant.ec2.terminate_instances(InstanceIds=[instance])
    instant.clock.advance(120)
    left = set(instant.all_volumes())

    asked = await instant.act(instant.driver.resume(migration))
    back = await instant.act(instant.driver.rollback(migration, discard_writes=True))
    kept = await accepted(instant, migration)

    assert (6, 4, 0) == (asked.exit_code, back.exit_code, kept.exit_code), kept.message
    so = f"{instance} is terminated and does not come back. Launch another instance, and attach what is left to it: "
    disk = f"{old[ROOT.device]} is gone, its replacement {new[ROOT.device]} is left"
    other = f"{old[DATA.device]} and its replacement {new[DATA.device]} are left"
    assert f"It can neither be kept nor put back: {so}" in asked.message
    assert f"cannot be put back while {instance} is terminated" in back.message
    for message in (asked.message, back.message, kept.message):
        assert so in message
        assert disk in message
        assert other in message
    assert left == set(instant.all_volumes())
    await is_given_up(instant, migration, instant.state(migration).why)


async def test_an_instance_that_is_being_terminated_is_not_given_up_yet(world: World) -> None:
    """What goes with it is still described: exit 4 asks to wait until it is terminated."""
    instance, migration, _, _ = await disks(world)
    world.ec2.terminate_instances(InstanceIds=[instance])
    assert "shutting-down" == world.power(instance)
    kept = await world.driver.accept(migration)
    assert (4, "needs-person") == (kept.exit_code, world.state(migration).end), kept.message
    assert f"{instance} is being terminated" in kept.message
    assert "Wait until it is terminated" in kept.message


@pytest.mark.parametrize("asg", ["suspend", "standby"])
async def test_a_member_that_is_terminated_before_its_stop_leaves_its_group_as_it_was(instant: World, asg: str) -> None:
    """Nothing of it can be put back, so no command for hands is printed but what ends it: accept turns back what was suspended."""
    members = [instant.instance(ROOT, name=f"web-{n}") for n in range(2)]
    instant.box.add_asg(REGION, "web", members)
    scaling = boto3.client("autoscaling", region_name=REGION)

    def suspended() -> list[Any]:
        return list(scaling.describe_auto_scaling_groups()["AutoScalingGroups"][0]["SuspendedProcesses"])

    def terminate(event: Any) -> None:
        if (event.name, event.step) == ("step-done", "group:off"):
            instant.ec2.terminate_instances(InstanceIds=members[:1])

    stuck = await instant.migrate(members[0], driver=instant.new_driver(listeners=[terminate]), route="clone", asg=asg)
    assert stuck.exit_code == 6, stuck.message
    assert f"Give it up for good: sealift accept {stuck.migration}" in stuck.message
    assert "By hand" not in stuck.message
    assert (asg == "suspend") == bool(suspended())

    kept = await accepted(instant, stuck.migration)

    assert kept.exit_code == 0, kept.message
    assert f"{members[0]} is given up: {members[0]} is terminated and does not come back" in kept.message
    assert [] == suspended()
    by_hand = (
        f"put {members[0]} back into service in web: not done, for it is gone. By hand: aws autoscaling exit-standby"
    )
    assert (asg == "standby") == (by_hand in kept.message)
    await is_given_up(instant, stuck.migration, instant.state(stuck.migration).why)


async def test_a_member_that_is_terminated_after_it_was_kept_gives_back_what_was_left_off(instant: World) -> None:
    """Its group could not be resumed when it was accepted, and it is terminated since: accept again gives it up, and turns that back."""
    members = [instant.instance(ROOT, name=f"web-{n}") for n in range(2)]
    instant.box.add_asg(REGION, "web", members)
    refuse(instant, "autoscaling:ResumeProcesses", "ResourceContention", times=None)
    doubt = await instant.migrate(members[0], route="clone", asg="suspend", after="false")
    first = await accepted(instant, doubt.migration)
    assert "left over: " in first.message, first.message
    instant.box.faults.clear()
    instant.ec2.terminate_instances(InstanceIds=members[:1])
    instant.clock.advance(120)

    kept = await accepted(instant, doubt.migration)

    assert kept.exit_code == 0, kept.message
    assert "left over: " not in kept.message
    scaling = boto3.client("autoscaling", region_name=REGION)
    assert [] == scaling.describe_auto_scaling_groups()["AutoScalingGroups"][0]["SuspendedProcesses"]
    await is_given_up(instant, doubt.migration, instant.state(doubt.migration).why)


@pytest.mark.parametrize("direction", ["forward", "back"])
async def test_a_half_done_cutover_that_somebody_has_brought_up_and_terminated_is_given_up(
    instant: World, direction: str
) -> None:
    """One disk was not attached when somebody started it: nothing of the cutover is done any more."""
    instance = instant.instance(ROOT, DATA)
    held = refuse(instant, "ec2:AttachVolume", times=None, Device=DATA.device)

    def start(event: Any) -> None:
        if (event.name, event.step) == ("step-failed", f"attach:{DATA.device}"):
            instant.box.start_by_hand(instance)
            instant.clock.advance(60)

    driver = instant.new_driver(listeners=[start])
    doubt = await instant.migrate(instance, driver=driver, route="clone")
    assert doubt.exit_code == 6, doubt.message
    held.times = 0
    if direction == "back":
        refuse(instant, "ec2:StopInstances", times=None)
        await instant.act(instant.driver.rollback(doubt.migration, discard_writes=True))
    instant.ec2.terminate_instances(InstanceIds=[instance])
    instant.clock.advance(120)

    kept = await accepted(instant, doubt.migration)

    assert (0, "given-up") == (kept.exit_code, instant.state(doubt.migration).end), kept.message
    assert f"{instance} is terminated and does not come back" in kept.message


async def test_an_instance_that_has_lost_one_disk_is_told_how_to_bring_up_the_rest(instant: World) -> None:
    """On a way back one disk is lost, source and replacement: what would put back the others is named, before it is given up and after."""
    instance, migration, old, new = await disks(instant)

    def janitor(event: Any) -> None:
        if (event.name, event.step) == ("step-done", f"undo:attach:{DATA.device}"):
            for volume in (old[DATA.device], new[DATA.device]):
                instant.ec2.delete_volume(VolumeId=volume)

    stuck = await instant.act(
        instant.new_driver(listeners=[janitor]).rollback(migration, discard_writes=True, salvage=False)
    )
    kept = await accepted(instant, migration)

    assert (6, 0) == (stuck.exit_code, kept.exit_code), kept.message
    for message in (stuck.message, kept.message):
        assert f"neither {old[DATA.device]} nor its replacement {new[DATA.device]} is left" in message
        assert f"aws ec2 start-instances --region {REGION} --instance-ids {instance}" in message
        assert f"--volume-id {old[ROOT.device]}" in message
        assert f"--volume-id {old[DATA.device]}" not in message
    assert "It can neither be kept nor put back as a whole" in stuck.message


@pytest.mark.parametrize("copied", [False, True])
async def test_a_way_back_whose_source_is_gone_is_given_up_with_its_copies_named(instant: World, copied: bool) -> None:
    """Before bring-up a replacement serves nobody: what is left of the disk is named, and nothing of it is deleted."""
    instance = instant.instance(ROOT, DATA)
    old = {device: v["VolumeId"] for device, v in instant.volumes(instance).items()}
    refuse(instant, "ec2:CopyVolumes", times=None, SourceVolumeId=old[ROOT.device])

    def janitor(event: Any) -> None:
        step = f"copy:{DATA.device}" if copied else f"detach:{DATA.device}"
        if (event.name, event.step) == ("step-done", step):
            instant.ec2.delete_volume(VolumeId=old[DATA.device])

    stuck = await instant.migrate(instance, driver=instant.new_driver(listeners=[janitor]), route="clone")
    left = {
        *instant.all_volumes(),
        *(s["SnapshotId"] for s in instant.ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]),
    }
    kept = await accepted(instant, stuck.migration)

    assert (6, 0) == (stuck.exit_code, kept.exit_code), (stuck.message, kept.message)
    for message in (stuck.message, kept.message):
        assert f"{old[DATA.device]} is gone, " in message
        assert all(id_ in message for id_ in left - {old[ROOT.device]})
    now = {
        *instant.all_volumes(),
        *(s["SnapshotId"] for s in instant.ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]),
    }
    assert left == now
    await is_given_up(instant, stuck.migration, instant.state(stuck.migration).why)


async def test_what_somebody_has_brought_up_on_its_replacement_is_not_given_up(instant: World) -> None:
    """A way back is stuck with all replacements attached; a source is deleted, and somebody starts it: they are asked."""
    instance = instant.instance(ROOT, DATA)
    old = {device: v["VolumeId"] for device, v in instant.volumes(instance).items()}
    refuse(instant, "ec2:StartInstances", "UnauthorizedOperation", times=None)

    def hold(event: Any) -> None:
        if (event.name, event.step) == ("step-failed", "start"):
            refuse(instant, "ec2:DetachVolume", "UnauthorizedOperation", times=None)

    stuck = await instant.migrate(instance, driver=instant.new_driver(listeners=[hold]), route="clone")
    assert stuck.exit_code == 6, stuck.message
    instant.box.faults.clear()
    instant.ec2.delete_volume(VolumeId=old[DATA.device])
    instant.box.start_by_hand(instance)
    instant.clock.advance(120)

    kept = await accepted(instant, stuck.migration)

    assert (4, True) == (kept.exit_code, instant.state(stuck.migration).undecided), kept.message
    assert "somebody has brought" in kept.message
    again = await accepted(instant, stuck.migration)
    assert again.exit_code == 0, again.message
    assert f"{instance} keeps its replacement" in again.message


async def test_a_way_back_that_has_only_to_clean_is_not_given_up(instant: World) -> None:
    """The original serves; then somebody deletes it, and the driver has died. What is gone of its replacement was ours to delete."""
    instance = instant.instance(ROOT, DATA)
    old = {device: v["VolumeId"] for device, v in instant.volumes(instance).items()}
    refuse(instant, "ec2:AttachVolume")
    driver = instant.new_driver()
    Doomed(driver, 0, written=True, kill_at=("", "service-back"))
    with suppress(Killed):
        await instant.migrate(instance, driver=driver, route="clone")
    (migration,) = driver.journal.migrations()
    drop(instant, instance, old[DATA.device])
    instant.clock.advance(600)

    kept = await accepted(instant, migration["id"])
    resumed = await instant.act(instant.new_driver().resume(migration["id"]))

    assert (4, 5) == (kept.exit_code, resumed.exit_code), (kept.message, resumed.message)
    assert "has no replacement in service to keep" in kept.message


async def test_the_last_copy_of_what_goes_with_its_instance_is_kept(world: World) -> None:
    """It is being terminated while it is prepared: its disks are described still, and their snapshots are not deleted."""
    instance = world.instance(ROOT)

    def terminate(event: Any) -> None:
        if (event.name, event.step) == ("step-done", f"warm:{ROOT.device}"):
            world.ec2.terminate_instances(InstanceIds=[instance])

    back = await world.migrate(instance, driver=world.new_driver(listeners=[terminate]), route="clone")
    world.clock.advance(600)

    (snapshot,) = world.ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]
    assert [] == list(world.all_volumes())
    assert f"{snapshot['SnapshotId']}: kept: vol-" in back.message
    assert re.search(f"of which it is a copy, (is gone|may go with {instance})", back.message), back.message


async def test_what_is_paid_for_ends_with_what_is_given_up(instant: World) -> None:
    """A reservation that nobody can start in is released, and a watchdog that guards nothing is disarmed."""
    instance = instant.instance(ROOT)

    def terminate(event: Any) -> None:
        if (event.name, event.step) == ("step-started", "stop"):
            instant.ec2.terminate_instances(InstanceIds=[instance])

    driver = instant.new_driver(listeners=[terminate])
    role = "arn:aws:iam::123456789012:role/watchdog"
    stuck = await instant.migrate(instance, driver=driver, route="clone", reserve_capacity=True, watchdog=role)
    assert stuck.exit_code == 6, stuck.message
    kept = await accepted(instant, stuck.migration)
    assert kept.exit_code == 0, kept.message
    states = [r["State"] for r in instant.ec2.describe_capacity_reservations()["CapacityReservations"]]
    assert ["cancelled"] == states
    runs = boto3.client("ssm", region_name=REGION).describe_automation_executions()["AutomationExecutionMetadataList"]
    assert ["Cancelled"] == [run["AutomationExecutionStatus"] for run in runs]


async def test_a_way_back_that_has_lost_all_of_a_disk_is_given_up(instant: World) -> None:
    """Its writes were to be discarded; then somebody deletes the source and the replacement. Exit 6 says what ends it, and it does."""
    instance, migration, old, new = await disks(instant)

    def janitor(event: Any) -> None:
        if (event.name, event.step) == ("step-done", f"undo:attach:{DATA.device}"):
            for volume in (old[DATA.device], new[DATA.device]):
                instant.ec2.delete_volume(VolumeId=volume)

    driver = instant.new_driver(listeners=[janitor])
    stuck = await instant.act(driver.rollback(migration, discard_writes=True))
    assert stuck.exit_code == 6, stuck.message
    assert f"Give it up for good: sealift accept {migration}" in stuck.message
    kept = await accepted(instant, migration)
    assert kept.exit_code == 0, kept.message
    assert f"{instance} is given up: neither {old[DATA.device]} nor its replacement" in kept.message
    await is_given_up(instant, migration, instant.state(migration).why)


async def test_a_way_back_that_is_stuck_for_now_is_not_given_up(instant: World) -> None:
    """All is there, but EC2 has no room for it: accept is refused, and nothing is sent."""
    instance = instant.instance(ROOT)
    refuse(instant, "ec2:CopyVolumes", "VolumeLimitExceeded")
    refuse(instant, "ec2:StartInstances", "InsufficientInstanceCapacity", times=None)
    stuck = await instant.migrate(instance, route="clone")
    assert stuck.exit_code == 6, stuck.message
    sent = instant.calls()
    kept = await accepted(instant, stuck.migration)
    assert (4, True) == (kept.exit_code, "has no replacement in service to keep" in kept.message)
    assert f"sealift resume {stuck.migration}" in kept.message
    assert sent == instant.calls()


@pytest.mark.parametrize("route", ["clone", "snapshot", "copy"])
async def test_the_last_copy_of_what_somebody_deletes_is_not_deleted_on_the_way_back(
    instant: World, route: str
) -> None:
    """A janitor takes the source of which only the baseline snapshot is left by then: it is kept, and named."""
    volume = instant.box.add_volume(REGION)
    instant.clock.advance(3600)

    def janitor(event: Any) -> None:
        if (event.name, event.step) == ("step-done", f"warm:{volume}"):
            instant.ec2.delete_volume(VolumeId=volume)

    back = await instant.migrate(volume, driver=instant.new_driver(listeners=[janitor]), route=route)

    (snapshot,) = instant.ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]
    assert back.exit_code == 5, back.message
    assert f"{snapshot['SnapshotId']}: kept: {volume}, of which it is a copy, is gone" in back.message


async def test_what_is_left_of_an_instance_that_is_given_up_is_named(instant: World) -> None:
    """Of one disk nothing is left, of the other both: exit 0 tells them apart."""
    instance, migration, old, new = await disks(instant)
    instant.ec2.delete_volume(VolumeId=old[DATA.device])
    drop(instant, instance, new[DATA.device])

    kept = await accepted(instant, migration)

    assert kept.exit_code == 0, kept.message
    neither = f"neither {old[DATA.device]} nor its replacement {new[DATA.device]} is left"
    both = f"{old[ROOT.device]} and its replacement {new[ROOT.device]} are left"
    assert f"{instance} is given up: {neither}; {both}; snap-" in kept.message


@pytest.mark.parametrize("refused", [False, True], ids=["", "where that is refused"])
async def test_a_source_that_is_left_of_what_was_given_up_is_claimed_no_longer(instant: World, refused: bool) -> None:
    """It can be planned anew; what keeps janitors from it stays. A claim that cannot be taken off is left over, and the rule that it
    then blocks names a command that there is.
    """
    instance = instant.instance(ROOT, DATA)
    old = {device: v["VolumeId"] for device, v in instant.volumes(instance).items()}
    keep = (("keep", "yes"),)
    doubt = await instant.migrate(instance, route="clone", after="false", protect_tags=keep)
    new = instant.volumes(instance)[DATA.device]["VolumeId"]
    instant.ec2.delete_volume(VolumeId=old[DATA.device])
    drop(instant, instance, new)
    if refused:
        refuse(instant, "ec2:DeleteTags", "UnauthorizedOperation", times=None)

    kept = await accepted(instant, doubt.migration)
    plan = await instant.plan(old[ROOT.device], route="clone")

    assert (kept.exit_code, instant.state(doubt.migration).end) == (0, "given-up"), kept.message
    tags = {t["Key"]: t["Value"] for t in instant.all_volumes()[old[ROOT.device]]["Tags"]}
    assert "yes" == tags["keep"]
    assert refused is ("sealift:migration" in tags)
    assert refused is (f"left over: {old[ROOT.device]}: take 4 tags from {old[ROOT.device]}: " in kept.message)
    assert f"take 4 tags from {old[DATA.device]}" not in kept.message
    assert ["R-SEALIFT-01"] * refused == [v.id for v in plan.blocked]
    if refused:
        assert f"`sealift adopt {old[ROOT.device]} --key KEY`" in plan.blocked[0].message
        return
    again = await instant.migrate(old[ROOT.device], route="clone")
    assert again.exit_code == 0, again.message


async def test_a_source_that_somebody_else_has_claimed_since_stays_theirs(instant: World) -> None:
    """Giving up takes off nothing but its own claim."""
    instance, migration, old, new = await disks(instant)
    instant.ec2.delete_volume(VolumeId=old[DATA.device])
    drop(instant, instance, new[DATA.device])
    theirs = {"Key": "sealift:migration", "Value": "mig-theirs"}
    instant.ec2.create_tags(Resources=[old[ROOT.device]], Tags=[theirs])

    kept = await accepted(instant, migration)

    assert kept.exit_code == 0, kept.message
    assert theirs in instant.all_volumes()[old[ROOT.device]]["Tags"]


async def test_who_can_only_give_up_is_not_told_to_keep_anything(instant: World) -> None:
    """Exit 6 says that nothing is left of a part, that accept ends it for good, and that it cannot be put back; and no steps that
    would act on what is gone. A rollback says the same.
    """
    instance, migration, old, new = await disks(instant)
    instant.ec2.delete_volume(VolumeId=old[DATA.device])
    drop(instant, instance, new[DATA.device])

    asked = await instant.act(instant.driver.resume(migration))
    back = await instant.act(instant.driver.rollback(migration, discard_writes=True))

    assert (asked.exit_code, back.exit_code) == (6, 4)
    neither = f"neither {old[DATA.device]} nor its replacement {new[DATA.device]} is left"
    for message in (asked.message, back.message):
        assert f"It can neither be kept nor put back as a whole: {neither}; " in message
        assert f". Give it up for good: sealift accept {migration}" in message
        assert not re.search("Keep|It goes on with|sealift rollback", message)


async def test_what_the_recycle_bin_has_is_not_given_up_unseen(instant: World) -> None:
    """Who is asked is told what is there, until when, and what fetches it; once that was done nothing is lost."""
    period = {"RetentionPeriodValue": 7, "RetentionPeriodUnit": "DAYS"}
    boto3.client("rbin", region_name=REGION).create_rule(ResourceType="EBS_VOLUME", RetentionPeriod=period)
    instance, migration, old, new = await disks(instant)
    instant.ec2.delete_volume(VolumeId=old[DATA.device])
    drop(instant, instance, new[DATA.device])

    asked = await instant.act(instant.driver.resume(migration))

    for volume in (old[DATA.device], new[DATA.device]):
        fetch = f"aws ec2 restore-volume-from-recycle-bin --region {REGION} --volume-id {volume}"
        assert re.search(f"{volume} is in the Recycle Bin until 20[^;]*: {fetch}", asked.message), asked.message
    instant.ec2.restore_volume_from_recycle_bin(VolumeId=old[DATA.device])
    instant.clock.advance(60)
    back = await instant.act(instant.driver.rollback(migration, discard_writes=True))
    assert back.exit_code == 0, back.message
    assert old == {device: v["VolumeId"] for device, v in instant.volumes(instance).items()}


@pytest.mark.parametrize("what", ["given up", "rolled back", "accepted", "finalize begun"])
async def test_who_waits_for_the_lease_judges_by_what_was_done_meanwhile(
    instant: World, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """Two people type: the second has read how it was before the first had ended it. It is told so, and nothing ends twice."""
    done = what == "finalize begun"
    instance, migration, old, new = await (retained_disks(instant) if done else disks(instant))
    if what in ("given up", "finalize begun"):
        instant.ec2.delete_volume(VolumeId=old[DATA.device])
        drop(instant, instance, new[DATA.device])
    first, second = instant.new_driver(), instant.new_driver()
    takes = second._take_lease

    async def later(name: str) -> int:
        if what == "rolled back":
            await first.rollback(name, discard_writes=True)
        elif done:
            token = first.journal.take_lease(name, first.journal.lease(name)[:2])
            data = {"operation": "ec2:DeleteVolume"}
            first.journal.row(name, 1, "finalize:source:/dev/sdf", "intent", data, token=token)
            first.journal.free(name, token)
        else:
            await first.accept(name)
        return await takes(name)

    monkeypatch.setattr(second, "_take_lease", later)
    kept = await instant.act(second.accept(migration))

    said = {
        "given up": (0, f"{instance} is given up: neither"),
        "rolled back": (4, f"{migration} has no replacement in service to keep"),
        "accepted": (0, f"{migration} is done already"),
        "finalize begun": (4, f"a finalize of {migration} has begun meanwhile"),
    }[what]
    assert (said[0], True) == (kept.exit_code, said[1] in kept.message), kept.message
    ends = [e.data["as"] for e in instant.driver.journal.entries(migration) if e.what == "end"]
    last = {"given up": ["given-up"], "rolled back": ["rolled-back"], "accepted": ["retained"], "finalize begun": []}
    assert ["retained" if done else "needs-person", *last[what]] == ends


@pytest.mark.parametrize("half", [False, True], ids=["of a disk nothing is left", "the source of a disk is left"])
async def test_what_finalize_has_begun_on_and_can_neither_be_finished_nor_put_back_is_given_up(
    instant: World, half: bool
) -> None:
    """Of one disk finalize has deleted the source, the other's it may not; then somebody deletes a replacement. Finalize names accept,
    and accept ends it for good: it says what finalize has deleted, deletes nothing more, and holds no lock.
    """
    instance = instant.instance(ROOT, DATA)
    old = {device: v["VolumeId"] for device, v in instant.volumes(instance).items()}
    done = await instant.migrate(instance, route="clone", retain=60)
    instant.clock.advance(30 * 86400)
    refuse(instant, "ec2:DeleteVolume", "OperationNotPermitted", times=None, VolumeId=old[ROOT.device])
    begun, _ = await instant.act(instant.driver.finalize(done.migration))
    assert begun.exit_code == 1, begun.message
    assert old[DATA.device] not in instant.all_volumes()
    lost = ROOT.device if half else DATA.device
    new = instant.volumes(instance)[lost]["VolumeId"]
    drop(instant, instance, new)
    left = set(instant.all_volumes())

    stuck, _ = await instant.act(instant.driver.finalize(done.migration))
    back = await instant.act(instant.driver.rollback(done.migration, discard_writes=True))
    kept = await accepted(instant, done.migration)

    assert (4, 4, 0) == (stuck.exit_code, back.exit_code, kept.exit_code), kept.message
    for_good = f"Nor can it be put back. Give it up for good: sealift accept {done.migration}"
    assert f"{new}, the replacement of {old[lost]}, is gone" in stuck.message
    assert for_good in stuck.message
    gone = (
        f"{new}, the replacement of {old[lost]}, is gone" if half else f"neither {old[lost]} nor its replacement {new}"
    )
    assert f"{instance} is given up: {gone}" in kept.message
    assert f"; finalize has deleted {old[DATA.device]}. sealift deletes nothing more of it" in kept.message
    assert left == set(instant.all_volumes())
    await is_given_up(instant, done.migration, instant.state(done.migration).why)


async def test_a_finalize_that_has_lost_nothing_is_finished(instant: World) -> None:
    """Where all replacements are there accept gives nothing up, however far finalize has come."""
    instance = instant.instance(ROOT, DATA)
    old = {device: v["VolumeId"] for device, v in instant.volumes(instance).items()}
    done = await instant.migrate(instance, route="clone", retain=60)
    instant.clock.advance(30 * 86400)
    refuse(instant, "ec2:DeleteVolume", "OperationNotPermitted", times=1, VolumeId=old[ROOT.device])
    begun, _ = await instant.act(instant.driver.finalize(done.migration))

    kept = await accepted(instant, done.migration)
    ended, _ = await instant.act(instant.driver.finalize(done.migration))

    assert (1, 0, 0) == (begun.exit_code, kept.exit_code, ended.exit_code), ended.message
    assert f"{done.migration} is done already" in kept.message
    assert "finalized" == instant.state(done.migration).end


def delete_database(world: World, name: str, *, cluster: bool) -> None:
    """Delete a database as people do: protection off, then it, with its members."""
    rds = world.box.client("rds")
    if not cluster:
        rds.modify_db_instance(DBInstanceIdentifier=name, DeletionProtection=False, ApplyImmediately=True)
        world.clock.advance(600)
        rds.delete_db_instance(DBInstanceIdentifier=name, SkipFinalSnapshot=True)
        return
    (shown,) = rds.describe_db_clusters(DBClusterIdentifier=name)["DBClusters"]
    rds.modify_db_cluster(DBClusterIdentifier=name, DeletionProtection=False, ApplyImmediately=True)
    world.clock.advance(600)
    for member in shown["DBClusterMembers"]:
        rds.delete_db_instance(DBInstanceIdentifier=member["DBInstanceIdentifier"], SkipFinalSnapshot=True)
    rds.delete_db_cluster(DBClusterIdentifier=name, SkipFinalSnapshot=True)


async def in_doubt(world: World, target: str) -> Outcome:
    """Put a database there, and let its migration ask after bring-up."""
    add = world.box.add_db_instance if target.startswith("rds:") else world.box.add_db_cluster
    add("shop", "mysql" if target.startswith("rds:") else "aurora-mysql", write_mib_per_s=RATE)
    world.clock.advance(3600)
    doubt = await world.migrate(target, route="snapshot", acks=ACKS, after="false")
    assert doubt.exit_code == 6, doubt.message
    return doubt


@pytest.mark.parametrize("target", ["rds:shop", "aurora:shop"])
async def test_a_database_whose_replacement_is_gone(tmp_path: Path, target: str) -> None:
    """The same for what RDS does not describe any more, or is about to delete."""
    with Sandbox(clock=VirtualClock(), durations=Durations()) as box:
        world = World(box, tmp_path)
        doubt = await in_doubt(world, target)
        delete_database(world, "shop", cluster=target.startswith("aurora:"))
        early = await accepted(world, doubt.migration)
        world.clock.advance(7200)
        late = await accepted(world, doubt.migration)
        assert (early.exit_code, late.exit_code) == (4, 4), early.message
        assert "is being deleted" in early.message
        assert "the replacement of shop" in late.message
        assert "is gone" in late.message


@pytest.mark.parametrize("target", ["rds:shop", "aurora:shop"])
async def test_a_database_that_has_lost_its_source_is_not_put_back(tmp_path: Path, target: str) -> None:
    """Nothing is fenced, for there is nothing to put in its place: exit 4. With its replacement gone too it is given up."""
    with Sandbox(clock=VirtualClock(), durations=Durations()) as box:
        world, cluster = World(box, tmp_path), target.startswith("aurora:")
        doubt = await in_doubt(world, target)
        delete_database(world, "shop-sealift-old", cluster=cluster)
        world.clock.advance(7200)

        back = await world.act(world.driver.rollback(doubt.migration, discard_writes=True))
        told = await world.act(world.driver.resume(doubt.migration))

        assert back.exit_code == 4, back.message
        assert "shop cannot be put back while the source of shop" in back.message
        assert "there is nothing to put in its place" in back.message
        assert "sealift rollback" not in told.message

        delete_database(world, "shop", cluster=cluster)
        world.clock.advance(7200)
        asked = await world.act(world.driver.resume(doubt.migration))
        assert (asked.exit_code, f"sealift accept {doubt.migration}" in asked.message) == (6, True), asked.message
        assert "sealift rollback" not in asked.message
        kept = await accepted(world, doubt.migration)
        assert kept.exit_code == 0, kept.message
        assert "shop is given up: neither the source of shop" in kept.message
        await is_given_up(world, doubt.migration, world.state(doubt.migration).why)


@pytest.mark.parametrize("target", ["rds:shop", "aurora:shop"])
async def test_the_last_snapshot_of_a_database_that_somebody_deletes_is_kept(tmp_path: Path, target: str) -> None:
    """It is deleted while it is prepared: the way back keeps the baseline snapshot, and names it."""
    cluster = target.startswith("aurora:")
    with Sandbox(clock=VirtualClock(), durations=Durations()) as box:
        world = World(box, tmp_path)
        add = box.add_db_cluster if cluster else box.add_db_instance
        add("shop", "aurora-mysql" if cluster else "mysql", write_mib_per_s=RATE)
        world.clock.advance(3600)
        gone: list[str] = []

        def delete(event: Any) -> None:
            if event.name == "step-done" and event.step.startswith("warm") and not gone:
                gone.append(event.step)
                delete_database(world, "shop", cluster=cluster)

        driver = world.new_driver(listeners=[delete])
        back = await world.migrate(target, driver=driver, route="snapshot", acks=ACKS)

        rds = box.client("rds")
        left = (
            [s["DBClusterSnapshotIdentifier"] for s in rds.describe_db_cluster_snapshots()["DBClusterSnapshots"]]
            if cluster
            else [s["DBSnapshotIdentifier"] for s in rds.describe_db_snapshots()["DBSnapshots"]]
        )
        kept = re.findall(r"(sealift-\w+): kept: shop, of which it is a copy, is gone", back.message)
        assert back.exit_code in (4, 5), back.message
        assert kept, back.message
        assert set(kept) <= set(left)


@pytest.mark.parametrize("salvage", [True, False])
@pytest.mark.parametrize("later", [0, 7200], ids=["while it is being deleted", "once it is gone"])
@pytest.mark.parametrize("target", ["rds:shop", "aurora:shop"])
async def test_a_database_whose_replacement_is_gone_is_put_back(
    tmp_path: Path, target: str, later: float, salvage: bool
) -> None:
    """Nothing of it is fenced, renamed or kept: it is named as gone, and the source serves by its own name (exit 0)."""
    with Sandbox(clock=VirtualClock(), durations=Durations()) as box:
        world = World(box, tmp_path)
        doubt = await in_doubt(world, target)
        delete_database(world, "shop", cluster=target.startswith("aurora:"))
        world.clock.advance(later)
        kept = await accepted(world, doubt.migration)

        back = await world.act(world.driver.rollback(doubt.migration, discard_writes=True, salvage=salvage))

        assert back.exit_code == 0, back.message
        assert "fenced off: a rollback puts it back" in kept.message
        assert "is as it was before the cut; left over: the replacement " in back.message
        assert back.message.endswith(": it is gone, and what was written to it since bring-up with it")
        assert 1 == len(world.state(doubt.migration).leftovers)
        world.clock.advance(3600)
        rds: Any = box.client("rds")
        there = [*rds.describe_db_instances()["DBInstances"], *rds.describe_db_clusters()["DBClusters"]]
        assert {False} == {d["StorageEncrypted"] for d in there}
        assert {"available"} == {d.get("DBInstanceStatus") or d["Status"] for d in there}
        assert [] == box.db_outages(world.clock.now() - 60)


@pytest.mark.parametrize("case", ["aurora postgresql with scaled readers, snapshot", SERVERLESS])
async def test_a_cluster_with_all_that_hangs_on_it_is_put_back_without_its_replacement(
    tmp_path: Path, case: str
) -> None:
    """Endpoints, proxies, scaling and the Data API are the source's again."""
    with Sandbox(clock=VirtualClock(), durations=Durations()) as box:
        world, shape = World(box, tmp_path, connect=logins(box)), CLUSTERS[case]
        name = shape.build(world)
        world.clock.advance(3600)
        before = clusters.picture(world)
        doubt = await world.migrate(f"aurora:{name}", **options_of(shape), after="false")
        assert doubt.exit_code == 6, doubt.message
        delete_database(world, name, cluster=True)
        world.clock.advance(7200)

        back = await world.act(world.driver.rollback(doubt.migration, discard_writes=True))

        assert back.exit_code == 0, back.message
        assert 1 == len(world.state(doubt.migration).leftovers), back.message
        world.clock.advance(3600)
        now = clusters.picture(world)
        assert {} == {k: (before[k], now[k]) for k in before if before[k] != now[k]}


async def test_a_replica_of_a_database_that_is_gone_is_kept_for_what_it_has(tmp_path: Path) -> None:
    """RDS makes it stand alone, with what was written since bring-up: it gives its name back, is not deleted, and is named."""
    with Sandbox(clock=VirtualClock(), durations=Durations()) as box:
        world, rds = World(box, tmp_path), box.client("rds")
        box.add_db_instance("shop", "mysql", write_mib_per_s=RATE)
        rds.create_db_instance_read_replica(DBInstanceIdentifier="shop-r", SourceDBInstanceIdentifier="shop")
        world.clock.advance(7200)
        doubt = await world.migrate("rds:shop", route="snapshot", acks=ACKS, after="false")
        assert doubt.exit_code == 6, doubt.message
        delete_database(world, "shop", cluster=False)
        world.clock.advance(7200)

        back = await world.act(world.driver.rollback(doubt.migration, discard_writes=True))

        assert back.exit_code == 0, back.message
        (kept,) = [d for d in rds.describe_db_instances()["DBInstances"] if d["StorageEncrypted"]]
        assert f"{kept['DBInstanceIdentifier']}: kept: it may have what was written since bring-up" in back.message
        names = {d["DBInstanceIdentifier"] for d in rds.describe_db_instances()["DBInstances"]}
        assert names == {"shop", "shop-r", kept["DBInstanceIdentifier"]}


async def test_a_replica_of_a_database_that_is_given_up_is_claimed_no_longer(tmp_path: Path) -> None:
    """Its source and the replacement of that are gone: it stands alone, under whatever name, and can be planned anew."""
    with Sandbox(clock=VirtualClock(), durations=Durations()) as box:
        world, rds = World(box, tmp_path), box.client("rds")
        box.add_db_instance("shop", "mysql", write_mib_per_s=RATE)
        rds.create_db_instance_read_replica(DBInstanceIdentifier="shop-r", SourceDBInstanceIdentifier="shop")
        world.clock.advance(7200)
        doubt = await world.migrate("rds:shop", route="snapshot", acks=ACKS, after="false")
        for name in ("shop-sealift-old", "shop"):
            delete_database(world, name, cluster=False)
        world.clock.advance(7200)
        (left,) = [d for d in rds.describe_db_instances()["DBInstances"] if not d["StorageEncrypted"]]
        assert {"Key": "sealift:migration", "Value": doubt.migration} in left["TagList"]

        kept = await accepted(world, doubt.migration)

        assert (kept.exit_code, world.state(doubt.migration).end) == (0, "given-up"), kept.message
        (left,) = [d for d in rds.describe_db_instances()["DBInstances"] if not d["StorageEncrypted"]]
        assert [] == [t for t in left["TagList"] if t["Key"].startswith("sealift:")]
        plan = await world.plan(f"rds:{left['DBInstanceIdentifier']}", route="snapshot", acks=ACKS)
        assert "R-SEALIFT-12" not in {v.id for v in plan.blocked}
