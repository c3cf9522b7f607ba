"""Filters and pages, the same way for every describe (R-EBS-84)."""

import base64
import fnmatch
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from sealift.sandbox.errors import ApiError


class Numbered(Protocol):
    """Something with an order of making, which appears at a time."""

    seq: int
    visible: float


def filtered(rendered: Iterable[dict[str, Any]], params: Mapping[str, Any], paths: Mapping[str, str]) -> list[Any]:
    """Keep what meets every filter. `paths` says where in the reply a filter's value stands (`Attachments.Device`)."""
    tests = [_test(f, paths) for f in params.get("Filters") or params.get("Filter") or []]
    return [item for item in rendered if all(test(item) for test in tests)]


def _test(one: Mapping[str, Any], paths: Mapping[str, str]) -> Callable[[dict[str, Any]], bool]:
    name, patterns = one["Name"], [_pattern(str(v)) for v in one.get("Values", [])]

    def values(item: dict[str, Any]) -> list[str]:
        if name.startswith("tag:"):
            return [t["Value"] for t in item.get("Tags", []) if t["Key"] == name[4:]]
        if name in ("tag-key", "tag-value"):
            return [t[name[4:].capitalize()] for t in item.get("Tags", [])]
        return [_text(v) for v in _walk(item, paths[name].split("."))]

    if not name.startswith("tag:") and name not in ("tag-key", "tag-value") and name not in paths:
        raise ApiError("R-EBS-84", "InvalidParameterValue", f"The filter '{name}' is invalid")
    return lambda item: any(p(v) for v in values(item) for p in patterns)


def _pattern(value: str) -> Callable[[str], bool]:
    if "*" in value or "?" in value:
        regex = re.compile(fnmatch.translate(value))
        return lambda v: bool(regex.match(v))
    return lambda v: v == value


def _walk(item: Any, path: Sequence[str]) -> list[Any]:
    if item is None:
        return []
    if isinstance(item, list):
        return [v for one in item for v in _walk(one, path)]
    return _walk(item.get(path[0]), path[1:]) if path else [item]


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return value.strftime("%Y-%m-%dT%H:%M:%S.000Z") if isinstance(value, datetime) else str(value)


def paged(
    rendered: Sequence[dict[str, Any]], params: Mapping[str, Any], ids: str, most: int = 1000
) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """Cut one page; return it and the `NextToken` of the reply, if any. `ids`: the parameter that excludes paging."""
    asked = params.get("MaxResults")
    if asked and params.get(ids):
        message = f"The parameter {ids} cannot be used with the parameter MaxResults"
        raise ApiError("SB-INS-03", "InvalidParameterCombination", message)
    if asked and asked < 5:
        message = f"Value ( {asked} ) for parameter maxResults is invalid. Expecting a value greater than 5."
        raise ApiError("R-EBS-84", "InvalidParameterValue", message)
    start = _offset(params.get("NextToken"))
    end = start + min(asked or most, most)
    return list(rendered[start:end]), {"NextToken": _token(end)} if end < len(rendered) else {}


def _token(offset: int) -> str:
    return base64.urlsafe_b64encode(f"sandbox:{offset}".encode()).decode()


def _offset(token: str | None) -> int:
    if not token:
        return 0
    try:
        return int(base64.urlsafe_b64decode(token).decode().removeprefix("sandbox:"))
    except ValueError as error:
        raise ApiError("R-EBS-84", "InvalidNextToken", "The token provided is invalid") from error
