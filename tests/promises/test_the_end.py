"""Verify and finalize: the source goes only when all is settled, and only what the journal names."""

from typing import Any

import boto3
import pytest

from sealift.options import DAY
from sealift.sandbox.faults import Fault
from tests.pictures import changed, picture
from tests.promises.acts import refuse, when
from tests.world import DATA, REGION, ROOT, World

ROUTES = ("clone", "snapshot", "copy")


async def retained(world: World, route: str = "clone", **options: Any) -> tuple[str, str]:
    instance = world.instance(ROOT, DATA)
    outcome = await world.migrate(instance, route=route, **options)
    assert 0 == outcome.exit_code, outcome
    return instance, outcome.migration


async def finalize(world: World, migration: str) -> tuple[Any, dict[str, list[Any]]]:
    return await world.act(world.driver.finalize(migration))


async def test_finalize_is_refused_before_the_retention_has_passed(instant: World) -> None:
    """Exit 4 with the moment from which it may be; nothing is deleted."""
    _, migration = await retained(instant, retain=14 * DAY)
    instant.clock.advance(13 * DAY)
    before = picture(instant)
    refused, _ = await finalize(instant, migration)
    assert (4, True, {}) == (refused.exit_code, "retained until" in refused.message, changed(before, picture(instant)))


async def test_finalize_is_refused_while_a_replacement_hydrates(world: World) -> None:
    """A clone that is still initialising needs its source: exit 4 with the progress."""
    _, migration = await retained(world, retain=0)
    refused, _ = await finalize(world, migration)
    assert (4, True) == (refused.exit_code, "initialising" in refused.message)
    world.clock.advance(2 * DAY)
    assert 0 == (await finalize(world, migration))[0].exit_code


@pytest.mark.parametrize("state", ["disabled", "pending deletion"])
async def test_finalize_is_refused_while_the_key_is_unfit(instant: World, state: str) -> None:
    """With the key disabled or pending deletion the source is the only readable copy: exit 4."""
    _, migration = await retained(instant, retain=0)
    {"disabled": instant.box.disable_key, "pending deletion": instant.box.schedule_key_deletion}[state](instant.key)
    before = picture(instant)
    refused, _ = await finalize(instant, migration)
    assert (4, True, {}) == (refused.exit_code, "key" in refused.message, changed(before, picture(instant)))


async def test_finalize_is_refused_while_a_replacement_is_not_attached(instant: World) -> None:
    """Somebody detached the replacement: exit 4, and the device is named."""
    instance, migration = await retained(instant, retain=0)
    volume = instant.volumes(instance)[DATA.device]["VolumeId"]
    instant.ec2.detach_volume(VolumeId=volume, InstanceId=instance)
    refused, _ = await finalize(instant, migration)
    assert (4, True) == (refused.exit_code, DATA.device in refused.message)


async def test_finalize_is_refused_before_the_migration_is_at_rest(instant: World) -> None:
    """At the gate, and after a rollback, there is nothing to finalize (exit 4)."""
    plan = await instant.plan(instant.instance(ROOT), retain=0)
    left = await instant.act(instant.driver.migrate(plan, observed=True, no_wait=True))
    assert 4 == (await finalize(instant, left.migration))[0].exit_code
    await instant.act(instant.driver.rollback(left.migration))
    assert 4 == (await finalize(instant, left.migration))[0].exit_code


@pytest.mark.parametrize("route", ROUTES)
async def test_finalize_deletes_the_sources_and_their_plain_snapshots(instant: World, route: str) -> None:
    """Gone: each source, and the plain snapshots that the journal names. The replacements stay, each with a snapshot under the key."""
    instance, migration = await retained(instant, route, retain=14 * DAY)
    instant.clock.advance(15 * DAY)
    done, lists = await finalize(instant, migration)
    serving = {v["VolumeId"] for v in instant.volumes(instance).values()}
    plain = [s for s in instant.snapshots().values() if not s["Encrypted"]]
    points = {
        s["VolumeId"]
        for s in instant.snapshots().values()
        if {"Key": "sealift:role", "Value": "restore-point"} in s["Tags"]
    }
    assert (0, serving, [], serving) == (done.exit_code, set(instant.all_volumes()), plain, points)
    per_volume = {"clone": 2, "snapshot": 3, "copy": 3}[route]
    assert 2 * per_volume == len(lists["gone_now"])


