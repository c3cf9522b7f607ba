"""StartInstances, StopInstances, TerminateInstances, RebootInstances: states, and the spans of writes they bound."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from sealift.sandbox import kms
from sealift.sandbox.ec2 import keys, reserving
from sealift.sandbox.ec2.attachments import remove
from sealift.sandbox.ec2.volumes import discard
from sealift.sandbox.errors import ApiError
from sealift.sandbox.physics import writing
from sealift.sandbox.state import Machine
from sealift.sandbox.world import Call, World

CODES = {"pending": 0, "running": 16, "shutting-down": 32, "terminated": 48, "stopping": 64, "stopped": 80}
BY_USER = ("Client.UserInitiatedShutdown", "Client.UserInitiatedShutdown: User initiated shutdown")
KEY_FAILED = ("Client.InternalError", "Client.InternalError: Client error on launch")


def start(world: World, call: Call) -> dict[str, Any]:
    """StartInstances: all of them or none; one whose volume key is unusable falls back to stopped (R-EBS-55)."""
    machines = _named(world, call)
    for machine in machines:
        _startable(machine)
    taken = reserving.found(world.here(call), [m for m in machines if m.state == "stopped"])
    for machine in machines:
        machine.reserved = taken.get(machine.id, machine.reserved)
    return {"StartingInstances": [_change(m, lambda m=m: _start(world, call, m)) for m in machines]}


def _named(world: World, call: Call) -> list[Machine]:
    ids: Iterable[str] = call.params.get("InstanceIds", [])
    if not ids:
        raise ApiError("SB-VOL-06", "MissingParameter", "The request must contain the parameter InstanceId")
    return [world.machine(call, i) for i in ids]


def _startable(machine: Machine) -> None:
    if machine.state in ("running", "pending"):
        return
    if machine.state != "stopped":
        message = f"The instance '{machine.id}' is not in a state from which it can be started."
        raise ApiError("SB-INS-02", "IncorrectInstanceState", message)
    root = machine.disks.get(machine.root_device)
    if root is None or root.state == "detaching":
        message = (
            f"Invalid value '{machine.id}' for instanceId. "
            f"Instance does not have a volume attached at root ({machine.root_device})"
        )
        raise ApiError("SB-INS-01", "InvalidParameterValue", message)


def _change(machine: Machine, act: Any) -> dict[str, Any]:
    before = machine.state
    act()
    return {
        "InstanceId": machine.id,
        "PreviousState": {"Code": CODES[before], "Name": before},
        "CurrentState": {"Code": CODES[machine.state], "Name": machine.state},
    }


def _start(world: World, call: Call, machine: Machine) -> None:
    if machine.state != "stopped":
        return
    machine.turn += 1
    machine.launched, machine.reason, machine.transition = call.at, None, ""
    enter(machine, "pending")
    for nic in machine.moto.nics.values():
        if not elastic(machine, nic.public_ip):
            nic.start()
    forbid(world, call, machine)
    refused = _keyless(machine)
    turn = machine.turn
    seconds = world.durations.start_refused_s if refused else world.durations.start_s
    world.later(call, machine.id, seconds, lambda at: up_or_back(world, machine, turn, at))


def forbid(world: World, call: Call, machine: Machine) -> None:
    """Note whether this caller may let EC2 decrypt the instance's volumes: the start comes to nothing if not."""
    machine.forbidden = any(keys.attaching(world, call, a.volume, machine) for a in machine.disks.values())


def up_or_back(world: World, machine: Machine, turn: int, at: float) -> None:
    """End `pending`: run, or fall back to stopped where a volume's key cannot be used by now (R-EBS-55)."""
    if machine.turn != turn or machine.state != "pending":
        return
    if _keyless(machine):
        machine.reason, machine.transition = KEY_FAILED, "Server.InternalError"
        rest(machine)
        return
    run(world, machine, at)


def up_or_gone(world: World, machine: Machine, turn: int, at: float) -> None:
    """End the `pending` of a launch: what cannot use its volumes' keys is terminated (SB-INS-29)."""
    if machine.turn == turn and machine.state == "pending" and _keyless(machine):
        launch_failed(world, machine, KEY_FAILED, at)
    else:
        up_or_back(world, machine, turn, at)


def launch_failed(world: World, machine: Machine, reason: tuple[str, str], at: float) -> None:
    """Terminate what never ran; its volumes go by their flags."""
    machine.turn += 1
    machine.reason, machine.transition = reason, reason[0]
    _gone(world, machine, at)


def _keyless(machine: Machine) -> bool:
    return machine.forbidden or any(kms.unusable(a.volume.kms_key) for a in machine.disks.values())


def run(world: World, machine: Machine, at: float) -> None:
    """Enter `running`: the workload writes from this second on."""
    enter(machine, "running")
    machine.running_since = at
    for attachment in machine.disks.values():
        kms.attached(world, attachment, at)
    writing.begin_all(world, machine, at)


