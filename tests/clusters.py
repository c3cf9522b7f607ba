"""Clusters on the sandbox, each carrying what the issue's list of clusters carries."""

from typing import Any

import boto3

from tests.databases import RATE, ROLE, Case
from tests.databases import picture as instances
from tests.world import REGION, World


def _rds() -> Any:
    return boto3.client("rds", region_name=REGION)


def _parameters(world: World, cluster: str, family: str, **values: str) -> None:
    """Give a cluster a parameter group of its own that is in effect."""
    rds = _rds()
    rds.create_db_cluster_parameter_group(
        DBClusterParameterGroupName=f"{cluster}-own", DBParameterGroupFamily=family, Description="own"
    )
    told = [
        {"ParameterName": k.replace("__", "."), "ParameterValue": v, "ApplyMethod": "pending-reboot"}
        for k, v in values.items()
    ]
    rds.modify_db_cluster_parameter_group(DBClusterParameterGroupName=f"{cluster}-own", Parameters=told)
    rds.modify_db_cluster(
        DBClusterIdentifier=cluster, DBClusterParameterGroupName=f"{cluster}-own", ApplyImmediately=True
    )
    world.clock.advance(300)
    (shown,) = rds.describe_db_clusters(DBClusterIdentifier=cluster)["DBClusters"]
    for member in shown["DBClusterMembers"]:
        rds.reboot_db_instance(DBInstanceIdentifier=member["DBInstanceIdentifier"])
    world.clock.advance(600)


def _shop(world: World, *, size_gib: int = 20) -> str:
    """Aurora PostgreSQL: a writer, two readers, a custom endpoint and clients of the Data API."""
    name = world.box.add_db_cluster(
        "shop",
        "aurora-postgresql",
        readers=2,
        size_gib=size_gib,
        write_mib_per_s=RATE,
        data_api_client=True,
        DeletionProtection=True,
    )
    _rds().create_db_cluster_endpoint(
        DBClusterIdentifier=name,
        DBClusterEndpointIdentifier="reports",
        EndpointType="READER",
        StaticMembers=["shop-3"],
        Tags=[{"Key": "team", "Value": "bi"}],
    )
    _rds().add_tags_to_resource(
        ResourceName=f"arn:aws:rds:{REGION}:123456789012:db:shop-2", Tags=[{"Key": "team", "Value": "bi"}]
    )
    world.clock.advance(600)
    world.box.add_db_reader(name, "cluster")
    world.box.add_db_reader("reports", "endpoint")
    return name


def _scaled_shop(world: World, *, size_gib: int = 20) -> str:
    """The same, whose readers are scaled."""
    name = _shop(world, size_gib=size_gib)
    world.box.add_reader_scaling(name, least=2, most=2)
    return name


def _logical_shop(world: World, *, size_gib: int = 20) -> str:
    """The same, prepared for Blue/Green by its owners."""
    name = _shop(world, size_gib=size_gib)
    _rds().add_role_to_db_cluster(DBClusterIdentifier=name, RoleArn=ROLE, FeatureName="s3Import")
    _parameters(world, name, "aurora-postgresql17", rds__logical_replication="1")
    return name


def _serverless(world: World, *, size_gib: int = 20) -> str:
    name = world.box.add_db_cluster(
        "cart",
        "aurora-mysql",
        readers=1,
        size_gib=size_gib,
        write_mib_per_s=RATE,
        instance_class="db.serverless",
        ServerlessV2ScalingConfiguration={"MinCapacity": 0.5, "MaxCapacity": 16},
    )
    world.box.add_db_reader(name, "cluster")
    return name


def _logging_serverless(world: World, *, size_gib: int = 20) -> str:
    name = _serverless(world, size_gib=size_gib)
    _parameters(world, name, "aurora-mysql8.0", binlog_format="ROW", event_scheduler="OFF")
    return name


def _proxied_serverless(world: World, *, size_gib: int = 20) -> str:
    """The same, with a proxy that tracks the cluster, and a client that comes through it."""
    name = _serverless(world, size_gib=size_gib)
    rds = _rds()
    rds.create_db_proxy(
        DBProxyName="pool",
        EngineFamily="MYSQL",
        RoleArn="arn:aws:iam::123456789012:role/proxy",
        VpcSubnetIds=[s["SubnetId"] for s in world.ec2.describe_subnets()["Subnets"]],
        Auth=[{"AuthScheme": "SECRETS", "SecretArn": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:pool"}],
    )
    world.clock.advance(600)
    rds.register_db_proxy_targets(DBProxyName="pool", DBClusterIdentifiers=[name])
    world.box.add_proxy_client("pool", name, "cluster", write_mib_per_s=RATE)
    return name


def _multi_az(world: World, *, size_gib: int = 100) -> str:
    name = world.box.add_db_cluster(
        "bank",
        "postgres",
        readers=2,
        write_mib_per_s=RATE,
        size_gib=size_gib,
        DBClusterInstanceClass="db.m6gd.large",
        StorageType="io1",
        Iops=3000,
        AllocatedStorage=size_gib,
    )
    world.box.add_db_reader(name, "cluster")
    return name


CASES: dict[str, Case] = {
    "aurora postgresql with scaled readers, snapshot": Case(_scaled_shop, "snapshot", login=True),
    "aurora postgresql, blue-green": Case(_logical_shop, "blue-green"),
    "aurora mysql serverless v2 behind a proxy, snapshot without a login": Case(_proxied_serverless, "snapshot"),
    "aurora mysql serverless v2, blue-green": Case(_logging_serverless, "blue-green"),
    "a multi-az db cluster": Case(_multi_az, "snapshot", login=True),
}


def described(world: World) -> dict[str, Any]:
    """Return every cluster by its name."""
    return {d["DBClusterIdentifier"]: d for d in _rds().describe_db_clusters()["DBClusters"]}


def scaling() -> list[Any]:
    """Return the scalable targets, without what tells when."""
    client: Any = boto3.client("application-autoscaling", region_name=REGION)
    return list(client.describe_scalable_targets(ServiceNamespace="rds")["ScalableTargets"])


def endpoints() -> dict[str, Any]:
    """Return the custom endpoints by name, each with its cluster and its members."""
    found = _rds().describe_db_cluster_endpoints()["DBClusterEndpoints"]
    same = ("DBClusterIdentifier", "CustomEndpointType", "StaticMembers", "ExcludedMembers", "Endpoint")
    return {
        e["DBClusterEndpointIdentifier"]: {k: e.get(k) for k in same} for e in found if e["EndpointType"] == "CUSTOM"
    }


def picture(world: World) -> dict[str, Any]:
    """Return everything of the clusters that a migration may touch, without moments."""
    rds = _rds()
    apart = {"LatestRestorableTime", "EarliestRestorableTime"}
    return {
        **instances(world),
        "clusters": {n: {k: v for k, v in d.items() if k not in apart} for n, d in described(world).items()},
        "cluster snapshots": {
            s["DBClusterSnapshotIdentifier"]: {t["Key"]: t["Value"] for t in s.get("TagList", ())}.get("sealift:role")
            for s in rds.describe_db_cluster_snapshots()["DBClusterSnapshots"]
            if s["SnapshotType"] == "manual"
        },
        "cluster parameters": sorted(
            g["DBClusterParameterGroupName"]
            for g in rds.describe_db_cluster_parameter_groups()["DBClusterParameterGroups"]
        ),
        "endpoints": endpoints(),
        "scaling": scaling(),
    }
