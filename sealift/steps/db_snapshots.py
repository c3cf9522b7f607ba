"""Snapshots of databases: warm ahead of the fence, last behind it, safety of what is put aside; and their copies under the key.

RDS has no client tokens: the identifier is a digest of migration, attempt, cut and step, so that the same try finds its own.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
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
    Seen,
    Step,
    Tags,
    Undo,
    Watch,
    as_tags,
    is_ours,
    made_by,
    name_made,
)
from sealift.steps.db_looks import (
    Resource,
    databases_in,
    gone,
    id_of,
    key_difference,
    needs_rest,
    not_ours,
    read_database,
    status_of,
    watch,
)
from sealift.steps.looks import timestamp


def _noun(of_cluster: bool) -> str:
    return "DBClusterSnapshot" if of_cluster else "DBSnapshot"


def _id(of_cluster: bool) -> str:
    return f"{_noun(of_cluster)}Identifier"


def read_snapshot(name: Any, *, of_cluster: bool = False) -> Call:
    """Return the read of a snapshot by its name, which may be absent."""
    filter_ = "db-cluster-snapshot-id" if of_cluster else "db-snapshot-id"
    return Call(f"rds:Describe{_noun(of_cluster)}s", {"Filters": [{"Name": filter_, "Values": [name]}]})


def snapshots_in(reply: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the snapshots of an answer."""
    return list(reply.get("DBSnapshots") or reply.get("DBClusterSnapshots") or ())


def snapshot_available(key_arn: str | None = None) -> Callable[[Mapping[str, Any] | None], Seen]:
    """Judge a snapshot: available, and under this very key where one is wanted; `failed` never gets out of that."""

    def judge(snapshot: Mapping[str, Any] | None) -> Seen:
        if snapshot is None:
            return Seen(state="absent")
        state = str(snapshot["Status"])
        if state in ("failed", "deleting", "deleted", "incompatible-restore"):
            return Seen(failed=f"the snapshot is '{state}': can RDS use the key?", state=state)
        if state != "available":
            return Seen(state=state, progress=float(snapshot.get("PercentProgress") or 0))
        if key_arn is not None and (wrong := key_difference(snapshot, key_arn)):
            return Seen(failed=wrong, state=state)
        return Seen(done=True, state=state, progress=100.0)

    return judge


def _watch(name: Any, *, of_cluster: bool, key_arn: str | None = None) -> Watch:
    subject = "db-cluster-snapshot" if of_cluster else "db-snapshot"
    return Watch(subject, name, snapshot_available(key_arn), "available")


@dataclass(frozen=True, kw_only=True)
class DbSnapshot(Step):
    """Take a snapshot of a database and wait until it is available."""

    database: Id
    resource_id: Id
    size: int  # GiB
    extra_tags: Tags = ()
    of_cluster: bool = False

    outputs: ClassVar[tuple[str, ...]] = ("name",)
    role: ClassVar[str] = "baseline"

    def title(self) -> str:
        return f"snapshot {self.database}"

    def name(self, ctx: Context) -> str:
        """Return its deterministic identifier."""
        return name_made(ctx, self.key)

    def do(self, ctx: Context) -> Call:
        about = {
            "DBClusterIdentifier" if self.of_cluster else "DBInstanceIdentifier": self.database,
            _id(self.of_cluster): self.name(ctx),
            "Tags": as_tags(made_by(ctx, self, self.role, self.extra_tags)),
        }
        return Call(f"rds:Create{_noun(self.of_cluster)}", about)

    def output(self, reply: Mapping[str, Any]) -> Output:
        return {"name": reply[_noun(self.of_cluster)][_id(self.of_cluster)]}

    def find(self, ctx: Context) -> Query:
        return Query(read_snapshot(self.name(ctx), of_cluster=self.of_cluster), self._ours(ctx))

    def find_again(self, ctx: Context) -> Query:
        return Query(self.all_of_it(), self._ours(ctx))

    def all_of_it(self) -> Call:
        """Return the read of every snapshot of the database (a cluster's can be asked for by its name alone)."""
        name, value = ("db-cluster-id", self.database) if self.of_cluster else ("dbi-resource-id", self.resource_id)
        return Call(f"rds:Describe{_noun(self.of_cluster)}s", {"Filters": [{"Name": name, "Values": [value]}]})

    def _ours(self, ctx: Context) -> Callable[[Mapping[str, Any]], Found | None]:
        def read(reply: Mapping[str, Any]) -> Found | None:
            for s in snapshots_in(reply):
                same = s[_id(self.of_cluster)] == self.name(ctx) and is_ours(s, ctx, self)
                if same and id_of(s) == self.resource_id and s["Status"] != "failed":
                    return Found({"name": s[_id(self.of_cluster)]}, timestamp(s.get("SnapshotCreateTime")))
            return None

        return read

    def needs(self) -> Watch | None:
        return needs_rest(self.resource_id, of_cluster=self.of_cluster)

    def ready(self, out: Output) -> Watch | None:
        return _watch(out["name"], of_cluster=self.of_cluster)

    def orphaned(self) -> tuple[Query, ...]:
        def read(reply: Mapping[str, Any]) -> str:
            return "" if any(status_of(d) != "deleting" for d in databases_in(reply)) else "is gone"

        return (Query(read_database(self.resource_id, of_cluster=self.of_cluster), read),)

    def undo(self) -> Undo:
        return DeleteDbSnapshot(
            key=f"undo:{self.key}",
            phase=Phase.CLEAN,
            lane=self.lane,
            snapshot=Ref(self.key, "name"),
            roles=(self.role,),
            of_cluster=self.of_cluster,
        )

    def seconds(self) -> Seconds:
        return estimate.db_snapshot(self.size)


