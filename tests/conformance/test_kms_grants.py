"""Grants: what they allow, how often one is made, how it ends."""

import pytest

HERE, THERE = "123456789012", "111122223333"
NO = ("AccessDeniedException", 400)
BLOB = {"Plaintext": b"x"}


@pytest.fixture
def root(client):
    return client("kms")


@pytest.fixture
def bare(box, session_of):
    """A role without policies, and a client that acts as it."""
    role = box.people.role("bare")
    box.enforce()
    return role, session_of(role, "kms")


def test_a_grant_stands_in_for_policies(box, root, bare, refused):
    """SB-KEY-06: for its operations, until it is revoked.

    Source SB-KEY-06: docs.aws.amazon.com/kms/latest/developerguide/grants.html; botocore kms CreateGrant, RetireGrant.
    """
    role, kms = bare
    key = box.add_key()
    assert refused(kms.encrypt, KeyId=key, **BLOB) == NO
    grant = root.create_grant(KeyId=key, GranteePrincipal=role, Operations=["Encrypt", "DescribeKey"])["GrantId"]
    kms.encrypt(KeyId=key, **BLOB)
    kms.describe_key(KeyId=key)
    assert refused(kms.generate_data_key, KeyId=key, KeySpec="AES_256") == NO
    root.revoke_grant(KeyId=key, GrantId=grant)
    assert refused(kms.encrypt, KeyId=key, **BLOB) == NO


def test_a_grant_is_bound_by_its_constraints(box, root, bare, refused):
    """SB-KEY-06: EncryptionContextSubset may have more, EncryptionContextEquals may not.

    Source SB-KEY-06: docs.aws.amazon.com/kms/latest/developerguide/grants.html; botocore kms CreateGrant, RetireGrant.
    """
    role, kms = bare
    one, more = {"id": "1"}, {"id": "1", "b": "2"}
    for kind, allowed in (("EncryptionContextSubset", [one, more]), ("EncryptionContextEquals", [one])):
        key = box.add_key(alias=f"alias/{kind}")
        root.create_grant(KeyId=key, GranteePrincipal=role, Operations=["Encrypt"], Constraints={kind: one})
        for context in (one, more, {"id": "2"}, {}):
            if context in allowed:
                kms.encrypt(KeyId=key, **BLOB, EncryptionContext=context)
            else:
                assert refused(kms.encrypt, KeyId=key, **BLOB, EncryptionContext=context) == NO


def test_a_denial_beats_a_grant(box, root, session_of, denying, refused):
    """SB-KEY-06.

    Source SB-KEY-06: A grant allows its operations within its constraints, is the same for the same request under a
      Name, and ends when revoked or retired. docs.aws.amazon.com/kms/latest/developerguide/grants.html; botocore kms
      CreateGrant, RetireGrant.
    """
    role = box.people.role("barred", {"Statement": [denying("kms:Encrypt")]})
    box.enforce()
    key = box.add_key()
    root.create_grant(KeyId=key, GranteePrincipal=role, Operations=["Encrypt"])
    assert refused(session_of(role, "kms").encrypt, KeyId=key, **BLOB) == NO


def test_a_grant_reaches_another_account(box, root, session_of, refused):
    """SB-KEY-06: the grantee may be of another account; its own need not allow it.

    Source SB-KEY-06: docs.aws.amazon.com/kms/latest/developerguide/grants.html; botocore kms CreateGrant, RetireGrant.
    """
    role = box.people.role("theirs", account=THERE)
    box.enforce()
    key = box.add_key()
    root.create_grant(KeyId=key, GranteePrincipal=role, Operations=["DescribeKey"])
    assert session_of(role, "kms").describe_key(KeyId=key)["KeyMetadata"]["Arn"] == key


def test_the_same_request_under_a_name_is_the_same_grant(box, root):
    """SB-KEY-06: the token is another each time, and each works; without a Name every request makes one.

    Source SB-KEY-06: docs.aws.amazon.com/kms/latest/developerguide/grants.html; botocore kms CreateGrant, RetireGrant.
    """
    key = box.add_key()
    ask = {"KeyId": key, "GranteePrincipal": f"arn:aws:iam::{HERE}:role/x", "Operations": ["Decrypt"]}
    one, again = root.create_grant(**ask, Name="n"), root.create_grant(**ask, Name="n")
    assert one["GrantId"] == again["GrantId"]
    assert one["GrantToken"] != again["GrantToken"]
    assert root.create_grant(**{**ask, "Operations": ["Encrypt"]}, Name="n")["GrantId"] != one["GrantId"]
    assert root.create_grant(**ask)["GrantId"] != root.create_grant(**ask)["GrantId"]
    assert len(root.list_grants(KeyId=key)["Grants"]) == 4
    root.retire_grant(GrantToken=again["GrantToken"])
    assert len(root.list_grants(KeyId=key)["Grants"]) == 3


