"""A call as the command that a person would type: what exit 6 names."""

import json
import shlex
from typing import Any

from sealift.aws.spelling import command, dashed
from sealift.step import Call


def aws_command(call: Call, region: str) -> str:
    """Return the `aws` command for a call; what is not known yet stands by its place, `{step.output}`."""
    words = ["aws", *command(call.operation), "--region", region]
    for name, value in call.params.items():
        if isinstance(value, bool):
            words.append(f"--{dashed(name)}" if value else f"--no-{dashed(name)}")
        else:
            words += [f"--{dashed(name)}", *_values(value)]
    return " ".join(words)


def _values(value: Any) -> list[str]:
    if isinstance(value, list) and not any(isinstance(v, dict | list) for v in value):
        return [shlex.quote(str(v)) for v in value]
    if isinstance(value, dict | list):
        return [shlex.quote(json.dumps(value, default=str))]
    return [shlex.quote(str(value))]


def tagged_command(migration: str, region: str) -> str:
    """Return the AWS CLI's command that lists what bears the tag of a migration."""
    return f"aws resourcegroupstaggingapi get-resources --tag-filters Key=sealift:migration,Values={migration} --region {region}"
