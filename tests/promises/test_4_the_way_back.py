"""Promise 4: the way back leads to the state at the cut. Before bring-up it is free; after it a person decides what is left behind."""

from pathlib import Path
from typing import Any

import pytest

from sealift.journal import READERS
from sealift.options import DAY
from sealift.render import story
from sealift.sandbox import Durations
from sealift.sandbox.faults import Fault
from sealift.steps.local import checks_pass
from tests.pictures import changed, picture
from tests.promises.acts import moments, refuse, when
from tests.world import DATA, REGION, ROOT, World, sandbox

SAFETY = {"Key": "sealift:role", "Value": "safety"}


def safety(world: World) -> dict[str, Any]:
    """Return the safety snapshots by the volume that they are of."""
    return {s["VolumeId"]: s for s in world.snapshots().values() if SAFETY in s["Tags"]}


async def prepared(world: World, *volumes: Any, **options: Any) -> tuple[str, str]:
    """Bring an instance to its gate; return it and the migration."""
    instance = world.instance(*volumes)
    plan = await world.plan(instance, **options)
    left = await world.act(world.driver.migrate(plan, observed=True, no_wait=True))
    assert 3 == left.exit_code
    return instance, left.migration


async def up(world: World, **options: Any) -> tuple[str, str]:
    """Migrate an instance with root and data; return it and the migration."""
    instance = world.instance(ROOT, DATA)
    outcome = await world.migrate(instance, **options)
    assert 0 == outcome.exit_code, outcome
    return instance, outcome.migration


# -- before bring-up -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("route", ["clone", "snapshot", "copy"])
async def test_a_rollback_at_the_gate_is_free_and_leaves_nothing(instant: World, route: str) -> None:
    """What was prepared is cleaned up, nothing was stopped, nobody is asked for an ack."""
    instance = instant.instance(ROOT, DATA)
    before = picture(instant)
    plan = await instant.plan(instance, route=route)
    left = await instant.act(instant.driver.migrate(plan, observed=True, no_wait=True))
    back = await instant.act(instant.driver.rollback(left.migration))
    assert (3, 0, {}, []) == (left.exit_code, back.exit_code, changed(before, picture(instant)), instant.calls("Stop"))


async def test_a_rollback_is_done_once(instant: World) -> None:
    """A migration that has been put back is not put back again (exit 4)."""
    _, migration = await prepared(instant, ROOT)
    await instant.act(instant.driver.rollback(migration))
    assert 4 == (await instant.act(instant.driver.rollback(migration))).exit_code


# -- after bring-up ------------------------------------------------------------------------------------------------------


async def test_a_rollback_after_bring_up_asks_for_the_writes_made_since(world: World) -> None:
    """It names the moment of bring-up and the option (exit 4), and has changed nothing."""
    instance, migration = await up(world, route="clone")
    before = picture(world)
    refused = await world.act(world.driver.rollback(migration))
    assert (4, True, {}) == (refused.exit_code, "--discard-writes" in refused.message, changed(before, picture(world)))
    assert world.driver.writes_since(migration) in refused.message
    assert "running" == world.power(instance)


@pytest.mark.parametrize("days", [0, 10])
async def test_a_rollback_leads_to_the_state_at_the_cut(world: World, days: int) -> None:
    """The sources are back on their devices with exactly what was on them at the cut, running, and marked no more."""
    instance, before = world.instance(ROOT, DATA), {}
    before = {device: v["VolumeId"] for device, v in world.volumes(instance).items()}
    outcome = await world.migrate(instance, route="clone")
    at_the_cut = {v: world.box.contents(v) for v in before.values()}
    world.clock.advance(days * DAY + 600)
    contents: list[Any] = []
    driver = world.new_driver(
        listeners=[
            lambda e: (
                contents.append({v: world.box.contents(v) for v in before.values()})
                if (e.name, e.step) == ("step-started", "undo:stop")
                else None
            )
        ]
    )
    back = await world.act(driver.rollback(outcome.migration, discard_writes=True))
    assert (0, before) == (back.exit_code, {device: v["VolumeId"] for device, v in world.volumes(instance).items()})
    assert [at_the_cut] == contents
    assert ("running", "rolled-back") == (world.power(instance), world.state(outcome.migration).end)


