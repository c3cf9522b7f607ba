"""How fast, and how often again: token buckets, and the one table of retry classes.

The buckets hold AWS's published rates and are halved when AWS says that even so it was too much. Delays are waited on
the injected clock.
"""

import random
from dataclasses import dataclass, field

from sealift.clock import Clock
from sealift.errors import Retry


@dataclass(frozen=True)
class Delays:
    """Exponential: `first` seconds, times `factor`, at most `cap`, given up when `deadline` seconds have been waited
    in all.
    """

    first: float
    factor: float
    cap: float
    deadline: float

    def delay(self, tries: int, draw: random.Random) -> float:
        """Return the wait before the next try, after `tries` that failed, with jitter of a quarter."""
        return float(min(self.cap, self.first * self.factor ** (tries - 1)) * draw.uniform(0.75, 1.25))


RETRIES: dict[Retry, Delays | None] = {
    Retry.TRANSIENT: Delays(1, 2, 15, 300),
    Retry.THROTTLED: Delays(1, 2, 15, 900),
    Retry.EVENTUAL: Delays(1, 1.5, 5, 120),  # R-EBS-90: absent for more than two minutes is absent
    Retry.QUOTA: Delays(15, 1.5, 60, 6 * 3600),
    Retry.CAPACITY: Delays(5, 2, 60, 900),
    Retry.REFUSED: None,
    Retry.FATAL: None,
}
"""None: not tried again."""

DOWN_DEADLINE = 300.0
"""While a workload is down nothing is tried again for longer than this, in seconds; then the run goes back."""


@dataclass
class Bucket:
    """A token bucket on a clock."""

    size: float
    refill: float
    tokens: float = field(init=False)
    at: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        self.tokens = self.size

    def wait(self, now: float) -> float:
        """Take a token and return the seconds to wait until it is there."""
        self.tokens = min(self.size, self.tokens + max(0.0, now - self.at) * self.refill)
        self.at = now
        self.tokens -= 1
        return max(0.0, -self.tokens / self.refill)

    def halve(self) -> None:
        """AWS refused at this rate: send half as fast from now on."""
        self.refill, self.tokens = max(0.1, self.refill / 2), min(self.tokens, 0.0)


class Pace:
    """One bucket for each operation, account and Region; `share` is the number of processes that share the account's
    rates.
    """

    def __init__(self, clock: Clock, share: int = 1) -> None:
        self._clock, self._share = clock, max(1, share)
        self._buckets: dict[tuple[str, str, str], Bucket] = {}

    async def turn(self, place: tuple[str, str], operation: str, size: int, refill: float) -> None:
        """Wait for this operation's turn in `place` (account, Region)."""
        bucket = self._buckets.setdefault((*place, operation), Bucket(max(1, size / self._share), refill / self._share))
        if (seconds := bucket.wait(self._clock.now())) > 0:
            await self._clock.sleep(seconds)

    def throttled(self, place: tuple[str, str], operation: str) -> None:
        """Slow down: AWS answered that the rate is too high."""
        if bucket := self._buckets.get((*place, operation)):
            bucket.halve()
