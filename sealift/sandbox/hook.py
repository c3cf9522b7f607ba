"""The one hook: every action of every service that moto answers passes `BaseResponse.call_action`, and so through here.

The patch is installed once in a process and does nothing while no sandbox is open. Moto has no locks: one lock is held
round every call, so that a check and its effect are one.
"""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

os.environ.setdefault(
    "MOTO_EC2_LOAD_DEFAULT_AMIS", "false"
)  # 1,300 images that nobody asked for, two seconds a describe

from moto.backup.responses import BackupResponse
from moto.core.botocore_stubber import BotocoreStubber
from moto.core.request import normalize_request
from moto.core.responses import BaseResponse
from moto.core.utils import camelcase_to_underscores
from moto.s3.responses import S3Response

from sealift.sandbox.wire import Reply

LOCK = threading.RLock()
"""Held round every call and every look at the box."""

UNKNOWN_TO_MOTO = ("dlm", "backup", "rbin")
"""Services for which moto has no responder at all, or one that is not told of all of their paths."""


class Answering(Protocol):
    """A sandbox, as the hook sees it."""

    def answer(self, response: Any, moto: Any) -> Reply:
        """Answer one request; `moto()` gives moto's own answer."""
        ...

    def hold(self) -> None:
        """Keep the answer back for as long as a fault says."""
        ...

    def answer_object(self, response: Any, kind: str, request: Any, url: str, moto: Callable[[], Any]) -> Any:
        """Answer a request to S3; `moto()` gives moto's own answer."""
        ...


_open: list[Answering] = []


def _call_action(response: Any) -> Any:
    if not _open:
        return _moto_call_action(response)
    box = _open[-1]
    try:
        with LOCK:
            return box.answer(response, lambda: _moto_call_action(response))
    finally:
        box.hold()


_moto_call_action = BaseResponse.call_action
BaseResponse.call_action = _call_action


def _parse_parameters(response: Any, *args: Any) -> Any:
    """Note what cannot be parsed: it is refused with the request, not raised before there is one."""
    try:
        return _moto_parse_parameters(response, *args)
    except Exception as error:
        if not _open:
            raise
        response.unparsed = error
        return None


_moto_parse_parameters = BaseResponse.parse_parameters
BaseResponse.parse_parameters = _parse_parameters


def _judged(kind: str, moto: Any) -> Any:
    """Let the box answer what S3 is asked; S3's requests do not pass `call_action`."""

    def respond(response: Any, request: Any, url: str) -> Any:
        if not _open:
            return moto(response, request, url)
        box = _open[-1]
        try:
            with LOCK:
                return box.answer_object(response, kind, request, url, lambda: moto(response, request, url))
        finally:
            box.hold()

    return respond


S3Response._bucket_response = _judged("BUCKET", S3Response._bucket_response)
S3Response._key_response = _judged("KEY", S3Response._key_response)


def bare(service: str, request: Any) -> Any:
    """Answer a request for a service that moto has no responder for: all it can do is what the sandbox does."""
    responder = BackupResponse() if service == "backup" else BaseResponse(service_name=service)
    return responder._dispatch(request, request.raw_url, request.headers)


def _process_request(stubber: Any, request: Any) -> Any:
    if _open:
        for service in UNKNOWN_TO_MOTO:
            if request.url.startswith(f"https://{service}."):
                return bare(service, normalize_request(request))
    return _moto_process_request(stubber, request)


_moto_process_request = BotocoreStubber.process_request
BotocoreStubber.process_request = _process_request


@contextmanager
def answering(box: Answering) -> Iterator[None]:
    """Let `box` answer until the end of the block."""
    _open.append(box)
    try:
        yield
    finally:
        _open.remove(box)


def knows(response: Any) -> bool:
    """Say whether moto has the action at all."""
    return hasattr(type(response), camelcase_to_underscores(response._get_action() or "?"))
