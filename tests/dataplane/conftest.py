"""Where real servers keep their data, and PostgreSQL's binaries."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.dataplane.servers import Postgres, folder


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder that a server's own user may enter."""
    with folder() as made:
        yield made


@pytest.fixture(scope="session")
def postgres() -> Iterator[type[Postgres]]:
    """PostgreSQL, unpacked."""
    with folder() as made:
        Postgres.unpack(made)
        yield Postgres
