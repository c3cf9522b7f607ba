"""Locks, tiers and fast restores of snapshots, and the block on public ones."""

from datetime import UTC, datetime

import pytest

from sealift.sandbox import Quotas

ZONE, DAY = "eu-central-1a", 86_400


@pytest.fixture
def shot(box, ec2):
    made = ec2.create_snapshot(VolumeId=box.add_volume(size_gib=100))["SnapshotId"]
    box.clock.advance(5000)
    return made


@pytest.fixture
def held(ec2):
    """held(snapshot) -> its lock as described now."""
    return lambda name: ec2.describe_locked_snapshots(SnapshotIds=[name])["Snapshots"][0]


def test_a_locked_snapshot_is_not_deleted(box, ec2, shot, held, refused):
    """R-EBS-78: until its time is over.

    Source R-EBS-78: botocore ec2 DeleteSnapshot, LockSnapshot; the code SnapshotLocked is a guess.
    """
    reply = ec2.lock_snapshot(SnapshotId=shot, LockMode="governance", LockDuration=2)
    assert (reply["LockState"], reply["LockDuration"]) == ("governance", 2)
    assert refused(ec2.delete_snapshot, SnapshotId=shot) == ("SnapshotLocked", 400)
    box.clock.advance(2 * DAY)
    assert held(shot)["LockState"] == "expired"
    ec2.delete_snapshot(SnapshotId=shot)


def test_governance_can_be_undone(ec2, shot, refused):
    """SB-LCK-01: shortened, and unlocked.

    Source SB-LCK-01: botocore ec2 LockSnapshot, UnlockSnapshot; the codes are guesses.
    """
    ec2.lock_snapshot(SnapshotId=shot, LockMode="governance", LockDuration=30)
    ec2.lock_snapshot(SnapshotId=shot, LockMode="governance", LockDuration=1)
    assert ec2.unlock_snapshot(SnapshotId=shot)["SnapshotId"] == shot
    assert refused(ec2.unlock_snapshot, SnapshotId=shot)[0] == "IncorrectState"
    assert ec2.describe_locked_snapshots()["Snapshots"] == []
    ec2.delete_snapshot(SnapshotId=shot)


def test_compliance_sets_once_it_has_cooled_off(box, ec2, shot, held, refused):
    """SB-LCK-01: before, it can be undone; after, only extended.

    Source SB-LCK-01: botocore ec2 LockSnapshot, UnlockSnapshot; the codes are guesses.
    """
    ec2.lock_snapshot(SnapshotId=shot, LockMode="compliance", LockDuration=10, CoolOffPeriod=2)
    assert held(shot)["LockState"] == "compliance-cooloff"
    ec2.unlock_snapshot(SnapshotId=shot)
    ec2.lock_snapshot(SnapshotId=shot, LockMode="compliance", LockDuration=10, CoolOffPeriod=2)
    box.clock.advance(2 * 3600)
    assert held(shot)["LockState"] == "compliance"
    assert refused(ec2.unlock_snapshot, SnapshotId=shot)[0] == "OperationNotPermitted"
    for less in ({"LockMode": "compliance", "LockDuration": 1}, {"LockMode": "governance", "LockDuration": 20}):
        assert refused(ec2.lock_snapshot, SnapshotId=shot, **less)[0] == "InvalidParameterValue"
    ec2.lock_snapshot(SnapshotId=shot, LockMode="compliance", LockDuration=20)
    assert held(shot)["LockDuration"] == 20


def test_a_lock_is_asked_for_in_one_way(box, ec2, shot, refused):
    """SB-LCK-02.

    Source SB-LCK-02: A lock has a duration of 1 to 36,500 days or an end, not both; a cooling-off time of 1 to 72 h
      goes with compliance. botocore ec2 LockSnapshot; the codes are guesses.
    """
    later = datetime.fromtimestamp(box.now() + 5 * DAY, UTC)
    for wrong, code in (
        ({"LockMode": "governance"}, "InvalidParameterCombination"),
        ({"LockMode": "governance", "LockDuration": 1, "ExpirationDate": later}, "InvalidParameterCombination"),
        ({"LockMode": "governance", "LockDuration": 1, "CoolOffPeriod": 1}, "InvalidParameterCombination"),
        ({"LockMode": "compliance", "LockDuration": 1, "CoolOffPeriod": 73}, "InvalidParameterValue"),
        ({"LockMode": "compliance", "LockDuration": 36_501}, "InvalidParameterValue"),
        ({"LockMode": "other", "LockDuration": 1}, "InvalidParameterValue"),
    ):
        assert refused(ec2.lock_snapshot, SnapshotId=shot, **wrong) == (code, 400)
    made = ec2.lock_snapshot(SnapshotId=shot, LockMode="governance", ExpirationDate=later)
    assert (made["LockExpiresOn"], made["LockDuration"]) == (later, 5)


