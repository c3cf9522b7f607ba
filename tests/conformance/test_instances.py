"""Instances: power states in time, and what keeps them from changing."""

import pytest

from sealift.sandbox import ApiError, Fault, VolumeSpec


@pytest.fixture
def web(box):
    disks = [VolumeSpec(), VolumeSpec(device="/dev/sdf", size_gib=20, delete_on_termination=False)]
    return box.add_instance(volumes=disks)


@pytest.fixture
def shown(ec2):
    return lambda instance: ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]


def test_stopping_takes_time_and_says_who_asked(box, ec2, web, shown):
    """SB-INS-02: StateReason and StateTransitionReason are the user's.

    Source SB-INS-02: docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-lifecycle.html.
    """
    reply = ec2.stop_instances(InstanceIds=[web])["StoppingInstances"][0]
    assert (reply["PreviousState"]["Name"], reply["CurrentState"]["Name"]) == ("running", "stopping")
    assert shown(web)["State"] == {"Code": 64, "Name": "stopping"}
    box.clock.advance(box.world.durations.stop_s)
    now = shown(web)
    assert now["State"] == {"Code": 80, "Name": "stopped"}
    assert now["StateReason"]["Code"] == "Client.UserInitiatedShutdown"
    assert now["StateTransitionReason"] == "User initiated (2027-01-15 08:00:00 GMT)"
    assert "PublicIpAddress" not in now


def test_starting_takes_time_and_checks_pass_later(box, ec2, web, shown):
    """SB-INS-20: LaunchTime is the time of the start; status checks are `initializing` before they are `ok`.

    Source SB-INS-20: docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-lifecycle.html;
      docs.aws.amazon.com/AWSEC2/latest/UserGuide/monitoring-system-instance-status-check.html.
    """
    ec2.stop_instances(InstanceIds=[web])
    box.clock.advance(100)
    ec2.start_instances(InstanceIds=[web])
    assert shown(web)["State"]["Name"] == "pending"
    box.clock.advance(box.world.durations.start_s)
    assert shown(web)["State"]["Name"] == "running"
    assert shown(web)["LaunchTime"].timestamp() == 1_800_000_100

    def check():
        return ec2.describe_instance_status(InstanceIds=[web])["InstanceStatuses"][0]["InstanceStatus"]["Status"]

    assert check() == "initializing"
    box.clock.advance(box.world.durations.status_checks_s)
    assert check() == "ok"


def test_status_of_stopped_instances_is_asked_for(box, ec2, web):
    """SB-INS-21: IncludeAllInstances.

    Source SB-INS-21: botocore ec2 DescribeInstanceStatus.
    """
    stopped = box.add_instance(name="b", state="stopped")
    assert [s["InstanceId"] for s in ec2.describe_instance_status()["InstanceStatuses"]] == [web]
    both = ec2.describe_instance_status(IncludeAllInstances=True)["InstanceStatuses"]
    assert {s["InstanceId"] for s in both} == {web, stopped}


def test_already_there_is_no_error_but_on_the_way_is(box, ec2, web, refused):
    """SB-INS-02.

    Source SB-INS-02: Start and stop are no-ops where already there, and refused on the way or terminated.
      docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-lifecycle.html.
    """
    ec2.start_instances(InstanceIds=[web])
    ec2.stop_instances(InstanceIds=[web])
    ec2.stop_instances(InstanceIds=[web])
    assert refused(ec2.start_instances, InstanceIds=[web]) == ("IncorrectInstanceState", 400)
    box.clock.advance(60)
    ec2.stop_instances(InstanceIds=[web])
    ec2.terminate_instances(InstanceIds=[web])
    box.clock.advance(60)
    assert refused(ec2.start_instances, InstanceIds=[web])[0] == "IncorrectInstanceState"
    assert refused(ec2.stop_instances, InstanceIds=[web])[0] == "IncorrectInstanceState"


def test_without_its_root_an_instance_does_not_start(box, ec2, web, refused):
    """SB-INS-01: the fence. It holds from the detach on.

    Source SB-INS-01: docs.aws.amazon.com/vm-import troubleshooting has the message; the code InvalidParameterValue is a
      guess.
    """
    ec2.stop_instances(InstanceIds=[web])
    box.clock.advance(60)
    root = next(d for d in ec2.describe_volumes()["Volumes"] if d["Attachments"][0]["Device"] == "/dev/xvda")
    ec2.detach_volume(VolumeId=root["VolumeId"], InstanceId=web)
    assert refused(ec2.start_instances, InstanceIds=[web]) == ("InvalidParameterValue", 400)
    box.clock.advance(60)
    with pytest.raises(ApiError, match="does not have a volume attached at root"):
        box.start_by_hand(web)


