"""Going on from one moment in several ways: each in a fork of the process, which has the whole world in its memory.

A run is walked once; at each of its moments a fork dies and is taken up again, while the run itself goes on untouched.
"""

import asyncio
import gc
import os
import pickle
import select
import selectors
import signal
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

PATIENCE = 300
"""Seconds of life until a fork that does not end is given up; the machine may be busy."""


@dataclass(frozen=True)
class Broken:
    """A fork that did not come to its end: it was killed by a signal, or what it ran raised."""

    why: str


def _own(loop: Any) -> None:
    """Give the event loop of a fork a selector and a pipe of its own: through shared ones it would be woken, and wake, elsewhere."""
    asyncio._set_running_loop(loop)  # which is known by the number of the process too
    loop._kept = (
        loop._selector,
        loop._ssock,
        loop._csock,
    )  # closing them would unregister what the other process waits for
    loop._selector = selectors.DefaultSelector()
    loop._make_self_pipe()


_here: "list[Forks]" = []
"""In a fork: whom it has to tell."""


@contextmanager
def guarded() -> Iterator[None]:
    """In a fork, tell what raises in here to the process that forked, and end; elsewhere it raises.

    Around a whole run, lest a fork goes on as if it were that process, and around what a listener does in a fork: the
    engine keeps to itself what a listener raises, and would go on without it.
    """
    try:
        yield
    except BaseException:
        if _here:
            _here[-1].tell(Broken(traceback.format_exc(limit=-12)))
        raise


class Forks:
    """The forks of one run: at most `at_once` live side by side, and what each has to tell is kept under its name."""

    def __init__(self, at_once: int = 1) -> None:
        self.at_once = at_once
        self.told: dict[Any, Any] = {}
        self._pipes: dict[int, tuple[int, Any, bytearray]] = {}  # by the reading end

    def fork(self, name: Any) -> bool:
        """Split in two, from inside an event loop; True in the fork, which has to end with `tell`."""
        while len(self._pipes) >= self.at_once:
            self._listen()
        loop = asyncio.get_running_loop()
        reading, writing = os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid:
            os.close(writing)
            self._pipes[reading] = (pid, name, bytearray())
            return False
        os.close(reading)
        for other in self._pipes:
            os.close(other)
        self._pipes, self.told = {}, {}
        gc.disable()  # a fork is short, and walking its memory would copy all of it
        _own(loop)
        self._writing = writing
        _here.append(self)
        signal.alarm(PATIENCE)
        return True

    def tell(self, what: Any) -> None:
        """Hand `what` to the process that forked, and end; no handler runs."""
        signal.alarm(0)
        body = pickle.dumps(what)
        with os.fdopen(self._writing, "wb") as out:
            out.write(body)
        os._exit(0)

    def join(self) -> dict[Any, Any]:
        """Wait for all, and return what they told by name."""
        while self._pipes:
            self._listen()
        return self.told

    def _listen(self) -> None:
        ready, _, _ = select.select(list(self._pipes), [], [])
        for reading in ready:
            pid, name, heard = self._pipes[reading]
            if more := os.read(reading, 1 << 20):
                heard += more
                continue
            os.close(reading)
            del self._pipes[reading]
            _, status = os.waitpid(pid, 0)
            ended = f"it ended with status {status}, after {len(heard)} bytes"
            self.told[name] = pickle.loads(bytes(heard)) if heard and status == 0 else Broken(ended)  # noqa: S301
