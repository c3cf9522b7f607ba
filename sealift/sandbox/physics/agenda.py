"""What will happen by itself, and when: the transitions that AWS makes after a call has returned."""

import heapq
import itertools
from collections.abc import Callable

NEARLY = 1e-5
"""Seconds since 1970 are floats: sums of durations may miss a due time by a hair, and must not."""

Transition = Callable[[float], None]


class Agenda:
    """Transitions ordered by time. Each is given the second it was due, not the second somebody looked."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Transition]] = []
        self._order = itertools.count()

    def at(self, due: float, happen: Transition) -> None:
        """Let `happen` take place at `due`."""
        heapq.heappush(self._heap, (due, next(self._order), happen))

    def settle(self, now: float, after: Callable[[float], None] | None = None) -> None:
        """Do all that is due by `now`, in order, including what that brings about in turn; `after` is told of each."""
        while self._heap and self._heap[0][0] <= now + NEARLY:
            due, _, happen = heapq.heappop(self._heap)
            happen(min(due, now))
            if after is not None:
                after(min(due, now))
