"""What an account has room for, and how often it may ask."""

import boto3
import pytest
from botocore.config import Config

from sealift.sandbox import Quotas, VolumeSpec

ZONE = "eu-central-1a"


def test_storage_and_iops_of_a_type_run_out(box, ec2, refused):
    """R-EBS-77: a copy needs room beside its source; another type has its own.

    Source R-EBS-77: docs.aws.amazon.com/ebs/latest/userguide/ebs-resource-quotas.html; codes:
      docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html; recorded reply: You have exceeded your
      maximum io2 storage limit of 20 TiB in this region (ipni/storetheindex#444).
    """
    box.world.quotas = Quotas(storage_tib_gp3=1, iops_io2=5000)
    source = box.add_volume(size_gib=600, type="gp3")
    assert refused(ec2.copy_volumes, SourceVolumeId=source, VolumeType="gp3") == ("VolumeLimitExceeded", 400)
    ec2.copy_volumes(SourceVolumeId=source, VolumeType="gp2")
    ask = {"AvailabilityZone": ZONE, "Size": 100, "VolumeType": "io2"}
    ec2.create_volume(**ask, Iops=3000)
    assert refused(ec2.create_volume, **ask, Iops=3000) == ("MaxIOPSLimitExceeded", 400)


def test_a_modification_needs_room_for_what_it_adds(box, ec2, refused):
    """R-EBS-77: its own old size and IOPS do not count beside it; a new type takes all of it.

    Source R-EBS-77: docs.aws.amazon.com/ebs/latest/userguide/ebs-resource-quotas.html; codes:
      docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html; recorded reply: You have exceeded your
      maximum io2 storage limit of 20 TiB in this region (ipni/storetheindex#444).
    """
    box.world.quotas = Quotas(storage_tib_gp3=1, iops_io2=5000)
    large, small = box.add_volume(size_gib=600, type="gp3"), box.add_volume(size_gib=500, type="gp2")
    assert refused(ec2.modify_volume, VolumeId=large, Size=1025) == ("VolumeLimitExceeded", 400)
    assert refused(ec2.modify_volume, VolumeId=small, VolumeType="gp3") == ("VolumeLimitExceeded", 400)
    found = refused(ec2.modify_volume, VolumeId=small, VolumeType="io2", Iops=5001)
    assert found == ("MaxIOPSLimitExceeded", 400)
    ec2.modify_volume(VolumeId=small, VolumeType="io2", Iops=5000)
    ec2.modify_volume(VolumeId=large, Size=1024)


def test_the_root_is_left_out_in_one_way_only(box, ec2, refused):
    """SB-SNP-06.

    Source SB-SNP-06: CreateSnapshots leaves out up to 40 data volumes; the root is left out by ExcludeBootVolume only.
      botocore ec2 InstanceSpecification.ExcludeDataVolumeIds; the code is a guess.
    """
    web = box.add_instance(volumes=[VolumeSpec(), VolumeSpec(device="/dev/sdf", size_gib=20)])
    root, data = sorted(ec2.describe_volumes()["Volumes"], key=lambda v: v["Size"])
    spec = {"InstanceId": web, "ExcludeDataVolumeIds": [root["VolumeId"]]}
    assert refused(ec2.create_snapshots, InstanceSpecification=spec) == ("InvalidParameterValue", 400)
    many = {**spec, "ExcludeDataVolumeIds": [f"vol-{n:017x}" for n in range(41)]}
    assert refused(ec2.create_snapshots, InstanceSpecification=many)[0] == "InvalidParameterValue"
    spec["ExcludeDataVolumeIds"] = [data["VolumeId"]]
    assert [s["VolumeId"] for s in ec2.create_snapshots(InstanceSpecification=spec)["Snapshots"]] == [root["VolumeId"]]


def test_an_image_of_a_plain_disk_is_plain(box, ec2, refused):
    """R-EBS-80: copying the image is the way.

    Source R-EBS-80: botocore ec2 EbsBlockDevice.Encrypted; the code is a guess.
    """
    mapping = [{"DeviceName": "/dev/xvda", "Ebs": {"Encrypted": True}}]
    ask = {"InstanceId": box.add_instance(), "Name": "image"}
    found = refused(ec2.create_image, **ask, BlockDeviceMappings=mapping)
    assert found == ("InvalidParameterCombination", 400)


