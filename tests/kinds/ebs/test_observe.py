"""Facts are read from AWS, and what cannot be read is left open: never guessed, never a failure of the whole."""

import boto3
import pytest

from sealift.errors import AccessDenied, CallError, CredentialsLost, Retry, SealiftError
from sealift.kinds.ebs.observe import observe_instance, observe_volume, probe_clone, volume_facts
from sealift.options import Options
from sealift.sandbox import VolumeSpec
from sealift.step import Call
from sealift.surroundings import Surroundings
from tests.kinds.conftest import Door, denied, silent, unknown
from tests.kinds.ebs.facts_for_tests import ACCOUNT, REGION

OPTIONS = Options(key="alias/app")
DATA = VolumeSpec(
    device="/dev/sdf", size_gib=100, type="io2", iops=6000, delete_on_termination=False, tags={"b": "2", "a": "1"}
)
DEEP = (
    "ec2:DescribeVolumeStatus",
    "ec2:DescribeVolumesModifications",
    "ec2:DescribeVolumeAttribute",
    "ec2:DescribeSnapshots",
)
ABOUT_THE_INSTANCE = (
    "ec2:DescribeInstanceAttribute", "ec2:DescribeInstanceTypes", "ec2:DescribeAddresses", "autoscaling:DescribeAutoScalingInstances",
)  # fmt: skip
ABOUT_THE_REGION = (
    "ec2:GetEbsEncryptionByDefault", "ec2:GetEbsDefaultKmsKeyId", "ec2:DescribeAvailabilityZones", "dlm:GetLifecyclePolicies",
    "backup:ListBackupPlans", "cloudwatch:DescribeAlarms", "kms:GetKeyPolicy",
)  # fmt: skip


def lost(operation):
    return CredentialsLost("expired", operation=operation, retry=Retry.FATAL)


async def observe(read, target, options=OPTIONS, **more):
    return await observe_instance(read, ACCOUNT, REGION, target, options, **more)


async def test_an_instance_comes_with_all_its_volumes_root_first(box, read):
    """Volumes are in device order behind the root, each with its shape and its attachment."""
    target = box.add_instance(REGION, volumes=[VolumeSpec(device="/dev/xvda"), DATA, VolumeSpec(device="/dev/sdb")])

    facts = await observe(read, target)

    assert [v.device for v in facts.volumes] == ["/dev/xvda", "/dev/sdb", "/dev/sdf"]
    assert facts.root_moves
    data = facts.volumes[2]
    assert (data.type, data.size, data.iops, data.delete_on_termination) == ("io2", 100, 6000, False)
    assert data.attachers == (target,)
    assert data.tags == (("a", "1"), ("b", "2"))


async def test_deep_facts_are_read(box, read):
    """Status, modifications, attributes and pending snapshots are known afterwards."""
    target = box.add_instance(REGION)

    volume = (await observe(read, target)).volumes[0]

    assert (volume.status, volume.io_enabled, volume.initialising) == ("ok", "passed", False)
    assert (volume.modification, volume.auto_enable_io, volume.product_codes, volume.pending_snapshots) == (
        "none",
        False,
        (),
        0,
    )


async def test_a_pending_snapshot_and_a_modification_are_seen(box, read):
    """Both are read by filter, in one call for all volumes."""
    target = box.add_instance(REGION)
    volume = (await observe(read, target)).volumes[0].id
    ec2 = boto3.client("ec2", REGION)
    ec2.create_snapshot(VolumeId=volume)
    ec2.modify_volume(VolumeId=volume, Size=20)

    found = (await observe(read, target)).volumes[0]

    assert found.pending_snapshots == 1
    assert found.modification == "modifying"


