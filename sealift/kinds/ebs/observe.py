"""Reading the facts of an instance with its volumes, or of a volume alone; what is denied or unknown stays None."""

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from sealift.errors import SealiftError
from sealift.keys import NO_KEY, key_facts
from sealift.kind import Read
from sealift.kinds.ebs.facts import AsgFacts, InstanceFacts, VolumeAlone, VolumeFacts
from sealift.kinds.ebs.room import room
from sealift.kinds.ebs.surroundings import (
    Backups,
    alarms_on,
    backups,
    described,
    encryption_by_default,
    zone_type,
)
from sealift.options import Options
from sealift.step import Call, Tags, tags_of
from sealift.surroundings import maybe

Described = Mapping[str, Any]
Probe = Callable[[Call], Awaitable[str]]
"""Sends a request with DryRun and returns the error code of the answer."""

GROUP_TAG = "aws:autoscaling:groupName"
CLONES = {"DryRunOperation": True}
NO_CLONES = frozenset(
    {"UnsupportedOperation", "InvalidAction", "UnknownOperationException", "NotImplemented", "UnknownParameter"}
)


async def observe_instance(
    read: Read, account: str, region: str, target: str, options: Options, *, probe: Probe | None = None
) -> InstanceFacts:
    """Return an instance with all its EBS volumes (root first, then by device), the key and the surroundings.

    Raises:
        SealiftError: the instance is not there.
        CallError: instances or volumes could not be described.

    """
    instance = await _instance(read, account, region, target)
    volumes = await _deep(read, in_order(instance, await _volumes(read, "attachment.instance-id", [target])))
    plain = [v.id for v in volumes if not v.encrypted]
    facts = instance_facts(instance, account, region, volumes)
    facts = replace(facts, **await _of_the_instance(read, facts), **await _of_the_group(read, facts))
    return replace(
        facts,
        key=await key_facts(read, options.key),
        zone_type=await zone_type(read, facts.zone),
        clone_supported=await probe_clone(probe, plain[0]) if probe and plain else None,
        room=await room(read, facts.plain),
        **_merged(facts.unread, await _around(read, plain)),
    )


async def observe_volume(
    read: Read, account: str, region: str, target: str, options: Options, *, probe: Probe | None = None
) -> VolumeAlone:
    """Return a volume that is attached to nothing (if it is attached: its attachers), the key and the surroundings.

    Raises:
        SealiftError: the volume is not there.
        CallError: volumes could not be described.

    """
    found = await _volumes(read, "volume-id", [target])
    if not found:
        raise _absent(target, account, region)
    volume = (await _deep(read, (volume_facts(found[0]),)))[0]
    return VolumeAlone(
        volume,
        account,
        region,
        key=await key_facts(read, options.key),
        zone_type=await zone_type(read, volume.zone),
        clone_supported=await probe_clone(probe, target) if probe else None,
        room=await room(read, () if volume.encrypted else (volume,)),
        **await _around(read, [target]),
    )


async def probe_clone(probe: Probe, volume: str) -> bool | None:
    """Ask by DryRun whether EC2 makes encrypted copies of volumes here. None: the answer does not tell."""
    code = await probe(Call("ec2:CopyVolumes", {"SourceVolumeId": volume, "Encrypted": True, "DryRun": True}))
    return False if code in NO_CLONES else CLONES.get(code)


# -- what a description says: pure, shared with the inventory


def instance_facts(instance: Described, account: str, region: str, volumes: tuple[VolumeFacts, ...]) -> InstanceFacts:
    """Return what DescribeInstances alone tells of an instance."""
    placement, tags = instance.get("Placement", {}), _tags(instance)
    launched = instance.get("LaunchTime")
    return InstanceFacts(
        instance["InstanceId"],
        account,
        region,
        placement.get("AvailabilityZone", ""),
        instance["State"]["Name"],
        instance.get("RootDeviceName", ""),
        NO_KEY,
        volumes,
        root_type=instance.get("RootDeviceType", "ebs"),
        instance_type=instance.get("InstanceType", ""),
        platform=instance.get("PlatformDetails") or "Linux/UNIX",
        lifecycle=instance.get("InstanceLifecycle", ""),
        tenancy=placement.get("Tenancy") or "default",
        placement_group=placement.get("GroupName", ""),
        bare_metal="metal" in instance.get("InstanceType", ""),
        hibernation=bool(instance.get("HibernationOptions", {}).get("Configured")),
        public_ip=instance.get("PublicIpAddress", ""),
        elastic_ip=_owns_address(instance),
        managed_by=_operator(instance),
        tags=tags,
        launch_time=launched.isoformat() if launched else "",
        unread=("autoscaling",),
    )


