"""Promise 2: service comes back. Until bring-up a failure puts the original back and starts it; otherwise exit 6 with the commands."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sealift.events import Event
from sealift.render.story import of
from sealift.sandbox import Durations
from sealift.sandbox.faults import Fault
from tests.pictures import changed, picture
from tests.promises.acts import moments, refuse, when
from tests.world import DATA, ROOT, World, sandbox

IN_THE_CUTOVER: dict[str, tuple[str, str, dict[str, Any]]] = {
    "the flags of the sources": ("clone", "ec2:ModifyInstanceAttribute", {}),
    "the stop": ("clone", "ec2:StopInstances", {}),
    "the detach of the root": ("clone", "ec2:DetachVolume", {"Device": ROOT.device}),
    "the detach of the data": ("clone", "ec2:DetachVolume", {"Device": DATA.device}),
    "the clone": ("clone", "ec2:CopyVolumes", {"VolumeType": "gp3"}),
    "the snapshot's volume": ("snapshot", "ec2:CreateVolume", {}),
    "the encrypted copy": ("copy", "ec2:CopySnapshot", {}),
    "the attach of the root": ("clone", "ec2:AttachVolume", {"Device": ROOT.device}),
    "the attach of the data": ("snapshot", "ec2:AttachVolume", {"Device": DATA.device}),
    "the start": ("clone", "ec2:StartInstances", {}),
}


@pytest.mark.parametrize("what", IN_THE_CUTOVER)
async def test_a_call_that_fails_in_the_cutover_puts_the_original_back(instant: World, what: str) -> None:
    """Whatever AWS refuses, every original is back on its device, running, with its flags and tags (exit 5); nothing is left over."""
    route, operation, match = IN_THE_CUTOVER[what]
    instance = instant.instance(ROOT, DATA)
    before = picture(instant)
    fault = refuse(instant, operation, **match)
    outcome = await instant.migrate(instance, route=route)
    assert (5, 1, {}) == (outcome.exit_code, fault.fired, changed(before, picture(instant)))
    assert (["end rolled-back"], []) == (moments(instant, outcome.migration)[-1:], instant.box.losses())


async def test_a_last_snapshot_that_fails_puts_the_original_back(instant: World) -> None:
    """The last snapshot, taken while the instance is down, may fail like any other call: exit 5, and nothing is left."""
    instance = instant.instance(ROOT)
    before = picture(instant)
    act = lambda: refuse(instant, "ec2:CreateSnapshot")  # noqa: E731 - from the stop on
    driver = instant.new_driver(listeners=[when("stop", act)])
    outcome = await instant.migrate(instance, driver=driver, route="snapshot")
    assert (5, {}) == (outcome.exit_code, changed(before, picture(instant)))


async def test_flags_that_cannot_be_set_put_the_original_back(instant: World) -> None:
    """The replacement is on its device but its DeleteOnTermination cannot be set: exit 5, and nothing is left."""
    instance = instant.instance(ROOT)
    before = picture(instant)
    driver = instant.new_driver(listeners=[when("attach:", lambda: refuse(instant, "ec2:ModifyInstanceAttribute"))])
    outcome = await instant.migrate(instance, driver=driver, route="clone")
    assert (5, {}) == (outcome.exit_code, changed(before, picture(instant)))


@pytest.mark.parametrize(
    "wrong", [{"Iops": 100}, {"KmsKeyId": "arn:aws:kms:eu-central-1:1:key/other"}, {"Encrypted": False}]
)
async def test_a_replacement_that_is_not_as_planned_never_comes_up(instant: World, wrong: dict[str, Any]) -> None:
    """Verify cold reads shape and key before anything runs: a difference puts the original back (exit 5) and names the field."""
    instance = instant.instance(ROOT)

    def spoil() -> None:
        migration = instant.driver.journal.migrations()[-1]["id"]
        instant.box.show_as(str(instant.state(migration).outputs["copy:/dev/xvda"]["VolumeId"]), **wrong)

    driver = instant.new_driver(listeners=[when("flags", spoil)])
    outcome = await instant.migrate(instance, driver=driver, route="clone")
    assert (5, "running", True) == (outcome.exit_code, instant.power(instance), next(iter(wrong)) in outcome.message)
    assert [False] == [v["Encrypted"] for v in instant.volumes(instance).values()]


@pytest.mark.parametrize("operation", ["ec2:DetachVolume", "ec2:CopyVolumes", "ec2:AttachVolume", "ec2:StartInstances"])
async def test_one_lane_that_fails_takes_all_back(instant: World, operation: str) -> None:
    """All volumes of an instance change or none does: it never starts with a mix of old and new."""
    instance = instant.instance(ROOT, DATA)
    sources = {v["VolumeId"] for v in instant.volumes(instance).values()}
    refuse(instant, operation, times=1)
    mixes: list[set[str]] = []

    def look(event: Any) -> None:
        serving = {v["VolumeId"] for v in instant.volumes(instance).values()}
        if event.name == "step-started" and event.step in ("start", "undo:stop"):
            mixes.append(serving & sources)

    await instant.migrate(instance, driver=instant.new_driver(listeners=[look]), route="clone")
    assert mixes
    assert all(serving in (set(), sources) for serving in mixes)


async def test_a_transient_fault_is_tried_again(world: World) -> None:
    """An error of the service, and a throttle, are waited out: the run goes on."""
    instance = world.instance(ROOT)
    for operation, code in (("ec2:DetachVolume", "InternalError"), ("ec2:AttachVolume", "RequestLimitExceeded")):
        refuse(world, operation, code, times=2)
    outcome = await world.migrate(instance, route="clone")
    assert (0, []) == (outcome.exit_code, world.box.losses())


# -- the start -----------------------------------------------------------------------------------------------------------


async def test_a_key_that_is_disabled_between_copy_and_start_sends_it_back_by_itself(world: World) -> None:
    """The instance falls back to stopped without ever having run (R-EBS-55): nothing was written, the original is put back (exit 5)."""
    instance = world.instance(ROOT, DATA)
    before = set(world.volumes(instance)[ROOT.device]["VolumeId"])
    act = lambda: world.box.disable_key(world.key)  # noqa: E731
    driver = world.new_driver(listeners=[when("verify:attachments", act)])
    outcome = await world.migrate(instance, driver=driver, route="clone")
    world.clock.advance(60)
    assert (5, "running", []) == (outcome.exit_code, world.power(instance), world.box.losses())
    assert before == set(world.volumes(instance)[ROOT.device]["VolumeId"])
    assert "R-EBS-55" in outcome.message


async def test_a_key_that_is_disabled_before_the_copy_sends_it_back_by_itself(world: World) -> None:
    """A copy that dies of its key is found by its state, and the original is put back (exit 5)."""
    instance = world.instance(ROOT)
    driver = world.new_driver(listeners=[when("detach:/dev/xvda", lambda: world.box.disable_key(world.key))])
    outcome = await world.migrate(instance, driver=driver, route="snapshot")
    assert (5, "running", []) == (outcome.exit_code, world.power(instance), world.box.losses())


async def test_capacity_that_is_missing_for_a_moment_is_waited_for(world: World) -> None:
    """EC2 has no room for two minutes: the start is tried again, and the replacement comes up."""
    instance = world.instance(ROOT)
    refuse(world, "ec2:StartInstances", "InsufficientInstanceCapacity", times=3)
    outcome = await world.migrate(instance, route="clone")
    assert (0, []) == (outcome.exit_code, world.box.losses())


async def test_capacity_that_stays_missing_on_the_replacement_puts_the_original_back(world: World) -> None:
    """After five minutes without room the run goes back; once there is room the original is started (exit 5)."""
    instance = world.instance(ROOT)
    fault = refuse(world, "ec2:StartInstances", "InsufficientInstanceCapacity", times=14)
    outcome = await world.migrate(instance, route="clone")
    assert (5, 14, "running", []) == (outcome.exit_code, fault.fired, world.power(instance), world.box.losses())


async def test_capacity_that_never_comes_ends_with_the_commands_to_run(world: World) -> None:
    """Where EC2 gives no room at all the run keeps trying, then says what to do (exit 6); resume finishes it when there is room."""
    instance = world.instance(ROOT)
    fault = refuse(world, "ec2:StartInstances", "InsufficientInstanceCapacity", times=None)
    outcome = await world.migrate(instance, route="clone")
    assert (6, "stopped") == (outcome.exit_code, world.power(instance))
    for words in (f"sealift resume {outcome.migration}", "aws ec2 start-instances", instance):
        assert words in outcome.message
    fault.times = 0
    resumed = await world.act(world.driver.resume(outcome.migration))
    assert (5, "running", []) == (resumed.exit_code, world.power(instance), world.box.losses())


async def test_room_that_cannot_be_reserved_means_that_nothing_is_stopped(instant: World) -> None:
    """With --reserve-capacity the reservation is active before the stop, or the stop does not happen."""
    instance = instant.instance(ROOT)
    before = picture(instant)
    refuse(instant, "ec2:CreateCapacityReservation", "InsufficientInstanceCapacity", times=None)
    outcome = await instant.migrate(instance, route="clone", reserve_capacity=True)
    assert (5, {}, []) == (outcome.exit_code, changed(before, picture(instant)), instant.calls("Stop"))


async def test_a_reservation_is_held_from_before_the_stop_until_bring_up(instant: World) -> None:
    """It is made before StopInstances, and cancelled after StartInstances."""
    await instant.migrate(instant.instance(ROOT), route="clone", reserve_capacity=True)
    names = ("CreateCapacity", "Stop", "Start", "CancelCapacity")
    wanted = [
        "ec2:CreateCapacityReservation",
        "ec2:StopInstances",
        "ec2:StartInstances",
        "ec2:CancelCapacityReservation",
    ]
    assert [w.split(":")[-1] for w in wanted] == [c.split(":")[-1] for c in instant.calls(*names)]


async def test_a_reservation_is_not_paid_for_while_the_gate_is_shut(instant: World) -> None:
    """Nobody has approved it for a day: it is made once the gate opens, and still before the stop."""
    plan = await instant.plan(instant.instance(ROOT), route="clone", reserve_capacity=True)
    left = await instant.act(instant.driver.migrate(plan, no_wait=True))
    instant.clock.advance(86_400)
    made = instant.calls("CreateCapacity")

    done = await instant.act(instant.driver.resume(left.migration, approved_by="a test"))

    assert (3, [], 0) == (left.exit_code, made, done.exit_code), done.message
    names = [c.split(":")[-1] for c in instant.calls("CreateCapacity", "Stop")]
    assert ["CreateCapacityReservation", "StopInstances"] == names


def open_reservations(world: World) -> list[str]:
    """Return the reservations that are paid for."""
    found = world.ec2.describe_capacity_reservations()["CapacityReservations"]
    return [r["CapacityReservationId"] for r in found if r["State"] == "active"]


def cancel_all(world: World) -> None:
    """Let somebody cancel what is reserved."""
    for reservation in open_reservations(world):
        world.ec2.cancel_capacity_reservation(CapacityReservationId=reservation)


async def test_a_reservation_that_is_not_described_yet_is_given_back_all_the_same(tmp_path: Path) -> None:
    """Somebody goes back in the moment in which it was made: absent now is not gone, and without an end it would be paid for."""
    with sandbox(Durations(visible_s=5)) as box:
        world = World(box, tmp_path)

        def turn(event: Event) -> None:
            if (event.name, event.step, event.data.get("state")) == ("step-waiting", "capacity", "absent"):
                driver.turn_back("somebody says so")

        driver = world.new_driver(listeners=[turn])
        back = await world.migrate(world.instance(ROOT), driver=driver, route="clone", reserve_capacity=True)
        world.clock.advance(120)

        state = world.state(back.migration)
        assert (0, "rolled-back", [], []) == (back.exit_code, state.end, world.calls("Stop"), state.leftovers), (
            back.message
        )
        assert (1, 1) == (len(world.calls("CreateCapacity")), len(world.calls("CancelCapacity")))
        assert [] == open_reservations(world)


async def test_a_reservation_that_somebody_has_cancelled_is_made_again_before_the_stop(instant: World) -> None:
    """It is looked at directly before it: the stop does not happen without room."""
    driver = instant.new_driver(listeners=[when("claim", lambda: cancel_all(instant), event="step-started")])
    held: list[list[str]] = []
    driver.listeners = (*driver.listeners, when("stop", lambda: held.append(open_reservations(instant))))

    done = await instant.migrate(instant.instance(ROOT), driver=driver, route="clone", reserve_capacity=True)

    assert (done.exit_code, instant.state(done.migration).leftovers) == (0, []), done.message
    names = ("CreateCapacity", "Stop", "Start", "CancelCapacity")
    ours = [c.split(":")[-1] for c in instant.calls(*names)]
    assert ["CreateCapacityReservation"] * 2 == [c for c in ours if c.startswith("Create")]
    assert ours.index("StopInstances") > max(n for n, c in enumerate(ours) if c.startswith("Create"))
    assert ([1], []) == ([len(h) for h in held], open_reservations(instant))


async def test_where_room_is_gone_and_refused_the_second_time_nothing_is_stopped(instant: World) -> None:
    """Exit 5, and all is as it was."""
    instance = instant.instance(ROOT)
    before = picture(instant)

    def gone() -> None:
        cancel_all(instant)
        refuse(instant, "ec2:CreateCapacityReservation", "InsufficientInstanceCapacity", times=None)

    driver = instant.new_driver(listeners=[when("claim", gone, event="step-started")])

    outcome = await instant.migrate(instance, driver=driver, route="clone", reserve_capacity=True)

    assert (5, {}, []) == (outcome.exit_code, changed(before, picture(instant)), instant.calls("Stop")), outcome.message
    assert [] == open_reservations(instant)


async def test_a_reservation_is_given_back_where_the_gate_shuts_again(instant: World) -> None:
    """Somebody postpones it in the moment in which it was reserved: nothing is paid for until the gate opens, then it is."""
    later = instant.clock.now() + 90_000

    def postpone() -> None:
        (row,) = driver.journal.migrations()
        if not instant.state(row["id"]).postponed_until:
            driver.journal.note(row["id"], "postponed", {"until": later}, attempt=1)

    driver = instant.new_driver(listeners=[when("capacity", postpone)])
    plan = await instant.plan(instant.instance(ROOT), route="clone", reserve_capacity=True)
    left = await instant.act(driver.migrate(plan, approved_by="a test", no_wait=True))
    paid = open_reservations(instant)
    instant.clock.advance(100_000)

    done = await instant.act(instant.driver.resume(left.migration))

    assert (3, [], 0) == (left.exit_code, paid, done.exit_code), done.message
    assert 2 == len(instant.calls("CreateCapacity"))
    assert [] == open_reservations(instant)


# -- a stop that hangs ---------------------------------------------------------------------------------------------------


@pytest.fixture
def slow_to_stop(tmp_path: Any) -> Iterator[Callable[[float], World]]:
    """Make worlds whose instances take as long to stop as one says."""
    with ExitStack() as stack:
        yield lambda seconds: World(stack.enter_context(sandbox(Durations(stop_s=seconds))), tmp_path)


async def test_a_stop_that_hangs_is_waited_for_and_never_forced(slow_to_stop: Callable[[float], World]) -> None:
    """After the stop's deadline the run goes back: it waits until the instance has stopped, starts it (exit 5) and forces nothing."""
    world = slow_to_stop(1500)
    instance = world.instance(ROOT)
    outcome = await world.migrate(instance, route="clone", stop_deadline=600)
    stops = [e.params for e in world.box.log if e.operation.endswith("StopInstances")]
    assert (5, "running", []) == (outcome.exit_code, world.power(instance), world.box.losses())
    assert [{"InstanceIds": [instance]}] == [{k: v for k, v in p.items() if v not in (False, None)} for p in stops]
    assert [] == world.calls("Detach", "Copy")


