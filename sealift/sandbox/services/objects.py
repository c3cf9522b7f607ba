"""S3 and Secrets Manager at the gates: policies of caller and bucket, and the key that an object or secret is under.

Moto answers S3 past the hook of the other services, so its requests come here first. Source of actions and resources:
docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html.
"""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from moto.s3.responses import ACTION_MAP
from moto.secretsmanager.models import secretsmanager_backends

from sealift.sandbox import kms
from sealift.sandbox.errors import ApiError
from sealift.sandbox.iam import principals, request, verdicts
from sealift.sandbox.iam.policies import Ask
from sealift.sandbox.services import unbuilt
from sealift.sandbox.world import Call, World

_ENCRYPTION = {"GET": "GetEncryptionConfiguration", "PUT": "PutEncryptionConfiguration"}
_WRITES = ("PutObject",)


def asked(world: World, response: Any, kind: str, method: str, query: Mapping[str, Any], bucket: str, key: str) -> Call:
    """Return a request to S3 under the name of its IAM action, with the bucket and the key that it is about."""
    action, signed = _action(kind, method, query, bucket), response.get_access_key()
    about = {name: value for name, value in (("Bucket", bucket), ("Key", key)) if value}
    return Call("s3", action, about, response.current_account, response.region, world.now(), response, by=signed)


def admit(world: World, call: Call, kind: str, method: str, query: Mapping[str, Any]) -> None:
    """Refuse a request to S3 that policies (where they are enforced) or the state of a key forbid (SB-OBJ-01, -02)."""
    unbuilt.refuse(kind, method, query)
    response, action = call.response, call.operation
    bucket, key = call.params.get("Bucket", ""), call.params.get("Key", "")
    if world.access.enforcing:
        call.caller = principals.caller(world, call)
        for asked_of, arn in _questions(response, action, bucket, key):
            _judge(call, response, bucket, Ask(f"s3:{asked_of}", arn, request.surroundings(call)))
    if kind == "KEY" and (ref := _key_of(response, action, method, bucket, key)):
        _check_key(world, call, ref, f"arn:aws:s3:::{bucket}/{key}", writing=action in _WRITES)


def _action(kind: str, method: str, query: Mapping[str, Any], bucket: str) -> str:
    if not bucket:
        return "ListAllMyBuckets"
    if kind == "BUCKET" and "encryption" in query:
        return _ENCRYPTION.get(method, "PutEncryptionConfiguration")
    if kind == "BUCKET" and method in ("HEAD", "POST"):
        return "ListBucket" if method == "HEAD" else "DeleteObject"
    known = ACTION_MAP[kind].get(method, {})
    return str(next((a for q, a in known.items() if q in query), known.get("DEFAULT", "PutObject")))


def _questions(response: Any, action: str, bucket: str, key: str) -> Iterator[tuple[str, str]]:
    arn = f"arn:aws:s3:::{bucket}" if bucket else "*"
    yield action, f"{arn}/{key or '*'}" if key or "Object" in action else arn
    source = response.headers.get("x-amz-copy-source")
    if source and action == "PutObject":
        yield "GetObject", f"arn:aws:s3:::{unquote(source).lstrip('/').partition('?')[0]}"


def _judge(call: Call, response: Any, bucket: str, ask: Ask) -> None:
    """One account: the caller's policies or the bucket's allow, none denies."""
    who = call.caller or principals.root(call.account)
    own, found = verdicts.of_identity(who, ask), response.backend.buckets.get(bucket)
    text = found.policy if found is not None and found.policy else None
    by_bucket = verdicts.of_resource(text.decode() if isinstance(text, bytes) else text, who, ask) if text else "none"
    if by_bucket != verdicts.DENIED and (own.decision == verdicts.ALLOWED or _shared(by_bucket, own.decision)):
        return
    why = own.why or "with an explicit deny in a resource-based policy"
    about = f"User: {who.arn} is not authorized to perform: {ask.action} on resource: {ask.resource} {why}"
    raise ApiError("SB-OBJ-01", "AccessDenied", about, 403)


