"""Promise 1: nothing is lost. No acknowledged write is missing on the replacement, or the run stops and says so."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import pytest

from sealift.render import story
from sealift.sandbox.seeding import VolumeSpec
from tests.pictures import changed, picture
from tests.promises.acts import Listener, moments, refuse, run_by_hand, try_to_start, when
from tests.promises.test_3_kill_it_anywhere import Doomed, Killed
from tests.world import DATA, KEY, REGION, ROOT, World

ROUTES = ("clone", "snapshot", "copy")
ENCRYPTED_ROOT = VolumeSpec(kms_key=KEY)


def ids(world: World, instance: str) -> dict[str, str]:
    return {device: v["VolumeId"] for device, v in world.volumes(instance).items()}


@pytest.mark.parametrize("route", ROUTES)
async def test_an_instance_that_writes_until_the_stop_keeps_every_write(world: World, route: str) -> None:
    """The workload writes from its first second to its last, on both sides of the cut: nothing of it is missing."""
    instance = world.instance(ROOT, DATA)
    outcome = await world.migrate(instance, route=route)
    world.clock.advance(3600)
    assert (0, []) == (outcome.exit_code, world.box.losses())


# -- somebody starts it in the middle of a cutover -----------------------------------------------------------------------


@pytest.mark.parametrize("step", ["detach:/dev/sdf", "copy:/dev/xvda"])
async def test_nobody_can_start_an_instance_whose_root_is_detached(world: World, step: str) -> None:
    """The missing root is the fence: AWS refuses a start by hand between the detach and the attach, and the run goes on."""
    instance, refusals = world.instance(ROOT, DATA), []
    driver = world.new_driver(listeners=[when(step, try_to_start(world, instance, refusals))])
    outcome = await world.migrate(instance, driver=driver, route="clone")
    assert (0, ["InvalidParameterValue"], []) == (outcome.exit_code, refusals, world.box.losses())


@pytest.mark.parametrize("step", ["stop", "cut"])
async def test_a_start_and_stop_by_hand_before_the_root_is_detached_loses_nothing(world: World, step: str) -> None:
    """Writes made by a start by hand before the fence stands are on the source, and what serves in the end has them."""
    instance = world.instance(ROOT, DATA)
    driver = world.new_driver(listeners=[when(step, run_by_hand(world, instance))])
    outcome = await world.migrate(instance, driver=driver, route="clone")
    assert (0 if step == "stop" else 5, []) == (outcome.exit_code, world.box.losses())
    assert "running" == world.power(instance)


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("step", ["cut", "detach:/dev/sdf", "copy:/dev/sdf"])
async def test_a_start_and_stop_by_hand_voids_the_cut_where_the_root_stays(world: World, route: str, step: str) -> None:
    """With an encrypted root nothing fences the instance: a changed LaunchTime sends the run back, and no write is lost."""
    instance = world.instance(ENCRYPTED_ROOT, DATA)
    before = ids(world, instance)
    driver = world.new_driver(listeners=[when(step, run_by_hand(world, instance))])
    outcome = await world.migrate(instance, driver=driver, route=route)
    assert (5, before, []) == (outcome.exit_code, ids(world, instance), world.box.losses())
    assert "started" in outcome.message


async def test_a_voided_cut_is_made_again_by_resume(world: World) -> None:
    """After a start by hand voided the cut, resume cuts anew: the writes of that start are on the replacement."""
    instance = world.instance(ENCRYPTED_ROOT, DATA)
    driver = world.new_driver(listeners=[when("copy:/dev/sdf", run_by_hand(world, instance))])
    outcome = await world.migrate(instance, driver=driver, route="clone")
    world.clock.advance(600)
    resumed = await world.act(world.driver.resume(outcome.migration))
    assert (5, 0, []) == (outcome.exit_code, resumed.exit_code, world.box.losses())
    assert world.key == world.volumes(instance)[DATA.device]["KmsKeyId"]


@pytest.mark.parametrize("root", [ROOT, ENCRYPTED_ROOT], ids=["root included", "root encrypted already"])
@pytest.mark.parametrize("stopped_again", [True, False], ids=["stopped again", "left running"])
async def test_what_somebody_wrote_to_a_replacement_before_bring_up_is_not_discarded(
    world: World, root: VolumeSpec, stopped_again: bool
) -> None:
    """A start by hand between attach and start writes to the replacement: nothing is put back without a person (exit 6)."""
    instance = world.instance(root, DATA)

    def act() -> None:
        if stopped_again:
            run_by_hand(world, instance)()
        else:
            world.box.start_by_hand(instance)
            world.clock.advance(600)

    driver = world.new_driver(listeners=[when("flags", act)])
    outcome = await world.migrate(instance, driver=driver, route="clone")
    assert (6, []) == (outcome.exit_code, world.box.losses())
    back = await world.act(world.driver.rollback(outcome.migration, discard_writes=True))
    kept = [s for s in world.snapshots().values() if {"Key": "sealift:role", "Value": "safety"} in s["Tags"]]
    assert (0, 2 if root is ROOT else 1) == (back.exit_code, len(kept))
    assert "running" == world.power(instance)


def somebody_brings_it_up(world: World, instance: str, *, stopped_again: bool = True) -> Callable[[], None]:
    """Return an act: somebody enables the key again and starts the instance on its replacements."""

    def act() -> None:
        world.box.enable_key(world.key)
        if stopped_again:
            run_by_hand(world, instance)()
        else:
            world.box.start_by_hand(instance)
            world.clock.advance(600)

    return act


def up_on_the_way_back(world: World, instance: str, *, stopped_again: bool = True) -> list[Listener]:
    """Return what makes our own start fall back, and then somebody's come up, just before the replacements are taken off."""
    act = somebody_brings_it_up(world, instance, stopped_again=stopped_again)
    return [
        when("verify:attachments", lambda: world.box.disable_key(world.key)),
        when("undo:attach", act, event="step-started"),
    ]


