"""Ctrl-C, SIGTERM and SIGHUP while a driver works.

At a terminal Ctrl-C asks: go back, leave, or go on; the work goes on while the question is open, for a workload may be
down. SIGTERM, SIGHUP and a Ctrl-C where nobody can be asked write a row, let the calls under way come to theirs, give
the leases back and leave: another driver takes over at once.
"""

import asyncio
import os
import signal
import sys
import termios
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import suppress
from itertools import zip_longest
from typing import TYPE_CHECKING, TypeVar

from sealift.cli.saying import say

if TYPE_CHECKING:
    from sealift.driver import Driver
    from sealift.engine import Engine
    from sealift.render.live import LiveView

T = TypeVar("T")

ANSWER_WITHIN = 60.0
"""Seconds of life that the question stands open; then it is as if it had not been asked."""

WORDS = {
    **dict.fromkeys(("", "g", "go", "go on", "n", "no"), "go on"),
    **dict.fromkeys(("b", "back", "go back"), "back"),
    **dict.fromkeys(("l", "leave", "q", "quit"), "leave"),
}
"""What may be typed."""

PROMPT = "back, leave or go on? [go on] "

_NOT_HERE = (NotImplementedError, RuntimeError, ValueError)
"""What asyncio raises where there are no such signals, or outside the main thread."""


async def heeding(
    work: Coroutine[object, object, T], driver: "Driver | None" = None, views: Sequence["LiveView"] = ()
) -> T:
    """Await work, and heed signals meanwhile.

    Raises:
        KeyboardInterrupt: it was left.

    """
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()
    if task is None:
        raise AssertionError("a coroutine runs in a task")
    heed = Heed(task.cancel, driver, views)
    taken = list(_taken(loop, heed))
    try:
        return await work
    except asyncio.CancelledError:
        if heed.leaving:
            raise KeyboardInterrupt from None
        raise
    finally:
        heed.close()
        for number in taken:
            loop.remove_signal_handler(number)


def _taken(loop: asyncio.AbstractEventLoop, heed: "Heed") -> Iterator[signal.Signals]:
    """Take the signals that are not ignored (a shell's background job ignores SIGINT, nohup SIGHUP)."""
    acts: dict[signal.Signals, Callable[[], None]] = {
        signal.SIGINT: heed.interrupted,
        signal.SIGTERM: lambda: heed.leave("SIGTERM"),
        signal.SIGHUP: lambda: heed.leave("SIGHUP: its terminal is gone"),
    }
    for number, act in acts.items():
        if signal.getsignal(number) is not signal.SIG_IGN:
            with suppress(*_NOT_HERE):
                loop.add_signal_handler(number, act)
                yield number


class Heed:
    """What signals do to what a driver works on: `cancel` ends the work."""

    def __init__(
        self, cancel: Callable[[], object], driver: "Driver | None" = None, views: Sequence["LiveView"] = ()
    ) -> None:
        self._cancel, self._driver, self._views = cancel, driver, views
        self.leaving = False
        self._question: Question | None = None

    @property
    def _driven(self) -> "list[Engine]":
        return [] if self._driver is None else list(self._driver.driven.values())

    def interrupted(self) -> None:
        """Ask; leave where nobody can be asked, nothing is driven, or the question is open already."""
        if self.leaving:
            say("sealift: leaving; a call to AWS is being written down. Ctrl-\\ ends without that", color="yellow")
        elif self._question is not None or not self._driven or not _somebody_there():
            self.leave("Ctrl-C")
        else:
            for view in self._views:
                view.rest()
            self._question = Question(self._driven, self._answered)

    def _answered(self, answer: str) -> None:
        """Do what was answered, and show the work again."""
        self._asked_no_longer()
        for view in self._views if answer != "leave" else ():
            view.wake()
        if answer == "leave":
            return self.leave("left at the terminal")
        if answer == "back" and self._driver is not None:
            self._driver.turn_back(f"going back was asked for at the terminal by {_who()}")
        return None

    def leave(self, why: str) -> None:
        """Write down that the driver leaves, and end the work as soon as the calls under way have come to a row."""
        if self.leaving:
            return
        self.leaving = True
        self.close()
        if self._driver is not None and self._driven:
            say(f"sealift: leaving ({why}); calls under way are written down first", color="yellow")
            self._driver.leave(why)
        self._cancel()

    def close(self) -> None:
        """Take the question away, if it is open."""
        if self._question is not None:
            say("")
            self._question.forget()
        self._asked_no_longer()

    def _asked_no_longer(self) -> None:
        if self._question is not None:
            self._question.close()
            self._question = None


