"""ec2:DeleteVolume: only what the journal names and our role tag marks, and only while it is attached to nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sealift.estimate import SMALL_CALL
from sealift.step import Call, Context, Found, Id, Irreversible, Query, Seconds, Step, Watch, tags_of
from sealift.steps.looks import attachments, deletable, volumes


@dataclass(frozen=True, kw_only=True)
class DeleteVolume(Step):
    """Delete a volume of this migration: the id comes from the journal, the role tag must be one of `roles`."""

    volume: Id
    roles: tuple[str, ...]

    def title(self) -> str:
        return f"delete {self.volume}"

    def needs(self) -> Watch | None:
        return Watch("volume", self.volume, deletable, "attached to nothing")

    def before(self, ctx: Context) -> Query:
        def read(reply: Mapping[str, Any]) -> list[str]:
            found = reply["Volumes"]
            wrong = [why for v in found for why in not_ours(v, v["VolumeId"], ctx, self.roles)]
            return wrong + [f"{v['VolumeId']} is attached" for v in found if attachments(v)]

        return Query(volumes(self.volume), read)

    def do(self, ctx: Context) -> Call:
        return Call("ec2:DeleteVolume", {"VolumeId": self.volume})

    def find(self, ctx: Context) -> Query:
        def read(reply: Mapping[str, Any]) -> Found | None:
            return None if any(v["State"] not in ("deleting", "deleted") for v in reply["Volumes"]) else Found({})

        return Query(volumes(self.volume), read)

    def undo(self) -> Irreversible:
        return Irreversible("a deleted volume is gone, or in the Recycle Bin")

    def seconds(self) -> Seconds:
        return SMALL_CALL


def not_ours(resource: Mapping[str, Any], name: str, ctx: Context, roles: tuple[str, ...]) -> list[str]:
    """Return why a resource must not be deleted by this migration."""
    tags = tags_of(resource)
    why = []
    if tags.get("sealift:migration") != ctx.migration:
        why.append(
            f"{name} carries the mark of {tags.get('sealift:migration') or 'no migration'}, not of {ctx.migration}"
        )
    if tags.get("sealift:role") not in roles:
        why.append(f"{name} has the role {tags.get('sealift:role')!r}, not one of {', '.join(roles)}")
    return why
