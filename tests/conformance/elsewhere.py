"""The suite against another endpoint: SEALIFT_CONFORMANCE_ENDPOINT, a URL or `aws`. See the README beside this file."""

import functools
import os
import re
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.config import Config

from sealift.sandbox import RULES

ENDPOINT = os.environ.get("SEALIFT_CONFORMANCE_ENDPOINT", "")
REGION = os.environ.get("SEALIFT_CONFORMANCE_REGION", "eu-central-1")
_RULE = re.compile(r"\b(?:R|SB)-[A-Z]+-\d+\b")
_SENT_AGAIN = Config(retries={"mode": "standard", "total_max_attempts": 5})


class Differs(AssertionError):
    """What came is not what the sandbox says."""

    def __init__(self, expected: object, came: object) -> None:
        super().__init__(f"expected {expected}, came {came}")
        self.expected, self.came = expected, came


@dataclass(frozen=True)
class Difference:
    """One test that ended otherwise there."""

    test: str
    rules: tuple[str, ...]
    expected: str
    came: str


DIFFERENCES: list[Difference] = []
LEFT_OUT: list[int] = [0]


def _session() -> Any:
    """Return a session that has found the user's credentials; a URL that needs none gets made-up ones."""
    import boto3

    if ENDPOINT != "aws" and "AWS_ACCESS_KEY_ID" not in os.environ and "AWS_PROFILE" not in os.environ:
        return boto3.Session("testing", "testing")
    found = boto3.Session()
    found.get_credentials()
    return found


_SESSION = _session() if ENDPOINT else None
"""Made when this is imported: tests run without the machine's AWS settings."""


@functools.cache
def client(service: str, region: str) -> Any:
    """Return a client of that endpoint, with the user's own credentials."""
    url = None if ENDPOINT == "aws" else ENDPOINT
    return _SESSION.client(service, region, endpoint_url=url, config=_SENT_AGAIN)


def leave_out(config: pytest.Config, items: list[pytest.Item], under: str) -> None:
    """Keep the cheap tests only."""
    others = [i for i in items if str(i.path).startswith(under) and not i.get_closest_marker("cheap")]
    items[:] = [i for i in items if i not in set(others)]
    config.hook.pytest_deselected(items=others)
    LEFT_OUT[0] = len(others)


def note(item: pytest.Item, error: BaseException) -> None:
    """Note a difference."""
    case = getattr(item, "callspec", None) and item.callspec.params.get("case")
    says = case.rule if case else getattr(item, "obj", item).__doc__ or ""
    expected, came = ("what its docstring says", f"{type(error).__name__}: {error}")
    if isinstance(error, Differs):
        expected, came = str(error.expected), str(error.came)
    DIFFERENCES.append(Difference(item.name, tuple(dict.fromkeys(_RULE.findall(says))), expected, came.splitlines()[0]))


def tell(terminal: Any) -> None:
    """Print where the endpoint differs from the sandbox."""
    terminal.section(f"{ENDPOINT} and the sandbox")
    terminal.line(f"{LEFT_OUT[0]} tests left out: they need a box of their own, or cost more than a GiB for minutes.")
    terminal.line(f"{len(DIFFERENCES)} differences")
    for one in DIFFERENCES:
        terminal.line(f"\n{one.test}\n  expected {one.expected}\n  came     {one.came}")
        for rule in (RULES[r] for r in one.rules if r in RULES):
            terminal.line(f"  {rule.id}{' (a guess)' if rule.guess else ''}: {rule.says}\n    {rule.source}")
