"""The quiet parameter group: a clone of the database's own in which no scheduler runs; ours, and gone afterwards.

A default group cannot be copied (RDS user guide, "Copying a DB parameter group"): then a new one of its family is made.
"""

from collections.abc import Mapping
from dataclasses import dataclass
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
    Ref,
    Seconds,
    Step,
    Tags,
    as_tags,
    made_by,
    name_made,
)

Parameters = tuple[tuple[str, str], ...]


def _noun(of_cluster: bool) -> str:
    return "DBClusterParameterGroup" if of_cluster else "DBParameterGroup"


def _read(name: Any, *, of_cluster: bool) -> Call:
    noun = _noun(of_cluster)
    return Call(f"rds:Describe{noun}s", {f"{noun}Name": name})


@dataclass(frozen=True, kw_only=True)
class ParameterGroup(Step):
    """Make a parameter group of ours."""

    extra_tags: Tags = ()
    of_cluster: bool = False

    outputs: ClassVar[tuple[str, ...]] = ("name",)
    looks_first: ClassVar[bool] = True
    harbours: ClassVar[bool] = True

    def name(self, ctx: Context) -> str:
        """Return its deterministic name."""
        return name_made(ctx, self.key)

    def tags(self, ctx: Context) -> list[dict[str, str]]:
        """Return our tags."""
        return as_tags(made_by(ctx, self, "quiet", self.extra_tags))

    def output(self, reply: Mapping[str, Any]) -> Output:
        noun = _noun(self.of_cluster)
        return {"name": reply[noun][f"{noun}Name"]}

    def find(self, ctx: Context) -> Query:
        """Look by name in the list: the name is a digest of migration, attempt and step, which nobody else has."""
        noun, name = _noun(self.of_cluster), self.name(ctx)

        def read(reply: Mapping[str, Any]) -> Found | None:
            names = {g[f"{noun}Name"] for g in reply.get(f"{noun}s", ())}
            return Found({"name": name}) if name in names else None

        return Query(Call(f"rds:Describe{noun}s", {}), read)

    def undo(self) -> Step:
        return DeleteParameterGroup(
            key=f"undo:{self.key}",
            phase=Phase.CLEAN,
            lane=self.lane,
            group=Ref(self.key, "name"),
            of_cluster=self.of_cluster,
        )

    def seconds(self) -> Seconds:
        return SMALL_CALL


@dataclass(frozen=True, kw_only=True)
class CloneParameterGroup(ParameterGroup):
    """Copy the user's parameter group with all that is set in it."""

    source: str

    def title(self) -> str:
        return f"copy the parameter group {self.source}"

    def do(self, ctx: Context) -> Call:
        noun, name = _noun(self.of_cluster), self.name(ctx)
        params = {
            f"Source{noun}Identifier": self.source,
            f"Target{noun}Identifier": name,
            f"Target{noun}Description": f"sealift: {self.source} without schedulers",
            "Tags": self.tags(ctx),
        }
        return Call(f"rds:Copy{noun}", params)


@dataclass(frozen=True, kw_only=True)
class MakeParameterGroup(ParameterGroup):
    """Make a group of a family: what a database with the engine's default group has."""

    family: str

    def title(self) -> str:
        return f"make a parameter group of {self.family}"

    def do(self, ctx: Context) -> Call:
        noun = _noun(self.of_cluster)
        params = {
            f"{noun}Name": self.name(ctx),
            "DBParameterGroupFamily": self.family,
            "Description": "sealift: default parameters without schedulers",
            "Tags": self.tags(ctx),
        }
        return Call(f"rds:Create{noun}", params)


@dataclass(frozen=True, kw_only=True)
class QuietParameters(Step):
    """Turn the schedulers off in our group, from the next reboot on: the customer's jobs must not run twice (R-RDS-42)."""

    group: Id
    parameters: Parameters
    of_cluster: bool = False

    def title(self) -> str:
        return f"turn schedulers off in {self.group}"

    def do(self, ctx: Context) -> Call:
        told = [
            {"ParameterName": name, "ParameterValue": value, "ApplyMethod": "pending-reboot"}
            for name, value in self.parameters
        ]
        noun = _noun(self.of_cluster)
        return Call(f"rds:Modify{noun}", {f"{noun}Name": self.group, "Parameters": told})

    def check(self, out: Output) -> Query:
        noun = _noun(self.of_cluster)
        wanted = dict(self.parameters)

        def read(reply: Mapping[str, Any]) -> list[str]:
            has = {p["ParameterName"]: p.get("ParameterValue") for p in reply.get("Parameters", ())}
            return [
                f"{k} of {self.group} is {has.get(k)!r}, wanted {v!r}" for k, v in wanted.items() if has.get(k) != v
            ]

        operation = "rds:DescribeDBClusterParameters" if self.of_cluster else "rds:DescribeDBParameters"
        return Query(Call(operation, {f"{noun}Name": self.group, "Source": "user"}), read)

    def undo(self) -> Irreversible:
        return Irreversible("the group goes as a whole")

    def seconds(self) -> Seconds:
        return SMALL_CALL


@dataclass(frozen=True, kw_only=True)
class DeleteParameterGroup(Step):
    """Delete a parameter group of ours, once no database names it."""

    group: Id
    of_cluster: bool = False

    def title(self) -> str:
        return f"delete the parameter group {self.group}"

    def do(self, ctx: Context) -> Call:
        noun = _noun(self.of_cluster)
        return Call(f"rds:Delete{noun}", {f"{noun}Name": self.group})

    def find(self, ctx: Context) -> Query:
        noun = _noun(self.of_cluster)

        def read(reply: Mapping[str, Any]) -> Found | None:
            return None if self.group in {g[f"{noun}Name"] for g in reply.get(f"{noun}s", ())} else Found({})

        return Query(Call(f"rds:Describe{noun}s", {}), read)

    def undo(self) -> Irreversible:
        return Irreversible("the next attempt makes another")

    def seconds(self) -> Seconds:
        return SMALL_CALL
