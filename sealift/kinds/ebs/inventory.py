"""Every EBS volume of an account in a Region, how it is encrypted, and which rules stand in the way of moving it.

Four reads for a Region and one for each distinct key; what takes a read for each resource is *not evaluated*.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sealift.errors import CallError, CredentialsLost
from sealift.findings import Found, Survey, judged
from sealift.keys import NO_KEY
from sealift.kind import Read, Rule, Verdict
from sealift.kinds.ebs.facts import AsgFacts, InstanceFacts, VolumeAlone
from sealift.kinds.ebs.observe import group_facts, instance_facts, volume_facts
from sealift.kinds.ebs.rules import CONSENT, INSTANCES, OWNERS, SOURCES
from sealift.kinds.ebs.surroundings import PAGE, described
from sealift.step import tags_of
from sealift.surroundings import maybe

KIND = "ebs-volume"

Described = Mapping[str, Any]

VOLUME_ALONE: tuple[Rule, ...] = (*CONSENT, *SOURCES, *OWNERS)
ON_AN_INSTANCE: tuple[Rule, ...] = (*CONSENT, *SOURCES, *INSTANCES, *OWNERS)
"""The rules that an inventory judges: those of the key, the Region and the route come with a plan."""

PARTITIONS = (("cn-", "aws-cn"), ("us-gov-", "aws-us-gov"))


async def find(read: Read, account: str, region: str) -> Found:
    """Return the findings and what could not be read.

    Raises:
        CallError: the volumes could not be described at all.

    """
    volumes = (await described(read, "ec2:DescribeVolumes", MaxResults=PAGE)).get("Volumes", ())
    survey = Survey(read, KIND, account, region)
    instances = await _instances(survey)
    encrypted = [v for v in volumes if v.get("Encrypted") and v.get("KmsKeyId")]
    managers = await survey.key_managers((v["KmsKeyId"], v["VolumeId"]) for v in encrypted)
    findings = []
    for volume in volumes:
        encryption = _encryption(volume, managers)
        if encryption is not None:
            findings.append(_finding(survey, volume, encryption, instances))
    return findings, survey.unreadable


# -- reads


async def _instances(survey: Survey) -> dict[str, InstanceFacts]:
    try:
        reply = await described(survey.read, "ec2:DescribeInstances", MaxResults=PAGE)
    except CredentialsLost:
        raise
    except CallError as error:
        survey.gap(f"the instances, so rules about them were not judged: {error.message}")
        return {}
    found = [i for r in reply.get("Reservations", ()) for i in r["Instances"]]
    groups = await _groups(survey.read) if found else {}
    if groups is None:
        survey.gap("autoscaling:DescribeAutoScalingInstances or DescribeAutoScalingGroups")
    return {i["InstanceId"]: _in_its_group(instance_facts(i, survey.account, survey.region, ()), groups) for i in found}


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


# -- findings


def _encryption(volume: Described, managers: Mapping[str, str]) -> str | None:
    """Return none, aws-owned, aws-managed or customer; None where the key could not be read."""
    if not volume.get("Encrypted"):
        return "none"
    if not volume.get("KmsKeyId"):
        return "aws-owned"
    return managers.get(volume["KmsKeyId"])


def _finding(
    survey: Survey, volume: Described, encryption: str, instances: Mapping[str, InstanceFacts]
) -> dict[str, Any]:
    id_, region, account = volume["VolumeId"], survey.region, survey.account
    return survey.row(
        id_,
        volume.get("VolumeArn") or f"arn:{_partition(region)}:ec2:{region}:{account}:volume/{id_}",
        encryption=encryption,
        key=volume.get("KmsKeyId"),
        state=volume["State"],
        more={
            "size_gib": volume["Size"],
            "volume_type": volume["VolumeType"],
            "iops": volume.get("Iops"),
            "throughput": volume.get("Throughput"),
            "availability_zone": volume["AvailabilityZone"],
            "attachments": [_attachment(a, instances) for a in volume.get("Attachments", ())],
        },
        tags=tags_of(volume),
        verdicts=_verdicts(volume, instances, account, region),
    )


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
        return judged(VOLUME_ALONE, alone)
    return judged(ON_AN_INSTANCE, replace(holder, volumes=(volume_facts(volume, holder.id),)))
