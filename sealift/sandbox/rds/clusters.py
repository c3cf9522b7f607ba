"""Aurora and Multi-AZ DB clusters: create, delete, describe."""

from dataclasses import replace
from typing import Any

from sealift.sandbox import kms
from sealift.sandbox.rds import (
    backups,
    building,
    cluster_storage,
    engines,
    flow,
    instances,
    keys,
    lookups,
    moves,
    network,
    options,
    parameters,
    secrets,
    shapes,
    snapshots,
    tags,
)
from sealift.sandbox.rds.paging import filtered, paged
from sealift.sandbox.rds.refusals import refuse
from sealift.sandbox.rds.rendering import ZONE_IDS, certificate, endpoint
from sealift.sandbox.rds.state import Cluster, Database, Storage, Store, here
from sealift.sandbox.world import Call, World, iso


def create(world: World, call: Call) -> dict[str, Any]:
    """CreateDBCluster: a new Aurora cluster is encrypted under an AWS-owned key unless a key is named (R-RDS-02)."""
    params = call.params
    engine = params.get("Engine", "")
    storage = keys.wanted(world, call)
    if engines.is_aurora(engine) and storage.type == "none":
        storage = Storage("sse-rds")
    cluster = enter(world, call, engine, params.get("EngineVersion"), storage, Store("", gib=1))
    arrive(world, call, cluster, world.durations.cluster_create_s)
    return {"DBCluster": render(world, cluster, call.at)}


def enter(
    world: World,
    call: Call,
    engine: str,
    version: str | None,
    storage: Storage,
    store: Store,
    base: dict[str, Any] | None = None,
) -> Cluster:
    """Enter a cluster, `creating`, without members."""
    room, params = here(world, call), call.params
    name = lookups.free(room, params["DBClusterIdentifier"], of_cluster=True)
    aurora = engines.is_aurora(engine)
    engines.engine(engine)
    cluster_storage.check(engine, params)
    if not aurora and not (params.get("DBClusterInstanceClass") and engine in ("mysql", "postgres")):
        message = f"A Multi-AZ DB cluster of {engine} needs DBClusterInstanceClass."
        raise refuse("SB-AUR-03", "InvalidParameterCombination", message)
    if len(room.clusters) >= world.quotas.db_clusters:
        raise refuse("R-RDS-25", "DBClusterQuotaExceededFault", "DB Cluster quota exceeded.")
    version = engines.version(engine, version)
    subnet_group = options.subnet_group(room, params.get("DBSubnetGroupName"))
    group = params.get("DBClusterParameterGroupName")
    secret = None
    if params.get("ManageMasterUserPassword"):
        user = (base or {}).get("MasterUsername")
        secret = secrets.wanted(world, call, name, store, of_cluster=True, user=user)
    secrets.set_at_creation(call, store, params.get("MasterUsername"))
    own = building.resource_id(world, "cluster")
    store.id = own
    cluster = Cluster(
        id=name,
        resource_id=own,
        seq=world.next_seq(),
        account=call.account,
        region=call.region,
        created=call.at,
        shown={
            **shapes.cluster_defaults(engine),
            **(base or {}),
            **shapes.members(params, "cluster"),
            "Engine": engine,
            "EngineVersion": version,
        },
        store=store,
        storage=storage,
        visible=call.at + world.durations.visible_s,
        groups=network.chosen_groups(call, room, subnet_group),
        subnet_group=subnet_group,
        parameter_group=parameters.check(room, parameters.CLUSTER_GROUP, group, engine, version),
        option_group=options.default_name(engine, version),
        tags=tags.asked(call),
        roles=[{**r, "Status": "ACTIVE"} for r in params.get("AssociatedRoles", [])],
        secret=secret,
        multi_az=not aurora,
        data_api=bool(params.get("EnableHttpEndpoint")),
    )
    room.clusters[name] = cluster
    return cluster


def arrive(world: World, call: Call, cluster: Cluster, seconds: float) -> None:
    """Let a new cluster be made; a Multi-AZ DB cluster brings its three instances along."""
    if cluster.multi_az:
        for n in (1, 2, 3):
            params = {"DBInstanceIdentifier": f"{cluster.id}-instance-{n}"}
            params["DBInstanceClass"] = cluster.shown["DBClusterInstanceClass"]
            member = instances.new_member(world, replace(call, params=params), cluster)
            building.arrive(world, call, member, seconds)
    moves.then(world, call, cluster, seconds, lambda at: made(world, call, cluster, at))


def made(world: World, call: Call, cluster: Cluster, at: float) -> None:
    """End `creating`."""
    cluster.ready = at
    moves.note(world, cluster, at, "creation", "DB cluster created")
    if kms.unusable(cluster.storage.key):
        keys.lost(world, moves.room_of(world, cluster), cluster, at)
        return
    moves.become(world, cluster, "available", at)
    backups.every_day(world, call, cluster, at)


def delete(world: World, call: Call) -> dict[str, Any]:
    """DeleteDBCluster: not while it has members, except those of a Multi-AZ DB cluster, which go with it."""
    params = call.params
    cluster = lookups.cluster(world, call, params["DBClusterIdentifier"])
    if cluster.members and not cluster.multi_az:
        message = "Cluster cannot be deleted, it still contains DB instances in non-deleting state."
        if any(m.state != "deleting" for m in cluster.members):
            raise refuse("SB-AUR-04", "InvalidDBClusterStateFault", message)
    lookups.check_alone(cluster)
    instances.check_delete(cluster, params, final=True)
    if name := params.get("FinalDBSnapshotIdentifier"):
        lookups.check_state(cluster, "SB-RDS-13", "available", "stopped", doing="a final snapshot")
        name = snapshots.free(world, call, name, of_cluster=True)
        copied = cluster.tags if cluster.shown.get("CopyTagsToSnapshot") else {}
        snapshots.shoot(world, call, cluster, name, copied)
    _remove(world, call, cluster, params.get("DeleteAutomatedBackups", True))
    return {"DBCluster": render(world, cluster, call.at)}


