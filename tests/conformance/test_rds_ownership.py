"""Whose a database or a snapshot is: ARNs say it, and a share lets nobody change what is shared."""

import pytest

THERE, ARN = "111122223333", "arn:aws:rds:eu-central-1:111122223333"


@pytest.fixture
def theirs(as_role, allowing):
    """RDS of the other account, with all it can have there."""
    return as_role(allowing("rds:*"), allowing("kms:*"), service="rds", account=THERE)


@pytest.mark.parametrize("who", ["namesake", "nobody"])
def test_a_shared_snapshot_is_changed_by_its_owner_only(box, rds, theirs, refused, who):
    """SB-RDS-02: the receiver neither deletes, shares nor upgrades it, also where one of its own has the same name.

    Source SB-RDS-02: botocore rds error shapes.
    """
    box.add_db_instance("app", job=False)
    shot = rds.create_db_snapshot(DBInstanceIdentifier="app", DBSnapshotIdentifier="s")["DBSnapshot"]
    box.clock.advance(1000)
    share = {"AttributeName": "restore", "ValuesToAdd": [THERE]}
    rds.modify_db_snapshot_attribute(DBSnapshotIdentifier="s", **share)
    if who == "namesake":
        box.add_db_instance("app", job=False, account=THERE)
        theirs.create_db_snapshot(DBInstanceIdentifier="app", DBSnapshotIdentifier="s")
        box.clock.advance(1000)
    ref = {"DBSnapshotIdentifier": shot["DBSnapshotArn"]}
    missing = ("DBSnapshotNotFound", 404)
    assert refused(theirs.modify_db_snapshot_attribute, **ref, AttributeName="restore", ValuesToAdd=["all"]) == missing
    assert refused(theirs.describe_db_snapshot_attributes, **ref) == missing
    assert refused(theirs.modify_db_snapshot, **ref, EngineVersion="16.4") == missing
    assert refused(theirs.delete_db_snapshot, **ref) == missing
    told = rds.describe_db_snapshot_attributes(**ref)["DBSnapshotAttributesResult"]["DBSnapshotAttributes"]
    assert told == [{"AttributeName": "restore", "AttributeValues": [THERE]}]


def test_an_arn_of_another_account_or_region_is_not_the_namesake_here(box, rds, client, refused):
    """SB-RDS-02: found by their own ARN, not by that of another account or Region.

    Source SB-RDS-02: botocore rds error shapes.
    """
    box.add_db_instance("app", job=False)
    box.add_db_cluster("heart", job=False)
    box.add_db_instance("app", job=False, account=THERE)
    own = rds.describe_db_instances(DBInstanceIdentifier="app")["DBInstances"][0]["DBInstanceArn"]
    assert rds.describe_db_instances(DBInstanceIdentifier=own)["DBInstances"][0]["DBInstanceArn"] == own
    for arn in (f"{ARN}:db:app", own.replace("eu-central-1", "eu-west-1")):
        assert refused(rds.describe_db_instances, DBInstanceIdentifier=arn) == ("DBInstanceNotFound", 404)
        assert refused(rds.reboot_db_instance, DBInstanceIdentifier=arn) == ("DBInstanceNotFound", 404)
        green = {"BlueGreenDeploymentName": "bg", "Source": arn}
        assert refused(rds.create_blue_green_deployment, **green) == ("DBInstanceNotFound", 404)
    assert refused(rds.describe_db_clusters, DBClusterIdentifier=f"{ARN}:cluster:heart")[0] == "DBClusterNotFoundFault"
    api = {"ResourceArn": f"{ARN}:cluster:heart"}
    assert refused(rds.enable_http_endpoint, **api)[0] == "ResourceNotFoundFault"
    far = {"DBInstanceIdentifier": "copy", "SourceDBInstanceIdentifier": f"{ARN}:db:app"}
    west = client("rds", "eu-west-1")
    assert refused(west.create_db_instance_read_replica, **far) == ("DBInstanceNotFound", 404)
    backups = {"SourceDBInstanceArn": f"{ARN}:db:app"}
    assert refused(west.start_db_instance_automated_backups_replication, **backups)[0] == "DBInstanceNotFound"


def test_tags_are_those_of_resources_here(box, rds, client, refused):
    """SB-RDS-02: the tags of another account's or Region's resource are not to be had.

    Source SB-RDS-02: botocore rds error shapes.
    """
    box.add_db_instance("app", job=False)
    own = rds.describe_db_instances(DBInstanceIdentifier="app")["DBInstances"][0]["DBInstanceArn"]
    rds.add_tags_to_resource(ResourceName=own, Tags=[{"Key": "a", "Value": "b"}])
    assert refused(rds.list_tags_for_resource, ResourceName=f"{ARN}:db:app") == ("InvalidParameterValue", 400)
    west = client("rds", "eu-west-1")
    assert refused(west.list_tags_for_resource, ResourceName=own) == ("InvalidParameterValue", 400)


