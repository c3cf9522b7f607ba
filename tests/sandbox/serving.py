"""A sandbox that serves from a thread of the test's own process, and its admin routes."""

import json
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sealift.sandbox import Durations
from sealift.sandbox.server import Server


@contextmanager
def served(**options: Any) -> Iterator[tuple[str, Server]]:
    """Serve on a free port until the block ends; yield the URL and the server."""
    options.setdefault("durations", Durations.instant())
    server, ready, found = Server(**options), threading.Event(), []

    def note(at: str) -> None:
        found.append(at)
        ready.set()

    thread = threading.Thread(target=server.serve_forever, args=(note,), daemon=True)
    thread.start()
    assert ready.wait(20)
    try:
        yield found[0], server
    finally:
        server.shutdown()
        thread.join(10)


def admin(url: str, path: str, body: dict | None = None, method: str | None = None) -> Any:
    """Ask an admin route; with a body it is told something."""
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(url + "/_sandbox/" + path, data, method=method)  # noqa: S310
    with urllib.request.urlopen(request) as reply:  # noqa: S310
        return json.load(reply)


def until(holds: Callable[[], bool]) -> None:
    """Wait in real time until something holds that happens in another process or thread."""
    ends = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < ends
        time.sleep(0.005)
