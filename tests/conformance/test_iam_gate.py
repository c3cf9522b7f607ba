"""IAM that gates: the caller's policies, with resources, tags and request context; both sides of every rule."""

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

ZONE = "eu-central-1a"
NO = ("UnauthorizedOperation", 403)
VOLUMES = "arn:aws:ec2:*:*:volume/*"
SNAPSHOTS = "arn:aws:ec2:*::snapshot/*"
INSTANCES = "arn:aws:ec2:*:*:instance/*"
MINE = {"StringEquals": {"aws:ResourceTag/run": "r1"}}


def tagged(kind="volume", **tags):
    return [{"ResourceType": kind, "Tags": [{"Key": k, "Value": v} for k, v in tags.items()]}]


def test_nothing_is_asked_until_it_is_enforced(box, refused):
    """SB-IAM-01: off by default; then a role without policies may do nothing, and the account's root everything.

    Source SB-IAM-01: docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html.
    """
    role = box.people.role("nobody")
    ec2 = boto3.client("ec2", "eu-central-1", **box.people.session(role))
    assert ec2.describe_volumes()["Volumes"] == []
    box.enforce()
    assert refused(ec2.describe_volumes) == NO
    assert boto3.client("ec2", "eu-central-1").describe_volumes()["Volumes"] == []
    assert box.log[-2].rule == "SB-IAM-05"


def test_a_box_can_be_opened_enforcing():
    """SB-IAM-01.

    Source SB-IAM-01: An action is refused unless a policy of the caller allows it on each of its resources and none
      denies it. docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html.
    """
    from sealift.sandbox import Sandbox

    with Sandbox(iam=True) as box:
        user = box.people.user("ana")
        with pytest.raises(ClientError, match="UnauthorizedOperation"):
            box.client("ec2", credentials=user).describe_volumes()


def test_a_tag_condition_is_denied_on_what_is_not_tagged(box, as_role, allowing, refused):
    """SB-IAM-01: DeleteVolume under aws:ResourceTag; an untagged or otherwise tagged volume is refused.

    Source SB-IAM-01: docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html.
    """
    ec2 = as_role(allowing("ec2:DeleteVolume", on=VOLUMES, Condition=MINE))
    for volume in (box.add_volume(), box.add_volume(tags={"run": "r2"})):
        assert refused(ec2.delete_volume, VolumeId=volume) == NO
    ec2.delete_volume(VolumeId=box.add_volume(tags={"run": "r1"}))


def test_ec2s_own_tag_key_means_the_same(box, as_role, allowing, refused):
    """SB-IAM-01: ec2:ResourceTag.

    Source SB-IAM-01: docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html.
    """
    ec2 = as_role(allowing("ec2:DeleteVolume", Condition={"StringLike": {"ec2:ResourceTag/run": "r*"}}))
    ec2.delete_volume(VolumeId=box.add_volume(tags={"run": "r1"}))
    assert refused(ec2.delete_volume, VolumeId=box.add_volume()) == NO


def test_a_grant_on_all_volumes_covers_a_volume(box, as_role, allowing, refused):
    """SB-IAM-02: Resource …:volume/*; not in another Region, not for another volume.

    Source SB-IAM-02: docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html; actions that the
      sandbox's tables lack count as without: a guess.
    """
    one, other = box.add_volume(), box.add_volume()
    as_role(allowing("ec2:DeleteVolume", on=VOLUMES)).delete_volume(VolumeId=one)
    far = as_role(allowing("ec2:DeleteVolume", on="arn:aws:ec2:us-east-1:*:volume/*"))
    assert refused(far.delete_volume, VolumeId=other) == NO
    named = as_role(allowing("ec2:DeleteVolume", on=f"arn:aws:ec2:eu-central-1:123456789012:volume/{other}"))
    named.delete_volume(VolumeId=other)
    assert refused(named.delete_volume, VolumeId=box.add_volume()) == NO


def test_describes_need_the_star(box, as_role, allowing, refused):
    """SB-IAM-02: they have no resource types.

    Source SB-IAM-02: docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html; actions that the
      sandbox's tables lack count as without: a guess.
    """
    assert as_role(allowing("ec2:Describe*")).describe_volumes()["Volumes"] == []
    assert refused(as_role(allowing("ec2:*", on=VOLUMES)).describe_volumes) == NO


