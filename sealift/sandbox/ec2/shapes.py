"""Type, size, IOPS and throughput of a volume: what must, may and must not be asked for."""

from collections.abc import Mapping
from typing import Any

from sealift.sandbox.errors import ApiError

PROVISIONED = ("io1", "io2")
HDD = ("st1", "sc1")
TYPES = ("gp2", "gp3", *PROVISIONED, *HDD, "standard")
_LARGEST = {"gp3": 65_536, "io2": 65_536, "standard": 1024}
_SMALLEST = {"io1": 4, "io2": 4, "st1": 125, "sc1": 125}
_IOPS = {"gp3": (3000, 80_000), "io1": (100, 64_000), "io2": (100, 256_000)}
_IOPS_PER_GIB = {"gp3": 500, "io1": 50, "io2": 1000}
_THROUGHPUT = (125, 2000)
_IOPS_PER_MIB = 4  # of throughput: 0.25 MiB/s per IOPS


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
    if kind in _IOPS:
        _check_speed(kind, size, iops(kind, size, params.get("Iops")) or 0, throughput(kind, params.get("Throughput")))


def _check_speed(kind: str, size: int, per_second: int, mib: int | None) -> None:
    """Refuse IOPS and throughput out of the type's range, or too high for its size and for each other."""
    least, most = _IOPS[kind]
    if per_second < least:
        raise _value(f"Volume iops of {per_second} is too low; minimum is {least}.")
    if per_second > most:
        raise _value(f"Volume iops of {per_second} is too high; maximum is {most}.")
    ratio = _IOPS_PER_GIB[kind]
    if per_second > max(least, ratio * size):
        raise _value(f"Iops to volume size ratio of {per_second / size:f} is too high; maximum is {ratio}")
    if mib is None:
        return
    least, most = _THROUGHPUT
    if not least <= mib <= most:
        raise _value(f"Throughput of {mib} MiBps is out of range; it is {least} to {most}.")
    if mib * _IOPS_PER_MIB > per_second:
        raise _value(
            f"Throughput (MiBps) to iops ratio of {mib / per_second:f} is too high; maximum is 0.250000 MiBps per iops"
        )


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


def _value(message: str) -> ApiError:
    return ApiError("SB-VOL-04", "InvalidParameterValue", message)


def _depends(one: str, other: str) -> ApiError:
    message = f"The parameter {one} requires the parameter {other} to be set."
    return ApiError("SB-VOL-04", "InvalidParameterDependency", message)
