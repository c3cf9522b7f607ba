"""AWS Backup: plans that back up what their selections name, recovery points, and their retention (SB-BAK-*)."""

import uuid
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple

from moto.backup.models import backup_backends

from sealift.sandbox.ec2 import snapshots as ebs
from sealift.sandbox.ec2 import tagging
from sealift.sandbox.errors import ApiError
from sealift.sandbox.iam.matching import wild
from sealift.sandbox.rds import snapshots as rds
from sealift.sandbox.rds.state import books
from sealift.sandbox.services import dlm, recurring, schedules
from sealift.sandbox.world import Call, World, iso

SERVICE = "backup.amazonaws.com"
DEFAULT_CRON = "cron(0 5 ? * * *)"
_FOREVER = 400 * dlm.DAY_S
"""Without retention a leap of the clock makes no more than this span's backups."""


class Found(NamedTuple):
    """A resource that a plan may back up."""

    arn: str
    kind: str
    tags: Mapping[str, str]
    record: Any


def create_selection(world: World, call: Call) -> dict[str, Any]:
    """CreateBackupSelection: the plan's rules begin to run for it."""
    plan = _plan(call)
    selection_id, plan_id = world.new_id("selection"), call.params["BackupPlanId"]
    selection = {**call.params, "SelectionId": selection_id, "CreationDate": iso(call.at)}
    known = world.documents(call, f"backup:{plan_id}")
    known[selection_id] = selection
    place = Call("backup", "Run", {}, call.account, call.region, call.at)

    def alive() -> bool:
        return known.get(selection_id) is selection and plan.deletion_date is None

    for rule in plan.backup_plan.get("Rules", []):
        following = partial(schedules.after_cron, rule.get("ScheduleExpression", DEFAULT_CRON))
        act = partial(_start, world, place, plan, rule, selection)
        recurring.start(world, call.at, following, alive, act, _kept(rule) or _FOREVER)
    return {"SelectionId": selection_id, "BackupPlanId": plan_id, "CreationDate": iso(call.at)}


def _plan(call: Call) -> Any:
    plan = backup_backends[call.account][call.region].plans.get(call.params["BackupPlanId"])
    if plan is None:
        raise ApiError("SB-BAK-03", "ResourceNotFoundException", "Cannot find Backup plan with provided id", 400)
    return plan


def _kept(rule: Mapping[str, Any]) -> float:
    return float(rule.get("Lifecycle", {}).get("DeleteAfterDays", 0) * dlm.DAY_S)


def _start(world: World, place: Call, plan: Any, rule: Mapping[str, Any], selection: dict[str, Any], at: float) -> None:
    """Begin the jobs somewhere in the start window."""
    due = at + world.durations.backup_start_s
    world.agenda.at(due, lambda now: _back_up(world, place, plan, rule, selection, now))


def _back_up(world: World, place: Call, plan: Any, rule: Mapping[str, Any], selection: Any, at: float) -> None:
    for found in _resources(world, place):
        if _selected(selection["BackupSelection"], found):
            point = _point_of(world, place, rule, found, at)
            if point:
                _enter(world, place, plan, rule, selection, found, point, at)


def _resources(world: World, place: Call) -> Iterator[Found]:
    prefix = f"{place.region}:{place.account}"
    for volume in list(world.here(place).volumes.values()):
        if volume.state in ("available", "in-use"):
            tags = {t["Key"]: t["Value"] for t in tagging.shown(place.account, place.region, volume.id)}
            yield Found(f"arn:aws:ec2:{prefix}:volume/{volume.id}", "EBS", tags, volume)
    for db in list(books(world, place.account, place.region).databases.values()):
        if not db.cluster and db.state == "available":
            yield Found(db.arn, "RDS", db.tags, db)


def _selected(selection: Mapping[str, Any], found: Found) -> bool:
    """Judge a resource: by ARN and all conditions, or by one of the tags; what is excluded is out (SB-BAK-01)."""
    if any(wild(pattern, found.arn) for pattern in selection.get("NotResources", [])):
        return False
    if any(found.tags.get(_key(c)) == c["ConditionValue"] for c in selection.get("ListOfTags", [])):
        return True
    named = [wild(pattern, found.arn) for pattern in selection.get("Resources", [])]
    conditions = {k: v for k, v in selection.get("Conditions", {}).items() if v}
    if not named and not conditions:
        return not selection.get("ListOfTags")
    return (any(named) if named else True) and all(
        _holds(kind, c, found) for kind, cs in conditions.items() for c in cs
    )


