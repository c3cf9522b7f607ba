"""Answers of AWS as plain JSON values."""

from datetime import datetime
from typing import Any

from sealift.answers import Members


def plain(value: Any) -> Any:
    """Return a value of an answer as JSON has it: a moment becomes its ISO text. What it lacks is still said."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, dict):
        made = {k: plain(v) for k, v in value.items()}
        return value.with_members(made) if isinstance(value, Members) else made
    return [plain(v) for v in value] if isinstance(value, list | tuple) else value
