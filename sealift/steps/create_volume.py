"""ec2:CreateVolume: a replacement of a snapshot, encrypted on creation."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sealift.estimate import CREATE_VOLUME
from sealift.step import Call, Context, Id, Output, Seconds
from sealift.steps.volume_shape import Shaped


@dataclass(frozen=True, kw_only=True)
class CreateVolume(Shaped):
    """Make the replacement of a completed snapshot, in the instance's zone (R-EBS-15), at a bought initialisation rate
    or none.
    """

    snapshot: Id
    zone: str
    initialization_rate: int | None = None  # MiB/s, 100 to 300

    def title(self) -> str:
        return f"create a volume of {self.snapshot} under {self.key_name or self.key_arn}"

    def parent(self) -> tuple[str, Id]:
        return "SnapshotId", self.snapshot

    def do(self, ctx: Context) -> Call:
        bought = {} if self.initialization_rate is None else {"VolumeInitializationRate": self.initialization_rate}
        return self.making("ec2:CreateVolume", ctx, AvailabilityZone=self.zone, **bought)

    def output(self, reply: Mapping[str, Any]) -> Output:
        return {"VolumeId": reply["VolumeId"]}

    def seconds(self) -> Seconds:
        return CREATE_VOLUME
