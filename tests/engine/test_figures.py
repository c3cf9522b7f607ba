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


@pytest.mark.parametrize("name", [n for n in databases.CASES if n not in databases.LONG])
def test_writers_and_readers_get_nothing_for_as_long_as_planned(name: str) -> None:
    """With jitter off, writer-down and reader-down are within 10 % of what clients see, and within the worst that is planned."""
    found = databases.measure(name)

    assert databases.BOUND >= found.off
    assert found.honest


@pytest.mark.parametrize("name", ["postgres, blue-green", "aurora postgresql, blue-green"])
def test_blue_green_is_independent_of_size(name: str) -> None:
    """A switchover takes as long for 4 TiB as for 20 GiB."""
    small, large = databases.measure(name), databases.measure(f"{name}, 4 TiB")

    assert (small.writers, small.readers) == (large.writers, large.readers)
    assert small.writers_planned == large.writers_planned
