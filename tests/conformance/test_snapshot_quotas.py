"""What all snapshots of an account come to: pending ones, and ones at all; images take theirs within the same quotas."""

import pytest

from sealift.sandbox import Quotas, VolumeSpec

DISKS = [VolumeSpec(size_gib=100), VolumeSpec(device="/dev/sdf", size_gib=100)]
PENDING = ("PendingSnapshotLimitExceeded", 400)


@pytest.fixture
def web(box):
    return box.add_instance(volumes=DISKS)


def test_pending_snapshots_of_all_volumes_count_together(box, ec2, refused):
    """SB-SNP-07: 100 by default; one that has completed makes room for another.

    Source SB-SNP-07: docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html; values: published output of
      ListServiceQuotas, pingcap/tidb#44325; that copies and deleted ones count is a guess.
    """
    assert Quotas().pending_snapshots == 100
    box.world.quotas = Quotas(pending_snapshots=3)
    volumes = [box.add_volume(size_gib=100) for _ in range(4)]
    for volume in volumes[:3]:
        ec2.create_snapshot(VolumeId=volume)
    assert refused(ec2.create_snapshot, VolumeId=volumes[3]) == PENDING
    box.clock.advance(3600)
    ec2.create_snapshot(VolumeId=volumes[3])


def test_all_disks_of_an_instance_need_room_at_once(box, ec2, web, refused):
    """SB-SNP-07: with room for one of two, none is taken.

    Source SB-SNP-07: docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html; values: published output of
      ListServiceQuotas, pingcap/tidb#44325; that copies and deleted ones count is a guess.
    """
    box.world.quotas = Quotas(pending_snapshots=1)
    assert refused(ec2.create_snapshots, InstanceSpecification={"InstanceId": web}) == PENDING
    assert ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"] == []


def test_copies_and_deleted_ones_are_pending_too(box, ec2, region, refused):
    """SB-SNP-07: the bad way to read it.

    Source SB-SNP-07: docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html; values: published output of
      ListServiceQuotas, pingcap/tidb#44325; that copies and deleted ones count is a guess.
    """
    volume = box.add_volume(size_gib=100)
    shot = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
    box.clock.advance(3600)
    box.world.quotas = Quotas(pending_snapshots=1)
    ec2.copy_snapshot(SourceSnapshotId=shot, SourceRegion=region)
    assert refused(ec2.create_snapshot, VolumeId=volume) == PENDING
    assert refused(ec2.copy_snapshot, SourceSnapshotId=shot, SourceRegion=region) == PENDING
    box.clock.advance(3600)
    ec2.delete_snapshot(SnapshotId=ec2.create_snapshot(VolumeId=box.add_volume(size_gib=100))["SnapshotId"])
    assert refused(ec2.create_snapshot, VolumeId=volume) == PENDING


def test_snapshots_at_all_are_limited(box, ec2, refused):
    """SB-SNP-07: 100,000 by default; a deleted one makes room.

    Source SB-SNP-07: docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html; values: published output of
      ListServiceQuotas, pingcap/tidb#44325; that copies and deleted ones count is a guess.
    """
    box.world.quotas = Quotas(snapshots=1)
    shot = ec2.create_snapshot(VolumeId=box.add_volume())["SnapshotId"]
    other = box.add_volume()
    assert refused(ec2.create_snapshot, VolumeId=other) == ("SnapshotLimitExceeded", 400)
    ec2.delete_snapshot(SnapshotId=shot)
    ec2.create_snapshot(VolumeId=other)


@pytest.mark.parametrize(
    ("quotas", "code"),
    [
        (Quotas(pending_snapshots=1), "PendingSnapshotLimitExceeded"),
        (Quotas(snapshots=1), "SnapshotLimitExceeded"),
        (Quotas(pending_snapshots_per_volume=0), "ConcurrentSnapshotLimitExceeded"),
    ],
)
def test_an_image_takes_its_snapshots_within_the_same_quotas(box, ec2, web, refused, quotas, code):
    """SB-IMG-03: refused, and none of its snapshots is taken.

    Source SB-IMG-03: docs.aws.amazon.com/AWSEC2/latest/UserGuide/creating-an-ami-ebs.html; that it is refused with the
      same codes is a guess.
    """
    box.world.quotas = quotas
    assert refused(ec2.create_image, InstanceId=web, Name="image") == (code, 400)
    assert ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"] == []
    box.world.quotas = Quotas()
    ec2.create_image(InstanceId=web, Name="image")


def test_two_images_at_once_are_two_snapshots_of_a_volume(ec2, web, refused):
    """SB-IMG-03: 15 s lie between them.

    Source SB-IMG-03: docs.aws.amazon.com/AWSEC2/latest/UserGuide/creating-an-ami-ebs.html; that it is refused with the
      same codes is a guess.
    """
    ec2.create_image(InstanceId=web, Name="one")
    assert refused(ec2.create_image, InstanceId=web, Name="two") == ("SnapshotCreationPerVolumeRateExceeded", 400)
