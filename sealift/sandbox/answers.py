"""The way of one request: faults, throttling, dry run, the sandbox's own operation or moto's, and the log."""

import threading
import time
import traceback
from collections.abc import Callable
from typing import Any

from sealift.clock import WallClock
from sealift.sandbox import ebs_direct, fates, hook, rbin, wellformed, wire
from sealift.sandbox.ec2 import OPERATIONS as EC2
from sealift.sandbox.errors import ApiError, ReplyLost
from sealift.sandbox.faults import Fault
from sealift.sandbox.iam import gate, sessions, simulate
from sealift.sandbox.kms import OPERATIONS as KMS
from sealift.sandbox.rds import AFTER as AFTER_FOR_DATABASES
from sealift.sandbox.rds import OPERATIONS as RDS
from sealift.sandbox.rds import unknown as unknown_to_rds
from sealift.sandbox.services import AFTER as AFTER_FOR_SERVICES
from sealift.sandbox.services import OPERATIONS as SERVICES
from sealift.sandbox.services import objects
from sealift.sandbox.throttle import Throttle
from sealift.sandbox.world import Call, World

Operation = Callable[[World, Call], dict[str, Any] | None]

OPERATIONS: dict[str, Operation] = {
    **EC2,
    **ebs_direct.OPERATIONS,
    **rbin.OPERATIONS,
    **RDS,
    **KMS,
    **SERVICES,
    **sessions.OPERATIONS,
    **simulate.OPERATIONS,
}
"""What the sandbox answers itself. An operation that returns None leaves the answer to moto."""

AFTER: dict[str, list[Callable[[World, Call], None]]] = {}
"""What one service's operation means for another, once it has been done."""
for _table in (AFTER_FOR_DATABASES, AFTER_FOR_SERVICES):
    for _name, _after in _table.items():
        AFTER.setdefault(_name, []).append(_after)


class _Late(threading.local):
    """Seconds by which the answer to this thread's request is late."""

    seconds = 0.0


class Answers:
    """Answers requests on a world's behalf."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._throttle = Throttle(world)
        self.late = _Late()

    def hold(self) -> None:
        """Keep the answer back for as long as a fault says; called when others may go on meanwhile."""
        seconds, self.late.seconds = self.late.seconds, 0.0
        clock: Any = self._world.clock
        if seconds and isinstance(clock, WallClock):
            time.sleep(seconds / clock.speed)
        elif seconds:
            clock.advance(seconds)

    def answer(self, response: Any, moto: Callable[[], wire.Reply]) -> wire.Reply:
        """Answer one request and log it; `ReplyLost` stands for a broken connection."""
        call, wrong = self._parse(response)
        self._world.settle()
        fault = self._world.faults.hit(call.name, call.params)
        outcome, rule, message = "ok", None, None
        if fault:
            call.fault, self.late.seconds = str(fault), fault.slow_s
            call.fate = fates.Struck(self._world, call, fault) if fault.is_fate else None
        try:
            if fault and fault.refuses:
                self._strike(fault)
            if call.name in OPERATIONS or not hook.knows(response):
                wellformed.check(call, wrong)
            self._throttle.draw(call)
            reply, outcome = self._perform(call, moto)
            if outcome == "ok":
                for after in AFTER.get(call.name, ()):
                    after(self._world, call)
            if fault and fault.after:
                self._strike(fault)
        except ApiError as error:
            outcome, rule, message = error.code, error.rule, error.message
            if fault and fault.after:
                raise ReplyLost(fault.operation, fault.timeout) from error
            return wire.failure(response, error)
        except ReplyLost:
            outcome, rule = "lost", "SB-FLT-01"
            raise
        finally:
            self._world.settle()
            self._world.log.append(call.event(outcome, rule, message))
            self._world.tell(call.at)
        return reply

    def answer_object(self, response: Any, kind: str, request: Any, url: str, moto: Callable[[], Any]) -> Any:
        """Answer a request to S3, whose paths and answers are moto's own, and log what a fault has hit (SB-FLT-01)."""
        self._world.settle()
        query, bucket = response._get_querystring(request, url), response.parse_bucket_name_from_url(request, url)
        key = response.parse_key_name() if kind == "KEY" else ""
        call = objects.asked(self._world, response, kind, request.method, query, bucket, key)
        fault = self._world.faults.hit(call.name, call.params)
        outcome, rule, message = "ok", None, None
        if fault:
            call.fault, self.late.seconds = str(fault), fault.slow_s
        try:
            if fault and fault.refuses:
                self._strike(fault)
            objects.admit(self._world, call, kind, request.method, query)
            reply = moto()
            if fault and fault.after:
                self._strike(fault)
        except ApiError as error:
            outcome, rule, message = error.code, error.rule, error.message
            if fault and fault.after:
                raise ReplyLost(fault.operation, fault.timeout) from error
            status, headers, body = wire.failure(response, error)
            return status, headers, "" if request.method == "HEAD" else body
        except ReplyLost:
            outcome, rule = "lost", "SB-FLT-01"
            raise
        finally:
            if fault:
                self._world.log.append(call.event(outcome, rule, message))
        return reply

    def _parse(self, response: Any) -> tuple[Call, Exception | None]:
        service, action = response.boto3_service_name, response._get_action() or "?"
        params, wrong = {}, getattr(response, "unparsed", None)
        try:
            params = wire.params_of(response)
        except Exception as error:  # noqa: BLE001  # the parsers are moto's, and raise anything
            wrong = error
        at = self._world.now()
        key = response.get_access_key()
        return Call(service, action, params, response.current_account, response.region, at, response, by=key), wrong

    def _strike(self, fault: Fault) -> None:
        if fault.after or fault.reset:
            raise ReplyLost(fault.operation, fault.timeout)
        raise ApiError("SB-FLT-01", fault.code, fault.message, fault.status)

    def _perform(self, call: Call, moto: Callable[[], wire.Reply]) -> tuple[wire.Reply, str]:
        if self._world.access.enforcing:
            gate.admit(self._world, call)
        if call.service == "ec2" and call.params.get("DryRun"):
            message = "Request would have succeeded, but DryRun flag is set."
            raise ApiError("SB-API-01", "DryRunOperation", message)
        operation = OPERATIONS.get(call.name) or (unknown_to_rds if call.service == "rds" else None)
        result = operation(self._world, call) if operation else None
        if result is not None:
            return wire.success(call.response, result), "ok"
        return self._leave_to_moto(call, moto)

    def _leave_to_moto(self, call: Call, moto: Callable[[], wire.Reply]) -> tuple[wire.Reply, str]:
        if call.service != "s3" and not hook.knows(call.response):
            message = f"The sandbox does not know {call.name}."
            raise ApiError("SB-API-02", "UnsupportedOperation", message)
        try:
            status, headers, body = moto()
        except NotImplementedError as error:
            raise ApiError("SB-API-02", "UnsupportedOperation", str(error)) from error
        except Exception as error:
            text = "".join(traceback.format_exception_only(error)).strip()
            raise ApiError("SB-API-02", "InternalError", f"moto failed on {call.name}: {text}") from error
        return (status, headers, body), "ok" if status < 400 else _code(str(body), status)


def _code(body: str, status: int) -> str:
    for before, after in (("<Code>", "</Code>"), ('"__type": "', '"'), ('"__type":"', '"')):
        if before in body:
            return body.split(before, 1)[1].split(after, 1)[0]
    return str(status)
