"""CreateSnapshot(s), CopySnapshot, DeleteSnapshot, DescribeSnapshots and the sharing attribute."""

from collections.abc import Sequence
from typing import Any

from sealift.sandbox import kms
from sealift.sandbox.ec2 import bins, fast_restores, keys, locks, room, shapes, tagging, tiers
from sealift.sandbox.ec2.encryption import wanted
from sealift.sandbox.errors import ApiError
from sealift.sandbox.paging import Member, Seen, page_of, rendered
from sealift.sandbox.physics.agenda import NEARLY
from sealift.sandbox.physics.contents import Contents
from sealift.sandbox.physics.writing import changed_mib
from sealift.sandbox.state import Snapshot, Volume
from sealift.sandbox.world import Call, World, iso

COPIED_FROM = "vol-ffffffff"
_ROUNDING = 1e-6
_MOST_EXCLUDED = 40

_PATHS = {
    "description": "Description",
    "encrypted": "Encrypted",
    "owner-id": "OwnerId",
    "progress": "Progress",
    "snapshot-id": "SnapshotId",
    "start-time": "StartTime",
    "status": "State",
    "storage-tier": "StorageTier",
    "volume-id": "VolumeId",
    "volume-size": "VolumeSize",
}


def create(world: World, call: Call) -> dict[str, Any]:
    """CreateSnapshot: holds what was on the volume at the request; takes as long as the changed blocks need."""
    volume = world.volume(call, call.params["VolumeId"])
    check(world, call, [volume])
    tags = tagging.requested(call, "snapshot")
    tagging.check(world, tags)
    return render(shoot(world, call, volume, tags), call.at)


def create_many(world: World, call: Call) -> dict[str, Any]:
    """CreateSnapshots: all volumes of an instance at one moment."""
    spec = call.params.get("InstanceSpecification", {})
    machine = world.machine(call, spec["InstanceId"])
    left_out = set(spec.get("ExcludeDataVolumeIds", []))
    root = machine.disks.get(machine.root_device)
    if len(left_out) > _MOST_EXCLUDED or (root and root.volume.id in left_out):
        message = f"ExcludeDataVolumeIds takes up to {_MOST_EXCLUDED} data volumes, and no root volume."
        raise ApiError("SB-SNP-06", "InvalidParameterValue", message)
    chosen = [
        d.volume
        for d in machine.disks.values()
        if d.volume.id not in left_out and not (spec.get("ExcludeBootVolume") and d.device == machine.root_device)
    ]
    check(world, call, chosen)
    tags = tagging.requested(call, "snapshot")
    tagging.check(world, tags)
    shots = []
    for volume in chosen:
        own = tagging.book(volume.account, volume.region, volume.id)
        copied = own if call.params.get("CopyTagsFromSource") == "volume" else {}
        copied = {k: v for k, v in copied.items() if not k.startswith("aws:")}
        shots.append(shoot(world, call, volume, {**copied, **tags}))
    return {"Snapshots": [render(s, call.at) for s in shots]}


def check(world: World, call: Call, chosen: Sequence[Volume]) -> None:
    """Refuse snapshots of these volumes where there are too many of one volume, or of the account."""
    for volume in chosen:
        _check_rate(world, call, volume)
    _check_account(world, call, len(chosen))


def _check_account(world: World, call: Call, more: int) -> None:
    book, quotas = world.here(call).snapshots.values(), world.quotas
    if len(book) + more > quotas.snapshots:
        raise ApiError("SB-SNP-07", "SnapshotLimitExceeded", f"Maximum of {quotas.snapshots} snapshots exceeded.")
    pending = sum(s.state == "pending" for s in book)
    if pending + len(_dying(world, call)) + more > quotas.pending_snapshots:
        message = f"Maximum of {quotas.pending_snapshots} pending snapshots exceeded."
        raise ApiError("SB-SNP-07", "PendingSnapshotLimitExceeded", message)


def _dying(world: World, call: Call) -> list[str]:
    """Return the volumes of snapshots that were deleted while pending, and count until they would have been whole."""
    return [volume for volume, until in room.here(world, call).dying if call.at + NEARLY < until]


