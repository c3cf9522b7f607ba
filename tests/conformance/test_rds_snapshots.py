"""DB snapshots, their copies, and the restores that are made of them."""

import pytest
from botocore.exceptions import ParamValidationError

GONE = {"SkipFinalSnapshot": True}


@pytest.fixture
def shot(rds):
    return lambda name: rds.describe_db_snapshots(DBSnapshotIdentifier=name)["DBSnapshots"][0]


@pytest.fixture
def taken(box, rds):
    """taken(name) -> an available snapshot `NAME-s` of a new instance."""

    def take(name="app", **options):
        box.add_db_instance(name, **options)
        rds.create_db_snapshot(DBInstanceIdentifier=name, DBSnapshotIdentifier=f"{name}-s")
        box.clock.advance(1000)
        return f"{name}-s"

    return take


def test_a_snapshot_is_creating_and_its_instance_backing_up(box, rds, db, shot):
    """R-RDS-10: PercentProgress moves; the instance takes connections meanwhile.

    Source R-RDS-10: botocore rds CreateDBSnapshot; that the status lasts as long as the snapshot is a guess.
    """
    box.add_db_instance("app", size_gib=100)
    made = rds.create_db_snapshot(DBInstanceIdentifier="app", DBSnapshotIdentifier="s1")["DBSnapshot"]
    assert (made["Status"], made["PercentProgress"], made["SnapshotType"]) == ("creating", 0, "manual")
    assert db("app")["DBInstanceStatus"] == "backing-up"
    seconds = box.world.durations.db_snapshot(100 * 1024)
    box.clock.advance(seconds / 2)
    assert shot("s1")["PercentProgress"] == 50
    box.clock.advance(seconds / 2)
    assert (shot("s1")["Status"], db("app")["DBInstanceStatus"]) == ("available", "available")
    assert box.db_losses() == []


def test_only_an_available_instance_is_snapshotted(box, rds, refused):
    """R-RDS-10, R-RDS-07: storage-full is not enough, storage-optimization is; a member never is.

    Source R-RDS-10: botocore rds CreateDBSnapshot; that the status lasts as long as the snapshot is a guess.
    Source R-RDS-07: botocore rds CreateDBSnapshot, CreateBlueGreenDeployment; the code is a guess.
    """
    box.add_db_instance("app")
    box.add_db_cluster("au")
    for state, code in (("storage-full", "InvalidDBInstanceState"), ("stopped", "InvalidDBInstanceState")):
        box.set_db_state("app", state)
        assert refused(rds.create_db_snapshot, DBInstanceIdentifier="app", DBSnapshotIdentifier="s")[0] == code
    box.set_db_state("app", "storage-optimization")
    rds.create_db_snapshot(DBInstanceIdentifier="app", DBSnapshotIdentifier="s")
    found = refused(rds.create_db_snapshot, DBInstanceIdentifier="au-1", DBSnapshotIdentifier="m")
    assert found == ("InvalidParameterValue", 400)


def test_a_snapshot_name_is_used_once(taken, rds, refused):
    """R-RDS-27.

    Source R-RDS-27: An identifier in use is refused. botocore rds DBInstanceAlreadyExistsFault.
    """
    taken()
    again = refused(rds.create_db_snapshot, DBInstanceIdentifier="app", DBSnapshotIdentifier="app-s")
    assert again == ("DBSnapshotAlreadyExists", 400)


def test_a_hundred_manual_snapshots(box, rds, refused):
    """R-RDS-25: automated ones do not count.

    Source R-RDS-25: docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Limits.html.
    """
    box.world.quotas.__dict__["db_manual_snapshots"] = 2
    box.add_db_instance("app")
    for n in range(2):
        rds.create_db_snapshot(DBInstanceIdentifier="app", DBSnapshotIdentifier=f"s{n}")
        box.clock.advance(1000)
    found = refused(rds.create_db_snapshot, DBInstanceIdentifier="app", DBSnapshotIdentifier="s2")
    assert found == ("SnapshotQuotaExceeded", 400)


