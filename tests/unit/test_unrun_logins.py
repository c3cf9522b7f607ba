"""What is sent to Oracle and SQL Server, whose engines no test here runs: statements in their order, and what is set again."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import pymysql
import pytest

from sealift import logins
from sealift.errors import CallError
from sealift.logins import Address, Credentials, Login

HERE = Address("127.0.0.1", 1433, "ERP")


class Script:
    """A connection that answers a query by what it contains, and notes every statement."""

    def __init__(self, answers: dict[str, list[tuple[Any, ...]]], refuse: Callable[[str], Exception | None]) -> None:
        self.answers, self.refuse, self.sent = answers, refuse, list[tuple[str, tuple[Any, ...]]]()
        self.closed = False

    @contextmanager
    def cursor(self) -> Iterator["Script"]:
        yield self

    def execute(self, statement: str, params: Any = ()) -> Iterator[tuple[Any, ...]]:
        if error := self.refuse(statement):
            raise error
        self.sent.append((" ".join(statement.split()), tuple(params or ())))
        self._rows = next((rows for words, rows in self.answers.items() if words in statement), [])
        return iter(self._rows)

    def fetchall(self) -> list[tuple[Any, ...]]:
        return self._rows

    def close(self) -> None:
        self.closed = True

    def statements(self) -> list[str]:
        """Return what was sent that changes something."""
        return [s for s, _ in self.sent if not s.startswith("SELECT")]


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[Login, Script]]:
    """Log in to an engine by a driver that only notes."""

    def login(
        engine: str, answers: dict[str, list[tuple[Any, ...]]], refuse: Any = lambda s: None
    ) -> tuple[Login, Script]:
        script = Script(answers, refuse)
        for library, errors in (("pytds", ("LoginError", "OperationalError")), ("oracledb", ("OperationalError",))):
            module = ModuleType(library)
            module.Error = type("Error", (Exception,), {})  # type: ignore[attr-defined]
            for name in errors:
                setattr(module, name, type(name, (module.Error,), {}))  # type: ignore[attr-defined]
            module.connect = lambda **about: script  # type: ignore[attr-defined]
            module.__spec__ = type("Spec", (), {"name": library})()  # type: ignore[assignment]
            monkeypatch.setitem(sys.modules, library, module)
        monkeypatch.delitem(sys.modules, f"sealift.logins.{logins.driver_of(engine).module}", raising=False)
        return logins.connect(engine, HERE, Credentials("admin", "x")), script

    return login


def test_sql_servers_databases_are_read_only_and_writable_again(scripted: Callable[..., Any]) -> None:
    """Only those that can be written to are closed, and just those are opened; a name is quoted."""
    login, script = scripted("sqlserver-se", {"FROM sys.databases": [("shop",), ("odd]name",)]})
    former = login.writes()
    login.close_writes(former)
    login.open_writes(former)
    assert script.statements() == [
        "ALTER DATABASE [shop] SET READ_ONLY WITH ROLLBACK IMMEDIATE",
        "ALTER DATABASE [odd]]name] SET READ_ONLY WITH ROLLBACK IMMEDIATE",
        "ALTER DATABASE [shop] SET READ_WRITE WITH ROLLBACK IMMEDIATE",
        "ALTER DATABASE [odd]]name] SET READ_WRITE WITH ROLLBACK IMMEDIATE",
    ]


def test_the_agents_jobs_that_were_on_are_off_and_on_again(scripted: Callable[..., Any]) -> None:
    """The Agent obeys no parameter group: its jobs are disabled one by one, and only those that were enabled come back."""
    login, script = scripted("sqlserver-se", {"msdb.dbo.sysjobs": [("job-1", "nightly", 1), ("job-2", "hourly", 1)]})
    former = login.schedulers()
    login.stop_schedulers(former)
    login.start_schedulers(former)
    assert [params for s, params in script.sent if "sp_update_job" in s] == [
        ("job-1", 0),
        ("job-2", 0),
        ("job-1", 1),
        ("job-2", 1),
    ]


def test_sql_servers_sessions_are_counted_and_killed(scripted: Callable[..., Any]) -> None:
    """Users' sessions but our own."""
    login, script = scripted("sqlserver-ex", {"SELECT COUNT(*)": [(2,)], "SELECT session_id": [(51,), (52,)]})
    assert (login.sessions(), login.end_sessions()) == (2, 2)
    assert script.statements() == ["KILL 51", "KILL 52"]
    assert all("@@SPID" in s for s, _ in script.sent if s.startswith("SELECT"))


def test_sql_server_is_not_logged_in_to_unencrypted(
    monkeypatch: pytest.MonkeyPatch, scripted: Callable[..., Any]
) -> None:
    """Its driver encrypts only against certificates: without them nothing is sent, and the message says which variable."""
    scripted("sqlserver-se", {})
    with pytest.raises(CallError, match=logins.CA_FILE) as error:
        logins.connect("sqlserver-se", Address("db.example", 1433), Credentials("admin", "x"))
    assert error.value.retry == "refused"


@pytest.mark.parametrize("was", ["ALLOWED", "RESTRICTED"])
def test_oracles_restricted_session_is_as_it_was(scripted: Callable[..., Any], was: str) -> None:
    """RDS's procedure closes it; opening lets in whom it let in before."""
    login, script = scripted("oracle-ee", {"FROM v$instance": [(was,)]})
    former = login.writes()
    login.close_writes(former)
    login.open_writes(former)
    say = "BEGIN rdsadmin.rdsadmin_util.restricted_session(p_enabled => {}); END;"
    assert script.statements() == [say.format("true"), say.format(str(was == "RESTRICTED").lower())]


