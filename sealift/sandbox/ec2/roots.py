"""CreateReplaceRootVolumeTask: another root under a running instance, for the price of a reboot."""

from typing import Any, NamedTuple

from sealift.sandbox import kms, tokens
from sealift.sandbox.ec2 import images, keys, room, tagging, volumes
from sealift.sandbox.ec2.attachments import place, remove
from sealift.sandbox.ec2.encryption import wanted
from sealift.sandbox.ec2.room import RootTask
from sealift.sandbox.errors import ApiError
from sealift.sandbox.paging import filtered, paged
from sealift.sandbox.physics import writing
from sealift.sandbox.state import Attachment, Machine, Snapshot, Volume
from sealift.sandbox.world import Call, World, iso

_SOURCES = ("SnapshotId", "ImageId", "VolumeId")
_DONE = ("succeeded", "failed", "failed-detached")


class _Source(NamedTuple):
    """What the new root is to be: a volume that is there, or one made from a snapshot, or from nothing."""

    volume: Volume | None = None
    snapshot: Snapshot | None = None


def create(world: World, call: Call) -> dict[str, Any]:
    """CreateReplaceRootVolumeTask: from the launch state, a snapshot of this root, an AMI, or a volume that is there."""
    if made := tokens.remembered(world, call):
        return {"ReplaceRootVolumeTask": _render(call, room.here(world, call).tasks[made])}
    machine = world.machine(call, call.params["InstanceId"])
    old = _root(world, call, machine)
    source = _source(world, call, machine, old.volume)
    tags = tagging.requested(call, "replace-root-volume-task")
    tagging.check(world, tags)
    bad, new = _new_root(world, call, old.volume, source)
    task = RootTask(
        id=world.new_id("replacevol"),
        instance=machine.id,
        started=call.at,
        old=old,
        new=new,
        delete_old=bool(call.params.get("DeleteReplacedRootVolume")),
        keeps_flag=source.volume is None,
        snapshot=call.params.get("SnapshotId"),
        image=call.params.get("ImageId"),
    )
    room.here(world, call).tasks[task.id] = task
    tagging.book(call.account, call.region, task.id).update(tags)
    tokens.remember(world, call, task.id)
    _go(world, call, machine, task, bad)
    return {"ReplaceRootVolumeTask": _render(call, task)}


def _root(world: World, call: Call, machine: Machine) -> Attachment:
    if (
        machine.moto.root_device_type != "ebs"
        or world.overlays.get(machine.id, {}).get("RootDeviceType", "ebs") != "ebs"
    ):
        message = f"The instance '{machine.id}' does not have an EBS root volume."
        raise ApiError("R-EBS-40", "UnsupportedOperation", message)
    root = machine.disks.get(machine.root_device)
    if machine.state != "running" or root is None:
        message = f"The instance '{machine.id}' is not in the 'running' state."
        raise ApiError("R-EBS-40", "IncorrectInstanceState", message)
    tasks = room.here(world, call).tasks.values()
    if any(t.instance == machine.id and t.state not in _DONE for t in tasks):
        message = f"A root volume replacement task for '{machine.id}' is in progress."
        raise ApiError("R-EBS-40", "IncorrectState", message)
    return root


def _source(world: World, call: Call, machine: Machine, root: Volume) -> _Source:
    params = call.params
    if len([n for n in _SOURCES if params.get(n)]) > 1:
        message = "SnapshotId, ImageId and VolumeId exclude one another."
        raise ApiError("SB-RRV-01", "InvalidParameterCombination", message)
    if params.get("VolumeId"):
        volume = world.volume(call, params["VolumeId"])
        _check_volume(volume, machine, root)
        return _Source(volume=volume)
    if params.get("ImageId"):
        return _Source(snapshot=_of_image(world, call, params["ImageId"]))
    if not params.get("SnapshotId"):
        return _Source(snapshot=world.here(call).snapshots.get(root.snapshot_id or ""))
    shot = world.snapshot(call, params["SnapshotId"])
    if shot.is_copy or shot.volume_id not in _lineage(world, call, root):
        message = f"The snapshot '{shot.id}' was not created from the root volume of '{machine.id}'."
        raise ApiError("SB-RRV-01", "InvalidParameterValue", message)
    volumes.check_completed(world, shot, call.at)
    return _Source(snapshot=shot)


def _check_volume(volume: Volume, machine: Machine, root: Volume) -> None:
    if volume.zone != machine.zone:
        message = f"The volume '{volume.id}' is not in the same availability zone as instance '{machine.id}'"
        raise ApiError("SB-RRV-02", "InvalidVolume.ZoneMismatch", message)
    if volume.attachments:
        raise ApiError("SB-RRV-02", "VolumeInUse", f"{volume.id} is already attached to an instance")
    if volume.state != "available":
        raise ApiError("SB-RRV-02", "IncorrectState", f"Volume '{volume.id}' is not 'available'.")
    if root.encrypted and not volume.encrypted:
        message = f"The root volume is encrypted, and the volume '{volume.id}' is not."
        raise ApiError("SB-RRV-02", "InvalidParameterValue", message)
    if volume.product_codes != root.product_codes:
        message = f"The volume '{volume.id}' has other product codes than the root volume."
        raise ApiError("R-EBS-14", "InvalidParameterValue", message)


