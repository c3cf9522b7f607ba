"""Every DB instance of an account in a Region that is in no cluster: how it is encrypted, and which rules stand in the way.

One listing for a Region and one read for each distinct key; what takes a read for each resource is *not evaluated*.
"""

from collections.abc import Mapping
from typing import Any

from sealift.findings import Found, Survey
from sealift.keys import NO_KEY
from sealift.kind import Read
from sealift.kinds.databases.inventory import all_instances, as_shown, encryptions, row
from sealift.kinds.databases.observing import inherited
from sealift.kinds.rds.facts import InstanceFacts, ReplicaFacts
from sealift.kinds.rds.observe import elsewhere, instance_facts, replica_facts
from sealift.kinds.rds.rules import INSTANCE_RULES

KIND = "rds-instance"

Described = dict[str, Any]


async def find(read: Read, account: str, region: str) -> Found:
    """Return the findings and what could not be read. A member of a cluster is found with its cluster.

    Raises:
        CallError: the instances could not be described at all.

    """
    survey = Survey(read, KIND, account, region)
    listed = {d["DBInstanceIdentifier"]: d for d in await all_instances(read)}
    alone = {name: d for name, d in listed.items() if not d.get("DBClusterIdentifier")}
    findings = []
    for name, said in (await encryptions(survey, alone)).items():
        facts = _facts(survey, alone[name], listed)
        findings.append(row(survey, facts, said, INSTANCE_RULES, _more(facts)))
    return findings, survey.unreadable


def _facts(survey: Survey, described: Described, listed: Mapping[str, Described]) -> InstanceFacts:
    replicas = _replicas(survey.region, described, listed)
    group = as_shown(described)
    return instance_facts(
        described, survey.account, survey.region, key=NO_KEY, parameter_group=group, replicas=replicas
    )


def _replicas(region: str, described: Described, listed: Mapping[str, Described]) -> tuple[ReplicaFacts, ...]:
    names = [str(name) for name in described.get("ReadReplicaDBInstanceIdentifiers") or ()]
    near = [listed[name] for name in names if name in listed and not inherited(listed[name])]
    return (
        *(replica_facts(d, region, as_shown(d)) for d in near),
        *(elsewhere(name) for name in names if name.startswith("arn:")),
    )


def _more(facts: InstanceFacts) -> dict[str, Any]:
    d = facts.described
    return {
        "instance_class": d.get("DBInstanceClass"),
        "multi_az": facts.multi_az,
        "replica_of": d.get("ReadReplicaSourceDBInstanceIdentifier") or d.get("ReadReplicaSourceDBClusterIdentifier"),
        "cluster": d.get("DBClusterIdentifier"),
        "size_gib": d.get("AllocatedStorage"),
        "storage_type": d.get("StorageType"),
        "availability_zone": d.get("AvailabilityZone"),
    }
