"""Storage types of RDS, what a database is where nothing is said, and the tags that RDS takes."""

import pytest

SMALL, LARGE = 100, 400


def asking(name, engine="postgres", gib=SMALL, **more):
    """Return a request for a database."""
    plain = {"DBInstanceClass": "db.m5.large", "MasterUsername": "me", "MasterUserPassword": "secret-word"}
    return {"DBInstanceIdentifier": name, "Engine": engine, "AllocatedStorage": gib, **plain, **more}


@pytest.mark.parametrize(
    ("engine", "gib", "figures"),
    [
        ("postgres", 399, (3_000, 125)),
        ("postgres", 400, (12_000, 500)),
        ("oracle-ee", 199, (3_000, 125)),
        ("oracle-ee", 200, (12_000, 500)),
        ("sqlserver-se", 1_000, (3_000, 125)),
    ],
)
def test_gp3_has_figures_of_its_own(rds, engine, gib, figures):
    """SB-RDS-27: where RDS stripes, four volumes' worth.

    Source SB-RDS-27: docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Storage.html; recorded: You can't specify IOPS
      or storage throughput for engine mysql and a storage size less than 400 (cloudtools/troposphere#2153); that SQL
      Server may, and the other refusals, are guesses.
    """
    made = rds.create_db_instance(**asking("app", engine, gib, StorageType="gp3"))["DBInstance"]
    assert (made["Iops"], made["StorageThroughput"]) == figures


@pytest.mark.parametrize("named", [{"Iops": 3_000}, {"StorageThroughput": 125}])
def test_small_gp3_takes_no_figures_not_even_its_own(box, rds, refused, named):
    """SB-RDS-27: at a creation, a restore and a modification; a large one takes more than it has.

    Source SB-RDS-27: docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Storage.html; recorded: You can't specify IOPS
      or storage throughput for engine mysql and a storage size less than 400 (cloudtools/troposphere#2153); that SQL
      Server may, and the other refusals, are guesses.
    """
    wrong = ("InvalidParameterCombination", 400)
    assert refused(rds.create_db_instance, **asking("app", StorageType="gp3", **named)) == wrong
    box.add_db_instance("app", gib=SMALL)
    rds.create_db_snapshot(DBInstanceIdentifier="app", DBSnapshotIdentifier="s")
    box.clock.advance(1000)
    restore = {"DBInstanceIdentifier": "new", "DBSnapshotIdentifier": "s", "StorageType": "gp3"}
    assert refused(rds.restore_db_instance_from_db_snapshot, **restore, **named) == wrong
    assert refused(rds.modify_db_instance, DBInstanceIdentifier="app", **named) == wrong
    rds.restore_db_instance_from_db_snapshot(**restore)
    rds.create_db_instance(**asking("sql", "sqlserver-se", StorageType="gp3", Iops=4_000))
    large = asking("large", gib=LARGE, StorageType="gp3")
    assert refused(rds.create_db_instance, **large, Iops=11_999) == wrong
    made = rds.create_db_instance(**large, Iops=13_000)["DBInstance"]
    assert (made["Iops"], made["StorageThroughput"]) == (13_000, 500)


def test_provisioned_types_need_iops_and_a_restore_has_them_from_its_backup(box, rds, db, refused):
    """SB-RDS-27, R-RDS-47: io1 without IOPS, gp2 with; a backup's IOPS go with io1 named, not with gp3.

    Source SB-RDS-27: docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Storage.html; recorded: You can't specify IOPS
      or storage throughput for engine mysql and a storage size less than 400 (cloudtools/troposphere#2153); that SQL
      Server may, and the other refusals, are guesses.
    Source R-RDS-47: botocore rds RestoreDBInstanceFromDBSnapshot.
    """
    wrong = ("InvalidParameterCombination", 400)
    assert refused(rds.create_db_instance, **asking("new", StorageType="io1")) == wrong
    assert refused(rds.create_db_instance, **asking("new", StorageType="gp2", Iops=3_000)) == wrong
    box.add_db_instance("app", gib=SMALL, StorageType="io1", Iops=5_000)
    rds.create_db_snapshot(DBInstanceIdentifier="app", DBSnapshotIdentifier="s")
    box.clock.advance(1000)
    for name, more, iops in (("same", {"StorageType": "io1"}, 5_000), ("other", {}, 3_000)):
        ask = {"DBInstanceIdentifier": name, "DBSnapshotIdentifier": "s", **more}
        assert rds.restore_db_instance_from_db_snapshot(**ask)["DBInstance"]["Iops"] == iops
    rds.modify_db_instance(DBInstanceIdentifier="app", StorageType="gp3", ApplyImmediately=True)
    box.clock.advance(3 * 3600)
    assert (db("app")["StorageType"], db("app")["Iops"], db("app")["StorageThroughput"]) == ("gp3", 3_000, 125)


