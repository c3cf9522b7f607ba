"""Plans and final lists as markdown: for the artifacts of a run, a ticket or a pull request."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sealift.plan import NEEDS_ACK, NOTHING, READY, REFUSED, MigrationPlan, Plan, digest
from sealift.recipe import blocks, seconds_prepare, step_to_json
from sealift.render.text import HEADINGS, kept, slower, span
from sealift.step import Phase, Step, taken_back_by

if TYPE_CHECKING:
    from sealift.driver import Outcome

VERDICTS = {
    READY: "**Ready.** It runs exactly so, or refuses.",
    NEEDS_ACK: "**Needs to be acknowledged** before it runs.",
    REFUSED: "**Refused.** Nothing would be done.",
    NOTHING: "**Nothing would be done.**",
}


def plan(made: Plan) -> str:
    """Return a plan: what would be done to each target, in order, and what it costs."""
    return "\n\n".join(
        [*map(_migration, made.migrations), "Durations are *modelled*, not measured. Nothing was changed."]
    )


def _migration(m: MigrationPlan) -> str:
    parts = [f"# {m.target}", f"{m.kind} in {m.region} of account {m.account}. {VERDICTS[m.status]}"]
    if m.note:
        parts.append(_text(m.note))
    if m.status == NEEDS_ACK:
        parts.append("Acknowledge with: " + " ".join(f"`--ack {v.id}`" for v in m.unacknowledged))
    if m.rules:
        parts += [
            "## Rules",
            table(("rule", "verdict", "what was found"), [(v.id, v.verdict, v.message) for v in m.rules]),
        ]
    if m.refused_routes:
        rows = [(r.route, r.rule, r.message) for r in m.refused_routes]
        parts += ["## Routes not taken", table(("route", "rule", "why"), rows)]
    if m.steps:
        parts += [_cost(m), *_phases(m), f"Digest: `{digest([m.to_json()])}`"]
    return "\n\n".join(parts)


def _cost(m: MigrationPlan) -> str:
    ready = seconds_prepare(m.steps)
    rows = [
        ("down, expected", span(m.down.expected)),
        ("down, worst", span(m.down.worst)),
        *([("readers down, expected", span(m.readers_down.expected))] if m.readers_down.worst else []),
        *([("readers down, worst", span(m.readers_down.worst))] if m.readers_down.worst else []),
        ("preparation, expected: the workload runs on", span(ready.expected)),
        ("preparation, worst", span(ready.worst)),
        ("way back until bring-up, worst", span(m.back.worst)),
        ("way back after bring-up, expected", span(m.back_once_up.expected)),
        ("way back after bring-up, worst", span(m.back_once_up.worst)),
        ("afterwards", slower(m)),
        ("sources", kept(m)),
    ]
    return f"## Route `{m.route}`\n\n" + table(("what it costs", "modelled"), rows)


def _phases(m: MigrationPlan) -> Iterable[str]:
    for phase, heading in HEADINGS.items():
        if rows := [row for block in blocks(m.steps) for row in _rows(block, phase)]:
            yield f"## {heading[0].upper()}{heading[1:]}"
            yield table(("step", "beside", "operation", "expected", "taken back by"), rows)


def _rows(block: list[list[Step]], phase: Phase) -> Iterable[tuple[str, ...]]:
    side_by_side = len(block) > 1
    for lane in block:
        for step in lane:
            if step.phase is phase:
                back = taken_back_by(step)
                yield (
                    step.title(),
                    (step.lane or "") if side_by_side else "",
                    _operation(step),
                    span(step.seconds().expected),
                    back,
                )


def _operation(step: Step) -> str:
    return str(step_to_json(step)["operation"])


def final_lists(lists: Mapping[str, Sequence[Any]]) -> str:
    """Return what finalize leaves: gone now, goes by itself, stays until somebody acts."""
    gone = [(str(i),) for i in lists["gone_now"]]
    by_itself = [(i["id"], i["until"], i["what"]) for i in lists["goes_by_itself"]]
    stays = [(i["id"], i["what"], f"`{i['command']}`") for i in lists["stays_until_you_act"]]
    parts = [
        "## Gone now", table(("resource",), gone) if gone else "Nothing.",
        "## Goes by itself", table(("resource", "on", "what it is"), by_itself) if by_itself else "Nothing.",
        "## Stays until you act", table(("resource", "what it is", "command"), stays) if stays else "Nothing.",
    ]  # fmt: skip
    return "\n\n".join(parts)


def verdicts(outcomes: "Sequence[Outcome]") -> str:
    """Return what `verify` says of each migration, those that are not as they should be first, each with what to type."""
    said = sorted(outcomes, key=lambda o: o.exit_code == 0)
    rows = [(o.target, "**no**" if o.exit_code else "yes", o.message, f"`sealift status {o.migration}`") for o in said]
    return "# Verified\n\n" + table(("target", "as it should be", "what was found", "its story"), rows)


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; what would break a cell is escaped."""
    lines = [headings, ["---"] * len(headings), *([_text(cell) for cell in row] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _text(cell: str) -> str:
    return str(cell).replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")
