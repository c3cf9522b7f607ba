"""The inventory holds every DB cluster with its members, how it is encrypted, and says what it could not read."""

import boto3
import pytest
from moto import mock_aws

from sealift.aws.gateway import Account, Gateway, reader
from sealift.clock import VirtualClock
from sealift.errors import AccessDenied
from sealift.kind import NOT_EVALUATED
from sealift.kinds import door
from sealift.kinds.aurora.inventory import find
from sealift.kinds.rds.inventory import find as find_instances
from tests.kinds.aurora.facts_for_tests import DESCRIBED
from tests.kinds.conftest import denied
from tests.kinds.rds.facts_for_tests import ACCOUNT, REGION

CONTRACT = {
    "kind", "id", "arn", "account", "region", "encryption", "kms_key_id", "state", "engine", "engine_version", "members",
    "multi_az", "replica_of", "size_gib", "storage_type", "tags", "rules",
}  # fmt: skip


async def findings(read):
    found, unreadable = await find(read, ACCOUNT, REGION)
    assert unreadable == []
    return {f["id"]: f for f in found}


def blocks(finding):
    return {r["id"] for r in finding["rules"] if r["verdict"] == "block"}


async def test_a_finding_has_the_fields_of_the_contract(box, read):
    """`sealift.inventory/1`: all fields, for Aurora and for a Multi-AZ DB cluster; members are listed, the writer first."""
    box.add_db_cluster("shop", "aurora-postgresql", readers=2, Tags=[{"Key": "team", "Value": "core"}])
    box.add_db_cluster("bank", "postgres", readers=2, DBClusterInstanceClass="db.m6gd.large", AllocatedStorage=100)
    boto3.client("rds", REGION).failover_db_cluster(DBClusterIdentifier="shop", TargetDBInstanceIdentifier="shop-2")
    box.clock.advance(600)

    found = await findings(read)

    shop, bank = found["shop"], found["bank"]
    assert set(shop) == set(bank) == CONTRACT
    assert shop["arn"] == f"arn:aws:rds:{REGION}:{ACCOUNT}:cluster:shop"
    assert (shop["kind"], shop["encryption"], shop["kms_key_id"]) == ("aurora-cluster", "none", None)
    assert (shop["members"], shop["tags"]) == (["shop-2", "shop-1", "shop-3"], {"team": "core"})
    assert (shop["size_gib"], bank["size_gib"], bank["engine"]) == (None, 100, "postgres")
    assert len(bank["members"]) == 3


async def test_an_aws_owned_key_is_not_none(box, read):
    """R-RDS-02: what a cluster says of StorageEncrypted is not what counts; under aws/rds and under a key of yours KMS tells."""
    box.add_db_cluster("plain")
    box.add_db_cluster("owned", storage="sse-rds")
    box.add_db_cluster("managed", kms_key="alias/aws/rds")
    box.add_db_cluster("own", kms_key="alias/app")

    found = await findings(read)

    assert {name: f["encryption"] for name, f in found.items()} == {
        "plain": "none", "owned": "aws-owned", "managed": "aws-managed", "own": "customer",
    }  # fmt: skip
    assert [found[name]["rules"] for name in ("owned", "managed", "own")] == [[], [], []]


async def test_clusters_of_other_engines_are_named_and_not_judged(behind):
    """RDS lists DocumentDB and Neptune too: whether those are under an AWS-owned key is not told, and nothing of it is guessed."""
    listed = [
        {**DESCRIBED, "DBClusterIdentifier": n, "Engine": e} for n, e in (("docs", "docdb"), ("graph", "neptune"))
    ]

    found, unreadable = await find(behind(rds_DescribeDBClusters={"DBClusters": listed}), ACCOUNT, REGION)

    assert found == []
    assert [(u["kind"], u["error"].split(":")[0]) for u in unreadable] == [
        ("aurora-cluster", "docs"),
        ("aurora-cluster", "graph"),
    ]
    assert all("does not tell an AWS-owned key" in u["error"] for u in unreadable)


