"""Systems Manager's managed nodes and Run Command: states and time, no shell (SB-SSM-01, -02)."""

import uuid
from functools import partial
from typing import Any

from sealift.sandbox.errors import ApiError
from sealift.sandbox.state import Machine
from sealift.sandbox.world import Call, World, iso

DOCUMENTS = {"AWS-RunShellScript": "aws:runShellScript", "AWS-RunPowerShellScript": "aws:runPowerShellScript"}


def told(world: World, name: str) -> dict[str, Any]:
    """Return what a test says of an instance's agent, put in by `show_as("<id>/ssm", …)`.

    `Managed`: False where no agent answers; `ResponseCode`, `StandardOutputContent`, `StandardErrorContent` of commands.
    """
    return world.overlays.get(f"{name}/ssm", {})


def managed(world: World, machine: Machine) -> bool:
    """Say whether the agent of an instance answers: a running one's does, unless a test says otherwise."""
    return machine.state == "running" and bool(told(world, machine.id).get("Managed", True))


def information(world: World, call: Call) -> dict[str, Any]:
    """DescribeInstanceInformation: nodes that are stopped or terminated are not there."""
    filters = [(f["Key"], set(f["Values"])) for f in call.params.get("Filters", [])]
    filters += [(f["key"], set(f["valueSet"])) for f in call.params.get("InstanceInformationFilterList", [])]
    shown = [_node(m) for m in world.here(call).machines.values() if managed(world, m)]
    for key, values in filters:
        member = {"InstanceIds": "InstanceId", "PingStatus": "PingStatus", "PlatformTypes": "PlatformType"}.get(key)
        if member is None:
            raise ApiError("SB-SSM-01", "InvalidFilterKey", f"The filter key {key} is not known.")
        shown = [s for s in shown if s[member] in values]
    return {"InstanceInformationList": shown}


def _node(machine: Machine) -> dict[str, Any]:
    return {
        "InstanceId": machine.id,
        "PingStatus": "Online",
        "LastPingDateTime": iso(machine.running_since or machine.launched),
        "AgentVersion": "3.3.0.0",
        "IsLatestVersion": True,
        "PlatformType": "Linux",
        "PlatformName": "Amazon Linux",
        "ResourceType": "EC2Instance",
        "IPAddress": machine.moto.private_ip_address,
        "ComputerName": machine.moto.private_dns_name,
    }


def send(world: World, call: Call) -> dict[str, Any]:
    """SendCommand: to nodes that answer, or not at all."""
    params, name = call.params, call.params["DocumentName"].rsplit("/", 1)[-1]
    if name not in DOCUMENTS:
        raise ApiError("SB-SSM-02", "InvalidDocument", f"document {name} does not exist.")
    book = world.here(call).machines
    machines = [book[i] for i in params.get("InstanceIds", []) if i in book]
    wrong = [i for i in params.get("InstanceIds", []) if i not in book or not managed(world, book[i])]
    if wrong:
        message = f"Instances [[{', '.join(wrong)}]] not in a valid state for account {call.account}"
        raise ApiError("SB-SSM-02", "InvalidInstanceId", message)
    seconds = world.takes(call, ",".join(m.id for m in machines), world.durations.command_s)
    command = {
        "CommandId": str(uuid.UUID(int=world.rng.getrandbits(128))),
        "DocumentName": name,
        "Comment": params.get("Comment", ""),
        "Parameters": params.get("Parameters", {}),
        "InstanceIds": [m.id for m in machines],
        "RequestedDateTime": iso(call.at),
        "ExpiresAfter": iso(call.at + params.get("TimeoutSeconds", 3600)),
        "end": {},
        "due": call.at + seconds,
        "seen": call.at + world.durations.command_seen_s,
    }
    world.documents(call, "ssm:commands")[command["CommandId"]] = command
    for machine in machines:
        world.agenda.at(command["due"], partial(_finish, world, command, machine))
    return {"Command": _command(command, call.at)}


def _finish(world: World, command: dict[str, Any], machine: Machine, at: float) -> None:
    """End an invocation; one whose node is gone is never heard of again, and times out."""
    if managed(world, machine):
        said = told(world, machine.id)
        command["end"][machine.id] = "Failed" if said.get("ResponseCode", 0) else "Success"
        command.setdefault("said", {})[machine.id] = dict(said)


def _status(command: dict[str, Any], name: str, now: float) -> str:
    if name in command["end"]:
        return str(command["end"][name])
    if now >= command["due"]:
        return "TimedOut" if iso(now) >= command["ExpiresAfter"] else "InProgress"
    return "InProgress" if now >= command["seen"] else "Pending"


def _command(command: dict[str, Any], now: float) -> dict[str, Any]:
    states = [_status(command, i, now) for i in command["InstanceIds"]]
    worst = next((s for s in ("Pending", "InProgress", "TimedOut", "Failed") if s in states), "Success")
    out = {k: v for k, v in command.items() if k not in ("end", "due", "seen", "said")}
    return {**out, "Status": worst, "StatusDetails": worst, "TargetCount": len(states)}


def _invocation(command: dict[str, Any], name: str, now: float) -> dict[str, Any]:
    status, said = _status(command, name, now), command.get("said", {}).get(name, {})
    over = status in ("Success", "Failed")
    return {
        "CommandId": command["CommandId"],
        "InstanceId": name,
        "Comment": command["Comment"],
        "DocumentName": command["DocumentName"],
        "PluginName": DOCUMENTS[command["DocumentName"]],
        "Status": status,
        "StatusDetails": status,
        "ResponseCode": said.get("ResponseCode", 0) if over else -1,
        "StandardOutputContent": said.get("StandardOutputContent", "") if over else "",
        "StandardErrorContent": said.get("StandardErrorContent", "") if over else "",
        "RequestedDateTime": command["RequestedDateTime"],
    }


def invocation(world: World, call: Call) -> dict[str, Any]:
    """GetCommandInvocation: not known for a moment after SendCommand."""
    command = world.documents(call, "ssm:commands").get(call.params["CommandId"])
    if command is None or call.params["InstanceId"] not in command["InstanceIds"] or call.at < command["seen"]:
        raise ApiError("SB-SSM-02", "InvocationDoesNotExist", "The command and the node match no invocation.")
    shown = _invocation(command, call.params["InstanceId"], call.at)
    return {k: v for k, v in shown.items() if k != "RequestedDateTime"}


def invocations(world: World, call: Call) -> dict[str, Any]:
    """ListCommandInvocations: by command, by node."""
    wanted, node = call.params.get("CommandId"), call.params.get("InstanceId")
    members = ("CommandId", "InstanceId", "Comment", "DocumentName", "RequestedDateTime", "Status", "StatusDetails")
    shown = [
        _invocation(c, i, call.at)
        for c in world.documents(call, "ssm:commands").values()
        for i in c["InstanceIds"]
        if wanted in (None, c["CommandId"]) and node in (None, i) and call.at >= c["seen"]
    ]
    return {"CommandInvocations": [{k: s[k] for k in members} for s in shown]}


def commands(world: World, call: Call) -> dict[str, Any]:
    """ListCommands."""
    wanted = call.params.get("CommandId")
    known = world.documents(call, "ssm:commands").values()
    return {"Commands": [_command(c, call.at) for c in known if wanted in (None, c["CommandId"])]}


OPERATIONS = {
    "ssm:DescribeInstanceInformation": information,
    "ssm:SendCommand": send,
    "ssm:GetCommandInvocation": invocation,
    "ssm:ListCommandInvocations": invocations,
    "ssm:ListCommands": commands,
}
