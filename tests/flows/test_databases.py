"""Databases and clusters as flow runs: judged by the journal and by what is in the account."""

import pytest

from flows.aurora import migrate_cluster
from flows.rds import migrate_database
from sealift.parameters import MigrateCluster, MigrateDatabase
from sealift.sandbox import Fault
from tests.clusters import CASES as CLUSTERS
from tests.clusters import described as clusters
from tests.databases import ACKS, CASES, described
from tests.flows.conftest import Flows
from tests.world import KEY


def form(target: str, **more: object) -> dict[str, object]:
    return {"target": target, "key": KEY, "acks": list(ACKS), "approve": True, **more}


async def test_an_instance_with_replicas_moves_by_its_flow(flows: Flows) -> None:
    """migrate-database ends retained, with the instance and its replicas under the key and nothing lost; the tasks are named
    after what they do.
    """
    world = flows.world
    name = CASES["mysql with replicas, snapshot"].build(world)
    world.clock.advance(3600)

    run = await flows.run(migrate_database, MigrateDatabase.model_validate(form(f"rds:{name}", route="snapshot")))

    assert run.outcome is not None
    assert (run.name, run.outcome.exit_code) == ("Completed", 0), run.message
    assert world.state(run.outcome.migration).end == "retained"
    now = described(world)
    assert {now[n]["KmsKeyId"] for n in (name, f"{name}-r1", f"{name}-r2")} == {world.key}
    assert (world.box.db_losses(), world.box.double_runs()) == ([], [])
    done = [(e.title, task) for e, task, _ in flows.seen if e.name == "step-done"]
    assert done
    assert all(title == task for title, task in done)


async def test_a_cluster_moves_by_its_flow(flows: Flows) -> None:
    """migrate-cluster ends retained, with the cluster and its members under the key; a throttled step is another try of its task."""
    world = flows.world
    name = CLUSTERS["aurora mysql serverless v2 behind a proxy, snapshot without a login"].build(world)
    world.clock.advance(3600)
    throttled = Fault(operation="rds:RestoreDBClusterFromSnapshot", code="Throttling", status=400, times=2)
    world.box.faults.add(throttled)

    run = await flows.run(migrate_cluster, MigrateCluster.model_validate(form(f"aurora:{name}", route="snapshot")))

    assert run.outcome is not None
    assert (run.name, run.outcome.exit_code) == ("Completed", 0), run.message
    assert clusters(world)[name]["KmsKeyId"] == world.key
    assert (world.box.db_losses(), world.box.double_runs()) == ([], [])
    assert {tries for e, _, tries in flows.seen if e.name == "step-done" and e.step == "restore"} == {3}


@pytest.mark.parametrize(("flow", "params"), [(migrate_database, MigrateDatabase), (migrate_cluster, MigrateCluster)])
async def test_a_dry_run_of_a_database_changes_nothing(
    flows: Flows, flow: object, params: type[MigrateDatabase]
) -> None:
    """With dry_run the flow leaves the plan as an artifact, with how long writers and readers get nothing, and stops."""
    world = flows.world
    world.box.add_db_instance("orders", "mysql")
    world.box.add_db_cluster("cart", "aurora-mysql", readers=1)
    target = "rds:orders" if params is MigrateDatabase else "aurora:cart"

    run = await flows.run(flow, params.model_validate(form(target, dry_run=True)))

    (plan,) = (await run.artifacts()).values()
    assert run.name == "Completed"
    assert world.driver.journal.migrations() == []
    assert f"# {target.split(':')[1]}" in plan
    assert "the point of no return" in plan


async def test_a_failed_cutover_of_a_database_puts_it_back_and_fails_the_run(flows: Flows) -> None:
    """The way back runs in Prefect too; the run says Failed, and the database serves under its name, plain as it was."""
    world = flows.world
    name = world.box.add_db_instance("orders", "mysql", write_mib_per_s=0.01)
    world.clock.advance(3600)
    before = described(world)[name]["DbiResourceId"]
    world.box.faults.add(
        Fault(operation="rds:RestoreDBInstanceFromDBSnapshot", code="StorageQuotaExceeded", status=400)
    )

    run = await flows.run(migrate_database, MigrateDatabase.model_validate(form(f"rds:{name}", route="snapshot")))

    assert run.outcome is not None
    assert (run.name, run.outcome.exit_code) == ("Failed", 5), run.message
    assert described(world)[name]["DbiResourceId"] == before
    assert (world.box.db_losses(), world.box.double_runs()) == ([], [])
