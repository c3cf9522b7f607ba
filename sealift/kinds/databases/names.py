"""What databases are called while their names change hands."""

import hashlib
from collections import Counter
from collections.abc import Iterable

LONGEST = 63
"""Characters of a DB instance or cluster identifier."""

OLD, NEW = "-sealift-old", "-sealift-new"
DIGEST = 8


def switched_over(name: str) -> str:
    """Return what a switchover calls the old side, where that name is free."""
    return f"{name}-old1"


def set_aside(name: str, suffix: str = OLD) -> str:
    """Return what a database is called when its name has been given away.

    A name that has to be cut is told by a digest of the whole: what differs in the last characters, as members of a cluster
    do, would be one name else.
    """
    if len(name) + len(suffix) <= LONGEST:
        return name + suffix
    suffix = f"-{hashlib.sha256(name.encode()).hexdigest()[:DIGEST]}{suffix}"
    return name[: LONGEST - len(suffix)].rstrip("-") + suffix


def asides(names: Iterable[str]) -> list[str]:
    """Return every name that these databases may be given on the way forward or back."""
    return [set_aside(name, suffix) for name in names for suffix in (OLD, NEW)]


def twice(names: Iterable[str]) -> list[str]:
    """Return those names that would be given to more than one database."""
    return [name for name, times in Counter(names).items() if times > 1]
