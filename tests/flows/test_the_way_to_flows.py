"""From a command line to flow runs, and on without Prefect where it fails."""

import asyncio
import time

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey

from sealift import project
from sealift.clock import actor
from sealift.driver import Outcome
from sealift.parameters import MigrateInstance
from sealift.plan import MigrationPlan, digest
from sealift.sandbox.faults import Fault
from sealift.sandbox.seeding import VolumeSpec
from tests.flows.conftest import Flows
from tests.world import World


async def run_all(flows: Flows, plans: list[MigrationPlan], **more: object) -> list[Outcome]:
    return await project.with_prefect(flows.driver, plans, observed=True, **more)  # type: ignore[arg-type]


async def plans(world: World, number: int) -> list[MigrationPlan]:
    return [await world.plan(world.instance()) for _ in range(number)]


async def test_several_plans_run_side_by_side_as_flow_runs(flows: Flows) -> None:
    """Each plan is a flow run of its own on the same driver; every event is told once."""
    made = await plans(flows.world, 3)

    outcomes = await run_all(flows, made, approved_by="a test")

    assert [o.exit_code for o in outcomes] == [0, 0, 0]
    assert [o.target for o in outcomes] == [p.target for p in made]
    ends = [(e.migration, e.data["as"]) for e, _, _ in flows.seen if e.name == "end"]
    assert sorted(ends) == sorted((o.migration, "retained") for o in outcomes)
    assert all(name for e, name, _ in flows.seen if e.name == "step-done")


async def test_the_plan_that_was_shown_is_the_one_that_runs(flows: Flows) -> None:
    """The flow runs the plan that was read, step by step; it does not make one of its own from the form."""
    (made,) = await plans(flows.world, 1)

    (outcome,) = await run_all(flows, [made], approved_by="a test")

    journal = flows.world.driver.journal
    assert digest([journal.plan(outcome.migration)]) == digest([made.to_json()])
    assert flows.world.state(outcome.migration).approved == {"by": "a test", "digest": digest([made.to_json()])}


async def test_no_approval_leaves_it_at_the_gate(flows: Flows) -> None:
    """--no-wait without an approval ends with exit 3."""
    (outcome,) = await run_all(flows, await plans(flows.world, 1), no_wait=True)

    assert outcome.exit_code == 3


async def test_one_breaker_holds_all_flow_runs_of_a_command(flows: Flows) -> None:
    """The first run is put back, the other is left at its gate: exit 3, and an artifact that says why and how to go on."""
    bad, slow = flows.world.instance(), flows.world.instance(VolumeSpec(device="/dev/xvda", size_gib=100))
    made = [await flows.world.plan(i, route="snapshot") for i in (bad, slow)]
    flows.world.box.faults.add(Fault(operation="ec2:AttachVolume", resource=bad, code="InvalidParameterValue"))

    outcomes = await run_all(flows, made, approved_by="a test", max_failures=1)

    assert [o.exit_code for o in outcomes] == [5, 3]
    async with get_client() as client:
        mine = ArtifactFilter(key=ArtifactFilterKey(any_=[f"gate-{outcomes[1].migration}"]))
        (told,) = [str(a.data) for a in await client.read_artifacts(artifact_filter=mine)]
    assert f"held at its gate: {bad}" in told
    assert f"sealift resume {outcomes[1].migration}" in told


async def test_a_server_that_does_not_answer_is_gone_without(
    flows: Flows, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The server that is named is dead: the migration runs with the local runner, and stderr says so."""
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    began = time.monotonic()

    (outcome,) = await run_all(flows, await plans(flows.world, 1), approved_by="a test")

    assert (outcome.exit_code, flows.world.state(outcome.migration).end) == (0, "retained")
    assert "does not answer" in capsys.readouterr().err
    assert {name for _, name, _ in flows.seen} == {""}
    assert time.monotonic() - began < 10


async def test_a_server_that_only_hangs_is_given_five_seconds(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A connection that is accepted and never answered counts as no answer."""
    server = await asyncio.start_server(lambda *_: asyncio.sleep(60), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    monkeypatch.setenv("PREFECT_API_URL", f"http://127.0.0.1:{port}/api")
    monkeypatch.setattr(project, "ANSWERS_WITHIN", 0.2)

    assert not await project.server_answers()
    assert "timed out" in capsys.readouterr().err
    server.close()


async def test_a_flow_that_cannot_begin_is_gone_without(
    flows: Flows, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Prefect breaks before the flow's first line: nothing has happened yet, so the local runner does it."""
    monkeypatch.setitem(project.FLOWS, "ebs-instance", "flows.ebs:no_such_flow")

    (outcome,) = await run_all(flows, await plans(flows.world, 1), approved_by="a test")

    assert outcome.exit_code == 0
    assert "going on without it" in capsys.readouterr().err


async def test_a_prefect_that_fails_after_the_flow_began_does_not_run_it_twice(flows: Flows) -> None:
    """The outcome is what the driver said, whatever Prefect makes of its state."""
    (made,) = await plans(flows.world, 1)
    ran = []

    async def otherwise() -> Outcome:
        ran.append("local")
        return Outcome("", "", 0, "")

    with pytest.MonkeyPatch.context() as patch, actor(flows.world.clock):
        patch.setattr("tasks.migrating.state_of", lambda _: 1 / 0)  # as if the server refused the state
        params = MigrateInstance.of(made.target, made.options)
        outcome = await project.run_flow(
            "flows.ebs:migrate_instance",
            params,
            flows.driver,
            otherwise,
            plan=made,
            approved_by="a test",
            observed=True,
        )

    assert (outcome.exit_code, outcome.target, ran) == (0, made.target, [])
