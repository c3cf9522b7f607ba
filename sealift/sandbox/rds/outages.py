"""When a client got nothing, as it saw it: no write of its acknowledged, no read answered."""

from collections.abc import Iterator
from dataclasses import dataclass

from sealift.sandbox.physics.contents import Contents
from sealift.sandbox.rds.losses import owed
from sealift.sandbox.rds.state import Books, Client, everywhere
from sealift.sandbox.world import World


@dataclass(frozen=True)
class Outage:
    """One span in which the client `stream` of the endpoint `name` got nothing (`reads`: no answer; else: no write)."""

    account: str
    region: str
    name: str
    stream: str
    reads: bool
    start: float
    end: float


def since(world: World, start: float) -> list[Outage]:
    """Return the outages of every client, from a moment on; one that lasts ends now."""
    now = world.now()
    return [outage for room in everywhere(world) for c in room.clients for outage in _of(room, c, start, now)]


def _of(room: Books, client: Client, start: float, now: float) -> Iterator[Outage]:
    got = owed(room, client.name, now)
    if client.reads:
        got = client.answered if client.since is None else client.answered.plus(client.stream, client.since, now)
    missed = Contents().plus(client.stream, start, now).minus(got)
    for begin, end in missed.streams.get(client.stream, ()):
        yield Outage(room.account, room.region, client.name, client.stream, client.reads, begin, end)
