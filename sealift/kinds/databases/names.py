"""What databases are called while their names change hands."""

LONGEST = 63
"""Characters of a DB instance or cluster identifier."""

OLD, NEW = "-sealift-old", "-sealift-new"


def switched_over(name: str) -> str:
    """Return what a switchover calls the old side, where that name is free."""
    return f"{name}-old1"


def set_aside(name: str, suffix: str = OLD) -> str:
    """Return what a database is called when its name has been given away."""
    return name[: LONGEST - len(suffix)].rstrip("-") + suffix
