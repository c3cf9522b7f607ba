"""Auto Scaling groups, and the user's commands: what surrounds a cutover is off before it, and on again after it, both ways."""

from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.core import DEFAULT_ACCOUNT_ID

from sealift.engine import REQUEST_LIFE, local_runner
from sealift.step import Switch
from sealift.steps.autoscaling import PROCESSES
from tests.pictures import changed, picture
from tests.promises.acts import refuse, when
from tests.world import DATA, REGION, ROOT, World

SWITCH = Switch("autoscaling:web:processes", on=True, items=()).at((DEFAULT_ACCOUNT_ID, REGION))
"""What the journal counts who needs it off under: the processes of the group `web`."""


def group(world: World) -> Any:
    return boto3.client("autoscaling", region_name=REGION).describe_auto_scaling_groups()["AutoScalingGroups"][0]


def suspended(world: World) -> set[str]:
    return {p["ProcessName"] for p in group(world)["SuspendedProcesses"]}


def lifecycle(world: World) -> dict[str, str]:
    return {m["InstanceId"]: m["LifecycleState"] for m in group(world)["Instances"]}


def pair(world: World) -> list[str]:
    """Return two members of one group."""
    members = [world.instance(ROOT, name=f"web-{n}") for n in range(2)]
    world.box.add_asg(REGION, "web", members)
    return members


# -- the group -----------------------------------------------------------------------------------------------------------


async def test_a_member_of_a_group_is_refused_without_asg(instant: World) -> None:
    """A stopped member would be replaced (R-EBS-35): exit 4 with both options, and nothing was touched."""
    instance = instant.instance(ROOT, asg="web")
    outcome = await instant.migrate(instance, route="clone")
    assert (4, []) == (outcome.exit_code, instant.calls())
    for words in ("R-EBS-35", "--asg standby", "--asg suspend"):
        assert words in outcome.message


async def test_standby_is_entered_before_the_stop_and_left_after_bring_up(world: World) -> None:
    """EnterStandby, stop, start, ExitStandby; in the end the member is in service and the desired capacity is what it was."""
    instance = world.instance(ROOT, asg="web")
    before = group(world)["DesiredCapacity"]
    outcome = await world.migrate(instance, route="clone", asg="standby")
    order = [c.split(":")[-1] for c in world.calls("Enter", "Stop", "Start", "Exit")]
    world.clock.advance(60)
    assert (0, ["EnterStandby", "StopInstances", "StartInstances", "ExitStandby"]) == (outcome.exit_code, order)
    assert (before, {instance: "InService"}) == (group(world)["DesiredCapacity"], lifecycle(world))


async def test_a_member_on_standby_is_stopped_only_when_it_is_there(world: World) -> None:
    """While the group still says EnteringStandby the instance is not stopped."""
    instance = world.instance(ROOT, asg="web")
    states: list[str] = []
    look = when("stop", lambda: states.append(lifecycle(world)[instance]), event="step-started")
    await world.migrate(instance, driver=world.new_driver(listeners=[look]), route="clone", asg="standby")
    assert ["Standby"] == states


@pytest.mark.parametrize("how", ["standby", "suspend"])
async def test_the_group_is_as_before_after_a_way_back(instant: World, how: str) -> None:
    """A failed cutover gives the member back to its group, with the processes that were suspended before and no others."""
    instance = instant.instance(ROOT, asg="web")
    boto3.client("autoscaling", region_name=REGION).suspend_processes(
        AutoScalingGroupName="web", ScalingProcesses=["AZRebalance"]
    )
    before = picture(instant)
    refuse(instant, "ec2:AttachVolume")
    outcome = await instant.migrate(instance, route="clone", asg=how)
    assert (5, {}) == (outcome.exit_code, changed(before, picture(instant)))


async def test_processes_are_suspended_before_the_stop_and_resumed_after_bring_up(instant: World) -> None:
    """While the member is stopped its group does nothing to it; afterwards only what was suspended before still is."""
    instance = instant.instance(ROOT, asg="web")
    seen: list[set[str]] = []
    look = when("stop", lambda: seen.append(suspended(instant)), event="step-started")
    outcome = await instant.migrate(instance, driver=instant.new_driver(listeners=[look]), route="clone", asg="suspend")
    assert (0, [set(PROCESSES)], set()) == (outcome.exit_code, seen, suspended(instant))


