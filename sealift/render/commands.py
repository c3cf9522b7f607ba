"""A call as the command that a person would type: what exit 6 names."""

import json
import re
import shlex
from typing import Any

from sealift.step import Call


def aws_command(call: Call, region: str) -> str:
    """Return the `aws` command for a call."""
    service, method = call.operation.split(":", 1)
    words = ["aws", service, _kebab(method), "--region", region]
    for name, value in call.params.items():
        if isinstance(value, bool):
            words.append(f"--{_kebab(name)}" if value else f"--no-{_kebab(name)}")
        else:
            words += [f"--{_kebab(name)}", *_values(value)]
    return " ".join(words)


def _kebab(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", name).lower()


def _values(value: Any) -> list[str]:
    if isinstance(value, list) and all(isinstance(v, str) for v in value):
        return [shlex.quote(v) for v in value]
    if isinstance(value, dict | list):
        return [shlex.quote(json.dumps(value))]
    return [shlex.quote(str(value))]
