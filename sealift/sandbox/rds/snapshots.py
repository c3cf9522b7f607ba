"""Snapshots of instances and of clusters: create, delete, describe."""

from collections.abc import Iterable
from typing import Any

from sealift.sandbox import kms
from sealift.sandbox.rds import keys, lookups, moves, tags
from sealift.sandbox.rds.paging import filtered, paged
from sealift.sandbox.rds.refusals import identifier, refuse
from sealift.sandbox.rds.state import AnyDb, Books, Cluster, DbSnapshot, everywhere, here
from sealift.sandbox.world import Call, World, iso

OF_INSTANCE = [
    "Engine",
    "EngineVersion",
    "AllocatedStorage",
    "Port",
    "AvailabilityZone",
    "MasterUsername",
    "LicenseModel",
    "Iops",
    "StorageThroughput",
    "StorageType",
    "TdeCredentialArn",
    "BackupRetentionPeriod",
    "PreferredBackupWindow",
    "Timezone",
    "IAMDatabaseAuthenticationEnabled",
    "ProcessorFeatures",
    "DBSystemId",
    "MultiTenant",
    "DedicatedLogVolume",
    "AdditionalStorageVolumes",
    "DBInstanceClass",
    "DBName",
    "CharacterSetName",
    "NcharCharacterSetName",
]
OF_CLUSTER = [
    "Engine",
    "EngineMode",
    "EngineVersion",
    "AllocatedStorage",
    "Port",
    "MasterUsername",
    "LicenseModel",
    "BackupRetentionPeriod",
    "PreferredBackupWindow",
    "IAMDatabaseAuthenticationEnabled",
    "StorageType",
    "DatabaseName",
    "Iops",
    "DBClusterInstanceClass",
]
TAKEN_IN = ("available", "storage-optimization")


def create(world: World, call: Call) -> dict[str, Any]:
    """CreateDBSnapshot: of an instance that is `available` or `storage-optimization` (R-RDS-10)."""
    db = lookups.database(world, call, call.params["DBInstanceIdentifier"])
    name = free(world, call, call.params["DBSnapshotIdentifier"], of_cluster=False)
    if db.cluster:
        message = f"The specified instance is a member of the cluster {db.cluster.id}: take a snapshot of the cluster."
        raise refuse("R-RDS-07", "InvalidParameterValue", message)
    lookups.check_state(db, "R-RDS-10", *TAKEN_IN)
    return {"DBSnapshot": render(_take(world, call, db, name), call.at)}


def create_of_cluster(world: World, call: Call) -> dict[str, Any]:
    """CreateDBClusterSnapshot: of a cluster that is `available`."""
    db = lookups.cluster(world, call, call.params["DBClusterIdentifier"])
    name = free(world, call, call.params["DBClusterSnapshotIdentifier"], of_cluster=True)
    lookups.check_state(db, "R-RDS-10", "available")
    return {"DBClusterSnapshot": render(_take(world, call, db, name), call.at)}


def _take(world: World, call: Call, db: AnyDb, name: str) -> DbSnapshot:
    asked = tags.asked(call)
    copied = db.tags if db.shown.get("CopyTagsToSnapshot") else {}
    shot = shoot(world, call, db, name, {**copied, **asked})
    moves.through(world, call, db, "backing-up", shot.ready - call.at)
    return shot


def free(world: World, call: Call, wanted: str, of_cluster: bool) -> str:
    """Return a valid name for a manual snapshot, refused where it is taken or one too many (R-RDS-25)."""
    room = here(world, call)
    book, most = (room.snapshots, world.quotas.db_manual_snapshots)
    prefix = "DB"
    if of_cluster:
        book, most, prefix = room.cluster_snapshots, world.quotas.db_manual_cluster_snapshots, "DBCluster"
    name = identifier(wanted, prefix + "SnapshotIdentifier", 255)
    if name in book:
        code = prefix + "SnapshotAlreadyExists" + ("Fault" if of_cluster else "")
        raise refuse(
            "R-RDS-27", code, f"Cannot create the snapshot because one with the identifier {name} already exists."
        )
    if sum(s.type == "manual" for s in book.values()) >= most:
        message = f"Cannot create more than {most} manual snapshots"
        raise refuse("R-RDS-25", "SnapshotQuotaExceeded", message)
    return name


