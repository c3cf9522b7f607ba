"""A DB instance as describes show it."""

from typing import Any

from sealift.sandbox import kms
from sealift.sandbox.rds import keys, network, tags
from sealift.sandbox.rds.state import AnyDb, Books, Database, books, everywhere
from sealift.sandbox.world import World, iso

_FROM_CLUSTER = (
    "BackupRetentionPeriod",
    "PreferredBackupWindow",
    "MasterUsername",
    "IAMDatabaseAuthenticationEnabled",
    "StorageType",
    "DeletionProtection",
    "EngineVersion",
    "Port",
    "NetworkType",
)
_STATES_OF_CLUSTER = (
    "stopping",
    "stopped",
    "starting",
    "inaccessible-encryption-credentials",
    "inaccessible-encryption-credentials-recoverable",
)
ZONE_IDS = "Z1RLNUO7B9Q6NB"


def endpoint(db: AnyDb, infix: str = "") -> str:
    """Return the address: name, then a part that is the account's and Region's own. A rename changes the name only."""
    return f"{db.id}.{infix}c{int(db.account) % 10**9:09d}x.{db.region}.rds.amazonaws.com"


def instance(world: World, db: Database, now: float) -> dict[str, Any]:
    """Return an instance as CreateDBInstance and DescribeDBInstances show it."""
    room, owner = books(world, db.account, db.region), db.cluster or db
    shown = {k: v for k, v in db.shown.items() if k != "Port"}
    if db.cluster:
        shown |= {k: db.cluster.shown[k] for k in _FROM_CLUSTER if k in db.cluster.shown and k != "Port"}
        shown |= {"AllocatedStorage": 1, "DBClusterIdentifier": db.cluster.id, "DeletionProtection": False}
    shown |= {
        "DBInstanceIdentifier": db.id,
        "DBInstanceStatus": owner.state if owner.state in _STATES_OF_CLUSTER else db.state,
        "DBInstanceArn": db.arn,
        "DbiResourceId": db.resource_id,
        "DbInstancePort": 0,
        "InstanceCreateTime": iso(db.ready) if db.ready else None,
        "VpcSecurityGroups": [{"VpcSecurityGroupId": g, "Status": "active"} for g in owner.groups],
        "DBSecurityGroups": [],
        "DBParameterGroups": [
            {"DBParameterGroupName": db.parameter_group, "ParameterApplyStatus": db.parameters_status}
        ],
        "OptionGroupMemberships": [{"OptionGroupName": db.option_group, "Status": "in-sync"}],
        "DBSubnetGroup": subnet_group(room, owner.subnet_group),
        "PendingModifiedValues": db.pending,
        "AssociatedRoles": db.roles,
        "TagList": tags.shown(db.tags),
        "MasterUserSecret": owner.secret,
        **keys.shown(owner.storage),
        **_times(db, now),
        **_replication(world, db),
        **certificate(db),
        **_standby(room, db),
        **_insight(db),
        **db.stream,
    }
    if db.state != "creating" and not db.state.startswith("inaccessible"):
        shown["Endpoint"] = {"Address": endpoint(db), "Port": owner.shown["Port"], "HostedZoneId": ZONE_IDS}
    if db.backups_replicated:
        replicated = [{"DBInstanceAutomatedBackupsArn": a} for a in db.backups_replicated]
        shown["DBInstanceAutomatedBackupsReplications"] = replicated
    shown = world.overlaid(db.resource_id, world.overlaid(db.id, shown))
    return {k: v for k, v in shown.items() if v is not None}


def _times(db: Database, now: float) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if db.shown.get("BackupRetentionPeriod") and db.ready:
        found["LatestRestorableTime"] = iso(max(db.ready, now - 300))
    if db.restart_at:
        found["AutomaticRestartTime"] = iso(db.restart_at)
    if db.hydration and db.hydration.progress(now) < 100:
        found["StorageOperationStatus"] = "Initializing"
        found["StorageOperationPercentProgress"] = db.hydration.progress(now)
    return found


def replicas_of(world: World, db: Database) -> list[Database]:
    """Return the read replicas of an instance, in every Region."""
    return [
        r for room in everywhere(world) if room.account == db.account for r in room.databases.values() if r.source is db
    ]


def _replication(world: World, db: Database) -> dict[str, Any]:
    """Name replicas and source; those in another Region by ARN."""
    named = [r.id if r.region == db.region else r.arn for r in replicas_of(world, db)]
    found: dict[str, Any] = {"ReadReplicaDBInstanceIdentifiers": named}
    if db.source:
        same = db.source.region == db.region
        found["ReadReplicaSourceDBInstanceIdentifier"] = db.source.id if same else db.source.arn
        up = db.state == "available"
        found["StatusInfos"] = [
            {"StatusType": "read replication", "Normal": up, "Status": "replicating" if up else "error"}
        ]
    return found


def _standby(room: Books, db: Database) -> dict[str, Any]:
    """Return the zone of a Multi-AZ instance's standby, which RDS chooses."""
    if not db.shown.get("MultiAZ") or db.cluster:
        return {}
    zones = sorted({n.availability_zone for n in network.subnets(room, db.subnet_group)})
    others = [z for z in zones if z != db.shown.get("AvailabilityZone")]
    return {"SecondaryAvailabilityZone": others[0]} if others else {}


def _insight(db: Database) -> dict[str, Any]:
    """Return what monitoring adds: its log stream is named by the resource id, Performance Insights keeps 7 days."""
    found: dict[str, Any] = {}
    if db.shown.get("MonitoringInterval"):
        group = f"arn:aws:logs:{db.region}:{db.account}:log-group:RDSOSMetrics"
        found["EnhancedMonitoringResourceArn"] = f"{group}:log-stream:{db.resource_id}"
    if db.shown.get("PerformanceInsightsEnabled"):
        found["PerformanceInsightsRetentionPeriod"] = db.shown.get("PerformanceInsightsRetentionPeriod", 7)
        own = str(kms.managed_key(db.account, db.region, kms.RDS_ALIAS).arn)
        found["PerformanceInsightsKMSKeyId"] = db.shown.get("PerformanceInsightsKMSKeyId", own)
    return found


def certificate(db: AnyDb) -> dict[str, Any]:
    """Return the server certificate, which is new with each instance."""
    name = db.shown.get("CACertificateIdentifier")
    return {"CertificateDetails": {"CAIdentifier": name, "ValidTill": iso(db.created + 365 * 86_400)}} if name else {}


def subnet_group(room: Books, name: str) -> dict[str, Any]:
    """Return a DB subnet group as instances and describes show it."""
    known = room.book("subnet-group").get(name)
    if known:
        return known
    return {
        "DBSubnetGroupName": name,
        "DBSubnetGroupDescription": "default",
        "VpcId": network.vpc_of(room, name),
        "SubnetGroupStatus": "Complete",
        "Subnets": [_subnet(s) for s in network.subnets(room, name)],
        "DBSubnetGroupArn": f"arn:aws:rds:{room.region}:{room.account}:subgrp:{name}",
        "SupportedNetworkTypes": ["IPV4"],
    }


def _subnet(net: Any) -> dict[str, Any]:
    return {
        "SubnetIdentifier": net.id,
        "SubnetAvailabilityZone": {"Name": net.availability_zone},
        "SubnetStatus": "Active",
    }


def subnet_list(nets: list[Any]) -> list[dict[str, Any]]:
    """Return subnets as a DB subnet group shows them."""
    return [_subnet(n) for n in nets]
