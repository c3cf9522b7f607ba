"""Every list of RDS comes in pages: MaxRecords, Marker, and the whole in the end, each once."""

import pytest

MANY = 23
TAGGED = {"SnsTopicArn": "arn:aws:sns:eu-central-1:123456789012:t"}


def instances(box, rds):
    for n in range(MANY):
        box.add_db_instance(f"i{n}", write_mib_per_s=0, job=False)


def clusters(box, rds):
    for n in range(MANY):
        box.add_db_cluster(f"c{n}", readers=0, write_mib_per_s=0, job=False)


def snapshots(box, rds):
    box.add_db_instance("app", size_gib=1)
    for n in range(MANY):
        rds.create_db_snapshot(DBInstanceIdentifier="app", DBSnapshotIdentifier=f"s{n}")
        box.clock.advance(600)


def cluster_snapshots(box, rds):
    box.add_db_cluster("au", size_gib=1)
    for n in range(MANY):
        rds.create_db_cluster_snapshot(DBClusterIdentifier="au", DBClusterSnapshotIdentifier=f"s{n}")
        box.clock.advance(600)


def endpoints(box, rds):
    box.add_db_cluster("au")
    for n in range(MANY):
        ask = {"DBClusterIdentifier": "au", "DBClusterEndpointIdentifier": f"e{n}", "EndpointType": "READER"}
        rds.create_db_cluster_endpoint(**ask)


def deployments(box, rds):
    box.world.quotas.__dict__["db_instances"] = 100
    instances(box, rds)
    for db in rds.describe_db_instances()["DBInstances"]:
        name = db["DBInstanceIdentifier"]
        rds.create_blue_green_deployment(BlueGreenDeploymentName=name, Source=db["DBInstanceArn"])


def groups(box, rds):
    for n in range(MANY):
        rds.create_db_parameter_group(
            DBParameterGroupName=f"g{n}", DBParameterGroupFamily="postgres17", Description="-"
        )


def cluster_groups(box, rds):
    for n in range(MANY):
        family = {"DBParameterGroupFamily": "aurora-postgresql17"}
        rds.create_db_cluster_parameter_group(DBClusterParameterGroupName=f"g{n}", **family, Description="-")


def parameters(box, rds):
    rds.create_db_parameter_group(DBParameterGroupName="g", DBParameterGroupFamily="postgres17", Description="-")
    listed = [{"ParameterName": f"p{n}", "ParameterValue": "1", "ApplyMethod": "immediate"} for n in range(MANY)]
    for n in range(0, MANY, 20):
        rds.modify_db_parameter_group(DBParameterGroupName="g", Parameters=listed[n : n + 20])


def cluster_parameters(box, rds):
    group = {"DBClusterParameterGroupName": "g"}
    rds.create_db_cluster_parameter_group(**group, DBParameterGroupFamily="aurora-postgresql17", Description="-")
    listed = [{"ParameterName": f"p{n}", "ParameterValue": "1", "ApplyMethod": "immediate"} for n in range(MANY)]
    for n in range(0, MANY, 20):
        rds.modify_db_cluster_parameter_group(**group, Parameters=listed[n : n + 20])


def option_groups(box, rds):
    for n in range(MANY):
        ask = {"OptionGroupName": f"o{n}", "EngineName": "oracle-ee", "MajorEngineVersion": "21"}
        rds.create_option_group(**ask, OptionGroupDescription="-")


def subnet_groups(box, rds):
    nets = [s["SubnetId"] for s in box.client("ec2").describe_subnets()["Subnets"]]
    for n in range(MANY):
        rds.create_db_subnet_group(DBSubnetGroupName=f"n{n}", DBSubnetGroupDescription="-", SubnetIds=nets)


def subscriptions(box, rds):
    for n in range(MANY):
        rds.create_event_subscription(SubscriptionName=f"e{n}", **TAGGED)


def proxies(box, rds):
    nets = [s["SubnetId"] for s in box.client("ec2").describe_subnets()["Subnets"]]
    for n in range(MANY):
        ask = {"DBProxyName": f"p{n}", "EngineFamily": "MYSQL", "Auth": [{}], "VpcSubnetIds": nets}
        rds.create_db_proxy(**ask, RoleArn="arn:aws:iam::123456789012:role/p")


