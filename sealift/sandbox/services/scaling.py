"""Application Auto Scaling of Aurora's readers: targets go by the cluster's *name*, whichever cluster bears it.

Other namespaces are moto's. Only growth is modelled: a reader that is once there stays.
"""

import uuid
from collections.abc import Callable
from typing import Any

from sealift.sandbox.errors import ApiError
from sealift.sandbox.rds import engines, instances
from sealift.sandbox.rds.state import Books, Cluster, books, here
from sealift.sandbox.services.acting import does
from sealift.sandbox.world import Call, World, iso

DIMENSION = "rds:cluster:ReadReplicaCount"
PRINCIPAL = "rds.application-autoscaling.amazonaws.com"
TARGET, POLICY, _TURN = "scalable-target", "scaling-policy", "scaling-turn"
_SUSPENSIONS = ("DynamicScalingInSuspended", "DynamicScalingOutSuspended", "ScheduledScalingSuspended")
_ROLE = "role/aws-service-role/" + PRINCIPAL + "/AWSServiceRoleForApplicationAutoScaling_RDSCluster"

Answer = Callable[[World, Call], dict[str, Any]]


def _of_rds(answer: Answer) -> Callable[[World, Call], dict[str, Any] | None]:
    """Leave what is not about RDS to moto."""
    return lambda world, call: answer(world, call) if call.params.get("ServiceNamespace") == "rds" else None


def register(world: World, call: Call) -> dict[str, Any]:
    """RegisterScalableTarget: makes or changes a target; readers are brought up to a minimum that is named."""
    params, book = call.params, here(world, call).book(TARGET)
    cluster = _cluster(world, call)
    name = params["ResourceId"]
    if name in book and params.get("Tags"):
        message = "The scalable target that you tried to tag already exists. "
        raise _invalid(message + "To update tags on an existing scalable target, use the TagResource API.")
    target = dict(book.get(name) or _new(world, call))
    target |= {m: params[m] for m in ("MinCapacity", "MaxCapacity") if m in params}
    target["SuspendedState"] = {**target["SuspendedState"], **params.get("SuspendedState", {})}
    if "MinCapacity" not in target or "MaxCapacity" not in target:
        raise _invalid("MinCapacity and MaxCapacity are required for a new scalable target.")
    if not 0 <= target["MinCapacity"] <= target["MaxCapacity"] <= 15:
        raise _invalid("Minimum capacity must be 0 to 15, and not above the maximum capacity.")
    book[name] = target
    if {"MinCapacity", "MaxCapacity"} & set(params) and cluster.state == "available":
        for _ in range(target["MinCapacity"] - _readers(cluster)):
            _grow(world, cluster, name, call.at)
    return {"ScalableTargetARN": target["ScalableTargetARN"]}


def _cluster(world: World, call: Call) -> Cluster:
    name, dimension = str(call.params["ResourceId"]), call.params["ScalableDimension"]
    if not name.startswith("cluster:") or dimension != DIMENSION:
        raise _invalid("Unsupported service namespace, resource type or scalable dimension")
    found = here(world, call).clusters.get(name.removeprefix("cluster:"))
    if found is None or not engines.is_aurora(found.shown["Engine"]):
        raise _invalid(f"DB cluster doesn't exist: {name}")
    return found


def _new(world: World, call: Call) -> dict[str, Any]:
    unique = f"{world.rng.getrandbits(128):032x}"
    return {
        "ServiceNamespace": "rds",
        "ResourceId": call.params["ResourceId"],
        "ScalableDimension": DIMENSION,
        "RoleARN": f"arn:aws:iam::{call.account}:{_ROLE}",
        "CreationTime": iso(call.at),
        "SuspendedState": dict.fromkeys(_SUSPENSIONS, False),
        "ScalableTargetARN": f"arn:aws:application-autoscaling:{call.region}:{call.account}:scalable-target/{unique}",
    }


def deregister(world: World, call: Call) -> dict[str, Any]:
    """DeregisterScalableTarget: its policies go with it; the readers stay."""
    room, name = here(world, call), call.params["ResourceId"]
    _known(room, call)
    del room.book(TARGET)[name]
    for key in [k for k, p in room.book(POLICY).items() if p["ResourceId"] == name]:
        del room.book(POLICY)[key]
    return {}


def _known(room: Books, call: Call) -> dict[str, Any]:
    name, dimension = call.params["ResourceId"], call.params["ScalableDimension"]
    found = room.book(TARGET).get(name)
    if found is None or dimension != DIMENSION:
        message = f"No scalable target registered for service namespace: rds, resource ID: {name}, scalable dimension: {dimension}"
        raise ApiError("SB-AAS-01", "ObjectNotFoundException", message)
    return found


def put_policy(world: World, call: Call) -> dict[str, Any]:
    """PutScalingPolicy: of a target that is there; from now on it scales."""
    room, params = here(world, call), call.params
    name = _known(room, call)["ResourceId"]
    key = f"{name}/{params['PolicyName']}"
    made = {
        "PolicyARN": f"arn:aws:autoscaling:{call.region}:{call.account}:scalingPolicy:{uuid.UUID(int=world.rng.getrandbits(128))}"
        f":resource/rds/{name}:policyName/{params['PolicyName']}",
        "PolicyType": "StepScaling",
        "CreationTime": iso(call.at),
        "Alarms": [],
        **room.book(POLICY).get(key, {}),
        **{k: v for k, v in params.items() if v is not None},
    }
    begins = not any(p["ResourceId"] == name for p in room.book(POLICY).values())
    room.book(POLICY)[key] = made
    if begins:
        turns = room.book(_TURN).setdefault(name, {"now": 0})
        turns["now"] += 1
        _now_and_then(world, room, name, call.at, turns["now"])
    return {"PolicyARN": made["PolicyARN"], "Alarms": made["Alarms"]}


