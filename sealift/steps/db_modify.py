"""Modify a database, with one meaning each: fence, own groups, settings, password, protection, name.

RDS has no client tokens: what is changed is read back. An instance and a cluster are told the same, by calls of their own.
"""

import json
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from sealift import estimate
from sealift.fields import drawn
from sealift.fields.cluster import CLUSTER
from sealift.fields.instance import INSTANCE
from sealift.plain import plain
from sealift.step import Call, Context, Found, Id, Irreversible, Output, Phase, Query, Seconds, Seen, Step, Undo, Watch
from sealift.steps.db_looks import (
    RESTING,
    Resource,
    Wanted,
    at_rest,
    came_to_read,
    cluster_with_parameters,
    databases_in,
    grouped,
    groups_of,
    id_of,
    name_of,
    named,
    needs_rest,
    read_database,
    status_of,
    watch,
    with_no_pending,
    with_parameters,
)
from sealift.steps.db_reboots import Members, reboots

Groups = tuple[Id, ...]
TAKEN = ("in-sync", "pending-reboot")
NOTED = frozenset({
    "AutoMinorVersionUpgrade", "EngineLifecycleSupport", "MaxAllocatedStorage", "PreferredBackupWindow",
    "PreferredMaintenanceWindow",
})  # fmt: skip
"""Settings that RDS notes down, without a database that is `modifying`."""
BORN_WITH = {"BackupRetentionPeriod": 0, "DatabaseInsightsMode": "standard"}
"""What a replica or a restored cluster has anyway: told so, nothing changes."""


def still(resource_id: Any, name: Any, *, of_cluster: bool = False) -> Query:
    """Ask whether the name still is that of this very database: somebody may have renamed or replaced it."""

    def read(reply: Mapping[str, Any]) -> list[str]:
        found = [d for d in databases_in(reply) if id_of(d) == resource_id]
        if not found:
            return [f"{name} ({resource_id}) is gone"]
        has = name_of(found[0])
        return [] if has == str(name).lower() else [f"{resource_id} is named {has}, not {name}: somebody renamed it"]

    return Query(read_database(resource_id, of_cluster=of_cluster), read)


def _modify(database: Id, members: Mapping[str, Any], *, of_cluster: bool) -> Call:
    noun = "DBCluster" if of_cluster else "DBInstance"
    return Call(f"rds:Modify{noun}", {f"{noun}Identifier": database, **members, "ApplyImmediately": True})


@dataclass(frozen=True, kw_only=True)
class ModifyDatabase(Step):
    """ModifyDBInstance or ModifyDBCluster, applied immediately: nothing else is pending, else a rule has refused (R-RDS-13)."""

    database: Id
    resource_id: Id
    of_cluster: bool = False

    @abstractmethod
    def members(self) -> dict[str, Any]:
        """Return what is changed."""

    def do(self, ctx: Context) -> Call:
        return _modify(self.database, self.members(), of_cluster=self.of_cluster)

    def before(self, ctx: Context) -> Query:
        return still(self.resource_id, self.database, of_cluster=self.of_cluster)

    def needs(self) -> Watch | None:
        return needs_rest(self.resource_id, of_cluster=self.of_cluster)

    def read(self) -> Call:
        """Return the read of it, whatever its name."""
        return read_database(self.resource_id, of_cluster=self.of_cluster)

    def until(self, want: str, *wanted: Wanted) -> Watch:
        """Return the wait until it rests as wanted."""
        return watch(self.resource_id, at_rest(*wanted), want, of_cluster=self.of_cluster)

    def told_parameters(self, group: Id) -> dict[str, Any]:
        """Return the member that gives it a parameter group."""
        return {"DBClusterParameterGroupName" if self.of_cluster else "DBParameterGroupName": group}

    def with_group(self, group: Id) -> Wanted:
        """Want it to name a parameter group, which a reboot applies."""
        return cluster_with_parameters(group) if self.of_cluster else with_parameters(group, *TAKEN)

    def seconds(self) -> Seconds:
        return estimate.SMALL_CALL