@pytest.mark.parametrize("first_fails", [False, True], ids=["the first is done", "the first goes back"])
async def test_the_first_of_two_members_does_not_resume_the_processes(instant: World, first_fails: bool) -> None:
    """The switch is shared and counted: while the second member is still stopped the group stays suspended."""
    one, two = pair(instant)
    plans = [await instant.plan(i, route="clone", asg="suspend") for i in (one, two)]
    if first_fails:
        refuse(instant, "ec2:AttachVolume", InstanceId=one)
    seen: list[tuple[int, set[str], str]] = []

    async def first() -> None:
        other = instant.new_driver()
        outcome = await other.migrate(plans[0], approved_by="a test", observed=True)
        seen.append((outcome.exit_code, suspended(instant), instant.power(two)))

    done: list[bool] = []

    async def runner(step: Any, attempt: Any) -> None:
        await local_runner(step, attempt)
        if step.key == "stop" and not done:
            done.append(True)
            await first()

    second = await instant.act(instant.driver.migrate(plans[1], approved_by="a test", observed=True, runner=runner))
    assert [(5 if first_fails else 0, set(PROCESSES), "stopped")] == seen
    assert (0, set()) == (second.exit_code, suspended(instant))


@pytest.mark.parametrize("how", ["standby", "suspend"])
async def test_a_member_that_somebody_has_stopped_is_not_given_back_to_its_group(world: World, how: str) -> None:
    """The group would terminate it, and its disks might go with it (R-EBS-35): accept keeps it, and names what is left to do."""
    instance = world.instance(ROOT, asg="web")
    stop = when("status", lambda: world.box.stop_by_hand(instance), event="step-started")
    outcome = await world.migrate(instance, driver=world.new_driver(listeners=[stop]), route="clone", asg=how)
    kept = await world.act(world.driver.accept(outcome.migration))
    world.clock.advance(3600)
    assert (6, 0, "stopped") == (outcome.exit_code, kept.exit_code, world.power(instance))
    assert "web would replace it (R-EBS-35): start it first" in kept.message
    by_hand = {
        "standby": "Then by hand: aws autoscaling exit-standby",
        "suspend": f"Then: sealift accept {outcome.migration}, or by hand while no other migration needs it off: "
        "aws autoscaling resume-processes",
    }
    assert f"start it first. {by_hand[how]}" in kept.message


async def kept_stopped(world: World, member: str, *, beside: Any = None) -> Any:
    """Migrate a member that somebody stops once it runs on its replacement, and accept that; return what accept said."""
    stop = when("status", lambda: world.box.stop_by_hand(member), event="step-started")
    doubt = await world.migrate(member, driver=world.new_driver(listeners=[stop]), route="clone", asg="suspend")
    if beside is not None:
        beside()
    kept = await world.act(world.driver.accept(doubt.migration))
    assert (6, 0) == (doubt.exit_code, kept.exit_code), kept.message
    world.clock.advance(900)
    return kept


def started(world: World, member: str) -> None:
    world.box.start_by_hand(member)
    world.clock.advance(600)


@pytest.mark.parametrize("by", ["hand", "sealift", "nobody"])
async def test_who_was_kept_stopped_leaves_its_group_to_the_next_one(world: World, by: str) -> None:
    """It has ended, so it turns nothing back later: whatever its user did about it meanwhile, the next member's migration leaves the
    group as it was before the first.
    """
    one, two = pair(world)
    kept = await kept_stopped(world, one)
    assert set(PROCESSES) == suspended(world)
    started(world, one)
    if by == "hand":
        boto3.client("autoscaling", region_name=REGION).resume_processes(AutoScalingGroupName="web")
    if by == "sealift":
        again = await world.act(world.driver.accept(kept.migration))
        assert (0, []) == (again.exit_code, world.state(kept.migration).leftovers), again.message
    assert (set(PROCESSES) if by == "nobody" else set()) == suspended(world)
    second = await world.migrate(two, driver=world.new_driver(), route="clone", asg="suspend")
    assert (0, set()) == (second.exit_code, suspended(world)), second.message
    world.clock.advance(900)
    assert ["running"] * 2 == [world.power(m) for m in (one, two)]


