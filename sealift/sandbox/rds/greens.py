"""Making the green environment: a copy of the blue one, under the keys asked for, that follows it."""

from dataclasses import replace
from typing import Any

from sealift.sandbox.rds import building, clusters, instances, replicas
from sealift.sandbox.rds.state import AnyDb, Cluster, Database, Pair, Storage, Store, here
from sealift.sandbox.state import Hydration
from sealift.sandbox.world import Call, World

_NOT_CARRIED = ("AvailabilityZone", "Port")


def make(world: World, call: Call, blue: AnyDb, keyed: dict[str, str]) -> list[Pair]:
    """Make what the green environment consists of: one pair for each member of the blue one, its head first."""
    suffix = "-green-" + "".join(world.rng.choice("abcdefghijklmnopqrstuvwxyz0123456789") for _ in range(6))
    if isinstance(blue, Cluster):
        return _cluster(world, call, blue, suffix, _storage(blue, keyed))
    room = here(world, call)
    mine = [r for r in room.databases.values() if r.source is blue]
    head = _instance(world, call, blue, blue, suffix, keyed)
    pairs = [Pair(blue, head)]
    return pairs + [Pair(r, _instance(world, call, r, head, suffix, keyed)) for r in mine]


def _storage(blue: AnyDb, keyed: dict[str, str]) -> Storage:
    """Return the encryption of a green member: its own entry's key, or what its blue one has (SB-BG-05)."""
    return Storage("sse-kms", keyed[blue.arn]) if blue.arn in keyed else blue.storage


def _params(call: Call, blue: Database) -> dict[str, Any]:
    sent = call.params
    params: dict[str, Any] = {
        "DBInstanceClass": sent.get("TargetDBInstanceClass", blue.shown["DBInstanceClass"]),
        "DBParameterGroupName": sent.get("TargetDBParameterGroupName", blue.parameter_group),
        "VpcSecurityGroupIds": list(blue.groups),
        "OptionGroupName": blue.option_group,
        "DBSubnetGroupName": blue.subnet_group,
    }
    pairs = {
        "AllocatedStorage": "TargetAllocatedStorage",
        "Iops": "TargetIops",
        "StorageType": "TargetStorageType",
        "StorageThroughput": "TargetStorageThroughput",
    }
    params |= {k: sent[v] for k, v in pairs.items() if v in sent}
    return params


def _instance(
    world: World, call: Call, blue: Database, source: Database, suffix: str, keyed: dict[str, str]
) -> Database:
    name = blue.id[: 63 - len(suffix)] + suffix
    version = call.params.get("TargetEngineVersion", blue.shown["EngineVersion"])
    base = {k: v for k, v in blue.shown.items() if k not in _NOT_CARRIED} | {"EngineVersion": version}
    base["DeletionProtection"] = False
    start = replace(call, params=_params(call, blue))
    green = replicas.follow(world, start, source, name, _storage(blue, keyed), base)
    green.tags = dict(blue.tags)  # roles are not copied (SB-BG-31)
    green.store.follows, green.store.green = source.store, source is blue
    seconds = world.durations.green_provision_s * 0.6
    load = green.store.gib * 1024 / world.durations.db_restore_mib_per_s
    green.hydration = Hydration("default", call.at + seconds, call.at + seconds + load)
    building.arrive(world, start, green, seconds)
    return green


def _cluster(world: World, call: Call, blue: Cluster, suffix: str, storage: Storage) -> list[Pair]:
    old, d, sent = blue.store, world.durations, call.params
    params: dict[str, Any] = {
        "DBClusterIdentifier": blue.id[: 63 - len(suffix)] + suffix,
        "DBClusterParameterGroupName": sent.get("TargetDBClusterParameterGroupName", blue.parameter_group),
        "VpcSecurityGroupIds": list(blue.groups),
        "DBSubnetGroupName": blue.subnet_group,
    }
    start = replace(call, params=params)
    store = Store(
        "", old.gib, old.job, old.inbound, kept=set(old.kept), follows=old, lag=d.db_replica_lag_s, green=True
    )
    version = sent.get("TargetEngineVersion", blue.shown["EngineVersion"])
    base = {**blue.shown, "DeletionProtection": False}
    base.pop("BacktrackWindow", None)  # R-RDS-41: backtrack is lost
    green = clusters.enter(world, start, blue.shown["Engine"], version, storage, store, base)
    green.tags, green.data_api = dict(blue.tags), False  # roles are not copied (SB-BG-31)
    clusters.arrive(world, start, green, d.green_provision_s * 0.4)
    pairs = [Pair(blue, green)]
    ordered = sorted(blue.members, key=lambda m: m is not blue.writer)
    pairs += [Pair(member, _member(world, call, member, green, suffix)) for member in ordered]
    _endpoints(world, call, blue, green, suffix)
    return pairs


def _member(world: World, call: Call, blue: Database, green: Cluster, suffix: str) -> Database:
    params = {
        "DBInstanceIdentifier": blue.id[: 63 - len(suffix)] + suffix,
        "DBInstanceClass": call.params.get("TargetDBInstanceClass", blue.shown["DBInstanceClass"]),
        "DBParameterGroupName": call.params.get("TargetDBParameterGroupName", blue.parameter_group),
        "PromotionTier": blue.shown.get("PromotionTier", 1),
    }
    start = replace(call, params=params)
    made = instances.new_member(world, start, green)
    made.shown = {**{k: v for k, v in blue.shown.items() if k not in _NOT_CARRIED}, **made.shown}
    made.tags = dict(blue.tags)
    building.arrive(world, start, made, world.durations.green_provision_s * 0.6)
    return made


def _endpoints(world: World, call: Call, blue: Cluster, green: Cluster, suffix: str) -> None:
    book = here(world, call).book("cluster-endpoint")
    for old in [d for d in book.values() if d["DBClusterIdentifier"] == blue.id]:
        name = old["DBClusterEndpointIdentifier"] + suffix
        book[name] = {
            **old,
            "DBClusterEndpointIdentifier": name,
            "DBClusterIdentifier": green.id,
            "StaticMembers": [m + suffix for m in old["StaticMembers"]],
            "ExcludedMembers": [m + suffix for m in old["ExcludedMembers"]],
            "tags": dict(old["tags"]),
        }
