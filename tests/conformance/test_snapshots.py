"""Snapshots and their copies: progress, quotas, encryption, incremental sizes."""

import pytest

ZONE = "eu-central-1a"


@pytest.fixture
def look(ec2):
    return lambda snapshot: ec2.describe_snapshots(SnapshotIds=[snapshot])["Snapshots"][0]


def test_a_snapshot_is_pending_and_moves(box, ec2, look):
    """SB-SNP-20: Progress grows with time; a first snapshot takes as long as its size.

    Source SB-SNP-20: docs.aws.amazon.com/ebs/latest/userguide/ebs-creating-snapshot.html.
    """
    shot = ec2.create_snapshot(VolumeId=box.add_volume(size_gib=100), Description="first")
    assert (shot["State"], shot["Progress"]) == ("pending", "0%")
    seconds = box.world.durations.snapshot(100 * 1024)
    box.clock.advance(seconds / 2)
    assert look(shot["SnapshotId"])["Progress"] == "50%"
    box.clock.advance(seconds / 2)
    done = look(shot["SnapshotId"])
    assert (done["State"], done["Progress"], done["Description"]) == ("completed", "100%", "first")
    assert done["StartTime"].timestamp() == 1_800_000_000


def test_a_later_snapshot_takes_as_long_as_what_changed(box, ec2):
    """SB-SNP-21: 1 MiB/s for 100 s is 100 MiB, whatever the volume's size.

    Source SB-SNP-21: docs.aws.amazon.com/ebs/latest/userguide/how_snapshots_work.html.
    """
    box.add_instance()
    volume = ec2.describe_volumes()["Volumes"][0]["VolumeId"]
    ec2.create_snapshot(VolumeId=volume)
    box.clock.advance(100)
    ec2.create_snapshot(VolumeId=volume)
    first, second = (c.seconds for c in box.charges)
    assert first == box.world.durations.snapshot(8 * 1024)
    assert second == pytest.approx(box.world.durations.snapshot(100))


def test_a_snapshot_holds_what_was_there_at_the_request(box, ec2):
    """SB-SNP-20: Writes after the call are not on it, nor on the volume made of it.

    Source SB-SNP-20: docs.aws.amazon.com/ebs/latest/userguide/ebs-creating-snapshot.html.
    """
    box.add_instance()
    volume = ec2.describe_volumes()["Volumes"][0]["VolumeId"]
    box.clock.advance(50)
    then = box.contents(volume)
    shot = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
    box.clock.advance(1000)
    made = ec2.create_volume(AvailabilityZone=ZONE, SnapshotId=shot)["VolumeId"]
    assert box.contents(made) == then != box.contents(volume)


def test_five_pending_snapshots_of_a_volume_and_one_of_a_slow_disk(box, ec2, refused):
    """R-EBS-74.

    Source R-EBS-74: 5 pending snapshots a volume, 1 for st1 and sc1, deleted ones too while they last; 15 s between two
      of a volume. docs.aws.amazon.com/ebs/latest/userguide/ebs-creating-snapshot.html.
    """
    fast, slow = box.add_volume(size_gib=5000), box.add_volume(size_gib=5000, type="st1")
    for _ in range(5):
        ec2.create_snapshot(VolumeId=fast)
        box.clock.advance(15)
    assert refused(ec2.create_snapshot, VolumeId=fast) == ("ConcurrentSnapshotLimitExceeded", 400)
    ec2.create_snapshot(VolumeId=slow)
    box.clock.advance(15)
    assert refused(ec2.create_snapshot, VolumeId=slow)[0] == "ConcurrentSnapshotLimitExceeded"


def test_a_later_snapshot_waits_for_an_earlier_one(box, ec2, look):
    """SB-SNP-03: it needs the earlier one's blocks.

    Source SB-SNP-03: follows from snapshots being incremental (guess).
    """
    volume = box.add_volume(size_gib=100)
    first = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
    box.clock.advance(15)
    second = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
    box.clock.advance(box.world.durations.snapshot(100 * 1024) - 16)
    assert {look(first)["State"], look(second)["State"]} == {"pending"}
    box.clock.advance(2)
    assert {look(first)["State"], look(second)["State"]} == {"completed"}


