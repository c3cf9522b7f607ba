"""DB instances: creation, identifiers, deletion, quotas, pages, power."""

import pytest

SMALL = {"DBInstanceClass": "db.t3.medium", "Engine": "postgres", "AllocatedStorage": 20, "MasterUsername": "admin"}
DAY = 86_400


@pytest.fixture
def make(rds):
    return lambda name, **more: rds.create_db_instance(**{"DBInstanceIdentifier": name, **SMALL, **more})["DBInstance"]


def test_an_instance_is_creating_then_backing_up_then_available(box, db, make):
    """SB-RDS-40: Status words in the order of Overview.DBInstance.Status; an automated snapshot exists afterwards.

    Source SB-RDS-40: docs.aws.amazon.com/AmazonRDS/latest/UserGuide/accessing-monitoring.html (DB instance status).
    """
    made = make("app", MasterUserPassword="secret99")
    assert (made["DBInstanceStatus"], made["StorageEncryptionType"]) == ("creating", "none")
    assert "Endpoint" not in made
    box.clock.advance(box.world.durations.db_create_s)
    assert db("app")["DBInstanceStatus"] == "backing-up"
    box.clock.advance(box.world.durations.db_backup_s)
    assert db("app")["DBInstanceStatus"] == "available"
    assert db("app")["Endpoint"]["Address"].startswith("app.")


def test_defaults_are_gp3_single_az_and_flags_off(make):
    """R-RDS-47's defaults hold for CreateDBInstance too.

    Source R-RDS-47: botocore rds RestoreDBInstanceFromDBSnapshot.
    """
    made = make("app")
    assert (made["StorageType"], made["MultiAZ"], made["DeletionProtection"]) == ("gp3", False, False)
    assert made["DBParameterGroups"][0]["DBParameterGroupName"] == "default.postgres17"


def test_identifiers_are_kept_in_lower_case_and_checked(make, refused):
    """SB-RDS-01.

    Source SB-RDS-01: Identifiers: letters, digits, single hyphens, a letter first; kept in lower case. botocore rds
      CreateDBInstance.
    """
    assert make("App-1")["DBInstanceIdentifier"] == "app-1"
    for bad in ("1app", "app-", "a--b", "a_b"):
        assert refused(make, name=bad) == ("InvalidParameterValue", 400)


def test_a_taken_identifier_is_refused(box, make, refused):
    """R-RDS-27.

    Source R-RDS-27: An identifier in use is refused. botocore rds DBInstanceAlreadyExistsFault.
    """
    box.add_db_instance("app")
    assert refused(make, name="app") == ("DBInstanceAlreadyExists", 400)


def test_what_is_not_there_is_not_found(rds, refused):
    """SB-RDS-02: the wire code has no Fault, the status is 404.

    Source SB-RDS-02: botocore rds error shapes.
    """
    assert refused(rds.describe_db_instances, DBInstanceIdentifier="no") == ("DBInstanceNotFound", 404)
    assert refused(rds.describe_db_clusters, DBClusterIdentifier="no") == ("DBClusterNotFoundFault", 404)
    assert refused(rds.describe_db_snapshots, DBSnapshotIdentifier="no") == ("DBSnapshotNotFound", 404)
    assert rds.describe_db_instances()["DBInstances"] == []


