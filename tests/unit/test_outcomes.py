"""What an AWS error means."""

from collections.abc import Iterator

import botocore.session
import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
)

from sealift.aws.operations import OPERATIONS
from sealift.aws.outcomes import CODES, understood
from sealift.errors import AccessDenied, CallError, CredentialsLost, NotSupported, Retry


def answer(code: str, status: int = 400, operation: str = "ec2:Any", message: str = "because") -> CallError:
    body = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status, "RequestId": "r-1"},
    }
    return understood(ClientError(body, "AnyOperation"), operation)


@pytest.mark.parametrize(
    ("code", "retry"),
    [
        ("RequestLimitExceeded", Retry.THROTTLED),
        ("ThrottlingException", Retry.THROTTLED),
        ("SnapshotCreationPerVolumeRateExceeded", Retry.THROTTLED),
        ("InternalError", Retry.TRANSIENT),
        ("ServiceUnavailable", Retry.TRANSIENT),
        ("InvalidVolume.NotFound", Retry.EVENTUAL),
        ("IncorrectState", Retry.EVENTUAL),
        ("VolumeInUse", Retry.EVENTUAL),
        ("CopyVolumesLimitExceeded", Retry.QUOTA),
        ("ResourceLimitExceeded", Retry.QUOTA),
        ("VolumeLimitExceeded", Retry.QUOTA),
        ("InsufficientInstanceCapacity", Retry.CAPACITY),
        ("InsufficientVolumeCapacity", Retry.CAPACITY),
        ("DBInstanceNotFound", Retry.EVENTUAL),
        ("DBInstanceNotFoundFault", Retry.EVENTUAL),
        ("DBClusterNotFoundFault", Retry.EVENTUAL),
        ("DBClusterNotFound", Retry.EVENTUAL),
        ("InternalServerException", Retry.TRANSIENT),
        ("LimitExceededException", Retry.QUOTA),
        ("InvalidVolume.ZoneMismatch", Retry.REFUSED),
        ("KMSKeyNotAccessibleFault", Retry.REFUSED),
        ("InvalidParameterValue", Retry.REFUSED),
        ("OperationNotPermitted", Retry.REFUSED),
        ("SomethingNobodyKnows", Retry.REFUSED),
    ],
)
def test_a_code_says_what_may_be_done_about_it(code: str, retry: Retry) -> None:
    """One table; every code that is not in it is refused for good."""
    assert (CallError, retry) == (type(answer(code)), answer(code).retry)


@pytest.mark.parametrize(
    ("code", "status", "ambiguous"),
    [
        ("InternalError", 500, True),
        ("Unavailable", 503, True),
        ("NobodyKnows", 500, True),
        ("RequestLimitExceeded", 503, False),
        ("InsufficientInstanceCapacity", 500, False),
        ("InvalidParameterValue", 400, False),
    ],
)
def test_only_a_fault_of_the_service_leaves_the_effect_unknown(code: str, status: int, ambiguous: bool) -> None:
    """A throttle and a refusal come before any effect."""
    assert ambiguous == answer(code, status).ambiguous


@pytest.mark.parametrize("code", ["UnauthorizedOperation", "AccessDenied", "AccessDeniedException"])
def test_a_missing_permission_names_the_operation(code: str) -> None:
    """Exit 4, with what to allow."""
    error = answer(code, 403)
    assert (AccessDenied, 4, True) == (type(error), error.exit_code, "ec2:Any" in str(error.remedy))


@pytest.mark.parametrize("code", ["ExpiredToken", "RequestExpired", "AuthFailure", "InvalidClientTokenId"])
def test_expired_credentials_end_the_driver(code: str) -> None:
    """They are no reason to go back: nothing could."""
    assert (CredentialsLost, Retry.FATAL) == (type(answer(code)), answer(code).retry)


@pytest.mark.parametrize(
    "code", ["InvalidAction", "UnsupportedOperation", "NotImplemented", "UnknownOperationException"]
)
def test_an_unknown_operation_is_not_supported(code: str) -> None:
    """Where the Region or the emulator does not know it, it is not tried again."""
    assert (NotSupported, Retry.REFUSED) == (type(answer(code)), answer(code).retry)


@pytest.mark.parametrize(
    ("error", "ambiguous"),
    [
        (ReadTimeoutError(endpoint_url="https://x"), True),
        (ConnectionClosedError(endpoint_url="https://x"), True),
        (ConnectTimeoutError(endpoint_url="https://x"), False),
        (EndpointConnectionError(endpoint_url="https://x"), False),
    ],
)
def test_a_lost_reply_is_unclear_and_a_request_that_never_left_is_not(error: Exception, ambiguous: bool) -> None:
    """Both may be tried again; only the first has to be looked up before."""
    found = understood(error, "ec2:Any")
    assert (Retry.TRANSIENT, ambiguous) == (found.retry, found.ambiguous)


