"""What a source's class, engine, version or VPC makes RDS refuse, and the quotas of an account."""

import pytest

SMALL = {"DBInstanceClass": "db.m6g.large", "Engine": "postgres", "AllocatedStorage": 20, "MasterUsername": "admin"}


def snap(box, rds, name):
    rds.create_db_snapshot(DBInstanceIdentifier=name, DBSnapshotIdentifier=f"{name}-s")
    box.clock.advance(1000)
    return f"{name}-s"


def test_a_snapshot_of_rds_custom_is_not_copied(box, rds, refused):
    """R-RDS-06: so there is no encrypted copy to restore.

    Source R-RDS-06: botocore rds CopyDBSnapshot; the code is a guess.
    """
    box.add_key()
    box.add_db_instance("own", "custom-sqlserver-se")
    ask = {"SourceDBSnapshotIdentifier": snap(box, rds, "own"), "TargetDBSnapshotIdentifier": "c"}
    assert refused(rds.copy_db_snapshot, **ask, KmsKeyId="alias/app") == ("InvalidParameterCombination", 400)


def test_an_encrypted_instance_does_not_move_to_a_class_without_encryption(box, rds, refused):
    """R-RDS-05: by a modify as little as by a create; a plain one does.

    Source R-RDS-05: docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Overview.Encryption.html; the code is a guess.
    """
    box.add_db_instance("enc", kms_key=box.add_key())
    box.add_db_instance("plain")
    small = {"DBInstanceClass": "db.t2.micro", "ApplyImmediately": True}
    assert refused(rds.modify_db_instance, DBInstanceIdentifier="enc", **small)[0] == "InvalidParameterCombination"
    rds.modify_db_instance(DBInstanceIdentifier="plain", **small)


