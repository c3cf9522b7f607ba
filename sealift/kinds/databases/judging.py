"""How rules about databases are written: silent where nothing moves; the facts found first, then the remedy."""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from sealift.kind import NOT_EVALUATED, Rule, rule
from sealift.options import Options

Finding = tuple[str, str] | None
Judge = Callable[[Any, Options], Finding]

UG = 'RDS user guide, "{}"'


def moving(id: str, source: str, *, deep: bool = False) -> Callable[[Judge], Rule]:  # noqa: A002
    """Make a rule that has nothing to say where the database is encrypted already."""

    def decorate(judge: Judge) -> Rule:
        @wraps(judge)
        def judged(facts: Any, options: Options) -> Finding:
            return judge(facts, options) if facts.plain else None

        return rule(id, source, deep=deep)(judged)

    return decorate


def done(facts: Any) -> str:
    """Say why a database that is not plain is left as it is: under which key it is, and whether that is the wanted one."""
    key, wanted = facts.encryption.key, facts.key
    if key and key == wanted.arn:
        return f"nothing to do: {facts.id} is under the wanted key"
    under = key or "a key that AWS owns"
    return f"{facts.id} is encrypted already, under {under}, not under {wanted.wanted}: with --rekey it is moved"


def say(verdict: str, found: Sequence[str], remedy: str) -> Finding:
    """Return the verdict with the facts found, then the remedy; None where nothing was found."""
    return (verdict, f"{'; '.join(found)}. {remedy}") if found else None


def unread(what: str, operation: str) -> Finding:
    """Return *not evaluated* for a fact that could not be read."""
    return NOT_EVALUATED, f"{what} could not be read. Allow {operation} to have this rule judged."


def tagged(facts: Any, patterns: Sequence[str]) -> list[tuple[str, str]]:
    """Return the tags that a pattern, `key` or `key=value`, matches."""
    wanted = set(patterns)
    return [(k, v) for k, v in facts.tags if k in wanted or f"{k}={v}" in wanted]