def _of_image(world: World, call: Call, image_id: str) -> Snapshot:
    image = images.find(world, call, image_id)
    root = next(m["Ebs"]["SnapshotId"] for m in image.mappings if m["DeviceName"] == image.root_device)
    shot = world.snapshot(call, root)
    volumes.check_completed(world, shot, call.at)
    return shot


def _lineage(world: World, call: Call, volume: Volume) -> set[str]:
    """Return this volume and those that it came from through snapshots."""
    here, found, seen = world.here(call), {volume.id}, volume
    while shot := here.snapshots.get(seen.snapshot_id or ""):
        found.add(shot.volume_id)
        parent = here.volumes.get(shot.volume_id) or here.dead.get(shot.volume_id)
        if parent is None or parent is seen:
            break
        seen = parent
    return found


def _new_root(world: World, call: Call, root: Volume, source: _Source) -> tuple[str | None, Volume]:
    """Return the new root, and why its key cannot be used; one that is made has the old one's type and size."""
    if source.volume:
        return None, source.volume
    shot = source.snapshot
    given = {"VolumeType": root.type, "Iops": root.iops, "Throughput": root.throughput}
    one = Call(call.service, call.operation, given, call.account, call.region, call.at, caller=call.caller)
    kept = (shot.encrypted, shot.kms_key) if shot else (root.encrypted, root.kms_key)
    enc = wanted(world, one, *kept)
    volume = volumes.new(world, one, zone=root.zone, size=root.size, encryption=enc, tags={})
    if shot:
        volume.snapshot_id, volume.held = shot.id, shot.held
        volume.product_codes = list(shot.product_codes)
    return enc.why or keys.making(world, call, volume.id, enc.key, shot), volume


def _go(world: World, call: Call, machine: Machine, task: RootTask, bad: str | None) -> None:
    """`pending` while the volume is made, `in-progress` while the disks change places and the guest boots."""
    durations = world.durations
    making = durations.spread(durations.root_pending_s, world.rng)

    def swap(at: float) -> None:
        if task.state != "pending":
            return
        gone = machine.state != "running" or task.new.attachments or task.new.state not in ("creating", "available")
        if bad or gone or kms.unusable(task.new.kms_key) or keys.attaching(world, call, task.new, machine):
            fail(world, machine, task, at)
            return
        _swap(world, machine, task, at)

    world.agenda.at(call.at + making, swap)
    world.later(call, task.id, making + durations.root_swap_s, lambda at: _finish(world, machine, task, at))


def _swap(world: World, machine: Machine, task: RootTask, at: float) -> None:
    task.state = "in-progress"
    writing.end_all(world, machine, at)
    old = task.old
    flag = old.delete_on_termination and task.keeps_flag
    remove(world, old)
    attachment = Attachment(task.new, machine, old.device, at, "attaching", flag)
    place(attachment)
    kms.attached(world, attachment, at)


def _finish(world: World, machine: Machine, task: RootTask, at: float) -> None:
    if task.state != "in-progress":
        return
    task.state, task.completed = "succeeded", at
    root = machine.disks.get(machine.root_device)
    if root and root.state == "attaching":
        root.state = "attached"
    _boot(world, machine, at)
    if task.delete_old and not task.old.volume.attachments:
        volumes.discard(world, task.old.volume, at)


def _boot(world: World, machine: Machine, at: float) -> None:
    if machine.state == "running":
        machine.running_since = at
        writing.begin_all(world, machine, at)


def fail(world: World, machine: Machine, task: RootTask, at: float) -> None:
    """End a task badly: before the change the old root stays on and the guest is booted; after it there is no root."""
    task.completed = at
    if task.state == "pending":
        task.state = "failed"
        if task.keeps_flag:
            volumes.vanish(world, task.new)
        if machine.state == "running":
            writing.end_all(world, machine, at)
        _boot(world, machine, at)
        return
    task.state = "failed-detached"
    root = machine.disks.get(machine.root_device)
    if root and root.volume is task.new:
        remove(world, root)


def described(world: World, call: Call) -> dict[str, Any]:
    """DescribeReplaceRootVolumeTasks."""
    book, ids = room.here(world, call).tasks, call.params.get("ReplaceRootVolumeTaskIds")
    for one in ids or ():
        if one not in book:
            message = f"The root volume replacement task '{one}' does not exist."
            raise ApiError("SB-VOL-06", "InvalidReplaceRootVolumeTaskId.NotFound", message)
    rendered = [_render(call, book[i]) for i in (ids or book)]
    paths = {"instance-id": "InstanceId"}
    page, more = paged(filtered(rendered, call.params, paths), call.params, "ReplaceRootVolumeTaskIds", most=50)
    return {"ReplaceRootVolumeTasks": page, **more}


def _render(call: Call, task: RootTask) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "ReplaceRootVolumeTaskId": task.id,
        "InstanceId": task.instance,
        "TaskState": task.state,
        "StartTime": _text(task.started),
        "CompleteTime": _text(task.completed) if task.completed is not None else None,
        "SnapshotId": task.snapshot,
        "ImageId": task.image,
        "DeleteReplacedRootVolume": task.delete_old,
        "Tags": tagging.shown(call.account, call.region, task.id),
    }
    return {k: v for k, v in shown.items() if v is not None}


def _text(at: float) -> str:
    return f"{iso(at):%Y-%m-%dT%H:%M:%SZ}"


OPERATIONS = {
    "ec2:CreateReplaceRootVolumeTask": create,
    "ec2:DescribeReplaceRootVolumeTasks": described,
}
