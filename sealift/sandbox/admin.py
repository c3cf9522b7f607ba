"""What tests and people may ask of a serving sandbox beside AWS: JSON under /_sandbox/."""

import inspect
import json
import math
from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import Any, NoReturn

from sealift.clock import WallClock
from sealift.sandbox import fleets, hook
from sealift.sandbox.box import Sandbox
from sealift.sandbox.clockwork import JOIN, Clockwork
from sealift.sandbox.errors import ApiError
from sealift.sandbox.faults import Fault
from sealift.sandbox.seeding import VolumeSpec

MOST = 100_000
"""Instances that are added at once at most."""


class Body(dict[str, Any]):
    """What was sent, as JSON."""

    def __missing__(self, name: str) -> NoReturn:
        """Say what is wanted."""
        raise ValueError(f"the body lacks {name!r}")


class Admin:
    """Routes by method and path; every answer is JSON, a refusal carries `error`."""

    def __init__(self, box: Sandbox, clock: Any, fleet: dict[str, str]) -> None:
        self._box, self._clock, self._fleet = box, clock, fleet
        self._routes: dict[str, Callable[[Body], Any]] = {
            "GET /": lambda _: {"routes": sorted(self._routes)},
            "GET /clock": lambda _: self._time(),
            "POST /clock": self._set_clock,
            "GET /fleet": lambda _: self._fleet,
            "POST /fleet": self._add_fleet,
            "GET /losses": lambda _: [asdict(x) for x in box.losses()],
            "GET /brownouts": lambda _: [asdict(x) for x in box.brownouts()],
            "GET /db-losses": lambda _: [asdict(x) for x in box.db_losses()],
            "GET /double-runs": lambda _: [asdict(x) for x in box.double_runs()],
            "POST /db-instances": lambda body: {"instance": _made(box.add_db_instance, body)},
            "POST /db-replicas": lambda body: {"instance": _made(box.add_db_replica, body)},
            "POST /db-clusters": lambda body: {"cluster": _made(box.add_db_cluster, body)},
            "GET /log": lambda _: [asdict(x) for x in list(box.log)],
            "GET /charges": lambda _: [asdict(x) for x in list(box.charges)],
            "GET /faults": lambda _: [asdict(x) for x in box.faults.all],
            "POST /faults": lambda body: box.faults.add(_made(Fault, body)),
            "DELETE /faults": lambda _: box.faults.clear(),
            "GET /volumes": self._contents,
            "POST /instances": self._add_instance,
            "POST /instances/start": lambda body: box.start_by_hand(body["instance"]),
            "POST /instances/stop": lambda body: box.stop_by_hand(body["instance"]),
            "POST /keys": lambda body: {"arn": _made(box.add_key, body)},
            "POST /enforce": lambda _: box.enforce(),
            "POST /users": lambda body: box.people.user(body["name"], *body.get("policies", []), **_account(body)),
            "POST /roles": self._add_role,
            "POST /sessions": lambda body: _made(box.people.session, body),
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
        name = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO'].removeprefix('/_sandbox') or '/'}"
        if name not in self._routes:
            return "404 Not Found", {"error": f"no route {name}", "routes": sorted(self._routes)}
        try:
            with hook.LOCK:
                answer = self._routes[name](self._body(environ))
        except (ApiError, ValueError) as error:
            return "400 Bad Request", {"error": str(error)}
        except KeyError as error:
            return "400 Bad Request", {"error": f"there is no {error}"}
        except (TypeError, AttributeError) as error:
            return "400 Bad Request", {"error": f"something in the body is not of the kind that is wanted: {error}"}
        return "200 OK", {"ok": True} if answer is None else answer

    def _body(self, environ: dict[str, Any]) -> Body:
        text = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        try:
            sent = json.loads(text or "{}")
        except ValueError as error:
            raise ValueError(f"the body is not JSON: {error}") from None
        if not isinstance(sent, dict):
            raise ValueError("the body must be a JSON object")  # noqa: TRY004 - it is the client's, not a type of ours
        return Body(sent)

    def _time(self) -> dict[str, Any]:
        clock = self._clock
        if isinstance(clock, Clockwork):
            held = {"mode": clock.mode, "join": JOIN, "clients": clock.clients, "awake": clock.awake}
        else:
            held = {"mode": "scaled" if isinstance(clock, WallClock) else "manual"}
        return {"now": clock.now(), "speed": getattr(clock, "speed", 0.0), **held}

    def _set_clock(self, body: Body) -> dict[str, Any]:
        """Jump forward by `advance` seconds; on a scaled clock also change `speed`."""
        seconds, clock = _finite(body.get("advance", 0)), self._clock
        if seconds < 0:
            raise ValueError(f"time does not go back by {-seconds:g} seconds: `advance` is 0 or more")
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

    def _add_fleet(self, body: Body) -> dict[str, Any]:
        fleet = body.get("fleet", "demo")
        if fleet not in ("demo", "empty") and not (str(fleet).isdecimal() and int(fleet) <= MOST):
            raise ValueError(f"`fleet` is demo, empty or a number of instances up to {MOST}")
        added = fleets.seed(self._box, fleet)
        self._fleet.update(added)
        return dict(added)

    def _add_instance(self, body: Body) -> dict[str, Any]:
        volumes = [_made(VolumeSpec, v) for v in body.pop("volumes", [])]
        return {"instance": _made(self._box.add_instance, {**body, "volumes": volumes})}

    def _add_role(self, body: Body) -> dict[str, Any]:
        policies, role = body.pop("policies", []), self._box.people.role
        _fits(role, body)
        return {"arn": role(body.pop("name"), *policies, **body)}

    def _contents(self, body: Body) -> dict[str, Any]:
        return {volume: dict(self._box.contents(volume).streams) for volume in body.get("volumes", [])}


def _made(make: Callable[..., Any], body: dict[str, Any]) -> Any:
    """Call with what was sent."""
    _fits(make, body)
    return make(**body)


def _fits(make: Callable[..., Any], body: dict[str, Any]) -> None:
    """Say what is too much in the body, and what it lacks."""
    parameters = inspect.signature(make).parameters.values()
    takes = {p.name: p for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)}
    anything = any(p.kind is p.VAR_KEYWORD for p in parameters)
    if not anything and (unknown := [n for n in body if n not in takes]):
        raise ValueError(f"{unknown[0]!r} is not known here; the body may have {', '.join(takes)}")
    if lacking := [n for n, p in takes.items() if p.default is p.empty and n not in body]:
        raise ValueError(f"the body lacks {lacking[0]!r}")


def _finite(value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"{value!r} is not a finite number")
    return number


def _account(body: Body) -> dict[str, str]:
    return {"account": body["account"]} if "account" in body else {}
