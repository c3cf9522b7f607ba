"""ModifyDBInstance: pending values, storage, renames, parameter groups, managed passwords, roles."""

import pytest


@pytest.fixture
def app(box):
    return box.add_db_instance("app")


@pytest.fixture
def modify(rds):
    return lambda name="app", **more: rds.modify_db_instance(DBInstanceIdentifier=name, **more)["DBInstance"]


def test_without_apply_immediately_a_change_is_pending(box, db, modify, app):
    """R-RDS-13: until the maintenance window.

    Source R-RDS-13: botocore rds ModifyDBInstance.ApplyImmediately.
    """
    shown = modify(DBInstanceClass="db.m6g.xlarge", BackupRetentionPeriod=3)
    assert shown["PendingModifiedValues"] == {"DBInstanceClass": "db.m6g.xlarge", "BackupRetentionPeriod": 3}
    assert (shown["DBInstanceClass"], shown["DBInstanceStatus"]) == ("db.m6g.large", "available")
    box.clock.advance(8 * 86_400)
    assert (db("app")["DBInstanceClass"], db("app")["PendingModifiedValues"]) == ("db.m6g.xlarge", {})


def test_apply_immediately_applies_all_that_is_pending(box, db, modify, app):
    """R-RDS-13: a rename with ApplyImmediately changes the class too, if that was pending.

    Source R-RDS-13: botocore rds ModifyDBInstance.ApplyImmediately.
    """
    modify(DBInstanceClass="db.m6g.xlarge")
    modify(BackupRetentionPeriod=3, ApplyImmediately=True)
    assert db("app")["PendingModifiedValues"] == {}
    box.clock.advance(1000)
    assert (db("app")["DBInstanceClass"], db("app")["BackupRetentionPeriod"]) == ("db.m6g.xlarge", 3)


def test_available_is_still_said_for_a_while(box, db, modify, app, until):
    """SB-RDS-20: a waiter that believes the first word is too early; three equal readings are not.

    Source SB-RDS-20: botocore rds ModifyDBInstance; recorded: No modifications were requested; when Performance
      Insights is shown is a guess.
    """
    assert modify(DBInstanceClass="db.m6g.xlarge", ApplyImmediately=True)["DBInstanceStatus"] == "available"
    box.clock.advance(box.world.durations.db_modify_lag_s)
    assert db("app")["DBInstanceStatus"] == "modifying"
    until(lambda: db("app"), "DBInstanceStatus", "available")
    assert db("app")["DBInstanceClass"] == "db.m6g.xlarge"


def test_a_database_that_is_busy_is_not_modified(box, modify, app, refused):
    """SB-RDS-20: nor is nothing asked for.

    Source SB-RDS-20: botocore rds ModifyDBInstance; recorded: No modifications were requested; when Performance
      Insights is shown is a guess.
    """
    assert refused(modify, ApplyImmediately=True) == ("InvalidParameterCombination", 400)
    for state in ("modifying", "inaccessible-encryption-credentials-recoverable", "renaming"):
        box.set_db_state("app", state)
        assert refused(modify, DeletionProtection=True) == ("InvalidDBInstanceState", 400)


def test_storage_grows_by_a_tenth_and_rests(box, db, modify, refused):
    """SB-RDS-15: storage-optimization afterwards, in which there is no further change.

    Source SB-RDS-15: botocore rds ModifyDBInstance.AllocatedStorage;
      docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PIOPS.Autoscaling.html; recorded replies: previous storage
      change is being optimized, The maximum allocated storage must be increased by at least 10 percent
      (ministryofjustice/cloud-platform-environments#24422).
    """
    box.add_db_instance("app", size_gib=100)
    for size in (50, 105):
        assert refused(modify, AllocatedStorage=size)[0] == "InvalidParameterCombination"
    modify(AllocatedStorage=120, ApplyImmediately=True)
    box.clock.advance(box.world.durations.db_modify_lag_s + box.world.durations.db_class_change_s)
    assert (db("app")["DBInstanceStatus"], db("app")["AllocatedStorage"]) == ("storage-optimization", 120)
    assert refused(modify, AllocatedStorage=200, ApplyImmediately=True)[0] == "InvalidParameterCombination"
    box.clock.advance(box.world.durations.db_class_change_s)
    assert db("app")["DBInstanceStatus"] == "available"


def test_a_rename_takes_ten_minutes_and_the_old_name_is_gone(box, rds, db, modify, app, refused):
    """R-RDS-29: same DbiResourceId, other ARN and endpoint; a reboot at the end.

    Source R-RDS-29: docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_RenameInstance.html.
    """
    before = db("app")
    modify(NewDBInstanceIdentifier="app-old", ApplyImmediately=True)
    box.clock.advance(box.world.durations.db_modify_lag_s)
    assert db("app")["DBInstanceStatus"] == "renaming"
    assert refused(rds.describe_db_instances, DBInstanceIdentifier="app-old")[0] == "DBInstanceNotFound"
    box.clock.advance(box.world.durations.db_rename_s)
    assert refused(rds.describe_db_instances, DBInstanceIdentifier="app")[0] == "DBInstanceNotFound"
    assert db("app-old")["DBInstanceStatus"] == "rebooting"
    box.clock.advance(box.world.durations.db_reboot_s)
    after = db("app-old")
    assert after["DBInstanceStatus"] == "available"
    assert after["DbiResourceId"] == before["DbiResourceId"]
    assert after["Endpoint"]["Address"] == before["Endpoint"]["Address"].replace("app.", "app-old.", 1)
    assert refused(modify, NewDBInstanceIdentifier="x")[0] == "DBInstanceNotFound"


