"""Filters and pages of RDS: MaxRecords, Marker, and filters whose values are exact (SB-RDS-06)."""

import base64
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sealift.sandbox.rds.refusals import refuse
from sealift.sandbox.world import Call

Value = Callable[[Any], Sequence[str] | str | None]


def filtered(things: Iterable[Any], call: Call, known: Mapping[str, Value]) -> list[Any]:
    """Keep what meets every filter; a filter that is not known is refused."""
    kept = list(things)
    for one in call.params.get("Filters") or []:
        if one["Name"] not in known:
            raise refuse("SB-RDS-06", "InvalidParameterValue", f"Unrecognized filter name: {one['Name']}")
        wanted, value = {v.rsplit(":", 1)[-1] for v in one["Values"]} | set(one["Values"]), known[one["Name"]]
        kept = [thing for thing in kept if _any(value(thing), wanted)]
    return kept


def _any(value: Sequence[str] | str | None, wanted: set[str]) -> bool:
    if value is None or isinstance(value, str):
        return value in wanted
    return any(v in wanted for v in value)


def paged(things: Sequence[Any], call: Call) -> tuple[list[Any], dict[str, str]]:
    """Cut one page of 20 to 100; return it and the `Marker` of the reply, if any."""
    most = call.params.get("MaxRecords") or 100
    if not 20 <= most <= 100:
        message = f"Invalid value {most} for MaxRecords. Must be between 20 and 100"
        raise refuse("SB-RDS-06", "InvalidParameterValue", message)
    start = _offset(call.params.get("Marker"))
    end = start + most
    marker = base64.urlsafe_b64encode(f"rds:{end}".encode()).decode()
    return list(things[start:end]), {"Marker": marker} if end < len(things) else {}


def _offset(marker: str | None) -> int:
    if not marker:
        return 0
    try:
        return int(base64.urlsafe_b64decode(marker).decode().removeprefix("rds:"))
    except ValueError as error:
        raise refuse("SB-RDS-06", "InvalidParameterValue", "Invalid Marker") from error
