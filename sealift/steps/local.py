"""Steps that change nothing in AWS: they observe, run the user's command, reserve, or mark a point. Journalled like
any other.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from sealift.estimate import SMALL_CALL, STATUS_CHECKS
from sealift.step import Call, Context, Id, Irreversible, Output, Phase, Query, Seconds, Seen, Step, Undo, Watch
from sealift.steps.create_tags import claimed_by_other
from sealift.steps.looks import (
    attachments,
    by_id,
    instances,
    instances_in,
    never_ran,
    resting,
    the_instance,
    untouched,
    volumes,
)

OBSERVE = Call("local:Observe", {})
READS_ONLY = Irreversible("it only reads")


@dataclass(frozen=True, kw_only=True)
class Reading(Step):
    """A step that only reads: what it reads is in `before`, `observe`, `ready` or `check`."""

    def do(self, ctx: Context) -> Call:
        return OBSERVE

    def undo(self) -> Undo:
        return READS_ONLY

    def seconds(self) -> Seconds:
        return SMALL_CALL


@dataclass(frozen=True, kw_only=True)
class ClaimHeld(Reading):
    """Read the claims again directly before the quiesce: another journal may have written over one since."""

    volumes: tuple[str, ...]

    def title(self) -> str:
        return "check that the sources are still claimed by this migration"

    def before(self, ctx: Context) -> Query:
        return claimed_by_other(self.volumes, ctx.migration)


@dataclass(frozen=True, kw_only=True)
class RecordCut(Reading):
    """Write down when the stopped instance was last started: every later step compares (EC2 has no 'do not start')."""

    instance: str

    outputs: ClassVar[tuple[str, ...]] = ("LaunchTime",)

    def title(self) -> str:
        return f"write down when {self.instance} was last started"

    def observe(self, ctx: Context) -> Query:
        return Query(
            instances(self.instance),
            lambda reply: {"LaunchTime": the_instance(reply, self.instance)["LaunchTime"].isoformat()},
        )


@dataclass(frozen=True, kw_only=True)
class SourceQuiet(Reading):
    """The cut of something that nothing runs on: a stopped instance, or a volume attached to nothing."""

    source: str
    instance: str | None = None

    quiesces: ClassVar[bool] = True

    def title(self) -> str:
        return f"check that nothing writes to {self.source}"

    def before(self, ctx: Context) -> Query:
        if self.instance is None:
            return resting(self.source)
        instance = self.instance

        def read(reply: Mapping[str, Any]) -> list[str]:
            state = instances_in(reply)[instance]["State"]["Name"] if instance in instances_in(reply) else "gone"
            return [] if state == "stopped" else [f"{instance} is '{state}'; it was stopped when the plan was made"]

        return Query(instances(instance), read)


@dataclass(frozen=True, kw_only=True)
class SourcesStillQuiet(Reading):
    """Before a replacement takes over: nobody has attached a source meanwhile, whose writes its copy would lack."""

    sources: tuple[str, ...]

    def title(self) -> str:
        return "check that the sources are still attached to nothing"

    def before(self, ctx: Context) -> Query:
        return resting(*self.sources, copied=True)


@dataclass(frozen=True, kw_only=True)
class ReserveSlots(Step):
    """Take the copy slots of the Region in the journal, before the quiesce: no wait for a quota while a workload is
    down (R-EBS-76).
    """

    source: str
    quota_name: str
    slots: int
    limit: int

    outputs: ClassVar[tuple[str, ...]] = ("slots",)
    declares: ClassVar[tuple[str, ...]] = ("ec2:DescribeVolumeStatus",)

    def title(self) -> str:
        return f"reserve {self.slots} of the Region's {self.quota_name}"

    def do(self, ctx: Context) -> Call:
        return Call("local:ReserveSlots", {"quota": self.quota_name, "slots": self.slots, "limit": self.limit})

    def output(self, reply: Mapping[str, Any]) -> Output:
        return {"slots": reply["slots"]}

    def undo(self) -> Step:
        return ReleaseSlots(
            key=f"undo:{self.key}", phase=Phase.CLEAN, lane=self.lane, source=self.source, quota_name=self.quota_name
        )


@dataclass(frozen=True, kw_only=True)
class ReleaseSlots(Step):
    """Give the copy slots back."""

    source: str
    quota_name: str

    def title(self) -> str:
        return f"give the {self.quota_name} back"

    def do(self, ctx: Context) -> Call:
        return Call("local:ReleaseSlots", {"quota": self.quota_name})

    def undo(self) -> Irreversible:
        return Irreversible("slots are reserved anew by the next attempt")


@dataclass(frozen=True, kw_only=True)
class ReserveQuotas(Step):
    """Take in the journal what the cutover will need of the account's quotas: none of it is waited for behind the fence
    (R-RDS-25).
    """

    source: str
    wanted: tuple[tuple[str, int], ...]  # as DescribeAccountAttributes names them

    outputs: ClassVar[tuple[str, ...]] = ("reserved",)
    declares: ClassVar[tuple[str, ...]] = ("rds:DescribeAccountAttributes",)

    def title(self) -> str:
        units = {"AllocatedStorage": " GiB"}
        return "reserve " + ", ".join(f"{number}{units.get(name, '')} of {name}" for name, number in self.wanted)

    def do(self, ctx: Context) -> Call:
        return Call("local:ReserveQuotas", {"wanted": [list(pair) for pair in self.wanted]})

    def output(self, reply: Mapping[str, Any]) -> Output:
        return dict(reply)

    def undo(self) -> Step:
        return ReleaseQuotas(
            key=f"undo:{self.key}",
            phase=Phase.CLEAN,
            lane=self.lane,
            source=self.source,
            names=tuple(name for name, _ in self.wanted),
        )


@dataclass(frozen=True, kw_only=True)
class ReleaseQuotas(Step):
    """Give back what was reserved: AWS counts what was made by now, and what was not needed is free."""

    source: str
    names: tuple[str, ...]

    def title(self) -> str:
        return f"give the rest of {', '.join(self.names)} back"

    def do(self, ctx: Context) -> Call:
        return Call("local:ReleaseQuotas", {"names": list(self.names)})

    def undo(self) -> Irreversible:
        return Irreversible("quotas are reserved anew by the next attempt")


@dataclass(frozen=True, kw_only=True)
class RunHook(Step):
    """Run the user's command: `when` is quiesce or after. At least once; non-zero before bring-up sends the run back."""

    command: str
    when: str
    timeout: int
    instance: str = ""
    volumes: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    counterpart: str = ""  # the command of the other direction

    asks_health: ClassVar[bool] = True

    def title(self) -> str:
        return f"run the {self.when} hook: {self.command}"

    def do(self, ctx: Context) -> Call:
        environment = {
            "MIGRATION": ctx.migration,
            "EPOCH": str(ctx.epoch),
            "ATTEMPT": str(ctx.attempt),
            "SEALIFT_HOOK": self.when,
            "INSTANCE": self.instance,
        }
        if self.volumes:
            environment |= {"VOLUMES": " ".join(self.volumes), "DEVICES": " ".join(self.devices)}
        return Call("local:RunHook", {"command": self.command, "timeout": self.timeout, "environment": environment})

    def undo(self) -> Step | Irreversible:
        if not self.counterpart:
            return Irreversible("no command was given for the other direction")
        return RunHook(
            key=f"undo:{self.key}",
            phase=Phase.RESTORE,
            lane=self.lane,
            command=self.counterpart,
            timeout=self.timeout,
            when="after" if self.when == "quiesce" else "quiesce",
            instance=self.instance,
            volumes=self.volumes,
            devices=self.devices,
        )

    def seconds(self) -> Seconds:
        return Seconds(5, float(self.timeout))