def test_a_rename_onto_a_taken_name_is_refused(box, modify, app, refused):
    """R-RDS-28: also onto a name that is about to be taken, from the request on; onto one's own it renames and reboots all the same.

    Source R-RDS-28: docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_RenameInstance.html; the second half is a
      guess.
    """
    box.add_db_instance("other")
    assert refused(modify, NewDBInstanceIdentifier="other") == ("DBInstanceAlreadyExists", 400)
    modify(NewDBInstanceIdentifier="fresh", ApplyImmediately=True)
    assert refused(modify, name="other", NewDBInstanceIdentifier="fresh")[0] == "DBInstanceAlreadyExists"
    box.clock.advance(30)
    assert refused(modify, name="other", NewDBInstanceIdentifier="fresh")[0] == "DBInstanceAlreadyExists"
    modify(name="other", NewDBInstanceIdentifier="other", ApplyImmediately=True)
    box.clock.advance(30)
    assert (
        box.client("rds").describe_db_instances(DBInstanceIdentifier="other")["DBInstances"][0]["DBInstanceStatus"]
        == "renaming"
    )


def test_the_old_name_is_not_free_until_the_rename_is_done(box, rds, db, modify, app, refused, until):
    """R-RDS-28: old to x first, wait until it is gone, then new to old.

    Source R-RDS-28: docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_RenameInstance.html; the second half is a
      guess.
    """
    box.add_db_instance("new", job=False)
    modify(NewDBInstanceIdentifier="app-old", ApplyImmediately=True)
    box.clock.advance(60)
    swap = {"name": "new", "NewDBInstanceIdentifier": "app", "ApplyImmediately": True}
    assert refused(modify, **swap)[0] == "DBInstanceAlreadyExists"
    box.clock.advance(700)
    modify(**swap)
    box.clock.advance(700)
    assert db("app")["DBInstanceStatus"] == "available"


def test_a_changed_parameter_group_waits_for_a_reboot(box, rds, db, modify, app):
    """SB-RDS-18: applying, pending-reboot, and in-sync after the reboot.

    Source SB-RDS-18: botocore rds RebootDBInstance.
    """
    rds.create_db_parameter_group(DBParameterGroupName="mine", DBParameterGroupFamily="postgres17", Description="-")
    modify(DBParameterGroupName="mine", ApplyImmediately=True)
    status = lambda: db("app")["DBParameterGroups"][0]["ParameterApplyStatus"]  # noqa: E731
    assert status() == "applying"
    box.clock.advance(box.world.durations.db_parameters_s)
    assert status() == "pending-reboot"
    rds.reboot_db_instance(DBInstanceIdentifier="app")
    box.clock.advance(100)
    assert status() == "in-sync"


def test_parameters_static_and_dynamic(box, rds, app, modify, db, refused):
    """SB-RDS-22: a default group is not changed, a static parameter not at once; SB-RDS-08, SB-RDS-09: names and use.

    Source SB-RDS-22: docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_WorkingWithParamGroups.html; botocore rds
      CopyDBParameterGroup; recorded: InvalidParameterValue, Cannot modify a default parameter group (ankane/pghero#66),
      InvalidParameterCombination, Cannot modify more than 20 parameters in a single request
      (hashicorp/terraform-provider-aws#1298); the code of a copy is a guess.
    Source SB-RDS-08: botocore rds CreateDBSubnetGroup, ModifyDBSubnetGroup; the code for a second VPC, and for the
      default group, is a guess.
    Source SB-RDS-09: botocore rds DeleteDBParameterGroup.
    """
    set_it = rds.modify_db_parameter_group
    one = {"ParameterName": "work_mem", "ParameterValue": "1", "ApplyMethod": "immediate"}
    found = refused(set_it, DBParameterGroupName="default.postgres17", Parameters=[one])
    assert found == ("InvalidParameterValue", 400)
    made = {"DBParameterGroupName": "mine", "DBParameterGroupFamily": "postgres17", "Description": "-"}
    rds.create_db_parameter_group(**made)
    assert refused(rds.create_db_parameter_group, **made)[0] == "DBParameterGroupAlreadyExists"
    static = {**one, "ParameterName": "shared_preload_libraries"}
    assert refused(set_it, DBParameterGroupName="mine", Parameters=[static])[0] == "InvalidParameterCombination"
    set_it(DBParameterGroupName="mine", Parameters=[one])
    told = rds.describe_db_parameters(DBParameterGroupName="mine")["Parameters"]
    assert [(p["ParameterName"], p["ParameterValue"], p["Source"]) for p in told] == [("work_mem", "1", "user")]
    modify(DBParameterGroupName="mine")
    assert refused(rds.delete_db_parameter_group, DBParameterGroupName="mine")[0] == "InvalidDBParameterGroupState"
    copy = {"TargetDBParameterGroupIdentifier": "two", "TargetDBParameterGroupDescription": "-"}
    rds.copy_db_parameter_group(SourceDBParameterGroupIdentifier="mine", **copy)
    assert len(rds.describe_db_parameters(DBParameterGroupName="two")["Parameters"]) == 1
    rds.delete_db_parameter_group(DBParameterGroupName="two")


