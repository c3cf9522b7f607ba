"""The crash matrix: die at every durable state of a run, go on with another driver, and compare the end with the undisturbed one.

A run is walked once. At each of its durable states the process forks; the fork's driver dies there, and what comes next
(another driver resumes, goes back, adopts with an empty journal) is tried in the fork.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from sealift.driver import Driver, Outcome
from sealift.options import Options
from sealift.step import Context, Phase, Step
from tests.contract.shapes import STATES, no_bring_up
from tests.faults.forking import Broken, Forks
from tests.faults.judging import Ended, Ends, adopted, back, same, undisturbed
from tests.faults.stage import Stage, play
from tests.faults.tapped import Point

RETENTION = 15 * 86_400.0
SERVED = 300.0
"""Seconds that a replacement has served when a person goes back."""


@dataclass
class Tried:
    """What came of one trial: nothing wrong where it survived. `checks`: how often each invariant was looked at.

    `done` is False where it did not take place: AWS refused what somebody wanted to do, or there was nothing to do it to.
    """

    act: str
    point: str
    then: str
    wrong: list[str]
    checks: Mapping[int, int] = field(default_factory=dict)
    done: bool = True

    def __str__(self) -> str:
        return f"{self.act}, {self.point or 'undisturbed'}{f', {self.then}' if self.then else ''}"


NewDriver = Callable[[], Driver]


@dataclass(frozen=True)
class Act:
    """What a run does until it is killed: between which rows it can be, and with which code it ends undisturbed."""

    code: int
    play: Callable[[Stage, NewDriver], Awaitable[Outcome | None]]
    since: str = ""
    """The row after which it is killed; "": from the first."""
    until: str = ""
    """The row before which it is killed at last: after it, another attempt begins."""
    shut: str = ""
    """The request after which none is struck: what is open from then on, two forks cannot share."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """What it takes besides the shape's own."""


async def _forward(stage: Stage, driver: NewDriver) -> Outcome | None:
    return await stage.migrate(driver())


async def _back(stage: Stage, driver: NewDriver) -> Outcome | None:
    """Fail at the last moment before bring-up, and go back by itself."""
    killed = driver()
    killed.runner = no_bring_up
    return await stage.migrate(killed)


async def _back_once_up(stage: Stage, driver: NewDriver) -> Outcome | None:
    """Go back by a person's word, when the replacement has served for a while."""
    await stage.migrate(stage.driver())
    stage.remember()
    stage.world.clock.advance(SERVED)
    return await stage.rollback(driver(), discard=True)


async def _finalize(stage: Stage, driver: NewDriver) -> Outcome | None:
    await stage.migrate(stage.driver())
    stage.remember()
    stage.world.clock.advance(RETENTION)
    return await stage.finalize(driver())


async def _adopted(stage: Stage, driver: NewDriver) -> Outcome | None:
    """Die as the cut begins, lose the journal, adopt from the plan that was kept, and do what that says comes next."""
    await stage.migrate(stage.driver(lambda point: point == Point("", "quiesce", "after")))
    stage.lose_the_journal()
    stage.remember()
    return await adopt(stage, driver(), stage.plan.options)


async def adopt(stage: Stage, driver: Driver, options: Options) -> Outcome | None:
    """Rebuild the journal, then do what the message says comes next."""
    target = {"rds-instance": "rds:", "aurora-cluster": "aurora:"}.get(stage.plan.kind, "") + stage.plan.target
    told: Outcome = await stage.world.act(driver.adopt(target, options))
    if told.exit_code:
        return told
    said = told.message.rpartition("Next: sealift ")[2]
    if said.startswith("rollback"):
        return await stage.rollback(discard="--discard-writes" in said)
    if "'prepare'" in told.message:
        driver.decide(told.migration, "approved", by="a test")
    return await stage.resume()


KEPT = f"s3://{STATES}/sealift"
"""Where plans are kept besides the journal."""

ACTS = {
    "forward": Act(0, _forward),
    "way back": Act(5, _back, since="direction", until="attempt-closed"),
    "way back once up": Act(0, _back_once_up, since="direction", until="attempt-closed"),
    "finalize": Act(0, _finalize),
    "kept in S3": Act(0, _forward, options={"state_url": KEPT}),
    "adopted from S3": Act(0, _adopted, shut="s3:GetObject", options={"state_url": KEPT}),
}


# -- what comes after the death


async def _resume(stage: Stage) -> Outcome | None:
    return await stage.resume()


async def _again(stage: Stage) -> Outcome | None:
    return await stage.finalize()


async def _go_back(stage: Stage) -> Outcome | None:
    """A person gives up where the driver died."""
    return await stage.rollback(discard=True)


