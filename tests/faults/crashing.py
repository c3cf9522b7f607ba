"""Dying at a durable state and going on: whole runs of any shape, killed at a row of the journal, and how each ended."""

import asyncio
import json
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sealift.driver import Outcome
from tests.contract.shapes import SHAPES, look, options_of, world_for
from tests.promises.test_3_kill_it_anywhere import Doomed, Killed
from tests.world import ACKS, World

Rows = list[tuple[str, str]]

IDS = re.compile(
    r"\b(?:cluster-[A-Z0-9]{20,}|db-[A-Z0-9]{20,}|customendpoint-[A-Z0-9]+|"
    r"(?:vol|snap|i|eni|sg|cr|mig|bgd|prx-target)-[0-9a-z]{8,}|sealift-(?:restore-|green-)?[0-9a-f]{16,}|"
    r"-green-[a-z0-9]{6}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|![a-z]+-[0-9A-Za-z-]+)"
)
MOMENTS = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:\+00:00|Z)?|datetime\.datetime\([^)]*\)")
COUNTED = ("sealift:epoch", "sealift:attempt")
"""Tags that say how often it was tried."""


def plainly(seen: dict[str, Any]) -> str:
    """Return a picture without what differs from run to run: ids, moments, and how often it was tried."""
    text = json.dumps(_uncounted(seen), sort_keys=True, default=str, indent=1)
    text = MOMENTS.sub("<moment>", IDS.sub("<id>", text))
    # what is keyed by an id stands in the order of its content
    return "\n".join(sorted(line.rstrip(",") for line in text.splitlines()))


def _uncounted(x: Any) -> Any:
    if isinstance(x, dict):
        if x.get("Key") in COUNTED:
            return {**x, "Value": "<number>"}
        return {k: _uncounted(v) for k, v in x.items()}
    if isinstance(x, list | tuple):
        return ["<number>" if len(x) == 2 and x[0] in COUNTED and n else _uncounted(y) for n, y in enumerate(x)]
    return x


@dataclass
class Ended:
    """How a run ended: what is there, what was lost or run twice."""

    outcome: Outcome
    picture: str
    harm: list[Any]


Go = Callable[[World, str, dict[str, Any]], Any]


async def _forward(world: World, shape: str, route: str, at: int, *, written: bool) -> tuple[Rows, str]:
    made = SHAPES[shape]
    target = made.prefix + made.build(world)
    options = {"acks": (*ACKS, "R-EBS-89", "R-FENCE-01"), **options_of(made), "route": route}
    plan = await world.plan(target, **options)
    driver = world.new_driver()
    doomed = Doomed(driver, at, written=written)
    with suppress(Killed):
        await world.act(driver.migrate(plan, approved_by="a test", observed=True))
    migrations = world.driver.journal.migrations()
    return doomed.rows, str(migrations[-1]["id"]) if migrations else ""


def _in_a_box(go: Callable[[World], Any]) -> Any:
    with TemporaryDirectory() as folder:
        box, world = world_for(Path(folder))
        with box:
            return asyncio.run(go(world()))


def _ended(world: World, outcome: Outcome) -> Ended:
    harm = [*world.box.losses(), *world.box.db_losses(), *world.box.double_runs()]
    world.clock.advance(600)
    return Ended(outcome, plainly(look(world)), harm)


@cache
def undisturbed(shape: str, route: str) -> tuple[Rows, Ended]:
    """Return the rows of a run that nobody disturbs, and its end."""

    async def go(world: World) -> tuple[Rows, Ended]:
        rows, migration = await _forward(world, shape, route, 0, written=False)
        outcome = await world.act(world.driver.resume(migration))
        return rows, _ended(world, outcome)

    found: tuple[Rows, Ended] = _in_a_box(go)
    return found


def killed(shape: str, route: str, at: int, *, written: bool) -> Ended:
    """Die at the n-th row, before it is written or after; another driver resumes. Return the end."""

    async def go(world: World) -> Ended:
        _, migration = await _forward(world, shape, route, at, written=written)
        assert migration
        return _ended(world, await world.act(world.new_driver().resume(migration)))

    ended: Ended = _in_a_box(go)
    return ended


def points(rows: Rows) -> list[tuple[int, bool]]:
    """Return where a run can die: before a row is written (the effect is there, it is not said), and after."""
    return [(n, written) for n in range(2, len(rows) + 1) for written in (False, True)]