async def test_a_stop_that_hangs_for_long_never_ends_in_force(slow_to_stop: Callable[[float], World]) -> None:
    """Nothing can be done while the instance is 'stopping': the run waits or asks a person, and resume puts it back after that."""
    world = slow_to_stop(4000)
    instance = world.instance(ROOT)
    outcome = await world.migrate(instance, route="clone", stop_deadline=600)
    if outcome.exit_code == 6:
        world.clock.advance(4000)
        outcome = await world.act(world.driver.resume(outcome.migration))
    stops = [e.params for e in world.box.log if e.operation.endswith("StopInstances")]
    assert (5, "running", 1, []) == (outcome.exit_code, world.power(instance), len(stops), world.box.losses())


# -- the way back fails too ----------------------------------------------------------------------------------------------


async def test_a_way_back_that_fails_names_the_commands_in_order(instant: World) -> None:
    """When even the original cannot be attached, exit 6 names the attach and the start, and resume goes on from there."""
    instance = instant.instance(ROOT, DATA)
    before = picture(instant)
    fault = refuse(instant, "ec2:AttachVolume", times=None)
    outcome = await instant.migrate(instance, route="clone")
    order = [
        outcome.message.find(words) for words in ("sealift resume", "aws ec2 attach-volume", "aws ec2 start-instances")
    ]
    assert (6, sorted(order), True) == (outcome.exit_code, order, -1 not in order)
    assert "end needs-person" == moments(instant, outcome.migration)[-1]
    fault.times = 0
    resumed = await instant.act(instant.driver.resume(outcome.migration))
    assert (5, {}) == (resumed.exit_code, changed(before, picture(instant)))


