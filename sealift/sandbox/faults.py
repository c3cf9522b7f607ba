"""Faults a test puts in: by operation and parameters, before or after the effect, a number of times or by chance."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(kw_only=True)
class Fault:
    """Refuse, lose or break calls of `operation` (`ec2:AttachVolume`, or `ec2:*`).

    With `after` the effect happens and the reply is lost. With `reset` the connection breaks and nothing happened.
    Otherwise the call is refused with `code` and `status` (by default the status AWS sends with that code).
    `match` compares request parameters, one level deep; a list parameter matches if it contains the value.
    """

    operation: str
    code: str = "InternalError"
    message: str = "A fault of the sandbox."
    status: int | None = None
    times: int | None = 1
    match: Mapping[str, Any] = field(default_factory=dict)
    after: bool = False
    reset: bool = False
    probability: float = 1.0
    fired: int = 0

    def meets(self, operation: str, params: Mapping[str, Any], rng: random.Random) -> bool:
        """Say whether this call is hit, and count it."""
        if self.times is not None and self.fired >= self.times:
            return False
        if self.operation not in (operation, operation.split(":", maxsplit=1)[0] + ":*", "*"):
            return False
        if not all(_is(params.get(name), value) for name, value in self.match.items()):
            return False
        if self.probability < 1 and rng.random() >= self.probability:
            return False
        self.fired += 1
        return True


def _is(sent: Any, wanted: Any) -> bool:
    return wanted in sent if isinstance(sent, list) else bool(sent == wanted)


class Faults:
    """The list, in the order of adding; the first that is met fires."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self.all: list[Fault] = []

    def add(self, *faults: Fault) -> None:
        """Put faults in."""
        self.all.extend(faults)

    def clear(self) -> None:
        """Take all faults out."""
        self.all.clear()

    def hit(self, operation: str, params: Mapping[str, Any]) -> Fault | None:
        """Return the fault that strikes this call, if any."""
        return next((f for f in self.all if f.meets(operation, params, self._rng)), None)
