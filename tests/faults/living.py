"""Going on, in a fork, with drivers that live: they get a copy of the journal, the file is that of the process that forked."""

import sqlite3
import traceback
import zlib
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from sealift.journal import Journal
from tests.faults.forking import Broken, Forks
from tests.faults.stage import Stage

_KEPT: list[Any] = []
"""Doors to the journals of other processes: closing one would take the file's locks away from its owner."""


def live_on(stage: Stage, copy: Path, *, host: str = "") -> None:
    """Let every driver, those under way too, read and write a copy of the journal from now on, made before the fork.

    `host`: where those under way are said to run, so that nobody can tell from here whether they live.
    """
    if host:
        with closing(sqlite3.connect(str(copy))) as db:
            db.execute("UPDATE leases SET host = ?", (host,))
            db.commit()
    stage.invariants.checks.clear()  # a fork counts its own looks
    stage.world.settings = replace(stage.world.settings, journal=copy)
    for driver in (stage.world.driver, *(tap.driver for tap in stage.taps)):
        _KEPT.append(driver.journal._engine)
        driver.journal._engine = Journal(driver.clock, copy)._engine


async def in_fork(forks: Forks, forked: list[Any], run: Awaitable[Any]) -> Any:
    """Await a run; a fork in which it raises tells so and ends there, instead of going on as the process that forked."""
    try:
        return await run
    except BaseException:
        if forked:
            forks.tell(Broken(traceback.format_exc(limit=-12)))
        raise


@contextmanager
def telling(forks: Forks) -> Iterator[None]:
    """In a fork: what raises in here is told. The engine keeps what a listener raises to itself, and would go on without it."""
    try:
        yield
    except BaseException:
        forks.tell(Broken(traceback.format_exc(limit=-12)))
        raise


def chosen(share: float, *names: object) -> bool:
    """Tell whether something belongs to a share of all that could be tried: always the same, whatever else is tried."""
    return zlib.crc32("|".join(map(str, names)).encode()) % 10_000 < share * 10_000


async def tell(forks: Forks, ending: Callable[[], Awaitable[Any]]) -> None:
    """Tell what comes of an ending in a fork, and end there."""
    try:
        what: Any = await ending()
    except BaseException:  # noqa: BLE001 - whatever it was, it is told
        what = Broken(traceback.format_exc(limit=-12))
    forks.tell(what)
