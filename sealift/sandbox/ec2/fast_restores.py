"""Fast snapshot restores: volumes made of such a snapshot have their data at once, as long as there are credits."""

from typing import Any

from sealift.sandbox.ec2 import room
from sealift.sandbox.ec2.room import FastRestore
from sealift.sandbox.ec2.volumes import zone_id_of, zones_of
from sealift.sandbox.errors import ApiError
from sealift.sandbox.paging import filtered, paged
from sealift.sandbox.state import Snapshot
from sealift.sandbox.world import Call, World, iso

_BIGGEST_GIB = 16_384
_PATHS = {
    "availability-zone": "AvailabilityZone",
    "owner-id": "OwnerId",
    "snapshot-id": "SnapshotId",
    "state": "State",
}


def enable(world: World, call: Call) -> dict[str, Any]:
    """EnableFastSnapshotRestores: each snapshot in each zone by itself, refusals beside successes (SB-FSR-01)."""
    return _each(world, call, _enable)


def disable(world: World, call: Call) -> dict[str, Any]:
    """DisableFastSnapshotRestores."""
    return _each(world, call, _disable)


def _each(world: World, call: Call, act: Any) -> dict[str, Any]:
    good, bad = [], []
    for wanted in call.params.get("SourceSnapshotIds", []):
        errors = []
        for zone in _zones(call):
            done = act(world, call, wanted, zone)
            if isinstance(done, FastRestore):
                state = "disabling" if act is _disable else done.state(call.at)
                good.append({**_render(done, call.at), "State": state})
            else:
                errors.append({"AvailabilityZone": zone, "Error": {"Code": done[0], "Message": done[1]}})
        if errors:
            bad.append({"SnapshotId": wanted, "FastSnapshotRestoreStateErrors": errors})
    return {"Successful": good, "Unsuccessful": bad}


def _zones(call: Call) -> list[str]:
    known = zones_of(call.region)
    names = list(call.params.get("AvailabilityZones", []))
    names += [n for i in call.params.get("AvailabilityZoneIds", []) for n in known if zone_id_of(n) == i]
    if not names or not set(names) <= set(known):
        raise ApiError("SB-VOL-07", "InvalidParameterValue", "The zones must be zones of the Region.")
    return names


def _enable(world: World, call: Call, wanted: str, zone: str) -> FastRestore | tuple[str, str]:
    book = room.here(world, call).fast
    shot = _snapshot(world, call, wanted)
    if shot is None:
        return "InvalidSnapshot.NotFound", f"The snapshot '{wanted}' does not exist."
    if (wanted, zone) in book:
        return book[wanted, zone]
    if shot.size > _BIGGEST_GIB:
        return "InvalidParameterValue", f"The snapshot '{wanted}' is too large."
    if len({s for s, _ in book} | {wanted}) > world.quotas.fast_restored_snapshots:
        return "FastSnapshotRestoreSnapshotLimitExceeded", "Too many snapshots are enabled for fast restores."
    optimizing = max(call.at, shot.ready) + world.durations.fast_restore_enabling_s
    enabled = optimizing + world.durations.fast_restore_s_per_gib * shot.size
    book[wanted, zone] = FastRestore(wanted, zone, shot.account, shot.size, call.at, optimizing, enabled)
    return book[wanted, zone]


def _snapshot(world: World, call: Call, wanted: str) -> Snapshot | None:
    return world.here(call).snapshots.get(wanted) or world.shared(call, wanted)


def _disable(world: World, call: Call, wanted: str, zone: str) -> FastRestore | tuple[str, str]:
    found = room.here(world, call).fast.pop((wanted, zone), None)
    return found or ("InvalidSnapshot.NotFound", f"The snapshot '{wanted}' is not enabled in {zone}.")


def forget(world: World, shot: Snapshot) -> None:
    """Disable what was enabled of a deleted snapshot."""
    book = room.room(world, shot.account, shot.region).fast
    for key in [k for k in book if k[0] == shot.id]:
        del book[key]


def describe(world: World, call: Call) -> dict[str, Any]:
    """DescribeFastSnapshotRestores."""
    rendered = [_render(f, call.at) for f in room.here(world, call).fast.values()]
    page, more = paged(filtered(rendered, call.params, _PATHS), call.params, "-")
    return {"FastSnapshotRestores": page, **more}


def _render(fast: FastRestore, now: float) -> dict[str, Any]:
    state = fast.state(now)
    shown = {
        "SnapshotId": fast.snapshot,
        "AvailabilityZone": fast.zone,
        "AvailabilityZoneId": zone_id_of(fast.zone),
        "State": state,
        "StateTransitionReason": "Client.UserInitiated",
        "OwnerId": fast.owner,
        "EnablingTime": iso(fast.enabling),
        "OptimizingTime": iso(fast.optimizing) if state != "enabling" else None,
        "EnabledTime": iso(fast.enabled) if state == "enabled" else None,
    }
    return {k: v for k, v in shown.items() if v is not None}


OPERATIONS = {
    "ec2:EnableFastSnapshotRestores": enable,
    "ec2:DisableFastSnapshotRestores": disable,
    "ec2:DescribeFastSnapshotRestores": describe,
}
