"""Blue/Green deployments: what they refuse, whom they encrypt, how they switch, and what is left."""

import pytest

from sealift.sandbox import Fault

INTEGRATION = {"IntegrationName": "z", "IntegrationArn": "arn:z", "SourceArn": ""}


@pytest.fixture
def arn(db):
    return lambda name: db(name)["DBInstanceArn"]


@pytest.fixture
def deploy(rds):
    """deploy(source ARN, {ARN: key}) -> the deployment's identifier."""

    def make(source, keys=None, **more):
        targets = [{"SourceArn": a, "TargetKmsKeyId": k} for a, k in (keys or {}).items()]
        ask = {"BlueGreenDeploymentName": "bg", "Source": source, **more}
        if targets:
            ask["TargetResourceConfigurations"] = targets
        made = rds.create_blue_green_deployment(**ask)["BlueGreenDeployment"]
        return made["BlueGreenDeploymentIdentifier"]

    return make


@pytest.fixture
def look(rds):
    return lambda i: rds.describe_blue_green_deployments(BlueGreenDeploymentIdentifier=i)["BlueGreenDeployments"][0]


@pytest.fixture
def switched(box, rds, deploy, arn, look):
    """A PostgreSQL instance, switched over to its encrypted green side."""
    key = box.add_key()
    box.add_db_instance("app", job=False)
    made = deploy(arn("app"), {arn("app"): key})
    box.clock.advance(2000)
    rds.switchover_blue_green_deployment(BlueGreenDeploymentIdentifier=made)
    box.clock.advance(100)
    assert look(made)["Status"] == "SWITCHOVER_COMPLETED"
    return made


def test_it_is_provisioning_task_by_task_then_available(box, deploy, arn, look):
    """SB-BG-20: botocore rds BlueGreenDeployment.Tasks: one after the other; SwitchoverDetails names the pairs.

    Source SB-BG-20: botocore rds BlueGreenDeployment.Tasks, SwitchoverDetails.
    """
    box.add_db_instance("app")
    made = deploy(arn("app"))
    shown = look(made)
    assert shown["Status"] == "PROVISIONING"
    assert [t["Status"] for t in shown["Tasks"]] == ["IN_PROGRESS", "PENDING", "PENDING"]
    box.clock.advance(box.world.durations.green_provision_s / 3)
    assert [t["Status"] for t in look(made)["Tasks"]] == ["COMPLETED", "IN_PROGRESS", "PENDING"]
    box.clock.advance(box.world.durations.green_provision_s)
    shown = look(made)
    assert (shown["Status"], {t["Status"] for t in shown["Tasks"]}) == ("AVAILABLE", {"COMPLETED"})
    (pair,) = shown["SwitchoverDetails"]
    assert (pair["SourceMember"], pair["Status"]) == (arn("app"), "AVAILABLE")
    assert ":db:app-green-" in pair["TargetMember"]


def test_every_instance_and_replica_has_its_own_key(box, rds, deploy, arn, look, db):
    """SB-BG-05: the replica that was left out stays plain.

    Source SB-BG-05: botocore rds TargetResourceConfiguration: one for each instance and read replica; the bad way to
      read it (guess).
    """
    key = box.add_key()
    box.add_db_instance("app")
    for name in ("r1", "r2"):
        box.add_db_replica(name, "app")
    made = deploy(arn("app"), {arn("app"): key, arn("r1"): "alias/app"})
    box.clock.advance(3000)
    greens = {d["SourceMember"]: d["TargetMember"].rsplit(":", 1)[1] for d in look(made)["SwitchoverDetails"]}
    types = [db(greens[arn(n)])["StorageEncryptionType"] for n in ("app", "r1", "r2")]
    assert types == ["sse-kms", "sse-kms", "none"]
    assert db(greens[arn("app")])["KmsKeyId"] == key


