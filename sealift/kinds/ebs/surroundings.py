"""What surrounds the volumes of an account in a Region: the key, the defaults, what backs them up, what watches them.

These reads are the same for every target: a run over many wraps its door in `Surroundings`, and sends each once.
"""

import json
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from sealift.errors import AccessDenied, CallError, CredentialsLost, NotSupported, Retry
from sealift.kind import Read
from sealift.kinds.ebs import key_policy
from sealift.kinds.ebs.facts import KeyFacts
from sealift.step import Call

Reply = dict[str, Any]
T = TypeVar("T")

SHARED = frozenset(
    {
        "kms:DescribeKey",
        "kms:GetKeyPolicy",
        "ec2:GetEbsEncryptionByDefault",
        "ec2:GetEbsDefaultKmsKeyId",
        "ec2:DescribeAvailabilityZones",
        "ec2:DescribeInstanceTypes",
        "dlm:GetLifecyclePolicies",
        "dlm:GetLifecyclePolicy",
        "backup:ListBackupPlans",
        "backup:ListBackupSelections",
        "backup:GetBackupSelection",
        "cloudwatch:DescribeAlarms",
        "service-quotas:ListServiceQuotas",
        "service-quotas:ListAWSDefaultServiceQuotas",
    }
)
"""Reads whose answer does not depend on the target."""

NEEDED = frozenset({"ec2:DescribeInstances", "ec2:DescribeVolumes"})
"""Without these there are no facts at all; any other is not asked again once it gave no answer (an emulator without
it).
"""

TAG_CONDITION = "aws:ResourceTag/"

PAGE = 500
"""An unpaged Describe draws on the smaller bucket and times out (R-EBS-84)."""


class Surroundings:
    """A door to one Region that remembers what is the same for every target, refusals and silence too.

    Two targets that ask at the same moment may both send the read: nobody waits for another's answer.
    """

    def __init__(self, read: Read) -> None:
        self._read = read
        self._answers: dict[str, Reply | CallError] = {}
        self._silent: dict[str, CallError] = {}
        self._known: dict[str, Any] = {}
        self.planned: Counter[tuple[str, str]] = Counter()
        """What the replacements of the targets seen so far take, by volume type and unit."""

    async def __call__(self, call: Call) -> Reply:
        """Read, or answer from memory."""
        if call.operation in self._silent:
            raise self._silent[call.operation]
        if call.operation not in SHARED:
            return await self._once(call)
        question = f"{call.operation} {json.dumps(call.params, sort_keys=True)}"
        if question not in self._answers:
            self._answers[question] = await self._ask(call)
        answer = self._answers[question]
        if isinstance(answer, CallError):
            raise answer
        return answer

    async def once(self, name: str, ask: Callable[[], Awaitable[T]]) -> T:
        """Return what `ask` came to the first time: for what is drawn from long lists, which are not kept."""
        if name not in self._known:
            self._known[name] = await ask()
        found: T = self._known[name]
        return found

    async def _once(self, call: Call) -> Reply:
        try:
            return await self._read(call)
        except CallError as error:
            silent = error.retry is Retry.TRANSIENT or isinstance(error, NotSupported)
            if silent and call.operation not in NEEDED:
                self._silent[call.operation] = error
            raise

    async def _ask(self, call: Call) -> Reply | CallError:
        try:
            return await self._once(call)
        except CredentialsLost:
            raise
        except CallError as error:
            return error


async def maybe(read: Read, operation: str, **params: Any) -> Reply | None:
    """Return the answer, or None where it is denied, unknown or does not come: that fact is *not evaluated*.

    Raises:
        CredentialsLost: no read will work any more.

    """
    try:
        return await read(Call(operation, params))
    except CredentialsLost:
        raise
    except CallError:
        return None


async def described(read: Read, operation: str, **params: Any) -> dict[str, Any]:
    """Describe with what AWS services manage, else hidden (R-EBS-04); without it where that parameter is not known."""
    try:
        return await read(Call(operation, {**params, "IncludeManagedResources": True}))
    except CallError as error:
        if error.retry is not Retry.REFUSED or isinstance(error, AccessDenied | NotSupported):
            raise
    return await read(Call(operation, params))


async def key_facts(read: Read, wanted: str) -> KeyFacts:
    """Return the wanted key as KMS describes it; an alias becomes the ARN here, once (R-EBS-51)."""
    if not wanted:
        return KeyFacts("", error="no key was named")
    try:
        reply = await read(Call("kms:DescribeKey", {"KeyId": wanted}))
    except CredentialsLost:
        raise
    except CallError as error:
        return KeyFacts(wanted, error=error.message)
    meta: Mapping[str, Any] = reply["KeyMetadata"]
    valid_to = meta.get("ValidTo")
    facts = KeyFacts(
        wanted,
        arn=meta["Arn"],
        state=meta.get("KeyState", ""),
        spec=meta.get("KeySpec") or meta.get("CustomerMasterKeySpec", ""),
        usage=meta.get("KeyUsage") or "ENCRYPT_DECRYPT",  # CreateKey's default: emulators leave it out
        manager=meta.get("KeyManager", ""),
        origin=meta.get("Origin", "AWS_KMS"),
        valid_to=valid_to.timestamp() if valid_to else None,
        region=meta["Arn"].split(":")[3],
    )
    return replace(facts, **await _of_the_policy(read, facts.arn))


async def _of_the_policy(read: Read, arn: str) -> dict[str, Any]:
    """Read what the policy of the key says that hits a migration (R-EBS-57, R-EBS-58); that of another account is not shown."""
    reply = await maybe(read, "kms:GetKeyPolicy", KeyId=arn, PolicyName="default")
    found = key_policy.statements(reply["Policy"]) if reply else None
    if found is None:
        return {}
    return {"bars_by_place": key_policy.bars_by_place(found, arn), "pinned": key_policy.pinned(found)}


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
