"""An engine on a real journal and virtual time, with steps and an AWS whose every answer a test gives: milliseconds a test."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from inspect import isawaitable
from pathlib import Path
from typing import Any

from sealift.aws.gateway import Purpose
from sealift.clock import VirtualClock, actor
from sealift.engine import Engine, Runner, Work, local_runner
from sealift.events import Event
from sealift.journal import Entry, Journal
from sealift.step import Call, Context, Guard, Irreversible, Phase, Query, Seconds, Seen, Step, Switch, Watch
from sealift.watch import Watcher

CREATE, COPY, STOP = "ec2:CreateSnapshot", "ec2:CopyVolumes", "ec2:StopInstances"
"""An operation without a token, one with a token, and one that sets a state."""
DONE, NOT_YET = Seen(done=True, state="available"), Seen(state="creating")
NOTHING = Irreversible("nothing to take back")
PLAN = {"target": "i-1", "kind": "ebs-instance", "account": "1", "region": "eu-central-1", "steps": []}


def asks(answer: Callable[[], Any], name: str = "ec2:DescribeVolumes") -> Query:
    """Return a read that a test answers, whatever AWS says: but it has to have been asked."""

    def read(reply: Mapping[str, Any]) -> Any:
        assert isinstance(reply, Mapping)
        return answer()

    return Query(Call(name, {}), read)


def waits(look: Callable[[], Seen], id_: str = "vol-1", **more: Any) -> Watch:
    """Return something to wait for, which a test judges."""
    return Watch("volume", id_, lambda _: look(), "ready", **more)


@dataclass(frozen=True, kw_only=True)
class Act(Step):
    """A step that is what its test says."""

    operation: str = STOP
    volume: str = "vol-1"
    wants: tuple[Any, ...] = ()
    gives: Mapping[str, Any] = field(default_factory=dict)
    taken_back: Any = NOTHING
    taken_back_once_up: Any = None
    befores: Query | None = None
    finds: Query | None = None
    finds_again: Query | None = None
    ages: Query | None = None
    observes: Query | None = None
    vains: Query | None = None
    pasts: Query | None = None
    departs: Watch | None = None
    claims: Query | None = None
    lives: Any = None
    orphans: tuple[Query, ...] = ()
    needed: Watch | None = None
    waited: Watch | None = None
    checks: Query | None = None
    traces: Query | None = None
    after_trace: Any = None
    turns: Switch | None = None
    kept_by: Any = None
    contexts: Any = field(default=None, compare=False)  # a list: notes with which context it was looked for
    quiesces: bool = False  # type: ignore[misc]
    takes_down: bool = False  # type: ignore[misc]
    at_gate: bool = False  # type: ignore[misc]
    paid: bool = False  # type: ignore[misc]
    exposes: bool = False  # type: ignore[misc]
    looks_first: bool = False  # type: ignore[misc]
    asks_health: bool = False  # type: ignore[misc]
    interrupts: bool = False  # type: ignore[misc]
    lets_in: bool = False  # type: ignore[misc]
    opens: bool = False  # type: ignore[misc]
    conditional: bool = False  # type: ignore[misc]
    fences: bool = False  # type: ignore[misc]
    renames: bool = False  # type: ignore[misc]
    harbours: bool = False  # type: ignore[misc]
    mirrors: bool = False  # type: ignore[misc]
    guards: bool = False  # type: ignore[misc]
    surrounds: bool = False  # type: ignore[misc]
    marks: bool = False  # type: ignore[misc]
    stands_by: Guard | None = None
    outputs: tuple[str, ...] = ()  # type: ignore[misc]
    takes: Seconds = field(default_factory=Seconds)

    def seconds(self) -> Seconds:
        return self.takes

    def title(self) -> str:
        return f"do {self.key}"

    def do(self, ctx: Context) -> Call:
        items = {} if self.turns is None else {"items": self.turns.items}
        return Call(self.operation, {"key": self.key, "wants": self.wants, **items, **vars(ctx)})

    def undo(self) -> Any:
        return self.taken_back

    def undo_once_up(self) -> Any:
        return self.taken_back if self.taken_back_once_up is None else self.taken_back_once_up

    # Real steps read the context and the output that they are asked with: whoever asks without one fails here, too.

    def before(self, ctx: Context) -> Query | None:
        return self.befores if ctx.migration else None

    def find(self, ctx: Context) -> Query | None:
        if self.contexts is not None:
            self.contexts.append(ctx)
        return self.finds if ctx.migration else None

    def find_again(self, ctx: Context) -> Query | None:
        return self.finds_again if ctx.migration else None

    def fresh(self, out: Any) -> Query | None:
        return self.ages if dict(out) is not None else None

    def observe(self, ctx: Context) -> Query | None:
        return self.observes if ctx.migration else None

    def output(self, reply: Mapping[str, Any]) -> dict[str, Any]:
        return {**reply, **self.gives}

    def switch(self) -> Switch | None:
        return self.turns

    def turning(self, items: tuple[str, ...]) -> Step:
        from dataclasses import replace

        assert self.turns is not None
        return replace(self, turns=replace(self.turns, items=items))

    def needs(self) -> Watch | None:
        return self.needed

    def ready(self, out: Any) -> Watch | None:
        return self.waited if dict(out) is not None else None

    def vain(self) -> Query | None:
        return self.vains

    def past(self) -> Query | None:
        return self.pasts

    def departed(self) -> Watch | None:
        return self.departs

    def claimed(self, ctx: Context) -> Query | None:
        return self.claims if ctx.migration else None

    def lives_with(self) -> Any:
        return self.lives

    def orphaned(self) -> tuple[Query, ...]:
        return self.orphans

    def check(self, out: Any) -> Query | None:
        return self.checks if dict(out) is not None else None

    def trace(self, ctx: Context) -> Query | None:
        return self.traces if ctx.migration else None

    def resumed(self, left: Any) -> Step:
        return self.after_trace(left) if self.after_trace else self

    def guard(self, ctx: Context, out: Any) -> Guard | None:
        return self.stands_by if ctx.migration and dict(out) is not None else None

    def salvage(self) -> Any:
        return self.kept_by


class Died(BaseException):
    """The driver's process ends here."""


