"""RDS under the gate: every action by its resources, and what an operation needs besides its own action."""

import pytest

ARN = "arn:aws:rds:eu-central-1:123456789012"
DENIED = ("AccessDenied", 403)
POINT = {"UseLatestRestorableTime": True}
AURORA = ("CreateDBCluster", "CreateDBInstance", "CreateDBClusterEndpoint")
PLAIN = {
    "create": ("CreateBlueGreenDeployment", "AddTagsToResource", "CreateDBInstanceReadReplica"),
    "switchover": ("SwitchoverBlueGreenDeployment", "ModifyDBInstance", "PromoteReadReplica"),
    "delete": ("DeleteBlueGreenDeployment", "DeleteDBInstance"),
}


@pytest.mark.parametrize(
    ("action", "operation", "resources", "params"),
    [
        ("FailoverDBCluster", "failover_db_cluster", ["cluster:heart"], {"DBClusterIdentifier": "heart"}),
        ("PromoteReadReplica", "promote_read_replica", ["db:copy"], {"DBInstanceIdentifier": "copy"}),
        ("DescribeDBInstances", "describe_db_instances", ["db:app"], {"DBInstanceIdentifier": "app"}),
        ("DescribeDBInstances", "describe_db_instances", ["db:*"], {}),
        ("ModifyDBSnapshot", "modify_db_snapshot", ["snapshot:s"], {"DBSnapshotIdentifier": "s"}),
        (
            "CreateDBClusterEndpoint",
            "create_db_cluster_endpoint",
            ["cluster:heart", "cluster-endpoint:e"],
            {"DBClusterIdentifier": "heart", "DBClusterEndpointIdentifier": "e", "EndpointType": "ANY"},
        ),
        (
            "RestoreDBInstanceToPointInTime",
            "restore_db_instance_to_point_in_time",
            ["db:app", "db:new"],
            {"SourceDBInstanceIdentifier": "app", "TargetDBInstanceIdentifier": "new", **POINT},
        ),
        (
            "RestoreDBClusterToPointInTime",
            "restore_db_cluster_to_point_in_time",
            ["cluster:heart", "cluster:new"],
            {"SourceDBClusterIdentifier": "heart", "DBClusterIdentifier": "new", **POINT},
        ),
    ],
)
def test_actions_are_allowed_by_the_arn_of_each_resource(
    box, rds, as_role, allowing, refused, action, operation, resources, params
):
    """SB-IAM-02: by all the ARNs that the request names, and not by those of another.

    Source SB-IAM-02: docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html; actions that the
      sandbox's tables lack count as without: a guess.
    """
    box.add_db_instance("app", job=False)
    box.add_db_replica("copy", source="app")
    box.add_db_cluster("heart", readers=1, job=False)
    rds.create_db_snapshot(DBInstanceIdentifier="app", DBSnapshotIdentifier="s")
    box.clock.advance(3600)
    names = [f"{ARN}:{r}" for r in resources]
    for missing in names:
        others = [allowing(f"rds:{action}", on=[n for n in names if n != missing] + [f"{ARN}:db:other"])]
        assert refused(getattr(as_role(*others, service="rds"), operation), **params) == DENIED
    getattr(as_role(allowing(f"rds:{action}", on=names), service="rds"), operation)(**params)


def _may(as_role, allowing, actions, missing=""):
    return as_role(*[allowing(f"rds:{a}") for a in actions if a != missing], service="rds")


def test_blue_green_needs_what_rds_does_on_the_callers_behalf(box, rds, as_role, allowing, refused, until):
    """SB-IAM-11: a replica is made, changed and promoted, an instance deleted: each is asked of the caller too.

    Source SB-IAM-11: docs.aws.amazon.com/AmazonRDS/latest/UserGuide/blue-green-deployments-authorizing-access.html;
      docs.aws.amazon.com/service-authorization/latest/reference/list_amazonrds.html; that each is asked at the request
      is a guess.
    """
    box.add_db_instance("app", engine="mysql", job=False)
    ask = {"BlueGreenDeploymentName": "bg", "Source": f"{ARN}:db:app"}
    for missing in PLAIN["create"]:
        assert refused(_may(as_role, allowing, PLAIN["create"], missing).create_blue_green_deployment, **ask) == DENIED
    made = _may(as_role, allowing, PLAIN["create"]).create_blue_green_deployment(**ask)["BlueGreenDeployment"]
    ref = {"BlueGreenDeploymentIdentifier": made["BlueGreenDeploymentIdentifier"]}
    until(lambda: rds.describe_blue_green_deployments(**ref)["BlueGreenDeployments"][0], "Status", "AVAILABLE")
    for verb in ("switchover", "delete"):
        for missing in PLAIN[verb]:
            bare = getattr(_may(as_role, allowing, PLAIN[verb], missing), f"{verb}_blue_green_deployment")
            assert refused(bare, **ref) == DENIED
        getattr(_may(as_role, allowing, PLAIN[verb]), f"{verb}_blue_green_deployment")(**ref)
        box.clock.advance(3600)


