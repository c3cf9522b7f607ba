"""The fault matrix in short: whatever befalls a call, the run ends well, goes back, waits, or says what a person has to do.

Everything that can go wrong (`faulting.BAD`) is tried once for each kind, dealt out over its routes, each time on another call
(`faulting.rotating`); which one is a part of what a failure says. The long form tries all.
"""

from itertools import starmap

import pytest

from tests.faults.crashes import Tried
from tests.faults.faulting import FAILS, Case, commands, dealt, in_three_days, moments, rotating, strike
from tests.faults.parts import SHORT, kind_of

KEPT, *_ = SHORT
"""Where the plan is kept in S3 too, which takes nobody's service where it fails."""
KEEPING = ("throttled for ever", "time-out with effect", "access denied")
"""What befalls the request that keeps the plan in S3; the long form tries everything, on every shape."""


def _cases(kind: str) -> list[Case]:
    """Return one shape for each route of a kind, with what is done."""
    return [(*case, "kept in S3" if case == KEPT else "forward") for case in SHORT if kind_of(case[0]) == kind]


def _not_well(tried: list[Tried]) -> dict[str, list[str]]:
    """Return what is wrong, and what did not take hold at all."""
    return {f"{t.then} at {t.point}": t.wrong or ["it did not take hold"] for t in tried if t.wrong or not t.done}


def test_two_commands_are_two_different_ones_that_there_are() -> None:
    """What else is said of sealift is no command, nor is the same one twice another."""
    once = "sealift deletes nothing more of it. When it is mended: sealift resume mig-0a; or once more: sealift resume mig-0a."
    assert {"sealift resume mig-0a"} == commands(once)
    by_hand = "sealift resume mig-0a. By hand, in this order: aws ec2 attach-volume --volume-id a; aws ec2 attach-volume --volume-id b"
    assert 3 == len(commands(by_hand))
    assert 2 == len(commands("Sign in (aws sso login), then: sealift resume mig-0a"))
    assert 2 == len(commands("sealift accept mig-0a. By hand, in this order: turn the jobs on again; and no more"))


@pytest.mark.parametrize("kind", dict.fromkeys(kind_of(shape) for shape, _ in SHORT))
def test_whatever_befalls_a_call_the_run_ends_well_or_says_what_to_do(kind: str) -> None:
    """Done as undisturbed, or put back as before, or exit 6 with the commands; when the fault has cleared, it is finished.

    Nothing that can befall a kind is left out, and what is put in takes hold: something goes to its failed state on each.
    """
    cases, tried = _cases(kind), list[Tried]()
    for (shape, route, act), chosen in rotating(cases).items():
        of_s3 = KEEPING if (shape, route) == KEPT else ()
        keeping = lambda m, bad, of_s3=of_s3: m.operation == "s3:PutObject" and bad.name in of_s3  # noqa: E731
        wanted = lambda m, bad, chosen=chosen, keeping=keeping: chosen.get(bad.name) == m or keeping(m, bad)  # noqa: E731
        here = strike(shape, route, wanted, act)
        assert {t.then for t in here} - {""} == {*chosen, *of_s3}
        tried += here
    able = {name for there in starmap(moments, cases) for names in there.values() for name in names}
    assert {} == _not_well(tried)
    assert able == {t.then for t in tried} - {""}
    assert FAILS in able


def test_when_the_windows_end_passes_the_run_goes_back() -> None:
    """The turn-back time passes while a workload is down: it is put back (exit 5), is prepared and waits (3), until given up.

    In the window of another plan it is done. Where it was on its way up by then, it is done at once.
    """
    (shape, route), end, at = SHORT[1], in_three_days(), ("detach:/dev/xvda", "start")
    wanted = lambda m, bad: m.step in at and not m.turn and bad.name == "the window's end"  # noqa: E731
    tried = strike(shape, route, wanted, window_end=end)
    assert (1 + len(at), {}) == (len(tried), _not_well(tried))


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
    assert {} == _not_well(tried)


ADOPTING = ("throttled for ever", "the kept plan is deleted", "it has been edited")


def test_where_the_plan_in_s3_cannot_be_had_nothing_is_adopted() -> None:
    """The message names the way without it: the tags on the sources tell the same."""
    wanted = lambda m, bad: m.operation == "s3:GetObject" and bad.name in ADOPTING  # noqa: E731
    tried = strike("root only", "clone", wanted, "adopted from S3")
    assert {"", *ADOPTING} == {t.then for t in tried}
    assert {} == _not_well(tried)
