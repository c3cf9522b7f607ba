"""Several targets in one run, of which some fail: whom the breaker holds, whom it does not, and how the held ones go on."""

from collections.abc import Callable, Sequence
from typing import Any

from sealift.driver import Driver, Outcome, exit_code
from sealift.events import Event
from sealift.render import story
from sealift.sandbox.faults import Fault
from sealift.sandbox.seeding import VolumeSpec
from tests.databases import ACKS
from tests.promises.acts import moments
from tests.world import ROOT, World

SLOW = VolumeSpec(device="/dev/xvda", size_gib=100)
"""A volume whose baseline snapshot takes longer than the whole migration of a small one."""


async def run(
    world: World, instances: Sequence[str], max_failures: int | None = 1, driver: Driver | None = None, **options: Any
) -> list[Outcome]:
    """Plan and run instances side by side, approved."""
    used = driver or world.driver
    plans = [await world.plan(i, route="snapshot", **options) for i in instances]
    work = [lambda p=p: used.migrate(p, approved_by="a test", observed=True) for p in plans]
    return await used.many(work, max_failures=max_failures)


def breaks(world: World, instance: str, operation: str = "ec2:AttachVolume", **fields: Any) -> Fault:
    """Let AWS refuse an operation on one instance."""
    fault = Fault(operation=operation, resource=instance, **{"code": "InvalidParameterValue", "times": 1, **fields})
    world.box.faults.add(fault)
    return fault


def codes(outcomes: Sequence[Outcome]) -> list[int]:
    return [o.exit_code for o in outcomes]


def stopped(world: World) -> set[str]:
    """Return the instances that anybody has stopped."""
    stops = [e for e in world.box.log if e.operation == "ec2:StopInstances" and not e.params.get("DryRun")]
    return {instance for e in stops for instance in e.params["InstanceIds"]}


async def test_after_one_failure_the_others_wait_at_their_gate(world: World) -> None:
    """One of eight is put back: the seven that were still preparing are left prepared, nothing of theirs was stopped."""
    bad, *others = [world.instance(ROOT, name="bad"), *(world.instance(SLOW, name=f"web-{n}") for n in range(7))]
    breaks(world, bad)
    failed, *held = await run(world, [bad, *others])
    assert ([5, *[3] * 7], 5) == (codes([failed, *held]), exit_code([failed, *held]))
    assert ({bad}, []) == (stopped(world), world.box.losses())
    for one in held:
        assert f"held at its gate: {bad} ({failed.migration}) failed: " in one.message
        assert f"sealift resume {one.migration}" in one.message
        state = world.state(one.migration)
        assert (True, None, True) == (state.at_gate, state.end, state.approved is not None)


async def test_status_says_why_a_held_migration_waits(world: World) -> None:
    """It is at the gate, waits for somebody to resume it, names the one that failed, and the command that goes on."""
    bad, other = world.instance(ROOT), world.instance(SLOW)
    breaks(world, bad)
    failed, held = await run(world, [bad, other])
    told = story.of(world.driver.journal, held.migration)
    assert "gate" == told.row["phase"]
    assert f"somebody to resume it: {bad} ({failed.migration}) failed" in told.row["waiting_for"]
    assert f"held: {bad}" in told.text()
    assert f"  sealift resume {held.migration}" in told.text().splitlines()
    assert "held" == moments(world, held.migration)[-1]


async def test_who_watches_is_told_once_when_the_breaker_trips(world: World) -> None:
    """At the moment of the failure, not when the others come to their gate; of a single target nothing is told."""
    bad, *others = [world.instance(ROOT), world.instance(SLOW), world.instance(SLOW)]
    breaks(world, bad)
    failed, *_ = await run(world, [bad, *others])
    told = [(e.target, e.data["text"]) for e in world.events if e.name == "breaker"]
    assert [(bad, True)] == [(t, x.startswith(f"no new cutover starts: {bad} ({failed.migration})")) for t, x in told]
    world.events.clear()
    await run(world, [_bad(world)])
    assert [] == [e for e in world.events if e.name == "breaker"]


