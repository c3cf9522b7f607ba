"""Every request: tokens, tags, pages, filters, dry runs, faults, throttling, and the log."""

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError

from sealift.sandbox import Fault, Quotas, Sandbox, fleets

ZONE = "eu-central-1a"


# ClientToken


@pytest.mark.parametrize("name", ["create_volume", "copy_volumes"])
def test_the_same_token_is_the_same_volume(box, ec2, refused, name):
    """SB-TOK-01: same parameters, same answer; other parameters, IdempotentParameterMismatch.

    Source SB-TOK-01: docs.aws.amazon.com/AWSEC2/latest/devguide/ec2-api-idempotency.html; recorded reply for a deleted
      volume: IdempotentParameterMismatch (crossplane-contrib/provider-aws#1858).
    """
    first = {"SourceVolumeId": box.add_volume()} if name == "copy_volumes" else {"AvailabilityZone": ZONE}
    call = getattr(ec2, name)

    def made(reply):
        return (reply.get("Volumes") or [reply])[0]["VolumeId"]

    ask = {**first, "Size": 10, "ClientToken": "t-1"}
    volume = made(call(**ask))
    box.clock.advance(20)
    assert made(call(**ask)) == volume
    assert refused(call, **{**ask, "Size": 11})[0] == "IdempotentParameterMismatch"
    assert len([v for v in ec2.describe_volumes()["Volumes"] if v["Size"] == 10]) == 1


def test_the_token_of_a_deleted_volume_is_refused(box, ec2, refused):
    """SB-TOK-01: it makes no new one; while the volume is `deleting` it still names it.

    Source SB-TOK-01: docs.aws.amazon.com/AWSEC2/latest/devguide/ec2-api-idempotency.html; recorded reply for a deleted
      volume: IdempotentParameterMismatch (crossplane-contrib/provider-aws#1858).
    """
    ask = {"AvailabilityZone": ZONE, "Size": 10, "ClientToken": "t-1"}
    volume = ec2.create_volume(**ask)["VolumeId"]
    box.clock.advance(10)
    ec2.delete_volume(VolumeId=volume)
    again = ec2.create_volume(**ask)
    assert (again["VolumeId"], again["State"]) == (volume, "deleting")
    box.clock.advance(10)
    assert refused(ec2.create_volume, **ask) == ("IdempotentParameterMismatch", 400)
    assert ec2.create_volume(**{**ask, "ClientToken": "t-2"})["VolumeId"] != volume
    assert refused(ec2.describe_volumes, VolumeIds=[volume])[0] == "InvalidVolume.NotFound"


# tags


def test_reserved_and_too_many_tags_are_refused(box, ec2, refused):
    """R-EBS-10: in CreateTags and on creation; all resources or none.

    Source R-EBS-10: botocore ec2 CreateTags; docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html
      (restrictions).
    """
    volume = box.add_volume()
    ask = {"Resources": [volume], "Tags": [{"Key": "aws:x", "Value": "y"}]}
    assert refused(ec2.create_tags, **ask) == ("InvalidParameterValue", 400)
    many = [{"Key": f"k{n}", "Value": ""} for n in range(50)]
    ec2.create_tags(Resources=[volume], Tags=many)
    ec2.create_tags(Resources=[volume], Tags=many[:1])
    one_more = [{"Key": "k50", "Value": ""}]
    assert refused(ec2.create_tags, Resources=[box.add_volume(), volume], Tags=one_more)[0] == "TagLimitExceeded"
    assert len(ec2.describe_tags()["Tags"]) == 50
    spec = [{"ResourceType": "volume", "Tags": ask["Tags"]}]
    found = refused(ec2.create_volume, AvailabilityZone=ZONE, Size=1, TagSpecifications=spec)
    assert found[0] == "InvalidParameterValue"


def test_tags_are_found_and_deleted(box, ec2):
    """SB-TAG-20: DescribeTags by resource and key; DeleteTags with a value only if it matches.

    Source SB-TAG-20: botocore ec2 DescribeTags, DeleteTags.
    """
    volume = box.add_volume(tags={"a": "1", "b": "2"})
    by_id = [{"Name": "resource-id", "Values": [volume]}, {"Name": "key", "Values": ["a"]}]
    (tag,) = ec2.describe_tags(Filters=by_id)["Tags"]
    assert (tag["ResourceType"], tag["Value"]) == ("volume", "1")
    ec2.delete_tags(Resources=[volume], Tags=[{"Key": "a", "Value": "other"}, {"Key": "b"}])
    assert ec2.describe_volumes()["Volumes"][0]["Tags"] == [{"Key": "a", "Value": "1"}]


