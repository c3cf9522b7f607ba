"""Every field that a described database has, classed once: what carries it over, and how before and after are compared.

One table for a shape, and many readers: the restore is told what the table says, what a restore cannot be told is set
afterwards, and the comparison before bring-up walks all of it. A field that is not classed fails a test: a new botocore can
add none unseen.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

Described = Mapping[str, Any]
"""A described database as JSON values: moments are ISO text."""

Value = Callable[[Described], Any]
"""Draws from a described database what is sent, or what is compared; None where there is nothing."""

Pairs = tuple[tuple[str, str], ...]


class Class(StrEnum):
    """How a field comes over."""

    AT_RESTORE = "at restore"
    MODIFY = "modify after"
    ELSEWHERE = "another API"
    IN_DATA = "in the data"
    LOST = "lost or changed"
    OUTPUT = "output"
    TREATED = "treated by a rule"


@dataclass(frozen=True)
class Field:
    """A field of a described database.

    `sent`: request members and how their values are drawn from the described database. `compared`: what has to be the same
    afterwards; None where the field says nothing of that.
    """

    name: str
    cls: Class
    note: str = ""
    sent: Mapping[str, Value] | None = None
    compared: Value | None = None


def same(name: str) -> Value:
    """Draw a field as it stands."""
    return lambda d: d.get(name)


def listed(name: str, *keys: str) -> Value:
    """Draw a list in a fixed order: of the values themselves, or of what stands under `keys` in each."""

    def value(d: Described) -> Any:
        found = d.get(name) or []
        if not keys:
            return sorted(found)
        return sorted([str(x.get(k, "")) for k in keys] for x in found)

    return value


def one(name: str, key: str) -> Value:
    """Draw what stands under `key` in the first entry of a list."""
    return lambda d: next((x.get(key) for x in d.get(name) or ()), None)


def inside(name: str, key: str) -> Value:
    """Draw what stands under `key` in a structure."""
    return lambda d: (d.get(name) or {}).get(key)


def truth(name: str) -> Value:
    """Draw a flag: absent is false."""
    return lambda d: bool(d.get(name))


def params(table: Iterable[Field], described: Described, *classes: Class) -> dict[str, Any]:
    """Return the request members of the fields of some classes; what is absent or empty is left out."""
    found: dict[str, Any] = {}
    for field in table:
        if field.cls in classes:
            drawn = {member: value(described) for member, value in (field.sent or {}).items()}
            found |= {member: v for member, v in drawn.items() if v not in (None, "", [], {})}
    return found


def drawn(table: Iterable[Field], described: Described, members: Iterable[str]) -> dict[str, Any]:
    """Return request members as they would be drawn from a described database now."""
    wanted = set(members)
    return {m: value(described) for field in table for m, value in (field.sent or {}).items() if m in wanted}


def before_image(table: Iterable[Field], described: Described, apart: Iterable[str] = ()) -> Pairs:
    """Return what is compared, as (field, compact JSON): of every field but those `apart`."""
    left = set(apart)
    return tuple(
        (f.name, _compact(f.compared(described))) for f in table if f.compared is not None and f.name not in left
    )


def differences(
    table: Iterable[Field], was: Mapping[str, str], described: Described, expected: Mapping[str, str]
) -> tuple[list[str], list[str]]:
    """Compare a described database with a before-image; return what differs, unexpectedly and as `expected` says why."""
    unexpected: list[str] = []
    told: list[str] = []
    for field in table:
        if field.compared is None or field.name not in was:
            continue
        now = _compact(field.compared(described))
        if now == was[field.name]:
            continue
        line = f"{field.name}: was {was[field.name]}, is {now}"
        if field.name in expected:
            told.append(f"{line} ({expected[field.name]})")
        else:
            unexpected.append(line)
    return unexpected, told


def _compact(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)
