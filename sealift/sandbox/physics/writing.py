"""Workloads: an instance that runs writes to every volume attached to it, from the first second to the last."""

from sealift.sandbox.physics.contents import Contents
from sealift.sandbox.state import Attachment, Machine, Volume
from sealift.sandbox.world import World

HISTORY_S = 86_400.0
"""What a seeded volume holds: the writes of the day before."""


def begin(world: World, attachment: Attachment, at: float) -> None:
    """Let the workload write to this volume from `at`."""
    stream = attachment.machine.stream(attachment.device)
    world.rates[stream] = attachment.machine.rate
    attachment.volume.writers.setdefault(stream, at)


def end(world: World, attachment: Attachment, at: float) -> None:
    """Let it stop at `at`: what it wrote is on the volume, and acknowledged."""
    stream = attachment.machine.stream(attachment.device)
    since = attachment.volume.writers.pop(stream, None)
    if since is not None:
        acknowledge(world, attachment, since, at)


def acknowledge(world: World, attachment: Attachment, start: float, until: float) -> None:
    """Put writes on the volume and in the ledger of what must never be lost."""
    machine, volume = attachment.machine, attachment.volume
    stream = machine.stream(attachment.device)
    volume.held = volume.held.plus(stream, start, until)
    key = (machine.account, machine.region, machine.id, attachment.device)
    world.ledger[key] = world.ledger.get(key, Contents()).plus(stream, start, until)


def begin_all(world: World, machine: Machine, at: float) -> None:
    """Begin on every disk that is attached."""
    for attachment in machine.disks.values():
        if attachment.state == "attached":
            begin(world, attachment, at)


def end_all(world: World, machine: Machine, at: float) -> None:
    """End on every disk."""
    for attachment in machine.disks.values():
        end(world, attachment, at)


def owed(world: World, machine: Machine, device: str, now: float) -> Contents:
    """Return all acknowledged writes of a device, those of this moment included."""
    owed = world.ledger.get((machine.account, machine.region, machine.id, device), Contents())
    attachment, stream = machine.disks.get(device), machine.stream(device)
    if attachment and stream in attachment.volume.writers:
        owed = owed.plus(stream, attachment.volume.writers[stream], now)
    return owed


def changed_mib(world: World, volume: Volume, base: Contents | None, now: float) -> float:
    """Return how much of a volume differs from `base`, and its whole size without one."""
    whole = volume.size * 1024.0
    if base is None:
        return whole
    return min(whole, volume.contents(now).minus(base).mib(world.rates))
