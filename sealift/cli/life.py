"""The group of all commands: listed in the order of a migration's life, with whole sentences; what is wrong with input is one line."""

import os
import sys
from typing import Any

import click


class Life(click.Group):
    """A group that keeps the order in which its commands were added, and says usage errors in one line."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order of adding."""
        return list(self.commands)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the first sentence of each command, wrapped and never cut."""
        rows = [(name, command.get_short_help_str(limit=1000)) for name, command in self.commands.items()]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def main(self, *args: Any, standalone_mode: bool = True, **more: Any) -> Any:
        """Run a command line; as a program, end with its exit code and one line on stderr where input cannot be used."""
        run: Any = super().main
        color = more["color"] = False if os.environ.get("NO_COLOR") else more.get("color")
        if not standalone_mode:
            return run(*args, standalone_mode=False, **more)
        try:
            code = run(*args, standalone_mode=False, **more)
        except click.exceptions.NoArgsIsHelpError as error:
            error.show()
            sys.exit(error.exit_code)
        except click.ClickException as error:
            click.secho(f"sealift: {_sentence(error)}", err=True, fg="red", color=color)
            sys.exit(2)
        except click.Abort:
            click.secho("sealift: interrupted; nothing more is done", err=True, fg="yellow", color=color)
            sys.exit(130)
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # whoever read stdout has gone
            sys.exit(1)
        sys.exit(code if isinstance(code, int) else 0)


def _sentence(error: click.ClickException) -> str:
    said = " ".join(error.format_message().split())
    ctx = getattr(error, "ctx", None)
    return (
        said
        if ctx is None
        else f"{said if said.endswith('?') else said.rstrip('.') + '.'} See: {ctx.command_path} --help"
    )
