"""Look every day whether what is retained is as it should be."""

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from sealift.parameters import VerifyRun
from tasks.artifacts import later, publish_verdicts
from tasks.driver import driving
from tasks.endings import verdict_of


@flow(name="verify", flow_run_name="{params.says}", persist_result=False)
async def verify(params: VerifyRun) -> State[Any]:
    """Read again whether replacements serve under the key, and whether their sources are still fenced off. Changes nothing.

    Without ids: every migration that is retained, which is what its schedule does each day until `finalize`. The run fails
    where one is not as it should be, and its message names each of them.
    """
    async with driving() as drive:
        outcomes = await drive.driver.verify_each(params.migrations)
        if outcomes:
            later("verdicts", lambda: publish_verdicts(outcomes))
        return verdict_of(outcomes)
