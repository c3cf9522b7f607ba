"""Refusals with the wire code and HTTP status that botocore's model gives each error, and what an identifier may be."""

import functools
import re

from moto.core.utils import get_service_model

from sealift.sandbox.errors import ApiError


@functools.cache
def _statuses() -> dict[str, int]:
    model = get_service_model("rds")
    found = (model.shape_for(name).metadata.get("error", {}) for name in model.shape_names)
    return {e["code"]: e["httpStatusCode"] for e in found if e.get("httpStatusCode")}


def refuse(rule: str, code: str, message: str) -> ApiError:
    """Make a refusal; codes that are in no model (InvalidParameterValue, …) are 400s."""
    return ApiError(rule, code, message, _statuses().get(code, 400))


_IDENTIFIER = re.compile(r"[a-z](?:-?[a-z0-9])*", re.IGNORECASE)


def identifier(value: str, member: str, most: int = 63) -> str:
    """Return an identifier in lower case, as RDS stores it, or refuse it (SB-RDS-01)."""
    if not _IDENTIFIER.fullmatch(value) or len(value) > most:
        message = (
            f"The parameter {member} is not a valid identifier. Identifiers must begin with a letter; must contain "
            "only ASCII letters, digits, and hyphens; and must not end with a hyphen or contain two consecutive hyphens."
        )
        raise refuse("SB-RDS-01", "InvalidParameterValue", message)
    return value.lower()
