"""Rules of what EBS and EC2 do beside volumes, snapshots and instances: id, sentence, source; the fourth marks a guess."""

_EBS = "docs.aws.amazon.com/ebs/latest/userguide/"
_EC2 = "docs.aws.amazon.com/AWSEC2/latest/"

BLOCKS: tuple[tuple[str, str, str, bool], ...] = (
    (
        "R-EBS-04",
        "A volume of an instance that a service manages is not detached, nor its flag changed; it may be hidden.",
        "botocore ec2 DetachVolume, ModifyInstanceAttribute, DescribeVolumes.IncludeManagedResources; the code has no "
        "'Exception' on EC2's wire: a guess",
        True,
    ),
    (
        "R-EBS-05",
        "A volume on an Outpost is not copied by CopyVolumes, nor a snapshot on one by CopySnapshot.",
        _EBS + "ebs-copying-volume.html; botocore ec2 CopySnapshot; the code is a guess",
        True,
    ),
    (
        "R-EBS-13",
        "A Multi-Attach volume serves at most 16 instances, and never as a root.",
        _EBS + "ebs-volumes-multi.html; the codes are guesses",
        True,
    ),
    (
        "R-EBS-14",
        "A volume with product codes attaches to a stopped instance only, and leaves only a stopped one; snapshots with "
        "them are never public.",
        "botocore ec2 AttachVolume, CreateSnapshot; recorded reply of a detach: IncorrectInstanceState; other codes are "
        "guesses",
        True,
    ),
    (
        "R-EBS-16",
        "An archived snapshot is not copied, read or made into a volume before it has been restored, which takes days.",
        _EBS + "snapshot-archive.html; the code is a guess",
        True,
    ),
    (
        "R-EBS-29",
        "An instance with an instance-store root is not stopped.",
        "botocore ec2 StopInstances; recorded reply: UnsupportedOperation, does not have an 'ebs' root device type",
        False,
    ),
    (
        "R-EBS-34",
        "A Spot instance of a one-time request is not stopped.",
        _EC2 + "UserGuide/stop-spot-instances.html; the code UnsupportedOperation is a guess",
        True,
    ),
    (
        "R-EBS-38",
        "Hibernate is refused for an instance that was not launched for it.",
        "botocore ec2 StopInstances.Hibernate; the code UnsupportedHibernationConfiguration is a guess",
        True,
    ),
    (
        "SB-ATT-05",
        "A volume is not attached while a modification of it is `modifying`.",
        "recorded reply: OperationNotPermitted, Cannot attach volume when it is in modification state: MODIFYING",
        False,
    ),
    (
        "R-EBS-40",
        "A root is replaced under a running instance with an EBS root, by one task at a time; a failed task leaves the old "
        "root, a failed-detached one none.",
        _EC2 + "UserGuide/replace-root.html; APIReference/API_ReplaceRootVolumeTask.html; the codes are guesses",
        True,
    ),
    (
        "SB-RRV-01",
        "A root is replaced from its launch state, a snapshot of that root that is no copy, an AMI or a volume: one of "
        "them; a volume that is made has the old one's type, size and flag, and its key or the default one.",
        "botocore ec2 CreateReplaceRootVolumeTask; " + _EC2 + "UserGuide/replace-root.html; the codes are guesses",
        True,
    ),
    (
        "SB-RRV-02",
        "A volume that is to be the root is available, in the instance's zone, and encrypted if the root is; the old "
        "root's flag is not carried over.",
        "botocore ec2 CreateReplaceRootVolumeTask.VolumeId; "
        + _EC2
        + "UserGuide/replace-root.html; the codes and that "
        "the flag is false are guesses",
        True,
    ),
    (
        "SB-BIN-01",
        "What is deleted and meets a rule of the Recycle Bin stays there for the longest time of the rules it meets.",
        _EBS + "recycle-bin-working-with-rules.html; that a pending snapshot is not kept is a guess",
        True,
    ),
    (
        "SB-BIN-02",
        "What is in the Recycle Bin is unknown to all but its own calls, and comes back as it was, or is gone in the end.",
        "botocore ec2 RestoreSnapshotFromRecycleBin, RestoreVolumeFromRecycleBin; the codes are guesses",
        True,
    ),
    (
        "SB-BIN-03",
        "A rule keeps snapshots 1 to 365 days, volumes 1 to 7; a locked one is not changed before its unlock delay ends.",
        _EBS + "recycle-bin-create-rule.html; botocore rbin CreateRule, LockRule",
        False,
    ),
    (
        "SB-LCK-01",
        "A governance lock can be changed and undone; a compliance lock, once cooled off, only extended.",
        "botocore ec2 LockSnapshot, UnlockSnapshot; the codes are guesses",
        True,
    ),
    (
        "SB-LCK-02",
        "A lock has a duration of 1 to 36,500 days or an end, not both; a cooling-off time of 1 to 72 h goes with "
        "compliance.",
        "botocore ec2 LockSnapshot; the codes are guesses",
        True,
    ),
    (
        "SB-SNP-05",
        "While public sharing is blocked, no snapshot is made public; in block-all mode public ones are unseen.",
        "botocore ec2 EnableSnapshotBlockPublicAccess; the code is a guess",
        True,
    ),
    (
        "SB-FSR-01",
        "Fast restores take 5 snapshots a Region of at most 16 TiB, begin without a credit, and are enabled after 60 "
        "minutes a TiB.",
        _EBS + "ebs-fast-snapshot-restore.html; the codes are guesses",
        True,
    ),
    (
        "SB-IMG-02",
        "An image is pending until its snapshots are there, and failed if one is; only an available one is copied.",
        "botocore ec2 CopyImage; code: " + _EC2 + "APIReference/errors-overview.html",
        False,
    ),
    (
        "SB-EBD-01",
        "EBS direct APIs know the caller's snapshots and those shared with it, but no public ones.",
        "botocore ebs ResourceNotFoundException; " + _EBS + "ebsapi-faq.html",
        False,
    ),
    (
        "SB-EBD-02",
        "EBS direct APIs read completed snapshots only; tokens last 7 days, pages 60 minutes; ListChangedBlocks compares "
        "snapshots of one lineage.",
        "botocore ebs ValidationException; "
        + _EBS
        + "ebsapi-faq.html; the reason for a pending one is a guess, and that a "
        "copy, or a volume made from a snapshot, begins a lineage",
        True,
    ),
    (
        "SB-EBD-03",
        "GetSnapshotBlock needs kms:Decrypt with the snapshot's key, and the key enabled.",
        _EBS + "ebsapi-faq.html; botocore ebs AccessDeniedException; which reason is a guess",
        True,
    ),
    (
        "SB-EBD-04",
        "EBS direct APIs take 50 lists of a kind and 1,000 blocks a second.",
        "docs.aws.amazon.com/general/latest/gr/ebs-service.html; botocore ebs RequestThrottledException",
        False,
    ),
    (
        "R-EBS-90",
        "What has just been made is unknown to describes for a while, and to their filters by tag for longer.",
        _EC2 + "devguide/eventual-consistency.html; how long is an option",
        False,
    ),
    (
        "SB-EBD-05",
        "Written blocks only are listed, in order; each has 512 KiB and the SHA-256 of its data, the same under any key.",
        "botocore ebs ListSnapshotBlocks, GetSnapshotBlock; " + _EBS + "ebsapi-faq.html",
        False,
    ),
    (
        "SB-RRV-03",
        "The replaced root stays, available, unless DeleteReplacedRootVolume was asked for.",
        "botocore ec2 CreateReplaceRootVolumeTask.DeleteReplacedRootVolume",
        False,
    ),
    (
        "SB-SNP-06",
        "CreateSnapshots leaves out up to 40 data volumes; the root is left out by ExcludeBootVolume only.",
        "botocore ec2 InstanceSpecification.ExcludeDataVolumeIds; the code is a guess",
        True,
    ),
    (
        "SB-SNP-07",
        "An account has at most 100 pending snapshots in a Region, copies and deleted ones with them, and 100,000 in all.",
        _EC2
        + "APIReference/errors-overview.html; values: published output of ListServiceQuotas, pingcap/tidb#44325; that "
        "copies and deleted ones count is a guess",
        True,
    ),
    (
        "SB-IMG-03",
        "CreateImage takes its snapshots within the quotas of CreateSnapshot.",
        _EC2 + "UserGuide/creating-an-ami-ebs.html; that it is refused with the same codes is a guess",
        True,
    ),
    (
        "SB-ODC-02",
        "A capacity reservation is made for 1 to 1,000 instances of a type that is there, in a zone of the Region.",
        "botocore ec2 CreateCapacityReservation; the codes are guesses",
        True,
    ),
    (
        "SB-ODC-03",
        "An instance that matches an open reservation in type, platform, zone and tenancy runs in it, also one that runs "
        "already when it is made; stopped, terminated or with the reservation cancelled it gives its place back.",
        _EC2 + "UserGuide/capacity-reservations-create.html, capacity-reservations-launch.html; botocore ec2 "
        "CancelCapacityReservation",
        False,
    ),
    (
        "SB-ODC-04",
        "A start or launch that must run in a reservation is refused where it has no room left, does not match, or is "
        "cancelled; one that may is on demand then.",
        _EC2
        + "UserGuide/capacity-reservations-launch.html; recorded reply of StartInstances: ReservationCapacityExceeded "
        "(hashicorp/terraform-provider-aws#35745)",
        False,
    ),
    (
        "SB-ODC-05",
        "What reservation an instance uses is set while it is stopped; a target goes with capacity-reservations-only.",
        "botocore ec2 ModifyInstanceCapacityReservationAttributes, CapacityReservationSpecification; the codes are guesses",
        True,
    ),
    (
        "R-EBS-80",
        "CreateImage does not encrypt what is plain.",
        "botocore ec2 EbsBlockDevice.Encrypted; the code is a guess",
        True,
    ),
    (
        "R-EBS-77",
        "Storage of each volume type, and IOPS of io1 and io2, are limited in a Region, for new volumes, copies and "
        "modifications; what is retained counts.",
        _EBS
        + "ebs-resource-quotas.html; codes: "
        + _EC2
        + "APIReference/errors-overview.html; recorded reply: You have exceeded your maximum io2 storage limit of 20 TiB "
        "in this region (ipni/storetheindex#444)",
        False,
    ),
    (
        "R-EBS-64",
        "KMS takes 50 CreateGrant, 100 ListGrants, 1,000 GetKeyPolicy and 2,000 DescribeKey a second.",
        "docs.aws.amazon.com/kms/latest/developerguide/requests-per-second.html; what EC2 asks for a caller is not counted",
        False,
    ),
    (
        "R-EBS-85",
        "A call takes at most 1,000 resources to tag.",
        "botocore ec2 CreateTags; the code is a guess",
        True,
    ),
)
