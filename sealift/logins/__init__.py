"""Logins into database engines: the innermost layer of the fence, one interface for every engine.

A driver is imported only when it is used, and is an extra: `pip install "sealift[postgres]"`.
"""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Protocol

from sealift.errors import CallError, Retry, SealiftError

Former = Mapping[str, Any]
"""What was set before, as small flat JSON: opening restores exactly that."""


@dataclass(frozen=True)
class Address:
    """Where an engine listens."""

    host: str
    port: int
    database: str = ""


@dataclass(frozen=True)
class Credentials:
    """A user and a password, which is never shown."""

    username: str
    password: str = field(repr=False)


class Login(Protocol):
    """An open administrative connection. It blocks: the library runs it where requests run.

    What is set is noted before anything is closed, and handed back: a driver that dies in between notes nothing wrong.
    """

    def writes(self) -> Former:
        """Return how writes are let in now: what closing changes, and opening restores exactly."""
        ...

    def schedulers(self) -> Former:
        """Return what the engine runs by itself now, as far as a login can turn it off."""
        ...

    def close_writes(self, former: Former) -> None:
        """Make the engine read-only for everybody."""
        ...

    def stop_schedulers(self, former: Former) -> None:
        """Turn off what the engine runs by itself."""
        ...

    def end_sessions(self) -> int:
        """End every other session of a user; return how many."""
        ...

    def sessions(self) -> int:
        """Return how many other sessions of users there are."""
        ...

    def position(self) -> str:
        """Return how far users have written: it moves with every write of theirs, and stands still without one.

        It is no LSN, GTID or SCN: RDS moves those itself, by a heartbeat every five minutes (SB-ENG-03, ADR 10).
        """
        ...

    def open_writes(self, former: Former) -> None:
        """Let writes in again, exactly as it was."""
        ...

    def start_schedulers(self, former: Former) -> None:
        """Turn schedulers on again, exactly those that ran."""
        ...

    def close(self) -> None:
        """Log out."""
        ...


Connect = Callable[[str, Address, Credentials], Login]
"""Logs in to an engine, named as RDS spells it."""


@dataclass(frozen=True)
class Driver:
    """Which module here speaks to an engine, by which library, and the extra that brings that."""

    module: str
    library: str
    extra: str


_POSTGRES, _MYSQL = Driver("postgres", "psycopg", "postgres"), Driver("mysql", "pymysql", "mysql")

DRIVERS: Mapping[str, Driver] = {
    "postgres": _POSTGRES,
    "aurora-postgresql": _POSTGRES,
    "mysql": _MYSQL,
    "mariadb": _MYSQL,
    "aurora-mysql": _MYSQL,
    "oracle": Driver("oracle", "oracledb", "oracle"),
    "sqlserver": Driver("sqlserver", "pytds", "sqlserver"),
}
"""By engine, or by what it begins with."""

CA_FILE = "SEALIFT_FENCE_CA"
"""Environment variable: a file of certificates that a server's must lead to (RDS: `global-bundle.pem`)."""

PATIENCE = 10
"""Seconds that a connection, and a lock inside the engine, are waited for."""


@dataclass(frozen=True)
class Tls:
    """How a connection is guarded: encrypted, and against which certificates it is checked."""

    required: bool
    ca: str


def tls(address: Address) -> Tls:
    """Return how to connect: encrypted always, but to this machine (a tunnel); checked where SEALIFT_FENCE_CA is set."""
    return Tls(address.host not in ("localhost", "127.0.0.1", "::1"), os.environ.get(CA_FILE, ""))


def failed(engine: str, address: Address, what: str, error: Exception, *, passes: bool) -> CallError:
    """Return the error of a login that failed; `passes`: it may succeed when tried again."""
    said = " ".join(str(error).split()) or type(error).__name__
    remedy = "" if passes else "See what the login of --fence-login may do: docs/how-to.md, Databases."
    return CallError(
        f"{what} at {address.host}:{address.port}: {said}",
        operation=f"login:{engine}",
        retry=Retry.TRANSIENT if passes else Retry.REFUSED,
        resource=address.host,
        remedy=remedy or None,
    )


def check(engine: str) -> None:
    """See, before anything is planned, that this machine can log in to an engine.

    Raises:
        SealiftError: it cannot.

    """
    driver = driver_of(engine)
    if find_spec(driver.library) is None:
        raise SealiftError(
            f"the driver for {engine} is not installed: {driver.library}",
            remedy=f'Run: pip install "sealift[{driver.extra}]". Or leave --fence-login out, and acknowledge what it would '
            "prove (R-FENCE-01).",
        )


def driver_of(engine: str) -> Driver:
    """Return the driver for an engine, named as RDS spells it.

    Raises:
        SealiftError: there is none.

    """
    name = engine if engine in DRIVERS else engine.split("-", 1)[0]
    if name not in DRIVERS:
        raise SealiftError(
            f"there is no login for {engine}",
            remedy="Leave --fence-login out, and acknowledge what it would prove (R-FENCE-01).",
        )
    return DRIVERS[name]


def connect(engine: str, address: Address, credentials: Credentials) -> Login:
    """Log in.

    Raises:
        SealiftError: there is no driver for the engine, or it is not installed.
        CallError: the engine does not answer (it may later), or lets nobody in.

    """
    check(engine)
    module = import_module(f"sealift.logins.{driver_of(engine).module}")
    login: Login = module.connect(engine, address, credentials)
    return login


def credentials_of(secret: str) -> Credentials:
    """Return the user and password of a secret's JSON.

    Raises:
        SealiftError: it is none.

    """
    try:
        body = json.loads(secret)
        return Credentials(str(body["username"]), str(body["password"]))
    except (ValueError, KeyError, TypeError):
        raise SealiftError(
            "the secret of --fence-login holds no username and password",
            remedy='It must be JSON: {"username": "…", "password": "…"}.',
        ) from None
