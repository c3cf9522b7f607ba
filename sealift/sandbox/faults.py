"""Faults, as data: which calls are hit, how often, and what becomes of the call or of what it sets going."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(kw_only=True)
class Fault:
    """What befalls calls of `operation` (`ec2:AttachVolume`, `ec2:*` or `*`).

    Which calls: those whose parameters equal `match` (one level deep; a list matches if it contains the value) and
    that name `resource` anywhere; `times` of them (None: all), each by `probability` (seeded).

    What becomes of the request, one of: `after`, the effect happens and the reply is lost; `reset`, the connection
    breaks and nothing happened; a fate (below), and the request itself succeeds; else it is refused with `code` and
    `status` (by default the status that AWS sends with that code). `timeout` makes a lost reply a read time-out in
    process; over a socket every lost reply is a broken connection. `slow_s`: the answer comes so many seconds late.

    The fate of what the request sets going: `hangs`, it never gets out of its state; `late_s`, it takes so much longer;
    `fails_at`, it fails when so many percent of its time have passed; `key_off_at`, the key that it is under is disabled
    then.
    """

    operation: str
    code: str = "InternalError"
    message: str = "A fault of the sandbox."
    status: int | None = None
    times: int | None = 1
    match: Mapping[str, Any] = field(default_factory=dict)
    resource: str | None = None
    after: bool = False
    reset: bool = False
    timeout: bool = False
    slow_s: float = 0.0
    hangs: bool = False
    late_s: float = 0.0
    fails_at: float | None = None
    key_off_at: float | None = None
    probability: float = 1.0
    fired: int = 0
    befallen: int = 0
    """How many transitions its fate has befallen: a call may set nothing going, or nothing that can fail."""

    def __post_init__(self) -> None:
        if self.operation != "*" and not all(self.operation.partition(":")):
            raise ValueError(
                f"{self.operation!r} is no operation: it is service:Name (rds:RebootDBInstance), service:* or *"
            )
        for percent in (self.fails_at, self.key_off_at):
            if percent is not None and not 0 <= percent <= 100:
                raise ValueError(f"{percent} is no percentage: fails_at and key_off_at are 0 to 100")
        if not 0 <= self.probability <= 1:
            raise ValueError(f"{self.probability} is no probability")

    @property
    def is_fate(self) -> bool:
        """Say whether the request itself succeeds, and what it sets going is hit."""
        return self.hangs or bool(self.late_s) or self.fails_at is not None or self.key_off_at is not None

    @property
    def took_hold(self) -> bool:
        """Say whether it has made a difference: to a request, or, where it is a fate, to what one has set going."""
        return bool(self.befallen if self.is_fate else self.fired)

    @property
    def refuses(self) -> bool:
        """Say whether the request is refused or broken before it has had an effect."""
        return not (self.after or self.is_fate or (self.slow_s and self.code == "InternalError" and not self.reset))

    def __str__(self) -> str:
        if self.after or self.reset:
            return "lost after its effect" if self.after else "lost before any effect"
        parts = [
            self.hangs and "hangs",
            self.late_s and f"{self.late_s:g} s late",
            self.fails_at is not None and f"fails at {self.fails_at:g} %",
            self.key_off_at is not None and f"its key is disabled at {self.key_off_at:g} %",
            self.slow_s and f"answered after {self.slow_s:g} s",
            self.refuses and self.code,
        ]
        return ", ".join(p for p in parts if p)

    def meets(self, operation: str, params: Mapping[str, Any], rng: random.Random) -> bool:
        """Say whether this call is hit, and count it."""
        if self.times is not None and self.fired >= self.times:
            return False
        if self.operation not in (operation, operation.split(":", maxsplit=1)[0] + ":*", "*"):
            return False
        if not all(_is(params.get(name), value) for name, value in self.match.items()):
            return False
        if self.resource and not _names(params, self.resource):
            return False
        if self.probability < 1 and rng.random() >= self.probability:
            return False
        self.fired += 1
        return True


def _is(sent: Any, wanted: Any) -> bool:
    return wanted in sent if isinstance(sent, list) else bool(sent == wanted)


def _names(sent: Any, resource: str) -> bool:
    if isinstance(sent, Mapping):
        return any(_names(v, resource) for v in sent.values())
    if isinstance(sent, list):
        return any(_names(v, resource) for v in sent)
    return isinstance(sent, str) and (sent == resource or sent.endswith(("/" + resource, ":" + resource)))


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
