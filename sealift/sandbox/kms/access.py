"""Who may use a key: its policy, the caller's policies, and grants; directly, or through a service for the caller."""

from collections.abc import Iterator, Mapping
from typing import Any

from moto.kms import kms_backends

from sealift.sandbox.iam import request, verdicts
from sealift.sandbox.iam.policies import Ask
from sealift.sandbox.iam.verdicts import Principal, Verdict
from sealift.sandbox.kms.keys import find, of_ciphertext
from sealift.sandbox.world import Call, World

_KEYLESS = ("CreateKey", "ListKeys", "ListAliases", "ListRetirableGrants", "GenerateRandom", "RetireGrant")
_ACROSS = {"DescribeKey", "CreateGrant", "ListGrants", "RevokeGrant", "RetireGrant", "GetKeyRotationStatus"}
_ACROSS |= {"GetPublicKey", "Encrypt", "Decrypt", "ReEncryptFrom", "ReEncryptTo", "Sign", "Verify", "GenerateMac"}
_ACROSS |= {"VerifyMac", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "GenerateDataKeyPair"}
"""What another account can do with a key at all (botocore kms, 'Cross-account use: Yes')."""

_IN_GRANTS_WITHOUT_CONTEXT = ("DescribeKey", "CreateGrant", "RetireGrant", "GetPublicKey", "Sign", "Verify")


def about_keys(call: Call) -> bool:
    """Say whether an operation is answered by a key's policy; the others by identity policies alone."""
    return call.operation not in _KEYLESS and "CustomKeyStore" not in call.operation


def admit(world: World, call: Call) -> None:
    """Refuse a direct KMS request that key policy, identity policies and grants do not allow together."""
    who = call.caller
    if who is None or not about_keys(call):
        return
    if call.operation.endswith("Alias"):
        _admit_alias(call, who)
    for action, key, encryption in _uses(call):
        facts = {**_of_grant(call.params), "kms:ReEncryptOnSameKey": _same_key(call)}
        asked = _ask(call, action, key, encryption, facts)
        verdict = permits(world, who, key, asked, encryption)
        if verdict.decision != verdicts.ALLOWED:
            raise request.refusal(call, who, asked, verdict.why)


def _admit_alias(call: Call, who: Principal) -> None:
    arn = f"arn:aws:kms:{call.region}:{call.account}:{call.params.get('AliasName', '')}"
    asked = Ask(f"kms:{call.operation}", arn, request.surroundings(call))
    verdict = verdicts.of_identity(who, asked)
    if verdict.decision != verdicts.ALLOWED:
        raise request.refusal(call, who, asked, verdict.why)


def _uses(call: Call) -> Iterator[tuple[str, Any, Mapping[str, str]]]:
    """Name the keys of a request, each with the action and encryption context that it is asked for."""
    params = call.params
    if call.operation == "ReEncrypt":
        source = of_ciphertext(call.region, params["CiphertextBlob"])
        found = [("ReEncryptFrom", source, params.get("SourceEncryptionContext", {}))]
        target = find(call.account, call.region, params["DestinationKeyId"])
        found.append(("ReEncryptTo", target, params.get("DestinationEncryptionContext", {})))
    else:
        ref = params.get("KeyId") or params.get("TargetKeyId") or params.get("AliasName")
        key = find(call.account, call.region, ref) if ref else None
        if key is None and "CiphertextBlob" in params:
            key = of_ciphertext(call.region, params["CiphertextBlob"])
        found = [(call.operation, key, params.get("EncryptionContext", {}))]
    yield from ((f"kms:{name}", key, encryption) for name, key, encryption in found if key is not None)


def _same_key(call: Call) -> bool | None:
    if call.operation != "ReEncrypt":
        return None
    target = find(call.account, call.region, call.params["DestinationKeyId"])
    return of_ciphertext(call.region, call.params["CiphertextBlob"]) is target


def _of_grant(params: Mapping[str, Any], for_resource: bool = False) -> dict[str, Any]:
    """Return the condition keys of CreateGrant."""
    if "GranteePrincipal" not in params:
        return {}
    return {
        "kms:GrantIsForAWSResource": for_resource,
        "kms:GrantOperations": params.get("Operations", []),
        "kms:GranteePrincipal": params["GranteePrincipal"],
        "kms:RetiringPrincipal": params.get("RetiringPrincipal"),
        "kms:GrantConstraintType": list(params.get("Constraints", {})) or None,
    }


def _ask(call: Call, action: str, key: Any, encryption: Mapping[str, str], facts: Mapping[str, Any]) -> Ask:
    ref = str(call.params.get("KeyId", ""))
    about = {
        **_of_key(key),
        "kms:CallerAccount": call.caller.account if call.caller else call.account,
        "kms:RequestAlias": ref.rsplit(":", maxsplit=1)[-1] if "alias/" in ref else None,
        "kms:EncryptionContextKeys": list(encryption) or None,
        **{f"kms:EncryptionContext:{k}": v for k, v in encryption.items()},
        **facts,
    }
    return Ask(action, key.arn, {**request.surroundings(call), **request.context(about)})


