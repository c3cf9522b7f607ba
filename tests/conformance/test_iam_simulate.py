"""SimulatePrincipalPolicy: what policies say to a context that is given."""

import pytest

VOLUME = "arn:aws:ec2:eu-central-1:123456789012:volume/vol-1"
TAG = {"StringEquals": {"aws:ResourceTag/run": "r1"}}


@pytest.fixture
def iam(client):
    return client("iam", "us-east-1")


@pytest.fixture
def simulated(box, iam, allowing, denying):
    role = box.people.role(
        "r",
        {
            "Version": "2012-10-17",
            "Statement": [
                allowing("ec2:DeleteVolume", on="arn:aws:ec2:*:*:volume/*", Condition=TAG),
                allowing("ec2:Describe*"),
                denying("ec2:TerminateInstances"),
            ],
        },
    )

    def ask(*actions, **more):
        reply = iam.simulate_principal_policy(PolicySourceArn=role, ActionNames=list(actions), **more)
        return reply["EvaluationResults"]

    return ask


def tag(value, key="aws:ResourceTag/run"):
    return [{"ContextKeyName": key, "ContextKeyValues": [value], "ContextKeyType": "string"}]


def test_three_decisions(simulated):
    """SB-IAM-09: allowed, implicitDeny, explicitDeny, each with the statements that made it.

    Source SB-IAM-09: botocore iam SimulatePrincipalPolicy.
    """
    yes, no, never = simulated("ec2:DescribeVolumes", "ec2:StartInstances", "ec2:TerminateInstances")
    assert [r["EvalDecision"] for r in (yes, no, never)] == ["allowed", "implicitDeny", "explicitDeny"]
    assert [len(r["MatchedStatements"]) for r in (yes, no, never)] == [1, 0, 1]
    assert yes["EvalActionName"] == "ec2:DescribeVolumes"


def test_context_is_what_it_is_given(simulated):
    """SB-IAM-09: ContextEntries stand for tags; without them the key is named as missing.

    Source SB-IAM-09: botocore iam SimulatePrincipalPolicy.
    """
    (right,) = simulated("ec2:DeleteVolume", ResourceArns=[VOLUME], ContextEntries=tag("r1"))
    (wrong,) = simulated("ec2:DeleteVolume", ResourceArns=[VOLUME], ContextEntries=tag("r2"))
    (none,) = simulated("ec2:DeleteVolume", ResourceArns=[VOLUME])
    assert [r["EvalDecision"] for r in (right, wrong, none)] == ["allowed", "implicitDeny", "implicitDeny"]
    assert none["MissingContextValues"] == ["aws:ResourceTag/run"]
    assert right["MissingContextValues"] == wrong["MissingContextValues"] == []


def test_resources_are_judged_one_by_one(simulated):
    """SB-IAM-09: the whole is the worst; without ResourceArns it is `*`, which volume/* does not allow.

    Source SB-IAM-09: botocore iam SimulatePrincipalPolicy.
    """
    other = "arn:aws:ec2:eu-central-1:123456789012:snapshot/snap-1"
    (found,) = simulated("ec2:DeleteVolume", ResourceArns=[VOLUME, other], ContextEntries=tag("r1"))
    each = {r["EvalResourceName"]: r["EvalResourceDecision"] for r in found["ResourceSpecificResults"]}
    assert each == {VOLUME: "allowed", other: "implicitDeny"}
    assert found["EvalDecision"] == "implicitDeny"
    (star,) = simulated("ec2:DeleteVolume", ContextEntries=tag("r1"))
    assert star["EvalDecision"] == "implicitDeny"


