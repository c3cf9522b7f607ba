"""What a person is told of a database when something has gone wrong after bring-up, and what it costs to take advice."""

import asyncio
import re
from pathlib import Path
from typing import Any

import boto3
import pytest

from sealift.clock import VirtualClock
from sealift.render import story
from sealift.sandbox import Durations, Sandbox
from tests.databases import ACKS, described, logins
from tests.kinds.rds.test_down_time import killed, migrated, planned, told
from tests.promises.acts import refuse
from tests.world import REGION, World


@pytest.fixture
def world(tmp_path: Path) -> Any:
    with Sandbox(clock=VirtualClock(), durations=Durations()) as box:
        yield World(box, tmp_path, connect=logins(box))


def test_a_failed_hook_does_not_make_a_serving_database_absent(world: World) -> None:
    """After a switchover the record of the deployment is gone: how it stands is read from the side that serves."""

    async def go() -> None:
        done = await migrated(world, await planned(world, route="blue-green", after="exit 3"))
        assert done.exit_code == 6
        assert "shop runs on its replacement, but: the hook" in done.message
        assert "absent" not in done.message

    asyncio.run(go())


@pytest.mark.parametrize("readers", ["fenced", "stale"])
def test_accept_keeps_what_is_there_and_names_the_replica_that_is_not(world: World, readers: str) -> None:
    """A replica cannot be made: the offer says who gets nothing and what accept goes on with; accept ends with 0, names what it
    left, and takes no name off a replica for which there is no other.
    """

    async def go() -> None:
        plan = await planned(world, replicas=1, readers=readers)
        refuse(world, "rds:CreateDBInstanceReadReplica", times=None)
        done = await migrated(world, plan)
        assert done.exit_code == 6
        assert "It goes on with: make the read replica shop-r1" in done.message
        assert ("who reads from its replicas gets nothing" in done.message) is (readers == "fenced")
        kept = await world.act(world.driver.accept(done.migration))
        assert kept.exit_code == 0, kept.message
        assert re.search("left over: shop-r1[-a-z]*: make the read replica shop-r1", kept.message)
        assert ("who reads from its replicas gets nothing until" in kept.message) is (readers == "fenced")
        assert ("shop-r1" in described(world)) is (readers == "stale")
        assert (world.state(done.migration).end, told(world, done.migration)[0]["down_since"]) == ("retained", None)

    asyncio.run(go())


def test_what_heals_comes_before_what_is_by_hand(world: World) -> None:
    """The key is lost in the middle of the way back: what heals comes before the commands by hand, all as the aws command takes
    them; once it is healed, resume ends with service as it was.
    """

    async def go() -> None:
        done = await migrated(world, await planned(world))
        runner = killed("undo:bring-up:reboot")
        await world.act(world.driver.rollback(done.migration, discard_writes=True, runner=runner))
        world.box.disable_key(world.key)
        stuck = await world.act(world.driver.resume(done.migration))
        assert stuck.exit_code == 6
        heal, hands = stuck.message.index("First, in this order: aws kms enable-key"), stuck.message.index("By hand")
        assert heal < hands
        assert "; aws rds reboot-db-instance --region eu-central-1 --db-instance-identifier shop" in stuck.message
        assert told(world, done.migration)[0]["down_since"] is not None
        world.box.enable_key(world.key)
        rds: Any = boto3.client("rds", region_name=REGION)
        world.clock.advance(600)
        if described(world)["shop"]["DBInstanceStatus"].startswith("inaccessible"):
            rds.start_db_instance(DBInstanceIdentifier="shop")
        world.clock.advance(1800)
        healed = await world.act(world.driver.resume(done.migration))
        assert (healed.exit_code, told(world, done.migration)[0]["down_since"]) == (0, None), healed.message

    asyncio.run(go())


def test_a_rollback_that_was_asked_for_is_done_when_resume_ends_it(world: World) -> None:
    """The same end, the same code: 0, and not "was put back"."""

    async def go() -> None:
        done = await migrated(world, await planned(world))
        back = world.driver.rollback(done.migration, discard_writes=True, runner=killed("undo:rename:new"))
        assert (await world.act(back)).exit_code == 130
        ended = await world.act(world.driver.resume(done.migration))
        assert (ended.exit_code, ended.message.partition(";")[0]) == (0, "shop is as it was before the cut")

    asyncio.run(go())


def test_resume_with_a_yes_after_an_asked_for_rollback_is_approved(world: World) -> None:
    """Who asked for the way back took the approval back with it; `resume --yes` gives another, and nothing waits."""

    async def go() -> None:
        done = await migrated(world, await planned(world))
        assert (await world.act(world.driver.rollback(done.migration, discard_writes=True))).exit_code == 0
        again = await world.act(world.driver.resume(done.migration, approved_by="a test", no_wait=True))
        assert again.exit_code == 0, again.message

    asyncio.run(go())


def test_verify_of_a_finalized_migration_is_refused(world: World) -> None:
    """The source is gone, and is meant to be: nothing is said to be wrong (4 and not 6)."""

    async def go() -> None:
        done = await migrated(world, await planned(world, retain=0))
        world.clock.advance(3600)
        ended, _ = await world.act(world.driver.finalize(done.migration))
        assert ended.exit_code == 0, ended.message
        looked = await world.act(world.driver.verify(done.migration))
        assert (looked.exit_code, "has been finalized" in looked.message) == (4, True)

    asyncio.run(go())


def test_what_a_migration_at_rest_has_made_is_not_counted_twice(world: World) -> None:
    """AWS counts the replacement of a retained migration: its reservation is given back before another's is judged."""

    async def go() -> None:
        first = await migrated(world, await planned(world))
        assert first.exit_code == 0, first.message
        name = world.box.add_db_instance("desk", "mysql", write_mib_per_s=0.01)
        world.clock.advance(3600)
        plan = await world.plan(f"rds:{name}", route="snapshot", acks=ACKS)
        await world.act(world.driver.migrate(plan, observed=True, no_wait=True))
        gateway = await world.driver.gateway(plan.region)
        holders = world.driver.journal.holders("rds DBInstances", "/".join(gateway.place))
        assert first.migration not in holders
        assert len(holders) == 1
        assert story.of(world.driver.journal, holders[0]).row["phase"] == "gate"

    asyncio.run(go())
