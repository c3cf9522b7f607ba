"""Auto Scaling: groups replace what is not running, unless they are told not to look."""

import pytest
from botocore.exceptions import ClientError


@pytest.fixture
def asg(client):
    return client("autoscaling")


@pytest.fixture
def web(box):
    return box.add_instance(name="web", asg="web")


@pytest.fixture
def members(asg):
    """members() -> {instance: lifecycle state}, of the group web."""

    def look():
        (group,) = asg.describe_auto_scaling_groups(AutoScalingGroupNames=["web"])["AutoScalingGroups"]
        return {m["InstanceId"]: m["LifecycleState"] for m in group["Instances"]}

    return look


def state_of(ec2, name):
    return ec2.describe_instances(InstanceIds=[name])["Reservations"][0]["Instances"][0]["State"]["Name"]


def to_standby(asg, box, web, fewer=True):
    asg.enter_standby(AutoScalingGroupName="web", InstanceIds=[web], ShouldDecrementDesiredCapacity=fewer)
    box.clock.advance(20)


def test_a_stopped_member_is_terminated_and_replaced(box, asg, ec2, web, members):
    """SB-ASG-02: a new instance of the group's own making, with other disks; the data of the old one are gone.

    Source SB-ASG-02: docs.aws.amazon.com/autoscaling/ec2/userguide/healthcheck.html; what that takes in time, and that
      no grace period spares it, are guesses, the bad way.
    """
    root = next(iter(box.machine(web).disks.values())).volume.id
    ec2.stop_instances(InstanceIds=[web])
    assert members() == {web: "InService"}
    box.clock.advance(600)
    (new,) = members()
    assert new != web
    assert (state_of(ec2, web), state_of(ec2, new)) == ("terminated", "running")
    assert root not in [v["VolumeId"] for v in ec2.describe_volumes()["Volumes"]]
    tags = ec2.describe_instances(InstanceIds=[new])["Reservations"][0]["Instances"][0]["Tags"]
    assert {"Key": "aws:autoscaling:groupName", "Value": "web"} in tags
    texts = [a["Description"] for a in asg.describe_scaling_activities(AutoScalingGroupName="web")["Activities"]]
    assert texts == [f"Launching a new EC2 instance: {new}", f"Terminating EC2 instance: {web}"]


@pytest.mark.parametrize("how", ["by hand", "terminated"])
def test_whoever_took_it_down_it_is_replaced(box, ec2, web, members, how):
    """SB-ASG-02: a person at the console, a termination.

    Source SB-ASG-02: docs.aws.amazon.com/autoscaling/ec2/userguide/healthcheck.html; what that takes in time, and that
      no grace period spares it, are guesses, the bad way.
    """
    if how == "by hand":
        box.stop_by_hand(web)
    else:
        ec2.terminate_instances(InstanceIds=[web])
    box.clock.advance(600)
    assert web not in members()
    assert list(members().values()) == ["InService"]


def test_a_member_in_standby_is_left_alone(box, asg, ec2, web, members):
    """SB-ASG-03: stopped for a day; back in service while stopped, it is replaced.

    Source SB-ASG-03: docs.aws.amazon.com/autoscaling/ec2/userguide/as-enter-exit-standby.html; botocore autoscaling
      EnterStandby.
    """
    to_standby(asg, box, web)
    ec2.stop_instances(InstanceIds=[web])
    box.clock.advance(86_400)
    assert members() == {web: "Standby"}
    asg.exit_standby(AutoScalingGroupName="web", InstanceIds=[web])
    box.clock.advance(600)
    assert web not in members()
    assert len(members()) == 1


