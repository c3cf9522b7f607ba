"""What people and robots do in the middle of a migration: each deed with how it is undone, and what it may cost.

A deed is done through the front door of the sandbox, as anybody's would be; one that AWS refuses at that moment has not happened.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from botocore.exceptions import ClientError

from sealift.sandbox.errors import ApiError
from tests.faults.invariants import place
from tests.faults.stage import Stage
from tests.world import KEY, REGION

LOOSE, INSTANCE, RDS, AURORA = "ebs-volume", "ebs-instance", "rds-instance", "aurora-cluster"
VOLUMES = (LOOSE, INSTANCE)
A_WHILE = 600.0
BY_HAND = "by-hand"
"""The name of what somebody makes, or the end of the one that they give."""


@dataclass
class Done:
    """A deed that was done: to what, with what else a message may call it by, and what somebody else has deleted."""

    to: str
    also: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()
    kept: Mapping[str, Any] = field(default_factory=dict)  # what undoing it needs
    for_good: bool = False  # it was undone, and its harm stays


@dataclass(frozen=True)
class Deed:
    """One thing that somebody does: `on` what kinds, whether the workload's power or a disk is theirs until it is undone, and how."""

    name: str
    do: Callable[[Stage], Done | None]
    on: tuple[str, ...] = (INSTANCE,)
    undo: Callable[[Stage, Done], set[str] | None] | None = None  # returns what is theirs all the same
    power: bool = False  # starts, stops, renames or ends the workload itself
    disk: bool = False  # takes a disk off it, which has to be up in the end all the same
    passes: bool = False  # it is over at once, and leaves nothing that is theirs
    final: bool = False  # nothing undoes it: the run may stay with a person
    harmless: bool = False  # nothing of it needs to be said where the run ends well


# -- EBS ---------------------------------------------------------------------------------------------------------------


def ours(stage: Stage) -> list[dict[str, Any]]:
    """Return the volumes that the migration has made, oldest first."""
    tagged = [{"Name": "tag:sealift:migration", "Values": [stage.migration_now()]}]
    found = stage.world.ec2.describe_volumes(Filters=tagged)["Volumes"]
    made = [v for v in found if {"Key": "sealift:role", "Value": "source"} not in v["Tags"] and v["Encrypted"]]
    return sorted(made, key=lambda v: (v["CreateTime"], v["VolumeId"]))


def planned_volumes(stage: Stage) -> list[dict[str, Any]]:
    """Return the volumes of the plan's facts: those of an instance, or the one that is attached to nothing."""
    facts = stage.plan.facts
    return list(facts.get("volumes") or ([facts["volume"]] if "volume" in facts else []))


def _source(stage: Stage, which: int = -1) -> str:
    return str([v["id"] for v in planned_volumes(stage) if not v.get("encrypted")][which])


def _attachment(stage: Stage, volume: str) -> dict[str, Any] | None:
    found = stage.world.ec2.describe_volumes(VolumeIds=[volume])["Volumes"][0]["Attachments"]
    return dict(found[0]) if found else None


def _start(stage: Stage) -> Done | None:
    if stage.world.power(stage.plan.target) == "running":
        return None
    stage.box.start_by_hand(stage.plan.target)
    return Done(stage.plan.target)


def _stop_again(stage: Stage, done: Done) -> set[str]:
    if stage.world.power(stage.plan.target) == "running":
        stage.box.stop_by_hand(stage.plan.target)
        stage.world.clock.advance(A_WHILE)
    return {stage.plan.target}


def _start_and_stop(stage: Stage) -> Done | None:
    done = _start(stage)
    if done is not None:
        stage.world.clock.advance(A_WHILE)
        _stop_again(stage, done)
    return done


def _stop(stage: Stage) -> Done | None:
    if stage.world.power(stage.plan.target) != "running":
        return None
    stage.box.stop_by_hand(stage.plan.target)
    stage.world.clock.advance(A_WHILE)
    return Done(stage.plan.target)


def _start_again(stage: Stage, done: Done) -> None:
    if stage.world.power(stage.plan.target) == "stopped":
        stage.box.start_by_hand(stage.plan.target)
        stage.world.clock.advance(A_WHILE)


def _detach(stage: Stage, volume: str) -> Done | None:
    there = _attachment(stage, volume)
    if there is None or there["State"] != "attached":
        return None
    stage.world.ec2.detach_volume(VolumeId=volume)
    stage.world.clock.advance(60)
    return Done(volume, also=(there["Device"],), kept=there)


