"""Tags and tokens that are too long or reserved, wherever something is made; and what instances are found by."""

import pytest

ZONE = "eu-central-1a"


def _spec(kind, key, value=""):
    return [{"ResourceType": kind, "Tags": [{"Key": key, "Value": value}]}]


@pytest.mark.parametrize(("key", "value"), [("aws:x", ""), ("", ""), ("k" * 129, ""), ("k", "v" * 257)])
def test_tags_that_cannot_be_are_refused_wherever_something_is_made(box, ec2, refused, key, value):
    """R-EBS-10: reserved, empty and too long.

    Source R-EBS-10: botocore ec2 CreateTags; docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html
      (restrictions).
    """
    instance = box.add_instance()
    (volume,) = [v["VolumeId"] for v in ec2.describe_volumes()["Volumes"]]
    bad = ("InvalidParameterValue", 400)
    assert refused(ec2.create_tags, Resources=[volume], Tags=[{"Key": key, "Value": value}]) == bad
    shots = {"InstanceSpecification": {"InstanceId": instance}}
    assert refused(ec2.create_snapshots, **shots, TagSpecifications=_spec("snapshot", key, value)) == bad
    for kind in ("image", "snapshot"):
        ask = {"InstanceId": instance, "Name": "name", "TagSpecifications": _spec(kind, key, value)}
        assert refused(ec2.create_image, **ask) == bad
    assert refused(ec2.register_image, Name="name", TagSpecifications=_spec("image", key, value)) == bad
    assert ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"] == []


def test_an_image_and_its_snapshots_have_the_tags_asked_for(box, ec2):
    """R-EBS-10: each kind its own, of the longest that there may be.

    Source R-EBS-10: botocore ec2 CreateTags; docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html
      (restrictions).
    """
    key, value = "k" * 128, "v" * 256
    tags = _spec("image", key, value) + _spec("snapshot", "s", "1")
    made = ec2.create_image(InstanceId=box.add_instance(), Name="name", TagSpecifications=tags)["ImageId"]
    assert ec2.describe_images(ImageIds=[made])["Images"][0]["Tags"] == [{"Key": key, "Value": value}]
    assert ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"][0]["Tags"] == [{"Key": "s", "Value": "1"}]


@pytest.mark.parametrize("name", ["create_volume", "copy_volumes"])
def test_a_token_of_more_than_64_characters_is_refused(box, ec2, refused, name):
    """SB-TOK-02: 64 are taken.

    Source SB-TOK-02: recorded reply: InvalidParameterValue, Client token must be less than or equal to 64 characters
      (kubernetes-sigs/aws-ebs-csi-driver#1038).
    """
    first = {"SourceVolumeId": box.add_volume()} if name == "copy_volumes" else {"AvailabilityZone": ZONE}
    ask = {**first, "Size": 10}
    assert refused(getattr(ec2, name), **ask, ClientToken="t" * 65) == ("InvalidParameterValue", 400)
    getattr(ec2, name)(**ask, ClientToken="t" * 64)


def test_instances_are_found_by_what_a_describe_shows(box, ec2):
    """R-EBS-84: addresses, names, groups and reasons.

    Source R-EBS-84: botocore ec2 DescribeVolumes.
    """
    instance = box.add_instance()
    box.add_instance()
    shown = ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]

    def found(name, *values):
        reply = ec2.describe_instances(Filters=[{"Name": name, "Values": [str(v) for v in values]}])
        return [i["InstanceId"] for r in reply["Reservations"] for i in r["Instances"]]

    assert found("private-dns-name", shown["PrivateDnsName"]) == [instance]
    assert found("network-interface.addresses.private-ip-address", shown["PrivateIpAddress"]) == [instance]
    assert found("ip-address", "192.0.2.1") == found("product-code", "none") == []
    assert len(found("architecture", shown["Architecture"])) == 2
    assert len(found("instance.group-id", *(g["GroupId"] for g in shown["SecurityGroups"]))) in (0, 2)
    ec2.stop_instances(InstanceIds=[instance])
    box.clock.advance(200)
    assert found("state-reason-code", "Client.UserInitiatedShutdown") == [instance]
