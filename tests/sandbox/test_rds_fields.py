"""Every member of a request that has a place in the reply is carried there; a restore carries nothing that was not sent."""

import pytest
from moto.core.utils import get_service_model

from sealift.sandbox import Quotas, Sandbox
from sealift.sandbox.rds import restores, shapes

MODEL = get_service_model("rds")
TELLING = {
    "AllocatedStorage": 500,
    "AutoMinorVersionUpgrade": False,
    "DatabaseInsightsMode": "advanced",
    "AvailabilityZone": "eu-central-1b",
    "AwsBackupRecoveryPointArn": "arn:aws:backup:eu-central-1:123456789012:recovery-point:x",
    "DBClusterInstanceClass": "db.m6g.large",
    "DBInstanceClass": "db.m6g.xlarge",
    "DBPortNumber": 6000,
    "EngineVersion": "16.8",
    "Iops": 13_000,
    "LicenseModel": "postgresql-license",
    "MaxAllocatedStorage": 1000,
    "NetworkType": "DUAL",
    "Port": 6000,
    "PreferredBackupWindow": "01:00-01:30",
    "PreferredMaintenanceWindow": "mon:01:00-mon:01:30",
    "PubliclyAccessible": False,
    "StorageThroughput": 600,
    "StorageType": "io2",
}
"""Values that the service takes: those of storage are of a gp3 that is striped (SB-RDS-27)."""

WITH = {
    ("DBInstance", "StorageType"): {"Iops": 13_000},
    ("DBInstance", "StorageThroughput"): {"Iops": 13_000},
}
"""What a member is not taken without (SB-RDS-27)."""

OTHERWISE = {
    "DBInstanceIdentifier",
    "DBClusterIdentifier",
    "KmsKeyId",
    "StorageEncrypted",
    "DBSecurityGroups",
    "Engine",
}
OF_MULTI_AZ = {"AllocatedStorage", "Iops", "DBClusterInstanceClass"}
"""What Aurora does not take (SB-AUR-09); a test of its own has them."""

OTHERWISE |= {"AssociatedRoles", "AllowMajorVersionUpgrade", "AvailabilityZones", "BacktrackWindow"}
"""Members that are shown in another form than they are sent, or are not for this engine; tests of their own have them."""


def sample(shape):
    if shape.type_name == "structure":
        return {n: sample(m) for n, m in shape.members.items() if n != "SetForDelete"}
    if shape.type_name == "list":
        return [sample(shape.member)]
    enum = getattr(shape, "enum", None)
    return {"string": enum[0] if enum else "x", "boolean": True, "double": 2.0}.get(shape.type_name, 30)


def carried(operation, output):
    """Yield member, its name in the reply, and a value that is not the default."""
    known = MODEL.shape_for(output).members
    telling = {**TELLING, "StorageType": "aurora-iopt1"} if output == "DBCluster" else TELLING
    left_out = OTHERWISE | OF_MULTI_AZ if output == "DBCluster" else OTHERWISE
    for name, shape in MODEL.operation_model(operation).input_shape.members.items():
        shown = shapes._RENAMED.get(name, name)
        if name not in left_out and shown in known:
            yield name, shown, telling.get(name, sample(shape))


@pytest.fixture
def box():
    """Room for one resource a member, and a snapshot of each kind."""
    with Sandbox(quotas=Quotas(db_instances=500, db_clusters=500)) as box:
        box.add_db_instance("app", size_gib=400, write_mib_per_s=0, EngineVersion="15.12")
        box.add_db_cluster("au", readers=0, write_mib_per_s=0)
        rds = box.client("rds")
        rds.create_db_snapshot(DBInstanceIdentifier="app", DBSnapshotIdentifier="s")
        rds.create_db_cluster_snapshot(DBClusterIdentifier="au", DBClusterSnapshotIdentifier="s")
        box.clock.advance(10_000)  # a first snapshot of 400 GiB takes most of an hour
        yield box


BASES = {
    "CreateDBInstance": {"Engine": "postgres", "DBInstanceClass": "db.m6g.large", "AllocatedStorage": 400},
    "RestoreDBInstanceFromDBSnapshot": {"DBSnapshotIdentifier": "s"},
    "CreateDBCluster": {"Engine": "aurora-postgresql"},
    "RestoreDBClusterFromSnapshot": {"SnapshotIdentifier": "s", "Engine": "aurora-postgresql"},
}


@pytest.mark.parametrize("operation", BASES)
def test_what_is_sent_is_shown(box, operation):
    """By create and by restore: a member that got lost would be one that nobody notices losing."""
    noun = "DBCluster" if "Cluster" in operation else "DBInstance"
    call = box.client("rds")._make_api_call
    lost = {}
    for n, (name, shown, value) in enumerate(carried(operation, noun)):
        call(operation, {f"{noun}Identifier": f"n{n}", **BASES[operation], **WITH.get((noun, name), {}), name: value})
        (made,) = call(f"Describe{noun}s", {f"{noun}Identifier": f"n{n}"})[f"{noun}s"]
        if made.get(shown) != value:
            lost[name] = made.get(shown)
    assert lost == {}


@pytest.mark.parametrize("noun", ["DBInstance", "DBCluster"])
def test_what_is_modified_is_shown(box, noun):
    """At once, with ApplyImmediately."""
    rds, lost = box.client("rds"), {}
    for n, (name, shown, value) in enumerate(carried(f"Modify{noun}", noun)):
        one = {f"{noun}Identifier": f"n{n}"}
        if noun == "DBInstance":
            box.add_db_instance(f"n{n}", size_gib=400, write_mib_per_s=0, job=False, EngineVersion="15.12")
        else:
            box.add_db_cluster(f"n{n}", readers=0, write_mib_per_s=0, job=False, EngineVersion="15.12")
        rds._make_api_call(
            f"Modify{noun}", {**one, "ApplyImmediately": True, **WITH.get((noun, name), {}), name: value}
        )
        box.clock.advance(2000)
        (now,) = rds._make_api_call(f"Describe{noun}s", one)[f"{noun}s"]
        if now.get(shown) != value:
            lost[name] = now.get(shown)
    assert lost == {}


def test_a_restore_inherits_what_is_in_the_data_and_no_more(box):
    """Every other member of a source that differs from AWS's default is back at the default (R-RDS-47)."""
    rds, unlike = box.client("rds"), ("AvailabilityZone", "MultiAZ")
    set_on_source = {n: value for n, _, value in carried("CreateDBInstance", "DBInstance") if n not in unlike}
    set_on_source |= {"StorageType": "io1", "EngineVersion": "16.8", "BackupRetentionPeriod": 5}
    rds.create_db_instance(DBInstanceIdentifier="full", Engine="postgres", **set_on_source)
    box.clock.advance(2000)
    rds.create_db_snapshot(DBInstanceIdentifier="full", DBSnapshotIdentifier="f")
    box.clock.advance(2000)
    rds.restore_db_instance_from_db_snapshot(DBInstanceIdentifier="new", DBSnapshotIdentifier="f")
    full, new = (rds.describe_db_instances(DBInstanceIdentifier=n)["DBInstances"][0] for n in ("full", "new"))
    kept = {shapes._RENAMED.get(n, n) for n in set_on_source} & {k for k in new if new[k] == full.get(k)}
    assert kept <= {*restores.INHERITED, "Engine", "EngineVersion"}
