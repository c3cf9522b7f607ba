"""Restores to a point in time, and replicas in other Regions."""

from datetime import UTC, datetime

import pytest

DAY = 86_400


@pytest.fixture
def restore(box, rds):
    """restore(kind, ago, **more): to a point that is so many seconds ago, or without a point."""
    box.add_db_instance("app", job=False)
    box.add_db_cluster("heart", job=False)
    box.clock.advance(20 * DAY)

    def at(kind, ago=None, **more):
        member = {"db": "RestoreTime", "cluster": "RestoreToTime"}[kind]
        if ago is not None:
            more[member] = datetime.fromtimestamp(box.clock.now() - ago, UTC)
        if kind == "db":
            ask = {"SourceDBInstanceIdentifier": "app", "TargetDBInstanceIdentifier": "new"}
            return rds.restore_db_instance_to_point_in_time(**ask, **more)
        ask = {"SourceDBClusterIdentifier": "heart", "DBClusterIdentifier": "new"}
        return rds.restore_db_cluster_to_point_in_time(**ask, **more)

    return at


@pytest.mark.parametrize("kind", ["db", "cluster"])
def test_a_point_is_between_the_oldest_backup_and_five_minutes_ago(restore, refused, kind):
    """SB-RDS-14: seven days are kept, not what is older; the future and the last minutes are not there.

    Source SB-RDS-14: botocore rds PointInTimeRestoreNotEnabledFault, RestoreDBInstanceToPointInTime.
    """
    for ago in (8 * DAY, 60, -DAY):
        assert refused(restore, kind=kind, ago=ago) == ("InvalidParameterValue", 400)
    restore(kind, 6 * DAY)


@pytest.mark.parametrize("kind", ["db", "cluster"])
def test_one_point_is_said(restore, refused, kind):
    """SB-RDS-14: a time or the latest, not neither, not both.

    Source SB-RDS-14: botocore rds PointInTimeRestoreNotEnabledFault, RestoreDBInstanceToPointInTime.
    """
    assert refused(restore, kind=kind)[0] == "InvalidParameterCombination"
    both = {"ago": DAY, "UseLatestRestorableTime": True}
    assert refused(restore, kind=kind, **both)[0] == "InvalidParameterCombination"
    restore(kind, UseLatestRestorableTime=True)


def test_a_clone_is_of_now(restore, refused):
    """SB-RDS-14: copy-on-write takes no time.

    Source SB-RDS-14: botocore rds PointInTimeRestoreNotEnabledFault, RestoreDBInstanceToPointInTime.
    """
    assert refused(restore, kind="cluster", ago=DAY, RestoreType="copy-on-write")[0] == "InvalidParameterCombination"
    restore("cluster", RestoreType="copy-on-write")


def test_a_replica_in_another_region_is_seen_from_its_source(box, rds, client, db, refused):
    """SB-RDS-19: the source names it by ARN, is not stopped while it has it, and lets it go with itself.

    Source SB-RDS-19: botocore rds StopDBInstance;
      docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_StopInstance.html; the code is a guess.
    """
    box.add_db_instance("app", job=False)
    source, west = db("app")["DBInstanceArn"], client("rds", "eu-west-1")
    made = west.create_db_instance_read_replica(DBInstanceIdentifier="far", SourceDBInstanceIdentifier=source)
    assert db("app")["ReadReplicaDBInstanceIdentifiers"] == [made["DBInstance"]["DBInstanceArn"]]
    box.clock.advance(7200)
    assert refused(rds.stop_db_instance, DBInstanceIdentifier="app") == ("InvalidDBInstanceState", 400)
    rds.delete_db_instance(DBInstanceIdentifier="app", SkipFinalSnapshot=True)
    box.clock.advance(7200)
    (far,) = west.describe_db_instances(DBInstanceIdentifier="far")["DBInstances"]
    assert "ReadReplicaSourceDBInstanceIdentifier" not in far