def kept_writes(world: World) -> list[str]:
    """Return the safety snapshots."""
    return [i for i, s in world.snapshots().items() if {"Key": "sealift:role", "Value": "safety"} in s["Tags"]]


async def asks_and_changes_nothing(world: World, migration: str, *, keep: bool = True) -> None:
    """Look whether nothing goes on by itself: `resume` repeats the question, `rollback` wants the word, both change nothing."""
    before = picture(world)
    told = await world.act(world.driver.resume(migration))
    refused = await world.act(world.driver.rollback(migration))
    assert (6, 4, {}) == (told.exit_code, refused.exit_code, changed(before, picture(world)))
    assert "--discard-writes" in refused.message
    assert world.driver.writes_since(migration) in refused.message
    asks(told.message, migration, keep=keep)
    status_asks(world, migration, keep=keep)


def status_asks(world: World, migration: str, *, keep: bool = True) -> None:
    """Look whether `status` tells a person on call the same as the driver that asked."""
    told = story.of(world.driver.journal, migration)
    assert "needs-a-person" == told.row["phase"]
    asks(told.text().partition("now: ")[2], migration, keep=keep)


def asks(message: str, migration: str, *, keep: bool = True) -> None:
    """Look whether a message is the question: both answers, and no command that would lose writes."""
    assert f"sealift rollback {migration} --discard-writes" in message
    assert keep == (f"sealift accept {migration}" in message)
    assert "detach-volume" not in message
    assert "sealift resume" not in message


@pytest.mark.parametrize("stopped_again", [True, False], ids=["stopped again", "left running"])
async def test_what_somebody_wrote_after_our_own_start_fell_back_is_not_discarded(
    world: World, stopped_again: bool
) -> None:
    """Our start never ran; somebody's did, before the replacements were taken off: nothing more is put back without a person."""
    instance = world.instance(ROOT, DATA)
    driver = world.new_driver(listeners=up_on_the_way_back(world, instance, stopped_again=stopped_again))
    outcome = await world.migrate(instance, driver=driver, route="clone")
    assert (6, []) == (outcome.exit_code, world.box.losses())
    asks(outcome.message, outcome.migration)
    words = f"{instance} has its replacement, and is 'stopped'" if stopped_again else "runs on its replacement"
    assert words in outcome.message
    await asks_and_changes_nothing(world, outcome.migration)
    back = await world.act(world.driver.rollback(outcome.migration, discard_writes=True))
    assert (0, 2, "running") == (back.exit_code, len(kept_writes(world)), world.power(instance))