async def test_what_cannot_be_deleted_is_a_leftover_and_no_failed_rollback(instant: World) -> None:
    """Service first: a replacement that cannot be deleted is named in a row, and the run still ends as put back (exit 5)."""
    instance = instant.instance(ROOT)
    refuse(instant, "ec2:AttachVolume")
    refuse(instant, "ec2:DeleteVolume", times=None)
    outcome = await instant.migrate(instance, route="clone")
    left = [e.data["resource"] for e in instant.driver.journal.entries(outcome.migration) if e.what == "leftover"]
    assert (5, "running", left) == (
        outcome.exit_code, instant.power(instance), [i for i, v in instant.all_volumes().items() if v["Encrypted"]],
    )  # fmt: skip


@pytest.mark.parametrize("visible_s", [30, 3600])
async def test_a_copy_that_nobody_can_see_yet_is_looked_for_again_or_named(instant: World, visible_s: float) -> None:
    """Its answer was lost, and it is described late: the way back looks again for a minute, then names token, tags and command."""
    instance = instant.instance(ROOT)
    instant.box.faults.add(Fault(operation="ec2:CreateVolume", after=True, times=1))
    refuse(instant, "ec2:CreateVolume", times=None)

    def late() -> None:
        instant.box.world.durations = replace(instant.box.world.durations, visible_s=visible_s)

    driver = instant.new_driver(listeners=[when("copy:", late, event="step-started")])
    outcome = await instant.migrate(instance, driver=driver, route="snapshot")
    left = [e.data for e in instant.driver.journal.entries(outcome.migration) if e.what == "leftover"]
    instant.clock.advance(7200)
    copies = [i for i, v in instant.all_volumes().items() if v["Encrypted"]]
    assert (5, "running", visible_s > 60) == (outcome.exit_code, instant.power(instance), bool(copies))
    assert len(left) == len(copies)
    assert all("ClientToken" in one["why"] and "aws ec2 describe-volumes" in one["why"] for one in left)


