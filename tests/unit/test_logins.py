"""Logins into engines: what is said before anything is planned, and what a secret has to hold."""

import pytest

from sealift import logins
from sealift.errors import SealiftError


def test_an_engine_without_a_login_is_said_before_anything_happens() -> None:
    """Where nobody has a driver one sentence says so, and what to do."""
    with pytest.raises(SealiftError, match="--fence-login out"):
        logins.check("db2-se")


def test_a_secret_is_json_with_a_user_and_a_password() -> None:
    """The password is never shown."""
    found = logins.credentials_of('{"username": "admin", "password": "hunter2"}')
    assert found == logins.Credentials("admin", "hunter2")
    assert "hunter2" not in repr(found)


@pytest.mark.parametrize("text", ["", "admin", "[]", '{"username": "admin"}'])
def test_another_secret_is_refused_with_its_form(text: str) -> None:
    """What is no such secret is told with the form that it must have, and not with what is in it."""
    with pytest.raises(SealiftError, match="username"):
        logins.credentials_of(text)
