"""Requests that no SDK would send: an action that is not there, a parameter missing, a value of the wrong type."""

from moto.core.utils import get_service_model

from sealift.sandbox.errors import ApiError
from sealift.sandbox.world import Call


def check(call: Call, wrong: Exception | None) -> None:
    """Refuse what is not of the operation's shape (SB-API-06); `wrong` is what its parser said."""
    model = get_service_model(call.service)
    json = "json" in str(model.metadata.get("protocol"))
    if call.operation == "?" or call.service == "s3":
        return
    if call.operation not in model.operation_names:
        code = "UnknownOperationException" if json else "InvalidAction"
        raise ApiError("SB-API-06", code, f"The action {call.operation} is not valid for this web service.")
    if wrong:
        code = "SerializationException" if json else "InvalidParameterValue"
        raise ApiError("SB-API-06", code, f"A value of the request is of the wrong type: {wrong}")
    shape = model.operation_model(call.operation).input_shape
    if missing := [name for name in (shape.required_members if shape else []) if name not in call.params]:
        code = "ValidationException" if json else "MissingParameter"
        raise ApiError("SB-API-06", code, f"The request must contain the parameter {missing[0]}")
