"""What S3 can do and moto cannot: it overlooks a part of the URL that it does not know, and takes the request for
another one (DELETE /bucket?metrics for the deletion of the bucket).

S3's requests and their URLs are those of botocore's model.
"""

import functools
from collections.abc import Mapping
from typing import Any

from moto.core.utils import camelcase_to_underscores, get_service_model
from moto.s3.responses import ACTION_MAP, S3Response

from sealift.sandbox.errors import ApiError

_OTHERWISE_NAMED = frozenset(
    {
        ("BUCKET", "POST", "delete"),
        ("BUCKET", "PUT", "encryption"),
        ("BUCKET", "PUT", "inventory"),
        ("BUCKET", "PUT", "object-lock"),
        ("BUCKET", "PUT", "ownershipControls"),
        ("BUCKET", "PUT", "publicAccessBlock"),
        ("BUCKET", "PUT", "replication"),
        ("KEY", "GET", "retention"),
    }
)
"""What moto has under a name that is not the operation's."""


def refuse(kind: str, method: str, query: Mapping[str, Any]) -> None:
    """Refuse a request to S3 that moto would take for another (SB-API-02)."""
    for part in query:
        if name := _unbuilt().get((kind, method, part)):
            raise ApiError("SB-API-02", "UnsupportedOperation", f"The sandbox does not know s3:{name}.")


@functools.cache
def _unbuilt() -> dict[tuple[str, str, str], str]:
    model = get_service_model("s3")
    known, unknown = set(_OTHERWISE_NAMED), {}
    for name in model.operation_names:
        http = model.operation_model(name).http
        path, _, query = http["requestUri"].partition("?")
        kind, part = "KEY" if "{Key" in path else "BUCKET", query.partition("&")[0].partition("=")[0]
        where = (kind, http["method"], part)
        if part in ACTION_MAP[kind].get(http["method"], {}) or hasattr(S3Response, camelcase_to_underscores(name)):
            known.add(where)
        elif part:
            unknown[where] = str(name)
    return {where: name for where, name in unknown.items() if where not in known}
