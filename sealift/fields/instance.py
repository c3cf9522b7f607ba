"""The fields of DBInstance (botocore rds DBInstance, RestoreDBInstanceFromDBSnapshot, ModifyDBInstance), each classed."""

from typing import Any

from sealift.fields import Class, Described, Field, inside, listed, one, params, same, truth

A, M, E, D, L, OUT, T = (
    Class.AT_RESTORE,
    Class.MODIFY,
    Class.ELSEWHERE,
    Class.IN_DATA,
    Class.LOST,
    Class.OUTPUT,
    Class.TREATED,
)

STRIPED_FROM = {"oracle": 200, "sqlserver": 0}
"""GiB from which gp3 takes IOPS and throughput, by what the engine begins with; 400 else (RDS user guide, CHAP_Storage)."""


def provisioned(d: Described) -> bool:
    """Tell whether the storage takes IOPS at all: below a size gp3 has its own, and refuses to be told (SB-RDS-27)."""
    kind, engine = d.get("StorageType"), str(d.get("Engine", "")).split("-", 1)[0]
    if kind == "gp3":
        return int(d.get("AllocatedStorage") or 0) >= STRIPED_FROM.get(engine, 400)
    return kind in ("io1", "io2")


def _iops(d: Described) -> Any:
    return d.get("Iops") if provisioned(d) else None


def _throughput(d: Described) -> Any:
    return d.get("StorageThroughput") if provisioned(d) and d.get("StorageType") == "gp3" else None


def _zone(d: Described) -> Any:
    return None if d.get("MultiAZ") else d.get("AvailabilityZone")


def _size(d: Described) -> Any:
    # Not valid for SQL Server, which keeps the size of the snapshot (botocore RestoreDBInstanceFromDBSnapshot).
    return None if str(d.get("Engine", "")).startswith("sqlserver") else d.get("AllocatedStorage")


def _insights(name: str) -> Any:
    return lambda d: d.get(name) if d.get("PerformanceInsightsEnabled") else None


def _monitored(name: str) -> Any:
    return lambda d: d.get(name) if d.get("MonitoringInterval") else None


def _domain(member: str, *, own: bool) -> Any:
    """Draw what names a domain: AWS's own directory by id and role, a self-managed one by the rest; never both (SB-RDS-61)."""

    def value(d: Described) -> Any:
        membership: Described = next(iter(d.get("DomainMemberships") or ()), {})
        return membership.get(member) if bool(membership.get("AuthSecretArn")) is own else None

    return value


def _lifecycle(d: Described) -> Any:
    # Of MySQL and PostgreSQL alone (botocore RestoreDBInstanceFromDBSnapshot.EngineLifecycleSupport; SB-RDS-62).
    return d.get("EngineLifecycleSupport") if d.get("Engine") in ("mysql", "postgres") else None


def _plain(name: str, cls: Class, note: str = "") -> Field:
    """Return a field that is sent and compared as it stands."""
    return Field(name, cls, note, {name: same(name)}, same(name))


def _flag(name: str, cls: Class, member: str = "", note: str = "") -> Field:
    """Return a flag that is sent always: AWS's default is not the source's."""
    return Field(name, cls, note, {member or name: truth(name)}, truth(name))


def _output(name: str, note: str = "") -> Field:
    return Field(name, OUT, note)


