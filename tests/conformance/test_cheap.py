"""What costs nothing, or a GiB for minutes: runs on the sandbox, and wherever SEALIFT_CONFORMANCE_ENDPOINT points."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conformance.elsewhere import Differs

pytestmark = pytest.mark.cheap

VOLUME, INSTANCE, SNAPSHOT = "vol-00000000000000000", "i-00000000000000000", "snap-00000000000000000"
NOBODY, NO_KEY = "sealift-nobody", "00000000-0000-0000-0000-000000000000"
ODD = [{"Name": "colour", "Values": ["red"]}]
RESERVED = [{"Key": "aws:x", "Value": "y"}]
ON_CREATION = [{"ResourceType": "volume", "Tags": RESERVED}]


@dataclass(frozen=True)
class Refusal:
    """A request, and the code and status that it is refused with. `zone`: the Region's first one is added."""

    rule: str
    service: str
    operation: str
    code: str
    status: int = 400
    params: dict[str, Any] = field(default_factory=dict)
    zone: bool = False

    def __str__(self) -> str:
        said = "-".join(f"{k}={v}" for k, v in self.params.items() if isinstance(v, str | int))
        return f"{self.operation}-{said}"


def ec2_(rule: str, operation: str, code: str, **params: Any) -> Refusal:
    return Refusal(rule, "ec2", operation, code, 412 if code == "DryRunOperation" else 400, params)


def volume_(rule: str, code: str, **params: Any) -> Refusal:
    status = 412 if code == "DryRunOperation" else 400
    return Refusal(rule, "ec2", "create_volume", code, status, {"Size": 1, **params}, zone=True)


def rds_(rule: str, operation: str, code: str, status: int = 404, **params: Any) -> Refusal:
    return Refusal(rule, "rds", operation, code, status, params)


def kms_(operation: str, **params: Any) -> Refusal:
    return Refusal("SB-KEY-02", "kms", operation, "NotFoundException", 400, params)


