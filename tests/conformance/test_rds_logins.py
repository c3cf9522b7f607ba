"""Managed master passwords: the secret by which somebody logs in."""

import json

import pytest

from sealift.sandbox.rds.engine import Denied


@pytest.fixture
def login(client):
    """login(described) -> what the database's secret says."""
    read = client("secretsmanager").get_secret_value
    return lambda one: json.loads(read(SecretId=one["MasterUserSecret"]["SecretArn"])["SecretString"])


def test_the_secret_is_readable_and_goes_with_its_database(box, rds, client, db, login, refused):
    """R-RDS-17: username and password, under the key that was named; gone with the database.

    Source R-RDS-17: botocore rds ModifyDBInstance.MasterUserSecretKmsKeyId, RestoreDBInstanceFromDBSnapshot;
      docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html; the codes are guesses.
    """
    key = box.add_key()
    box.add_db_instance("app", MasterUsername="root", ManageMasterUserPassword=True, MasterUserSecretKmsKeyId=key)
    shown = db("app")
    assert set(login(shown)) == {"username", "password"}
    assert login(shown)["username"] == "root"
    arn, secrets = shown["MasterUserSecret"]["SecretArn"], client("secretsmanager")
    assert secrets.describe_secret(SecretId=arn)["KmsKeyId"] == key
    assert ":secret:rds!db-" in arn
    rds.delete_db_instance(DBInstanceIdentifier="app", SkipFinalSnapshot=True)
    box.clock.advance(1000)
    assert refused(secrets.get_secret_value, SecretId=arn)[0] == "ResourceNotFoundException"


def test_a_secret_that_comes_later_has_the_name_of_the_user(box, rds, db, login):
    """R-RDS-17: by a modify, and another password by a rotation; the key and the ARN stay.

    Source R-RDS-17: botocore rds ModifyDBInstance.MasterUserSecretKmsKeyId, RestoreDBInstanceFromDBSnapshot;
      docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html; the codes are guesses.
    """
    box.add_db_instance("app", MasterUsername="root")
    one = {"DBInstanceIdentifier": "app", "ApplyImmediately": True}
    rds.modify_db_instance(**one, ManageMasterUserPassword=True, MasterUserSecretKmsKeyId=box.add_key())
    box.clock.advance(600)
    before, secret = login(db("app")), db("app")["MasterUserSecret"]
    assert before["username"] == "root"
    rds.modify_db_instance(**one, RotateMasterUserPassword=True)
    assert db("app")["MasterUserSecret"]["SecretStatus"] == "rotating"
    box.clock.advance(600)
    assert db("app")["MasterUserSecret"] == secret
    assert login(db("app"))["password"] != before["password"]


def test_a_cluster_has_one_secret(box, rds, client, cluster, db, login, refused):
    """R-RDS-17: its members show the cluster's; a modify that lets it go deletes it.

    Source R-RDS-17: botocore rds ModifyDBInstance.MasterUserSecretKmsKeyId, RestoreDBInstanceFromDBSnapshot;
      docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html; the codes are guesses.
    """
    box.add_db_cluster("au", MasterUsername="root", ManageMasterUserPassword=True)
    arn = cluster("au")["MasterUserSecret"]["SecretArn"]
    assert ":secret:rds!cluster-" in arn
    assert db("au-1")["MasterUserSecret"]["SecretArn"] == arn
    assert login(cluster("au"))["username"] == "root"
    rds.modify_db_cluster(DBClusterIdentifier="au", ManageMasterUserPassword=False, MasterUserPassword="secret-word")
    assert "MasterUserSecret" not in cluster("au")
    assert refused(client("secretsmanager").get_secret_value, SecretId=arn)[0] == "ResourceNotFoundException"


def gets_in(box, name, user, password):
    try:
        box.engine(name, user=(user, password)).execute("read_only")
    except Denied:
        return False
    return True


def test_a_login_needs_the_password_of_its_user(box, rds):
    """SB-ENG-04: the one that was set last; a user that nobody has made does not get in.

    Source SB-ENG-04: botocore rds ModifyDBInstance.MasterUserPassword, ManageMasterUserPassword,
      RotateMasterUserPassword; docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html; when the engine
      takes it is a guess.
    """
    box.add_db_instance("app", MasterUsername="root", MasterUserPassword="first-word")
    assert gets_in(box, "app", "root", "first-word")
    assert not gets_in(box, "app", "root", "second-word")
    assert not gets_in(box, "app", "admin", "first-word")
    rds.modify_db_instance(DBInstanceIdentifier="app", MasterUserPassword="second-word", ApplyImmediately=True)
    box.clock.advance(600)
    assert not gets_in(box, "app", "root", "first-word")
    assert gets_in(box, "app", "root", "second-word")


def test_a_copy_has_the_users_of_its_source_until_rds_manages_its_password(box, rds, db, login):
    """SB-ENG-04, R-RDS-17: the secret of the source says nothing of the copy's master password; other users stay.

    Source SB-ENG-04: botocore rds ModifyDBInstance.MasterUserPassword, ManageMasterUserPassword,
      RotateMasterUserPassword; docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html; when the engine
      takes it is a guess.
    Source R-RDS-17: botocore rds ModifyDBInstance.MasterUserSecretKmsKeyId, RestoreDBInstanceFromDBSnapshot;
      docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html; the codes are guesses.
    """
    box.add_db_instance("app", ManageMasterUserPassword=True)
    box.add_db_user("app", "fence", "own-word")
    box.clock.advance(600)
    old = login(db("app"))
    assert gets_in(box, "app", old["username"], old["password"])
    rds.create_db_snapshot(DBInstanceIdentifier="app", DBSnapshotIdentifier="s")
    box.clock.advance(3600)
    groups = [g["VpcSecurityGroupId"] for g in db("app")["VpcSecurityGroups"]]
    rds.restore_db_instance_from_db_snapshot(
        DBInstanceIdentifier="new", DBSnapshotIdentifier="s", VpcSecurityGroupIds=groups
    )
    box.clock.advance(3600)
    assert gets_in(box, "new", old["username"], old["password"])
    rds.modify_db_instance(DBInstanceIdentifier="new", ManageMasterUserPassword=True, ApplyImmediately=True)
    box.clock.advance(600)
    new = login(db("new"))
    assert not gets_in(box, "new", old["username"], old["password"])
    assert gets_in(box, "new", new["username"], new["password"])
    assert gets_in(box, "app", old["username"], old["password"])
    assert gets_in(box, "new", "fence", "own-word")


def test_replicas_and_green_databases_have_their_sources_users(box, rds):
    """SB-ENG-04: as they are by now, and from a promotion on as they were then.

    Source SB-ENG-04: botocore rds ModifyDBInstance.MasterUserPassword, ManageMasterUserPassword,
      RotateMasterUserPassword; docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html; when the engine
      takes it is a guess.
    """
    box.add_db_instance("app", "mysql")
    box.add_db_replica("copy", "app")
    box.add_db_user("app", "fence", "own-word")
    assert gets_in(box, "copy", "fence", "own-word")
    rds.promote_read_replica(DBInstanceIdentifier="copy")
    box.clock.advance(3600)
    box.add_db_user("app", "fence", "another-word")
    assert gets_in(box, "copy", "fence", "own-word")
    assert not gets_in(box, "copy", "fence", "another-word")
