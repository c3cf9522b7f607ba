"""RunInstances: the disks of the image, what is checked, and launches that come to nothing."""

import pytest

from sealift.sandbox import Fault


@pytest.fixture
def image(box, ec2):
    """An AMI of an instance with a data disk; its clock has passed."""
    instance = box.add_instance()
    volume = box.add_volume(size_gib=30, type="gp3")
    ec2.attach_volume(InstanceId=instance, VolumeId=volume, Device="/dev/sdf")
    box.clock.advance(30)
    made = ec2.create_image(InstanceId=instance, Name="web")["ImageId"]
    box.clock.advance(2000)
    return made


@pytest.fixture
def launch(box, ec2):
    """launch(**params) -> (the instance a minute later, its volumes by device)."""

    def run(**params):
        ask = {"ImageId": "ami-12c6146b", "MinCount": 1, "MaxCount": 1, "InstanceType": "m5.large", **params}
        instance = ec2.run_instances(**ask)["Instances"][0]["InstanceId"]
        volumes = ec2.describe_volumes(Filters=[{"Name": "attachment.instance-id", "Values": [instance]}])["Volumes"]
        box.clock.advance(60)
        found = ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]
        return found, {v["Attachments"][0]["Device"]: v for v in volumes}

    return run


def test_a_launch_has_the_disks_of_its_image(ec2, image, launch):
    """SB-INS-29: of the image's snapshots, in their size and type.

    Source SB-INS-29: botocore ec2 RunInstances.BlockDeviceMappings;
      docs.aws.amazon.com/AWSEC2/latest/UserGuide/troubleshooting-launch.html.
    """
    shots = {
        m["DeviceName"]: m["Ebs"]["SnapshotId"]
        for m in ec2.describe_images(ImageIds=[image])["Images"][0]["BlockDeviceMappings"]
    }
    found, volumes = launch(ImageId=image)
    assert found["State"]["Name"] == "running"
    assert {device: v["SnapshotId"] for device, v in volumes.items()} == shots
    assert (volumes["/dev/sdf"]["Size"], volumes["/dev/sdf"]["VolumeType"]) == (30, "gp3")


def test_a_launch_may_change_and_leave_out_disks_of_its_image(box, image, launch):
    """SB-INS-29: an override keeps what it does not name; NoDevice leaves a disk out.

    Source SB-INS-29: botocore ec2 RunInstances.BlockDeviceMappings;
      docs.aws.amazon.com/AWSEC2/latest/UserGuide/troubleshooting-launch.html.
    """
    key = box.add_key()
    own = {"VolumeSize": 50, "Encrypted": True, "KmsKeyId": "alias/app"}
    _, volumes = launch(ImageId=image, BlockDeviceMappings=[{"DeviceName": "/dev/sdf", "Ebs": own}])
    data = volumes["/dev/sdf"]
    assert (data["Size"], data["KmsKeyId"], data["VolumeType"]) == (50, key, "gp3")
    assert data["SnapshotId"]
    assert set(launch(ImageId=image, BlockDeviceMappings=[{"DeviceName": "/dev/sdf", "NoDevice": ""}])[1]) == {
        "/dev/xvda"
    }


@pytest.mark.parametrize(
    ("ebs", "code"),
    [
        ({"VolumeSize": 10, "VolumeType": "io2"}, "InvalidParameterDependency"),
        ({"VolumeSize": 10, "VolumeType": "gp3", "Iops": 9000}, "InvalidParameterValue"),
        ({"VolumeSize": 10, "KmsKeyId": "alias/app"}, "InvalidParameterDependency"),
        ({"VolumeType": "gp3"}, "MissingParameter"),
    ],
)
def test_a_disk_that_cannot_be_is_refused_and_nothing_is_launched(ec2, refused, launch, ebs, code):
    """SB-INS-29: as CreateVolume refuses it.

    Source SB-INS-29: botocore ec2 RunInstances.BlockDeviceMappings;
      docs.aws.amazon.com/AWSEC2/latest/UserGuide/troubleshooting-launch.html.
    """
    assert refused(launch, BlockDeviceMappings=[{"DeviceName": "/dev/sdf", "Ebs": ebs}]) == (code, 400)
    assert ec2.describe_instances()["Reservations"] == []


def test_a_disk_is_no_smaller_than_its_snapshot(refused, image, launch):
    """SB-VOL-01: in a launch too.

    Source SB-VOL-01: botocore ec2 CreateVolume.Size.
    """
    less = [{"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 29}}]
    assert refused(launch, ImageId=image, BlockDeviceMappings=less)[0] == "InvalidParameterValue"


@pytest.mark.parametrize("kind", ["instance", "volume"])
def test_reserved_tags_are_refused_at_a_launch(ec2, refused, launch, kind):
    """R-EBS-10.

    Source R-EBS-10: aws:* tags cannot be set; 50 tags a resource; a key has 1 to 128 characters, a value at most 256.
      botocore ec2 CreateTags; docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html (restrictions).
    """
    tags = [{"ResourceType": kind, "Tags": [{"Key": "aws:x", "Value": "y"}]}]
    assert refused(launch, TagSpecifications=tags) == ("InvalidParameterValue", 400)
    assert ec2.describe_instances()["Reservations"] == []


def test_a_pending_image_is_not_launched(box, ec2, refused, launch):
    """SB-IMG-02.

    Source SB-IMG-02: An image is pending until its snapshots are there, and failed if one is; only an available one is
      copied. botocore ec2 CopyImage; code: docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html.
    """
    made = ec2.create_image(InstanceId=box.add_instance(), Name="image")["ImageId"]
    assert refused(launch, ImageId=made) == ("InvalidAMIID.Unavailable", 400)


def test_a_launch_under_a_bad_key_is_terminated(box, ec2, launch):
    """SB-INS-29: it says why, and its volumes are gone; a start would fall back to `stopped`.

    Source SB-INS-29: botocore ec2 RunInstances.BlockDeviceMappings;
      docs.aws.amazon.com/AWSEC2/latest/UserGuide/troubleshooting-launch.html.
    """
    box.add_key(state="Disabled")
    own = {"VolumeSize": 8, "Encrypted": True, "KmsKeyId": "alias/app", "DeleteOnTermination": True}
    found, volumes = launch(BlockDeviceMappings=[{"DeviceName": "/dev/xvda", "Ebs": own}])
    assert (found["State"]["Name"], found["StateReason"]["Code"]) == ("terminated", "Client.InternalError")
    assert volumes
    assert ec2.describe_volumes()["Volumes"] == []


def test_a_launch_that_fails_of_itself_is_terminated_too(box, launch):
    """SB-INS-29: Server.InternalError.

    Source SB-INS-29: botocore ec2 RunInstances.BlockDeviceMappings;
      docs.aws.amazon.com/AWSEC2/latest/UserGuide/troubleshooting-launch.html.
    """
    box.faults.add(Fault(operation="ec2:RunInstances", fails_at=50))
    found, _ = launch()
    assert (found["State"]["Name"], found["StateReason"]["Code"]) == ("terminated", "Server.InternalError")
