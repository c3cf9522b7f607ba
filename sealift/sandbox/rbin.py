"""Recycle Bin's own API: retention rules. What they keep is in `ec2.bins`."""

import base64
import binascii
from collections.abc import Callable
from typing import Any

from sealift.sandbox.ec2 import room
from sealift.sandbox.ec2.room import Retention
from sealift.sandbox.errors import ApiError
from sealift.sandbox.world import Call, World, iso

_LONGEST = {"EBS_SNAPSHOT": 365, "EC2_IMAGE": 365, "EBS_VOLUME": 7}
_LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_DAY = 86_400.0


def create(world: World, call: Call) -> dict[str, Any]:
    """CreateRule: by tags, or for all of a kind in the Region, tags left out."""
    params = call.params
    kind, days = params["ResourceType"], params["RetentionPeriod"]["RetentionPeriodValue"]
    _check(kind, days, params.get("ResourceTags", []), params.get("ExcludeResourceTags", []))
    rule = Retention(
        id="".join(world.rng.choice(_LETTERS) for _ in range(11)),
        seq=world.next_seq(),
        kind=kind,
        days=days,
        description=params.get("Description", ""),
        tags=params.get("ResourceTags", []),
        excluded=params.get("ExcludeResourceTags", []),
        own_tags=params.get("Tags", []),
    )
    if "LockConfiguration" in params:
        _lock(rule, params["LockConfiguration"])
    room.here(world, call).rules[rule.id] = rule
    call.resource = rule.id
    return _shown(rule, call)


def _check(kind: str, days: int, tags: list[Any], excluded: list[Any]) -> None:
    if kind not in _LONGEST:
        raise _invalid(f"Unknown resource type {kind}.")
    if not 1 <= days <= _LONGEST[kind]:
        raise _invalid(f"The retention period of {kind} is 1 to {_LONGEST[kind]} days.")
    if tags and excluded:
        raise _invalid("A tag-level rule has no tags to exclude.")


def _invalid(message: str) -> ApiError:
    return ApiError("SB-BIN-03", "ValidationException", message, 400, reason="INVALID_PARAMETER_VALUE")


def get(world: World, call: Call) -> dict[str, Any]:
    """GetRule."""
    return _shown(_find(world, call), call)


def _find(world: World, call: Call) -> Retention:
    rule = room.here(world, call).rules.get(call.params["Identifier"])
    if rule is None:
        raise ApiError("SB-BIN-03", "ResourceNotFoundException", "Rule not found.", 404, reason="RULE_NOT_FOUND")
    return rule


def list_rules(world: World, call: Call) -> dict[str, Any]:
    """ListRules: of one kind, and by tags or lock."""
    params = call.params
    found = [
        r
        for r in room.here(world, call).rules.values()
        if r.kind == params["ResourceType"]
        and all(t in r.tags for t in params.get("ResourceTags", []))
        and all(t in r.excluded for t in params.get("ExcludeResourceTags", []))
        and params.get("LockState") in (None, r.state(call.at))
    ]
    start = _start(params.get("NextToken"))
    end = start + params.get("MaxResults", 1000)
    keys = ("Identifier", "Description", "RetentionPeriod", "LockState", "RuleArn")
    page = [{k: v for k, v in _shown(r, call).items() if k in keys} for r in found[start:end]]
    return {
        "Rules": page,
        **({"NextToken": base64.b64encode(f"rules{end}".encode()).decode()} if end < len(found) else {}),
    }


def _start(token: str | None) -> int:
    if not token:
        return 0
    try:
        return int(base64.b64decode(token, validate=True).decode().removeprefix("rules"))
    except (binascii.Error, ValueError) as error:
        message = "The token is not valid."
        raise ApiError("SB-BIN-03", "ValidationException", message, 400, reason="INVALID_PAGE_TOKEN") from error


def update(world: World, call: Call) -> dict[str, Any]:
    """UpdateRule: what has been deleted before keeps its old time."""
    rule, params = _unlocked(world, call), call.params
    days = params.get("RetentionPeriod", {}).get("RetentionPeriodValue", rule.days)
    tags = params.get("ResourceTags", rule.tags)
    excluded = params.get("ExcludeResourceTags", rule.excluded)
    _check(params.get("ResourceType", rule.kind), days, tags, excluded)
    rule.kind, rule.days, rule.tags, rule.excluded = params.get("ResourceType", rule.kind), days, tags, excluded
    rule.description = params.get("Description", rule.description)
    return _shown(rule, call)


def delete(world: World, call: Call) -> dict[str, Any]:
    """DeleteRule: what is in the bin stays there for its time."""
    del room.here(world, call).rules[_unlocked(world, call).id]
    return {}


def _unlocked(world: World, call: Call) -> Retention:
    rule = _find(world, call)
    call.resource = rule.id
    if rule.state(call.at) != "unlocked":
        raise ApiError("SB-BIN-03", "ConflictException", "The rule is locked.", 409, reason="INVALID_RULE_STATE")
    return rule


def lock(world: World, call: Call) -> dict[str, Any]:
    """LockRule: Region-level rules only."""
    rule = _unlocked(world, call)
    _lock(rule, call.params["LockConfiguration"])
    return _shown(rule, call)


def _lock(rule: Retention, configuration: dict[str, Any]) -> None:
    days = configuration["UnlockDelay"]["UnlockDelayValue"]
    if rule.tags or not 7 <= days <= 30:
        raise _invalid("A Region-level rule is locked with an unlock delay of 7 to 30 days.")
    rule.lock, rule.unlock_days, rule.unlocked_at = "locked", days, None


def unlock(world: World, call: Call) -> dict[str, Any]:
    """UnlockRule: the delay begins."""
    rule = _find(world, call)
    if rule.state(call.at) != "locked" or rule.unlock_days is None:
        message = "The rule is not locked."
        raise ApiError("SB-BIN-03", "ConflictException", message, 409, reason="INVALID_RULE_STATE")
    rule.lock, rule.unlocked_at = "pending_unlock", call.at + rule.unlock_days * _DAY
    return _shown(rule, call)


def _shown(rule: Retention, call: Call) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "Identifier": rule.id,
        "RuleArn": f"arn:aws:rbin:{call.region}:{call.account}:rule/{rule.id}",
        "Description": rule.description,
        "ResourceType": rule.kind,
        "RetentionPeriod": {"RetentionPeriodValue": rule.days, "RetentionPeriodUnit": "DAYS"},
        "ResourceTags": rule.tags,
        "ExcludeResourceTags": rule.excluded,
        "Tags": rule.own_tags,
        "Status": "available",
        "LockState": rule.state(call.at),
    }
    if rule.unlock_days:
        delay = {"UnlockDelayValue": rule.unlock_days, "UnlockDelayUnit": "DAYS"}
        shown["LockConfiguration"] = {"UnlockDelay": delay}
    if rule.unlocked_at:
        shown["LockEndTime"] = iso(rule.unlocked_at)
    return shown


OPERATIONS: dict[str, Callable[[World, Call], dict[str, Any] | None]] = {
    "rbin:CreateRule": create,
    "rbin:GetRule": get,
    "rbin:ListRules": list_rules,
    "rbin:UpdateRule": update,
    "rbin:DeleteRule": delete,
    "rbin:LockRule": lock,
    "rbin:UnlockRule": unlock,
}
