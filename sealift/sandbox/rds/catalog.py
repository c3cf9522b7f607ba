"""What describes tell that belongs to no database: quotas, versions, classes, and lists of what nobody has here."""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sealift.sandbox.rds import engines, lookups, parameters
from sealift.sandbox.rds.paging import paged
from sealift.sandbox.rds.refusals import refuse
from sealift.sandbox.rds.state import here
from sealift.sandbox.world import Call, World

_AUTHORITIES = {"rds-ca-rsa2048-g1": 2061, "rds-ca-rsa4096-g1": 2121, "rds-ca-ecc384-g1": 2121}
"""Certificate authorities, and the year they end; the first is the default."""

_CLASSES = (
    "db.t3.medium",
    "db.t4g.medium",
    "db.m5.large",
    "db.m6g.large",
    "db.m6g.xlarge",
    "db.r5.large",
    "db.r6g.large",
)


def attributes(world: World, call: Call) -> dict[str, Any]:
    """DescribeAccountAttributes: used and most of each quota (R-RDS-25)."""
    room, q = here(world, call), world.quotas
    manual = sum(s.type == "manual" for s in room.snapshots.values())
    of_clusters = sum(s.type == "manual" for s in room.cluster_snapshots.values())
    storage = sum(d.shown.get("AllocatedStorage", 0) for d in room.databases.values() if d.cluster is None)
    proxies = sum(len(p["targets"]) for p in room.book("proxy").values())
    listed = {
        "DBInstances": (len(room.databases), q.db_instances),
        "ReservedDBInstances": (0, 40),
        "AllocatedStorage": (storage, q.db_storage_gib),
        "DBSecurityGroups": (0, 25),
        "AuthorizationsPerDBSecurityGroup": (0, 20),
        "DBParameterGroups": (parameters.count(room.book(parameters.GROUP)), q.db_parameter_groups),
        "ManualSnapshots": (manual, q.db_manual_snapshots),
        "EventSubscriptions": (len(room.book("subscription")), 20),
        "DBSubnetGroups": (len(room.book("subnet-group")), 50),
        "OptionGroups": (len(room.book("option-group")), 20),
        "ReadReplicasPerMaster": (0, 15),
        "DBClusters": (len(room.clusters), q.db_clusters),
        "DBClusterParameterGroups": (
            parameters.count(room.book(parameters.CLUSTER_GROUP)),
            q.db_cluster_parameter_groups,
        ),
        "DBClusterRoles": (0, 5),
        "ManualClusterSnapshots": (of_clusters, q.db_manual_cluster_snapshots),
        "CustomEndpointsPerDBCluster": (0, 5),
        "ProxyTargets": (proxies, 20),
    }
    shown = [{"AccountQuotaName": n, "Used": used, "Max": most} for n, (used, most) in listed.items()]
    return {"AccountQuotas": shown}


def versions(world: World, call: Call) -> dict[str, Any]:
    """DescribeDBEngineVersions: a choice; `DefaultOnly` gives the last."""
    params = call.params
    asked, wanted = params.get("Engine"), params.get("EngineVersion")
    if asked:
        engines.engine(asked)
    found = []
    for name, engine in engines.ENGINES.items():
        if asked in (None, name):
            listed = engine.versions[-1:] if params.get("DefaultOnly") else engine.versions
            found += [_version(name, v) for v in listed if not wanted or v == wanted or v.startswith(wanted + ".")]
    family = params.get("DBParameterGroupFamily")
    page, more = paged([f for f in found if family in (None, f["DBParameterGroupFamily"])], call)
    return {"DBEngineVersions": page, **more}


def _version(name: str, version: str) -> dict[str, Any]:
    later = [v for v in engines.ENGINES[name].versions if v > version]
    return {
        "Engine": name,
        "EngineVersion": version,
        "MajorEngineVersion": engines.major(name, version),
        "DBParameterGroupFamily": engines.family(name, version),
        "DBEngineDescription": name,
        "DBEngineVersionDescription": f"{name} {version}",
        "Status": "available",
        "ValidUpgradeTarget": [{"Engine": name, "EngineVersion": v, "AutoUpgrade": False} for v in later],
        "SupportsReadReplica": not name.startswith("aurora"),
        "SupportsLogExportsToCloudwatchLogs": True,
        "ExportableLogTypes": [],
        "SupportedEngineModes": ["provisioned"],
    }


def orderable(world: World, call: Call) -> dict[str, Any]:
    """DescribeOrderableDBInstanceOptions: some classes, or the one that is asked for, unless it is withdrawn (R-RDS-24)."""
    params = call.params
    engine, asked = params["Engine"], params.get("EngineVersion")
    known = [v for v in engines.engine(engine).versions if asked in (None, v)]
    if asked and not known and engines.offered(engine, asked):
        known = [asked]
    classes = (params["DBInstanceClass"],) if params.get("DBInstanceClass") else (*_CLASSES, "db.t2.micro")
    withdrawn = here(world, call).book("withdrawn-class")
    storage = ("aurora", "aurora-iopt1") if engines.is_aurora(engine) else ("gp2", "gp3", "io1", "io2", "standard")
    found = [_order(call, engine, v, c, t) for v in known for c in classes if c not in withdrawn for t in storage]
    page, more = paged(found, call)
    return {"OrderableDBInstanceOptions": page, **more}


