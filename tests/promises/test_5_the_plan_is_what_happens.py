"""Promise 5: the plan is what happens. A dry run changes nothing; an approved plan runs exactly as approved, or refuses."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from sealift.aws.gateway import Purpose
from sealift.driver import Outcome, exit_code
from sealift.errors import UsageError
from sealift.options import DAY
from sealift.plan import FORMAT, Plan
from sealift.recipe import step_from_json
from sealift.sandbox import Durations
from tests.pictures import changed, picture
from tests.promises.acts import moments, when
from tests.promises.test_3_kill_it_anywhere import Doomed, Killed
from tests.world import DATA, ROOT, World, sandbox

ROUTES = ("clone", "snapshot", "copy", "auto")


@pytest.mark.parametrize("route", ROUTES)
async def test_a_dry_run_sends_no_mutating_call(instant: World, route: str) -> None:
    """Planning only reads: nothing is counted as a mutation, and a probe carries DryRun."""
    instance = instant.instance(ROOT, DATA)
    before = picture(instant)
    await instant.plan(instance, route=route)
    assert set() == {name for name, purpose in instant.driver.account.counts if purpose is Purpose.MUTATE}
    assert ([], {}) == (instant.calls(), changed(before, picture(instant)))


async def test_a_dry_run_writes_no_journal(instant: World) -> None:
    """Planning leaves no migration behind."""
    await instant.plan(instant.instance(ROOT))
    assert [] == instant.driver.journal.migrations()


# -- a plan file ---------------------------------------------------------------------------------------------------------


async def written(world: World, instance: str, folder: Path, **options: Any) -> Path:
    plan = Plan((await world.plan(instance, **options),))
    path = folder / "plan.json"
    path.write_text(json.dumps(plan.to_json()))
    return path


async def applied(world: World, path: Path) -> Outcome:
    (plan,) = Plan.load(path).migrations
    return await world.act(world.driver.migrate(plan, approved_by="a test"))


@pytest.mark.parametrize("route", ROUTES[:3])
async def test_apply_runs_exactly_the_steps_of_the_plan(instant: World, tmp_path: Path, route: str) -> None:
    """Every step of the file is done once, in the order of its blocks, and no other."""
    instance = instant.instance(ROOT, DATA)
    path = await written(instant, instance, tmp_path, route=route)
    steps = [step_from_json(s) for s in json.loads(path.read_text())["migrations"][0]["steps"]]
    outcome = await applied(instant, path)
    rows = instant.driver.journal.entries(outcome.migration)
    done = [e.step for e in rows if e.step and e.what == "done"]
    block = {s.key: s.block for s in steps}
    assert (0, sorted(block)) == (outcome.exit_code, sorted(done))
    assert sorted(block[key] for key in done) == [block[key] for key in done]


@pytest.mark.parametrize("route", ROUTES[:3])
async def test_the_calls_are_those_that_the_plan_shows(instant: World, tmp_path: Path, route: str) -> None:
    """Each mutating call that was sent is one of the plan's operations, as often as the plan has it."""
    path = await written(instant, instant.instance(ROOT, DATA), tmp_path, route=route)
    operations = [s["operation"] for s in json.loads(path.read_text())["migrations"][0]["steps"]]
    await applied(instant, path)
    sent = {name: n for (name, purpose), n in instant.driver.account.counts.items() if purpose is Purpose.MUTATE}
    shown = {name: operations.count(name) for name in operations if not name.startswith("local:")}
    adopted = {"ec2:CreateSnapshot"} if route != "clone" else set()  # a young warm snapshot is not renewed
    assert {k: v for k, v in shown.items() if k not in adopted} == {k: v for k, v in sent.items() if k not in adopted}


