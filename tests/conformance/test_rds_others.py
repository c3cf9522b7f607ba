"""Replicas, keys that go bad, proxies, events, option groups, tags, and what describes know beside databases."""

import pytest


@pytest.fixture
def app(box):
    return box.add_db_instance("app")


def test_a_plain_source_has_no_encrypted_replica(box, rds, app, refused, db):
    """R-RDS-08: a key is refused, without one the replica is plain.

    Source R-RDS-08: botocore rds CreateDBInstanceReadReplica.KmsKeyId; the code is a guess.
    """
    box.add_key()
    ask = {"DBInstanceIdentifier": "copy", "SourceDBInstanceIdentifier": "app"}
    found = refused(rds.create_db_instance_read_replica, **ask, KmsKeyId="alias/app")
    assert found == ("InvalidParameterCombination", 400)
    made = rds.create_db_instance_read_replica(**ask)["DBInstance"]
    assert (made["StorageEncryptionType"], made["ReadReplicaSourceDBInstanceIdentifier"]) == ("none", "app")
    box.clock.advance(1000)
    assert db("app")["ReadReplicaDBInstanceIdentifiers"] == ["copy"]
    assert db("copy")["StatusInfos"][0]["Status"] == "replicating"


def test_a_replica_elsewhere_needs_a_key_of_its_region(box, client, db, refused):
    """R-RDS-09: an encrypted source, another Region; in its own Region it may have another key.

    Source R-RDS-09: docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_RenameInstance.html; botocore rds
      CreateDBInstanceReadReplica.KmsKeyId; the code is a guess.
    """
    for region in ("eu-central-1", "eu-west-1"):
        box.add_key(region)
    other = box.add_key(alias="alias/other")
    box.add_db_instance("app", kms_key="alias/app")
    ask = {"DBInstanceIdentifier": "far", "SourceDBInstanceIdentifier": db("app")["DBInstanceArn"]}
    far = client("rds", "eu-west-1").create_db_instance_read_replica
    assert refused(far, **ask)[0] == "InvalidParameterCombination"
    assert ":eu-west-1:" in far(**ask, KmsKeyId="alias/app")["DBInstance"]["KmsKeyId"]
    near = {"DBInstanceIdentifier": "near", "SourceDBInstanceIdentifier": "app", "KmsKeyId": other}
    assert client("rds").create_db_instance_read_replica(**near)["DBInstance"]["KmsKeyId"] == other


def test_replicas_stay_with_a_renamed_source(box, rds, app, db):
    """R-RDS-09: they follow the renamed old one, not the name.

    Source R-RDS-09: docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_RenameInstance.html; botocore rds
      CreateDBInstanceReadReplica.KmsKeyId; the code is a guess.
    """
    box.add_db_replica("copy", "app")
    rds.modify_db_instance(DBInstanceIdentifier="app", NewDBInstanceIdentifier="app-old", ApplyImmediately=True)
    box.clock.advance(1000)
    assert db("copy")["ReadReplicaSourceDBInstanceIdentifier"] == "app-old"


def test_what_a_replica_needs_and_how_it_is_promoted(box, rds, app, db, refused):
    """SB-RDS-17: backups of the source; after a promotion it goes its own way with what it has.

    Source SB-RDS-17: botocore rds CreateDBInstanceReadReplica, PromoteReadReplica.
    """
    box.add_db_instance("none", BackupRetentionPeriod=0)
    ask = {"DBInstanceIdentifier": "x", "SourceDBInstanceIdentifier": "none"}
    assert refused(rds.create_db_instance_read_replica, **ask)[0] == "InvalidDBInstanceState"
    assert refused(rds.promote_read_replica, DBInstanceIdentifier="app")[0] == "InvalidDBInstanceState"
    box.add_db_replica("copy", "app")
    box.clock.advance(100)
    assert box.db_contents("copy").streams["client:app"][-1][1] == box.now() - box.world.durations.db_replica_lag_s
    rds.promote_read_replica(DBInstanceIdentifier="copy", BackupRetentionPeriod=3)
    assert db("copy")["DBInstanceStatus"] == "modifying"
    box.clock.advance(100)
    assert "ReadReplicaSourceDBInstanceIdentifier" not in db("copy")
    assert box.db_contents("copy").streams["client:app"][-1][1] < box.now() - 30


