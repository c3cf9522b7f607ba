"""The gate before a cutover: an approval, and a window into which the worst case fits. Pure: the engine reads the rows
and waits.
"""

from dataclasses import dataclass

from sealift.estimate import WATCHDOG_MARGIN
from sealift.journal import State
from sealift.options import Options
from sealift.step import Seconds


@dataclass(frozen=True)
class Window:
    """When a cutover may happen, in Unix seconds: not before `start`, quiesced by `last_quiesce`, over by `end`. None:
    any time.
    """

    start: float | None = None
    last_quiesce: float | None = None
    end: float | None = None


def window_of(options: Options) -> Window:
    """Return the window that was asked for."""
    return Window(options.window_start, options.window_last_quiesce, options.window_end)


@dataclass(frozen=True)
class Verdict:
    """Open, or why not; `until` where time alone will open it; `over` where it never will."""

    open: bool
    why: str = ""
    until: float | None = None
    over: bool = False


def decide(state: State, window: Window, now: float, cutover: Seconds, back: Seconds) -> Verdict:
    """Say whether the quiesce may begin at `now`, given the worst cutover and the worst way back."""
    if state.approved is None:
        return Verdict(open=False, why="an approval")
    if state.postponed_until is not None and now < state.postponed_until:
        return Verdict(open=False, why="the time it was postponed to", until=state.postponed_until)
    return fits(window, now, cutover, back)


def fits(window: Window, now: float, cutover: Seconds, back: Seconds) -> Verdict:
    """Say whether the window lets a quiesce begin at `now`."""
    if window.start is not None and now < window.start:
        return Verdict(open=False, why="the window to open", until=window.start)
    if window.last_quiesce is not None and now > window.last_quiesce:
        return Verdict(open=False, why="another window: the last quiesce of this one has passed", over=True)
    if window.end is not None and now + cutover.worst + back.worst > window.end:
        left, need = max(0.0, window.end - now), cutover.worst + back.worst
        return Verdict(
            open=False,
            over=True,
            why=f"another window: {left:.0f} s are left of this one, worst cutover and worst way back need {need:.0f} s",
        )
    return Verdict(open=True)


def turn_back_at(window: Window, back: Seconds) -> float | None:
    """Return the moment after which a cutover that has not been brought up goes back by itself."""
    return None if window.end is None else window.end - back.worst


def turn_back_before(acts: float, back: Seconds) -> float:
    """Return the same where something stands by that acts at `acts`: the worst way back is over well before."""
    return acts - back.worst - WATCHDOG_MARGIN / 2