async def test_a_restore_point_comes_before_the_first_delete(instant: World) -> None:
    """Each replacement has a completed snapshot under the key before any source goes."""
    _, migration = await retained(instant, retain=0)
    states: list[set[str]] = []

    def look() -> None:
        states.append({s["State"] for s in instant.snapshots().values() if s["Encrypted"]})

    driver = instant.new_driver(listeners=[when("finalize:source", look, event="step-started")])
    await instant.act(driver.finalize(migration))
    assert [{"completed"}] == states


async def test_a_snapshot_under_the_key_that_is_there_already_is_enough(instant: World) -> None:
    """Where a backup of the replacement has completed since bring-up, no other is made."""
    instance, migration = await retained(instant, retain=0)
    for v in instant.volumes(instance).values():
        instant.ec2.create_snapshot(VolumeId=v["VolumeId"])
    instant.clock.advance(60)
    done, _ = await finalize(instant, migration)
    assert (0, 2) == (done.exit_code, len(instant.snapshots()))


async def test_finalize_deletes_only_what_the_journal_names(instant: World) -> None:
    """A volume and a snapshot of somebody else that carry our tags, as copies of tags do, are left alone."""
    _, migration = await retained(instant, retain=0)
    tags = [{"Key": "sealift:migration", "Value": migration}, {"Key": "sealift:role", "Value": "source"}]
    stranger = instant.box.add_volume(REGION, size_gib=1)
    copied = instant.ec2.create_snapshot(VolumeId=stranger)["SnapshotId"]
    instant.ec2.create_tags(Resources=[stranger, copied], Tags=tags)
    done, _ = await finalize(instant, migration)
    assert (0, True, True) == (done.exit_code, stranger in instant.all_volumes(), copied in instant.snapshots())


async def test_a_source_that_lost_our_mark_is_not_deleted(instant: World) -> None:
    """The id is in the journal but the tag says that somebody took it over: it stays, and the run does not end well."""
    instance = instant.instance(ROOT)
    source = instant.volumes(instance)[ROOT.device]["VolumeId"]
    outcome = await instant.migrate(instance, route="clone", retain=0)
    instant.ec2.create_tags(Resources=[source], Tags=[{"Key": "sealift:role", "Value": "theirs"}])
    done, _ = await finalize(instant, outcome.migration)
    assert (False, True) == (done.exit_code == 0, source in instant.all_volumes())


async def test_a_source_that_somebody_uses_again_is_not_deleted(instant: World) -> None:
    """Attached to another instance it is in use: it stays."""
    instance, other = instant.instance(ROOT), instant.instance(ROOT, name="other")
    source = instant.volumes(instance)[ROOT.device]["VolumeId"]
    outcome = await instant.migrate(instance, route="clone", retain=0)
    instant.ec2.attach_volume(VolumeId=source, InstanceId=other, Device="/dev/sdz")
    done, _ = await finalize(instant, outcome.migration)
    assert (False, True) == (done.exit_code == 0, source in instant.all_volumes())


async def test_a_finalize_that_fails_puts_nothing_back_and_is_run_again(instant: World) -> None:
    """Its restore point goes to 'error': exit 1, not 5, for no service was put back; the source is there; the next run ends it."""
    _, migration = await retained(instant, retain=0)
    before = instant.all_volumes()
    instant.box.faults.add(Fault(operation="ec2:CreateSnapshot", fails_at=50.0))
    failed, _ = await finalize(instant, migration)
    assert (1, before) == (failed.exit_code, instant.all_volumes())
    assert "went to 'error'" in failed.message
    assert failed.message.endswith(f"Nothing is down: go on with: sealift finalize {migration}")
    assert 0 == (await finalize(instant, migration))[0].exit_code


