"""Aurora and Multi-AZ DB clusters: members, snapshots, restores, renames, endpoints, contents."""

from functools import partial

import pytest


@pytest.fixture
def au(box):
    return box.add_db_cluster("au", readers=2)


@pytest.fixture
def shot(rds):
    return lambda name: rds.describe_db_cluster_snapshots(DBClusterSnapshotIdentifier=name)["DBClusterSnapshots"][0]


@pytest.fixture
def snap(box, rds):
    def take(name="s", cluster="au"):
        rds.create_db_cluster_snapshot(DBClusterIdentifier=cluster, DBClusterSnapshotIdentifier=name)
        box.clock.advance(1000)
        return name

    return take


def restore(rds, **more):
    ask = {"DBClusterIdentifier": "new", "SnapshotIdentifier": "s", "Engine": "aurora-postgresql", **more}
    return rds.restore_db_cluster_from_snapshot(**ask)["DBCluster"]


def test_a_cluster_has_a_writer_and_readers(au, cluster, db):
    """SB-AUR-20: botocore rds DBCluster.DBClusterMembers; endpoints for writer and readers; members share groups and data.

    Source SB-AUR-20: botocore rds DBCluster; docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.Overview.html.
    """
    shown = cluster("au")
    assert [m["IsClusterWriter"] for m in shown["DBClusterMembers"]] == [True, False, False]
    assert shown["Endpoint"].startswith("au.cluster-c")
    assert shown["ReaderEndpoint"].startswith("au.cluster-ro-c")
    assert db("au-2")["VpcSecurityGroups"] == shown["VpcSecurityGroups"]
    assert db("au-2")["DBClusterIdentifier"] == "au"


def test_a_new_aurora_cluster_is_under_an_aws_owned_key(rds):
    """R-RDS-02: StorageEncrypted lies, StorageEncryptionType does not.

    Source R-RDS-02: botocore rds DBCluster.StorageEncrypted;
      docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Overview.Encryption.html.
    """
    made = rds.create_db_cluster(DBClusterIdentifier="c", Engine="aurora-mysql", MasterUsername="a")["DBCluster"]
    assert (made["StorageEncrypted"], made["StorageEncryptionType"]) == (False, "sse-rds")
    assert "KmsKeyId" not in made


def test_a_member_is_made_once_the_cluster_is_available(box, rds, db, cluster, refused):
    """SB-AUR-01, SB-AUR-02, SB-RDS-04: and has nothing of its own that is the cluster's.

    Source SB-AUR-01: botocore rds RestoreDBClusterFromSnapshot.
    Source SB-AUR-02: botocore rds ModifyDBInstance, CreateDBInstance; the code is a guess.
    Source SB-RDS-04: botocore rds CreateDBInstance.Engine; the code is a guess.
    """
    rds.create_db_cluster(DBClusterIdentifier="c", Engine="aurora-postgresql", MasterUsername="a")
    one = {"DBInstanceIdentifier": "c-1", "DBClusterIdentifier": "c", "DBInstanceClass": "db.r6g.large"}
    one["Engine"] = "aurora-postgresql"
    assert refused(rds.create_db_instance, **one) == ("InvalidDBClusterStateFault", 400)
    box.clock.advance(200)
    assert refused(rds.create_db_instance, **{**one, "Engine": "aurora-mysql"})[0] == "InvalidParameterCombination"
    assert refused(rds.create_db_instance, **one, MasterUsername="b")[0] == "InvalidParameterCombination"
    rds.create_db_instance(**one)
    assert db("c-1")["DBInstanceStatus"] == "creating"
    box.clock.advance(500)
    assert (db("c-1")["DBInstanceStatus"], len(cluster("c")["DBClusterMembers"])) == ("available", 1)
    assert (
        refused(rds.modify_db_instance, DBInstanceIdentifier="c-1", BackupRetentionPeriod=3)[0]
        == "InvalidParameterCombination"
    )


def test_a_copy_with_a_key_of_a_plain_snapshot_is_an_error(box, au, rds, snap, shot, refused):
    """SB-RDS-12: without a key it is copied, plain.

    Source SB-RDS-12: botocore rds CopyDBClusterSnapshot.KmsKeyId; the code is a guess.
    """
    box.add_key()
    ask = {"SourceDBClusterSnapshotIdentifier": snap(), "TargetDBClusterSnapshotIdentifier": "c"}
    found = refused(rds.copy_db_cluster_snapshot, **ask, KmsKeyId="alias/app")
    assert found == ("InvalidParameterCombination", 400)
    rds.copy_db_cluster_snapshot(**ask)
    box.clock.advance(1000)
    assert (shot("c")["Status"], shot("c")["StorageEncrypted"]) == ("available", False)
    assert refused(rds.copy_db_cluster_snapshot, **ask)[0] == "DBClusterSnapshotAlreadyExistsFault"