def test_a_later_snapshot_takes_as_long_as_what_changed(box, taken, rds):
    """SB-RDS-45: Incremental: seconds follow the MiB written since.

    Source SB-RDS-45: docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_CopySnapshot.html; not said of plain to
      encrypted: read the bad way (guess).
    """
    taken(size_gib=100)
    rds.create_db_snapshot(DBInstanceIdentifier="app", DBSnapshotIdentifier="second")
    assert box.charges[-1].seconds < box.world.durations.db_snapshot(3000)


def test_a_copy_with_a_key_is_encrypted(box, taken, rds, shot):
    """R-RDS-14: pending, creating, available; the alias becomes an ARN; SourceDBSnapshotIdentifier is not set in-Region.

    Source R-RDS-14: botocore rds KMSKeyNotAccessibleFault.
    """
    key, name = box.add_key(), taken()
    made = rds.copy_db_snapshot(SourceDBSnapshotIdentifier=name, TargetDBSnapshotIdentifier="c", KmsKeyId="alias/app")[
        "DBSnapshot"
    ]
    assert (made["Status"], made["Encrypted"], made["KmsKeyId"]) == ("pending", True, key)
    assert made["StorageEncryptionType"] == "sse-kms"
    assert "SourceDBSnapshotIdentifier" not in made
    box.clock.advance(box.world.durations.db_copy_pending_s)
    assert shot("c")["Status"] == "creating"
    box.clock.advance(2000)
    assert shot("c")["Status"] == "available"
    assert shot("c")["OriginalSnapshotCreateTime"] == shot(name)["SnapshotCreateTime"]
    assert shot("c")["DbiResourceId"] == shot(name)["DbiResourceId"]


def test_a_copy_is_incremental_only_where_encryption_stays_as_it_is(box, taken, rds):
    """SB-RDS-45: USER_CopySnapshot: plain to encrypted is full every time (not stated for it: the bad way to read the table).

    Source SB-RDS-45: docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_CopySnapshot.html; not said of plain to
      encrypted: read the bad way (guess).
    """
    key = box.add_key()
    box.add_key(alias="alias/two")
    seconds = {}
    for name, source_key, target in (("app", None, "alias/app"), ("enc", key, "alias/app")):
        taken(name, size_gib=100, kms_key=source_key)
        for n in (0, 1):
            if n:
                rds.create_db_snapshot(DBInstanceIdentifier=name, DBSnapshotIdentifier=f"{name}-s1")
                box.clock.advance(2000)
            source = f"{name}-s1" if n else f"{name}-s"
            rds.copy_db_snapshot(
                SourceDBSnapshotIdentifier=source, TargetDBSnapshotIdentifier=f"{name}-c{n}", KmsKeyId=target
            )
            seconds[name, n] = box.charges[-1].seconds
            box.clock.advance(2000)
    assert seconds["app", 0] == seconds["app", 1] == seconds["enc", 0] == box.world.durations.db_copy(100 * 1024)
    assert seconds["enc", 1] < seconds["enc", 0] / 5


@pytest.fixture
def shoot(box, rds):
    """shoot(name) -> the seconds that a snapshot of `app` takes."""

    def take(name):
        made = rds.create_db_snapshot(DBInstanceIdentifier="app", DBSnapshotIdentifier=name)["DBSnapshot"]
        assert made["Status"] == "creating"
        (charge,) = [c for c in box.charges if c.resource == name]
        box.clock.advance(2000)
        return charge.seconds

    return take