def test_real_tags_and_key_policies_are_not_looked_at(box, simulated, client):
    """SB-IAM-09: what the simulation cannot know it does not know.

    Source SB-IAM-09: botocore iam SimulatePrincipalPolicy.
    """
    volume = box.add_volume(tags={"run": "r1"})
    arn = f"arn:aws:ec2:eu-central-1:123456789012:volume/{volume}"
    (found,) = simulated("ec2:DeleteVolume", ResourceArns=[arn])
    assert found["EvalDecision"] == "implicitDeny"
    (found,) = simulated("kms:Decrypt", ResourceArns=[box.add_key()])
    assert found["EvalDecision"] == "implicitDeny"


def test_users_are_simulated_too_with_policies_added(box, iam, written, allowing, refused):
    """SB-IAM-09: PolicyInputList adds; what does not exist is NoSuchEntity; a session is no entity.

    Source SB-IAM-09: botocore iam SimulatePrincipalPolicy.
    """
    box.people.user("ana")
    arn = "arn:aws:iam::123456789012:user/ana"
    more = [written(allowing("ec2:*"))]
    ask = {"ActionNames": ["ec2:StopInstances"]}
    found = iam.simulate_principal_policy(PolicySourceArn=arn, PolicyInputList=more, **ask)
    assert found["EvaluationResults"][0]["EvalDecision"] == "allowed"
    found = iam.simulate_principal_policy(PolicySourceArn=arn, **ask)
    assert found["EvaluationResults"][0]["EvalDecision"] == "implicitDeny"
    missing = refused(iam.simulate_principal_policy, PolicySourceArn=arn + "-none", **ask)
    assert missing == ("NoSuchEntity", 404)
    session = "arn:aws:sts::123456789012:assumed-role/r/s"
    assert refused(iam.simulate_principal_policy, PolicySourceArn=session, **ask)[0] == "InvalidInput"


def test_a_resource_policy_is_for_users_only(box, iam, simulated, allowing, refused):
    """SB-IAM-09: 'not supported for IAM roles'.

    Source SB-IAM-09: botocore iam SimulatePrincipalPolicy.
    """
    from botocore.exceptions import ClientError

    text = '{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"}]}'
    with pytest.raises(ClientError, match="InvalidInput"):
        simulated("kms:Decrypt", ResourcePolicy=text)
    box.people.user("ana")
    found = iam.simulate_principal_policy(
        PolicySourceArn="arn:aws:iam::123456789012:user/ana", ActionNames=["kms:Decrypt"], ResourcePolicy=text
    )
    assert found["EvaluationResults"][0]["EvalDecision"] == "allowed"


def test_the_keys_that_policies_ask_for_are_listed(box, iam, simulated):
    """SB-IAM-09: GetContextKeysForPrincipalPolicy.

    Source SB-IAM-09: botocore iam SimulatePrincipalPolicy.
    """
    found = iam.get_context_keys_for_principal_policy(PolicySourceArn="arn:aws:iam::123456789012:role/r")
    assert found["ContextKeyNames"] == ["aws:ResourceTag/run"]


def test_simulating_needs_its_own_permission(box, as_role, allowing, refused):
    """SB-IAM-01: iam:SimulatePrincipalPolicy on the role.

    Source SB-IAM-01: docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html.
    """
    arn = box.people.role("other")
    ask = {"PolicySourceArn": arn, "ActionNames": ["ec2:StopInstances"]}
    assert refused(as_role(service="iam").simulate_principal_policy, **ask) == ("AccessDenied", 403)
    as_role(allowing("iam:SimulatePrincipalPolicy", on=arn), service="iam").simulate_principal_policy(**ask)


def test_many_results_are_paged(box, iam, simulated):
    """SB-IAM-09: MaxItems and Marker.

    Source SB-IAM-09: botocore iam SimulatePrincipalPolicy.
    """
    pages = list(
        iam.get_paginator("simulate_principal_policy").paginate(
            PolicySourceArn="arn:aws:iam::123456789012:role/r",
            ActionNames=[f"ec2:Describe{n}" for n in range(5)],
            PaginationConfig={"PageSize": 2},
        )
    )
    assert [len(p["EvaluationResults"]) for p in pages] == [2, 2, 1]
