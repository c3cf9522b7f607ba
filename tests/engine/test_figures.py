"""The figures that sealift promises, counted and on virtual time: nothing here depends on how fast the machine is."""

import pytest

from bench import calls, databases, downtime
from sealift.aws.gateway import Purpose


def test_requests_a_volume_stay_within_their_bounds() -> None:
    """At most 8 mutating calls and 5 polling and check reads a volume; cloud-custodian's action takes 17.6 without any check."""
    found = calls.measure(instances=10)

    assert 8 >= found.per_volume(Purpose.MUTATE)
    assert 5 >= found.per_volume(Purpose.POLL, Purpose.CHECK)


CASES = [
    ("clone", 1, 10),
    ("clone", 1, 4096),
    ("snapshot", 1, 4096),
    ("copy", 1, 10),
    ("snapshot", 8, 10),
    ("copy", 8, 10),
    ("copy", 8, 4096),
]


@pytest.mark.parametrize(("route", "volumes", "size"), CASES)
def test_little_is_added_to_the_time_that_aws_needs(route: str, volumes: int, size: int) -> None:
    """Down, less what the sandbox charges on the critical path, is at most 5 s and one poll for each wait of the route."""
    found = downtime.measure(route, volumes, size)

    assert found.bound >= found.added


@pytest.mark.parametrize("route", ["snapshot", "copy"])
def test_the_volumes_of_an_instance_run_side_by_side(route: str) -> None:
    """Eight volumes are down for no longer than one, but for the root that is detached alone before the others."""
    one, eight = downtime.measure(route, 1, 10), downtime.measure(route, 8, 10)

    assert one.down + 2 * downtime.POLL >= eight.down


@pytest.mark.parametrize(
    ("route", "replicas", "size"), [c for c in databases.CASES if c[2] < 100 or c[0] == "snapshot"]
)
def test_writers_and_readers_are_down_for_as_long_as_planned(route: str, replicas: int, size: int) -> None:
    """With jitter off, writer-down and reader-down are within 10 % of the plan, which adds up every step from the fence on."""
    found = databases.measure(route, replicas, size)

    assert databases.BOUND >= found.off


def test_blue_green_is_independent_of_size() -> None:
    """A switchover takes as long for 4,000 GiB as for 20."""
    small, large = databases.measure("blue-green", 0, 20), databases.measure("blue-green", 0, 4000)

    assert large.writers <= small.writers * (1 + databases.BOUND)
