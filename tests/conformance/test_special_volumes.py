"""Volumes and instances that AWS treats apart: managed, on an Outpost, shared by many, coded, Spot, instance-store."""

import pytest

from sealift.sandbox import Durations, VolumeSpec

ZONE = "eu-central-1a"


@pytest.fixture
def web(box):
    return box.add_instance(volumes=[VolumeSpec(), VolumeSpec(device="/dev/sdf", size_gib=20)])


@pytest.fixture
def data(ec2, web):
    return next(v["VolumeId"] for v in ec2.describe_volumes()["Volumes"] if v["Size"] == 20)


def test_a_managed_volume_stays_where_it_is(box, ec2, web, data, refused):
    """R-EBS-04: no detach, forced or not; the flag stays too.

    Source R-EBS-04: botocore ec2 DetachVolume, ModifyInstanceAttribute, DescribeVolumes.IncludeManagedResources; the
      code has no 'Exception' on EC2's wire: a guess.
    """
    box.show_as(data, Operator={"Managed": True, "Principal": "eks"})
    for more in ({}, {"Force": True}):
        assert refused(ec2.detach_volume, VolumeId=data, **more) == ("UnsupportedOperation", 400)
    flag = [{"DeviceName": "/dev/sdf", "Ebs": {"DeleteOnTermination": False}}]
    assert refused(ec2.modify_instance_attribute, InstanceId=web, BlockDeviceMappings=flag)[0] == "UnsupportedOperation"


def test_what_a_service_hides_is_asked_for(box, ec2, web, data):
    """R-EBS-04: IncludeManagedResources.

    Source R-EBS-04: botocore ec2 DetachVolume, ModifyInstanceAttribute, DescribeVolumes.IncludeManagedResources; the
      code has no 'Exception' on EC2's wire: a guess.
    """
    hidden = {"Managed": True, "HiddenByDefault": True}
    box.show_as(data, Operator=hidden)
    box.show_as(web, Operator=hidden)
    assert data not in [v["VolumeId"] for v in ec2.describe_volumes()["Volumes"]]
    assert data in [v["VolumeId"] for v in ec2.describe_volumes(IncludeManagedResources=True)["Volumes"]]
    assert ec2.describe_instances()["Reservations"] == []
    assert len(ec2.describe_instances(IncludeManagedResources=True)["Reservations"]) == 1


def test_what_is_on_an_outpost_is_not_copied(box, ec2, data, refused):
    """R-EBS-05.

    Source R-EBS-05: A volume on an Outpost is not copied by CopyVolumes, nor a snapshot on one by CopySnapshot.
      docs.aws.amazon.com/ebs/latest/userguide/ebs-copying-volume.html; botocore ec2 CopySnapshot; the code is a guess.
    """
    arn = "arn:aws:outposts:eu-central-1:123456789012:outpost/op-1"
    shot = ec2.create_snapshot(VolumeId=data)["SnapshotId"]
    box.clock.advance(1000)
    box.show_as(data, OutpostArn=arn)
    box.show_as(shot, OutpostArn=arn)
    assert refused(ec2.copy_volumes, SourceVolumeId=data) == ("UnsupportedOperation", 400)
    assert refused(ec2.copy_snapshot, SourceSnapshotId=shot, SourceRegion="eu-central-1")[0] == "UnsupportedOperation"


def test_a_multi_attach_volume_serves_sixteen_and_boots_none(box, ec2, refused):
    """R-EBS-13.

    Source R-EBS-13: A Multi-Attach volume serves at most 16 instances, and never as a root.
      docs.aws.amazon.com/ebs/latest/userguide/ebs-volumes-multi.html; the codes are guesses.
    """
    shared = box.add_volume(spec=VolumeSpec(size_gib=10, type="io2", iops=500, multi_attach=True))
    for n in range(16):
        ec2.attach_volume(VolumeId=shared, InstanceId=box.add_instance(name=str(n)), Device="/dev/sdm")
    one_more = box.add_instance(name="17")
    ask = {"VolumeId": shared, "InstanceId": one_more}
    assert refused(ec2.attach_volume, **ask, Device="/dev/sdm") == ("AttachmentLimitExceeded", 400)
    stopped = box.add_instance(name="18", state="stopped")
    root = ec2.describe_instances(InstanceIds=[stopped])["Reservations"][0]["Instances"][0]["BlockDeviceMappings"][0]
    ec2.detach_volume(VolumeId=root["Ebs"]["VolumeId"])
    box.clock.advance(10)
    boot = {"VolumeId": shared, "InstanceId": stopped, "Device": "/dev/xvda"}
    assert refused(ec2.attach_volume, **boot)[0] == "InvalidParameterCombination"