def test_a_snapshot_builds_on_the_newest_that_is_there(box, rds, shoot):
    """SB-RDS-32: with all of them deleted the next takes all; an automated one is as good.

    Source SB-RDS-32: docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_CreateSnapshot.html, USER_CopySnapshot.html;
      that a deleted one is no base is the bad way to read them (guess).
    """
    box.add_db_instance("app", size_gib=100, BackupRetentionPeriod=1)
    whole = box.world.durations.db_snapshot(100 * 1024)
    assert shoot("a") == whole
    assert shoot("b") < whole / 5
    rds.delete_db_snapshot(DBSnapshotIdentifier="b")
    assert shoot("c") < whole / 5
    for name in ("a", "c"):
        rds.delete_db_snapshot(DBSnapshotIdentifier=name)
    assert shoot("d") == whole
    box.clock.advance(86_400)
    rds.delete_db_snapshot(DBSnapshotIdentifier="d")
    assert shoot("e") < whole


def test_an_older_base_leaves_more_to_take(box, rds, shoot):
    """SB-RDS-32: what the newest had taken is taken again, once that is gone.

    Source SB-RDS-32: docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_CreateSnapshot.html, USER_CopySnapshot.html;
      that a deleted one is no base is the bad way to read them (guess).
    """
    box.add_db_instance("app", size_gib=100, job=False, BackupRetentionPeriod=0)
    shoot("a")
    box.clock.advance(10_000)
    shoot("b")
    rds.delete_db_snapshot(DBSnapshotIdentifier="b")
    seconds, mib = shoot("c"), 14_000 * 1.0
    assert seconds == pytest.approx(box.world.durations.db_snapshot(mib), rel=0.1)


def test_a_copy_builds_on_copies_that_are_there(box, rds, shoot):
    """SB-RDS-32: a deleted copy is forgotten.

    Source SB-RDS-32: docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_CreateSnapshot.html, USER_CopySnapshot.html;
      that a deleted one is no base is the bad way to read them (guess).
    """
    key = box.add_key()
    box.add_db_instance("app", size_gib=100, kms_key=key, BackupRetentionPeriod=0)
    whole, seconds = box.world.durations.db_copy(100 * 1024), []
    for n, gone in enumerate((None, None, "c1", "c0")):
        shoot(f"s{n}")
        if gone:
            rds.delete_db_snapshot(DBSnapshotIdentifier=gone)
        if n == 3:
            rds.delete_db_snapshot(DBSnapshotIdentifier="c2")
        rds.copy_db_snapshot(SourceDBSnapshotIdentifier=f"s{n}", TargetDBSnapshotIdentifier=f"c{n}")
        seconds.append(box.charges[-1].seconds)
        box.clock.advance(2000)
    assert seconds[0] == seconds[3] == whole
    assert seconds[1] < seconds[2] < whole / 2


def test_copies_of_one_source_run_one_after_the_other(box, taken, rds, shot, refused):
    """R-RDS-26: and 20 are in progress for a destination at most.

    Source R-RDS-26: docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_CopySnapshot.html; the code is a guess.
    """
    name = taken(size_gib=100)
    for n in range(20):
        rds.copy_db_snapshot(SourceDBSnapshotIdentifier=name, TargetDBSnapshotIdentifier=f"c{n}")
    found = refused(rds.copy_db_snapshot, SourceDBSnapshotIdentifier=name, TargetDBSnapshotIdentifier="c20")
    assert found[0] == "SnapshotQuotaExceeded"
    box.clock.advance(box.world.durations.db_copy(100 * 1024) + 11)
    assert [shot(f"c{n}")["Status"] for n in (0, 1)] == ["available", "creating"]


@pytest.mark.parametrize("state", ["Disabled", "PendingDeletion"])
def test_a_copy_under_a_bad_key_is_refused_at_once(box, taken, rds, refused, state):
    """R-RDS-14: unlike EBS, RDS checks at the request.

    Source R-RDS-14: botocore rds KMSKeyNotAccessibleFault.
    """
    box.add_key(alias="alias/bad", state=state)
    ask = {"SourceDBSnapshotIdentifier": taken(), "TargetDBSnapshotIdentifier": "c"}
    for key in ("alias/bad", "alias/none", "arn:aws:kms:eu-west-1:123456789012:key/x"):
        assert refused(rds.copy_db_snapshot, **ask, KmsKeyId=key) == ("KMSKeyNotAccessibleFault", 400)


