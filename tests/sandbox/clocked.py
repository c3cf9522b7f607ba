"""`python clocked.py URL LANES`: a process with some actors on the clock that a sandbox holds.

LANES is JSON, by lane's name what it does in turn: a number of seconds to sleep, or "work" until a line comes on stdin.
It says `joined`, holds time until a line comes, and then says each time a lane has slept: its name, and the seconds on the clock.
"""

import asyncio
import json
import sys
from typing import Any

from sealift.clock import EPOCH_OF_TESTS, HeldClock, actor, side_by_side


def say(*words: str) -> None:
    """Tell the test."""
    print(*words, flush=True)  # noqa: T201 - that is what it reads


async def lane(clock: HeldClock, name: str, deeds: list[Any]) -> None:
    """Do one thing after another."""
    for deed in deeds:
        if deed == "work":
            say(name, "works")
            sys.stdin.readline()
        else:
            await clock.sleep(deed)
            say(name, f"{clock.now() - EPOCH_OF_TESTS:g}")


async def lanes(clock: HeldClock, wanted: dict[str, list[Any]]) -> None:
    """Run all lanes side by side."""
    with actor(clock):
        clock.leave()  # the one that has held time since it joined
        for error in await side_by_side(clock, [lane(clock, name, deeds) for name, deeds in wanted.items()]):
            if error:
                raise error


if __name__ == "__main__":
    joined = HeldClock(sys.argv[1], awake=1)
    say("joined")
    sys.stdin.readline()
    asyncio.run(lanes(joined, json.loads(sys.argv[2])))