async def test_the_instance_is_described(box, read):
    """What a rule asks of an instance is there: state, type, flags, key by ARN (R-EBS-51)."""
    target = box.add_instance(REGION, tags={"Name": "web"})

    facts = await observe(read, target)

    assert (facts.account, facts.region, facts.zone, facts.state) == (ACCOUNT, REGION, f"{REGION}a", "running")
    assert (facts.instance_type, facts.root_type, facts.platform) == ("m5.large", "ebs", "Linux/UNIX")
    assert (facts.stop_protected, facts.shutdown_behaviour, facts.instance_store) == (False, "stop", False)
    assert facts.key.arn.startswith(f"arn:aws:kms:{REGION}:")
    assert (facts.key.state, facts.key.manager, facts.key.region) == ("Enabled", "CUSTOMER", REGION)
    assert facts.asg is None
    assert facts.unread == ()
    assert facts.launch_time


async def test_the_group_of_a_member_is_read(box, read):
    """Standby needs its desired capacity and its minimum (R-EBS-35)."""
    target = box.add_instance(REGION, asg="web")

    group = (await observe(read, target)).asg

    assert group is not None
    assert (group.name, group.lifecycle) == ("web", "InService")
    assert group.desired >= 1


async def test_an_unknown_instance_is_named_with_place_and_remedy(read):
    """One line says what is not where, and what to check; exit 1."""
    with pytest.raises(SealiftError, match=rf"i-0123 is not in {REGION} of account {ACCOUNT}\. Check the id") as caught:
        await observe(read, "i-0123")
    assert caught.value.exit_code == 1


async def test_an_unknown_volume_is_named_with_place_and_remedy(read):
    """The same for a volume."""
    with pytest.raises(SealiftError, match=f"vol-0123 is not in {REGION}"):
        await observe_volume(read, ACCOUNT, REGION, "vol-0123", OPTIONS)


async def test_a_loose_volume_is_observed_alone(box, read):
    """It has no attacher and no device."""
    volume = box.add_volume(REGION)

    facts = await observe_volume(read, ACCOUNT, REGION, volume, OPTIONS)

    assert facts.plain == (facts.volume,)
    assert (facts.volume.state, facts.volume.attachers, facts.volume.device) == ("available", (), None)
    assert facts.volume.status == "ok"


@pytest.mark.parametrize("error", [denied, unknown, silent], ids=["denied", "unknown", "no answer"])
async def test_what_cannot_be_read_does_not_fail_the_observation(box, read, error):
    """Each read but those of instances and volumes may be refused: its facts stay open, all others are read."""
    target = box.add_instance(REGION)
    for operation in (*DEEP, *ABOUT_THE_INSTANCE, *ABOUT_THE_REGION):
        facts = await observe(Door({operation: error(operation)}, read), target)

        assert facts.key.arn
        assert facts.volumes[0].id


async def test_denied_reads_leave_their_facts_open(box, read):
    """None and `unread` say that nothing is known: a rule then says *not evaluated*."""
    target = box.add_instance(REGION, asg="web")
    refused = (*DEEP, *ABOUT_THE_INSTANCE, *ABOUT_THE_REGION)

    facts = await observe(Door({o: denied(o) for o in refused}, read), target)

    volume = facts.volumes[0]
    assert (volume.status, volume.modification, volume.auto_enable_io, volume.pending_snapshots) == (None,) * 4
    assert (facts.stop_protected, facts.instance_store, facts.encryption_by_default, facts.alarms) == (None,) * 4
    assert (facts.selectors, facts.selected_by_arn, facts.default_policies) == (None,) * 3
    assert facts.unread == ("autoscaling", "backup", "dlm")
    assert facts.asg is None


@pytest.mark.parametrize("operation", ["ec2:DescribeInstances", "ec2:DescribeVolumes"])
async def test_without_instances_or_volumes_there_are_no_facts(box, read, operation):
    """These two are not optional."""
    target = box.add_instance(REGION)
    with pytest.raises(AccessDenied):
        await observe(Door({operation: denied(operation)}, read), target)


@pytest.mark.parametrize("operation", ["kms:DescribeKey", "ec2:DescribeVolumeStatus", "cloudwatch:DescribeAlarms"])
async def test_lost_credentials_are_not_taken_for_a_denial(box, read, operation):
    """Nothing can be read any more: that ends the observation."""
    target = box.add_instance(REGION)
    with pytest.raises(CredentialsLost):
        await observe(Surroundings(Door({operation: lost(operation)}, read)), target)


