"""Several processes on the discrete-event clock that a serving sandbox holds."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import pytest

from sealift.clock import EPOCH_OF_TESTS
from sealift.sandbox.clockwork import JOIN, Clockwork
from tests.sandbox.serving import served, until

pytestmark = [pytest.mark.process, pytest.mark.xdist_group("clock")]

CLIENT = str(Path(__file__).with_name("clocked.py"))
TOLD = "\n"


@pytest.fixture
def held() -> Iterator[tuple[str, Clockwork]]:
    with served(mode="discrete", fleet="empty") as (url, server):
        assert isinstance(server.clock, Clockwork)
        yield url, server.clock


@pytest.fixture
def joined(held: tuple[str, Clockwork]) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """joined(said=file, **lanes) -> a process that has joined the clock and waits to be told to begin."""
    url, clock = held
    processes: list[subprocess.Popen[str]] = []

    def join(said: IO[str] | int = subprocess.PIPE, **lanes: list[Any]) -> subprocess.Popen[str]:
        words = [sys.executable, CLIENT, url + JOIN, json.dumps(lanes)]
        process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=said, text=True)
        processes.append(process)
        until(lambda: clock.clients == len(processes))
        return process

    yield join
    for process in processes:
        process.kill()
        process.communicate()


def tell(*processes: subprocess.Popen[str]) -> None:
    """Tell processes to begin, or to end their work."""
    for process in processes:
        assert process.stdin is not None
        process.stdin.write(TOLD)
        process.stdin.flush()


def heard(process: subprocess.Popen[str], line: str) -> list[str]:
    """Return what a process says up to a line."""
    assert process.stdout is not None
    said = [process.stdout.readline().strip()]
    while said[-1] != line:
        assert said[-1], said
        said.append(process.stdout.readline().strip())
    return said


def passed(clock: Clockwork) -> float:
    """Return the seconds since the clock began."""
    return clock.now() - EPOCH_OF_TESTS


def test_a_killed_process_vanishes_with_its_actors_and_the_other_ends_in_time(held, joined) -> None:
    """Two processes with several actors each; one is killed with SIGKILL while its actors and some of the other's sleep."""
    clock = held[1]
    doomed = joined(x=[7] * 100, y=[3600], z=[86_400])
    survivor = joined(a=[20, "work", 15_730], b=[30, 30, 60, 120], c=[6000, 1])
    tell(doomed, survivor)

    assert heard(survivor, "a works") == ["joined", "a 20", "a works"]
    assert heard(doomed, "x 14") == ["joined", "x 7", "x 14"]
    doomed.kill()
    doomed.wait()
    until(lambda: clock.clients == 1)
    assert passed(clock) == 20
    tell(survivor)

    said = heard(survivor, "a 15750")
    assert said == ["b 30", "b 60", "b 120", "b 240", "c 6000", "c 6001", "a 15750"]
    assert survivor.wait() == 0
    assert passed(clock) == 15_750


def test_a_process_that_dies_while_it_works_does_not_stop_time(held, joined) -> None:
    """While it works nobody is woken; when it is gone the others go on, from the same moment."""
    clock = held[1]
    doomed, sleeper = joined(w=["work"]), joined(s=[50], t=[70])
    tell(doomed, sleeper)
    heard(doomed, "w works")
    until(lambda: clock.awake == 1)
    assert passed(clock) == 0

    doomed.kill()
    doomed.wait()

    assert heard(sleeper, "t 70") == ["joined", "s 50", "t 70"]


def test_time_stands_still_while_nobody_has_joined(held, joined) -> None:
    """The next process goes on from where the last one left it."""
    clock = held[1]
    first = joined(a=[10])
    tell(first)
    heard(first, "a 10")
    first.wait()
    until(lambda: clock.clients == 0)
    assert passed(clock) == 10

    later = subprocess.Popen(
        [sys.executable, CLIENT, held[0] + JOIN, '{"b": [10]}'],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert later.communicate(TOLD)[0].split("\n") == ["joined", "b 20", ""]


def test_two_processes_wake_in_the_order_of_their_moments(joined, tmp_path: Path) -> None:
    """At the same moment the one that joined first is first, and it is done before the other begins."""
    said = tmp_path / "said"
    with said.open("a") as both:
        first = joined(both, a=[3, 6, 1], b=[9])
        second = joined(both, c=[5, 4], d=[9, 100])
        tell(second, first)
        assert (first.wait(), second.wait()) == (0, 0)

    woken = [line for line in said.read_text().splitlines() if line != "joined"]
    assert woken == ["a 3", "c 5", "b 9", "a 9", "d 9", "c 9", "a 10", "d 109"]
