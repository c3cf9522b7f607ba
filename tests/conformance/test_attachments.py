"""AttachVolume and DetachVolume: what AWS refuses, and what it lets happen."""

import pytest

from sealift.sandbox import VolumeSpec


@pytest.fixture
def web(box):
    disks = [VolumeSpec(), VolumeSpec(device="/dev/sdf", size_gib=20, delete_on_termination=True)]
    return box.add_instance(volumes=disks)


@pytest.fixture
def disk(ec2, web):
    """disk(device) -> the volume as DescribeVolumes shows it."""

    def find(device):
        shown = ec2.describe_volumes(
            Filters=[
                {"Name": "attachment.instance-id", "Values": [web]},
                {"Name": "attachment.device", "Values": [device]},
            ]
        )
        return next(iter(shown["Volumes"]), None)

    return find


def stop(box, ec2, instance):
    ec2.stop_instances(InstanceIds=[instance])
    box.clock.advance(60)


def test_attaching_comes_before_attached_and_clears_delete_on_termination(box, ec2, web, disk):
    """R-EBS-21: whatever the flag was before, an attached volume survives the instance.

    Source R-EBS-21: docs.aws.amazon.com/AWSEC2/latest/UserGuide/preserving-volumes-on-termination.html; botocore ec2
      EbsInstanceBlockDeviceSpecification; the code is a guess.
    """
    volume = disk("/dev/sdf")["VolumeId"]
    assert disk("/dev/sdf")["Attachments"][0]["DeleteOnTermination"] is True
    ec2.detach_volume(VolumeId=volume, InstanceId=web, Device="/dev/sdf")
    assert disk("/dev/sdf")["Attachments"][0]["State"] == "detaching"
    box.clock.advance(10)
    assert ec2.describe_volumes(VolumeIds=[volume])["Volumes"][0]["State"] == "available"
    assert ec2.attach_volume(VolumeId=volume, InstanceId=web, Device="/dev/sdf")["State"] == "attaching"
    box.clock.advance(10)
    again = disk("/dev/sdf")["Attachments"][0]
    assert (again["State"], again["DeleteOnTermination"]) == ("attached", False)
    assert again["AttachTime"].timestamp() == box.now() - 10


def test_a_flag_left_out_means_true(box, ec2, web, disk):
    """R-EBS-21: ModifyInstanceAttribute without DeleteOnTermination sets it.

    Source R-EBS-21: docs.aws.amazon.com/AWSEC2/latest/UserGuide/preserving-volumes-on-termination.html; botocore ec2
      EbsInstanceBlockDeviceSpecification; the code is a guess.
    """

    def flag():
        return disk("/dev/sdf")["Attachments"][0]["DeleteOnTermination"]

    for ebs, after in (({"DeleteOnTermination": False}, False), ({}, True)):
        ec2.modify_instance_attribute(InstanceId=web, BlockDeviceMappings=[{"DeviceName": "/dev/sdf", "Ebs": ebs}])
        assert flag() is after


def test_a_flag_of_an_empty_device_is_refused(ec2, web, refused):
    """R-EBS-21: there is nothing to set it on.

    Source R-EBS-21: docs.aws.amazon.com/AWSEC2/latest/UserGuide/preserving-volumes-on-termination.html; botocore ec2
      EbsInstanceBlockDeviceSpecification; the code is a guess.
    """
    mapping = [{"DeviceName": "/dev/sdz", "Ebs": {"DeleteOnTermination": True}}]
    found = refused(ec2.modify_instance_attribute, InstanceId=web, BlockDeviceMappings=mapping)
    assert found[0] == "InvalidInstanceAttributeValue"


def test_only_within_the_zone(box, ec2, web, refused):
    """R-EBS-15.

    Source R-EBS-15: A volume attaches only inside its Availability Zone. botocore ec2 AttachVolume; code:
      docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html.
    """
    far = box.add_volume(az="eu-central-1b")
    found = refused(ec2.attach_volume, VolumeId=far, InstanceId=web, Device="/dev/sdg")
    assert found == ("InvalidVolume.ZoneMismatch", 400)


def test_a_volume_has_one_place_and_a_device_one_volume(box, ec2, web, disk, refused):
    """SB-ATT-01, SB-ATT-02.

    Source SB-ATT-01: Only an available volume is attached; a Multi-Attach volume may be in use. botocore ec2
      AttachVolume; codes: docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html.
    Source SB-ATT-02: A device name holds one volume. recorded reply: InvalidParameterValue, already in use (the error
      list has InvalidDevice.InUse).
    """
    other = box.add_instance(name="web-2")
    used = disk("/dev/sdf")["VolumeId"]
    assert refused(ec2.attach_volume, VolumeId=used, InstanceId=other, Device="/dev/sdg")[0] == "VolumeInUse"
    spare = box.add_volume()
    found = refused(ec2.attach_volume, VolumeId=spare, InstanceId=web, Device="/dev/sdf")
    assert found[0] == "InvalidParameterValue"


def test_a_volume_that_is_not_ready_is_not_attached(box, ec2, web, refused):
    """SB-ATT-01: IncorrectState while creating.

    Source SB-ATT-01: botocore ec2 AttachVolume; codes:
      docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html.
    """
    made = ec2.create_volume(AvailabilityZone="eu-central-1a", Size=1)["VolumeId"]
    found = refused(ec2.attach_volume, VolumeId=made, InstanceId=web, Device="/dev/sdg")
    assert found[0] == "IncorrectState"