def test_a_managed_password_is_a_secret_of_its_own(box, rds, db, modify, app, refused, client):
    """R-RDS-17: creating then active, rotated or let go; its key stays as it is; it goes with the instance.

    Source R-RDS-17: botocore rds ModifyDBInstance.MasterUserSecretKmsKeyId, RestoreDBInstanceFromDBSnapshot;
      docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html; the codes are guesses.
    """
    key = box.add_key()
    shown = modify(ManageMasterUserPassword=True, MasterUserSecretKmsKeyId="alias/app", ApplyImmediately=True)
    assert (shown["MasterUserSecret"]["SecretStatus"], shown["MasterUserSecret"]["KmsKeyId"]) == ("creating", key)
    box.clock.advance(100)
    secret = db("app")["MasterUserSecret"]
    assert secret["SecretStatus"] == "active"
    assert "password" in client("secretsmanager").get_secret_value(SecretId=secret["SecretArn"])["SecretString"]
    assert refused(modify, MasterUserSecretKmsKeyId="alias/app")[0] == "InvalidParameterCombination"
    assert refused(modify, MasterUserPassword="secret99")[0] == "InvalidParameterCombination"
    replica = {"DBInstanceIdentifier": "r", "SourceDBInstanceIdentifier": "app"}
    assert refused(rds.create_db_instance_read_replica, **replica)[0] == "InvalidDBInstanceState"
    modify(ManageMasterUserPassword=False, MasterUserPassword="secret99", ApplyImmediately=True)
    assert "MasterUserSecret" not in db("app")


def test_roles_and_streams(box, rds, db, app, refused):
    """SB-RDS-23: once, for one feature. R-RDS-20: a stream started anew has another name.

    Source SB-RDS-23: botocore rds AddRoleToDBInstance.
    Source R-RDS-20: botocore rds StartActivityStream.
    """
    role = {"DBInstanceIdentifier": "app", "RoleArn": "arn:aws:iam::123456789012:role/s3", "FeatureName": "s3Import"}
    rds.add_role_to_db_instance(**role)
    assert db("app")["AssociatedRoles"][0]["Status"] == "PENDING"
    box.clock.advance(60)
    assert db("app")["AssociatedRoles"][0]["Status"] == "ACTIVE"
    assert refused(rds.add_role_to_db_instance, **role)[0] == "DBInstanceRoleAlreadyExists"
    rds.remove_role_from_db_instance(**role)
    assert refused(rds.remove_role_from_db_instance, **role) == ("DBInstanceRoleNotFound", 404)
    stream = {"ResourceArn": db("app")["DBInstanceArn"], "Mode": "async", "KmsKeyId": "alias/app"}
    first = rds.start_activity_stream(**stream)["KinesisStreamName"]
    rds.stop_activity_stream(ResourceArn=stream["ResourceArn"])
    assert rds.start_activity_stream(**stream)["KinesisStreamName"] != first


def test_storage_may_grow_by_ten_percent_at_least(box, rds, modify, app, refused):
    """SB-RDS-15: a limit that is nearer is refused, by a modify and for a replica alike.

    Source SB-RDS-15: botocore rds ModifyDBInstance.AllocatedStorage;
      docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PIOPS.Autoscaling.html; recorded replies: previous storage
      change is being optimized, The maximum allocated storage must be increased by at least 10 percent
      (ministryofjustice/cloud-platform-environments#24422).
    """
    wrong = ("InvalidParameterCombination", 400)
    for most in (20, 21):
        assert refused(modify, MaxAllocatedStorage=most, ApplyImmediately=True) == wrong
    modify(MaxAllocatedStorage=22, ApplyImmediately=True)
    replica = {"DBInstanceIdentifier": "copy", "SourceDBInstanceIdentifier": "app"}
    assert refused(rds.create_db_instance_read_replica, **replica, MaxAllocatedStorage=21) == wrong
    rds.create_db_instance_read_replica(**replica, MaxAllocatedStorage=22)


def test_performance_insights_is_shown_when_it_is_on(box, db, modify, app):
    """SB-RDS-20: the status says available and nothing is pending, and it is not on yet.

    Source SB-RDS-20: botocore rds ModifyDBInstance; recorded: No modifications were requested; when Performance
      Insights is shown is a guess.
    """
    modify(EnablePerformanceInsights=True, ApplyImmediately=True)
    shown = db("app")
    assert (shown["DBInstanceStatus"], shown["PendingModifiedValues"]) == ("available", {})
    assert shown["PerformanceInsightsEnabled"] is False
    box.clock.advance(600)
    assert db("app")["PerformanceInsightsEnabled"] is True
