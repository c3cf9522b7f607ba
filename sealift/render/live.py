"""A live view on a terminal: per resource the phase, the step, percent of the snapshot, elapsed and estimated rest."""

import sys
from dataclasses import dataclass, field

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from sealift.events import Event
from sealift.render.text import span

COLORS = {
    "prepare": "cyan",
    "cutover": "yellow",
    "bring-up": "magenta",
    "confirm": "green",
    "restore": "red",
    "clean": "red",
}


@dataclass
class _Line:
    target: str
    began: float
    now: float
    phase: str = ""
    steps: dict[str, str] = field(default_factory=dict)  # under way: key -> title
    progress: float | None = None
    progress_began: tuple[float, float] | None = None  # at, percent
    end: str = ""
    down_since: float | None = None

    def rest(self) -> str:
        """Estimate what is left of a snapshot from how fast it has moved."""
        if self.progress is None or self.progress_began is None:
            return ""
        at, percent = self.progress_began
        moved = self.progress - percent
        return f"~{span((100 - self.progress) * (self.now - at) / moved)}" if moved > 0 and self.now > at else ""


class LiveView:
    """Draws while events come; lines that must stay are printed above."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(file=sys.stderr)
        self._lines: dict[str, _Line] = {}
        self._live = Live(self._table(), console=self._console, refresh_per_second=6, transient=False)
        self._started = False

    def listen(self, event: Event) -> None:
        """Take an event in."""
        if not self._started:
            self._started = True
            self._live.start()
        line = self._lines.setdefault(event.migration, _Line(event.target, event.at, event.at))
        line.now = event.at
        line.phase = event.phase or line.phase
        self._take(line, event)
        self._live.update(self._table())

    def stop(self) -> None:
        """Leave the last picture standing."""
        if self._started:
            self._live.stop()

    def _take(self, line: _Line, event: Event) -> None:
        match event.name:
            case "step-started":
                line.steps[event.step] = event.title
                line.progress = line.progress_began = None
            case "step-waiting":
                line.progress = event.data.get("progress")
                if line.progress is not None and line.progress_began is None:
                    line.progress_began = (event.at, line.progress)
            case "step-done" | "step-failed":
                line.steps.pop(event.step, None)
            case "gate":
                waits = event.data.get("waiting_for")
                line.steps = {"gate": f"waits for {waits}: sealift approve {event.migration}"} if waits else {}
            case "quiesce":
                line.down_since = event.at
            case "bring-up":
                line.down_since = None
            case "retry" | "direction" | "leftover":
                why = event.data.get("error") or event.data.get("why")
                self._console.print(Text(f"{event.target}  {event.name}: {why}", style="yellow"))
            case "end":
                line.end, line.steps, line.down_since = str(event.data.get("as")), {}, None

    def _table(self) -> Table:
        table = Table(box=None, pad_edge=False)
        for heading in ("target", "phase", "doing", "%", "elapsed", "rest", "down"):
            table.add_column(heading, style="bold" if heading == "target" else "", overflow="fold")
        for line in self._lines.values():
            doing = line.end or " ∥ ".join(list(line.steps.values())[:2]) + (" …" if len(line.steps) > 2 else "")
            percent = f"{line.progress:.0f}" if line.progress is not None else ""
            down = span(line.now - line.down_since) if line.down_since is not None else ""
            table.add_row(
                line.target,
                Text(line.phase, style=COLORS.get(line.phase, "")),
                doing,
                percent,
                span(line.now - line.began),
                line.rest(),
                Text(down, style="red"),
            )
        return table
