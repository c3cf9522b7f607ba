"""What verify and finalize read of a cluster's instances: each name that clients may know is borne by a healthy one."""

import asyncio
from pathlib import Path

from sealift.clock import VirtualClock
from sealift.sandbox import Sandbox
from tests.databases import logins
from tests.world import World


def test_an_instance_that_is_gone_is_named_though_another_stands_beside_it(tmp_path: Path) -> None:
    """As many as before are not enough: clients of the instance's own endpoint reach nobody (exit 6, finalize 4)."""
    with Sandbox(clock=VirtualClock()) as box:
        world = World(box, tmp_path, connect=logins(box))
        box.add_db_cluster("shop", "aurora-mysql", readers=1, write_mib_per_s=0.01)
        world.clock.advance(3600)
        done = asyncio.run(world.migrate("aurora:shop", route="snapshot", acks=("R-FENCE-01",)))
        assert done.exit_code == 0, done.message
        assert asyncio.run(world.act(world.driver.verify(done.migration))).exit_code == 0
        rds = box.client("rds")
        rds.delete_db_instance(DBInstanceIdentifier="shop-2")
        rds.create_db_instance(
            DBInstanceIdentifier="shop-3",
            DBClusterIdentifier="shop",
            Engine="aurora-mysql",
            DBInstanceClass="db.r6g.large",
        )
        world.clock.advance(3600)
        seen = asyncio.run(world.act(world.driver.verify(done.migration)))
        world.clock.advance(15 * 86_400)
        refused, _ = asyncio.run(world.act(world.driver.finalize(done.migration)))
    assert (6, 4) == (seen.exit_code, refused.exit_code)
    assert "shop has no instance shop-2 any more" in seen.message
