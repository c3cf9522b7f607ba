"""docs/recipes.md: the steps of every kind and route, forward, back and at the end, from the recipes themselves."""

from collections.abc import Iterable, Iterator, Sequence

from docs.pages import examples
from docs.pages.examples import OPTIONS, Example
from sealift.kind import Kind, Route
from sealift.kinds import KINDS
from sealift.recipe import seconds_back, seconds_down, step_to_json, way_back
from sealift.render.markdown import table
from sealift.render.text import HEADINGS, span
from sealift.step import Phase, Step, taken_back_by

HEAD = """# Recipes

What a plan holds for one example of each kind. `{step.Output}` is what an earlier step leaves. Steps with the same
number run side by side, each in its lane. Durations are *modelled* ([assumptions](rules.md#assumed-durations))."""

BEFORE, AFTER = "{}: the way back from just before bring-up", "{}: the way back after bring-up"
LOCAL = "local:Observe"


def page() -> str:
    """Return the page."""
    return "\n\n".join([HEAD, *(part for kind in KINDS for part in _kind(kind, examples.of(kind)))])


def _kind(kind: Kind, example: Example) -> Iterator[str]:
    yield f"## {kind.name}"
    yield example.says
    for route in kind.routes:
        yield from _route(kind, route, example)
    if example.variants:
        yield f"### {kind.name}: what other facts and options change"
        yield f"Against the route `{kind.routes[0].name}` above."
        yield table(("with", "more", "less"), list(_variants(kind.routes[0], example)))


def _route(kind: Kind, route: Route, example: Example) -> Iterator[str]:
    steps = route.recipe(example.facts, OPTIONS)
    down, back = seconds_down(steps), seconds_back(steps)
    once_up = seconds_back(steps, brought_up=True)
    degraded = route.degraded(example.facts, OPTIONS)
    yield f"### {kind.name}: `{route.name}`"
    yield (
        f"Down {span(down.expected)} expected, {span(down.worst)} worst; way back {span(back.worst)} worst, "
        f"after bring-up {span(once_up.worst)}; "
        + (f"slower than before for {span(degraded)}." if degraded else "no slower afterwards.")
    )
    for phase, heading in HEADINGS.items():
        if chosen := [s for s in steps if s.phase is phase]:
            yield f"**{heading[0].upper()}{heading[1:]}**"
            yield table(("", "lane", "step", "operation", "taken back by"), [_row(s) for s in chosen])
    yield from _back(f"{kind.name}, `{route.name}`", steps)
    yield f"**{kind.name}, `{route.name}`: finalize**"
    outputs = {**examples.outputs_of(steps), "migration": {"brought_up": 0}}
    yield _list(kind.finalize(example.facts, OPTIONS, outputs))


def _row(step: Step) -> tuple[str, ...]:
    back = taken_back_by(step)
    return str(step.block + 1), step.lane or "", step.title(), _operation(step), back


def _operation(step: Step) -> str:
    name = str(step_to_json(step)["operation"])
    return f"`{name}`" if name != LOCAL else "reads only"


def _back(of: str, steps: Sequence[Step]) -> Iterator[str]:
    first = [s for s in steps if s.phase in (Phase.PREPARE, Phase.CUTOVER)]
    yield f"**{BEFORE.format(of)}**"
    yield _list(way_back(first, examples.outputs_of(tuple(first)), brought_up=False, salvage=True))
    yield f"**{AFTER.format(of)}**"
    yield _list(way_back(steps, examples.outputs_of(tuple(steps)), brought_up=True, salvage=True))


def _list(steps: Iterable[Step]) -> str:
    return table(
        ("", "lane", "step", "operation", "phase"),
        [(str(s.block + 1), s.lane or "", s.title(), _operation(s), s.phase.value) for s in steps],
    )


def _variants(route: Route, example: Example) -> Iterator[tuple[str, str, str]]:
    plain = _titles(route.recipe(example.facts, OPTIONS))
    for says, facts, options in example.variants:
        other = _titles(route.recipe(facts, options))
        more, less = [t for t in other if t not in plain], [t for t in plain if t not in other]
        yield says, "; ".join(more), "; ".join(less)


def _titles(steps: Iterable[Step]) -> list[str]:
    return list(dict.fromkeys(f"{s.title()} ({s.phase.value})" for s in steps))