def test_target_resource_configurations_that_are_refused(box, rds, arn, refused):
    """SB-BG-02: each source once, 20 at most, and only what is blue.

    Source SB-BG-02: botocore rds TargetResourceConfiguration; the code is a guess.
    """
    box.add_key()
    box.add_db_instance("app")
    box.add_db_instance("other")
    one = {"SourceArn": arn("app"), "TargetKmsKeyId": "alias/app"}
    for listed in ([one, one], [one] * 21, [{**one, "SourceArn": arn("other")}]):
        ask = {"BlueGreenDeploymentName": "bg", "Source": arn("app"), "TargetResourceConfigurations": listed}
        assert refused(rds.create_blue_green_deployment, **ask)[0] == "InvalidParameterValue"


def test_a_bad_key_shows_in_the_status(box, deploy, arn, look):
    """R-RDS-44: the call is accepted.

    Source R-RDS-44: botocore rds CreateBlueGreenDeployment has no KMS error; that it comes so is a guess.
    """
    box.add_db_instance("app")
    made = deploy(arn("app"), {arn("app"): "alias/none"})
    assert look(made)["Status"] == "PROVISIONING"
    box.clock.advance(10)
    assert look(made)["Status"] == "INVALID_CONFIGURATION"


def test_a_name_is_used_once_and_a_source_is_in_one_deployment(box, deploy, arn, refused):
    """SB-BG-01, SB-BG-04: members are neither renamed nor deleted meanwhile.

    Source SB-BG-01: botocore rds CreateBlueGreenDeployment.
    Source SB-BG-04: no page found (guess).
    """
    box.add_db_instance("app")
    box.add_db_instance("two")
    deploy(arn("app"))
    assert refused(deploy, source=arn("two"))[0] == "BlueGreenDeploymentAlreadyExistsFault"
    assert refused(deploy, source=arn("app"), BlueGreenDeploymentName="x")[0] == "SourceDatabaseNotSupportedFault"
    rds = box.client("rds")
    rename = {"DBInstanceIdentifier": "app", "NewDBInstanceIdentifier": "x", "ApplyImmediately": True}
    assert refused(rds.modify_db_instance, **rename)[0] == "InvalidDBInstanceState"
    assert (
        refused(rds.delete_db_instance, DBInstanceIdentifier="app", SkipFinalSnapshot=True)[0]
        == "InvalidDBInstanceState"
    )


@pytest.mark.parametrize("engine", ["oracle-ee", "sqlserver-se", "db2-se"])
def test_engines_that_have_no_blue_green(box, deploy, arn, refused, engine):
    """R-RDS-43.

    Source R-RDS-43: Blue/Green refuses Oracle, SQL Server, Db2, Multi-AZ DB clusters, cross-Region and cascading
      replicas, and what CloudFormation manages.
      docs.aws.amazon.com/AmazonRDS/latest/UserGuide/blue-green-deployments-overview.html; the codes are
      SourceDatabaseNotSupportedFault and SourceClusterNotSupportedFault.
    """
    box.add_db_instance("app", engine)
    assert refused(deploy, source=arn("app")) == ("SourceDatabaseNotSupportedFault", 400)


