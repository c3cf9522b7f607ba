"""The suite pointed at another endpoint says where that one differs."""

import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sealift.sandbox import RULES

pytestmark = pytest.mark.process
ROOT = Path(__file__).parents[2]


@contextmanager
def started(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A server in a process of its own."""
    with subprocess.Popen(
        [sys.executable, *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT
    ) as server:
        try:
            yield server
        finally:
            server.kill()


def suite(url: str) -> subprocess.CompletedProcess[str]:
    """Run the conformance suite against a URL."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "PYTEST_", "SEALIFT_"))}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "tests/conformance", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"],
        env={**kept, "SEALIFT_CONFORMANCE_ENDPOINT": url},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def listening(url: str) -> bool:
    try:
        urllib.request.urlopen(url, timeout=5)  # noqa: S310 - the server that this test started
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


def free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_plain_moto_differs_and_the_suite_says_where():
    """Test, rule with its sentence and source, what was expected and what came; and how many tests were left out."""
    port = free_port()
    with started("-m", "moto.server", "-p", str(port)):
        deadline = time.monotonic() + 60
        while not listening(f"http://127.0.0.1:{port}/moto-api/"):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        done = suite(f"http://127.0.0.1:{port}")
    assert done.returncode == 1
    count = int(re.search(r"^(\d+) differences$", done.stdout, re.MULTILINE)[1])
    assert count >= 10
    assert re.search(r"^\d{3,} tests left out", done.stdout, re.MULTILINE)
    told = done.stdout.split("and the sandbox", maxsplit=1)[1]
    zone = RULES["SB-VOL-07"]
    assert f"SB-VOL-07: {zone.says}\n    {zone.source}" in told
    assert "expected ('InvalidZone.NotFound', 400)\n  came     an answer" in told


def test_a_served_sandbox_does_not_differ():
    """The same suite on `sealift sandbox serve`: no difference."""
    with started("-m", "sealift", "sandbox", "serve", "--port", "0", "--fleet", "empty", "--speed", "600") as server:
        assert server.stdout
        url = re.search(r"AWS_ENDPOINT_URL=(\S+)", server.stdout.readline())[1]
        done = suite(url)
    assert done.returncode == 0, done.stdout[-3000:]
    assert "\n0 differences\n" in done.stdout
