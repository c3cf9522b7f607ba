"""MySQL, MariaDB and Aurora MySQL, by PyMySQL. RDS's master user has no SUPER (RDS user guide, "Master user account privileges").

Where `read_only` may not be set, schemas are made read-only (MySQL 8.0.22), or the other accounts are locked (MariaDB); both
are in the data, so that a restored copy is born with them. Events obey the parameter group where `event_scheduler` may not be
set: changing an event would make the login its definer.
"""

import re
import ssl
from collections.abc import Sequence
from typing import Any

import pymysql
from pymysql.constants import CR, ER

from sealift.errors import CallError
from sealift.logins import PATIENCE, Address, Credentials, Former, failed, tls

_RDS = (
    "rdsadmin", "rdsrepladmin", "rdsproxyadmin", "rdstopmgr", "rds_superuser_role",
    "mysql.sys", "mysql.session", "mysql.infoschema", "mariadb.sys",
)  # fmt: skip
"""Accounts of RDS's and of the engine's own."""

_NOBODY = (*_RDS, "event_scheduler", "system user", "unauthenticated user")
_FEEDS = ("Binlog Dump", "Binlog Dump GTID", "Daemon")
"""What a replica, or the engine itself, is connected for."""

_SYSTEM = ("mysql", "information_schema", "performance_schema", "sys", "innodb", "tmp")

_ROWS = ("Innodb_rows_inserted", "Innodb_rows_updated", "Innodb_rows_deleted")
"""What users' tables have taken: those of system schemas, RDS's heartbeat among them, are counted apart (SB-ENG-03). MariaDB
10.6 and newer have them no more: there tables are asked, by performance_schema or by when each was last written to.
"""

_DDL = (
    "Com_create_table", "Com_drop_table", "Com_alter_table", "Com_rename_table", "Com_truncate", "Com_create_db",
    "Com_drop_db", "Com_create_index", "Com_drop_index", "Com_create_view", "Com_drop_view", "Com_load",
)  # fmt: skip

_NO_RIGHT = (
    ER.SPECIFIC_ACCESS_DENIED_ERROR,
    ER.DBACCESS_DENIED_ERROR,
    ER.TABLEACCESS_DENIED_ERROR,
    ER.ACCESS_DENIED_ERROR,
)
_GONE = ER.NO_SUCH_THREAD
_PASSES = (
    CR.CR_CONN_HOST_ERROR, CR.CR_CONNECTION_ERROR, CR.CR_SERVER_GONE_ERROR, CR.CR_SERVER_LOST, ER.CON_COUNT_ERROR,
    ER.SERVER_SHUTDOWN, ER.LOCK_WAIT_TIMEOUT, ER.LOCK_DEADLOCK,
)  # fmt: skip


def connect(engine: str, address: Address, credentials: Credentials) -> "MySql":
    """Log in to an instance, or to a cluster's writer.

    Raises:
        CallError: it does not answer, or lets nobody in.

    """
    return MySql(engine, address, credentials)