async def test_who_was_kept_stopped_and_still_is_is_not_given_to_its_group_by_the_next_one(world: World) -> None:
    """It would be terminated: the next member's migration asks to have it started (exit 6), then goes on."""
    one, two = pair(world)
    await kept_stopped(world, one)
    second = await world.migrate(two, driver=world.new_driver(), route="clone", asg="suspend")
    world.clock.advance(3600)
    assert (6, "stopped", "running") == (second.exit_code, world.power(one), world.power(two))
    assert f"{one} is 'stopped', and web would replace it (R-EBS-35): start it first" in second.message
    started(world, one)
    kept = await world.act(world.driver.accept(second.migration))
    assert (0, set()) == (kept.exit_code, suspended(world)), kept.message


async def test_accept_again_turns_nothing_back_while_another_member_is_down(world: World) -> None:
    """The command that was printed for who was kept stopped may be typed at any time: in the cut of another it leaves that alone,
    which turns back what was left to it.
    """
    one, two = pair(world)
    kept, said = await kept_stopped(world, one), []
    started(world, one)

    async def runner(step: Any, attempt: Any) -> None:
        await local_runner(step, attempt)
        if step.key == "stop":
            again = await world.new_driver().accept(kept.migration)
            said.append((again.exit_code, suspended(world), world.power(two)))

    plan = await world.plan(two, route="clone", asg="suspend")
    second = await world.act(world.driver.migrate(plan, approved_by="a test", observed=True, runner=runner))
    assert [(0, set(PROCESSES), "stopped")] == said
    assert (0, set()) == (second.exit_code, suspended(world)), second.message


async def test_who_is_kept_stopped_beside_another_that_needs_the_switch_names_that_one(world: World) -> None:
    """By hand it is turned back only once the other has come to rest; that one turns back the debts of both by itself."""
    one, two = pair(world)
    journal, switch = world.driver.journal, SWITCH
    waits = await world.act(
        world.driver.migrate(await world.plan(two, route="clone", asg="suspend"), observed=True, no_wait=True)
    )
    kept = await kept_stopped(world, one, beside=lambda: journal.switch_on(switch, waits.migration))
    assert f"by hand only once {waits.migration} has come to rest: aws autoscaling resume-processes" in kept.message
    started(world, one)
    done = await world.act(world.driver.resume(waits.migration, approved_by="a test"))
    assert (0, set()) == (done.exit_code, suspended(world)), done.message


async def test_who_owes_its_group_nothing_is_told_no_command(world: World) -> None:
    """Its user had suspended every process before: nothing of it is turned back, by whomever."""
    one, _ = pair(world)
    boto3.client("autoscaling", region_name=REGION).suspend_processes(
        AutoScalingGroupName="web", ScalingProcesses=list(PROCESSES)
    )
    kept = await kept_stopped(world, one)
    assert "aws autoscaling" not in kept.message
    started(world, one)
    again = await world.act(world.driver.accept(kept.migration))
    assert (0, set(PROCESSES)) == (again.exit_code, suspended(world)), again.message


async def test_a_rollback_of_who_was_kept_stopped_suspends_the_processes_once_more(world: World) -> None:
    """Its user has resumed them since: before the way back stops it they are off again, and on again after it."""
    one, _ = pair(world)
    kept = await kept_stopped(world, one)
    started(world, one)
    boto3.client("autoscaling", region_name=REGION).resume_processes(AutoScalingGroupName="web")
    seen: list[set[str]] = []
    look = when("undo:start", lambda: seen.append(suspended(world)), event="step-started")
    driver = world.new_driver(listeners=[look])
    back = await world.act(driver.rollback(kept.migration, discard_writes=True))
    world.clock.advance(900)
    assert (0, [set(PROCESSES)], set()) == (back.exit_code, seen, suspended(world)), back.message
    assert "running" == world.power(one)


async def test_a_way_back_does_not_give_a_member_that_somebody_has_stopped_to_its_group(world: World) -> None:
    """It asks to have it started (exit 6); then resume puts the group back too."""
    instance = world.instance(ROOT, asg="web")
    refuse(world, "ec2:AttachVolume")
    stop = when("undo:group:off", lambda: world.box.stop_by_hand(instance), event="step-started")
    outcome = await world.migrate(instance, driver=world.new_driver(listeners=[stop]), route="clone", asg="standby")
    world.clock.advance(3600)
    assert (6, "stopped", {instance: "Standby"}) == (outcome.exit_code, world.power(instance), lifecycle(world))
    assert "start it first" in outcome.message
    world.box.start_by_hand(instance)
    world.clock.advance(600)
    again = await world.act(world.driver.resume(outcome.migration))
    world.clock.advance(60)
    assert (5, {instance: "InService"}) == (again.exit_code, lifecycle(world))


