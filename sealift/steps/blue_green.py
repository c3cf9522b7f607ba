"""Blue/Green: RDS builds an encrypted copy that follows, and exchanges the names (botocore rds BlueGreenDeployment).

No API undoes a switchover: the way back fences the new side, gives the names back and lets the old side serve again, without
what was written since.
"""

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
from sealift.steps.cluster_endpoints import CreateClusterEndpoint, DeleteClusterEndpoint, EndpointNow
from sealift.steps.db_belongings import DeregisterProxyTarget, RegisterProxyTarget
from sealift.steps.db_clusters import DeleteCluster
from sealift.steps.db_instances import DeleteInstance
from sealift.steps.db_looks import (
    at_rest,
    came_to_read,
    databases_in,
    id_of,
    key_difference,
    name_of,
    named,
    read_database,
    read_named,
    under_key,
    watch,
)
from sealift.steps.db_modify import FenceDatabase, GiveOwnGroups, Protect, RenameDatabase, still
from sealift.steps.db_reboots import reboots
from sealift.steps.db_snapshots import SafetyDbSnapshot
from sealift.steps.fences import AwaitOwnGroups, AwaitQuarantine, ProveQuiet
from sealift.steps.local import Reading

Resource = Mapping[str, Any] | None
SWITCHOVER_MARGIN = 900.0
"""Seconds beyond SwitchoverTimeout that RDS is given to say how a switchover has ended."""
HOPELESS = ("INVALID_CONFIGURATION", "PROVISIONING_FAILED", "DELETING")


def read_deployment(id_: Any) -> Call:
    """Return the read of a deployment by its id, which may be absent."""
    filters = [{"Name": "blue-green-deployment-identifier", "Values": [id_]}]
    return Call("rds:DescribeBlueGreenDeployments", {"Filters": filters})


