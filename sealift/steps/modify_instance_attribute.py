"""ec2:ModifyInstanceAttribute: DeleteOnTermination, always with its value, because leaving it out means true
(R-EBS-21).
"""

from dataclasses import dataclass
from typing import ClassVar

from sealift.estimate import SMALL_CALL
from sealift.step import Call, Context, Irreversible, Phase, Seconds, Step

Flags = tuple[tuple[str, bool], ...]


def _call(instance: str, flags: Flags) -> Call:
    mappings = [{"DeviceName": device, "Ebs": {"DeleteOnTermination": flag}} for device, flag in flags]
    return Call("ec2:ModifyInstanceAttribute", {"InstanceId": instance, "BlockDeviceMappings": mappings})


@dataclass(frozen=True, kw_only=True)
class KeepOnTermination(Step):
    """Before the stop: a terminate from now on deletes no source (R-EBS-22). `former` are the flags to put back."""

    instance: str
    former: Flags

    alters: ClassVar[tuple[str, ...]] = ("delete_on_termination",)

    def title(self) -> str:
        return f"keep the volumes of {self.instance} if it is terminated"

    def do(self, ctx: Context) -> Call:
        return _call(self.instance, tuple((device, False) for device, _ in self.former))

    def undo(self) -> Step:
        return SetFlags(
            key=f"undo:{self.key}", phase=Phase.RESTORE, lane=self.lane, instance=self.instance, flags=self.former
        )

    def seconds(self) -> Seconds:
        return SMALL_CALL


@dataclass(frozen=True, kw_only=True)
class SetFlags(Step):
    """Set DeleteOnTermination as it was: AttachVolume leaves false (R-EBS-21)."""

    instance: str
    flags: Flags

    def title(self) -> str:
        return f"set DeleteOnTermination on {self.instance} as it was"

    def do(self, ctx: Context) -> Call:
        return _call(self.instance, self.flags)

    def undo(self) -> Irreversible:
        return Irreversible("the flags go with the attachments")

    def seconds(self) -> Seconds:
        return SMALL_CALL
