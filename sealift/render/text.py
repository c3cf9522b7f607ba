"""Plans, inventories and final lists as text for people."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sealift.plan import NEEDS_ACK, NOTHING, REFUSED, MigrationPlan, Plan
from sealift.recipe import blocks, seconds_prepare
from sealift.step import Phase

if TYPE_CHECKING:
    from sealift.inventory import Inventory

MARKS = {"block": "✗ refused ", "ack": "! ack     ", "warn": "· warning ", "not evaluated": "? unread  "}
HEADINGS = {
    Phase.PREPARE: "prepare: the workload runs on",
    Phase.CUTOVER: "cutover: after the gate; a failure puts the original back by itself",
    Phase.BRING_UP: "bring-up: the point of no return",
    Phase.CONFIRM: "confirm: nothing is put back without a person",
}


def span(seconds: float) -> str:
    """Return a duration as people say it: 45 s, 12 min, 3.5 h, 14 d."""
    for size, unit in ((172800, "d"), (5400, "h"), (90, "min")):
        if seconds >= size:
            per = {"d": 86400, "h": 3600, "min": 60}[unit]
            return f"{seconds / per:.1f}".removesuffix(".0") + f" {unit}"
    return f"{seconds:.0f} s"


def table(headings: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Return columns as wide as their contents, two spaces apart."""
    cells = [list(map(str, headings)), *[["" if c is None else str(c) for c in row] for row in rows]]
    widths = [max(len(row[i]) for row in cells) for i in range(len(headings))]
    return "\n".join("  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in cells)


def plan(made: Plan, *, steps: bool = True) -> str:
    """Return a plan as text."""
    parts = [_migration(m, steps=steps) for m in made.migrations]
    runnable = [m for m in made.migrations if m.steps]
    tail = f"{len(made.migrations)} target(s), {len(runnable)} to move. Durations are modelled, not measured. Nothing was changed."
    return "\n\n".join([*parts, tail])


def _migration(m: MigrationPlan, *, steps: bool) -> str:
    lines = [f"{m.target}  {m.kind}  {m.region} of account {m.account}"]
    if m.note:
        lines.append(f"  {m.note}")
    lines += [
        f"  {MARKS.get(v.verdict, v.verdict)} {v.id}  {v.message}"
        for v in m.rules
        if steps or v.verdict in ("block", "ack")
    ]
    if m.status == REFUSED:
        lines += [f"  ✗ {r.route}: {r.rule} {r.message}" for r in m.refused_routes]
        return "\n".join([*lines, "  → refused"])
    if m.status == NOTHING:
        return "\n".join([*lines, "  → nothing to do"])
    lines.append(f"  route {m.route}" + "".join(f"\n    not {r.route}: {r.rule} {r.message}" for r in m.refused_routes))
    lines.append(
        f"  {_down(m)}; " + (f"slower than before for {span(m.degraded)}" if m.degraded else "no slower afterwards")
    )
    ready = seconds_prepare(m.steps)
    lines.append(
        f"  prepared in {span(ready.expected)} expected, {span(ready.worst)} worst, while the workload runs on"
    )
    if steps:
        lines += _steps(m)
    if m.status == NEEDS_ACK:
        lines.append("  → wants " + " ".join(f"--ack {v.id}" for v in m.unacknowledged))
    return "\n".join(lines)


def _down(m: MigrationPlan) -> str:
    if not m.down.worst:
        return "nothing goes down"
    r = m.readers_down
    readers = f"; readers down {span(r.expected)} expected, {span(r.worst)} worst" if r.worst else ""
    return f"down {span(m.down.expected)} expected, {span(m.down.worst)} worst{readers}; way back {span(m.back.worst)} worst"


def _steps(m: MigrationPlan) -> list[str]:
    lines: list[str] = []
    phase: Phase | None = None
    for block in blocks(m.steps):
        first = block[0][0]
        if first.phase is not phase:
            phase = first.phase
            lines.append(f"  {HEADINGS[phase]}")
        for lane in block:
            side = "∥ " if len(block) > 1 else "  "
            lines += [f"    {side}{s.title()}" + (f"   [{s.lane}]" if s.lane else "") for s in lane]
    return lines


def inventory(found: "Inventory") -> str:
    """Return an inventory as a table."""
    if not found.findings:
        return (
            "nothing is outside a customer-managed key"
            if not found.unreadable
            else "nothing found in what could be read"
        )
    rows = []
    for f in found.findings:
        places = ", ".join(
            f"{a['instance']}:{a['device']}" + (" (root)" if a.get("root") else "") for a in f.get("attachments", ())
        )
        size = f"{f['size_gib']} GiB {f['volume_type']}"
        marks = " ".join(sorted({r["id"] for r in f.get("rules", ()) if r["verdict"] in ("block", "ack")}))
        rows.append(
            [f["id"], f["encryption"], size, f["state"], places or "-", f["tags"].get("Name", ""), f["region"], marks]
        )
    head = ["VOLUME", "ENCRYPTION", "SIZE", "STATE", "ATTACHED TO", "NAME", "REGION", "RULES"]
    return table(head, rows) + f"\n\n{len(rows)} finding(s). Next: sealift plan INSTANCE --key alias/…"


def final_lists(lists: Mapping[str, Sequence[Any]]) -> str:
    """Return what finalize leaves: gone now, goes by itself, stays until somebody acts."""
    gone = "gone now:\n" + ("\n".join(f"  {i}" for i in lists["gone_now"]) or "  nothing")
    by_itself = "goes by itself:\n" + (
        "\n".join(f"  {i['id']} on {i['until']}: {i['what']}" for i in lists["goes_by_itself"]) or "  nothing"
    )
    stays = "stays until you act:\n" + (
        "\n".join(f"  {i['id']}: {i['what']}\n    {i['command']}" for i in lists["stays_until_you_act"]) or "  nothing"
    )
    return "\n".join([gone, by_itself, stays])
