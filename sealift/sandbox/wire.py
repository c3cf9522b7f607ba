"""From Python values to AWS's wire forms and back, with botocore's models and moto's parsers."""

import json
from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape

from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import determine_request_protocol
from moto.core.serialize import get_serializer_class
from moto.core.utils import get_service_model

from sealift.sandbox import query_xml
from sealift.sandbox.errors import ApiError

Reply = tuple[int, dict[str, str], str | bytes]


def params_of(response: Any) -> dict[str, Any]:
    """Return the request's parameters by their names in the botocore model; {} where there is no telling."""
    if getattr(response, "automated_parameter_parsing", False):
        return dict(_plain(getattr(response, "params", None) or {}))
    if response.boto3_service_name == "s3":
        return {}
    request = response.normalized_request
    model = get_service_model(response.boto3_service_name)
    parser = PROTOCOL_PARSERS[determine_request_protocol(model, request.content_type)]
    values = {
        "method": request.method,
        "values": request.values,
        "headers": request.headers,
        "body": request.data,
        "url_path": request.path,
        "url_params": response.uri_match,
    }
    return dict(_plain(parser(model.operation_model(response._get_action()), map_type=dict).parse(values)))


def _plain(value: Any) -> Any:
    if hasattr(value, "original_dict"):
        value = value.original_dict()
    if isinstance(value, Mapping):
        return {k: _plain(v) for k, v in value.items() if v is not None}
    if isinstance(value, list):
        return [_plain(v) for v in value]
    return value


def success(response: Any, result: Mapping[str, Any]) -> Reply:
    """Write a reply that has the shape botocore's model gives the operation's output."""
    model = get_service_model(response.boto3_service_name)
    protocol = response.determine_response_protocol(model)
    if protocol in ("query", "ec2"):
        headers = {"Content-Type": "text/xml", **response.response_headers}
        return 200, headers, query_xml.reply(response.boto3_service_name, response._get_action(), result)
    serializer = get_serializer_class(model.service_name, protocol)(model.operation_model(response._get_action()))
    out = serializer.serialize(result)
    return out["status_code"], {**out["headers"], **response.response_headers}, out["body"]


def failure(response: Any, error: ApiError) -> Reply:
    """Write a refusal as this service's protocol has it."""
    protocol = response.determine_response_protocol(get_service_model(response.boto3_service_name))
    headers = dict(response.response_headers)
    if "json" in protocol:
        headers |= {"Content-Type": "application/x-amz-json-1.1", "x-amzn-ErrorType": error.code}
        told = {"__type": error.code, "message": error.message}
        return error.status, headers, json.dumps({**told, "Reason": error.reason} if error.reason else told)
    headers["Content-Type"] = "text/xml"
    return error.status, headers, '<?xml version="1.0" encoding="UTF-8"?>\n' + _xml(protocol, error)


def _xml(protocol: str, error: ApiError) -> str:
    inner = f"<Code>{escape(error.code)}</Code><Message>{escape(error.message)}</Message>"
    if protocol == "ec2":
        return f"<Response><Errors><Error>{inner}</Error></Errors><RequestID>sandbox</RequestID></Response>"
    if protocol == "rest-xml":
        return f"<Error>{inner}<RequestId>sandbox</RequestId></Error>"
    return f"<ErrorResponse><Error><Type>Sender</Type>{inner}</Error><RequestId>sandbox</RequestId></ErrorResponse>"