def test_sources_that_blue_green_refuses(box, rds, deploy, arn, db, client, refused):
    """R-RDS-17, R-RDS-19, R-RDS-42, R-RDS-43, R-RDS-07: managed password, integration, no backups, CloudFormation, a replica, a member.

    Source R-RDS-17: botocore rds ModifyDBInstance.MasterUserSecretKmsKeyId, RestoreDBInstanceFromDBSnapshot;
      docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html; the codes are guesses.
    Source R-RDS-19: docs.aws.amazon.com/AmazonRDS/latest/UserGuide/blue-green-deployments-considerations.html; the code
      is a guess.
    Source R-RDS-42: docs.aws.amazon.com/AmazonRDS/latest/UserGuide/blue-green-deployments-considerations.html; the code
      is a guess.
    Source R-RDS-43: docs.aws.amazon.com/AmazonRDS/latest/UserGuide/blue-green-deployments-overview.html; the codes are
      SourceDatabaseNotSupportedFault and SourceClusterNotSupportedFault.
    Source R-RDS-07: botocore rds CreateDBSnapshot, CreateBlueGreenDeployment; the code is a guess.
    """
    box.add_db_instance("secret", ManageMasterUserPassword=True)
    box.add_db_instance("bare", BackupRetentionPeriod=0)
    box.add_db_instance("zero")
    box.add_rds_document("integration", "z", {**INTEGRATION, "SourceArn": arn("zero")})
    box.add_db_instance("stack")
    box.world.rooms["rds", "123456789012", "eu-central-1"].databases["stack"].tags["aws:cloudformation:stack-name"] = (
        "s"
    )
    box.add_db_instance("app")
    box.add_db_replica("copy", "app")
    box.add_db_instance("far")
    client("rds", "eu-west-1").create_db_instance_read_replica(
        DBInstanceIdentifier="far-copy", SourceDBInstanceIdentifier=arn("far")
    )
    box.add_db_cluster("au")
    for name in ("secret", "bare", "zero", "stack", "copy", "far", "au-1"):
        assert refused(deploy, source=arn(name))[0] == "SourceDatabaseNotSupportedFault", name
    box.set_db_state("app", "stopped")
    assert refused(deploy, source=arn("app"))[0] == "InvalidDBInstanceState"


def test_postgres_needs_logical_replication_for_a_major_upgrade_only(box, deploy, arn, refused):
    """R-RDS-40: and the task of the upgrade is there.

    Source R-RDS-40: docs.aws.amazon.com/AmazonRDS/latest/UserGuide/blue-green-deployments-replication-type.html; the
      code is a guess.
    """
    box.add_db_instance("app", EngineVersion="16.8")
    assert refused(deploy, source=arn("app"), TargetEngineVersion="17.4")[0] == "SourceDatabaseNotSupportedFault"
    deploy(arn("app"))


def test_instances_count_before_they_are_made(box, deploy, arn, refused):
    """R-RDS-25: a deployment needs room for blue's replicas too.

    Source R-RDS-25: docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Limits.html.
    """
    box.world.quotas.__dict__["db_instances"] = 3
    box.add_db_instance("app")
    box.add_db_replica("copy", "app")
    assert refused(deploy, source=arn("app")) == ("InstanceQuotaExceeded", 400)


def test_a_switchover_needs_available_and_a_sensible_time_out(box, rds, deploy, arn, refused):
    """SB-BG-06.

    Source SB-BG-06: A switchover needs AVAILABLE and takes a time-out of 30 to 3,600 s, after which it is rolled back.
      botocore rds SwitchoverBlueGreenDeployment.
    """
    box.add_db_instance("app")
    switch, made = rds.switchover_blue_green_deployment, {"BlueGreenDeploymentIdentifier": deploy(arn("app"))}
    assert refused(switch, **made) == ("InvalidBlueGreenDeploymentStateFault", 400)
    box.clock.advance(3000)
    assert refused(switch, **made, SwitchoverTimeout=4000)[0] == "InvalidParameterValue"
    assert refused(switch, BlueGreenDeploymentIdentifier="bgd-no") == ("BlueGreenDeploymentNotFoundFault", 404)
    assert switch(**made)["BlueGreenDeployment"]["Status"] == "SWITCHOVER_IN_PROGRESS"
    assert refused(switch, **made)[0] == "InvalidBlueGreenDeploymentStateFault"
    assert refused(rds.delete_blue_green_deployment, **made)[0] == "InvalidBlueGreenDeploymentStateFault"


