"""What happened: every call, every duration charged, every fault fired."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Event:
    """One API call. `outcome`: `ok`, an error code, or `lost` where no reply arrived; `rule`: why it was refused.

    `by`: the access key that signed it, or the service or person that did it; `message`: the words of a refusal;
    `fault`: what hit it.
    """

    at: float
    account: str
    region: str
    operation: str
    params: Mapping[str, Any]
    outcome: str
    rule: str | None = None
    resource: str | None = None
    by: str | None = None
    message: str | None = None
    fault: str | None = None


@dataclass(frozen=True)
class Charge:
    """The assumed duration of what a mutating call set going on one resource."""

    at: float
    operation: str
    resource: str
    seconds: float


@dataclass(frozen=True)
class Loss:
    """Acknowledged writes of a device, `start` to `end`, that the volume serving there lacks (`writes`: MiB)."""

    account: str
    region: str
    instance: str
    device: str
    volume: str | None
    start: float
    end: float
    writes: float


@dataclass(frozen=True)
class BrownOut:
    """A span in which a workload ran on a volume that was still being filled: reads wait for their blocks."""

    account: str
    region: str
    instance: str
    device: str
    volume: str
    start: float
    end: float
