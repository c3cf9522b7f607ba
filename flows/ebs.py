"""Move EBS volumes under a customer-managed key: parameters, plan, gate, walk."""

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from sealift.driver import Outcome
from sealift.parameters import Migrate, MigrateInstance, MigrateVolume
from tasks.artifacts import later, publish_plan
from tasks.driver import driving
from tasks.endings import state_of
from tasks.runner import prefect_runner


@flow(name="migrate-instance", flow_run_name="{params.says}", persist_result=False)
async def migrate_instance(params: MigrateInstance) -> State[Any]:
    """Move all unencrypted volumes of an instance under a key, in one stop.

    All is prepared while the instance runs; it is stopped only after an approval. A failure before it has started
    again puts the original volumes back. The sources are kept until `finalize`.
    """
    return await _migrate(params, "ebs-instance")


@flow(name="migrate-volume", flow_run_name="{params.says}", persist_result=False)
async def migrate_volume(params: MigrateVolume) -> State[Any]:
    """Move a volume that is attached to nothing under a key. Nothing is stopped; the source is kept until `finalize`."""
    return await _migrate(params, "ebs-volume")


async def _migrate(params: Migrate, kind: str) -> State[Any]:
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
