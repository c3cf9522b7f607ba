"""The watchdog's runbook: an Automation document made for one attempt, which puts the originals of an instance back.

It says its word first, waits until no request of a driver can be under way, looks again, and only then acts. It acts
where, and only where, the instance is stopped, was not started since it was armed, and its cut is still said to be open
(`MarkCut`): each look filters by all three, so that a look that is refused or finds nothing leaves everything as it is.
What a look has found is compared before anything rests on it: the step that looked may pass without a value.
Sources: Systems Manager user guide, "Systems Manager Automation actions reference"; EC2 API reference,
DescribeInstances (filters launch-time and tag), DescribeVolumes (filters attachment.instance-id, attachment.device).
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from sealift.estimate import WATCHDOG_ASIDE
from sealift.step import Context

CUT, WATCHDOG = "sealift:cut", "sealift:watchdog"
"""Tags of the instance: what the driver says of the cut, and what the watchdog says."""

LARGEST = 64 * 1024
"""Bytes of a document (botocore ssm CreateDocument)."""

LAUNCHED = "LaunchTime"
NEXT = "<next>"
"""In a block: the first step of the block that follows."""

PAUSES = (60, 120, 300)
"""Seconds between the tries of a start for which EC2 has no room."""

STARTS = 300
"""Seconds in which a start that EC2 has taken must have come to something, or it is tried again."""

Source = tuple[str, str, int | None]
"""Device, volume, EBS card."""
Line = dict[str, Any]


def name_of(ctx: Context) -> str:
    """Return the document's name: one for each attempt."""
    return f"sealift-watchdog-{ctx.migration}-{ctx.attempt}"


def said(ctx: Context, word: str) -> str:
    """Return what a tag says of this attempt's cut: `open` or `up` (the driver), `closed` or `restored` (the watchdog)."""
    return f"{ctx.migration}/{ctx.attempt} {word}"


