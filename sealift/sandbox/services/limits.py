"""Service Quotas: what the box enforces, under the codes that AWS gives it (`quotas.CODES`)."""

import base64
import binascii
from typing import Any

from sealift.sandbox.errors import ApiError
from sealift.sandbox.quotas import CODES, Code, Quotas
from sealift.sandbox.world import Call, World

_SERVICES = {
    "ebs": "Amazon Elastic Block Store (Amazon EBS)",
    "ec2": "Amazon Elastic Compute Cloud (Amazon EC2)",
    "rds": "Amazon Relational Database Service (Amazon RDS)",
}


def _of(call: Call) -> list[Code]:
    """Return the quotas of a service; None of moto's are mixed in."""
    service = call.params["ServiceCode"]
    if service not in _SERVICES:
        raise ApiError("SB-QTA-01", "NoSuchResourceException", "The request failed because the service does not exist.")
    return [c for c in CODES if c.service == service and c.code]


def _shown(call: Call, code: Code, quotas: Quotas, *, applied: bool) -> dict[str, Any]:
    owner = call.account if applied else ""
    return {
        "ServiceCode": code.service,
        "ServiceName": _SERVICES[code.service],
        "QuotaArn": f"arn:aws:servicequotas:{call.region}:{owner}:{code.service}/{code.code}",
        "QuotaCode": code.code,
        "QuotaName": code.name,
        "Value": float(getattr(quotas, code.member)),
        "Unit": "None",
        "Adjustable": code.adjustable,
        "GlobalQuota": False,
        **({"QuotaAppliedAtLevel": "ACCOUNT"} if applied else {}),
    }


def _one(call: Call) -> Code:
    for code in _of(call):
        if code.code == call.params["QuotaCode"]:
            return code
    raise ApiError("SB-QTA-01", "NoSuchResourceException", "The request failed because the quota does not exist.")


def get(world: World, call: Call) -> dict[str, Any] | None:
    """GetServiceQuota: the value that is enforced now."""
    return None if _motos(call) else {"Quota": _shown(call, _one(call), world.quotas, applied=True)}


def get_default(world: World, call: Call) -> dict[str, Any]:
    """GetAWSDefaultServiceQuota: AWS's own value."""
    return {"Quota": _shown(call, _one(call), Quotas(), applied=False)}


def listed(world: World, call: Call) -> dict[str, Any]:
    """ListServiceQuotas, by code where one is named."""
    wanted = call.params.get("QuotaCode")
    codes = [c for c in _of(call) if wanted in (None, c.code)]
    return _page([_shown(call, c, world.quotas, applied=True) for c in codes], call)


def defaults(world: World, call: Call) -> dict[str, Any] | None:
    """ListAWSDefaultServiceQuotas."""
    return None if _motos(call) else _page([_shown(call, c, Quotas(), applied=False) for c in _of(call)], call)


def _motos(call: Call) -> bool:
    return bool(call.params["ServiceCode"] == "vpc")


def _page(shown: list[dict[str, Any]], call: Call) -> dict[str, Any]:
    start, most = _offset(call.params.get("NextToken")), call.params.get("MaxResults", 100)
    page: dict[str, Any] = {"Quotas": shown[start : start + most]}
    if start + most < len(shown):
        page["NextToken"] = base64.urlsafe_b64encode(str(start + most).encode()).decode()
    return page


def _offset(token: str | None) -> int:
    try:
        return int(base64.urlsafe_b64decode(token)) if token else 0
    except (ValueError, binascii.Error) as error:
        raise ApiError("SB-QTA-01", "InvalidPaginationTokenException", "The token is not valid.") from error


OPERATIONS = {
    "service-quotas:GetServiceQuota": get,
    "service-quotas:GetAWSDefaultServiceQuota": get_default,
    "service-quotas:ListServiceQuotas": listed,
    "service-quotas:ListAWSDefaultServiceQuotas": defaults,
}
