"""What commands share at run time: the driver, the view, errors as one clear line, exit codes."""

import asyncio
import json
import sys
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

if TYPE_CHECKING:
    from sealift.driver import Driver, Outcome
    from sealift.options import Options

T = TypeVar("T")


def say(text: str, *, bold: bool = False, color: str | None = None) -> None:
    """Write a line for people to stderr."""
    click.secho(text, err=True, bold=bold or None, fg=color)


def data(text: str) -> None:
    """Write data to stdout."""
    click.echo(text)


def as_json(body: Any) -> None:
    """Write json to stdout."""
    data(json.dumps(body, indent=2, default=str))


def end(code: int) -> NoReturn:
    """End the process with a code."""
    sys.exit(code)


@contextmanager
def one_line() -> Iterator[None]:
    """Turn an error of ours into one clear line on stderr and its exit code; no traceback."""
    from sealift.errors import SealiftError

    try:
        yield
    except SealiftError as error:
        say(f"sealift: {error}", color="red")
        end(error.exit_code)
    except KeyboardInterrupt:
        say("sealift: interrupted; `sealift status` shows what can be resumed", color="yellow")
        end(130)


@contextmanager
def driver(
    *,
    region: str | None,
    profile: str | None,
    endpoint_url: str | None,
    journal: str | None,
    view: bool = False,
    notify: Sequence[str] = (),
) -> Iterator["Driver"]:
    """Yield a driver with a pool for its calls, and listeners for a terminal or a log."""
    from concurrent.futures import ThreadPoolExecutor

    from sealift import logs
    from sealift.driver import Driver
    from sealift.settings import Settings

    listeners: list[Any] = []
    stop: Callable[[], None] = lambda: None  # noqa: E731
    logs.configure(quiet=not view)
    if view and sys.stderr.isatty():
        from sealift.render.live import LiveView

        live = LiveView()
        listeners.append(live.listen)
        stop = live.stop
    elif view:
        listeners.append(logs.listener())
    settings = Settings.read(region=region, profile=profile, endpoint_url=endpoint_url, journal=journal)
    with ThreadPoolExecutor(16, thread_name_prefix="aws") as pool, one_line():
        made = Driver(settings, pool=pool, listeners=listeners, notify=notify)
        try:
            yield made
        finally:
            stop()
            made.close()


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end."""
    return asyncio.run(work)


def options(values: dict[str, Any]) -> "Options":
    """Return the options of a command line."""
    from sealift.options import Options

    lists = {
        k: tuple(line.strip() for line in values.pop(f"{k}_list") or () if line.strip()) for k in ("allow", "deny")
    }
    skip = tuple(dict.fromkeys((*Options().skip_tags, *values.pop("skip_tags"))))
    known: dict[str, Any] = {k: v for k, v in values.items() if k in Options.__dataclass_fields__}
    known |= {"asg": known.get("asg") or "", "skip_tags": skip, **lists}
    return Options(**known)


def conclude(outcomes: Sequence["Outcome"], output: str) -> NoReturn:
    """Write one final row for each target and end with the exit code of all."""
    from dataclasses import asdict

    from sealift.driver import exit_code

    if output == "json":
        as_json([asdict(o) for o in outcomes])
    for o in outcomes:
        if output == "jsonl":
            data(json.dumps(asdict(o)))
        elif output == "text":
            mark, color = ("done", "green") if o.exit_code == 0 else (f"exit {o.exit_code}", "red")
            who = f"{o.migration}  " if o.migration else ""
            click.echo(f"{click.style(mark, fg=color)}  {who}{o.message}")
    end(exit_code(outcomes))
