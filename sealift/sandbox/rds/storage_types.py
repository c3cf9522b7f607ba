"""Storage types of RDS: which is taken where none is said, gp3's own figures, and what may be asked of them."""

from collections.abc import Mapping
from typing import Any

from sealift.sandbox.rds.refusals import refuse

_BASE, _STRIPED = (3_000, 125), (12_000, 500)
_STRIPED_FROM, _STRIPED_FROM_ORACLE = 400, 200
_PROVISIONED = ("io1", "io2")


def fill(shown: dict[str, Any], *, backup: Mapping[str, Any] | None = None) -> None:
    """Fill in storage: gp3 unless said (io1 where a restore says IOPS), gp3's own figures, a backup's IOPS (R-RDS-47)."""
    shown.setdefault("StorageType", "io1" if shown.get("Iops") and backup is not None else "gp3")
    if shown["StorageType"] == "gp3":
        iops, mib = _STRIPED if _striped(shown) else _BASE
        shown.setdefault("Iops", iops)
        shown.setdefault("StorageThroughput", mib)
    elif shown["StorageType"] in _PROVISIONED and backup and "Iops" in backup:
        shown.setdefault("Iops", backup["Iops"])


def retype(shown: Mapping[str, Any], changes: dict[str, Any]) -> None:
    """Let a change to gp3 that names no figures bring gp3's own."""
    if changes.get("StorageType") == "gp3" != shown.get("StorageType"):
        own = {k: v for k, v in shown.items() if k not in ("Iops", "StorageThroughput")} | changes
        fill(own)
        changes |= {k: own[k] for k in ("Iops", "StorageThroughput")}


def check(shown: Mapping[str, Any], asked: Mapping[str, Any]) -> None:
    """Refuse figures that gp3 of this engine and size does not take, io1 or io2 without any (SB-RDS-27), and a limit of growth
    that is too near (SB-RDS-15).
    """
    most, size = asked.get("MaxAllocatedStorage"), shown.get("AllocatedStorage", 0)
    if most and most < 1.1 * size:
        near = "The maximum allocated storage must be increased by at least 10 percent."
        message = near if most > size else "Max storage size must be greater than storage size"
        raise refuse("SB-RDS-15", "InvalidParameterCombination", message)
    kind = shown.get("StorageType")  # a member of Aurora has none of its own
    named = [m for m in ("Iops", "StorageThroughput") if asked.get(m)]
    if kind in _PROVISIONED and not shown.get("Iops"):
        raise _combination(f"You must specify Iops for storage type {kind}.")
    if kind not in _PROVISIONED and kind != "gp3" and named:
        raise _combination(f"{named[0]} can't be specified for storage type {kind}.")
    if kind != "gp3" or not named:
        return
    engine, least = shown["Engine"], _least(shown["Engine"])
    if least and shown["AllocatedStorage"] < least:
        message = (
            f"You can't specify IOPS or storage throughput for engine {engine} and a storage size less than {least}."
        )
        raise _combination(message)
    iops, mib = _STRIPED if _striped(shown) else _BASE
    if shown["Iops"] < iops or shown["StorageThroughput"] < mib:
        raise _combination(f"gp3 of {shown['AllocatedStorage']} GiB has at least {iops} IOPS and {mib} MiB/s.")


def _least(engine: str) -> int | None:
    """Return the GiB from which RDS stripes an engine's storage over four volumes; it never does for SQL Server."""
    if engine.startswith(("sqlserver", "custom-sqlserver")):
        return None
    return _STRIPED_FROM_ORACLE if engine.startswith(("oracle", "custom-oracle")) else _STRIPED_FROM


def _striped(shown: Mapping[str, Any]) -> bool:
    least = _least(shown["Engine"])
    return least is not None and int(shown.get("AllocatedStorage", 0)) >= least


def _combination(message: str) -> Exception:
    return refuse("SB-RDS-27", "InvalidParameterCombination", message)
