"""Systems Manager: nodes, commands, and robots that start what others have stopped."""

import pytest


@pytest.fixture
def ssm(client):
    return client("ssm")


def state_of(ec2, name):
    return ec2.describe_instances(InstanceIds=[name])["Reservations"][0]["Instances"][0]["State"]["Name"]


SHELL = {"DocumentName": "AWS-RunShellScript", "Parameters": {"commands": ["sync"]}}


def test_nodes_are_what_runs_and_answers(box, ssm, refused):
    """SB-SSM-01.

    Source SB-SSM-01: A node is listed while its instance runs and its agent answers; an unknown filter is
      InvalidFilterKey. botocore ssm DescribeInstanceInformation.
    """
    web, mute = box.add_instance(), box.add_instance(name="mute")
    box.add_instance(name="off", state="stopped")
    box.show_as(f"{mute}/ssm", Managed=False)
    (node,) = ssm.describe_instance_information()["InstanceInformationList"]
    assert (node["InstanceId"], node["PingStatus"]) == (web, "Online")
    ids = [{"Key": "InstanceIds", "Values": [mute]}]
    assert ssm.describe_instance_information(Filters=ids)["InstanceInformationList"] == []
    wrong = [{"Key": "Colour", "Values": ["red"]}]
    assert refused(ssm.describe_instance_information, Filters=wrong) == ("InvalidFilterKey", 400)


def test_a_command_takes_its_time(box, ssm, refused):
    """SB-SSM-02: unknown for a moment, then in progress, then done.

    Source SB-SSM-02: botocore ssm SendCommand, GetCommandInvocation; recorded reply: not in a valid state for account
      ….
    """
    web = box.add_instance()
    made = ssm.send_command(InstanceIds=[web], **SHELL)["Command"]
    ask = {"CommandId": made["CommandId"], "InstanceId": web}
    assert refused(ssm.get_command_invocation, **ask) == ("InvocationDoesNotExist", 400)
    box.clock.advance(2)
    assert ssm.get_command_invocation(**ask)["Status"] == "InProgress"
    box.clock.advance(5)
    found = ssm.get_command_invocation(**ask)
    assert (found["Status"], found["ResponseCode"]) == ("Success", 0)
    (listed,) = ssm.list_command_invocations(CommandId=made["CommandId"])["CommandInvocations"]
    assert (listed["InstanceId"], listed["Status"]) == (web, "Success")
    assert ssm.list_commands(CommandId=made["CommandId"])["Commands"][0]["Status"] == "Success"


def test_a_command_can_fail_and_be_lost(box, ssm):
    """SB-SSM-02: by what the script says; by a node that goes away.

    Source SB-SSM-02: botocore ssm SendCommand, GetCommandInvocation; recorded reply: not in a valid state for account
      ….
    """
    web, gone = box.add_instance(), box.add_instance(name="gone")
    box.show_as(f"{web}/ssm", ResponseCode=3, StandardErrorContent="no")
    made = ssm.send_command(InstanceIds=[web, gone], TimeoutSeconds=60, **SHELL)["Command"]["CommandId"]
    box.world.overlays[f"{gone}/ssm"] = {"Managed": False}
    box.clock.advance(10)
    found = ssm.get_command_invocation(CommandId=made, InstanceId=web)
    assert (found["Status"], found["ResponseCode"], found["StandardErrorContent"]) == ("Failed", 3, "no")
    assert ssm.get_command_invocation(CommandId=made, InstanceId=gone)["Status"] == "InProgress"
    box.clock.advance(60)
    assert ssm.get_command_invocation(CommandId=made, InstanceId=gone)["Status"] == "TimedOut"


def test_a_command_goes_to_no_stopped_node(box, ssm, refused):
    """SB-SSM-02: nor with a document that is not there.

    Source SB-SSM-02: botocore ssm SendCommand, GetCommandInvocation; recorded reply: not in a valid state for account
      ….
    """
    off = box.add_instance(state="stopped")
    assert refused(ssm.send_command, InstanceIds=[off], **SHELL) == ("InvalidInstanceId", 400)
    assert refused(ssm.send_command, InstanceIds=[off], DocumentName="No-Such")[0] == "InvalidDocument"


