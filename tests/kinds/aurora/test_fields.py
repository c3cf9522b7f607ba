"""What the tables of clusters and members draw is what RDS takes: a restored cluster is its source again, field by field."""

from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest

from sealift.clock import VirtualClock
from sealift.fields import before_image, differences
from sealift.fields.cluster import CLUSTER, CLUSTER_BORN_OTHERWISE, modify_params, restore_params
from sealift.fields.member import MEMBER, MEMBER_BORN_OTHERWISE, member_params
from sealift.plain import plain
from sealift.sandbox import Sandbox
from tests.world import KEY, REGION

MONITOR = "arn:aws:iam::123456789012:role/monitor"
ROLE = {"RoleArn": "arn:aws:iam::123456789012:role/s3", "FeatureName": "s3Import"}

UNLIKE_THE_DEFAULTS: dict[str, Any] = {
    "AutoMinorVersionUpgrade": False,
    "BackupRetentionPeriod": 21,
    "CopyTagsToSnapshot": True,
    "DatabaseName": "app",
    "DeletionProtection": True,
    "EnableIAMDatabaseAuthentication": True,
    "EngineLifecycleSupport": "open-source-rds-extended-support-disabled",
    "EngineVersion": "15.12",
    "Port": 6000,
    "PreferredBackupWindow": "01:10-01:40",
    "PreferredMaintenanceWindow": "tue:02:00-tue:02:30",
}
"""What a restore that is told nothing would lose (R-RDS-46, R-RDS-47)."""

CASES: dict[str, tuple[str, int, str, dict[str, Any]]] = {
    "aurora-postgresql with readers": (
        "aurora-postgresql",
        2,
        "db.r6g.large",
        {
            **UNLIKE_THE_DEFAULTS,
            "StorageType": "aurora-iopt1",
            "EnableCloudwatchLogsExports": ["postgresql"],
            "EnablePerformanceInsights": True,
            "PerformanceInsightsRetentionPeriod": 465,
            "DatabaseInsightsMode": "advanced",
            "MonitoringInterval": 15,
            "MonitoringRoleArn": MONITOR,
            "AssociatedRoles": [ROLE],
            "EnableHttpEndpoint": True,
        },
    ),
    "aurora-mysql, Serverless v2": (
        "aurora-mysql",
        1,
        "db.serverless",
        {
            "ServerlessV2ScalingConfiguration": {"MinCapacity": 0.5, "MaxCapacity": 8.0},
            "BacktrackWindow": 3600,
            "EnableLocalWriteForwarding": True,
        },
    ),
    "a Multi-AZ DB cluster": (
        "postgres",
        2,
        "db.m6gd.large",
        {
            **UNLIKE_THE_DEFAULTS,
            "DBClusterInstanceClass": "db.m6gd.large",
            "AllocatedStorage": 200,
            "StorageType": "io1",
            "Iops": 3000,
            "PubliclyAccessible": False,
        },
    ),
}


@pytest.fixture
def box() -> Iterator[Sandbox]:
    with Sandbox(clock=VirtualClock()) as box:
        box.add_key(REGION, KEY)
        yield box


@pytest.fixture
def rds(box: Sandbox) -> Any:
    return boto3.client("rds", region_name=REGION)


@pytest.fixture
def cluster(rds: Any) -> Callable[[str], dict[str, Any]]:
    return lambda name: plain(rds.describe_db_clusters(DBClusterIdentifier=name)["DBClusters"][0])


@pytest.fixture
def db(rds: Any) -> Callable[[str], dict[str, Any]]:
    return lambda name: plain(rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0])


@pytest.fixture
def source(box: Sandbox, cluster: Any) -> Callable[[str], dict[str, Any]]:
    """source(case) -> the cluster `au` as it is described."""

    def build(case: str) -> dict[str, Any]:
        engine, readers, instance_class, members = CASES[case]
        box.add_db_cluster(
            "au", engine, readers=readers, instance_class=instance_class, write_mib_per_s=0.01, **members
        )
        return cluster("au")

    return build


