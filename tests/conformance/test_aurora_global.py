"""Global clusters, and clusters that replicate."""

import pytest

GONE = {"SkipFinalSnapshot": True}


@pytest.fixture
def world_wide(box, rds):
    """A global cluster from `au`."""
    box.add_db_cluster("au", readers=0)
    rds.create_global_cluster(GlobalClusterIdentifier="wide", SourceDBClusterIdentifier="au")


def test_a_member_says_which_global_cluster_it_is_in(client, rds, cluster, world_wide):
    """SB-AUR-10: and the global cluster, from any Region, which its members are.

    Source SB-AUR-10: botocore rds CreateGlobalCluster, RemoveFromGlobalCluster, DeleteGlobalCluster; recorded: This
      cluster is a part of a global cluster…; hashicorp/terraform-provider-aws#40333 (promoting); that a stop is refused
      so is a guess.
    """
    assert cluster("au")["GlobalClusterIdentifier"] == "wide"
    for region in ("eu-central-1", "us-east-1"):
        (found,) = client("rds", region).describe_global_clusters()["GlobalClusters"]
        (member,) = found["GlobalClusterMembers"]
        assert (member["DBClusterArn"], member["IsWriter"]) == (cluster("au")["DBClusterArn"], True)
        assert (found["Engine"], found["StorageEncrypted"]) == ("aurora-postgresql", False)


def test_a_member_stays_until_it_is_removed(box, rds, cluster, world_wide, refused):
    """SB-AUR-10: no delete, no stop, no second global cluster; the global one not while it has members.

    Source SB-AUR-10: botocore rds CreateGlobalCluster, RemoveFromGlobalCluster, DeleteGlobalCluster; recorded: This
      cluster is a part of a global cluster…; hashicorp/terraform-provider-aws#40333 (promoting); that a stop is refused
      so is a guess.
    """
    wrong, one = ("InvalidDBClusterStateFault", 400), {"DBClusterIdentifier": "au"}
    arn = cluster("au")["DBClusterArn"]
    assert refused(rds.stop_db_cluster, **one) == wrong
    second = {"GlobalClusterIdentifier": "second", "SourceDBClusterIdentifier": arn}
    assert refused(rds.create_global_cluster, **second) == wrong
    empty = ("InvalidGlobalClusterStateFault", 400)
    assert refused(rds.delete_global_cluster, GlobalClusterIdentifier="wide") == empty
    rds.delete_db_instance(DBInstanceIdentifier="au-1")
    box.clock.advance(1000)
    assert refused(rds.delete_db_cluster, **one, **GONE) == wrong
    leave = {"GlobalClusterIdentifier": "wide", "DbClusterIdentifier": arn}
    rds.remove_from_global_cluster(**leave)
    assert cluster("au")["Status"] == "promoting"
    assert "GlobalClusterIdentifier" not in cluster("au")
    box.clock.advance(600)
    assert refused(rds.remove_from_global_cluster, **leave) == ("DBClusterNotFoundFault", 404)
    rds.delete_global_cluster(GlobalClusterIdentifier="wide")
    rds.delete_db_cluster(**one, **GONE)
    assert refused(rds.describe_global_clusters, GlobalClusterIdentifier="wide")[0] == "GlobalClusterNotFoundFault"


def test_what_a_global_cluster_is_made_from(box, rds, refused):
    """SB-AUR-10: Aurora alone, by its own engine, under a name of its own; R-RDS-30: not deleted while protected.

    Source SB-AUR-10: botocore rds CreateGlobalCluster, RemoveFromGlobalCluster, DeleteGlobalCluster; recorded: This
      cluster is a part of a global cluster…; hashicorp/terraform-provider-aws#40333 (promoting); that a stop is refused
      so is a guess.
    Source R-RDS-30: botocore rds DeleteDBInstance.
    """
    box.add_db_cluster("au")
    box.add_db_cluster("maz", "postgres", DBClusterInstanceClass="db.m6g.large")
    make, one = rds.create_global_cluster, {"GlobalClusterIdentifier": "wide"}
    assert refused(make, **one) == ("InvalidParameterValue", 400)
    assert refused(make, **one, SourceDBClusterIdentifier="maz") == ("InvalidDBClusterStateFault", 400)
    both = {"SourceDBClusterIdentifier": "au", "Engine": "aurora-postgresql"}
    assert refused(make, **one, **both) == ("InvalidParameterCombination", 400)
    make(**one, Engine="aurora-mysql", DeletionProtection=True)
    assert refused(make, **one, Engine="aurora-mysql") == ("GlobalClusterAlreadyExistsFault", 400)
    assert refused(rds.delete_global_cluster, **one) == ("InvalidParameterCombination", 400)


def test_a_restored_cluster_is_in_no_global_cluster(box, rds, cluster, world_wide):
    """SB-AUR-10: the snapshot brings the data, not the membership.

    Source SB-AUR-10: botocore rds CreateGlobalCluster, RemoveFromGlobalCluster, DeleteGlobalCluster; recorded: This
      cluster is a part of a global cluster…; hashicorp/terraform-provider-aws#40333 (promoting); that a stop is refused
      so is a guess.
    """
    rds.create_db_cluster_snapshot(DBClusterIdentifier="au", DBClusterSnapshotIdentifier="s")
    box.clock.advance(1000)
    rds.restore_db_cluster_from_snapshot(DBClusterIdentifier="new", SnapshotIdentifier="s", Engine="aurora-postgresql")
    assert "GlobalClusterIdentifier" not in cluster("new")


def test_a_cluster_that_replicates_is_promoted_once(box, rds, cluster, refused):
    """SB-AUR-11: afterwards it is on its own.

    Source SB-AUR-11: botocore rds PromoteReadReplicaDBCluster; the code is a guess.
    """
    source = "arn:aws:rds:eu-west-1:123456789012:cluster:far"
    box.add_db_cluster("au", "aurora-mysql", ReplicationSourceIdentifier=source)
    rds.promote_read_replica_db_cluster(DBClusterIdentifier="au")
    assert cluster("au")["Status"] == "promoting"
    box.clock.advance(600)
    assert "ReplicationSourceIdentifier" not in cluster("au")
    again = refused(rds.promote_read_replica_db_cluster, DBClusterIdentifier="au")
    assert again == ("InvalidDBClusterStateFault", 400)
