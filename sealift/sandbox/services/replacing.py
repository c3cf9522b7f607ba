"""What keeps a group whole: members that are not running are found unhealthy, terminated and replaced (SB-ASG-02 to 04).

Nothing ticks: a group is looked at a while after something has happened to it or to a member of it, and again for as
long as something is left to do. Source: docs.aws.amazon.com/autoscaling/ec2/userguide/ healthcheck.html,
as-suspend-resume-processes.html, understand-how-suspending-processes-affects-other-processes.html.
"""

from collections.abc import Callable
from typing import Any

from moto.autoscaling.models import ASG_NAME_TAG, InstanceState

from sealift.sandbox.ec2 import instances, launching, power
from sealift.sandbox.services import groups
from sealift.sandbox.services.acting import does
from sealift.sandbox.services.groups import SERVICE, Room
from sealift.sandbox.state import Machine
from sealift.sandbox.world import Call, World

_DOWN = ("stopping", "stopped", "shutting-down", "terminated")


def arm(world: World, where: Room, name: str, at: float, seconds: float | None = None) -> None:
    """Look at a group some time from `at`, unless that is going to happen earlier anyway."""
    due = at + (world.durations.asg_check_s if seconds is None else seconds)
    if name not in where.armed or where.armed[name] > due:
        where.armed[name] = due
        world.agenda.at(due, lambda now: _look(world, where, name, due, now))


def _look(world: World, where: Room, name: str, due: float, at: float) -> None:
    group = groups.named(where.account, where.region, name)
    if where.armed.get(name) != due or group is None:
        return
    del where.armed[name]
    off = groups.suspended(group)
    if "HealthCheck" not in off:
        _check(world, where, group)
    if "ReplaceUnhealthy" not in off and "Terminate" not in off:
        for member in [m for m in group.instance_states if _unhealthy(world, where, group, m, at)]:
            terminate(world, where, group, member, at, "was taken out of service in response to an EC2 health check")
    _fit(world, where, group, at, off)


def _check(world: World, where: Room, group: Any) -> None:
    """Mark members in service whose instance is not up. Those in Standby are not looked at."""
    for member in group.instance_states:
        if member.lifecycle_state == "InService" and groups.machine(world, where, member).state in _DOWN:
            member.health_status = "Unhealthy"


def _unhealthy(world: World, where: Room, group: Any, member: Any, at: float) -> bool:
    """Say whether a member is to be replaced now; one that was only reported unhealthy has its grace period."""
    if member.health_status != "Unhealthy" or member.lifecycle_state != "InService":
        return False
    if groups.machine(world, where, member).state in _DOWN or not getattr(member, "respects_grace", True):
        return True
    end = where.since.get(member.instance.id, float("-inf")) + (group.health_check_grace_period or 0)
    if at < end:
        arm(world, where, group.name, at, end - at)
    return bool(at >= end)


def _fit(world: World, where: Room, group: Any, at: float, off: set[str]) -> None:
    """Bring the number of members to the desired capacity."""
    there = [m for m in group.instance_states if m.lifecycle_state in ("InService", "Pending")]
    missing = (group.desired_capacity or 0) - len(there)
    if missing > 0 and "Launch" not in off:
        for _ in range(missing):
            _launch(world, where, group, at)
    elif missing < 0 and "Terminate" not in off:
        spare = [m for m in there if not m.protected_from_scale_in]
        for member in spare[:-missing]:
            terminate(world, where, group, member, at, "was selected for termination to fit the desired capacity")


def terminate(world: World, where: Room, group: Any, member: Any, at: float, cause: str) -> dict[str, Any]:
    """Terminate a member, whatever its termination protection says; it leaves the group when it is gone."""
    machine = groups.machine(world, where, member)
    member.lifecycle_state = "Terminating"
    done = at
    if machine.state not in ("shutting-down", "terminated"):
        _acted(world, where, "TerminateInstances", lambda w, c: _end(w, c, machine), machine, at)
        done = at + world.charges[-1].seconds

    def leave(_: float) -> None:
        if member in group.instance_states:
            group.instance_states.remove(member)

    world.agenda.at(done, leave)
    what = f"Terminating EC2 instance: {machine.id}"
    return groups.note(world, where, group, at, what, f"instance {machine.id} {cause}", done=done)


def _end(world: World, call: Call, machine: Machine) -> dict[str, Any]:
    power._terminate(world, call, machine)
    return {}


def _acted(world: World, where: Room, name: str, operation: Callable[..., Any], machine: Machine, at: float) -> None:
    params = {"InstanceIds": [machine.id]}
    does(world, f"ec2:{name}", operation, params, account=where.account, region=where.region, at=at, by=SERVICE)


def _launch(world: World, where: Room, group: Any, at: float) -> None:
    def run(world: World, call: Call) -> dict[str, Any]:
        made.append(_run(world, call, group))
        return {}

    made: list[Machine] = []
    params = {"ImageId": group.image_id, "InstanceType": group.instance_type, "MinCount": 1, "MaxCount": 1}
    does(world, "ec2:RunInstances", run, params, account=where.account, region=where.region, at=at, by=SERVICE)
    (machine,) = made
    member = InstanceState(
        machine.moto,
        lifecycle_state="Pending",
        protected_from_scale_in=group.new_instances_protected_from_scale_in,
        autoscaling_group=group,
    )
    group.instance_states.append(member)
    done = at + world.charges[-1].seconds

    def arrive(now: float) -> None:
        member.lifecycle_state = "InService"
        where.since[machine.id] = now
        if machine.state in _DOWN:
            arm(world, where, group.name, now)

    world.agenda.at(done, arrive)
    cause = "an instance was started in response to a difference between desired and actual capacity"
    groups.note(world, where, group, at, f"Launching a new EC2 instance: {machine.id}", cause, done=done)


def _run(world: World, call: Call, group: Any) -> Machine:
    zones = group.availability_zones
    count = len(group.instance_states)
    reservation = group.ec2_backend.run_instances(
        group.image_id,
        1,
        None,
        [],
        region_name=call.region,
        instance_type=group.instance_type,
        is_instance_type_default=False,
        placement=zones[count % len(zones)],
        subnet_id=group.vpc_zone_identifier.split(",")[0] if group.vpc_zone_identifier else None,
        tags={"instance": {**group.get_propagated_tags(), **group.instance_tags, ASG_NAME_TAG: group.name}},
    )
    (moto,) = reservation.instances
    instances.strip(group.ec2_backend, moto)
    return launching.launched(world, call, moto, reservation.id)


def of_instances(world: World, call: Call) -> None:
    """Look soon at the groups of the instances that a call has been about."""
    book = world.here(call).machines
    for name in call.params.get("InstanceIds", []):
        group = getattr(book[name].moto, "autoscaling_group", None) if name in book else None
        if group is not None:
            arm(world, groups.room(world, call.account, call.region), group.name, call.at)


def of_group(world: World, call: Call) -> None:
    """Look soon at the group that a call has been about."""
    where = groups.room(world, call.account, call.region)
    arm(world, where, call.params["AutoScalingGroupName"], call.at)


_ON_GROUPS = (
    "CreateAutoScalingGroup",
    "UpdateAutoScalingGroup",
    "SetDesiredCapacity",
    "ResumeProcesses",
    "AttachInstances",
    "DetachInstances",
)

AFTER: dict[str, Callable[[World, Call], None]] = {
    **dict.fromkeys((f"ec2:{n}Instances" for n in ("Stop", "Start", "Terminate")), of_instances),
    **dict.fromkeys((f"autoscaling:{n}" for n in _ON_GROUPS), of_group),
}
