"""A box on a virtual clock, advanced by hand."""

import functools
from collections.abc import Callable, Iterator

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from sealift.sandbox import Sandbox

REGION = "eu-central-1"


@pytest.fixture
def box() -> Iterator[Sandbox]:
    with Sandbox() as opened:
        yield opened


@functools.cache
def _client(service: str, region: str, key: str = "testing"):
    """Clients are slow to make and hold no state of a box."""
    import boto3

    once = Config(retries={"total_max_attempts": 1})
    session = boto3.Session(aws_access_key_id=key, aws_secret_access_key="testing", region_name=region)
    return session.client(service, config=once)


@pytest.fixture
def client(box: Sandbox) -> Callable:
    return lambda service="ec2", region=REGION: _client(service, region)


@pytest.fixture
def ec2(client: Callable):
    return client()


@pytest.fixture
def refused() -> Callable:
    """refused(call, **params) -> (code, HTTP status) of the refusal."""

    def code(call: Callable, **params: object) -> tuple[str, int]:
        with pytest.raises(ClientError) as caught:
            call(**params)
        reply = caught.value.response
        return reply["Error"]["Code"], reply["ResponseMetadata"]["HTTPStatusCode"]

    return code
