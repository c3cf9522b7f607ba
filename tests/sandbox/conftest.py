"""The sandbox's own machinery, in process, on a virtual clock that is advanced by hand."""

from collections.abc import Callable, Iterator

import boto3
import pytest
from botocore.config import Config

from sealift.sandbox import Sandbox


@pytest.fixture
def box() -> Iterator[Sandbox]:
    with Sandbox() as opened:
        yield opened


@pytest.fixture
def client(box: Sandbox) -> Callable:
    once = Config(retries={"total_max_attempts": 1})
    return lambda service="ec2", region="eu-central-1": boto3.client(service, region, config=once)


@pytest.fixture
def ec2(client: Callable):
    return client()


@pytest.fixture
def rds(client: Callable):
    return client("rds")