def _shared(by_bucket: str, own: str) -> bool:
    return by_bucket == "direct" and own != verdicts.DENIED


def _key_of(response: Any, action: str, method: str, bucket: str, key: str) -> str | None:
    """Return the KMS key of an object to be read, or to be written."""
    found = response.backend.buckets.get(bucket)
    if found is None:
        return None
    if action in _WRITES:
        if asked := response.headers.get("x-amz-server-side-encryption-aws-kms-key-id"):
            return str(asked)
        rule = (found.encryption or {}).get("Rule", {}).get("ApplyServerSideEncryptionByDefault", {})
        return rule.get("KMSMasterKeyID") if rule.get("SSEAlgorithm") == "aws:kms" else None
    there = found.keys.get(key) if action == "GetObject" and method == "GET" else None
    return getattr(there, "kms_key_id", None)


def _check_key(world: World, call: Call, ref: str, arn: str, *, writing: bool) -> None:
    found = kms.find(call.account, call.region, ref)
    if found is None:
        raise ApiError("SB-OBJ-02", "KMS.NotFoundException", f"Key '{ref}' does not exist", 400)
    if found.key_state == "Disabled":
        raise ApiError("SB-OBJ-02", "KMS.DisabledException", f"{found.arn} is disabled.", 400)
    if found.key_state != "Enabled":
        raise ApiError("SB-OBJ-02", "KMS.KMSInvalidStateException", f"{found.arn} is pending deletion.", 400)
    action = "GenerateDataKey" if writing else "Decrypt"
    if why := kms.service_may(world, call, ref, (action,), {"aws:s3:arn": arn}, service="s3"):
        raise ApiError("SB-OBJ-02", "AccessDenied", f"User: {why}", 403)


def read_secret(world: World, call: Call) -> None:
    """GetSecretValue: its key must be usable, by the caller through Secrets Manager (SB-SEC-01)."""
    secret = secret_of(call.account, call.region, call.params.get("SecretId", ""))
    if secret is not None and secret.kms_key_id:
        _check_secret(world, call, secret.kms_key_id, secret.arn, "Decrypt", "DecryptionFailure")


def write_secret(world: World, call: Call) -> None:
    """CreateSecret, PutSecretValue and UpdateSecret: the same of the key that it is, or will be, under."""
    secret = secret_of(call.account, call.region, call.params.get("SecretId", ""))
    ref = call.params.get("KmsKeyId") or (secret.kms_key_id if secret is not None else None)
    if ref:
        arn = secret.arn if secret is not None else f"arn:aws:secretsmanager:{call.region}:{call.account}:secret:new"
        _check_secret(world, call, ref, arn, "GenerateDataKey", "EncryptionFailure")


def secret_of(account: str, region: str, name: str) -> Any:
    """Return moto's secret for a name or ARN, or None."""
    held = secretsmanager_backends[account][region].secrets
    return held.get(name) if name in held else None


def _check_secret(world: World, call: Call, ref: str, arn: str, action: str, code: str) -> None:
    if ref.startswith("alias/aws/"):
        return
    found = kms.find(call.account, call.region, ref)
    if found is None or found.key_state != "Enabled":
        message = f"Secrets Manager can't use the KMS key {ref}: it is disabled, pending deletion, or not there."
        raise ApiError("SB-SEC-01", code, message, 400)
    if kms.service_may(world, call, ref, (action,), {"SecretARN": arn}, service="secretsmanager"):
        raise ApiError("SB-SEC-01", "AccessDeniedException", "Access to KMS is not allowed", 400)


OPERATIONS = {
    "secretsmanager:GetSecretValue": read_secret,
    **dict.fromkeys((f"secretsmanager:{n}" for n in ("CreateSecret", "PutSecretValue", "UpdateSecret")), write_secret),
}
