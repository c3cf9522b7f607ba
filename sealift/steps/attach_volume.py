"""ec2:AttachVolume: on the device and card where its counterpart was (R-EBS-20)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from sealift.estimate import ATTACH
from sealift.step import Call, Context, Found, Id, Output, Phase, Query, Seconds, Seen, Step, Watch
from sealift.steps.looks import attached, attachments, unattached, untouched, volumes


@dataclass(frozen=True, kw_only=True)
class AttachVolume(Step):
    """Attach a volume. With `launch_time` the instance must not have been started since the cut."""

    volume: Id
    instance: str
    device: str
    card: int | None = None
    launch_time: Id | None = None

    exposes: ClassVar[bool] = True

    def title(self) -> str:
        return f"attach {self.volume} to {self.instance} at {self.device}"

    def before(self, ctx: Context) -> Query | None:
        return untouched(self.instance, self.launch_time) if self.launch_time is not None else None

    def do(self, ctx: Context) -> Call:
        card = {} if self.card is None else {"EbsCardIndex": self.card}
        return Call(
            "ec2:AttachVolume", {"VolumeId": self.volume, "InstanceId": self.instance, "Device": self.device, **card}
        )

    def find(self, ctx: Context) -> Query:
        return Query(volumes(self.volume), self._attached)

    def _attached(self, reply: Mapping[str, Any]) -> Found | None:
        for volume in reply["Volumes"]:
            for a in attachments(volume):
                here = a.get("InstanceId") == self.instance and a.get("Device") == self.device
                if here and a.get("State") in ("attached", "attaching"):
                    return Found({})
        return None

    def needs(self) -> Watch:
        return Watch("volume", self.volume, self._free, "attached to nothing")

    def _free(self, volume: Mapping[str, Any] | None) -> Seen:
        """Judge a volume that is to be attached: what is held elsewhere does not come free by itself."""
        for a in () if volume is None else attachments(volume):
            here = a.get("InstanceId") == self.instance and a.get("Device") == self.device
            if not here and a.get("State") == "attached":
                where = f"{a.get('InstanceId')} at {a.get('Device')}"
                return Seen(failed=f"somebody has attached it to {where}; detach it there", state="attached")
            if here:
                return Seen(done=a.get("State") == "attached", state=str(a.get("State")))
        return unattached(volume)

    def ready(self, out: Output) -> Watch:
        return Watch(
            "volume", self.volume, attached(self.instance, self.device), f"attached at {self.device}", deadline=300
        )

    def lives_with(self) -> Id:
        return self.volume

    def undo(self) -> Step:
        from sealift.steps.detach_volume import DetachVolume  # noqa: PLC0415 - each is the other's undo

        return DetachVolume(
            key=f"undo:{self.key}",
            phase=Phase.RESTORE,
            lane=self.lane,
            volume=self.volume,
            instance=self.instance,
            device=self.device,
            card=self.card,
        )

    def seconds(self) -> Seconds:
        return ATTACH
