"""CreateVolume, DeleteVolume, DescribeVolumes."""

import functools
from typing import Any

from moto.ec2.models.availability_zones_and_regions import RegionsAndZonesBackend

from sealift.sandbox import kms, tokens
from sealift.sandbox.ec2 import bins, keys, room, shapes, tagging, tiers
from sealift.sandbox.ec2.encryption import Encryption, wanted
from sealift.sandbox.errors import ApiError
from sealift.sandbox.paging import Member, Seen, page_of, plain_values, rendered
from sealift.sandbox.state import Hydration, Snapshot, Volume
from sealift.sandbox.world import Call, World, iso

_PATHS = {
    "attachment.attach-time": "Attachments.AttachTime",
    "attachment.delete-on-termination": "Attachments.DeleteOnTermination",
    "attachment.device": "Attachments.Device",
    "attachment.instance-id": "Attachments.InstanceId",
    "attachment.status": "Attachments.State",
    "availability-zone": "AvailabilityZone",
    "availability-zone-id": "AvailabilityZoneId",
    "create-time": "CreateTime",
    "encrypted": "Encrypted",
    "fast-restored": "FastRestored",
    "multi-attach-enabled": "MultiAttachEnabled",
    "operator.managed": "Operator.Managed",
    "size": "Size",
    "snapshot-id": "SnapshotId",
    "source-volume-id": "SourceVolumeId",
    "status": "State",
    "volume-id": "VolumeId",
    "volume-type": "VolumeType",
}


def create(world: World, call: Call) -> dict[str, Any]:
    """CreateVolume: empty or from a completed snapshot; the key is checked after the answer (R-EBS-53)."""
    if made := tokens.remembered(world, call):
        return render(made_before(world, call, made), call.at)
    zone = _zone(call)
    snapshot = source(world, call)
    size, encryption = settled(world, call, snapshot)
    tags = tagging.requested(call, "volume")
    tagging.check(world, tags)
    volume = new(world, call, zone=zone, size=size, encryption=encryption, tags=tags)
    seconds = world.durations.volume_create_s
    if snapshot:
        seconds += restore(world, call, volume, snapshot)
    tokens.remember(world, call, volume.id)
    if encryption.why or keys.making(world, call, volume.id, encryption.key, snapshot):
        world.later(call, volume.id, world.durations.key_check_s, lambda at: vanish(world, volume))
    else:
        world.later(call, volume.id, seconds, lambda at: arrive(world, volume))
    return render(volume, call.at)


def settled(world: World, call: Call, snapshot: Snapshot | None) -> tuple[int, Encryption]:
    """Return the size and the encryption of a volume asked for, or refuse what cannot be."""
    params = call.params
    size = params.get("Size") or (snapshot.size if snapshot else None)
    if not size:
        raise ApiError("SB-VOL-01", "MissingParameter", "The request must contain the parameter size/snapshot")
    shapes.check(params, size)
    check_room(world, call, params.get("VolumeType", "gp2"), size, params.get("Iops") or 0)
    if snapshot and size < snapshot.size:
        message = "The size of a volume cannot be smaller than its snapshot size."
        raise ApiError("SB-VOL-01", "InvalidParameterValue", message)
    inherited = snapshot.kms_key if snapshot and snapshot.account == call.account else None
    encryption = wanted(world, call, snapshot.encrypted if snapshot else False, inherited)
    if snapshot:
        _check_restore(world, call, snapshot, encryption, size)
    elif params.get("VolumeInitializationRate"):
        message = "The parameter VolumeInitializationRate requires the parameter SnapshotId to be set."
        raise ApiError("SB-VOL-05", "InvalidParameterDependency", message)
    return size, encryption


def check_room(world: World, call: Call, kind: str, gib: int, iops: int, but: Volume | None = None) -> None:
    """Refuse what the account has no storage or IOPS left for: what is retained counts too (R-EBS-77).

    `but` is a volume that is to be `gib` and `iops` itself, and is not counted beside.
    """
    same = [v for v in world.here(call).volumes.values() if v.type == kind and v is not but]
    most = getattr(world.quotas, f"storage_tib_{kind}")
    if sum(v.size for v in same) + gib > most * 1024:
        message = f"You have exceeded your maximum {kind} storage limit of {most:g} TiB in this region."
        raise ApiError("R-EBS-77", "VolumeLimitExceeded", message)
    if kind not in shapes.PROVISIONED:
        return
    allowed = getattr(world.quotas, f"iops_{kind}")
    if sum(v.iops or 0 for v in same) + iops > allowed:
        message = f"You have exceeded your maximum {kind} IOPS limit of {allowed} in this region."
        raise ApiError("R-EBS-77", "MaxIOPSLimitExceeded", message)


