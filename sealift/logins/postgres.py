"""PostgreSQL and Aurora PostgreSQL, by psycopg. The login is RDS's master user, or another with its rights: no superuser.

Read-only is `default_transaction_read_only` of each database: it is for new sessions, so that those that are there are ended
(postgresql.org/docs/current/sql-alterdatabase.html), and it is in the data, so that a restored copy is born with it.
"""

from collections.abc import Sequence
from typing import Any, LiteralString

import psycopg
from psycopg import sql

from sealift.errors import CallError
from sealift.logins import PATIENCE, Address, Credentials, Former, failed, tls

_RDS = ("rdsadmin", "rdsrepladmin", "rdsproxyadmin", "rdswriteforwarduser", "rdstopmgr")
"""Users of RDS's own: their sessions come and go by themselves, and write nothing of a user's."""

_SETTING = "default_transaction_read_only"

# A walsender that feeds a replica writes nothing here; an apply worker is stopped with its subscription.
_SESSIONS: LiteralString = """
    FROM pg_stat_activity
    WHERE backend_type = 'client backend' AND pid <> ALL (%s) AND usename <> ALL (%s)"""

# What an ANALYZE of the engine's own writes is left out; the rest of a catalog changes with a user's DDL.
_WRITTEN: LiteralString = """
    SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0)::text || '/' || (
        SELECT coalesce(sum(last_value), 0)::text FROM pg_sequences)
    FROM pg_stat_all_tables
    WHERE NOT (schemaname = 'pg_catalog' AND relname IN ('pg_statistic', 'pg_statistic_ext_data'))"""


def connect(engine: str, address: Address, credentials: Credentials) -> "Postgres":
    """Log in to an instance, or to a cluster's writer.

    Raises:
        CallError: it does not answer, or lets nobody in.

    """
    return Postgres(engine, address, credentials)


