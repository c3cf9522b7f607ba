"""What is done to a cluster that is there: modify, rename, reboot, fail over, stop, start, Data API, custom endpoints."""

from typing import Any

from sealift.sandbox.rds import (
    cluster_storage,
    clusters,
    engines,
    flow,
    lookups,
    modifying,
    moves,
    network,
    parameters,
    power,
    renaming,
    secrets,
    tags,
)
from sealift.sandbox.rds.paging import filtered, paged
from sealift.sandbox.rds.refusals import identifier, refuse
from sealift.sandbox.rds.state import Books, Cluster, here
from sealift.sandbox.world import Call, World

_DEFERRED = frozenset(
    [
        "EngineVersion",
        "BackupRetentionPeriod",
        "StorageType",
        "AllocatedStorage",
        "Iops",
        "IAMDatabaseAuthenticationEnabled",
    ]
)


def modify(world: World, call: Call) -> dict[str, Any]:
    """ModifyDBCluster: groups are the cluster's, for every member; members keep their names when it is renamed."""
    params, room = call.params, here(world, call)
    cluster = lookups.cluster(world, call, params["DBClusterIdentifier"])
    lookups.check_state(cluster, "SB-RDS-20", "available")
    name = params.get("NewDBClusterIdentifier")
    new_name = renaming.wanted(world, call, cluster, name) if name else None
    for group_id in params.get("VpcSecurityGroupIds", []):
        network.check_group(room, group_id)
    cluster_storage.check_change(cluster.shown, params)
    secrets.change(world, call, cluster)
    changes = modifying.changes_of(cluster, params)
    if changes.get("EngineVersion"):
        changes["EngineVersion"] = engines.version(cluster.shown["Engine"], changes["EngineVersion"])
    _groups(world, call, cluster)
    if "EnableHttpEndpoint" in params:
        cluster.data_api = bool(params["EnableHttpEndpoint"])
        moves.refresh(world, cluster, call.at)
    if params.get("ApplyImmediately"):
        changes, cluster.pending = {**cluster.pending, **changes}, {}
    else:
        waiting = {k: v for k, v in changes.items() if k in _DEFERRED and v != cluster.shown.get(k)}
        if new_name:
            waiting["DBClusterIdentifier"] = new_name
        cluster.pending.update(waiting)
        if waiting:
            modifying.in_window(world, cluster, call.at, lambda then, late: _settle(world, then, cluster, late))
        changes = {k: v for k, v in changes.items() if k not in waiting}
        new_name = None
    _settle(world, call, cluster, changes, new_name)
    return {"DBCluster": clusters.render(world, cluster, call.at)}


def _settle(world: World, call: Call, cluster: Cluster, changes: dict[str, Any], name: str | None = None) -> None:
    pending = changes.pop("DBClusterIdentifier", None)
    _apply(world, call, cluster, changes, pending or name)


def _groups(world: World, call: Call, cluster: Cluster) -> None:
    params, room = call.params, here(world, call)
    if asked := params.get("VpcSecurityGroupIds"):
        cluster.groups = list(asked)
        modifying.carry_later(world, call, list(cluster.members))
    name = params.get("DBClusterParameterGroupName")
    if name and name != cluster.parameter_group:
        shown = cluster.shown
        parameters.check(room, parameters.CLUSTER_GROUP, name, shown["Engine"], shown["EngineVersion"])
        cluster.parameter_group = name
        for member in cluster.members:
            member.parameters_status = "pending-reboot"


def _apply(world: World, call: Call, cluster: Cluster, changes: dict[str, Any], name: str | None) -> None:
    loud = {k for k, v in changes.items() if v != cluster.shown.get(k) and k not in modifying.SILENT}
    d = world.durations

    def effect(at: float) -> None:
        cluster.shown.update({k: v for k, v in changes.items() if k != "MasterUserPassword"})
        moves.refresh(world, cluster, at)
        if name:
            renaming.begin(world, call, cluster, name, at)

    def begin(at: float) -> None:
        if loud:
            moves.through(world, call, cluster, "modifying", d.db_modify_s, effect, at)
        elif name:
            renaming.begin(world, call, cluster, name, at)

    if not loud:
        cluster.shown.update(changes)
    if loud or name:
        moves.then(world, call, cluster, d.db_modify_lag_s, begin)


