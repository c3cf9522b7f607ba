"""What an attempt could not delete is named at the end of every later one, for as long as it is there."""

from pathlib import Path

import pytest

from sealift.clock import VirtualClock
from sealift.sandbox import Durations, Sandbox
from tests.databases import CASES, logins, options_of
from tests.promises.acts import refuse, when
from tests.world import REGION, World


@pytest.mark.parametrize("deleted", [False, True])
async def test_the_end_of_a_second_attempt_names_what_the_first_has_left(tmp_path: Path, *, deleted: bool) -> None:
    """A quarantine group that could be neither closed nor deleted: `resume` ends well and names it, unless a person has deleted it."""
    with Sandbox(clock=VirtualClock(), durations=Durations()) as box:
        world = World(box, tmp_path, connect=logins(box))
        case = CASES["postgres, blue-green"]
        target = case.build(world)
        world.clock.advance(3600)
        plan = await world.plan(f"rds:{target}", **options_of(case))
        for name in ("RevokeSecurityGroupEgress", "DeleteSecurityGroup"):
            refuse(world, f"ec2:{name}", "UnauthorizedOperation", times=None)
        first = await world.act(world.driver.migrate(plan, approved_by="a test", observed=True))
        state = world.state(first.migration)
        group = str(state.outputs["quarantine"]["GroupId"])
        assert (first.exit_code, f"left over: {group}" in first.message) == (4, True), first.message

        world.box.faults.clear()
        if deleted:
            world.ec2.delete_security_group(GroupId=group)
        again = await world.act(world.driver.resume(first.migration, approved_by="a test"))
        assert again.exit_code == 0, again.message
        assert (f"left over: {group}: delete {group}" in again.message) is not deleted
        assert ("(attempt 1)" in again.message) is not deleted
        assert [group in left for left in world.state(first.migration).leftovers] == ([] if deleted else [True])

        world.clock.advance(3600)
        back = await world.act(world.driver.rollback(first.migration, discard_writes=True))
        assert (back.exit_code, group in back.message) == (0, not deleted), back.message
        assert back.message.count("(attempt 1)") == (0 if deleted else 1)


async def test_a_green_side_that_outlives_its_deployment_is_named(tmp_path: Path) -> None:
    """Somebody deletes our deployment and not its green side with it: the end says what may have stayed, by name."""
    with Sandbox(clock=VirtualClock(), durations=Durations()) as box:
        world = World(box, tmp_path, connect=logins(box))
        case = CASES["postgres, blue-green"]
        target = case.build(world)
        world.clock.advance(3600)
        rds = box.client("rds", REGION)

        def delete() -> None:
            (deployment,) = rds.describe_blue_green_deployments()["BlueGreenDeployments"]
            rds.delete_blue_green_deployment(BlueGreenDeploymentIdentifier=deployment["BlueGreenDeploymentIdentifier"])

        driver = world.new_driver(listeners=[when("blue-green", delete, event="step-waiting")])
        plan = await world.plan(f"rds:{target}", **options_of(case))
        outcome = await world.act(driver.migrate(plan, approved_by="a test", observed=True))
        greens = [d["DBInstanceIdentifier"] for d in rds.describe_db_instances()["DBInstances"]]
        greens = [name for name in greens if "-green-" in name]
        assert greens
        assert all(name in outcome.message.partition("left over: ")[2] for name in greens), outcome.message
