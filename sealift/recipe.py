"""A recipe: a flat list of steps in blocks, and the readers that need nothing but the list."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from itertools import groupby
from typing import Any

from sealift.errors import UsageError
from sealift.step import Context, Output, Phase, Query, Ref, Seconds, Step, undoing
from sealift.steps import BY_NAME
from sealift.subjects import SUBJECTS

Block = list[list[Step]]
"""Lanes that run side by side; each lane is a list in order."""

FORWARD = (Phase.PREPARE, Phase.CUTOVER, Phase.BRING_UP, Phase.CONFIRM)
DOWN = (Phase.CUTOVER, Phase.BRING_UP)


@dataclass(frozen=True)
class Lanes:
    """Steps that run side by side: by lane name (a device, a replica), each lane's steps in order."""

    lanes: Mapping[str, Sequence[Step]]


def recipe(*items: Step | Lanes | None) -> tuple[Step, ...]:
    """Number the blocks: each item is one, a `Lanes` one block with several lanes; None is left out."""
    steps: list[Step] = []
    for number, item in enumerate(
        [i for i in items if i is not None and not (isinstance(i, Lanes) and not any(i.lanes.values()))]
    ):
        if isinstance(item, Lanes):
            steps += [replace(s, block=number, lane=lane) for lane, line in item.lanes.items() for s in line]
        else:
            steps.append(replace(item, block=number))
    return tuple(steps)


def blocks(steps: Iterable[Step]) -> list[Block]:
    """Return the blocks in order, each as its lanes."""
    result: list[Block] = []
    for _, group in groupby(steps, key=lambda s: s.block):
        lanes: dict[str | None, list[Step]] = {}
        for step in group:
            lanes.setdefault(step.lane, []).append(step)
        result.append(list(lanes.values()))
    return result


def way_back(
    steps: Sequence[Step], outputs: Mapping[str, Output], *, brought_up: bool, salvage: bool
) -> tuple[Step, ...]:
    """Derive the way back from the steps that left a row: undos in reverse, first all that restores service, then what
    cleans.

    After bring-up what a workload wrote to is kept by each maker's `salvage`, at the place where it is detached and at
    rest.
    Without `salvage` the replacements stay, with what they live in: nothing that was acknowledged is deleted unsaved.
    """
    stay = {s.key for s in kept(steps, outputs)} if brought_up and not salvage else set()
    restore: list[Step | Lanes] = []
    clean: list[Step | Lanes] = []
    for lanes in reversed(blocks(steps)):
        back: dict[str, list[Step]] = {}
        tidy: dict[str, list[Step]] = {}
        for lane in lanes:
            for step in reversed([s for s in lane if s.key in outputs]):
                name = step.lane or ""
                keeper = step.salvage() if brought_up else None
                if keeper is not None and salvage:
                    back.setdefault(name, []).append(keeper)
                    if (assured := keeper.assured()) is not None:
                        tidy.setdefault(name, []).append(assured)
                if step.key in stay or outputs[step.key].get("adopted"):
                    continue
                for undo in undoing(step, brought_up=brought_up):
                    (back if undo.phase is Phase.RESTORE else tidy).setdefault(name, []).append(undo)
        restore.append(Lanes(back))
        clean.append(Lanes(tidy))
    return recipe(*restore, *clean)


def kept(steps: Sequence[Step], outputs: Mapping[str, Output]) -> list[Step]:
    """Return the steps whose makings stay where a way back after bring-up saves nothing: replacements, and what they live in."""
    made = [s for s in steps if s.key in outputs]
    makers = [s for s in made if s.salvage() is not None]
    return [*makers, *(s for s in made if s.harbours)] if makers else []


def gone_with(steps: Sequence[Step], key: str) -> set[str]:
    """Return the keys of the steps of which nothing is left once what the step `key` has made is gone: its own, and of what lives
    with that (`Step.lives_with`).
    """
    gone = {key}
    for step in steps:
        if isinstance(on := step.lives_with(), Ref) and on.step in gone:
            gone.add(step.key)
    return gone


@dataclass(frozen=True)
class Span:
    """From which step on somebody gets nothing, and with which they are served again, by key. What is done `beside` takes no time
    of theirs: they are served as soon as what the last waits for has come about.
    """

    first: str
    last: str
    beside: str = ""

    def of(self, steps: Sequence[Step]) -> list[Step]:
        """Return the steps from the first to the last."""
        keys = [s.key for s in steps]
        return list(steps[keys.index(self.first) : keys.index(self.last) + 1])


Spans = tuple[Span, ...]
"""All the spans in which somebody gets nothing, in order; empty where they are served all the time."""


def writers_down(steps: Sequence[Step]) -> Spans:
    """Return while what a workload that writes gets nothing: from the quiesce, or the switchover where that alone takes it
    down, until it is served with no interruption to come; empty where nothing runs.
    """
    first = next((s for s in steps if s.phase in DOWN and s.takes_down), None)
    last = [s for s in steps if s.phase is Phase.BRING_UP or (s.phase is Phase.CONFIRM and s.interrupts)]
    return (Span(first.key, last[-1].key),) if first is not None and last else ()


def seconds_of(spans: Spans, steps: Sequence[Step]) -> Seconds:
    """Add up the assumed time of spans. *Modelled*."""
    return total([step for span in spans for step in span.of(steps) if step.key != span.beside])


def seconds_prepare(steps: Sequence[Step]) -> Seconds:
    """Add up the assumed time until it stands at its gate, while the workload runs on. *Modelled*."""
    return total([s for s in steps if s.phase is Phase.PREPARE])