async def test_an_edited_plan_is_refused(instant: World, tmp_path: Path) -> None:
    """One changed value and the digest does not fit: exit 2, with the remedy."""
    path = await written(instant, instant.instance(ROOT), tmp_path)
    body = json.loads(path.read_text())
    body["migrations"][0]["steps"][0]["fields"]["volume"] = "vol-0123456789abcdef0"
    path.write_text(json.dumps(body))
    with pytest.raises(UsageError, match="digest") as caught:
        Plan.load(path)
    assert (2, "Make it again: sealift plan") == (caught.value.exit_code, caught.value.remedy)


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("format", "sealift.plan/2", "sealift.plan/2"),
        ("format", None, "no plan|format"),
        ("digest", "sha256:0", "digest"),
    ],
)
async def test_a_plan_of_another_version_is_refused(
    instant: World, tmp_path: Path, field: str, value: Any, says: str
) -> None:
    """A newer format, none at all, or another digest: exit 2, and the sentence names it."""
    path = await written(instant, instant.instance(ROOT), tmp_path)
    body = json.loads(path.read_text())
    assert FORMAT == body["format"]
    body = {k: v for k, v in {**body, field: value}.items() if v is not None}
    path.write_text(json.dumps(body))
    with pytest.raises(UsageError, match=says):
        Plan.load(path)


@pytest.mark.parametrize("text", ["", "{", "[]", '"plan"', "null", '{"format": 1}'])
def test_what_is_no_plan_is_refused(tmp_path: Path, text: str) -> None:
    """Whatever is in the file, the answer is a usage error and no traceback."""
    path = tmp_path / "plan.json"
    path.write_text(text)
    with pytest.raises(UsageError):
        Plan.load(path)


# -- drift ---------------------------------------------------------------------------------------------------------------


DRIFTS = {
    "iops": lambda w, i, v: w.ec2.modify_volume(VolumeId=v, Iops=4000),
    "delete_on_termination": lambda w, i, v: w.ec2.modify_instance_attribute(
        InstanceId=i, BlockDeviceMappings=[{"DeviceName": ROOT.device, "Ebs": {"DeleteOnTermination": False}}]
    ),
    "state": lambda w, i, v: w.ec2.stop_instances(InstanceIds=[i]),
    "auto_enable_io": lambda w, i, v: w.ec2.modify_volume_attribute(VolumeId=v, AutoEnableIO={"Value": True}),
    "volumes": lambda w, i, v: w.ec2.attach_volume(
        InstanceId=i, Device="/dev/sdx", VolumeId=w.box.add_volume("eu-central-1", size_gib=1)
    ),
}


@pytest.mark.parametrize("field", DRIFTS)
async def test_what_is_not_as_planned_refuses_and_names_the_field(instant: World, tmp_path: Path, field: str) -> None:
    """Identity facts that have changed since the plan refuse the target (exit 4): nothing was touched."""
    instance = instant.instance(ROOT)
    path = await written(instant, instance, tmp_path)
    DRIFTS[field](instant, instance, instant.volumes(instance)[ROOT.device]["VolumeId"])
    instant.clock.advance(DAY)
    before = picture(instant)
    outcome = await applied(instant, path)
    assert (4, True, {}) == (outcome.exit_code, field in outcome.message, changed(before, picture(instant))), outcome


async def test_another_tag_is_no_drift(instant: World, tmp_path: Path) -> None:
    """Tags that select nothing are ephemeral: the plan still runs."""
    instance = instant.instance(ROOT)
    path = await written(instant, instance, tmp_path)
    instant.ec2.create_tags(Resources=[instance], Tags=[{"Key": "Seen", "Value": "yes"}])
    assert 0 == (await applied(instant, path)).exit_code


async def test_a_key_alias_that_moved_is_drift(instant: World, tmp_path: Path) -> None:
    """The plan names the key by its ARN: an alias that points elsewhere by now refuses (exit 4)."""
    import boto3

    path = await written(instant, instant.instance(ROOT), tmp_path)
    other = instant.box.add_key("eu-central-1", "alias/other")
    boto3.client("kms", region_name="eu-central-1").update_alias(AliasName="alias/app", TargetKeyId=other)
    outcome = await applied(instant, path)
    assert (4, True) == (outcome.exit_code, "key" in outcome.message)


# -- what wins over a plan -----------------------------------------------------------------------------------------------


async def test_a_plan_with_an_ack_that_was_not_given_is_refused(instant: World) -> None:
    """An ack is never implied: exit 4 with the option that gives it."""
    outcome = await instant.migrate(instant.instance(ROOT), acks=())
    assert (4, True, []) == (outcome.exit_code, "--ack R-EBS-31" in outcome.message, instant.calls())


