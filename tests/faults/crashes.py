"""The crash matrix: die at every durable state of a run, go on with another driver, and compare the end with the undisturbed one.

A run is walked once. At each of its durable states the process forks; the fork's driver dies there, and what comes next
(another driver resumes, goes back, adopts with an empty journal) is tried in the fork.
"""

import traceback
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from sealift.driver import Driver, Outcome
from sealift.step import Context, Phase, Step
from tests.contract.shapes import no_bring_up
from tests.faults.forking import Broken, Forks
from tests.faults.stage import Ended, Stage, plainly, play
from tests.faults.tapped import Point

RETENTION = 15 * 86_400.0

Then = Callable[[Stage], Awaitable[Outcome | None]]


@dataclass
class Tried:
    """What came of one crash point: nothing wrong where it survived."""

    act: str
    point: str
    then: str
    wrong: list[str]
    checks: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Act:
    """What a run does until it is killed: from where on it can be, and with which code it ends undisturbed."""

    name: str
    code: int
    play: Callable[[Stage, Callable[[], Driver]], Awaitable[Outcome | None]]
    since: str = ""
    """The row after which it is killed; "": from the first."""
    until: str = ""
    """The row before which it is killed at last: after it, another attempt begins."""


async def _forward(stage: Stage, driver: Callable[[], Driver]) -> Outcome | None:
    return await stage.migrate(driver())


async def _back(stage: Stage, driver: Callable[[], Driver]) -> Outcome | None:
    """Fail at the last moment before bring-up, and go back by itself."""
    killed = driver()
    killed.runner = no_bring_up
    return await stage.migrate(killed)


async def _back_once_up(stage: Stage, driver: Callable[[], Driver]) -> Outcome | None:
    """Go back by a person's word, when the replacement has served for a while."""
    await stage.migrate(stage.driver())
    stage.world.clock.advance(300)
    return await stage.rollback(driver(), discard=True)


async def _finalize(stage: Stage, driver: Callable[[], Driver]) -> Outcome | None:
    await stage.migrate(stage.driver())
    stage.world.clock.advance(RETENTION)
    return await stage.finalize(driver())


ACTS = {
    a.name: a
    for a in (
        Act("forward", 0, _forward),
        Act("way back", 5, _back, since="direction", until="attempt-closed"),
        Act("way back once up", 0, _back_once_up, since="direction", until="attempt-closed"),
        Act("finalize", 0, _finalize),
    )
}


async def _resume(stage: Stage) -> Outcome | None:
    return await stage.resume()


async def _again(stage: Stage) -> Outcome | None:
    return await stage.finalize()


async def _as_adopted(stage: Stage) -> Outcome | None:
    """Rebuild the journal, then do what the message says comes next."""
    marked = bool(stage.migration)
    stage.lose_the_journal()
    driver = stage.driver()
    stage.invariants.took_over(stage.migration) if marked else None
    target = {"rds-instance": "rds:", "aurora-cluster": "aurora:"}.get(stage.plan.kind, "") + stage.plan.target
    told = await stage.world.act(driver.adopt(target, stage.plan.options))
    if told.exit_code:
        return told  # type: ignore[no-any-return]
    said = told.message.rpartition("Next: sealift ")[2]
    if said.startswith("rollback"):
        return await stage.rollback(discard="--discard-writes" in said)
    if "'prepare'" in told.message:
        driver.decide(told.migration, "approved", by="a test")
    return await stage.resume()


async def _go_back(stage: Stage) -> Outcome | None:
    """A person gives up where the driver died."""
    return await stage.rollback(discard=True)


def same(ended: Ended, undisturbed: Ended, before: list[str]) -> list[str]:
    """The end is that of the run that nobody disturbed."""
    return _compared(ended, undisturbed.code, undisturbed.picture)


def back(ended: Ended, undisturbed: Ended, before: list[str]) -> list[str]:
    """All is as it was before; after bring-up a snapshot of what was discarded is there besides."""
    if "as it was before the cut" not in ended.message and "was put back" not in ended.message:
        return _compared(ended, 0, before)
    return [] if ended.code in (0, 5) else _compared(ended, 0, before)


