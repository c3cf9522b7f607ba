"""Systems Manager Automation: executions of AWS's runbooks, which really start and stop instances, and of documents of
one's own (SB-SSM-03, -04, -09).
"""

import uuid
from collections.abc import Callable
from typing import Any

from sealift.sandbox.ec2 import power
from sealift.sandbox.errors import ApiError
from sealift.sandbox.iam import principals
from sealift.sandbox.iam.verdicts import Principal
from sealift.sandbox.services import documents, running
from sealift.sandbox.services.acting import does
from sealift.sandbox.services.running import LOOK_S, SERVICE, end
from sealift.sandbox.world import Call, World, iso

GIVE_UP_S = 3600.0
_START, _STOP = ("StartInstances", power.start, "running"), ("StopInstances", power.stop, "stopped")
RUNBOOKS: dict[str, tuple[tuple[str, Callable[..., dict[str, Any]], str], ...]] = {
    "AWS-StartEC2Instance": (_START,),
    "AWS-StopEC2Instance": (_STOP,),
    "AWS-RestartEC2Instance": (_STOP, _START),
}
"""Each step: what is called, and the state that is waited for."""


def start(world: World, call: Call) -> dict[str, Any]:
    """StartAutomationExecution: of AWS's runbooks that the sandbox knows, or of a document of the account."""
    name, params = call.params["DocumentName"], call.params.get("Parameters", {})
    own = documents.known(world, call, name)
    if name not in RUNBOOKS and own is None:
        message = f"Automation Definition with Name: {name} not found."
        raise ApiError("SB-SSM-03", "AutomationDefinitionNotFoundException", message)
    if own is None and not params.get("InstanceId"):
        message = "Some input parameters are required but not provided: [InstanceId]"
        raise ApiError("SB-SSM-03", "InvalidAutomationExecutionParametersException", message)
    made = {
        "AutomationExecutionId": str(uuid.UUID(int=world.rng.getrandbits(128))),
        "DocumentName": name,
        "DocumentVersion": "1",
        "Parameters": params,
        "ExecutionStartTime": iso(call.at),
        "AutomationExecutionStatus": "Pending",
        "ExecutedBy": call.caller.arn if call.caller else f"arn:aws:iam::{call.account}:root",
        "Mode": call.params.get("Mode", "Auto"),
        "StepExecutions": [],
    }
    place = Call("ssm", "Run", {}, call.account, call.region, call.at)
    begin: Callable[[float], None] = lambda at: _step(world, place, made, at)  # noqa: E731
    if own is not None:
        left = _parameters(own["content"], params)
        who = _acts_as(call, role_of(own, params), made["AutomationExecutionId"])
        begin = running.Run(world, place, made, own["content"], who, left).begin
    world.documents(call, "ssm:executions")[made["AutomationExecutionId"]] = made
    world.later(call, made["AutomationExecutionId"], world.durations.automation_s, begin)
    return {"AutomationExecutionId": made["AutomationExecutionId"]}


def _parameters(content: dict[str, Any], given: dict[str, list[str]]) -> dict[str, Any]:
    """Return the values of a document's parameters, or refuse what is missing or not declared."""
    declared = content.get("parameters", {})
    wrong = "InvalidAutomationExecutionParametersException"
    if undeclared := sorted(given.keys() - declared.keys()):
        raise ApiError("SB-SSM-03", wrong, f"Parameters are provided but not defined: {undeclared}")
    if missing := [n for n, p in declared.items() if n not in given and "default" not in p]:
        raise ApiError("SB-SSM-03", wrong, f"Some input parameters are required but not provided: {missing}")
    lists = ("StringList", "MapList")
    values = {n: given[n] if n in given else [p["default"]] for n, p in declared.items()}
    return {n: v if declared[n].get("type") in lists else v[0] for n, v in values.items()}


def role_of(document: dict[str, Any], given: dict[str, list[str]]) -> str:
    """Return the ARN of the role that a document assumes; empty: it acts as whoever starts it."""
    content = document["content"]
    named = str(content.get("assumeRole", ""))
    values = _parameters(content, given)
    return str(values.get(named.strip("{} "), named)) if named else ""


def _acts_as(call: Call, role: str, execution: str) -> Principal | None:
    """Return who the calls are made as; None where no policies are asked (SB-SSM-09)."""
    if call.caller is None or not role:
        return call.caller
    found = principals.find_role(role)
    if found is None or not principals.trusts(found, SERVICE):
        message = "The defined assume role is unable to be assumed."
        raise ApiError("SB-SSM-09", "InvalidAutomationExecutionParametersException", message)
    return principals.serving(found, f"Automation-{execution}")


