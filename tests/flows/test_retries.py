"""What is tried again shows in Prefect with its reason: as a line of the task run's log, and as an artifact of the run."""

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import LogFilter, LogFilterFlowRunId
from prefect.logging.handlers import APILogHandler

from flows.ebs import migrate_instance
from sealift.parameters import MigrateInstance
from sealift.sandbox.faults import Fault
from tests.flows.conftest import Flows
from tests.world import ACKS, KEY


async def test_a_retry_carries_its_reason(flows: Flows) -> None:
    """Operation, code, class and wait, at the task run of the step that is tried again; the step is one task run all the same."""
    flows.world.box.faults.add(Fault(operation="ec2:AttachVolume", code="RequestLimitExceeded", times=2))
    form = MigrateInstance(target=flows.world.instance(), key=KEY, acks=list(ACKS), approve=True)

    run = await flows.run(migrate_instance, form)

    assert run.outcome is not None
    assert run.outcome.exit_code == 0, run.message
    await APILogHandler.aflush()
    wanted = LogFilter(flow_run_id=LogFilterFlowRunId(any_=[run.state.state_details.flow_run_id]))
    async with get_client() as client:
        lines = [line for line in await client.read_logs(wanted) if "event='retry'" in line.message]
    assert len(lines) == 2
    assert all("RequestLimitExceeded" in line.message and "retry='throttled'" in line.message for line in lines)
    assert None not in {line.task_run_id for line in lines}
    assert len({line.task_run_id for line in lines}) == 1
    (shown,) = [data for key, data in (await run.artifacts()).items() if key.startswith("tried-again-")]
    assert "failed 2 times so far" in shown
    assert "RequestLimitExceeded" in shown
    tried = [
        (name, count)
        for event, name, count in flows.seen
        if event.name == "step-done" and event.step.startswith("attach:")
    ]
    assert [count for _, count in tried] == [3]
