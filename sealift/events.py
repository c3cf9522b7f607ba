"""What happens, as data: the engine emits, logs and views and notices listen."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Event:
    """One thing that happened in a migration.

    `name` is one of: step-started, step-waiting, step-done, step-failed, retry, gate, quiesce, bring-up, direction,
    stuck, leftover, outage, held, breaker, not-turned, end.
    """

    name: str
    migration: str
    target: str
    account: str
    region: str
    at: float
    phase: str = ""
    step: str = ""
    title: str = ""
    resource: str = ""
    data: dict[str, Any] = field(default_factory=dict)


Listener = Callable[[Event], None]
