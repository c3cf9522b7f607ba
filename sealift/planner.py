"""From a target to a plan: observe, judge, choose the route, write the recipe. Changes nothing."""

import json
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from typing import Any

from sealift.errors import Refused, UsageError
from sealift.kind import ACK, BLOCK, Kind, Route, Verdict
from sealift.options import Options
from sealift.plan import MigrationPlan, RefusedRoute, rebuilt
from sealift.recipe import seconds_back, seconds_cutover, seconds_down, seconds_of

DEGRADED = "R-EBS-89"


def judge(kind: Kind, facts: Any, options: Options) -> tuple[Verdict, ...]:
    """Return what the kind's rules say of the facts; silence is good."""
    return tuple(v for rule in kind.rules if (v := rule(facts, options)) is not None)


def choose(kind: Kind, facts: Any, options: Options) -> tuple[Route | None, list[RefusedRoute], list[Verdict]]:
    """Choose the route: the least downtime among those that no rule refuses and that are not degraded for too long.

    What the rules of the chosen route say besides comes with it. Where all are degraded for too long, the one with the least is
    proposed, for the user to acknowledge.
    """
    refused: list[RefusedRoute] = []
    slow: list[tuple[float, Route]] = []
    fit: list[tuple[float, Route]] = []
    said: dict[str, list[Verdict]] = {}
    for route in kind.routes:
        if options.route not in ("auto", route.name):
            continue
        verdicts = [v for rule in route.rules if (v := rule(facts, options)) is not None]
        if blocks := [v for v in verdicts if v.verdict == BLOCK]:
            refused.append(RefusedRoute(route.name, blocks[0].id, blocks[0].message))
            continue
        said[route.name] = verdicts
        degraded = route.degraded(facts, options)
        if degraded > options.max_degraded and options.route == "auto":
            message = f"full speed only after {degraded:.0f} s (modelled), --max-degraded is {options.max_degraded} s"
            refused.append(RefusedRoute(route.name, DEGRADED, message))
            slow.append((degraded, route))
        else:
            fit.append((seconds_cutover(route.recipe(facts, options)).expected, route))
    if fit:
        chosen = min(fit, key=lambda pair: pair[0])[1]
        return chosen, refused, said[chosen.name]
    if slow:
        degraded, route = min(slow, key=lambda pair: pair[0])
        refused = [r for r in refused if r.route != route.name]
        message = f"every route is slower than the source for longer than --max-degraded; {route.name} for {degraded:.0f} s (modelled)"
        return route, refused, [*said[route.name], Verdict(DEGRADED, ACK, message)]
    return None, refused, []


def plan_for(
    kind: Kind, facts: Any, options: Options, target: str, account: str, region: str, note: str = ""
) -> MigrationPlan:
    """Return the plan for observed facts.

    Raises:
        UsageError: the kind has no such route.

    """
    names = [r.name for r in kind.routes]
    if options.route not in ("auto", *names):
        raise UsageError(
            f"{target}: no {kind.name} is moved by {options.route}", remedy=f"Give --route auto, {' or '.join(names)}."
        )
    empty = MigrationPlan(
        target=target,
        kind=kind.name,
        account=account,
        region=region,
        route=None,
        steps=(),
        facts=as_json(facts),
        options=options,
        locks=kind.locks(facts),
        note=note,
    )
    rules = judge(kind, facts, options)
    blocked = any(v.verdict == BLOCK for v in rules)
    if not kind.pending(facts):
        done = "; ".join(filter(None, (note, kind.done(facts))))
        return replace(empty, rules=rules, note=done if not blocked else note)
    if blocked:
        return replace(empty, rules=rules)
    route, refused, asked = choose(kind, facts, options)
    if route is None:
        return replace(empty, rules=rules, refused_routes=tuple(refused))
    steps = route.recipe(facts, options)
    return replace(
        empty,
        rules=(*rules, *asked),
        route=route.name,
        refused_routes=tuple(refused),
        steps=steps,
        down=seconds_down(steps),
        back=seconds_back(steps),
        back_once_up=seconds_back(steps, brought_up=True),
        readers_down=seconds_of(route.readers_down(facts, options, steps), steps),
        degraded=round(route.degraded(facts, options), 1),
        kept=route.kept(facts),
    )


def as_json(facts: Any) -> dict[str, Any]:
    """Return facts as plain JSON values."""
    return dict(json.loads(json.dumps(asdict(facts))))


def facts_of(kind: Kind, row: Mapping[str, Any]) -> Any:
    """Rebuild facts that a plan holds.

    Raises:
        UsageError: they are of another shape than this version's.

    """
    try:
        return rebuilt(kind.facts, row)
    except ValueError as error:
        raise UsageError(
            f"the facts of the plan cannot be read: {error}", remedy="Make it again: sealift plan"
        ) from None


def drift(kind: Kind, planned: Any, observed: Any, altered: Collection[str] = ()) -> list[str]:
    """Name the identity facts that differ between a plan and what is there now, but for those that we altered."""
    found = _differences("", dict(kind.identity(planned)), dict(kind.identity(observed)))
    return [d for d in found if d.split(" was ")[0].rsplit(".", 1)[-1] not in altered]


def _differences(place: str, a: Any, b: Any) -> Sequence[str]:
    if isinstance(a, dict) and isinstance(b, dict):
        found: list[str] = []
        for key in sorted({*a, *b}, key=str):
            found += _differences(f"{place}.{key}" if place else str(key), a.get(key), b.get(key))
        return found
    return [] if a == b else [f"{place} was {_plainly(a)}, is {_plainly(b)}"]


def _plainly(value: Any) -> str:
    """Return a value as people read it: what is JSON in a string already is not quoted once more."""
    if isinstance(value, str):
        with suppress(ValueError):
            json.loads(value)
            return value
    return repr(value)


def refuse_drift(target: str, differences: Sequence[str]) -> None:
    """Refuse a target that is not what was planned.

    Raises:
        Refused: there are differences.

    """
    if differences:
        shown = "; ".join(differences[:5]) + ("; …" if len(differences) > 5 else "")
        raise Refused(
            f"{target} is not what was planned: {shown}", resource=target, remedy="Make a new plan: sealift plan"
        )
