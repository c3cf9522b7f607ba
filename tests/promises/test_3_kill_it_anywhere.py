"""Promise 3: kill it anywhere. Run again, and it goes on where it was, adopts what it had made, and makes nothing twice."""

import asyncio
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from sealift.driver import Driver
from sealift.journal import Journal
from sealift.sandbox import Durations
from tests.pictures import changed, picture
from tests.promises.acts import refuse, when
from tests.world import DATA, REGION, ROOT, World, sandbox


class Killed(BaseException):
    """The process is gone: no handler runs, no row is written, no call leaves."""


class Doomed:
    """A driver's journal that dies at its n-th row: before the row is written, or after.

    With the row before it durable and the call between the two made, every durable state of a run is one of these.
    """

    def __init__(
        self, driver: Driver, at: int, *, written: bool, kill_at: tuple[str, str] = ("", ""), after: int = 0
    ) -> None:
        """`kill_at`: it dies at the first row of that name, or so many rows `after` it."""
        self._kill_at, self._after = kill_at, after
        self.rows: list[tuple[str, str]] = []
        self._driver, self._at, self._written, self._dead = driver, at, written, False
        self._row, self._note = driver.journal.row, driver.journal.note
        driver.journal.row, driver.journal.note = self.row, self.note  # type: ignore[method-assign]

    def row(self, migration: str, attempt: int, step: str, what: str, *more: Any, **named: Any) -> int:
        return self._add((step, what), lambda: self._row(migration, attempt, step, what, *more, **named))

    def note(self, migration: str, what: str, *more: Any, **named: Any) -> int:
        return self._add(("", what), lambda: self._note(migration, what, *more, **named))

    def _add(self, row: tuple[str, str], write: Any) -> int:
        if self._dead:
            raise Killed
        self.rows.append(row)
        since = len(self.rows) - 1 - self.rows.index(self._kill_at) if self._kill_at in self.rows else None
        last = len(self.rows) == self._at or since == self._after
        if last and not self._written:
            self._die()
        number: int = write()
        if last:
            self._die()
        return number

    def _die(self) -> None:
        self._dead = self._driver.account.closed = True
        raise Killed


async def run(
    world: World,
    instance: str,
    at: int = 0,
    *,
    written: bool = False,
    kill_at: tuple[str, str] = ("", ""),
    **options: Any,
) -> list[tuple[str, str]]:
    """Migrate with a driver that is killed at its n-th row, or after one of that name; return the rows that it wrote."""
    driver = world.new_driver()
    doomed = Doomed(driver, at, written=written or bool(kill_at[0]), kill_at=kill_at)
    with suppress(Killed):
        await world.migrate(instance, driver=driver, **options)
    return doomed.rows


def end_state(world: World, instance: str) -> dict[str, Any]:
    """Return what is there in the end, without ids."""
    volumes = {
        device: (
            v.get("KmsKeyId", ""),
            v["VolumeType"],
            v.get("Iops"),
            v["Attachments"][0]["DeleteOnTermination"],
            tags_of(v),
        )
        for device, v in world.volumes(instance).items()
    }
    made = Counter(
        (v["State"], v["Encrypted"], dict(tags_of(v)).get("sealift:role")) for v in world.all_volumes().values()
    )
    snapshots = Counter(dict(tags_of(s)).get("sealift:role") for s in world.snapshots().values())
    return {"volumes": volumes, "made": made, "snapshots": snapshots, "power": world.power(instance)}


def tags_of(resource: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    ours = ("sealift:migration", "sealift:epoch", "sealift:plan", "sealift:was", "sealift:attempt")
    return tuple(sorted((t["Key"], t["Value"]) for t in resource.get("Tags") or () if t["Key"] not in ours))


def stored(world: World) -> str:
    (only,) = world.driver.journal.migrations()
    return str(only["id"])


async def alone(folder: Path, route: str) -> dict[str, Any]:
    """Return the end of a run that nobody disturbs."""
    with sandbox(Durations.instant()) as box:
        world = World(box, folder)
        instance = world.instance(ROOT, DATA)
        await world.migrate(instance, route=route)
        return end_state(world, instance)


@cache
def undisturbed(route: str) -> dict[str, Any]:
    """Return the end of a run by this route that nobody disturbs; in a thread, which has an event loop of its own."""
    with TemporaryDirectory() as folder, ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(alone(Path(folder), route))).result()


