"""Promise 6: everything comes over: tags, IOPS, throughput, DeleteOnTermination, AutoEnableIO, device, power state."""

from typing import Any

import pytest

from sealift.sandbox.seeding import VolumeSpec
from tests.promises.acts import refuse
from tests.world import DATA, REGION, ROOT, World

ROUTES = ("clone", "snapshot", "copy")
each_route = pytest.mark.parametrize("route", ROUTES)

GP2 = VolumeSpec(device="/dev/sdb", type="gp2", size_gib=30)
GP3 = VolumeSpec(device="/dev/sdc", type="gp3", size_gib=20, iops=7000, throughput=400)
IO1 = VolumeSpec(device="/dev/sdd", type="io1", size_gib=50, iops=1500)
IO2 = VolumeSpec(device="/dev/sde", type="io2", size_gib=50, iops=9000)
ST1 = VolumeSpec(device="/dev/sdh", type="st1", size_gib=125)
SC1 = VolumeSpec(device="/dev/sdi", type="sc1", size_gib=125)


def user_tags(volume: dict[str, Any]) -> dict[str, str]:
    return {t["Key"]: t["Value"] for t in volume.get("Tags") or () if not t["Key"].startswith("sealift:")}


async def moved(world: World, *volumes: VolumeSpec, **options: Any) -> tuple[dict[str, Any], dict[str, Any], str]:
    """Migrate an instance with these disks; return its volumes before and after, and its id."""
    how = {k: options.pop(k) for k in ("state", "asg") if k in options}
    instance = world.instance(*volumes, **how)
    before = world.volumes(instance)
    acks = ("R-EBS-31", "R-EBS-89")
    outcome = await world.migrate(instance, **{"acks": acks, **options})
    assert 0 == outcome.exit_code, outcome
    return before, world.volumes(instance), instance


# -- the shape -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("spec", [GP2, GP3, IO1, IO2, ST1, SC1], ids=lambda s: s.type)
@each_route
async def test_the_shape_of_a_volume_comes_over(instant: World, route: str, spec: VolumeSpec) -> None:
    """Type, size, IOPS, throughput, zone and multi-attach are those of the source, on its device."""
    before, after, _ = await moved(instant, ROOT, spec, route=route)
    assert before.keys() == after.keys()
    for device, was in before.items():
        for field in ("VolumeType", "Size", "Iops", "Throughput", "AvailabilityZone", "MultiAttachEnabled"):
            assert was.get(field) == after[device].get(field), (device, field)


@pytest.mark.parametrize("flag", [True, False])
@each_route
async def test_delete_on_termination_comes_over_with_both_values(instant: World, route: str, flag: bool) -> None:
    """The flag is sent, whatever it was: AttachVolume leaves false, and leaving it out means true."""
    spec = VolumeSpec(delete_on_termination=flag)
    _, after, _ = await moved(instant, spec, VolumeSpec(device="/dev/sdf", delete_on_termination=not flag), route=route)
    flags = {device: v["Attachments"][0]["DeleteOnTermination"] for device, v in after.items()}
    assert {"/dev/xvda": flag, "/dev/sdf": not flag} == flags


@pytest.mark.parametrize("value", [True, False])
async def test_auto_enable_io_comes_over(instant: World, value: bool) -> None:
    """The attribute that no description shows is read from the source and set on the replacement."""
    instance = instant.instance(ROOT)
    source = instant.volumes(instance)[ROOT.device]["VolumeId"]
    instant.ec2.modify_volume_attribute(VolumeId=source, AutoEnableIO={"Value": value})
    await instant.migrate(instance, route="clone")
    copy = instant.volumes(instance)[ROOT.device]["VolumeId"]
    found = instant.ec2.describe_volume_attribute(VolumeId=copy, Attribute="autoEnableIO")["AutoEnableIO"]["Value"]
    assert (True, value) == (copy != source, found)


@pytest.mark.parametrize("state", ["running", "stopped"])
@each_route
async def test_the_power_state_comes_over(instant: World, route: str, state: str) -> None:
    """An instance that ran runs; one that was stopped stays so and is never started."""
    _, after, instance = await moved(instant, ROOT, DATA, route=route, state=state)
    assert (state, {True}) == (instant.power(instance), {v["Encrypted"] for v in after.values()})
    assert (["StartInstances"] if state == "running" else []) == [c.split(":")[-1] for c in instant.calls("Start")]


