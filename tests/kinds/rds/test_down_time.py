"""When a database is down, for who writes and who reads: one notion, folded from rows, read by everything that tells of it."""

import asyncio
import io
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from sealift.cli.run import _say_where_it_stands
from sealift.clock import VirtualClock
from sealift.driver import Driver, Outcome
from sealift.engine import Attempt, Runner, local_runner
from sealift.errors import LeaseLost
from sealift.plan import MigrationPlan
from sealift.render import story
from sealift.render.live import LiveView
from sealift.render.text import span
from sealift.sandbox import Durations, Sandbox
from sealift.step import Step
from tests.databases import ACKS, RATE, calm, logins
from tests.promises.acts import refuse
from tests.world import World


@pytest.fixture
def world(tmp_path: Path) -> Any:
    with Sandbox(clock=VirtualClock(), durations=Durations()) as box:
        yield World(box, tmp_path, connect=logins(box))


def killed(key: str) -> Runner:
    """Return a runner under which the driver ends before a step, as one that is killed: nothing turns."""

    async def run(step: Step, attempt: Attempt) -> None:
        if step.key == key:
            raise LeaseLost("the test takes it over")
        await local_runner(step, attempt)

    return run


async def planned(world: World, replicas: int = 0, **options: Any) -> MigrationPlan:
    """Plan a MySQL instance with so many replicas."""
    own = calm("mysql8.4") if options.get("route") == "blue-green" else {}
    name = world.box.add_db_instance("shop", "mysql", write_mib_per_s=RATE, **own)
    for number in range(1, replicas + 1):
        world.box.add_db_replica(f"shop-r{number}", name)
    world.clock.advance(3600)
    return await world.plan("rds:shop", **{"acks": ACKS, "route": "snapshot", **options})


async def migrated(world: World, plan: MigrationPlan, runner: Runner | None = None) -> Outcome:
    """Run a plan, approved."""
    done: Outcome = await world.act(
        world.driver.migrate(plan, approved_by="a test", observed=True, **({"runner": runner} if runner else {}))
    )
    return done


def told(world: World, migration: str) -> tuple[dict[str, Any], str]:
    """Return the status of a migration as data and as text."""
    found = story.of(world.driver.journal, migration)
    return found.to_json()["migrations"][0], found.text()


def interrupted(driver: Driver, migration: str, capsys: Any) -> str:
    """Return what Ctrl-C would say."""
    _say_where_it_stands(driver, {migration: "shop"})
    return str(capsys.readouterr().err)


def drawn(events: list[Any]) -> str:
    """Return the row of a live view that has seen these events."""
    console = Console(file=io.StringIO(), width=300, force_terminal=True, no_color=True)
    view = LiveView(console)
    for event in events:
        view.listen(event)
    view.stop()
    with console.capture() as text:
        console.print(view._table())
    return text.get().splitlines()[1]


def test_a_way_back_that_stands_still_is_down(world: World, capsys: Any) -> None:
    """From the fence of what served until the source serves again the workload is down: status, its json, Ctrl-C and the live
    view say so while nobody drives, and the sum has it afterwards.
    """

    async def go() -> None:
        done = await migrated(world, await planned(world))
        first = told(world, done.migration)[0]["down_seconds"]
        world.clock.advance(3600)
        back = world.driver.rollback(done.migration, discard_writes=True, runner=killed("undo:rename:old"))
        assert (await world.act(back)).exit_code == 130
        world.clock.advance(1800)
        row, text = told(world, done.migration)
        assert row["down_since"] is not None
        assert row["down_seconds"] > first + 1800
        assert "THE WORKLOAD OF shop IS DOWN since" in text
        assert "THE WORKLOAD OF shop IS DOWN since" in interrupted(world.driver, done.migration, capsys)

        world.events.clear()
        resumed = await world.act(world.driver.resume(done.migration))
        after, text = told(world, done.migration)
        assert after["down_since"] is None
        assert after["down_seconds"] > row["down_seconds"]
        assert "IS DOWN" not in text
        assert resumed.exit_code in (0, 5)
        outages = [e for e in world.events if e.name == "outage"]
        assert span(outages[0].at - outages[0].data["outages"]["writers"]["since"] + first) in drawn(outages[:1])

    asyncio.run(go())


