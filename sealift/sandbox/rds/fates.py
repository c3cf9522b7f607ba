"""Databases and snapshots that end in their failed states, because a fault says so."""

from sealift.sandbox.rds import keys, moves
from sealift.sandbox.rds.state import AnyDb, DbSnapshot, here
from sealift.sandbox.world import Call, World


def _named(world: World, call: Call, resource: str) -> AnyDb | DbSnapshot | None:
    room = here(world, call)
    books = (room.databases, room.clusters, room.snapshots, room.cluster_snapshots)
    return next((book[resource] for book in books if resource in book), None)


def key_of(world: World, call: Call, resource: str) -> str | None:
    """Return the ARN of the key that a database, cluster or snapshot is under."""
    thing = _named(world, call, resource)
    return thing.storage.key if thing else None


def fail(world: World, call: Call, resource: str, at: float) -> bool:
    """Let what is being created fail, and say so; what is in another state has no failed one."""
    thing = _named(world, call, resource)
    if thing is None or thing.state not in ("creating", "pending"):
        return False
    if isinstance(thing, DbSnapshot):
        thing.state = "failed"
    else:
        moves.become(world, thing, "incompatible-restore" if "Restore" in call.name else "failed", at)
    return True


def key_off(world: World, at: float) -> None:
    """Note that a key has changed its state."""
    keys.looked_at(world, at)
