"""ec2:CopyVolumes: the clone, encrypted on the way."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from sealift.estimate import COPY_VOLUME
from sealift.step import Call, Context, Id, Output, Query, Seconds
from sealift.steps.looks import hydrated, resting, without_original
from sealift.steps.volume_shape import Shaped


@dataclass(frozen=True, kw_only=True)
class CopyVolume(Shaped):
    """Clone a detached source under the key: point in time at the request, usable in seconds, hydrated for hours (EBS
    user guide, copying).
    """

    source: str
    instance: str | None = None  # that has it again after a way back, and may take it along

    quota: ClassVar[str] = "volume copies"

    def title(self) -> str:
        return f"copy {self.source} under {self.key_name or self.key_arn}"

    def parent(self) -> tuple[str, Id]:
        return "SourceVolumeId", self.source

    def before(self, ctx: Context) -> Query:
        return resting(self.source)

    def do(self, ctx: Context) -> Call:
        return self.making("ec2:CopyVolumes", ctx)

    def output(self, reply: Mapping[str, Any]) -> Output:
        return {"VolumeId": reply["Volumes"][0]["VolumeId"]}

    def holds_slot(self, out: Output) -> Query:
        call = Call("ec2:DescribeVolumeStatus", {"VolumeIds": [out["VolumeId"]]})
        return Query(call, lambda reply: not all(hydrated(status) for status in reply["VolumeStatuses"]))

    def orphaned(self) -> tuple[Query, ...]:
        return without_original(self.source, self.instance)

    def seconds(self) -> Seconds:
        return COPY_VOLUME
