"""Every EBS volume of an account in a Region, how it is encrypted, and which rules stand in the way of moving it.

Four reads for a Region and one for each distinct key; what takes a read for each resource is *not evaluated*.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from sealift.errors import CallError, CredentialsLost
from sealift.kind import ACK, BLOCK, NOT_EVALUATED, Read, Rule, Verdict
from sealift.kinds.ebs.facts import AsgFacts, InstanceFacts, VolumeAlone
from sealift.kinds.ebs.observe import NO_KEY, group_facts, instance_facts, volume_facts
from sealift.kinds.ebs.rules import CONSENT, INSTANCES, OWNERS, SOURCES
from sealift.kinds.ebs.surroundings import PAGE, described
from sealift.options import Options
from sealift.step import Call, tags_of
from sealift.surroundings import maybe

KIND = "ebs-volume"

Described = Mapping[str, Any]
Rows = list[dict[str, Any]]

VOLUME_ALONE: tuple[Rule, ...] = (*CONSENT, *SOURCES, *OWNERS)
ON_AN_INSTANCE: tuple[Rule, ...] = (*CONSENT, *SOURCES, *INSTANCES, *OWNERS)
"""The rules that an inventory judges: those of the key, the Region and the route come with a plan."""

PARTITIONS = (("cn-", "aws-cn"), ("us-gov-", "aws-us-gov"))


async def find(read: Read, account: str, region: str) -> tuple[Rows, Rows]:
    """Return the findings and what could not be read, both as `sealift.inventory/1` holds them.

    Raises:
        CallError: the volumes could not be described at all.

    """
    volumes = (await described(read, "ec2:DescribeVolumes", MaxResults=PAGE)).get("Volumes", ())
    unreadable: Rows = []
    instances = await _instances(read, account, region, unreadable)
    managers = await _key_managers(read, account, region, volumes, unreadable)
    findings = []
    for volume in volumes:
        encryption = _encryption(volume, managers)
        if encryption is not None:
            findings.append(_finding(volume, encryption, instances, account, region))
    return findings, unreadable


def _gap(region: str, error: str) -> dict[str, Any]:
    return {"kind": KIND, "region": region, "error": error}


# -- reads


async def _instances(read: Read, account: str, region: str, unreadable: Rows) -> dict[str, InstanceFacts]:
    try:
        reply = await described(read, "ec2:DescribeInstances", MaxResults=PAGE)
    except CredentialsLost:
        raise
    except CallError as error:
        unreadable.append(_gap(region, f"the instances, so rules about them were not judged: {error.message}"))
        return {}
    found = [i for r in reply.get("Reservations", ()) for i in r["Instances"]]
    groups = await _groups(read) if found else {}
    if groups is None:
        unreadable.append(_gap(region, "autoscaling:DescribeAutoScalingInstances or DescribeAutoScalingGroups"))
    return {i["InstanceId"]: _in_its_group(instance_facts(i, account, region, ()), groups) for i in found}


def _in_its_group(facts: InstanceFacts, groups: Mapping[str, AsgFacts] | None) -> InstanceFacts:
    return facts if groups is None else replace(facts, asg=groups.get(facts.id), unread=())


async def _groups(read: Read) -> dict[str, AsgFacts] | None:
    members = await maybe(read, "autoscaling:DescribeAutoScalingInstances")
    if members is None or not members.get("AutoScalingInstances"):
        return None if members is None else {}
    groups = await maybe(read, "autoscaling:DescribeAutoScalingGroups")
    if groups is None:
        return None
    by_name = {g["AutoScalingGroupName"]: g for g in groups.get("AutoScalingGroups", ())}
    found = [(m, by_name.get(m["AutoScalingGroupName"])) for m in members["AutoScalingInstances"]]
    return {m["InstanceId"]: group_facts(m, g) for m, g in found if g}


async def _key_managers(
    read: Read, account: str, region: str, volumes: Iterable[Described], unreadable: Rows
) -> dict[str, str]:
    """Return who manages each key that a volume is under: one read a key."""
    users: dict[str, list[str]] = defaultdict(list)
    for volume in volumes:
        if volume.get("Encrypted") and volume.get("KmsKeyId"):
            users[volume["KmsKeyId"]].append(volume["VolumeId"])
    managers = {}
    for key, ids in sorted(users.items()):
        try:
            managers[key] = await _manager(read, account, key)
        except CredentialsLost:
            raise
        except CallError as error:
            unreadable.append(_gap(region, f"{key}, the key of {', '.join(ids)}: {error.message}"))
    return managers


async def _manager(read: Read, account: str, key: str) -> str:
    """Keys that AWS manages work in their own account alone, so another account's key is a customer's."""
    if key.startswith("arn:") and key.split(":")[4] != account:
        return "customer"
    meta = (await read(Call("kms:DescribeKey", {"KeyId": key})))["KeyMetadata"]
    return "customer" if meta.get("KeyManager") == "CUSTOMER" else "aws-managed"


# -- findings


def _encryption(volume: Described, managers: Mapping[str, str]) -> str | None:
    """Return none, aws-owned, aws-managed or customer; None where the key could not be read."""
    if not volume.get("Encrypted"):
        return "none"
    if not volume.get("KmsKeyId"):
        return "aws-owned"
    return managers.get(volume["KmsKeyId"])


def _finding(
    volume: Described, encryption: str, instances: Mapping[str, InstanceFacts], account: str, region: str
) -> dict[str, Any]:
    id_, verdicts = volume["VolumeId"], _verdicts(volume, instances, account, region)
    return {
        "kind": KIND,
        "id": id_,
        "arn": volume.get("VolumeArn") or f"arn:{_partition(region)}:ec2:{region}:{account}:volume/{id_}",
        "account": account,
        "region": region,
        "encryption": encryption,
        "kms_key_id": volume.get("KmsKeyId"),
        "state": volume["State"],
        "size_gib": volume["Size"],
        "volume_type": volume["VolumeType"],
        "iops": volume.get("Iops"),
        "throughput": volume.get("Throughput"),
        "availability_zone": volume["AvailabilityZone"],
        "attachments": [_attachment(a, instances) for a in volume.get("Attachments", ())],
        "tags": tags_of(volume),
        "rules": [{"id": v.id, "verdict": v.verdict, "message": v.message} for v in verdicts],
    }


def _partition(region: str) -> str:
    return next((partition for prefix, partition in PARTITIONS if region.startswith(prefix)), "aws")


def _attachment(attachment: Described, instances: Mapping[str, InstanceFacts]) -> dict[str, Any]:
    instance = attachment.get("InstanceId")
    known = instances.get(instance or "")
    return {
        "instance": instance,
        "device": attachment.get("Device"),
        "root": None if known is None else attachment.get("Device") == known.root_device,
        "delete_on_termination": bool(attachment.get("DeleteOnTermination")),
    }


def _verdicts(volume: Described, instances: Mapping[str, InstanceFacts], account: str, region: str) -> list[Verdict]:
    """Judge one volume alone, on its instance where it has one; warnings come with a plan."""
    alone = VolumeAlone(volume_facts(volume), account, region, NO_KEY)
    holder = next((instances[a] for a in alone.volume.attachers if a in instances), None)
    if not alone.plain:
        return []
    if holder is None:
        return _judged(VOLUME_ALONE, alone)
    return _judged(ON_AN_INSTANCE, replace(holder, volumes=(volume_facts(volume, holder.id),)))


def _judged(rules: Iterable[Rule], facts: InstanceFacts | VolumeAlone) -> list[Verdict]:
    found = [_deep(r) if r.deep else r(facts, Options()) for r in rules]
    return [v for v in found if v is not None and v.verdict in (BLOCK, ACK, NOT_EVALUATED)]


def _deep(rule: Rule) -> Verdict:
    return Verdict(rule.id, NOT_EVALUATED, "Takes reads of its own for each resource: `sealift plan` judges it.")
