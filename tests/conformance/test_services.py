"""What a migration touches beside EC2 and KMS."""


def test_capacity_is_reserved_and_given_back(box, ec2, refused):
    """SB-ODC-01: CreateCapacityReservation, Cancel, Describe.

    Source SB-ODC-01: botocore ec2 CreateCapacityReservation, DescribeCapacityReservations, CancelCapacityReservation.
    """
    made = ec2.create_capacity_reservation(
        InstanceType="m5.large",
        InstancePlatform="Linux/UNIX",
        AvailabilityZone="eu-central-1a",
        InstanceCount=1,
        ClientToken="t",
        TagSpecifications=[{"ResourceType": "capacity-reservation", "Tags": [{"Key": "a", "Value": "b"}]}],
    )["CapacityReservation"]
    assert (made["State"], made["Tags"]) == ("active", [{"Key": "a", "Value": "b"}])
    ec2.cancel_capacity_reservation(CapacityReservationId=made["CapacityReservationId"])
    (shown,) = ec2.describe_capacity_reservations()["CapacityReservations"]
    assert shown["State"] == "cancelled"
    found = refused(ec2.cancel_capacity_reservation, CapacityReservationId="cr-0")
    assert found[0] == "InvalidCapacityReservationId.NotFound"


def test_nothing_is_locked_or_in_a_bin(ec2):
    """SB-RDS-44: Empty lists, not errors.

    Source SB-RDS-44: botocore rds Describe operations.
    """
    assert ec2.describe_locked_snapshots()["Snapshots"] == []
    assert ec2.list_snapshots_in_recycle_bin()["Snapshots"] == []
    assert ec2.list_volumes_in_recycle_bin()["Volumes"] == []
    assert ec2.describe_replace_root_volume_tasks()["ReplaceRootVolumeTasks"] == []


def test_lifecycle_policies_are_read(client):
    """SB-DLM-20: DLM, which moto lacks altogether.

    Source SB-DLM-20: botocore dlm PolicyDetails.TargetTags; botocore backup BackupSelection.
    """
    dlm = client("dlm")
    assert dlm.get_lifecycle_policies()["Policies"] == []
    details = {"ResourceTypes": ["VOLUME"], "TargetTags": [{"Key": "Backup", "Value": "daily"}]}
    made = dlm.create_lifecycle_policy(
        ExecutionRoleArn="arn:aws:iam::123456789012:role/dlm", Description="d", State="ENABLED", PolicyDetails=details
    )["PolicyId"]
    assert [p["PolicyId"] for p in dlm.get_lifecycle_policies()["Policies"]] == [made]
    found = dlm.get_lifecycle_policy(PolicyId=made)["Policy"]
    assert found["PolicyDetails"]["TargetTags"] == [{"Key": "Backup", "Value": "daily"}]


def test_backup_selections_are_read(client):
    """SB-DLM-20: AWS Backup: which plans name a volume by its ARN.

    Source SB-DLM-20: botocore dlm PolicyDetails.TargetTags; botocore backup BackupSelection.
    """
    backup = client("backup")
    assert backup.list_backup_plans()["BackupPlansList"] == []
    rule = {"RuleName": "r", "TargetBackupVaultName": "v"}
    plan = backup.create_backup_plan(BackupPlan={"BackupPlanName": "p", "Rules": [rule]})["BackupPlanId"]
    arn = "arn:aws:ec2:eu-central-1:123456789012:volume/vol-1"
    selection = {"SelectionName": "s", "IamRoleArn": "arn:aws:iam::123456789012:role/b", "Resources": [arn]}
    made = backup.create_backup_selection(BackupPlanId=plan, BackupSelection=selection)["SelectionId"]
    (listed,) = backup.list_backup_selections(BackupPlanId=plan)["BackupSelectionsList"]
    assert listed["SelectionId"] == made
    found = backup.get_backup_selection(BackupPlanId=plan, SelectionId=made)
    assert found["BackupSelection"]["Resources"] == [arn]


def test_a_group_lets_a_member_stand_by(box, client, ec2):
    """SB-ASG-20: Auto Scaling: EnterStandby and ExitStandby, suspend and resume.

    Source SB-ASG-20: botocore autoscaling EnterStandby, ExitStandby, SuspendProcesses, ResumeProcesses.
    """
    web = box.add_instance(asg="web")
    other = box.add_instance(name="b")
    asg = client("autoscaling")
    (member,) = asg.describe_auto_scaling_instances(InstanceIds=[web, other])["AutoScalingInstances"]
    assert (member["AutoScalingGroupName"], member["LifecycleState"]) == ("web", "InService")
    asg.suspend_processes(AutoScalingGroupName="web", ScalingProcesses=["HealthCheck", "ReplaceUnhealthy"])
    (group,) = asg.describe_auto_scaling_groups(AutoScalingGroupNames=["web"])["AutoScalingGroups"]
    assert {p["ProcessName"] for p in group["SuspendedProcesses"]} == {"HealthCheck", "ReplaceUnhealthy"}
    ask = {"AutoScalingGroupName": "web", "InstanceIds": [web]}
    asg.enter_standby(**ask, ShouldDecrementDesiredCapacity=True)

    def state():
        return asg.describe_auto_scaling_instances(InstanceIds=[web])["AutoScalingInstances"][0]["LifecycleState"]

    states = [state()]
    box.clock.advance(20)
    states.append(state())
    asg.exit_standby(**ask)
    states.append(state())
    box.clock.advance(20)
    states.append(state())
    assert states == ["EnteringStandby", "Standby", "Pending", "InService"]
    asg.resume_processes(AutoScalingGroupName="web")
    tags = ec2.describe_instances(InstanceIds=[web])["Reservations"][0]["Instances"][0]["Tags"]
    assert {"Key": "aws:autoscaling:groupName", "Value": "web"} in tags


def test_the_rest_is_motos(client):
    """SB-API-05: Who am I, a message, an object, an image, an instance type.

    Source SB-API-05: the sandbox's own.
    """
    assert client("sts").get_caller_identity()["Account"] == "123456789012"
    sns = client("sns")
    topic = sns.create_topic(Name="t")["TopicArn"]
    assert sns.publish(TopicArn=topic, Message="m")["MessageId"]
    s3 = client("s3", "us-east-1")
    s3.create_bucket(Bucket="bucket")
    s3.put_object(Bucket="bucket", Key="k", Body=b"x")
    assert s3.get_object(Bucket="bucket", Key="k")["Body"].read() == b"x"
    types = client().describe_instance_types(InstanceTypes=["m5.large"])["InstanceTypes"]
    assert types[0]["Hypervisor"] == "nitro"
    assert client().describe_images(Owners=["self"])["Images"] == []