@pytest.mark.parametrize("on", ["instance", "volume"])
async def test_an_opt_out_tag_at_the_gate_wins(instant: World, on: str) -> None:
    """sealift:skip set after the approval, while the warm snapshots ran, is read again at the gate: nothing is stopped."""
    instance = instant.instance(ROOT)
    target = instance if on == "instance" else instant.volumes(instance)[ROOT.device]["VolumeId"]
    opt_out = lambda: instant.ec2.create_tags(Resources=[target], Tags=[{"Key": "sealift:skip", "Value": ""}])  # noqa: E731
    driver = instant.new_driver(listeners=[when("warm:", opt_out)])
    outcome = await instant.migrate(instance, driver=driver, route="clone")
    assert ([], True) == (instant.calls("Stop", "Detach"), "sealift:skip" in outcome.message)
    assert outcome.exit_code in (4, 5)


async def test_a_key_that_was_disabled_before_the_gate_stops_nothing(instant: World) -> None:
    """The rules are judged again at the gate: an unfit key refuses before anything is stopped."""
    instance = instant.instance(ROOT)
    driver = instant.new_driver(listeners=[when("warm:", lambda: instant.box.disable_key(instant.key))])
    outcome = await instant.migrate(instance, driver=driver, route="clone")
    assert ([], True, True) == (instant.calls("Stop"), outcome.exit_code in (4, 5), "Disabled" in outcome.message)


# -- the gate ------------------------------------------------------------------------------------------------------------


async def test_without_an_approval_it_is_prepared_and_left(instant: World) -> None:
    """Exit 3, the source runs on, warm snapshots are there; approve and resume go on."""
    instance = instant.instance(ROOT)
    plan = await instant.plan(instance, route="clone")
    left = await instant.act(instant.driver.migrate(plan, observed=True, no_wait=True))
    assert (3, "running", [], 1) == (
        left.exit_code,
        instant.power(instance),
        instant.calls("Stop"),
        len(instant.snapshots()),
    )
    instant.driver.decide(left.migration, "approved", by="a person")
    assert 0 == (await instant.act(instant.driver.resume(left.migration))).exit_code


async def test_a_gate_waits_for_an_approval_that_comes_later(world: World) -> None:
    """The engine reads the row: written by another process while it waits, it opens the gate."""
    instance = world.instance(ROOT)
    plan = await world.plan(instance, route="clone")
    other = world.new_driver()

    def approve(event: Any) -> None:
        if event.name == "gate" and event.data.get("waiting_for") == "an approval":
            other.decide(event.migration, "approved", by="a person")

    outcome = await world.act(world.new_driver(listeners=[approve]).migrate(plan, observed=True))
    assert (0, []) == (outcome.exit_code, world.box.losses())


async def test_a_refusal_sends_what_was_prepared_away(instant: World) -> None:
    """Refused at the gate: nothing was stopped, what was made is cleaned up."""
    instance = instant.instance(ROOT)
    before = picture(instant)
    plan = await instant.plan(instance, route="clone")
    left = await instant.act(instant.driver.migrate(plan, observed=True, no_wait=True))
    instant.driver.decide(left.migration, "refused", why="not today")
    told = await instant.act(instant.driver.resume(left.migration))
    assert (True, {}, []) == ("not today" in told.message, changed(before, picture(instant)), instant.calls("Stop"))
    assert told.exit_code in (4, 5)


async def test_a_cutover_that_was_postponed_waits_until_then(world: World) -> None:
    """Approved and postponed: nothing is stopped before that moment."""
    instance = world.instance(ROOT)
    plan = await world.plan(instance, route="clone")
    left = await world.act(world.driver.migrate(plan, observed=True, no_wait=True))
    until = world.clock.now() + 7200
    world.driver.decide(left.migration, "approved", by="a person")
    world.driver.decide(left.migration, "postponed", until=until)
    outcome = await world.act(world.driver.resume(left.migration))
    assert (0, True) == (outcome.exit_code, world.state(outcome.migration).quiesced >= until)


async def test_a_decision_after_the_gate_is_refused(instant: World) -> None:
    """Approve, postpone and refuse are for what is before its gate."""
    from sealift.errors import Refused

    outcome = await instant.migrate(instant.instance(ROOT), route="clone")
    with pytest.raises(Refused, match="past its gate"):
        instant.driver.decide(outcome.migration, "refused", why="too late")


# -- windows -------------------------------------------------------------------------------------------------------------


