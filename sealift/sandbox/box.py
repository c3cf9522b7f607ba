"""The sandbox as tests, the demo and the bench hold it."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from typing import Any, Literal, Self

from sealift.clock import VirtualClock
from sealift.sandbox import hook, kms, services
from sealift.sandbox.answers import Answers
from sealift.sandbox.ec2 import power
from sealift.sandbox.faults import Faults
from sealift.sandbox.iam.people import People
from sealift.sandbox.log import BrownOut, Charge, Event, Loss
from sealift.sandbox.physics import writing
from sealift.sandbox.physics.contents import Contents
from sealift.sandbox.physics.durations import Durations
from sealift.sandbox.quotas import Quotas
from sealift.sandbox.rds.boxed import Databases
from sealift.sandbox.seeding import Seeds, VolumeSpec
from sealift.sandbox.state import Machine, Volume
from sealift.sandbox.world import Call, Time, World


class Sandbox(Databases):
    """An AWS account in a box: use it as a context manager, and boto3 talks to it until the block ends.

    All accounts and Regions exist. Time is `clock`; states change by `durations`; everything random follows `seed`.
    """

    def __init__(
        self,
        clock: Time | None = None,
        seed: int = 0,
        durations: Durations | None = None,
        quotas: Quotas | None = None,
        *,
        iam: bool = False,
    ) -> None:
        self.clock: Any = clock or VirtualClock()
        self.world = World(self.clock, seed, durations or Durations(), quotas or Quotas())
        self.world.access.enforcing = iam
        self.people = People(self.world)
        self._seeds = Seeds(self.world)
        self.answers = Answers(self.world)
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        from sealift.sandbox.opening import opened

        self._stack.enter_context(opened(self.answers, self.world))
        return self

    def __exit__(self, *exc: object) -> None:
        self._stack.close()

    def enforce(self) -> None:
        """From now on let requests be judged by IAM and KMS policies; `people` has users, roles and their credentials."""
        self.world.access.enforcing = True

    def reads_nothing_as(self, what: Literal["fails", "empty", "no value"]) -> None:
        """Say what a selector of an automation that finds nothing does from now on: fail its step, leave an empty text, or
        leave no value. AWS does not say which (SB-SSM-08).
        """
        self.world.nothing_selected = what

    # time and records

    def now(self) -> float:
        """Return seconds since the Unix epoch on the box's clock."""
        return self.world.now()

    def observe(self, observer: Callable[[float], None]) -> None:
        """Let somebody look after each event (a request answered, a transition due), who must send no request."""
        self.world.observers.append(observer)

    @property
    def log(self) -> list[Event]:
        """Every API call so far."""
        return self.world.log

    @property
    def charges(self) -> list[Charge]:
        """The assumed duration of everything that was set going."""
        return self.world.charges

    @property
    def faults(self) -> Faults:
        """The faults that are in."""
        return self.world.faults

    # what is there

    def add_instance(
        self,
        region: str = "eu-central-1",
        name: str = "web-1",
        *,
        az: str | None = None,
        volumes: Sequence[VolumeSpec] = (),
        state: str = "running",
        instance_type: str = "m5.large",
        tags: Mapping[str, str] | None = None,
        asg: str | None = None,
        write_mib_per_s: float = 1.0,
        account: str | None = None,
    ) -> str:
        """Add an instance with disks (by default an 8 GiB gp3 root); the first is its root. Return its id."""
        with hook.LOCK:
            machine = self._seeds.instance(
                region,
                name,
                zone=az or region + "a",
                specs=list(volumes) or [VolumeSpec()],
                state=state,
                instance_type=instance_type,
                tags=tags or {},
                rate=write_mib_per_s,
                account=account,
            )
            if asg:
                self._seeds.group(region, asg, [machine.id], account)
            return machine.id

    def add_volume(
        self,
        region: str = "eu-central-1",
        az: str | None = None,
        spec: VolumeSpec | None = None,
        account: str | None = None,
        **options: Any,
    ) -> str:
        """Add an unattached volume that holds a day of writes; `options` are those of `VolumeSpec`. Return its id."""
        with hook.LOCK:
            return self._seeds.loose(region, az or region + "a", spec or VolumeSpec(**options), account).id

    def add_key(
        self,
        region: str = "eu-central-1",
        alias: str = "alias/app",
        *,
        spec: str = "SYMMETRIC_DEFAULT",
        usage: str = "ENCRYPT_DECRYPT",
        state: str = "Enabled",
        manager: str = "CUSTOMER",
        account: str | None = None,
    ) -> str:
        """Add a KMS key under an alias. Return its ARN."""
        with hook.LOCK:
            return self._seeds.key(region, alias, spec=spec, usage=usage, state=state, manager=manager, account=account)

    def add_asg(self, region: str, name: str, instance_ids: Sequence[str], account: str | None = None) -> None:
        """Put instances into a new Auto Scaling group."""
        with hook.LOCK:
            self._seeds.group(region, name, instance_ids, account)

    def show_as(self, resource_id: str, **members: Any) -> None:
        """Let describes show an instance, volume or snapshot with these members: spot, managed, on an Outpost, …"""
        with hook.LOCK:
            self.world.overlays.setdefault(resource_id, {}).update(members)

    def show_status_as(self, volume_id: str, **members: Any) -> None:
        """Let DescribeVolumeStatus show a volume with these members: impaired, with events, …"""
        self.show_as(f"{volume_id}/status", **members)

    # what others do meanwhile

    def disable_key(self, arn: str) -> None:
        """Disable a key, as its owner might at any time."""
        self._set_key(arn, "Disabled")

    def enable_key(self, arn: str) -> None:
        """Enable a key again."""
        self._set_key(arn, "Enabled")

    def schedule_key_deletion(self, arn: str) -> None:
        """Set a key to pending deletion."""
        self._set_key(arn, "PendingDeletion")

    def _set_key(self, arn: str, state: str) -> None:
        with hook.LOCK:
            self.world.settle()
            kms.set_state(arn, state)
            self.keys_changed()

    def client(self, service: str, region: str = "eu-central-1", credentials: Mapping[str, str] | None = None) -> Any:
        """Return a boto3 client as anybody else would have one, or as whoever `people` gave credentials for."""
        import boto3

        make: Any = boto3.client
        return make(service, region_name=region, **(credentials or {}))

    def start_by_hand(self, instance_id: str) -> None:
        """Let somebody else start an instance; raises `ApiError` where AWS refuses."""
        self._by_hand(power.start, "StartInstances", instance_id)

    def stop_by_hand(self, instance_id: str) -> None:
        """Let somebody else stop an instance; raises `ApiError` where AWS refuses."""
        self._by_hand(power.stop, "StopInstances", instance_id)

    def _by_hand(self, operation: Any, name: str, instance_id: str) -> None:
        with hook.LOCK:
            self.world.settle()
            machine = self.machine(instance_id)
            call = Call("hand", name, {"InstanceIds": [instance_id]}, machine.account, machine.region, self.now())
            operation(self.world, call)
            services.noticed(self.world, call)
            self.world.settle()
            self.log.append(Event(call.at, call.account, call.region, call.name, call.params, "ok"))

    # what is true

    def losses(self) -> list[Loss]:
        """Return all acknowledged writes that the volume now serving at their device lacks; empty is good."""
        with hook.LOCK:
            self.world.settle()
            return [loss for m in self._machines() if m.state != "terminated" for loss in self._losses_of(m)]

    def _losses_of(self, machine: Machine) -> list[Loss]:
        found, now, world = [], self.now(), self.world
        place = (machine.account, machine.region, machine.id)
        for device in sorted(key[3] for key in world.ledger if key[:3] == place):
            attachment = machine.disks.get(device)
            there = attachment.volume.contents(now) if attachment else Contents()
            missing = writing.owed(world, machine, device, now).minus(there)
            for stream, spans in missing.streams.items():
                rate = world.rates.get(stream, 1.0)
                volume = attachment.volume.id if attachment else None
                found += [Loss(*place, device, volume, a, b, (b - a) * rate) for a, b in spans]
        return found

    def contents(self, volume_id: str) -> Contents:
        """Return what is on a volume now, living or deleted; equal values are equal data."""
        with hook.LOCK:
            self.world.settle()
            return self.volume(volume_id).contents(self.now())

    def brownouts(self) -> list[BrownOut]:
        """Return the spans in which a running workload was on a volume whose data were still arriving: slow, not lost."""
        with hook.LOCK:
            self.world.settle()
            now, found = self.now(), []
            for region in self.world.regions.values():
                for volume in (*region.volumes.values(), *region.dead.values()):
                    for stream, start, end in volume.slow_spans(now):
                        instance, _, device = stream.partition(":")
                        found.append(BrownOut(volume.account, volume.region, instance, device, volume.id, start, end))
            return found

    def serves(self, volume_id: str) -> list[tuple[str, str]]:
        """Return the instances and devices that a volume is attached to."""
        with hook.LOCK:
            self.world.settle()
            return [(a.machine.id, a.device) for a in self.volume(volume_id).attachments]

    def volume(self, volume_id: str) -> Volume:
        """Return the record of a volume, living or deleted."""
        for region in self.world.regions.values():
            if found := region.volumes.get(volume_id) or region.dead.get(volume_id):
                return found
        raise KeyError(volume_id)

    def machine(self, instance_id: str) -> Machine:
        """Return the record of an instance."""
        for region in self.world.regions.values():
            if instance_id in region.machines:
                return region.machines[instance_id]
        raise KeyError(instance_id)

    def _machines(self) -> list[Machine]:
        return [m for region in self.world.regions.values() for m in region.machines.values()]
