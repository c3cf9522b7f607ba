"""Reads that instances and clusters share; what is denied or unknown is None: that fact is *not evaluated*."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sealift.errors import AccessDenied, CallError, CredentialsLost, SealiftError
from sealift.kind import Read
from sealift.kinds.databases.facts import GroupFacts, OptionFacts, ProxyFacts, Quota, encryption
from sealift.logins import credentials_of
from sealift.plain import plain
from sealift.step import Call, tags_of
from sealift.surroundings import Surroundings, maybe

Described = Mapping[str, Any]

QUOTAS = (
    "DBInstances",
    "ManualSnapshots",
    "AllocatedStorage",
    "DBParameterGroups",
    "DBClusters",
    "ManualClusterSnapshots",
)
"""Quotas of DescribeAccountAttributes that a migration draws on (R-RDS-25)."""


async def instances(read: Read, name: str, *values: str) -> list[dict[str, Any]]:
    """Return the described instances that a filter finds, as JSON values."""
    reply = await read(Call("rds:DescribeDBInstances", {"Filters": [{"Name": name, "Values": list(values)}]}))
    return [plain(d) for d in reply["DBInstances"]]


async def parameter_group(read: Read, described: Described) -> GroupFacts:
    """Return an instance's parameter group, with what somebody has set in it."""
    shown = next(iter(described.get("DBParameterGroups") or ()), None)
    if shown is None:
        return GroupFacts()
    name, status = str(shown["DBParameterGroupName"]), str(shown.get("ParameterApplyStatus", ""))
    group = await maybe(read, "rds:DescribeDBParameterGroups", DBParameterGroupName=name)
    family = str(group["DBParameterGroups"][0]["DBParameterGroupFamily"]) if group else ""
    values = await maybe(read, "rds:DescribeDBParameters", DBParameterGroupName=name, Source="user")
    return GroupFacts(name, family, status, values_set(values))


def values_set(reply: dict[str, Any] | None) -> tuple[tuple[str, str], ...] | None:
    """Return the parameters of an answer that have a value; None where it could not be read."""
    if reply is None:
        return None
    found = {p["ParameterName"]: str(p["ParameterValue"]) for p in reply.get("Parameters", ()) if "ParameterValue" in p}
    return tuple(sorted(found.items()))


async def options_of(read: Read, group: str) -> tuple[OptionFacts, ...] | None:
    """Return the options of an option group; a default group has none."""
    if not group or group.startswith("default:"):
        return ()
    reply = await maybe(read, "rds:DescribeOptionGroups", OptionGroupName=group)
    if reply is None:
        return None
    return tuple(
        OptionFacts(o["OptionName"], bool(o.get("Permanent")), bool(o.get("Persistent")))
        for g in reply.get("OptionGroupsList", ())
        for o in g.get("Options", ())
    )


async def unavailable(
    read: Read, described: Iterable[Described], *, of_cluster: bool = False
) -> tuple[str, ...] | None:
    """Say which of these RDS would not make again today, as DescribeOrderableDBInstanceOptions tells (R-RDS-24)."""
    found: list[str] = []
    for one in described:
        shape = str(one.get("DBClusterInstanceClass") or one.get("DBInstanceClass") or "")
        about = {"Engine": one["Engine"], "EngineVersion": one.get("EngineVersion"), "DBInstanceClass": shape}
        if not all(about.values()):
            continue
        reply = await maybe(read, "rds:DescribeOrderableDBInstanceOptions", **about)
        if reply is None:
            return None
        offered = reply.get("OrderableDBInstanceOptions", ())
        found += _lacking(one, offered, of_cluster=of_cluster)
    return tuple(found)


