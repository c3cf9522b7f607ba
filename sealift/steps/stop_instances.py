"""ec2:StopInstances: the quiesce. Never Force, never SkipOsShutdown, never Hibernate: AWS warns of data loss."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from sealift.estimate import STOP
from sealift.step import Call, Context, Found, Output, Phase, Query, Seconds, Step, Watch
from sealift.steps.looks import instance_in, instances, instances_in


@dataclass(frozen=True, kw_only=True)
class StopInstance(Step):
    """Stop an instance and wait until it has; `deadline` in seconds, `keys` those that its volumes are under."""

    instance: str
    deadline: int = 900
    keys: tuple[str, ...] = ()

    quiesces: ClassVar[bool] = True
    takes_down: ClassVar[bool] = True
    fences: ClassVar[bool] = True

    def title(self) -> str:
        return f"stop {self.instance}"

    def do(self, ctx: Context) -> Call:
        return Call("ec2:StopInstances", {"InstanceIds": [self.instance]})

    def find(self, ctx: Context) -> Query:
        def read(reply: Mapping[str, Any]) -> Found | None:
            found = instances_in(reply).get(self.instance)
            return Found({}) if found and found["State"]["Name"] in ("stopped", "stopping") else None

        return Query(instances(self.instance), read)

    def ready(self, out: Output) -> Watch:
        return Watch("instance", self.instance, instance_in("stopped"), "stopped", deadline=float(self.deadline))

    def undo(self) -> Step:
        from sealift.steps.start_instances import StartInstance  # noqa: PLC0415 - each is the other's undo

        return StartInstance(
            key=f"undo:{self.key}", phase=Phase.RESTORE, lane=self.lane, instance=self.instance, keys=self.keys
        )

    def seconds(self) -> Seconds:
        return Seconds(STOP.expected, max(STOP.expected, float(self.deadline)))
