"""Targets of several shapes, as the sandbox has them, and what a whole run on each leaves to look at."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sealift.aws.gateway import Purpose
from sealift.clock import VirtualClock
from sealift.driver import Outcome
from sealift.engine import Attempt, local_runner
from sealift.errors import CheckFailed, Refused
from sealift.kinds import BY_NAME
from sealift.options import Options
from sealift.plan import MigrationPlan
from sealift.planner import facts_of
from sealift.recipe import seconds_back, seconds_down
from sealift.sandbox import Durations, Sandbox
from sealift.sandbox.quotas import Quotas
from sealift.sandbox.rds.state import everywhere
from sealift.sandbox.seeding import VolumeSpec
from sealift.step import Phase, Step
from tests import clusters, databases
from tests.pictures import picture
from tests.world import ACKS, DATA, KEY, REGION, ROOT, World

Build = Callable[[World], str]


@dataclass(frozen=True)
class Shape:
    """How a target is put there, and the options it is moved with."""

    build: Build
    options: Mapping[str, Any] = field(default_factory=dict)
    prefix: str = ""  # of the target, as people paste it
    login: bool = False
    user: str = "admin"  # who logs in


def _instance(*volumes: VolumeSpec, **options: Any) -> Build:
    return lambda world: world.instance(*volumes, **options)


def _with_io_enabled(world: World) -> str:
    instance = world.instance(ROOT, DATA)
    volume = world.volumes(instance)[DATA.device]["VolumeId"]
    world.ec2.modify_volume_attribute(VolumeId=volume, AutoEnableIO={"Value": True})
    return instance


STATES = "states"
"""The bucket that plans are kept in."""


def bucket(world: World) -> None:
    """Put the bucket there that plans are kept in."""
    place: Any = {"LocationConstraint": REGION}
    world.box.client("s3").create_bucket(Bucket=STATES, CreateBucketConfiguration=place)


def _with_a_bucket(world: World) -> str:
    bucket(world)
    return world.instance(ROOT)


def _letters(first: str, last: str) -> list[str]:
    return [f"/dev/sd{chr(c)}" for c in range(ord(first), ord(last) + 1)]


EIGHT = [ROOT, *(VolumeSpec(device=device, size_gib=4) for device in _letters("f", "l"))]
PLAIN_DATA_ONLY = [VolumeSpec(kms_key=KEY), DATA]
SELECTED = VolumeSpec(device="/dev/sdf", tags={"Backup": "daily", "Name": "data"})
ROLE = "arn:aws:iam::123456789012:role/watchdog"
FAST = VolumeSpec(device="/dev/sdg", type="io2", size_gib=100, iops=8000)

SHAPES: dict[str, Shape] = {
    "root only": Shape(_instance(ROOT)),
    "root and data": Shape(_instance(ROOT, DATA, FAST)),
    "data only, the root encrypted": Shape(_instance(*PLAIN_DATA_ONLY)),
    "stopped": Shape(_instance(ROOT, DATA, state="stopped")),
    "on standby": Shape(_instance(ROOT, asg="web"), {"asg": "standby"}),
    "group suspended": Shape(_instance(ROOT, asg="web"), {"asg": "suspend"}),
    "hooks": Shape(_instance(ROOT), {"quiesce": "true", "after": "true"}),
    "reserved capacity": Shape(_instance(ROOT), {"reserve_capacity": True}),
    "watchdog": Shape(_instance(ROOT, DATA), {"watchdog": ROLE}),
    "watchdog, the root encrypted": Shape(_instance(*PLAIN_DATA_ONLY), {"watchdog": ROLE}),
    "eight volumes": Shape(_instance(*EIGHT), {"clone_slots": 8}),
    "auto-enable-io": Shape(_with_io_enabled),
    "selector tags": Shape(_instance(ROOT, SELECTED), {"selector_tags": ("Backup",)}),
    "state in s3": Shape(_with_a_bucket, {"state_url": f"s3://{STATES}/sealift"}),
    "unattached volume": Shape(lambda world: world.box.add_volume(REGION, spec=DATA)),
}
SHAPES |= {
    name: Shape(case.build, {"acks": databases.ACKS, **case.options}, prefix="rds:", login=case.login, user=case.user)
    for name, case in databases.SHAPES.items()
}
SHAPES |= {
    name: Shape(
        case.build, {"acks": databases.ACKS, **case.options}, prefix="aurora:", login=case.login, user=case.user
    )
    for name, case in clusters.CASES.items()
}
EBS_ROUTES = tuple(route.name for route in BY_NAME["ebs-instance"].routes)
CASES = [(shape, route) for shape, made in SHAPES.items() if not made.prefix for route in EBS_ROUTES]
CASES += [(name, case.route) for name, case in (databases.SHAPES | clusters.CASES).items()]


def options_of(shape: Shape) -> dict[str, Any]:
    """Return the options of a shape, with a login where it has one."""
    return {**shape.options, **(databases.fence(shape.user) if shape.login else {})}


NO_DATABASES: dict[str, Any] = {place: {} for place in ("instances", "clusters", "db snapshots", "cluster snapshots")}


def look(world: World) -> dict[str, Any]:
    """Return everything that a migration of any kind may touch; of databases nothing where nobody has any."""
    rooms = everywhere(world.box.world)  # one is there as soon as anybody has asked for databases
    there = any(room.databases or room.clusters for room in rooms)
    return {**picture(world), **(clusters.picture(world) if there else NO_DATABASES)}


def world_for(folder: Path) -> tuple[Sandbox, Callable[[], World]]:
    """Return a box at rest at once, with room for eight copies, and what makes a world of it once it is open."""
    box = Sandbox(clock=VirtualClock(), durations=Durations.instant(), quotas=Quotas(volume_copies_per_region=8))
    return box, lambda: World(box, folder, connect=databases.logins(box))


# -- what was observed -------------------------------------------------------------------------------------------------


@cache
def recorded(shape: str) -> MigrationPlan:
    """Return a plan for the shape: its facts are those that were observed on the sandbox."""
    made = SHAPES[shape]

    async def observe(world: World) -> MigrationPlan:
        return await world.plan(made.prefix + made.build(world), **options_of(made))

    with TemporaryDirectory() as folder:
        box, world = world_for(Path(folder))
        with box:
            return asyncio.run(observe(world()))


@cache
def planned(shape: str, route: str) -> MigrationPlan:
    """Return the plan of a route for the shape's recorded facts."""
    from dataclasses import replace

    plan = recorded(shape)
    kind = BY_NAME[plan.kind]
    options = replace(plan.options, route=route)
    steps = next(r for r in kind.routes if r.name == route).recipe(facts_of(kind, plan.facts), options)
    return replace(
        plan,
        route=route,
        options=options,
        steps=steps,
        down=seconds_down(steps),
        back=seconds_back(steps),
        back_once_up=seconds_back(steps, brought_up=True),
        refused_routes=(),
    )


