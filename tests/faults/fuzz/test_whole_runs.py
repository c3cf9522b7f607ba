"""One altered answer in a whole run: it ends in one line, nothing is changed on a doubt, and service is as before or right."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.faults.fuzz.lying import FORMS, Lie, answered, tried
from tests.faults.fuzz.recording import long

TRIED = (("root only", "snapshot"),)
TRIED_LONG = (
    *TRIED, ("root and data", "clone"), ("root and data", "copy"), ("on standby", "clone"), ("postgres, blue-green", "blue-green"),
    ("mysql with replicas, snapshot", "snapshot"), ("aurora postgresql, blue-green", "blue-green"),
)  # fmt: skip


@st.composite
def lies(draw: st.DrawFn) -> tuple[str, str, Lie]:
    """Draw a shape, a route, and which answer of its run is altered, how, and whether for ever."""
    shape, route = draw(st.sampled_from(TRIED_LONG if long() else TRIED))
    counts: Any = answered(shape, route)
    operation = draw(st.sampled_from(sorted(counts)))
    turn = draw(st.integers(1, counts[operation]))
    return (
        shape,
        route,
        Lie(operation, turn, draw(st.sampled_from(FORMS)), draw(st.integers(0, 9999)), draw(st.booleans())),
    )


@settings(max_examples=300 if long() else 5)
@given(lies())
def test_a_lie_in_a_whole_run_loses_nothing_and_leaves_nothing_down(drawn: tuple[str, str, Lie]) -> None:
    """Plan, migrate and finalize with one answer altered, for once or for ever; then nobody lies, and it can be gone on with."""
    shape, route, lie = drawn
    run = tried(shape, route, lie)
    assert not run.harm(), f"{shape}, {route}: {run.replay()}: {run.harm()}"