def test_an_attachment_needs_volume_and_instance(box, as_role, allowing, refused):
    """SB-IAM-01: every resource of the action.

    Source SB-IAM-01: docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html.
    """
    web, volume = box.add_instance(), box.add_volume()
    ask = {"VolumeId": volume, "InstanceId": web, "Device": "/dev/sdf"}
    half = as_role(allowing("ec2:AttachVolume", "ec2:DetachVolume", on=VOLUMES))
    assert refused(half.attach_volume, **ask) == NO
    whole = as_role(allowing("ec2:AttachVolume", on=[VOLUMES, INSTANCES]))
    whole.attach_volume(**ask)
    box.clock.advance(10)
    assert refused(half.detach_volume, VolumeId=volume) == NO


def test_all_of_many_instances_must_be_allowed(box, as_role, allowing, refused):
    """SB-IAM-01: StopInstances of two, one of them tagged.

    Source SB-IAM-01: docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html.
    """
    mine, other = box.add_instance(tags={"run": "r1"}), box.add_instance(name="b")
    ec2 = as_role(allowing("ec2:StopInstances", on=INSTANCES, Condition=MINE))
    assert refused(ec2.stop_instances, InstanceIds=[mine, other]) == NO
    ec2.stop_instances(InstanceIds=[mine])


def test_a_denial_wins_over_a_permission(box, as_role, allowing, denying, refused):
    """SB-IAM-01.

    Source SB-IAM-01: An action is refused unless a policy of the caller allows it on each of its resources and none
      denies it. docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html.
    """
    ec2 = as_role(allowing("*"), denying("ec2:DeleteVolume", Condition={"Bool": {"ec2:Encrypted": "true"}}))
    ec2.delete_volume(VolumeId=box.add_volume())
    assert refused(ec2.delete_volume, VolumeId=box.add_volume(kms_key=box.add_key())) == NO


def test_the_region_of_a_request_is_known(box, as_role, session_of, allowing, refused):
    """SB-IAM-01: aws:RequestedRegion.

    Source SB-IAM-01: docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html.
    """
    here = {"StringEquals": {"aws:RequestedRegion": "eu-central-1"}}
    as_role(allowing("ec2:*", Condition=here)).describe_volumes()
    far = as_role(allowing("ec2:*", Condition=here), region="us-east-1")
    assert refused(far.describe_volumes) == NO


def test_tags_at_creation_need_create_tags(box, as_role, allowing, refused):
    """SB-IAM-04: ec2:CreateAction says for what; without tags nothing is asked.

    Source SB-IAM-04: docs.aws.amazon.com/AWSEC2/latest/UserGuide/supported-iam-actions-tagging.html.
    """
    ask = {"AvailabilityZone": ZONE, "Size": 1}
    bare = as_role(allowing("ec2:CreateVolume"))
    bare.create_volume(**ask)
    assert refused(bare.create_volume, **ask, TagSpecifications=tagged(run="r1")) == NO
    made = {"StringEquals": {"ec2:CreateAction": ["CreateVolume"]}}
    ec2 = as_role(allowing("ec2:CreateVolume"), allowing("ec2:CreateTags", Condition=made))
    volume = ec2.create_volume(**ask, TagSpecifications=tagged(run="r1"))["VolumeId"]
    assert refused(ec2.create_tags, Resources=[volume], Tags=[{"Key": "a", "Value": "b"}]) == NO
    other = as_role(
        allowing("ec2:CreateVolume"),
        allowing("ec2:CreateTags", Condition={"StringEquals": {"ec2:CreateAction": "CreateSnapshot"}}),
    )
    assert refused(other.create_volume, **ask, TagSpecifications=tagged(run="r1")) == NO


def test_the_tags_of_a_request_are_known(box, as_role, allowing, refused):
    """SB-IAM-04: aws:RequestTag and aws:TagKeys, on creation and on CreateTags.

    Source SB-IAM-04: docs.aws.amazon.com/AWSEC2/latest/UserGuide/supported-iam-actions-tagging.html.
    """
    wanted = {"StringEquals": {"aws:RequestTag/run": "r1"}, "ForAllValues:StringEquals": {"aws:TagKeys": ["run"]}}
    ec2 = as_role(allowing("ec2:CreateVolume", "ec2:CreateTags", Condition=wanted))
    ask = {"AvailabilityZone": ZONE, "Size": 1}
    volume = ec2.create_volume(**ask, TagSpecifications=tagged(run="r1"))["VolumeId"]
    assert refused(ec2.create_volume, **ask) == NO
    assert refused(ec2.create_volume, **ask, TagSpecifications=tagged(run="r1", other="x")) == NO
    ec2.create_tags(Resources=[volume], Tags=[{"Key": "run", "Value": "r1"}])
    assert refused(ec2.create_tags, Resources=[volume], Tags=[{"Key": "run", "Value": "r2"}]) == NO


