"""CreateDBInstance, DeleteDBInstance, DescribeDBInstances."""

from typing import Any

from sealift.sandbox.rds import (
    backups,
    building,
    engines,
    flow,
    keys,
    lookups,
    moves,
    network,
    rendering,
    secrets,
    snapshots,
)
from sealift.sandbox.rds.paging import filtered, paged
from sealift.sandbox.rds.refusals import refuse
from sealift.sandbox.rds.state import AnyDb, Cluster, Database, Store, here
from sealift.sandbox.world import Call, World


def create(world: World, call: Call) -> dict[str, Any]:
    """CreateDBInstance: on its own, or as a member of a cluster that is `available`."""
    params = call.params
    if params.get("DBClusterIdentifier"):
        return {"DBInstance": rendering.instance(world, _member(world, call), call.at)}
    engine = params.get("Engine", "")
    if engines.is_aurora(engine):
        raise refuse("SB-RDS-04", "InvalidParameterCombination", f"{engine} needs DBClusterIdentifier.")
    version = engines.version(engine, params.get("EngineVersion"))
    base: dict[str, Any] = {"BackupRetentionPeriod": 1}
    if not params.get("AllocatedStorage"):
        raise refuse("SB-RDS-07", "InvalidParameterValue", "Invalid storage size for engine name: 0")
    db = building.enter(
        world,
        call,
        name=params["DBInstanceIdentifier"],
        engine=engine,
        version=version,
        storage=keys.wanted(world, call),
        store=Store("", gib=params["AllocatedStorage"]),
        base=base,
    )
    building.arrive(world, call, db, world.durations.db_create_s)
    return {"DBInstance": rendering.instance(world, db, call.at)}


def _member(world: World, call: Call) -> Database:
    params = call.params
    cluster = lookups.cluster(world, call, params["DBClusterIdentifier"])
    if params.get("Engine") != cluster.shown["Engine"]:
        message = (
            f"The engine name requested for your DB instance ({params.get('Engine')}) doesn't match the cluster's."
        )
        raise refuse("SB-RDS-04", "InvalidParameterCombination", message)
    lookups.check_state(cluster, "SB-AUR-01", "available")
    for member in ("MasterUsername", "MasterUserPassword", "VpcSecurityGroupIds", "StorageEncrypted", "KmsKeyId"):
        if member in params:
            message = f"The requested DB Instance will be a member of a DB Cluster. Set {member} for the DB Cluster."
            raise refuse("SB-AUR-02", "InvalidParameterCombination", message)
    if params.get("DBInstanceClass") == "db.serverless" and not cluster.shown.get("ServerlessV2ScalingConfiguration"):
        message = "Set the Serverless v2 scaling configuration on the parent DB cluster before creating a Serverless v2 DB instance."
        raise refuse("SB-AUR-08", "InvalidDBClusterStateFault", message)
    db = new_member(world, call, cluster)
    building.arrive(world, call, db, world.durations.db_create_s)
    return db


def new_member(world: World, call: Call, cluster: Cluster) -> Database:
    """Enter a member; the first is the writer."""
    db = building.enter(
        world,
        call,
        name=call.params["DBInstanceIdentifier"],
        engine=cluster.shown["Engine"],
        version=cluster.shown["EngineVersion"],
        storage=cluster.storage,
        base={"PromotionTier": 1, "CopyTagsToSnapshot": cluster.shown.get("CopyTagsToSnapshot", False)},
        cluster=cluster,
    )
    cluster.members.append(db)
    cluster.writer = cluster.writer or db
    return db


def delete(world: World, call: Call) -> dict[str, Any]:
    """DeleteDBInstance: a final snapshot or a word that none is wanted; automated backups go unless told (R-RDS-30)."""
    params = call.params
    db = lookups.database(world, call, params["DBInstanceIdentifier"])
    check_delete(db, params, final=db.cluster is None and db.source is None)
    if db.cluster and db.cluster.multi_az:
        raise refuse("SB-AUR-03", "InvalidDBClusterStateFault", "Delete the Multi-AZ DB cluster, not its members.")
    if name := params.get("FinalDBSnapshotIdentifier"):
        lookups.check_state(db, "SB-RDS-13", *snapshots.TAKEN_IN, "stopped", doing="a final snapshot")
        name = snapshots.free(world, call, name, of_cluster=False)
        copied = db.tags if db.shown.get("CopyTagsToSnapshot") else {}
        snapshots.shoot(world, call, db, name, copied)
    remove(world, call, db, params.get("DeleteAutomatedBackups", True))
    return {"DBInstance": rendering.instance(world, db, call.at)}