def test_a_key_disabled_while_copying_fails_the_copy(box, taken, rds, shot):
    """R-RDS-14: the copy ends `failed`.

    Source R-RDS-14: botocore rds KMSKeyNotAccessibleFault.
    """
    key = box.add_key()
    rds.copy_db_snapshot(SourceDBSnapshotIdentifier=taken(), TargetDBSnapshotIdentifier="c", KmsKeyId=key)
    box.disable_key(key)
    box.clock.advance(5000)
    assert shot("c")["Status"] == "failed"


def test_a_caller_needs_create_grant_through_rds(box, taken, as_role, allowing, refused):
    """R-RDS-15: kms:DescribeKey alone is not enough; a condition on the service's name is met.

    Source R-RDS-15: docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Overview.Encryption.Keys.html.
    """
    box.add_key()
    ask = {"SourceDBSnapshotIdentifier": taken(), "TargetDBSnapshotIdentifier": "c", "KmsKeyId": "alias/app"}
    poor = as_role(allowing("rds:*"), allowing("kms:DescribeKey"), service="rds")
    assert refused(poor.copy_db_snapshot, **ask)[0] == "KMSKeyNotAccessibleFault"
    via = {"StringEquals": {"kms:ViaService": "rds.eu-central-1.amazonaws.com"}}
    able = as_role(allowing("rds:*"), allowing("kms:DescribeKey", "kms:CreateGrant", Condition=via), service="rds")
    assert able.copy_db_snapshot(**ask)["DBSnapshot"]["Encrypted"] is True


def test_only_an_available_snapshot_is_copied_restored_or_deleted(box, rds, refused):
    """SB-RDS-11: a copy under way is cancelled by deleting it; an automated snapshot stays.

    Source SB-RDS-11: botocore rds InvalidDBSnapshotStateFault, DeleteDBSnapshot.
    """
    box.add_db_instance("app", size_gib=100)
    rds.create_db_snapshot(DBInstanceIdentifier="app", DBSnapshotIdentifier="s")
    copy = {"SourceDBSnapshotIdentifier": "s", "TargetDBSnapshotIdentifier": "c"}
    assert refused(rds.copy_db_snapshot, **copy) == ("InvalidDBSnapshotState", 400)
    new = {"DBInstanceIdentifier": "new", "DBSnapshotIdentifier": "s"}
    assert refused(rds.restore_db_instance_from_db_snapshot, **new) == ("InvalidDBSnapshotState", 400)
    assert refused(rds.delete_db_snapshot, DBSnapshotIdentifier="s") == ("InvalidDBSnapshotState", 400)
    box.clock.advance(5000)
    rds.copy_db_snapshot(**copy)
    rds.delete_db_snapshot(DBSnapshotIdentifier="c")
    box.clock.advance(86_400)
    names = [s["DBSnapshotIdentifier"] for s in rds.describe_db_snapshots()["DBSnapshots"]]
    assert "c" not in names
    automated = next(n for n in names if n.startswith("rds:"))
    assert refused(rds.delete_db_snapshot, DBSnapshotIdentifier=automated)[0] == "InvalidDBSnapshotState"


