"""Reboots: connections outlive a change of groups, and parameters of a group wait for one (SB-RDS-21, R-RDS-42).

A reboot that was not there before is told by the parameter group: it is `in-sync` afterwards. Members of Aurora are rebooted
one by one, the writer first; a Multi-AZ DB cluster as a whole (botocore rds RebootDBCluster).
"""

from dataclasses import dataclass
from typing import Any, ClassVar

from sealift import estimate
from sealift.step import Call, Context, Id, Irreversible, Output, Phase, Seconds, Step, Undo, Watch
from sealift.steps.db_looks import at_rest, members_with_parameters, needs_rest, watch, with_parameters

APPLIED = ("in-sync",)
Members = tuple[tuple[Id, Id], ...]
"""Name and resource id of each member of an Aurora cluster, the writer first; empty for what is rebooted as a whole."""


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

    def needs(self) -> Watch | None:
        return needs_rest(self.resource_id, name=self.database)

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
class RebootMember(RebootInstance):
    """Reboot a member of an Aurora cluster: whether its cluster's parameters are applied is told by the cluster."""

    cluster: Id  # resource id

    def ready(self, out: Output) -> Watch:
        wanted = members_with_parameters(self.parameter_group, str(self.database))
        return watch(self.cluster, at_rest(wanted), "rebooted", of_cluster=True)


@dataclass(frozen=True, kw_only=True)
class ApplyToMember(RebootMember):
    """Reboot a member of a replacement once more, into the cluster's own parameters. Clients are on it already."""

    interrupts: ClassVar[bool] = True

    def title(self) -> str:
        return f"reboot {self.database} into its cluster's own parameters"


@dataclass(frozen=True, kw_only=True)
class RebootCluster(RebootInstance):
    """Reboot a Multi-AZ DB cluster with all its instances."""

    def do(self, ctx: Context) -> Call:
        return Call("rds:RebootDBCluster", {"DBClusterIdentifier": self.database})

    def needs(self) -> Watch | None:
        return needs_rest(self.resource_id, of_cluster=True, name=self.database)

    def ready(self, out: Output) -> Watch:
        wanted = members_with_parameters(self.parameter_group)
        return watch(self.resource_id, at_rest(wanted), "rebooted", of_cluster=True)


@dataclass(frozen=True, kw_only=True)
class ApplyToCluster(RebootCluster):
    """Reboot a replacement once more, into its own parameters. Clients are on it already."""

    interrupts: ClassVar[bool] = True

    def title(self) -> str:
        return f"reboot {self.database} into its own parameters"


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
    one = ApplyToMember if applying else RebootMember
    return tuple(
        one(key=f"{key}:{number}", database=name, resource_id=id_, cluster=resource_id, **about)
        for number, (name, id_) in enumerate(members, 1)
    )
