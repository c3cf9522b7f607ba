"""The end of an instance's migration: when the source may go, what goes with it, and what stays until somebody acts."""

from collections.abc import Mapping, Sequence
from typing import Any

from sealift.keys import unusable as key_unusable
from sealift.kind import Barred, Read
from sealift.kinds.databases import keyed, leaving, names, settling
from sealift.kinds.databases.fenced import lapses, opened
from sealift.kinds.rds.facts import InstanceFacts, ReplicaFacts
from sealift.options import Options
from sealift.recipe import Lanes, recipe
from sealift.step import Call, Output, Phase, Step
from sealift.steps import (
    CopyDbSnapshot,
    DbRestorePoint,
    DeleteDbSnapshot,
    DeleteInstance,
    DeleteParameterGroup,
    DeleteQuarantine,
    LastDbSnapshot,
    Protect,
)
from sealift.steps.db_looks import (
    databases_in,
    id_of,
    name_of,
    read_database,
    read_named,
    replication_difference,
)
from sealift.surroundings import maybe

FINALIZE = Phase.FINALIZE


def locks(facts: InstanceFacts) -> tuple[str, ...]:
    """Return what a migration of this instance holds: it, its replicas and its proxies."""
    replicas = (f"db:{r.resource_id}" for r in facts.replicas)
    proxies = (f"db-proxy:{p.proxy}" for p in facts.proxies or ())
    return (f"db:{facts.resource_id}", *replicas, *proxies)


def finalize(facts: InstanceFacts, options: Options, outputs: Mapping[str, Output]) -> tuple[Step, ...]:
    """Return the steps: a snapshot of the replacement under the key, the source's last state copied under it, then replicas,
    source, plain snapshots and the fence.
    """
    new = str(_new(facts, outputs))
    old = _old_name(facts, outputs)
    sized: dict[str, Any] = {"size": facts.size, "extra_tags": options.extra_tags}
    source: dict[str, Any] = {"database": old, "resource_id": facts.resource_id}
    protected = bool(facts.described.get("DeletionProtection"))
    return recipe(
        DbRestorePoint(key="finalize:point", phase=FINALIZE, database=facts.id, resource_id=new, **sized),
        *([] if "copy" in outputs else _last_state(facts, source, sized)),
        Lanes(
            {
                r.id: _without(r, options, {"database": _old_replica(r.id, outputs), "resource_id": r.resource_id})
                for r in facts.replicas
            }
        ),
        Protect(key="finalize:unprotect", phase=FINALIZE, on=False, former=True, **source) if protected else None,
        DeleteInstance(
            key="finalize:source", phase=FINALIZE, roles=("source",), keeps_backups=not options.drop_backups, **source
        ),
        Lanes(
            {
                step: [
                    DeleteDbSnapshot(
                        key=f"finalize:{step}",
                        phase=FINALIZE,
                        snapshot=str(outputs[step]["name"]),
                        roles=("baseline",),
                    )
                ]
                for step in ("warm", "renew", "last")
                if "name" in outputs.get(step, {})
                and not outputs[step].get("adopted")
                and f"{step}:gone" not in outputs
            }
        ),
        DeleteParameterGroup(key="finalize:quiet", phase=FINALIZE, group=str(outputs["quiet"]["name"])),
        DeleteQuarantine(key="finalize:quarantine", phase=FINALIZE, group=str(outputs["quarantine"]["GroupId"])),
        None
        if protected
        else Protect(
            key="finalize:protection", phase=FINALIZE, on=False, former=False, database=facts.id, resource_id=new
        ),
    )


def _without(replica: ReplicaFacts, options: Options, old: dict[str, Any]) -> list[Step]:
    """Delete a replica that was put aside, its protection first."""
    delete = DeleteInstance(
        key=f"finalize:replica:{replica.id}",
        phase=FINALIZE,
        roles=("source",),
        keeps_backups=not options.drop_backups,
        **old,
    )
    if not replica.described.get("DeletionProtection"):
        return [delete]
    key = f"finalize:unprotect:{replica.id}"
    return [Protect(key=key, phase=FINALIZE, on=False, former=True, **old), delete]


def _last_state(facts: InstanceFacts, source: dict[str, Any], sized: dict[str, Any]) -> list[Step]:
    """Keep the state at the cut under the key, where the route has left no such snapshot."""
    from sealift.step import Ref  # noqa: PLC0415

    return [
        LastDbSnapshot(key="finalize:last", phase=FINALIZE, **source, **sized),
        CopyDbSnapshot(
            key="finalize:copy",
            phase=FINALIZE,
            snapshot=Ref("finalize:last", "name"),
            resource_id=facts.resource_id,
            key_arn=facts.key.arn,
            key_name=facts.key.wanted,
            option_group=facts.option_group_to_name,
            **sized,
        ),
        DeleteDbSnapshot(
            key="finalize:last:gone", phase=FINALIZE, snapshot=Ref("finalize:last", "name"), roles=("baseline",)
        ),
    ]


def _old_name(facts: InstanceFacts, outputs: Mapping[str, Output]) -> str:
    return _old_replica(facts.id, outputs)


def _old_replica(name: str, outputs: Mapping[str, Output]) -> str:
    return str(outputs.get(f"old:{name}", {}).get("name") or names.set_aside(name))


def _new(facts: InstanceFacts, outputs: Mapping[str, Output]) -> str | None:
    """Return the resource id of the replacement: restored, or the green member that bears the name now."""
    made = outputs.get("restore") or outputs.get(f"green:{facts.id}") or {}
    return made.get("DbiResourceId")