async def test_resume_goes_on_with_those_that_were_held(world: World) -> None:
    """Another run begins with no failure, and needs no other approval: all are done, and the one put back may try again."""
    bad, *others = [world.instance(ROOT), world.instance(SLOW), world.instance(SLOW)]
    breaks(world, bad)
    outcomes = await run(world, [bad, *others])
    driver = world.new_driver()
    work = [lambda m=o.migration: driver.resume(m) for o in outcomes]
    again = await driver.many(work, max_failures=1)
    assert ([0, 0, 0], []) == (codes(again), world.box.losses())
    assert "" == world.state(again[1].migration).held


async def test_those_in_a_cutover_go_on_to_its_end(world: World) -> None:
    """Two are down when the third fails: they are done, and the code of all is 7."""
    bad, *others = [world.instance(ROOT) for _ in range(3)]
    breaks(world, bad)
    outcomes = await run(world, [bad, *others])
    assert ([5, 0, 0], 7, []) == (codes(outcomes), exit_code(outcomes), world.box.losses())


async def test_done_put_back_and_held_end_with_7(world: World) -> None:
    """One was cut over before, one fails, one is held: some are done and some are not."""
    outcomes = await run(world, [world.instance(ROOT), _bad(world), world.instance(SLOW)])
    assert ([0, 5, 3], 7) == (codes(outcomes), exit_code(outcomes))


async def test_two_failures_may_be_borne(world: World) -> None:
    """With --max-failures 2 one failure holds nobody; the second does."""
    slow = world.instance(SLOW)
    outcomes = await run(world, [_bad(world), slow], max_failures=2)
    assert [5, 0] == codes(outcomes)
    outcomes = await run(world, [_bad(world), _bad(world), world.instance(SLOW)], max_failures=2)
    assert ([5, 5, 3], True) == (codes(outcomes), "(--max-failures 2)" in outcomes[2].message)


def _bad(world: World) -> str:
    instance = world.instance(ROOT)
    breaks(world, instance)
    return instance


async def test_a_target_that_needs_a_person_holds_the_others(world: World) -> None:
    """A hook fails after bring-up: 6 for it and for the run, and nobody else begins."""
    doubtful, other = world.instance(ROOT), world.instance(SLOW)
    plans = [
        await world.plan(doubtful, route="snapshot", after="false"),
        await world.plan(other, route="snapshot"),
    ]
    work = [lambda p=p: world.driver.migrate(p, approved_by="a test", observed=True) for p in plans]
    outcomes = await world.driver.many(work, max_failures=1)
    assert ([6, 3], 6) == (codes(outcomes), exit_code(outcomes))
    assert f"{doubtful} ({outcomes[0].migration}) failed: the hook" in outcomes[1].message


async def test_a_refusal_holds_nobody(world: World) -> None:
    """A rule refuses one, somebody refuses another at its gate: a decision about those, the third is moved."""
    member, unwanted, good = world.instance(ROOT, asg="web"), world.instance(ROOT), world.instance(SLOW)
    plans = [await world.plan(i, route="snapshot") for i in (member, unwanted, good)]
    driver = world.new_driver(listeners=[_refusing(world, unwanted)])
    work = [lambda p=p: driver.migrate(p, approved_by="a test", observed=True) for p in plans]
    outcomes = await driver.many(work, max_failures=1)
    assert ([4, 4, 0], 7) == (codes(outcomes), exit_code(outcomes))


def _refusing(world: World, target: str) -> Callable[[Event], None]:
    def listen(event: Event) -> None:
        if event.target == target and event.name == "step-done" and event.step.startswith("warm:"):
            world.driver.decide(event.migration, "refused", by="somebody")

    return listen


async def test_what_was_not_begun_is_not_begun(world: World) -> None:
    """Eight run at once: the ninth and tenth come to their turn after a failure, and nothing of them is prepared."""
    bad, *others = [world.instance(ROOT), *(world.instance(SLOW) for _ in range(9))]
    breaks(world, bad)
    outcomes = await run(world, [bad, *others])
    assert [5, *[3] * 9] == codes(outcomes)
    late = [o for o in outcomes if not o.migration]
    assert len(late) == 2
    assert all("was not begun: " in o.message and "run it again" in o.message for o in late)


