"""DescribeInstances and DescribeInstanceStatus, and the entering of new instances (RunInstances, seeding)."""

from typing import Any

from sealift.sandbox.ec2 import tagging
from sealift.sandbox.ec2.power import CODES, elastic
from sealift.sandbox.ec2.volumes import zone_id_of
from sealift.sandbox.errors import ApiError
from sealift.sandbox.paging import Member, Seen, page_of, plain_values, rendered
from sealift.sandbox.state import Machine
from sealift.sandbox.world import Call, World, iso

_PATHS = {
    "architecture": "Architecture",
    "availability-zone": "Placement.AvailabilityZone",
    "availability-zone-id": "Placement.AvailabilityZoneId",
    "block-device-mapping.attach-time": "BlockDeviceMappings.Ebs.AttachTime",
    "block-device-mapping.delete-on-termination": "BlockDeviceMappings.Ebs.DeleteOnTermination",
    "block-device-mapping.device-name": "BlockDeviceMappings.DeviceName",
    "block-device-mapping.status": "BlockDeviceMappings.Ebs.Status",
    "block-device-mapping.volume-id": "BlockDeviceMappings.Ebs.VolumeId",
    "client-token": "ClientToken",
    "dns-name": "PublicDnsName",
    "ebs-optimized": "EbsOptimized",
    "ena-support": "EnaSupport",
    "enclave-options.enabled": "EnclaveOptions.Enabled",
    "hibernation-options.configured": "HibernationOptions.Configured",
    "host-id": "Placement.HostId",
    "hypervisor": "Hypervisor",
    "iam-instance-profile.arn": "IamInstanceProfile.Arn",
    "image-id": "ImageId",
    "instance.group-id": "SecurityGroups.GroupId",
    "instance.group-name": "SecurityGroups.GroupName",
    "instance-id": "InstanceId",
    "instance-lifecycle": "InstanceLifecycle",
    "instance-state-code": "State.Code",
    "instance-state-name": "State.Name",
    "instance-type": "InstanceType",
    "ip-address": "PublicIpAddress",
    "key-name": "KeyName",
    "launch-index": "AmiLaunchIndex",
    "launch-time": "LaunchTime",
    "monitoring-state": "Monitoring.State",
    "network-interface.addresses.association.public-ip": "NetworkInterfaces.Association.PublicIp",
    "network-interface.addresses.private-ip-address": "NetworkInterfaces.PrivateIpAddress",
    "network-interface.network-interface-id": "NetworkInterfaces.NetworkInterfaceId",
    "network-interface.private-ip-address": "NetworkInterfaces.PrivateIpAddress",
    "network-interface.status": "NetworkInterfaces.Status",
    "network-interface.subnet-id": "NetworkInterfaces.SubnetId",
    "network-interface.vpc-id": "NetworkInterfaces.VpcId",
    "operator.managed": "Operator.Managed",
    "placement-group-name": "Placement.GroupName",
    "platform": "Platform",
    "platform-details": "PlatformDetails",
    "private-dns-name": "PrivateDnsName",
    "private-ip-address": "PrivateIpAddress",
    "product-code": "ProductCodes.ProductCodeId",
    "product-code.type": "ProductCodes.ProductCodeType",
    "reason": "StateTransitionReason",
    "reservation-id": "ReservationId",
    "root-device-name": "RootDeviceName",
    "root-device-type": "RootDeviceType",
    "source-dest-check": "SourceDestCheck",
    "state-reason-code": "StateReason.Code",
    "state-reason-message": "StateReason.Message",
    "subnet-id": "SubnetId",
    "tenancy": "Placement.Tenancy",
    "usage-operation": "UsageOperation",
    "virtualization-type": "VirtualizationType",
    "vpc-id": "VpcId",
}


def describe(world: World, call: Call) -> dict[str, Any]:
    """DescribeInstances: pages count instances, grouped by reservation."""

    def show(machine: Machine) -> Seen:
        return Seen(machine, _MEMBERS, call.at, world.overlays.get(machine.id))

    found = tagging.seen(world, call, tagging.searched(world, call, chosen(world, call)))
    page, more = page_of(found, show, call.params, _PATHS, "InstanceIds")
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
    ids = plain_values(call.params, "instance-id")
    found = book.values() if ids is None else [book[i] for i in ids if i in book]
    return [m for m in found if m.visible <= call.at]


def render(machine: Machine) -> dict[str, Any]:
    """Return an instance as DescribeInstances shows it, with its ReservationId."""
    return rendered(machine, _MEMBERS, machine.launched)


def _reason(machine: Machine, _: float) -> dict[str, str] | None:
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


def _placement(machine: Machine, _: float) -> dict[str, Any]:
    placement = machine.moto.placement
    return {
        "AvailabilityZone": machine.zone,
        "AvailabilityZoneId": zone_id_of(machine.zone),
        "GroupName": placement.group_name,
        "Tenancy": placement.tenancy,
        "HostId": placement.host_id,
    }


