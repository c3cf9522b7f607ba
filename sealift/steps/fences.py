"""The fence of a database, layer by layer; what a login does inside the engine, and the proof that nothing is written.

Each layer stops something else: read-only and ended sessions stop clients, schedulers off stop jobs, the quarantine stops
new connections in both directions, the reboot those that outlive it. The proof is taken again directly before the rename.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from sealift import estimate
from sealift.step import (
    Call,
    Context,
    Id,
    Irreversible,
    Output,
    Phase,
    Query,
    Seconds,
    Step,
    Undo,
    Watch,
)
from sealift.steps.db_looks import (
    RESTING,
    databases_in,
    groups_of,
    interfaces_carry,
    interfaces_left,
    members_of,
    name_of,
    read_database,
    read_databases,
    status_of,
)
from sealift.steps.db_tags import claim_held
from sealift.steps.local import Reading

WAIT_FOR_INTERFACES = 900.0
"""Seconds after which groups that have not reached the network interfaces send the run back."""


@dataclass(frozen=True, kw_only=True)
class DbClaimHeld(Reading):
    """Read the claim again directly before the cutover: another journal may have written over it since."""

    resource_id: str
    of_cluster: bool = False

    def title(self) -> str:
        return "check that the database is still claimed by this migration"

    def before(self, ctx: Context) -> Query:
        return claim_held(self.resource_id, ctx.migration, of_cluster=self.of_cluster)


@dataclass(frozen=True, kw_only=True)
class BeginFence(Reading):
    """The cut begins: the database is at rest, named and grouped as planned, and nothing is pending (R-RDS-13). The way back
    ends here: its own groups are on the network again.
    """

    database: str
    resource_id: str
    groups: tuple[str, ...]
    quarantine: Id = ""  # none in a plan of an earlier version: then the way back does not wait for the network
    of_cluster: bool = False
    members: tuple[str, ...] = ()  # of a cluster, sorted

    quiesces: ClassVar[bool] = True
    takes_down: ClassVar[bool] = True

    def title(self) -> str:
        return f"check that {self.database} is as planned, and begin to fence it"

    def before(self, ctx: Context) -> Query:
        def read(reply: Mapping[str, Any]) -> list[str]:
            found = databases_in(reply)
            return [why for d in found for why in self._wrong(d)] if found else [f"{self.database} is gone"]

        return Query(read_database(self.resource_id, of_cluster=self.of_cluster), read)

    def _wrong(self, database: Mapping[str, Any]) -> list[str]:
        wrong = []
        if name_of(database) != self.database:
            wrong.append(f"{self.database} is named {name_of(database)} now")
        if status_of(database) not in RESTING:
            wrong.append(f"{self.database} is '{status_of(database)}'")
        if groups_of(database) != set(self.groups):
            wrong.append(f"{self.database} is in other security groups than planned")
        has = tuple(sorted(members_of(database)))
        if self.of_cluster and has != self.members:
            wrong.append(f"{self.database} has other members than planned: {', '.join(has)}")
        if pending := database.get("PendingModifiedValues"):
            wrong.append(f"{self.database} has pending modifications: {', '.join(sorted(pending))}")
        return wrong

    def undo(self) -> Undo:
        if not self.quarantine:
            return super().undo()
        return AwaitOwnGroups(key=f"undo:{self.key}", phase=Phase.RESTORE, lane=self.lane, group=self.quarantine)


@dataclass(frozen=True, kw_only=True)
class AwaitQuarantine(Reading):
    """Wait until the network interfaces carry the quarantine group; RDS's own word for it is always `active`."""

    group: Id
    interfaces: int
    databases: tuple[Id, ...] = ()  # resource ids of what was put into quarantine
    of_cluster: bool = False

    def vain(self) -> Query | None:
        """Ask whether somebody has taken one of them out of quarantine: its interfaces will not carry the group then."""
        if not self.databases:
            return None

        def read(reply: Mapping[str, Any]) -> list[str]:
            out = [d for d in databases_in(reply) if groups_of(d) != {self.group}]
            return [
                f"{name_of(d)} is in {', '.join(sorted(groups_of(d)))}, no longer in {self.group}: somebody has lifted its fence"
                for d in out
            ]

        return Query(read_databases(self.databases, of_cluster=self.of_cluster), read)

    def title(self) -> str:
        return f"wait until {self.interfaces} network interface(s) carry {self.group}"

    def ready(self, out: Output) -> Watch:
        judge = interfaces_carry(self.interfaces)
        return Watch("db-interfaces", self.group, judge, "carried", deadline=WAIT_FOR_INTERFACES)

    def seconds(self) -> Seconds:
        return estimate.DB_GROUPS


