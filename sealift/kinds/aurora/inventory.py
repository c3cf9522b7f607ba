"""Every DB cluster of an account in a Region with its members: how it is encrypted, and which rules stand in the way.

Two listings for a Region and one read for each distinct key; what takes a read for each resource is *not evaluated*.
"""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from sealift.errors import CallError, CredentialsLost
from sealift.findings import Found, Survey
from sealift.keys import NO_KEY
from sealift.kind import Read
from sealift.kinds.aurora.facts import ClusterFacts
from sealift.kinds.aurora.observe import cluster_facts, in_order, member_facts
from sealift.kinds.aurora.rules import CLUSTER_RULES
from sealift.kinds.databases.facts import GroupFacts
from sealift.kinds.databases.inventory import NOT_READ, OTHER_ENGINES, all_instances, as_shown, encryptions, row
from sealift.plain import plain
from sealift.step import Call

KIND = "aurora-cluster"

Described = dict[str, Any]


async def find(read: Read, account: str, region: str) -> Found:
    """Return the findings and what could not be read. Clusters of DocumentDB and Neptune are named there.

    Raises:
        CallError: the clusters could not be described at all.

    """
    survey = Survey(read, KIND, account, region)
    shown = [plain(d) for d in (await read(Call("rds:DescribeDBClusters", {}))).get("DBClusters", ())]
    clusters = {d["DBClusterIdentifier"]: d for d in shown if d.get("Engine") not in OTHER_ENGINES}
    _say_others(survey, [d for d in shown if d.get("Engine") in OTHER_ENGINES])
    instances = await _instances(survey) if clusters else {}
    findings = []
    for name, said in (await encryptions(survey, clusters)).items():
        facts = _facts(survey, clusters[name], instances or {})
        rules = CLUSTER_RULES if instances is not None else ()
        findings.append(row(survey, facts, said, rules, _more(facts)))
    return findings, survey.unreadable


def _say_others(survey: Survey, clusters: list[Described]) -> None:
    of: dict[str, list[str]] = defaultdict(list)
    for d in clusters:
        of[d["Engine"]].append(d["DBClusterIdentifier"])
    for engine, names in sorted(of.items()):
        survey.gap(
            f"{', '.join(sorted(names))}: {engine} does not tell an AWS-owned key from none, and this version does not move it. "
            f"See: aws {engine} describe-db-clusters"
        )


async def _instances(survey: Survey) -> dict[str, Described] | None:
    try:
        return {d["DBInstanceIdentifier"]: d for d in await all_instances(survey.read)}
    except CredentialsLost:
        raise
    except CallError as error:
        survey.gap(f"the instances of clusters, so rules were not judged: {error.message}")
        return None


def _facts(survey: Survey, described: Described, instances: Mapping[str, Described]) -> ClusterFacts:
    listed = {m["DBInstanceIdentifier"]: m for m in described.get("DBClusterMembers") or ()}
    members = [member_facts(instances[n], m, as_shown(instances[n])) for n, m in listed.items() if n in instances]
    group = GroupFacts(str(described.get("DBClusterParameterGroup", "")), NOT_READ)
    return cluster_facts(described, in_order(members), survey.account, survey.region, key=NO_KEY, parameter_group=group)


def _more(facts: ClusterFacts) -> dict[str, Any]:
    d = facts.described
    listed = sorted(
        d.get("DBClusterMembers") or (), key=lambda m: (not m.get("IsClusterWriter"), m["DBInstanceIdentifier"])
    )
    return {
        "members": [m["DBInstanceIdentifier"] for m in listed],
        "multi_az": bool(d.get("MultiAZ")),
        "replica_of": d.get("ReplicationSourceIdentifier"),
        "size_gib": None if facts.aurora else d.get("AllocatedStorage"),
        "storage_type": d.get("StorageType"),
    }