async def test_what_somebody_brought_up_on_the_way_back_can_be_kept(world: World) -> None:
    """While every replacement is on its device, accept keeps them; to go back after that is asked again."""
    instance = world.instance(ROOT, DATA)
    driver = world.new_driver(listeners=up_on_the_way_back(world, instance, stopped_again=False))
    outcome = await world.migrate(instance, driver=driver, route="clone")
    kept = await world.act(world.driver.accept(outcome.migration))
    assert (6, 0, "retained") == (outcome.exit_code, kept.exit_code, world.state(outcome.migration).end)
    assert ({world.key}, "running", []) == (
        {v["KmsKeyId"] for v in world.volumes(instance).values()}, world.power(instance), world.box.losses(),
    )  # fmt: skip
    again = await world.act(world.driver.resume(outcome.migration))
    refused = await world.act(world.driver.rollback(outcome.migration))
    back = await world.act(world.driver.rollback(outcome.migration, discard_writes=True))
    assert (0, 4, 0, 2) == (again.exit_code, refused.exit_code, back.exit_code, len(kept_writes(world)))


async def test_what_somebody_took_off_by_hand_is_not_kept(world: World) -> None:
    """A replacement that is no longer on its device cannot be accepted (exit 4): the message names what can be done."""
    instance = world.instance(ROOT, DATA)
    driver = world.new_driver(listeners=up_on_the_way_back(world, instance))
    outcome = await world.migrate(instance, driver=driver, route="clone")
    world.ec2.detach_volume(VolumeId=world.volumes(instance)[DATA.device]["VolumeId"])
    world.clock.advance(60)
    refused = await world.act(world.driver.accept(outcome.migration))
    assert (4, True) == (refused.exit_code, "--discard-writes" in refused.message)
    back = await world.act(world.driver.rollback(outcome.migration, discard_writes=True))
    assert (0, 2, "running") == (back.exit_code, len(kept_writes(world)), world.power(instance))


async def test_a_start_by_hand_on_half_of_the_replacements_is_not_discarded(world: World) -> None:
    """One lane is taken off, the other has writes: nothing is left to accept, and only a person's word goes on with the way back."""
    instance = world.instance(ENCRYPTED_ROOT, DATA, replace(DATA, device="/dev/sdg"))
    before = ids(world, instance)

    def slow() -> None:
        world.box.disable_key(world.key)
        refuse(world, "ec2:DetachVolume", "InternalError", times=3, Device="/dev/sdg")

    act = somebody_brings_it_up(world, instance)
    driver = world.new_driver(listeners=[when("verify:attachments", slow), when("undo:attach:/dev/sdf", act)])
    outcome = await world.migrate(instance, driver=driver, route="clone")
    assert 6 == outcome.exit_code
    asks(outcome.message, outcome.migration, keep=False)
    await asks_and_changes_nothing(world, outcome.migration, keep=False)
    refused = await world.act(world.driver.accept(outcome.migration))
    assert (4, True) == (refused.exit_code, "--discard-writes" in refused.message)
    back = await world.act(world.driver.rollback(outcome.migration, discard_writes=True))
    assert (0, 2, "running") == (back.exit_code, len(kept_writes(world)), world.power(instance))
    assert before == ids(world, instance)