@dataclass(frozen=True, kw_only=True)
class AwaitOwnGroups(Reading):
    """Wait until the network interfaces of what was given its own groups carry the quarantine group no longer: it lets clients
    in from then on.

    What carries it is not told by database. RDS tells at once which databases are to be in quarantine, so that more interfaces
    than those have are late ones.
    """

    group: Id

    outputs: ClassVar[tuple[str, ...]] = ("fenced",)
    interrupts: ClassVar[bool] = True
    opens: ClassVar[bool] = True

    def title(self) -> str:
        return f"wait until only what is fenced off carries {self.group}"

    def observe(self, ctx: Context) -> Query:
        def read(reply: Mapping[str, Any]) -> Output:
            fenced = [d for d in databases_in(reply) if str(self.group) in groups_of(d)]
            # the members of a cluster that is in several zones are in one each
            return {"fenced": sum(2 if d.get("MultiAZ") and not d.get("DBClusterIdentifier") else 1 for d in fenced)}

        return Query(Call("rds:DescribeDBInstances", {}), read)

    def ready(self, out: Output) -> Watch:
        judge = interfaces_left(out["fenced"])
        return Watch("db-interfaces", self.group, judge, "on what is fenced off alone", deadline=WAIT_FOR_INTERFACES)

    def seconds(self) -> Seconds:
        return estimate.DB_OPENED


@dataclass(frozen=True, kw_only=True)
class Inside(Step):
    """What a login does inside the engine; `secret` is its credentials' ARN."""

    database: Id
    resource_id: Id
    engine: str
    secret: Id
    of_cluster: bool = False

    operation: ClassVar[str] = ""
    declares: ClassVar[tuple[str, ...]] = (
        "rds:DescribeDBInstances",
        "rds:DescribeDBClusters",
        "secretsmanager:GetSecretValue",
    )

    def more(self) -> dict[str, Any]:
        """Return what else the operation is told."""
        return {}

    def do(self, ctx: Context) -> Call:
        about = {
            "resource_id": self.resource_id,
            "engine": self.engine,
            "secret": self.secret,
            "of_cluster": self.of_cluster,
        }
        return Call(self.operation, {**about, **self.more()})

    def output(self, reply: Mapping[str, Any]) -> Output:
        return dict(reply)

    def undo(self) -> Undo:
        return Irreversible("it leaves nothing behind")

    def seconds(self) -> Seconds:
        return estimate.LOGIN


@dataclass(frozen=True, kw_only=True)
class LookInside(Inside):
    """Log in while everything serves, and read all that the fence will read: a login that fails is found before the gate."""

    operation: ClassVar[str] = "local:LookInside"

    def title(self) -> str:
        return f"log in to {self.database}, and only look"


@dataclass(frozen=True, kw_only=True)
class NoteInside(Inside):
    """Write down how writes are let in and what runs by itself, before any of it is changed: a driver that dies while it closes
    them would find, and note, its own work.
    """

    operation: ClassVar[str] = "local:NoteInside"
    outputs: ClassVar[tuple[str, ...]] = ("writes", "schedulers")

    def title(self) -> str:
        return f"write down how {self.database} is set inside"


