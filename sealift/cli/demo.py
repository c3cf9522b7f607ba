"""`sealift demo`: all of it, on the sandbox, in a minute."""

import click


@click.command()
@click.option("--without-prefect", is_flag=True, help="Run all of them with the local runner.")
def demo(without_prefect: bool) -> None:
    """Move six instances and two databases on a sandbox inside this process: no AWS account, no network."""
    from sealift.cli import run

    with run.one_line():
        try:
            from sealift.cli.demonstration import demonstrate
        except ModuleNotFoundError as error:
            from sealift.errors import UsageError

            raise UsageError(
                f"the sandbox is not installed ({error.name})", remedy="pip install 'sealift[sandbox]'"
            ) from None
        run.end(run.run(demonstrate(prefect=not without_prefect)))
