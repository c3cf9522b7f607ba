"""What surrounds the volumes of an account in a Region: the defaults, what backs them up, what watches them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sealift.errors import AccessDenied, CallError, NotSupported, Retry
from sealift.kind import Read
from sealift.step import Call
from sealift.surroundings import maybe

TAG_CONDITION = "aws:ResourceTag/"

PAGE = 500
"""An unpaged Describe draws on the smaller bucket and times out (R-EBS-84)."""


async def described(read: Read, operation: str, **params: Any) -> dict[str, Any]:
    """Describe with what AWS services manage, else hidden (R-EBS-04); without it where that parameter is not known."""
    try:
        return await read(Call(operation, {**params, "IncludeManagedResources": True}))
    except CallError as error:
        if error.retry is not Retry.REFUSED or isinstance(error, AccessDenied | NotSupported):
            raise
    return await read(Call(operation, params))


async def encryption_by_default(read: Read) -> tuple[bool | None, str | None]:
    """Return whether new volumes are encrypted by default, and under which key (R-EBS-70)."""
    switch = await maybe(read, "ec2:GetEbsEncryptionByDefault")
    key = await maybe(read, "ec2:GetEbsDefaultKmsKeyId")
    return (bool(switch["EbsEncryptionByDefault"]) if switch else None), (key.get("KmsKeyId") if key else None)


async def zone_type(read: Read, zone: str) -> str:
    """Return availability-zone, local-zone or wavelength-zone."""
    reply = await maybe(read, "ec2:DescribeAvailabilityZones")
    found = [z.get("ZoneType") for z in (reply or {}).get("AvailabilityZones", ()) if z.get("ZoneName") == zone]
    return str(found[0]) if found and found[0] else "availability-zone"


async def alarms_on(read: Read, volumes: Iterable[str]) -> tuple[str, ...] | None:
    """Return the names of metric alarms with one of these volumes in a dimension; CloudWatch has no filter for that."""
    reply = await maybe(read, "cloudwatch:DescribeAlarms", AlarmTypes=["MetricAlarm"])
    if reply is None:
        return None
    wanted = set(volumes)
    return tuple(sorted(a["AlarmName"] for a in reply.get("MetricAlarms", ()) if wanted & _volumes_of(a)))


def _volumes_of(alarm: Mapping[str, Any]) -> set[str]:
    metrics = [m.get("MetricStat", {}).get("Metric", {}) for m in alarm.get("Metrics", ())]
    dimensions = [d for metric in (alarm, *metrics) for d in metric.get("Dimensions", ())]
    return {d["Value"] for d in dimensions if d["Name"] == "VolumeId"}


@dataclass(frozen=True)
class Backups:
    """How DLM and AWS Backup choose what they back up; `unread` names the services that could not be asked."""

    tag_keys: tuple[str, ...] = ()
    named: tuple[tuple[str, str], ...] = ()  # (volume id, plan and selection)
    default_policies: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()

    @property
    def selectors(self) -> tuple[str, ...] | None:
        """Tag keys, or None where neither service could be asked."""
        return None if len(self.unread) > 1 else self.tag_keys

    def naming(self, volumes: Iterable[str]) -> tuple[str, ...] | None:
        """Return the selections of AWS Backup that name one of these volumes by its ARN."""
        wanted = set(volumes)
        return None if "backup" in self.unread else tuple(sorted({where for v, where in self.named if v in wanted}))


async def backups(read: Read) -> Backups:
    """Read what selects volumes for DLM and AWS Backup in the Region (R-EBS-45)."""
    dlm, plans = await _lifecycle_policies(read), await _backup_selections(read)
    unread = tuple(name for name, found in (("dlm", dlm), ("backup", plans)) if found is None)
    both = [*(dlm or ()), *(plans or ())]
    return Backups(
        tag_keys=tuple(sorted({k for b in both for k in b.tag_keys})),
        named=tuple(sorted({n for b in both for n in b.named})),
        default_policies=tuple(sorted({p for b in both for p in b.default_policies})),
        unread=unread,
    )


async def _lifecycle_policies(read: Read) -> list[Backups] | None:
    summaries = await _summaries(read)
    if summaries is None:
        return None
    found = []
    for summary in summaries:
        if summary.get("DefaultPolicy"):
            found.append(Backups(default_policies=(summary["PolicyId"],)))
            continue
        reply = await maybe(read, "dlm:GetLifecyclePolicy", PolicyId=summary["PolicyId"])
        if reply is None:
            return None
        details = reply.get("Policy", {}).get("PolicyDetails", {})
        found.append(Backups(tag_keys=tuple(t["Key"] for t in details.get("TargetTags", ()))))
    return found


async def _summaries(read: Read) -> list[Mapping[str, Any]] | None:
    custom = await maybe(read, "dlm:GetLifecyclePolicies")
    if custom is None:
        return None
    default = await maybe(read, "dlm:GetLifecyclePolicies", DefaultPolicyType="ALL") or {}
    listed = {p["PolicyId"]: p for reply in (custom, default) for p in reply.get("Policies", ())}
    return [p for p in listed.values() if p.get("State") != "DISABLED"]


async def _backup_selections(read: Read) -> list[Backups] | None:
    plans = await maybe(read, "backup:ListBackupPlans")
    if plans is None:
        return None
    found = []
    for plan in plans.get("BackupPlansList", ()):
        chosen = await maybe(read, "backup:ListBackupSelections", BackupPlanId=plan["BackupPlanId"])
        for selection in (chosen or {}).get("BackupSelectionsList", ()):
            ids = {"BackupPlanId": plan["BackupPlanId"], "SelectionId": selection["SelectionId"]}
            reply = await maybe(read, "backup:GetBackupSelection", **ids)
            if reply is None:
                return None
            found.append(_selection(plan.get("BackupPlanName", ""), reply["BackupSelection"]))
        if chosen is None:
            return None
    return found


def _selection(plan: str, body: Mapping[str, Any]) -> Backups:
    conditions = [c for group in (body.get("Conditions") or {}).values() for c in group or ()]
    keys = [c["ConditionKey"].removeprefix(TAG_CONDITION) for c in (*(body.get("ListOfTags") or ()), *conditions)]
    volumes = [arn.rsplit("/", 1)[1] for arn in body.get("Resources") or () if ":volume/vol-" in arn]
    where = f"{plan}/{body.get('SelectionName', '')}"
    return Backups(tag_keys=tuple(keys), named=tuple((v, where) for v in volumes if "*" not in v))
