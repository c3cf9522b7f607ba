"""Volumes: shapes, sizes, states in time."""

import pytest

from sealift.sandbox import Durations, Quotas, Sandbox

ZONE = "eu-central-1a"


def state(ec2, volume_id):
    return ec2.describe_volumes(VolumeIds=[volume_id])["Volumes"][0]["State"]


def test_a_volume_is_creating_before_it_is_available(box, ec2):
    """SB-VOL-20: CreateVolume answers `creating`; `available` comes on the box's clock.

    Source SB-VOL-20: docs.aws.amazon.com/ebs/latest/userguide/ebs-describing-volumes.html (volume states).
    """
    made = ec2.create_volume(AvailabilityZone=ZONE, Size=10)
    assert made["State"] == "creating"
    assert state(ec2, made["VolumeId"]) == "creating"
    box.clock.advance(box.world.durations.volume_create_s)
    assert state(ec2, made["VolumeId"]) == "available"
    assert made["CreateTime"].timestamp() == 1_800_000_000


@pytest.mark.parametrize(
    ("asked", "iops", "throughput"),
    [
        ({}, 300, None),
        ({"VolumeType": "gp3"}, 3000, 125),
        ({"VolumeType": "gp3", "Iops": 4000, "Throughput": 250}, 4000, 250),
        ({"VolumeType": "io2", "Iops": 5000}, 5000, None),
        ({"VolumeType": "standard"}, None, None),
    ],
)
def test_a_describe_shows_what_the_type_gives(ec2, asked, iops, throughput):
    """R-EBS-07: gp2 unless told otherwise, its Iops a baseline; gp3 starts at 3,000 and 125.

    Source R-EBS-07: botocore ec2 CopyVolumes, CreateVolume.
    """
    made = ec2.create_volume(AvailabilityZone=ZONE, Size=100, **asked)
    assert made["VolumeType"] == asked.get("VolumeType", "gp2")
    assert (made.get("Iops"), made.get("Throughput")) == (iops, throughput)


@pytest.mark.parametrize(
    "asked",
    [
        {"VolumeType": "gp2", "Iops": 300},
        {"VolumeType": "st1", "Size": 500, "Iops": 300},
        {"VolumeType": "io2"},
        {"VolumeType": "io2", "Iops": 5000, "Throughput": 200},
        {"VolumeType": "gp3", "MultiAttachEnabled": True},
        {"VolumeType": "gp9"},
        {"VolumeType": "st1", "Size": 10},
    ],
)
def test_a_shape_that_cannot_be_is_refused(ec2, refused, asked):
    """R-EBS-08, SB-VOL-04: Iops and Throughput only where the type has them; sizes within the type's range.

    Source R-EBS-08: botocore ec2 CreateVolume.Iops.
    Source SB-VOL-04: botocore ec2 CreateVolume; docs.aws.amazon.com/ebs/latest/userguide/general-purpose.html,
      provisioned-iops.html; recorded replies: InvalidParameterValue, Iops to volume size ratio of 750.000000 is too
      high; maximum is 500 (rocicorp/mono#4410), Throughput (MiBps) to iops ratio of 0.333333 is too high
      (runs-on/runs-on#260); the other codes are guesses.
    """
    assert refused(ec2.create_volume, **{"AvailabilityZone": ZONE, "Size": 100, **asked})[1] == 400


def test_a_volume_needs_a_zone_of_the_region(ec2, refused):
    """SB-VOL-07.

    Source SB-VOL-07: CreateVolume needs a zone of the Region.
      docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html.
    """
    assert refused(ec2.create_volume, AvailabilityZone="us-east-1a", Size=1)[0] == "InvalidZone.NotFound"


