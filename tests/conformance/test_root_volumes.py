"""CreateReplaceRootVolumeTask: another root under a running instance."""

import pytest

from sealift.sandbox import Fault, VolumeSpec


@pytest.fixture
def web(box):
    disks = [VolumeSpec(type="gp3", iops=4000), VolumeSpec(device="/dev/sdf", size_gib=20)]
    return box.add_instance(volumes=disks)


@pytest.fixture
def root(ec2, web):
    """root() -> the volume at the instance's root, as it is described now."""

    def look():
        there = [{"Name": "attachment.device", "Values": ["/dev/xvda"]}]
        found = ec2.describe_volumes(Filters=there)["Volumes"]
        return found[0] if found else None

    return look


@pytest.fixture
def task(ec2):
    """task(id) -> as described now."""
    return lambda name: ec2.describe_replace_root_volume_tasks(ReplaceRootVolumeTaskIds=[name])[
        "ReplaceRootVolumeTasks"
    ][0]


@pytest.fixture
def replace(ec2, web):
    return lambda **more: ec2.create_replace_root_volume_task(InstanceId=web, **more)["ReplaceRootVolumeTask"]


def encrypted_copy(box, ec2, source):
    box.add_key()
    made = ec2.copy_volumes(SourceVolumeId=source, VolumeType="gp3", Encrypted=True, KmsKeyId="alias/app")
    box.clock.advance(20)
    return made["Volumes"][0]["VolumeId"]


def test_a_task_goes_from_pending_to_succeeded(box, ec2, web, root, task, replace):
    """R-EBS-40: the volume is made, the disks change places, the guest boots; the instance runs all the time.

    Source R-EBS-40: docs.aws.amazon.com/AWSEC2/latest/UserGuide/replace-root.html;
      APIReference/API_ReplaceRootVolumeTask.html; the codes are guesses.
    """
    old = root()
    made = replace(
        TagSpecifications=[{"ResourceType": "replace-root-volume-task", "Tags": [{"Key": "a", "Value": "b"}]}]
    )
    assert (made["TaskState"], made["Tags"]) == ("pending", [{"Key": "a", "Value": "b"}])
    box.clock.advance(box.world.durations.root_pending_s)
    assert task(made["ReplaceRootVolumeTaskId"])["TaskState"] == "in-progress"
    box.clock.advance(box.world.durations.root_swap_s)
    done = task(made["ReplaceRootVolumeTaskId"])
    assert (done["TaskState"], done["InstanceId"]) == ("succeeded", web)
    assert done["CompleteTime"] > done["StartTime"]
    new = root()
    assert new["VolumeId"] != old["VolumeId"]
    shown = ec2.describe_instances(InstanceIds=[web])["Reservations"][0]["Instances"][0]
    assert shown["State"]["Name"] == "running"
    assert ec2.describe_volumes(VolumeIds=[old["VolumeId"]])["Volumes"][0]["State"] == "available"


def test_from_its_launch_state_a_root_is_shaped_as_before_and_empty_of_what_came_since(box, root, replace):
    """SB-RRV-01: type, size, IOPS and flag are the old root's; writes since the launch are gone.

    Source SB-RRV-01: botocore ec2 CreateReplaceRootVolumeTask;
      docs.aws.amazon.com/AWSEC2/latest/UserGuide/replace-root.html; the codes are guesses.
    """
    old = root()
    replace()
    box.clock.advance(100)
    new = root()
    for name in ("VolumeType", "Size", "Iops"):
        assert new[name] == old[name]
    assert new["Attachments"][0]["DeleteOnTermination"] is old["Attachments"][0]["DeleteOnTermination"] is True
    assert {x.volume for x in box.losses()} == {new["VolumeId"]}


def test_from_a_snapshot_of_the_root(box, ec2, root, replace, task, refused, web):
    """SB-RRV-01: not of another volume, and no copy; a snapshot of a root before it is of the lineage.

    Source SB-RRV-01: botocore ec2 CreateReplaceRootVolumeTask;
      docs.aws.amazon.com/AWSEC2/latest/UserGuide/replace-root.html; the codes are guesses.
    """
    old = root()["VolumeId"]
    shot = ec2.create_snapshot(VolumeId=old)["SnapshotId"]
    assert refused(ec2.create_replace_root_volume_task, InstanceId=web, SnapshotId=shot)[0] == "IncorrectState"
    box.clock.advance(1000)
    copy = ec2.copy_snapshot(SourceSnapshotId=shot, SourceRegion="eu-central-1")["SnapshotId"]
    other = ec2.create_snapshot(VolumeId=box.add_volume())["SnapshotId"]
    box.clock.advance(1000)
    for wrong in (copy, other):
        found = refused(ec2.create_replace_root_volume_task, InstanceId=web, SnapshotId=wrong)
        assert found == ("InvalidParameterValue", 400)
    for _ in range(2):
        made = replace(SnapshotId=shot)
        box.clock.advance(100)
        assert task(made["ReplaceRootVolumeTaskId"])["SnapshotId"] == shot
        assert root()["SnapshotId"] == shot