def test_public_sharing_can_be_blocked(box, ec2, shot, refused):
    """SB-SNP-05: what is public stays so in block-new-sharing mode.

    Source SB-SNP-05: botocore ec2 EnableSnapshotBlockPublicAccess; the code is a guess.
    """
    share = {"SnapshotId": shot, "Attribute": "createVolumePermission", "OperationType": "add", "GroupNames": ["all"]}
    ec2.modify_snapshot_attribute(**share)
    assert ec2.get_snapshot_block_public_access_state()["State"] == "unblocked"
    theirs = _other(box)
    assert [s["SnapshotId"] for s in theirs.describe_snapshots()["Snapshots"]] == [shot]
    ec2.enable_snapshot_block_public_access(State="block-new-sharing")
    assert refused(ec2.modify_snapshot_attribute, **share) == ("OperationNotPermitted", 400)
    assert len(theirs.describe_snapshots()["Snapshots"]) == 1
    ec2.enable_snapshot_block_public_access(State="block-all-sharing")
    assert theirs.describe_snapshots()["Snapshots"] == []
    assert refused(theirs.create_volume, AvailabilityZone=ZONE, SnapshotId=shot)[0] == "InvalidSnapshot.NotFound"
    ec2.disable_snapshot_block_public_access()
    assert len(theirs.describe_snapshots()["Snapshots"]) == 1


def _other(box):
    role = {"RoleArn": "arn:aws:iam::111122223333:role/r", "RoleSessionName": "session"}
    keys = box.client("sts").assume_role(**role)["Credentials"]
    named = {
        "aws_access_key_id": keys["AccessKeyId"],
        "aws_secret_access_key": keys["SecretAccessKey"],
        "aws_session_token": keys["SessionToken"],
    }
    return box.client("ec2", credentials=named)


def test_an_archived_snapshot_is_out_of_reach_for_days(box, ec2, shot, client, refused):
    """R-EBS-16: no volume, no copy, no block of it; a restore takes up to 72 hours, and may be for some days only.

    Source R-EBS-16: docs.aws.amazon.com/ebs/latest/userguide/snapshot-archive.html; the code is a guess.
    """
    ec2.modify_snapshot_tier(SnapshotId=shot, StorageTier="archive")
    box.clock.advance(box.world.durations.archive_s)

    def tier():
        asked = [{"Name": "snapshot-id", "Values": [shot]}]
        return ec2.describe_snapshot_tier_status(Filters=asked)["SnapshotTierStatuses"][0]

    assert (tier()["StorageTier"], tier()["LastTieringOperationStatus"]) == ("archive", "archival-completed")
    assert ec2.describe_snapshots(SnapshotIds=[shot])["Snapshots"][0]["StorageTier"] == "archive"
    copy = {"SourceSnapshotId": shot, "SourceRegion": "eu-central-1"}
    assert refused(ec2.create_volume, AvailabilityZone=ZONE, SnapshotId=shot) == ("IncorrectState", 400)
    assert refused(ec2.copy_snapshot, **copy)[0] == "IncorrectState"
    assert refused(client("ebs").list_snapshot_blocks, SnapshotId=shot)[0] == "ValidationException"
    assert refused(ec2.restore_snapshot_tier, SnapshotId=shot)[0] == "InvalidParameterCombination"
    ec2.restore_snapshot_tier(SnapshotId=shot, TemporaryRestoreDays=2)
    assert refused(ec2.copy_snapshot, **copy)[0] == "IncorrectState"
    box.clock.advance(box.world.durations.unarchive_s)
    assert tier()["LastTieringOperationStatus"] == "temporary-restore-completed"
    assert ec2.copy_snapshot(**copy)["SnapshotId"]
    box.clock.advance(2 * DAY)
    assert tier()["StorageTier"] == "archive"
    ec2.restore_snapshot_tier(SnapshotId=shot, PermanentRestore=True)
    box.clock.advance(box.world.durations.unarchive_s)
    assert tier()["StorageTier"] == "standard"
    assert refused(ec2.restore_snapshot_tier, SnapshotId=shot, PermanentRestore=True)[0] == "IncorrectState"