async def _adopt(stage: Stage) -> Outcome | None:
    stage.lose_the_journal()
    return await adopt(stage, stage.driver(), stage.plan.options)


@dataclass(frozen=True)
class Then:
    """What is done after the death, and how that may end; `killed`: that is killed too, at each of its durable states."""

    go: Callable[[Stage], Awaitable[Outcome | None]]
    judge: Callable[[Ended, Ends], list[str]]
    killed: bool = False


THEN = {
    "resume": Then(_resume, same),
    "finalize again": Then(_again, same),
    "rollback": Then(_go_back, back),
    "rollback that is killed too": Then(_go_back, back, killed=True),
    "lost journal": Then(_adopt, adopted),
}


# -- the matrix

Wanted = Callable[[Point], bool]


def every(_: Point) -> bool:
    """Want all of them."""
    return True


def crash(
    shape: str,
    route: str,
    act: str,
    thens: Sequence[str],
    wanted: Wanted = every,
    *,
    inner: Callable[[str], Wanted] = lambda _: every,
    at_once: int = 1,
) -> list[Tried]:
    """Walk a run, die at each of its durable states that is wanted, and try what comes then.

    `inner`: by where it died, at which durable states of what comes then that is killed too (`Then.killed`).
    """
    matrix = partial(_crash, act=act, thens=thens, wanted=wanted, inner=inner, at_once=at_once)
    tried: list[Tried] = play(shape, route, matrix, **ACTS[act].options)
    return tried


async def _crash(
    stage: Stage, act: str, thens: Sequence[str], wanted: Wanted, inner: Callable[[str], Wanted], at_once: int
) -> list[Tried]:
    played, forks, died = ACTS[act], Forks(at_once), list[tuple[Point, str]]()
    dies = _dying(stage, forks, thens, wanted, died, (played.since, played.until))
    outcome = await played.play(stage, lambda: stage.driver(dies))
    if died:
        ((where, then),) = died
        forks.tell(await _taken_up(stage, THEN[then], inner(str(where))))
    ends = stage.ends(outcome)
    tried = [Tried(act, "", "", undisturbed(ends, played.code), ends.undisturbed.checks)]
    for (point, then), told in forks.join().items():
        for also, ended in told if isinstance(told, list) else [("", told)]:
            place = f"{point}, and then {also}" if also else str(point)
            if isinstance(ended, Broken):
                tried.append(Tried(act, place, then, [ended.why]))
            else:
                wrong = [*ended.wrong, *THEN[then].judge(ended, ends)]
                if also or wrong or not THEN[then].killed:  # what comes then undisturbed is a trial of another part
                    tried.append(Tried(act, place, then, wrong, ended.checks))
    return tried


def _dying(
    stage: Stage,
    forks: Forks,
    thens: Sequence[str],
    wanted: Wanted,
    died: list[tuple[Point, str]],
    between: tuple[str, str] = ("", ""),
) -> Callable[[Point], bool]:
    """Return what forks at each durable state that is wanted, and lets the driver of the fork die there."""
    since, until = between
    seen, begun = set[Point](), [not since]

    def dies(point: Point) -> bool:
        begun[0] = (begun[0] or point == Point("", since, "after")) and point != Point("", until, "after")
        if died or not begun[0] or point in seen or not differs(stage, point):
            return False
        seen.add(point)
        if not wanted(point):
            return False
        for then in thens:
            copy = stage.copy_of_the_journal()
            if forks.fork((point, then)):
                stage.go_on_with(copy)
                died.append((point, then))
                return True
        return False

    return dies


async def _taken_up(stage: Stage, then: Then, inner: Wanted) -> Any:
    """Take up what died in this fork; return how it ended, and, where that is killed too, how each of those did."""
    if not then.killed:
        return stage.end(await then.go(stage))
    forks, died = Forks(1), list[tuple[Point, str]]()
    stage.doomed = _dying(stage, forks, ["resume"], inner, died, ("direction", "attempt-closed"))
    outcome = await then.go(stage)
    stage.doomed = None
    if died:
        forks.tell(stage.end(await stage.resume()))
    return [("", stage.end(outcome)), *((str(point), ended) for (point, _), ended in forks.join().items())]


def differs(stage: Stage, point: Point) -> bool:
    """Leave out what is the same durable state as another: a step that only looks has no effect before its row."""
    if point.when == "before" and point.what in ("intent", "done"):
        return False  # the state that the row before it has left
    if point.when == "after" and point.what == "done":
        return False
    step = next((s for s in stage.plan.steps if s.key == point.step), None)
    looks_only = step is not None and step.phase is not Phase.PREPARE and not _acts(step)
    return not (looks_only and (point.what, point.when) == ("made", "before"))


def _acts(step: Step) -> bool:
    return not step.do(Context("", 0, 1)).operation.startswith("local:Observe")
