"""The fault matrix in short: whatever befalls a call, the run ends well, goes back, waits, or says what a person has to do.

Everything that can go wrong (`faulting.BAD`) is tried once for each kind and route, each time on another call; which one is
derived from the route's name (`faulting.rotating`), and is a part of what a failure says. The long form tries every call.
"""

import pytest

from tests.faults.faulting import BAD, in_three_days, rotating, strike

SAMPLED = {
    "clone": "root only",
    "snapshot": "root and data",
    "copy": "root only",
}
"""The shape on which each route of instances is tried."""

DATABASES = (
    ("postgres, blue-green", "blue-green"),
    ("mariadb with a proxy, snapshot", "snapshot"),
    ("aurora mysql serverless v2, blue-green", "blue-green"),
    ("aurora mysql serverless v2 behind a proxy, snapshot without a login", "snapshot"),
)
"""A database and a cluster for each of their routes."""

CASES = [*((shape, route) for route, shape in SAMPLED.items()), *DATABASES]


@pytest.mark.parametrize(("shape", "route"), CASES)
def test_whatever_befalls_a_call_the_run_ends_well_or_says_what_to_do(shape: str, route: str) -> None:
    """Done as undisturbed, or put back as before, or exit 6 with the commands; when the fault has cleared, it is finished."""
    wanted, chosen = rotating(shape, route)
    tried = strike(shape, route, wanted)
    assert {t.then for t in tried} - {""} == set(chosen)
    assert {} == {f"{t.then} at {t.point}": t.wrong for t in tried if t.wrong}


@pytest.mark.parametrize("route", SAMPLED)
def test_when_the_windows_end_passes_the_run_goes_back(route: str) -> None:
    """The turn-back time passes while a workload is down: it is put back (exit 5), and waits for another window."""
    wanted, chosen = rotating(SAMPLED[route], route, window_end=in_three_days())
    tried = strike(SAMPLED[route], route, wanted, window_end=in_three_days())
    assert ["the window's end"] == list(chosen)
    assert {} == {f"{t.then} at {t.point}": t.wrong for t in tried if t.wrong}


def test_everything_that_can_go_wrong_is_tried_in_the_short_form() -> None:
    """No fault befalls nothing: each is met by some route of the sample."""
    met = {name for shape, route in CASES[:1] + CASES[4:5] for name in rotating(shape, route)[1]}
    assert {"the window's end"} == BAD.keys() - met
