"""The fields of DBCluster (botocore rds DBCluster, RestoreDBClusterFromSnapshot, ModifyDBCluster), each classed.

Aurora and Multi-AZ DB clusters are one shape and two lives: storage of a size, IOPS and an instance class are the latter's,
zones, roles and backtrack the former's, and each is refused where it is not.
"""

from typing import Any

from sealift.fields import Class, Described, Field, Value, inside, listed, params, same, truth

A, M, E, D, L, OUT, T = (
    Class.AT_RESTORE,
    Class.MODIFY,
    Class.ELSEWHERE,
    Class.IN_DATA,
    Class.LOST,
    Class.OUTPUT,
    Class.TREATED,
)


def aurora(d: Described) -> bool:
    """Tell Aurora from a Multi-AZ DB cluster."""
    return str(d.get("Engine", "")).startswith("aurora")


def _of_aurora(value: Value) -> Value:
    return lambda d: value(d) if aurora(d) else None


def _of_multi_az(value: Value) -> Value:
    return lambda d: None if aurora(d) else value(d)


def _plain(name: str, cls: Class, note: str = "") -> Field:
    return Field(name, cls, note, {name: same(name)}, same(name))


def _flag(name: str, cls: Class, member: str = "", note: str = "") -> Field:
    return Field(name, cls, note, {member or name: truth(name)}, truth(name))


def _only(name: str, whose: Any, value: Value | None = None, member: str = "") -> Field:
    """Return a field that one kind of cluster has, sent and compared for that kind alone."""
    drawn = whose(value or same(name))
    return Field(
        name, A, "Aurora's" if whose is _of_aurora else "Multi-AZ DB clusters'", {member or name: drawn}, drawn
    )


def _storage(d: Described) -> Any:
    # What costs nothing more is not shown: botocore rds CreateDBCluster.StorageType.
    return d.get("StorageType") or ("aurora" if aurora(d) else None)


def _insights(name: str) -> Value:
    return lambda d: d.get(name) if d.get("PerformanceInsightsEnabled") else None


def _monitored(name: str) -> Value:
    return lambda d: d.get(name) if d.get("MonitoringInterval") else None


def _advanced(value: Value) -> Value:
    """Draw what has to be said again in the request that sets the advanced mode (botocore rds ModifyDBCluster)."""
    return lambda d: value(d) if d.get("DatabaseInsightsMode") == "advanced" else None


def _roles(d: Described) -> list[dict[str, Any]]:
    return [{k: r[k] for k in ("RoleArn", "FeatureName") if r.get(k)} for r in d.get("AssociatedRoles") or ()]


def _role_names(d: Described) -> list[list[str]]:
    return sorted([r["RoleArn"], r.get("FeatureName", "")] for r in _roles(d))


def _domain(key: str) -> Value:
    return lambda d: next((m.get(key) for m in d.get("DomainMemberships") or ()), None)


def _without_vpc(name: str) -> Value:
    """Draw networking where it is not that of a VPC: the two members go together, and nowhere else."""
    return lambda d: bool(d.get(name)) if d.get("VPCNetworkingEnabled") is False else None


def _forwards(d: Described) -> Any:
    return True if d.get("LocalWriteForwardingStatus") in ("enabled", "enabling") else None


