"""The clocks."""

import asyncio
import time

import pytest

from sealift.clock import EPOCH_OF_TESTS, VirtualClock, WallClock, actor, side_by_side


async def test_virtual_time_jumps_to_the_earliest_wake_up() -> None:
    """A year of sleep takes no time, and lanes wake in the order of their moments."""
    clock, order = VirtualClock(), []

    async def lane(name: str, seconds: float) -> None:
        await clock.sleep(seconds)
        order.append((name, clock.now() - EPOCH_OF_TESTS))

    began = time.monotonic()
    with actor(clock):
        await side_by_side(clock, [lane("slow", 31_536_000), lane("fast", 10), lane("middle", 60)])
    assert [("fast", 10), ("middle", 60), ("slow", 31_536_000)] == order
    assert time.monotonic() - began < 5


async def test_time_stands_still_while_an_actor_is_awake() -> None:
    """As long as one lane works, no sleeper is woken, however often the loop turns."""
    clock, seen = VirtualClock(), []

    async def busy() -> None:
        for _ in range(50):
            await asyncio.sleep(0)
        seen.append(clock.now())

    async def idle() -> None:
        await clock.sleep(5)
        seen.append(clock.now())

    with actor(clock):
        await side_by_side(clock, [idle(), busy()])
    assert [EPOCH_OF_TESTS, EPOCH_OF_TESTS + 5] == seen


async def test_side_by_side_returns_results_and_errors_in_order() -> None:
    """One lane that fails cancels no other; each has its place in the answer."""
    clock = VirtualClock()

    async def lane(n: int) -> int:
        await clock.sleep(10 - n)
        if n == 1:
            raise ValueError("one")
        return n

    with actor(clock):
        ends = await side_by_side(clock, [lane(n) for n in range(3)])
    assert (0, "one", 2) == (ends[0], str(ends[1]), ends[2])


async def test_side_by_side_of_nothing_is_nothing() -> None:
    """No lanes, no wait."""
    assert [] == await side_by_side(VirtualClock(), [])


async def test_the_caller_is_awake_again_after_its_lanes() -> None:
    """The count passes to the lanes and comes back: the next sleep of the caller moves time again."""
    clock = VirtualClock()
    with actor(clock):
        await side_by_side(clock, [clock.sleep(1), clock.sleep(2)])
        await clock.sleep(3)
    assert EPOCH_OF_TESTS + 5 == clock.now()


async def test_a_cancelled_sleeper_does_not_stop_time() -> None:
    """A sleeper that was cancelled is no longer waited for; the others go on."""
    clock = VirtualClock()

    async def cancelled() -> None:
        with actor(clock):
            await clock.sleep(100)

    with actor(clock):
        task = asyncio.ensure_future(cancelled())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await clock.sleep(500)
    assert EPOCH_OF_TESTS + 500 == clock.now()


def test_a_negative_sleep_is_none() -> None:
    """Time never runs backwards."""
    clock = VirtualClock()

    async def go() -> None:
        with actor(clock):
            await clock.sleep(-5)

    asyncio.run(go())
    assert EPOCH_OF_TESTS == clock.now()


async def test_time_advanced_by_hand_wakes_who_is_due() -> None:
    """For tests and consoles: everything due on the way happens at its own moment."""
    clock, woken = VirtualClock(), []

    async def lane() -> None:
        with actor(clock):
            await clock.sleep(5)
            woken.append(clock.now())

    clock.enter()  # somebody else is awake: time does not move by itself
    task = asyncio.ensure_future(lane())
    await asyncio.sleep(0)
    clock.advance(3)
    await asyncio.sleep(0)
    assert [] == woken
    clock.advance(3)
    await task
    assert ([EPOCH_OF_TESTS + 6], EPOCH_OF_TESTS + 6) == (woken, clock.now())


async def test_a_wall_clock_follows_a_sandbox_that_is_faster_than_life() -> None:
    """From the moment that the sandbox said, at its speed."""
    clock = WallClock()
    clock.follow(1000.0, 3600.0)
    began = time.monotonic()
    await clock.sleep(60)
    assert (True, True) == (time.monotonic() - began < 1, 1060 <= clock.now() < 1060 + 3600)
