"""Two drivers: one stands still for longer than its lease, another takes over and goes to the end, and the first wakes up.

A run is walked once. At each step, and at each request of one, the process forks: in the fork the driver is paused there,
as a machine that was suspended would be, while a second one works.

| paused | what the first may still do | why |
|---|---|---|
| before the intent row | nothing | a row is written only with the newest token |
| after the intent row | nothing | the guard looks at the lease directly before a request leaves |
| on its way | that one call, within the life of a request | who takes over waits that long before it settles the intent |
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from sealift import driver as drivers
from sealift.aws.gateway import READ_TIMEOUT, Gateway, Purpose
from sealift.aws.operations import Operation
from sealift.driver import Driver, Outcome
from sealift.engine import Attempt, Runner, local_runner
from sealift.errors import LeaseLost
from sealift.events import Event
from sealift.step import Call, Step
from tests.contract.shapes import no_bring_up
from tests.faults.crashes import ACTS, Tried
from tests.faults.forking import Broken, Forks, guarded
from tests.faults.judging import Ended, back, same, undisturbed
from tests.faults.living import live_on
from tests.faults.sampling import share_of
from tests.faults.stage import Stage, play

BEFORE, AFTER, ON_ITS_WAY = "before the intent row", "after the intent row", "on its way"
PAUSES = {BEFORE: 0, AFTER: 0, ON_ITS_WAY: 1}
"""Where a driver is paused, and how many of its calls may still arrive once it has been taken over."""

LATE = READ_TIMEOUT - 1.0
"""Seconds after which a request that was on its way arrives: the last moment at which its sender still waits for it."""

ELSEWHERE = "another-host"


@dataclass
class Pair:
    """How both drivers ended, and what the first still sent once the second had the lease."""

    first: int
    said: str
    second: Ended
    late: list[str] = field(default_factory=list)


class _Leaping:
    """A monotonic clock on which hours pass between any two looks: whoever looks has stood still for longer than any lease."""

    def __init__(self) -> None:
        self._now = 0.0

    def monotonic(self) -> float:
        self._now += 3600.0
        return self._now

    def __getattr__(self, name: str) -> Any:
        return getattr(time, name)


@contextmanager
def _hours_pass() -> Iterator[None]:
    drivers.time = _Leaping()  # type: ignore[assignment, attr-defined]
    try:
        yield
    finally:
        drivers.time = time  # type: ignore[attr-defined]


class Paused:
    """The first driver: walks on, unless this is the fork in which it is to stand still."""

    def __init__(self, stage: Stage, forks: Forks, thens: list[str], wanted: Callable[[str, str, str], bool]) -> None:
        self.stage, self.forks, self.thens, self.wanted = stage, forks, thens, wanted
        self.seen: set[tuple[str, str]] = set()
        self.split = False  # this is a fork
        self.begun = True  # it may be paused from here on
        self.second: asyncio.Task[Any] | None = None
        self.outcome: Outcome | None = None
        self.token = 0  # of the first driver, as it is paused
        self.late: list[str] = []

    def driver(self, runner: Runner = local_runner) -> Driver:
        """Return the driver that is going to be paused."""
        driver = self.stage.driver(runner=self._around(runner), listeners=[self._listen])
        inner = driver.account.gateway

        async def gateway(region: str) -> Gateway:
            return self._door(await inner(region))

        driver.account.gateway = gateway  # type: ignore[method-assign]
        return driver

    def _listen(self, event: Event) -> None:
        self.begun = self.begun or event.name == "direction"

    def _around(self, runner: Runner) -> Runner:
        async def run(step: Step, attempt: Attempt) -> None:
            if then := self._here(step.key, BEFORE):
                await self._stand_still(then)
            await runner(step, attempt)

        return run

    def _door(self, door: Gateway) -> Gateway:
        send, request = door.send, door._request

        async def sending(
            call: Call, declared: frozenset[str] | None = None, guard: Callable[[], None] | None = None
        ) -> dict[str, Any]:
            if then := self._here(f"{call.operation} {_about(call.params)}", AFTER):
                await self._stand_still(then)
            return await send(call, declared, guard)

        async def requesting(operation: Operation, params: Mapping[str, Any], purpose: Purpose) -> dict[str, Any]:
            if purpose is not Purpose.MUTATE:
                return await request(operation, params, purpose)
            if then := self._here(f"{operation.name} {_about(params)}", ON_ITS_WAY):
                await self._be_slow(then)
            if self.split and self.stage._newest(self.stage.migration) != self.token:
                self.late.append(f"{operation.name} {_about(params)}")
            return await request(operation, params, purpose)

        door.send, door._request = sending, requesting  # type: ignore[method-assign]
        return door

    def _here(self, where: str, pause: str) -> str:
        """Fork for each thing that may happen here; return what happens in this fork, "" in the run itself."""
        if self.split or not self.begun or (where, pause) in self.seen or not self.stage.migration_now():
            return ""
        self.seen.add((where, pause))
        for then in (t for t in self.thens if self.wanted(where, pause, t)):
            copy = self.stage.copy_of_the_journal()
            if self.forks.fork((where, pause, then)):
                self.split, self.token = True, self.stage._newest(self.stage.migration)
                with guarded():
                    live_on(self.stage, copy, host=ELSEWHERE)
                self.stage.invariants.late_calls = PAUSES[pause]
                return then
        return ""

    def _begin(self, then: str) -> "asyncio.Task[Any]":
        self.second = asyncio.ensure_future(THEN[then](self.stage))
        return self.second

    async def _stand_still(self, then: str) -> None:
        """Stand still until the second driver has come to its end."""
        second, clock = self._begin(then), self.stage.world.clock
        await asyncio.sleep(0)  # it is an actor of the clock by now
        clock.leave()
        try:
            self.outcome = await second
        finally:
            clock.enter()

    async def _be_slow(self, then: str) -> None:
        """Let the second driver begin while a request of this one is on the wire."""
        self._begin(then)
        await asyncio.sleep(0)
        await self.stage.world.clock.sleep(LATE)


def _about(params: Mapping[str, Any]) -> str:
    """Return what a request names, to tell it from others of its operation."""
    names = [v for k, v in params.items() if isinstance(v, str) and k.endswith(("Id", "Identifier", "Name", "Device"))]
    lists = [v[0] for v in params.values() if isinstance(v, list) and v and isinstance(v[0], str)]
    return " ".join([*names, *lists][:3])


async def _resume(stage: Stage) -> Outcome | None:
    return await stage.resume()


async def _go_back(stage: Stage) -> Outcome | None:
    return await stage.rollback(discard=True)


async def _again(stage: Stage) -> Outcome | None:
    return await stage.finalize()


THEN: dict[str, Callable[[Stage], Awaitable[Outcome | None]]] = {
    "resume": _resume,
    "rollback": _go_back,
    "finalize again": _again,
}
"""What the second driver is told to do."""

MEANWHILE = {
    "forward": ["resume", "rollback"],
    "way back": ["resume"],
    "way back once up": ["resume"],
    "finalize": ["finalize again"],
}


def every(shape: str, route: str, share: float = 1.0, *, at_once: int = 1) -> list[Tried]:
    """Pause a driver at every step and request of every act, and let another finish: a share of them, always the same."""
    found: list[Tried] = []
    for act in MEANWHILE:
        found += pause(shape, route, act, share_of(share, shape, route, act), at_once=at_once)
    return found


def pause(
    shape: str, route: str, act: str, wanted: Callable[[str, str, str], bool] = lambda *_: True, *, at_once: int = 1
) -> list[Tried]:
    """Walk an act, and pause its driver wherever `wanted(step or request, pause, then)` says so."""
    with _hours_pass():
        found: list[Tried] = play(shape, route, partial(_walk, act=act, wanted=wanted, at_once=at_once))
    return found


async def _walk(stage: Stage, act: str, wanted: Callable[[str, str, str], bool], at_once: int) -> list[Tried]:
    forks = Forks(at_once)
    first = Paused(stage, forks, MEANWHILE[act], wanted)
    first.begun = act != "way back"  # what comes before it turns is the act "forward"
    driver = partial(first.driver, no_bring_up if act == "way back" else local_runner)
    run = stage.migrate(driver()) if act == "way back" else ACTS[act].play(stage, driver)
    outcome = await run
    if first.split:
        forks.tell(await _pair(first, outcome))
    ends = stage.ends(outcome)
    found = [Tried(act, "", "undisturbed", undisturbed(ends, ACTS[act].code), ends.undisturbed.checks)]
    for (where, paused, then), pair in forks.join().items():
        point = f"{where}, {paused}"
        if isinstance(pair, Broken):
            found.append(Tried(act, point, then, [pair.why]))
            continue
        judged = (back if then == "rollback" else same)(pair.second, ends)
        found.append(
            Tried(act, point, then, [*pair.second.wrong, *judged, *_of_first(pair, paused)], pair.second.checks)
        )
    return found


async def _pair(first: Paused, outcome: Outcome | None) -> Pair:
    if first.outcome is None and first.second is not None:
        first.outcome = await first.second
    code, said = (outcome.exit_code, outcome.message) if outcome else (-1, "")
    return Pair(code, said, first.stage.end(first.outcome), first.late)


def _of_first(pair: Pair, paused: str) -> Iterator[str]:
    """Yield what the first driver should not have done once it was taken over."""
    if pair.first != LeaseLost.exit_code or "another driver has taken" not in pair.said:
        yield f"the first ended with {pair.first}: {pair.said[:300]}"
    if len(pair.late) > PAUSES[paused]:
        yield f"the first still sent {pair.late}"