def _key(condition: Mapping[str, str]) -> str:
    return condition["ConditionKey"].removeprefix("aws:ResourceTag/")


def _holds(kind: str, condition: Mapping[str, str], found: Found) -> bool:
    value, wanted = found.tags.get(_key(condition)), condition["ConditionValue"]
    met = value is not None and (wild(wanted, value) if kind.endswith("Like") else value == wanted)
    return met != ("Not" in kind)


def _point_of(world: World, place: Call, rule: Mapping[str, Any], found: Found, at: float) -> str | None:
    """Take the backup; return the recovery point's ARN. The resource's tags go with it (SB-BAK-02)."""
    tags = {**dlm.user_tags(found.tags), **rule.get("RecoveryPointTags", {})}
    if found.kind == "EBS":
        own = {"aws:backup:source-resource": found.arn}
        what = "This snapshot is created by the AWS Backup service."
        name = dlm.take_snapshot(world, place, found.record, tags, own, what, at, SERVICE)
        return f"arn:aws:ec2:{place.region}::snapshot/{name}" if name else None
    job = uuid.UUID(int=world.rng.getrandbits(128))
    call = Call("rds", "CreateDBSnapshot", {}, place.account, place.region, at, by=SERVICE)
    shot = rds.shoot(world, call, found.record, f"awsbackup:job-{job}", tags, "awsbackup")
    world.log.append(call.event())
    return str(shot.arn)


def _enter(
    world: World, place: Call, plan: Any, rule: Mapping[str, Any], selection: Any, found: Found, arn: str, at: float
) -> None:
    kept, vault = _kept(rule), rule["TargetBackupVaultName"]
    point = {
        "RecoveryPointArn": arn,
        "BackupVaultName": vault,
        "BackupVaultArn": f"arn:aws:backup:{place.region}:{place.account}:backup-vault:{vault}",
        "ResourceArn": found.arn,
        "ResourceType": found.kind,
        "CreatedBy": {
            "BackupPlanId": plan.backup_plan_id,
            "BackupPlanArn": plan.backup_plan_arn,
            "BackupPlanVersion": plan.version_id,
            "BackupRuleName": rule["RuleName"],
        },
        "IamRoleArn": selection["BackupSelection"]["IamRoleArn"],
        "CreationDate": iso(at),
        "Lifecycle": dict(rule.get("Lifecycle", {})),
        "at": at,
    }
    book = world.documents(place, "backup:points")
    book[arn] = point
    if kept:
        world.agenda.at(at + kept, lambda now: _drop(world, place, arn, now))


def _drop(world: World, place: Call, arn: str, at: float) -> None:
    """Delete a recovery point and what it is made of."""
    if world.documents(place, "backup:points").pop(arn, None) is None:
        return
    if ":snapshot/" in arn:
        dlm.delete_snapshot(world, place, arn.rsplit("/", 1)[-1], at, SERVICE)
    else:
        books(world, place.account, place.region).snapshots.pop(arn.rsplit(":snapshot:", 1)[-1], None)


def _shown(world: World, call: Call, point: Mapping[str, Any]) -> dict[str, Any]:
    name, here = point["RecoveryPointArn"], world.here(call)
    if ":snapshot/" in name:
        shot: Any = here.snapshots.get(name.rsplit("/", 1)[-1])
        done, key = shot is not None and shot.state == "completed", shot.kms_key if shot else None
    else:
        shot = books(world, call.account, call.region).snapshots.get(name.rsplit(":snapshot:", 1)[-1])
        done, key = shot is not None and shot.state == "available", shot.storage.key if shot else None
    status = {"Status": "COMPLETED" if done else "CREATING", "IsEncrypted": key is not None, "EncryptionKeyArn": key}
    return {k: v for k, v in {**point, **status}.items() if v is not None and k != "at"}


def by_resource(world: World, call: Call) -> dict[str, Any]:
    """ListRecoveryPointsByResource: the newest first."""
    wanted = call.params["ResourceArn"]
    points = [p for p in world.documents(call, "backup:points").values() if p["ResourceArn"] == wanted]
    return {"RecoveryPoints": [_shown(world, call, p) for p in reversed(points)]}


