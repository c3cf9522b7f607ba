"""The Prefect runner where Prefect is in trouble: the step is done all the same, and once."""

from typing import Any

import pytest
from prefect.exceptions import Pause

from sealift.errors import CallError, Retry, SealiftError
from sealift.step import Phase
from sealift.steps import StopInstance
from tasks import runner

STEP = StopInstance(key="stop", phase=Phase.CUTOVER, instance="i-0123456789abcdef0", deadline=900)


class Tried:
    """An attempt that fails as told, and counts."""

    def __init__(self, *errors: Exception) -> None:
        self.step, self.errors, self.tries = STEP, list(errors), 0

    async def __call__(self) -> None:
        self.tries += 1
        if self.errors:
            raise self.errors.pop(0)

    def will_retry(self, error: BaseException) -> bool:
        return isinstance(error, CallError)


def throttled() -> CallError:
    return CallError("slow down", operation="ec2:StopInstances", retry=Retry.THROTTLED)


def broken(monkeypatch: pytest.MonkeyPatch, trouble: BaseException, *, after: bool) -> None:
    """Let Prefect fail with `trouble`, before the attempt or after it."""

    def with_options(**_: Any) -> Any:
        async def run(quoted: Any) -> None:
            if after:
                await quoted.unquote()()
            raise trouble

        return run

    monkeypatch.setattr(runner.run_step, "with_options", with_options)


@pytest.mark.parametrize("trouble", [RuntimeError("no server"), Pause("suspended in the UI")])
async def test_without_prefect_the_step_is_done_in_a_plain_loop(
    monkeypatch: pytest.MonkeyPatch, trouble: BaseException
) -> None:
    """A lost server, or somebody who suspends the run while a workload is down, stops nothing."""
    broken(monkeypatch, trouble, after=False)
    attempt = Tried(throttled())

    await runner.prefect_runner(STEP, attempt)

    assert attempt.tries == 2


async def test_trouble_after_the_step_asks_the_attempt_again_which_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    """The attempt is called once more; a step that is done in the journal does nothing then."""
    broken(monkeypatch, RuntimeError("no server"), after=True)
    attempt = Tried()

    await runner.prefect_runner(STEP, attempt)

    assert attempt.tries == 2


async def test_what_the_step_raised_for_good_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error that is not tried again ends the loop as it would without Prefect."""
    broken(monkeypatch, RuntimeError("no server"), after=False)

    with pytest.raises(SealiftError, match="no such instance"):
        await runner.prefect_runner(STEP, Tried(SealiftError("no such instance")))


def test_task_runs_carry_no_tags() -> None:
    """Prefect asks its server for a slot for each tag before a task runs: a cutover must not wait for that."""
    assert runner.run_step.tags == set()
    assert runner.run_step.timeout_seconds is None
    assert runner.run_step.persist_result is False
    assert runner.run_step.retry_delay_seconds in (0, None)
