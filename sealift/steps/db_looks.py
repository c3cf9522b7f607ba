"""How described databases are judged: by what they show, never by the status word alone.

A status may still read `available` for a while after a change was taken, so every wait is for the change itself; and every
terminal state ends a wait at once (RDS user guide, "Viewing DB instance status"; those that AWS's own CloudFormation handler
waits on no longer: aws-cloudformation-resource-providers-rds, DBInstanceStatus.java).
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from sealift.step import Call, Context, Found, Query, Seen, Step, Watch, is_ours, tags_of
from sealift.steps.looks import percent_of

RESTING = ("available", "storage-optimization", "storage-initialization")
"""Status words of a database that nothing is being done to (its storage may still be settling)."""

NO_ROOM = "insufficient-capacity"
"""State of a database for which RDS has no room."""

LOST = "inaccessible-encryption-credentials"
RECOVERABLE = f"{LOST}-recoverable"
"""The states of a database whose key RDS cannot use: for good, and for now (R-RDS-34)."""

BROKEN = {
    "failed": "RDS cannot recover it",
    "deleting": "somebody deletes it",
    "restore-error": "the restore failed",
    "incompatible-restore": "the restore failed: the engine cannot use the snapshot",
    "incompatible-create": "it cannot be made as it was asked for",
    "incompatible-credentials": "its credentials do not do",
    "incompatible-network": "its subnets or addresses do not do",
    "incompatible-option-group": "an option cannot be applied",
    "incompatible-parameters": "its parameters do not fit its class",
    LOST: "RDS cannot use its key (R-RDS-34)",
    RECOVERABLE: "RDS cannot use its key: enable it, then start the database (R-RDS-34)",
    NO_ROOM: "there is no room for its class in the zone",
    "migration-failed": "its migration failed",
    "modify-failed": "a change of it failed",
    "upgrade-failed": "its upgrade failed",
    "storage-full": "its storage is full",
    "stopped": "it is stopped",
    "stopping": "somebody stops it",
}
"""States that a wait never gets out of by itself, and what they mean."""

Resource = Mapping[str, Any] | None
Judge = Callable[[Resource], Seen]
Wanted = Callable[[Mapping[str, Any]], str]
"""Tells what of a described database is not as wanted yet; empty: all is."""


def read_database(resource_id: Any, *, of_cluster: bool = False) -> Call:
    """Return the read of a database by what a rename does not change."""
    return read_databases((resource_id,), of_cluster=of_cluster)


def read_databases(resource_ids: Iterable[Any], *, of_cluster: bool = False) -> Call:
    """Return one read of several databases by what a rename does not change."""
    ids = list(resource_ids)
    if of_cluster:
        return Call("rds:DescribeDBClusters", {"Filters": [{"Name": "db-cluster-resource-id", "Values": ids}]})
    return Call("rds:DescribeDBInstances", {"Filters": [{"Name": "dbi-resource-id", "Values": ids}]})


def read_named(name: Any, *, of_cluster: bool = False) -> Call:
    """Return the read of a database by its name, which may be absent."""
    if of_cluster:
        return Call("rds:DescribeDBClusters", {"Filters": [{"Name": "db-cluster-id", "Values": [name]}]})
    return Call("rds:DescribeDBInstances", {"Filters": [{"Name": "db-instance-id", "Values": [name]}]})


def databases_in(reply: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the instances or clusters of an answer."""
    return list(reply.get("DBInstances") or reply.get("DBClusters") or ())


def name_of(database: Mapping[str, Any]) -> str:
    """Return the identifier of an instance or cluster."""
    return _either(database, "DBInstanceIdentifier", "DBClusterIdentifier")


def id_of(database: Mapping[str, Any]) -> str:
    """Return the resource id of an instance or cluster, which no rename changes."""
    return _either(database, "DbiResourceId", "DbClusterResourceId")


def status_of(database: Mapping[str, Any]) -> str:
    """Return the status word of an instance or cluster."""
    return _either(database, "DBInstanceStatus", "Status")


