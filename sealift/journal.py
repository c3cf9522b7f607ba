"""The journal: what was decided and what was done, in rows that are only ever added. It is the truth; everything else
is derived.

Rows (`Entry`) are keyed by migration, attempt and step: `intent` before a call, `made` when the id is known, `done`
when it is ready and
checked, `void` where nothing came of it, `failed`. Rows without a step tell of the migration: gate, direction,
bring-up, attempts, ends.
SQLite: WAL, synchronous=FULL, on a local disk.
"""

import contextlib
import json
import os
import secrets
import socket
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Float,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    bindparam,
    create_engine,
    delete,
    event,
    func,
    insert,
    inspect,
    select,
    update,
)
from sqlalchemy.exc import DatabaseError, IntegrityError

from sealift.clock import Clock
from sealift.errors import JournalError, LeaseLost, Refused
from sealift.step import Output

SCHEMA = 1

LAST_MOMENT = 253_402_300_800.0
"""Unix seconds: the year 10000, which no calendar of ours has."""

AT_REST = ("retained", "rolled-back", "finalized", "given-up")
"""How a migration may end that holds nothing back any more."""

HOLDS, LEAVING, LEFT = range(3)
"""How a migration stands to a shared switch: it needs it, is about to turn it back, owes nothing any more."""

