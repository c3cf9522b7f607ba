"""Somebody lifts the quarantine of a replacement that bears the name of its source: what clients wrote there is no automatic way back's."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sealift.clock import VirtualClock
from sealift.sandbox import Durations, Sandbox
from tests.contract.shapes import no_bring_up
from tests.databases import ACKS, described, logins
from tests.promises.acts import when
from tests.world import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with Sandbox(clock=VirtualClock(), durations=Durations.instant()) as box:
        yield World(box, tmp_path, connect=logins(box))


def groups(database: dict[str, Any]) -> list[str]:
    return [g["VpcSecurityGroupId"] for g in database["VpcSecurityGroups"]]


def test_a_way_back_that_finds_its_replacement_opened_asks_a_person(world: World) -> None:
    """It goes no further (exit 6): the replacement keeps its name, and what was written to it is there;
    a person's rollback keeps that in a snapshot.
    """
    world.box.add_db_instance("erp", "mysql", write_mib_per_s=0.01)
    world.clock.advance(3600)
    own = groups(described(world)["erp"])

    def open_up() -> None:
        world.box.client("rds").modify_db_instance(
            DBInstanceIdentifier="erp", VpcSecurityGroupIds=own, ApplyImmediately=True
        )
        world.clock.advance(600)

    opened = when("undo:rename:new:lost", open_up, event="step-started")
    driver = world.new_driver(runner=no_bring_up, listeners=[opened])
    asked = asyncio.run(world.migrate("rds:erp", driver=driver, route="snapshot", acks=ACKS))
    assert (6, []) == (asked.exit_code, world.box.db_losses()), asked.message
    assert "somebody else brought it up there" in asked.message
    assert described(world)["erp"]["KmsKeyId"] == world.key
    back = asyncio.run(world.act(world.driver.rollback(asked.migration, discard_writes=True)))
    assert (0, False) == (back.exit_code, described(world)["erp"]["StorageEncrypted"]), back.message
    assert "what was written since bring-up is in sealift-" in back.message
