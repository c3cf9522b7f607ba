"""The commands that exit 6 names can be typed as they stand."""

import botocore.session
from botocore import xform_name

from sealift.aws.operations import OPERATIONS
from sealift.render.commands import aws_command
from sealift.step import Call

SESSION = botocore.session.get_session()


def test_every_operation_and_option_is_spelled_as_the_aws_cli_has_it() -> None:
    """Whatever sealift sends, a person can send: the CLI takes its words from botocore's names."""
    for op in OPERATIONS.values():
        shape = SESSION.get_service_model(op.service).operation_model(op.method).input_shape
        members = list(shape.members) if shape else []
        words = aws_command(Call(op.name, dict.fromkeys(members, 1)), "eu-central-1").split()
        assert words[2] == xform_name(op.method, "-")
        assert [w for w in words[5:] if w.startswith("--")] == [f"--{xform_name(m, '-')}" for m in members]


def test_a_database_that_is_put_back_by_hand() -> None:
    """Lists, switches and names as they are typed."""
    call = Call(
        "rds:ModifyDBInstance",
        {"DBInstanceIdentifier": "orders", "VpcSecurityGroupIds": ["sg-1", "sg-2"], "ApplyImmediately": True},
    )
    assert aws_command(call, "eu-central-1") == (
        "aws rds modify-db-instance --region eu-central-1 --db-instance-identifier orders "
        "--vpc-security-group-ids sg-1 sg-2 --apply-immediately"
    )
