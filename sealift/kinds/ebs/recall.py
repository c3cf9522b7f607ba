"""What the tags on EBS sources tell of a migration whose journal is lost: facts as observed, overlaid with the
before-image.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sealift.errors import Refused
from sealift.kind import Read, Recalled
from sealift.kinds.ebs.facts import AsgFacts, InstanceFacts, VolumeAlone, VolumeFacts
from sealift.kinds.ebs.observe import observe_instance, observe_volume, volume_facts
from sealift.kinds.ebs.routes import guarded, inputs_digest
from sealift.options import Options
from sealift.recalling import newest, only, plan_of
from sealift.step import Call, Context, tags_of
from sealift.steps.autoscaling import PROCESSES
from sealift.steps.create_snapshot import RestorePoint, SafetySnapshot
from sealift.steps.looks import instances, instances_in, timestamp
from sealift.steps.runbook import WATCHDOG, name_of
from sealift.steps.watchdog import RUNS

Described = Mapping[str, Any]

KEEPS = (SafetySnapshot.role, RestorePoint.role)
"""The roles of what a way back and finalize keep for people: no step of the recipe finds it."""


def unpack(was: str) -> dict[str, str]:
    """Read the before-image back."""
    return dict(word.split("=", 1) for word in was.split(" ") if "=" in word)


async def _with_tag(read: Read, operation: str, key: str, value: str, result: str) -> list[Described]:
    call = Call(operation, {"Filters": [{"Name": f"tag:{key}", "Values": [value]}]})
    if operation == "ec2:DescribeSnapshots":
        call = Call(operation, {"OwnerIds": ["self"], **call.params})
    return list((await read(call))[result])


async def recall(read: Read, account: str, region: str, target: str, options: Options) -> Recalled:
    """Return the migration that the sources of `target` (an instance or a volume) are marked with.

    Raises:
        Refused: they are marked with none, or with several, or it is a volume that moves with its instance.

    """
    sources = [
        v
        for v in await _with_tag(read, "ec2:DescribeVolumes", "sealift:role", "source", "Volumes")
        if _belongs(v, target)
    ]
    for volume in sources:
        _refuse_a_part(volume, target)
    migration = only(target, map(tags_of, sources))
    made = await _with_tag(read, "ec2:DescribeVolumes", "sealift:migration", migration, "Volumes")
    made += await _with_tag(read, "ec2:DescribeSnapshots", "sealift:migration", migration, "Snapshots")
    route, digest = plan_of(tags_of(sources[0]))
    facts, group_left = await _facts(read, account, region, target, options, sources, migration)
    attempt, epoch = newest(map(tags_of, made))
    closed = isinstance(facts, InstanceFacts) and dict(facts.tags).get(WATCHDOG, "").startswith(f"{migration}/")
    stage = "cutover" if closed else await _stage(read, facts, made, group_left=group_left)
    return Recalled(
        facts=facts,
        migration=migration,
        route=route,
        same=inputs_digest(facts, options, route) == digest,
        attempt=attempt,
        epoch=epoch,
        stage=stage,
        kept=tuple(str(m["SnapshotId"]) for m in made if tags_of(m).get("sealift:role") in KEEPS),
        outputs=await _armed(read, facts, options, Context(migration, epoch, attempt), stage),
    )


async def _armed(
    read: Read, facts: InstanceFacts | VolumeAlone, options: Options, ctx: Context, stage: str
) -> dict[str, dict[str, Any]]:
    """Return what arming a watchdog in this attempt has left: once it is cut, one that has ended too, which is not looked for
    where it was armed. Before, one that has ended guards nothing, and another one is to be armed.
    """
    if not isinstance(facts, InstanceFacts) or not guarded(facts, options):
        return {}
    name = name_of(ctx)
    begins = Call("ssm:DescribeAutomationExecutions", {"Filters": [{"Key": "DocumentNamePrefix", "Values": [name]}]})
    found = [
        made
        for made in (await read(begins))["AutomationExecutionMetadataList"]
        if made["DocumentName"] == name and (stage != "prepare" or made["AutomationExecutionStatus"] in RUNS)
    ]
    last = max(found, key=lambda made: made["ExecutionStartTime"], default=None)
    if last is None:
        return {}
    began = {"AutomationExecutionId": last["AutomationExecutionId"], "Began": timestamp(last["ExecutionStartTime"])}
    return {"watchdog": began, "runbook": {"Name": name}}


def _belongs(volume: Described, target: str) -> bool:
    # The mark names the volume it was written on: a backup's restore that inherited the tags is no source.
    was = unpack(tags_of(volume).get("sealift:was", ""))
    return was.get("v") == volume["VolumeId"] and target in (volume["VolumeId"], was.get("i"))


def _refuse_a_part(volume: Described, target: str) -> None:
    """Refuse to adopt one disk of an instance alone: half-way in a cut it is attached to nothing, as a loose volume is, and a way
    back of it alone would leave the instance without it.
    """
    instance = unpack(tags_of(volume)["sealift:was"]).get("i")
    if instance not in (None, target):
        raise Refused(
            f"{target} moves with {instance}", resource=target, remedy=f"Adopt that: sealift adopt {instance}"
        )


async def _facts(
    read: Read, account: str, region: str, target: str, options: Options, sources: list[Described], migration: str
) -> tuple[InstanceFacts | VolumeAlone, bool]:
    """Return the facts as they were, and whether the group keeps its hands off, as it did not then."""
    if target.startswith("vol-"):
        alone = await observe_volume(read, account, region, target, options)
        return replace(alone, volume=_as_it_was(alone.volume, sources[0])), False
    now = await observe_instance(read, account, region, target, options)
    ours = {v["VolumeId"] for v in sources}
    kept = [v for v in now.volumes if v.id not in ours and dict(v.tags).get("sealift:migration") != migration]
    before = [_as_it_was(volume_facts(v), v) for v in sources]
    state = unpack(tags_of(sources[0])["sealift:was"]).get("s", now.state)
    volumes = sorted((*kept, *before), key=lambda v: (v.device != now.root_device, v.device or ""))
    group = _group_as_it_was(now.asg, sources[0])
    left = group is not None and now.asg is not None and _hands(group) != _hands(now.asg)
    return replace(now, volumes=tuple(volumes), state=state, asg=group), left


def _hands(group: AsgFacts) -> tuple[str, set[str]]:
    return group.lifecycle, set(group.suspended)


def _group_as_it_was(group: AsgFacts | None, described: Described) -> AsgFacts | None:
    was = unpack(tags_of(described)["sealift:was"])
    if group is None or "l" not in was:
        return group
    theirs = tuple(p for p in group.suspended if p not in PROCESSES)
    before = tuple(p for n, p in enumerate(PROCESSES) if str(n) in was.get("p", ""))
    return replace(group, lifecycle=was["l"], suspended=tuple(sorted((*theirs, *before))))


def _as_it_was(volume: VolumeFacts, described: Described) -> VolumeFacts:
    was = unpack(tags_of(described)["sealift:was"])
    instance = was.get("i")
    return replace(
        volume,
        device=was.get("d") or None,
        card=int(was["c"]) if "c" in was else None,
        delete_on_termination=was.get("t") == "1",
        auto_enable_io=was.get("a") == "1",
        attachers=(instance,) if instance else (),
        state="in-use" if instance else "available",
        tags=tuple((k, v) for k, v in volume.tags if not k.startswith("sealift:")),
    )


async def _stage(read: Read, facts: InstanceFacts | VolumeAlone, made: list[Described], *, group_left: bool) -> str:
    """Say how far it had come: prepare (the sources serve, as they were), cutover (in between), up (a replacement serves), handed
    (it has served, and a way back was under way).
    """
    replacements = [
        m
        for m in made
        if "VolumeId" in m and "VolumeType" in m and tags_of(m).get("sealift:role") in ("copy", "replacement")
    ]
    handed_over = bool(_handed(replacements))
    if isinstance(facts, VolumeAlone):
        return "up" if handed_over else "cutover" if replacements or _of_a_cut(made) else "prepare"
    found = instances_in(await read(instances(facts.id))).get(facts.id)
    state = found["State"]["Name"] if found else "gone"
    on = {m["Ebs"]["VolumeId"]: m["Ebs"] for m in (found or {}).get("BlockDeviceMappings", ()) if "Ebs" in m}
    serve = state == facts.state and all(v.id in on for v in facts.plain)
    if handed_over and found and not all(m["VolumeId"] in on for m in _handed(replacements)):
        return "cutover" if serve else "handed"
    if handed_over or (state in ("running", "pending") and any(m["VolumeId"] in on for m in replacements)):
        return "up"
    as_it_was = all(on[v.id].get("DeleteOnTermination") == v.delete_on_termination for v in facts.plain if v.id in on)
    return "prepare" if serve and as_it_was and not group_left else "cutover"


def _of_a_cut(made: list[Described]) -> bool:
    """Tell whether the latest attempt has made anything in its cut: what is attached to nothing has no state that tells."""
    tags = [t for t in map(tags_of, made) if t.get("sealift:role") != "source"]
    attempt, _ = newest(tags)
    return any(newest([t]) > (attempt, 0) for t in tags)


def _handed(replacements: list[Described]) -> list[Described]:
    return [m for m in replacements if tags_of(m).get("sealift:role") == "replacement"]
