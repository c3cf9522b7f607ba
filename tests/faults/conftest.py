"""Whole runs, many of them: clients are shared."""

import pytest

from tests.clients import share


@pytest.fixture(autouse=True)
def _shared_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    share(monkeypatch)