def test_a_switchover_that_takes_too_long_is_put_back(box, rds, deploy, arn, look):
    """SB-BG-06: green was too far behind; blue serves again, nothing is lost, and it may be tried again.

    Source SB-BG-06: botocore rds SwitchoverBlueGreenDeployment.
    """
    box.add_db_instance("app", job=False)
    made = deploy(arn("app"))
    box.clock.advance(3000)
    green = look(made)["Target"].rsplit(":", 1)[1]
    box.set_replica_lag(green, 600)
    rds.switchover_blue_green_deployment(BlueGreenDeploymentIdentifier=made, SwitchoverTimeout=60)
    box.clock.advance(100)
    assert look(made)["Status"] == "SWITCHOVER_FAILED"
    assert box.db_contents("app").streams["client:app"][-1] == (box.now() - 40, box.now())
    box.set_replica_lag(green, 1)
    rds.switchover_blue_green_deployment(BlueGreenDeploymentIdentifier=made)
    box.clock.advance(100)
    assert (look(made)["Status"], box.db_losses()) == ("SWITCHOVER_COMPLETED", [])


def test_a_switchover_that_hangs_is_put_back_too(box, rds, deploy, arn, look):
    """SB-BG-06: whatever holds it up, at its time-out blue serves again, and what comes late switches nothing.

    Source SB-BG-06: botocore rds SwitchoverBlueGreenDeployment.
    """
    box.add_db_instance("app", job=False)
    made = deploy(arn("app"))
    box.clock.advance(3000)
    box.faults.add(Fault(operation="rds:SwitchoverBlueGreenDeployment", late_s=1000))
    rds.switchover_blue_green_deployment(BlueGreenDeploymentIdentifier=made, SwitchoverTimeout=60)
    box.clock.advance(59)
    assert look(made)["Status"] == "SWITCHOVER_IN_PROGRESS"
    box.clock.advance(2)
    assert look(made)["Status"] == "SWITCHOVER_FAILED"
    box.clock.advance(2000)
    assert (look(made)["Status"], box.db_losses()) == ("SWITCHOVER_FAILED", [])


def test_names_change_hands_and_nothing_is_lost(box, switched, db, look):
    """SB-BG-07: NAME is green now, encrypted, with another DbiResourceId; the old side is NAME-old1.

    Source SB-BG-07: docs.aws.amazon.com/AmazonRDS/latest/UserGuide/blue-green-deployments-switching.html; what else
      ends it is not known (guess).
    """
    box.clock.advance(100)
    assert db("app")["StorageEncryptionType"] == "sse-kms"
    assert db("app-old1")["StorageEncryptionType"] == "none"
    assert db("app")["DbiResourceId"] != db("app-old1")["DbiResourceId"]
    assert "ReadReplicaSourceDBInstanceIdentifier" not in db("app")
    (pair,) = look(switched)["SwitchoverDetails"]
    assert [pair[m].rsplit(":", 1)[1] for m in ("SourceMember", "TargetMember")] == ["app-old1", "app"]
    assert (box.db_losses(), box.double_runs()) == ([], [])
    assert box.db_contents("app").streams["client:app"][-1][1] == box.now()


def test_the_old_side_is_read_only_until_it_is_rebooted(box, rds, switched):
    """SB-BG-07: and then it takes writes.

    Source SB-BG-07: docs.aws.amazon.com/AmazonRDS/latest/UserGuide/blue-green-deployments-switching.html; what else
      ends it is not known (guess).
    """
    box.clock.advance(1000)
    assert box.engine("app-old1").execute("read_only") is True
    rds.reboot_db_instance(DBInstanceIdentifier="app-old1")
    box.clock.advance(1000)
    assert box.engine("app-old1").execute("read_only") is False