def check_delete(db: AnyDb, params: dict[str, Any], *, final: bool) -> None:
    """Refuse a delete: protected, already under way, in a Blue/Green deployment, or nothing said of a final snapshot."""
    noun = "DB Cluster" if isinstance(db, Cluster) else "DB Instance"
    code = "InvalidDBClusterStateFault" if isinstance(db, Cluster) else "InvalidDBInstanceState"
    if db.shown.get("DeletionProtection"):
        message = f"Cannot delete protected {noun}, please disable deletion protection and try again."
        raise refuse("R-RDS-30", "InvalidParameterCombination", message)
    if db.state == "deleting":
        raise refuse("SB-RDS-13", code, f"{noun} {db.id} is already being deleted.")
    if db.blocked_by:
        raise refuse("SB-BG-04", code, f"{noun} {db.id} belongs to the Blue/Green deployment {db.blocked_by}.")
    skip, named = params.get("SkipFinalSnapshot"), params.get("FinalDBSnapshotIdentifier")
    if skip and named:
        message = "FinalDBSnapshotIdentifier can not be specified when deleting with SkipFinalSnapshot."
        raise refuse("SB-RDS-13", "InvalidParameterCombination", message)
    if final and not skip and not named:
        message = "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified."
        raise refuse("SB-RDS-13", "InvalidParameterCombination", message)
    if not final and named:
        message = "A final snapshot cannot be taken of a read replica or of a member of a cluster."
        raise refuse("SB-RDS-13", "InvalidParameterCombination", message)


def remove(world: World, call: Call, db: Database, delete_backups: bool = True, seconds: float | None = None) -> None:
    """Let an instance go: it takes no connections from now on."""
    room = moves.room_of(world, db)
    flow.end_sessions(room, db)
    moves.become(world, db, "deleting", call.at)

    def gone(at: float) -> None:
        if db.cluster is None:
            flow.end_all(world, room, db.store, at)
        for replica in rendering.replicas_of(world, db):
            flow.detach(replica.store, at)
            replica.source = None
        _leave_cluster(world, db, at)
        if db.cluster is None:
            backups.end(world, room, db, at, delete_backups)
            secrets.drop(db)
        network.unplug(db)
        room.databases.pop(db.id, None)
        db.state = "deleted"
        moves.note(world, db, at, "deletion", "DB instance deleted")
        moves.refresh(world, db, at)

    moves.then(world, call, db, world.durations.db_delete_s if seconds is None else seconds, gone)


def _leave_cluster(world: World, db: Database, at: float) -> None:
    cluster = db.cluster
    if cluster is None or db not in cluster.members:
        return
    cluster.members.remove(db)
    if cluster.writer is db:
        heirs = sorted(cluster.members, key=lambda m: (m.state != "available", m.shown.get("PromotionTier", 1), m.seq))
        cluster.writer = heirs[0] if heirs else None
        if heirs:
            moves.note(world, cluster, at, "failover", f"Completed failover to DB instance: {heirs[0].id}")


KNOWN: dict[str, Any] = {
    "db-instance-id": lambda d: d.id,
    "dbi-resource-id": lambda d: d.resource_id,
    "db-cluster-id": lambda d: d.cluster.id if d.cluster else None,
    "engine": lambda d: d.shown["Engine"],
    "domain": lambda d: [m["Domain"] for m in d.shown.get("DomainMemberships", [])],
}


def describe(world: World, call: Call) -> dict[str, Any]:
    """DescribeDBInstances: by identifier or ARN (refused where there is none), by filter, by page."""
    room = here(world, call)
    if ref := call.params.get("DBInstanceIdentifier"):
        found = [lookups.database(world, call, ref)]
    else:
        found = sorted((d for d in room.databases.values() if d.visible <= call.at), key=lambda d: d.seq)
    page, more = paged(filtered(found, call, KNOWN), call)
    return {"DBInstances": [rendering.instance(world, d, call.at) for d in page], **more}


OPERATIONS = {
    "rds:CreateDBInstance": create,
    "rds:DeleteDBInstance": delete,
    "rds:DescribeDBInstances": describe,
}