@dataclass(frozen=True, kw_only=True)
class WarmDbSnapshot(DbSnapshot):
    """The baseline, while the database serves: it makes the last one small."""

    def title(self) -> str:
        return f"take the baseline snapshot of {self.database}"


@dataclass(frozen=True, kw_only=True)
class RenewWarmDbSnapshot(DbSnapshot):
    """After the gate: the warm snapshot again, unless the one at hand is younger than `max_age` seconds."""

    warm: Id
    max_age: int

    looks_first: ClassVar[bool] = True
    at_gate: ClassVar[bool] = True

    def title(self) -> str:
        return f"renew the warm snapshot of {self.database} if it is older than {span(self.max_age)}"

    def find(self, ctx: Context) -> Query:
        """Adopt the warm snapshot while it is young enough: the engine knows what time it is."""

        def read(reply: Mapping[str, Any]) -> Found | None:
            ours = self._ours(ctx)(reply)
            if ours is not None:
                return Found(ours.output, None)
            for s in snapshots_in(reply):
                if s[_id(self.of_cluster)] == self.warm and s["Status"] == "available":
                    return Found({"name": self.warm, "adopted": True}, timestamp(s["SnapshotCreateTime"]), self.max_age)
            return None

        return Query(self.all_of_it(), read)

    def find_again(self, ctx: Context) -> Query:
        return Query(read_snapshot(self.name(ctx), of_cluster=self.of_cluster), self._ours(ctx))

    def fresh(self, out: Output) -> Query:
        """Look at what was made or adopted: a gate that was shut since may have let it grow too old."""

        def read(reply: Mapping[str, Any]) -> Found | None:
            made = [s.get("SnapshotCreateTime") for s in snapshots_in(reply) if s[_id(self.of_cluster)] == out["name"]]
            if made and made[0] is None:
                return Found({})  # it is still being made: its time is told later
            return Found({}, timestamp(made[0]), self.max_age) if made else None

        return Query(self.all_of_it(), read)

    def seconds(self) -> Seconds:
        return estimate.db_last_snapshot(None if self.of_cluster else self.size)  # of Aurora's no size is told


@dataclass(frozen=True, kw_only=True)
class LastDbSnapshot(DbSnapshot):
    """Behind the fence: the last acknowledged write is in it."""

    def title(self) -> str:
        return f"take the last snapshot of {self.database}"

    def seconds(self) -> Seconds:
        return estimate.db_last_snapshot(None if self.of_cluster else self.size)  # of Aurora's no size is told


@dataclass(frozen=True, kw_only=True)
class SafetyDbSnapshot(DbSnapshot):
    """Of a replacement that is put aside, once it has been fenced: every write since bring-up is in it. It stays."""

    role: ClassVar[str] = "safety"

    def title(self) -> str:
        return f"keep the writes since bring-up: snapshot {self.database}"

    def past(self) -> Query:
        """Ask whether somebody has deleted it, or does: answers with what is gone."""

        def read(reply: Mapping[str, Any]) -> str:
            left = [d for d in databases_in(reply) if status_of(d) != "deleting"]
            return "" if left else f"the replacement {self.resource_id}"

        return Query(read_database(self.resource_id, of_cluster=self.of_cluster), read)

    def departed(self) -> Watch:
        def judge(database: Resource) -> Seen:
            seen = gone(database)
            return (
                seen if seen.done or seen.state == "deleting" else replace(seen, stray="its deletion came to nothing")
            )

        return watch(self.resource_id, judge, "gone", of_cluster=self.of_cluster)

    def ready(self, out: Output) -> Watch | None:
        return None  # the point in time is that of the request: the way home does not wait for the rest

    def assured(self) -> Step:
        return AwaitDbSnapshot(
            key=f"await:{self.key}",
            phase=Phase.CLEAN,
            lane=self.lane,
            snapshot=Ref(self.key, "name"),
            of_cluster=self.of_cluster,
        )

    def undo(self) -> Undo:
        return Irreversible("what it keeps is the user's")

    def seconds(self) -> Seconds:
        return estimate.SMALL_CALL


@dataclass(frozen=True, kw_only=True)
class AwaitDbSnapshot(Step):
    """Wait until a snapshot is available: what it keeps is durable from then on."""

    snapshot: Id
    of_cluster: bool = False

    def title(self) -> str:
        return f"wait until {self.snapshot} is available"

    def do(self, ctx: Context) -> Call:
        return Call("local:Observe", {})

    def ready(self, out: Output) -> Watch:
        return _watch(self.snapshot, of_cluster=self.of_cluster)

    def undo(self) -> Undo:
        return Irreversible("it only reads")