async def settled(read: Read, facts: InstanceFacts, options: Options, outputs: Mapping[str, Output]) -> Sequence[str]:
    """Read again what has to be true before a source goes, and as long as it is retained: the replacement and its read replicas
    serve under the key, fully loaded, and the source is still fenced off with theirs.
    """
    wrong = await _replacement(read, facts, outputs)
    for replica in facts.replicas:
        wrong += await _new_replica(read, facts, replica)
    old = {"finalize:source": (facts.id, facts.resource_id)}
    old |= {f"finalize:replica:{r.id}": (r.id, r.resource_id) for r in facts.replicas}
    for name, resource in (about for deletion, about in old.items() if deletion not in outputs):
        found = databases_in(await read(read_database(resource)))
        wrong += lapses(found[0], name, outputs) if found else [f"the source of {name} is gone"]
    return wrong + await opened(read, outputs, options) + await unusable(read, facts)


async def _replacement(read: Read, facts: InstanceFacts, outputs: Mapping[str, Output]) -> list[str]:
    if not (new := _new(facts, outputs)):
        return [f"{facts.id} has no replacement"]
    found = databases_in(await read(read_database(new)))
    if not found:
        return [f"the replacement of {facts.id} ({new}) is gone"]
    database, wrong = found[0], []
    if name_of(database) != facts.id or id_of(database) != new:
        wrong.append(f"{new} is named {name_of(database)}, not {facts.id}")
    return wrong + settling.unlike(database, facts.id, facts.key.arn, facts.groups)


async def _new_replica(read: Read, facts: InstanceFacts, replica: ReplicaFacts) -> list[str]:
    """Say what is wrong with the read replica that bears a name: also one that a person has made where ours could not be."""
    found = [d for d in databases_in(await read(read_named(replica.id))) if id_of(d) != replica.resource_id]
    if not found:
        return [f"the read replica {replica.id} is gone: its readers reach nobody; make one of {facts.id} by that name"]
    database, wrong = found[0], []
    source = database.get("ReadReplicaSourceDBInstanceIdentifier")
    if source != facts.id:
        wrong.append(f"{replica.id} is a read replica of {source or 'nothing'}, not of {facts.id}")
    if why := replication_difference(database):
        wrong.append(f"{replica.id}: {why}")
    groups = [g["VpcSecurityGroupId"] for g in replica.described.get("VpcSecurityGroups", ())]
    return wrong + settling.unlike(database, replica.id, facts.key.arn, groups)


async def missing(read: Read, facts: InstanceFacts, outputs: Mapping[str, Output], up: bool) -> Barred:
    """Say that the replacement is gone, or going; and, of a way back (not `up`), that the source is."""
    new, old = _new(facts, outputs), _old_name(facts, outputs)
    made: dict[str, bool] = {"of_cluster": False, "restored": "restore" in outputs, "up": up}
    return await settling.missing(read, facts.id, new, old, facts.resource_id, **made)


async def barred(read: Read, facts: InstanceFacts, outputs: Mapping[str, Output]) -> Barred:
    """Say why the replacement and its read replicas cannot be fenced and renamed now, and what heals that."""
    gone = await settling.sourceless(read, facts.id, facts.resource_id, of_cluster=False)
    if gone.why:
        return gone
    made = [o.get("DbiResourceId") for key, o in outputs.items() if key.startswith(("restore", "green:", "replica:"))]
    return await keyed.barred(read, facts.key.arn, facts.region, [str(m) for m in made if m], of_cluster=False)


async def unusable(read: Read, facts: InstanceFacts) -> list[str]:
    """Say why the key cannot be used now; empty is good."""
    return await key_unusable(read, facts.key.arn)


async def stays(read: Read, facts: InstanceFacts, outputs: Mapping[str, Output]) -> Sequence[Mapping[str, str]]:
    """Return what outlives `finalize`: each with what it is, until when, and the command that ends it."""
    left: list[leaving.Row] = []
    kept = {str(o["name"]) for key in ("copy", "finalize:copy") if "name" in (o := outputs.get(key, {}))}
    filters = [{"Name": "dbi-resource-id", "Values": [facts.resource_id]}]
    for shot in (await read(Call("rds:DescribeDBSnapshots", {"Filters": filters}))).get("DBSnapshots", ()):
        name = shot["DBSnapshotIdentifier"]
        if shot.get("SnapshotType") == "automated":
            continue
        what = leaving.a_snapshot(encrypted=bool(shot.get("Encrypted")), of=facts.id)
        what += ": its state at the cut" if name in kept else " that sealift did not make"
        left.append(leaving.snapshot(facts, name, what))
    left += leaving.restore_point(facts, outputs)
    return [*left, *await leaving.our_tags(read, facts, _new(facts, outputs)), *await _automated(read, facts, outputs)]


async def _automated(read: Read, facts: InstanceFacts, outputs: Mapping[str, Output]) -> list[leaving.Row]:
    """Return the plain automated backups that the source leaves: they go when their retention has passed (R-RDS-30)."""
    reply = await maybe(read, "rds:DescribeDBInstanceAutomatedBackups", DbiResourceId=facts.resource_id)
    if reply is None:
        about = {"dbi_resource_id": facts.resource_id}
        return [leaving.unread_backups(facts, "describe-db-instance-automated-backups", **about)]
    days = int(facts.described.get("BackupRetentionPeriod") or 0)
    return [
        leaving.going(facts, str(backup.get("DBInstanceAutomatedBackupsArn", facts.resource_id)), days, outputs)
        for backup in reply.get("DBInstanceAutomatedBackups", ())
    ]
