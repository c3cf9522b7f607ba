"""Application Auto Scaling of Aurora's readers: what a fence has to suspend, and what a rename leaves behind."""

import pytest

TARGET = {
    "ServiceNamespace": "rds",
    "ResourceId": "cluster:au",
    "ScalableDimension": "rds:cluster:ReadReplicaCount",
}
OUT, BOTH = "DynamicScalingOutSuspended", {"DynamicScalingInSuspended": True, "DynamicScalingOutSuspended": True}
TRACKING = {
    "PolicyName": "cpu",
    "PolicyType": "TargetTrackingScaling",
    "TargetTrackingScalingPolicyConfiguration": {
        "TargetValue": 60.0,
        "PredefinedMetricSpecification": {"PredefinedMetricType": "RDSReaderAverageCPUUtilization"},
    },
}
HOURS = 3 * 3600


@pytest.fixture
def scaling(client):
    return client("application-autoscaling")


@pytest.fixture
def members(cluster):
    """members(name) -> the identifiers of its members."""
    return lambda name: [m["DBInstanceIdentifier"] for m in cluster(name)["DBClusterMembers"]]


@pytest.fixture
def scaled(box, scaling):
    """A cluster with one reader, and a policy that may have three."""
    box.add_db_cluster("au", readers=1)
    scaling.register_scalable_target(**TARGET, MinCapacity=1, MaxCapacity=3)
    scaling.put_scaling_policy(**TARGET, **TRACKING)


def test_policies_add_readers_up_to_the_most(box, rds, db, members, scaled):
    """SB-AAS-02: of the writer's class, named and tagged by the service.

    Source SB-AAS-02: botocore application-autoscaling RegisterScalableTarget, SuspendedState;
      docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.Integrating.AutoScaling.html; when a metric asks for
      one, and that a renamed cluster leaves its target behind, are guesses.
    """
    assert len(members("au")) == 2
    box.clock.advance(HOURS)
    new = members("au")[2:]
    assert len(new) == 2
    assert all(name.startswith("application-autoscaling-") for name in new)
    assert db(new[0])["DBInstanceClass"] == db("au-1")["DBInstanceClass"]
    assert db(new[0])["TagList"] == [{"Key": "application-autoscaling:resourceId", "Value": "cluster:au"}]


def test_what_is_suspended_adds_none(box, scaling, members, scaled):
    """SB-AAS-02, SB-AAS-01: the registration that suspends names nothing else, and the range stays; resumed, it adds.

    Source SB-AAS-02: botocore application-autoscaling RegisterScalableTarget, SuspendedState;
      docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.Integrating.AutoScaling.html; when a metric asks for
      one, and that a renamed cluster leaves its target behind, are guesses.
    Source SB-AAS-01: botocore application-autoscaling RegisterScalableTarget, DeregisterScalableTarget,
      PutScalingPolicy; recorded: The scalable target that you tried to tag already exists
      (terraform-aws-modules/terraform-aws-rds-aurora#420); texts, and the code for a cluster that is not there, are
      guesses.
    """
    scaling.register_scalable_target(**TARGET, SuspendedState=BOTH)
    box.clock.advance(HOURS)
    assert len(members("au")) == 2
    (target,) = scaling.describe_scalable_targets(ServiceNamespace="rds")["ScalableTargets"]
    assert (target["MinCapacity"], target["MaxCapacity"]) == (1, 3)
    assert target["SuspendedState"] == {**BOTH, "ScheduledScalingSuspended": False}
    scaling.register_scalable_target(**TARGET, SuspendedState={OUT: False})
    box.clock.advance(HOURS)
    assert len(members("au")) == 4


def test_scale_in_alone_suspended_still_adds(box, scaling, members, scaled):
    """SB-AAS-02: each direction has a switch of its own.

    Source SB-AAS-02: botocore application-autoscaling RegisterScalableTarget, SuspendedState;
      docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.Integrating.AutoScaling.html; when a metric asks for
      one, and that a renamed cluster leaves its target behind, are guesses.
    """
    scaling.register_scalable_target(**TARGET, SuspendedState={"DynamicScalingInSuspended": True})
    box.clock.advance(HOURS)
    assert len(members("au")) == 4