@pytest.mark.parametrize("route", ["clone", "snapshot"])
async def test_what_is_discarded_is_snapshotted_after_it_has_stopped_changing(world: World, route: str) -> None:
    """Each replacement gets a safety snapshot once it is detached: all that it acknowledged is in it, to the last write."""
    instance, migration = await up(world, route=route)
    world.clock.advance(7200)
    copies = {v["VolumeId"]: v for v in world.volumes(instance).values()}
    seen: dict[str, Any] = {}

    def look(event: Any) -> None:
        if event.name == "step-started" and event.step.startswith("safety:"):
            seen[event.resource] = (
                world.box.serves(event.resource),
                world.power(instance),
                world.box.contents(event.resource),
            )

    await world.act(world.new_driver(listeners=[look]).rollback(migration, discard_writes=True))
    found = safety(world)
    assert set(copies) == set(found) == set(seen)
    for volume, snapshot in found.items():
        attached, power, contents = seen[volume]
        restored = world.ec2.create_volume(SnapshotId=snapshot["SnapshotId"], AvailabilityZone="eu-central-1a")[
            "VolumeId"
        ]
        world.clock.advance(3600)
        assert ([], "stopped", "completed", True) == (attached, power, snapshot["State"], snapshot["Encrypted"])
        assert contents == world.box.contents(restored)


async def test_safety_snapshots_are_complete_before_a_replacement_is_deleted(world: World) -> None:
    """Service comes back first, on a pending snapshot; the replacement goes only when the snapshot has completed."""
    _, migration = await up(world, route="clone")
    world.clock.advance(3600)
    states: list[str] = []

    def look(event: Any) -> None:
        if event.name == "step-started" and event.step.startswith("undo:copy:"):
            states.append(safety(world)[event.resource]["State"])

    await world.act(world.new_driver(listeners=[look]).rollback(migration, discard_writes=True))
    assert ["completed", "completed"] == states


async def test_a_stopped_instance_goes_back_stopped(instant: World) -> None:
    """It was stopped when it was migrated, so it is after the rollback; one that runs by now is not stopped unasked (exit 4)."""
    instance = instant.instance(ROOT, state="stopped")
    before = picture(instant)
    outcome = await instant.migrate(instance, route="clone")
    assert f"{instance} has its replacement" in outcome.message
    instant.box.start_by_hand(instance)
    refused = await instant.act(instant.driver.rollback(outcome.migration, discard_writes=True))
    instant.box.stop_by_hand(instance)
    back = await instant.act(instant.driver.rollback(outcome.migration, discard_writes=True))
    kept = {k: v for k, v in changed(before, picture(instant)).items() if v != (None, "safety")}
    assert (4, 0, {}, "stopped") == (refused.exit_code, back.exit_code, kept, instant.power(instance))


# -- the key is the reason -----------------------------------------------------------------------------------------------


async def test_a_key_that_cannot_be_used_is_said_before_anything_is_stopped(instant: World) -> None:
    """No safety snapshot could be made: while the replacement serves, the rollback is refused (exit 4) and nothing has changed."""
    instance, migration = await up(instant, route="snapshot")
    instant.box.disable_key(instant.key)
    before = picture(instant)
    refused = await instant.act(instant.driver.rollback(migration, discard_writes=True))
    assert (4, {}, "running") == (refused.exit_code, changed(before, picture(instant)), instant.power(instance))
    for words in ("Disabled", "--without-safety-snapshot"):
        assert words in refused.message


