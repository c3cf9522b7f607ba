"""`sealift inventory`: what is not under the wanted key."""

from typing import TYPE_CHECKING, Any

import click

from sealift.cli import options as shared

if TYPE_CHECKING:
    from sealift.inventory import Inventory


@click.command()
@click.option(
    "--regions", multiple=True, metavar="REGION", help="Regions to read, or `all` that the account has opted in to."
)
@click.option("--all", "everything", is_flag=True, help="Also what is under a customer-managed key already.")
@shared.output()
@shared.place()
def inventory(regions: tuple[str, ...], everything: bool, output: str, **place: Any) -> None:
    """Find what is not under a customer-managed key, in every Region asked for.

    What could not be read is listed, never skipped; exit 1 only where a whole kind or Region was unreadable.
    """
    from sealift.cli import run
    from sealift.inventory import take
    from sealift.render import text

    with run.driver(**place) as driver:
        found = run.run(take(driver, regions, everything=everything))
        if output == "json":
            run.as_json(found.to_json())
        elif output == "jsonl":
            import json

            for row in found.findings:
                run.data(json.dumps(row, default=str))
            for gap in found.unreadable:
                run.data(json.dumps({"unreadable": gap}, default=str))
        else:
            run.data(text.inventory(found))
        say_gaps(found)
        run.end(1 if found.whole_unreadable else 0)


def say_gaps(found: "Inventory") -> None:
    """Say on stderr what could not be read."""
    from sealift.cli import run

    for gap in found.unreadable:
        run.say(f"unreadable: {gap['kind']} in {gap['region']}: {gap['error']}", color="yellow")
