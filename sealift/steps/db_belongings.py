"""What belongs to a database outside its own shape: roles, proxy targets."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from sealift import estimate
from sealift.step import Call, Context, Found, Id, Irreversible, Output, Phase, Query, Seconds, Seen, Step, Undo, Watch
from sealift.steps.db_looks import databases_in, needs_rest, read_database


@dataclass(frozen=True, kw_only=True)
class AddRole(Step):
    """Associate an IAM role for one feature."""

    database: Id
    resource_id: Id
    role: str
    feature: str
    of_cluster: bool = False

    def title(self) -> str:
        return f"give {self.database} the role {self.role.rsplit('/', 1)[-1]} for {self.feature or 'its features'}"

    def do(self, ctx: Context) -> Call:
        noun = "DBCluster" if self.of_cluster else "DBInstance"
        about = {f"{noun}Identifier": self.database, "RoleArn": self.role}
        if self.feature or not self.of_cluster:
            about["FeatureName"] = self.feature
        return Call(f"rds:AddRoleTo{noun}", about)

    def find(self, ctx: Context) -> Query:
        def read(reply: Mapping[str, Any]) -> Found | None:
            roles = [
                (r["RoleArn"], r.get("FeatureName", ""))
                for d in databases_in(reply)
                for r in d.get("AssociatedRoles", ())
            ]
            return Found({}) if (self.role, self.feature) in roles else None

        return Query(read_database(self.resource_id, of_cluster=self.of_cluster), read)

    def needs(self) -> Watch | None:
        return needs_rest(self.resource_id, of_cluster=self.of_cluster)

    def ready(self, out: Mapping[str, Any]) -> Watch:
        def judge(database: Mapping[str, Any] | None) -> Seen:
            if database is None:
                return Seen(state="absent")
            for r in database.get("AssociatedRoles") or ():
                if r["RoleArn"] == self.role and r.get("FeatureName", "") == self.feature:
                    failed = f"RDS cannot assume {self.role}" if r.get("Status") == "INVALID" else None
                    return Seen(done=r.get("Status") == "ACTIVE", failed=failed, state=str(r.get("Status")))
            return Seen(state="no role yet")

        subject = "db-cluster" if self.of_cluster else "db-instance"
        return Watch(subject, self.resource_id, judge, "its role ACTIVE")

    def undo(self) -> Undo:
        return Irreversible("the association goes with the replacement")

    def seconds(self) -> Seconds:
        return estimate.DB_ROLE


@dataclass(frozen=True, kw_only=True)
class RegisterProxyTarget(Step):
    """Let a proxy route to whatever bears the name now: a target goes by identifier, and is looked up when registered
    (R-RDS-18).
    """

    proxy: str
    target_group: str
    database: Id
    of_cluster: bool = False

    def title(self) -> str:
        return f"register {self.database} with the proxy {self.proxy}"

    def _params(self) -> dict[str, Any]:
        member = "DBClusterIdentifiers" if self.of_cluster else "DBInstanceIdentifiers"
        return {"DBProxyName": self.proxy, "TargetGroupName": self.target_group, member: [self.database]}

    def do(self, ctx: Context) -> Call:
        return Call("rds:RegisterDBProxyTargets", self._params())

    def find(self, ctx: Context) -> Query:
        return Query(self._read(), lambda reply: Found({}) if self._targets(reply) else None)

    def _read(self) -> Call:
        return Call("rds:DescribeDBProxyTargets", {"DBProxyName": self.proxy, "TargetGroupName": self.target_group})

    def _targets(self, reply: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        return [
            t for t in reply.get("Targets", ()) if self.database in (t.get("RdsResourceId"), t.get("TrackedClusterId"))
        ]

    def undo(self) -> Undo:
        return DeregisterProxyTarget(
            key=f"undo:{self.key}",
            phase=Phase.RESTORE,
            lane=self.lane,
            proxy=self.proxy,
            target_group=self.target_group,
            database=self.database,
            of_cluster=self.of_cluster,
        )

    def seconds(self) -> Seconds:
        return estimate.SMALL_CALL


@dataclass(frozen=True, kw_only=True)
class DeregisterProxyTarget(RegisterProxyTarget):
    """Take a database off a proxy before its name changes hands: who comes by the proxy gets nothing from then on."""

    fences: ClassVar[bool] = True

    def title(self) -> str:
        return f"take {self.database} off the proxy {self.proxy}"

    def do(self, ctx: Context) -> Call:
        return Call("rds:DeregisterDBProxyTargets", self._params())

    def find(self, ctx: Context) -> Query:
        return Query(self._read(), lambda reply: None if self._targets(reply) else Found({}))

    def undo(self) -> Undo:
        return RegisterProxyTarget(
            key=f"undo:{self.key}",
            phase=Phase.RESTORE,
            lane=self.lane,
            proxy=self.proxy,
            target_group=self.target_group,
            database=self.database,
            of_cluster=self.of_cluster,
        )


@dataclass(frozen=True, kw_only=True)
class AwaitProxyTarget(RegisterProxyTarget):
    """Wait until a proxy routes to its target again: its clients are down until then."""

    outputs: ClassVar[tuple[str, ...]] = ("healthy",)
    asks_health: ClassVar[bool] = True
    interrupts: ClassVar[bool] = True
    lets_in: ClassVar[bool] = True
    declares: ClassVar[tuple[str, ...]] = ("rds:DescribeDBProxyTargets",)

    def title(self) -> str:
        return f"wait until the proxy {self.proxy} routes to {self.database}"

    def do(self, ctx: Context) -> Call:
        about = {"proxy": self.proxy, "target_group": self.target_group, "database": self.database}
        return Call("local:AwaitProxyTarget", about)

    def output(self, reply: Mapping[str, Any]) -> Output:
        return dict(reply)

    def find(self, ctx: Context) -> Query:
        return Query(self._read(), lambda _: None)

    def undo(self) -> Undo:
        return Irreversible("it only reads")

    def seconds(self) -> Seconds:
        return estimate.PROXY_TARGET