# -- the turn-back time --------------------------------------------------------------------------------------------------


async def test_a_cutover_that_runs_late_goes_back_before_the_window_ends(world: World) -> None:
    """When the turn-back time passes before bring-up the run goes back by itself, exit 5, and says that it was the window."""
    instance = world.instance(ROOT)
    plan = await world.plan(instance, route="clone")
    end = world.clock.now() + plan.down.worst + plan.back.worst + 7200
    late = lambda: world.clock.advance(end - world.clock.now() - 30)  # noqa: E731
    driver = world.new_driver(listeners=[when("copy:/dev/xvda", late)])
    outcome = await world.migrate(instance, driver=driver, route="clone", window_end=end)
    assert (5, "running", True, []) == (
        outcome.exit_code, world.power(instance), "window" in outcome.message, world.box.losses(),
    )  # fmt: skip


async def test_a_window_that_ends_after_bring_up_changes_nothing(world: World) -> None:
    """After bring-up the turn-back time no longer counts: the confirmation goes on (exit 0)."""
    instance = world.instance(ROOT)
    plan = await world.plan(instance, route="clone")
    end = world.clock.now() + plan.down.worst + plan.back.worst + 7200
    driver = world.new_driver(listeners=[when("start", lambda: world.clock.advance(2 * 86400))])
    outcome = await world.migrate(instance, driver=driver, route="clone", window_end=end)
    assert (0, []) == (outcome.exit_code, world.box.losses())


