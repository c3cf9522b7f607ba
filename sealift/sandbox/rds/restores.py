"""RestoreDBInstanceFromDBSnapshot and …ToPointInTime: no key to be had here, and defaults that are traps."""

from typing import Any

from sealift.sandbox.rds import backups, building, engines, keys, lookups, options, rendering
from sealift.sandbox.rds.refusals import refuse
from sealift.sandbox.rds.state import AnyDb, Database, DbSnapshot, Storage, Store, books, clipped, here
from sealift.sandbox.state import Hydration
from sealift.sandbox.world import Call, World

INHERITED = [
    "DBInstanceClass",
    "AllocatedStorage",
    "Port",
    "MasterUsername",
    "DBName",
    "LicenseModel",
    "BackupRetentionPeriod",
    "CharacterSetName",
    "NcharCharacterSetName",
    "Timezone",
    "ProcessorFeatures",
    "MultiTenant",
    "TdeCredentialArn",
    "DBSystemId",
]
"""All that a restored instance has from its snapshot; everything else is as AWS has it by default (R-RDS-47)."""


def from_snapshot(world: World, call: Call) -> dict[str, Any]:
    """RestoreDBInstanceFromDBSnapshot: under the snapshot's key, or plain; KmsKeyId is no member of the request."""
    params = call.params
    of_cluster = bool(params.get("DBClusterSnapshotIdentifier"))
    ref = params.get("DBClusterSnapshotIdentifier") or params.get("DBSnapshotIdentifier")
    if not ref:
        raise refuse("SB-RDS-07", "InvalidParameterCombination", "DBSnapshotIdentifier is required.")
    shot = lookups.snapshot(world, call, ref, of_cluster)
    if shot.state != "available":
        code = "InvalidDBClusterSnapshotStateFault" if of_cluster else "InvalidDBSnapshotState"
        raise refuse("SB-RDS-11", code, f"The snapshot is not in the available state: it is {shot.state}.")
    if shot.account != call.account and shot.storage.type == "sse-kms":
        message = "A shared snapshot that is encrypted is copied first, and the copy restored."
        raise refuse("R-RDS-37", "InvalidParameterCombination", message)
    if shot.region != call.region:
        raise refuse("SB-RDS-02", "DBSnapshotNotFound", f"DBSnapshot not found: {ref}")
    keys.check_source(shot.storage)
    options.check_kept(books(world, shot.account, shot.region), shot.option_group, params.get("OptionGroupName"))
    db = _restore(world, call, params["DBInstanceIdentifier"], shot.shown, shot.storage, store_of(shot))
    if params.get("CopyTags") and not params.get("Tags"):
        db.tags = dict(shot.tags)
    return {"DBInstance": rendering.instance(world, db, call.at)}


def store_of(shot: DbSnapshot) -> Store:
    """Return the data of a snapshot as those of a new database: jobs, pulls and stored settings are in them."""
    return Store("", int(shot.shown["whole"] / 1024), shot.job, shot.inbound, shot.held, kept=set(shot.kept))


def to_point_in_time(world: World, call: Call) -> dict[str, Any]:
    """RestoreDBInstanceToPointInTime: under the source's key."""
    params, room = call.params, here(world, call)
    if params.get("SourceDbiResourceId"):
        found = [d for d in room.databases.values() if d.resource_id == params["SourceDbiResourceId"]]
        if not found:
            raise refuse("SB-RDS-02", "DBInstanceNotFound", "The source DB instance was not found.")
        source = found[0]
    else:
        source = lookups.database(world, call, params.get("SourceDBInstanceIdentifier", ""))
    if not source.shown.get("BackupRetentionPeriod"):
        message = f"Point In Time Restore is not enabled for {source.id}"
        raise refuse("SB-RDS-14", "PointInTimeRestoreNotEnabled", message)
    keys.check_source(source.storage)
    moment = until(call, source, "RestoreTime")
    options.check_kept(room, source.option_group, params.get("OptionGroupName"))
    store = Store("", source.store.gib, source.store.job, source.store.inbound, kept=set(source.store.kept))
    store.held = clipped(source.store.contents(call.at), moment)
    db = _restore(world, call, params["TargetDBInstanceIdentifier"], source.shown, source.storage, store)
    return {"DBInstance": rendering.instance(world, db, call.at)}


def until(call: Call, source: AnyDb, member: str) -> float:
    """Return the time that a restore asks for: the latest there is, or one between the oldest backup and that."""
    latest, asked = max(source.ready, call.at - 300), call.params.get(member)
    newest = bool(call.params.get("UseLatestRestorableTime"))
    if newest == (asked is not None):
        message = f"Specify one of {member} and UseLatestRestorableTime."
        raise refuse("SB-RDS-14", "InvalidParameterCombination", message)
    if asked is None:
        return latest
    if not backups.earliest(source, call.at) <= asked.timestamp() <= latest:
        message = "The specified time is not between the earliest and the latest restorable time."
        raise refuse("SB-RDS-14", "InvalidParameterValue", message)
    return float(asked.timestamp())


def _restore(world: World, call: Call, name: str, old: dict[str, Any], storage: Storage, store: Store) -> Database:
    params, engine = call.params, call.params.get("Engine") or old["Engine"]
    _check(params, old, engine)
    engines.check_offered(engine, old["EngineVersion"])
    base = {k: old[k] for k in INHERITED if k in old}
    version = engines.version(engine, old["EngineVersion"])
    db = building.enter(
        world, call, name=name, engine=engine, version=version, storage=storage, store=store, base=base, backup=old
    )
    seconds = world.durations.db_restore_s
    start, load = call.at + seconds, store.gib * 1024 / world.durations.db_restore_mib_per_s
    db.hydration = Hydration("default", start, start + load)
    building.arrive(world, call, db, seconds)
    return db


def _check(params: dict[str, Any], old: dict[str, Any], engine: str) -> None:
    if params.get("AllocatedStorage", old.get("AllocatedStorage", 0)) < old.get("AllocatedStorage", 0):
        raise refuse("SB-RDS-15", "InvalidParameterValue", "The storage of a restored instance cannot be smaller.")
    if params.get("ManageMasterUserPassword") and not engine.startswith("oracle"):
        message = f"ManageMasterUserPassword at a restore is not supported for {engine}."
        raise refuse("R-RDS-17", "InvalidParameterCombination", message)
    kept = params.get("BackupRetentionPeriod", old.get("BackupRetentionPeriod"))
    if engine.startswith("sqlserver") and params.get("MultiAZ") and not kept:
        message = "Mirroring cannot be applied to instances with backup retention set to zero."
        raise refuse("SB-RDS-16", "InvalidParameterValue", message)


OPERATIONS = {
    "rds:RestoreDBInstanceFromDBSnapshot": from_snapshot,
    "rds:RestoreDBInstanceToPointInTime": to_point_in_time,
}
