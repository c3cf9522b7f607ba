"""The key is lost between the rename and bring-up: nobody has written to the replacement, and the way back needs no key (R-RDS-34)."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sealift.clock import VirtualClock
from sealift.driver import Outcome
from sealift.sandbox import Durations, Sandbox
from sealift.step import Context, Phase, Query
from sealift.steps import DropLostInstance
from tests.clusters import CASES as CLUSTERS
from tests.databases import ACKS, RATE, logins, options_of
from tests.promises.acts import refuse
from tests.world import World

MULTI_AZ = "a multi-az db cluster"
LOST = "inaccessible-encryption-credentials"


class Killed(BaseException):
    """The driver dies."""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with Sandbox(clock=VirtualClock(), durations=Durations()) as box:
        yield World(box, tmp_path, connect=logins(box))


def there(world: World) -> dict[str, str]:
    """Return every instance and cluster by its name, with its state."""
    rds: Any = world.box.client("rds")
    instances = {d["DBInstanceIdentifier"]: d["DBInstanceStatus"] for d in rds.describe_db_instances()["DBInstances"]}
    return instances | {c["DBClusterIdentifier"]: c["Status"] for c in rds.describe_db_clusters()["DBClusters"]}


def a_database(world: World, name: str) -> tuple[str, dict[str, Any]]:
    """Put a database there, and return the target and its options."""
    match name:
        case "aurora":
            world.box.add_db_cluster("shop", "aurora-mysql", readers=1, write_mib_per_s=RATE)
            return "aurora:shop", {"route": "snapshot", "acks": ACKS}
        case "multi-az":
            return f"aurora:{CLUSTERS[MULTI_AZ].build(world)}", options_of(CLUSTERS[MULTI_AZ])
        case _:
            days = 7 if name == "with backups" else 0
            world.box.add_db_instance("shop", "mysql", write_mib_per_s=RATE, BackupRetentionPeriod=days)
            return "rds:shop", {"route": "snapshot", "acks": ACKS}


def without_a_key(
    world: World, name: str, noticed: float, *, refused: bool = False
) -> tuple[Outcome, dict[str, str], list[dict[str, str]]]:
    """Lose the key at the last step before bring-up; return how it ended, what there was before, and what there was then."""
    target, options = a_database(world, name)
    world.clock.advance(3600)
    plan = asyncio.run(world.plan(target, **options))
    last = [s.key for s in plan.steps if s.phase is Phase.CUTOVER][-1]
    before, then = there(world), list[dict[str, str]]()

    def off(event: Any) -> None:
        if (event.name, event.step) == ("step-started", last) and not then:
            world.box.disable_key(world.key)
            world.clock.advance(noticed)
            if refused:
                refuse(
                    world, "rds:ModifyDBInstance", "KMSKeyNotAccessibleFault", times=None, DBInstanceIdentifier="shop"
                )
            then.append(there(world))

    driver = world.new_driver(listeners=[off])
    driver.runner = _no_bring_up(driver.runner)
    done = asyncio.run(world.act(driver.migrate(plan, approved_by="a test", observed=True)))
    return done, before, then


def _no_bring_up(runner: Any) -> Any:
    """Let the bring-up fail before anything is sent: RDS refuses it without the key, where it is asked."""

    async def run(step: Any, attempt: Any) -> None:
        if step.phase is Phase.BRING_UP:
            raise OSError("it fails here")
        await runner(step, attempt)

    return run


@pytest.mark.parametrize("name", ["without backups", "with backups", "aurora", "multi-az"])
def test_the_source_serves_again_and_the_replacement_is_deleted(world: World, name: str) -> None:
    """Exit 5 by itself, recoverable or not: all is named as before, nothing of ours is left, no write is lost."""
    done, before, (then,) = without_a_key(world, name, noticed=7200)
    assert any(state.startswith(LOST) for state in then.values())
    assert done.exit_code == 5, done.message
    world.clock.advance(3600)
    assert there(world) == before
    assert world.state(done.migration).leftovers == []
    assert (world.box.db_losses(), world.box.double_runs()) == ([], [])
    assert world.box.db_outages(world.clock.now() - 60) == []


def test_what_rds_has_not_noticed_yet_is_renamed_as_ever(world: World) -> None:
    """It loses the replacement in the middle of the rename: what counts is the name, which is free then."""
    done, before, _ = without_a_key(world, "without backups", noticed=0)
    assert done.exit_code == 5, done.message
    world.clock.advance(3600)
    assert there(world) == before


def test_a_rename_that_is_refused_for_the_key_is_resumed_once_rds_has_noticed(world: World) -> None:
    """Exit 6 names first what heals the key, and advises no deletion by hand; by `resume` the replacement is out of service, and
    goes.
    """
    done, before, _ = without_a_key(world, "without backups", noticed=0, refused=True)
    assert done.exit_code == 6, done.message
    heal = f"First, in this order: aws kms enable-key --region eu-central-1 --key-id {world.key}."
    assert f"{heal} When it is mended: sealift resume {done.migration}. By hand" in done.message
    assert "delete-db-instance" not in done.message
    world.clock.advance(7200)
    world.box.faults.clear()
    back = asyncio.run(world.act(world.driver.resume(done.migration)))
    assert back.exit_code == 5, back.message
    world.clock.advance(3600)
    assert there(world) == before


def test_what_is_lost_under_its_own_name_by_the_time_of_a_resume_is_waited_for_no_longer(world: World) -> None:
    """The driver dies while RDS renames: the name is free then, nothing is deleted in its way, and the source serves."""
    target, options = a_database(world, "without backups")
    world.clock.advance(3600)
    plan = asyncio.run(world.plan(target, **options))
    last = [s.key for s in plan.steps if s.phase is Phase.CUTOVER][-1]
    before = there(world)

    def off(event: Any) -> None:
        if (event.name, event.step) == ("step-started", last):
            world.box.disable_key(world.key)
        if (event.name, event.step) == ("step-waiting", "undo:rename:new") and "renaming" in str(event.data):
            raise Killed

    driver = world.new_driver(listeners=[off])
    driver.runner = _no_bring_up(driver.runner)
    with pytest.raises(Killed):
        asyncio.run(world.act(driver.migrate(plan, approved_by="a test", observed=True)))
    world.clock.advance(7200)
    lost = [name for name, state in there(world).items() if state.startswith(LOST)]
    assert len(lost) == 1
    assert "shop" not in lost
    (row,) = world.driver.journal.migrations()
    back = asyncio.run(world.act(_impatient(world).resume(row["id"])))
    assert back.exit_code == 5, back.message
    world.clock.advance(3600)
    assert there(world) == before


def test_what_is_lost_after_it_was_looked_at_is_looked_at_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing was deleted, so that nothing is waited for: its rename fails, and before anybody is asked a second look finds it lost."""
    target, options = a_database(world, "without backups")
    world.clock.advance(3600)
    plan = asyncio.run(world.plan(target, **options))
    before = there(world)
    find = DropLostInstance.find
    looks = list[str]()

    def then_lost(self: DropLostInstance, ctx: Context) -> Query:
        query = find(self, ctx)

        def read(reply: Any) -> Any:
            found = query.read(reply)
            looks.append("lost" if found is None else "kept")
            world.box.disable_key(world.key)
            world.clock.advance(7200)
            return found

        return Query(query.call, read)

    driver = _impatient(world)
    driver.runner = _no_bring_up(driver.runner)
    with monkeypatch.context() as patched:
        patched.setattr(DropLostInstance, "find", then_lost)
        done = asyncio.run(world.act(driver.migrate(plan, approved_by="a test", observed=True)))
    assert (done.exit_code, looks) == (5, ["kept", "lost"]), done.message
    world.clock.advance(3600)
    assert there(world) == before


