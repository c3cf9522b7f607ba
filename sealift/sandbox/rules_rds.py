"""Rules of RDS and Aurora: id, sentence, source; the fourth says that it is a guess. They become part of `rules.RULES`.

Ids that start with `R-RDS` are shared with the product's rules about the same fact.
"""

_UG = "docs.aws.amazon.com/AmazonRDS/latest/UserGuide/"
_AUG = "docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/"
_BG = _UG + "blue-green-deployments-"
_CODE = "; the code is a guess"

DATABASES: tuple[tuple[str, str, str, bool], ...] = (
    # encryption
    (
        "R-RDS-02",
        "A cluster under an AWS-owned key says StorageEncrypted false and StorageEncryptionType sse-rds; new Aurora "
        "clusters are made so.",
        "botocore rds DBCluster.StorageEncrypted; " + _AUG + "Overview.Encryption.html",
        False,
    ),
    (
        "R-RDS-03",
        "A snapshot under aws/rds is not shared.",
        _UG + "USER_ShareSnapshot.html" + _CODE,
        True,
    ),
    ("R-RDS-04", "SQL Server Express is not encrypted.", _UG + "Overview.Encryption.html" + _CODE, True),
    (
        "R-RDS-05",
        "Classes db.m1, db.m2 and db.t2.micro are not encrypted.",
        _UG + "Overview.Encryption.html" + _CODE,
        True,
    ),
    (
        "R-RDS-08",
        "A plain instance has no encrypted read replica.",
        "botocore rds CreateDBInstanceReadReplica.KmsKeyId" + _CODE,
        True,
    ),
    (
        "R-RDS-09",
        "A replica follows its source when that is renamed; in another Region an encrypted one needs that Region's key.",
        _UG + "USER_RenameInstance.html; botocore rds CreateDBInstanceReadReplica.KmsKeyId" + _CODE,
        True,
    ),
    (
        "R-RDS-14",
        "A key that is unknown here, not Enabled or not for encryption is KMSKeyNotAccessibleFault, at the request.",
        "botocore rds KMSKeyNotAccessibleFault",
        False,
    ),
    (
        "R-RDS-15",
        "The caller needs kms:DescribeKey and kms:CreateGrant on the key, through RDS.",
        _UG + "Overview.Encryption.Keys.html",
        False,
    ),
    (
        "R-RDS-34",
        "A database whose key cannot be used becomes inaccessible-encryption-credentials-recoverable, for good after 7 "
        "days; StartDBInstance brings it back once the key is usable. Without backups it is lost at once.",
        _UG + "Overview.Encryption.html; when RDS notices is a guess",
        True,
    ),
    (
        "R-RDS-37",
        "An encrypted snapshot of another account or Region is copied under a key of one's own first, and the caller "
        "needs DescribeKey, CreateGrant and Decrypt on the owner's key; none is public.",
        _UG
        + "USER_ShareSnapshot.html; recorded: The source snapshot KMS key does not exist…, The target KMS key [None]…, "
        "Must specify new KMS key for cross region…; the code for `all` and for a restore is a guess",
        True,
    ),
    (
        "SB-RDS-03",
        "KmsKeyId and StorageEncrypted=false exclude each other.",
        "botocore rds CreateDBInstance.KmsKeyId" + _CODE,
        True,
    ),
    (
        "SB-RDS-10",
        "Replicated backups of an encrypted instance need a key of their Region.",
        "botocore rds StartDBInstanceAutomatedBackupsReplication.KmsKeyId" + _CODE,
        True,
    ),
    (
        "SB-RDS-12",
        "CopyDBClusterSnapshot with a key on a plain snapshot is an error.",
        "botocore rds CopyDBClusterSnapshot.KmsKeyId" + _CODE,
        True,
    ),
    (
        "SB-AUR-07",
        "RestoreDBClusterToPointInTime of a plain cluster with a key is rejected.",
        "botocore rds RestoreDBClusterToPointInTime.KmsKeyId" + _CODE,
        True,
    ),
    (
        "R-RDS-16",
        "In a VPC that enforces encryption controls, a class without encryption in transit is refused.",
        "botocore rds VpcEncryptionControlViolationException; which classes is a guess",
        True,
    ),
    # instances
    (
        "R-RDS-07",
        "A member of a cluster is snapshotted and switched over with its cluster.",
        "botocore rds CreateDBSnapshot, CreateBlueGreenDeployment" + _CODE,
        True,
    ),
    (
        "R-RDS-12",
        "A stopped database starts by itself after 7 days.",
        "botocore rds StopDBInstance, DBInstance.AutomaticRestartTime",
        False,
    ),
    (
        "R-RDS-13",
        "Without ApplyImmediately most changes are pending; with it the request's changes and all pending ones apply.",
        "botocore rds ModifyDBInstance.ApplyImmediately",
        False,
    ),
    (
        "R-RDS-17",
        "A managed master password has a secret of the database's own, with username and password, that is deleted with "
        "it and whose key stays; no replicas, no Blue/Green, no modify of a multi-tenant CDB; at a restore for Oracle only.",
        "botocore rds ModifyDBInstance.MasterUserSecretKmsKeyId, RestoreDBInstanceFromDBSnapshot; "
        + _UG
        + "rds-secrets-manager.html; the codes are guesses",
        True,
    ),
    (
        "R-RDS-18",
        "A proxy's target goes by identifier; it is registered before a Blue/Green deployment is made, not after.",
        _UG + "rds-proxy-blue-green.html; botocore rds DBProxyTarget.RdsResourceId" + _CODE,
        True,
    ),
    (
        "R-RDS-20",
        "An activity stream has a new name wherever it is started.",
        "botocore rds StartActivityStream",
        False,
    ),
    (
        "R-RDS-23",
        "A restore names an option group that has the snapshot's permanent options; a TDE snapshot is not shared.",
        _UG + "USER_RestoreFromSnapshot.html" + _CODE,
        True,
    ),
    (
        "R-RDS-25",
        "40 instances, 40 clusters, 100 manual snapshots, 50 parameter groups of a kind, 100 TiB; "
        "DescribeAccountAttributes tells used and most.",
        _UG + "CHAP_Limits.html",
        False,
    ),
    ("R-RDS-27", "An identifier in use is refused.", "botocore rds DBInstanceAlreadyExistsFault", False),
    (
        "R-RDS-28",
        "A rename onto an identifier in use is refused, also while it is on its way to be taken, from the request on.",
        _UG + "USER_RenameInstance.html; the second half is a guess",
        True,
    ),
    (
        "R-RDS-29",
        "A rename reboots; the old name is gone at once, the new one works in about 10 minutes (clusters: 2).",
        _UG + "USER_RenameInstance.html",
        False,
    ),
    (
        "R-RDS-30",
        "DeletionProtection refuses a delete; DeleteAutomatedBackups is true unless told.",
        "botocore rds DeleteDBInstance",
        False,
    ),
    (
        "SB-RDS-01",
        "Identifiers: letters, digits, single hyphens, a letter first; kept in lower case.",
        "botocore rds CreateDBInstance",
        False,
    ),
    ("SB-RDS-02", "What is not there is refused with its NotFound code.", "botocore rds error shapes", False),
    (
        "SB-RDS-04",
        "An engine, a version or a member of another engine that is unknown is refused.",
        "botocore rds CreateDBInstance.Engine" + _CODE,
        True,
    ),
    (
        "SB-RDS-05",
        "A parameter or option group is of the database's family.",
        _UG + "USER_WorkingWithParamGroups.html" + _CODE,
        True,
    ),
    (
        "SB-RDS-06",
        "Describes are paged by Marker, 20 to 100 a page; an unknown filter is refused.",
        "botocore rds DescribeDBInstances",
        False,
    ),
    (
        "SB-RDS-07",
        "A zone and Multi-AZ exclude each other; an instance needs a size.",
        "botocore rds CreateDBInstance" + _CODE,
        True,
    ),
    (
        "SB-RDS-08",
        "Groups have names of their own; a DB subnet group covers two zones of one VPC, and keeps the subnets that "
        "databases are in.",
        "botocore rds CreateDBSubnetGroup, ModifyDBSubnetGroup; the code for a second VPC, and for the default group, is a "
        "guess",
        True,
    ),
    ("SB-RDS-09", "A group in use is not deleted.", "botocore rds DeleteDBParameterGroup", False),
    (
        "SB-RDS-13",
        "A delete says SkipFinalSnapshot or names a final snapshot; replicas and members have none.",
        "botocore rds DeleteDBInstance.SkipFinalSnapshot" + _CODE,
        True,
    ),
    (
        "SB-RDS-15",
        "Storage never shrinks, grows by 10 % or more, and rests while it is optimized; the limit of its growth is at least "
        "10 % above it.",
        "botocore rds ModifyDBInstance.AllocatedStorage; " + _UG + "USER_PIOPS.Autoscaling.html; recorded replies: "
        "previous storage change is being optimized, The maximum allocated storage must be increased by at least 10 percent "
        "(ministryofjustice/cloud-platform-environments#24422)",
        False,
    ),
    (
        "SB-RDS-17",
        "A replica needs a source that keeps backups; only a replica is promoted.",
        "botocore rds CreateDBInstanceReadReplica, PromoteReadReplica",
        False,
    ),
    (
        "SB-RDS-64",
        "A new replica is told a parameter group for Oracle and Db2, and for MySQL in another Region; else it has its "
        "source's, in another Region the default one.",
        "botocore rds CreateDBInstanceReadReplica.DBParameterGroupName; recorded (hashicorp/terraform-provider-aws#38056)",
        False,
    ),
    (
        "SB-RDS-18",
        "A reboot ends connections and applies what was pending-reboot; ForceFailover needs Multi-AZ.",
        "botocore rds RebootDBInstance",
        False,
    ),
    (
        "SB-RDS-19",
        "Only an available instance is stopped, no member and nothing that has or is a replica.",
        "botocore rds StopDBInstance; " + _UG + "USER_StopInstance.html" + _CODE,
        True,
    ),
    (
        "SB-RDS-20",
        "A database is modified while it is available or where a modify heals it; the status turns some time after, and "
        "Performance Insights is shown once it has been applied.",
        "botocore rds ModifyDBInstance; recorded: No modifications were requested; when Performance Insights is shown is a "
        "guess",
        True,
    ),
    (
        "SB-RDS-21",
        "Changed security groups reach the network interfaces later, and end no connection.",
        "botocore rds ModifyDBInstance.VpcSecurityGroupIds; AWSEC2 security-group-connection-tracking.html",
        False,
    ),
    (
        "SB-RDS-22",
        "Default parameter groups are neither modified nor copied; a request changes 20 parameters at most; a static "
        "parameter is not applied immediately.",
        _UG + "USER_WorkingWithParamGroups.html; botocore rds CopyDBParameterGroup; recorded: InvalidParameterValue, "
        "Cannot modify a default parameter group (ankane/pghero#66), InvalidParameterCombination, Cannot modify more than "
        "20 parameters in a single request (hashicorp/terraform-provider-aws#1298); the code of a copy is a guess",
        True,
    ),
    (
        "SB-RDS-23",
        "A role is associated once, for one feature, while the database is available.",
        "botocore rds AddRoleToDBInstance",
        False,
    ),
    (
        "SB-RDS-24",
        "Subscriptions and their sources exist once, and a source must be there.",
        "botocore rds CreateEventSubscription",
        False,
    ),
    (
        "SB-RDS-25",
        "A proxy is available before it takes targets, each once, or other pool settings; its one target group is default; "
        "a target that is REGISTERING is not routed to yet. "
        "A tracked cluster shows no health and the port 0; its instances are targets of their own.",
        "botocore rds RegisterDBProxyTargets, ModifyDBProxyTargetGroup, TargetHealth; the handler of "
        "AWS::RDS::DBProxyTargetGroup: tracked clusters do not currently have their own health state; the code for a new "
        "name is a guess",
        True,
    ),
    (
        "SB-RDS-26",
        "A security group that a database has, or still carries, is not deleted; RDS's interfaces are left alone.",
        "botocore ec2 DeleteSecurityGroup; docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html",
        False,
    ),
    (
        "SB-RDS-27",
        "gp3 has 3,000 IOPS and 125 MiB/s, from 400 GiB (Oracle: 200, SQL Server: never) 12,000 and 500; below that size "
        "none are named, also not these, but for SQL Server; io1 and io2 need IOPS, gp2 and standard take none.",
        _UG
        + "CHAP_Storage.html; recorded: You can't specify IOPS or storage throughput for engine mysql and a storage "
        "size less than 400 (cloudtools/troposphere#2153); that SQL Server may, and the other refusals, are guesses",
        True,
    ),
    (
        "SB-RDS-28",
        "A database that names no subnet group is public unless told, one that names one is not; members of Aurora are not.",
        "botocore rds CreateDBInstance.PubliclyAccessible",
        False,
    ),
    (
        "SB-RDS-29",
        "Tags: 50 a resource; keys to 128, values to 256 letters, digits, spaces and _.:/=+-@, no others.",
        "botocore rds Tag; recorded: InvalidParameterValue, Tag values may only contain unicode letters, digits, whitespace, "
        "or one of these symbols (cloud-custodian/cloud-custodian#4674); the code of a 51st is a guess",
        True,
    ),
    (
        "SB-RDS-30",
        "A zero-ETL integration is of an available database, under a name of its own, and there until it is deleted.",
        "botocore rds CreateIntegration, DeleteIntegration",
        False,
    ),
    (
        "SB-RDS-31",
        "Log files are of an instance that has been made; one that is not there is DBLogFileNotFoundFault.",
        "botocore rds DescribeDBLogFiles, DownloadDBLogFilePortion; which files and lines there are is a guess",
        True,
    ),
    (
        "SB-RDS-33",
        "An engine that starts with parameters that need more memory than its class has is incompatible-parameters: "
        "rebooted once the group is mended it is available, and not modified before.",
        "repost.aws/knowledge-center/aurora-mysql-incompatible-parameter; " + _UG + "accessing-monitoring.html; that "
        "innodb_buffer_pool_size and shared_buffers alone count, and from what size, are guesses",
        True,
    ),
    (
        "SB-RDS-34",
        "Requests to RDS beyond its rate are refused, and do nothing: 60 reads refilled at 20/s, 20 changes at 5/s.",
        "recorded: Throttling, Rate exceeded, 400 (aws/aws-cli#8604, cloud-custodian/cloud-custodian#3340); RDS publishes "
        "no rate: how many, and that all reads share one bucket and all changes another, are guesses",
        True,
    ),
    # snapshots, copies, restores
    (
        "R-RDS-10",
        "CreateDBSnapshot takes available and storage-optimization; the instance is backing-up meanwhile.",
        "botocore rds CreateDBSnapshot; that the status lasts as long as the snapshot is a guess",
        True,
    ),
    (
        "R-RDS-26",
        "20 snapshot copies in progress for a destination; copies of one source run one after the other.",
        _UG + "USER_CopySnapshot.html" + _CODE,
        True,
    ),
    (
        "R-RDS-46",
        "A cluster restored without EngineVersion gets the Region's default version.",
        "botocore rds RestoreDBClusterFromSnapshot.EngineVersion",
        False,
    ),
    (
        "R-RDS-47",
        "A restore takes no KmsKeyId, and everything it is not told is AWS's default: security group, parameter group, "
        "gp3, single-AZ, flags off; the DbiResourceId is new.",
        "botocore rds RestoreDBInstanceFromDBSnapshot",
        False,
    ),
    (
        "R-RDS-48",
        "aws:* tags are not set, nor copied by CopyTags; Tags make CopyTags void.",
        "botocore rds CopyDBSnapshot.CopyTags; recorded: InvalidParameterValue",
        False,
    ),
    (
        "R-RDS-49",
        "A copy from another Region names an option group where the source's has permanent options.",
        "botocore rds CopyDBSnapshot.OptionGroupName" + _CODE,
        True,
    ),
    (
        "SB-RDS-11",
        "Only an available snapshot is copied or restored; only a manual one is deleted, or a copy cancelled.",
        "botocore rds InvalidDBSnapshotStateFault, DeleteDBSnapshot",
        False,
    ),
    (
        "SB-RDS-14",
        "A restore to a point in time needs backups, and a time between them and five minutes ago.",
        "botocore rds PointInTimeRestoreNotEnabledFault, RestoreDBInstanceToPointInTime",
        False,
    ),
    (
        "SB-RDS-16",
        "SQL Server is not mirrored without backups.",
        "recorded: Mirroring cannot be applied to instances with backup retention set to zero",
        False,
    ),
    (
        "R-RDS-06",
        "CopyDBSnapshot does not apply to RDS Custom.",
        "botocore rds CopyDBSnapshot" + _CODE,
        True,
    ),
    (
        "R-RDS-24",
        "A class or version that is not to be had any more is refused, and a snapshot of such a version is upgraded first "
        "(ModifyDBSnapshot); DescribeOrderableDBInstanceOptions lists what is to be had.",
        "botocore rds DescribeOrderableDBInstanceOptions; recorded: InvalidParameterCombination, RDS does not support creating "
        "a DB instance with the following combination (elastic/beats#38473); "
        + _UG
        + "USER_UpgradeDBSnapshot.html; the code for a version is a guess",
        True,
    ),
    (
        "SB-RDS-32",
        "A DB snapshot takes what has changed since the newest one of its database that is still there, automated or "
        "manual, or all where none is; a copy goes by the copies of that database under its key that are still there.",
        _UG
        + "USER_CreateSnapshot.html, USER_CopySnapshot.html; that a deleted one is no base is the bad way to read them",
        True,
    ),
    # clusters
    (
        "SB-AUR-01",
        "A member or an endpoint is made once the cluster is available.",
        "botocore rds RestoreDBClusterFromSnapshot",
        False,
    ),
    (
        "SB-AUR-02",
        "What belongs to the cluster is not set on a member.",
        "botocore rds ModifyDBInstance, CreateDBInstance" + _CODE,
        True,
    ),
    (
        "SB-AUR-03",
        "A Multi-AZ DB cluster has a class, brings its instances along and is rebooted whole; Aurora is not.",
        _UG + "multi-az-db-clusters-concepts.html" + _CODE,
        True,
    ),
    (
        "SB-AUR-47",
        "A green Aurora cluster has no ReplicaLag: Aurora MySQL's writer shows AuroraBinlogReplicaLag in seconds, and the "
        "blue writer of Aurora PostgreSQL OldestReplicationSlotLag in bytes.",
        _AUG
        + "Aurora.AuroraMonitoring.Metrics.html; "
        + _AUG
        + "blue-green-deployments-switching.html; of Aurora PostgreSQL "
        "that page has a query of slots: the metric is a guess",
        True,
    ),
    ("SB-AUR-04", "An Aurora cluster with members is not deleted.", _AUG + "USER_DeleteCluster.html", False),
    ("SB-AUR-05", "A failover needs another available member.", "botocore rds FailoverDBCluster", False),
    (
        "SB-AUR-06",
        "A custom endpoint's identifier is unique in the Region, whatever its cluster.",
        "botocore rds DBClusterEndpointAlreadyExistsFault; 'in the Region' is the bad way to read it",
        True,
    ),
    (
        "SB-AUR-08",
        "A db.serverless member needs the cluster's ServerlessV2ScalingConfiguration, which a restore does not bring.",
        "recorded: Set the Serverless v2 scaling configuration on the parent DB cluster; the restore is a guess",
        True,
    ),
    (
        "SB-AUR-09",
        "Aurora's storage is aurora, which replies leave out, or aurora-iopt1, without size, IOPS or class; a Multi-AZ DB "
        "cluster's is io1, io2 or gp3; provisioned IOPS are named with the type, and changed with the size.",
        "botocore rds CreateDBCluster.StorageType, Iops, AllocatedStorage; recorded: InvalidParameterCombination, When "
        "modifying Provisioned IOPS storage, specify a value for both… (hashicorp/terraform-provider-aws#44697); the "
        "other codes are guesses",
        True,
    ),
    (
        "SB-AUR-10",
        "An Aurora cluster is in one global cluster at most, and says which; it is neither deleted nor stopped in it, is "
        "promoting for a while when it leaves, and only an empty global cluster is deleted.",
        "botocore rds CreateGlobalCluster, RemoveFromGlobalCluster, DeleteGlobalCluster; recorded: This cluster is a part "
        "of a global cluster…; hashicorp/terraform-provider-aws#40333 (promoting); that a stop is refused so is a guess",
        True,
    ),
    (
        "SB-AUR-11",
        "Only a cluster that replicates is promoted.",
        "botocore rds PromoteReadReplicaDBCluster" + _CODE,
        True,
    ),
    # Blue/Green
    (
        "R-RDS-22",
        "Blue/Green refuses Aurora Serverless v1 and Limitless.",
        _AUG + "blue-green-deployments-overview.html",
        False,
    ),
    ("R-RDS-19", "Blue/Green refuses a source with a zero-ETL integration.", _BG + "considerations.html" + _CODE, True),
    (
        "R-RDS-40",
        "Blue/Green of RDS PostgreSQL replicates logically for a major upgrade only, then by rds.logical_replication.",
        _BG + "replication-type.html" + _CODE,
        True,
    ),
    (
        "R-RDS-41",
        "Blue/Green of Aurora needs logical replication (PostgreSQL) or the binary log (MySQL) in effect, and a writer "
        "in sync.",
        _AUG + "blue-green-deployments-creating.html" + _CODE,
        True,
    ),
    (
        "R-RDS-42",
        "Blue/Green needs automated backups and no external replica.",
        _BG + "considerations.html" + _CODE,
        True,
    ),
    (
        "SB-BG-31",
        "Attached roles are not copied to the green side.",
        _BG + "considerations.html: Attached roles aren't automatically copied to the green environment",
        False,
    ),
    (
        "SB-RDS-61",
        "Domain with DomainIAMRoleName and DomainFqdn with its kin exclude each other; a membership of the first kind shows its "
        "FQDN too.",
        "botocore rds DomainMembership; terraform aws_db_instance: domain conflicts with domain_fqdn" + _CODE,
        True,
    ),
    (
        "SB-RDS-62",
        "EngineLifecycleSupport is of MySQL and PostgreSQL.",
        "botocore rds RestoreDBInstanceFromDBSnapshot.EngineLifecycleSupport" + _CODE,
        True,
    ),
    (
        "SB-RDS-63",
        "An instance holds a unit of its capacity reservation; here each reservation has one.",
        "botocore rds CreateDBInstanceReadReplica.DBCapacityReservationIdentifier" + _CODE,
        True,
    ),
    (
        "SB-BG-30",
        "Jobs inside a green side run, and those of the old side until its reboot: read-only does not stop them, and to turn "
        "event_scheduler and pg_cron off in green is the user's duty.",
        _BG
        + "considerations.html: event_scheduler must be disabled on the green environment, pg_cron must remain disabled on "
        "all green databases; that MySQL's events get past read-only too is a guess",
        True,
    ),
    (
        "SB-RDS-60",
        "pg_cron runs where shared_preload_libraries names it: no default group does. Events of MySQL and MariaDB run unless "
        "event_scheduler is off.",
        _UG + "PostgreSQL_pg_cron.html; dev.mysql.com sysvar_event_scheduler; that MariaDB's default is on is a guess",
        True,
    ),
    (
        "R-RDS-43",
        "Blue/Green refuses Oracle, SQL Server, Db2, Multi-AZ DB clusters, cross-Region and cascading replicas, and what "
        "CloudFormation manages.",
        _BG + "overview.html; the codes are SourceDatabaseNotSupportedFault and SourceClusterNotSupportedFault",
        False,
    ),
    (
        "R-RDS-44",
        "A bad key of a Blue/Green deployment is told by its status INVALID_CONFIGURATION.",
        "botocore rds CreateBlueGreenDeployment has no KMS error; that it comes so is a guess",
        True,
    ),
    (
        "SB-BG-01",
        "A deployment's name is its own, its source available and in no other.",
        "botocore rds CreateBlueGreenDeployment",
        False,
    ),
    (
        "SB-BG-02",
        "TargetResourceConfigurations: 20 entries, each source once, instances and replicas of the blue environment.",
        "botocore rds TargetResourceConfiguration" + _CODE,
        True,
    ),
    (
        "SB-BG-03",
        "A deployment is not deleted during a switchover, and its target not after one.",
        "botocore rds DeleteBlueGreenDeployment.DeleteTarget" + _CODE,
        True,
    ),
    ("SB-BG-04", "Members of a deployment are not renamed or deleted before its record is.", "no page found", True),
    (
        "SB-BG-05",
        "A green member without an entry has the encryption of its blue one, a replica too.",
        "botocore rds TargetResourceConfiguration: one for each instance and read replica; the bad way to read it",
        True,
    ),
    (
        "SB-BG-06",
        "A switchover needs AVAILABLE and takes a time-out of 30 to 3,600 s, after which it is rolled back.",
        "botocore rds SwitchoverBlueGreenDeployment",
        False,
    ),
    (
        "SB-BG-07",
        "After a switchover the old side is NAME-old1, read-only until it is rebooted.",
        _BG + "switching.html; what else ends it is not known",
        True,
    ),
    (
        "SB-BG-32",
        "A switchover binds a proxy's target to the new side for good: given back, the name is registered anew.",
        _UG + "rds-proxy-blue-green.html: RDS Proxy is switched to the green side; the bad way to read it",
        True,
    ),
    (
        "SB-ENG-02",
        "What ALTER DATABASE sets is for sessions that begin later: a PostgreSQL session that is there writes on.",
        "postgresql.org/docs/current/sql-alterdatabase.html",
        False,
    ),
    (
        "SB-ENG-03",
        "RDS writes a heartbeat every five minutes (rdsadmin, mysql.rds_heartbeat2): LSN, GTID and SCN move with no user "
        "writing, what users' tables count does not.",
        "morling.dev/blog/insatiable-postgres-replication-slot; github.com/zendesk/maxwell/pull/523",
        False,
    ),
    (
        "SB-ENG-04",
        "A login needs a user's password. Users are in the data, so that a copy has those of its source; a master password "
        "that RDS manages is another than before, and so it is after a rotation.",
        "botocore rds ModifyDBInstance.MasterUserPassword, ManageMasterUserPassword, RotateMasterUserPassword; "
        + _UG
        + "rds-secrets-manager.html; when the engine takes it is a guess",
        True,
    ),
    (
        "SB-ENG-01",
        "What a login sets is stored in the data (PostgreSQL, SQL Server; Oracle's scheduler) and copied with them, or "
        "gone with a reboot.",
        "engine manuals: ALTER DATABASE SET, SET GLOBAL, RESTRICTED SESSION",
        True,
    ),
)