def _zone(call: Call) -> str:
    zone = call.params.get("AvailabilityZone")
    zone_id = call.params.get("AvailabilityZoneId")
    names = {z.name: z.zone_id for z in RegionsAndZonesBackend.zones[call.region]}
    if not zone and zone_id:
        zone = next((n for n, i in names.items() if i == zone_id), zone_id)
    if zone not in names:
        raise ApiError("SB-VOL-07", "InvalidZone.NotFound", f"The zone '{zone}' does not exist.")
    return str(zone)


def zone_id_of(zone: str) -> str:
    """Return a zone's id, the same for all accounts of the box."""
    return _zone_ids()[zone]


def zones_of(region: str) -> list[str]:
    """Return the names of a Region's zones."""
    return [z.name for z in RegionsAndZonesBackend.zones[region]]


@functools.cache
def _zone_ids() -> dict[str, str]:
    return {z.name: z.zone_id for zones in RegionsAndZonesBackend.zones.values() for z in zones}


def source(world: World, call: Call) -> Snapshot | None:
    """Return the snapshot that a volume is to be made of, whole and in reach."""
    if not call.params.get("SnapshotId"):
        return None
    snapshot = world.shared(call, call.params["SnapshotId"]) or world.snapshot(call, call.params["SnapshotId"])
    check_completed(world, snapshot, call.at)
    return snapshot


def check_completed(world: World, snapshot: Snapshot, now: float) -> None:
    """Refuse to make a volume of a snapshot that is not whole, or out of reach."""
    if snapshot.state != "completed":
        message = f"Snapshot is in invalid state - {snapshot.state}"
        raise ApiError("SB-VOL-02", "IncorrectState", message)
    tiers.check(world, snapshot, now)


def _check_restore(world: World, call: Call, snapshot: Snapshot, encryption: Encryption, size: int) -> None:
    params = call.params
    big = size > 16_384 or (params.get("Iops") or 0) > 64_000
    if params.get("VolumeType") == "io2" and big and encryption.encrypted and not snapshot.encrypted:
        message = "An encrypted io2 Block Express volume cannot be created from an unencrypted snapshot."
        raise ApiError("R-EBS-09", "InvalidParameterCombination", message)
    rate = params.get("VolumeInitializationRate")
    if rate is None:
        return
    if not 100 <= rate <= 300:
        raise ApiError(
            "SB-VOL-05", "InvalidParameterValue", f"VolumeInitializationRate {rate} is not between 100 and 300."
        )
    used = sum(
        v.initialization_rate or 0
        for v in world.here(call).volumes.values()
        if v.hydration and call.at < v.hydration.end
    )
    if used + rate > world.quotas.initialization_mib_per_s:
        raise ApiError(
            "SB-VOL-05", "VolumeInitializationRateLimitExceeded", "The Region's initialization rate is used up."
        )


def restore(world: World, call: Call, volume: Volume, snapshot: Snapshot) -> float:
    """Fill a volume from a snapshot; return what that adds to `creating`."""
    rate = call.params.get("VolumeInitializationRate")
    volume.snapshot_id, volume.held, volume.initialization_rate = snapshot.id, snapshot.held, rate
    volume.product_codes = list(snapshot.product_codes)
    if volume.encrypted == snapshot.encrypted and volume.kms_key == snapshot.kms_key:
        volume.baseline = snapshot.held
    fast = None if rate else room.here(world, call).fast.get((snapshot.id, volume.zone))
    volume.fast_restored = fast is not None and fast.spend(call.at)
    takes = 0.0 if volume.fast_restored else world.durations.restore_hydration(volume.size, rate)
    kind = "provisioned-rate" if rate else "default"
    volume.hydration = Hydration(kind, call.at, call.at + takes, rate or 0)
    anew = volume.encrypted and not snapshot.encrypted
    return world.durations.volume_reencrypt_s_per_gib * volume.size if anew else 0.0


def new(
    world: World,
    call: Call,
    *,
    zone: str,
    size: int,
    encryption: Encryption,
    tags: dict[str, str],
    volume_id: str | None = None,
) -> Volume:
    """Enter a new volume, `creating`."""
    params, kind = call.params, call.params.get("VolumeType", "gp2")
    volume = Volume(
        id=volume_id or world.new_id("vol"),
        seq=world.next_seq(),
        account=call.account,
        region=call.region,
        zone=zone,
        size=size,
        type=kind,
        created=call.at,
        iops=shapes.iops(kind, size, params.get("Iops")),
        throughput=shapes.throughput(kind, params.get("Throughput")),
        encrypted=encryption.encrypted,
        kms_key=encryption.key,
        multi_attach=bool(params.get("MultiAttachEnabled")),
        visible=call.at + world.durations.visible_s,
    )
    world.here(call).volumes[volume.id] = volume
    if tags:
        tagging.book(call.account, call.region, volume.id).update(tags)
    return volume


def arrive(world: World, volume: Volume) -> None:
    """End `creating`: available, or gone where its key cannot be used by now (R-EBS-54)."""
    if volume.state != "creating":
        return
    if kms.unusable(volume.kms_key):
        vanish(world, volume)
    else:
        volume.state = "available"


