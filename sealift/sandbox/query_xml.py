"""Replies of the query and EC2 protocols, written straight from the shape: moto builds a tree and walks it again.

A writer is made once for each shape and kept: which names members have does not change between replies. Flattened lists
are moto's to write: no operation that is answered here has one.
"""

import base64
import functools
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from xml.sax.saxutils import escape

from botocore.model import OperationModel, Shape
from moto.core.utils import get_service_model

Write = Callable[[str, Any, list[str]], None]
"""Append an element of this name with this value."""


def reply(service: str, operation: str, result: Mapping[str, Any]) -> str:
    """Return the body of a reply that has the shape of the operation's output."""
    model: OperationModel = get_service_model(service).operation_model(operation)
    return (_ec2 if service == "ec2" else _query)(service, model, result)


def _ec2(service: str, model: OperationModel, result: Mapping[str, Any]) -> str:
    """Write the members beside the request's id, without a wrapper."""
    tag, namespace = f"{model.name}Response", model.metadata.get("xmlNamespace", "")
    out: list[str] = []
    if model.output_shape is not None:
        _writer(service, model.output_shape.name)("", result, out)
    members = "".join(out[1:-1])
    head = f'<?xml version="1.0" encoding="utf-8"?>\n<{tag} xmlns="{namespace}">'
    return f"{head}{members}<requestId>sandbox</requestId></{tag}>"


def _query(service: str, model: OperationModel, result: Mapping[str, Any]) -> str:
    operation = model.name
    namespace = model.metadata.get("xmlNamespace", "")
    out = [f'<{operation}Response xmlns="{namespace}">']
    if (shape := model.output_shape) is not None:
        _writer(service, shape.name)(shape.serialization.get("resultWrapper", f"{shape.name}Result"), result, out)
    out.append(f"<ResponseMetadata><RequestId>sandbox</RequestId></ResponseMetadata></{operation}Response>")
    return "".join(out)


@functools.cache
def _writer(service: str, name: str) -> Write:
    shape = get_service_model(service).shape_for(name)
    if compound := _COMPOUND.get(shape.type_name):
        return compound(service, shape)
    text = _text_of(service, shape)

    def write(tag: str, value: Any, out: list[str]) -> None:
        out.append(f"<{tag}>{text(value)}</{tag}>")

    return write


def _text_of(service: str, shape: Shape) -> Callable[[Any], str]:
    if service == "ec2" and shape.type_name == "timestamp":
        return _ec2_time
    return _SCALARS.get(shape.type_name, _escaped)


def _structure(service: str, shape: Any) -> Write:
    """Write the members that there are. Scalars are written here: a page has tens of thousands of them."""
    scalars = {
        n: (str(one.serialization.get("name", n)), _text_of(service, one))
        for n, one in shape.members.items()
        if one.type_name not in _COMPOUND
    }
    others = {n: _member(service, n, one) for n, one in shape.members.items() if n not in scalars}

    def write(tag: str, value: Any, out: list[str]) -> None:
        out.append(f"<{tag}>")
        for name, one in value.items():
            if one is None:
                continue
            if name in scalars:
                element, text = scalars[name]
                out.append(f"<{element}>{text(one)}</{element}>")
            elif name in others:
                element, put = others[name]
                put(element, one, out)
        out.append(f"</{tag}>")

    return write


def _member(service: str, name: str, shape: Shape) -> tuple[str, Write]:
    """Return an element and its writer; found late, since a shape may contain itself."""
    found: list[Write] = []

    def write(tag: str, value: Any, out: list[str]) -> None:
        if not found:
            found.append(_writer(service, shape.name))
        found[0](tag, value, out)

    return str(shape.serialization.get("name", name)), write


def _list(service: str, shape: Any) -> Write:
    element, put = _member(service, "member", shape.member)

    def write(tag: str, value: Any, out: list[str]) -> None:
        if not value:
            out.append(f"<{tag}/>")
            return
        out.append(f"<{tag}>")
        for one in value:
            put(element, one, out)
        out.append(f"</{tag}>")

    return write


def _map(service: str, shape: Any) -> Write:
    (key, put_key), (name, put) = _member(service, "key", shape.key), _member(service, "value", shape.value)

    def write(tag: str, value: Any, out: list[str]) -> None:
        out.append(f"<{tag}>")
        for k, v in value.items():
            out.append("<entry>")
            put_key(key, k, out)
            put(name, v, out)
            out.append("</entry>")
        out.append(f"</{tag}>")

    return write


def _escaped(value: Any) -> str:
    text = str(value)
    return escape(text) if "&" in text or "<" in text or ">" in text else text


def _time(value: Any) -> str:
    if not isinstance(value, datetime):
        return str(value)
    return value.strftime("%Y-%m-%dT%H:%M:%S.%fZ" if value.microsecond else "%Y-%m-%dT%H:%M:%SZ")


@functools.lru_cache(maxsize=1024)
def _ec2_time(value: Any) -> str:
    return f"{value:%Y-%m-%dT%H:%M:%S}.000Z" if isinstance(value, datetime) else str(value)


_COMPOUND: dict[str, Callable[[str, Any], Write]] = {"structure": _structure, "list": _list, "map": _map}
_SCALARS: dict[str, Callable[[Any], str]] = {
    "boolean": lambda value: "true" if value in (True, "true") else "false",
    "integer": lambda value: str(int(value)),
    "long": lambda value: str(int(value)),
    "double": lambda value: str(float(value)),
    "float": lambda value: str(float(value)),
    "timestamp": _time,
    "blob": lambda value: base64.b64encode(value if isinstance(value, bytes) else value.encode()).decode(),
}
