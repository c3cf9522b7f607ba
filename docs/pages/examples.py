"""One recorded example for each kind: facts as sealift would read them, from which pages show recipes.

A kind that has no example here fails `make docs`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from sealift.keys import KeyFacts
from sealift.kind import Kind, Route
from sealift.kinds import KINDS
from sealift.kinds.aurora.facts import ClusterFacts, EndpointFacts, MemberFacts
from sealift.kinds.databases.facts import GroupFacts, ProxyFacts, Quota
from sealift.kinds.ebs.facts import AsgFacts, InstanceFacts, Room, VolumeAlone, VolumeFacts
from sealift.kinds.rds.facts import InstanceFacts as DatabaseFacts
from sealift.kinds.rds.facts import ReplicaFacts
from sealift.options import Options
from sealift.step import Output, Step

ACCOUNT, REGION, ZONE = "111122223333", "eu-central-1", "eu-central-1a"
INSTANCE, ROOT, DATA = "i-0aaaaaaaaaaaaaaaa", "vol-0aaaaaaaaaaaaaaaa", "vol-0bbbbbbbbbbbbbbbb"

KEY = KeyFacts(
    wanted="alias/app",
    arn=f"arn:aws:kms:{REGION}:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555",
    state="Enabled",
    spec="SYMMETRIC_DEFAULT",
    usage="ENCRYPT_DECRYPT",
    manager="CUSTOMER",
    region=REGION,
    bars_by_place=(),
    pinned=(),
)
READ: dict[str, Any] = {
    "auto_enable_io": False,
    "product_codes": (),
    "status": "ok",
    "io_enabled": "passed",
    "initialising": False,
    "modification": "none",
    "pending_snapshots": 0,
}
AROUND: dict[str, Any] = {
    "clone_supported": True,
    "encryption_by_default": True,
    "default_key": KEY.arn,
    "alarms": (),
    "selectors": (),
    "selected_by_arn": (),
    "default_policies": (),
    "room": (Room("gp3", "GiB", quota=51_200, used=2_000),),
}
ROOT_VOLUME = VolumeFacts(
    id=ROOT, state="in-use", zone=ZONE, type="gp3", size=20, encrypted=False, iops=3000, throughput=125,
    tags=(("Name", "web-1"),), device="/dev/xvda", delete_on_termination=True, attachers=(INSTANCE,), **READ,
)  # fmt: skip
DATA_VOLUME = VolumeFacts(
    id=DATA, state="in-use", zone=ZONE, type="gp3", size=100, encrypted=False, iops=3000, throughput=125,
    tags=(("Name", "web-1 data"),), device="/dev/sdf", attachers=(INSTANCE,), **READ,
)  # fmt: skip
WEB = InstanceFacts(
    id=INSTANCE, account=ACCOUNT, region=REGION, zone=ZONE, state="running", root_device="/dev/xvda", key=KEY,
    volumes=(ROOT_VOLUME, DATA_VOLUME), instance_type="m7i.large", instance_store=False, stop_protected=False,
    shutdown_behaviour="stop", launch_time="2027-01-10T08:00:00+00:00", **AROUND,
)  # fmt: skip
LOOSE = VolumeAlone(
    volume=replace(DATA_VOLUME, device=None, attachers=(), state="available"),
    account=ACCOUNT, region=REGION, key=KEY, **AROUND,
)  # fmt: skip

DATABASE: dict[str, Any] = {
    "DBInstanceIdentifier": "orders", "DbiResourceId": "db-AAAAAAAAAAAAAAAAAAAAAAAAAA", "DBInstanceClass": "db.m7g.large",
    "DBInstanceArn": f"arn:aws:rds:{REGION}:{ACCOUNT}:db:orders", "DBInstanceStatus": "available",
    "Engine": "mysql", "EngineVersion": "8.4.4", "MasterUsername": "admin", "AllocatedStorage": 200, "StorageType": "gp3",
    "Iops": 3000, "StorageThroughput": 125, "MultiAZ": True, "AvailabilityZone": ZONE, "BackupRetentionPeriod": 7,
    "PreferredBackupWindow": "02:00-02:30", "PreferredMaintenanceWindow": "sun:03:00-sun:03:30", "StorageEncrypted": False,
    "StorageEncryptionType": "none", "LicenseModel": "general-public-license", "NetworkType": "IPV4",
    "CACertificateIdentifier": "rds-ca-rsa2048-g1", "EngineLifecycleSupport": "open-source-rds-extended-support-disabled",
    "Endpoint": {"Address": "orders.x.eu-central-1.rds.amazonaws.com", "Port": 3306},
    "DBSubnetGroup": {"DBSubnetGroupName": "private", "VpcId": "vpc-0aaaaaaaaaaaaaaaa"},
    "VpcSecurityGroups": [{"VpcSecurityGroupId": "sg-0aaaaaaaaaaaaaaaa", "Status": "active"}],
    "DBParameterGroups": [{"DBParameterGroupName": "orders", "ParameterApplyStatus": "in-sync"}],
    "OptionGroupMemberships": [{"OptionGroupName": "default:mysql-8-4", "Status": "in-sync"}],
    "TagList": [{"Key": "Name", "Value": "orders"}],
}  # fmt: skip
PARAMETERS = GroupFacts("orders", "mysql8.4", "in-sync", (("max_connections", "500"),))
ORDERS = DatabaseFacts(
    id="orders", resource_id=DATABASE["DbiResourceId"], arn=DATABASE["DBInstanceArn"], account=ACCOUNT, region=REGION,
    state="available", engine="mysql", engine_version="8.4.4", key=KEY, described=DATABASE, vpc="vpc-0aaaaaaaaaaaaaaaa",
    parameter_group=PARAMETERS, options=(), proxies=(), subscriptions=(), integrations=(), deployments=(), snapshots=(),
    alarms=(), selectors=(), selected_by_arn=(), taken=(),
    quotas=(Quota("DBInstances", 10, 40), Quota("ManualSnapshots", 5, 100), Quota("AllocatedStorage", 900, 100_000)),
)  # fmt: skip
READER = {**DATABASE, "DBInstanceIdentifier": "orders-r1", "MultiAZ": False}
REPLICA = ReplicaFacts(
    id="orders-r1", resource_id="db-BBBBBBBBBBBBBBBBBBBBBBBBBB", arn=f"arn:aws:rds:{REGION}:{ACCOUNT}:db:orders-r1",
    region=REGION, state="available", described=READER, parameter_group=PARAMETERS,
)  # fmt: skip
OTHERWISE = replace(REPLICA, parameter_group=replace(PARAMETERS, name="reading"))
DEFAULT = replace(ORDERS, parameter_group=GroupFacts("default.mysql8.4", "mysql8.4", "in-sync", ()))
BELONGINGS = replace(
    ORDERS,
    proxies=(ProxyFacts("pool", "default"),),
    described={
        **DATABASE,
        "AssociatedRoles": [{"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/s3", "FeatureName": "s3Import"}],
        "MasterUserSecret": {"SecretStatus": "active"},
    },
)
LOGIN = Options(
    key="alias/app",
    fence_login=f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:fence",
    fence_from="10.0.0.5/32",
)

CLUSTER: dict[str, Any] = {
    "DBClusterIdentifier": "shop", "DbClusterResourceId": "cluster-AAAAAAAAAAAAAAAAAAAAAAAAAA", "Status": "available",
    "DBClusterArn": f"arn:aws:rds:{REGION}:{ACCOUNT}:cluster:shop", "Engine": "aurora-postgresql", "EngineVersion": "17.4",
    "EngineMode": "provisioned", "Port": 5432, "Endpoint": "shop.cluster-x.eu-central-1.rds.amazonaws.com",
    "DBClusterParameterGroup": "shop", "DBSubnetGroup": "private", "StorageEncrypted": False, "AllocatedStorage": 1,
    "StorageEncryptionType": "none", "BackupRetentionPeriod": 7, "PreferredMaintenanceWindow": "sun:03:00-sun:03:30",
    "VpcSecurityGroups": [{"VpcSecurityGroupId": "sg-0aaaaaaaaaaaaaaaa", "Status": "active"}],
    "HttpEndpointEnabled": True, "TagList": [{"Key": "Name", "Value": "shop"}],
}  # fmt: skip


def _member(number: int, *, writer: bool) -> MemberFacts:
    name = f"shop-{number}"
    arn = f"arn:aws:rds:{REGION}:{ACCOUNT}:db:{name}"
    described = {
        "DBInstanceIdentifier": name, "DbiResourceId": f"db-{number:026d}", "DBInstanceArn": arn,
        "DBInstanceClass": "db.r8g.large", "Engine": "aurora-postgresql", "PromotionTier": 1,
        "DBParameterGroups": [{"DBParameterGroupName": "default.aurora-postgresql17", "ParameterApplyStatus": "in-sync"}],
    }  # fmt: skip
    own = GroupFacts("default.aurora-postgresql17", "aurora-postgresql17", "in-sync", ())
    return MemberFacts(name, f"db-{number:026d}", arn, "available", writer, described, own)


SHOP = ClusterFacts(
    id="shop", resource_id=CLUSTER["DbClusterResourceId"], arn=CLUSTER["DBClusterArn"], account=ACCOUNT, region=REGION,
    state="available", engine="aurora-postgresql", engine_version="17.4", key=KEY, described=CLUSTER,
    vpc="vpc-0aaaaaaaaaaaaaaaa", members=(_member(1, writer=True), _member(2, writer=False)),
    parameter_group=GroupFacts("shop", "aurora-postgresql17", "in-sync", (("rds.logical_replication", "1"),)),
    endpoints=(EndpointFacts("reports", "cluster-endpoint-AAAA", "READER", ("shop-2",)),), scaling="", proxies=(),
    subscriptions=(), integrations=(), deployments=(), snapshots=(), alarms=(), selectors=(), selected_by_arn=(), taken=(),
    quotas=(Quota("DBClusters", 3, 40), Quota("DBInstances", 10, 40), Quota("ManualClusterSnapshots", 5, 100)),
)  # fmt: skip
BANK = replace(
    SHOP, id="bank", engine="postgres", described={**CLUSTER, "Engine": "postgres", "HttpEndpointEnabled": False},
    endpoints=(),
)  # fmt: skip
CLUSTER_BELONGINGS = replace(
    SHOP,
    proxies=(ProxyFacts("pool", "default"),),
    described={**CLUSTER, "MasterUserSecret": {"SecretStatus": "active"}},
)

OPTIONS = Options(key="alias/app")
GROUP = AsgFacts("web", "InService", desired=2, minimum=1)


@dataclass(frozen=True)
class Example:
    """A target of a kind: what it is, in words, its facts, and what differs with other facts or options."""

    says: str
    target: str
    facts: Any
    variants: tuple[tuple[str, Any, Options], ...] = ()


EXAMPLES: dict[str, Example] = {
    "ebs-instance": Example(
        "A running instance with a plain root volume and a plain data volume.",
        INSTANCE,
        WEB,
        (
            ("the instance was stopped", replace(WEB, state="stopped"), OPTIONS),
            ("`--asg standby`", replace(WEB, asg=GROUP), replace(OPTIONS, asg="standby")),
            ("`--asg suspend`", replace(WEB, asg=GROUP), replace(OPTIONS, asg="suspend")),
            ("`--reserve-capacity`", WEB, replace(OPTIONS, reserve_capacity=True)),
            ("`--watchdog`", WEB, replace(OPTIONS, watchdog=f"arn:aws:iam::{ACCOUNT}:role/sealift-watchdog")),
            ("`--quiesce` and `--after`", WEB, replace(OPTIONS, quiesce="./drain", after="./fill")),
            ("`--state s3://bucket/sealift`", WEB, replace(OPTIONS, state_url="s3://bucket/sealift")),
            ("`--selector-tag Name`", WEB, replace(OPTIONS, selector_tags=("Name",))),
            (
                "AutoEnableIO is on",
                replace(WEB, volumes=(ROOT_VOLUME, replace(DATA_VOLUME, auto_enable_io=True))),
                OPTIONS,
            ),
        ),
    ),
    "ebs-volume": Example("A plain volume that is attached to nothing.", DATA, LOOSE),
    "rds-instance": Example(
        "A plain MySQL instance with a standby and a parameter group of its own.",
        "rds:orders",
        ORDERS,
        (
            ("it has a read replica", replace(ORDERS, replicas=(REPLICA,)), OPTIONS),
            ("that replica has a parameter group of its own", replace(ORDERS, replicas=(OTHERWISE,)), OPTIONS),
            ("`--fence-login` and `--fence-from`", ORDERS, LOGIN),
            ("it has the engine's default parameter group", DEFAULT, OPTIONS),
            ("it has a proxy, a role and a managed password", BELONGINGS, OPTIONS),
            ("`--quiesce` and `--after`", ORDERS, replace(OPTIONS, quiesce="./drain", after="./fill")),
            ("`--selector-tag Name`", ORDERS, replace(OPTIONS, selector_tags=("Name",))),
        ),
    ),
    "aurora-cluster": Example(
        "A plain Aurora PostgreSQL cluster: a writer, a reader, a custom endpoint, the Data API.",
        "aurora:shop",
        SHOP,
        (
            ("it is a Multi-AZ DB cluster", BANK, OPTIONS),
            ("its readers are scaled", replace(SHOP, scaling="{}"), OPTIONS),
            ("`--fence-login` and `--fence-from`", SHOP, LOGIN),
            ("it has a proxy and a managed password", CLUSTER_BELONGINGS, OPTIONS),
            ("`--quiesce` and `--after`", SHOP, replace(OPTIONS, quiesce="./drain", after="./fill")),
        ),
    ),
}


def of(kind: Kind) -> Example:
    """Return a kind's example.

    Raises:
        LookupError: it has none yet.

    """
    if kind.name not in EXAMPLES:
        raise LookupError(f"the kind {kind.name} has no example in docs/pages/examples.py")
    return EXAMPLES[kind.name]


def recipes() -> Iterator[tuple[Kind, Route, tuple[Step, ...]]]:
    """Yield the recipe of every kind and route, all variants included."""
    for kind in KINDS:
        example = of(kind)
        for route in kind.routes:
            for _, facts, options in (("", example.facts, OPTIONS), *example.variants):
                yield kind, route, route.recipe(facts, options)


def outputs_of(steps: tuple[Step, ...]) -> dict[str, Output]:
    """Return what the steps would have left, as `{step.Output}`."""
    return {s.key: {name: f"{{{s.key}.{name}}}" for name in s.outputs} for s in steps}
