"""rds:AddTagsToResource and RemoveTagsFromResource: the claim and before-image on a source, the user's tags, tags set aside."""

import base64
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sealift.estimate import SMALL_CALL
from sealift.step import Call, Context, Id, Irreversible, Phase, Query, Seconds, Step, Tags, as_tags, tags_of
from sealift.steps.db_looks import databases_in, id_of, name_of, read_database, status_of

INSIDE = ("sealift:was-inside", "sealift:was-inside-2", "sealift:was-inside-3", "sealift:was-inside-4")
"""Tags that hold how a database is set inside."""

TOO_LONG = "-"
CLAIM = ("sealift:migration", "sealift:plan", "sealift:was", "sealift:role")


@dataclass(frozen=True, kw_only=True)
class MarkDatabase(Step):
    """Write the claim and the before-image on a database; the first step of every recipe.

    `plan` is format, route and digest; `was` the former values, packed into RDS's tag alphabet, at most 256 characters.
    """

    arn: str
    plan: str
    was: str
    more: Tags = ()  # where it goes on
    extra_tags: Tags = ()
    resource_id: str = ""  # which no rename changes; empty in a plan of an earlier version
    of_cluster: bool = False

    def title(self) -> str:
        return f"claim {_short(self.arn)} and write down how it was"

    def do(self, ctx: Context) -> Call:
        tags = (
            dict(self.extra_tags)
            | dict(self.more)
            | {
                "sealift:migration": ctx.migration,
                "sealift:plan": self.plan,
                "sealift:was": self.was,
                "sealift:role": "source",
            }
        )
        return Call("rds:AddTagsToResource", {"ResourceName": self.arn, "Tags": as_tags(tags)})

    def undo(self) -> Step:
        return self._without(self.arn, *(k for k, _ in self.extra_tags))

    def claimed(self, ctx: Context) -> Query | None:
        """Ask, by whatever name it has now, whether the claim is there and ours. What keeps janitors from the source stays: it may
        be the last that there is.
        """

        def read(reply: Mapping[str, Any]) -> Step | None:
            for found in databases_in(reply):
                if status_of(found) != "deleting" and tags_of(found).get(CLAIM[0]) == ctx.migration:
                    return self._without(str(found.get("DBInstanceArn") or found["DBClusterArn"]))
            return None

        return Query(read_database(self.resource_id, of_cluster=self.of_cluster), read) if self.resource_id else None

    def _without(self, arn: str, *more: str) -> Step:
        keys = (*CLAIM, *(k for k, _ in self.more), *more)
        return RemoveDbTags(key=f"undo:{self.key}", phase=Phase.CLEAN, lane=self.lane, arn=arn, keys=keys)

    def seconds(self) -> Seconds:
        return SMALL_CALL


@dataclass(frozen=True, kw_only=True)
class GiveDbTags(Step):
    """Put tags on a database: the user's on the replacement."""

    arn: Id
    tags: Tags

    def title(self) -> str:
        return f"put the user's tags on {_short(self.arn)}"

    def do(self, ctx: Context) -> Call:
        return Call("rds:AddTagsToResource", {"ResourceName": self.arn, "Tags": as_tags(dict(self.tags))})

    def undo(self) -> "Step | Irreversible":
        return Irreversible("the tags go with the replacement")

    def seconds(self) -> Seconds:
        return SMALL_CALL


@dataclass(frozen=True, kw_only=True)
class HandOver(GiveDbTags):
    """Write on a replacement that clients reach from now on: whoever finds it knows that it may have been written to."""

    def title(self) -> str:
        return f"write down that {_short(self.arn)} is handed over"


@dataclass(frozen=True, kw_only=True)
class MarkInside(Step):
    """Keep on the source how it is set inside, before any of that is changed: a lost journal is rebuilt from it.

    What does not fit into four tags is left out, and said so: it is then for a person to set again.
    """

    arn: str
    writes: Any
    schedulers: Any

    def title(self) -> str:
        return f"note on {_short(self.arn)} how it is set inside"

    def do(self, ctx: Context) -> Call:
        tags = inside_tags({"writes": self.writes, "schedulers": self.schedulers})
        return Call("rds:AddTagsToResource", {"ResourceName": self.arn, "Tags": as_tags(tags)})

    def undo(self) -> Step:
        return RemoveDbTags(key=f"undo:{self.key}", phase=Phase.CLEAN, lane=self.lane, arn=self.arn, keys=INSIDE)

    def seconds(self) -> Seconds:
        return SMALL_CALL


def inside_tags(set_inside: Mapping[str, Any]) -> dict[str, str]:
    """Return the tags that hold how a database is set inside, as JSON, packed and written with letters that every tag takes."""
    text = base64.b64encode(zlib.compress(json.dumps(set_inside, default=str).encode())).decode()
    if len(text) > 256 * len(INSIDE):
        return {INSIDE[0]: TOO_LONG}
    return {key: text[256 * n : 256 * (n + 1)] for n, key in enumerate(INSIDE) if text[256 * n :]}


def read_inside(tags: Mapping[str, str]) -> dict[str, Any] | None:
    """Read it back; None where it was too long, empty where nothing was noted."""
    text = "".join(tags.get(key, "") for key in INSIDE)
    if text == TOO_LONG:
        return None
    return dict(json.loads(zlib.decompress(base64.b64decode(text)))) if text else {}


@dataclass(frozen=True, kw_only=True)
class SetDbAside(GiveDbTags):
    """Keep on the source, as `sealift:was-tag:*`, the tags by which backups and schedulers select it."""

    back: Id  # the ARN that it has again when the way back comes here

    def title(self) -> str:
        return f"note the selection tags of {_short(self.arn)} under sealift:was-tag:"

    def undo(self) -> Step:
        keys = tuple(k for k, _ in self.tags)
        return RemoveDbTags(key=f"undo:{self.key}", phase=Phase.CLEAN, lane=self.lane, arn=self.back, keys=keys)


@dataclass(frozen=True, kw_only=True)
class RemoveDbTags(Step):
    """Take tags off a database; `former` puts them back."""

    arn: Id
    keys: tuple[str, ...]
    former: Tags = ()
    back: Id = ""

    def title(self) -> str:
        return f"take tags off {_short(self.arn)}: {', '.join(self.keys)}"

    def do(self, ctx: Context) -> Call:
        return Call("rds:RemoveTagsFromResource", {"ResourceName": self.arn, "TagKeys": sorted(self.keys)})

    def undo(self) -> "Step | Irreversible":
        if not self.former:
            return Irreversible("they were ours")
        return GiveDbTags(
            key=f"undo:{self.key}", phase=Phase.CLEAN, lane=self.lane, arn=self.back or self.arn, tags=self.former
        )

    def seconds(self) -> Seconds:
        return SMALL_CALL


def _short(arn: Any) -> str:
    return str(arn).rsplit(":", 1)[-1]


def claim_held(resource_id: str, migration: str, *, of_cluster: bool = False) -> Query:
    """Ask whether the claim on a database is still this migration's: tags have no compare-and-set, so they are read back."""

    def read(reply: Mapping[str, Any]) -> list[str]:
        for found in databases_in(reply):
            if id_of(found) == resource_id:
                holder = tags_of(found).get("sealift:migration") or "nobody"
                return (
                    [] if holder == migration else [f"the claim on {name_of(found)} is {holder}'s, not {migration}'s"]
                )
        return [f"{resource_id} is gone"]

    return Query(read_database(resource_id, of_cluster=of_cluster), read)