CLUSTER: tuple[Field, ...] = (
    Field("AllocatedStorage", D, "of a Multi-AZ DB cluster; Aurora says 1", None, same("AllocatedStorage")),
    _only("AvailabilityZones", _of_aurora, listed("AvailabilityZones")),
    _plain("BackupRetentionPeriod", A),
    Field("CharacterSetName", D, "", None, same("CharacterSetName")),
    _plain("DatabaseName", A),
    Field("DBClusterIdentifier", A, "a temporary name, then the rename", None, same("DBClusterIdentifier")),
    Field("DBClusterParameterGroup", A, "born quiet", None, same("DBClusterParameterGroup")),
    Field("DBSubnetGroup", A, "", {"DBSubnetGroupName": same("DBSubnetGroup")}, same("DBSubnetGroup")),
    Field("Status", OUT),
    Field("PercentProgress", OUT),
    Field("EarliestRestorableTime", L, "starts anew"),
    Field("Endpoint", L, "the address changes, its name does not"),
    Field("ReaderEndpoint", L, "the addresses change, its name does not"),
    Field("CustomEndpoints", E, "CreateDBClusterEndpoint: identifiers are unique in the Region"),
    Field("MultiAZ", OUT, "by the zones of its members"),
    _plain("Engine", A),
    _plain("EngineVersion", A, "else the Region's default: R-RDS-46"),
    Field("LatestRestorableTime", L, "starts anew"),
    _plain("Port", A),
    Field("MasterUsername", D, "", None, same("MasterUsername")),
    Field(
        "DBClusterOptionGroupMemberships",
        OUT,
        "the default one, which cannot be changed",
        None,
        listed("DBClusterOptionGroupMemberships", "DBClusterOptionGroupName"),
    ),
    _plain("PreferredBackupWindow", A, "else a random one"),
    _plain("PreferredMaintenanceWindow", M),
    Field("UpgradeRolloutOrder", L, "AWS chooses"),
    Field("ReplicationSourceIdentifier", T, "a replica of another cluster blocks"),
    Field("ReadReplicaIdentifiers", T, "clusters that replicate from it block"),
    Field("StatusInfos", OUT),
    Field("DBClusterMembers", E, "CreateDBInstance, the writer first"),
    Field("VpcSecurityGroups", A, "born in quarantine", None, listed("VpcSecurityGroups", "VpcSecurityGroupId")),
    Field("HostedZoneId", OUT),
    Field("StorageEncrypted", OUT, "false under an AWS-owned key: R-RDS-02"),
    Field("StorageEncryptionType", OUT, "asserted: R-RDS-01"),
    Field("KmsKeyId", OUT, "the step's own: this restore is what encrypts; asserted: R-RDS-01"),
    Field("DbClusterResourceId", L, "new: rds-db:connect and CloudTrail name it"),
    Field("DBClusterArn", OUT, "names the identifier: the same after the renames"),
    Field("AssociatedRoles", A, "", {"AssociatedRoles": _of_aurora(_roles)}, _role_names),
    _flag("IAMDatabaseAuthenticationEnabled", A, "EnableIAMDatabaseAuthentication"),
    Field("CloneGroupId", L, "a restore is nobody's clone"),
    Field("ClusterCreateTime", L, "that of the replacement"),
    Field("EarliestBacktrackTime", L, "its history is lost"),
    Field(
        "BacktrackWindow",
        A,
        "Aurora MySQL's, where it had one",
        {"BacktrackWindow": lambda d: d.get("BacktrackWindow") or None},
        lambda d: d.get("BacktrackWindow") or 0,
    ),
    Field("BacktrackConsumedChangeRecords", OUT),
    Field(
        "EnabledCloudwatchLogsExports",
        A,
        "",
        {"EnableCloudwatchLogsExports": listed("EnabledCloudwatchLogsExports")},
        listed("EnabledCloudwatchLogsExports"),
    ),
    Field("Capacity", T, "Serverless v1: R-RDS-22"),
    Field("PendingModifiedValues", T, "R-RDS-13"),
    _only("EngineMode", _of_aurora),
    Field("ScalingConfigurationInfo", T, "Serverless v1: R-RDS-22"),
    Field("RdsCustomClusterConfiguration", T, "RDS Custom: R-RDS-06"),
    _only("DBClusterInstanceClass", _of_multi_az),
    Field("StorageType", A, "else aurora or io1: R-RDS-47", {"StorageType": _storage}, _storage),
    _only("Iops", _of_multi_az),
    Field("StorageThroughput", D, "follows from the IOPS", None, same("StorageThroughput")),
    Field("IOOptimizedNextAllowedModificationTime", L, "counts anew"),
    _only("PubliclyAccessible", _of_multi_az, truth("PubliclyAccessible")),
    _flag("AutoMinorVersionUpgrade", M),
    Field(
        "DeletionProtection",
        A,
        "off until bring-up: what is made can be taken back",
        {"DeletionProtection": lambda _: False},
        truth("DeletionProtection"),
    ),
    Field(
        "HttpEndpointEnabled",
        E,
        "EnableHttpEndpoint, at bring-up: no security group stops that way in",
        None,
        truth("HttpEndpointEnabled"),
    ),
    Field("ActivityStreamMode", T, "R-RDS-20"),
    Field("ActivityStreamStatus", T, "R-RDS-20: started again by hand"),
    Field("ActivityStreamKmsKeyId", T, "R-RDS-20"),
    Field("ActivityStreamKinesisStreamName", L, "R-RDS-20"),
    _flag("CopyTagsToSnapshot", A),
    Field("CrossAccountClone", T, "R-RDS-22"),
    Field(
        "DomainMemberships",
        A,
        "Aurora's",
        {"Domain": _of_aurora(_domain("Domain")), "DomainIAMRoleName": _of_aurora(_domain("IAMRoleName"))},
        listed("DomainMemberships", "Domain", "IAMRoleName"),
    ),
    Field("TagList", E, "AddTagsToResource at hand-over"),
    Field("GlobalClusterIdentifier", T, "a member of a global cluster is refused"),
    Field("GlobalWriteForwardingStatus", T, "of a global cluster"),
    Field("GlobalWriteForwardingRequested", T, "of a global cluster"),
    _only("NetworkType", _of_aurora),
    Field("AutomaticRestartTime", OUT),
    Field(
        "ServerlessV2ScalingConfiguration",
        A,
        "before there are members of db.serverless",
        {"ServerlessV2ScalingConfiguration": same("ServerlessV2ScalingConfiguration")},
        same("ServerlessV2ScalingConfiguration"),
    ),
    Field("ServerlessV2PlatformVersion", L, "RDS chooses"),
    Field(
        "MonitoringInterval",
        A,
        "",
        {"MonitoringInterval": _monitored("MonitoringInterval")},
        lambda d: d.get("MonitoringInterval") or 0,
    ),
    Field(
        "MonitoringRoleArn", A, "", {"MonitoringRoleArn": _monitored("MonitoringRoleArn")}, same("MonitoringRoleArn")
    ),
    Field(
        "DatabaseInsightsMode",
        M,
        "advanced takes Performance Insights and its retention in the same request",
        {
            "DatabaseInsightsMode": same("DatabaseInsightsMode"),
            "EnablePerformanceInsights": _advanced(lambda _: True),
            "PerformanceInsightsRetentionPeriod": _advanced(same("PerformanceInsightsRetentionPeriod")),
        },
        same("DatabaseInsightsMode"),
    ),
    Field(
        "PerformanceInsightsEnabled",
        A,
        "its history is lost",
        {"EnablePerformanceInsights": lambda d: True if d.get("PerformanceInsightsEnabled") else None},
        truth("PerformanceInsightsEnabled"),
    ),
    Field(
        "PerformanceInsightsKMSKeyId",
        A,
        "",
        {"PerformanceInsightsKMSKeyId": _insights("PerformanceInsightsKMSKeyId")},
        same("PerformanceInsightsKMSKeyId"),
    ),
    Field(
        "PerformanceInsightsRetentionPeriod",
        A,
        "",
        {"PerformanceInsightsRetentionPeriod": _insights("PerformanceInsightsRetentionPeriod")},
        same("PerformanceInsightsRetentionPeriod"),
    ),
    Field("DBSystemId", OUT, "reserved"),
    Field("MasterUserSecret", M, "a new secret: R-RDS-17", None, lambda d: bool(d.get("MasterUserSecret"))),
    Field(
        "LocalWriteForwardingStatus",
        M,
        "Aurora's",
        {"EnableLocalWriteForwarding": _of_aurora(_forwards)},
        lambda d: bool(_forwards(d)),
    ),
    Field("AwsBackupRecoveryPointArn", L, "AWS Backup's own link"),
    Field("LimitlessDatabase", T, "R-RDS-22"),
    Field("ClusterScalabilityType", T, "R-RDS-22"),
    Field(
        "CertificateDetails",
        M,
        "Multi-AZ DB clusters'; Aurora's members have their own",
        {"CACertificateIdentifier": _of_multi_az(inside("CertificateDetails", "CAIdentifier"))},
        _of_multi_az(inside("CertificateDetails", "CAIdentifier")),
    ),
    _plain("EngineLifecycleSupport", A, "else Extended Support, which is charged for"),
    Field(
        "VPCNetworkingEnabled",
        A,
        "Aurora PostgreSQL's, where it has no VPC",
        {"EnableVPCNetworking": _without_vpc("VPCNetworkingEnabled")},
        lambda d: d.get("VPCNetworkingEnabled") is not False,
    ),
    Field(
        "InternetAccessGatewayEnabled",
        A,
        "as VPCNetworkingEnabled",
        {"EnableInternetAccessGateway": _without_vpc("InternetAccessGatewayEnabled")},
        truth("InternetAccessGatewayEnabled"),
    ),
)

