"""Which resources other services' actions are checked against. S3 is not among them: see `services.objects`.

RDS has a module of its own, `rds_actions`.

Source: docs.aws.amazon.com/service-authorization/latest/reference/, the pages of each service. What is not here is
checked against `*`.
"""

from collections.abc import Callable, Iterator
from typing import Any

from sealift.sandbox.iam.touches import Touch, Touched, at, old, requested
from sealift.sandbox.world import Call, World

PREFIXES = {
    "application-autoscaling": "application-autoscaling",
    "docdb": "rds",
    "neptune": "rds",
    "resourcegroupstaggingapi": "tag",
    "service-quotas": "servicequotas",
    "events": "events",
}
"""IAM's name of a service, where botocore's is another."""


def _of_databases(world: World, arn: str) -> dict[str, str]:
    from sealift.sandbox.rds import state, tags

    _, _, _, region, account, kind, name = arn.split(":", 6)
    return tags._owner(state.books(world, account, region), kind, name) or {}


TAGS: dict[str, Callable[[World, str], dict[str, str]]] = {"rds": _of_databases}
"""Who knows the tags of a service's resources, by the ARN's service."""


def named(service: str, kind: str, path: str, joint: str = ":") -> Touch:
    """Name what a service's ids or ARNs at a path are about, with its tags."""

    def touch(world: World, call: Call) -> Iterator[Touched]:
        for name in at(call.params, path):
            arn = str(name)
            if not arn.startswith("arn:"):
                region = "" if service == "iam" else call.region
                arn = f"arn:aws:{service}:{region}:{call.account}:{kind}{joint}{name}"
            yield Touched(arn, {**tags_of(world, arn), **_requested(call)})

    return touch


def tags_of(world: World, arn: str) -> dict[str, Any]:
    """Return the condition keys of a resource's tags and account."""
    service = arn.split(":")[2]
    found = TAGS[service](world, arn) if service in TAGS else {}
    own = {f"{service}:ResourceTag/{k}": v for k, v in found.items()}
    return {**{f"aws:ResourceTag/{k}": v for k, v in found.items()}, **own, "aws:ResourceAccount": arn.split(":")[4]}


def _requested(call: Call) -> dict[str, Any]:
    tags = call.params.get("Tags", [])
    listed = tags if isinstance(tags, list) else []
    return requested({t["Key"]: t.get("Value", "") for t in listed if "Key" in t})


def _group(world: World, call: Call) -> Iterator[Touched]:
    from moto.autoscaling.models import autoscaling_backends

    groups = autoscaling_backends[call.account][call.region].autoscaling_groups
    for name in at(call.params, "AutoScalingGroupName"):
        group = groups.get(name)
        arn = f"arn:aws:autoscaling:{call.region}:{call.account}:autoScalingGroup:*:autoScalingGroupName/{name}"
        tags = {t["key"]: t["value"] for t in (getattr(group, "tags", None) or []) if "key" in t}
        both = {f"{p}:ResourceTag/{k}": v for k, v in tags.items() for p in ("aws", "autoscaling")}
        yield Touched(group.arn if group else arn, both)


def _secret(world: World, call: Call) -> Iterator[Touched]:
    """Name a secret by its whole ARN, which ends in six characters of its own, and its tags."""
    from moto.secretsmanager.models import secretsmanager_backends

    held = secretsmanager_backends[call.account][call.region].secrets
    for name in at(call.params, "SecretId"):
        found = held.get(name) if name in held else None
        tags = {t["Key"]: t.get("Value", "") for t in (found.tags or [])} if found else {}
        both = {f"{p}:ResourceTag/{k}": v for k, v in tags.items() for p in ("aws", "secretsmanager")}
        arn = found.arn if found else name
        if not arn.startswith("arn:"):
            arn = f"arn:aws:secretsmanager:{call.region}:{call.account}:secret:{name}"
        yield Touched(arn, {**both, "secretsmanager:SecretId": arn})


def _scalable(world: World, call: Call) -> Iterator[Touched]:
    """Name a scalable target of Aurora's by its ARN, in which the cluster's name is not."""
    from sealift.sandbox.rds.state import here

    target = here(world, call).book("scalable-target").get(str(call.params.get("ResourceId")), {})
    arn = f"arn:aws:application-autoscaling:{call.region}:{call.account}:scalable-target/*"
    yield Touched(str(target.get("ScalableTargetARN", arn)), _requested(call))


