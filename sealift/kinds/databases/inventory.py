"""What the inventories of instances and of clusters share: one listing of all instances, and how each is encrypted."""

from collections.abc import Iterable, Mapping
from typing import Any

from sealift.errors import CallError, CredentialsLost
from sealift.findings import Survey, judged
from sealift.kind import Read, Rule
from sealift.kinds.databases import common, consent
from sealift.kinds.databases.facts import DatabaseFacts, Encryption, GroupFacts, encryption
from sealift.plain import plain
from sealift.step import Call, tags_of
from sealift.surroundings import Surroundings

OTHER_ENGINES = ("docdb", "neptune")
"""RDS lists clusters of these too. What is described of them has no StorageEncryptionType (botocore docdb, neptune DBCluster)."""

WITH_A_PLAN: tuple[Rule, ...] = (
    consent.other_key,
    consent.fit_key,
    consent.plain_snapshots,
    consent.selected_by_arn,
    common.within_quotas,
    common.login_gets_in,
    common.alarms_go_by_name,
)
"""Rules about the key, the account and the options: they come with a plan, like those of a route."""

NOT_READ = "not read"

TOLD: Mapping[str, str] = {"none": "none", "sse-rds": "aws-owned"}
"""By StorageEncryptionType, where no key has to be asked about."""


async def all_instances(read: Read) -> list[dict[str, Any]]:
    """Return every instance of the Region as JSON values: once for instances and clusters, where the door remembers.

    Raises:
        CallError: they could not be described.

    """

    async def ask() -> list[dict[str, Any]] | CallError:
        """List them; a refusal is remembered too."""
        try:
            reply = await read(Call("rds:DescribeDBInstances", {}))
        except CredentialsLost:
            raise
        except CallError as error:
            return error
        return [plain(d) for d in reply.get("DBInstances", ())]

    found = await read.once("all db instances", ask) if isinstance(read, Surroundings) else await ask()
    if isinstance(found, CallError):
        raise found
    return found


async def encryptions(survey: Survey, described: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Return none, aws-owned, aws-managed or customer by name; what cannot be told is a gap, and left out."""
    found = {name: encryption(d) for name, d in described.items()}
    managers = await survey.key_managers((e.key, name) for name, e in found.items() if _keyed(e) and e.key)
    for name, e in found.items():
        if e.type not in TOLD and not e.key:
            survey.gap(f"the key of {name}: it is encrypted ({e.type}), and no key is shown")
    told = {name: TOLD.get(e.type) or managers.get(e.key or "") for name, e in found.items()}
    return {name: said for name, said in told.items() if said}


def _keyed(found: Encryption) -> bool:
    return found.type not in TOLD


def as_shown(described: Mapping[str, Any]) -> GroupFacts:
    """Return an instance's parameter group as the instance shows it: whether it has one can be told, its family is not read."""
    shown: Mapping[str, Any] = next(iter(described.get("DBParameterGroups") or ()), {})
    return GroupFacts(
        str(shown.get("DBParameterGroupName", "")), NOT_READ, str(shown.get("ParameterApplyStatus", "in-sync"))
    )


def row(
    survey: Survey, facts: DatabaseFacts, encrypted: str, rules: Iterable[Rule], more: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the finding of a database; nothing is judged where nothing moves."""
    return survey.row(
        facts.id,
        facts.arn,
        encryption=encrypted,
        key=facts.encryption.key if encrypted != "none" else None,
        state=facts.state,
        more={"engine": facts.engine, "engine_version": facts.engine_version, **more},
        tags=tags_of(facts.described),
        verdicts=judged([r for r in rules if r not in WITH_A_PLAN], facts) if facts.plain else (),
    )