@each_route
async def test_an_unattached_volume_has_an_unattached_replacement(instant: World, route: str) -> None:
    """Same shape and tags, in the same zone, attached to nothing; the source stays."""
    spec = VolumeSpec(type="gp3", size_gib=20, iops=5000, throughput=300, tags={"Name": "spare", "Team": "db"})
    source = instant.box.add_volume(REGION, spec=spec)
    outcome = await instant.migrate(source, route=route)
    copy = instant.all_volumes()[str(instant.state(outcome.migration).outputs[f"copy:{source}"]["VolumeId"])]
    assert (0, "gp3", 20, 5000, 300, "available", []) == (
        outcome.exit_code, *(copy[f] for f in ("VolumeType", "Size", "Iops", "Throughput", "State", "Attachments")),
    )  # fmt: skip
    assert dict(spec.tags) == user_tags(copy)


# -- tags ----------------------------------------------------------------------------------------------------------------


@each_route
async def test_the_users_tags_come_over_and_aws_ones_do_not(instant: World, route: str) -> None:
    """All tags of the source but those that begin with aws:, which nobody may write."""
    tags = {"Name": "web root", "Cost Center": "4711", "Empty": ""}
    _, after, _ = await moved(instant, VolumeSpec(tags={**tags, "aws:ec2launchtemplate:id": "lt-1"}), route=route)
    assert tags == user_tags(after["/dev/xvda"])


async def test_a_source_with_many_tags_keeps_them(instant: World) -> None:
    """Forty tags come over whole."""
    tags = {f"key-{n:02}": str(n) for n in range(40)}
    _, after, _ = await moved(instant, VolumeSpec(tags=tags), route="clone")
    assert tags == user_tags(after["/dev/xvda"])


async def test_a_source_without_room_for_our_tags_is_refused_before_anything_starts(instant: World) -> None:
    """Fifty tags leave no room for the claim and the before-image: exit 4, and nothing was touched."""
    instance = instant.instance(VolumeSpec(tags={f"key-{n:02}": str(n) for n in range(50)}))
    outcome = await instant.migrate(instance, route="clone")
    assert (4, True, []) == (outcome.exit_code, "R-SEALIFT-03" in outcome.message, instant.calls())


async def test_temporary_resources_carry_only_our_tags_and_the_extra_ones(instant: World) -> None:
    """Until bring-up a replacement is not selected by what selects the source: the user's tags move then."""
    instance = instant.instance(VolumeSpec(tags={"Backup": "daily", "Name": "root"}))
    await instant.migrate(instance, route="snapshot", extra_tags=(("CostCenter", "1"),))
    for operation in ("CreateVolume", "CreateSnapshot"):
        event = next(e for e in instant.box.log if e.operation.endswith(operation) and not e.params.get("DryRun"))
        keys = {t["Key"] for t in event.params["TagSpecifications"][0]["Tags"] if not t["Key"].startswith("sealift:")}
        assert {"CostCenter"} == keys


async def test_selection_tags_of_the_retained_source_are_set_aside_and_put_back(instant: World) -> None:
    """Backups go on with the replacement alone: the source keeps the tag under another name, and has it again after a rollback."""
    instance = instant.instance(VolumeSpec(tags={"Backup": "daily", "Name": "root"}))
    source = instant.volumes(instance)[ROOT.device]["VolumeId"]
    outcome = await instant.migrate(instance, route="clone", selector_tags=("Backup",))
    kept = {t["Key"]: t["Value"] for t in instant.all_volumes()[source]["Tags"]}
    assert ("root", None, "daily") == (kept["Name"], kept.get("Backup"), kept["sealift:was-tag:Backup"])
    assert {"Backup": "daily", "Name": "root"} == user_tags(instant.volumes(instance)[ROOT.device])
    await instant.act(instant.driver.rollback(outcome.migration, discard_writes=True))
    tags = {t["Key"]: t["Value"] for t in instant.volumes(instance)[ROOT.device]["Tags"]}
    assert {"Backup": "daily", "Name": "root"} == tags


async def test_what_dlm_selects_by_is_set_aside_without_being_asked(instant: World) -> None:
    """A lifecycle policy that selects the source by a tag is read, and its tag moves to the replacement."""
    import boto3

    boto3.client("dlm", region_name=REGION).create_lifecycle_policy(
        ExecutionRoleArn="arn:aws:iam::123456789012:role/dlm", Description="daily", State="ENABLED",
        PolicyDetails={
            "ResourceTypes": ["VOLUME"], "TargetTags": [{"Key": "Snap", "Value": "yes"}],
            "Schedules": [{"Name": "daily", "CreateRule": {"Interval": 24, "IntervalUnit": "HOURS"}, "RetainRule": {"Count": 7}}],
        },
    )  # fmt: skip
    instance = instant.instance(VolumeSpec(tags={"Snap": "yes"}))
    source = instant.volumes(instance)[ROOT.device]["VolumeId"]
    acks = ("R-EBS-31", "R-EBS-45")
    outcome = await instant.migrate(instance, route="clone", acks=acks)
    kept = {t["Key"] for t in instant.all_volumes()[source]["Tags"]}
    assert (0, False, True) == (outcome.exit_code, "Snap" in kept, "sealift:was-tag:Snap" in kept)
    assert {"Snap": "yes"} == user_tags(instant.volumes(instance)[ROOT.device])


