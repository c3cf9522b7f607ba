"""How fast, and how often again."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealift.clock import EPOCH_OF_TESTS, VirtualClock, actor
from sealift.errors import Retry
from sealift.pace import JITTER, RETRIES, Again, Bucket, Delays, Pace

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
    delays, draw = Delays(1, 2, 15), random.Random(1)  # noqa: S311 - jitter
    middle = min(15, 2 ** (tries - 1))
    assert all(0.75 * middle <= delays.delay(tries, draw) <= 1.25 * middle for _ in range(50))


def test_there_is_one_row_for_each_retry_class() -> None:
    """Refused and fatal errors are not tried again; every other class has its delays."""
    assert set(Retry) == set(RETRIES)
    assert {Retry.REFUSED, Retry.FATAL} == {r for r, again in RETRIES.items() if again is None}


TRIED = [(r, again) for r, again in RETRIES.items() if again is not None]


@pytest.mark.parametrize(("retry", "again"), TRIED)
def test_what_is_down_waits_no_longer_than_what_is_served_and_comes_home_the_most_patiently(
    retry: Retry, again: Again
) -> None:
    """Forward, a workload that is down waits for no error longer than five minutes, and for a quota never; on its way home longer."""
    assert again.down <= min(again.served, 300)
    assert again.home > again.down
    assert (again.down == 0) == (retry is Retry.QUOTA)


@given(row=st.sampled_from(TRIED), down=st.booleans(), home=st.booleans(), seed=st.integers())
def test_every_class_gives_up_by_its_deadline(row: tuple[Retry, Again], down: bool, home: bool, seed: int) -> None:
    """Whatever is drawn: waits never shrink but by jitter, none is longer than the cap and a quarter, and the sum passes the
    deadline by no more than the last of them.
    """
    _, again = row
    until, draw, waited, tries = again.until(down=down, home=home), random.Random(seed), 0.0, 0  # noqa: S311 - jitter
    longest = again.delays.cap * (1 + JITTER)
    while waited < until:
        tries += 1
        wait = again.delays.delay(tries, draw)
        assert again.delays.first * (1 - JITTER) <= wait <= longest
        waited += wait
    assert waited < until + longest if until else not waited


@given(tries=st.integers(1, 10**9), row=st.sampled_from(TRIED))
def test_no_number_of_tries_is_too_large_to_wait_for(tries: int, row: tuple[Retry, Again]) -> None:
    """After a million tries the wait is the cap, as after twenty."""
    still = random.Random(0)  # noqa: S311 - jitter
    assert row[1].delays.delay(tries, still) <= row[1].delays.cap * (1 + JITTER)


@given(seed=st.integers())
def test_those_who_were_refused_together_do_not_come_back_together(seed: int) -> None:
    """Two lanes with the same tries behind them draw different waits."""
    draw = random.Random(seed)  # noqa: S311 - jitter
    assert len({Delays(1, 2, 15).delay(3, draw) for _ in range(8)}) == 8
