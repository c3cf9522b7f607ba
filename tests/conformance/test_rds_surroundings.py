"""What stands round a database: integrations, log files, certificates, pools of a proxy, subnets."""

import pytest

REDSHIFT = "arn:aws:redshift-serverless:eu-central-1:123456789012:namespace/n"


@pytest.fixture
def app(box, db):
    box.add_db_instance("app")
    return db("app")["DBInstanceArn"]


@pytest.fixture
def integrate(rds, app):
    def make(name="z", source=app):
        return rds.create_integration(SourceArn=source, TargetArn=REDSHIFT, IntegrationName=name)

    return make


def test_blue_green_waits_until_an_integration_is_gone(box, rds, app, integrate, refused):
    """SB-RDS-30, R-RDS-19: from its request to the end of `deleting`.

    Source SB-RDS-30: botocore rds CreateIntegration, DeleteIntegration.
    Source R-RDS-19: docs.aws.amazon.com/AmazonRDS/latest/UserGuide/blue-green-deployments-considerations.html; the code
      is a guess.
    """
    made = integrate()
    assert made["Status"] == "creating"
    deploy = {"BlueGreenDeploymentName": "bg", "Source": app}
    assert refused(rds.create_blue_green_deployment, **deploy)[0] == "SourceDatabaseNotSupportedFault"
    box.clock.advance(7200)
    (found,) = rds.describe_integrations(IntegrationIdentifier=made["IntegrationArn"])["Integrations"]
    assert (found["Status"], found["SourceArn"]) == ("active", app)
    rds.delete_integration(IntegrationIdentifier=made["IntegrationArn"])
    assert refused(rds.create_blue_green_deployment, **deploy)[0] == "SourceDatabaseNotSupportedFault"
    again = refused(rds.delete_integration, IntegrationIdentifier=made["IntegrationArn"])
    assert again == ("InvalidIntegrationStateFault", 400)
    box.clock.advance(600)
    assert rds.describe_integrations()["Integrations"] == []
    rds.create_blue_green_deployment(**deploy)


def test_integrations_that_are_refused(box, rds, app, integrate, refused):
    """SB-RDS-30: a second of a name, a source or an integration that is not there, a source that is not available.

    Source SB-RDS-30: botocore rds CreateIntegration, DeleteIntegration.
    """
    integrate()
    assert refused(integrate) == ("IntegrationAlreadyExistsFault", 400)
    assert refused(integrate, name="y", source=app + "x") == ("DBInstanceNotFound", 404)
    cluster = app.replace(":db:", ":cluster:")
    assert refused(integrate, name="y", source=cluster) == ("DBClusterNotFoundFault", 404)
    assert refused(rds.delete_integration, IntegrationIdentifier="none") == ("IntegrationNotFoundFault", 404)
    box.set_db_state("app", "stopped")
    assert refused(integrate, name="y") == ("InvalidDBInstanceState", 400)


def test_a_log_file_is_read_in_portions(box, rds, app, refused):
    """SB-RDS-31: what happened to the instance stands in it.

    Source SB-RDS-31: botocore rds DescribeDBLogFiles, DownloadDBLogFilePortion; which files and lines there are is a
      guess.
    """
    rds.reboot_db_instance(DBInstanceIdentifier="app")
    box.clock.advance(600)
    (file,) = rds.describe_db_log_files(DBInstanceIdentifier="app")["DescribeDBLogFiles"]
    assert file["Size"] > 0
    one = {"DBInstanceIdentifier": "app", "LogFileName": file["LogFileName"]}
    told = rds.download_db_log_file_portion(**one, Marker="0")
    assert "DB instance restarted" in told["LogFileData"]
    assert told["AdditionalDataPending"] is False
    rest = rds.download_db_log_file_portion(**one, Marker=told["Marker"])
    assert rest.get("LogFileData", "") == ""
    other = refused(rds.download_db_log_file_portion, **{**one, "LogFileName": "other"})
    assert other == ("DBLogFileNotFoundFault", 404)
    assert rds.describe_db_log_files(DBInstanceIdentifier="app", FilenameContains="x.y")["DescribeDBLogFiles"] == []


def test_what_is_being_made_has_no_log(rds, refused):
    """SB-RDS-31.

    Source SB-RDS-31: Log files are of an instance that has been made; one that is not there is DBLogFileNotFoundFault.
      botocore rds DescribeDBLogFiles, DownloadDBLogFilePortion; which files and lines there are is a guess.
    """
    rds.create_db_instance(
        DBInstanceIdentifier="new", Engine="mariadb", DBInstanceClass="db.m6g.large", AllocatedStorage=20
    )
    assert refused(rds.describe_db_log_files, DBInstanceIdentifier="new") == ("DBInstanceNotReady", 400)


