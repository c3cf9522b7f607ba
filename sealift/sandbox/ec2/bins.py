"""The Recycle Bin, as EC2 sees it: what is deleted and matches a rule stays there for a time, and can come back."""

from typing import Any

from sealift.sandbox.ec2 import room, tagging
from sealift.sandbox.ec2.room import Kept, Retention
from sealift.sandbox.errors import ApiError
from sealift.sandbox.paging import paged
from sealift.sandbox.physics.agenda import NEARLY
from sealift.sandbox.state import Snapshot, Volume
from sealift.sandbox.world import Call, World, iso

_DAY = 86_400.0


def drop(world: World, thing: Snapshot | Volume, at: float) -> bool:
    """Keep what was deleted, where a rule says so; the longest time among the rules counts (SB-BIN-01)."""
    here = room.room(world, thing.account, thing.region)
    kind = "EBS_SNAPSHOT" if isinstance(thing, Snapshot) else "EBS_VOLUME"
    tags = {t["Key"]: t["Value"] for t in tagging.shown(thing.account, thing.region, thing.id)}
    days = [r.days for r in here.rules.values() if r.kind == kind and _meets(r, tags)]
    if days:
        here.kept[thing.id] = Kept(thing, at, at + max(days) * _DAY)
    return bool(days)


def _meets(rule: Retention, tags: dict[str, str]) -> bool:
    if rule.tags:
        return any(_has(t, tags) for t in rule.tags)
    return not any(_has(t, tags) for t in rule.excluded)


def _has(wanted: dict[str, str], tags: dict[str, str]) -> bool:
    key = wanted["ResourceTagKey"]
    return key in tags and wanted.get("ResourceTagValue", tags[key]) == tags[key]


def list_snapshots(world: World, call: Call) -> dict[str, Any]:
    """ListSnapshotsInRecycleBin: deleted and not yet gone."""
    found = [_snapshot(k) for k in _kept(world, call, Snapshot, call.params.get("SnapshotIds"))]
    page, more = paged(found, call.params, "SnapshotIds")
    return {"Snapshots": page, **more}


def list_volumes(world: World, call: Call) -> dict[str, Any]:
    """ListVolumesInRecycleBin."""
    found = [_volume(k) for k in _kept(world, call, Volume, call.params.get("VolumeIds"))]
    page, more = paged(found, call.params, "VolumeIds", most=500)
    return {"Volumes": page, **more}


def _kept(world: World, call: Call, kind: type, ids: list[str] | None) -> list[Kept]:
    book = room.here(world, call).kept
    if ids:
        return [_one(world, call, kind, i) for i in ids]
    return [k for k in book.values() if isinstance(k.thing, kind) and call.at + NEARLY < k.until]


def _one(world: World, call: Call, kind: type, wanted: str) -> Kept:
    kept = room.here(world, call).kept.get(wanted)
    if kept and isinstance(kept.thing, kind) and call.at + NEARLY < kept.until:
        return kept
    noun = "Snapshot" if kind is Snapshot else "Volume"
    message = f"The {noun.lower()} '{wanted}' is not in the Recycle Bin."
    raise ApiError("SB-BIN-02", f"Invalid{noun}.NotFound", message)


def _snapshot(kept: Kept) -> dict[str, Any]:
    shot: Any = kept.thing
    return {
        "SnapshotId": shot.id,
        "RecycleBinEnterTime": iso(kept.entered),
        "RecycleBinExitTime": iso(kept.until),
        "Description": shot.description,
        "VolumeId": shot.volume_id,
    }


def _volume(kept: Kept) -> dict[str, Any]:
    volume: Any = kept.thing
    shown = {
        "VolumeId": volume.id,
        "VolumeType": volume.type,
        "State": "deleted",
        "Size": volume.size,
        "Iops": volume.iops,
        "Throughput": volume.throughput,
        "AvailabilityZone": volume.zone,
        "SourceVolumeId": volume.source_volume,
        "SnapshotId": volume.snapshot_id,
        "Operator": {"Managed": False},
        "CreateTime": iso(volume.created),
        "RecycleBinEnterTime": iso(kept.entered),
        "RecycleBinExitTime": iso(kept.until),
    }
    return {k: v for k, v in shown.items() if v is not None}


def restore_snapshot(world: World, call: Call) -> dict[str, Any]:
    """RestoreSnapshotFromRecycleBin: as it was, tags and sharing included."""
    shot: Any = _one(world, call, Snapshot, call.params["SnapshotId"]).thing
    del room.here(world, call).kept[shot.id]
    world.here(call).snapshots[shot.id] = shot
    call.resource = shot.id
    return {
        "SnapshotId": shot.id,
        "VolumeId": shot.volume_id,
        "VolumeSize": shot.size,
        "State": shot.state,
        "Progress": "100%",
        "StartTime": iso(shot.started),
        "OwnerId": shot.account,
        "Description": shot.description,
        "Encrypted": shot.encrypted,
    }


def restore_volume(world: World, call: Call) -> dict[str, Any]:
    """RestoreVolumeFromRecycleBin: available, attached to nothing."""
    volume: Any = _one(world, call, Volume, call.params["VolumeId"]).thing
    here = world.here(call)
    del room.here(world, call).kept[volume.id]
    here.dead.pop(volume.id, None)
    here.volumes[volume.id] = volume
    volume.state, call.resource = "available", volume.id
    return {"Return": True}


OPERATIONS = {
    "ec2:ListSnapshotsInRecycleBin": list_snapshots,
    "ec2:ListVolumesInRecycleBin": list_volumes,
    "ec2:RestoreSnapshotFromRecycleBin": restore_snapshot,
    "ec2:RestoreVolumeFromRecycleBin": restore_volume,
}
