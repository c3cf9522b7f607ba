"""What faults make of states on their way: they hang, come late, fail half-way, or lose their key half-way."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from math import inf

from sealift.sandbox import kms
from sealift.sandbox.ec2 import power, room, roots
from sealift.sandbox.faults import Fault
from sealift.sandbox.rds import fates as databases
from sealift.sandbox.world import Call, World

LAUNCH_FAILED = ("Server.InternalError", "Server.InternalError: Internal error on launch")


@dataclass(frozen=True)
class Struck:
    """The fate that a fault gives to what one call sets going."""

    world: World
    call: Call
    fault: Fault

    def __call__(self, resource: str, at: float, seconds: float, happen: Callable[[float], None]) -> float:
        """Put on the agenda what is left of a transition of `resource`; return when it would be due, infinity for never."""
        fault, seconds = self.fault, seconds + self.fault.late_s
        due = inf if fault.hangs else at + seconds
        fault.befallen += fault.hangs or bool(fault.late_s)
        if fault.key_off_at is not None:
            self.world.agenda.at(at + seconds * fault.key_off_at / 100, partial(self._key_off, resource))
        if fault.fails_at is not None:
            self.world.agenda.at(at + seconds * fault.fails_at / 100, partial(self._fail, resource, due, happen))
        elif not fault.hangs:
            self.world.agenda.at(due, happen)
        return due

    def _fail(self, resource: str, due: float, happen: Callable[[float], None], at: float) -> None:
        if fail(self.world, self.call, resource, self.fault.message, at):
            self.fault.befallen += 1
        else:
            self.world.agenda.at(due, happen)

    def _key_off(self, resource: str, at: float) -> None:
        if arn := _key_of(self.world, self.call, resource):
            self.fault.befallen += 1
            kms.set_state(arn, "Disabled")
            databases.key_off(self.world, at)


def _key_of(world: World, call: Call, resource: str) -> str | None:
    here = world.here(call)
    if thing := here.volumes.get(resource) or here.snapshots.get(resource):
        return thing.kms_key
    if machine := here.machines.get(resource):
        return next((a.volume.kms_key for a in machine.disks.values() if a.volume.kms_key), None)
    return databases.key_of(world, call, resource)


def fail(world: World, call: Call, resource: str, message: str, at: float) -> bool:
    """Let what is on its way end in its failed state; say so. What has none (a stop, a detach) goes on."""
    here = world.here(call)
    if (shot := here.snapshots.get(resource)) and shot.state == "pending":
        shot.state, shot.message = "error", message
    elif (volume := here.volumes.get(resource)) and volume.state == "creating":
        volume.state = "error"
    elif (machine := here.machines.get(resource)) and machine.state == "pending" and call.operation == "RunInstances":
        power.launch_failed(world, machine, LAUNCH_FAILED, at)
    elif machine and machine.state == "pending":
        machine.turn += 1
        machine.reason, machine.transition = LAUNCH_FAILED, "Server.InternalError"
        power.rest(machine)
    elif (task := room.here(world, call).tasks.get(resource)) and task.state in ("pending", "in-progress"):
        roots.fail(world, here.machines[task.instance], task, at)
    else:
        return databases.fail(world, call, resource, at)
    return True