def _detach_replacement(stage: Stage) -> Done | None:
    attached = [v["VolumeId"] for v in ours(stage) if v["Attachments"]]
    return _detach(stage, attached[-1]) if attached else None


def _attach_again(stage: Stage, done: Done) -> None:
    where = {k: done.kept[k] for k in ("VolumeId", "InstanceId", "Device")}
    volume = stage.world.ec2.describe_volumes(VolumeIds=[done.to])["Volumes"][0]
    taken = stage.world.volumes(where["InstanceId"])
    if volume["State"] == "available" and where["Device"] not in taken:
        stage.world.ec2.attach_volume(**where)
        stage.world.clock.advance(60)
        if done.kept["DeleteOnTermination"]:
            _set_flag(stage, where["Device"], flag=True)


def _detach_source(stage: Stage) -> Done | None:
    return _detach(stage, _source(stage))


def _delete_snapshot(stage: Stage) -> Done | None:
    mine = [{"Name": "tag:sealift:migration", "Values": [stage.migration_now()]}]
    found = stage.world.ec2.describe_snapshots(OwnerIds=["self"], Filters=mine)["Snapshots"]
    if not found:
        return None
    newest = max(found, key=lambda s: (s["StartTime"], s["SnapshotId"]))["SnapshotId"]
    stage.world.ec2.delete_snapshot(SnapshotId=newest)
    return Done(newest)


def _delete_replacement(stage: Stage) -> Done | None:
    free = [v["VolumeId"] for v in ours(stage) if v["State"] == "available"]
    if not free:
        return None
    stage.world.ec2.delete_volume(VolumeId=free[-1])
    stage.world.clock.advance(60)
    return Done(free[-1], deleted=(free[-1],))


def _janitor(stage: Stage) -> Done | None:
    """Delete every volume that is attached to nothing, whoever has tagged it."""
    free = [v["VolumeId"] for v in stage.world.all_volumes().values() if v["State"] == "available"]
    for volume in free:
        stage.world.ec2.delete_volume(VolumeId=volume)
    stage.world.clock.advance(60)
    return Done(free[-1], also=tuple(free), deleted=tuple(free)) if free else None


def _flag(stage: Stage) -> Done | None:
    """Turn DeleteOnTermination of whatever is attached last at a planned device to what it was not."""
    attached = [(d, v) for d, v in stage.world.volumes(stage.plan.target).items() if v["Attachments"]]
    if not attached:
        return None
    device, volume = max(attached)
    (now,) = volume["Attachments"]
    _set_flag(stage, device, flag=not now["DeleteOnTermination"])
    return Done(volume["VolumeId"], also=(device,), kept={"device": device, "was": now["DeleteOnTermination"]})


def _set_flag(stage: Stage, device: str, *, flag: bool) -> None:
    mapping = [{"DeviceName": device, "Ebs": {"DeleteOnTermination": flag}}]
    stage.world.ec2.modify_instance_attribute(InstanceId=stage.plan.target, BlockDeviceMappings=mapping)


def _flag_back(stage: Stage, done: Done) -> None:
    if done.kept["device"] in stage.world.volumes(stage.plan.target):
        _set_flag(stage, done.kept["device"], flag=done.kept["was"])


def _terminate(stage: Stage) -> Done | None:
    gone = [v["VolumeId"] for v in stage.world.volumes(stage.plan.target).values()]
    stage.world.ec2.terminate_instances(InstanceIds=[stage.plan.target])
    stage.world.clock.advance(A_WHILE)
    left = stage.world.all_volumes()
    return Done(stage.plan.target, deleted=tuple(v for v in gone if v not in left))


def _disable_key(stage: Stage) -> Done | None:
    stage.box.disable_key(stage.world.key)
    return Done(stage.world.key, also=(KEY, stage.world.key.rpartition("/")[2]))


def _enable_key(stage: Stage, done: Done) -> None:
    stage.box.enable_key(stage.world.key)
    stage.world.clock.advance(60)


def _add_volume(stage: Stage) -> Done | None:
    made = stage.world.ec2.create_volume(AvailabilityZone=f"{REGION}a", Size=5, VolumeType="gp3")["VolumeId"]
    stage.world.clock.advance(60)
    stage.world.ec2.attach_volume(VolumeId=made, InstanceId=stage.plan.target, Device="/dev/sdp")
    stage.world.clock.advance(60)
    stage.before["volumes"][made] = {}
    there = {"VolumeId": made, "InstanceId": stage.plan.target, "Device": "/dev/sdp"}
    return Done(made, kept=there)


