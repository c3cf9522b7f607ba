"""ec2:CreateSnapshot: warm ahead of the cut, last after it, safety before anything is put aside.

The operation has no ClientToken: it is sent once, and after an unclear answer looked up twice, by tags and by volume,
before it is sent again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from sealift import estimate
from sealift.spans import span
from sealift.step import (
    Call,
    Context,
    Found,
    Id,
    Irreversible,
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
from sealift.steps.looks import by_id, resting, snapshot_ready, timestamp, volumes, without_original


@dataclass(frozen=True, kw_only=True)
class Snapshot(Step):
    """Take a snapshot of a volume and wait until it has completed."""

    volume: Id
    size: int  # GiB
    extra_tags: Tags = ()
    instance: str | None = None  # that has it, or has it again after a way back, and may take it along

    outputs: ClassVar[tuple[str, ...]] = ("SnapshotId",)
    role: ClassVar[str] = "baseline"

    def title(self) -> str:
        return f"snapshot {self.volume}"

    def description(self, ctx: Context) -> str:
        """Return what the snapshot says of itself: tags are inherited by other people's copies, this text is not."""
        return f"sealift {ctx.migration}/{ctx.attempt}/{ctx.epoch} {self.key}"

    def do(self, ctx: Context) -> Call:
        tags = made_by(ctx, self, self.role, self.extra_tags)
        spec = specification("snapshot", tags)
        return Call(
            "ec2:CreateSnapshot",
            {"VolumeId": self.volume, "Description": self.description(ctx), "TagSpecifications": spec},
        )

    def output(self, reply: Mapping[str, Any]) -> Output:
        return {"SnapshotId": reply["SnapshotId"]}

    def find(self, ctx: Context) -> Query:
        return Query(
            Call("ec2:DescribeSnapshots", {"OwnerIds": ["self"], "Filters": tag_filters(ctx, self)}), self._ours(ctx)
        )

    def find_again(self, ctx: Context) -> Query:
        call = by_id("ec2:DescribeSnapshots", "volume-id", self.volume)
        return Query(Call(call.operation, {"OwnerIds": ["self"], **call.params}), self._ours(ctx))

    def _ours(self, ctx: Context) -> Any:
        def read(reply: Mapping[str, Any]) -> Found | None:
            ours = [
                s
                for s in reply["Snapshots"]
                if is_ours(s, ctx, self)
                and s.get("Description") == self.description(ctx)
                and s.get("VolumeId") == self.volume
                and s.get("State") != "error"
            ]
            if not ours:
                return None
            oldest = min(ours, key=lambda s: s["StartTime"])
            return Found({"SnapshotId": oldest["SnapshotId"]}, timestamp(oldest["StartTime"]))

        return read

    def ready(self, out: Output) -> Watch | None:
        return Watch("snapshot", out["SnapshotId"], snapshot_ready, "completed")

    def undo(self) -> Step | Irreversible:
        from sealift.steps.delete_snapshot import DeleteSnapshot  # noqa: PLC0415

        return DeleteSnapshot(
            key=f"undo:{self.key}",
            phase=Phase.CLEAN,
            lane=self.lane,
            snapshot=Ref(self.key, "SnapshotId"),
            roles=(self.role,),
        )

    def orphaned(self) -> tuple[Query, ...]:
        return without_original(self.volume, self.instance)

    def seconds(self) -> Seconds:
        return estimate.snapshot(self.size)


@dataclass(frozen=True, kw_only=True)
class WarmSnapshot(Snapshot):
    """The baseline, while the workload runs on: it makes the last one small, and outlives the zone."""

    def title(self) -> str:
        return f"take the baseline snapshot of {self.volume}"