def test_tagging_can_be_bound_to_tags_that_are_there(box, as_role, allowing, refused):
    """SB-IAM-04: CreateTags and DeleteTags under aws:ResourceTag.

    Source SB-IAM-04: docs.aws.amazon.com/AWSEC2/latest/UserGuide/supported-iam-actions-tagging.html.
    """
    ec2 = as_role(allowing("ec2:CreateTags", "ec2:DeleteTags", on=VOLUMES, Condition=MINE))
    mine, other = box.add_volume(tags={"run": "r1"}), box.add_volume()
    ec2.create_tags(Resources=[mine], Tags=[{"Key": "a", "Value": "b"}])
    ec2.delete_tags(Resources=[mine], Tags=[{"Key": "a"}])
    assert refused(ec2.create_tags, Resources=[mine, other], Tags=[{"Key": "a", "Value": "b"}]) == NO


def test_source_and_result_are_both_asked(box, ec2, as_role, allowing, refused):
    """SB-IAM-10: a snapshot's volume, a copy's snapshot; the tags of the request are the result's alone.

    Source SB-IAM-10: docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html, CreateVolume;
      aws.amazon.com/blogs/storage/enhancing-resource-level-permissions-for-copying-amazon-ebs-snapshots/; CopyVolumes'
      source is a guess.
    """
    volume = box.add_volume()
    shot = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
    box.clock.advance(1000)
    new = {"StringEquals": {"aws:RequestTag/run": "r1"}}
    copy = {"SourceSnapshotId": shot, "SourceRegion": "eu-central-1"}
    everything = [
        ("create_snapshot", "CreateSnapshot", {"VolumeId": volume}, "snapshot", VOLUMES),
        ("copy_snapshot", "CopySnapshot", copy, "snapshot", SNAPSHOTS),
        ("copy_volumes", "CopyVolumes", {"SourceVolumeId": volume}, "volume", VOLUMES),
        ("create_volume", "CreateVolume", {"AvailabilityZone": ZONE, "SnapshotId": shot}, "volume", SNAPSHOTS),
    ]
    for method, action, ask, kind, source in everything:
        ask["TagSpecifications"] = tagged(kind, run="r1")
        result = allowing(f"ec2:{action}", "ec2:CreateTags", Condition=new)
        assert refused(getattr(as_role(result), method), **ask) == NO, action
        getattr(as_role(result, allowing(f"ec2:{action}", on=source)), method)(**ask)


def test_create_snapshots_asks_for_every_disk(box, as_role, allowing, refused):
    """SB-IAM-01: the instance, its volumes, the snapshots to be.

    Source SB-IAM-01: docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html.
    """
    from sealift.sandbox import VolumeSpec

    app = box.add_instance(volumes=[VolumeSpec(tags={"run": "r1"}), VolumeSpec(device="/dev/sdf", size_gib=20)])
    ask = {"InstanceSpecification": {"InstanceId": app}}
    base = allowing("ec2:CreateSnapshots", on=[SNAPSHOTS, INSTANCES])
    mine = as_role(base, allowing("ec2:CreateSnapshots", on=VOLUMES, Condition=MINE))
    assert refused(mine.create_snapshots, **ask) == NO
    assert len(as_role(base, allowing("ec2:CreateSnapshots", on=VOLUMES)).create_snapshots(**ask)["Snapshots"]) == 2


def test_sharing_can_be_bound_to_accounts(box, ec2, as_role, allowing, refused):
    """SB-IAM-01: ec2:Add/userId.

    Source SB-IAM-01: docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html.
    """
    shot = ec2.create_snapshot(VolumeId=box.add_volume())["SnapshotId"]
    only = {"ForAllValues:StringEquals": {"ec2:Add/userId": ["111122223333"]}, "Null": {"ec2:Add/group": "true"}}
    client = as_role(allowing("ec2:ModifySnapshotAttribute", on=SNAPSHOTS, Condition=only))
    ask = {"SnapshotId": shot, "Attribute": "createVolumePermission", "OperationType": "add"}
    client.modify_snapshot_attribute(**ask, UserIds=["111122223333"])
    assert refused(client.modify_snapshot_attribute, **ask, UserIds=["444455556666"]) == NO
    assert refused(client.modify_snapshot_attribute, **ask, GroupNames=["all"]) == NO


# the form of refusals