def targets(box, rds):
    instances(box, rds)
    nets = [s["SubnetId"] for s in box.client("ec2").describe_subnets()["Subnets"]]
    ask = {"DBProxyName": "p", "EngineFamily": "POSTGRESQL", "Auth": [{}], "VpcSubnetIds": nets}
    rds.create_db_proxy(**ask, RoleArn="arn:aws:iam::123456789012:role/p")
    box.clock.advance(100)
    rds.register_db_proxy_targets(DBProxyName="p", DBInstanceIdentifiers=[f"i{n}" for n in range(MANY)])


def events(box, rds):
    box.add_db_instance("app")
    for _ in range(MANY):
        rds.reboot_db_instance(DBInstanceIdentifier="app")
        box.clock.advance(100)


def documents(kind):
    return lambda box, rds: [box.add_rds_document(kind, f"d{n}", {}) for n in range(MANY)]


def maintenance(box, rds):
    for n in range(MANY):
        box.show_as(f"arn:aws:rds:eu-central-1:123456789012:db:i{n}", PendingMaintenance=[{"Action": "os-upgrade"}])


def nothing(box, rds):
    """The list is there without anybody's doing."""


LISTS = [
    ("describe_db_instances", "DBInstances", instances, {}),
    ("describe_db_instance_automated_backups", "DBInstanceAutomatedBackups", instances, {}),
    ("describe_db_clusters", "DBClusters", clusters, {}),
    ("describe_db_snapshots", "DBSnapshots", snapshots, {}),
    ("describe_db_cluster_snapshots", "DBClusterSnapshots", cluster_snapshots, {}),
    ("describe_db_cluster_endpoints", "DBClusterEndpoints", endpoints, {}),
    ("describe_blue_green_deployments", "BlueGreenDeployments", deployments, {}),
    ("describe_db_parameter_groups", "DBParameterGroups", groups, {}),
    ("describe_db_cluster_parameter_groups", "DBClusterParameterGroups", cluster_groups, {}),
    ("describe_db_parameters", "Parameters", parameters, {"DBParameterGroupName": "g"}),
    ("describe_db_cluster_parameters", "Parameters", cluster_parameters, {"DBClusterParameterGroupName": "g"}),
    ("describe_option_groups", "OptionGroupsList", option_groups, {}),
    ("describe_db_subnet_groups", "DBSubnetGroups", subnet_groups, {}),
    ("describe_event_subscriptions", "EventSubscriptionsList", subscriptions, {}),
    ("describe_db_proxies", "DBProxies", proxies, {}),
    ("describe_db_proxy_targets", "Targets", targets, {"DBProxyName": "p"}),
    ("describe_events", "Events", events, {}),
    ("describe_integrations", "Integrations", documents("integration"), {}),
    ("describe_global_clusters", "GlobalClusters", documents("global-cluster"), {}),
    ("describe_export_tasks", "ExportTasks", documents("export-task"), {}),
    ("describe_pending_maintenance_actions", "PendingMaintenanceActions", maintenance, {}),
    ("describe_db_engine_versions", "DBEngineVersions", nothing, {}),
    ("describe_orderable_db_instance_options", "OrderableDBInstanceOptions", nothing, {"Engine": "postgres"}),
]


@pytest.mark.parametrize(("operation", "member", "fill", "asked"), LISTS, ids=[one[0] for one in LISTS])
def test_a_list_comes_in_pages(box, rds, refused, operation, member, fill, asked):
    """SB-RDS-06: 20 to 100 records a page; the last has no Marker; a Marker that was never given is refused.

    Source SB-RDS-06: botocore rds DescribeDBInstances.
    """
    fill(box, rds)
    describe = getattr(rds, operation)
    whole, marker, pages = [], {}, 0
    while pages == 0 or marker:
        page = describe(**asked, **marker, MaxRecords=20)
        whole += page[member]
        pages += 1
        marker = {"Marker": page["Marker"]} if "Marker" in page else {}
    assert pages == -(-len(whole) // 20) > 1
    assert whole[:100] == describe(**asked)[member]
    assert refused(describe, **asked, Marker="never-given")[0] == "InvalidParameterValue"
