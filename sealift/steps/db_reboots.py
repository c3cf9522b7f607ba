"""Reboots: connections outlive a change of groups, and parameters of a group wait for one (SB-RDS-21, R-RDS-42).

A reboot that was not there before is told by the parameter group: it is `in-sync` afterwards. Without that group there is none:
of an old side that is not fenced a reboot would end the read-only state, and its jobs would run. Members of Aurora are rebooted
one by one, the writer first; a Multi-AZ DB cluster as a whole (botocore rds RebootDBCluster).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from sealift import estimate
from sealift.step import Call, Context, Found, Id, Irreversible, Output, Phase, Query, Seconds, Seen, Step, Undo, Watch
from sealift.steps.db_looks import (
    Resource,
    Wanted,
    at_rest,
    cluster_with_parameters,
    databases_in,
    members_of,
    members_with_parameters,
    name_of,
    needs_rest,
    read_database,
    watch,
    with_parameters,
)

APPLIED = ("in-sync",)
NAMED = (*APPLIED, "pending-reboot", "applying")
Members = tuple[tuple[Id, Id], ...]
"""Name and resource id of each member of an Aurora cluster, the writer first; empty for what is rebooted as a whole."""


def _given(resource_id: Id, wanted: Wanted, *, of_cluster: bool = False) -> Query:
    """Ask whether a database names the group that a reboot is to apply."""

    def read(reply: Mapping[str, Any]) -> list[str]:
        described = databases_in(reply)
        found = [why for d in described if (why := wanted(d))] if described else ["it is not described"]
        return [f"{resource_id} is not rebooted: {why}" for why in found]

    return Query(read_database(resource_id, of_cluster=of_cluster), read)


@dataclass(frozen=True, kw_only=True)
class RebootInstance(Step):
    """Reboot an instance into the parameters of `parameter_group`."""

    database: Id
    resource_id: Id
    parameter_group: Id

    def title(self) -> str:
        return f"reboot {self.database}"

    def do(self, ctx: Context) -> Call:
        return Call("rds:RebootDBInstance", {"DBInstanceIdentifier": self.database})

    def before(self, ctx: Context) -> Query:
        return _given(self.resource_id, with_parameters(self.parameter_group, *NAMED))

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

    def find(self, ctx: Context) -> Query:
        """Tell by its parameters that it was rebooted: clients are on it, and are not thrown out twice."""
        return _applied(read_database(self.resource_id), with_parameters(self.parameter_group, *APPLIED))


def _applied(call: Call, wanted: Wanted) -> Query:
    def read(reply: Mapping[str, Any]) -> Found | None:
        return Found({}) if any(not wanted(d) for d in databases_in(reply)) else None

    return Query(call, read)


@dataclass(frozen=True, kw_only=True)
class RebootMember(RebootInstance):
    """Reboot a member of an Aurora cluster: whether its cluster's parameters are applied is told by the cluster."""

    cluster: Id  # resource id

    def before(self, ctx: Context) -> Query:
        return _given(self.cluster, cluster_with_parameters(self.parameter_group), of_cluster=True)

    def needs(self) -> Watch:
        """Wait until it rests under its name. Under another, which a way back has given it before clients came on it, a person
        reboots it.
        """
        rests = needs_rest(self.resource_id)

        def judge(member: Resource) -> Seen:
            seen = rests.judge(member)
            if member is None or (name := name_of(member)) == str(self.database).lower():
                return seen
            by_hand = Call("rds:RebootDBInstance", {"DBInstanceIdentifier": name})
            return replace(seen, done=False, stray=f"it is {name} by now", mend=by_hand)

        return replace(rests, judge=judge)

    def find(self, ctx: Context) -> Query | None:
        """Tell that a person has rebooted it: all members run under the parameters, and none bears its name."""
        rebooted = members_with_parameters(self.parameter_group)

        def read(reply: Mapping[str, Any]) -> Found | None:
            mine = [d for d in databases_in(reply) if not rebooted(d) and str(self.database) not in members_of(d)]
            return Found({}) if mine else None

        return Query(read_database(self.cluster, of_cluster=True), read) if self.phase is Phase.RESTORE else None

    def ready(self, out: Output) -> Watch:
        wanted = members_with_parameters(self.parameter_group, str(self.database), absent=self.phase is Phase.RESTORE)
        return watch(self.cluster, at_rest(wanted), "rebooted", of_cluster=True)


