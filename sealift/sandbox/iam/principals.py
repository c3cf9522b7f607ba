"""Who calls: the account's root, a user or a role's session, found by the access key that signed the request."""

import json
from typing import Any

from moto.iam import iam_backends
from moto.sts import sts_backends

from sealift.sandbox.errors import ApiError
from sealift.sandbox.iam.policies import Ask
from sealift.sandbox.iam.verdicts import Principal, of_resource
from sealift.sandbox.world import Call, World

NO_KEY = "AKIAEXAMPLE"
"""What moto makes of credentials that do not look like AWS's (`testing`, `sandbox`): the root of their account."""

_UNKNOWN = {"ec2": ("AuthFailure", 401), "json": ("UnrecognizedClientException", 400)}
_EXPIRED = {"ec2": ("RequestExpired", 400), "json": ("ExpiredTokenException", 400)}


def root(account: str) -> Principal:
    """Return an account's root user."""
    return Principal("root", account, f"arn:aws:iam::{account}:root", account)


def caller(world: World, call: Call) -> Principal:
    """Return who signed a request, or refuse it."""
    key = call.response.get_access_key()
    if key == NO_KEY:
        return root(call.account)
    if key in world.access.roots:
        return root(world.access.roots[key])
    for session in _sessions(call.account):
        if session.access_key_id == key:
            if getattr(session, "expires_at", call.at) < call.at:
                raise _refusal(call, _EXPIRED, "ExpiredToken", "The security token included in the request is expired")
            return of_session(session)
    user = iam_backends[call.account]["aws"].get_user_from_access_key_id(key)
    if user is None or not _active(user, key):
        raise _refusal(call, _UNKNOWN, "InvalidClientTokenId", "The security token included in the request is invalid.")
    return of_user(user)


def whose(account: str, key: str) -> Principal | None:
    """Return who an access key belongs to, or belonged to; None is nobody known, or the account's root."""
    for session in _sessions(account):
        if session.access_key_id == key:
            return of_session(session)
    user = iam_backends[account]["aws"].get_user_from_access_key_id(key)
    return of_user(user) if user else None


def _sessions(account: str) -> list[Any]:
    return list(sts_backends[account]["aws"].assumed_roles)


def _active(user: Any, key: str) -> bool:
    return any(k.access_key_id == key and k.status == "Active" for k in user.access_keys)


def _refusal(call: Call, codes: dict[str, tuple[str, int]], other: str, message: str) -> ApiError:
    code, status = codes.get(protocol(call), (other, 403))
    return ApiError("SB-IAM-07", code, message, status)


def protocol(call: Call) -> str:
    """Return `ec2`, `json` or `query`: how this service words its refusals."""
    if call.service == "ec2":
        return "ec2"
    from moto.core.utils import get_service_model

    protocols = get_service_model(call.service).metadata.get("protocol", "")
    return "json" if "json" in protocols else "query"


def of_user(user: Any) -> Principal:
    """Return a user with its own policies and those of its groups."""
    backend = iam_backends[user.account_id]["aws"]
    policies = _documents(user)
    for group in backend.get_groups_for_user(user.name):
        policies += [(f"group/{group.name}/{name}", text) for name, text in _documents(group)]
    tags = tuple((t["Key"], t["Value"]) for t in backend.tagger.list_tags_for_resource(user.arn)["Tags"])
    return Principal("user", user.account_id, user.arn, user.id, policies=tuple(policies), tags=tags)


def of_role(role: Any) -> Principal:
    """Return a role as policies see it, without a session."""
    boundary = _managed(role.account_id, role.permissions_boundary_arn) if role.permissions_boundary_arn else None
    tags = tuple((t["Key"], t["Value"]) for t in (role.tags or {}).values()) if isinstance(role.tags, dict) else ()
    return Principal("role", role.account_id, role.arn, role.id, role.arn, tuple(_documents(role)), boundary, tags=tags)


def of_session(session: Any) -> Principal:
    """Return a role's session."""
    role = find_role(session.role_arn)
    policy = session.policy or None
    if role is None:
        return Principal("session", session.account_id, session.arn, session.user_id, session.role_arn, session=policy)
    who = of_role(role)
    return Principal(
        "session", who.account, session.arn, session.user_id, role.arn, who.policies, who.boundary, policy, who.tags
    )


def serving(role: Any, name: str) -> Principal:
    """Return the session of a role that a service has assumed."""
    who = of_role(role)
    arn = f"arn:aws:sts::{who.account}:assumed-role/{role.name}/{name}"
    return Principal(
        "session", who.account, arn, f"{role.id}:{name}", role.arn, who.policies, who.boundary, tags=who.tags
    )


def trusts(role: Any, service: str) -> bool:
    """Say whether a role's trust policy lets a service assume it."""
    asking = Principal("service", role.account_id, service, service)
    ask = Ask("sts:AssumeRole", role.arn, {})
    return of_resource(role.assume_role_policy_document, asking, ask) == "direct"


def find_role(arn: str) -> Any:
    """Return moto's role, or None."""
    roles = iam_backends[arn.split(":")[4]]["aws"].roles.values()
    return next((r for r in roles if r.arn == arn), None)


def find_user(arn: str) -> Any:
    """Return moto's user, or None."""
    users = iam_backends[arn.split(":")[4]]["aws"].users.values()
    return next((u for u in users if u.arn == arn), None)


def _documents(holder: Any) -> list[tuple[str, str]]:
    inline = [(name, _text(document)) for name, document in holder.policies.items()]
    return inline + [(arn, _current(policy)) for arn, policy in holder.managed_policies.items()]


def _managed(account: str, arn: str) -> str:
    policy = iam_backends[account]["aws"].managed_policies.get(arn)
    return _current(policy) if policy else '{"Statement": []}'


def _current(policy: Any) -> str:
    return next(_text(v.document) for v in policy.versions if v.version_id == policy.default_version_id)


def _text(document: Any) -> str:
    return document if isinstance(document, str) else json.dumps(document)
