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
KEEPING = ("throttled for ever", "time-out with effect", "access denied")
"""What befalls the request that keeps the plan in S3; the long form tries everything, on every shape."""


@pytest.mark.parametrize(("shape", "route", "faults"), DEALT, ids=[f"{shape}-{route}" for shape, route, _ in DEALT])
def test_whatever_befalls_a_call_the_run_ends_well_or_says_what_to_do(
    shape: str, route: str, faults: list[str]
) -> None:
    """Done as undisturbed, or put back as before, or exit 6 with the commands; when the fault has cleared, it is finished.

    On one shape the plan is kept in S3 too, which takes nobody's service where it fails.
    """
    act, of_s3 = ("kept in S3", KEEPING) if (shape, route) == SHORT[0] else ("forward", ())
    wanted, chosen = rotating(shape, route, faults, act=act)
    keeping = lambda m, bad: m.operation == "s3:PutObject" and bad.name in of_s3  # noqa: E731
    tried = strike(shape, route, lambda m, bad: wanted(m, bad) or keeping(m, bad), act)
    assert {t.then for t in tried} - {""} == {*chosen, *of_s3}
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


ADOPTING = ("throttled for ever", "the kept plan is deleted", "it has been edited")


def test_where_the_plan_in_s3_cannot_be_had_nothing_is_adopted() -> None:
    """The message names the way without it: the tags on the sources tell the same."""
    wanted = lambda m, bad: m.operation == "s3:GetObject" and bad.name in ADOPTING  # noqa: E731
    tried = strike("root only", "clone", wanted, "adopted from S3")
    assert {"", *ADOPTING} == {t.then for t in tried}
    assert {} == {f"{t.then} at {t.point}": t.wrong for t in tried if t.wrong}