CLUSTER_BORN_OTHERWISE = {
    "DBClusterIdentifier": "named when the names change hands",
    "DBClusterParameterGroup": "schedulers are off until bring-up",
    "DeletionProtection": "off until bring-up",
    "HttpEndpointEnabled": "the Data API is off until bring-up",
    "VpcSecurityGroups": "in quarantine until bring-up",
}
"""What a replacement is not told at birth; compared after bring-up."""

CLUSTER_NOT_SENT = {
    "DBClusterIdentifier": "the step's own",
    "DBClusterParameterGroupName": "the step's own: born quiet",
    "KmsKeyId": "the step's own: this restore is what encrypts",
    "OptionGroupName": "clusters have the default one, which cannot be changed",
    "RdsCustomClusterConfiguration": "RDS Custom: R-RDS-06",
    "ScalingConfiguration": "Serverless v1: R-RDS-22",
    "SnapshotIdentifier": "the step's own",
    "TagSpecifications": "Tags say it",
    "Tags": "the step's own",
    "VpcSecurityGroupIds": "the step's own: born in quarantine",
}
"""Members of RestoreDBClusterFromSnapshot that the table does not send, and why."""


def restore_params(described: Described) -> dict[str, Any]:
    """Return everything that a restore can be told: AWS's defaults are traps, the version above all (R-RDS-46)."""
    return params(CLUSTER, described, Class.AT_RESTORE)


def modify_params(described: Described) -> dict[str, Any]:
    """Return what a restore cannot be told."""
    return params(CLUSTER, described, Class.MODIFY)
