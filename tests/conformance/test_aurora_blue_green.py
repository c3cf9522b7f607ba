"""Blue/Green of Aurora clusters: one entry for the whole cluster, members and custom endpoints included."""

import pytest


@pytest.fixture
def logical(box, rds):
    """An Aurora PostgreSQL cluster whose logical replication is in effect."""
    group = {"DBClusterParameterGroupName": "logical", "DBParameterGroupFamily": "aurora-postgresql17"}
    rds.create_db_cluster_parameter_group(**group, Description="-")
    on = [{"ParameterName": "rds.logical_replication", "ParameterValue": "1", "ApplyMethod": "pending-reboot"}]
    rds.modify_db_cluster_parameter_group(DBClusterParameterGroupName="logical", Parameters=on)
    box.add_db_cluster("au", readers=1, DBClusterParameterGroupName="logical")
    return "au"


@pytest.fixture
def deploy(rds, cluster):
    def make(name="au", key=None, **more):
        arn = cluster(name)["DBClusterArn"]
        ask = {"BlueGreenDeploymentName": "bg", "Source": arn, **more}
        if key:
            ask["TargetResourceConfigurations"] = [{"SourceArn": arn, "TargetKmsKeyId": key}]
        return rds.create_blue_green_deployment(**ask)["BlueGreenDeployment"]["BlueGreenDeploymentIdentifier"]

    return make


def test_logical_replication_must_be_in_effect(box, rds, deploy, refused):
    """R-RDS-41: set, but not rebooted, is not enough; nor is a MySQL cluster without its binary log.

    Source R-RDS-41: docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/blue-green-deployments-creating.html; the code
      is a guess.
    """
    box.add_db_cluster("au")
    assert refused(deploy) == ("SourceClusterNotSupportedFault", 400)
    box.add_db_cluster("my", "aurora-mysql")
    assert refused(deploy, name="my")[0] == "SourceClusterNotSupportedFault"
    group = {"DBClusterParameterGroupName": "logical", "DBParameterGroupFamily": "aurora-postgresql17"}
    rds.create_db_cluster_parameter_group(**group, Description="-")
    on = [{"ParameterName": "rds.logical_replication", "ParameterValue": "1", "ApplyMethod": "pending-reboot"}]
    rds.modify_db_cluster_parameter_group(DBClusterParameterGroupName="logical", Parameters=on)
    rds.modify_db_cluster(DBClusterIdentifier="au", DBClusterParameterGroupName="logical", ApplyImmediately=True)
    box.clock.advance(100)
    assert refused(deploy)[0] == "SourceClusterNotSupportedFault"
    rds.reboot_db_instance(DBInstanceIdentifier="au-1")
    box.clock.advance(100)
    deploy()


def test_a_multi_az_db_cluster_has_no_blue_green(box, deploy, refused):
    """R-RDS-43.

    Source R-RDS-43: Blue/Green refuses Oracle, SQL Server, Db2, Multi-AZ DB clusters, cross-Region and cascading
      replicas, and what CloudFormation manages.
      docs.aws.amazon.com/AmazonRDS/latest/UserGuide/blue-green-deployments-overview.html; the codes are
      SourceDatabaseNotSupportedFault and SourceClusterNotSupportedFault.
    """
    box.add_db_cluster("m", "postgres", readers=2, DBClusterInstanceClass="db.m6g.large")
    assert refused(deploy, name="m")[0] == "SourceClusterNotSupportedFault"


def test_one_entry_encrypts_the_whole_cluster(box, rds, logical, deploy, cluster, db):
    """SB-BG-22: botocore rds TargetResourceConfiguration: cluster, members and custom endpoints change hands; nothing is lost.

    Source SB-BG-22: botocore rds TargetResourceConfiguration;
      docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/blue-green-deployments-overview.html.
    """
    key = box.add_key()
    rds.create_db_cluster_endpoint(
        DBClusterIdentifier="au", DBClusterEndpointIdentifier="reports", EndpointType="READER", StaticMembers=["au-2"]
    )
    made = deploy(key=key)
    box.clock.advance(3000)
    shown = rds.describe_blue_green_deployments()["BlueGreenDeployments"][0]
    assert (shown["Status"], len(shown["SwitchoverDetails"])) == ("AVAILABLE", 3)
    green = cluster(shown["Target"].rsplit(":", 1)[1])
    assert (green["StorageEncryptionType"], green["KmsKeyId"]) == ("sse-kms", key)
    rds.switchover_blue_green_deployment(BlueGreenDeploymentIdentifier=made)
    box.clock.advance(200)
    assert cluster("au")["StorageEncryptionType"] == "sse-kms"
    assert [m["DBInstanceIdentifier"] for m in cluster("au")["DBClusterMembers"]] == ["au-1", "au-2"]
    assert [m["DBInstanceIdentifier"] for m in cluster("au-old1")["DBClusterMembers"]] == ["au-1-old1", "au-2-old1"]
    assert db("au-1")["StorageEncryptionType"] == "sse-kms"
    custom = rds.describe_db_cluster_endpoints(DBClusterIdentifier="au")["DBClusterEndpoints"]
    assert [(e.get("DBClusterEndpointIdentifier"), e.get("StaticMembers")) for e in custom][2] == ("reports", ["au-2"])
    assert (box.db_losses(), box.double_runs()) == ([], [])
    assert box.db_contents("au").streams["client:au"][-1][1] == box.now()
    assert box.engine("au-old1").execute("read_only") is True


