"""Plans, inventories and final lists as text for people."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sealift import spans
from sealift.plan import NEEDS_ACK, NOTHING, REFUSED, WITHOUT_EFFECT, MigrationPlan, Plan
from sealift.recipe import blocks, seconds_prepare
from sealift.step import Phase, Seconds

if TYPE_CHECKING:
    from sealift.inventory import Inventory

span = spans.span
"""A duration as people say it."""

MARKS = {"block": "✗ refused ", "ack": "! ack     ", "warn": "· warning ", "not evaluated": "? unread  "}
HEADINGS = {
    Phase.PREPARE: "prepare: the workload runs on",
    Phase.CUTOVER: "cutover: after the gate; a failure puts the original back by itself",
    Phase.BRING_UP: "bring-up: the point of no return",
    Phase.CONFIRM: "confirm: nothing is put back without a person",
}


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
        if steps or v.verdict in ("block", "ack") or v.id in WITHOUT_EFFECT
    ]
    if m.status == REFUSED:
        lines += [f"  ✗ {r.route}: {r.rule} {r.message}" for r in m.refused_routes]
        return "\n".join([*lines, "  → refused"])
    if m.status == NOTHING:
        return "\n".join([*lines, "  → nothing would be done"])
    lines.append(f"  route {m.route}" + "".join(f"\n    not {r.route}: {r.rule} {r.message}" for r in m.refused_routes))
    lines.append(f"  {down(m)}; {slower(m)}")
    ready = seconds_prepare(m.steps)
    lines.append(
        f"  prepared in {span(ready.expected)} expected, {span(ready.worst)} worst, while the workload runs on"
    )
    lines += _way_back(m)
    lines.append(f"  {kept(m)}")
    if steps:
        lines += _steps(m)
    if m.status == NEEDS_ACK:
        lines.append("  → wants " + " ".join(f"--ack {v.id}" for v in m.unacknowledged))
    return "\n".join(lines)


def down(m: MigrationPlan) -> str:
    """Say how long writers and readers get nothing."""
    if not m.down.worst:
        return "nothing goes down"
    r = m.readers_down
    readers = f"; readers down {span(r.expected)} expected, {span(r.worst)} worst" if r.worst else ""
    return f"down {span(m.down.expected)} expected, {span(m.down.worst)} worst{readers}"


def slower(m: MigrationPlan) -> str:
    """Say how long the replacement is slower than its source was."""
    if m.loads:
        return "slower until its data are loaded, for how long is not known"
    return f"slower than before for {span(m.degraded)}" if m.degraded else "no slower afterwards"


def kept(m: MigrationPlan) -> str:
    """Say what stays after the migration, and for how long."""
    what = ", ".join(m.kept) or "the sources"
    return f"kept for {span(m.options.retain)} and paid for, until `sealift finalize`: {what}"


def _way_back(m: MigrationPlan) -> list[str]:
    """Say what going back costs on either side of bring-up."""
    if not m.down.worst:
        return []
    return [
        f"  way back: {span(m.back.worst)} worst until bring-up; after it {going_back(m.back_once_up)}, and what was written "
        "since is left in a snapshot"
    ]


def going_back(back: Seconds) -> str:
    """Say how long the way back after bring-up takes: the workload is down for nearly all of it."""
    return f"{span(back.expected)} expected, {span(back.worst)} worst, the workload down"


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
    volumes = [_volume(f) for f in found.findings if f["kind"] == "ebs-volume"]
    databases = [_database(f) for f in found.findings if f["kind"] in DATABASES]
    parts = [table(VOLUME_COLUMNS, volumes)] if volumes else []
    parts += [table(DATABASE_COLUMNS, databases)] if databases else []
    return "\n\n".join([*parts, f"{len(found.findings)} finding(s). Next: sealift plan TARGET --key alias/…"])


VOLUME_COLUMNS = ("VOLUME", "ENCRYPTION", "SIZE", "STATE", "ATTACHED TO", "NAME", "REGION", "RULES")
DATABASE_COLUMNS = ("DATABASE", "ENCRYPTION", "ENGINE", "SIZE", "STATE", "MEMBERS OR PRIMARY", "REGION", "RULES")
DATABASES = {"rds-instance": "rds:", "aurora-cluster": "aurora:"}
"""By kind: what a target begins with."""


def _volume(f: Mapping[str, Any]) -> list[Any]:
    places = ", ".join(f"{a['instance']}:{a['device']}" + (" (root)" if a["root"] else "") for a in f["attachments"])
    size, name = f"{f['size_gib']} GiB {f['volume_type']}", f["tags"].get("Name", "")
    return [f["id"], f["encryption"], size, f["state"], places or "-", name, f["region"], _marks(f)]


def _database(f: Mapping[str, Any]) -> list[Any]:
    engine, size = f"{f['engine']} {f['engine_version']}", f"{f['size_gib']} GiB" if f["size_gib"] else "-"
    others = ", ".join(f.get("members", ())) or (f"replica of {f['replica_of']}" if f["replica_of"] else "-")
    target = DATABASES[f["kind"]] + f["id"]
    return [target, f["encryption"], engine, size, f["state"], others, f["region"], _marks(f)]


def _marks(f: Mapping[str, Any]) -> str:
    return " ".join(sorted({r["id"] for r in f["rules"] if r["verdict"] in ("block", "ack")}))


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
