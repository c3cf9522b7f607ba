"""What a snapshot or a copy need not move: only what an earlier one that is still there has."""

import pytest


@pytest.fixture
def taken(box, ec2):
    """taken(volume) -> (id, seconds that it takes), and the clock is past it."""

    def take(volume):
        shot = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
        seconds = box.charges[-1].seconds
        box.clock.advance(20_000)
        return shot, seconds

    return take


@pytest.fixture
def copied(box, ec2):
    """copied(snapshot) -> (id, seconds that the copy takes), and the clock is past it."""

    def copy(shot, **params):
        made = ec2.copy_snapshot(SourceSnapshotId=shot, SourceRegion="eu-central-1", **params)["SnapshotId"]
        seconds = box.charges[-1].seconds
        box.clock.advance(20_000)
        return made, seconds

    return copy


def test_a_snapshot_is_full_once_no_other_of_its_volume_is_there(box, ec2, taken):
    """SB-SNP-26: as long as one is there, it holds all that the next need not move.

    Source SB-SNP-26: docs.aws.amazon.com/ebs/latest/userguide/how_snapshots_work.html; that the snapshot a volume was
      made of counts is a guess.
    """
    volume = box.add_volume(size_gib=100)
    full, nothing = (box.world.durations.snapshot(mib) for mib in (100 * 1024, 0))
    (first, one), (second, two), (third, three) = (taken(volume) for _ in range(3))
    assert (one, two, three) == (full, nothing, nothing)
    ec2.delete_snapshot(SnapshotId=first)
    ec2.delete_snapshot(SnapshotId=third)
    fourth, seconds = taken(volume)
    assert seconds == nothing
    ec2.delete_snapshot(SnapshotId=second)
    ec2.delete_snapshot(SnapshotId=fourth)
    assert taken(volume)[1] == full


def test_a_volume_of_a_snapshot_builds_on_it_while_it_is_there(box, ec2, taken):
    """SB-SNP-26: once it is deleted, the first snapshot of the new volume is full.

    Source SB-SNP-26: docs.aws.amazon.com/ebs/latest/userguide/how_snapshots_work.html; that the snapshot a volume was
      made of counts is a guess.
    """
    shot, full = taken(box.add_volume(size_gib=100))
    ask = {"AvailabilityZone": "eu-central-1a", "SnapshotId": shot}
    one, other = (ec2.create_volume(**ask)["VolumeId"] for _ in range(2))
    box.clock.advance(100_000)
    assert taken(one)[1] == box.world.durations.snapshot(0)
    ec2.delete_snapshot(SnapshotId=shot)
    assert taken(other)[1] == full


def test_a_copy_is_full_once_the_last_copy_is_deleted(box, ec2, taken, copied):
    """SB-SNP-24: even if the one before it is still there.

    Source SB-SNP-24: docs.aws.amazon.com/ebs/latest/userguide/ebs-copy-snapshot.html (incremental copies).
    """
    shot = taken(box.add_volume(size_gib=100, kms_key=box.add_key()))[0]
    full, nothing = (box.world.durations.copy(mib) for mib in (100 * 1024, 0))
    (_, one), (last, two) = copied(shot), copied(shot)
    assert (one, two) == (full, nothing)
    ec2.delete_snapshot(SnapshotId=last)
    assert copied(shot)[1] == full


def test_a_copy_that_failed_is_no_base(box, client, taken, copied, ec2):
    """SB-SNP-24: its key was disabled meanwhile; the next copy under it is full again.

    Source SB-SNP-24: docs.aws.amazon.com/ebs/latest/userguide/ebs-copy-snapshot.html (incremental copies).
    """
    key = box.add_key()
    shot = taken(box.add_volume(size_gib=100, kms_key=key))[0]
    failed = ec2.copy_snapshot(SourceSnapshotId=shot, SourceRegion="eu-central-1")["SnapshotId"]
    client("kms").disable_key(KeyId=key)
    box.clock.advance(20_000)
    assert ec2.describe_snapshots(SnapshotIds=[failed])["Snapshots"][0]["State"] == "error"
    client("kms").enable_key(KeyId=key)
    assert copied(shot)[1] == box.world.durations.copy(100 * 1024)
