"""What databases hold, who writes to them, and which fences hold."""

from dataclasses import replace

import pytest

QUIET = {"DBInstanceIdentifier": "app"}


@pytest.fixture
def quarantine(client):
    """A security group without ingress and, unless told, without egress."""

    def make(name="quarantine", egress=False):
        ec2 = client("ec2")
        vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
        group = ec2.create_security_group(GroupName=name, Description="-", VpcId=vpc)["GroupId"]
        everything = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
        if not egress:
            ec2.revoke_security_group_egress(GroupId=group, IpPermissions=everything)
        return group

    return make


@pytest.fixture
def fence(box, rds, quarantine):
    """Change the groups, wait until the interfaces carry them, reboot."""

    def close(name="app", egress=False):
        group = quarantine(egress=egress)
        rds.modify_db_instance(DBInstanceIdentifier=name, VpcSecurityGroupIds=[group])
        box.clock.advance(box.world.durations.db_groups_s)
        rds.reboot_db_instance(DBInstanceIdentifier=name)
        box.clock.advance(box.world.durations.db_reboot_s)
        return group

    return close


@pytest.fixture
def no_jobs(rds):
    """A parameter group of ours under which the engine runs no jobs."""
    rds.create_db_parameter_group(DBParameterGroupName="calm", DBParameterGroupFamily="postgres17", Description="-")
    off = [{"ParameterName": "cron.max_running_jobs", "ParameterValue": "0", "ApplyMethod": "pending-reboot"}]
    rds.modify_db_parameter_group(DBParameterGroupName="calm", Parameters=off)
    return "calm"


def swap(box, rds, new="new", name="app"):
    rds.modify_db_instance(DBInstanceIdentifier=name, NewDBInstanceIdentifier=f"{name}-old", ApplyImmediately=True)
    box.clock.advance(700)
    rds.modify_db_instance(DBInstanceIdentifier=new, NewDBInstanceIdentifier=name, ApplyImmediately=True)
    box.clock.advance(700)


def restored(box, rds, name="app", **more):
    """Snapshot, encrypted copy, restore."""
    box.add_key()
    rds.create_db_snapshot(DBInstanceIdentifier=name, DBSnapshotIdentifier="s")
    box.clock.advance(600)
    rds.copy_db_snapshot(SourceDBSnapshotIdentifier="s", TargetDBSnapshotIdentifier="c", KmsKeyId="alias/app")
    box.clock.advance(1000)
    rds.restore_db_instance_from_db_snapshot(DBInstanceIdentifier="new", DBSnapshotIdentifier="c", **more)
    box.clock.advance(1000)


def test_a_client_writes_from_the_first_second_to_the_last(box, rds, db):
    """SB-ROW-01: Rows grow while the instance is up, and not while it is rebooting.

    Source SB-ROW-01: what an engine does; the sandbox's own way to show it.
    """
    box.add_db_instance("app", job=False)
    start = box.now()
    box.clock.advance(100)
    rds.reboot_db_instance(**QUIET)
    box.clock.advance(100)
    spans = box.db_contents("app").streams["client:app"]
    assert [(a - start, b - start) for a, b in spans] == [(-86_400, 100), (160, 200)]
    assert box.db_losses() == []


def test_a_fenced_migration_loses_nothing(box, rds, fence, no_jobs, db):
    """SB-ROW-02: The whole point: fence, last snapshot, copy, restore without jobs, swap, own groups: every acknowledged row is there.

    Source SB-ROW-02: what an engine does; the sandbox's own way to show it.
    """
    box.add_db_instance("app", job=False)
    own = [g["VpcSecurityGroupId"] for g in db("app")["VpcSecurityGroups"]]
    box.clock.advance(500)
    closed = fence()
    restored(box, rds, VpcSecurityGroupIds=[closed], DBParameterGroupName=no_jobs)
    swap(box, rds)
    rds.modify_db_instance(**QUIET, VpcSecurityGroupIds=own)
    box.clock.advance(500)
    assert box.db_losses() == []
    assert db("app")["StorageEncryptionType"] == "sse-kms"
    assert box.db_contents("app").streams["client:app"][-1][1] == box.now()