@pytest.mark.parametrize(
    ("rule", "more", "code"),
    [
        ("SB-RDS-04", {"Engine": "dbase"}, "InvalidParameterValue"),
        ("SB-RDS-04", {"Engine": "aurora-mysql"}, "InvalidParameterCombination"),
        ("SB-RDS-05", {"DBParameterGroupName": "default.mysql8.0"}, "InvalidParameterCombination"),
        ("SB-RDS-07", {"MultiAZ": True, "AvailabilityZone": "eu-central-1a"}, "InvalidParameterCombination"),
        ("SB-RDS-03", {"StorageEncrypted": False, "KmsKeyId": "alias/app"}, "InvalidParameterCombination"),
        ("R-RDS-04", {"Engine": "sqlserver-ex", "StorageEncrypted": True}, "InvalidParameterCombination"),
        ("R-RDS-05", {"DBInstanceClass": "db.t2.micro", "StorageEncrypted": True}, "InvalidParameterCombination"),
        ("R-RDS-14", {"KmsKeyId": "alias/none"}, "KMSKeyNotAccessibleFault"),
        ("R-RDS-48", {"Tags": [{"Key": "aws:x", "Value": "y"}]}, "InvalidParameterValue"),
        ("SB-RDS-02", {"VpcSecurityGroupIds": ["sg-00000000000000000"]}, "InvalidParameterValue"),
        ("SB-RDS-02", {"DBSubnetGroupName": "none"}, "DBSubnetGroupNotFoundFault"),
    ],
)
def test_a_create_that_aws_refuses(make, refused, rule, more, code):
    """SB-RDS-03, SB-RDS-04, SB-RDS-05, SB-RDS-07, R-RDS-04, R-RDS-05, R-RDS-14, R-RDS-48: nothing is left behind.

    Source SB-RDS-03: botocore rds CreateDBInstance.KmsKeyId; the code is a guess.
    Source SB-RDS-04: botocore rds CreateDBInstance.Engine; the code is a guess.
    Source SB-RDS-05: docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_WorkingWithParamGroups.html; the code is a
      guess.
    Source SB-RDS-07: botocore rds CreateDBInstance; the code is a guess.
    Source R-RDS-04: docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Overview.Encryption.html; the code is a guess.
    Source R-RDS-05: docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Overview.Encryption.html; the code is a guess.
    Source R-RDS-14: botocore rds KMSKeyNotAccessibleFault.
    Source R-RDS-48: botocore rds CopyDBSnapshot.CopyTags; recorded: InvalidParameterValue.
    """
    assert refused(make, name="app", **more)[0] == code, rule


def test_under_a_key_the_type_is_sse_kms(box, make):
    """SB-RDS-41: botocore rds DBInstance.StorageEncryptionType; an alias becomes the key's ARN, none is aws/rds.

    Source SB-RDS-41: botocore rds DBInstance.StorageEncryptionType.
    """
    key = box.add_key()
    made = make("app", KmsKeyId="alias/app", StorageEncrypted=True)
    assert (made["StorageEncryptionType"], made["KmsKeyId"]) == ("sse-kms", key)
    assert make("other", StorageEncrypted=True)["KmsKeyId"] != key


def test_forty_instances_members_and_all(make, refused, box):
    """R-RDS-25: DescribeAccountAttributes tells used and most.

    Source R-RDS-25: docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Limits.html.
    """
    for n in range(37):
        box.add_db_instance(f"db-{n}", write_mib_per_s=0)
    box.add_db_cluster("au", readers=2)
    assert refused(make, name="more") == ("InstanceQuotaExceeded", 400)
    told = box.client("rds").describe_account_attributes()["AccountQuotas"]
    quotas = {q["AccountQuotaName"]: (q["Used"], q["Max"]) for q in told}
    assert quotas["DBInstances"] == (40, 40)
    assert quotas["DBClusters"] == (1, 40)


def test_describes_come_in_pages_and_by_exact_filters(box, rds, refused):
    """SB-RDS-06: Marker, 20 to 100 records, DbiResourceId as a filter.

    Source SB-RDS-06: botocore rds DescribeDBInstances.
    """
    box.world.quotas.__dict__["db_instances"] = 60
    for n in range(45):
        box.add_db_instance(f"db-{n:02}", write_mib_per_s=0, job=False)
    pages = list(rds.get_paginator("describe_db_instances").paginate(PaginationConfig={"PageSize": 20}))
    assert [len(p["DBInstances"]) for p in pages] == [20, 20, 5]
    one = pages[2]["DBInstances"][0]
    by_id = [{"Name": "dbi-resource-id", "Values": [one["DbiResourceId"]]}]
    assert [d["DBInstanceIdentifier"] for d in rds.describe_db_instances(Filters=by_id)["DBInstances"]] == ["db-40"]
    assert refused(rds.describe_db_instances, MaxRecords=10)[0] == "InvalidParameterValue"
    assert (
        refused(rds.describe_db_instances, Filters=[{"Name": "colour", "Values": ["x"]}])[0] == "InvalidParameterValue"
    )


