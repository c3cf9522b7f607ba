"""A DB cluster, of Aurora or Multi-AZ, with its members."""

from sealift.kind import Kind, Route
from sealift.kinds.aurora import blue_green, finalize, shared, snapshot
from sealift.kinds.aurora.facts import ClusterFacts
from sealift.kinds.aurora.observe import observe_cluster
from sealift.kinds.aurora.recall import recall
from sealift.kinds.aurora.rules import BLUE_GREEN_RULES, CLUSTER_RULES, SNAPSHOT_RULES
from sealift.kinds.databases import fenced, judging
from sealift.kinds.databases.facts import beside, pools, wants

AURORA_CLUSTER = Kind(
    name="aurora-cluster",
    facts=ClusterFacts,
    observe=observe_cluster,
    rules=CLUSTER_RULES,
    routes=(
        Route(
            "blue-green",
            blue_green.blue_green_recipe,
            BLUE_GREEN_RULES,
            readers_down=blue_green.readers_down,
            kept=blue_green.kept,
        ),
        Route(
            "snapshot", snapshot.snapshot_recipe, SNAPSHOT_RULES, readers_down=snapshot.readers_down, kept=snapshot.kept
        ),
    ),
    identity=shared.identity,
    locks=finalize.locks,
    pending=lambda facts: bool(facts.plain),
    done=judging.done,
    finalize=finalize.finalize,
    settled=finalize.settled,
    sound=fenced.SOUND,
    stays=finalize.stays,
    unusable=finalize.unusable,
    recall=recall,
    missing=finalize.missing,
    barred=finalize.barred,
    wants=wants,
    beside=beside,
    pools=pools,
)
