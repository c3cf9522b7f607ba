"""The clock that a serving sandbox holds for the processes that are its clients.

A client keeps one connection (an HTTP request that is upgraded), counts its own actors, and says on it, a line each:

    <number> idle <until>     all its actors sleep, the first until then (Unix seconds; `inf`: it has none)
    <number> awake            one of them works after all
    0 there                   is anybody there? It changes nothing

and is answered with `<number> <now>`: `awake` and `there` at once, `idle` when its moment has come. It counts as awake
from the moment that it connects, and from each answer on. A client that dies closes its connection, and its actors vanish with it.
"""

import math
import socket
import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from sealift.clock import EPOCH_OF_TESTS

Mode = Literal["scaled", "discrete", "manual"]
"""How a serving sandbox's time passes: with life's, from wake-up to wake-up, or by hand alone."""

JOIN = "/_sandbox/clock/join"
"""Where a client joins the clock; every answer names it in `x-sealift-sandbox-clock`."""

_UPGRADE = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: sealift-clock\r\n\r\n"


@dataclass(eq=False)
class _Client:
    """One process. `until` is when its first sleeper is due, None while it is awake; `number` asks to be answered."""

    link: socket.socket
    number: int = 0
    until: float | None = None

    def tell(self, now: float, number: int | None = None) -> None:
        with suppress(OSError):  # it is gone: who reads from it finds out
            self.link.sendall(f"{self.number if number is None else number} {now!r}\n".encode())


class Clockwork:
    """Time that stands still until it is moved: `discrete`, by its clients' falling asleep, or `manual`, by hand alone.

    On a discrete clock time jumps to the earliest wake-up when no client is awake, and that client is woken; of several
    that are due at the same moment, the one that joined first. Without a client it stands still.
    """

    speed = 0.0
    """Time does not pass with life's."""

    def __init__(self, mode: Mode, start: float = EPOCH_OF_TESTS) -> None:
        self.mode = mode
        self._now = start
        self._clients: list[_Client] = []
        self._lock = threading.RLock()

    def now(self) -> float:
        """Return seconds since the Unix epoch, UTC."""
        return self._now

    @property
    def clients(self) -> int:
        """How many processes have joined."""
        with self._lock:
            return len(self._clients)

    @property
    def awake(self) -> int:
        """How many of them are not idle: while there is one, a discrete clock stands still."""
        with self._lock:
            return sum(c.until is None for c in self._clients)

    def advance(self, seconds: float) -> None:
        """Let time pass by hand, waking whoever is due on the way; it waits for nobody."""
        with self._lock:
            target = self._now + seconds
            while (first := self._first()) and first.until is not None and first.until <= target:
                self._wake(first, first.until)
            self._now = max(self._now, target)

    def converse(self, link: socket.socket) -> None:
        """Serve one client's connection until it ends."""
        client = _Client(link)
        with suppress(OSError, ValueError):
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                link.sendall(_UPGRADE + f"{self._now!r}\n".encode())
                self._clients.append(client)
            with link.makefile("r", encoding="ascii") as lines:
                for line in lines:
                    self._hear(client, *line.split())
        with self._lock, suppress(ValueError):
            self._clients.remove(client)
            self._move()

    def close(self) -> None:
        """End all connections: nobody holds the time any more."""
        with self._lock:
            for client in self._clients:
                with suppress(OSError):
                    client.link.shutdown(socket.SHUT_RDWR)

    def _hear(self, client: _Client, number: str, word: str, until: str = "") -> None:
        with self._lock:
            if word == "there":
                client.tell(self._now, 0)
                return
            client.number = int(number)
            if word == "awake":
                client.until = None
                client.tell(self._now)
            else:
                client.until = float(until)
                self._move()

    def _move(self) -> None:
        first = self._first()
        if first is None or first.until is None or first.until == math.inf:
            return
        if first.until <= self._now if self.mode == "manual" else self.awake == 0:
            self._wake(first, first.until)

    def _first(self) -> _Client | None:
        idle = [c for c in self._clients if c.until is not None]
        return min(idle, key=lambda c: c.until or 0.0, default=None)

    def _wake(self, client: _Client, at: float) -> None:
        self._now = max(self._now, at)
        client.until = None
        client.tell(self._now)