@pytest.mark.parametrize("after", range(-1, 5))
@pytest.mark.parametrize("stopped_again", [True, False], ids=["stopped again", "left running"])
async def test_a_driver_that_dies_on_the_way_back_leaves_the_question(
    world: World, after: int, stopped_again: bool
) -> None:
    """Killed at any row around the one that says `bring-up`: the next driver asks too, and puts nothing back unasked."""
    instance = world.instance(ROOT, DATA)
    driver = world.new_driver(listeners=up_on_the_way_back(world, instance, stopped_again=stopped_again))
    Doomed(driver, 0, written=after >= 0, kill_at=("", "bring-up"), after=max(after, 0))
    with suppress(Killed):
        await world.migrate(instance, driver=driver, route="clone")
    (migration,) = (str(m["id"]) for m in world.driver.journal.migrations())
    if after >= 0:
        status_asks(world, migration)
    before = picture(world)
    first = await world.act(world.driver.resume(migration))
    assert (6, {}) == (first.exit_code, changed(before, picture(world)))
    await asks_and_changes_nothing(world, migration)
    back = await world.act(world.driver.rollback(migration, discard_writes=True))
    assert (0, 2, "running") == (back.exit_code, len(kept_writes(world)), world.power(instance))


async def test_a_person_who_has_said_discard_is_not_asked_again(world: World) -> None:
    """Killed after the word was given: resume goes on with the way back, and keeps the writes in snapshots."""
    instance = world.instance(ROOT, DATA)
    driver = world.new_driver(listeners=up_on_the_way_back(world, instance))
    outcome = await world.migrate(instance, driver=driver, route="clone")
    driver = world.new_driver()
    Doomed(driver, 0, written=True, kill_at=("", "direction"))
    with suppress(Killed):
        await world.act(driver.rollback(outcome.migration, discard_writes=True))
    back = await world.act(world.driver.resume(outcome.migration))
    assert (0, 2, "running") == (back.exit_code, len(kept_writes(world)), world.power(instance))


async def test_a_later_start_that_fell_back_too_hides_none_that_ran(world: World) -> None:
    """Ours fell back, somebody's ran and was stopped, a third fell back: only ours counts as one that wrote nothing."""
    instance = world.instance(ROOT, DATA)

    def act() -> None:
        somebody_brings_it_up(world, instance)()
        world.box.disable_key(world.key)
        world.box.start_by_hand(instance)
        world.clock.advance(120)

    off = when("verify:attachments", lambda: world.box.disable_key(world.key))
    driver = world.new_driver(listeners=[off, when("start", act, event="step-failed")])
    outcome = await world.migrate(instance, driver=driver, route="clone")
    assert (6, []) == (outcome.exit_code, world.box.losses())
    asks(outcome.message, outcome.migration)


async def test_what_is_told_of_a_terminated_instance_is_its_state(world: World) -> None:
    """Nobody is told that it runs: the message names the state that it is in."""
    instance = world.instance(ROOT, DATA)

    def act() -> None:
        world.ec2.terminate_instances(InstanceIds=[instance])
        world.clock.advance(120)

    outcome = await world.migrate(instance, driver=world.new_driver(listeners=[when("start", act)]), route="clone")
    assert (6, True) == (outcome.exit_code, "'terminated'" in outcome.message)
    assert "runs on its replacement" not in outcome.message


async def test_who_stops_what_was_just_started_is_not_waited_for(world: World) -> None:
    """It may have written to its replacements, so a person decides, and is asked at once (exit 6): nobody starts it against them."""
    instance = world.instance(ROOT, DATA)
    began: list[float] = []

    def act() -> None:
        world.clock.advance(60)
        world.box.stop_by_hand(instance)
        world.clock.advance(120)
        began.append(world.clock.now())

    driver = world.new_driver(listeners=[when("start", act, event="step-waiting")])
    outcome = await world.migrate(instance, driver=driver, route="clone")
    assert outcome.exit_code == 6, outcome.message
    assert "it was started, and is stopped again (Client.UserInitiatedShutdown" in outcome.message
    assert world.clock.now() - began[0] < 120
    assert ["StartInstances"] == [c.split(":")[-1] for c in world.calls("Start")]


