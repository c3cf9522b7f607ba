"""Custom endpoints of a cluster: their identifiers are unique in the Region, so that one goes before another comes (SB-AUR-06)."""

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
    Seconds,
    Seen,
    Step,
    Tags,
    Undo,
    Watch,
)
from sealift.steps.db_looks import needs_rest
from sealift.steps.local import Reading


def _read(name: Any) -> Call:
    filters = [{"Name": "db-cluster-endpoint-id", "Values": [name]}]
    return Call("rds:DescribeDBClusterEndpoints", {"Filters": filters})


@dataclass(frozen=True, kw_only=True)
class Endpoint(Step):
    """A custom endpoint as it was: its type, and which members it names or leaves out."""

    endpoint: Id
    cluster: Id
    resource_id: Id  # of the cluster
    kind: str  # READER, WRITER, ANY
    static: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    tags: Tags = ()

    def found(self, reply: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """Return the endpoint, where it is there."""
        listed = reply.get("DBClusterEndpoints", ())
        return [e for e in listed if e["DBClusterEndpointIdentifier"] == self.endpoint]

    def watched(self, *, there: bool) -> Watch:
        """Return the wait until it is available, or gone."""

        def judge(endpoint: Mapping[str, Any] | None) -> Seen:
            if endpoint is None:
                return Seen(done=not there, state="absent")
            state = str(endpoint.get("Status"))
            return Seen(done=there and state in ("available", "inactive"), state=state)

        return Watch("db-cluster-endpoint", self.endpoint, judge, "available" if there else "gone")

    def seconds(self) -> Seconds:
        return estimate.ENDPOINT


@dataclass(frozen=True, kw_only=True)
class CreateClusterEndpoint(Endpoint):
    """Make a custom endpoint as it was, of the cluster that bears the name now."""

    def title(self) -> str:
        return f"make the endpoint {self.endpoint} of {self.cluster}"

    def do(self, ctx: Context) -> Call:
        members: dict[str, Any] = {"StaticMembers": list(self.static)} if self.static else {}
        members |= {"ExcludedMembers": list(self.excluded)} if self.excluded else {}
        members |= {"Tags": [{"Key": k, "Value": v} for k, v in self.tags]} if self.tags else {}
        about = {"DBClusterIdentifier": self.cluster, "DBClusterEndpointIdentifier": self.endpoint}
        return Call("rds:CreateDBClusterEndpoint", {**about, "EndpointType": self.kind, **members})

    def find(self, ctx: Context) -> Query:
        def read(reply: Mapping[str, Any]) -> Found | None:
            here = [e for e in self.found(reply) if e.get("DBClusterIdentifier") == self.cluster]
            return Found({}) if here else None

        return Query(_read(self.endpoint), read)

    def needs(self) -> Watch | None:
        return needs_rest(self.resource_id, of_cluster=True)

    def ready(self, out: Output) -> Watch:
        return self.watched(there=True)

    def check(self, out: Output) -> Query:
        def read(reply: Mapping[str, Any]) -> list[str]:
            found = self.found(reply)
            wrong = [] if found else [f"{self.endpoint} is gone"]
            for e in found:
                has = (sorted(e.get("StaticMembers") or ()), sorted(e.get("ExcludedMembers") or ()))
                if has != (sorted(self.static), sorted(self.excluded)):
                    wrong.append(f"{self.endpoint} names other members than it did: {has}")
            return wrong

        return Query(_read(self.endpoint), read)

    def undo(self) -> Undo:
        if self.phase is Phase.RESTORE:
            return Irreversible("it is there again")
        return DeleteClusterEndpoint(
            key=f"undo:{self.key}",
            phase=Phase.RESTORE,
            lane=self.lane,
            endpoint=self.endpoint,
            cluster=self.cluster,
            resource_id=self.resource_id,
            kind=self.kind,
        )


@dataclass(frozen=True, kw_only=True)
class DeleteClusterEndpoint(Endpoint):
    """Delete a custom endpoint, so that its identifier is free; one that is gone already is left alone."""

    looks_first: ClassVar[bool] = True

    def title(self) -> str:
        return f"take the endpoint {self.endpoint} off {self.cluster}"

    def do(self, ctx: Context) -> Call:
        return Call("rds:DeleteDBClusterEndpoint", {"DBClusterEndpointIdentifier": self.endpoint})

    def find(self, ctx: Context) -> Query:
        return Query(_read(self.endpoint), lambda reply: None if self._left(reply) else Found({}))

    def _left(self, reply: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        return [e for e in self.found(reply) if e["Status"] != "deleting"]

    def ready(self, out: Output) -> Watch:
        return self.watched(there=False)

    def undo(self) -> Undo:
        if self.phase is Phase.RESTORE:
            return Irreversible("it was not there before")
        return CreateClusterEndpoint(
            key=f"undo:{self.key}",
            phase=Phase.RESTORE,
            lane=self.lane,
            endpoint=self.endpoint,
            cluster=self.cluster,
            resource_id=self.resource_id,
            kind=self.kind,
            static=self.static,
            excluded=self.excluded,
            tags=self.tags,
        )

    def seconds(self) -> Seconds:
        return Seconds(estimate.SMALL_CALL.expected, estimate.ENDPOINT.worst)


@dataclass(frozen=True, kw_only=True)
class EndpointNow(Reading):
    """Write down what a custom endpoint is called now, by what a switchover does not change.

    Of one that is gone it is the former name, under which there is nothing to delete either.
    """

    endpoint_resource: str
    was: str

    outputs: ClassVar[tuple[str, ...]] = ("name",)

    def title(self) -> str:
        return f"write down what the former endpoint {self.was} is called now"

    def observe(self, ctx: Context) -> Query:
        def read(reply: Mapping[str, Any]) -> Output:
            for e in reply.get("DBClusterEndpoints", ()):
                if e.get("DBClusterEndpointResourceIdentifier") == self.endpoint_resource:
                    return {"name": str(e["DBClusterEndpointIdentifier"])}
            return {"name": self.was}

        return Query(Call("rds:DescribeDBClusterEndpoints", {}), read)