async def test_rules_are_judged_and_deep_ones_left_open(box, read):
    """What stands in the way is there without a read for each resource; the rest says *not evaluated*."""
    box.add_db_cluster("shop", Tags=[{"Key": "sealift:skip", "Value": "yes"}])
    box.add_db_cluster("cart")

    found = await findings(read)

    assert blocks(found["shop"]) == {"R-SEALIFT-13"}
    assert blocks(found["cart"]) == set()
    left = {r["id"] for r in found["cart"]["rules"] if r["verdict"] == NOT_EVALUATED}
    assert {"R-RDS-60", "R-RDS-61", "R-FENCE-03", "R-RDS-18"} <= left


async def test_members_are_judged_as_they_are_listed(box, read):
    """R-RDS-10: a member that is not at rest is seen without a read of its own; R-RDS-59: so is that there is no writer."""
    box.add_db_cluster("shop")
    box.add_db_cluster("empty", readers=0)
    rds = boto3.client("rds", REGION)
    rds.reboot_db_instance(DBInstanceIdentifier="shop-2")
    rds.delete_db_instance(DBInstanceIdentifier="empty-1", SkipFinalSnapshot=True)
    box.clock.advance(1)

    found = await findings(read)

    assert "R-RDS-10" in blocks(found["shop"])


async def test_instances_are_listed_once_for_instances_and_clusters(box, behind):
    """Through one door of a Region the listing is shared, a refusal too."""
    box.add_db_cluster("shop")
    box.add_db_instance("orders")
    for answers in ({}, {"rds_DescribeDBInstances": denied("rds:DescribeDBInstances")}):
        behind_it = behind(**answers)
        shared = door(behind_it)
        for one in (find_instances, find):
            try:
                await one(shared, ACCOUNT, REGION)
            except AccessDenied:
                assert answers
        assert behind_it.times("rds:DescribeDBInstances") == 1


async def test_without_instances_the_clusters_are_still_found(box, behind):
    """Their members are named as the cluster lists them; that rules were not judged is said."""
    box.add_db_cluster("shop")

    found, unreadable = await find(behind(rds_DescribeDBInstances=denied("rds:DescribeDBInstances")), ACCOUNT, REGION)

    assert [(f["id"], f["members"], f["rules"]) for f in found] == [("shop", ["shop-1", "shop-2"], [])]
    assert "rules were not judged" in unreadable[0]["error"]


async def test_without_clusters_there_is_no_inventory(behind):
    """The caller reports the whole kind as unreadable in this Region."""
    with pytest.raises(AccessDenied):
        await find(behind(rds_DescribeDBClusters=denied("rds:DescribeDBClusters")), ACCOUNT, REGION)


async def test_plain_moto_is_enough():
    """An emulator that knows no StorageEncryptionType is read at once: StorageEncrypted tells, and of Neptune nothing is said."""
    clock = VirtualClock()
    with mock_aws():
        rds, kms = boto3.client("rds", "us-east-1"), boto3.client("kms", "us-east-1")
        key = kms.create_key()["KeyMetadata"]["Arn"]
        shape = {"Engine": "aurora-postgresql", "MasterUsername": "admin_", "MasterUserPassword": "passw0rd1"}
        rds.create_db_cluster(DBClusterIdentifier="plain", **shape)
        rds.create_db_cluster(DBClusterIdentifier="own", StorageEncrypted=True, KmsKeyId=key, **shape)
        rds.create_db_instance(
            DBInstanceIdentifier="plain-1",
            DBInstanceClass="db.r6g.large",
            Engine="aurora-postgresql",
            DBClusterIdentifier="plain",
        )
        found, unreadable = await find(reader(Gateway(Account(clock), ACCOUNT, "us-east-1")), ACCOUNT, "us-east-1")

    assert {f["id"]: (f["encryption"], f["members"]) for f in found} == {
        "plain": ("none", ["plain-1"]),
        "own": ("customer", []),
    }
    assert (unreadable, clock.now()) == ([], VirtualClock().now())
