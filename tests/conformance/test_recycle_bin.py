"""The Recycle Bin: what is deleted may stay for a time, and come back."""

import pytest

DAY = 86_400


@pytest.fixture
def rbin(client):
    return client("rbin")


@pytest.fixture
def keep(rbin):
    """keep(kind, days, **more) -> a rule's id."""

    def make(kind="EBS_SNAPSHOT", days=7, **more):
        period = {"RetentionPeriodValue": days, "RetentionPeriodUnit": "DAYS"}
        return rbin.create_rule(ResourceType=kind, RetentionPeriod=period, **more)["Identifier"]

    return make


@pytest.fixture
def shot(box, ec2):
    tags = [{"ResourceType": "snapshot", "Tags": [{"Key": "team", "Value": "a"}]}]
    made = ec2.create_snapshot(VolumeId=box.add_volume(), Description="d", TagSpecifications=tags)["SnapshotId"]
    box.clock.advance(1000)
    return made


def test_without_a_rule_what_is_deleted_is_gone(ec2, shot, refused):
    """SB-BIN-02.

    Source SB-BIN-02: What is in the Recycle Bin is unknown to all but its own calls, and comes back as it was, or is
      gone in the end. botocore ec2 RestoreSnapshotFromRecycleBin, RestoreVolumeFromRecycleBin; the codes are guesses.
    """
    ec2.delete_snapshot(SnapshotId=shot)
    assert ec2.list_snapshots_in_recycle_bin()["Snapshots"] == []
    found = refused(ec2.restore_snapshot_from_recycle_bin, SnapshotId=shot)
    assert found == ("InvalidSnapshot.NotFound", 400)


def test_a_deleted_snapshot_stays_for_its_time_and_comes_back(box, ec2, keep, shot, refused):
    """SB-BIN-01, SB-BIN-02: unknown to describes meanwhile; tags and contents are as they were.

    Source SB-BIN-01: docs.aws.amazon.com/ebs/latest/userguide/recycle-bin-working-with-rules.html; that a pending
      snapshot is not kept is a guess.
    Source SB-BIN-02: botocore ec2 RestoreSnapshotFromRecycleBin, RestoreVolumeFromRecycleBin; the codes are guesses.
    """
    keep(days=7)
    before = ec2.describe_snapshots(SnapshotIds=[shot])["Snapshots"][0]
    ec2.delete_snapshot(SnapshotId=shot)
    assert refused(ec2.describe_snapshots, SnapshotIds=[shot])[0] == "InvalidSnapshot.NotFound"
    assert (
        refused(ec2.create_volume, SnapshotId=shot, AvailabilityZone="eu-central-1a")[0] == "InvalidSnapshot.NotFound"
    )
    (kept,) = ec2.list_snapshots_in_recycle_bin()["Snapshots"]
    assert (kept["SnapshotId"], kept["Description"]) == (shot, "d")
    assert (kept["RecycleBinExitTime"] - kept["RecycleBinEnterTime"]).days == 7
    ec2.restore_snapshot_from_recycle_bin(SnapshotId=shot)
    assert ec2.describe_snapshots(SnapshotIds=[shot])["Snapshots"][0] == before
    assert ec2.list_snapshots_in_recycle_bin(SnapshotIds=[])["Snapshots"] == []


def test_after_its_time_it_is_gone_for_good(box, ec2, keep, shot, refused):
    """SB-BIN-02.

    Source SB-BIN-02: What is in the Recycle Bin is unknown to all but its own calls, and comes back as it was, or is
      gone in the end. botocore ec2 RestoreSnapshotFromRecycleBin, RestoreVolumeFromRecycleBin; the codes are guesses.
    """
    keep(days=7)
    ec2.delete_snapshot(SnapshotId=shot)
    box.clock.advance(7 * DAY)
    assert ec2.list_snapshots_in_recycle_bin()["Snapshots"] == []
    assert refused(ec2.restore_snapshot_from_recycle_bin, SnapshotId=shot)[0] == "InvalidSnapshot.NotFound"


