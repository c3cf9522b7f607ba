"""Data Lifecycle Manager: policies that take snapshots of volumes by their tags, hand the tags on, and delete (SB-DLM-*)."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from sealift.sandbox.ec2 import snapshots, tagging
from sealift.sandbox.errors import ApiError
from sealift.sandbox.services import recurring, schedules
from sealift.sandbox.services.acting import does
from sealift.sandbox.state import Volume
from sealift.sandbox.world import Call, World, iso

SERVICE = "dlm.amazonaws.com"
DAY_S = 86_400.0
_UNITS = {"DAYS": DAY_S, "WEEKS": 7 * DAY_S, "MONTHS": 30 * DAY_S, "YEARS": 365 * DAY_S}
_SUMMARY = ("PolicyId", "Description", "State", "Tags", "PolicyType", "DefaultPolicy")
Document = Mapping[str, Any]


def create(world: World, call: Call) -> dict[str, Any]:
    """CreateLifecyclePolicy: custom policies with schedules, and default ones for volumes."""
    params, policy_id = call.params, world.new_id("policy")
    details = params.get("PolicyDetails", {})
    policy = {
        **params,
        "PolicyId": policy_id,
        "PolicyType": details.get("PolicyType", "EBS_SNAPSHOT_MANAGEMENT"),
        "DefaultPolicy": bool(params.get("DefaultPolicy")),
        "PolicyArn": f"arn:aws:dlm:{call.region}:{call.account}:policy/{policy_id}",
        "DateCreated": iso(call.at),
        "DateModified": iso(call.at),
    }
    for schedule in details.get("Schedules", []):
        _following(schedule, call.at, call.at)
    world.documents(call, "dlm")[policy_id] = policy
    _run_from(world, call, policy)
    return {"PolicyId": policy_id}


def _run_from(world: World, call: Call, policy: dict[str, Any]) -> None:
    """Start a policy's schedules; those it had before see that they are no longer its own, and end."""
    policy["turn"] = turn = policy.get("turn", 0) + 1
    place = Call("dlm", "Run", {}, call.account, call.region, call.at)

    def alive() -> bool:
        known = world.documents(place, "dlm").get(policy["PolicyId"])
        return known is policy and policy["State"] == "ENABLED" and policy["turn"] == turn

    for schedule in _schedules(policy):
        following = partial(_following, schedule, call.at)
        act = partial(_act, world, place, policy, schedule)
        recurring.start(world, call.at, following, alive, act, _kept(schedule, call.at))


def _schedules(policy: Document) -> list[dict[str, Any]]:
    if not policy["DefaultPolicy"]:
        return list(policy.get("PolicyDetails", {}).get("Schedules", []))
    create = {"Interval": 24 * policy.get("CreateInterval", 1), "IntervalUnit": "HOURS"}
    retain = {"Interval": policy.get("RetainInterval", 7), "IntervalUnit": "DAYS"}
    return [
        {
            "Name": "Default Schedule",
            "CreateRule": create,
            "RetainRule": retain,
            "CopyTags": policy.get("CopyTags", False),
        }
    ]


def _following(schedule: Document, begun: float, at: float) -> float | None:
    rule = schedule.get("CreateRule", {})
    try:
        if rule.get("CronExpression"):
            return schedules.after_cron(rule["CronExpression"], at)
        return schedules.after_interval(rule["Interval"], next(iter(rule.get("Times", [])), None), begun, at)
    except (KeyError, ValueError) as error:
        message = f"The schedule {schedule.get('Name')} has no valid CreateRule."
        raise ApiError("SB-DLM-01", "InvalidRequestException", message) from error


def _kept(schedule: Document, at: float) -> float:
    """Return for how long a snapshot of this schedule is kept at most."""
    rule = schedule.get("RetainRule", {})
    if "Count" not in rule:
        return float(rule.get("Interval", 1) * _UNITS[rule.get("IntervalUnit", "DAYS")])
    first = _following(schedule, at, at)
    second = _following(schedule, at, first) if first else None
    gap = second - first if first and second else DAY_S
    return float((rule["Count"] + 1) * max(gap, 3600.0) * (31 if schedule["CreateRule"].get("CronExpression") else 1))


def _act(world: World, place: Call, policy: Document, schedule: Document, at: float) -> None:
    """Take the snapshots that are due: within the hour after the time that is set (SB-DLM-01)."""
    world.agenda.at(at + world.durations.dlm_start_s, lambda now: _shoot_all(world, place, policy, schedule, now))


def _shoot_all(world: World, place: Call, policy: Document, schedule: Document, at: float) -> None:
    for volume in _targets(world, place, policy, schedule, at):
        _shoot(world, place, policy, schedule, volume, at)
    _expire(world, place, policy, schedule, at)


def _targets(world: World, place: Call, policy: Document, schedule: Document, at: float) -> list[Volume]:
    here = world.here(place)
    volumes = [v for v in here.volumes.values() if v.state in ("available", "in-use")]
    if policy["DefaultPolicy"]:
        recent = at - 3600.0 * schedule["CreateRule"]["Interval"]
        taken = {s.volume_id for s in here.snapshots.values() if s.started > recent}
        return [v for v in volumes if v.id not in taken]
    details = policy.get("PolicyDetails", {})
    wanted = {(t["Key"], t.get("Value", "")) for t in details.get("TargetTags", [])}
    if "INSTANCE" not in details.get("ResourceTypes", ["VOLUME"]):
        return [v for v in volumes if wanted & set(_tags(v.account, v.region, v.id).items())]
    machines = [m for m in here.machines.values() if wanted & set(_tags(m.account, m.region, m.id).items())]
    boot = details.get("Parameters", {}).get("ExcludeBootVolume")
    return [a.volume for m in machines for d, a in m.disks.items() if not (boot and d == m.root_device)]


