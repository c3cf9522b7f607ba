"""The gate, judged without waiting."""

import pytest

from sealift.estimate import WATCHDOG_MARGIN
from sealift.gate import Verdict, Window, decide, turn_back_at, turn_back_before, window_of
from sealift.journal import State
from sealift.options import Options
from sealift.step import Seconds

CUTOVER, BACK = Seconds(60, 600), Seconds(60, 300)
ANY_TIME = Window()
APPROVED = State("m", approved={"by": "a person"})


def at(now: float, window: Window = ANY_TIME, state: State = APPROVED) -> Verdict:
    return decide(state, window, now, CUTOVER, BACK)


def test_without_an_approval_it_is_shut() -> None:
    """Nothing else matters before a person said yes."""
    assert Verdict(open=False, why="an approval") == at(0, state=State("m"))


def test_without_a_window_an_approval_opens_it() -> None:
    """Any time will do."""
    assert at(0).open


@pytest.mark.parametrize(("now", "opens"), [(99, False), (100, True)])
def test_a_postponement_holds_until_its_moment(now: float, opens: bool) -> None:
    """Then time alone opens it."""
    verdict = at(now, state=State("m", approved={}, postponed_until=100))
    assert (opens, None if opens else 100) == (verdict.open, verdict.until)


@pytest.mark.parametrize(
    ("now", "opens", "over"),
    [(999, False, False), (1000, True, False), (2000, True, False), (2001, False, True)],
    ids=["before the start", "at the start", "at the last quiesce", "after the last quiesce"],
)
def test_a_window_has_a_start_and_a_last_quiesce(now: float, opens: bool, over: bool) -> None:
    """Before the start it waits; after the last quiesce it never opens."""
    verdict = at(now, Window(start=1000, last_quiesce=2000))
    assert (opens, over) == (verdict.open, verdict.over)


@pytest.mark.parametrize(("now", "opens"), [(4100, True), (4101, False)])
def test_worst_cutover_and_worst_way_back_must_fit(now: float, opens: bool) -> None:
    """600 s and 300 s before an end at 5000: 4100 is the last moment, and the sentence has both figures."""
    verdict = at(now, Window(end=5000))
    assert opens == verdict.open
    assert opens or ("899 s" in verdict.why and "900 s" in verdict.why)


def test_of_a_window_that_is_over_nothing_is_left() -> None:
    """Not less than nothing."""
    assert ": 0 s are left of this one" in at(6000, Window(end=5000)).why


def test_the_turn_back_time_is_the_end_less_the_way_back() -> None:
    """No end, no turn-back time."""
    assert (4700, None) == (turn_back_at(Window(end=5000), BACK), turn_back_at(Window(), BACK))


def test_the_window_is_the_one_that_was_asked_for() -> None:
    """Each of its three moments; none of them where none was."""
    assert Window(1.0, 2.0, 3.0) == window_of(Options(window_start=1.0, window_last_quiesce=2.0, window_end=3.0))
    assert ANY_TIME == window_of(Options())


def test_what_acts_by_itself_is_left_the_worst_way_back_and_a_margin() -> None:
    """The way back is over well before."""
    assert 10_000 - 300 - WATCHDOG_MARGIN / 2 == turn_back_before(10_000, BACK)


@pytest.mark.parametrize("now", [0.0, 99.0])
def test_a_window_that_is_to_come_says_when(now: float) -> None:
    """Time alone opens it then: whoever waits sleeps until that moment, and not longer."""
    assert Verdict(open=False, why="the window to open", until=100.0) == at(now, Window(start=100.0))
