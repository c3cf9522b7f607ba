"""What a test or a demo finds already there: instances with disks and a day of writes, volumes, keys, groups."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from moto.autoscaling.models import autoscaling_backends
from moto.core import DEFAULT_ACCOUNT_ID
from moto.ec2.models import ec2_backends
from moto.ec2.models.instances import Instance, Reservation
from moto.ec2.utils import random_reservation_id
from moto.kms import kms_backends

from sealift.sandbox import kms
from sealift.sandbox.ec2 import instances, power, shapes, tagging, volumes
from sealift.sandbox.ec2.attachments import place
from sealift.sandbox.ec2.encryption import Encryption
from sealift.sandbox.physics import writing
from sealift.sandbox.physics.contents import Contents
from sealift.sandbox.state import Attachment, Machine, Volume
from sealift.sandbox.world import Call, World

IMAGE = "ami-12c6146b"
"""What seeded instances were launched from: an id like any other, of no image that is there."""


@dataclass(frozen=True, kw_only=True)
class VolumeSpec:
    """A disk to seed. `iops` and `throughput` default as AWS has them; `kms_key` is an ARN, id or alias."""

    device: str = "/dev/xvda"
    size_gib: int = 8
    type: str = "gp3"
    iops: int | None = None
    throughput: int | None = None
    delete_on_termination: bool = True
    encrypted: bool = False
    kms_key: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    multi_attach: bool = False


class Seeds:
    """Makes things without API calls: nothing of it is in the log."""

    def __init__(self, world: World) -> None:
        self._world = world

    def volume(self, region: str, zone: str, spec: VolumeSpec, account: str | None = None) -> Volume:
        """Make an available volume."""
        call = self._call(region, account, spec)
        key = self._key(call, spec)
        volume = volumes.new(self._world, call, zone=zone, size=spec.size_gib, encryption=key, tags=dict(spec.tags))
        volume.state, volume.visible = "available", call.at
        return volume

    def _key(self, call: Call, spec: VolumeSpec) -> Encryption:
        if not (spec.encrypted or spec.kms_key):
            return Encryption(False, None, None)
        ref = spec.kms_key or kms.EBS_ALIAS
        return Encryption(True, kms.fact(call.account, call.region, ref).arn, None)

    def _call(self, region: str, account: str | None, spec: VolumeSpec | None = None) -> Call:
        params = _shape(spec) if spec else {}
        return Call("seed", "Seed", params, account or DEFAULT_ACCOUNT_ID, region, self._world.now())

    def loose(self, region: str, zone: str, spec: VolumeSpec, account: str | None = None) -> Volume:
        """Make an unattached volume with a day of writes on it.

        Raises:
            ApiError: no volume has this shape.
        """
        _check(spec)
        volume = self.volume(region, zone, spec, account)
        now = self._world.now()
        volume.held = Contents({volume.id: ((now - writing.HISTORY_S, now),)})
        return volume

    def instance(
        self,
        region: str,
        name: str,
        *,
        zone: str,
        specs: Sequence[VolumeSpec],
        state: str,
        instance_type: str,
        tags: Mapping[str, str],
        rate: float,
        account: str | None,
    ) -> Machine:
        """Make an instance, running or stopped, whose disks hold the writes of the day before.

        Raises:
            ApiError: no volume has the shape of one of these; nothing was made.
        """
        for spec in specs:
            _check(spec)
        call = self._call(region, account)
        machine = self._bare(call, zone, instance_type)
        machine.rate = rate
        machine.root_device = machine.moto.root_device_name = specs[0].device
        tagging.book(call.account, region, machine.id).update({"Name": name, **tags})
        for spec in specs:
            self._disk(machine, spec, call.at)
        if state == "running":
            power.run(self._world, machine, call.at)
        else:
            machine.reason, machine.transition = power.BY_USER, power.by_user(call.at)
            power.rest(machine)
        return machine

    def _bare(self, call: Call, zone: str, instance_type: str) -> Machine:
        """Make an instance without disks; moto gives it network, type and protections.

        Moto's own `run_instances` would copy every instance there is to attach a disk that the sandbox takes away.
        """
        backend = ec2_backends[call.account][call.region]
        moto = Instance(backend, IMAGE, None, [], instance_type=instance_type, placement=zone, region_name=call.region)
        reservation = Reservation(random_reservation_id(), call.account)
        reservation.instances.append(moto)
        backend.reservations[reservation.id] = reservation
        return instances.adopt(
            self._world, call.account, call.region, moto=moto, reservation=reservation.id, at=call.at
        )

    def _disk(self, machine: Machine, spec: VolumeSpec, at: float) -> None:
        volume = self.volume(machine.region, machine.zone, spec, machine.account)
        attachment = Attachment(volume, machine, spec.device, at, "attached", spec.delete_on_termination)
        place(attachment)
        self._world.rates[machine.stream(spec.device)] = machine.rate
        writing.acknowledge(self._world, attachment, at - writing.HISTORY_S, at)

    def key(
        self, region: str, alias: str, *, spec: str, usage: str, state: str, manager: str, account: str | None
    ) -> str:
        """Make a KMS key; return its ARN."""
        backend = kms_backends[account or DEFAULT_ACCOUNT_ID][region]
        key = backend.create_key(None, usage, spec, f"sandbox {alias}", None)
        key.key_manager = manager
        backend.create_alias(key.id, alias)
        kms.set_state(key.arn, state)
        return str(key.arn)

    def group(self, region: str, name: str, ids: Sequence[str], account: str | None) -> None:
        """Make an Auto Scaling group out of instances that exist."""
        backend = autoscaling_backends[account or DEFAULT_ACCOUNT_ID][region]
        ec2 = backend.ec2_backend
        image = ec2.get_instance(ids[0]).image_id
        backend.create_launch_configuration(**_configuration(f"{name}-config", image))
        zones = sorted({ec2.get_instance(i).placement.zone for i in ids})
        backend.create_auto_scaling_group(**_group(name, zones, len(ids)))
        backend.attach_instances(name, list(ids))


def _shape(spec: VolumeSpec) -> dict[str, Any]:
    """Return the members of CreateVolume that say what the volume is."""
    return {
        "VolumeType": spec.type,
        "Iops": spec.iops or (3000 if spec.type in shapes.PROVISIONED else None),
        "Throughput": spec.throughput,
        "MultiAttachEnabled": spec.multi_attach,
    }


def _check(spec: VolumeSpec) -> None:
    """Refuse a volume that nobody could have made: moving it would prove nothing."""
    shapes.check(_shape(spec), spec.size_gib)


def _configuration(name: str, image: str) -> dict[str, Any]:
    nothing = ("key_name", "kernel_id", "ramdisk_id", "user_data", "instance_profile_name", "spot_price")
    return {
        "name": name,
        "image_id": image,
        "instance_type": "m5.large",
        "security_groups": [],
        "instance_monitoring": False,
        "ebs_optimized": False,
        "associate_public_ip_address": False,
        "block_device_mappings": [],
        **dict.fromkeys(nothing),
    }


def _group(name: str, zones: list[str], size: int) -> dict[str, Any]:
    nothing = (
        "launch_template",
        "mixed_instances_policy",
        "vpc_zone_identifier",
        "default_cooldown",
        "placement_group",
    )
    return {
        "name": name,
        "availability_zones": zones,
        "desired_capacity": 0,
        "max_size": size + 1,
        "min_size": 0,
        "launch_config_name": f"{name}-config",
        "health_check_period": 300,
        "health_check_type": "EC2",
        "load_balancers": [],
        "target_group_arns": [],
        "termination_policies": [],
        "tags": [],
        "capacity_rebalance": False,
        "new_instances_protected_from_scale_in": False,
        **dict.fromkeys(nothing),
    }