def test_tags_are_given_or_copied_and_never_aws_ones(box, rds, shot, refused):
    """R-RDS-48: Tags make CopyTags void; an aws:* tag makes CopyTags fail.

    Source R-RDS-48: botocore rds CopyDBSnapshot.CopyTags; recorded: InvalidParameterValue.
    """
    box.add_db_instance("app", Tags=[{"Key": "team", "Value": "a"}], CopyTagsToSnapshot=True)
    rds.create_db_snapshot(DBInstanceIdentifier="app", DBSnapshotIdentifier="s")
    box.clock.advance(1000)
    copy = {"SourceDBSnapshotIdentifier": "s", "CopyTags": True}
    rds.copy_db_snapshot(**copy, TargetDBSnapshotIdentifier="c1")
    rds.copy_db_snapshot(**copy, TargetDBSnapshotIdentifier="c2", Tags=[{"Key": "run", "Value": "1"}])
    assert shot("c1")["TagList"] == [{"Key": "team", "Value": "a"}]
    assert shot("c2")["TagList"] == [{"Key": "run", "Value": "1"}]
    box.world.rooms["rds", "123456789012", "eu-central-1"].snapshots["s"].tags["aws:backup"] = "x"
    assert refused(rds.copy_db_snapshot, **copy, TargetDBSnapshotIdentifier="c3")[0] == "InvalidParameterValue"


def test_a_copy_from_another_region_brings_its_own_key(box, taken, rds, client, refused):
    """R-RDS-37, R-RDS-49: an encrypted source needs KmsKeyId here; it says where it is from.

    Source R-RDS-37: docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ShareSnapshot.html; recorded: The source
      snapshot KMS key does not exist…, The target KMS key [None]…, Must specify new KMS key for cross region…; the code
      for `all` and for a restore is a guess.
    Source R-RDS-49: botocore rds CopyDBSnapshot.OptionGroupName; the code is a guess.
    """
    box.add_key()
    box.add_key("eu-west-1")
    taken(kms_key="alias/app")
    arn = rds.describe_db_snapshots(DBSnapshotIdentifier="app-s")["DBSnapshots"][0]["DBSnapshotArn"]
    far = client("rds", "eu-west-1")
    ask = {"SourceDBSnapshotIdentifier": arn, "TargetDBSnapshotIdentifier": "c"}
    assert refused(far.copy_db_snapshot, **ask) == ("InvalidParameterValue", 400)
    made = far.copy_db_snapshot(**ask, KmsKeyId="alias/app")["DBSnapshot"]
    assert (made["SourceDBSnapshotIdentifier"], made["SourceRegion"]) == (arn, "eu-central-1")


def test_a_copy_from_another_region_keeps_permanent_options(box, rds, client, refused):
    """R-RDS-49: TDE's option group must be named, or copied.

    Source R-RDS-49: botocore rds CopyDBSnapshot.OptionGroupName; the code is a guess.
    """
    rds.create_option_group(
        OptionGroupName="tde", EngineName="oracle-ee", MajorEngineVersion="21", OptionGroupDescription="-"
    )
    rds.modify_option_group(OptionGroupName="tde", OptionsToInclude=[{"OptionName": "TDE"}])
    box.add_db_instance("ora", "oracle-ee", OptionGroupName="tde")
    rds.create_db_snapshot(DBInstanceIdentifier="ora", DBSnapshotIdentifier="s")
    box.clock.advance(1000)
    arn = rds.describe_db_snapshots(DBSnapshotIdentifier="s")["DBSnapshots"][0]["DBSnapshotArn"]
    far, ask = client("rds", "eu-west-1"), {"SourceDBSnapshotIdentifier": arn, "TargetDBSnapshotIdentifier": "c"}
    assert refused(far.copy_db_snapshot, **ask)[0] == "InvalidParameterCombination"
    far.copy_db_snapshot(**ask, CopyOptionGroup=True)


