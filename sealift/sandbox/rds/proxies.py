"""RDS Proxy: targets are named by instance or cluster identifier, whatever bears it at the moment (R-RDS-18)."""

from typing import Any

from sealift.sandbox.rds import flow, lookups, network, tags
from sealift.sandbox.rds.paging import filtered, paged
from sealift.sandbox.rds.refusals import refuse
from sealift.sandbox.rds.rendering import endpoint
from sealift.sandbox.rds.state import AnyDb, Books, Cluster, here
from sealift.sandbox.world import Call, World, iso

ADDRESS = "172.31.150.5"
"""Where a proxy's connections come from."""


def create(world: World, call: Call) -> dict[str, Any]:
    """CreateDBProxy."""
    params, room = call.params, here(world, call)
    name = params["DBProxyName"]
    if name in room.book("proxy"):
        raise refuse("SB-RDS-25", "DBProxyAlreadyExistsFault", f"DB Proxy {name} already exists")
    made: dict[str, Any] = {
        **{k: params[k] for k in ("DBProxyName", "EngineFamily", "Auth", "RoleArn", "VpcSubnetIds") if k in params},
        "DBProxyArn": f"arn:aws:rds:{call.region}:{call.account}:db-proxy:{world.new_id('prx')}",
        "Status": "creating",
        "VpcId": network.vpc_of(room, "default"),
        "VpcSecurityGroupIds": list(params.get("VpcSecurityGroupIds", [])),
        "RequireTLS": params.get("RequireTLS", False),
        "IdleClientTimeout": params.get("IdleClientTimeout", 1800),
        "DebugLogging": params.get("DebugLogging", False),
        "Endpoint": f"{name}.proxy-c{int(call.account) % 10**9:09d}x.{call.region}.rds.amazonaws.com",
        "CreatedDate": iso(call.at),
        "UpdatedDate": iso(call.at),
        "targets": [],
        "pool": {},
        "tags": tags.asked(call),
    }
    room.book("proxy")[name] = made
    world.later(call, name, world.durations.db_proxy_s, lambda at: made.update(Status="available"))
    return {"DBProxy": made}


def _proxy(world: World, call: Call) -> dict[str, Any]:
    name = call.params["DBProxyName"]
    found = here(world, call).book("proxy").get(name)
    if found is None:
        raise refuse("SB-RDS-25", "DBProxyNotFoundFault", f"DB Proxy {name} not found")
    return found


def describe(world: World, call: Call) -> dict[str, Any]:
    """DescribeDBProxies."""
    book = here(world, call).book("proxy")
    found = [_proxy(world, call)] if call.params.get("DBProxyName") else list(book.values())
    page, more = paged(filtered(found, call, {}), call)
    return {"DBProxies": page, **more}


def delete(world: World, call: Call) -> dict[str, Any]:
    """DeleteDBProxy."""
    found = _proxy(world, call)
    del here(world, call).book("proxy")[call.params["DBProxyName"]]
    flow.refresh(world, call.account, call.region, call.at)
    return {"DBProxy": {**found, "Status": "deleting"}}


def register(world: World, call: Call) -> dict[str, Any]:
    """RegisterDBProxyTargets: what bears the identifier now must exist; it may not be registered already."""
    found, params, room = _proxy(world, call), call.params, here(world, call)
    if found["Status"] != "available":
        raise refuse("SB-RDS-25", "InvalidDBProxyStateFault", f"DB Proxy is {found['Status']}.")
    wanted = [("RDS_INSTANCE", lookups.database(world, call, i).id) for i in params.get("DBInstanceIdentifiers", [])]
    wanted += [("TRACKED_CLUSTER", lookups.cluster(world, call, i).id) for i in params.get("DBClusterIdentifiers", [])]
    known = [(t["Type"], t["RdsResourceId"]) for t in found["targets"]]
    for kind, name in wanted:
        if (kind, name) in known:
            raise refuse("SB-RDS-25", "DBProxyTargetAlreadyRegisteredFault", f"{name} is already registered.")
        if _in_blue_green(room, name):
            message = "A target is registered before the Blue/Green deployment is made, not after."
            raise refuse("R-RDS-18", "InvalidDBInstanceState", message)
    routed = world.later(
        call,
        found["DBProxyName"],
        world.durations.db_proxy_s,
        lambda at: flow.refresh(world, call.account, call.region, at),
    )
    made = [{"Type": k, "RdsResourceId": n, "routes": routed} for k, n in wanted]
    found["targets"] += made
    return {"DBProxyTargets": [_target(world, room, call, t) for t in made]}


def follow(room: Books, name: str, green: AnyDb) -> None:
    """Bind the targets of this name to what a switchover has put under it: they are its alone from then on (SB-BG-32)."""
    kind = "TRACKED_CLUSTER" if isinstance(green, Cluster) else "RDS_INSTANCE"
    for proxy in room.book("proxy").values():
        for target in proxy["targets"]:
            if (target["Type"], target["RdsResourceId"]) == (kind, name):
                target["bound"] = green.resource_id


def _in_blue_green(room: Books, name: str) -> bool:
    thing = room.databases.get(name) or room.clusters.get(name)
    return bool(thing and thing.blocked_by)


