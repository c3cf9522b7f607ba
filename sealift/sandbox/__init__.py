"""An AWS account in a box: moto, and the physics it lacks. Needs the extra `sandbox`."""

from typing import Any

from sealift.sandbox import hook as hook  # first: it sets what moto reads at import
from sealift.sandbox.box import Sandbox
from sealift.sandbox.errors import ApiError
from sealift.sandbox.faults import Fault
from sealift.sandbox.log import Charge, Event, Loss
from sealift.sandbox.physics.contents import Contents
from sealift.sandbox.physics.durations import Durations
from sealift.sandbox.quotas import Quotas
from sealift.sandbox.rules import RULES, Rule
from sealift.sandbox.seeding import VolumeSpec


def serve(*args: Any, **options: Any) -> None:
    """Serve a sandbox until interrupted: see `sealift.sandbox.server.serve` (loaded when called: Flask is slow)."""
    from sealift.sandbox import server

    server.serve(*args, **options)


__all__ = [
    "RULES",
    "ApiError",
    "Charge",
    "Contents",
    "Durations",
    "Event",
    "Fault",
    "Loss",
    "Quotas",
    "Rule",
    "Sandbox",
    "VolumeSpec",
    "serve",
]