def _lacking(one: Described, offered: Iterable[Described], *, of_cluster: bool) -> list[str]:
    shape = one.get("DBClusterInstanceClass") or one.get("DBInstanceClass")
    name = one.get("DBInstanceIdentifier") or one.get("DBClusterIdentifier")
    what = f"{name}: {shape} of {one['Engine']} {one['EngineVersion']}"
    left = list(offered)
    zone = None if one.get("MultiAZ") or of_cluster else one.get("AvailabilityZone")
    kind = one.get("StorageType")
    steps: tuple[tuple[str, Callable[[Described], bool]], ...] = (
        ("", lambda o: True),
        (f" on {kind}", lambda o: not kind or o.get("StorageType") == kind),
        (" encrypted", lambda o: o.get("SupportsStorageEncryption") is not False),
        (" in a Multi-AZ DB cluster", lambda o: not of_cluster or o.get("SupportsClusters") is not False),
        (" in Multi-AZ", lambda o: of_cluster or not one.get("MultiAZ") or o.get("MultiAZCapable") is not False),
        (f" in {zone}", lambda o: not zone or zone in {z["Name"] for z in o.get("AvailabilityZones", ())}),
    )
    for wanted, fits in steps:
        left = [o for o in left if fits(o)]
        if not left:
            return [f"{what}{wanted}"]
    return []


async def enforced(read: Read, vpc: str) -> bool | None:
    """Tell whether a VPC enforces encryption in transit (R-RDS-16)."""
    if not vpc:
        return False
    reply = await maybe(read, "ec2:DescribeVpcEncryptionControls", VpcIds=[vpc])
    return None if reply is None else any(c.get("Mode") == "enforce" for c in reply.get("VpcEncryptionControls", ()))


async def owned(read: Read, described: Described, wanted: str) -> bool:
    """Tell whether a database is under aws/rds; one whose key cannot be read is taken to be its owner's."""
    key = described.get("KmsKeyId")
    if encryption(described).type != "sse-kms" or not key or key == wanted:
        return False
    reply = await maybe(read, "kms:DescribeKey", KeyId=key)
    return reply is not None and reply["KeyMetadata"].get("KeyManager") == "AWS"


async def proxies_of(read: Read, name: str) -> tuple[ProxyFacts, ...] | None:
    """Return the proxies that route to a database, which they know by its name (R-RDS-18)."""
    targets = await _all_targets(read)
    return None if targets is None else tuple(p for p, target in targets if target == name)


async def _all_targets(read: Read) -> tuple[tuple[ProxyFacts, str], ...] | None:
    async def ask() -> tuple[tuple[ProxyFacts, str], ...] | None:
        proxies = await maybe(read, "rds:DescribeDBProxies")
        if proxies is None:
            return None
        found = []
        for proxy in proxies.get("DBProxies", ()):
            name = proxy["DBProxyName"]
            secrets = tuple(sorted({a["SecretArn"] for a in proxy.get("Auth") or () if a.get("SecretArn")}))
            groups = await maybe(read, "rds:DescribeDBProxyTargetGroups", DBProxyName=name)
            for group in (groups or {}).get("TargetGroups") or ({"TargetGroupName": "default"},):
                about = {"DBProxyName": name, "TargetGroupName": group["TargetGroupName"]}
                reply = await maybe(read, "rds:DescribeDBProxyTargets", **about)
                if reply is None:
                    return None
                for target in reply.get("Targets", ()):
                    bears = target.get("TrackedClusterId") or target.get("RdsResourceId")
                    found.append((ProxyFacts(name, group["TargetGroupName"], secrets), str(bears)))
        return tuple(dict.fromkeys(found))

    return await read.once("targets of proxies", ask) if isinstance(read, Surroundings) else await ask()


async def subscriptions_of(read: Read, name: str) -> tuple[str, ...] | None:
    """Return the event subscriptions that name a database."""
    reply = await maybe(read, "rds:DescribeEventSubscriptions")
    if reply is None:
        return None
    listed = reply.get("EventSubscriptionsList", ())
    return tuple(sorted(s["CustSubscriptionId"] for s in listed if name in (s.get("SourceIdsList") or ())))


async def integrations_of(read: Read, arn: str) -> tuple[str, ...] | None:
    """Return the zero-ETL integrations whose source is a database (R-RDS-19)."""
    reply = await maybe(read, "rds:DescribeIntegrations")
    if reply is None:
        return None
    return tuple(
        sorted(str(i.get("IntegrationName")) for i in reply.get("Integrations", ()) if i.get("SourceArn") == arn)
    )