def test_an_encrypted_cluster_snapshot_is_copied_under_another_key(box, rds, snap, shot):
    """SB-RDS-12's other side.

    Source SB-RDS-12: botocore rds CopyDBClusterSnapshot.KmsKeyId; the code is a guess.
    """
    box.add_key()
    other = box.add_key(alias="alias/other")
    box.add_db_cluster("au", kms_key="alias/app")
    ask = {"SourceDBClusterSnapshotIdentifier": snap(), "TargetDBClusterSnapshotIdentifier": "c"}
    rds.copy_db_cluster_snapshot(**ask, KmsKeyId="alias/other")
    assert shot("c")["KmsKeyId"] == other


def test_a_restore_with_a_key_encrypts(box, au, rds, snap, cluster, refused):
    """R-RDS-14, R-RDS-46: straight from the plain snapshot, without members, in the default version, group and flags.

    Source R-RDS-14: botocore rds KMSKeyNotAccessibleFault.
    Source R-RDS-46: botocore rds RestoreDBClusterFromSnapshot.EngineVersion.
    """
    key = box.add_key()
    snap()
    assert refused(partial(restore, rds), KmsKeyId="alias/none")[0] == "KMSKeyNotAccessibleFault"
    made = restore(rds, KmsKeyId="alias/app")
    assert (made["Status"], made["StorageEncryptionType"], made["KmsKeyId"]) == ("creating", "sse-kms", key)
    assert made["DBClusterMembers"] == []
    assert made["EngineVersion"] == "17.4"
    assert made["VpcSecurityGroups"] != cluster("au")["VpcSecurityGroups"]
    assert made["DbClusterResourceId"] != cluster("au")["DbClusterResourceId"]
    assert refused(partial(restore, rds))[0] == "DBClusterAlreadyExistsFault"


def test_a_restore_without_a_version_is_not_the_sources_version(box, rds, snap):
    """R-RDS-46: pass it.

    Source R-RDS-46: botocore rds RestoreDBClusterFromSnapshot.EngineVersion.
    """
    box.add_db_cluster("au", EngineVersion="15.12")
    snap()
    assert restore(rds)["EngineVersion"] == "17.4"
    assert restore(rds, DBClusterIdentifier="two", EngineVersion="15.12")["EngineVersion"] == "15.12"


def test_no_key_for_a_plain_cluster_at_a_point_in_time(box, au, rds, refused):
    """SB-AUR-07.

    Source SB-AUR-07: RestoreDBClusterToPointInTime of a plain cluster with a key is rejected. botocore rds
      RestoreDBClusterToPointInTime.KmsKeyId; the code is a guess.
    """
    box.add_key()
    ask = {"DBClusterIdentifier": "new", "SourceDBClusterIdentifier": "au", "UseLatestRestorableTime": True}
    assert (
        refused(rds.restore_db_cluster_to_point_in_time, **ask, KmsKeyId="alias/app")[0]
        == "InvalidParameterCombination"
    )
    box.clock.advance(1000)
    assert rds.restore_db_cluster_to_point_in_time(**ask)["DBCluster"]["StorageEncryptionType"] == "none"


def test_a_cluster_rename_keeps_its_members(box, au, rds, cluster, db, refused):
    """R-RDS-29, R-RDS-28: about two minutes; endpoints change, members stay with it under their own names.

    Source R-RDS-29: docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_RenameInstance.html.
    Source R-RDS-28: docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_RenameInstance.html; the second half is a
      guess.
    """
    box.add_db_cluster("other")
    rename = {"DBClusterIdentifier": "au", "ApplyImmediately": True}
    found = refused(rds.modify_db_cluster, **rename, NewDBClusterIdentifier="other")
    assert found == ("DBClusterAlreadyExistsFault", 400)
    resource = cluster("au")["DbClusterResourceId"]
    rds.modify_db_cluster(**rename, NewDBClusterIdentifier="au-old")
    late = {"DBClusterIdentifier": "other", "NewDBClusterIdentifier": "au-old", "ApplyImmediately": True}
    assert refused(rds.modify_db_cluster, **late)[0] == "DBClusterAlreadyExistsFault"
    box.clock.advance(box.world.durations.db_modify_lag_s)
    assert cluster("au")["Status"] == "renaming"
    box.clock.advance(box.world.durations.cluster_rename_s)
    shown = cluster("au-old")
    assert (shown["DbClusterResourceId"], len(shown["DBClusterMembers"])) == (resource, 3)
    assert shown["Endpoint"].startswith("au-old.")
    assert db("au-1")["DBClusterIdentifier"] == "au-old"
    assert refused(rds.describe_db_clusters, DBClusterIdentifier="au")[0] == "DBClusterNotFoundFault"


