"""The end of a cluster's migration: when the source may go, what goes with it, and what stays until somebody acts."""

from collections.abc import Mapping, Sequence
from typing import Any

from sealift.keys import unusable as key_unusable
from sealift.kind import Barred, Read
from sealift.kinds.aurora.facts import ClusterFacts
from sealift.kinds.databases import keyed, leaving, names, settling
from sealift.kinds.databases.fenced import lapses, opened
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
from sealift.steps.db_looks import databases_in, id_of, members_of, name_of, read_database
from sealift.surroundings import maybe

FINALIZE = Phase.FINALIZE
SCALED = "application-autoscaling-"
"""What Application Auto Scaling calls the readers that it makes (Aurora user guide, "Auto Scaling with Aurora Replicas")."""


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
        if "name" in outputs.get(step, {}) and not outputs[step].get("adopted") and f"{step}:gone" not in outputs
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
        DeleteCluster(
            key="finalize:source", phase=FINALIZE, roles=("source",), keeps_backups=not options.drop_backups, **source
        ),
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
    key with all its instances, and the source is still fenced off.
    """
    wrong = await _replacement(read, facts, outputs)
    if "finalize:source" in outputs:
        return wrong + await opened(read, outputs, options) + await unusable(read, facts)
    found = databases_in(await read(read_database(facts.resource_id, of_cluster=True)))
    wrong += lapses(found[0], facts.id, outputs, of_cluster=True) if found else [f"the source of {facts.id} is gone"]
    told = "HttpEndpointEnabled" in facts.described  # else it is of an engine that has no Data API
    if found and told and found[0]["HttpEndpointEnabled"]:
        wrong.append(f"the Data API of {name_of(found[0])}, the source of {facts.id}, is on: clients can write to it")
    return wrong + await opened(read, outputs, options) + await unusable(read, facts)


async def _replacement(read: Read, facts: ClusterFacts, outputs: Mapping[str, Output]) -> list[str]:
    if not (new := _new(facts, outputs)):
        return [f"{facts.id} has no replacement"]
    found = databases_in(await read(read_database(new, of_cluster=True)))
    if not found:
        return [f"the replacement of {facts.id} ({new}) is gone"]
    database, wrong = found[0], []
    if name_of(database) != facts.id or id_of(database) != new:
        wrong.append(f"{new} is named {name_of(database)}, not {facts.id}")
    return [
        *wrong,
        *settling.unlike(database, facts.id, facts.key.arn, facts.groups),
        *await _members(read, facts, database),
    ]


async def _members(read: Read, facts: ClusterFacts, cluster: Mapping[str, Any]) -> list[str]:
    """Say what is wrong with the instances: Aurora's bear the names that clients know, but for those that the scaling of readers
    made and may take away again; a Multi-AZ DB cluster names its own.
    """
    has = members_of(cluster)
    wanted = [m.id for m in facts.members if facts.aurora and not m.id.startswith(SCALED)]
    wrong = [f"{facts.id} has no instance {name} any more" for name in wanted if name not in has]
    missing = len(facts.members) - len(has)
    if missing > 0 and not facts.aurora:
        wrong.append(f"{facts.id} has {missing} instance(s) fewer than its source had")
    names = sorted(has)
    call = Call("rds:DescribeDBInstances", {"Filters": [{"Name": "db-instance-id", "Values": names}]})
    for member in databases_in(await read(call)) if names else ():
        wrong += settling.unlike(member, name_of(member), facts.key.arn, None)
    return wrong


async def missing(read: Read, facts: ClusterFacts, outputs: Mapping[str, Output], up: bool) -> Barred:
    """Say that the replacement is gone, or going; and, of a way back (not `up`), that the source is."""
    new, old = _new(facts, outputs), _old(facts.id, outputs)
    made: dict[str, bool] = {"of_cluster": True, "restored": "restore" in outputs, "up": up}
    return await settling.missing(read, facts.id, new, old, facts.resource_id, **made)


async def barred(read: Read, facts: ClusterFacts, outputs: Mapping[str, Output]) -> Barred:
    """Say why the replacement cannot be fenced and renamed now, and what heals that: its instances go with it."""
    gone = await settling.sourceless(read, facts.id, facts.resource_id, of_cluster=True)
    if gone.why:
        return gone
    new = _new(facts, outputs)
    return await keyed.barred(read, facts.key.arn, facts.region, [new] if new else [], of_cluster=True)


async def unusable(read: Read, facts: ClusterFacts) -> list[str]:
    """Say why the key cannot be used now; empty is good."""
    return await key_unusable(read, facts.key.arn)


async def stays(read: Read, facts: ClusterFacts, outputs: Mapping[str, Output]) -> Sequence[Mapping[str, str]]:
    """Return what outlives `finalize`: each with what it is, until when, and the command that ends it."""
    left: list[leaving.Row] = []
    old = _old(facts.id, outputs)
    filters = [{"Name": "db-cluster-id", "Values": [facts.id, old]}]
    for shot in (await read(Call("rds:DescribeDBClusterSnapshots", {"Filters": filters}))).get(
        "DBClusterSnapshots", ()
    ):
        if shot.get("SnapshotType") == "automated" or shot.get("DbClusterResourceId") != facts.resource_id:
            continue
        what = leaving.a_snapshot(encrypted=bool(shot.get("StorageEncrypted")), of=facts.id)
        left.append(leaving.snapshot(facts, shot["DBClusterSnapshotIdentifier"], f"{what} that sealift did not make"))
    left += leaving.restore_point(facts, outputs)
    return [*left, *await leaving.our_tags(read, facts, _new(facts, outputs)), *await _automated(read, facts, outputs)]


async def _automated(read: Read, facts: ClusterFacts, outputs: Mapping[str, Output]) -> list[leaving.Row]:
    """Return the plain automated backups that the source leaves: they go when their retention has passed (R-RDS-30)."""
    reply = await maybe(read, "rds:DescribeDBClusterAutomatedBackups", DbClusterResourceId=facts.resource_id)
    if reply is None:
        about = {"db_cluster_resource_id": facts.resource_id}
        return [leaving.unread_backups(facts, "describe-db-cluster-automated-backups", **about)]
    return [
        leaving.going(
            facts,
            str(backup.get("DBClusterAutomatedBackupsArn") or backup.get("DBClusterIdentifier", facts.id)),
            int(backup.get("BackupRetentionPeriod") or 0),
            outputs,
        )
        for backup in reply.get("DBClusterAutomatedBackups", ())
    ]