@dataclass(frozen=True, kw_only=True)
class ApplyToWriter(RebootMember):
    """Reboot the writer of a replacement once more, into the cluster's own parameters. Clients are on it already."""

    interrupts: ClassVar[bool] = True

    def title(self) -> str:
        return f"reboot {self.database} into its cluster's own parameters"

    def find(self, ctx: Context) -> Query:
        """Tell by its cluster that it was rebooted: clients are on it, and are not thrown out twice."""
        wanted = members_with_parameters(self.parameter_group, str(self.database))
        return _applied(read_database(self.cluster, of_cluster=True), wanted)


@dataclass(frozen=True, kw_only=True)
class ApplyToReader(RebootMember):
    """Reboot a reader of a replacement once more: its writer goes on, and so do the other readers."""

    def title(self) -> str:
        return f"reboot the reader {self.database} into its cluster's own parameters"


@dataclass(frozen=True, kw_only=True)
class RebootCluster(RebootInstance):
    """Reboot a Multi-AZ DB cluster with all its instances."""

    def do(self, ctx: Context) -> Call:
        return Call("rds:RebootDBCluster", {"DBClusterIdentifier": self.database})

    def before(self, ctx: Context) -> Query:
        return _given(self.resource_id, cluster_with_parameters(self.parameter_group), of_cluster=True)

    def needs(self) -> Watch | None:
        return needs_rest(self.resource_id, of_cluster=True)

    def ready(self, out: Output) -> Watch:
        wanted = members_with_parameters(self.parameter_group)
        return watch(self.resource_id, at_rest(wanted), "rebooted", of_cluster=True)


@dataclass(frozen=True, kw_only=True)
class ApplyToCluster(RebootCluster):
    """Reboot a replacement once more, into its own parameters. Clients are on it already."""

    interrupts: ClassVar[bool] = True

    def title(self) -> str:
        return f"reboot {self.database} into its own parameters"

    def find(self, ctx: Context) -> Query:
        """Tell by its members that it was rebooted: clients are on it, and are not thrown out twice."""
        wanted = members_with_parameters(self.parameter_group)
        return _applied(read_database(self.resource_id, of_cluster=True), wanted)


def reboots(
    key: str,
    database: Id,
    resource_id: Id,
    parameter_group: Id,
    *,
    of_cluster: bool,
    members: Members,
    phase: Phase,
    lane: str | None = None,
    applying: bool = False,
) -> tuple[Step, ...]:
    """Return the reboots of an instance, of every member of an Aurora cluster, or of a Multi-AZ DB cluster.

    `applying`: of a replacement that serves already.
    """
    about: dict[str, Any] = {"phase": phase, "lane": lane, "parameter_group": parameter_group}
    whole: dict[str, Any] = {"database": database, "resource_id": resource_id}
    if not of_cluster:
        step = ApplyOwnParameters if applying else RebootInstance
        return (step(key=key, **whole, **about),)
    if not members:
        of_all = ApplyToCluster if applying else RebootCluster
        return (of_all(key=key, **whole, **about),)
    first, others = (ApplyToWriter, ApplyToReader) if applying else (RebootMember, RebootMember)
    return tuple(
        (others if number else first)(
            key=f"{key}:{number + 1}", database=name, resource_id=id_, cluster=resource_id, **about
        )
        for number, (name, id_) in enumerate(members)
    )
