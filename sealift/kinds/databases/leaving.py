"""What a database's migration leaves after finalize, in rows for its lists: each with what it is, until when, and what ends it."""

import time
from collections.abc import Mapping
from typing import Any

from sealift.kind import Read
from sealift.kinds.databases.facts import DatabaseFacts
from sealift.step import Output, tags_of
from sealift.steps.db_looks import databases_in, read_database

DAY = 86400
ACT = "you act"

Row = Mapping[str, str]


def snapshot(facts: DatabaseFacts, name: str, what: str) -> Row:
    """Return a snapshot that somebody has to delete."""
    of_cluster = facts.of_cluster
    noun = "db-cluster-snapshot" if of_cluster else "db-snapshot"
    command = f"aws rds delete-{noun} --region {facts.region} --{noun}-identifier {name}"
    return {"id": name, "what": what, "until": ACT, "command": command}


def a_snapshot(*, encrypted: bool, of: str) -> str:
    """Say what a snapshot is."""
    return f"{'an encrypted' if encrypted else 'a plain'} snapshot of {of}"


def restore_point(facts: DatabaseFacts, outputs: Mapping[str, Output]) -> list[Row]:
    """Return the snapshot of the replacement that finalize took before the source went."""
    name = outputs.get("finalize:point", {}).get("name")
    what = f"{a_snapshot(encrypted=True, of=facts.id)}: its restore point from before the source went"
    return [snapshot(facts, str(name), what)] if name else []


def going(facts: DatabaseFacts, name: str, days: int, outputs: Mapping[str, Output]) -> Row:
    """Return automated backups that go by themselves, on the day on which the last of them has passed its retention (R-RDS-30)."""
    gone = float(outputs.get("migration", {}).get("finalized") or 0) + days * DAY
    until = time.strftime("%Y-%m-%d", time.gmtime(gone))
    return {"id": name, "what": f"plain automated backups of {facts.id}", "until": until, "command": ""}


async def our_tags(read: Read, facts: DatabaseFacts, new: str | None) -> list[Row]:
    """Return the tags of ours that stay on the replacement."""
    if not new:
        return []
    for database in databases_in(await read(read_database(new, of_cluster=facts.of_cluster))):
        if ours := sorted(k for k in tags_of(database) if k.startswith("sealift:")):
            command = (
                f"aws rds remove-tags-from-resource --region {facts.region} --resource-name {facts.arn} --tag-keys"
            )
            what = f"tags of sealift on {facts.id}: {', '.join(ours)}"
            return [{"id": facts.arn, "what": what, "until": ACT, "command": f"{command} {' '.join(ours)}"}]
    return []


def unread_backups(facts: DatabaseFacts, operation: str, **about: Any) -> Row:
    """Return automated backups of which nothing is known."""
    flags = " ".join(f"--{k.replace('_', '-')} {v}" for k, v in about.items())
    command = f"aws rds {operation} --region {facts.region} {flags}"
    return {
        "id": facts.resource_id,
        "what": "automated backups that could not be read",
        "until": ACT,
        "command": command,
    }
