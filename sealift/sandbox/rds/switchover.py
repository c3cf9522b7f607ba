"""SwitchoverBlueGreenDeployment: writes stop, green catches up, names change hands, and blue is left read-only."""

from typing import Any

from sealift.sandbox import kms
from sealift.sandbox.rds import blue_green, flow, moves, proxies, renaming
from sealift.sandbox.rds.refusals import refuse
from sealift.sandbox.rds.state import AnyDb, Books, Cluster, Database, Deployment
from sealift.sandbox.world import Call, World


def switch(world: World, call: Call) -> dict[str, Any]:
    """SwitchoverBlueGreenDeployment: longer than SwitchoverTimeout (30 to 3,600 s; 300) and all is put back."""
    found = blue_green.find(world, call)
    timeout = call.params.get("SwitchoverTimeout", 300)
    if not 30 <= timeout <= 3600:
        raise refuse("SB-BG-06", "InvalidParameterValue", f"SwitchoverTimeout {timeout} is not between 30 and 3600.")
    if found.status not in ("AVAILABLE", "SWITCHOVER_FAILED"):
        message = f"The deployment is in the {found.status} state."
        raise refuse("SB-BG-06", "InvalidBlueGreenDeploymentStateFault", message)
    _check_members(found)
    found.status, found.details = "SWITCHOVER_IN_PROGRESS", None
    for pair in found.pairs:
        pair.status = "SWITCHOVER_IN_PROGRESS"
    before = {id(x): x.state for p in found.pairs for x in (p.blue, p.green)}
    for pair in found.pairs:
        for db in (pair.blue, pair.green):
            moves.cut(world, db)
            moves.become(world, db, "renaming", call.at)
    lag = found.pairs[0].green.store.lag
    seconds = world.durations.switchover_s + max(0.0, lag - world.durations.db_replica_lag_s)
    found.switchovers += 1
    this = found.switchovers

    def put_back(at: float) -> None:
        if (found.status, found.switchovers) == ("SWITCHOVER_IN_PROGRESS", this):
            _put_back(world, found, before, at)

    def done(at: float) -> None:
        if (found.status, found.switchovers) == ("SWITCHOVER_IN_PROGRESS", this):
            _done(world, found, at)

    if seconds > timeout:
        world.later(call, found.id, timeout, put_back)
    elif world.later(call, found.id, seconds, done) > call.at + timeout:  # a fault has made it late
        world.agenda.at(call.at + timeout, put_back)
    return {"BlueGreenDeployment": blue_green.render(found)}


def _check_members(found: Deployment) -> None:
    for pair in found.pairs:
        for db in (pair.blue, pair.green):
            if db.state != "available" or kms.unusable(db.storage.key):
                message = f"{db.id} is {db.state}: all members must be available."
                raise refuse("SB-BG-06", "InvalidBlueGreenDeploymentStateFault", message)


def _put_back(world: World, found: Deployment, before: dict[int, str], at: float) -> None:
    found.status, found.details = "SWITCHOVER_FAILED", "The switchover timed out and was rolled back."
    for pair in found.pairs:
        pair.status = "SWITCHOVER_FAILED"
        for db in (pair.blue, pair.green):
            moves.become(world, db, before[id(db)], at)


def _done(world: World, found: Deployment, at: float) -> None:
    room = world.rooms["rds", found.account, found.region]
    for pair in found.pairs:
        name, old = pair.blue.id, _old_name(room, pair.blue)
        if isinstance(pair.blue, Cluster) and isinstance(pair.green, Cluster):
            _swap_endpoints(room, pair.blue, pair.green)
        renaming.take(world, pair.blue, old)
        renaming.take(world, pair.green, name)
        proxies.follow(room, name, pair.green)
        pair.green.shown["DeletionProtection"] = pair.blue.shown.get("DeletionProtection", False)
        pair.status = "SWITCHOVER_COMPLETED"
    _let_go(found.pairs[0].green, at)
    for pair in found.pairs:
        _read_only(pair.blue)
    for pair in found.pairs:
        for db in (pair.green, pair.blue):
            moves.become(world, db, "available", at)
        moves.note(world, pair.green, at, "notification", "Switchover to the green environment completed")
    found.status = "SWITCHOVER_COMPLETED"


def _old_name(room: Books, blue: AnyDb) -> str:
    book: dict[str, Any] = {**(room.clusters if isinstance(blue, Cluster) else room.databases)}
    n = 1
    while f"{blue.id[:57]}-old{n}" in book:
        n += 1
    return f"{blue.id[:57]}-old{n}"


def _let_go(green: AnyDb, at: float) -> None:
    """Let green be a primary: it has all that blue acknowledged."""
    blue = green.store.follows
    flow.detach(green.store, at)
    green.store.green = False
    if blue:
        green.store.held = blue.contents(at)
    if isinstance(green, Database):
        green.source = None


def _read_only(blue: AnyDb) -> None:
    """Leave blue read-only until it is rebooted (SB-BG-07); the jobs inside it run on (SB-BG-30)."""
    for db in blue.members if isinstance(blue, Cluster) else [blue]:
        if isinstance(db, Database):
            db.memory |= {"read_only", "switched"}


def _swap_endpoints(room: Books, blue: Cluster, green: Cluster) -> None:
    book = room.book("cluster-endpoint")
    for old in [d for d in book.values() if d["DBClusterIdentifier"] == blue.id]:
        name = old["DBClusterEndpointIdentifier"]
        new = next(
            (d for k, d in book.items() if d["DBClusterIdentifier"] == green.id and k.startswith(name + "-green-")),
            None,
        )
        if new is None:
            continue
        book.pop(new["DBClusterEndpointIdentifier"])
        book[f"{name}-old1"] = old | {
            "DBClusterEndpointIdentifier": f"{name}-old1",
            "Endpoint": old["Endpoint"].replace(name, f"{name}-old1", 1),
        }
        book[name] = new | {"DBClusterEndpointIdentifier": name}


OPERATIONS = {"rds:SwitchoverBlueGreenDeployment": switch}
