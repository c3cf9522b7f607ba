"""SQL Server, by python-tds. *Not run against an engine*: only what is sent is under test.

Databases are set READ_ONLY, which ends the sessions in them and is in the data, so that a restored copy is born with it
(learn.microsoft.com "ALTER DATABASE SET options"). The Agent obeys no parameter group: its jobs are disabled one by one.
"""

from collections.abc import Sequence
from typing import Any

import pytds

from sealift.errors import CallError
from sealift.logins import CA_FILE, PATIENCE, Address, Credentials, Former, failed, tls

_USERS = "database_id > 4 AND name <> 'rdsadmin' AND source_database_id IS NULL AND state = 0"
_ALONE = (
    "replica_id IS NULL AND database_id NOT IN"
    " (SELECT database_id FROM sys.database_mirroring WHERE mirroring_guid IS NOT NULL)"
)
_SESSIONS = "FROM sys.dm_exec_sessions WHERE is_user_process = 1 AND session_id <> @@SPID AND login_name <> 'rdsa'"


def connect(engine: str, address: Address, credentials: Credentials) -> "SqlServer":
    """Log in to an instance.

    Raises:
        CallError: it does not answer, or lets nobody in; or no certificates are given to encrypt against.

    """
    guard = tls(address)
    if guard.required and not guard.ca:
        unguarded = Exception(f"its driver encrypts only against certificates: set {CA_FILE}")
        raise failed(engine, address, "no login", unguarded, passes=False)
    about = {"cafile": guard.ca, "validate_host": True} if guard.required else {}
    try:
        connection = pytds.connect(
            dsn=address.host,
            port=address.port,
            database="master",
            user=credentials.username,
            password=credentials.password,
            login_timeout=PATIENCE,
            timeout=6 * PATIENCE,
            autocommit=True,
            **about,
        )
    except pytds.LoginError as error:
        raise failed(engine, address, "no login", error, passes=False) from None
    except (pytds.Error, OSError) as error:
        raise failed(engine, address, "no login", error, passes=True) from None
    return SqlServer(engine, address, connection)


class SqlServer:
    """An open login."""

    def __init__(self, engine: str, address: Address, connection: Any) -> None:
        self._engine, self._address, self._connection = engine, address, connection

    def writes(self) -> Former:
        """Return the users' databases that can be written to, and set read-only: none that is mirrored is (error 1468)."""
        rows = self._ask(
            f"SELECT name FROM sys.databases WHERE {_USERS} AND is_read_only = 0 AND {_ALONE} ORDER BY name"
        )
        return {"open": [str(name) for (name,) in rows]}

    def close_writes(self, former: Former) -> None:
        """Make them read-only; who is in one is put out."""
        for name in former["open"]:
            self._run(f"ALTER DATABASE {_quoted(name)} SET READ_ONLY WITH ROLLBACK IMMEDIATE")

    def open_writes(self, former: Former) -> None:
        """Let them be written to again."""
        for name in former["open"]:
            self._run(f"ALTER DATABASE {_quoted(name)} SET READ_WRITE WITH ROLLBACK IMMEDIATE")

    def schedulers(self) -> Former:
        """Return the Agent's jobs that are enabled, without RDS's own.

        A job of another owner is changed by a member of SQLAgentOperatorRole alone (learn.microsoft.com, "SQL Server Agent
        fixed database roles"): where one is enabled, and this login is no member, it says so before anything is closed.

        Raises:
            CallError: a job could not be disabled.

        """
        rows = self._ask(
            "SELECT CONVERT(varchar(36), job_id), name, CASE WHEN owner_sid = SUSER_SID() THEN 1 ELSE 0 END"
            " FROM msdb.dbo.sysjobs WHERE enabled = 1 AND SUSER_SNAME(owner_sid) <> 'rdsa' ORDER BY 1"
        )
        others = [str(name) for _, name, own in rows if not own]
        if others and not self._operates():
            shown = Exception(f"{len(others)} job(s) of other owners are enabled: {', '.join(others[:3])}")
            raise failed(self._engine, self._address, "the login may not disable them", shown, passes=False)
        return {"jobs": [str(job) for job, _, _ in rows]}

    def _operates(self) -> bool:
        return bool(
            self._ask(
                "SELECT COUNT(*) FROM msdb.sys.database_role_members m"
                " JOIN msdb.sys.database_principals r ON r.principal_id = m.role_principal_id"
                " JOIN msdb.sys.database_principals u ON u.principal_id = m.member_principal_id"
                " WHERE r.name = 'SQLAgentOperatorRole' AND u.sid = SUSER_SID()"
            )[0][0]
        )

    def stop_schedulers(self, former: Former) -> None:
        """Disable them."""
        self._turn(former, on=False)

    def start_schedulers(self, former: Former) -> None:
        """Enable them again."""
        self._turn(former, on=True)

    def end_sessions(self) -> int:
        """Kill every other session of a user."""
        others = [int(number) for (number,) in self._ask(f"SELECT session_id {_SESSIONS}")]
        for number in others:
            self._run(f"KILL {number}")
        return len(others)

    def sessions(self) -> int:
        """Count the other sessions of users."""
        return int(self._ask(f"SELECT COUNT(*) {_SESSIONS}")[0][0])

    def position(self) -> str:
        """Return how many bytes the logs of users' databases have taken: RDS writes to its own database alone."""
        rows = self._ask(
            "SELECT COALESCE(SUM(s.num_of_bytes_written), 0) FROM sys.dm_io_virtual_file_stats(NULL, NULL) s"
            " JOIN sys.master_files f ON f.database_id = s.database_id AND f.file_id = s.file_id AND f.type = 1"
            f" WHERE s.database_id IN (SELECT database_id FROM sys.databases WHERE {_USERS})"
        )
        return f"log bytes {int(rows[0][0])}"

    def close(self) -> None:
        """Log out."""
        self._connection.close()

    def _turn(self, former: Former, *, on: bool) -> None:
        for job in former["jobs"]:
            self._run("EXEC msdb.dbo.sp_update_job @job_id = %s, @enabled = %s", [job, int(on)])

    def _ask(self, query: str, params: Sequence[Any] = ()) -> list[Any]:
        try:
            with self._connection.cursor() as cursor:
                cursor.execute(query, tuple(params))
                return list(cursor.fetchall())
        except pytds.Error as error:
            raise self._failed(error) from None

    def _run(self, statement: str, params: Sequence[Any] = ()) -> None:
        try:
            with self._connection.cursor() as cursor:
                cursor.execute(statement, tuple(params))
        except pytds.Error as error:
            raise self._failed(error) from None

    def _failed(self, error: Exception) -> CallError:
        passes = isinstance(error, pytds.OperationalError)
        return failed(self._engine, self._address, "the login could not do its part", error, passes=passes)


def _quoted(name: str) -> str:
    return "[" + str(name).replace("]", "]]") + "]"
