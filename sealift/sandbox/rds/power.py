"""Reboot, stop, start: a reboot ends connections and applies what was pending; a stop lasts seven days at most."""

from typing import Any

from sealift.sandbox import kms
from sealift.sandbox.rds import flow, lookups, moves, parameters, rendering
from sealift.sandbox.rds.refusals import refuse
from sealift.sandbox.rds.state import AnyDb, Cluster, Database
from sealift.sandbox.world import Call, World


def reboot(world: World, call: Call) -> dict[str, Any]:
    """RebootDBInstance."""
    db = lookups.database(world, call, call.params["DBInstanceIdentifier"])
    lookups.check_state(db, "SB-RDS-18", "available", "storage-optimization", "incompatible-parameters")
    if call.params.get("ForceFailover") and not db.shown.get("MultiAZ"):
        message = "ForceFailover cannot be specified since the instance is not configured for either MultiAZ or High Availability"
        raise refuse("SB-RDS-18", "InvalidParameterCombination", message)
    _check_key(db)
    restart(world, call, db)
    return {"DBInstance": rendering.instance(world, db, call.at)}


def _check_key(db: AnyDb) -> None:
    if kms.unusable(db.storage.key):
        raise refuse("R-RDS-14", "KMSKeyNotAccessibleFault", f"The KMS key [{db.storage.key}] is not accessible.")


def restart(world: World, call: Call, db: Database, at: float | None = None, state: str = "rebooting") -> float:
    """End all connections; come back with the parameters that the groups say. Return when."""
    room = moves.room_of(world, db)
    flow.end_sessions(room, db)

    def back(late: float) -> None:
        if fresh(world, db, late):
            moves.note(world, db, late, "availability", "DB instance restarted")

    return moves.through(world, call, db, state, world.durations.db_reboot_s, back, at)


def fresh(world: World, db: Database, at: float) -> bool:
    """Let the engine start: memory is gone, parameters are those of the groups. Say whether it can (SB-RDS-33)."""
    db.memory.clear()
    parameters.apply_all(moves.room_of(world, db), db)
    if parameters.fits(db):
        return True
    moves.note(world, db, at, "failure", "DB instance put into incompatible-parameters: they need too much memory")
    moves.become(world, db, "incompatible-parameters", at)
    return False


def stop(world: World, call: Call) -> dict[str, Any]:
    """StopDBInstance: not for members, replicas and their sources; it starts by itself after 7 days (R-RDS-12)."""
    db = lookups.database(world, call, call.params["DBInstanceIdentifier"])
    if db.cluster:
        message = "Stop the DB cluster, not its members."
        raise refuse("SB-RDS-19", "InvalidDBClusterStateFault", message)
    if db.source or rendering.replicas_of(world, db):
        message = "An instance that has or is a read replica cannot be stopped."
        raise refuse("SB-RDS-19", "InvalidDBInstanceState", message)
    lookups.check_state(db, "SB-RDS-19", "available")
    down(world, call, db)
    return {"DBInstance": rendering.instance(world, db, call.at)}


def down(world: World, call: Call, db: AnyDb) -> None:
    """Stop an instance or cluster, and let it start after seven days."""
    moves.cut(world, db)

    def stopped(at: float) -> None:
        db.restart_at = at + world.durations.db_stopped_most_s
        moves.become(world, db, "stopped", at)
        turn = db.turn

        def by_itself(late: float) -> None:
            if db.turn == turn:
                moves.note(world, db, late, "notification", "Started: it has been stopped for the maximum time.")
                up(world, Call("rds", "AutomaticRestart", {}, db.account, db.region, late), db)

        world.agenda.at(db.restart_at, by_itself)

    moves.through(world, call, db, "stopping", world.durations.db_stop_s, stopped, to="stopped")


def start(world: World, call: Call) -> dict[str, Any]:
    """StartDBInstance: a stopped one, or one whose key can be used again (R-RDS-34)."""
    db = lookups.database(world, call, call.params["DBInstanceIdentifier"])
    if db.cluster:
        raise refuse("SB-RDS-19", "InvalidDBClusterStateFault", "Start the DB cluster, not its members.")
    check_start(db)
    up(world, call, db)
    return {"DBInstance": rendering.instance(world, db, call.at)}


def check_start(db: AnyDb) -> None:
    """Refuse a start: wrong state, or the key is still not to be used."""
    lookups.check_state(db, "SB-RDS-19", "stopped", "inaccessible-encryption-credentials-recoverable")
    _check_key(db)


def up(world: World, call: Call, db: AnyDb) -> None:
    """Start an instance, or a cluster with its members."""
    db.restart_at = None

    def started(at: float) -> None:
        for one in db.members if isinstance(db, Cluster) else [db]:
            if isinstance(one, Database):
                fresh(world, one, at)
        moves.note(world, db, at, "notification", "Started")

    moves.through(world, call, db, "starting", world.durations.db_start_s, started)


OPERATIONS = {"rds:RebootDBInstance": reboot, "rds:StopDBInstance": stop, "rds:StartDBInstance": start}
