"""Promise 2 with --watchdog: service comes back where no driver lives to bring it back, and never on a mix of volumes."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from sealift.aws.gateway import Gateway
from sealift.driver import Driver, Outcome
from sealift.policy import delegated
from sealift.sandbox.ec2 import tagging
from sealift.sandbox.faults import Fault
from sealift.sandbox.seeding import VolumeSpec
from tests.contract.shapes import planned
from tests.pictures import changed, picture
from tests.promises.acts import moments, refuse, when
from tests.promises.test_3_kill_it_anywhere import Doomed, Killed, run, stored
from tests.world import DATA, KEY, ROOT, World

ROLE = "arn:aws:iam::123456789012:role/watchdog"
ARMED: dict[str, Any] = {"watchdog": ROLE, "route": "clone"}
LONG = 3 * 3600.0
ENCRYPTED_ROOT = VolumeSpec(kms_key=KEY)
CUT = (
    "keep", "stop", "cut", "detach:/dev/xvda", "detach:/dev/sdf", "copy:/dev/xvda", "attach:/dev/xvda", "attach:/dev/sdf",
    "flags", "verify:volumes", "verify:attachments", "still-quiet",
)  # fmt: skip


@pytest.fixture(autouse=True)
def mixes(request: pytest.FixtureRequest) -> Iterator[list[str]]:
    """Look after every event of the sandbox: nothing ever runs on a source and a replacement at once."""
    found: list[str] = []
    box = next((request.getfixturevalue(w).box for w in ("world", "instant") if w in request.fixturenames), None)

    def look(_: float) -> None:
        for region in box.world.regions.values():
            for machine in region.machines.values():
                tags = [tagging.book(v.account, v.region, v.id) for v in (a.volume for a in machine.disks.values())]
                roles = {t.get("sealift:role") for t in tags if t.get("sealift:role")} - {"replacement"}
                if machine.state in ("pending", "running") and len(roles) > 1:
                    found.append(f"{machine.id} is {machine.state} on {roles}")

    if box is not None:
        box.observe(look)
    yield found
    assert found == []


def serving(world: World, instance: str) -> tuple[str, dict[str, bool]]:
    """Return an instance's state, and by device whether its disk is encrypted."""
    return world.power(instance), {device: v["Encrypted"] for device, v in world.volumes(instance).items()}


PLAIN = ("running", {"/dev/xvda": False, "/dev/sdf": False})
MOVED = ("running", {"/dev/xvda": True, "/dev/sdf": True})


def execution(world: World) -> dict[str, Any]:
    """Return the newest automation."""
    ssm = world.box.client("ssm")
    newest = ssm.describe_automation_executions()["AutomationExecutionMetadataList"][0]["AutomationExecutionId"]
    return dict(ssm.get_automation_execution(AutomationExecutionId=newest)["AutomationExecution"])


def went(world: World) -> list[str]:
    """Return the steps that the newest automation has gone."""
    return [s["StepName"] for s in execution(world)["StepExecutions"]]


def late(monkeypatch: pytest.MonkeyPatch, world: World, operation: str, seconds: float = LONG, **match: Any) -> None:
    """Let a driver be paused where nothing can see it: between its last look and one request, which leaves so late."""
    request, done = Gateway._request, []

    async def slowly(self: Gateway, asked: Any, params: Any, purpose: Any) -> dict[str, Any]:
        if (
            asked.name == operation
            and not done
            and not params.get("DryRun")
            and all(params.get(k) == v for k, v in match.items())
        ):
            done.append(True)
            world.clock.advance(seconds)
        return await request(self, asked, params, purpose)

    monkeypatch.setattr(Gateway, "_request", slowly)


# -- nobody drives


