"""A migration told in order, with times, for a person on call at night."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sealift.engine import BY_SOMEBODY, taken_off
from sealift.gate import decide, window_of
from sealift.journal import AT_REST, READERS, Entry, Journal, State
from sealift.plan import MigrationPlan
from sealift.recipe import seconds_back, seconds_cutover
from sealift.render.commands import tagged_command
from sealift.render.telling import Told, failure, gathered, kept_in, moment, tell
from sealift.render.text import span, table
from sealift.step import bound, undoing

RESTS = (*AT_REST, "needs-a-person")
"""Phases in which nothing is under way."""


def phase(state: State) -> str:
    """Return the phase of a migration in one word."""
    if state.end in AT_REST:
        return str(state.end)
    if state.end == "needs-person" or (state.undecided and state.direction == "back"):
        return "needs-a-person"
    if state.direction == "back":
        return "going-back"
    if state.brought_up is not None:
        return "confirm"
    if state.quiesced is not None:
        return "cutover"
    return "gate" if state.at_gate else "prepare"


def waits_for(plan: MigrationPlan, state: State, now: float) -> str | None:
    """Return what a migration waits for; at its gate as it would be judged now, whatever its driver saw last."""
    if state.held:
        return f"somebody to resume it: {state.held}"
    if not state.at_gate:
        return state.waiting_for
    verdict = decide(state, window_of(plan.options), now, seconds_cutover(plan.steps), seconds_back(plan.steps))
    return None if verdict.open else verdict.why


def row_of(journal: Journal, about: Mapping[str, Any], plan: MigrationPlan, state: State) -> dict[str, Any]:
    """Return a migration as `sealift.status/1` has it; `driven`: a process holds its lease."""
    _, _, free, gone = journal.lease(about["id"])
    now = journal.clock.now()
    return {
        "id": about["id"], "kind": plan.kind, "target": plan.target, "phase": phase(state), "route": plan.route,
        "waiting_for": waits_for(plan, state, now), "down_seconds": state.down_seconds(now), "attempt": state.attempt,
        "down_since": state.down_since(), "reader_down_seconds": state.down_seconds(now, READERS),
        "reader_down_since": state.down_since(READERS), "account": plan.account, "region": plan.region, "driven": not (free or gone),
        "last_error": None if state.last_error is None else dict(state.last_error),
    }  # fmt: skip


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
        _outages(row),
        (row["waiting_for"] or "").partition(":")[0],
        "" if row["phase"] in RESTS else "yes" if row["driven"] else "NO: sealift resume",
    ]


def _outages(row: Mapping[str, Any]) -> str:
    """Return how long who writes and who reads got nothing, and whether that is so now."""
    writers, readers = (
        span(row[f"{who}_seconds"]) + (", and is" if row[f"{who}_since"] is not None else "")
        if row[f"{who}_seconds"] or row[f"{who}_since"] is not None
        else ""
        for who in ("down", "reader_down")
    )
    return "; ".join([*([writers] if writers else []), *([f"readers {readers}"] if readers else [])]) or "-"


def down_now(state: State, target: str) -> list[str]:
    """Say who of a target gets nothing just now, and since when, for whoever has to act on it."""
    writers, readers = state.down_since(), state.down_since(READERS)
    return [
        *([f"THE WORKLOAD OF {target} IS DOWN since {moment(writers)}"] if writers is not None else []),
        *([f"WHO READS FROM REPLICAS OF {target} GETS NOTHING since {moment(readers)}"] if readers is not None else []),
    ]


def listing(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return migrations as a table."""
    if not rows:
        return "no migrations yet. Next: sealift inventory"
    headings = ["MIGRATION", "TARGET", "PHASE", "ROUTE", "DOWN", "WAITS FOR", "DRIVEN"]
    return table(headings, [table_row(r) for r in rows]) + "\n\nThe story of one: sealift status MIGRATION"


