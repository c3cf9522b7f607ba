"""Go on with a migration from where it rests."""

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from sealift.parameters import ResumeRun
from tasks.driver import driving
from tasks.endings import state_of
from tasks.runner import prefect_runner


@flow(name="resume", flow_run_name="resume {params.migration}", persist_result=False)
async def resume(params: ResumeRun) -> State[Any]:
    """Go on with a migration from where it rests, in its direction: after a crash, at its gate, or for another
    attempt.
    """
    async with driving() as drive:
        no_wait = not params.wait_at_gate
        return state_of(drive.end(await drive.driver.resume(params.migration, no_wait=no_wait, runner=prefect_runner)))
