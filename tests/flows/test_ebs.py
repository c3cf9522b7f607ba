"""Migrations as flow runs: judged by the journal and by what is in the account, never by what Prefect recorded."""

import pytest

from flows.ebs import migrate_instance, migrate_volume
from sealift.parameters import MigrateInstance, MigrateVolume
from sealift.sandbox import Fault
from sealift.sandbox.seeding import VolumeSpec
from tests.flows.conftest import Flows
from tests.world import ACKS, DATA, KEY, REGION, ROOT


def form(target: str, **more: object) -> MigrateInstance:
    return MigrateInstance.model_validate({"target": target, "key": KEY, "acks": list(ACKS), "approve": True, **more})


async def test_a_throttled_step_is_repeated_by_prefect_and_the_migration_succeeds(flows: Flows) -> None:
    """Two refused attaches are two more tries of the same task runs; the instance ends encrypted, with nothing lost."""
    world = flows.world
    instance = world.instance(ROOT, DATA)
    world.box.faults.add(Fault(operation="ec2:AttachVolume", code="RequestLimitExceeded", status=503, times=2))

    run = await flows.run(migrate_instance, form(instance, route="snapshot"))

    assert run.outcome is not None
    entries = world.driver.journal.entries(run.outcome.migration)
    assert (run.name, run.message) == ("Completed", run.outcome.message)
    assert [e.what for e in entries].count("failed") == 2
    assert world.state(run.outcome.migration).end == "retained"
    assert {v["KmsKeyId"] for v in world.volumes(instance).values()} == {world.key}
    assert (world.power(instance), world.box.losses()) == ("running", [])
    retried = {(e.title, tries) for e, _, tries in flows.seen if e.name == "step-done" and tries > 1}
    assert {title.split()[0] for title, _ in retried} == {"attach"}


async def test_task_runs_are_named_after_what_they_do(flows: Flows) -> None:
    """The name of a task run is the step's title with the ids that are known by then; progress moves as an artifact."""
    instance = flows.world.instance(ROOT)

    run = await flows.run(migrate_instance, form(instance, route="snapshot"))

    done = [(e.title, name) for e, name, _ in flows.seen if e.name == "step-done"]
    assert done
    assert all(title == name for title, name in done)
    assert not any("{" in name for _, name in done)
    progress = {k: v for k, v in (await run.artifacts()).items() if k.startswith("mig-")}
    assert any("warm" in k for k in progress)
    assert set(progress.values()) == {100.0}


async def test_a_dry_run_changes_nothing_and_publishes_the_plan(flows: Flows) -> None:
    """With dry_run the same flow leaves the plan as an artifact and stops."""
    world = flows.world
    instance = world.instance(ROOT, DATA)

    run = await flows.run(migrate_instance, form(instance, dry_run=True))

    (plan,) = (await run.artifacts()).values()
    assert run.name == "Completed"
    assert world.calls() == []
    assert world.driver.journal.migrations() == []
    assert f"# {instance}" in plan
    assert "sha256:" in plan
    assert "the point of no return" in plan


async def test_a_plan_that_differs_from_the_one_that_was_read_is_refused(flows: Flows) -> None:
    """With the digest of another plan nothing starts."""
    instance = flows.world.instance(ROOT)

    run = await flows.run(migrate_instance, form(instance, digest="sha256:another"))

    assert run.outcome is not None
    assert (run.state.is_failed(), run.outcome.exit_code, flows.world.calls()) == (True, 4, [])


async def test_a_refused_target_ends_the_run_failed_with_the_rule(flows: Flows) -> None:
    """What a rule refuses is a Failed run whose message is the refusal; nothing is changed."""
    instance = flows.world.instance(ROOT, asg="web")

    run = await flows.run(migrate_instance, form(instance))

    assert run.outcome is not None
    assert (run.name, run.message, run.outcome.exit_code) == ("Failed", run.outcome.message, 4)
    assert "R-EBS-35" in run.message
    assert flows.world.calls() == []


async def test_a_failure_in_the_cutover_puts_the_original_back_and_fails_the_run(flows: Flows) -> None:
    """The way back runs in Prefect too; the run says Failed, the instance runs on its own volumes."""
    world = flows.world
    instance = world.instance(ROOT)
    before = {d: v["VolumeId"] for d, v in world.volumes(instance).items()}
    world.box.faults.add(Fault(operation="ec2:AttachVolume", code="UnsupportedOperation", status=400))

    run = await flows.run(migrate_instance, form(instance, route="snapshot"))

    assert run.outcome is not None
    assert (run.name, run.outcome.exit_code) == ("Failed", 5)
    assert {d: v["VolumeId"] for d, v in world.volumes(instance).items()} == before
    assert (world.power(instance), world.box.losses()) == ("running", [])


async def test_an_unattached_volume_moves_without_a_stop(flows: Flows) -> None:
    """migrate-volume leaves an encrypted copy beside the source."""
    world = flows.world
    volume = world.box.add_volume(REGION, spec=VolumeSpec(size_gib=8))
    world.clock.advance(3600)

    run = await flows.run(migrate_volume, MigrateVolume(target=volume, key=KEY, approve=True))

    assert run.name == "Completed", run.message
    assert sorted(v["Encrypted"] for v in world.all_volumes().values()) == [False, True]
    assert world.calls("Stop", "Start") == []


async def test_migrate_volume_does_not_stop_an_instance(flows: Flows) -> None:
    """An attached volume moves with its instance, in one stop: the form for a volume did not speak of one."""
    instance = flows.world.instance(ROOT)
    (volume,) = flows.world.volumes(instance).values()

    run = await flows.run(migrate_volume, MigrateVolume(target=volume["VolumeId"], key=KEY, approve=True))

    assert run.state.is_failed()
    assert instance in run.message
    assert flows.world.calls() == []


async def test_without_a_handed_driver_the_surroundings_are_read(flows: Flows, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a worker the driver is made of its environment; a dry run reads through a pool of threads."""
    instance = flows.world.instance(ROOT)
    monkeypatch.setenv("AWS_REGION", REGION)

    state = await migrate_instance(form(instance, dry_run=True), return_state=True)

    assert state.message == f"{instance}: ready; nothing was changed"