@dataclass(frozen=True, kw_only=True)
class SaveState(Step):
    """Write the whole plan to S3, so that a lost journal can be adopted with everything that was decided."""

    source: str
    url: str

    declares: ClassVar[tuple[str, ...]] = ("s3:PutObject",)

    def title(self) -> str:
        return f"write the plan to {self.url}"

    def do(self, ctx: Context) -> Call:
        return Call("local:SaveState", {"url": self.url})

    def undo(self) -> Irreversible:
        return Irreversible("a saved plan harms nobody")

    def seconds(self) -> Seconds:
        return SMALL_CALL


@dataclass(frozen=True, kw_only=True)
class VerifyVolumes(Reading):
    """Verify cold: every replacement has the shape and the key that were planned (R-EBS-53)."""

    volumes: tuple[Id, ...]
    shapes: tuple[tuple[Any, ...], ...]  # type, GiB, IOPS, MiB/s, multi-attach, zone; in the order of `volumes`
    key_arn: str

    asks_health: ClassVar[bool] = True

    def title(self) -> str:
        return "verify the replacements before anything runs on them"

    def check(self, out: Output) -> Query:
        def read(reply: Mapping[str, Any]) -> list[str]:
            found = {v["VolumeId"]: v for v in reply["Volumes"]}
            return [
                d
                for vid, shape in zip(self.volumes, self.shapes, strict=True)
                for d in _differs(found.get(str(vid)), str(vid), shape, self.key_arn)
            ]

        return Query(volumes(*self.volumes), read)


def _differs(volume: Mapping[str, Any] | None, name: str, shape: tuple[Any, ...], key_arn: str) -> list[str]:
    if volume is None:
        return [f"{name} is gone"]
    kind, size, iops, throughput, multi_attach, zone = shape
    wanted = {"VolumeType": kind, "Size": size, "AvailabilityZone": zone, "Encrypted": True, "KmsKeyId": key_arn}
    if kind in ("gp3", "io1", "io2") and iops is not None:
        wanted["Iops"] = iops
    if kind == "gp3" and throughput is not None:
        wanted["Throughput"] = throughput
    if kind in ("io1", "io2"):
        wanted["MultiAttachEnabled"] = multi_attach
    return [
        f"{name}: {field} is {volume.get(field)!r}, wanted {value!r}"
        for field, value in wanted.items()
        if volume.get(field) != value
    ]