# -- reads that fail, and what has failed --------------------------------------------------------------------------------


async def test_a_way_back_whose_first_look_is_refused_needs_a_person(instant: World) -> None:
    """From the cutover on the instance cannot be described: exit 6 says that it is down, and names both commands; resume goes on."""
    instance = instant.instance(ROOT)
    fault = Fault(operation="ec2:DescribeInstances", code="UnauthorizedOperation", status=403, times=None)
    driver = instant.new_driver(listeners=[when("attach:", lambda: instant.box.faults.add(fault))])
    outcome = await instant.migrate(instance, driver=driver, route="clone")
    wanted = ("is down", f"sealift resume {outcome.migration}", f"sealift rollback {outcome.migration}")
    assert (6, []) == (outcome.exit_code, [w for w in wanted if w not in outcome.message])
    assert "end needs-person" == moments(instant, outcome.migration)[-1]
    instant.box.faults.clear()
    resumed = await instant.act(instant.driver.resume(outcome.migration))
    assert (0, "running", []) == (resumed.exit_code, instant.power(instance), instant.box.losses())


async def test_a_rollback_whose_first_look_is_refused_needs_a_person(instant: World) -> None:
    """The same where a person has asked for the way back: the workload is down, and that is no mere refusal."""
    instance = instant.instance(ROOT)
    before = picture(instant)
    fault = Fault(operation="ec2:DescribeInstances", code="UnauthorizedOperation", status=403, times=None)
    driver = instant.new_driver(listeners=[when("attach:", lambda: instant.box.faults.add(fault))])
    outcome = await instant.migrate(instance, driver=driver, route="clone")
    asked = await instant.act(instant.driver.rollback(outcome.migration))
    assert (6, True) == (asked.exit_code, f"sealift rollback {outcome.migration}" in asked.message)
    instant.box.faults.clear()
    again = await instant.act(instant.driver.rollback(outcome.migration))
    assert (0, {}) == (again.exit_code, changed(before, picture(instant)))


