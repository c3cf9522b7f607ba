"""A driver whose rows and requests are seen as they happen, and which can be made to die between any two of them."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from sealift.aws.gateway import Gateway, Purpose
from sealift.aws.operations import Operation
from sealift.driver import Driver
from sealift.errors import CallError
from sealift.pace import JITTER, READS, RETRIES

SHARED = ("switch_on", "owe", "switch_off", "switched")
"""What a driver writes besides rows: how it stands to shared switches."""

NAMES = {
    ("intent", "after"): "intent without effect",
    ("made", "before"): "effect without made",
    ("made", "after"): "made without done",
}


MOST_BETWEEN = max(r.delays.cap for retry, r in RETRIES.items() if retry in READS and r is not None) * (1 + JITTER)
"""Seconds that a read waits at most between two tries."""


class Killed(BaseException):
    """The process is gone: no handler runs, no row is written, no call leaves."""


@dataclass(frozen=True, order=True)
class Point:
    """A durable state that a driver can leave: before or after it writes `what` of a step ("" of the migration)."""

    step: str
    what: str
    when: str

    def __str__(self) -> str:
        name = NAMES.get((self.what, self.when), f"{self.when} {self.what}")
        return f"{self.step}: {name}" if self.step else name


@dataclass(frozen=True)
class Sent:
    """One mutating request, with the step whose intent row its task had written, and that row's token."""

    driver: int
    operation: str
    params: Mapping[str, Any]
    migration: str
    step: str
    token: int


class Watching(Protocol):
    """Who is told of what drivers do."""

    def row(self, migration: str, step: str, what: str, data: Mapping[str, Any], token: int) -> None:
        """A row was written."""

    def sending(self, sent: Sent) -> None:
        """A mutating request is about to leave."""

    def answered(self, sent: Sent, reply: Mapping[str, Any] | None) -> None:
        """It was answered; None: refused, or nobody knows."""

    def waited(self, since: float) -> None:
        """A request had to wait for its turn, or, a read, before it was sent again."""


Dies = Callable[[Point], bool]

Asked = Callable[[Sent, Purpose], None]
"""Who is told of a request, of any purpose, directly before it leaves."""

Done = Callable[[Sent, Mapping[str, Any]], None]
"""Who is told of a mutating request that was answered, before the driver hears of it."""


class Tap:
    """Sits on a driver's journal and on its door to AWS."""

    def __init__(self, driver: Driver, number: int, watching: Watching, dies: Dies | None = None) -> None:
        self.driver, self.number, self.watching, self.dies = driver, number, watching, dies
        self.points: list[Point] = []
        self.dead = False
        self.asked: Asked | None = None
        self.done: Done | None = None
        self._intents: dict[asyncio.Task[Any] | None, tuple[str, str, int]] = {}
        self._row, self._note = driver.journal.row, driver.journal.note
        driver.journal.row, driver.journal.note = self.row, self.note  # type: ignore[method-assign]
        for name in SHARED:
            setattr(driver.journal, name, self._shared(name, getattr(driver.journal, name)))
        self.elsewhere = False  # it died in a fork, and the file of its journal is another process's
        self._free = driver.journal.free
        driver.journal.free = self.free  # type: ignore[method-assign]
        self._gateway = driver.account.gateway
        driver.account.gateway = self.gateway  # type: ignore[method-assign]
        self._turn = driver.account.pace.turn
        driver.account.pace.turn = self.turn  # type: ignore[method-assign]

    def die(self) -> None:
        """End here and now."""
        self.dead = self.driver.account.closed = True
        raise Killed

    def row(self, migration: str, attempt: int, step: str, what: str, data: Any = None, *, token: int) -> int:
        """Write a row of a step, unless the driver is dead or dies of it."""

        def write() -> int:
            if what == "intent":
                self._intents[asyncio.current_task()] = (migration, step, token)
            number = self._row(migration, attempt, step, what, data, token=token)
            self.watching.row(migration, step, what, data or {}, token)
            return number

        return int(self._around(Point(step, what, "before"), write))

    def note(self, migration: str, what: str, data: Any = None, *, attempt: int, token: int = 0) -> int:
        """Write a row of the migration, unless the driver is dead or dies of it."""

        def write() -> int:
            number = self._note(migration, what, data, attempt=attempt, token=token)
            self.watching.row(migration, "", what, data or {}, token)
            return number

        return int(self._around(Point("", what, "before"), write))

    def _shared(self, name: str, write: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *a, **kw: self._around(Point("", name, "before"), lambda: write(*a, **kw))

    def _around(self, point: Point, write: Callable[[], Any]) -> Any:
        self._pass(point)
        done = write()
        self._pass(Point(point.step, point.what, "after"))
        return done

    def _pass(self, point: Point) -> None:
        if self.dead:
            raise Killed
        self.points.append(point)
        if self.dies is not None and self.dies(point):
            self.die()

    def free(self, migration: str, token: int) -> None:
        """Give a lease back. In this process a dead driver does so too: its number says that it lives, and it does not."""
        if self.dead and self.elsewhere:
            raise Killed
        self._free(migration, token)

    async def gateway(self, region: str) -> Gateway:
        """Return a door whose mutating requests are seen."""
        inner = await self._gateway(region)
        return _Door(self, inner.account_id, region)

    async def turn(self, place: tuple[str, str], operation: str, size: int, refill: float) -> None:
        """Wait for a turn at AWS's rates."""
        began = self.driver.clock.now()
        await self._turn(place, operation, size, refill)
        if self.driver.clock.now() > began:
            self.watching.waited(began, self.driver.clock.now())

    def sent(self, operation: str, params: Mapping[str, Any]) -> Sent:
        """Return a request with the intent of its task."""
        intent = self._intents.get(asyncio.current_task(), ("", "", 0))
        return Sent(self.number, operation, params, *intent)


class _Door(Gateway):
    def __init__(self, tap: Tap, account_id: str, region: str) -> None:
        super().__init__(tap.driver.account, account_id, region)
        self._tap = tap
        self._refused: dict[
            asyncio.Task[Any] | None, tuple[str, float]
        ] = {}  # reads that were not answered, by who asks

    async def _request(self, operation: Operation, params: Mapping[str, Any], purpose: Purpose) -> dict[str, Any]:
        sent = self._tap.sent(operation.name, params)
        if self._tap.asked is not None:
            self._tap.asked(sent, purpose)
        if purpose is not Purpose.MUTATE:
            return await self._read(operation, params, purpose)
        self._tap.watching.sending(sent)
        reply: dict[str, Any] | None = None
        try:
            reply = await super()._request(operation, params, purpose)
            if self._tap.done is not None:
                self._tap.done(sent, reply)
        finally:
            self._tap.watching.answered(sent, reply)
        return reply

    async def _read(self, operation: Operation, params: Mapping[str, Any], purpose: Purpose) -> dict[str, Any]:
        """Send a read; where it was refused, and this is another try, say how long it was waited for that: then it waits its turn."""
        who = asyncio.current_task()
        before, since = self._refused.pop(who, ("", 0.0))
        if before == operation.name:
            self._tap.watching.waited(since, min(self.clock.now(), since + MOST_BETWEEN))
        try:
            return await super()._request(operation, params, purpose)
        except CallError:
            self._refused[who] = (operation.name, self.clock.now())
            raise
