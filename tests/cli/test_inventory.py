"""`sealift inventory` against any server: plain moto, one that pages with five rows, one that lacks operations."""

import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from sealift.sandbox import VolumeSpec
from sealift.sandbox.faults import Fault
from tests.cli.conftest import KEY, REGION, Invoke, Served, refusal, rows
from tests.cli.middlemen import DENIED, NOT_BUILT, PAGE_FOR_PEOPLE, UNSUPPORTED, between

FIELDS = {
    "kind", "id", "arn", "account", "region", "encryption", "kms_key_id", "state", "size_gib", "volume_type", "iops", "throughput",
    "availability_zone", "attachments", "tags", "rules",
}  # fmt: skip
DATA = VolumeSpec(device="/dev/sdf", size_gib=20, delete_on_termination=False)


@pytest.fixture
def moto() -> Iterator[str]:
    """Plain moto, served."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    urllib.request.urlopen(urllib.request.Request(f"http://{host}:{port}/moto-api/reset", b"")).close()
    server.stop()


def taken(invoke: Invoke, url: str, *more: str) -> tuple[int, dict[str, Any]]:
    """Return exit code and inventory."""
    result = invoke("inventory", "--output", "json", "--endpoint-url", url, "--region", REGION, *more)
    return result.exit_code, json.loads(result.stdout)


def test_plain_moto_is_read(bare: Invoke, moto: str) -> None:
    """Against `moto_server`: every volume is found, how it is encrypted and by whose key, in the published form."""
    ec2 = boto3.client("ec2", region_name=REGION, endpoint_url=moto)
    kms = boto3.client("kms", region_name=REGION, endpoint_url=moto)
    key = kms.create_key()["KeyMetadata"]["Arn"]
    plain = ec2.create_volume(AvailabilityZone=REGION + "a", Size=8)["VolumeId"]
    mine = ec2.create_volume(AvailabilityZone=REGION + "a", Size=8, Encrypted=True, KmsKeyId=key)["VolumeId"]
    image = ec2.register_image(Name="linux", RootDeviceName="/dev/xvda", Architecture="x86_64")["ImageId"]
    instance = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
    ec2.attach_volume(VolumeId=plain, InstanceId=instance, Device="/dev/sdf")

    code, found = taken(bare, moto)
    by_id = {f["id"]: f for f in found["findings"]}
    assert (code, found["format"], found["unreadable"]) == (0, "sealift.inventory/1", [])
    assert by_id.keys() >= {plain}
    assert mine not in by_id
    assert FIELDS == by_id[plain].keys()
    assert [("none", instance, "/dev/sdf")] == [
        (by_id[plain]["encryption"], a["instance"], a["device"]) for a in by_id[plain]["attachments"]
    ]
    _, everything = taken(bare, moto, "--all")
    assert {f["id"]: f["encryption"] for f in everything["findings"]}[mine] == "customer"


def test_databases_of_plain_moto_are_read(bare: Invoke, moto: str) -> None:
    """Against `moto_server`: an instance, a cluster with its member, and no row for the member itself."""
    rds: Any = boto3.client("rds", region_name=REGION, endpoint_url=moto)
    admin = {"MasterUsername": "admin_", "MasterUserPassword": "passw0rd1"}
    shape = {"DBInstanceClass": "db.r6g.large"}
    rds.create_db_instance(DBInstanceIdentifier="orders", Engine="postgres", AllocatedStorage=20, **shape, **admin)
    rds.create_db_cluster(DBClusterIdentifier="shop", Engine="aurora-mysql", **admin)
    rds.create_db_instance(DBInstanceIdentifier="shop-1", Engine="aurora-mysql", DBClusterIdentifier="shop", **shape)

    code, found = taken(bare, moto)
    assert (code, found["unreadable"]) == (0, [])
    by_id = {f["id"]: f for f in found["findings"]}
    assert {i: (f["kind"], f["encryption"]) for i, f in by_id.items()} == {
        "orders": ("rds-instance", "none"),
        "shop": ("aurora-cluster", "none"),
    }
    assert by_id["shop"]["members"] == ["shop-1"]


def test_text_names_databases_as_targets(sealift: Invoke, served: Served) -> None:
    """What stands in the first column can be pasted: rds:NAME, aurora:NAME; volumes keep a table of their own."""
    served.instance()
    served.box.add_db_instance("orders", "mysql")
    served.box.add_db_replica("orders-r1", "orders")
    served.box.add_db_cluster("shop", readers=1)
    shown = sealift("inventory").stdout
    first = {line.split()[0] for line in shown.splitlines() if line}
    assert {"VOLUME", "DATABASE", "rds:orders", "rds:orders-r1", "aurora:shop"} <= first
    lines = {line.split()[0]: line for line in shown.splitlines() if line}
    assert "replica of orders" in lines["rds:orders-r1"]
    assert "shop-1, shop-2" in lines["aurora:shop"]
    assert shown.splitlines()[-1] == "4 finding(s). Next: sealift plan TARGET --key alias/…"


@pytest.mark.parametrize(
    ("operation", "kind"), [("DescribeDBInstances", "rds-instance"), ("DescribeDBClusters", "aurora-cluster")]
)
def test_databases_that_are_unreadable_do_not_hide_the_rest(
    bare: Invoke, served: Served, operation: str, kind: str
) -> None:
    """One try, a row under `unreadable`, what could be read is found, and exit 1 says that a whole kind is missing."""
    served.instance()
    served.box.add_db_instance("orders")
    served.box.add_db_cluster("shop")
    with between(served.url, **{operation: PAGE_FOR_PEOPLE}) as lacking:
        code, found = taken(bare, lacking.url)
    assert (code, lacking.asked[operation]) == (1, 1)
    assert kind in {u["kind"] for u in found["unreadable"]}
    assert all(operation in u["error"] for u in found["unreadable"])
    assert {f["kind"] for f in found["findings"]} == {"ebs-volume", "rds-instance", "aurora-cluster"} - {kind}


def test_pages_of_databases_are_all_read(bare: Invoke, served: Served) -> None:
    """RDS pages by a marker: with 20 rows a page every instance is found."""
    for n in range(25):
        served.box.add_db_instance(f"db-{n}")
    with between(served.url) as twenty:
        code, found = taken(bare, twenty.url)
    assert (code, len(found["findings"]), twenty.asked["DescribeDBInstances"]) == (0, 25, 2)


def test_a_key_of_many_kinds_is_read_once(bare: Invoke, served: Served) -> None:
    """A Region's volumes, instances and clusters under one key ask KMS once."""
    served.box.add_volume(kms_key=KEY)
    served.box.add_db_instance("orders", kms_key=KEY)
    served.box.add_db_cluster("shop", kms_key=KEY)
    with between(served.url) as counted:
        code, found = taken(bare, counted.url, "--all")
    assert {f["encryption"] for f in found["findings"]} == {"customer"}
    assert (code, len(found["findings"]), counted.asked["DescribeKey"]) == (0, 3, 1)


