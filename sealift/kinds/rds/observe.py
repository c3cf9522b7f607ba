"""Reading the facts of an instance with its replicas; what is denied or unknown stays None."""

from collections.abc import Sequence
from typing import Any

from sealift.errors import CallError, CredentialsLost, SealiftError
from sealift.keys import key_facts
from sealift.kind import Read
from sealift.kinds.databases.facts import GroupFacts
from sealift.kinds.databases.names import asides, twice
from sealift.kinds.databases.observing import (
    alarms_of,
    backup_selections,
    deployments_of,
    enforced,
    inherited,
    instances,
    integrations_of,
    login_error,
    options_of,
    owned,
    parameter_group,
    proxies_of,
    quotas,
    subscriptions_of,
    unavailable,
)
from sealift.kinds.rds.facts import InstanceFacts, ReplicaFacts
from sealift.options import Options
from sealift.step import Call, tags_of
from sealift.surroundings import maybe


async def observe_instance(
    read: Read, account: str, region: str, target: str, options: Options, *, probe: Any = None
) -> InstanceFacts:
    """Return a DB instance with its read replicas, the key, and what surrounds it; `target` is its identifier.

    Raises:
        SealiftError: it is not there.
        CallError: instances could not be described.

    """
    found = await instances(read, "db-instance-id", target)
    if not found:
        like = {"Filters": [{"Name": "db-cluster-id", "Values": [target]}]}
        clusters = await maybe(read, "rds:DescribeDBClusters", **like)
        raise SealiftError(
            f"rds:{target} is not in {region} of account {account}",
            resource=target,
            remedy=f"It is a cluster: give aurora:{target}."
            if clusters and clusters.get("DBClusters")
            else "Check the name, the Region and the account.",
        )
    described = found[0]
    arn = str(described["DBInstanceArn"])
    groups = described.get("OptionGroupMemberships") or ()
    selectors, by_arn = await backup_selections(read, arn)
    key = await key_facts(read, options.key)
    vpc = str((described.get("DBSubnetGroup") or {}).get("VpcId", ""))
    replicas = await _replicas(read, region, described)
    near = [r.described for r in replicas if r.region == region]
    return instance_facts(
        described,
        account,
        region,
        key=key,
        parameter_group=await parameter_group(read, described),
        replicas=replicas,
        options=await options_of(read, str(groups[0]["OptionGroupName"]) if groups else ""),
        proxies=await proxies_of(read, target),
        subscriptions=await subscriptions_of(read, target),
        integrations=await integrations_of(read, arn),
        deployments=await deployments_of(read, arn),
        snapshots=await _plain_snapshots(read, str(described["DbiResourceId"])),
        vaulted=await _plain_snapshots(read, str(described["DbiResourceId"]), kind="awsbackup"),
        unavailable=await unavailable(read, (described, *near)),
        enforced=await enforced(read, vpc),
        owned=await owned(read, described, key.arn),
        rekey=options.rekey,
        alarms=await alarms_of(read, "DBInstanceIdentifier", target),
        selectors=selectors,
        selected_by_arn=by_arn,
        quotas=await quotas(read),
        fence_login_error=await login_error(read, options.fence_login),
        taken=await _taken(read, [target, *(r.id for r in replicas if r.region == region)]),
    )


def instance_facts(described: dict[str, Any], account: str, region: str, **more: Any) -> InstanceFacts:
    """Return what a describe tells of an instance, and what else was read."""
    return InstanceFacts(
        id=str(described["DBInstanceIdentifier"]),
        resource_id=str(described["DbiResourceId"]),
        arn=str(described["DBInstanceArn"]),
        account=account,
        region=region,
        state=str(described["DBInstanceStatus"]),
        engine=str(described["Engine"]),
        engine_version=str(described.get("EngineVersion", "")),
        described=described,
        vpc=str((described.get("DBSubnetGroup") or {}).get("VpcId", "")),
        **more,
    )


def replica_facts(described: dict[str, Any], region: str, group: GroupFacts) -> ReplicaFacts:
    """Return what a describe tells of a read replica in the Region."""
    return ReplicaFacts(
        id=str(described["DBInstanceIdentifier"]),
        resource_id=str(described["DbiResourceId"]),
        arn=str(described["DBInstanceArn"]),
        region=region,
        state=str(described["DBInstanceStatus"]),
        described=described,
        parameter_group=group,
    )


def elsewhere(arn: str) -> ReplicaFacts:
    """Return what is known of a read replica in another Region: its ARN."""
    return ReplicaFacts(arn.rsplit(":", 1)[-1], "", arn, arn.split(":")[3], "unread")


async def _replicas(read: Read, region: str, described: dict[str, Any]) -> tuple[ReplicaFacts, ...]:
    """Return the read replicas; of one in another Region only its ARN is known here.

    The green side of a Blue/Green deployment is a replica too: it bears the claim of its blue member, and is no source.
    """
    found = []
    for name in described.get("ReadReplicaDBInstanceIdentifiers") or ():
        if str(name).startswith("arn:"):
            found.append(elsewhere(str(name)))
            continue
        shown = await instances(read, "db-instance-id", name)
        if shown and not inherited(shown[0]):
            found.append(replica_facts(shown[0], region, await parameter_group(read, shown[0])))
    return tuple(sorted(found, key=lambda r: r.id))


async def _plain_snapshots(read: Read, resource_id: str, *, kind: str = "manual") -> tuple[str, ...] | None:
    filters = [
        {"Name": "dbi-resource-id", "Values": [resource_id]},
        {"Name": "snapshot-type", "Values": [kind]},
    ]
    try:
        reply = await read(Call("rds:DescribeDBSnapshots", {"Filters": filters}))
    except CredentialsLost:
        raise
    except CallError:
        return None
    plain = [s for s in reply["DBSnapshots"] if not s.get("Encrypted") and "sealift:migration" not in tags_of(s)]
    return tuple(sorted(s["DBSnapshotIdentifier"] for s in plain))


async def _taken(read: Read, names: Sequence[str]) -> tuple[str, ...] | None:
    """Return which of the names that sources, replicas and what replaces them are given on the way are in use, or would be
    given twice (R-RDS-27).
    """
    wanted = asides(names)
    try:
        shown = await instances(read, "db-instance-id", *wanted)
    except CredentialsLost:
        raise
    except CallError:
        return None
    return (*(str(d["DBInstanceIdentifier"]) for d in shown), *twice(wanted))