def _check_rate(world: World, call: Call, volume: Volume) -> None:
    if volume.state not in ("available", "in-use"):
        raise ApiError("SB-SNP-01", "IncorrectState", f"Volume '{volume.id}' is in the '{volume.state}' state.")
    quotas = world.quotas
    hdd = volume.type in shapes.HDD
    most = quotas.pending_snapshots_per_hdd_volume if hdd else quotas.pending_snapshots_per_volume
    here = world.here(call)
    pending = [s for s in here.snapshots.values() if s.volume_id == volume.id and s.state == "pending"]
    if len(pending) + _dying(world, call).count(volume.id) >= most:
        message = f"Maximum allowed in-progress snapshots ({most}) for volume {volume.id} exceeded."
        raise ApiError("R-EBS-74", "ConcurrentSnapshotLimitExceeded", message)
    if call.at - volume.last_snapshot < quotas.seconds_between_snapshots - NEARLY:
        message = "The maximum per volume CreateSnapshot request rate has been exceeded."
        raise ApiError("R-EBS-74", "SnapshotCreationPerVolumeRateExceeded", message)


def shoot(world: World, call: Call, volume: Volume, tags: dict[str, str]) -> Snapshot:
    """Take a snapshot of what is on a volume now."""
    seconds = world.durations.snapshot(changed_mib(world, volume, _base(world, volume), call.at))
    pending = [
        s.ready for s in world.here(call).snapshots.values() if s.volume_id == volume.id and s.state == "pending"
    ]
    seconds = max([seconds, *(ready - call.at for ready in pending)])  # SB-SNP-03
    shot = _new(world, call, volume.id, volume.size)
    shot.held, shot.lineage = volume.contents(call.at), volume.id
    shot.encrypted, shot.kms_key = volume.encrypted, volume.kms_key
    shot.product_codes = list(volume.product_codes)
    volume.baseline, volume.last_snapshot = shot.held, call.at
    tagging.book(call.account, call.region, shot.id).update(tags)
    shot.ready = world.later(call, shot.id, seconds, lambda at: _complete(shot))
    return shot


def _base(world: World, volume: Volume) -> Contents | None:
    """Return what the next snapshot need not move: what the last one holds that is still there; None if none is.

    A volume's own snapshots keep what they need when others go. Without any, the snapshot that it was made of counts.
    """
    book = world.region(volume.account, volume.region).snapshots
    own = [s for s in book.values() if s.volume_id == volume.id and s.state != "error"]
    if own:
        return max(own, key=lambda s: s.seq).held
    return volume.baseline if volume.snapshot_id in book else None


def _new(world: World, call: Call, volume_id: str, size: int) -> Snapshot:
    shot = Snapshot(
        id=world.new_id("snap"),
        seq=world.next_seq(),
        account=call.account,
        region=call.region,
        volume_id=volume_id,
        size=size,
        started=call.at,
        ready=call.at,
        description=call.params.get("Description", ""),
        visible=call.at + world.durations.visible_s,
    )
    world.here(call).snapshots[shot.id] = shot
    return shot


def _complete(shot: Snapshot, bad: str | None = None) -> None:
    if shot.state != "pending":
        return
    if shot.is_copy and (bad or kms.unusable(shot.kms_key)):
        shot.state, shot.message = "error", "Given key ID is not accessible"
    else:
        shot.state = "completed"


def copy(world: World, call: Call) -> dict[str, Any]:
    """CopySnapshot: into the Region asked, full unless the conditions for less hold; key checked later (R-EBS-53)."""
    source = _copyable(world, call)
    if call.params.get("Encrypted") is False:
        raise ApiError("R-EBS-52", "InvalidParameterValue", "Encrypted cannot be set to false.")
    minutes = call.params.get("CompletionDurationMinutes", 15)
    if not 15 <= minutes <= 2880 or minutes % 15:
        raise ApiError("SB-SNP-04", "InvalidParameterValue", f"CompletionDurationMinutes {minutes} is not allowed.")
    own = source.region == call.region and source.account == call.account
    enc = wanted(world, call, source.encrypted, source.kms_key if own else None)
    under_way = [s for s in world.here(call).snapshots.values() if s.is_copy and s.state == "pending"]
    if len(under_way) >= world.quotas.snapshot_copies_per_destination:
        raise ApiError("R-EBS-75", "ResourceLimitExceeded", "Too many snapshot copies in progress.")
    _check_account(world, call, 1)
    tags = tagging.requested(call, "snapshot")
    tagging.check(world, tags)
    earlier = world.here(call).copied.setdefault((source.lineage, enc.key), [])
    moved = _moved_mib(world, call, source, enc.encrypted, earlier)
    shot = _new(world, call, COPIED_FROM, source.size)
    shot.is_copy, shot.held, shot.lineage = True, source.held, source.lineage
    shot.encrypted, shot.kms_key = enc.encrypted, enc.key
    shot.product_codes = list(source.product_codes)
    earlier.append(shot)
    tagging.book(call.account, call.region, shot.id).update(tags)
    bad = enc.why or keys.making(world, call, shot.id, enc.key, source)
    seconds = world.durations.key_check_s if bad else _copy_seconds(world, call, moved)
    shot.ready = world.later(call, shot.id, seconds, lambda at: _complete(shot, bad))
    return {"SnapshotId": shot.id, "Tags": tagging.shown(call.account, call.region, shot.id)}