def test_a_vpc_that_enforces_encryption_controls(box, rds, client, refused):
    """R-RDS-16: create, restore and modify; a class that encrypts in transit is let in.

    Source R-RDS-16: botocore rds VpcEncryptionControlViolationException; which classes is a guess.
    """
    box.add_db_instance("app")
    shot = snap(box, rds, "app")
    vpc = client("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]
    box.add_rds_document("vpc-encryption-control", vpc, {"Mode": "enforce"})
    listed = client("ec2").describe_vpc_encryption_controls(VpcIds=[vpc])["VpcEncryptionControls"]
    assert [(c["VpcId"], c["Mode"]) for c in listed] == [(vpc, "enforce")]
    old = {"DBInstanceClass": "db.m5.large"}
    code = ("VpcEncryptionControlViolationException", 400)
    assert refused(rds.create_db_instance, DBInstanceIdentifier="a", **{**SMALL, **old}) == code
    restore = {"DBInstanceIdentifier": "b", "DBSnapshotIdentifier": shot}
    assert refused(rds.restore_db_instance_from_db_snapshot, **restore, **old) == code
    assert refused(rds.modify_db_instance, DBInstanceIdentifier="app", **old, ApplyImmediately=True) == code
    rds.restore_db_instance_from_db_snapshot(**restore)


def test_a_version_that_is_no_longer_offered_is_upgraded_first(box, rds, refused):
    """R-RDS-24: ModifyDBSnapshot, then the restore; a cluster's restore in such a version is refused too.

    Source R-RDS-24: botocore rds DescribeOrderableDBInstanceOptions; recorded: InvalidParameterCombination, RDS does
      not support creating a DB instance with the following combination (elastic/beats#38473);
      docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_UpgradeDBSnapshot.html; the code for a version is a guess.
    """
    box.add_db_instance("app", EngineVersion="9.6.22")
    ask = {"DBInstanceIdentifier": "new", "DBSnapshotIdentifier": snap(box, rds, "app")}
    assert refused(rds.restore_db_instance_from_db_snapshot, **ask)[0] == "InvalidParameterCombination"
    rds.modify_db_snapshot(DBSnapshotIdentifier="app-s", EngineVersion="13.20")
    rds.restore_db_instance_from_db_snapshot(**ask)
    box.add_db_cluster("au")
    rds.create_db_cluster_snapshot(DBClusterIdentifier="au", DBClusterSnapshotIdentifier="s")
    box.clock.advance(1000)
    old = {"DBClusterIdentifier": "new", "SnapshotIdentifier": "s", "Engine": "aurora-postgresql"}
    found = refused(rds.restore_db_cluster_from_snapshot, **old, EngineVersion="9.6.22")
    assert found[0] == "InvalidParameterCombination"


def test_a_serverless_member_needs_its_clusters_scaling(box, rds, refused):
    """SB-AUR-08: a restore has none unless told; then a writer of class db.serverless is refused.

    Source SB-AUR-08: recorded: Set the Serverless v2 scaling configuration on the parent DB cluster; the restore is a
      guess.
    """
    scaling = {"MinCapacity": 0.5, "MaxCapacity": 8.0}
    box.add_db_cluster("au", "aurora-mysql", instance_class="db.serverless", ServerlessV2ScalingConfiguration=scaling)
    rds.create_db_cluster_snapshot(DBClusterIdentifier="au", DBClusterSnapshotIdentifier="s")
    box.clock.advance(1000)
    ask = {"SnapshotIdentifier": "s", "Engine": "aurora-mysql"}
    rds.restore_db_cluster_from_snapshot(DBClusterIdentifier="bare", **ask)
    rds.restore_db_cluster_from_snapshot(DBClusterIdentifier="told", **ask, ServerlessV2ScalingConfiguration=scaling)
    box.clock.advance(1000)
    one = {"DBInstanceClass": "db.serverless", "Engine": "aurora-mysql"}
    bare = {"DBInstanceIdentifier": "bare-1", "DBClusterIdentifier": "bare", **one}
    assert refused(rds.create_db_instance, **bare) == ("InvalidDBClusterStateFault", 400)
    rds.create_db_instance(DBInstanceIdentifier="told-1", DBClusterIdentifier="told", **one)


@pytest.mark.parametrize("more", [{"EngineMode": "serverless"}, {"ClusterScalabilityType": "limitless"}])
def test_serverless_v1_and_limitless_have_no_blue_green(box, rds, cluster, refused, more):
    """R-RDS-22.

    Source R-RDS-22: Blue/Green refuses Aurora Serverless v1 and Limitless.
      docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/blue-green-deployments-overview.html.
    """
    box.add_db_cluster("au", "aurora-mysql", **more)
    ask = {"BlueGreenDeploymentName": "bg", "Source": cluster("au")["DBClusterArn"]}
    assert refused(rds.create_blue_green_deployment, **ask) == ("SourceClusterNotSupportedFault", 400)


def test_a_key_that_is_not_for_encryption_is_refused(box, rds, client, refused):
    """R-RDS-14: asymmetric, or for signing.

    Source R-RDS-14: botocore rds KMSKeyNotAccessibleFault.
    """
    made = client("kms").create_key(KeySpec="RSA_2048", KeyUsage="ENCRYPT_DECRYPT")["KeyMetadata"]["Arn"]
    found = refused(rds.create_db_instance, DBInstanceIdentifier="a", **SMALL, StorageEncrypted=True, KmsKeyId=made)
    assert found == ("KMSKeyNotAccessibleFault", 400)


def test_a_hundred_manual_snapshots_and_a_copy_is_one(box, rds, refused):
    """R-RDS-25: instances' and clusters' are counted apart; automated ones not at all; a deleted one makes room.

    Source R-RDS-25: docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Limits.html.
    """
    box.add_db_instance("app", write_mib_per_s=0, size_gib=1)
    first = snap(box, rds, "app")
    for n in range(99):
        rds.copy_db_snapshot(SourceDBSnapshotIdentifier=first, TargetDBSnapshotIdentifier=f"c{n}")
        box.clock.advance(100)
    copy = {"SourceDBSnapshotIdentifier": first, "TargetDBSnapshotIdentifier": "more"}
    assert refused(rds.copy_db_snapshot, **copy) == ("SnapshotQuotaExceeded", 400)
    rds.delete_db_snapshot(DBSnapshotIdentifier="c0")
    rds.copy_db_snapshot(**copy)
    told = {q["AccountQuotaName"]: q["Used"] for q in rds.describe_account_attributes()["AccountQuotas"]}
    assert (told["ManualSnapshots"], told["ManualClusterSnapshots"]) == (100, 0)


def test_storage_and_clusters_are_counted(box, rds, refused):
    """R-RDS-25: what a restore would take counts, and a stopped or old side still does.

    Source R-RDS-25: docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Limits.html.
    """
    box.world.quotas.__dict__.update(db_storage_gib=50, db_clusters=1)
    box.add_db_instance("app")
    rds.stop_db_instance(DBInstanceIdentifier="app")
    new = {"DBInstanceIdentifier": "b", **SMALL}
    assert refused(rds.create_db_instance, **{**new, "AllocatedStorage": 31}) == ("StorageQuotaExceeded", 400)
    rds.create_db_instance(**{**new, "AllocatedStorage": 30})
    box.add_db_cluster("au")
    more = {"DBClusterIdentifier": "two", "Engine": "aurora-mysql"}
    assert refused(rds.create_db_cluster, **more) == ("DBClusterQuotaExceededFault", 403)


def test_a_copy_is_writing_from_the_first_second_it_is_available(box, rds, db, until):
    """R-RDS-42's other half: nobody connected; the restored copy's own scheduler has begun.

    Source R-RDS-42: docs.aws.amazon.com/AmazonRDS/latest/UserGuide/blue-green-deployments-considerations.html; the code
      is a guess.
    """
    box.add_db_instance("app", "mysql")
    rds.restore_db_instance_from_db_snapshot(DBInstanceIdentifier="new", DBSnapshotIdentifier=snap(box, rds, "app"))
    until(lambda: db("new"), "DBInstanceStatus", "available", step=1)
    mine = f"job@{db('new')['DbiResourceId']}"
    assert mine in box.db_contents("new").streams


def test_monitoring_shows_what_it_adds(box, rds, db):
    """SB-RDS-48: a standby's zone, Performance Insights' key and period, a log stream by resource id.

    Source SB-RDS-48: botocore rds DBInstance.SecondaryAvailabilityZone, PerformanceInsightsKMSKeyId,
      EnhancedMonitoringResourceArn.
    """
    box.add_db_instance("app", MultiAZ=True, EnablePerformanceInsights=True, MonitoringInterval=60)
    shown = db("app")
    assert shown["SecondaryAvailabilityZone"] != shown["AvailabilityZone"]
    assert shown["PerformanceInsightsRetentionPeriod"] == 7
    assert shown["PerformanceInsightsKMSKeyId"].startswith("arn:aws:kms:")
    assert shown["EnhancedMonitoringResourceArn"].endswith(shown["DbiResourceId"])
