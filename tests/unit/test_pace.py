"""How fast, and how often again."""

import random

import pytest

from sealift.clock import EPOCH_OF_TESTS, VirtualClock, actor
from sealift.errors import Retry
from sealift.pace import RETRIES, Bucket, Delays, Pace

PLACE = ("111111111111", "eu-central-1")


def test_a_bucket_lets_a_burst_through_and_then_its_rate() -> None:
    """Five at once, then two a second."""
    bucket = Bucket(5, 2)
    assert [0, 0, 0, 0, 0, 0.5, 1.0] == [bucket.wait(0.0) for _ in range(7)]


def test_a_bucket_fills_up_to_its_size() -> None:
    """An hour of silence saves no more than the burst."""
    bucket = Bucket(2, 1)
    for _ in range(2):
        bucket.wait(0.0)
    assert [0, 0, 1.0] == [bucket.wait(3600.0) for _ in range(3)]


async def test_turns_are_waited_on_the_injected_clock() -> None:
    """Calls of one operation in one place share a bucket; another Region has its own."""
    clock = VirtualClock()
    pace = Pace(clock)
    with actor(clock):
        for _ in range(5):
            await pace.turn(PLACE, "ec2:StartInstances", 3, 1)
        after = clock.now() - EPOCH_OF_TESTS
        await pace.turn(("111111111111", "us-east-1"), "ec2:StartInstances", 3, 1)
    assert (2.0, 2.0) == (after, clock.now() - EPOCH_OF_TESTS)


async def test_a_throttle_halves_the_rate() -> None:
    """AWS said that it was too much: half as fast from then on."""
    clock = VirtualClock()
    pace = Pace(clock)
    with actor(clock):
        await pace.turn(PLACE, "ec2:CopyVolumes", 10, 4)
        pace.throttled(PLACE, "ec2:CopyVolumes")
        began = clock.now()
        for _ in range(4):
            await pace.turn(PLACE, "ec2:CopyVolumes", 10, 4)
    assert 2.0 == clock.now() - began


async def test_processes_share_an_accounts_rate() -> None:
    """With four workers each takes a quarter of the bucket and of its refill."""
    clock = VirtualClock()
    pace = Pace(clock, share=4)
    with actor(clock):
        for _ in range(3):
            await pace.turn(PLACE, "ec2:CopyVolumes", 8, 4)
    assert 1.0 == clock.now() - EPOCH_OF_TESTS


@pytest.mark.parametrize("tries", range(1, 12))
def test_delays_grow_to_their_cap_with_a_quarter_of_jitter(tries: int) -> None:
    """first x factor^(n-1), at most the cap."""
    delays, draw = Delays(1, 2, 15, 300), random.Random(1)  # noqa: S311 - jitter
    middle = min(15, 2 ** (tries - 1))
    assert all(0.75 * middle <= delays.delay(tries, draw) <= 1.25 * middle for _ in range(50))


def test_there_is_one_row_for_each_retry_class() -> None:
    """Refused and fatal errors are not tried again; every other class has its delays."""
    assert set(Retry) == set(RETRIES)
    assert {Retry.REFUSED, Retry.FATAL} == {r for r, delays in RETRIES.items() if delays is None}
