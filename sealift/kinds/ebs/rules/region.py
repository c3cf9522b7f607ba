"""Rules about the account and the Region: what encrypts by default, what backs up, what watches."""

from collections.abc import Sequence

from sealift.keys import KeyFacts
from sealift.kind import BLOCK, WARN
from sealift.kinds.ebs.facts import Room
from sealift.kinds.ebs.room import CODES, needs
from sealift.kinds.ebs.rules.judging import Facts, Finding, moving, say, unread
from sealift.options import Options

QUOTAS = "servicequotas:ListServiceQuotas and servicequotas:ListAWSDefaultServiceQuotas"
DEFAULTS = "ec2:GetEbsEncryptionByDefault and ec2:GetEbsDefaultKmsKeyId"


@moving(
    "R-EBS-77",
    "EBS user guide, Quotas for Amazon EBS; Service Quotas API reference, ListServiceQuotas",
    deep=True,
)
def has_room(facts: Facts, options: Options) -> Finding:
    """The storage and IOPS quotas of the Region hold the replacements beside their sources, which stay until finalize."""
    wanted, found = needs(facts.plain), {(r.type, r.unit): r for r in facts.room}
    full = [_short(r, wanted[unit], facts.region) for unit, r in sorted(found.items()) if wanted[unit] > r.free]
    blocked = say(BLOCK, full, "Raise the quota, finalize earlier migrations, or plan these targets later.")
    missing = [f"{kind} ({unit})" for kind, unit in sorted(set(wanted) - set(found))]
    return blocked or unread(missing, f"quota and use in {facts.region}", QUOTAS)


def _short(room: Room, need: int, region: str) -> str:
    of, before = (
        f"{room.unit} of {room.type}",
        f" and {room.planned} planned before in this run" if room.planned else "",
    )
    quota = f"the quota of {room.quota} in {region} ({CODES[room.type, room.unit]})"
    return f"{need} {of} do not fit beside {room.used} in use{before}: {quota}"


@moving(
    "R-EBS-44",
    "CloudWatch API reference, DescribeAlarms; EBS user guide, CloudWatch metrics (dimension VolumeId)",
    deep=True,
)
def alarms(facts: Facts, options: Options) -> Finding:
    """Alarms on a volume that moves are named: they watch the retained source afterwards."""
    if facts.alarms is None:
        return unread([v.id for v in facts.plain], "the alarms", "cloudwatch:DescribeAlarms")
    found = [f"alarms with the old VolumeId: {', '.join(facts.alarms)}"] if facts.alarms else []
    return say(WARN, found, "Make them anew with the id of the replacement.")


@moving("R-EBS-45", "Amazon DLM API reference, PolicyDetails; AWS Backup API reference, BackupSelection", deep=True)
def backups(facts: Facts, options: Options) -> Finding:
    """What backs up the volumes is named: tags come over, an ARN does not, and the first snapshot is a full one."""
    found = [f"AWS Backup names the old ARN in {', '.join(facts.selected_by_arn)}"] if facts.selected_by_arn else []
    if facts.default_policies:
        found.append(
            f"the DLM default policies {', '.join(facts.default_policies)} take every volume, the retained source too"
        )
    if found:
        return say(WARN, found, "Add the replacement to the selection; its first backup is a full one.")
    missing = [name for name in ("dlm", "backup") if name in facts.unread]
    return (
        unread([v.id for v in facts.plain], f"the backup policies ({', '.join(missing)})", _operations(missing))
        if missing
        else None
    )


def _operations(services: Sequence[str]) -> str:
    return " and ".join(
        {"dlm": "dlm:GetLifecyclePolic*", "backup": "backup:ListBackup*, backup:GetBackupSelection"}[s]
        for s in services
    )


@moving("R-EBS-70", "EC2 API reference, GetEbsDefaultKmsKeyId; EBS user guide, Encryption by default", deep=True)
def default_key(facts: Facts, options: Options) -> Finding:
    """Where new volumes are encrypted by default, it is under the wanted key."""
    if facts.encryption_by_default is None:
        return unread([facts.region], "encryption by default", DEFAULTS)
    other = facts.encryption_by_default and facts.default_key is not None and not _same(facts.default_key, facts.key)
    found = (
        [f"new volumes in {facts.region} go under {facts.default_key}, not under {facts.key.wanted}"] if other else []
    )
    return say(
        WARN, found, "sealift names the key in every call; set the default with aws ec2 modify-ebs-default-kms-key-id."
    )


def _same(default: str, key: KeyFacts) -> bool:
    return default in (key.arn, key.wanted, key.arn.rsplit("/", 1)[-1])


@moving("R-EBS-71", "EC2 API reference, EnableEbsEncryptionByDefault", deep=True)
def default_is_on(facts: Facts, options: Options) -> Finding:
    """New volumes are encrypted by default, so that none comes back plain."""
    if facts.encryption_by_default is None:
        return unread([facts.region], "encryption by default", DEFAULTS)
    found = [] if facts.encryption_by_default else [f"new volumes in {facts.region} are not encrypted by default"]
    return say(WARN, found, "Plain ones keep coming until it is on: see `sealift guard`.")


@moving("R-EBS-72", "EBS user guide, Encryption examples: default encryption and volumes of plain snapshots", deep=True)
def default_and_way_back(facts: Facts, options: Options) -> Finding:
    """Where encryption by default is on, only the source itself is as before: its snapshots restore encrypted."""
    found = [f"encryption by default is on in {facts.region}"] if facts.encryption_by_default else []
    return say(
        WARN,
        found,
        "A rollback puts the retained source back; what is restored from its snapshots comes back encrypted.",
    )


@moving("R-EBS-73", "EBS user guide, EBS encryption: snapshots of plain volumes are plain")
def plain_snapshots(facts: Facts, options: Options) -> Finding:
    """The snapshots that sealift takes of the plain sources are plain too, and stay until finalize."""
    ids = ", ".join(v.id for v in facts.plain)
    return say(WARN, [f"snapshots of {ids} are plain like their volumes"], "finalize deletes those that sealift made.")