async def stuck_on_the_key(world: World) -> tuple[str, str, set[str]]:
    """Roll back while AWS refuses the safety snapshots; return instance, migration and replacements."""
    instance, migration = await up(world, route="snapshot")
    copies = {v["VolumeId"] for v in world.volumes(instance).values()}
    refuse(world, "ec2:CreateSnapshot", "InvalidParameterValue", times=None)
    stuck = await world.act(world.driver.rollback(migration, discard_writes=True))
    assert (6, copies) == (stuck.exit_code, copies & set(world.all_volumes()))
    assert f"sealift rollback {migration} --discard-writes --without-safety-snapshot" in stuck.message
    return instance, migration, copies


async def test_without_a_safety_snapshot_the_encrypted_volumes_are_kept(instant: World) -> None:
    """Told to go on, the run puts the original back and keeps every replacement: what was written is still somewhere."""
    instance, migration = await up(instant, route="snapshot")
    copies = {v["VolumeId"] for v in instant.volumes(instance).values()}
    instant.box.disable_key(instant.key)
    back = await instant.act(instant.driver.rollback(migration, discard_writes=True, salvage=False))
    assert (0, "running", copies) == (back.exit_code, instant.power(instance), copies & set(instant.all_volumes()))
    assert {False} == {v["Encrypted"] for v in instant.volumes(instance).values()}


async def test_a_rollback_without_the_safety_snapshot_it_could_not_take_goes_on(instant: World) -> None:
    """A person may change their mind after exit 6: told to go without, the original serves, and every replacement is kept."""
    instance, migration, copies = await stuck_on_the_key(instant)
    back = await instant.act(instant.driver.rollback(migration, discard_writes=True, salvage=False))
    assert (0, "running", copies) == (back.exit_code, instant.power(instance), copies & set(instant.all_volumes()))


async def test_a_rollback_that_was_stuck_goes_on_once_snapshots_can_be_taken(instant: World) -> None:
    """When it is mended resume goes on where it was, with the safety snapshots."""
    instance, migration, _ = await stuck_on_the_key(instant)
    instant.box.faults.clear()
    back = await instant.act(instant.driver.resume(migration))
    assert (0, "running", 2) == (back.exit_code, instant.power(instance), len(safety(instant)))


# -- and again -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("route", ["clone", "snapshot"])
async def test_resume_after_a_rollback_opens_the_next_attempt(world: World, route: str) -> None:
    """The same stored plan runs again, once it is approved anew; every write of the time in between is on the replacement."""
    instance, migration = await up(world, route=route)
    await world.act(world.driver.rollback(migration, discard_writes=True))
    kept = {i: s["State"] for i, s in world.snapshots().items() if SAFETY in s["Tags"]}
    world.clock.advance(7200)
    written = {v["VolumeId"]: world.box.contents(v["VolumeId"]) for v in world.volumes(instance).values()}
    waits = await world.act(world.driver.resume(migration, no_wait=True))
    assert (3, "running") == (waits.exit_code, world.power(instance))
    again = await world.act(world.driver.resume(migration, approved_by="a test"))
    assert (0, 2, "retained") == (again.exit_code, world.state(migration).attempt, world.state(migration).end)
    for volume, contents in written.items():
        assert not contents.minus(world.box.contents(volume)).streams
    assert {world.key} == {v["KmsKeyId"] for v in world.volumes(instance).values()}
    assert kept.keys() <= world.snapshots().keys()


async def test_resume_after_a_rollback_looks_for_drift_first(instant: World) -> None:
    """What changed since the plan refuses the next attempt (exit 4); nothing was touched."""
    instance, migration = await prepared(instant, ROOT)
    await instant.act(instant.driver.rollback(migration))
    volume = instant.volumes(instance)[ROOT.device]["VolumeId"]
    instant.ec2.modify_volume(VolumeId=volume, Iops=4000)
    instant.clock.advance(DAY)
    before = picture(instant)
    refused = await instant.act(instant.driver.resume(migration))
    assert (4, True, {}) == (refused.exit_code, "iops" in refused.message, changed(before, picture(instant)))