def _of_key(key: Any) -> dict[str, Any]:
    backend = kms_backends[key.account_id][key.region]
    tags = backend.tagger.get_tag_dict_for_resource(key.id)
    return {
        "aws:ResourceAccount": key.account_id,
        "kms:KeySpec": key.key_spec,
        "kms:KeyUsage": key.key_usage,
        "kms:KeyOrigin": key.origin,
        "kms:MultiRegion": key.multi_region,
        "kms:ResourceAliases": list(key.aliases) or None,
        **{f"aws:ResourceTag/{k}": v for k, v in tags.items()},
    }


def permits(world: World, who: Principal, key: Any, asked: Ask, encryption: Mapping[str, str]) -> Verdict:
    """Judge one use of one key: a denial anywhere is final; a grant stands in for both policies."""
    operation = asked.action.removeprefix("kms:")
    if key.account_id != who.account and operation not in _ACROSS:
        return Verdict(verdicts.SILENT, "because the operation does not work on a key of another account")
    verdict = verdicts.together(key.policy, key.account_id, who, asked)
    if verdict.decision == verdicts.SILENT and _granted(world, who, key.arn, operation, encryption):
        return Verdict(verdicts.ALLOWED)
    return verdict


def _granted(world: World, who: Principal, arn: str, operation: str, encryption: Mapping[str, str]) -> bool:
    names = (*who.names, f"arn:aws:iam::{who.account}:root") if who.kind == "root" else who.names
    return any(
        grant.grantee in names
        and operation in grant.operations
        and _constrained(grant.constraints, operation, encryption)
        for grant in world.access.grants.get(arn, [])
    )


def _constrained(constraints: Mapping[str, Any], operation: str, encryption: Mapping[str, str]) -> bool:
    if operation in _IN_GRANTS_WITHOUT_CONTEXT:
        return True
    equals, subset = constraints.get("EncryptionContextEquals"), constraints.get("EncryptionContextSubset", {})
    return (equals is None or dict(equals) == dict(encryption)) and subset.items() <= dict(encryption).items()


def service_may(
    world: World,
    call: Call,
    ref: str | None,
    actions: tuple[str, ...],
    encryption: Mapping[str, str],
    service: str = "ec2",
    grant: Mapping[str, Any] | None = None,
) -> str | None:
    """Say why a service may not use a key on the caller's behalf; None where it may.

    `actions` are KMS operations, all of which are needed; `grant` is what CreateGrant among them would be given. Key
    policies see kms:ViaService, kms:GrantIsForAWSResource and the encryption context; addresses are not handed on.
    """
    who, key = call.caller, find(call.account, call.region, ref) if ref else None
    if who is None or key is None:
        return None
    facts = {
        "kms:ViaService": f"{service}.{call.region}.amazonaws.com",
        "aws:ViaAWSService": True,
        **_of_grant({"GranteePrincipal": f"{service}.amazonaws.com", **(grant or {})}, for_resource=True),
    }
    for name in actions:
        asked = _ask(_forwarded(call), f"kms:{name}", key, {} if name == "DescribeKey" else encryption, facts)
        asked = Ask(asked.action, asked.resource, {k: v for k, v in asked.context.items() if k != "aws:sourceip"})
        verdict = permits(world, who, key, asked, encryption)
        if verdict.decision != verdicts.ALLOWED:
            return f"{who.arn} may not kms:{name} {verdict.why}"
    return None


def _forwarded(call: Call) -> Call:
    return Call("kms", call.operation, {}, call.account, call.region, call.at, call.response, caller=call.caller)


def infrastructure(account: str, instance: str) -> Principal:
    """Return the identity under which EC2 decrypts volume keys for an instance: no policies of its own (R-EBS-57)."""
    arn = f"arn:aws:sts::{account}:assumed-role/aws:ec2-infrastructure/{instance}"
    role = f"arn:aws:iam::{account}:role/aws:ec2-infrastructure"
    return Principal("service", account, arn, instance, role)


def infrastructure_may(world: World, call: Call, ref: str | None, volume: str, instance: str) -> str | None:
    """Say why EC2 itself would fail to decrypt a volume's key for an instance, given that it has its grant."""
    key = find(call.account, call.region, ref) if ref else None
    if call.caller is None or key is None:
        return None
    who, encryption = infrastructure(call.account, instance), {"aws:ebs:id": volume}
    as_ec2 = Call("kms", "Decrypt", {}, call.account, call.region, call.at, call.response, caller=who)
    facts = {"kms:ViaService": f"ec2.{call.region}.amazonaws.com"}
    asked = _ask(as_ec2, "kms:Decrypt", key, encryption, facts)
    asked = Ask(asked.action, asked.resource, {k: v for k, v in asked.context.items() if k != "aws:sourceip"})
    denied = verdicts.of_resource(key.policy, who, asked) == verdicts.DENIED
    return f"{who.arn} may not kms:Decrypt" if denied else None
