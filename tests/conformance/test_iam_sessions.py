"""STS as enforced: who I am, and which roles I may assume."""

import pytest

HERE, THERE = "123456789012", "111122223333"
ROLE = {"RoleSessionName": "night"}


@pytest.fixture
def sts(box):
    def make(credentials):
        return box.client("sts", credentials=credentials)

    box.enforce()
    return make


def trusting(principal, **more):
    statement = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole", **more}
    return {"Version": "2012-10-17", "Statement": [statement]}


def may_assume(role="*"):
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": role}]}


def test_everybody_may_ask_who_they_are(box, sts, client):
    """SB-IAM-01: GetCallerIdentity is never refused: root, user, session.

    Source SB-IAM-01: docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html.
    """
    assert client("sts").get_caller_identity()["Arn"] == f"arn:aws:iam::{HERE}:root"
    assert sts(box.people.root(THERE)).get_caller_identity()["Account"] == THERE
    assert sts(box.people.user("ana")).get_caller_identity()["Arn"] == f"arn:aws:iam::{HERE}:user/ana"
    role = box.people.role("ops", account=THERE)
    found = sts(box.people.session(role, "s1")).get_caller_identity()
    assert (found["Account"], found["Arn"]) == (THERE, f"arn:aws:sts::{THERE}:assumed-role/ops/s1")


def test_a_trust_policy_that_names_the_user_is_enough_in_one_account(box, sts, refused):
    """SB-IAM-06: one that names the account leaves it to IAM.

    Source SB-IAM-06: docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html.
    """
    ana, bob = box.people.user("ana"), box.people.user("bob", may_assume())
    named = box.people.role("named", trust=trusting(f"arn:aws:iam::{HERE}:user/ana"))
    assert sts(ana).assume_role(RoleArn=named, **ROLE)["Credentials"]
    assert refused(sts(bob).assume_role, RoleArn=named, **ROLE) == ("AccessDenied", 403)
    delegated = box.people.role("delegated", trust=trusting(f"arn:aws:iam::{HERE}:root"))
    assert sts(bob).assume_role(RoleArn=delegated, **ROLE)["Credentials"]
    assert refused(sts(ana).assume_role, RoleArn=delegated, **ROLE) == ("AccessDenied", 403)


def test_between_accounts_both_sides_must_allow(box, sts, refused):
    """SB-IAM-06.

    Source SB-IAM-06: A role is assumed where its trust policy names the caller, or the caller's account and the
      caller's policies allow it; between accounts both must.
      docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html.
    """
    ana = box.people.user("ana", account=THERE)
    bob = box.people.user("bob", may_assume(), account=THERE)
    named = box.people.role("named", trust=trusting([f"arn:aws:iam::{THERE}:user/{n}" for n in ("ana", "bob")]))
    assert refused(sts(ana).assume_role, RoleArn=named, **ROLE) == ("AccessDenied", 403)
    keys = sts(bob).assume_role(RoleArn=named, **ROLE)["Credentials"]
    session = {
        "aws_access_key_id": keys["AccessKeyId"],
        "aws_secret_access_key": keys["SecretAccessKey"],
        "aws_session_token": keys["SessionToken"],
    }
    assert sts(session).get_caller_identity()["Account"] == HERE
    assert keys["Expiration"].timestamp() == box.now() + 3600
    closed = box.people.role("closed", trust=trusting(HERE))
    assert refused(sts(bob).assume_role, RoleArn=closed, **ROLE) == ("AccessDenied", 403)


def test_a_trust_policy_may_ask_for_an_external_id(box, sts, refused):
    """SB-IAM-06: sts:ExternalId; and a role that does not exist is refused like any other.

    Source SB-IAM-06: docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html.
    """
    ana = box.people.user("ana")
    arn, condition = f"arn:aws:iam::{HERE}:user/ana", {"StringEquals": {"sts:ExternalId": "xyz"}}
    role = box.people.role("guarded", trust=trusting(arn, Condition=condition))
    assert sts(ana).assume_role(RoleArn=role, **ROLE, ExternalId="xyz")["Credentials"]
    assert refused(sts(ana).assume_role, RoleArn=role, **ROLE)[0] == "AccessDenied"
    assert refused(sts(ana).assume_role, RoleArn=f"arn:aws:iam::{HERE}:role/none", **ROLE)[0] == "AccessDenied"
