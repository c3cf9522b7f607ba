"""What databases are called while their names change hands: each differently, however long its name is (R-RDS-27, R-RDS-28)."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from sealift.clock import VirtualClock
from sealift.kinds.databases.names import LONGEST, NEW, OLD, asides, set_aside, twice
from sealift.sandbox import Durations, Sandbox
from tests.databases import ACKS
from tests.world import World

LONG = "prod-eu-central-1-customer-orders-database-cluster-main"


@pytest.fixture
def world(tmp_path: Path) -> Any:
    with Sandbox(clock=VirtualClock(), durations=Durations()) as box:
        yield World(box, tmp_path)


def test_a_short_name_is_only_marked() -> None:
    """Who reads it knows at once what it was."""
    assert set_aside("orders") == "orders-sealift-old"
    assert set_aside("orders", NEW) == "orders-sealift-new"


@pytest.mark.parametrize("suffix", [OLD, NEW])
def test_long_names_that_differ_at_their_end_stay_different(suffix: str) -> None:
    """They are cut, and a digest of the whole tells them apart; what is left is an identifier still."""
    made = [set_aside(f"{LONG}-{n}", suffix) for n in range(100)]
    assert len(set(made)) == 100
    assert all(len(name) <= LONGEST and "--" not in name and name.endswith(suffix) for name in made)
    assert set_aside(f"{LONG}-1", suffix) == made[1]


def test_names_that_would_be_given_twice_are_told() -> None:
    """Whatever they are made of: two databases never share one."""
    assert twice(asides(["a", "b"])) == []
    assert set(twice(asides(["a", "b", "a"]))) == {"a-sealift-old", "a-sealift-new"}


def test_members_of_a_cluster_with_a_long_name_are_renamed_apart(world: World) -> None:
    """Its cluster and each member: no two renames lead to one name."""

    async def go() -> None:
        name = world.box.add_db_cluster(LONG, "aurora-postgresql", readers=2)
        plan = await world.plan(f"aurora:{name}", route="snapshot", acks=ACKS)
        assert not plan.blocked, plan.blocked
        made = [step.to for step in plan.steps if step.key.startswith("rename:old")]  # type: ignore[attr-defined]
        assert len(made) == 4
        assert len(set(made)) == 4

    asyncio.run(go())


@pytest.mark.parametrize("suffix", [OLD, NEW])
def test_a_name_that_a_replica_or_a_member_needs_is_asked_for(world: World, suffix: str) -> None:
    """R-RDS-27: those of replicas and members as well as the primary's, for the way forward and the way back."""

    async def go() -> None:
        name = world.box.add_db_instance("shop", "mysql", write_mib_per_s=0.01)
        replica = world.box.add_db_replica("shop-r1", name)
        cluster = world.box.add_db_cluster("cart", "aurora-mysql", readers=1)
        world.box.add_db_instance(set_aside(replica, suffix), "mysql")
        world.box.add_db_instance(set_aside("cart-2", suffix), "mysql")
        for target, said in ((f"rds:{name}", "shop-r1"), (f"aurora:{cluster}", "cart-2")):
            plan = await world.plan(target, acks=ACKS)
            assert any(f"{said}{suffix} is there already" in str(b) for b in plan.blocked), (plan.blocked, said)

    asyncio.run(go())
