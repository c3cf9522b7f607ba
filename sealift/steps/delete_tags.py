"""ec2:DeleteTags: take tags from a volume."""

from dataclasses import dataclass

from sealift.estimate import SMALL_CALL
from sealift.step import Call, Context, Irreversible, Phase, Seconds, Step, Tags
from sealift.steps.create_tags import GiveTags


@dataclass(frozen=True, kw_only=True)
class RemoveTags(Step):
    """Take tags from a volume; those with a value in `tags` are put back on the way back."""

    volume: str
    tags: Tags

    def title(self) -> str:
        return f"take {len(self.tags)} tags from {self.volume}"

    def do(self, ctx: Context) -> Call:
        return Call("ec2:DeleteTags", {"Resources": [self.volume], "Tags": [{"Key": k} for k, _ in sorted(self.tags)]})

    def undo(self) -> Step | Irreversible:
        if not any(value for _, value in self.tags):
            return Irreversible("the tags were sealift's own")
        return GiveTags(key=f"undo:{self.key}", phase=Phase.RESTORE, lane=self.lane, volume=self.volume, tags=self.tags)

    def seconds(self) -> Seconds:
        return SMALL_CALL
