"""autoscaling: a stopped member is unhealthy and would be replaced (R-EBS-35); standby or suspended processes keep the
group's hands off.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from sealift.estimate import SMALL_CALL, STANDBY
from sealift.step import Call, Context, Found, Output, Phase, Query, Seconds, Seen, Step, Switch, Watch
from sealift.steps.looks import instances, instances_in

PROCESSES = (
    "HealthCheck",
    "ReplaceUnhealthy",
    "Terminate",
    "AZRebalance",
    "InstanceRefresh",
    "ScheduledActions",
    "AlarmNotification",
)
"""What a group may do to a stopped member (Auto Scaling user guide, "Suspend and resume processes")."""


def _member(instance: str) -> Call:
    return Call("autoscaling:DescribeAutoScalingInstances", {"InstanceIds": [instance]})


def _not_stopped(group: str, *members: str) -> Query:
    """Read whether somebody has stopped a member: its group would terminate it, and what is on its disks may go with it."""

    def read(reply: Mapping[str, Any]) -> list[str]:
        states = {i: str(found.get("State", {}).get("Name")) for i, found in instances_in(reply).items()}
        stopped = [(i, states[i]) for i in members if states.get(i) in ("stopping", "stopped")]
        return [f"{i} is '{state}', and {group} would replace it (R-EBS-35): start it first" for i, state in stopped]

    return Query(instances(*members), read)


def _in(state: str) -> Any:
    def judge(member: Mapping[str, Any] | None) -> Seen:
        if member is None:
            return Seen(state="absent")
        now = str(member["LifecycleState"])
        if now.startswith("Terminat"):
            return Seen(failed=f"the group is terminating the instance ('{now}')", state=now)
        return Seen(done=now == state, state=now)

    return judge


@dataclass(frozen=True, kw_only=True)
class _Standby(Step):
    instance: str
    group: str
    wanted = "Standby"

    def find(self, ctx: Context) -> Query:
        def read(reply: Mapping[str, Any]) -> Found | None:
            return Found({}) if any(m["LifecycleState"] == self.wanted for m in reply["AutoScalingInstances"]) else None

        return Query(_member(self.instance), read)

    def ready(self, out: Output) -> Watch:
        return Watch("asg-instance", self.instance, _in(self.wanted), self.wanted, deadline=900)

    def seconds(self) -> Seconds:
        return STANDBY


@dataclass(frozen=True, kw_only=True)
class EnterStandby(_Standby):
    """Take an instance out of its group's care; the desired capacity goes down by one."""

    def title(self) -> str:
        return f"put {self.instance} of {self.group} on standby"

    def do(self, ctx: Context) -> Call:
        params = {
            "InstanceIds": [self.instance],
            "AutoScalingGroupName": self.group,
            "ShouldDecrementDesiredCapacity": True,
        }
        return Call("autoscaling:EnterStandby", params)

    def undo(self) -> Step:
        return ExitStandby(
            key=f"undo:{self.key}", phase=Phase.RESTORE, lane=self.lane, instance=self.instance, group=self.group
        )


@dataclass(frozen=True, kw_only=True)
class ExitStandby(_Standby):
    """Give an instance back to its group."""

    wanted = "InService"
    surrounds: ClassVar[bool] = True

    def title(self) -> str:
        return f"put {self.instance} back into service in {self.group}"

    def before(self, ctx: Context) -> Query:
        return _not_stopped(self.group, self.instance)

    def do(self, ctx: Context) -> Call:
        return Call("autoscaling:ExitStandby", {"InstanceIds": [self.instance], "AutoScalingGroupName": self.group})

    def undo(self) -> Step:
        return EnterStandby(
            key=f"undo:{self.key}", phase=Phase.RESTORE, lane=self.lane, instance=self.instance, group=self.group
        )


@dataclass(frozen=True, kw_only=True)
class _Switch(Step):
    """A switch that several migrations share: each sets it, the last clears it (the journal counts)."""

    instance: str
    group: str
    processes: tuple[str, ...]

    def turning(self, items: tuple[str, ...]) -> Step:
        return replace(self, processes=items)

    def _switch(self, *, on: bool, unturned: Query | None = None) -> Switch:
        return Switch(f"autoscaling:{self.group}:processes", on, self.processes, unturned)

    def seconds(self) -> Seconds:
        return SMALL_CALL


@dataclass(frozen=True, kw_only=True)
class SuspendProcesses(_Switch):
    """Suspend all processes that could harm a stopped member, those too that somebody else has suspended for now."""

    wake: tuple[str, ...] = ()  # those that ran when it was planned: resumed where the journal of what ran is lost

    def switch(self) -> Switch:
        return self._switch(on=True, unturned=self._running(lambda process: process))

    def title(self) -> str:
        return f"suspend the processes of {self.group} that would replace a stopped member"

    def check(self, out: Output) -> Query:
        """Read the group: another migration may have counted the switch as turned and died before it turned it."""
        return self._running(lambda process: f"{self.group} still does {process}")

    def _running(self, said: Callable[[str], str]) -> Query:
        def read(reply: Mapping[str, Any]) -> list[str]:
            off = {p["ProcessName"] for g in reply["AutoScalingGroups"] for p in g["SuspendedProcesses"]}
            return [said(p) for p in self.processes if p not in off]

        return Query(Call("autoscaling:DescribeAutoScalingGroups", {"AutoScalingGroupNames": [self.group]}), read)

    def do(self, ctx: Context) -> Call:
        return Call(
            "autoscaling:SuspendProcesses",
            {"AutoScalingGroupName": self.group, "ScalingProcesses": list(self.processes)},
        )

    def undo(self) -> Step:
        return ResumeProcesses(
            key=f"undo:{self.key}",
            phase=Phase.RESTORE,
            lane=self.lane,
            instance=self.instance,
            group=self.group,
            processes=self.wake,
        )


@dataclass(frozen=True, kw_only=True)
class ResumeProcesses(_Switch):
    """Resume what ran before, once no other migration needs it suspended. With what it has to turn others leave it the members that
    were stopped as they came to rest: an id among the processes is one of them.
    """

    surrounds: ClassVar[bool] = True

    @property
    def harmed(self) -> tuple[str, ...]:
        return (self.instance,)

    @property
    def _owed(self) -> tuple[str, ...]:
        return tuple(p for p in self.processes if not p.startswith("i-"))

    def switch(self) -> Switch:
        return replace(self._switch(on=False), items=self._owed)

    def title(self) -> str:
        return f"resume the processes of {self.group} that ran before"

    def before(self, ctx: Context) -> Query:
        others = (p for p in self.processes if p.startswith("i-"))
        return _not_stopped(self.group, *dict.fromkeys((self.instance, *others)))

    def do(self, ctx: Context) -> Call:
        return Call(
            "autoscaling:ResumeProcesses",
            {"AutoScalingGroupName": self.group, "ScalingProcesses": list(self._owed)},
        )

    def undo(self) -> Step:
        return SuspendProcesses(
            key=f"undo:{self.key}",
            phase=Phase.RESTORE,
            lane=self.lane,
            instance=self.instance,
            group=self.group,
            processes=PROCESSES,
            wake=self.processes,
        )
