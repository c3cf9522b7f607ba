"""The inside of a database, as a login sees it: what a fence's engine layer does and proves.

A statement is a word and perhaps a value: `read_only`, `sessions`, `end_sessions`, `position`, `user_writes`, `schedulers`,
`rows`.
"""

from typing import Any

from sealift.sandbox.rds import engines, flow, lookups, metrics, moves, network, passwords
from sealift.sandbox.rds.state import AnyDb, Cluster, Database, books
from sealift.sandbox.world import World

_STORED = {
    "read_only": ("postgres", "sqlserver"),
    "scheduler_off": ("postgres", "sqlserver", "oracle"),
}
"""Settings that an engine stores in the data, so that they outlive a reboot and are in every snapshot (SB-ENG-01)."""

HEARTBEAT = 300.0
"""Seconds between two writes of RDS's own, which move LSN, GTID and SCN with no user writing (SB-ENG-03)."""


class Unreachable(Exception):  # what a driver's connection error is
    """No connection: the engine is not up, or the network lets nobody in."""


class Denied(Exception):  # what a driver's refusal of a password is
    """There is no such user, or another password is theirs (SB-ENG-04)."""


class Engine:
    """A login to an instance, or to the writer of a cluster, by name. `user`: with which password; None is the box's own eye."""

    def __init__(
        self, world: World, account: str, region: str, name: str, address: str, user: tuple[str, str] | None = None
    ) -> None:
        self._world, self._room, self._address = world, books(world, account, region), address
        self._name, self._user = lookups.name_of(name), user

    def execute(self, statement: str, value: Any = None) -> Any:
        """Run one statement on a connection of its own; `Unreachable` where there is none to be had, `Denied` to strangers."""
        head, db = self._connect()
        if statement == "read_only":
            return self._set(head, db, "read_only", value)
        if statement == "schedulers":
            return self._set(head, db, "scheduler_off", None if value is None else not value, turned=True)
        if statement == "sessions":
            return metrics.connections(self._world, db)
        if statement == "end_sessions":
            ended = flow.end_sessions(self._room, db)
            moves.refresh(self._world, db, self._world.now())
            return ended
        contents = head.store.contents(self._world.now())
        if statement == "position":
            return self._position(db, contents.mib({}) + self._world.now() // HEARTBEAT)
        if statement == "user_writes":
            return self._position(db, contents.mib({}))
        if statement == "rows":
            return {s: round(sum(b - a for a, b in spans), 3) for s, spans in contents.streams.items()}
        raise ValueError(f"The engine knows no {statement!r}.")

    def _connect(self) -> tuple[AnyDb, Database]:
        self._world.settle()
        head = self._room.clusters.get(self._name) or self._room.databases.get(self._name)
        db = head.writer if isinstance(head, Cluster) else head
        if head is None or db is None or not flow.is_up(db):
            raise Unreachable(f"{self._name} does not take connections.")
        if not network.admits_address(db, self._address):
            raise Unreachable(f"{self._name}: connection timed out.")
        if self._user and not passwords.fits(head.store, *self._user):
            raise Denied(f"{self._name}: password authentication failed for user {self._user[0]!r}.")
        return head, db

    def _set(self, head: AnyDb, db: Database, what: str, on: bool | None, turned: bool = False) -> bool:
        if on is not None:
            place = (
                head.store.kept
                if str(db.shown["Engine"]).replace("aurora-", "").startswith(_STORED[what])
                else db.memory
            )
            (place.add if on else place.discard)(what)
            if what == "read_only" and on and "postgres" in str(db.shown["Engine"]):
                self._spare_the_connected(db)
            if not on:
                head.store.kept.discard(what)
                db.memory.discard(what)
            moves.refresh(self._world, db, self._world.now())
        if turned:
            return flow.scheduled(head, db)
        return not flow.writable(head, db)

    def _spare_the_connected(self, db: Database) -> None:
        """PostgreSQL's read-only is a default for new sessions: those that are there write on until they end (SB-ENG-02)."""
        for client in self._room.clients:
            client.unaware = client.unaware or client.at is db

    def _position(self, db: Database, seconds: float) -> str:
        """Return LSN, GTID or SCN after so many seconds of writing: it moves with every write."""
        n, kind = round(seconds * 1000), engines.engine(str(db.shown["Engine"])).position
        if kind == "LSN":
            return f"{n >> 32:X}/{n & 0xFFFFFFFF:08X}"
        return f"{db.resource_id[3:11].lower()}:1-{n}" if kind == "GTID" else str(n)
