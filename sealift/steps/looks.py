"""How described resources are judged: pure functions that several steps share."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sealift.answers import lacks
from sealift.step import Call, Query, Seen, Watch

NO_ROOM = "Server.InsufficientInstanceCapacity"
"""StateReason code of an instance for whose start EC2 had no room (R-EBS-36)."""

NEVER_RAN = ("Client.InternalError", "Server.InternalError", "Client.InvalidKMSKey", NO_ROOM)
"""StateReason codes of an instance that fell back to `stopped` without ever being `running` (R-EBS-55, R-EBS-36)."""

Resource = Mapping[str, Any] | None
Judge = Callable[[Resource], Seen]


def by_id(operation: str, name: str, *ids: Any) -> Call:
    """Return a read by filter: an id that is absent does not poison the answer, as it would in an id list."""
    return Call(operation, {"Filters": [{"Name": name, "Values": list(ids)}]})


ENDED = ("shutting-down", "terminated", "gone")
"""States of an instance that never comes back; the last is what is described no more."""


def volumes(*ids: Any) -> Call:
    """Return the read of volumes."""
    return by_id("ec2:DescribeVolumes", "volume-id", *ids)


def instances(*ids: Any) -> Call:
    """Return the read of instances."""
    return by_id("ec2:DescribeInstances", "instance-id", *ids)


def without_original(volume: Any, instance: Any) -> tuple[Query, ...]:
    """Ask whether a volume is gone, or goes with the instance that has it, if any: what goes with it is described for a while still.
    Each answers as said of the volume, or with nothing.
    """

    def gone(reply: Mapping[str, Any]) -> str:
        return "" if any(v["State"] not in ("deleting", "deleted") for v in reply["Volumes"]) else "is gone"

    def going(reply: Mapping[str, Any]) -> str:
        found = instances_in(reply).get(instance)
        state = "gone" if found is None else str(found["State"]["Name"])
        return f"may go with {instance}, which is '{state}'" if state in ENDED else ""

    of_it = Query(volumes(volume), gone)
    return (of_it,) if instance is None else (of_it, Query(instances(instance), going))


def instances_in(reply: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Return the instances of an answer by id."""
    return {i["InstanceId"]: i for r in reply.get("Reservations", ()) for i in r["Instances"]}


def the_instance(reply: Mapping[str, Any], instance: str) -> Mapping[str, Any]:
    """Return one instance of an answer.

    Raises:
        AnswerUnclear: it is not there.

    """
    found = instances_in(reply).get(instance)
    if found is None:
        raise lacks(reply, f".Reservations of {instance}")
    return found


def volume_ready(key_arn: str | None) -> Judge:
    """Available, and encrypted under this very key: AWS checks the key only after it has answered (R-EBS-53, R-EBS-54)."""

    def judge(volume: Resource) -> Seen:
        if volume is None:
            return Seen(state="absent")
        state = volume["State"]
        if state in ("error", "deleting", "deleted"):
            return Seen(
                failed=f"the volume went to '{state}': EC2 cannot use the key, or the copy failed (R-EBS-54)",
                state=state,
            )
        if state == "creating":
            return Seen(state=state)
        if key_arn is not None and not (volume.get("Encrypted") and volume.get("KmsKeyId") == key_arn):
            return Seen(
                failed=f"it came out under {volume.get('KmsKeyId') or 'no key'}, wanted {key_arn} (R-EBS-53)",
                state=state,
            )
        return Seen(done=True, state=state)

    return judge


def snapshot_ready(snapshot: Resource) -> Seen:
    """Tell whether a snapshot has completed; `error` carries AWS's StateMessage (R-EBS-54)."""
    if snapshot is None:
        return Seen(state="absent")
    state = snapshot["State"]
    if state == "error":
        why = snapshot.get("StateMessage") or "no reason given"
        return Seen(failed=f"the snapshot went to 'error': {why}", state=state)
    percent = percent_of(str(snapshot.get("Progress") or "").rstrip("%"))
    return Seen(done=state == "completed", progress=percent, state=state)


def percent_of(text: Any) -> float | None:
    """Return how far something has come, None where that is not told so: a figure for people, nothing depends on it."""
    try:
        return float(text)
    except (TypeError, ValueError):
        return None