async def test_a_key_that_is_not_there_is_a_fact(box, read):
    """The rule about the key refuses with this text; observing goes on."""
    target = box.add_instance(REGION)

    key = (await observe(read, target, Options(key="alias/none"))).key

    assert key.arn == ""
    assert "NotFoundException" in key.error
    assert key.wanted == "alias/none"


async def test_no_key_is_a_fact_too(box, read):
    """Without --key nothing is asked of KMS."""
    target = box.add_instance(REGION)
    assert (await observe(read, target, Options())).key.error == "no key was named"


async def test_managed_resources_are_asked_for_and_left_out_where_unknown(box, read):
    """AWS hides what its services manage (R-EBS-04); an endpoint without that parameter is asked again without it."""
    target = box.add_instance(REGION)

    async def old(call: Call):
        if "IncludeManagedResources" in call.params:
            raise CallError("no such parameter", operation=call.operation, retry=Retry.REFUSED, code="UnknownParameter")
        return await read(call)

    assert (await observe(old, target)).id == target


async def test_clones_are_probed_only_when_a_probe_is_given(box, read):
    """The probe is a dry run of a mutating call, which a reading door refuses."""
    target = box.add_instance(REGION)
    asked = []

    async def probe(call: Call) -> str:
        asked.append(call)
        return "DryRunOperation"

    assert (await observe(read, target)).clone_supported is None
    assert (await observe(read, target, probe=probe)).clone_supported is True
    assert [c.operation for c in asked] == ["ec2:CopyVolumes"]
    assert asked[0].params["DryRun"] is True


@pytest.mark.parametrize(
    ("code", "known"),
    [
        ("DryRunOperation", True),
        ("UnsupportedOperation", False),
        ("InvalidAction", False),
        ("UnauthorizedOperation", None),
    ],
)
async def test_what_a_dry_run_says_of_clones(code, known):
    """A denial says nothing about the Region."""

    async def probe(call: Call) -> str:
        return code

    assert await probe_clone(probe, "vol-1") is known


def test_every_attacher_is_known_and_a_detached_one_is_none():
    """A volume of several instances names them all (R-EBS-13)."""
    volume = {
        "VolumeId": "vol-1", "State": "in-use", "AvailabilityZone": "a", "VolumeType": "io2", "Size": 4, "MultiAttachEnabled": True,
        "Attachments": [
            {"InstanceId": "i-2", "Device": "/dev/sdg", "State": "attached"},
            {"InstanceId": "i-1", "Device": "/dev/sdf", "State": "busy", "EbsCardIndex": 1},
            {"InstanceId": "i-3", "Device": "/dev/sdh", "State": "detached"},
        ],
    }  # fmt: skip

    facts = volume_facts(volume, "i-1")

    assert facts.attachers == ("i-1", "i-2")
    assert (facts.device, facts.card, facts.attachment) == ("/dev/sdf", 1, "busy")


@pytest.mark.parametrize(
    ("more", "by"),
    [
        ({"Operator": {"Managed": True, "Principal": "eks.amazonaws.com"}}, "eks.amazonaws.com"),
        ({"Attachments": [{"AssociatedResource": "arn:aws:ecs:task", "State": "attached"}]}, "arn:aws:ecs:task"),
        ({"Attachments": [{"InstanceId": "i-1", "InstanceOwningService": "workspaces", "State": "attached"}]}, "workspaces"),
        ({"Operator": {"Managed": False}}, None),
    ],
)  # fmt: skip
def test_who_manages_a_volume(more, by):
    """The operator, or the service that owns the attachment (R-EBS-04)."""
    volume = {"VolumeId": "vol-1", "State": "in-use", "AvailabilityZone": "a", "VolumeType": "gp3", "Size": 4}
    assert volume_facts(volume | more).managed_by == by
