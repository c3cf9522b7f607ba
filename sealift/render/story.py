"""A migration told in order, with times, for a person on call at night."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sealift.journal import Entry, Journal, State
from sealift.plan import MigrationPlan
from sealift.render.text import span, table

TOLD = {
    "attempt": "attempt {number} begins",
    "approved": "approved by {by}",
    "refused": "cutover refused by {by}",
    "postponed": "postponed",
    "waiting": "waits for {for}",
    "gate-open": "the gate is open",
    "quiesce": "quiesce: the workload goes down",
    "bring-up": "bring-up: the workload runs on its replacement",
    "direction": "turns back: {why}",
    "service-back": "service is as before",
    "leftover": "left over: {resource}: {why}",
    "failure": "failed: {message}",
    "accepted": "accepted: the replacement stays",
    "adopted": "adopted: the journal was rebuilt from tags; who approved and when is not known",
    "attempt-closed": "the way back is complete",
    "end": "rests: {as}",
}


def phase(state: State) -> str:
    """Return the phase of a migration in one word."""
    if state.end in ("retained", "rolled-back", "finalized"):
        return str(state.end)
    if state.end == "needs-person":
        return "needs-a-person"
    if state.direction == "back":
        return "going-back"
    if state.brought_up is not None:
        return "confirm"
    if state.quiesced is not None:
        return "cutover"
    return (
        "gate"
        if state.waiting_for in ("an approval", "the window to open", "the time it was postponed to")
        else "prepare"
    )


def down_seconds(state: State, now: float) -> float:
    """Return how long the workload was down, or is."""
    if state.quiesced is None:
        return 0.0
    return round(min(t for t in (state.brought_up, state.back_up, now) if t is not None) - state.quiesced, 1)


def row_of(journal: Journal, about: Mapping[str, Any], plan: MigrationPlan, state: State) -> dict[str, Any]:
    """Return a migration as `sealift.status/1` has it."""
    return {
        "id": about["id"],
        "kind": plan.kind,
        "target": plan.target,
        "phase": phase(state),
        "route": plan.route,
        "waiting_for": state.waiting_for,
        "down_seconds": down_seconds(state, journal.clock.now()),
        "attempt": state.attempt,
        "account": plan.account,
        "region": plan.region,
    }


def all_of(journal: Journal) -> list[dict[str, Any]]:
    """Return every migration of a journal."""
    found = []
    for about in journal.migrations():
        plan = MigrationPlan.from_json(journal.plan(about["id"]))
        found.append(row_of(journal, about, plan, journal.state(about["id"])))
    return found


def table_row(row: Mapping[str, Any]) -> list[Any]:
    """Return a migration as a line of a table."""
    return [
        row["id"],
        row["target"],
        row["phase"],
        row["route"],
        span(row["down_seconds"]) if row["down_seconds"] else "-",
        row["waiting_for"] or "",
    ]


def listing(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return migrations as a table."""
    if not rows:
        return "no migrations yet. Next: sealift inventory"
    return table(["MIGRATION", "TARGET", "PHASE", "ROUTE", "DOWN", "WAITS FOR"], [table_row(r) for r in rows])


@dataclass(frozen=True)
class Story:
    """One migration, told."""

    plan: MigrationPlan
    row: Mapping[str, Any]
    state: State
    entries: Sequence[Entry]

    def to_json(self) -> dict[str, Any]:
        """Return status and story as data."""
        told = [
            {"at": e.at, "attempt": e.attempt, "step": e.step, "what": e.what, "data": dict(e.data)}
            for e in self.entries
        ]
        return {"format": "sealift.status/1", "migrations": [dict(self.row)], "story": told}

    def text(self) -> str:
        """Return status and story as lines, with what to type next."""
        lines = [f"{self.row['id']}  {self.plan.target}  route {self.plan.route}  {self.row['phase']}"]
        if self.row["down_seconds"]:
            lines.append(f"down {span(self.row['down_seconds'])}")
        first = self.entries[0].at if self.entries else 0.0
        lines.append("")
        for e in self.entries:
            if (told := _tell(e)) is not None:
                lines.append(f"{_clock(e.at)}  +{e.at - first:>7.0f} s  {told}")
        return "\n".join([*lines, "", *self._next()])

    def _next(self) -> list[str]:
        name, state = self.row["id"], self.state
        kept = (state.brought_up or 0.0) + self.plan.options.retain
        choices = {
            "gate": [f"sealift approve {name}", f"sealift postpone {name} --until …", f"sealift refuse {name}"],
            "needs-a-person": [
                f"sealift accept {name}",
                f"sealift rollback {name} --discard-writes",
                f"sealift resume {name}",
            ]
            if state.brought_up and state.direction == "forward"
            else [f"sealift resume {name}"],
            "retained": [
                f"sealift verify {name}",
                f"sealift finalize {name}   (from {_clock(kept)} on)",
                f"sealift rollback {name} --discard-writes",
            ],
            "rolled-back": [f"sealift resume {name}   (opens attempt {state.attempt + 1})"],
            "finalized": [],
        }
        commands = choices.get(
            self.row["phase"], [f"sealift resume {name}   (if no driver is at it)", f"sealift rollback {name}"]
        )
        return ["next:", *(f"  {c}" for c in commands)] if commands else ["nothing is left to do"]


def _clock(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime(at))


def _tell(e: Entry) -> str | None:
    if e.step is not None:
        if e.what == "intent":
            return None
        title = e.data.get("title", "")
        made = ", ".join(f"{v}" for v in e.data.values()) if e.what == "made" else ""
        if e.what == "failed":
            return f"  {e.step}: failed: {e.data.get('message', '')}"
        if e.what == "void":
            return f"  {e.step}: came to nothing"
        return f"  {e.step}: {e.what}" + (f" {made}" if made else title)
    if e.what == "waiting" and e.data.get("for") is None:
        return None
    pattern = TOLD.get(e.what)
    if pattern is None:
        return None
    return pattern.format_map(_Blank(e.data))


class _Blank(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "?"


def of(journal: Journal, migration: str) -> Story:
    """Return the story of one migration.

    Raises:
        JournalError: there is no such migration.

    """
    plan, state = MigrationPlan.from_json(journal.plan(migration)), journal.state(migration)
    return Story(plan, row_of(journal, {"id": migration}, plan, state), state, journal.entries(migration))
