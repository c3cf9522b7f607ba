"""What a serving sandbox says to people: its admin routes, and the lines of `sandbox serve`."""

import json
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import CliRunner

from sealift.cli import main
from sealift.cli.sandbox import MOST
from sealift.clock import EPOCH_OF_TESTS
from sealift.sandbox import admin as routes
from sealift.sandbox.server import place
from tests.sandbox.serving import admin, served

SERVE = [sys.executable, "-m", "sealift", "sandbox", "serve", "--port", "0", "--fleet", "empty"]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with served(mode="manual", fleet="empty") as (found, _):
        yield found


def heed_ctrl_c() -> None:
    """Let a child heed SIGINT, which a shell has background jobs ignore, and their children with them."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def refused(url: str, path: str, body: Any) -> str:
    """Return why an admin route refuses."""
    with pytest.raises(urllib.error.HTTPError) as caught:
        admin(url, path, body)
    assert caught.value.code == 400
    return str(json.load(caught.value)["error"])


def test_the_routes_are_listed(url: str) -> None:
    """GET /_sandbox/ answers 200, and is one of them."""
    assert {"GET /", "POST /clock", "DELETE /faults"} <= set(admin(url, "")["routes"])


def test_the_routes_are_listed_without_a_slash_too(url: str) -> None:
    """GET /_sandbox answers as GET /_sandbox/ does; a path that only begins so is none of the sandbox's own."""
    with urllib.request.urlopen(f"{url}/_sandbox") as reply:  # noqa: S310 - our own server
        assert json.load(reply) == admin(url, "")
    with pytest.raises(urllib.error.HTTPError):
        urllib.request.urlopen(f"{url}/_sandboxes").close()  # noqa: S310


@pytest.mark.parametrize(
    ("path", "body", "why"),
    [
        ("clock", {"advance": -5}, "time does not go back by 5 seconds: `advance` is 0 or more"),
        ("clock", {"advance": "soon"}, "'soon' is not a finite number"),
        ("clock", {"advance": None}, "None is not a finite number"),
        ("clock", [1], "the body must be a JSON object"),
        ("instances/start", {}, "the body lacks 'instance'"),
        ("roles", {}, "the body lacks 'name'"),
        ("faults", {}, "the body lacks 'operation'"),
        ("faults", {"operation": "ec2:*", "colour": 1}, "'colour' is not known here; the body may have operation,"),
        ("instances", {"volumes": [{"colour": 1}]}, "'colour' is not known here; the body may have device,"),
        ("fleet", {"fleet": 10**21}, "`fleet` is demo, empty or a number of instances up to 100000"),
    ],
)
def test_a_refusal_says_what_is_expected(url: str, path: str, body: Any, why: str) -> None:
    """400, in words and without the name of a Python class; time stands where it stood."""
    assert refused(url, path, body).startswith(why)
    assert admin(url, "clock")["now"] == EPOCH_OF_TESTS


def line(*words: str) -> tuple[int, str]:
    """Return exit code and the one line of a `sandbox serve` that does not begin."""
    result = CliRunner().invoke(main, ["sandbox", "serve", *words])
    (said,) = result.stderr.splitlines()
    return result.exit_code, said


@pytest.mark.parametrize("fleet", ["9" * 21, "100001", "-1", "²", "9" * 5000])
def test_a_fleet_has_a_bound(fleet: str) -> None:
    """Exit 2, before anything is made."""
    code, said = line("--fleet", fleet)
    assert (code, f"give demo, empty or a number of instances up to {MOST}" in said) == (2, True)
    assert routes.MOST == MOST


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid"])
def test_an_address_that_is_not_ours_asks_for_another_host(host: str) -> None:
    """Another port would not help."""
    code, said = line("--host", host)
    assert (code, "Give as --host" in said, "--port" in said) == (1, True, False)


@pytest.mark.parametrize(
    ("host", "said"), [("127.0.0.1", "127.0.0.1:80"), ("::1", "[::1]:80"), ("localhost", "localhost:80")]
)
def test_an_address_is_said_as_a_url_has_it(host: str, said: str) -> None:
    """An IPv6 address stands in brackets, so that the line can be copied."""
    assert place(host, 80) == said


@pytest.mark.process
@pytest.mark.parametrize("mode", ["scaled", "manual"])
def test_what_serve_says_first(mode: str) -> None:
    """How it ends, what to copy for the aws command line and for boto3, and, where time is moved by hand, the whole command for that."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "preexec_fn": heed_ctrl_c}
    server = subprocess.Popen([*SERVE, "--clock", mode], text=True, **pipes)
    assert server.stdout
    exports = server.stdout.readline()
    found = re.search(r"AWS_ENDPOINT_URL=(\S+)", exports)
    server.send_signal(signal.SIGINT)
    _, said = server.communicate(timeout=30)
    assert found
    assert "Ctrl-C ends it" in said.splitlines()[0]
    assert {"AWS_REGION=eu-central-1", "AWS_DEFAULT_REGION=eu-central-1"} <= set(exports.split())
    assert (f"""curl -d '{{"advance": 60}}' {found[1]}/_sandbox/clock""" in said) == (mode == "manual")