def test_certificates_of_a_region(rds, db, app, refused):
    """SB-RDS-02: an instance's is among them.

    Source SB-RDS-02: botocore rds error shapes.
    """
    found = rds.describe_certificates()
    names = [c["CertificateIdentifier"] for c in found["Certificates"]]
    assert found["DefaultCertificateForNewLaunches"] == names[0] == db("app")["CACertificateIdentifier"]
    assert refused(rds.describe_certificates, CertificateIdentifier="none") == ("CertificateNotFound", 404)


def test_a_proxys_pool_is_set(box, rds, client, refused):
    """SB-RDS-25: once the proxy is available; what is not named stays.

    Source SB-RDS-25: botocore rds RegisterDBProxyTargets, ModifyDBProxyTargetGroup, TargetHealth; the handler of
      AWS::RDS::DBProxyTargetGroup: tracked clusters do not currently have their own health state; the code for a new
      name is a guess.
    """
    nets = [s["SubnetId"] for s in client().describe_subnets()["Subnets"]]
    auth = [{"AuthScheme": "SECRETS", "SecretArn": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:s"}]
    role = "arn:aws:iam::123456789012:role/proxy"
    rds.create_db_proxy(DBProxyName="p", EngineFamily="POSTGRESQL", Auth=auth, RoleArn=role, VpcSubnetIds=nets)
    one = {"DBProxyName": "p", "TargetGroupName": "default"}
    pool = {"MaxConnectionsPercent": 50}
    assert refused(rds.modify_db_proxy_target_group, **one)[0] == "InvalidDBProxyStateFault"
    box.clock.advance(100)
    rds.modify_db_proxy_target_group(**one, ConnectionPoolConfig=pool)
    (group,) = rds.describe_db_proxy_target_groups(DBProxyName="p")["TargetGroups"]
    assert group["ConnectionPoolConfig"] == {"MaxConnectionsPercent": 50, "MaxIdleConnectionsPercent": 50}
    assert refused(rds.modify_db_proxy_target_group, **one, NewName="mine") == ("InvalidParameterValue", 400)
    other = refused(rds.modify_db_proxy_target_group, **{**one, "TargetGroupName": "other"})
    assert other == ("DBProxyTargetGroupNotFoundFault", 404)


def test_a_subnet_group_keeps_the_subnets_that_are_used(box, rds, client, refused):
    """SB-RDS-08: others come and go; one zone is too few, and what is no subnet is refused.

    Source SB-RDS-08: botocore rds CreateDBSubnetGroup, ModifyDBSubnetGroup; the code for a second VPC, and for the
      default group, is a guess.
    """
    nets = client().describe_subnets()["Subnets"]
    a, b, c = (n["SubnetId"] for n in sorted(nets, key=lambda n: n["AvailabilityZone"])[:3])
    group = {"DBSubnetGroupName": "g"}
    rds.create_db_subnet_group(**group, DBSubnetGroupDescription="d", SubnetIds=[a, b])
    box.add_db_instance("app", DBSubnetGroupName="g", AvailabilityZone="eu-central-1a")
    made = rds.modify_db_subnet_group(**group, SubnetIds=[a, c])["DBSubnetGroup"]
    assert [s["SubnetIdentifier"] for s in made["Subnets"]] == [a, c]
    modify = rds.modify_db_subnet_group
    assert refused(modify, **group, SubnetIds=[b, c]) == ("SubnetAlreadyInUse", 400)
    assert refused(modify, **group, SubnetIds=[a]) == ("DBSubnetGroupDoesNotCoverEnoughAZs", 400)
    assert refused(modify, **group, SubnetIds=[a, "subnet-0123456789abcdef0"]) == ("InvalidSubnet", 400)
    assert refused(modify, DBSubnetGroupName="none", SubnetIds=[a, b]) == ("DBSubnetGroupNotFoundFault", 404)
    other = client().create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    far = client().create_subnet(VpcId=other, CidrBlock="10.0.0.0/24", AvailabilityZone="eu-central-1b")
    mixed = [a, far["Subnet"]["SubnetId"]]
    assert refused(modify, **group, SubnetIds=mixed) == ("InvalidSubnet", 400)
