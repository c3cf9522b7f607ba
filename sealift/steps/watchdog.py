"""ssm: the watchdog of an instance, an Automation that stands by in the account and puts the originals back.

Two tags of the instance decide, never one: the driver writes `up` and then reads what the watchdog has said, before it
starts anything; the watchdog writes `closed`, waits, and then reads whether the cut is still open, before it detaches
anything. Whoever writes second sees the first (docs/adr/0011-the-watchdog.md).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from sealift.estimate import ARM, SMALL_CALL
from sealift.step import (
    Call,
    Context,
    Found,
    Guard,
    Id,
    Irreversible,
    Output,
    Phase,
    Query,
    Ref,
    Seconds,
    Seen,
    Step,
    Undo,
    Watch,
    as_tags,
    tags_of,
)
from sealift.steps.delete_tags import RemoveTags
from sealift.steps.local import Reading
from sealift.steps.looks import instances, instances_in, timestamp
from sealift.steps.runbook import CUT, LAUNCHED, WATCHDOG, Source, launched, name_of, operations, runbook, said

RUNS = ("Pending", "InProgress", "Waiting", "Cancelling")


@dataclass(frozen=True, kw_only=True)
class MarkCut(Step):
    """Say on the instance how its cut stands: `open`, where the watchdog may act, or `up`, where it may not any more."""

    instance: str
    word: str = "open"

    marks: ClassVar[bool] = True

    def title(self) -> str:
        how = {"open": "the watchdog may put it back", "up": "it is being brought up"}
        return f"say on {self.instance} that {how[self.word]}"

    def do(self, ctx: Context) -> Call:
        return Call("ec2:CreateTags", {"Resources": [self.instance], "Tags": as_tags({CUT: said(ctx, self.word)})})

    def find(self, ctx: Context) -> Query:
        def read(reply: Mapping[str, Any]) -> Found | None:
            there = tags_of(instances_in(reply).get(self.instance, {})).get(CUT)
            return Found({}) if there == said(ctx, self.word) else None

        return Query(instances(self.instance), read)

    def undo(self) -> Undo:
        if self.word == "up":
            return Irreversible("a start may be under way: from here on only a driver puts it back")
        tags = ((CUT, ""), (WATCHDOG, ""))
        return RemoveTags(key=f"undo:{self.key}", phase=Phase.CLEAN, lane=self.lane, volume=self.instance, tags=tags)

    def seconds(self) -> Seconds:
        return SMALL_CALL


@dataclass(frozen=True, kw_only=True)
class MakeRunbook(Step):
    """Make the Automation document that the watchdog runs by: `seconds` until it acts."""

    instance: str
    role: str
    sources: tuple[Source, ...]
    seconds_armed: int
    root_moves: bool = True

    outputs: ClassVar[tuple[str, ...]] = ("Name",)

    def title(self) -> str:
        return f"make the runbook by which a watchdog puts {self.instance} back"

    def content(self, ctx: Context) -> str:
        """Return the document."""
        return runbook(
            ctx,
            instance=self.instance,
            role=self.role,
            seconds=self.seconds_armed,
            sources=self.sources,
            root_moves=self.root_moves,
        )

    def do(self, ctx: Context) -> Call:
        params = {"DocumentType": "Automation", "DocumentFormat": "JSON", "Content": self.content(ctx)}
        return Call("ssm:CreateDocument", {"Name": name_of(ctx), **params})

    def delegates(self) -> frozenset[str]:
        """Return the calls of the document."""
        return operations(self.content(Context(migration="mig", epoch=0, attempt=1)))

    def output(self, reply: Mapping[str, Any]) -> Output:
        return {"Name": reply["DocumentDescription"]["Name"]}

    def find(self, ctx: Context) -> Query:
        name = name_of(ctx)
        return Query(_documents(name), lambda reply: Found({"Name": name}) if _has(reply, name) else None)

    def undo(self) -> Step:
        return DeleteRunbook(
            key=f"undo:{self.key}",
            phase=Phase.CLEAN,
            lane=self.lane,
            instance=self.instance,
            name=Ref(self.key, "Name"),
        )

    def seconds(self) -> Seconds:
        return SMALL_CALL


def _documents(name: Id) -> Call:
    return Call("ssm:ListDocuments", {"Filters": [{"Key": "Name", "Values": [name]}]})


def _has(reply: Mapping[str, Any], name: Id) -> bool:
    return any(d["Name"] == name for d in reply["DocumentIdentifiers"])


@dataclass(frozen=True, kw_only=True)
class DeleteRunbook(Step):
    """Delete the watchdog's document; what runs by it has ended."""

    instance: str
    name: Id

    looks_first: ClassVar[bool] = True
    surrounds: ClassVar[bool] = True

    def title(self) -> str:
        return f"delete the watchdog's runbook of {self.instance}"

    def resource(self) -> str:
        return str(self.name)

    def do(self, ctx: Context) -> Call:
        return Call("ssm:DeleteDocument", {"Name": self.name})

    def find(self, ctx: Context) -> Query:
        return Query(_documents(self.name), lambda reply: None if _has(reply, self.name) else Found({}))

    def undo(self) -> Undo:
        return Irreversible("the next attempt makes one of its own")

    def seconds(self) -> Seconds:
        return SMALL_CALL


