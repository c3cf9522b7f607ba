"""What a run of `make torture` has tried, by kind and route, as it is printed, kept and written into docs/reliability.md."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.faults.crashes import Tried
from tests.faults.invariants import DOWN, FOREIGN, LOST, MIX, ONE_DRIVER, QUOTA, SAID, SOURCE, TRACED

FILE = Path(__file__).parents[2] / "docs" / "torture.json"
FORMAT = "sealift.torture/1"

PROMISES = {
    "Nothing is lost": ([LOST, SOURCE, MIX], ["crash points", "faults", "deeds", "walks", "two drivers"]),
    "Service comes back": ([DOWN, QUOTA], ["crash points", "faults", "deeds", "walks"]),
    "Kill it anywhere": ([TRACED, ONE_DRIVER], ["crash points", "two drivers", "walks"]),
    "The way back leads to the state at the cut": ([LOST, MIX, DOWN], ["crash points", "faults", "deeds"]),
    "The plan is what happens": ([FOREIGN], ["crash points", "faults", "deeds", "walks"]),
    "Everything comes over": ([], ["walks", "crash points", "faults"]),
}
"""By promise: what has to be true at every moment for it, and what it was tried against. Where there is no invariant, ends are compared.
That it asks for the least is not tried here: policies are, by what a run sends (tests/contract).
"""


@dataclass
class Line:
    """One kind and route: how many of what was tried, how many survived, and how often each invariant was looked at."""

    kind: str
    route: str
    shapes: list[str] = field(default_factory=list)
    tried: Counter[str] = field(default_factory=Counter)
    survived: Counter[str] = field(default_factory=Counter)
    not_done: Counter[str] = field(default_factory=Counter)  # what did not take place, and so tried nothing
    checks: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Return it for the record."""
        counters = ("tried", "survived", "not_done", "checks")
        counts = {name: dict(getattr(self, name)) for name in counters}
        return {"kind": self.kind, "route": self.route, "shapes": self.shapes, **counts, "wrong": self.wrong}

    def add(self, counts: str, shape: str, found: Iterable[Tried]) -> None:
        """Count in what was tried on a shape."""
        if shape not in self.shapes:
            self.shapes.append(shape)
        for one in found:
            if not one.done:
                self.not_done[counts] += 1
            elif one.point:  # the run that nobody disturbs is what the others are compared with
                self.tried[counts] += 1
                self.survived[counts] += not one.wrong
            self.checks.update({str(k): n for k, n in one.checks.items()})
            self.wrong += [f"{shape}: {one}: {' '.join(w.split())[-400:]}" for w in one.wrong]


@dataclass
class Record:
    """All lines of a run; `share`: how much of what there is to try was tried, `short`: on one shape for each kind and route.

    `finished`: it was not cut off.
    """

    share: float
    short: bool = False
    finished: bool = False
    lines: dict[str, Line] = field(default_factory=dict)
    seconds: float = 0.0

    def line(self, kind: str, route: str) -> Line:
        """Return the line of a kind and route."""
        return self.lines.setdefault(f"{kind} {route}", Line(kind, route))

    @property
    def wrong(self) -> list[str]:
        """Every violation."""
        return [w for line in self.lines.values() for w in line.wrong]

    def write(self, path: Path = FILE) -> None:
        """Keep it."""
        body = {
            "format": FORMAT,
            "share": self.share,
            "short": self.short,
            "finished": self.finished,
            "minutes": round(self.seconds / 60),
            "invariants": {str(number): said for number, said in SAID.items()},
            "promises": [{"promise": p, "invariants": i, "against": a} for p, (i, a) in PROMISES.items()],
            "lines": [line.as_json() for line in self.lines.values()],
        }
        path.write_text(json.dumps(body, indent=1, sort_keys=True) + "\n", encoding="utf-8")

    def table(self) -> str:
        """Return what was tried as text: a line for each kind and route."""
        names = sorted({name for line in self.lines.values() for name in line.tried})
        rows = [["kind", "route", "shapes", *names, "invariant checks", "violations"]]
        for line in self.lines.values():
            counts = [_of(line, n) for n in names]
            looked = str(sum(line.checks.values()))
            rows.append([line.kind, line.route, str(len(line.shapes)), *counts, looked, str(len(line.wrong))])
        widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]))]
        return "\n".join("  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows)


def _of(line: Line, name: str) -> str:
    """Return how many survived of how many that took place, and how many did not; of what is not judged by itself, how many."""
    if not line.tried[name]:
        return ""
    if name not in line.survived:
        return str(line.tried[name])
    not_done = f" ({line.not_done[name]} not done)" if line.not_done[name] else ""
    return f"{line.survived[name]}/{line.tried[name]}{not_done}"
