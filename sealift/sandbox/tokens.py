"""ClientToken: the same request again is the same answer, and a refusal if what it made is gone by now (SB-TOK-01)."""

import json
from typing import Any

from sealift.sandbox.errors import ApiError
from sealift.sandbox.world import Call, World

_LONGEST = 64


def remembered(world: World, call: Call) -> str | None:
    """Return the id that an earlier call with this token made; refuse if that call had other parameters."""
    token = call.params.get("ClientToken")
    if not token:
        return None
    if len(token) > _LONGEST and call.operation in ("CreateVolume", "CopyVolumes"):
        message = f"Client token must be less than or equal to {_LONGEST} characters"
        raise ApiError("SB-TOK-02", "InvalidParameterValue", message)
    known = world.here(call).tokens.get((call.operation, token))
    if known is None:
        return None
    if known[0] != _fingerprint(call):
        message = "The client token has been used with other parameters."
        raise ApiError("SB-TOK-01", "IdempotentParameterMismatch", message)
    return known[1]


def remember(world: World, call: Call, resource: str) -> None:
    """Bind this call's token to what it made."""
    if token := call.params.get("ClientToken"):
        world.here(call).tokens[call.operation, token] = (_fingerprint(call), resource)


def deleted() -> ApiError:
    """Return the refusal of a token whose volume is gone: a new request needs a new token."""
    message = (
        "The client token you have provided is associated with a resource that is already deleted. "
        "Please use a different client token."
    )
    return ApiError("SB-TOK-01", "IdempotentParameterMismatch", message)


def _fingerprint(call: Call) -> str:
    params: dict[str, Any] = {k: v for k, v in call.params.items() if k != "ClientToken"}
    return json.dumps(params, sort_keys=True, default=str)