def test_a_backed_out_cluster_deployment_leaves_nothing(box, rds, logical, deploy):
    """SB-BG-21: DeleteTarget: green cluster, members and endpoints are gone.

    Source SB-BG-21: botocore rds DeleteBlueGreenDeployment.DeleteTarget.
    """
    made = deploy()
    box.clock.advance(3000)
    rds.delete_blue_green_deployment(BlueGreenDeploymentIdentifier=made, DeleteTarget=True)
    box.clock.advance(500)
    assert [c["DBClusterIdentifier"] for c in rds.describe_db_clusters()["DBClusters"]] == ["au"]
    assert {d["DBInstanceIdentifier"] for d in rds.describe_db_instances()["DBInstances"]} == {"au-1", "au-2"}


@pytest.mark.parametrize(
    ("engine", "family", "parameter", "on", "metric", "side"),
    [
        ("aurora-mysql", "aurora-mysql8.0", "binlog_format", "ROW", "AuroraBinlogReplicaLag", "green"),
        (
            "aurora-postgresql",
            "aurora-postgresql17",
            "rds.logical_replication",
            "1",
            "OldestReplicationSlotLag",
            "blue",
        ),
    ],
)
def test_how_far_green_is_behind_is_a_metric_of_its_engine(
    box, rds, client, deploy, engine, family, parameter, on, metric, side
):
    """SB-AUR-47: a metric that is asked for by the wrong name, or on the wrong side, shows nothing.

    Source SB-AUR-47: docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.AuroraMonitoring.Metrics.html;
      docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/blue-green-deployments-switching.html; of Aurora PostgreSQL
      that page has a query of slots: the metric is a guess.
    """
    group = {"DBClusterParameterGroupName": "own", "DBParameterGroupFamily": family}
    rds.create_db_cluster_parameter_group(**group, Description="-")
    told = [{"ParameterName": parameter, "ParameterValue": on, "ApplyMethod": "pending-reboot"}]
    rds.modify_db_cluster_parameter_group(DBClusterParameterGroupName="own", Parameters=told)
    box.add_db_cluster("au", engine, DBClusterParameterGroupName="own")
    deploy()
    box.clock.advance(3 * 3600)
    clusters = [c["DBClusterIdentifier"] for c in rds.describe_db_clusters()["DBClusters"]]
    (green,) = [c for c in clusters if c.startswith("au-green")]
    box.set_replica_lag(green, 600)
    suffix = green.removeprefix("au")
    members = {"blue": "au-1", "green": f"au-1{suffix}", "reader": f"au-2{suffix}"}

    def newest(name, member):
        stat = {"Metric": {"Namespace": "AWS/RDS", "MetricName": name}, "Period": 60, "Stat": "Maximum"}
        stat["Metric"]["Dimensions"] = [{"Name": "DBInstanceIdentifier", "Value": member}]
        about = {"StartTime": box.now() - 600, "EndTime": box.now()}
        queries = [{"Id": "q", "MetricStat": stat}]
        return client("cloudwatch").get_metric_data(MetricDataQueries=queries, **about)["MetricDataResults"][0][
            "Values"
        ]

    assert [newest("ReplicaLag", m) for m in members.values()] == [[], [], []]
    shown = {where: newest(metric, m) for where, m in members.items()}
    assert {where for where, values in shown.items() if values} == {side}
    assert shown[side][0] == 600 if side == "green" else shown[side][0] >= 600 * 2**20  # a MiB a second and the job's
