"""The one exception by which the sandbox refuses a request."""

from sealift.sandbox.rules import RULES

STATUS = {
    "DryRunOperation": 412,
    "UnauthorizedOperation": 403,
    "AuthFailure": 401,
    "InsufficientAddressCapacity": 500,
    "InsufficientCapacity": 500,
    "InsufficientHostCapacity": 500,
    "InsufficientInstanceCapacity": 500,
    "InsufficientReservedInstanceCapacity": 500,
    "InsufficientVolumeCapacity": 500,
    "InternalError": 500,
    "InternalFailure": 500,
    "InternalServerError": 500,
    "KMSInternalException": 500,
    "ServerInternal": 500,
    "RequestLimitExceeded": 503,
    "EC2ThrottledException": 503,
    "Unavailable": 503,
    "ServiceUnavailable": 503,
    "SlowDown": 503,
    "NoSuchBucket": 404,
    "NoSuchKey": 404,
}
"""HTTP status of codes that are not plain 400s (EC2 API reference, Error codes: server errors; botocore httpStatusCode; S3 API
reference, Error responses).
"""


class ApiError(Exception):
    """A refusal as clients see it: wire code, message, HTTP status, `Reason` in some, and the rule it follows from."""

    def __init__(
        self, rule: str, code: str, message: str, status: int | None = None, *, reason: str | None = None
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.rule = RULES[rule].id
        self.code = code
        self.message = message
        self.status = status or STATUS.get(code, 400)
        self.reason = reason


class ReplyLost(Exception):  # not an error of the sandbox: what the network does
    """The request may have had its effect; the connection breaks, or the client gives up, before the answer."""

    def __init__(self, operation: str, timeout: bool = False) -> None:
        super().__init__(operation)
        self.timeout = timeout
