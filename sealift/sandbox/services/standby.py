"""EnterStandby, ExitStandby, suspended processes, and what people do to single members (SB-ASG-01, -03, -05)."""

from typing import Any

from sealift.sandbox.errors import ApiError
from sealift.sandbox.services import groups, replacing
from sealift.sandbox.services.groups import Room
from sealift.sandbox.world import Call, World

PROCESSES = (
    "Launch",
    "Terminate",
    "AddToLoadBalancer",
    "AlarmNotification",
    "AZRebalance",
    "HealthCheck",
    "InstanceRefresh",
    "ReplaceUnhealthy",
    "ScheduledActions",
)


def _sizes(group: Any, what: str) -> ApiError:
    sizes = f"min-size={group.min_size}, max-size={group.max_size}, and desired-size={group.desired_capacity}"
    message = (
        f"AutoScalingGroup {group.name} has {sizes}. {what}, please update the AutoScalingGroup sizes appropriately."
    )
    return ApiError("SB-ASG-05", "ValidationError", message)


def enter(world: World, call: Call) -> dict[str, Any]:
    """EnterStandby: out of service after a while; replaced by new ones unless the desired capacity goes down too."""
    group, where = groups.the_group(call), groups.room(world, call.account, call.region)
    chosen = groups.members(call, group, "InService")
    count, fewer = len(chosen), call.params["ShouldDecrementDesiredCapacity"]
    if fewer and group.desired_capacity - count < group.min_size:
        raise _sizes(group, f"To place into standby {count} instance{'s' * (count > 1)}")
    if fewer:
        group.desired_capacity -= count
    else:
        replacing.arm(world, where, group.name, call.at)
    return {"Activities": [_move(world, call, where, group, m, "EnteringStandby", "Standby") for m in chosen]}


def leave(world: World, call: Call) -> dict[str, Any]:
    """ExitStandby: in service after a while, and from then on under health checks; the desired capacity goes up."""
    group, where = groups.the_group(call), groups.room(world, call.account, call.region)
    chosen = groups.members(call, group, "Standby")
    count = len(chosen)
    if group.desired_capacity + count > group.max_size:
        raise _sizes(group, f"To bring into service {count} instance{'s' * (count > 1)} from standby")
    group.desired_capacity += count
    return {"Activities": [_move(world, call, where, group, m, "Pending", "InService") for m in chosen]}


def _move(world: World, call: Call, where: Room, group: Any, member: Any, way: str, there: str) -> dict[str, Any]:
    member.lifecycle_state = way

    def arrive(at: float) -> None:
        if member.lifecycle_state == way:
            member.lifecycle_state = there
            if there == "InService":
                where.since[member.instance.id] = at
                replacing.arm(world, where, group.name, at)

    done = world.later(call, member.instance.id, world.durations.standby_s, arrive)
    name, standby = member.instance.id, there == "Standby"
    what = f"Moving EC2 instance {'to' if standby else 'out of'} Standby: {name}"
    cause = f"instance {name} was moved {'to' if standby else 'out of'} standby in response to a user request."
    return groups.note(world, where, group, call.at, what, cause, done=done)


def suspend(world: World, call: Call) -> None:
    """SuspendProcesses: names are checked; moto keeps them."""
    groups.the_group(call)
    for name in call.params.get("ScalingProcesses", []):
        if name not in PROCESSES:
            raise ApiError("SB-ASG-01", "ValidationError", f"{name} is not a scaling process type.")


def _managed(world: World, call: Call) -> tuple[Any, Any]:
    """Return group and member of the instance that a call names, or refuse."""
    wanted = call.params["InstanceId"]
    machine = world.here(call).machines.get(wanted)
    group: Any = getattr(machine.moto, "autoscaling_group", None) if machine else None
    for member in group.instance_states if group else []:
        if member.instance.id == wanted:
            return group, member
    message = f"Instance Id not found - No managed instance found for instance ID: {wanted}"
    raise ApiError("SB-ASG-01", "ValidationError", message)


def set_health(world: World, call: Call) -> dict[str, Any]:
    """SetInstanceHealth: an unhealthy member is replaced, after its grace period unless told otherwise."""
    where = groups.room(world, call.account, call.region)
    group, member = _managed(world, call)
    member.health_status = call.params["HealthStatus"]
    member.respects_grace = call.params.get("ShouldRespectGracePeriod", True)
    replacing.arm(world, where, group.name, call.at)
    return {}


def terminate(world: World, call: Call) -> dict[str, Any]:
    """TerminateInstanceInAutoScalingGroup: replaced unless the desired capacity goes down too."""
    where = groups.room(world, call.account, call.region)
    group, member = _managed(world, call)
    if call.params.get("ShouldDecrementDesiredCapacity"):
        if group.desired_capacity - 1 < group.min_size:
            raise _sizes(group, "To terminate 1 instance")
        group.desired_capacity -= 1
    cause = "was taken out of service in response to a user request"
    activity = replacing.terminate(world, where, group, member, call.at, cause)
    replacing.arm(world, where, group.name, call.at)
    return {"Activity": activity}


def delete(world: World, call: Call) -> None:
    """DeleteAutoScalingGroup: refused while it has members, unless by force, which terminates them."""
    group, where = groups.the_group(call), groups.room(world, call.account, call.region)
    if group.instance_states and not call.params.get("ForceDelete"):
        message = (
            "You cannot delete an AutoScalingGroup while there are instances or pending Spot instance request(s) still "
            "in the group."
        )
        raise ApiError("SB-ASG-05", "ResourceInUse", message)
    for member in list(group.instance_states):
        replacing.terminate(world, where, group, member, call.at, "was terminated with its group")


OPERATIONS = {
    "autoscaling:EnterStandby": enter,
    "autoscaling:ExitStandby": leave,
    "autoscaling:SuspendProcesses": suspend,
    "autoscaling:ResumeProcesses": suspend,
    "autoscaling:SetInstanceHealth": set_health,
    "autoscaling:TerminateInstanceInAutoScalingGroup": terminate,
    "autoscaling:DeleteAutoScalingGroup": delete,
}
