"""What an AWS error means: one table of codes, read by the gateway alone.

Sources: EC2 API reference "Error codes", botocore/retries/standard.py; R-EBS-86 names those that botocore does not
retry.
"""

from typing import Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    IncompleteReadError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
    ReadTimeoutError,
    ResponseStreamingError,
    TokenRetrievalError,
    UnauthorizedSSOTokenError,
)
from botocore.parsers import ResponseParserError

from sealift.aws.operations import OPERATIONS
from sealift.errors import AccessDenied, CallError, CredentialsLost, NotSupported, Retry

CODES: dict[str, Retry] = {
    **dict.fromkeys(
        (
            "RequestLimitExceeded",
            "EC2ThrottledException",
            "Throttling",
            "ThrottlingException",
            "TooManyRequestsException",
            "SnapshotCreationPerVolumeRateExceeded",
            "RequestThrottled",
            "RequestThrottledException",
            "ThrottledException",
            "BandwidthLimitExceeded",
            "PriorRequestNotComplete",
            "KMSThrottling",
            "SlowDown",
            "TooManyUpdates",
        ),
        Retry.THROTTLED,
    ),
    **dict.fromkeys(
        (
            "InternalError",
            "InternalFailure",
            "ServiceUnavailable",
            "Unavailable",
            "RequestTimeout",
            "InternalServerError",
            "InternalServerException",
            "InternalServiceError",
            "InternalServiceException",
            "ServiceUnavailableException",
            "ServiceException",
            "KMSInternalException",
            "DependencyTimeoutException",
        ),
        Retry.TRANSIENT,
    ),
    **dict.fromkeys(
        (
            "InvalidVolume.NotFound",
            "InvalidSnapshot.NotFound",
            "InvalidInstanceID.NotFound",
            "IncorrectState",
            "IncorrectInstanceState",
            "VolumeInUse",
            "InvalidSnapshot.InUse",
            "IncorrectModificationState",
            "ResourceContention",
            "ScalingActivityInProgress",
            "ResourceInUse",
            "InvalidCapacityReservationId.NotFound",
            "ConcurrentTagAccess",
            "ConcurrentUpdateException",
            "OperationAborted",
            # RDS: a state that passes; an own name that is there already is found by the next look
            "InvalidDBInstanceState",
            "InvalidDBInstanceStateFault",
            "InvalidDBClusterStateFault",
            "InvalidDBSnapshotState",
            "InvalidDBClusterSnapshotStateFault",
            "InvalidDBParameterGroupState",
            "InvalidBlueGreenDeploymentStateFault",
            "DBInstanceAlreadyExists",
            "DBClusterAlreadyExistsFault",
            "DBSnapshotAlreadyExists",
            "DBClusterSnapshotAlreadyExistsFault",
            "DBParameterGroupAlreadyExists",
            "BlueGreenDeploymentAlreadyExistsFault",
            "DBInstanceNotFound",
            "DBClusterNotFoundFault",
            "DBSnapshotNotFound",
            "DBClusterSnapshotNotFoundFault",
            "DBProxyTargetGroupNotFoundFault",
            "DBProxyTargetNotFoundFault",
            "DBProxyTargetAlreadyRegisteredFault",
            "InvalidDBProxyStateFault",
            "BlueGreenDeploymentNotFoundFault",
            "DBParameterGroupNotFound",
            "DBClusterParameterGroupNotFound",
            "DBClusterEndpointNotFoundFault",
            "DBClusterEndpointAlreadyExistsFault",
            "InvalidDBClusterEndpointStateFault",
            "DBInstanceRoleAlreadyExists",
            "DBClusterRoleAlreadyExists",
            "DBInstanceRoleNotFound",
            "InvalidResourceStateFault",
            "InvalidGlobalClusterStateFault",
            "InvalidDBSubnetGroupStateFault",
            "DependencyViolation",
            "InvalidGroup.Duplicate",
            "InvalidGroup.NotFound",
            "InvalidSecurityGroupID.NotFound",
            "DocumentAlreadyExists",
            "InvalidDocument",
            "AutomationDefinitionNotFoundException",
            "InvalidAutomationStatusUpdateException",
        ),
        Retry.EVENTUAL,
    ),
    **dict.fromkeys(
        (
            "ConcurrentSnapshotLimitExceeded",
            "ResourceLimitExceeded",
            "CopyVolumesLimitExceeded",
            "ConcurrentCopyVolumeLimitExceeded",
            "PendingSnapshotLimitExceeded",
            "VolumeLimitExceeded",
            "SnapshotLimitExceeded",
            "MaxIOPSLimitExceeded",
            "VcpuLimitExceeded",
            "InstanceLimitExceeded",
            "InstanceQuotaExceeded",
            "SnapshotQuotaExceeded",
            "StorageQuotaExceeded",
            "DBClusterQuotaExceededFault",
            "DBParameterGroupQuotaExceeded",
            "SecurityGroupLimitExceeded",
            "DBClusterEndpointQuotaExceededFault",
            "DBInstanceAutomatedBackupQuotaExceeded",
            "DBClusterAutomatedBackupQuotaExceededFault",
            "AutomationExecutionLimitExceededException",
            "LimitExceededException",
            "DocumentLimitExceeded",
        ),
        Retry.QUOTA,
    ),
    **dict.fromkeys(
        (
            "InsufficientInstanceCapacity",
            "InsufficientReservedInstanceCapacity",
            "InsufficientHostCapacity",
            "InsufficientCapacity",
            "InsufficientVolumeCapacity",
            "InsufficientDBInstanceCapacity",
            "InsufficientDBClusterCapacityFault",
            "InsufficientStorageClusterCapacity",
        ),
        Retry.CAPACITY,
    ),
}
"""Every code that is not here is refused for good.

`LimitExceededException` is a quota that is full (KMS, Application Auto Scaling); on a read, which takes no slot, it is a
rate (Data Lifecycle Manager).
"""

