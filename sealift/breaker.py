"""A breaker for a run with several targets: after so many failures no new cutover starts, and after one start for which AWS
had no room none in that zone and family.

Pure: the driver asks it before a target is prepared, the engine at the gate and directly before the quiesce. Those that
are held rest at their gate, prepared; those in a cutover go on to its end. It is about one run, the targets of one
command: the next one begins with no failure.

A failure is a migration that begins its way back, or needs a person. None is a refusal before the cut (a rule, drift, a
missing permission, somebody's `refuse`), a cutover that was put off before its stop, a target left at its gate, an
interruption.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sealift.errors import Refused, Retry, SealiftError, TurnBack

SHOWN = 160
"""Characters of a reason that the message of another target repeats."""


class Breaker:
    """What has gone wrong in a run so far. `most`: how many failures hold the others; None: nothing is ever held."""

    def __init__(self, most: int | None = None) -> None:
        self.most = most
        self._failures: dict[str, str] = {}  # by migration: what is said of it
        self._short: dict[str, tuple[str, str]] = {}  # by pool: the migration that found no room, and what is said

    def circuit(self, migration: str, target: str, pools: Sequence[str] = ()) -> "Circuit":
        """Return what a migration tells the breaker, and asks it. `pools`: where it takes its capacity from."""
        return Circuit(self, migration, target, tuple(pools))

    def failed(self, migration: str, target: str, why: str) -> str:
        """Count a migration that failed, once; return what is to be told where that holds the others from now on."""
        if migration in self._failures:
            return ""
        self._failures[migration] = f"{target} ({migration}) failed: {_brief(why)}"
        return f"no new cutover starts: {self.holds()}" if len(self._failures) == self.most else ""

    def short(self, migration: str, target: str, pools: Sequence[str], why: str) -> str:
        """Take note that AWS had no room in these pools, whether or not a later try finds some; return what is to be told."""
        new = [pool for pool in pools if pool not in self._short]
        for pool in new:
            self._short[pool] = (migration, f"AWS had no room for {pool}: {target} ({migration}), {_brief(why)}")
        if not new or self.most is None:
            return ""
        return f"no new cutover starts for {', '.join(new)}: AWS had no room there for {target} ({migration})"

    def holds(self, migration: str = "", pools: Sequence[str] = ()) -> str:
        """Say why a cutover does not start now; empty where it may. What a migration has seen itself does not hold it."""
        if self.most is None:
            return ""
        if len(self._failures) >= self.most:
            return f"{'; '.join(self._failures.values())} (--max-failures {self.most})"
        return next((said for p in pools if (seen := self._short.get(p)) for by, said in [seen] if by != migration), "")


@dataclass(frozen=True)
class Circuit:
    """One migration behind the breaker of its run."""

    breaker: Breaker
    migration: str
    target: str
    pools: tuple[str, ...] = ()

    def holds(self) -> str:
        """Say why its cutover does not start now; empty where it may."""
        return self.breaker.holds(self.migration, self.pools)

    def failed(self, error: SealiftError, *, cut: bool) -> str:
        """Count what sends it back, or to a person. `cut`: its source was quiesced; before that a refusal is none, nor is a
        cutover that was put off. Return what is to be told of the others.
        """
        if not cut and (error.exit_code == Refused.exit_code or isinstance(error, TurnBack)):
            return ""
        return self.breaker.failed(self.migration, self.target, error.message)

    def saw(self, error: SealiftError) -> str:
        """Look at what a try raised: a refusal for want of room tells of the pools that it shares with others. Return what
        is to be told of them.
        """
        if error.retry is not Retry.CAPACITY:
            return ""
        return self.breaker.short(self.migration, self.target, self.pools, error.message)


def _brief(why: str) -> str:
    text = " ".join(why.split()).rstrip(".")
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"
