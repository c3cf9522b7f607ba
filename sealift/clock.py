"""Time, injected: everything that waits is handed a `Clock` and waits on nothing else.

`WallClock` is life. Talking to a sandbox that runs faster than life, it follows that sandbox's time (see
`WallClock.follow`); where the sandbox holds a clock for several processes, it joins them (see `WallClock.join`).
`VirtualClock` is a discrete-event clock: it counts the actors that are awake and jumps to the earliest wake-up when
none is. `HeldClock` is one process's side of such a clock that a sandbox holds.
A lane of a migration is an actor from start to end, and `Clock.sleep` is its only way to be idle.
"""

import asyncio
import heapq
import itertools
import math
import socket
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, NoReturn, Protocol, TypeVar
from urllib.parse import urlsplit

from sealift.errors import ClockLost

T = TypeVar("T")

EPOCH_OF_TESTS = 1_800_000_000.0
"""Where virtual time starts unless told otherwise: 2027-01-15T08:00:00Z."""

JOINED_IN = 10.0
"""Seconds of life in which a sandbox that holds a clock must have answered who joins."""

SILENT_FOR = 30.0
"""Seconds of life without a word from a clock that was joined, after which it is asked whether it is there; after as
many again it is lost."""


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
    """Real time, or the time of a sandbox that says how fast it runs or that holds a clock."""

    def __init__(self) -> None:
        self._real0 = self._shown0 = time.time()
        self._speed = 1.0
        self._actors = 0
        self._held: HeldClock | None = None
        self._lock = threading.Lock()

    @property
    def speed(self) -> float:
        """Seconds that pass on this clock in a second of life; 0 where only others move it."""
        return 0.0 if self._held else self._speed

    def follow(self, now: float, speed: float) -> None:
        """Go on from `now` (Unix seconds) at `speed` times life, as the sandbox said in an answer.

        At speed 0 time stands still until the next answer; a sleep then lasts as long as in life.
        """
        if self._held:
            return self._held.hear(now)
        self._real0, self._shown0, self._speed = time.time(), now, speed
        return None

    def join(self, url: str) -> None:
        """From now on live on the clock that a sandbox holds at `url`; to join again changes nothing.

        Raises:
            ClockLost: it does not answer.

        """
        with self._lock:
            if self._held is None:
                self._held = HeldClock(url, self._actors)

    def close(self) -> None:
        """Leave a clock that was joined: it waits for this process no longer."""
        if self._held:
            self._held.close()

    def now(self) -> float:
        """Return seconds since the Unix epoch, UTC."""
        return self._held.now() if self._held else self._shown0 + (time.time() - self._real0) * self._speed

    async def sleep(self, seconds: float) -> None:
        """Sleep for `seconds` of this clock."""
        if self._held:
            return await self._held.sleep(seconds)
        return await asyncio.sleep(max(0.0, seconds) / (self._speed or 1.0))

    def enter(self) -> None:
        """Count one more actor; that matters only on a clock that was joined: real time passes whoever is awake."""
        with self._lock:
            self._actors += 1
            if self._held:
                self._held.enter()

    def leave(self) -> None:
        """Count one actor less."""
        with self._lock:
            self._actors -= 1
            if self._held:
                self._held.leave()


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
                    self.enter()
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