def test_fifteen_seconds_between_two_snapshots_of_a_volume(box, ec2, refused):
    """R-EBS-74.

    Source R-EBS-74: 5 pending snapshots a volume, 1 for st1 and sc1, deleted ones too while they last; 15 s between two
      of a volume. docs.aws.amazon.com/ebs/latest/userguide/ebs-creating-snapshot.html.
    """
    volume = box.add_volume()
    ec2.create_snapshot(VolumeId=volume)
    box.clock.advance(14)
    assert refused(ec2.create_snapshot, VolumeId=volume)[0] == "SnapshotCreationPerVolumeRateExceeded"
    box.clock.advance(1)
    ec2.create_snapshot(VolumeId=volume)


def test_all_disks_of_an_instance_at_one_moment(box, ec2):
    """SB-SNP-22: CreateSnapshots: one cut, the volumes' tags, the root left out where asked.

    Source SB-SNP-22: botocore ec2 CreateSnapshots, InstanceSpecification.
    """
    from sealift.sandbox import VolumeSpec

    disks = [VolumeSpec(), VolumeSpec(device="/dev/sdf", tags={"a": "b"}), VolumeSpec(device="/dev/sdg")]
    app = box.add_instance(volumes=disks)
    spec = {"InstanceId": app, "ExcludeBootVolume": True}
    shots = ec2.create_snapshots(InstanceSpecification=spec, CopyTagsFromSource="volume")["Snapshots"]
    assert [s.get("Tags") for s in shots] == [[{"Key": "a", "Value": "b"}], None]
    assert len({s["StartTime"] for s in shots}) == 1


def test_a_snapshot_of_a_plain_volume_is_plain_whatever_the_default(box, ec2, look):
    """SB-SNP-23: Encryption is decided when a volume or a copy is made.

    Source SB-SNP-23: docs.aws.amazon.com/ebs/latest/userguide/encryption-by-default.html;
      docs.aws.amazon.com/ebs/latest/userguide/ebs-copy-snapshot.html.
    """
    ec2.enable_ebs_encryption_by_default()
    assert look(ec2.create_snapshot(VolumeId=box.add_volume())["SnapshotId"])["Encrypted"] is False


def test_a_key_goes_from_volume_to_snapshot_to_copy_to_volume(box, ec2, look):
    """SB-SNP-23: Inheritance all the way; a copy's VolumeId says nothing.

    Source SB-SNP-23: docs.aws.amazon.com/ebs/latest/userguide/encryption-by-default.html;
      docs.aws.amazon.com/ebs/latest/userguide/ebs-copy-snapshot.html.
    """
    key = box.add_key()
    shot = ec2.create_snapshot(VolumeId=box.add_volume(kms_key=key))["SnapshotId"]
    box.clock.advance(1000)
    copy = ec2.copy_snapshot(SourceSnapshotId=shot, SourceRegion="eu-central-1")["SnapshotId"]
    box.clock.advance(1000)
    assert look(shot)["KmsKeyId"] == look(copy)["KmsKeyId"] == key
    assert look(copy)["VolumeId"] == "vol-ffffffff"
    made = ec2.create_volume(AvailabilityZone=ZONE, SnapshotId=copy)
    assert (made["Encrypted"], made["KmsKeyId"]) == (True, key)


@pytest.fixture
def plain(box, ec2):
    shot = ec2.create_snapshot(VolumeId=box.add_volume(size_gib=20))["SnapshotId"]
    box.clock.advance(1000)
    return {"SourceSnapshotId": shot, "SourceRegion": "eu-central-1"}


def test_an_encrypted_copy_is_full_and_under_the_key_asked_for(box, ec2, look, plain):
    """SB-SNP-23, SB-SNP-24: An alias becomes its key's ARN; without a key it is the Region's aws/ebs key.

    Source SB-SNP-23: docs.aws.amazon.com/ebs/latest/userguide/encryption-by-default.html;
      docs.aws.amazon.com/ebs/latest/userguide/ebs-copy-snapshot.html.
    Source SB-SNP-24: docs.aws.amazon.com/ebs/latest/userguide/ebs-copy-snapshot.html (incremental copies).
    """
    key = box.add_key()
    copy = ec2.copy_snapshot(**plain, Encrypted=True, KmsKeyId="alias/app")["SnapshotId"]
    assert box.charges[-1].seconds == box.world.durations.copy(20 * 1024)
    own = ec2.copy_snapshot(**plain, Encrypted=True)["SnapshotId"]
    box.clock.advance(1000)
    assert (look(copy)["State"], look(copy)["Encrypted"], look(copy)["KmsKeyId"]) == ("completed", True, key)
    assert look(own)["Encrypted"] is True
    assert look(own)["KmsKeyId"] != key


