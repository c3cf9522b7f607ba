"""Clients of boto3 are slow to make and hold no state of a box: tests in one process share them."""

import os
from functools import cache
from typing import Any

import boto3
import pytest

_make = boto3.session.Session.client


def share(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hand out the same client for the same service, Region, endpoint and key."""
    monkeypatch.setattr(boto3.session.Session, "client", _shared)


def _shared(
    session: Any, service_name: str, region_name: str | None = None, endpoint_url: str | None = None, **more: Any
) -> Any:
    config = more.pop("config", None)
    where = (service_name, region_name or session.region_name, endpoint_url, os.environ.get("AWS_ACCESS_KEY_ID"))
    return _client(*where, config is not None, session.profile_name)(session, config, more)


@cache
def _client(
    service: str, region: str | None, endpoint: str | None, key: str | None, configured: bool, profile: str
) -> Any:
    made: list[Any] = []

    def get(session: Any, config: Any, more: dict[str, Any]) -> Any:
        if not made:
            made.append(_make(session, service, region_name=region, endpoint_url=endpoint, config=config, **more))
        return made[0]

    return get
