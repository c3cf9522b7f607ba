"""STS as enforced: AssumeRole asks the caller's policies and the role's trust policy; sessions end on the box's clock."""

from typing import Any

from moto.sts import sts_backends

from sealift.sandbox.errors import ApiError
from sealift.sandbox.iam import principals, request, verdicts
from sealift.sandbox.iam.policies import Ask
from sealift.sandbox.world import Call, World, iso


def assume(world: World, call: Call) -> dict[str, Any] | None:
    """AssumeRole: in one account a trust policy that names the caller is enough; else both sides must allow."""
    who = call.caller
    if who is None:
        return None
    params = call.params
    role = principals.find_role(params["RoleArn"])
    facts = {"sts:ExternalId": params.get("ExternalId"), "sts:RoleSessionName": params.get("RoleSessionName")}
    ask = Ask("sts:AssumeRole", params["RoleArn"], {**request.surroundings(call), **request.context(facts)})
    if role is None:
        raise request.refusal(call, who, ask, "")
    verdict = verdicts.together(role.assume_role_policy_document, role.account_id, who, ask)
    if verdict.decision != verdicts.ALLOWED:
        raise _refused(call, who, ask)
    return _session(call, role)


def _refused(call: Call, who: verdicts.Principal, ask: Ask) -> ApiError:
    message = f"User: {who.arn} is not authorized to perform: sts:AssumeRole on resource: {ask.resource}"
    return ApiError("SB-IAM-06", "AccessDenied", message, 403)


def _session(call: Call, role: Any) -> dict[str, Any]:
    params, seconds = call.params, call.params.get("DurationSeconds", 3600)
    session = sts_backends[call.account]["aws"].assume_role(
        call.region,
        params["RoleSessionName"],
        params["RoleArn"],
        params.get("Policy"),
        seconds,
        params.get("ExternalId"),
    )
    session.expires_at = call.at + seconds
    credentials = {
        "AccessKeyId": session.access_key_id,
        "SecretAccessKey": session.secret_access_key,
        "SessionToken": session.session_token,
        "Expiration": iso(session.expires_at),
    }
    user = {"AssumedRoleId": f"{role.id}:{params['RoleSessionName']}", "Arn": session.arn}
    return {"Credentials": credentials, "AssumedRoleUser": user, "PackedPolicySize": 0}


def who_am_i(world: World, call: Call) -> dict[str, Any] | None:
    """GetCallerIdentity: never refused."""
    who = call.caller
    return {"Account": who.account, "Arn": who.arn, "UserId": who.user_id} if who else None


OPERATIONS = {"sts:AssumeRole": assume, "sts:GetCallerIdentity": who_am_i}
