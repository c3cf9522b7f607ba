"""`sealift sandbox`: an AWS account in a box."""

from typing import Any

import click


@click.group()
def sandbox() -> None:
    """An AWS account in a box, to try sealift on before production."""


@sandbox.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=5577, show_default=True, help="Port; 0 takes a free one.")
@click.option("--speed", default=60.0, show_default=True, help="Seconds of the sandbox in a second of life.")
@click.option(
    "--fleet", default="demo", show_default=True, help="What is in it at first: demo, or a number of instances."
)
@click.option("--seed", default=0, show_default=True, help="Seed of everything random.")
def serve(host: str, port: int, speed: float, fleet: str, seed: int) -> None:
    """Serve the box over HTTP for any AWS client."""
    from sealift.cli import run

    with run.one_line():
        server = _server()
        shape: Any = int(fleet) if fleet.isdigit() else fleet

        def ready(url: str) -> None:
            run.say(f"the sandbox runs at {url}, {speed:g} times as fast as life")
            run.data(
                f"export AWS_ENDPOINT_URL={url} AWS_ACCESS_KEY_ID=sandbox AWS_SECRET_ACCESS_KEY=sandbox AWS_REGION=eu-central-1"
            )

        server.serve(host, port, speed, shape, seed, ready)


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
    """List acknowledged writes that the serving side lacks. Exit 1 where there are any."""
    import json
    import urllib.error
    import urllib.request

    from sealift.cli import run
    from sealift.errors import SealiftError

    with run.one_line():
        try:
            with urllib.request.urlopen(f"{endpoint_url}/_sandbox/losses", timeout=10) as reply:  # noqa: S310 - the user's own sandbox
                found = json.loads(reply.read())
        except (urllib.error.URLError, ValueError) as error:
            raise SealiftError(
                f"no sandbox answers at {endpoint_url}: {error}", remedy="Start one: sealift sandbox serve"
            ) from None
        run.as_json(found)
        rows = found.get("losses", found) if isinstance(found, dict) else found
        run.end(1 if rows else 0)


@sandbox.command()
@click.option("--endpoint-url", envvar="AWS_ENDPOINT_URL", required=True, help="Where the sandbox runs.")
@click.argument("fleet", default="demo")
def seed(endpoint_url: str, fleet: str) -> None:
    """Add a fleet to a running sandbox: demo, or a number of instances."""
    import json
    import urllib.error
    import urllib.request

    from sealift.cli import run
    from sealift.errors import SealiftError

    with run.one_line():
        body = json.dumps({"fleet": int(fleet) if fleet.isdigit() else fleet}).encode()
        request = urllib.request.Request(f"{endpoint_url}/_sandbox/fleet", body, {"Content-Type": "application/json"})  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=60) as reply:  # noqa: S310
                run.as_json(json.loads(reply.read()))
        except (urllib.error.URLError, ValueError) as error:
            raise SealiftError(
                f"no sandbox answers at {endpoint_url}: {error}", remedy="Start one: sealift sandbox serve"
            ) from None