def deployments_in(reply: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the deployments of an answer."""
    return list(reply.get("BlueGreenDeployments", ()))


def _hopeless(deployment: Mapping[str, Any]) -> str | None:
    status = str(deployment["Status"])
    if status not in HOPELESS:
        return None
    if status == "DELETING":
        stays = (
            f"; left over: {', '.join(names)}: deleted with it, or not" if (names := _green_side(deployment)) else ""
        )
        return f"the deployment is {status}: somebody has deleted it{stays}"
    why = deployment.get("StatusDetails") or "no reason given"
    return f"the deployment is {status}: {why} (a bad key is told so: R-RDS-44)"


def _green_side(deployment: Mapping[str, Any]) -> list[str]:
    """Return the names of its green databases: without DeleteTarget they outlive it, and nothing else tells whose they are."""
    members = (pair.get("TargetMember") for pair in deployment.get("SwitchoverDetails") or ())
    arns = [a for a in (deployment.get("Target"), *members) if a]
    return list(dict.fromkeys(str(a).rsplit(":", 1)[-1] for a in arns))


def provisioned(deployment: Resource) -> Seen:
    """Tell whether the green side is there: available, and every task of it done."""
    if deployment is None:
        return Seen(state="absent")
    tasks = [str(t.get("Status")) for t in deployment.get("Tasks") or ()]
    state = str(deployment["Status"])
    if failed := _hopeless(deployment):
        return Seen(failed=failed, state=state)
    if "FAILED" in tasks:
        names = [str(t.get("Name")) for t in deployment.get("Tasks") or () if t.get("Status") == "FAILED"]
        return Seen(failed=f"the task {', '.join(names)} of the deployment failed", state=state)
    done = state == "AVAILABLE" and set(tasks) <= {"COMPLETED"}
    return Seen(done=done, state=state, progress=100.0 * tasks.count("COMPLETED") / max(1, len(tasks)))


def switched(deployment: Resource) -> Seen:
    """Tell whether the names have changed hands; a switchover that RDS took back left everything as it was.

    A deployment that is AVAILABLE still, or again, when the time is over was not switched.
    """
    if deployment is None:
        return Seen(state="absent")
    state = str(deployment["Status"])
    if state == "SWITCHOVER_FAILED":
        why = deployment.get("StatusDetails") or "no reason given"
        return Seen(failed=f"RDS took the switchover back: {why}", state=state, unused=True)
    if failed := _hopeless(deployment):
        return Seen(failed=failed, state=state)
    return Seen(done=state == "SWITCHOVER_COMPLETED", state=state, unused=state == "AVAILABLE")


@dataclass(frozen=True, kw_only=True)
class CreateBlueGreen(Step):
    """Have RDS build the green side under the key: one entry for the instance and for each replica, or for the cluster."""

    source: str  # ARN
    members: tuple[str, ...]  # ARNs, each under the key
    key_arn: str
    extra_tags: Tags = ()

    outputs: ClassVar[tuple[str, ...]] = ("id",)

    def title(self) -> str:
        return f"build a green copy of {self.source.rsplit(':', 1)[-1]} under the key"

    def name(self, ctx: Context) -> str:
        """Return the deployment's deterministic name."""
        return name_made(ctx, self.key)

    def do(self, ctx: Context) -> Call:
        targets = [{"SourceArn": arn, "TargetKmsKeyId": self.key_arn} for arn in self.members]
        return Call(
            "rds:CreateBlueGreenDeployment",
            {
                "BlueGreenDeploymentName": self.name(ctx),
                "Source": self.source,
                "TargetResourceConfigurations": targets,
                "Tags": as_tags(made_by(ctx, self, "copy", self.extra_tags)),
            },
        )

    def output(self, reply: Mapping[str, Any]) -> Output:
        return {"id": reply["BlueGreenDeployment"]["BlueGreenDeploymentIdentifier"]}

    def find(self, ctx: Context) -> Query:
        def read(reply: Mapping[str, Any]) -> Found | None:
            for d in deployments_in(reply):
                if d["BlueGreenDeploymentName"] == self.name(ctx) and d.get("Source") == self.source:
                    return Found({"id": d["BlueGreenDeploymentIdentifier"]})
            return None

        filters = [{"Name": "blue-green-deployment-name", "Values": [self.name(ctx)]}]
        return Query(Call("rds:DescribeBlueGreenDeployments", {"Filters": filters}), read)

    def ready(self, out: Output) -> Watch:
        return Watch("blue-green", out["id"], provisioned, "AVAILABLE")

    def undo(self) -> Undo:
        return DeleteBlueGreen(
            key=f"undo:{self.key}",
            phase=Phase.CLEAN,
            lane=self.lane,
            deployment=Ref(self.key, "id"),
            with_green=True,
        )

    def undo_once_up(self) -> Undo:
        """Return nothing: the deployment can be deleted with its green side only before the switchover (SB-BG-03)."""
        return Irreversible("the names have changed hands: its record has gone, and the new side goes by itself")

    def seconds(self) -> Seconds:
        return estimate.BLUE_GREEN


@dataclass(frozen=True, kw_only=True)
class DeleteBlueGreen(Step):
    """Delete a deployment: before the switchover with the green side, after it only the record (SB-BG-03)."""

    deployment: Id
    with_green: bool

    looks_first: ClassVar[bool] = True

    def title(self) -> str:
        return "delete the green side" if self.with_green else "delete the record of the deployment"

    def needs(self) -> Watch | None:
        def settled(deployment: Resource) -> Seen:
            if deployment is None:
                return Seen(done=True, state="gone")
            state = str(deployment["Status"])
            return Seen(done=state not in ("PROVISIONING", "SWITCHOVER_IN_PROGRESS", "DELETING"), state=state)

        return Watch("blue-green", self.deployment, settled, "at rest")

    def do(self, ctx: Context) -> Call:
        params: dict[str, Any] = {"BlueGreenDeploymentIdentifier": self.deployment}
        return Call("rds:DeleteBlueGreenDeployment", params | ({"DeleteTarget": True} if self.with_green else {}))

    def find(self, ctx: Context) -> Query:
        def read(reply: Mapping[str, Any]) -> Found | None:
            return None if any(d["Status"] != "DELETING" for d in deployments_in(reply)) else Found({})

        return Query(read_deployment(self.deployment), read)

    def ready(self, out: Output) -> Watch:
        def gone(deployment: Resource) -> Seen:
            return Seen(done=deployment is None, state="gone" if deployment is None else str(deployment["Status"]))

        return Watch("blue-green", self.deployment, gone, "gone")

    def undo(self) -> Undo:
        return Irreversible("a record of a deployment is not made again")

    def seconds(self) -> Seconds:
        return estimate.DB_MODIFY


@dataclass(frozen=True, kw_only=True)
class PairOf(Reading):
    """Write down which green member stands for a blue one."""

    deployment: Id
    arn: str

    outputs: ClassVar[tuple[str, ...]] = ("name",)

    def title(self) -> str:
        return f"write down the green member for {self.arn.rsplit(':', 1)[-1]}"

    def observe(self, ctx: Context) -> Query:
        def read(reply: Mapping[str, Any]) -> Output:
            for d in deployments_in(reply):
                for pair in d.get("SwitchoverDetails") or ():
                    if pair.get("SourceMember") == self.arn:
                        return {"name": str(pair["TargetMember"]).rsplit(":", 1)[-1]}
            return {"name": ""}

        return Query(read_deployment(self.deployment), read)

    def check(self, out: Output) -> Query:
        told = [] if out["name"] else [f"the deployment has no green member for {self.arn}"]
        return Query(read_deployment(self.deployment), lambda _: told)


@dataclass(frozen=True, kw_only=True)
class GreenMember(Reading):
    """A green member under the key, with its data loaded: written down by what no exchange of names changes."""

    database: Id
    key_arn: str
    size: int
    aside: str  # its name after a way back
    extra_tags: Tags = ()
    of_cluster: bool = False
    member: bool = False  # of an Aurora cluster

    outputs: ClassVar[tuple[str, ...]] = ("DbiResourceId",)

    def title(self) -> str:
        return f"wait until {self.database} is loaded, under the key"

    def observe(self, ctx: Context) -> Query:
        def read(reply: Mapping[str, Any]) -> Output:
            return {"DbiResourceId": next((id_of(d) for d in databases_in(reply)), "")}

        return Query(read_named(self.database, of_cluster=self.of_cluster), read)

    def ready(self, out: Output) -> Watch:
        judge = at_rest(under_key(self.key_arn), _loaded)
        return watch(out["DbiResourceId"], judge, "loaded, under the key", of_cluster=self.of_cluster)

    def undo(self) -> Undo:
        return Irreversible("it goes with the deployment")

    def undo_once_up(self) -> Undo:
        """Return the deletion of the new side, once it has been put aside."""
        about: dict[str, Any] = {
            "key": f"undo:{self.key}",
            "phase": Phase.CLEAN,
            "lane": self.lane,
            "database": self.aside,
            "resource_id": Ref(self.key, "DbiResourceId"),
            "roles": ("source", "replacement"),  # RDS copies the tags of its blue member
        }
        if self.member:
            return DeleteInstance(member=True, **about)  # its cluster has the protection, and the backups
        about["keeps_backups"] = True  # it has served
        unprotect = Protect(
            key=f"undo:{self.key}:unprotect",
            phase=Phase.CLEAN,
            lane=self.lane,
            database=self.aside,
            resource_id=Ref(self.key, "DbiResourceId"),
            of_cluster=self.of_cluster,
            on=False,  # the switchover may have handed the protection on, and nothing of ours turned it on
            former=False,
        )
        return unprotect, DeleteCluster(**about) if self.of_cluster else DeleteInstance(**about)

    def salvage(self) -> Step | None:
        if self.member:
            return None  # its cluster's snapshot has it
        return SafetyDbSnapshot(
            key=f"safety:{self.key}",
            phase=Phase.RESTORE,
            lane=self.lane,
            database=self.aside,
            resource_id=Ref(self.key, "DbiResourceId"),
            size=self.size,
            extra_tags=self.extra_tags,
            of_cluster=self.of_cluster,
        )


def _loaded(database: Mapping[str, Any]) -> str:
    if database.get("StorageOperationStatus") == "Initializing":
        return f"loading, {database.get('StorageOperationPercentProgress', 0)} %"
    return ""


@dataclass(frozen=True, kw_only=True)
class GreenStill(Reading):
    """Directly before the switchover: the green member is still there and still under the key."""

    database: Id
    resource_id: Id
    key_arn: str
    of_cluster: bool = False

    def title(self) -> str:
        return f"see that {self.database} is still under the key"

    def before(self, ctx: Context) -> Query:
        def read(reply: Mapping[str, Any]) -> list[str]:
            found = [d for d in databases_in(reply) if id_of(d) == self.resource_id]
            if not found:
                return [f"{self.database} ({self.resource_id}) is gone"]
            wrong = key_difference(found[0], self.key_arn)
            return [f"{self.database}: {wrong}"] if wrong else []

        return Query(read_database(self.resource_id, of_cluster=self.of_cluster), read)


@dataclass(frozen=True, kw_only=True)
class AwaitLag(Step):
    """Wait until the green member follows closely: a switchover waits for it with writes closed, and gives up.

    `metric` is what tells it of `database`: seconds of a green one, bytes that a slot of a blue Aurora PostgreSQL still holds
    (SB-AUR-47).
    """

    database: Id
    most: float = 5.0
    metric: str = "ReplicaLag"
    unit: str = "s"

    outputs: ClassVar[tuple[str, ...]] = ("lag",)
    declares: ClassVar[tuple[str, ...]] = ("cloudwatch:GetMetricData",)

    def title(self) -> str:
        return f"wait until {self.metric} of {self.database} is {self.most:.0f} {self.unit} at most"

    def do(self, ctx: Context) -> Call:
        about = {"database": self.database, "most": self.most, "metric": self.metric, "unit": self.unit}
        return Call("local:AwaitLag", about)

    def output(self, reply: Mapping[str, Any]) -> Output:
        return dict(reply)

    def undo(self) -> Undo:
        return Irreversible("it only reads")

    def seconds(self) -> Seconds:
        return estimate.SMALL_CALL


@dataclass(frozen=True, kw_only=True)
class BeginSwitchover(Reading):
    """The cut begins: the deployment is ready to be switched over."""

    deployment: Id

    quiesces: ClassVar[bool] = True

    def title(self) -> str:
        return "see that the deployment can be switched over"

    def before(self, ctx: Context) -> Query:
        def read(reply: Mapping[str, Any]) -> list[str]:
            states = [str(d["Status"]) for d in deployments_in(reply)]
            return [f"the deployment is {s}, not AVAILABLE" for s in states or ["gone"] if s != "AVAILABLE"]

        return Query(read_deployment(self.deployment), read)


@dataclass(frozen=True, kw_only=True)
class NameNow(Reading):
    """Write down what a database is called now, by what a rename does not change."""

    resource_id: Id
    was: str
    of_cluster: bool = False

    outputs: ClassVar[tuple[str, ...]] = ("name", "arn")

    def title(self) -> str:
        return f"write down what the former {self.was} is called now"

    def observe(self, ctx: Context) -> Query:
        def read(reply: Mapping[str, Any]) -> Output:
            for d in databases_in(reply):
                return {"name": name_of(d), "arn": str(d.get("DBInstanceArn") or d["DBClusterArn"])}
            return {"name": "", "arn": ""}

        return Query(read_database(self.resource_id, of_cluster=self.of_cluster), read)

    def check(self, out: Output) -> Query:
        told = [] if out["name"] else [f"{self.resource_id}, the former {self.was}, is gone"]
        return Query(read_database(self.resource_id, of_cluster=self.of_cluster), lambda _: told)


Member = tuple[str, str, Id, tuple[str, ...], str, str]
"""Name, resource id of the old side, of the new side, own security groups, own parameter group, name aside."""

ClusterMember = tuple[str, str, Id, str]
"""Of an instance of an Aurora cluster: name, resource id of the old side, of the new side, name aside."""

CustomEndpoint = tuple[str, str, str, tuple[str, ...], tuple[str, ...]]
"""Identifier, resource id, type, and the members that it names or leaves out."""


@dataclass(frozen=True, kw_only=True)
class SwitchOver(Step):
    """Exchange the names: writes stop for it, and go on on the new side. This is bring-up."""

    deployment: Id
    database: str
    timeout: int
    members: tuple[Member, ...]
    quarantine: Id
    quiet: Id
    interfaces: int  # of one side
    of_cluster: bool = False  # then `members` is the cluster, and these are its instances, the writer first
    instances: tuple[ClusterMember, ...] = ()
    endpoints: tuple[CustomEndpoint, ...] = ()
    proxies: tuple[tuple[str, str], ...] = ()  # name and target group of those that route to `database`
    replicas: tuple[Id, ...] | None = None  # that an instance had when the plan was made: others have no new side

    takes_down: ClassVar[bool] = True

    def title(self) -> str:
        return f"switch {self.database} over to the encrypted side"

    def do(self, ctx: Context) -> Call:
        return Call(
            "rds:SwitchoverBlueGreenDeployment",
            {"BlueGreenDeploymentIdentifier": self.deployment, "SwitchoverTimeout": self.timeout},
        )

    def before(self, ctx: Context) -> Query | None:
        if self.replicas is None:
            return None
        planned = self.replicas

        def read(reply: Mapping[str, Any]) -> list[str]:
            return [why for d in databases_in(reply) for why in came_to_read(d, planned)]

        return Query(read_database(self.members[0][1]), read)

    def started(self, ctx: Context) -> Query | None:
        """Nobody else's: the deployment is ours."""
        return None

    def find(self, ctx: Context) -> Query:
        def read(reply: Mapping[str, Any]) -> Found | None:
            under_way = ("SWITCHOVER_IN_PROGRESS", "SWITCHOVER_COMPLETED")
            return Found({}) if any(d["Status"] in under_way for d in deployments_in(reply)) else None

        return Query(read_deployment(self.deployment), read)

    def ready(self, out: Output) -> Watch:
        most = self.timeout + SWITCHOVER_MARGIN
        return Watch("blue-green", self.deployment, switched, "SWITCHOVER_COMPLETED", deadline=most)

    def serving(self) -> Watch:
        """Look at the new side itself: the record of the deployment goes once the switchover is complete."""
        _, _, new, *_ = self.members[0]
        return watch(new, at_rest(named(self.database)), f"named {self.database}", of_cluster=self.of_cluster)

    def trace(self, ctx: Context) -> Query:
        """Answer with nothing left where the names are as they were: RDS has taken it back, or never begun."""

        def read(reply: Mapping[str, Any]) -> dict[str, str] | None:
            states = [str(d["Status"]) for d in deployments_in(reply)]
            return {} if states and set(states) <= {"AVAILABLE", "SWITCHOVER_FAILED"} else None

        return Query(read_deployment(self.deployment), read)

    def undo(self) -> Undo:
        return Irreversible("RDS takes back by itself what it does not complete")

    def undo_once_up(self) -> Undo:
        """Fence both sides, give the names back, and let the old side serve again.

        The old side too: what failed may have come before it was retired, and the wait counts the interfaces of both.
        """
        key = f"undo:{self.key}"
        about: dict[str, Any] = {"phase": Phase.RESTORE, "lane": self.lane}
        shared: dict[str, Any] = {"quarantine": self.quarantine, "quiet": self.quiet, **about}
        steps: list[Step] = [
            DeleteBlueGreen(key=f"{key}:record", deployment=self.deployment, with_green=False, **about)
        ]
        named: dict[str, Any] = {"of_cluster": self.of_cluster, **about}
        olds = [(name, old) for name, old, *_ in self.members] + [(name, old) for name, old, *_ in self.instances]
        for name, old in olds:
            of_cluster = self.of_cluster and old == self.members[0][1]
            steps.append(NameNow(key=f"{key}:old:{name}", resource_id=old, was=name, of_cluster=of_cluster, **about))
        for name, old, new, groups, parameters, _ in self.members:
            own: dict[str, Any] = {
                "groups": groups,
                "parameter_group": parameters,
                "of_cluster": self.of_cluster,
                **shared,
            }
            steps += [
                RetireDatabase(key=f"{key}:fence:{name}", database=name, resource_id=new, **own),
                RetireDatabase(
                    key=f"{key}:fence:{name}:old", database=Ref(f"{key}:old:{name}", "name"), resource_id=old, **own
                ),
            ]
        steps.append(
            AwaitQuarantine(
                key=f"{key}:carried",
                group=self.quarantine,
                interfaces=2 * self.interfaces,
                databases=tuple(id_ for _, old, new, *_ in self.members for id_ in (old, new)),
                of_cluster=self.of_cluster,
                **about,
            )
        )
        for name, _, new, *_ in self.members:
            members = tuple((m, id_) for m, _, id_, _ in self.instances)
            again = f"{key}:reboot:{name}"
            steps += reboots(again, name, new, self.quiet, members=members, **named)
        whole: dict[str, Any] = {"resource_id": self.members[0][2], "of_cluster": True} if self.of_cluster else {}
        steps.append(ProveQuiet(key=f"{key}:proof", databases=tuple(m[0] for m in self.members), **whole, **about))
        steps += self._proxied(DeregisterProxyTarget, f"{key}:proxy:off", about)
        steps += self._free_endpoints(key, about)
        for name, _, new, _, _, aside in self.members:
            steps.append(RenameDatabase(key=f"{key}:aside:{name}", database=name, resource_id=new, to=aside, **named))
        for name, _, new, aside in self.instances:
            steps.append(RenameDatabase(key=f"{key}:aside:{name}", database=name, resource_id=new, to=aside, **about))
        for name, old, *_ in self.members:
            now = Ref(f"{key}:old:{name}", "name")
            steps.append(RenameDatabase(key=f"{key}:name:{name}", database=now, resource_id=old, to=name, **named))
        for name, old, *_ in self.instances:
            now = Ref(f"{key}:old:{name}", "name")
            steps.append(RenameDatabase(key=f"{key}:name:{name}", database=now, resource_id=old, to=name, **about))
        steps += self._endpoints_again(key, about)
        for name, old, _, groups, parameters, _ in self.members:
            these: dict[str, Any] = {"database": name, "resource_id": old, "parameter_group": parameters}
            back = GiveOwnGroups(key=f"{key}:own:{name}", groups=groups, of_cluster=self.of_cluster, **these, **shared)
            members = tuple((m, id_) for m, id_, *_ in self.instances)
            steps += [back, *reboots(f"{key}:serve:{name}", name, old, parameters, members=members, **named)]
        steps.append(AwaitOwnGroups(key=f"{key}:own", group=self.quarantine, **about))
        steps += self._proxied(RegisterProxyTarget, f"{key}:proxy:on", about)
        return tuple(steps)

    def _proxied(self, step: type[RegisterProxyTarget], key: str, about: dict[str, Any]) -> list[Step]:
        """Take the new side off its proxies, or put what bears the name on them: the switchover moved their targets (SB-BG-32)."""
        return [
            step(
                key=f"{key}:{proxy}",
                proxy=proxy,
                target_group=group,
                database=self.database,
                of_cluster=self.of_cluster,
                **about,
            )
            for proxy, group in self.proxies
        ]

    def _free_endpoints(self, key: str, about: dict[str, Any]) -> list[Step]:
        """Take the custom endpoints off both sides: the switchover has left the old side's under other names."""
        steps: list[Step] = []
        for name, id_, kind, *_ in self.endpoints:
            these: dict[str, Any] = {"cluster": self.database, "resource_id": self.members[0][2], "kind": kind, **about}
            steps += [
                DeleteClusterEndpoint(key=f"{key}:endpoint:{name}", endpoint=name, **these),
                EndpointNow(key=f"{key}:endpoint:{name}:old", endpoint_resource=id_, was=name, **about),
                DeleteClusterEndpoint(
                    key=f"{key}:endpoint:{name}:old:gone", endpoint=Ref(f"{key}:endpoint:{name}:old", "name"), **these
                ),
            ]
        return steps

    def _endpoints_again(self, key: str, about: dict[str, Any]) -> list[Step]:
        return [
            CreateClusterEndpoint(
                key=f"{key}:endpoint:{name}:again",
                endpoint=name,
                cluster=self.database,
                resource_id=self.members[0][1],
                kind=kind,
                static=static,
                excluded=excluded,
                **about,
            )
            for name, _, kind, static, excluded in self.endpoints
        ]

    def seconds(self) -> Seconds:
        return Seconds(min(estimate.SWITCHOVER.expected, self.timeout), float(self.timeout))


@dataclass(frozen=True, kw_only=True)
class RetireDatabase(FenceDatabase):
    """Put a side that does not serve any more into quarantine, schedulers off: its read-only state ends with a reboot."""

    takes_down: ClassVar[bool] = False

    def title(self) -> str:
        return f"put {self.database} into quarantine, out of service"

    def before(self, ctx: Context) -> Query:
        return still(self.resource_id, self.database, of_cluster=self.of_cluster)

    def undo(self) -> Undo:
        return Irreversible("the way back of the switchover lets it serve again")
