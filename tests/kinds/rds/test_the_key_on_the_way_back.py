"""A rollback after bring-up without a usable key: refused before anything is touched, with what heals it (R-RDS-34)."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sealift.clock import VirtualClock
from sealift.driver import Outcome
from sealift.sandbox import Sandbox
from tests.databases import ACKS, calm, described, logins
from tests.world import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with Sandbox(clock=VirtualClock()) as box:
        yield World(box, tmp_path, connect=logins(box))


def up(world: World, target: str, route: str) -> str:
    """Migrate a database and return its migration."""
    if target.startswith("aurora:"):
        world.box.add_db_cluster("shop", "aurora-mysql", readers=1, write_mib_per_s=0.01)
    else:
        own = calm("mysql8.4") if route == "blue-green" else {}
        world.box.add_db_instance("erp", "mysql", write_mib_per_s=0.01, **own)
    world.clock.advance(3600)
    done = asyncio.run(world.migrate(target, route=route, acks=ACKS))
    assert done.exit_code == 0, done.message
    world.clock.advance(600)
    return done.migration


def rollback(world: World, migration: str, *, salvage: bool = True) -> Outcome:
    """Roll back by a person's word."""
    work = world.driver.rollback(migration, discard_writes=True, salvage=salvage)
    outcome: Outcome = asyncio.run(world.act(work))
    return outcome


@pytest.mark.parametrize(
    ("target", "route", "start"),
    [
        ("rds:erp", "snapshot", "start-db-instance --region eu-central-1 --db-instance-identifier erp"),
        ("rds:erp", "blue-green", "start-db-instance --region eu-central-1 --db-instance-identifier erp"),
        ("aurora:shop", "snapshot", "start-db-cluster --region eu-central-1 --db-cluster-identifier shop"),
    ],
)
def test_it_is_refused_while_the_replacement_serves_and_healed_it_goes(
    world: World, target: str, route: str, start: str
) -> None:
    """With or without a safety snapshot: exit 4, no call sent, the key and the start named; done by hand, the rollback goes."""
    migration = up(world, target, route)
    world.box.disable_key(world.key)
    sent = len(world.calls("Modify", "Reboot", "Delete", "Create"))
    for salvage in (True, False):
        early = rollback(world, migration, salvage=salvage)
        assert early.exit_code == 4, early.message
        assert "Disabled" in early.message
        assert f"aws kms enable-key --region eu-central-1 --key-id {world.key}" in early.message
        assert "--without-safety-snapshot" not in early.message
    world.clock.advance(7200)
    late = rollback(world, migration, salvage=False)
    assert late.exit_code == 4
    assert "inaccessible-encryption-credentials-recoverable" in late.message
    assert f"aws rds {start}" in late.message
    assert len(world.calls("Modify", "Reboot", "Delete", "Create")) == sent
    world.box.client("kms").enable_key(KeyId=world.key)
    rds: Any = world.box.client("rds")
    if target.startswith("rds:"):
        rds.start_db_instance(DBInstanceIdentifier="erp")
    else:
        rds.start_db_cluster(DBClusterIdentifier="shop")
    world.clock.advance(3600)
    back = rollback(world, migration)
    assert back.exit_code == 0, back.message


def test_a_key_that_goes_on_the_way_is_named_with_what_heals_it(world: World) -> None:
    """Stuck half-way (exit 6): the key and the start come first, before what resume and a person's hands can do."""
    migration = up(world, "rds:erp", "snapshot")
    driver = world.new_driver(listeners=[lambda e: _off(world) if e.step == "undo:bring-up" else None])
    stuck = asyncio.run(world.act(driver.rollback(migration, discard_writes=True)))
    assert stuck.exit_code == 6, stuck.message
    assert "First, in this order: aws kms enable-key" in stuck.message
    world.clock.advance(7200)
    again = asyncio.run(world.act(world.driver.resume(migration)))
    assert again.exit_code == 6, again.message
    assert "aws rds start-db-instance --region eu-central-1 --db-instance-identifier erp" in again.message


def _off(world: World) -> None:
    world.box.disable_key(world.key)


def test_what_is_kept_is_named_and_what_it_lives_in_is_not_tried(world: World) -> None:
    """Without a safety snapshot the encrypted instance stays: it, its quarantine and its parameter group are told as left over."""
    migration = up(world, "rds:erp", "snapshot")
    back = rollback(world, migration, salvage=False)
    assert back.exit_code == 0, back.message
    (kept,) = (d for d in described(world).values() if d["StorageEncrypted"])
    group = kept["VpcSecurityGroups"][0]["VpcSecurityGroupId"]
    named = (kept["DBInstanceIdentifier"], group, kept["DBParameterGroups"][0]["DBParameterGroupName"])
    assert all(f"{name}: kept" in back.message for name in named), back.message
    assert "no other place has the writes since bring-up" in back.message
    assert not world.calls("DeleteSecurityGroup", "DeleteDBParameterGroup")
