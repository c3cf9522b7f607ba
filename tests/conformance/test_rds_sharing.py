"""DB snapshots and their keys shared between two accounts: what works, and what fails, and how."""

import pytest

HERE, THERE, REGION = "123456789012", "111122223333", "eu-central-1"
NEEDED = ("DescribeKey", "CreateGrant", "Decrypt", "Encrypt", "ReEncryptFrom", "ReEncryptTo", "GenerateDataKey")


@pytest.fixture
def share_key(written):
    """share_key(arn, *operations): let the other account use a key of this one."""
    from sealift.sandbox import kms

    def put(arn, *operations):
        own = {"Effect": "Allow", "Principal": {"AWS": HERE}, "Action": "kms:*", "Resource": "*"}
        other = {**own, "Principal": {"AWS": THERE}, "Action": [f"kms:{n}" for n in operations or NEEDED]}
        kms.find(HERE, REGION, arn).policy = written(own, other)

    return put


@pytest.fixture
def theirs(as_role, allowing):
    """RDS of the other account, with all it can have there."""
    return as_role(allowing("rds:*"), allowing("kms:*"), service="rds", account=THERE)


@pytest.fixture
def shared(box, rds):
    """shared(key) -> the ARN of a snapshot `s` that the other account may restore."""

    def share(key=None):
        box.add_db_instance("app", kms_key=key, job=False)
        rds.create_db_snapshot(DBInstanceIdentifier="app", DBSnapshotIdentifier="s")
        box.clock.advance(1000)
        rds.modify_db_snapshot_attribute(
            DBSnapshotIdentifier="s", AttributeName="restore", ValuesToAdd=[THERE], ValuesToRemove=[]
        )
        return rds.describe_db_snapshots(DBSnapshotIdentifier="s")["DBSnapshots"][0]["DBSnapshotArn"]

    return share


def test_a_shared_plain_snapshot_is_seen_restored_and_copied(box, shared, theirs, refused):
    """R-RDS-37's easy side: by ARN, and in lists only where shared ones are asked for; its rows come along.

    Source R-RDS-37: docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ShareSnapshot.html; recorded: The source
      snapshot KMS key does not exist…, The target KMS key [None]…, Must specify new KMS key for cross region…; the code
      for `all` and for a restore is a guess.
    """
    arn = shared()
    assert theirs.describe_db_snapshots()["DBSnapshots"] == []
    (seen,) = theirs.describe_db_snapshots(SnapshotType="shared")["DBSnapshots"]
    assert seen["DBSnapshotArn"] == arn
    theirs.restore_db_instance_from_db_snapshot(DBInstanceIdentifier="new", DBSnapshotIdentifier=arn)
    theirs.copy_db_snapshot(SourceDBSnapshotIdentifier=arn, TargetDBSnapshotIdentifier="c")
    box.clock.advance(2000)
    assert theirs.describe_db_snapshots(DBSnapshotIdentifier="c")["DBSnapshots"][0]["Status"] == "available"
    assert "client:app" in box.db_contents("new", account=THERE).streams
    assert refused(theirs.delete_db_snapshot, DBSnapshotIdentifier="s") == ("DBSnapshotNotFound", 404)


def test_what_is_not_shared_is_not_there(box, rds, shared, theirs, refused):
    """SB-RDS-02: before a share and after it is taken back.

    Source SB-RDS-02: botocore rds error shapes.
    """
    arn = shared()
    hidden = arn.replace(":s", ":hidden")
    rds.create_db_snapshot(DBInstanceIdentifier="app", DBSnapshotIdentifier="hidden")
    box.clock.advance(1000)
    rds.modify_db_snapshot_attribute(DBSnapshotIdentifier="s", AttributeName="restore", ValuesToRemove=[THERE])
    for ref in (arn, hidden):
        restore = {"DBInstanceIdentifier": "new", "DBSnapshotIdentifier": ref}
        assert refused(theirs.restore_db_instance_from_db_snapshot, **restore) == ("DBSnapshotNotFound", 404)
    assert theirs.describe_db_snapshots(IncludeShared=True)["DBSnapshots"] == []


