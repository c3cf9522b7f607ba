"""The rules about the key, each from both sides. The cases are the specification."""

import pytest

from sealift.kind import ACK, BLOCK, NOT_EVALUATED, WARN
from sealift.kinds.ebs.rules import key
from tests.kinds.ebs.facts_for_tests import ARN, DONE, REGION, Case, a_key, an_instance, in_group, of, with_key

MRK = "arn:aws:kms:us-east-1:123456789012:key/mrk-1"

CASES = [
    *of(
        key.fit,
        Case("takes an enabled symmetric key", an_instance()),
        Case(
            "refuses a key that could not be read",
            with_key(arn="", error="NotFoundException"),
            BLOCK,
            ["alias/app", "NotFoundException"],
        ),
        Case("refuses no key", with_key(wanted="", arn="", error="no key was named"), BLOCK, ["no key was named"]),
        Case("refuses a disabled key", with_key(state="Disabled"), BLOCK, [ARN, "Disabled"]),
        Case("refuses a key pending deletion", with_key(state="PendingDeletion"), BLOCK, ["PendingDeletion"]),
        Case("refuses an asymmetric key", with_key(spec="RSA_2048"), BLOCK, ["RSA_2048"]),
        Case("refuses a signing key", with_key(usage="SIGN_VERIFY"), BLOCK, ["SIGN_VERIFY"]),
        Case("does not look at the key where nothing moves", an_instance(*DONE.volumes, key=a_key(state="Disabled"))),
    ),
    *of(
        key.own_material,
        Case("takes material of KMS", an_instance()),
        Case("takes imported material that stays", with_key(origin="EXTERNAL")),
        Case(
            "asks about material that expires",
            with_key(origin="EXTERNAL", valid_to=1_800_000_000.0),
            ACK,
            ["2027-01-15 08:00 UTC"],
        ),
        Case("asks about an external key store", with_key(origin="EXTERNAL_KEY_STORE"), ACK, ["EXTERNAL_KEY_STORE"]),
        Case("asks about CloudHSM", with_key(origin="AWS_CLOUDHSM"), ACK, ["AWS_CLOUDHSM"]),
    ),
    *of(
        key.same_region,
        Case("takes a key of the Region", an_instance()),
        Case(
            "refuses a key of another Region",
            with_key(arn=ARN.replace(REGION, "us-east-1"), region="us-east-1"),
            BLOCK,
            [f"a key of {REGION}"],
        ),
        Case("names the replica of a multi-Region key", with_key(arn=MRK, region="us-east-1"), BLOCK, ["replica"]),
    ),
    *of(
        key.customer_managed,
        Case("takes a key of the customer", an_instance()),
        Case("refuses a key of AWS", with_key(manager="AWS"), BLOCK, ["customer-managed"]),
        Case("refuses alias/aws/ebs even unread", with_key(wanted="alias/aws/ebs", arn="", manager=""), BLOCK),
    ),
    *of(
        key.from_anywhere,
        Case("takes a policy that bars no place", an_instance()),
        Case("names what bars EC2 itself", with_key(bars_by_place=("OfficeOnly",)), WARN, [ARN, "OfficeOnly"]),
        Case("says when the policy was not read", with_key(bars_by_place=None), NOT_EVALUATED, ["kms:GetKeyPolicy"]),
        Case("has no policy to read without a key", with_key(arn="", bars_by_place=None, error="NotFoundException")),
        Case("does not mind where nothing moves", an_instance(*DONE.volumes, key=a_key(bars_by_place=("OfficeOnly",)))),
    ),
    *of(
        key.for_new_ids,
        Case("takes a policy for any id", an_instance()),
        Case("names what is pinned to an id", with_key(pinned=("OneDisk (vol-1)",)), WARN, [ARN, "vol-1", "vol-*"]),
        Case("says when the policy was not read", with_key(pinned=None), NOT_EVALUATED, ["kms:GetKeyPolicy"]),
    ),
    *of(
        key.scaling_role,
        Case("has no role to name outside groups", an_instance()),
        Case("names the role of a group", in_group(), WARN, ["web", "AWSServiceRoleForAutoScaling"]),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_rule_about_the_key(case):
    case.hold()
