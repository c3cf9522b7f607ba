"""A request's context keys, and the words of its refusal."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sealift.sandbox.errors import ApiError
from sealift.sandbox.iam import principals, verdicts
from sealift.sandbox.iam.conditions import spelled
from sealift.sandbox.iam.policies import Ask
from sealift.sandbox.world import Call


def surroundings(call: Call) -> dict[str, tuple[str, ...]]:
    """Return the request context that every request has."""
    who = call.caller or principals.root(call.account)
    facts: dict[str, Any] = {
        "aws:RequestedRegion": call.region,
        "ec2:Region": call.region,
        "aws:SecureTransport": True,
        "aws:ViaAWSService": False,
        "aws:SourceIp": "127.0.0.1",
    }
    return {**context(facts), **of_principal(who, call.at)}


def of_principal(who: verdicts.Principal, at: float) -> dict[str, tuple[str, ...]]:
    """Return what a request's context says of who makes it, and when."""
    kinds = {"root": "Account", "user": "User", "service": "AssumedRole"}
    facts: dict[str, Any] = {
        "aws:PrincipalArn": who.identity,
        "aws:PrincipalAccount": who.account,
        "aws:PrincipalType": kinds.get(who.kind, "AssumedRole"),
        "aws:userid": who.user_id,
        "aws:CurrentTime": datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "aws:EpochTime": int(at),
        **{f"aws:PrincipalTag/{k}": v for k, v in who.tags},
    }
    if who.kind == "user":
        facts["aws:username"] = who.arn.rsplit("/", 1)[-1]
    return context(facts)


def context(facts: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Spell facts as condition keys: lower-case names, texts; what is None is not there."""
    spelt = {}
    for key, value in facts.items():
        if value is not None:
            values = value if isinstance(value, list | tuple) else [value]
            spelt[key.lower()] = tuple(spelled(v) for v in values)
    return spelt


def refusal(call: Call, who: verdicts.Principal, ask: Ask, why: str) -> ApiError:
    """Word a refusal as the service does (SB-IAM-05)."""
    about = f"User: {who.arn} is not authorized to perform: {ask.action} on resource: {ask.resource} {why}"
    protocol = principals.protocol(call)
    if protocol == "ec2":
        message = f"You are not authorized to perform this operation. {about}."
        return ApiError("SB-IAM-05", "UnauthorizedOperation", message, 403)
    if protocol == "query":
        return ApiError("SB-IAM-05", "AccessDenied", about, 403)
    return ApiError("SB-IAM-05", "AccessDeniedException", about, 400 if call.service == "kms" else 403)
