"""RunInstances: moto makes the instance, the sandbox its disks."""

from typing import Any

from moto.ec2.models import ec2_backends

from sealift.sandbox import tokens
from sealift.sandbox.ec2 import instances, power, tagging, volumes
from sealift.sandbox.ec2.attachments import place
from sealift.sandbox.ec2.encryption import wanted
from sealift.sandbox.state import Attachment, Machine
from sealift.sandbox.world import Call, World

ROOT = {"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 8, "VolumeType": "gp3", "DeleteOnTermination": True}}


def run(world: World, call: Call) -> dict[str, Any]:
    """RunInstances."""
    if made := tokens.remembered(world, call):
        return _reply(call, made, [m for m in world.here(call).machines.values() if m.reservation == made])
    backend = ec2_backends[call.account][call.region]
    mappings = [m for m in call.params.get("BlockDeviceMappings", []) if "Ebs" in m]
    for name in ("BlockDeviceMappings", "block_device_mappings"):
        call.response.params.pop(name, None)
    before = set(backend.reservations)
    call.response.run_instances()
    reservation = next(r for i, r in backend.reservations.items() if i not in before)
    machines = []
    for moto in reservation.instances:
        instances.strip(backend, moto)
        machines.append(_launch(world, call, moto, reservation.id, mappings))
    tokens.remember(world, call, reservation.id)
    return _reply(call, reservation.id, machines)


def _reply(call: Call, reservation: str, machines: list[Machine]) -> dict[str, Any]:
    shown = [instances.render(m) for m in machines]
    for one in shown:
        del one["ReservationId"]
    return {"ReservationId": reservation, "OwnerId": call.account, "Instances": shown}


def _launch(world: World, call: Call, moto: Any, reservation: str, mappings: list[dict[str, Any]]) -> Machine:
    machine = instances.adopt(world, call.account, call.region, moto=moto, reservation=reservation, at=call.at)
    if not any(m["DeviceName"] == machine.root_device for m in mappings):
        mappings = [ROOT, *mappings]
    tags = [s for s in call.params.get("TagSpecifications", []) if s.get("ResourceType") == "volume"]
    for mapping in mappings:
        ebs = mapping["Ebs"]
        params = {**ebs, "TagSpecifications": tags}
        one = Call("ec2", "RunInstances", params, call.account, call.region, call.at)
        snapshot = world.snapshot(one, ebs["SnapshotId"]) if ebs.get("SnapshotId") else None
        kms = wanted(world, one, bool(snapshot and snapshot.encrypted), snapshot.kms_key if snapshot else None)
        size = ebs.get("VolumeSize") or (snapshot.size if snapshot else 8)
        volume = volumes.new(
            world, one, zone=machine.zone, size=size, encryption=kms, tags=tagging.requested(one, "volume")
        )
        if snapshot:
            volume.snapshot_id, volume.held = snapshot.id, snapshot.held
        flag = ebs.get("DeleteOnTermination", True)
        place(Attachment(volume, machine, mapping["DeviceName"], call.at, "attached", flag))
    machine.turn += 1
    power.forbid(world, call, machine)
    power.enter(machine, "pending")
    turn = machine.turn
    world.later(call, machine.id, world.durations.start_s, lambda at: power.up_or_back(world, machine, turn, at))
    return machine


OPERATIONS = {"ec2:RunInstances": run}
