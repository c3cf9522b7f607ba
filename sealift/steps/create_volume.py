"""ec2:CreateVolume: a replacement of a snapshot, encrypted on creation."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from sealift.estimate import CREATE_VOLUME
from sealift.step import (
    Call,
    Context,
    Found,
    Id,
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
from sealift.steps.looks import timestamp, volume_ready
from sealift.steps.volume_shape import Shaped, alive


@dataclass(frozen=True, kw_only=True)
class CreateVolume(Shaped):
    """Make the replacement of a completed snapshot, in the instance's zone (R-EBS-15), at a bought initialisation rate
    or none.
    """

    snapshot: Id
    zone: str
    initialization_rate: int | None = None  # MiB/s, 100 to 300
    extra_tags: Tags = ()

    outputs: ClassVar[tuple[str, ...]] = ("VolumeId",)

    def title(self) -> str:
        return f"create a volume of {self.snapshot} under {self.key_name or self.key_arn}"

    def do(self, ctx: Context) -> Call:
        params = {"SnapshotId": self.snapshot, "AvailabilityZone": self.zone, **self.shape()}
        if self.initialization_rate is not None:
            params["VolumeInitializationRate"] = self.initialization_rate
        params["TagSpecifications"] = specification("volume", made_by(ctx, self, "copy", self.extra_tags))
        return Call("ec2:CreateVolume", {**params, "ClientToken": token(ctx, self)})

    def output(self, reply: Mapping[str, Any]) -> Output:
        return {"VolumeId": reply["VolumeId"]}

    def find(self, ctx: Context) -> Query:
        def read(reply: Mapping[str, Any]) -> Found | None:
            for volume in reply["Volumes"]:
                if is_ours(volume, ctx, self) and volume.get("SnapshotId") == self.snapshot and alive(volume):
                    return Found({"VolumeId": volume["VolumeId"]}, timestamp(volume.get("CreateTime")))
            return None

        return Query(Call("ec2:DescribeVolumes", {"Filters": tag_filters(ctx, self)}), read)

    def ready(self, out: Output) -> Watch:
        return Watch("volume", out["VolumeId"], volume_ready(self.key_arn), f"available under {self.key_arn}")

    def undo(self) -> Step:
        from sealift.steps.delete_volume import DeleteVolume  # noqa: PLC0415

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
        return CREATE_VOLUME
