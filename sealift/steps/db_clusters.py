"""DB clusters: restored under the key, given their members, deleted. Reboots and changes are where those of instances are.

This restore is what encrypts a cluster: CopyDBClusterSnapshot with a key on a plain snapshot is an error (botocore rds).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from sealift import estimate
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
    made_by,
    name_made,
)
from sealift.steps.db_instances import DeleteInstance, instance_output
from sealift.steps.db_looks import (
    at_rest,
    databases_in,
    gone,
    id_of,
    name_of,
    needs_rest,
    not_ours,
    ours_under,
    read_database,
    status_of,
    under_key,
    watch,
    with_no_pending,
)
from sealift.steps.db_snapshots import SafetyDbSnapshot


def cluster_output(described: Mapping[str, Any]) -> Output:
    """Return what later steps name a cluster by."""
    return {"DBClusterIdentifier": name_of(described), "DbClusterResourceId": id_of(described)}


@dataclass(frozen=True, kw_only=True)
class RestoreCluster(Step):
    """Restore a plain snapshot under the key and a temporary name, born in quarantine and with schedulers off.

    `members` is everything that the restore can be told, as compact JSON, the version above all: its default is that of the
    Region (R-RDS-46). A cluster of Aurora comes without instances; a Multi-AZ DB cluster brings its own (SB-AUR-03).
    """

    snapshot: Id
    groups: tuple[Id, ...]
    parameter_group: Id
    members: str
    key_arn: str
    key_name: str = ""  # as the user named it, for titles
    size: int
    extra_tags: Tags = ()

    outputs: ClassVar[tuple[str, ...]] = ("DBClusterIdentifier", "DbClusterResourceId")

    def title(self) -> str:
        return f"restore {self.snapshot} under {self.key_name or self.key_arn}, in quarantine"

    def name(self, ctx: Context) -> str:
        """Return its temporary identifier."""
        return name_made(ctx, self.key)

    def do(self, ctx: Context) -> Call:
        tags = made_by(ctx, self, "copy", self.extra_tags) | {"sealift:snapshot": str(self.snapshot)}
        params = {
            **json.loads(self.members),
            "DBClusterIdentifier": self.name(ctx),
            "SnapshotIdentifier": self.snapshot,
            "KmsKeyId": self.key_arn,
            "VpcSecurityGroupIds": list(self.groups),
            "DBClusterParameterGroupName": self.parameter_group,
            "Tags": as_tags(tags),
        }
        return Call("rds:RestoreDBClusterFromSnapshot", params)

    def output(self, reply: Mapping[str, Any]) -> Output:
        return cluster_output(reply["DBCluster"])

    def find(self, ctx: Context) -> Query:
        return ours_under(self.name(ctx), ctx, self, cluster_output, of_cluster=True)

    def ready(self, out: Output) -> Watch:
        judge = at_rest(under_key(self.key_arn), with_no_pending)
        return watch(out["DbClusterResourceId"], judge, "available, under the key", of_cluster=True)

    def undo(self) -> Undo:
        return self._delete(keeps_backups=False)

    def undo_once_up(self) -> Undo:
        """Return the same, but for its automated backups: it has served."""
        return self._delete(keeps_backups=True)

    def _delete(self, *, keeps_backups: bool) -> Step:
        return DeleteCluster(
            key=f"undo:{self.key}",
            phase=Phase.CLEAN,
            lane=self.lane,
            database=Ref(self.key, "DBClusterIdentifier"),
            resource_id=Ref(self.key, "DbClusterResourceId"),
            roles=("copy", "replacement"),
            keeps_backups=keeps_backups,
        )

    def salvage(self) -> Step:
        return SafetyDbSnapshot(
            key=f"safety:{self.key}",
            phase=Phase.RESTORE,
            lane=self.lane,
            database=Ref(self.key, "DBClusterIdentifier"),
            resource_id=Ref(self.key, "DbClusterResourceId"),
            size=self.size,
            extra_tags=self.extra_tags,
            of_cluster=True,
        )

    def seconds(self) -> Seconds:
        return estimate.CLUSTER_RESTORE


@dataclass(frozen=True, kw_only=True)
class CreateMember(Step):
    """Make an instance of a restored Aurora cluster, the writer before the others; `members` as compact JSON."""

    cluster: Id
    stands_for: str
    members: str
    extra_tags: Tags = ()

    outputs: ClassVar[tuple[str, ...]] = ("DBInstanceIdentifier", "DbiResourceId")

    def title(self) -> str:
        return f"make the instance that stands for {self.stands_for}"

    def name(self, ctx: Context) -> str:
        """Return its temporary identifier."""
        return name_made(ctx, self.key)

    def lives_with(self) -> Id:
        return self.cluster

    def do(self, ctx: Context) -> Call:
        return Call(
            "rds:CreateDBInstance",
            {
                **json.loads(self.members),
                "DBInstanceIdentifier": self.name(ctx),
                "DBClusterIdentifier": self.cluster,
                "Tags": as_tags(made_by(ctx, self, "copy", self.extra_tags)),
            },
        )

    def output(self, reply: Mapping[str, Any]) -> Output:
        return instance_output(reply["DBInstance"])

    def find(self, ctx: Context) -> Query:
        return ours_under(self.name(ctx), ctx, self, instance_output)

    def ready(self, out: Output) -> Watch:
        return watch(out["DbiResourceId"], at_rest(with_no_pending), "available")

    def undo(self) -> Undo:
        return DeleteInstance(
            key=f"undo:{self.key}",
            phase=Phase.CLEAN,
            lane=self.lane,
            database=Ref(self.key, "DBInstanceIdentifier"),
            resource_id=Ref(self.key, "DbiResourceId"),
            roles=("copy", "replacement"),
            member=True,
        )

    def seconds(self) -> Seconds:
        return estimate.MEMBER_CREATE


@dataclass(frozen=True, kw_only=True)
class DeleteCluster(Step):
    """Delete a cluster of this migration: its ids come from the journal, its role tag must be one of `roles`.

    Aurora's is empty by then (SB-AUR-04); a Multi-AZ DB cluster goes with its instances. The automated backups of what
    has served stay until their retention has passed; those of a copy that never did go (R-RDS-30).
    """

    database: Id
    resource_id: Id
    roles: tuple[str, ...]
    keeps_backups: bool = False

    def title(self) -> str:
        return f"delete {self.database}"

    def needs(self) -> Watch | None:
        return watch(self.resource_id, _deletable, "to be deleted", of_cluster=True)

    def before(self, ctx: Context) -> Query:
        def read(reply: Mapping[str, Any]) -> list[str]:
            found = databases_in(reply)
            wrong = [f"{name_of(d)} is protected against deletion" for d in found if d["DeletionProtection"]]
            return wrong + [why for d in found for why in not_ours(d, ctx, self.roles)]

        return Query(read_database(self.resource_id, of_cluster=True), read)

    def do(self, ctx: Context) -> Call:
        params = {
            "DBClusterIdentifier": self.database,
            "SkipFinalSnapshot": True,
            "DeleteAutomatedBackups": not self.keeps_backups,
        }
        return Call("rds:DeleteDBCluster", params)

    def find(self, ctx: Context) -> Query:
        def read(reply: Mapping[str, Any]) -> Found | None:
            left = [d for d in databases_in(reply) if status_of(d) != "deleting"]
            return None if left else Found({})

        return Query(read_database(self.resource_id, of_cluster=True), read)

    def ready(self, out: Output) -> Watch | None:
        return watch(self.resource_id, gone, "gone", of_cluster=True)

    def undo(self) -> Undo:
        return Irreversible("a deleted cluster is gone")

    def seconds(self) -> Seconds:
        return estimate.DB_DELETE


def _deletable(cluster: Mapping[str, Any] | None) -> Seen:
    if cluster is None:
        return Seen(done=True, state="gone")
    state = status_of(cluster)
    busy = ("creating", "renaming", "rebooting", "modifying", "backing-up", "starting", "stopping", "failing-over")
    return Seen(done=state not in busy, state=state)


@dataclass(frozen=True, kw_only=True)
class SetDataApi(Step):
    """Turn the Data API on or off: a way in that no security group stops (docs/architecture.md, Fence)."""

    database: Id
    arn: Id
    resource_id: Id
    on: bool
    former: bool = True

    def title(self) -> str:
        return f"turn the Data API {'on' if self.on else 'off'} for {self.database}"

    def do(self, ctx: Context) -> Call:
        return Call(f"rds:{'Enable' if self.on else 'Disable'}HttpEndpoint", {"ResourceArn": self.arn})

    def find(self, ctx: Context) -> Query:
        def read(reply: Mapping[str, Any]) -> Found | None:
            return Found({}) if self._so(reply) else None

        return Query(read_database(self.resource_id, of_cluster=True), read)

    def _so(self, reply: Mapping[str, Any]) -> bool:
        found = databases_in(reply)
        return bool(found) and all(bool(d["HttpEndpointEnabled"]) is self.on for d in found)

    def needs(self) -> Watch | None:
        return needs_rest(self.resource_id, of_cluster=True)

    def ready(self, out: Output) -> Watch:
        def judge(cluster: Mapping[str, Any] | None) -> Seen:
            now = None if cluster is None else bool(cluster["HttpEndpointEnabled"])
            return Seen(
                done=now is self.on, state="absent" if now is None else f"the Data API is {'on' if now else 'off'}"
            )

        return watch(self.resource_id, judge, "so", of_cluster=True)

    def undo(self) -> Undo:
        if self.former == self.on:
            return Irreversible("it was so before")
        return SetDataApi(
            key=f"undo:{self.key}",
            phase=Phase.RESTORE,
            lane=self.lane,
            database=self.database,
            arn=self.arn,
            resource_id=self.resource_id,
            on=self.former,
            former=self.former,
        )

    def seconds(self) -> Seconds:
        return estimate.SMALL_CALL


@dataclass(frozen=True, kw_only=True)
class LetInByDataApi(SetDataApi):
    """Turn the Data API on for a replacement that serves others already: who comes in that way gets nothing until then."""

    interrupts: ClassVar[bool] = True
    lets_in: ClassVar[bool] = True