def test_started_again_it_comes_back_unharmed(box, asg, ec2, web, members):
    """SB-ASG-03.

    Source SB-ASG-03: A member in Standby is not looked at; back in service it is. Without a decrement it is replaced
      meanwhile. docs.aws.amazon.com/autoscaling/ec2/userguide/as-enter-exit-standby.html; botocore autoscaling
      EnterStandby.
    """
    to_standby(asg, box, web)
    ec2.stop_instances(InstanceIds=[web])
    box.clock.advance(60)
    ec2.start_instances(InstanceIds=[web])
    box.clock.advance(60)
    asg.exit_standby(AutoScalingGroupName="web", InstanceIds=[web])
    box.clock.advance(3600)
    assert members() == {web: "InService"}


def test_without_a_decrement_a_new_member_comes(box, asg, web, members):
    """SB-ASG-03: ShouldDecrementDesiredCapacity false; when the old one is back, one too many goes, if sizes allow it.

    Source SB-ASG-03: docs.aws.amazon.com/autoscaling/ec2/userguide/as-enter-exit-standby.html; botocore autoscaling
      EnterStandby.
    """
    to_standby(asg, box, web, fewer=False)
    box.clock.advance(600)
    assert sorted(members().values()) == ["InService", "Standby"]


@pytest.mark.parametrize("process", ["HealthCheck", "ReplaceUnhealthy", "Terminate"])
def test_a_suspended_process_spares_the_member(box, asg, ec2, web, members, process):
    """SB-ASG-04: until it is resumed while the member is still down.

    Source SB-ASG-04:
      docs.aws.amazon.com/autoscaling/ec2/userguide/understand-how-suspending-processes-affects-other-processes.html.
    """
    asg.suspend_processes(AutoScalingGroupName="web", ScalingProcesses=[process])
    ec2.stop_instances(InstanceIds=[web])
    box.clock.advance(86_400)
    assert members() == {web: "InService"}
    asg.resume_processes(AutoScalingGroupName="web", ScalingProcesses=[process])
    box.clock.advance(600)
    assert web not in members()


def test_without_launch_it_goes_and_none_comes(box, asg, ec2, web, members):
    """SB-ASG-04: what was terminated is replaced at once when Launch is resumed.

    Source SB-ASG-04:
      docs.aws.amazon.com/autoscaling/ec2/userguide/understand-how-suspending-processes-affects-other-processes.html.
    """
    asg.suspend_processes(AutoScalingGroupName="web", ScalingProcesses=["Launch"])
    ec2.stop_instances(InstanceIds=[web])
    box.clock.advance(3600)
    assert members() == {}
    asg.resume_processes(AutoScalingGroupName="web")
    box.clock.advance(600)
    assert len(members()) == 1


def test_a_member_reported_unhealthy_has_its_grace(box, asg, web, members):
    """SB-ASG-02: SetInstanceHealth on a new member waits for HealthCheckGracePeriod, unless told otherwise.

    Source SB-ASG-02: docs.aws.amazon.com/autoscaling/ec2/userguide/healthcheck.html; what that takes in time, and that
      no grace period spares it, are guesses, the bad way.
    """
    asg.set_instance_health(InstanceId=web, HealthStatus="Unhealthy")
    box.clock.advance(100)
    (new,) = [m for m, state in members().items() if state == "InService"]
    assert new != web
    asg.set_instance_health(InstanceId=new, HealthStatus="Unhealthy")
    box.clock.advance(120)
    assert members()[new] == "InService"
    box.clock.advance(600)
    (newest,) = members()
    asg.set_instance_health(InstanceId=newest, HealthStatus="Unhealthy", ShouldRespectGracePeriod=False)
    box.clock.advance(70)
    assert members().get(newest) != "InService"


