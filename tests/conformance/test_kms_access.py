"""Who may use a key: its policy, the caller's policies, grants; across accounts; dry runs."""

import json

import pytest

HERE, THERE = "123456789012", "111122223333"
NO = ("AccessDeniedException", 400)
BLOB = {"Plaintext": b"x"}


@pytest.fixture
def root(client):
    """The account's root, at KMS."""
    return client("kms")


@pytest.fixture
def key_policy(written):
    """key_policy(arn, *statements): replaces a key's policy, without a request."""
    from sealift.sandbox import kms

    def put(arn, *statements):
        kms.find(arn.split(":")[4], arn.split(":")[3], arn).policy = written(*statements)

    return put


def everything(to, **more):
    return {"Effect": "Allow", "Principal": {"AWS": to}, "Action": "kms:*", "Resource": "*", **more}


def test_the_default_policy_leaves_it_to_iam(box, as_role, allowing, refused):
    """SB-KEY-04: the account is named, so that policies of IAM count: by key ARN, by action.

    Source SB-KEY-04: docs.aws.amazon.com/kms/latest/developerguide/key-policies.html.
    """
    key, other = box.add_key(), box.add_key(alias="alias/other")
    assert refused(as_role(service="kms").encrypt, KeyId=key, **BLOB) == NO
    kms = as_role(allowing("kms:Encrypt", on=key), service="kms")
    kms.encrypt(KeyId=key, **BLOB)
    kms.encrypt(KeyId="alias/app", **BLOB)
    assert refused(kms.encrypt, KeyId=other, **BLOB) == NO
    assert refused(kms.describe_key, KeyId=key) == NO


def test_without_the_account_in_the_key_policy_iam_counts_for_nothing(
    box, as_role, session_of, allowing, key_policy, refused
):
    """SB-KEY-04: and who is named needs no policy of IAM; a session is named by its role.

    Source SB-KEY-04: docs.aws.amazon.com/kms/latest/developerguide/key-policies.html.
    """
    key, role = box.add_key(), box.people.role("named")
    key_policy(key, everything(role))
    assert refused(as_role(allowing("kms:*"), service="kms").encrypt, KeyId=key, **BLOB) == NO
    session_of(role, "kms").encrypt(KeyId=key, **BLOB)


def test_the_root_too_needs_the_key_policy(box, client, root, key_policy, refused):
    """SB-KEY-04: a key policy that forgets the account locks its root out.

    Source SB-KEY-04: docs.aws.amazon.com/kms/latest/developerguide/key-policies.html.
    """
    box.enforce()
    key = box.add_key()
    root.encrypt(KeyId=key, **BLOB)
    key_policy(key, everything(box.people.role("named")))
    assert refused(root.encrypt, KeyId=key, **BLOB) == NO


def test_denials_count_wherever_they_stand(box, as_role, allowing, denying, key_policy, refused):
    """SB-KEY-04: in the key policy and in the caller's.

    Source SB-KEY-04: docs.aws.amazon.com/kms/latest/developerguide/key-policies.html.
    """
    key = box.add_key()
    key_policy(key, everything(HERE), {**everything("*"), "Effect": "Deny", "Action": "kms:Decrypt"})
    kms = as_role(allowing("kms:*"), denying("kms:DescribeKey"), service="kms")
    blob = kms.encrypt(KeyId=key, **BLOB)["CiphertextBlob"]
    assert refused(kms.decrypt, CiphertextBlob=blob) == NO
    assert refused(kms.describe_key, KeyId=key) == NO