async def deployments_of(read: Read, arn: str) -> tuple[str, ...] | None:
    """Return the Blue/Green deployments that a database is the source or target of, by name."""
    reply = await maybe(read, "rds:DescribeBlueGreenDeployments")
    if reply is None:
        return None
    listed = reply.get("BlueGreenDeployments", ())
    return tuple(sorted(d["BlueGreenDeploymentName"] for d in listed if arn in (d.get("Source"), d.get("Target"))))


async def alarms_of(read: Read, dimension: str, name: str) -> tuple[str, ...] | None:
    """Return the metric alarms that name a database in a dimension; they go by name, and stay (CloudWatch has no filter)."""
    reply = await maybe(read, "cloudwatch:DescribeAlarms", AlarmTypes=["MetricAlarm"])
    if reply is None:
        return None
    return tuple(sorted(a["AlarmName"] for a in reply.get("MetricAlarms", ()) if (dimension, name) in _dimensions(a)))


def _dimensions(alarm: Mapping[str, Any]) -> set[tuple[str, str]]:
    metrics = [m.get("MetricStat", {}).get("Metric", {}) for m in alarm.get("Metrics", ())]
    return {(d["Name"], d["Value"]) for metric in (alarm, *metrics) for d in metric.get("Dimensions", ())}


async def quotas(read: Read) -> tuple[Quota, ...] | None:
    """Return the quotas of the account that a migration draws on."""
    reply = await maybe(read, "rds:DescribeAccountAttributes")
    if reply is None:
        return None
    told = {q["AccountQuotaName"]: q for q in reply.get("AccountQuotas", ())}
    return tuple(Quota(n, int(told[n]["Used"]), int(told[n]["Max"])) for n in QUOTAS if n in told)


async def backup_selections(read: Read, arn: str) -> tuple[tuple[str, ...] | None, tuple[str, ...] | None]:
    """Return the tag keys by which AWS Backup selects, and the selections that name this ARN."""
    plans = await maybe(read, "backup:ListBackupPlans")
    if plans is None:
        return None, None
    keys: set[str] = set()
    naming: set[str] = set()
    for plan in plans.get("BackupPlansList", ()):
        chosen = await maybe(read, "backup:ListBackupSelections", BackupPlanId=plan["BackupPlanId"])
        if chosen is None:
            return None, None
        for selection in chosen.get("BackupSelectionsList", ()):
            ids = {"BackupPlanId": plan["BackupPlanId"], "SelectionId": selection["SelectionId"]}
            reply = await maybe(read, "backup:GetBackupSelection", **ids)
            if reply is None:
                return None, None
            body = reply["BackupSelection"]
            conditions = [c for group in (body.get("Conditions") or {}).values() for c in group or ()]
            both = (*(body.get("ListOfTags") or ()), *conditions)
            keys |= {c["ConditionKey"].removeprefix("aws:ResourceTag/") for c in both}
            if arn in (body.get("Resources") or ()):
                naming.add(f"{plan.get('BackupPlanName', '')}/{body.get('SelectionName', '')}")
    return tuple(sorted(keys)), tuple(sorted(naming))


async def login_error(read: Read, secret: str) -> str:
    """Say why the secret of --fence-login is none to log in with; empty is good, also where it may not be read just now."""
    if not secret:
        return ""
    try:
        reply = await read(Call("secretsmanager:GetSecretValue", {"SecretId": secret}))
        credentials_of(str(reply.get("SecretString", "")))
    except CredentialsLost:
        raise
    except AccessDenied:
        return ""  # who migrates may be allowed to: the login is tried before the gate
    except CallError as error:
        return f"the secret {secret} of --fence-login cannot be read: {error.message.rstrip('.')}. Give its whole ARN."
    except SealiftError as error:
        return f"{secret}: {error}"
    return ""


def inherited(described: Described) -> bool:
    """Tell whether a claim on a database was written on another one: a copy inherits tags, and is no source."""
    was = tags_of(described).get("sealift:was", "")
    name = dict(word.split("=", 1) for word in was.split(" ") if "=" in word).get("n")
    return bool(was) and name != described.get("DBInstanceIdentifier", described.get("DBClusterIdentifier"))
