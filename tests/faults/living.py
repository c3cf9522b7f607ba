"""Going on, in a fork, with drivers that live: they get a copy of the journal, the file is that of the process that forked."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from sealift.journal import Journal
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