def test_product_codes_want_a_stopped_instance(box, ec2, web, data, refused):
    """R-EBS-14: to leave and to come; a snapshot with them is never public; clones and snapshots hand them on.

    Source R-EBS-14: botocore ec2 AttachVolume, CreateSnapshot; recorded reply of a detach: IncorrectInstanceState;
      other codes are guesses.
    """
    box.volume(data).product_codes.append("abc")
    assert refused(ec2.detach_volume, VolumeId=data) == ("IncorrectInstanceState", 400)
    clone = ec2.copy_volumes(SourceVolumeId=data)["Volumes"][0]["VolumeId"]
    shot = ec2.create_snapshot(VolumeId=data)["SnapshotId"]
    box.clock.advance(1000)
    codes = ec2.describe_volume_attribute(VolumeId=clone, Attribute="productCodes")["ProductCodes"]
    assert codes[0]["ProductCodeId"] == "abc"
    ask = {"VolumeId": clone, "InstanceId": web, "Device": "/dev/sdg"}
    assert refused(ec2.attach_volume, **ask)[0] == "IncorrectInstanceState"
    share = {"Attribute": "createVolumePermission", "OperationType": "add", "GroupNames": ["all"]}
    assert refused(ec2.modify_snapshot_attribute, SnapshotId=shot, **share)[0] == "OperationNotPermitted"
    ec2.stop_instances(InstanceIds=[web])
    box.clock.advance(60)
    ec2.attach_volume(**ask)
    ec2.detach_volume(VolumeId=data)


def test_a_volume_that_is_being_modified_is_not_attached(box, ec2, web, refused):
    """SB-ATT-05: `optimizing` is well enough.

    Source SB-ATT-05: recorded reply: OperationNotPermitted, Cannot attach volume when it is in modification state:
      MODIFYING.
    """
    volume = box.add_volume()
    ec2.modify_volume(VolumeId=volume, Size=50)
    ask = {"VolumeId": volume, "InstanceId": web, "Device": "/dev/sdg"}
    assert refused(ec2.attach_volume, **ask) == ("OperationNotPermitted", 400)
    box.clock.advance(box.world.durations.modify_s / 2)
    ec2.attach_volume(**ask)


def test_some_instances_are_not_stopped(box, ec2, refused):
    """R-EBS-29, R-EBS-34, R-EBS-38: an instance-store root, a one-time Spot request, Hibernate unprepared.

    Source R-EBS-29: botocore ec2 StopInstances; recorded reply: UnsupportedOperation, does not have an 'ebs' root
      device type.
    Source R-EBS-34: docs.aws.amazon.com/AWSEC2/latest/UserGuide/stop-spot-instances.html; the code UnsupportedOperation
      is a guess.
    Source R-EBS-38: botocore ec2 StopInstances.Hibernate; the code UnsupportedHibernationConfiguration is a guess.
    """
    old, spot, kept, plain = (box.add_instance(name=n) for n in "abcd")
    box.show_as(old, RootDeviceType="instance-store")
    box.show_as(spot, InstanceLifecycle="spot")
    box.show_as(kept, InstanceLifecycle="spot", SpotRequestType="persistent")
    assert refused(ec2.stop_instances, InstanceIds=[old]) == ("UnsupportedOperation", 400)
    assert refused(ec2.stop_instances, InstanceIds=[spot]) == ("UnsupportedOperation", 400)
    found = refused(ec2.stop_instances, InstanceIds=[plain], Hibernate=True)
    assert found == ("UnsupportedHibernationConfiguration", 400)
    assert len(ec2.stop_instances(InstanceIds=[kept, plain])["StoppingInstances"]) == 2


def test_tags_go_to_a_thousand_resources_in_a_call(ec2, refused):
    """R-EBS-85.

    Source R-EBS-85: A call takes at most 1,000 resources to tag. botocore ec2 CreateTags; the code is a guess.
    """
    many = [f"vol-{n:017x}" for n in range(1001)]
    found = refused(ec2.create_tags, Resources=many, Tags=[{"Key": "a", "Value": "b"}])
    assert found == ("InvalidParameterValue", 400)


def test_filters_by_tag_see_what_is_new_last_of_all(opened):
    """R-EBS-90: an id is unknown for a while, then known, then found by its tags; so are tags put on later.

    Source R-EBS-90: docs.aws.amazon.com/AWSEC2/latest/devguide/eventual-consistency.html; how long is an option.
    """
    box = opened(durations=Durations(visible_s=5, tags_visible_s=30))
    ec2 = box.client("ec2")
    tags = [{"ResourceType": "volume", "Tags": [{"Key": "run", "Value": "1"}]}]
    made = ec2.create_volume(AvailabilityZone=ZONE, Size=1, TagSpecifications=tags)["VolumeId"]

    def found(value):
        asked = [{"Name": "tag:run", "Values": [value]}]
        return [v["VolumeId"] for v in ec2.describe_volumes(Filters=asked)["Volumes"]]

    box.clock.advance(5)
    assert ec2.describe_volumes(VolumeIds=[made])["Volumes"][0]["Tags"]
    assert found("1") == []
    box.clock.advance(25)
    assert found("1") == [made]
    ec2.create_tags(Resources=[made], Tags=[{"Key": "run", "Value": "2"}])
    assert found("2") == []
    box.clock.advance(30)
    assert found("2") == [made]