def test_a_dry_run_is_refused_before_it_succeeds(box, as_role, allowing, refused):
    """SB-IAM-05: UnauthorizedOperation comes before DryRunOperation, and before NotFound.

    Source SB-IAM-05: docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html; recorded replies; the texts
      are guesses.
    """
    volume = box.add_volume()
    no, yes = as_role(), as_role(allowing("ec2:DeleteVolume"))
    assert refused(no.delete_volume, VolumeId=volume, DryRun=True) == NO
    assert refused(yes.delete_volume, VolumeId=volume, DryRun=True) == ("DryRunOperation", 412)
    assert refused(no.delete_volume, VolumeId="vol-00000000000000000") == NO
    assert refused(yes.delete_volume, VolumeId="vol-00000000000000000")[0] == "InvalidVolume.NotFound"


def test_a_refusal_names_who_what_and_why(box, as_role, allowing, denying):
    """SB-IAM-05.

    Source SB-IAM-05: EC2 refuses with UnauthorizedOperation, 403, dry run or not; query services with AccessDenied,
      JSON ones with AccessDeniedException. docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html;
      recorded replies; the texts are guesses.
    """
    ec2 = as_role(denying("ec2:DeleteVolume"))
    with pytest.raises(ClientError) as caught:
        ec2.delete_volume(VolumeId="vol-1")
    message = caught.value.response["Error"]["Message"]
    assert "arn:aws:sts::123456789012:assumed-role/role-0/session is not authorized" in message
    assert "ec2:DeleteVolume on resource: arn:aws:ec2:eu-central-1:123456789012:volume/vol-1" in message
    assert "explicit deny" in message


@pytest.mark.parametrize(
    ("service", "method", "ask", "found"),
    [
        ("rds", "describe_db_instances", {}, ("AccessDenied", 403)),
        ("iam", "list_users", {}, ("AccessDenied", 403)),
        ("autoscaling", "describe_auto_scaling_groups", {}, ("AccessDenied", 403)),
        ("kms", "list_keys", {}, ("AccessDeniedException", 400)),
        ("dlm", "get_lifecycle_policies", {}, ("AccessDeniedException", 403)),
    ],
)
def test_each_service_words_it_its_own_way(as_role, allowing, refused, service, method, ask, found):
    """SB-IAM-05: and a permission lets each in.

    Source SB-IAM-05: docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html; recorded replies; the texts
      are guesses.
    """
    assert refused(getattr(as_role(service=service), method), **ask) == found
    name = "".join(w.capitalize() for w in method.split("_")).replace("Db", "DB")
    getattr(as_role(allowing(f"{service}:{name}"), service=service), method)(**ask)


def test_other_services_resources_have_arns_too(box, as_role, allowing, refused):
    """SB-IAM-01: an Auto Scaling group by name, a database by its own.

    Source SB-IAM-01: docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html.
    """
    web = box.add_instance(asg="web")
    group = "arn:aws:autoscaling:*:*:autoScalingGroup:*:autoScalingGroupName/"
    ask = {"AutoScalingGroupName": "web", "InstanceIds": [web], "ShouldDecrementDesiredCapacity": True}
    other = as_role(allowing("autoscaling:EnterStandby", on=group + "other"), service="autoscaling")
    assert refused(other.enter_standby, **ask) == ("AccessDenied", 403)
    as_role(allowing("autoscaling:EnterStandby", on=group + "web"), service="autoscaling").enter_standby(**ask)
    rds = as_role(allowing("rds:DeleteDBInstance", on="arn:aws:rds:*:*:db:test-*"), service="rds")
    assert refused(rds.delete_db_instance, DBInstanceIdentifier="prod-1") == ("AccessDenied", 403)
    assert refused(rds.delete_db_instance, DBInstanceIdentifier="test-1")[0] != "AccessDenied"


# credentials


def test_an_unknown_access_key_is_refused(box, client, refused):
    """SB-IAM-07: AuthFailure of EC2, InvalidClientTokenId of the others.

    Source SB-IAM-07: docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html; the root is the sandbox's own
      (guess).
    """
    box.enforce()
    once = {"config": Config(retries={"total_max_attempts": 1}), "region_name": "eu-central-1"}
    key = {"aws_access_key_id": "AKIAIOSFODNN7EXAMPL0", "aws_secret_access_key": "x"}
    assert refused(boto3.client("ec2", **once, **key).describe_volumes) == ("AuthFailure", 401)
    assert refused(boto3.client("sts", **once, **key).get_caller_identity) == ("InvalidClientTokenId", 403)
    assert refused(boto3.client("kms", **once, **key).list_keys) == ("UnrecognizedClientException", 400)


