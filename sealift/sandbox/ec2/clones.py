"""CopyVolumes: a point-in-time copy in the same zone, available in seconds, hydrated for hours."""

from typing import Any

from sealift.sandbox import tokens
from sealift.sandbox.ec2 import keys, shapes, tagging, volumes
from sealift.sandbox.ec2.encryption import Encryption, wanted
from sealift.sandbox.errors import ApiError
from sealift.sandbox.state import Hydration, Volume
from sealift.sandbox.world import Call, World

_KEY_CODES = {
    "NotFound": "InvalidKMSKey.NotFound",
    "InvalidState": "InvalidKMSKey.InvalidState",
    "InvalidKeyUsage": "InvalidKMSKey.InvalidKeyUsage",
}


def copy(world: World, call: Call) -> dict[str, Any]:
    """CopyVolumes: one source, one copy; gp2 unless told otherwise."""
    if made := tokens.remembered(world, call):
        return {"Volumes": [volumes.render(volumes.made_before(world, call, made), call.at)]}
    source = world.volume(call, call.params["SourceVolumeId"])
    size = call.params.get("Size") or source.size
    _check(world, call, source, size)
    kms = wanted(world, call, source.encrypted, source.kms_key)
    _check_key(kms)
    tags = tagging.requested(call, "volume")
    tagging.check(world, tags)
    clone_id = world.new_id("vol")
    if denied := keys.making(world, call, clone_id, kms.key, source):
        raise ApiError("SB-CPV-02", "InvalidKMSKey.NotFound", f"The KMS key {kms.key} is not accessible: {denied}.")
    clone = volumes.new(world, call, zone=source.zone, size=size, encryption=kms, tags=tags, volume_id=clone_id)
    clone.source_volume, clone.held = source.id, source.contents(call.at)
    clone.product_codes = list(source.product_codes)
    takes = world.durations.spread(world.durations.clone_hydration(size), world.rng)
    clone.hydration = Hydration("volume-copy", call.at, call.at + takes)
    tokens.remember(world, call, clone.id)
    world.later(call, clone.id, world.durations.clone_create_s, lambda at: volumes.arrive(world, clone))
    return {"Volumes": [volumes.render(clone, call.at)]}


def _check(world: World, call: Call, source: Volume, size: int) -> None:
    if source.state not in ("available", "in-use"):
        message = f"Volume '{source.id}' is in the '{source.state}' state."
        raise ApiError("SB-CPV-01", "IncorrectState", message)
    if source.modifications and source.modifications[-1].state(call.at) == "modifying":
        raise ApiError("SB-CPV-01", "IncorrectModificationState", f"Volume '{source.id}' is being modified.")
    if world.overlays.get(source.id, {}).get("OutpostArn"):
        raise ApiError("R-EBS-05", "UnsupportedOperation", f"Volume '{source.id}' is on an Outpost.")
    if size < source.size:
        message = f"The size of a volume copy cannot be smaller than its source ({source.size} GiB)."
        raise ApiError("SB-CPV-01", "InvalidParameterValue", message)
    shapes.check(call.params, size)
    volumes.check_room(world, call, call.params.get("VolumeType", "gp2"), size, call.params.get("Iops") or 0)
    under_way = list(world.here(call).copies_under_way(call.at))
    of_source = [c for c in under_way if source.id in (c.source_volume, c.id)]
    if len(of_source) >= world.quotas.volume_copies_per_source:
        message = f"A copy of or into {source.id} is still being initialized."
        raise ApiError("R-EBS-76", "CopyVolumesLimitExceeded", message)
    if len(under_way) >= world.quotas.volume_copies_per_region:
        raise ApiError("R-EBS-76", "CopyVolumesLimitExceeded", "Maximum number of in-progress volume copies exceeded.")


def _check_key(kms: Encryption) -> None:
    if kms.why:
        raise ApiError("SB-CPV-02", _KEY_CODES[kms.why], f"The KMS key {kms.key} cannot be used: {kms.why}.")


OPERATIONS = {"ec2:CopyVolumes": copy}