@dataclass(frozen=True, kw_only=True)
class Grouping(ModifyDatabase):
    """Give a database security groups and a parameter group, which its reboots apply."""

    groups: Groups  # its own
    parameter_group: str  # its own
    quarantine: Id
    quiet: Id = ""
    instances: Members = ()  # of an Aurora cluster

    def rebooted(self, key: str, parameter_group: Id) -> tuple[Step, ...]:
        """Return the reboots of the way back."""
        return reboots(
            key,
            self.database,
            self.resource_id,
            parameter_group,
            of_cluster=self.of_cluster,
            members=self.instances,
            phase=Phase.RESTORE,
            lane=self.lane,
        )

    def seconds(self) -> Seconds:
        if not self.quiet:
            return estimate.SMALL_CALL
        return estimate.DB_CLUSTER_PARAMETERS if self.of_cluster else estimate.DB_PARAMETERS


@dataclass(frozen=True, kw_only=True)
class FenceDatabase(Grouping):
    """Put an instance into quarantine, and give it the quiet parameter group, which a reboot will apply (R-RDS-42)."""

    takes_down: ClassVar[bool] = True
    fences: ClassVar[bool] = True

    def title(self) -> str:
        return f"put {self.database} into quarantine"

    def members(self) -> dict[str, Any]:
        """Return the quarantine, and the quiet parameters."""
        quiet = self.told_parameters(self.quiet) if self.quiet else {}
        return {"VpcSecurityGroupIds": [self.quarantine], **quiet}

    def ready(self, out: Output) -> Watch:
        wanted = [grouped([self.quarantine]), with_no_pending]
        wanted += [self.with_group(self.quiet)] if self.quiet else []
        return self.until("in quarantine", *wanted)

    def undo(self) -> Undo:
        back = GiveOwnGroups(
            key=f"undo:{self.key}",
            phase=Phase.RESTORE,
            groups=self.groups,
            parameter_group=self.parameter_group,
            quarantine=self.quarantine,
            quiet=self.quiet,
            lane=self.lane,
            database=self.database,
            resource_id=self.resource_id,
            of_cluster=self.of_cluster,
            instances=self.instances,
        )
        return (back, *self.rebooted(f"undo:{self.key}:reboot", self.parameter_group)) if self.quiet else back


@dataclass(frozen=True, kw_only=True)
class GiveOwnGroups(Grouping):
    """Let clients in: the security groups and the parameter group that are the database's own. On a replacement this is
    bring-up.
    """

    interfaces: int = 1

    def title(self) -> str:
        return f"give {self.database} its own groups"

    def members(self) -> dict[str, Any]:
        """Return the security groups and the parameter group that are its own."""
        own = self.told_parameters(self.parameter_group) if self.quiet else {}
        return {"VpcSecurityGroupIds": list(self.groups), **own}

    def ready(self, out: Output) -> Watch:
        wanted = [grouped(self.groups), with_no_pending]
        wanted += [self.with_group(self.parameter_group)] if self.quiet else []
        return self.until("in its own groups", *wanted)

    def find(self, ctx: Context) -> Query:
        def read(reply: Mapping[str, Any]) -> Found | None:
            return Found({}) if any(not grouped(self.groups)(d) for d in databases_in(reply)) else None

        return Query(self.read(), read)

    def started(self, ctx: Context) -> Query:
        def read(reply: Mapping[str, Any]) -> list[str]:
            open_ = [d for d in databases_in(reply) if groups_of(d) != {str(self.quarantine)}]
            return [f"{name_of(d)} is in {', '.join(sorted(groups_of(d)))}: somebody has let clients in" for d in open_]

        return Query(self.read(), read)

    def trace(self, ctx: Context) -> Query:
        """Answer with nothing left only where it is in quarantine still: then no client can have been on it."""

        def read(reply: Mapping[str, Any]) -> dict[str, str] | None:
            found = databases_in(reply)
            fenced = found and all(not grouped([self.quarantine])(d) for d in found)
            return {"quarantine": str(self.quarantine)} if fenced else None

        return Query(self.read(), read)

    def undo(self) -> Undo:
        """Return the fence anew: clients are on it, so that connections are ended and quiet is proved again."""
        if self.phase is Phase.RESTORE:
            return Irreversible("the source serves again")
        from sealift.steps.fences import AwaitQuarantine, ProveQuiet  # noqa: PLC0415

        about: dict[str, Any] = {"phase": Phase.RESTORE, "lane": self.lane}
        fence = FenceDatabase(
            key=f"undo:{self.key}",
            quarantine=self.quarantine,
            groups=self.groups,
            parameter_group=self.parameter_group,
            quiet=self.quiet,
            database=self.database,
            resource_id=self.resource_id,
            of_cluster=self.of_cluster,
            instances=self.instances,
            **about,
        )
        carried = AwaitQuarantine(
            key=f"undo:{self.key}:carried",
            group=self.quarantine,
            interfaces=self.interfaces,
            databases=(self.resource_id,),
            of_cluster=self.of_cluster,
            **about,
        )
        reboot = self.rebooted(f"undo:{self.key}:reboot", self.quiet or self.parameter_group)
        whole: dict[str, Any] = {"resource_id": self.resource_id, "of_cluster": True} if self.of_cluster else {}
        proof = ProveQuiet(key=f"undo:{self.key}:proof", databases=(self.database,), **whole, **about)
        return fence, carried, *reboot, proof