@pytest.mark.parametrize(
    ("undo", "noticed"),
    [
        ("undo:rename:new:shop-1", 0),
        ("undo:rename:new:shop-2", 7200),
        ("undo:rename:new:lost:shop-1", 7200),
        ("undo:rename:new:lost:shop-2", 7200),
        ("undo:rename:new:lost", 7200),
        ("undo:rename:new", 7200),
    ],
)
def test_a_cluster_that_is_lost_between_two_undos_goes_with_its_instances(
    world: World, undo: str, noticed: float
) -> None:
    """Whether its instances bear their temporary names again or not: exit 5 by itself, and all is as before."""
    target, options = a_database(world, "aurora")
    world.clock.advance(3600)
    plan = asyncio.run(world.plan(target, **options))
    before, then = there(world), list[dict[str, str]]()

    def off(event: Any) -> None:
        if (event.name, event.step) == ("step-started", undo) and not then:
            then.append(there(world))
            world.box.disable_key(world.key)
            world.clock.advance(noticed)

    driver = world.new_driver(listeners=[off])
    driver.runner = _no_bring_up(driver.runner)
    done = asyncio.run(world.act(driver.migrate(plan, approved_by="a test", observed=True)))

    assert (done.exit_code, len(then)) == (5, 1), done.message
    world.clock.advance(3600)
    assert there(world) == before
    assert world.state(done.migration).leftovers == []
    assert (world.box.db_losses(), world.box.double_runs()) == ([], [])
    assert world.box.db_outages(world.clock.now() - 60) == []


def _impatient(world: World) -> Any:
    """Return a driver that dies where it waits longer for a deletion than any takes."""
    waits = 0

    def counted(event: Any) -> None:
        nonlocal waits
        waits += (event.name, event.step) == ("step-waiting", "undo:rename:new:lost")
        if waits > 1000:
            raise Killed("it waits for ever")

    return world.new_driver(listeners=[counted])
