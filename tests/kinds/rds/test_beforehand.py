"""What is observed on the sandbox for rules that speak before anything is touched; and storage under a key of AWS's."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest

from sealift.clock import VirtualClock
from sealift.kinds.aurora.finalize import finalize as finalize_cluster
from sealift.kinds.rds.finalize import finalize
from sealift.plan import NOTHING, MigrationPlan
from sealift.sandbox import Durations, Sandbox
from sealift.step import Context
from tests.clusters import described as clusters
from tests.databases import ACKS, RATE, described, logins
from tests.kinds.aurora.facts_for_tests import SHOP
from tests.kinds.rds.facts_for_tests import OPTIONS, ORDERS
from tests.kinds.rds.test_routes import nothing_lost
from tests.world import REGION, World

ACCOUNT = "123456789012"


@pytest.fixture
def world(tmp_path: Path) -> Any:
    with Sandbox(clock=VirtualClock(), durations=Durations()) as box:
        yield World(box, tmp_path, connect=logins(box))


def said(plan: MigrationPlan) -> dict[str, str]:
    return {v.id: v.message for v in plan.rules}


def test_what_cannot_be_made_anew_is_refused_before_the_fence(world: World) -> None:
    """R-RDS-24: a class that was withdrawn refuses the instance, and a replica of it too."""
    world.box.add_db_instance("orders", "postgres")
    world.box.add_db_replica("orders-r1", "orders", DBInstanceClass="db.r6g.large")
    assert "R-RDS-24" not in said(asyncio.run(world.plan("rds:orders")))
    world.box.add_rds_document("withdrawn-class", "db.r6g.large", {})
    plan = asyncio.run(world.plan("rds:orders"))
    assert [v.id for v in plan.blocked] == ["R-RDS-24"]
    assert said(plan)["R-RDS-24"].startswith("RDS does not offer orders-r1: db.r6g.large of postgres 17.4 any more")


def test_every_shape_of_a_cluster_is_looked_up(world: World) -> None:
    """R-RDS-24: members of Aurora by their class, a Multi-AZ DB cluster by its own; what is offered is no reason."""
    world.box.add_db_cluster("shop")
    world.box.add_db_cluster(
        "bank", "postgres", readers=2, DBClusterInstanceClass="db.m6gd.large", AllocatedStorage=100
    )
    for name in ("shop", "bank"):
        assert "R-RDS-24" not in said(asyncio.run(world.plan(f"aurora:{name}")))
    for shape in ("db.r6g.large", "db.m6gd.large"):
        world.box.add_rds_document("withdrawn-class", shape, {})
    for name, shape in (("shop", "db.r6g.large"), ("bank", "db.m6gd.large")):
        assert shape in said(asyncio.run(world.plan(f"aurora:{name}")))["R-RDS-24"]


def test_a_vpc_that_enforces_encryption_is_seen(world: World) -> None:
    """R-RDS-16: an old class in such a VPC has to be acknowledged."""
    world.box.add_db_instance("orders", "postgres", DBInstanceClass="db.m5.large")
    vpc = world.ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    world.box.add_rds_document("vpc-encryption-control", vpc, {"Mode": "monitor"})
    assert "R-RDS-16" not in said(asyncio.run(world.plan("rds:orders")))
    world.box.add_rds_document("vpc-encryption-control", vpc, {"Mode": "enforce"})
    assert "db.m5.large" in said(asyncio.run(world.plan("rds:orders")))["R-RDS-16"]


def test_a_proxy_that_has_the_managed_secret_is_seen(world: World) -> None:
    """R-RDS-75: by the secret that its Auth names; a proxy with another one is no reason."""
    rds: Any = boto3.client("rds", region_name=REGION)
    name = world.box.add_db_instance("orders", "postgres", ManageMasterUserPassword=True)
    secret = described(world)[name]["MasterUserSecret"]["SecretArn"]
    subnets = [s["SubnetId"] for s in world.ec2.describe_subnets()["Subnets"]]
    for proxy, arn in (("theirs", secret), ("other", f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:other")):
        rds.create_db_proxy(
            DBProxyName=proxy,
            EngineFamily="POSTGRESQL",
            RoleArn=f"arn:aws:iam::{ACCOUNT}:role/proxy",
            VpcSubnetIds=subnets,
            Auth=[{"AuthScheme": "SECRETS", "SecretArn": arn}],
        )
        world.clock.advance(600)
        rds.register_db_proxy_targets(DBProxyName=proxy, DBInstanceIdentifiers=[name])
    refused = asyncio.run(world.plan("rds:orders")).refused_routes
    why = {r.rule: r.message for r in refused if r.route == "snapshot"}
    assert list(why) == ["R-RDS-75"]
    assert "theirs" in why["R-RDS-75"]
    assert "other" not in why["R-RDS-75"].split(".")[0]


def test_an_instance_under_aws_rds_moves_where_that_is_asked_for(world: World) -> None:
    """R-RDS-03: without --rekey nothing is done and the plan says how; with it, it ends under the key, with nothing lost."""
    name = world.box.add_db_instance("orders", "postgres", write_mib_per_s=RATE, kms_key="alias/aws/rds")
    world.clock.advance(3600)

    async def go() -> None:
        plan = await world.plan(f"rds:{name}")
        assert (plan.status, plan.steps) == (NOTHING, ())
        assert "--rekey" in said(plan)["R-RDS-03"]
        done = await world.migrate(f"rds:{name}", route="snapshot", acks=ACKS, rekey=True)
        assert done.exit_code == 0, done.message
        world.clock.advance(3600)
        assert described(world)[name]["KmsKeyId"] == world.key
        nothing_lost(world)
        assert (await world.plan(f"rds:{name}", rekey=True)).status == NOTHING

    asyncio.run(go())


def test_a_cluster_under_an_aws_owned_key_moves_where_that_is_asked_for(world: World) -> None:
    """R-RDS-02: as new Aurora clusters are made; StorageEncrypted says false of them."""
    name = world.box.add_db_cluster("shop", "aurora-postgresql", write_mib_per_s=RATE, storage="sse-rds")
    world.clock.advance(3600)

    async def go() -> None:
        plan = await world.plan(f"aurora:{name}")
        assert (plan.status, plan.steps) == (NOTHING, ())
        assert "--rekey" in said(plan)["R-RDS-02"]
        done = await world.migrate(f"aurora:{name}", route="snapshot", acks=ACKS, rekey=True)
        assert done.exit_code == 0, done.message
        world.clock.advance(3600)
        now = clusters(world)[name]
        assert (now["StorageEncryptionType"], now["KmsKeyId"]) == ("sse-kms", world.key)
        nothing_lost(world)

    asyncio.run(go())


@pytest.mark.parametrize("drop", [False, True])
def test_automated_backups_go_with_the_source_only_where_that_is_asked_for(drop: bool) -> None:
    """R-RDS-30: DeleteAutomatedBackups is true unless told: finalize tells it, no, or yes with --drop-backups."""
    options, ctx = replace(OPTIONS, drop_backups=drop), Context("mig-1", 1, 1)
    made = {"quiet": {"name": "quiet"}, "quarantine": {"GroupId": "sg-9"}, "copy": {"name": "c"}}
    instance = finalize(ORDERS, options, {**made, "restore": {"DbiResourceId": "db-N"}})
    cluster = finalize_cluster(SHOP, options, {**made, "restore": {"DbClusterResourceId": "cluster-N"}})
    calls = [s.do(ctx) for s in (*instance, *cluster) if s.key == "finalize:source"]
    assert [c.operation for c in calls] == ["rds:DeleteDBInstance", "rds:DeleteDBCluster"]
    assert [c.params["DeleteAutomatedBackups"] for c in calls] == [drop, drop]
