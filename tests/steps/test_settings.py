"""What a restore cannot be told is waited for as it is shown, under whichever name, and not by the status word alone."""

from typing import Any

import pytest

from sealift.step import Phase
from sealift.steps import SetAttributes


def ready(settings: str, *, of_cluster: bool = False, **shown: Any) -> bool:
    step = SetAttributes(
        key="settings",
        phase=Phase.CUTOVER,
        database="new",
        resource_id="db-1",
        settings=settings,
        of_cluster=of_cluster,
    )
    status = {"Status": "available"} if of_cluster else {"DBInstanceStatus": "available"}
    watch = step.ready({})
    assert watch.deadline
    return watch.judge({**status, **shown}).done


INSIGHTS = '{"EnablePerformanceInsights":true,"PerformanceInsightsRetentionPeriod":31}'
WINDOW = '{"PreferredMaintenanceWindow":"sun:03:00-sun:03:30"}'


@pytest.mark.parametrize(
    ("settings", "shown", "done"),
    [
        (INSIGHTS, {"PerformanceInsightsEnabled": False}, False),
        (INSIGHTS, {"PerformanceInsightsEnabled": True, "PerformanceInsightsRetentionPeriod": 7}, False),
        (INSIGHTS, {"PerformanceInsightsEnabled": True, "PerformanceInsightsRetentionPeriod": 31}, True),
        (WINDOW, {"PreferredMaintenanceWindow": "mon:03:00-mon:03:30"}, False),
        (WINDOW, {"PreferredMaintenanceWindow": "sun:03:00-sun:03:30"}, True),
        ('{"MaxAllocatedStorage":1000}', {}, False),
        ('{"MaxAllocatedStorage":1000}', {"MaxAllocatedStorage": 1000}, True),
    ],
)
def test_settings_of_an_instance_are_waited_for(settings: str, shown: dict[str, Any], done: bool) -> None:
    """SB-RDS-20: an early `available` with nothing pending is no answer; switches and texts count as numbers do."""
    assert ready(settings, **shown) is done


@pytest.mark.parametrize(("status", "done"), [("disabled", False), ("enabled", True)])
def test_settings_of_a_cluster_are_waited_for(status: str, done: bool) -> None:
    """A switch is shown under another name than it is asked for by."""
    shown = {"Engine": "aurora-mysql", "LocalWriteForwardingStatus": status}
    assert ready('{"EnableLocalWriteForwarding":true}', of_cluster=True, **shown) is done