def _take_volume_off(stage: Stage, done: Done) -> None:
    if _attachment(stage, done.to) is None:
        return
    stage.invariants.by_hand.add(place(done.kept["InstanceId"], done.kept["Device"]))  # what was on it they do without
    stage.world.ec2.detach_volume(VolumeId=done.to)
    stage.world.clock.advance(60)
    stage.world.ec2.delete_volume(VolumeId=done.to)
    stage.world.clock.advance(60)


def _untag(stage: Stage) -> Done | None:
    """Take every tag of ours off the last source: a robot that keeps tags tidy."""
    volume = _source(stage)
    found = stage.world.ec2.describe_volumes(VolumeIds=[volume])["Volumes"][0].get("Tags", [])
    ours = [t for t in found if t["Key"].startswith("sealift:")]
    if not ours:
        return None
    stage.world.ec2.delete_tags(Resources=[volume], Tags=[{"Key": t["Key"]} for t in ours])
    return Done(volume, kept={"tags": ours})


def _tag_again(stage: Stage, done: Done) -> None:
    stage.world.ec2.create_tags(Resources=[done.to], Tags=done.kept["tags"])


def _faster(stage: Stage) -> Done | None:
    """Give the last source more IOPS, as whoever watches a dashboard might."""
    volume = _source(stage)
    stage.world.ec2.modify_volume(VolumeId=volume, Iops=9000)
    stage.world.clock.advance(60)
    return Done(volume)


def _attach_source(stage: Stage) -> Done | None:
    """Attach a volume that nobody had to another box, which runs and writes to it from then on."""
    volume = _source(stage)
    if _attachment(stage, volume) is not None:
        return None
    there = {"VolumeId": volume, "InstanceId": _neighbour(stage), "Device": "/dev/sdp"}
    stage.world.ec2.attach_volume(**there)
    stage.world.clock.advance(60)
    return Done(volume, also=(there["InstanceId"],), kept=there)


def _neighbour(stage: Stage) -> str:
    found = stage.world.ec2.describe_instances(Filters=[{"Name": "tag:Name", "Values": ["neighbour"]}])
    return str(found["Reservations"][0]["Instances"][0]["InstanceId"])


def _detach_again(stage: Stage, done: Done) -> None:
    if _attachment(stage, done.to) is not None:
        stage.world.ec2.detach_volume(VolumeId=done.to)
        stage.world.clock.advance(60)


def _delete_source(stage: Stage) -> Done | None:
    volume = _source(stage)
    stage.world.ec2.delete_volume(VolumeId=volume)
    stage.world.clock.advance(60)
    return Done(volume, deleted=(volume,))


def _policy(stage: Stage) -> Done | None:
    """Let Data Lifecycle Manager snapshot everything of ours and of the instance every hour, beginning at once."""
    tags = [{"Key": "sealift:migration", "Value": stage.migration_now()}, {"Key": "Name", "Value": "data"}]
    details = {
        "ResourceTypes": ["VOLUME"],
        "TargetTags": tags,
        "Schedules": [
            {
                "Name": "hourly",
                "CopyTags": True,
                "CreateRule": {"Interval": 1, "IntervalUnit": "HOURS"},
                "RetainRule": {"Count": 2},
            }
        ],
    }
    made = stage.box.client("dlm").create_lifecycle_policy(
        ExecutionRoleArn="arn:aws:iam::123456789012:role/dlm",
        Description="hourly",
        State="ENABLED",
        PolicyDetails=details,
    )["PolicyId"]
    stage.world.clock.advance(3700)
    return Done(made)


def _scheduler(stage: Stage) -> Done | None:
    """Let a scheduler turn the instance to what it is not: stopped in the evening, started in the morning."""
    stopped = stage.world.power(stage.plan.target) == "stopped"
    done = _start(stage) if stopped else _stop(stage)
    return None if done is None else replace(done, kept={"started": stopped})


def _scheduler_back(stage: Stage, done: Done) -> set[str] | None:
    return _stop_again(stage, done) if done.kept["started"] else _start_again(stage, done)


