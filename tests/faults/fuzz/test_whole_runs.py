"""One altered answer in a whole run: it ends in one line, nothing is changed on a doubt, and service is as before or right."""

from collections.abc import Sequence
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sealift.aws.operations import OPERATIONS
from tests.contract.shapes import CASES, SHAPES
from tests.faults.fuzz.lying import ANY, FORMS, Lie, answered, tried
from tests.faults.fuzz.recording import long
from tests.faults.fuzz.shapes import answers_of, tells

Case = tuple[str, str]

SHORT: dict[str, tuple[int, tuple[Case, ...]]] = {
    "": (3, (("root only", "snapshot"),)),
    "rds:": (
        1,
        (
            ("postgres, blue-green", "blue-green"),
            ("sql server with an option group and a managed password", "snapshot"),
        ),
    ),
    "aurora:": (1, (("aurora postgresql, blue-green", "blue-green"), ("a multi-az db cluster", "snapshot"))),
}
"""By the prefix of a kind: how many answers `make test` alters on each of these shapes, one for each route of a database."""

NOT_ALL_OF_IT = ("unattached volume", "stopped", "data only, the root encrypted", "watchdog, the root encrypted")
"""Shapes that serve nobody, or partly from what stays as it is: what serves in the end is not told of them."""

LONG = 400
"""How many for each kind in the long form, on all of its shapes."""

AT_MOST = 130
"""Answers of the shortest of those runs: an answer of any operation is the n-th of them."""


@st.composite
def lies(draw: st.DrawFn, cases: Sequence[Case]) -> tuple[str, str, Lie]:
    """Draw a shape, a route, and which answer of its run is altered, how, and whether for ever.

    All but a made up answer follow from one number, evenly: drawn one by one, the first of each list would come again and again.
    """
    by = Random(f"{cases} {draw(st.integers(0, 2**64))}")  # noqa: S311 - chance, no secret
    how: dict[str, Any] = {"pick": by.randrange(10_000), "for_ever": by.random() < 0.5}
    shape, route = by.choice(cases)
    if not long():
        return shape, route, Lie(ANY, by.randint(1, AT_MOST), by.choice(FORMS), **how)
    counts = answered(shape, route)
    operation = by.choice([o for o in sorted(counts) if tells(o)] if by.random() < 0.5 else sorted(counts.elements()))
    forms = [f for f in (*FORMS, "made up") if f != "paged" or OPERATIONS[operation].result]
    form = by.choice(forms)
    made = draw(answers_of(operation)) if form == "made up" else None
    return shape, route, Lie(operation, by.randint(1, counts[operation]), form, made=made, **how)


@pytest.mark.parametrize("prefix", SHORT, ids=["instances and volumes", "databases", "clusters"])
def test_a_lie_in_a_whole_run_loses_nothing_and_leaves_nothing_down(prefix: str) -> None:
    """Plan, migrate and finalize with one answer altered, for once or for ever; then nobody lies, and it can be gone on with."""
    number, short = SHORT[prefix]
    every = [case for case in CASES if SHAPES[case[0]].prefix == prefix and case[0] not in NOT_ALL_OF_IT]
    for cases in [every] if long() else [[case] for case in short]:
        settings(max_examples=LONG if long() else number)(given(lies(cases))(_ends_well))()


def _ends_well(drawn: tuple[str, str, Lie]) -> None:
    shape, route, lie = drawn
    run = tried(shape, route, lie)
    assert not run.harm(), f"{shape}, {route}: {run.replay()}: {run.harm()}"