@dataclass(frozen=True)
class Story:
    """One migration, told at the moment `now`."""

    plan: MigrationPlan
    row: Mapping[str, Any]
    state: State
    entries: Sequence[Entry]
    now: float

    def to_json(self) -> dict[str, Any]:
        """Return status and story as data."""
        told = [
            {"at": e.at, "attempt": e.attempt, "step": e.step, "what": e.what, "data": dict(e.data)}
            for e in self.entries
        ]
        return {"format": "sealift.status/1", "migrations": [dict(self.row)], "story": told}

    def text(self) -> str:
        """Return what happened in order, where it stands, and what to type next."""
        plan = self.plan
        head = f"{self.row['id']}  {plan.target}  {plan.region} of account {plan.account}  route {plan.route}"
        down = [
            f"{words} for {span(seconds)} in all"
            for words, seconds in (
                ("down", self.row["down_seconds"]),
                ("readers of replicas got nothing", self.row["reader_down_seconds"]),
            )
            if seconds
        ]
        return "\n".join([head, "", *tell(self.entries, self._titles()), "", *down, self._stands(), "", *self._next()])

    def _titles(self) -> dict[str, str]:
        titles = {}
        for step in self.plan.steps:
            me = bound(step, self.state.outputs)
            for each in (*undoing(me), *undoing(me, brought_up=True), me):
                titles[each.key] = bound(each, self.state.outputs).title()
        return titles

    def _stands(self) -> str:
        state = self.state
        kept = moment((state.brought_up or 0.0) + self.plan.options.retain)
        match self.row["phase"]:
            case "retained":
                return f"now: {self.plan.target} is on its replacement; the plain source is kept until {kept} at least"
            case "rolled-back":
                return f"now: {self.plan.target} is on its original, as before{kept_in(state)}"
            case "finalized":
                return f"now: {self.plan.target} is on its replacement for good"
            case "given-up":
                return f"now: {self.plan.target} is given up: {state.why}"
            case "needs-a-person":
                return f"now: NEEDS A PERSON since {self._since()}: {self._why()}{self._down()}"
        return f"now: {self._doing()}{self._down()}\n     {self._driver()}"

    def _why(self) -> str:
        """Return why a person is asked: the last failure, or what was found since."""
        why, error = self.state.why, self.state.last_error
        if error is not None and (error.get("message", "") in why if why else not self._by_somebody):
            return failure(error)
        return why or (BY_SOMEBODY if self._by_somebody else "see above")

    @property
    def _by_somebody(self) -> bool:
        return self.state.undecided and self.state.direction == "back"

    def _doing(self) -> str:
        if waits := self.row["waiting_for"]:
            return f"waits for {waits}, since {self._since('waiting', 'postponed', 'held')}"
        if self.state.at_gate:
            return f"the gate may open, since {self._since('approved', 'waiting', 'postponed')}"
        items = gathered(self.entries, self._titles())
        steps = [i for i in items if isinstance(i, Told) and i.under_way and i.key in self.state.rows]
        if steps:
            return " ∥ ".join(f"{s.title}, since {moment(s.began)} ({span(self.now - s.began)})" for s in steps[-3:])
        return f"between two steps, since {self._since()}"

    def _down(self) -> str:
        return "".join(f"\n     {said}" for said in down_now(self.state, self.plan.target))

    def _driver(self) -> str:
        if self.row["driven"]:
            return "a process drives it"
        token = max((e.token for e in self.entries), default=0)
        left = next((e for e in self.entries if e.what == "left" and e.token == token), None)
        how = f"left it at {moment(left.at)} ({left.data['why']})" if left else "has ended or was killed"
        return f"NO PROCESS DRIVES IT: its driver {how}"

    def _since(self, *what: str) -> str:
        at = next((e.at for e in reversed(self.entries) if not what or e.what in what), self.now)
        return f"{moment(at)} ({span(self.now - at)})"

    def _next(self) -> list[str]:
        name, state = self.row["id"], self.state
        resume = [] if self.row["driven"] else [f"sealift resume {name}"]
        gate = [f"sealift approve {name}", f"sealift postpone {name} --until …", f"sealift refuse {name}"]
        keep = [] if taken_off(self.plan.steps, state) else [f"sealift accept {name}"]
        kept = moment((state.brought_up or 0.0) + self.plan.options.retain)
        choices = {
            "gate": [*(gate if state.approved is None else gate[1:]), *resume],
            "needs-a-person": [*keep, f"sealift rollback {name} --discard-writes"] if state.undecided
            else [*([f"sealift accept {name}   (gives it up)"] if state.lost else []), f"sealift resume {name}"],
            "retained": [f"sealift finalize {name}"] if state.finalizing
            else [f"sealift verify {name}", f"sealift finalize {name}   (from {kept} on)",
                         f"sealift rollback {name} --discard-writes"],
            "rolled-back": [f"sealift resume {name}   (opens attempt {state.attempt + 1}, with its own gate)"],
            "finalized": [],
            "given-up": [f"{tagged_command(name, self.plan.region)}   (what is left of what it made, and may be the last of its data)"],
        }  # fmt: skip
        back = f"sealift rollback {name}" + (" --discard-writes" if state.undecided else "")
        watch = [f"sealift status {name}"] if self.row["driven"] else [*resume, back]
        commands = choices.get(self.row["phase"], watch)
        return ["next:", *(f"  {c}" for c in commands)] if commands else ["nothing is left to do"]


def of(journal: Journal, migration: str) -> Story:
    """Return the story of one migration.

    Raises:
        JournalError: there is no such migration.

    """
    plan, state = MigrationPlan.from_json(journal.plan(migration)), journal.state(migration)
    row = row_of(journal, {"id": migration}, plan, state)
    return Story(plan, row, state, journal.entries(migration), journal.clock.now())
