"""DescribeInstances, and the entering of new instances (RunInstances, seeding)."""

from typing import Any

from moto.ec2.models import ec2_backends

from sealift.sandbox.ec2 import tagging
from sealift.sandbox.ec2.power import CODES, elastic
from sealift.sandbox.ec2.volumes import zone_id_of
from sealift.sandbox.errors import ApiError
from sealift.sandbox.paging import filtered, paged
from sealift.sandbox.state import Machine
from sealift.sandbox.world import Call, World, iso

_PATHS = {
    "availability-zone": "Placement.AvailabilityZone",
    "block-device-mapping.attach-time": "BlockDeviceMappings.Ebs.AttachTime",
    "block-device-mapping.delete-on-termination": "BlockDeviceMappings.Ebs.DeleteOnTermination",
    "block-device-mapping.device-name": "BlockDeviceMappings.DeviceName",
    "block-device-mapping.status": "BlockDeviceMappings.Ebs.Status",
    "block-device-mapping.volume-id": "BlockDeviceMappings.Ebs.VolumeId",
    "image-id": "ImageId",
    "instance-id": "InstanceId",
    "instance-lifecycle": "InstanceLifecycle",
    "instance-state-code": "State.Code",
    "instance-state-name": "State.Name",
    "instance-type": "InstanceType",
    "private-ip-address": "PrivateIpAddress",
    "reservation-id": "ReservationId",
    "root-device-name": "RootDeviceName",
    "root-device-type": "RootDeviceType",
    "subnet-id": "SubnetId",
    "tenancy": "Placement.Tenancy",
    "vpc-id": "VpcId",
}


def describe(world: World, call: Call) -> dict[str, Any]:
    """DescribeInstances: pages count instances, grouped by reservation."""
    all_of_them = [world.overlaid(m.id, render(m)) for m in tagging.searched(world, call, chosen(world, call))]
    rendered = filtered(tagging.seen(call, all_of_them), call.params, _PATHS)
    page, more = paged(rendered, call.params, "InstanceIds")
    groups: dict[str, dict[str, Any]] = {}
    for item in page:
        reservation = item.pop("ReservationId")
        group = {"ReservationId": reservation, "OwnerId": call.account, "Instances": [], "Groups": []}
        groups.setdefault(reservation, group)["Instances"].append(item)
    return {"Reservations": list(groups.values()), **more}


def chosen(world: World, call: Call) -> list[Machine]:
    """Return the instances a describe is about."""
    if ids := call.params.get("InstanceIds"):
        return [world.machine(call, i) for i in ids]
    book = world.here(call).machines
    for one in call.params.get("Filters", []):
        if one["Name"] == "instance-id" and not any("*" in v for v in one["Values"]):
            return [m for m in book.values() if m.id in one["Values"] and m.visible <= call.at]
    return [m for m in book.values() if m.visible <= call.at]


def render(machine: Machine) -> dict[str, Any]:
    """Return an instance as DescribeInstances shows it, with its ReservationId."""
    moto = machine.moto
    shown: dict[str, Any] = {
        "ReservationId": machine.reservation,
        "InstanceId": machine.id,
        "ImageId": moto.image_id,
        "InstanceType": moto.instance_type,
        "KeyName": moto.key_name,
        "LaunchTime": iso(machine.launched),
        "AmiLaunchIndex": moto.ami_launch_index,
        "State": {"Code": CODES[machine.state], "Name": machine.state},
        "StateTransitionReason": machine.transition,
        "StateReason": _reason(machine),
        "RootDeviceName": machine.root_device,
        "RootDeviceType": moto.root_device_type,
        "BlockDeviceMappings": [_mapping(machine, d) for d in sorted(machine.disks)],
        "Tags": tagging.shown(machine.account, machine.region, machine.id),
        "Operator": {"Managed": False},
        **_placement(machine),
        **_network(machine),
        **_platform(moto),
    }
    return {k: v for k, v in shown.items() if v is not None and (k != "Tags" or v)}


def _reason(machine: Machine) -> dict[str, str] | None:
    return {"Code": machine.reason[0], "Message": machine.reason[1]} if machine.reason else None


def _mapping(machine: Machine, device: str) -> dict[str, Any]:
    a = machine.disks[device]
    ebs = {
        "VolumeId": a.volume.id,
        "Status": a.state,
        "AttachTime": iso(a.time),
        "DeleteOnTermination": a.delete_on_termination,
        "EbsCardIndex": a.card,
    }
    return {"DeviceName": device, "Ebs": ebs}


def _placement(machine: Machine) -> dict[str, Any]:
    moto = machine.moto
    placement = {
        "AvailabilityZone": machine.zone,
        "AvailabilityZoneId": zone_id_of(machine.zone),
        "GroupName": moto.placement.group_name,
        "Tenancy": moto.placement.tenancy,
        "HostId": moto.placement.host_id,
    }
    return {"Placement": placement, "InstanceLifecycle": moto.lifecycle}


def _association(machine: Machine, public_ip: str | None) -> dict[str, str] | None:
    """Return the public address: an Elastic IP belongs to the account, any other to Amazon."""
    if not public_ip:
        return None
    return {"PublicIp": public_ip, "IpOwnerId": machine.account if elastic(machine, public_ip) else "amazon"}


