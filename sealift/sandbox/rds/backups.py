"""Automated backups: a system snapshot a day while BackupRetentionPeriod is not zero, and what stays after a delete."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sealift.sandbox.rds import keys, lookups, moves, snapshots, tags
from sealift.sandbox.rds.paging import filtered, paged
from sealift.sandbox.rds.refusals import refuse
from sealift.sandbox.rds.state import AnyDb, Books, Cluster, Database, everywhere, here
from sealift.sandbox.world import Call, World, iso

_DAY = 86_400.0


def every_day(world: World, call: Call, db: AnyDb, at: float) -> None:
    """Back up every day at the start of the window, as long as `db` is there."""

    def backup(late: float) -> None:
        if db.state == "deleted":
            return
        if db.state == "available" and db.shown.get("BackupRetentionPeriod"):
            shoot = Call("rds", "AutomatedBackup", {}, db.account, db.region, late)
            moves.through(world, shoot, db, "backing-up", world.durations.db_backup_s)
            shot(world, shoot, db, late)
        every_day(world, call, db, late)

    if not isinstance(db, Database) or db.cluster is None:
        world.agenda.at(_next(at, db.shown["PreferredBackupWindow"]), backup)


def _next(at: float, window: str) -> float:
    now = datetime.fromtimestamp(at, UTC)
    start = now.replace(hour=int(window[:2]), minute=int(window[3:5]), second=0, microsecond=0)
    return (start if start.timestamp() > at + 1 else start + timedelta(days=1)).timestamp()


def shot(world: World, call: Call, db: AnyDb, at: float) -> None:
    """Take the system snapshot, and drop those that are older than the retention period."""
    room = moves.room_of(world, db)
    name = f"rds:{db.id}-{datetime.fromtimestamp(at, UTC):%Y-%m-%d-%H-%M}"
    snapshots.shoot(
        world, Call("rds", "AutomatedBackup", {}, db.account, db.region, at), db, name, {}, kind="automated"
    )
    book = room.cluster_snapshots if isinstance(db, Cluster) else room.snapshots
    oldest = at - _DAY * db.shown["BackupRetentionPeriod"]
    for old in [s for s in book.values() if _automated(s, db) and s.begun < oldest]:
        del book[old.id]


def _automated(shot: Any, db: AnyDb) -> bool:
    return bool(shot.type == "automated" and shot.resource_id == db.resource_id)


def end(world: World, room: Books, db: AnyDb, at: float, delete: bool) -> None:
    """At a delete: drop the automated backups, which is the default, or retain them for their period (R-RDS-30)."""
    book = room.cluster_snapshots if isinstance(db, Cluster) else room.snapshots
    mine = [s for s in book.values() if _automated(s, db)]
    period = db.shown.get("BackupRetentionPeriod") or 0
    if delete or not period:
        for old in mine:
            del book[old.id]
        return
    render = _render_cluster if isinstance(db, Cluster) else _render
    room.book("retained")[db.resource_id] = render(world, db, at, "retained")

    def gone(late: float) -> None:
        room.book("retained").pop(db.resource_id, None)
        for old in mine:
            book.pop(old.id, None)

    world.agenda.at(at + _DAY * period, gone)


def earliest(db: AnyDb, now: float) -> float:
    """Return the oldest time that can be restored: backups are kept for the retention period."""
    return max(db.ready, now - _DAY * (db.shown.get("BackupRetentionPeriod") or 0))


_COPIED = [
    "AllocatedStorage",
    "Engine",
    "EngineVersion",
    "LicenseModel",
    "Iops",
    "StorageThroughput",
    "StorageType",
    "MasterUsername",
    "Timezone",
    "BackupRetentionPeriod",
    "PreferredBackupWindow",
    "AvailabilityZone",
    "BackupTarget",
    "Port",
]


def _render(world: World, db: AnyDb, at: float, status: str) -> dict[str, Any]:
    encryption = keys.shown(db.storage)
    return {
        **{k: db.shown[k] for k in _COPIED if k in db.shown},
        "DBInstanceArn": db.arn,
        "DbiResourceId": db.resource_id,
        "DBInstanceIdentifier": db.id,
        "Region": db.region,
        "Status": status,
        "Encrypted": encryption["StorageEncrypted"],
        "StorageEncryptionType": encryption["StorageEncryptionType"],
        "KmsKeyId": encryption["KmsKeyId"],
        "InstanceCreateTime": iso(db.ready),
        "RestoreWindow": {"EarliestTime": iso(earliest(db, at)), "LatestTime": iso(max(db.ready, at - 300))},
        "DBInstanceAutomatedBackupsArn": f"arn:aws:rds:{db.region}:{db.account}:auto-backup:ab-{db.resource_id[3:].lower()}",
        "TagList": tags.shown(db.tags),
        "DBInstanceAutomatedBackupsReplications": [{"DBInstanceAutomatedBackupsArn": a} for a in db.backups_replicated],
    }


_OF_CLUSTER = [
    "Engine",
    "EngineMode",
    "EngineVersion",
    "MasterUsername",
    "BackupRetentionPeriod",
    "Port",
    "AllocatedStorage",
]


def _render_cluster(world: World, cluster: AnyDb, at: float, status: str) -> dict[str, Any]:
    own = cluster.resource_id.removeprefix("cluster-").lower()
    return {
        **{k: cluster.shown[k] for k in _OF_CLUSTER if k in cluster.shown},
        **keys.shown(cluster.storage),
        "DBClusterArn": cluster.arn,
        "DbClusterResourceId": cluster.resource_id,
        "DBClusterIdentifier": cluster.id,
        "Region": cluster.region,
        "Status": status,
        "ClusterCreateTime": iso(cluster.ready),
        "RestoreWindow": {"EarliestTime": iso(earliest(cluster, at)), "LatestTime": iso(max(cluster.ready, at - 300))},
        "DBClusterAutomatedBackupsArn": f"arn:aws:rds:{cluster.region}:{cluster.account}:cluster-auto-backup:ab-{own}",
        "TagList": tags.shown(cluster.tags),
    }


def describe_clusters(world: World, call: Call) -> dict[str, Any]:
    """DescribeDBClusterAutomatedBackups: of clusters that are there (active), and retained ones."""
    room, params = here(world, call), call.params
    live = [c for c in room.clusters.values() if c.ready]
    found = [_render_cluster(world, c, call.at, "active") for c in live]
    found += [b for b in room.book("retained").values() if "DbClusterResourceId" in b]
    pairs = ("DbClusterResourceId", "DBClusterIdentifier")
    found = [f for f in found if all(params.get(p) in (None, f[p]) for p in pairs)]
    known = {
        "status": lambda f: f["Status"],
        "db-cluster-id": lambda f: f["DBClusterIdentifier"],
        "db-cluster-resource-id": lambda f: f["DbClusterResourceId"],
    }
    page, more = paged(filtered(found, call, known), call)
    return {"DBClusterAutomatedBackups": page, **more}


def delete_cluster(world: World, call: Call) -> dict[str, Any]:
    """DeleteDBClusterAutomatedBackup: a retained one only."""
    room, resource = here(world, call), call.params["DbClusterResourceId"]
    shown = room.book("retained").get(resource)
    if shown is None or "DbClusterResourceId" not in shown:
        raise refuse(
            "SB-RDS-02", "DBClusterAutomatedBackupNotFoundFault", f"No automated backup of {resource} is retained."
        )
    del room.book("retained")[resource]
    for old in [s.id for s in room.snapshots.values() if s.resource_id == resource and s.type == "automated"]:
        del room.snapshots[old]
    return {"DBClusterAutomatedBackup": {**shown, "Status": "deleting"}}


def describe(world: World, call: Call) -> dict[str, Any]:
    """DescribeDBInstanceAutomatedBackups: of instances that are there (active), and retained ones."""
    room, params = here(world, call), call.params
    live = [
        d for d in room.databases.values() if d.cluster is None and d.ready and d.shown.get("BackupRetentionPeriod")
    ]
    found = [_render(world, d, call.at, "active") for d in live]
    found += [b for b in room.book("retained").values() if "DbiResourceId" in b]
    found += [*room.book("replicated-backup").values()]
    pairs = ("DbiResourceId", "DBInstanceIdentifier", "DBInstanceAutomatedBackupsArn")
    found = [f for f in found if all(params.get(p) in (None, f[p]) for p in pairs)]
    if params.get("DBInstanceAutomatedBackupsArn") and not found:
        raise refuse("SB-RDS-02", "DBInstanceAutomatedBackupNotFound", "The automated backup was not found.")
    known = {
        "status": lambda f: f["Status"],
        "db-instance-id": lambda f: f["DBInstanceIdentifier"],
        "dbi-resource-id": lambda f: f["DbiResourceId"],
    }
    page, more = paged(filtered(found, call, known), call)
    return {"DBInstanceAutomatedBackups": page, **more}


def delete(world: World, call: Call) -> dict[str, Any]:
    """DeleteDBInstanceAutomatedBackup: a retained one only."""
    room, params = here(world, call), call.params
    pairs = ("DbiResourceId", "DBInstanceAutomatedBackupsArn")
    for resource, shown in list(room.book("retained").items()):
        if "DbiResourceId" in shown and all(params.get(p) in (None, shown[p]) for p in pairs):
            del room.book("retained")[resource]
            for old in [s.id for s in room.snapshots.values() if s.resource_id == resource and s.type == "automated"]:
                del room.snapshots[old]
            return {"DBInstanceAutomatedBackup": {**shown, "Status": "deleting"}}
    raise refuse("SB-RDS-02", "DBInstanceAutomatedBackupNotFound", "The retained automated backup was not found.")


def start_replication(world: World, call: Call) -> dict[str, Any]:
    """StartDBInstanceAutomatedBackupsReplication: called in the Region that is to hold the copies, with its own key."""
    params = call.params
    source = params["SourceDBInstanceArn"]
    db = lookups.database(world, replace(call, region=source.split(":")[3]), source)
    if db.storage.type == "sse-kms" and not params.get("KmsKeyId"):
        raise refuse("SB-RDS-10", "InvalidParameterCombination", "KmsKeyId of the destination Region is required.")
    key = keys.usable(world, call, params["KmsKeyId"]) if params.get("KmsKeyId") else None
    shown = {**_render(world, db, call.at, "active"), "KmsKeyId": key, "DBInstanceArn": source}
    shown["BackupRetentionPeriod"] = params.get("BackupRetentionPeriod", 7)
    arn = f"arn:aws:rds:{call.region}:{call.account}:auto-backup:ab-{db.resource_id[3:].lower()}"
    shown["DBInstanceAutomatedBackupsArn"] = arn
    here(world, call).book("replicated-backup")[db.resource_id] = shown
    db.backups_replicated.append(arn)
    return {"DBInstanceAutomatedBackup": shown}


def stop_replication(world: World, call: Call) -> dict[str, Any]:
    """StopDBInstanceAutomatedBackupsReplication."""
    book = here(world, call).book("replicated-backup")
    for resource, shown in list(book.items()):
        if shown["DBInstanceArn"] == call.params["SourceDBInstanceArn"]:
            for room in everywhere(world):
                for db in room.databases.values():
                    if db.resource_id == resource:
                        db.backups_replicated.remove(shown["DBInstanceAutomatedBackupsArn"])
            return {"DBInstanceAutomatedBackup": book.pop(resource)}
    raise refuse("SB-RDS-02", "DBInstanceNotFound", "No backups of this instance are replicated here.")


OPERATIONS = {
    "rds:DescribeDBInstanceAutomatedBackups": describe,
    "rds:DeleteDBInstanceAutomatedBackup": delete,
    "rds:DescribeDBClusterAutomatedBackups": describe_clusters,
    "rds:DeleteDBClusterAutomatedBackup": delete_cluster,
    "rds:StartDBInstanceAutomatedBackupsReplication": start_replication,
    "rds:StopDBInstanceAutomatedBackupsReplication": stop_replication,
}