def test_a_volume_from_a_snapshot_waits_for_it_and_is_no_smaller(box, ec2, refused):
    """SB-VOL-02, SB-VOL-01.

    Source SB-VOL-02: A volume is created only from a completed snapshot. recorded reply: IncorrectState, Snapshot is in
      invalid state - pending.
    Source SB-VOL-01: A volume from a snapshot is at least as big as the snapshot. botocore ec2 CreateVolume.Size.
    """
    source = box.add_volume(size_gib=10)
    shot = ec2.create_snapshot(VolumeId=source)["SnapshotId"]
    assert refused(ec2.create_volume, AvailabilityZone=ZONE, SnapshotId=shot) == ("IncorrectState", 400)
    box.clock.advance(1000)
    assert refused(ec2.create_volume, AvailabilityZone=ZONE, SnapshotId=shot, Size=9)[0] == "InvalidParameterValue"
    made = ec2.create_volume(AvailabilityZone=ZONE, SnapshotId=shot)
    assert (made["Size"], made["SnapshotId"]) == (10, shot)


def test_an_initialisation_rate_is_between_100_and_300_and_hastens(box, ec2, refused):
    """SB-VOL-05: and DescribeVolumeStatus calls it `provisioned-rate`.

    Source SB-VOL-05: docs.aws.amazon.com/ebs/latest/userguide/initalize-volume.html; the codes are guesses.
    """
    shot = ec2.create_snapshot(VolumeId=box.add_volume(size_gib=300))["SnapshotId"]
    box.clock.advance(10_000)
    ask = {"AvailabilityZone": ZONE, "SnapshotId": shot}
    assert refused(ec2.create_volume, **ask, VolumeInitializationRate=99)[0] == "InvalidParameterValue"
    slow = ec2.create_volume(**ask)["VolumeId"]
    fast = ec2.create_volume(**ask, VolumeInitializationRate=300)["VolumeId"]
    box.clock.advance(1024)

    found = ec2.describe_volume_status(VolumeIds=[slow, fast])["VolumeStatuses"]
    details = [s["InitializationStatusDetails"] for s in found]
    assert [d["InitializationType"] for d in details] == ["default", "provisioned-rate"]
    assert details[0]["Progress"] < 50 < details[1]["Progress"]


def test_a_big_io2_is_not_made_encrypted_from_a_plain_snapshot(box, ec2, refused):
    """R-EBS-09.

    Source R-EBS-09: io2 above 16 TiB or 64,000 IOPS cannot be created encrypted from a plain snapshot.
      docs.aws.amazon.com/ebs/latest/userguide/provisioned-iops.html; the code is a guess.
    """
    box.world.quotas = Quotas(storage_tib_io2=64)
    shot = ec2.create_snapshot(VolumeId=box.add_volume(size_gib=17_000, type="io2", iops=5000))["SnapshotId"]
    box.clock.advance(1e6)
    box.add_key()
    ask = {"AvailabilityZone": ZONE, "SnapshotId": shot, "VolumeType": "io2", "Iops": 5000}
    assert refused(ec2.create_volume, **ask, Encrypted=True, KmsKeyId="alias/app")[0] == "InvalidParameterCombination"
    assert ec2.create_volume(**ask)["Encrypted"] is False


def test_an_attached_volume_is_not_deleted_and_a_deleted_one_is_gone(box, ec2, refused):
    """SB-VOL-03: VolumeInUse; then `deleting`, then InvalidVolume.NotFound.

    Source SB-VOL-03: botocore ec2 DeleteVolume.
    """
    box.add_instance()
    used = ec2.describe_volumes()["Volumes"][0]["VolumeId"]
    assert refused(ec2.delete_volume, VolumeId=used) == ("VolumeInUse", 400)
    spare = box.add_volume()
    ec2.delete_volume(VolumeId=spare)
    assert state(ec2, spare) == "deleting"
    box.clock.advance(10)
    assert refused(ec2.describe_volumes, VolumeIds=[spare]) == ("InvalidVolume.NotFound", 400)


