"""Opening a sandbox in process: moto's mock, the hook, credentials, and a clean slate before and after."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

from botocore.exceptions import ConnectionClosedError, ReadTimeoutError
from moto import mock_aws

from sealift.sandbox import hook
from sealift.sandbox.errors import ReplyLost
from sealift.sandbox.moto_repairs import repaired
from sealift.sandbox.wire import Reply
from sealift.sandbox.world import World

_MOTO: Any = {
    "core": {
        "mock_credentials": False,
        "reset_boto3_session": True,
        "service_whitelist": None,
        "passthrough": {"urls": [], "services": []},
    }
}
_CREDENTIALS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}


class _InProcess:
    """Turns a lost reply into what botocore raises for a broken connection or a read time-out."""

    def __init__(self, inner: hook.Answering) -> None:
        self._inner = inner

    def answer(self, response: object, moto: object) -> Reply:
        """Answer, or break the connection."""
        with _broken():
            return self._inner.answer(response, moto)

    def hold(self) -> None:
        """Keep the answer back for as long as a fault says."""
        self._inner.hold()

    def answer_object(self, response: Any, kind: str, request: Any, url: str, moto: Callable[[], Any]) -> Any:
        """Answer a request to S3, or break the connection."""
        with _broken():
            return self._inner.answer_object(response, kind, request, url, moto)


@contextmanager
def _broken() -> Iterator[None]:
    try:
        yield
    except ReplyLost as lost:
        kind = ReadTimeoutError if lost.timeout else ConnectionClosedError
        raise kind(endpoint_url="https://sandbox") from lost


@contextmanager
def opened(answers: hook.Answering, world: World) -> Iterator[None]:
    """Let boto3 talk to this world until the block ends. One at a time in a process."""
    missing = {k: v for k, v in _CREDENTIALS.items() if k not in os.environ}
    with ExitStack() as stack:
        stack.enter_context(patch.dict(os.environ, missing))
        stack.enter_context(mock_aws(config=_MOTO))
        stack.enter_context(repaired(world.now, world.seed))
        stack.enter_context(hook.answering(_InProcess(answers)))
        yield
