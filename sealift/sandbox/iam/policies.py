"""Policy documents as statements, and what they cover: actions, resources, conditions, policy variables."""

import functools
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sealift.sandbox.iam.conditions import Condition, Context, holds, spelled
from sealift.sandbox.iam.matching import arn_matches, wild

_VARIABLE = re.compile(r"\$\{([^}]+)\}")


@dataclass(frozen=True)
class Statement:
    """One statement. `principals` is None in identity policies; `inverted` names the elements given as Not…."""

    effect: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: tuple[Condition, ...]
    principals: tuple[tuple[str, str], ...] | None
    inverted: frozenset[str]
    sid: str = ""

    def covers(self, ask: "Ask") -> bool:
        """Say whether action, resource and conditions match (principals are the caller's business)."""
        return (
            self._matches("Action", any(wild(a, ask.action, ignore_case=True) for a in self.actions))
            and self._matches("Resource", any(arn_matches(_filled(r, ask), ask.resource) for r in self.resources))
            and all(holds(c, ask.context, lambda text: _filled(text, ask)) for c in self.conditions)
        )

    def _matches(self, element: str, found: bool) -> bool:
        return found != (element in self.inverted)


@dataclass(frozen=True)
class Ask:
    """One question: may this action be done on this resource, in this context?"""

    action: str
    resource: str
    context: Context


class Malformed(ValueError):
    """The text is no policy."""


@functools.lru_cache(4096)
def statements(text: str) -> tuple[Statement, ...]:
    """Read a policy document."""
    try:
        document = json.loads(text)
        found = document["Statement"]
        return tuple(_statement(s) for s in (found if isinstance(found, list) else [found]))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Malformed(f"not a policy: {error}") from error


def _statement(raw: Mapping[str, Any]) -> Statement:
    if raw["Effect"] not in ("Allow", "Deny"):
        raise ValueError(f"Effect {raw['Effect']}")
    inverted = frozenset(e for e in ("Action", "Resource", "Principal") if "Not" + e in raw)
    actions, resources = _listed(raw, "Action"), _listed(raw, "Resource")
    named = raw.get("Principal", raw.get("NotPrincipal"))
    if not actions:
        raise ValueError("no Action")
    return Statement(
        effect=raw["Effect"],
        actions=actions,
        resources=resources or ("*",),
        conditions=tuple(
            Condition.read(operator, key, tuple(spelled(v) for v in _many(values)))
            for operator, block in raw.get("Condition", {}).items()
            for key, values in block.items()
        ),
        principals=None if named is None else _principals(named),
        inverted=inverted,
        sid=raw.get("Sid", ""),
    )


def _listed(raw: Mapping[str, Any], element: str) -> tuple[str, ...]:
    return tuple(_many(raw.get(element, raw.get("Not" + element, []))))


def _many(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _principals(named: Any) -> tuple[tuple[str, str], ...]:
    if named == "*":
        return (("AWS", "*"),)
    return tuple((kind, one) for kind, many in named.items() for one in _many(many))


def _filled(text: str, ask: Ask) -> str:
    """Put request values in the place of policy variables; a value is taken literally, wildcards and all."""
    return _VARIABLE.sub(lambda m: _variable(m.group(1), ask.context), text) if "${" in text else text


def _variable(name: str, context: Context) -> str:
    if name in ("*", "?", "$"):
        return name
    values = context.get(name.split(",", maxsplit=1)[0].strip().lower(), ())
    return values[0] if values else "\0"
