"""What surrounds the volumes: backups, alarms, defaults; read once for many targets."""

import json

import pytest

from sealift.errors import AccessDenied, CallError
from sealift.keys import key_facts
from sealift.kinds.ebs.observe import observe_instance
from sealift.kinds.ebs.surroundings import alarms_on, backups, zone_type
from sealift.options import Options
from sealift.step import Call
from sealift.surroundings import SHARED, Surroundings
from tests.kinds.conftest import Door, denied, silent
from tests.kinds.ebs.facts_for_tests import ACCOUNT, REGION

POLICIES = {
    "dlm:GetLifecyclePolicies": {
        "Policies": [
            {"PolicyId": "policy-1", "State": "ENABLED"},
            {"PolicyId": "policy-2", "State": "DISABLED"},
            {"PolicyId": "policy-3", "State": "ENABLED", "DefaultPolicy": True},
        ]
    },
    "dlm:GetLifecyclePolicy": {"Policy": {"PolicyDetails": {"TargetTags": [{"Key": "Backup", "Value": "daily"}]}}},
}
SELECTION = {
    "SelectionName": "disks",
    "Resources": ["arn:aws:ec2:eu-central-1:1:volume/vol-1", "arn:aws:ec2:*:*:volume/*", "arn:aws:rds:x"],
    "ListOfTags": [{"ConditionKey": "Plan", "ConditionValue": "gold"}],
    "Conditions": {
        "StringEquals": [{"ConditionKey": "aws:ResourceTag/Tier", "ConditionValue": "db"}],
        "StringLike": None,
    },
}
PLANS = {
    "backup:ListBackupPlans": {"BackupPlansList": [{"BackupPlanId": "p1", "BackupPlanName": "daily"}]},
    "backup:ListBackupSelections": {"BackupSelectionsList": [{"SelectionId": "s1"}]},
    "backup:GetBackupSelection": {"BackupSelection": SELECTION},
}


async def test_tags_by_which_backups_select_are_found():
    """Target tags of DLM policies that are not disabled, tags and conditions of AWS Backup selections (R-EBS-45)."""
    found = await backups(Door(POLICIES | PLANS))

    assert found.selectors == ("Backup", "Plan", "Tier")
    assert found.default_policies == ("policy-3",)
    assert found.unread == ()


async def test_a_selection_that_names_the_volume_is_found_and_a_pattern_is_not():
    """A pattern takes the replacement too; an ARN does not."""
    found = await backups(Door(POLICIES | PLANS))

    assert found.naming(["vol-1"]) == ("daily/disks",)
    assert found.naming(["vol-2"]) == ()


@pytest.mark.parametrize(
    "operation", ["backup:ListBackupPlans", "backup:ListBackupSelections", "backup:GetBackupSelection"]
)
async def test_half_read_selections_are_not_taken_for_all(operation):
    """One denied read, and it is not known what AWS Backup selects; DLM's tags still are."""
    found = await backups(Door(POLICIES | PLANS | {operation: denied(operation)}))

    assert found.unread == ("backup",)
    assert found.naming(["vol-1"]) is None
    assert found.selectors == ("Backup",)


async def test_alarms_are_found_by_dimension_also_in_metric_math():
    """CloudWatch cannot filter by dimension."""
    dimension = [{"Name": "VolumeId", "Value": "vol-1"}]
    alarms = [
        {"AlarmName": "plain", "Dimensions": dimension},
        {
            "AlarmName": "math",
            "Metrics": [{"MetricStat": {"Metric": {"Dimensions": dimension}}}, {"Expression": "m1*2"}],
        },
        {"AlarmName": "other", "Dimensions": [{"Name": "VolumeId", "Value": "vol-2"}]},
        {"AlarmName": "instance", "Dimensions": [{"Name": "InstanceId", "Value": "vol-1"}]},
    ]
    assert await alarms_on(Door({"cloudwatch:DescribeAlarms": {"MetricAlarms": alarms}}), ["vol-1"]) == (
        "math",
        "plain",
    )


POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {"Sid": "All", "Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "kms:*", "Resource": "*"},
        {
            "Sid": "OfficeOnly",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "kms:*",
            "Resource": "*",
            "Condition": {"NotIpAddress": {"aws:SourceIp": "192.0.2.0/24"}},
        },
        {
            "Sid": "OneDisk",
            "Effect": "Allow",
            "Principal": {"AWS": ACCOUNT},
            "Action": "kms:Decrypt",
            "Resource": "*",
            "Condition": {"StringEquals": {"kms:EncryptionContext:aws:ebs:id": "vol-1"}},
        },
    ],
}


async def test_the_policy_of_the_key_is_read(box, read):
    """What bars EC2 by place, and what is pinned to ids (R-EBS-57, R-EBS-58); KMS's default policy has neither."""
    before = await key_facts(read, "alias/app")
    box.client("kms", REGION).put_key_policy(KeyId=before.arn, Policy=json.dumps(POLICY), PolicyName="default")
    after = await key_facts(read, "alias/app")

    assert (before.bars_by_place, before.pinned) == ((), ())
    assert (after.bars_by_place, after.pinned) == (("OfficeOnly",), ("OneDisk (vol-1)",))


@pytest.mark.parametrize("answer", [denied("kms:GetKeyPolicy"), {"Policy": "none"}])
async def test_a_key_whose_policy_is_not_shown_is_read_all_the_same(behind, answer):
    """A key of another account shows none: the rules about it are not evaluated, the key is as fit as ever."""
    facts = await key_facts(behind(kms_GetKeyPolicy=answer), "alias/app")

    assert (facts.bars_by_place, facts.pinned, facts.error) == (None, None, "")
    assert facts.state == "Enabled"


async def test_the_kind_of_zone_is_read():
    """A zone that is not described is taken for an ordinary one."""
    door = Door(
        {"ec2:DescribeAvailabilityZones": {"AvailabilityZones": [{"ZoneName": "x-lax-1a", "ZoneType": "local-zone"}]}}
    )

    assert await zone_type(door, "x-lax-1a") == "local-zone"
    assert await zone_type(door, "x-1a") == "availability-zone"


async def test_many_targets_read_what_they_share_once(box, read):
    """Planning two instances asks once for the key, the defaults, the zones, the alarms and the backups."""
    door = Door({}, read)
    surroundings = Surroundings(door)

    for name in ("a", "b"):
        target = box.add_instance(REGION, name)
        await observe_instance(surroundings, ACCOUNT, REGION, target, Options(key="alias/app"))

    questions = [(c.operation, str(sorted(c.params.items()))) for c in door.asked if c.operation in SHARED]
    assert len(questions) == len(set(questions))
    assert door.times("ec2:DescribeInstances") == 2


async def test_a_refusal_is_remembered():
    """What is denied once is denied for the run."""
    door = Door({"dlm:GetLifecyclePolicies": denied("dlm:GetLifecyclePolicies")})
    surroundings = Surroundings(door)

    for _ in range(2):
        with pytest.raises(AccessDenied):
            await surroundings(Call("dlm:GetLifecyclePolicies", {}))
    assert door.times("dlm:GetLifecyclePolicies") == 1


async def test_an_operation_that_gave_no_answer_is_not_asked_again():
    """An emulator without it costs its deadline once, not once for each volume; what is needed is asked again."""
    names = ("ec2:DescribeVolumeAttribute", "ec2:DescribeVolumes")
    door = Door({name: silent(name) for name in names})
    surroundings = Surroundings(door)

    for name in names:
        for volume in ("vol-1", "vol-2"):
            with pytest.raises(CallError):
                await surroundings(Call(name, {"VolumeId": volume}))

    assert door.times("ec2:DescribeVolumeAttribute") == 1
    assert door.times("ec2:DescribeVolumes") == 2
