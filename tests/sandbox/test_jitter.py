"""Seeded jitter: durations are spread, the same way for the same seed."""

import pytest

from sealift.sandbox import Durations, Sandbox


def charged(seed: int, jitter: float) -> list[float]:
    """What twenty snapshots of equal volumes take."""
    with Sandbox(seed=seed, durations=Durations(jitter=jitter)) as box:
        ec2 = box.client("ec2")
        for _ in range(20):
            ec2.create_snapshot(VolumeId=box.add_volume(size_gib=10))
        return [c.seconds for c in box.charges]


def test_jitter_stays_within_its_fraction_and_follows_the_seed():
    """A fraction of each duration, up or down; no two alike; the same seed, the same seconds."""
    plain = Durations().snapshot(10 * 1024)
    taken = charged(1, 0.2)
    assert all(0.8 * plain <= s <= 1.2 * plain for s in taken)
    assert len(set(taken)) == 20
    assert taken == charged(1, 0.2) != charged(2, 0.2)


def test_without_jitter_equal_things_take_equally_long():
    """The default."""
    assert charged(1, 0.0) == [pytest.approx(Durations().snapshot(10 * 1024))] * 20
