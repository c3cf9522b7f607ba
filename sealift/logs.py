"""Logs: JSON lines on stderr, or a console renderer on a terminal. Every line of a migration says whose it is.

structlog's WriteLogger is used because Prefect replaces `print` (a PrintLogger's JSON would vanish in a flow).
"""

import os
import sys
from collections.abc import Callable, MutableMapping
from typing import Any

import structlog

from sealift.events import Event, Listener

Processor = Callable[[Any, str, MutableMapping[str, Any]], MutableMapping[str, Any]]

SECRET = ("secret", "password", "token", "credential", "authorization", "access_key")


def hide_secrets(_: Any, __: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Keep what looks like a secret out of every line."""
    for key in line:
        if any(word in key.lower() for word in SECRET):
            line[key] = "(hidden)"
    return line


def configure(*, quiet: bool = False, extra: tuple[Processor, ...] = ()) -> None:
    """Set structlog up for this process; `extra` processors see each line before it is rendered."""
    terminal = sys.stderr.isatty()
    render: Any = (
        structlog.dev.ConsoleRenderer(colors=not os.environ.get("NO_COLOR"))
        if terminal
        else structlog.processors.JSONRenderer(default=str)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            hide_secrets,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *extra,
            render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger("warning" if quiet else "info"),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )


def listener(get_logger: Callable[[], Any] = structlog.get_logger) -> Listener:
    """Return a listener that logs every event with migration, step, resource, account and Region."""
    last: dict[tuple[str, str], Any] = {}

    def listen(event: Event) -> None:
        if event.name == "step-waiting":
            mark = (event.data.get("state"), int((event.data.get("progress") or 0) / 10))
            if last.get((event.migration, event.step)) == mark:
                return  # a wait is told when its state changes, or every ten percent
            last[event.migration, event.step] = mark
        log = get_logger()
        write = (
            log.warning
            if event.name in ("step-failed", "retry", "direction", "stuck", "leftover", "held", "breaker", "not-turned")
            else log.info
        )
        data = {("what" if k == "event" else k): v for k, v in event.data.items()}
        write(
            event.name,
            migration=event.migration,
            target=event.target,
            step=event.step or None,
            resource=event.resource,
            account=event.account,
            region=event.region,
            phase=event.phase or None,
            title=event.title or None,
            at=event.at,
            **data,
        )

    return listen
