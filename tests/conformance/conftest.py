"""Every test here runs on both forms of the sandbox: `process` (boto3 patched) and `server` (HTTP over a socket)."""

import functools
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from botocore.config import Config

from sealift.sandbox import Sandbox
from tests.conformance import elsewhere
from tests.conformance.serving import Listening, listener

REGION = "eu-central-1"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if elsewhere.ENDPOINT:
        elsewhere.leave_out(config, items, str(Path(__file__).parent))


def pytest_exception_interact(node: pytest.Item, call: pytest.CallInfo) -> None:
    if elsewhere.ENDPOINT and call.excinfo:
        elsewhere.note(node, call.excinfo.value)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if elsewhere.ENDPOINT:
        elsewhere.tell(terminalreporter)


@pytest.fixture(params=["endpoint"] if elsewhere.ENDPOINT else ["process", "server"])
def opened(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Sandbox]:
    """opened(**options) -> a box of this test's form that boto3 talks to until the test ends; one at a time."""
    if request.param == "endpoint":
        return lambda: None
    stack = request.getfixturevalue("_stack")
    if request.param == "process":
        return lambda **options: stack.enter_context(Sandbox(**options))
    listening: Listening = request.getfixturevalue("listening")
    monkeypatch.setenv("AWS_ENDPOINT_URL", listening.url)
    return lambda **options: stack.enter_context(listening.to(Sandbox(**options)))


@pytest.fixture
def _stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture(scope="session")
def listening() -> Iterator["Listening"]:
    with listener() as found:
        yield found


@pytest.fixture
def box(opened: Callable[..., Sandbox]) -> Sandbox:
    return opened()


@functools.cache
def _client(service: str, region: str, endpoint: str | None):
    """Clients are slow to make and hold no state of a box."""
    once = Config(retries={"total_max_attempts": 1})
    return _models().client(
        service,
        region,
        endpoint_url=endpoint,
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
        config=once,
    )


@pytest.fixture
def client(box: Sandbox) -> Callable:
    if elsewhere.ENDPOINT:
        return lambda service="ec2", region=elsewhere.REGION: elsewhere.client(service, region)
    return lambda service="ec2", region=REGION: _client(service, region, os.environ.get("AWS_ENDPOINT_URL"))


@pytest.fixture
def ec2(client: Callable):
    return client()


@pytest.fixture
def rds(client: Callable):
    return client("rds")


@pytest.fixture
def db(rds) -> Callable:
    """db(name) -> the instance as it is described now."""
    return lambda name: rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]


@pytest.fixture
def cluster(rds) -> Callable:
    """cluster(name) -> the cluster as it is described now."""
    return lambda name: rds.describe_db_clusters(DBClusterIdentifier=name)["DBClusters"][0]


@pytest.fixture
def until(box: Sandbox) -> Callable:
    """until(look, member, value) -> seconds that passed until `look()[member] == value`; gives up after two days."""

    def wait(look: Callable, member: str, value: object, step: float = 10) -> float:
        passed = 0.0
        while look()[member] != value:
            assert passed < 172_800, look()
            box.clock.advance(step)
            passed += step
        return passed

    return wait


@pytest.fixture
def region() -> str:
    return elsewhere.REGION if elsewhere.ENDPOINT else REGION


@pytest.fixture
def wait_for(box: Sandbox | None) -> Callable:
    """wait_for(look, value): on a box its clock is advanced; elsewhere life is waited for, ten minutes at most."""

    def wait(look: Callable, value: object) -> None:
        for _ in range(300):
            if (came := look()) == value:
                return
            box.clock.advance(10) if box else time.sleep(2 if elsewhere.ENDPOINT == "aws" else 0.2)
        raise elsewhere.Differs(value, came)

    return wait


def allow(*actions: str, on: object = "*", **more: object) -> dict:
    """A statement; `more` are further elements: Condition, Principal, Sid."""
    return {"Effect": "Allow", "Action": list(actions), "Resource": on, **more}


def deny(*actions: str, on: object = "*", **more: object) -> dict:
    return {**allow(*actions, on=on, **more), "Effect": "Deny"}


def policy(*statements: dict) -> dict:
    return {"Version": "2012-10-17", "Statement": list(statements)}


@pytest.fixture
def allowing() -> Callable:
    return allow


@pytest.fixture
def denying() -> Callable:
    return deny


@pytest.fixture
def written() -> Callable:
    """written(*statements) -> the text of a policy."""
    import json

    return lambda *statements: json.dumps(policy(*statements))


@pytest.fixture
def as_role(box: Sandbox) -> Callable:
    """as_role(*statements, service=, account=, …) -> a client that acts as a new role with these statements."""
    count = iter(range(1000))

    def make(*statements: dict, service: str = "ec2", region: str = REGION, account: str = "123456789012", **options):
        box.enforce()
        documents = [policy(*statements)] if statements else []
        role = box.people.role(f"role-{next(count)}", *documents, account=account, **options)
        return as_session(box, role, service, region)

    return make


@functools.cache
def _models():
    """One session for all clients: what it has read of AWS's models it keeps."""
    import boto3

    return boto3.Session()


def as_session(box: Sandbox, role: str, service: str = "ec2", region: str = REGION):
    """A client that acts as a session of a role."""
    once = Config(retries={"total_max_attempts": 1})
    return _models().client(service, region, config=once, **box.people.session(role, seconds=43_200))


@pytest.fixture
def session_of(box: Sandbox) -> Callable:
    return functools.partial(as_session, box)
