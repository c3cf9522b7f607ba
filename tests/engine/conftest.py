"""Whole runs, many of them: clients are shared. And a bench for scripted steps."""

from pathlib import Path

import pytest

from tests.clients import share
from tests.engine.scripted import Bench


@pytest.fixture(autouse=True)
def _shared_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    share(monkeypatch)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """An engine's surroundings, in which steps do what a test has written down."""
    return Bench(tmp_path)
