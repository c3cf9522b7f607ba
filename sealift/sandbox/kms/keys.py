"""Keys as moto keeps them: found by every name, with state, spec, usage, manager and Region."""

import json
from typing import Any, NamedTuple

from moto.kms import kms_backends
from moto.kms import models as kms_models

EBS_ALIAS, RDS_ALIAS = "alias/aws/ebs", "alias/aws/rds"


class KeyFact(NamedTuple):
    """A key as EBS finds it. `why` is None when it can be used."""

    arn: str
    why: str | None


def find(account: str, region: str, ref: str) -> Any:
    """Return moto's key for an id, ARN, alias or alias ARN of this Region, or None."""
    if ref.startswith("arn:"):
        if ref.count(":") < 5:
            return None
        _, _, _, ref_region, ref_account, ref = ref.split(":", 5)
        if ref_region != region:
            return None
        account = ref_account
        ref = ref.removeprefix("key/")
    if ref in (EBS_ALIAS, RDS_ALIAS):
        return managed_key(account, region, ref)
    backend = kms_backends[account][region]
    key_id = backend.get_key_id_from_alias(ref) if ref.startswith("alias/") else ref
    return backend.keys.get(key_id)


def of_ciphertext(region: str, blob: bytes) -> Any:
    """Return the key, of whatever account, that made a ciphertext; None where it cannot be told."""
    name = bytes(blob)[:36].decode(errors="replace")
    return next((b[region].keys[name] for b in list(kms_backends.values()) if name in b[region].keys), None)


def managed_key(account: str, region: str, alias: str = EBS_ALIAS) -> Any:
    """Return the AWS managed key for EBS or RDS, made when first asked for, be it only described (SB-KEY-20)."""
    backend = kms_backends[account][region]
    if not backend.alias_exists(alias):
        what = f"Default key for {alias.rsplit('/', 1)[1].upper()}"
        key = backend.create_key(None, "ENCRYPT_DECRYPT", "SYMMETRIC_DEFAULT", what, None)
        key.key_manager = "AWS"
        if alias == EBS_ALIAS:
            key.policy = _managed_policy(account, region)
        backend.create_alias(key.id, alias)
    return backend.keys[backend.get_key_id_from_alias(alias)]


def _managed_policy(account: str, region: str) -> str:
    """Return the policy AWS writes for aws/ebs: EC2 may use it for whoever may use EC2, nobody directly (SB-KEY-08)."""
    use = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:CreateGrant", "kms:DescribeKey"]
    through = {"kms:CallerAccount": account, "kms:ViaService": f"ec2.{region}.amazonaws.com"}
    read = ["kms:Describe*", "kms:Get*", "kms:List*", "kms:RevokeGrant"]
    owner = {"AWS": f"arn:aws:iam::{account}:root"}
    everybody = {"StringEquals": through}
    statements = [
        {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": use, "Resource": "*", "Condition": everybody},
        {"Effect": "Allow", "Principal": owner, "Action": read, "Resource": "*"},
    ]
    return json.dumps({"Version": "2012-10-17", "Id": "auto-ebs-2", "Statement": statements})


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


def is_managed(arn: str) -> bool:
    """Say whether a key is AWS's own; what is no ARN is none."""
    if arn.count(":") < 5:
        return False
    _, _, _, region, account, _ = arn.split(":", 5)
    key = find(account, region, arn)
    return key is not None and key.key_manager == "AWS"


def unusable(arn: str | None) -> str | None:
    """Say why a resource's key cannot be used now; None where it can, or where there is no key."""
    if arn is None:
        return None
    if not arn.startswith("arn:") or arn.count(":") < 5:
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
