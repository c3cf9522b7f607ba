"""Promise 3 with the journal's disk too: a cluster with readers, an endpoint and scaling is adopted from its tags at any step."""

import asyncio
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from sealift.clock import VirtualClock
from sealift.sandbox import Sandbox
from tests.clusters import CASES, picture
from tests.databases import logins
from tests.kinds.rds.test_routes import nothing_lost
from tests.lost_journals import adopted, end_state, killed, next_driver, planned
from tests.world import World

SNAPSHOT, BLUE_GREEN = "aurora postgresql with scaled readers, snapshot", "aurora postgresql, blue-green"
LOST = [
    (SNAPSHOT, "mark:shop-2", "made", "prepare"),
    (SNAPSHOT, "quiet", "made", "prepare"),
    (SNAPSHOT, "scaling", "made", "cutover"),
    (SNAPSHOT, "fence", "made", "cutover"),
    (SNAPSHOT, "member:shop-2", "made", "cutover"),
    (SNAPSHOT, "rename:old", "done", "cutover"),
    (SNAPSHOT, "rename:new:shop-1", "made", "cutover"),
    (SNAPSHOT, "handed", "done", "handed"),
    (SNAPSHOT, "bring-up", "made", "up"),
    (SNAPSHOT, "own-parameters:2", "made", "up"),
    (SNAPSHOT, "tags", "done", "up"),
    (BLUE_GREEN, "green:shop", "made", "prepare"),
    (BLUE_GREEN, "switchover", "done", "up"),
    (BLUE_GREEN, "retire:reboot:1", "made", "up"),
    (BLUE_GREEN, "record", "done", "up"),
]


@cache
def undisturbed(name: str) -> dict[str, Any]:
    """Return the end of a migration that nobody disturbs."""
    with TemporaryDirectory() as folder, Sandbox(clock=VirtualClock()) as box:
        world = World(box, Path(folder), connect=logins(box))

        async def go() -> None:
            plan = await planned(world, "aurora", CASES[name])
            done = await world.act(world.driver.migrate(plan, approved_by="a test", observed=True))
            assert done.exit_code == 0, done.message

        asyncio.run(go())
        box.clock.advance(3600)
        return end_state(picture(world))


@pytest.mark.parametrize(("name", "step", "row", "stage"), LOST)
def test_a_lost_journal_is_rebuilt_from_the_tags(tmp_path: Path, name: str, step: str, row: str, stage: str) -> None:
    """While the source serves, or once a replacement does, it ends as undisturbed: nothing twice, nothing lost. In between it goes
    back, and nothing of it is left but a snapshot of what may have been written to.
    """
    expected = undisturbed(name)
    with Sandbox(clock=VirtualClock()) as box:
        world = World(box, tmp_path, connect=logins(box))

        async def go() -> None:
            plan = await planned(world, "aurora", CASES[name])
            before = picture(world)
            await killed(world, plan, step, row)
            told = await adopted(world, "aurora", plan)
            assert (stage, 0) == (told.stage, told.ended.exit_code), told
            after = picture(world)
            if stage in ("prepare", "up"):
                assert end_state(after) == expected
            else:
                kept = list(after.pop("cluster snapshots").values())
                before.pop("cluster snapshots")
                assert ["safety"] * (stage == "handed") == kept
                assert after == before

        asyncio.run(go())
        nothing_lost(world)


@pytest.mark.parametrize("step", ["fence", "rename:old"])
def test_a_member_is_not_adopted_alone(tmp_path: Path, step: str) -> None:
    """It bears a mark because it moves with its cluster: adopt refuses (exit 4), changes nothing and names that by its own name,
    which it may not bear in the cut.
    """
    with Sandbox(clock=VirtualClock()) as box:
        world = World(box, tmp_path, connect=logins(box))

        async def go() -> None:
            plan = await planned(world, "aurora", CASES[SNAPSHOT])
            await killed(world, plan, step, "made")
            driver = next_driver(world)
            for member in ("shop-1", "shop-2"):
                refused = await world.act(driver.adopt(f"rds:{member}", plan.options))
                assert (4, []) == (refused.exit_code, driver.journal.migrations())
                assert f"rds:{member} moves with aurora:shop. Adopt that: sealift adopt aurora:shop" in refused.message
            assert 0 == (await adopted(world, "aurora", plan)).ended.exit_code

        asyncio.run(go())
        nothing_lost(world)
