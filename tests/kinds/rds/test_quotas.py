"""What a migration takes of the account's quotas: reserved while it prepares, told at planning, given back once AWS counts it."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from sealift.clock import VirtualClock
from sealift.options import Options
from sealift.sandbox import Sandbox
from tests.databases import calm, logins
from tests.world import KEY, World

ACKS = ("R-FENCE-01",)


@pytest.fixture
def world(tmp_path: Path) -> Any:
    with Sandbox(clock=VirtualClock()) as box:
        own = calm("mysql8.4")
        for name in ("pos", "kiosk"):
            box.add_db_instance(name, "mysql", write_mib_per_s=0.01, **own)
        box.clock.advance(3600)
        yield World(box, tmp_path, connect=logins(box))


@pytest.mark.parametrize("route", ["snapshot", "blue-green"])
def test_a_finished_migration_holds_nothing_any_more(world: World, route: str) -> None:
    """R-RDS-25: AWS counts what it has made; the last free place is the next one's, and the gate lets it through."""
    world.box.world.quotas.__dict__.update(db_instances=4)

    async def go() -> None:
        for name in ("pos", "kiosk"):
            done = await world.migrate(f"rds:{name}", route=route, acks=ACKS)
            assert done.exit_code == 0, done.message

    asyncio.run(go())
    assert world.driver.journal.reserved(_place()) == {}


def test_what_migrations_under_way_have_reserved_is_told_at_planning(world: World) -> None:
    """R-RDS-25: a plan that would be refused after its claim is refused before it."""
    world.driver.journal.reserve("rds DBInstances", _place(), "mig-another", 38, 40)
    plan = asyncio.run(world.plan("rds:pos", acks=ACKS))
    assert [v.id for v in plan.blocked] == ["R-RDS-25"]
    assert "40 of 40 are used" in plan.blocked[0].message


def test_targets_of_one_run_are_counted_together(world: World) -> None:
    """R-RDS-25: where only one fits, the second is refused at planning."""
    world.box.world.quotas.__dict__.update(db_instances=3)
    options = Options(key=KEY, acks=ACKS)
    first, second = asyncio.run(world.act(world.driver.plan(["rds:pos", "rds:kiosk"], options)))
    assert not first.blocked
    assert [v.id for v in second.blocked] == ["R-RDS-25"]


def _place() -> str:
    return "123456789012/eu-central-1"
