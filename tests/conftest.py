"""What every test may ask for."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, settings

from sealift.sandbox import Durations
from tests import clients
from tests.world import World, sandbox

clients.spare()


settings.register_profile(
    "short", derandomize=True, deadline=None, max_examples=30, print_blob=True, suppress_health_check=list(HealthCheck)
)
settings.register_profile(
    "torture", deadline=None, max_examples=2000, print_blob=True, suppress_health_check=list(HealthCheck)
)
settings.load_profile("short")  # another one: pytest --hypothesis-profile=torture


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--every-step`: fail whole migrations at every step, not at a few."""
    parser.addoption("--every-step", action="store_true", help="fail whole migrations of databases at every step")


@pytest.fixture
def every_step(request: pytest.FixtureRequest) -> bool:
    """Whether whole migrations of databases are failed at every step, or at a few of them."""
    return bool(request.config.getoption("--every-step"))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep groups together: xdist 3.8 writes `…@group` where pytest 9.2 no longer reads an item's id (no test was grouped)."""
    for item in items:
        marked, kept = getattr(item, "_nodeid", None), getattr(item, "_id", None)
        if marked and kept is not None and marked != item.nodeid:
            item._id = type(kept).parse(marked)  # type: ignore[attr-defined]


@pytest.fixture(autouse=True)
def _no_surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep the machine's AWS settings and journal out of every test."""
    for name in (
        "AWS_PROFILE",
        "AWS_ENDPOINT_URL",
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
        "AWS_SESSION_TOKEN",
        "SEALIFT_JOURNAL",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "sandbox")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "sandbox")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "no-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "no-credentials"))
    monkeypatch.setenv("SEALIFT_JOURNAL", str(tmp_path / "default-journal.db"))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A sandbox whose states last as long as assumed for AWS."""
    with sandbox() as box:
        yield World(box, tmp_path)


@pytest.fixture
def instant(tmp_path: Path) -> Iterator[World]:
    """A sandbox whose states are reached at once."""
    with sandbox(Durations.instant()) as box:
        yield World(box, tmp_path)


@pytest.fixture
def refused() -> Callable[..., tuple[str, int]]:
    """refused(call, **params) -> (code, HTTP status) of the refusal."""

    def code(call: Callable[..., object], **params: object) -> tuple[str, int]:
        with pytest.raises(ClientError) as caught:
            call(**params)
        reply = caught.value.response
        return reply["Error"]["Code"], reply["ResponseMetadata"]["HTTPStatusCode"]

    return code