def _tags(account: str, region: str, name: str) -> dict[str, str]:
    return {t["Key"]: t["Value"] for t in tagging.shown(account, region, name)}


def _shoot(world: World, place: Call, policy: Document, schedule: Document, volume: Volume, at: float) -> None:
    own = {
        "aws:dlm:lifecycle-policy-id": policy["PolicyId"],
        "aws:dlm:lifecycle-schedule-name": schedule.get("Name", ""),
    }
    added = {t["Key"]: t.get("Value", "") for t in schedule.get("TagsToAdd", [])}
    copied = user_tags(_tags(volume.account, volume.region, volume.id)) if schedule.get("CopyTags") else {}
    what = f"Created for policy: {policy['PolicyId']} schedule: {schedule.get('Name', '')}"
    take_snapshot(world, place, volume, {**copied, **added, "dlm:managed": "true"}, own, what, at, SERVICE)


def user_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """Return the tags that are not AWS's own."""
    return {k: v for k, v in tags.items() if not k.startswith("aws:")}


def take_snapshot(
    world: World,
    place: Call,
    volume: Volume,
    tags: Mapping[str, str],
    own: Mapping[str, str],
    what: str,
    at: float,
    by: str,
) -> str | None:
    """Take a snapshot for a service, which alone may give it `own` tags of AWS's; None where EC2 refuses."""
    spec = [{"ResourceType": "snapshot", "Tags": [{"Key": k, "Value": v} for k, v in tags.items()]}]
    params = {"VolumeId": volume.id, "Description": what, "TagSpecifications": spec}
    reply, _ = does(
        world, "ec2:CreateSnapshot", snapshots.create, params, account=place.account, region=place.region, at=at, by=by
    )
    if reply is None:
        return None
    tagging.book(place.account, place.region, reply["SnapshotId"]).update(own)
    return str(reply["SnapshotId"])


def _expire(world: World, place: Call, policy: Document, schedule: Document, at: float) -> None:
    """Delete what the schedule keeps no longer: all but the last so many of a volume, or what is too old."""
    rule, mine = schedule.get("RetainRule", {}), _mine(world, place, policy, schedule)
    for shots in mine.values():
        for n, shot in enumerate(reversed(shots)):
            if n >= rule["Count"] if "Count" in rule else shot.started + _kept(schedule, at) <= at:
                delete_snapshot(world, place, shot.id, at, SERVICE)


def _mine(world: World, place: Call, policy: Document, schedule: Document) -> dict[str, list[Any]]:
    """Return the schedule's snapshots by volume, oldest first: by its own tags, which copies do not carry on."""
    found: dict[str, list[Any]] = {}
    for shot in world.here(place).snapshots.values():
        tags = _tags(shot.account, shot.region, shot.id)
        names = (tags.get("aws:dlm:lifecycle-policy-id"), tags.get("aws:dlm:lifecycle-schedule-name"))
        if names == (policy["PolicyId"], schedule.get("Name", "")):
            found.setdefault(shot.volume_id, []).append(shot)
    return found


def delete_snapshot(world: World, place: Call, name: str, at: float, by: str) -> None:
    """Delete a snapshot for a service; one that an AMI uses stays."""
    params = {"SnapshotId": name}
    does(
        world, "ec2:DeleteSnapshot", snapshots.delete, params, account=place.account, region=place.region, at=at, by=by
    )


def policies(world: World, call: Call) -> dict[str, Any]:
    """GetLifecyclePolicies: summaries, by id, state, kind of resource and tag."""
    known, params = world.documents(call, "dlm"), call.params
    found = [known[i] for i in params.get("PolicyIds") or list(known) if i in known]
    for policy in list(found):
        details = policy.get("PolicyDetails", {})
        tags = {f"{t['Key']}={t.get('Value', '')}" for t in details.get("TargetTags", [])}
        if (
            params.get("State") not in (None, policy["State"])
            or (
                params.get("ResourceTypes") and not set(params["ResourceTypes"]) & set(details.get("ResourceTypes", []))
            )
            or (params.get("TargetTags") and not set(params["TargetTags"]) & tags)
        ):
            found.remove(policy)
    return {"Policies": [{k: p[k] for k in _SUMMARY if k in p} for p in found]}


def _known(world: World, call: Call) -> dict[str, Any]:
    policy = world.documents(call, "dlm").get(call.params["PolicyId"])
    if policy is None:
        raise ApiError("SB-DLM-02", "ResourceNotFoundException", "The policy does not exist.", 404)
    return policy


def policy(world: World, call: Call) -> dict[str, Any]:
    """GetLifecyclePolicy: all of it."""
    return {"Policy": _known(world, call)}


def update(world: World, call: Call) -> dict[str, Any]:
    """UpdateLifecyclePolicy: what is given is changed; schedules begin anew."""
    known = _known(world, call)
    for schedule in call.params.get("PolicyDetails", {}).get("Schedules", []):
        _following(schedule, call.at, call.at)
    known.update({k: v for k, v in call.params.items() if k != "PolicyId"}, DateModified=iso(call.at))
    _run_from(world, call, known)
    return {}


def delete(world: World, call: Call) -> dict[str, Any]:
    """DeleteLifecyclePolicy: its snapshots stay."""
    _known(world, call)
    del world.documents(call, "dlm")[call.params["PolicyId"]]
    return {}


OPERATIONS = {
    "dlm:CreateLifecyclePolicy": create,
    "dlm:GetLifecyclePolicies": policies,
    "dlm:GetLifecyclePolicy": policy,
    "dlm:UpdateLifecyclePolicy": update,
    "dlm:DeleteLifecyclePolicy": delete,
}