@dataclass(frozen=True, kw_only=True)
class ReadLaunch(Reading):
    """Write down when the instance was last started: the watchdog acts only while that is so."""

    instance: str

    outputs: ClassVar[tuple[str, ...]] = (LAUNCHED,)
    at_gate: ClassVar[bool] = True

    def title(self) -> str:
        return f"write down for the watchdog when {self.instance} was last started"

    def observe(self, ctx: Context) -> Query:
        return Query(instances(self.instance), self._now)

    def _now(self, reply: Mapping[str, Any]) -> Output:
        return {LAUNCHED: launched(instances_in(reply)[self.instance]["LaunchTime"])}

    def fresh(self, out: Output) -> Query:
        """Ask whether it has not been started again while the gate was shut."""
        return Query(instances(self.instance), lambda reply: Found(out) if self._now(reply) == out else None)


@dataclass(frozen=True, kw_only=True)
class ArmWatchdog(Step):
    """Start the Automation, which sleeps first; without it the stop does not happen. `max_age`: seconds, at the gate."""

    instance: str
    runbook: Id
    launch: Id
    seconds_armed: int
    max_age: float

    outputs: ClassVar[tuple[str, ...]] = ("AutomationExecutionId",)
    at_gate: ClassVar[bool] = True
    guards: ClassVar[bool] = True

    def title(self) -> str:
        return f"arm the watchdog of {self.instance}: in {self.seconds_armed} s it puts back what nobody has brought up"

    def do(self, ctx: Context) -> Call:
        params = {LAUNCHED: [self.launch]}
        return Call("ssm:StartAutomationExecution", {"DocumentName": self.runbook, "Parameters": params})

    def output(self, reply: Mapping[str, Any]) -> Output:
        return {"AutomationExecutionId": reply["AutomationExecutionId"]}

    def find(self, ctx: Context) -> Query:
        def read(reply: Mapping[str, Any]) -> Found | None:
            for made in reply["AutomationExecutionMetadataList"]:
                if made["DocumentName"] == self.runbook and made["AutomationExecutionStatus"] in RUNS[:3]:
                    began = timestamp(made.get("ExecutionStartTime"))
                    return Found({"AutomationExecutionId": made["AutomationExecutionId"], "Began": began}, began)
            return None

        return Query(_executions("DocumentNamePrefix", self.runbook), read)

    def fresh(self, out: Output) -> Query:
        """Ask whether it still sleeps, or is about to, and since when."""

        def read(reply: Mapping[str, Any]) -> Found | None:
            for made in reply["AutomationExecutionMetadataList"]:
                if made["AutomationExecutionStatus"] in RUNS[:2]:
                    return Found(out, timestamp(made.get("ExecutionStartTime")), self.max_age)
            return None

        return Query(_executions("ExecutionId", out["AutomationExecutionId"]), read)

    def ready(self, out: Output) -> Watch:
        return Watch("automation", out["AutomationExecutionId"], _asleep, "in progress", deadline=ARM.worst)

    def guard(self, ctx: Context, out: Output) -> Guard:
        """Return how it is heard, waited for, and what it has come to: all but its end stands in the instance's tags."""
        looks = instances(self.instance)
        return Guard(
            seconds=float(self.seconds_armed),
            spoken=Query(looks, lambda reply: self._spoken(reply, ctx)),
            over=Watch("automation", out["AutomationExecutionId"], ended, "over", deadline=7200.0),
            restored=Query(looks, lambda reply: self._restored(reply, ctx)),
        )

    def _says(self, reply: Mapping[str, Any]) -> str:
        return tags_of(instances_in(reply).get(self.instance, {})).get(WATCHDOG, "")

    def _spoken(self, reply: Mapping[str, Any], ctx: Context) -> list[str]:
        spoken = self._says(reply) in (said(ctx, "closed"), said(ctx, "restored"))
        return [f"the watchdog of {self.instance} has closed this cut"] if spoken else []

    def _restored(self, reply: Mapping[str, Any], ctx: Context) -> float | None:
        if self._says(reply) != said(ctx, "restored"):
            return None
        found = instances_in(reply)[self.instance]
        return timestamp(found["LaunchTime"]) if found["State"]["Name"] in ("pending", "running") else 0.0

    def undo(self) -> Step:
        return DisarmWatchdog(
            key=f"undo:{self.key}",
            phase=Phase.CLEAN,
            lane=self.lane,
            instance=self.instance,
            execution=Ref(self.key, "AutomationExecutionId"),
        )

    def seconds(self) -> Seconds:
        return ARM


