"""RestoreDBClusterFromSnapshot: the one place where a cluster gets a key; …ToPointInTime: no key for a plain source."""

from typing import Any

from sealift.sandbox.rds import clusters, engines, keys, lookups, restores
from sealift.sandbox.rds.refusals import refuse
from sealift.sandbox.rds.state import Cluster, Storage, Store, clipped
from sealift.sandbox.world import Call, World

_INHERITED = ["AllocatedStorage", "MasterUsername", "DatabaseName", "BackupRetentionPeriod", "Port"]


def from_snapshot(world: World, call: Call) -> dict[str, Any]:
    """RestoreDBClusterFromSnapshot: KmsKeyId encrypts; without EngineVersion it is the Region's default (R-RDS-46)."""
    params = call.params
    ref = params["SnapshotIdentifier"]
    of_cluster = ":snapshot:" not in ref
    shot = lookups.snapshot(world, call, ref, of_cluster)
    if shot.state != "available":
        code = "InvalidDBClusterSnapshotStateFault" if of_cluster else "InvalidDBSnapshotState"
        raise refuse("SB-RDS-11", code, f"The snapshot is not in the available state: it is {shot.state}.")
    if shot.account != call.account and shot.storage.type == "sse-kms":
        message = "A shared snapshot that is encrypted is copied first, and the copy restored."
        raise refuse("R-RDS-37", "InvalidParameterCombination", message)
    keys.check_source(shot.storage)
    engine = params["Engine"]
    if of_cluster and engine != shot.shown["Engine"]:
        message = f"The snapshot is of {shot.shown['Engine']}, not of {engine}."
        raise refuse("SB-RDS-04", "InvalidParameterCombination", message)
    if params.get("EngineVersion"):
        engines.check_offered(engine, params["EngineVersion"])
    storage = (
        Storage("sse-kms", keys.usable(world, call, params["KmsKeyId"])) if params.get("KmsKeyId") else shot.storage
    )
    base = {k: shot.shown[k] for k in _INHERITED if k in shot.shown}
    _no_backtrack_gained(params, shot.shown["Engine"])
    cluster = clusters.enter(world, call, engine, params.get("EngineVersion"), storage, restores.store_of(shot), base)
    clusters.arrive(world, call, cluster, world.durations.cluster_restore_s)
    return {"DBCluster": clusters.render(world, cluster, call.at)}


def _no_backtrack_gained(params: dict[str, Any], engine: str) -> None:
    if params.get("BacktrackWindow") and engine != "aurora-mysql":
        raise refuse("SB-AUR-03", "InvalidParameterCombination", f"Backtrack is not supported for {engine}.")


def to_point_in_time(world: World, call: Call) -> dict[str, Any]:
    """RestoreDBClusterToPointInTime: a key for an unencrypted source is rejected; also how a clone is made."""
    params = call.params
    source = lookups.cluster(world, call, params.get("SourceDBClusterIdentifier", ""))
    if params.get("KmsKeyId") and source.storage.type == "none":
        message = "The source cluster is not encrypted: KmsKeyId cannot be specified."
        raise refuse("SB-AUR-07", "InvalidParameterCombination", message)
    keys.check_source(source.storage)
    storage = (
        Storage("sse-kms", keys.usable(world, call, params["KmsKeyId"])) if params.get("KmsKeyId") else source.storage
    )
    engine = source.shown["Engine"]
    if not engines.is_aurora(engine) and not params.get("DBClusterInstanceClass"):
        params["DBClusterInstanceClass"] = source.shown.get("DBClusterInstanceClass")
    base = {k: source.shown[k] for k in _INHERITED if k in source.shown}
    store = _store(call, source)
    cluster = clusters.enter(world, call, engine, source.shown["EngineVersion"], storage, store, base)
    clusters.arrive(world, call, cluster, world.durations.cluster_restore_s)
    return {"DBCluster": clusters.render(world, cluster, call.at)}


def _store(call: Call, source: Cluster) -> Store:
    old = source.store
    held = clipped(old.contents(call.at), _moment(call, source))
    return Store("", old.gib, old.job, old.inbound, held, kept=set(old.kept))


def _moment(call: Call, source: Cluster) -> float:
    """Return the time that is restored; a clone has what is there now, and takes no other time."""
    if call.params.get("RestoreType") != "copy-on-write":
        return restores.until(call, source, "RestoreToTime")
    if call.params.get("RestoreToTime"):
        message = "RestoreToTime cannot be specified when RestoreType is copy-on-write."
        raise refuse("SB-RDS-14", "InvalidParameterCombination", message)
    return call.at


OPERATIONS = {
    "rds:RestoreDBClusterFromSnapshot": from_snapshot,
    "rds:RestoreDBClusterToPointInTime": to_point_in_time,
}
