"""What people see while a migration runs: the live view of a terminal, and that colour is left out where it is not wanted."""

import io

import pytest
from click.testing import CliRunner
from rich.console import Console

from sealift.cli import main
from sealift.events import Event
from sealift.notify import worth
from sealift.render.live import LiveView


class Screen:
    """A live view on a terminal that is read."""

    def __init__(self) -> None:
        self.written = io.StringIO()
        self.console = Console(file=self.written, force_terminal=True, width=120, no_color=True)
        self.view = LiveView(self.console)
        self.now = 0.0

    def tell(self, name: str, step: str = "", at: float | None = None, phase: str = "prepare", **data: object) -> None:
        """Let something happen."""
        self.now = self.now if at is None else at
        title = f"do {step}" if step else ""
        self.view.listen(Event(name, "mig-1", "i-1", "1", "r", self.now, phase, step, title, "i-1", dict(data)))

    def row(self) -> list[str]:
        """Return the cells of the only row as drawn now."""
        self.view.stop()
        plain = Console(file=io.StringIO(), width=120)
        with plain.capture() as drawn:
            plain.print(self.view._table())
        return drawn.get().splitlines()[1].split()


@pytest.fixture
def screen() -> Screen:
    return Screen()


def test_the_slowest_of_several_snapshots_is_shown_with_its_rest(screen: Screen) -> None:
    """Lanes run side by side and all have to come to rest: percent and rest are those of the one that is least far."""
    for step in ("fast", "slow"):
        screen.tell("step-started", step)
        screen.tell("step-waiting", step, progress=0.0)
    screen.tell("step-waiting", "slow", at=60, progress=20.0)
    screen.tell("step-waiting", "fast", at=61, progress=90.0)
    assert " ".join(screen.row()) == "i-1 prepare do fast ∥ do slow 20 61 s ~4.1 min"


def test_time_goes_on_between_two_events(screen: Screen) -> None:
    """Polls are up to a minute apart: elapsed and down are drawn on the clock."""
    screen.tell("outage", phase="cutover", outages={"writers": {"before": 0.0, "since": 0.0}})
    screen.tell("step-started", "stop", phase="cutover")
    screen.view.now = lambda: 45.0
    assert screen.row() == ["i-1", "cutover", "do", "stop", "45", "s", "45", "s"]


def test_at_rest_it_says_how_long_it_was_down_in_all(screen: Screen) -> None:
    """The end is told in words, and time stands still."""
    screen.tell("outage", at=10, phase="cutover", outages={"writers": {"before": 0.0, "since": 10.0}})
    screen.tell("outage", at=70, phase="bring-up", outages={"writers": {"before": 60.0, "since": None}})
    screen.tell("end", at=80, **{"as": "retained"})
    screen.view.now = lambda: 500.0
    assert " ".join(screen.row()) == "i-1 done on its replacement; the source is retained 70 s 60 s"


def test_what_is_given_up_is_no_success(screen: Screen) -> None:
    """It has ended, and the view says that nothing is left of a part of it; who is notified is told which."""
    why = "neither vol-1 nor its replacement vol-2 is left"
    screen.tell("end", at=80, **{"as": "given-up", "why": why})
    assert " ".join(screen.row()) == "i-1 given up neither kept nor put back 0 s"
    event = Event("end", "mig-1", "i-1", "1", "eu-central-1", 80.0, data={"as": "given-up", "why": why})
    assert worth(event) == f"i-1 is given up: {why}. See: sealift status mig-1"


def test_what_was_down_before_a_driver_ended_is_counted_on(screen: Screen) -> None:
    """Resumed, the view begins with what was before: elapsed, who writes, who reads from replicas."""
    outages = {"writers": {"before": 30.0, "since": 100.0}, "readers": {"before": 0.0, "since": 60.0}}
    screen.tell("outage", at=150, phase="cutover", outages=outages, began=40.0)
    assert " ".join(screen.row()) == "i-1 cutover 1.8 min 80 s ∥ readers 1.5 min"


def test_what_is_stopped_is_not_down(screen: Screen) -> None:
    """A quiesce that takes nothing down starts no clock of downtime."""
    screen.tell("quiesce", at=10, phase="cutover", down=False)
    screen.tell("end", at=80, **{"as": "retained"})
    assert screen.row()[-2:] == ["70", "s"]


def test_at_the_gate_it_says_what_to_type(screen: Screen) -> None:
    """A gate that waits for an approval names the command."""
    screen.tell("gate", waiting_for="an approval", phase="")
    assert " ".join(screen.row()).startswith("i-1 gate waits for an approval: sealift approve mig-1")


def test_a_target_that_was_held_rests_and_says_why(screen: Screen) -> None:
    """Its row stands still; the reason stays above the view."""
    screen.tell("gate", at=5, waiting_for="an approval")
    screen.tell("breaker", text="no new cutover starts: i-0 (mig-0) failed: no")
    screen.tell("held", at=10, why="i-0 (mig-0) failed: no")
    screen.view.now = lambda: 90.0
    assert " ".join(screen.row()) == "i-1 held until it is resumed; the source serves 5 s"
    written = screen.written.getvalue()
    assert written.count("no new cutover starts: i-0 (mig-0) failed: no") == 1
    assert "i-1  held: i-0 (mig-0) failed: no" in written


def test_what_must_stay_is_printed_above(screen: Screen) -> None:
    """A turn back scrolls away with the log and is not drawn over."""
    screen.tell("direction", why="the key is disabled")
    screen.view.stop()
    assert "i-1  turns back: the key is disabled" in screen.written.getvalue()


@pytest.mark.parametrize(("environment", "coloured"), [({"NO_COLOR": None}, True), ({"NO_COLOR": "1"}, False)])
def test_no_color_is_heeded(environment: dict[str, str | None], coloured: bool) -> None:
    """On a terminal an error is red, unless NO_COLOR is set."""
    for words in (["plan", "web-1", "--key", "x"], ["plan", "--fast"]):
        result = CliRunner().invoke(main, words, env={"AWS_REGION": "eu-central-1", **environment}, color=True)
        assert ("\x1b[31m" in result.stderr) is coloured
