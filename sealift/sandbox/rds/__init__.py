"""RDS and Aurora as AWS answers them: one file per noun, one function per operation."""

from collections.abc import Callable
from typing import Any

from sealift.sandbox.rds import (
    backups,
    blue_green,
    catalog,
    cluster_changes,
    cluster_restores,
    clusters,
    copies,
    events,
    flow,
    global_clusters,
    guards,
    instances,
    integrations,
    keys,
    logs,
    metrics,
    modifying,
    options,
    parameter_groups,
    power,
    proxies,
    replicas,
    restores,
    roles,
    snapshots,
    switchover,
    tags,
)
from sealift.sandbox.world import Call, World

OPERATIONS: dict[str, Callable[[World, Call], dict[str, Any] | None]] = {
    **instances.OPERATIONS,
    **modifying.OPERATIONS,
    **power.OPERATIONS,
    **replicas.OPERATIONS,
    **snapshots.OPERATIONS,
    **copies.OPERATIONS,
    **restores.OPERATIONS,
    **clusters.OPERATIONS,
    **cluster_changes.OPERATIONS,
    **cluster_restores.OPERATIONS,
    **blue_green.OPERATIONS,
    **switchover.OPERATIONS,
    **backups.OPERATIONS,
    **parameter_groups.OPERATIONS,
    **options.OPERATIONS,
    **events.OPERATIONS,
    **roles.OPERATIONS,
    **proxies.OPERATIONS,
    **tags.OPERATIONS,
    **catalog.OPERATIONS,
    **metrics.OPERATIONS,
    **guards.OPERATIONS,
    **global_clusters.OPERATIONS,
    **integrations.OPERATIONS,
    **logs.OPERATIONS,
}
"""All operations that the sandbox answers itself: moto's RDS is not asked at all."""

unknown = catalog.unknown


def _network_changed(world: World, call: Call) -> None:
    flow.refresh(world, call.account, call.region, call.at)


def _key_changed(world: World, call: Call) -> None:
    keys.looked_at(world, call.at)


AFTER: dict[str, Callable[[World, Call], None]] = {
    **dict.fromkeys(
        (
            "ec2:AuthorizeSecurityGroupIngress",
            "ec2:AuthorizeSecurityGroupEgress",
            "ec2:RevokeSecurityGroupIngress",
            "ec2:RevokeSecurityGroupEgress",
            "ec2:ModifySecurityGroupRules",
        ),
        _network_changed,
    ),
    **dict.fromkeys(
        ("kms:DisableKey", "kms:EnableKey", "kms:ScheduleKeyDeletion", "kms:CancelKeyDeletion"), _key_changed
    ),
}
"""What other services' operations mean for databases, once they have been done."""