@dataclass(frozen=True, kw_only=True)
class DbRestorePoint(DbSnapshot):
    """At the end: a snapshot of the replacement under the key, taken after the cut, before its source goes."""

    role: ClassVar[str] = "restore-point"

    def title(self) -> str:
        return f"see that {self.database} has a snapshot under the key"

    def undo(self) -> Undo:
        return Irreversible("a restore point is the user's")


@dataclass(frozen=True, kw_only=True)
class CopyDbSnapshot(Step):
    """Copy a snapshot of an instance under the key: the one place where an instance is encrypted.

    No field of a copy in the same Region names its source (R-RDS-50): its name and tags are this step's, and
    OriginalSnapshotCreateTime and DbiResourceId are the source's.
    """

    snapshot: Id
    resource_id: Id
    key_arn: str
    key_name: str = ""  # as the user named it, for titles
    option_group: str = ""  # R-RDS-49: persistent options come along only where the group is named
    size: int  # GiB
    extra_tags: Tags = ()

    outputs: ClassVar[tuple[str, ...]] = ("name",)
    quota: ClassVar[str] = "DB snapshot copies"
    role: ClassVar[str] = "copy"

    def title(self) -> str:
        return f"copy {self.snapshot} under {self.key_name or self.key_arn}"

    def name(self, ctx: Context) -> str:
        """Return its deterministic identifier."""
        return name_made(ctx, self.key)

    def do(self, ctx: Context) -> Call:
        params: dict[str, Any] = {
            "SourceDBSnapshotIdentifier": self.snapshot,
            "TargetDBSnapshotIdentifier": self.name(ctx),
            "KmsKeyId": self.key_arn,
            "Tags": as_tags(made_by(ctx, self, self.role, self.extra_tags)),
        }
        if self.option_group:
            params["OptionGroupName"] = self.option_group
        return Call("rds:CopyDBSnapshot", params)

    def output(self, reply: Mapping[str, Any]) -> Output:
        return {"name": reply["DBSnapshot"]["DBSnapshotIdentifier"]}

    def find(self, ctx: Context) -> Query:
        def read(reply: Mapping[str, Any]) -> Found | None:
            for s in snapshots_in(reply):
                same = s["DBSnapshotIdentifier"] == self.name(ctx) and is_ours(s, ctx, self)
                if same and s.get("DbiResourceId") == self.resource_id and s["Status"] != "failed":
                    return Found({"name": s["DBSnapshotIdentifier"]}, timestamp(s.get("SnapshotCreateTime")))
            return None

        return Query(read_snapshot(self.name(ctx)), read)

    def ready(self, out: Output) -> Watch:
        return _watch(out["name"], of_cluster=False, key_arn=self.key_arn)

    def undo(self) -> Undo:
        return DeleteDbSnapshot(
            key=f"undo:{self.key}",
            phase=Phase.CLEAN,
            lane=self.lane,
            snapshot=Ref(self.key, "name"),
            roles=(self.role,),
        )

    def seconds(self) -> Seconds:
        return estimate.db_copy(self.size)


@dataclass(frozen=True, kw_only=True)
class DeleteDbSnapshot(Step):
    """Delete a snapshot of this migration: its name comes from the journal, its role tag must be one of `roles`."""

    snapshot: Id
    roles: tuple[str, ...]
    of_cluster: bool = False

    looks_first: ClassVar[bool] = True

    def title(self) -> str:
        return f"delete {self.snapshot}"

    def needs(self) -> Watch | None:
        """RDS does not delete a snapshot that is still being made; a copy's deletion cancels it, and is not waited for."""

        def settled(snapshot: Mapping[str, Any] | None) -> Seen:
            if snapshot is None:
                return Seen(done=True, state="gone")
            return Seen(done=snapshot["Status"] in ("available", "failed"), state=str(snapshot["Status"]))

        if "copy" in self.roles:
            return None
        return Watch("db-cluster-snapshot" if self.of_cluster else "db-snapshot", self.snapshot, settled, "available")

    def before(self, ctx: Context) -> Query:
        def read(reply: Mapping[str, Any]) -> list[str]:
            return [why for s in snapshots_in(reply) for why in not_ours(s, ctx, self.roles)]

        return Query(read_snapshot(self.snapshot, of_cluster=self.of_cluster), read)

    def do(self, ctx: Context) -> Call:
        return Call(f"rds:Delete{_noun(self.of_cluster)}", {_id(self.of_cluster): self.snapshot})

    def find(self, ctx: Context) -> Query:
        def read(reply: Mapping[str, Any]) -> Found | None:
            return None if snapshots_in(reply) else Found({})

        return Query(read_snapshot(self.snapshot, of_cluster=self.of_cluster), read)

    def undo(self) -> Undo:
        return Irreversible("a deleted snapshot is gone")

    def seconds(self) -> Seconds:
        return estimate.SMALL_CALL