async def test_finalize_says_what_stays_until_somebody_acts(instant: World) -> None:
    """Three lists: gone now, goes by itself, stays; a snapshot that we did not make and an AMI that pins one have their commands."""
    _, migration = await retained(instant, retain=0)
    source = next(i for i, v in instant.all_volumes().items() if not v["Encrypted"])
    instant.clock.advance(60)
    theirs = instant.ec2.create_snapshot(VolumeId=source)["SnapshotId"]
    _, lists = await finalize(instant, migration)
    stays = {item["id"]: item["command"] for item in lists["stays_until_you_act"]}
    assert {"gone_now", "goes_by_itself", "stays_until_you_act"} == set(lists)
    assert f"aws ec2 delete-snapshot --region {REGION} --snapshot-id {theirs}" == stays[theirs]
    assert theirs in instant.snapshots()


async def test_what_a_recycle_bin_rule_keeps_is_not_gone(instant: World) -> None:
    """R-EBS-78: deleted, and kept for its time; each volume and snapshot goes by itself on a date, and none of them is gone now."""
    _, migration = await retained(instant, retain=0)
    rbin = boto3.client("rbin", region_name=REGION)
    for kind, days in (("EBS_VOLUME", 7), ("EBS_SNAPSHOT", 30)):
        period = {"RetentionPeriodValue": days, "RetentionPeriodUnit": "DAYS"}
        rbin.create_rule(ResourceType=kind, RetentionPeriod=period)
    done, lists = await finalize(instant, migration)
    volumes = {v["VolumeId"]: v["RecycleBinExitTime"] for v in instant.ec2.list_volumes_in_recycle_bin()["Volumes"]}
    kept = {item["id"]: item["until"] for item in lists["goes_by_itself"]}
    assert (0, [], 4, 2) == (done.exit_code, lists["gone_now"], len(kept), len(volumes))
    assert {i: str(until) for i, until in volumes.items()} == {i: kept[i] for i in volumes}
    assert "0 resources are gone, 4 go by themselves" in done.message


async def test_a_recycle_bin_that_cannot_be_read_is_said(instant: World) -> None:
    """What it keeps is not known then: nobody is told that all of it is gone without a word."""
    _, migration = await retained(instant, retain=0)
    refuse(instant, "ec2:ListVolumesInRecycleBin", "UnauthorizedOperation", times=None)
    done, lists = await finalize(instant, migration)
    (unread,) = [item for item in lists["stays_until_you_act"] if "Recycle Bin" in item["id"]]
    assert (0, True) == (done.exit_code, "UnauthorizedOperation" in unread["what"])
    assert f"aws ec2 list-volumes-in-recycle-bin --region {REGION}" == unread["command"]


async def test_the_copy_route_says_that_its_encrypted_snapshots_stay(instant: World) -> None:
    """They are worth keeping, and cost: each is in the third list with its command."""
    _, migration = await retained(instant, "copy", retain=0)
    _, lists = await finalize(instant, migration)
    encrypted = [i for i in lists["stays_until_you_act"] if "encrypted snapshot" in i["what"]]
    assert 2 == len(encrypted)


async def test_finalize_is_done_once_and_cannot_be_taken_back(instant: World) -> None:
    """Again: exit 0, nothing to do. Rollback and resume: refused or done, nothing happens."""
    _, migration = await retained(instant, retain=0)
    await finalize(instant, migration)
    before = picture(instant)
    again, _ = await finalize(instant, migration)
    back = await instant.act(instant.driver.rollback(migration, discard_writes=True))
    resumed = await instant.act(instant.driver.resume(migration))
    assert (0, 4, 0, {}) == (again.exit_code, back.exit_code, resumed.exit_code, changed(before, picture(instant)))


