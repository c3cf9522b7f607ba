"""Somebody between the gateway and AWS who alters one answer, and whole runs with such a one."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import boto3
import pytest

from sealift.aws.gateway import MARKS, Account, Purpose
from sealift.aws.operations import OPERATIONS
from sealift.driver import Outcome
from sealift.errors import SealiftError
from sealift.steps.db_looks import RESTING, id_of, name_of, status_of
from tests.contract.shapes import SHAPES, options_of, world_for
from tests.faults.faulting import commands
from tests.faults.fuzz.shapes import alterations, at, having, others, places, without
from tests.world import ACKS, REGION, World

FORMS = ("lacks", "another", "unreadable", "paged")
"""How an answer is altered: a member is missing, it has another value, botocore's own reader stumbles over it, or it is an empty
page that names a next one, which is the true one.
"""
ANY = "*"
"""Whatever is asked."""
PAGE = "one more page"


@dataclass
class Lie:
    """What is altered: the `turn`-th answer of an operation (of all, `ANY`), or all of its from that one on; `pick` chooses the
    member. `made`: a whole answer that comes in its stead.
    """

    operation: str
    turn: int
    form: str
    pick: int
    for_ever: bool
    made: Mapping[str, Any] | None = None

    seen: int = field(default=0, repr=False)
    told: list[str] = field(default_factory=list)
    over: bool = field(default=False, repr=False)

    def __call__(self, operation: str, parsed: dict[str, Any]) -> None:
        """Alter an answer in its place."""
        if self.operation not in (ANY, operation):
            return
        self.seen += 1
        if self.over or self.seen < self.turn or (self.seen > self.turn and not self.for_ever):
            return
        self.operation = operation
        meta = parsed.get("ResponseMetadata", {})
        altered = self._altered({k: v for k, v in parsed.items() if k != "ResponseMetadata"})
        parsed.clear()
        parsed.update({**altered, "ResponseMetadata": meta})

    def _altered(self, body: dict[str, Any]) -> Mapping[str, Any]:
        if self.made is not None:
            self.told.append("something made up")
            return self.made
        if self.form == "unreadable":
            self.told.append("a number that is none")
            raise ValueError("invalid literal for int() with base 10: 'quantum'")
        known = OPERATIONS.get(self.operation)
        if self.form == "paged":
            if known is None or not known.result:
                return body
            self.told.append("an empty page, and another")
            return {**body, known.result: [], MARKS.get(known.service, "NextToken"): PAGE}
        where = list(places(body))
        if not where:
            return body
        place = where[self.pick % len(where)]
        values = (*alterations(at(body, place)), *others(self.operation, place))
        if self.form == "lacks" or not values:
            self.told.append(f"lacks {place}")
            return without(body, place)
        value = values[self.pick % len(values)]
        self.told.append(f"has {value!r:.30} at {place}")
        return having(body, place, value)


@contextmanager
def told(lie: Lie) -> Iterator[None]:
    """Let a lie be told to every driver of this process."""
    with pytest.MonkeyPatch.context() as patch:
        client = Account.client

        def listening(self: Account, service: str, region: str) -> Any:
            known = (service, region) in self._clients
            made = client(self, service, region)
            if not known:
                made.meta.events.register("after-call", alter)
                made.meta.events.register("provide-client-params", turned)
            return made

        def alter(http_response: Any, parsed: dict[str, Any], model: Any, **_: Any) -> None:
            if http_response.status_code < 300:
                lie(f"{model.service_model.service_name}:{model.name}", parsed)

        def turned(params: dict[str, Any], **_: Any) -> dict[str, Any]:
            return {k: v for k, v in params.items() if v != PAGE}

        patch.setattr(Account, "client", listening)
        yield


@dataclass
class Run:
    """A whole run, and what there is afterwards."""

    lie: Lie | None
    outcomes: list[Outcome] = field(default_factory=list)
    phase: str = "plan"  # in which it ended: plan, migrate, finalize, done
    changes: Counter[str] = field(default_factory=Counter)  # sent in that phase
    afterwards: list[Outcome] = field(default_factory=list)  # once nobody lies any more
    losses: list[Any] = field(default_factory=list)
    missing: set[str] = field(default_factory=set)  # sources that are gone
    serves: str = ""  # source, replacement, a mix, nothing
    then_serves: str = ""
    counts: Counter[str] = field(default_factory=Counter)  # answers that could be altered

    def harm(self) -> list[str]:
        """Return what is not as it has to be, whatever was answered; empty is good."""
        last = self.outcomes[-1]
        said = [*self.outcomes, *self.afterwards]
        harm = [f"not one plain line: {o.message}" for o in said if "\n" in o.message or "unexpected " in o.message]
        harm += [f"lost: {loss}" for loss in self.losses]
        asked = [o.message for o in said if o.exit_code == 6]
        harm += [f"it names fewer than two commands: {m}" for m in asked if len(commands(m)) < 2]
        if self.missing and self.phase not in ("finalize", "done"):
            harm.append(f"sources are gone: {self.missing}")
        if self.phase == "plan" and self.changes:
            harm.append(f"a plan changed something: {dict(self.changes)}")
        if self.phase == "migrate" and not last.migration and self.changes:
            harm.append(f"refused, and it changed something: {dict(self.changes)}")
        if self.phase in ("plan", "finalize") and self.serves != {"plan": "source"}.get(self.phase, "replacement"):
            harm.append(f"{self.serves} serves after {self.phase}")
        if self.phase == "done" and self.serves != "replacement":
            harm.append(f"it is done, and {self.serves} serves")
        if last.exit_code == 5 and self.serves != "source":
            harm.append(f"rolled back, and {self.serves} serves")
        if self.then_serves not in ("source", "replacement"):
            harm.append(f"in the end {self.then_serves} serves")
        if self.afterwards and self.afterwards[-1].exit_code not in (0, 5):
            harm.append(f"it cannot be mended: {self.afterwards[-1]}")
        return harm

    def replay(self) -> str:
        """Say what was tried, so that it can be tried again."""
        ended = [f"exit {o.exit_code}: {o.message}" for o in (*self.outcomes, *self.afterwards)]
        return f"{self.lie!r} ended in {self.phase}, {ended}"


async def _go(world: World, shape: str, route: str, lie: Lie | None) -> Run:
    made, run = SHAPES[shape], Run(lie)
    unit = made.build(world)
    sources = _sources(world, unit)
    options = {"acks": (*ACKS, "R-EBS-89"), **options_of(made), "route": route}  # which puts a login's secret there
    sofar = len(world.calls())

    def enter(phase: str) -> None:
        nonlocal sofar
        run.phase, sofar = phase, len(world.calls())

    try:
        plan = await world.plan(made.prefix + unit, **options)
        enter("migrate")
        run.outcomes.append(await world.act(world.driver.migrate(plan, approved_by="a test")))
        if run.outcomes[-1].exit_code == 0:
            world.clock.advance(15 * 86_400)
            enter("finalize")
            run.outcomes.append((await world.act(world.driver.finalize(run.outcomes[0].migration)))[0])
            if run.outcomes[-1].exit_code == 0:
                enter("done")
    except SealiftError as error:
        run.outcomes.append(Outcome(unit, "", error.exit_code, str(error)))
    run.changes = Counter(world.calls()[sofar:])
    run.serves = _serving(world, unit, sources)
    run.missing = sources - _there(world)
    if lie is not None:
        lie.over = True
    last = run.outcomes[-1]
    if run.phase == "migrate" and last.migration and last.exit_code not in (0, 5):
        run.afterwards.append(await world.act(world.driver.resume(last.migration, approved_by="a test")))
        if run.afterwards[-1].exit_code == 6 and world.state(last.migration).undecided:
            run.afterwards.append(await world.act(world.driver.accept(last.migration)))
        if "Make a new plan" in run.afterwards[-1].message:  # the first one was made of a lie
            plan = await world.plan(made.prefix + unit, **options)
            run.afterwards.append(await world.act(world.driver.migrate(plan, approved_by="a test")))
    if run.phase == "finalize":
        run.afterwards.append((await world.act(world.driver.finalize(last.migration)))[0])
    run.then_serves = _serving(world, unit, sources)
    run.losses = [*world.box.losses(), *world.box.db_losses()]
    for (operation, purpose), number in world.driver.account.counts.items():
        run.counts[operation] += number if purpose is not Purpose.PROBE else 0
    return run


def _databases(world: World) -> list[Any]:
    rds = boto3.client("rds", region_name=REGION)
    return [*rds.describe_db_instances()["DBInstances"], *rds.describe_db_clusters()["DBClusters"]]


def _sources(world: World, unit: str) -> set[str]:
    if unit.startswith("i-"):
        return {v["VolumeId"] for v in world.volumes(unit).values()}
    return {id_of(d) for d in _databases(world)}


def _there(world: World) -> set[str]:
    return {*world.all_volumes(), *(id_of(d) for d in _databases(world))}


def _serving(world: World, unit: str, sources: set[str]) -> str:
    if unit.startswith("i-"):
        on, up = {v["VolumeId"] for v in world.volumes(unit).values()}, world.power(unit) == "running"
    else:
        bearers = [d for d in _databases(world) if name_of(d) == unit]
        on, up = {id_of(d) for d in bearers}, any(status_of(d) in RESTING for d in bearers)
    if not up or not on:
        return "nothing"
    return "source" if on <= sources else "replacement" if not on & sources else "a mix"


def tried(shape: str, route: str, lie: Lie | None = None) -> Run:
    """Plan, migrate and finalize in a sandbox of its own while somebody lies."""

    async def go(world: World) -> Run:
        return await _go(world, shape, route, lie)

    with TemporaryDirectory() as folder:
        box, world = world_for(Path(folder))
        with box, told(lie) if lie is not None else nullcontext():
            return asyncio.run(go(world()))


@cache
def answered(shape: str, route: str) -> Counter[str]:
    """Return how often each operation is answered in a run in which nobody lies."""
    run = tried(shape, route)
    assert (run.harm(), run.phase) == ([], "done"), run.replay()
    return run.counts
