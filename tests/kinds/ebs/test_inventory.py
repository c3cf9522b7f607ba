"""The inventory holds every volume of a Region, how it is encrypted, and says what it could not read."""

import boto3
import pytest
from moto import mock_aws

from sealift.aws.gateway import Account, Gateway, reader
from sealift.clock import VirtualClock
from sealift.errors import AccessDenied
from sealift.kind import NOT_EVALUATED
from sealift.kinds.ebs.inventory import find
from sealift.sandbox import VolumeSpec, fleets
from tests.kinds.conftest import denied
from tests.kinds.ebs.facts_for_tests import ACCOUNT, REGION

CONTRACT = {
    "kind", "id", "arn", "account", "region", "encryption", "kms_key_id", "state", "size_gib", "volume_type", "iops", "throughput",
    "availability_zone", "attachments", "tags", "rules",
}  # fmt: skip


async def findings(read):
    found, unreadable = await find(read, ACCOUNT, REGION)
    assert unreadable == []
    return {f["id"]: f for f in found}


def encrypted(key):
    made = boto3.client("ec2", REGION).create_volume(
        AvailabilityZone=f"{REGION}a", Size=8, Encrypted=True, KmsKeyId=key
    )
    return made["VolumeId"]


async def test_a_finding_has_the_fields_of_the_contract(box, read):
    """`sealift.inventory/1`: all fields, for an attached and for a loose volume."""
    target = box.add_instance(REGION, volumes=[VolumeSpec(device="/dev/xvda", tags={"Name": "root"})])
    loose = box.add_volume(REGION)

    found = await findings(read)

    root = next(f for f in found.values() if f["attachments"])
    assert set(root) == set(found[loose]) == CONTRACT
    assert root["attachments"] == [
        {"instance": target, "device": "/dev/xvda", "root": True, "delete_on_termination": True}
    ]
    assert root["arn"] == f"arn:aws:ec2:{REGION}:{ACCOUNT}:volume/{root['id']}"
    assert (root["encryption"], root["kms_key_id"], root["tags"]) == ("none", None, {"Name": "root"})
    assert found[loose]["attachments"] == []


async def test_who_manages_the_key_decides_what_a_volume_is(box, read):
    """none, aws-managed or customer, by KMS and not by the look of the key's name."""
    plain = box.add_volume(REGION)
    managed, own = encrypted("alias/aws/ebs"), encrypted("alias/app")

    found = await findings(read)

    assert [found[v]["encryption"] for v in (plain, managed, own)] == ["none", "aws-managed", "customer"]


async def test_a_key_is_read_once_for_all_its_volumes(box, behind):
    """A Region of a thousand volumes under three keys asks KMS three times."""
    for _ in range(3):
        encrypted("alias/app")
    door = behind()

    await find(door, ACCOUNT, REGION)

    assert door.times("kms:DescribeKey") == 1


async def test_a_key_that_cannot_be_read_makes_its_volumes_unreadable(box, behind):
    """They are named with the error, never called encrypted or plain."""
    plain, hidden = box.add_volume(REGION), encrypted("alias/app")

    found, unreadable = await find(behind(kms_DescribeKey=denied("kms:DescribeKey")), ACCOUNT, REGION)

    assert [f["id"] for f in found] == [plain]
    assert [(u["kind"], u["region"]) for u in unreadable] == [("ebs-volume", REGION)]
    assert hidden in unreadable[0]["error"]


async def test_a_key_of_another_account_is_a_customers(box, behind):
    """Keys that AWS manages work in their own account alone: no read is needed."""
    key = f"arn:aws:kms:{REGION}:999999999999:key/1"
    volume = {"VolumeId": "vol-1", "State": "available", "AvailabilityZone": "x", "VolumeType": "gp3", "Size": 1}
    reply = {"Volumes": [volume | {"Encrypted": True, "KmsKeyId": key}]}

    found, _ = await find(behind(ec2_DescribeVolumes=reply), ACCOUNT, REGION)

    assert [f["encryption"] for f in found] == ["customer"]


async def test_encryption_without_a_key_is_owned_by_aws(behind):
    """SseType sse-ebs: encrypted, under no key that the account could see."""
    volume = {
        "VolumeId": "vol-1",
        "State": "available",
        "AvailabilityZone": "x",
        "VolumeType": "gp3",
        "Size": 1,
        "Encrypted": True,
    }

    found, _ = await find(behind(ec2_DescribeVolumes={"Volumes": [volume]}), ACCOUNT, REGION)

    assert [f["encryption"] for f in found] == ["aws-owned"]


async def test_rules_are_judged_and_deep_ones_left_open(box, read):
    """What stands in the way is there without a read for each resource; the rest says *not evaluated*."""
    box.add_instance(REGION, asg="web")

    (finding,) = (await findings(read)).values()

    rules = {r["id"]: r for r in finding["rules"]}
    assert rules["R-EBS-35"]["verdict"] == "block"
    assert "web" in rules["R-EBS-35"]["message"]
    assert rules["R-EBS-12"]["verdict"] == NOT_EVALUATED


async def test_an_encrypted_volume_has_no_rules(box, read):
    """Nothing moves."""
    volume = encrypted("alias/app")
    assert (await findings(read))[volume]["rules"] == []


async def test_without_instances_the_volumes_are_still_found(box, behind):
    """Whether a volume is a root is then unknown, and said."""
    box.add_instance(REGION)

    found, unreadable = await find(behind(ec2_DescribeInstances=denied("ec2:DescribeInstances")), ACCOUNT, REGION)

    assert [f["attachments"][0]["root"] for f in found] == [None]
    assert "the instances" in unreadable[0]["error"]


async def test_groups_that_cannot_be_read_are_said(box, behind):
    """The rule about groups then goes by the tag that Auto Scaling sets."""
    operation = "autoscaling:DescribeAutoScalingInstances"
    box.add_instance(REGION, asg="web")

    found, unreadable = await find(behind(autoscaling_DescribeAutoScalingInstances=denied(operation)), ACCOUNT, REGION)

    assert operation in unreadable[0]["error"]
    assert ("R-EBS-35", "block") in [(r["id"], r["verdict"]) for r in found[0]["rules"]]


async def test_without_volumes_there_is_no_inventory(behind):
    """The caller reports the whole kind as unreadable in this Region."""
    with pytest.raises(AccessDenied):
        await find(behind(ec2_DescribeVolumes=denied("ec2:DescribeVolumes")), ACCOUNT, REGION)


async def test_a_fleet_takes_four_reads(box, gateway, read):
    """Requests do not grow with the fleet, but for pages (500 to a page)."""
    fleets.seed(box, 40, REGION)

    found = await findings(read)

    assert len(found) == 80
    assert sum(gateway.counts.values()) <= 3


async def test_plain_moto_is_enough():
    """An emulator without the newer operations is read at once: nothing that it lacks is asked for."""
    clock = VirtualClock()
    with mock_aws():
        ec2 = boto3.client("ec2", "us-east-1")
        ec2.run_instances(ImageId="ami-1", MinCount=1, MaxCount=1)
        found, unreadable = await find(reader(Gateway(Account(clock), ACCOUNT, "us-east-1")), ACCOUNT, "us-east-1")

    assert [(f["encryption"], f["attachments"][0]["root"]) for f in found] == [("none", True)]
    assert unreadable == []
    assert clock.now() == VirtualClock().now()