class MySql:
    """An open login."""

    def __init__(self, engine: str, address: Address, credentials: Credentials) -> None:
        self._engine, self._address, self._credentials = engine, address, credentials
        try:
            self._connection = pymysql.connect(
                host=address.host,
                port=address.port,
                user=credentials.username,
                password=credentials.password,
                ssl=_guard(address),
                connect_timeout=PATIENCE,
                read_timeout=6 * PATIENCE,
                write_timeout=6 * PATIENCE,
                autocommit=True,
            )
            self._run("SET SESSION lock_wait_timeout = %s", [PATIENCE])
        except pymysql.MySQLError as error:
            raise self._failed("no login", error) from None
        if tls(address).required and not self._ask("SHOW STATUS LIKE 'Ssl_cipher'")[0][1]:
            self.close()
            raise failed(engine, address, "no login", Exception("the server does not encrypt"), passes=False)

    def writes(self) -> Former:
        """Return by which means writes are closed here, and what of it is open now."""
        self._follows_nobody()
        if self._may("SUPER", "READ_ONLY ADMIN", "READ ONLY ADMIN", "SYSTEM_VARIABLES_ADMIN", "ALL PRIVILEGES"):
            return {"by": "read_only", **{name: self._global(name) for name in self._switches()}}
        if not self._is_mariadb and self._version >= (8, 0, 22):
            rows = self._ask("SELECT SCHEMA_NAME, OPTIONS FROM information_schema.SCHEMATA_EXTENSIONS")
            return {
                "by": "schemas",
                "open": sorted(n for n, o in rows if n not in _SYSTEM and "READ ONLY=1" not in (o or "")),
            }
        return {"by": "accounts", "open": self._accounts()}

    def close_writes(self, former: Former) -> None:
        """Close them; what holds a lock is ended, so that a schema can be closed."""
        match former["by"]:
            case "read_only":
                for name in self._switches():
                    self._run(f"SET GLOBAL {name} = ON")
            case "schemas":
                for name in former["open"]:
                    self._close_schema(str(name))
            case _:
                for account in former["open"]:
                    self._run(f"ALTER USER {account} ACCOUNT LOCK")

    def open_writes(self, former: Former) -> None:
        """Open exactly what was open."""
        match former["by"]:
            case "read_only":
                for name in reversed(self._switches()):  # super_read_only on turns read_only on
                    self._run(f"SET GLOBAL {name} = %s", [former[name]])
            case "schemas":
                for name in former["open"]:
                    self._run(f"ALTER SCHEMA {_quoted(str(name))} READ ONLY = 0")
            case _:
                for account in former["open"]:
                    self._run(f"ALTER USER {account} ACCOUNT UNLOCK")

    def schedulers(self) -> Former:
        """Return the scheduler of events, where this login may turn it off; else the parameter group does."""
        if not self._may("SUPER", "SYSTEM_VARIABLES_ADMIN", "ALL PRIVILEGES"):
            return {"by": "parameters"}
        return {"by": "event_scheduler", "event_scheduler": self._global("event_scheduler")}

    def stop_schedulers(self, former: Former) -> None:
        """Turn it off."""
        if former["by"] == "event_scheduler" and former["event_scheduler"] == "ON":
            self._run("SET GLOBAL event_scheduler = OFF")

    def start_schedulers(self, former: Former) -> None:
        """Turn it on again, where it was on."""
        if former["by"] == "event_scheduler" and former["event_scheduler"] == "ON":
            self._run("SET GLOBAL event_scheduler = ON")

    def end_sessions(self) -> int:
        """Kill every other client, by RDS's procedure where there is one."""
        routines = "SELECT COUNT(*) FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = 'mysql' AND ROUTINE_NAME = 'rds_kill'"
        kill = "CALL mysql.rds_kill(%s)" if self._ask(routines)[0][0] else "KILL %s"
        ended = 0
        for number in self._others():
            try:
                with self._connection.cursor() as cursor:
                    cursor.execute(kill, [number])
                ended += 1
            except pymysql.MySQLError as error:
                if _code(error) != _GONE:
                    raise self._failed("a session could not be ended", error) from None
        return ended

    def sessions(self) -> int:
        """Count the other clients."""
        return len(self._others())

    def position(self) -> str:
        """Return how far users' tables were written to, by what this engine counts, and how often tables were changed."""
        names = ", ".join(f"'{n}'" for n in (*_ROWS, *_DDL))
        told = {str(k): int(v) for k, v in self._ask(f"SHOW GLOBAL STATUS WHERE Variable_name IN ({names})")}
        changed = f"tables changed {sum(told.get(n, 0) for n in _DDL)} times"
        if all(n in told for n in _ROWS):
            return f"rows {sum(told[n] for n in _ROWS)}, {changed}"
        users = ", ".join(f"'{n}'" for n in _SYSTEM)
        if self._global("performance_schema") == "ON":
            table = "performance_schema.table_io_waits_summary_by_table"
            query = f"SELECT COALESCE(SUM(COUNT_WRITE), 0) FROM {table} WHERE OBJECT_SCHEMA NOT IN ({users})"
            return f"rows {int(self._ask(query)[0][0])}, {changed}"
        query = f"SELECT COUNT(*), MAX(UPDATE_TIME) FROM information_schema.TABLES WHERE TABLE_SCHEMA NOT IN ({users})"
        ((tables, last),) = self._ask(query)
        return f"{tables} tables, last written {last or 'before the last start'}, {changed}"

    def close(self) -> None:
        """Log out."""
        if self._connection.open:
            self._connection.close()

    # -- what is there

    @property
    def _told(self) -> str:
        return str(self._ask("SELECT VERSION()")[0][0])

    @property
    def _is_mariadb(self) -> bool:
        return "mariadb" in self._told.lower()

    @property
    def _version(self) -> tuple[int, ...]:
        return tuple(int(n) for n in re.findall(r"\d+", self._told)[:3])

    def _switches(self) -> tuple[str, ...]:
        return ("read_only",) if self._is_mariadb else ("read_only", "super_read_only")

    def _global(self, name: str) -> str:
        """Return a switch as ON or OFF."""
        value = str(self._ask(f"SHOW GLOBAL VARIABLES LIKE '{name}'")[0][1])
        return {"1": "ON", "0": "OFF"}.get(value, value)

    def _may(self, *rights: str) -> bool:
        """Tell whether this login has one of these rights on everything."""
        for (grant,) in self._ask("SHOW GRANTS"):
            head, _, place = str(grant).partition(" ON ")
            given = {g.strip().upper() for g in head.upper().removeprefix("GRANT ").split(",")}
            if place.startswith("*.*") and given & set(rights):
                return True
        return False

    def _follows_nobody(self) -> None:
        """See that no external primary writes here: no fence inside the engine stops its applier."""
        verb = "SHOW SLAVE STATUS" if self._is_mariadb or self._version < (8, 0, 22) else "SHOW REPLICA STATUS"
        try:
            with self._connection.cursor(pymysql.cursors.DictCursor) as cursor:
                cursor.execute(verb)
                rows = cursor.fetchall()
        except pymysql.MySQLError as error:
            if _code(error) in _NO_RIGHT:
                return  # what it writes moves the position all the same
            raise self._failed("whether it replicates could not be read", error) from None
        for row in rows:
            running = row.get("Replica_IO_Running") or row.get("Slave_IO_Running")
            host = row.get("Source_Host") or row.get("Master_Host")
            if running != "No":
                raise failed(
                    self._engine,
                    self._address,
                    "it is a replica of an external primary",
                    Exception(f"it reads from {host}; end that first: CALL mysql.rds_stop_replication"),
                    passes=False,
                )

    def _accounts(self) -> list[str]:
        """Return the accounts that can log in, but this one and RDS's own, as statements spell them."""
        (mine,) = self._ask("SELECT CURRENT_USER()")[0]
        if self._is_mariadb:
            rows = self._ask(
                """SELECT User, Host FROM mysql.global_priv
                   WHERE NOT COALESCE(JSON_VALUE(Priv, '$.account_locked'), 0)
                     AND NOT COALESCE(JSON_VALUE(Priv, '$.is_role'), 0)"""
            )
        else:
            rows = self._ask("SELECT User, Host FROM mysql.user WHERE account_locked = 'N'")
        found = [(str(u), str(h)) for u, h in rows if u not in _RDS and f"{u}@{h}" != mine]
        return sorted(f"{self._connection.escape(u)}@{self._connection.escape(h)}" for u, h in found)

    def _others(self) -> list[int]:
        rows = self._ask("SELECT ID, USER, COMMAND FROM information_schema.PROCESSLIST WHERE ID <> CONNECTION_ID()")
        return [int(i) for i, user, command in rows if user not in _NOBODY and command not in _FEEDS]

    # -- how it is asked

    def _close_schema(self, name: str) -> None:
        """Make a schema read-only; it waits for transactions that have been in it, and those are ended."""
        statement = f"ALTER SCHEMA {_quoted(name)} READ ONLY = 1"
        try:
            with self._connection.cursor() as cursor:
                cursor.execute(statement)
        except pymysql.MySQLError as error:
            if _code(error) != ER.LOCK_WAIT_TIMEOUT:
                raise self._failed(f"{name} could not be made read-only", error) from None
            self.end_sessions()
            self._run(statement)

    def _ask(self, query: str, params: Sequence[Any] = ()) -> tuple[Any, ...]:
        try:
            with self._connection.cursor() as cursor:
                cursor.execute(query, params or None)
                return cursor.fetchall()
        except pymysql.MySQLError as error:
            raise self._failed(f"the login {self._credentials.username} could not look", error) from None

    def _run(self, statement: str, params: Sequence[Any] = ()) -> None:
        try:
            with self._connection.cursor() as cursor:
                cursor.execute(statement, params or None)
        except pymysql.MySQLError as error:
            raise self._failed(f"the login {self._credentials.username} could not do its part", error) from None

    def _failed(self, what: str, error: pymysql.MySQLError) -> CallError:
        passes = _code(error) in _PASSES or isinstance(error, pymysql.InterfaceError)
        return failed(self._engine, self._address, what, error, passes=passes)


def _code(error: pymysql.MySQLError) -> int:
    return int(error.args[0]) if error.args and isinstance(error.args[0], int) else 0


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def _guard(address: Address) -> ssl.SSLContext | None:
    guard = tls(address)
    if not guard.required:
        return None
    context = ssl.create_default_context(cafile=guard.ca or None)
    if not guard.ca:  # encrypted, and unchecked: RDS's certificates lead to none that a machine knows by itself
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context