def attachments(volume: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the attachments of a described volume. AWS sends the list of one that is attached to nothing too: a description
    that lacks it does not say that.
    """
    found: list[Mapping[str, Any]] = volume["Attachments"]
    return found


def unattached(volume: Resource) -> Seen:
    """Tell whether a volume is attached to nothing."""
    if volume is None:
        return Seen(state="absent")
    held = attachments(volume)
    state = str(held[0].get("State", "attached")) if held else volume["State"]
    if state == "busy":
        return Seen(failed="the volume is 'busy': the guest still uses it (R-EBS-24)", state=state)
    return Seen(done=not held and volume["State"] == "available", state=state)


def off_or_gone(volume: Resource) -> Seen:
    """Tell whether a volume is attached to nothing: what is gone is."""
    if volume is None or volume["State"] in ("deleting", "deleted"):
        return Seen(done=True, state="gone")
    return unattached(volume)


def deletable(volume: Resource) -> Seen:
    """Tell whether a volume can be deleted, or is gone: also one that came to nothing (`error`) can be."""
    came_to_nothing = volume is not None and volume["State"] == "error"
    return Seen(done=True, state="error") if came_to_nothing else off_or_gone(volume)


def attached(instance: str, device: str) -> Judge:
    """Tell whether a volume is attached to `instance` at `device`."""

    def judge(volume: Resource) -> Seen:
        if volume is None:
            return Seen(state="absent")
        for a in attachments(volume):
            if a.get("InstanceId") == instance and a.get("Device") == device:
                return Seen(done=a.get("State") == "attached", state=str(a.get("State")))
        return Seen(state=str(volume["State"]))

    return judge


def instance_in(wanted: str, *also: str) -> Judge:
    """Tell whether an instance is in state `wanted` or one of `also`; a terminated one never will be."""

    def judge(instance: Resource) -> Seen:
        if instance is None:
            return Seen(state="absent")
        state = instance["State"]["Name"]
        if state in ("terminated", "shutting-down") and state != wanted:
            gone = f"the instance is '{state}' and does not come back: launch another, and attach the volumes to that"
            return Seen(failed=gone, state=state)
        return Seen(done=state in (wanted, *also), state=state)

    return judge


def needs_unattached(volume: Any) -> Watch:
    """Return the wait for a volume that is attached to nothing."""
    return Watch("volume", volume, unattached, "available, attached to nothing")


def untouched(instance: Any, launch_time: Any, disks: tuple[tuple[str, Any], ...] = ()) -> Query:
    """Ask whether the instance has stayed stopped since the cut: EC2 has no 'do not start', so LaunchTime tells
    (hazard: a start by hand). `disks`: the device and volume of each that it must still have.
    """

    def read(reply: Mapping[str, Any]) -> list[str]:
        found = instances_in(reply).get(instance)
        if found is None:
            return [f"{instance} is gone"]
        return [*_moved(found, launch_time), *_taken_off(found, disks)]

    return Query(instances(instance), read)


def never_ran(instance: Any, launch_time: Any) -> Query:
    """Ask whether nothing has run on the instance since the cut, a start that fell back included; answer with its
    LaunchTime.
    """

    def read(reply: Mapping[str, Any]) -> dict[str, str] | None:
        found = instances_in(reply).get(instance)
        if found is None or found["State"]["Name"] != "stopped":
            return None
        launched = found["LaunchTime"].isoformat()
        return {"LaunchTime": launched} if launched == launch_time or fell_back(found) else None

    return Query(instances(instance), read)


def fell_back(instance: Mapping[str, Any]) -> bool:
    """Tell whether the last start of a stopped instance came to nothing."""
    return str((instance.get("StateReason") or {}).get("Code", "")).startswith(NEVER_RAN)


def _moved(instance: Mapping[str, Any], launch_time: str) -> Iterable[str]:
    if (state := instance["State"]["Name"]) != "stopped":
        yield f"{instance['InstanceId']} is '{state}', not stopped: someone started it after the cut"
    if (launched := instance["LaunchTime"].isoformat()) != launch_time:
        yield f"{instance['InstanceId']} was started at {launched}, after the cut (it was last started at {launch_time})"


def _taken_off(instance: Mapping[str, Any], disks: tuple[tuple[str, Any], ...]) -> Iterable[str]:
    has = {m["DeviceName"]: m["Ebs"]["VolumeId"] for m in instance.get("BlockDeviceMappings", ()) if "Ebs" in m}
    for device, volume in disks:
        if has.get(device) != volume:
            there = f"{has[device]} is" if device in has else "nothing is"
            yield f"{volume} is not at {device} of {instance['InstanceId']}, {there}: somebody took it off"


def resting(*sources: Any, copied: bool = False) -> Query:
    """Ask whether sources are still attached to nothing: what attached one may have written to it.

    `copied`: what was on them is on their replacements, which need none that is gone.
    """

    def read(reply: Mapping[str, Any]) -> list[str]:
        found = {v["VolumeId"]: attachments(v) for v in reply["Volumes"]}
        gone = [f"{s} is gone: somebody has deleted it" for s in sources if s not in found and not copied]
        held = [(s, a[0].get("InstanceId")) for s, a in found.items() if a]
        return gone + [f"{s} is attached to {who}: someone attached it after the cut" for s, who in held]

    return Query(volumes(*sources), read)


def timestamp(moment: Any) -> float | None:
    """Return a described time as Unix seconds."""
    return float(moment.timestamp()) if moment is not None else None


def initialised(status: Mapping[str, Any]) -> float | None:
    """Return how far the data of a replacement has come, in percent; None where its status does not tell.

    EC2 leaves the progress out only for a volume that was made empty, and no replacement was (EC2 API reference,
    VolumeStatusItem: InitializationStatusDetails): one that lacks it is finished only where `initialization-state` says so.
    """
    progress = (status.get("InitializationStatusDetails") or {}).get("Progress")
    if progress is not None:
        return float(progress)
    states = [d for d in status["VolumeStatus"].get("Details") or () if d.get("Name") == "initialization-state"]
    return 100.0 if any(d.get("Status") == "completed" for d in states) else None


def hydrated(status: Mapping[str, Any]) -> bool:
    """Tell from the status of a replacement whether all its data has arrived; what does not tell has not."""
    return (initialised(status) or 0.0) >= 100