EBS_DEEDS = (
    Deed("starts the instance by hand", _start, undo=_stop_again, power=True),
    Deed("starts and stops the instance", _start_and_stop, power=True),
    Deed("stops the instance", _stop, undo=_start_again, power=True),
    Deed("detaches our replacement", _detach_replacement, undo=_attach_again, disk=True),
    Deed("detaches a source", _detach_source, undo=_attach_again, disk=True, harmless=True),
    Deed("deletes our snapshot", _delete_snapshot, on=VOLUMES, harmless=True),
    Deed("deletes our replacement", _delete_replacement, on=VOLUMES, harmless=True),
    Deed("a janitor deletes unattached volumes", _janitor, on=VOLUMES, final=True, disk=True),
    Deed("changes DeleteOnTermination", _flag, undo=_flag_back, harmless=True),
    Deed("terminates the instance", _terminate, power=True, final=True),
    Deed("disables the key", _disable_key, on=VOLUMES, undo=_enable_key, harmless=True),
    Deed("adds a volume after the plan", _add_volume, undo=_take_volume_off),
    Deed("takes our tags off a source", _untag, on=VOLUMES, undo=_tag_again, harmless=True),
    Deed("changes a source's IOPS", _faster, on=VOLUMES, harmless=True),
    Deed("Data Lifecycle Manager snapshots", _policy, on=VOLUMES, harmless=True),
    Deed("a scheduler starts or stops", _scheduler, undo=_scheduler_back, power=True),
    Deed("attaches the source", _attach_source, on=(LOOSE,), undo=_detach_again),
    Deed("deletes the source", _delete_source, on=(LOOSE,), final=True),
)


# -- databases -----------------------------------------------------------------------------------------------------------


def _rds(stage: Stage) -> Any:
    return stage.box.client("rds", REGION)


def cluster(stage: Stage) -> bool:
    """Tell whether the target is a cluster."""
    return stage.plan.kind == AURORA


def database(stage: Stage, name: str) -> dict[str, Any] | None:
    """Return the database of this name, or None."""
    rds, of = _rds(stage), {"DBClusterIdentifier" if cluster(stage) else "DBInstanceIdentifier": name}
    with suppress(ClientError):
        found = rds.describe_db_clusters(**of) if cluster(stage) else rds.describe_db_instances(**of)
        return dict(next(iter(found["DBClusters" if cluster(stage) else "DBInstances"])))
    return None


def _modify(stage: Stage, name: str, **changes: Any) -> None:
    if cluster(stage):
        changes = {k.replace("Instance", "Cluster"): v for k, v in changes.items()}
        _rds(stage).modify_db_cluster(DBClusterIdentifier=name, ApplyImmediately=True, **changes)
    else:
        _rds(stage).modify_db_instance(DBInstanceIdentifier=name, ApplyImmediately=True, **changes)
    stage.world.clock.advance(A_WHILE)


def _rename(stage: Stage) -> Done | None:
    """Give the database whose name is the target's another one."""
    there, other = database(stage, stage.plan.target), f"{stage.plan.target}-{BY_HAND}"
    if there is None:
        return None
    _modify(stage, stage.plan.target, NewDBInstanceIdentifier=other)
    return Done(stage.plan.target, also=(other,), kept={"other": other})


def _name_back(stage: Stage, done: Done) -> None:
    if database(stage, done.to) is None and database(stage, done.kept["other"]) is not None:
        _modify(stage, done.kept["other"], NewDBInstanceIdentifier=done.to)


def _delete_db_snapshot(stage: Stage) -> Done | None:
    rds, of = _rds(stage), "Cluster" if cluster(stage) else ""
    found = getattr(rds, f"describe_db_{'cluster_' if of else ''}snapshots")(SnapshotType="manual")[f"DB{of}Snapshots"]
    mine = {"Key": "sealift:migration", "Value": stage.migration_now()}
    ours = [s[f"DB{of}SnapshotIdentifier"] for s in found if mine in s.get("TagList", ())]
    if not ours:
        return None
    getattr(rds, f"delete_db_{'cluster_' if of else ''}snapshot")(**{f"DB{of}SnapshotIdentifier": ours[-1]})
    stage.world.clock.advance(60)
    return Done(ours[-1])


def _restored(stage: Stage) -> list[dict[str, Any]]:
    mine = {"Key": "sealift:migration", "Value": stage.migration_now()}
    found = _rds(stage).describe_db_instances()["DBInstances"]
    return [d for d in found if mine in d.get("TagList", ()) and d.get("StorageEncrypted")]