def test_a_new_replica_has_its_sources_parameters(box, rds, app, db, client, refused):
    """SB-RDS-64: it is told others for Oracle and Db2 only; for MySQL in another Region.

    Source SB-RDS-64: botocore rds CreateDBInstanceReadReplica.DBParameterGroupName; recorded
      (hashicorp/terraform-provider-aws#38056).
    """
    for family in ("mysql8.4", "oracle-ee-21"):
        about = {"DBParameterGroupName": f"own-{family[:5]}", "DBParameterGroupFamily": family, "Description": "own"}
        rds.create_db_parameter_group(**about)
        client("rds", "eu-west-1").create_db_parameter_group(**about)
    box.add_db_instance("my", "mysql", EngineVersion="8.4.5", DBParameterGroupName="own-mysql")
    box.add_db_instance("ora", "oracle-ee")
    ask = {"DBInstanceIdentifier": "my-r", "SourceDBInstanceIdentifier": "my"}
    found = refused(rds.create_db_instance_read_replica, **ask, DBParameterGroupName="own-mysql")
    assert found == ("InvalidParameterCombination", 400)
    rds.create_db_instance_read_replica(**ask)
    assert db("my-r")["DBParameterGroups"][0]["DBParameterGroupName"] == "own-mysql"
    far = {"DBInstanceIdentifier": "far", "SourceDBInstanceIdentifier": db("my")["DBInstanceArn"]}
    west = client("rds", "eu-west-1")
    assert west.create_db_instance_read_replica(**far, DBParameterGroupName="own-mysql")
    ask = {"DBInstanceIdentifier": "ora-r", "SourceDBInstanceIdentifier": "ora", "DBParameterGroupName": "own-oracl"}
    made = rds.create_db_instance_read_replica(**ask)["DBInstance"]
    assert made["DBParameterGroups"][0]["DBParameterGroupName"] == "own-oracl"


def test_deleting_a_source_leaves_its_replica_on_its_own(box, rds, app, db):
    """SB-RDS-17: with what it had; a replica itself has no final snapshot (SB-RDS-13).

    Source SB-RDS-17: botocore rds CreateDBInstanceReadReplica, PromoteReadReplica.
    Source SB-RDS-13: botocore rds DeleteDBInstance.SkipFinalSnapshot; the code is a guess.
    """
    box.add_db_replica("copy", "app")
    rds.delete_db_instance(DBInstanceIdentifier="app", SkipFinalSnapshot=True)
    box.clock.advance(300)
    assert "ReadReplicaSourceDBInstanceIdentifier" not in db("copy")


@pytest.mark.parametrize(
    ("days", "state"),
    [(7, "inaccessible-encryption-credentials-recoverable"), (0, "inaccessible-encryption-credentials")],
)
def test_a_disabled_key_takes_its_database_away(box, db, rds, client, refused, days, state):
    """R-RDS-34: some time later; it is not modified, renamed, snapshotted or rebooted then.

    Source R-RDS-34: docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Overview.Encryption.html; when RDS notices is a
      guess.
    """
    key = box.add_key()
    box.add_db_instance("app", kms_key=key, BackupRetentionPeriod=days)
    client("kms").disable_key(KeyId=key)
    assert db("app")["DBInstanceStatus"] == "available"
    box.clock.advance(box.world.durations.db_key_noticed_s)
    assert db("app")["DBInstanceStatus"] == state
    for call, more in (
        (rds.modify_db_instance, {"NewDBInstanceIdentifier": "x", "ApplyImmediately": True}),
        (rds.reboot_db_instance, {}),
        (rds.create_db_snapshot, {"DBSnapshotIdentifier": "s"}),
    ):
        assert refused(call, DBInstanceIdentifier="app", **more)[0] == "InvalidDBInstanceState"
    if days:
        assert refused(rds.start_db_instance, DBInstanceIdentifier="app")[0] == "KMSKeyNotAccessibleFault"
        box.enable_key(key)
        rds.start_db_instance(DBInstanceIdentifier="app")
        box.clock.advance(1000)
        assert db("app")["DBInstanceStatus"] == "available"
    else:
        box.enable_key(key)
        assert refused(rds.start_db_instance, DBInstanceIdentifier="app")[0] == "InvalidDBInstanceState"


