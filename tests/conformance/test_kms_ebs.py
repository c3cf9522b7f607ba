"""What EBS and EC2 do with a key on the caller's behalf, and the late forms in which they fail."""

import pytest

ZONE = "eu-central-1a"
REGION = "eu-central-1"
VIA = {"StringEquals": {"kms:ViaService": "ec2.eu-central-1.amazonaws.com"}}
FOR_AWS = {"Bool": {"kms:GrantIsForAWSResource": "true"}}
NEEDED = ("DescribeKey", "GenerateDataKeyWithoutPlaintext", "Decrypt", "CreateGrant")


@pytest.fixture
def plain(box, ec2):
    """A completed snapshot without encryption, as arguments of CopySnapshot."""
    shot = ec2.create_snapshot(VolumeId=box.add_volume())["SnapshotId"]
    box.clock.advance(1000)
    return {"SourceSnapshotId": shot, "SourceRegion": REGION}


@pytest.fixture
def key(box):
    return box.add_key()


@pytest.fixture
def state(box, ec2):
    """state(id) -> what has become of a volume or snapshot after an hour."""

    def ask(resource):
        box.clock.advance(3600)
        if resource.startswith("vol"):
            filters = [{"Name": "volume-id", "Values": [resource]}]
            found = ec2.describe_volumes(Filters=filters)["Volumes"]
        else:
            found = ec2.describe_snapshots(SnapshotIds=[resource])["Snapshots"]
        return found[0]["State"] if found else "gone"

    return ask


def actions(*names):
    return [f"kms:{n}" for n in names]


def make_volume(client, key, **more):
    return client.create_volume(AvailabilityZone=ZONE, Encrypted=True, KmsKeyId=key, **more)["VolumeId"]


def test_a_volume_under_a_key_the_caller_may_not_use_vanishes(box, key, as_role, allowing, state):
    """R-EBS-53, R-EBS-54, SB-KEY-10: the call is answered 200; each permission counts.

    Source R-EBS-53: botocore ec2 CreateVolume.KmsKeyId, CopySnapshot.KmsKeyId.
    Source R-EBS-54: docs.aws.amazon.com/ebs/latest/userguide/ebs-copy-snapshot.html.
    Source SB-KEY-10: docs.aws.amazon.com/ebs/latest/userguide/how-ebs-encryption-works.html,
      ebs-encryption-requirements.html; which call needs which is in part a guess, the bad way.
    """
    assert state(make_volume(as_role(allowing("ec2:*")), key, Size=1)) == "gone"
    empty = ("DescribeKey", "GenerateDataKeyWithoutPlaintext")
    able = as_role(allowing("ec2:*"), allowing(*actions(*empty), on=key, Condition=VIA))
    assert state(make_volume(able, key, Size=1)) == "available"
    for left_out in empty:
        rest = [n for n in empty if n != left_out]
        assert state(make_volume(as_role(allowing("ec2:*"), allowing(*actions(*rest))), key, Size=1)) == "gone"


@pytest.mark.parametrize("left_out", [None, *NEEDED])
def test_a_copy_under_such_a_key_ends_in_error(box, ec2, key, plain, as_role, allowing, state, left_out):
    """R-EBS-54, SB-KEY-10: 'Given key ID is not accessible', some seconds after the call.

    Source R-EBS-54: docs.aws.amazon.com/ebs/latest/userguide/ebs-copy-snapshot.html.
    Source SB-KEY-10: docs.aws.amazon.com/ebs/latest/userguide/how-ebs-encryption-works.html,
      ebs-encryption-requirements.html; which call needs which is in part a guess, the bad way.
    """
    granted = actions(*(n for n in NEEDED if n != left_out))
    client = as_role(allowing("ec2:*"), allowing(*granted, on=key, Condition=VIA))
    copy = client.copy_snapshot(**plain, Encrypted=True, KmsKeyId=key)["SnapshotId"]
    if left_out is None:
        assert state(copy) == "completed"
        return
    box.clock.advance(10)
    (shown,) = ec2.describe_snapshots(SnapshotIds=[copy])["Snapshots"]
    assert (shown["State"], shown["StateMessage"]) == ("error", "Given key ID is not accessible")


def test_a_volume_from_a_plain_snapshot_needs_as_much(key, plain, as_role, allowing, state):
    """SB-KEY-10.

    Source SB-KEY-10: EBS uses a key for the caller: GenerateDataKeyWithoutPlaintext and DescribeKey, from a plain
      source Decrypt and CreateGrant too, from one under another key ReEncrypt on both.
      docs.aws.amazon.com/ebs/latest/userguide/how-ebs-encryption-works.html, ebs-encryption-requirements.html; which
      call needs which is in part a guess, the bad way.
    """
    shot = plain["SourceSnapshotId"]
    able = as_role(allowing("ec2:*"), allowing(*actions(*NEEDED)))
    assert state(make_volume(able, key, SnapshotId=shot)) == "available"
    less = as_role(allowing("ec2:*"), allowing(*actions(*NEEDED[:2])))
    assert state(make_volume(less, key, SnapshotId=shot)) == "gone"


