"""Volumes at their limits: IOPS, throughput, initialisation rates, and modifications that never were."""

import pytest

from sealift.sandbox import Quotas

ZONE = "eu-central-1a"


def _asks(kind, size, iops=None, throughput=None):
    shape = {"VolumeType": kind, "Size": size, "Iops": iops, "Throughput": throughput}
    return {k: v for k, v in shape.items() if v is not None}


@pytest.mark.parametrize(
    ("fits", "too_much"),
    [
        (_asks("gp3", 1000, 3000), _asks("gp3", 1000, 2999)),
        (_asks("gp3", 1000, 80_000), _asks("gp3", 1000, 80_001)),
        (_asks("gp3", 10, 5000), _asks("gp3", 10, 5001)),
        (_asks("gp3", 100, 8000, 2000), _asks("gp3", 100, 16_000, 2001)),
        (_asks("gp3", 100, None, 125), _asks("gp3", 100, None, 124)),
        (_asks("gp3", 100, None, 750), _asks("gp3", 100, None, 751)),
        (_asks("io1", 100, 100), _asks("io1", 100, 99)),
        (_asks("io1", 100, 5000), _asks("io1", 100, 5001)),
        (_asks("io1", 2000, 64_000), _asks("io1", 2000, 64_001)),
        (_asks("io2", 100, 100), _asks("io2", 100, 99)),
        (_asks("io2", 10, 10_000), _asks("io2", 10, 10_001)),
        (_asks("io2", 1000, 256_000), _asks("io2", 1000, 256_001)),
    ],
)
def test_speed_keeps_within_the_types_range_and_the_size(box, ec2, refused, fits, too_much):
    """SB-VOL-04: the limit itself is taken, one more is refused.

    Source SB-VOL-04: botocore ec2 CreateVolume; docs.aws.amazon.com/ebs/latest/userguide/general-purpose.html,
      provisioned-iops.html; recorded replies: InvalidParameterValue, Iops to volume size ratio of 750.000000 is too
      high; maximum is 500 (rocicorp/mono#4410), Throughput (MiBps) to iops ratio of 0.333333 is too high
      (runs-on/runs-on#260); the other codes are guesses.
    """
    box.world.quotas = Quotas(iops_io2=256_000)
    assert refused(ec2.create_volume, AvailabilityZone=ZONE, **too_much) == ("InvalidParameterValue", 400)
    assert ec2.create_volume(AvailabilityZone=ZONE, **fits)["VolumeType"] == fits["VolumeType"]


def test_a_small_gp3_has_its_baseline_all_the_same(ec2):
    """SB-VOL-04: 3,000 IOPS come with every gp3, of 1 GiB too.

    Source SB-VOL-04: botocore ec2 CreateVolume; docs.aws.amazon.com/ebs/latest/userguide/general-purpose.html,
      provisioned-iops.html; recorded replies: InvalidParameterValue, Iops to volume size ratio of 750.000000 is too
      high; maximum is 500 (rocicorp/mono#4410), Throughput (MiBps) to iops ratio of 0.333333 is too high
      (runs-on/runs-on#260); the other codes are guesses.
    """
    assert ec2.create_volume(AvailabilityZone=ZONE, VolumeType="gp3", Size=1)["Iops"] == 3000


def test_a_modification_keeps_within_the_limits_too(box, ec2, refused):
    """SB-VOL-04: what is left out stays as it was, and gp2 becomes a gp3 of at least 3,000 IOPS.

    Source SB-VOL-04: botocore ec2 CreateVolume; docs.aws.amazon.com/ebs/latest/userguide/general-purpose.html,
      provisioned-iops.html; recorded replies: InvalidParameterValue, Iops to volume size ratio of 750.000000 is too
      high; maximum is 500 (rocicorp/mono#4410), Throughput (MiBps) to iops ratio of 0.333333 is too high
      (runs-on/runs-on#260); the other codes are guesses.
    """
    volume = box.add_volume(size_gib=20, type="gp2")
    ask = {"VolumeId": volume, "VolumeType": "gp3"}
    assert refused(ec2.modify_volume, **ask, Throughput=1000)[0] == "InvalidParameterValue"
    assert refused(ec2.modify_volume, **ask, Iops=10_001)[0] == "InvalidParameterValue"
    assert ec2.modify_volume(**ask)["VolumeModification"]["TargetIops"] == 3000


def test_an_initialisation_rate_needs_a_snapshot(ec2, refused):
    """SB-VOL-05: an empty volume has nothing to initialise.

    Source SB-VOL-05: docs.aws.amazon.com/ebs/latest/userguide/initalize-volume.html; the codes are guesses.
    """
    found = refused(ec2.create_volume, AvailabilityZone=ZONE, Size=10, VolumeInitializationRate=200)
    assert found == ("InvalidParameterDependency", 400)


def test_initialisation_rates_come_to_5000_in_a_region(box, ec2, refused):
    """SB-VOL-05: 16 volumes at 300 and one at 200 use it up; what has arrived gives its share back.

    Source SB-VOL-05: docs.aws.amazon.com/ebs/latest/userguide/initalize-volume.html; the codes are guesses.
    """
    shot = ec2.create_snapshot(VolumeId=box.add_volume(size_gib=300))["SnapshotId"]
    box.clock.advance(10_000)
    ask = {"AvailabilityZone": ZONE, "SnapshotId": shot}
    for rate in (*[300] * 16, 200):
        ec2.create_volume(**ask, VolumeInitializationRate=rate)
    found = refused(ec2.create_volume, **ask, VolumeInitializationRate=100)
    assert found == ("VolumeInitializationRateLimitExceeded", 400)
    ec2.create_volume(**ask)
    box.clock.advance(1100)
    ec2.create_volume(**ask, VolumeInitializationRate=300)


def test_a_volume_never_modified_is_refused_by_id_and_left_out_by_filter(box, ec2, refused):
    """SB-VOL-09: one such id refuses the whole describe.

    Source SB-VOL-09: recorded reply: InvalidVolumeModification.NotFound, Modification for volume '…' does not exist
      (awslabs/aws-sdk-rust#1346).
    """
    never, once = box.add_volume(size_gib=20), box.add_volume(size_gib=20)
    ec2.modify_volume(VolumeId=once, Size=40)
    describe = ec2.describe_volumes_modifications
    assert refused(describe, VolumeIds=[never, once]) == ("InvalidVolumeModification.NotFound", 400)
    by_filter = describe(Filters=[{"Name": "volume-id", "Values": [never, once]}])
    assert [m["VolumeId"] for m in by_filter["VolumesModifications"]] == [once]
    assert len(describe(VolumeIds=[once])["VolumesModifications"]) == 1