def _document(world: World, call: Call) -> Iterator[Touched]:
    """Name an SSM document; AWS's own have no account."""
    name = str(call.params.get("DocumentName", call.params.get("Name", "")))
    owner = "" if name.startswith("AWS") else call.account
    yield Touched(f"arn:aws:ssm:{call.region}:{owner}:document/{name}", _requested(call))


def _runbook(world: World, call: Call) -> Iterator[Touched]:
    name, version = call.params.get("DocumentName", ""), call.params.get("DocumentVersion", "$DEFAULT")
    owner = "" if str(name).startswith("AWS") else call.account
    yield Touched(f"arn:aws:ssm:{call.region}:{owner}:automation-definition/{name}:{version}", {})


def passed(world: World, call: Call) -> Iterator[Touched]:
    """Name the role that an automation assumes: whoever starts it must be allowed to pass it (SB-SSM-09)."""
    from sealift.sandbox.services import automations, documents, running

    document = documents.known(world, call, str(call.params.get("DocumentName", "")))
    if document and (role := automations.role_of(document, call.params.get("Parameters", {}))):
        yield Touched(role, {"iam:PassedToService": running.SERVICE})


def _quota(world: World, call: Call) -> Iterator[Touched]:
    name = f"{call.params.get('ServiceCode')}/{call.params.get('QuotaCode')}"
    yield Touched(f"arn:aws:servicequotas:{call.region}:{call.account}:{name}", {})


_ROLE = (named("iam", "role", "RoleName", "/"),)
_SECRET = (_secret,)

_BLOCKS = (old("SnapshotId", "snapshot"),)
_BIN_RULE = (named("rbin", "rule", "Identifier", "/"),)

OTHERS: dict[str, tuple[Touch, ...]] = {
    "ebs:ListSnapshotBlocks": _BLOCKS,
    "ebs:GetSnapshotBlock": _BLOCKS,
    "ebs:ListChangedBlocks": (old("FirstSnapshotId", "snapshot"), old("SecondSnapshotId", "snapshot")),
    **dict.fromkeys(
        (f"rbin:{n}" for n in ("GetRule", "UpdateRule", "DeleteRule", "LockRule", "UnlockRule")), _BIN_RULE
    ),
    **dict.fromkeys(
        (
            f"autoscaling:{n}"
            for n in (
                "EnterStandby",
                "ExitStandby",
                "SuspendProcesses",
                "ResumeProcesses",
                "SetDesiredCapacity",
                "UpdateAutoScalingGroup",
                "DeleteAutoScalingGroup",
                "AttachInstances",
                "DetachInstances",
            )
        ),
        (_group,),
    ),
    **dict.fromkeys(
        (f"dlm:{n}" for n in ("GetLifecyclePolicy", "UpdateLifecyclePolicy", "DeleteLifecyclePolicy")),
        (named("dlm", "policy", "PolicyId", "/"),),
    ),
    **dict.fromkeys(
        (f"backup:{n}BackupSelection{s}" for n, s in (("Create", ""), ("Get", ""), ("Delete", ""), ("List", "s"))),
        (named("backup", "backup-plan", "BackupPlanId"),),
    ),
    **dict.fromkeys(
        (
            f"application-autoscaling:{n}"
            for n in ("RegisterScalableTarget", "DeregisterScalableTarget", "PutScalingPolicy", "DeleteScalingPolicy")
        ),
        (_scalable,),
    ),
    "backup:ListRecoveryPointsByBackupVault": (named("backup", "backup-vault", "BackupVaultName"),),
    **dict.fromkeys((f"ssm:{n}Document" for n in ("Create", "Describe", "Get", "Delete")), (_document,)),
    "ssm:SendCommand": (_document, old("InstanceIds", "instance")),
    "ssm:StartAutomationExecution": (_runbook,),
    **dict.fromkeys(
        (f"ssm:{n}AutomationExecution" for n in ("Get", "Stop")),
        (named("ssm", "automation-execution", "AutomationExecutionId", "/"),),
    ),
    **dict.fromkeys((f"servicequotas:{n}" for n in ("GetServiceQuota", "GetAWSDefaultServiceQuota")), (_quota,)),
    "sns:Publish": (named("sns", "", "TopicArn"),),
    **dict.fromkeys((f"secretsmanager:{n}" for n in ("GetSecretValue", "DescribeSecret", "UpdateSecret")), _SECRET),
    "iam:GetRole": _ROLE,
    "iam:GetRolePolicy": _ROLE,
    "iam:ListRolePolicies": _ROLE,
    "iam:ListAttachedRolePolicies": _ROLE,
    "iam:SimulatePrincipalPolicy": (named("iam", "user", "PolicySourceArn", "/"),),
}