async def test_the_story_of_a_rollback_is_in_its_rows(instant: World) -> None:
    """Direction, service back, attempt closed, end: in that order."""
    _, migration = await up(instant, route="clone")
    await instant.act(instant.driver.rollback(migration, discard_writes=True))
    told = [
        m
        for m in moments(instant, migration)
        if m in ("bring-up", "direction", "service-back", "attempt-closed") or "end" in m
    ]
    assert ["bring-up", "end retained", "direction", "service-back", "attempt-closed", "end rolled-back"] == told


async def test_a_way_back_of_an_instance_takes_nothing_from_readers_of_replicas(world: World) -> None:
    """It has none: only those who write had nothing, there and back."""
    outcome = await world.migrate(world.instance(ROOT), route="clone")
    back = await world.act(world.driver.rollback(outcome.migration, discard_writes=True))
    state = world.state(outcome.migration)
    assert (0, 0.0) == (back.exit_code, state.down_seconds(world.clock.now(), READERS))
    assert state.down_seconds(world.clock.now()) > 0


async def test_volumes_cut_together_go_back_together(instant: World) -> None:
    """A rollback in which one volume cannot be attached leaves the instance stopped, not started with a mix (exit 6)."""
    instance, migration = await up(instant, route="clone")
    refuse(instant, "ec2:AttachVolume", times=None, Device=DATA.device)
    stuck = await instant.act(instant.driver.rollback(migration, discard_writes=True))
    assert (6, "stopped") == (stuck.exit_code, instant.power(instance))


async def test_a_way_back_that_somebody_starts_into_needs_a_person(instant: World) -> None:
    """Stopped by the way back, and started again on its replacements before they are taken off: that is seen within minutes,
    exit 6 says so with the command that stops it, and `resume` then goes on.
    """
    instance, migration = await up(instant, route="clone")
    driver = instant.new_driver(listeners=[when("undo:start", lambda: instant.box.start_by_hand(instance))])
    began = instant.clock.now()
    stuck = await instant.act(driver.rollback(migration, discard_writes=True))
    took = instant.clock.now() - began
    instant.box.stop_by_hand(instance)
    instant.clock.advance(120)
    ended = await instant.act(instant.new_driver().resume(migration))

    assert (6, True) == (stuck.exit_code, took < 1200), (took, stuck.message)
    assert "somebody has started it since it was stopped" in stuck.message
    assert f"By hand: aws ec2 stop-instances --region {REGION} --instance-ids {instance}" in stuck.message
    assert (0, {False}) == (ended.exit_code, {v["Encrypted"] for v in instant.volumes(instance).values()})
    assert "running" == instant.power(instance)


async def test_a_way_back_that_somebody_has_walked_by_hand_is_over(instant: World) -> None:
    """Somebody puts the sources back and starts the instance while the way back is under way: what is done already is taken
    as done, and what was made is cleaned up.
    """
    instance, before = instant.instance(ROOT, DATA), {}
    before = {device: v["VolumeId"] for device, v in instant.volumes(instance).items()}
    migration = (await instant.migrate(instance, route="clone")).migration

    def by_hand() -> None:
        for now in instant.volumes(instance).values():
            instant.ec2.detach_volume(VolumeId=now["VolumeId"])
        instant.clock.advance(60)
        for device, source in before.items():
            instant.ec2.attach_volume(VolumeId=source, InstanceId=instance, Device=device)
        instant.clock.advance(60)
        instant.box.start_by_hand(instance)
        instant.clock.advance(60)

    driver = instant.new_driver(listeners=[when("undo:attach", by_hand, event="step-started")])
    ended = await instant.act(driver.rollback(migration, discard_writes=True))

    assert (0, before) == (ended.exit_code, {d: v["VolumeId"] for d, v in instant.volumes(instance).items()}), ended
    assert ("running", "rolled-back") == (instant.power(instance), instant.state(migration).end)


