"""A security group that lets nothing in and nothing out: what it takes, and how one sees that a database is in it."""

import pytest


@pytest.fixture
def quarantine(ec2):
    """A group without rules. Return its id."""
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    tags = [{"ResourceType": "security-group", "Tags": [{"Key": "run", "Value": "r1"}]}]
    group = ec2.create_security_group(GroupName="quarantine", Description="d", VpcId=vpc, TagSpecifications=tags)
    (shown,) = ec2.describe_security_groups(GroupIds=[group["GroupId"]])["SecurityGroups"]
    assert shown["IpPermissions"] == []
    ec2.revoke_security_group_egress(GroupId=group["GroupId"], IpPermissions=shown["IpPermissionsEgress"])
    return group["GroupId"]


@pytest.fixture
def carrying(ec2):
    """carrying(group) -> the network interfaces that carry it."""

    def look(group):
        return ec2.describe_network_interfaces(Filters=[{"Name": "group-id", "Values": [group]}])["NetworkInterfaces"]

    return look


def move(rds, group, name):
    rds.modify_db_instance(DBInstanceIdentifier=name, VpcSecurityGroupIds=[group], ApplyImmediately=True)


@pytest.mark.parametrize(("members", "interfaces"), [({}, 1), ({"MultiAZ": True}, 2)])
def test_an_instance_is_seen_in_a_group_once_its_interfaces_carry_it(
    box, rds, quarantine, carrying, members, interfaces
):
    """SB-RDS-21: one interface, and one more for a standby; all of them some time after the request.

    Source SB-RDS-21: botocore rds ModifyDBInstance.VpcSecurityGroupIds; AWSEC2 security-group-connection-tracking.html.
    """
    box.add_db_instance("app", **members)
    move(rds, quarantine, "app")
    assert carrying(quarantine) == []
    box.clock.advance(box.world.durations.db_groups_s - 1)
    assert carrying(quarantine) == []
    box.clock.advance(2)
    found = carrying(quarantine)
    assert len(found) == interfaces
    assert len({i["AvailabilityZone"] for i in found}) == interfaces
    for one in found:
        told = (one["Description"], one["RequesterId"], one["RequesterManaged"], one["Status"])
        assert told == ("RDSNetworkInterface", "amazon-rds", True, "in-use")
        assert [g["GroupId"] for g in one["Groups"]] == [quarantine]


def test_a_cluster_is_seen_with_every_member(box, rds, quarantine, carrying):
    """SB-RDS-21: one interface a member, and a member that is made later has the cluster's groups from the start.

    Source SB-RDS-21: botocore rds ModifyDBInstance.VpcSecurityGroupIds; AWSEC2 security-group-connection-tracking.html.
    """
    box.add_db_cluster("au", readers=2)
    rds.modify_db_cluster(DBClusterIdentifier="au", VpcSecurityGroupIds=[quarantine], ApplyImmediately=True)
    assert carrying(quarantine) == []
    box.clock.advance(60)
    assert len(carrying(quarantine)) == 3
    box.clock.advance(600)
    rds.create_db_instance(
        DBInstanceIdentifier="more",
        DBClusterIdentifier="au",
        Engine="aurora-postgresql",
        DBInstanceClass="db.r6g.large",
    )
    box.clock.advance(1000)
    assert len(carrying(quarantine)) == 4


def test_a_rename_keeps_the_interfaces_in_their_group(box, rds, quarantine, carrying):
    """SB-RDS-21, R-RDS-29: through the reboot that it brings.

    Source SB-RDS-21: botocore rds ModifyDBInstance.VpcSecurityGroupIds; AWSEC2 security-group-connection-tracking.html.
    Source R-RDS-29: docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_RenameInstance.html.
    """
    box.add_db_instance("app")
    move(rds, quarantine, "app")
    box.clock.advance(300)
    rds.modify_db_instance(DBInstanceIdentifier="app", NewDBInstanceIdentifier="old", ApplyImmediately=True)
    for _ in range(12):
        box.clock.advance(100)
        assert len(carrying(quarantine)) == 1


