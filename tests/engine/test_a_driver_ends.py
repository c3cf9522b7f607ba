"""How a driver ends that is not done: lost credentials, a lost lease, a runner of another make, a listener that counts."""

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from sealift.driver import LEASE_CUTOVER, _Lease
from sealift.engine import REQUEST_LIFE, Attempt
from sealift.errors import LeaseLost
from sealift.events import Event
from sealift.journal import Journal
from sealift.sandbox.faults import Fault
from sealift.sandbox.seeding import VolumeSpec
from sealift.step import Step
from tests.promises.acts import moments, when
from tests.world import DATA, ROOT, World


def expire(world: World) -> None:
    world.box.faults.add(Fault(operation="*", code="RequestExpired", times=None))


@pytest.mark.parametrize("step", ["warm:", "mark:"])
async def test_credentials_that_end_before_the_quiesce_leave_it_resumable(instant: World, step: str) -> None:
    """Exit 130 with the command; nothing was turned, nothing was stopped, and resume goes on."""
    instance = instant.instance(ROOT)
    driver = instant.new_driver(listeners=[when(step, lambda: expire(instant))])
    left = await instant.migrate(instance, driver=driver, route="clone")
    instant.box.faults.clear()
    assert (130, True, "running") == (
        left.exit_code,
        f"sealift resume {left.migration}" in left.message,
        instant.power(instance),
    )
    assert "direction" not in moments(instant, left.migration)
    assert 0 == (await instant.act(instant.driver.resume(left.migration))).exit_code


@pytest.mark.parametrize("step", ["stop", "detach:/dev/xvda", "copy:/dev/xvda", "attach:/dev/xvda"])
async def test_credentials_that_end_after_the_quiesce_need_a_person(instant: World, step: str) -> None:
    """Nothing can be put back without them: exit 6 says that the workload is down; signed in again, resume goes on."""
    instance = instant.instance(ROOT)
    driver = instant.new_driver(listeners=[when(step, lambda: expire(instant))])
    left = await instant.migrate(instance, driver=driver, route="clone")
    instant.box.faults.clear()
    assert (6, True) == (left.exit_code, "is down" in left.message)
    resumed = await instant.act(instant.driver.resume(left.migration))
    assert (0, "running", []) == (resumed.exit_code, instant.power(instance), instant.box.losses())


async def test_a_driver_that_was_taken_over_does_nothing_more(instant: World) -> None:
    """Another driver holds the newest token: the old one writes no row, sends no change, and turns nothing."""
    instance = instant.instance(ROOT)

    def take_over() -> None:
        journal = Journal(instant.clock, instant.settings.journal)
        migration = journal.migrations()[-1]["id"]
        token, beat, *_ = journal.lease(migration)
        journal.take_lease(migration, (token, beat))

    driver = instant.new_driver(listeners=[when("detach:/dev/xvda", take_over)])
    lost = await instant.migrate(instance, driver=driver, route="clone")
    assert (130, [], []) == (lost.exit_code, instant.calls("Attach"), [c for c in instant.calls("Copy") if c])
    assert "direction" not in moments(instant, lost.migration)