INSTANCE: tuple[Field, ...] = (
    Field("DBInstanceIdentifier", A, "a temporary name, then the rename", None, same("DBInstanceIdentifier")),
    _plain("DBInstanceClass", A),
    Field("Engine", A, "the snapshot's", {"Engine": same("Engine")}, same("Engine")),
    _output("DBInstanceStatus"),
    Field("MasterUsername", D, "", None, same("MasterUsername")),
    Field("DBName", D, "a restore takes it for Oracle alone", None, same("DBName")),
    Field(
        "Endpoint",
        L,
        "the address changes, its name does not",
        {"Port": inside("Endpoint", "Port")},
        inside("Endpoint", "Port"),
    ),
    Field("AllocatedStorage", A, "", {"AllocatedStorage": _size}, same("AllocatedStorage")),
    Field("InstanceCreateTime", L, "that of the replacement"),
    _plain("PreferredBackupWindow", A, "else a random one"),
    _plain("BackupRetentionPeriod", A),
    Field("DBSecurityGroups", T, "EC2-Classic: R-RDS-35"),
    Field("VpcSecurityGroups", A, "born in quarantine", None, listed("VpcSecurityGroups", "VpcSecurityGroupId")),
    Field("DBParameterGroups", A, "born quiet", None, listed("DBParameterGroups", "DBParameterGroupName")),
    Field("AvailabilityZone", A, "", {"AvailabilityZone": _zone}, _zone),
    Field(
        "DBSubnetGroup",
        A,
        "",
        {"DBSubnetGroupName": inside("DBSubnetGroup", "DBSubnetGroupName")},
        inside("DBSubnetGroup", "DBSubnetGroupName"),
    ),
    _plain("PreferredMaintenanceWindow", M),
    Field("UpgradeRolloutOrder", L, "AWS chooses"),
    Field("PendingModifiedValues", T, "R-RDS-13"),
    Field("LatestRestorableTime", L, "starts anew"),
    _flag("MultiAZ", A),
    Field("EngineVersion", D, "the snapshot's", None, same("EngineVersion")),
    _flag("AutoMinorVersionUpgrade", A),
    Field("ReadReplicaSourceDBInstanceIdentifier", T, "R-RDS-08"),
    Field("ReadReplicaDBInstanceIdentifiers", E, "rebuilt: R-RDS-09"),
    Field("ReadReplicaDBClusterIdentifiers", T, "an Aurora replica blocks"),
    Field("ReplicaMode", M, "of Oracle and Db2 replicas", {"ReplicaMode": same("ReplicaMode")}, same("ReplicaMode")),
    _plain("LicenseModel", A),
    Field("Iops", A, "", {"Iops": _iops}, same("Iops")),
    Field("StorageThroughput", A, "", {"StorageThroughput": _throughput}, same("StorageThroughput")),
    Field(
        "OptionGroupMemberships",
        A,
        "R-RDS-23",
        {"OptionGroupName": one("OptionGroupMemberships", "OptionGroupName")},
        listed("OptionGroupMemberships", "OptionGroupName"),
    ),
    Field("CharacterSetName", D, "", None, same("CharacterSetName")),
    Field("NcharCharacterSetName", D, "", None, same("NcharCharacterSetName")),
    _output("SecondaryAvailabilityZone", "RDS chooses"),
    _flag("PubliclyAccessible", A),
    _output("StatusInfos"),
    _plain("StorageType", A, "else gp3: R-RDS-47"),
    _output("StorageEncryptionType", "asserted: R-RDS-01"),
    Field("TdeCredentialArn", A, "", {"TdeCredentialArn": same("TdeCredentialArn")}, same("TdeCredentialArn")),
    _output("DbInstancePort"),
    Field("DBClusterIdentifier", T, "R-RDS-07"),
    _output("StorageEncrypted", "asserted: R-RDS-01"),
    _output("KmsKeyId", "asserted: R-RDS-01"),
    Field("DbiResourceId", L, "new: rds-db:connect, Performance Insights and CloudTrail name it"),
    _plain("CACertificateIdentifier", A),
    Field(
        "DomainMemberships",
        A,
        "",
        {
            "Domain": _domain("Domain", own=False),
            "DomainFqdn": _domain("FQDN", own=True),
            "DomainIAMRoleName": _domain("IAMRoleName", own=False),
            "DomainOu": _domain("OU", own=True),
            "DomainAuthSecretArn": _domain("AuthSecretArn", own=True),
            "DomainDnsIps": _domain("DnsIps", own=True),
        },
        listed("DomainMemberships", "Domain", "FQDN", "IAMRoleName", "OU"),
    ),
    _flag("CopyTagsToSnapshot", A),
    Field(
        "MonitoringInterval",
        M,
        "",
        {"MonitoringInterval": _monitored("MonitoringInterval")},
        lambda d: d.get("MonitoringInterval") or 0,
    ),
    Field("EnhancedMonitoringResourceArn", L, "its log stream names the resource id"),
    Field(
        "MonitoringRoleArn", M, "", {"MonitoringRoleArn": _monitored("MonitoringRoleArn")}, same("MonitoringRoleArn")
    ),
    Field("PromotionTier", M, "of Aurora's members"),
    _output("DBInstanceArn", "names the identifier: the same after the renames"),
    Field("Timezone", D, "", None, same("Timezone")),
    _flag("IAMDatabaseAuthenticationEnabled", A, "EnableIAMDatabaseAuthentication"),
    Field(
        "DatabaseInsightsMode",
        M,
        "",
        {"DatabaseInsightsMode": _insights("DatabaseInsightsMode")},
        same("DatabaseInsightsMode"),
    ),
    Field(
        "PerformanceInsightsEnabled",
        M,
        "its history is lost",
        {"EnablePerformanceInsights": lambda d: True if d.get("PerformanceInsightsEnabled") else None},
        truth("PerformanceInsightsEnabled"),
    ),
    Field(
        "PerformanceInsightsKMSKeyId",
        M,
        "",
        {"PerformanceInsightsKMSKeyId": _insights("PerformanceInsightsKMSKeyId")},
        same("PerformanceInsightsKMSKeyId"),
    ),
    Field(
        "PerformanceInsightsRetentionPeriod",
        M,
        "",
        {"PerformanceInsightsRetentionPeriod": _insights("PerformanceInsightsRetentionPeriod")},
        same("PerformanceInsightsRetentionPeriod"),
    ),
    Field(
        "EnabledCloudwatchLogsExports",
        A,
        "",
        {"EnableCloudwatchLogsExports": listed("EnabledCloudwatchLogsExports")},
        listed("EnabledCloudwatchLogsExports"),
    ),
    Field(
        "ProcessorFeatures",
        A,
        "",
        {"ProcessorFeatures": same("ProcessorFeatures")},
        listed("ProcessorFeatures", "Name", "Value"),
    ),
    Field(
        "DeletionProtection",
        A,
        "off until bring-up: what is made can be taken back",
        {"DeletionProtection": lambda _: False},
        truth("DeletionProtection"),
    ),
    Field("AssociatedRoles", E, "AddRoleToDBInstance", None, listed("AssociatedRoles", "RoleArn", "FeatureName")),
    Field("ListenerEndpoint", L, "of SQL Server's Always On"),
    _plain("MaxAllocatedStorage", M),
    Field("TagList", E, "AddTagsToResource at hand-over"),
    Field("AutomationMode", T, "RDS Custom: R-RDS-06"),
    Field("ResumeFullAutomationModeTime", T, "RDS Custom: R-RDS-06"),
    Field(
        "CustomerOwnedIpEnabled",
        A,
        "",
        {"EnableCustomerOwnedIp": lambda d: True if d.get("CustomerOwnedIpEnabled") else None},
        truth("CustomerOwnedIpEnabled"),
    ),
    _plain("NetworkType", A),
    Field("ActivityStreamStatus", T, "R-RDS-20: started again by hand"),
    Field("ActivityStreamKmsKeyId", T, "R-RDS-20"),
    Field("ActivityStreamKinesisStreamName", L, "R-RDS-20"),
    Field("ActivityStreamMode", T, "R-RDS-20"),
    Field("ActivityStreamEngineNativeAuditFieldsIncluded", T, "R-RDS-20"),
    Field("AwsBackupRecoveryPointArn", L, "AWS Backup's own link"),
    Field("DBInstanceAutomatedBackupsReplications", T, "started again by hand"),
    Field(
        "BackupTarget",
        A,
        "",
        {"BackupTarget": lambda d: d.get("BackupTarget") if d.get("BackupTarget") != "region" else None},
        lambda d: d.get("BackupTarget") or "region",
    ),
    _output("AutomaticRestartTime"),
    Field("CustomIamInstanceProfile", T, "RDS Custom: R-RDS-06"),
    _output("ActivityStreamPolicyStatus"),
    _output("CertificateDetails", "a new server certificate of the same authority"),
    Field("DBSystemId", T, "RDS Custom: R-RDS-06"),
    Field("MasterUserSecret", M, "a new secret: R-RDS-17", None, lambda d: bool(d.get("MasterUserSecret"))),
    Field("ReadReplicaSourceDBClusterIdentifier", T, "R-RDS-08"),
    _output("PercentProgress"),
    Field("MultiTenant", D, "", None, same("MultiTenant")),
    _flag("DedicatedLogVolume", A),
    _output("IsStorageConfigUpgradeAvailable"),
    Field(
        "EngineLifecycleSupport",
        A,
        "else Extended Support, which is charged for; of MySQL and PostgreSQL",
        {"EngineLifecycleSupport": _lifecycle},
        _lifecycle,
    ),
    Field(
        "AdditionalStorageVolumes",
        A,
        "",
        {"AdditionalStorageVolumes": lambda d: [_volume(v) for v in d.get("AdditionalStorageVolumes") or ()]},
        listed("AdditionalStorageVolumes", "VolumeName", "StorageType", "AllocatedStorage", "IOPS"),
    ),
    _output("StorageVolumeStatus"),
    _output("StorageOperationStatus"),
    _output("StorageOperationPercentProgress"),
    Field("DBCapacityReservationIdentifier", L, "the source holds the unit until finalize: R-RDS-78"),
)


