"""Answers as AWS could give them and does not: made of botocore's own shapes, and true answers with a member altered."""

from collections.abc import Iterator, Mapping
from copy import copy
from datetime import UTC, datetime
from functools import cache
from typing import Any

import botocore.session
from botocore import xform_name
from botocore.model import Shape
from hypothesis import strategies as st

from sealift.aws.operations import OPERATIONS

Path = tuple[str | int, ...]

UNKNOWN = "quantum"
"""A word that no enum of AWS has."""

LONG = "ü" * 255

TAGS = [{"Key": f"{'ключ' if n % 2 else '鍵 '}{n}", "Value": f"\N{SNOWMAN}\u202e{n}" * 8} for n in range(50)]
"""Fifty tags, as many as a resource may have, none of them in ASCII."""

ODD_IDS = (
    "i-1", "vol-0", "i-00000000000000000", "VOL-ABC", "arn:aws:ec2:::", "arn:aws:rds:eu-central-1:123456789012:db:a:b:c",
    "vol-0123456789abcdef0\n",
    "{copy.VolumeId}", "%00", "../../x",
)  # fmt: skip
ODD_TEXTS = ("", " ", UNKNOWN, LONG, "\N{SNOWMAN}", "true", "NaN", "-1", "{}", "None", *ODD_IDS)
MOMENTS = (datetime(1, 1, 1, tzinfo=UTC), datetime(2027, 1, 15, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC))
DEPTH = 6


# -- from botocore's shapes


@cache
def model(operation: str) -> Any:
    """Return botocore's model of an operation of the table."""
    known = OPERATIONS[operation]
    loader = botocore.session.get_session()
    return loader.get_service_model(known.service).operation_model(known.method)


def tells(operation: str) -> bool:
    """Say whether there is anything in an operation's answers."""
    shape = model(operation).output_shape
    return shape is not None and bool(shape.members)


def answers_of(operation: str) -> st.SearchStrategy[dict[str, Any]]:
    """Return well-typed answers of an operation, any optional member of them missing; its own list is there, or not."""
    shape = model(operation).output_shape
    if shape is None:
        return st.just({})
    return _structure(shape, DEPTH).map(
        lambda reply: {k: v for k, v in reply.items() if k not in ("NextToken", "Marker")}
    )


def _structure(shape: Any, depth: int) -> st.SearchStrategy[dict[str, Any]]:
    members = {name: _value(name, member, depth - 1) for name, member in shape.members.items()}
    return st.fixed_dictionaries({}, optional=members) if depth > 0 else st.just({})


def _value(name: str, shape: Shape, depth: int) -> st.SearchStrategy[Any]:
    kind = shape.type_name
    if kind == "structure":
        return st.deferred(lambda: _structure(shape, depth))
    if kind == "list":
        if name in ("Tags", "TagList") and depth > 0:
            return st.sampled_from(([], TAGS, TAGS[:1]))
        inner = st.deferred(lambda: _value("", shape.member, depth - 1))  # type: ignore[attr-defined]
        return st.lists(inner, max_size=2) if depth > 0 else st.just([])
    if kind == "map":
        inner = st.deferred(lambda: _value("", shape.value, depth - 1))  # type: ignore[attr-defined]
        return st.dictionaries(st.sampled_from(ODD_TEXTS), inner, max_size=2) if depth > 0 else st.just({})
    return _scalar(shape)


def _scalar(shape: Any) -> st.SearchStrategy[Any]:
    match shape.type_name:
        case "string" | "character":
            return st.sampled_from((*shape.enum, UNKNOWN) if shape.enum else ODD_TEXTS)
        case "boolean":
            return st.booleans()
        case "timestamp":
            return st.sampled_from(MOMENTS)
        case "blob":
            return st.sampled_from((b"", b"\xff\xfe"))
        case "float" | "double":
            return st.sampled_from((0.0, -1.0, 1e308, float("nan"), float("inf")))
        case _:
            return st.sampled_from((0, -1, 1, 100, 2**31, 2**63 - 1))


# -- true answers, altered


def places(value: Any, before: Path = ()) -> Iterator[Path]:
    """Yield where every member of an answer stands, at any depth; of a list, its first and its last."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name != "ResponseMetadata":
                yield (*before, name)
                yield from places(inner, (*before, name))
    elif isinstance(value, list):
        for n in sorted({0, len(value) - 1}) if value else ():
            yield from places(value[n], (*before, n))


def at(value: Any, place: Path) -> Any:
    """Return what stands at a place."""
    for key in place:
        value = value[key]
    return value


def without(value: Any, place: Path) -> Any:
    """Return an answer that lacks the member at a place."""
    key, *rest = place
    made = copy(value)
    if rest:
        made[key] = without(value[key], tuple(rest))
    else:
        del made[key]
    return made


def having(value: Any, place: Path, new: Any) -> Any:
    """Return an answer with another value at a place."""
    key, *rest = place
    made = copy(value)
    made[key] = having(value[key], tuple(rest), new) if rest else new
    return made


def alterations(old: Any) -> tuple[Any, ...]:
    """Return well-typed values that could stand in place of one."""
    match old:
        case bool():
            return (not old,)
        case str():
            return (UNKNOWN, "", LONG)
        case list() if old and isinstance(old[0], Mapping) and set(old[0]) == {"Key", "Value"}:
            return ([], [*old, *TAGS][-50:])
        case list():
            return ([],)
        case int():
            return (0, -1, 2**63 - 1)
        case datetime():
            return MOMENTS
        case dict():
            return ({},)
        case _:
            return ()


def others(operation: str, place: Path) -> tuple[Any, ...]:
    """Return what botocore's model lets stand at a place besides: every word of an enumeration, and ids that are odd."""
    shape, name = model(operation).output_shape if operation in OPERATIONS else None, ""
    for key in place:
        if shape is None:
            return ()
        if isinstance(key, int):
            shape = shape.member
        else:
            name, shape = (
                key,
                shape.members.get(key) if shape.type_name == "structure" else getattr(shape, "value", None),
            )
    if shape is None or shape.type_name != "string":
        return ()
    return tuple(shape.enum) or (ODD_IDS if name.endswith(("Id", "Identifier", "Arn")) else ())


def altered(reply: Any) -> Iterator[tuple[str, Path, Any]]:
    """Yield every answer that differs from a true one in one member: how, where, and the answer."""
    for place in places(reply):
        yield "lacks", place, without(reply, place)
        for new in alterations(at(reply, place)):
            yield f"has {new!r:.40}", place, having(reply, place, new)


def spelled(place: Path) -> str:
    """Return a place as messages spell it."""
    return "".join(f"[{k}]" if isinstance(k, int) else f".{k}" for k in place).lstrip(".")


__all__ = ["altered", "answers_of", "having", "others", "places", "spelled", "tells", "without", "xform_name"]
