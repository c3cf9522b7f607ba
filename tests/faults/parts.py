"""Everything that the promises are tried against, as parts that each take a shape and a route."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.contract.shapes import CASES, SHAPES, planned
from tests.faults import drivers, people
from tests.faults.crashes import Tried, crash
from tests.faults.faulting import striking
from tests.faults.sampling import share_of, some_of

Every = Callable[[str, str, float, int], list[Tried]]
"""Tries a share of a part on a shape by a route, so many at once."""

SHORT = [
    ("root only", "clone"),
    ("root only", "snapshot"),
    ("root only", "copy"),
    ("unattached volume", "clone"),
    ("unattached volume", "snapshot"),
    ("unattached volume", "copy"),
    ("postgres, blue-green", "blue-green"),
    ("sql server with an option group and a managed password", "snapshot"),
    ("aurora mysql serverless v2, blue-green", "blue-green"),
    ("a multi-az db cluster", "snapshot"),
]
"""One shape for each kind and route."""


@dataclass(frozen=True)
class Part:
    """One way to try the promises. `counts`: what the record counts its trials as."""

    name: str
    counts: str
    every: Every
    short: float
    """The share that `make faults` tries; 0: a test file of its own chooses."""


def _crashing(act: str, then: str, least: float = 0.1) -> Every:
    """`least`: of the second deaths of a run that is killed again, at least so many are tried with each first one."""

    def every(shape: str, route: str, share: float, at_once: int) -> list[Tried]:
        wanted = share_of(share, shape, route, act, then)
        return crash(
            shape, route, act, [then], wanted, inner=lambda where: some_of(max(share, least), where), at_once=at_once
        )

    return every


PARTS = [
    Part("killed, resumed", "crash points", _crashing("forward", "resume"), 0.0),
    Part("killed, the journal lost, adopted", "crash points", _crashing("forward", "lost journal"), 0.05),
    Part("killed, rolled back", "crash points", _crashing("forward", "rollback"), 0.05),
    Part(
        "killed, rolled back, killed again", "crash points", _crashing("forward", "rollback that is killed too"), 0.02
    ),
    Part("killed on the way back, resumed", "crash points", _crashing("way back", "resume"), 0.15),
    Part("killed on the way back once up, resumed", "crash points", _crashing("way back once up", "resume"), 0.15),
    Part("killed in finalize, run again", "crash points", _crashing("finalize", "finalize again"), 0.2),
    Part("struck by a fault", "faults", striking("forward"), 0.0),
    Part("struck on the way back", "faults", striking("way back"), 0.0),
    Part("struck on the way back once up", "faults", striking("way back once up"), 0.0),
    Part("struck in finalize", "faults", striking("finalize"), 0.0),
    Part("the plan kept in S3", "faults", striking("kept in S3", of="s3:"), 0.0),
    Part("adopted from the plan in S3", "faults", striking("adopted from S3"), 0.0),
    Part("the window's end at each step of the cutover", "faults", striking("forward", window=True), 0.0),
]

PARTS += [
    Part("taken over while paused", "two drivers", lambda *a: drivers.every(a[0], a[1], a[2], at_once=a[3]), 0.0),
    Part("people and robots at work", "deeds", lambda *a: people.every(a[0], a[1], a[2], at_once=a[3]), 0.0),
]

KINDS = {"": "ebs-instance", "rds:": "rds-instance", "aurora:": "aurora-cluster"}


def kind_of(shape: str) -> str:
    """Return the kind of a shape's target."""
    if SHAPES[shape].prefix:
        return KINDS[SHAPES[shape].prefix]
    return planned(shape, "clone").kind


__all__ = ["CASES", "PARTS", "SHORT", "Part", "kind_of"]
