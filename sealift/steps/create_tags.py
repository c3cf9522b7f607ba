"""ec2:CreateTags: the before-image and claim on a source, the user's tags on a replacement, selection tags set aside."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sealift.estimate import SMALL_CALL
from sealift.step import Call, Context, Id, Irreversible, Phase, Query, Seconds, Step, Tags, as_tags, tags_of
from sealift.steps.looks import volumes

CLAIM = ("sealift:migration", "sealift:plan", "sealift:was", "sealift:role")
"""The tags of ours on a source, first the one that says whose it is."""


@dataclass(frozen=True, kw_only=True)
class MarkSource(Step):
    """Write the claim and the before-image on a source; the first step of every recipe.

    `plan` is format, route and digest; `was` the former values, packed into RDS's tag alphabet, at most 256 characters.
    """

    volume: str
    plan: str
    was: str
    extra_tags: Tags = ()

    def title(self) -> str:
        return f"claim {self.volume} and write down how it was"

    def tags(self, ctx: Context) -> dict[str, str]:
        """Return what is written."""
        return dict(self.extra_tags) | {
            "sealift:migration": ctx.migration,
            "sealift:plan": self.plan,
            "sealift:was": self.was,
            "sealift:role": "source",
        }

    def do(self, ctx: Context) -> Call:
        return Call("ec2:CreateTags", {"Resources": [self.volume], "Tags": as_tags(self.tags(ctx))})

    def undo(self) -> Step:
        return self._without(*CLAIM, *(k for k, _ in self.extra_tags))

    def claimed(self, ctx: Context) -> Query:
        """Ask whether the claim is there and ours. What keeps janitors from the source stays: it may be the last that there is."""

        def read(reply: Mapping[str, Any]) -> Step | None:
            mine = (v for v in reply["Volumes"] if v["State"] not in ("deleting", "deleted"))
            return self._without(*CLAIM) if any(tags_of(v).get(CLAIM[0]) == ctx.migration for v in mine) else None

        return Query(volumes(self.volume), read)

    def _without(self, *keys: str) -> Step:
        from sealift.steps.delete_tags import RemoveTags  # noqa: PLC0415 - the two name each other

        return RemoveTags(
            key=f"undo:{self.key}",
            phase=Phase.CLEAN,
            lane=self.lane,
            volume=self.volume,
            tags=tuple((k, "") for k in keys),
        )

    def seconds(self) -> Seconds:
        return SMALL_CALL


@dataclass(frozen=True, kw_only=True)
class GiveTags(Step):
    """Put tags on a volume: the user's on the replacement, or set-aside ones under another name on the source."""

    volume: Id
    tags: Tags

    def title(self) -> str:
        return f"put the user's tags on {self.volume}"

    def do(self, ctx: Context) -> Call:
        return Call("ec2:CreateTags", {"Resources": [self.volume], "Tags": as_tags(dict(self.tags))})

    def undo(self) -> Step | Irreversible:
        return Irreversible("the tags go with the replacement")

    def seconds(self) -> Seconds:
        return SMALL_CALL


@dataclass(frozen=True, kw_only=True)
class SetAside(GiveTags):
    """Keep on the source, as `sealift:was-tag:*`, the tags by which backups and schedulers select it."""

    def title(self) -> str:
        return f"note the selection tags of {self.volume} under sealift:was-tag:"

    def undo(self) -> Step | Irreversible:
        from sealift.steps.delete_tags import RemoveTags  # noqa: PLC0415

        return RemoveTags(
            key=f"undo:{self.key}",
            phase=Phase.CLEAN,
            lane=self.lane,
            volume=str(self.volume),
            tags=tuple((k, "") for k, _ in self.tags),
        )


def claimed_by_other(sources: tuple[str, ...], migration: str) -> Query:
    """Ask whether the claims on volumes are still this migration's: tags have no compare-and-set, so they are read
    back.
    """

    def read(reply: Mapping[str, Any]) -> list[str]:
        holders = {v["VolumeId"]: tags_of(v).get("sealift:migration") or "nobody" for v in reply["Volumes"]}
        gone = [f"{volume} is gone: somebody has deleted it" for volume in sources if volume not in holders]
        found = [(volume, holders[volume]) for volume in sources if volume in holders]
        return gone + [
            f"the claim on {volume} is {holder}'s, not {migration}'s" for volume, holder in found if holder != migration
        ]

    return Query(volumes(*sources), read)