def test_after_seven_days_it_is_lost_for_good(box, db, app):
    """R-RDS-34.

    Source R-RDS-34: A database whose key cannot be used becomes inaccessible-encryption-credentials-recoverable, for
      good after 7 days; StartDBInstance brings it back once the key is usable. Without backups it is lost at once.
      docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Overview.Encryption.html; when RDS notices is a guess.
    """
    key = box.add_key()
    box.add_db_instance("enc", kms_key=key)
    box.disable_key(key)
    box.clock.advance(8 * 86_400)
    assert db("enc")["DBInstanceStatus"] == "inaccessible-encryption-credentials"


def test_a_key_that_is_enabled_again_in_time_is_not_noticed(box, db):
    """R-RDS-34.

    Source R-RDS-34: A database whose key cannot be used becomes inaccessible-encryption-credentials-recoverable, for
      good after 7 days; StartDBInstance brings it back once the key is usable. Without backups it is lost at once.
      docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Overview.Encryption.html; when RDS notices is a guess.
    """
    key = box.add_key()
    box.add_db_instance("app", kms_key=key)
    box.disable_key(key)
    box.clock.advance(60)
    box.enable_key(key)
    box.clock.advance(3600)
    assert db("app")["DBInstanceStatus"] == "available"


@pytest.fixture
def proxy(box, rds, app):
    nets = [s["SubnetId"] for s in box.client("ec2").describe_subnets()["Subnets"]]
    auth = [{"AuthScheme": "SECRETS", "SecretArn": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:s"}]
    made = {"DBProxyName": "p", "EngineFamily": "POSTGRESQL", "Auth": auth, "VpcSubnetIds": nets}
    rds.create_db_proxy(**made, RoleArn="arn:aws:iam::123456789012:role/proxy")
    return {"DBProxyName": "p"}


def test_a_proxy_target_goes_by_name(box, rds, proxy, refused, db):
    """SB-RDS-25, R-RDS-18: registered once, unhealthy while nothing reachable bears the name.

    Source SB-RDS-25: botocore rds RegisterDBProxyTargets, ModifyDBProxyTargetGroup, TargetHealth; the handler of
      AWS::RDS::DBProxyTargetGroup: tracked clusters do not currently have their own health state; the code for a new
      name is a guess.
    Source R-RDS-18: docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-proxy-blue-green.html; botocore rds
      DBProxyTarget.RdsResourceId; the code is a guess.
    """
    assert (
        refused(rds.register_db_proxy_targets, **proxy, DBInstanceIdentifiers=["app"])[0] == "InvalidDBProxyStateFault"
    )
    box.clock.advance(60)
    assert refused(rds.register_db_proxy_targets, **proxy, DBInstanceIdentifiers=["no"])[0] == "DBInstanceNotFound"
    rds.register_db_proxy_targets(**proxy, DBInstanceIdentifiers=["app"])
    health = lambda: rds.describe_db_proxy_targets(**proxy)["Targets"][0]["TargetHealth"]["State"]  # noqa: E731
    assert health() == "REGISTERING"
    box.clock.advance(60)
    assert health() == "AVAILABLE"
    again = refused(rds.register_db_proxy_targets, **proxy, DBInstanceIdentifiers=["app"])
    assert again == ("DBProxyTargetAlreadyRegisteredFault", 400)
    rds.modify_db_instance(DBInstanceIdentifier="app", NewDBInstanceIdentifier="app-old", ApplyImmediately=True)
    box.clock.advance(1000)
    assert health() == "UNAVAILABLE"
    rds.deregister_db_proxy_targets(**proxy, DBInstanceIdentifiers=["app"])
    found = refused(rds.deregister_db_proxy_targets, **proxy, DBInstanceIdentifiers=["app"])
    assert found == ("DBProxyTargetNotFoundFault", 404)
    assert rds.describe_db_proxy_target_groups(**proxy)["TargetGroups"][0]["TargetGroupName"] == "default"


def test_events_tell_what_happened(box, rds, app, refused):
    """SB-RDS-24: of the last hour unless told; SourceIdentifier needs SourceType.

    Source SB-RDS-24: botocore rds CreateEventSubscription.
    """
    rds.reboot_db_instance(DBInstanceIdentifier="app")
    box.clock.advance(100)
    found = rds.describe_events(SourceIdentifier="app", SourceType="db-instance", EventCategories=["availability"])[
        "Events"
    ]
    assert [e["Message"] for e in found] == ["DB instance restarted"]
    assert refused(rds.describe_events, SourceIdentifier="app")[0] == "InvalidParameterCombination"
    box.clock.advance(7200)
    assert rds.describe_events(SourceType="db-instance")["Events"] == []
    assert rds.describe_events(SourceType="db-instance", Duration=600)["Events"]


def test_subscriptions_name_sources_that_exist(box, rds, app, refused):
    """SB-RDS-24.

    Source SB-RDS-24: Subscriptions and their sources exist once, and a source must be there. botocore rds
      CreateEventSubscription.
    """
    topic = "arn:aws:sns:eu-central-1:123456789012:t"
    made = {"SubscriptionName": "sub", "SnsTopicArn": topic, "SourceType": "db-instance", "SourceIds": ["app"]}
    rds.create_event_subscription(**made)
    assert refused(rds.create_event_subscription, **made) == ("SubscriptionAlreadyExist", 400)
    other = {"SubscriptionName": "two", "SnsTopicArn": topic, "SourceIds": ["no"]}
    assert refused(rds.create_event_subscription, **other)[0] == "InvalidParameterCombination"
    assert refused(rds.create_event_subscription, **other, SourceType="db-instance") == ("SourceNotFound", 404)
    add = {"SubscriptionName": "sub", "SourceIdentifier": "no"}
    assert refused(rds.add_source_identifier_to_subscription, **add) == ("SourceNotFound", 404)
    box.add_db_instance("two")
    add["SourceIdentifier"] = "two"
    rds.add_source_identifier_to_subscription(**add)
    rds.remove_source_identifier_from_subscription(SubscriptionName="sub", SourceIdentifier="app")
    (shown,) = rds.describe_event_subscriptions(SubscriptionName="sub")["EventSubscriptionsList"]
    assert shown["SourceIdsList"] == ["two"]
    rds.delete_event_subscription(SubscriptionName="sub")
    assert refused(rds.describe_event_subscriptions, SubscriptionName="sub") == ("SubscriptionNotFound", 404)


def test_subnet_groups_cover_two_zones(box, rds, client, refused):
    """SB-RDS-08, SB-RDS-09.

    Source SB-RDS-08: Groups have names of their own; a DB subnet group covers two zones of one VPC, and keeps the
      subnets that databases are in. botocore rds CreateDBSubnetGroup, ModifyDBSubnetGroup; the code for a second VPC,
      and for the default group, is a guess.
    Source SB-RDS-09: A group in use is not deleted. botocore rds DeleteDBParameterGroup.
    """
    nets = {s["AvailabilityZone"]: s["SubnetId"] for s in client("ec2").describe_subnets()["Subnets"]}
    made = {"DBSubnetGroupName": "Mine", "DBSubnetGroupDescription": "-"}
    found = refused(rds.create_db_subnet_group, **made, SubnetIds=[nets["eu-central-1a"]])
    assert found[0] == "DBSubnetGroupDoesNotCoverEnoughAZs"
    rds.create_db_subnet_group(**made, SubnetIds=list(nets.values()))
    box.add_db_instance("app", DBSubnetGroupName="mine")
    assert rds.describe_db_subnet_groups(DBSubnetGroupName="mine")["DBSubnetGroups"][0]["VpcId"].startswith("vpc-")
    assert refused(rds.delete_db_subnet_group, DBSubnetGroupName="mine")[0] == "InvalidDBSubnetGroupStateFault"


def test_tags_by_arn(rds, app, db, refused):
    """AddTagsToResource, ListTagsForResource, RemoveTagsFromResource; SB-RDS-02 for an ARN of nothing.

    Source SB-RDS-02: botocore rds error shapes.
    """
    arn = db("app")["DBInstanceArn"]
    rds.add_tags_to_resource(ResourceName=arn, Tags=[{"Key": "a", "Value": "b"}])
    assert (
        rds.list_tags_for_resource(ResourceName=arn)["TagList"] == db("app")["TagList"] == [{"Key": "a", "Value": "b"}]
    )
    rds.remove_tags_from_resource(ResourceName=arn, TagKeys=["a", "none"])
    assert db("app")["TagList"] == []
    assert refused(rds.list_tags_for_resource, ResourceName=arn + "x") == ("DBInstanceNotFound", 404)


def test_versions_and_classes_are_told(rds):
    """SB-RDS-43: DescribeDBEngineVersions, DescribeOrderableDBInstanceOptions: a choice, with whether it can be encrypted.

    Source SB-RDS-43: botocore rds DescribeDBEngineVersions, DescribeOrderableDBInstanceOptions.
    """
    (default,) = rds.describe_db_engine_versions(Engine="postgres", DefaultOnly=True)["DBEngineVersions"]
    assert (default["EngineVersion"], default["DBParameterGroupFamily"]) == ("17.4", "postgres17")
    options = rds.describe_orderable_db_instance_options(Engine="postgres", EngineVersion="17.4")
    by_class = {o["DBInstanceClass"]: o["SupportsStorageEncryption"] for o in options["OrderableDBInstanceOptions"]}
    assert (by_class["db.m6g.large"], by_class["db.t2.micro"]) == (True, False)


def test_what_nobody_has_is_an_empty_list(box, rds, app, db):
    """SB-RDS-44: Integrations, global clusters, maintenance: empty, or what a test has put there.

    Source SB-RDS-44: botocore rds Describe operations.
    """
    assert rds.describe_integrations()["Integrations"] == []
    assert rds.describe_global_clusters()["GlobalClusters"] == []
    assert rds.describe_pending_maintenance_actions()["PendingMaintenanceActions"] == []
    box.show_as(db("app")["DBInstanceArn"], PendingMaintenance=[{"Action": "system-update"}])
    (told,) = rds.describe_pending_maintenance_actions()["PendingMaintenanceActions"]
    assert told["PendingMaintenanceActionDetails"] == [{"Action": "system-update"}]


def test_a_tracked_cluster_has_no_health_of_its_own(box, rds, proxy):
    """SB-RDS-25: it is shown with the port 0, and every instance of it as a target with a health.

    Source SB-RDS-25: botocore rds RegisterDBProxyTargets, ModifyDBProxyTargetGroup, TargetHealth; the handler of
      AWS::RDS::DBProxyTargetGroup: tracked clusters do not currently have their own health state; the code for a new
      name is a guess.
    """
    box.clock.advance(600)
    box.add_db_cluster("au", readers=1)
    rds.register_db_proxy_targets(**proxy, DBClusterIdentifiers=["au"])
    box.clock.advance(600)
    targets = {t["RdsResourceId"]: t for t in rds.describe_db_proxy_targets(**proxy)["Targets"]}
    assert targets["au"]["Type"] == "TRACKED_CLUSTER"
    assert (targets["au"]["Port"], "TargetHealth" in targets["au"]) == (0, False)
    members = [targets[n] for n in ("au-1", "au-2")]
    assert {t["TrackedClusterId"] for t in members} == {"au"}
    assert [t["TargetHealth"]["State"] for t in members] == ["AVAILABLE", "AVAILABLE"]
    assert [t["Role"] for t in members] == ["READ_WRITE", "READ_ONLY"]
