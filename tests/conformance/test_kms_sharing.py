"""Snapshots and keys shared between two accounts: what works, and what fails, and how."""

import pytest

HERE, THERE = "123456789012", "111122223333"
REGION, ZONE = "eu-central-1", "eu-central-1a"
SHARED = ("DescribeKey", "CreateGrant", "GenerateDataKeyWithoutPlaintext", "Decrypt", "ReEncryptFrom", "ReEncryptTo")


@pytest.fixture
def hand_over(box, ec2):
    """hand_over(key) -> a completed snapshot under this key, shared with the other account, as CopySnapshot takes it."""

    def share(key=None):
        volume = box.add_volume(kms_key=key) if key else box.add_volume()
        shot = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
        box.clock.advance(1000)
        sharing(ec2, shot)
        return {"SourceSnapshotId": shot, "SourceRegion": REGION}

    return share


def sharing(client, shot, **more):
    ask = {"Attribute": "createVolumePermission", "OperationType": "add", "UserIds": [THERE], **more}
    client.modify_snapshot_attribute(SnapshotId=shot, **ask)


@pytest.fixture
def share_key(written):
    """share_key(arn): let the other account use a key of this one, as AWS's page says."""
    from sealift.sandbox import kms

    def put(arn):
        own = {"Effect": "Allow", "Principal": {"AWS": HERE}, "Action": "kms:*", "Resource": "*"}
        other = {**own, "Principal": {"AWS": THERE}, "Action": [f"kms:{n}" for n in SHARED]}
        kms.find(HERE, REGION, arn).policy = written(own, other)

    return put


@pytest.fixture
def theirs(as_role, allowing):
    """EC2 of the other account, with all it can have there."""
    return as_role(allowing("ec2:*"), allowing("kms:*"), account=THERE)


def ends(box, client, copy):
    box.clock.advance(3600)
    return client.describe_snapshots(SnapshotIds=[copy])["Snapshots"][0]


def test_the_key_must_be_shared_too(box, hand_over, share_key, theirs):
    """R-EBS-82: the snapshot is seen at once; a copy of it ends in error until the key's policy names the account.

    Source R-EBS-82: docs.aws.amazon.com/ebs/latest/userguide/ebs-modifying-snapshot-permissions.html.
    """
    key, own = box.add_key(), box.add_key(alias="alias/theirs", account=THERE)
    source = hand_over(key)
    (seen,) = theirs.describe_snapshots(SnapshotIds=[source["SourceSnapshotId"]])["Snapshots"]
    assert (seen["OwnerId"], seen["KmsKeyId"]) == (HERE, key)
    found = ends(box, theirs, theirs.copy_snapshot(**source, Encrypted=True, KmsKeyId=own)["SnapshotId"])
    assert (found["State"], found["StateMessage"]) == ("error", "Given key ID is not accessible")
    share_key(key)
    found = ends(box, theirs, theirs.copy_snapshot(**source, Encrypted=True, KmsKeyId=own)["SnapshotId"])
    assert (found["State"], found["OwnerId"], found["KmsKeyId"]) == ("completed", THERE, own)


def test_the_receivers_own_policies_count(box, hand_over, share_key, as_role, allowing):
    """R-EBS-82, SB-KEY-05: who may not use the foreign key in the receiving account cannot copy.

    Source R-EBS-82: docs.aws.amazon.com/ebs/latest/userguide/ebs-modifying-snapshot-permissions.html.
    Source SB-KEY-05: docs.aws.amazon.com/kms/latest/developerguide/key-policy-modifying-external-accounts.html.
    """
    key, own = box.add_key(), box.add_key(alias="alias/theirs", account=THERE)
    source = hand_over(key)
    share_key(key)
    bare = as_role(allowing("ec2:*"), allowing("kms:*", on=own), account=THERE)
    found = ends(box, bare, bare.copy_snapshot(**source, Encrypted=True, KmsKeyId=own)["SnapshotId"])
    assert found["State"] == "error"


def test_without_a_key_of_its_own_a_copy_is_under_the_default_key(box, hand_over, share_key, theirs, client):
    """R-EBS-82: not under the owner's; the same for a volume.

    Source R-EBS-82: docs.aws.amazon.com/ebs/latest/userguide/ebs-modifying-snapshot-permissions.html.
    """
    key = box.add_key()
    source = hand_over(key)
    share_key(key)
    found = ends(box, theirs, theirs.copy_snapshot(**source)["SnapshotId"])
    assert (found["State"], found["Encrypted"]) == ("completed", True)
    assert found["KmsKeyId"].split(":")[4] == THERE
    made = theirs.create_volume(AvailabilityZone=ZONE, SnapshotId=source["SourceSnapshotId"])
    box.clock.advance(60)
    (volume,) = theirs.describe_volumes(VolumeIds=[made["VolumeId"]])["Volumes"]
    assert (volume["State"], volume["KmsKeyId"]) == ("available", found["KmsKeyId"])


def test_a_volume_from_a_shared_snapshot_needs_its_key(box, hand_over, theirs, refused):
    """R-EBS-82: it vanishes like any other.

    Source R-EBS-82: docs.aws.amazon.com/ebs/latest/userguide/ebs-modifying-snapshot-permissions.html.
    """
    source = hand_over(box.add_key())
    made = theirs.create_volume(AvailabilityZone=ZONE, SnapshotId=source["SourceSnapshotId"])["VolumeId"]
    box.clock.advance(60)
    assert refused(theirs.describe_volumes, VolumeIds=[made])[0] == "InvalidVolume.NotFound"


