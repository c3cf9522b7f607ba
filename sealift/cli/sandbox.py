"""`sealift sandbox`: an AWS account in a box."""

from typing import Any

import click

MOST = 100_000
"""Instances that a sandbox is started with at most: some 20 kB of memory each, and 2,000 a second."""


class Fleet(click.ParamType[str | int]):
    """What is put into a sandbox: demo, empty, or a number of instances."""

    name = "fleet"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str | int:
        """Read a fleet."""
        text = str(value)
        if text.isascii() and text.isdigit() and len(text) <= len(str(MOST)) and int(text) <= MOST:
            return int(text)
        if text not in ("demo", "empty"):
            shown = text if len(text) < 60 else f"{text[:60]}…"
            self.fail(f"{shown!r} is no fleet; give demo, empty or a number of instances up to {MOST}", param, ctx)
        return text


class Speed(click.FloatRange):
    """Seconds of the sandbox in a second of life: above 0, and not without end."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Read a speed."""
        import math

        speed = float(super().convert(value, param, ctx))
        if not math.isfinite(speed):
            self.fail(f"{value!r} is no speed", param, ctx)
        return speed


@click.group()
def sandbox() -> None:
    """An AWS account in a box, to try sealift on before production."""


@sandbox.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=5577, show_default=True, help="Port; 0 takes a free one."
)
@click.option(
    "--clock",
    type=click.Choice(["scaled", "discrete", "manual"]),
    default="scaled",
    show_default=True,
    help="How time passes: faster than life; from wake-up to wake-up, when every client that has joined sleeps; "
    "or by hand alone.",
)
@click.option(
    "--speed",
    type=Speed(0, min_open=True),
    default=60.0,
    show_default=True,
    help="Seconds of the sandbox in a second of life, on a scaled clock.",
)
@click.option(
    "--fleet",
    type=Fleet(),
    default="demo",
    show_default=True,
    help="What is in it at first: demo, empty, or a number of instances.",
)
@click.option("--seed", default=0, show_default=True, help="Seed of everything random.")
@click.option("--iam", is_flag=True, help="Judge every request by IAM and KMS policies from the start.")
def serve(host: str, port: int, clock: Any, speed: float, fleet: str | int, seed: int, *, iam: bool) -> None:
    """Serve the box over HTTP for any AWS client."""
    from sealift.cli import run

    with run.one_line():
        pace = _pace(clock, speed)
        server = _server()
        _refuse_taken(host, port, server.place(host, port))

        def ready(url: str) -> None:
            run.say(f"the sandbox runs at {url}, {pace.replace('URL', url)}; Ctrl-C ends it, and nothing of it is kept")
            region = (
                "AWS_REGION=eu-central-1 AWS_DEFAULT_REGION=eu-central-1"  # the one for the CLI, the other for boto3
            )
            run.data(f"export AWS_ENDPOINT_URL={url} AWS_ACCESS_KEY_ID=sandbox AWS_SECRET_ACCESS_KEY=sandbox {region}")

        server.serve(host, port, speed, fleet, seed, ready, iam=iam, mode=clock)


def _pace(clock: str, speed: float) -> str:
    """Say how time passes; URL stands for the sandbox's.

    Raises:
        UsageError: a speed was given for a clock that has none.

    """
    from click.core import ParameterSource

    from sealift.errors import UsageError

    if clock == "scaled":
        return f"{speed:g} times as fast as life"
    if click.get_current_context().get_parameter_source("speed") is not ParameterSource.DEFAULT:
        raise UsageError(f"a {clock} clock has no speed", remedy="Leave --speed out, or give --clock scaled.")
    if clock == "discrete":
        return "its time jumps when every client that has joined its clock sleeps"
    return """its time moves by hand (curl -d '{"advance": 60}' URL/_sandbox/clock)"""


def _refuse_taken(host: str, port: int, place: str) -> None:
    import socket

    from sealift.errors import SealiftError

    try:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as error:
        raise SealiftError(
            f"{place} cannot be listened on: {error.strerror}", remedy=_other_place(error, port)
        ) from None


def _other_place(error: OSError, port: int) -> str:
    import errno

    if error.errno == errno.EADDRINUSE:
        return "Give another --port; 0 takes a free one."
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"Port {port} is for the superuser: give a --port of 1024 or above; 0 takes a free one."
    return "Give as --host an address of this machine, or a name of one; 127.0.0.1 is for this machine alone."


def _server() -> Any:
    from sealift.errors import UsageError

    try:
        from sealift.sandbox import server
    except ModuleNotFoundError as error:
        raise UsageError(
            f"the sandbox is not installed ({error.name})", remedy="pip install 'sealift[sandbox]'"
        ) from None
    return server


@sandbox.command()
@click.option("--endpoint-url", envvar="AWS_ENDPOINT_URL", required=True, help="Where the sandbox runs.")
def losses(endpoint_url: str) -> None:
    """List acknowledged writes that the serving side lacks, of disks and databases, and jobs that ran in two databases at once.
    Exit 1 where there are any.
    """
    from sealift.cli import run

    with run.one_line():
        rows = [{"what": what, **row} for route, what in LOSSES.items() for row in _found(endpoint_url, route)]
        run.as_json(rows)
        run.end(1 if rows else 0)


LOSSES = {
    "losses": "a write to a disk is lost",
    "db-losses": "a write to a database is lost",
    "double-runs": "a job ran in two databases at once",
}
"""Where a sandbox tells what must not be, and what each row there is."""


def _found(endpoint_url: str, route: str) -> list[dict[str, Any]]:
    import json
    import urllib.error
    import urllib.request

    from sealift.errors import SealiftError

    try:
        with urllib.request.urlopen(f"{endpoint_url}/_sandbox/{route}", timeout=10) as reply:  # noqa: S310 - the user's own sandbox
            return [dict(row) for row in json.loads(reply.read())]
    except (urllib.error.URLError, ValueError, TypeError) as error:
        raise SealiftError(
            f"no sandbox answers at {endpoint_url}: {error}", remedy="Start one: sealift sandbox serve"
        ) from None


@sandbox.command()
@click.option("--endpoint-url", envvar="AWS_ENDPOINT_URL", required=True, help="Where the sandbox runs.")
@click.argument("fleet", type=Fleet(), default="demo")
def seed(endpoint_url: str, fleet: str | int) -> None:
    """Add a fleet to a running sandbox: demo, or a number of instances."""
    import json
    import urllib.error
    import urllib.request

    from sealift.cli import run
    from sealift.errors import SealiftError

    with run.one_line():
        body = json.dumps({"fleet": fleet}).encode()
        request = urllib.request.Request(f"{endpoint_url}/_sandbox/fleet", body, {"Content-Type": "application/json"})  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=60) as reply:  # noqa: S310
                run.as_json(json.loads(reply.read()))
        except (urllib.error.URLError, ValueError) as error:
            raise SealiftError(
                f"no sandbox answers at {endpoint_url}: {error}", remedy="Start one: sealift sandbox serve"
            ) from None