async def test_a_window_that_opens_later_is_waited_for(world: World) -> None:
    """The warm snapshots are made at once, the quiesce comes when the window opens."""
    instance = world.instance(ROOT)
    start = world.clock.now() + 5 * 3600
    outcome = await world.migrate(instance, route="clone", window_start=start)
    warm = [e.at for e in world.box.log if e.operation.endswith("CreateSnapshot")]
    assert (0, True, True) == (
        outcome.exit_code, start <= world.state(outcome.migration).quiesced < start + 300, warm[0] < start,
    )  # fmt: skip


async def test_a_last_quiesce_that_has_passed_leaves_it_at_the_gate(world: World) -> None:
    """Exit 3: prepared, nothing was stopped, and it waits for another window."""
    instance = world.instance(ROOT)
    outcome = await world.migrate(instance, route="clone", window_last_quiesce=world.clock.now() - 1)
    assert (3, "running", []) == (outcome.exit_code, world.power(instance), world.calls("Stop"))
    assert "window" in outcome.message


async def test_a_window_into_which_the_worst_case_does_not_fit_is_not_used(world: World) -> None:
    """Worst cutover and worst way back must end inside: else nothing is stopped (exit 3), and the message has both figures."""
    instance = world.instance(ROOT)
    plan = await world.plan(instance, route="clone")
    end = world.clock.now() + plan.down.worst
    outcome = await world.migrate(instance, route="clone", window_end=end)
    assert (3, [], True) == (outcome.exit_code, world.calls("Stop"), "way back" in outcome.message)


async def test_a_warm_snapshot_that_is_too_old_is_renewed_before_the_stop(tmp_path: Path) -> None:
    """After --warm-max-age the baseline is taken again at the gate, so that the last snapshot stays small."""
    with sandbox(Durations()) as box:
        world = World(box, tmp_path)
        instance = world.instance(ROOT)
        start = world.clock.now() + 24 * 3600
        outcome = await world.migrate(instance, route="snapshot", window_start=start, warm_max_age=3600)
        stop = next(e.at for e in box.log if e.operation.endswith("StopInstances"))
        taken = [e.at for e in box.log if e.operation.endswith("CreateSnapshot")]
    assert (0, 3) == (outcome.exit_code, len(taken))
    assert start <= taken[1] < stop < taken[2]


def taken(world: World, operation: str) -> list[float]:
    return [e.at for e in world.box.log if e.operation.endswith(operation)]


def postpone(world: World, until: float) -> None:
    (row,) = world.driver.journal.migrations()
    world.driver.decide(row["id"], "postponed", until=until)


@pytest.mark.parametrize("after", [None, *range(7)])
async def test_a_warm_snapshot_grows_old_again_at_a_gate_that_shuts(world: World, after: int | None) -> None:
    """Renewed, then postponed for a day: it is renewed once more, and the one that was of no use is deleted; also after a kill."""
    instance = world.instance(ROOT)
    start = world.clock.now() + 24 * 3600
    until = start + 24 * 3600
    driver = world.new_driver(listeners=[when("renew", lambda: postpone(world, until))])
    if after is not None:
        Doomed(driver, 0, written=True, kill_at=("undo:renew:/dev/xvda", "intent"), after=after)
    with suppress(Killed):
        await world.migrate(instance, driver=driver, route="snapshot", window_start=start, warm_max_age=3600)
    (row,) = world.driver.journal.migrations()
    outcome = await world.act(world.driver.resume(row["id"]))
    (stop,) = taken(world, "StopInstances")
    made, gone = taken(world, "CreateSnapshot"), taken(world, "DeleteSnapshot")
    assert (0, 4, 3) == (outcome.exit_code, len(made), len(world.snapshots()))
    assert len(gone) == (2 if after == 3 else 1)  # killed before the row says so, it asks for what is gone already
    assert start <= made[1] < until <= gone[0] <= made[2] < stop < made[3]


async def test_a_warm_snapshot_that_was_young_enough_grows_old_at_the_gate(world: World) -> None:
    """Adopted as the gate opened, then postponed: it is renewed, and the baseline stays."""
    instance = world.instance(ROOT)
    until = world.clock.now() + 24 * 3600
    driver = world.new_driver(listeners=[when("renew", lambda: postpone(world, until))])
    outcome = await world.migrate(instance, driver=driver, route="snapshot", warm_max_age=3600)
    (stop,) = taken(world, "StopInstances")
    made = taken(world, "CreateSnapshot")
    assert (0, 3, []) == (outcome.exit_code, len(made), taken(world, "DeleteSnapshot"))
    assert until <= made[1] < stop < made[2]


