"""What every flow that migrates does: plan, gate, walk."""

from typing import Any

from prefect.client.schemas.objects import State

from sealift.driver import Outcome
from sealift.parameters import Migrate
from tasks.artifacts import later, publish_plan
from tasks.driver import driving
from tasks.endings import state_of
from tasks.runner import prefect_runner


async def migrated(params: Migrate, kind: str) -> State[Any]:
    """Migrate a target of a kind as the form asks, or publish its plan; return the state that the flow run ends in."""
    async with driving(params.region, params.notify) as drive:
        plan = await drive.plan(params, kind)
        if params.dry_run:
            await publish_plan(plan)
            shown = Outcome(plan.target, "", 0, f"{plan.target}: {plan.status}; nothing was changed")
            return state_of(drive.end(shown))
        later("plan", lambda: publish_plan(plan))
        outcome = await drive.driver.migrate(
            plan,
            approved_by=drive.approved_by(params),
            no_wait=not params.wait_at_gate,
            runner=prefect_runner,
            observed=drive.handed is None or drive.handed.observed,
        )
        return state_of(drive.end(outcome))