@pytest.mark.parametrize(("told", "again"), [([], "FALSE"), ([("TRUE",)], "TRUE"), ([(None,)], "FALSE")])
def test_oracles_scheduler_is_set_as_it_was(scripted: Callable[..., Any], told: list[Any], again: str) -> None:
    """The attribute is there only where somebody has set it."""
    login, script = scripted("oracle-se2", {"dba_scheduler_global_attribute": told})
    former = login.schedulers()
    login.stop_schedulers(former)
    login.start_schedulers(former)
    assert [params for s, params in script.sent if "SCHEDULER_DISABLED', :value" in s] == [("TRUE",), (again,)]


def test_oracles_sessions_are_killed_by_rds_procedure(scripted: Callable[..., Any]) -> None:
    """Sid and serial number are bound, not written into the statement."""
    login, script = scripted("oracle-ee", {"SELECT s.sid": [(7, 11)]})
    assert login.end_sessions() == 1
    ((statement, params),) = [(s, p) for s, p in script.sent if "kill" in s]
    assert params == (7, 11)
    assert ":sid" in statement


@pytest.mark.parametrize("engine", ["oracle-ee", "sqlserver-se"])
def test_the_position_is_of_users_alone(scripted: Callable[..., Any], engine: str) -> None:
    """SB-ENG-03: neither an SCN nor what RDS's own database writes."""
    login, script = scripted(engine, {"SELECT": [(42,)]})
    assert login.position().endswith(" 42")
    assert "rdsadmin" in script.sent[-1][0].lower()


@pytest.mark.parametrize(("engine", "library"), [("oracle-ee", "oracledb"), ("sqlserver-se", "pytds")])
@pytest.mark.parametrize(("kind", "retry"), [("OperationalError", "transient"), ("Error", "refused")])
def test_what_the_engine_refuses_is_told_with_its_words(
    scripted: Callable[..., Any], engine: str, library: str, kind: str, retry: str
) -> None:
    """What may pass is tried again; what is refused is not, and says where to read what the login needs."""
    raised: list[str] = []

    def refuse(statement: str) -> Exception | None:
        raised.append(statement)
        error: Exception = getattr(sys.modules[library], kind)("not today")
        return error

    login, _ = scripted(engine, {}, refuse)
    with pytest.raises(CallError, match="not today") as error:
        login.writes()
    assert error.value.retry == retry
    assert raised


class MySqlScript(Script):
    """MySQL 8.0 as RDS has it, whose master user has neither SUPER nor SYSTEM_VARIABLES_ADMIN."""

    open = True

    def __init__(self, refuse: Callable[[str], Exception | None] = lambda s: None) -> None:
        answers: dict[str, list[tuple[Any, ...]]] = {
            "VERSION()": [("8.0.39",)],
            "SHOW GRANTS": [("GRANT SELECT, PROCESS, CREATE USER ON *.* TO `master`@`%` WITH GRANT OPTION",)],
            "SCHEMATA_EXTENSIONS": [("mysql", ""), ("sys", None), ("shop", ""), ("shut", "READ ONLY=1")],
            "ROUTINES": [(1,)],
            "PROCESSLIST": [(7, "app", "Sleep"), (8, "rdsadmin", "Sleep"), (9, "repl", "Binlog Dump GTID")],
            "SHOW GLOBAL STATUS": [
                ("Innodb_rows_inserted", "5"),
                ("Innodb_rows_updated", "2"),
                ("Innodb_rows_deleted", "0"),
            ],
        }
        super().__init__(answers, refuse)

    @contextmanager
    def cursor(self, kind: Any = None) -> Iterator["Script"]:
        yield self


@pytest.fixture
def mysql(monkeypatch: pytest.MonkeyPatch) -> Callable[[MySqlScript], Login]:
    """Log in to a scripted MySQL."""

    def login(script: MySqlScript) -> Login:
        monkeypatch.setattr("pymysql.connect", lambda **about: script)
        return logins.connect("mysql", Address("127.0.0.1", 3306), Credentials("master", "x"))

    return login


def test_a_mysql_whose_switch_may_not_be_set_has_its_schemas_closed(mysql: Callable[[MySqlScript], Login]) -> None:
    """dev.mysql.com, ALTER DATABASE READ ONLY: users' schemas, but those that were closed already, and just those are opened."""
    script = MySqlScript()
    login = mysql(script)
    former = login.writes()
    assert former == {"by": "schemas", "open": ["shop"]}
    login.close_writes(former)
    login.open_writes(former)
    changed = [s for s in script.statements() if s.startswith("ALTER")]
    assert changed == ["ALTER SCHEMA `shop` READ ONLY = 1", "ALTER SCHEMA `shop` READ ONLY = 0"]


def test_who_holds_a_schema_open_is_ended(mysql: Callable[[MySqlScript], Login]) -> None:
    """It waits for transactions that have been in the schema: those are ended, by RDS's procedure, and it is tried again."""
    tries: list[str] = []

    def refuse(statement: str) -> Exception | None:
        if "READ ONLY = 1" not in statement:
            return None
        tries.append(statement)
        return pymysql.err.OperationalError(1205, "Lock wait timeout exceeded") if len(tries) == 1 else None

    script = MySqlScript(refuse)
    login = mysql(script)
    login.close_writes({"by": "schemas", "open": ["shop"]})
    assert [params for s, params in script.sent if "rds_kill" in s and s.startswith("CALL")] == [(7,)]
    assert len(tries) == 2


def test_a_mysqls_own_sessions_and_replicas_are_not_counted(mysql: Callable[[MySqlScript], Login]) -> None:
    """RDS's sessions and what feeds a replica come and go by themselves; rows of system schemas are counted apart."""
    login = mysql(MySqlScript())
    assert login.sessions() == 1
    assert login.position() == "rows 7, tables changed 0 times"
