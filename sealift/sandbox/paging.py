"""Filters and pages, the same way for every describe (R-EBS-84).

A long list is cut before it is shown (`page_of`): of ten thousand volumes only the page's five hundred are rendered, and
of the others only the members that a filter asks for.
"""

import base64
import fnmatch
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, Protocol, TypeVar

from sealift.sandbox.errors import ApiError


class Numbered(Protocol):
    """Something with a place in the order of making."""

    @property
    def seq(self) -> int:
        """Its number: a page's token says after which one to go on."""
        ...


class Readable(Protocol):
    """What filters look at: a rendered dict, or something `Seen`."""

    def get(self, name: str, /) -> Any:
        """Return a member, or None."""
        ...


_N = TypeVar("_N", bound=Numbered)
_N_contra = TypeVar("_N_contra", contravariant=True)


class Member(Protocol[_N_contra]):
    """Works out one member of what a describe shows, as of a time."""

    def __call__(self, thing: _N_contra, now: float, /) -> Any:
        """Return the member; None leaves it out."""
        ...


class Seen:
    """One thing as a describe shows it. A member is worked out when a filter or the reply asks for it."""

    __slots__ = ("_members", "_now", "_over", "_thing")

    def __init__(
        self, thing: Any, members: Mapping[str, Member[Any]], now: float, over: Mapping[str, Any] | None
    ) -> None:
        self._thing, self._members, self._now, self._over = thing, members, now, over or {}

    def get(self, name: str, /) -> Any:
        """Return a member, or None."""
        if name in self._over:
            return self._over[name]
        member = self._members.get(name)
        return member(self._thing, self._now) if member else None

    def whole(self) -> dict[str, Any]:
        """Return all members that there are."""
        return {**rendered(self._thing, self._members, self._now), **self._over}


def rendered(thing: Any, members: Mapping[str, Member[Any]], now: float) -> dict[str, Any]:
    """Return all members of a thing; a describe shows no empty list of tags."""
    shown = {name: member(thing, now) for name, member in members.items()}
    return {k: v for k, v in shown.items() if v is not None and (k != "Tags" or v)}


def filtered(items: Iterable[dict[str, Any]], params: Mapping[str, Any], paths: Mapping[str, str]) -> list[Any]:
    """Keep what meets every filter. `paths` says where in the reply a filter's value stands (`Attachments.Device`)."""
    tests = _tests(params, paths)
    return [item for item in items if all(test(item) for test in tests)]


def _tests(params: Mapping[str, Any], paths: Mapping[str, str]) -> list[Callable[[Readable], bool]]:
    return [_test(f, paths) for f in params.get("Filters") or params.get("Filter") or []]


def plain_values(params: Mapping[str, Any], name: str) -> list[str] | None:
    """Return what a filter names without wildcards: such a list need not be searched for. None where it is not so."""
    for one in params.get("Filters") or []:
        values = [str(v) for v in one.get("Values", [])]
        if one["Name"] == name and not any(_wild(v) for v in values):
            return list(dict.fromkeys(values))
    return None


def _test(one: Mapping[str, Any], paths: Mapping[str, str]) -> Callable[[Readable], bool]:
    name, meets = one["Name"], _any_of([str(v) for v in one.get("Values", [])])
    path = paths.get(name, "").split(".")

    def values(item: Readable) -> Iterator[str]:
        if name.startswith("tag:"):
            return (t["Value"] for t in item.get("Tags") or () if t["Key"] == name[4:])
        if name in ("tag-key", "tag-value"):
            return (t[name[4:].capitalize()] for t in item.get("Tags") or ())
        return map(_text, _walk(item, path))

    if not name.startswith("tag:") and name not in ("tag-key", "tag-value") and name not in paths:
        raise ApiError("R-EBS-84", "InvalidParameterValue", f"The filter '{name}' is invalid")
    return lambda item: any(map(meets, values(item)))


def _any_of(patterns: Sequence[str]) -> Callable[[str], bool]:
    """Return a test whether a value is one of these, or fits one that has wildcards."""
    exact = frozenset(p for p in patterns if not _wild(p))
    wild = [re.compile(fnmatch.translate(p)) for p in patterns if _wild(p)]
    return lambda value: value in exact or any(w.match(value) for w in wild)


def _wild(value: str) -> bool:
    return "*" in value or "?" in value


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
    items: Sequence[dict[str, Any]], params: Mapping[str, Any], ids: str, most: int = 1000
) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """Cut one page; return it and the `NextToken` of the reply, if any. `ids`: the parameter that excludes paging."""
    asked = _asked(params, ids)
    start = _place(params.get("NextToken"))
    end = start + min(asked or most, most)
    return list(items[start:end]), {"NextToken": _token(end)} if end < len(items) else {}


def page_of(
    things: Iterable[_N],
    show: Callable[[_N], Any],
    params: Mapping[str, Any],
    paths: Mapping[str, str],
    ids: str,
    most: int = 1000,
) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """Filter things in the order of their numbers and show one page of them, with the reply's `NextToken`, if any.

    The token holds the number of the page's last thing: the next page begins there, whatever has come or gone since.
    Nothing is cut where `ids` names what is wanted.
    """
    asked, tests, after = _asked(params, ids), _tests(params, paths), _place(params.get("NextToken"))
    if params.get(ids):
        most = len(params[ids])
    else:
        things, most = sorted(things, key=_number), min(asked or most, most)
    looks = ((thing.seq, show(thing)) for thing in things if thing.seq > after)
    found = list(islice((look for look in looks if all(test(look[1]) for test in tests)), most + 1))
    page = [one.whole() if isinstance(one, Seen) else one for _, one in found[:most]]
    return page, {"NextToken": _token(found[most - 1][0])} if len(found) > most else {}


def _number(thing: Numbered) -> int:
    return thing.seq


def _asked(params: Mapping[str, Any], ids: str) -> int | None:
    """Return the page's size as asked for, or refuse it."""
    asked: int | None = params.get("MaxResults")
    if asked and params.get(ids):
        message = f"The parameter {ids} cannot be used with the parameter MaxResults"
        raise ApiError("SB-INS-03", "InvalidParameterCombination", message)
    if asked and asked < 5:
        message = f"Value ( {asked} ) for parameter maxResults is invalid. Expecting a value greater than 5."
        raise ApiError("R-EBS-84", "InvalidParameterValue", message)
    return asked


def _token(place: int) -> str:
    return base64.urlsafe_b64encode(f"sandbox:{place}".encode()).decode()


def _place(token: str | None) -> int:
    if not token:
        return 0
    try:
        return int(base64.urlsafe_b64decode(token).decode().removeprefix("sandbox:"))
    except ValueError as error:
        raise ApiError("R-EBS-84", "InvalidNextToken", "The token provided is invalid") from error
