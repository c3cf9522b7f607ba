"""What the tags on a cluster and its members tell of a migration whose journal is lost."""

from collections.abc import Mapping
from dataclasses import replace

from sealift.kind import Read, Recalled
from sealift.kinds.aurora.facts import ClusterFacts, EndpointFacts, MemberFacts
from sealift.kinds.aurora.observe import cluster_parameter_group, observe_cluster
from sealift.kinds.aurora.shared import identity
from sealift.kinds.databases import image
from sealift.kinds.databases import recall as tagged
from sealift.kinds.databases.observing import parameter_group
from sealift.kinds.databases.pieces import inputs_digest
from sealift.options import Options


async def recall(read: Read, account: str, region: str, target: str, options: Options) -> Recalled:
    """Return the migration that the cluster which was named `target` is marked with.

    Raises:
        Refused: it is marked with none or with several, or what its tags tell does not do.

    """
    found = await tagged.find(read, target, of_cluster=True)
    now = await observe_cluster(read, account, region, str(found.main.described["DBClusterIdentifier"]), options)
    facts = await _as_it_was(read, now, found)
    stage = tagged.stage(found, facts, now)
    untouched = {e.resource_id for e in now.endpoints or ()}
    if stage == "prepare" and (now.scaling != facts.scaling or _named(now) != _named(facts)):
        stage = "cutover"
    return Recalled(
        facts=facts,
        migration=found.migration,
        route=found.route,
        same=inputs_digest(identity(facts), facts, options, found.route) == found.digest,
        attempt=found.attempt,
        epoch=found.epoch,
        stage=stage,
        busy=found.busy,
        outputs=tagged.outputs(found, up=stage in ("up", "handed"), of_cluster=True),
        names=tagged.names(found),
        never=frozenset(f"endpoint:on:{e.id}" for e in facts.endpoints or () if e.resource_id in untouched),
    )


def _named(facts: ClusterFacts) -> set[str]:
    return {e.id for e in facts.endpoints or ()}


async def _as_it_was(read: Read, now: ClusterFacts, found: tagged.Found) -> ClusterFacts:
    then, words = found.main.then, found.main.words
    members = [await _member(read, now, source) for source in found.others]
    members += [m for m in now.members if "sealift:migration" not in dict(m.tags)]  # not marked yet
    return replace(
        now,
        id=found.main.name,
        arn=str(then["DBClusterArn"]),
        state="available",
        described=then,
        parameter_group=await cluster_parameter_group(read, then),
        proxies=tagged.proxies(words),
        members=tuple(sorted(members, key=lambda m: (not m.writer, m.id))),
        endpoints=_endpoints(words),
        scaling=image.unescape(words.get("s", "")),
        vpc=now.vpc,
    )


async def _member(read: Read, now: ClusterFacts, source: tagged.Source) -> MemberFacts:
    then = source.then
    return MemberFacts(
        id=source.name,
        resource_id=source.resource_id,
        arn=str(then["DBInstanceArn"]),
        state="available",
        writer=source.words.get("w") == "1",
        described=then,
        parameter_group=await parameter_group(read, then),
    )


def _endpoints(words: Mapping[str, str]) -> tuple[EndpointFacts, ...]:
    listed = image.read_listed(words["e"]) if "e" in words else ()
    return tuple(
        EndpointFacts(
            id=e["id"],
            resource_id=e["resource_id"],
            kind=e["kind"],
            static=tuple(e["static"]),
            excluded=tuple(e["excluded"]),
            tags=tuple((k, v) for k, v in e["tags"]),
        )
        for e in listed
    )
