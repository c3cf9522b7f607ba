"""Which resources other services' actions are checked against. S3 is not among them: see `services.objects`.

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


def _arn(service: str, kind: str, path: str, joint: str = ":") -> Touch:
    def touch(world: World, call: Call) -> Iterator[Touched]:
        for name in at(call.params, path):
            arn = str(name)
            if not arn.startswith("arn:"):
                region = "" if service == "iam" else call.region
                arn = f"arn:aws:{service}:{region}:{call.account}:{kind}{joint}{name}"
            yield Touched(arn, {**_tags(world, arn), **_requested(call)})

    return touch


def _tags(world: World, arn: str) -> dict[str, Any]:
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


def _document(world: World, call: Call) -> Iterator[Touched]:
    """Name an SSM document; AWS's own have no account."""
    name = str(call.params.get("DocumentName", ""))
    owner = "" if name.startswith("AWS") else call.account
    yield Touched(f"arn:aws:ssm:{call.region}:{owner}:document/{name}", {})


def _runbook(world: World, call: Call) -> Iterator[Touched]:
    name, version = call.params.get("DocumentName", ""), call.params.get("DocumentVersion", "$DEFAULT")
    owner = "" if str(name).startswith("AWS") else call.account
    yield Touched(f"arn:aws:ssm:{call.region}:{owner}:automation-definition/{name}:{version}", {})


def _quota(world: World, call: Call) -> Iterator[Touched]:
    name = f"{call.params.get('ServiceCode')}/{call.params.get('QuotaCode')}"
    yield Touched(f"arn:aws:servicequotas:{call.region}:{call.account}:{name}", {})


_DB, _CLUSTER = _arn("rds", "db", "DBInstanceIdentifier"), _arn("rds", "cluster", "DBClusterIdentifier")
_SHOT = _arn("rds", "snapshot", "DBSnapshotIdentifier")
_CLUSTER_SHOT = _arn("rds", "cluster-snapshot", "DBClusterSnapshotIdentifier")
_GREEN = _arn("rds", "deployment", "BlueGreenDeploymentIdentifier")
_GROUPS = (_arn("rds", "subgrp", "DBSubnetGroupName"), _arn("rds", "og", "OptionGroupName"))
_DB_GROUPS = (*_GROUPS, _arn("rds", "pg", "DBParameterGroupName"))
_CLUSTER_GROUPS = (*_GROUPS, _arn("rds", "cluster-pg", "DBClusterParameterGroupName"))

_RDS: dict[str, tuple[Touch, ...]] = {
    "AddRoleToDBCluster": (_CLUSTER,),
    "AddRoleToDBInstance": (_DB,),
    "AddTagsToResource": (_arn("rds", "db", "ResourceName"),),
    "CopyDBClusterSnapshot": (_arn("rds", "cluster-snapshot", "TargetDBClusterSnapshotIdentifier"),),
    "CopyDBSnapshot": (_arn("rds", "snapshot", "TargetDBSnapshotIdentifier"),),
    "CreateBlueGreenDeployment": (_arn("rds", "deployment", "BlueGreenDeploymentName"), _arn("rds", "db", "Source")),
    "CreateDBCluster": (_CLUSTER, *_CLUSTER_GROUPS),
    "CreateDBClusterSnapshot": (_CLUSTER, _CLUSTER_SHOT),
    "CreateDBInstance": (_DB, _CLUSTER, *_DB_GROUPS),
    "CreateDBInstanceReadReplica": (_DB, _arn("rds", "db", "SourceDBInstanceIdentifier"), *_DB_GROUPS),
    "CreateDBSnapshot": (_DB, _SHOT),
    "DeleteBlueGreenDeployment": (_GREEN,),
    "DeleteDBCluster": (_CLUSTER,),
    "DeleteDBClusterSnapshot": (_CLUSTER_SHOT,),
    "DeleteDBInstance": (_DB,),
    "DeleteDBSnapshot": (_SHOT,),
    "DescribeDBSnapshotAttributes": (_SHOT,),
    "ListTagsForResource": (_arn("rds", "db", "ResourceName"),),
    "ModifyDBCluster": (_CLUSTER, *_CLUSTER_GROUPS),
    "ModifyDBClusterSnapshotAttribute": (_CLUSTER_SHOT,),
    "ModifyDBInstance": (_DB, *_DB_GROUPS),
    "ModifyDBSnapshotAttribute": (_SHOT,),
    "RebootDBInstance": (_DB,),
    "RemoveTagsFromResource": (_arn("rds", "db", "ResourceName"),),
    "RestoreDBClusterFromSnapshot": (_CLUSTER, _arn("rds", "cluster-snapshot", "SnapshotIdentifier"), *_CLUSTER_GROUPS),
    "RestoreDBInstanceFromDBSnapshot": (_DB, _SHOT, *_DB_GROUPS),
    "StartDBCluster": (_CLUSTER,),
    "StartDBInstance": (_DB,),
    "StopDBCluster": (_CLUSTER,),
    "StopDBInstance": (_DB,),
    "SwitchoverBlueGreenDeployment": (_GREEN,),
}
_ROLE = (_arn("iam", "role", "RoleName", "/"),)
_SECRET = (_secret,)