EVERY = [(route, at) for n, route in enumerate(("clone", "snapshot", "copy")) for at in range(2 + 2 * n, 104, 7)]
"""A sample of the durable states of each route: right before a row is written, and for every other one right after it."""


@pytest.mark.parametrize(("route", "at"), EVERY)
async def test_a_run_that_is_killed_ends_as_the_undisturbed_one(tmp_path: Path, route: str, at: int) -> None:
    """Killed at any row, the next driver goes on: the same end, nothing made twice, no write lost."""
    expected = undisturbed(route)
    with sandbox(Durations.instant()) as box:
        world = World(box, tmp_path)
        instance = world.instance(ROOT, DATA)
        await run(world, instance, at, written=bool(at % 2), route=route)
        outcome = await world.act(world.driver.resume(stored(world)))
        assert (0, expected, []) == (outcome.exit_code, end_state(world, instance), box.losses()), outcome


async def test_a_run_that_is_killed_again_and_again_ends_as_the_undisturbed_one(instant: World) -> None:
    """Every driver dies after four rows; in the end all is done once."""
    instance = instant.instance(ROOT, DATA)
    await run(instant, instance, 5, written=True, route="clone")
    for _ in range(60):
        driver = instant.new_driver()
        Doomed(driver, 4, written=True)
        try:
            await instant.act(driver.resume(stored(instant)))
            break
        except Killed:
            continue
    assert ("retained", []) == (instant.state(stored(instant)).end, instant.box.losses())
    assert 4 == len(instant.all_volumes())


@pytest.mark.parametrize("part", [0.0, 0.2, 0.4, 0.6, 0.8, 0.95])
@pytest.mark.parametrize("written", [False, True], ids=["before a row", "after a row"])
async def test_a_way_back_that_is_killed_goes_on_in_its_direction(instant: World, part: float, written: bool) -> None:
    """Killed on the way back, the next driver goes on going back: a crash turns nothing, and all is as it was."""
    instance, twin = instant.instance(ROOT, DATA), instant.instance(ROOT, DATA)
    fault = refuse(instant, "ec2:AttachVolume", Device=ROOT.device)
    rows = await run(instant, twin, route="clone")
    turn, before = rows.index(("", "direction")), picture(instant)
    fault.times = 2
    await run(instant, instance, turn + 2 + int(part * (len(rows) - turn - 2)), written=written, route="clone")
    migration = instant.driver.journal.migrations()[-1]["id"]
    outcome = await instant.act(instant.driver.resume(migration))
    assert (5, {}, []) == (outcome.exit_code, changed(before, picture(instant)), instant.box.losses())


@pytest.mark.parametrize("pause", [0, 600], ids=["at once", "later"])
@pytest.mark.parametrize("part", ["intent", "called", "made", "void", "trouble", "failure"])
async def test_a_start_that_falls_back_after_its_driver_died_is_put_back_as_without_the_kill(
    world: World, part: str, pause: float
) -> None:
    """Our start comes to nothing and nobody sees it (R-EBS-55): the next driver does, says why, and puts the original back (exit 5)."""
    instance = world.instance(ROOT, DATA)
    before = {d: v["VolumeId"] for d, v in world.volumes(instance).items()}
    driver = world.new_driver(listeners=[when("verify:attachments", lambda: world.box.disable_key(world.key))])
    after = {"intent": 0, "called": 1, "made": 1, "void": 2, "trouble": 3, "failure": 4}[part]
    doomed = Doomed(driver, 0, written=part != "called", kill_at=("start", "intent"), after=after)
    with suppress(Killed):
        await world.migrate(instance, driver=driver, route="clone")
    world.clock.advance(pause)
    (migration,) = (str(m["id"]) for m in world.driver.journal.migrations())
    outcome = await world.act(world.driver.resume(migration))
    world.clock.advance(600)
    assert doomed.rows[-1] in {("start", w) for w in ("intent", "made", "void")} | {("", "trouble"), ("", "failure")}
    assert (5, "running", []) == (outcome.exit_code, world.power(instance), world.box.losses())
    assert before == {d: v["VolumeId"] for d, v in world.volumes(instance).items()}
    assert "R-EBS-55" in outcome.message


async def test_a_driver_that_dies_before_it_turned_has_turned_nothing(instant: World) -> None:
    """The direction is a row: killed after a failure but before that row, the next driver tries again and goes forward."""
    instance = instant.instance(ROOT)
    refuse(instant, "ec2:AttachVolume")
    await run(instant, instance, kill_at=("", "failure"), route="clone")
    outcome = await instant.act(instant.driver.resume(stored(instant)))
    assert (0, "retained", []) == (outcome.exit_code, instant.state(stored(instant)).end, instant.box.losses())