def test_an_unfenced_migration_loses_what_was_written_after_the_snapshot(box, rds, db):
    """SB-ROW-02: Seconds and rows of the loss are told.

    Source SB-ROW-02: what an engine does; the sandbox's own way to show it.
    """
    box.add_db_instance("app", job=False)
    restored(box, rds)
    swap(box, rds)
    (loss,) = box.db_losses()
    assert (loss.name, loss.stream, loss.database) == ("app", "client:app", db("app")["DbiResourceId"])
    assert loss.end - loss.start > 2000


def test_groups_reach_the_interfaces_late(box, rds, client, db, quarantine):
    """SB-RDS-21: `active` is said at once; DescribeNetworkInterfaces by group-id tells the truth.

    Source SB-RDS-21: botocore rds ModifyDBInstance.VpcSecurityGroupIds; AWSEC2 security-group-connection-tracking.html.
    """
    box.add_db_instance("app", MultiAZ=True)
    group = quarantine()
    rds.modify_db_instance(**QUIET, VpcSecurityGroupIds=[group])
    assert db("app")["VpcSecurityGroups"] == [{"VpcSecurityGroupId": group, "Status": "active"}]
    by_group = [{"Name": "group-id", "Values": [group]}]
    carrying = lambda: client("ec2").describe_network_interfaces(Filters=by_group)["NetworkInterfaces"]  # noqa: E731
    assert carrying() == []
    box.clock.advance(box.world.durations.db_groups_s)
    assert len(carrying()) == 2


def test_a_group_in_use_is_not_deleted_and_rds_keeps_its_interfaces(box, rds, client, quarantine, refused):
    """SB-RDS-26: nor before the interfaces carry another one.

    Source SB-RDS-26: botocore ec2 DeleteSecurityGroup;
      docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html.
    """
    box.add_db_instance("app")
    ec2, group = client("ec2"), quarantine()
    old = box.db_carries("app")[0]
    assert refused(ec2.delete_security_group, GroupId=old)[0] == "DependencyViolation"
    rds.modify_db_instance(**QUIET, VpcSecurityGroupIds=[group])
    assert refused(ec2.delete_security_group, GroupId=old)[0] == "DependencyViolation"
    by_group = [{"Name": "group-id", "Values": [old]}]
    eni = ec2.describe_network_interfaces(Filters=by_group)["NetworkInterfaces"][0]["NetworkInterfaceId"]
    assert refused(ec2.delete_network_interface, NetworkInterfaceId=eni)[0] == "InvalidParameterValue"
    found = refused(ec2.modify_network_interface_attribute, NetworkInterfaceId=eni, Groups=[group])
    assert found[0] == "AuthFailure"
    box.clock.advance(100)
    ec2.delete_security_group(GroupId=old)


def test_an_open_connection_outlives_a_group_change(box, rds, quarantine):
    """SB-RDS-21: until a reboot; a group change alone is no fence.

    Source SB-RDS-21: botocore rds ModifyDBInstance.VpcSecurityGroupIds; AWSEC2 security-group-connection-tracking.html.
    """
    box.add_db_instance("app", job=False)
    rds.modify_db_instance(**QUIET, VpcSecurityGroupIds=[quarantine()])
    box.clock.advance(1000)
    assert box.db_contents("app").streams["client:app"][-1][1] == box.now()
    rds.reboot_db_instance(**QUIET)
    box.clock.advance(1000)
    assert box.db_contents("app").streams["client:app"][-1][1] == box.now() - 1000


