"""The proof of a fence by CloudWatch alone: which minutes it goes by, and how long it waits for them (SB-RDS-47)."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from sealift.clock import VirtualClock, actor
from sealift.errors import CheckFailed
from sealift.fencing import METRIC_PATIENCE, operations
from sealift.step import Call

NOON = datetime(2027, 1, 15, 12, tzinfo=UTC).timestamp()
LATE = 60.0
"""Seconds after which a minute that has passed is shown."""


class Metrics:
    """CloudWatch, of one instance: a value for each minute, by its begin."""

    def __init__(self, clock: VirtualClock, values: Mapping[float, float]) -> None:
        self.clock, self.values = clock, values

    async def read(self, call: Call, purpose: Any) -> dict[str, Any]:
        assert call.operation == "cloudwatch:GetMetricData"
        since = call.params["StartTime"].timestamp()
        shown = {t: v for t, v in self.values.items() if since - 60 < t <= self.clock.now() - 60 - LATE}
        moments = [datetime.fromtimestamp(t, UTC) for t in shown]
        return {"MetricDataResults": [{"Timestamps": moments, "Values": list(shown.values())}]}


def done(operation: str, params: Mapping[str, Any], began: float, values: Mapping[float, float]) -> tuple[Any, float]:
    """Do something that begins at a moment; return what it answers, and how long it took."""
    clock = VirtualClock(began)
    engine: Any = SimpleNamespace(clock=clock, gateway=Metrics(clock, values))

    async def go() -> Any:
        with actor(clock):
            return await operations(lambda *_: None)[operation](engine, params)  # type: ignore[arg-type,return-value]

    return asyncio.run(go()), clock.now() - began


def proved(began: float, values: Mapping[float, float], after: str = "") -> tuple[Any, float]:
    """Take a proof."""
    params = {"databases": ["shop"], "of_cluster": False, "secret": "", "after": after}
    return done("local:ProveQuiet", params, began, values)


def minutes(*values: float) -> dict[float, float]:
    return {NOON + 60 * n: value for n, value in enumerate(values)}


def test_the_minute_in_which_the_fence_closed_proves_nothing() -> None:
    """Read before the reboot it tells of thirty connections that are gone: the minutes that began behind the fence count."""
    answer, _ = proved(NOON + 50, minutes(30, 0, 0, 0))
    assert answer["connections"] == 0


def test_a_zero_from_before_the_fence_proves_nothing_either() -> None:
    """A client may have come after that reading: whoever is there in the minutes after it has outlived the fence."""
    with pytest.raises(CheckFailed, match="2 connection"):
        proved(NOON + 50, minutes(0, 2, 2, 2))


def test_the_first_proof_waits_for_a_minute_to_pass_and_be_shown() -> None:
    """No longer: a minute, what is left of the one at hand, and CloudWatch's delay."""
    _, took = proved(NOON + 50, minutes(0, 0, 0, 0, 0, 0))
    assert 10 + 60 + LATE <= took <= 10 + 60 + LATE + 15


def test_a_later_proof_goes_by_all_minutes_since_the_first() -> None:
    """It does not wait, and one minute with a connection among them is enough to fail it."""
    answer, took = proved(NOON + 600, minutes(*[0] * 10), after=str(NOON + 50))
    assert (answer["connections"], took) == (0, 0)
    with pytest.raises(CheckFailed, match="1 connection"):
        proved(NOON + 600, minutes(5, 0, 0, 1, 0, 0, 0, 0, 0, 0), after=str(NOON + 50))


def test_what_is_never_shown_cannot_be_proved() -> None:
    """A metric that stays away is no zero."""
    with pytest.raises(CheckFailed, match="cannot be proved"):
        proved(NOON, {})
    assert METRIC_PATIENCE > 2 * 60 + LATE


def caught_up(values: Mapping[float, float]) -> tuple[Any, float]:
    params = {"database": "green", "most": 5.0, "metric": "AuroraBinlogReplicaLag", "unit": "s"}
    return done("local:AwaitLag", params, NOON, values)


def test_a_lag_is_waited_for_until_it_is_small() -> None:
    """SB-AUR-47: by the metric that tells it; -1 says that nothing is replicated, not that nothing is behind."""
    answer, took = caught_up(minutes(900, 300, -1, -1, 4, 2))
    assert answer["lag"] == 4
    assert took >= 4 * 60


def test_a_lag_that_stays_fails_before_anything_is_down() -> None:
    """After six hours the message says which metric it was, and where it stood."""
    with pytest.raises(CheckFailed, match="AuroraBinlogReplicaLag of green is 900 s"):
        caught_up(minutes(*[900] * 400))
