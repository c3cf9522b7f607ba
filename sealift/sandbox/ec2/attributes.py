"""Attributes of instances and volumes, and volume modifications."""

from typing import Any

from sealift.sandbox.ec2 import shapes, volumes
from sealift.sandbox.ec2.attachments import managed
from sealift.sandbox.errors import ApiError
from sealift.sandbox.paging import filtered, paged
from sealift.sandbox.state import Machine, Modification, Volume
from sealift.sandbox.world import Call, World, iso

_DAY = 24 * 3600
_MOST_A_DAY = 4

_SCALARS = {
    "InstanceType": "instance_type",
    "Kernel": "kernel",
    "Ramdisk": "ramdisk",
    "DisableApiTermination": "disable_api_termination",
    "DisableApiStop": "disable_api_stop",
    "InstanceInitiatedShutdownBehavior": "instance_initiated_shutdown_behavior",
    "SourceDestCheck": "source_dest_check",
    "EbsOptimized": "ebs_optimized",
}


def modify_instance(world: World, call: Call) -> dict[str, Any] | None:
    """ModifyInstanceAttribute: flags of disks and the plain attributes; the rest is moto's."""
    machine = world.machine(call, call.params["InstanceId"])
    call.resource = machine.id
    if mappings := call.params.get("BlockDeviceMappings"):
        _set_flags(world, machine, mappings)
        return {}
    for name, attribute in _SCALARS.items():
        if name in call.params:
            value = call.params[name]
            _set(machine, attribute, value.get("Value") if isinstance(value, dict) else value)
            return {}
    named = call.params.get("Attribute", "")
    attribute = _SCALARS.get(named[:1].upper() + named[1:], "")
    if not attribute:
        return None
    value = call.params.get("Value")
    _set(machine, attribute, value == "true" if value in ("true", "false") else value)
    return {}


def _set_flags(world: World, machine: Machine, mappings: list[dict[str, Any]]) -> None:
    for mapping in mappings:
        attachment = machine.disks.get(mapping["DeviceName"])
        named = mapping.get("Ebs", {}).get("VolumeId")
        if attachment is None or (named and named != attachment.volume.id):
            message = f"No device is currently mapped at {mapping['DeviceName']}"
            raise ApiError("R-EBS-21", "InvalidInstanceAttributeValue", message)
        if managed(world, machine.id) or managed(world, attachment.volume.id):
            message = f"The volume '{attachment.volume.id}' is attached to a managed resource."
            raise ApiError("R-EBS-04", "UnsupportedOperation", message)
    for mapping in mappings:
        # left out means true: botocore, EbsInstanceBlockDeviceSpecification
        flag = mapping.get("Ebs", {}).get("DeleteOnTermination", True)
        machine.disks[mapping["DeviceName"]].delete_on_termination = flag


def _set(machine: Machine, attribute: str, value: Any) -> None:
    if attribute in ("instance_type", "kernel", "ramdisk", "ebs_optimized") and machine.state != "stopped":
        message = f"The instance '{machine.id}' is not in the 'stopped' state."
        raise ApiError("SB-INS-02", "IncorrectInstanceState", message)
    setattr(machine.moto, attribute, value)


def describe_instance(world: World, call: Call) -> dict[str, Any] | None:
    """DescribeInstanceAttribute, one attribute at a time."""
    machine = world.machine(call, call.params["InstanceId"])
    named = call.params["Attribute"]
    name = named[0].upper() + named[1:]
    if name in _SCALARS:
        value = getattr(machine.moto, _SCALARS[name])
        return {"InstanceId": machine.id, name: {"Value": value}}
    if name == "RootDeviceName":
        return {"InstanceId": machine.id, name: {"Value": machine.root_device}}
    if name == "BlockDeviceMapping":
        mappings = [
            {
                "DeviceName": d,
                "Ebs": {
                    "VolumeId": a.volume.id,
                    "Status": a.state,
                    "AttachTime": iso(a.time),
                    "DeleteOnTermination": a.delete_on_termination,
                },
            }
            for d, a in machine.disks.items()
        ]
        return {"InstanceId": machine.id, "BlockDeviceMappings": mappings}
    if name == "ProductCodes":
        codes = [{"ProductCodeId": c, "ProductCodeType": "marketplace"} for c in machine.moto.product_codes]
        return {"InstanceId": machine.id, "ProductCodes": codes}
    return None


def describe_volume(world: World, call: Call) -> dict[str, Any]:
    """DescribeVolumeAttribute: autoEnableIO or productCodes."""
    volume = world.volume(call, call.params["VolumeId"])
    if call.params["Attribute"] == "productCodes":
        codes = [{"ProductCodeId": c, "ProductCodeType": "marketplace"} for c in volume.product_codes]
        return {"VolumeId": volume.id, "ProductCodes": codes}
    return {"VolumeId": volume.id, "AutoEnableIO": {"Value": volume.auto_enable_io}}


