"""DLM policies and AWS Backup selections."""

from collections.abc import Callable
from typing import Any

from sealift.sandbox.errors import ApiError
from sealift.sandbox.world import Call, World, iso


def _create_policy(world: World, call: Call) -> dict[str, Any]:
    policy_id = world.new_id("policy")
    policy = {**call.params, "PolicyId": policy_id, "DateCreated": iso(call.at)}
    world.documents(call, "dlm")[policy_id] = policy
    return {"PolicyId": policy_id}


def _policies(world: World, call: Call) -> dict[str, Any]:
    known = world.documents(call, "dlm")
    asked = call.params.get("PolicyIds") or list(known)
    return {"Policies": [known[i] for i in asked if i in known]}


def _policy(world: World, call: Call) -> dict[str, Any]:
    policy = world.documents(call, "dlm").get(call.params["PolicyId"])
    if policy is None:
        raise ApiError("SB-VOL-06", "ResourceNotFoundException", "The policy does not exist.", 404)
    return {"Policy": policy}


def _create_selection(world: World, call: Call) -> dict[str, Any]:
    selection_id = world.new_id("selection")
    plan = call.params["BackupPlanId"]
    selection = {**call.params, "SelectionId": selection_id, "CreationDate": iso(call.at)}
    world.documents(call, f"backup:{plan}")[selection_id] = selection
    return {"SelectionId": selection_id, "BackupPlanId": plan, "CreationDate": iso(call.at)}


def _selections(world: World, call: Call) -> dict[str, Any]:
    plan = call.params["BackupPlanId"]
    found = world.documents(call, f"backup:{plan}").values()
    shown = [{"SelectionId": s["SelectionId"], "BackupPlanId": plan, **_names(s["BackupSelection"])} for s in found]
    return {"BackupSelectionsList": shown}


def _names(selection: dict[str, Any]) -> dict[str, Any]:
    return {k: selection[k] for k in ("SelectionName", "IamRoleArn") if k in selection}


def _selection(world: World, call: Call) -> dict[str, Any]:
    found = world.documents(call, f"backup:{call.params['BackupPlanId']}").get(call.params["SelectionId"])
    if found is None:
        raise ApiError("SB-VOL-06", "ResourceNotFoundException", "The selection does not exist.", 400)
    return dict(found)


def _nothing_protected(world: World, call: Call) -> dict[str, Any]:
    return {"Results": []}


OPERATIONS: dict[str, Callable[[World, Call], dict[str, Any] | None]] = {
    "dlm:CreateLifecyclePolicy": _create_policy,
    "dlm:GetLifecyclePolicies": _policies,
    "dlm:GetLifecyclePolicy": _policy,
    "backup:CreateBackupSelection": _create_selection,
    "backup:ListBackupSelections": _selections,
    "backup:GetBackupSelection": _selection,
    "backup:ListProtectedResources": _nothing_protected,
}
