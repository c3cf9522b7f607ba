"""What a creation or restore refuses for what it is told, and what can be asked beforehand."""

import pytest

SMALL = {
    "DBInstanceClass": "db.m6g.large",
    "AllocatedStorage": 20,
    "MasterUsername": "a",
    "MasterUserPassword": "pass-word",
}
MANAGED = {"Domain": "d-1", "DomainIAMRoleName": "ad"}
OWN = {"DomainFqdn": "corp.example", "DomainOu": "OU=db", "DomainAuthSecretArn": "arn:s", "DomainDnsIps": ["10.0.0.2"]}


@pytest.fixture
def make(rds):
    def made(name, engine="postgres", **more):
        return rds.create_db_instance(DBInstanceIdentifier=name, Engine=engine, **{**SMALL, **more})["DBInstance"]

    return made


@pytest.fixture
def options(rds):
    def listed(**about):
        return rds.describe_orderable_db_instance_options(**about)["OrderableDBInstanceOptions"]

    return listed


def test_a_class_that_is_not_to_be_had_any_more(box, rds, make, options, refused):
    """R-RDS-24: it serves on, is not listed, and no copy of it is made.

    Source R-RDS-24: botocore rds DescribeOrderableDBInstanceOptions; recorded: InvalidParameterCombination, RDS does
      not support creating a DB instance with the following combination (elastic/beats#38473);
      docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_UpgradeDBSnapshot.html; the code for a version is a guess.
    """
    box.add_db_instance("app")
    asked = {"Engine": "postgres", "EngineVersion": "17.4", "DBInstanceClass": "db.m6g.large"}
    before = options(**asked)
    assert {o["StorageType"] for o in before} == {"gp2", "gp3", "io1", "io2", "standard"}
    assert all(o["SupportsStorageEncryption"] for o in before)
    box.add_rds_document("withdrawn-class", "db.m6g.large", {})
    assert options(**asked) == []
    rds.create_db_snapshot(DBInstanceIdentifier="app", DBSnapshotIdentifier="s")
    box.clock.advance(600)
    restore = {"DBInstanceIdentifier": "new", "DBSnapshotIdentifier": "s"}
    assert refused(rds.restore_db_instance_from_db_snapshot, **restore)[0] == "InvalidParameterCombination"
    assert refused(make, name="b")[0] == "InvalidParameterCombination"
    make("c", DBInstanceClass="db.m7g.large")


def test_what_is_to_be_had_is_listed_by_version(options):
    """R-RDS-24: a version that is not offered has no options; Aurora has storage of its own.

    Source R-RDS-24: botocore rds DescribeOrderableDBInstanceOptions; recorded: InvalidParameterCombination, RDS does
      not support creating a DB instance with the following combination (elastic/beats#38473);
      docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_UpgradeDBSnapshot.html; the code for a version is a guess.
    """
    assert options(Engine="postgres", EngineVersion="9.6.22") == []
    of_aurora = options(Engine="aurora-postgresql", DBInstanceClass="db.r6g.large")
    assert {o["StorageType"] for o in of_aurora} == {"aurora", "aurora-iopt1"}


def test_a_domain_is_named_in_one_way(box, make, db, refused):
    """SB-RDS-61: of AWS's own directory or of a self-managed one; the first is described with its FQDN all the same.

    Source SB-RDS-61: botocore rds DomainMembership; terraform aws_db_instance: domain conflicts with domain_fqdn; the
      code is a guess.
    """
    assert (
        refused(make, name="app", engine="sqlserver-se", **MANAGED, DomainFqdn="corp")[0]
        == "InvalidParameterCombination"
    )
    make("one", "sqlserver-se", **MANAGED)
    make("two", "sqlserver-se", **OWN)
    box.clock.advance(2000)
    (one,), (two,) = db("one")["DomainMemberships"], db("two")["DomainMemberships"]
    assert (one["Domain"], one["IAMRoleName"], bool(one["FQDN"])) == ("d-1", "ad", True)
    assert (two["FQDN"], two["OU"], two.get("Domain")) == ("corp.example", "OU=db", None)


def test_extended_support_is_of_two_engines(make, refused):
    """SB-RDS-62.

    Source SB-RDS-62: EngineLifecycleSupport is of MySQL and PostgreSQL. botocore rds
      RestoreDBInstanceFromDBSnapshot.EngineLifecycleSupport; the code is a guess.
    """
    told = {"EngineLifecycleSupport": "open-source-rds-extended-support-disabled"}
    assert refused(make, name="a", engine="mariadb", **told)[0] == "InvalidParameterCombination"
    assert make("b", "mysql", **told)["EngineLifecycleSupport"] == told["EngineLifecycleSupport"]


def test_a_reservation_holds_units(box, make, refused):
    """SB-RDS-63: the source's unit is not another's as long as the source is there.

    Source SB-RDS-63: botocore rds CreateDBInstanceReadReplica.DBCapacityReservationIdentifier; the code is a guess.
    """
    box.add_db_instance("app", DBCapacityReservationIdentifier="dbcr-1")
    assert refused(make, name="a", DBCapacityReservationIdentifier="dbcr-1")[0] == "InsufficientDBInstanceCapacity"
    make("b", DBCapacityReservationIdentifier="dbcr-2")


def test_a_multi_tenant_cdb_takes_no_managed_password_afterwards(box, rds, refused):
    """R-RDS-17: ModifyTenantDatabase is for that.

    Source R-RDS-17: botocore rds ModifyDBInstance.MasterUserSecretKmsKeyId, RestoreDBInstanceFromDBSnapshot;
      docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html; the codes are guesses.
    """
    box.add_db_instance("cdb", "oracle-ee-cdb", MultiTenant=True)
    ask = {"DBInstanceIdentifier": "cdb", "ManageMasterUserPassword": True, "ApplyImmediately": True}
    assert refused(rds.modify_db_instance, **ask)[0] == "InvalidParameterCombination"
