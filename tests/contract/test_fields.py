"""Every field of AWS's shapes is classed: a new botocore can add none unseen."""

from typing import Any

import botocore.session
import pytest

from sealift.fields import Class, Field, before_image, differences, params
from sealift.fields.cluster import CLUSTER, CLUSTER_BORN_OTHERWISE, CLUSTER_NOT_SENT
from sealift.fields.instance import BORN_OTHERWISE, GREEN_OTHERWISE, INSTANCE, NOT_SENT, REPLICA
from sealift.fields.member import MEMBER, MEMBER_BORN_OTHERWISE, OWN
from tests.contract import not_sent

Table = tuple[Field, ...]

RDS: Any = botocore.session.get_session().get_service_model("rds")
TABLES: dict[str, tuple[str, Table]] = {
    "instance": ("DBInstance", INSTANCE),
    "cluster": ("DBCluster", CLUSTER),
    "member": ("DBInstance", MEMBER),
}
each = pytest.mark.parametrize("name", TABLES)


@each
def test_every_field_is_classed_once(name: str) -> None:
    """A member of the output shape that the table does not class, or one that AWS does not have, fails here."""
    shape, table = TABLES[name]
    classed = [f.name for f in table]
    assert sorted(classed) == sorted(set(classed))
    assert set(classed) == set(RDS.shape_for(shape).members)


def members(operation: str) -> set[str]:
    return set(RDS.operation_model(operation).input_shape.members)


def sent(table: Table, *classes: Class) -> set[str]:
    return {member for f in table if f.cls in classes for member in f.sent or ()}


BORN = (Class.AT_RESTORE, Class.LOST)
ALL_TOLD = (*BORN, Class.MODIFY)
REPLICAS = set(REPLICA) | {"DBParameterGroupName", "DBSubnetGroupName", "DeletionProtection", "VpcSecurityGroupIds"}
REQUESTS: dict[str, tuple[set[str], dict[str, str]]] = {
    "RestoreDBInstanceFromDBSnapshot": (sent(INSTANCE, *BORN), NOT_SENT),
    "RestoreDBClusterFromSnapshot": (sent(CLUSTER, *BORN), CLUSTER_NOT_SENT),
    "CreateDBInstance": (sent(MEMBER, *ALL_TOLD), not_sent.MEMBER),
    "CreateDBInstanceReadReplica": (REPLICAS, not_sent.REPLICA),
    "ModifyDBInstance": (sent(INSTANCE, *ALL_TOLD) & members("ModifyDBInstance"), not_sent.MODIFY_INSTANCE),
    "ModifyDBCluster": (sent(CLUSTER, *ALL_TOLD) & members("ModifyDBCluster"), not_sent.MODIFY_CLUSTER),
}


@pytest.mark.parametrize("operation", REQUESTS)
def test_every_member_of_a_request_is_sent_or_has_a_reason(operation: str) -> None:
    """R-RDS-47: what RDS is not told is AWS's default; so all of it is told, at birth or afterwards, or it says here why not."""
    told, apart = REQUESTS[operation]
    assert told | set(apart) == members(operation)
    assert not told & set(apart)
    assert all(apart.values())


@pytest.mark.parametrize(
    ("name", "modify", "restore", "again"),
    [
        ("instance", "ModifyDBInstance", "RestoreDBInstanceFromDBSnapshot", set()),
        (
            "cluster",
            "ModifyDBCluster",
            "RestoreDBClusterFromSnapshot",
            {"EnablePerformanceInsights", "PerformanceInsightsRetentionPeriod"},
        ),
    ],
)
def test_what_is_set_afterwards_can_be_set(name: str, modify: str, restore: str, again: set[str]) -> None:
    """A member of class `modify after` is one of the modify, and none that a restore takes but those it has to say again."""
    told = sent(TABLES[name][1], Class.MODIFY)
    assert told <= members(modify)
    assert told & members(restore) == again


def test_a_member_is_told_nothing_of_its_clusters() -> None:
    """SB-AUR-02: what belongs to the cluster is neither sent nor compared with a member."""
    assert {f.name for f in MEMBER if f.sent or f.compared} == OWN


@pytest.mark.parametrize(
    ("name", "otherwise"),
    [
        ("instance", BORN_OTHERWISE),
        ("instance", GREEN_OTHERWISE),
        ("cluster", CLUSTER_BORN_OTHERWISE),
        ("member", MEMBER_BORN_OTHERWISE),
    ],
)
def test_what_is_born_otherwise_is_compared(name: str, otherwise: dict[str, str]) -> None:
    """A field that a recipe expects to differ is one that the table compares, and says why it differs."""
    assert set(otherwise) <= {f.name for f in TABLES[name][1] if f.compared}
    assert all(otherwise.values())


def test_a_replica_is_told_only_what_it_takes() -> None:
    """R-RDS-09: each member for a rebuilt replica exists, and the table draws it."""
    assert set(REPLICA) <= set(RDS.operation_model("CreateDBInstanceReadReplica").input_shape.members)
    assert set(REPLICA) <= sent(INSTANCE, *Class)


@pytest.mark.parametrize(("name", "apart"), [("instance", {"PromotionTier"}), ("cluster", set()), ("member", set())])
def test_what_comes_over_is_compared(name: str, apart: set[str]) -> None:
    """A field that is sent, set or in the data is compared before bring-up, unless it is a matter of other replicas alone."""
    table = TABLES[name][1]
    over = (Class.AT_RESTORE, Class.IN_DATA, Class.MODIFY)
    assert {f.name for f in table if f.cls in over and f.compared is None} == apart


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