async def test_a_refusal_before_the_cut_names_what_is_left_over(instant: World) -> None:
    """Snapshots may be made and not described: exit 4, and the snapshot that could not be deleted is named."""
    instance = instant.instance(ROOT)
    refuse(instant, "ec2:DescribeSnapshots", "UnauthorizedOperation", times=None)
    known = set(instant.box.world.region(instant.driver.account._identity or "", "eu-central-1").snapshots)
    outcome = await instant.migrate(instance, route="clone")
    instant.box.faults.clear()
    (left,) = set(instant.snapshots()) - known
    assert (4, "running", True) == (outcome.exit_code, instant.power(instance), f"left over: {left}" in outcome.message)


@pytest.mark.parametrize(("step", "code", "minutes"), [("stop", 5, 10), ("undo:attach:", 6, 75)])
async def test_a_read_that_is_throttled_for_ever_does_not_stretch_the_deadline(
    instant: World, step: str, code: int, minutes: float
) -> None:
    """The patience of a read counts: while down it is five minutes and a read, on the way home an hour, then a person is told."""
    instance = instant.instance(ROOT)
    seen: list[float] = []

    def throttle() -> None:
        seen.append(instant.clock.now())
        refuse(instant, "ec2:DescribeVolumes", "RequestLimitExceeded", times=None)

    def turned() -> None:
        seen.append(instant.clock.now())
        instant.box.faults.clear()

    if code == 6:
        refuse(instant, "ec2:StartInstances")
    ends = when("", turned, event="direction" if code == 5 else "end")
    driver = instant.new_driver(listeners=[when(step, throttle, event="step-started"), ends])
    outcome = await instant.migrate(instance, driver=driver, route="clone")
    assert (code, True) == (outcome.exit_code, 120 < seen[1] - seen[0] < minutes * 60)


async def test_a_copy_that_failed_is_deleted_and_not_waited_for(world: World) -> None:
    """A volume that went to `error` never becomes available: it is deleted as it is, and nothing is left over (exit 5)."""
    instance = world.instance(ROOT)
    before = picture(world)
    world.box.faults.add(Fault(operation="ec2:CopyVolumes", fails_at=50.0, times=None))
    outcome = await world.migrate(instance, route="clone")
    world.clock.advance(600)
    assert (5, {}) == (outcome.exit_code, changed(before, picture(world)))
    assert "left over" not in outcome.message


async def test_an_instance_that_stays_pending_is_a_persons_and_counts_as_down(tmp_path: Path) -> None:
    """A start that was answered may have booted from the replacement, whatever the state says: nothing is put back by itself
    (exit 6), and nobody is told that the workload is up until it runs.
    """
    with sandbox(Durations(start_s=30 * 86400.0)) as box:
        world = World(box, tmp_path)
        instance = world.instance(ROOT)
        outcome = await world.migrate(instance, route="clone")
        state, shown = world.state(outcome.migration), of(world.driver.journal, outcome.migration)
        row = shown.to_json()["migrations"][0]
        assert (6, "pending", True) == (outcome.exit_code, world.power(instance), state.brought_up is not None)
        assert f"{instance} has its replacement, and is 'pending'" in outcome.message
        assert "runs on its replacement" not in outcome.message
        assert (row["down_since"], row["down_seconds"] > 900) == (state.down_since(), True)
        assert state.down_since() is not None
        assert f"THE WORKLOAD OF {instance} IS DOWN since" in shown.text()
