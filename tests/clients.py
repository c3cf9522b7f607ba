"""Sessions and clients of boto3 are slow to make and hold no state of a box: tests in one process share them."""

import os
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import boto3
import botocore.loaders
import botocore.parsers
import botocore.session
import pytest
from botocore.auth import SigV4Auth
from botocore.useragent import UserAgentComponent
from botocore.utils import parse_timestamp

_make, _Session = boto3.session.Session.client, boto3.Session
_create_loader = cache(botocore.loaders.create_loader)


def spare() -> None:
    """Let sessions share what they read: each driver has one, as each process has.

    To read the service models anew was a third of what whole migrations of databases take; moments and parts of
    a user agent come again and again.
    """
    botocore.session.create_loader = _create_loader
    botocore.parsers.DEFAULT_TIMESTAMP_PARSER = cache(parse_timestamp)
    UserAgentComponent.to_string = cache(UserAgentComponent.to_string)


def share(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hand out the same client for the same service, Region, endpoint and key, and the same session in the same environment."""
    monkeypatch.setattr(boto3.session.Session, "client", _shared)
    monkeypatch.setattr(boto3, "Session", _session_here)
    # The sandbox reads whose a request is, and no signature: to compute one is a tenth of what a request takes.
    monkeypatch.setattr(SigV4Auth, "canonical_request", lambda *_: "")
    monkeypatch.setattr(SigV4Auth, "signature", lambda *_: "unsigned")


def _session_here(**about: Any) -> Any:
    settings = sorted((k, v) for k, v in os.environ.items() if k.startswith("AWS_"))
    there = ((k, v) for k, v in settings if not k.endswith("_FILE") or Path(v).exists())
    return _session(tuple(about.items()), tuple(there))


@lru_cache(maxsize=16)
def _session(about: tuple[tuple[str, Any], ...], settings: tuple[tuple[str, str], ...]) -> Any:
    """`settings`: the part of the environment that sessions read, without files that are not there."""
    return _Session(**dict(about))


def _shared(
    session: Any, service_name: str, region_name: str | None = None, endpoint_url: str | None = None, **more: Any
) -> Any:
    config = more.pop("config", None)
    # A profile of the same name is somebody else's on another box: its credentials tell whose a client is.
    held = session.get_credentials()
    where = (service_name, region_name or session.region_name, endpoint_url, held and held.access_key)
    return _client(*where, config is not None)(session, config, more)


@cache
def _client(service: str, region: str | None, endpoint: str | None, key: str | None, configured: bool) -> Any:
    made: list[Any] = []

    def get(session: Any, config: Any, more: dict[str, Any]) -> Any:
        if not made:
            made.append(_make(session, service, region_name=region, endpoint_url=endpoint, config=config, **more))
        return made[0]

    return get