def test_copy_volumes_refuses_at_the_request(box, ec2, key, as_role, allowing, refused):
    """SB-CPV-02: and nothing is left behind.

    Source SB-CPV-02: field notes of September 2026; InvalidKMSKey.InvalidState is recorded of launches, the rest is a
      guess.
    """
    ask = {"SourceVolumeId": box.add_volume(), "Encrypted": True, "KmsKeyId": key}
    found = refused(as_role(allowing("ec2:*")).copy_volumes, **ask)
    assert found == ("InvalidKMSKey.NotFound", 400)
    assert len(ec2.describe_volumes()["Volumes"]) == 1
    as_role(allowing("ec2:*"), allowing(*actions(*NEEDED))).copy_volumes(**ask)


def test_another_key_is_a_re_encryption(box, key, as_role, allowing, state, ec2):
    """SB-KEY-10: of an encrypted source: both keys are used.

    Source SB-KEY-10: docs.aws.amazon.com/ebs/latest/userguide/how-ebs-encryption-works.html,
      ebs-encryption-requirements.html; which call needs which is in part a guess, the bad way.
    """
    old = box.add_key(alias="alias/old")
    shot = ec2.create_snapshot(VolumeId=box.add_volume(kms_key=old))["SnapshotId"]
    box.clock.advance(1000)
    copy = {"SourceSnapshotId": shot, "SourceRegion": REGION, "Encrypted": True, "KmsKeyId": key}
    new = allowing(*actions(*NEEDED, "ReEncryptTo"), on=key)
    from_old = allowing(*actions("DescribeKey", "Decrypt", "ReEncryptFrom", "CreateGrant"), on=old)
    one_side = as_role(allowing("ec2:*"), new)
    assert state(one_side.copy_snapshot(**copy)["SnapshotId"]) == "error"
    both = as_role(allowing("ec2:*"), new, from_old)
    assert state(both.copy_snapshot(**copy)["SnapshotId"]) == "completed"


def test_the_encryption_context_is_the_new_id(box, key, plain, as_role, allowing, state):
    """R-EBS-58: a volume's own id; the copy's for CopySnapshot: a policy pinned to the source's id is no use.

    Source R-EBS-58: docs.aws.amazon.com/kms/latest/developerguide/services-ebs.html.
    """
    source = box.add_volume()
    for pattern, made, copied in (
        ("vol-*", "available", "error"),
        ("snap-*", "gone", "completed"),
        (source, "gone", "error"),
    ):
        bound = {"StringLike": {"kms:EncryptionContext:aws:ebs:id": pattern}}
        bound_or_none = [
            allowing(*actions(*NEEDED[1:]), Condition=bound),
            allowing("kms:DescribeKey"),
        ]
        client = as_role(allowing("ec2:*"), *bound_or_none)
        assert state(make_volume(client, key, Size=1)) == made
        copy = client.copy_snapshot(**plain, Encrypted=True, KmsKeyId=key)["SnapshotId"]
        assert state(copy) == copied


def test_attaching_needs_create_grant(box, key, as_role, allowing, refused):
    """R-EBS-56, SB-KEY-01: CustomerKeyHasBeenRevoked for a caller without it.

    Source R-EBS-56: repost.aws/knowledge-center/kms-iam-ec2-permission;
      docs.aws.amazon.com/ebs/latest/userguide/ebs-encryption-requirements.html.
    Source SB-KEY-01: docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html; recorded of AttachVolume
      under a disabled key.
    """
    web, volume = box.add_instance(), box.add_volume(kms_key=key)
    ask = {"VolumeId": volume, "InstanceId": web, "Device": "/dev/sdf"}
    without = as_role(allowing("ec2:*"), allowing("kms:Decrypt", "kms:DescribeKey"))
    assert refused(without.attach_volume, **ask) == ("CustomerKeyHasBeenRevoked", 400)
    as_role(allowing("ec2:*"), allowing("kms:CreateGrant", on=key, Condition={**FOR_AWS, **VIA})).attach_volume(**ask)


def test_starting_needs_create_grant_of_whoever_starts(box, key, ec2, as_role, allowing):
    """R-EBS-55, R-EBS-56: the call succeeds, the instance falls back to stopped, Client.InternalError.

    Source R-EBS-55: repost.aws/knowledge-center/kms-iam-ec2-permission.
    Source R-EBS-56: repost.aws/knowledge-center/kms-iam-ec2-permission;
      docs.aws.amazon.com/ebs/latest/userguide/ebs-encryption-requirements.html.
    """
    from sealift.sandbox import VolumeSpec

    web = box.add_instance(volumes=[VolumeSpec(kms_key=key)], state="stopped")

    def shown():
        box.clock.advance(60)
        return ec2.describe_instances(InstanceIds=[web])["Reservations"][0]["Instances"][0]

    without = as_role(allowing("ec2:*"))
    assert without.start_instances(InstanceIds=[web])["StartingInstances"][0]["CurrentState"]["Name"] == "pending"
    found = shown()
    assert (found["State"]["Name"], found["StateReason"]["Code"]) == ("stopped", "Client.InternalError")
    as_role(allowing("ec2:*"), allowing("kms:CreateGrant", Condition=FOR_AWS)).start_instances(InstanceIds=[web])
    assert shown()["State"]["Name"] == "running"
    ec2.stop_instances(InstanceIds=[web])
    box.clock.advance(100)
    box.start_by_hand(web)
    assert shown()["State"]["Name"] == "running"