# pages and filters


def test_every_describe_is_paged(box, ec2, refused):
    """R-EBS-84, SB-INS-03: MaxResults and NextToken; ids and MaxResults exclude each other; the least is five.

    Source R-EBS-84: botocore ec2 DescribeVolumes.
    Source SB-INS-03: botocore ec2 DescribeInstances.
    """
    fleets.seed(box, 12)
    pages = list(ec2.get_paginator("describe_volumes").paginate(PaginationConfig={"PageSize": 10}))
    assert [len(p["Volumes"]) for p in pages] == [10, 10, 4]
    assert len({v["VolumeId"] for p in pages for v in p["Volumes"]}) == 24
    pages = list(ec2.get_paginator("describe_instances").paginate(PaginationConfig={"PageSize": 5}))
    assert [sum(len(r["Instances"]) for r in p["Reservations"]) for p in pages] == [5, 5, 2]
    for name, result, sizes in (
        ("describe_volume_status", "VolumeStatuses", [20, 4]),
        ("describe_instance_status", "InstanceStatuses", [12]),
    ):
        pages = list(ec2.get_paginator(name).paginate(PaginationConfig={"PageSize": 20}))
        assert [len(p[result]) for p in pages] == sizes
    one = pages[0]["InstanceStatuses"][0]["InstanceId"]
    assert refused(ec2.describe_instances, InstanceIds=[one], MaxResults=5)[0] == "InvalidParameterCombination"
    assert refused(ec2.describe_volumes, MaxResults=4)[0] == "InvalidParameterValue"


def test_filters_narrow_and_unknown_ones_are_refused(box, ec2, refused):
    """R-EBS-84: several values are alternatives, several filters conditions; * and ? are wildcards.

    Source R-EBS-84: botocore ec2 DescribeVolumes.
    """
    ids = fleets.seed(box, "demo")

    def volumes(**filters):
        ask = [{"Name": k.replace("__", ":").replace("_", "-"), "Values": v} for k, v in filters.items()]
        return len(ec2.describe_volumes(Filters=ask)["Volumes"])

    assert volumes(encrypted=["false"]) == 10
    assert volumes(volume_type=["io2", "st1"]) == 1
    assert volumes(tag__Backup=["dai*"]) == 1
    assert volumes(tag_key=["Backup"], volume_type=["gp3"]) == 0
    everything = [v["VolumeId"] for v in ec2.describe_volumes()["Volumes"]]
    assert volumes(volume_id=[*everything[:3], "vol-00000000000000000"]) == 3
    by_name = [{"Name": "tag:Name", "Values": ["web-?"]}, {"Name": "instance-state-name", "Values": ["running"]}]
    (found,) = ec2.describe_instances(Filters=by_name)["Reservations"]
    assert found["Instances"][0]["InstanceId"] == ids["web-1"]
    assert refused(ec2.describe_volumes, Filters=[{"Name": "colour", "Values": ["red"]}])[0] == "InvalidParameterValue"


def test_snapshots_of_others_are_seen_only_when_shared(box, ec2, client, refused):
    """SB-SNP-25: Another account sees its own; a shared snapshot too, and can copy it; OwnerIds=self leaves it out.

    Source SB-SNP-25: botocore ec2 DescribeSnapshots, ModifySnapshotAttribute.
    """
    role = {"RoleArn": "arn:aws:iam::111122223333:role/r", "RoleSessionName": "session"}
    keys = client("sts").assume_role(**role)["Credentials"]
    theirs = boto3.client(
        "ec2",
        "eu-central-1",
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )
    own = box.add_volume(account="111122223333")
    assert [v["VolumeId"] for v in theirs.describe_volumes()["Volumes"]] == [own]
    shot = ec2.create_snapshot(VolumeId=box.add_volume())["SnapshotId"]
    box.clock.advance(1000)
    copy = {"SourceSnapshotId": shot, "SourceRegion": "eu-central-1"}
    assert refused(theirs.copy_snapshot, **copy)[0] == "InvalidSnapshot.NotFound"
    ec2.modify_snapshot_attribute(
        SnapshotId=shot, Attribute="createVolumePermission", OperationType="add", UserIds=["111122223333"]
    )
    assert [s["OwnerId"] for s in theirs.describe_snapshots()["Snapshots"]] == ["123456789012"]
    assert theirs.describe_snapshots(OwnerIds=["self"])["Snapshots"] == []
    assert theirs.copy_snapshot(**copy)["SnapshotId"]