def seconds_down(steps: Sequence[Step]) -> Seconds:
    """Return the assumed time that a workload is down: none where nothing runs. *Modelled*."""
    return seconds_of(writers_down(steps), steps)


def seconds_cutover(steps: Sequence[Step]) -> Seconds:
    """Add up the assumed time between quiesce and bring-up: lanes count once, at their longest. *Modelled*."""
    down = [s for s in steps if s.phase in DOWN or (s.phase is Phase.CONFIRM and s.interrupts)]
    start = next((i for i, s in enumerate(down) if s.quiesces), len(down))
    return total(down[start:])


def seconds_back(steps: Sequence[Step], *, brought_up: bool = False) -> Seconds:
    """Add up the assumed time of the way back from the last moment before bring-up, or of a migration that is at rest on its
    replacement, until service is as before. *Modelled*.
    """
    phases = FORWARD if brought_up else (Phase.PREPARE, Phase.CUTOVER)
    made = {s.key: dict.fromkeys(s.outputs, "") for s in steps if s.phase in phases}
    undo = way_back([s for s in steps if s.key in made], made, brought_up=brought_up, salvage=True)
    return total([s for s in undo if s.phase is Phase.RESTORE])


def total(steps: Sequence[Step]) -> Seconds:
    """Add up blocks; in a block the longest lane counts."""
    expected = worst = 0.0
    for block in blocks(steps):
        expected += max(sum(s.seconds().expected for s in lane) for lane in block)
        worst += max(sum(s.seconds().worst for s in lane) for lane in block)
    return Seconds(round(expected, 1), round(worst, 1))


def owed_back(steps: Iterable[Step], place: tuple[str, str]) -> dict[str, tuple[str, ...]]:
    """Return, by its name in `place`, what of the shared switches that these steps have turned their undos are to turn back."""
    on = [s for s in steps if (switch := s.switch()) is not None and switch.on]
    backs = [back.switch() for s in on for back in undoing(s)]
    return {back.at(place): back.items for back in backs if back is not None}


_ANY = Context(migration="mig", epoch=1, attempt=1)


def queries(step: Step) -> list[Query]:
    """Return every read that the step declares."""
    out = {name: Ref(step.key, name) for name in step.outputs}
    found = (
        step.before(_ANY),
        step.find(_ANY),
        step.find_again(_ANY),
        step.fresh(out),
        step.observe(_ANY),
        step.vain(),
        step.past(),
        *step.orphaned(),
        step.claimed(_ANY),
        step.check(out),
        step.trace(_ANY),
        *((guard.spoken, guard.restored) if (guard := step.guard(_ANY, out)) is not None else ()),
    )
    return [q for q in found if q is not None]


def operations_of(step: Step) -> frozenset[str]:
    """Return every operation that the step declares: its call, its reads, what it waits on."""
    out = {name: Ref(step.key, name) for name in step.outputs}
    guard = step.guard(_ANY, out)
    waited = (step.needs(), step.ready(out), step.departed(), guard.over if guard else None)
    watches = [w for w in waited if w is not None]
    declared = {step.do(_ANY).operation, *(q.call.operation for q in queries(step)), *step.declares}
    return frozenset(declared | {SUBJECTS[w.subject].operation for w in watches})


def operations(steps: Iterable[Step]) -> frozenset[str]:
    """Return the operations of steps and of their way back: undos, what is kept, and the wait until that is durable."""
    found: set[str] = set()
    for step in steps:
        keeper = step.salvage()
        undos = (*undoing(step), *undoing(step, brought_up=True))
        for other in (step, *undos, keeper, keeper.assured() if keeper else None):
            found |= operations_of(other) if other is not None else set()
    return frozenset(found)


# -- steps as json

_FRAME = ("key", "phase", "block", "lane")


def step_to_json(step: Step) -> dict[str, Any]:
    """Return a step as it is stored: `type` and `fields` are what counts, `operation` and `params` are for readers."""
    call = step.do(Context("{migration}", 0, 1))
    body = {f.name: _encode(getattr(step, f.name)) for f in fields(step) if f.name not in _FRAME}
    return {
        "key": step.key,
        "phase": step.phase.value,
        "block": step.block,
        "lane": step.lane,
        "type": type(step).__name__,
        "fields": body,
        "operation": call.operation,
        "params": _readable(call.params),
    }


def step_from_json(row: Mapping[str, Any]) -> Step:
    """Rebuild a step.

    Raises:
        UsageError: the type is unknown to this version, or its fields do not fit.

    """
    cls = BY_NAME.get(str(row.get("type")))
    if cls is None:
        raise UsageError(
            f"the plan has a step of type {row.get('type')!r}, which this version of sealift does not know"
        )
    try:
        body = {k: _decode(v) for k, v in row["fields"].items()}
        return cls(**_place(row), **body)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise UsageError(f"step {row.get('key')!r} of the plan cannot be read: {error}") from None


def _place(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return what every step has: which it is, and where it stands in its recipe."""
    kinds = {"key": str, "block": int, "lane": str | None}
    if wrong := [name for name, kind in kinds.items() if not isinstance(row[name], kind)]:
        raise TypeError(", ".join(wrong))
    return {"phase": Phase(row["phase"]), **{name: row[name] for name in kinds}}


def _encode(value: Any) -> Any:
    if isinstance(value, Ref):
        return {"$ref": [value.step, value.field]}
    return [_encode(v) for v in value] if isinstance(value, tuple) else value


def _decode(value: Any) -> Any:
    if isinstance(value, dict):
        return Ref(*value["$ref"])
    return tuple(_decode(v) for v in value) if isinstance(value, list) else value


def _readable(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {k: _readable(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_readable(v) for v in value]
    return str(value) if isinstance(value, Ref) else value