@pytest.mark.parametrize("off", [False, True])
def test_jobs_inside_do_not_obey_the_read_only_of_a_deployment(box, rds, deploy, arn, off):
    """SB-BG-30: they run in green as soon as that is up, and in the old side until it is rebooted; unless they are off in both.

    Source SB-BG-30: docs.aws.amazon.com/AmazonRDS/latest/UserGuide/blue-green-deployments-considerations.html:
      event_scheduler must be disabled on the green environment, pg_cron must remain disabled on all green databases;
      that MySQL's events get past read-only too is a guess.
    """
    members = {}
    if off:
        rds.create_db_parameter_group(DBParameterGroupName="g", DBParameterGroupFamily="mysql8.4", Description="-")
        one = {"ParameterName": "event_scheduler", "ParameterValue": "OFF", "ApplyMethod": "immediate"}
        rds.modify_db_parameter_group(DBParameterGroupName="g", Parameters=[one])
        members = {"DBParameterGroupName": "g"}
    box.add_db_instance("app", "mysql", **members)
    made = deploy(arn("app"))
    box.clock.advance(2000)
    assert bool(box.double_runs()) is not off
    before = sum(run.end - run.start for run in box.double_runs())
    rds.switchover_blue_green_deployment(BlueGreenDeploymentIdentifier=made)
    box.clock.advance(1000)
    runs = box.double_runs()
    assert (sum(run.end - run.start for run in runs) > before + 800) is not off
    assert box.db_losses() == []


def test_the_target_is_not_deleted_after_a_switchover(box, rds, switched, refused, look):
    """SB-BG-03; the record is, and then the old side is free to go.

    Source SB-BG-03: botocore rds DeleteBlueGreenDeployment.DeleteTarget; the code is a guess.
    """
    one = {"BlueGreenDeploymentIdentifier": switched}
    assert (
        refused(rds.delete_blue_green_deployment, **one, DeleteTarget=True)[0] == "InvalidBlueGreenDeploymentStateFault"
    )
    assert (
        refused(rds.delete_db_instance, DBInstanceIdentifier="app-old1", SkipFinalSnapshot=True)[0]
        == "InvalidDBInstanceState"
    )
    rds.delete_blue_green_deployment(**one)
    assert look(switched)["Status"] == "DELETING"
    box.clock.advance(300)
    assert rds.describe_blue_green_deployments()["BlueGreenDeployments"] == []
    rds.delete_db_instance(DBInstanceIdentifier="app-old1", SkipFinalSnapshot=True)


def test_going_back_by_renames_loses_what_the_new_side_took(box, rds, switched):
    """SB-BG-07: no API undoes a switchover.

    Source SB-BG-07: docs.aws.amazon.com/AmazonRDS/latest/UserGuide/blue-green-deployments-switching.html; what else
      ends it is not known (guess).
    """
    rds.delete_blue_green_deployment(BlueGreenDeploymentIdentifier=switched)
    box.clock.advance(500)
    for old, new in (("app", "app-new"), ("app-old1", "app")):
        rds.modify_db_instance(DBInstanceIdentifier=old, NewDBInstanceIdentifier=new, ApplyImmediately=True)
        box.clock.advance(700)
    assert {x.stream for x in box.db_losses()} == {"client:app"}


def test_before_a_switchover_the_green_side_goes_with_its_deployment(box, rds, deploy, arn, db):
    """SB-BG-21: DeleteBlueGreenDeployment(DeleteTarget=True): blue is as it was.

    Source SB-BG-21: botocore rds DeleteBlueGreenDeployment.DeleteTarget.
    """
    box.add_db_instance("app")
    made = deploy(arn("app"))
    box.clock.advance(3000)
    rds.delete_blue_green_deployment(BlueGreenDeploymentIdentifier=made, DeleteTarget=True)
    box.clock.advance(500)
    assert [d["DBInstanceIdentifier"] for d in rds.describe_db_instances()["DBInstances"]] == ["app"]
    assert (db("app")["DBInstanceStatus"], box.db_losses()) == ("available", [])


def test_replicas_follow_into_green_and_take_their_names(box, rds, deploy, arn, db):
    """R-RDS-09 does not hold here: Blue/Green renames replicas too.

    Source R-RDS-09: docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_RenameInstance.html; botocore rds
      CreateDBInstanceReadReplica.KmsKeyId; the code is a guess.
    """
    key = box.add_key()
    box.add_db_instance("app")
    box.add_db_replica("copy", "app")
    made = deploy(arn("app"), {arn("app"): key, arn("copy"): key})
    box.clock.advance(3000)
    rds.switchover_blue_green_deployment(BlueGreenDeploymentIdentifier=made)
    box.clock.advance(100)
    assert db("copy")["ReadReplicaSourceDBInstanceIdentifier"] == "app"
    assert db("copy")["StorageEncryptionType"] == "sse-kms"
    assert db("copy-old1")["ReadReplicaSourceDBInstanceIdentifier"] == "app-old1"


