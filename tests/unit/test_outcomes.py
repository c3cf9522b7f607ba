"""What an AWS error means."""

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
)

from sealift.aws.outcomes import understood
from sealift.errors import AccessDenied, CallError, CredentialsLost, NotSupported, Retry


def answer(code: str, status: int = 400) -> CallError:
    body = {
        "Error": {"Code": code, "Message": "because"},
        "ResponseMetadata": {"HTTPStatusCode": status, "RequestId": "r-1"},
    }
    return understood(ClientError(body, "AnyOperation"), "ec2:Any")


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
