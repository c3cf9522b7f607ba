"""Every field of AWS's shapes is classed: a new botocore can add none unseen."""

from typing import Any

import botocore.session
import pytest

from sealift.fields import Class, Field, before_image, differences, params
from sealift.fields.instance import BORN_OTHERWISE, INSTANCE, NOT_SENT, REPLICA

RDS: Any = botocore.session.get_session().get_service_model("rds")
TABLES = {"DBInstance": INSTANCE}


@pytest.mark.parametrize("shape", TABLES)
def test_every_field_is_classed_once(shape: str) -> None:
    """A member of the output shape that the table does not class, or one that AWS does not have, fails here."""
    classed = [f.name for f in TABLES[shape]]
    assert sorted(classed) == sorted(set(classed))
    assert set(classed) == set(RDS.shape_for(shape).members)


def sent(table: tuple[Field, ...], *classes: Class) -> set[str]:
    return {member for f in table if f.cls in classes for member in f.sent or ()}


@pytest.mark.parametrize(
    ("operation", "classes", "apart"),
    [
        ("RestoreDBInstanceFromDBSnapshot", (Class.AT_RESTORE, Class.LOST), NOT_SENT),
    ],
)
def test_every_member_of_a_restore_is_sent_or_has_a_reason(
    operation: str, classes: tuple[Class, ...], apart: dict[str, str]
) -> None:
    """R-RDS-47: what a restore is not told is AWS's default; so all of it is told, or it says here why not."""
    members = set(RDS.operation_model(operation).input_shape.members)
    told = sent(INSTANCE, *classes)
    assert told <= members
    assert told | set(apart) == members
    assert not told & set(apart)
    assert all(apart.values())


def test_what_is_set_afterwards_can_be_set() -> None:
    """A member of class `modify after` is one of ModifyDBInstance, and none that a restore takes."""
    told = sent(INSTANCE, Class.MODIFY)
    assert told <= set(RDS.operation_model("ModifyDBInstance").input_shape.members)
    assert not told & set(RDS.operation_model("RestoreDBInstanceFromDBSnapshot").input_shape.members)


def test_a_replica_is_told_only_what_it_takes() -> None:
    """R-RDS-09: each member for a rebuilt replica exists, and the table draws it."""
    assert set(REPLICA) <= set(RDS.operation_model("CreateDBInstanceReadReplica").input_shape.members)
    assert set(REPLICA) <= sent(INSTANCE, *Class)


def test_what_comes_over_is_compared() -> None:
    """A field that is sent, set or in the data is compared before bring-up, unless it is a matter of other replicas alone."""
    silent = {
        f.name for f in INSTANCE if f.cls in (Class.AT_RESTORE, Class.IN_DATA, Class.MODIFY) and f.compared is None
    }
    assert silent == {"ReplicaMode", "PromotionTier"}


def test_a_difference_is_told_by_field() -> None:
    """What differs says the field, what it was and what it is; what the recipe makes differ says why."""
    before = {"DBInstanceIdentifier": "shop", "DBInstanceClass": "db.m6g.large", "MultiAZ": True}
    was = dict(before_image(INSTANCE, before))
    after = {"DBInstanceIdentifier": "sealift-1", "DBInstanceClass": "db.m6g.large", "MultiAZ": False}

    unexpected, expected = differences(INSTANCE, was, after, BORN_OTHERWISE)

    assert unexpected == ["MultiAZ: was true, is false"]
    assert expected == [f'DBInstanceIdentifier: was "shop", is "sealift-1" ({BORN_OTHERWISE["DBInstanceIdentifier"]})']


def test_order_is_no_difference() -> None:
    """Lists that AWS shows in any order are compared as sets."""
    groups = [{"VpcSecurityGroupId": "sg-1", "Status": "active"}, {"VpcSecurityGroupId": "sg-2", "Status": "active"}]
    was = dict(before_image(INSTANCE, {"VpcSecurityGroups": groups}))
    assert differences(INSTANCE, was, {"VpcSecurityGroups": groups[::-1]}, {}) == ([], [])


@pytest.mark.parametrize(
    ("engine", "size", "told"),
    [
        ("postgres", 399, {}),
        ("postgres", 400, {"Iops": 12000, "StorageThroughput": 500}),
        ("oracle-ee", 200, {"Iops": 12000, "StorageThroughput": 500}),
        ("sqlserver-se", 20, {"Iops": 12000, "StorageThroughput": 500}),
    ],
)
def test_gp3_is_told_iops_where_it_takes_them(engine: str, size: int, told: dict[str, int]) -> None:
    """R-RDS-47, SB-RDS-27: below a size gp3 shows 3,000 IOPS and refuses to be told them."""
    described = {
        "Engine": engine,
        "AllocatedStorage": size,
        "StorageType": "gp3",
        "Iops": 12000,
        "StorageThroughput": 500,
    }
    drawn = params(INSTANCE, described, Class.AT_RESTORE)
    assert {k: drawn[k] for k in ("Iops", "StorageThroughput") if k in drawn} == told
