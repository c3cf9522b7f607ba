"""Answers of AWS as plain JSON values."""

from datetime import datetime
from typing import Any


def plain(value: Any) -> Any:
    """Return a value of an answer as JSON has it: a moment becomes its ISO text."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    return [plain(v) for v in value] if isinstance(value, list | tuple) else value
