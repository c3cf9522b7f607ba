"""What tests and people may ask of a serving sandbox beside AWS: JSON under /_sandbox/."""

import json
import math
from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import Any

from sealift.clock import WallClock
from sealift.sandbox import fleets, hook
from sealift.sandbox.box import Sandbox
from sealift.sandbox.clockwork import JOIN, Clockwork
from sealift.sandbox.errors import ApiError
from sealift.sandbox.faults import Fault
from sealift.sandbox.seeding import VolumeSpec

Body = dict[str, Any]


class Admin:
    """Routes by method and path; every answer is JSON, a refusal carries `error`."""

    def __init__(self, box: Sandbox, clock: Any, fleet: dict[str, str]) -> None:
        self._box, self._clock, self._fleet = box, clock, fleet
        self._routes: dict[str, Callable[[Body], Any]] = {
            "GET /clock": lambda _: self._time(),
            "POST /clock": self._set_clock,
            "GET /fleet": lambda _: self._fleet,
            "POST /fleet": self._add_fleet,
            "GET /losses": lambda _: [asdict(x) for x in box.losses()],
            "GET /brownouts": lambda _: [asdict(x) for x in box.brownouts()],
            "GET /db-losses": lambda _: [asdict(x) for x in box.db_losses()],
            "GET /double-runs": lambda _: [asdict(x) for x in box.double_runs()],
            "POST /db-instances": lambda body: {"instance": box.add_db_instance(**body)},
            "POST /db-replicas": lambda body: {"instance": box.add_db_replica(**body)},
            "POST /db-clusters": lambda body: {"cluster": box.add_db_cluster(**body)},
            "GET /log": lambda _: [asdict(x) for x in list(box.log)],
            "GET /charges": lambda _: [asdict(x) for x in list(box.charges)],
            "GET /faults": lambda _: [asdict(x) for x in box.faults.all],
            "POST /faults": lambda body: box.faults.add(Fault(**body)),
            "DELETE /faults": lambda _: box.faults.clear(),
            "GET /volumes": self._contents,
            "POST /instances": self._add_instance,
            "POST /instances/start": lambda body: box.start_by_hand(body["instance"]),
            "POST /instances/stop": lambda body: box.stop_by_hand(body["instance"]),
            "POST /keys": lambda body: {"arn": box.add_key(**body)},
            "POST /enforce": lambda _: box.enforce(),
            "POST /users": lambda body: box.people.user(body["name"], *body.get("policies", []), **_account(body)),
            "POST /roles": lambda body: {"arn": box.people.role(body.pop("name"), *body.pop("policies", []), **body)},
            "POST /sessions": lambda body: box.people.session(**body),
            "POST /roots": lambda body: box.people.root(**_account(body)),
            "POST /keys/disable": lambda body: box.disable_key(body["arn"]),
            "POST /keys/enable": lambda body: box.enable_key(body["arn"]),
            "POST /keys/schedule-deletion": lambda body: box.schedule_key_deletion(body["arn"]),
        }

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        status, answer = self._answer(environ)
        start(status, [("Content-Type", "application/json")])
        return [json.dumps(answer, default=str).encode()]

    def _answer(self, environ: dict[str, Any]) -> tuple[str, Any]:
        name = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO'].removeprefix('/_sandbox')}"
        if name not in self._routes:
            return "404 Not Found", {"error": f"no route {name}", "routes": sorted(self._routes)}
        try:
            with hook.LOCK:
                answer = self._routes[name](self._body(environ))
        except (ApiError, KeyError, TypeError, ValueError) as error:
            return "400 Bad Request", {"error": f"{type(error).__name__}: {error}"}
        return "200 OK", {"ok": True} if answer is None else answer

    def _body(self, environ: dict[str, Any]) -> Body:
        text = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        return dict(json.loads(text)) if text else {}

    def _time(self) -> Body:
        clock = self._clock
        if isinstance(clock, Clockwork):
            held = {"mode": clock.mode, "join": JOIN, "clients": clock.clients, "awake": clock.awake}
        else:
            held = {"mode": "scaled" if isinstance(clock, WallClock) else "manual"}
        return {"now": clock.now(), "speed": getattr(clock, "speed", 0.0), **held}

    def _set_clock(self, body: Body) -> Body:
        """Jump forward by `advance` seconds; on a scaled clock also change `speed`."""
        seconds, clock = max(0.0, _finite(body.get("advance", 0))), self._clock
        if isinstance(clock, WallClock):
            speed = _finite(body.get("speed", clock.speed))
            if speed <= 0:
                raise ValueError(f"{speed:g} is no speed; a clock that stands still is `sandbox serve --clock manual`")
            clock.follow(clock.now() + seconds, speed)
        elif "speed" in body:
            raise ValueError("only a scaled clock has a speed")
        else:
            clock.advance(seconds)
        return self._time()

    def _add_fleet(self, body: Body) -> Body:
        added = fleets.seed(self._box, body.get("fleet", "demo"))
        self._fleet.update(added)
        return dict(added)

    def _add_instance(self, body: Body) -> Body:
        volumes = [VolumeSpec(**v) for v in body.pop("volumes", [])]
        return {"instance": self._box.add_instance(**body, volumes=volumes)}

    def _contents(self, body: Body) -> Body:
        return {volume: dict(self._box.contents(volume).streams) for volume in body.get("volumes", [])}


def _finite(value: Any) -> float:
    if not math.isfinite(number := float(value)):
        raise ValueError(f"{value} is no number of seconds")
    return number


def _account(body: Body) -> dict[str, str]:
    return {"account": body["account"]} if "account" in body else {}
