"""Whole migrations of instances on the sandbox, with clients and jobs writing all the time: forward, back by itself, rolled back."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sealift.clock import VirtualClock
from sealift.engine import Attempt, local_runner
from sealift.errors import CheckFailed
from sealift.plan import MigrationPlan
from sealift.sandbox import Durations, Sandbox
from sealift.step import Phase, Step
from tests.databases import CASES, Case, described, logins, options_of, picture
from tests.world import World

each = pytest.mark.parametrize("name", CASES)


@pytest.fixture
def world(tmp_path: Path) -> Any:
    with Sandbox(clock=VirtualClock(), durations=Durations()) as box:
        yield World(box, tmp_path, connect=logins(box))


async def planned(world: World, case: Case) -> MigrationPlan:
    """Put a database there, let it be written to for an hour, and plan it."""
    target = case.build(world)
    world.clock.advance(3600)
    plan = await world.plan(f"rds:{target}", **options_of(case))
    assert plan.route == case.route, (plan.blocked, plan.refused_routes)
    return plan


def nothing_lost(world: World) -> None:
    """No acknowledged write is missing, and no job has run in two databases at once."""
    assert world.box.db_losses() == []
    assert world.box.double_runs() == []


@each
def test_a_whole_migration(world: World, name: str) -> None:
    """It ends under the key with nothing lost and no job run twice, under the same names and endpoints, with no unexpected
    difference (R-RDS-01, R-RDS-29, R-RDS-42).
    """

    async def go() -> None:
        plan = await planned(world, CASES[name])
        before = described(world)
        done = await world.act(world.driver.migrate(plan, approved_by="a test", observed=True))
        assert done.exit_code == 0, done.message
        world.clock.advance(3600)
        after = described(world)
        for id_, was in before.items():
            now = after[id_]
            assert now["StorageEncrypted"], id_
            assert now["StorageEncryptionType"] == "sse-kms", id_
            assert now["KmsKeyId"] == world.key, id_
            assert now["DBInstanceStatus"] == "available", id_
            assert now["Endpoint"]["Address"] == was["Endpoint"]["Address"]
            assert now["DbiResourceId"] != was["DbiResourceId"]
            same = ("DBInstanceClass", "MultiAZ", "StorageType", "BackupRetentionPeriod", "DBSubnetGroup")
            assert {k: now.get(k) for k in same} == {k: was.get(k) for k in same}
            assert now["VpcSecurityGroups"] == was["VpcSecurityGroups"]
            assert now["DBParameterGroups"] == was["DBParameterGroups"]
            assert now["OptionGroupMemberships"] == was["OptionGroupMemberships"]
        nothing_lost(world)
        retained = [d for n, d in after.items() if n not in before]
        assert len(retained) == len(before)
        assert not any(d["StorageEncrypted"] for d in retained)

    asyncio.run(go())


def failing_at(key: str) -> Callable[[Step, Attempt], Any]:
    """Return a runner under which one step fails, after what it does was done."""

    async def run(step: Step, attempt: Attempt) -> None:
        await local_runner(step, attempt)
        if step.key == key:
            raise CheckFailed("the test says no", step=step.key)

    return run


BEFORE = {Phase.PREPARE, Phase.CUTOVER}


@each
def test_a_failure_before_bring_up_goes_back_by_itself(world: World, name: str) -> None:
    """Failed at the last moment before bring-up, it is as it was: serving, unfenced, under its name, nothing of ours left."""

    async def go() -> None:
        plan = await planned(world, CASES[name])
        before = picture(world)
        last = [s for s in plan.steps if s.phase in BEFORE][-1]
        run = world.driver.migrate(plan, approved_by="a test", observed=True, runner=failing_at(last.key))
        done = await world.act(run)
        assert done.exit_code == 5, done.message
        world.clock.advance(600)
        assert picture(world) == before
        nothing_lost(world)

    asyncio.run(go())


@each
def test_a_rollback_after_bring_up(world: World, name: str) -> None:
    """Rolled back by a person's word, the source serves again under its name; what is discarded is kept in a snapshot."""

    async def go() -> None:
        plan = await planned(world, CASES[name])
        before = picture(world)
        done = await world.act(world.driver.migrate(plan, approved_by="a test", observed=True))
        assert done.exit_code == 0, done.message
        world.clock.advance(3600)
        back = await world.act(world.driver.rollback(done.migration, discard_writes=True))
        assert back.exit_code == 0, back.message
        world.clock.advance(600)
        after = picture(world)
        kept = set(after.pop("db snapshots")) - set(before.pop("db snapshots"))
        assert len(kept) >= 1
        assert after == before
        assert world.box.double_runs() == []

    asyncio.run(go())