def test_a_delete_says_what_becomes_of_the_data(box, rds, db, refused):
    """SB-RDS-13: a final snapshot or SkipFinalSnapshot, not both, not neither.

    Source SB-RDS-13: botocore rds DeleteDBInstance.SkipFinalSnapshot; the code is a guess.
    """
    box.add_db_instance("app")
    gone = {"DBInstanceIdentifier": "app"}
    assert refused(rds.delete_db_instance, **gone)[0] == "InvalidParameterCombination"
    both = {"SkipFinalSnapshot": True, "FinalDBSnapshotIdentifier": "last"}
    assert refused(rds.delete_db_instance, **gone, **both)[0] == "InvalidParameterCombination"
    rds.delete_db_instance(**gone, FinalDBSnapshotIdentifier="last")
    assert db("app")["DBInstanceStatus"] == "deleting"
    assert refused(rds.delete_db_instance, **gone, SkipFinalSnapshot=True)[0] == "InvalidDBInstanceState"
    box.clock.advance(box.world.durations.db_delete_s)
    assert refused(rds.describe_db_instances, **gone)[0] == "DBInstanceNotFound"
    box.clock.advance(1000)
    assert rds.describe_db_snapshots(DBSnapshotIdentifier="last")["DBSnapshots"][0]["Status"] == "available"


def test_deletion_protection_and_automated_backups(box, rds, refused):
    """R-RDS-30: protected is refused; backups go at once unless told, or are retained for their period.

    Source R-RDS-30: botocore rds DeleteDBInstance.
    """
    box.add_db_instance("app", DeletionProtection=True)
    gone = {"DBInstanceIdentifier": "app", "SkipFinalSnapshot": True}
    assert refused(rds.delete_db_instance, **gone)[0] == "InvalidParameterCombination"
    rds.modify_db_instance(DBInstanceIdentifier="app", DeletionProtection=False)
    rds.delete_db_instance(**gone, DeleteAutomatedBackups=False)
    box.clock.advance(300)
    (kept,) = rds.describe_db_instance_automated_backups()["DBInstanceAutomatedBackups"]
    assert (kept["Status"], kept["DBInstanceIdentifier"], kept["Encrypted"]) == ("retained", "app", False)
    box.clock.advance(7 * DAY)
    assert rds.describe_db_instance_automated_backups()["DBInstanceAutomatedBackups"] == []


def test_a_retained_backup_is_deleted_by_hand(box, rds):
    """SB-RDS-42: DeleteDBInstanceAutomatedBackup takes the resource id; the default of a delete leaves none.

    Source SB-RDS-42: botocore rds DeleteDBInstance, DeleteDBInstanceAutomatedBackup;
      docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_WorkingWithAutomatedBackups.html.
    """
    for name, drop in (("kept", False), ("dropped", True)):
        box.add_db_instance(name)
        rds.delete_db_instance(DBInstanceIdentifier=name, SkipFinalSnapshot=True, DeleteAutomatedBackups=drop)
    box.clock.advance(300)
    (kept,) = rds.describe_db_instance_automated_backups()["DBInstanceAutomatedBackups"]
    assert kept["DBInstanceIdentifier"] == "kept"
    rds.delete_db_instance_automated_backup(DbiResourceId=kept["DbiResourceId"])
    assert rds.describe_db_instance_automated_backups()["DBInstanceAutomatedBackups"] == []


def test_a_backup_every_day_in_its_window(box, rds, db):
    """SB-RDS-42: BackupRetentionPeriod, PreferredBackupWindow: a system snapshot a day, kept for so many days.

    Source SB-RDS-42: botocore rds DeleteDBInstance, DeleteDBInstanceAutomatedBackup;
      docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_WorkingWithAutomatedBackups.html.
    """
    box.add_db_instance("app", BackupRetentionPeriod=2)
    box.clock.advance(19 * 3600 + 10)
    assert db("app")["DBInstanceStatus"] == "backing-up"
    box.clock.advance(5 * DAY)
    shots = rds.describe_db_snapshots(SnapshotType="automated")["DBSnapshots"]
    assert [s["DBSnapshotIdentifier"][:8] for s in shots] == ["rds:app-"] * len(shots)
    assert len(shots) in (2, 3)


