"""SimulatePrincipalPolicy and GetContextKeysForPrincipalPolicy, on the sandbox's own reading of policies.

As at AWS it knows only what it is told: no tags of real resources, no key policies. A context key that a policy asks
for and nobody gave is reported, and counts as absent.
"""

from collections.abc import Iterable
from typing import Any

from sealift.sandbox.errors import ApiError
from sealift.sandbox.iam import principals, request, verdicts
from sealift.sandbox.iam.conditions import Context
from sealift.sandbox.iam.matching import arn_matches, wild
from sealift.sandbox.iam.policies import Ask, Malformed, Statement, statements
from sealift.sandbox.world import Call, World


def simulate(world: World, call: Call) -> dict[str, Any]:
    """SimulatePrincipalPolicy: every action on every resource, users and roles."""
    params = call.params
    who = _source(params["PolicySourceArn"], params)
    if params.get("ResourcePolicy") and who.kind != "user":
        message = "Simulation of resource-based policies isn't supported for IAM roles."
        raise ApiError("SB-IAM-09", "InvalidInput", message, 400)
    given = request.context(
        {e["ContextKeyName"]: e.get("ContextKeyValues", []) for e in params.get("ContextEntries", [])}
    )
    known: Context = {**request.of_principal(who, call.at), **given}
    resources = params.get("ResourceArns") or ["*"]
    found = [_result(who, action, resources, known, params.get("ResourcePolicy")) for action in params["ActionNames"]]
    start, most = int(params.get("Marker", 0)), params.get("MaxItems", 100)
    page = {"EvaluationResults": found[start : start + most], "IsTruncated": start + most < len(found)}
    return {**page, "Marker": str(start + most)} if page["IsTruncated"] else page


def _source(arn: str, params: dict[str, Any]) -> verdicts.Principal:
    parts = arn.split(":")
    if len(parts) != 6 or parts[2] != "iam":
        raise ApiError("SB-IAM-09", "InvalidInput", f"Invalid Entity Arn: {arn} does not clearly define entity type.")
    role, user = principals.find_role(arn), principals.find_user(arn)
    if role is None and user is None:
        raise ApiError("SB-IAM-09", "NoSuchEntity", f"Entity {arn} does not exist.", 404)
    who = principals.of_role(role) if role else principals.of_user(user)
    more = tuple((f"PolicyInputList.{n}", text) for n, text in enumerate(params.get("PolicyInputList", []), 1))
    boundary = next(iter(params.get("PermissionsBoundaryPolicyInputList", [])), who.boundary)
    for _, text in more:
        _readable(text)
    return verdicts.Principal(
        who.kind, who.account, who.arn, who.user_id, who.role, who.policies + more, boundary, tags=who.tags
    )


def _readable(text: str) -> None:
    try:
        statements(text)
    except Malformed as error:
        raise ApiError("SB-IAM-09", "InvalidInput", str(error)) from error


def _result(
    who: verdicts.Principal, action: str, resources: list[str], known: Context, policy: str | None
) -> dict[str, Any]:
    each = []
    for resource in resources:
        ask = Ask(action, resource, known)
        each.append((resource, _verdict(who, ask, policy), _missing(who, action, resource, known)))
    worst = max((v.decision for _, v, _ in each), key=[verdicts.ALLOWED, verdicts.SILENT, verdicts.DENIED].index)
    shown: dict[str, Any] = {
        "EvalActionName": action,
        "EvalResourceName": resources[0] if len(resources) == 1 else "*",
        "EvalDecision": worst,
        "MatchedStatements": [m for _, v, _ in each if v.decision == worst for m in _matched(v)],
        "MissingContextValues": sorted({k for _, _, missing in each for k in missing}),
    }
    if resources != ["*"]:
        shown["ResourceSpecificResults"] = [
            {
                "EvalResourceName": resource,
                "EvalResourceDecision": verdict.decision,
                "MatchedStatements": _matched(verdict),
                "MissingContextValues": missing,
            }
            for resource, verdict, missing in each
        ]
    return shown


def _verdict(who: verdicts.Principal, ask: Ask, policy: str | None) -> verdicts.Verdict:
    own = verdicts.of_identity(who, ask)
    if policy is None or own.decision == verdicts.DENIED:
        return own
    _readable(policy)
    by_policy = verdicts.of_resource(policy, who, ask)
    if by_policy == verdicts.DENIED:
        return verdicts.Verdict(verdicts.DENIED)
    return verdicts.Verdict(verdicts.ALLOWED) if by_policy == "direct" else own


def _matched(verdict: verdicts.Verdict) -> list[dict[str, Any]]:
    return [{"SourcePolicyId": name, "SourcePolicyType": "IAM Policy"} for name, _ in verdict.matched]


def _missing(who: verdicts.Principal, action: str, resource: str, known: Context) -> list[str]:
    """Name the keys that statements about this action and resource ask for and nobody gave."""
    keys = {
        c.name
        for s in _statements(who)
        if any(wild(a, action, ignore_case=True) for a in s.actions) != ("Action" in s.inverted)
        if any(arn_matches(r, resource) for r in s.resources) != ("Resource" in s.inverted)
        for c in s.conditions
    }
    return sorted(k for k in keys if k.lower() not in known)


def _statements(who: verdicts.Principal) -> Iterable[Statement]:
    for _, text in who.policies:
        yield from statements(text)
    if who.boundary:
        yield from statements(who.boundary)


def context_keys(world: World, call: Call) -> dict[str, Any]:
    """GetContextKeysForPrincipalPolicy: every key that the policies name."""
    who = _source(call.params["PolicySourceArn"], call.params)
    return {"ContextKeyNames": sorted({c.name for s in _statements(who) for c in s.conditions})}


OPERATIONS = {"iam:SimulatePrincipalPolicy": simulate, "iam:GetContextKeysForPrincipalPolicy": context_keys}
