"""What a volume is besides its contents: everything that has to come over; and what is alike in all that make one."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from sealift.step import (
    Call,
    Context,
    Found,
    Id,
    Output,
    Phase,
    Query,
    Ref,
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


@dataclass(frozen=True, kw_only=True)
class Shaped(Step):
    """A step that makes a volume: it sends every attribute, because AWS's defaults are others (R-EBS-07: gp2,
    3000/125).
    """

    key_arn: str
    key_name: str = ""  # as the user named it, for titles
    volume_type: str
    size: int  # GiB
    iops: int | None = None
    throughput: int | None = None  # MiB/s
    multi_attach: bool = False
    extra_tags: Tags = ()

    outputs: ClassVar[tuple[str, ...]] = ("VolumeId",)

    @abstractmethod
    def parent(self) -> tuple[str, Id]:
        """Return the field by which AWS names what a volume was made of, and the id that it must hold."""

    def shape(self) -> dict[str, Any]:
        """Return the parameters; Iops and Throughput only for the types that take them (R-EBS-08)."""
        params: dict[str, Any] = {
            "VolumeType": self.volume_type,
            "Size": self.size,
            "Encrypted": True,
            "KmsKeyId": self.key_arn,
        }
        if self.volume_type in ("gp3", "io1", "io2") and self.iops is not None:
            params["Iops"] = self.iops
        if self.volume_type == "gp3" and self.throughput is not None:
            params["Throughput"] = self.throughput
        if self.volume_type in ("io1", "io2"):
            params["MultiAttachEnabled"] = self.multi_attach
        return params

    def making(self, operation: str, ctx: Context, **params: Any) -> Call:
        """Return the call: what it is made of, the shape, our tags, the token."""
        field, id_ = self.parent()
        tags = specification("volume", made_by(ctx, self, "copy", self.extra_tags))
        body = {field: id_, **params, **self.shape(), "TagSpecifications": tags}
        return Call(operation, {**body, "ClientToken": token(ctx, self)})

    def find(self, ctx: Context) -> Query:
        field, id_ = self.parent()

        def read(reply: Mapping[str, Any]) -> Found | None:
            for volume in reply["Volumes"]:
                if is_ours(volume, ctx, self) and volume.get(field) == id_ and alive(volume):
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


def alive(volume: Mapping[str, Any]) -> bool:
    """Tell whether a described volume can still become useful.

    One that died is not taken for ours. Its token is of no use either: AWS answers it with the dead volume as long as it
    shows it, and with IdempotentParameterMismatch afterwards. Both end the attempt; the next one has another token.
    """
    return volume.get("State") not in ("error", "deleting", "deleted")
