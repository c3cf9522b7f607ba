"""The end of an EBS migration: when the source may go, what goes with it, and what stays until somebody acts."""

import contextlib
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from typing import Any

from sealift.errors import CallError
from sealift.keys import unusable as key_unusable
from sealift.kind import Barred, Read
from sealift.kinds.ebs.facts import InstanceFacts, VolumeFacts
from sealift.kinds.ebs.routes import Facts, name
from sealift.options import Options
from sealift.recipe import Lanes, recipe
from sealift.step import Call, Output, Phase, Step
from sealift.steps import DeleteSnapshot, DeleteVolume
from sealift.steps.create_snapshot import RestorePoint
from sealift.steps.looks import ENDED, by_id, initialised, instances, instances_in, volumes

BIN = (
    ("volume", "ec2:ListVolumesInRecycleBin", "VolumeId"),
    ("snapshot", "ec2:ListSnapshotsInRecycleBin", "SnapshotId"),
)
"""What the Recycle Bin keeps, the operation that lists it, and the member that names it."""

PLAIN = ("warm", "renew", "last")
"""The steps that leave plain snapshots: what of them still exists goes with the source."""


def finalize(facts: Facts, options: Options, outputs: Mapping[str, Output]) -> tuple[Step, ...]:
    """Return the steps: a restore point of each replacement, then sources and plain snapshots that the journal names."""
    since = int(outputs["migration"]["brought_up"])
    points: dict[str, list[Step]] = {}
    sources: dict[str, list[Step]] = {}
    snapshots: dict[str, list[Step]] = {}
    for v in facts.plain:
        lane, replacement = name(v), str(outputs[f"copy:{name(v)}"]["VolumeId"])
        points[lane] = [
            RestorePoint(
                key=f"finalize:point:{lane}",
                phase=Phase.FINALIZE,
                volume=replacement,
                size=v.size,
                since=since,
                extra_tags=options.extra_tags,
            )
        ]
        sources[lane] = [
            DeleteVolume(key=f"finalize:source:{lane}", phase=Phase.FINALIZE, volume=v.id, roles=("source",))
        ]
        snapshots[lane] = [
            DeleteSnapshot(
                key=f"finalize:{step}:{lane}",
                phase=Phase.FINALIZE,
                snapshot=str(outputs[f"{step}:{lane}"]["SnapshotId"]),
                roles=("baseline",),
            )
            for step in PLAIN
            if "SnapshotId" in outputs.get(f"{step}:{lane}", {}) and not outputs[f"{step}:{lane}"].get("adopted")
        ]
    return recipe(Lanes(points), Lanes(sources), Lanes(snapshots))


async def settled(read: Read, facts: Facts, options: Options, outputs: Mapping[str, Output]) -> Sequence[str]:
    """Read again all that verify cold read, and what has to be true before a source goes: hydrated, attached, healthy,
    under the key.
    """
    pairs = {str(outputs[f"copy:{name(v)}"]["VolumeId"]): v for v in facts.plain if f"copy:{name(v)}" in outputs}
    if len(pairs) != len(facts.plain):
        return ["not every volume has a replacement"]
    found = {v["VolumeId"]: v for v in (await read(volumes(*pairs)))["Volumes"]}
    wrong = [why for id_, source in pairs.items() for why in _replacement(id_, found.get(id_), source, facts)]
    wrong += await _health(read, sorted(set(pairs) & set(found)))
    if isinstance(facts, InstanceFacts):
        wrong += await _on_instance(read, facts, pairs)
    return wrong + await unusable(read, facts)


def _replacement(id_: str, volume: Mapping[str, Any] | None, source: VolumeFacts, facts: Facts) -> list[str]:
    if volume is None:
        return [f"{id_}, the replacement of {source.id}, is gone"]
    wrong = []
    if not volume.get("Encrypted") or volume.get("KmsKeyId") != facts.key.arn:
        wrong.append(f"{id_} is under {volume.get('KmsKeyId') or 'no key'}, wanted {facts.key.arn}")
    if (
        volume["VolumeType"] == source.type
        and source.iops
        and source.type in ("gp3", "io1", "io2")
        and volume.get("Iops", 0) < source.iops
    ):
        wrong.append(f"{id_} has {volume.get('Iops')} IOPS, {source.id} had {source.iops}")
    return wrong


async def _health(read: Read, ids: list[str]) -> list[str]:
    if not ids:
        return []
    wrong = []
    statuses = (await read(Call("ec2:DescribeVolumeStatus", {"VolumeIds": ids})))["VolumeStatuses"]
    told = {status["VolumeId"] for status in statuses}
    wrong += [f"the status of {id_} is not described" for id_ in ids if id_ not in told]
    for status in statuses:
        progress = initialised(status)
        if progress is None:
            wrong.append(f"EC2 does not tell how far {status['VolumeId']} is initialised")
        elif progress < 100:
            wrong.append(f"{status['VolumeId']} is still initialising ({progress:g} %)")
        if status["VolumeStatus"]["Status"] == "impaired":
            wrong.append(f"{status['VolumeId']} is impaired")
    return wrong