def _either(database: Mapping[str, Any], *names: str) -> str:
    """Return what an instance and a cluster call by different names; neither is no answer."""
    return str(database[next((n for n in names if database.get(n)), names[0])])


def groups_of(database: Mapping[str, Any]) -> set[str]:
    """Return the security groups that a database has; whether its network interfaces carry them is another question."""
    return {g["VpcSecurityGroupId"] for g in database.get("VpcSecurityGroups") or ()}


def at_rest(*wanted: Wanted, broken: Mapping[str, str] = BROKEN) -> Judge:
    """Return the judge of a database that rests and is as wanted."""

    def judge(database: Resource) -> Seen:
        if database is None:
            return Seen(state="absent")
        state = status_of(database)
        if state in broken:
            why = _meaning(database, broken[state])
            return Seen(failed=f"it is '{state}': {why}", state=state, no_room=state == NO_ROOM)
        lacking = next((why for want in wanted if (why := want(database))), "")
        done = state in RESTING and not lacking
        progress = database.get("PercentProgress")
        return Seen(done=done, state=state if not lacking else f"{state}, {lacking}", progress=percent_of(progress))

    return judge


def _meaning(database: Mapping[str, Any], why: str) -> str:
    """Return what a state means, and of a key that cannot be used which it is."""
    key = database.get("KmsKeyId")
    return why.replace("use its key", f"use its key {key}") if key else why


def named(name: Any) -> Wanted:
    """Want the identifier to be `name`."""
    return lambda database: "" if name_of(database) == str(name).lower() else f"still named {name_of(database)}"


def grouped(groups: Iterable[Any]) -> Wanted:
    """Want exactly these security groups."""
    wanted = {str(g) for g in groups}
    return lambda database: (
        "" if groups_of(database) == wanted else f"still in {', '.join(sorted(groups_of(database)))}"
    )


def with_parameters(group: Any, *states: str) -> Wanted:
    """Want the instance to name this parameter group, in one of these apply states."""

    def want(database: Mapping[str, Any]) -> str:
        found = {g["DBParameterGroupName"]: g["ParameterApplyStatus"] for g in database.get("DBParameterGroups") or ()}
        state = found.get(str(group))
        return "" if state in states else f"parameter group {group} is {state or 'not there'}"

    return want


def cluster_with_parameters(group: Any) -> Wanted:
    """Want the cluster to name this parameter group; whether its members have applied it is another question."""
    return lambda database: (
        "" if database.get("DBClusterParameterGroup") == str(group) else f"parameter group {group} is not there"
    )


def members_of(cluster: Mapping[str, Any]) -> set[str]:
    """Return the names of a cluster's members."""
    return {str(m["DBInstanceIdentifier"]) for m in cluster.get("DBClusterMembers") or ()}


def members_with_parameters(group: Any, *names: str, absent: bool = False) -> Wanted:
    """Want the cluster to name this parameter group, and these members (all, where none is named) to run under it; `absent`:
    those of them that it has.
    """

    def want(database: Mapping[str, Any]) -> str:
        if wrong := cluster_with_parameters(group)(database):
            return wrong
        states = {m["DBInstanceIdentifier"]: m for m in database.get("DBClusterMembers") or ()}
        for name in names or tuple(states):
            state = states.get(name, {}).get("DBClusterParameterGroupStatus", "not there")
            if state != "in-sync" and not (absent and name not in states):
                return f"{name} is {state}"
        return ""

    return want


def with_no_pending(database: Mapping[str, Any]) -> str:
    """Want nothing to be pending."""
    told = "DBInstanceIdentifier" in database  # of a cluster they are shown where there are some
    pending = sorted(database["PendingModifiedValues"] if told else database.get("PendingModifiedValues") or {})
    return f"pending: {', '.join(pending)}" if pending else ""


def under_key(arn: str) -> Wanted:
    """Want the storage to be under this very key (R-RDS-01): answered when it rests, as a difference."""

    def want(database: Mapping[str, Any]) -> str:
        return "" if not key_difference(database, arn) else str(key_difference(database, arn))

    return want


