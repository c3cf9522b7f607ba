"""DescribeVolumeStatus: whether a volume is well, and how far its data has come."""

from math import ceil
from typing import Any

from sealift.sandbox.ec2 import shapes
from sealift.sandbox.ec2.volumes import chosen, zone_id_of
from sealift.sandbox.paging import page_of
from sealift.sandbox.state import Hydration, Volume
from sealift.sandbox.world import Call, World

_PATHS = {
    "availability-zone": "AvailabilityZone",
    "volume-id": "VolumeId",
    "volume-status.status": "VolumeStatus.Status",
    "volume-status.details-name": "VolumeStatus.Details.Name",
    "volume-status.details-status": "VolumeStatus.Details.Status",
}


def describe(world: World, call: Call) -> dict[str, Any]:
    """DescribeVolumeStatus: figures of initialisation are as of the last report, up to five minutes old."""
    volumes = [v for v in chosen(world, call) if v.state in ("available", "in-use")]

    def show(volume: Volume) -> dict[str, Any]:
        return world.overlaid(f"{volume.id}/status", _render(world, volume, call.at))

    page, more = page_of(volumes, show, call.params, _PATHS, "VolumeIds")
    return {"VolumeStatuses": page, **more}


def _render(world: World, volume: Volume, now: float) -> dict[str, Any]:
    seen = _reported(volume.hydration, now, world.durations.initialization_stale_s)
    arriving = volume.hydration is not None and volume.hydration.progress(seen) < 100
    slow = arriving and volume.type in shapes.PROVISIONED
    performance = "degraded" if slow else "normal" if volume.type in (*shapes.PROVISIONED, "gp3") else "not-applicable"
    details = [
        {"Name": "io-enabled", "Status": "passed"},
        {"Name": "io-performance", "Status": performance},
        {"Name": "initialization-state", "Status": "initializing" if arriving else "completed"},
    ]
    shown: dict[str, Any] = {
        "VolumeId": volume.id,
        "AvailabilityZone": volume.zone,
        "AvailabilityZoneId": zone_id_of(volume.zone),
        "VolumeStatus": {"Status": "warning" if slow else "ok", "Details": details},
        "Events": [],
        "Actions": [],
        "AttachmentStatuses": [{"InstanceId": a.machine.id, "IoPerformance": performance} for a in volume.attachments],
    }
    if volume.hydration:
        shown["InitializationStatusDetails"] = _initialization(volume.hydration, seen)
    return shown


def _reported(hydration: Hydration | None, now: float, stale: float) -> float:
    if hydration is None or not stale:
        return now
    return hydration.start + (now - hydration.start) // stale * stale


def _initialization(hydration: Hydration, seen: float) -> dict[str, Any]:
    progress = hydration.progress(seen)
    left = ceil(max(0.0, hydration.end - seen))
    return {
        "InitializationType": hydration.kind,
        "Progress": progress,
        "EstimatedTimeToCompleteInSeconds": 0 if progress == 100 else left,
    }


OPERATIONS = {"ec2:DescribeVolumeStatus": describe}