def finalizing(shape: str, route: str) -> tuple[Step, ...]:
    """Return the steps of `finalize` after a migration of this shape by this route."""
    plan = planned(shape, route)
    kind = BY_NAME[plan.kind]
    outputs: dict[str, dict[str, Any]] = {s.key: {o: f"{o}-of-{s.key}" for o in s.outputs} for s in plan.steps}
    outputs["migration"] = {"brought_up": 1_800_000_000.0}
    return kind.finalize(facts_of(kind, plan.facts), plan.options, outputs)


# -- whole runs --------------------------------------------------------------------------------------------------------


@dataclass
class Ran:
    """What there was before and after, and what was sent in between."""

    outcomes: list[Outcome]
    before: dict[str, Any]
    after: dict[str, Any]
    calls: frozenset[str]
    steps: tuple[Step, ...]
    leftovers: list[Any]
    losses: list[Any]


async def no_bring_up(step: Step, attempt: Attempt) -> None:
    """Run steps as usual, but refuse the one that would bring the workload up."""
    if step.phase is Phase.BRING_UP:
        raise CheckFailed("the test says no", step=step.key)
    await local_runner(step, attempt)


@cache
def there_and_back(shape: str, route: str) -> Ran:
    """Migrate, then roll back by a person's word."""

    async def go(world: World, plan: MigrationPlan) -> list[Outcome]:
        up = await world.act(world.driver.migrate(plan, approved_by="a test", observed=True))
        if plan.facts.get("state") == "running":
            world.clock.advance(300)
        return [up, await world.act(world.driver.rollback(up.migration, discard_writes=True))]

    return _ran(shape, route, go)


@cache
def turned_before_bring_up(shape: str, route: str) -> Ran:
    """Migrate, fail at the last moment before bring-up, and go back by itself."""

    async def go(world: World, plan: MigrationPlan) -> list[Outcome]:
        run = world.driver.migrate(plan, approved_by="a test", observed=True, runner=no_bring_up)
        return [await world.act(run)]

    return _ran(shape, route, go)


def _ran(shape: str, route: str, go: Callable[[World, MigrationPlan], Any]) -> Ran:
    made = SHAPES[shape]

    async def run(world: World) -> Ran:
        target = made.prefix + made.build(world)
        options = {"acks": (*ACKS, "R-EBS-89"), **options_of(made), "route": route}
        before = look(world)
        plan = await world.plan(target, **options)
        if plan.blocked or plan.route is None:
            raise Refused(str(plan.blocked or plan.refused_routes))
        outcomes = await go(world, plan)
        sent = {
            name for (name, purpose) in world.driver.account.counts if purpose not in (Purpose.OBSERVE, Purpose.PROBE)
        }
        left = [e.data for e in world.driver.journal.entries(outcomes[0].migration) if e.what == "leftover"]
        return Ran(
            outcomes,
            before,
            look(world),
            frozenset(sent),
            plan.steps,
            left,
            [*world.box.losses(), *world.box.db_losses()],
        )

    with TemporaryDirectory() as folder:
        box, world = world_for(Path(folder))
        with box:
            return asyncio.run(run(world()))


__all__ = ["CASES", "SHAPES", "Options", "Ran"]