def test_a_rename_waits_for_apply_immediately(au, rds, cluster):
    """R-RDS-13: ClusterPendingModifiedValues.DBClusterIdentifier.

    Source R-RDS-13: botocore rds ModifyDBInstance.ApplyImmediately.
    """
    rds.modify_db_cluster(DBClusterIdentifier="au", NewDBClusterIdentifier="x")
    assert cluster("au")["PendingModifiedValues"]["DBClusterIdentifier"] == "x"


def test_a_cluster_with_members_is_not_deleted(box, au, rds, refused):
    """SB-AUR-04, SB-RDS-13, R-RDS-30.

    Source SB-AUR-04: An Aurora cluster with members is not deleted.
      docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/USER_DeleteCluster.html.
    Source SB-RDS-13: A delete says SkipFinalSnapshot or names a final snapshot; replicas and members have none.
      botocore rds DeleteDBInstance.SkipFinalSnapshot; the code is a guess.
    Source R-RDS-30: DeletionProtection refuses a delete; DeleteAutomatedBackups is true unless told. botocore rds
      DeleteDBInstance.
    """
    gone = {"DBClusterIdentifier": "au", "SkipFinalSnapshot": True}
    assert refused(rds.delete_db_cluster, **gone) == ("InvalidDBClusterStateFault", 400)
    for n in (1, 2, 3):
        rds.delete_db_instance(DBInstanceIdentifier=f"au-{n}")
    box.clock.advance(500)
    rds.modify_db_cluster(DBClusterIdentifier="au", DeletionProtection=True)
    assert refused(rds.delete_db_cluster, **gone)[0] == "InvalidParameterCombination"
    rds.modify_db_cluster(DBClusterIdentifier="au", DeletionProtection=False)
    assert refused(rds.delete_db_cluster, DBClusterIdentifier="au")[0] == "InvalidParameterCombination"
    rds.delete_db_cluster(**gone)
    box.clock.advance(500)
    assert refused(rds.describe_db_clusters, DBClusterIdentifier="au")[0] == "DBClusterNotFoundFault"


def test_a_failover_makes_another_member_the_writer(box, au, rds, cluster, refused):
    """SB-AUR-05: connections end; one member alone cannot fail over.

    Source SB-AUR-05: botocore rds FailoverDBCluster.
    """
    rds.failover_db_cluster(DBClusterIdentifier="au", TargetDBInstanceIdentifier="au-3")
    box.clock.advance(60)
    assert {m["DBInstanceIdentifier"]: m["IsClusterWriter"] for m in cluster("au")["DBClusterMembers"]}["au-3"] is True
    box.add_db_cluster("lone", readers=0)
    assert refused(rds.failover_db_cluster, DBClusterIdentifier="lone")[0] == "InvalidDBClusterStateFault"
    assert box.db_losses() == []


def test_a_deleted_writer_is_followed_by_a_reader(box, au, rds, cluster):
    """SB-AUR-21: The lowest promotion tier takes over; the client's writes go on.

    Source SB-AUR-21: docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Concepts.AuroraHighAvailability.html.
    """
    rds.delete_db_instance(DBInstanceIdentifier="au-1")
    box.clock.advance(500)
    assert next(m for m in cluster("au")["DBClusterMembers"] if m["IsClusterWriter"])["DBInstanceIdentifier"] == "au-2"
    assert box.db_contents("au").streams["client:au"][-1][1] == box.now()


