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
from sealift.steps.looks import initialised, instances, instances_in, volumes

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
    if found is None or found["State"]["Name"] in ("terminated", "shutting-down"):
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
    if ended := await _ended(read, facts):
        return Barred((ended, *gone), so="there is nothing to put its sources back on")
    return Barred(tuple(gone), so="there is nothing to put in the place of its replacement")


async def missing(read: Read, facts: Facts, outputs: Mapping[str, Output]) -> Barred:
    """Say which replacements are gone, or that their instance is; and what is left of each volume, where of one nothing is, or no
    instance to attach it to.
    """
    pairs = {str(o["VolumeId"]): v.id for v in facts.plain if "VolumeId" in (o := outputs.get(f"copy:{name(v)}", {}))}
    described = (await read(volumes(*pairs, *pairs.values())))["Volumes"] if pairs else ()
    there = {v["VolumeId"] for v in described if v["State"] not in ("deleting", "deleted")}
    left = tuple(_left(new, old, there) for new, old in pairs.items())
    whole = there.issuperset(pairs.values())
    lost = await _with_the_bin(read, facts.region, pairs, there, left)
    if ended := await _ended(read, facts):
        if ended.endswith("being terminated"):  # what goes with it is still described
            return Barred((ended,), so="Wait until it is terminated")
        so = f"Launch another instance, and attach what is left to it: {'; '.join(lost or left)}"
        if whole:
            new = [v for v in pairs if v in there]
            also = f", or {', '.join(new)}, what is left of their replacements" if new else ""
            sources = ", ".join(v.id for v in facts.plain)
            so = f"Launch another instance, and attach {sources if pairs else f'what is left of {sources}'} to it{also}"
        return Barred((ended,), so=so, lost=(f"{ended} and does not come back. {so}",))
    gone = (f"{new}, the replacement of {old}, is gone" for new, old in pairs.items() if new not in there)
    return Barred(tuple(gone), so="" if whole else f"Delete nothing of what is left: {'; '.join(left)}", lost=lost)


async def _ended(read: Read, facts: Facts) -> str:
    """Say that the instance is terminated, or described no more; empty where it is neither, and for a volume alone."""
    if not isinstance(facts, InstanceFacts):
        return ""
    found = instances_in(await read(instances(facts.id))).get(facts.id)
    state = None if found is None else found["State"]["Name"]
    ends = {None: "is gone", "terminated": "is terminated", "shutting-down": "is being terminated"}
    return f"{facts.id} {ends[state]}" if state in ends else ""


async def _with_the_bin(
    read: Read, region: str, pairs: Mapping[str, str], there: Collection[str], left: Sequence[str]
) -> tuple[str, ...]:
    """Return what is left of each volume, first that of some nothing is, with what could be had back; nothing where of each there is."""
    bare = [v for pair in pairs.items() if not {*pair} & {*there} for v in pair]
    if not bare:
        return ()
    first = sorted(zip(pairs, left, strict=True), key=lambda of: of[0] not in bare)
    return (*(said for _, said in first), *[said async for said in _restorable(read, region, bare)])


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
                    yield f"{k[id_]}{of} is in the Recycle Bin until {k.get('RecycleBinExitTime')}: {fetch}"


def _left(new: str, old: str, there: Collection[str]) -> str:
    """Say of a volume and its replacement which is gone and which is left."""
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
