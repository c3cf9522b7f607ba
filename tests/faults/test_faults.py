"""The fault matrix in short: whatever befalls a call, the run ends well, goes back, waits, or says what a person has to do.

Everything that can go wrong (`faulting.BAD`) is tried once for each kind, dealt out over its routes, each time on another call.
Which one is derived from the route's name (`faulting.rotating`), and is a part of what a failure says. The long form tries all.
"""

import pytest

from tests.faults.faulting import BAD, in_three_days, rotating, strike
from tests.faults.parts import SHORT, kind_of

KINDS = {
    kind: [case for case in SHORT if kind_of(case[0]) == kind] for kind in dict.fromkeys(kind_of(s) for s, _ in SHORT)
}
DEALT = [
    (shape, route, list(BAD)[number :: len(cases)])
    for cases in KINDS.values()
    for number, (shape, route) in enumerate(cases)
]
"""What is tried on each: all of it, over the routes of a kind."""


@pytest.mark.parametrize(("shape", "route", "faults"), DEALT, ids=[f"{shape}-{route}" for shape, route, _ in DEALT])
def test_whatever_befalls_a_call_the_run_ends_well_or_says_what_to_do(
    shape: str, route: str, faults: list[str]
) -> None:
    """Done as undisturbed, or put back as before, or exit 6 with the commands; when the fault has cleared, it is finished."""
    wanted, chosen = rotating(shape, route, faults)
    tried = strike(shape, route, wanted)
    assert {t.then for t in tried} - {""} == set(chosen)
    assert {} == {f"{t.then} at {t.point}": t.wrong for t in tried if t.wrong}


def test_when_the_windows_end_passes_the_run_goes_back() -> None:
    """The turn-back time passes while a workload is down: it is put back (exit 5), and waits for another window."""
    shape, route = SHORT[1]
    end = in_three_days()
    wanted, chosen = rotating(shape, route, window_end=end)
    tried = strike(shape, route, wanted, window_end=end)
    assert (["the window's end"], {}) == (list(chosen), {f"{t.then} at {t.point}": t.wrong for t in tried if t.wrong})


FOUND = [
    ("postgres, blue-green", "finalize", "finalize:quarantine", "ec2:DeleteSecurityGroup", "access denied"),
    ("postgres, blue-green", "finalize", "finalize:copy", "rds:CopyDBSnapshot", "its failed state"),
    ("root only", "way back", "undo:attach:/dev/xvda", "ec2:DescribeVolumes", "throttled for ever"),
]
"""What the long form has found, and nothing else would: shape, act, step, operation, fault."""


@pytest.mark.parametrize(("shape", "act", "step", "operation", "fault"), FOUND)
def test_what_was_found_once_stays_mended(shape: str, act: str, step: str, operation: str, fault: str) -> None:
    """A finalize goes on after its source is gone, and under another name after a snapshot that failed; an hour home is an hour."""
    route = "blue-green" if "blue" in shape else "clone"
    wanted = lambda m, bad: (m.step, m.operation, m.turn, bad.name) == (step, operation, 0, fault)  # noqa: E731
    tried = strike(shape, route, wanted, act)
    assert len(tried) > 1
    assert {} == {f"{t.then} at {t.point}": t.wrong for t in tried if t.wrong}
