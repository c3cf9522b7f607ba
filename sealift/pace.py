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
    """Exponential: `first` seconds, times `factor`, at most `cap`."""

    first: float
    factor: float
    cap: float

    def delay(self, tries: int, draw: random.Random) -> float:
        """Return the wait before the next try, after `tries` that failed, with jitter of a quarter."""
        grown = self.first * self.factor ** min(tries - 1, GROWS)
        return float(min(self.cap, grown) * draw.uniform(1 - JITTER, 1 + JITTER))


JITTER = 0.25
"""Part of a wait by which it is longer or shorter, so that lanes and drivers that were refused together do not come back together."""

GROWS = 64
"""Tries after which a wait has long been at its cap."""


@dataclass(frozen=True)
class Again:
    """How errors of one class are tried again: after which waits, and until how many seconds were waited in all.

    `served`: while nothing is down; `down`: while a workload is down, or its cutover has begun (a hook may have made it
    quiet), on the way forward (then the run goes back); `home`: while a workload is down, on its way home (then a person
    is needed, with the commands). `sent`: what may have come of the call, and what is looked at before it is sent again.
    """

    delays: Delays
    served: float
    down: float
    home: float
    sent: str

    def until(self, *, down: bool, home: bool) -> float:
        """Return the seconds after which it is given up."""
        if not down:
            return self.served
        return self.home if home else self.down


HOUR = 3600.0

ABSENCE_BELIEVED = 60.0
"""Seconds after an intent before an empty look-up of an operation without a token is believed (listing is eventually
consistent).
"""

LOOKED_FOR = (
    "has perhaps had its effect: it is looked for. Not found, a call of class `token` or `state` is sent again; one of class "
    f"`lookup` not before another look by another filter, {ABSENCE_BELIEVED:g} s after it was sent"
)
WITHOUT_EFFECT = "has had no effect: it is sent again"

RETRIES: dict[Retry, Again | None] = {
    Retry.TRANSIENT: Again(Delays(1, 2, 15), served=300, down=300, home=HOUR, sent=LOOKED_FOR),
    Retry.THROTTLED: Again(Delays(1, 2, 15), served=900, down=300, home=HOUR, sent=WITHOUT_EFFECT),
    # R-EBS-90: absent for more than two minutes is absent
    Retry.EVENTUAL: Again(Delays(1, 1.5, 5), served=120, down=120, home=600, sent=WITHOUT_EFFECT),
    Retry.DIFFERS: Again(
        Delays(1, 1.5, 5),
        served=15,
        down=15,
        home=600,
        sent="was answered: nothing is sent, what it made is read again",
    ),
    Retry.QUOTA: Again(Delays(15, 1.5, 60), served=6 * HOUR, down=0, home=HOUR, sent=WITHOUT_EFFECT),
    Retry.CAPACITY: Again(Delays(5, 2, 60), served=900, down=300, home=HOUR, sent=WITHOUT_EFFECT),
    Retry.REFUSED: None,
    Retry.FATAL: None,
}
"""The one table of what is tried again. None: it is not."""

READS = frozenset({Retry.TRANSIENT, Retry.THROTTLED})
"""Classes that a read is tried again for at once, by the gateway; the others are judged by the step that reads."""


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
