"""What commands share at run time: the driver, the view, errors as one clear line, exit codes."""

import asyncio
import json
import os
import sys
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from sealift.cli.saying import as_json, data, say, who

if TYPE_CHECKING:
    from sealift.clock import Clock
    from sealift.driver import Driver, Outcome
    from sealift.options import Options

__all__ = ["as_json", "conclude", "data", "driver", "end", "one_line", "options", "run", "say", "who"]

T = TypeVar("T")

_views: list[Any] = []
"""Live views of this process: they rest before anything else is written."""

_drivers: list[Any] = []
"""The driver of this process, while a command has one."""


def end(code: int) -> NoReturn:
    """End the process with a code."""
    sys.exit(code)


@contextmanager
def one_line() -> Iterator[None]:
    """Turn an error into one clear line on stderr and its exit code; a traceback only where SEALIFT_DEBUG is set."""
    from sealift.errors import SealiftError

    try:
        yield
    except SealiftError as error:
        say(f"sealift: {error.told()}", color="red")
        end(error.exit_code)
    except KeyboardInterrupt:
        say("sealift: interrupted; `sealift status` shows what can be resumed", color="yellow")
        end(130)
    except (click.Abort, click.ClickException, BrokenPipeError):
        raise
    except Exception as error:
        if os.environ.get("SEALIFT_DEBUG"):
            raise
        what = " ".join(f"{type(error).__name__}: {error}".split())[:300]
        say(
            f"sealift: unexpected {what}. This is a fault of sealift; `sealift status` shows what can be resumed, "
            "SEALIFT_DEBUG=1 where it happened",
            color="red",
        )
        end(1)


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

    touched: dict[str, str] = {}
    listeners: list[Any] = [lambda event: touched.update({event.migration: event.target})]
    logs.configure(quiet=not view)
    if view and sys.stderr.isatty():
        from sealift.render.live import LiveView

        _views.append(LiveView())
        listeners.append(_views[-1].listen)
    elif view:
        listeners.append(logs.listener())
    with one_line():
        _check_endpoint(endpoint_url or os.environ.get("AWS_ENDPOINT_URL"))
    settings = Settings.read(region=region, profile=profile, endpoint_url=endpoint_url, journal=journal)
    with ThreadPoolExecutor(16, thread_name_prefix="aws") as pool, one_line():
        made = Driver(settings, pool=pool, listeners=listeners, notify=notify)
        for live in _views:
            live.now = made.clock.now
        _drivers.append(made)
        try:
            yield made
        except KeyboardInterrupt:
            _say_where_it_stands(made, touched)
            end(130)
        finally:
            _views.clear()
            _drivers.clear()
            made.close()


def _say_where_it_stands(driver: "Driver", touched: dict[str, str]) -> None:
    """Say of each migration that was interrupted who gets nothing meanwhile, and how it goes on."""
    from sealift.render.story import down_now

    open_ones = {m: state for m in touched if (state := driver.journal.state(m)).end is None}
    for migration, state in open_ones.items():
        down = "".join(f"; {said}" for said in down_now(state, touched[migration]))
        say(
            f"sealift: {migration} was interrupted{down}. Go on: sealift resume {migration}",
            color="red" if down else "yellow",
        )
    if not open_ones:
        say("sealift: interrupted; `sealift status` shows what can be resumed", color="yellow")


def _check_endpoint(url: str | None) -> None:
    from urllib.parse import urlsplit

    from sealift.errors import UsageError

    if not url:
        return
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port or an address that is none
        usable = False
    if not usable:
        raise UsageError(
            f"the endpoint {url!r} is no URL", remedy="Give --endpoint-url or AWS_ENDPOINT_URL as http://HOST:PORT."
        )


def run(work: Coroutine[Any, Any, T], clock: "Clock | None" = None) -> T:
    """Run a coroutine to its end, as an actor of the clock if it counts none itself; the view of it then rests, for
    what is written next. What signals do meanwhile is in `sealift.cli.signals`.

    Raises:
        KeyboardInterrupt: it was ended so.

    """
    from sealift.cli.signals import heeding

    try:
        acting = work if clock is None else _acting(work, clock)
        return asyncio.run(heeding(acting, _drivers[-1] if _drivers else None, _views))
    finally:
        for live in _views:
            live.stop()


async def _acting(work: Coroutine[Any, Any, T], clock: "Clock") -> T:
    from sealift.clock import actor

    with actor(clock):
        return await work


def options(values: dict[str, Any]) -> "Options":
    """Return the options of a command line.

    Raises:
        UsageError: a place to notify or to keep the plan, a list of ids, or the window cannot be used.

    """
    from sealift.notify import check
    from sealift.options import Options
    from sealift.saved import s3_place

    lists: dict[str, Any] = {k: _ids(values.pop(f"{k}_list", None)) for k in ("allow", "deny")}
    skip = tuple(dict.fromkeys((*Options().skip_tags, *values.pop("skip_tags"))))
    known: dict[str, Any] = {k: v for k, v in values.items() if k in Options.__dataclass_fields__}
    known["asg"] = known.get("asg") or ""
    chosen = Options(**known, **lists, skip_tags=skip)
    check(chosen.notify)
    if chosen.state_url:
        s3_place(chosen.state_url, "migration")
    _in_order(chosen)
    return chosen


def _ids(lines: Any) -> tuple[str, ...]:
    from sealift.errors import UsageError

    try:
        return tuple(line.strip() for line in lines or () if line.strip())
    except UnicodeDecodeError:
        raise UsageError(f"{lines.name} is no list of ids: it is not text") from None


def _in_order(chosen: "Options") -> None:
    from sealift.errors import UsageError

    moments = [m for m in (chosen.window_start, chosen.window_last_quiesce, chosen.window_end) if m is not None]
    if moments != sorted(moments):
        raise UsageError("--window-start, --last-quiesce and --window-end are not in that order")


def conclude(outcomes: Sequence["Outcome"], output: str) -> NoReturn:
    """Write one final row for each target, say on stderr what is not done, and end with the exit code of all."""
    from dataclasses import asdict

    from sealift.driver import exit_code

    failed = [o for o in outcomes if o.exit_code]
    if output == "json":
        as_json([asdict(o) for o in outcomes])
    elif output == "jsonl":
        for o in outcomes:
            data(json.dumps(asdict(o)))
    elif len(outcomes) > 1 or not failed:
        for o in outcomes:
            mark, color = ("done", "green") if o.exit_code == 0 else (f"exit {o.exit_code}", "red")
            named = f"{o.migration}  " if o.migration else ""
            click.echo(f"{click.style(mark, fg=color)}  {named}{o.message}")
    if len(outcomes) == 1 and failed:
        say(f"sealift: {failed[0].message}", color="red")
    elif failed:
        names = ", ".join(f"{o.target} (exit {o.exit_code})" for o in failed)
        left = " ".join(o.migration for o in failed if o.exit_code == 3 and o.migration)
        go_on = f". Left at their gates: sealift resume {left}" if left else ""
        say(f"sealift: {len(failed)} of {len(outcomes)} targets not done: {names}{go_on}", color="red")
    end(exit_code(outcomes))
