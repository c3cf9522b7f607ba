"""The other services of an account: what reads the log, holds quotas, acts on schedules, and keeps groups whole."""

from collections.abc import Callable
from typing import Any

from sealift.sandbox.services import lifecycle, limits, trail
from sealift.sandbox.world import Call, World

OPERATIONS: dict[str, Callable[[World, Call], dict[str, Any] | None]] = {
    **lifecycle.OPERATIONS,
    **trail.OPERATIONS,
    **limits.OPERATIONS,
}
"""All operations of other services that the sandbox answers itself; the rest is moto's."""

AFTER: dict[str, Callable[[World, Call], None]] = {}
"""What an operation of EC2 means for these services, once it has been done."""