def test_a_plain_snapshot_needs_no_key(box, hand_over, theirs, refused):
    """SB-SHR-01: Only the permission; and without it the snapshot is not there.

    Source SB-SHR-01: docs.aws.amazon.com/ebs/latest/userguide/ebs-modifying-snapshot-permissions.html.
    """
    source = hand_over()
    assert ends(box, theirs, theirs.copy_snapshot(**source)["SnapshotId"])["State"] == "completed"
    assert theirs.create_volume(AvailabilityZone=ZONE, SnapshotId=source["SourceSnapshotId"])["VolumeId"]


def test_what_is_not_shared_is_not_there(box, ec2, hand_over, theirs, refused):
    """SB-SHR-01: Snapshots, volumes, instances of one account are invisible to the other; a share ends when it is taken back.

    Source SB-SHR-01: docs.aws.amazon.com/ebs/latest/userguide/ebs-modifying-snapshot-permissions.html.
    """
    hidden = ec2.create_snapshot(VolumeId=box.add_volume())["SnapshotId"]
    box.add_instance()
    source = hand_over()
    shot = source["SourceSnapshotId"]
    assert [s["SnapshotId"] for s in theirs.describe_snapshots()["Snapshots"]] == [shot]
    assert theirs.describe_volumes()["Volumes"] == theirs.describe_instances()["Reservations"] == []
    for call, ask in (
        (theirs.describe_snapshots, {"SnapshotIds": [hidden]}),
        (theirs.create_volume, {"AvailabilityZone": ZONE, "SnapshotId": hidden}),
        (theirs.copy_snapshot, {"SourceSnapshotId": hidden, "SourceRegion": REGION}),
        (theirs.delete_snapshot, {"SnapshotId": shot}),
    ):
        assert refused(call, **ask)[0] == "InvalidSnapshot.NotFound"
    sharing(ec2, shot, OperationType="remove")
    assert refused(theirs.copy_snapshot, **source)[0] == "InvalidSnapshot.NotFound"


def test_a_snapshot_under_the_managed_key_cannot_be_shared(box, ec2, refused):
    """R-EBS-62: OperationNotPermitted; one under a key of one's own can.

    Source R-EBS-62: docs.aws.amazon.com/ebs/latest/userguide/ebs-modifying-snapshot-permissions.html; recorded reply:
      OperationNotPermitted.
    """
    shots = [
        ec2.create_snapshot(VolumeId=box.add_volume(**o))["SnapshotId"]
        for o in ({"encrypted": True}, {"kms_key": box.add_key()})
    ]
    managed, own = shots
    ask = {"Attribute": "createVolumePermission", "OperationType": "add", "UserIds": [THERE]}
    assert refused(ec2.modify_snapshot_attribute, SnapshotId=managed, **ask) == ("OperationNotPermitted", 400)
    ec2.modify_snapshot_attribute(SnapshotId=own, **ask)


def test_an_encrypted_snapshot_is_never_public(box, ec2, theirs, refused):
    """SB-SNP-02: a plain one is, and then everybody sees and copies it.

    Source SB-SNP-02: botocore ec2 ModifySnapshotAttribute.
    """
    plain = ec2.create_snapshot(VolumeId=box.add_volume())["SnapshotId"]
    secret = ec2.create_snapshot(VolumeId=box.add_volume(kms_key=box.add_key()))["SnapshotId"]
    box.clock.advance(1000)
    ask = {"Attribute": "createVolumePermission", "OperationType": "add", "GroupNames": ["all"]}
    assert refused(ec2.modify_snapshot_attribute, SnapshotId=secret, **ask)[0] == "InvalidParameterValue"
    ec2.modify_snapshot_attribute(SnapshotId=plain, **ask)
    assert theirs.copy_snapshot(SourceSnapshotId=plain, SourceRegion=REGION)["SnapshotId"]


def test_a_volume_lives_under_a_key_of_another_account(box, share_key, theirs):
    """SB-KEY-05, R-EBS-56: created and attached where the owner's policy allows it; not otherwise.

    Source SB-KEY-05: docs.aws.amazon.com/kms/latest/developerguide/key-policy-modifying-external-accounts.html.
    Source R-EBS-56: repost.aws/knowledge-center/kms-iam-ec2-permission;
      docs.aws.amazon.com/ebs/latest/userguide/ebs-encryption-requirements.html.
    """
    key = box.add_key()
    web = box.add_instance(account=THERE)
    made = {"AvailabilityZone": ZONE, "Size": 1, "Encrypted": True, "KmsKeyId": key}
    first = theirs.create_volume(**made)["VolumeId"]
    share_key(key)
    volume = theirs.create_volume(**made)["VolumeId"]
    box.clock.advance(60)
    assert [v["VolumeId"] for v in theirs.describe_volumes(VolumeIds=[volume])["Volumes"]] == [volume]
    assert first not in {v["VolumeId"] for v in theirs.describe_volumes()["Volumes"]}
    theirs.attach_volume(VolumeId=volume, InstanceId=web, Device="/dev/sdf")