TOO_MANY_REQUESTS, SERVER_FAULT = 429, 500
"""HTTP status: what says of a code that nobody knows that it may pass."""


def _bare(code: str) -> str:
    """Return a code without the ending that one API gives it and another does not (`DBClusterNotFoundFault`, `DBInstanceNotFound`)."""
    return code.removesuffix("Fault").removesuffix("Exception")


_BARE = {_bare(code): retry for code, retry in CODES.items()}

DENIED = frozenset({"UnauthorizedOperation", "AccessDenied", "AccessDeniedException", "AuthorizationError"})
CREDENTIALS = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "RequestExpired",
        "InvalidClientTokenId",
        "UnrecognizedClientException",
        "AuthFailure",
        "SignatureDoesNotMatch",
        "InvalidSignatureException",
        "RequestTimeTooSkewed",
        "InvalidAccessKeyId",
    }
)
UNKNOWN_OPERATION = frozenset(
    {
        "UnsupportedOperation",
        "InvalidAction",
        "UnknownOperationException",
        "NotImplemented",
        "InvalidRequest.NotImplemented",
        "501",
        "UnsupportedOperationException",
    }
)
NOT_OPTED_IN = frozenset({"OptInRequired"})
PAGE = "500 with an HTML page"
"""Code of an answer for people where data was due: servers that lack an operation give it (moto), and so do proxies that fail."""

LOST_REPLY = (ConnectionClosedError, ReadTimeoutError, ResponseParserError, ResponseStreamingError, IncompleteReadError)
NEVER_SENT = (ConnectTimeoutError, EndpointConnectionError)
NO_CREDENTIALS = (
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    TokenRetrievalError,
    UnauthorizedSSOTokenError,
)