def test_a_target_goes_by_name(box, rds, members, scaled):
    """SB-AAS-02: a renamed cluster is left alone, and what bears the name then is scaled.

    Source SB-AAS-02: botocore application-autoscaling RegisterScalableTarget, SuspendedState;
      docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.Integrating.AutoScaling.html; when a metric asks for
      one, and that a renamed cluster leaves its target behind, are guesses.
    """
    rds.modify_db_cluster(DBClusterIdentifier="au", NewDBClusterIdentifier="old", ApplyImmediately=True)
    box.clock.advance(600)
    box.add_db_cluster("new", readers=0)
    box.clock.advance(HOURS)
    assert len(members("old")) == 2
    rds.modify_db_cluster(DBClusterIdentifier="new", NewDBClusterIdentifier="au", ApplyImmediately=True)
    box.clock.advance(HOURS)
    assert (len(members("old")), len(members("au"))) == (2, 4)


def test_a_registration_fills_up_to_the_minimum(box, scaling, members):
    """SB-AAS-02: suspended or not; without a policy nothing comes later.

    Source SB-AAS-02: botocore application-autoscaling RegisterScalableTarget, SuspendedState;
      docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.Integrating.AutoScaling.html; when a metric asks for
      one, and that a renamed cluster leaves its target behind, are guesses.
    """
    box.add_db_cluster("au", readers=0)
    scaling.register_scalable_target(**TARGET, MinCapacity=1, MaxCapacity=3, SuspendedState=BOTH)
    assert len(members("au")) == 2
    box.clock.advance(HOURS)
    assert len(members("au")) == 2


def test_policies_go_with_their_target(box, scaling, members, scaled):
    """SB-AAS-01: deregistered, it is not known any more; deleting the policy ends the growth too.

    Source SB-AAS-01: botocore application-autoscaling RegisterScalableTarget, DeregisterScalableTarget,
      PutScalingPolicy; recorded: The scalable target that you tried to tag already exists
      (terraform-aws-modules/terraform-aws-rds-aurora#420); texts, and the code for a cluster that is not there, are
      guesses.
    """
    policies = scaling.describe_scaling_policies(ServiceNamespace="rds")["ScalingPolicies"]
    assert [p["PolicyName"] for p in policies] == ["cpu"]
    scaling.delete_scaling_policy(**TARGET, PolicyName="cpu")
    scaling.put_scaling_policy(**TARGET, **TRACKING)
    scaling.deregister_scalable_target(**TARGET)
    assert scaling.describe_scalable_targets(ServiceNamespace="rds")["ScalableTargets"] == []
    assert scaling.describe_scaling_policies(ServiceNamespace="rds")["ScalingPolicies"] == []
    box.clock.advance(HOURS)
    assert len(members("au")) == 2


def test_what_is_not_there_or_not_aurora_is_refused(box, scaling, scaled, refused):
    """SB-AAS-01: a new target without a range, one with tags again, a Multi-AZ DB cluster, a policy without a target.

    Source SB-AAS-01: botocore application-autoscaling RegisterScalableTarget, DeregisterScalableTarget,
      PutScalingPolicy; recorded: The scalable target that you tried to tag already exists
      (terraform-aws-modules/terraform-aws-rds-aurora#420); texts, and the code for a cluster that is not there, are
      guesses.
    """
    wrong, absent = ("ValidationException", 400), ("ObjectNotFoundException", 400)
    box.add_db_cluster("other")
    box.add_db_cluster("maz", "postgres", DBClusterInstanceClass="db.m6g.large")
    ranged = {"MinCapacity": 1, "MaxCapacity": 2}
    assert refused(scaling.register_scalable_target, **TARGET | {"ResourceId": "cluster:other"}) == wrong
    for name in ("nowhere", "maz"):
        one = {**TARGET, "ResourceId": f"cluster:{name}"}
        assert refused(scaling.register_scalable_target, **one, **ranged) == wrong
        assert refused(scaling.put_scaling_policy, **one, **TRACKING) == absent
        assert refused(scaling.deregister_scalable_target, **one) == absent
    assert refused(scaling.register_scalable_target, **TARGET, Tags={"a": "b"}) == wrong
    assert refused(scaling.delete_scaling_policy, **TARGET, PolicyName="other") == absent


def test_a_cluster_is_found_scaled(box, scaling, members):
    """SB-AAS-02: seeded, without a request in the log.

    Source SB-AAS-02: botocore application-autoscaling RegisterScalableTarget, SuspendedState;
      docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.Integrating.AutoScaling.html; when a metric asks for
      one, and that a renamed cluster leaves its target behind, are guesses.
    """
    box.add_db_cluster("au", readers=1)
    box.add_reader_scaling("au", least=1, most=2)
    assert box.log == []
    assert scaling.describe_scalable_targets(ServiceNamespace="rds")["ScalableTargets"][0]["MaxCapacity"] == 2
    box.clock.advance(HOURS)
    assert len(members("au")) == 3
