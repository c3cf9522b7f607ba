"""The commands that exit 6 names are those of the AWS command line, for every operation that sealift sends."""

import json
import shlex
from functools import cache
from typing import Any

import botocore.session
import pytest

from sealift.aws.operations import OPERATIONS
from sealift.render.commands import aws_command
from sealift.step import Call, Ref

SENT = [name for name in OPERATIONS if not name.startswith("local:")]


@cache
def model(service: str) -> Any:
    return botocore.session.Session().get_service_model(service)


@cache
def client_methods(service: str) -> dict[str, str]:
    """Return the methods of a client, which are the commands with other dashes."""
    client = botocore.session.Session().create_client(service, region_name="eu-west-1")
    return dict(client.meta.method_to_api_mapping)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (
            Call("rds:ModifyDBInstance", {"DBInstanceIdentifier": "orders", "DBParameterGroupName": "own"}),
            "aws rds modify-db-instance --region eu-west-1 --db-instance-identifier orders --db-parameter-group-name own",
        ),
        (
            Call("rds:ModifyDBCluster", {"NewDBClusterIdentifier": "x", "ApplyImmediately": True}),
            "aws rds modify-db-cluster --region eu-west-1 --new-db-cluster-identifier x --apply-immediately",
        ),
        (
            Call("rds:DeregisterDBProxyTargets", {"DBProxyName": "pool", "DBInstanceIdentifiers": ["a", "b"]}),
            "aws rds deregister-db-proxy-targets --region eu-west-1 --db-proxy-name pool --db-instance-identifiers a b",
        ),
        (
            Call(
                "ec2:ModifyInstanceAttribute",
                {"InstanceId": "i-1", "BlockDeviceMappings": [{"DeviceName": "/dev/sdf"}]},
            ),
            "aws ec2 modify-instance-attribute --region eu-west-1 --instance-id i-1 "
            """--block-device-mappings '[{"DeviceName": "/dev/sdf"}]'""",
        ),
        (Call("s3:GetBucketLocation", {"Bucket": "b"}), "aws s3api get-bucket-location --region eu-west-1 --bucket b"),
        (
            Call("rds:RebootDBInstance", {"DBInstanceIdentifier": Ref("undo:x", "name")}),
            "aws rds reboot-db-instance --region eu-west-1 --db-instance-identifier '{undo:x.name}'",
        ),
        (
            Call("rds:ModifyDBInstance", {"VpcSecurityGroupIds": [Ref("quarantine", "GroupId")]}),
            "aws rds modify-db-instance --region eu-west-1 --vpc-security-group-ids '{quarantine.GroupId}'",
        ),
    ],
)
def test_a_call_is_spelled_as_the_command_line_spells_it(call: Call, said: str) -> None:
    """Acronyms that run into a word are split from it: `DBInstance`, `DBI` `nstance` is none."""
    assert aws_command(call, "eu-west-1") == said


@pytest.mark.parametrize("operation", SENT)
def test_every_operation_is_a_command_with_its_members(operation: str) -> None:
    """Each word of a command with every member of its model is found again in the model, letter by letter."""
    service, method = operation.split(":", 1)
    shape = model(service).operation_model(method).input_shape
    members = {} if shape is None else shape.members
    words = shlex.split(aws_command(Call(operation, dict.fromkeys(members, "x")), "eu-west-1"))
    assert words[2].replace("-", "") == method.lower()
    options = [w.removeprefix("--") for w in words if w.startswith("--") and w != "--region"]
    assert {o.replace("-", "") for o in options} == {m.lower() for m in members} - {"region"}
    assert client_methods(service)[words[2].replace("-", "_")] == method


def test_what_is_nested_is_json() -> None:
    """Also where a part of it is not known yet."""
    told = aws_command(Call("ec2:CreateTags", {"Tags": [{"Key": "a", "Value": Ref("x", "y")}]}), "eu-west-1")
    assert json.loads(shlex.split(told)[-1]) == [{"Key": "a", "Value": "{x.y}"}]