def test_a_group_is_deleted_when_nothing_is_in_it(box, ec2, rds, quarantine, carrying, refused):
    """SB-RDS-26: neither while the database names it, nor while an interface still carries it; by name neither.

    Source SB-RDS-26: botocore ec2 DeleteSecurityGroup;
      docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html.
    """
    box.add_db_instance("app")
    (own,) = ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": ["db-app"]}])["SecurityGroups"]
    wrong = ("DependencyViolation", 400)
    assert refused(ec2.delete_security_group, GroupName="db-app") == wrong
    move(rds, quarantine, "app")
    assert refused(ec2.delete_security_group, GroupId=quarantine) == wrong
    assert refused(ec2.delete_security_group, GroupId=own["GroupId"]) == wrong
    box.clock.advance(300)
    move(rds, own["GroupId"], "app")
    assert refused(ec2.delete_security_group, GroupId=quarantine) == wrong
    box.clock.advance(300)
    assert carrying(quarantine) == []
    ec2.delete_security_group(GroupId=quarantine)
    assert refused(ec2.describe_security_groups, GroupIds=[quarantine])[0] == "InvalidGroup.NotFound"


def test_a_group_is_needed_by_interfaces_and_by_other_groups(ec2, quarantine, refused):
    """SB-SG-01: also by those that are nobody's database; a default group stays.

    Source SB-SG-01: botocore ec2 DeleteSecurityGroup;
      docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html.
    """
    wrong, vpc = ("DependencyViolation", 400), ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    net = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    eni = ec2.create_network_interface(SubnetId=net, Groups=[quarantine])["NetworkInterface"]
    assert refused(ec2.delete_security_group, GroupId=quarantine) == wrong
    ec2.delete_network_interface(NetworkInterfaceId=eni["NetworkInterfaceId"])
    other = ec2.create_security_group(GroupName="other", Description="d", VpcId=vpc)["GroupId"]
    rule = [{"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": quarantine}]}]
    ec2.authorize_security_group_ingress(GroupId=other, IpPermissions=rule)
    assert refused(ec2.delete_security_group, GroupId=quarantine) == wrong
    ec2.revoke_security_group_ingress(GroupId=other, IpPermissions=rule)
    ec2.delete_security_group(GroupId=quarantine)
    default = [{"Name": "group-name", "Values": ["default"]}]
    (stays,) = ec2.describe_security_groups(Filters=default)["SecurityGroups"]
    assert refused(ec2.delete_security_group, GroupId=stays["GroupId"]) == ("CannotDelete", 400)


@pytest.mark.parametrize(
    ("name", "value"), [("group-name", "quarantine"), ("tag:run", "r1"), ("tag-key", "run"), ("description", "d")]
)
def test_groups_are_found_by_filter(ec2, quarantine, refused, name, value):
    """R-EBS-84: by name in a VPC, by tag; a filter that is none is refused.

    Source R-EBS-84: botocore ec2 DescribeVolumes.
    """
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    both = [{"Name": name, "Values": [value]}, {"Name": "vpc-id", "Values": [vpc]}]
    found = ec2.describe_security_groups(Filters=both)["SecurityGroups"]
    assert [g["GroupId"] for g in found] == [quarantine]
    other = [{"Name": name, "Values": ["other"]}]
    assert ec2.describe_security_groups(Filters=other)["SecurityGroups"] == []
    wrong = [{"Name": "no-filter", "Values": ["x"]}]
    assert refused(ec2.describe_security_groups, Filters=wrong) == ("InvalidParameterValue", 400)


@pytest.mark.parametrize("network", ["IPV4", "DUAL"])
def test_a_new_group_lets_out_over_ipv6_as_well(box, ec2, rds, network):
    """SB-SG-02: where the VPC has an IPv6 block; what is dual-stack gets out as long as that rule stands.

    Source SB-SG-02: docs.aws.amazon.com/vpc/latest/userguide/creating-security-groups.html; botocore rds
      DBInstance.NetworkType.
    """
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    ec2.associate_vpc_cidr_block(VpcId=vpc, AmazonProvidedIpv6CidrBlock=True)
    group = ec2.create_security_group(GroupName="way-out", Description="d", VpcId=vpc)["GroupId"]
    (shown,) = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"]
    ways = [r for rule in shown["IpPermissionsEgress"] for r in (*rule["IpRanges"], *rule["Ipv6Ranges"])]
    assert ways == [{"CidrIp": "0.0.0.0/0"}, {"CidrIpv6": "::/0"}]
    v4 = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    ec2.revoke_security_group_egress(GroupId=group, IpPermissions=v4)
    box.add_db_instance("app", job=False, inbound=True, NetworkType=network)
    move(rds, group, "app")
    box.clock.advance(600)
    rds.reboot_db_instance(DBInstanceIdentifier="app")
    box.clock.advance(600)
    before = box.db_contents("app")
    box.clock.advance(600)
    assert (box.db_contents("app") != before) is (network == "DUAL")
    v6 = [{"IpProtocol": "-1", "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}]
    ec2.revoke_security_group_egress(GroupId=group, IpPermissions=v6)
    assert ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]["IpPermissionsEgress"] == []
