"""Oracle, by python-oracledb in its thin mode. *Not run against an engine*: only what is sent is under test.

Writes are closed by a restricted session (RDS user guide, "Performing common system tasks for Oracle": rdsadmin_util): new
sessions get in no more, so that those that are there are ended. It is gone with a reboot; the scheduler's switch is in the
data. The password is never sent in clear; the thin mode does not encrypt the rest but by TCPS.
"""

from collections.abc import Sequence
from typing import Any

import oracledb

from sealift.errors import CallError
from sealift.logins import PATIENCE, Address, Credentials, Former, failed

_SESSIONS = """
    FROM v$session s JOIN dba_users u ON u.username = s.username
    WHERE s.type = 'USER' AND u.oracle_maintained = 'N' AND s.username NOT IN ('RDSADMIN', 'RDS_DATAGUARD')
      AND s.sid <> SYS_CONTEXT('USERENV', 'SID')"""


def connect(engine: str, address: Address, credentials: Credentials) -> "Oracle":
    """Log in to an instance; `address.database` is its service.

    Raises:
        CallError: it does not answer, or lets nobody in.

    """
    try:
        connection = oracledb.connect(
            user=credentials.username,
            password=credentials.password,
            host=address.host,
            port=address.port,
            service_name=address.database or "ORCL",
            tcp_connect_timeout=PATIENCE,
        )
        connection.call_timeout = 6 * PATIENCE * 1000  # ms
        connection.autocommit = True
    except oracledb.Error as error:
        refused = any(code in str(error) for code in ("ORA-01017", "ORA-28000", "ORA-12514", "ORA-01045"))
        raise failed(engine, address, "no login", error, passes=not refused) from None
    return Oracle(engine, address, connection)


class Oracle:
    """An open login."""

    def __init__(self, engine: str, address: Address, connection: Any) -> None:
        self._engine, self._address, self._connection = engine, address, connection

    def writes(self) -> Former:
        """Return whether everybody may log in."""
        return {"logins": str(self._ask("SELECT logins FROM v$instance")[0][0])}

    def close_writes(self, former: Former) -> None:
        """Let nobody in any more but those with RESTRICTED SESSION."""
        self._restrict(on=True)

    def open_writes(self, former: Former) -> None:
        """Let everybody in again, where everybody was."""
        self._restrict(on=former["logins"] == "RESTRICTED")

    def schedulers(self) -> Former:
        """Return whether DBMS_SCHEDULER runs jobs: the attribute is there only while it does not."""
        rows = self._ask("SELECT value FROM dba_scheduler_global_attribute WHERE attribute_name = 'SCHEDULER_DISABLED'")
        return {"disabled": str(rows[0][0] or "FALSE") if rows else "FALSE"}

    def stop_schedulers(self, former: Former) -> None:
        """Turn it off."""
        self._scheduler("TRUE")

    def start_schedulers(self, former: Former) -> None:
        """Set it as it was."""
        self._scheduler(str(former["disabled"]))

    def end_sessions(self) -> int:
        """Kill every other session of a user, by RDS's procedure."""
        others = self._ask(f"SELECT s.sid, s.serial# {_SESSIONS}")
        for sid, serial in others:
            self._run(
                "BEGIN rdsadmin.rdsadmin_util.kill(sid => :sid, serial => :serial, method => 'IMMEDIATE'); END;",
                [sid, serial],
            )
        return len(others)

    def sessions(self) -> int:
        """Count the other sessions of users."""
        return int(self._ask(f"SELECT COUNT(*) {_SESSIONS}")[0][0])

    def position(self) -> str:
        """Return how many blocks of users' segments have changed: the SCN goes on by itself."""
        rows = self._ask(
            "SELECT NVL(SUM(s.value), 0) FROM v$segment_statistics s JOIN dba_users u ON u.username = s.owner"
            " WHERE s.statistic_name = 'db block changes' AND u.oracle_maintained = 'N' AND u.username <> 'RDSADMIN'"
        )
        return f"blocks {int(rows[0][0])}"

    def close(self) -> None:
        """Log out."""
        self._connection.close()

    def _restrict(self, *, on: bool) -> None:
        self._run(f"BEGIN rdsadmin.rdsadmin_util.restricted_session(p_enabled => {str(on).lower()}); END;")

    def _scheduler(self, disabled: str) -> None:
        self._run("BEGIN DBMS_SCHEDULER.SET_SCHEDULER_ATTRIBUTE('SCHEDULER_DISABLED', :value); END;", [disabled])

    def _ask(self, query: str, params: Sequence[Any] = ()) -> list[Any]:
        try:
            with self._connection.cursor() as cursor:
                return list(cursor.execute(query, list(params)))
        except oracledb.Error as error:
            raise self._failed(error) from None

    def _run(self, statement: str, params: Sequence[Any] = ()) -> None:
        try:
            with self._connection.cursor() as cursor:
                cursor.execute(statement, list(params))
        except oracledb.Error as error:
            raise self._failed(error) from None

    def _failed(self, error: Exception) -> CallError:
        passes = isinstance(error, oracledb.OperationalError)
        return failed(self._engine, self._address, "the login could not do its part", error, passes=passes)
