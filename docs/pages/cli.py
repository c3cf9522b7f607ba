"""docs/cli.md: every command with its help, arguments and options, and every exit code, from click's own objects."""

import inspect
from collections.abc import Iterator

import click

from sealift import errors
from sealift.cli import EXIT_CODES, main
from sealift.render.markdown import table

HEAD = """# Command line

Data goes to stdout; progress, questions and logs go to stderr. A question is asked only at a terminal. `AWS_*`
variables, profiles and `AWS_ENDPOINT_URL` work as they do everywhere.

[How-to](how-to.md) shows the commands at work; the runbooks for [volumes](runbooks/ebs.md) and
[databases](runbooks/databases.md) say what to do about an exit code."""


def page() -> str:
    """Return the page."""
    return "\n\n".join([HEAD, *_exit_codes(), *_all_commands()])


def commands(group: click.Group, above: str = "sealift") -> Iterator[tuple[str, click.Command]]:
    """Yield every command under a group with its full name."""
    for name, command in group.commands.items():
        if not command.hidden:
            yield f"{above} {name}", command
            if isinstance(command, click.Group):
                yield from commands(command, f"{above} {name}")


def _exit_codes() -> Iterator[str]:
    lines = [line.strip().split(maxsplit=1) for line in EXIT_CODES.splitlines() if line.strip()[:1].isdigit()]
    yield "## Exit codes"
    yield table(("code", "meaning"), lines)
    yield "Several targets: one final row each, with its own code. Which error ends with which code:"
    found = [e for e in vars(errors).values() if isinstance(e, type) and issubclass(e, errors.SealiftError)]
    yield table(("error", "code", "meaning"), [(e.__name__, e.exit_code, _first(e.__doc__)) for e in found])
    yield (
        "`CredentialsLost` is 1 before anything was begun, 130 once something was prepared, 6 while a workload is "
        "down. Any other error while a workload is down, and the way back fails too: 6."
    )


def _first(doc: str | None) -> str:
    return " ".join((doc or "").split("\n\n")[0].split())


def _all_commands() -> Iterator[str]:
    for name, command in commands(main):
        yield f"## `{name}`"
        yield _help(command)
        if isinstance(command, click.Group):
            continue
        context = click.Context(command, info_name=name)
        yield f"```\n{name} {' '.join(command.collect_usage_pieces(context))}\n```"
        if rows := [_row(o, context) for o in command.params if isinstance(o, click.Option) and not o.hidden]:
            yield table(("option", "default", "meaning"), rows)


def _help(command: click.Command) -> str:
    return inspect.cleandoc(command.help or "").replace("\b\n", "").strip()


def _row(option: click.Option, context: click.Context) -> tuple[str, str, str]:
    names = ", ".join((*option.opts, *option.secondary_opts))
    value = "" if option.is_flag else " " + option.make_metavar(context)
    more = "; may be repeated" if option.multiple else ""
    return f"`{names}{value}`{more}", _default(option), option.help or ""


def _default(option: click.Option) -> str:
    if option.required:
        return "required"
    shown = bool(option.show_default) and not option.is_flag and option.default not in (None, "", ())
    return f"`{option.default}`" if shown else ""