def key_difference(database: Mapping[str, Any], arn: str) -> str:
    """Say how the encryption of a described database or snapshot differs from `arn`; empty is good."""
    kind = database.get("StorageEncryptionType")
    encrypted = bool(database.get("StorageEncrypted", database.get("Encrypted")))
    if (kind not in (None, "sse-kms")) or not encrypted or database.get("KmsKeyId") != arn:
        has = database.get("KmsKeyId") or kind or "no key"
        return f"it came out under {has}, wanted {arn} (R-RDS-01)"
    return ""


def replication_difference(database: Mapping[str, Any]) -> str:
    """Say how a read replica does not replicate; empty is good."""
    states = [i for i in database.get("StatusInfos") or () if i.get("StatusType") == "read replication"]
    wrong = [str(i.get("Status")) for i in states if not i.get("Normal")]
    return f"replication is {wrong[0]}" if wrong else ""


def watch(
    resource_id: Any, judge: Judge, want: str, *, of_cluster: bool = False, deadline: float | None = None
) -> Watch:
    """Return the wait for an instance or a cluster."""
    return Watch("db-cluster" if of_cluster else "db-instance", resource_id, judge, want, deadline)


def needs_rest(resource_id: Any, *, of_cluster: bool = False) -> Watch:
    """Return the wait for a database that takes a change: also one that a fence left behind in any state it gets out of."""
    return watch(resource_id, at_rest(), "available", of_cluster=of_cluster)


def gone(resource: Resource) -> Seen:
    """Tell whether a database is gone."""
    return Seen(done=True, state="gone") if resource is None else Seen(state=status_of(resource))


def ours_under(
    name: str,
    ctx: Context,
    step: Step,
    output: Callable[[Mapping[str, Any]], dict[str, Any]],
    *,
    of_cluster: bool = False,
) -> Query:
    """Look for what this very step has made: its deterministic name *and* our tags; a name alone proves nothing."""

    def read(reply: Mapping[str, Any]) -> Found | None:
        for found in databases_in(reply):
            if name_of(found) == name and is_ours(found, ctx, step):
                return Found(output(found))
        return None

    return Query(read_named(name, of_cluster=of_cluster), read)


def not_ours(database: Mapping[str, Any], ctx: Context, roles: tuple[str, ...]) -> list[str]:
    """Say why a described database or snapshot may not be deleted; empty is good."""
    tags = tags_of(database)
    if tags.get("sealift:migration") != ctx.migration:
        return [f"{_label(database)} does not carry the tag of {ctx.migration}: it is not deleted"]
    if tags.get("sealift:role") not in roles:
        return [f"{_label(database)} has the role {tags.get('sealift:role')!r}: it is not deleted"]
    return []


def _label(thing: Mapping[str, Any]) -> str:
    names = ("DBSnapshotIdentifier", "DBClusterSnapshotIdentifier", "DBInstanceIdentifier", "DBClusterIdentifier")
    return next((str(thing[n]) for n in names if n in thing), "it")


def came_to_read(database: Mapping[str, Any], replicas: Collection[Any]) -> list[str]:
    """Say which replicas read from a database beside those that it had when the plan was made."""
    more = sorted(set(database.get("ReadReplicaDBInstanceIdentifiers") or ()) - set(replicas))
    return [f"{', '.join(more)} reads from {name_of(database)}, and did not when the plan was made"] if more else []


def interfaces_carry(count: int) -> Judge:
    """Tell whether `count` network interfaces carry the group: no word of RDS tells when a change of groups has arrived."""

    def judge(group: Resource) -> Seen:
        found = list((group or {}).get("interfaces", ()))
        return Seen(done=len(found) >= count, state=f"{len(found)} of {count} network interfaces")

    return judge


def interfaces_left(count: int) -> Judge:
    """Tell whether no more than `count` network interfaces carry the group any longer."""

    def judge(group: Resource) -> Seen:
        found = list((group or {}).get("interfaces", ()))
        return Seen(done=len(found) <= count, state=f"on {len(found)} network interfaces, {count} of them fenced off")

    return judge
