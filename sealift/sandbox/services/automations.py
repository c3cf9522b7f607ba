"""Systems Manager Automation: runbooks that really start and stop instances, and their executions (SB-SSM-03, -04)."""

import uuid
from collections.abc import Callable
from typing import Any

from sealift.sandbox.ec2 import power
from sealift.sandbox.errors import ApiError
from sealift.sandbox.services.acting import does
from sealift.sandbox.world import Call, World, iso

SERVICE = "ssm.amazonaws.com"
LOOK_S, GIVE_UP_S = 15.0, 3600.0
_START, _STOP = ("StartInstances", power.start, "running"), ("StopInstances", power.stop, "stopped")
RUNBOOKS: dict[str, tuple[tuple[str, Callable[..., dict[str, Any]], str], ...]] = {
    "AWS-StartEC2Instance": (_START,),
    "AWS-StopEC2Instance": (_STOP,),
    "AWS-RestartEC2Instance": (_STOP, _START),
}
"""Each step: what is called, and the state that is waited for."""


def start(world: World, call: Call) -> dict[str, Any]:
    """StartAutomationExecution: of the runbooks that the sandbox knows."""
    name, params = call.params["DocumentName"], call.params.get("Parameters", {})
    if name not in RUNBOOKS:
        message = f"Automation Definition with Name: {name} not found."
        raise ApiError("SB-SSM-03", "AutomationDefinitionNotFoundException", message)
    if not params.get("InstanceId"):
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
    world.documents(call, "ssm:executions")[made["AutomationExecutionId"]] = made
    place = Call("ssm", "Run", {}, call.account, call.region, call.at)
    world.later(
        call, made["AutomationExecutionId"], world.durations.automation_s, lambda at: _step(world, place, made, at)
    )
    return {"AutomationExecutionId": made["AutomationExecutionId"]}


def _step(world: World, place: Call, made: dict[str, Any], at: float) -> None:
    """Do the next step, or end."""
    if made["AutomationExecutionStatus"] not in ("Pending", "InProgress"):
        return
    done, steps = len(made["StepExecutions"]), RUNBOOKS[made["DocumentName"]]
    if done == len(steps):
        _end(made, "Success", at)
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
        _end(made, "Failed", at, str(refusal))
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
        _end(made, "TimedOut", at, f"{entry['StepName']} did not reach {wanted}.")
    else:
        world.agenda.at(at + LOOK_S, lambda now: _wait(world, place, made, now, until))


def _end(made: dict[str, Any], status: str, at: float, why: str | None = None) -> None:
    made.update(AutomationExecutionStatus=status, ExecutionEndTime=iso(at))
    if why:
        made["FailureMessage"] = why


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
    _end(found, status, call.at)
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