def test_encryption_by_default_encrypts_the_new_root(box, ec2, root, replace):
    """SB-RRV-01: under the default key, whatever the wish.

    Source SB-RRV-01: botocore ec2 CreateReplaceRootVolumeTask;
      docs.aws.amazon.com/AWSEC2/latest/UserGuide/replace-root.html; the codes are guesses.
    """
    ec2.enable_ebs_encryption_by_default()
    replace()
    box.clock.advance(100)
    assert root()["Encrypted"] is True


def test_a_plain_root_is_replaced_by_an_encrypted_volume(box, ec2, root, replace):
    """SB-RRV-02: the old root's flag is not carried over; writes after the copy are lost.

    Source SB-RRV-02: botocore ec2 CreateReplaceRootVolumeTask.VolumeId;
      docs.aws.amazon.com/AWSEC2/latest/UserGuide/replace-root.html; the codes and that the flag is false are guesses.
    """
    copy = encrypted_copy(box, ec2, root()["VolumeId"])
    replace(VolumeId=copy)
    box.clock.advance(100)
    new = root()
    assert (new["VolumeId"], new["Encrypted"]) == (copy, True)
    assert new["Attachments"][0]["DeleteOnTermination"] is False
    assert {x.volume for x in box.losses()} == {copy}


def test_an_encrypted_root_is_not_replaced_by_a_plain_volume(box, ec2, web, root, replace, refused):
    """SB-RRV-02: so the way back is another.

    Source SB-RRV-02: botocore ec2 CreateReplaceRootVolumeTask.VolumeId;
      docs.aws.amazon.com/AWSEC2/latest/UserGuide/replace-root.html; the codes and that the flag is false are guesses.
    """
    old = root()["VolumeId"]
    replace(VolumeId=encrypted_copy(box, ec2, old))
    box.clock.advance(100)
    found = refused(ec2.create_replace_root_volume_task, InstanceId=web, VolumeId=old)
    assert found == ("InvalidParameterValue", 400)


def test_a_volume_that_cannot_be_the_root_is_refused(box, ec2, web, refused, root):
    """SB-RRV-02, SB-RRV-01, R-EBS-14: another zone, attached, not available; two sources; other product codes.

    Source SB-RRV-02: botocore ec2 CreateReplaceRootVolumeTask.VolumeId;
      docs.aws.amazon.com/AWSEC2/latest/UserGuide/replace-root.html; the codes and that the flag is false are guesses.
    Source SB-RRV-01: botocore ec2 CreateReplaceRootVolumeTask;
      docs.aws.amazon.com/AWSEC2/latest/UserGuide/replace-root.html; the codes are guesses.
    Source R-EBS-14: botocore ec2 AttachVolume, CreateSnapshot; recorded reply of a detach: IncorrectInstanceState;
      other codes are guesses.
    """
    call = ec2.create_replace_root_volume_task
    far = box.add_volume(az="eu-central-1b")
    assert refused(call, InstanceId=web, VolumeId=far) == ("InvalidVolume.ZoneMismatch", 400)
    assert refused(call, InstanceId=web, VolumeId=root()["VolumeId"])[0] == "VolumeInUse"
    fresh = ec2.create_volume(AvailabilityZone="eu-central-1a", Size=8)["VolumeId"]
    assert refused(call, InstanceId=web, VolumeId=fresh)[0] == "IncorrectState"
    both = {"VolumeId": fresh, "SnapshotId": "snap-00000000000000000"}
    assert refused(call, InstanceId=web, **both)[0] == "InvalidParameterCombination"
    coded = box.add_volume()
    box.volume(coded).product_codes.append("abc")
    assert refused(call, InstanceId=web, VolumeId=coded)[0] == "InvalidParameterValue"


def test_an_instance_must_run_and_have_no_task(box, ec2, web, replace, refused):
    """R-EBS-40: IncorrectInstanceState while stopped; one task at a time; an EBS root.

    Source R-EBS-40: docs.aws.amazon.com/AWSEC2/latest/UserGuide/replace-root.html;
      APIReference/API_ReplaceRootVolumeTask.html; the codes are guesses.
    """
    replace()
    assert refused(ec2.create_replace_root_volume_task, InstanceId=web) == ("IncorrectState", 400)
    stopped = box.add_instance(name="b", state="stopped")
    assert refused(ec2.create_replace_root_volume_task, InstanceId=stopped)[0] == "IncorrectInstanceState"
    old_kind = box.add_instance(name="c")
    box.show_as(old_kind, RootDeviceType="instance-store")
    assert refused(ec2.create_replace_root_volume_task, InstanceId=old_kind)[0] == "UnsupportedOperation"


