"""AMIs: as far as their snapshots, and copied under a key."""

import pytest


@pytest.fixture
def image(box, ec2):
    made = ec2.create_image(InstanceId=box.add_instance(), Name="plain")["ImageId"]
    box.clock.advance(1000)
    return made


@pytest.fixture
def shown(ec2):
    return lambda name: ec2.describe_images(ImageIds=[name])["Images"][0]


def test_an_image_is_pending_until_its_snapshots_are_there(box, ec2, shown):
    """SB-IMG-02.

    Source SB-IMG-02: An image is pending until its snapshots are there, and failed if one is; only an available one is
      copied. botocore ec2 CopyImage; code: docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html.
    """
    made = ec2.create_image(InstanceId=box.add_instance(), Name="image")["ImageId"]
    assert shown(made)["State"] == "pending"
    box.clock.advance(1000)
    assert shown(made)["State"] == "available"


def test_a_copy_is_encrypted_under_the_key_asked_for(box, ec2, client, image, shown):
    """SB-IMG-02: in the Region of the call; its snapshots are new, and the source stays plain.

    Source SB-IMG-02: botocore ec2 CopyImage; code: docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html.
    """
    key = box.add_key()
    ask = {"Name": "copy", "SourceImageId": image, "SourceRegion": "eu-central-1"}
    copy = ec2.copy_image(**ask, Encrypted=True, KmsKeyId="alias/app")["ImageId"]
    assert shown(copy)["State"] == "pending"
    box.clock.advance(1000)
    assert shown(copy)["State"] == "available"
    ebs = shown(copy)["BlockDeviceMappings"][0]["Ebs"]
    assert ebs["Encrypted"] is True
    assert ec2.describe_snapshots(SnapshotIds=[ebs["SnapshotId"]])["Snapshots"][0]["KmsKeyId"] == key
    assert shown(image)["BlockDeviceMappings"][0]["Ebs"]["Encrypted"] is False
    far = client(region="eu-west-1")
    there = far.copy_image(**ask)["ImageId"]
    assert far.describe_images(ImageIds=[there])["Images"][0]["BlockDeviceMappings"][0]["Ebs"]["Encrypted"] is False


def test_a_copy_under_a_bad_key_fails_later(box, ec2, image, shown):
    """R-EBS-53, R-EBS-54, SB-IMG-02: an id is returned, and the image ends `failed`.

    Source R-EBS-53: botocore ec2 CreateVolume.KmsKeyId, CopySnapshot.KmsKeyId.
    Source R-EBS-54: docs.aws.amazon.com/ebs/latest/userguide/ebs-copy-snapshot.html.
    Source SB-IMG-02: botocore ec2 CopyImage; code: docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html.
    """
    box.add_key(state="Disabled")
    ask = {"Name": "copy", "SourceImageId": image, "SourceRegion": "eu-central-1"}
    copy = ec2.copy_image(**ask, Encrypted=True, KmsKeyId="alias/app")["ImageId"]
    box.clock.advance(1000)
    assert shown(copy)["State"] == "failed"


def test_the_same_token_is_the_same_copy(ec2, image, refused):
    """SB-TOK-01; and only an available image is copied (SB-IMG-02).

    Source SB-TOK-01: docs.aws.amazon.com/AWSEC2/latest/devguide/ec2-api-idempotency.html; recorded reply for a deleted
      volume: IdempotentParameterMismatch (crossplane-contrib/provider-aws#1858).
    Source SB-IMG-02: botocore ec2 CopyImage; code: docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html.
    """
    ask = {"Name": "copy", "SourceImageId": image, "SourceRegion": "eu-central-1", "ClientToken": "t"}
    first = ec2.copy_image(**ask)["ImageId"]
    assert ec2.copy_image(**ask)["ImageId"] == first
    again = {"Name": "other", "SourceImageId": first, "SourceRegion": "eu-central-1"}
    assert refused(ec2.copy_image, **again) == ("InvalidAMIID.Unavailable", 400)
    assert refused(ec2.copy_image, **{**again, "SourceImageId": "ami-0"})[0] == "InvalidAMIID.NotFound"
