"""The end of a cluster's migration: when the source may go, what goes with it, and what stays until somebody acts."""

from collections.abc import Mapping, Sequence
from typing import Any

from sealift.keys import unusable as key_unusable
from sealift.kind import Read
from sealift.kinds.aurora.facts import ClusterFacts
from sealift.kinds.databases import names
from sealift.options import Options
from sealift.recipe import Lanes, recipe
from sealift.step import Call, Output, Phase, Step
from sealift.steps import (
    DbRestorePoint,
    DeleteCluster,
    DeleteDbSnapshot,
    DeleteInstance,
    DeleteParameterGroup,
    DeleteQuarantine,
    Protect,
)
from sealift.steps.db_looks import (
    RESTING,
    databases_in,
    groups_of,
    id_of,
    key_difference,
    name_of,
    read_database,
    status_of,
)
from sealift.surroundings import maybe

FINALIZE = Phase.FINALIZE


def locks(facts: ClusterFacts) -> tuple[str, ...]:
    """Return what a migration of this cluster holds: it, its members and its proxies."""
    members = (f"db:{m.resource_id}" for m in facts.members)
    proxies = (f"db-proxy:{p.proxy}" for p in facts.proxies or ())
    return (f"db:{facts.resource_id}", *members, *proxies)


def finalize(facts: ClusterFacts, options: Options, outputs: Mapping[str, Output]) -> tuple[Step, ...]:
    """Return the steps: a snapshot of the replacement under the key, then the source's members, the source, its plain snapshots
    and the fence.

    The source's last state is not kept under the key: a plain cluster snapshot is not copied under one (botocore rds
    CopyDBClusterSnapshot). The replacement can be restored to any moment since it was made.
    """
    new = str(_new(facts, outputs))
    source: dict[str, Any] = {"database": _old(facts.id, outputs), "resource_id": facts.resource_id}
    protected = bool(facts.described.get("DeletionProtection"))
    unprotect = Protect(key="finalize:unprotect", phase=FINALIZE, on=False, former=True, of_cluster=True, **source)
    members = Lanes(
        {
            m.id: [
                DeleteInstance(
                    key=f"finalize:member:{m.id}",
                    phase=FINALIZE,
                    database=_old(m.id, outputs),
                    resource_id=m.resource_id,
                    roles=("source",),
                    member=True,
                )
            ]
            for m in facts.members
            if facts.aurora
        }
    )
    snapshots = {
        step: [
            DeleteDbSnapshot(
                key=f"finalize:{step}",
                phase=FINALIZE,
                snapshot=str(outputs[step]["name"]),
                roles=("baseline",),
                of_cluster=True,
            )
        ]
        for step in ("warm", "renew", "last")
        if "name" in outputs.get(step, {}) and not outputs[step].get("adopted")
    }
    return recipe(
        DbRestorePoint(
            key="finalize:point",
            phase=FINALIZE,
            database=facts.id,
            resource_id=new,
            size=facts.size,
            extra_tags=options.extra_tags,
            of_cluster=True,
        ),
        unprotect if protected else None,
        members,
        DeleteCluster(key="finalize:source", phase=FINALIZE, roles=("source",), **source),
        Lanes(snapshots),
        DeleteParameterGroup(
            key="finalize:quiet", phase=FINALIZE, group=str(outputs["quiet"]["name"]), of_cluster=True
        ),
        DeleteQuarantine(key="finalize:quarantine", phase=FINALIZE, group=str(outputs["quarantine"]["GroupId"])),
        None
        if protected
        else Protect(
            key="finalize:protection",
            phase=FINALIZE,
            on=False,
            former=False,
            database=facts.id,
            resource_id=new,
            of_cluster=True,
        ),
    )


def _old(name: str, outputs: Mapping[str, Output]) -> str:
    return str(outputs.get(f"old:{name}", {}).get("name") or names.set_aside(name))


def _new(facts: ClusterFacts, outputs: Mapping[str, Output]) -> str | None:
    """Return the resource id of the replacement: restored, or the green cluster that bears the name now."""
    made = outputs.get("restore", {}).get("DbClusterResourceId")
    return made or outputs.get(f"green:{facts.id}", {}).get("DbiResourceId")


