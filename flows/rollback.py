"""Put the original of a migration back."""

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from sealift.parameters import RollbackRun
from tasks.driver import driving
from tasks.endings import state_of
from tasks.runner import prefect_runner


@flow(name="rollback", flow_run_name="roll back {params.migration}", persist_result=False)
async def rollback(params: RollbackRun) -> State[Any]:
    """Put the original back, at any stage before `finalize`.

    Once the workload has run on its replacement, the writes made since stay behind in a snapshot, and you have to say
    so.
    """
    async with driving() as drive:
        outcome = await drive.driver.rollback(
            params.migration,
            discard_writes=params.discard_writes,
            salvage=not params.without_safety_snapshot,
            runner=prefect_runner,
        )
        return state_of(drive.end(outcome))