def test_grants_are_listed_whole_and_by_page(box, root):
    """SB-KEY-06: by id, by grantee; 50 a page unless told otherwise; retirable ones over all keys.

    Source SB-KEY-06: docs.aws.amazon.com/kms/latest/developerguide/grants.html; botocore kms CreateGrant, RetireGrant.
    """
    key = box.add_key()
    who, retiring = f"arn:aws:iam::{HERE}:role/x", f"arn:aws:iam::{HERE}:role/r"
    made = root.create_grant(
        KeyId=key,
        GranteePrincipal=who,
        RetiringPrincipal=retiring,
        Operations=["Decrypt"],
        Name="n",
        Constraints={"EncryptionContextSubset": {"a": "b"}},
    )
    (shown,) = root.list_grants(KeyId=key)["Grants"]
    assert (shown["KeyId"], shown["GrantId"], shown["Name"]) == (key, made["GrantId"], "n")
    assert (shown["GranteePrincipal"], shown["RetiringPrincipal"]) == (who, retiring)
    assert (shown["IssuingAccount"], shown["CreationDate"].timestamp()) == (f"arn:aws:iam::{HERE}:root", box.now())
    assert shown["Constraints"] == {"EncryptionContextSubset": {"a": "b"}}
    for _ in range(4):
        root.create_grant(KeyId=key, GranteePrincipal=HERE, Operations=["Encrypt"])
    first = root.list_grants(KeyId=key, Limit=3)
    rest = root.list_grants(KeyId=key, Limit=3, Marker=first["NextMarker"])
    assert (len(first["Grants"]), first["Truncated"]) == (3, True)
    assert (len(rest["Grants"]), rest["Truncated"]) == (2, False)
    assert len(root.list_grants(KeyId=key, GranteePrincipal=who)["Grants"]) == 1
    assert len(root.list_grants(KeyId=key, GrantId=made["GrantId"])["Grants"]) == 1
    assert len(root.list_retirable_grants(RetiringPrincipal=retiring)["Grants"]) == 1


def test_who_may_retire_a_grant(box, root, session_of, refused):
    """SB-KEY-06: the retiring principal, a grantee with RetireGrant, the root of the account that made it.

    Source SB-KEY-06: docs.aws.amazon.com/kms/latest/developerguide/grants.html; botocore kms CreateGrant, RetireGrant.
    """
    roles = [box.people.role(name) for name in ("retiring", "grantee", "other")]
    retiring, grantee, other = roles
    box.enforce()
    key = box.add_key()
    ask = {"KeyId": key, "GranteePrincipal": grantee, "RetiringPrincipal": retiring}
    for operations, may in ((["Decrypt"], [retiring]), (["Decrypt", "RetireGrant"], [retiring, grantee])):
        for role in roles:
            made = root.create_grant(**ask, Operations=operations)["GrantId"]
            call = session_of(role, "kms").retire_grant
            if role in may:
                call(KeyId=key, GrantId=made)
            else:
                assert refused(call, KeyId=key, GrantId=made) == NO
                root.retire_grant(KeyId=key, GrantId=made)
    assert root.list_grants(KeyId=key)["Grants"] == []
    assert refused(root.retire_grant, KeyId=key, GrantId="0")[0] == "NotFoundException"
    assert other not in (retiring, grantee)


def test_a_grant_must_fit_its_key(box, root, refused):
    """SB-KEY-06: no Sign on a symmetric key; none on a disabled one; one grantee.

    Source SB-KEY-06: docs.aws.amazon.com/kms/latest/developerguide/grants.html; botocore kms CreateGrant, RetireGrant.
    """
    key = box.add_key()
    ask = {"KeyId": key, "GranteePrincipal": HERE}
    assert refused(root.create_grant, **ask, Operations=["Sign"])[0] == "ValidationException"
    assert refused(root.create_grant, KeyId=key, Operations=["Decrypt"])[0] == "ValidationException"
    assert refused(root.revoke_grant, KeyId=key, GrantId="0")[0] == "NotFoundException"
    box.disable_key(key)
    assert refused(root.create_grant, **ask, Operations=["Decrypt"])[0] == "DisabledException"
