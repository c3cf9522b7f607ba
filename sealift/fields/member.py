"""The fields of DBInstance once more, as those of a member of an Aurora cluster: most are the cluster's.

A restored cluster has no instances: each is made by CreateDBInstance. The members of a Multi-AZ DB cluster come by themselves.
"""

from dataclasses import replace
from typing import Any

from sealift.fields import Class, Described, Field, one, params, same
from sealift.fields.instance import INSTANCE

OWN = frozenset(
    [
        "AutoMinorVersionUpgrade",
        "AvailabilityZone",
        "CACertificateIdentifier",
        "DBInstanceClass",
        "DBInstanceIdentifier",
        "DBParameterGroups",
        "Engine",
        "MonitoringInterval",
        "MonitoringRoleArn",
        "PerformanceInsightsEnabled",
        "PerformanceInsightsKMSKeyId",
        "PerformanceInsightsRetentionPeriod",
        "PreferredMaintenanceWindow",
        "PromotionTier",
        "PubliclyAccessible",
    ]
)
"""What a member has apart from its cluster (botocore rds CreateDBInstance, "doesn't apply to Amazon Aurora")."""

_OF_CLUSTER = "the cluster's"
_group = one("DBParameterGroups", "DBParameterGroupName")


def _of_member(field: Field) -> Field:
    """Return a field as a member has it: what is its cluster's is neither sent nor compared here."""
    if field.name == "PromotionTier":
        return Field(field.name, Class.AT_RESTORE, "who writes next", {field.name: same(field.name)}, same(field.name))
    if field.name == "DBParameterGroups":
        return replace(field, note="its own: schedulers obey the cluster's", sent={"DBParameterGroupName": _group})
    if field.name in OWN or (field.sent is None and field.compared is None):
        return field
    return replace(field, cls=Class.ELSEWHERE, note=_OF_CLUSTER, sent=None, compared=None)


MEMBER: tuple[Field, ...] = tuple(_of_member(f) for f in INSTANCE)

MEMBER_BORN_OTHERWISE = {
    "DBInstanceIdentifier": "named when the names change hands",
}
"""What a new member is not told at birth; compared after bring-up."""


def member_params(described: Described) -> dict[str, Any]:
    """Return what the new member is told, so that it is what the old one was; name, cluster and group are the step's."""
    return params(MEMBER, described, Class.AT_RESTORE, Class.MODIFY)
