"""ec2:DeleteSnapshot: only what the journal names and our role tag marks."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sealift.estimate import SMALL_CALL
from sealift.step import Call, Context, Found, Id, Irreversible, Query, Seconds, Step
from sealift.steps.delete_volume import not_ours
from sealift.steps.looks import by_id


@dataclass(frozen=True, kw_only=True)
class DeleteSnapshot(Step):
    """Delete a snapshot of this migration: the id comes from the journal, the role tag must be one of `roles`."""

    snapshot: Id
    roles: tuple[str, ...]

    def title(self) -> str:
        return f"delete {self.snapshot}"

    def _read(self) -> Call:
        call = by_id("ec2:DescribeSnapshots", "snapshot-id", self.snapshot)
        return Call(call.operation, {"OwnerIds": ["self"], **call.params})

    def before(self, ctx: Context) -> Query:
        def read(reply: Mapping[str, Any]) -> list[str]:
            return [why for s in reply["Snapshots"] for why in not_ours(s, s["SnapshotId"], ctx, self.roles)]

        return Query(self._read(), read)

    def do(self, ctx: Context) -> Call:
        return Call("ec2:DeleteSnapshot", {"SnapshotId": self.snapshot})

    def find(self, ctx: Context) -> Query:
        return Query(self._read(), lambda reply: None if reply["Snapshots"] else Found({}))

    def undo(self) -> Irreversible:
        return Irreversible("a deleted snapshot is gone, or in the Recycle Bin")

    def seconds(self) -> Seconds:
        return SMALL_CALL