REFUSALS = [
    # ids
    ec2_("SB-VOL-06", "describe_volumes", "InvalidVolume.NotFound", VolumeIds=[VOLUME]),
    ec2_("SB-VOL-06", "describe_volumes", "InvalidParameterValue", VolumeIds=["banana"]),
    ec2_("SB-VOL-06", "describe_instances", "InvalidInstanceID.NotFound", InstanceIds=[INSTANCE]),
    ec2_("SB-VOL-06", "describe_instances", "InvalidInstanceID.Malformed", InstanceIds=["banana"]),
    ec2_("SB-VOL-06", "describe_snapshots", "InvalidSnapshot.NotFound", SnapshotIds=[SNAPSHOT]),
    ec2_("SB-VOL-06", "describe_snapshots", "InvalidParameterValue", SnapshotIds=["banana"]),
    ec2_("SB-VOL-06", "describe_volume_status", "InvalidVolume.NotFound", VolumeIds=[VOLUME]),
    ec2_("SB-VOL-06", "describe_instance_status", "InvalidInstanceID.NotFound", InstanceIds=[INSTANCE]),
    ec2_("SB-VOL-06", "describe_volumes_modifications", "InvalidVolume.NotFound", VolumeIds=[VOLUME]),
    ec2_("SB-VOL-06", "describe_volume_attribute", "InvalidVolume.NotFound", VolumeId=VOLUME, Attribute="autoEnableIO"),
    ec2_("SB-VOL-06", "create_snapshot", "InvalidVolume.NotFound", VolumeId=VOLUME),
    ec2_("SB-VOL-06", "copy_volumes", "InvalidVolume.NotFound", SourceVolumeId=VOLUME),
    ec2_("SB-VOL-06", "attach_volume", "InvalidVolume.NotFound", VolumeId=VOLUME, InstanceId=INSTANCE, Device="/dev/f"),
    ec2_("SB-VOL-06", "detach_volume", "InvalidVolume.NotFound", VolumeId=VOLUME),
    ec2_("SB-VOL-06", "delete_volume", "InvalidVolume.NotFound", VolumeId=VOLUME),
    ec2_("SB-VOL-06", "delete_volume", "InvalidParameterValue", VolumeId="banana"),
    ec2_("SB-VOL-06", "delete_snapshot", "InvalidSnapshot.NotFound", SnapshotId=SNAPSHOT),
    ec2_("SB-VOL-06", "modify_volume", "InvalidVolume.NotFound", VolumeId=VOLUME, Size=2),
    ec2_("SB-VOL-06", "start_instances", "InvalidInstanceID.NotFound", InstanceIds=[INSTANCE]),
    ec2_("SB-VOL-06", "stop_instances", "InvalidInstanceID.NotFound", InstanceIds=[INSTANCE]),
    # pages and filters
    ec2_("R-EBS-84", "describe_volumes", "InvalidParameterValue", MaxResults=4),
    ec2_("R-EBS-84", "describe_volumes", "InvalidParameterValue", Filters=ODD),
    ec2_("R-EBS-84", "describe_instances", "InvalidParameterValue", Filters=ODD),
    ec2_("R-EBS-84", "describe_snapshots", "InvalidParameterValue", OwnerIds=["self"], Filters=ODD),
    # volumes that cannot be
    volume_("SB-API-01", "DryRunOperation", DryRun=True),
    volume_("SB-VOL-07", "InvalidZone.NotFound", AvailabilityZone="mars-north-1a"),
    volume_("R-EBS-08", "InvalidParameterCombination", VolumeType="gp2", Iops=100),
    volume_("SB-VOL-04", "InvalidParameterDependency", VolumeType="io2", Size=4),
    volume_("SB-VOL-04", "InvalidParameterCombination", VolumeType="gp2", Throughput=200),
    volume_("SB-VOL-04", "InvalidParameterCombination", VolumeType="gp3", MultiAttachEnabled=True),
    volume_("SB-VOL-06", "UnknownVolumeType", VolumeType="gp9"),
    volume_("SB-VOL-06", "InvalidSnapshot.NotFound", SnapshotId=SNAPSHOT),
    volume_("R-EBS-52", "InvalidParameterDependency", KmsKeyId="alias/aws/ebs"),
    volume_("R-EBS-10", "InvalidParameterValue", TagSpecifications=ON_CREATION),
    # databases
    rds_("SB-RDS-02", "describe_db_instances", "DBInstanceNotFound", DBInstanceIdentifier=NOBODY),
    rds_("SB-RDS-02", "describe_db_clusters", "DBClusterNotFoundFault", DBClusterIdentifier=NOBODY),
    rds_("SB-RDS-02", "describe_db_snapshots", "DBSnapshotNotFound", DBSnapshotIdentifier=NOBODY),
    rds_(
        "SB-RDS-02",
        "describe_db_cluster_snapshots",
        "DBClusterSnapshotNotFoundFault",
        DBClusterSnapshotIdentifier=NOBODY,
    ),
    rds_("SB-RDS-02", "describe_db_parameter_groups", "DBParameterGroupNotFound", DBParameterGroupName=NOBODY),
    rds_("SB-RDS-02", "describe_db_subnet_groups", "DBSubnetGroupNotFoundFault", DBSubnetGroupName=NOBODY),
    rds_("SB-RDS-02", "describe_option_groups", "OptionGroupNotFoundFault", OptionGroupName=NOBODY),
    rds_("SB-RDS-02", "describe_db_proxies", "DBProxyNotFoundFault", DBProxyName=NOBODY),
    rds_("SB-RDS-02", "stop_db_instance", "DBInstanceNotFound", DBInstanceIdentifier=NOBODY),
    rds_("SB-RDS-02", "reboot_db_instance", "DBInstanceNotFound", DBInstanceIdentifier=NOBODY),
    rds_("SB-RDS-02", "delete_db_snapshot", "DBSnapshotNotFound", DBSnapshotIdentifier=NOBODY),
    rds_("SB-RDS-06", "describe_db_instances", "InvalidParameterValue", 400, MaxRecords=19),
    rds_("SB-RDS-06", "describe_db_instances", "InvalidParameterValue", 400, Filters=ODD),
    # keys
    kms_("describe_key", KeyId="alias/sealift-nobody"),
    kms_("describe_key", KeyId=NO_KEY),
    kms_("list_grants", KeyId=NO_KEY),
    kms_("get_key_policy", KeyId=NO_KEY, PolicyName="default"),
]


@pytest.fixture
def zone(region: str) -> str:
    return region + "a"


