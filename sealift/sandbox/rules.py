"""The sandbox's rules: id, one sentence, source. A refusal names its rule; docs/rules.md is generated from `RULES`.

Ids that start with `R-EBS` are shared with the product's rules about the same fact; `SB` ids are the sandbox's own.
"""

from dataclasses import dataclass

from sealift.sandbox.rules_access import ACCESS
from sealift.sandbox.rules_ebs import BLOCKS
from sealift.sandbox.rules_rds import DATABASES
from sealift.sandbox.rules_services import SERVICES
from sealift.sandbox.rules_ways import WAYS


@dataclass(frozen=True)
class Rule:
    """One thing that AWS does. `guess`: no page or recorded reply was found for it, or for what `source` says."""

    id: str
    says: str
    source: str
    guess: bool = False


_EBS = "docs.aws.amazon.com/ebs/latest/userguide/"
_EC2 = "docs.aws.amazon.com/AWSEC2/latest/"
_CODES = _EC2 + "APIReference/errors-overview.html"

_ALL: tuple[Rule, ...] = (
    # volumes
    Rule(
        "R-EBS-07",
        "CopyVolumes and CreateVolume make gp2 unless told otherwise; gp3 starts at 3,000 IOPS and 125 MiB/s.",
        "botocore ec2 CopyVolumes, CreateVolume",
    ),
    Rule(
        "R-EBS-08",
        "Iops is refused for gp2, st1, sc1 and standard, though a describe shows gp2's baseline.",
        "botocore ec2 CreateVolume.Iops",
    ),
    Rule(
        "R-EBS-09",
        "io2 above 16 TiB or 64,000 IOPS cannot be created encrypted from a plain snapshot.",
        _EBS + "provisioned-iops.html; the code is a guess",
        guess=True,
    ),
    Rule(
        "R-EBS-15",
        "A volume attaches only inside its Availability Zone.",
        "botocore ec2 AttachVolume; code: " + _CODES,
    ),
    Rule(
        "SB-VOL-01",
        "A volume from a snapshot is at least as big as the snapshot.",
        "botocore ec2 CreateVolume.Size",
    ),
    Rule(
        "SB-VOL-02",
        "A volume is created only from a completed snapshot.",
        "recorded reply: IncorrectState, Snapshot is in invalid state - pending",
    ),
    Rule("SB-VOL-03", "An attached volume is not deleted (VolumeInUse).", "botocore ec2 DeleteVolume"),
    Rule(
        "SB-VOL-04",
        "io1 and io2 need Iops; Throughput is for gp3; Multi-Attach for io1 and io2; IOPS and throughput keep within the "
        "type's range, 500, 50 or 1,000 IOPS a GiB (gp3, io1, io2), 0.25 MiB/s an IOPS.",
        "botocore ec2 CreateVolume; " + _EBS + "general-purpose.html, provisioned-iops.html; recorded replies: "
        "InvalidParameterValue, Iops to volume size ratio of 750.000000 is too high; maximum is 500 (rocicorp/mono#4410), "
        "Throughput (MiBps) to iops ratio of 0.333333 is too high (runs-on/runs-on#260); the other codes are guesses",
        guess=True,
    ),
    Rule(
        "SB-VOL-05",
        "VolumeInitializationRate is 100 to 300 MiB/s, only with a snapshot, 5,000 in sum for a Region.",
        _EBS + "initalize-volume.html; the codes are guesses",
        guess=True,
    ),
    Rule(
        "SB-VOL-06",
        "An unknown id is refused with a .NotFound code; a malformed one with InvalidInstanceID.Malformed, "
        "InvalidSnapshotID.Malformed, or InvalidParameterValue for a volume and for what is no snapshot's id at all.",
        _CODES + "; recorded replies: InvalidSnapshotID.Malformed, InvalidParameterValue, Value (vol-ahsg23h) for "
        "parameter volumeId is invalid",
    ),
    Rule("SB-VOL-07", "CreateVolume needs a zone of the Region.", _CODES),
    Rule(
        "SB-VOL-08",
        "A volume is modified at most four times in 24 hours, each after the last has completed, and never shrinks.",
        "botocore ec2 ModifyVolume; recorded replies, codes: " + _CODES,
    ),
    Rule(
        "SB-VOL-09",
        "DescribeVolumesModifications by id refuses a volume that was never modified; by filter it leaves it out.",
        "recorded reply: InvalidVolumeModification.NotFound, Modification for volume '…' does not exist "
        "(awslabs/aws-sdk-rust#1346)",
    ),
    # volume copies
    Rule(
        "R-EBS-76",
        "At most 5 volume copies in progress in a Region and 1 for a source, each held until hydrated.",
        _EBS + "ebs-copying-volume.html; 'until hydrated' is the bad way to read it",
        guess=True,
    ),
    Rule(
        "SB-CPV-01",
        "CopyVolumes copies a volume that is available or in-use, in its own zone, never to a smaller size.",
        _EBS + "ebs-copying-volume.html; the codes are guesses",
        guess=True,
    ),
    Rule(
        "SB-CPV-02",
        "CopyVolumes refuses a key it cannot use at the request; the codes are taken from EC2's error list.",
        "field notes of September 2026; InvalidKMSKey.InvalidState is recorded of launches, the rest is a guess",
        guess=True,
    ),
    # keys
    Rule(
        "R-EBS-52",
        "KmsKeyId needs Encrypted; CopySnapshot does not take Encrypted=false.",
        "botocore ec2 CopySnapshot, CreateVolume",
    ),
    Rule(
        "R-EBS-53",
        "CreateVolume and CopySnapshot check the key after they have returned an id.",
        "botocore ec2 CreateVolume.KmsKeyId, CopySnapshot.KmsKeyId",
    ),
    Rule(
        "R-EBS-54",
        "A copy under a bad key ends `error`, 'Given key ID is not accessible'; a created volume vanishes.",
        _EBS + "ebs-copy-snapshot.html",
    ),
    Rule(
        "R-EBS-55",
        "A start with an unusable volume key falls back to stopped, Client.InternalError.",
        "repost.aws/knowledge-center/kms-iam-ec2-permission",
    ),
    Rule(
        "SB-KEY-01",
        "AttachVolume under an unusable key is refused with CustomerKeyHasBeenRevoked.",
        _CODES + "; recorded of AttachVolume under a disabled key",
    ),
    Rule("SB-KEY-02", "A key is known in its own Region only.", "botocore kms DescribeKey"),
    Rule(
        "SB-KEY-03",
        "Using a disabled key is DisabledException; one that is pending deletion, KMSInvalidStateException.",
        "docs.aws.amazon.com/kms/latest/developerguide/key-state.html",
    ),
    # attachments
    Rule(
        "SB-ATT-01",
        "Only an available volume is attached; a Multi-Attach volume may be in use.",
        "botocore ec2 AttachVolume; codes: " + _CODES,
    ),
    Rule(
        "SB-ATT-02",
        "A device name holds one volume.",
        "recorded reply: InvalidParameterValue, already in use (the error list has InvalidDevice.InUse)",
    ),
    Rule(
        "SB-ATT-03",
        "A volume is attached to a running or stopped instance only.",
        _EBS + "ebs-attaching-volume.html; the code is a guess",
        guess=True,
    ),
    Rule(
        "SB-ATT-04",
        "A volume that is not attached is not detached (IncorrectState); instance and device must match.",
        "botocore ec2 DetachVolume; codes: " + _CODES,
    ),
    Rule(
        "R-EBS-23",
        "A root volume is not detached from a running instance.",
        "botocore ec2 DetachVolume; recorded reply of 2022: IncorrectState (older ones: OperationNotPermitted)",
    ),
    Rule(
        "R-EBS-21",
        "AttachVolume sets DeleteOnTermination to false; ModifyInstanceAttribute without a value means true.",
        _EC2 + "UserGuide/preserving-volumes-on-termination.html; botocore ec2 EbsInstanceBlockDeviceSpecification; "
        "the code is a guess",
        guess=True,
    ),
    Rule(
        "R-EBS-28",
        "An instance holds as many volumes as its type allows (27 here: a Nitro instance with one interface).",
        _EC2 + "UserGuide/volume_limits.html",
    ),
    # instances
    Rule(
        "SB-INS-01",
        "An instance without its root volume does not start.",
        "docs.aws.amazon.com/vm-import troubleshooting has the message; the code InvalidParameterValue is a guess",
        guess=True,
    ),
    Rule(
        "SB-INS-02",
        "Start and stop are no-ops where already there, and refused on the way or terminated.",
        _EC2 + "UserGuide/ec2-instance-lifecycle.html",
    ),
    Rule(
        "R-EBS-32",
        "disableApiStop refuses StopInstances, disableApiTermination refuses TerminateInstances.",
        "botocore ec2 ModifyInstanceAttribute",
    ),
    Rule(
        "R-EBS-31",
        "A public address that was assigned automatically is lost on stop; an Elastic IP stays.",
        _EC2 + "UserGuide/Stop_Start.html",
    ),
    Rule("SB-INS-03", "MaxResults and ids exclude each other.", "botocore ec2 DescribeInstances"),
    # snapshots
    Rule(
        "R-EBS-74",
        "5 pending snapshots a volume, 1 for st1 and sc1, deleted ones too while they last; 15 s between two of a volume.",
        _EBS + "ebs-creating-snapshot.html",
    ),
    Rule("R-EBS-75", "20 snapshot copies under way for a destination.", _EBS + "ebs-copy-snapshot.html"),
    Rule(
        "R-EBS-78",
        "A snapshot that an AMI uses, or that is locked, is not deleted.",
        "botocore ec2 DeleteSnapshot, LockSnapshot; the code SnapshotLocked is a guess",
        guess=True,
    ),
    Rule(
        "SB-SNP-01",
        "Only a completed snapshot is copied.",
        "botocore ec2 CopySnapshot; the code is a guess",
        guess=True,
    ),
    Rule(
        "SB-SNP-03",
        "A snapshot is not completed before an earlier one of its volume that is still pending.",
        "follows from snapshots being incremental",
        guess=True,
    ),
    Rule(
        "SB-SNP-04",
        "A time-based copy takes 15 to 2,880 minutes in steps of 15, and no more than 500 MiB/s.",
        _EBS + "time-based-copies.html; the code is a guess",
        guess=True,
    ),
    Rule("SB-SNP-02", "An encrypted snapshot cannot be made public.", "botocore ec2 ModifySnapshotAttribute"),
    Rule(
        "SB-IMG-01",
        "RegisterImage rejects Encrypted on a mapping from a snapshot.",
        "botocore ec2 EbsBlockDevice.Encrypted; the code is a guess",
        guess=True,
    ),
    # security groups
    Rule(
        "SB-SG-01",
        "A security group that a network interface carries, or that a rule of another group names, is not deleted, nor "
        "is a default one.",
        "botocore ec2 DeleteSecurityGroup; " + _CODES,
    ),
    Rule(
        "SB-SG-02",
        "A new security group of a VPC with an IPv6 block lets everything out to ::/0 as well; a dual-stack database has "
        "that way too.",
        "docs.aws.amazon.com/vpc/latest/userguide/creating-security-groups.html; botocore rds DBInstance.NetworkType",
    ),
    # idempotency, tags, paging
    Rule(
        "SB-TOK-01",
        "A ClientToken returns what it made; with other parameters, or once its volume is deleted, it is refused.",
        _EC2 + "devguide/ec2-api-idempotency.html; recorded reply for a deleted volume: IdempotentParameterMismatch "
        "(crossplane-contrib/provider-aws#1858)",
    ),
    Rule(
        "SB-TOK-02",
        "The ClientToken of a volume has at most 64 characters.",
        "recorded reply: InvalidParameterValue, Client token must be less than or equal to 64 characters "
        "(kubernetes-sigs/aws-ebs-csi-driver#1038)",
    ),
    Rule(
        "R-EBS-10",
        "aws:* tags cannot be set; 50 tags a resource; a key has 1 to 128 characters, a value at most 256.",
        "botocore ec2 CreateTags; " + _EC2 + "UserGuide/Using_Tags.html (restrictions)",
    ),
    Rule(
        "R-EBS-84",
        "Describes are paged with MaxResults and NextToken; an unknown filter is refused.",
        "botocore ec2 DescribeVolumes",
    ),
    Rule(
        "R-EBS-87",
        "Each operation draws on a bucket: a describe 100 refilled at 20/s, one of everything 50 at 10/s, a change 50 at 5/s, "
        "StartInstances 5 at 2/s and a token for each instance.",
        _EC2 + "devguide/ec2-api-throttling.html",
    ),
    Rule(
        "SB-API-01",
        "DryRun is answered DryRunOperation, 412, and changes nothing.",
        _CODES,
    ),
    Rule(
        "SB-API-02",
        "An operation the sandbox does not know is refused in a form every client can parse.",
        "the sandbox's own",
    ),
    Rule(
        "SB-API-06",
        "An action that is not there, a missing parameter and a value of the wrong type are refused with 400, in the "
        "form of their service.",
        _CODES + "; botocore's required members",
    ),
    Rule(
        "SB-FLT-01",
        "A fault that a test has put in; requests to S3 are called by their IAM actions, and nothing that they set going has a fate.",
        "the sandbox's own",
    ),
    *(Rule(*told) for told in ACCESS),
    *(Rule(*told) for told in BLOCKS),
    *(Rule(*told) for told in DATABASES),
    *(Rule(*told) for told in SERVICES),
    *(Rule(*told) for told in WAYS),
)

RULES: dict[str, Rule] = {rule.id: rule for rule in _ALL}
