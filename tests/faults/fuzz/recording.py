"""True answers: what the sandbox answered in whole runs, with the very readers that read it."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import settings

from sealift import engine as engines
from sealift.answers import answer, made_of, reading
from sealift.aws.gateway import Gateway, Purpose, reader
from sealift.errors import AnswerUnclear, CallError, Retry
from sealift.kinds import BY_NAME, FINDERS, door
from sealift.plan import MigrationPlan
from sealift.planner import facts_of
from sealift.step import Call, Context, Found, Phase, Query, Seen, Watch, bound, refs, undoing
from sealift.subjects import SUBJECTS
from sealift.watch import Watcher
from tests.contract.shapes import CASES, SHAPES, options_of, world_for
from tests.world import ACKS, World

SHORT = (
    ("root and data", "snapshot"), ("postgres, blue-green", "blue-green"), ("aurora postgresql with scaled readers, snapshot", "snapshot"),
)  # fmt: skip
"""What `make test` records: a shape of every kind."""


def long() -> bool:
    """Tell whether the long form is wanted: pytest --hypothesis-profile=torture."""
    return settings.get_current_profile_name() == "torture"


def cases() -> tuple[tuple[str, str], ...]:
    """Return the shapes and routes that are recorded: every one in the long form."""
    return tuple(CASES) if long() else SHORT


@dataclass(frozen=True)
class Reading:
    """A reader, an answer that it was given in a run, and what it made of it."""

    name: str
    operation: str
    read: Callable[[Any], Any]
    reply: Any

    @property
    def said(self) -> Any:
        """What the reader makes of the true answer."""
        return self.of(self.reply)

    def of(self, reply: Any) -> Any:
        """Return what the reader makes of another answer, as the engine lets it read.

        Raises:
            AnswerUnclear: it cannot make anything of it.

        """
        with reading(self.operation):
            return eager(self.read(answer({"_": reply}, self.operation)["_"]))


def eager(said: Any) -> Any:
    """Return what a reader says, generators drawn."""
    return list(said) if isinstance(said, Iterator) else said


def confident(said: Any) -> bool:
    """Tell whether a reader says that something is there, done, or as it should be."""
    match said:
        case Found():
            return True
        case Seen():
            return said.done
        case list() | tuple():
            return not said
        case bool():
            return said
        case _:
            return said is not None


@dataclass
class Recorded:
    """Everything that was read in the runs of one shape by one route."""

    readings: dict[tuple[str, str, str], Reading] = field(default_factory=dict)
    surveys: dict[str, "Surveyed"] = field(default_factory=dict)
    sent: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def add(self, made: Reading) -> None:
        """Keep one reading of each reader, answer to the same question, and verdict."""
        try:
            verdict = str(confident(made.said))
        except AnswerUnclear:
            return
        self.readings.setdefault((made.name, made.operation, verdict), made)


Ask = Callable[[Any], Awaitable[Any]]


@dataclass
class Surveyed:
    """A reader of a kind that asks by itself, and what it was answered."""

    ask: Ask
    answers: dict[str, Mapping[str, Any]]
    said: Any

    async def of(self, answers: Mapping[str, Mapping[str, Any]]) -> Any:
        """Ask again, and be answered from `answers`."""

        async def read(call: Call) -> Any:
            if question(call) not in answers:  # by another id: nobody has it
                raise CallError(f"{call.operation} knows no such thing", operation=call.operation, retry=Retry.REFUSED)
            return answer(answers[question(call)], call.operation)

        with reading("a survey"):
            return await self.ask(read)


def question(call: Call) -> str:
    """Return what tells one read from another."""
    return f"{call.operation} {json.dumps(call.params, sort_keys=True, default=str)}"


@contextmanager
def listening(recorded: Recorded) -> Iterator[None]:
    """Note what every reader of the engine is given, and what was answered to changes."""
    with pytest.MonkeyPatch.context() as patch:
        ask, until = Gateway.ask, Watcher.until

        async def asked(self: Gateway, query: Query, purpose: Purpose, declared: Any = None) -> Any:
            def read(reply: Any) -> Any:
                recorded.add(Reading(query.read.__qualname__, query.call.operation, query.read, reply))
                return query.read(reply)

            return await ask(self, replace(query, read=read), purpose, declared)

        async def watched(self: Watcher, watch: Watch, **about: Any) -> Seen:
            def judge(resource: Any) -> Seen:
                operation = SUBJECTS[watch.subject].operation
                if resource is not None:
                    recorded.add(Reading(watch.judge.__qualname__, operation, watch.judge, resource))
                return watch.judge(resource)

            return await until(self, replace(watch, judge=judge), **about)

        def made(reply: Any, operation: str, output: Any) -> Any:
            recorded.add(Reading(output.__qualname__, operation, output, reply))
            return made_of(reply, operation, output)

        patch.setattr(Gateway, "ask", asked)
        patch.setattr(Watcher, "until", watched)
        patch.setattr(engines, "made_of", made)
        yield


async def _surveyed(recorded: Recorded, world: World, name: str, ask: Ask) -> None:
    answers: dict[str, Mapping[str, Any]] = {}
    gateway = await world.driver.gateway(world.settings.region or "")
    through = reader(gateway)

    async def read(call: Call) -> Any:
        answers[question(call)] = reply = await through(call)
        return reply

    recorded.surveys[name] = Surveyed(ask, answers, await ask(read))


async def _look_round(recorded: Recorded, world: World, plan: MigrationPlan, outputs: Any, when: str) -> None:
    kind = BY_NAME[plan.kind]
    facts, options, place = facts_of(kind, plan.facts), plan.options, (plan.account, plan.region)
    asks: dict[str, Ask] = {
        "observe": lambda read: kind.observe(door(read), *place, plan.target, options),
        "settled": lambda read: kind.settled(read, facts, options, outputs),
        "stays": lambda read: kind.stays(read, facts, outputs),
        "unusable": lambda read: kind.unusable(read, facts),
        "barred": lambda read: kind.barred(read, facts, outputs),
        "recall": lambda read: kind.recall(read, *place, plan.target, options),
        **{f"find {name}": lambda read, find=find: find(door(read), *place) for name, find in FINDERS},  # type: ignore[misc]
    }
    for name, ask in asks.items():
        if when == "before" and name not in ("observe", *(n for n in asks if n.startswith("find"))):
            continue
        await _surveyed(recorded, world, f"{when}: {plan.kind} {name}", ask)


async def _every_reader(recorded: Recorded, world: World, plan: MigrationPlan, migration: str) -> None:
    """Let every reader that a step has look, whether the run came by it or not."""
    state, gateway = world.state(migration), await world.driver.gateway(plan.region)
    ctx = Context(migration, state.epoch, state.attempt)
    for planned in plan.steps:
        for one in (planned, *undoing(planned), *undoing(planned, brought_up=True)):
            step, out = bound(one, state.outputs), state.outputs.get(one.key, {})
            if any(refs(step)):
                continue
            known = [step.holds_slot(out), step.check(out), step.fresh(out)] if out or not step.outputs else []
            asked = [step.before(ctx), step.find(ctx), step.find_again(ctx), step.observe(ctx), step.trace(ctx), *known]
            switch = step.switch()
            for query in (*asked, switch.unturned if switch else None):
                if query is not None:
                    with suppress(CallError):
                        await gateway.ask(query, Purpose.CHECK)
            for watch in (
                step.needs(),
                step.ready(out) if known else None,
                step.serving() if step.phase is Phase.BRING_UP else None,
            ):
                if watch is not None:
                    kind = SUBJECTS[watch.subject]
                    with suppress(CallError):
                        for resource in kind.resources(await gateway.read(kind.call([watch.id]))):
                            recorded.add(Reading(watch.judge.__qualname__, kind.operation, watch.judge, resource))


@cache
def record(shape: str, route: str) -> Recorded:
    """Migrate, look round, go back; migrate once more and finalize: return all that was read."""
    made, recorded = SHAPES[shape], Recorded()

    async def go(world: World) -> None:
        target = made.prefix + made.build(world)
        plan = await world.plan(target, **{"acks": (*ACKS, "R-EBS-89"), **options_of(made), "route": route})
        await world.act(_look_round(recorded, world, plan, {}, "before"))
        up = await world.act(world.driver.migrate(plan, approved_by="a test", observed=True))
        assert up.exit_code == 0, up
        world.clock.advance(300)
        await world.act(_every_reader(recorded, world, plan, up.migration))
        await world.act(_look_round(recorded, world, plan, world.state(up.migration).outputs, "after"))
        back = await world.act(world.driver.rollback(up.migration, discard_writes=True))
        assert back.exit_code == 0, back
        again = await world.act(world.driver.resume(up.migration, approved_by="a test"))
        assert again.exit_code == 0, again
        world.clock.advance(15 * 86_400)
        end, _ = await world.act(world.driver.finalize(up.migration))
        assert end.exit_code == 0, end

    with TemporaryDirectory() as folder:
        box, world = world_for(Path(folder))
        with box, listening(recorded):
            asyncio.run(go(world()))
    return recorded