def test_an_instance_holds_so_many_volumes(box, ec2, refused):
    """R-EBS-28.

    Source R-EBS-28: An instance holds as many volumes as its type allows (27 here: a Nitro instance with one
      interface). docs.aws.amazon.com/AWSEC2/latest/UserGuide/volume_limits.html.
    """
    full = box.add_instance(volumes=[VolumeSpec(device=f"/dev/sd{n}") for n in range(27)])
    found = refused(ec2.attach_volume, VolumeId=box.add_volume(), InstanceId=full, Device="/dev/sdz")
    assert found == ("AttachmentLimitExceeded", 400)


def test_an_instance_on_its_way_takes_no_volume(box, ec2, web, refused):
    """SB-ATT-03: running or stopped only.

    Source SB-ATT-03: docs.aws.amazon.com/ebs/latest/userguide/ebs-attaching-volume.html; the code is a guess.
    """
    ec2.stop_instances(InstanceIds=[web])
    found = refused(ec2.attach_volume, VolumeId=box.add_volume(), InstanceId=web, Device="/dev/sdg")
    assert found[0] == "IncorrectState"
    ec2.terminate_instances(InstanceIds=[web])
    box.clock.advance(60)
    found = refused(ec2.attach_volume, VolumeId=box.add_volume(), InstanceId=web, Device="/dev/sdg")
    assert found[0] == "IncorrectState"


def test_a_volume_under_an_unusable_key_is_not_attached(box, ec2, web, refused):
    """SB-KEY-01.

    Source SB-KEY-01: AttachVolume under an unusable key is refused with CustomerKeyHasBeenRevoked.
      docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html; recorded of AttachVolume under a disabled
      key.
    """
    key = box.add_key()
    volume = box.add_volume(kms_key=key)
    box.disable_key(key)
    found = refused(ec2.attach_volume, VolumeId=volume, InstanceId=web, Device="/dev/sdg")
    assert found[0] == "CustomerKeyHasBeenRevoked"
    box.enable_key(key)
    ec2.attach_volume(VolumeId=volume, InstanceId=web, Device="/dev/sdg")


def test_a_root_volume_leaves_a_stopped_instance_only(box, ec2, web, disk, refused):
    """R-EBS-23: not while running, nor while stopping.

    Source R-EBS-23: botocore ec2 DetachVolume; recorded reply of 2022: IncorrectState (older ones:
      OperationNotPermitted).
    """
    root = disk("/dev/xvda")["VolumeId"]
    ask = {"VolumeId": root, "InstanceId": web}
    assert refused(ec2.detach_volume, **ask) == ("IncorrectState", 400)
    assert refused(ec2.detach_volume, **ask, Force=True)[0] == "IncorrectState"
    ec2.stop_instances(InstanceIds=[web])
    assert refused(ec2.detach_volume, **ask)[0] == "IncorrectState"
    box.clock.advance(60)
    ec2.detach_volume(**ask)


def test_a_data_volume_leaves_a_running_instance(box, ec2, web, disk):
    """SB-ATT-20: That is AWS: the guest is not asked; nothing that was acknowledged is taken off the volume.

    Source SB-ATT-20: docs.aws.amazon.com/ebs/latest/userguide/ebs-detaching-volume.html.
    """
    volume = disk("/dev/sdf")["VolumeId"]
    box.clock.advance(50)
    ec2.detach_volume(VolumeId=volume, InstanceId=web, Device="/dev/sdf")
    box.clock.advance(50)
    assert {(x.device, x.volume) for x in box.losses()} == {("/dev/sdf", None)}
    ec2.attach_volume(VolumeId=volume, InstanceId=web, Device="/dev/sdf")
    box.clock.advance(50)
    assert box.losses() == []


def test_only_what_is_attached_is_detached(box, ec2, web, disk, refused):
    """SB-ATT-04: IncorrectState for a loose volume; instance and device must be those of the attachment.

    Source SB-ATT-04: botocore ec2 DetachVolume; codes:
      docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html.
    """
    other = box.add_instance(name="web-2")
    assert refused(ec2.detach_volume, VolumeId=box.add_volume(), InstanceId=web)[0] == "IncorrectState"
    volume = disk("/dev/sdf")["VolumeId"]
    for wrong in ({"InstanceId": other}, {"InstanceId": web, "Device": "/dev/sdz"}):
        assert refused(ec2.detach_volume, VolumeId=volume, **wrong)[0] == "InvalidAttachment.NotFound"
    ec2.detach_volume(VolumeId=volume)
    assert refused(ec2.detach_volume, VolumeId=volume)[0] == "IncorrectState"


def test_a_multi_attach_volume_serves_two_instances(box, ec2, web, refused):
    """SB-ATT-01: both write to it, and each detach needs its InstanceId.

    Source SB-ATT-01: botocore ec2 AttachVolume; codes:
      docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html.
    """
    other = box.add_instance(name="web-2")
    shared = box.add_volume(spec=VolumeSpec(size_gib=10, type="io2", iops=500, multi_attach=True))
    for instance in (web, other):
        ec2.attach_volume(VolumeId=shared, InstanceId=instance, Device="/dev/sdm")
    box.clock.advance(100)
    assert box.serves(shared) == [(web, "/dev/sdm"), (other, "/dev/sdm")]
    assert {f"{web}:/dev/sdm", f"{other}:/dev/sdm"} < set(box.contents(shared).streams)
    assert refused(ec2.detach_volume, VolumeId=shared)[0] == "InvalidParameterCombination"
    ec2.detach_volume(VolumeId=shared, InstanceId=other)
    box.clock.advance(10)
    assert box.serves(shared) == [(web, "/dev/sdm")]