async def _on_instance(read: Read, facts: InstanceFacts, pairs: Mapping[str, VolumeFacts]) -> list[str]:
    found = instances_in(await read(instances(facts.id))).get(facts.id)
    if found is None or found["State"]["Name"] in ENDED:
        return [f"{facts.id} is gone"]
    has = {m["DeviceName"]: m["Ebs"] for m in found.get("BlockDeviceMappings", ()) if "Ebs" in m}
    wrong = []
    for id_, source in pairs.items():
        mapping = has.get(str(source.device), {})
        if mapping.get("VolumeId") != id_:
            wrong.append(f"{facts.id} {source.device} has {mapping.get('VolumeId', 'nothing')}, wanted {id_}")
        elif mapping.get("DeleteOnTermination") != source.delete_on_termination:
            flag = mapping.get("DeleteOnTermination")
            wrong.append(
                f"{facts.id} {source.device}: DeleteOnTermination is {flag}, it was {source.delete_on_termination}"
            )
    return wrong


async def unusable(read: Read, facts: Facts) -> list[str]:
    """Say why the key cannot be used now; empty is good."""
    return await key_unusable(read, facts.key.arn)


async def barred(read: Read, facts: Facts, outputs: Mapping[str, Output]) -> Barred:
    """Say which sources are gone, or that their instance is: without them nothing can be put back, and a replacement that serves
    would be stopped for nothing.
    """
    wanted = [v.id for v in facts.plain]
    there = {v["VolumeId"] for v in (await read(volumes(*wanted)))["Volumes"]} if wanted else set()
    gone = [f"its source {v} is gone" for v in wanted if v not in there]
    ended, _ = await _ended(read, facts)
    if ended:
        return Barred((ended, *gone), so="there is nothing to put its sources back on")
    return Barred(tuple(gone), so="there is nothing to put in the place of its replacement")


async def missing(read: Read, facts: Facts, outputs: Mapping[str, Output], up: bool) -> Barred:
    """Say which replacements are gone, or that their instance is. Lost is a volume of which neither the source nor the replacement is
    left; on a way back (not `up`) each without its source, for its replacement serves nobody; and all of a terminated instance.
    """
    new = {v.id: str(out["VolumeId"]) for v in facts.plain if "VolumeId" in (out := outputs.get(f"copy:{name(v)}", {}))}
    pairs = {v.id: new.get(v.id) for v in facts.plain if v.id in new or not up}
    asked = (*new.values(), *pairs)
    described = (await read(volumes(*asked)))["Volumes"] if asked else ()
    there = {v["VolumeId"] for v in described if v["State"] not in ("deleting", "deleted")}
    lost = [old for old, copy in pairs.items() if old not in there and (copy not in there or not up)]
    ended, over = await _ended(read, facts)
    if ended and not over:  # what goes with it is still described
        return Barred((ended,), so="Wait until it is terminated: accept gives it up then", ended=True)
    left = [_left(old, pairs[old], there) for old in sorted(pairs, key=lambda old: old not in lost)]
    if ended or lost:
        left += await _snapshots(read, facts, outputs, [old for old, copy in pairs.items() if not {old, copy} <= there])
        wanted = asked if ended else [v for old in lost for v in (old, pairs[old]) if v]
        left += [said async for said in _restorable(read, facts.region, {*wanted} - there)]
    if ended:
        so = f"Launch another instance, and attach what is left to it{': ' if left else ''}{'; '.join(left)}"
        return Barred((ended,), so=so, lost=(f"{ended} and does not come back. {so}",), ended=True)
    gone = [f"{copy}, the replacement of {old}, is gone" for old, copy in new.items() if copy not in there]
    whole = there.issuperset(pairs)
    so = "" if whole else f"Delete nothing of what is left: {'; '.join(left)}"
    parts = tuple(name(v) for v in facts.plain if v.id in lost)
    return Barred(tuple(gone), so=so, lost=tuple(left) if lost else (), parts=parts)


async def _ended(read: Read, facts: Facts) -> tuple[str, bool]:
    """Say that an instance never comes back, and whether all that goes with it is gone; nothing of any other, nor of a volume alone."""
    if not isinstance(facts, InstanceFacts):
        return "", False
    found = instances_in(await read(instances(facts.id))).get(facts.id)
    state = "gone" if found is None else str(found["State"]["Name"])
    if state == "shutting-down":
        return f"{facts.id} is being terminated", False
    return (f"{facts.id} is {state}", True) if state in ENDED else ("", False)


async def _snapshots(read: Read, facts: Facts, outputs: Mapping[str, Output], of: Collection[str]) -> list[str]:
    """Say which snapshots of ours are left of volumes of which something is gone; what cannot be read is not known."""
    lanes = {name(v): v.id for v in facts.plain if v.id in of}
    made = {str(o["SnapshotId"]): key.split(":")[-1] for key, o in outputs.items() if "SnapshotId" in o}
    ours = {id_: lanes[lane] for id_, lane in made.items() if lane in lanes}
    if not ours:
        return []
    with contextlib.suppress(CallError):
        found = (await read(by_id("ec2:DescribeSnapshots", "snapshot-id", *ours)))["Snapshots"]
        return [
            f"{s['SnapshotId']} is left, a snapshot of {ours[s['SnapshotId']]} or of its replacement" for s in found
        ]
    return []