PLACE = ("1", "eu-central-1")
WEB = Switch("web", on=True, items=()).at(PLACE)
"""The name of a shared switch in the journal."""


class ScriptedGateway:
    """What AWS answers: to a change of a step by its key, in turn; an exception is raised."""

    account_id, region = PLACE
    place = PLACE

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.answers: dict[str, list[Any]] = {}
        self.sent: list[tuple[str, float]] = []
        self.calls: list[Call] = []
        self.reads: list[tuple[str, Purpose, float]] = []
        self.read_calls: list[Call] = []
        self.unread: dict[str, Exception] = {}

    async def read(self, call: Call, purpose: Purpose, declared: frozenset[str] = frozenset()) -> dict[str, Any]:
        assert isinstance(purpose, Purpose)
        self.reads.append((call.operation, purpose, self.clock.now()))
        self.read_calls.append(call)
        if error := self.unread.get(call.operation):
            raise error
        return {}

    async def ask(self, query: Query, purpose: Purpose, declared: frozenset[str] | None = None) -> Any:
        assert declared is not None
        assert query.call.operation in declared
        return query.read(await self.read(query.call, purpose))

    async def send(
        self, call: Call, declared: frozenset[str], guard: Callable[[], None] | None = None
    ) -> dict[str, Any]:
        assert call.operation in declared
        if guard:
            guard()
        key = str(call.params["key"])
        self.sent.append((key, self.clock.now()))
        self.calls.append(call)
        turn = self.answers.get(key, [])
        answer = turn.pop(0) if turn else {}
        if callable(answer):
            answer = answer()
        if isawaitable(answer):
            answer = await answer
        if isinstance(answer, BaseException):
            raise answer
        return dict(answer)

    @property
    def keys(self) -> list[str]:
        return [key for key, _ in self.sent]


class Bench:
    """One migration, and engines that drive it one after the other: each takes the lease, as each driver does."""

    def __init__(self, folder: Path) -> None:
        self.clock = VirtualClock()
        self.journal = Journal(self.clock, folder / "journal.db")
        self.gateway = ScriptedGateway(self.clock)
        self.migration = self.journal.begin(PLAN, "sha256:0", ["i-1"])
        self.journal.note(self.migration, "approved", {"by": "a test"}, attempt=1)
        self.events: list[Event] = []
        self.began = self.clock.now()

    def engine(self, *steps: Step, runner: Runner = local_runner, **more: Any) -> Engine:
        """Return a new driver's engine."""
        about = {k: more.pop(k) for k in ("readers", "window", "no_wait") if k in more}
        token, beat, *_ = self.journal.lease(self.migration)

        async def read(call: Call) -> dict[str, Any]:
            return await self.gateway.read(call, Purpose.POLL)

        return Engine(
            Work(self.migration, "i-1", steps, **about),
            journal=self.journal,
            gateway=self.gateway,  # type: ignore[arg-type]
            watcher=Watcher(self.clock, read),
            token=self.journal.take_lease(self.migration, (token, beat)),
            runner=runner,
            listeners=[self.events.append],
            **more,
        )

    async def act(self, work: Any) -> Any:
        """Await something as an actor of the clock."""
        with actor(self.clock):
            return await work

    def rows(self, step: str) -> list[str]:
        """Return what was written of a step, in order."""
        return [e.what for e in self.journal.entries(self.migration) if e.step == step]

    def entry(self, step: str | None, what: str) -> Entry:
        """Return the last row of that kind."""
        return [e for e in self.journal.entries(self.migration) if (e.step, e.what) == (step, what)][-1]

    @property
    def notes(self) -> list[str]:
        """What was written of the migration as a whole since its approval, in order."""
        return [e.what for e in self.journal.entries(self.migration) if e.step is None][2:]

    @property
    def passed(self) -> float:
        """Seconds since the beginning."""
        return self.clock.now() - self.began

    def told(self, name: str) -> Sequence[Event]:
        """Return the events of a name."""
        return [e for e in self.events if e.name == name]


def act(key: str = "stop", phase: Phase = Phase.CUTOVER, **more: Any) -> Act:
    """Return a step."""
    return Act(key=key, phase=phase, **more)


def undo(key: str, phase: Phase = Phase.RESTORE, **more: Any) -> Act:
    """Return what takes a step back."""
    return act(f"undo:{key}", phase, **more)
