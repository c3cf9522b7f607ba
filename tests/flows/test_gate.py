"""The gate: a run that waits, a run that was left there, and what people say."""

import asyncio
from datetime import UTC, datetime

from flows.approve import approve
from flows.ebs import migrate_instance
from flows.resume import resume
from sealift.clock import actor
from sealift.parameters import ApproveRun, Decision, MigrateInstance, ResumeRun
from tasks.driver import handing
from tests.flows.conftest import Flows, Run
from tests.world import ACKS, KEY


def form(target: str, **more: object) -> MigrateInstance:
    return MigrateInstance.model_validate({"target": target, "key": KEY, "acks": list(ACKS), **more})


async def left_at_gate(flows: Flows) -> tuple[str, Run]:
    run = await flows.run(migrate_instance, form(flows.world.instance(), wait_at_gate=False))
    assert run.outcome is not None
    return run.outcome.migration, run


async def test_a_run_left_at_its_gate_is_prepared_and_says_how_to_go_on(flows: Flows) -> None:
    """Exit 3 is no failure: the run is Completed, named Prepared, and an artifact leads to the approval."""
    migration, run = await left_at_gate(flows)

    assert (run.name, run.state.is_completed()) == ("Prepared", True)
    assert "waits for an approval" in run.message
    told = (await run.artifacts())[f"gate-{migration}"]
    assert f"sealift approve {migration}" in told
    assert flows.world.calls("Stop") == []


async def test_an_approval_lets_resume_go_on(flows: Flows) -> None:
    """approve writes the row, resume reads it."""
    migration, _ = await left_at_gate(flows)

    said = await flows.run(approve, ApproveRun(migrations=[migration], reason="CHG-1", by="ada"))
    run = await flows.run(resume, ResumeRun(migration=migration))

    state = flows.world.state(migration)
    assert (said.name, run.name, state.end) == ("Completed", "Completed", "retained")
    assert state.approved == {"by": "ada", "why": "CHG-1"}


async def test_a_refusal_cleans_up_what_was_prepared(flows: Flows) -> None:
    """After refuse, resume goes back; no workload was touched."""
    migration, _ = await left_at_gate(flows)

    await flows.run(approve, ApproveRun(migrations=[migration], decision=Decision.REFUSE, reason="not today"))
    run = await flows.run(resume, ResumeRun(migration=migration))

    assert run.state.is_failed()
    assert "not today" in run.message
    assert (flows.world.state(migration).end, flows.world.snapshots()) == ("rolled-back", {})
    assert flows.world.calls("Stop") == []


async def test_a_waiting_run_goes_on_by_itself_once_it_is_approved(flows: Flows) -> None:
    """The engine reads the row; the run was never paused in Prefect. A postponement is waited out."""
    world = flows.world
    until = world.clock.now() + 2 * 3600 + 7200

    async def somebody() -> None:
        with actor(world.clock), handing(world.driver):
            while not any(e.name == "gate" for e, _, _ in flows.seen):
                await world.clock.sleep(5)
            (migration,) = (m["id"] for m in world.driver.journal.migrations())
            moment = datetime.fromtimestamp(until, UTC)
            later = ApproveRun(migrations=[migration], decision=Decision.POSTPONE, until=moment)
            await approve(later, return_state=True)
            await approve(ApproveRun(migrations=[migration]), return_state=True)

    run, _ = await asyncio.gather(flows.run(migrate_instance, form(world.instance())), somebody())

    assert run.outcome is not None
    state = world.state(run.outcome.migration)
    assert (run.name, state.end) == ("Completed", "retained")
    assert state.quiesced is not None
    assert state.quiesced >= until


async def test_a_decision_that_comes_too_late_fails_but_the_others_count(flows: Flows) -> None:
    """One form, several migrations: each gets its row or its reason."""
    migration, _ = await left_at_gate(flows)
    done = await flows.run(migrate_instance, form(flows.world.instance(), approve=True))
    assert done.outcome is not None

    said = await flows.run(approve, ApproveRun(migrations=[done.outcome.migration, migration]))

    assert said.state.is_failed()
    assert "past its gate" in said.message
    assert flows.world.state(migration).approved is not None
