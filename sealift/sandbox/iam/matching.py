"""Wildcards and ARNs, as policies compare them."""

import functools
import re


@functools.lru_cache(4096)
def _pattern(pattern: str, ignore_case: bool) -> re.Pattern[str]:
    body = "".join(".*" if c == "*" else "." if c == "?" else re.escape(c) for c in pattern)
    return re.compile(body, re.DOTALL | (re.IGNORECASE if ignore_case else 0))


def wild(pattern: str, value: str, ignore_case: bool = False) -> bool:
    """Match `*` and `?`."""
    return bool(_pattern(pattern, ignore_case).fullmatch(value))


def arn_matches(pattern: str, arn: str) -> bool:
    """Match an ARN part by part; `*` alone matches all, and nothing else matches the resource `*`."""
    if pattern == "*":
        return True
    wanted, given = pattern.split(":", 5), arn.split(":", 5)
    return len(wanted) == len(given) == 6 and all(wild(w, g) for w, g in zip(wanted, given, strict=True))
