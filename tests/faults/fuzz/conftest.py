"""Answers are altered by handlers on clients: none of these is shared with a test of something else."""

import pytest


@pytest.fixture(autouse=True)
def _shared_clients() -> None:
    """Make clients anew, unlike the rest of this room."""
