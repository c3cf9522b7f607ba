"""What the table of instances draws is what RDS takes: a restore told by it is its source again, field by field."""

from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest

from sealift.clock import VirtualClock
from sealift.fields import before_image, differences
from sealift.fields.instance import (
    BORN_OTHERWISE,
    INSTANCE,
    modify_params,
    replica_params,
    replica_settings,
    restore_params,
)
from sealift.plain import plain
from sealift.sandbox import Sandbox
from tests.world import KEY, REGION

MONITOR = "arn:aws:iam::123456789012:role/monitor"
ROLE = {"RoleArn": "arn:aws:iam::123456789012:role/s3", "FeatureName": "S3_INTEGRATION"}

UNLIKE_THE_DEFAULTS: dict[str, Any] = {
    "AutoMinorVersionUpgrade": False,
    "CopyTagsToSnapshot": True,
    "DeletionProtection": True,
    "EnableCloudwatchLogsExports": ["upgrade", "error"],
    "EnableIAMDatabaseAuthentication": True,
    "EnablePerformanceInsights": True,
    "EngineLifecycleSupport": "open-source-rds-extended-support-disabled",
    "MaxAllocatedStorage": 1000,
    "MonitoringInterval": 15,
    "MonitoringRoleArn": MONITOR,
    "PerformanceInsightsRetentionPeriod": 31,
    "Port": 6000,
    "PreferredBackupWindow": "01:10-01:40",
    "PreferredMaintenanceWindow": "tue:02:00-tue:02:30",
    "PubliclyAccessible": False,
}
"""What a restore that is told nothing would lose (R-RDS-47)."""

