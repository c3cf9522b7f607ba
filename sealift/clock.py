"""Time, injected: everything that waits is handed a `Clock` and waits on nothing else.

`WallClock` is life. Talking to a sandbox that runs faster than life, it follows that sandbox's time (see
`WallClock.follow`).
`VirtualClock` is a discrete-event clock: it counts the actors that are awake and jumps to the earliest wake-up when
none is.
A lane of a migration is an actor from start to end, and `Clock.sleep` is its only way to be idle.
"""

import asyncio
import heapq
import itertools
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

T = TypeVar("T")

EPOCH_OF_TESTS = 1_800_000_000.0
"""Where virtual time starts unless told otherwise: 2027-01-15T08:00:00Z."""


class Clock(Protocol):
    """What the engine, the watcher and the pacing know of time."""

    def now(self) -> float:
        """Return seconds since the Unix epoch, UTC."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Be idle for `seconds` (negative counts as zero)."""
        ...

    def enter(self) -> None:
        """Count one more actor, awake whenever it is not in `sleep`."""
        ...

    def leave(self) -> None:
        """Count one actor less."""
        ...


@contextmanager
def actor(clock: Clock) -> Iterator[None]:
    """Be an actor of the clock from entry to exit."""
    clock.enter()
    try:
        yield
    finally:
        clock.leave()


async def side_by_side(clock: Clock, work: Sequence[Coroutine[Any, Any, T]]) -> list[T | BaseException]:
    """Run coroutines side by side and return their results or errors, in order; none is cancelled because another
    failed.

    The caller is an actor: its count passes to them while it waits, and comes back with the last one to end.
    """
    if not work:
        return []
    left = len(work)
    for _ in work[1:]:
        clock.enter()

    async def one(coroutine: Coroutine[Any, Any, T]) -> T:
        nonlocal left
        try:
            return await coroutine
        finally:
            left -= 1
            if left:
                clock.leave()

    return await asyncio.gather(*map(one, work), return_exceptions=True)


class WallClock:
    """Real time, or the time of a sandbox that says how fast it runs."""

    def __init__(self) -> None:
        self._real0 = self._shown0 = time.time()
        self._speed = 1.0

    @property
    def speed(self) -> float:
        """Seconds that pass on this clock in a second of life."""
        return self._speed

    def follow(self, now: float, speed: float) -> None:
        """Go on from `now` (Unix seconds) at `speed` times life, as the sandbox said in an answer."""
        self._real0, self._shown0, self._speed = time.time(), now, speed

    def now(self) -> float:
        """Return seconds since the Unix epoch, UTC."""
        return self._shown0 + (time.time() - self._real0) * self._speed

    async def sleep(self, seconds: float) -> None:
        """Sleep for `seconds` of this clock."""
        await asyncio.sleep(max(0.0, seconds) / self._speed)

    def enter(self) -> None:
        """Do nothing: real time passes whoever is awake."""

    def leave(self) -> None:
        """Do nothing."""


class VirtualClock:
    """A discrete-event clock: when no actor is awake, time jumps to the earliest wake-up.

    Safe to share between threads and event loops: a sandbox's threads read it while actors of several loops sleep on
    it.
    """

    def __init__(self, start: float = EPOCH_OF_TESTS) -> None:
        self._now = start
        self._awake = 0
        self._order = itertools.count()
        self._sleepers: list[tuple[float, int, Callable[[], None]]] = []
        self._lock = threading.RLock()

    def now(self) -> float:
        """Return virtual seconds since the Unix epoch."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Let time pass by hand, waking whoever is due on the way (for tests and consoles)."""
        with self._lock:
            target = self._now + seconds
            while self._sleepers and self._sleepers[0][0] <= target:
                self._wake_earliest()
            self._now = max(self._now, target)

    async def sleep(self, seconds: float) -> None:
        """Be idle until `seconds` from now; other actors go on meanwhile."""
        loop = asyncio.get_running_loop()
        woken: asyncio.Future[None] = loop.create_future()

        def wake() -> None:
            loop.call_soon_threadsafe(lambda: None if woken.done() else woken.set_result(None))

        with self._lock:
            entry = (self._now + max(0.0, seconds), next(self._order), wake)
            heapq.heappush(self._sleepers, entry)
            self._awake -= 1
            self._jump()
        try:
            await woken
        except asyncio.CancelledError:
            with self._lock:
                if entry in self._sleepers:  # not woken yet: the canceller's turn makes us awake again
                    self._sleepers.remove(entry)
                    heapq.heapify(self._sleepers)
                    self._awake += 1
            raise

    def enter(self) -> None:
        """Count one more actor that is awake."""
        with self._lock:
            self._awake += 1

    def leave(self) -> None:
        """Count one actor less; the last one awake lets time jump."""
        with self._lock:
            self._awake -= 1
            self._jump()

    def _jump(self) -> None:
        if self._awake <= 0 and self._sleepers:
            self._wake_earliest()

    def _wake_earliest(self) -> None:
        due, _, wake = heapq.heappop(self._sleepers)
        self._now = max(self._now, due)
        self._awake += 1
        wake()