def test_blue_green_of_aurora_needs_the_clusters_actions(box, as_role, allowing, refused):
    """SB-IAM-11: a cluster, its instances and its endpoints are made, instead of a replica.

    Source SB-IAM-11: docs.aws.amazon.com/AmazonRDS/latest/UserGuide/blue-green-deployments-authorizing-access.html;
      docs.aws.amazon.com/service-authorization/latest/reference/list_amazonrds.html; that each is asked at the request
      is a guess.
    """
    box.add_db_cluster("heart", job=False)
    ask = {"BlueGreenDeploymentName": "bg", "Source": f"{ARN}:cluster:heart"}
    needed = ("CreateBlueGreenDeployment", "AddTagsToResource", *AURORA)
    for missing in AURORA:
        assert refused(_may(as_role, allowing, needed, missing).create_blue_green_deployment, **ask) == DENIED
    full = _may(as_role, allowing, needed).create_blue_green_deployment
    assert refused(full, **ask)[0] == "SourceClusterNotSupportedFault"


def test_a_role_is_given_to_rds_by_who_may_pass_it(box, as_role, allowing, refused):
    """SB-IAM-11: iam:PassRole on that role, to the service that gets it.

    Source SB-IAM-11: docs.aws.amazon.com/AmazonRDS/latest/UserGuide/blue-green-deployments-authorizing-access.html;
      docs.aws.amazon.com/service-authorization/latest/reference/list_amazonrds.html; that each is asked at the request
      is a guess.
    """
    box.add_db_instance("app", job=False)
    role = "arn:aws:iam::123456789012:role/monitor"
    ask = {"DBInstanceIdentifier": "app", "MonitoringInterval": 60, "MonitoringRoleArn": role}
    own = allowing("rds:*")
    assert refused(as_role(own, service="rds").modify_db_instance, **ask) == DENIED
    to = {"StringEquals": {"iam:PassedToService": "rds.amazonaws.com"}}
    wrong = as_role(own, allowing("iam:PassRole", on=role, Condition=to), service="rds")
    assert refused(wrong.modify_db_instance, **ask) == DENIED
    wrong.add_role_to_db_instance(DBInstanceIdentifier="app", RoleArn=role, FeatureName="s3Import")
    as_role(own, allowing("iam:PassRole", on=role), service="rds").modify_db_instance(**ask)


@pytest.mark.parametrize(
    ("operation", "action", "resources", "params"),
    [
        (
            "describe_db_parameters",
            "DescribeDBParameters",
            ["pg:default.postgres17"],
            {"DBParameterGroupName": "default.postgres17", "Source": "user"},
        ),
        (
            "copy_db_snapshot",
            "CopyDBSnapshot",
            ["snapshot:c"],
            {
                "SourceDBSnapshotIdentifier": "s",
                "TargetDBSnapshotIdentifier": "c",
                "OptionGroupName": "default:postgres-17",
            },
        ),
        (
            "create_integration",
            "CreateIntegration",
            ["db:app", "integration:*"],
            {"SourceArn": f"{ARN}:db:app", "TargetArn": "arn:aws:redshift:eu-central-1:1:n", "IntegrationName": "z"},
        ),
    ],
)
def test_actions_are_not_asked_of_what_they_only_mention(
    box, rds, as_role, allowing, refused, operation, action, resources, params
):
    """SB-IAM-02: whose parameters are wanted, the option group of a copy; a new integration is asked of its source.

    Source SB-IAM-02: docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html; actions that the
      sandbox's tables lack count as without: a guess.
    """
    box.add_db_instance("app", job=False)
    rds.create_db_snapshot(DBInstanceIdentifier="app", DBSnapshotIdentifier="s")
    box.clock.advance(3600)
    names = [f"{ARN}:{r}" for r in resources]
    none = as_role(allowing(f"rds:{action}", on=[*names[1:], f"{ARN}:db:other"]), service="rds")
    assert refused(getattr(none, operation), **params) == DENIED
    getattr(as_role(allowing(f"rds:{action}", on=names), service="rds"), operation)(**params)


