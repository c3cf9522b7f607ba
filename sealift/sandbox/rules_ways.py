"""What is refused by nobody and simply so: states in time, what is inherited, what a moment holds, what a writer leaves.

Tuples of id, sentence, source; a fourth says that it is a guess. They become part of `rules.RULES`.
"""

_EBS = "docs.aws.amazon.com/ebs/latest/userguide/"
_EC2 = "docs.aws.amazon.com/AWSEC2/latest/"
_UG = "docs.aws.amazon.com/AmazonRDS/latest/UserGuide/"
_AUG = "docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/"
_DISK = "what a block device does; the sandbox's own way to show it"
_ROWS = "what an engine does; the sandbox's own way to show it"

WAYS: tuple[tuple[str, str, str, bool], ...] = (
    # EBS
    (
        "SB-VOL-20",
        "A volume is `creating` when its request returns, and `available` later.",
        _EBS + "ebs-describing-volumes.html (volume states)",
        False,
    ),
    (
        "SB-VOL-21",
        "AutoEnableIO is an attribute of its own, read and set apart from the volume.",
        "botocore ec2 DescribeVolumeAttribute, ModifyVolumeAttribute",
        False,
    ),
    (
        "SB-API-03",
        "What has just been made may be unknown to a describe, by id, by filter and by tag, for a while.",
        _EC2 + "devguide/eventual-consistency.html; for how long is nowhere said",
        False,
    ),
    (
        "SB-CPV-20",
        "A volume copy stays in its source's zone, has SourceVolumeId and no SnapshotId, and the source's encryption "
        "unless another is asked for.",
        _EBS + "ebs-copying-volume.html; botocore ec2 CopyVolumes",
        False,
    ),
    (
        "SB-CPV-21",
        "A volume copy holds what was on its source at the request.",
        _EBS + "ebs-copying-volume.html (point-in-time copies)",
        False,
    ),
    (
        "SB-CPV-22",
        "A copy is usable within seconds and hydrates for hours, slower meanwhile; DescribeVolumeStatus tells how far.",
        _EBS + "ebs-copying-volume.html; " + _EBS + "ebs-initialize-monitor.html",
        False,
    ),
    ("SB-CPV-23", "Multi-Attach is asked for at each copy, not inherited.", "botocore ec2 CopyVolumes", False),
    (
        "SB-SNP-20",
        "A snapshot is `pending` while its progress moves, and holds what was on the volume at the request.",
        _EBS + "ebs-creating-snapshot.html",
        False,
    ),
    (
        "SB-SNP-21",
        "The first snapshot of a volume takes all of it, a later one what has changed since.",
        _EBS + "how_snapshots_work.html",
        False,
    ),
    (
        "SB-SNP-22",
        "CreateSnapshots takes all disks of an instance at one moment; the root, or data volumes, are left out on demand.",
        "botocore ec2 CreateSnapshots, InstanceSpecification",
        False,
    ),
    (
        "SB-SNP-23",
        "Snapshots are encrypted as their volume is, whatever the Region's default; a copy and a volume of an encrypted "
        "snapshot are encrypted, under the key asked for, else the Region's default key.",
        _EBS + "encryption-by-default.html; " + _EBS + "ebs-copy-snapshot.html",
        False,
    ),
    (
        "SB-SNP-24",
        "A copy is full the first time and under another key; a further one under the same key takes what has changed, "
        "while the last copy is still there and not archived; one that ended in `error` does not count.",
        _EBS + "ebs-copy-snapshot.html (incremental copies)",
        False,
    ),
    (
        "SB-SNP-26",
        "A snapshot takes what has changed since the last one of its volume that is still there; without any it is full.",
        _EBS + "how_snapshots_work.html; that the snapshot a volume was made of counts is a guess",
        True,
    ),
    (
        "SB-SNP-25",
        "Snapshots of others are seen only where shared; OwnerIds=self leaves those out too.",
        "botocore ec2 DescribeSnapshots, ModifySnapshotAttribute",
        False,
    ),
    (
        "SB-ATT-20",
        "A data volume leaves a running instance when it is told to; what was acknowledged stays on it.",
        _EBS + "ebs-detaching-volume.html",
        False,
    ),
    (
        "SB-INS-20",
        "A started instance is `pending`, then `running`; its LaunchTime is that of the start; status checks are "
        "`initializing` before they are `ok`.",
        _EC2
        + "UserGuide/ec2-instance-lifecycle.html; "
        + _EC2
        + "UserGuide/monitoring-system-instance-status-check.html",
        False,
    ),
    (
        "SB-INS-21",
        "DescribeInstanceStatus shows running instances unless IncludeAllInstances is said.",
        "botocore ec2 DescribeInstanceStatus",
        False,
    ),
    (
        "SB-INS-22",
        "A key that is disabled under a running instance changes nothing until the volume is attached anew.",
        "docs.aws.amazon.com/kms/latest/developerguide/unusable-kms-keys.html",
        False,
    ),
    (
        "SB-INS-23",
        "Attributes of an instance are read and set one by one.",
        "botocore ec2 DescribeInstanceAttribute, ModifyInstanceAttribute",
        False,
    ),
    (
        "SB-INS-24",
        "Terminating deletes the volumes whose DeleteOnTermination is true, and no other.",
        _EC2 + "UserGuide/preserving-volumes-on-termination.html",
        False,
    ),
    (
        "SB-INS-25",
        "AWS may have no capacity for a start: InsufficientInstanceCapacity, status 500.",
        _EC2 + "UserGuide/troubleshooting-launch.html; recorded reply",
        False,
    ),
    (
        "SB-INS-26",
        "A start or stop by somebody else is seen in the state and in LaunchTime alone.",
        "botocore ec2 Instance.LaunchTime",
        False,
    ),
    (
        "SB-INS-27",
        "A list call with one unknown id, or an act on several instances of which one cannot, does nothing at all.",
        "botocore ec2 StartInstances, StopInstances; recorded replies",
        False,
    ),
    (
        "SB-INS-28",
        "RunInstances makes the disks that its mappings ask for: type, IOPS, encryption, tags.",
        "botocore ec2 BlockDeviceMapping",
        False,
    ),
    (
        "SB-INS-29",
        "A launch takes the image's disks where it names no others, checked as CreateVolume checks them; one that cannot "
        "use a volume's key ends `terminated`, Client.InternalError.",
        "botocore ec2 RunInstances.BlockDeviceMappings; " + _EC2 + "UserGuide/troubleshooting-launch.html",
        False,
    ),
    (
        "SB-INS-30",
        "Force ends what hangs: StopInstances a `stopping`, DetachVolume a `detaching`.",
        "botocore ec2 StopInstances.Force, DetachVolume.Force; how soon is a guess",
        True,
    ),
    ("SB-KEY-20", "alias/aws/ebs and alias/aws/rds are managed by AWS.", "botocore kms KeyMetadata.KeyManager", False),
    (
        "SB-KEY-22",
        "DescribeKey shows what a key is for, its state and who manages it.",
        "botocore kms KeyMetadata",
        False,
    ),
    (
        "SB-KEY-23",
        "A key waits 7 to 30 days for its deletion; AWS's own keys are not switched or deleted by customers.",
        "botocore kms ScheduleKeyDeletion.PendingWindowInDays; docs.aws.amazon.com/kms/latest/developerguide/concepts.html; "
        "the code for AWS's own keys is a guess",
        True,
    ),
    (
        "SB-KEY-21",
        "Encryption by default concerns what is made afterwards; without a key of one's own it is aws/ebs.",
        _EBS + "encryption-by-default.html",
        False,
    ),
    (
        "SB-TAG-20",
        "Tags are found by resource and key; DeleteTags with a value deletes only where it matches.",
        "botocore ec2 DescribeTags, DeleteTags",
        False,
    ),
    (
        "SB-API-04",
        "A client that sends a request again after a lost reply does it twice, unless the request has a ClientToken.",
        _EC2 + "devguide/ec2-api-idempotency.html",
        False,
    ),
    # contents of disks
    ("SB-WRT-01", "An instance writes to its disks from its first second of running to `stopped`.", _DISK, False),
    (
        "SB-WRT-02",
        "What was acknowledged and is not on the volume that serves at its device is lost: written after the copy, or "
        "before a swap to another volume, or since a way back.",
        _DISK,
        False,
    ),
    # capacity
    (
        "SB-ODC-01",
        "A capacity reservation is made, described and cancelled.",
        "botocore ec2 CreateCapacityReservation, DescribeCapacityReservations, CancelCapacityReservation",
        False,
    ),
    # databases
    (
        "SB-RDS-40",
        "A new instance is `creating`, `backing-up` and `available`, in that order; an automated snapshot exists then.",
        _UG + "accessing-monitoring.html (DB instance status)",
        False,
    ),
    (
        "SB-RDS-41",
        "Under a key StorageEncryptionType is sse-kms; an alias becomes the key's ARN, without one it is aws/rds.",
        "botocore rds DBInstance.StorageEncryptionType",
        False,
    ),
    (
        "SB-RDS-42",
        "Automated backups are taken daily in their window, kept for their days, and deleted with the instance unless "
        "retained; a retained one is deleted by resource id.",
        "botocore rds DeleteDBInstance, DeleteDBInstanceAutomatedBackup; "
        + _UG
        + "USER_WorkingWithAutomatedBackups.html",
        False,
    ),
    (
        "SB-RDS-43",
        "Engine versions and orderable classes are told by describes, with whether they can be encrypted.",
        "botocore rds DescribeDBEngineVersions, DescribeOrderableDBInstanceOptions",
        False,
    ),
    (
        "SB-RDS-44",
        "What an account does not have is an empty list, not an error.",
        "botocore rds Describe operations",
        False,
    ),
    (
        "SB-RDS-45",
        "A further snapshot of a database takes as long as what has changed; a copy is incremental only where the "
        "encryption stays as it is.",
        _UG + "USER_CopySnapshot.html; not said of plain to encrypted: read the bad way",
        True,
    ),
    (
        "SB-RDS-46",
        "Rules of a security group that is carried are in effect at once, for new connections.",
        _EC2 + "UserGuide/security-group-rules.html; that open connections stay is for tracked ones",
        False,
    ),
    (
        "SB-RDS-47",
        "DatabaseConnections and ReplicaLag are CloudWatch metrics of AWS/RDS, a point for each minute: it stands at the "
        "minute's begin, says what was so at a moment within it, and is shown late.",
        _UG + "rds-metrics.html; " + _UG + "monitoring-cloudwatch.html; when in the minute, and how late, are guesses",
        True,
    ),
    (
        "SB-RDS-48",
        "A standby's zone, Performance Insights' key and period and the log stream of monitoring are shown where they are on.",
        "botocore rds DBInstance.SecondaryAvailabilityZone, PerformanceInsightsKMSKeyId, EnhancedMonitoringResourceArn",
        False,
    ),
    ("SB-ROW-01", "A client writes rows while the instance it is connected to takes writes.", _ROWS, False),
    (
        "SB-ROW-02",
        "Rows written after the last snapshot are lost by the swap; a fence that holds loses none.",
        _ROWS,
        False,
    ),
    (
        "SB-ROW-03",
        "A job inside the engine writes whatever the network does, and a second time in every copy that starts.",
        "event schedulers, pg_cron and SQL agents are part of the data; " + _ROWS,
        False,
    ),
    (
        "SB-ROW-04",
        "A login of one's own comes through the same network as everybody's.",
        _UG + "Overview.RDSSecurityGroups.html",
        False,
    ),
    (
        "SB-ROW-05",
        "A client that reads is answered as long as the connection lasts that it has got; outages are when a client got nothing.",
        _ROWS,
        False,
    ),
    (
        "SB-AUR-20",
        "A cluster has one writer and readers on one volume, endpoints for both, and shares groups and data.",
        "botocore rds DBCluster; " + _AUG + "Aurora.Overview.html",
        False,
    ),
    (
        "SB-AUR-21",
        "When the writer goes, the reader of the lowest promotion tier takes over.",
        _AUG + "Concepts.AuroraHighAvailability.html",
        False,
    ),
    (
        "SB-AUR-22",
        "The Data API writes past every security group; only EnableHttpEndpoint=false ends it.",
        _AUG + "data-api.html; botocore rds DisableHttpEndpoint",
        False,
    ),
    (
        "SB-AUR-23",
        "The reader endpoint leads to readers, to the writer only where there is none; a custom endpoint to the members that it "
        "names or does not leave out.",
        _AUG + "Aurora.Endpoints.Reader.html, Aurora.Endpoints.Custom.html",
        False,
    ),
    (
        "SB-BG-20",
        "A Blue/Green deployment is PROVISIONING task by task, then AVAILABLE; SwitchoverDetails name the pairs.",
        "botocore rds BlueGreenDeployment.Tasks, SwitchoverDetails",
        False,
    ),
    (
        "SB-BG-21",
        "Before a switchover DeleteTarget takes the green side away, and blue is as it was.",
        "botocore rds DeleteBlueGreenDeployment.DeleteTarget",
        False,
    ),
    (
        "SB-BG-22",
        "One target entry encrypts a whole cluster; cluster, members and custom endpoints change hands at the switchover.",
        "botocore rds TargetResourceConfiguration; " + _AUG + "blue-green-deployments-overview.html",
        False,
    ),
    # others
    (
        "SB-DLM-20",
        "Lifecycle policies and backup selections tell which volumes they mean, by tag or by ARN.",
        "botocore dlm PolicyDetails.TargetTags; botocore backup BackupSelection",
        False,
    ),
    (
        "SB-ASG-20",
        "A member enters and leaves standby, and processes are suspended and resumed.",
        "botocore autoscaling EnterStandby, ExitStandby, SuspendProcesses, ResumeProcesses",
        False,
    ),
    (
        "SB-API-05",
        "Whatever the box does not answer itself is moto's: identities, messages, objects, instance types.",
        "the sandbox's own",
        False,
    ),
    (
        "SB-SHR-01",
        "A plain snapshot is shared by its permission alone, and is not there for those who lack it.",
        _EBS + "ebs-modifying-snapshot-permissions.html",
        False,
    ),
)