def test_rules_go_by_tags_and_the_longest_counts(box, ec2, keep, shot):
    """SB-BIN-01: one of a rule's tags is enough; a Region-level rule may leave tags out.

    Source SB-BIN-01: docs.aws.amazon.com/ebs/latest/userguide/recycle-bin-working-with-rules.html; that a pending
      snapshot is not kept is a guess.
    """
    keep(days=30, ResourceTags=[{"ResourceTagKey": "team", "ResourceTagValue": "b"}])
    keep(days=3, ExcludeResourceTags=[{"ResourceTagKey": "team"}])
    ec2.delete_snapshot(SnapshotId=shot)
    assert ec2.list_snapshots_in_recycle_bin()["Snapshots"] == []
    other = ec2.create_snapshot(VolumeId=box.add_volume())["SnapshotId"]
    box.clock.advance(1000)
    ec2.create_tags(Resources=[other], Tags=[{"Key": "x", "Value": "y"}])
    keep(days=9, ResourceTags=[{"ResourceTagKey": "q"}, {"ResourceTagKey": "x"}])
    ec2.delete_snapshot(SnapshotId=other)
    (kept,) = ec2.list_snapshots_in_recycle_bin()["Snapshots"]
    assert (kept["RecycleBinExitTime"] - kept["RecycleBinEnterTime"]).days == 9


def test_a_deleted_volume_stays_and_comes_back_with_its_data(box, ec2, keep, refused):
    """SB-BIN-01, SB-BIN-02: so does one that went with its instance.

    Source SB-BIN-01: docs.aws.amazon.com/ebs/latest/userguide/recycle-bin-working-with-rules.html; that a pending
      snapshot is not kept is a guess.
    Source SB-BIN-02: botocore ec2 RestoreSnapshotFromRecycleBin, RestoreVolumeFromRecycleBin; the codes are guesses.
    """
    keep("EBS_VOLUME", 2)
    volume = box.add_volume(size_gib=20, type="gp3")
    contents = box.contents(volume)
    ec2.delete_volume(VolumeId=volume)
    box.clock.advance(10)
    assert refused(ec2.describe_volumes, VolumeIds=[volume])[0] == "InvalidVolume.NotFound"
    (kept,) = ec2.list_volumes_in_recycle_bin()["Volumes"]
    assert (kept["VolumeId"], kept["Size"], kept["VolumeType"]) == (volume, 20, "gp3")
    assert ec2.restore_volume_from_recycle_bin(VolumeId=volume)["Return"] is True
    assert ec2.describe_volumes(VolumeIds=[volume])["Volumes"][0]["State"] == "available"
    assert box.contents(volume) == contents
    web = box.add_instance()
    ec2.terminate_instances(InstanceIds=[web])
    box.clock.advance(60)
    assert len(ec2.list_volumes_in_recycle_bin()["Volumes"]) == 1
    assert refused(ec2.restore_volume_from_recycle_bin, VolumeId="vol-0")[0] == "InvalidVolume.NotFound"


def test_a_rule_has_a_time_within_bounds(rbin, keep, refused):
    """SB-BIN-03: 365 days for snapshots, 7 for volumes; ValidationException, 400.

    Source SB-BIN-03: docs.aws.amazon.com/ebs/latest/userguide/recycle-bin-create-rule.html; botocore rbin CreateRule,
      LockRule.
    """
    for kind, days in (("EBS_SNAPSHOT", 366), ("EBS_VOLUME", 8)):
        period = {"RetentionPeriodValue": days, "RetentionPeriodUnit": "DAYS"}
        assert refused(rbin.create_rule, ResourceType=kind, RetentionPeriod=period) == ("ValidationException", 400)
    both = {"ResourceTags": [{"ResourceTagKey": "a"}], "ExcludeResourceTags": [{"ResourceTagKey": "b"}]}
    period = {"RetentionPeriodValue": 1, "RetentionPeriodUnit": "DAYS"}
    assert (
        refused(rbin.create_rule, ResourceType="EBS_VOLUME", RetentionPeriod=period, **both)[0] == "ValidationException"
    )