@dataclass(frozen=True, kw_only=True)
class Setting(Inside):
    """Set inside the engine what `former` says, whichever way; to do it twice is to do it once."""

    former: Any

    def more(self) -> dict[str, Any]:
        """Return what was there before."""
        return {"former": self.former}

    def _opposite(self, cls: "type[Setting]") -> Step:
        return cls(
            key=f"undo:{self.key}",
            phase=Phase.RESTORE,
            lane=self.lane,
            database=self.database,
            resource_id=self.resource_id,
            engine=self.engine,
            secret=self.secret,
            of_cluster=self.of_cluster,
            former=self.former,
        )


@dataclass(frozen=True, kw_only=True)
class CloseWrites(Setting):
    """Make the database read-only from inside."""

    operation: ClassVar[str] = "local:CloseWrites"

    def title(self) -> str:
        return f"make {self.database} read-only from inside"

    def undo(self) -> Undo:
        return self._opposite(OpenWrites)


@dataclass(frozen=True, kw_only=True)
class StopSchedulers(Setting):
    """Turn off what writes inside the engine by itself: events, pg_cron, the Agent, DBMS_SCHEDULER."""

    operation: ClassVar[str] = "local:StopSchedulers"

    def title(self) -> str:
        return f"turn the schedulers inside {self.database} off"

    def undo(self) -> Undo:
        if self.phase is Phase.RESTORE:
            return Irreversible("they are the replacement's, which goes")
        return self._opposite(StartSchedulers)


@dataclass(frozen=True, kw_only=True)
class EndSessions(Inside):
    """End every session but our own."""

    operation: ClassVar[str] = "local:EndSessions"
    outputs: ClassVar[tuple[str, ...]] = ("ended",)

    def title(self) -> str:
        return f"end the sessions of {self.database}"


@dataclass(frozen=True, kw_only=True)
class OpenWrites(Setting):
    """Let the database be written to again."""

    operation: ClassVar[str] = "local:OpenWrites"

    def title(self) -> str:
        return f"let {self.database} be written to again"


@dataclass(frozen=True, kw_only=True)
class StartSchedulers(Setting):
    """Turn the schedulers on again that ran before."""

    operation: ClassVar[str] = "local:StartSchedulers"

    def title(self) -> str:
        return f"turn the schedulers inside {self.database} on again"

    def undo(self) -> Undo:
        """Stop the jobs of a replacement before those of its source start: no parameter stops all of them."""
        if self.phase is Phase.RESTORE:
            return Irreversible("they ran before")
        return self._opposite(StopSchedulers)


@dataclass(frozen=True, kw_only=True)
class ProveQuiet(Step):
    """Prove the fence: no connections, and, where a login tells, a write position that stands still over two readings.

    `since` is the position of an earlier proof: between the last snapshot and the rename nothing may have moved either. `after` is
    when that proof began: where no login tells, every minute since then is judged. Of a cluster every member counts that it has
    by then.
    """

    databases: tuple[Id, ...]
    resource_id: Id = ""
    engine: str = ""
    secret: Id = ""
    of_cluster: bool = False
    since: Id = ""
    after: Id = ""

    outputs: ClassVar[tuple[str, ...]] = ("connections", "position", "began")
    declares: ClassVar[tuple[str, ...]] = (
        "cloudwatch:GetMetricData",
        "rds:DescribeDBInstances",
        "rds:DescribeDBClusters",
        "secretsmanager:GetSecretValue",
    )

    def title(self) -> str:
        return f"prove that nothing is connected to {', '.join(map(str, self.databases))} and nothing written"

    def do(self, ctx: Context) -> Call:
        return Call(
            "local:ProveQuiet",
            {
                "databases": list(self.databases),
                "resource_id": self.resource_id,
                "engine": self.engine,
                "secret": self.secret,
                "of_cluster": self.of_cluster,
                "since": self.since,
                "after": self.after,
            },
        )

    def output(self, reply: Mapping[str, Any]) -> Output:
        return dict(reply)

    def undo(self) -> Undo:
        return Irreversible("it only reads")

    def seconds(self) -> Seconds:
        return estimate.PROOF if self.secret or self.after else estimate.PROOF_BY_METRICS