def test_rules_that_need_a_call_for_each_resource_say_not_evaluated(sealift: Invoke, served: Served) -> None:
    """An inventory does not read each resource: such rules are there as *not evaluated*, and `plan` judges them."""
    served.instance()
    (finding,) = json.loads(sealift("inventory", "--output", "json").stdout)["findings"]
    unread = [r for r in finding["rules"] if r["verdict"] == "not evaluated"]
    assert {"id", "verdict", "message"} == unread[0].keys()
    assert "sealift plan" in unread[0]["message"]
    sent = {e.operation for e in served.box.log}
    assert not sent & {"ec2:DescribeVolumeAttribute", "ec2:DescribeInstanceAttribute"}


def test_pages_of_five_rows_are_all_read(bare: Invoke, served: Served) -> None:
    """A server may page as it likes: with 5 rows a page every volume is found, and every instance that holds one."""
    for _ in range(12):
        served.instance(volumes=[VolumeSpec(), DATA])
    with between(served.url) as five:
        code, found = taken(bare, five.url)
    assert code == 0
    assert len({f["id"] for f in found["findings"]}) == 24
    assert sorted(a["root"] for f in found["findings"] for a in f["attachments"]) == [False] * 12 + [True] * 12
    assert (five.asked["DescribeVolumes"], five.asked["DescribeInstances"]) == (5, 3)


@pytest.mark.parametrize("answer", [PAGE_FOR_PEOPLE, NOT_BUILT, UNSUPPORTED], ids=["html 500", "501", "unsupported"])
@pytest.mark.parametrize("operation", ["DescribeInstances", "DescribeAutoScalingInstances"])
def test_an_operation_that_is_not_supported_is_tried_once_and_shown(
    bare: Invoke, served: Served, operation: str, answer: tuple[int, str, bytes]
) -> None:
    """However a server says that it lacks an operation: one try, a row under `unreadable`, the rest is found, exit 0."""
    served.instance()
    with between(served.url, **{operation: answer}) as lacking:
        code, found = taken(bare, lacking.url)
    assert lacking.asked[operation] == 1
    assert code == 0
    assert len(found["findings"]) == 1
    (gap,) = found["unreadable"]
    assert {"kind", "region", "error"} == gap.keys()
    assert operation in gap["error"]
    assert "\n" not in gap["error"]


