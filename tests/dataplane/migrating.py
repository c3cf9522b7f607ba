"""A whole migration with a real server behind the sandbox's instance, and what has to be true of its rows."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sealift.clock import VirtualClock
from sealift.driver import Outcome
from sealift.engine import Attempt, Runner, local_runner
from sealift.events import Event
from sealift.sandbox import Durations, Sandbox
from sealift.step import Step
from tests.databases import ACKS, VERIFIER, secret
from tests.dataplane.plane import Plane, Writer, opened
from tests.dataplane.servers import MASTER, PASSWORD, Server
from tests.world import World

Change = Callable[[Step], Step | None]
Tables = dict[str, list[tuple[Any, ...]]]


@dataclass
class Run:
    """What came of it: the outcome, what the application was told, and the rows of every server that is left."""

    outcome: Outcome
    acknowledged: dict[int, str]
    connections: int
    serving: Tables
    before: tuple[Tables, Tables] | None
    """Every row of the source and of the replacement directly before bring-up, where the run came so far."""

    def lost(self) -> dict[int, str]:
        """Return the rows that were acknowledged and are not served now, or not as they were written."""
        has = {int(number): body for _, number, body in self.serving["writes"]}
        return {n: body for n, body in self.acknowledged.items() if has.get(n) != body}


def slowly(pause: float) -> Runner:
    """Return a runner that gives the application time of its own after each step: virtual time takes none."""

    async def run(step: Step, attempt: Attempt) -> None:
        await local_runner(step, attempt)
        await asyncio.sleep(pause)

    return run


def migrated(
    kind: type[Server],
    home: Path,
    folder: Path,
    change: Change = lambda s: s,
    *,
    login: bool = True,
    pause: float = 0.03,
) -> Run:
    """Migrate an instance by the snapshot route, its fence changed, while an application writes through it all."""
    with Sandbox(clock=VirtualClock(), durations=Durations()) as box, opened(box, kind, home) as plane:
        world = World(box, folder, connect=plane.connect)
        name = box.add_db_instance("shop", kind.engine, write_mib_per_s=0.01)
        plane.put(name)
        return asyncio.run(_migrate(world, plane, name, change, login=login, pause=pause))


async def _written(writer: Writer, more: int) -> None:
    """Wait until the application has been told of so many more rows."""
    wanted = len(writer.acknowledged) + more
    for _ in range(1500):
        if len(writer.acknowledged) >= wanted:
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"the application is not served: {writer.refusal}")


async def _migrate(world: World, plane: Plane, name: str, change: Change, *, login: bool, pause: float) -> Run:
    about = {"fence_login": secret(username=MASTER, password=PASSWORD), "fence_from": f"{VERIFIER}/32"} if login else {}
    plan = await world.plan(f"rds:{name}", route="snapshot", acks=ACKS, **about)
    plan = replace(plan, steps=tuple(s for step in plan.steps if (s := change(step)) is not None))
    before: list[tuple[Tables, Tables]] = []

    def listen(event: Event) -> None:
        if event.name == "step-started" and event.step == "bring-up":
            old, new = plane.server(f"{name}-sealift-old"), plane.server(name)
            before.append((old.rows(), new.rows()))

    writer = Writer(plane, name)
    writer.start()
    await _written(writer, 50)
    driver = world.new_driver(runner=slowly(pause), listeners=[listen])
    outcome = await world.act(driver.migrate(plan, approved_by="a test", observed=True))
    await _written(writer, 20)  # it is served, whatever the outcome
    writer.end()
    return Run(
        outcome, writer.acknowledged, writer.connections, plane.server(name).rows(), before[0] if before else None
    )
