"""Blue/Green deployments: create, describe, delete."""

from typing import Any

from sealift.sandbox import kms
from sealift.sandbox.rds import blue_rules, flow, greens, instances, keys, lookups, moves, tags
from sealift.sandbox.rds.paging import filtered, paged
from sealift.sandbox.rds.refusals import refuse
from sealift.sandbox.rds.state import AnyDb, Books, Database, Deployment, Pair, here
from sealift.sandbox.world import Call, World, iso

TASKS = (
    "CREATING_READ_REPLICA_OF_SOURCE",
    "DB_ENGINE_VERSION_UPGRADE",
    "CONFIGURE_BACKUPS",
    "CREATING_TOPOLOGY_OF_SOURCE",
)


def create(world: World, call: Call) -> dict[str, Any]:
    """CreateBlueGreenDeployment: TargetKmsKeyId by instance, replica or cluster; a bad key shows later (R-RDS-44)."""
    params, room = call.params, here(world, call)
    name = params["BlueGreenDeploymentName"]
    if any(d.name == name for d in room.deployments.values()):
        message = f"The blue/green deployment {name} already exists."
        raise refuse("SB-BG-01", "BlueGreenDeploymentAlreadyExistsFault", message)
    blue = lookups.by_arn(world, call, params["Source"])
    blue_rules.check(world, call, blue)
    wanted = _wanted_keys(room, call, blue)
    version = params.get("TargetEngineVersion")
    deployment = Deployment(
        id=world.new_id("bgd").replace("bgd-0", "bgd-"),
        seq=world.next_seq(),
        name=name,
        account=call.account,
        region=call.region,
        created=call.at,
        pairs=[],
        tasks={t: "PENDING" for t in TASKS if version or t != "DB_ENGINE_VERSION_UPGRADE"},
        tags=tags.asked(call),
        visible=call.at + world.durations.visible_s,
    )
    room.deployments[deployment.id] = deployment
    if any(kms.fact(call.account, call.region, k).why for k in wanted.values() if k != keys.ALIAS):
        deployment.pairs = [Pair(blue, blue, "INVALID_CONFIGURATION")]
        world.later(call, deployment.id, world.durations.key_check_s, lambda at: _invalid(deployment))
        return {"BlueGreenDeployment": render(deployment)}
    keyed = {arn: keys.usable(world, call, ref) for arn, ref in wanted.items()}
    deployment.pairs = greens.make(world, call, blue, keyed)
    for pair in deployment.pairs:
        pair.blue.blocked_by = pair.green.blocked_by = deployment.id
    _provision(world, call, deployment)
    return {"BlueGreenDeployment": render(deployment)}


def _wanted_keys(room: Books, call: Call, blue: AnyDb) -> dict[str, str]:
    listed = call.params.get("TargetResourceConfigurations") or []
    arns = [c["SourceArn"] for c in listed]
    if len(listed) > 20 or len(set(arns)) < len(arns):
        message = "TargetResourceConfigurations holds 20 entries at most, and each SourceArn once."
        raise refuse("SB-BG-02", "InvalidParameterValue", message)
    known = {blue.arn}
    if isinstance(blue, Database):
        known |= {r.arn for r in room.databases.values() if r.source is blue}
    if strange := [a for a in arns if a not in known]:
        message = f"{strange[0]} is not a resource of the blue environment that takes a key of its own."
        raise refuse("SB-BG-02", "InvalidParameterValue", message)
    return {c["SourceArn"]: c["TargetKmsKeyId"] for c in listed if c.get("TargetKmsKeyId")}


def _invalid(deployment: Deployment) -> None:
    deployment.status = "INVALID_CONFIGURATION"
    deployment.details = "The KMS key of the green environment is not accessible."


def _provision(world: World, call: Call, deployment: Deployment) -> None:
    seconds = world.takes(call, deployment.id, world.durations.green_provision_s)
    names = list(deployment.tasks)

    def step(n: int) -> None:
        if deployment.status != "PROVISIONING":
            return
        for i, task in enumerate(names):
            deployment.tasks[task] = "COMPLETED" if i < n else "IN_PROGRESS" if i == n else "PENDING"
        if n == len(names):
            _provisioned(deployment)

    step(0)
    for n in range(1, len(names) + 1):
        world.agenda.at(call.at + seconds * n / len(names), lambda at, n=n: step(n))  # type: ignore[misc]  # bound early


def _provisioned(deployment: Deployment) -> None:
    bad = [p for p in deployment.pairs if p.green.state.startswith("inaccessible")]
    if bad:
        _invalid(deployment)
        return
    deployment.status = "AVAILABLE"
    for pair in deployment.pairs:
        pair.status = "AVAILABLE"


