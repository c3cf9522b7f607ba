"""The crash matrix in short: a run is killed at many of its durable states, one after another, and a few such runs die at all of them.

To die once in a run of one's own (`crashes`) costs five times as much, and tells which death is to blame; so that is done
for the deaths of a run that does not end well, and for what no run came to.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from zlib import crc32

from tests.faults.crashes import Tried, Wanted, crash, differs
from tests.faults.forking import Broken, Forks
from tests.faults.judging import Ended, same, undisturbed
from tests.faults.stage import Stage, play
from tests.faults.tapped import Point

RUNS = 6
"""Each dies at every sixth of the durable states or so: between two deaths there are steps that nobody disturbs."""


@dataclass
class Run:
    """A run that died at `points`, and what is wrong with its end."""

    points: Sequence[str]
    wrong: list[str]
    ended: Ended | None = None


def crash_often(shape: str, route: str, runs: int = RUNS) -> list[Tried]:
    """Die at every durable state on the way forward, go on with another driver each time, and compare the ends of `runs` runs."""
    undisturbed, passed, found = play(shape, route, partial(_walk, runs=runs))
    died = {point for run in found for point in run.points}
    doubtful = {point for run in found if run.wrong for point in run.points} | (passed - died)
    alone = _alone(shape, route, doubtful)
    return [undisturbed, *alone, *(one for run in found for one in told(run, alone))]


def _alone(shape: str, route: str, doubtful: set[str]) -> list[Tried]:
    if not doubtful:
        return []
    return [
        one for one in crash(shape, route, "forward", ["resume"], lambda point: str(point) in doubtful) if one.point
    ]


def told(run: Run, alone: Sequence[Tried]) -> Iterator[Tried]:
    """Yield its trials; where it is not well, those of its deaths alone are told already, and it is one more if they are well."""
    if run.wrong:
        if not any(one.wrong for one in alone if one.point in run.points):
            yield Tried("forward", ", ".join(run.points), "resume each time", run.wrong)
        return
    for number, point in enumerate(run.points):
        yield Tried("forward", point, "resume", [], {} if number or run.ended is None else run.ended.checks)


async def _walk(stage: Stage, runs: int) -> tuple[Tried, set[str], list[Run]]:
    forks = Forks()
    for number in range(runs):
        copy = stage.copy_of_the_journal()
        if forks.fork(number):
            stage.go_on_with(copy)
            forks.tell(await _dying(stage, partial(_of, number, runs)))
    passed = set[str]()

    def notes(point: Point) -> bool:
        if differs(stage, point):
            passed.add(str(point))
        return False

    ends = stage.ends(await stage.migrate(stage.driver(notes)))
    found = []
    for ran in forks.join().values():
        run = Run([], [ran.why]) if isinstance(ran, Broken) else ran
        if run.ended is not None:
            run.wrong += [*run.ended.wrong, *same(run.ended, ends)]
        found.append(run)
    return Tried("forward", "", "", undisturbed(ends, 0), ends.undisturbed.checks), passed, found


def _of(run: int, runs: int, point: Point) -> bool:
    return crc32(str(point).encode()) % runs == run


async def _dying(stage: Stage, wanted: Wanted) -> Run:
    """Die wherever it is wanted, once at each, and go on with another driver each time."""
    died: list[str] = []

    def dies(point: Point) -> bool:
        if str(point) in died or not differs(stage, point) or not wanted(point):
            return False
        died.append(str(point))
        return True

    stage.doomed = dies
    outcome = await stage.migrate(stage.driver())
    while outcome is None:
        outcome = await stage.resume()
    return Run(died, [], stage.end(outcome))