def stop(world: World, call: Call) -> dict[str, Any]:
    """StopInstances: writes go on until `stopped`."""
    machines = _named(world, call)
    for machine in machines:
        _stoppable(machine)
        _check_way(world, call, machine)
    return {"StoppingInstances": [_change(m, lambda m=m: _stop(world, call, m)) for m in machines]}


def _stoppable(machine: Machine) -> None:
    if machine.moto.disable_api_stop:
        message = (
            f"The instance '{machine.id}' may not be stopped. "
            "Modify its 'disableApiStop' instance attribute and try again."
        )
        raise ApiError("R-EBS-32", "OperationNotPermitted", message)
    if machine.state in ("pending", "shutting-down", "terminated"):
        message = f"The instance '{machine.id}' is not in a state from which it can be stopped."
        raise ApiError("SB-INS-02", "IncorrectInstanceState", message)


def _check_way(world: World, call: Call, machine: Machine) -> None:
    shown = world.overlays.get(machine.id, {})
    if shown.get("RootDeviceType", machine.moto.root_device_type) != "ebs":
        message = f"The instance '{machine.id}' does not have an 'ebs' root device type and cannot be stopped."
        raise ApiError("R-EBS-29", "UnsupportedOperation", message)
    if shown.get("InstanceLifecycle") == "spot" and shown.get("SpotRequestType", "one-time") == "one-time":
        message = f"You can't stop the Spot Instance '{machine.id}' because it is of a one-time Spot Instance request."
        raise ApiError("R-EBS-34", "UnsupportedOperation", message)
    if call.params.get("Hibernate") and not (machine.moto.hibernation_options or {}).get("Configured"):
        message = f"The instance '{machine.id}' was not launched for hibernation."
        raise ApiError("R-EBS-38", "UnsupportedHibernationConfiguration", message)


def _stop(world: World, call: Call, machine: Machine) -> None:
    if machine.state == "stopping" and call.params.get("Force"):
        world.later(call, machine.id, world.durations.stop_s, lambda at: _down(world, machine, at))
        return
    if machine.state != "running":
        return
    machine.turn += 1
    machine.reason, machine.transition = BY_USER, by_user(call.at)
    enter(machine, "stopping")
    world.later(call, machine.id, world.durations.stop_s, lambda at: _down(world, machine, at))


def by_user(at: float) -> str:
    """Return the StateTransitionReason of what a user asked for at `at`."""
    return f"User initiated ({datetime.fromtimestamp(int(at), UTC):%Y-%m-%d %H:%M:%S} GMT)"


def _down(world: World, machine: Machine, at: float) -> None:
    if machine.state == "stopping":
        writing.end_all(world, machine, at)
        machine.running_since = None
        for attachment in machine.disks.values():
            kms.detached(world, attachment)
        rest(machine)


def rest(machine: Machine) -> None:
    """Enter `stopped`: an address that was assigned automatically is given up (R-EBS-31)."""
    enter(machine, "stopped")
    machine.reserved = None
    for nic in machine.moto.nics.values():
        if not elastic(machine, nic.public_ip):
            nic.stop()


def elastic(machine: Machine, public_ip: str | None) -> bool:
    """Say whether an address is an Elastic IP of the account."""
    return any(a.public_ip == public_ip for a in machine.moto.ec2_backend.addresses)


def terminate(world: World, call: Call) -> dict[str, Any]:
    """TerminateInstances: volumes go by their DeleteOnTermination flags."""
    machines = _named(world, call)
    for machine in machines:
        if machine.moto.disable_api_termination:
            message = f"The instance '{machine.id}' may not be terminated."
            raise ApiError("R-EBS-32", "OperationNotPermitted", message)
    return {"TerminatingInstances": [_change(m, lambda m=m: _terminate(world, call, m)) for m in machines]}


def _terminate(world: World, call: Call, machine: Machine) -> None:
    if machine.state in ("terminated", "shutting-down"):
        return
    machine.turn += 1
    machine.reason, machine.transition = BY_USER, by_user(call.at)
    enter(machine, "shutting-down")
    world.later(call, machine.id, world.durations.terminate_s, lambda at: _gone(world, machine, at))


def _gone(world: World, machine: Machine, at: float) -> None:
    writing.end_all(world, machine, at)
    machine.running_since = None
    enter(machine, "terminated")
    machine.reserved = None
    for attachment in list(machine.disks.values()):
        remove(world, attachment)
        if attachment.delete_on_termination and not attachment.volume.attachments:
            discard(world, attachment.volume, at)


def reboot(world: World, call: Call) -> dict[str, Any]:
    """RebootInstances: no change of state."""
    _named(world, call)
    return {}


def enter(machine: Machine, state: str) -> None:
    """Change a state, in moto's instance too (Auto Scaling looks there)."""
    machine.state = state
    machine.moto._state.name, machine.moto._state.code = state, CODES[state]


OPERATIONS = {
    "ec2:StartInstances": start,
    "ec2:StopInstances": stop,
    "ec2:TerminateInstances": terminate,
    "ec2:RebootInstances": reboot,
}
