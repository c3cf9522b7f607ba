"""Reading the facts of a cluster with its members; what is denied or unknown stays None."""

import json
from collections.abc import Iterable
from typing import Any

from sealift.errors import CallError, CredentialsLost, SealiftError
from sealift.keys import key_facts
from sealift.kind import Read
from sealift.kinds.aurora.facts import ClusterFacts, EndpointFacts, MemberFacts
from sealift.kinds.databases.facts import GroupFacts
from sealift.kinds.databases.names import asides, twice
from sealift.kinds.databases.observing import (
    alarms_of,
    backup_selections,
    deployments_of,
    enforced,
    instances,
    integrations_of,
    login_error,
    owned,
    parameter_group,
    proxies_of,
    quotas,
    subscriptions_of,
    unavailable,
    values_set,
)
from sealift.options import Options
from sealift.plain import plain
from sealift.step import Call, tags_of
from sealift.steps.reader_scaling import DIMENSION
from sealift.surroundings import maybe


async def observe_cluster(
    read: Read, account: str, region: str, target: str, options: Options, *, probe: Any = None
) -> ClusterFacts:
    """Return a DB cluster with its members, the key, and what surrounds it; `target` is its identifier.

    Raises:
        SealiftError: it is not there.
        CallError: clusters or their members could not be described.

    """
    found = await _clusters(read, target)
    if not found:
        raise SealiftError(
            f"aurora:{target} is not in {region} of account {account}",
            resource=target,
            remedy=await _other_kind(read, target),
        )
    described = found[0]
    arn = str(described["DBClusterArn"])
    selectors, by_arn = await backup_selections(read, arn)
    members = await _members(read, described)
    key = await key_facts(read, options.key)
    vpc = next((str((m.described.get("DBSubnetGroup") or {}).get("VpcId", "")) for m in members), "")
    multi_az = bool(described.get("DBClusterInstanceClass"))
    made = (described,) if multi_az else tuple(m.described for m in members)
    return cluster_facts(
        described,
        members,
        account,
        region,
        key=key,
        parameter_group=await cluster_parameter_group(read, described),
        endpoints=await _endpoints(read, target),
        scaling=await _scaling(read, target),
        proxies=await proxies_of(read, target),
        subscriptions=await subscriptions_of(read, target),
        integrations=await integrations_of(read, arn),
        deployments=await deployments_of(read, arn),
        snapshots=await _plain_snapshots(read, target),
        vaulted=await _plain_snapshots(read, target, kind="awsbackup"),
        unavailable=await unavailable(read, made, of_cluster=multi_az),
        enforced=await enforced(read, vpc),
        owned=await owned(read, described, key.arn),
        rekey=options.rekey,
        alarms=await alarms_of(read, "DBClusterIdentifier", target),
        selectors=selectors,
        selected_by_arn=by_arn,
        quotas=await quotas(read),
        fence_login_error=await login_error(read, options.fence_login),
        taken=await _taken(read, target, members),
    )


def cluster_facts(
    described: dict[str, Any], members: tuple[MemberFacts, ...], account: str, region: str, **more: Any
) -> ClusterFacts:
    """Return what describes tell of a cluster with its members, and what else was read."""
    return ClusterFacts(
        id=str(described["DBClusterIdentifier"]),
        resource_id=str(described["DbClusterResourceId"]),
        arn=str(described["DBClusterArn"]),
        account=account,
        region=region,
        state=str(described["Status"]),
        engine=str(described["Engine"]),
        engine_version=str(described.get("EngineVersion", "")),
        described=described,
        vpc=next((str((m.described.get("DBSubnetGroup") or {}).get("VpcId", "")) for m in members), ""),
        members=members,
        **more,
    )


def member_facts(described: dict[str, Any], listed: dict[str, Any], group: GroupFacts) -> MemberFacts:
    """Return a member as it is described, and as its cluster lists it."""
    return MemberFacts(
        id=str(described["DBInstanceIdentifier"]),
        resource_id=str(described["DbiResourceId"]),
        arn=str(described["DBInstanceArn"]),
        state=str(described["DBInstanceStatus"]),
        writer=bool(listed.get("IsClusterWriter")),
        described=described,
        parameter_group=group,
        applied=str(listed.get("DBClusterParameterGroupStatus", "")),
    )


def in_order(members: Iterable[MemberFacts]) -> tuple[MemberFacts, ...]:
    """Return members, the writer first."""
    return tuple(sorted(members, key=lambda m: (not m.writer, m.id)))


