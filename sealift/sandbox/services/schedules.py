"""When a schedule is due: AWS's cron expressions and DLM's intervals, in UTC."""

import functools
import re
from datetime import UTC, date, datetime, timedelta

DAYS_AHEAD = 5 * 366
_NAMES = {name: n for n, name in enumerate(("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"), 1)}
_NAMES |= {
    name: n
    for n, name in enumerate(("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"), 1)
}
_RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (1, 7), (1970, 2199))


@functools.lru_cache(maxsize=64)
def cron(expression: str) -> tuple[frozenset[int], ...]:
    """Read `cron(minutes hours day-of-month month day-of-week year)`; ValueError where it is none."""
    match = re.fullmatch(r"cron\((.*)\)", expression.strip())
    fields = match.group(1).split() if match else []
    if len(fields) != 6:
        raise ValueError(f"not a cron expression: {expression}")
    return tuple(_values(text, low, high) for text, (low, high) in zip(fields, _RANGES, strict=True))


def _values(text: str, low: int, high: int) -> frozenset[int]:
    found: set[int] = set()
    for part in text.upper().split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        begin = low if first in ("*", "?") else _number(first)
        end = _number(last) if last else high if step or first in ("*", "?") else begin
        found |= set(range(begin, end + 1, int(step or 1)))
    return frozenset(found)


def _number(text: str) -> int:
    return _NAMES[text] if text in _NAMES else int(text)


def after_cron(expression: str, at: float) -> float | None:
    """Return when a cron expression is due next after `at`; None: not within five years."""
    minutes, hours, days, months, weekdays, years = cron(expression)
    now = datetime.fromtimestamp(at, UTC)
    for ahead in range(DAYS_AHEAD):
        day = now.date() + timedelta(days=ahead)
        if day.year in years and day.month in months and day.day in days and day.isoweekday() % 7 + 1 in weekdays:
            due = _within(day, hours, minutes, at)
            if due is not None:
                return due
    return None


def _within(day: date, hours: frozenset[int], minutes: frozenset[int], at: float) -> float | None:
    for hour in sorted(hours):
        for minute in sorted(minutes):
            due = datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC).timestamp()
            if due > at:
                return due
    return None


def after_interval(hours: int, clock: str | None, begun: float, at: float) -> float:
    """Return the next time after `at`, every so many hours from `clock` (`09:00`), or from when it was begun."""
    midnight = datetime.fromtimestamp(begun, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if clock:
        first = midnight + timedelta(hours=int(clock[:2]), minutes=int(clock[3:5]))
    else:
        first = datetime.fromtimestamp(begun, UTC) + timedelta(hours=1)
    anchor, step = first.timestamp(), 3600.0 * hours
    return anchor + step * ((at - anchor) // step + 1)
