"""How rules of this room are written: silent where nothing moves; the facts found first, then the remedy."""

from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from typing import Any

from sealift.kind import NOT_EVALUATED, Rule, rule
from sealift.kinds.ebs.facts import InstanceFacts, VolumeAlone, VolumeFacts
from sealift.options import Options
from sealift.step import Tags

Facts = InstanceFacts | VolumeAlone
Finding = tuple[str, str] | None
Judge = Callable[[Any, Options], Finding]


def moving(id: str, source: str, *, deep: bool = False) -> Callable[[Judge], Rule]:  # noqa: A002
    """Make a rule that has nothing to say where the target has no unencrypted volume."""

    def decorate(judge: Judge) -> Rule:
        @wraps(judge)
        def judged(facts: Facts, options: Options) -> Finding:
            return judge(facts, options) if facts.plain else None

        return rule(id, source, deep=deep)(judged)

    return decorate


def say(verdict: str, found: Sequence[str], remedy: str) -> Finding:
    """Return the verdict with the facts found, then the remedy; None where nothing was found."""
    return (verdict, f"{'; '.join(found)}. {remedy}") if found else None


def unread(about: Iterable[str], what: str, operation: str) -> Finding:
    """Return *not evaluated* for the resources of which a fact could not be read."""
    names = ", ".join(about)
    if not names:
        return None
    return NOT_EVALUATED, f"{what} of {names} could not be read. Allow {operation} to have this rule judged."


def lacking(volumes: Iterable[VolumeFacts], field: str) -> list[str]:
    """Return the ids of the volumes whose fact was not read."""
    return [v.id for v in volumes if getattr(v, field) is None]


def target(facts: Facts) -> str:
    """Return the id of what is moved."""
    return facts.id if isinstance(facts, InstanceFacts) else facts.volume.id


def all_tags(facts: Facts) -> list[tuple[str, Tags]]:
    """Return the tags of the instance and of each volume that moves, by id."""
    own = [(facts.id, facts.tags)] if isinstance(facts, InstanceFacts) else []
    return own + [(v.id, v.tags) for v in facts.plain]


def tagged(facts: Facts, matches: Callable[[str, str], bool]) -> list[tuple[str, str, str]]:
    """Return (id, key, value) of every tag that matches."""
    return [(id_, key, value) for id_, tags in all_tags(facts) for key, value in tags if matches(key, value)]


def named(patterns: Iterable[str]) -> Callable[[str, str], bool]:
    """Return a matcher for tags given as `key` or `key=value`."""
    wanted = set(patterns)
    return lambda key, value: key in wanted or f"{key}={value}" in wanted