def test_a_reboot_before_the_interfaces_carry_the_group_fences_nothing(box, rds, quarantine):
    """SB-RDS-21: the client comes back through the old groups, and its connection stays.

    Source SB-RDS-21: botocore rds ModifyDBInstance.VpcSecurityGroupIds; AWSEC2 security-group-connection-tracking.html.
    """
    box.add_db_instance("app", job=False)
    rds.modify_db_instance(**QUIET, VpcSecurityGroupIds=[quarantine()])
    box.world.durations.__dict__["db_reboot_s"] = 10.0
    rds.reboot_db_instance(**QUIET)
    box.clock.advance(1000)
    assert box.db_contents("app").streams["client:app"][-1][1] == box.now()


def test_revoked_rules_count_like_a_changed_group(box, rds, client, db):
    """SB-RDS-46: AWSEC2 security groups: rules of a group that is carried are in effect at once, for new connections.

    Source SB-RDS-46: docs.aws.amazon.com/AWSEC2/latest/UserGuide/security-group-rules.html; that open connections stay
      is for tracked ones.
    """
    box.add_db_instance("app", job=False)
    (group,) = (g["VpcSecurityGroupId"] for g in db("app")["VpcSecurityGroups"])
    ec2 = client("ec2")
    rules = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]["IpPermissions"]
    ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=rules)
    rds.reboot_db_instance(**QUIET)
    box.clock.advance(500)
    stopped = box.db_contents("app").streams["client:app"][-1][1]
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=rules)
    box.clock.advance(50)
    assert stopped == box.now() - 550
    assert box.db_contents("app").streams["client:app"][-1] == (box.now() - 50, box.now())


def test_a_scheduled_writer_is_inside_every_fence_of_the_network(box, rds, fence):
    """SB-ROW-03: No group and no reboot stops it: left running, its writes after the snapshot are lost.

    Source SB-ROW-03: event schedulers, pg_cron and SQL agents are part of the data; what an engine does; the sandbox's
      own way to show it.
    """
    box.add_db_instance("app")
    fence()
    restored(box, rds)
    swap(box, rds)
    assert "job@" in "".join(x.stream for x in box.db_losses())


def test_a_copy_runs_the_job_a_second_time(box, rds):
    """SB-ROW-03: Unless a parameter group of ours switches it off before the first start.

    Source SB-ROW-03: event schedulers, pg_cron and SQL agents are part of the data; what an engine does; the sandbox's
      own way to show it.
    """
    box.add_db_instance("app", "mysql")
    restored(box, rds)
    (run, *_) = box.double_runs()
    assert (run.job, len(set(run.databases))) == ("job:app", 2)


def test_a_copy_born_calm_runs_no_job(box, rds, no_jobs):
    """R-RDS-42's other half: the parameter group is in effect from the first second.

    Source R-RDS-42: docs.aws.amazon.com/AmazonRDS/latest/UserGuide/blue-green-deployments-considerations.html; the code
      is a guess.
    """
    box.add_db_instance("app")
    restored(box, rds, DBParameterGroupName=no_jobs)
    assert box.double_runs() == []


@pytest.mark.parametrize(
    ("engine", "family", "parameter", "value"),
    [
        ("mysql", "mysql8.4", "event_scheduler", "OFF"),
        ("mariadb", "mariadb11.4", "event_scheduler", "OFF"),
        ("oracle-ee", "oracle-ee-21", "job_queue_processes", "0"),
        ("postgres", "postgres17", "cron.max_running_jobs", "0"),
    ],
)
def test_what_switches_the_scheduler_off(box, rds, engine, family, parameter, value):
    """SB-RDS-60: event_scheduler, job_queue_processes, pg_cron; here at once, by a dynamic parameter.

    Source SB-RDS-60: docs.aws.amazon.com/AmazonRDS/latest/UserGuide/PostgreSQL_pg_cron.html; dev.mysql.com
      sysvar_event_scheduler; that MariaDB's default is on is a guess.
    """
    rds.create_db_parameter_group(DBParameterGroupName="g", DBParameterGroupFamily=family, Description="-")
    if engine == "postgres":
        loaded = {
            "ParameterName": "shared_preload_libraries",
            "ParameterValue": "pg_cron",
            "ApplyMethod": "pending-reboot",
        }
        rds.modify_db_parameter_group(DBParameterGroupName="g", Parameters=[loaded])
    box.add_db_instance("app", engine, DBParameterGroupName="g")
    box.clock.advance(100)
    one = {"ParameterName": parameter, "ParameterValue": value, "ApplyMethod": "immediate"}
    rds.modify_db_parameter_group(DBParameterGroupName="g", Parameters=[one])
    box.clock.advance(100)
    (stream,) = (s for s in box.db_contents("app").streams if s.startswith("job@"))
    (span,) = box.db_contents("app").streams[stream]
    assert span[1] - span[0] == 100 + box.world.durations.db_parameters_s