# -- accept --------------------------------------------------------------------------------------------------------------


async def in_doubt(world: World) -> tuple[str, str]:
    instance = world.instance(ROOT)
    outcome = await world.migrate(instance, route="clone", after="false")
    assert 6 == outcome.exit_code
    return instance, outcome.migration


async def test_resume_does_not_decide_what_is_in_doubt(instant: World) -> None:
    """Exit 6 again, with both commands: accept and rollback."""
    _, migration = await in_doubt(instant)
    told = await instant.act(instant.driver.resume(migration))
    assert (6, True, True) == (
        told.exit_code,
        f"accept {migration}" in told.message,
        f"rollback {migration}" in told.message,
    )


@pytest.mark.parametrize("gone", ["before it is in doubt", "after"])
async def test_no_way_back_is_offered_that_would_be_refused(instant: World, gone: str) -> None:
    """The source of one in doubt is deleted: exit 6 names why nothing can be put back and how the replacement is kept, and
    not the command that would be refused for the same reason.
    """
    instance = instant.instance(ROOT)
    source = instant.volumes(instance)[ROOT.device]["VolumeId"]

    def janitor() -> None:
        instant.ec2.delete_volume(VolumeId=source)
        instant.clock.advance(60)

    listeners = [when("start", janitor)] if gone.startswith("before") else []
    driver = instant.new_driver(listeners=listeners)
    told = await instant.migrate(instance, driver=driver, route="clone", after="false")
    if not listeners:
        janitor()
        told = await instant.act(instant.driver.resume(told.migration))
    refused = await instant.act(instant.driver.rollback(told.migration, discard_writes=True))

    assert (6, 4) == (told.exit_code, refused.exit_code)
    assert f"It cannot be put back while its source {source} is gone" in told.message
    assert f"sealift accept {told.migration}" in told.message
    assert "sealift rollback" not in told.message


async def test_accept_keeps_the_replacement_and_does_the_rest(instant: World) -> None:
    """What only asked for health is passed over; the migration ends retained, as if it had been well."""
    instance, migration = await in_doubt(instant)
    kept = await instant.act(instant.driver.accept(migration))
    assert (0, "retained", "running") == (kept.exit_code, instant.state(migration).end, instant.power(instance))
    assert {instant.key} == {v["KmsKeyId"] for v in instant.volumes(instance).values()}


async def test_a_migration_in_doubt_can_be_rolled_back(instant: World) -> None:
    """The other answer: the original serves again, what was written since is in a snapshot."""
    instance, migration = await in_doubt(instant)
    back = await instant.act(instant.driver.rollback(migration, discard_writes=True))
    assert (0, 1, {False}) == (
        back.exit_code,
        len(safety(instant)),
        {v["Encrypted"] for v in instant.volumes(instance).values()},
    )


async def test_accept_keeps_the_replacement_where_a_tag_does_not_fit(instant: World) -> None:
    """What has nothing to do with health is left over and named; the rest of the confirmation is done (exit 0)."""
    instance = instant.instance(ROOT, DATA)
    fault = Fault(operation="ec2:CreateTags", code="TagLimitExceeded", times=None)
    driver = instant.new_driver(listeners=[when("start", lambda: instant.box.faults.add(fault))])
    doubt = await instant.migrate(instance, driver=driver, route="clone")
    kept = await instant.act(instant.driver.accept(doubt.migration))
    left = [e.data["why"] for e in instant.driver.journal.entries(doubt.migration) if e.what == "leftover"]
    assert (6, 0, "retained") == (doubt.exit_code, kept.exit_code, instant.state(doubt.migration).end)
    assert left
    assert all("TagLimitExceeded" in why or "A fault of the sandbox" in why for why in left)
    assert "left over" in kept.message