@pytest.mark.parametrize(
    ("step", "row"),
    [(step, "done") for step in CUT] + [(step, "intent") for step in ("stop", "detach:/dev/sdf", "attach:/dev/sdf")],
)
async def test_a_driver_that_dies_in_the_cut_is_not_missed(instant: World, step: str, row: str) -> None:
    """Killed at any row of any step of the cut: by its time the watchdog has the originals running, with no driver at all;
    `resume` then closes the attempt (exit 5), leaves nothing behind, and the next attempt moves it.
    """
    instance = instant.instance(ROOT, DATA)
    before = picture(instant)
    await run(instant, instance, kill_at=(step, row), **ARMED)

    instant.clock.advance(LONG)
    brought_back = serving(instant, instance)
    losses = instant.box.losses()
    migration = stored(instant)
    resumed = await instant.act(instant.new_driver().resume(migration))
    after = changed(before, picture(instant))
    again = await instant.act(instant.new_driver().resume(migration, approved_by="a test"))

    assert (PLAIN, []) == (brought_back, losses)
    assert (5, {}, []) == (resumed.exit_code, after, instant.state(migration).leftovers), resumed.message
    assert (0, MOVED, []) == (again.exit_code, serving(instant, instance), instant.box.losses()), again.message


@pytest.mark.parametrize("reading", ["fails", "empty", "no value"])
@pytest.mark.parametrize("step", ["stop", "detach:/dev/sdf", "attach:/dev/sdf", "still-quiet", "up"])
@pytest.mark.parametrize("root", [ROOT, ENCRYPTED_ROOT], ids=["plain root", "encrypted root"])
async def test_it_is_the_same_however_aws_reads_a_selector_that_finds_nothing(
    instant: World, reading: Any, step: str, root: VolumeSpec
) -> None:
    """A look that finds nothing fails, or passes with an empty text, or with no value: no disk stays off, nothing is mixed."""
    instant.box.reads_nothing_as(reading)
    instance = instant.instance(root, DATA)
    before = picture(instant)
    await run(instant, instance, kill_at=(step, "done"), **ARMED)

    instant.clock.advance(LONG)
    brought_back = serving(instant, instance)
    resumed = await instant.act(instant.new_driver().resume(stored(instant)))

    plain = ("running", {"/dev/xvda": root is ENCRYPTED_ROOT, "/dev/sdf": False})
    assert brought_back == (("stopped", MOVED[1]) if step == "up" else plain)
    assert ("leave" in went(instant)) == (step == "up")
    assert all("" not in (e.params.get("VolumeId"), *e.params.get("VolumeIds", ())) for e in instant.box.log if e.by)
    assert (5, {}, []) == (resumed.exit_code, changed(before, picture(instant)), instant.box.losses())


@pytest.mark.parametrize("step", ["detach:/dev/sdf", "copy:/dev/sdf", "attach:/dev/sdf", "flags"])
async def test_it_is_the_same_where_the_root_stays(instant: World, step: str) -> None:
    """An encrypted root stays attached and is no fence: the watchdog looks before each step of its own."""
    instance = instant.instance(ENCRYPTED_ROOT, DATA)
    before = picture(instant)
    await run(instant, instance, kill_at=(step, "done"), **ARMED)

    instant.clock.advance(LONG)
    brought_back = serving(instant, instance)
    resumed = await instant.act(instant.new_driver().resume(stored(instant)))

    assert ("running", {"/dev/xvda": True, "/dev/sdf": False}) == brought_back
    assert (5, {}, []) == (resumed.exit_code, changed(before, picture(instant)), instant.box.losses())


@pytest.mark.parametrize(
    "step", ["undo:attach:/dev/xvda", "undo:detach:/dev/sdf", "undo:detach:/dev/xvda", "undo:stop"]
)
async def test_a_driver_that_dies_on_its_way_back_is_not_missed(instant: World, step: str) -> None:
    """The watchdog stands by until service is back, not until somebody begins to bring it back."""
    instance = instant.instance(ROOT, DATA)
    before = picture(instant)
    refuse(instant, "ec2:ModifyInstanceAttribute", times=None)
    await run(instant, instance, kill_at=(step, "intent"), **ARMED)
    instant.box.faults.clear()

    instant.clock.advance(LONG)
    brought_back = serving(instant, instance)
    resumed = await instant.act(instant.new_driver().resume(stored(instant)))

    assert (PLAIN, 5, {}) == (brought_back, resumed.exit_code, changed(before, picture(instant)))


