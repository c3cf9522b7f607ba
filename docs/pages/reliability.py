"""docs/reliability.md: what each promise was tried against, from the record that `make torture` keeps in docs/torture.json."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

TRIED = {
    "crash points": (
        "the driver dies at a durable state (*intent without effect*, *effect without made*, *made without done*, before and "
        "after each row of the migration); another resumes, goes back, is killed again on the way, or adopts with the journal "
        "lost; in finalize too"
    ),
    "faults": (
        "a call, or what it set going, fails: throttled, 500, a lost reply with and without effect, denied, expired, not found, "
        "quota, capacity, a state that never comes or is the failed one, the window's end, somebody deletes what was made"
    ),
    "two drivers": (
        "a driver stands still, before or after its intent row or with its request on the wire, while another takes over"
    ),
    "deeds": (
        "somebody starts, stops, detaches, deletes, renames or disables something at each step; a scheduler, a snapshot policy, "
        "a janitor, an Auto Scaling group do their work"
    ),
    "walks": (
        "random interleavings of commands, deaths, faults and time over many migrations at once; a failing one shrinks and "
        "replays"
    ),
}
"""What is counted, and what one of it is."""

COMPARED = (
    "after a walk each replacement is compared with its source; other ends with that of the run with nobody in its way"
)

RECORD = Path(__file__).parents[1] / "torture.json"

HEAD = """# Reliability

What users are promised is worth what it has been tried against. `make torture` tries it on the sandbox, on every shape
of target and by every route: a migration runs once with nobody in its way, and then again from each moment of that run,
each time with something going wrong.

{what}

A trial has survived if it ends as the run with nobody in its way did, or as the way back does, and if all of this was true
after every event on the way. Where AWS lets nothing else be done, or somebody has done what only they can take back, it may
stop with exit 6 and the commands, and with nothing lost. The sandbox is looked at for that; sealift is not asked:
"""

TAIL = """
The figures are of one run, kept in [torture.json](torture.json). `make torture` writes them anew; `make faults`, a part
of `make test`, tries every crash point forward on one shape for each kind and route, and a sample of the rest.
Bugs that are planted on purpose (`tests/faults/planted/`) are each found by the same trials; `make mutants` changes the
engine, the journal and the recipes a little, thousands of times, and asks whether a test notices: of each of them at
least 85 of 100 changes have to be told, and what is not told is listed with its reason.
"""


def page() -> str:
    """Return the page."""
    record = json.loads(RECORD.read_text(encoding="utf-8"))
    lines = record["lines"]
    checks = _summed(line["checks"] for line in lines)
    invariants = [(number, said, f"{checks[number]:,}") for number, said in record["invariants"].items()]
    return "\n".join([
        HEAD.format(what=_table(("trial", "what goes wrong in it"), TRIED.items())),
        _table(("", "at every moment", "times looked at"), invariants),
        "\n## What each promise was tried against\n",
        "Numbers in brackets are rows of the table above; of the trials it says how many survived, of how many.\n",
        _table(("promise", "what had to be true all the while", "tried against"), _promises(record, lines)),
        "\n## By kind and route\n",
        f"{_part(record['share'])}{_where(short=record['short'])}, in {_minutes(record['minutes'])}"
        f"{'' if record['finished'] else ', when it was cut off'}. Of the trials it says how many survived, of how many; "
        "*looks* are those of the first table, *violations* what was found untrue. What AWS refused somebody, or could not befall "
        "a call, was not done, and is not counted.\n",
        _table(*_by_route(lines)),
        TAIL,
    ])  # fmt: skip


def _part(share: float) -> str:
    return "All of it" if share >= 1 else f"{100 * share:g} % of each part, evenly spread"


def _minutes(count: int) -> str:
    return f"{count} minute{'' if count == 1 else 's'}"


def _where(*, short: bool) -> str:
    return ", on one shape for each kind and route" if short else ", on every shape"


def _summed(counts: Iterable[dict[str, int]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for one in counts:
        total.update(one)
    return total


def _promises(record: dict[str, Any], lines: list[dict[str, Any]]) -> list[tuple[str, ...]]:
    tried, survived = _summed(line["tried"] for line in lines), _summed(line["survived"] for line in lines)
    rows = []
    for number, one in enumerate(record["promises"], 1):
        held = ", ".join(f"({i})" for i in one["invariants"]) or COMPARED
        against = "; ".join(f"{survived[a]:,} of {tried[a]:,} {a}" for a in one["against"] if tried[a])
        rows.append((f"{number}. {one['promise']}", held, against))
    return rows


def _by_route(lines: list[dict[str, Any]]) -> tuple[Sequence[str], list[tuple[str, ...]]]:
    names = sorted({name for line in lines for name in line["tried"]})
    head = ("kind", "route", "shapes", *names, "looks", "violations")
    rows = []
    for line in sorted(lines, key=lambda one: (one["kind"], one["route"])):
        counts = [_survived(line, n) for n in names]
        looks = f"{sum(line['checks'].values()):,}"
        rows.append((line["kind"], line["route"], str(len(line["shapes"])), *counts, looks, str(len(line["wrong"]))))
    return head, rows


def _survived(line: dict[str, Any], name: str) -> str:
    """Return how many survived of how many; of steps, which are not judged one by one, how many."""
    if name not in line["tried"]:
        return ""
    of = f"{line['survived'][name]:,} of " if name in line["survived"] else ""
    not_done = line["not_done"].get(name)
    return f"{of}{line['tried'][name]:,}" + (f" ({not_done} not done)" if not_done else "")


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