def run(ssm, document, *instances):
    made = ssm.start_automation_execution(DocumentName=document, Parameters={"InstanceId": list(instances)})
    return made["AutomationExecutionId"]


def shown(ssm, made):
    return ssm.get_automation_execution(AutomationExecutionId=made)["AutomationExecution"]


@pytest.mark.parametrize(
    ("document", "before", "after"),
    [
        ("AWS-StartEC2Instance", "stopped", "running"),
        ("AWS-StopEC2Instance", "running", "stopped"),
        ("AWS-RestartEC2Instance", "running", "running"),
    ],
)
def test_an_automation_really_acts(box, ssm, ec2, client, document, before, after):
    """SB-SSM-03: a robot that starts a stopped instance; who did it is in the event history.

    Source SB-SSM-03: botocore ssm StartAutomationExecution; the texts, and an hour until it gives up, are guesses.
    """
    web = box.add_instance(state=before)
    made = run(ssm, document, web)
    assert shown(ssm, made)["AutomationExecutionStatus"] == "Pending"
    box.clock.advance(5)
    assert shown(ssm, made)["AutomationExecutionStatus"] == "InProgress"
    box.clock.advance(300)
    found = shown(ssm, made)
    assert found["AutomationExecutionStatus"] == "Success"
    assert {s["StepStatus"] for s in found["StepExecutions"]} == {"Success"}
    assert state_of(ec2, web) == after
    box.clock.advance(900)
    ask = [{"AttributeKey": "Username", "AttributeValue": "ssm"}]
    assert client("cloudtrail").lookup_events(LookupAttributes=ask)["Events"] != []


def test_a_refused_step_fails_the_automation(box, ssm, ec2):
    """SB-SSM-03: a protected instance; the reason stands in the execution.

    Source SB-SSM-03: botocore ssm StartAutomationExecution; the texts, and an hour until it gives up, are guesses.
    """
    web = box.add_instance()
    ec2.modify_instance_attribute(InstanceId=web, DisableApiStop={"Value": True})
    made = run(ssm, "AWS-StopEC2Instance", web)
    box.clock.advance(60)
    found = shown(ssm, made)
    assert found["AutomationExecutionStatus"] == "Failed"
    assert "disableApiStop" in found["FailureMessage"]


def test_what_cannot_be_run_is_refused(box, ssm, refused):
    """SB-SSM-03: an unknown runbook, no instance.

    Source SB-SSM-03: botocore ssm StartAutomationExecution; the texts, and an hour until it gives up, are guesses.
    """
    start = ssm.start_automation_execution
    assert refused(start, DocumentName="No-Such")[0] == "AutomationDefinitionNotFoundException"
    found = refused(start, DocumentName="AWS-StopEC2Instance")
    assert found == ("InvalidAutomationExecutionParametersException", 400)


def test_an_automation_can_be_stopped_once(box, ssm, ec2, refused):
    """SB-SSM-04: before it has acted nothing happens; executions are listed by status.

    Source SB-SSM-04: botocore ssm StopAutomationExecution.
    """
    web = box.add_instance()
    made = run(ssm, "AWS-StopEC2Instance", web)
    ssm.stop_automation_execution(AutomationExecutionId=made)
    box.clock.advance(300)
    assert state_of(ec2, web) == "running"
    again = refused(ssm.stop_automation_execution, AutomationExecutionId=made)
    assert again[0] == "InvalidAutomationStatusUpdateException"
    unknown = "00000000-0000-0000-0000-000000000000"
    found = refused(ssm.get_automation_execution, AutomationExecutionId=unknown)
    assert found == ("AutomationExecutionNotFoundException", 400)

    def listed(status):
        key = [{"Key": "ExecutionStatus", "Values": [status]}]
        found = ssm.describe_automation_executions(Filters=key)["AutomationExecutionMetadataList"]
        return [m["AutomationExecutionId"] for m in found]

    assert (listed("Cancelled"), listed("Success")) == ([made], [])