@dataclass(frozen=True, kw_only=True)
class GiveParameters(ModifyDatabase):
    """Give a new replica a parameter group that its creation cannot be told (SB-RDS-64); a reboot applies it."""

    parameter_group: str

    def title(self) -> str:
        return f"give {self.database} the parameter group {self.parameter_group}"

    def members(self) -> dict[str, Any]:
        """Return the parameter group."""
        return self.told_parameters(self.parameter_group)

    def ready(self, out: Output) -> Watch:
        return self.until("with its parameter group", self.with_group(self.parameter_group), with_no_pending)

    def undo(self) -> Undo:
        return Irreversible("it goes with the replica")

    def seconds(self) -> Seconds:
        return estimate.DB_PARAMETERS


@dataclass(frozen=True, kw_only=True)
class SetAttributes(ModifyDatabase):
    """Set what a restore cannot be told (facts by field: `modify after`); compact JSON."""

    settings: str

    def title(self) -> str:
        return f"set on {self.database} what a restore cannot: {', '.join(sorted(json.loads(self.settings)))}"

    def members(self) -> dict[str, Any]:
        """Return what a restore cannot be told."""
        return dict(json.loads(self.settings))

    def ready(self, out: Output) -> Watch:
        judge = at_rest(self._lacking, with_no_pending)
        deadline = estimate.DB_MODIFY.worst
        return watch(self.resource_id, judge, "as its source was", of_cluster=self.of_cluster, deadline=deadline)

    def _lacking(self, database: Mapping[str, Any]) -> str:
        """Draw from it what was drawn from its source: the status is that of before for a while."""
        told = json.loads(self.settings)
        now = drawn(CLUSTER if self.of_cluster else INSTANCE, plain(database), told)
        late = sorted(k for k, v in now.items() if v != told[k])
        return f"not yet set: {', '.join(late)}" if late else ""

    def undo(self) -> Undo:
        return Irreversible("the settings go with the replacement")

    def seconds(self) -> Seconds:
        told = json.loads(self.settings)
        loud = [k for k, v in told.items() if k not in NOTED and v != BORN_WITH.get(k)]
        return estimate.DB_MODIFY if loud else estimate.DB_NOTED


@dataclass(frozen=True, kw_only=True)
class ManagePassword(ModifyDatabase):
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

        return Query(self.read(), read)

    def ready(self, out: Output) -> Watch:
        return self.until("its secret active", _secret_active, with_no_pending)

    def undo(self) -> Undo:
        return Irreversible("the secret goes with the replacement")

    def seconds(self) -> Seconds:
        return estimate.DB_SECRET