def _volume(volume: Described) -> dict[str, Any]:
    """Return an additional volume as a restore is told it: what is described of its state is no member."""
    return {k: v for k, v in volume.items() if k != "StorageVolumeStatus"}


BORN_OTHERWISE = {
    "DBInstanceIdentifier": "named when the names change hands",
    "VpcSecurityGroups": "in quarantine until bring-up",
    "DBParameterGroups": "schedulers are off until bring-up",
    "DeletionProtection": "off until bring-up",
}
"""What a replacement is not told at birth; compared after bring-up."""

GREEN_OTHERWISE = {
    "DBInstanceIdentifier": "named when the names change hands",
    "AvailabilityZone": "RDS chooses the zone of a green member",
    "DeletionProtection": "carried over by the switchover",
}
"""What a green member has otherwise before the switchover."""

NOT_SENT = {
    "DBCapacityReservationIdentifier": "the source holds the unit: R-RDS-78",
    "DBClusterSnapshotIdentifier": "of the route of clusters",
    "DBInstanceIdentifier": "the step's own",
    "DBName": "of Oracle alone, where it would rename the database",
    "DBParameterGroupName": "the step's own: born quiet",
    "DBSnapshotIdentifier": "the step's own",
    "CustomIamInstanceProfile": "RDS Custom: R-RDS-06",
    "ManageMasterUserPassword": "at a restore for Oracle alone; set afterwards for all",
    "MasterUserSecretKmsKeyId": "as ManageMasterUserPassword",
    "TagSpecifications": "Tags say it",
    "Tags": "the step's own",
    "TdeCredentialPassword": "a secret that nobody can read back: R-RDS-23",
    "UseDefaultProcessorFeatures": "ProcessorFeatures say it",
    "VpcSecurityGroupIds": "the step's own: born in quarantine",
}
"""Members of RestoreDBInstanceFromDBSnapshot that the table does not send, and why."""