def _copy_seconds(world: World, call: Call, mib: float) -> float:
    minutes = call.params.get("CompletionDurationMinutes")
    return max(60.0 * minutes, mib / 500) if minutes else world.durations.copy(mib)


def _copyable(world: World, call: Call) -> Snapshot:
    region = call.params.get("SourceRegion", call.region)
    wanted_id = call.params["SourceSnapshotId"]
    source = world.region(call.account, region).snapshots.get(wanted_id) or world.shared(call, wanted_id, region)
    if source is None or source.visible > call.at:
        raise ApiError("SB-VOL-06", "InvalidSnapshot.NotFound", f"The snapshot '{wanted_id}' does not exist.")
    if source.state != "completed":
        raise ApiError("SB-SNP-01", "IncorrectState", f"Snapshot {source.id} is in the '{source.state}' state.")
    tiers.check(world, source, call.at)
    if world.overlays.get(source.id, {}).get("OutpostArn"):
        raise ApiError("R-EBS-05", "UnsupportedOperation", f"Snapshot {source.id} is on an Outpost.")
    return source


def _moved_mib(world: World, call: Call, source: Snapshot, encrypted: bool, earlier: list[Snapshot]) -> float:
    """Return what a copy moves: all, unless the last copy of this lineage under the same key is still there."""
    base, whole = next((c for c in reversed(earlier) if c.state != "error"), None), source.size * 1024.0
    if base is None or base.id not in world.here(call).snapshots or encrypted != source.encrypted:
        return whole
    if tiers.tier_of(world, base, call.at) == "archive":
        return whole
    return min(whole, source.held.minus(base.held).mib(world.rates))


def delete(world: World, call: Call) -> dict[str, Any]:
    """DeleteSnapshot: at once; refused while an AMI uses it or it is locked; the Recycle Bin may keep it."""
    shot = world.snapshot(call, call.params["SnapshotId"])
    locks.check(world, call, shot)
    for image in world.here(call).images.values():
        if shot.id in image.snapshot_ids():
            message = f"The snapshot {shot.id} is currently in use by {image.id}"
            raise ApiError("R-EBS-78", "InvalidSnapshot.InUse", message)
    del world.here(call).snapshots[shot.id]
    fast_restores.forget(world, shot)
    if shot.state == "pending":
        room.here(world, call).dying.append((shot.volume_id, shot.ready))
    else:
        bins.drop(world, shot, call.at)
    call.resource = shot.id
    return {}


def describe(world: World, call: Call) -> dict[str, Any]:
    """DescribeSnapshots: the caller's, and those shared with it unless OwnerIds says `self`."""
    members = {**_MEMBERS, **_tier(world)}

    def show(shot: Snapshot) -> Seen:
        return Seen(shot, members, call.at, world.overlays.get(shot.id))

    found = tagging.searched(world, call, _chosen(world, call))
    page, more = page_of(found, show, call.params, _PATHS, "SnapshotIds")
    return {"Snapshots": page, **more}


def _chosen(world: World, call: Call) -> list[Snapshot]:
    owners = [call.account if o == "self" else o for o in call.params.get("OwnerIds", [])]
    mine = [s for s in world.here(call).snapshots.values() if s.visible <= call.at]
    foreign = [
        s
        for (account, name), books in world.regions.items()
        if name == call.region and account != call.account
        for s in books.snapshots.values()
        if call.account in s.shared_with or ("all" in s.groups and books.public_snapshots != "block-all-sharing")
    ]
    known = {s.id: s for s in (*mine, *foreign) if not owners or s.account in owners}
    ids = call.params.get("SnapshotIds")
    if not ids:
        return list(known.values())
    for missing in (i for i in ids if i not in known):
        world.snapshot(call, missing)
    return [known[i] for i in ids if i in known]