def test_a_session_ends_on_the_boxs_clock(box, as_role, allowing, refused):
    """SB-IAM-07: RequestExpired of EC2.

    Source SB-IAM-07: docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html; the root is the sandbox's own
      (guess).
    """
    ec2 = as_role(allowing("ec2:*"))
    box.clock.advance(43_199)
    ec2.describe_volumes()
    box.clock.advance(2)
    assert refused(ec2.describe_volumes)[0] == "RequestExpired"


def test_users_and_groups_and_managed_policies_count(box, client, refused, written, allowing):
    """SB-IAM-01: made through the API, as anybody would.

    Source SB-IAM-01: docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html.
    """
    box.enforce()
    iam = client("iam", "us-east-1")
    iam.create_user(UserName="ana")
    key = iam.create_access_key(UserName="ana")["AccessKey"]
    ec2 = box.client(
        "ec2",
        credentials={"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]},
    )
    assert refused(ec2.describe_volumes) == NO
    made = iam.create_policy(PolicyName="see", PolicyDocument=written(allowing("ec2:DescribeVolumes")))["Policy"]["Arn"]
    iam.attach_user_policy(UserName="ana", PolicyArn=made)
    ec2.describe_volumes()
    iam.create_policy_version(PolicyArn=made, PolicyDocument=written(allowing("ec2:DescribeTags")), SetAsDefault=True)
    assert refused(ec2.describe_volumes) == NO
    iam.create_group(GroupName="ops")
    iam.put_group_policy(GroupName="ops", PolicyName="p", PolicyDocument=written(allowing("ec2:DescribeVolumes")))
    iam.add_user_to_group(GroupName="ops", UserName="ana")
    ec2.describe_volumes()


def test_boundaries_and_session_policies_only_take_away(box, client, refused, written, allowing):
    """SB-IAM-08.

    Source SB-IAM-08: A permissions boundary and a session policy only take away.
      docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html.
    """
    box.enforce()
    iam = client("iam", "us-east-1")
    limit = iam.create_policy(PolicyName="limit", PolicyDocument=written(allowing("ec2:DescribeVolumes")))
    everything = {"Version": "2012-10-17", "Statement": [allowing("*")]}
    role = box.people.role("bound", everything, boundary=limit["Policy"]["Arn"])
    ec2 = box.client("ec2", credentials=box.people.session(role))
    ec2.describe_volumes()
    assert refused(ec2.describe_instances) == NO
    free = box.people.role("free", everything)
    narrow = box.people.session(free, policy={"Version": "2012-10-17", "Statement": [allowing("ec2:DescribeTags")]})
    assert refused(box.client("ec2", credentials=narrow).describe_volumes) == NO
    box.client("ec2", credentials=narrow).describe_tags()


def test_databases_are_known_by_their_tags(box, client, as_role, allowing, refused):
    """SB-IAM-01, SB-IAM-04: aws:ResourceTag of a DB instance; Tags at creation need rds:AddTagsToResource.

    Source SB-IAM-01: docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html.
    Source SB-IAM-04: docs.aws.amazon.com/AWSEC2/latest/UserGuide/supported-iam-actions-tagging.html.
    """
    ask = {"DBInstanceClass": "db.t3.small", "Engine": "postgres", "AllocatedStorage": 20, "MasterUsername": "u"}
    ask |= {"MasterUserPassword": "long-enough"}
    rds = client("rds")
    rds.create_db_instance(DBInstanceIdentifier="mine", Tags=[{"Key": "run", "Value": "r1"}], **ask)
    rds.create_db_instance(DBInstanceIdentifier="other", **ask)
    box.clock.advance(10_000)
    mine = as_role(allowing("rds:DeleteDBInstance", Condition=MINE), service="rds")
    delete = {"SkipFinalSnapshot": True}
    assert refused(mine.delete_db_instance, DBInstanceIdentifier="other", **delete) == ("AccessDenied", 403)
    mine.delete_db_instance(DBInstanceIdentifier="mine", **delete)
    maker = as_role(allowing("rds:CreateDBInstance"), service="rds")
    tags = {"Tags": [{"Key": "a", "Value": "b"}]}
    assert refused(maker.create_db_instance, DBInstanceIdentifier="new", **ask, **tags) == ("AccessDenied", 403)
    maker.create_db_instance(DBInstanceIdentifier="new", **ask)
