"""AMIs, as far as disks go: which snapshots they name, and that they hold them fast."""

from typing import Any

from sealift.sandbox.ec2 import snapshots, tagging
from sealift.sandbox.errors import ApiError
from sealift.sandbox.paging import filtered, paged
from sealift.sandbox.state import Image
from sealift.sandbox.world import Call, World, iso

_PATHS = {
    "block-device-mapping.encrypted": "BlockDeviceMappings.Ebs.Encrypted",
    "block-device-mapping.snapshot-id": "BlockDeviceMappings.Ebs.SnapshotId",
    "image-id": "ImageId",
    "name": "Name",
    "owner-id": "OwnerId",
    "root-device-name": "RootDeviceName",
    "state": "State",
}


def register(world: World, call: Call) -> dict[str, Any]:
    """RegisterImage: an image of snapshots that exist; Encrypted is not taken (it follows the snapshot)."""
    mappings = call.params.get("BlockDeviceMappings", [])
    tags = tagging.asked(world, call, "image")
    for mapping in mappings:
        ebs = mapping.get("Ebs", {})
        if "Encrypted" in ebs and "SnapshotId" in ebs:
            raise ApiError("SB-IMG-01", "InvalidParameterCombination", "Encrypted follows the snapshot.")
        if "SnapshotId" in ebs:
            shot = world.snapshot(call, ebs["SnapshotId"])
            ebs.update(VolumeSize=ebs.get("VolumeSize", shot.size), Encrypted=shot.encrypted)
    image = enter(world, call, mappings, call.params.get("RootDeviceName", "/dev/xvda"))
    tagging.book(call.account, call.region, image.id).update(tags)
    return {"ImageId": image.id}


def create(world: World, call: Call) -> dict[str, Any]:
    """CreateImage: a snapshot of every disk (the reboot is left out)."""
    machine = world.machine(call, call.params["InstanceId"])
    for mapping in call.params.get("BlockDeviceMappings", []):
        disk = machine.disks.get(mapping["DeviceName"])
        if disk and mapping.get("Ebs", {}).get("Encrypted") and not disk.volume.encrypted:
            message = "CreateImage does not change the encryption of a volume: copy the image."
            raise ApiError("R-EBS-80", "InvalidParameterCombination", message)
    tags, its = tagging.asked(world, call, "image"), tagging.asked(world, call, "snapshot")
    snapshots.check(world, call, [a.volume for a in machine.disks.values()])
    mappings = []
    for device, attachment in machine.disks.items():
        volume = attachment.volume
        shot = snapshots.shoot(world, call, volume, its)
        ebs = {
            "SnapshotId": shot.id,
            "VolumeSize": volume.size,
            "VolumeType": volume.type,
            "Encrypted": volume.encrypted,
            "DeleteOnTermination": attachment.delete_on_termination,
        }
        mappings.append({"DeviceName": device, "Ebs": ebs})
    image = enter(world, call, mappings, machine.root_device)
    tagging.book(call.account, call.region, image.id).update(tags)
    return {"ImageId": image.id}


def state_of(world: World, call: Call, image: Image) -> str:
    """Say how far an image has come: as far as the last of its snapshots (SB-IMG-02)."""
    book = world.here(call).snapshots
    states = {book[s].state for s in image.snapshot_ids() if s in book}
    return "failed" if "error" in states else "pending" if "pending" in states else "available"


def enter(world: World, call: Call, mappings: list[dict[str, Any]], root: str) -> Image:
    """Enter an image under the name that the call gives it."""
    image = Image(world.new_id("ami"), world.next_seq(), call.params["Name"], call.at, root, mappings)
    image.visible = call.at + world.durations.visible_s
    image.description = call.params.get("Description", "")
    world.here(call).images[image.id] = image
    call.resource = image.id
    return image


def deregister(world: World, call: Call) -> dict[str, Any]:
    """DeregisterImage: its snapshots stay, and may be deleted from now on."""
    find(world, call, call.params["ImageId"])
    del world.here(call).images[call.params["ImageId"]]
    return {"Return": True}


def find(world: World, call: Call, image_id: str) -> Image:
    """Find an image of the caller's, or refuse."""
    image = world.here(call).images.get(image_id)
    if image is None or image.visible > call.at:
        raise ApiError("SB-VOL-06", "InvalidAMIID.NotFound", f"The image id '[{image_id}]' does not exist")
    return image


def describe(world: World, call: Call) -> dict[str, Any]:
    """DescribeImages: the account's own; there is no public image in the box."""
    ids = call.params.get("ImageIds")
    images = [find(world, call, i) for i in ids] if ids else seen(world, call)
    page, more = paged(
        filtered([_render(world, call, i) for i in images], call.params, _PATHS), call.params, "ImageIds"
    )
    return {"Images": page, **more}


def seen(world: World, call: Call) -> list[Image]:
    """Return the images that a describe knows of by now (SB-API-03)."""
    return [i for i in world.here(call).images.values() if i.visible <= call.at]


def _render(world: World, call: Call, image: Image) -> dict[str, Any]:
    return {
        "ImageId": image.id,
        "Name": image.name,
        "Description": image.description,
        "State": state_of(world, call, image),
        "OwnerId": call.account,
        "CreationDate": f"{iso(image.created):%Y-%m-%dT%H:%M:%S.000Z}",
        "RootDeviceName": image.root_device,
        "RootDeviceType": "ebs",
        "VirtualizationType": "hvm",
        "Architecture": "x86_64",
        "ImageType": "machine",
        "Public": False,
        "BlockDeviceMappings": image.mappings,
        "Tags": tagging.shown(call.account, call.region, image.id),
    }


OPERATIONS = {
    "ec2:RegisterImage": register,
    "ec2:CreateImage": create,
    "ec2:DeregisterImage": deregister,
    "ec2:DescribeImages": describe,
}