def shoot(world: World, call: Call, db: AnyDb, name: str, own_tags: dict[str, str], kind: str = "manual") -> DbSnapshot:
    """Take a snapshot of what is in a database now; later writes are not in it."""
    room, store, of_cluster = moves.room_of(world, db), db.store, isinstance(db, Cluster)
    held = store.contents(call.at)
    whole, book = 1024.0 * store.gib, room.cluster_snapshots if of_cluster else room.snapshots
    base = newest(s for s in book.values() if s.lineage == store.id and not s.is_copy)
    mib = min(whole, held.minus(base.held).mib(world.rates)) if base else whole
    members = OF_CLUSTER if of_cluster else OF_INSTANCE
    shot = DbSnapshot(
        id=name,
        seq=world.next_seq(),
        account=db.account,
        region=db.region,
        cluster=of_cluster,
        source_id=db.id,
        resource_id=db.resource_id,
        shown={k: db.shown[k] for k in members if k in db.shown} | {"created": db.ready, "whole": whole},
        storage=db.storage,
        held=held,
        job=store.job,
        inbound=store.inbound,
        kept=set(store.kept),
        begun=call.at,
        ready=call.at,
        original=call.at,
        lineage=store.id,
        option_group=db.option_group,
        type=kind,
        tags=dict(own_tags),
        visible=call.at + world.durations.visible_s,
    )
    book[name] = shot
    seconds = world.durations.db_snapshot(mib)
    shot.ready = world.later(call, name, seconds, lambda at: complete(world, shot, at))
    return shot


def newest(shots: Iterable[DbSnapshot]) -> DbSnapshot | None:
    """Return the snapshot that another one of the same data builds on: the newest that is still there (SB-RDS-32)."""
    return max((s for s in shots if s.state not in ("failed", "deleted")), key=lambda s: s.original, default=None)


def complete(world: World, shot: DbSnapshot, at: float) -> None:
    """End `creating`: available, or failed where the key cannot be used by now."""
    if shot.state not in ("creating", "pending", "copying"):
        return
    shot.state = "failed" if kms.unusable(shot.storage.key) else "available"
    kind = "creation" if shot.type == "manual" else "backup"
    moves.note(world, shot, at, kind if shot.state == "available" else "failure", f"Snapshot {shot.state}")


def render(shot: DbSnapshot, now: float) -> dict[str, Any]:
    """Return a snapshot as creates and describes show it."""
    encryption = keys.shown(shot.storage)
    common = {
        **{k: v for k, v in shot.shown.items() if k not in ("created", "whole", "DBInstanceClass")},
        "SnapshotCreateTime": iso(shot.begun),
        "Status": shot.state,
        "SnapshotType": shot.type,
        "PercentProgress": _progress(shot, now),
        "StorageEncryptionType": encryption["StorageEncryptionType"],
        "KmsKeyId": encryption["KmsKeyId"],
        "TagList": tags.shown(shot.tags),
    }
    created = iso(shot.shown["created"])
    if shot.cluster:
        own = {
            "DBClusterSnapshotIdentifier": shot.id,
            "DBClusterIdentifier": shot.source_id,
            "DBClusterSnapshotArn": shot.arn,
            "DbClusterResourceId": shot.resource_id,
            "StorageEncrypted": encryption["StorageEncrypted"],
            "SourceDBClusterSnapshotArn": shot.copied_from,
            "ClusterCreateTime": created,
        }
    else:
        own = {
            "DBSnapshotIdentifier": shot.id,
            "DBInstanceIdentifier": shot.source_id,
            "DBSnapshotArn": shot.arn,
            "DbiResourceId": shot.resource_id,
            "Encrypted": encryption["StorageEncrypted"],
            "SourceDBSnapshotIdentifier": shot.copied_from,
            "SourceRegion": shot.source_region,
            "OriginalSnapshotCreateTime": iso(shot.original),
            "OptionGroupName": shot.option_group,
            "InstanceCreateTime": created,
            "SnapshotTarget": "region",
        }
    return {k: v for k, v in {**common, **own}.items() if v is not None}