def vanish(world: World, volume: Volume) -> None:
    """Take a volume out of all describes; its ClientToken is of no use from now on."""
    region = world.region(volume.account, volume.region)
    if region.volumes.pop(volume.id, None):
        volume.state = "deleted"
        region.dead[volume.id] = volume


def discard(world: World, volume: Volume, at: float) -> None:
    """Delete a volume that somebody wanted deleted: the Recycle Bin may keep it."""
    bins.drop(world, volume, at)
    vanish(world, volume)


def made_before(world: World, call: Call, volume_id: str) -> Volume:
    """Return the volume that a token made, or refuse the token of one that is gone."""
    volume = world.here(call).volumes.get(volume_id)
    if volume is None:
        raise tokens.deleted()
    return volume


def delete(world: World, call: Call) -> dict[str, Any]:
    """DeleteVolume: `deleting`, then gone."""
    volume = world.volume(call, call.params["VolumeId"])
    if volume.attachments:
        message = f"Volume {volume.id} is currently attached to {volume.attachments[0].machine.id}"
        raise ApiError("SB-VOL-03", "VolumeInUse", message)
    if volume.state not in ("available", "error"):
        raise ApiError("SB-VOL-03", "IncorrectState", f"Volume {volume.id} is {volume.state}")
    volume.state = "deleting"
    world.later(call, volume.id, world.durations.volume_delete_s, lambda at: discard(world, volume, at))
    return {}


def describe(world: World, call: Call) -> dict[str, Any]:
    """DescribeVolumes: by id (all must exist), by filter, by page."""

    def show(volume: Volume) -> Seen:
        return Seen(volume, _MEMBERS, call.at, world.overlays.get(volume.id))

    found = tagging.seen(world, call, tagging.searched(world, call, chosen(world, call)))
    page, more = page_of(found, show, call.params, _PATHS, "VolumeIds")
    return {"Volumes": page, **more}


def chosen(world: World, call: Call) -> list[Volume]:
    """Return the volumes a describe is about, narrowed early where a filter names plain ids."""
    if ids := call.params.get("VolumeIds"):
        return [world.volume(call, i) for i in ids]
    book = world.here(call).volumes
    if (ids := plain_values(call.params, "volume-id")) is None:
        ids = _ids_at(world, call)
    found = book.values() if ids is None else [book[i] for i in ids if i in book]
    return [v for v in found if v.visible <= call.at]


def _ids_at(world: World, call: Call) -> list[str] | None:
    """Return what may be attached to the instances that a filter names; None where none names any."""
    instances = plain_values(call.params, "attachment.instance-id")
    if instances is None:
        return None
    machines = world.here(call).machines
    there = [a.volume.id for i in instances if i in machines for a in machines[i].disks.values()]
    return list(dict.fromkeys([*there, *world.overlays]))


def render(volume: Volume, now: float) -> dict[str, Any]:
    """Return a volume as CreateVolume and DescribeVolumes show it."""
    return rendered(volume, _MEMBERS, now)


def _attachments(volume: Volume, now: float) -> list[dict[str, Any]]:
    return [
        {
            "VolumeId": volume.id,
            "InstanceId": a.machine.id,
            "Device": a.device,
            "State": a.state,
            "AttachTime": iso(a.time),
            "DeleteOnTermination": a.delete_on_termination,
            "EbsCardIndex": a.card,
        }
        for a in volume.attachments
    ]


_MEMBERS: dict[str, Member[Volume]] = {
    "VolumeId": lambda v, _: v.id,
    "Size": lambda v, _: v.size,
    "VolumeType": lambda v, _: v.type,
    "State": lambda v, _: v.state,
    "AvailabilityZone": lambda v, _: v.zone,
    "AvailabilityZoneId": lambda v, _: zone_id_of(v.zone),
    "CreateTime": lambda v, _: iso(v.created),
    "Encrypted": lambda v, _: v.encrypted,
    "KmsKeyId": lambda v, _: v.kms_key,
    "Iops": lambda v, _: v.iops,
    "Throughput": lambda v, _: v.throughput,
    "MultiAttachEnabled": lambda v, _: v.multi_attach,
    "SnapshotId": lambda v, _: v.snapshot_id or "",
    "SourceVolumeId": lambda v, _: v.source_volume,
    "FastRestored": lambda v, _: v.fast_restored or None,
    "VolumeInitializationRate": lambda v, _: v.initialization_rate,
    "Operator": lambda v, _: {"Managed": False},
    "Attachments": _attachments,
    "Tags": lambda v, _: tagging.shown(v.account, v.region, v.id),
}
"""What DescribeVolumes shows: a filter asks for one member without the others."""


OPERATIONS = {"ec2:CreateVolume": create, "ec2:DeleteVolume": delete, "ec2:DescribeVolumes": describe}