async def test_who_waits_for_a_slot_of_one_that_is_held_is_held_too(world: World) -> None:
    """With one copy slot: the first is put back, the second takes its slot and is held with it, the third does not wait for
    ever. Resumed together, both are done.
    """
    bad, *others = [world.instance(ROOT, name=f"web-{n}") for n in range(3)]
    breaks(world, bad)
    plans = [await world.plan(i, route="clone", clone_slots=1) for i in (bad, *others)]
    work = [lambda p=p: world.driver.migrate(p, approved_by="a test", observed=True) for p in plans]
    outcomes = await world.driver.many(work, max_failures=1)
    assert ([5, 3, 3], {bad}) == (codes(outcomes), stopped(world))
    assert 1 == sum("was held while it was prepared" in o.message for o in outcomes)
    phases = {story.of(world.driver.journal, o.migration).row["phase"] for o in outcomes[1:]}
    assert {"gate", "prepare"} == phases
    again = await world.driver.many(
        [lambda m=o.migration: world.driver.resume(m) for o in outcomes[1:]], max_failures=1
    )
    assert ([0, 0], []) == (codes(again), world.box.losses())


async def test_a_failure_holds_from_its_turn_not_from_the_end_of_its_way_back(world: World) -> None:
    """While the first waits for hours for room to start its original, those at the gate do not go down the same way."""
    bad, other = world.instance(ROOT, instance_type="c5.large"), world.instance(SLOW, instance_type="m5.large")
    breaks(world, bad)
    breaks(world, bad, "ec2:StartInstances", code="InsufficientInstanceCapacity", times=None)
    failed, held = await run(world, [bad, other])
    assert ([6, 3], {bad}) == (codes([failed, held]), stopped(world))
    left = next(e.at for e in world.driver.journal.entries(held.migration) if e.what == "held")
    ended = next(e.at for e in world.driver.journal.entries(failed.migration) if e.what == "end")
    assert left < ended


async def test_a_way_back_that_is_resumed_holds_the_others(world: World) -> None:
    """What failed in an earlier run and is still on its way back when it is resumed with others is a failure of this run too."""
    bad, other = world.instance(ROOT), world.instance(SLOW)
    breaks(world, bad)
    gone = breaks(world, bad, "ec2:StartInstances", code="InsufficientInstanceCapacity", times=None)
    stuck = await world.migrate(bad, route="snapshot")
    waiting = await world.act(world.driver.migrate(await world.plan(other, route="snapshot"), no_wait=True))
    gone.times = 0
    work = [
        lambda: world.driver.resume(stuck.migration),
        lambda: world.driver.resume(waiting.migration, approved_by="a test"),
    ]
    outcomes = await world.driver.many(work, max_failures=1)
    assert ([6, 3], [5, 3]) == ([stuck.exit_code, waiting.exit_code], codes(outcomes))


# -- capacity ------------------------------------------------------------------------------------------------------------


async def test_one_want_of_room_holds_its_zone_and_family(world: World) -> None:
    """EC2 has no room for one m5 in a zone, for a moment: that one comes up; the other m5 of the zone is held, another
    family and another zone go on.
    """
    first = world.instance(ROOT, instance_type="m5.large")
    same = world.instance(SLOW, instance_type="m5.xlarge")
    family = world.instance(SLOW, instance_type="c5.large")
    zone = world.instance(SLOW, instance_type="m5.large", az="eu-central-1b")
    breaks(world, first, "ec2:StartInstances", code="InsufficientInstanceCapacity")
    outcomes = await run(world, [first, same, family, zone], max_failures=9)
    assert ([0, 3, 0, 0], 7, []) == (codes(outcomes), exit_code(outcomes), world.box.losses())
    said = f"AWS had no room for m5 in eu-central-1a: {first} ({outcomes[0].migration}), "
    assert said in outcomes[1].message
    assert said in story.of(world.driver.journal, outcomes[1].migration).row["waiting_for"]