async def test_down_time_ends_when_the_watchdog_has_started_it(world: World) -> None:
    """A driver that comes back the next morning does not count the night: the workload was down until it was started."""
    instance = world.instance(ROOT, DATA)
    await run(world, instance, kill_at=("copy:/dev/xvda", "done"), **ARMED)
    migration = stored(world)
    world.clock.advance(12 * 3600.0)

    await world.act(world.new_driver().resume(migration))

    acts = next(s for s in planned("watchdog", "clone").steps if s.key == "watchdog").seconds_armed  # type: ignore[attr-defined]
    assert acts - 600 < world.state(migration).down_seconds(world.clock.now()) < acts + 600
    assert "guard" in moments(world, migration)


async def test_what_somebody_started_on_the_replacements_is_left_alone(instant: World) -> None:
    """Its writes are on the replacements only: the watchdog sees by the launch time that it was started, and a person is asked."""
    instance = instant.instance(ROOT, DATA)
    await run(instant, instance, kill_at=("still-quiet", "done"), **ARMED)
    instant.box.start_by_hand(instance)
    instant.clock.advance(LONG)
    left_alone = serving(instant, instance)
    instant.box.stop_by_hand(instance)
    instant.clock.advance(LONG)

    resumed = await instant.act(instant.new_driver().resume(stored(instant)))

    assert (MOVED, 6) == (left_alone, resumed.exit_code), resumed.message
    assert ["wait", "early", "leave"] == went(instant)


async def test_a_lost_journal_is_adopted_after_it_has_acted(instant: World) -> None:
    """The tags tell that the cut was closed: only the way back is offered, and it leaves nothing behind."""
    instance = instant.instance(ROOT, DATA)
    before = picture(instant)
    await run(instant, instance, kill_at=("attach:/dev/sdf", "done"), **ARMED)
    instant.clock.advance(LONG)
    plan = await instant.plan(instance, **ARMED)

    driver = Driver(replace(instant.settings, journal=instant.folder / "another.db"), clock=instant.clock)
    adopted = await instant.act(driver.adopt(instance, plan.options))
    ended = await instant.act(driver.rollback(adopted.migration))

    assert (0, True) == (adopted.exit_code, "'cutover'" in adopted.message), adopted.message
    assert (0, {}, PLAIN) == (ended.exit_code, changed(before, picture(instant)), serving(instant, instance)), (
        ended.message
    )


@pytest.mark.parametrize("row", ["made", "done"])
async def test_a_watchdog_that_has_slept_through_at_the_gate_is_not_taken_for_one(instant: World, row: str) -> None:
    """Its driver dies as it has armed it, before the cut: by the time another one comes it has ended, and guards nothing. A
    new one is armed, whether the journal is there or lost, and the migration goes on.
    """
    instance = instant.instance(ROOT, DATA)
    plan = await instant.plan(instance, **ARMED)
    await run(instant, instance, kill_at=("watchdog", row), **ARMED)
    migration = stored(instant)
    instant.clock.advance(LONG)
    assert (["wait", "early", "leave"], PLAIN) == (went(instant), serving(instant, instance))

    driver = instant.new_driver()
    if row == "done":
        driver = Driver(replace(instant.settings, journal=instant.folder / "another.db"), clock=instant.clock)
        adopted = await instant.act(driver.adopt(instance, plan.options))
        assert (0, True) == (adopted.exit_code, "'prepare'" in adopted.message), adopted.message
    driver.decide(migration, "approved", by="a test")
    outcome = await instant.act(driver.resume(migration))

    assert (0, MOVED, []) == (outcome.exit_code, serving(instant, instance), instant.box.losses()), outcome.message
    assert 2 == len(instant.calls("StartAutomationExecution"))