def test_a_default_group_loads_no_pg_cron(box, rds):
    """SB-RDS-60: a job that is there runs only where its engine loads the scheduler.

    Source SB-RDS-60: docs.aws.amazon.com/AmazonRDS/latest/UserGuide/PostgreSQL_pg_cron.html; dev.mysql.com
      sysvar_event_scheduler; that MariaDB's default is on is a guess.
    """
    box.add_db_instance("app", DBParameterGroupName="default.postgres17")
    box.add_db_instance("cron")
    box.clock.advance(100)
    runs = {n: [s for s in box.db_contents(n).streams if s.startswith("job@")] for n in ("app", "cron")}
    assert (runs["app"], len(runs["cron"])) == ([], 1)


def test_a_pull_from_outside_needs_egress_only(box, rds, fence, no_jobs):
    """SB-RDS-21: a group without ingress but with egress lets an outbound replica go on writing.

    Source SB-RDS-21: botocore rds ModifyDBInstance.VpcSecurityGroupIds; AWSEC2 security-group-connection-tracking.html.
    """
    box.add_db_instance("app", job=False, inbound=True)
    fence(egress=True)
    restored(box, rds, DBParameterGroupName=no_jobs)
    swap(box, rds)
    assert {x.stream.split("@")[0] for x in box.db_losses()} == {"inbound"}


def test_without_egress_the_pull_ends_with_the_reboot(box, rds, fence, no_jobs):
    """SB-RDS-21: the same without egress loses nothing.

    Source SB-RDS-21: botocore rds ModifyDBInstance.VpcSecurityGroupIds; AWSEC2 security-group-connection-tracking.html.
    """
    box.add_db_instance("app", job=False, inbound=True)
    group = fence()
    restored(box, rds, DBParameterGroupName=no_jobs, VpcSecurityGroupIds=[group])
    swap(box, rds)
    assert box.db_losses() == []


def test_the_engine_is_read_only_and_its_position_stands_still(box, rds):
    """SB-ENG-01: read-only, sessions ended, scheduler off; what users write is counted and stands still without it.

    Source SB-ENG-01: engine manuals: ALTER DATABASE SET, SET GLOBAL, RESTRICTED SESSION (guess).
    """
    for engine, name in (("postgres", "pg"), ("mysql", "my"), ("oracle-ee", "ora"), ("sqlserver-se", "ms")):
        box.add_db_instance(name, engine)
        login = box.engine(name)
        assert login.execute("sessions") == 1
        assert login.execute("schedulers") is True
        first = login.execute("user_writes")
        box.clock.advance(10)
        assert login.execute("user_writes") != first
        assert login.execute("read_only", True) is True
        assert login.execute("schedulers", False) is False
        assert login.execute("end_sessions") == 1
        still = login.execute("user_writes")
        box.clock.advance(100)
        assert login.execute("user_writes") == still


@pytest.mark.parametrize(("engine", "stays"), [("postgres", True), ("mysql", False), ("sqlserver-se", True)])
def test_what_a_login_sets_is_in_the_data_or_gone_with_a_reboot(box, rds, engine, stays):
    """SB-ENG-01: and where it is in the data, a restore has it too.

    Source SB-ENG-01: engine manuals: ALTER DATABASE SET, SET GLOBAL, RESTRICTED SESSION (guess).
    """
    box.add_db_instance("app", engine)
    box.engine("app").execute("read_only", True)
    restored(box, rds)
    group = rds.describe_db_instances(**QUIET)["DBInstances"][0]["VpcSecurityGroups"][0]["VpcSecurityGroupId"]
    rds.modify_db_instance(DBInstanceIdentifier="new", VpcSecurityGroupIds=[group])
    rds.reboot_db_instance(**QUIET)
    box.clock.advance(100)
    assert [box.engine(n).execute("read_only") for n in ("app", "new")] == [stays, stays]