def by_vault(world: World, call: Call) -> dict[str, Any]:
    """ListRecoveryPointsByBackupVault, by resource, kind or plan."""
    params = call.params
    tests = {"ByResourceArn": "ResourceArn", "ByResourceType": "ResourceType"}
    points = [
        p
        for p in world.documents(call, "backup:points").values()
        if p["BackupVaultName"] == params["BackupVaultName"]
        and all(params.get(asked) in (None, p[member]) for asked, member in tests.items())
        and params.get("ByBackupPlanId") in (None, p["CreatedBy"]["BackupPlanId"])
    ]
    return {"RecoveryPoints": [_shown(world, call, p) for p in reversed(points)]}


def delete_point(world: World, call: Call) -> dict[str, Any]:
    """DeleteRecoveryPoint: with the snapshot that it is."""
    if call.params["RecoveryPointArn"] not in world.documents(call, "backup:points"):
        raise ApiError("SB-BAK-03", "ResourceNotFoundException", "Cannot find recovery point.", 400)
    _drop(world, call, call.params["RecoveryPointArn"], call.at)
    return {}


def protected(world: World, call: Call) -> dict[str, Any]:
    """ListProtectedResources: what has recovery points."""
    newest = {p["ResourceArn"]: p for p in world.documents(call, "backup:points").values()}
    members = {"LastBackupVaultArn": "BackupVaultArn", "LastRecoveryPointArn": "RecoveryPointArn"}
    return {
        "Results": [
            {
                "ResourceArn": p["ResourceArn"],
                "ResourceType": p["ResourceType"],
                "LastBackupTime": p["CreationDate"],
                **{shown: p[member] for shown, member in members.items()},
            }
            for p in newest.values()
        ]
    }


def selections(world: World, call: Call) -> dict[str, Any]:
    """ListBackupSelections."""
    plan, members = call.params["BackupPlanId"], ("SelectionName", "IamRoleArn")
    found = world.documents(call, f"backup:{plan}").values()
    shown = [
        {
            "SelectionId": s["SelectionId"],
            "BackupPlanId": plan,
            "CreationDate": s["CreationDate"],
            **{k: s["BackupSelection"][k] for k in members if k in s["BackupSelection"]},
        }
        for s in found
    ]
    return {"BackupSelectionsList": shown}


def _known(world: World, call: Call) -> dict[str, Any]:
    found = world.documents(call, f"backup:{call.params['BackupPlanId']}").get(call.params["SelectionId"])
    if found is None:
        raise ApiError("SB-BAK-03", "ResourceNotFoundException", "The selection does not exist.", 400)
    return found


def selection(world: World, call: Call) -> dict[str, Any]:
    """GetBackupSelection."""
    return dict(_known(world, call))


def delete_selection(world: World, call: Call) -> dict[str, Any]:
    """DeleteBackupSelection: no more backups; those taken stay."""
    _known(world, call)
    del world.documents(call, f"backup:{call.params['BackupPlanId']}")[call.params["SelectionId"]]
    return {}


def delete_snapshot(world: World, call: Call) -> dict[str, Any]:
    """EC2's DeleteSnapshot: not of a recovery point, which only AWS Backup deletes (SB-BAK-04)."""
    name = call.params.get("SnapshotId", "")
    if f"arn:aws:ec2:{call.region}::snapshot/{name}" in world.documents(call, "backup:points"):
        message = f"This snapshot is managed by the AWS Backup service and cannot be deleted via EC2 APIs: {name}"
        raise ApiError("SB-BAK-04", "InvalidParameterValue", message)
    return ebs.delete(world, call)


OPERATIONS = {
    "backup:CreateBackupSelection": create_selection,
    "backup:ListBackupSelections": selections,
    "backup:GetBackupSelection": selection,
    "backup:DeleteBackupSelection": delete_selection,
    "backup:ListRecoveryPointsByResource": by_resource,
    "backup:ListRecoveryPointsByBackupVault": by_vault,
    "backup:DeleteRecoveryPoint": delete_point,
    "backup:ListProtectedResources": protected,
    "ec2:DeleteSnapshot": delete_snapshot,
}