async def _clusters(read: Read, *names: str) -> list[dict[str, Any]]:
    filters = [{"Name": "db-cluster-id", "Values": list(names)}]
    reply = await read(Call("rds:DescribeDBClusters", {"Filters": filters}))
    return [plain(d) for d in reply["DBClusters"]]


async def _members(read: Read, described: dict[str, Any]) -> tuple[MemberFacts, ...]:
    listed = {m["DBInstanceIdentifier"]: m for m in described.get("DBClusterMembers") or ()}
    if not listed:
        return ()
    shown = await instances(read, "db-instance-id", *listed)
    return in_order([member_facts(d, listed[d["DBInstanceIdentifier"]], await parameter_group(read, d)) for d in shown])


async def cluster_parameter_group(read: Read, described: dict[str, Any]) -> GroupFacts:
    """Return the parameter group of a cluster, with what somebody has set in it."""
    name = str(described.get("DBClusterParameterGroup", ""))
    if not name:
        return GroupFacts()
    group = await maybe(read, "rds:DescribeDBClusterParameterGroups", DBClusterParameterGroupName=name)
    family = str(group["DBClusterParameterGroups"][0]["DBParameterGroupFamily"]) if group else ""
    values = await maybe(read, "rds:DescribeDBClusterParameters", DBClusterParameterGroupName=name, Source="user")
    return GroupFacts(name, family, "in-sync", values_set(values))


async def _endpoints(read: Read, target: str) -> tuple[EndpointFacts, ...] | None:
    reply = await maybe(read, "rds:DescribeDBClusterEndpoints", DBClusterIdentifier=target)
    if reply is None:
        return None
    found = []
    for e in reply.get("DBClusterEndpoints", ()):
        if e.get("EndpointType") != "CUSTOM":
            continue
        tags = await maybe(read, "rds:ListTagsForResource", ResourceName=e["DBClusterEndpointArn"])
        if tags is None:
            return None
        found.append(
            EndpointFacts(
                id=str(e["DBClusterEndpointIdentifier"]),
                resource_id=str(e["DBClusterEndpointResourceIdentifier"]),
                kind=str(e["CustomEndpointType"]),
                static=tuple(sorted(e.get("StaticMembers") or ())),
                excluded=tuple(sorted(e.get("ExcludedMembers") or ())),
                tags=tuple(tags_of(tags).items()),
            )
        )
    return tuple(sorted(found, key=lambda e: e.id))


async def _scaling(read: Read, target: str) -> str | None:
    about = {"ServiceNamespace": "rds", "ResourceIds": [f"cluster:{target}"], "ScalableDimension": DIMENSION}
    reply = await maybe(read, "application-autoscaling:DescribeScalableTargets", **about)
    if reply is None:
        return None
    found = reply.get("ScalableTargets", ())
    return json.dumps(found[0].get("SuspendedState") or {}, sort_keys=True, separators=(",", ":")) if found else ""


async def _plain_snapshots(read: Read, target: str, *, kind: str = "manual") -> tuple[str, ...] | None:
    filters = [{"Name": "db-cluster-id", "Values": [target]}, {"Name": "snapshot-type", "Values": [kind]}]
    reply = await maybe(read, "rds:DescribeDBClusterSnapshots", Filters=filters)
    if reply is None:
        return None
    shown = reply.get("DBClusterSnapshots", ())
    kept = [s for s in shown if not s.get("StorageEncrypted") and "sealift:migration" not in tags_of(s)]
    return tuple(sorted(s["DBClusterSnapshotIdentifier"] for s in kept))


async def _taken(read: Read, target: str, members: tuple[MemberFacts, ...]) -> tuple[str, ...] | None:
    """Return which of the names that the source, its members and what replaces them are given on the way are in use, or would
    be given twice (R-RDS-27).
    """
    wanted = asides(m.id for m in members)
    try:
        shown = [str(c["DBClusterIdentifier"]) for c in await _clusters(read, *asides([target]))]
        if wanted:
            shown += [str(d["DBInstanceIdentifier"]) for d in await instances(read, "db-instance-id", *wanted)]
    except CredentialsLost:
        raise
    except CallError:
        return None
    return (*shown, *twice(wanted))


async def _other_kind(read: Read, target: str) -> str:
    """Say what to give instead of a cluster that is not there: the instance of that name, or the cluster that it is in."""
    like = {"Filters": [{"Name": "db-instance-id", "Values": [target]}]}
    for instance in ((await maybe(read, "rds:DescribeDBInstances", **like)) or {}).get("DBInstances", ()):
        if cluster := instance.get("DBClusterIdentifier"):
            return f"It is an instance of a cluster: give aurora:{cluster}."
        return f"It is an instance: give rds:{target}."
    return "Check the name, the Region and the account."
