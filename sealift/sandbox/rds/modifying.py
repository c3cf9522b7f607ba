"""ModifyDBInstance: what is changed at once, what waits for ApplyImmediately or the window, what waits for a reboot."""

from collections.abc import Callable, Mapping
from typing import Any

from sealift.sandbox.rds import (
    building,
    engines,
    flow,
    lookups,
    moves,
    network,
    options,
    parameters,
    power,
    renaming,
    rendering,
    secrets,
    shapes,
    storage_types,
)
from sealift.sandbox.rds.refusals import refuse
from sealift.sandbox.rds.state import AnyDb, Cluster, Database, here
from sealift.sandbox.rds.windows import next_window
from sealift.sandbox.world import Call, World

Apply = Callable[[Call, dict[str, Any]], None]
"""What applies changes, in whose name."""

STATES = (
    "available",
    "storage-optimization",
    "storage-full",
    "stopped",
    "incompatible-network",
)

DEFERRED = frozenset(
    [
        "AllocatedStorage",
        "BackupRetentionPeriod",
        "CACertificateIdentifier",
        "DBInstanceClass",
        "DedicatedLogVolume",
        "Engine",
        "EngineVersion",
        "IAMDatabaseAuthenticationEnabled",
        "Iops",
        "LicenseModel",
        "MultiAZ",
        "MultiTenant",
        "ProcessorFeatures",
        "StorageThroughput",
        "StorageType",
        "AdditionalStorageVolumes",
    ]
)
"""Members that wait for the maintenance window unless ApplyImmediately is given: those of PendingModifiedValues."""

SILENT = frozenset(
    [
        "DeletionProtection",
        "CopyTagsToSnapshot",
        "AutoMinorVersionUpgrade",
        "PreferredMaintenanceWindow",
        "PreferredBackupWindow",
        "MaxAllocatedStorage",
        "PromotionTier",
        "AwsBackupRecoveryPointArn",
        "EngineLifecycleSupport",
    ]
)
_SLOW = frozenset(["DBInstanceClass", "MultiAZ", "EngineVersion", "Engine", "StorageType", "AllocatedStorage"])
_RESTARTS = frozenset(["DBInstanceClass", "EngineVersion", "Engine", "Port", "ProcessorFeatures"])
_STORAGE = frozenset(["AllocatedStorage", "StorageType", "Iops", "StorageThroughput"])
_OF_CLUSTER = [
    "VpcSecurityGroupIds",
    "MasterUserPassword",
    "BackupRetentionPeriod",
    "PreferredBackupWindow",
    "EnableIAMDatabaseAuthentication",
    "StorageType",
    "AllocatedStorage",
    "EngineVersion",
    "ManageMasterUserPassword",
    "DeletionProtection",
    "DBPortNumber",
]
_LATE = frozenset(
    [
        "DatabaseInsightsMode",
        "PerformanceInsightsEnabled",
        "PerformanceInsightsKMSKeyId",
        "PerformanceInsightsRetentionPeriod",
    ]
)
"""Members that a describe shows only once they have been applied, although nothing is pending (SB-RDS-20)."""

_WORDS = {
    "MonitoringInterval": "configuring-enhanced-monitoring",
    "IAMDatabaseAuthenticationEnabled": "configuring-iam-database-auth",
    "EnabledCloudwatchLogsExports": "configuring-log-exports",
    "MasterUserPassword": "resetting-master-credentials",
}


def modify(world: World, call: Call) -> dict[str, Any]:
    """ModifyDBInstance: ApplyImmediately applies what the request says *and* all that is pending (R-RDS-13)."""
    params = call.params
    db = lookups.database(world, call, params["DBInstanceIdentifier"])
    lookups.check_state(db, "SB-RDS-20", *STATES)
    changes = changes_of(db, params)
    _check(world, call, db, changes)
    secrets.change(world, call, db)
    _groups(world, call, db)
    now = bool(params.get("ApplyImmediately"))
    if name := params.get("NewDBInstanceIdentifier"):
        changes["DBInstanceIdentifier"] = renaming.wanted(world, call, db, name)
    waiting = {} if now else {k: v for k, v in changes.items() if k in DEFERRED or k == "DBInstanceIdentifier"}
    at_once = {k: v for k, v in changes.items() if k not in waiting}
    if now:
        at_once = {**db.pending, **at_once}
        db.pending = {}
    elif waiting:
        db.pending.update({k: v for k, v in waiting.items() if v != db.shown.get(k)})
        in_window(world, db, call.at, lambda then, late: _apply(world, then, db, late))
    _apply(world, call, db, at_once)
    return {"DBInstance": rendering.instance(world, db, call.at)}


