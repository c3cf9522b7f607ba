"""A real process of sealift on a sandbox's discrete-event clock: killed with SIGKILL while the workload is down, then resumed."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from sealift.engine import REQUEST_LIFE
from sealift.journal import Journal
from sealift.plan import MigrationPlan
from sealift.sandbox import Durations, VolumeSpec
from sealift.sandbox.server import Server
from tests.e2e.served import SEALIFT
from tests.sandbox.serving import served, until

pytestmark = [pytest.mark.process, pytest.mark.xdist_group("clock")]

REGION, KEY = "eu-central-1", "alias/app"
DOOMED = [sys.executable, str(Path(__file__).with_name("doomed.py")), "stop", "made", "before", "--"]
"""The stop was sent, and the journal does not know."""


@contextmanager
def holding(folder: Path, mode: str) -> Iterator[tuple[Server, dict[str, str]]]:
    """Serve a sandbox whose states last; yield it, and the environment of its clients."""
    with served(mode=mode, fleet="empty", durations=Durations()) as (url, server):
        server.box.add_key(REGION, KEY)
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "SEALIFT_"))}
        own = {"AWS_ENDPOINT_URL": url, "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_REGION": REGION}
        yield server, {**kept, **own, "SEALIFT_JOURNAL": str(folder / "journal.db")}


@pytest.fixture
def held(tmp_path: Path) -> Iterator[tuple[Server, dict[str, str]]]:
    with holding(tmp_path, "discrete") as found:
        yield found


def migrate(instance: str) -> tuple[str, ...]:
    """Return the words that migrate an instance without asking."""
    return ("migrate", instance, "--key", KEY, "--ack", "R-EBS-31", "--local", "--yes")


def run(command: list[str], environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    """Run sealift in a process of its own."""
    return subprocess.run(
        [*command, *words], env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )


def test_killed_in_the_cutover_it_is_resumed_and_time_has_stood_still_meanwhile(held, tmp_path: Path) -> None:
    """It ends on encrypted disks without a lost write. The workload was down for no longer than the plan's worst case and
    the time that the next driver gives the dead one's last request; what the processes took in life counts for nothing.
    """
    server, environment = held
    box, clock = server.box, server.clock
    instance = box.add_instance(REGION, volumes=[VolumeSpec(size_gib=30)])
    clock.advance(3600)

    first = run(DOOMED, environment, *migrate(instance))
    assert first.returncode == -9, first.stderr
    until(lambda: clock.clients == 0)
    killed_at = clock.now()
    with closing(sqlite3.connect(tmp_path / "journal.db")) as db:
        migration = str(db.execute("SELECT id FROM migrations").fetchone()[0])
    assert box.machine(instance).state in ("stopping", "stopped")

    again = run(SEALIFT, environment, "resume", migration)
    assert again.returncode == 0, again.stderr
    (disk,) = box.machine(instance).disks.values()
    assert (disk.volume.encrypted, box.machine(instance).state) == (True, "running")
    assert box.losses() == []

    moments = {e.operation: e.at for e in box.log if e.outcome == "ok"}
    down = moments["ec2:StartInstances"] - moments["ec2:StopInstances"]
    plan = MigrationPlan.from_json(Journal(clock, tmp_path / "journal.db").plan(migration))
    assert moments["ec2:StopInstances"] == killed_at
    assert 0 < down <= plan.down.worst + REQUEST_LIFE


def test_a_sandbox_that_ends_takes_time_with_it(tmp_path: Path) -> None:
    """Who sleeps on its clock says so in one line and leaves everything as it is: exit 130, the journal goes on elsewhere."""
    with holding(tmp_path, "manual") as (server, environment):
        instance = server.box.add_instance(REGION, volumes=[VolumeSpec(size_gib=30)])
        silent, read = subprocess.DEVNULL, subprocess.PIPE
        words = [*SEALIFT, *migrate(instance)]
        process = subprocess.Popen(words, env=environment, stdin=silent, stdout=silent, stderr=read, text=True)
        until(lambda: server.clock.clients == 1 and server.clock.awake == 0)
    said = process.communicate(timeout=20)[1].splitlines()
    assert (process.returncode, "the connection to the sandbox's clock" in said[-1]) == (130, True), said
    assert not [line for line in said if "Traceback" in line]