# -- the journal's disk is lost ------------------------------------------------------------------------------------------


def lose_the_journal(world: World) -> Driver:
    """Return a driver with an empty journal."""
    settings = replace(world.settings, journal=world.folder / "another.db")
    return Driver(settings, clock=world.clock)


STAGES = {"prepare": "warm:/dev/xvda", "cutover": "attach:/dev/xvda", "up": "tags:/dev/xvda"}


@pytest.mark.parametrize("route", ["clone", "snapshot", "copy"])
@pytest.mark.parametrize("stage", STAGES)
async def test_a_lost_journal_is_rebuilt_from_the_sources(instant: World, stage: str, route: str) -> None:
    """Adopt finds the migration by its tags and makes nothing twice; half-way in a cutover only the way back is offered."""
    step = STAGES[stage]
    instance = instant.instance(ROOT, DATA)
    plan = await instant.plan(instance, route=route)
    sources = {v["VolumeId"] for v in instant.volumes(instance).values()}
    rows = await run(instant, instance, route=route, kill_at=(step, "made"))
    lost = stored(instant)
    again = lose_the_journal(instant)
    adopted = await instant.act(again.adopt(instance, plan.options))
    assert (0, lost, True) == (adopted.exit_code, adopted.migration, f"'{stage}'" in adopted.message), (adopted, rows)
    again.decide(lost, "approved", by="a test") if stage == "prepare" else None
    go_on = again.rollback(lost) if stage == "cutover" else again.resume(lost)
    outcome = await instant.act(go_on)
    serving = {v["VolumeId"] for v in instant.volumes(instance).values()}
    assert (0, "running", []) == (outcome.exit_code, instant.power(instance), instant.box.losses()), outcome
    assert (serving == sources) == (stage == "cutover")
    assert (2 if stage == "cutover" else 4) == len(instant.all_volumes())


@pytest.mark.parametrize(("route", "step"), [("snapshot", "last"), ("copy", "last"), ("copy", "encrypt")])
async def test_a_lost_journal_in_the_cut_of_a_loose_volume_leaves_nothing_behind(
    instant: World, route: str, step: str
) -> None:
    """Nothing is stopped that would tell of the cut: what was made in it does, and the way back that is offered deletes it."""
    volume = instant.box.add_volume(REGION, spec=DATA)
    plan = await instant.plan(volume, route=route)
    before = picture(instant)
    await run(instant, volume, route=route, kill_at=(f"{step}:{volume}", "made"))
    lost, again = stored(instant), lose_the_journal(instant)
    adopted = await instant.act(again.adopt(volume, plan.options))
    assert (0, True) == (adopted.exit_code, f"rollback {lost}" in adopted.message), adopted
    assert 0 == (await instant.act(again.rollback(lost))).exit_code
    assert before == picture(instant)


@pytest.mark.parametrize(
    "kill_at", [("undo:detach:/dev/xvda", "intent"), ("undo:detach:/dev/xvda", "made"), ("", "service-back")]
)
async def test_a_way_back_from_a_replacement_whose_journal_is_lost_is_not_taken_for_a_success(
    instant: World, kill_at: tuple[str, str]
) -> None:
    """Where the replacement is off already, adopt offers the way back: it never says that the instance runs on it."""
    instance = instant.instance(ROOT, DATA)
    sources = {v["VolumeId"] for v in instant.volumes(instance).values()}
    plan = await instant.plan(instance, route="snapshot")
    lost = (await instant.act(instant.driver.migrate(plan, approved_by="a test", observed=True))).migration
    instant.clock.advance(300)
    driver = instant.new_driver()
    doomed = Doomed(driver, 0, written=True, kill_at=kill_at)
    with pytest.raises(Killed):
        await instant.act(driver.rollback(lost, discard_writes=True))
    again = lose_the_journal(instant)
    adopted = await instant.act(again.adopt(instance, plan.options))
    assert (0, True) == (adopted.exit_code, f"rollback {lost}" in adopted.message), (adopted, doomed.rows[-4:])
    outcome = await instant.act(again.rollback(lost, discard_writes="--discard-writes" in adopted.message))
    serving = {v["VolumeId"] for v in instant.volumes(instance).values()}
    assert (0, "running", sources) == (outcome.exit_code, instant.power(instance), serving), outcome


