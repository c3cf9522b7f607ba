"""Promises 1 and 2 at night: what runs when the terminal is gone, the disk is full, or somebody else is at work."""

from pathlib import Path
from typing import Any

import pytest

from sealift.errors import JournalError
from sealift.sandbox.faults import Fault
from tests.promises.acts import refuse, when
from tests.world import DATA, ROOT, World


async def test_a_start_of_the_original_that_falls_back_is_sent_again(world: World) -> None:
    """EC2 took the start and fell back to stopped: once there is room again, resume sends another and service is as before."""
    instance = world.instance(ROOT)

    def no_room() -> None:
        reason = {"Code": "Server.InsufficientInstanceCapacity", "Message": "no room"}
        world.box.show_as(instance, State={"Code": 80, "Name": "stopped"}, StateReason=reason)

    refuse(world, "ec2:AttachVolume")
    driver = world.new_driver(listeners=[when("undo:stop", no_room, event="step-started")])
    stuck = await world.migrate(instance, driver=driver, route="clone")
    world.box.world.overlays.clear()
    world.box.stop_by_hand(instance)
    world.clock.advance(300)
    sent = len(world.calls("StartInstances"))

    mended = await world.act(world.driver.resume(stuck.migration))

    assert (6, 5) == (stuck.exit_code, mended.exit_code)
    assert ("running", True) == (world.power(instance), len(world.calls("StartInstances")) > sent)


@pytest.mark.parametrize("at", ["stop", "detach:/dev/xvda", "undo:detach:/dev/xvda"])
async def test_whoever_watches_disturbs_nothing(instant: World, at: str) -> None:
    """The terminal is gone and every listener raises: the migration goes on, or home, all the same."""
    instance = instant.instance(ROOT)

    def broken(event: Any) -> None:
        if event.step == at:
            raise BrokenPipeError("the terminal is gone")

    if at.startswith("undo:"):
        refuse(instant, "ec2:AttachVolume")
    outcome = await instant.migrate(instance, driver=instant.new_driver(listeners=[broken]), route="clone")

    assert (5 if at.startswith("undo:") else 0, "running") == (outcome.exit_code, instant.power(instance))
    assert [] == instant.box.losses()


async def test_a_journal_that_cannot_be_written_says_that_the_workload_is_down(instant: World) -> None:
    """The disk is full after the stop: exit 6, what state things are in, the command; once mended, resume finishes."""
    instance = instant.instance(ROOT)
    full: list[bool] = []
    driver = instant.new_driver(listeners=[when("stop", lambda: full.append(True))])
    row = driver.journal.row

    def written(*words: Any, **more: Any) -> int:
        if full:
            raise JournalError("the journal cannot be used: database or disk is full")
        return row(*words, **more)

    driver.journal.row = written  # type: ignore[method-assign]
    ended = await instant.migrate(instance, driver=driver, route="clone")
    driver.close()

    resumed = await instant.act(instant.new_driver().resume(ended.migration))

    assert (6, True) == (ended.exit_code, "is down" in ended.message and "sealift resume" in ended.message)
    assert (0, "running", []) == (resumed.exit_code, instant.power(instance), instant.box.losses())
    assert "retained" == instant.state(ended.migration).end


async def test_a_source_that_somebody_attached_after_its_copy_is_seen_before_the_start(instant: World) -> None:
    """Its copy would lack what was written there: nothing is brought up on it, and a person is told where the source is."""
    instance, other = instant.instance(ROOT, DATA), instant.instance(ROOT)
    source = instant.volumes(instance)[DATA.device]["VolumeId"]

    def borrow() -> None:
        instant.ec2.attach_volume(VolumeId=source, InstanceId=other, Device="/dev/sdz")

    driver = instant.new_driver(listeners=[when(f"copy:{DATA.device}", borrow)])
    outcome = await instant.migrate(instance, driver=driver, route="clone")

    assert 6 == outcome.exit_code
    assert instant.state(outcome.migration).brought_up is None
    assert source in outcome.message


async def test_a_second_finalize_reads_everything_again(instant: World) -> None:
    """A first one that was denied half-way is no reason to delete the source while the key is about to be gone."""
    instance = instant.instance(ROOT)
    outcome = await instant.migrate(instance, route="clone", retain=0)
    instant.clock.advance(60)
    instant.box.faults.add(Fault(operation="ec2:DeleteVolume", code="UnauthorizedOperation", status=403, times=1))
    first, _ = await instant.act(instant.driver.finalize(outcome.migration))
    instant.box.schedule_key_deletion(instant.key)

    second, _ = await instant.act(instant.driver.finalize(outcome.migration))

    assert (4, 4) == (first.exit_code, second.exit_code)
    assert "PendingDeletion" in second.message


async def test_a_member_planned_while_its_group_is_suspended_by_another_holds_it_too(instant: World) -> None:
    """The first to finish leaves the processes suspended for the second; the last resumes what ran before."""
    first, second = instant.instance(ROOT), instant.instance(ROOT, name="web-2")
    instant.box.add_asg("eu-central-1", "web", [first, second])
    autoscaling = instant.box.client("autoscaling")
    plans: list[Any] = []
    seen: list[int] = []

    def suspended() -> int:
        return len(autoscaling.describe_auto_scaling_groups()["AutoScalingGroups"][0]["SuspendedProcesses"])

    outer = await instant.plan(first, route="clone", asg="suspend")
    autoscaling.suspend_processes(AutoScalingGroupName="web")
    plans.append(await instant.plan(second, route="clone", asg="suspend"))
    autoscaling.resume_processes(AutoScalingGroupName="web")

    driver = instant.new_driver(listeners=[when("stop", lambda: seen.append(suspended()))])
    one = await instant.act(instant.driver.migrate(outer, approved_by="a test", observed=True))
    two = await instant.act(driver.migrate(plans[0], approved_by="a test", observed=True))

    assert (0, 0) == (one.exit_code, two.exit_code)
    assert seen[0] > 0


def test_the_journal_says_so_when_its_file_is_no_journal(tmp_path: Path) -> None:
    """A damaged file is a clear error of ours, not one of the database library."""
    from sealift.clock import VirtualClock
    from sealift.journal import Journal

    (tmp_path / "journal.db").write_bytes(b"this is no database" * 100)
    with pytest.raises(JournalError):
        Journal(VirtualClock(), tmp_path / "journal.db")
