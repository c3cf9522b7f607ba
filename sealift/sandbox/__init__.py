"""An AWS account in a box: moto, and the physics it lacks. Needs the extra `sandbox`."""

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
]