def test_sharing(box, taken, rds, refused):
    """R-RDS-03, R-RDS-37: never under aws/rds, an encrypted one never with everybody.

    Source R-RDS-03: docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ShareSnapshot.html; the code is a guess.
    Source R-RDS-37: docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ShareSnapshot.html; recorded: The source
      snapshot KMS key does not exist…, The target KMS key [None]…, Must specify new KMS key for cross region…; the code
      for `all` and for a restore is a guess.
    """
    box.add_key()
    for name, key in (("plain", None), ("own", "alias/app"), ("aws", "alias/aws/rds")):
        taken(name, kms_key=key)
    share = {"AttributeName": "restore", "ValuesToAdd": ["111122223333"]}
    for name in ("plain-s", "own-s"):
        rds.modify_db_snapshot_attribute(DBSnapshotIdentifier=name, **share)
    assert (
        refused(rds.modify_db_snapshot_attribute, DBSnapshotIdentifier="aws-s", **share)[0]
        == "InvalidParameterCombination"
    )
    share["ValuesToAdd"] = ["all"]
    assert (
        refused(rds.modify_db_snapshot_attribute, DBSnapshotIdentifier="own-s", **share)[0]
        == "InvalidParameterCombination"
    )
    told = rds.describe_db_snapshot_attributes(DBSnapshotIdentifier="own-s")["DBSnapshotAttributesResult"]
    assert told["DBSnapshotAttributes"] == [{"AttributeName": "restore", "AttributeValues": ["111122223333"]}]


def test_a_restore_takes_no_key_and_falls_into_every_default(box, taken, rds, db):
    """R-RDS-47: default groups, gp3, single-AZ, flags off, a DbiResourceId of its own; encrypted as its snapshot is.

    Source R-RDS-47: botocore rds RestoreDBInstanceFromDBSnapshot.
    """
    rds.create_db_parameter_group(DBParameterGroupName="mine", DBParameterGroupFamily="postgres17", Description="-")
    taken(
        "app",
        DBParameterGroupName="mine",
        StorageType="io1",
        Iops=3000,
        MultiAZ=True,
        DeletionProtection=True,
        EnableIAMDatabaseAuthentication=True,
        MonitoringInterval=60,
        Tags=[{"Key": "a", "Value": "b"}],
    )
    ask = {"DBInstanceIdentifier": "new", "DBSnapshotIdentifier": "app-s"}
    with pytest.raises(ParamValidationError):
        rds.restore_db_instance_from_db_snapshot(**ask, KmsKeyId="alias/app")
    made = rds.restore_db_instance_from_db_snapshot(**ask)["DBInstance"]
    was = db("app")
    assert made["DBInstanceStatus"] == "creating"
    assert made["DBParameterGroups"][0]["DBParameterGroupName"] == "default.postgres17"
    assert made["VpcSecurityGroups"] != was["VpcSecurityGroups"]
    flags = ("StorageType", "MultiAZ", "DeletionProtection", "IAMDatabaseAuthenticationEnabled", "MonitoringInterval")
    assert [made[f] for f in flags] == ["gp3", False, False, False, 0]
    assert (made["TagList"], made["StorageEncryptionType"]) == ([], "none")
    assert made["DbiResourceId"] != was["DbiResourceId"]
    assert (made["DBInstanceClass"], made["BackupRetentionPeriod"]) == (was["DBInstanceClass"], 7)


def test_a_restore_of_an_encrypted_copy_is_under_its_key_and_loads_lazily(box, taken, rds, db):
    """R-RDS-47: StorageOperationStatus Initializing with its percentage, while `available` already.

    Source R-RDS-47: botocore rds RestoreDBInstanceFromDBSnapshot.
    """
    key = box.add_key()
    rds.copy_db_snapshot(SourceDBSnapshotIdentifier=taken(), TargetDBSnapshotIdentifier="c", KmsKeyId=key)
    box.clock.advance(1000)
    rds.restore_db_instance_from_db_snapshot(DBInstanceIdentifier="new", DBSnapshotIdentifier="c")
    box.clock.advance(box.world.durations.db_restore_s + box.world.durations.db_backup_s + 100)
    made = db("new")
    assert (made["DBInstanceStatus"], made["KmsKeyId"], made["StorageEncrypted"]) == ("available", key, True)
    assert made["StorageOperationStatus"] == "Initializing"
    assert 0 < made["StorageOperationPercentProgress"] < 100
    box.clock.advance(3600)
    assert "StorageOperationStatus" not in db("new")


