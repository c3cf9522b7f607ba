"""The archive tier of snapshots: out of reach until restored, which takes days."""

from typing import Any

from sealift.sandbox.ec2 import room, tagging
from sealift.sandbox.ec2.room import Tier
from sealift.sandbox.errors import ApiError
from sealift.sandbox.paging import filtered, paged
from sealift.sandbox.state import Snapshot
from sealift.sandbox.world import Call, World, iso

_DAY = 86_400.0
_PATHS = {
    "snapshot-id": "SnapshotId",
    "volume-id": "VolumeId",
    "last-tiering-operation": "LastTieringOperationStatus",
}


def archive(world: World, call: Call) -> dict[str, Any]:
    """ModifySnapshotTier: a completed snapshot, into the archive."""
    shot = world.snapshot(call, call.params["SnapshotId"])
    if call.params.get("StorageTier", "archive") != "archive":
        raise ApiError("R-EBS-16", "InvalidParameterValue", "StorageTier must be archive.")
    if shot.state != "completed" or tier_of(world, shot, call.at) == "archive" or _moving(world, shot, call.at):
        raise ApiError("R-EBS-16", "IncorrectState", f"Snapshot {shot.id} cannot be archived now.")
    seconds = world.takes(call, shot.id, world.durations.archive_s)
    room.here(world, call).tiers[shot.id] = Tier("archival", call.at, call.at + seconds, True)
    return {"SnapshotId": shot.id, "TieringStartTime": iso(call.at)}


def restore(world: World, call: Call) -> dict[str, Any]:
    """RestoreSnapshotTier: for some days, or for good."""
    shot = world.snapshot(call, call.params["SnapshotId"])
    days, permanent = call.params.get("TemporaryRestoreDays"), bool(call.params.get("PermanentRestore"))
    if (days is None) != permanent:
        message = "Either TemporaryRestoreDays or PermanentRestore is needed."
        raise ApiError("R-EBS-16", "InvalidParameterCombination", message)
    if tier_of(world, shot, call.at) != "archive" or _moving(world, shot, call.at):
        raise ApiError("R-EBS-16", "IncorrectState", f"Snapshot {shot.id} is not archived.")
    seconds = world.takes(call, shot.id, world.durations.unarchive_s)
    done = call.at + seconds
    kind = "permanent-restore" if permanent else "temporary-restore"
    back = None if days is None else done + days * _DAY
    room.here(world, call).tiers[shot.id] = Tier(kind, call.at, done, True, back)
    hours = int(seconds // 3600)
    reply = {"SnapshotId": shot.id, "RestoreStartTime": iso(call.at), "IsPermanentRestore": permanent}
    return {**reply, "RestoreDuration": days if days is not None else hours}


def _moving(world: World, shot: Snapshot, now: float) -> bool:
    tier = room.room(world, shot.account, shot.region).tiers.get(shot.id)
    return tier is not None and not tier.settled(now)


def tier_of(world: World, shot: Snapshot, now: float) -> str:
    """Say in which tier a snapshot is; one on its way into the archive is out of reach already."""
    tier = room.room(world, shot.account, shot.region).tiers.get(shot.id)
    return "archive" if tier and tier.archive(now) else "standard"


def check(world: World, shot: Snapshot, now: float) -> None:
    """Refuse to copy or to make a volume of what is archived (R-EBS-16)."""
    if tier_of(world, shot, now) == "archive":
        raise ApiError("R-EBS-16", "IncorrectState", f"Snapshot {shot.id} is in the archive tier.")


def describe(world: World, call: Call) -> dict[str, Any]:
    """DescribeSnapshotTierStatus."""
    rendered = [_render(world, s, call.at) for s in world.here(call).snapshots.values() if s.visible <= call.at]
    page, more = paged(filtered(rendered, call.params, _PATHS), call.params, "-")
    return {"SnapshotTierStatuses": page, **more}


def _render(world: World, shot: Snapshot, now: float) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "SnapshotId": shot.id,
        "VolumeId": shot.volume_id,
        "Status": shot.state,
        "OwnerId": shot.account,
        "StorageTier": tier_of(world, shot, now),
        "Tags": tagging.shown(shot.account, shot.region, shot.id),
    }
    tier = room.room(world, shot.account, shot.region).tiers.get(shot.id)
    if tier is None:
        return shown
    gone, whole = now - tier.started, tier.done - tier.started
    done = tier.settled(now)
    shown |= {
        "LastTieringStartTime": iso(tier.started),
        "LastTieringProgress": 100 if done else int(100 * gone / whole),
        "LastTieringOperationStatus": f"{tier.moving}-{'completed' if done else 'in-progress'}",
    }
    if done and tier.moving == "archival":
        shown["ArchivalCompleteTime"] = iso(tier.done)
    if done and tier.back is not None:
        shown["RestoreExpiryTime"] = iso(tier.back)
    return shown


OPERATIONS = {
    "ec2:ModifySnapshotTier": archive,
    "ec2:RestoreSnapshotTier": restore,
    "ec2:DescribeSnapshotTierStatus": describe,
}
