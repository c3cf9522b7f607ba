"""Policies as documents: what a statement covers, by the rules of IAM's own reference."""

import json

import pytest

from sealift.sandbox.iam import verdicts
from sealift.sandbox.iam.policies import Ask, Malformed, statements
from sealift.sandbox.iam.verdicts import Principal

VOLUME = "arn:aws:ec2:eu-central-1:123456789012:volume/vol-1"


def judged(*written: dict, action="ec2:DeleteVolume", resource=VOLUME, **context) -> str:
    document = json.dumps({"Version": "2012-10-17", "Statement": list(written)})
    who = Principal("role", "123456789012", "arn:aws:iam::123456789012:role/r", "id", policies=(("p", document),))
    facts = {k.replace("__", ":").lower(): v if isinstance(v, tuple) else (v,) for k, v in context.items()}
    return verdicts.of_identity(who, Ask(action, resource, facts)).decision


def allow(action="ec2:*", resource="*", **more) -> dict:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


@pytest.mark.parametrize(
    ("action", "decision"),
    [
        ("ec2:DeleteVolume", "allowed"),
        ("EC2:deletevolume", "allowed"),
        ("ec2:Delete*", "allowed"),
        ("ec2:Delete?olume", "allowed"),
        ("*", "allowed"),
        (["ec2:X", "ec2:DeleteVolume"], "allowed"),
        ("ec2:Delete", "implicitDeny"),
        ("rds:*", "implicitDeny"),
    ],
)
def test_actions_match_by_wildcard_whatever_their_case(action, decision):
    """SB-IAM-01.

    Source SB-IAM-01: An action is refused unless a policy of the caller allows it on each of its resources and none
      denies it. docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html.
    """
    assert judged(allow(action)) == decision


@pytest.mark.parametrize(
    ("resource", "decision"),
    [
        ("*", "allowed"),
        (VOLUME, "allowed"),
        ("arn:aws:ec2:*:*:volume/*", "allowed"),
        ("arn:aws:ec2:eu-central-1:123456789012:volume/vol-?", "allowed"),
        ("arn:aws:ec2:*:*:*", "allowed"),
        ("arn:aws:ec2:*:*:volume/vol-2", "implicitDeny"),
        ("arn:aws:ec2:us-east-1:*:volume/*", "implicitDeny"),
        ("arn:aws:ec2:*:*:snapshot/*", "implicitDeny"),
        ("arn:aws:ec2:*:volume/*", "implicitDeny"),
    ],
)
def test_resources_match_part_by_part(resource, decision):
    """SB-IAM-01: wildcards stay within a part of an ARN.

    Source SB-IAM-01: docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html.
    """
    assert judged(allow(resource=resource)) == decision


def test_an_action_without_resources_needs_the_star():
    """SB-IAM-02: an ARN, however wide, does not allow it.

    Source SB-IAM-02: docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html; actions that the
      sandbox's tables lack count as without: a guess.
    """
    assert judged(allow(), resource="*") == "allowed"
    assert judged(allow(resource="arn:aws:ec2:*:*:volume/*"), resource="*") == "implicitDeny"


def test_not_action_and_not_resource_cover_the_rest():
    """SB-IAM-01.

    Source SB-IAM-01: An action is refused unless a policy of the caller allows it on each of its resources and none
      denies it. docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html.
    """
    assert judged({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}) == "allowed"
    assert judged({"Effect": "Allow", "NotAction": ["ec2:Delete*"], "Resource": "*"}) == "implicitDeny"
    assert judged({"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:ec2:*:*:volume/*"}) == "implicitDeny"


def test_a_denial_beats_every_permission():
    """SB-IAM-01: wherever it stands; without a permission nothing is allowed.

    Source SB-IAM-01: docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html.
    """
    no = {"Effect": "Deny", "Action": "ec2:Delete*", "Resource": "*"}
    assert judged(no, allow()) == judged(allow(), no) == "explicitDeny"
    assert judged(no, allow(), action="ec2:CreateVolume") == "allowed"
    assert judged() == "implicitDeny"


def when(operator, key, values, **context):
    return judged(allow(Condition={operator: {key: values}}), **context) == "allowed"


