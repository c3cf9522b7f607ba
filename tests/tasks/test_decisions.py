"""What is said at the gate in Prefect carries the time of the account that it is about."""

from dataclasses import replace
from typing import Any

import pytest

from sealift.parameters import ApproveRun
from tasks.decisions import decide
from tests.world import ROOT, World


async def test_an_approval_carries_the_time_of_a_sandbox(instant: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where an endpoint is set it is asked first what time it is: the row is not written on the worker's own clock."""
    plan = await instant.plan(instant.instance(ROOT), route="clone")
    left = await instant.act(instant.driver.migrate(plan, no_wait=True, observed=True))
    began = instant.clock.now()

    async def identity(*_: Any, **__: Any) -> str:
        instant.clock.advance(5000)  # as an answer of a sandbox that is ahead would
        return "123456789012"

    instant.driver.settings = replace(instant.driver.settings, endpoint_url="http://sandbox")
    monkeypatch.setattr(instant.driver.account, "identity", identity)
    (said,) = await decide(instant.driver, ApproveRun(migrations=[left.migration], by="ada"))

    (row,) = [e for e in instant.driver.journal.entries(left.migration) if e.what == "approved"]
    assert (0, 5000) == (said.exit_code, row.at - began)
