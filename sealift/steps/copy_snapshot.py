"""ec2:CopySnapshot: an encrypted snapshot of a plain one, planned as a full copy."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from sealift import estimate
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
)
from sealift.steps.looks import snapshot_ready, timestamp


@dataclass(frozen=True, kw_only=True)
class CopySnapshot(Step):
    """Copy a completed snapshot under the key; AWS names the source in no field of the copy, so tags and description
    must do (R-EBS-18).
    """

    snapshot: Id
    region: str
    key_arn: str
    key_name: str = ""  # as the user named it, for titles
    size: int  # GiB
    extra_tags: Tags = ()

    outputs: ClassVar[tuple[str, ...]] = ("SnapshotId",)
    quota: ClassVar[str] = "snapshot copies"

    def title(self) -> str:
        return f"copy {self.snapshot} under {self.key_name or self.key_arn}"

    def description(self, ctx: Context) -> str:
        """Return what the copy says of itself, its parent included."""
        return f"sealift {ctx.migration}/{ctx.attempt}/{ctx.epoch} {self.key} of {self.snapshot}"

    def do(self, ctx: Context) -> Call:
        params = {
            "SourceSnapshotId": self.snapshot,
            "SourceRegion": self.region,
            "Encrypted": True,
            "KmsKeyId": self.key_arn,
        }
        spec = specification("snapshot", made_by(ctx, self, "copy", self.extra_tags))
        return Call("ec2:CopySnapshot", {**params, "Description": self.description(ctx), "TagSpecifications": spec})

    def output(self, reply: Mapping[str, Any]) -> Output:
        return {"SnapshotId": reply["SnapshotId"]}

    def _ours(self, ctx: Context) -> Any:
        def read(reply: Mapping[str, Any]) -> Found | None:
            for s in reply["Snapshots"]:
                if (
                    is_ours(s, ctx, self)
                    and s.get("Description") == self.description(ctx)
                    and s.get("State") != "error"
                ):
                    return Found({"SnapshotId": s["SnapshotId"]}, timestamp(s["StartTime"]))
            return None

        return read

    def find(self, ctx: Context) -> Query:
        return Query(
            Call("ec2:DescribeSnapshots", {"OwnerIds": ["self"], "Filters": tag_filters(ctx, self)}), self._ours(ctx)
        )

    def find_again(self, ctx: Context) -> Query:
        filters = [{"Name": "description", "Values": [self.description(ctx)]}]
        return Query(Call("ec2:DescribeSnapshots", {"OwnerIds": ["self"], "Filters": filters}), self._ours(ctx))

    def ready(self, out: Output) -> Watch:
        return Watch("snapshot", out["SnapshotId"], snapshot_ready, "completed")

    def undo(self) -> Step:
        from sealift.steps.delete_snapshot import DeleteSnapshot  # noqa: PLC0415

        return DeleteSnapshot(
            key=f"undo:{self.key}",
            phase=Phase.CLEAN,
            lane=self.lane,
            snapshot=Ref(self.key, "SnapshotId"),
            roles=("copy",),
        )

    def seconds(self) -> Seconds:
        return estimate.full_copy(self.size)
