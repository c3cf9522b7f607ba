"""What a request's Encrypted and KmsKeyId come to, given its source and the Region's default."""

from typing import Any, NamedTuple

from sealift.sandbox import kms
from sealift.sandbox.errors import ApiError
from sealift.sandbox.world import Call, World


class Encryption(NamedTuple):
    """`key` is an ARN where the key was found, else what the caller sent; `why` says why it cannot be used."""

    encrypted: bool
    key: str | None
    why: str | None


def wanted(world: World, call: Call, source_encrypted: bool = False, source_key: str | None = None) -> Encryption:
    """Settle the encryption of a new volume or snapshot copy (R-EBS-52, inheritance, encryption by default)."""
    region, params = world.here(call), call.params
    if params.get("KmsKeyId") and not params.get("Encrypted"):
        message = "The parameter KmsKeyId requires the parameter Encrypted to be set."
        raise ApiError("R-EBS-52", "InvalidParameterDependency", message)
    if not (params.get("Encrypted") or source_encrypted or region.encrypt_by_default):
        return Encryption(False, None, None)
    ref = params.get("KmsKeyId") or source_key or default_key(world, call)
    arn, why = kms.fact(call.account, call.region, ref)
    return Encryption(True, arn, why)


def default_key(world: World, call: Call) -> str:
    """Return the key that Encrypted without KmsKeyId means."""
    return world.here(call).default_key or kms.managed_key(call.account, call.region).arn


def get_by_default(world: World, call: Call) -> dict[str, Any]:
    """GetEbsEncryptionByDefault."""
    return {"EbsEncryptionByDefault": world.here(call).encrypt_by_default, "SseType": "sse-kms"}


def enable_by_default(world: World, call: Call) -> dict[str, Any]:
    """EnableEbsEncryptionByDefault: for new volumes and copies only."""
    world.here(call).encrypt_by_default = True
    return {"EbsEncryptionByDefault": True}


def disable_by_default(world: World, call: Call) -> dict[str, Any]:
    """DisableEbsEncryptionByDefault."""
    world.here(call).encrypt_by_default = False
    return {"EbsEncryptionByDefault": False}


def get_default_key(world: World, call: Call) -> dict[str, Any]:
    """GetEbsDefaultKmsKeyId: the alias of the AWS managed key until another is set."""
    return {"KmsKeyId": world.here(call).default_key or kms.EBS_ALIAS}


def modify_default_key(world: World, call: Call) -> dict[str, Any]:
    """ModifyEbsDefaultKmsKeyId."""
    arn = kms.fact(call.account, call.region, call.params["KmsKeyId"]).arn
    world.here(call).default_key = arn
    return {"KmsKeyId": arn}


def reset_default_key(world: World, call: Call) -> dict[str, Any]:
    """ResetEbsDefaultKmsKeyId."""
    world.here(call).default_key = None
    return {"KmsKeyId": kms.managed_key(call.account, call.region).arn}


OPERATIONS = {
    "ec2:GetEbsEncryptionByDefault": get_by_default,
    "ec2:EnableEbsEncryptionByDefault": enable_by_default,
    "ec2:DisableEbsEncryptionByDefault": disable_by_default,
    "ec2:GetEbsDefaultKmsKeyId": get_default_key,
    "ec2:ModifyEbsDefaultKmsKeyId": modify_default_key,
    "ec2:ResetEbsDefaultKmsKeyId": reset_default_key,
}