def test_the_desired_capacity_stays_within_the_sizes(box, asg, web, refused):
    """SB-ASG-05: EnterStandby below the least, ExitStandby above the most; the sizes stand in the text.

    Source SB-ASG-05: botocore autoscaling EnterStandby; recorded reply of EnterStandby: has min-size=…; the others by
      its pattern (guess).
    """
    name = {"AutoScalingGroupName": "web"}
    asg.update_auto_scaling_group(**name, MinSize=1)
    ask = {**name, "InstanceIds": [web]}
    assert refused(asg.enter_standby, **ask, ShouldDecrementDesiredCapacity=True) == ("ValidationError", 400)
    with pytest.raises(ClientError, match=r"has min-size=1, max-size=2, and desired-size=1\. To place into standby 1 "):
        asg.enter_standby(**ask, ShouldDecrementDesiredCapacity=True)
    end = {"InstanceId": web, "ShouldDecrementDesiredCapacity": True}
    assert refused(asg.terminate_instance_in_auto_scaling_group, **end)[0] == "ValidationError"
    asg.update_auto_scaling_group(**name, MinSize=0)
    to_standby(asg, box, web)
    asg.update_auto_scaling_group(**name, MaxSize=0)
    assert refused(asg.exit_standby, **ask)[0] == "ValidationError"
    assert refused(asg.delete_auto_scaling_group, **name) == ("ResourceInUse", 400)


def test_what_is_not_there_is_refused(box, asg, web, refused):
    """SB-ASG-01: no such group, no member, a member in another state, no such process.

    Source SB-ASG-01: botocore autoscaling; recorded reply: The instance … is not part of Auto Scaling group …; other
      texts are guesses.
    """
    fewer = {"ShouldDecrementDesiredCapacity": True}
    other = box.add_instance(name="other")
    for group, instance in (("no", web), ("web", other)):
        found = refused(asg.enter_standby, AutoScalingGroupName=group, InstanceIds=[instance], **fewer)
        assert found == ("ValidationError", 400)
    assert refused(asg.exit_standby, AutoScalingGroupName="web", InstanceIds=[web])[0] == "ValidationError"
    assert refused(asg.set_instance_health, InstanceId=other, HealthStatus="Unhealthy")[0] == "ValidationError"
    found = refused(asg.suspend_processes, AutoScalingGroupName="web", ScalingProcesses=["No"])
    assert found[0] == "ValidationError"


def test_a_group_makes_its_members_in_time(box, asg, ec2):
    """SB-ASG-02: CreateAutoScalingGroup and SetDesiredCapacity; instances are there like any other.

    Source SB-ASG-02: docs.aws.amazon.com/autoscaling/ec2/userguide/healthcheck.html; what that takes in time, and that
      no grace period spares it, are guesses, the bad way.
    """
    image = "ami-12c6146b"
    asg.create_launch_configuration(LaunchConfigurationName="c", ImageId=image, InstanceType="t3.micro")
    asg.create_auto_scaling_group(
        AutoScalingGroupName="new",
        LaunchConfigurationName="c",
        MinSize=0,
        MaxSize=3,
        DesiredCapacity=2,
        AvailabilityZones=["eu-central-1a"],
    )
    box.clock.advance(300)

    def running():
        found = ec2.describe_instances(Filters=[{"Name": "instance-state-name", "Values": ["running"]}])
        return [i["InstanceType"] for r in found["Reservations"] for i in r["Instances"]]

    assert running() == ["t3.micro", "t3.micro"]
    asg.set_desired_capacity(AutoScalingGroupName="new", DesiredCapacity=1)
    box.clock.advance(300)
    assert running() == ["t3.micro"]
    asg.delete_auto_scaling_group(AutoScalingGroupName="new", ForceDelete=True)
    box.clock.advance(300)
    assert running() == []


def test_what_a_group_does_is_in_the_event_history(box, client, ec2, web):
    """SB-CT-01: invoked by Auto Scaling.

    Source SB-CT-01: docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html,
      how-cloudtrail-works.html; the spelling of EC2's parameters follows the page's examples, the rest by the same
      pattern (guess).
    """
    ec2.stop_instances(InstanceIds=[web])
    box.clock.advance(2000)
    ask = [{"AttributeKey": "Username", "AttributeValue": "autoscaling"}]
    events = client("cloudtrail").lookup_events(LookupAttributes=ask)["Events"]
    assert [e["EventName"] for e in events] == ["RunInstances", "TerminateInstances"]