CASES: dict[str, tuple[str, int, dict[str, Any]]] = {
    "postgres on gp3": (
        "postgres",
        20,
        {**UNLIKE_THE_DEFAULTS, "StorageType": "gp3", "AvailabilityZone": "eu-central-1b"},
    ),
    "mysql, Multi-AZ on io1": (
        "mysql",
        100,
        {"MultiAZ": True, "StorageType": "io1", "Iops": 3000, "BackupRetentionPeriod": 21},
    ),
    "sql server with an option group": (
        "sqlserver-se",
        20,
        {"OptionGroupName": "backups", "LicenseModel": "license-included", "Timezone": "UTC"},
    ),
    "mariadb on wide gp3": (
        "mariadb",
        500,
        {"StorageType": "gp3", "Iops": 12_000, "StorageThroughput": 750, "DedicatedLogVolume": True},
    ),
    "oracle with roles": (
        "oracle-ee",
        100,
        {
            "CharacterSetName": "AL32UTF8",
            "LicenseModel": "bring-your-own-license",
            "ProcessorFeatures": [{"Name": "coreCount", "Value": "2"}, {"Name": "threadsPerCore", "Value": "1"}],
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
def db(rds: Any) -> Callable[[str], dict[str, Any]]:
    return lambda name: plain(rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0])


@pytest.fixture
def source(box: Sandbox, rds: Any, db: Any) -> Callable[[str], dict[str, Any]]:
    """source(case) -> the instance `app` as it is described, with a tag and, where it has one, a role."""

    def build(case: str) -> dict[str, Any]:
        engine, size, members = CASES[case]
        if "OptionGroupName" in members:
            rds.create_option_group(
                OptionGroupName="backups",
                EngineName=engine,
                MajorEngineVersion="16.00",
                OptionGroupDescription="native backups",
            )
        box.add_db_instance("app", engine, size_gib=size, write_mib_per_s=0.01, **members)
        if engine.startswith("oracle"):
            rds.add_role_to_db_instance(DBInstanceIdentifier="app", **ROLE)
            box.clock.advance(600)
        return db("app")

    return build


def restored(box: Sandbox, rds: Any, **members: Any) -> None:
    """Restore `app` as `new`, under the key."""
    rds.create_db_snapshot(DBInstanceIdentifier="app", DBSnapshotIdentifier="s")
    box.clock.advance(7200)
    rds.copy_db_snapshot(SourceDBSnapshotIdentifier="s", TargetDBSnapshotIdentifier="c", KmsKeyId=KEY)
    box.clock.advance(7200)
    rds.restore_db_instance_from_db_snapshot(DBInstanceIdentifier="new", DBSnapshotIdentifier="c", **members)
    box.clock.advance(7200)


@pytest.mark.parametrize("case", CASES)
def test_a_restore_that_is_told_the_table_is_its_source_again(
    box: Sandbox, rds: Any, db: Any, source: Any, case: str
) -> None:
    """R-RDS-47, R-RDS-23: RDS takes every member that is drawn, and nothing differs but what is born otherwise."""
    before = source(case)

    restored(box, rds, **restore_params(before))
    settings = modify_params(before)
    rds.modify_db_instance(DBInstanceIdentifier="new", ApplyImmediately=True, **settings)
    for role in before["AssociatedRoles"]:
        rds.add_role_to_db_instance(DBInstanceIdentifier="new", **{k: role[k] for k in ("RoleArn", "FeatureName")})
    box.clock.advance(3600)

    was = dict(before_image(INSTANCE, before))
    unexpected, told = differences(INSTANCE, was, db("new"), BORN_OTHERWISE)
    assert unexpected == []
    assert "DBInstanceIdentifier" in {line.split(":")[0] for line in told}
    assert {line.split(":")[0] for line in told} <= set(BORN_OTHERWISE)


def test_a_restore_that_is_told_nothing_is_caught(box: Sandbox, rds: Any, db: Any, source: Any) -> None:
    """R-RDS-47: each of AWS's defaults that is not the source's is an unexpected difference, by its field."""
    before = source("postgres on gp3")

    restored(box, rds)

    was = dict(before_image(INSTANCE, before))
    lost = {line.split(":")[0] for line in differences(INSTANCE, was, db("new"), BORN_OTHERWISE)[0]}
    assert lost >= {
        "AutoMinorVersionUpgrade",
        "CopyTagsToSnapshot",
        "EnabledCloudwatchLogsExports",
        "EngineLifecycleSupport",
        "IAMDatabaseAuthenticationEnabled",
        "MaxAllocatedStorage",
        "MonitoringInterval",
        "MonitoringRoleArn",
        "PerformanceInsightsEnabled",
        "PerformanceInsightsRetentionPeriod",
        "PreferredBackupWindow",
        "PreferredMaintenanceWindow",
    }


def test_a_role_that_was_not_given_again_is_caught(box: Sandbox, rds: Any, db: Any, source: Any) -> None:
    """R-RDS-47's other half: what another API carries over is compared as well."""
    before = source("oracle with roles")

    restored(box, rds, **restore_params(before))

    was = dict(before_image(INSTANCE, before))
    (line,) = differences(INSTANCE, was, db("new"), BORN_OTHERWISE)[0]
    assert line == f'AssociatedRoles: was [["{ROLE["RoleArn"]}","{ROLE["FeatureName"]}"]], is []'


def test_a_replica_is_told_what_it_was(box: Sandbox, rds: Any, db: Any, source: Any) -> None:
    """R-RDS-09: what is drawn for a replica is taken, and it shows again what its members can say."""
    source("mysql, Multi-AZ on io1")
    box.add_db_replica("r", "app", EnablePerformanceInsights=True, MultiAZ=True, Port=6001)
    rds.modify_db_instance(
        DBInstanceIdentifier="r",
        ApplyImmediately=True,
        BackupRetentionPeriod=5,
        PreferredMaintenanceWindow="wed:02:00-wed:02:30",
        AllocatedStorage=200,
    )
    box.clock.advance(30_000)
    before = db("r")

    restored(box, rds, **restore_params(db("app")))
    rds.create_db_instance_read_replica(
        DBInstanceIdentifier="r2", SourceDBInstanceIdentifier="new", **replica_params(before, db("new"))
    )
    box.clock.advance(7200)
    rds.modify_db_instance(DBInstanceIdentifier="r2", ApplyImmediately=True, **replica_settings(before))
    box.clock.advance(7200)

    was = dict(before_image(INSTANCE, before, apart=("DBInstanceIdentifier",)))
    assert differences(INSTANCE, was, db("r2"), {})[0] == []


def test_a_before_image_is_small(source: Any) -> None:
    """It is kept in the plan and in the journal: a few kilobytes for an instance, however much AWS describes of it."""
    before = source("postgres on gp3")
    assert sum(len(k) + len(v) for k, v in before_image(INSTANCE, before)) < 4096


@pytest.mark.parametrize("engine", ["mysql", "postgres", "oracle-ee", "mariadb"])
def test_extended_support_is_told_where_it_is_known(engine: str) -> None:
    """SB-RDS-62: EngineLifecycleSupport is sent for MySQL and PostgreSQL alone."""
    told = restore_params({"Engine": engine, "EngineLifecycleSupport": "open-source-rds-extended-support-disabled"})
    assert ("EngineLifecycleSupport" in told) is (engine in ("mysql", "postgres"))


@pytest.mark.parametrize(
    ("membership", "told"),
    [
        (
            {"Domain": "d-1", "FQDN": "corp.example", "IAMRoleName": "ad", "Status": "joined"},
            {"Domain": "d-1", "DomainIAMRoleName": "ad"},
        ),
        (
            {"FQDN": "corp.example", "OU": "OU=db", "AuthSecretArn": "arn:s", "DnsIps": ["10.0.0.2", "10.0.0.3"]},
            {
                "DomainFqdn": "corp.example",
                "DomainOu": "OU=db",
                "DomainAuthSecretArn": "arn:s",
                "DomainDnsIps": ["10.0.0.2", "10.0.0.3"],
            },
        ),
    ],
)
def test_a_domain_is_named_in_one_way(membership: dict[str, Any], told: dict[str, Any]) -> None:
    """SB-RDS-61: AWS's own directory by id and role, though its FQDN is described too; a self-managed one by the rest."""
    drawn = restore_params({"Engine": "sqlserver-se", "DomainMemberships": [membership]})
    assert {k: v for k, v in drawn.items() if k.startswith("Domain")} == told


def test_reserved_capacity_is_not_asked_for_twice() -> None:
    """SB-RDS-63: the source holds the unit until finalize."""
    described = {"Engine": "postgres", "DBCapacityReservationIdentifier": "dbcr-1"}
    for told in (restore_params(described), replica_params(described, described)):
        assert "DBCapacityReservationIdentifier" not in told
