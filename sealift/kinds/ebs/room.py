"""Whether the Region has room for the replacements beside their sources, which stay until finalize (R-EBS-77)."""

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import partial

from sealift.errors import CallError, CredentialsLost
from sealift.kind import Read
from sealift.kinds.ebs.facts import Room, VolumeFacts
from sealift.kinds.ebs.surroundings import PAGE, described
from sealift.surroundings import Surroundings, maybe

Unit = tuple[str, str]
"""A volume type, and GiB or IOPS."""

CODES: Mapping[Unit, str] = {
    ("gp2", "GiB"): "L-D18FCD1D",
    ("gp3", "GiB"): "L-7A658B76",
    ("io1", "GiB"): "L-FD252861",
    ("io2", "GiB"): "L-09BD8365",
    ("st1", "GiB"): "L-82ACEF56",
    ("sc1", "GiB"): "L-17AF77E8",
    ("standard", "GiB"): "L-9CF3C2EB",
    ("io1", "IOPS"): "L-B3A130E6",
    ("io2", "IOPS"): "L-8D977E7E",
}
"""Quotas of service `ebs`; those of storage are in TiB. AWS's page (ebs-resource-quotas.html) has names and values, the codes
are what ListServiceQuotas shows under these names, as published by several tools that watch quotas.
"""

GIB_IN_TIB = 1024


def needs(volumes: Iterable[VolumeFacts]) -> Counter[Unit]:
    """Return what the replacements of these volumes take: they have the type, the size and the IOPS of their sources."""
    found: Counter[Unit] = Counter()
    for v in volumes:
        found.update(_takes(v.type, v.size, v.iops))
    return found


def _takes(kind: str, gib: int, iops: int | None) -> dict[Unit, int]:
    units = {(kind, "GiB"): gib, (kind, "IOPS"): iops or 0}
    return {unit: n for unit, n in units.items() if unit in CODES}


async def room(read: Read, volumes: Iterable[VolumeFacts]) -> tuple[Room, ...]:
    """Return the quotas that the replacements draw on, and what is used of them; what could not be read is absent.

    Only through a door that remembers, once for all targets of a plan: a Region may hold 10,000 volumes, and a look at
    one target, at the gate, does not list them all again. What fits is counted for the targets that are planned next.
    """
    if not isinstance(read, Surroundings):
        return ()
    wanted = needs(volumes)
    found = [r for unit in sorted(wanted) if (r := await _room(read, unit)) is not None]
    if all(wanted[r.type, r.unit] <= r.free for r in found):
        read.planned.update(wanted)
    return tuple(found)


async def _room(read: Surroundings, unit: Unit) -> Room | None:
    quotas = await read.once("quotas of ebs", partial(_quotas, read))
    used = await read.once(f"volumes of {unit[0]}", partial(_used, read, unit[0])) if unit in quotas else None
    return None if used is None else Room(*unit, quotas[unit], used[unit], read.planned[unit])


async def _quotas(read: Read) -> dict[Unit, int]:
    """Return the quotas of the account; AWS's default where none was ever applied."""
    applied = await _values(read, "service-quotas:ListServiceQuotas")
    if applied is None:
        return {}
    lacking = set(CODES.values()) - set(applied)
    values = (await _values(read, "service-quotas:ListAWSDefaultServiceQuotas") or {}) if lacking else {}
    values |= applied
    return {u: _in(u, values[code]) for u, code in CODES.items() if code in values}


async def _values(read: Read, operation: str) -> dict[str, float] | None:
    reply = await maybe(read, operation, ServiceCode="ebs")
    return None if reply is None else {q["QuotaCode"]: q["Value"] for q in reply.get("Quotas", ()) if "Value" in q}


def _in(unit: Unit, value: float) -> int:
    return int(value * GIB_IN_TIB) if unit[1] == "GiB" else int(value)


async def _used(read: Read, kind: str) -> Counter[Unit] | None:
    """Add up all volumes of a type in the Region, encrypted ones and retained sources too."""
    filters = [{"Name": "volume-type", "Values": [kind]}]
    try:
        reply = await described(read, "ec2:DescribeVolumes", Filters=filters, MaxResults=PAGE)
    except CredentialsLost:
        raise
    except CallError:
        return None
    found: Counter[Unit] = Counter()
    for v in reply.get("Volumes", ()):
        found.update(_takes(v["VolumeType"], v["Size"], v.get("Iops")))
    return found