def deregister(world: World, call: Call) -> dict[str, Any]:
    """DeregisterDBProxyTargets: by the identifier that was registered."""
    found, params = _proxy(world, call), call.params
    for name in (*params.get("DBInstanceIdentifiers", []), *params.get("DBClusterIdentifiers", [])):
        mine = [t for t in found["targets"] if t["RdsResourceId"] == name]
        if not mine:
            raise refuse("SB-RDS-25", "DBProxyTargetNotFoundFault", f"{name} is not registered.")
        found["targets"].remove(mine[0])
    flow.refresh(world, call.account, call.region, call.at)
    return {}


def targets(world: World, call: Call) -> dict[str, Any]:
    """DescribeDBProxyTargets: instances with their health, a tracked cluster without, beside those of its instances."""
    found, room = _proxy(world, call), here(world, call)
    shown = [_target(world, room, call, t) for t in found["targets"]]
    for cluster in [t for t in found["targets"] if t["Type"] == "TRACKED_CLUSTER"]:
        head = room.clusters.get(cluster["RdsResourceId"])
        lost = head is None or cluster.get("bound", head.resource_id) != head.resource_id
        for member in head.members if head and not lost else []:
            one = {"Type": "RDS_INSTANCE", "RdsResourceId": member.id, "routes": cluster["routes"]}
            shown.append({**_target(world, room, call, one), "TrackedClusterId": cluster["RdsResourceId"]})
    page, more = paged(shown, call)
    return {"Targets": page, **more}


def _target(world: World, room: Books, call: Call, target: dict[str, Any]) -> dict[str, Any]:
    kind, name = target["Type"], target["RdsResourceId"]
    if kind == "TRACKED_CLUSTER":
        cluster = room.clusters.get(name)
        return {"Type": kind, "RdsResourceId": name, "Port": 0, **({"Endpoint": endpoint(cluster)} if cluster else {})}
    db = room.databases.get(name)
    health: dict[str, str] = {"State": "AVAILABLE"}
    lost = db is not None and target.get("bound", db.resource_id) != db.resource_id
    if db is None or lost or not flow.is_up(db) or not network.admits_address(db, ADDRESS):
        health = {"State": "UNAVAILABLE", "Reason": "UNREACHABLE"}
    elif call.at < target["routes"]:
        health = {"State": "REGISTERING"}
    shown: dict[str, Any] = {"Type": kind, "RdsResourceId": name, "TargetHealth": health}
    if db:
        reads = db.cluster is not None and db.cluster.writer is not db
        role = "READ_ONLY" if reads else "READ_WRITE"
        shown |= {"Endpoint": endpoint(db), "Port": (db.cluster or db).shown["Port"], "Role": role}
    return shown


def groups(world: World, call: Call) -> dict[str, Any]:
    """DescribeDBProxyTargetGroups: one, `default`."""
    return {"TargetGroups": [_group(_proxy(world, call))]}


def _group(found: dict[str, Any]) -> dict[str, Any]:
    return {
        "DBProxyName": found["DBProxyName"],
        "TargetGroupName": "default",
        "TargetGroupArn": found["DBProxyArn"].replace(":db-proxy:", ":target-group:"),
        "IsDefault": True,
        "Status": "available",
        "ConnectionPoolConfig": {"MaxConnectionsPercent": 100, "MaxIdleConnectionsPercent": 50, **found["pool"]},
        "CreatedDate": found["CreatedDate"],
        "UpdatedDate": found["UpdatedDate"],
    }


def modify_group(world: World, call: Call) -> dict[str, Any]:
    """ModifyDBProxyTargetGroup: how connections are pooled; the one group there is keeps its name."""
    found, params = _proxy(world, call), call.params
    if params["TargetGroupName"] != "default":
        message = f"DB Proxy target group {params['TargetGroupName']} not found"
        raise refuse("SB-RDS-25", "DBProxyTargetGroupNotFoundFault", message)
    if found["Status"] != "available":
        raise refuse("SB-RDS-25", "InvalidDBProxyStateFault", f"DB Proxy is {found['Status']}.")
    if params.get("NewName"):
        raise refuse("SB-RDS-25", "InvalidParameterValue", "The default target group cannot be renamed.")
    found["pool"] |= {k: v for k, v in params.get("ConnectionPoolConfig", {}).items() if v is not None}
    found["UpdatedDate"] = iso(call.at)
    return {"DBProxyTargetGroup": _group(found)}


def endpoints(world: World, call: Call) -> dict[str, Any]:
    """DescribeDBProxyEndpoints: none beside the proxies' own."""
    return {"DBProxyEndpoints": []}


OPERATIONS = {
    "rds:CreateDBProxy": create,
    "rds:DescribeDBProxies": describe,
    "rds:DeleteDBProxy": delete,
    "rds:RegisterDBProxyTargets": register,
    "rds:DeregisterDBProxyTargets": deregister,
    "rds:DescribeDBProxyTargets": targets,
    "rds:DescribeDBProxyTargetGroups": groups,
    "rds:ModifyDBProxyTargetGroup": modify_group,
    "rds:DescribeDBProxyEndpoints": endpoints,
}
