"""KMS keys that gate: state, spec, usage, manager and Region, and the operations on them that moto gets wrong."""

from collections.abc import Callable
from typing import Any, NamedTuple

from moto.kms import kms_backends
from moto.kms import models as kms_models

from sealift.sandbox.errors import ApiError
from sealift.sandbox.world import Call, World

EBS_ALIAS = "alias/aws/ebs"


class KeyFact(NamedTuple):
    """A key as EBS finds it. `why` is None when it can be used."""

    arn: str
    why: str | None


def find(account: str, region: str, ref: str) -> Any:
    """Return moto's key for an id, ARN, alias or alias ARN of this Region, or None."""
    if ref.startswith("arn:"):
        _, _, _, ref_region, ref_account, ref = ref.split(":", 5)
        if ref_region != region:
            return None
        account = ref_account
        ref = ref.removeprefix("key/")
    if ref == EBS_ALIAS:
        return managed_key(account, region)
    backend = kms_backends[account][region]
    key_id = backend.get_key_id_from_alias(ref) if ref.startswith("alias/") else ref
    return backend.keys.get(key_id)


def managed_key(account: str, region: str) -> Any:
    """Return the AWS managed key for EBS, made when first asked for."""
    backend = kms_backends[account][region]
    if not backend.alias_exists(EBS_ALIAS):
        key = backend.create_key(None, "ENCRYPT_DECRYPT", "SYMMETRIC_DEFAULT", "Default key for EBS", None)
        key.key_manager = "AWS"
        backend.create_alias(key.id, EBS_ALIAS)
    return backend.keys[backend.get_key_id_from_alias(EBS_ALIAS)]


def fact(account: str, region: str, ref: str) -> KeyFact:
    """Say what key `ref` names and whether EBS can use it."""
    key = find(account, region, ref)
    if key is None:
        return KeyFact(ref, "NotFound")
    if key.key_state != "Enabled":
        return KeyFact(key.arn, "InvalidState")
    if key.key_spec != "SYMMETRIC_DEFAULT" or key.key_usage != "ENCRYPT_DECRYPT":
        return KeyFact(key.arn, "InvalidKeyUsage")
    return KeyFact(key.arn, None)


def unusable(arn: str | None) -> str | None:
    """Say why a resource's key cannot be used now; None where it can, or where there is no key."""
    if arn is None:
        return None
    if not arn.startswith("arn:"):
        return "NotFound"
    _, _, _, region, account, _ = arn.split(":", 5)
    return fact(account, region, arn).why


def set_state(arn: str, state: str, at: float | None = None) -> None:
    """Disable, enable or schedule for deletion, given the ARN."""
    _, _, _, region, account, _ = arn.split(":", 5)
    key = find(account, region, arn)
    if key is None:
        raise KeyError(arn)
    key.key_state, key.enabled = state, state == "Enabled"
    key.deletion_date = kms_models.utcnow() if state == "PendingDeletion" else None


def _key(call: Call) -> Any:
    ref = call.params.get("KeyId", "")
    key = find(call.account, call.region, ref)
    if key is None:
        shown = ref if ref.startswith("arn:") else f"arn:aws:kms:{call.region}:{call.account}:key/{ref}"
        raise ApiError("SB-KEY-02", "NotFoundException", f"Key '{shown}' does not exist")
    return key


def _describe(world: World, call: Call) -> dict[str, Any]:
    return _key(call).to_dict()  # type: ignore[no-any-return]


def _disable(world: World, call: Call) -> dict[str, Any]:
    return _switch(call, "Disabled")


def _enable(world: World, call: Call) -> dict[str, Any]:
    return _switch(call, "Enabled")


def _switch(call: Call, state: str) -> dict[str, Any]:
    key = _key(call)
    if key.key_state == "PendingDeletion":
        raise ApiError("SB-KEY-03", "KMSInvalidStateException", f"{key.arn} is pending deletion.")
    set_state(key.arn, state)
    return {}


def _schedule_deletion(world: World, call: Call) -> dict[str, Any]:
    key, days = _key(call), call.params.get("PendingWindowInDays", 30)
    if key.key_state == "PendingDeletion":
        raise ApiError("SB-KEY-03", "KMSInvalidStateException", f"{key.arn} is pending deletion.")
    set_state(key.arn, "PendingDeletion")
    key.deletion_date += kms_models.timedelta(days=days)
    date = key.to_dict()["KeyMetadata"]["DeletionDate"]
    return {"KeyId": key.arn, "DeletionDate": date, "KeyState": "PendingDeletion", "PendingWindowInDays": days}


def _cancel_deletion(world: World, call: Call) -> dict[str, Any]:
    key = _key(call)
    set_state(key.arn, "Disabled")
    return {"KeyId": key.arn}


def _cryptography(world: World, call: Call) -> None:
    """Gate Encrypt, GenerateDataKey and the like; moto does the rest."""
    if "KeyId" not in call.params:
        return
    key = _key(call)
    if key.key_state == "Disabled":
        raise ApiError("SB-KEY-03", "DisabledException", f"{key.arn} is disabled.")
    if key.key_state != "Enabled":
        raise ApiError("SB-KEY-03", "KMSInvalidStateException", f"{key.arn} is pending deletion.")


OPERATIONS: dict[str, Callable[[World, Call], dict[str, Any] | None]] = {
    "kms:DescribeKey": _describe,
    "kms:DisableKey": _disable,
    "kms:EnableKey": _enable,
    "kms:ScheduleKeyDeletion": _schedule_deletion,
    "kms:CancelKeyDeletion": _cancel_deletion,
    **dict.fromkeys(("kms:Encrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext"), _cryptography),
    "kms:CreateGrant": _cryptography,
}