def test_rules_are_found_changed_and_deleted(rbin, keep, refused, ec2, shot, box):
    """SB-BIN-03: what is in the bin keeps its time.

    Source SB-BIN-03: docs.aws.amazon.com/ebs/latest/userguide/recycle-bin-create-rule.html; botocore rbin CreateRule,
      LockRule.
    """
    rule = keep(days=7, Description="all")
    found = rbin.get_rule(Identifier=rule)
    assert (found["Description"], found["RetentionPeriod"]["RetentionPeriodValue"]) == ("all", 7)
    keep("EBS_VOLUME", 1)
    assert [r["Identifier"] for r in rbin.list_rules(ResourceType="EBS_SNAPSHOT")["Rules"]] == [rule]
    ec2.delete_snapshot(SnapshotId=shot)
    rbin.update_rule(Identifier=rule, RetentionPeriod={"RetentionPeriodValue": 1, "RetentionPeriodUnit": "DAYS"})
    rbin.delete_rule(Identifier=rule)
    assert refused(rbin.get_rule, Identifier=rule) == ("ResourceNotFoundException", 404)
    box.clock.advance(2 * DAY)
    assert len(ec2.list_snapshots_in_recycle_bin()["Snapshots"]) == 1


def test_rules_come_in_pages(rbin, keep, refused):
    """SB-BIN-03: MaxResults and NextToken.

    Source SB-BIN-03: docs.aws.amazon.com/ebs/latest/userguide/recycle-bin-create-rule.html; botocore rbin CreateRule,
      LockRule.
    """
    made = [keep(days=n) for n in range(1, 4)]
    first = rbin.list_rules(ResourceType="EBS_SNAPSHOT", MaxResults=2)
    rest = rbin.list_rules(ResourceType="EBS_SNAPSHOT", MaxResults=2, NextToken=first["NextToken"])
    assert [r["Identifier"] for r in first["Rules"] + rest["Rules"]] == made
    assert "NextToken" not in rest
    bad = {"ResourceType": "EBS_SNAPSHOT", "NextToken": "bm9uZQ=="}
    assert refused(rbin.list_rules, **bad) == ("ValidationException", 400)


def test_a_locked_rule_stays_until_its_delay_is_over(box, rbin, keep, refused):
    """SB-BIN-03: ConflictException, 409; the delay is 7 to 30 days; tag-level rules are not locked.

    Source SB-BIN-03: docs.aws.amazon.com/ebs/latest/userguide/recycle-bin-create-rule.html; botocore rbin CreateRule,
      LockRule.
    """
    rule = keep()
    delay = {"UnlockDelay": {"UnlockDelayValue": 7, "UnlockDelayUnit": "DAYS"}}
    rbin.lock_rule(Identifier=rule, LockConfiguration=delay)
    assert refused(rbin.delete_rule, Identifier=rule) == ("ConflictException", 409)
    assert rbin.unlock_rule(Identifier=rule)["LockState"] == "pending_unlock"
    assert refused(rbin.unlock_rule, Identifier=rule) == ("ConflictException", 409)
    assert refused(rbin.update_rule, Identifier=rule, Description="x")[0] == "ConflictException"
    box.clock.advance(7 * DAY)
    assert rbin.get_rule(Identifier=rule)["LockState"] == "unlocked"
    tagged = keep(ResourceTags=[{"ResourceTagKey": "a"}])
    assert refused(rbin.lock_rule, Identifier=tagged, LockConfiguration=delay)[0] == "ValidationException"
    rbin.delete_rule(Identifier=rule)
