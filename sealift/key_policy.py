"""What a key policy says that a migration runs into: pure readers of its JSON."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

Statement = Mapping[str, Any]

PLACES = frozenset({"aws:sourceip", "aws:vpcsourceip", "aws:sourcevpc", "aws:sourcevpce"})
"""Condition keys that tell where a request comes from; one of EC2 has none of them, or is not from the caller's place."""

INFRASTRUCTURE = ":role/aws:ec2-infrastructure"
"""The role under which EC2 decrypts for an instance: it has no policies of its own, and is subject to the key's."""

FORWARDED = (
    "kms:CreateGrant",
    "kms:Decrypt",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
)
"""What EC2 asks KMS for on behalf of who copies, attaches and starts."""

CONTEXT = "kms:encryptioncontext:aws:ebs:id"
OTHER_IDS = ("vol-0123456789abcdef0", "snap-0123456789abcdef0")
"""Ids that no policy was written for: a pin that lets both pass is none."""


def statements(policy: str) -> list[tuple[str, Statement]] | None:
    """Return the statements of a policy with their Sid, or their place where they have none; None: it is no JSON policy."""
    try:
        body = json.loads(policy)["Statement"]
    except (ValueError, KeyError, TypeError):
        return None
    listed = [s for s in (body if isinstance(body, list) else [body]) if isinstance(s, dict)]
    return [(str(s.get("Sid") or f"statement {n}"), s) for n, s in enumerate(listed, 1)]


def bars_by_place(found: Iterable[tuple[str, Statement]], key_arn: str) -> tuple[str, ...]:
    """Return the denials by network place that hit EC2, and so every copy, attach or start (R-EBS-57).

    They hit it as its own role in the key's account, or where it asks on behalf of a caller.
    """
    _, partition, _, _, account, _ = key_arn.split(":", 5)
    role = f"arn:{partition}:iam::{account}{INFRASTRUCTURE}"
    return tuple(name for name, statement in found if _hits_ec2(statement, role))


def pinned(found: Iterable[tuple[str, Statement]]) -> tuple[str, ...]:
    """Return the statements that hold for some volume or snapshot ids alone, with those ids (R-EBS-58)."""
    bound = [(name, _pins(statement)) for name, statement in found]
    return tuple(f"{name} ({', '.join(ids)})" for name, ids in bound if ids)


def _hits_ec2(statement: Statement, role: str) -> bool:
    if statement.get("Effect") != "Deny" or not _for_everybody(statement) or not _by_place(statement):
        return False
    names = [(op, values) for op, key, values in _conditions(statement) if key == "aws:principalarn" and op != "null"]
    services = [values for _, key, values in _conditions(statement) if key == "aws:viaawsservice"]
    some_alone = any("not" not in op and not _any_matches(values, role) for op, values in names)
    not_the_role = any("not" in op and _any_matches(values, role) for op, values in names)
    not_forwarded = any("false" in [v.lower() for v in values] for values in services)
    as_itself = _is_about(statement, ["kms:Decrypt"]) and not not_the_role
    for_a_caller = _is_about(statement, FORWARDED) and not not_forwarded
    return not some_alone and (as_itself or for_a_caller)


def _by_place(statement: Statement) -> bool:
    absent = [_holds_without(operator, values) for operator, key, values in _conditions(statement) if key in PLACES]
    return bool(absent) and all(absent)


def _is_about(statement: Statement, actions: Iterable[str]) -> bool:
    if "Action" not in statement:
        return not all(_any_matches(_listed(statement.get("NotAction", "*")), a) for a in actions)
    return any(_any_matches(_listed(statement["Action"]), a) for a in actions)


def _for_everybody(statement: Statement) -> bool:
    """Tell whether it is for all principals, for an account, or for EC2's role: not for some users alone."""
    principal = statement.get("Principal", "*")
    named = _listed(principal.get("AWS", ())) if isinstance(principal, dict) else _listed(principal)
    return any(n == "*" or n.isdigit() or n.endswith(":root") or INFRASTRUCTURE in n for n in named)


def _conditions(statement: Statement) -> Iterator[tuple[str, str, Sequence[str]]]:
    for operator, keys in (statement.get("Condition") or {}).items():
        for key, values in keys.items():
            yield operator.lower(), key.lower(), _listed(values)


def _holds_without(operator: str, values: Sequence[str]) -> bool:
    """Tell whether a condition is met by a request that lacks its key: negated ones, IfExists, `Null: true`."""
    if operator == "null":
        return "true" in [v.lower() for v in values]
    return operator.startswith("forallvalues:") or operator.endswith("ifexists") or "not" in operator


def _pins(statement: Statement) -> list[str]:
    bound = [values for operator, key, values in _conditions(statement) if key == CONTEXT and operator != "null"]
    return sorted({v for values in bound for v in values if not all(_any_matches(values, id_) for id_ in OTHER_IDS)})


def _any_matches(patterns: Iterable[str], text: str) -> bool:
    return any(fnmatchcase(text.lower(), p.lower()) for p in patterns)


def _listed(value: Any) -> list[str]:
    return [str(v) for v in value] if isinstance(value, list | tuple) else [str(value)]
