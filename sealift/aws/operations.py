"""The only list of operations: what each needs, how it may be repeated, how fast it may be sent.

The gateway refuses an operation that is not here. IAM actions include the dependent ones (CreateTags on create, the
KMS actions that
EC2 calls on the caller's behalf). Rates are AWS's published token buckets (EC2 developer guide, "Request throttling"):
R-EBS-87.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Repeat(StrEnum):
    """How a call whose outcome is unknown may be sent again (idempotency by operation, EC2 developer guide)."""

    READ = "read"  # changes nothing: the same read again
    TOKEN = "token"  # noqa: S105 - a ClientToken: the same token, the same answer
    STATE = "state"  # naturally idempotent: describe first, the wanted state is success
    LOOKUP = "lookup"  # no token: look up twice, by two filters, before trying again


@dataclass(frozen=True)
class Rate:
    """A token bucket: its size, and how many tokens come back a second."""

    size: int
    refill: float


DESCRIBE = Rate(100, 20)
MUTATE = Rate(50, 5)
CREATE = Rate(100, 5)
START = Rate(5, 2)
AUTOMATIONS = Rate(10, 3)  # guess: Systems Manager publishes no rates of these
DATABASES = Rate(50, 5)  # guess: RDS publishes no rates


@dataclass(frozen=True)
class Operation:
    """One AWS operation as sealift uses it."""

    name: str
    repeat: Repeat
    actions: tuple[str, ...]
    rate: Rate
    result: str | None = None  # the list in a paged answer

    @property
    def service(self) -> str:
        """The boto3 client name."""
        return self.name.split(":", 1)[0]

    @property
    def method(self) -> str:
        """The operation as botocore's model spells it."""
        return self.name.split(":", 1)[1]

    @property
    def mutating(self) -> bool:
        """Whether the call changes anything."""
        return self.repeat is not Repeat.READ


USES_KEY = (
    "kms:CreateGrant",
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncrypt*",
)

GRANTS_KEY = ("kms:CreateGrant", "kms:DescribeKey")
"""What the caller needs on the key where RDS does the rest by a grant (RDS user guide, "Overview.Encryption.Keys")."""

MANAGES_SECRET = (
    "kms:Decrypt",
    "kms:GenerateDataKey",
    "secretsmanager:CreateSecret",
    "secretsmanager:RotateSecret",
    "secretsmanager:TagResource",
)
"""What ManageMasterUserPassword does in the caller's name (RDS user guide, "rds-secrets-manager")."""


def _read(name: str, result: str | None = None, action: str | None = None, rate: Rate = DESCRIBE) -> Operation:
    return Operation(name, Repeat.READ, (action or name,), rate, result)


def _change(name: str, repeat: Repeat, *more: str, rate: Rate = MUTATE) -> Operation:
    return Operation(name, repeat, (name, *more), rate)