def volume_facts(volume: Described, instance: str | None = None) -> VolumeFacts:
    """Return what DescribeVolumes alone tells of a volume, and of its attachment to `instance`."""
    held = [a for a in volume.get("Attachments", ()) if a.get("State") != "detached"]
    here: Described = next((a for a in held if instance and a.get("InstanceId") == instance), {})
    return VolumeFacts(
        volume["VolumeId"],
        volume["State"],
        volume["AvailabilityZone"],
        volume["VolumeType"],
        volume["Size"],
        bool(volume.get("Encrypted")),
        volume.get("Iops"),
        volume.get("Throughput"),
        volume.get("KmsKeyId"),
        multi_attach=bool(volume.get("MultiAttachEnabled")),
        tags=_tags(volume),
        device=here.get("Device"),
        card=here.get("EbsCardIndex"),
        delete_on_termination=bool(here.get("DeleteOnTermination")),
        attachers=tuple(sorted(a.get("InstanceId") or a.get("AssociatedResource", "?") for a in held)),
        managed_by=_operator(volume) or next((m for a in held if (m := _owner(a))), None),
        outpost=volume.get("OutpostArn"),
        attachment=here.get("State", "attached"),
    )


def in_order(instance: Described, volumes: Iterable[Described]) -> tuple[VolumeFacts, ...]:
    """Return the volumes of an instance: the root first, the others by device."""
    root = instance.get("RootDeviceName")
    found = [volume_facts(v, instance["InstanceId"]) for v in volumes]
    return tuple(sorted(found, key=lambda v: (v.device != root, v.device or "", v.id)))


def _tags(resource: Described) -> Tags:
    return tuple(sorted(tags_of(resource).items()))


def _operator(resource: Described) -> str | None:
    operator = resource.get("Operator") or {}
    return (operator.get("Principal") or "an AWS service") if operator.get("Managed") else None


def _owner(attachment: Described) -> str | None:
    return attachment.get("InstanceOwningService") or attachment.get("AssociatedResource")


def _owns_address(instance: Described) -> bool:
    held = [n.get("Association", {}) for n in instance.get("NetworkInterfaces", ())]
    public = instance.get("PublicIpAddress")
    return any(a.get("PublicIp") == public and a.get("IpOwnerId", "amazon") != "amazon" for a in held)


# -- reads


async def _instance(read: Read, account: str, region: str, target: str) -> Described:
    reply = await described(read, "ec2:DescribeInstances", Filters=[{"Name": "instance-id", "Values": [target]}])
    found: list[Described] = [i for r in reply.get("Reservations", ()) for i in r["Instances"]]
    if not found:
        raise _absent(target, account, region)
    return found[0]


def _absent(target: str, account: str, region: str) -> SealiftError:
    return SealiftError(
        f"{target} is not in {region} of account {account}",
        resource=target,
        remedy="Check the id, --region, and which account the credentials belong to.",
    )


async def _volumes(read: Read, name: str, values: list[str]) -> list[Described]:
    reply = await described(read, "ec2:DescribeVolumes", Filters=[{"Name": name, "Values": values}])
    return list(reply.get("Volumes", ()))


async def _deep(read: Read, volumes: tuple[VolumeFacts, ...]) -> tuple[VolumeFacts, ...]:
    """Add what takes further reads: status, modifications, pending snapshots in batches, attributes one by one."""
    ids = [v.id for v in volumes]
    status, changes, pending = await _status(read, ids), await _modifications(read, ids), await _pending(read, ids)
    found = []
    for v in volumes:
        batched = status.get(v.id, {}) | changes.get(v.id, {}) | pending.get(v.id, {})
        found.append(replace(v, **batched, **await _attributes(read, v.id)))
    return tuple(found)


async def _status(read: Read, ids: list[str]) -> dict[str, dict[str, Any]]:
    reply = await maybe(read, "ec2:DescribeVolumeStatus", VolumeIds=ids) if ids else None
    return {s["VolumeId"]: _health(s) for s in (reply or {}).get("VolumeStatuses", ())}


def _health(status: Described) -> dict[str, Any]:
    details = {d["Name"]: d["Status"] for d in status.get("VolumeStatus", {}).get("Details", ())}
    whole = {"Progress": 100}  # EC2 leaves it out of a volume that was made empty: there is nothing to initialise
    progress = (status.get("InitializationStatusDetails") or whole).get("Progress", 0)
    return {
        "status": status.get("VolumeStatus", {}).get("Status"),
        "io_enabled": details.get("io-enabled"),
        "events": tuple(sorted(e["EventType"] for e in status.get("Events", ()))),
        "initialising": progress < 100 or details.get("initialization-state") == "initializing",
    }


async def _modifications(read: Read, ids: list[str]) -> dict[str, dict[str, Any]]:
    """By filter: an id that was never modified makes a call by id fail."""
    reply = (
        await maybe(read, "ec2:DescribeVolumesModifications", Filters=[{"Name": "volume-id", "Values": ids}])
        if ids
        else None
    )
    if reply is None:
        return {}
    latest = sorted(reply.get("VolumesModifications", ()), key=lambda m: str(m.get("StartTime", "")))
    states = {m["VolumeId"]: m["ModificationState"] for m in latest}
    return {i: {"modification": states.get(i, "none")} for i in ids}