def test_a_global_cluster_is_named_without_a_region(box, as_role, allowing, refused):
    """SB-IAM-02: made from a cluster it is asked of both.

    Source SB-IAM-02: docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html; actions that the
      sandbox's tables lack count as without: a guess.
    """
    box.add_db_cluster("heart", job=False)
    wide = "arn:aws:rds::123456789012:global-cluster:wide"
    ask = {"GlobalClusterIdentifier": "wide", "SourceDBClusterIdentifier": f"{ARN}:cluster:heart"}
    one = as_role(allowing("rds:CreateGlobalCluster", on=wide), service="rds")
    assert refused(one.create_global_cluster, **ask) == DENIED
    both = as_role(allowing("rds:CreateGlobalCluster", on=[wide, f"{ARN}:cluster:heart"]), service="rds")
    both.create_global_cluster(**ask)


def test_a_final_snapshot_is_taken_by_who_may_take_one(box, as_role, allowing, refused):
    """SB-IAM-11: a delete that leaves one needs both actions.

    Source SB-IAM-11: docs.aws.amazon.com/AmazonRDS/latest/UserGuide/blue-green-deployments-authorizing-access.html;
      docs.aws.amazon.com/service-authorization/latest/reference/list_amazonrds.html; that each is asked at the request
      is a guess.
    """
    box.add_db_instance("app", job=False)
    ask = {"DBInstanceIdentifier": "app", "FinalDBSnapshotIdentifier": "last"}
    assert refused(as_role(allowing("rds:DeleteDBInstance"), service="rds").delete_db_instance, **ask) == DENIED
    snap = allowing("rds:CreateDBSnapshot", on=[f"{ARN}:db:app", f"{ARN}:snapshot:last"])
    as_role(allowing("rds:DeleteDBInstance"), snap, service="rds").delete_db_instance(**ask)


def test_a_managed_password_is_asked_for_by_who_may_make_secrets(box, as_role, allowing, refused):
    """SB-IAM-11: RDS makes, tags and rotates the secret in the caller's name.

    Source SB-IAM-11: docs.aws.amazon.com/AmazonRDS/latest/UserGuide/blue-green-deployments-authorizing-access.html;
      docs.aws.amazon.com/service-authorization/latest/reference/list_amazonrds.html; that each is asked at the request
      is a guess.
    """
    box.add_db_instance("app", job=False)
    one, own = {"DBInstanceIdentifier": "app"}, allowing("rds:*")
    make = [allowing("secretsmanager:CreateSecret"), allowing("secretsmanager:TagResource")]
    for few in ([], make[:1], make[1:]):
        bare = as_role(own, *few, service="rds")
        assert refused(bare.modify_db_instance, **one, ManageMasterUserPassword=True) == DENIED
    able = as_role(own, *make, service="rds")
    able.modify_db_instance(**one, ManageMasterUserPassword=True)
    box.clock.advance(600)
    assert refused(able.modify_db_instance, **one, RotateMasterUserPassword=True) == DENIED


def test_a_proxys_targets_are_asked_of_proxy_and_group(box, rds, client, as_role, allowing, refused):
    """SB-IAM-02: both where targets are told or taken away, the group alone where they are given.

    Source SB-IAM-02: docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html; actions that the
      sandbox's tables lack count as without: a guess.
    """
    box.add_db_instance("app", job=False)
    nets = [s["SubnetId"] for s in client().describe_subnets()["Subnets"]]
    auth = [{"AuthScheme": "SECRETS", "SecretArn": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:s"}]
    role = "arn:aws:iam::123456789012:role/proxy"
    made = rds.create_db_proxy(DBProxyName="p", EngineFamily="POSTGRESQL", Auth=auth, RoleArn=role, VpcSubnetIds=nets)
    box.clock.advance(100)
    arn = made["DBProxy"]["DBProxyArn"]
    group, one = arn.replace(":db-proxy:", ":target-group:"), {"DBProxyName": "p"}
    alone = as_role(allowing("rds:*", on=group), service="rds")
    alone.register_db_proxy_targets(**one, DBInstanceIdentifiers=["app"])
    assert refused(alone.describe_db_proxy_targets, **one) == DENIED
    assert refused(alone.describe_db_proxy_target_groups, **one) == DENIED
    as_role(allowing("rds:*", on=[arn, group]), service="rds").describe_db_proxy_targets(**one)
    as_role(allowing("rds:*", on=arn), service="rds").describe_db_proxy_target_groups(**one)
