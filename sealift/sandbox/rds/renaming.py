"""Renaming: the old name is gone, the new one works some minutes later, and what hangs on the thing goes with it."""

from sealift.sandbox.rds import lookups, moves, power
from sealift.sandbox.rds.refusals import refuse
from sealift.sandbox.rds.state import AnyDb, Cluster, Database, here
from sealift.sandbox.world import Call, World


def wanted(world: World, call: Call, db: AnyDb, name: str) -> str:
    """Return a new name that nothing bears or is about to bear, or refuse (R-RDS-28). One's own name is allowed."""
    of_cluster, room = isinstance(db, Cluster), here(world, call)
    if name.lower() != db.id:
        member = "NewDBClusterIdentifier" if of_cluster else "NewDBInstanceIdentifier"
        name = lookups.free(room, name, of_cluster, member)
    book: list[AnyDb] = [*(room.clusters if of_cluster else room.databases).values()]
    if any(d.next_name == name.lower() for d in book if d is not db):  # from the request on, not from its effect
        code = "DBClusterAlreadyExistsFault" if of_cluster else "DBInstanceAlreadyExists"
        raise refuse("R-RDS-28", code, f"{name} is about to be taken.")
    if db.blocked_by:
        code = "InvalidDBClusterStateFault" if of_cluster else "InvalidDBInstanceState"
        raise refuse("SB-BG-04", code, f"{db.id} belongs to the Blue/Green deployment {db.blocked_by}.")
    if not of_cluster:
        lookups.check_state(db, "SB-RDS-20", "available", "storage-optimization")
    if call.params.get("ApplyImmediately"):
        db.next_name = name.lower()
    return name.lower()


def begin(world: World, call: Call, db: AnyDb, name: str, at: float) -> None:
    """Rename: no connections from now on; an instance is rebooted under its new name (R-RDS-29)."""
    moves.cut(world, db)
    db.next_name = name
    d = world.durations
    seconds = d.cluster_rename_s if isinstance(db, Cluster) else d.db_rename_s

    def renamed(late: float) -> None:
        take(world, db, name)
        moves.note(world, db, late, "configuration change", f"Renamed to {name}")
        if isinstance(db, Database):
            power.restart(world, call, db, late)

    moves.through(world, call, db, "renaming", seconds, renamed, at)


def take(world: World, db: AnyDb, name: str) -> None:
    """Enter a thing under another name. Proxies, subscriptions and alarms go by name and stay with the old one."""
    room, old = moves.room_of(world, db), db.id
    if isinstance(db, Cluster):
        room.clusters.pop(old, None)
        room.clusters[name] = db
        for document in room.book("cluster-endpoint").values():
            if document["DBClusterIdentifier"] == old:
                document["DBClusterIdentifier"] = name
    else:
        room.databases.pop(old, None)
        room.databases[name] = db
        for document in room.book("cluster-endpoint").values():
            for member in ("StaticMembers", "ExcludedMembers"):
                document[member] = [name if m == old else m for m in document[member]]
    db.id, db.next_name = name, ""