@pytest.mark.parametrize("spoil", ["disable_key", "schedule_key_deletion"])
def test_with_an_unusable_key_a_start_falls_back_to_stopped(box, ec2, shown, spoil):
    """R-EBS-55: accepted, pending, stopped, Client.InternalError; nothing was written.

    Source R-EBS-55: repost.aws/knowledge-center/kms-iam-ec2-permission.
    """
    key = box.add_key()
    app = box.add_instance(volumes=[VolumeSpec(kms_key=key)], state="stopped")
    getattr(box, spoil)(key)
    assert ec2.start_instances(InstanceIds=[app])["StartingInstances"][0]["CurrentState"]["Name"] == "pending"
    box.clock.advance(60)
    assert shown(app)["State"]["Name"] == "stopped"
    assert shown(app)["StateReason"]["Code"] == "Client.InternalError"
    assert box.losses() == []


def test_a_key_disabled_under_a_running_instance_changes_nothing(box, ec2, shown):
    """SB-INS-22: The data key is in the hypervisor's memory while the volume is attached.

    Source SB-INS-22: docs.aws.amazon.com/kms/latest/developerguide/unusable-kms-keys.html.
    """
    key = box.add_key()
    app = box.add_instance(volumes=[VolumeSpec(kms_key=key)])
    box.disable_key(key)
    box.clock.advance(1000)
    assert shown(app)["State"]["Name"] == "running"


def test_protection_keeps_from_stopping_and_terminating(box, ec2, web, refused):
    """R-EBS-32.

    Source R-EBS-32: disableApiStop refuses StopInstances, disableApiTermination refuses TerminateInstances. botocore
      ec2 ModifyInstanceAttribute.
    """
    ec2.modify_instance_attribute(InstanceId=web, DisableApiStop={"Value": True})
    ec2.modify_instance_attribute(InstanceId=web, DisableApiTermination={"Value": True})
    asked = ec2.describe_instance_attribute(InstanceId=web, Attribute="disableApiStop")
    assert asked["DisableApiStop"]["Value"] is True
    assert refused(ec2.stop_instances, InstanceIds=[web]) == ("OperationNotPermitted", 400)
    assert refused(ec2.terminate_instances, InstanceIds=[web])[0] == "OperationNotPermitted"
    ec2.modify_instance_attribute(InstanceId=web, DisableApiStop={"Value": False})
    ec2.stop_instances(InstanceIds=[web])


def test_attributes_are_read_one_by_one(ec2, web):
    """SB-INS-23: What a planner asks before it stops something.

    Source SB-INS-23: botocore ec2 DescribeInstanceAttribute, ModifyInstanceAttribute.
    """

    def ask(attribute):
        return ec2.describe_instance_attribute(InstanceId=web, Attribute=attribute)

    behaviour = ask("instanceInitiatedShutdownBehavior")["InstanceInitiatedShutdownBehavior"]
    assert behaviour["Value"] == "stop"
    assert ask("rootDeviceName")["RootDeviceName"]["Value"] == "/dev/xvda"
    assert len(ask("blockDeviceMapping")["BlockDeviceMappings"]) == 2
    assert ask("instanceType")["InstanceType"]["Value"] == "m5.large"


def test_terminating_obeys_the_flags(box, ec2, web, shown):
    """SB-INS-24: The root goes with the instance, the data volume stays.

    Source SB-INS-24: docs.aws.amazon.com/AWSEC2/latest/UserGuide/preserving-volumes-on-termination.html.
    """
    ec2.terminate_instances(InstanceIds=[web])
    box.clock.advance(60)
    assert shown(web)["State"]["Name"] == "terminated"
    (left,) = ec2.describe_volumes()["Volumes"]
    assert (left["Size"], left["State"]) == (20, "available")


def test_capacity_may_be_short(box, ec2, refused):
    """SB-INS-25: A fault: InsufficientInstanceCapacity comes with status 500, once or as often as asked.

    Source SB-INS-25: docs.aws.amazon.com/AWSEC2/latest/UserGuide/troubleshooting-launch.html; recorded reply.
    """
    app = box.add_instance(state="stopped")
    box.faults.add(Fault(operation="ec2:StartInstances", code="InsufficientInstanceCapacity", times=2))
    for _ in range(2):
        assert refused(ec2.start_instances, InstanceIds=[app]) == ("InsufficientInstanceCapacity", 500)
    ec2.start_instances(InstanceIds=[app])