def _network(machine: Machine) -> dict[str, Any]:
    moto = machine.moto
    nics = [
        {
            "NetworkInterfaceId": nic.id,
            "PrivateIpAddress": nic.private_ip_address,
            "SubnetId": nic.subnet.id,
            "VpcId": nic.subnet.vpc_id,
            "Status": "in-use",
            "Association": _association(machine, nic.public_ip),
        }
        for nic in moto.network_interfaces
    ]
    return {
        "PrivateIpAddress": moto.private_ip_address,
        "PrivateDnsName": moto.private_dns_name,
        "PublicIpAddress": moto.public_ip_address,
        "PublicDnsName": moto.public_dns_name or "",
        "SubnetId": moto.subnet_id,
        "VpcId": moto.vpc_id,
        "SourceDestCheck": moto.source_dest_check,
        "SecurityGroups": [{"GroupId": g.id, "GroupName": g.name} for g in moto.security_groups],
        "NetworkInterfaces": [{k: v for k, v in nic.items() if v is not None} for nic in nics],
    }


def _platform(moto: Any) -> dict[str, Any]:
    return {
        "Architecture": moto.architecture,
        "Hypervisor": "nitro",
        "VirtualizationType": "hvm",
        "EnaSupport": True,
        "EbsOptimized": bool(moto.ebs_optimized),
        "Platform": moto.platform,
        "PlatformDetails": "Linux/UNIX",
        "UsageOperation": "RunInstances",
        "ClientToken": moto.client_token or "",
        "Monitoring": {"State": moto.monitoring_state},
        "HibernationOptions": {"Configured": bool((moto.hibernation_options or {}).get("Configured"))},
        "ProductCodes": [{"ProductCodeId": c, "ProductCodeType": "marketplace"} for c in moto.product_codes],
        "IamInstanceProfile": moto.iam_instance_profile and {"Arn": moto.iam_instance_profile.get("Arn")},
        "EnclaveOptions": {"Enabled": False},
    }


def enter(world: World, account: str, region: str, options: dict[str, Any], at: float) -> Machine:
    """Make an instance without disks; moto gives it network, type and protections."""
    backend = ec2_backends[account][region]
    reservation = backend.run_instances(
        options.pop("image", "ami-12c6146b"), 1, None, [], region_name=region, **options
    )
    moto = reservation.instances[0]
    strip(backend, moto)
    return adopt(world, account, region, moto=moto, reservation=reservation.id, at=at)


def strip(backend: Any, moto: Any) -> None:
    """Take away the disks moto has given an instance: the sandbox keeps disks itself."""
    for block in moto.block_device_mapping.values():
        backend.volumes.pop(block.volume_id, None)
        backend.tags.pop(block.volume_id, None)
    moto.block_device_mapping.clear()


def adopt(world: World, account: str, region: str, *, moto: Any, reservation: str, at: float) -> Machine:
    """Enter moto's instance in the books, `pending`, without disks."""
    moto.root_device_name = "/dev/xvda"
    machine = Machine(
        id=moto.id,
        seq=world.next_seq(),
        account=account,
        region=region,
        zone=moto.placement.zone,
        moto=moto,
        root_device=moto.root_device_name,
        reservation=reservation,
        launched=at,
    )
    world.region(account, region).machines[machine.id] = machine
    return machine


def describe_status(world: World, call: Call) -> dict[str, Any]:
    """DescribeInstanceStatus: running ones only, unless IncludeAllInstances; checks pass some time after the start."""
    rendered = [_status(world, m, call.at) for m in chosen(world, call)]
    if not call.params.get("IncludeAllInstances"):
        rendered = [s for s in rendered if s["InstanceState"]["Name"] == "running"]
    paths = {
        "availability-zone": "AvailabilityZone",
        "instance-state-name": "InstanceState.Name",
        "instance-state-code": "InstanceState.Code",
        "instance-status.status": "InstanceStatus.Status",
        "instance-status.reachability": "InstanceStatus.Details.Status",
        "system-status.status": "SystemStatus.Status",
        "system-status.reachability": "SystemStatus.Details.Status",
    }
    page, more = paged(filtered(rendered, call.params, paths), call.params, "InstanceIds")
    return {"InstanceStatuses": page, **more}


def _status(world: World, machine: Machine, now: float) -> dict[str, Any]:
    state = {"Code": CODES[machine.state], "Name": machine.state}
    if machine.running_since is None or machine.state != "running":
        check: dict[str, Any] = {"Status": "not-applicable"}
    else:
        ok = now >= machine.running_since + world.durations.status_checks_s
        reachability = {"Name": "reachability", "Status": "passed" if ok else "initializing"}
        check = {"Status": "ok" if ok else "initializing", "Details": [reachability]}
    return {
        "InstanceId": machine.id,
        "AvailabilityZone": machine.zone,
        "InstanceState": state,
        "InstanceStatus": check,
        "SystemStatus": check,
        "AttachedEbsStatus": check,
    }


def not_described(world: World, call: Call) -> dict[str, Any]:
    """Refuse what the sandbox cannot tell."""
    raise ApiError("SB-API-02", "UnsupportedOperation", f"The sandbox does not know {call.name}.")


OPERATIONS = {"ec2:DescribeInstances": describe, "ec2:DescribeInstanceStatus": describe_status}