async def settled(read: Read, facts: ClusterFacts, options: Options, outputs: Mapping[str, Output]) -> Sequence[str]:
    """Read again what has to be true before a source goes, and as long as it is retained: the replacement serves under the
    key, and the source is still fenced off.
    """
    wrong = await _replacement(read, facts, outputs)
    group = outputs.get("quarantine", {}).get("GroupId")
    found = databases_in(await read(read_database(facts.resource_id, of_cluster=True)))
    if outputs.get("migration", {}).get("finalized"):
        return wrong + await unusable(read, facts)  # the source is gone, and is meant to be
    if not found:
        wrong.append(f"the source of {facts.id} is gone")
    elif groups_of(found[0]) != {group}:
        wrong.append(f"{name_of(found[0])}, the source of {facts.id}, is not in quarantine any more")
    elif found[0].get("HttpEndpointEnabled"):
        wrong.append(f"the Data API of {name_of(found[0])}, the source of {facts.id}, is on: clients can write to it")
    return wrong + await unusable(read, facts)


async def _replacement(read: Read, facts: ClusterFacts, outputs: Mapping[str, Output]) -> list[str]:
    if not (new := _new(facts, outputs)):
        return [f"{facts.id} has no replacement"]
    found = databases_in(await read(read_database(new, of_cluster=True)))
    if not found:
        return [f"the replacement of {facts.id} ({new}) is gone"]
    database, wrong = found[0], []
    if name_of(database) != facts.id or id_of(database) != new:
        wrong.append(f"{new} is named {name_of(database)}, not {facts.id}")
    if status_of(database) not in (*RESTING, "backing-up"):
        wrong.append(f"{facts.id} is '{status_of(database)}'")
    if why := key_difference(database, facts.key.arn):
        wrong.append(f"{facts.id}: {why}")
    if groups_of(database) != set(facts.groups):
        wrong.append(f"{facts.id} is in other security groups than its source was")
    missing = len(facts.members) - len(database.get("DBClusterMembers") or ())
    if missing > 0:
        wrong.append(f"{facts.id} has {missing} instance(s) fewer than its source had")
    return wrong


async def unusable(read: Read, facts: ClusterFacts) -> list[str]:
    """Say why the key cannot be used now; empty is good."""
    return await key_unusable(read, facts.key.arn)


async def stays(read: Read, facts: ClusterFacts, outputs: Mapping[str, Output]) -> Sequence[Mapping[str, str]]:
    """Return what outlives `finalize`: each with what it is, until when, and the command that ends it."""
    left: list[Mapping[str, str]] = []
    old = _old(facts.id, outputs)
    filters = [{"Name": "db-cluster-id", "Values": [facts.id, old]}]
    for shot in (await read(Call("rds:DescribeDBClusterSnapshots", {"Filters": filters}))).get(
        "DBClusterSnapshots", ()
    ):
        if shot.get("SnapshotType") == "automated" or shot.get("DbClusterResourceId") != facts.resource_id:
            continue
        name, kind = shot["DBClusterSnapshotIdentifier"], "encrypted" if shot.get("StorageEncrypted") else "plain"
        command = f"aws rds delete-db-cluster-snapshot --region {facts.region} --db-cluster-snapshot-identifier {name}"
        left.append(
            {
                "id": name,
                "what": f"a {kind} snapshot of {facts.id} that sealift did not make",
                "until": "you act",
                "command": command,
            }
        )
    return left + await _automated(read, facts)


async def _automated(read: Read, facts: ClusterFacts) -> list[Mapping[str, str]]:
    """Return the plain automated backups that the source leaves: they go when their retention has passed (R-RDS-30)."""
    about = {"DbClusterResourceId": facts.resource_id}
    reply = await maybe(read, "rds:DescribeDBClusterAutomatedBackups", **about)
    if reply is None:
        return []
    return [
        {
            "id": str(backup.get("DBClusterAutomatedBackupsArn") or backup.get("DBClusterIdentifier", facts.id)),
            "what": f"the plain automated backups of {facts.id} before its encryption",
            "until": f"{backup.get('BackupRetentionPeriod', 0)} days after the source is gone",
            "command": "",
        }
        for backup in reply.get("DBClusterAutomatedBackups", ())
    ]
