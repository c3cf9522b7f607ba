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
    token,
)
from sealift.steps.db_looks import (
    at_rest,
    databases_in,
    gone,
    grouped,
    id_of,
    name_of,
    named,
    needs_rest,
    not_ours,
    ours_under,
    read_database,
    under_key,
    watch,
    with_no_pending,
    with_parameters,
)
from sealift.steps.db_snapshots import SafetyDbSnapshot

Groups = tuple[Id, ...]
APPLIED = ("in-sync",)
TAKEN = ("in-sync", "pending-reboot")


def instance_output(described: Mapping[str, Any]) -> Output:
    """Return what later steps name an instance by."""
    return {"DBInstanceIdentifier": name_of(described), "DbiResourceId": id_of(described)}


def still(resource_id: Any, name: Any, *, of_cluster: bool = False) -> Query:
    """Ask whether the name still is that of this very database: somebody may have renamed or replaced it."""

    def read(reply: Mapping[str, Any]) -> list[str]:
        found = [d for d in databases_in(reply) if id_of(d) == resource_id]
        if not found:
            return [f"{name} ({resource_id}) is gone"]
        has = name_of(found[0])
        return [] if has == str(name).lower() else [f"{resource_id} is named {has}, not {name}: somebody renamed it"]

    return Query(read_database(resource_id, of_cluster=of_cluster), read)


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
        return f"sealift-{token(ctx, self)[:24]}"

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
        return DeleteInstance(
            key=f"undo:{self.key}",
            phase=Phase.CLEAN,
            lane=self.lane,
            database=Ref(self.key, "DBInstanceIdentifier"),
            resource_id=Ref(self.key, "DbiResourceId"),
            roles=("copy", "replacement"),
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
        return estimate.DB_RESTORE


@dataclass(frozen=True, kw_only=True)
class ModifyInstance(Step):
    """ModifyDBInstance, applied immediately: nothing else is pending, else a rule has refused (R-RDS-13)."""

    database: Id
    resource_id: Id

    def members(self) -> dict[str, Any]:
        """Return what is changed."""
        raise NotImplementedError

    def do(self, ctx: Context) -> Call:
        return Call(
            "rds:ModifyDBInstance",
            {"DBInstanceIdentifier": self.database, **self.members(), "ApplyImmediately": True},
        )

    def before(self, ctx: Context) -> Query:
        return still(self.resource_id, self.database)

    def needs(self) -> Watch | None:
        return needs_rest(self.resource_id)

    def seconds(self) -> Seconds:
        return estimate.SMALL_CALL


@dataclass(frozen=True, kw_only=True)
class FenceInstance(ModifyInstance):
    """Put an instance into quarantine, and give it the quiet parameter group, which a reboot will apply (R-RDS-42)."""

    quarantine: Id
    groups: Groups  # its own
    parameter_group: str  # its own
    quiet: Id = ""

    takes_down: ClassVar[bool] = True

    def title(self) -> str:
        return f"put {self.database} into quarantine"

    def members(self) -> dict[str, Any]:
        """Return the quarantine, and the quiet parameters."""
        quiet = {"DBParameterGroupName": self.quiet} if self.quiet else {}
        return {"VpcSecurityGroupIds": [self.quarantine], **quiet}

    def ready(self, out: Output) -> Watch:
        wanted = [grouped([self.quarantine]), with_no_pending]
        wanted += [with_parameters(self.quiet, *TAKEN)] if self.quiet else []
        return watch(self.resource_id, at_rest(*wanted), "in quarantine")

    def undo(self) -> Undo:
        about: dict[str, Any] = {"lane": self.lane, "database": self.database, "resource_id": self.resource_id}
        back = GiveOwnGroups(
            key=f"undo:{self.key}",
            phase=Phase.RESTORE,
            groups=self.groups,
            parameter_group=self.parameter_group,
            quarantine=self.quarantine,
            quiet=self.quiet,
            **about,
        )
        if not self.quiet:
            return back
        reboot = RebootInstance(
            key=f"undo:{self.key}:reboot",
            phase=Phase.RESTORE,
            parameter_group=self.parameter_group,
            **about,
        )
        return back, reboot

    def seconds(self) -> Seconds:
        return estimate.DB_PARAMETERS if self.quiet else estimate.SMALL_CALL


@dataclass(frozen=True, kw_only=True)
class GiveOwnGroups(ModifyInstance):
    """Let clients in: the security groups and the parameter group that are the database's own. On a replacement this is
    bring-up.
    """

    groups: Groups
    parameter_group: str
    quarantine: Id
    quiet: Id = ""
    interfaces: int = 1

    def title(self) -> str:
        return f"give {self.database} its own groups"

    def members(self) -> dict[str, Any]:
        """Return the security groups and the parameter group that are its own."""
        own = {"DBParameterGroupName": self.parameter_group} if self.quiet else {}
        return {"VpcSecurityGroupIds": list(self.groups), **own}

    def ready(self, out: Output) -> Watch:
        wanted = [grouped(self.groups), with_no_pending]
        wanted += [with_parameters(self.parameter_group, *TAKEN)] if self.quiet else []
        return watch(self.resource_id, at_rest(*wanted), "in its own groups")

    def find(self, ctx: Context) -> Query:
        def read(reply: Mapping[str, Any]) -> Found | None:
            return Found({}) if any(not grouped(self.groups)(d) for d in databases_in(reply)) else None

        return Query(read_database(self.resource_id), read)

    def trace(self, ctx: Context) -> Query:
        """Answer with nothing left only where it is in quarantine still: then no client can have been on it."""

        def read(reply: Mapping[str, Any]) -> dict[str, str] | None:
            found = databases_in(reply)
            return {} if found and all(not grouped([self.quarantine])(d) for d in found) else None

        return Query(read_database(self.resource_id), read)

    def undo(self) -> Undo:
        """Return the fence anew: clients are on it, so that connections are ended and quiet is proved again."""
        if self.phase is Phase.RESTORE:
            return Irreversible("the source serves again")
        from sealift.steps.fences import AwaitQuarantine, ProveQuiet  # noqa: PLC0415

        about: dict[str, Any] = {"phase": Phase.RESTORE, "lane": self.lane}
        these: dict[str, Any] = {"database": self.database, "resource_id": self.resource_id}
        fence = FenceInstance(
            key=f"undo:{self.key}",
            quarantine=self.quarantine,
            groups=self.groups,
            parameter_group=self.parameter_group,
            quiet=self.quiet,
            **about,
            **these,
        )
        carried = AwaitQuarantine(
            key=f"undo:{self.key}:carried",
            group=self.quarantine,
            interfaces=self.interfaces,
            **about,
        )
        reboot = RebootInstance(
            key=f"undo:{self.key}:reboot",
            parameter_group=self.quiet or self.parameter_group,
            **about,
            **these,
        )
        proof = ProveQuiet(
            key=f"undo:{self.key}:proof",
            databases=(self.database,),
            **about,
        )
        return fence, carried, reboot, proof

    def seconds(self) -> Seconds:
        return estimate.DB_PARAMETERS if self.quiet else estimate.SMALL_CALL


@dataclass(frozen=True, kw_only=True)
class SetAttributes(ModifyInstance):
    """Set what a restore cannot be told (facts by field: `modify after`); compact JSON."""

    settings: str

    def title(self) -> str:
        return f"set on {self.database} what a restore cannot: {', '.join(sorted(json.loads(self.settings)))}"

    def members(self) -> dict[str, Any]:
        """Return what a restore cannot be told."""
        return dict(json.loads(self.settings))

    def ready(self, out: Output) -> Watch:
        return watch(self.resource_id, at_rest(self._lacking, with_no_pending), "as its source was")

    def _lacking(self, database: Mapping[str, Any]) -> str:
        # Members are named in the reply as in the request, but for "Enable…" switches, which the comparison reads.
        said = {k: v for k, v in json.loads(self.settings).items() if k in database}
        late = sorted(k for k, v in said.items() if not isinstance(v, str) and database[k] != v)
        return f"not yet set: {', '.join(late)}" if late else ""

    def undo(self) -> Undo:
        return Irreversible("the settings go with the replacement")

    def seconds(self) -> Seconds:
        return estimate.DB_MODIFY


@dataclass(frozen=True, kw_only=True)
class ManagePassword(ModifyInstance):
    """Let RDS manage the master password of the replacement: a new secret, under the key (R-RDS-17)."""

    key_arn: str

    outputs: ClassVar[tuple[str, ...]] = ()

    def title(self) -> str:
        return f"have RDS manage the master password of {self.database} in a secret of its own"

    def members(self) -> dict[str, Any]:
        """Return the switch, and the key of the secret."""
        return {"ManageMasterUserPassword": True, "MasterUserSecretKmsKeyId": self.key_arn}

    def find(self, ctx: Context) -> Query:
        def read(reply: Mapping[str, Any]) -> Found | None:
            return Found({}) if any(d.get("MasterUserSecret") for d in databases_in(reply)) else None

        return Query(read_database(self.resource_id), read)

    def ready(self, out: Output) -> Watch:
        return watch(self.resource_id, at_rest(_secret_active, with_no_pending), "its secret active")

    def undo(self) -> Undo:
        return Irreversible("the secret goes with the replacement")

    def seconds(self) -> Seconds:
        return estimate.DB_SECRET


def _secret_active(database: Mapping[str, Any]) -> str:
    state = (database.get("MasterUserSecret") or {}).get("SecretStatus", "not there")
    return "" if state == "active" else f"its secret is {state}"


@dataclass(frozen=True, kw_only=True)
class Protect(ModifyInstance):
    """Turn DeletionProtection on or off."""

    on: bool
    former: bool = True
    back: Id = ""  # what it is named again when the way back comes here

    def title(self) -> str:
        return f"turn deletion protection {'on' if self.on else 'off'} for {self.database}"

    def members(self) -> dict[str, Any]:
        """Return the switch."""
        return {"DeletionProtection": self.on}

    def ready(self, out: Output) -> Watch:
        def want(database: Mapping[str, Any]) -> str:
            return "" if bool(database.get("DeletionProtection")) is self.on else "protection not yet changed"

        return watch(self.resource_id, at_rest(want), "its protection changed")

    def undo(self) -> Undo:
        if self.former == self.on:
            return Irreversible("it was so before")
        return Protect(
            key=f"undo:{self.key}",
            phase=Phase.CLEAN,
            lane=self.lane,
            database=self.back or self.database,
            resource_id=self.resource_id,
            on=self.former,
            former=self.former,
        )


@dataclass(frozen=True, kw_only=True)
class RenameInstance(Step):
    """Give an instance another name; it reboots, and the old name is free when nothing bears it (R-RDS-28, R-RDS-29)."""

    database: Id
    resource_id: Id
    to: Id

    def title(self) -> str:
        return f"rename {self.database} to {self.to}"

    def do(self, ctx: Context) -> Call:
        return Call(
            "rds:ModifyDBInstance",
            {"DBInstanceIdentifier": self.database, "NewDBInstanceIdentifier": self.to, "ApplyImmediately": True},
        )

    def before(self, ctx: Context) -> Query:
        return still(self.resource_id, self.database)

    def find(self, ctx: Context) -> Query:
        def read(reply: Mapping[str, Any]) -> Found | None:
            return Found({}) if any(name_of(d) == str(self.to).lower() for d in databases_in(reply)) else None

        return Query(read_database(self.resource_id), read)

    def needs(self) -> Watch | None:
        return needs_rest(self.resource_id)

    def ready(self, out: Output) -> Watch:
        return watch(self.resource_id, at_rest(named(self.to)), f"named {self.to}")

    def undo(self) -> Undo:
        if self.phase is Phase.RESTORE:
            return Irreversible("it has its name again")
        return RenameInstance(
            key=f"undo:{self.key}",
            phase=Phase.RESTORE,
            lane=self.lane,
            database=self.to,
            resource_id=self.resource_id,
            to=self.database,
        )

    def seconds(self) -> Seconds:
        return estimate.DB_RENAME


@dataclass(frozen=True, kw_only=True)
class RebootInstance(Step):
    """Reboot: connections outlive a change of groups, and parameters of a group wait for it (SB-RDS-21, R-RDS-42).

    A reboot that was not there before is told by the parameter group: it is `in-sync` afterwards.
    """

    database: Id
    resource_id: Id
    parameter_group: Id

    def title(self) -> str:
        return f"reboot {self.database}"

    def do(self, ctx: Context) -> Call:
        return Call("rds:RebootDBInstance", {"DBInstanceIdentifier": self.database})

    def needs(self) -> Watch | None:
        return needs_rest(self.resource_id)

    def ready(self, out: Output) -> Watch:
        return watch(self.resource_id, at_rest(with_parameters(self.parameter_group, *APPLIED)), "rebooted")

    def undo(self) -> Undo:
        return Irreversible("a reboot leaves nothing behind")

    def seconds(self) -> Seconds:
        return estimate.DB_REBOOT


@dataclass(frozen=True, kw_only=True)
class ApplyOwnParameters(RebootInstance):
    """Reboot a replacement once more: its own parameters wait for that, its jobs among them. Clients are on it already."""

    interrupts: ClassVar[bool] = True

    def title(self) -> str:
        return f"reboot {self.database} into its own parameters"


@dataclass(frozen=True, kw_only=True)
class DeleteInstance(Step):
    """Delete an instance of this migration: its ids come from the journal, its role tag must be one of `roles`.

    Without a final snapshot of its own: what is worth keeping has one by then. Its automated backups stay (R-RDS-30).
    """

    database: Id
    resource_id: Id
    roles: tuple[str, ...]
    final_snapshot: Id = ""

    def title(self) -> str:
        return f"delete {self.database}"

    def needs(self) -> Watch | None:
        return watch(self.resource_id, _deletable, "to be deleted")

    def before(self, ctx: Context) -> Query:
        def read(reply: Mapping[str, Any]) -> list[str]:
            wrong = [
                f"{name_of(d)} is protected against deletion"
                for d in databases_in(reply)
                if d.get("DeletionProtection")
            ]
            return wrong + [why for d in databases_in(reply) for why in not_ours(d, ctx, self.roles)]

        return Query(read_database(self.resource_id), read)

    def do(self, ctx: Context) -> Call:
        about: dict[str, Any] = {"DBInstanceIdentifier": self.database, "DeleteAutomatedBackups": False}
        if self.final_snapshot:
            return Call("rds:DeleteDBInstance", {**about, "FinalDBSnapshotIdentifier": self.final_snapshot})
        return Call("rds:DeleteDBInstance", {**about, "SkipFinalSnapshot": True})

    def find(self, ctx: Context) -> Query:
        def read(reply: Mapping[str, Any]) -> Found | None:
            left = [d for d in databases_in(reply) if d.get("DBInstanceStatus") != "deleting"]
            return None if left else Found({})

        return Query(read_database(self.resource_id), read)

    def ready(self, out: Output) -> Watch:
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
