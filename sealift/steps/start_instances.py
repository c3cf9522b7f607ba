"""ec2:StartInstances: the bring-up, and the last step home."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sealift.estimate import START
from sealift.step import Call, Context, Found, Id, Output, Phase, Query, Seconds, Seen, Step, Watch
from sealift.steps.looks import NO_ROOM, fell_back, instance_in, instances, instances_in, never_ran, untouched


@dataclass(frozen=True, kw_only=True)
class StartInstance(Step):
    """Start an instance and wait until it runs. With `launch_time` it must not have been started since the cut, and must
    still have `disks` (device, volume). `keys` are those that its volumes are under.
    """

    instance: str
    launch_time: Id | None = None
    disks: tuple[tuple[str, Id], ...] = ()
    keys: tuple[str, ...] = ()

    def title(self) -> str:
        return f"start {self.instance}"

    def before(self, ctx: Context) -> Query | None:
        return None if self.launch_time is None else untouched(self.instance, self.launch_time, self.disks)

    def started(self, ctx: Context) -> Query | None:
        return None if self.launch_time is None else untouched(self.instance, self.launch_time)

    def needs(self) -> Watch:
        return Watch("instance", self.instance, instance_in("stopped", "running", "pending"), "stopped or running")

    def do(self, ctx: Context) -> Call:
        return Call("ec2:StartInstances", {"InstanceIds": [self.instance]})

    def find(self, ctx: Context) -> Query:
        def read(reply: Mapping[str, Any]) -> Found | None:
            found = instances_in(reply).get(self.instance)
            return Found({}) if found and found["State"]["Name"] in ("running", "pending") else None

        return Query(instances(self.instance), read)

    def ready(self, out: Output) -> Watch:
        def judge(instance: Mapping[str, Any] | None) -> Seen:
            seen = fell_back_or_runs(instance, self.keys)
            if instance is None or seen.failed or seen.state != "stopped" or self.launch_time is None:
                return seen
            # Not before the start shows: until then `stopped` is an answer of before it.
            began = instance["LaunchTime"].isoformat() != self.launch_time
            reason = instance.get("StateReason") or {}
            said = reason.get("Message") or reason.get("Code") or "no reason is given"
            return replace(seen, failed=f"it was started, and is stopped again ({said})") if began else seen

        return Watch("instance", self.instance, judge, "running", deadline=900)

    def trace(self, ctx: Context) -> Query | None:
        return None if self.launch_time is None else never_ran(self.instance, self.launch_time)

    def resumed(self, left: Output) -> Step:
        return replace(self, launch_time=left["LaunchTime"])

    def undo(self) -> Step:
        from sealift.steps.stop_instances import StopInstance  # noqa: PLC0415

        return StopInstance(key=f"undo:{self.key}", phase=Phase.RESTORE, lane=self.lane, instance=self.instance)

    def seconds(self) -> Seconds:
        return START


def fell_back_or_runs(instance: Mapping[str, Any] | None, keys: tuple[str, ...] = ()) -> Seen:
    """Judge a starting instance: one that falls back to `stopped` never ran, unless someone stopped it. `keys`: its volumes'."""
    seen = instance_in("running")(instance)
    if instance is None or seen.state != "stopped":
        return seen
    reason = instance.get("StateReason") or {}
    code = str(reason.get("Code", ""))
    if fell_back(instance):
        message = str(reason.get("Message") or code)
        why = "the instance fell back to 'stopped': " + (message if code in message else f"{code}: {message}")
        hint = (
            f" (R-EBS-55: {' or '.join(keys) or 'the key'} is not enabled, or whoever starts it lacks kms:CreateGrant)"
            if "Client." in code
            else " (R-EBS-36)"
        )
        return Seen(failed=why + hint, state="stopped", unused=True, no_room=code == NO_ROOM)
    return seen