def by_hand(process: str) -> None:
    client = boto3.client("autoscaling", region_name=REGION)
    client.suspend_processes(AutoScalingGroupName="web", ScalingProcesses=[process])


async def test_what_somebody_suspended_after_the_plan_stays_suspended(instant: World) -> None:
    """What ran is read directly before it is suspended: only that is resumed, whatever the plan had seen."""
    instance = instant.instance(ROOT, asg="web")
    look = when("claim", lambda: by_hand("AZRebalance"))
    outcome = await instant.migrate(instance, driver=instant.new_driver(listeners=[look]), route="clone", asg="suspend")
    assert (0, {"AZRebalance"}) == (outcome.exit_code, suspended(instant))


async def test_what_somebody_suspends_beside_us_stays_suspended(instant: World) -> None:
    """A process that is none of ours, suspended while the member is down, is not resumed."""
    instance = instant.instance(ROOT, asg="web")
    look = when("stop", lambda: by_hand("Launch"))
    outcome = await instant.migrate(instance, driver=instant.new_driver(listeners=[look]), route="clone", asg="suspend")
    assert (0, {"Launch"}) == (outcome.exit_code, suspended(instant))


async def test_one_that_was_planned_while_another_had_them_suspended_resumes_them_too(instant: World) -> None:
    """What its plan saw suspended was ours: the last one out leaves the group as it was before the first."""
    one, two = pair(instant)
    first = await instant.plan(one, route="clone", asg="suspend")
    plans: list[Any] = []

    async def runner(step: Any, attempt: Any) -> None:
        await local_runner(step, attempt)
        if step.key == "stop":
            plans.append(await instant.plan(two, route="clone", asg="suspend"))

    done = await instant.act(instant.driver.migrate(first, approved_by="a test", observed=True, runner=runner))
    second = await instant.act(instant.new_driver().migrate(plans[0], approved_by="a test"))
    assert (0, 0, set()) == (done.exit_code, second.exit_code, suspended(instant))


async def test_a_request_to_resume_that_is_under_way_lands_before_the_next_one_suspends(world: World) -> None:
    """The last one out may have died with its request on the wire: the next one lets it land, then suspends, and resumes for both."""
    one, two = pair(world)
    gone, journal = await world.plan(one, route="clone", asg="suspend"), world.driver.journal
    left = await world.act(world.driver.migrate(gone, observed=True, no_wait=True))
    switch = SWITCH
    journal.switch_on(switch, left.migration)
    by_hand("HealthCheck")
    journal.owe(switch, left.migration, ["HealthCheck"])
    journal.switch_off(switch, left.migration, ())
    claimed: list[float] = []
    look = when("claim", lambda: claimed.append(world.clock.now()))
    outcome = await world.migrate(two, driver=world.new_driver(listeners=[look]), route="clone", asg="suspend")
    (sent,) = [e.at for e in world.box.log if e.operation.endswith("SuspendProcesses")][1:]
    assert (0, set(), True) == (outcome.exit_code, suspended(world), sent >= claimed[0] + REQUEST_LIFE)


async def test_a_standby_that_would_go_below_the_minimum_is_refused(instant: World) -> None:
    """Standby takes one from the desired capacity: below the minimum the rule blocks (exit 4)."""
    instance = instant.instance(ROOT, asg="web")
    boto3.client("autoscaling", region_name=REGION).update_auto_scaling_group(AutoScalingGroupName="web", MinSize=1)
    outcome = await instant.migrate(instance, route="clone", asg="standby")
    assert (4, []) == (outcome.exit_code, instant.calls("Stop", "Enter"))


# -- the hooks -----------------------------------------------------------------------------------------------------------


def noting(path: Path, *, code: int = 0) -> str:
    """Return a command that appends what it is told to a file."""
    words = "$SEALIFT_HOOK $MIGRATION $EPOCH $ATTEMPT $INSTANCE $VOLUMES $DEVICES"
    return f'echo "{words}" >> {path}; exit {code}'


def told(path: Path) -> list[list[str]]:
    return [line.split() for line in path.read_text().splitlines()] if path.exists() else []


