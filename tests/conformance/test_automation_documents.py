"""Systems Manager: Automation documents of one's own, and what they do step by step, as the role that they assume."""

import json

import pytest

ACCOUNT = "123456789012"
TRUSTED = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "ssm.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


@pytest.fixture
def ssm(client):
    return client("ssm")


def step(name, action, inputs=None, **more):
    return {"name": name, "action": f"aws:{action}", "inputs": inputs or {}, **more}


def sleep(name="rest", span="PT1M", **more):
    return step(name, "sleep", {"Duration": span}, **more)


def api(name, operation, outputs=(), maker="executeAwsApi", **inputs):
    more = {k: inputs.pop(k) for k in list(inputs) if k[0].islower()}
    left = [{"Name": n, "Selector": s, "Type": "String"} for n, s in outputs]
    extra = {"outputs": left} if left else {}
    return step(name, maker, {"Service": "ec2", "Api": operation, **inputs}, **extra, **more)


def document(*steps, **more):
    return json.dumps({"schemaVersion": "0.3", **more, "mainSteps": list(steps)})


@pytest.fixture
def run(ssm):
    """run(*steps) -> the id of an execution of these steps."""

    def start(*steps, name="doc-1", parameters=None, **more):
        ssm.create_document(Name=name, DocumentType="Automation", Content=document(*steps, **more))
        given = {"Parameters": parameters} if parameters else {}
        return ssm.start_automation_execution(DocumentName=name, **given)["AutomationExecutionId"]

    return start


def shown(ssm, made):
    return ssm.get_automation_execution(AutomationExecutionId=made)["AutomationExecution"]


def went(ssm, made):
    """The steps that were gone, each with how it ended."""
    return [(s["StepName"], s["StepStatus"]) for s in shown(ssm, made)["StepExecutions"]]


def test_a_document_is_kept_by_its_name(box, ssm, refused):
    """SB-SSM-05: a name is given once, lists go by its beginning, and what is not there cannot be deleted.

    Source SB-SSM-05: botocore ssm CreateDocument, DeleteDocument, ListDocuments; texts are guesses, and that the
      reserved beginnings are compared without regard to case.
    """
    make = {"DocumentType": "Automation", "Content": document(sleep())}
    made = ssm.create_document(Name="night-1", **make)["DocumentDescription"]
    assert (made["Status"], made["DocumentType"]) == ("Creating", "Automation")
    assert ssm.describe_document(Name="night-1")["Document"]["Status"] == "Active"
    assert refused(ssm.create_document, Name="night-1", **make)[0] == "DocumentAlreadyExists"
    ssm.create_document(Name="day-1", **make)

    def listed(name):
        found = ssm.list_documents(Filters=[{"Key": "Name", "Values": [name]}])["DocumentIdentifiers"]
        return [d["Name"] for d in found]

    assert (listed("night"), listed("nothing")) == (["night-1"], [])
    ssm.delete_document(Name="night-1")
    assert listed("night") == []
    assert refused(ssm.delete_document, Name="night-1")[0] == "InvalidDocument"


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("aws-mine", document(sleep()), "ValidationException"),
        ("Amazon-mine", document(sleep()), "ValidationException"),
        ("doc", document(sleep(), description="x" * 65_536), "MaxDocumentSizeExceeded"),
        ("doc", "no json", "InvalidDocumentContent"),
        ("doc", json.dumps({"schemaVersion": "2.2", "mainSteps": [sleep()]}), "InvalidDocumentSchemaVersion"),
        ("doc", document(sleep("one"), sleep("one")), "InvalidDocumentContent"),
        ("doc", document(sleep(nextStep="nowhere")), "InvalidDocumentContent"),
        ("doc", document(sleep(onFailure="Sometimes")), "InvalidDocumentContent"),
        ("doc", document(step("script", "executeScript")), "InvalidDocumentContent"),
        ("doc", document(sleep(span="PT604800S")), "InvalidDocumentContent"),
        ("doc", document(sleep(span="soon")), "InvalidDocumentContent"),
    ],
)
def test_what_is_no_document_is_refused(ssm, refused, name, content, code):
    """SB-SSM-05, SB-SSM-06, SB-SSM-07: names, size, schema, steps, delays.

    Source SB-SSM-05: botocore ssm CreateDocument, DeleteDocument, ListDocuments; texts are guesses, and that the
      reserved beginnings are compared without regard to case.
    Source SB-SSM-06: docs.aws.amazon.com/systems-manager/latest/userguide/automation-actions.html,
      automation-action-branch.html, automation-handling-timeouts.html, adaptive-concurrency.html; that more wait, the
      time between steps and tries, and that an unknown action is refused with the document, are guesses.
    Source SB-SSM-07: docs.aws.amazon.com/systems-manager/latest/userguide/automation-action-sleep.html.
    """
    assert refused(ssm.create_document, Name=name, DocumentType="Automation", Content=content)[0] == code