class Question:
    """Asked once, on stderr, and answered by a line on stdin, or by silence; the event loop goes on meanwhile."""

    def __init__(self, driven: "Sequence[Engine]", answered: Callable[[str], None]) -> None:
        self._driven, self._answered = driven, answered
        self._loop, self._stdin = asyncio.get_running_loop(), sys.stdin.fileno()
        say("")
        for line in asked(driven):
            say(line, color="yellow")
        self._prompt()
        self.forget()  # what was typed before is no answer
        self._loop.add_reader(self._stdin, self._read)
        self._silence = self._loop.call_later(ANSWER_WITHIN, self._unanswered)

    def close(self) -> None:
        """Ask no longer."""
        self._silence.cancel()
        self._loop.remove_reader(self._stdin)

    def forget(self) -> None:
        """Forget what was typed and not read: it is no answer, and no command of whoever reads next."""
        with suppress(termios.error):
            termios.tcflush(self._stdin, termios.TCIFLUSH)

    def _prompt(self) -> None:
        say(PROMPT, line=False, bold=True)

    def _unanswered(self) -> None:
        say(f"\nsealift: no answer in {ANSWER_WITHIN:.0f} s: it goes on", color="yellow")
        self._answered("go on")

    def _read(self) -> None:
        if not _in_front(self._stdin):
            return self._answered("go on")  # it was put into the background: to read there would stop it
        typed = os.read(self._stdin, 1024).decode(errors="replace")
        answer = WORDS.get(" ".join(typed.splitlines()[0].lower().split()) if typed else "")
        if answer is None or (answer == "back" and not turning(self._driven)):
            for line in _cannot(self._driven) if answer else ["Type back, leave or go on."]:
                say(line, color="yellow")
            return self._prompt()
        for line in _will(answer, self._driven):
            say(line, color="yellow")
        return self._answered(answer)


def turning(driven: "Sequence[Engine]") -> "list[Engine]":
    """Return those that can still go back without asking about writes."""
    return [e for e in driven if e.turns]


def asked(driven: "Sequence[Engine]") -> list[str]:
    """Return the lines of the question: where each stands, and what each answer does to it."""
    from sealift.render.story import down_now, phase

    lines = ["sealift: interrupted. The work goes on until you answer; Ctrl-C once more leaves at once."]
    for e in driven:
        down = "".join(f"; {said}" for said in down_now(e.state, e.work.target))
        lines.append(f"  {e.work.target}  {e.work.migration}  {phase(e.state)}{down}")
    back = [*map(_way_back, turning(driven)), *_cannot(driven)]
    lines += [f"  {word:<5}  {text}" for word, text in zip_longest(["back"], back, fillvalue="")]
    names = " ".join(e.work.migration for e in driven)
    verb = "finalize" if any(e.state.end == "retained" for e in driven) else "resume"
    lines.append(f"  leave  nothing is turned, and nobody drives it until: sealift {verb} {names}")
    lines.append(f"  go on  as if nothing had been; so it does without an answer in {ANSWER_WITHIN:.0f} s")
    return lines


def _way_back(e: "Engine") -> str:
    from sealift.render.text import span

    if not e.begun:
        return f"{e.work.target} keeps its original, and what was prepared is deleted"
    return f"{e.work.target} gets its original back: {span(e.back.expected)} expected, {span(e.back.worst)} worst"


def _cannot(driven: "Sequence[Engine]") -> list[str]:
    """Say of those that do not turn from here why, and what puts them back."""
    lines = []
    for e in (e for e in driven if not e.turns):
        if e.state.direction == "back":
            lines.append(f"{e.work.target} is on its way back already")
        elif e.state.end == "retained":
            lines.append(f"{e.work.target} is being finalized, and nothing brings back what is deleted")
        elif e.state.brought_up is not None:
            lines.append(
                f"{e.work.target} runs on its replacement, and going back leaves the writes since then behind: leave, "
                f"then sealift rollback {e.work.migration} --discard-writes"
            )
        else:
            lines.append(f"{e.work.target} is being brought up on its replacement: it is not turned half-way")
    return lines


def _will(answer: str, driven: "Sequence[Engine]") -> list[str]:
    if answer == "back":
        return [
            f"sealift: {e.work.target} goes back as soon as its calls under way are written down"
            for e in turning(driven)
        ]
    return ["sealift: it goes on"] if answer == "go on" else []


def _somebody_there() -> bool:
    """Tell whether there is a terminal to ask at, and we are in front of it."""
    try:
        return sys.stdin.isatty() and sys.stderr.isatty() and _in_front(sys.stdin.fileno())
    except (OSError, ValueError):
        return False


def _in_front(terminal: int) -> bool:
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False


def _who() -> str:
    from sealift.cli.saying import who

    return who()