_BLOCKS = (old("SnapshotId", "snapshot"),)
_BIN_RULE = (_arn("rbin", "rule", "Identifier", "/"),)

OTHERS: dict[str, tuple[Touch, ...]] = {
    "ebs:ListSnapshotBlocks": _BLOCKS,
    "ebs:GetSnapshotBlock": _BLOCKS,
    "ebs:ListChangedBlocks": (old("FirstSnapshotId", "snapshot"), old("SecondSnapshotId", "snapshot")),
    **dict.fromkeys(
        (f"rbin:{n}" for n in ("GetRule", "UpdateRule", "DeleteRule", "LockRule", "UnlockRule")), _BIN_RULE
    ),
    **{f"rds:{name}": touches for name, touches in _RDS.items()},
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
        (_arn("dlm", "policy", "PolicyId", "/"),),
    ),
    **dict.fromkeys(
        (f"backup:{n}BackupSelection{s}" for n, s in (("Create", ""), ("Get", ""), ("Delete", ""), ("List", "s"))),
        (_arn("backup", "backup-plan", "BackupPlanId"),),
    ),
    "backup:ListRecoveryPointsByBackupVault": (_arn("backup", "backup-vault", "BackupVaultName"),),
    "ssm:SendCommand": (_document, old("InstanceIds", "instance")),
    "ssm:StartAutomationExecution": (_runbook,),
    **dict.fromkeys(
        (f"ssm:{n}AutomationExecution" for n in ("Get", "Stop")),
        (_arn("ssm", "automation-execution", "AutomationExecutionId", "/"),),
    ),
    **dict.fromkeys((f"servicequotas:{n}" for n in ("GetServiceQuota", "GetAWSDefaultServiceQuota")), (_quota,)),
    "sns:Publish": (_arn("sns", "", "TopicArn"),),
    **dict.fromkeys((f"secretsmanager:{n}" for n in ("GetSecretValue", "DescribeSecret", "UpdateSecret")), _SECRET),
    "iam:GetRole": _ROLE,
    "iam:GetRolePolicy": _ROLE,
    "iam:ListRolePolicies": _ROLE,
    "iam:ListAttachedRolePolicies": _ROLE,
    "iam:SimulatePrincipalPolicy": (_arn("iam", "user", "PolicySourceArn", "/"),),
}

TAGGING = {
    f"rds:{n}": "rds:AddTagsToResource"
    for n in _RDS
    if n.startswith(("Create", "Copy", "Restore")) and n != "CopyDBClusterParameterGroup"
}
"""Actions whose `Tags` need another action on the same resources (the reference's dependent actions)."""