# -- one plan, several targets, one resource -----------------------------------------------------------------------------


async def test_two_runs_on_one_resource_are_refused(instant: World) -> None:
    """A migration locks its instance and all its volumes: a second run on one of them is exit 4 and names the first."""
    instance = instant.instance(ROOT, DATA)
    plan = await instant.plan(instance, route="clone")
    first = await instant.act(instant.driver.migrate(plan, observed=True, no_wait=True))
    second = await instant.act(instant.new_driver().migrate(plan, observed=True, no_wait=True))
    assert (3, 4, True) == (first.exit_code, second.exit_code, first.migration in second.message)


async def test_a_claim_of_another_journal_is_refused(instant: World, tmp_path: Path) -> None:
    """The claim tag guards against another journal: the rule blocks (exit 4) and names the migration."""
    from dataclasses import replace

    from sealift.driver import Driver

    instance = instant.instance(ROOT)
    plan = await instant.plan(instance, route="clone")
    first = await instant.act(instant.driver.migrate(plan, observed=True, no_wait=True))
    other = Driver(replace(instant.settings, journal=tmp_path / "other.db"), clock=instant.clock)
    second = await instant.act(other.migrate(plan, approved_by="somebody", no_wait=True))
    assert (4, True, []) == (second.exit_code, first.migration in second.message, instant.calls("Stop"))


async def test_a_claim_that_was_written_over_stops_nothing(instant: World) -> None:
    """Directly before the quiesce the claims are read back: somebody else's refuses to stop the instance."""
    instance = instant.instance(ROOT)
    volume = instant.volumes(instance)[ROOT.device]["VolumeId"]
    over = [{"Key": "sealift:migration", "Value": "mig-other"}]
    driver = instant.new_driver(
        listeners=[when("warm:", lambda: instant.ec2.create_tags(Resources=[volume], Tags=over))]
    )
    outcome = await instant.migrate(instance, driver=driver, route="clone")
    assert ([], True) == (instant.calls("Stop"), outcome.exit_code in (4, 5)), outcome


async def test_several_targets_share_one_event_loop(instant: World) -> None:
    """Three instances side by side: each ends with its own code, and all are done."""
    instances = [instant.instance(ROOT, name=f"web-{n}") for n in range(3)]
    plans = [await instant.plan(i, route="snapshot") for i in instances]
    work = [lambda p=p: instant.driver.migrate(p, approved_by="a test", observed=True) for p in plans]
    outcomes = await instant.driver.many(work)
    assert ([0, 0, 0], 0, []) == ([o.exit_code for o in outcomes], exit_code(outcomes), instant.box.losses())


async def test_some_done_and_some_not_is_exit_7(instant: World) -> None:
    """One of two is refused by a rule: the other is moved all the same, and the common code is 7."""
    good, member = instant.instance(ROOT), instant.instance(ROOT, name="member", asg="web")
    plans = [await instant.plan(i, route="snapshot") for i in (good, member)]
    work = [lambda p=p: instant.driver.migrate(p, approved_by="a test", observed=True) for p in plans]
    outcomes = await instant.driver.many(work)
    assert ([0, 4], 7) == ([o.exit_code for o in outcomes], exit_code(outcomes))
    assert "retained" == instant.state(outcomes[0].migration).end


async def test_what_is_encrypted_already_is_nothing_to_do(instant: World) -> None:
    """A second run finds nothing to move: exit 0, no call, no second copy."""
    instance = instant.instance(ROOT, DATA)
    await instant.migrate(instance, route="clone")
    before, calls = picture(instant), instant.calls()
    again = await instant.migrate(instance, route="clone")
    assert (0, "", {}, calls) == (again.exit_code, again.migration, changed(before, picture(instant)), instant.calls())


async def test_a_run_tells_its_gate_and_its_end(instant: World) -> None:
    """The rows of a run that went well: approved, gate-open, epoch, quiesce, down, bring-up, up, retained."""
    outcome = await instant.migrate(instant.instance(ROOT), route="clone")
    told = [m for m in dict.fromkeys(moments(instant, outcome.migration)) if m != "attempt"]
    assert ["approved", "gate-open", "epoch", "quiesce", "down", "bring-up", "up", "end retained"] == told
