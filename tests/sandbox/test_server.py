"""The sandbox as a server: the same rules over a socket, on time that runs faster than life."""

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError

from sealift.sandbox import Durations
from sealift.sandbox.server import Server

SPEED = 10_000.0


@pytest.fixture
def url() -> Iterator[str]:
    server, ready, found = Server(speed=SPEED, durations=Durations.instant()), threading.Event(), []

    def note(at: str) -> None:
        found.append(at)
        ready.set()

    thread = threading.Thread(target=server.serve_forever, args=(note,), daemon=True)
    thread.start()
    assert ready.wait(20)
    yield found[0]
    server.shutdown()
    thread.join(10)


def client(url: str, service: str = "ec2"):
    return boto3.client(
        service,
        "eu-central-1",
        endpoint_url=url,
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
        config=Config(retries={"total_max_attempts": 1}),
    )


def admin(url: str, path: str, body: dict | None = None, method: str | None = None):
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(url + "/_sandbox/" + path, data, method=method)  # noqa: S310
    with urllib.request.urlopen(request) as reply:  # noqa: S310
        return json.load(reply)


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
    """DLM has no responder in moto; unknown operations are refused in a form that clients can parse."""
    assert client(url, "dlm").get_lifecycle_policies()["Policies"] == []
    ec2 = client(url)
    with pytest.raises(ec2.exceptions.ClientError, match="UnsupportedOperation"):
        ec2.describe_mac_hosts()


def test_policies_are_enforced_over_the_socket(url):
    """SB-IAM-01: people are made, and enforcement switched on, by admin routes."""
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
