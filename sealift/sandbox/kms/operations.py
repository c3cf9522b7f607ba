"""Operations on keys that moto gets wrong: states, what a state forbids, and DryRun."""

from collections.abc import Callable
from typing import Any

from moto.kms import models as kms_models

from sealift.sandbox.errors import ApiError
from sealift.sandbox.kms.keys import find, of_ciphertext, set_state
from sealift.sandbox.world import Call, World


def the_key(call: Call, ref: str | None = None) -> Any:
    """Return the key a call names, or refuse."""
    ref = ref or call.params.get("KeyId", "")
    if ref.startswith("arn:") and ref.count(":") < 5:
        raise ApiError("SB-KEY-02", "InvalidArnException", f"Invalid arn {ref}")
    key = find(call.account, call.region, ref)
    if key is None:
        shown = ref if ref.startswith("arn:") else f"arn:aws:kms:{call.region}:{call.account}:key/{ref}"
        raise ApiError("SB-KEY-02", "NotFoundException", f"Key '{shown}' does not exist")
    return key


def _describe(world: World, call: Call) -> dict[str, Any]:
    return the_key(call).to_dict()  # type: ignore[no-any-return]


def _disable(world: World, call: Call) -> dict[str, Any]:
    return _switch(call, "Disabled")


def _enable(world: World, call: Call) -> dict[str, Any]:
    return _switch(call, "Enabled")


def _switch(call: Call, state: str) -> dict[str, Any]:
    key = _own(call)
    if key.key_state == "PendingDeletion":
        raise ApiError("SB-KEY-03", "KMSInvalidStateException", f"{key.arn} is pending deletion.")
    set_state(key.arn, state)
    return {}


def _own(call: Call) -> Any:
    """Return a key whose state its owner may change, or refuse: AWS's own keys are not for customers to switch."""
    key = the_key(call)
    if key.key_manager == "AWS":
        raise ApiError("SB-KEY-23", "AccessDeniedException", f"{key.arn} is managed by AWS.")
    return key


def _schedule_deletion(world: World, call: Call) -> dict[str, Any]:
    key, days = _own(call), call.params.get("PendingWindowInDays", 30)
    if not 7 <= days <= 30:
        raise ApiError("SB-KEY-23", "ValidationException", f"PendingWindowInDays {days}: the window is 7 to 30 days.")
    if key.key_state == "PendingDeletion":
        raise ApiError("SB-KEY-03", "KMSInvalidStateException", f"{key.arn} is pending deletion.")
    set_state(key.arn, "PendingDeletion")
    key.deletion_date += kms_models.timedelta(days=days)
    date = key.to_dict()["KeyMetadata"]["DeletionDate"]
    return {"KeyId": key.arn, "DeletionDate": date, "KeyState": "PendingDeletion", "PendingWindowInDays": days}


def _cancel_deletion(world: World, call: Call) -> dict[str, Any]:
    key = _own(call)
    if key.key_state != "PendingDeletion":
        raise ApiError("SB-KEY-03", "KMSInvalidStateException", f"{key.arn} is not pending deletion.")
    set_state(key.arn, "Disabled")
    return {"KeyId": key.arn}


def check_state(key: Any) -> None:
    """Refuse to use a key that is disabled or to be deleted (SB-KEY-03)."""
    if key.key_state == "Disabled":
        raise ApiError("SB-KEY-03", "DisabledException", f"{key.arn} is disabled.")
    if key.key_state != "Enabled":
        words = {"PendingDeletion": "pending deletion", "PendingImport": "pending import"}.get(
            key.key_state, "unavailable"
        )
        raise ApiError("SB-KEY-03", "KMSInvalidStateException", f"{key.arn} is {words}.")


def check_dry_run(call: Call) -> None:
    """End a dry run that would have succeeded (SB-KEY-07)."""
    if call.params.get("DryRun"):
        message = "The request would have succeeded, but the DryRun option is set."
        raise ApiError("SB-KEY-07", "DryRunOperationException", message, 400)


def _cryptography(world: World, call: Call) -> None:
    """Gate what keys are used for; moto does the rest, in the account that owns the key."""
    params = call.params
    refs = [params[name] for name in ("KeyId", "DestinationKeyId") if params.get(name)]
    used = [the_key(call, ref) for ref in refs]
    source = of_ciphertext(call.region, params["CiphertextBlob"]) if "CiphertextBlob" in params else None
    for key in (*used, *([source] if source else [])):
        check_state(key)
    check_dry_run(call)
    owners = {key.account_id for key in (*used, *([source] if source else []))}
    if call.response is not None and len(owners) == 1:
        call.response.current_account = owners.pop()


_USES = ("Encrypt", "Decrypt", "ReEncrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "GenerateDataKeyPair")
_USES_TOO = ("GenerateDataKeyPairWithoutPlaintext", "GenerateMac", "VerifyMac", "Sign", "Verify")

OPERATIONS: dict[str, Callable[[World, Call], dict[str, Any] | None]] = {
    "kms:DescribeKey": _describe,
    "kms:DisableKey": _disable,
    "kms:EnableKey": _enable,
    "kms:ScheduleKeyDeletion": _schedule_deletion,
    "kms:CancelKeyDeletion": _cancel_deletion,
    **dict.fromkeys([f"kms:{name}" for name in (*_USES, *_USES_TOO)], _cryptography),
}
