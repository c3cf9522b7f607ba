"""Managed master passwords: the secret by which somebody logs in."""

import json

import pytest


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
