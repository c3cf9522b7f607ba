"""Ctrl-C on a terminal asks while the work goes on; SIGTERM writes a row, gives the lease back and leaves."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.served import SEALIFT, Box, serving
from tests.e2e.terminal import Terminal

pytestmark = [pytest.mark.process, pytest.mark.xdist_group("signals")]

REGION, KEY, SPEED = "eu-central-1", "alias/app", 50.0
GRACE = 30.0
"""Seconds that Prefect gives a run between SIGTERM and SIGKILL."""
QUESTION = "back, leave or go on?"
IMPATIENT = [
    sys.executable,
    "-c",
    "from sealift.cli import main, signals; signals.ANSWER_WITHIN = 1.5; main()",
]
"""sealift, asking for a shorter while."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Box, Path]]:
    """A served sandbox, and the journal of all that is driven on it."""
    folder = tmp_path_factory.mktemp("signals")
    with serving(folder, SPEED) as box:
        box.ask("keys", {"region": REGION, "alias": KEY})
        yield box, folder / "journal.db"


class Driven:
    """A migration that a process drives, and its journal."""

    def __init__(self, box: Box, journal: Path, start: Callable[[list[str]], Any], count: int = 1) -> None:
        self.box, self.journal = box, journal
        self.targets = [box.instance(REGION, volumes=[{"device": "/dev/xvda", "size_gib": 4}]) for _ in range(count)]
        self.target = self.targets[0]
        self.process = start(["migrate", *self.targets, "--key", KEY, "--ack", "R-EBS-31", "--local", "--yes"])

    def rows(self, target: str | None = None) -> list[tuple[str | None, str, dict[str, Any]]]:
        """Return (step, what, data) of all rows so far."""
        if not self.journal.exists():
            return []
        asked = "SELECT step, what, e.data FROM entries e JOIN migrations m ON m.id = e.migration WHERE target = ? ORDER BY seq"
        with closing(sqlite3.connect(self.journal, timeout=10)) as db:
            try:
                found = db.execute(asked, (target or self.target,)).fetchall()
            except sqlite3.OperationalError:
                return []
        return [(step, what, json.loads(data)) for step, what, data in found]

    def reaches(self, step: str | None, what: str, target: str | None = None, seconds: float = 30.0) -> None:
        """Wait for a row."""
        end = time.monotonic() + seconds
        while (step, what) not in [r[:2] for r in self.rows(target)]:
            assert time.monotonic() < end, self.rows(target)
            time.sleep(0.02)

    @property
    def migration(self) -> str:
        """Its id."""
        with closing(sqlite3.connect(self.journal, timeout=10)) as db:
            (found,) = db.execute("SELECT id FROM migrations WHERE target = ?", (self.target,)).fetchone()
        return str(found)

    @property
    def lease_is_free(self) -> bool:
        """Whether a driver of any host may take over at once."""
        with closing(sqlite3.connect(self.journal, timeout=10)) as db:
            asked = "SELECT free FROM leases WHERE migration = ?"
            return bool(db.execute(asked, (self.migration,)).fetchone()[0])

    def ended_as(self, target: str | None = None) -> str:
        """How it came to rest."""
        return str(next((d["as"] for _, what, d in reversed(self.rows(target)) if what == "end"), ""))

    def left(self) -> list[str]:
        """Why its drivers left."""
        return [d["why"] for _, what, d in self.rows() if what == "left"]


Sit = Callable[..., Driven]


@pytest.fixture
def sit(place: tuple[Box, Path]) -> Iterator[Sit]:
    """sit(count=1) -> a migration that was started on a terminal."""
    box, journal = place
    terminals: list[Terminal] = []

    def start(command: list[str] = SEALIFT, count: int = 1) -> Driven:
        def on_a_terminal(words: list[str]) -> Terminal:
            terminals.append(Terminal([*command, *words], box.environment))
            return terminals[-1]

        return Driven(box, journal, on_a_terminal, count)

    yield start
    for terminal in terminals:
        terminal.close()


def test_going_on_is_as_if_nothing_had_been(sit: Sit) -> None:
    """Enter goes on: the question says how things stand, the view comes back, and the migration is done."""
    driven = sit()
    driven.reaches("stop", "made")
    driven.process.type("\x03")
    driven.process.shows(QUESTION)
    assert f"THE WORKLOAD OF {driven.target} IS DOWN since" in driven.process.text
    driven.process.type("\r")
    driven.process.shows("sealift: it goes on")
    assert (0, "retained", []) == (driven.process.ends(), driven.ended_as(), driven.left())


def test_without_an_answer_it_goes_on_and_never_stopped(sit: Sit) -> None:
    """The question stands open for a while, in which the steps go on; then it is as if it had not been asked."""
    driven = sit(IMPATIENT)
    driven.reaches("stop", "made")
    driven.process.type("\x03")
    driven.process.shows(QUESTION)
    before = len(driven.rows())
    driven.process.shows("no answer in 2 s: it goes on")
    meanwhile = len(driven.rows())
    assert (True, 0, "retained") == (meanwhile > before, driven.process.ends(), driven.ended_as())