async def test_a_start_that_falls_back_for_want_of_room_holds_them_too(world: World) -> None:
    """EC2 takes the start and the instance falls back to stopped: as good as a refusal."""
    first, same = (world.instance(v, instance_type="m5.large") for v in (ROOT, SLOW))

    def no_room(event: Event) -> None:
        if event.name == "step-started" and event.step == "start" and event.target == first:
            reason = {"Code": "Server.InsufficientInstanceCapacity", "Message": "no room"}
            world.box.show_as(first, State={"Code": 80, "Name": "stopped"}, StateReason=reason)
        if event.name == "direction":
            world.box.world.overlays.clear()

    driver = world.new_driver(listeners=[no_room])
    outcomes = await run(world, [first, same], max_failures=9, driver=driver)
    assert 3 == outcomes[1].exit_code
    assert "AWS had no room for m5 in eu-central-1a" in outcomes[1].message
    assert same not in stopped(world)


async def test_what_stays_stopped_needs_no_room(world: World) -> None:
    """A stopped instance is not started by its migration: nothing holds it."""
    first, idle = (world.instance(v, instance_type="m5.large") for v in (ROOT, SLOW))
    world.box.stop_by_hand(idle)
    world.clock.advance(600)
    breaks(world, first, "ec2:StartInstances", code="InsufficientInstanceCapacity")
    outcomes = await run(world, [first, idle], max_failures=9)
    assert [0, 0] == codes(outcomes)


async def test_a_database_class_that_has_no_room_holds_its_zone(world: World) -> None:
    """RDS has no room for a replacement of one class in a zone: the other of that class is not fenced; another class is moved."""
    names = {"orders": "db.m7g.large", "stock": "db.m7g.large", "users": "db.r6g.large"}
    for name, of_class in names.items():
        place = {"DBInstanceClass": of_class, "AvailabilityZone": "eu-central-1a"}
        world.box.add_db_instance(name, "mysql", size_gib=20 if name == "orders" else 200, **place)
    world.clock.advance(600)
    fault = {"code": "InsufficientDBInstanceCapacity", "times": None, "match": {"DBInstanceClass": "db.m7g.large"}}
    world.box.faults.add(Fault(operation="rds:RestoreDBInstanceFromDBSnapshot", **fault))
    plans = [await world.plan(f"rds:{n}", route="snapshot", acks=ACKS) for n in names]
    work = [lambda p=p: world.driver.migrate(p, approved_by="a test", observed=True) for p in plans]
    outcomes = await world.driver.many(work, max_failures=9)
    assert [5, 3, 0] == codes(outcomes)
    assert "AWS had no room for db.m7g.large in eu-central-1a: orders" in outcomes[1].message


# -- the last word -------------------------------------------------------------------------------------------------------


async def test_it_is_asked_again_before_every_step_up_to_the_stop(world: World) -> None:
    """Another target fails after this gate has opened, and before anything was changed: it rests there, and when it is
    resumed its claims are read again.
    """
    other = world.instance(ROOT, name="other")
    driver = world.new_driver(listeners=[_failing_at(other, "claim", lambda: driver)])
    held, _ = await run(world, [other, world.instance(SLOW)], driver=driver)
    assert (3, set()) == (held.exit_code, stopped(world))
    resumed = await world.act(world.driver.resume(held.migration))
    assert (0, 2, []) == (resumed.exit_code, _looks(world, held.migration), world.box.losses())


async def test_what_was_done_before_the_stop_is_taken_back(world: World) -> None:
    """A cutover that has changed something already, and has not stopped anything, goes back; that is no failure of its own."""
    other = world.instance(ROOT)
    driver = world.new_driver(listeners=[_failing_at(other, "keep", lambda: driver)])
    back, _ = await run(world, [other, world.instance(SLOW)], driver=driver)
    assert (5, set(), True) == (back.exit_code, stopped(world), "held before it was quiesced" in back.message)
    assert "running" == world.power(other)


def _failing_at(target: str, step: str, driver: Callable[[], Driver]) -> Callable[[Event], None]:
    """Let another target of the run fail when a step of `target` is done."""

    def listen(event: Event) -> None:
        if event.name == "step-done" and (event.target, event.step) == (target, step):
            driver().breaker.failed("mig-other", "i-other", "it said no")

    return listen


def _looks(world: World, migration: str) -> int:
    """Count how often the claims were read back."""
    return sum(e.step == "claim" and e.what == "done" for e in world.driver.journal.entries(migration))