def test_a_cluster_stops_with_its_members_and_starts_after_seven_days(box, au, rds, db, cluster):
    """R-RDS-12; members are neither stopped nor started one by one (SB-RDS-19).

    Source R-RDS-12: botocore rds StopDBInstance, DBInstance.AutomaticRestartTime.
    Source SB-RDS-19: botocore rds StopDBInstance;
      docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_StopInstance.html; the code is a guess.
    """
    rds.stop_db_cluster(DBClusterIdentifier="au")
    box.clock.advance(300)
    assert (cluster("au")["Status"], db("au-1")["DBInstanceStatus"]) == ("stopped", "stopped")
    box.clock.advance(7 * 86_400 + 1000)
    assert (cluster("au")["Status"], db("au-1")["DBInstanceStatus"]) == ("available", "available")


def test_groups_are_the_clusters_and_every_member_is_rebooted(box, au, rds, client, cluster):
    """SB-RDS-21: rebooting the writer ends its connections; the group is the cluster's.

    Source SB-RDS-21: botocore rds ModifyDBInstance.VpcSecurityGroupIds; AWSEC2 security-group-connection-tracking.html.
    """
    ec2 = client("ec2")
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    group = ec2.create_security_group(GroupName="q", Description="-", VpcId=vpc)["GroupId"]
    rds.modify_db_cluster(DBClusterIdentifier="au", VpcSecurityGroupIds=[group])
    box.clock.advance(box.world.durations.db_groups_s)
    assert {tuple(box.db_carries(f"au-{n}")) for n in (1, 2, 3)} == {(group,)}
    before = box.db_contents("au").streams["client:au"][-1][1]
    rds.reboot_db_instance(DBInstanceIdentifier="au-1")
    box.clock.advance(500)
    assert before == box.db_contents("au").streams["client:au"][-1][1] == box.now() - 500


def test_the_data_api_is_a_way_round_every_group(box, rds, client, cluster):
    """SB-AUR-22: EnableHttpEndpoint: writes over it end only when it is off, and are lost like others.

    Source SB-AUR-22: docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/data-api.html; botocore rds
      DisableHttpEndpoint.
    """
    box.add_db_cluster("au", data_api_client=True, job=False)
    ec2 = client("ec2")
    group = ec2.create_security_group(GroupName="q", Description="-", VpcId=ec2.describe_vpcs()["Vpcs"][0]["VpcId"])[
        "GroupId"
    ]
    rds.modify_db_cluster(DBClusterIdentifier="au", VpcSecurityGroupIds=[group])
    box.clock.advance(100)
    for n in (1, 2):
        rds.reboot_db_instance(DBInstanceIdentifier=f"au-{n}")
    box.clock.advance(300)
    assert box.db_contents("au").streams["client:au/data-api"][-1][1] == box.now()
    arn = cluster("au")["DBClusterArn"]
    assert rds.disable_http_endpoint(ResourceArn=arn)["HttpEndpointEnabled"] is False
    box.clock.advance(300)
    assert box.db_contents("au").streams["client:au/data-api"][-1][1] == box.now() - 300


def test_custom_endpoints(box, au, rds, cluster, refused):
    """SB-AUR-06: an identifier is taken as long as any cluster has it.

    Source SB-AUR-06: botocore rds DBClusterEndpointAlreadyExistsFault; 'in the Region' is the bad way to read it
      (guess).
    """
    made = {"DBClusterIdentifier": "au", "DBClusterEndpointIdentifier": "reports", "EndpointType": "READER"}
    rds.create_db_cluster_endpoint(**made, StaticMembers=["au-2"])
    box.add_db_cluster("two")
    again = refused(rds.create_db_cluster_endpoint, **{**made, "DBClusterIdentifier": "two"})
    assert again == ("DBClusterEndpointAlreadyExistsFault", 400)
    found = rds.describe_db_cluster_endpoints(DBClusterIdentifier="au")["DBClusterEndpoints"]
    assert [e["EndpointType"] for e in found] == ["WRITER", "READER", "CUSTOM"]
    assert found[2]["Status"] == "creating"
    assert cluster("au")["CustomEndpoints"] == [found[2]["Endpoint"]]
    rds.modify_db_cluster_endpoint(DBClusterEndpointIdentifier="reports", StaticMembers=["au-3"])
    rds.delete_db_cluster_endpoint(DBClusterEndpointIdentifier="reports")
    assert (
        refused(rds.delete_db_cluster_endpoint, DBClusterEndpointIdentifier="reports")[0]
        == "DBClusterEndpointNotFoundFault"
    )