class Postgres:
    """An open login: one connection to each database that it has looked into."""

    def __init__(self, engine: str, address: Address, credentials: Credentials) -> None:
        self._engine, self._address, self._credentials = engine, address, credentials
        self._open: dict[str, psycopg.Connection[Any]] = {}
        self._home = address.database or "postgres"
        self._connection(self._home)

    def writes(self) -> Former:
        """Return each database's own setting; empty where it has none."""
        rows = self._ask(
            f"""SELECT d.datname, coalesce((
                    SELECT split_part(c, '=', 2) FROM pg_db_role_setting s, unnest(s.setconfig) c
                    WHERE s.setdatabase = d.oid AND s.setrole = 0 AND c LIKE '{_SETTING}=%%'), '')
                FROM pg_database d WHERE d.datname = ANY (%s) ORDER BY 1""",
            [self._databases()],
        )
        return {str(name): str(value) for name, value in rows}

    def close_writes(self, former: Former) -> None:
        """Make every database read-only for new sessions."""
        for name in former:
            self._set(name, "on")

    def open_writes(self, former: Former) -> None:
        """Give every database the setting that it had; who came in while it was read-only would stay so, and is ended."""
        for name, value in former.items():
            self._set(name, str(value))
        self.end_sessions()

    def schedulers(self) -> Former:
        """Return the jobs of pg_cron and the subscriptions that are on: those write with nobody connected."""
        cron = self._cron_database()
        jobs = (
            [int(i) for (i,) in self._ask("SELECT jobid FROM cron.job WHERE active ORDER BY 1", at=cron)]
            if cron
            else []
        )
        on = self._ask(
            """SELECT d.datname, s.subname FROM pg_subscription s JOIN pg_database d ON d.oid = s.subdbid
               WHERE s.subenabled ORDER BY 1, 2"""
        )
        return {"cron": jobs, "subscriptions": [f"{database}/{name}" for database, name in on]}

    def stop_schedulers(self, former: Former) -> None:
        """Turn them off."""
        self._turn(former, on=False)

    def start_schedulers(self, former: Former) -> None:
        """Turn them on again."""
        self._turn(former, on=True)

    def end_sessions(self) -> int:
        """Terminate every other client."""
        return len(self._ask(f"SELECT pg_terminate_backend(pid) {_SESSIONS}", [self._pids(), list(_RDS)]))

    def sessions(self) -> int:
        """Count the other clients."""
        return int(self._ask(f"SELECT count(*) {_SESSIONS}", [self._pids(), list(_RDS)])[0][0])

    def position(self) -> str:
        """Return, for each database, how many rows were ever written and where its sequences are."""
        if self._ask("SHOW track_counts")[0][0] != "on":
            raise self._failed("its writes are not counted", Exception("track_counts is off"), passes=False)
        return " ".join(f"{name}:{self._ask(_WRITTEN, at=name)[0][0]}" for name in self._databases())

    def close(self) -> None:
        """Log out everywhere."""
        for connection in self._open.values():
            connection.close()

    def _databases(self) -> list[str]:
        rows = self._ask(
            "SELECT datname FROM pg_database WHERE datallowconn AND NOT datistemplate AND datname <> 'rdsadmin'"
        )
        return sorted(str(name) for (name,) in rows)

    def _cron_database(self) -> str:
        """Return where pg_cron keeps its jobs; empty where it is not loaded, or has no tables."""
        name = str(self._ask("SELECT coalesce(current_setting('cron.database_name', true), '')")[0][0])
        there = name and self._ask("SELECT to_regclass('cron.job') IS NOT NULL", at=name)[0][0]
        return name if there else ""

    def _turn(self, former: Former, *, on: bool) -> None:
        if former["cron"]:  # pg_cron may not be loaded by now: its table obeys all the same
            self._run(
                "UPDATE cron.job SET active = %s WHERE jobid = ANY (%s)", [on, list(former["cron"])], at=self._jobs_at()
            )
        for both in former["subscriptions"]:
            database, name = str(both).split("/", 1)
            verb = sql.SQL("ENABLE" if on else "DISABLE")
            self._run(sql.SQL("ALTER SUBSCRIPTION {} {}").format(sql.Identifier(name), verb), at=database)

    def _jobs_at(self) -> str:
        """Return the database that holds pg_cron's table."""
        for name in self._databases():
            if self._ask("SELECT to_regclass('cron.job') IS NOT NULL", at=name)[0][0]:
                return name
        raise self._failed("pg_cron's jobs are gone", Exception("no database has cron.job"), passes=False)

    def _set(self, database: str, value: str) -> None:
        verb = sql.SQL("SET {} = {}") if value else sql.SQL("RESET {}")
        setting = verb.format(*[sql.Identifier(_SETTING), sql.Literal(value)][: 2 if value else 1])
        self._run(sql.SQL("ALTER DATABASE {} {}").format(sql.Identifier(database), setting))

    def _pids(self) -> list[int]:
        return [c.info.backend_pid for c in self._open.values()]

    def _connection(self, database: str) -> "psycopg.Connection[Any]":
        if database not in self._open:
            guard = tls(self._address)
            try:
                self._open[database] = psycopg.connect(
                    host=self._address.host,
                    port=self._address.port,
                    dbname=database,
                    user=self._credentials.username,
                    password=self._credentials.password,
                    sslmode=("verify-full" if guard.ca else "require") if guard.required else "prefer",
                    sslrootcert=guard.ca or None,
                    connect_timeout=PATIENCE,
                    application_name="sealift",
                    # ours has to write where others may not any more
                    options=f"-c {_SETTING}=off -c lock_timeout={PATIENCE}s -c statement_timeout={3 * PATIENCE}s",
                    autocommit=True,
                )
            except psycopg.OperationalError as error:
                # A refused password or database has no SQLSTATE here: libpq tells of them in words alone.
                passes = not any(w in str(error) for w in ("authentication", "does not exist", "permission", "pg_hba"))
                raise self._failed(f"no login to {database}", error, passes=passes) from None
        return self._open[database]

    def _ask(self, query: Any, params: Sequence[Any] = (), *, at: str = "") -> list[Any]:
        connection = self._connection(at or self._home)
        try:
            return connection.execute(query, params or None).fetchall()
        except psycopg.Error as error:
            raise self._refused(error) from None

    def _run(self, statement: Any, params: Sequence[Any] = (), *, at: str = "") -> None:
        try:
            self._connection(at or self._home).execute(statement, params or None)
        except psycopg.Error as error:
            raise self._refused(error) from None

    def _refused(self, error: psycopg.Error) -> CallError:
        passes = isinstance(error, psycopg.OperationalError) and not isinstance(
            error, psycopg.errors.InsufficientPrivilege
        )
        return self._failed(f"the login {self._credentials.username} could not do its part", error, passes=passes)

    def _failed(self, what: str, error: Exception, *, passes: bool) -> CallError:
        return failed(self._engine, self._address, what, error, passes=passes)