def test_no_credentials_say_how_to_sign_in() -> None:
    """One line with the remedy."""
    found = understood(NoCredentialsError(), "sts:GetCallerIdentity")
    assert (CredentialsLost, True) == (type(found), "aws sso login" in str(found.remedy))


def test_the_message_names_operation_code_and_request() -> None:
    """What a person gives to AWS support is in the error."""
    found = answer("InvalidParameterValue")
    assert ("ec2:Any was refused: InvalidParameterValue: because", "r-1") == (found.message, found.request_id)


@pytest.mark.parametrize(
    ("operation", "retry"),
    [("application-autoscaling:RegisterScalableTarget", Retry.QUOTA), ("dlm:GetLifecyclePolicies", Retry.THROTTLED)],
)
def test_a_limit_is_a_quota_where_something_is_made_and_a_rate_where_something_is_read(
    operation: str, retry: Retry
) -> None:
    """One code, two meanings: a read takes no slot of anything."""
    assert answer("LimitExceededException", operation=operation).retry is retry


@pytest.mark.parametrize(
    ("operation", "retry"), [("ec2:AttachVolume", Retry.EVENTUAL), ("ec2:ModifyVolumeAttribute", Retry.REFUSED)]
)
def test_a_device_is_in_use_for_a_moment_after_its_volume_was_detached(operation: str, retry: Retry) -> None:
    """Attaching is tried again; no other wrong value is."""
    said = "Invalid value '/dev/sdf' for unixDevice. Attachment point /dev/sdf is already in use"
    assert answer("InvalidParameterValue", operation=operation, message=said).retry is retry


@pytest.mark.parametrize(("status", "retry"), [(429, Retry.THROTTLED), (500, Retry.TRANSIENT), (400, Retry.REFUSED)])
def test_of_a_code_that_nobody_knows_the_status_says_whether_it_may_pass(status: int, retry: Retry) -> None:
    """Too many requests, a fault of the service, or a refusal."""
    found = answer("NobodyKnows", status)
    assert (found.retry, found.ambiguous) == (retry, retry is Retry.TRANSIENT)


def modelled() -> Iterator[tuple[str, str, bool]]:
    """Yield (operation, code on the wire, whether it is a fault of the service) of every error that botocore's models know."""
    session = botocore.session.get_session()
    for operation in OPERATIONS.values():
        model = session.get_service_model(operation.service).operation_model(operation.method)
        for shape in model.error_shapes:
            about = shape.metadata.get("error", {})
            yield operation.name, str(about.get("code") or shape.name), about.get("httpStatusCode", 400) >= 500


FOR_GOOD = {"TooManyParts", "TenantDatabaseQuotaExceeded", "DBInstanceRoleQuotaExceeded", "DBClusterRoleQuotaExceeded"}
"""Limits of one resource: nobody else gives such a slot back."""

WORDS = {
    "QuotaExceeded": {Retry.QUOTA},
    "LimitExceeded": {Retry.QUOTA, Retry.THROTTLED},
    "TooMany": {Retry.THROTTLED},
    "Throttl": {Retry.THROTTLED},
    "AlreadyExists": {Retry.EVENTUAL},
    "InsufficientDB": {Retry.CAPACITY},
    "InsufficientStorage": {Retry.CAPACITY},
}
"""By what a code contains: the classes that it can be of."""


@pytest.mark.parametrize("word", WORDS)
def test_every_modelled_code_of_an_operation_that_we_send_is_classed_as_its_name_says(word: str) -> None:
    """botocore's models list what each operation answers: nothing that passes by itself is taken for a refusal."""
    found = {
        (op, code): answer(code, 500 if fault else 400, op).retry for op, code, fault in modelled() if word in code
    }
    wrong = {code: r for (_, code), r in found.items() if r not in WORDS[word] and code not in FOR_GOOD}
    assert {} == wrong
    assert found or word == "Throttl"


def test_every_modelled_fault_of_a_service_may_pass() -> None:
    """Status 500 and above, whatever the code is called: it is tried again, after a look."""
    faults = {(op, code) for op, code, fault in modelled() if fault}
    wrong = {c for c in faults if answer(c[1], 500, c[0]).retry in (Retry.REFUSED, Retry.FATAL)}
    assert (True, set()) == (bool(faults), wrong)


def test_no_code_has_two_classes() -> None:
    """With and without its ending a code is the same error: no two rows of the table contradict each other."""
    bare: dict[str, set[Retry]] = {}
    for code, retry in CODES.items():
        bare.setdefault(code.removesuffix("Fault").removesuffix("Exception"), set()).add(retry)
    assert {} == {c: r for c, r in bare.items() if len(r) > 1}