def test_a_multi_az_db_cluster_brings_its_instances(box, rds, cluster, refused, snap):
    """SB-AUR-03: a class of its own, three instances, rebooted whole; encrypted at the restore.

    Source SB-AUR-03: docs.aws.amazon.com/AmazonRDS/latest/UserGuide/multi-az-db-clusters-concepts.html; the code is a
      guess.
    """
    box.add_key()
    box.add_db_cluster("au", "mysql", readers=2, DBClusterInstanceClass="db.m6g.large")
    assert (
        refused(rds.delete_db_instance, DBInstanceIdentifier="au-instance-1", SkipFinalSnapshot=True)[0]
        == "InvalidDBClusterStateFault"
    )
    rds.reboot_db_cluster(DBClusterIdentifier="au")
    box.clock.advance(100)
    snap()
    ask = {"Engine": "mysql", "KmsKeyId": "alias/app"}
    assert refused(partial(restore, rds), **ask)[0] == "InvalidParameterCombination"
    restore(rds, **ask, DBClusterInstanceClass="db.m6g.large")
    box.clock.advance(1000)
    shown = cluster("new")
    assert (shown["Status"], len(shown["DBClusterMembers"]), shown["StorageEncryptionType"]) == (
        "available",
        3,
        "sse-kms",
    )
    box.add_db_cluster("real")
    assert refused(rds.reboot_db_cluster, DBClusterIdentifier="real")[0] == "InvalidDBClusterStateFault"


def test_a_fenced_cluster_migration_loses_nothing(box, rds, client, cluster):
    """SB-ROW-02: Groups, reboot of every member, job off, snapshot, restore with the key, writer, renames, own groups.

    Source SB-ROW-02: what an engine does; the sandbox's own way to show it.
    """
    box.add_key()
    box.add_db_cluster("au")
    own = [g["VpcSecurityGroupId"] for g in cluster("au")["VpcSecurityGroups"]]
    ec2 = client("ec2")
    group = ec2.create_security_group(GroupName="q", Description="-", VpcId=ec2.describe_vpcs()["Vpcs"][0]["VpcId"])[
        "GroupId"
    ]
    box.engine("au").execute("schedulers", False)
    rds.modify_db_cluster(DBClusterIdentifier="au", VpcSecurityGroupIds=[group])
    box.clock.advance(60)
    for n in (1, 2):
        rds.reboot_db_instance(DBInstanceIdentifier=f"au-{n}")
    box.clock.advance(100)
    rds.create_db_cluster_snapshot(DBClusterIdentifier="au", DBClusterSnapshotIdentifier="s")
    box.clock.advance(500)
    restore(rds, KmsKeyId="alias/app", VpcSecurityGroupIds=[group])
    box.clock.advance(500)
    one = {"DBInstanceClass": "db.r6g.large", "Engine": "aurora-postgresql"}
    rds.create_db_instance(DBInstanceIdentifier="new-1", DBClusterIdentifier="new", **one)
    box.clock.advance(600)
    for old, name in (("au", "au-old"), ("new", "au")):
        rds.modify_db_cluster(DBClusterIdentifier=old, NewDBClusterIdentifier=name, ApplyImmediately=True)
        box.clock.advance(300)
    rds.modify_db_cluster(DBClusterIdentifier="au", VpcSecurityGroupIds=own)
    box.clock.advance(100)
    box.engine("au").execute("schedulers", True)
    box.clock.advance(100)
    assert (box.db_losses(), box.double_runs()) == ([], [])
    assert box.db_contents("au").streams["client:au"][-1][1] == box.now()


def test_a_cluster_key_that_is_disabled(box, rds, cluster, db):
    """R-RDS-34: cluster and members say so.

    Source R-RDS-34: docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Overview.Encryption.html; when RDS notices is a
      guess.
    """
    key = box.add_key()
    box.add_db_cluster("au", kms_key=key)
    box.disable_key(key)
    box.clock.advance(1000)
    word = "inaccessible-encryption-credentials-recoverable"
    assert (cluster("au")["Status"], db("au-1")["DBInstanceStatus"]) == (word, word)


def test_roles_of_clusters(box, au, rds, cluster, refused):
    """SB-RDS-23.

    Source SB-RDS-23: A role is associated once, for one feature, while the database is available. botocore rds
      AddRoleToDBInstance.
    """
    role = {"DBClusterIdentifier": "au", "RoleArn": "arn:aws:iam::123456789012:role/s3"}
    rds.add_role_to_db_cluster(**role)
    assert refused(rds.add_role_to_db_cluster, **role)[0] == "DBClusterRoleAlreadyExists"
    rds.remove_role_from_db_cluster(**role)
    assert cluster("au")["AssociatedRoles"] == []