async def _pending(read: Read, ids: list[str]) -> dict[str, dict[str, Any]]:
    filters = [{"Name": "volume-id", "Values": ids}, {"Name": "status", "Values": ["pending"]}]
    reply = await maybe(read, "ec2:DescribeSnapshots", OwnerIds=["self"], Filters=filters) if ids else None
    if reply is None:
        return {}
    found = [s["VolumeId"] for s in reply.get("Snapshots", ())]
    return {i: {"pending_snapshots": found.count(i)} for i in ids}


async def _attributes(read: Read, volume: str) -> dict[str, Any]:
    auto = await maybe(read, "ec2:DescribeVolumeAttribute", VolumeId=volume, Attribute="autoEnableIO")
    codes = await maybe(read, "ec2:DescribeVolumeAttribute", VolumeId=volume, Attribute="productCodes")
    return {
        "auto_enable_io": None if auto is None else bool(auto.get("AutoEnableIO", {}).get("Value")),
        "product_codes": None
        if codes is None
        else tuple(sorted(c["ProductCodeId"] for c in codes.get("ProductCodes", ()))),
    }


async def _of_the_instance(read: Read, facts: InstanceFacts) -> dict[str, Any]:
    """Read what DescribeInstances does not tell: attributes, what the type brings, addresses, credits."""
    stop = await maybe(read, "ec2:DescribeInstanceAttribute", InstanceId=facts.id, Attribute="disableApiStop")
    down = await maybe(
        read, "ec2:DescribeInstanceAttribute", InstanceId=facts.id, Attribute="instanceInitiatedShutdownBehavior"
    )
    return {
        "stop_protected": None if stop is None else bool(stop.get("DisableApiStop", {}).get("Value")),
        "shutdown_behaviour": None if down is None else down.get("InstanceInitiatedShutdownBehavior", {}).get("Value"),
        "unlimited_credits": await _unlimited(read, facts),
        **await _of_the_type(read, facts.instance_type),
        **await _address(read, facts),
    }


async def _of_the_type(read: Read, instance_type: str) -> dict[str, Any]:
    reply = await maybe(read, "ec2:DescribeInstanceTypes", InstanceTypes=[instance_type])
    found = (reply or {}).get("InstanceTypes", ())
    if not found:
        return {}
    return {
        "bare_metal": bool(found[0].get("BareMetal")),
        "instance_store": bool(found[0].get("InstanceStorageSupported")),
    }


async def _address(read: Read, facts: InstanceFacts) -> dict[str, Any]:
    if not facts.public_ip:
        return {}
    reply = await maybe(read, "ec2:DescribeAddresses", Filters=[{"Name": "instance-id", "Values": [facts.id]}])
    return (
        {}
        if reply is None
        else {"elastic_ip": any(a.get("PublicIp") == facts.public_ip for a in reply.get("Addresses", ()))}
    )


async def _unlimited(read: Read, facts: InstanceFacts) -> bool | None:
    if facts.tenancy != "host" or not re.match(r"t\d", facts.instance_type):
        return None
    reply = await maybe(read, "ec2:DescribeInstanceCreditSpecifications", InstanceIds=[facts.id])
    found = (reply or {}).get("InstanceCreditSpecifications", ())
    return found[0].get("CpuCredits") == "unlimited" if found else None


async def _of_the_group(read: Read, facts: InstanceFacts) -> dict[str, Any]:
    reply = await maybe(read, "autoscaling:DescribeAutoScalingInstances", InstanceIds=[facts.id])
    if reply is None:
        return {}
    members = reply.get("AutoScalingInstances", ())
    if not members:
        return {"unread": ()}
    name = members[0]["AutoScalingGroupName"]
    groups = await maybe(read, "autoscaling:DescribeAutoScalingGroups", AutoScalingGroupNames=[name])
    found = (groups or {}).get("AutoScalingGroups", ())
    return {"asg": group_facts(members[0], found[0]), "unread": ()} if found else {}


def group_facts(member: Described, group: Described) -> AsgFacts:
    """Return the group of a member as both descriptions tell it."""
    return AsgFacts(
        group["AutoScalingGroupName"],
        member.get("LifecycleState", ""),
        group["DesiredCapacity"],
        group["MinSize"],
        tuple(sorted(p["ProcessName"] for p in group.get("SuspendedProcesses", ()))),
    )


async def _around(read: Read, volumes: list[str]) -> dict[str, Any]:
    """Read what the account and the Region have to do with these volumes."""
    default, default_key = await encryption_by_default(read)
    chosen: Backups = await backups(read)
    return {
        "encryption_by_default": default,
        "default_key": default_key,
        "alarms": await alarms_on(read, volumes),
        "selectors": chosen.selectors,
        "selected_by_arn": chosen.naming(volumes),
        "default_policies": None if "dlm" in chosen.unread else chosen.default_policies,
        "unread": chosen.unread,
    }


def _merged(unread: tuple[str, ...], found: dict[str, Any]) -> dict[str, Any]:
    return found | {"unread": tuple(sorted({*unread, *found["unread"]}))}
