"""The fault matrix in short: whatever befalls a call, the run ends well, goes back, waits, or says what a person has to do.

Everything that can go wrong (`faulting.BAD`) is tried once for each kind, dealt out over its routes, each time on another call.
Which one is derived from the route's name (`faulting.rotating`), and is a part of what a failure says. The long form tries all.
"""

import pytest

from tests.faults.faulting import BAD, dealt, in_three_days, rotating, strike
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


AFTERWARDS = [
    (
        "postgres, blue-green",
        "blue-green",
        "finalize",
        [
            ("finalize:quarantine", "ec2:DeleteSecurityGroup", "access denied"),
            ("finalize:copy", "rds:CopyDBSnapshot", "its failed state"),
        ],
    ),
    ("root only", "clone", "way back", [("undo:attach:/dev/xvda", "ec2:DescribeVolumes", "throttled for ever")]),
    ("a multi-az db cluster", "snapshot", "way back once up", []),
]
"""An act after the way forward for each kind, and what the long form has found in it, and nothing else would: step, operation, fault."""

DRAWN = 2
"""How many faults are drawn for each of these besides."""


@pytest.mark.parametrize(("shape", "route", "act", "found"), AFTERWARDS, ids=[f"{c[0]}-{c[2]}" for c in AFTERWARDS])
def test_what_befalls_ways_back_and_finalize_ends_well_too(
    shape: str, route: str, act: str, found: list[tuple[str, str, str]]
) -> None:
    """A finalize goes on after its source is gone, and under another name after a snapshot that failed; an hour home is an hour."""
    draws = dealt(shape, route, act, DRAWN)
    wanted = lambda m, bad: ((m.step, m.operation, bad.name) in found and not m.turn) or draws(m, bad)  # noqa: E731
    tried = strike(shape, route, wanted, act)
    assert len(tried) == 1 + len(found) + DRAWN
    assert {} == {f"{t.then} at {t.point}": t.wrong for t in tried if t.wrong}


IN_S3 = [
    ("kept in S3", ("throttled for ever", "time-out with effect", "access denied")),
    ("adopted from S3", ("throttled for ever", "connection reset", "the kept plan is deleted", "it has been edited")),
]
"""By act: what befalls the requests to S3 in the short form; the long form tries everything, on every shape."""


@pytest.mark.parametrize(("act", "faults"), IN_S3, ids=[act for act, _ in IN_S3])
def test_what_befalls_the_plan_in_s3_takes_nobodys_service(act: str, faults: tuple[str, ...]) -> None:
    """It is kept before anything is stopped; where it cannot be had, nothing is adopted, and the tags on the sources tell the same."""
    tried = strike("root only", "clone", lambda m, bad: m.operation.startswith("s3:") and bad.name in faults, act)
    assert {"", *faults} == {t.then for t in tried}
    assert {} == {f"{t.then} at {t.point}": t.wrong for t in tried if t.wrong}
