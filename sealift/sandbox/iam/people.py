"""Users, roles and root users to act as: made without API calls, known to IAM like any other."""

import json
from collections.abc import Mapping
from typing import Any

from moto.core import DEFAULT_ACCOUNT_ID
from moto.iam import iam_backends
from moto.sts import sts_backends

from sealift.sandbox import hook
from sealift.sandbox.world import World

Document = Mapping[str, Any] | str
Credentials = dict[str, str]
"""What `boto3.client` takes: aws_access_key_id, aws_secret_access_key and, for sessions, aws_session_token."""


class People:
    """Makes identities; `policies` are whole documents, attached inline."""

    def __init__(self, world: World) -> None:
        self._world = world

    def user(self, name: str, *policies: Document, account: str = DEFAULT_ACCOUNT_ID) -> Credentials:
        """Make a user with an access key; return the key."""
        with hook.LOCK:
            backend = iam_backends[account]["aws"]
            user = backend.create_user("us-east-1", name)
            for n, policy in enumerate(policies, 1):
                user.policies[f"policy-{n}"] = _text(policy)
            return _credentials(backend.create_access_key(name))

    def role(
        self,
        name: str,
        *policies: Document,
        trust: Document | None = None,
        boundary: str | None = None,
        account: str = DEFAULT_ACCOUNT_ID,
    ) -> str:
        """Make a role, by default trusted by its account; return its ARN. `boundary` is the ARN of a policy."""
        with hook.LOCK:
            everybody = {"Effect": "Allow", "Principal": {"AWS": account}, "Action": "sts:AssumeRole"}
            document = _text(trust or {"Version": "2012-10-17", "Statement": [everybody]})
            role = iam_backends[account]["aws"].create_role(name, document, "/", boundary, "", [], "3600")
            for n, policy in enumerate(policies, 1):
                role.policies[f"policy-{n}"] = _text(policy)
            return str(role.arn)

    def session(
        self, role: str, name: str = "session", seconds: int = 3600, policy: Document | None = None
    ) -> Credentials:
        """Open a session of a role, whatever its trust policy says."""
        with hook.LOCK:
            account = role.split(":")[4]
            text = _text(policy) if policy else ""
            session = sts_backends[account]["aws"].assume_role("us-east-1", name, role, text, seconds, "")
            session.expires_at = self._world.now() + seconds
            return {**_credentials(session), "aws_session_token": session.session_token}

    def root(self, account: str = DEFAULT_ACCOUNT_ID) -> Credentials:
        """Return credentials of an account's root user, who may do anything in it."""
        with hook.LOCK:
            key = iam_backends[account]["aws"].create_temp_access_key()
            self._world.access.roots[key.access_key_id] = account
            return _credentials(key)


def _text(document: Document) -> str:
    return document if isinstance(document, str) else json.dumps(document)


def _credentials(key: Any) -> Credentials:
    return {"aws_access_key_id": key.access_key_id, "aws_secret_access_key": key.secret_access_key}