def modify_volume_attribute(world: World, call: Call) -> dict[str, Any]:
    """ModifyVolumeAttribute: AutoEnableIO."""
    volume = world.volume(call, call.params["VolumeId"])
    call.resource = volume.id
    volume.auto_enable_io = bool(call.params.get("AutoEnableIO", {}).get("Value"))
    return {}


def modify_volume(world: World, call: Call) -> dict[str, Any]:
    """ModifyVolume: at most four times in 24 hours, each after the last has completed, never smaller (SB-VOL-08)."""
    volume = world.volume(call, call.params["VolumeId"])
    last = volume.modifications[-1] if volume.modifications else None
    if last and last.state(call.at) != "completed":
        message = f"Volume {volume.id} cannot be modified in modification state {last.state(call.at).upper()}"
        raise ApiError("SB-VOL-08", "IncorrectModificationState", message)
    of_today = [m.start for m in volume.modifications if call.at < m.start + _DAY]
    if len(of_today) >= _MOST_A_DAY:
        again = f"{iso(of_today[0] + _DAY):%Y-%m-%dT%H:%M:%SZ}"
        message = f"You've reached the maximum modification rate per volume limit for {volume.id}. Wait until {again}."
        raise ApiError("SB-VOL-08", "VolumeModificationRateExceeded", message)
    target = {**_performance(volume), **{k: v for k, v in call.params.items() if k in _performance(volume)}}
    if target["Size"] < volume.size:
        raise ApiError("SB-VOL-08", "InvalidParameterValue", "New size cannot be smaller than existing size")
    before = _performance(volume)
    asked = {k: v for k, v in call.params.items() if k in before}
    # left out, the IOPS stay; gp3 begins at its own least (EBS user guide, requirements for modifications)
    kept = {"gp3": max(3000, volume.iops or 0)} | dict.fromkeys(shapes.PROVISIONED, volume.iops)
    target["Iops"] = asked.get("Iops", kept.get(target["VolumeType"]))
    shapes.check({"VolumeType": target["VolumeType"], "Iops": target["Iops"], **asked}, target["Size"])
    volumes.check_room(world, call, target["VolumeType"], target["Size"], target["Iops"] or 0, but=volume)
    volume.size, volume.type = target["Size"], target["VolumeType"]
    volume.iops = shapes.iops(volume.type, volume.size, target["Iops"])
    volume.throughput = shapes.throughput(volume.type, target["Throughput"])
    done = call.at + world.takes(call, volume.id, world.durations.modify_s)
    volume.modifications.append(Modification(call.at, done, before, _performance(volume)))
    return {"VolumeModification": _modification(volume, call.at)}


def _performance(volume: Volume) -> dict[str, Any]:
    return {"Size": volume.size, "VolumeType": volume.type, "Iops": volume.iops, "Throughput": volume.throughput}


def describe_modifications(world: World, call: Call) -> dict[str, Any]:
    """DescribeVolumesModifications: the last one of each volume; `optimizing` is usable."""
    here = world.here(call)
    named = [world.volume(call, i) for i in call.params.get("VolumeIds", [])]
    for volume in named:
        if not volume.modifications:
            message = f"Modification for volume '{volume.id}' does not exist."
            raise ApiError("SB-VOL-09", "InvalidVolumeModification.NotFound", message)
    found = named or list(here.volumes.values())
    rendered = [_modification(v, call.at) for v in found if v.modifications]
    paths = {"volume-id": "VolumeId", "modification-state": "ModificationState", "target-size": "TargetSize"}
    page, more = paged(filtered(rendered, call.params, paths), call.params, "VolumeIds", most=500)
    return {"VolumesModifications": page, **more}


def _modification(volume: Volume, now: float) -> dict[str, Any]:
    last = volume.modifications[-1]
    shown: dict[str, Any] = {
        "VolumeId": volume.id,
        "ModificationState": last.state(now),
        "Progress": last.progress(now),
        "StartTime": iso(last.start),
        "EndTime": iso(last.done) if last.progress(now) == 100 else None,
    }
    for prefix, values in (("Original", last.before), ("Target", last.target)):
        shown |= {prefix + k: v for k, v in values.items()}
    return {k: v for k, v in shown.items() if v is not None}


OPERATIONS = {
    "ec2:ModifyInstanceAttribute": modify_instance,
    "ec2:DescribeInstanceAttribute": describe_instance,
    "ec2:DescribeVolumeAttribute": describe_volume,
    "ec2:ModifyVolumeAttribute": modify_volume_attribute,
    "ec2:ModifyVolume": modify_volume,
    "ec2:DescribeVolumesModifications": describe_modifications,
}
