"""ec2:DetachVolume: never Force; always with the instance and device, so that a late call harms nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sealift.estimate import DETACH
from sealift.step import Call, Context, Found, Id, Output, Phase, Query, Seconds, Seen, Step, Watch
from sealift.steps.looks import attachments, instance_in, off_or_gone, unattached, untouched, volumes


@dataclass(frozen=True, kw_only=True)
class DetachVolume(Step):
    """Detach a volume. With `launch_time` the instance must not have been started since the cut."""

    volume: Id
    instance: str
    device: str
    card: int | None = None
    launch_time: Id | None = None

    def title(self) -> str:
        return f"detach {self.volume} from {self.instance}"

    def before(self, ctx: Context) -> Query | None:
        return untouched(self.instance, self.launch_time) if self.launch_time is not None else None

    def do(self, ctx: Context) -> Call:
        return Call("ec2:DetachVolume", {"VolumeId": self.volume, "InstanceId": self.instance, "Device": self.device})

    def find(self, ctx: Context) -> Query:
        def read(reply: Mapping[str, Any]) -> Found | None:
            held = [a for v in reply["Volumes"] for a in attachments(v)]
            return None if any(a.get("State") not in ("detaching", "detached") for a in held) else Found({})

        return Query(volumes(self.volume), read)

    def needs(self) -> Watch:
        return Watch("instance", self.instance, self._stopped, "stopped")

    def _stopped(self, instance: Mapping[str, Any] | None) -> Seen:
        """Judge the instance of a volume that is to be taken off: one that runs does not stop by itself."""
        seen = instance_in("stopped", "terminated")(instance)
        if seen.state not in ("pending", "running"):
            return seen
        why = "somebody has started it since it was stopped; what it has written since is in no snapshot of ours"
        return replace(seen, stray=why, mend=Call("ec2:StopInstances", {"InstanceIds": [self.instance]}))

    def ready(self, out: Output) -> Watch:
        """Wait until it is off. The way back takes off replacements alone: it needs none, and one that is gone holds no place."""
        judge = off_or_gone if self.phase is Phase.RESTORE else unattached
        return Watch("volume", self.volume, judge, "attached to nothing", deadline=300)

    def undo(self) -> Step:
        from sealift.steps.attach_volume import AttachVolume  # noqa: PLC0415

        return AttachVolume(
            key=f"undo:{self.key}",
            phase=Phase.RESTORE,
            lane=self.lane,
            volume=self.volume,
            instance=self.instance,
            device=self.device,
            card=self.card,
        )

    def seconds(self) -> Seconds:
        return DETACH