def restored(box: Sandbox, rds: Any, **members: Any) -> None:
    """Restore `au` as `new`, straight under the key."""
    rds.create_db_cluster_snapshot(DBClusterIdentifier="au", DBClusterSnapshotIdentifier="s")
    box.clock.advance(7200)
    rds.restore_db_cluster_from_snapshot(DBClusterIdentifier="new", SnapshotIdentifier="s", KmsKeyId=KEY, **members)
    box.clock.advance(7200)


def fields(lines: list[str]) -> set[str]:
    return {line.split(":")[0] for line in lines}


@pytest.mark.parametrize("case", CASES)
def test_a_restore_that_is_told_the_table_is_its_source_again(
    box: Sandbox, rds: Any, cluster: Any, source: Any, case: str
) -> None:
    """R-RDS-46, R-RDS-47: RDS takes every member that is drawn, and nothing differs but what is born otherwise."""
    before = source(case)

    restored(box, rds, **restore_params(before))
    rds.modify_db_cluster(DBClusterIdentifier="new", ApplyImmediately=True, **modify_params(before))
    box.clock.advance(3600)

    was = dict(before_image(CLUSTER, before))
    unexpected, told = differences(CLUSTER, was, cluster("new"), CLUSTER_BORN_OTHERWISE)
    assert unexpected == []
    assert "DBClusterIdentifier" in fields(told)
    assert fields(told) <= set(CLUSTER_BORN_OTHERWISE)


def test_a_restore_that_is_told_nothing_is_caught(box: Sandbox, rds: Any, cluster: Any, source: Any) -> None:
    """R-RDS-46, R-RDS-47: each of AWS's defaults that is not the source's is an unexpected difference, by its field."""
    before = source("aurora-postgresql with readers")

    restored(box, rds, Engine=before["Engine"])

    was = dict(before_image(CLUSTER, before))
    lost = fields(differences(CLUSTER, was, cluster("new"), CLUSTER_BORN_OTHERWISE)[0])
    assert lost >= {
        "AssociatedRoles",
        "AutoMinorVersionUpgrade",
        "CopyTagsToSnapshot",
        "DatabaseInsightsMode",
        "EnabledCloudwatchLogsExports",
        "EngineLifecycleSupport",
        "EngineVersion",
        "IAMDatabaseAuthenticationEnabled",
        "MonitoringInterval",
        "PerformanceInsightsEnabled",
        "PreferredBackupWindow",
        "PreferredMaintenanceWindow",
        "StorageType",
    }


@pytest.mark.parametrize("case", [c for c in CASES if c.startswith("aurora")])
def test_members_are_made_again_as_they_were(
    box: Sandbox, rds: Any, cluster: Any, db: Any, source: Any, case: str
) -> None:
    """SB-AUR-01, SB-AUR-02: a restored cluster has no members; each is told what is its own, and nothing of its cluster's."""
    before = source(case)
    rds.create_db_instance(
        DBInstanceIdentifier="au-9",
        DBClusterIdentifier="au",
        DBInstanceClass="db.r6g.xlarge",
        Engine=before["Engine"],
        AvailabilityZone="eu-central-1b",
        PromotionTier=5,
        MonitoringInterval=30,
        MonitoringRoleArn=MONITOR,
        AutoMinorVersionUpgrade=False,
        PreferredMaintenanceWindow="wed:02:00-wed:02:30",
    )
    box.clock.advance(3600)
    restored(box, rds, **restore_params(before))
    assert cluster("new")["DBClusterMembers"] == []

    for member in cluster("au")["DBClusterMembers"]:
        old = member["DBInstanceIdentifier"]
        new = old.replace("au", "new")
        was = db(old)
        told = member_params(was)
        assert told["DBInstanceClass"] == was["DBInstanceClass"]
        rds.create_db_instance(DBInstanceIdentifier=new, DBClusterIdentifier="new", **told)
        box.clock.advance(3600)
        image = dict(before_image(MEMBER, was))
        unexpected, otherwise = differences(MEMBER, image, db(new), MEMBER_BORN_OTHERWISE)
        assert unexpected == []
        assert fields(otherwise) == {"DBInstanceIdentifier"}


