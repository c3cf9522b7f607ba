"""A replacement that died before its id was known: its ClientToken is of no use, so the attempt ends and the next has another."""

import pytest

from tests.promises.acts import refuse, when
from tests.world import ROOT, World


@pytest.mark.parametrize(
    ("route", "operation"),
    [("clone", "ec2:CopyVolumes"), ("snapshot", "ec2:CreateVolume"), ("copy", "ec2:CreateVolume")],
)
@pytest.mark.parametrize("gone", [True, False])
async def test_a_dead_volume_is_not_taken_and_its_token_is_not_used_again(
    world: World, route: str, operation: str, gone: bool
) -> None:
    """The reply is lost and the volume deleted by somebody, gone or still `deleting`: the original is put back; resume makes another."""
    dead: list[str] = []

    def delete() -> None:
        world.clock.advance(60)
        made = world.ec2.describe_volumes(Filters=[{"Name": "encrypted", "Values": ["true"]}])["Volumes"]
        dead.extend(v["VolumeId"] for v in made)
        world.ec2.delete_volume(VolumeId=dead[0])
        world.clock.advance(60 if gone else 0)

    instance = world.instance(ROOT)
    plan = await world.plan(instance, route=route)
    lost = refuse(world, operation, VolumeType="gp3")  # not the dry run of the gate
    lost.after = True
    driver = world.new_driver(listeners=[when("copy:", delete, event="retry")])

    first = await world.act(driver.migrate(plan, approved_by="a test", observed=True))
    second = await world.act(driver.resume(first.migration))

    assert ([5, 0], 1) == ([first.exit_code, second.exit_code], len(dead)), first.message
    assert ("IdempotentParameterMismatch" if gone else "deleting") in first.message
    found = world.volumes(instance)["/dev/xvda"]
    assert (True, world.key, "running") == (found["Encrypted"], found["KmsKeyId"], world.power(instance))
    assert found["VolumeId"] not in dead