async def test_a_start_by_hand_between_two_tries_of_our_own_is_not_discarded(world: World) -> None:
    """EC2 has no room for our start; somebody's is taken, and stopped again: the replacement has writes, and a person decides."""
    instance = world.instance(ROOT, DATA)
    refuse(world, "ec2:StartInstances", "InsufficientInstanceCapacity", times=1)
    driver = world.new_driver(listeners=[when("start", run_by_hand(world, instance), event="step-failed")])
    outcome = await world.migrate(instance, driver=driver, route="clone")
    assert (6, []) == (outcome.exit_code, world.box.losses())
    assert 2 == len(world.volumes(instance))


async def test_a_start_by_hand_that_goes_on_sends_the_run_back(world: World) -> None:
    """An instance that somebody started after the stop, and left running, keeps its originals and goes on writing to them."""
    instance = world.instance(ENCRYPTED_ROOT, DATA)
    before = ids(world, instance)

    def start() -> None:
        world.box.start_by_hand(instance)
        world.clock.advance(60)

    driver = world.new_driver(listeners=[when("cut", start)])
    outcome = await world.migrate(instance, driver=driver, route="clone")
    assert (5, before, "running", []) == (
        outcome.exit_code, ids(world, instance), world.power(instance), world.box.losses(),
    )  # fmt: skip


# -- the epoch -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("leftover", [False, True], ids=["cleaned up", "stale copy left behind"])
@pytest.mark.parametrize("route", ROUTES)
async def test_a_second_attempt_never_takes_the_copy_of_the_first(world: World, route: str, leftover: bool) -> None:
    """Fail after the last copy, go back, write on, resume: the new writes are on the replacement, even if the old copy is still there."""
    instance = world.instance(ROOT, DATA)
    refuse(world, "ec2:AttachVolume")
    if leftover:
        refuse(world, "ec2:DeleteVolume", times=None)
        refuse(world, "ec2:DeleteSnapshot", times=None)
    first = await world.migrate(instance, route=route)
    stale = {id_ for id_, v in world.all_volumes().items() if v["Encrypted"]}
    world.box.faults.clear()
    world.clock.advance(7200)
    second = await world.act(world.driver.resume(first.migration))
    assert (5, 0, []) == (first.exit_code, second.exit_code, world.box.losses())
    assert set() == stale & set(ids(world, instance).values())
    assert (bool(stale), 2) == (leftover, world.state(first.migration).attempt)


async def test_a_lost_reply_of_the_last_copy_is_not_copied_twice(world: World) -> None:
    """The copy whose reply was lost is found by its token or its tags in the same epoch, and there is one copy for each volume."""
    instance = world.instance(ROOT, DATA)
    fault = refuse(world, "ec2:CopyVolumes")
    fault.after = True
    outcome = await world.migrate(instance, route="clone")
    assert (0, [], 4) == (outcome.exit_code, world.box.losses(), len(world.all_volumes()))


@pytest.mark.parametrize("route", ["snapshot", "copy"])
async def test_a_lost_reply_of_a_snapshot_is_not_taken_twice(world: World, route: str) -> None:
    """CreateSnapshot and CopySnapshot have no token: after an unclear answer sealift looks twice and makes no second one."""
    instance = world.instance(ROOT)
    for operation in ("ec2:CreateSnapshot", "ec2:CopySnapshot"):
        refuse(world, operation).after = True
    outcome = await world.migrate(instance, route=route)
    made = {"snapshot": 2, "copy": 3}[route]
    assert (0, [], made) == (outcome.exit_code, world.box.losses(), len(world.snapshots()))


# -- a volume that is attached to nothing --------------------------------------------------------------------------------


def attach_elsewhere(world: World, volume: str, other: str) -> None:
    world.ec2.attach_volume(VolumeId=volume, InstanceId=other, Device="/dev/sdz")
    world.clock.advance(60)


@pytest.mark.parametrize("step", ["quiet", "copy:"])
@pytest.mark.parametrize("route", ROUTES)
async def test_an_unattached_volume_that_somebody_attaches_meanwhile_goes_back(
    world: World, route: str, step: str
) -> None:
    """What attached the source may have written to it: the copy is thrown away, the run says so (exit 5), the source is untouched."""
    volume, other = world.box.add_volume(REGION, size_gib=8), world.instance(ROOT)
    driver = world.new_driver(listeners=[when(step, lambda: attach_elsewhere(world, volume, other))])
    outcome = await world.migrate(volume, driver=driver, route=route)
    assert (5, True, []) == (outcome.exit_code, "attached" in outcome.message, world.box.losses())
    assert [] == [v for v in world.all_volumes().values() if v["Encrypted"]]