def _progress(shot: DbSnapshot, now: float) -> int:
    if shot.state == "available":
        return 100
    if shot.ready <= shot.begun or shot.state == "pending":
        return 0
    return min(99, int(100 * (now - shot.begun) / (shot.ready - shot.begun) + 1e-6))


def delete(world: World, call: Call) -> dict[str, Any]:
    """DeleteDBSnapshot, DeleteDBClusterSnapshot: manual ones; it ends a copy that is under way, too."""
    of_cluster = "Cluster" in call.operation
    member, code = "DBSnapshotIdentifier", "InvalidDBSnapshotState"
    if of_cluster:
        member, code = "DBClusterSnapshotIdentifier", "InvalidDBClusterSnapshotStateFault"
    shot = lookups.own_snapshot(world, call, call.params[member], of_cluster)
    if shot.type != "manual":
        raise refuse("SB-RDS-11", code, "Only manual snapshots may be deleted.")
    if shot.state == "creating" and not shot.is_copy:
        raise refuse("SB-RDS-11", code, f"The snapshot is {shot.state}.")
    room = here(world, call)
    del (room.cluster_snapshots if of_cluster else room.snapshots)[shot.id]
    shot.state = "deleted"
    call.resource = shot.id
    moves.note(world, shot, call.at, "deletion", "Deleted manual snapshot")
    return {"DBClusterSnapshot" if of_cluster else "DBSnapshot": render(shot, call.at)}


def describe(world: World, call: Call) -> dict[str, Any]:
    """DescribeDBSnapshots, DescribeDBClusterSnapshots: one's own; shared ones only where they are asked for."""
    of_cluster, params = "Cluster" in call.operation, call.params
    noun = "DBCluster" if of_cluster else "DB"
    if ref := params.get(f"{noun}SnapshotIdentifier"):
        found = [lookups.snapshot(world, call, ref, of_cluster)]
    else:
        found = _visible(world, call, of_cluster)
    source = params.get("DBClusterIdentifier" if of_cluster else "DBInstanceIdentifier")
    wanted = {"resource_id": params.get("DbClusterResourceId" if of_cluster else "DbiResourceId")}
    wanted["source_id"] = lookups.name_of(source) if source else None
    found = [s for s in found if all(v in (None, getattr(s, k)) for k, v in wanted.items())]
    if params.get("SnapshotType") in ("manual", "automated", "awsbackup"):
        found = [s for s in found if s.type == params["SnapshotType"] and s.account == call.account]
    prefix = "db-cluster" if of_cluster else "db"
    known = {
        f"{prefix}-snapshot-id": lambda s: s.id,
        "db-cluster-id" if of_cluster else "db-instance-id": lambda s: s.source_id,
        "dbi-resource-id": lambda s: s.resource_id,
        "db-cluster-resource-id": lambda s: s.resource_id,
        "snapshot-type": lambda s: s.type,
        "engine": lambda s: s.shown["Engine"],
    }
    page, more = paged([world.overlaid(s.id, render(s, call.at)) for s in filtered(found, call, known)], call)
    return {f"{noun}Snapshots": page, **more}


def _visible(world: World, call: Call, of_cluster: bool) -> list[DbSnapshot]:
    def book(room: Books) -> list[DbSnapshot]:
        return list((room.cluster_snapshots if of_cluster else room.snapshots).values())

    kind, found = call.params.get("SnapshotType"), book(here(world, call))
    if kind == "shared":
        found = []
    if kind == "public":
        found = [s for s in found if "all" in s.shared_with]
    for room in everywhere(world):
        if room.account == call.account or room.region != call.region:
            continue
        if kind == "shared" or (call.params.get("IncludeShared") and kind != "public"):
            found += [s for s in book(room) if call.account in s.shared_with]
        if kind == "public" or (call.params.get("IncludePublic") and kind != "shared"):
            found += [s for s in book(room) if "all" in s.shared_with]
    return sorted((s for s in found if s.visible <= call.at), key=lambda s: s.seq)


OPERATIONS = {
    "rds:CreateDBSnapshot": create,
    "rds:CreateDBClusterSnapshot": create_of_cluster,
    "rds:DeleteDBSnapshot": delete,
    "rds:DeleteDBClusterSnapshot": delete,
    "rds:DescribeDBSnapshots": describe,
    "rds:DescribeDBClusterSnapshots": describe,
}
