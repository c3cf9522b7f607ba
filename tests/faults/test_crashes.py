"""Promise 3, everywhere: a driver that dies at any durable state is taken up again, and the end is that of a run that nobody disturbed."""

import pytest

from tests.faults.parts import PARTS, SHORT, Part

CRASHES = [part for part in PARTS if part.counts == "crash points"]


@pytest.mark.parametrize(("shape", "route"), SHORT, ids=[", by ".join(case) for case in SHORT])
@pytest.mark.parametrize("part", CRASHES, ids=[part.name for part in CRASHES])
def test_who_dies_is_taken_up_again(part: Part, shape: str, route: str) -> None:
    """At each durable state forward, and at a share of those of each way back, of finalize and with the journal lost."""
    tried = part.every(shape, route, part.short, 1)
    assert any(one.point for one in tried)
    assert part.name != "killed, rolled back, killed again" or any("and then" in one.point for one in tried)
    assert [] == [(str(one), one.wrong) for one in tried if one.wrong]