# dry run, unknown operations


def test_a_dry_run_changes_nothing(box, ec2, refused):
    """SB-API-01: DryRunOperation, 412, for every mutating call.

    Source SB-API-01: docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html.
    """
    web = box.add_instance()
    volume = ec2.describe_volumes()["Volumes"][0]["VolumeId"]
    for call, params in [
        (ec2.create_volume, {"AvailabilityZone": ZONE, "Size": 1}),
        (ec2.copy_volumes, {"SourceVolumeId": volume}),
        (ec2.create_snapshot, {"VolumeId": volume}),
        (ec2.copy_snapshot, {"SourceSnapshotId": "snap-0", "SourceRegion": "eu-central-1"}),
        (ec2.attach_volume, {"VolumeId": volume, "InstanceId": web, "Device": "/dev/sdf"}),
        (ec2.detach_volume, {"VolumeId": volume}),
        (ec2.stop_instances, {"InstanceIds": [web]}),
        (ec2.start_instances, {"InstanceIds": [web]}),
        (ec2.terminate_instances, {"InstanceIds": [web]}),
        (ec2.delete_volume, {"VolumeId": volume}),
        (ec2.create_tags, {"Resources": [volume], "Tags": [{"Key": "a", "Value": "b"}]}),
        (ec2.modify_instance_attribute, {"InstanceId": web, "DisableApiStop": {"Value": True}}),
    ]:
        assert refused(call, **params, DryRun=True) == ("DryRunOperation", 412)
    box.clock.advance(100)
    (shown,) = ec2.describe_volumes()["Volumes"]
    assert (shown["State"], shown.get("Tags")) == ("in-use", None)
    assert box.charges == []


def test_an_unknown_operation_is_refused_so_that_clients_can_read_it(ec2, client, refused):
    """SB-API-02: in EC2's XML and in JSON; never HTML.

    Source SB-API-02: the sandbox's own.
    """
    found = refused(ec2.describe_mac_hosts)
    assert found == ("UnsupportedOperation", 400)
    assert refused(client("kms").derive_shared_secret, **_ASK)[0] == "UnsupportedOperation"


_ASK = {"KeyId": "x", "KeyAgreementAlgorithm": "ECDH", "PublicKey": b"x"}


# faults


def test_a_lost_reply_to_a_refused_call_is_the_refusal_lost(box, ec2):
    """SB-FLT-01: the client sees a broken connection either way; the log says `lost`.

    Source SB-FLT-01: the sandbox's own.
    """
    box.faults.add(Fault(operation="ec2:DeleteVolume", after=True))
    with pytest.raises(ConnectionClosedError):
        ec2.delete_volume(VolumeId="vol-00000000000000000")


@pytest.mark.parametrize(
    ("fault", "seen", "outcome", "there"),
    [
        ({"code": "SlowDown"}, ("SlowDown", 503), "SlowDown", False),
        ({"code": "InternalError"}, ("InternalError", 500), "InternalError", False),
        ({"reset": True}, None, "lost", False),
        ({"after": True}, None, "lost", True),
    ],
)
def test_objects_meet_faults_too(box, client, fault, seen, outcome, there):
    """SB-FLT-01: an object is written once the reply is lost after it, and not where it is refused; the log names the fault.

    Source SB-FLT-01: the sandbox's own.
    """
    s3 = client("s3", "us-east-1")
    s3.create_bucket(Bucket="bucket")
    box.faults.add(Fault(operation="s3:PutObject", match={"Key": "a/b"}, **fault))
    with pytest.raises((ClientError, ConnectionClosedError)) as caught:
        s3.put_object(Bucket="bucket", Key="a/b", Body=b"x")
    if seen is not None:
        reply = caught.value.response
        assert seen == (reply["Error"]["Code"], reply["ResponseMetadata"]["HTTPStatusCode"])
    hit = [e for e in box.log if e.operation == "s3:PutObject"]
    assert [(outcome, {"Bucket": "bucket", "Key": "a/b"}, True)] == [(e.outcome, e.params, bool(e.fault)) for e in hit]
    assert there == ("Contents" in s3.list_objects_v2(Bucket="bucket"))


