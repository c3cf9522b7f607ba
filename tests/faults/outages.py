"""When somebody who was served may get nothing: of an instance its workload, of a database each of its clients.

Clients are those of the sandbox, which see what an application would: a writer is served while its writes are acknowledged, a
reader while it has a connection.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from sealift.kinds import BY_NAME
from sealift.plan import MigrationPlan
from sealift.planner import facts_of
from sealift.recipe import Spans, writers_down
from sealift.sandbox.log import Charge
from sealift.sandbox.rds.state import Books, Client
from sealift.step import Phase


@dataclass
class Down:
    """Somebody gets nothing: since when, after how many charges of the sandbox, and how many seconds are allowed besides those."""

    since: float
    charged: int
    allowed: float = 0.0

    def may(self, charges: Sequence[Charge]) -> float:
        """Return for how many seconds it may last: what was under way as it began counts with what was left of it."""
        begun = (max(0.0, c.at + c.seconds - self.since) for c in charges[: self.charged])
        return self.allowed + sum(begun) + sum(c.seconds for c in charges[self.charged :])


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
