"""Spans of time as people say them."""


def span(seconds: float) -> str:
    """Return a duration as people say it: 45 s, 12 min, 3.5 h, 14 d."""
    for size, unit in ((172800, "d"), (5400, "h"), (90, "min")):
        if seconds >= size:
            per = {"d": 86400, "h": 3600, "min": 60}[unit]
            return f"{seconds / per:.1f}".removesuffix(".0") + f" {unit}"
    return f"{seconds:.0f} s"