def test_a_time_based_copy_takes_its_time(box, ec2, look, plain, refused):
    """SB-SNP-04: 15 minutes or more, in steps of 15.

    Source SB-SNP-04: docs.aws.amazon.com/ebs/latest/userguide/time-based-copies.html; the code is a guess.
    """
    for minutes in (10, 20, 2895):
        found = refused(ec2.copy_snapshot, **plain, CompletionDurationMinutes=minutes)
        assert found[0] == "InvalidParameterValue"
    copy = ec2.copy_snapshot(**plain, CompletionDurationMinutes=30)["SnapshotId"]
    box.clock.advance(1700)
    assert look(copy)["State"] == "pending"
    box.clock.advance(100)
    assert look(copy)["State"] == "completed"


def test_a_second_copy_under_the_same_key_moves_what_changed(box, ec2):
    """SB-SNP-24: ebs-copy-snapshot.html: same key, incremental; a change of encryption, full.

    Source SB-SNP-24: docs.aws.amazon.com/ebs/latest/userguide/ebs-copy-snapshot.html (incremental copies).
    """
    key = box.add_key()
    volume = box.add_volume(size_gib=100, kms_key=key)
    seconds = []
    for _ in range(2):
        shot = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
        box.clock.advance(2000)
        ec2.copy_snapshot(SourceSnapshotId=shot, SourceRegion="eu-central-1")
        seconds.append(box.charges[-1].seconds)
        box.clock.advance(2000)
    assert seconds == [box.world.durations.copy(100 * 1024), box.world.durations.copy(0)]


def test_a_copy_needs_encrypted_with_its_key_and_takes_no_false(ec2, plain, refused):
    """R-EBS-52.

    Source R-EBS-52: KmsKeyId needs Encrypted; CopySnapshot does not take Encrypted=false. botocore ec2 CopySnapshot,
      CreateVolume.
    """
    assert refused(ec2.copy_snapshot, **plain, KmsKeyId="alias/app")[0] == "InvalidParameterDependency"
    assert refused(ec2.copy_snapshot, **plain, Encrypted=False)[0] == "InvalidParameterValue"


@pytest.mark.parametrize("ref", ["alias/none", "alias/off", "alias/rsa"])
def test_a_copy_under_a_bad_key_ends_in_error(box, ec2, look, plain, ref):
    """R-EBS-53, R-EBS-54: the call is accepted; the state message names the key.

    Source R-EBS-53: botocore ec2 CreateVolume.KmsKeyId, CopySnapshot.KmsKeyId.
    Source R-EBS-54: docs.aws.amazon.com/ebs/latest/userguide/ebs-copy-snapshot.html.
    """
    box.add_key(alias="alias/off", state="PendingDeletion")
    box.add_key(alias="alias/rsa", spec="RSA_2048")
    copy = ec2.copy_snapshot(**plain, Encrypted=True, KmsKeyId=ref)["SnapshotId"]
    assert look(copy)["State"] == "pending"
    box.clock.advance(10)
    assert (look(copy)["State"], look(copy)["StateMessage"]) == ("error", "Given key ID is not accessible")


def test_a_key_disabled_while_copying_fails_the_copy(box, ec2, look, plain):
    """R-EBS-54: the key is needed to the end.

    Source R-EBS-54: docs.aws.amazon.com/ebs/latest/userguide/ebs-copy-snapshot.html.
    """
    key = box.add_key()
    copy = ec2.copy_snapshot(**plain, Encrypted=True, KmsKeyId=key)["SnapshotId"]
    box.clock.advance(5)
    box.disable_key(key)
    box.clock.advance(1000)
    assert look(copy)["State"] == "error"


@pytest.mark.parametrize("ref", ["alias/none", "alias/off"])
def test_a_volume_under_a_bad_key_vanishes(box, ec2, plain, refused, ref):
    """R-EBS-54: created, then InvalidVolume.NotFound.

    Source R-EBS-54: docs.aws.amazon.com/ebs/latest/userguide/ebs-copy-snapshot.html.
    """
    box.add_key(alias="alias/off", state="Disabled")
    made = ec2.create_volume(AvailabilityZone=ZONE, SnapshotId=plain["SourceSnapshotId"], Encrypted=True, KmsKeyId=ref)[
        "VolumeId"
    ]
    assert ec2.describe_volumes(VolumeIds=[made])["Volumes"][0]["State"] == "creating"
    box.clock.advance(10)
    assert refused(ec2.describe_volumes, VolumeIds=[made])[0] == "InvalidVolume.NotFound"


