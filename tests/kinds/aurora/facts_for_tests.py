"""A cluster about which no rule has anything to say but what holds for all, and what is changed for a test."""

from dataclasses import replace
from typing import Any

from sealift.kinds.aurora.facts import ClusterFacts, MemberFacts
from sealift.kinds.databases.facts import GroupFacts, Quota
from tests.kinds.rds.facts_for_tests import ACCOUNT, KEY, REGION

DESCRIBED: dict[str, Any] = {
    "DBClusterIdentifier": "shop",
    "DbClusterResourceId": "cluster-A",
    "DBClusterArn": f"arn:aws:rds:{REGION}:{ACCOUNT}:cluster:shop",
    "Engine": "aurora-postgresql",
    "EngineMode": "provisioned",
    "BackupRetentionPeriod": 7,
    "StorageEncrypted": False,
    "StorageEncryptionType": "none",
    "DBClusterParameterGroup": "shop",
    "VpcSecurityGroups": [{"VpcSecurityGroupId": "sg-1"}],
}
OWN = GroupFacts("default.aurora-postgresql17", "aurora-postgresql17", "in-sync", ())


def member(name: str, *, writer: bool = False, **about: Any) -> MemberFacts:
    """A member of the cluster."""
    described = {
        "DBInstanceIdentifier": name,
        "DbiResourceId": f"db-{name}",
        "DBInstanceArn": f"arn:aws:rds:{REGION}:{ACCOUNT}:db:{name}",
        "DBInstanceClass": "db.r6g.large",
        "Engine": "aurora-postgresql",
    }
    made = MemberFacts(
        name,
        f"db-{name}",
        str(described["DBInstanceArn"]),
        "available",
        writer,
        described=described,
        parameter_group=OWN,
    )
    return replace(made, **about)


SHOP = ClusterFacts(
    id="shop",
    resource_id="cluster-A",
    arn=str(DESCRIBED["DBClusterArn"]),
    account=ACCOUNT,
    region=REGION,
    state="available",
    engine="aurora-postgresql",
    engine_version="17.4",
    key=KEY,
    described=DESCRIBED,
    vpc="vpc-1",
    parameter_group=GroupFacts("shop", "aurora-postgresql17", "in-sync", (("rds.logical_replication", "1"),)),
    members=(member("shop-1", writer=True), member("shop-2")),
    endpoints=(),
    scaling="",
    proxies=(),
    subscriptions=(),
    integrations=(),
    deployments=(),
    snapshots=(),
    alarms=(),
    selectors=(),
    selected_by_arn=(),
    unavailable=(),
    enforced=False,
    vaulted=(),
    taken=(),
    quotas=(Quota("DBClusters", 1, 40), Quota("DBInstances", 2, 40), Quota("ManualClusterSnapshots", 0, 100)),
)


def described(**members: Any) -> ClusterFacts:
    """The cluster, described with other members."""
    return replace(SHOP, described={**DESCRIBED, **members})


def with_member(**about: Any) -> ClusterFacts:
    """The cluster with another reader."""
    return replace(SHOP, members=(SHOP.members[0], member("shop-2", **about)))


def multi_az() -> ClusterFacts:
    """The same as a Multi-AZ DB cluster."""
    return replace(described(Engine="postgres", EngineMode=None, AllocatedStorage=100), engine="postgres")
