"""Auto Scaling groups as moto keeps them, their members, and the activities that the sandbox adds."""

from dataclasses import dataclass, field
from typing import Any

from moto.autoscaling.models import autoscaling_backends

from sealift.sandbox.errors import ApiError
from sealift.sandbox.state import Machine
from sealift.sandbox.world import Call, World, iso

SERVICE = "autoscaling.amazonaws.com"


@dataclass
class Room:
    """What the sandbox knows of the groups of an account in a Region, beside moto's records.

    `since`: when a member came into service; `armed`: when a group is looked at next.
    """

    account: str
    region: str
    since: dict[str, float] = field(default_factory=dict)
    armed: dict[str, float] = field(default_factory=dict)
    activities: list[dict[str, Any]] = field(default_factory=list)


def room(world: World, account: str, region: str) -> Room:
    """Return what is known of an account's groups in a Region."""
    key = ("autoscaling", account, region)
    if key not in world.rooms:
        world.rooms[key] = Room(account, region)
    return world.rooms[key]  # type: ignore[no-any-return]


def named(account: str, region: str, name: str) -> Any:
    """Return moto's group, or None."""
    return autoscaling_backends[account][region].autoscaling_groups.get(name)


def the_group(call: Call) -> Any:
    """Return the group a call names, or refuse (SB-ASG-01)."""
    name = call.params["AutoScalingGroupName"]
    if group := named(call.account, call.region, name):
        return group
    raise ApiError("SB-ASG-01", "ValidationError", f"AutoScalingGroup name not found - no such group: {name}")


def members(call: Call, group: Any, state: str) -> list[Any]:
    """Return the members a call names, refused unless all are of the group and in a state (SB-ASG-01)."""
    known = {m.instance.id: m for m in group.instance_states}
    for name in call.params.get("InstanceIds", []):
        if name not in known:
            message = f"The instance {name} is not part of Auto Scaling group {group.name}."
            raise ApiError("SB-ASG-01", "ValidationError", message)
        if known[name].lifecycle_state != state:
            raise ApiError("SB-ASG-01", "ValidationError", f"The instance {name} is not in {state}.")
    return [known[name] for name in call.params.get("InstanceIds", [])]


def machine(world: World, where: Room, member: Any) -> Machine:
    """Return a member's instance as the sandbox knows it."""
    return world.region(where.account, where.region).machines[member.instance.id]


def suspended(group: Any) -> set[str]:
    """Return the names of the processes that are suspended."""
    return {p["ProcessName"] for p in group.suspended_processes}


def note(world: World, where: Room, group: Any, at: float, what: str, cause: str, *, done: float) -> dict[str, Any]:
    """Enter an activity that is over at `done`; return it."""
    activity = {
        "ActivityId": f"{world.rng.getrandbits(128):032x}",
        "AutoScalingGroupName": group.name,
        "AutoScalingGroupARN": group.arn,
        "Description": what,
        "Cause": f"At {iso(at):%Y-%m-%dT%H:%M:%SZ} {cause}",
        "StartTime": iso(at),
        "done": done,
        "Details": "{}",
    }
    where.activities.append(activity)
    return shown(activity, at)


def shown(activity: dict[str, Any], now: float) -> dict[str, Any]:
    """Return an activity as it stands now."""
    out = {k: v for k, v in activity.items() if k != "done"}
    if now < activity["done"]:
        return {**out, "StatusCode": "InProgress", "Progress": 50}
    return {**out, "StatusCode": "Successful", "Progress": 100, "EndTime": iso(activity["done"])}


def activities(world: World, call: Call) -> dict[str, Any]:
    """DescribeScalingActivities: the newest first."""
    name, ids = call.params.get("AutoScalingGroupName"), call.params.get("ActivityIds")
    found = [
        shown(a, call.at)
        for a in reversed(room(world, call.account, call.region).activities)
        if name in (None, a["AutoScalingGroupName"]) and (not ids or a["ActivityId"] in ids)
    ]
    return {"Activities": found[: call.params.get("MaxRecords", 100)]}


OPERATIONS = {"autoscaling:DescribeScalingActivities": activities}
