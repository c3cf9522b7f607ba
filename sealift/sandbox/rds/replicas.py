"""Read replicas: encrypted as their source is, renamed apart from it, promoted."""

from dataclasses import replace
from typing import Any

from sealift.sandbox.rds import building, flow, keys, lookups, moves, rendering
from sealift.sandbox.rds.refusals import refuse
from sealift.sandbox.rds.state import Database, Storage, Store
from sealift.sandbox.state import Hydration
from sealift.sandbox.world import Call, World

_INHERITED = [
    "DBInstanceClass",
    "AllocatedStorage",
    "StorageType",
    "Iops",
    "StorageThroughput",
    "Port",
    "MasterUsername",
    "DBName",
    "LicenseModel",
    "AutoMinorVersionUpgrade",
    "CharacterSetName",
    "Timezone",
    "PreferredMaintenanceWindow",
]


def create(world: World, call: Call) -> dict[str, Any]:
    """CreateDBInstanceReadReplica: of a source that keeps backups; a plain source has no encrypted replica (R-RDS-08)."""
    params = call.params
    source = _source(world, call)
    allowed = ("available", "storage-optimization", "backing-up", "modifying")
    lookups.check_state(source, "SB-RDS-17", *allowed, doing="a read replica")
    if not source.shown.get("BackupRetentionPeriod") and source.source is None:
        message = f"Automated backups are not enabled for this database instance: {source.id}"
        raise refuse("SB-RDS-17", "InvalidDBInstanceState", message)
    sqlserver = source.shown["Engine"].startswith("sqlserver")
    if source.secret and not sqlserver:
        message = "A read replica is not supported while RDS manages the master password."
        raise refuse("R-RDS-17", "InvalidDBInstanceState", message)
    if params.get("DBParameterGroupName") and not _takes_parameters(source, call.region):
        engine = source.shown["Engine"]
        message = (
            f"A parameter group can't be specified during Read Replica creation for the following DB engine: {engine}"
        )
        raise refuse("SB-RDS-64", "InvalidParameterCombination", message)
    db = follow(world, call, source, params["DBInstanceIdentifier"], storage(world, call, source))
    seconds = world.durations.db_restore_s
    start = call.at + seconds
    load = db.store.gib * 1024 / world.durations.db_restore_mib_per_s
    db.hydration = Hydration("default", start, start + load)
    building.arrive(world, call, db, seconds)
    moves.note(world, source, call.at, "read replica", f"Creating read replica {db.id}")
    return {"DBInstance": rendering.instance(world, db, call.at)}


def _takes_parameters(source: Database, region: str) -> bool:
    """Return whether a new replica can be told a parameter group (SB-RDS-64)."""
    engine = source.shown["Engine"]
    return engine.startswith(("oracle", "db2")) or (engine == "mysql" and source.region != region)


def _source(world: World, call: Call) -> Database:
    ref = call.params.get("SourceDBInstanceIdentifier")
    if not ref:
        raise refuse("SB-RDS-17", "InvalidParameterCombination", "The sandbox makes replicas of instances only.")
    far = replace(call, region=ref.split(":")[3]) if ref.startswith("arn:") else call
    return lookups.database(world, far, ref)


def storage(world: World, call: Call, source: Database) -> Storage:
    """Return a replica's encryption: none for a plain source; another key, or another Region's, where asked for."""
    ref = call.params.get("KmsKeyId")
    if source.storage.type != "sse-kms":
        if ref:
            message = "You cannot create an encrypted Read Replica from an unencrypted DB instance."
            raise refuse("R-RDS-08", "InvalidParameterCombination", message)
        return Storage()
    if ref:
        return Storage("sse-kms", keys.usable(world, call, ref))
    if source.region != call.region:
        message = "KmsKeyId of this Region is required for an encrypted cross-Region read replica."
        raise refuse("R-RDS-09", "InvalidParameterCombination", message)
    return source.storage


def follow(
    world: World, call: Call, source: Database, name: str, encryption: Storage, more: dict[str, Any] | None = None
) -> Database:
    """Enter a replica of `source`."""
    lag = world.durations.db_replica_lag_s
    inside = source.store
    store = Store("", inside.gib, inside.job, inside.inbound, kept=set(inside.kept), follows=inside, lag=lag)
    base = {k: source.shown[k] for k in _INHERITED if k in source.shown} | {"BackupRetentionPeriod": 0} | (more or {})
    same = source.region == call.region
    if same and not call.params.get("DBSubnetGroupName"):
        call.params["DBSubnetGroupName"] = source.subnet_group
    if same and not call.params.get("DBParameterGroupName"):
        call.params["DBParameterGroupName"] = source.parameter_group
    db = building.enter(
        world,
        call,
        name=name,
        engine=source.shown["Engine"],
        version=source.shown["EngineVersion"],
        storage=encryption,
        store=store,
        base=base,
    )
    db.source = source
    return db


def promote(world: World, call: Call) -> dict[str, Any]:
    """PromoteReadReplica: a reboot, and the replica goes its own way."""
    db = lookups.database(world, call, call.params["DBInstanceIdentifier"])
    if db.source is None:
        raise refuse("SB-RDS-17", "InvalidDBInstanceState", f"DB Instance {db.id} is not a read replica.")
    lookups.check_state(db, "SB-RDS-17", "available")
    db.shown["BackupRetentionPeriod"] = call.params.get("BackupRetentionPeriod", 1)
    if "PreferredBackupWindow" in call.params:
        db.shown["PreferredBackupWindow"] = call.params["PreferredBackupWindow"]

    def promoted(at: float) -> None:
        flow.detach(db.store, at)
        db.source = None
        moves.note(world, db, at, "read replica", "Replication for the Read Replica stopped")

    moves.through(world, call, db, "modifying", world.durations.db_modify_s, promoted)
    return {"DBInstance": rendering.instance(world, db, call.at)}


OPERATIONS = {"rds:CreateDBInstanceReadReplica": create, "rds:PromoteReadReplica": promote}