def test_steps_are_gone_in_their_order_or_where_they_say(box, ssm, run):
    """SB-SSM-06, SB-SSM-07: one after the other, on with nextStep, to the end or to isEnd.

    Source SB-SSM-06: docs.aws.amazon.com/systems-manager/latest/userguide/automation-actions.html,
      automation-action-branch.html, automation-handling-timeouts.html, adaptive-concurrency.html; that more wait, the
      time between steps and tries, and that an unknown action is refused with the document, are guesses.
    Source SB-SSM-07: docs.aws.amazon.com/systems-manager/latest/userguide/automation-action-sleep.html.
    """
    made = run(sleep("one", nextStep="three"), sleep("two"), sleep("three", isEnd=True), sleep("four"))
    box.clock.advance(30)
    assert (shown(ssm, made)["AutomationExecutionStatus"], went(ssm, made)) == ("InProgress", [("one", "InProgress")])
    box.clock.advance(120)
    assert went(ssm, made) == [("one", "Success"), ("three", "Success")]
    assert shown(ssm, made)["AutomationExecutionStatus"] == "Success"


def test_a_moment_that_has_passed_is_not_waited_for(box, ssm):
    """SB-SSM-07: a Timestamp, here a parameter of the document.

    Source SB-SSM-07: docs.aws.amazon.com/systems-manager/latest/userguide/automation-action-sleep.html.
    """
    steps = [step("rest", "sleep", {"Timestamp": "{{ Until }}"})]
    ssm.create_document(
        Name="doc-2", DocumentType="Automation", Content=document(*steps, parameters={"Until": {"type": "String"}})
    )
    made = ssm.start_automation_execution(DocumentName="doc-2", Parameters={"Until": ["2020-01-01T01:00:00Z"]})
    box.clock.advance(10)
    assert went(ssm, made["AutomationExecutionId"]) == [("rest", "Success")]


def test_parameters_are_those_that_are_declared(ssm, refused):
    """SB-SSM-03: one without a default must be given, and no other may be.

    Source SB-SSM-03: botocore ssm StartAutomationExecution; the texts, and an hour until it gives up, are guesses.
    """
    content = document(sleep(), parameters={"Until": {"type": "String"}})
    ssm.create_document(Name="doc-1", DocumentType="Automation", Content=content)
    start = ssm.start_automation_execution
    wrong = "InvalidAutomationExecutionParametersException"
    assert refused(start, DocumentName="doc-1")[0] == wrong
    assert refused(start, DocumentName="doc-1", Parameters={"Until": ["x"], "Other": ["y"]})[0] == wrong


LOOK = {"Filters": [{"Name": "tag:state", "Values": ["open"]}]}


@pytest.mark.parametrize(("state", "last"), [("open", "acts"), ("shut", "leaves")])
def test_a_branch_goes_by_what_an_earlier_step_has_read(box, ssm, run, state, last):
    """SB-SSM-06, SB-SSM-08: a call's answer, a choice, a default; a selector that finds nothing fails its step.

    Source SB-SSM-06: docs.aws.amazon.com/systems-manager/latest/userguide/automation-actions.html,
      automation-action-branch.html, automation-handling-timeouts.html, adaptive-concurrency.html; that more wait, the
      time between steps and tries, and that an unknown action is refused with the document, are guesses.
    Source SB-SSM-08: docs.aws.amazon.com/systems-manager/latest/userguide/automation-action-executeAwsApi.html,
      automation-action-waitForAwsResourceProperty.html; that a selector which finds nothing fails its step is a guess.
    """
    box.add_instance(tags={"state": state})
    selector = "$.Reservations[0].Instances[0].State.Name"
    made = run(
        api("look", "DescribeInstances", [("State", selector)], **LOOK, onFailure="step:leaves", isCritical=False),
        step("runs", "branch", {"Choices": [{"Variable": "{{ look.State }}", "StringEquals": "running", "NextStep": "acts"}],
                                "Default": "leaves"}),
        sleep("acts", isEnd=True),
        sleep("leaves"),
    )  # fmt: skip
    box.clock.advance(300)
    assert went(ssm, made)[-1] == (last, "Success")
    assert shown(ssm, made)["AutomationExecutionStatus"] == "Success"


