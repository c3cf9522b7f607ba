"""The server form under test: one listening socket for a whole test run, behind it one box after another."""

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from moto.core.base_backend import BackendDict
from moto.core.model_instances import reset_model_data
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from sealift.sandbox import Sandbox, hook
from sealift.sandbox.moto_repairs import repaired
from sealift.sandbox.server import Front


class Listening:
    """A WSGI server that hands requests to the front of whichever box is open."""

    def __init__(self) -> None:
        self._front: Any = None
        self.server: BaseWSGIServer = make_server("127.0.0.1", 0, self._answer, threaded=True, request_handler=_Quiet)
        self.url = "http://{}:{}".format(*self.server.server_address[:2])

    def _answer(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        return self._front(environ, start_response)  # type: ignore[no-any-return]

    @contextmanager
    def to(self, box: Sandbox) -> Iterator[Sandbox]:
        """Let requests reach `box` until the block ends."""
        BackendDict.reset()
        reset_model_data()
        with repaired(box.world.now, box.world.seed), hook.answering(box.answers):
            self._front = Front(box, box.clock, {})
            yield box
        self._front = None


class _Quiet(WSGIRequestHandler):
    def log_request(self, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def listener() -> Iterator[Listening]:
    """Listen until the block ends."""
    found = Listening()
    thread = threading.Thread(target=found.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield found
    found.server.shutdown()
    thread.join(10)
    found.server.server_close()