def test_going_back_before_bring_up_puts_the_originals_back(sit: Sit) -> None:
    """`back` is for all that is driven: what is down comes back on its original, what was prepared is cleaned up; exit 0, as
    of a rollback.
    """
    driven = sit(count=2)
    for target in driven.targets:
        driven.reaches("stop", "made", target)
    driven.process.type("\x03")
    driven.process.shows(QUESTION)
    driven.process.type("back\r")
    assert (0, ["rolled-back"] * 2) == (driven.process.ends(), [driven.ended_as(t) for t in driven.targets])
    asked = {d["why"] for _, what, d in driven.rows() if what == "direction"}
    assert all("asked for at the terminal by" in why for why in asked)
    assert [] == driven.box.ask("losses")
    assert "failure" not in [what for _, what, _ in driven.rows()]


def test_after_bring_up_going_back_is_not_for_here(sit: Sit) -> None:
    """Writes would be left behind: the answer names the command that says so, and asks again."""
    driven = sit()
    driven.reaches(None, "bring-up")
    driven.process.type("\x03")
    driven.process.shows(QUESTION)
    driven.process.type("back\r")
    driven.process.shows(f"leave, then sealift rollback {driven.migration} --discard-writes")
    driven.process.type("go on\r")
    assert (0, "retained") == (driven.process.ends(), driven.ended_as())


@pytest.mark.parametrize("how", ["leave\r", "\x03"])
def test_leaving_gives_the_lease_back_and_says_what_goes_on(sit: Sit, how: str) -> None:
    """`leave`, or Ctrl-C while the question is open: exit 130, nothing is turned, the row says why, and resume finishes."""
    driven = sit()
    driven.reaches("stop", "made")
    driven.process.type("\x03")
    driven.process.shows(QUESTION)
    driven.process.type(how)
    assert 130 == driven.process.ends()
    assert (True, 1, "") == (driven.lease_is_free, len(driven.left()), driven.ended_as())
    assert "IS DOWN since" in driven.process.text.splitlines()[-1]
    assert f"Go on: sealift resume {driven.migration}" in driven.process.text
    told = driven.box.sealift("status", driven.migration).stdout
    assert "NO PROCESS DRIVES IT: its driver left it at" in told
    assert 0 == driven.box.sealift("resume", driven.migration).returncode
    assert [] == driven.box.ask("losses")


def test_a_word_that_is_no_answer_is_asked_again(sit: Sit) -> None:
    """Whatever else is typed changes nothing."""
    driven = sit()
    driven.reaches("stop", "made")
    driven.process.type("\x03")
    driven.process.shows(QUESTION)
    driven.process.type("rm -rf\r")
    driven.process.shows("Type back, leave or go on.")
    driven.process.type("\r")
    assert (0, "retained") == (driven.process.ends(), driven.ended_as())


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGHUP])
def test_without_a_terminal_it_leaves_and_another_takes_over_at_once(
    place: tuple[Box, Path], how: signal.Signals
) -> None:
    """The call under way comes to its row, a row says which signal it was, the lease is free; another driver goes on without
    waiting for a lease to run out.
    """
    box, journal = place
    late = {"operation": "ec2:StopInstances", "slow_s": 2 * SPEED, "times": 1}
    box.ask("faults", late)
    driven = Driven(box, journal, lambda words: box.start(*words))
    driven.reaches("stop", "intent")
    driven.process.send_signal(how)
    driven.process.communicate(timeout=30)
    rows = [r[:2] for r in driven.rows()]
    assert (130, True, "made") == (driven.process.returncode, driven.lease_is_free, rows[-1][1])
    assert (None, "left") in rows
    assert [how.name] == [why.partition(":")[0] for why in driven.left()]
    began = time.monotonic()
    assert 0 == box.sealift("resume", driven.migration).returncode
    assert time.monotonic() - began < 40
    assert [] == box.ask("losses")


def test_a_run_that_prefect_cancels_leaves_as_well(place: tuple[Box, Path], tmp_path: Path) -> None:
    """A worker sends SIGTERM, and after half a minute SIGKILL: by then the call under way has its row, and the lease is free."""
    box, journal = place
    box.ask("faults", {"operation": "ec2:StopInstances", "slow_s": 2 * SPEED, "times": 1})
    own = {"PREFECT_HOME": str(tmp_path), "PREFECT_SERVER_ANALYTICS_ENABLED": "false", "AWS_REGION": REGION}

    def start(words: list[str]) -> subprocess.Popen[bytes]:
        arguments = [sys.executable, "-m", "tests.e2e.as_a_worker", words[1], KEY, "R-EBS-31"]
        return subprocess.Popen(
            arguments, env={**box.environment, **own}, stderr=subprocess.DEVNULL, start_new_session=True
        )

    driven = Driven(box, journal, start)
    try:
        driven.reaches("stop", "intent", seconds=90)
        driven.process.send_signal(signal.SIGTERM)
        assert driven.process.wait(GRACE) != 0
    finally:
        with suppress(ProcessLookupError):
            os.killpg(driven.process.pid, signal.SIGKILL)  # and the Prefect server that it has started
    rows = [r[:2] for r in driven.rows()]
    assert (True, True, 1) == (("stop", "made") in rows, driven.lease_is_free, len(driven.left()))
    assert 0 == box.sealift("resume", driven.migration).returncode
    assert [] == box.ask("losses")
