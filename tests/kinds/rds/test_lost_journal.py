"""Promise 3 with the journal's disk too: an instance with read replicas is adopted from its tags at any step, by both routes."""

import asyncio
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from sealift.clock import VirtualClock
from sealift.sandbox import Sandbox
from tests.databases import CASES, logins, picture
from tests.kinds.rds.test_routes import nothing_lost
from tests.lost_journals import adopted, end_state, killed, next_driver, planned
from tests.world import World

SNAPSHOT, BLUE_GREEN = "mysql with replicas, snapshot", "mysql with replicas, blue-green"
LOST = [
    (SNAPSHOT, "mark:shop-r1", "made", "prepare"),
    (SNAPSHOT, "warm:copy", "made", "prepare"),
    (SNAPSHOT, "read-only", "intent", "cutover"),
    (SNAPSHOT, "fence:shop", "made", "cutover"),
    (SNAPSHOT, "restore", "made", "cutover"),
    (SNAPSHOT, "rename:old", "made", "cutover"),
    (SNAPSHOT, "bring-up", "intent", "handed"),
    (SNAPSHOT, "bring-up", "made", "up"),
    (SNAPSHOT, "replica:shop-r1", "made", "up"),
    (SNAPSHOT, "warm:copy:gone", "made", "up"),
    (BLUE_GREEN, "blue-green", "made", "prepare"),
    (BLUE_GREEN, "begin", "made", "prepare"),
    (BLUE_GREEN, "switchover", "done", "up"),
    (BLUE_GREEN, "retire:shop-r1", "made", "up"),
    (BLUE_GREEN, "record", "done", "up"),
]


@cache
def undisturbed(name: str) -> dict[str, Any]:
    """Return the end of a migration that nobody disturbs."""
    with TemporaryDirectory() as folder, Sandbox(clock=VirtualClock()) as box:
        world = World(box, Path(folder), connect=logins(box))

        async def go() -> None:
            plan = await planned(world, "rds", CASES[name])
            done = await world.act(world.driver.migrate(plan, approved_by="a test", observed=True))
            assert done.exit_code == 0, done.message

        asyncio.run(go())
        box.clock.advance(3600)
        return end_state(picture(world))


@pytest.mark.parametrize(("name", "step", "row", "stage"), LOST)
def test_a_lost_journal_is_rebuilt_from_the_tags(tmp_path: Path, name: str, step: str, row: str, stage: str) -> None:
    """While the sources serve, or once a replacement does, it ends as undisturbed: nothing twice, nothing lost. In between it goes
    back, and nothing of it is left but a snapshot of what may have been written to.
    """
    expected = undisturbed(name)
    with Sandbox(clock=VirtualClock()) as box:
        world = World(box, tmp_path, connect=logins(box))

        async def go() -> None:
            plan = await planned(world, "rds", CASES[name])
            before = picture(world)
            await killed(world, plan, step, row)
            told = await adopted(world, "rds", plan)
            assert (stage, 0) == (told.stage, told.ended.exit_code), told
            after = picture(world)
            if stage in ("prepare", "up"):
                assert end_state(after) == expected
            else:
                kept = set(after.pop("db snapshots").items()) - set(before.pop("db snapshots").items())
                assert ["safety"] * (stage == "handed") == [role for _, role in kept]
                assert after == before

        asyncio.run(go())
        nothing_lost(world)


def test_a_database_without_marks_is_not_adopted(tmp_path: Path) -> None:
    """Where nothing carries the mark of a migration there is nothing to adopt (exit 4)."""
    with Sandbox(clock=VirtualClock()) as box:
        world = World(box, tmp_path, connect=logins(box))

        async def go() -> None:
            plan = await planned(world, "rds", CASES[SNAPSHOT])
            refused = await world.act(world.driver.adopt("rds:shop", plan.options))
            assert refused.exit_code == 4
            assert "the mark of no migration" in refused.message

        asyncio.run(go())


@pytest.mark.parametrize("step", ["fence:shop", "rename:old"])
def test_a_replica_is_not_adopted_alone(tmp_path: Path, step: str) -> None:
    """It bears a mark because it moves with its source: adopt refuses (exit 4), changes nothing and names that by its own name,
    which it may not bear in the cut.
    """
    with Sandbox(clock=VirtualClock()) as box:
        world = World(box, tmp_path, connect=logins(box))

        async def go() -> None:
            plan = await planned(world, "rds", CASES[SNAPSHOT])
            before = picture(world)
            await killed(world, plan, step, "made")
            driver = next_driver(world)
            refused = await world.act(driver.adopt("rds:shop-r1", plan.options))
            assert (4, []) == (refused.exit_code, driver.journal.migrations())
            assert "rds:shop-r1 moves with rds:shop. Adopt that: sealift adopt rds:shop" in refused.message
            assert 0 == (await adopted(world, "rds", plan)).ended.exit_code
            assert before == picture(world)

        asyncio.run(go())
        nothing_lost(world)


def test_other_options_than_then_leave_the_way_back_alone(tmp_path: Path) -> None:
    """Another recipe: refused where nothing is half-way (exit 4); in the cutover the way back is walked, by `resume` too."""
    for step, code in (("warm:copy", 4), ("fence:shop", 0)):
        (tmp_path / code.__str__()).mkdir()
        with Sandbox(clock=VirtualClock()) as box:
            world = World(box, tmp_path / str(code), connect=logins(box))

            async def go(world: World = world, step: str = step, code: int = code) -> None:
                plan = await planned(world, "rds", CASES[SNAPSHOT])
                before = picture(world)
                await killed(world, plan, step, "made")
                driver = next_driver(world)
                from dataclasses import replace

                told = await world.act(driver.adopt("rds:shop", replace(plan.options, warm_max_age=60)))
                assert told.exit_code == code, told.message
                if code == 0:
                    ended = await world.act(driver.resume(told.migration))
                    assert ended.exit_code == 5, ended.message
                    world.clock.advance(600)
                    assert picture(world) == before

            asyncio.run(go())


def test_with_a_kept_plan_no_option_is_asked_for_again(tmp_path: Path) -> None:
    """With --state the whole plan comes from S3, whatever options are given now."""
    with Sandbox(clock=VirtualClock()) as box:
        world = World(box, tmp_path, connect=logins(box))
        place = {"LocationConstraint": "eu-central-1"}
        box.client("s3").create_bucket(Bucket="state-b", CreateBucketConfiguration=place)

        async def go() -> None:
            case = CASES["mariadb with a proxy, snapshot"]
            case = type(case)(case.build, case.route, {"state_url": "s3://state-b/x", "warm_max_age": 1234}, login=True)
            plan = await planned(world, "rds", case)
            await killed(world, plan, "tags", "made")
            told = await adopted(world, "rds", plan, warm_max_age=60, fence_login="", fence_from="", acks=())
            assert ("up", 0) == (told.stage, told.ended.exit_code), told
            journal = next_driver(world).journal
            assert journal.plan(told.adopted.migration)["options"]["warm_max_age"] == 1234

        asyncio.run(go())
        nothing_lost(world)
