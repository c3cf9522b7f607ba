"""Filters of DescribeInstances: every one that AWS lists is taken, and looks at what it says."""

import gzip
import json
import re
from pathlib import Path

import botocore
import pytest

MODEL = Path(botocore.__file__).parent / "data/ec2/2016-11-15/service-2.json.gz"


def listed():
    """Return the names that botocore's page of DescribeInstances lists, but for the form `tag:<key>`."""
    shape = json.loads(gzip.decompress(MODEL.read_bytes()))["shapes"]["DescribeInstancesRequest"]
    names = re.findall(r"<p> ?<code>([a-z0-9.-]+)</code> - ", shape["members"]["Filters"]["documentation"])
    return sorted(set(names))


def by(name, *values):
    return {"Filters": [{"Name": name, "Values": list(values)}]}


@pytest.fixture
def web(box):
    return box.add_instance(tags={"a": "b"})


def test_there_are_as_many_as_aws_lists():
    """R-EBS-84: more than a hundred; else the page is read the wrong way.

    Source R-EBS-84: botocore ec2 DescribeVolumes.
    """
    assert len(listed()) > 120


def test_every_filter_that_aws_lists_is_taken(ec2, web):
    """R-EBS-84: one about what no instance has finds nothing.

    Source R-EBS-84: botocore ec2 DescribeVolumes.
    """
    for name in listed():
        assert ec2.describe_instances(**by(name, "nothing-is-so"))["Reservations"] == [], name


def test_a_filter_that_aws_does_not_list_is_refused(ec2, web, refused):
    """R-EBS-84: nor does a describe of volumes know one of instances.

    Source R-EBS-84: botocore ec2 DescribeVolumes.
    """
    for name in ("colour", "network-interface.colour", "volume-id"):
        assert refused(ec2.describe_instances, **by(name, "x")) == ("InvalidParameterValue", 400)
    assert refused(ec2.describe_volumes, **by("tpm-support", "x")) == ("InvalidParameterValue", 400)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("owner-id", "123456789012"),
        ("current-instance-boot-mode", "legacy-bios"),
        ("maintenance-options.auto-recovery", "default"),
        ("metadata-options.http-tokens", "*"),
        ("metadata-options.http-put-response-hop-limit", "1"),
        ("metadata-options.http-protocol-ipv4", "enabled"),
        ("metadata-options.state", "applied"),
        ("private-dns-name-options.hostname-type", "ip-name"),
        ("network-performance-options.bandwidth-weighting", "default"),
        ("network-interface.addresses.primary", "true"),
        ("network-interface.attachment.device-index", "0"),
        ("network-interface.attachment.status", "attached"),
        ("network-interface.availability-zone", "eu-central-1a"),
        ("network-interface.group-name", "default"),
        ("network-interface.owner-id", "123456789012"),
        ("network-interface.requester-managed", "false"),
        ("capacity-reservation-specification.capacity-reservation-preference", "open"),
    ],
)
def test_a_filter_finds_what_has_the_value(ec2, web, name, value):
    """R-EBS-84: and only that.

    Source R-EBS-84: botocore ec2 DescribeVolumes.
    """
    (group,) = ec2.describe_instances(**by(name, value))["Reservations"]
    assert [i["InstanceId"] for i in group["Instances"]] == [web]
    assert ec2.describe_instances(**by(name, "other"))["Reservations"] == []


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("network-interface.mac-address", ("MacAddress",)),
        ("network-interface.attachment.attachment-id", ("Attachment", "AttachmentId")),
        ("network-interface.addresses.private-ip-address", ("PrivateIpAddresses", 0, "PrivateIpAddress")),
        ("network-interface.private-dns-name", ("PrivateDnsName",)),
    ],
)
def test_a_filter_of_interfaces_finds_what_is_shown(ec2, box, web, name, path):
    """R-EBS-84: by what DescribeInstances itself shows of the interface.

    Source R-EBS-84: botocore ec2 DescribeVolumes.
    """
    box.add_instance(name="web-2")
    (group,) = ec2.describe_instances(InstanceIds=[web])["Reservations"]
    value = group["Instances"][0]["NetworkInterfaces"][0]
    for step in path:
        value = value[step]
    found = [i["InstanceId"] for g in ec2.describe_instances(**by(name, value))["Reservations"] for i in g["Instances"]]
    assert found == [web]
    assert "OwnerId" not in group["Instances"][0]