def test_a_public_address_of_its_own_is_lost_with_the_stop(box, ec2, web, shown):
    """R-EBS-31: automatic ones change, an Elastic IP stays.

    Source R-EBS-31: docs.aws.amazon.com/AWSEC2/latest/UserGuide/Stop_Start.html.
    """
    fixed = box.add_instance(name="fixed")
    address = ec2.allocate_address(Domain="vpc")
    ec2.associate_address(InstanceId=fixed, AllocationId=address["AllocationId"])
    before = shown(web)["PublicIpAddress"]
    owners = [shown(i)["NetworkInterfaces"][0]["Association"]["IpOwnerId"] for i in (web, fixed)]
    assert owners == ["amazon", "123456789012"]
    ec2.stop_instances(InstanceIds=[web, fixed])
    box.clock.advance(60)
    assert "PublicIpAddress" not in shown(web)
    ec2.start_instances(InstanceIds=[web, fixed])
    box.clock.advance(60)
    assert shown(web)["PublicIpAddress"] != before
    assert shown(fixed)["PublicIpAddress"] == address["PublicIp"]


def test_somebody_else_starts_and_stops_it(box, ec2, web, shown):
    """SB-INS-26: By hand: no call of the client's, yet the LaunchTime tells.

    Source SB-INS-26: botocore ec2 Instance.LaunchTime.
    """
    before = shown(web)["LaunchTime"]
    box.stop_by_hand(web)
    box.clock.advance(60)
    box.start_by_hand(web)
    box.clock.advance(60)
    assert shown(web)["LaunchTime"] > before
    assert [e.operation for e in box.log if e.operation.startswith("hand")] == [
        "hand:StopInstances",
        "hand:StartInstances",
    ]


def test_one_bad_id_stops_the_whole_call(ec2, web, refused, shown):
    """SB-INS-27: All or nothing.

    Source SB-INS-27: botocore ec2 StartInstances, StopInstances; recorded replies.
    """
    assert refused(ec2.stop_instances, InstanceIds=[web, "i-00000000000000000"])[0] == "InvalidInstanceID.NotFound"
    assert shown(web)["State"]["Name"] == "running"


def test_run_instances_with_the_same_token_runs_one(ec2, refused):
    """SB-TOK-01.

    Source SB-TOK-01: A ClientToken returns what it made; with other parameters, or once its volume is deleted, it is
      refused. docs.aws.amazon.com/AWSEC2/latest/devguide/ec2-api-idempotency.html; recorded reply for a deleted volume:
      IdempotentParameterMismatch (crossplane-contrib/provider-aws#1858).
    """
    ask = {"ImageId": "ami-12c6146b", "MinCount": 1, "MaxCount": 1, "InstanceType": "m5.large", "ClientToken": "t"}
    first, again = (ec2.run_instances(**ask)["Instances"][0]["InstanceId"] for _ in range(2))
    assert first == again
    assert refused(ec2.run_instances, **{**ask, "InstanceType": "m5.xlarge"})[0] == "IdempotentParameterMismatch"


def test_run_instances_makes_the_disks_asked_for(box, ec2):
    """SB-INS-28: Types, IOPS, encryption and tags of a mapping are all kept.

    Source SB-INS-28: botocore ec2 BlockDeviceMapping.
    """
    key = box.add_key()
    mapping = {"VolumeSize": 50, "VolumeType": "io2", "Iops": 3000, "Encrypted": True, "KmsKeyId": "alias/app"}
    made = ec2.run_instances(
        ImageId="ami-12c6146b",
        MinCount=1,
        MaxCount=1,
        InstanceType="m5.large",
        BlockDeviceMappings=[{"DeviceName": "/dev/sdf", "Ebs": mapping}],
        TagSpecifications=[{"ResourceType": "volume", "Tags": [{"Key": "a", "Value": "b"}]}],
    )["Instances"][0]
    assert made["State"]["Name"] == "pending"
    box.clock.advance(30)
    volumes = {v["Attachments"][0]["Device"]: v for v in ec2.describe_volumes()["Volumes"]}
    assert set(volumes) == {"/dev/xvda", "/dev/sdf"}
    data = volumes["/dev/sdf"]
    assert (data["Iops"], data["KmsKeyId"], data["Tags"]) == (3000, key, [{"Key": "a", "Value": "b"}])
    box.clock.advance(30)
    assert box.contents(data["VolumeId"])