def test_a_way_back_that_needs_a_person_is_down(world: World) -> None:
    """Fenced, and the way back cannot go on: the status needs a person and says that the workload is down."""

    async def go() -> None:
        done = await migrated(world, await planned(world))
        refuse(world, "rds:ModifyDBInstance", times=None, NewDBInstanceIdentifier="shop")
        back = await world.act(world.driver.rollback(done.migration, discard_writes=True))
        assert back.exit_code == 6
        row, text = told(world, done.migration)
        assert (row["phase"], row["down_since"] is not None) == ("needs-a-person", True)
        assert "THE WORKLOAD OF shop IS DOWN since" in text

    asyncio.run(go())


def test_a_switchover_is_down_time(world: World) -> None:
    """Blue/Green: writers get nothing during the switchover, and nothing before it says that the source is quiet."""

    async def go() -> None:
        plan = await planned(world, route="blue-green")
        done = await migrated(world, plan)
        row, text = told(world, done.migration)
        assert row["down_seconds"] == pytest.approx(plan.down.expected, rel=0.1)
        assert "the source is quiet" not in text
        assert "down for" in text

    asyncio.run(go())


def test_writers_are_down_until_the_last_interruption(world: World) -> None:
    """The clock stops when nothing interrupts clients any more, as in the plan: not at the groups, but after the reboot, on the network."""

    async def go() -> None:
        plan = await planned(world)
        done = await migrated(world, plan)
        state = world.state(done.migration)
        row, _ = told(world, done.migration)
        assert row["down_seconds"] == pytest.approx(plan.down.expected, rel=0.1)
        assert row["down_seconds"] == round(state.rows["own-groups"].done_at - state.quiesced, 1)

    asyncio.run(go())


@pytest.mark.parametrize("readers", ["fenced", "stale", "primary"])
def test_readers_are_told_of(world: World, capsys: Any, readers: str) -> None:
    """Who reads from replicas: how long, in status and its json as planned; Ctrl-C while a replica is made says so."""

    async def go() -> None:
        plan = await planned(world, replicas=1, readers=readers)
        done = await migrated(world, plan, killed("compare:shop-r1"))
        row, text = told(world, done.migration)
        assert (row["down_since"], row["reader_down_since"] is not None) == (None, readers == "fenced")
        said = interrupted(world.driver, done.migration, capsys)
        for where in (text, said):
            assert ("WHO READS FROM REPLICAS OF shop GETS NOTHING since" in where) is (readers == "fenced")
        await world.act(world.driver.resume(done.migration))
        row, text = told(world, done.migration)
        assert row["reader_down_since"] is None
        assert row["reader_down_seconds"] == pytest.approx(plan.readers_down.expected, rel=0.1)
        assert "readers of replicas got nothing for" in text

    asyncio.run(go())


def test_on_a_way_back_readers_are_down_from_the_loss_of_their_names(world: World) -> None:
    """Their names go first, the writer is fenced later: both outages are in the sum."""

    async def go() -> None:
        done = await migrated(world, await planned(world, replicas=1))
        first = told(world, done.migration)[0]["reader_down_seconds"]
        back = world.driver.rollback(done.migration, discard_writes=True, runner=killed("undo:bring-up"))
        await world.act(back)
        row, _ = told(world, done.migration)
        assert row["down_since"] is None
        assert row["reader_down_since"] is not None
        assert row["reader_down_seconds"] > first + 60

    asyncio.run(go())


def test_after_resume_the_live_view_goes_on_from_what_was(world: World) -> None:
    """Interrupted in the cutover and resumed: elapsed and down have what was before."""

    async def go() -> None:
        plan = await planned(world)
        done = await migrated(world, plan, killed("restore"))
        began = world.driver.journal.entries(done.migration)[0].at
        since = world.state(done.migration).down_since()
        world.clock.advance(1620)
        world.events.clear()
        await world.act(world.driver.resume(done.migration))
        told_ = next(e for e in world.events if e.name == "outage")
        assert (told_.data["began"], told_.data["outages"]["writers"]["since"]) == (began, since)

    asyncio.run(go())