@pytest.mark.parametrize(
    ("reading", "ways"),
    [
        ("fails", [("look", "Failed"), ("failed", "Success")]),
        ("empty", [("look", "Success"), ("runs", "Success"), ("other", "Success")]),
        ("no value", [("look", "Success"), ("runs", "Failed"), ("unread", "Success")]),
    ],
)
def test_what_a_selector_that_finds_nothing_does_is_an_option(box, ssm, run, reading, ways):
    """SB-SSM-08: fail its step, leave an empty text that compares with nothing, or leave no value, which fails its reader.

    Source SB-SSM-08: docs.aws.amazon.com/systems-manager/latest/userguide/automation-action-executeAwsApi.html,
      automation-action-waitForAwsResourceProperty.html; that a selector which finds nothing fails its step is a guess.
    """
    box.reads_nothing_as(reading)
    selector = "$.Reservations[0].Instances[0].State.Name"
    choices = [{"Variable": "{{ look.State }}", "StringEquals": "running", "NextStep": "unread"}]
    made = run(
        api("look", "DescribeInstances", [("State", selector)], **LOOK, onFailure="step:failed", isCritical=False),
        step("runs", "branch", {"Choices": choices, "Default": "other"}, onFailure="step:unread", isCritical=False),
        sleep("other", isEnd=True),
        sleep("failed", isEnd=True),
        sleep("unread", isEnd=True),
    )
    box.clock.advance(300)
    assert (went(ssm, made), shown(ssm, made)["AutomationExecutionStatus"]) == (ways, "Success")


def test_an_automation_moves_a_disk(box, ssm, ec2, run):
    """SB-SSM-08: calls in a row, each waited for.

    Source SB-SSM-08: docs.aws.amazon.com/systems-manager/latest/userguide/automation-action-executeAwsApi.html,
      automation-action-waitForAwsResourceProperty.html; that a selector which finds nothing fails its step is a guess.
    """
    web = box.add_instance(state="stopped")
    (disk,) = ec2.describe_volumes(Filters=[{"Name": "attachment.instance-id", "Values": [web]}])["Volumes"]
    about = {"VolumeIds": [disk["VolumeId"]], "PropertySelector": "$.Volumes[0].State"}
    made = run(
        api("take", "DetachVolume", VolumeId=disk["VolumeId"], InstanceId=web),
        api("free", "DescribeVolumes", maker="waitForAwsResourceProperty", **about, DesiredValues=["available"]),
        api("give", "AttachVolume", VolumeId=disk["VolumeId"], InstanceId=web, Device="/dev/xvda"),
        api("held", "DescribeVolumes", maker="waitForAwsResourceProperty", **about, DesiredValues=["in-use"]),
        api("start", "StartInstances", InstanceIds=[web]),
    )
    box.clock.advance(600)
    assert shown(ssm, made)["AutomationExecutionStatus"] == "Success"
    found = ec2.describe_instances(InstanceIds=[web])["Reservations"][0]["Instances"][0]
    assert (found["State"]["Name"], len(found["BlockDeviceMappings"])) == ("running", 1)


def test_a_wait_times_out(box, ssm, run):
    """SB-SSM-08: after timeoutSeconds, and the step goes on as for any failure.

    Source SB-SSM-08: docs.aws.amazon.com/systems-manager/latest/userguide/automation-action-executeAwsApi.html,
      automation-action-waitForAwsResourceProperty.html; that a selector which finds nothing fails its step is a guess.
    """
    web = box.add_instance()
    about = {
        "InstanceIds": [web],
        "PropertySelector": "$.Reservations[0].Instances[0].State.Name",
        "DesiredValues": ["stopped"],
    }
    wait = {"maker": "waitForAwsResourceProperty", "timeoutSeconds": 60}
    made = run(api("down", "DescribeInstances", **wait, **about))
    box.clock.advance(300)
    assert (shown(ssm, made)["AutomationExecutionStatus"], went(ssm, made)) == ("TimedOut", [("down", "TimedOut")])