def understood(error: Exception, operation: str) -> CallError:
    """Return the error of ours for what boto3 raised."""
    if isinstance(error, ClientError):
        return _answered(error, operation)
    if isinstance(error, NO_CREDENTIALS):
        return CredentialsLost(
            f"no usable AWS credentials: {error}",
            operation=operation,
            retry=Retry.FATAL,
            remedy="Sign in (aws sso login), or set AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
        )
    if isinstance(error, NoRegionError):
        return CallError(
            "no AWS Region is set", operation=operation, retry=Retry.FATAL, remedy="Give --region or set AWS_REGION."
        )
    if isinstance(error, EndpointConnectionError):
        return CallError(
            f"{operation}: could not connect: {error}",
            operation=operation,
            retry=Retry.TRANSIENT,
            remedy="Check the network, the Region and AWS_ENDPOINT_URL.",
        )
    if isinstance(error, ResponseParserError) and _is_page(str(error)):
        return _page(operation)
    if isinstance(error, (*LOST_REPLY, *NEVER_SENT, BotoCoreError)):
        retry = Retry.TRANSIENT if isinstance(error, (*LOST_REPLY, *NEVER_SENT)) else Retry.REFUSED
        return CallError(
            f"{operation}: {_line(error)}",
            operation=operation,
            retry=retry,
            ambiguous=not isinstance(error, NEVER_SENT),
        )
    return CallError(
        f"{operation}: {type(error).__name__}: {error}", operation=operation, retry=Retry.FATAL, ambiguous=True
    )


def _line(error: object) -> str:
    return " ".join(str(error).split())[:300]


def _is_page(text: str) -> bool:
    start = text.lower()
    return ("<!doctype html" in start or "<html" in start) and "500 internal server error" in start


def _page(operation: str) -> CallError:
    return CallError(
        f"{operation}: the server answered {PAGE}",
        operation=operation,
        retry=Retry.TRANSIENT,
        ambiguous=True,
        code=PAGE,
    )


def _answered(error: ClientError, operation: str) -> CallError:
    body: dict[str, Any] = dict(error.response.get("Error", {}))
    meta: dict[str, Any] = dict(error.response.get("ResponseMetadata", {}))
    code, status = str(body.get("Code", "")), int(meta.get("HTTPStatusCode", 0))
    if status == 500 and _is_page(str(body.get("Message", ""))):
        return _page(operation)
    message = f"{operation} was refused: {code}: {_line(body.get('Message', ''))}".rstrip(": ")
    same: dict[str, Any] = {"operation": operation, "code": code, "request_id": meta.get("RequestId")}
    if code in DENIED:
        return AccessDenied(message, retry=Retry.REFUSED, remedy=f"Allow {operation} for this identity.", **same)
    if code in NOT_OPTED_IN:
        return CallError(
            message, retry=Retry.REFUSED,
            remedy="Opt in to the Region (aws account enable-region --region-name REGION), or give another --region.", **same,
        )  # fmt: skip
    if code in CREDENTIALS:
        return CredentialsLost(
            message,
            retry=Retry.FATAL,
            remedy="Get fresh credentials and run the command again; in a Region that the account has not opted in to, opt in first.",
            **same,
        )
    if code in UNKNOWN_OPERATION or status == 501:
        return NotSupported(message, retry=Retry.REFUSED, **same)
    retry = _class_of(code, status)
    if retry is Retry.QUOTA and code.startswith("LimitExceeded") and _reads(operation):
        retry = Retry.THROTTLED
    in_use = code == "InvalidParameterValue" and "already in use" in str(body.get("Message", ""))
    if in_use and operation == "ec2:AttachVolume":
        retry = Retry.EVENTUAL  # the device of a volume that was detached a moment ago
    return CallError(message, retry=retry, ambiguous=retry is Retry.TRANSIENT, **same)


def _class_of(code: str, status: int) -> Retry:
    if (known := _BARE.get(_bare(code))) is not None:
        return known
    if status == TOO_MANY_REQUESTS:
        return Retry.THROTTLED
    return Retry.TRANSIENT if status >= SERVER_FAULT else Retry.REFUSED


def _reads(operation: str) -> bool:
    known = OPERATIONS.get(operation)
    return known is not None and not known.mutating