async def test_an_instance_without_marks_is_not_adopted(instant: World) -> None:
    """Where no source carries the mark of a migration there is nothing to adopt (exit 4)."""
    instance = instant.instance(ROOT)
    plan = await instant.plan(instance)
    assert 4 == (await instant.act(instant.driver.adopt(instance, plan.options))).exit_code


@pytest.mark.parametrize("state", ["", "s3://sealift-state/plans"], ids=["from its tags", "from a kept plan"])
@pytest.mark.parametrize("kill_at", [("attach:/dev/xvda", "intent"), ("tags:/dev/xvda", "made")])
async def test_a_volume_of_an_instance_is_not_adopted_alone(
    instant: World, kill_at: tuple[str, str], state: str
) -> None:
    """Its disk is attached to nothing, in the cut as after it, and is no loose volume: adopt refuses (exit 4), changes nothing and
    names the instance, of which the way back puts every disk back.
    """
    if state:
        place = {"LocationConstraint": REGION}
        instant.box.client("s3").create_bucket(Bucket="sealift-state", CreateBucketConfiguration=place)
    instance = instant.instance(ROOT, DATA)
    sources = {device: v["VolumeId"] for device, v in instant.volumes(instance).items()}
    plan = await instant.plan(instance, route="clone", state_url=state)
    await run(instant, instance, route="clone", kill_at=kill_at, state_url=state)
    again, before = lose_the_journal(instant), picture(instant)
    refused = await instant.act(again.adopt(sources[ROOT.device], plan.options))
    assert (4, [], before) == (refused.exit_code, again.journal.migrations(), picture(instant))
    assert f"{sources[ROOT.device]} moves with {instance}" in refused.message
    assert f"sealift adopt {instance}" in refused.message
    adopted = await instant.act(again.adopt(instance, plan.options))
    back = await instant.act(again.rollback(adopted.migration, discard_writes="'up'" in adopted.message))
    serving = {device: v["VolumeId"] for device, v in instant.volumes(instance).items()}
    assert (0, 0, "running", sources) == (adopted.exit_code, back.exit_code, instant.power(instance), serving), back


async def test_other_options_than_then_are_not_adopted(instant: World) -> None:
    """Where today's options make another recipe, and nothing is half-way, adopt refuses (exit 4)."""
    instance = instant.instance(ROOT)
    plan = await instant.plan(instance, route="clone", quiesce="true")
    driver = instant.new_driver()
    Doomed(driver, 12, written=True)
    with pytest.raises(Killed):
        await instant.act(driver.migrate(plan, approved_by="a test", observed=True))
    other = replace(plan.options, quiesce="")
    assert 4 == (await instant.act(lose_the_journal(instant).adopt(instance, other))).exit_code


async def test_what_a_killed_driver_wrote_can_be_read(instant: World) -> None:
    """What was written stays written: another process sees the intent of the call that nobody knows the end of."""
    instance = instant.instance(ROOT)
    rows = await run(instant, instance, 12, written=True, route="clone")
    read = Journal(instant.clock, instant.settings.journal).entries(stored(instant))
    assert rows == [(e.step or "", e.what) for e in read if e.what != "attempt"]


async def test_members_of_one_group_adopted_in_their_cut_hold_its_processes_together(instant: World) -> None:
    """Two members are stopped, the journal is lost: the first that goes back leaves the group asleep for the other (R-EBS-35)."""
    one, other = (instant.instance(ROOT, asg="web") for _ in range(2))
    plans = [await instant.plan(i, route="clone", asg="suspend") for i in (one, other)]
    for plan in plans:
        driver = instant.new_driver()
        Doomed(driver, 0, written=True, kill_at=("stop", "done"))
        with suppress(Killed):
            await instant.act(driver.migrate(plan, approved_by="a test", observed=True))
    again = lose_the_journal(instant)
    adopted = [await instant.act(again.adopt(plan.target, plan.options)) for plan in plans]
    assert [0, 0] == [a.exit_code for a in adopted], adopted
    asleep = []
    for outcome in adopted:
        assert 0 == (await instant.act(again.rollback(outcome.migration))).exit_code
        (group,) = picture(instant)["groups"].values()
        asleep.append(bool(group["suspended"]))
    assert ([True, False], ["running"] * 2) == (asleep, [instant.power(i) for i in (one, other)])