def test_unknown_and_malformed_ids_are_told_apart(ec2, refused):
    """SB-VOL-06.

    Source SB-VOL-06: An unknown id is refused with a .NotFound code; a malformed one with InvalidInstanceID.Malformed,
      InvalidSnapshotID.Malformed, or InvalidParameterValue for a volume and for what is no snapshot's id at all.
      docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html; recorded replies:
      InvalidSnapshotID.Malformed, InvalidParameterValue, Value (vol-ahsg23h) for parameter volumeId is invalid.
    """
    assert refused(ec2.delete_volume, VolumeId="vol-00000000000000000")[0] == "InvalidVolume.NotFound"
    assert refused(ec2.delete_volume, VolumeId="banana")[0] == "InvalidParameterValue"
    assert refused(ec2.describe_instances, InstanceIds=["i-00000000000000000"])[0] == "InvalidInstanceID.NotFound"
    assert refused(ec2.describe_instances, InstanceIds=["banana"])[0] == "InvalidInstanceID.Malformed"
    assert refused(ec2.delete_snapshot, SnapshotId="snap-00000000000000000")[0] == "InvalidSnapshot.NotFound"
    assert refused(ec2.delete_volume, VolumeId="vol-ahsg23h")[0] == "InvalidParameterValue"
    assert refused(ec2.delete_snapshot, SnapshotId="banana")[0] == "InvalidParameterValue"
    assert refused(ec2.delete_snapshot, SnapshotId="snap-123")[0] == "InvalidSnapshotID.Malformed"
    assert refused(ec2.start_instances, InstanceIds=["i-123"])[0] == "InvalidInstanceID.Malformed"


def test_a_volume_is_modified_four_times_a_day_and_never_shrinks(box, ec2, refused):
    """SB-VOL-08: modifying, optimizing, completed; the source keeps its data meanwhile.

    Source SB-VOL-08: botocore ec2 ModifyVolume; recorded replies, codes:
      docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html.
    """
    volume = box.add_volume(size_gib=20)
    assert refused(ec2.modify_volume, VolumeId=volume, Size=10)[0] == "InvalidParameterValue"
    ec2.modify_volume(VolumeId=volume, Size=40, Iops=4000)
    states = []
    assert refused(ec2.modify_volume, VolumeId=volume, Size=50)[0] == "IncorrectModificationState"
    for _ in range(3):
        states.append(ec2.describe_volumes_modifications(VolumeIds=[volume])["VolumesModifications"][0])
        box.clock.advance(150)
    assert [s["ModificationState"] for s in states] == ["modifying", "optimizing", "completed"]
    assert (states[0]["OriginalSize"], states[0]["TargetSize"]) == (20, 40)
    for size in (50, 60, 70):
        ec2.modify_volume(VolumeId=volume, Size=size)
        box.clock.advance(450)
    assert refused(ec2.modify_volume, VolumeId=volume, Size=80)[0] == "VolumeModificationRateExceeded"
    box.clock.advance(24 * 3600 - 4 * 450 - 1)
    assert refused(ec2.modify_volume, VolumeId=volume, Size=80)[0] == "VolumeModificationRateExceeded"
    box.clock.advance(1)
    ec2.modify_volume(VolumeId=volume, Size=80)


def test_auto_enable_io_is_kept(box, ec2):
    """SB-VOL-21: DescribeVolumeAttribute and ModifyVolumeAttribute.

    Source SB-VOL-21: botocore ec2 DescribeVolumeAttribute, ModifyVolumeAttribute.
    """
    volume = box.add_volume()

    def ask():
        return ec2.describe_volume_attribute(VolumeId=volume, Attribute="autoEnableIO")["AutoEnableIO"]["Value"]

    assert ask() is False
    ec2.modify_volume_attribute(VolumeId=volume, AutoEnableIO={"Value": True})
    assert ask() is True
    codes = ec2.describe_volume_attribute(VolumeId=volume, Attribute="productCodes")
    assert codes["ProductCodes"] == []


def test_what_is_just_made_may_be_unknown_for_a_while():
    """SB-API-03: An option: describes do not know a created id for `visible_s`.

    Source SB-API-03: docs.aws.amazon.com/AWSEC2/latest/devguide/eventual-consistency.html; for how long is nowhere
      said.
    """
    import boto3

    with Sandbox(durations=Durations(visible_s=5)) as box:
        ec2 = boto3.client("ec2", "eu-central-1")
        made = ec2.create_volume(AvailabilityZone=ZONE, Size=1)["VolumeId"]
        assert ec2.describe_volumes()["Volumes"] == []
        with pytest.raises(ec2.exceptions.ClientError, match=r"InvalidVolume\.NotFound"):
            ec2.describe_volumes(VolumeIds=[made])
        box.clock.advance(5)
        assert state(ec2, made) == "available"