@pytest.fixture
def volume(ec2: Any, zone: str, wait_for: Callable) -> Iterator[Callable]:
    """volume(**shape) -> an available volume of a GiB, as CreateVolume answered it; deleted at the end."""
    made: list[str] = []

    def make(**shape: Any) -> dict:
        answer = ec2.create_volume(AvailabilityZone=zone, Size=1, **shape)
        made.append(answer["VolumeId"])
        ask = {"VolumeIds": [answer["VolumeId"]]}
        wait_for(lambda: ec2.describe_volumes(**ask)["Volumes"][0]["State"], "available")
        return answer

    yield make
    for one in made:
        with suppress(ClientError):
            ec2.delete_volume(VolumeId=one)


def same(expected: object, came: object) -> None:
    """Raise `Differs` with both unless they are equal."""
    if expected != came:
        raise Differs(expected, came)


@pytest.mark.parametrize("case", REFUSALS, ids=str)
def test_it_is_refused(client: Callable, region: str, zone: str, case: Refusal):
    """The code and the status, by the rule that stands with the request.

    SB-VOL-04, SB-VOL-06, SB-VOL-07, R-EBS-08, R-EBS-10, R-EBS-52, R-EBS-84, SB-API-01, SB-RDS-02, SB-RDS-06, SB-KEY-02.

    Source SB-VOL-04: botocore ec2 CreateVolume; docs.aws.amazon.com/ebs/latest/userguide/general-purpose.html,
      provisioned-iops.html; recorded replies: InvalidParameterValue, Iops to volume size ratio of 750.000000 is too
      high; maximum is 500 (rocicorp/mono#4410), Throughput (MiBps) to iops ratio of 0.333333 is too high
      (runs-on/runs-on#260); the other codes are guesses.
    Source SB-VOL-06: docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html; recorded replies:
      InvalidSnapshotID.Malformed, InvalidParameterValue, Value (vol-ahsg23h) for parameter volumeId is invalid.
    Source SB-VOL-07: docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html.
    Source R-EBS-08: botocore ec2 CreateVolume.Iops.
    Source R-EBS-10: botocore ec2 CreateTags; docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html
      (restrictions).
    Source R-EBS-52: botocore ec2 CopySnapshot, CreateVolume.
    Source R-EBS-84: botocore ec2 DescribeVolumes.
    Source SB-API-01: docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html.
    Source SB-RDS-02: botocore rds error shapes.
    Source SB-RDS-06: botocore rds DescribeDBInstances.
    Source SB-KEY-02: botocore kms DescribeKey.
    """
    there = client(case.service, region)
    params = {"AvailabilityZone": zone, **case.params} if case.zone else case.params
    try:
        answer = getattr(there, case.operation)(**params)
    except ClientError as error:
        came = error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]
        same((case.code, case.status), came)
    else:
        if "VolumeId" in answer:
            there.delete_volume(VolumeId=answer["VolumeId"])
        same((case.code, case.status), "an answer")


def code(call: Callable, **params: Any) -> str:
    try:
        call(**params)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return "an answer"


def test_a_volume_is_gp2_unless_told(volume: Callable):
    """R-EBS-07: with the least baseline that gp2 has.

    Source R-EBS-07: botocore ec2 CopyVolumes, CreateVolume.
    """
    made = volume()
    same(("gp2", 100), (made["VolumeType"], made.get("Iops")))


def test_gp3_has_a_baseline(volume: Callable):
    """R-EBS-07.

    Source R-EBS-07: CopyVolumes and CreateVolume make gp2 unless told otherwise; gp3 starts at 3,000 IOPS and 125
      MiB/s. botocore ec2 CopyVolumes, CreateVolume.
    """
    made = volume(VolumeType="gp3")
    same((3000, 125), (made.get("Iops"), made.get("Throughput")))


def test_a_token_makes_one_volume(ec2: Any, zone: str, volume: Callable):
    """SB-TOK-01: the same request is the same volume, another one is refused.

    Source SB-TOK-01: docs.aws.amazon.com/AWSEC2/latest/devguide/ec2-api-idempotency.html; recorded reply for a deleted
      volume: IdempotentParameterMismatch (crossplane-contrib/provider-aws#1858).
    """
    import uuid

    ask = {"ClientToken": str(uuid.uuid4()), "VolumeType": "gp3"}
    first = volume(**ask)["VolumeId"]
    same(first, volume(**ask)["VolumeId"])
    same("IdempotentParameterMismatch", code(ec2.create_volume, AvailabilityZone=zone, Size=2, **ask))


