"""What verify and finalize read of an instance's read replicas: a source does not go while a new one lacks (R-RDS-09)."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sealift.clock import VirtualClock
from sealift.sandbox import Sandbox
from tests.databases import calm, described, logins
from tests.world import World


@pytest.fixture
def world(tmp_path: Path) -> Any:
    with Sandbox(clock=VirtualClock()) as box:
        yield World(box, tmp_path, connect=logins(box))


@dataclass(frozen=True)
class Moved:
    """A migration that is retained, and a client of anybody else."""

    world: World
    migration: str
    rds: Any

    def verify(self) -> Any:
        """Return what verify says."""
        return asyncio.run(self.world.act(self.world.driver.verify(self.migration)))

    def finalize(self) -> Any:
        """Return what finalize says, after the retention."""
        self.world.clock.advance(15 * 86_400)
        outcome, _ = asyncio.run(self.world.act(self.world.driver.finalize(self.migration)))
        return outcome


def moved(world: World, route: str) -> Moved:
    """Migrate an instance with one replica, and let both load their data."""
    world.box.add_db_instance("kiosk", "mysql", write_mib_per_s=0.01, **calm("mysql8.4"))
    world.box.add_db_replica("kiosk-r1", "kiosk")
    world.clock.advance(3600)
    done = asyncio.run(world.migrate("rds:kiosk", route=route, acks=("R-FENCE-01",)))
    assert done.exit_code == 0, done.message
    world.clock.advance(3600)
    return Moved(world, done.migration, world.box.client("rds"))


@pytest.mark.parametrize("route", ["snapshot", "blue-green"])
def test_a_replica_that_is_gone_is_named_and_nothing_is_finalized(world: World, route: str) -> None:
    """Its old side is the only one left: verify says so (exit 6), finalize refuses (exit 4), and both old sides stay."""
    it = moved(world, route)
    assert it.verify().exit_code == 0
    it.rds.delete_db_instance(DBInstanceIdentifier="kiosk-r1", SkipFinalSnapshot=True)
    world.clock.advance(3600)
    before = set(described(world))
    seen, refused = it.verify(), it.finalize()
    assert (6, 4) == (seen.exit_code, refused.exit_code)
    assert "kiosk-r1 is gone" in seen.message
    assert "kiosk-r1 is gone" in refused.message
    assert set(described(world)) == before


def test_a_replica_in_other_groups_than_its_source_was_is_named(world: World) -> None:
    """Its readers cannot reach it as before: verify says so."""
    it = moved(world, "snapshot")
    other = world.ec2.create_security_group(GroupName="other", Description="other", VpcId=_vpc(world))["GroupId"]
    it.rds.modify_db_instance(DBInstanceIdentifier="kiosk-r1", VpcSecurityGroupIds=[other], ApplyImmediately=True)
    world.clock.advance(600)
    assert "kiosk-r1 is in other security groups" in it.verify().message


def test_a_replica_that_was_promoted_is_named(world: World) -> None:
    """It follows nobody any more, and its readers see what is stale."""
    it = moved(world, "snapshot")
    it.rds.promote_read_replica(DBInstanceIdentifier="kiosk-r1")
    world.clock.advance(3600)
    assert "kiosk-r1 is a read replica of nothing, not of kiosk" in it.verify().message


def _vpc(world: World) -> str:
    return str(described(world)["kiosk"]["DBSubnetGroup"]["VpcId"])