def test_replicated_backups_need_a_key_of_their_region(box, rds, db, client, refused):
    """SB-RDS-10: called in the destination; the instance tells of it.

    Source SB-RDS-10: botocore rds StartDBInstanceAutomatedBackupsReplication.KmsKeyId; the code is a guess.
    """
    box.add_db_instance("app", kms_key=box.add_key())
    far, arn = client("rds", "eu-west-1"), db("app")["DBInstanceArn"]
    start = far.start_db_instance_automated_backups_replication
    assert refused(start, SourceDBInstanceArn=arn)[0] == "InvalidParameterCombination"
    start(SourceDBInstanceArn=arn, KmsKeyId=box.add_key("eu-west-1"))
    assert len(db("app")["DBInstanceAutomatedBackupsReplications"]) == 1
    far.stop_db_instance_automated_backups_replication(SourceDBInstanceArn=arn)
    assert "DBInstanceAutomatedBackupsReplications" not in db("app")


def test_a_reboot_takes_its_time_and_failover_needs_multi_az(box, rds, db, refused):
    """SB-RDS-18.

    Source SB-RDS-18: A reboot ends connections and applies what was pending-reboot; ForceFailover needs Multi-AZ.
      botocore rds RebootDBInstance.
    """
    box.add_db_instance("app")
    assert (
        refused(rds.reboot_db_instance, DBInstanceIdentifier="app", ForceFailover=True)[0]
        == "InvalidParameterCombination"
    )
    rds.reboot_db_instance(DBInstanceIdentifier="app")
    assert db("app")["DBInstanceStatus"] == "rebooting"
    assert refused(rds.reboot_db_instance, DBInstanceIdentifier="app") == ("InvalidDBInstanceState", 400)
    box.clock.advance(box.world.durations.db_reboot_s)
    assert db("app")["DBInstanceStatus"] == "available"


def test_a_stopped_instance_starts_after_seven_days(box, rds, db):
    """R-RDS-12: AutomaticRestartTime says when.

    Source R-RDS-12: botocore rds StopDBInstance, DBInstance.AutomaticRestartTime.
    """
    box.add_db_instance("app")
    rds.stop_db_instance(DBInstanceIdentifier="app")
    assert db("app")["DBInstanceStatus"] == "stopping"
    box.clock.advance(box.world.durations.db_stop_s)
    stopped = db("app")
    assert stopped["DBInstanceStatus"] == "stopped"
    assert stopped["AutomaticRestartTime"].timestamp() == int(box.now() + 7 * DAY)
    box.clock.advance(7 * DAY)
    assert db("app")["DBInstanceStatus"] == "starting"
    box.clock.advance(box.world.durations.db_start_s)
    assert "AutomaticRestartTime" not in db("app")


def test_what_is_not_stopped(box, rds, refused):
    """SB-RDS-19: members, replicas and their sources, and what is not available.

    Source SB-RDS-19: botocore rds StopDBInstance;
      docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_StopInstance.html; the code is a guess.
    """
    box.add_db_instance("app")
    box.add_db_replica("copy", "app")
    box.add_db_cluster("au")
    for name, code in (
        ("app", "InvalidDBInstanceState"),
        ("copy", "InvalidDBInstanceState"),
        ("au-1", "InvalidDBClusterStateFault"),
    ):
        assert refused(rds.stop_db_instance, DBInstanceIdentifier=name)[0] == code
    assert refused(rds.start_db_instance, DBInstanceIdentifier="app")[0] == "InvalidDBInstanceState"


def test_an_unknown_operation_is_refused_in_a_form_that_clients_can_parse(rds, refused):
    """SB-API-02: nothing of RDS is left to moto, which knows none of these databases.

    Source SB-API-02: the sandbox's own.
    """
    assert refused(rds.describe_reserved_db_instances_offerings) == ("UnsupportedOperation", 400)
