"""Where a cutover takes AWS's capacity from: what a breaker holds after one refusal for want of room."""

from dataclasses import replace
from typing import Any

import pytest

from sealift.kind import Kind
from sealift.kinds import KINDS
from sealift.kinds.aurora import AURORA_CLUSTER
from sealift.kinds.ebs import EBS_INSTANCE, EBS_VOLUME
from sealift.kinds.rds import RDS_INSTANCE
from tests.kinds.aurora.facts_for_tests import SHOP, member
from tests.kinds.ebs.facts_for_tests import alone, an_instance
from tests.kinds.rds.facts_for_tests import ORDERS, described

A, B = {"AvailabilityZone": "eu-central-1a"}, {"AvailabilityZone": "eu-central-1b"}


def a_member(name: str, **about: Any) -> Any:
    found = member(name)
    return replace(found, described={**found.described, **about})


CASES: dict[str, tuple[Kind, Any, tuple[str, ...]]] = {
    "the family and zone of an instance": (
        EBS_INSTANCE, an_instance(instance_type="m5.2xlarge", zone="eu-central-1a"), ("m5 in eu-central-1a",),
    ),
    "not of one that stays stopped": (EBS_INSTANCE, an_instance(instance_type="m5.large", state="stopped"), ()),
    "not of a volume that is attached to nothing": (EBS_VOLUME, alone(), ()),
    "the class and zone of a database": (RDS_INSTANCE, described(**A), ("db.m7g.large in eu-central-1a",)),
    "its standby's zone too": (
        RDS_INSTANCE,
        described(**A, SecondaryAvailabilityZone="eu-central-1b", MultiAZ=True),
        ("db.m7g.large in eu-central-1a", "db.m7g.large in eu-central-1b"),
    ),
    "not where the zone is not told": (RDS_INSTANCE, ORDERS, ()),
    "each member's of a cluster, once": (
        AURORA_CLUSTER,
        replace(SHOP, members=(a_member("shop-1", **A), a_member("shop-2", **B), a_member("shop-3", **B))),
        ("db.r6g.large in eu-central-1a", "db.r6g.large in eu-central-1b"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_pool_is_a_family_or_class_in_a_zone(case: str) -> None:
    """What is started or made anew takes its room there."""
    kind, facts, pools = CASES[case]
    assert pools == kind.pools(facts)


def test_each_kind_that_starts_something_names_its_pools() -> None:
    """The default is none: only volumes that are attached to nothing need no room to come up."""
    default = Kind.__dataclass_fields__["pools"].default
    assert ["ebs-volume"] == [k.name for k in KINDS if k.pools is default]