def test_a_deleted_cluster_leaves_its_automated_backups(box, rds, refused):
    """SB-RDS-42: kept until its retention has passed where that was asked for; a cluster's are no instance's.

    Source SB-RDS-42: botocore rds DeleteDBInstance, DeleteDBInstanceAutomatedBackup;
      docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_WorkingWithAutomatedBackups.html.
    """
    box.add_db_cluster("gone", "aurora-postgresql", readers=0)
    box.clock.advance(60)
    (live,) = rds.describe_db_cluster_automated_backups(DBClusterIdentifier="gone")["DBClusterAutomatedBackups"]
    rds.delete_db_instance(DBInstanceIdentifier="gone-1", SkipFinalSnapshot=True)
    box.clock.advance(900)
    rds.delete_db_cluster(DBClusterIdentifier="gone", SkipFinalSnapshot=True, DeleteAutomatedBackups=False)
    box.clock.advance(900)

    (kept,) = rds.describe_db_cluster_automated_backups()["DBClusterAutomatedBackups"]
    assert (live["Status"], kept["Status"]) == ("active", "retained")
    assert kept["DbClusterResourceId"] == live["DbClusterResourceId"]
    assert rds.describe_db_instance_automated_backups()["DBInstanceAutomatedBackups"] == []
    rds.delete_db_cluster_automated_backup(DbClusterResourceId=kept["DbClusterResourceId"])
    assert rds.describe_db_cluster_automated_backups()["DBClusterAutomatedBackups"] == []
    code, _ = refused(rds.delete_db_cluster_automated_backup, DbClusterResourceId=kept["DbClusterResourceId"])
    assert code == "DBClusterAutomatedBackupNotFoundFault"


def _outages(box, start):
    return [(o.stream, o.start - start, o.end - start) for o in box.db_outages(start) if o.reads]


def test_the_reader_endpoint_goes_on_while_one_reader_is_there(au, box, rds):
    """SB-AUR-23: a reader that reboots drops its connections, and the endpoint leads to the other one.

    The writer is not behind it.

    Source SB-AUR-23: docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.Endpoints.Reader.html,
      Aurora.Endpoints.Custom.html.
    """
    box.add_db_reader("au", "cluster")
    start = box.now()
    rds.reboot_db_instance(DBInstanceIdentifier="au-2")
    box.clock.advance(100)
    assert _outages(box, start) == []
    for reader in ("au-2", "au-3"):
        rds.reboot_db_instance(DBInstanceIdentifier=reader)
    box.clock.advance(100)
    assert _outages(box, start) == [("reader:au", 100, 160)]


def test_a_lone_writer_is_behind_the_reader_endpoint(box, rds):
    """SB-AUR-23: it serves both.

    Source SB-AUR-23: docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.Endpoints.Reader.html,
      Aurora.Endpoints.Custom.html.
    """
    box.add_db_cluster("au", readers=0)
    box.add_db_reader("au", "cluster")
    start = box.now()
    rds.reboot_db_instance(DBInstanceIdentifier="au-1")
    box.clock.advance(100)
    assert _outages(box, start) == [("reader:au", 0, 60)]


def test_a_custom_endpoint_leads_to_its_members(au, box, rds):
    """SB-AUR-23: once it is available; the connections that it led to outlive it.

    Source SB-AUR-23: docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.Endpoints.Reader.html,
      Aurora.Endpoints.Custom.html.
    """
    start = box.now()
    custom = {"DBClusterEndpointIdentifier": "reports"}
    rds.create_db_cluster_endpoint(
        DBClusterIdentifier="au", **custom, EndpointType="READER", StaticMembers=["au-3", "au-1"]
    )
    box.add_db_reader("reports", "endpoint")
    box.clock.advance(100)
    rds.reboot_db_instance(DBInstanceIdentifier="au-2")
    rds.delete_db_cluster_endpoint(**custom)
    box.clock.advance(100)
    rds.reboot_db_instance(DBInstanceIdentifier="au-3")
    box.clock.advance(100)
    assert _outages(box, start) == [("reader:reports", 0, 30), ("reader:reports", 200, 300)]