def _secret_active(database: Mapping[str, Any]) -> str:
    state = (database.get("MasterUserSecret") or {}).get("SecretStatus", "not there")
    return "" if state == "active" else f"its secret is {state}"


@dataclass(frozen=True, kw_only=True)
class Protect(ModifyDatabase):
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
            return "" if bool(database["DeletionProtection"]) is self.on else "protection not yet changed"

        return self.until("its protection changed", want)

    def undo(self) -> Undo:
        if self.former == self.on:
            return Irreversible("it was so before")
        return Protect(
            key=f"undo:{self.key}",
            phase=Phase.CLEAN,
            lane=self.lane,
            database=self.back or self.database,
            resource_id=self.resource_id,
            of_cluster=self.of_cluster,
            on=self.former,
            former=self.former,
        )


@dataclass(frozen=True, kw_only=True)
class RenameDatabase(ModifyDatabase):
    """Give a database another name; an instance reboots, and the old name is free when nothing bears it (R-RDS-28,
    R-RDS-29). The members of a cluster keep theirs.

    `groups`: those that its fence gave it, in which it must still be as its name goes; `replicas`: those that it had when the
    plan was made (None: they do not matter).
    """

    to: Id
    groups: Groups = ()
    replicas: tuple[str, ...] | None = None

    renames: ClassVar[bool] = True

    def title(self) -> str:
        return f"rename {self.database} to {self.to}"

    def before(self, ctx: Context) -> Query:
        whose = still(self.resource_id, self.database, of_cluster=self.of_cluster)

        def read(reply: Mapping[str, Any]) -> list[str]:
            found = [d for d in databases_in(reply) if id_of(d) == self.resource_id]
            return [*whose.read(reply), *(why for d in found for why in self._wrong(d))]

        return Query(whose.call, read)

    def _wrong(self, database: Mapping[str, Any]) -> list[str]:
        wrong = []
        if self.groups and (has := groups_of(database)) != set(self.groups):
            wrong.append(f"{self.database} is in {', '.join(sorted(has))}: somebody has lifted its fence")
        return wrong if self.replicas is None else [*wrong, *came_to_read(database, self.replicas)]

    def members(self) -> dict[str, Any]:
        """Return the new name."""
        return {"NewDBClusterIdentifier" if self.of_cluster else "NewDBInstanceIdentifier": self.to}

    def find(self, ctx: Context) -> Query:
        def read(reply: Mapping[str, Any]) -> Found | None:
            return Found({}) if any(name_of(d) == str(self.to).lower() for d in databases_in(reply)) else None

        return Query(self.read(), read)

    def needs(self) -> Watch:
        """Wait for the name that it is to give up: a rename that is taken back may not have begun yet. A third one is somebody's."""
        waits = self.until(f"named {self.database}", named(self.database))
        ours = {str(self.database).lower(), str(self.to).lower()}

        def judge(database: Resource) -> Seen:
            seen = waits.judge(database)
            if database is None or name_of(database) in ours or status_of(database) not in RESTING:
                return seen
            name = name_of(database)
            back = _modify(name, replace(self, to=self.database).members(), of_cluster=self.of_cluster)
            return replace(seen, stray=f"somebody has named it {name}", mend=back)

        return replace(waits, judge=judge)

    def ready(self, out: Output) -> Watch:
        return self.until(f"named {self.to}", named(self.to))

    def undo(self) -> Undo:
        if self.phase is Phase.RESTORE:
            return Irreversible("it has its name again")
        return RenameDatabase(
            key=f"undo:{self.key}",
            phase=Phase.RESTORE,
            lane=self.lane,
            database=self.to,
            resource_id=self.resource_id,
            of_cluster=self.of_cluster,
            to=self.database,
        )

    def seconds(self) -> Seconds:
        return estimate.CLUSTER_RENAME if self.of_cluster else estimate.DB_RENAME
