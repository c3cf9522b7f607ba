"""The inventory holds every DB instance that is in no cluster, how it is encrypted, and says what it could not read."""

from dataclasses import replace

import boto3
import pytest
from moto import mock_aws

from sealift.aws.gateway import Account, Gateway, reader
from sealift.clock import VirtualClock
from sealift.errors import AccessDenied
from sealift.kind import NOT_EVALUATED
from sealift.kinds.rds.inventory import find
from tests.kinds.conftest import denied
from tests.kinds.rds.facts_for_tests import ACCOUNT, DESCRIBED, REGION

CONTRACT = {
    "kind", "id", "arn", "account", "region", "encryption", "kms_key_id", "state", "engine", "engine_version", "instance_class",
    "multi_az", "replica_of", "cluster", "size_gib", "storage_type", "availability_zone", "tags", "rules",
}  # fmt: skip
LISTED = {**DESCRIBED, "DBInstanceStatus": "available", "DBSubnetGroup": {"VpcId": "vpc-1"}}


def listing(*described):
    return {"DBInstances": [{**LISTED, "DBInstanceIdentifier": f"db-{n}", **d} for n, d in enumerate(described, 1)]}


async def findings(read):
    found, unreadable = await find(read, ACCOUNT, REGION)
    assert unreadable == []
    return {f["id"]: f for f in found}


async def test_a_finding_has_the_fields_of_the_contract(box, read):
    """`sealift.inventory/1`: all fields, for an instance and for its replica."""
    box.add_db_instance("orders", "mysql", size_gib=100, MultiAZ=True, Tags=[{"Key": "team", "Value": "core"}])
    box.add_db_replica("orders-r1", "orders")

    found = await findings(read)

    orders, replica = found["orders"], found["orders-r1"]
    assert set(orders) == set(replica) == CONTRACT
    assert orders["arn"] == f"arn:aws:rds:{REGION}:{ACCOUNT}:db:orders"
    assert (orders["kind"], orders["encryption"], orders["kms_key_id"]) == ("rds-instance", "none", None)
    assert (orders["engine"], orders["multi_az"], orders["size_gib"]) == ("mysql", True, 100)
    assert (orders["tags"], orders["cluster"]) == ({"team": "core"}, None)
    assert (orders["replica_of"], replica["replica_of"]) == (None, "orders")


async def test_who_manages_the_key_decides_what_an_instance_is(box, read):
    """none, aws-managed or customer, by KMS and not by the look of the key's name."""
    box.add_db_instance("plain")
    box.add_db_instance("managed", kms_key="alias/aws/rds")
    box.add_db_instance("own", kms_key="alias/app")

    found = await findings(read)

    encryption = {name: f["encryption"] for name, f in found.items()}
    assert encryption == {"plain": "none", "managed": "aws-managed", "own": "customer"}


async def test_the_type_of_encryption_goes_before_whether_it_is_encrypted(behind):
    """R-RDS-02: under a key that AWS owns StorageEncrypted says false, and it is encrypted all the same."""
    reply = listing({"StorageEncryptionType": "sse-rds", "StorageEncrypted": False})

    found, _ = await find(behind(rds_DescribeDBInstances=reply), ACCOUNT, REGION)

    assert [(f["encryption"], f["kms_key_id"], f["rules"]) for f in found] == [("aws-owned", None, [])]


async def test_a_member_of_a_cluster_is_not_found_here(box, read):
    """It moves with its cluster, where it is listed."""
    box.add_db_cluster("shop", readers=2)
    box.add_db_instance("orders")

    assert set(await findings(read)) == {"orders"}


async def test_a_key_is_read_once_for_all_its_instances(box, behind):
    """A Region of a thousand instances under three keys asks KMS three times."""
    for n in range(3):
        box.add_db_instance(f"db-{n}", kms_key="alias/app")
    door = behind()

    await find(door, ACCOUNT, REGION)

    assert (door.times("kms:DescribeKey"), door.times("rds:DescribeDBInstances")) == (1, 1)


async def test_a_key_that_cannot_be_read_makes_its_instances_unreadable(box, behind):
    """They are named with the error, never called encrypted or plain."""
    box.add_db_instance("plain")
    box.add_db_instance("hidden", kms_key="alias/app")

    found, unreadable = await find(behind(kms_DescribeKey=denied("kms:DescribeKey")), ACCOUNT, REGION)

    assert [f["id"] for f in found] == ["plain"]
    assert [(u["kind"], u["region"]) for u in unreadable] == [("rds-instance", REGION)]
    assert "hidden" in unreadable[0]["error"]