def _association(machine: Machine, public_ip: str | None) -> dict[str, str] | None:
    """Return the public address: an Elastic IP belongs to the account, any other to Amazon."""
    if not public_ip:
        return None
    return {"PublicIp": public_ip, "IpOwnerId": machine.account if elastic(machine, public_ip) else "amazon"}


def _interfaces(machine: Machine, _: float) -> list[dict[str, Any]]:
    nics = [
        {
            "NetworkInterfaceId": nic.id,
            "PrivateIpAddress": nic.private_ip_address,
            "SubnetId": nic.subnet.id,
            "VpcId": nic.subnet.vpc_id,
            "Status": "in-use",
            "Association": _association(machine, nic.public_ip),
        }
        for nic in machine.moto.network_interfaces
    ]
    return [{k: v for k, v in nic.items() if v is not None} for nic in nics]


def _profile(machine: Machine, _: float) -> dict[str, Any] | None:
    profile = machine.moto.iam_instance_profile
    return {"Arn": profile.get("Arn")} if profile else None


_MEMBERS: dict[str, Member[Machine]] = {
    "ReservationId": lambda m, _: m.reservation,
    "InstanceId": lambda m, _: m.id,
    "ImageId": lambda m, _: m.moto.image_id,
    "InstanceType": lambda m, _: m.moto.instance_type,
    "KeyName": lambda m, _: m.moto.key_name,
    "LaunchTime": lambda m, _: iso(m.launched),
    "AmiLaunchIndex": lambda m, _: m.moto.ami_launch_index,
    "State": lambda m, _: {"Code": CODES[m.state], "Name": m.state},
    "StateTransitionReason": lambda m, _: m.transition,
    "StateReason": _reason,
    "RootDeviceName": lambda m, _: m.root_device,
    "RootDeviceType": lambda m, _: m.moto.root_device_type,
    "BlockDeviceMappings": lambda m, _: [_mapping(m, d) for d in sorted(m.disks)],
    "Tags": lambda m, _: tagging.shown(m.account, m.region, m.id),
    "Operator": lambda m, _: {"Managed": False},
    "Placement": _placement,
    "InstanceLifecycle": lambda m, _: m.moto.lifecycle,
    "PrivateIpAddress": lambda m, _: m.moto.private_ip_address,
    "PrivateDnsName": lambda m, _: m.moto.private_dns_name,
    "PublicIpAddress": lambda m, _: m.moto.public_ip_address,
    "PublicDnsName": lambda m, _: m.moto.public_dns_name or "",
    "SubnetId": lambda m, _: m.moto.subnet_id,
    "VpcId": lambda m, _: m.moto.vpc_id,
    "SourceDestCheck": lambda m, _: m.moto.source_dest_check,
    "SecurityGroups": lambda m, _: [{"GroupId": g.id, "GroupName": g.name} for g in m.moto.security_groups],
    "NetworkInterfaces": _interfaces,
    "Architecture": lambda m, _: m.moto.architecture,
    "Hypervisor": lambda m, _: "nitro",
    "VirtualizationType": lambda m, _: "hvm",
    "EnaSupport": lambda m, _: True,
    "EbsOptimized": lambda m, _: bool(m.moto.ebs_optimized),
    "Platform": lambda m, _: m.moto.platform,
    "PlatformDetails": lambda m, _: "Linux/UNIX",
    "UsageOperation": lambda m, _: "RunInstances",
    "ClientToken": lambda m, _: m.moto.client_token or "",
    "Monitoring": lambda m, _: {"State": m.moto.monitoring_state},
    "HibernationOptions": lambda m, _: {"Configured": bool((m.moto.hibernation_options or {}).get("Configured"))},
    "ProductCodes": lambda m, _: [{"ProductCodeId": c, "ProductCodeType": "marketplace"} for c in m.moto.product_codes],
    "IamInstanceProfile": _profile,
    "EnclaveOptions": lambda m, _: {"Enabled": False},
}
"""What DescribeInstances shows: a filter asks for one member without the others."""


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
    machines = chosen(world, call)
    if not call.params.get("IncludeAllInstances"):
        machines = [m for m in machines if m.state == "running"]
    paths = {
        "availability-zone": "AvailabilityZone",
        "instance-state-name": "InstanceState.Name",
        "instance-state-code": "InstanceState.Code",
        "instance-status.status": "InstanceStatus.Status",
        "instance-status.reachability": "InstanceStatus.Details.Status",
        "system-status.status": "SystemStatus.Status",
        "system-status.reachability": "SystemStatus.Details.Status",
    }
    page, more = page_of(machines, lambda m: _status(world, m, call.at), call.params, paths, "InstanceIds")
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
