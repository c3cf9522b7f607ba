"""The sandbox as a server: any AWS client may talk to it, on time that runs `speed` times as fast as life, that jumps
from one wake-up of its clients to the next, or that is moved by hand.

Every answer says what time it is (`x-sealift-sandbox-now`, Unix seconds) and how fast it runs (`…-speed`, 0 where it does
not pass with life's); where the sandbox holds a clock, also the path at which a client joins it (`…-clock`).
"""

import functools
import logging
import socket
from collections.abc import Callable, Iterable
from typing import Any

from moto.core.base_backend import BackendDict
from moto.core.model_instances import reset_model_data
from moto.core.request import Request
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import BaseWSGIServer, make_server

from sealift.clock import WallClock
from sealift.sandbox import fleets, hook
from sealift.sandbox.admin import Admin
from sealift.sandbox.box import Sandbox
from sealift.sandbox.clockwork import JOIN, Clockwork, Mode
from sealift.sandbox.errors import ReplyLost
from sealift.sandbox.moto_repairs import repaired
from sealift.sandbox.physics.durations import Durations

_INTERNAL = (
    b"<Response><Errors><Error><Code>InternalError</Code><Message>The sandbox failed; see its output.</Message>"
    b"</Error></Errors><RequestID>sandbox</RequestID></Response>"
)

_INTERNAL_JSON = b'{"__type": "InternalFailure", "message": "The sandbox failed; see its output."}'

StartResponse = Callable[..., Any]


@functools.cache
def _moto() -> DomainDispatcherApplication:
    """Return moto's application: slow to make, and it holds nothing of a box."""
    return DomainDispatcherApplication(create_backend_app)


class Front:
    """The WSGI application: admin routes, services moto does not know, moto, and the headers that tell the time."""

    def __init__(self, box: Sandbox, clock: Any, fleet: dict[str, str]) -> None:
        self._clock = clock
        self._admin = Admin(box, clock, fleet)
        self._moto = _moto()

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            return start_response(status, [*headers, *self._time()], *rest)

        try:
            return self._route(environ, start)
        except ReplyLost as lost:
            environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
            raise ConnectionResetError from lost
        except ConnectionError:
            raise
        except Exception:
            logging.getLogger(__name__).exception("A request failed in the sandbox")
            json = "json" in environ.get("CONTENT_TYPE", "")
            start("500 Internal Server Error", [("Content-Type", "application/x-amz-json-1.1" if json else "text/xml")])
            return [_INTERNAL_JSON if json else _INTERNAL]

    def _time(self) -> list[tuple[str, str]]:
        now, speed = self._clock.now(), getattr(self._clock, "speed", 0.0)
        held = [("x-sealift-sandbox-clock", JOIN)] if isinstance(self._clock, Clockwork) else []
        return [("x-sealift-sandbox-now", repr(now)), ("x-sealift-sandbox-speed", f"{speed:g}"), *held]

    def _route(self, environ: dict[str, Any], start: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] == JOIN and isinstance(self._clock, Clockwork):
            self._clock.converse(environ["werkzeug.socket"])
            raise ConnectionResetError  # the connection has had its use: there is no answer to write
        if f"{environ['PATH_INFO']}/".startswith("/_sandbox/"):
            return self._admin(environ, start)
        scope = environ.get("HTTP_AUTHORIZATION", "").partition("Credential=")[2].split("/")
        if len(scope) > 3 and scope[3] in hook.UNKNOWN_TO_MOTO:
            status, headers, body = hook.bare(scope[3], Request(environ))
            start(f"{status} sandbox", [(k, str(v)) for k, v in headers.items()])
            return [body.encode() if isinstance(body, str) else body]
        return self._moto(environ, start)  # type: ignore[no-any-return]  # moto is untyped


def place(host: str, port: int) -> str:
    """Return host and port as a URL has them: an IPv6 address stands in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class _Quiet(MotoRequestHandler):  # type: ignore[misc]  # moto is untyped
    def log_request(self, *args: Any) -> None:
        """Say nothing: the box has a log of its own."""


class Server:
    """A listening sandbox; `serve_forever` blocks until `shutdown` is called from elsewhere."""

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        speed: float = 1.0,
        fleet: str | int = "demo",
        seed: int = 0,
        durations: Durations | None = None,
        iam: bool = False,
        mode: Mode = "scaled",
    ) -> None:
        self.clock = _scaled(speed) if mode == "scaled" else Clockwork(mode)
        self.box = Sandbox(self.clock, seed, durations, iam=iam)
        self._fleet = fleet
        self._address = (host, port)
        self._wsgi: BaseWSGIServer | None = None

    def serve_forever(self, ready: Callable[[str], None]) -> None:
        """Seed the fleet, listen, call `ready` with the endpoint URL, and serve."""
        world = self.box.world
        BackendDict.reset()
        with repaired(world.now, world.seed), hook.answering(self.box.answers):
            front = Front(self.box, self.clock, fleets.seed(self.box, self._fleet))
            self._wsgi = make_server(*self._address, front, threaded=True, request_handler=_Quiet)
            host, port = self._wsgi.server_address[:2]
            ready(f"http://{place(str(host), port)}")
            try:
                self._wsgi.serve_forever()
            finally:
                self._wsgi.server_close()
                self.clock.close()
                BackendDict.reset()
                reset_model_data()

    def shutdown(self) -> None:
        """Make `serve_forever` return."""
        if self._wsgi:
            self._wsgi.shutdown()


def _scaled(speed: float) -> WallClock:
    clock = WallClock()
    clock.follow(clock.now(), speed)
    return clock


def serve(  # the command line hands on its options in this order
    host: str = "127.0.0.1",
    port: int = 0,
    speed: float = 1.0,
    fleet: str | int = "demo",
    seed: int = 0,
    ready: Callable[[str], None] = print,
    durations: Durations | None = None,
    *,
    iam: bool = False,
    mode: Mode = "scaled",
) -> None:
    """Serve a sandbox until interrupted. `ready` is called with the endpoint URL once it listens."""
    server = Server(host, port, speed=speed, fleet=fleet, seed=seed, durations=durations, iam=iam, mode=mode)
    server.serve_forever(ready)