async def test_a_lost_journal_is_not_told_by_the_watchdog_of_an_earlier_attempt(instant: World) -> None:
    """The first attempt was put back by its watchdog; the second died before it armed one, and its journal is lost."""
    instance = instant.instance(ROOT, DATA)
    plan = await instant.plan(instance, **ARMED)
    await run(instant, instance, kill_at=("attach:/dev/sdf", "done"), **ARMED)
    migration = stored(instant)
    instant.clock.advance(LONG)
    assert 5 == (await instant.act(instant.new_driver().resume(migration))).exit_code
    second = instant.new_driver()
    Doomed(second, 0, written=True, kill_at=("runbook", "made"))
    with suppress(Killed):
        await instant.act(second.resume(migration, approved_by="a test"))

    driver = Driver(replace(instant.settings, journal=instant.folder / "another.db"), clock=instant.clock)
    adopted = await instant.act(driver.adopt(instance, plan.options))
    armed = {k: driver.journal.state(migration).outputs.get(k) for k in ("runbook", "watchdog")}
    driver.decide(migration, "approved", by="a test")
    outcome = await instant.act(driver.resume(migration))

    assert (0, {"runbook": {"Name": f"sealift-watchdog-{migration}-2"}, "watchdog": None}) == (adopted.exit_code, armed)
    assert (0, MOVED, []) == (outcome.exit_code, serving(instant, instance), instant.box.losses()), outcome.message


async def test_a_start_that_comes_to_nothing_is_sent_again(instant: World) -> None:
    """EC2 takes the watchdog's start and drops it: it rests, sends another, and the workload is back."""
    instance = instant.instance(ROOT, DATA)
    await run(instant, instance, kill_at=("attach:/dev/sdf", "done"), **ARMED)

    def dropped(_: float) -> None:
        sent = sum(e.operation == "ec2:StartInstances" and e.by is not None for e in instant.box.log)
        if sent == 1:
            reason = {"Code": "Server.InsufficientInstanceCapacity", "Message": "no room"}
            instant.box.show_as(instance, State={"Code": 80, "Name": "stopped"}, StateReason=reason)
        else:
            instant.box.world.overlays.clear()

    instant.box.observe(dropped)
    instant.clock.advance(LONG)

    assert ([], PLAIN) == (instant.box.losses(), serving(instant, instance))
    assert ["start0", "up0", "rest0", "start1", "up1", "runs"] == went(instant)[-6:]


@pytest.mark.parametrize("code", ["AccessDeniedException", "ThrottlingException"])
async def test_where_the_automation_cannot_be_read_its_word_on_the_instance_counts(instant: World, code: str) -> None:
    """Systems Manager tells nobody how it stands, for ever: that it said `restored` is read through EC2, so nobody takes its
    start for somebody else's. What cannot be disarmed is left over and named.
    """
    instance = instant.instance(ROOT, DATA)
    before = picture(instant)
    await run(instant, instance, kill_at=("attach:/dev/sdf", "done"), **ARMED)
    instant.clock.advance(LONG)
    refuse(instant, "ssm:DescribeAutomationExecutions", code, times=None)

    resumed = await instant.act(instant.new_driver().resume(stored(instant)))

    state = instant.state(stored(instant))
    assert (5, PLAIN, []) == (resumed.exit_code, serving(instant, instance), instant.box.losses()), resumed.message
    assert "it has put the originals back and started them" == (state.guard or {}).get("came_to")
    assert "watchdog" in resumed.message
    instant.box.faults.clear()
    assert changed(before, picture(instant)).keys() <= {"said", "runbooks"}


async def test_a_rollback_that_is_asked_for_ends_what_it_has_begun(instant: World) -> None:
    """`rollback` in place of `resume`, after it has acted: the same end, with exit 0."""
    instance = instant.instance(ROOT, DATA)
    before = picture(instant)
    await run(instant, instance, kill_at=("attach:/dev/xvda", "done"), **ARMED)
    instant.clock.advance(LONG)

    ended = await instant.act(instant.new_driver().rollback(stored(instant)))

    assert (0, {}, PLAIN) == (ended.exit_code, changed(before, picture(instant)), serving(instant, instance))


