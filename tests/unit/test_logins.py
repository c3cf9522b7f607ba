"""Logins into engines: what is said before anything is planned, and what a secret has to hold."""

import sys
from importlib import import_module
from types import ModuleType
from typing import Any

import pytest

from sealift import logins
from sealift.errors import CallError, SealiftError


def test_an_engine_without_a_login_is_said_before_anything_happens() -> None:
    """Where nobody has a driver one sentence says so, and what to do."""
    with pytest.raises(SealiftError, match="--fence-login out"):
        logins.check("db2-se")


def test_a_secret_is_json_with_a_user_and_a_password() -> None:
    """The password is never shown."""
    found = logins.credentials_of('{"username": "admin", "password": "hunter2"}')
    assert found == logins.Credentials("admin", "hunter2")
    assert "hunter2" not in repr(found)


@pytest.mark.parametrize("text", ["", "admin", "[]", '{"username": "admin"}'])
def test_another_secret_is_refused_with_its_form(text: str) -> None:
    """What is no such secret is told with the form that it must have, and not with what is in it."""
    with pytest.raises(SealiftError, match="username"):
        logins.credentials_of(text)


class _Server:
    """Answers what a SQL Server login asks, by what the question contains."""

    def __init__(self, answers: dict[str, list[tuple[Any, ...]]]) -> None:
        self.answers, self.said, self._rows = answers, [], []

    def cursor(self) -> "_Server":
        return self

    def __enter__(self) -> "_Server":
        return self

    def __exit__(self, *about: object) -> None:
        pass

    def execute(self, query: str, params: tuple[Any, ...] = ()) -> None:
        self.said.append(query)
        self._rows = next((rows for words, rows in self.answers.items() if words in query), [])

    def fetchall(self) -> list[tuple[Any, ...]]:
        return self._rows


@pytest.fixture
def sqlserver(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The login to SQL Server, whose driver need not be installed: only what is sent is under test."""
    driver = ModuleType("pytds")
    for name in ("Error", "OperationalError", "LoginError"):
        setattr(driver, name, type(name, (Exception,), {}))
    monkeypatch.setitem(sys.modules, "pytds", driver)
    monkeypatch.delitem(sys.modules, "sealift.logins.sqlserver", raising=False)
    yield import_module("sealift.logins.sqlserver")
    sys.modules.pop("sealift.logins.sqlserver", None)


ADDRESS = logins.Address("ledger.example", 1433)
JOBS: list[tuple[Any, ...]] = [("j-1", "nightly", 1), ("j-2", "theirs", 0)]


def test_a_job_of_another_owner_is_told_before_anything_is_closed(sqlserver: Any) -> None:
    """SQL Server: only a member of SQLAgentOperatorRole disables it; RDS's own jobs are left alone."""
    server = _Server({"sysjobs": JOBS, "SQLAgentOperatorRole": [(0,)]})
    login = sqlserver.SqlServer("sqlserver-se", ADDRESS, server)
    with pytest.raises(CallError, match="theirs"):
        login.schedulers()
    assert "'rdsa'" in server.said[0]
    assert not any("sp_update_job" in said for said in server.said)


@pytest.mark.parametrize(("jobs", "member"), [(JOBS, 1), (JOBS[:1], 0)])
def test_jobs_that_can_be_disabled_are_noted(sqlserver: Any, jobs: list[tuple[Any, ...]], member: int) -> None:
    """SQL Server: its own jobs, and as a member of SQLAgentOperatorRole everybody's."""
    server = _Server({"sysjobs": jobs, "SQLAgentOperatorRole": [(member,)]})
    login = sqlserver.SqlServer("sqlserver-se", ADDRESS, server)
    assert login.schedulers() == {"jobs": [job for job, *_ in jobs]}


def test_a_mirrored_database_is_not_one_to_be_closed(sqlserver: Any) -> None:
    """SQL Server: what is in a mirroring session or an availability group is not set READ_ONLY (error 1468)."""
    server = _Server({"sys.databases": [("ledger",)]})
    login = sqlserver.SqlServer("sqlserver-se", ADDRESS, server)
    assert login.writes() == {"open": ["ledger"]}
    assert "replica_id IS NULL" in server.said[0]
    assert "mirroring_guid IS NOT NULL" in server.said[0]