def test_botocore_sends_again_what_was_lost(box):
    """SB-API-04: With its default retries a lost CreateSnapshot makes two: the trap the product must avoid.

    Source SB-API-04: docs.aws.amazon.com/AWSEC2/latest/devguide/ec2-api-idempotency.html.
    """
    box.faults.add(Fault(operation="ec2:CreateSnapshot", after=True))
    volume = box.add_volume()
    eager = boto3.client("ec2", "eu-central-1", config=Config(retries={"mode": "standard"}))
    box.world.quotas = Quotas(seconds_between_snapshots=0)
    eager.create_snapshot(VolumeId=volume)
    assert len(eager.describe_snapshots(OwnerIds=["self"])["Snapshots"]) == 2


# throttling, log, charges


def test_requests_draw_on_buckets_when_asked():
    """R-EBS-87: StartInstances 5 at once, then 2 a second on the box's clock.

    Source R-EBS-87: docs.aws.amazon.com/AWSEC2/latest/devguide/ec2-api-throttling.html.
    """
    with Sandbox(quotas=Quotas(throttle=True)) as box:
        ec2 = boto3.client("ec2", "eu-central-1", config=Config(retries={"total_max_attempts": 1}))
        web = box.add_instance()
        for _ in range(5):
            ec2.start_instances(InstanceIds=[web])
        with pytest.raises(ec2.exceptions.ClientError, match="RequestLimitExceeded"):
            ec2.start_instances(InstanceIds=[web])
        box.clock.advance(0.5)
        ec2.start_instances(InstanceIds=[web])


# what no SDK would send


def raw(client, **changed):
    """Send a request past the SDK's own checks."""
    unchecked = client.meta.config.merge(Config(parameter_validation=False))
    return boto3.client(client.meta.service_model.service_name, client.meta.region_name, config=unchecked)


def test_what_is_missing_is_named(box, ec2, rds, client, refused):
    """SB-API-06: MissingParameter in the query protocols, ValidationException in json.

    Source SB-API-06: docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html; botocore's required members.
    """
    ec2, rds, kms = raw(ec2), raw(rds), raw(client("kms"))
    assert refused(ec2.attach_volume, VolumeId="vol-1") == ("MissingParameter", 400)
    assert refused(rds.create_db_snapshot, DBSnapshotIdentifier="s") == ("MissingParameter", 400)
    assert refused(kms.describe_key) == ("ValidationException", 400)


def test_a_value_of_the_wrong_type_is_refused(box, ec2, refused):
    """SB-API-06.

    Source SB-API-06: An action that is not there, a missing parameter and a value of the wrong type are refused with
      400, in the form of their service. docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html; botocore's
      required members.
    """
    found = refused(raw(ec2).create_volume, AvailabilityZone="eu-central-1a", Size="abc")
    assert found == ("InvalidParameterValue", 400)


@pytest.mark.parametrize("service", ["ec2", "rds", "kms"])
def test_an_action_that_is_not_there_is_refused(box, client, refused, service):
    """SB-API-06: InvalidAction; in json UnknownOperationException.

    Source SB-API-06: docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html; botocore's required members.
    """
    asked = client(service)
    model = asked.meta.service_model.operation_model
    name = {"ec2": "DescribeVolumes", "rds": "DescribeDBInstances", "kms": "ListKeys"}[service]
    operation = model(name)
    renamed = type(operation)(
        {**operation._operation_model, "name": "MakeCoffee"}, operation.service_model, "MakeCoffee"
    )
    method = asked._make_api_call
    asked.meta.service_model.__dict__["operation_model"] = lambda _: renamed
    try:
        wanted = ("UnknownOperationException" if service == "kms" else "InvalidAction", 400)
        assert refused(lambda: method(name, {})) == wanted
    finally:
        del asked.meta.service_model.__dict__["operation_model"]


def test_half_an_arn_names_no_key(box, ec2, client, refused):
    """SB-KEY-02: InvalidArnException of KMS; EC2 finds no such key, later (R-EBS-53).

    Source SB-KEY-02: botocore kms DescribeKey.
    Source R-EBS-53: botocore ec2 CreateVolume.KmsKeyId, CopySnapshot.KmsKeyId.
    """
    assert refused(client("kms").describe_key, KeyId="arn:aws:kms") == ("InvalidArnException", 400)
    made = ec2.create_volume(AvailabilityZone="eu-central-1a", Size=1, Encrypted=True, KmsKeyId="arn:aws:kms")
    box.clock.advance(100)
    assert refused(ec2.describe_volumes, VolumeIds=[made["VolumeId"]])[0] == "InvalidVolume.NotFound"
