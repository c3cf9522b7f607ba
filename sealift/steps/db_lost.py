"""The name of a replacement, and how it is given up where RDS cannot use its key any more (R-RDS-34).

RDS renames nothing whose key it cannot use, and brings nothing back that keeps no backups. Until bring-up nobody has written to a
replacement: then it is deleted in place of that, and the name is free for its source. A cluster of Aurora goes only where its
instances go before it (SB-AUR-04), also those that have given their names up already.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from sealift.estimate import SMALL_CALL
from sealift.step import (
    Call,
    Context,
    Found,
    Id,
    Irreversible,
    Output,
    Phase,
    Query,
    Seconds,
    Seen,
    Step,
    Undo,
    Watch,
    name_made,
)
from sealift.steps.db_clusters import DeleteCluster
from sealift.steps.db_instances import DeleteInstance
from sealift.steps.db_looks import (
    LOST,
    RECOVERABLE,
    Resource,
    databases_in,
    members_of,
    name_of,
    not_ours,
    read_database,
    read_named,
    status_of,
    watch,
)
from sealift.steps.db_modify import RenameDatabase, still


def _lost(database: Mapping[str, Any]) -> bool:
    return status_of(database) in (LOST, RECOVERABLE)


@dataclass(frozen=True, kw_only=True)
class _IfLost(Step):
    """Deletes what nobody has written to, if RDS cannot use its key; else it does nothing."""

    database: Id
    resource_id: Id

    looks_first: ClassVar[bool] = True
    conditional: ClassVar[bool] = True
    of_cluster: ClassVar[bool] = False

    def title(self) -> str:
        return f"delete {self.database} if RDS cannot use its key"

    def before(self, ctx: Context) -> Query:
        ours, named = super().before(ctx), still(self.resource_id, self.database, of_cluster=self.of_cluster)
        return named if ours is None else Query(ours.call, lambda reply: [*ours.read(reply), *named.read(reply)])

    def find(self, ctx: Context) -> Query:
        return Query(read_database(self.resource_id, of_cluster=self.of_cluster), _unless_lost_as(self.database))

    def ready(self, out: Output) -> Watch | None:
        return None if out.get("kept") else super().ready(out)

    def seconds(self) -> Seconds:
        return SMALL_CALL  # a look; where it deletes, that is in place of the rename


@dataclass(frozen=True, kw_only=True)
class DropLostInstance(_IfLost, DeleteInstance):
    """Delete an instance that nobody has written to, if RDS cannot use its key."""


@dataclass(frozen=True, kw_only=True)
class DropLostCluster(_IfLost, DeleteCluster):
    """Delete a cluster that nobody has written to, if RDS cannot use its key; its members have gone before it."""

    of_cluster: ClassVar[bool] = True


@dataclass(frozen=True, kw_only=True)
class DropMemberOfLost(Step):
    """Delete an instance of a cluster that nobody has written to, if RDS cannot use the cluster's key.

    By the name that it was made with, which it bears again by then: what is not there any more need not be known. Its cluster goes
    as soon as it is `deleting`.
    """

    database: Id  # the cluster
    resource_id: Id  # of the cluster
    member: str  # that the instance stands for
    maker: str  # the key of the step that has made it
    roles: tuple[str, ...]

    looks_first: ClassVar[bool] = True
    conditional: ClassVar[bool] = True

    def title(self) -> str:
        return f"delete the instance that stands for {self.member} if RDS cannot use the key of {self.database}"

    def name(self, ctx: Context) -> str:
        """Return its temporary identifier."""
        return name_made(replace(ctx, lost=0), self.maker)  # `lost` counts tries of this very step

    def find(self, ctx: Context) -> Query:
        """Tell that nothing is to be deleted: RDS can use the key, the cluster goes or has given its name up, or it has no such
        instance.
        """

        def read(reply: Mapping[str, Any]) -> Found | None:
            lost = [cluster for cluster in databases_in(reply) if _lost_as(cluster, self.database)]
            return None if any(self.name(ctx) in members_of(cluster) for cluster in lost) else Found({})

        return Query(read_database(self.resource_id, of_cluster=True), read)

    def before(self, ctx: Context) -> Query:
        def read(reply: Mapping[str, Any]) -> list[str]:
            return [why for d in databases_in(reply) for why in not_ours(d, ctx, self.roles)]

        return Query(read_named(self.name(ctx)), read)

    def do(self, ctx: Context) -> Call:
        return Call("rds:DeleteDBInstance", {"DBInstanceIdentifier": self.name(ctx), "SkipFinalSnapshot": True})

    def undo(self) -> Undo:
        return Irreversible("a deleted database is gone")

    def seconds(self) -> Seconds:
        return SMALL_CALL


def _lost_as(database: Mapping[str, Any], name: Any) -> bool:
    return _lost(database) and name_of(database) == str(name).lower()


def _unless_lost_as(name: Any) -> Callable[[Mapping[str, Any]], Found | None]:
    """Tell that nothing is to be deleted: it goes already, or it is kept, for RDS can use the key or it does not bear the name
    any more. What is kept is not waited for: it may be lost at any later look.
    """

    def read(reply: Mapping[str, Any]) -> Found | None:
        found = databases_in(reply)
        if any(_lost_as(d, name) for d in found):
            return None
        return Found({} if any(status_of(d) == "deleting" for d in found) else {"kept": True})

    return read


@dataclass(frozen=True, kw_only=True)
class TakeName(RenameDatabase):
    """Give a replacement the name of its source, which is free by now. `instances`: of a cluster of Aurora, by those that its
    instances stand for, and the keys of the steps that make them.
    """

    member: bool = False  # of an Aurora cluster
    instances: tuple[tuple[str, str], ...] = ()

    exposes: ClassVar[bool] = True

    def undo(self) -> Undo:
        about: dict[str, Any] = {"phase": Phase.RESTORE, "lane": self.lane, "resource_id": self.resource_id}
        key = f"undo:{self.key}:lost"
        drop: dict[str, Any] = {"database": self.to, "roles": ("copy", "replacement"), **about}
        members = [
            DropMemberOfLost(key=f"{key}:{member}", member=member, maker=maker, **drop)
            for member, maker in self.instances
        ]
        lost: Step = (
            DropLostCluster(key=key, **drop)
            if self.of_cluster
            else DropLostInstance(key=key, member=self.member, **drop)
        )
        name = GiveNameUp(
            key=f"undo:{self.key}", database=self.to, to=self.database, of_cluster=self.of_cluster, **about
        )
        return *members, lost, name

    def undo_once_up(self) -> Undo:
        """Keep it, whatever becomes of the key: it has been written to."""
        return super().undo()


@dataclass(frozen=True, kw_only=True)
class GiveNameUp(RenameDatabase):
    """Give a replacement the name back that it came with, whatever else becomes of it; one that is gone bears none."""

    def needs(self) -> Watch:
        """Wait for the name as any rename does, for one that is taken back may not have begun yet; what is gone gives up none."""
        named = super().needs()

        def judge(database: Resource) -> Seen:
            if database is None:
                return Seen(stray="it is gone", state="gone")
            if _lost_as(database, self.to):
                return Seen(stray="it has given it up already", state=status_of(database))
            return named.judge(database)

        return watch(self.resource_id, judge, named.want, of_cluster=self.of_cluster)

    def find(self, ctx: Context) -> Query:
        def read(reply: Mapping[str, Any]) -> Found | None:
            return Found({}) if all(name_of(d) == str(self.to).lower() for d in databases_in(reply)) else None

        return Query(self.read(), read)

    def ready(self, out: Output) -> Watch:
        named = super().ready(out)

        def judge(database: Resource) -> Seen:
            if database is None:
                return Seen(done=True, state="gone")
            given_up = _lost_as(database, self.to)
            return Seen(done=True, state=status_of(database)) if given_up else named.judge(database)

        return watch(self.resource_id, judge, named.want, of_cluster=self.of_cluster)
