"""Groups that reach the network late: nobody is called served before it carries them (SB-RDS-21)."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from sealift.clock import VirtualClock
from sealift.sandbox import Durations, Sandbox
from tests.clusters import CASES as CLUSTERS
from tests.databases import CASES as INSTANCES
from tests.databases import logins, options_of
from tests.kinds.rds.test_routes import failing_at
from tests.world import World

ORACLE, PROXIED = "oracle with roles", "aurora mysql serverless v2 behind a proxy, snapshot without a login"
BLUE_GREEN = "postgres, blue-green"
CASES = {**INSTANCES, **CLUSTERS}
LATE = 300.0


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with Sandbox(clock=VirtualClock(), durations=Durations(db_groups_s=LATE)) as box:
        yield World(box, tmp_path, connect=logins(box))


def nobody_waits(world: World) -> None:
    """From when the rows say that all are served on, every client is."""
    told = [e for e in world.events if e.name == "outage"][-1]
    assert all(who["since"] is None for who in told.data["outages"].values())
    world.clock.advance(3600)
    assert world.box.db_outages(told.at + 10) == []


@pytest.mark.parametrize("name", [ORACLE, PROXIED])
@pytest.mark.parametrize("fails", [False, True])
def test_nobody_is_called_served_before_the_network_lets_them_in(world: World, name: str, fails: bool) -> None:
    """Forward, and on the way back by itself: "up" and "service-back" are said when the interfaces carry the own groups."""

    async def go() -> None:
        target = CASES[name].build(world)
        world.clock.advance(3600)
        plan = await world.plan(f"{'aurora' if name in CLUSTERS else 'rds'}:{target}", **options_of(CASES[name]))
        more = {"runner": failing_at("proof:again")} if fails else {}
        done = await world.act(world.driver.migrate(plan, approved_by="a test", observed=True, **more))
        assert done.exit_code == (5 if fails else 0), done.message

    asyncio.run(go())
    nobody_waits(world)
    assert world.box.db_losses() == []


@pytest.mark.parametrize("name", [ORACLE, BLUE_GREEN])
def test_after_a_rollback_too(world: World, name: str) -> None:
    """Rolled back by a person's word after bring-up, the source is called served when the network lets clients in."""

    async def go() -> None:
        target = CASES[name].build(world)
        world.clock.advance(3600)
        plan = await world.plan(f"rds:{target}", **options_of(CASES[name]))
        done = await world.act(world.driver.migrate(plan, approved_by="a test", observed=True))
        assert done.exit_code == 0, done.message
        world.clock.advance(3600)
        world.events.clear()
        back = await world.act(world.driver.rollback(done.migration, discard_writes=True))
        assert back.exit_code == 0, back.message

    asyncio.run(go())
    nobody_waits(world)