@dataclass(frozen=True, kw_only=True)
class RenewWarmSnapshot(Snapshot):
    """After the gate: the warm snapshot again, unless the one at hand is younger than `max_age` seconds."""

    warm: Id
    max_age: int

    looks_first: ClassVar[bool] = True
    at_gate: ClassVar[bool] = True

    def title(self) -> str:
        return f"renew the warm snapshot of {self.volume} if it is older than {span(self.max_age)}"

    def find(self, ctx: Context) -> Query:
        """Adopt the warm snapshot while it is young enough: the engine knows what time it is."""

        def read(reply: Mapping[str, Any]) -> Found | None:
            ours = self._ours(ctx)(reply)
            if ours is not None:
                return Found(ours.output, None)
            for s in reply["Snapshots"]:
                if s["SnapshotId"] == self.warm and s.get("VolumeId") == self.volume and s.get("State") == "completed":
                    return Found(
                        {"SnapshotId": s["SnapshotId"], "adopted": True}, timestamp(s["StartTime"]), self.max_age
                    )
            return None

        call = by_id("ec2:DescribeSnapshots", "volume-id", self.volume)
        return Query(Call(call.operation, {"OwnerIds": ["self"], **call.params}), read)

    def find_again(self, ctx: Context) -> Query:
        return Query(
            Call("ec2:DescribeSnapshots", {"OwnerIds": ["self"], "Filters": tag_filters(ctx, self)}), self._ours(ctx)
        )

    def fresh(self, out: Output) -> Query:
        """Look at what was made or adopted: a gate that was shut since may have let it grow too old."""

        def read(reply: Mapping[str, Any]) -> Found | None:
            starts = [s["StartTime"] for s in reply["Snapshots"] if s["SnapshotId"] == out["SnapshotId"]]
            return Found({}, timestamp(starts[0]), self.max_age) if starts else None

        call = by_id("ec2:DescribeSnapshots", "volume-id", self.volume)
        return Query(Call(call.operation, {"OwnerIds": ["self"], **call.params}), read)

    def seconds(self) -> Seconds:
        return estimate.snapshot(self.size * estimate.DELTA_SHARE)


@dataclass(frozen=True, kw_only=True)
class LastSnapshot(Snapshot):
    """After the cut, of the detached source: the last acknowledged write is in it."""

    def title(self) -> str:
        return f"take the last snapshot of {self.volume}"

    def before(self, ctx: Context) -> Query:
        return resting(self.volume)

    def seconds(self) -> Seconds:
        return estimate.snapshot(self.size * estimate.DELTA_SHARE)


@dataclass(frozen=True, kw_only=True)
class SafetySnapshot(Snapshot):
    """Of a detached replacement that a workload has written to: the way back discards nothing that is not in it.

    Pending is enough: the point in time exists, later writes do not change it (EC2 API reference, CreateSnapshot).
    """

    role: ClassVar[str] = "safety"

    def past(self) -> Query:
        """Ask whether somebody has deleted the volume."""

        def read(reply: Mapping[str, Any]) -> bool:
            return all(v["State"] in ("deleting", "deleted") for v in reply["Volumes"])

        return Query(volumes(self.volume), read)

    def title(self) -> str:
        return f"keep what was written to {self.volume} in a snapshot"

    def ready(self, out: Output) -> Watch | None:
        return None

    def undo(self) -> Irreversible:
        return Irreversible("it holds the writes made since bring-up: only a person deletes it")

    def assured(self) -> Step:
        return AwaitSnapshot(
            key=f"kept:{self.key}", phase=Phase.CLEAN, lane=self.lane, snapshot=Ref(self.key, "SnapshotId")
        )

    def seconds(self) -> Seconds:
        return estimate.SMALL_CALL


@dataclass(frozen=True, kw_only=True)
class RestorePoint(Snapshot):
    """Before the source is deleted: a snapshot of the replacement under the key, unless one has completed since
    bring-up.
    """

    since: int  # Unix seconds

    looks_first: ClassVar[bool] = True
    role: ClassVar[str] = "restore-point"

    def title(self) -> str:
        return f"make sure that {self.volume} has a snapshot under the key"

    def find(self, ctx: Context) -> Query:
        """Adopt any completed encrypted snapshot that was started since bring-up."""

        def read(reply: Mapping[str, Any]) -> Found | None:
            if (ours := self._ours(ctx)(reply)) is not None:
                return Found(ours.output)
            for s in reply["Snapshots"]:
                fits = s.get("VolumeId") == self.volume and s.get("Encrypted") and s.get("State") == "completed"
                if fits and s["StartTime"].timestamp() >= self.since:
                    return Found({"SnapshotId": s["SnapshotId"]})
            return None

        call = by_id("ec2:DescribeSnapshots", "volume-id", self.volume)
        return Query(Call(call.operation, {"OwnerIds": ["self"], **call.params}), read)

    def find_again(self, ctx: Context) -> Query:
        """Look by tags: the first look was by volume."""
        return super().find(ctx)

    def undo(self) -> Irreversible:
        return Irreversible("a restore point is the user's")


@dataclass(frozen=True, kw_only=True)
class AwaitSnapshot(Step):
    """Wait until a snapshot has completed: what it keeps is durable from then on."""

    snapshot: Id

    def title(self) -> str:
        return f"wait until {self.snapshot} has completed"

    def do(self, ctx: Context) -> Call:
        return Call("local:Observe", {})

    def ready(self, out: Output) -> Watch:
        return Watch("snapshot", self.snapshot, snapshot_ready, "completed")

    def undo(self) -> Irreversible:
        return Irreversible("it only reads")