async def test_between_its_word_and_the_start_nobody_but_a_driver_acts(instant: World) -> None:
    """`up` is said and the driver dies before the start: the watchdog keeps its hands off, and `resume` goes back."""
    instance = instant.instance(ROOT, DATA)
    before = picture(instant)
    await run(instant, instance, kill_at=("up", "done"), **ARMED)
    instant.clock.advance(LONG)
    left_alone = instant.power(instance)

    resumed = await instant.act(instant.new_driver().resume(stored(instant)))

    assert ("stopped", ["wait", "early", "leave"]) == (left_alone, went(instant))
    assert (5, {}, PLAIN) == (resumed.exit_code, changed(before, picture(instant)), serving(instant, instance))


# -- a driver lives


async def test_it_is_disarmed_once_the_replacement_runs(instant: World) -> None:
    """Cancelled in its sleep, its runbook and its tags are gone; hours later nothing has happened."""
    instance = instant.instance(ROOT, DATA)
    said = picture(instant)["said"]

    outcome = await instant.migrate(instance, **ARMED)
    instant.clock.advance(LONG)

    assert (0, MOVED, []) == (outcome.exit_code, serving(instant, instance), instant.box.losses())
    assert ("Cancelled", ["wait"]) == (execution(instant)["AutomationExecutionStatus"], went(instant))
    assert (said, []) == (picture(instant)["said"], picture(instant)["runbooks"])


async def test_a_slow_driver_turns_back_well_before_it_acts(world: World) -> None:
    """A snapshot that does not come: the driver is home before the watchdog's time, which it then takes away."""
    instance = world.instance(ROOT, DATA)
    before = picture(world)
    never = Fault(operation="ec2:CreateSnapshot", hangs=True)
    driver = world.new_driver(listeners=[when("stop", lambda: world.box.faults.add(never))])

    outcome = await world.migrate(instance, driver=driver, **{**ARMED, "route": "snapshot"})

    assert (5, PLAIN, {}) == (outcome.exit_code, serving(world, instance), changed(before, picture(world)))
    assert "before the watchdog acts" in outcome.message
    assert ("Cancelled", ["wait"]) == (execution(world)["AutomationExecutionStatus"], went(world))


@pytest.mark.parametrize(
    ("step", "event"),
    [(step, "step-started") for step in ("open", *CUT, "up")]
    + [(step, "step-done") for step in ("stop", "copy:/dev/xvda", "attach:/dev/sdf", "up")],
)
async def test_a_driver_that_was_paused_over_its_time_stands_aside(instant: World, step: str, event: str) -> None:
    """It comes to when the originals run again: it touches nothing of them, cleans up behind itself, and says exit 5."""
    instance = instant.instance(ROOT, DATA)
    before = picture(instant)
    seen: list[Any] = []

    def pause() -> None:
        instant.clock.advance(LONG)
        seen.append(serving(instant, instance))

    driver = instant.new_driver(listeners=[when(step, pause, event=event)])
    outcome = await instant.migrate(instance, driver=driver, **ARMED)

    up = (step, event) == ("up", "step-done")
    assert seen == [("stopped", MOVED[1])] if up else seen == [PLAIN]
    assert (5, PLAIN, []) == (outcome.exit_code, serving(instant, instance), instant.box.losses()), outcome.message
    assert {} == changed(before, picture(instant))


@pytest.mark.parametrize(
    ("operation", "match"),
    [
        ("ec2:StopInstances", {}),
        ("ec2:DetachVolume", {"Device": "/dev/xvda"}),
        ("ec2:DetachVolume", {"Device": "/dev/sdf"}),
        ("ec2:CopyVolumes", {}),
        ("ec2:AttachVolume", {"Device": "/dev/xvda"}),
        ("ec2:AttachVolume", {"Device": "/dev/sdf"}),
    ],
)
async def test_a_request_that_leaves_hours_late_is_one_call_and_no_more(
    instant: World, monkeypatch: pytest.MonkeyPatch, operation: str, match: dict[str, Any]
) -> None:
    """Paused after its last look: the call goes out when the originals run again. EC2 refuses most of them; the end is right."""
    instance = instant.instance(ROOT, DATA)
    before = picture(instant)
    late(monkeypatch, instant, operation, **match)

    outcome = await instant.migrate(instance, **ARMED)

    assert (5, PLAIN, []) == (outcome.exit_code, serving(instant, instance), instant.box.losses()), outcome.message
    assert {} == changed(before, picture(instant))


