"""LockSnapshot, UnlockSnapshot, DescribeLockedSnapshots, and the account's block on public sharing."""

from datetime import datetime
from typing import Any

from sealift.sandbox.ec2 import room
from sealift.sandbox.ec2.room import Lock
from sealift.sandbox.errors import ApiError
from sealift.sandbox.paging import filtered, paged
from sealift.sandbox.state import Snapshot
from sealift.sandbox.world import Call, World, iso

_DAY = 86_400.0


def lock(world: World, call: Call) -> dict[str, Any]:
    """LockSnapshot: governance can be undone, compliance only while it cools off (SB-LCK-01)."""
    params = call.params
    shot = world.snapshot(call, params["SnapshotId"])
    mode, hours = params["LockMode"], params.get("CoolOffPeriod")
    if mode not in ("governance", "compliance") or (hours is not None and not 1 <= hours <= 72):
        raise ApiError("SB-LCK-02", "InvalidParameterValue", "LockMode or CoolOffPeriod is not valid.")
    if mode == "governance" and hours is not None:
        raise ApiError("SB-LCK-02", "InvalidParameterCombination", "A governance lock has no CoolOffPeriod.")
    starts = max(call.at, shot.ready) if shot.state == "pending" else call.at
    until = _until(params, starts)
    book = room.here(world, call).locks
    old = book.get(shot.id)
    if old and old.state(call.at) == "compliance" and (mode != "compliance" or hours or until < old.until):
        raise ApiError("SB-LCK-01", "InvalidParameterValue", "A compliance lock can only be extended.")
    created = old.created if old and old.state(call.at) != "expired" else call.at
    cooled = call.at + 3600.0 * hours if hours else (old.cooled if old and old.mode == mode else None)
    days = params.get("LockDuration") or int((until - starts) / _DAY)
    book[shot.id] = Lock(mode, created, starts, days, until, hours, cooled)
    call.resource = shot.id
    return _render(shot, book[shot.id], call.at)


def _until(params: dict[str, Any], starts: float) -> float:
    days, when = params.get("LockDuration"), params.get("ExpirationDate")
    if (days is None) == (when is None):
        message = "Either LockDuration or ExpirationDate is needed, and not both."
        raise ApiError("SB-LCK-02", "InvalidParameterCombination", message)
    if days is not None:
        if not 1 <= days <= 36_500:
            raise ApiError("SB-LCK-02", "InvalidParameterValue", "LockDuration is 1 to 36500 days.")
        return starts + float(days) * _DAY
    until: float = (when if isinstance(when, datetime) else datetime.fromisoformat(str(when))).timestamp()
    if until < starts + _DAY:
        raise ApiError("SB-LCK-02", "InvalidParameterValue", "ExpirationDate is at least one day away.")
    return until


def unlock(world: World, call: Call) -> dict[str, Any]:
    """UnlockSnapshot: not out of compliance once it has set."""
    shot = world.snapshot(call, call.params["SnapshotId"])
    book = room.here(world, call).locks
    state = book[shot.id].state(call.at) if shot.id in book else "expired"
    if state == "compliance":
        raise ApiError("SB-LCK-01", "OperationNotPermitted", f"{shot.id} is locked in compliance mode.")
    if state == "expired":
        raise ApiError("SB-LCK-01", "IncorrectState", f"{shot.id} is not locked.")
    del book[shot.id]
    call.resource = shot.id
    return {"SnapshotId": shot.id}


def check(world: World, call: Call, shot: Snapshot) -> None:
    """Refuse to delete what is locked (R-EBS-78)."""
    held = room.here(world, call).locks.get(shot.id)
    if held and held.state(call.at) != "expired":
        raise ApiError("R-EBS-78", "SnapshotLocked", f"The snapshot {shot.id} is locked and cannot be deleted.")


def describe(world: World, call: Call) -> dict[str, Any]:
    """DescribeLockedSnapshots: also those whose lock has expired."""
    book, ids = room.here(world, call).locks, call.params.get("SnapshotIds")
    here = world.here(call).snapshots
    shots = [world.snapshot(call, i) for i in ids] if ids else [here[i] for i in book if i in here]
    rendered = [_render(s, book[s.id], call.at) for s in shots if s.id in book]
    page, more = paged(filtered(rendered, call.params, {"lock-state": "LockState"}), call.params, "SnapshotIds")
    return {"Snapshots": page, **more}


def _render(shot: Snapshot, held: Lock, now: float) -> dict[str, Any]:
    shown = {
        "OwnerId": shot.account,
        "SnapshotId": shot.id,
        "LockState": held.state(now),
        "LockDuration": held.days,
        "CoolOffPeriod": held.hours,
        "CoolOffPeriodExpiresOn": iso(held.cooled) if held.cooled else None,
        "LockCreatedOn": iso(held.created),
        "LockDurationStartTime": iso(held.starts),
        "LockExpiresOn": iso(held.until),
    }
    return {k: v for k, v in shown.items() if v is not None}


def block_public(world: World, call: Call) -> dict[str, Any]:
    """EnableSnapshotBlockPublicAccess: for what is new, or for all."""
    state = call.params["State"]
    if state not in ("block-all-sharing", "block-new-sharing"):
        raise ApiError("SB-SNP-05", "InvalidParameterValue", f"State {state} is not valid.")
    world.here(call).public_snapshots = state
    return {"State": state}


def unblock_public(world: World, call: Call) -> dict[str, Any]:
    """DisableSnapshotBlockPublicAccess."""
    world.here(call).public_snapshots = "unblocked"
    return {"State": "unblocked"}


def public_state(world: World, call: Call) -> dict[str, Any]:
    """GetSnapshotBlockPublicAccessState."""
    return {"State": world.here(call).public_snapshots, "ManagedBy": "account"}


OPERATIONS = {
    "ec2:LockSnapshot": lock,
    "ec2:UnlockSnapshot": unlock,
    "ec2:DescribeLockedSnapshots": describe,
    "ec2:EnableSnapshotBlockPublicAccess": block_public,
    "ec2:DisableSnapshotBlockPublicAccess": unblock_public,
    "ec2:GetSnapshotBlockPublicAccessState": public_state,
}
