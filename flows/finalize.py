"""End the retention of a migration. Irreversible."""

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from sealift.parameters import FinalizeRun
from tasks.artifacts import later, publish_lists
from tasks.driver import driving
from tasks.endings import state_of
from tasks.runner import prefect_runner


@flow(name="finalize", flow_run_name="finalize {params.migration}", persist_result=False)
async def finalize(params: FinalizeRun) -> State[Any]:
    """Delete the plain sources and snapshots of a migration, once its retention has passed and its replacements are
    sound.

    Irreversible. An artifact lists what is gone, what goes by itself, and what stays until somebody acts.
    """
    async with driving() as drive:
        outcome, lists = await drive.driver.finalize(params.migration, runner=prefect_runner)
        drive.end(outcome)
        if any(lists.values()):
            later("lists", lambda: publish_lists(params.migration, lists))
        return state_of(outcome)
