"""What the scripts beside this file share: the sandbox's own routes, and how a check is told. Nothing of sealift."""

import json
import os
import sys
import urllib.request
from typing import Any

REGION = "eu-central-1"
URL = os.environ["AWS_ENDPOINT_URL"]


def ask(path: str, body: Any = None) -> Any:
    """Ask one of the sandbox's own routes; with a body it is told something."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{URL}/_sandbox/{path}", data)  # noqa: S310 - the sandbox that the runner started
    with urllib.request.urlopen(request, timeout=60) as reply:  # noqa: S310
        return json.loads(reply.read())


def must(says: str, holds: object) -> None:
    """Tell a check; end the script where it does not hold."""
    tell(f"  {'ok  ' if holds else 'FAIL'} {says}")
    if not holds:
        sys.exit(1)


def tell(text: str) -> None:
    """Print at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
