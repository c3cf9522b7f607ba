"""A live view on a terminal: per resource the phase, the step, percent of the snapshot, elapsed and estimated rest."""

import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from sealift.events import Event
from sealift.journal import READERS, WRITERS, Outage
from sealift.render.text import span

COLORS = {
    "prepare": "cyan",
    "cutover": "yellow",
    "bring-up": "magenta",
    "confirm": "green",
    "restore": "red",
    "clean": "red",
    "done": "green",
    "put back": "yellow",
    "given up": "yellow",
    "held": "yellow",
    "NEEDS A PERSON": "bold red",
}


ENDS = {
    "retained": ("done", "on its replacement; the source is retained"),
    "rolled-back": ("put back", "on its original, as before"),
    "finalized": ("finalized", "the plain source is gone"),
    "given-up": ("given up", "neither kept nor put back"),
    "needs-person": ("NEEDS A PERSON", ""),
    "held": ("held", "until it is resumed; the source serves"),
}
"""By how a migration came to rest: what stands under phase, and under doing."""

SAID = {
    "retry": "tries again",
    "direction": "turns back",
    "leftover": "left over",
    "held": "held",
    "not-turned": "does not turn",
}
"""Events that leave a line above the view."""


@dataclass
class _Doing:
    """A step under way: its title, and how far what it waits for has come."""

    title: str
    progress: float | None = None
    since: tuple[float, float] | None = None  # at, percent

    def rest(self, now: float) -> float | None:
        """Estimate the seconds left from how fast it has moved."""
        if self.progress is None or self.since is None:
            return None
        at, percent = self.since
        moved = self.progress - percent
        return (100 - self.progress) * (now - at) / moved if moved > 0 and now > at else None


@dataclass
class _Line:
    target: str
    migration: str
    began: float
    now: float
    phase: str = ""
    doing: dict[str, _Doing] = field(default_factory=dict)  # under way, by key
    end: str = ""
    ended: float | None = None
    outages: dict[str, Outage] = field(default_factory=dict)  # by who

    def slowest(self) -> _Doing | None:
        """Return what is least far: all lanes have to come to rest before the next block begins."""
        moving = [d for d in self.doing.values() if d.progress is not None]
        return min(moving, key=lambda d: d.progress or 0.0, default=None)

    def down(self, now: float) -> Text:
        """Return how long who writes, and who reads from replicas, got nothing; red where that is so now."""
        said = [(words, self.outages.get(who, Outage())) for who, words in ((WRITERS, ""), (READERS, "readers "))]
        told = [
            Text(words + span(o.seconds(now)), style="red" if o.since is not None else "")
            for words, o in said
            if o.seconds(now) or o.since is not None
        ]
        return Text(" ∥ ").join(told)


class LiveView:
    """Draws while events come, and between them; lines that must stay are printed above.

    `now` is the clock that the events carry; until it is given, time stands at the last event.
    """

    def __init__(self, console: Console | None = None, now: Callable[[], float] | None = None) -> None:
        self._console = console or Console(file=sys.stderr)
        self.now = now
        self._lines: dict[str, _Line] = {}
        self._lock = threading.RLock()
        self._live = self._drawn()
        self._started = self._resting = False
        self._held: list[Text] = []

    def _drawn(self) -> Live:
        return Live(get_renderable=self._table, console=self._console, refresh_per_second=4, transient=False)

    def listen(self, event: Event) -> None:
        """Take an event in."""
        with self._lock:
            line = self._lines.setdefault(
                event.migration, _Line(event.target, event.migration, began=event.at, now=event.at)
            )
            line.now = event.at
            line.phase = event.phase or line.phase
            self._take(line, event)
        self._draw()

    def _draw(self) -> None:
        if not self._started and not self._resting:
            self._started = True
            self._live.start()

    def rest(self) -> None:
        """Draw nothing and say nothing until `wake`: somebody is asked something on the same terminal."""
        self._resting = True
        if self._started:
            self._started = False
            self._live.transient = True  # the picture is drawn again below the question
            self._live.stop()

    def wake(self) -> None:
        """Go on drawing, below what was written meanwhile; what came up meanwhile is said first."""
        self._resting = False
        held, self._held = self._held, []
        for line in held:
            self._console.print(line)
        self._live = self._drawn()
        if self._lines:
            self._draw()

    def _say(self, line: Text) -> None:
        if self._resting:
            self._held.append(line)
        else:
            self._console.print(line)

    def stop(self) -> None:
        """Leave the last picture standing."""
        if self._resting and self._lines:
            self.wake()
        if self._started:
            self._started = False
            self._live.stop()

    def _take(self, line: _Line, event: Event) -> None:
        match event.name:
            case "step-started":
                line.doing[event.step] = _Doing(event.title)
            case "step-waiting":
                self._progress(line, event)
            case "step-done" | "step-failed":
                line.doing.pop(event.step, None)
            case "gate":
                waits = event.data.get("waiting_for")
                line.phase = "gate"
                title = f"waits for {waits}" + (
                    f": sealift approve {event.migration}" if waits == "an approval" else ""
                )
                line.doing = {"gate": _Doing(title)} if waits else {}
            case "outage":
                line.outages = {who: Outage(**o) for who, o in event.data["outages"].items()}
                line.began = event.data.get("began", line.began)
            case "retry" | "direction" | "leftover" | "held" | "not-turned":
                why = event.data.get("error") or event.data.get("why")
                self._say(Text(f"{event.target}  {SAID[event.name]}: {why}", style="yellow"))
                if event.name == "held":
                    line.end, line.ended, line.doing = "held", event.at, {}
            case "breaker":
                self._say(Text(str(event.data["text"]), style="bold red"))
            case "end":
                line.end, line.ended, line.doing = str(event.data.get("as")), event.at, {}

    def _progress(self, line: _Line, event: Event) -> None:
        doing = line.doing.setdefault(event.step, _Doing(event.title))
        doing.progress = event.data.get("progress")
        if doing.progress is not None and doing.since is None:
            doing.since = (event.at, doing.progress)

    def _table(self) -> Table:
        table = Table(box=None, pad_edge=False)
        for heading in ("target", "phase", "doing", "%", "elapsed", "rest", "down"):
            table.add_column(heading, style="bold" if heading == "target" else "", overflow="fold")
        with self._lock:
            for line in self._lines.values():
                table.add_row(*self._row(line))
        return table

    def _row(self, line: _Line) -> list[Text]:
        now = line.ended or max(line.now, self.now() if self.now else 0.0)
        phase, doing = ENDS.get(line.end, (line.end or line.phase, ""))
        titles = [d.title for d in line.doing.values()]
        slow = line.slowest()
        rest = slow.rest(now) if slow else None
        return [
            Text(line.target),
            Text(phase, style=COLORS.get(phase, "")),
            Text(" ∥ ".join(titles[:2]) + (f" … +{len(titles) - 2}" if len(titles) > 2 else "") if titles else doing),
            Text(f"{slow.progress:.0f}" if slow and slow.progress is not None else ""),
            Text(span(now - line.began)),
            Text(f"~{span(rest)}" if rest is not None else ""),
            line.down(now),
        ]