def test_the_old_root_is_deleted_where_asked(box, ec2, root, replace, refused):
    """SB-RRV-03.

    Source SB-RRV-03: The replaced root stays, available, unless DeleteReplacedRootVolume was asked for. botocore ec2
      CreateReplaceRootVolumeTask.DeleteReplacedRootVolume.
    """
    old = root()["VolumeId"]
    assert replace(DeleteReplacedRootVolume=True)["DeleteReplacedRootVolume"] is True
    box.clock.advance(100)
    assert refused(ec2.describe_volumes, VolumeIds=[old])[0] == "InvalidVolume.NotFound"


def test_the_same_token_is_the_same_task(box, ec2, replace, refused, web):
    """SB-TOK-01.

    Source SB-TOK-01: A ClientToken returns what it made; with other parameters, or once its volume is deleted, it is
      refused. docs.aws.amazon.com/AWSEC2/latest/devguide/ec2-api-idempotency.html; recorded reply for a deleted volume:
      IdempotentParameterMismatch (crossplane-contrib/provider-aws#1858).
    """
    assert replace(ClientToken="t")["ReplaceRootVolumeTaskId"] == replace(ClientToken="t")["ReplaceRootVolumeTaskId"]
    other = {"ClientToken": "t", "DeleteReplacedRootVolume": True}
    assert refused(ec2.create_replace_root_volume_task, InstanceId=web, **other)[0] == "IdempotentParameterMismatch"
    by_instance = [{"Name": "instance-id", "Values": [web]}]
    assert len(ec2.describe_replace_root_volume_tasks(Filters=by_instance)["ReplaceRootVolumeTasks"]) == 1


def test_a_key_that_is_off_by_then_leaves_the_old_root(box, ec2, root, replace, task):
    """R-EBS-40: `failed`; the old root is on, the guest was booted, nothing is lost.

    Source R-EBS-40: docs.aws.amazon.com/AWSEC2/latest/UserGuide/replace-root.html;
      APIReference/API_ReplaceRootVolumeTask.html; the codes are guesses.
    """
    old = root()["VolumeId"]
    copy = encrypted_copy(box, ec2, old)
    made = replace(VolumeId=copy)
    box.disable_key(ec2.describe_volumes(VolumeIds=[copy])["Volumes"][0]["KmsKeyId"])
    box.clock.advance(100)
    assert task(made["ReplaceRootVolumeTaskId"])["TaskState"] == "failed"
    assert root()["VolumeId"] == old
    assert box.losses() == []


def test_a_task_may_end_without_any_root(box, ec2, web, root, replace, task):
    """R-EBS-40: `failed-detached`; the recorded root goes back on once the instance is stopped.

    Source R-EBS-40: docs.aws.amazon.com/AWSEC2/latest/UserGuide/replace-root.html;
      APIReference/API_ReplaceRootVolumeTask.html; the codes are guesses.
    """
    old = root()["VolumeId"]
    box.faults.add(Fault(operation="ec2:CreateReplaceRootVolumeTask", fails_at=60))
    made = replace()
    box.clock.advance(100)
    assert task(made["ReplaceRootVolumeTaskId"])["TaskState"] == "failed-detached"
    assert root() is None
    ec2.stop_instances(InstanceIds=[web])
    box.clock.advance(60)
    ec2.attach_volume(VolumeId=old, InstanceId=web, Device="/dev/xvda")
    box.clock.advance(10)
    ec2.start_instances(InstanceIds=[web])
    box.clock.advance(60)
    assert box.losses() == []


def test_a_root_of_an_image(box, ec2, web, root, replace):
    """SB-RRV-01: ImageId stands for the snapshot of its root.

    Source SB-RRV-01: botocore ec2 CreateReplaceRootVolumeTask;
      docs.aws.amazon.com/AWSEC2/latest/UserGuide/replace-root.html; the codes are guesses.
    """
    image = ec2.create_image(InstanceId=web, Name="image")["ImageId"]
    box.clock.advance(1000)
    replace(ImageId=image)
    box.clock.advance(100)
    named = ec2.describe_images(ImageIds=[image])["Images"][0]["BlockDeviceMappings"]
    shots = {m["DeviceName"]: m["Ebs"]["SnapshotId"] for m in named}
    assert root()["SnapshotId"] == shots["/dev/xvda"]