def _remove(world: World, call: Call, cluster: Cluster, delete_backups: bool) -> None:
    room = moves.room_of(world, cluster)
    moves.cut(world, cluster)
    moves.become(world, cluster, "deleting", call.at)
    for member in list(cluster.members):
        if member.state != "deleting":
            instances.remove(world, call, member)

    def gone(at: float) -> None:
        flow.end_all(world, room, cluster.store, at)
        backups.end(world, room, cluster, at, delete_backups)
        secrets.drop(cluster)
        for member in list(cluster.members):
            room.databases.pop(member.id, None)
        endpoints = room.book("cluster-endpoint")
        for key in [k for k, v in endpoints.items() if v["DBClusterIdentifier"] == cluster.id]:
            del endpoints[key]
        room.clusters.pop(cluster.id, None)
        cluster.state = "deleted"
        moves.note(world, cluster, at, "deletion", "DB cluster deleted")
        moves.refresh(world, cluster, at)

    moves.then(world, call, cluster, world.durations.db_delete_s + 1, gone)


def describe(world: World, call: Call) -> dict[str, Any]:
    """DescribeDBClusters."""
    room = here(world, call)
    if ref := call.params.get("DBClusterIdentifier"):
        found = [lookups.cluster(world, call, ref)]
    else:
        found = sorted((c for c in room.clusters.values() if c.visible <= call.at), key=lambda c: c.seq)
    known = {
        "db-cluster-id": lambda c: c.id,
        "db-cluster-resource-id": lambda c: c.resource_id,
        "engine": lambda c: c.shown["Engine"],
        "clone-group-id": lambda c: c.resource_id,
        "domain": lambda c: [m["Domain"] for m in c.shown.get("DomainMemberships", [])],
    }
    page, more = paged(filtered(found, call, known), call)
    return {"DBClusters": [render(world, c, call.at) for c in page], **more}


def render(world: World, cluster: Cluster, now: float) -> dict[str, Any]:
    """Return a cluster as CreateDBCluster and DescribeDBClusters show it."""
    nets = network.subnets(moves.room_of(world, cluster), cluster.subnet_group)
    zones = sorted({n.availability_zone for n in nets})
    shown = {
        "AvailabilityZones": zones,
        **cluster.shown,
        "DBClusterIdentifier": cluster.id,
        "DBClusterArn": cluster.arn,
        "DbClusterResourceId": cluster.resource_id,
        "Status": cluster.state,
        "ClusterCreateTime": iso(cluster.created),
        "Endpoint": endpoint(cluster, "cluster-"),
        "ReaderEndpoint": endpoint(cluster, "cluster-ro-"),
        "HostedZoneId": ZONE_IDS,
        "MultiAZ": len({m.shown.get("AvailabilityZone") for m in cluster.members}) > 1,
        "DBSubnetGroup": cluster.subnet_group,
        "DBClusterParameterGroup": cluster.parameter_group,
        "DBClusterMembers": [_member(cluster, m) for m in cluster.members],
        "CustomEndpoints": _custom(world, cluster),
        "VpcSecurityGroups": [{"VpcSecurityGroupId": g, "Status": "active"} for g in cluster.groups],
        "DBClusterOptionGroupMemberships": [{"DBClusterOptionGroupName": cluster.option_group, "Status": "in-sync"}],
        "AssociatedRoles": cluster.roles,
        "TagList": tags.shown(cluster.tags),
        "MasterUserSecret": cluster.secret,
        "PendingModifiedValues": cluster.pending,
        "HttpEndpointEnabled": cluster.data_api,
        "ReadReplicaIdentifiers": [],
        **keys.shown(cluster.storage),
        **certificate(cluster),
        **cluster.stream,
    }
    if shown.get("StorageType") == "aurora":
        del shown["StorageType"]
    if cluster.ready:
        shown["EarliestRestorableTime"] = iso(backups.earliest(cluster, now))
        shown["LatestRestorableTime"] = iso(max(cluster.ready, now - 300))
    if cluster.restart_at:
        shown["AutomaticRestartTime"] = iso(cluster.restart_at)
    shown = world.overlaid(cluster.resource_id, world.overlaid(cluster.id, shown))
    return {k: v for k, v in shown.items() if v is not None}


def _custom(world: World, cluster: Cluster) -> list[str]:
    book = moves.room_of(world, cluster).book("cluster-endpoint").values()
    return [d["Endpoint"] for d in book if d["DBClusterIdentifier"] == cluster.id]


def _member(cluster: Cluster, db: Database) -> dict[str, Any]:
    return {
        "DBInstanceIdentifier": db.id,
        "IsClusterWriter": cluster.writer is db,
        "DBClusterParameterGroupStatus": db.parameters_status,
        "PromotionTier": db.shown.get("PromotionTier", 1),
    }


OPERATIONS = {"rds:CreateDBCluster": create, "rds:DeleteDBCluster": delete, "rds:DescribeDBClusters": describe}