OPERATIONS: dict[str, Operation] = {
    op.name: op
    for op in (
        _read("sts:GetCallerIdentity"),
        _read("kms:DescribeKey"),
        _read("kms:GetKeyPolicy"),
        _read("ec2:DescribeRegions", "Regions"),
        _read("ec2:DescribeAvailabilityZones", "AvailabilityZones"),
        _read("ec2:DescribeInstances", "Reservations"),
        _read("ec2:DescribeInstanceAttribute"),
        _read("ec2:DescribeInstanceStatus", "InstanceStatuses"),
        _read("ec2:DescribeInstanceTypes", "InstanceTypes"),
        _read("ec2:DescribeInstanceCreditSpecifications", "InstanceCreditSpecifications"),
        _read("ec2:DescribeAddresses", "Addresses"),
        _read("ec2:DescribeVolumes", "Volumes"),
        _read("ec2:DescribeVolumeAttribute"),
        _read("ec2:DescribeVolumeStatus", "VolumeStatuses"),
        _read("ec2:DescribeVolumesModifications", "VolumesModifications"),
        _read("ec2:DescribeSnapshots", "Snapshots"),
        _read("ec2:DescribeImages", "Images"),
        _read("ec2:DescribeCapacityReservations", "CapacityReservations"),
        _read("ec2:GetEbsEncryptionByDefault"),
        _read("ec2:GetEbsDefaultKmsKeyId"),
        _read("ec2:ListSnapshotsInRecycleBin", "Snapshots"),
        _read("ec2:ListVolumesInRecycleBin", "Volumes"),
        _read("autoscaling:DescribeAutoScalingInstances", "AutoScalingInstances"),
        _read("autoscaling:DescribeAutoScalingGroups", "AutoScalingGroups"),
        _read("dlm:GetLifecyclePolicies"),
        _read("dlm:GetLifecyclePolicy"),
        _read("backup:ListBackupPlans", "BackupPlansList"),
        _read("backup:ListBackupSelections", "BackupSelectionsList"),
        _read("backup:GetBackupSelection"),
        _read("cloudwatch:DescribeAlarms", "MetricAlarms"),
        _read("service-quotas:ListServiceQuotas", "Quotas", "servicequotas:ListServiceQuotas"),
        _read("service-quotas:ListAWSDefaultServiceQuotas", "Quotas", "servicequotas:ListAWSDefaultServiceQuotas"),
        _read("s3:GetObject"),
        _change("ec2:CopyVolumes", Repeat.TOKEN, "ec2:CreateTags", *USES_KEY, rate=CREATE),
        _change("ec2:CreateVolume", Repeat.TOKEN, "ec2:CreateTags", *USES_KEY, rate=CREATE),
        _change("ec2:CreateSnapshot", Repeat.LOOKUP, "ec2:CreateTags", rate=CREATE),
        _change("ec2:CopySnapshot", Repeat.LOOKUP, "ec2:CreateTags", *USES_KEY, rate=CREATE),
        _change("ec2:CreateTags", Repeat.STATE, rate=CREATE),
        _change("ec2:DeleteTags", Repeat.STATE, rate=CREATE),
        _change("ec2:AttachVolume", Repeat.STATE, *USES_KEY),
        _change("ec2:DetachVolume", Repeat.STATE),
        _change("ec2:StopInstances", Repeat.STATE),
        _change("ec2:StartInstances", Repeat.STATE, *USES_KEY, rate=START),
        _change("ec2:ModifyInstanceAttribute", Repeat.STATE),
        _change("ec2:ModifyVolumeAttribute", Repeat.STATE),
        _change("ec2:DeleteVolume", Repeat.STATE, rate=CREATE),
        _change("ec2:DeleteSnapshot", Repeat.STATE, rate=CREATE),
        _change("ec2:CreateCapacityReservation", Repeat.TOKEN, "ec2:CreateTags"),
        _change("ec2:CancelCapacityReservation", Repeat.STATE),
        _change("autoscaling:EnterStandby", Repeat.STATE),
        _change("autoscaling:ExitStandby", Repeat.STATE),
        _change("autoscaling:SuspendProcesses", Repeat.STATE),
        _change("autoscaling:ResumeProcesses", Repeat.STATE),
        _read("ssm:ListDocuments", "DocumentIdentifiers", rate=AUTOMATIONS),
        _read("ssm:DescribeAutomationExecutions", "AutomationExecutionMetadataList", rate=AUTOMATIONS),
        _change("ssm:CreateDocument", Repeat.LOOKUP, rate=AUTOMATIONS),
        _change("ssm:DeleteDocument", Repeat.STATE, rate=AUTOMATIONS),
        _change("ssm:StartAutomationExecution", Repeat.LOOKUP, "iam:PassRole", rate=AUTOMATIONS),
        _change("ssm:StopAutomationExecution", Repeat.STATE, rate=AUTOMATIONS),
        _read("ec2:DescribeSecurityGroups", "SecurityGroups"),
        _read("ec2:DescribeNetworkInterfaces", "NetworkInterfaces"),
        _read("ec2:DescribeVpcEncryptionControls", "VpcEncryptionControls"),
        _read("rds:DescribeDBInstances", "DBInstances"),
        _read("rds:DescribeDBClusters", "DBClusters"),
        _read("rds:DescribeDBClusterEndpoints", "DBClusterEndpoints"),
        _read("rds:ListTagsForResource"),
        _read("application-autoscaling:DescribeScalableTargets", "ScalableTargets"),
        _read("application-autoscaling:DescribeScalingPolicies", "ScalingPolicies"),
        _read("rds:DescribeDBSnapshots", "DBSnapshots"),
        _read("rds:DescribeDBClusterSnapshots", "DBClusterSnapshots"),
        _read("rds:DescribeDBParameterGroups", "DBParameterGroups"),
        _read("rds:DescribeDBClusterParameterGroups", "DBClusterParameterGroups"),
        _read("rds:DescribeDBParameters", "Parameters"),
        _read("rds:DescribeDBClusterParameters", "Parameters"),
        _read("rds:DescribeBlueGreenDeployments", "BlueGreenDeployments"),
        _read("rds:DescribeAccountAttributes"),
        _read("rds:DescribeDBInstanceAutomatedBackups", "DBInstanceAutomatedBackups"),
        _read("rds:DescribeDBClusterAutomatedBackups", "DBClusterAutomatedBackups"),
        _read("rds:DescribeOptionGroups", "OptionGroupsList"),
        _read("rds:DescribeOrderableDBInstanceOptions", "OrderableDBInstanceOptions"),
        _read("rds:DescribeEventSubscriptions", "EventSubscriptionsList"),
        _read("rds:DescribeIntegrations", "Integrations"),
        _read("rds:DescribeDBProxyTargetGroups", "TargetGroups"),
        _read("rds:DescribeDBProxies", "DBProxies"),
        _read("rds:DescribeDBProxyTargets", "Targets"),
        _read("cloudwatch:GetMetricData", "MetricDataResults"),
        _read("secretsmanager:GetSecretValue"),
        _change("ec2:CreateSecurityGroup", Repeat.LOOKUP, "ec2:CreateTags", rate=CREATE),
        _change("ec2:RevokeSecurityGroupEgress", Repeat.STATE),
        _change("ec2:AuthorizeSecurityGroupIngress", Repeat.STATE),
        _change("ec2:DeleteSecurityGroup", Repeat.STATE),
        _change("rds:AddTagsToResource", Repeat.STATE, rate=DATABASES),
        _change("rds:RemoveTagsFromResource", Repeat.STATE, rate=DATABASES),
        _change("rds:CreateDBParameterGroup", Repeat.LOOKUP, "rds:AddTagsToResource", rate=DATABASES),
        _change("rds:CopyDBParameterGroup", Repeat.LOOKUP, "rds:AddTagsToResource", rate=DATABASES),
        _change("rds:ModifyDBParameterGroup", Repeat.STATE, rate=DATABASES),
        _change("rds:DeleteDBParameterGroup", Repeat.STATE, rate=DATABASES),
        _change("rds:CreateDBClusterParameterGroup", Repeat.LOOKUP, "rds:AddTagsToResource", rate=DATABASES),
        _change("rds:CopyDBClusterParameterGroup", Repeat.LOOKUP, "rds:AddTagsToResource", rate=DATABASES),
        _change("rds:ModifyDBClusterParameterGroup", Repeat.STATE, rate=DATABASES),
        _change("rds:DeleteDBClusterParameterGroup", Repeat.STATE, rate=DATABASES),
        _change("rds:CreateDBSnapshot", Repeat.LOOKUP, "rds:AddTagsToResource", rate=DATABASES),
        _change("rds:CopyDBSnapshot", Repeat.LOOKUP, "rds:AddTagsToResource", *GRANTS_KEY, rate=DATABASES),
        _change("rds:DeleteDBSnapshot", Repeat.STATE, rate=DATABASES),
        _change("rds:CreateDBClusterSnapshot", Repeat.LOOKUP, "rds:AddTagsToResource", rate=DATABASES),
        _change("rds:DeleteDBClusterSnapshot", Repeat.STATE, rate=DATABASES),
        _change(
            "rds:RestoreDBInstanceFromDBSnapshot",
            Repeat.LOOKUP,
            "rds:AddTagsToResource",
            "iam:PassRole",
            *GRANTS_KEY,
            rate=DATABASES,
        ),
        _change(
            "rds:RestoreDBClusterFromSnapshot",
            Repeat.LOOKUP,
            "rds:AddTagsToResource",
            "iam:PassRole",
            *GRANTS_KEY,
            rate=DATABASES,
        ),
        _change("rds:CreateDBInstance", Repeat.LOOKUP, "rds:AddTagsToResource", "iam:PassRole", rate=DATABASES),
        _change(
            "rds:CreateDBInstanceReadReplica",
            Repeat.LOOKUP,
            "rds:AddTagsToResource",
            "iam:PassRole",
            *GRANTS_KEY,
            rate=DATABASES,
        ),
        _change("rds:ModifyDBInstance", Repeat.STATE, "iam:PassRole", *GRANTS_KEY, *MANAGES_SECRET, rate=DATABASES),
        _change("rds:ModifyDBCluster", Repeat.STATE, "iam:PassRole", *GRANTS_KEY, *MANAGES_SECRET, rate=DATABASES),
        _change("rds:RebootDBInstance", Repeat.STATE, rate=DATABASES),
        _change("rds:RebootDBCluster", Repeat.STATE, rate=DATABASES),
        _change("rds:DeleteDBInstance", Repeat.STATE, "rds:CreateDBSnapshot", rate=DATABASES),
        _change("rds:DeleteDBCluster", Repeat.STATE, "rds:CreateDBClusterSnapshot", rate=DATABASES),
        _change("rds:EnableHttpEndpoint", Repeat.STATE, rate=DATABASES),
        _change("rds:DisableHttpEndpoint", Repeat.STATE, rate=DATABASES),
        _change("rds:CreateDBClusterEndpoint", Repeat.LOOKUP, "rds:AddTagsToResource", rate=DATABASES),
        _change("rds:DeleteDBClusterEndpoint", Repeat.STATE, rate=DATABASES),
        _change("application-autoscaling:RegisterScalableTarget", Repeat.STATE, "iam:PassRole"),
        _change("rds:AddRoleToDBInstance", Repeat.STATE, "iam:PassRole", rate=DATABASES),
        _change("rds:AddRoleToDBCluster", Repeat.STATE, "iam:PassRole", rate=DATABASES),
        _change("rds:RegisterDBProxyTargets", Repeat.STATE, rate=DATABASES),
        _change("rds:DeregisterDBProxyTargets", Repeat.STATE, rate=DATABASES),
        _change(
            "rds:CreateBlueGreenDeployment",
            Repeat.LOOKUP,
            "rds:AddTagsToResource",
            "rds:CreateDBInstanceReadReplica",
            "rds:CreateDBCluster",
            "rds:CreateDBInstance",
            "rds:CreateDBClusterEndpoint",
            *GRANTS_KEY,
            rate=DATABASES,
        ),
        _change(
            "rds:SwitchoverBlueGreenDeployment",
            Repeat.STATE,
            "rds:ModifyDBInstance",
            "rds:PromoteReadReplica",
            "rds:ModifyDBCluster",
            "rds:PromoteReadReplicaDBCluster",
            rate=DATABASES,
        ),
        _change(
            "rds:DeleteBlueGreenDeployment",
            Repeat.STATE,
            "rds:DeleteDBInstance",
            "rds:DeleteDBCluster",
            "rds:DeleteDBClusterEndpoint",
            "rds:PromoteReadReplica",
            "rds:PromoteReadReplicaDBCluster",
            rate=DATABASES,
        ),
        _change("sns:Publish", Repeat.STATE),
        _change("s3:PutObject", Repeat.STATE),
    )
}
"""By name, as `service:Operation`."""


def actions(operations: Iterable[str]) -> frozenset[str]:
    """Return the IAM actions that these operations need; `local:` ones need none.

    Raises:
        KeyError: an operation is not in the table.

    """
    return frozenset(a for name in operations if not name.startswith("local:") for a in OPERATIONS[name].actions)