@dataclass(frozen=True, kw_only=True)
class VerifyAttachments(Reading):
    """Verify cold: the stopped instance has each replacement on its device, flags as they were, and was not started
    meanwhile.
    """

    instance: str
    devices: tuple[tuple[str, Id, bool], ...]  # device, volume, DeleteOnTermination
    launch_time: Id

    asks_health: ClassVar[bool] = True

    def title(self) -> str:
        return f"verify the attachments of {self.instance}"

    def before(self, ctx: Context) -> Query:
        return untouched(self.instance, self.launch_time)

    def check(self, out: Output) -> Query:
        def read(reply: Mapping[str, Any]) -> list[str]:
            mappings = the_instance(reply, self.instance).get("BlockDeviceMappings", ())
            has = {
                m["DeviceName"]: (m["Ebs"]["VolumeId"], m["Ebs"]["DeleteOnTermination"]) for m in mappings if "Ebs" in m
            }
            return [
                f"{self.instance} {device} has {has.get(device)}, wanted {(volume, flag)}"
                for device, volume, flag in self.devices
                if has.get(device) != (volume, flag)
            ]

        return Query(instances(self.instance), read)


@dataclass(frozen=True, kw_only=True)
class MarkBringUp(Step):
    """The point of no return where nothing is started: from here on somebody may use the replacement."""

    source: str
    instance: str | None = None
    launch_time: Id | None = None

    def title(self) -> str:
        return f"hand over from {self.source}"

    def before(self, ctx: Context) -> Query | None:
        return None if self.instance is None else untouched(self.instance, self.launch_time)

    def trace(self, ctx: Context) -> Query | None:
        return None if self.instance is None else never_ran(self.instance, self.launch_time)

    def resumed(self, left: Output) -> Step:
        return replace(self, launch_time=left["LaunchTime"])

    def do(self, ctx: Context) -> Call:
        return OBSERVE

    def undo(self) -> Irreversible:
        return Irreversible("nothing was started")


@dataclass(frozen=True, kw_only=True)
class VerifyServing(Reading):
    """Look at the end, once more: whoever took a replacement off, deleted a source or attached a plain volume is found out."""

    instance: str
    devices: tuple[tuple[str, Id], ...]  # device, replacement
    sources: tuple[str, ...]

    asks_health: ClassVar[bool] = True

    def title(self) -> str:
        return f"check that {self.instance} has its replacements, no plain volume, and that the sources are kept"

    def check(self, out: Output) -> Query:
        """One read: the volumes of the account by which of them is where."""
        mine = {str(volume): device for device, volume in self.devices}

        def read(reply: Mapping[str, Any]) -> list[str]:
            found = {v["VolumeId"]: self._at(v) for v in reply["Volumes"]}
            off = [f"{v} is not attached at {d} any more" for v, d in mine.items() if found.get(v) != d]
            gone = [f"the source {s} is gone: somebody has deleted it" for s in self.sources if s not in found]
            return off + gone

        return Query(volumes(*mine, *self.sources), read)

    def _at(self, volume: Mapping[str, Any]) -> str | None:
        there = [a.get("Device") for a in attachments(volume) if a.get("InstanceId") == self.instance]
        return there[0] if there else None

    def before(self, ctx: Context) -> Query:
        """Ask which volumes of the instance are plain: the plan moved all that there were."""

        def read(reply: Mapping[str, Any]) -> list[str]:
            return [
                f"{v['VolumeId']} at {self._at(v)} is not encrypted: somebody attached it after the plan"
                for v in reply["Volumes"]
                if not v.get("Encrypted")
            ]

        return Query(by_id("ec2:DescribeVolumes", "attachment.instance-id", self.instance), read)


@dataclass(frozen=True, kw_only=True)
class StatusChecks(Reading):
    """Wait until both status checks of the instance are ok; `initializing` and a hydrating volume's `warning` are
    expected.
    """

    instance: str

    asks_health: ClassVar[bool] = True

    def title(self) -> str:
        return f"wait for the status checks of {self.instance}"

    def ready(self, out: Output) -> Watch:
        return Watch("instance-status", self.instance, checks_pass, "status checks ok", deadline=1800)

    def seconds(self) -> Seconds:
        return STATUS_CHECKS


def checks_pass(status: Mapping[str, Any] | None) -> Seen:
    """Judge an instance's status checks."""
    if status is None:
        return Seen(state="absent")
    power = str((status.get("InstanceState") or {}).get("Name", ""))
    if power in ("stopping", "stopped", "shutting-down", "terminated"):
        return Seen(failed=f"the instance is '{power}': somebody has stopped it", state=power)
    words = {str(status[name]["Status"]) for name in ("InstanceStatus", "SystemStatus")}
    if "impaired" in words:
        return Seen(failed="a status check is 'impaired'", state="impaired")
    if (status.get("AttachedEbsStatus") or {}).get("Status") == "impaired":
        return Seen(failed="the instance cannot reach its EBS volumes ('impaired')", state="impaired")
    return Seen(done=words <= {"ok", "not-applicable"}, state="/".join(sorted(words)))
