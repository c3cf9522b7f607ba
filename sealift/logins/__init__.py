"""Logins into database engines: the innermost layer of the fence, one interface for every engine.

A driver is imported only when it is used, and is an extra: `pip install "sealift[postgres]"`.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Protocol

from sealift.errors import SealiftError

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
    """An open administrative connection. It blocks: the library runs it where requests run."""

    def close_writes(self) -> Former:
        """Make the engine read-only for everybody; return what was set before."""
        ...

    def stop_schedulers(self) -> Former:
        """Turn off what the engine runs by itself; return what ran before, and what could not be ruled out."""
        ...

    def end_sessions(self) -> int:
        """End every other session of a user; return how many."""
        ...

    def sessions(self) -> int:
        """Return how many other sessions of users there are."""
        ...

    def position(self) -> str:
        """Return the write position: it moves with every write, and stands still without one."""
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

MODULES: Mapping[str, tuple[str, str]] = {
    "postgres": ("postgres", "postgres"),
    "aurora-postgresql": ("postgres", "postgres"),
    "mysql": ("mysql", "mysql"),
    "mariadb": ("mysql", "mysql"),
    "aurora-mysql": ("mysql", "mysql"),
    "oracle": ("oracle", "oracle"),
    "sqlserver": ("sqlserver", "sqlserver"),
}
"""Engine, or what it begins with: the module here, and the extra that brings its driver."""


def check(engine: str) -> None:
    """See, before anything is planned, that this version can log in to an engine.

    Raises:
        SealiftError: it cannot.

    """
    module, _ = _module(engine)
    if find_spec(f"sealift.logins.{module}") is None:
        raise SealiftError(
            f"this version cannot log in to {engine} yet",
            remedy="Leave --fence-login out, and acknowledge what it would prove (R-FENCE-01).",
        )


def _module(engine: str) -> tuple[str, str]:
    name = engine if engine in MODULES else engine.split("-", 1)[0]
    if name not in MODULES:
        raise SealiftError(
            f"there is no login for {engine}", remedy="Leave --fence-login out, and acknowledge what it would prove."
        )
    return MODULES[name]


def connect(engine: str, address: Address, credentials: Credentials) -> Login:
    """Log in.

    Raises:
        SealiftError: no driver for the engine, the driver is not installed, or the engine lets nobody in.

    """
    check(engine)
    module, extra = _module(engine)
    try:
        login: Login = import_module(f"sealift.logins.{module}").connect(engine, address, credentials)
    except ImportError as error:
        raise SealiftError(
            f"the driver for {engine} is not installed: {error}", remedy=f'Run: pip install "sealift[{extra}]"'
        ) from None
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
