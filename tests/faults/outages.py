"""When somebody who was served may get nothing: of an instance its workload, of a database each of its clients.

Clients are those of the sandbox, which see what an application would: a writer is served while its writes are acknowledged, a
reader while it has a connection.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from math import inf

from sealift.kinds import BY_NAME
from sealift.plan import MigrationPlan
from sealift.planner import facts_of
from sealift.recipe import Spans, writers_down
from sealift.sandbox.log import Charge
from sealift.sandbox.rds.state import Books, Client
from sealift.step import Phase

Stretch = tuple[float, float]
"""From when until when."""

A_LOOK, A_LOOK_LATER, FIRST_LOOK = 5.0, 15.0, 2.0
"""Seconds by which a state may be seen late: while a workload is down, where it is up already, and where it was reached at once."""

ROUNDED = 0.5
"""Seconds that are lost where delays are told in tenths and looks are taken on whole seconds."""


@dataclass
class Wait:
    """A step from its start to its end: it waits for what it has sent, or, where it sent nothing, for what others of its run have.

    `seen`: how late it may see that something has come about.
    """

    began: float
    seen: float
    sent: float | None = None
    ended: float = inf
    charges: list[Charge] = field(default_factory=list)

    def stretches(self, charges: Iterable[Charge]) -> Iterator[Stretch]:
        """Yield when something is under way that it waits for, each with the look that sees it; a look is taken in any case."""
        first = self.began if self.sent is None else self.sent
        yield first, min(self.ended, first + 1.0)
        for charge in charges:
            if (over := charge.at + charge.seconds) >= self.began:
                begin = max(self.began, charge.at)
                late = min(self.seen, FIRST_LOOK + (over - begin) / 2) if over > begin else 1.0
                yield begin, min(self.ended, over + late)


@dataclass
class Account:
    """What accounts for the time of a run, second for second: what runs side by side counts once, what follows adds up.

    That is: a charge of AWS's that a step waits for, until a look sees that it is over; the delay before another try; the wait for
    a proof, for a turn at AWS's rates, or for a request of a driver that died; what somebody else is at.
    """

    waits: dict[str, list[Wait]] = field(default_factory=dict)
    charges: list[Charge] = field(default_factory=list)
    besides: list[Stretch] = field(default_factory=list)

    def begins(self, step: str, at: float, seen: float) -> None:
        """A step is tried: it looks, or waits for what it needs."""
        self.ends(step, at)
        self.waits.setdefault(step, []).append(Wait(at, seen))

    def sends(self, step: str, at: float, seen: float) -> None:
        """Its request leaves."""
        if (wait := self._open(step)) is None:
            self.begins(step, at, seen)
        else:
            wait.sent = at

    def ends(self, step: str, at: float) -> None:
        """It is done, or has failed."""
        if (wait := self._open(step)) is not None:
            wait.ended = at

    def charged(self, step: str, charges: Sequence[Charge]) -> None:
        """AWS takes its time for what a step has sent."""
        self.charges += charges
        if (wait := self._open(step)) is not None:
            wait.charges += charges

    def waited(self, begin: float, end: float) -> None:
        """Something else takes its time."""
        self.besides.append((begin, end))

    def lasted(self, step: str, seconds: float, at: float) -> None:
        """What a step did by itself is over: it takes so many seconds, and those for which it waited besides meanwhile."""
        if (wait := self._open(step)) is not None and wait.sent is not None:
            sent = wait.sent
            besides = sum(min(end, at) - begin for begin, end in self.besides if sent <= begin < at)
            self.waited(sent, min(at, sent + seconds + besides))

    def _open(self, step: str) -> Wait | None:
        wait = next(reversed(self.waits.get(step, [])), None)
        return wait if wait is not None and wait.ended == inf else None

    def gaps(self, since: float, until: float, all_charges: Iterable[Charge]) -> list[Stretch]:
        """Return the stretches of a time in which nothing is known that would account for it.

        `all_charges` of the sandbox: what a request has set going may go on by itself (a new database backs itself up).
        """
        late = [c for c in all_charges if c.at + c.seconds >= since]
        known = list(self.besides)
        for wait in (w for line in self.waits.values() for w in line if w.ended >= since):
            known += wait.stretches(_with_what_follows(wait.charges or self.charges, late))
            if wait.charges and wait.sent is not None:  # what it needed had to come about first
                known += Wait(wait.began, wait.seen, ended=wait.sent).stretches(_with_what_follows(self.charges, late))
        found, at = [], since
        for begin, end in sorted((begin, end) for begin, end in known if at < end > begin < until):
            if begin > at:
                found.append((at, begin))
            at = max(at, end)
        return [*found, (at, until)] if at < until else found


def _with_what_follows(charges: Iterable[Charge], late: Iterable[Charge]) -> Iterator[Charge]:
    """Yield charges, and those that began by themselves as one of them was over: of the same request."""
    over = set[tuple[str, float]]()
    for charge in charges:
        over.add(_over(charge))
        yield charge
    for charge in late:
        if (charge.operation, round(charge.at, 3)) in over and charge.seconds:
            over.add(_over(charge))
            yield charge


def _over(charge: Charge) -> tuple[str, float]:
    return charge.operation, round(charge.at + charge.seconds, 3)


@dataclass
class Course:
    """How far the steps of an attempt have come, by the keys of those that have begun and are done, and which keep whom down."""

    plan: MigrationPlan
    begun: set[str] = field(default_factory=set)
    done: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        steps = self.plan.steps
        self._writers = _keys(writers_down(steps), self.plan)
        self._readers = _keys(_readers_down(self.plan), self.plan)
        late = [s for s in steps if s.phase is Phase.CONFIRM and s.interrupts]
        self._once_more = {s.key for s in late if not s.lets_in}
        self._waited_for = {s.key for s in late if s.lets_in}

    def row(self, step: str, what: str) -> None:
        """Take in a row of a step."""
        self.begun.add(step)
        if what == "done":
            self.done.add(step)

    def keeps_down(self, client: Client, *, up: bool, back: bool) -> bool:
        """Tell whether a client may get nothing now: `up` as the replacement has been brought up, `back` on a way back."""
        if client.reads:
            return any(keys & self.begun and (back or not keys <= self.done) for keys in self._readers)
        if not up or back:
            return any(keys & self.begun for keys in self._writers)
        waited = self._waited_for if client.proxy or client.data_api else set()
        return not self._once_more | waited <= self.done


def _readers_down(plan: MigrationPlan) -> Spans:
    kind = BY_NAME[plan.kind]
    route = next(r for r in kind.routes if r.name == plan.route)
    return route.readers_down(facts_of(kind, plan.facts), plan.options, plan.steps)


def _keys(spans: Spans, plan: MigrationPlan) -> list[set[str]]:
    return [{s.key for s in span.of(plan.steps)} for span in spans]


def clients(room: Books, plan: MigrationPlan) -> Iterator[Client]:
    """Yield who writes to the target, and who reads from it, its replicas or its endpoints."""
    facts = plan.facts
    parts = ("replicas", "members", "endpoints")
    names = {plan.target, *(str(part["id"]) for name in parts for part in facts.get(name) or ())}
    yield from (c for c in room.clients if c.name in names)


def served(room: Books, who: Iterable[Client]) -> set[str]:
    """Return, by stream, who of them gets something now."""
    written = {(stream, w.name) for head, _ in room.heads() for stream, w in head.store.writers.items()}
    return {c.stream for c in who if (c.since is not None if c.reads else (c.stream, c.name) in written)}
