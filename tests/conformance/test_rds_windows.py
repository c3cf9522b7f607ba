"""What waits for the maintenance window: applied in the first that finds the database available."""

WEEK = 7 * 86_400


def test_a_cluster_change_waits_for_the_window_and_then_applies(box, rds, cluster):
    """R-RDS-13: pending until the cluster's window, as at instances; the rename too.

    Source R-RDS-13: botocore rds ModifyDBInstance.ApplyImmediately.
    """
    box.add_db_cluster("heart", job=False)
    ask = {"BackupRetentionPeriod": 3, "NewDBClusterIdentifier": "soul"}
    rds.modify_db_cluster(DBClusterIdentifier="heart", **ask)
    box.clock.advance(3000)
    shown = cluster("heart")
    assert (shown["BackupRetentionPeriod"], shown["PendingModifiedValues"]["BackupRetentionPeriod"]) == (7, 3)
    box.clock.advance(WEEK + 3600)
    shown = cluster("soul")
    assert (shown["BackupRetentionPeriod"], shown["Status"]) == (3, "available")
    assert not shown.get("PendingModifiedValues")


def test_a_window_that_is_missed_is_followed_by_the_next(box, rds, db):
    """R-RDS-13: a database that is not available in its window takes its changes in the one after.

    Source R-RDS-13: botocore rds ModifyDBInstance.ApplyImmediately.
    """
    box.add_db_instance("app", job=False)
    rds.modify_db_instance(DBInstanceIdentifier="app", DBInstanceClass="db.m6g.xlarge")
    box.set_db_state("app", "modifying")
    box.clock.advance(WEEK)
    assert db("app")["DBInstanceClass"] == "db.m6g.large"
    box.set_db_state("app", "available")
    box.clock.advance(3600)
    assert db("app")["PendingModifiedValues"] == {"DBInstanceClass": "db.m6g.xlarge"}
    box.clock.advance(WEEK)
    assert (db("app")["DBInstanceClass"], db("app")["PendingModifiedValues"]) == ("db.m6g.xlarge", {})


def test_what_is_applied_at_once_does_not_come_again_in_the_window(box, rds, cluster):
    """R-RDS-13: ApplyImmediately takes what is pending along, and nothing is left for the window.

    Source R-RDS-13: botocore rds ModifyDBInstance.ApplyImmediately.
    """
    box.add_db_cluster("heart", job=False)
    rds.modify_db_cluster(DBClusterIdentifier="heart", BackupRetentionPeriod=3)
    rds.modify_db_cluster(DBClusterIdentifier="heart", DeletionProtection=True, ApplyImmediately=True)
    box.clock.advance(3000)
    assert cluster("heart")["BackupRetentionPeriod"] == 3
    rds.modify_db_cluster(DBClusterIdentifier="heart", BackupRetentionPeriod=9, ApplyImmediately=True)
    box.clock.advance(WEEK + 3600)
    assert cluster("heart")["BackupRetentionPeriod"] == 9
