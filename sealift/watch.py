"""Waiting is shared: one read by filter serves every waiter of the same subject in an account and Region.

Lanes wake on a common grid of the clock, so that those who wait for the same kind of thing ask at the same moment; the
first asks for all,
the others read its answer. An id that is absent harms only its own waiter.
"""

import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sealift.answers import reading
from sealift.clock import Clock
from sealift.errors import AnswerUnclear, CallError, WaitFailed
from sealift.step import Call, Seen, Watch
from sealift.subjects import SUBJECTS, Subject

ABSENT_MEANS_GONE = 120.0
"""Seconds (R-EBS-90): what is not described for longer than this was never made, or is gone."""

UNCLEAR = "unclear"
"""The state of what was described, and not so that it could be understood."""

UNCLEAR_FOR = 60.0
"""Seconds for which answers that cannot be understood are waited out: nothing is concluded from them."""

Read = Callable[[Call], Any]


@dataclass
class _Look:
    at: float = -1.0
    found: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    asked: frozenset[str] = frozenset()


class Watcher:
    """Waits for resources in one account and Region."""

    def __init__(self, clock: Clock, read: Read) -> None:
        self._clock, self._read = clock, read
        self._waiting: dict[str, dict[str, int]] = {}  # subject -> id -> number of waiters
        self._looks: dict[str, _Look] = {}

    async def until(
        self,
        watch: Watch,
        *,
        step: str,
        cap: float = 5.0,
        at_once: bool = False,
        seen: Callable[[Seen], None] | None = None,
        pause: Callable[[float], Awaitable[None]] | None = None,
    ) -> Seen:
        """Wait until the watch's judge says done; poll after 1 s, then more slowly up to every `cap` seconds. `pause`: what
        sleeps in between, where that is not the clock itself.

        Raises:
            WaitFailed: a failed state, absent for two minutes, or the watch's deadline.

        """
        began = clear = self._clock.now()
        last_present: float | None = None
        interval = 1.0
        ids = self._waiting.setdefault(watch.subject, {})
        ids[watch.id] = ids.get(watch.id, 0) + 1
        try:
            while True:
                if not at_once:
                    await self._tick(interval, pause or self._clock.sleep)
                at_once = False
                look = await self._judged(watch, began, clear)
                now = self._clock.now()
                clear = clear if look.state == UNCLEAR else now
                if look.state != "absent":
                    last_present = now
                if seen:
                    seen(look)
                if look.done:
                    return look
                self._fail_if_hopeless(watch, look, step, now - began, now - (last_present or began))
                interval = min(cap, interval * 1.5)
        finally:
            ids[watch.id] -= 1
            if not ids[watch.id]:
                del ids[watch.id]

    async def _judged(self, watch: Watch, began: float, clear: float) -> Seen:
        try:
            resource = await self._look(watch.subject, watch.id, began)
            with reading(SUBJECTS[watch.subject].operation):
                return watch.judge(resource)
        except AnswerUnclear:
            if self._clock.now() - clear > UNCLEAR_FOR:
                raise
            return Seen(state=UNCLEAR)

    def _fail_if_hopeless(self, watch: Watch, look: Seen, step: str, waited: float, absent: float) -> None:
        if look.failed:
            raise WaitFailed(
                f"{watch}: {look.failed}",
                resource=str(watch.id),
                step=step,
                unused=look.unused,
                no_room=look.no_room,
            )
        if look.state == "absent" and absent > ABSENT_MEANS_GONE:
            message = f"{watch} is not described for {absent:.0f} s: it was never made, or has vanished (R-EBS-54: is the key usable?)"
            raise WaitFailed(message, resource=str(watch.id), step=step)
        if watch.deadline is not None and waited > watch.deadline:
            message = f"{watch} is '{look.state}' and not {watch.want} after {waited:.0f} s"
            raise WaitFailed(message, resource=str(watch.id), step=step, unused=look.unused, late=True)

    async def _tick(self, interval: float, pause: Callable[[float], Awaitable[None]]) -> None:
        # Wake on whole seconds: those who wait for the same kind of thing meet there and share a read.
        now = self._clock.now()
        await pause(math.floor(now) + max(1, round(interval)) - now)

    async def _look(self, subject: str, resource: str, began: float) -> Mapping[str, Any] | None:
        look = self._looks.get(subject)
        now = self._clock.now()
        if look is None or look.at <= began or look.at < now - 0.25 or resource not in look.asked:
            look = self._looks[subject] = await self._ask(subject)
        return look.found.get(resource)

    async def _ask(self, subject: str) -> _Look:
        at, kind = self._clock.now(), SUBJECTS[subject]
        ids = sorted(self._waiting[subject])
        found: dict[str, Mapping[str, Any]] = {}
        for start in range(0, len(ids), kind.batch):
            found |= await self._described(kind, ids[start : start + kind.batch])
        return _Look(at=at, found=found, asked=frozenset(ids))

    async def _described(self, kind: Subject, ids: list[str]) -> dict[str, Mapping[str, Any]]:
        """Read some ids; where the operation takes only an id list, one that is absent must not poison the others."""
        try:
            reply = await self._read(kind.call(ids))
        except CallError as error:
            if kind.filter is not None or not (error.code or "").endswith("NotFound"):
                raise
            alone = [await self._described(kind, [one]) for one in ids] if len(ids) > 1 else []
            return {k: v for found in alone for k, v in found.items()}
        with reading(kind.operation):
            return {r[kind.id]: r for r in kind.resources(reply)}