def test_a_login_comes_through_the_network_too(box, fence):
    """SB-ROW-04: A quarantine shuts the fence's own login out, unless a rule lets its address in.

    Source SB-ROW-04: docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Overview.RDSSecurityGroups.html.
    """
    from sealift.sandbox.rds.engine import Unreachable

    box.add_db_instance("app")
    fence()
    with pytest.raises(Unreachable):
        box.engine("app").execute("sessions")


def test_a_stopped_database_comes_back_and_runs_its_job(box, rds, fence):
    """R-RDS-12: after 7 days a retained, stopped side is a running database again.

    Source R-RDS-12: botocore rds StopDBInstance, DBInstance.AutomaticRestartTime.
    """
    box.add_db_instance("app", "mysql")
    restored(box, rds)
    swap(box, rds)
    rds.stop_db_instance(DBInstanceIdentifier="app-old")
    box.clock.advance(1000)
    before = len(box.double_runs())
    box.clock.advance(7 * 86_400)
    assert len(box.double_runs()) > before


@pytest.fixture
def points(box, client):
    """points(metric, db, since=) -> the minutes that are shown, each with its value, oldest first."""
    metrics = client("cloudwatch")

    def look(name, db, since=0.0, dimension="DBInstanceIdentifier"):
        stat = {"Metric": {"Namespace": "AWS/RDS", "MetricName": name}, "Period": 60, "Stat": "Maximum"}
        stat["Metric"]["Dimensions"] = [{"Name": dimension, "Value": db}]
        about = {"StartTime": since or box.now() - 600, "EndTime": box.now() + 60, "ScanBy": "TimestampAscending"}
        reply = metrics.get_metric_data(MetricDataQueries=[{"Id": "q", "MetricStat": stat}], **about)
        (found,) = reply["MetricDataResults"]
        return [(t.timestamp(), v) for t, v in zip(found["Timestamps"], found["Values"], strict=True)]

    return look


def test_connections_and_lag_are_metrics(box, points, fence):
    """SB-RDS-47: CloudWatch AWS/RDS: DatabaseConnections falls to zero with the fence; ReplicaLag is a replica's.

    Source SB-RDS-47: docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-metrics.html;
      docs.aws.amazon.com/AmazonRDS/latest/UserGuide/monitoring-cloudwatch.html; when in the minute, and how late, are
      guesses.
    """
    box.add_db_instance("app")
    box.add_db_replica("copy", "app")
    box.clock.advance(300)
    assert points("DatabaseConnections", "app")[-1][1] == 1.0
    assert points("ReplicaLag", "copy")[-1][1] == box.world.durations.db_replica_lag_s
    assert points("ReplicaLag", "app") == []
    fence()
    box.clock.advance(300)
    assert points("DatabaseConnections", "app")[-1][1] == 0.0


def test_a_point_is_of_a_minute_and_comes_late(box, points, fence):
    """SB-RDS-47: the minute in which the fence closed may show who was there before; none is shown before it has passed.

    Source SB-RDS-47: docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-metrics.html;
      docs.aws.amazon.com/AmazonRDS/latest/UserGuide/monitoring-cloudwatch.html; when in the minute, and how late, are
      guesses.
    """
    d = box.world.durations = replace(box.world.durations, db_reboot_s=20.0)
    box.add_db_instance("app")
    box.clock.advance(3600)
    box.clock.advance(60 - (box.now() + d.db_groups_s - d.metric_sampled_s - 5) % 60)
    fence()  # its reboot begins after this minute was read, and is over before the minute is
    closed = box.now() // 60 * 60
    assert box.now() > closed + d.metric_sampled_s
    box.clock.advance(closed + 60 + d.metric_late_s - 1 - box.now())
    assert points("DatabaseConnections", "app")[-1] == (closed - 60, 1.0)
    box.clock.advance(61)
    assert points("DatabaseConnections", "app")[-2:] == [(closed, 1.0), (closed + 60, 0.0)]