def delete_policy(world: World, call: Call) -> dict[str, Any]:
    """DeleteScalingPolicy."""
    room, params = here(world, call), call.params
    key = f"{params['ResourceId']}/{params['PolicyName']}"
    if key not in room.book(POLICY):
        message = f"No scaling policy found for service namespace: rds, resource ID and policy name: {key}"
        raise ApiError("SB-AAS-01", "ObjectNotFoundException", message)
    del room.book(POLICY)[key]
    return {}


def describe_targets(world: World, call: Call) -> dict[str, Any]:
    """DescribeScalableTargets."""
    wanted = call.params.get("ResourceIds")
    found = [t for n, t in here(world, call).book(TARGET).items() if not wanted or n in wanted]
    return _page("ScalableTargets", found, call)


def describe_policies(world: World, call: Call) -> dict[str, Any]:
    """DescribeScalingPolicies."""
    params = call.params
    found = [
        p
        for p in here(world, call).book(POLICY).values()
        if params.get("ResourceId") in (None, p["ResourceId"])
        and (not params.get("PolicyNames") or p["PolicyName"] in params["PolicyNames"])
    ]
    return _page("ScalingPolicies", found, call)


def _page(member: str, found: list[dict[str, Any]], call: Call) -> dict[str, Any]:
    if call.params.get("ScalableDimension") not in (None, DIMENSION):
        found = []
    start, most = int(call.params.get("NextToken") or 0), int(call.params.get("MaxResults") or 50)
    more = {"NextToken": str(start + most)} if start + most < len(found) else {}
    return {member: found[start : start + most], **more}


def _now_and_then(world: World, room: Books, name: str, at: float, turn: int) -> None:
    """Let the policies of a target want one reader more, again and again, while there are any (SB-AAS-02)."""

    def wanted(late: float) -> None:
        target, now = room.book(TARGET).get(name), room.book(_TURN)[name]["now"]
        if target is None or turn != now or not any(p["ResourceId"] == name for p in room.book(POLICY).values()):
            return
        cluster = room.clusters.get(name.removeprefix("cluster:"))
        ready = cluster is not None and all(d.state == "available" for d in (cluster, *cluster.members))
        suspended = target["SuspendedState"].get("DynamicScalingOutSuspended")
        if ready and cluster and not suspended and _readers(cluster) < target["MaxCapacity"]:
            _grow(world, cluster, name, late)
        _now_and_then(world, room, name, late, turn)

    # at least a moment apart: on a box whose durations are nothing, time would never pass
    world.agenda.at(at + max(60.0, world.durations.reader_scaling_s), wanted)


def _readers(cluster: Cluster) -> int:
    return len([m for m in cluster.members if m is not cluster.writer and m.state != "deleting"])


def _grow(world: World, cluster: Cluster, name: str, at: float) -> None:
    """Add a reader of the writer's class, named and tagged as Application Auto Scaling does."""
    writer = cluster.writer
    params = {
        "DBInstanceIdentifier": f"application-autoscaling-{uuid.UUID(int=world.rng.getrandbits(128))}",
        "DBClusterIdentifier": cluster.id,
        "DBInstanceClass": writer.shown["DBInstanceClass"] if writer else "db.r6g.large",
        "Engine": cluster.shown["Engine"],
        "PromotionTier": 15,
        "Tags": [{"Key": "application-autoscaling:resourceId", "Value": name}],
    }
    does(
        world,
        "rds:CreateDBInstance",
        instances.create,
        params,
        account=cluster.account,
        region=cluster.region,
        at=at,
        by=PRINCIPAL,
    )


def seed(world: World, account: str, region: str, name: str, least: int, most: int) -> None:
    """Register a target with one policy, without API calls."""
    params = {"ServiceNamespace": "rds", "ResourceId": f"cluster:{name}", "ScalableDimension": DIMENSION}
    call = Call("seed", "Seed", params, account, region, world.now())
    target = {**_new(world, call), "MinCapacity": least, "MaxCapacity": most}
    books(world, account, region).book(TARGET)[params["ResourceId"]] = target
    tracking = {"PredefinedMetricSpecification": {"PredefinedMetricType": "RDSReaderAverageCPUUtilization"}}
    params |= {"PolicyName": "readers", "PolicyType": "TargetTrackingScaling"}
    call.params["TargetTrackingScalingPolicyConfiguration"] = {**tracking, "TargetValue": 60.0}
    put_policy(world, call)


def _invalid(message: str) -> ApiError:
    return ApiError("SB-AAS-01", "ValidationException", message)


OPERATIONS = {
    f"application-autoscaling:{name}": _of_rds(answer)
    for name, answer in {
        "RegisterScalableTarget": register,
        "DeregisterScalableTarget": deregister,
        "DescribeScalableTargets": describe_targets,
        "PutScalingPolicy": put_policy,
        "DescribeScalingPolicies": describe_policies,
        "DeleteScalingPolicy": delete_policy,
    }.items()
}
"""For Aurora the sandbox's own, else moto's."""