async def test_a_start_that_leaves_hours_late_starts_what_was_verified(
    instant: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was said and asked in that order: the watchdog has kept its hands off, and nothing is mixed."""
    instance = instant.instance(ROOT, DATA)
    late(monkeypatch, instant, "ec2:StartInstances")

    outcome = await instant.migrate(instance, **ARMED)

    assert (0, MOVED, []) == (outcome.exit_code, serving(instant, instance), instant.box.losses()), outcome.message
    assert ["wait", "early", "leave"] == went(instant)


async def test_a_word_that_leaves_hours_late_starts_nothing(instant: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """`up` is written after the watchdog has closed the cut: the driver reads that before the start, and does not send it."""
    instance = instant.instance(ROOT, DATA)
    request, done = Gateway._request, []

    async def slowly(self: Gateway, asked: Any, params: Any, purpose: Any) -> dict[str, Any]:
        up = asked.name == "ec2:CreateTags" and any(t["Value"].endswith(" up") for t in params["Tags"])
        if up and not done:
            done.append(True)
            instant.clock.advance(LONG)
        return await request(self, asked, params, purpose)

    monkeypatch.setattr(Gateway, "_request", slowly)
    before = picture(instant)
    outcome = await instant.migrate(instance, **ARMED)

    assert ([True], 5, PLAIN) == (done, outcome.exit_code, serving(instant, instance)), outcome.message
    assert {} == changed(before, picture(instant))


@pytest.mark.parametrize("moment", range(-40, 120, 20))
async def test_a_start_at_the_very_time_at_which_it_acts(
    world: World, monkeypatch: pytest.MonkeyPatch, moment: float
) -> None:
    """Whatever second of the watchdog's doing `up` falls into: one of the two goes on, on volumes that belong together."""
    instance = world.instance(ROOT, DATA)
    request, done = Gateway._request, []

    async def slowly(self: Gateway, asked: Any, params: Any, purpose: Any) -> dict[str, Any]:
        up = asked.name == "ec2:CreateTags" and any(t["Value"].endswith(" up") for t in params["Tags"])
        if up and not done:
            done.append(True)
            (armed,) = (e for e in world.box.log if e.operation == "ssm:StartAutomationExecution")
            seconds = next(s for s in planned("watchdog", "clone").steps if s.key == "watchdog").seconds_armed  # type: ignore[attr-defined]
            world.clock.advance(armed.at + 2 + seconds + moment - world.clock.now())
        return await request(self, asked, params, purpose)

    monkeypatch.setattr(Gateway, "_request", slowly)
    outcome = await world.migrate(instance, **ARMED)
    world.clock.advance(LONG)

    assert [True] == done
    ends = {0: MOVED, 5: PLAIN}
    assert ends[outcome.exit_code] == serving(world, instance), outcome.message
    assert [] == world.box.losses()


async def test_the_gate_arms_anew_what_is_too_old(instant: World) -> None:
    """An hour at a gate that shut again: the first automation finds no cut that is open, and another one is armed."""
    instance = instant.instance(ROOT, DATA)
    plan = await instant.plan(instance, **ARMED)
    migrations: list[str] = []

    def postpone() -> None:
        migrations.append(stored(instant))
        until = instant.clock.now() + 3600
        instant.driver.decide(migrations[0], "postponed", by="a test", until=until)

    driver = instant.new_driver(listeners=[when("watchdog", postpone, event="step-done")])
    outcome = await instant.act(driver.migrate(plan, approved_by="a test", observed=True))

    ssm = instant.box.client("ssm")
    states = [
        e["AutomationExecutionStatus"] for e in ssm.describe_automation_executions()["AutomationExecutionMetadataList"]
    ]
    assert (0, ["Cancelled", "Success"]) == (outcome.exit_code, states), outcome.message


async def test_the_gate_arms_anew_where_somebody_has_started_it_again(instant: World) -> None:
    """The gate shuts once more, and the instance is stopped and started meanwhile: the watchdog that waits for the start of
    before would bring nothing back. Another one is armed, which does.
    """
    instance = instant.instance(ROOT, DATA)
    plan = await instant.plan(instance, **ARMED)

    def restart() -> None:
        instant.box.stop_by_hand(instance)
        instant.clock.advance(60)
        instant.box.start_by_hand(instance)
        instant.clock.advance(60)
        until = instant.clock.now() + 60  # soon enough for the first one to be young
        instant.driver.decide(stored(instant), "postponed", by="a test", until=until)

    driver = instant.new_driver(listeners=[when("watchdog", restart)])
    Doomed(driver, 0, written=True, kill_at=("attach:/dev/sdf", "done"))
    with suppress(Killed):
        await instant.act(driver.migrate(plan, approved_by="a test", observed=True))
    instant.clock.advance(LONG)
    brought_back = serving(instant, instance)
    resumed = await instant.act(instant.new_driver().resume(stored(instant)))

    ssm = instant.box.client("ssm")
    ends = [
        e["AutomationExecutionStatus"] for e in ssm.describe_automation_executions()["AutomationExecutionMetadataList"]
    ]
    assert (PLAIN, 5, ["Success", "Cancelled"]) == (brought_back, resumed.exit_code, ends), resumed.message


async def test_without_it_the_stop_does_not_happen(instant: World) -> None:
    """The account's automations are used up: nothing is stopped, and what was prepared is cleaned up."""
    instance = instant.instance(ROOT, DATA)
    before = picture(instant)
    refuse(instant, "ssm:StartAutomationExecution", "AccessDeniedException", times=None)

    outcome = await instant.migrate(instance, **ARMED)

    assert (True, [], {}) == (outcome.exit_code != 0, instant.calls("Stop"), changed(before, picture(instant)))


# -- the role


def allow(*actions: str) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}]}


TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "ssm.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
NEEDS = sorted(delegated(planned("watchdog", "clone").steps))


async def abandoned(world: World, *actions: str, root: VolumeSpec = ROOT) -> tuple[str, Outcome]:
    """Let a driver die in the cut, and the watchdog act by a role with these actions; take it up again."""
    role = world.box.people.role("watchdog", allow(*actions), trust=TRUST)
    instance = world.instance(root, DATA)
    world.box.enforce()
    await run(world, instance, kill_at=("attach:/dev/sdf", "done"), watchdog=role, route="clone")
    world.clock.advance(LONG)
    state = world.power(instance)
    return state, await world.act(world.new_driver().resume(stored(world)))


@pytest.mark.parametrize("root", [ROOT, ENCRYPTED_ROOT], ids=["plain root", "encrypted root"])
async def test_its_role_needs_what_is_printed(instant: World, root: VolumeSpec) -> None:
    """Where policies are judged, the actions of docs/operations.md are enough, those on the key of another disk included."""
    state, resumed = await abandoned(instant, *NEEDS, root=root)
    assert ("running", 5) == (state, resumed.exit_code), execution(instant).get("FailureMessage")


@pytest.mark.parametrize("lacking", [a for a in NEEDS if a.startswith("ec2:")])
async def test_without_one_of_them_it_brings_nothing_back_and_harms_nothing(instant: World, lacking: str) -> None:
    """A role that lacks an action leaves the workload down; the next driver finds its way all the same."""
    state, resumed = await abandoned(instant, *(a for a in NEEDS if a != lacking))
    assert ("stopped", 5, []) == (state, resumed.exit_code, instant.box.losses()), resumed.message