async def test_a_copy_of_an_unattached_volume_has_all_that_was_on_it(world: World) -> None:
    """The contents of source and replacement are equal."""
    volume = world.box.add_volume(REGION, size_gib=8)
    outcome = await world.migrate(volume, route="clone")
    copy = str(world.state(outcome.migration).outputs[f"copy:{volume}"]["VolumeId"])
    assert (0, world.box.contents(volume)) == (outcome.exit_code, world.box.contents(copy))


# -- the source stays ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("event", ["step-started", "step-done"])
@pytest.mark.parametrize("step", ["stop", "copy:/dev/xvda", "attach:/dev/xvda"])
async def test_a_terminate_in_the_cutover_keeps_every_source(instant: World, step: str, event: str) -> None:
    """DeleteOnTermination is off before the stop: whoever terminates the instance then deletes no source; a person is needed."""
    instance = instant.instance(ROOT, DATA)
    sources = set(ids(instant, instance).values())
    terminate = lambda: instant.ec2.terminate_instances(InstanceIds=[instance])  # noqa: E731
    driver = instant.new_driver(listeners=[when(step, terminate, event=event)])
    outcome = await instant.migrate(instance, driver=driver, route="clone")
    assert (6, set()) == (outcome.exit_code, sources - set(instant.all_volumes()))


async def test_delete_on_termination_is_off_before_the_stop(instant: World) -> None:
    """The flags are set before StopInstances is sent, with their value in the call."""
    await instant.migrate(instant.instance(ROOT, DATA), route="clone")
    first = next(e for e in instant.box.log if e.operation.endswith("ModifyInstanceAttribute"))
    stop = next(e for e in instant.box.log if e.operation.endswith("StopInstances"))
    flags = [m["Ebs"]["DeleteOnTermination"] for m in first.params["BlockDeviceMappings"]]
    assert (True, [False, False]) == (instant.box.log.index(first) < instant.box.log.index(stop), flags)


@pytest.mark.parametrize("route", ROUTES)
async def test_a_migration_deletes_no_source(instant: World, route: str) -> None:
    """After the migration every source is still there, attached to nothing, and marked as one."""
    instance = instant.instance(ROOT, DATA)
    sources = set(ids(instant, instance).values())
    await instant.migrate(instance, route=route)
    found = {id_: v for id_, v in instant.all_volumes().items() if id_ in sources}
    assert (sources, {"available"}) == (set(found), {v["State"] for v in found.values()})
    assert all({"Key": "sealift:role", "Value": "source"} in v["Tags"] for v in found.values())


# -- after bring-up ------------------------------------------------------------------------------------------------------


async def test_no_failure_after_bring_up_puts_the_original_back_by_itself(world: World) -> None:
    """A hook that fails after bring-up leaves the replacement in service with all that it has acknowledged, and asks a person."""
    instance = world.instance(ROOT, DATA)
    outcome = await world.migrate(instance, route="clone", after="false")
    world.clock.advance(3600)
    after = world.volumes(instance)
    assert (6, "running", []) == (outcome.exit_code, world.power(instance), world.box.losses())
    assert {world.key} == {v["KmsKeyId"] for v in after.values()}
    assert "direction" not in moments(world, outcome.migration)


async def test_a_key_that_is_disabled_after_bring_up_changes_nothing_by_itself(world: World) -> None:
    """The workload runs on, nothing is detached: verify says what is wrong and leaves the choice to a person."""
    instance = world.instance(ROOT)
    outcome = await world.migrate(instance, route="snapshot")
    world.box.disable_key(world.key)
    world.clock.advance(86400)
    told = await world.act(world.driver.verify(outcome.migration))
    assert (6, "running", []) == (told.exit_code, world.power(instance), world.box.losses())