@pytest.mark.parametrize(
    "answer", [PAGE_FOR_PEOPLE, NOT_BUILT, UNSUPPORTED, DENIED], ids=["html", "501", "no", "denied"]
)
def test_a_whole_kind_that_is_unreadable_is_exit_1(
    bare: Invoke, served: Served, answer: tuple[int, str, bytes]
) -> None:
    """Without DescribeVolumes nothing is known: one try, under `unreadable`, exit 1."""
    served.instance()
    with between(served.url, DescribeVolumes=answer) as lacking:
        code, found = taken(bare, lacking.url)
    assert (code, found["findings"], lacking.asked["DescribeVolumes"]) == (1, [], 1)
    (gap,) = found["unreadable"]
    assert (gap["kind"], gap["region"], "DescribeVolumes" in gap["error"]) == ("ebs-volume", REGION, True)


def test_a_region_that_is_not_opted_in_does_not_hide_the_others(sealift: Invoke, served: Served) -> None:
    """One Region of two is unreadable: the findings of the other are there, and exit 1 says that some are missing."""
    for region in (REGION, "us-east-1"):
        served.box.add_instance(region)
    served.box.faults.add(Fault(operation="ec2:DescribeVolumes", code="AuthFailure", status=401, times=1))
    result = sealift("inventory", "--regions", REGION, "--regions", "us-east-1", "--output", "json")
    found = json.loads(result.stdout)
    assert result.exit_code == 1
    (gap,), (finding,) = found["unreadable"], found["findings"]
    assert {gap["region"], finding["region"]} == {REGION, "us-east-1"}
    assert "opt in" in gap["error"]
    assert "unreadable" in result.stderr


def test_the_first_region_may_be_one_that_is_not_opted_in(sealift: Invoke, served: Served) -> None:
    """Whose credentials these are is asked where they are known."""
    served.instance()
    served.box.faults.add(Fault(operation="sts:GetCallerIdentity", code="InvalidClientTokenId", status=403, times=1))
    result = sealift("inventory", "--regions", "eu-south-1", "--regions", REGION, "--output", "jsonl")
    assert [r["region"] for r in rows(result)] == [REGION]


def test_gaps_are_rows_of_jsonl_too(bare: Invoke, served: Served) -> None:
    """What could not be read is never skipped, whatever the form."""
    served.instance()
    with between(served.url, DescribeInstances=UNSUPPORTED) as lacking:
        result = bare("inventory", "--output", "jsonl", "--endpoint-url", lacking.url, "--region", REGION)
    finding, gap = rows(result)
    assert (finding["kind"], set(gap)) == ("ebs-volume", {"unreadable"})


def test_every_region_of_the_account_can_be_read(sealift: Invoke, served: Served) -> None:
    """`--regions all` reads what the account has opted in to."""
    for region in (REGION, "us-east-1", "ap-southeast-2"):
        served.box.add_instance(region)
    result = sealift("inventory", "--regions", "all", "--output", "jsonl")
    assert {r["region"] for r in rows(result)} == {REGION, "us-east-1", "ap-southeast-2"}


def test_nothing_to_find_is_said(sealift: Invoke) -> None:
    """An account without volumes: exit 0 and a sentence."""
    result = sealift("inventory")
    assert (result.exit_code, result.stdout) == (0, "nothing is outside a customer-managed key\n")


def test_a_refusal_is_one_line(bare: Invoke) -> None:
    """No Region at all: one line."""
    assert refusal(bare("inventory", AWS_REGION=None))


def test_a_plan_on_plain_moto_names_what_moto_lacks(bare: Invoke, moto: str) -> None:
    """An emulator without CopyVolumes is found by the planner, at once, and `clone` is refused for that reason."""
    ec2 = boto3.client("ec2", region_name=REGION, endpoint_url=moto)
    kms = boto3.client("kms", region_name=REGION, endpoint_url=moto)
    key = kms.create_key()["KeyMetadata"]["Arn"]
    volume = ec2.create_volume(AvailabilityZone=REGION + "a", Size=8)["VolumeId"]
    result = bare("plan", volume, "--key", key, "--output", "json", "--endpoint-url", moto, "--region", REGION)
    assert result.exit_code == 0, result.stderr
    (plan,) = json.loads(result.stdout[result.stdout.index("{\n") :])["migrations"]  # moto, in this process, prints too
    refused = {r["route"]: r["message"] for r in plan["refused_routes"]}
    assert plan["route"] in ("snapshot", "copy")
    assert "CopyVolumes" in refused["clone"]