async def test_hooks_are_told_everything_in_their_environment(instant: World, tmp_path: Path) -> None:
    """Quiesce before the stop, after once it is up: with the migration, the attempt, instance, volumes and devices."""
    instance, path = instant.instance(ROOT, DATA), tmp_path / "hooks"
    volumes = [v["VolumeId"] for v in instant.volumes(instance).values()]
    outcome = await instant.migrate(instance, route="clone", quiesce=noting(path), after=noting(path))
    lines = told(path)
    assert (0, ["quiesce", "after"]) == (outcome.exit_code, [line[0] for line in lines])
    for line in lines:
        assert (outcome.migration, "1", instance) == (line[1], line[3], line[4])
        assert sorted([*volumes, ROOT.device, DATA.device]) == sorted(line[5:])


async def test_the_quiesce_hook_runs_before_the_stop(instant: World, tmp_path: Path) -> None:
    """The workload still runs when it is told to become quiet."""
    instance, powers = instant.instance(ROOT), []
    look = when("hook:quiesce", lambda: powers.append(instant.power(instance)))
    await instant.migrate(instance, driver=instant.new_driver(listeners=[look]), route="clone", quiesce="true")
    assert ["running"] == powers


async def test_a_quiesce_hook_that_says_no_stops_nothing(instant: World, tmp_path: Path) -> None:
    """Non-zero before bring-up sends the run back (exit 5); the last line of its output is in the message."""
    instance = instant.instance(ROOT)
    before = picture(instant)
    outcome = await instant.migrate(instance, route="clone", quiesce="echo busy with payroll; exit 3")
    assert (5, [], {}) == (outcome.exit_code, instant.calls("Stop"), changed(before, picture(instant)))
    assert "busy with payroll" in outcome.message


async def test_a_quiesce_hook_that_takes_too_long_is_ended(instant: World) -> None:
    """After --hook-timeout the command and its children are gone, and the run goes back."""
    outcome = await instant.migrate(instant.instance(ROOT), route="clone", quiesce="sleep 30", hook_timeout=1)
    assert (5, True) == (outcome.exit_code, "longer than 1 s" in outcome.message)


async def test_the_after_hook_runs_on_the_way_back_too(instant: World, tmp_path: Path) -> None:
    """What quiesce has stopped is started again when the original is back: after the start."""
    instance, path, powers = instant.instance(ROOT), tmp_path / "hooks", []
    refuse(instant, "ec2:AttachVolume")
    look = when("undo:hook:quiesce", lambda: powers.append(instant.power(instance)))
    outcome = await instant.migrate(
        instance, driver=instant.new_driver(listeners=[look]), route="clone", quiesce=noting(path), after=noting(path)
    )
    assert (5, ["quiesce", "after"], ["running"]) == (outcome.exit_code, [line[0] for line in told(path)], powers)


async def test_an_after_hook_that_says_no_asks_a_person(instant: World) -> None:
    """After bring-up a failing hook is exit 6 with both commands; accept passes over it."""
    instance = instant.instance(ROOT)
    outcome = await instant.migrate(instance, route="clone", after="echo 502; exit 1")
    assert (6, "running", True) == (outcome.exit_code, instant.power(instance), "502" in outcome.message)
    assert 0 == (await instant.act(instant.driver.accept(outcome.migration))).exit_code


async def test_a_rollback_after_bring_up_quiesces_too(instant: World, tmp_path: Path) -> None:
    """Before the replacement is stopped the workload is told to become quiet, and after the original is back to go on."""
    instance, path = instant.instance(ROOT), tmp_path / "hooks"
    outcome = await instant.migrate(instance, route="clone", quiesce=noting(path), after=noting(path))
    back = await instant.act(instant.driver.rollback(outcome.migration, discard_writes=True))
    assert (0, ["quiesce", "after", "quiesce", "after"]) == (back.exit_code, [line[0] for line in told(path)])


async def test_groups_of_one_name_in_two_regions_are_two(world: World) -> None:
    """Their members are counted apart: who needs the processes of the one off leaves those of the other alone."""
    one, _ = pair(world)
    elsewhere = Switch("autoscaling:web:processes", on=True, items=()).at((DEFAULT_ACCOUNT_ID, "us-east-1"))
    plan = await world.plan(world.instance(ROOT), route="clone")
    other = await world.act(world.driver.migrate(plan, observed=True, no_wait=True))
    world.driver.journal.switch_on(elsewhere, other.migration)

    done = await world.migrate(one, route="clone", asg="suspend")

    assert (0, set()) == (done.exit_code, suspended(world)), done.message
    assert world.driver.journal.holds(elsewhere, other.migration)