async def test_what_is_finalized_holds_no_copy_slots(instant: World) -> None:
    """A clone holds the slots that it has taken while it hydrates; once its source is deleted the next plan has all of them."""
    _, migration = await retained(instant, "clone", retain=0)
    place = f"123456789012/{REGION}"
    held = instant.driver.journal.reserved(place)
    await finalize(instant, migration)
    assert ([2], {}) == (list(held.values()), instant.driver.journal.reserved(place))


async def test_a_finalize_that_died_goes_on(instant: World) -> None:
    """A delete that AWS refused is tried again by the next finalize; the rest is not done twice."""
    _, migration = await retained(instant, retain=0)
    fault = refuse(instant, "ec2:DeleteSnapshot", times=None)
    first, _ = await finalize(instant, migration)
    fault.times = 0
    second, _ = await finalize(instant, migration)
    plain = [s for s in instant.snapshots().values() if not s["Encrypted"]]
    assert (False, 0, [], "finalized") == (first.exit_code == 0, second.exit_code, plain, instant.state(migration).end)


# -- verify --------------------------------------------------------------------------------------------------------------


async def test_verify_is_0_when_all_is_settled(instant: World) -> None:
    """Attached, healthy, hydrated, under the key: exit 0, and nothing was changed."""
    _, migration = await retained(instant)
    calls = instant.calls()
    assert (0, calls) == ((await instant.act(instant.driver.verify(migration))).exit_code, instant.calls())


WRONG = {
    "the key is disabled": lambda w, i, v: w.box.disable_key(w.key),
    "a flag was changed": lambda w, i, v: w.ec2.modify_instance_attribute(
        InstanceId=i, BlockDeviceMappings=[{"DeviceName": ROOT.device, "Ebs": {"DeleteOnTermination": False}}]
    ),
    "a volume is impaired": lambda w, i, v: w.box.show_status_as(v, VolumeStatus={"Status": "impaired", "Details": []}),
    "the instance is gone": lambda w, i, v: w.ec2.terminate_instances(InstanceIds=[i]),
}


@pytest.mark.parametrize("what", WRONG)
async def test_verify_is_6_when_something_is_wrong(instant: World, what: str) -> None:
    """What was true at the end of the migration no longer is: exit 6, and nothing is changed by looking."""
    instance, migration = await retained(instant)
    WRONG[what](instant, instance, instant.volumes(instance)[ROOT.device]["VolumeId"])
    before = picture(instant)
    told = await instant.act(instant.driver.verify(migration))
    assert (6, {}) == (told.exit_code, changed(before, picture(instant))), told


async def test_a_warning_while_initialising_is_no_failure(world: World) -> None:
    """AWS shows `warning` for provisioned IOPS that initialise: only `impaired` is wrong (the rest of verify waits for hydration)."""
    instance, migration = await retained(world)
    volume = world.volumes(instance)[ROOT.device]["VolumeId"]
    world.clock.advance(2 * DAY)
    world.box.show_status_as(volume, VolumeStatus={"Status": "warning", "Details": []})
    assert 0 == (await world.act(world.driver.verify(migration))).exit_code


async def test_there_is_nothing_to_verify_before_bring_up(instant: World) -> None:
    """At the gate verify is refused (exit 4)."""
    plan = await instant.plan(instant.instance(ROOT))
    left = await instant.act(instant.driver.migrate(plan, observed=True, no_wait=True))
    assert 4 == (await instant.act(instant.driver.verify(left.migration))).exit_code


async def test_credentials_that_expire_in_finalize_are_no_end(instant: World) -> None:
    """Exit 130 with the command: nothing is down, and the next finalize deletes the rest."""
    _, migration = await retained(instant, retain=0)
    fault = refuse(instant, "ec2:DeleteVolume", "RequestExpired", times=None)
    cut_off, _ = await finalize(instant, migration)
    assert (130, True) == (cut_off.exit_code, f"sealift finalize {migration}" in cut_off.message)
    fault.times = 0
    assert 0 == (await finalize(instant, migration))[0].exit_code