def test_a_loose_volume_is_not_detached(ec2: Any, volume: Callable):
    """SB-ATT-04.

    Source SB-ATT-04: A volume that is not attached is not detached (IncorrectState); instance and device must match.
      botocore ec2 DetachVolume; codes: docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html.
    """
    same("IncorrectState", code(ec2.detach_volume, VolumeId=volume()["VolumeId"]))


def test_a_loose_volume_is_not_attached_to_nobody(ec2: Any, volume: Callable):
    """SB-VOL-06.

    Source SB-VOL-06: An unknown id is refused with a .NotFound code; a malformed one with InvalidInstanceID.Malformed,
      InvalidSnapshotID.Malformed, or InvalidParameterValue for a volume and for what is no snapshot's id at all.
      docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html; recorded replies:
      InvalidSnapshotID.Malformed, InvalidParameterValue, Value (vol-ahsg23h) for parameter volumeId is invalid.
    """
    ask = {"VolumeId": volume()["VolumeId"], "InstanceId": INSTANCE, "Device": "/dev/sdf"}
    same("InvalidInstanceID.NotFound", code(ec2.attach_volume, **ask))


def test_reserved_tags_are_not_set(ec2: Any, volume: Callable):
    """R-EBS-10.

    Source R-EBS-10: aws:* tags cannot be set; 50 tags a resource; a key has 1 to 128 characters, a value at most 256.
      botocore ec2 CreateTags; docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html (restrictions).
    """
    same("InvalidParameterValue", code(ec2.create_tags, Resources=[volume()["VolumeId"]], Tags=RESERVED))


@pytest.mark.parametrize("operation", ["delete_volume", "create_snapshot", "detach_volume", "copy_volumes"])
def test_a_dry_run_of_a_volume_changes_nothing(ec2: Any, volume: Callable, operation: str):
    """SB-API-01.

    Source SB-API-01: DryRun is answered DryRunOperation, 412, and changes nothing.
      docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html.
    """
    made = volume()["VolumeId"]
    ask = {"SourceVolumeId" if operation == "copy_volumes" else "VolumeId": made, "DryRun": True}
    same("DryRunOperation", code(getattr(ec2, operation), **ask))
    same("available", ec2.describe_volumes(VolumeIds=[made])["Volumes"][0]["State"])


def test_a_deleted_volume_is_unknown(ec2: Any, volume: Callable, wait_for: Callable):
    """SB-VOL-03, SB-VOL-06: after some seconds of `deleting`.

    Source SB-VOL-03: botocore ec2 DeleteVolume.
    Source SB-VOL-06: docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html; recorded replies:
      InvalidSnapshotID.Malformed, InvalidParameterValue, Value (vol-ahsg23h) for parameter volumeId is invalid.
    """
    made = volume()["VolumeId"]
    ec2.delete_volume(VolumeId=made)
    wait_for(lambda: code(ec2.describe_volumes, VolumeIds=[made]), "InvalidVolume.NotFound")
    same("InvalidVolume.NotFound", code(ec2.delete_volume, VolumeId=made))


def test_a_snapshot_is_plain_like_its_volume(ec2: Any, volume: Callable, wait_for: Callable):
    """SB-SNP-01's fact: `pending`, then `completed` at 100 %; a volume made of it is gp2 again (R-EBS-07).

    Source SB-SNP-01: botocore ec2 CopySnapshot; the code is a guess.
    Source R-EBS-07: botocore ec2 CopyVolumes, CreateVolume.
    """
    shot = ec2.create_snapshot(VolumeId=volume(VolumeType="gp3", Encrypted=False)["VolumeId"])["SnapshotId"]
    try:
        look = lambda: ec2.describe_snapshots(SnapshotIds=[shot])["Snapshots"][0]  # noqa: E731
        wait_for(lambda: look()["State"], "completed")
        same(("100%", False, 1), (look()["Progress"], look()["Encrypted"], look()["VolumeSize"]))
        same("gp2", volume(SnapshotId=shot)["VolumeType"])
    finally:
        ec2.delete_snapshot(SnapshotId=shot)
