"""What must be true at every moment, looked at after each event of the sandbox and each row and request of a driver.

Nothing here sends a request or asks sealift how things are: the sandbox's own records tell, and what drivers write and send.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sealift.aws.outcomes import CODES
from sealift.engine import ABSENCE_BELIEVED, REQUEST_LIFE
from sealift.errors import Retry
from sealift.events import Event
from sealift.fencing import BETWEEN, METRIC_PERIOD
from sealift.plan import MigrationPlan
from sealift.sandbox import Sandbox
from sealift.sandbox.rds import losses
from sealift.sandbox.rds.state import AnyDb, Books
from sealift.sandbox.state import Machine
from sealift.sandbox.world import Call
from sealift.step import Context, Phase, token_of
from sealift.steps import ProveQuiet
from tests.faults.outages import A_LOOK, A_LOOK_LATER, ROUNDED, Account, Course, clients, served
from tests.faults.tapped import Sent

LOST, SOURCE, MIX, DOWN, FOREIGN, TRACED, ONE_DRIVER, QUOTA = range(1, 9)

SAID = {
    LOST: "no acknowledged write is lost, on any automatic path",
    SOURCE: "the source exists and is intact until finalize",
    MIX: "at most one of source and replacement serves, and no workload runs on a mix of both",
    DOWN: "what was up is down only between quiesce and bring-up, and no longer than its steps, undos and retries take",
    FOREIGN: "nothing that is not ours is deleted or changed, but what the plan names",
    TRACED: "each resource made is in the journal or findable",
    ONE_DRIVER: "at most one driver's requests per migration, each behind its own intent row",
    QUOTA: "nothing waits on a quota while a workload is down",
}
"""The invariants, by number, in words."""

MAKES = ("Create", "Copy", "Restore", "Run")
TAGS = ("CreateTags",)
NAMES_ONE = re.compile(
    r"(Id|Ids|Identifier|Identifiers|Arn|Resource(Name|s)|GroupName|ProxyName|DocumentName)$|^(Name|Source|Bucket|Key)$"
)
LONG_ENOUGH = 8
"""Letters of a name that is looked for in another: shorter ones are found anywhere."""
APART = ("KmsKeyId", "TargetKmsKeyId", "ClientToken", "OwnerId", "RoleArn", "TopicArn")
QUOTA_CODES = tuple(code for code, retry in CODES.items() if retry is Retry.QUOTA)
BETWEEN_METRICS = 15.0
"""Seconds between two looks at what CloudWatch shows."""


@dataclass(frozen=True)
class Violation:
    """An invariant that did not hold, and how."""

    invariant: int
    how: str

    def __str__(self) -> str:
        return f"({self.invariant}) {SAID[self.invariant]}: {self.how}"


@dataclass
class Watched:
    """One migration: what it is about, and how its rows say that it stands."""

    id: str
    plan: MigrationPlan
    text: str
    instance: str = ""
    sources: Mapping[str, str] = field(default_factory=dict)  # volumes by device, databases by resource id
    course: Course | None = None  # of a database
    was_up: frozenset[str] = frozenset()  # who got something as it began: an instance, or clients of a database
    quiesced: bool = False
    up: bool = False
    back: bool = False
    turned: bool = False
    let_in: bool = False  # by somebody, when it had turned
    proofs: set[str] = field(default_factory=set)  # the keys of steps that prove quiet
    discarded: bool = False
    finalizing: bool = False
    forgiven: set[Any] = field(default_factory=set)  # losses that a person has accepted
    known: set[str] = field(default_factory=set)  # what we made, or learned, by any name
    down: dict[str, float] = field(default_factory=dict)  # who of those gets nothing now, and since when
    account: Account = field(default_factory=Account)
    driven: float = (
        0.0  # until when: nothing accounts for what passes after a driver's last row, before the next one comes
    )
    over: bool = False  # another migration of the same target has begun

    @property
    def of_volumes(self) -> bool:
        """Whether volumes are moved, not a database."""
        return self.plan.kind.startswith("ebs")

    def sees(self, phase: str) -> float:
        """Return how late a step of a phase may see a state."""
        return A_LOOK_LATER if phase == Phase.CONFIRM.value else A_LOOK


class Invariants:
    """Looks, counts its looks, and keeps what it found wrong."""

    def __init__(self, box: Sandbox, plan_of: Callable[[str], Mapping[str, Any]], newest: Callable[[str], int]) -> None:
        """`plan_of` and `newest` read the journal: a migration's plan, and the fencing token of its newest driver."""
        self.box, self._plan_of, self.newest = box, plan_of, newest
        self.checks: Counter[int] = Counter()
        self.violations: list[Violation] = []
        self.watched: dict[str, Watched] = {}
        self.people_act = False  # somebody does the next call once more, or takes it back: what it names is `by_hand`
        self.deleted_by_others: frozenset[str] = (
            frozenset()
        )  # sources that a person or a robot has deleted: not our doing
        self.may_discard = False  # a person has said so
        self.others_since: float | None = None  # since when somebody is at work, and every driver stands still
        # What somebody starts, stops, takes off or renames, and has not put back: whether it is up, or half-swapped, is theirs.
        # An instance or database by its id, a place on an instance as `place` names it.
        self.by_hand: set[str] = set()
        self.given_up: dict[str, float] = {}  # by target: until when writes are what a person has said may be discarded
        self.late_calls = 0  # that may still leave after a takeover
        self.excused = 0.0  # seconds of down time that a fault accounts for, besides what drivers tell
        self._charged = 0  # so many charges of the sandbox have been counted in
        box.observe(self.look)

    def wrong(self, invariant: int, how: str) -> None:
        """Keep a violation, once."""
        found = Violation(invariant, how)
        if found not in self.violations and len(self.violations) < 20:
            self.violations.append(found)

    def _ask(self, invariant: int, *, holds: bool, how: Callable[[], str]) -> None:
        self.checks[invariant] += 1
        if not holds:
            self.wrong(invariant, how())

    # -- after each event of the sandbox

    def look(self, at: float) -> None:
        """Look at every migration as the sandbox stands at this moment."""
        for one in self.watched.values():
            if one.over:
                continue
            if one.of_volumes:
                self._look_at_volumes(one, at)
            else:
                self._look_at_databases(one, at)

    def _look_at_volumes(self, one: Watched, at: float) -> None:
        world = self.box.world
        region = world.region(one.plan.account, one.plan.region)
        for device, volume in one.sources.items():
            there = region.volumes.get(volume)
            plain = there is not None and not there.encrypted
            self._ask(
                SOURCE,
                holds=one.finalizing or plain or volume in self.deleted_by_others,
                how=lambda d=device, v=volume: f"{v} of {d or 'nothing'} is gone",  # type: ignore[misc]
            )
        machine = region.machines.get(one.instance)
        if machine is None:
            return
        if machine.state in ("pending", "running") and machine.id not in self.by_hand:
            self._ask(
                MIX,
                holds=len(self._serving(one, machine)) <= 1,
                how=lambda: f"{machine.id} is {machine.state} on {self._disks(machine)}",
            )
        if machine.state == "running":
            losses = (w for w in self.box._losses_of(machine) if (w.device, w.start) not in one.forgiven)
            lost = [] if one.discarded else self._losses(one, losses)
            lost = [x for x in lost if x.volume is not None or not self._off_by_hand(machine.id, x.device)]
            self._ask(LOST, holds=not lost, how=lambda: f"{machine.id} runs without {lost[:2]}")
        self._look_at_power(one, machine, at)

    def _serving(self, one: Watched, machine: Machine) -> set[str]:
        there = {d: machine.disks.get(d) for d in one.sources}
        there = {d: a for d, a in there.items() if a is not None or not self._off_by_hand(machine.id, d)}
        return {
            "nothing" if a is None else "source" if a.volume.id == one.sources[d] else "replacement"
            for d, a in there.items()
        }

    def _disks(self, machine: Machine) -> dict[str, str]:
        return {d: a.volume.id for d, a in machine.disks.items()}

    def _off_by_hand(self, machine: str, device: str) -> bool:
        """Tell whether a device that is missing is theirs: who takes it off, or starts a box that lacks it, has not lost it."""
        return bool(self.by_hand & {machine, place(machine, device)})

    def _look_at_power(self, one: Watched, machine: Machine, at: float) -> None:
        if machine.id not in one.was_up or machine.id in self.by_hand:
            return
        if machine.state == "running":
            self._came_up(one, machine.id, at)
            return
        in_cut = one.quiesced and not one.up and not one.back
        handed_back = one.discarded and not one.back
        # Whose start was answered may have booted from the replacement: the rows say so, and it is down until it runs.
        starting = one.up and not one.turned and machine.state == "pending"
        self._ask(
            DOWN,
            holds=in_cut or handed_back or starting,
            how=lambda: f"{machine.id} is {machine.state}, and its rows say that it is up",
        )
        self._went_down(one, machine.id, at)

    def _went_down(self, one: Watched, who: str, at: float) -> None:
        one.down.setdefault(who, at)

    def _came_up(self, one: Watched, who: str, at: float) -> None:
        if (since := one.down.pop(who, None)) is not None:
            self._ask_account(one, who, since, at)

    def _ask_account(self, one: Watched, who: str, since: float, at: float) -> None:
        if self.others_since is not None:
            one.account.waited(self.others_since, at)
        for begin, end in self._watchdogs(one, at):
            one.account.waited(begin, end + A_LOOK)
        gaps = one.account.gaps(since, at, self.box.charges)
        idle = sum(end - begin for begin, end in gaps)
        self._ask(
            DOWN,
            holds=idle <= self.excused + ROUNDED * (1 + len(gaps)),
            how=lambda: (
                f"{who} was down for {at - since:.0f} s; nothing accounts for {idle:.0f} of them: its steps, undos and retries "
                f"leave out {'; '.join(f'{b - since:.0f} to {e - since:.0f}' for b, e in gaps[:4])}"
            ),
        )

    def _watchdogs(self, one: Watched, at: float) -> Iterator[tuple[float, float]]:
        """Yield from when until when a watchdog has acted: whoever goes back stands aside for it."""
        place = Call("ssm", "Look", {}, one.plan.account, one.plan.region, at)
        for run in self.box.world.documents(place, "ssm:executions").values():
            acts = [s["ExecutionStartTime"] for s in run["StepExecutions"] if s["Action"] != "aws:sleep"]
            if acts:
                end = run.get("ExecutionEndTime")
                yield acts[0].timestamp(), at if end is None else end.timestamp()

    def _look_at_databases(self, one: Watched, at: float) -> None:
        room = self._room(one)
        if room is None:
            raise LookupError(f"nothing is known of databases in {one.plan.region}")
        there = {db.resource_id: db for db in (*room.databases.values(), *room.clusters.values())}
        for source, name in one.sources.items():
            db = there.get(source)
            self._ask(
                SOURCE,
                holds=one.finalizing or source in self.deleted_by_others or (db is not None and _intact(db, one.plan)),
                how=lambda s=source, n=name, d=db: f"{s} of {n} is {_how(d)}",  # type: ignore[misc]
            )
        self._look_at_clients(one, room, at)
        writing: dict[str, set[str]] = {}
        for head, _ in room.heads():
            for stream, w in head.store.writers.items():
                if stream.startswith("client:") and w.name:
                    writing.setdefault(f"{w.name} of {stream}", set()).add(head.store.id)
        self._ask(
            MIX,
            holds=all(len(s) == 1 for s in writing.values()),
            how=lambda: f"clients write to two at once: {writing}",
        )
        self._ask(
            MIX,
            holds=not losses.doubled(self.box.world),
            how=lambda: f"a job ran twice: {losses.doubled(self.box.world)[:1]}",
        )
        losses_here = (w for w in self._unserved(room) if (w.stream, w.start) not in one.forgiven)
        lost = [] if one.discarded else self._losses(one, losses_here)
        self._ask(LOST, holds=not lost, how=lambda: f"a database serves without {lost[:2]}")

    def _look_at_clients(self, one: Watched, room: Books, at: float) -> None:
        """Whoever was served is so, but in a cut, in what interrupts once more, and on a way back."""
        assert one.course is not None
        if self.by_hand & {one.plan.target, *one.sources.values()}:
            return
        whom = list(clients(room, one.plan))
        now = served(room, whom)
        for client in whom:
            who = client.stream
            if who not in one.was_up:
                continue
            if who in now:
                self._came_up(one, who, at)
                continue
            # Whom somebody has let in on a way back that asked nobody is not everyone: a person says what becomes of the rest.
            may = not one.back and (not one.turned or one.discarded or not one.up or one.let_in)
            self._ask(
                DOWN,
                holds=may and one.course.keeps_down(client, up=one.up, back=one.turned),
                how=lambda w=who: f"{w} gets nothing, and the rows of {one.plan.target} say that it is served",  # type: ignore[misc]
            )
            self._went_down(one, who, at)

    def _losses(self, one: Watched, losses: Iterable[Any]) -> list[Any]:
        """Return losses without those of before a way back that a person has asked for with --discard-writes."""
        return [loss for loss in losses if loss.end > self.given_up.get(one.plan.target, 0.0)]

    def _unserved(self, room: Books) -> Iterator[Any]:
        """Yield acknowledged writes that a database lacks which takes new ones: one that is not open yet may still get them back."""
        taking = {h.store.id for h, _ in room.heads() if any(s.startswith("client:") for s in h.store.writers)}
        yield from (loss for loss in losses.lost(self.box.world) if loss.database in taking)

    def _room(self, one: Watched) -> Books | None:
        return self.box.world.rooms.get(("rds", one.plan.account, one.plan.region))

    # -- what drivers write and send

    def watch(self, migration: str) -> Watched:
        """Return how a migration stands; from its first row on it is watched, and earlier ones of its target no longer."""
        if migration not in self.watched:
            plan = MigrationPlan.from_json(self._plan_of(migration))
            one = Watched(migration, plan, str(self._plan_of(migration)))
            if plan.kind.startswith("ebs"):
                self._begin_volumes(one)
            else:
                self._begin_databases(one)
            place = (plan.target, plan.kind, plan.account, plan.region)
            for other in self.watched.values():
                other.over |= place == (other.plan.target, other.plan.kind, other.plan.account, other.plan.region)
            self.watched[migration] = one
        return self.watched[migration]

    def _begin_volumes(self, one: Watched) -> None:
        facts = one.plan.facts
        marks = " ".join(str(s) for s in one.plan.steps if s.key.startswith("mark:"))
        volumes = facts.get("volumes") or [facts["volume"]]
        one.sources = {v.get("device") or "": v["id"] for v in volumes if v["id"] in marks}
        one.instance = one.plan.target if one.plan.target.startswith("i-") else ""
        if facts.get("state") == "running":
            one.was_up = frozenset({one.instance})
        self._found(one)

    def _begin_databases(self, one: Watched) -> None:
        """Look at every database that stays until finalize: the target, its replicas of this Region, its members."""
        facts, room = one.plan.facts, self._room(one)
        parts = [p for name in ("replicas", "members") for p in facts.get(name) or ()]
        near = [p for p in parts if p.get("region", one.plan.region) == one.plan.region]
        one.sources = {str(p["resource_id"]): str(p["id"]) for p in (facts, *near)}
        one.course = Course(one.plan)
        if room is not None:
            one.was_up = frozenset(served(room, clients(room, one.plan)))
        self._found(one)

    def _found(self, one: Watched) -> None:
        if not one.sources:
            raise LookupError(f"nothing of {one.plan.target} is looked at: its plan has no source")

    def row(self, migration: str, step: str, what: str, data: Mapping[str, Any], token: int) -> None:
        """Take in a row, as it is written."""
        one = self.watch(migration)
        one.driven = self.box.now()
        one.known.update(_strings(data))
        if step:
            if one.course is not None:
                one.course.row(step, what)
            self._row_of(one, step, what, data)
            return
        match what:
            case "attempt":
                if one.discarded:
                    one.forgiven.update((w.device, w.start) for w in self.box.losses())
                    one.forgiven.update((w.stream, w.start) for w in self.box.db_losses())
                self._begin_anew(one)
            case "quiesce":
                one.quiesced = True
            case "bring-up":
                one.up, one.let_in = True, one.turned
            case "direction":
                one.turned = True
                one.discarded = one.discarded or (one.up and self.may_discard)
            case "accepted":
                one.turned = False
            case "service-back":
                one.back = True
                if one.discarded:
                    self.given_up[one.plan.target] = self.box.now()

    def _row_of(self, one: Watched, step: str, what: str, data: Mapping[str, Any]) -> None:
        now = self.box.now()
        match what:
            case "intent":
                one.account.sends(step, now, one.sees(""))
                if data.get("operation") == "local:ProveQuiet":  # on a way back too, where no step of the plan is one
                    one.proofs.add(step)
            case "made":
                one.account.lasted(step, self._proof(one, step), now)
            case "failed":
                one.account.lasted(step, self._proof(one, step), now)
                one.account.ends(step, now)
                if data.get("ambiguous"):  # it is looked for until its absence is believed
                    one.account.waited(now, now + max(REQUEST_LIFE, ABSENCE_BELIEVED) + A_LOOK)
            case "done" | "void" | "lost":
                one.account.ends(step, now)

    def _proof(self, one: Watched, step: str) -> float:
        """Return how long a proof waits, which is no request's charge: between two readings, or for a minute behind the fence.

        That minute has to begin and to pass, and CloudWatch shows it late.
        """
        if step not in one.proofs:
            return 0.0
        planned = next((s for s in one.plan.steps if s.key == step), None)
        if isinstance(planned, ProveQuiet) and (planned.secret or planned.after):
            return BETWEEN
        durations = self.box.world.durations
        return 2 * METRIC_PERIOD + durations.metric_late_s * (1 + durations.jitter) + BETWEEN_METRICS

    def _begin_anew(self, one: Watched) -> None:
        one.quiesced = one.up = one.back = one.turned = one.let_in = one.discarded = False
        if one.course is not None:
            one.course = Course(one.plan)

    def took_over(self, migration: str) -> None:
        """Another driver has taken a migration: what it waits out before it goes on is allowed, and what is down is counted anew, once
        the one before it has accounted for its own time.
        """
        one, now = self.watch(migration), self.box.now()
        for who, since in one.down.items():
            if since < one.driven:
                self._ask_account(one, who, since, one.driven)
        one.account.waited(now, now + max(REQUEST_LIFE, ABSENCE_BELIEVED) + A_LOOK)
        one.down = dict.fromkeys(one.down, now)

    def forget_rows(self) -> None:
        """The journal is lost, and with it that an attempt was closed, the next cut may be of the same one; and what was done, which
        is done again where nothing tells that it was.
        """
        for one in self.watched.values():
            if one.course is not None:
                one.course.done.clear()
            if one.back:
                one.quiesced = one.up = one.back = one.turned = one.let_in = False

    @contextmanager
    def others_at_work(self) -> Iterator[None]:
        """Somebody else is at work for a while, and every driver stands still meanwhile."""
        self.others_since = since = self.box.now()
        yield
        self.others_since = None
        self.waited(since, self.box.now())

    def waited(self, since: float, until: float) -> None:
        """A driver has waited for its turn at AWS's rates, or before it asked again."""
        for one in self.watched.values():
            one.account.waited(since, until)

    def told(self, event: Event) -> None:
        """Take in what a driver tells: that it tries a step; how long it waits until it tries again, and why."""
        if event.migration not in self.watched:
            return
        one = self.watched[event.migration]
        if event.name == "step-started":
            one.account.begins(event.step, event.at, one.sees(event.phase))
        elif event.name == "step-failed":
            one.account.ends(event.step, event.at)
        if event.name != "retry":
            return
        one.account.waited(event.at, event.at + float(event.data.get("seconds", 0.0)))
        waits_down = bool(one.down) and event.phase in ("cutover", "bring-up")
        quota = [c for c in QUOTA_CODES if f": {c}" in str(event.data.get("error"))]
        if waits_down:
            self._ask(QUOTA, holds=not quota, how=lambda: f"{event.step} waits for {quota}")

    def sending(self, sent: Sent) -> None:
        """Look at a mutating request before it leaves."""
        self._charged = len(self.box.charges)
        if self.people_act:
            self.people_act, self.by_hand = False, self.by_hand | set(self._touched(sent))
        if sent.operation.startswith("sns:"):
            return
        self._ask(ONE_DRIVER, holds=bool(sent.migration), how=lambda: f"{sent.operation} left without an intent row")
        if not sent.migration:
            return
        newest = self.newest(sent.migration)
        if sent.token != newest and self.late_calls:
            self.late_calls -= 1
        else:
            self._ask(
                ONE_DRIVER,
                holds=sent.token == newest,
                how=lambda: f"{sent.operation} of {sent.step} left with token {sent.token}, the newest is {newest}",
            )
        one = self.watch(sent.migration)
        makes = sent.operation.split(":")[1].startswith(MAKES) and not sent.operation.endswith(TAGS)
        for where, name in _named(sent.params):
            if makes and not where.startswith("Source"):
                continue
            ours = (
                name in one.text
                or one.id in name
                or any(name in k or (len(k) >= LONG_ENOUGH and k in name) for k in one.known)
            )
            self._ask(FOREIGN, holds=ours, how=lambda w=where, n=name: f"{sent.operation} of {sent.step} names {w}={n}")  # type: ignore[misc]
        if makes:
            self._ask(
                TRACED,
                holds=self._findable(sent, one),
                how=lambda: f"{sent.operation} of {sent.step} carries neither our tags nor a name of ours",
            )

    def _touched(self, sent: Sent) -> Iterator[str]:
        """Yield what is theirs where somebody takes a request back, or does it once more: power, a place for a disk, a database."""
        service, operation = sent.operation.split(":")
        one, params = self.watch(sent.migration), sent.params
        if operation in ("AttachVolume", "DetachVolume"):
            devices = [d for d, source in one.sources.items() if source == params["VolumeId"]]
            yield from (place(one.instance, d) for d in [params.get("Device"), *devices] if d)
        elif service == "rds" or operation in ("StartInstances", "StopInstances"):
            yield from (name for _, name in _named(params))

    def _findable(self, sent: Sent, one: Watched) -> bool:
        text = str(dict(sent.params))
        tokens = (token_of(Context(sent.migration, e, a), sent.step) for a in range(1, 9) for e in range(9))
        planned = any(n in one.text for where, n in _named(sent.params) if not where.startswith("Source"))
        return planned or sent.migration in text or any(t[:16] in text for t in tokens)

    def answered(self, sent: Sent, reply: Mapping[str, Any] | None) -> None:
        """Take in what a request has made, and how long AWS takes for it."""
        if sent.migration:
            self.watch(sent.migration).account.charged(sent.step, self.box.charges[self._charged :])
        if reply is not None and sent.migration:
            one = self.watch(sent.migration)
            one.known.update(_strings(reply))
            if sent.operation.split(":")[1].startswith(MAKES):
                one.known.update(_strings(sent.params))


def place(instance: str, device: str) -> str:
    """Return the name in `Invariants.by_hand` of a place for a disk on an instance."""
    return f"{instance} {device}"


def _intact(db: AnyDb, plan: MigrationPlan) -> bool:
    """Tell whether a source is there, and not under the key that its replacement is under."""
    return db.state != "deleting" and db.storage.key != plan.facts["key"]["arn"]


def _how(db: AnyDb | None) -> str:
    return "gone" if db is None else f"{db.state}, and under {db.storage.key}"


def _strings(x: Any) -> Iterator[str]:
    if isinstance(x, Mapping):
        for key, value in x.items():
            if key != "ResponseMetadata":
                yield from _strings(value)
    elif isinstance(x, list | tuple):
        for value in x:
            yield from _strings(value)
    elif isinstance(x, str) and len(x) > 3:
        yield x


def _named(params: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what a request names, with the parameter that does."""
    for key, value in params.items():
        if key in APART or not NAMES_ONE.search(key):
            continue
        for one in value if isinstance(value, list | tuple) else [value]:
            if isinstance(one, str):
                yield key, one