_meta = MetaData()
_version = Table("schema_version", _meta, Column("version", Integer, nullable=False))
_migrations = Table(
    "migrations",
    _meta,
    Column("id", String, primary_key=True),
    Column("created", Float, nullable=False),
    Column("target", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("account", String, nullable=False),
    Column("region", String, nullable=False),
    Column("plan", Text, nullable=False),
    Column("digest", String, nullable=False),
)
_entries = Table(
    "entries",
    _meta,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("migration", String, nullable=False, index=True),
    Column("attempt", Integer, nullable=False),
    Column("step", String),
    Column("what", String, nullable=False),
    Column("at", Float, nullable=False),
    Column("token", Integer, nullable=False),
    Column("data", Text, nullable=False),
)
_leases = Table(
    "leases",
    _meta,
    Column("migration", String, primary_key=True),
    Column("token", Integer, nullable=False),
    Column("beat", Integer, nullable=False),
    Column("host", String, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("started", String, nullable=False),
    Column("free", Integer, nullable=False),
)
_locks = Table(
    "locks", _meta, Column("resource", String, primary_key=True), Column("migration", String, nullable=False)
)
_switches = Table(
    "switches",
    _meta,
    Column("name", String, primary_key=True),
    Column("migration", String, primary_key=True),
    Column("owed", Text, nullable=False),
    Column("leaving", Integer, nullable=False),
)
_slots = Table(
    "slots",
    _meta,
    Column("quota", String, primary_key=True),
    Column("migration", String, primary_key=True),
    Column("place", String, nullable=False),
    Column("slots", Integer, nullable=False),
)

# What each row of a step sends, written once: to build it anew took longer than the disk.
_TOKEN = select(_leases.c.token).where(_leases.c.migration == bindparam("of"))
_ENTRY = insert(_entries).returning(_entries.c.seq)


UNDOABLE = ("finalize:point", "finalize:unprotect", "finalize:protection")
"""Keys of the steps of finalize that delete nothing: after them alone a way back is still there."""


@dataclass(frozen=True)
class Entry:
    """One row, as it was added."""

    seq: int
    migration: str
    attempt: int
    step: str | None
    what: str
    at: float
    token: int
    data: Mapping[str, Any]


@dataclass
class Row:
    """Where a step of the current attempt stands, folded from its entries."""

    state: str  # intent, made, done, void, failed
    output: Output | None = None
    intent_at: float = 0.0
    done_at: float | None = None
    token: int = 0
    error: Mapping[str, Any] | None = None
    unclear: bool = False  # of one of its tries nobody knows whether it had an effect
    left: Output = field(default_factory=dict)  # by a start that came to nothing
    lost: int = 0  # how often what it had made came to nothing

    @property
    def refused(self) -> bool:
        """Whether every call was plainly refused: nothing has come of it."""
        plain = self.error is not None and not self.error.get("ambiguous")
        return self.state == "failed" and self.output is None and plain and not self.unclear

    @property
    def open(self) -> bool:
        """Whether a call may be under way of which nothing is known."""
        return self.state in ("intent", "failed") and self.output is None


@dataclass(frozen=True)
class Outage:
    """How long somebody got nothing by our doing: in seconds that are over, and since when (Unix seconds) they do again."""

    before: float = 0.0
    since: float | None = None

    def seconds(self, now: float) -> float:
        """Return how long in all."""
        return round(self.before + (max(0.0, now - self.since) if self.since is not None else 0.0), 1)


WRITERS, READERS = "writers", "readers"
"""Who may get nothing while a workload is moved: who writes (all of an instance's), and who reads from replicas of a database."""


@dataclass
class State:
    """A migration as its rows tell it."""

    id: str
    attempt: int = 1
    attempt_open: bool = True
    direction: str = "forward"
    epoch: int = 0
    rows: dict[str, Row] = field(default_factory=dict)
    brought_up: float | None = None
    discarded: bool = False  # a person has said so, of what was written since bring-up
    quiesced: float | None = None
    outages: dict[str, Outage] = field(default_factory=dict)  # of all attempts, by who
    back_up: float | None = None
    approved: Mapping[str, Any] | None = None
    refused: Mapping[str, Any] | None = None
    postponed_until: float | None = None
    end: str | None = None  # retained, rolled-back, finalized, given-up, needs-person
    why: str = ""  # it ended so
    adopted: bool = False
    last_cut: int = 0  # whose things another journal has left
    rollback: Mapping[str, Any] = field(default_factory=dict)
    last_error: Mapping[str, Any] | None = None
    lost: bool = False  # a person was asked, and was told that all that can be done is to give it up
    waiting_for: str | None = None
    at_gate: bool = False  # and nobody has opened it
    held: str = ""  # why the breaker of a run has left it, until somebody resumes it
    leftovers: list[str] = field(default_factory=list)  # of this attempt
    guard: Mapping[str, Any] | None = None  # what the watchdog of this attempt has come to, once it has ended

    def add(self, entry: Entry) -> None:
        """Fold one more row in."""
        if entry.step is not None:
            _fold_step(self, entry)
        else:
            _fold_note(self, entry)

    def down_since(self, who: str = WRITERS) -> float | None:
        """Return since when somebody gets nothing, by our doing; None where they are served."""
        return self.outages.get(who, Outage()).since

    def down_seconds(self, now: float, who: str = WRITERS) -> float:
        """Return how long somebody got nothing, by our doing, in all attempts and ways back so far."""
        return self.outages.get(who, Outage()).seconds(now)

    @property
    def in_cut(self) -> bool:
        """Whether a cut is open: quiesced, and neither brought up nor put back."""
        return self.quiesced is not None and self.brought_up is None and self.back_up is None

    @property
    def undecided(self) -> bool:
        """Whether a workload was brought up on the replacement, and nobody has said that its writes are to be discarded.

        It may have been brought up by somebody else after the turn: the direction alone does not tell.
        """
        return self.brought_up is not None and not self.discarded and self.attempt_open

    @property
    def finalizing(self) -> bool:
        """Whether a finalize has begun, or is over, and may have deleted what would be put back."""
        begun = (k for k, r in self.rows.items() if k.startswith("finalize:") and not r.refused)
        return any(not k.startswith(UNDOABLE) for k in begun)

    @property
    def kept(self) -> list[str]:
        """The snapshots in which the way back has kept what was written since bring-up (`Step.salvage`): none that has failed, whose
        replacement is left over instead.
        """
        failed = [k for k, r in self.rows.items() if r.state == "failed"]
        safety = {
            k: r.output for k, r in self.rows.items() if k.startswith("safety:") and r.output and r.state != "void"
        }
        made = [out for k, out in safety.items() if not any(one.endswith(f":{k}") for one in failed)]
        return [str(out.get("name") or out.get("SnapshotId")) for out in made]

    def is_done(self, step: str) -> bool:
        """Whether a step is done, and not void since."""
        row = self.rows.get(step)
        return row is not None and row.state == "done"

    def stands(self, step: str) -> bool:
        """Whether a step was sent and not taken back."""
        row, undone = self.rows.get(step), self.rows.get(f"undo:{step}")
        return row is not None and row.state != "void" and (undone is None or undone.state != "done")

    def begun_to_undo(self, step: str) -> bool:
        """Whether the undo of a step was sent, and not plainly refused."""
        undone = self.rows.get(f"undo:{step}")
        if undone is None or undone.state == "void":
            return False
        refused = undone.state == "failed" and undone.error is not None and not undone.error.get("ambiguous")
        return not refused or undone.unclear

    @property
    def outputs(self) -> dict[str, Output]:
        """What the steps of this attempt have made."""
        return {k: r.output for k, r in self.rows.items() if r.output is not None and r.state != "void"}


def default_path() -> Path:
    """Return where the journal is unless told otherwise: SEALIFT_JOURNAL, or the user's state folder."""
    home = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    return Path(os.environ.get("SEALIFT_JOURNAL") or home / "sealift" / "journal.db")


class Journal:
    """The rows of all migrations of one operator or worker."""

    def __init__(self, clock: Clock, path: Path | str | None = None) -> None:
        """Open the journal, making it where there is none.

        Raises:
            JournalError: the file is unreadable, or of another schema version.

        """
        self.clock, self.path = clock, Path(path) if path else default_path()
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._engine = create_engine(f"sqlite:///{self.path}", isolation_level=None)
            event.listen(self._engine, "connect", _pragmas)
            with self._write() as db:
                version = _schema(db)
                if version is None:
                    _meta.create_all(db)
                    db.execute(insert(_version).values(version=SCHEMA))
        except (DatabaseError, OSError, ValueError, TypeError) as error:
            why = " ".join(str(getattr(error, "orig", None) or error).split())
            raise JournalError(
                f"the journal {self.path} cannot be opened: {why}", remedy="Give another with --journal."
            ) from None
        if version not in (None, SCHEMA):
            message = f"the journal {self.path} has schema {version}, this sealift reads {SCHEMA}"
            raise JournalError(message, remedy="Use the version of sealift that wrote it.")

    @contextmanager
    def _write(self) -> Iterator[Connection]:
        with self._read() as db:
            db.exec_driver_sql("BEGIN IMMEDIATE")
            try:
                yield db
            except BaseException:
                with contextlib.suppress(DatabaseError):
                    db.exec_driver_sql("ROLLBACK")
                raise
            db.exec_driver_sql("COMMIT")

    @contextmanager
    def _read(self) -> Iterator[Connection]:
        try:
            with self._engine.connect() as db:
                yield db
        except IntegrityError:
            raise
        except DatabaseError as error:
            raise JournalError(
                f"the journal {self.path} cannot be used: {error.orig}",
                remedy="Mend it, or give another with --journal.",
            ) from error

    def close(self) -> None:
        """Let go of the file."""
        self._engine.dispose()

    # -- migrations

    def begin(self, plan: Mapping[str, Any], digest: str, locks: Iterable[str]) -> str:
        """Store a migration's plan and take its locks; return the new id.

        Raises:
            Refused: another migration works on one of the resources.

        """
        migration = f"mig-{secrets.token_hex(5)}"
        with self._write() as db:
            self._store(db, migration, plan, digest, locks, attempt=1)
        return migration

    def adopt(
        self,
        migration: str,
        plan: Mapping[str, Any],
        digest: str,
        locks: Iterable[str],
        attempt: int,
        epoch: int = 0,
    ) -> None:
        """Store a migration under the id that its resources carry (the journal that knew it is lost). `epoch` is the last cut
        of which something is left: every cut from now on has a higher number.

        Raises:
            Refused: another migration works on one of the resources, or this journal has that id.

        """
        with self._write() as db:
            self._refuse_known(db, migration)
            self._store(db, migration, plan, digest, locks, attempt)
            self._add(db, Entry(0, migration, attempt, None, "adopted", self.clock.now(), 0, {"epoch": epoch}))

    def take_in(
        self, draft: "Journal", migration: str, locks: Iterable[str], owed: Mapping[str, Iterable[str]]
    ) -> None:
        """Take a migration over from another journal, all of its rows or none, with its locks. `owed`: of the shared switches
        that it has turned, by name, what is to be turned back.

        Raises:
            Refused: another migration works on one of the resources, or this journal has that id.

        """
        with draft._read() as theirs:
            about = theirs.execute(select(_migrations).where(_migrations.c.id == migration)).one()._mapping
        with self._write() as db:
            self._refuse_known(db, migration)
            self._take(db, migration, locks)
            db.execute(insert(_migrations).values(**about))
            for entry in draft.entries(migration):
                self._add(db, entry)
            for name, items in owed.items():
                self._owe(db, name, migration, items)

    def _refuse_known(self, db: Connection, migration: str) -> None:
        if db.execute(select(_migrations.c.id).where(_migrations.c.id == migration)).first():
            raise Refused(f"{migration} is in this journal already", remedy=f"Use: sealift resume {migration}")

    def _store(
        self, db: Connection, migration: str, plan: Mapping[str, Any], digest: str, locks: Iterable[str], attempt: int
    ) -> None:
        self._take(db, migration, locks)
        row = {name: plan[name] for name in ("target", "kind", "account", "region")}
        row |= {"id": migration, "created": self.clock.now(), "digest": digest}
        db.execute(insert(_migrations).values(**row, plan=json.dumps(plan, sort_keys=True)))
        self._add(db, Entry(0, migration, attempt, None, "attempt", self.clock.now(), 0, {"number": attempt}))

    def plan(self, migration: str) -> dict[str, Any]:
        """Return a migration's plan as stored.

        Raises:
            JournalError: there is no such migration.

        """
        with self._read() as db:
            row = db.execute(select(_migrations.c.plan).where(_migrations.c.id == migration)).first()
        if row is None:
            raise JournalError(f"there is no migration {migration} in {self.path}", remedy="sealift status lists them.")
        return self._body(row[0], f"the plan of {migration}")

    def migrations(self) -> list[dict[str, Any]]:
        """Return id, created, target, kind, account, region and digest of every migration, oldest first."""
        wanted = [c for c in _migrations.c if c.name != "plan"]
        with self._read() as db:
            return [
                dict(r._mapping) for r in db.execute(select(*wanted).order_by(_migrations.c.created, _migrations.c.id))
            ]

    # -- rows

    def _data(self, row: Any) -> dict[str, Any]:
        moment = isinstance(row.at, float | int) and 0 <= row.at < LAST_MOMENT
        if not moment or not isinstance(row.attempt, int) or not isinstance(row.token, int):
            raise self._unreadable(f"row {row.seq}", f"{row.at!r}, {row.attempt!r}, {row.token!r}")
        return self._body(row.data, f"row {row.seq}")

    def _body(self, text: Any, what: str) -> dict[str, Any]:
        """Return what a row holds.

        Raises:
            JournalError: somebody has altered it, or the disk has.

        """
        try:
            body = json.loads(text)
        except (ValueError, TypeError, RecursionError) as error:
            raise self._unreadable(what, error) from None
        if not isinstance(body, dict):
            raise self._unreadable(what, f"it is no object but {str(body)[:40]!r}")
        return body

    def _unreadable(self, what: str, why: object) -> JournalError:
        about = f"{type(why).__name__} {why}" if isinstance(why, Exception) else str(why)
        return JournalError(
            f"{what} in the journal {self.path} cannot be read: {' '.join(about.split())[:200]}",
            remedy="It was altered, or its disk failed: restore a copy, or rebuild it elsewhere with sealift adopt --journal.",
        )

    def entries(self, migration: str) -> list[Entry]:
        """Return a migration's rows in order."""
        with self._read() as db:
            rows = db.execute(select(_entries).where(_entries.c.migration == migration).order_by(_entries.c.seq)).all()
        return [Entry(r.seq, r.migration, r.attempt, r.step, r.what, r.at, r.token, self._data(r)) for r in rows]

    def state(self, migration: str) -> State:
        """Return a migration as its rows tell it."""
        entries = self.entries(migration)
        try:
            return fold(migration, entries)
        except (LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise self._unreadable(f"the rows of {migration}", error) from None

    def note(
        self, migration: str, what: str, data: Mapping[str, Any] | None = None, *, attempt: int, token: int = 0
    ) -> int:
        """Add a row about the migration as a whole and return its number; a driver gives its fencing token. One that says that
        it has come to rest gives its locks back with it, and counts it out of every shared switch that it still holds: nobody dies
        between them.

        Raises:
            LeaseLost: another driver has taken over.

        """
        with self._write() as db:
            if token:
                self._newest(db, migration, token)
            if what == "end" and (data or {}).get("as") in AT_REST:
                db.execute(delete(_locks).where(_locks.c.migration == migration))
                self._let_go(db, migration)
            return self._add(db, Entry(0, migration, attempt, None, what, self.clock.now(), token, data or {}))

    def row(
        self,
        migration: str,
        attempt: int,
        step: str,
        what: str,
        data: Mapping[str, Any] | None = None,
        *,
        token: int,
    ) -> int:
        """Add a row of a step, while `token` is the newest: a driver that was taken over writes nothing more.

        Raises:
            LeaseLost: another driver has taken over.

        """
        with self._write() as db:
            self._newest(db, migration, token)
            return self._add(db, Entry(0, migration, attempt, step, what, self.clock.now(), token, data or {}))

    def _newest(self, db: Connection, migration: str, token: int) -> None:
        if db.execute(_TOKEN, {"of": migration}).scalar() != token:
            raise LeaseLost(
                f"another driver has taken {migration} over", remedy=f"Watch it with: sealift status {migration}"
            )

    def _add(self, db: Connection, entry: Entry) -> int:
        values = {
            "migration": entry.migration,
            "attempt": entry.attempt,
            "step": entry.step,
            "what": entry.what,
            "at": entry.at,
            "token": entry.token,
            "data": json.dumps(dict(entry.data), sort_keys=True, default=str),
        }
        return int(db.execute(_ENTRY, values).scalar_one())

    # -- locks, switches, slots

    def _take(self, db: Connection, migration: str, locks: Iterable[str]) -> None:
        for resource in sorted(set(locks)):
            holder = db.execute(select(_locks.c.migration).where(_locks.c.resource == resource)).scalar()
            if holder not in (None, migration):
                message = f"{resource} is being worked on by {holder}"
                raise Refused(message, resource=resource, remedy=f"See: sealift status {holder}")
            if holder is None:
                db.execute(insert(_locks).values(resource=resource, migration=migration))

    def lock(self, migration: str, resources: Iterable[str]) -> None:
        """Take the locks of a migration, all or none.

        Raises:
            Refused: another migration works on one of them.

        """
        with self._write() as db:
            self._take(db, migration, resources)

    def switch_on(self, name: str, migration: str) -> bool:
        """Count a migration in to a shared switch; say whether somebody was about to turn it back, whose request may be under way.

        Who is about to do so owes nothing any more: the newcomer does.
        """
        others = (_switches.c.name == name) & (_switches.c.migration != migration) & (_switches.c.leaving == LEAVING)
        with self._write() as db:
            leaving = db.execute(select(_switches.c.owed).where(others)).scalars().all()
            db.execute(update(_switches).where(others).values(owed="[]", leaving=LEFT))
            self._owe(db, name, migration, [item for owed in leaving for item in json.loads(owed)])
            return bool(leaving)

    def owe(self, name: str, migration: str, items: Iterable[str]) -> None:
        """Write down what the last holder of a switch has to turn back, before it is turned."""
        with self._write() as db:
            self._owe(db, name, migration, items)

    def _owe(self, db: Connection, name: str, migration: str, items: Iterable[str]) -> None:
        mine = (_switches.c.name == name) & (_switches.c.migration == migration)
        owed = json.loads(db.execute(select(_switches.c.owed).where(mine)).scalar() or "[]")
        db.execute(delete(_switches).where(mine))
        whole = json.dumps(list(dict.fromkeys((*owed, *items))))
        db.execute(insert(_switches).values(name=name, migration=migration, owed=whole, leaving=HOLDS))

    def switch_off(self, name: str, migration: str, planned: tuple[str, ...]) -> tuple[str, ...]:
        """Count a migration out; return what it has to turn back: nothing while others hold it, who then owe it.

        `planned` is what it would turn back by its plan: only where the journal that counted it in is lost.
        """
        with self._write() as db:
            owed = self._owed(db, name, migration)
            return self._count_out(db, name, migration, planned if owed is None else owed)

    def _owed(self, db: Connection, name: str, migration: str) -> tuple[str, ...] | None:
        mine = (_switches.c.name == name) & (_switches.c.migration == migration)
        owed = db.execute(select(_switches.c.owed).where(mine)).scalar()
        return None if owed is None else tuple(json.loads(owed))

    def _count_out(self, db: Connection, name: str, migration: str, whole: tuple[str, ...]) -> tuple[str, ...]:
        """Count a migration out that owes `whole`; return what of it is left to itself: nothing while others hold the switch."""
        mine = (_switches.c.name == name) & (_switches.c.migration == migration)
        db.execute(delete(_switches).where(mine))
        row, heirs = {"name": name, "migration": migration}, self._holders(db, name, migration)
        if heirs:
            self._owe(db, name, heirs[0], whole)
            db.execute(insert(_switches).values(**row, owed="[]", leaving=LEFT))
            return ()
        db.execute(insert(_switches).values(**row, owed=json.dumps(whole), leaving=LEAVING if whole else LEFT))
        return whole

    def _holders(self, db: Connection, name: str, migration: str) -> list[str]:
        others = (_switches.c.name == name) & (_switches.c.migration != migration) & (_switches.c.leaving == HOLDS)
        found = select(_switches.c.migration).where(others).order_by(_switches.c.migration)
        return [str(m) for m in db.execute(found).scalars()]

    def _let_go(self, db: Connection, migration: str) -> None:
        """Count a migration out that comes to rest without having turned a switch back: who has ended is nobody's heir. What it owes
        goes to one that holds the switch; else to whoever counts in next, unless it is turned back until then.
        """
        mine = (_switches.c.migration == migration) & (_switches.c.leaving == HOLDS)
        for name in db.execute(select(_switches.c.name).where(mine)).scalars().all():
            self._count_out(db, name, migration, self._owed(db, name, migration) or ())

    def switch_owed(
        self, name: str, migration: str, planned: tuple[str, ...]
    ) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return what is to be turned back of a switch when a migration and all that hold it have let it go, nothing where the
        migration owes nothing, and those others; `planned` as for `switch_off`.
        """
        with self._read() as db:
            owed = self._owed(db, name, migration)
            holders = self._holders(db, name, migration)
            mine = planned if owed is None else owed
            theirs = [item for m in holders for item in self._owed(db, name, m) or ()]
        return tuple(dict.fromkeys((*mine, *theirs))) if mine else (), tuple(holders)

    def holds(self, name: str, migration: str) -> bool:
        """Say whether a migration is counted in to a shared switch."""
        mine = (_switches.c.name == name) & (_switches.c.migration == migration) & (_switches.c.leaving == HOLDS)
        with self._read() as db:
            return db.execute(select(_switches.c.name).where(mine)).first() is not None

    def switched(self, name: str, migration: str) -> None:
        """Write down that a migration has turned the switch back: it owes nothing, however often it counts out."""
        gone = (_switches.c.name == name) & (_switches.c.migration == migration) & (_switches.c.leaving == LEAVING)
        with self._write() as db:
            db.execute(update(_switches).where(gone).values(owed="[]", leaving=LEFT))

    def reserve(self, quota: str, place: str, migration: str, slots: int, limit: int) -> bool:
        """Take slots of a quota, if with them no more than `limit` are held in `place`; say whether they were taken."""
        with self._write() as db:
            held = select(func.coalesce(func.sum(_slots.c.slots), 0)).where(
                _slots.c.quota == quota, _slots.c.place == place, _slots.c.migration != migration
            )
            if int(db.execute(held).scalar() or 0) + slots > limit:
                return False
            db.execute(delete(_slots).where(_slots.c.quota == quota, _slots.c.migration == migration))
            db.execute(insert(_slots).values(quota=quota, place=place, migration=migration, slots=slots))
            return True

    def holders(self, quota: str, place: str) -> list[str]:
        """Return the migrations that hold slots of a quota in a place."""
        with self._read() as db:
            found = select(_slots.c.migration).where(_slots.c.quota == quota, _slots.c.place == place)
            return [str(r[0]) for r in db.execute(found)]

    def release_all(self, migration: str) -> None:
        """Give back whatever slots a migration holds."""
        with self._write() as db:
            db.execute(delete(_slots).where(_slots.c.migration == migration))

    def reserved(self, place: str) -> dict[str, int]:
        """Return how many slots of each quota migrations hold in a place."""
        wanted = select(_slots.c.quota, func.sum(_slots.c.slots)).where(_slots.c.place == place)
        with self._read() as db:
            return {str(quota): int(held) for quota, held in db.execute(wanted.group_by(_slots.c.quota))}

    def release(self, quota: str, migration: str) -> None:
        """Give slots of a quota back."""
        with self._write() as db:
            db.execute(delete(_slots).where(_slots.c.quota == quota, _slots.c.migration == migration))

    # -- lease

    def lease(self, migration: str) -> tuple[int, int, bool, bool]:
        """Return token, beat, whether the lease is free, and whether its holder was a process of this host that is
        gone.
        """
        with self._read() as db:
            row = db.execute(select(_leases).where(_leases.c.migration == migration)).first()
        if row is None:
            return 0, 0, True, True
        here = row.host == socket.gethostname()
        gone = here and _process_started(row.pid) != row.started
        return row.token, row.beat, bool(row.free), gone

    def take_lease(self, migration: str, seen: tuple[int, int]) -> int:
        """Take the lease that stood still at `seen` (token, beat) and return the new fencing token.

        Raises:
            LeaseLost: its holder moved, or another taker was first.

        """
        with self._write() as db:
            row = db.execute(select(_leases).where(_leases.c.migration == migration)).first()
            if row is not None and (row.token, row.beat) != seen:
                raise LeaseLost(
                    f"{migration} is driven by another process", remedy=f"Watch it with: sealift status {migration}"
                )
            mine = {
                "token": seen[0] + 1,
                "beat": 0,
                "host": socket.gethostname(),
                "pid": os.getpid(),
                "free": 0,
                "started": _process_started(os.getpid()),
            }
            try:
                if row is None:
                    db.execute(insert(_leases).values(migration=migration, **mine))
                else:
                    db.execute(update(_leases).where(_leases.c.migration == migration).values(**mine))
            except IntegrityError:
                raise LeaseLost(f"{migration} is driven by another process") from None
        return seen[0] + 1

    def beat(self, migration: str, token: int) -> None:
        """Show that the holder lives.

        Raises:
            LeaseLost: another driver holds the lease.

        """
        with self._write() as db:
            self._newest(db, migration, token)
            db.execute(update(_leases).where(_leases.c.migration == migration).values(beat=_leases.c.beat + 1))

    def free(self, migration: str, token: int) -> None:
        """Give the lease back, so that another driver takes over at once."""
        with self._write() as db:
            db.execute(update(_leases).where(_leases.c.migration == migration, _leases.c.token == token).values(free=1))


def _schema(db: Connection) -> int | None:
    """Return the schema version of a journal, None of a new one: another version's file is left as it is."""
    if not inspect(db).has_table(_version.name):
        return None
    return db.execute(select(_version.c.version)).scalar()


def _pragmas(connection: Any, _: Any) -> None:
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=30000"):
        connection.execute(f"PRAGMA {pragma}")


def _process_started(pid: int) -> str:
    """Return what tells a process from a later one with the same number: its start time, where the system shows it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[19]
    except OSError:
        return _alive(pid)


def _alive(pid: int) -> str:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return ""
    except PermissionError:
        pass
    return "alive"


def fold(migration: str, entries: Sequence[Entry]) -> State:
    """Derive a migration's state from its rows: no row of a closed attempt counts as done."""
    state = State(migration)
    for e in entries:
        state.add(e)
    return state


def _fold_step(state: State, e: Entry) -> None:
    row = state.rows.setdefault(e.step or "", Row(""))
    row.unclear |= (e.what, row.state) == ("intent", "intent") or bool(e.what == "failed" and e.data.get("ambiguous"))
    row.state, row.token = e.what, e.token
    match e.what:
        case "intent":
            row.intent_at, row.error = e.at, None
        case "made":
            row.output = dict(e.data)
        case "done":
            row.done_at = e.at
        case "void":
            row.output, row.left = None, dict(e.data)
        case "lost":
            row.state, row.output, row.error, row.lost = "failed", None, None, row.lost + 1
        case "failed":
            row.error = e.data
            state.last_error = e.data


def _fold_note(state: State, e: Entry) -> None:  # noqa: PLR0912, PLR0915 - one case for each kind of row
    match e.what:
        case "attempt":
            if state.rollback.get("asked"):  # whoever asked for the way back has taken the approval back with it
                state.approved = None
            state.postponed_until = state.waiting_for = None
            state.attempt, state.attempt_open, state.direction = e.attempt, True, "forward"
            state.rows, state.epoch, state.end, state.rollback = {}, 0, None, {}
            state.brought_up = state.quiesced = state.back_up = None
            state.discarded, state.why = False, ""
            state.last_error = state.refused = None
            state.leftovers, state.at_gate, state.held, state.guard = [], False, "", None
        case "attempt-closed":
            state.attempt_open = False
        case "direction":
            state.direction, state.rollback, state.end = "back", e.data, None
            state.at_gate, state.held = False, ""
            state.discarded = state.brought_up is not None  # after bring-up nothing turns without a person
        case "epoch":
            state.epoch = int(e.data.get("number") or max(e.seq, state.last_cut + 1))
        case "quiesce":
            state.quiesced = e.at
        case "down" | "up":
            _fold_outage(state, e)
        case "guard":
            state.guard = e.data
        case "bring-up":
            state.brought_up, state.discarded = e.at, False
            state.end, state.why = None, ""
        case "accepted":
            state.direction, state.rollback = "forward", {}
        case "service-back":
            state.back_up = e.at
        case "approved":
            state.approved, state.refused = e.data, None
        case "refused":
            state.refused = e.data
        case "postponed":
            state.postponed_until = float(e.data["until"])
        case "gate-open":
            state.waiting_for, state.at_gate, state.held = None, False, ""
        case "held":
            state.waiting_for, state.at_gate, state.held = None, bool(e.data.get("gate")), str(e.data.get("why"))
        case "leftover":
            state.leftovers.append(f"{e.data.get('resource')}: {e.data.get('why')}")
        case "mended":
            state.leftovers = [left for left in state.leftovers if left not in e.data["left"]]
        case "waiting":
            state.waiting_for, state.at_gate = e.data.get("for"), bool(e.data.get("gate"))
            state.held = ""
        case "end":
            state.end, state.why = str(e.data["as"]), str(e.data.get("why") or "")
            state.waiting_for, state.at_gate, state.lost = None, False, bool(e.data.get("lost"))
        case "trouble" | "failure":
            state.last_error = e.data
        case "adopted":
            state.adopted = True
            state.last_cut = int(e.data.get("epoch", 0))


def _fold_outage(state: State, e: Entry) -> None:
    who = str(e.data["who"])
    outage = state.outages.get(who, Outage())
    if e.what == "up":
        state.outages[who] = Outage(outage.seconds(float(e.data.get("at", e.at))))
    elif outage.since is None:
        state.outages[who] = Outage(outage.before, e.at)