async def test_encryption_without_a_key_that_is_shown_is_unreadable(behind):
    """A customer's key, one of AWS's, or none that anybody sees: nobody can say."""
    reply = listing({"StorageEncryptionType": "sse-kms", "StorageEncrypted": True})

    found, unreadable = await find(behind(rds_DescribeDBInstances=reply), ACCOUNT, REGION)

    assert found == []
    assert "db-1" in unreadable[0]["error"]


async def test_rules_are_judged_and_deep_ones_left_open(box, read):
    """What stands in the way is there without a read for each resource; the rest says *not evaluated*."""
    box.add_db_instance("orders", "sqlserver-ex", Tags=[{"Key": "managed-by", "Value": "terraform"}])

    (finding,) = (await findings(read)).values()

    rules = {r["id"]: r for r in finding["rules"]}
    assert (rules["R-RDS-04"]["verdict"], rules["R-IAC-01"]["verdict"]) == ("block", "ack")
    assert rules["R-RDS-18"]["verdict"] == NOT_EVALUATED
    assert "sealift plan" in rules["R-RDS-18"]["message"]


async def test_a_plain_instance_that_can_move_is_blocked_by_nothing(box, read):
    """What an inventory has not read, a family of parameters, blocks nothing."""
    box.add_db_instance("orders")
    box.add_db_replica("orders-r1", "orders")

    found = await findings(read)

    assert {r["verdict"] for r in found["orders"]["rules"]} == {NOT_EVALUATED}
    assert {r["id"] for r in found["orders-r1"]["rules"] if r["verdict"] == "block"} == {"R-RDS-08"}


async def test_replicas_are_judged_with_their_primary(box, behind):
    """R-RDS-09, R-RDS-13: those of the listing as they are shown there, one in another Region by its ARN."""
    there = f"arn:aws:rds:us-east-1:{ACCOUNT}:db:far"
    reply = listing(
        {"ReadReplicaDBInstanceIdentifiers": ["db-2", there]},
        {"ReadReplicaSourceDBInstanceIdentifier": "db-1", "PendingModifiedValues": {"MultiAZ": True}},
    )

    found, _ = await find(behind(rds_DescribeDBInstances=reply), ACCOUNT, REGION)

    rules = {r["id"]: r["message"] for r in found[0]["rules"] if r["verdict"] == "block"}
    assert "us-east-1" in rules["R-RDS-09"]
    assert "db-2 has pending" in rules["R-RDS-13"]


async def test_a_group_that_waits_for_a_reboot_is_seen(behind):
    """R-RDS-51: the instance shows it, no read of the group is needed."""
    waiting = [{"DBParameterGroupName": "own", "ParameterApplyStatus": "pending-reboot"}]
    reply = listing({"DBParameterGroups": waiting})

    found, _ = await find(behind(rds_DescribeDBInstances=reply), ACCOUNT, REGION)

    assert ("R-RDS-51", "block") in [(r["id"], r["verdict"]) for r in found[0]["rules"]]


async def test_an_encrypted_instance_has_no_rules(box, read):
    """Nothing moves."""
    box.add_db_instance("own", kms_key="alias/app")
    assert (await findings(read))["own"]["rules"] == []


async def test_a_fleet_is_read_page_by_page(box, gateway, read):
    """Requests do not grow with the fleet, but for pages (100 to a page)."""
    box.world.quotas = replace(box.world.quotas, db_instances=200)
    for n in range(101):
        box.add_db_instance(f"db-{n}")

    found = await findings(read)

    assert (len(found), sum(gateway.counts.values())) == (101, 2)


async def test_without_instances_there_is_no_inventory(behind):
    """The caller reports the whole kind as unreadable in this Region."""
    with pytest.raises(AccessDenied):
        await find(behind(rds_DescribeDBInstances=denied("rds:DescribeDBInstances")), ACCOUNT, REGION)


async def test_plain_moto_is_enough():
    """An emulator that knows no StorageEncryptionType is read at once: StorageEncrypted tells."""
    clock = VirtualClock()
    with mock_aws():
        rds, kms = boto3.client("rds", "us-east-1"), boto3.client("kms", "us-east-1")
        key = kms.create_key()["KeyMetadata"]["Arn"]
        shape = {"DBInstanceClass": "db.m5.large", "Engine": "postgres", "AllocatedStorage": 20}
        admin = {"MasterUsername": "admin_", "MasterUserPassword": "passw0rd1"}
        rds.create_db_instance(DBInstanceIdentifier="plain", **shape, **admin)
        rds.create_db_instance(DBInstanceIdentifier="own", StorageEncrypted=True, KmsKeyId=key, **shape, **admin)
        found, unreadable = await find(reader(Gateway(Account(clock), ACCOUNT, "us-east-1")), ACCOUNT, "us-east-1")

    assert {f["id"]: f["encryption"] for f in found} == {"plain": "none", "own": "customer"}
    assert unreadable == []
    assert clock.now() == VirtualClock().now()