def _tier(world: World) -> dict[str, Member[Snapshot]]:
    """Return what only a describe shows: the tier, and until when a restored snapshot is back."""

    def back(shot: Snapshot, _: float) -> Any:
        tier = room.room(world, shot.account, shot.region).tiers.get(shot.id)
        return None if tier is None or tier.back is None else iso(tier.back)

    return {"StorageTier": lambda s, now: tiers.tier_of(world, s, now), "RestoreExpiryTime": back}


def render(shot: Snapshot, now: float) -> dict[str, Any]:
    """Return a snapshot as CreateSnapshot and DescribeSnapshots show it."""
    return rendered(shot, _MEMBERS, now)


def _progress(shot: Snapshot, now: float) -> str:
    if shot.state == "completed":
        return "100%"
    if shot.ready <= shot.started:
        return "0%"
    return f"{min(99, int(100 * (now - shot.started) / (shot.ready - shot.started) + _ROUNDING))}%"


_MEMBERS: dict[str, Member[Snapshot]] = {
    "SnapshotId": lambda s, _: s.id,
    "VolumeId": lambda s, _: s.volume_id,
    "VolumeSize": lambda s, _: s.size,
    "State": lambda s, _: s.state,
    "StateMessage": lambda s, _: s.message,
    "Progress": _progress,
    "StartTime": lambda s, _: iso(s.started),
    "CompletionTime": lambda s, _: iso(s.ready) if s.state == "completed" else None,
    "OwnerId": lambda s, _: s.account,
    "Description": lambda s, _: s.description,
    "Encrypted": lambda s, _: s.encrypted,
    "KmsKeyId": lambda s, _: s.kms_key,
    "StorageTier": lambda s, _: "standard",
    "Tags": lambda s, _: tagging.shown(s.account, s.region, s.id),
}


def describe_attribute(world: World, call: Call) -> dict[str, Any]:
    """DescribeSnapshotAttribute: with whom it is shared."""
    shot = world.snapshot(call, call.params["SnapshotId"])
    permissions = [{"Group": g} for g in sorted(shot.groups)] + [{"UserId": u} for u in sorted(shot.shared_with)]
    codes = [{"ProductCodeId": c, "ProductCodeType": "marketplace"} for c in shot.product_codes]
    if call.params.get("Attribute") == "productCodes":
        return {"SnapshotId": shot.id, "ProductCodes": codes}
    return {"SnapshotId": shot.id, "CreateVolumePermissions": permissions}


def modify_attribute(world: World, call: Call) -> dict[str, Any]:
    """ModifySnapshotAttribute: share or stop sharing; an encrypted snapshot cannot be public."""
    shot = world.snapshot(call, call.params["SnapshotId"])
    change = call.params.get("CreateVolumePermission", {})
    add, drop = list(change.get("Add", [])), list(change.get("Remove", []))
    listed = add if call.params.get("OperationType") == "add" else drop
    listed += [{"UserId": u} for u in call.params.get("UserIds", [])]
    listed += [{"Group": g} for g in call.params.get("GroupNames", [])]
    if add and shot.kms_key and kms.is_managed(shot.kms_key):
        message = "Encrypted snapshots with EBS default key cannot be shared"
        raise ApiError("R-EBS-62", "OperationNotPermitted", message)
    if shot.encrypted and any("Group" in a for a in add):
        raise ApiError("SB-SNP-02", "InvalidParameterValue", "Encrypted snapshots cannot be shared publicly.")
    if any("Group" in a for a in add):
        _check_public(world, call, shot)
    shot.shared_with |= {a["UserId"] for a in add if "UserId" in a}
    shot.groups |= {a["Group"] for a in add if "Group" in a}
    shot.shared_with -= {a["UserId"] for a in drop if "UserId" in a}
    shot.groups -= {a["Group"] for a in drop if "Group" in a}
    return {}


def _check_public(world: World, call: Call, shot: Snapshot) -> None:
    if shot.product_codes:
        raise ApiError("R-EBS-14", "OperationNotPermitted", f"Snapshot {shot.id} has product codes.")
    if world.here(call).public_snapshots != "unblocked":
        message = "Public sharing of snapshots is blocked for this account and Region."
        raise ApiError("SB-SNP-05", "OperationNotPermitted", message)


OPERATIONS = {
    "ec2:CreateSnapshot": create,
    "ec2:CreateSnapshots": create_many,
    "ec2:CopySnapshot": copy,
    "ec2:DeleteSnapshot": delete,
    "ec2:DescribeSnapshots": describe,
    "ec2:DescribeSnapshotAttribute": describe_attribute,
    "ec2:ModifySnapshotAttribute": modify_attribute,
}
