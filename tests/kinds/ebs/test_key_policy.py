"""What a key policy says that a migration runs into, read from its JSON."""

import json
from string import ascii_lowercase

import pytest

from sealift import key_policy
from sealift.sandbox import kms
from tests.kinds.ebs.facts_for_tests import ACCOUNT, ARN, REGION

ROLE = f"arn:aws:iam::{ACCOUNT}:role/aws:ec2-infrastructure"
AWAY = {"NotIpAddress": {"aws:SourceIp": "127.0.0.0/8"}}
BUT_EC2 = {"ArnNotLikeIfExists": {"aws:PrincipalArn": ["arn:aws:iam::*:role/aws:ec2-infrastructure"]}}
DIRECT = {"BoolIfExists": {"aws:ViaAWSService": "false"}}


def denial(condition, **fields):
    whole = {"Sid": "Deny", "Effect": "Deny", "Principal": "*", "Action": "kms:*", "Resource": "*"}
    return {**whole, "Condition": condition, **fields}


def read(*statements):
    found = key_policy.statements(json.dumps({"Version": "2012-10-17", "Statement": list(statements)}))
    assert found is not None
    return found


HIT = {
    "an address": denial(AWAY),
    "a VPC": denial({"StringNotEquals": {"aws:SourceVpc": "vpc-1"}}),
    "an endpoint, whatever its letters": denial({"StringNotLike": {"AWS:sourcevpce": "vpce-1"}}),
    "an address in a VPC": denial({"NotIpAddressIfExists": {"aws:VpcSourceIp": "10.0.0.0/8"}}),
    "no VPC at all": denial({"Null": {"aws:SourceVpc": "true"}}),
    "two places": denial(AWAY | {"StringNotEqualsIfExists": {"aws:SourceVpc": "vpc-1"}}),
    "calls of users alone": denial(AWAY | DIRECT),
    "all but EC2's role, not what is asked for a caller": denial(AWAY | BUT_EC2),
    "grants": denial(AWAY, Action="kms:CreateGrant"),
    "decryption by name": denial(AWAY, Action=["kms:Encrypt", "kms:Decrypt"]),
    "actions by a pattern": denial(AWAY, Action=["KMS:dec*"]),
    "the account": denial(AWAY, Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"}),
    "EC2's own role": denial(AWAY, Principal={"AWS": [ROLE]}),
    "all but another role": denial(AWAY | {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/admin"}}),
}

MISSED = {
    "an allowance": denial(AWAY, Effect="Allow"),
    "no place": denial({"Bool": {"aws:SecureTransport": "false"}}),
    "addresses of a list": denial({"IpAddress": {"aws:SourceIp": "198.51.100.0/24"}}),
    "requests that have a VPC": denial({"Null": {"aws:SourceVpc": "false"}} | AWAY),
    "other actions": denial(AWAY, Action="kms:PutKeyPolicy"),
    "other users": denial(AWAY, Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:user/eve"}),
    "all but EC2, as itself and for a caller": denial(AWAY | BUT_EC2 | DIRECT),
    "grants, but not what is asked for a caller": denial(AWAY | DIRECT, Action="kms:CreateGrant"),
    "one role alone": denial(AWAY | {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/dev"}}),
}  # fmt: skip


@pytest.mark.parametrize("statement", HIT.values(), ids=HIT)
def test_a_denial_by_place_hits_ec2(statement):
    """R-EBS-57: EC2's role comes from no address and no VPC, so a denial of all but some places is for it too."""
    assert key_policy.bars_by_place(read(statement), ARN) == ("Deny",)


@pytest.mark.parametrize("statement", MISSED.values(), ids=MISSED)
def test_a_denial_that_does_not_hit_ec2_is_not_named(statement):
    """R-EBS-57: other effects, actions and principals, conditions that need a place to be there, and EC2's role spared."""
    assert key_policy.bars_by_place(read(statement), ARN) == ()


def test_the_sandbox_thinks_the_same(box):
    """R-EBS-57: under such a policy the sandbox's EC2 cannot attach, and under the others it can."""
    everybody = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "kms:*", "Resource": "*"}
    arn, web = box.add_key(REGION, "alias/barred"), box.add_instance(REGION)
    disks = {name: box.add_volume(region=REGION, kms_key=arn) for name in (*HIT, *MISSED)}
    devices = {name: f"/dev/sd{letter}" for name, letter in zip(disks, ascii_lowercase[1:], strict=False)}
    ec2 = box.client("ec2", REGION)
    box.enforce()

    failed = []
    for name, statement in (HIT | MISSED).items():
        kms.find(ACCOUNT, REGION, arn).policy = json.dumps(
            {"Version": "2012-10-17", "Statement": [everybody, statement]}
        )
        try:
            ec2.attach_volume(VolumeId=disks[name], InstanceId=web, Device=devices[name])
        except ec2.exceptions.ClientError as error:
            failed.append((name, error.response["Error"]["Code"]))

    assert failed == [(name, "CustomerKeyHasBeenRevoked") for name in HIT]


def test_all_but_some_actions_are_denied_by_not_action():
    """R-EBS-57: NotAction denies all that EC2 does unless it names it."""
    others = {k: v for k, v in denial(AWAY, NotAction="kms:Describe*").items() if k != "Action"}
    spared = {**others, "NotAction": ["kms:*Grant*", "kms:*crypt*", "kms:GenerateDataKey*"]}
    assert key_policy.bars_by_place(read(others), ARN) == ("Deny",)
    assert key_policy.bars_by_place(read(spared), ARN) == ()


def test_a_role_of_another_partition_is_spared_by_its_own_name():
    """R-EBS-57: in China the role is of aws-cn."""
    spared = AWAY | DIRECT | {"ArnNotLike": {"aws:PrincipalArn": "arn:aws-cn:iam::*:role/aws:ec2-infrastructure"}}
    assert key_policy.bars_by_place(read(denial(spared)), ARN.replace("arn:aws:", "arn:aws-cn:")) == ()
    assert key_policy.bars_by_place(read(denial(spared)), ARN) == ("Deny",)


@pytest.mark.parametrize(
    ("condition", "named"),
    [
        ({"StringEquals": {"kms:EncryptionContext:aws:ebs:id": "vol-1"}}, ("statement 1 (vol-1)",)),
        ({"StringLike": {"KMS:encryptioncontext:aws:ebs:id": ["vol-*"]}}, ("statement 1 (vol-*)",)),
        ({"StringLike": {"kms:EncryptionContext:aws:ebs:id": "*"}}, ()),
        ({"Null": {"kms:EncryptionContext:aws:ebs:id": "false"}}, ()),
        ({"StringEquals": {"kms:EncryptionContext:aws:s3:arn": "arn:aws:s3:::b"}}, ()),
        ({"StringEquals": {"kms:ViaService": "ec2.eu-central-1.amazonaws.com"}}, ()),
    ],
)
def test_a_pin_to_ids_is_found(condition, named):
    """R-EBS-58: by id, or by a pattern that leaves volumes or snapshots out; that there is a context at all is no pin."""
    allowance = {"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*", "Condition": condition}
    assert key_policy.pinned(read(allowance)) == named


def test_statements_have_names():
    """The Sid, or the place where there is none; a policy of one statement needs no list."""
    plain = {"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"}
    assert [name for name, _ in read({**plain, "Sid": "Root"}, plain)] == ["Root", "statement 2"]
    assert key_policy.statements(json.dumps({"Statement": plain})) == [("statement 1", plain)]


@pytest.mark.parametrize("text", ["", "no policy", "[]", "{}", "null"])
def test_what_is_no_policy_is_not_read(text):
    """Then the rules are not evaluated."""
    assert key_policy.statements(text) is None