def test_a_restore_that_names_no_subnet_group_is_public(box, rds):
    """SB-RDS-28: also of a private database; a subnet group or the flag keeps it private.

    Source SB-RDS-28: botocore rds CreateDBInstance.PubliclyAccessible.
    """
    box.add_db_instance("app", PubliclyAccessible=False)
    rds.create_db_snapshot(DBInstanceIdentifier="app", DBSnapshotIdentifier="s")
    box.clock.advance(1000)
    group = rds.describe_db_instances()["DBInstances"][0]["DBSubnetGroup"]["DBSubnetGroupName"]
    cases = (({}, True), ({"DBSubnetGroupName": group}, False), ({"PubliclyAccessible": False}, False))
    for n, (more, public) in enumerate(cases):
        ask = {"DBInstanceIdentifier": f"new-{n}", "DBSnapshotIdentifier": "s", **more}
        assert rds.restore_db_instance_from_db_snapshot(**ask)["DBInstance"]["PubliclyAccessible"] is public


def test_members_of_aurora_are_private(box, db):
    """SB-RDS-28: they name no subnet group themselves.

    Source SB-RDS-28: botocore rds CreateDBInstance.PubliclyAccessible.
    """
    box.add_db_cluster("au")
    assert db("au-1")["PubliclyAccessible"] is False


@pytest.mark.parametrize(
    "tag",
    [
        {"Key": "plan", "Value": '{"a": 1}'},
        {"Key": "list", "Value": "a,b"},
        {"Key": "what?", "Value": "x"},
        {"Key": "long", "Value": "x" * 257},
        {"Key": "k" * 129, "Value": "x"},
    ],
)
def test_a_tag_that_rds_does_not_take(box, rds, refused, tag):
    """SB-RDS-29: so no JSON and no comma stands in a tag of a database.

    Source SB-RDS-29: botocore rds Tag; recorded: InvalidParameterValue, Tag values may only contain unicode letters,
      digits, whitespace, or one of these symbols (cloud-custodian/cloud-custodian#4674); the code of a 51st is a guess.
    """
    arn = box.add_db_instance("app")
    arn = rds.describe_db_instances()["DBInstances"][0]["DBInstanceArn"]
    ask = {"ResourceName": arn, "Tags": [tag]}
    assert refused(rds.add_tags_to_resource, **ask) == ("InvalidParameterValue", 400)
    rds.add_tags_to_resource(ResourceName=arn, Tags=[{"Key": "sealift:run", "Value": "Größe 1_2.3:4/5=6+7-8@9 "}])


def test_a_database_has_fifty_tags(box, rds, refused):
    """SB-RDS-29: one that is there already is changed.

    Source SB-RDS-29: botocore rds Tag; recorded: InvalidParameterValue, Tag values may only contain unicode letters,
      digits, whitespace, or one of these symbols (cloud-custodian/cloud-custodian#4674); the code of a 51st is a guess.
    """
    box.add_db_instance("app", Tags=[{"Key": f"k{n}", "Value": "v"} for n in range(50)])
    arn = rds.describe_db_instances()["DBInstances"][0]["DBInstanceArn"]
    one_more = {"ResourceName": arn, "Tags": [{"Key": "new", "Value": "v"}]}
    assert refused(rds.add_tags_to_resource, **one_more) == ("InvalidParameterValue", 400)
    rds.add_tags_to_resource(ResourceName=arn, Tags=[{"Key": "k1", "Value": "other"}])