def _order(call: Call, engine: str, version: str, db_class: str, storage: str) -> dict[str, Any]:
    return {
        "Engine": engine,
        "EngineVersion": version,
        "DBInstanceClass": db_class,
        "LicenseModel": engines.engine(engine).licence,
        "AvailabilityZones": [{"Name": call.region + z} for z in "abc"],
        "MultiAZCapable": not engines.is_aurora(engine),
        "ReadReplicaCapable": True,
        "Vpc": True,
        "SupportsClusters": engine in ("mysql", "postgres"),
        "SupportsStorageEncryption": engine != "sqlserver-ex"
        and not db_class.startswith(engines.NOT_ENCRYPTED_CLASSES),
        "StorageType": storage,
        "SupportsIops": storage not in ("gp2", "standard"),
        "SupportsPerformanceInsights": True,
        "SupportsIAMDatabaseAuthentication": True,
    }


def valid_modifications(world: World, call: Call) -> dict[str, Any]:
    """DescribeValidDBInstanceModifications."""
    lookups.database(world, call, call.params["DBInstanceIdentifier"])
    sizes = [{"From": 20, "To": 65_536, "Step": 1}]
    return {"ValidDBInstanceModificationsMessage": {"Storage": [{"StorageType": "gp3", "StorageSize": sizes}]}}


def pending_maintenance(world: World, call: Call) -> dict[str, Any]:
    """DescribePendingMaintenanceActions: what a test has put there with `box.show_as(ARN, PendingMaintenance=[…])`."""
    found = [
        {"ResourceIdentifier": arn, "PendingMaintenanceActionDetails": shown["PendingMaintenance"]}
        for arn, shown in world.overlays.items()
        if "PendingMaintenance" in shown and call.params.get("ResourceIdentifier") in (None, arn)
    ]
    page, more = paged(found, call)
    return {"PendingMaintenanceActions": page, **more}


def put(kind: str, member: str) -> Callable[[World, Call], dict[str, Any]]:
    """Return a describe of documents that a test has put into the books (`box.add_rds_document`)."""

    def describe(world: World, call: Call) -> dict[str, Any]:
        page, more = paged(list(here(world, call).book(kind).values()), call)
        return {member: page, **more}

    return describe


def _none(member: str) -> Callable[[World, Call], dict[str, Any]]:
    return lambda world, call: {member: []}


def certificates(world: World, call: Call) -> dict[str, Any]:
    """DescribeCertificates: the CAs of a Region."""
    asked = call.params.get("CertificateIdentifier")
    if asked not in (None, *_AUTHORITIES):
        raise refuse("SB-RDS-02", "CertificateNotFound", f"Certificate {asked} not found.")
    found = [
        {
            "CertificateIdentifier": name,
            "CertificateType": "CA",
            "Thumbprint": hashlib.sha1(name.encode(), usedforsecurity=False).hexdigest(),
            "ValidFrom": datetime(2021, 5, 25, tzinfo=UTC),
            "ValidTill": datetime(year, 5, 25, tzinfo=UTC),
            "CertificateArn": f"arn:aws:rds:{call.region}::cert:{name}",
            "CustomerOverride": False,
        }
        for name, year in _AUTHORITIES.items()
        if asked in (None, name)
    ]
    page, more = paged(found, call)
    return {"DefaultCertificateForNewLaunches": next(iter(_AUTHORITIES)), "Certificates": page, **more}


def unknown(world: World, call: Call) -> dict[str, Any]:
    """Refuse an operation that moto might have, about databases that moto does not know of."""
    raise refuse("SB-API-02", "UnsupportedOperation", f"The sandbox does not know {call.name}.")


OPERATIONS = {
    "rds:DescribeAccountAttributes": attributes,
    "rds:DescribeDBEngineVersions": versions,
    "rds:DescribeOrderableDBInstanceOptions": orderable,
    "rds:DescribeValidDBInstanceModifications": valid_modifications,
    "rds:DescribePendingMaintenanceActions": pending_maintenance,
    "rds:DescribeCertificates": certificates,
    "rds:DescribeExportTasks": put("export-task", "ExportTasks"),
    "rds:DescribeTenantDatabases": put("tenant-database", "TenantDatabases"),
    "rds:DescribeDBSecurityGroups": _none("DBSecurityGroups"),
    "rds:DescribeReservedDBInstances": _none("ReservedDBInstances"),
    "rds:DescribeDBShardGroups": _none("DBShardGroups"),
    "rds:DescribeDBRecommendations": _none("DBRecommendations"),
    "rds:DescribeDBClusterBacktracks": _none("DBClusterBacktracks"),
}
