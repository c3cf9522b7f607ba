"""KMS: states, Regions, and what moto crashes on."""

import pytest


@pytest.fixture
def kms(client):
    return client("kms")


def meta(kms, ref):
    return kms.describe_key(KeyId=ref)["KeyMetadata"]


def test_a_key_is_found_by_every_name_in_its_region_only(box, kms, client, refused):
    """SB-KEY-02: id, ARN, alias, alias ARN; NotFoundException elsewhere.

    Source SB-KEY-02: botocore kms DescribeKey.
    """
    arn = box.add_key()
    alias_arn = arn.split(":key/")[0] + ":alias/app"
    for ref in (arn, arn.split("/")[1], "alias/app", alias_arn):
        assert meta(kms, ref)["Arn"] == arn
    far = client("kms", "eu-west-1")
    for ref in (arn, "alias/app"):
        assert refused(far.describe_key, KeyId=ref) == ("NotFoundException", 400)


def test_a_key_shows_spec_usage_state_and_manager(box, kms):
    """SB-KEY-22: spec, usage, state and manager of a key.

    Source SB-KEY-22: botocore kms KeyMetadata.
    """
    arn = box.add_key(alias="alias/x", spec="RSA_2048", usage="SIGN_VERIFY", state="Disabled")
    found = meta(kms, arn)
    assert (found["KeySpec"], found["KeyUsage"], found["KeyState"]) == ("RSA_2048", "SIGN_VERIFY", "Disabled")
    assert found["KeyManager"] == "CUSTOMER"
    assert meta(kms, box.add_key(alias="alias/y"))["CreationDate"].timestamp() == box.now()


def test_the_managed_key_is_aws_own(kms):
    """SB-KEY-20: alias/aws/ebs and alias/aws/rds have KeyManager AWS, also where nothing was ever put under them.

    Source SB-KEY-20: botocore kms KeyMetadata.KeyManager.
    """
    for alias in ("alias/aws/ebs", "alias/aws/rds"):
        assert meta(kms, alias)["KeyManager"] == "AWS"


def test_states_change_by_arn_too(box, kms, refused):
    """SB-KEY-03. Disable, enable, schedule deletion, cancel: given the ARN, which moto does not survive.

    Source SB-KEY-03: docs.aws.amazon.com/kms/latest/developerguide/key-state.html.
    """
    arn = box.add_key()
    kms.disable_key(KeyId=arn)
    assert meta(kms, arn)["KeyState"] == "Disabled"
    assert refused(kms.encrypt, KeyId=arn, Plaintext=b"x")[0] == "DisabledException"
    kms.enable_key(KeyId=arn)
    kms.encrypt(KeyId=arn, Plaintext=b"x")
    reply = kms.schedule_key_deletion(KeyId=arn, PendingWindowInDays=7)
    assert reply["KeyState"] == "PendingDeletion"
    assert (reply["DeletionDate"].timestamp() - box.now()) == 7 * 86_400
    assert refused(kms.generate_data_key, KeyId=arn, KeySpec="AES_256")[0] == "KMSInvalidStateException"
    assert refused(kms.enable_key, KeyId=arn)[0] == "KMSInvalidStateException"
    kms.cancel_key_deletion(KeyId=arn)
    assert meta(kms, arn)["KeyState"] == "Disabled"


def test_encryption_by_default_is_for_what_is_made_afterwards(box, ec2):
    """SB-KEY-21: Without a key it is the Region's default key: aws/ebs until another is set.

    Source SB-KEY-21: docs.aws.amazon.com/ebs/latest/userguide/encryption-by-default.html.
    """
    assert ec2.get_ebs_encryption_by_default()["EbsEncryptionByDefault"] is False
    assert ec2.get_ebs_default_kms_key_id()["KmsKeyId"] == "alias/aws/ebs"
    before = box.add_volume()
    ec2.enable_ebs_encryption_by_default()
    arn = box.add_key()
    assert ec2.modify_ebs_default_kms_key_id(KmsKeyId="alias/app")["KmsKeyId"] == arn
    made = ec2.create_volume(AvailabilityZone="eu-central-1a", Size=1)
    assert (made["Encrypted"], made["KmsKeyId"]) == (True, arn)
    assert ec2.describe_volumes(VolumeIds=[before])["Volumes"][0]["Encrypted"] is False
    ec2.reset_ebs_default_kms_key_id()
    assert ec2.create_volume(AvailabilityZone="eu-central-1a", Size=1)["KmsKeyId"] != arn


def test_a_volume_wants_encrypted_with_its_key(box, ec2, refused):
    """R-EBS-52; an id or alias becomes the ARN.

    Source R-EBS-52: botocore ec2 CopySnapshot, CreateVolume.
    """
    arn = box.add_key()
    ask = {"AvailabilityZone": "eu-central-1a", "Size": 1}
    assert refused(ec2.create_volume, **ask, KmsKeyId=arn)[0] == "InvalidParameterDependency"
    for ref in (arn.split("/")[1], "alias/app", arn):
        assert ec2.create_volume(**ask, Encrypted=True, KmsKeyId=ref)["KmsKeyId"] == arn


def test_a_deletion_is_cancelled_only_while_it_is_pending(box, kms, refused):
    """SB-KEY-03, SB-KEY-23: 7 to 30 days; an enabled key is not disabled by a cancel.

    Source SB-KEY-03: docs.aws.amazon.com/kms/latest/developerguide/key-state.html.
    Source SB-KEY-23: botocore kms ScheduleKeyDeletion.PendingWindowInDays;
      docs.aws.amazon.com/kms/latest/developerguide/concepts.html; the code for AWS's own keys is a guess.
    """
    key = box.add_key()
    assert refused(kms.cancel_key_deletion, KeyId=key) == ("KMSInvalidStateException", 400)
    assert refused(kms.schedule_key_deletion, KeyId=key, PendingWindowInDays=1) == ("ValidationException", 400)
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    kms.cancel_key_deletion(KeyId=key)
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Disabled"


def test_a_key_of_aws_is_not_switched(kms, refused):
    """SB-KEY-23.

    Source SB-KEY-23: A key waits 7 to 30 days for its deletion; AWS's own keys are not switched or deleted by
      customers. botocore kms ScheduleKeyDeletion.PendingWindowInDays;
      docs.aws.amazon.com/kms/latest/developerguide/concepts.html; the code for AWS's own keys is a guess.
    """
    assert refused(kms.disable_key, KeyId="alias/aws/ebs")[0] == "AccessDeniedException"
    assert refused(kms.schedule_key_deletion, KeyId="alias/aws/ebs")[0] == "AccessDeniedException"
