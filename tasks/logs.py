"""Events in Prefect's run log: the same lines as on stderr, for whoever looks at a run in the UI.

They take a way of their own beside the process's structlog configuration, so that a live view, a quiet console or
Prefect's patched `print` keep nothing from the run log.
"""

from typing import Any

import structlog
from prefect.exceptions import MissingContextError
from prefect.logging import get_run_logger

from sealift import logs
from sealift.events import Listener

_ORDER = ["event", "title", "resource", "migration", "step", "target", "account", "region", "phase"]


class RunLog:
    """A logger that hands lines to the log of the run that is under way, and nowhere where there is none."""

    def __init__(self, *_: Any) -> None:
        pass

    def info(self, line: str) -> None:
        """Hand over an ordinary line."""
        self._hand("info", line)

    def warning(self, line: str) -> None:
        """Hand over a line that someone should see."""
        self._hand("warning", line)

    def _hand(self, level: str, line: str) -> None:
        try:
            getattr(get_run_logger(), level)(line)
        except MissingContextError:
            return


def _without_gaps(_: Any, __: str, line: structlog.typing.EventDict) -> structlog.typing.EventDict:
    return {k: v for k, v in line.items() if v not in (None, "", {})}


def run_log() -> Listener:
    """Return a listener that writes every event to Prefect's run log."""
    log = structlog.wrap_logger(
        RunLog(),
        processors=[
            structlog.contextvars.merge_contextvars,
            logs.hide_secrets,
            _without_gaps,
            structlog.processors.KeyValueRenderer(key_order=_ORDER, drop_missing=True),
        ],
        wrapper_class=structlog.make_filtering_bound_logger("info"),
        cache_logger_on_first_use=False,
    )
    return logs.listener(lambda: log)
