"""Services beside EC2 and KMS that moto lacks or has in part: DLM and AWS Backup, empty unless a test fills them."""

from collections.abc import Callable
from typing import Any

from sealift.sandbox.world import Call, World


def _policies(world: World, call: Call) -> dict[str, Any]:
    return {"Policies": []}


def _policy(world: World, call: Call) -> dict[str, Any]:
    return {"Policy": {"PolicyId": call.params.get("PolicyId", "")}}


OPERATIONS: dict[str, Callable[[World, Call], dict[str, Any] | None]] = {
    "dlm:GetLifecyclePolicies": _policies,
    "dlm:GetLifecyclePolicy": _policy,
}