def test_a_pending_snapshot_is_not_copied(box, ec2, refused):
    """SB-SNP-01.

    Source SB-SNP-01: Only a completed snapshot is copied. botocore ec2 CopySnapshot; the code is a guess.
    """
    shot = ec2.create_snapshot(VolumeId=box.add_volume())["SnapshotId"]
    found = refused(ec2.copy_snapshot, SourceSnapshotId=shot, SourceRegion="eu-central-1")
    assert found[0] == "IncorrectState"


def test_twenty_copies_under_way_for_a_destination(ec2, client, plain, refused):
    """R-EBS-75: another Region is another destination.

    Source R-EBS-75: docs.aws.amazon.com/ebs/latest/userguide/ebs-copy-snapshot.html.
    """
    for _ in range(20):
        ec2.copy_snapshot(**plain)
    assert refused(ec2.copy_snapshot, **plain) == ("ResourceLimitExceeded", 400)
    far = client(region="eu-west-1")
    copy = far.copy_snapshot(**plain)["SnapshotId"]
    assert far.describe_snapshots(SnapshotIds=[copy])["Snapshots"][0]["State"] == "pending"


def test_a_snapshot_that_an_image_uses_is_not_deleted(box, ec2, plain, refused):
    """R-EBS-78, SB-IMG-01: until the image is deregistered.

    Source R-EBS-78: botocore ec2 DeleteSnapshot, LockSnapshot; the code SnapshotLocked is a guess.
    Source SB-IMG-01: botocore ec2 EbsBlockDevice.Encrypted; the code is a guess.
    """
    shot = plain["SourceSnapshotId"]
    disk = {"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": shot, "Encrypted": True}}
    ask = {"Name": "golden", "RootDeviceName": "/dev/xvda", "BlockDeviceMappings": [disk]}
    assert refused(ec2.register_image, **ask)[0] == "InvalidParameterCombination"
    del disk["Ebs"]["Encrypted"]
    image = ec2.register_image(**ask)["ImageId"]
    by_snapshot = [{"Name": "block-device-mapping.snapshot-id", "Values": [shot]}]
    assert [i["ImageId"] for i in ec2.describe_images(Filters=by_snapshot)["Images"]] == [image]
    assert refused(ec2.delete_snapshot, SnapshotId=shot) == ("InvalidSnapshot.InUse", 400)
    ec2.deregister_image(ImageId=image)
    ec2.delete_snapshot(SnapshotId=shot)


def test_an_image_of_an_instance_has_all_its_disks(box, ec2):
    """SB-IMG-02: CreateImage: one snapshot for each.

    Source SB-IMG-02: botocore ec2 CopyImage; code: docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html.
    """
    from sealift.sandbox import VolumeSpec

    app = box.add_instance(volumes=[VolumeSpec(), VolumeSpec(device="/dev/sdf", size_gib=20)])
    image = ec2.create_image(InstanceId=app, Name="golden")["ImageId"]
    (shown,) = ec2.describe_images(ImageIds=[image])["Images"]
    assert [(m["DeviceName"], m["Ebs"]["VolumeSize"]) for m in shown["BlockDeviceMappings"]] == [
        ("/dev/xvda", 8),
        ("/dev/sdf", 20),
    ]


def test_sharing_is_told_and_an_encrypted_snapshot_is_not_public(box, ec2, plain, refused):
    """SB-SNP-02, DescribeSnapshotAttribute.

    Source SB-SNP-02: botocore ec2 ModifySnapshotAttribute.
    """
    shot = plain["SourceSnapshotId"]
    ec2.modify_snapshot_attribute(
        SnapshotId=shot, Attribute="createVolumePermission", OperationType="add", UserIds=["111122223333"]
    )
    told = ec2.describe_snapshot_attribute(SnapshotId=shot, Attribute="createVolumePermission")
    assert told["CreateVolumePermissions"] == [{"UserId": "111122223333"}]
    secret = ec2.create_snapshot(VolumeId=box.add_volume(kms_key=box.add_key()))["SnapshotId"]
    found = refused(
        ec2.modify_snapshot_attribute,
        SnapshotId=secret,
        Attribute="createVolumePermission",
        OperationType="add",
        GroupNames=["all"],
    )
    assert found[0] == "InvalidParameterValue"
