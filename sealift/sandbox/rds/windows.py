"""Maintenance windows: when what is pending takes effect by itself."""

from datetime import UTC, datetime, timedelta

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def next_window(at: float, window: str) -> float:
    """Return when the next maintenance window begins (`sun:05:00-sun:05:30`)."""
    day, hour, minute = window[:3].lower(), int(window[4:6]), int(window[7:9])
    now = datetime.fromtimestamp(at, UTC)
    start = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
    start += timedelta(days=(_DAYS.index(day) - now.weekday()) % 7)
    return (start if start.timestamp() > at else start + timedelta(days=7)).timestamp()
