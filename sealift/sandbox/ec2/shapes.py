"""Type, size, IOPS and throughput of a volume: what must, may and must not be asked for."""

from collections.abc import Mapping
from typing import Any

from sealift.sandbox.errors import ApiError

PROVISIONED = ("io1", "io2")
HDD = ("st1", "sc1")
TYPES = ("gp2", "gp3", *PROVISIONED, *HDD, "standard")
_LARGEST = {"gp3": 65_536, "io2": 65_536, "standard": 1024}
_SMALLEST = {"io1": 4, "io2": 4, "st1": 125, "sc1": 125}
_MOST_IOPS = {"gp3": 80_000, "io1": 64_000, "io2": 256_000}


def check(params: Mapping[str, Any], size: int) -> None:
    """Refuse a combination that AWS refuses."""
    kind = params.get("VolumeType", "gp2")
    if kind not in TYPES:
        raise ApiError("SB-VOL-04", "UnknownVolumeType", f"Unknown volume type '{kind}'")
    if kind in PROVISIONED and not params.get("Iops"):
        raise _depends("VolumeType", "Iops")
    if params.get("Iops") and kind not in (*PROVISIONED, "gp3"):
        raise ApiError(
            "R-EBS-08", "InvalidParameterCombination", f"The parameter iops is not supported for {kind} volumes."
        )
    if params.get("Throughput") and kind != "gp3":
        raise ApiError(
            "SB-VOL-04", "InvalidParameterCombination", f"The parameter throughput is not supported for {kind} volumes."
        )
    if params.get("MultiAttachEnabled") and kind not in PROVISIONED:
        raise ApiError("SB-VOL-04", "InvalidParameterCombination", f"Multi-Attach is not supported for {kind} volumes.")
    if not _SMALLEST.get(kind, 1) <= size <= _LARGEST.get(kind, 16_384):
        message = f"Volume of {size}GiB is out of range for {kind}."
        raise ApiError("SB-VOL-04", "InvalidParameterValue", message)
    if (params.get("Iops") or 0) > _MOST_IOPS.get(kind, 0):
        raise ApiError("SB-VOL-04", "InvalidParameterValue", f"Volume iops of {params['Iops']} is too high.")


def iops(kind: str, size: int, asked: int | None) -> int | None:
    """Return what a describe shows: gp2's baseline, gp3's default, or what was asked for."""
    if kind == "gp2":
        return min(max(100, 3 * size), 16_000)
    if kind == "gp3":
        return asked or 3000
    return asked if kind in PROVISIONED else None


def throughput(kind: str, asked: int | None) -> int | None:
    """Return what a describe shows, in MiB/s: gp3 only."""
    return (asked or 125) if kind == "gp3" else None


def _depends(one: str, other: str) -> ApiError:
    message = f"The parameter {one} requires the parameter {other} to be set."
    return ApiError("SB-VOL-04", "InvalidParameterDependency", message)
