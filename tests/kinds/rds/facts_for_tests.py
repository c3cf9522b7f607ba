"""An instance about which no rule has anything to say but what holds for all, and what is changed for a test."""

from dataclasses import replace
from typing import Any

from sealift.keys import KeyFacts
from sealift.kinds.databases.facts import GroupFacts, ProxyFacts, Quota
from sealift.kinds.rds.facts import InstanceFacts, ReplicaFacts
from sealift.options import Options

ACCOUNT, REGION = "123456789012", "eu-central-1"
KEY = KeyFacts(
    wanted="alias/app",
    arn=f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1",
    state="Enabled",
    spec="SYMMETRIC_DEFAULT",
    usage="ENCRYPT_DECRYPT",
    manager="CUSTOMER",
    region=REGION,
)
DESCRIBED: dict[str, Any] = {
    "DBInstanceIdentifier": "orders",
    "DbiResourceId": "db-A",
    "DBInstanceArn": f"arn:aws:rds:{REGION}:{ACCOUNT}:db:orders",
    "DBInstanceClass": "db.m7g.large",
    "Engine": "postgres",
    "AllocatedStorage": 100,
    "BackupRetentionPeriod": 7,
    "StorageEncrypted": False,
    "StorageEncryptionType": "none",
    "VpcSecurityGroups": [{"VpcSecurityGroupId": "sg-1"}],
    "OptionGroupMemberships": [{"OptionGroupName": "default:postgres-17"}],
}
OPTIONS = Options(key="alias/app")
ORDERS = InstanceFacts(
    id="orders",
    resource_id="db-A",
    arn=f"arn:aws:rds:{REGION}:{ACCOUNT}:db:orders",
    account=ACCOUNT,
    region=REGION,
    state="available",
    engine="postgres",
    engine_version="17.4",
    key=KEY,
    described=DESCRIBED,
    vpc="vpc-1",
    parameter_group=GroupFacts("orders", "postgres17", "in-sync", ()),
    options=(),
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
    quotas=(Quota("DBInstances", 1, 40), Quota("ManualSnapshots", 0, 100), Quota("AllocatedStorage", 100, 1000)),
)
REPLICA = ReplicaFacts(
    id="orders-r1",
    resource_id="db-B",
    arn=f"arn:aws:rds:{REGION}:{ACCOUNT}:db:orders-r1",
    region=REGION,
    state="available",
    described={**DESCRIBED, "DBInstanceIdentifier": "orders-r1"},
    parameter_group=GroupFacts("orders", "postgres17", "in-sync", ()),
)
POOL = ProxyFacts("pool", "default")


def described(**members: Any) -> InstanceFacts:
    """The instance, described with other members."""
    return replace(ORDERS, described={**DESCRIBED, **members})


def tagged(**tags: str) -> InstanceFacts:
    """The instance with tags; `__` stands for a colon."""
    return described(TagList=[{"Key": k.replace("__", ":"), "Value": v} for k, v in tags.items()])
