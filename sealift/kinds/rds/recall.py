"""What the tags on an instance and its replicas tell of a migration whose journal is lost."""

from dataclasses import replace

from sealift.kind import Read, Recalled
from sealift.kinds.databases import recall as tagged
from sealift.kinds.databases.observing import parameter_group
from sealift.kinds.databases.pieces import inputs_digest
from sealift.kinds.rds.facts import InstanceFacts, ReplicaFacts
from sealift.kinds.rds.observe import observe_instance
from sealift.kinds.rds.shared import identity
from sealift.options import Options
from sealift.step import tags_of


async def recall(read: Read, account: str, region: str, target: str, options: Options) -> Recalled:
    """Return the migration that the instance which was named `target` is marked with.

    Raises:
        Refused: it is marked with none or with several, or what its tags tell does not do.

    """
    found = await tagged.find(read, target, of_cluster=False)
    now = await observe_instance(read, account, region, str(found.main.described["DBInstanceIdentifier"]), options)
    facts = await _as_it_was(read, now, found)
    stage = tagged.stage(found, facts, now)
    return Recalled(
        facts=facts,
        migration=found.migration,
        route=found.route,
        same=inputs_digest(identity(facts), facts, options, found.route) == found.digest,
        attempt=found.attempt,
        epoch=found.epoch,
        stage=stage,
        busy=found.busy,
        outputs=tagged.outputs(found, up=stage in ("up", "handed"), of_cluster=False),
        names=tagged.names(found),
    )


async def _as_it_was(read: Read, now: InstanceFacts, found: tagged.Found) -> InstanceFacts:
    then = found.main.then
    marked = [await _replica(read, now.region, source) for source in found.others]
    replicas = [*marked, *(r for r in now.replicas if not tags_of(r.described).get("sealift:migration"))]
    return replace(
        now,
        id=found.main.name,
        arn=str(then["DBInstanceArn"]),
        state="available",
        described=then,
        parameter_group=await parameter_group(read, then),
        proxies=tagged.proxies(found.main.words),
        replicas=tuple(sorted(replicas, key=lambda r: r.id)),
    )


async def _replica(read: Read, region: str, source: tagged.Source) -> ReplicaFacts:
    then = source.then
    return ReplicaFacts(
        id=source.name,
        resource_id=source.resource_id,
        arn=str(then["DBInstanceArn"]),
        region=region,
        state="available",
        described=then,
        parameter_group=await parameter_group(read, then),
    )