def test_what_is_down_has_no_points(box, points, rds):
    """SB-RDS-47: minutes in which an instance took no connections when it was read are left out.

    Source SB-RDS-47: docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-metrics.html;
      docs.aws.amazon.com/AmazonRDS/latest/UserGuide/monitoring-cloudwatch.html; when in the minute, and how late, are
      guesses.
    """
    box.add_db_instance("app")
    rds.stop_db_instance(DBInstanceIdentifier="app")
    box.clock.advance(3600)
    assert points("DatabaseConnections", "app") == []


@pytest.fixture
def proxied(box, rds):
    """An instance with a client of its own and one behind an RDS Proxy."""
    box.add_db_instance("app", "mariadb", job=False)
    nets = [s["SubnetId"] for s in box.client("ec2").describe_subnets()["Subnets"]]
    ask = {"DBProxyName": "p", "EngineFamily": "MYSQL", "Auth": [{}], "VpcSubnetIds": nets}
    rds.create_db_proxy(**ask, RoleArn="arn:aws:iam::123456789012:role/p")
    box.clock.advance(100)
    rds.register_db_proxy_targets(DBProxyName="p", DBInstanceIdentifiers=["app"])
    box.add_proxy_client("p", "app")
    box.clock.advance(100)
    return lambda name="app": box.db_contents(name).streams["client:app/p"][-1]


def test_a_client_behind_a_proxy_writes_on_through_a_swap(box, rds, proxied, quarantine, fence):
    """R-RDS-18: the proxy goes by name; fenced like any other client, it comes back to whatever bears the name.

    Source R-RDS-18: docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-proxy-blue-green.html; botocore rds
      DBProxyTarget.RdsResourceId; the code is a guess.
    """
    closed = fence()
    stopped = box.now() - box.world.durations.db_reboot_s
    restored(box, rds, VpcSecurityGroupIds=[closed])
    assert proxied()[1] == stopped
    swap(box, rds)
    open_to_peers = box.client("ec2")
    rule = [{"IpProtocol": "tcp", "FromPort": 3306, "ToPort": 3306, "IpRanges": [{"CidrIp": "172.31.0.0/16"}]}]
    open_to_peers.authorize_security_group_ingress(GroupId=closed, IpPermissions=rule)
    box.clock.advance(100)
    assert proxied() == (box.now() - 100, box.now())
    assert box.db_losses() == []


def test_a_target_that_is_registering_is_not_routed_to(box, rds, proxied):
    """SB-RDS-25: clients behind the proxy wait until it is AVAILABLE.

    Source SB-RDS-25: botocore rds RegisterDBProxyTargets, ModifyDBProxyTargetGroup, TargetHealth; the handler of
      AWS::RDS::DBProxyTargetGroup: tracked clusters do not currently have their own health state; the code for a new
      name is a guess.
    """
    start = box.now()
    for change in (rds.deregister_db_proxy_targets, rds.register_db_proxy_targets):
        change(DBProxyName="p", DBInstanceIdentifiers=["app"])
    box.clock.advance(100)
    found = [(o.stream, o.start - start, o.end - start) for o in box.db_outages(start)]
    assert found == [("client:app/p", 0, box.world.durations.db_proxy_s)]


