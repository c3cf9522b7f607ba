"""Replies of the query and EC2 protocols, against botocore's reader: the values that were put in come out."""

from datetime import UTC, datetime

import pytest
from botocore.parsers import create_parser
from moto.core.utils import get_service_model

from sealift.sandbox import answers, query_xml

ANSWERED = sorted(
    n for n in answers.OPERATIONS if get_service_model(n.split(":")[0]).metadata["protocol"] in ("query", "ec2")
)
SCALARS = {
    "string": "a <b> & c",
    "boolean": True,
    "integer": 7,
    "long": 8,
    "double": 0.5,
    "float": 0.5,
    "blob": b"raw",
    "timestamp": datetime(2026, 11, 23, 12, 30, 1, tzinfo=UTC),
}


def sample(shape, deep=0):
    """A value with every member there is; a shape inside itself ends empty."""
    if shape.type_name == "structure":
        return {n: sample(m, deep + 1) for n, m in shape.members.items()} if deep < 8 else {}
    if shape.type_name == "list":
        return [sample(shape.member, deep + 1)] * 2 if deep < 8 else []
    if shape.type_name == "map":
        return {"key": sample(shape.value, deep + 1)}
    return SCALARS[shape.type_name]


def read(model, body):
    """What a client makes of a body."""
    raw = {"body": body.encode(), "headers": {}, "status_code": 200}
    found = create_parser(model.service_model.metadata["protocol"]).parse(raw, model.output_shape)
    return {k: v for k, v in found.items() if k != "ResponseMetadata"}


@pytest.mark.parametrize("name", ANSWERED)
def test_every_answered_operation_reads_back(name):
    """All members of its output, each in its element, list items and wrappers included; and none of them."""
    service, operation = name.split(":")
    model = get_service_model(service).operation_model(operation)
    full = sample(model.output_shape) if model.output_shape else {}
    for value in (full, {}):
        body = query_xml.reply(service, operation, value)
        assert f"<{operation}Response xmlns=" in body
        assert model.output_shape is None or read(model, body) == value


def test_what_is_none_or_unknown_is_left_out():
    """A member that the model does not have is never seen by a client; a time with a fraction keeps it."""
    model = get_service_model("rds").operation_model("CreateDBSnapshot")
    at = datetime(2026, 1, 1, 0, 0, 0, 500_000, tzinfo=UTC)
    told = {"DBSnapshotIdentifier": "s", "Engine": None, "colour": "red", "SnapshotCreateTime": at, "TagList": []}
    found = read(model, query_xml.reply("rds", "CreateDBSnapshot", {"DBSnapshot": told}))["DBSnapshot"]
    assert found == {"DBSnapshotIdentifier": "s", "SnapshotCreateTime": at, "TagList": []}
