"""How a database gets from one state to the next, and the notes about it that DescribeEvents shows."""

from collections.abc import Callable
from dataclasses import replace

from sealift.sandbox.rds import flow
from sealift.sandbox.rds.state import AnyDb, Books, Cluster, Database, DbSnapshot, books
from sealift.sandbox.world import Call, World, iso

Happen = Callable[[float], None]


def become(world: World, db: AnyDb, state: str, at: float) -> None:
    """Change a state; whatever was on its way from the one before is void."""
    db.state = state
    db.turn += 1
    flow.refresh(world, db.account, db.region, at, db)


def refresh(world: World, db: AnyDb, at: float) -> None:
    """Settle anew who writes where in the Region of `db`."""
    flow.refresh(world, db.account, db.region, at)


def then(world: World, call: Call, db: AnyDb, seconds: float, happen: Happen, at: float | None = None) -> float:
    """Let something happen to `db` after a time, unless its state has changed by then; return when."""
    turn = db.turn

    def unless_overtaken(late: float) -> None:
        if db.turn == turn:
            happen(late)

    start = call if at is None else replace(call, at=at)
    due = world.later(start, db.id, seconds, unless_overtaken)
    call.resource = db.id
    return due


def through(
    world: World,
    call: Call,
    db: AnyDb,
    state: str,
    seconds: float,
    done: Happen | None = None,
    at: float | None = None,
    to: str = "available",
) -> float:
    """Be in `state` for some time; then do `done` and be `available`. Return when that is."""
    start = call.at if at is None else at
    become(world, db, state, start)

    def end(late: float) -> None:
        turn = db.turn
        if done:
            done(late)
        if db.turn == turn:
            become(world, db, to, late)

    return then(world, call, db, seconds, end, at)


def note(world: World, thing: AnyDb | DbSnapshot, at: float, category: str, message: str) -> None:
    """Write an event."""
    kind = "db-instance"
    if isinstance(thing, Cluster):
        kind = "db-cluster"
    elif isinstance(thing, DbSnapshot):
        kind = "db-cluster-snapshot" if thing.cluster else "db-snapshot"
    books(world, thing.account, thing.region).events.append(
        {
            "SourceIdentifier": thing.id,
            "SourceType": kind,
            "Message": message,
            "EventCategories": [category],
            "Date": iso(at),
            "SourceArn": thing.arn,
        }
    )


def room_of(world: World, db: AnyDb) -> Books:
    """Return the books in which `db` is written."""
    return books(world, db.account, db.region)


def cut(world: World, db: AnyDb) -> None:
    """End all connections to an instance, or to every member of a cluster."""
    for one in db.members if isinstance(db, Cluster) else [db]:
        if isinstance(one, Database):
            flow.end_sessions(room_of(world, one), one)
