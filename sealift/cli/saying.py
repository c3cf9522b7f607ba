"""What commands write: lines for people on stderr, data on stdout."""

import json
import os
from typing import Any

import click


def say(text: str, *, bold: bool = False, color: str | None = None, line: bool = True) -> None:
    """Write a line (or the begin of one) for people to stderr."""
    click.secho(text, err=True, nl=line, bold=bold or None, fg=color)


def data(text: str) -> None:
    """Write data to stdout."""
    click.echo(text)


def as_json(body: Any) -> None:
    """Write json to stdout."""
    data(json.dumps(body, indent=2, default=str))


def who() -> str:
    """Return who types, for the journal."""
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"
