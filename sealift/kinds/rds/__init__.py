"""A DB instance with its read replicas."""

from sealift.kind import Kind, Route
from sealift.kinds.databases import fenced, judging
from sealift.kinds.databases.facts import beside, pools, wants
from sealift.kinds.rds import blue_green, finalize, shared, snapshot
from sealift.kinds.rds.facts import InstanceFacts
from sealift.kinds.rds.observe import observe_instance
from sealift.kinds.rds.recall import recall
from sealift.kinds.rds.rules import BLUE_GREEN_RULES, INSTANCE_RULES, SNAPSHOT_RULES

RDS_INSTANCE = Kind(
    name="rds-instance",
    facts=InstanceFacts,
    observe=observe_instance,
    rules=INSTANCE_RULES,
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
