"""Key policies: read, written, and refused where they are none or would lock everybody out."""

from typing import Any

from sealift.sandbox.errors import ApiError
from sealift.sandbox.iam import principals, request, verdicts
from sealift.sandbox.iam.policies import Ask, Malformed, statements
from sealift.sandbox.kms.operations import the_key
from sealift.sandbox.world import Call, World


def get(world: World, call: Call) -> dict[str, Any]:
    """GetKeyPolicy."""
    return {"Policy": the_key(call).policy, "PolicyName": "default"}


def names(world: World, call: Call) -> dict[str, Any]:
    """ListKeyPolicies: there is one, `default`."""
    the_key(call)
    return {"PolicyNames": ["default"], "Truncated": False}


def put(world: World, call: Call) -> dict[str, Any]:
    """PutKeyPolicy: at once (AWS takes a while)."""
    key = the_key(call)
    if key.key_manager == "AWS":
        raise ApiError("SB-KEY-08", "UnsupportedOperationException", "The policy of an AWS managed key is AWS's own.")
    check(call, key.account_id, key.arn)
    key.policy = call.params["Policy"]
    return {}


def created(world: World, call: Call) -> None:
    """CreateKey: moto makes the key, once the policy is found to be one."""
    if call.params.get("Policy"):
        check(call, call.account, f"arn:aws:kms:{call.region}:{call.account}:key/new")


def check(call: Call, owner: str, arn: str) -> None:
    """Refuse what is no policy, names no principals, or does not let the caller change it again (SB-KEY-09)."""
    try:
        found = statements(call.params["Policy"])
    except Malformed as error:
        raise ApiError("SB-KEY-09", "MalformedPolicyDocumentException", str(error)) from error
    if any(s.principals is None for s in found):
        message = "Key policies must contain resource and principal."
        raise ApiError("SB-KEY-09", "MalformedPolicyDocumentException", message)
    if call.caller is None:
        return
    if any(not _exists(name) for s in found for kind, name in s.principals or () if kind == "AWS"):
        message = "Policy contains a statement with one or more invalid principals."
        raise ApiError("SB-KEY-09", "MalformedPolicyDocumentException", message)
    if call.params.get("BypassPolicyLockoutSafetyCheck"):
        return
    ask = Ask("kms:PutKeyPolicy", arn, request.surroundings(call))
    if verdicts.together(call.params["Policy"], owner, call.caller, ask).decision != verdicts.ALLOWED:
        message = "The new key policy will not allow you to update the key policy in the future."
        raise ApiError("SB-KEY-09", "MalformedPolicyDocumentException", message)


def _exists(name: str) -> bool:
    """Roles and users must exist; accounts, `*` and service roles are taken at their word."""
    if ":role/" in name and "/aws-" not in name:
        return principals.find_role(name) is not None
    return ":user/" not in name or principals.find_user(name) is not None


OPERATIONS = {
    "kms:GetKeyPolicy": get,
    "kms:ListKeyPolicies": names,
    "kms:PutKeyPolicy": put,
    "kms:CreateKey": created,
}