REPLICA = (
    "DBInstanceClass", "AutoMinorVersionUpgrade", "MultiAZ", "PubliclyAccessible", "StorageType", "Iops", "StorageThroughput",
    "CopyTagsToSnapshot", "MonitoringInterval", "MonitoringRoleArn", "EnableIAMDatabaseAuthentication", "DatabaseInsightsMode",
    "EnablePerformanceInsights", "PerformanceInsightsKMSKeyId", "PerformanceInsightsRetentionPeriod",
    "EnableCloudwatchLogsExports", "ProcessorFeatures", "NetworkType", "MaxAllocatedStorage", "DedicatedLogVolume",
    "CACertificateIdentifier", "Port", "OptionGroupName", "AvailabilityZone", "EnableCustomerOwnedIp", "Domain",
    "DomainFqdn", "DomainIAMRoleName", "DomainOu", "DomainAuthSecretArn", "DomainDnsIps", "AllocatedStorage", "BackupTarget",
    "AdditionalStorageVolumes", "ReplicaMode",
)  # fmt: skip
"""Members that a read replica can be told, of those that the table draws."""


def restore_params(described: Described) -> dict[str, Any]:
    """Return everything that a restore can be told: AWS's defaults are traps (R-RDS-47)."""
    return params(INSTANCE, described, Class.AT_RESTORE, Class.LOST)


def modify_params(described: Described) -> dict[str, Any]:
    """Return what a restore cannot be told."""
    return params(INSTANCE, described, Class.MODIFY)


TOLD_PARAMETERS = ("oracle", "db2")
"""What the engines begin with whose new replicas can be told a parameter group (SB-RDS-64)."""


def group_of(described: Described) -> str:
    """Return the parameter group of an instance."""
    return str(one("DBParameterGroups", "DBParameterGroupName")(described) or "")


def tells_parameters(described: Described) -> bool:
    """Tell whether a new replica can be told a parameter group at birth; else it has its source's."""
    return str(described.get("Engine", "")).startswith(TOLD_PARAMETERS)


def replica_params(described: Described, source: Described) -> dict[str, Any]:
    """Return what a new read replica of `source` is told, so that it is what the old one was: its security groups too.

    Its subnet group only where it is another than its source's (botocore rds DBSubnetGroupNotAllowedFault).
    """
    drawn = params(INSTANCE, described, Class.AT_RESTORE, Class.MODIFY, Class.LOST)
    kept = {k: v for k, v in drawn.items() if k in REPLICA}
    groups = [g["VpcSecurityGroupId"] for g in described.get("VpcSecurityGroups") or ()]
    kept |= {"VpcSecurityGroupIds": groups, "DeletionProtection": False}
    subnets = inside("DBSubnetGroup", "DBSubnetGroupName")
    if subnets(described) and subnets(described) != subnets(source):
        kept["DBSubnetGroupName"] = subnets(described)
    if tells_parameters(described) and group_of(described):
        kept["DBParameterGroupName"] = group_of(described)
    return kept


REPLICA_AFTERWARDS = (
    "BackupRetentionPeriod", "PreferredBackupWindow", "PreferredMaintenanceWindow", "EngineLifecycleSupport",
)  # fmt: skip
"""Members that a read replica cannot be told at birth: it has no backups, and a window of its own."""


def replica_settings(described: Described) -> dict[str, Any]:
    """Return what a new read replica is told afterwards, by ModifyDBInstance."""
    drawn = params(INSTANCE, described, Class.AT_RESTORE, Class.MODIFY)
    return {k: v for k, v in drawn.items() if k in REPLICA_AFTERWARDS}