def test_a_proxy_left_out_of_the_fence_goes_on_writing(box, rds, proxied, quarantine):
    """SB-RDS-21: a group that still lets the proxy in is no fence; deregistered, its clients are cut off at once.

    Source SB-RDS-21: botocore rds ModifyDBInstance.VpcSecurityGroupIds; AWSEC2 security-group-connection-tracking.html.
    """
    group = quarantine()
    rule = [{"IpProtocol": "tcp", "FromPort": 3306, "ToPort": 3306, "IpRanges": [{"CidrIp": "172.31.150.5/32"}]}]
    box.client("ec2").authorize_security_group_ingress(GroupId=group, IpPermissions=rule)
    rds.modify_db_instance(**QUIET, VpcSecurityGroupIds=[group])
    box.clock.advance(100)
    rds.reboot_db_instance(**QUIET)
    box.clock.advance(500)
    assert proxied()[1] == box.now()
    restored(box, rds)
    rds.deregister_db_proxy_targets(DBProxyName="p", DBInstanceIdentifiers=["app"])
    box.clock.advance(300)
    assert proxied()[1] == box.now() - 300
    swap(box, rds)
    assert "client:app/p" in {x.stream for x in box.db_losses()}


def test_read_only_is_for_new_sessions(box, until):
    """SB-ENG-02: PostgreSQL's read-only leaves a connection that is open writing, until its session is ended.

    Source SB-ENG-02: postgresql.org/docs/current/sql-alterdatabase.html.
    """
    box.add_db_instance("shop", "postgres", job=False)
    login = box.engine("shop")
    login.execute("read_only", True)
    before = login.execute("user_writes")
    box.clock.advance(60)
    assert login.execute("user_writes") != before
    assert login.execute("end_sessions") == 1
    after = login.execute("user_writes")
    box.clock.advance(60)
    assert login.execute("user_writes") == after


@pytest.mark.parametrize("engine", ["postgres", "mysql", "oracle-ee"])
def test_rds_itself_moves_the_position(box, engine):
    """SB-ENG-03: With nobody writing LSN, GTID and SCN go on; the count of what users write does not.

    Source SB-ENG-03: morling.dev/blog/insatiable-postgres-replication-slot; github.com/zendesk/maxwell/pull/523.
    """
    box.add_db_instance("idle", engine, job=False)
    login = box.engine("idle")
    login.execute("read_only", True)
    login.execute("end_sessions")
    raw, counted = login.execute("position"), login.execute("user_writes")
    box.clock.advance(601)
    assert login.execute("position") != raw
    assert login.execute("user_writes") == counted


def test_a_client_that_reads_is_answered_while_its_connection_lasts(box, rds, quarantine):
    """SB-ROW-05: a replica's client gets nothing during a reboot, and none comes back through a quarantine.

    Source SB-ROW-05: what an engine does; the sandbox's own way to show it.
    """
    box.add_db_instance("app", job=False)
    box.add_db_replica("app-r", "app")
    box.add_db_reader("app-r")
    start = box.now()
    box.clock.advance(10)
    rds.reboot_db_instance(DBInstanceIdentifier="app-r")
    box.clock.advance(100)
    rds.modify_db_instance(DBInstanceIdentifier="app-r", VpcSecurityGroupIds=[quarantine()])
    box.clock.advance(100)
    rds.reboot_db_instance(DBInstanceIdentifier="app-r")
    box.clock.advance(100)
    found = [(o.stream, o.reads, o.start - start, o.end - start) for o in box.db_outages(start)]
    assert found == [("reader:app-r", True, 10, 70), ("reader:app-r", True, 210, 310)]


def test_outages_of_a_writer_are_when_no_write_was_acknowledged(box, rds):
    """SB-ROW-05: also where the connection lasts, and the engine is read-only.

    Source SB-ROW-05: what an engine does; the sandbox's own way to show it.
    """
    box.add_db_instance("app", "mysql", job=False)
    start = box.now()
    box.clock.advance(10)
    box.engine("app").execute("read_only", True)
    box.clock.advance(20)
    box.engine("app").execute("read_only", False)
    box.clock.advance(30)
    assert [(o.name, o.reads, o.start - start, o.end - start) for o in box.db_outages(start)] == [
        ("app", False, 10, 30)
    ]