def test_a_ciphertext_names_its_key(box, as_role, allowing, refused):
    """SB-KEY-04: Decrypt and ReEncrypt without a KeyId are asked for the keys they use.

    Source SB-KEY-04: docs.aws.amazon.com/kms/latest/developerguide/key-policies.html.
    """
    one, other = box.add_key(), box.add_key(alias="alias/other")
    kms = as_role(allowing("kms:Encrypt", "kms:Decrypt", "kms:ReEncryptFrom", on=one), service="kms")
    blob = kms.encrypt(KeyId=one, **BLOB)["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"
    assert refused(kms.re_encrypt, CiphertextBlob=blob, DestinationKeyId=other) == NO
    to = as_role(allowing("kms:ReEncrypt*"), service="kms")
    moved = to.re_encrypt(CiphertextBlob=blob, DestinationKeyId=other)["CiphertextBlob"]
    assert refused(kms.decrypt, CiphertextBlob=moved) == NO


def test_the_encryption_context_is_known(box, as_role, allowing, refused):
    """SB-KEY-04: kms:EncryptionContext:*, and that a direct call comes through no service.

    Source SB-KEY-04: docs.aws.amazon.com/kms/latest/developerguide/key-policies.html.
    """
    key = box.add_key()
    bound = {"StringEquals": {"kms:EncryptionContext:aws:ebs:id": "vol-1"}}
    kms = as_role(allowing("kms:Encrypt", Condition=bound), service="kms")
    kms.encrypt(KeyId=key, **BLOB, EncryptionContext={"aws:ebs:id": "vol-1"})
    assert refused(kms.encrypt, KeyId=key, **BLOB, EncryptionContext={"aws:ebs:id": "vol-2"}) == NO
    assert refused(kms.encrypt, KeyId=key, **BLOB) == NO
    via = {"StringEquals": {"kms:ViaService": "ec2.eu-central-1.amazonaws.com"}}
    through = as_role(allowing("kms:*", Condition=via), service="kms")
    assert refused(through.encrypt, KeyId=key, **BLOB) == NO


def test_a_grant_for_a_service_is_none_for_people(box, as_role, allowing, refused):
    """SB-KEY-04: kms:GrantIsForAWSResource, kms:GrantOperations.

    Source SB-KEY-04: docs.aws.amazon.com/kms/latest/developerguide/key-policies.html.
    """
    key = box.add_key()
    ask = {"KeyId": key, "GranteePrincipal": f"arn:aws:iam::{HERE}:role/x", "Operations": ["Decrypt"]}
    service = {"Bool": {"kms:GrantIsForAWSResource": "true"}}
    assert refused(as_role(allowing("kms:CreateGrant", Condition=service), service="kms").create_grant, **ask) == NO
    reading = {"ForAllValues:StringEquals": {"kms:GrantOperations": ["Decrypt"]}}
    kms = as_role(allowing("kms:CreateGrant", Condition=reading), service="kms")
    kms.create_grant(**ask)
    assert refused(kms.create_grant, **{**ask, "Operations": ["Decrypt", "Encrypt"]}) == NO


def test_keys_are_known_by_their_tags(box, root, as_role, allowing, refused):
    """SB-KEY-04: aws:ResourceTag on keys.

    Source SB-KEY-04: docs.aws.amazon.com/kms/latest/developerguide/key-policies.html.
    """
    key, other = box.add_key(), box.add_key(alias="alias/other")
    root.tag_resource(KeyId=key, Tags=[{"TagKey": "team", "TagValue": "x"}])
    kms = as_role(allowing("kms:*", Condition={"StringEquals": {"aws:ResourceTag/team": "x"}}), service="kms")
    kms.describe_key(KeyId=key)
    assert refused(kms.describe_key, KeyId=other) == NO


# two accounts


def test_a_key_of_another_account_needs_both_sides(box, as_role, allowing, key_policy, refused):
    """SB-KEY-05: its policy names the account, and the caller's policies allow it.

    Source SB-KEY-05: docs.aws.amazon.com/kms/latest/developerguide/key-policy-modifying-external-accounts.html.
    """
    key = box.add_key()
    theirs = as_role(allowing("kms:*"), service="kms", account=THERE)
    bare = as_role(service="kms", account=THERE)
    assert refused(theirs.describe_key, KeyId=key) == NO
    key_policy(key, everything(HERE), everything(f"arn:aws:iam::{THERE}:root"))
    assert theirs.describe_key(KeyId=key)["KeyMetadata"]["AWSAccountId"] == HERE
    blob = theirs.encrypt(KeyId=key, **BLOB)["CiphertextBlob"]
    assert theirs.decrypt(CiphertextBlob=blob)["KeyId"] == key
    assert refused(bare.decrypt, CiphertextBlob=blob) == NO


def test_naming_a_role_of_another_account_is_not_enough(box, session_of, key_policy, refused, allowing, as_role):
    """SB-KEY-05: the other account must allow it too; and others there stay out.

    Source SB-KEY-05: docs.aws.amazon.com/kms/latest/developerguide/key-policy-modifying-external-accounts.html.
    """
    key, role = box.add_key(), box.people.role("bare", account=THERE)
    able = box.people.role("able", {"Statement": [allowing("kms:*")]}, account=THERE)
    box.enforce()
    key_policy(key, everything(HERE), everything([role, able]))
    assert refused(session_of(role, "kms").describe_key, KeyId=key) == NO
    session_of(able, "kms").describe_key(KeyId=key)
    assert refused(as_role(allowing("kms:*"), service="kms", account=THERE).describe_key, KeyId=key) == NO


def test_a_key_is_managed_by_its_owner_only(box, as_role, allowing, key_policy, refused):
    """SB-KEY-05: DisableKey, GetKeyPolicy, PutKeyPolicy do not work across accounts.

    Source SB-KEY-05: docs.aws.amazon.com/kms/latest/developerguide/key-policy-modifying-external-accounts.html.
    """
    key = box.add_key()
    key_policy(key, everything(HERE), everything(THERE))
    theirs = as_role(allowing("kms:*"), service="kms", account=THERE)
    theirs.describe_key(KeyId=key)
    for call, ask in ((theirs.disable_key, {}), (theirs.get_key_policy, {}), (theirs.put_key_policy, {"Policy": "{}"})):
        assert refused(call, KeyId=key, **ask) == NO


def test_kms_caller_account_is_the_callers(box, as_role, allowing, key_policy, refused):
    """SB-KEY-05.

    Source SB-KEY-05: A key of another account is used where its policy names that account or principal and the caller's
      policies allow it; it is managed by its owner only.
      docs.aws.amazon.com/kms/latest/developerguide/key-policy-modifying-external-accounts.html.
    """
    key = box.add_key()
    key_policy(key, everything("*", Condition={"StringEquals": {"kms:CallerAccount": HERE}}))
    as_role(service="kms").encrypt(KeyId=key, **BLOB)
    assert refused(as_role(allowing("kms:*"), service="kms", account=THERE).encrypt, KeyId=key, **BLOB) == NO


# the AWS managed key, and policies that are none


def test_the_managed_key_is_for_services(box, as_role, allowing, root, refused):
    """SB-KEY-08: through EC2 for everybody; directly for nobody, though its policy can be read.

    Source SB-KEY-08: docs.aws.amazon.com/kms/latest/developerguide/concepts.html, AWS managed keys; the policy's text
      is remembered (guess).
    """
    box.enforce()
    arn = root.describe_key(KeyId="alias/aws/ebs")["KeyMetadata"]["Arn"]
    assert refused(root.encrypt, KeyId="alias/aws/ebs", **BLOB) == NO
    assert "kms:ViaService" in root.get_key_policy(KeyId=arn, PolicyName="default")["Policy"]
    ec2 = as_role(allowing("ec2:*"))
    made = ec2.create_volume(AvailabilityZone="eu-central-1a", Size=1, Encrypted=True)["VolumeId"]
    box.clock.advance(60)
    assert ec2.describe_volumes(VolumeIds=[made])["Volumes"][0]["State"] == "available"


def test_the_policy_of_a_managed_key_is_awss(root, refused):
    """SB-KEY-08.

    Source SB-KEY-08: aws/ebs may be used through EC2 by all of its account, and its policy cannot be changed.
      docs.aws.amazon.com/kms/latest/developerguide/concepts.html, AWS managed keys; the policy's text is remembered
      (guess).
    """
    arn = root.describe_key(KeyId="alias/aws/ebs")["KeyMetadata"]["Arn"]
    assert refused(root.put_key_policy, KeyId=arn, Policy="{}")[0] == "UnsupportedOperationException"


def test_what_is_no_key_policy_is_refused(box, root, refused, written, allowing):
    """SB-KEY-09: no policy, no principals, principals that do not exist.

    Source SB-KEY-09: docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html; botocore kms PutKeyPolicy.
    """
    box.enforce()
    key, bad = box.add_key(), "MalformedPolicyDocumentException"
    nobody = everything(f"arn:aws:iam::{HERE}:role/nobody")
    for text in ("no", "{}", written(allowing("kms:*")), written(everything(HERE), nobody)):
        assert refused(root.put_key_policy, KeyId=key, Policy=text)[0] == bad
        assert refused(root.create_key, Policy=text)[0] == bad
    box.people.role("nobody")
    text = written(everything(HERE), nobody)
    root.put_key_policy(KeyId=key, Policy=text)
    assert json.loads(root.get_key_policy(KeyId=key)["Policy"]) == json.loads(text)


def test_nobody_locks_himself_out_by_mistake(box, root, refused, written):
    """SB-KEY-09: unless told that it is no mistake.

    Source SB-KEY-09: docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html; botocore kms PutKeyPolicy.
    """
    box.enforce()
    key, role = box.add_key(), box.people.role("only")
    text = written(everything(role))
    assert refused(root.put_key_policy, KeyId=key, Policy=text)[0] == "MalformedPolicyDocumentException"
    root.put_key_policy(KeyId=key, Policy=text, BypassPolicyLockoutSafetyCheck=True)
    assert refused(root.describe_key, KeyId=key) == NO


# dry runs


@pytest.mark.parametrize(
    ("method", "ask", "action"),
    [
        ("encrypt", BLOB, "Encrypt"),
        ("generate_data_key", {"KeySpec": "AES_256"}, "GenerateDataKey"),
        ("generate_data_key_without_plaintext", {"KeySpec": "AES_256"}, "GenerateDataKeyWithoutPlaintext"),
        ("create_grant", {"GranteePrincipal": HERE, "Operations": ["Decrypt"]}, "CreateGrant"),
    ],
)
def test_a_dry_run_tells_what_would_be(box, as_role, allowing, refused, root, method, ask, action):
    """SB-KEY-07: DryRunOperationException where it would succeed, AccessDeniedException where not; nothing is done.

    Source SB-KEY-07: docs.aws.amazon.com/kms/latest/developerguide/testing-permissions.html; the status 400 is a guess.
    """
    ask = {"KeyId": box.add_key(), "DryRun": True, **ask}
    able, not_able = as_role(allowing(f"kms:{action}"), service="kms"), as_role(service="kms")
    assert refused(getattr(able, method), **ask) == ("DryRunOperationException", 400)
    assert refused(getattr(not_able, method), **ask) == NO
    assert root.list_grants(KeyId=ask["KeyId"])["Grants"] == []
    box.disable_key(ask["KeyId"])
    assert refused(getattr(able, method), **ask)[0] == "DisabledException"


def test_dry_runs_of_what_needs_a_ciphertext_or_a_grant(box, as_role, allowing, refused, root):
    """SB-KEY-07: Decrypt, ReEncrypt, RevokeGrant; and a condition on the service makes a direct dry run a false alarm.

    Source SB-KEY-07: docs.aws.amazon.com/kms/latest/developerguide/testing-permissions.html; the status 400 is a guess.
    """
    key = box.add_key()
    blob = root.encrypt(KeyId=key, **BLOB)["CiphertextBlob"]
    grant = root.create_grant(KeyId=key, GranteePrincipal=HERE, Operations=["Decrypt"])["GrantId"]
    able, dry = as_role(allowing("kms:*"), service="kms"), "DryRunOperationException"
    assert refused(able.decrypt, CiphertextBlob=blob, DryRun=True)[0] == dry
    assert refused(able.re_encrypt, CiphertextBlob=blob, DestinationKeyId=key, DryRun=True)[0] == dry
    assert refused(able.revoke_grant, KeyId=key, GrantId=grant, DryRun=True)[0] == dry
    assert len(root.list_grants(KeyId=key)["Grants"]) == 1
    via = {"StringEquals": {"kms:ViaService": "ec2.eu-central-1.amazonaws.com"}}
    through = as_role(allowing("kms:*", Condition=via), service="kms")
    assert refused(through.decrypt, CiphertextBlob=blob, DryRun=True) == NO
