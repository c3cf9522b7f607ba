"""The commands that a person is given: spelled as the AWS CLI spells them (botocore xform_name)."""

import pytest

from sealift.render.commands import aws_command
from sealift.step import Call


@pytest.mark.parametrize(
    ("operation", "params", "said"),
    [
        (
            "rds:StartDBInstance",
            {"DBInstanceIdentifier": "erp"},
            "rds start-db-instance {} --db-instance-identifier erp",
        ),
        ("rds:ModifyDBCluster", {"ApplyImmediately": True}, "rds modify-db-cluster {} --apply-immediately"),
        ("kms:EnableKey", {"KeyId": "k"}, "kms enable-key {} --key-id k"),
        ("ec2:AttachVolume", {"VolumeId": "vol-1"}, "ec2 attach-volume {} --volume-id vol-1"),
    ],
)
def test_a_call_is_spelled_as_the_cli_spells_it(operation: str, params: dict[str, object], said: str) -> None:
    """DBInstance is db-instance: a command that is pasted at night has to run."""
    assert aws_command(Call(operation, params), "eu-central-1") == "aws " + said.format("--region eu-central-1")
