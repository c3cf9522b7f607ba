"""Rollback and finalize as flow runs."""

from flows.ebs import migrate_instance
from flows.finalize import finalize
from flows.rollback import rollback
from sealift.parameters import FinalizeRun, MigrateInstance, RollbackRun
from tests.flows.conftest import Flows
from tests.world import ACKS, KEY

FORTNIGHT = 15 * 86400


async def migrated(flows: Flows) -> tuple[str, str]:
    instance = flows.world.instance()
    form = MigrateInstance(target=instance, key=KEY, acks=list(ACKS), approve=True)
    run = await flows.run(migrate_instance, form)
    assert run.outcome is not None
    assert run.outcome.exit_code == 0, run.message
    return instance, run.outcome.migration


async def test_rollback_asks_for_the_writes_and_then_puts_the_original_back(flows: Flows) -> None:
    """Without discard_writes it is refused; with it the original runs again and a snapshot holds the later writes."""
    world = flows.world
    instance, migration = await migrated(flows)
    world.clock.advance(3600)

    refused = await flows.run(rollback, RollbackRun(migration=migration))
    run = await flows.run(rollback, RollbackRun(migration=migration, discard_writes=True))

    assert refused.state.is_failed()
    assert "discard-writes" in refused.message
    assert (run.name, world.state(migration).end) == ("Completed", "rolled-back")
    assert {v["Encrypted"] for v in world.volumes(instance).values()} == {False}
    assert any(s["Encrypted"] for s in world.snapshots().values())


async def test_finalize_waits_for_retention_and_lists_what_it_leaves(flows: Flows) -> None:
    """Too early it is refused; after retention the sources are gone and an artifact lists the rest."""
    world = flows.world
    _, migration = await migrated(flows)

    early = await flows.run(finalize, FinalizeRun(migration=migration, confirm=True))
    world.clock.advance(FORTNIGHT)
    run = await flows.run(finalize, FinalizeRun(migration=migration, confirm=True))

    assert early.state.is_failed()
    assert "is retained until" in early.message
    assert (run.name, world.state(migration).end) == ("Completed", "finalized")
    assert {v["Encrypted"] for v in world.all_volumes().values()} == {True}
    assert "Gone now" in (await run.artifacts())[f"finalized-{migration}"]
