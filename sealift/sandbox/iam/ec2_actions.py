"""Which resources EC2's actions are checked against: the Service Authorization Reference, row by row.

Source: docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html. What is not here is checked
against `*`. Sources of CreateVolume, CopySnapshot (aws.amazon.com/blogs/storage/enhancing-resource-level-permissions-
for-copying-amazon-ebs-snapshots/) and CopyVolumes are checked too; of CopyVolumes that is a guess.
"""

from collections.abc import Iterator

from sealift.sandbox.iam.touches import Touch, Touched, at, existing, kind_of, new, old, requested
from sealift.sandbox.world import Call, World

_VOLUME = {"VolumeSize": "Size", "VolumeType": "VolumeType", "Encrypted": "Encrypted", "KmsKeyId": "KmsKeyId"}
_VOLUME |= {"AvailabilityZone": "AvailabilityZone", "VolumeIops": "Iops", "VolumeThroughput": "Throughput"}


def _attachments_instance(world: World, call: Call) -> Iterator[Touched]:
    """DetachVolume: the instance, named or not."""
    volume = world.here(call).volumes.get(call.params.get("VolumeId", ""))
    named = [call.params["InstanceId"]] if call.params.get("InstanceId") else []
    for name in named or [a.machine.id for a in (volume.attachments if volume else [])]:
        yield existing(world, call, name, "instance")


def _disks(world: World, call: Call) -> Iterator[Touched]:
    """CreateSnapshots: every volume of the instance that is not left out."""
    spec = call.params.get("InstanceSpecification", {})
    machine = world.here(call).machines.get(spec.get("InstanceId", ""))
    for device, attachment in machine.disks.items() if machine else ():
        left_out = spec.get("ExcludeBootVolume") and machine and device == machine.root_device
        if not left_out and attachment.volume.id not in spec.get("ExcludeDataVolumeIds", []):
            yield existing(world, call, attachment.volume.id, "volume")


def _tagged(world: World, call: Call) -> Iterator[Touched]:
    """CreateTags, DeleteTags: everything named, with the tags of the request."""
    tags = {t["Key"]: t.get("Value", "") for t in call.params.get("Tags", [])}
    for name in at(call.params, "Resources"):
        arn, facts = existing(world, call, name, kind_of(name))
        yield Touched(arn, {**facts, **requested(tags)})


def _shared(world: World, call: Call) -> Iterator[Touched]:
    """ModifySnapshotAttribute: the snapshot, and with whom it is shared."""
    change, adds = call.params.get("CreateVolumePermission", {}), call.params.get("OperationType") == "add"
    users, groups = call.params.get("UserIds", []), call.params.get("GroupNames", [])
    facts = {}
    for word, flag in (("Add", adds), ("Remove", not adds)):
        listed = change.get(word, [])
        facts[f"ec2:{word}/userId"] = [x["UserId"] for x in listed if "UserId" in x] + (users if flag else [])
        facts[f"ec2:{word}/group"] = [x["Group"] for x in listed if "Group" in x] + (groups if flag else [])
    for arn, known in old("SnapshotId", "snapshot")(world, call):
        yield Touched(arn, {**known, **{k: v for k, v in facts.items() if v}})


_INSTANCES = (old("InstanceIds", "instance"),)
_INSTANCE = (old("InstanceId", "instance"),)
_THIS_VOLUME = (old("VolumeId", "volume"),)
_THIS_SNAPSHOT = (old("SnapshotId", "snapshot"),)
_IMAGE = (new("image"),)

EC2: dict[str, tuple[Touch, ...]] = {
    "AttachVolume": (*_THIS_VOLUME, *_INSTANCE),
    "CancelCapacityReservation": (old("CapacityReservationId", "capacity-reservation"),),
    "CopyImage": (*_IMAGE, new("snapshot")),
    "CopySnapshot": (new("snapshot", Encrypted="Encrypted"), old("SourceSnapshotId", "snapshot")),
    "CopyVolumes": (new("volume", **_VOLUME, ParentVolume="SourceVolumeId"), old("SourceVolumeId", "volume")),
    "CreateCapacityReservation": (new("capacity-reservation", InstanceType="InstanceType"),),
    "CreateImage": (*_IMAGE, *_INSTANCE, new("snapshot")),
    "CreateReplaceRootVolumeTask": (*_INSTANCE, new("replace-root-volume-task"), new("volume")),
    "CreateSnapshot": (new("snapshot", ParentVolume="VolumeId"), *_THIS_VOLUME),
    "CreateSnapshots": (new("snapshot"), old("InstanceSpecification.InstanceId", "instance"), _disks),
    "CreateTags": (_tagged,),
    "CreateVolume": (new("volume", **_VOLUME, ParentSnapshot="SnapshotId"), *_THIS_SNAPSHOT),
    "DeleteSnapshot": _THIS_SNAPSHOT,
    "DeleteTags": (_tagged,),
    "DeleteVolume": _THIS_VOLUME,
    "DeregisterImage": (old("ImageId", "image"),),
    "DescribeInstanceAttribute": _INSTANCE,
    "DescribeSnapshotAttribute": _THIS_SNAPSHOT,
    "DescribeVolumeAttribute": _THIS_VOLUME,
    "DetachVolume": (*_THIS_VOLUME, _attachments_instance),
    "DisableFastSnapshotRestores": (old("SourceSnapshotIds", "snapshot"),),
    "EnableFastSnapshotRestores": (old("SourceSnapshotIds", "snapshot"),),
    "EnableVolumeIO": _THIS_VOLUME,
    "LockSnapshot": _THIS_SNAPSHOT,
    "ModifyInstanceAttribute": (*_INSTANCE, old("BlockDeviceMappings.Ebs.VolumeId", "volume")),
    "ModifySnapshotAttribute": (_shared,),
    "ModifySnapshotTier": _THIS_SNAPSHOT,
    "ModifyVolume": _THIS_VOLUME,
    "ModifyVolumeAttribute": _THIS_VOLUME,
    "RebootInstances": _INSTANCES,
    "RegisterImage": (*_IMAGE, old("BlockDeviceMappings.Ebs.SnapshotId", "snapshot")),
    "ResetSnapshotAttribute": _THIS_SNAPSHOT,
    "RestoreSnapshotFromRecycleBin": _THIS_SNAPSHOT,
    "RestoreSnapshotTier": _THIS_SNAPSHOT,
    "RestoreVolumeFromRecycleBin": _THIS_VOLUME,
    "RunInstances": (
        old("ImageId", "image"),
        new("instance", InstanceType="InstanceType"),
        new("volume", Encrypted="BlockDeviceMappings.Ebs.Encrypted"),
        new("network-interface"),
        new("subnet"),
        new("security-group"),
        old("BlockDeviceMappings.Ebs.SnapshotId", "snapshot"),
    ),
    "StartInstances": _INSTANCES,
    "StopInstances": _INSTANCES,
    "TerminateInstances": _INSTANCES,
    "UnlockSnapshot": _THIS_SNAPSHOT,
}