def test_only_a_completed_snapshot_is_archived(box, ec2, refused):
    """R-EBS-16.

    Source R-EBS-16: An archived snapshot is not copied, read or made into a volume before it has been restored, which
      takes days. docs.aws.amazon.com/ebs/latest/userguide/snapshot-archive.html; the code is a guess.
    """
    pending = ec2.create_snapshot(VolumeId=box.add_volume(size_gib=100))["SnapshotId"]
    assert refused(ec2.modify_snapshot_tier, SnapshotId=pending, StorageTier="archive")[0] == "IncorrectState"


def test_a_fast_restore_is_enabled_in_time_and_begins_without_a_credit(box, ec2, shot):
    """SB-FSR-01: 60 minutes a TiB; the first volume after it is slow, a later one full from the start.

    Source SB-FSR-01: docs.aws.amazon.com/ebs/latest/userguide/ebs-fast-snapshot-restore.html; the codes are guesses.
    """
    zones = {"AvailabilityZones": [ZONE], "SourceSnapshotIds": [shot]}
    assert ec2.enable_fast_snapshot_restores(**zones)["Successful"][0]["State"] == "enabling"

    def state():
        return ec2.describe_fast_snapshot_restores()["FastSnapshotRestores"][0]["State"]

    box.clock.advance(30)
    assert state() == "optimizing"
    box.clock.advance(3600 * 100 / 1024)
    assert state() == "enabled"

    def made():
        ask = {"AvailabilityZone": ZONE, "SnapshotId": shot}
        volume = ec2.create_volume(**ask)
        box.clock.advance(10)
        found = ec2.describe_volume_status(VolumeIds=[volume["VolumeId"]])["VolumeStatuses"][0]
        return volume.get("FastRestored", False), found["InitializationStatusDetails"]["Progress"] == 100

    assert made() == (False, False)
    box.clock.advance(3600)
    assert made() == (True, True)
    assert ec2.disable_fast_snapshot_restores(**zones)["Successful"][0]["State"] == "disabling"
    assert ec2.describe_fast_snapshot_restores()["FastSnapshotRestores"] == []
    assert made() == (False, False)


def test_fast_restores_are_few_and_refused_one_by_one(opened, ec2, box):
    """SB-FSR-01: unknown, too many; refusals stand beside successes.

    Source SB-FSR-01: docs.aws.amazon.com/ebs/latest/userguide/ebs-fast-snapshot-restore.html; the codes are guesses.
    """
    box.world.quotas = Quotas(fast_restored_snapshots=1, seconds_between_snapshots=0)
    first, second = (ec2.create_snapshot(VolumeId=box.add_volume())["SnapshotId"] for _ in range(2))
    wanted = [first, second, "snap-00000000000000000"]
    reply = ec2.enable_fast_snapshot_restores(AvailabilityZones=[ZONE], SourceSnapshotIds=wanted)
    assert [s["SnapshotId"] for s in reply["Successful"]] == [first]
    codes = [u["FastSnapshotRestoreStateErrors"][0]["Error"]["Code"] for u in reply["Unsuccessful"]]
    assert codes == ["FastSnapshotRestoreSnapshotLimitExceeded", "InvalidSnapshot.NotFound"]
    ec2.delete_snapshot(SnapshotId=first)
    assert ec2.describe_fast_snapshot_restores()["FastSnapshotRestores"] == []


def test_a_deleted_pending_snapshot_still_counts(box, ec2, refused):
    """R-EBS-74: until it would have been completed.

    Source R-EBS-74: docs.aws.amazon.com/ebs/latest/userguide/ebs-creating-snapshot.html.
    """
    volume = box.add_volume(size_gib=500, type="st1")
    ec2.delete_snapshot(SnapshotId=ec2.create_snapshot(VolumeId=volume)["SnapshotId"])
    box.clock.advance(15)
    assert refused(ec2.create_snapshot, VolumeId=volume)[0] == "ConcurrentSnapshotLimitExceeded"
    box.clock.advance(5000)
    ec2.create_snapshot(VolumeId=volume)
