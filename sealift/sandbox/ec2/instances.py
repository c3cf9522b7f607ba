"""DescribeInstances and DescribeInstanceStatus, and the entering of new instances (RunInstances, seeding)."""

from typing import Any

from sealift.sandbox.ec2 import tagging
from sealift.sandbox.ec2.instance_filters import PATHS
from sealift.sandbox.ec2.power import CODES, elastic
from sealift.sandbox.ec2.volumes import zone_id_of
from sealift.sandbox.errors import ApiError
from sealift.sandbox.paging import Member, Seen, page_of, plain_values, rendered
from sealift.sandbox.state import Machine
from sealift.sandbox.world import Call, World, iso


def describe(world: World, call: Call) -> dict[str, Any]:
    """DescribeInstances: pages count instances, grouped by reservation."""

    def show(machine: Machine) -> Seen:
        return Seen(machine, {**_MEMBERS, **_UNSEEN}, call.at, world.overlays.get(machine.id))

    found = tagging.seen(world, call, tagging.searched(world, call, chosen(world, call)))
    page, more = page_of(found, show, call.params, PATHS, "InstanceIds")
    groups: dict[str, dict[str, Any]] = {}
    for item in page:
        reservation = item.pop("ReservationId")
        for name in _UNSEEN:
            item.pop(name, None)
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


def _addresses(machine: Machine, nic: Any) -> list[dict[str, Any]]:
    address = {"Primary": True, "PrivateIpAddress": nic.private_ip_address, "PrivateDnsName": nic.private_dns_name}
    public = _association(machine, nic.public_ip)
    return [{**address, **({"Association": public} if public else {})}]


def _attachment(machine: Machine, nic: Any) -> dict[str, Any]:
    return {
        "AttachmentId": nic.attachment_id,
        "AttachTime": iso(machine.made),
        "DeleteOnTermination": bool(nic.delete_on_termination),
        "DeviceIndex": nic.device_index or 0,
        "NetworkCardIndex": 0,
        "Status": "attached",
    }


def _interfaces(machine: Machine, _: float) -> list[dict[str, Any]]:
    nics = [
        {
            "NetworkInterfaceId": nic.id,
            "MacAddress": nic.mac_address,
            "OwnerId": machine.account,
            "Description": nic.description,
            "InterfaceType": "interface",
            "PrivateIpAddress": nic.private_ip_address,
            "PrivateDnsName": nic.private_dns_name,
            "PrivateIpAddresses": _addresses(machine, nic),
            "SubnetId": nic.subnet.id,
            "VpcId": nic.subnet.vpc_id,
            "Status": "in-use",
            "SourceDestCheck": nic.source_dest_check,
            "Groups": [{"GroupId": g.id, "GroupName": g.name} for g in nic.group_set],
            "Attachment": _attachment(machine, nic),
            "Association": _association(machine, nic.public_ip),
        }
        for nic in machine.moto.network_interfaces
    ]
    return [{k: v for k, v in nic.items() if v is not None} for nic in nics]


def _profile(machine: Machine, _: float) -> dict[str, Any] | None:
    profile = machine.moto.iam_instance_profile
    return {k: profile[k] for k in ("Arn", "Id") if profile.get(k)} if profile else None


_NAMES = {"HostnameType": "ip-name", "EnableResourceNameDnsARecord": False, "EnableResourceNameDnsAAAARecord": False}


def _metadata(machine: Machine, _: float) -> dict[str, Any]:
    options = machine.moto.metadata_options
    return {
        "State": options.state,
        "HttpTokens": options.http_tokens,
        "HttpPutResponseHopLimit": options.http_put_response_hop_limit,
        "HttpEndpoint": options.http_endpoint,
        "HttpProtocolIpv6": options.http_protocol_ipv6,
        "InstanceMetadataTags": options.instance_metadata_tags,
    }


def _aim(machine: Machine, _: float) -> dict[str, Any]:
    if machine.target:
        return {"CapacityReservationTarget": {"CapacityReservationId": machine.target}}
    return {"CapacityReservationPreference": machine.prefers}


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
    "CapacityReservationId": lambda m, _: m.reserved,
    "CapacityReservationSpecification": _aim,
    "CurrentInstanceBootMode": lambda m, _: "legacy-bios",
    "KernelId": lambda m, _: m.moto.kernel,
    "RamdiskId": lambda m, _: m.moto.ramdisk,
    "MaintenanceOptions": lambda m, _: {"AutoRecovery": "default"},
    "MetadataOptions": _metadata,
    "NetworkPerformanceOptions": lambda m, _: {"BandwidthWeighting": "default"},
    "PrivateDnsNameOptions": lambda m, _: dict(_NAMES),
    "UsageOperationUpdateTime": lambda m, _: iso(m.made),
    "EnclaveOptions": lambda m, _: {"Enabled": False},
}
"""What DescribeInstances shows: a filter asks for one member without the others."""

_UNSEEN: dict[str, Member[Machine]] = {
    "MetadataIpv4": lambda m, _: "enabled",
    "OwnerId": lambda m, _: m.account,
    "RequesterManaged": lambda m, _: False,
}
"""What a filter may ask for, and no instance shows."""


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
        made=at,
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
