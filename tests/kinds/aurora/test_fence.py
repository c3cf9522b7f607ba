"""What the fence of a cluster has beside that of an instance: left out, each layer loses a write, and the proof catches it."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest

from sealift.clock import VirtualClock
from sealift.driver import Outcome
from sealift.sandbox import Durations, Sandbox
from sealift.step import Step
from sealift.steps import CloseWrites, EndSessions, RebootMember, ResumeReaderScaling, SetDataApi, SuspendReaderScaling
from tests.clusters import described
from tests.databases import ACKS, RATE, fence, logins
from tests.kinds.rds.test_fence import Change, changed, unproved, without
from tests.world import REGION, World


@pytest.fixture
def world(tmp_path: Path) -> Any:
    with Sandbox(clock=VirtualClock(), durations=Durations()) as box:
        yield World(box, tmp_path, connect=logins(box))


async def moved(
    world: World, change: Change, *, login: bool = False, scaled: int = 0, listener: Any = None, **about: Any
) -> Outcome:
    """Migrate a cluster by the snapshot route with a changed fence."""
    name = world.box.add_db_cluster("shop", "aurora-postgresql", readers=1, write_mib_per_s=RATE, **about)
    world.clock.advance(3600)
    if scaled:
        world.box.add_reader_scaling(name, least=1, most=scaled)
    plan = await world.plan(f"aurora:{name}", route="snapshot", acks=ACKS, **(fence() if login else {}))
    driver = world.new_driver(listeners=[listener] if listener else [])
    done: Outcome = await world.act(driver.migrate(changed(plan, change), approved_by="a test", observed=True))
    world.clock.advance(3600)
    return done


def not_the_first_reboots(step: Step) -> Step | None:
    """Leave out the reboots that end what outlives the change of groups."""
    return None if isinstance(step, RebootMember) and step.key.startswith("reboot:") else step


LEFT_OUT: dict[str, Change] = {
    "the Data API off": lambda s: None if isinstance(s, SetDataApi) and not s.on else s,
    "the reboots of the members": not_the_first_reboots,
}


def test_the_whole_fence_loses_nothing(world: World) -> None:
    """With every layer in: no loss and no double run, with clients of the Data API as well."""
    done = asyncio.run(moved(world, lambda s: s, data_api_client=True))
    assert done.exit_code == 0, done.message
    assert (world.box.db_losses(), world.box.double_runs()) == ([], [])


@pytest.mark.parametrize("layer", LEFT_OUT)
def test_a_layer_left_out_loses_writes(world: World, layer: str) -> None:
    """Without this layer, and without the proof, acknowledged writes are lost."""
    asyncio.run(moved(world, unproved(LEFT_OUT[layer]), data_api_client=True))
    assert world.box.db_losses()


@pytest.mark.parametrize("layer", LEFT_OUT)
def test_the_proof_catches_what_a_layer_let_through(world: World, layer: str) -> None:
    """With the proof in, the run goes back by itself, and nothing is lost; also where the engine's own layers are missing."""
    inside = without(CloseWrites, EndSessions)
    done = asyncio.run(
        moved(world, lambda s: (t := inside(s)) and LEFT_OUT[layer](t), login=True, data_api_client=True)
    )
    assert done.exit_code == 5, done.message
    assert world.box.db_losses() == []


@pytest.mark.parametrize("suspended", [True, False])
def test_readers_are_not_scaled_behind_the_fence(world: World, suspended: bool) -> None:
    """SB-AAS-02: what is not suspended adds readers to whichever cluster bears the name, also to the source behind the fence."""
    seen: list[int] = []

    def count(event: Any) -> None:
        if event.name == "step-done" and event.step == "rename:old":
            seen.extend(
                len(d["DBClusterMembers"]) for d in described(world).values() if d["StorageEncryptionType"] == "none"
            )

    world.box.world.durations = replace(world.box.world.durations, reader_scaling_s=300.0)  # within the cutover
    change = (lambda s: s) if suspended else without(SuspendReaderScaling, ResumeReaderScaling)
    asyncio.run(moved(world, change, scaled=5, listener=count))
    assert [n > 2 for n in seen] == [not suspended]


def test_a_member_added_before_the_cut_voids_it(world: World) -> None:
    """A reader that the plan does not know would be left behind: the cut does not begin, and everything is as it was."""
    rds: Any = boto3.client("rds", region_name=REGION)

    def meddle(event: Any) -> None:
        if event.name == "step-done" and event.step == "claim":
            rds.create_db_instance(
                DBInstanceIdentifier="shop-9",
                DBClusterIdentifier="shop",
                Engine="aurora-postgresql",
                DBInstanceClass="db.r6g.large",
            )

    done = asyncio.run(moved(world, lambda s: s, listener=meddle))
    assert done.exit_code == 5
    assert "other members than planned" in done.message
    assert world.box.db_losses() == []
