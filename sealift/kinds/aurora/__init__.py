"""A DB cluster, of Aurora or Multi-AZ, with its members."""

from sealift.errors import Refused
from sealift.kind import Kind, Read, Recalled, Route
from sealift.kinds.aurora import blue_green, finalize, shared, snapshot
from sealift.kinds.aurora.facts import ClusterFacts
from sealift.kinds.aurora.observe import observe_cluster
from sealift.kinds.aurora.rules import BLUE_GREEN_RULES, CLUSTER_RULES, SNAPSHOT_RULES
from sealift.options import Options


async def recall(read: Read, account: str, region: str, target: str, options: Options) -> Recalled:
    """Refuse: a cluster's migration is adopted only where its plan was kept.

    Raises:
        Refused: always, so far.

    """
    raise Refused(
        f"the migration of {target} cannot be told from tags alone", remedy="Give --state where its plan was kept."
    )


AURORA_CLUSTER = Kind(
    name="aurora-cluster",
    facts=ClusterFacts,
    observe=observe_cluster,
    rules=CLUSTER_RULES,
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
    needs_key="Where RDS has stopped it meanwhile: aws rds start-db-cluster --db-cluster-identifier {target}",
)