@pytest.mark.parametrize(
    ("operator", "values", "given", "held"),
    [
        ("StringEquals", "blue", "blue", True),
        ("StringEquals", ["red", "blue"], "blue", True),
        ("StringEquals", "Blue", "blue", False),
        ("StringEquals", "b*", "blue", False),
        ("StringEqualsIgnoreCase", "Blue", "blue", True),
        ("StringNotEquals", ["red", "blue"], "blue", False),
        ("StringNotEquals", "red", "blue", True),
        ("StringLike", "b?u*", "blue", True),
        ("StringNotLike", "b*", "blue", False),
        ("NumericEquals", 5, "5.0", True),
        ("NumericLessThan", "5", "10", False),
        ("NumericLessThanEquals", "10", "10", True),
        ("NumericGreaterThan", "x", "10", False),
        ("DateLessThan", "2027-01-01T00:00:00Z", "2026-12-31T23:59:59Z", True),
        ("DateGreaterThan", "2027-01-01T00:00:00Z", "1735689600", False),
        ("Bool", True, "true", True),
        ("Bool", "true", "false", False),
        ("ArnLike", "arn:aws:iam::*:role/ops-*", "arn:aws:iam::123456789012:role/ops-1", True),
        ("ArnEquals", "arn:aws:iam::*:role/*", "arn:aws:iam::123456789012:user/u", False),
        ("ArnNotLike", "arn:aws:iam::*:role/*", "arn:aws:iam::123456789012:user/u", True),
        ("IpAddress", "10.0.0.0/8", "10.1.2.3", True),
        ("NotIpAddress", "10.0.0.0/8", "10.1.2.3", False),
        ("Null", "true", "x", False),
        ("Null", "false", "x", True),
    ],
)
def test_operators_compare_what_is_there(operator, values, given, held):
    """SB-IAM-03.

    Source SB-IAM-03: A missing context key fails a condition, holds a negated, IfExists or ForAllValues one.
      docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html.
    """
    assert when(operator, "aws:x", values, aws__x=given) is held


@pytest.mark.parametrize(
    ("operator", "held"),
    [
        ("StringEquals", False),
        ("StringLike", False),
        ("Bool", False),
        ("NumericLessThan", False),
        ("ForAnyValue:StringEquals", False),
        ("StringNotEquals", True),
        ("ArnNotLike", True),
        ("NotIpAddress", True),
        ("StringEqualsIfExists", True),
        ("BoolIfExists", True),
        ("ForAllValues:StringEquals", True),
    ],
)
def test_a_missing_key_fails_holds_or_is_passed_over(operator, held):
    """SB-IAM-03: the commonest mistake in policies.

    Source SB-IAM-03: docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html.
    """
    assert when(operator, "aws:ResourceTag/team", "10.0.0.0/8") is held
    assert when("Null", "aws:ResourceTag/team", "true")


def test_set_operators_ask_all_or_any_of_many():
    """SB-IAM-03: aws:TagKeys is the key with many values.

    Source SB-IAM-03: docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html.
    """
    both = {"aws__TagKeys": ("a", "b")}
    assert when("ForAllValues:StringEquals", "aws:TagKeys", ["a", "b", "c"], **both)
    assert not when("ForAllValues:StringEquals", "aws:TagKeys", ["a"], **both)
    assert when("ForAnyValue:StringEquals", "aws:TagKeys", ["a"], **both)
    assert not when("ForAnyValue:StringLike", "aws:TagKeys", ["c*"], **both)


def test_several_keys_are_conditions_several_values_alternatives():
    """SB-IAM-03: and keys, tags included, are not case-sensitive.

    Source SB-IAM-03: docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html.
    """
    condition = {"StringEquals": {"aws:a": "1", "AWS:ResourceTag/Team": "x"}}
    assert judged(allow(Condition=condition), aws__a="1", **{"aws__resourcetag/TEAM": "x"}) == "allowed"
    assert judged(allow(Condition=condition), aws__a="1") == "implicitDeny"


def test_policy_variables_are_filled_from_the_request():
    """SB-IAM-01: ${aws:username} and the like; one that is not there matches nothing.

    Source SB-IAM-01: docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html.
    """
    own = allow(resource="arn:aws:ec2:*:*:volume/${aws:PrincipalTag/volume}")
    assert judged(own, **{"aws__PrincipalTag/volume": "vol-1"}) == "allowed"
    assert judged(own) == "implicitDeny"
    team = allow(Condition={"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}})
    tags = {"aws__ResourceTag/team": "x", "aws__PrincipalTag/team": "x"}
    assert judged(team, **tags) == "allowed"
    assert judged(team, **{**tags, "aws__PrincipalTag/team": "y"}) == "implicitDeny"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        '{"Statement": [{"Effect": "Maybe", "Action": "*", "Resource": "*"}]}',
        '{"Statement": [{"Effect": "Allow", "Resource": "*"}]}',
        '{"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"Resembles": {"a": "b"}}}]}',
    ],
)
def test_what_is_no_policy_is_refused(text):
    """SB-KEY-09: before it can allow anything.

    Source SB-KEY-09: docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html; botocore kms PutKeyPolicy.
    """
    with pytest.raises(Malformed):
        statements(text)