def either(ended: Ended, undisturbed: Ended, before: list[str]) -> list[str]:
    """Adopted: it went on to the undisturbed end, or back to what was before, or nothing had been begun."""
    if ended.code == 4:
        return [f"refused: {ended.message[:300]}", *_compared(ended, 4, before)] if ended.picture != before else []
    return [] if ended.code == 0 else [f"it ended with {ended.code}: {ended.message[:300]}"]


def _compared(ended: Ended, code: int, picture: list[str]) -> list[str]:
    found = [] if ended.code == code else [f"it ended with {ended.code}, not {code}: {ended.message[:300]}"]
    if ended.picture != picture:
        less = [line.strip() for line in picture if line not in ended.picture]
        more = [line.strip() for line in ended.picture if line not in picture]
        found.append(
            f"another end; lacks {less[:4]} and has {more[:4]} ({len(ended.picture)} lines for {len(picture)})"
        )
    return found


Judge = Callable[[Ended, Ended, list[str]], list[str]]

THEN: dict[str, tuple[Then, Judge]] = {
    "resume": (_resume, same),
    "finalize again": (_again, same),
    "rollback": (_go_back, back),
    "lost journal": (_as_adopted, either),
}


def crash(
    shape: str,
    route: str,
    act: str,
    thens: Iterable[str],
    wanted: Callable[[int, Point], bool] = lambda n, point: True,
    *,
    at_once: int = 1,
) -> list[Tried]:
    """Walk a run, die at each of its durable states that is wanted, and try what comes then."""
    found: list[Tried] = play(
        shape, route, partial(_crash, act=ACTS[act], thens=list(thens), wanted=wanted, at_once=at_once)
    )
    return found


async def _crash(
    stage: Stage, act: Act, thens: list[str], wanted: Callable[[int, Point], bool], at_once: int
) -> list[Tried]:
    forks, seen, begun = Forks(at_once), set[Point](), [not act.since]
    dying: list[str] = []

    def dies(point: Point) -> bool:
        begun[0] = (begun[0] or point == Point("", act.since, "after")) and point != Point("", act.until, "after")
        if dying or not begun[0] or point in seen or not _differs(stage, point):
            return False
        seen.add(point)
        if not wanted(len(seen), point):
            return False
        for then in thens:
            copy = stage.copy_of_the_journal(len(seen) * len(THEN) + thens.index(then))
            if forks.fork((point, then)):
                stage.go_on_with(copy)
                dying.append(then)
                return True
        return False

    outcome = await act.play(stage, lambda: stage.driver(dies))
    if dying:
        (then,) = dying
        await _tell(forks, stage, then)
    undisturbed = stage.end(outcome)
    tried = [
        Tried(
            act.name,
            "",
            "",
            [*undisturbed.wrong, *_compared(undisturbed, act.code, undisturbed.picture)],
            undisturbed.checks,
        )
    ]
    before = plainly(stage.before)
    for (point, then), ended in forks.join().items():
        if isinstance(ended, Broken):
            tried.append(Tried(act.name, str(point), then, [ended.why]))
            continue
        wrong = [*ended.wrong, *THEN[then][1](ended, undisturbed, before)]
        tried.append(Tried(act.name, str(point), then, wrong, ended.checks))
    return tried


async def _tell(forks: Forks, stage: Stage, then: str) -> None:
    """Take up what died in this fork, and tell how it ended."""
    try:
        what: Any = stage.end(await THEN[then][0](stage))
    except BaseException:  # noqa: BLE001 - whatever it was is told to the process that forked
        what = Broken(traceback.format_exc(limit=-12))
    forks.tell(what)


def _differs(stage: Stage, point: Point) -> bool:
    """Leave out what is the same durable state as another: a step that only looks has no effect before its row."""
    if point.when == "before" and point.what in ("intent", "done"):
        return False  # the state that the row before it has left
    if point.when == "after" and point.what in ("done", "failed"):
        return point.what == "failed"
    step = next((s for s in stage.plan.steps if s.key == point.step), None)
    looks_only = step is not None and step.phase is not Phase.PREPARE and not _calls(step)
    return not (looks_only and (point.what, point.when) == ("made", "before"))


def _calls(step: Step) -> bool:
    return not step.do(Context("", 0, 1)).operation.startswith("local:Observe")
