"""Databases killed anywhere: another driver goes on, and the end is that of a run that nobody disturbed (promise 3)."""

import pytest

from tests.contract.shapes import CASES, SHAPES
from tests.faults.crashing import killed, points, undisturbed

DATABASES = [c for c in CASES if SHAPES[c[0]].prefix]
AT_ONCE = 3
"""Of the crash points of a shape, how many a run of the suite tries: another shape tries others."""


@pytest.mark.parametrize(
    ("shape", "route"), [pytest.param(*c, marks=pytest.mark.xdist_group(f"killed {c[0]}")) for c in DATABASES]
)
def test_a_database_that_is_killed_ends_as_the_undisturbed_one(shape: str, route: str, every_step: bool) -> None:
    """Killed at a row of the journal, before it is written or after: nothing lost, nothing twice, no job run twice, the same end
    (a sample of the rows; `make every-step` tries all of them).
    """
    rows, end = undisturbed(shape, route)
    assert (end.outcome.exit_code, end.harm) == (0, []), end.outcome
    found = points(rows)
    stride = len(found) // AT_ONCE
    for at, written in found if every_step else found[sum(map(ord, shape)) % stride :: stride]:
        ended = killed(shape, route, at, written=written)
        place = f"{'after' if written else 'before'} {rows[at - 1]}"
        assert (ended.outcome.exit_code, ended.harm) == (0, []), (place, ended.outcome)
        assert ended.picture.splitlines() == end.picture.splitlines(), place