def reboot(world: World, call: Call) -> dict[str, Any]:
    """RebootDBCluster: of Multi-AZ DB clusters; the members of an Aurora cluster are rebooted one by one."""
    cluster = lookups.cluster(world, call, call.params["DBClusterIdentifier"])
    if not cluster.multi_az:
        message = "RebootDBCluster is for Multi-AZ DB clusters: reboot the instances."
        raise refuse("SB-AUR-03", "InvalidDBClusterStateFault", message)
    lookups.check_state(cluster, "SB-RDS-18", "available")
    moves.through(world, call, cluster, "rebooting", world.durations.db_reboot_s)
    for member in cluster.members:
        power.restart(world, call, member)
    return {"DBCluster": clusters.render(world, cluster, call.at)}


def failover(world: World, call: Call) -> dict[str, Any]:
    """FailoverDBCluster: another member becomes the writer; all connections end."""
    cluster = lookups.cluster(world, call, call.params["DBClusterIdentifier"])
    lookups.check_state(cluster, "SB-AUR-05", "available")
    others = [m for m in cluster.members if m is not cluster.writer and m.state == "available"]
    if wanted := call.params.get("TargetDBInstanceIdentifier"):
        others = [m for m in others if m.id == lookups.name_of(wanted)]
    if not others:
        raise refuse("SB-AUR-05", "InvalidDBClusterStateFault", "There is no other instance to fail over to.")
    moves.cut(world, cluster)

    def over(at: float) -> None:
        cluster.writer = min(others, key=lambda m: (m.shown.get("PromotionTier", 1), m.seq))
        for member in cluster.members:
            power.fresh(world, member, at)
        moves.note(world, cluster, at, "failover", f"Completed failover to DB instance: {cluster.writer.id}")

    moves.through(world, call, cluster, "failing-over", world.durations.failover_s, over)
    return {"DBCluster": clusters.render(world, cluster, call.at)}


def stop(world: World, call: Call) -> dict[str, Any]:
    """StopDBCluster: it starts by itself after 7 days."""
    cluster = lookups.cluster(world, call, call.params["DBClusterIdentifier"])
    lookups.check_state(cluster, "SB-RDS-19", "available")
    lookups.check_alone(cluster)
    power.down(world, call, cluster)
    return {"DBCluster": clusters.render(world, cluster, call.at)}


def start(world: World, call: Call) -> dict[str, Any]:
    """StartDBCluster."""
    cluster = lookups.cluster(world, call, call.params["DBClusterIdentifier"])
    power.check_start(cluster)
    power.up(world, call, cluster)
    return {"DBCluster": clusters.render(world, cluster, call.at)}


def promote(world: World, call: Call) -> dict[str, Any]:
    """PromoteReadReplicaDBCluster: a cluster that replicates from another goes its own way."""
    cluster = lookups.cluster(world, call, call.params["DBClusterIdentifier"])
    lookups.check_state(cluster, "SB-AUR-11", "available")
    if not cluster.shown.get("ReplicationSourceIdentifier"):
        message = f"DB cluster {cluster.id} is not a read replica."
        raise refuse("SB-AUR-11", "InvalidDBClusterStateFault", message)
    del cluster.shown["ReplicationSourceIdentifier"]
    moves.through(world, call, cluster, "promoting", world.durations.db_modify_s)
    return {"DBCluster": clusters.render(world, cluster, call.at)}


def data_api(world: World, call: Call) -> dict[str, Any]:
    """EnableHttpEndpoint, DisableHttpEndpoint: the way in that no security group stops."""
    arn = call.params["ResourceArn"]
    cluster = here(world, call).clusters.get(lookups.name_of(arn)) if lookups.is_here(call, arn) else None
    if cluster is None or not engines.is_aurora(cluster.shown["Engine"]):
        raise refuse("SB-RDS-02", "ResourceNotFoundFault", f"{arn} not found.")
    cluster.data_api = call.operation == "EnableHttpEndpoint"
    flow.refresh(world, call.account, call.region, call.at)
    return {"ResourceArn": arn, "HttpEndpointEnabled": cluster.data_api}