@pytest.mark.parametrize(
    ("more", "status", "steps"),
    [
        ({}, "Failed", ["look"]),
        ({"onFailure": "Continue"}, "Failed", ["look", "rest"]),
        ({"onFailure": "step:rest", "isCritical": False}, "Success", ["look", "rest"]),
    ],
)
def test_a_step_that_fails_does_what_it_says(box, ssm, run, more, status, steps):
    """SB-SSM-06: abort, continue or another step; a critical one makes the whole fail.

    Source SB-SSM-06: docs.aws.amazon.com/systems-manager/latest/userguide/automation-actions.html,
      automation-action-branch.html, automation-handling-timeouts.html, adaptive-concurrency.html; that more wait, the
      time between steps and tries, and that an unknown action is refused with the document, are guesses.
    """
    made = run(api("look", "StopInstances", InstanceIds=["i-0123456789abcdef0"], **more), sleep())
    box.clock.advance(300)
    assert shown(ssm, made)["AutomationExecutionStatus"] == status
    assert [name for name, _ in went(ssm, made)] == steps


def test_an_execution_that_is_cancelled_does_nothing_more(box, ssm, ec2, run):
    """SB-SSM-04: cancelled in its sleep; the status passes through Cancelling.

    Source SB-SSM-04: botocore ssm StopAutomationExecution.
    """
    web = box.add_instance()
    made = run(sleep(span="PT10M"), api("stop", "StopInstances", InstanceIds=[web]))
    box.clock.advance(60)
    ssm.stop_automation_execution(AutomationExecutionId=made, Type="Cancel")
    assert shown(ssm, made)["AutomationExecutionStatus"] == "Cancelling"
    box.clock.advance(3600)
    assert (shown(ssm, made)["AutomationExecutionStatus"], went(ssm, made)) == ("Cancelled", [("rest", "Cancelled")])


def test_more_than_may_run_wait(opened, client):
    """SB-SSM-06: the next begins when one has ended.

    Source SB-SSM-06: docs.aws.amazon.com/systems-manager/latest/userguide/automation-actions.html,
      automation-action-branch.html, automation-handling-timeouts.html, adaptive-concurrency.html; that more wait, the
      time between steps and tries, and that an unknown action is refused with the document, are guesses.
    """
    from sealift.sandbox.quotas import Quotas

    box, ssm = opened(quotas=Quotas(automations=1)), client("ssm")
    ssm.create_document(Name="doc-1", DocumentType="Automation", Content=document(sleep(span="PT10M")))
    first, second = (ssm.start_automation_execution(DocumentName="doc-1")["AutomationExecutionId"] for _ in range(2))
    box.clock.advance(60)
    states = [shown(ssm, made)["AutomationExecutionStatus"] for made in (first, second)]
    assert states == ["InProgress", "Pending"]
    box.clock.advance(600)
    assert shown(ssm, second)["AutomationExecutionStatus"] == "InProgress"


def test_calls_are_made_as_the_role(box, ec2, as_role, allowing, refused):
    """SB-SSM-09: what its policies do not allow fails the step; whoever starts it needs to pass it, and it must trust.

    Source SB-SSM-09: docs.aws.amazon.com/systems-manager/latest/userguide/automation-setup.html; recorded reply: The
      defined assume role is unable to be assumed..
    """
    web = box.add_instance()
    may = box.people.role("may", {"Version": "2012-10-17", "Statement": [allowing("ec2:StopInstances")]}, trust=TRUSTED)
    may_not = box.people.role("may-not", trust=TRUSTED)
    distrusts = box.people.role("distrusts")
    ssm = as_role(allowing("ssm:*"), allowing("iam:PassRole", on=f"arn:aws:iam::{ACCOUNT}:role/*may*"), service="ssm")
    started = {}
    for n, role in enumerate((may_not, may)):
        content = document(api("stop", "StopInstances", InstanceIds=[web]), assumeRole=role)
        ssm.create_document(Name=f"doc-{n}", DocumentType="Automation", Content=content)
        started[role] = ssm.start_automation_execution(DocumentName=f"doc-{n}")["AutomationExecutionId"]
        box.clock.advance(60)
    assert [shown(ssm, started[r])["AutomationExecutionStatus"] for r in (may_not, may)] == ["Failed", "Success"]
    assert "ec2:StopInstances" in shown(ssm, started[may_not])["FailureMessage"]

    content = document(sleep(), assumeRole=distrusts)
    ssm.create_document(Name="doc-3", DocumentType="Automation", Content=content)
    assert refused(ssm.start_automation_execution, DocumentName="doc-3") == ("AccessDeniedException", 403)
    anybody = as_role(allowing("ssm:*", "iam:PassRole"), service="ssm")
    code, _ = refused(anybody.start_automation_execution, DocumentName="doc-3")
    assert code == "InvalidAutomationExecutionParametersException"
