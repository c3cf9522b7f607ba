"""Say what happens at the gate of migrations. The row in the journal is all that counts; no run is paused in Prefect."""

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from sealift.parameters import ApproveRun
from tasks.decisions import decide
from tasks.driver import driving
from tasks.endings import state_of


@flow(name="approve", flow_run_name="{params.says}", persist_result=False)
async def approve(params: ApproveRun) -> State[Any]:
    """Approve, postpone or refuse the cutover of migrations that wait at their gate.

    A run that waits goes on by itself within seconds; one that was left there goes on with `resume`.
    """
    async with driving() as drive:
        return state_of(*await decide(drive.driver, params))
