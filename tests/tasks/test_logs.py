"""The run log: the same lines, without secrets, and nothing where there is no run."""

import pytest

from sealift.events import Event
from tasks import logs


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    said: list[tuple[str, str]] = []
    monkeypatch.setattr(logs.RunLog, "_hand", lambda _, level, line: said.append((level, line)))
    return said


def event(name: str, **data: object) -> Event:
    return Event(name, "mig-1", "i-1", "123456789012", "eu-central-1", 1.5, step="stop", resource="i-1", data=data)


def test_every_line_says_whose_it_is(lines: list[tuple[str, str]]) -> None:
    """Migration, step, resource, account and Region are in each."""
    logs.run_log()(event("step-started"))

    ((level, line),) = lines
    assert level == "info"
    for part in ("'step-started'", "migration='mig-1'", "step='stop'", "resource='i-1'", "account=", "region="):
        assert part in line


def test_what_went_wrong_is_a_warning_and_secrets_are_hidden(lines: list[tuple[str, str]]) -> None:
    """Retries and failures stand out; what looks like a secret is not written."""
    logs.run_log()(event("retry", error="slow down", session_token="abc"))

    ((level, line),) = lines
    assert level == "warning"
    assert "slow down" in line
    assert "abc" not in line


def test_outside_a_run_nothing_is_said() -> None:
    """A driver with these listeners may be used without a flow."""
    logs.run_log()(event("step-started"))