def test_an_encrypted_one_is_copied_under_a_key_of_ones_own_first(box, shared, share_key, theirs, refused):
    """R-RDS-37: not restored as it is, not copied without a key; then restored from the copy.

    Source R-RDS-37: docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ShareSnapshot.html; recorded: The source
      snapshot KMS key does not exist…, The target KMS key [None]…, Must specify new KMS key for cross region…; the code
      for `all` and for a restore is a guess.
    """
    key, own = box.add_key(), box.add_key(alias="alias/theirs", account=THERE)
    arn = shared(key)
    share_key(key)
    restore, copy = theirs.restore_db_instance_from_db_snapshot, theirs.copy_db_snapshot
    found = refused(restore, DBInstanceIdentifier="new", DBSnapshotIdentifier=arn)
    assert found[0] == "InvalidParameterCombination"
    ask = {"SourceDBSnapshotIdentifier": arn, "TargetDBSnapshotIdentifier": "c"}
    assert refused(copy, **ask) == ("KMSKeyNotAccessibleFault", 400)
    assert copy(**ask, KmsKeyId=own)["DBSnapshot"]["KmsKeyId"] == own
    box.clock.advance(2000)
    restore(DBInstanceIdentifier="new", DBSnapshotIdentifier="c")
    box.clock.advance(2000)
    (made,) = theirs.describe_db_instances()["DBInstances"]
    assert (made["DBInstanceStatus"], made["KmsKeyId"]) == ("available", own)


def test_the_key_must_be_shared_too_with_create_grant(box, shared, share_key, theirs, refused):
    """R-RDS-37: KMSKeyNotAccessibleFault for the source's key; the five permissions often named are one too few.

    Source R-RDS-37: docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ShareSnapshot.html; recorded: The source
      snapshot KMS key does not exist…, The target KMS key [None]…, Must specify new KMS key for cross region…; the code
      for `all` and for a restore is a guess.
    """
    key, own = box.add_key(), box.add_key(alias="alias/theirs", account=THERE)
    ask = {"SourceDBSnapshotIdentifier": shared(key), "TargetDBSnapshotIdentifier": "c", "KmsKeyId": own}
    assert refused(theirs.copy_db_snapshot, **ask) == ("KMSKeyNotAccessibleFault", 400)
    share_key(key, *[n for n in NEEDED if n != "CreateGrant"])
    assert refused(theirs.copy_db_snapshot, **ask)[0] == "KMSKeyNotAccessibleFault"
    share_key(key)
    theirs.copy_db_snapshot(**ask)


def test_the_receivers_own_policies_count(box, shared, share_key, as_role, allowing, refused):
    """R-RDS-37: who may not use the foreign key in the receiving account cannot copy.

    Source R-RDS-37: docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ShareSnapshot.html; recorded: The source
      snapshot KMS key does not exist…, The target KMS key [None]…, Must specify new KMS key for cross region…; the code
      for `all` and for a restore is a guess.
    """
    key, own = box.add_key(), box.add_key(alias="alias/theirs", account=THERE)
    ask = {"SourceDBSnapshotIdentifier": shared(key), "TargetDBSnapshotIdentifier": "c", "KmsKeyId": own}
    share_key(key)
    bare = as_role(allowing("rds:*"), allowing("kms:*", on=own), service="rds", account=THERE)
    assert refused(bare.copy_db_snapshot, **ask)[0] == "KMSKeyNotAccessibleFault"


def test_cluster_snapshots_are_shared_the_same_way(box, rds, share_key, theirs, refused):
    """R-RDS-37: copied under one's own key; a plain one is restored by ARN, with a key of one's own at once.

    Source R-RDS-37: docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ShareSnapshot.html; recorded: The source
      snapshot KMS key does not exist…, The target KMS key [None]…, Must specify new KMS key for cross region…; the code
      for `all` and for a restore is a guess.
    """
    key, own = box.add_key(), box.add_key(alias="alias/theirs", account=THERE)
    arns = {}
    for name, options in (("plain", {}), ("enc", {"kms_key": key})):
        box.add_db_cluster(name, job=False, **options)
        made = rds.create_db_cluster_snapshot(DBClusterIdentifier=name, DBClusterSnapshotIdentifier=f"s-{name}")
        arns[name] = made["DBClusterSnapshot"]["DBClusterSnapshotArn"]
        box.clock.advance(1000)
        rds.modify_db_cluster_snapshot_attribute(
            DBClusterSnapshotIdentifier=f"s-{name}", AttributeName="restore", ValuesToAdd=[THERE]
        )
    restore = {"Engine": "aurora-postgresql", "DBClusterIdentifier": "new"}
    from_enc = {**restore, "SnapshotIdentifier": arns["enc"]}
    assert refused(theirs.restore_db_cluster_from_snapshot, **from_enc)[0] == "InvalidParameterCombination"
    copy = {"SourceDBClusterSnapshotIdentifier": arns["enc"], "TargetDBClusterSnapshotIdentifier": "c"}
    assert refused(theirs.copy_db_cluster_snapshot, **copy, KmsKeyId=own)[0] == "KMSKeyNotAccessibleFault"
    share_key(key)
    theirs.copy_db_cluster_snapshot(**copy, KmsKeyId=own)
    made = theirs.restore_db_cluster_from_snapshot(**restore, SnapshotIdentifier=arns["plain"], KmsKeyId=own)
    assert made["DBCluster"]["KmsKeyId"] == own
