"""`python doomed.py STEP ROW before|after -- ARGUMENTS…`: sealift, in a process that kills itself at one row of its journal.

`before` the row: what it tells of has happened, and the journal does not know. `after` it: the row is on disk, and nothing
that follows it has happened. `-` stands for the rows of the migration itself.
"""

import os
import signal
import sys
from typing import Any

from sealift.cli import main
from sealift.journal import Journal


def doom(step: str, what: str, when: str) -> None:
    """Let this process kill itself at the row."""
    row, note = Journal.row, Journal.note

    def die(*found: str) -> None:
        if found == (step, what, when):
            os.kill(os.getpid(), signal.SIGKILL)

    def doomed_row(self: Journal, migration: str, attempt: int, step: str, what: str, *more: Any, **named: Any) -> int:
        die(step, what, "before")
        number = row(self, migration, attempt, step, what, *more, **named)
        die(step, what, "after")
        return number

    def doomed_note(self: Journal, migration: str, what: str, *more: Any, **named: Any) -> int:
        die("-", what, "before")
        number = note(self, migration, what, *more, **named)
        die("-", what, "after")
        return number

    Journal.row, Journal.note = doomed_row, doomed_note  # type: ignore[method-assign]


if __name__ == "__main__":
    where, rest = sys.argv[1:4], sys.argv[5:]
    doom(*where)
    main(rest, prog_name="sealift")