# -- cloud-custodian's EncryptInstanceVolumes, fault by fault ------------------------------------------------------------


async def test_custodian_sleeps_for_fifteen_seconds_we_wait_for_the_state(world: World) -> None:
    """A snapshot that takes an hour is waited for, however long: nothing is made of it before it has completed."""
    instance = world.instance(VolumeSpec(size_gib=500))
    outcome = await world.migrate(instance, route="snapshot", acks=("R-EBS-31", "R-EBS-89"))
    shots = {e.resource: e.at for e in world.box.log if e.operation.endswith("CreateSnapshot")}
    creates = [e for e in world.box.log if e.operation.endswith("CreateVolume")]
    assert (0, [], True) == (outcome.exit_code, world.box.losses(), creates[0].params["SnapshotId"] in shots)
    assert creates[0].at - min(shots.values()) > 900


async def test_custodian_drops_iops_and_throughput_we_send_them(instant: World) -> None:
    """CreateVolume and CopyVolumes carry Iops and Throughput of the source."""
    for route, operation in (("snapshot", "CreateVolume"), ("clone", "CopyVolumes")):
        await moved(instant, GP3, route=route)
        sent = [e.params for e in instant.box.log if e.operation.endswith(operation) and not e.params.get("DryRun")][-1]
        assert (7000, 400, "gp3") == (int(sent["Iops"]), int(sent["Throughput"]), sent["VolumeType"])


async def test_custodian_deletes_the_originals_we_never_do(instant: World) -> None:
    """No source is deleted by a migration, and none of its volumes is asked to be."""
    before, _, _ = await moved(instant, ROOT, DATA, route="snapshot")
    sources = {v["VolumeId"] for v in before.values()}
    deleted = {e.params.get("VolumeId") for e in instant.box.log if e.operation.endswith("DeleteVolume")}
    assert (set(), sources) == (sources & deleted, sources & set(instant.all_volumes()))


async def test_custodian_swallows_errors_we_report_them(instant: World) -> None:
    """A failed attach is a failed run: another exit code than 0, and the message names AWS's code."""
    refuse(instant, "ec2:AttachVolume", "AttachmentLimitExceeded")
    outcome = await instant.migrate(instant.instance(ROOT), route="snapshot")
    assert (5, True) == (outcome.exit_code, "AttachmentLimitExceeded" in outcome.message)


async def test_custodian_makes_a_second_copy_when_run_again_we_make_none(instant: World) -> None:
    """A run that died after its snapshots goes on with them."""
    instance = instant.instance(ROOT)
    plan = await instant.plan(instance, route="snapshot")
    left = await instant.act(instant.driver.migrate(plan, observed=True, no_wait=True))
    instant.driver.decide(left.migration, "approved", by="a person")
    await instant.act(instant.driver.resume(left.migration))
    again = await instant.act(instant.driver.resume(left.migration))
    assert (0, 2, 2) == (again.exit_code, len(instant.all_volumes()), len(instant.snapshots()))


async def test_custodian_copies_aws_tags_and_fails_we_leave_them_out(instant: World) -> None:
    """No request carries a tag that begins with aws:, which AWS refuses."""
    await moved(instant, VolumeSpec(tags={"aws:cloudformation:x": "y", "Name": "n"}), route="snapshot")
    sent = [t["Key"] for e in instant.box.log for t in e.params.get("Tags", ()) if "CreateTags" in e.operation]
    assert [] == [key for key in sent if key.startswith("aws:")]


async def test_custodian_leaves_the_flag_false_we_set_it_as_it_was(instant: World) -> None:
    """Both values, in one call, on the replacements."""
    await moved(instant, ROOT, DATA, route="snapshot")
    last = [e for e in instant.box.log if e.operation.endswith("ModifyInstanceAttribute")][-1]
    flags = {m["DeviceName"]: m["Ebs"]["DeleteOnTermination"] for m in last.params["BlockDeviceMappings"]}
    assert {ROOT.device: True, DATA.device: False} == flags


async def test_custodian_starts_what_was_stopped_we_do_not(instant: World) -> None:
    """A stopped instance is not started to see whether it works."""
    await moved(instant, ROOT, route="snapshot", state="stopped")
    assert [] == instant.calls("Start")
