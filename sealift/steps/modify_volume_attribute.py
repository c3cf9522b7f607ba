"""ec2:ModifyVolumeAttribute: AutoEnableIO as it was (R-EBS-11)."""

from dataclasses import dataclass

from sealift.estimate import SMALL_CALL
from sealift.step import Call, Context, Id, Irreversible, Seconds, Step


@dataclass(frozen=True, kw_only=True)
class SetAutoEnableIO(Step):
    """Set AutoEnableIO on a replacement."""

    volume: Id
    value: bool

    def title(self) -> str:
        return f"set AutoEnableIO={self.value} on {self.volume}"

    def do(self, ctx: Context) -> Call:
        return Call("ec2:ModifyVolumeAttribute", {"VolumeId": self.volume, "AutoEnableIO": {"Value": self.value}})

    def lives_with(self) -> Id:
        return self.volume

    def undo(self) -> Irreversible:
        return Irreversible("the attribute goes with the replacement")

    def seconds(self) -> Seconds:
        return SMALL_CALL
