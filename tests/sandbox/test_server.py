"""The sandbox as a server: the same rules over a socket, on time that runs faster than life."""

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError

from tests.sandbox.serving import admin, served

SPEED = 10_000.0


@pytest.fixture
def url() -> Iterator[str]:
    with served(speed=SPEED) as (found, _):
        yield found


@pytest.fixture
def still() -> Iterator[Callable[..., str]]:
    """still(**options) -> the URL of a sandbox whose time does not pass: no session expires meanwhile."""
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(served(mode="manual", **options))[0]


def client(url: str, service: str = "ec2"):
    return boto3.client(
        service,
        "eu-central-1",
        endpoint_url=url,
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
        config=Config(retries={"total_max_attempts": 1}),
    )


def test_every_answer_says_what_time_it_is(url):
    """Two headers, so that a client's clock can follow: Unix seconds, and seconds per second of life."""
    headers = client(url).describe_volumes()["ResponseMetadata"]["HTTPHeaders"]

    assert float(headers["x-sealift-sandbox-now"]) > 1_700_000_000
    assert float(headers["x-sealift-sandbox-speed"]) == SPEED
    assert admin(url, "clock")["now"] >= float(headers["x-sealift-sandbox-now"])


def test_refusals_carry_the_time_too(url):
    """A client follows the clock from whatever it hears, refusals included."""
    ec2 = client(url)
    with pytest.raises(ec2.exceptions.ClientError) as caught:
        ec2.describe_volumes(VolumeIds=["vol-00000000000000000"])
    assert "x-sealift-sandbox-now" in caught.value.response["ResponseMetadata"]["HTTPHeaders"]
    assert caught.value.response["Error"]["Code"] == "InvalidVolume.NotFound"


def test_a_volume_is_copied_encrypted_over_the_socket(url):
    """CopyVolumes, which moto lacks, and a swap without losses."""
    ec2, fleet = client(url), admin(url, "fleet")
    box = fleet["web-1"]
    source = ec2.describe_volumes(Filters=[{"Name": "attachment.instance-id", "Values": [box]}])["Volumes"][0]
    ec2.stop_instances(InstanceIds=[box])
    ec2.detach_volume(VolumeId=source["VolumeId"], InstanceId=box, Device="/dev/xvda")
    copy = ec2.copy_volumes(
        SourceVolumeId=source["VolumeId"], VolumeType="gp3", Encrypted=True, KmsKeyId="alias/sealift-demo"
    )["Volumes"][0]
    assert admin(url, "losses")
    ec2.attach_volume(VolumeId=copy["VolumeId"], InstanceId=box, Device="/dev/xvda")
    ec2.start_instances(InstanceIds=[box])

    assert copy["Encrypted"] is True
    assert admin(url, "losses") == []
    assert "ec2:CopyVolumes" in {c["operation"] for c in admin(url, "charges")}
    assert [e["outcome"] for e in admin(url, "log") if e["operation"] == "ec2:StartInstances"] == ["ok"]


def test_a_lost_reply_breaks_the_connection_after_the_effect(url):
    """The snapshot is there, the client knows nothing of it."""
    ec2 = client(url)
    volume = ec2.describe_volumes()["Volumes"][0]["VolumeId"]
    admin(url, "faults", {"operation": "ec2:CreateSnapshot", "after": True})

    with pytest.raises(ConnectionClosedError):
        ec2.create_snapshot(VolumeId=volume)

    assert len(ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]) == 1
    assert admin(url, "faults")[0]["fired"] == 1
    assert admin(url, "faults", method="DELETE") == {"ok": True}


def test_others_act_through_the_admin_routes(url):
    """A key is disabled and an instance started while a client is at work."""
    arn = client(url, "kms").describe_key(KeyId="alias/sealift-fragile")["KeyMetadata"]["Arn"]
    admin(url, "keys/disable", {"arn": arn})
    added = admin(url, "instances", {"region": "eu-central-1", "name": "late", "state": "stopped"})["instance"]
    admin(url, "instances/start", {"instance": added})

    assert client(url, "kms").describe_key(KeyId=arn)["KeyMetadata"]["KeyState"] == "Disabled"
    found = client(url).describe_instances(InstanceIds=[added])["Reservations"][0]["Instances"][0]
    assert found["State"]["Name"] == "running"


def test_a_fleet_is_added_while_it_runs(url):
    """POST /_sandbox/fleet; the keys are those that are there."""
    added = admin(url, "fleet", {"fleet": 3})
    assert list(added) == ["box-1", "box-2", "box-3"]
    assert len(admin(url, "fleet")) == 9
    aliases = [a["AliasName"] for a in client(url, "kms").list_aliases()["Aliases"]]
    assert aliases.count("alias/sealift-demo") == 1