def _executions(key: str, value: Id) -> Call:
    return Call("ssm:DescribeAutomationExecutions", {"Filters": [{"Key": key, "Values": [value]}]})


def _asleep(execution: Mapping[str, Any] | None) -> Seen:
    if execution is None:
        return Seen(state="absent")
    state = str(execution["AutomationExecutionStatus"])
    if state not in RUNS:
        why = execution.get("FailureMessage") or "no reason given"
        return Seen(failed=f"the watchdog's automation is '{state}': {why}", state=state)
    return Seen(done=state == "InProgress", state=state)


def ended(execution: Mapping[str, Any] | None) -> Seen:
    """Judge an execution that is to do nothing more."""
    state = "absent" if execution is None else str(execution["AutomationExecutionStatus"])
    return Seen(done=state not in (*RUNS, "absent"), state=state)


@dataclass(frozen=True, kw_only=True)
class DisarmWatchdog(Step):
    """Cancel the Automation, and wait until it has ended."""

    instance: str
    execution: Id

    looks_first: ClassVar[bool] = True
    surrounds: ClassVar[bool] = True

    def title(self) -> str:
        return f"disarm the watchdog of {self.instance}"

    def do(self, ctx: Context) -> Call:
        return Call("ssm:StopAutomationExecution", {"AutomationExecutionId": self.execution, "Type": "Cancel"})

    def find(self, ctx: Context) -> Query:
        def read(reply: Mapping[str, Any]) -> Found | None:
            found = [e["AutomationExecutionStatus"] for e in reply["AutomationExecutionMetadataList"]]
            return None if any(state in RUNS[:3] for state in found) else Found({})

        return Query(_executions("ExecutionId", self.execution), read)

    def ready(self, out: Output) -> Watch:
        return Watch("automation", self.execution, ended, "over", deadline=ARM.worst)

    def undo(self) -> Undo:
        return Irreversible("the next attempt arms one of its own")

    def seconds(self) -> Seconds:
        return SMALL_CALL