def test_restores_that_aws_refuses(box, taken, rds, refused):
    """R-RDS-27, SB-RDS-15, R-RDS-17, SB-RDS-16: taken name, less storage, managed password, mirroring without backups.

    Source R-RDS-27: botocore rds DBInstanceAlreadyExistsFault.
    Source SB-RDS-15: botocore rds ModifyDBInstance.AllocatedStorage;
      docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PIOPS.Autoscaling.html; recorded replies: previous storage
      change is being optimized, The maximum allocated storage must be increased by at least 10 percent
      (ministryofjustice/cloud-platform-environments#24422).
    Source R-RDS-17: botocore rds ModifyDBInstance.MasterUserSecretKmsKeyId, RestoreDBInstanceFromDBSnapshot;
      docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html; the codes are guesses.
    Source SB-RDS-16: recorded: Mirroring cannot be applied to instances with backup retention set to zero.
    """
    taken()
    taken("ms", engine="sqlserver-se", BackupRetentionPeriod=0)
    restore = rds.restore_db_instance_from_db_snapshot
    one = {"DBInstanceIdentifier": "new", "DBSnapshotIdentifier": "app-s"}
    assert refused(restore, **{**one, "DBInstanceIdentifier": "app"})[0] == "DBInstanceAlreadyExists"
    assert refused(restore, **one, AllocatedStorage=5)[0] == "InvalidParameterValue"
    assert refused(restore, **one, ManageMasterUserPassword=True)[0] == "InvalidParameterCombination"
    assert (
        refused(restore, DBInstanceIdentifier="n", DBSnapshotIdentifier="ms-s", MultiAZ=True)[0]
        == "InvalidParameterValue"
    )


def test_a_restore_names_the_group_of_its_permanent_options(box, rds, refused):
    """R-RDS-23: and the option stays in the group while it is used.

    Source R-RDS-23: docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_RestoreFromSnapshot.html; the code is a guess.
    """
    rds.create_option_group(
        OptionGroupName="tz", EngineName="sqlserver-se", MajorEngineVersion="16.00", OptionGroupDescription="-"
    )
    rds.modify_option_group(OptionGroupName="tz", OptionsToInclude=[{"OptionName": "Timezone"}])
    box.add_db_instance("ms", "sqlserver-se", OptionGroupName="tz")
    rds.create_db_snapshot(DBInstanceIdentifier="ms", DBSnapshotIdentifier="s")
    box.clock.advance(1000)
    ask = {"DBInstanceIdentifier": "new", "DBSnapshotIdentifier": "s"}
    assert refused(rds.restore_db_instance_from_db_snapshot, **ask)[0] == "InvalidParameterCombination"
    rds.restore_db_instance_from_db_snapshot(**ask, OptionGroupName="tz")
    found = refused(rds.modify_option_group, OptionGroupName="tz", OptionsToRemove=["Timezone"])
    assert found[0] == "InvalidOptionGroupStateFault"
    assert refused(rds.delete_option_group, OptionGroupName="tz")[0] == "InvalidOptionGroupStateFault"


def test_a_restore_to_a_point_in_time(box, rds, db, refused):
    """SB-RDS-14: needs backups; what was written after that time is not there.

    Source SB-RDS-14: botocore rds PointInTimeRestoreNotEnabledFault, RestoreDBInstanceToPointInTime.
    """
    box.add_db_instance("app")
    box.add_db_instance("none", BackupRetentionPeriod=0)
    box.clock.advance(3600)
    ask = {"TargetDBInstanceIdentifier": "new", "UseLatestRestorableTime": True}
    restore = rds.restore_db_instance_to_point_in_time
    assert refused(restore, SourceDBInstanceIdentifier="none", **ask)[0] == "PointInTimeRestoreNotEnabled"
    restore(SourceDBInstanceIdentifier="app", **ask)
    assert box.db_contents("new").streams["client:app"][-1][1] == box.now() - 300
    assert db("new")["StorageEncrypted"] is False