def test_a_wrong_admin_request_is_told_what_there_is(url):
    """400 and 404 with the reason, never a stack trace."""
    for path, body, status in (("nothing", None, 404), ("instances/start", {"instance": "i-0"}, 400)):
        with pytest.raises(urllib.error.HTTPError) as caught:
            admin(url, path, body)
        assert caught.value.code == status
        assert "error" in json.load(caught.value)


def test_the_clock_may_be_moved_on(url):
    """POST /_sandbox/clock: jump forward, change speed."""
    before = admin(url, "clock")["now"]
    after = admin(url, "clock", {"advance": 86_400, "speed": 1})
    assert after["now"] - before >= 86_400
    assert after["speed"] == 1


def test_services_that_moto_lacks_answer_too(url):
    """DLM has no responder in moto."""
    assert client(url, "dlm").get_lifecycle_policies()["Policies"] == []


UNBUILT = {
    "ec2 query": ("ec2", "describe_mac_hosts", {}, "<Response><Errors><Error>"),
    "query": ("rds", "describe_source_regions", {}, "<ErrorResponse><Error>"),
    "json": ("kms", "connect_custom_key_store", {"CustomKeyStoreId": "cks-1"}, '{"__type"'),
    "rest-json": ("dlm", "tag_resource", {"ResourceArn": "arn:aws:dlm:::policy/p", "Tags": {"a": "b"}}, '{"__type"'),
    "rest-xml": ("s3", "get_bucket_analytics_configuration", {"Bucket": "kept", "Id": "a"}, "<Error>"),
    "rest-xml of an object": ("s3", "get_object_torrent", {"Bucket": "kept", "Key": "k"}, "<Error>"),
}


@pytest.mark.parametrize("protocol", UNBUILT)
def test_an_operation_that_nobody_has_built_is_refused_in_the_form_of_its_protocol(url, protocol):
    """SB-API-02: an error that every client can parse, and never an HTML page with status 500."""
    service, operation, params, form = UNBUILT[protocol]
    asking, bodies = client(url, service), []
    asking.meta.events.register("before-parse", lambda response_dict, **_: bodies.append(response_dict["body"]))
    with pytest.raises(ClientError) as caught:
        getattr(asking, operation)(**params)
    error, reply = caught.value.response["Error"], caught.value.response["ResponseMetadata"]
    assert (error["Code"], reply["HTTPStatusCode"]) == ("UnsupportedOperation", 400)
    assert error["Message"].startswith(f"The sandbox does not know {service}:")
    assert form in bodies[-1].decode()
    assert "<html" not in bodies[-1].decode().lower()


def test_a_request_that_moto_would_take_for_another_changes_nothing(url):
    """SB-API-02: DELETE /bucket?metrics is not the deletion of the bucket, PUT /bucket/key?renameObject writes no object."""
    s3 = client(url, "s3")
    s3.create_bucket(Bucket="kept", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    for call, params in (
        (s3.delete_bucket_metrics_configuration, {"Id": "m"}),
        (s3.rename_object, {"Key": "k", "RenameSource": "/kept/other"}),
    ):
        with pytest.raises(ClientError, match="UnsupportedOperation"):
            call(Bucket="kept", **params)
    s3.put_public_access_block(Bucket="kept", PublicAccessBlockConfiguration={"BlockPublicAcls": True})
    assert s3.list_objects_v2(Bucket="kept")["KeyCount"] == 0


def test_policies_are_enforced_over_the_socket(still):
    """SB-IAM-01: people are made, and enforcement switched on, by admin routes."""
    url = still()
    delete = {"Effect": "Allow", "Action": "ec2:DescribeVolumes", "Resource": "*"}
    role = admin(url, "roles", {"name": "reader", "policies": [{"Statement": [delete]}]})["arn"]
    session = admin(url, "sessions", {"role": role})
    ana = admin(url, "users", {"name": "ana", "account": "111122223333"})
    root = admin(url, "roots", {"account": "111122223333"})
    admin(url, "enforce", {})

    def as_(keys):
        return boto3.client("ec2", "eu-central-1", endpoint_url=url, **keys)

    assert as_(session).describe_volumes()["Volumes"]
    with pytest.raises(ClientError, match="UnauthorizedOperation"):
        as_(session).describe_instances()
    with pytest.raises(ClientError, match="UnauthorizedOperation"):
        as_(ana).describe_volumes()
    assert as_(root).describe_volumes()["Volumes"] == []
    assert client(url).describe_instances()["Reservations"]


def test_a_server_may_enforce_policies_from_the_start(still):
    """SB-IAM-01: `sandbox serve --iam`: who has no policy may do nothing."""
    url = still(iam=True)
    ana = admin(url, "users", {"name": "ana"})
    with pytest.raises(ClientError, match="UnauthorizedOperation"):
        boto3.client("ec2", "eu-central-1", endpoint_url=url, **ana).describe_volumes()
    assert client(url).describe_volumes()["Volumes"]