def test_one_unknown_id_spoils_a_whole_list(box, ec2, refused):
    """SB-VOL-06: so a poller that asks for many at once learns nothing of any.

    Source SB-VOL-06: docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html; recorded replies:
      InvalidSnapshotID.Malformed, InvalidParameterValue, Value (vol-ahsg23h) for parameter volumeId is invalid.
    """
    good, none = box.add_volume(), "0" * 17
    assert refused(ec2.describe_volumes, VolumeIds=[good, f"vol-{none}"])[0] == "InvalidVolume.NotFound"
    assert refused(ec2.describe_volume_status, VolumeIds=[good, f"vol-{none}"])[0] == "InvalidVolume.NotFound"
    shot = ec2.create_snapshot(VolumeId=good)["SnapshotId"]
    assert refused(ec2.describe_snapshots, SnapshotIds=[shot, f"snap-{none}"])[0] == "InvalidSnapshot.NotFound"
    web = box.add_instance()
    assert refused(ec2.describe_instances, InstanceIds=[web, f"i-{none}"])[0] == "InvalidInstanceID.NotFound"
    by_filter = [{"Name": "volume-id", "Values": [good, f"vol-{none}"]}]
    assert [v["VolumeId"] for v in ec2.describe_volumes(Filters=by_filter)["Volumes"]] == [good]


@pytest.fixture
def counted(opened):
    """A box that counts requests, and clients that send each once."""
    box = opened(quotas=Quotas(throttle=True))
    once = Config(retries={"total_max_attempts": 1})
    return box, lambda service="ec2": boto3.client(service, "eu-central-1", config=once)


def spent(call, code, **params):
    """How many calls pass before one is refused with `code`."""
    from botocore.exceptions import ClientError

    for n in range(500):
        try:
            call(**params)
        except ClientError as error:
            if error.response["Error"]["Code"] == code:
                return n
    raise AssertionError("never refused")


@pytest.mark.parametrize(
    ("name", "params", "passed"),
    [
        ("describe_volumes", {"MaxResults": 500}, 100),
        ("describe_volumes", {}, 50),
        ("create_volume", {"AvailabilityZone": "nowhere"}, 100),
        ("delete_snapshot", {"SnapshotId": "snap-0"}, 100),
        ("modify_volume", {"VolumeId": "vol-0"}, 50),
        ("start_instances", {"InstanceIds": ["i-0"]}, 5),
    ],
)
def test_each_operation_has_a_bucket_of_its_own(counted, name, params, passed):
    """R-EBS-87: an empty one leaves the others full; a describe of everything has less.

    Source R-EBS-87: docs.aws.amazon.com/AWSEC2/latest/devguide/ec2-api-throttling.html.
    """
    _, client = counted
    ec2 = client()
    assert spent(getattr(ec2, name), "RequestLimitExceeded", **params) == passed
    assert ec2.describe_instances(MaxResults=5)["Reservations"] == []


def test_starts_and_stops_pay_for_each_instance(counted):
    """R-EBS-87: 1,000 at once, then 2 starts and 20 stops a second.

    Source R-EBS-87: docs.aws.amazon.com/AWSEC2/latest/devguide/ec2-api-throttling.html.
    """
    box, client = counted
    ec2 = client()
    many = [f"i-{n:017x}" for n in range(600)]
    assert spent(ec2.stop_instances, "RequestLimitExceeded", InstanceIds=many) == 1
    box.clock.advance(10)
    assert spent(ec2.stop_instances, "RequestLimitExceeded", InstanceIds=many) == 1
    assert spent(ec2.start_instances, "RequestLimitExceeded", InstanceIds=many) == 1


def test_grants_are_made_at_a_rate(counted):
    """R-EBS-64: 50 CreateGrant a second.

    Source R-EBS-64: docs.aws.amazon.com/kms/latest/developerguide/requests-per-second.html; what EC2 asks for a caller
      is not counted.
    """
    box, client = counted
    ask = {"KeyId": box.add_key(), "GranteePrincipal": "arn:aws:iam::123456789012:root", "Operations": ["Decrypt"]}
    assert spent(client("kms").create_grant, "ThrottlingException", **ask) == 50
    box.clock.advance(1)
    assert spent(client("kms").create_grant, "ThrottlingException", **ask) == 50
