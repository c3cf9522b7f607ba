"""Random walks, in short: the long form is a run of its own."""

import pytest

from tests.faults import walks
from tests.faults.invariants import MIX

WALKS = {
    "of instances": (1, 7, 4, ("alone", "a group", "sharing a disk", "another account")),
    "of databases": (2, 5, 2, ("mysql with replicas, snapshot", "aurora, blue-green", "another account")),
}


@pytest.mark.parametrize("name", WALKS)
def test_a_random_walk(name: str) -> None:
    """Commands, deaths, faults, people and time in any order: no invariant is hurt on the way, and all heals in the end."""
    number, steps, examples, parts = WALKS[name]
    (tried,) = walks.walk(number, steps, examples, parts)
    assert [] == tried.wrong, "\n".join(tried.wrong)
    assert tried.checks["steps"] > examples
    assert tried.checks["migrations"] >= examples
    assert tried.checks[walks.looks(MIX)] > 0


def test_a_walk_that_is_walked_again_is_the_same_walk() -> None:
    """All that is drawn follows from the seed: the ids of migrations, the jitter of waits, what is sent and when."""
    seen = [walks.recorded(5, 4, 1, ("alone",)) for _ in range(2)]
    assert seen[0] == seen[1]
    assert seen[0]


def test_a_walk_that_fails_is_told_with_its_seed_and_the_shortest_way_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is wrong comes first, then the few steps that lead to it, and how to walk them again."""
    monkeypatch.setattr(walks.rests, "between", lambda t: ["planted"] if t.migrations() else [])
    (tried,) = walks.walk(3, 12, 12, ("another account",))
    said, told = tried.wrong
    assert said.startswith("planted")
    steps = [
        line
        for line in told.splitlines()
        if line.startswith("state.") and "ground" not in line and "teardown" not in line
    ]
    assert (1, True) >= (len(steps), "walks.walk(3, 12, 12" in told), told
