"""Condition operators: what they compare, what a missing key means, IfExists, and the two set operators.

Source: docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html and
…/reference_policies_condition-single-vs-multi-valued-context-keys.html.
"""

import ipaddress
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sealift.sandbox.iam.matching import arn_matches, wild

Context = Mapping[str, tuple[str, ...]]
"""Request context: lower-case key to its values."""

_NEGATED = frozenset(
    {
        "StringNotEquals",
        "StringNotEqualsIgnoreCase",
        "StringNotLike",
        "NumericNotEquals",
        "DateNotEquals",
        "ArnNotEquals",
        "ArnNotLike",
        "NotIpAddress",
    }
)


class Condition(NamedTuple):
    """One key of a condition block. `each`: ForAllValues, ForAnyValue or ''; `name` is the key as written."""

    operator: str
    each: str
    if_exists: bool
    name: str
    values: tuple[str, ...]

    @property
    def key(self) -> str:
        """Keys, those of tags too, are not case-sensitive."""
        return self.name.lower()

    @classmethod
    def read(cls, operator: str, key: str, values: tuple[str, ...]) -> "Condition":
        """Take an operator's name apart; an unknown one is an error."""
        each, _, name = operator.rpartition(":")
        if_exists = name.endswith("IfExists")
        name = name.removesuffix("IfExists")
        if name not in _TESTS or each not in ("", "ForAllValues", "ForAnyValue"):
            raise ValueError(f"condition operator {operator}")
        return cls(name, each, if_exists, key, values)


def spelled(value: Any) -> str:
    """Write a JSON value as policies compare it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def holds(condition: Condition, context: Context, fill: Callable[[str], str]) -> bool:
    """Judge one condition."""
    given = context.get(condition.key)
    if condition.operator == "Null":
        return (not given) == (condition.values[0] == "true")
    if not given:
        return _without(condition)
    wanted = [fill(v) for v in condition.values]
    results = [_passes(condition.operator, wanted, one) for one in given]
    if condition.each == "ForAllValues":
        return all(results)
    if condition.each == "ForAnyValue" or condition.operator not in _NEGATED:
        return any(results)
    return all(results)


def _without(condition: Condition) -> bool:
    """Judge a key that is not in the request: positive operators fail, negated ones hold."""
    if condition.each:
        return condition.each == "ForAllValues" or condition.if_exists
    return condition.if_exists or condition.operator in _NEGATED


def _passes(operator: str, wanted: list[str], given: str) -> bool:
    found = any(_safely(_TESTS[operator], w, given) for w in wanted)
    return not found if operator in _NEGATED else found


def _safely(test: Callable[[str, str], bool], wanted: str, given: str) -> bool:
    try:
        return test(wanted, given)
    except ValueError:
        return False


def _ignoring_case(wanted: str, given: str) -> bool:
    return wanted.lower() == given.lower()


def _moment(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        at = datetime.fromisoformat(text)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


def _address(wanted: str, given: str) -> bool:
    return ipaddress.ip_address(given) in ipaddress.ip_network(wanted, strict=False)


def _ordered(prefix: str, read: Callable[[str], float]) -> dict[str, Callable[[str, str], bool]]:
    return {
        f"{prefix}Equals": lambda w, g: read(g) == read(w),
        f"{prefix}NotEquals": lambda w, g: read(g) == read(w),
        f"{prefix}LessThan": lambda w, g: read(g) < read(w),
        f"{prefix}LessThanEquals": lambda w, g: read(g) <= read(w),
        f"{prefix}GreaterThan": lambda w, g: read(g) > read(w),
        f"{prefix}GreaterThanEquals": lambda w, g: read(g) >= read(w),
    }


_TESTS: dict[str, Callable[[str, str], bool]] = {
    "Null": lambda w, g: True,
    "StringEquals": str.__eq__,
    "StringNotEquals": str.__eq__,
    "StringEqualsIgnoreCase": _ignoring_case,
    "StringNotEqualsIgnoreCase": _ignoring_case,
    "StringLike": wild,
    "StringNotLike": wild,
    "ArnEquals": arn_matches,
    "ArnLike": arn_matches,
    "ArnNotEquals": arn_matches,
    "ArnNotLike": arn_matches,
    "Bool": _ignoring_case,
    "BinaryEquals": str.__eq__,
    "IpAddress": _address,
    "NotIpAddress": _address,
    **_ordered("Numeric", float),
    **_ordered("Date", _moment),
}
"""What each operator compares; negated ones compare as their positive twins do."""