def _step(world: World, place: Call, made: dict[str, Any], at: float) -> None:
    """Do the next step, or end."""
    if made["AutomationExecutionStatus"] not in ("Pending", "InProgress"):
        return
    done, steps = len(made["StepExecutions"]), RUNBOOKS[made["DocumentName"]]
    if done == len(steps):
        end(made, "Success", at)
        return
    made["AutomationExecutionStatus"] = "InProgress"
    name, operation, _ = steps[done]
    entry: dict[str, Any] = {"StepName": name, "Action": "aws:changeInstanceState", "StepStatus": "InProgress"}
    entry["ExecutionStartTime"] = iso(at)
    made["StepExecutions"].append(entry)
    params = {"InstanceIds": list(made["Parameters"]["InstanceId"])}
    account, region = place.account, place.region
    _, refusal = does(world, f"ec2:{name}", operation, params, account=account, region=region, at=at, by=SERVICE)
    if refusal:
        entry.update(StepStatus="Failed", FailureMessage=str(refusal), ExecutionEndTime=iso(at))
        end(made, "Failed", at, str(refusal))
    else:
        world.agenda.at(at, lambda now: _wait(world, place, made, now, at + GIVE_UP_S))


def _wait(world: World, place: Call, made: dict[str, Any], at: float, until: float) -> None:
    """Look whether the state is there; give up after an hour."""
    if made["AutomationExecutionStatus"] != "InProgress":
        return
    entry = made["StepExecutions"][-1]
    wanted = RUNBOOKS[made["DocumentName"]][len(made["StepExecutions"]) - 1][2]
    book = world.here(place).machines
    if all(book[i].state == wanted for i in made["Parameters"]["InstanceId"]):
        entry.update(StepStatus="Success", ExecutionEndTime=iso(at))
        _step(world, place, made, at)
    elif at >= until:
        entry.update(StepStatus="TimedOut", ExecutionEndTime=iso(at))
        end(made, "TimedOut", at, f"{entry['StepName']} did not reach {wanted}.")
    else:
        world.agenda.at(at + LOOK_S, lambda now: _wait(world, place, made, now, until))


def _known(world: World, call: Call) -> dict[str, Any]:
    found = world.documents(call, "ssm:executions").get(call.params["AutomationExecutionId"])
    if found is None:
        message = "There is no automation execution with this id."
        raise ApiError("SB-SSM-04", "AutomationExecutionNotFoundException", message)
    return found


def get(world: World, call: Call) -> dict[str, Any]:
    """GetAutomationExecution: with its steps."""
    return {"AutomationExecution": _known(world, call)}


def stop(world: World, call: Call) -> dict[str, Any]:
    """StopAutomationExecution: what has been done stays done; refused where it is over."""
    found = _known(world, call)
    if found["AutomationExecutionStatus"] not in ("Pending", "InProgress"):
        message = "The automation execution has ended."
        raise ApiError("SB-SSM-04", "InvalidAutomationStatusUpdateException", message)
    status = "Cancelled" if call.params.get("Type", "Cancel") == "Cancel" else "Success"
    for step in found["StepExecutions"][-1:]:
        if step["StepStatus"] == "InProgress":
            step.update(StepStatus="Cancelled", ExecutionEndTime=iso(call.at))
    found["AutomationExecutionStatus"] = "Cancelling"
    world.later(call, found["AutomationExecutionId"], world.durations.automation_s, lambda at: end(found, status, at))
    return {}


_FILTERS: dict[str, Callable[[dict[str, Any], list[str]], bool]] = {
    "DocumentNamePrefix": lambda made, values: made["DocumentName"].startswith(tuple(values)),
    "ExecutionStatus": lambda made, values: made["AutomationExecutionStatus"] in values,
    "ExecutionId": lambda made, values: made["AutomationExecutionId"] in values,
}


def describe(world: World, call: Call) -> dict[str, Any]:
    """DescribeAutomationExecutions: the newest first, by status, document or id."""
    found = list(reversed(world.documents(call, "ssm:executions").values()))
    for one in call.params.get("Filters", []):
        if one["Key"] not in _FILTERS:
            raise ApiError("SB-SSM-04", "InvalidFilterKey", f"The filter key {one['Key']} is not known.")
        found = [m for m in found if _FILTERS[one["Key"]](m, one["Values"])]
    most = call.params.get("MaxResults", 50)
    shown = [{k: v for k, v in m.items() if k not in ("StepExecutions", "Parameters")} for m in found[:most]]
    return {"AutomationExecutionMetadataList": shown}


OPERATIONS = {
    "ssm:StartAutomationExecution": start,
    "ssm:GetAutomationExecution": get,
    "ssm:StopAutomationExecution": stop,
    "ssm:DescribeAutomationExecutions": describe,
}
