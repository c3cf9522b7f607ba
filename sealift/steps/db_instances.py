"""DB instances: restored, modified with one meaning each, renamed, rebooted, deleted.

RDS has no client tokens: what is made has a deterministic name and our tags; what is changed is read back.
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
from sealift.steps.db_looks import (
    at_rest,
    databases_in,
    gone,
    id_of,
    name_of,
    not_ours,
    ours_under,
    read_database,
    under_key,
    watch,
    with_no_pending,
)
from sealift.steps.db_snapshots import SafetyDbSnapshot

Groups = tuple[Id, ...]
APPLIED = ("in-sync",)
TAKEN = ("in-sync", "pending-reboot")


def instance_output(described: Mapping[str, Any]) -> Output:
    """Return what later steps name an instance by."""
    return {"DBInstanceIdentifier": name_of(described), "DbiResourceId": id_of(described)}


@dataclass(frozen=True, kw_only=True)
class RestoreInstance(Step):
    """Restore an encrypted copy under a temporary name, born in quarantine and with schedulers off (R-RDS-47).

    `members` is everything that the restore can be told, as compact JSON: AWS's defaults are traps. No field links an
    instance to its snapshot, so that a tag names it.
    """

    snapshot: Id
    groups: Groups
    parameter_group: Id = ""
    members: str
    key_arn: str
    size: int
    extra_tags: Tags = ()

    outputs: ClassVar[tuple[str, ...]] = ("DBInstanceIdentifier", "DbiResourceId")

    def title(self) -> str:
        return f"restore {self.snapshot} in quarantine"

    def name(self, ctx: Context) -> str:
        """Return its temporary identifier."""
        return name_made(ctx, self.key)

    def do(self, ctx: Context) -> Call:
        tags = made_by(ctx, self, "copy", self.extra_tags) | {"sealift:snapshot": str(self.snapshot)}
        params = {
            **json.loads(self.members),
            "DBInstanceIdentifier": self.name(ctx),
            "DBSnapshotIdentifier": self.snapshot,
            "VpcSecurityGroupIds": list(self.groups),
            "Tags": as_tags(tags),
        }
        if self.parameter_group:
            params["DBParameterGroupName"] = self.parameter_group
        return Call("rds:RestoreDBInstanceFromDBSnapshot", params)

    def output(self, reply: Mapping[str, Any]) -> Output:
        return instance_output(reply["DBInstance"])

    def find(self, ctx: Context) -> Query:
        return ours_under(self.name(ctx), ctx, self, instance_output)

    def ready(self, out: Output) -> Watch:
        return watch(
            out["DbiResourceId"], at_rest(under_key(self.key_arn), with_no_pending), "available, under the key"
        )

    def undo(self) -> Undo:
        return self._delete(keeps_backups=False)

    def undo_once_up(self) -> Undo:
        """Return the same, but for its automated backups: it has served."""
        return self._delete(keeps_backups=True)

    def _delete(self, *, keeps_backups: bool) -> Step:
        return DeleteInstance(
            key=f"undo:{self.key}",
            phase=Phase.CLEAN,
            lane=self.lane,
            database=Ref(self.key, "DBInstanceIdentifier"),
            resource_id=Ref(self.key, "DbiResourceId"),
            roles=("copy", "replacement"),
            keeps_backups=keeps_backups,
        )

    def salvage(self) -> Step:
        return SafetyDbSnapshot(
            key=f"safety:{self.key}",
            phase=Phase.RESTORE,
            lane=self.lane,
            database=Ref(self.key, "DBInstanceIdentifier"),
            resource_id=Ref(self.key, "DbiResourceId"),
            size=self.size,
            extra_tags=self.extra_tags,
        )

    def seconds(self) -> Seconds:
        restore, backup = estimate.DB_RESTORE, estimate.DB_FIRST_BACKUP
        if not json.loads(self.members).get("BackupRetentionPeriod"):
            return restore
        return Seconds(restore.expected + backup.expected, restore.worst + backup.worst)


@dataclass(frozen=True, kw_only=True)
class DeleteInstance(Step):
    """Delete an instance of this migration: its ids come from the journal, its role tag must be one of `roles`.

    Without a final snapshot of its own: what is worth keeping has one by then. The automated backups of what has served stay
    until their retention has passed (R-RDS-30); those of a copy that never did go, as retained ones count against a quota
    (botocore rds DBInstanceAutomatedBackupQuotaExceededFault).
    """

    database: Id
    resource_id: Id
    roles: tuple[str, ...]
    final_snapshot: Id = ""
    member: bool = False  # of an Aurora cluster, which has the backups
    keeps_backups: bool = False

    def title(self) -> str:
        return f"delete {self.database}"

    def needs(self) -> Watch | None:
        return watch(self.resource_id, _deletable, "to be deleted")

    def before(self, ctx: Context) -> Query:
        def read(reply: Mapping[str, Any]) -> list[str]:
            wrong = [
                f"{name_of(d)} is protected against deletion" for d in databases_in(reply) if d["DeletionProtection"]
            ]
            return wrong + [why for d in databases_in(reply) for why in not_ours(d, ctx, self.roles)]

        return Query(read_database(self.resource_id), read)

    def do(self, ctx: Context) -> Call:
        about: dict[str, Any] = {"DBInstanceIdentifier": self.database}
        if not self.member:
            about["DeleteAutomatedBackups"] = not self.keeps_backups
        if self.final_snapshot:
            return Call("rds:DeleteDBInstance", {**about, "FinalDBSnapshotIdentifier": self.final_snapshot})
        return Call("rds:DeleteDBInstance", {**about, "SkipFinalSnapshot": True})

    def find(self, ctx: Context) -> Query:
        def read(reply: Mapping[str, Any]) -> Found | None:
            left = [d for d in databases_in(reply) if d.get("DBInstanceStatus") != "deleting"]
            return None if left else Found({})

        return Query(read_database(self.resource_id), read)

    def ready(self, out: Output) -> Watch | None:
        return watch(self.resource_id, gone, "gone")

    def undo(self) -> Undo:
        return Irreversible("a deleted database is gone")

    def seconds(self) -> Seconds:
        return estimate.DB_DELETE


def _deletable(database: Mapping[str, Any] | None) -> Seen:
    if database is None:
        return Seen(done=True, state="gone")
    state = str(database.get("DBInstanceStatus"))
    busy = ("creating", "renaming", "rebooting", "modifying", "backing-up", "starting", "stopping")
    return Seen(done=state not in busy, state=state)
