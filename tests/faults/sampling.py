"""A share of all that could be tried: spread over all of it, and always the same."""

from collections.abc import Callable
from itertools import count
from math import ceil
from zlib import crc32


def share_of(share: float, *names: str) -> Callable[..., bool]:
    """Return what wants a share of what it is asked about, each once and in the same order in every run.

    Of each 1/share in turn one is wanted; which one differs from turn to turn, and `names` draw others.
    """
    asked = count()

    def wanted(*_: object) -> bool:
        number = next(asked)
        if share <= 0 or share >= 1:
            return share >= 1
        turn = int(number * share + 1e-9)
        first, after = ceil(turn / share - 1e-9), ceil((turn + 1) / share - 1e-9)
        return number - first == crc32("|".join([*names, str(turn)]).encode()) % (after - first)

    return wanted


def some_of(share: float, *names: str) -> Callable[[object], bool]:
    """Return what wants about a share of what it is asked about, by its name: in a fork, where there is nobody to count for all."""

    def wanted(one: object) -> bool:
        return crc32("|".join([*names, str(one)]).encode()) < share * 2**32

    return wanted
