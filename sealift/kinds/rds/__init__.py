"""A DB instance with its read replicas."""

from sealift.errors import Refused
from sealift.kind import Kind, Read, Recalled, Route
from sealift.kinds.rds import blue_green, finalize, shared, snapshot
from sealift.kinds.rds.facts import InstanceFacts
from sealift.kinds.rds.observe import observe_instance
from sealift.kinds.rds.rules import BLUE_GREEN_RULES, INSTANCE_RULES, SNAPSHOT_RULES
from sealift.options import Options


async def recall(read: Read, account: str, region: str, target: str, options: Options) -> Recalled:
    """Refuse: an instance's migration is adopted only where its plan was kept.

    Raises:
        Refused: always, so far.

    """
    raise Refused(
        f"the migration of {target} cannot be told from tags alone", remedy="Give --state where its plan was kept."
    )


RDS_INSTANCE = Kind(
    name="rds-instance",
    facts=InstanceFacts,
    observe=observe_instance,
    rules=INSTANCE_RULES,
    routes=(
        Route("blue-green", blue_green.blue_green_recipe, BLUE_GREEN_RULES, readers_down=blue_green.readers_down),
        Route("snapshot", snapshot.snapshot_recipe, SNAPSHOT_RULES, readers_down=snapshot.readers_down),
    ),
    identity=shared.identity,
    locks=finalize.locks,
    pending=lambda facts: bool(facts.plain),
    finalize=finalize.finalize,
    settled=finalize.settled,
    stays=finalize.stays,
    unusable=finalize.unusable,
    recall=recall,
    needs_key="Where RDS has stopped it meanwhile: aws rds start-db-instance --db-instance-identifier {target}",
)
