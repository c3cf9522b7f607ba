"""Promise 3, everywhere: a driver that dies at any durable state is taken up again, and the end is that of a run that nobody disturbed."""

import pytest

from sealift.driver import Outcome
from sealift.engine import Engine
from sealift.step import Step
from sealift.steps.create_snapshot import LastSnapshot
from tests.faults.crashes import SERVED, THEN, Tried
from tests.faults.dying_often import Run, crash_often, told
from tests.faults.parts import PARTS, SHORT, Part
from tests.faults.stage import Stage, play
from tests.faults.tapped import Point

_, *OTHERS = [part for part in PARTS if part.counts == "crash points"]
TURNS = [(OTHERS[(n + turn) % len(OTHERS)], case) for n, case in enumerate(SHORT) for turn in (0, 3)]
"""Two of the other ways to die for each shape, in turn."""

LEAST = {"unattached volume": 30}
"""Durable states that a run has at least: there is nothing to stop, detach, attach or start of a volume that nobody has."""


def _name(case: tuple[str, str]) -> str:
    return ", by ".join(case)


@pytest.mark.parametrize(("shape", "route"), SHORT, ids=[_name(case) for case in SHORT])
def test_who_dies_is_taken_up_again(shape: str, route: str) -> None:
    """At each durable state on the way forward."""
    tried = crash_often(shape, route)
    assert len(tried) > LEAST.get(shape, 40)
    assert [] == [(str(one), one.wrong) for one in tried if one.wrong]


def test_of_many_deaths_in_one_run_the_one_to_blame_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who does not look for the snapshot that it has asked for makes another: that is told of this one death, and of no other."""
    monkeypatch.setattr(LastSnapshot, "find", lambda *_: None)
    wrong = [one.point for one in crash_often("unattached volume", "snapshot") if one.wrong]
    assert wrong != []
    assert {"effect without made"} == {point.partition(": ")[2] for point in wrong}


def test_what_a_driver_wastes_is_told_though_it_dies_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who takes over in the cut and stands idle for half an hour has to account for it, before and after the next death."""
    tries = Engine.try_once

    async def idles(engine: Engine, step: Step) -> None:
        row = engine.state.rows.get(step.key)
        if step.key == "detach:/dev/xvda" and row is not None and row.token != engine.token:
            await engine.clock.sleep(1800)
        await tries(engine, step)

    monkeypatch.setattr(Engine, "try_once", idles)
    wrong = [one.point for one in crash_often("root only", "clone") if one.wrong]
    states = ("intent without effect", "effect without made", "made without done")
    assert {f"detach:/dev/xvda: {state}" for state in states} == set(wrong)


def test_where_no_single_death_is_to_blame_the_run_is() -> None:
    """Deaths that are survived one by one, and not one after another, are told together; whose death is to blame alone, once."""
    run = Run(["a", "b"], ["twice there"])
    well, ill = Tried("forward", "a", "resume", []), Tried("forward", "a", "resume", ["twice there"])
    assert [("a, b", ["twice there"])] == [(one.point, one.wrong) for one in told(run, [well])]
    assert [] == list(told(run, [ill]))
    assert [("a", []), ("b", [])] == [(one.point, one.wrong) for one in told(Run(["a", "b"], []), [])]


@pytest.mark.parametrize(("part", "case"), TURNS, ids=[f"{part.name}: {_name(case)}" for part, case in TURNS])
def test_who_dies_on_another_way_is_taken_up_again(part: Part, case: tuple[str, str]) -> None:
    """At a share of the durable states of each way back, of finalize, and with the journal lost."""
    tried = part.every(*case, part.short, 1)
    assert any(one.point for one in tried)
    assert [] == [(str(one), one.wrong) for one in tried if one.wrong]


def test_who_asks_for_something_later_is_told_how_it_goes_on() -> None:
    """A driver died in the cut, and the workload is down: `accept` and `finalize` refuse, and name what brings it to rest."""

    async def scene(stage: Stage) -> list[Outcome]:
        await stage.migrate(stage.driver(lambda point: point == Point("detach:/dev/xvda", "intent", "after")))
        driver = stage.driver()
        return [await driver.accept(stage.migration_now()), (await driver.finalize(stage.migration_now()))[0]]

    for outcome in play("root only", "clone", scene):
        assert (4, True) == (outcome.exit_code, f"Go on first: sealift resume {outcome.migration}" in outcome.message)


def test_what_a_way_back_has_kept_is_named_though_its_journal_is_lost() -> None:
    """A safety snapshot holds what somebody has written since bring-up: adopt finds it by its tags, and the end names it."""

    async def scene(stage: Stage) -> tuple[list[str], Outcome | None]:
        await stage.migrate(stage.driver())
        stage.world.clock.advance(SERVED)
        driver = stage.driver(
            lambda point: point.step.startswith("safety:") and (point.what, point.when) == ("done", "after")
        )
        assert await stage.rollback(driver, discard=True) is None
        kept = driver.journal.state(stage.migration).kept
        return kept, await THEN["lost journal"].go(stage)

    kept, outcome = play("root only", "snapshot", scene)
    assert (1, True) == (len(kept), outcome.exit_code in (0, 5)), outcome
    assert all(name in outcome.message for name in kept), outcome.message