class HeldClock(VirtualClock):
    """One process's side of the clock that a sandbox holds for several.

    It counts its own actors. When all of them sleep it says `idle` until the earliest wake-up, and is told when that
    has come; time stands still for everybody until every process that has joined is idle.
    Each line that it sends has a number; the line that answers it has that number and what time it is.
    A sandbox may be silent for hours of life: somebody works. So it is asked now and then whether it is there.
    """

    def __init__(self, url: str, awake: int = 0) -> None:
        """Join the clock at `url` with actors that are awake; without any, this process holds nobody's time.

        Raises:
            ClockLost: it does not answer.

        """
        self._url = url
        self._link, self._lines, now = _linked(url)
        super().__init__(now)
        self._awake = awake
        self._said, self._answered, self._idle, self._lost = 0, 0, False, False
        self._heard = threading.Condition(self._lock)
        self._jump()
        threading.Thread(target=self._listen, name="clock", daemon=True).start()

    def hear(self, now: float) -> None:
        """Believe an answer of the sandbox that says it is later: somebody has moved time by hand."""
        with self._lock:
            self._now = max(self._now, now)

    def advance(self, seconds: float) -> NoReturn:
        """Refuse: this time is the sandbox's, and is moved there."""
        raise AssertionError(f"the clock at {self._url} is not moved by {seconds:g} s here: ask the sandbox to")

    def close(self) -> None:
        """Leave: the others go on without this process."""
        with suppress(OSError):
            self._link.shutdown(socket.SHUT_RDWR)

    async def sleep(self, seconds: float) -> None:
        """Be idle until `seconds` from now.

        Raises:
            ClockLost: the sandbox is gone, and with it time.

        """
        if not self._lost:
            await super().sleep(seconds)
        if self._lost:
            raise ClockLost(
                f"the connection to the sandbox's clock at {self._url} is lost", remedy="Does the sandbox still run?"
            )

    def enter(self) -> None:
        """Count one more actor that is awake; where all slept, hear first what time it has become."""
        with self._lock:
            super().enter()
            if self._idle:
                number = self._say("awake")
                self._heard.wait_for(lambda: self._lost or self._answered >= number)

    def _jump(self) -> None:
        if self._awake > 0 or self._lost:
            return
        due = self._sleepers[0][0] if self._sleepers else math.inf
        if due <= self._now:
            self._wake_earliest()
        else:
            self._say(f"idle {due!r}")

    def _say(self, words: str) -> int:
        self._said, self._idle = self._said + 1, words != "awake"
        with suppress(OSError):  # who listens finds out that it is lost
            self._link.sendall(f"{self._said} {words}\n".encode())
        return self._said

    def _listen(self) -> None:
        asked = False
        with suppress(OSError, ValueError):
            for line in self._lines:
                if line is None and asked:
                    break
                if asked := line is None:
                    self._ask()
                else:
                    number, now = line.split()
                    self._answer(int(number), float(now))
        with self._lock:
            self._lost = True
            for _, _, wake in self._sleepers:
                wake()
            self._awake += len(self._sleepers)
            self._sleepers.clear()
            self._heard.notify_all()
        self._link.close()

    def _ask(self) -> None:
        with self._lock:
            self._link.sendall(b"0 there\n")

    def _answer(self, number: int, now: float) -> None:
        with self._lock:
            self._now, self._answered = max(self._now, now), max(self._answered, number)
            if self._idle and number == self._said:  # else it is the answer to what no longer holds
                self._idle = False
                self._wake_earliest()
            self._heard.notify_all()


Lines = Iterator[str | None]
"""What a connection says, line by line; None where it says nothing for as long as its time-out."""


def _linked(url: str) -> tuple[socket.socket, Lines, float]:
    """Return a connection that was upgraded from HTTP, what it says, and what time it is there."""
    at = urlsplit(url)
    ask = f"GET {at.path} HTTP/1.1\r\nHost: {at.netloc}\r\nConnection: Upgrade\r\nUpgrade: sealift-clock\r\n\r\n"
    try:
        link = socket.create_connection((at.hostname or "", at.port or 80), JOINED_IN)
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        link.sendall(ask.encode())
        lines = _said_on(link)
        now = _greeted(lines)
        link.settimeout(SILENT_FOR)
    except (OSError, ValueError) as error:
        raise ClockLost(
            f"the sandbox's clock at {url} cannot be joined: {error}", remedy="Does it still run?"
        ) from None
    return link, lines, now


def _said_on(link: socket.socket) -> Lines:
    rest = b""
    while True:
        try:
            said = link.recv(4096)
        except TimeoutError:
            yield None
            continue
        if not said:
            return
        *whole, rest = (rest + said).split(b"\n")
        for line in whole:
            yield line.decode("ascii").strip()


def _greeted(lines: Lines) -> float:
    def line() -> str:
        if (said := next(lines, "")) is None:
            raise TimeoutError("it says nothing")
        return said

    if " 101 " not in (status := line()):
        raise OSError(f"it answers {status!r}")
    while line():
        pass
    return float(line())
