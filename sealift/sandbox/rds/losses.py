"""What is true at the end: acknowledged writes that nobody serves, and jobs that ran in two places at once."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from sealift.sandbox.physics.contents import Contents
from sealift.sandbox.rds.state import Books, Run, everywhere
from sealift.sandbox.world import World


@dataclass(frozen=True)
class DbLoss:
    """Acknowledged writes to an endpoint `name`, `start` to `end`, that the database serving there lacks.

    `database` is its resource id, None where nothing bears the name. `stream`: a client, a job or a pull inside it.
    """

    account: str
    region: str
    name: str
    database: str | None
    stream: str
    start: float
    end: float
    rows: float


@dataclass(frozen=True)
class DoubleRun:
    """A scheduled job that ran in two databases at the same time: its side effects happened twice."""

    job: str
    databases: tuple[str, str]
    start: float
    end: float


def lost(world: World) -> list[DbLoss]:
    """Return all losses in all accounts and Regions."""
    now = world.now()
    return [loss for room in everywhere(world) for loss in _lost(world, room, now)]


def _lost(world: World, room: Books, now: float) -> Iterator[DbLoss]:
    for client in {(c.kind, c.name): c for c in room.clients if not c.reads}.values():
        head = room.head(client.kind, client.name)
        there = head.store.contents(now) if head else Contents()
        missing = owed(room, client.name, now).minus(there)
        for stream, spans in missing.streams.items():
            rate = world.rates.get(stream, 1.0)
            for start, end in spans:
                where = head.store.id if head else None
                yield DbLoss(room.account, room.region, client.name, where, stream, start, end, (end - start) * rate)


def owed(room: Books, name: str, now: float) -> Contents:
    """Return every write that was acknowledged at an endpoint name."""
    owed = room.owed.get(name, Contents())
    for head, _ in room.heads():
        for stream, writing in head.store.writers.items():
            if writing.name == name:
                owed = owed.plus(stream, writing.since, now)
    return owed


def doubled(world: World) -> list[DoubleRun]:
    """Return every overlap of a job's runs in two databases."""
    now, runs = world.now(), []
    for room in everywhere(world):
        runs += room.runs
        for head, _ in room.heads():
            runs += [
                Run(head.store.job, head.store.id, w.since, now)
                for s, w in head.store.writers.items()
                if s.startswith("job@")
            ]
    by_job: dict[str, list[Run]] = {}
    for run in runs:
        by_job.setdefault(run.job, []).append(run)
    return [d for mine in by_job.values() for a, b in combinations(mine, 2) for d in _overlap(a, b)]


def _overlap(a: Run, b: Run) -> Iterator[DoubleRun]:
    start, end = max(a.start, b.start), min(a.end, b.end)
    if a.store != b.store and start < end:
        yield DoubleRun(a.job, (a.store, b.store), start, end)
