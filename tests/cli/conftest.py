"""The command line in this process, against a sandbox that is served in a thread of it."""

import json
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from click.testing import CliRunner, Result

from sealift.cli import main
from sealift.sandbox import Durations
from sealift.sandbox.server import Server

REGION = "eu-central-1"
KEY = "alias/app"
SPEED = 5000.0
CHANGES = (
    "Copy", "Create", "Delete", "Attach", "Detach", "Stop", "Start", "Modify", "Enter", "Exit", "Suspend", "Resume", "Cancel", "Put",
)  # fmt: skip


class Served:
    """A sandbox behind a URL, with a key and one instance that has no public address to be asked about."""

    def __init__(self, server: Server, url: str) -> None:
        self.box, self.url = server.box, url
        self.key = self.box.add_key(REGION, KEY)

    def instance(self, **options: Any) -> str:
        """Add an instance."""
        return self.box.add_instance(REGION, **options)

    def changes(self) -> list[str]:
        """Return the mutating calls so far, dry runs left out."""
        return [
            e.operation
            for e in self.box.log
            if e.operation.split(":")[-1].startswith(CHANGES) and not e.params.get("DryRun")
        ]


@pytest.fixture
def served() -> Iterator[Served]:
    """A served sandbox whose states are reached at once."""
    server, ready, found = Server(speed=SPEED, fleet="empty", durations=Durations.instant()), threading.Event(), []

    def note(url: str) -> None:
        found.append(url)
        ready.set()

    thread = threading.Thread(target=server.serve_forever, args=(note,), daemon=True)
    thread.start()
    assert ready.wait(30)
    yield Served(server, found[0])
    server.shutdown()
    thread.join(10)


Invoke = Callable[..., Result]


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[Invoke]:
    """sealift(*arguments) with nothing but a journal of its own."""

    def invoke(*arguments: str, stdin: str | None = None, **environment: str | None) -> Result:
        env = {"SEALIFT_JOURNAL": str(tmp_path / "journal.db"), "AWS_EC2_METADATA_DISABLED": "true", **environment}
        return CliRunner().invoke(main, list(arguments), input=stdin, env=env)

    yield invoke
    structlog.reset_defaults()


@pytest.fixture
def sealift(bare: Invoke, served: Served) -> Invoke:
    """sealift(*arguments) against the served sandbox."""

    def invoke(*arguments: str, **more: Any) -> Result:
        return bare(*arguments, **{"AWS_ENDPOINT_URL": served.url, "AWS_REGION": REGION, **more})

    return invoke


def refusal(result: Result) -> str:
    """Return the one line that ends a command which did not do its work; there is no other, and no traceback."""
    said = [line for line in result.stderr.splitlines() if line.startswith("sealift: ")]
    assert len(said) == 1, result.stderr
    assert result.stderr.rstrip().endswith(said[0])
    assert "Traceback" not in result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return said[0].removeprefix("sealift: ")


def rows(result: Result) -> list[dict[str, Any]]:
    """Return the rows of `--output jsonl`."""
    return [json.loads(line) for line in result.stdout.splitlines()]


def journal_of(tmp_path: Path) -> str:
    """Return where the commands of a test keep their journal."""
    return os.fspath(tmp_path / "journal.db")
