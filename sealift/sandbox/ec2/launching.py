"""RunInstances: moto makes the instance, the sandbox its disks."""

from typing import Any, NamedTuple

from moto.ec2.models import ec2_backends

from sealift.sandbox import tokens
from sealift.sandbox.ec2 import images, instances, power, reserving, tagging, volumes
from sealift.sandbox.ec2.attachments import place
from sealift.sandbox.ec2.encryption import Encryption
from sealift.sandbox.errors import ApiError
from sealift.sandbox.state import Attachment, Image, Machine, Snapshot
from sealift.sandbox.world import Call, World

_ROOT_DEVICE = "/dev/xvda"
ROOT_DISK = {"VolumeSize": 8, "VolumeType": "gp3", "DeleteOnTermination": True}
"""What an image that the box does not know gives its instances."""


class _Disk(NamedTuple):
    """A disk that a launch is to make, checked."""

    device: str
    flag: bool
    ask: Call
    snapshot: Snapshot | None
    size: int
    encryption: Encryption
    tags: dict[str, str]


def run(world: World, call: Call) -> dict[str, Any]:
    """RunInstances: the image's disks, as far as the launch does not name others (SB-INS-28)."""
    if made := tokens.remembered(world, call):
        return _reply(call, made, [m for m in world.here(call).machines.values() if m.reservation == made])
    named = call.params.get("ImageId", "")
    image = images.find(world, call, named) if named in world.here(call).images else None
    if image and images.state_of(world, call, image) != "available":
        raise ApiError("SB-IMG-02", "InvalidAMIID.Unavailable", f"The image '{image.id}' is not available.")
    root = image.root_device if image else _ROOT_DEVICE
    tagging.asked(world, call, "instance")
    disks = _disks(world, call, image, root)
    aim = call.params.get("CapacityReservationSpecification", {})
    reserving.check_launch(world.here(call), aim, call.params.get("InstanceType", ""), call.params.get("MaxCount", 1))
    backend = ec2_backends[call.account][call.region]
    for name in ("BlockDeviceMappings", "block_device_mappings"):
        call.response.params.pop(name, None)
    before = set(backend.reservations)
    call.response.run_instances()
    reservation = next(r for i, r in backend.reservations.items() if i not in before)
    machines = []
    for moto in reservation.instances:
        instances.strip(backend, moto)
        machines.append(_launch(world, call, _adopted(world, call, moto, reservation.id, root), disks))
    tokens.remember(world, call, reservation.id)
    return _reply(call, reservation.id, machines)


def launched(world: World, call: Call, moto: Any, reservation: str) -> Machine:
    """Enter what a service has launched of an image that the box does not know: it has a root and no more."""
    machine = _adopted(world, call, moto, reservation, _ROOT_DEVICE)
    return _launch(world, call, machine, _disks(world, call, None, _ROOT_DEVICE))


def _adopted(world: World, call: Call, moto: Any, reservation: str, root: str) -> Machine:
    machine = instances.adopt(world, call.account, call.region, moto=moto, reservation=reservation, at=call.at)
    machine.root_device = moto.root_device_name = root
    return machine


def _disks(world: World, call: Call, image: Image | None, root: str) -> list["_Disk"]:
    return [_disk(world, call, mapping) for mapping in _mappings(call, image, root)]


def _mappings(call: Call, image: Image | None, root: str) -> list[dict[str, Any]]:
    """Return the disks of the image, changed and added to by the launch, and a root in any case."""
    found = {m["DeviceName"]: m.get("Ebs") for m in (image.mappings if image else [])}
    for mapping in call.params.get("BlockDeviceMappings", []):
        device = mapping["DeviceName"]
        found[device] = None if "NoDevice" in mapping else {**(found.get(device) or {}), **mapping.get("Ebs", {})}
    disks = {device: ebs for device, ebs in found.items() if ebs}
    return [{"DeviceName": d, "Ebs": ebs} for d, ebs in ({root: ROOT_DISK, **disks}).items()]


def _disk(world: World, call: Call, mapping: dict[str, Any]) -> _Disk:
    """Check one disk as CreateVolume would."""
    ebs, tags = mapping["Ebs"], tagging.asked(world, call, "volume")
    params = {**ebs, **({"Size": ebs["VolumeSize"]} if ebs.get("VolumeSize") else {})}
    ask = Call("ec2", "RunInstances", params, call.account, call.region, call.at, caller=call.caller)
    snapshot = volumes.source(world, ask)
    size, encryption = volumes.settled(world, ask, snapshot)
    return _Disk(mapping["DeviceName"], ebs.get("DeleteOnTermination", True), ask, snapshot, size, encryption, tags)


def _reply(call: Call, reservation: str, machines: list[Machine]) -> dict[str, Any]:
    shown = [instances.render(m) for m in machines]
    for one in shown:
        del one["ReservationId"]
    return {"ReservationId": reservation, "OwnerId": call.account, "Instances": shown}


def _launch(world: World, call: Call, machine: Machine, disks: list[_Disk]) -> Machine:
    for disk in disks:
        volume = volumes.new(
            world, disk.ask, zone=machine.zone, size=disk.size, encryption=disk.encryption, tags=disk.tags
        )
        if disk.snapshot:
            volumes.restore(world, disk.ask, volume, disk.snapshot)
        place(Attachment(volume, machine, disk.device, call.at, "attached", disk.flag))
    reserving.aim(world.here(call), machine, call.params.get("CapacityReservationSpecification", {}))
    machine.reserved = reserving.found(world.here(call), [machine]).get(machine.id)
    machine.visible = call.at + world.durations.visible_s
    machine.turn += 1
    power.forbid(world, call, machine)
    power.enter(machine, "pending")
    turn = machine.turn
    world.later(call, machine.id, world.durations.start_s, lambda at: power.up_or_gone(world, machine, turn, at))
    return machine


OPERATIONS = {"ec2:RunInstances": run}
