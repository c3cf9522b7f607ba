"""A sandbox on a virtual clock with a reading door, and a door that answers from a script."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from sealift.aws.gateway import Account, Gateway, reader
from sealift.errors import AccessDenied, CallError, NotSupported, Retry
from sealift.kind import Read
from sealift.sandbox import Sandbox
from sealift.step import Call
from tests.clients import share
from tests.kinds.ebs.facts_for_tests import ACCOUNT, REGION

KEY = "alias/app"


@pytest.fixture(autouse=True)
def _shared_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    share(monkeypatch)


@pytest.fixture
def box() -> Iterator[Sandbox]:
    with Sandbox() as opened:
        opened.add_key(REGION, KEY)
        yield opened


@pytest.fixture
def gateway(box: Sandbox) -> Gateway:
    return Gateway(Account(box.clock), ACCOUNT, REGION)


@pytest.fixture
def read(gateway: Gateway) -> Read:
    return reader(gateway)


def denied(operation: str) -> CallError:
    return AccessDenied(
        f"{operation} was refused", operation=operation, retry=Retry.REFUSED, code="UnauthorizedOperation"
    )


def unknown(operation: str) -> CallError:
    return NotSupported(
        f"{operation} is unknown", operation=operation, retry=Retry.REFUSED, code="UnsupportedOperation"
    )


def silent(operation: str) -> CallError:
    return CallError(f"{operation}: no answer", operation=operation, retry=Retry.TRANSIENT, ambiguous=True)


class Door:
    """Answers by operation: a reply, an error, or what another door answers; keeps what was asked."""

    def __init__(self, answers: Mapping[str, Any], otherwise: Read | None = None) -> None:
        self.answers, self.otherwise = dict(answers), otherwise
        self.asked: list[Call] = []

    async def __call__(self, call: Call) -> dict[str, Any]:
        self.asked.append(call)
        answer = self.answers.get(call.operation, unknown(call.operation))
        if call.operation not in self.answers and self.otherwise:
            return await self.otherwise(call)
        if callable(answer):
            answer = answer(call)
        if isinstance(answer, Exception):
            raise answer
        return dict(answer)

    def times(self, operation: str) -> int:
        return sum(call.operation == operation for call in self.asked)


@pytest.fixture
def behind(read: Read) -> Callable[..., Door]:
    """behind(**errors): the sandbox's door, but some operations (named without their service) answer otherwise."""
    return lambda **answers: Door({name.replace("_", ":"): a for name, a in answers.items()}, read)
