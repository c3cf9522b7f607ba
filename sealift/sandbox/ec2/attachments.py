"""AttachVolume and DetachVolume."""

from typing import Any

from sealift.sandbox import kms
from sealift.sandbox.ec2 import keys
from sealift.sandbox.errors import ApiError
from sealift.sandbox.physics import writing
from sealift.sandbox.state import Attachment, Machine, Volume
from sealift.sandbox.world import Call, World, iso

_MOST_ATTACHMENTS = 16
"""Of a Multi-Attach volume."""


def attach(world: World, call: Call) -> dict[str, Any]:
    """AttachVolume: DeleteOnTermination is false, whatever the volume had before (R-EBS-21)."""
    volume = world.volume(call, call.params["VolumeId"])
    machine = world.machine(call, call.params["InstanceId"])
    device = call.params["Device"]
    _check_volume(volume, machine, call.at)
    _check_machine(machine, device)
    _check_kind(volume, machine, device)
    if len(machine.disks) >= world.quotas.volumes_per_instance:
        message = f"The instance '{machine.id}' has as many volumes attached as its type allows."
        raise ApiError("R-EBS-28", "AttachmentLimitExceeded", message)
    if kms.unusable(volume.kms_key) or keys.attaching(world, call, volume, machine):
        message = f"The customer master key for the encrypted volume {volume.id} cannot be accessed."
        raise ApiError("SB-KEY-01", "CustomerKeyHasBeenRevoked", message)
    attachment = Attachment(volume, machine, device, call.at, card=call.params.get("EbsCardIndex"))
    place(attachment)
    kms.attached(world, attachment, call.at)
    world.later(call, volume.id, world.durations.attach_s, lambda at: _attached(world, attachment, at))
    return _render(attachment)


def _check_volume(volume: Volume, machine: Machine, now: float) -> None:
    if volume.zone != machine.zone:
        message = f"The volume '{volume.id}' is not in the same availability zone as instance '{machine.id}'"
        raise ApiError("R-EBS-15", "InvalidVolume.ZoneMismatch", message)
    if any(a.machine is machine for a in volume.attachments) or (volume.attachments and not volume.multi_attach):
        raise ApiError("SB-ATT-01", "VolumeInUse", f"{volume.id} is already attached to an instance")
    if volume.state not in ("available", "in-use"):
        raise ApiError("SB-ATT-01", "IncorrectState", f"Volume '{volume.id}' is not 'available'.")
    if volume.modifications and volume.modifications[-1].state(now) == "modifying":
        message = f"Cannot attach volume {volume.id} when it is in modification state: MODIFYING"
        raise ApiError("SB-ATT-05", "OperationNotPermitted", message)


def _check_kind(volume: Volume, machine: Machine, device: str) -> None:
    if volume.product_codes and machine.state != "stopped":
        message = f"The instance '{machine.id}' is not in the 'stopped' state."
        raise ApiError("R-EBS-14", "IncorrectInstanceState", message)
    if volume.multi_attach and device == machine.root_device:
        raise ApiError("R-EBS-13", "InvalidParameterCombination", "A Multi-Attach volume cannot be a boot volume.")
    if len(volume.attachments) >= _MOST_ATTACHMENTS:
        raise ApiError("R-EBS-13", "AttachmentLimitExceeded", f"{volume.id} has as many attachments as it may.")


def _check_machine(machine: Machine, device: str) -> None:
    if machine.state not in ("running", "stopped"):
        raise ApiError("SB-ATT-03", "IncorrectState", f"Instance '{machine.id}' is not 'running'.")
    if device in machine.disks:
        message = f"Invalid value '{device}' for unixDevice. Attachment point {device} is already in use"
        raise ApiError("SB-ATT-02", "InvalidParameterValue", message)


def place(attachment: Attachment) -> None:
    """Enter an attachment on both its sides."""
    attachment.volume.attachments.append(attachment)
    attachment.volume.state = "in-use"
    attachment.machine.disks[attachment.device] = attachment


def _attached(world: World, attachment: Attachment, at: float) -> None:
    if attachment.state != "attaching":
        return
    attachment.state = "attached"
    if attachment.machine.running_since is not None:
        writing.begin(world, attachment, at)


def detach(world: World, call: Call) -> dict[str, Any]:
    """DetachVolume: a data volume leaves a running instance as it is; a root volume does not (R-EBS-23)."""
    volume = world.volume(call, call.params["VolumeId"])
    attachment = _the_attachment(call, volume)
    machine = attachment.machine
    if attachment.device == machine.root_device and machine.state not in ("stopped", "terminated"):
        message = f"Unable to detach root volume '{volume.id}' from instance '{machine.id}'"
        raise ApiError("R-EBS-23", "IncorrectState", message)
    _check_leaving(world, volume, machine)
    if attachment.state == "detaching" and call.params.get("Force"):
        remove(world, attachment)
        return _render(attachment)
    if attachment.state == "detaching":
        raise ApiError("SB-ATT-04", "IncorrectState", f"Volume '{volume.id}' is in the 'detaching' state.")
    writing.end(world, attachment, call.at)
    attachment.state = "detaching"
    world.later(call, volume.id, world.durations.detach_s, lambda at: remove(world, attachment))
    return _render(attachment)


def _check_leaving(world: World, volume: Volume, machine: Machine) -> None:
    if managed(world, volume.id) or managed(world, machine.id):
        message = f"The volume '{volume.id}' is attached to a managed resource."
        raise ApiError("R-EBS-04", "UnsupportedOperation", message)
    if volume.product_codes and machine.state not in ("stopped", "terminated"):
        message = f"The instance '{machine.id}' is not in the 'stopped' state."
        raise ApiError("R-EBS-14", "IncorrectInstanceState", message)


def managed(world: World, resource: str) -> bool:
    """Say whether a test shows something as managed by a service."""
    return bool(world.overlays.get(resource, {}).get("Operator", {}).get("Managed"))


def _the_attachment(call: Call, volume: Volume) -> Attachment:
    if not volume.attachments:
        message = f"Volume '{volume.id}' is in the '{volume.state}' state."
        raise ApiError("SB-ATT-04", "IncorrectState", message)
    instance, device = call.params.get("InstanceId"), call.params.get("Device")
    if instance is None and len(volume.attachments) > 1:
        message = "InstanceId is required for a volume with several attachments."
        raise ApiError("SB-ATT-04", "InvalidParameterCombination", message)
    for a in volume.attachments:
        if instance in (None, a.machine.id) and device in (None, a.device):
            return a
    message = f"Volume '{volume.id}' is not attached to instance '{instance}' as device '{device}'."
    raise ApiError("SB-ATT-04", "InvalidAttachment.NotFound", message)


def remove(world: World, attachment: Attachment) -> None:
    """Take an attachment off both its sides."""
    volume, machine = attachment.volume, attachment.machine
    if attachment not in volume.attachments:
        return
    volume.attachments.remove(attachment)
    kms.detached(world, attachment)
    machine.disks.pop(attachment.device, None)
    if not volume.attachments and volume.state == "in-use":
        volume.state = "available"


def _render(attachment: Attachment) -> dict[str, Any]:
    return {
        "VolumeId": attachment.volume.id,
        "InstanceId": attachment.machine.id,
        "Device": attachment.device,
        "State": attachment.state,
        "AttachTime": iso(attachment.time),
        "DeleteOnTermination": attachment.delete_on_termination,
        "EbsCardIndex": attachment.card,
    }


OPERATIONS = {"ec2:AttachVolume": attach, "ec2:DetachVolume": detach}