def changes_of(db: AnyDb, params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members that a modify changes, by their names in the reply."""
    kind = "cluster" if isinstance(db, Cluster) else "db"
    found = shapes.members(params, kind)
    if logs := params.get("CloudwatchLogsExportConfiguration"):
        had = set(db.shown.get("EnabledCloudwatchLogsExports", []))
        had |= set(logs.get("EnableLogTypes", []))
        found["EnabledCloudwatchLogsExports"] = sorted(had - set(logs.get("DisableLogTypes", [])))
    if params.get("MasterUserPassword"):
        found["MasterUserPassword"] = "****"
    if params.get("DisableDomain"):
        found["DomainMemberships"] = []
    return {k: v for k, v in found.items() if k != "Domain"}


def _check(world: World, call: Call, db: Database, changes: dict[str, Any]) -> None:
    params = call.params
    if not set(params) - {"DBInstanceIdentifier", "ApplyImmediately"}:
        raise refuse("SB-RDS-20", "InvalidParameterCombination", "No modifications were requested")
    if db.cluster and (wrong := [m for m in _OF_CLUSTER if m in params]):
        message = f"The specified DB Instance is a member of a cluster. Modify {wrong[0]} for the DB Cluster."
        raise refuse("SB-AUR-02", "InvalidParameterCombination", message)
    size, had = changes.get("AllocatedStorage"), db.shown.get("AllocatedStorage", 0)
    if size and (size < had or had < size < 1.1 * had):
        message = f"Invalid storage size: {size}. Storage is increased by 10 % or more and never made smaller."
        raise refuse("SB-RDS-15", "InvalidParameterCombination", message)
    storage_types.retype(db.shown, changes)
    storage_types.check({**db.shown, **changes}, params)
    if _STORAGE & set(changes) and db.state == "storage-optimization":
        message = "You can't currently modify the storage of this DB instance because the previous storage change is being optimized."
        raise refuse("SB-RDS-15", "InvalidParameterCombination", message)
    if changes.get("EngineVersion"):
        changes["EngineVersion"] = engines.version(db.shown["Engine"], changes["EngineVersion"])
    if db_class := changes.get("DBInstanceClass"):
        building.check_class(db.shown["Engine"], db_class, db.storage)
        building.check_transit(here(world, call), db.subnet_group, db_class)
    if params.get("DBParameterGroupName"):
        version = changes.get("EngineVersion", db.shown["EngineVersion"])
        room = here(world, call)
        parameters.check(room, parameters.GROUP, params["DBParameterGroupName"], db.shown["Engine"], version)


def _groups(world: World, call: Call, db: Database) -> None:
    room, params = here(world, call), call.params
    if asked := params.get("VpcSecurityGroupIds"):
        for group_id in asked:
            network.check_group(room, group_id)
        db.groups = list(asked)
        carry_later(world, call, [db])
    if (name := params.get("DBParameterGroupName")) and name != db.parameter_group:
        db.parameter_group, db.parameters_status = name, "applying"
        world.later(call, db.id, world.durations.db_parameters_s, lambda at: _wait_for_reboot(db))
    if name := params.get("OptionGroupName"):
        options.check_kept(room, db.option_group, name)
        db.option_group = options.check(room, name, db.shown["Engine"], db.shown["EngineVersion"])


def _wait_for_reboot(db: Database) -> None:
    if db.parameters_status == "applying":
        db.parameters_status = "pending-reboot"


def carry_later(world: World, call: Call, dbs: list[Database]) -> None:
    """Let network interfaces carry changed groups after some time: no status word tells when (SB-RDS-21)."""

    def carried(at: float) -> None:
        for db in dbs:
            network.carry(db)
            moves.refresh(world, db, at)

    world.later(call, dbs[0].id if dbs else "", world.durations.db_groups_s, carried)


def in_window(world: World, db: AnyDb, at: float, apply: Apply) -> None:
    """Apply what is pending in the next maintenance window that finds the database available (R-RDS-13)."""

    def begin(late: float) -> None:
        if not db.pending or db.state == "deleted":
            return
        if db.state != "available":
            in_window(world, db, late, apply)
            return
        changes, db.pending = db.pending, {}
        apply(Call("rds", "MaintenanceWindow", {}, db.account, db.region, late), changes)

    if db.pending:
        world.agenda.at(next_window(at, db.shown["PreferredMaintenanceWindow"]), begin)


def _apply(world: World, call: Call, db: Database, changes: dict[str, Any]) -> None:
    name = changes.pop("DBInstanceIdentifier", None)
    changes = {k: v for k, v in changes.items() if k == "MasterUserPassword" or db.shown.get(k) != v}
    silent = {
        k: v
        for k, v in changes.items()
        if k in SILENT or (k not in DEFERRED and k not in _WORDS and k not in _LATE and k != "Port")
    }
    db.shown.update(silent)
    loud = {k: v for k, v in changes.items() if k not in silent}
    if not loud and not name:
        return
    if db.state == "stopped":
        db.shown.update({k: v for k, v in loud.items() if k != "MasterUserPassword"})
        return
    moves.then(world, call, db, world.durations.db_modify_lag_s, lambda at: _begin(world, call, db, loud, name, at))


def _begin(world: World, call: Call, db: Database, loud: dict[str, Any], name: str | None, at: float) -> None:
    def done(late: float) -> None:
        turn = db.turn
        _take_effect(world, db, loud, late)
        if db.turn != turn:
            return
        if _STORAGE & set(loud):
            moves.through(world, call, db, "storage-optimization", world.durations.db_class_change_s, at=late)
        if name:
            renaming.begin(world, call, db, name, late)

    if not loud and name:
        renaming.begin(world, call, db, name, at)
        return
    d = world.durations
    word = next((_WORDS[k] for k in loud if k in _WORDS and len(loud) == 1), "modifying")
    moves.through(world, call, db, word, d.db_class_change_s if _SLOW & set(loud) else d.db_modify_s, done, at)


def _take_effect(world: World, db: Database, loud: dict[str, Any], at: float) -> None:
    db.shown.update({k: v for k, v in loud.items() if k != "MasterUserPassword"})
    if _RESTARTS & set(loud):
        flow.end_sessions(moves.room_of(world, db), db)
        if not power.fresh(world, db, at):
            return
    if "MultiAZ" in loud:
        network.unplug(db)
        network.plug(moves.room_of(world, db), db)
    moves.note(world, db, at, "configuration change", f"Finished applying modification to {', '.join(sorted(loud))}")


OPERATIONS = {"rds:ModifyDBInstance": modify}
