"""The other services of an account: what reads the log, holds quotas, acts on schedules, and keeps groups whole."""

from collections.abc import Callable
from typing import Any

from sealift.sandbox.services import (
    automations,
    backup,
    commands,
    dlm,
    documents,
    groups,
    limits,
    objects,
    replacing,
    scaling,
    standby,
    tagged,
    trail,
)
from sealift.sandbox.services.acting import AFTER, noticed
from sealift.sandbox.world import Call, World

OPERATIONS: dict[str, Callable[[World, Call], dict[str, Any] | None]] = {
    **groups.OPERATIONS,
    **standby.OPERATIONS,
    **commands.OPERATIONS,
    **automations.OPERATIONS,
    **documents.OPERATIONS,
    **dlm.OPERATIONS,
    **backup.OPERATIONS,
    **objects.OPERATIONS,
    **tagged.OPERATIONS,
    **trail.OPERATIONS,
    **limits.OPERATIONS,
    **scaling.OPERATIONS,
}
"""All operations of other services that the sandbox answers itself; the rest is moto's."""

AFTER.update(replacing.AFTER)

__all__ = ["AFTER", "OPERATIONS", "noticed"]