def test_a_denial_by_address_hits_ec2_itself(box, key, ec2, as_role, allowing, written, refused):
    """R-EBS-57: the infrastructure's role comes from no address; a denial that spares services does not hit it.

    Source R-EBS-57: docs.aws.amazon.com/ebs/latest/userguide/ebs-encryption-requirements.html.
    """
    from sealift.sandbox import kms

    everybody = {"Effect": "Allow", "Principal": {"AWS": "123456789012"}, "Action": "kms:*", "Resource": "*"}
    away = {"NotIpAddress": {"aws:SourceIp": "127.0.0.0/8"}}
    barred = {**everybody, "Principal": "*", "Effect": "Deny", "Condition": away}
    web, volume = box.add_instance(), box.add_volume(kms_key=key)
    ask = {"VolumeId": volume, "InstanceId": web, "Device": "/dev/sdf"}
    box.enforce()
    record = kms.find("123456789012", REGION, key)
    record.policy = written(everybody, barred)
    assert refused(ec2.attach_volume, **ask)[0] == "CustomerKeyHasBeenRevoked"
    record.policy = written(
        everybody, {**barred, "Principal": {"AWS": "arn:aws:iam::123456789012:role/aws:ec2-infrastructure"}}
    )
    assert refused(ec2.attach_volume, **ask)[0] == "CustomerKeyHasBeenRevoked"
    spared = {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/aws:ec2-infrastructure"}}
    direct = {**away, **spared, "Bool": {"aws:ViaAWSService": "false"}}
    record.policy = written(everybody, {**barred, "Condition": direct})
    ec2.attach_volume(**ask)


def test_ec2_holds_a_grant_for_every_attachment(box, key, ec2, client):
    """SB-KEY-11: from attach to detach, and while an instance is up; seen by ListGrants.

    Source SB-KEY-11: docs.aws.amazon.com/kms/latest/developerguide/determining-access-grants.html; that a stop retires
      it too is a guess.
    """
    from sealift.sandbox import VolumeSpec

    kms = client("kms")

    def grants():
        return kms.list_grants(KeyId=key)["Grants"]

    web, volume = box.add_instance(volumes=[VolumeSpec(kms_key=key)]), box.add_volume(kms_key=key)
    assert len(grants()) == 1
    ec2.attach_volume(VolumeId=volume, InstanceId=web, Device="/dev/sdf")
    (shown,) = (g for g in grants() if g["Constraints"]["EncryptionContextSubset"]["aws:ebs:id"] == volume)
    assert shown["GranteePrincipal"] == f"arn:aws:sts::123456789012:assumed-role/aws:ec2-infrastructure/{web}"
    assert (shown["Operations"], shown["RetiringPrincipal"]) == (["Decrypt"], "arn:aws:iam::123456789012:root")
    box.clock.advance(60)
    ec2.detach_volume(VolumeId=volume)
    box.clock.advance(60)
    assert len(grants()) == 1
    ec2.stop_instances(InstanceIds=[web])
    box.clock.advance(100)
    assert grants() == []
    ec2.start_instances(InstanceIds=[web])
    box.clock.advance(100)
    assert len(grants()) == 1
    ec2.terminate_instances(InstanceIds=[web])
    box.clock.advance(100)
    assert grants() == []


def test_somebody_unpermitted_who_launches_gets_nothing(box, key, ec2, as_role, allowing):
    """R-EBS-55, SB-INS-29: RunInstances with an encrypted disk: it ends `terminated`.

    Source R-EBS-55: repost.aws/knowledge-center/kms-iam-ec2-permission.
    Source SB-INS-29: botocore ec2 RunInstances.BlockDeviceMappings;
      docs.aws.amazon.com/AWSEC2/latest/UserGuide/troubleshooting-launch.html.
    """
    disk = {"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 8, "Encrypted": True, "KmsKeyId": key}}
    ask = {"ImageId": "ami-12c6146b", "MinCount": 1, "MaxCount": 1, "BlockDeviceMappings": [disk]}
    for more, state in (([], "terminated"), ([allowing("kms:*")], "running")):
        made = as_role(allowing("ec2:*"), *more).run_instances(**ask)["Instances"][0]["InstanceId"]
        box.clock.advance(60)
        (found,) = ec2.describe_instances(InstanceIds=[made])["Reservations"][0]["Instances"]
        assert found["State"]["Name"] == state
