"""What is put right in moto for as long as a sandbox is open: its clock, its chance, and three slow spots."""

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

import moto.autoscaling.models
import moto.backends
import moto.ec2.models.amis
import moto.ec2.models.elastic_network_interfaces
import moto.ec2.models.instances
import moto.kms.models
from moto.autoscaling.models import FakeAutoScalingGroup
from moto.core.base_backend import BackendDict
from moto.ec2.models.core import TaggedEC2Resource
from moto.moto_api._internal import mock_random

_TIMED = (moto.autoscaling.models, moto.ec2.models.amis, moto.ec2.models.instances, moto.kms.models)


@contextmanager
def repaired(now: Callable[[], float], seed: int) -> Iterator[None]:
    """Make moto tell the box's time and repeat its ids for a seed; skip key pairs for symmetric keys and tag scans."""
    make_key_pair = moto.kms.models.generate_private_key

    def utcnow() -> datetime:
        return datetime.fromtimestamp(now(), UTC).replace(tzinfo=None)

    def unix_time(dt: datetime | None = None) -> float:
        return now() if dt is None else dt.replace(tzinfo=UTC).timestamp()

    def key_pair(spec: str) -> Any:
        return None if spec == "SYMMETRIC_DEFAULT" else make_key_pair(spec)

    _forget()
    mock_random.seed(seed)
    patches: list[Any] = [patch.object(m, "utcnow", utcnow) for m in _TIMED]
    patches.append(patch.object(moto.kms.models, "unix_time", unix_time))
    patches.append(patch.object(moto.kms.models, "generate_private_key", key_pair))
    patches.append(patch.object(TaggedEC2Resource, "get_tags", _tags))
    patches.append(patch.object(moto.backends, "list_of_moto_modules", _modules))
    patches.append(patch.object(FakeAutoScalingGroup, "set_desired_capacity", _desired))
    for one in patches:
        one.start()
    try:
        yield
    finally:
        for one in patches:
            one.stop()
        _forget()


def _forget() -> None:
    """Let go of all that moto holds. Its own reset is not enough: services that look for the networks of EC2 when they
    are made anew leave some behind, with ids that the next box, by its seed, would draw again.
    """
    used = list(BackendDict._instances)
    BackendDict.reset()
    for backends in used:
        backends.clear()


_look_for_modules = moto.backends.list_of_moto_modules


@functools.cache
def _modules() -> tuple[str, ...]:
    """Look for moto's services once: its server reads its own folder twice for each request, a third of the answer."""
    return tuple(_look_for_modules())


def _desired(group: Any, capacity: int | None) -> None:
    """Note the number only: instances come and go by the sandbox's own hand, in time."""
    group.desired_capacity = group.min_size if capacity is None else capacity


def _tags(resource: Any) -> list[dict[str, str]]:
    book = resource.ec2_backend.tags.get(resource.id, {})
    return [{"resource_id": resource.id, "key": k, "value": v} for k, v in book.items()]
