"""The end of an instance's migration: when the source may go, what goes with it, and what stays until somebody acts."""

from collections.abc import Mapping, Sequence
from typing import Any

from sealift.keys import unusable as key_unusable
from sealift.kind import Read
from sealift.kinds.databases import names
from sealift.kinds.rds.facts import InstanceFacts
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
                r.id: [
                    DeleteInstance(
                        key=f"finalize:replica:{r.id}",
                        phase=FINALIZE,
                        database=_old_replica(r.id, outputs),
                        resource_id=r.resource_id,
                        roles=("source",),
                    )
                ]
                for r in facts.replicas
            }
        ),
        Protect(key="finalize:unprotect", phase=FINALIZE, on=False, former=True, **source) if protected else None,
        DeleteInstance(key="finalize:source", phase=FINALIZE, roles=("source",), **source),
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
                if "name" in outputs.get(step, {}) and not outputs[step].get("adopted")
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
    """Read again what has to be true before a source goes, and as long as it is retained: the replacement serves under the
    key, fully loaded, and the source is still fenced off.
    """
    wrong = await _replacement(read, facts, outputs)
    group = outputs.get("quarantine", {}).get("GroupId")
    sources = ((facts.id, facts.resource_id), *((r.id, r.resource_id) for r in facts.replicas))
    for name, resource in () if outputs.get("migration", {}).get("finalized") else sources:
        found = databases_in(await read(read_database(resource)))
        if not found:
            wrong.append(f"the source of {name} is gone")
        elif groups_of(found[0]) != {group}:
            wrong.append(f"{name_of(found[0])}, the source of {name}, is not in quarantine any more")
    return wrong + await unusable(read, facts)


async def _replacement(read: Read, facts: InstanceFacts, outputs: Mapping[str, Output]) -> list[str]:
    if not (new := _new(facts, outputs)):
        return [f"{facts.id} has no replacement"]
    found = databases_in(await read(read_database(new)))
    if not found:
        return [f"the replacement of {facts.id} ({new}) is gone"]
    database, wrong = found[0], []
    if name_of(database) != facts.id or id_of(database) != new:
        wrong.append(f"{new} is named {name_of(database)}, not {facts.id}")
    if status_of(database) not in (*RESTING, "backing-up"):
        wrong.append(f"{facts.id} is '{status_of(database)}'")
    if why := key_difference(database, facts.key.arn):
        wrong.append(f"{facts.id}: {why}")
    if database.get("StorageOperationStatus") == "Initializing":
        wrong.append(f"{facts.id} is still loading its data ({database.get('StorageOperationPercentProgress', 0)} %)")
    if groups_of(database) != set(facts.groups):
        wrong.append(f"{facts.id} is in other security groups than its source was")
    return wrong


async def unusable(read: Read, facts: InstanceFacts) -> list[str]:
    """Say why the key cannot be used now; empty is good."""
    return await key_unusable(read, facts.key.arn)


async def stays(read: Read, facts: InstanceFacts, outputs: Mapping[str, Output]) -> Sequence[Mapping[str, str]]:
    """Return what outlives `finalize`: each with what it is, until when, and the command that ends it."""
    left: list[Mapping[str, str]] = []
    kept = {str(o["name"]) for key in ("copy", "finalize:copy") if "name" in (o := outputs.get(key, {}))}
    filters = [{"Name": "dbi-resource-id", "Values": [facts.resource_id]}]
    for shot in (await read(Call("rds:DescribeDBSnapshots", {"Filters": filters}))).get("DBSnapshots", ()):
        name = shot["DBSnapshotIdentifier"]
        if shot.get("SnapshotType") == "automated":
            continue
        plain = not shot.get("Encrypted")
        what = f"a {'plain' if plain else 'encrypted'} snapshot of {facts.id}"
        what += ": its state at the cut" if name in kept else " that sealift did not make"
        left.append(
            {
                "id": name,
                "what": what,
                "until": "you act",
                "command": f"aws rds delete-db-snapshot --region {facts.region} --db-snapshot-identifier {name}",
            }
        )
    return left + await _automated(read, facts)


async def _automated(read: Read, facts: InstanceFacts) -> list[Mapping[str, str]]:
    """Return the plain automated backups that the source leaves: they go when their retention has passed (R-RDS-30)."""
    reply = await maybe(read, "rds:DescribeDBInstanceAutomatedBackups", DbiResourceId=facts.resource_id)
    if reply is None:
        return [
            {
                "id": facts.resource_id,
                "what": "automated backups that could not be read",
                "until": "you act",
                "command": f"aws rds describe-db-instance-automated-backups --region {facts.region} "
                f"--dbi-resource-id {facts.resource_id}",
            }
        ]
    days = int(facts.described.get("BackupRetentionPeriod") or 0)
    return [
        {
            "id": backup.get("DBInstanceAutomatedBackupsArn", facts.resource_id),
            "what": f"plain automated backups of {facts.id}",
            "until": f"{days} days after the deletion of the source",
            "command": "",
        }
        for backup in reply.get("DBInstanceAutomatedBackups", ())
    ]
