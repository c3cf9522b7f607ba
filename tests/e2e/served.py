"""A sandbox in a process of its own, as `sealift sandbox serve` starts it, and what tests ask of it."""

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3

SEALIFT = [sys.executable, "-m", "sealift"]


class Box:
    """A served sandbox."""

    def __init__(self, url: str, environment: Mapping[str, str]) -> None:
        self.url, self.environment = url, dict(environment)

    def ask(self, path: str, body: Any = None) -> Any:
        """Ask one of the sandbox's own routes; with a body it is told something."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/_sandbox/{path}", data)  # noqa: S310
        with urllib.request.urlopen(request, timeout=30) as reply:  # noqa: S310
            return json.loads(reply.read())

    def instance(self, region: str, **options: Any) -> str:
        """Add an instance."""
        return str(self.ask("instances", {"region": region, **options})["instance"])

    def client(self, region: str, service: str = "ec2") -> Any:
        """Return a client of anybody else."""
        return boto3.client(
            service, region, endpoint_url=self.url, aws_access_key_id="somebody", aws_secret_access_key="else"
        )

    def sealift(self, *arguments: str, command: list[str] | None = None) -> subprocess.CompletedProcess[str]:
        """Run sealift in a process of its own."""
        return subprocess.run(
            [*(command or SEALIFT), *arguments],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start sealift in a process of its own."""
        silent, read = subprocess.DEVNULL, subprocess.PIPE
        return subprocess.Popen(
            [*SEALIFT, *arguments],
            env=self.environment,
            stdin=silent,
            stdout=silent,
            stderr=read,
            preexec_fn=heed_interrupts,  # noqa: PLW1509 - nothing of ours runs in threads when a test starts a process
        )


def heed_interrupts() -> None:
    """Take SIGINT and SIGHUP as a terminal's job does: a shell's background job ignores the one, nohup's the other, and hands that on."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@contextmanager
def serving(folder: Path, speed: float) -> Iterator[Box]:
    """Serve an empty sandbox on a free port until the end of the block."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "SEALIFT_"))}
    words = [*SEALIFT, "sandbox", "serve", "--port", "0", "--speed", str(speed), "--fleet", "empty"]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=kept)
    try:
        assert process.stdout is not None
        exports = dict(re.findall(r"(\w+)=(\S+)", process.stdout.readline()))
        yield Box(exports["AWS_ENDPOINT_URL"], {**kept, **exports, "SEALIFT_JOURNAL": str(folder / "journal.db")})
    finally:
        process.terminate()
        process.wait(10)
        if process.stdout:
            process.stdout.close()