def launched(moment: datetime) -> str:
    """Return the value by which EC2's filter finds an instance that was last started at this second."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}*"


def runbook(
    ctx: Context, *, instance: str, role: str, seconds: int, sources: tuple[Source, ...], root_moves: bool
) -> str:
    """Return the document, as JSON. `sources`: the root first, where it moves; it is attached last, so that EC2 refuses
    every start in between.
    """
    content = {
        "schemaVersion": "0.3",
        "description": f"Puts the original volumes of {instance} back, unless {ctx.migration} has brought it up.",
        "assumeRole": role,
        "parameters": {LAUNCHED: {"type": "String"}},
        "mainSteps": list(_lines(ctx, instance, seconds, sources, root_moves=root_moves)),
    }
    return json.dumps(content, separators=(",", ":"))


def operations(document: str) -> frozenset[str]:
    """Return the operations that a document calls, as `service:Operation`: what its role must be allowed."""
    steps: list[Line] = json.loads(document)["mainSteps"]
    calls = (s["inputs"] for s in steps if "Api" in s["inputs"])
    return frozenset(f"{c['Service']}:{c['Api']}" for c in calls)


def _lines(
    ctx: Context, instance: str, seconds: int, sources: tuple[Source, ...], *, root_moves: bool
) -> Iterator[Line]:
    """Yield the steps; what a block names as the next one is the first step of the block that follows."""
    blocks = list(_blocks(ctx, instance, seconds, sources, root_moves=root_moves))
    for block, following in zip(blocks, [*blocks[1:], blocks[-1]], strict=True):
        yield from (_onwards(line, following[0]["name"]) for line in block)


def _onwards(value: Any, name: str) -> Any:
    if isinstance(value, dict):
        return {k: _onwards(v, name) for k, v in value.items()}
    if isinstance(value, list):
        return [_onwards(v, name) for v in value]
    return value.replace(NEXT, name) if isinstance(value, str) else value


def _blocks(
    ctx: Context, instance: str, seconds: int, sources: tuple[Source, ...], *, root_moves: bool
) -> Iterator[list[Line]]:
    look = _Look(ctx, instance)
    yield [
        _line("wait", "sleep", {"Duration": f"PT{seconds}S"}),
        look.once("early"),
        _branch("early_is", "{{ early.State }}", dict.fromkeys(("stopped", "stopping", "running"), "close")),
        _say(ctx, instance, "close", "closed"),
        _line("aside", "sleep", {"Duration": f"PT{WATCHDOG_ASIDE:.0f}S"}),
        look.once("late"),
        _branch("judge", "{{ late.State }}", {"stopped": NEXT, "stopping": "settle"}),
        _wait_for("settle", instance, "stopped", 900, _LEAVE),
    ]
    yield look.stopped("sure")
    for n, (device, _, _) in enumerate(sources):
        if not root_moves:
            yield look.stopped(f"off{n}")
        yield _take_off(ctx, instance, n, device)
    for n, source in reversed(list(enumerate(sources))):
        if not root_moves:
            yield look.stopped(f"on{n}")
        yield _put_on(instance, n, source)
    yield look.stopped("whole")
    yield [_say(ctx, instance, "tell", "restored"), *_start(instance)]
    yield [_line("leave", "sleep", {"Duration": "PT1S"}, isEnd=True)]


_LEAVE: Mapping[str, Any] = {"onFailure": "step:leave", "isCritical": False}


def _line(name: str, action: str, inputs: Mapping[str, Any], **more: Any) -> Line:
    return {"name": name, "action": f"aws:{action}", "inputs": inputs, **more}


def _api(name: str, operation: str, inputs: Mapping[str, Any], tries: int = 1, **more: Any) -> Line:
    again = {"maxAttempts": tries} if tries > 1 else {}
    return _line(name, "executeAwsApi", {"Service": "ec2", "Api": operation, **inputs}, **again, **more)


def _output(name: str, selector: str) -> list[dict[str, str]]:
    return [{"Name": name, "Selector": selector}]


def _filters(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    return {"Filters": [{"Name": name, "Values": [value]} for name, value in pairs]}


def _branch(
    name: str, variable: str, choices: Mapping[str, str], otherwise: str = "leave", how: str = "StringEquals"
) -> Line:
    """Go on by a value; with `otherwise` where it is another one, or where there is none to compare."""
    ways = [{"Variable": variable, how: value, "NextStep": step} for value, step in choices.items()]
    inputs = {"Choices": ways, "Default": otherwise}
    return _line(name, "branch", inputs, onFailure=f"step:{otherwise}", isCritical=False)


def _watch(name: str, operation: str, about: Mapping[str, Any], selector: str, value: str, **more: Any) -> Line:
    inputs = {"Service": "ec2", "Api": operation, **about, "PropertySelector": selector, "DesiredValues": [value]}
    return _line(name, "waitForAwsResourceProperty", inputs, **more)


def _wait_for(name: str, instance: str, state: str, timeout: int, more: Mapping[str, Any]) -> Line:
    about, selector = {"InstanceIds": [instance]}, "$.Reservations[0].Instances[0].State.Name"
    return _watch(name, "DescribeInstances", about, selector, state, timeoutSeconds=timeout, **more)


class _Look:
    """Looks at the instance: found only while the cut is open and nobody has started it since it was armed."""

    def __init__(self, ctx: Context, instance: str) -> None:
        self._filters = _filters(
            [("instance-id", instance), (f"tag:{CUT}", said(ctx, "open")), ("launch-time", f"{{{{ {LAUNCHED} }}}}")]
        )

    def once(self, name: str) -> Line:
        outputs = _output("State", "$.Reservations[0].Instances[0].State.Name")
        return _api(name, "DescribeInstances", self._filters, 5, outputs=outputs, **_LEAVE)

    def stopped(self, name: str) -> list[Line]:
        """Go on only if it is stopped."""
        return [self.once(name), _branch(f"{name}_is", f"{{{{ {name}.State }}}}", {"stopped": NEXT})]


def _say(ctx: Context, instance: str, name: str, word: str) -> Line:
    tags = [{"Key": WATCHDOG, "Value": said(ctx, word)}]
    return _api(name, "CreateTags", {"Resources": [instance], "Tags": tags}, 5)


def _take_off(ctx: Context, instance: str, n: int, device: str) -> list[Line]:
    """Detach the replacement from a device, where one is."""
    there = [("attachment.instance-id", instance), ("attachment.device", device)]
    ours = [("tag:sealift:migration", ctx.migration), ("tag:sealift:role", "copy")]
    copy, outputs = f"{{{{ find{n}.VolumeId }}}}", _output("VolumeId", "$.Volumes[0].VolumeId")
    none: dict[str, Any] = {"onFailure": f"step:{NEXT}", "isCritical": False}
    lax: dict[str, Any] = {"onFailure": "Continue", "isCritical": False}
    place = {"VolumeId": copy, "InstanceId": instance, "Device": device}
    free, state = {"VolumeIds": [copy]}, "$.Volumes[0].State"
    return [
        _api(f"find{n}", "DescribeVolumes", _filters([*there, *ours]), 3, outputs=outputs, **none),
        _branch(f"find{n}_is", copy, {"vol-": f"take{n}"}, NEXT, "StartsWith"),
        _api(f"take{n}", "DetachVolume", place, **lax),
        _watch(f"gone{n}", "DescribeVolumes", free, state, "available", timeoutSeconds=300, **lax),
    ]


def _put_on(instance: str, n: int, source: Source) -> list[Line]:
    """Attach a source to its device, unless it is there; a failure ends everything: nothing is started on a mix."""
    device, volume, card = source
    there = [("attachment.instance-id", instance), ("attachment.device", device), ("attachment.status", "attached")]
    outputs, about = _output("VolumeId", "$.Volumes[0].VolumeId"), {"VolumeIds": [volume]}
    lax: dict[str, Any] = {"onFailure": "Continue", "isCritical": False}
    absent: dict[str, Any] = {"onFailure": f"step:free{n}", "isCritical": False}
    place: dict[str, Any] = {"VolumeId": volume, "InstanceId": instance, "Device": device}
    place |= {"EbsCardIndex": card} if card else {}  # 0 is where EC2 puts it, and not every type takes the parameter
    state, held = "$.Volumes[0].State", "$.Volumes[0].Attachments[0].State"
    return [
        _api(f"have{n}", "DescribeVolumes", _filters(there), 3, outputs=outputs, **absent),
        _branch(f"have{n}_is", f"{{{{ have{n}.VolumeId }}}}", {volume: f"held{n}"}, f"free{n}"),
        _watch(f"free{n}", "DescribeVolumes", about, state, "available", timeoutSeconds=300, **lax),
        _api(f"put{n}", "AttachVolume", place, 5),
        _watch(f"held{n}", "DescribeVolumes", about, held, "attached", timeoutSeconds=300),
    ]


def _start(instance: str) -> Iterator[Line]:
    """Start it; a start that is refused, or that EC2 takes and drops, is tried again."""
    start = {"InstanceIds": [instance]}
    for n, pause in enumerate(PAUSES):
        again: dict[str, Any] = {"onFailure": f"step:rest{n}", "isCritical": False}
        yield _api(f"start{n}", "StartInstances", start, **again)
        yield _wait_for(f"up{n}", instance, "running", STARTS, {"nextStep": "runs", **again})
        yield _line(f"rest{n}", "sleep", {"Duration": f"PT{pause}S"})
    yield _api("start_last", "StartInstances", start)
    yield _wait_for("runs", instance, "running", 900, {"isEnd": True})