async def test_there_is_nothing_to_accept_before_bring_up(instant: World) -> None:
    """At the gate there is no replacement in service (exit 4)."""
    _, migration = await prepared(instant, ROOT)
    assert 4 == (await instant.act(instant.driver.accept(migration))).exit_code


async def test_status_checks_that_do_not_pass_ask_a_person(tmp_path: Path) -> None:
    """An instance whose checks do not pass after bring-up is exit 6, never a way back by itself; accept then keeps it."""
    with sandbox(Durations(status_checks_s=30 * DAY)) as box:
        world = World(box, tmp_path)
        instance = world.instance(ROOT)
        outcome = await world.migrate(instance, route="clone")
        assert (6, "running", []) == (outcome.exit_code, world.power(instance), box.losses())
        assert 0 == (await world.act(world.driver.accept(outcome.migration))).exit_code


@pytest.mark.parametrize(
    ("words", "verdict"),
    [
        (("ok", "ok"), (True, None)),
        (("initializing", "ok"), (False, None)),
        (("ok", "impaired"), (False, "a status check is 'impaired'")),
        (("insufficient-data", "ok"), (False, None)),
    ],
)
def test_only_an_impaired_check_fails(words: tuple[str, str], verdict: tuple[bool, str | None]) -> None:
    """`initializing` and `insufficient-data` are waited for; `impaired` fails at once."""
    instance, system = words
    seen = checks_pass({"InstanceStatus": {"Status": instance}, "SystemStatus": {"Status": system}})
    assert verdict == (seen.done, seen.failed)


async def test_resume_with_an_approval_opens_the_gate_of_the_next_attempt(instant: World) -> None:
    """After a rollback that was asked for: `resume --yes` is the approval, and does not wait for another."""
    _, migration = await up(instant, route="snapshot")
    back = await instant.act(instant.driver.rollback(migration, discard_writes=True))
    again = await instant.act(instant.driver.resume(migration, approved_by="a person", no_wait=True))
    assert (0, 0, "retained") == (back.exit_code, again.exit_code, instant.state(migration).end), again


async def test_a_rollback_without_its_sources_is_refused_while_the_replacement_serves(instant: World) -> None:
    """A janitor has deleted a retained source: nothing is stopped for a way back that would end nowhere (exit 4)."""
    instance = instant.instance(ROOT, DATA)
    done = await instant.migrate(instance, route="clone")
    (plain,) = (v for v in instant.all_volumes().values() if not v["Encrypted"] and v["Size"] == DATA.size_gib)
    instant.ec2.delete_volume(VolumeId=plain["VolumeId"])
    outcome = await instant.act(instant.driver.rollback(done.migration, discard_writes=True))
    assert (4, "running", []) == (outcome.exit_code, instant.power(instance), instant.box.losses())
    assert f"its source {plain['VolumeId']} is gone" in outcome.message


async def test_a_rollback_of_what_is_half_finalized_is_refused(instant: World) -> None:
    """One source is deleted and the other is not: what is begun is finished, and nothing is put back (exit 4)."""
    instance = instant.instance(ROOT, DATA)
    done = await instant.migrate(instance, route="clone")
    instant.clock.advance(15 * 86_400)
    kept = next(v for v, shown in instant.all_volumes().items() if not shown["Encrypted"])
    refused = Fault(operation="ec2:DeleteVolume", code="OperationNotPermitted", times=None, resource=kept)
    instant.box.faults.add(refused)
    assert 0 != (await instant.act(instant.driver.finalize(done.migration)))[0].exit_code
    assert kept in instant.all_volumes()
    outcome = await instant.act(instant.driver.rollback(done.migration, discard_writes=True))
    assert (4, "running") == (outcome.exit_code, instant.power(instance))
    assert f"sealift finalize {done.migration}" in outcome.message
    told = story.of(instant.driver.journal, done.migration).text()
    assert told.endswith(f"next:\n  sealift finalize {done.migration}")
    assert instant.driver.writes_since(done.migration) is None  # nobody is asked to discard what cannot be put back