def test_only_manual_snapshots_are_deleted_and_shared(box, rds, refused):
    """SB-RDS-11: the system's and those of AWS Backup are not: they are copied, and the copy is one's own.

    Source SB-RDS-11: botocore rds InvalidDBSnapshotStateFault, DeleteDBSnapshot.
    """
    box.add_db_instance("app", job=False)
    box.clock.advance(2 * 86_400)
    (kept, *_) = rds.describe_db_snapshots(SnapshotType="automated")["DBSnapshots"]
    ref = {"DBSnapshotIdentifier": kept["DBSnapshotIdentifier"]}
    assert refused(rds.delete_db_snapshot, **ref) == ("InvalidDBSnapshotState", 400)
    share = {"AttributeName": "restore", "ValuesToAdd": [THERE]}
    assert refused(rds.modify_db_snapshot_attribute, **ref, **share) == ("InvalidDBSnapshotState", 400)
    rds.copy_db_snapshot(SourceDBSnapshotIdentifier=kept["DBSnapshotIdentifier"], TargetDBSnapshotIdentifier="mine")
    box.clock.advance(2000)
    rds.modify_db_snapshot_attribute(DBSnapshotIdentifier="mine", **share)
    rds.delete_db_snapshot(DBSnapshotIdentifier="mine")


def test_a_snapshot_of_aws_backup_is_not_ones_own_to_delete(box, rds, client, refused):
    """SB-RDS-11: it is no manual one, whatever made it.

    Source SB-RDS-11: botocore rds InvalidDBSnapshotStateFault, DeleteDBSnapshot.
    """
    backup, name = client("backup"), box.add_db_instance("app", job=False)
    tag = {"ConditionType": "STRINGEQUALS", "ConditionKey": "Backup", "ConditionValue": "daily"}
    arn = rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]["DBInstanceArn"]
    rds.add_tags_to_resource(ResourceName=arn, Tags=[{"Key": "Backup", "Value": "daily"}])
    plan = {"BackupPlanName": "p", "Rules": [{"RuleName": "r", "TargetBackupVaultName": "v"}]}
    role = {"SelectionName": "s", "IamRoleArn": "arn:aws:iam::123456789012:role/backup", "ListOfTags": [tag]}
    backup.create_backup_selection(
        BackupPlanId=backup.create_backup_plan(BackupPlan=plan)["BackupPlanId"], BackupSelection=role
    )
    box.clock.advance(2 * 86_400)
    (kept, *_) = rds.describe_db_snapshots(SnapshotType="awsbackup")["DBSnapshots"]
    ref = {"DBSnapshotIdentifier": kept["DBSnapshotIdentifier"]}
    assert refused(rds.delete_db_snapshot, **ref) == ("InvalidDBSnapshotState", 400)
    share = {"AttributeName": "restore", "ValuesToAdd": [THERE]}
    assert refused(rds.modify_db_snapshot_attribute, **ref, **share) == ("InvalidDBSnapshotState", 400)


def test_restore_is_the_one_attribute(box, rds, refused):
    """R-RDS-37: another name of an attribute is refused.

    Source R-RDS-37: docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ShareSnapshot.html; recorded: The source
      snapshot KMS key does not exist…, The target KMS key [None]…, Must specify new KMS key for cross region…; the code
      for `all` and for a restore is a guess.
    """
    box.add_db_instance("app", job=False)
    rds.create_db_snapshot(DBInstanceIdentifier="app", DBSnapshotIdentifier="s")
    box.clock.advance(1000)
    ask = {"DBSnapshotIdentifier": "s", "AttributeName": "copy", "ValuesToAdd": [THERE]}
    assert refused(rds.modify_db_snapshot_attribute, **ask) == ("InvalidParameterValue", 400)


def test_public_snapshots_are_those_that_are_marked(box, rds, theirs):
    """R-RDS-37: asked for the public ones, nobody gets private ones, nor those shared with a single account.

    Source R-RDS-37: docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ShareSnapshot.html; recorded: The source
      snapshot KMS key does not exist…, The target KMS key [None]…, Must specify new KMS key for cross region…; the code
      for `all` and for a restore is a guess.
    """
    box.add_db_instance("app", job=False)
    box.add_db_instance("hers", job=False, account=THERE)
    for name in ("open", "private", "shared"):
        rds.create_db_snapshot(DBInstanceIdentifier="app", DBSnapshotIdentifier=name)
        box.clock.advance(1000)
    theirs.create_db_snapshot(DBInstanceIdentifier="hers", DBSnapshotIdentifier="own")
    for name, value in (("open", "all"), ("shared", THERE)):
        rds.modify_db_snapshot_attribute(DBSnapshotIdentifier=name, AttributeName="restore", ValuesToAdd=[value])
    seen = theirs.describe_db_snapshots(SnapshotType="public", IncludeShared=True)["DBSnapshots"]
    assert [s["DBSnapshotIdentifier"] for s in seen] == ["open"]