def _delete_restored(stage: Stage) -> Done | None:
    """Delete an encrypted instance of ours that does not bear the target's name yet."""
    ours = [d["DBInstanceIdentifier"] for d in _restored(stage) if d["DBInstanceIdentifier"] != stage.plan.target]
    if not ours:
        return None
    _rds(stage).delete_db_instance(DBInstanceIdentifier=ours[0], SkipFinalSnapshot=True)
    stage.world.clock.advance(A_WHILE)
    return Done(ours[0], also=(stage.plan.target,))


def _lift_fence(stage: Stage) -> Done | None:
    """Give whatever bears the target's name the groups back that it had when the plan was made."""
    there = database(stage, stage.plan.target)
    had = [g["VpcSecurityGroupId"] for g in stage.plan.facts["described"]["VpcSecurityGroups"]]
    if there is None or {g["VpcSecurityGroupId"] for g in there["VpcSecurityGroups"]} == set(had):
        return None
    _modify(stage, stage.plan.target, VpcSecurityGroupIds=had)
    return Done(stage.plan.target)


def _reboot(stage: Stage) -> Done | None:
    if cluster(stage):
        return None
    _rds(stage).reboot_db_instance(DBInstanceIdentifier=stage.plan.target)
    stage.world.clock.advance(A_WHILE)
    return Done(stage.plan.target)


def _stop_db(stage: Stage) -> Done | None:
    rds, of = _rds(stage), "Cluster" if cluster(stage) else "Instance"
    getattr(rds, f"stop_db_{of.lower()}")(**{f"DB{of}Identifier": stage.plan.target})
    stage.world.clock.advance(A_WHILE)
    return Done(stage.plan.target)


def _start_db(stage: Stage, done: Done) -> None:
    of = "Cluster" if cluster(stage) else "Instance"
    with suppress(ClientError):
        getattr(_rds(stage), f"start_db_{of.lower()}")(**{f"DB{of}Identifier": done.to})
    stage.world.clock.advance(A_WHILE)


def _add_replica(stage: Stage) -> Done | None:
    """Make a read replica of the source; one of its replacement is nobody's business."""
    there = database(stage, stage.plan.target)
    if cluster(stage) or there is None or there["StorageEncrypted"]:
        return None
    _rds(stage).create_db_instance_read_replica(
        DBInstanceIdentifier=BY_HAND, SourceDBInstanceIdentifier=stage.plan.target
    )
    stage.world.clock.advance(2 * A_WHILE)
    stage.before.setdefault("instances", {})[BY_HAND] = {}
    return Done(BY_HAND)


def _no_replica(stage: Stage, done: Done) -> None:
    with suppress(ClientError):
        _rds(stage).delete_db_instance(DBInstanceIdentifier=done.to, SkipFinalSnapshot=True)
    stage.world.clock.advance(A_WHILE)


def _enable_key_and_start(stage: Stage, done: Done) -> None:
    """RDS has stopped what it could not read; what keeps no backups is lost to it for good (R-RDS-34)."""
    _enable_key(stage, done)
    there = database(stage, stage.plan.target)
    state = str(there and (there.get("DBInstanceStatus") or there["Status"]))
    if state.endswith("-recoverable"):
        _start_db(stage, Done(stage.plan.target))
    done.for_good = state == "inaccessible-encryption-credentials"


DATABASE = (RDS, AURORA)
DB_DEEDS = (
    Deed("renames the database", _rename, on=DATABASE, undo=_name_back, power=True),
    Deed("deletes our database snapshot", _delete_db_snapshot, on=DATABASE, harmless=True),
    Deed("deletes the restored database", _delete_restored, on=DATABASE, harmless=True),
    Deed("gives the database its groups back", _lift_fence, on=DATABASE, power=True, passes=True, harmless=True),
    Deed("reboots the database", _reboot, on=(RDS,), power=True, passes=True, harmless=True),
    Deed("stops the database", _stop_db, on=DATABASE, undo=_start_db, power=True),
    Deed("adds a replica after the plan", _add_replica, on=(RDS,), undo=_no_replica),
    Deed(
        "disables the key of the database",
        _disable_key,
        on=DATABASE,
        undo=_enable_key_and_start,
        power=True,
        harmless=True,
    ),
)


def done_by(deed: Deed, stage: Stage) -> Done | None:
    """Do a deed; None where it cannot be done at this moment, or AWS refuses it."""
    with suppress(ApiError, ClientError):
        return deed.do(stage)
    return None