def test_who_writes_next_is_compared(db: Any, source: Any) -> None:
    """A member whose promotion tier did not come over is an unexpected difference."""
    source("aurora-postgresql with readers")
    was = db("au-2")
    image = dict(before_image(MEMBER, was))
    assert differences(MEMBER, image, {**was, "PromotionTier": 9}, {}) == (["PromotionTier: was 1, is 9"], [])


@pytest.mark.parametrize(
    ("described", "kept", "absent"),
    [
        ({"Engine": "aurora-mysql"}, {"StorageType": "aurora"}, {"BacktrackWindow", "Iops", "PubliclyAccessible"}),
        ({"Engine": "aurora-mysql", "BacktrackWindow": 0}, {}, {"BacktrackWindow"}),
        ({"Engine": "aurora-mysql", "BacktrackWindow": 60}, {"BacktrackWindow": 60}, set()),
        (
            {"Engine": "aurora-postgresql", "AllocatedStorage": 1, "StorageType": "aurora-iopt1"},
            {"StorageType": "aurora-iopt1"},
            {"AllocatedStorage"},
        ),
        (
            {"Engine": "mysql", "Iops": 3000, "DBClusterInstanceClass": "db.m6gd.large", "EngineMode": "provisioned"},
            {"Iops": 3000, "DBClusterInstanceClass": "db.m6gd.large", "PubliclyAccessible": False},
            {"EngineMode", "AvailabilityZones", "NetworkType", "StorageType"},
        ),
    ],
)
def test_each_kind_of_cluster_is_told_what_it_has(
    described: dict[str, Any], kept: dict[str, Any], absent: set[str]
) -> None:
    """R-RDS-47, SB-AUR-09: Aurora has no size, IOPS or class; backtrack is told where it was there."""
    told = restore_params(described)
    assert kept.items() <= told.items()
    assert not absent & set(told)


def test_a_version_is_always_told() -> None:
    """R-RDS-46: the default is the Region's, not the source's."""
    assert restore_params({"Engine": "aurora-mysql", "EngineVersion": "8.0.x"})["EngineVersion"] == "8.0.x"


def test_networking_is_told_where_there_is_no_vpc() -> None:
    """botocore RestoreDBClusterFromSnapshot: EnableVPCNetworking goes with EnableInternetAccessGateway, or not at all."""
    both = {"EnableVPCNetworking", "EnableInternetAccessGateway"}
    here: dict[str, Any] = {"Engine": "aurora-postgresql"}
    assert not both & set(restore_params(here))
    assert not both & set(restore_params({**here, "VPCNetworkingEnabled": True}))
    told = restore_params({**here, "VPCNetworkingEnabled": False, "InternetAccessGatewayEnabled": True})
    assert {m: told[m] for m in both} == {"EnableVPCNetworking": False, "EnableInternetAccessGateway": True}


def test_the_advanced_mode_takes_its_retention_along() -> None:
    """botocore ModifyDBCluster.DatabaseInsightsMode: advanced needs Performance Insights and 465 days in the same request."""
    seen = {"DatabaseInsightsMode": "advanced", "PerformanceInsightsRetentionPeriod": 465}
    told = modify_params({"Engine": "aurora-mysql", **seen})
    assert told == {"AutoMinorVersionUpgrade": False, "EnablePerformanceInsights": True, **seen}
    standard = {"Engine": "aurora-mysql", "DatabaseInsightsMode": "standard"}
    assert modify_params(standard) == {"AutoMinorVersionUpgrade": False, "DatabaseInsightsMode": "standard"}


def test_the_data_api_is_not_opened_at_birth() -> None:
    """No security group stops the Data API: a replacement in quarantine has it only from bring-up on."""
    seen = {"Engine": "aurora-postgresql", "HttpEndpointEnabled": True}
    assert "EnableHttpEndpoint" not in restore_params(seen) | modify_params(seen)
    was = dict(before_image(CLUSTER, seen))
    assert differences(CLUSTER, was, {**seen, "HttpEndpointEnabled": False}, {})[0] == [
        "HttpEndpointEnabled: was true, is false"
    ]