def create_endpoint(world: World, call: Call) -> dict[str, Any]:
    """CreateDBClusterEndpoint: identifiers are unique in the Region, whatever cluster they belong to (SB-AUR-06)."""
    params, room = call.params, here(world, call)
    cluster = lookups.cluster(world, call, params["DBClusterIdentifier"])
    lookups.check_state(cluster, "SB-AUR-01", "available")
    name = identifier(params["DBClusterEndpointIdentifier"], "DBClusterEndpointIdentifier")
    if name in room.book("cluster-endpoint"):
        message = f"DB cluster endpoint {name} already exists."
        raise refuse("SB-AUR-06", "DBClusterEndpointAlreadyExistsFault", message)
    made = {
        "DBClusterEndpointIdentifier": name,
        "DBClusterIdentifier": cluster.id,
        "DBClusterEndpointResourceIdentifier": world.new_id("cluster-endpoint"),
        "Endpoint": f"{name}.cluster-custom-c{int(call.account) % 10**9:09d}x.{call.region}.rds.amazonaws.com",
        "Status": "creating",
        "EndpointType": "CUSTOM",
        "CustomEndpointType": params["EndpointType"],
        "StaticMembers": _members(room, params.get("StaticMembers", [])),
        "ExcludedMembers": _members(room, params.get("ExcludedMembers", [])),
        "DBClusterEndpointArn": f"arn:aws:rds:{call.region}:{call.account}:cluster-endpoint:{name}",
        "tags": tags.asked(call),
    }
    room.book("cluster-endpoint")[name] = made

    def available(at: float) -> None:
        made["Status"] = "available"
        flow.refresh(world, call.account, call.region, at)

    world.later(call, name, world.durations.db_proxy_s, available)
    return dict(made)


def _members(room: Books, names: list[str]) -> list[str]:
    for name in names:
        if name not in room.databases:
            raise refuse("SB-RDS-02", "DBInstanceNotFound", f"DBInstance {name} not found.")
    return list(names)


def _endpoint(room: Books, name: str) -> dict[str, Any]:
    found = room.book("cluster-endpoint").get(name.lower())
    if found is None:
        raise refuse("SB-RDS-02", "DBClusterEndpointNotFoundFault", f"DB cluster endpoint {name} not found.")
    return found


def modify_endpoint(world: World, call: Call) -> dict[str, Any]:
    """ModifyDBClusterEndpoint."""
    params, room = call.params, here(world, call)
    found = _endpoint(room, params["DBClusterEndpointIdentifier"])
    for member in ("StaticMembers", "ExcludedMembers"):
        if member in params:
            found[member] = _members(room, params[member])
    found["CustomEndpointType"] = params.get("EndpointType", found["CustomEndpointType"])
    return dict(found)


def delete_endpoint(world: World, call: Call) -> dict[str, Any]:
    """DeleteDBClusterEndpoint."""
    room, name = here(world, call), call.params["DBClusterEndpointIdentifier"].lower()
    found = _endpoint(room, name)
    del room.book("cluster-endpoint")[name]
    return {**found, "Status": "deleting"}


def describe_endpoints(world: World, call: Call) -> dict[str, Any]:
    """DescribeDBClusterEndpoints: the writer's, the readers', and the custom ones."""
    params, room = call.params, here(world, call)
    wanted = lookups.cluster(world, call, params["DBClusterIdentifier"]) if params.get("DBClusterIdentifier") else None
    found: list[dict[str, Any]] = []
    for cluster in [wanted] if wanted else room.clusters.values():
        shown = clusters.render(world, cluster, call.at)
        base = {"DBClusterIdentifier": cluster.id, "Status": "available"}
        found.append({**base, "Endpoint": shown["Endpoint"], "EndpointType": "WRITER"})
        found.append({**base, "Endpoint": shown["ReaderEndpoint"], "EndpointType": "READER"})
        found += [d for d in room.book("cluster-endpoint").values() if d["DBClusterIdentifier"] == cluster.id]
    if name := params.get("DBClusterEndpointIdentifier"):
        found = [f for f in found if f.get("DBClusterEndpointIdentifier") == name.lower()]
    known = {
        "db-cluster-endpoint-type": lambda f: f["EndpointType"].lower(),
        "db-cluster-endpoint-custom-type": lambda f: f.get("CustomEndpointType", "").lower(),
        "db-cluster-endpoint-id": lambda f: f.get("DBClusterEndpointIdentifier"),
        "db-cluster-endpoint-status": lambda f: f["Status"],
    }
    page, more = paged(filtered(found, call, known), call)
    return {"DBClusterEndpoints": page, **more}


OPERATIONS = {
    "rds:ModifyDBCluster": modify,
    "rds:RebootDBCluster": reboot,
    "rds:FailoverDBCluster": failover,
    "rds:StopDBCluster": stop,
    "rds:StartDBCluster": start,
    "rds:PromoteReadReplicaDBCluster": promote,
    "rds:EnableHttpEndpoint": data_api,
    "rds:DisableHttpEndpoint": data_api,
    "rds:CreateDBClusterEndpoint": create_endpoint,
    "rds:ModifyDBClusterEndpoint": modify_endpoint,
    "rds:DeleteDBClusterEndpoint": delete_endpoint,
    "rds:DescribeDBClusterEndpoints": describe_endpoints,
}