def test_a_request_leaves_only_if_the_lease_outlives_it(instant: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Long after the last beat the guard beats first; where another driver has taken over that raises."""
    import time

    journal = instant.driver.journal
    migration = journal.begin({"target": "i", "kind": "k", "account": "1", "region": "r"}, "d", [])
    token = journal.take_lease(migration, (0, 0))
    lease, now = _Lease(journal, migration, token), time.monotonic()
    lease.guard()
    assert 0 == journal.lease(migration)[1]
    monkeypatch.setattr(time, "monotonic", lambda: now + LEASE_CUTOVER - REQUEST_LIFE + 1)
    lease.guard()
    assert 1 == journal.lease(migration)[1]
    journal.take_lease(migration, journal.lease(migration)[:2])
    monkeypatch.setattr(time, "monotonic", lambda: now + 10 * LEASE_CUTOVER)
    with pytest.raises(LeaseLost):
        lease.guard()


async def test_a_runner_may_be_anything_that_repeats(instant: World) -> None:
    """The engine needs a call that tries and asks whether to try again: here each step is a task of its own."""
    tried: Counter[str] = Counter()

    async def runner(step: Step, attempt: Attempt) -> None:
        while True:
            tried[step.key] += 1
            try:
                return await asyncio.ensure_future(attempt())
            except Exception as error:
                if not attempt.will_retry(error):
                    raise

    instance = instant.instance(ROOT, DATA)
    instant.box.faults.add(Fault(operation="ec2:DetachVolume", code="InternalError", times=1))
    plan = await instant.plan(instance, route="clone")
    outcome = await instant.act(instant.driver.migrate(plan, approved_by="a test", observed=True, runner=runner))
    assert (0, {s.key for s in plan.steps}) == (outcome.exit_code, set(tried))
    assert 1 == sum(n - 1 for n in tried.values())


async def test_events_tell_the_whole_story(instant: World) -> None:
    """Each step is started and done once, in between there is a gate, a quiesce, a bring-up and an end."""
    plan = await instant.plan(instant.instance(ROOT, DATA), route="snapshot")
    await instant.act(instant.driver.migrate(plan, approved_by="a test", observed=True))
    told: Counter[Any] = Counter((e.name, e.step) for e in instant.events if e.name in ("step-started", "step-done"))
    failed = [e for e in instant.events if e.name in ("direction", "leftover")]
    assert {("step-done", s.key) for s in plan.steps} == {k for k in told if k[0] == "step-done"}
    assert ([], 1, 1, 1) == (
        failed,
        *(sum(e.name == n for e in instant.events) for n in ("quiesce", "bring-up", "end")),
    )


async def test_lanes_run_side_by_side(world: World) -> None:
    """Both volumes are copied in the time of the longer: the second does not wait for the first."""
    instance = world.instance(ROOT, DATA)
    await world.migrate(instance, route="snapshot", acks=("R-EBS-31", "R-EBS-89"))
    last: dict[str, tuple[float, float]] = {}
    for event in world.events:
        if event.step.startswith("last:") and event.name in ("step-started", "step-done"):
            began, _ = last.get(event.step, (event.at, 0.0))
            last[event.step] = (began, event.at)
    (a, b) = last.values()
    assert max(a[0], b[0]) < min(a[1], b[1])


async def test_copy_slots_are_waited_for_before_the_stop(world: World) -> None:
    """The sixth copy of a Region waits for a slot while its workload runs on, until an earlier clone is hydrated."""
    large = VolumeSpec(device="/dev/sdf", size_gib=120)
    *first, third = [world.instance(ROOT, large, name=f"web-{n}") for n in range(3)]
    for instance in first:
        assert 0 == (await world.migrate(instance, route="clone")).exit_code
    began = world.clock.now()
    outcome = await world.migrate(third, route="clone")
    state = world.state(outcome.migration)
    assert (0, [], True) == (outcome.exit_code, world.box.losses(), state.quiesced - began > 600)
    assert state.brought_up - state.quiesced < 300


# -- what a person says while it works


async def test_asked_back_at_its_gate_it_stops_nothing_and_cleans_up(instant: World) -> None:
    """No approval is waited for any longer: the snapshots go, the source keeps its state, and no failure is told."""
    instance = instant.instance(ROOT)
    plan = await instant.plan(instance, route="clone")
    driver = instant.new_driver(listeners=[at("gate", lambda: driver.turn_back("a test asks"))])
    outcome = await instant.act(driver.migrate(plan, observed=True))
    state = instant.state(outcome.migration)
    assert (0, "rolled-back", "a test asks") == (outcome.exit_code, state.end, state.rollback["why"])
    assert ([], "running", {}) == (instant.calls("Stop"), instant.power(instance), instant.snapshots())
    assert "failure" not in moments(instant, outcome.migration)


@pytest.mark.parametrize("step", ["stop", "detach:/dev/xvda", "copy:/dev/xvda", "attach:/dev/xvda"])
async def test_asked_back_in_the_cutover_it_goes_back_from_the_next_row(instant: World, step: str) -> None:
    """As `rollback` does: exit 0, the original runs, nothing is lost; the approval is taken back with it."""
    instance = instant.instance(ROOT)
    before = instant.volumes(instance)["/dev/xvda"]["VolumeId"]
    driver = instant.new_driver(listeners=[when(step, lambda: driver.turn_back("a test asks"))])
    outcome = await instant.migrate(instance, driver=driver, route="clone")
    assert (0, "rolled-back") == (outcome.exit_code, instant.state(outcome.migration).end)
    assert ("running", before, []) == (
        instant.power(instance),
        instant.volumes(instance)["/dev/xvda"]["VolumeId"],
        instant.box.losses(),
    )


async def test_asked_back_while_it_is_brought_up_it_goes_on_and_says_so(instant: World) -> None:
    """A start that was sent is not turned half-way: the replacement serves, and the event names what puts the original back."""
    instance = instant.instance(ROOT)
    started = when("start", lambda: driver.turn_back("a test asks"), event="step-waiting")
    driver = instant.new_driver(listeners=[started])
    outcome = await instant.migrate(instance, driver=driver, route="clone")
    said = [e.data["why"] for e in instant.events if e.name == "not-turned"]
    assert (0, "retained", 1) == (outcome.exit_code, instant.state(outcome.migration).end, len(said))
    assert "--discard-writes" in said[0]


async def test_what_has_not_begun_when_going_back_is_asked_for_does_not_begin(instant: World) -> None:
    """Exit 130: nothing was sent for it, and the journal does not know it."""
    plan = await instant.plan(instant.instance(ROOT), route="clone")
    instant.driver.turn_back("a test asks")
    outcome = await instant.act(instant.driver.migrate(plan, approved_by="a test", observed=True))
    assert (130, "", []) == (outcome.exit_code, outcome.migration, instant.driver.journal.migrations())


async def test_who_waits_for_a_copy_slot_leaves_at_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hours may be waited for a slot: nothing is under way, so that a driver that is ended there is not waited for."""
    plan = await world.plan(world.instance(ROOT), route="clone")
    monkeypatch.setattr(Journal, "reserve", lambda *_: False)
    waiting = asyncio.Event()
    driver = world.new_driver(listeners=[when("slots", waiting.set, event="step-started")])
    run = asyncio.ensure_future(world.act(driver.migrate(plan, approved_by="a test", observed=True)))
    await waiting.wait()
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(run, 5)
    migration = world.driver.journal.migrations()[-1]["id"]
    assert "left" in moments(world, migration)
    assert world.driver.journal.lease(migration)[2]


def at(event: str, act: Callable[[], Any]) -> Callable[[Event], None]:
    """Return a listener that acts once, the first time an event is told."""
    return when("", act, event=event)
