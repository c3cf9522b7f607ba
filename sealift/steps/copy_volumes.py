"""ec2:CopyVolumes: the clone, encrypted on the way."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from sealift.estimate import COPY_VOLUME
from sealift.step import (
    Call,
    Context,
    Found,
    Output,
    Phase,
    Query,
    Ref,
    Seconds,
    Step,
    Tags,
    Watch,
    is_ours,
    made_by,
    specification,
    tag_filters,
    token,
)
from sealift.steps.looks import resting, timestamp, volume_ready
from sealift.steps.volume_shape import Shaped, alive


@dataclass(frozen=True, kw_only=True)
class CopyVolume(Shaped):
    """Clone a detached source under the key: point in time at the request, usable in seconds, hydrated for hours (EBS
    user guide, copying).
    """

    source: str
    extra_tags: Tags = ()

    outputs: ClassVar[tuple[str, ...]] = ("VolumeId",)
    quota: ClassVar[str] = "volume copies"

    def title(self) -> str:
        return f"copy {self.source} under {self.key_name or self.key_arn}"

    def before(self, ctx: Context) -> Query:
        return resting(self.source)

    def do(self, ctx: Context) -> Call:
        tags = made_by(ctx, self, "copy", self.extra_tags)
        params = {"SourceVolumeId": self.source, **self.shape(), "TagSpecifications": specification("volume", tags)}
        return Call("ec2:CopyVolumes", {**params, "ClientToken": token(ctx, self)})

    def output(self, reply: Mapping[str, Any]) -> Output:
        return {"VolumeId": reply["Volumes"][0]["VolumeId"]}

    def find(self, ctx: Context) -> Query:
        def read(reply: Mapping[str, Any]) -> Found | None:
            for volume in reply["Volumes"]:
                if is_ours(volume, ctx, self) and volume.get("SourceVolumeId") == self.source and alive(volume):
                    return Found({"VolumeId": volume["VolumeId"]}, timestamp(volume.get("CreateTime")))
            return None

        return Query(Call("ec2:DescribeVolumes", {"Filters": tag_filters(ctx, self)}), read)

    def ready(self, out: Output) -> Watch:
        return Watch("volume", out["VolumeId"], volume_ready(self.key_arn), f"available under {self.key_arn}")

    def undo(self) -> Step:
        from sealift.steps.delete_volume import DeleteVolume  # noqa: PLC0415 - a maker and its undo name each other

        return DeleteVolume(
            key=f"undo:{self.key}",
            phase=Phase.CLEAN,
            lane=self.lane,
            volume=Ref(self.key, "VolumeId"),
            roles=("copy", "replacement"),
        )

    def salvage(self) -> Step:
        from sealift.steps.create_snapshot import SafetySnapshot  # noqa: PLC0415

        return SafetySnapshot(
            key=f"safety:{self.key}",
            phase=Phase.RESTORE,
            lane=self.lane,
            volume=Ref(self.key, "VolumeId"),
            size=self.size,
        )

    def seconds(self) -> Seconds:
        return COPY_VOLUME