def test_roles_are_not_copied(box, rds, deploy, arn, look, db):
    """SB-BG-31: what is wanted on green is associated there.

    Source SB-BG-31: docs.aws.amazon.com/AmazonRDS/latest/UserGuide/blue-green-deployments-considerations.html: Attached
      roles aren't automatically copied to the green environment.
    """
    box.add_db_instance("app", job=False)
    role = {"RoleArn": "arn:aws:iam::123456789012:role/s3", "FeatureName": "s3Import"}
    rds.add_role_to_db_instance(DBInstanceIdentifier="app", **role)
    made = deploy(arn("app"))
    box.clock.advance(3000)
    green = look(made)["Target"].rsplit(":", 1)[1]
    assert db(green)["AssociatedRoles"] == []
    rds.add_role_to_db_instance(DBInstanceIdentifier=green, **role)
    box.clock.advance(100)
    assert db(green)["AssociatedRoles"] == [{**role, "Status": "ACTIVE"}]


def test_a_proxy_target_comes_before_the_deployment(box, rds, deploy, arn, refused):
    """R-RDS-18: not after.

    Source R-RDS-18: docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-proxy-blue-green.html; botocore rds
      DBProxyTarget.RdsResourceId; the code is a guess.
    """
    box.add_db_instance("app")
    nets = [s["SubnetId"] for s in box.client("ec2").describe_subnets()["Subnets"]]
    rds.create_db_proxy(
        DBProxyName="p", EngineFamily="POSTGRESQL", Auth=[{}], VpcSubnetIds=nets, RoleArn="arn:aws:iam::1:role/p"
    )
    box.clock.advance(60)
    deploy(arn("app"))
    found = refused(rds.register_db_proxy_targets, DBProxyName="p", DBInstanceIdentifiers=["app"])
    assert found[0] == "InvalidDBInstanceState"


def test_a_switchover_takes_a_proxy_to_the_new_side(box, rds, deploy, arn):
    """SB-BG-32: its target is that one's from then on: where the old side is given the name again, it is registered anew.

    Source SB-BG-32: docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-proxy-blue-green.html: RDS Proxy is switched to
      the green side; the bad way to read it (guess).
    """
    box.add_db_instance("app")
    nets = [s["SubnetId"] for s in box.client("ec2").describe_subnets()["Subnets"]]
    rds.create_db_proxy(
        DBProxyName="p", EngineFamily="POSTGRESQL", Auth=[{}], VpcSubnetIds=nets, RoleArn="arn:aws:iam::1:role/p"
    )
    box.clock.advance(60)
    mine = {"DBProxyName": "p", "DBInstanceIdentifiers": ["app"]}
    health = lambda: rds.describe_db_proxy_targets(DBProxyName="p")["Targets"][0]["TargetHealth"]["State"]  # noqa: E731
    rds.register_db_proxy_targets(**mine)
    made = deploy(arn("app"))
    box.clock.advance(3000)
    rds.switchover_blue_green_deployment(BlueGreenDeploymentIdentifier=made)
    box.clock.advance(300)
    assert health() == "AVAILABLE"
    rds.delete_blue_green_deployment(BlueGreenDeploymentIdentifier=made)
    for old, new in (("app", "app-new"), ("app-old1", "app")):
        rds.modify_db_instance(DBInstanceIdentifier=old, NewDBInstanceIdentifier=new, ApplyImmediately=True)
        box.clock.advance(2000)
    assert health() == "UNAVAILABLE"
    rds.deregister_db_proxy_targets(**mine)
    rds.register_db_proxy_targets(**mine)
    box.clock.advance(300)
    assert health() == "AVAILABLE"
