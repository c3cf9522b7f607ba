"""The Prefect runner: one generic task that tries a step, named after it; the engine walks, Prefect shows and
repeats.

Task runs carry no tags: Prefect asks its server for a concurrency slot for each tag before a task may run, and a
migration in its cutover must not wait for, or fail with, a server.
"""

from typing import Any

import structlog
from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.exceptions import Pause
from prefect.utilities.annotations import quote

from sealift.engine import Attempt, local_runner
from sealift.step import Step

TRIES = 100_000
"""More than the deadlines of the retry classes leave room for: `will_retry` decides, Prefect never does."""


@task(name="step", cache_policy=NO_CACHE, persist_result=False, retries=TRIES, retry_delay_seconds=0, log_prints=False)
async def run_step(attempt: Attempt) -> None:
    """Try once; what is owed to the last failure is waited inside, on the engine's clock."""
    await attempt()


async def prefect_runner(step: Step, attempt: Attempt) -> None:
    """Run a step as a Prefect task run that is repeated for as long as the attempt says.

    Trouble of Prefect's own is not the migration's: the step is then done without it. The journal says what was done
    already.
    """
    given_up: list[Exception] = []

    async def again(_: Any, __: Any, state: State[Any]) -> bool:
        """Ask the attempt; awaited, or the state would hand out a coroutine and never the error."""
        try:
            await state.aresult()
        except Exception as error:  # noqa: BLE001 - whatever the step raised: the attempt judges it
            if attempt.will_retry(error):
                return True
            given_up.append(error)
        return False

    named: Any = run_step.with_options(name=type(step).__name__, task_run_name=step.title, retry_condition_fn=again)
    try:
        await named(quote(attempt))  # quoted: Prefect neither looks into it nor keeps it
    except (Exception, Pause) as trouble:  # noqa: BLE001 - a suspended run or a lost server, not the step
        if given_up:
            raise given_up[0] from None
        said = f"{type(trouble).__name__}: {trouble}"
        structlog.get_logger().warning("without-prefect", title=step.title(), error=said)
        await local_runner(step, attempt)
