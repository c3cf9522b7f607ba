"""Aurora global clusters, as far as one Region goes: made from a cluster that is there, which says so until it leaves."""

from typing import Any

from sealift.sandbox.rds import clusters, engines, lookups, moves, tags
from sealift.sandbox.rds.paging import paged
from sealift.sandbox.rds.refusals import identifier, refuse
from sealift.sandbox.rds.state import Books, Cluster, everywhere, here
from sealift.sandbox.world import Call, World

KIND = "global-cluster"
_FROM_SOURCE = ("Engine", "EngineVersion", "DatabaseName", "StorageEncrypted")


def create(world: World, call: Call) -> dict[str, Any]:
    """CreateGlobalCluster: empty, or from an Aurora cluster, which becomes its primary."""
    params, room = call.params, here(world, call)
    name = identifier(params["GlobalClusterIdentifier"], "GlobalClusterIdentifier")
    if any(name in r.book(KIND) for r in _rooms(world, call)):
        raise refuse("SB-AUR-10", "GlobalClusterAlreadyExistsFault", f"Global cluster {name} already exists")
    source = _source(world, call)
    shown = source.shown if source else params
    made: dict[str, Any] = {
        "GlobalClusterIdentifier": name,
        "GlobalClusterResourceId": f"cluster-{world.rng.getrandbits(64):016x}",
        "GlobalClusterArn": f"arn:aws:rds::{call.account}:global-cluster:{name}",
        "Status": "available",
        **{k: shown[k] for k in ("Engine", "EngineVersion", "DatabaseName") if k in shown},
        "StorageEncrypted": bool(params.get("StorageEncrypted")),
        "DeletionProtection": params.get("DeletionProtection", False),
        "tags": tags.asked(call),
    }
    if source:
        rendered = clusters.render(world, source, call.at)
        made |= {k: rendered[k] for k in ("StorageEncrypted", "StorageEncryptionType")}
        source.shown["GlobalClusterIdentifier"] = name
    room.book(KIND)[name] = made
    return {"GlobalCluster": _render(world, call, made)}


def _rooms(world: World, call: Call) -> list[Books]:
    return [room for room in everywhere(world) if room.account == call.account]


def _source(world: World, call: Call) -> Cluster | None:
    params = call.params
    if not params.get("SourceDBClusterIdentifier"):
        if not params.get("Engine"):
            raise refuse("SB-AUR-10", "InvalidParameterValue", "Engine or SourceDBClusterIdentifier is required.")
        return None
    if given := [m for m in _FROM_SOURCE if m in params]:
        message = f"{given[0]} can't be specified with SourceDBClusterIdentifier."
        raise refuse("SB-AUR-10", "InvalidParameterCombination", message)
    source = lookups.cluster(world, call, params["SourceDBClusterIdentifier"])
    lookups.check_state(source, "SB-AUR-10", "available")
    if not engines.is_aurora(source.shown["Engine"]) or source.shown.get("GlobalClusterIdentifier"):
        message = f"DB cluster {source.id} is not Aurora's, or is in a global cluster already."
        raise refuse("SB-AUR-10", "InvalidDBClusterStateFault", message)
    return source


def _find(world: World, call: Call) -> tuple[Books, dict[str, Any]]:
    name = call.params["GlobalClusterIdentifier"].lower()
    for room in _rooms(world, call):
        if name in room.book(KIND):
            return room, room.book(KIND)[name]
    raise refuse("SB-AUR-10", "GlobalClusterNotFoundFault", f"Global cluster {name} not found")


def _members(world: World, call: Call, name: str) -> list[Cluster]:
    held = [c for room in _rooms(world, call) for c in room.clusters.values()]
    return [c for c in held if c.shown.get("GlobalClusterIdentifier") == name]


def _render(world: World, call: Call, made: dict[str, Any]) -> dict[str, Any]:
    members = _members(world, call, made.get("GlobalClusterIdentifier", ""))
    listed = [{"DBClusterArn": c.arn, "Readers": [], "IsWriter": n == 0} for n, c in enumerate(members)]
    return {"GlobalClusterMembers": listed, "TagList": tags.shown(made.get("tags", {})), **made}


def remove(world: World, call: Call) -> dict[str, Any]:
    """RemoveFromGlobalCluster: the cluster, by ARN, is `promoting` for a while, then on its own."""
    _, found = _find(world, call)
    cluster = lookups.cluster(world, call, call.params["DbClusterIdentifier"])
    if cluster.shown.get("GlobalClusterIdentifier") != found["GlobalClusterIdentifier"]:
        message = f"DB cluster {cluster.id} is not a member of the global cluster {found['GlobalClusterIdentifier']}."
        raise refuse("SB-AUR-10", "DBClusterNotFoundFault", message)
    lookups.check_state(cluster, "SB-AUR-10", "available")
    del cluster.shown["GlobalClusterIdentifier"]
    moves.through(world, call, cluster, "promoting", world.durations.db_modify_s)
    return {"GlobalCluster": _render(world, call, found)}


def delete(world: World, call: Call) -> dict[str, Any]:
    """DeleteGlobalCluster: once it is empty and not protected."""
    room, found = _find(world, call)
    name = found["GlobalClusterIdentifier"]
    if found.get("DeletionProtection"):
        raise refuse("R-RDS-30", "InvalidParameterCombination", f"Cannot delete protected Global Cluster {name}.")
    if _members(world, call, name):
        raise refuse("SB-AUR-10", "InvalidGlobalClusterStateFault", f"Global Cluster {name} is not empty")
    del room.book(KIND)[name]
    return {"GlobalCluster": {**_render(world, call, found), "Status": "deleting"}}


def describe(world: World, call: Call) -> dict[str, Any]:
    """DescribeGlobalClusters: those of the account, from whichever Region; or what a test has put there."""
    if call.params.get("GlobalClusterIdentifier"):
        held = [_find(world, call)[1]]
    else:
        held = [one for room in _rooms(world, call) for one in room.book(KIND).values()]
    page, more = paged([_render(world, call, one) for one in held], call)
    return {"GlobalClusters": page, **more}


OPERATIONS = {
    "rds:CreateGlobalCluster": create,
    "rds:RemoveFromGlobalCluster": remove,
    "rds:DeleteGlobalCluster": delete,
    "rds:DescribeGlobalClusters": describe,
}