async def _restorable(read: Read, region: str, ids: Collection[str]) -> AsyncIterator[str]:
    """Yield which of these volumes, and of their snapshots, are in the Recycle Bin, and what fetches them (R-EBS-78); what cannot be
    read is not known.
    """
    for noun, operation, id_ in BIN:
        with contextlib.suppress(CallError):
            for k in (await read(Call(operation, {})))[f"{noun.title()}s"]:
                if k.get("VolumeId") in ids:
                    of = f", a snapshot of {k['VolumeId']}," if noun == "snapshot" else ""
                    fetch = f"aws ec2 restore-{noun}-from-recycle-bin --region {region} --{noun}-id {k[id_]}"
                    until = f" until {k['RecycleBinExitTime']}" if "RecycleBinExitTime" in k else ""
                    yield f"{k[id_]}{of} is in the Recycle Bin{until}: {fetch}"


def _left(old: str, new: str | None, there: Collection[str]) -> str:
    """Say of a volume and its replacement which is gone and which is left."""
    if new is None:
        return f"{old} is left" if old in there else f"{old} is gone, and no replacement of it was made"
    if old not in there and new not in there:
        return f"neither {old} nor its replacement {new} is left"
    if old in there and new in there:
        return f"{old} and its replacement {new} are left"
    return (
        f"{old} is left, its replacement {new} is gone"
        if old in there
        else f"{old} is gone, its replacement {new} is left"
    )


async def stays(read: Read, facts: Facts, outputs: Mapping[str, Output]) -> Sequence[Mapping[str, str]]:
    """Return what outlives `finalize`: each with what it is, until when, and the command that ends it."""
    left: list[Mapping[str, str]] = []
    for v in facts.plain:
        call = Call(
            "ec2:DescribeSnapshots", {"OwnerIds": ["self"], "Filters": [{"Name": "volume-id", "Values": [v.id]}]}
        )
        for snapshot in (await read(call))["Snapshots"]:
            id_ = snapshot["SnapshotId"]
            left.append(
                {
                    "id": id_,
                    "what": f"a plain snapshot of {v.id} that sealift did not make",
                    "until": "you act",
                    "command": f"aws ec2 delete-snapshot --region {facts.region} --snapshot-id {id_}",
                }
            )
            left += await _images(read, facts.region, id_)
        if copy := outputs.get(f"encrypt:{name(v)}", {}).get("SnapshotId"):
            left.append(
                {
                    "id": str(copy),
                    "what": "the encrypted snapshot that the copy route leaves",
                    "until": "you act",
                    "command": f"aws ec2 delete-snapshot --region {facts.region} --snapshot-id {copy}",
                }
            )
    return left + await _recycle_bin(read, facts)


async def _images(read: Read, region: str, snapshot: str) -> list[Mapping[str, str]]:
    filters = [{"Name": "block-device-mapping.snapshot-id", "Values": [snapshot]}]
    images = (await read(Call("ec2:DescribeImages", {"Owners": ["self"], "Filters": filters})))["Images"]
    return [
        {
            "id": i["ImageId"],
            "what": f"an AMI that pins {snapshot} (R-EBS-78)",
            "until": "you act",
            "command": f"aws ec2 deregister-image --region {region} --image-id {i['ImageId']}",
        }
        for i in images
    ]


async def _recycle_bin(read: Read, facts: Facts) -> list[Mapping[str, str]]:
    """Return what a Recycle Bin rule keeps of the sources: deleted, and there until its time has come (R-EBS-78)."""
    ours = {v.id for v in facts.plain}
    left: list[Mapping[str, str]] = []
    for noun, operation, id_ in BIN:
        try:
            kept = (await read(Call(operation, {})))[f"{noun.title()}s"]
        except CallError as error:
            left.append(_unread_bin(noun, facts.region, error))
            continue
        left += [
            {
                "id": k[id_],
                "what": f"a plain {noun}{f' of {source}' if (source := k['VolumeId']) != k[id_] else ''} in the Recycle Bin",
                "until": str(k.get("RecycleBinExitTime", "")),
                "command": "",
            }
            for k in kept
            if k.get("VolumeId") in ours
        ]
    return left


def _unread_bin(noun: str, region: str, error: CallError) -> Mapping[str, str]:
    return {
        "id": f"Recycle Bin ({noun}s)",
        "what": f"could not be read ({error.code or error.message}): a rule may keep what was deleted",
        "until": "you act",
        "command": f"aws ec2 list-{noun}s-in-recycle-bin --region {region}",
    }


def locks(facts: Facts) -> tuple[str, ...]:
    """Return what a migration locks, fixed in the plan: the instance, all its volumes, other attachers, the Auto
    Scaling group's member.
    """
    place = f"{facts.account}/{facts.region}/"
    held = {v.id for v in facts.volumes} | {a for v in facts.volumes for a in v.attachers}
    if isinstance(facts, InstanceFacts):
        held.add(facts.id)
    return tuple(place + h for h in sorted(held))