def find(world: World, call: Call) -> Deployment:
    """Find a deployment, or refuse."""
    name = call.params["BlueGreenDeploymentIdentifier"]
    found = here(world, call).deployments.get(name)
    if found is None or found.visible > call.at:
        raise refuse("SB-RDS-02", "BlueGreenDeploymentNotFoundFault", f"BlueGreenDeployment {name} not found.")
    return found


def delete(world: World, call: Call) -> dict[str, Any]:
    """DeleteBlueGreenDeployment: the record, and with DeleteTarget the green side; not that after a switchover."""
    found, target = find(world, call), bool(call.params.get("DeleteTarget"))
    if found.status in ("SWITCHOVER_IN_PROGRESS", "DELETING"):
        raise refuse("SB-BG-03", "InvalidBlueGreenDeploymentStateFault", f"The deployment is {found.status}.")
    if target and found.status == "SWITCHOVER_COMPLETED":
        message = "DeleteTarget cannot be specified after a completed switchover."
        raise refuse("SB-BG-03", "InvalidBlueGreenDeploymentStateFault", message)
    switched, found.status = found.status == "SWITCHOVER_COMPLETED", "DELETING"
    for pair in found.pairs:
        pair.blue.blocked_by = pair.green.blocked_by = ""
        if pair.green is pair.blue or switched:
            continue
        if target:
            _drop(world, call, pair.green)
        else:
            flow.detach(pair.green.store, call.at)
            if isinstance(pair.green, Database) and pair.green.source is pair.blue:
                pair.green.source = None
    seconds = world.durations.db_delete_s if target else world.durations.db_modify_s
    room = here(world, call)
    world.later(call, found.id, seconds + 2, lambda at: _gone(room, found.id))
    moves.refresh(world, found.pairs[0].blue, call.at)
    return {"BlueGreenDeployment": render(found)}


def _gone(room: Books, deployment_id: str) -> None:
    room.deployments.pop(deployment_id, None)


def _drop(world: World, call: Call, green: AnyDb) -> None:
    room = here(world, call)
    if isinstance(green, Database):
        instances.remove(world, call, green)
        return
    for member in list(green.members):
        instances.remove(world, call, member)
    moves.become(world, green, "deleting", call.at)

    def gone(at: float) -> None:
        room.clusters.pop(green.id, None)
        green.state = "deleted"
        book = room.book("cluster-endpoint")
        for key in [k for k, v in book.items() if v["DBClusterIdentifier"] == green.id]:
            del book[key]

    moves.then(world, call, green, world.durations.db_delete_s + 1, gone)


def describe(world: World, call: Call) -> dict[str, Any]:
    """DescribeBlueGreenDeployments."""
    room = here(world, call)
    found = [find(world, call)] if call.params.get("BlueGreenDeploymentIdentifier") else list(room.deployments.values())
    known = {
        "blue-green-deployment-identifier": lambda d: d.id,
        "blue-green-deployment-name": lambda d: d.name,
        "source": lambda d: render(d)["Source"],
        "target": lambda d: render(d).get("Target"),
    }
    shown = sorted((d for d in found if d.visible <= call.at), key=lambda d: d.seq)
    page, more = paged(filtered(shown, call, known), call)
    return {"BlueGreenDeployments": [render(d) for d in page], **more}


def render(deployment: Deployment) -> dict[str, Any]:
    """Return a deployment as creates and describes show it."""
    first = deployment.pairs[0]
    shown = {
        "BlueGreenDeploymentIdentifier": deployment.id,
        "BlueGreenDeploymentName": deployment.name,
        "Source": first.blue.arn,
        "Target": first.green.arn if first.green is not first.blue else None,
        "SwitchoverDetails": [_detail(p) for p in deployment.pairs if p.green is not p.blue],
        "Tasks": [{"Name": n, "Status": s} for n, s in deployment.tasks.items()],
        "Status": deployment.status,
        "StatusDetails": deployment.details,
        "CreateTime": iso(deployment.created),
        "TagList": tags.shown(deployment.tags),
    }
    return {k: v for k, v in shown.items() if v is not None}


def _detail(pair: Pair) -> dict[str, Any]:
    return {"SourceMember": pair.blue.arn, "TargetMember": pair.green.arn, "Status": pair.status}


OPERATIONS = {
    "rds:CreateBlueGreenDeployment": create,
    "rds:DeleteBlueGreenDeployment": delete,
    "rds:DescribeBlueGreenDeployments": describe,
}
