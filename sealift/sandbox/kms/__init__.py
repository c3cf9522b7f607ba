"""KMS keys that gate: `keys` finds them and knows their states, `access` asks policies and grants, the rest are operations."""

from collections.abc import Callable
from typing import Any

from sealift.sandbox.kms import grants, operations, policies
from sealift.sandbox.kms.access import about_keys, admit, infrastructure_may, service_may
from sealift.sandbox.kms.grants import attached, detached
from sealift.sandbox.kms.keys import (
    EBS_ALIAS,
    RDS_ALIAS,
    KeyFact,
    fact,
    find,
    is_managed,
    managed_key,
    set_state,
    unusable,
)
from sealift.sandbox.world import Call, World

OPERATIONS: dict[str, Callable[[World, Call], dict[str, Any] | None]] = {
    **operations.OPERATIONS,
    **grants.OPERATIONS,
    **policies.OPERATIONS,
}
"""All KMS operations that the sandbox answers itself; the rest is moto's."""

__all__ = [
    "EBS_ALIAS",
    "OPERATIONS",
    "RDS_ALIAS",
    "KeyFact",
    "about_keys",
    "admit",
    "attached",
    "detached",
    "fact",
    "find",
    "infrastructure_may",
    "is_managed",
    "managed_key",
    "service_may",
    "set_state",
    "unusable",
]
