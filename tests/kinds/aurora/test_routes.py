"""Whole migrations of clusters on the sandbox, with clients and jobs writing all the time: forward, back by itself, rolled back."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from sealift.clock import VirtualClock
from sealift.plan import MigrationPlan
from sealift.recipe import writers_down
from sealift.sandbox import Durations, Sandbox
from sealift.step import Phase
from tests.clusters import CASES, described, endpoints, picture, scaling
from tests.databases import Case, logins, options_of, sampled
from tests.databases import described as instances
from tests.kinds.rds.test_routes import failing_at, nothing_lost, told_truly
from tests.world import REGION, World

each = pytest.mark.parametrize("name", CASES)
BEFORE = {Phase.PREPARE, Phase.CUTOVER}


@pytest.fixture
def world(tmp_path: Path) -> Any:
    with Sandbox(clock=VirtualClock(), durations=Durations()) as box:
        yield World(box, tmp_path, connect=logins(box))


async def planned(world: World, case: Case) -> MigrationPlan:
    """Put a cluster there, let it be written to for an hour, and plan it."""
    target = case.build(world)
    world.clock.advance(3600)
    plan = await world.plan(f"aurora:{target}", **options_of(case))
    assert plan.route == case.route, (plan.blocked, plan.refused_routes)
    return plan


@each
def test_a_whole_migration(world: World, name: str) -> None:
    """It ends under the key with nothing lost and no job run twice, under the same names and endpoints, with as many members in
    the same roles, and no unexpected difference (R-RDS-01, R-RDS-42, R-RDS-46).
    """

    async def go() -> None:
        plan = await planned(world, CASES[name])
        before, members, custom, scaled = described(world), instances(world), endpoints(), scaling()
        done = await world.act(world.driver.migrate(plan, approved_by="a test", observed=True))
        assert done.exit_code == 0, done.message
        world.clock.advance(3600)
        after = described(world)
        (was,) = before.values()
        now = after[was["DBClusterIdentifier"]]
        assert now["StorageEncryptionType"] == "sse-kms"
        assert now["KmsKeyId"] == world.key
        assert now["Status"] == "available"
        assert now["DbClusterResourceId"] != was["DbClusterResourceId"]
        same = ("Endpoint", "ReaderEndpoint", "EngineVersion", "VpcSecurityGroups", "DBClusterParameterGroup", "Port")
        same += ("HttpEndpointEnabled", "ServerlessV2ScalingConfiguration", "DBSubnetGroup", "BackupRetentionPeriod")
        assert {k: now.get(k) for k in same} == {k: was.get(k) for k in same}
        assert {m["DBClusterParameterGroupStatus"] for m in now["DBClusterMembers"]} == {"in-sync"}
        assert len(now["DBClusterMembers"]) == len(was["DBClusterMembers"])
        if was["Engine"].startswith("aurora"):
            assert now["DBClusterMembers"] == was["DBClusterMembers"]
            for id_, d in members.items():
                own = [t for t in instances(world)[id_]["TagList"] if not t["Key"].startswith("sealift:")]
                assert own == d["TagList"]
        assert {
            e: v for e, v in endpoints().items() if v["DBClusterIdentifier"] == now["DBClusterIdentifier"]
        } == custom
        assert scaling() == scaled
        nothing_lost(world)
        if plan.route == "snapshot":  # the warm one went with the last one's coming
            assert list(picture(world)["cluster snapshots"].values()) == ["baseline"]
            assert world.driver.journal.holders("rds DBClusters", f"123456789012/{REGION}") == []
        (retained,) = (d for n, d in after.items() if n not in before)
        assert retained["StorageEncryptionType"] == "none"
        assert not retained["HttpEndpointEnabled"]

    asyncio.run(go())


@pytest.mark.parametrize("name", [n for n in CASES if n.startswith("aurora postgresql")])
def test_who_comes_in_by_the_data_api_is_down_until_it_is_on(world: World, name: str) -> None:
    """It is off while the members are let in one by one: nobody says before its last client is served that all are."""

    async def go() -> None:
        plan = await planned(world, CASES[name])
        (span,) = writers_down(plan.steps)
        done = await world.act(world.driver.migrate(plan, approved_by="a test", observed=True))
        rows = world.driver.journal.entries(done.migration)
        (up,) = [e for e in rows if e.what == "up" and e.data["who"] == "writers"]
        (on,) = [e for e in rows if (e.step, e.what) == ("data-api:on", "done")]
        assert ("data-api:on", True) == (span.last, up.seq > on.seq)

    asyncio.run(go())


@each
def test_a_failure_before_bring_up_goes_back_by_itself(world: World, name: str) -> None:
    """Failed at the last moment before bring-up, it is as it was: serving, unfenced, under its name, nothing of ours left."""

    async def go() -> None:
        plan = await planned(world, CASES[name])
        before = picture(world)
        last = [s for s in plan.steps if s.phase in BEFORE][-1]
        run = world.driver.migrate(plan, approved_by="a test", observed=True, runner=failing_at(last.key))
        done = await world.act(run)
        assert done.exit_code == 5, done.message
        world.clock.advance(600)
        assert picture(world) == before
        nothing_lost(world)

    asyncio.run(go())


@each
def test_a_rollback_after_bring_up(world: World, name: str) -> None:
    """Rolled back by a person's word, the source serves again under its name; what is discarded is kept in a snapshot."""

    async def go() -> None:
        plan = await planned(world, CASES[name])
        before = picture(world)
        done = await world.act(world.driver.migrate(plan, approved_by="a test", observed=True))
        assert done.exit_code == 0, done.message
        world.clock.advance(3600)
        back = await world.act(world.driver.rollback(done.migration, discard_writes=True))
        assert back.exit_code == 0, back.message
        world.clock.advance(600)
        after = picture(world)
        kept = set(after.pop("cluster snapshots").values())
        before.pop("cluster snapshots")
        assert kept == {"safety"}
        assert after == before
        assert world.box.double_runs() == []

    asyncio.run(go())


@each
def test_finalize_leaves_no_plain_copy_of_ours(world: World, name: str) -> None:
    """R-RDS-30, R-RDS-31: the source, its members and our plain snapshots go; a snapshot of the replacement stays, under the key;
    automated backups go by themselves; and the fence is taken down.
    """

    async def go() -> None:
        plan = await planned(world, CASES[name])
        done = await world.act(world.driver.migrate(plan, approved_by="a test", observed=True))
        assert done.exit_code == 0, done.message
        world.clock.advance(15 * 86_400)
        assert (await world.act(world.driver.verify(done.migration))).exit_code == 0
        outcome, lists = await world.act(world.driver.finalize(done.migration))
        assert outcome.exit_code == 0, outcome.message
        world.clock.advance(3600)
        (left,) = described(world).values()
        assert left["DBClusterIdentifier"] == plan.target
        assert left["DeletionProtection"] is bool(plan.facts["described"].get("DeletionProtection"))
        assert all(d["KmsKeyId"] == world.key for d in [left, *instances(world).values()])
        after = picture(world)
        for names in (after["security groups"], after["cluster parameters"], after["parameters"]):
            assert not [n for n in names if n.startswith("sealift")]
        assert set(after["cluster snapshots"].values()) == {"restore-point"}
        assert lists["gone_now"]
        assert lists["goes_by_itself"]
        told_truly(lists)
        nothing_lost(world)

    asyncio.run(go())


def test_verify_sees_a_data_api_that_was_turned_on_again(world: World) -> None:
    """As long as it is retained the source stays closed: no security group stops the Data API, so `verify` looks (exit 6)."""

    async def go() -> None:
        plan = await planned(world, CASES["aurora postgresql, blue-green"])
        done = await world.act(world.driver.migrate(plan, approved_by="a test", observed=True))
        (old,) = (d for n, d in described(world).items() if n != plan.target)
        world.box.client("rds").enable_http_endpoint(ResourceArn=old["DBClusterArn"])
        seen = await world.act(world.driver.verify(done.migration))
        assert seen.exit_code == 6
        assert "Data API" in seen.message

    asyncio.run(go())


def test_verify_sees_members_whose_jobs_may_run(world: World) -> None:
    """The parameters under which no job runs are part of the fence: a cluster that was given others is named (exit 6)."""

    async def go() -> None:
        plan = await planned(world, CASES["a multi-az db cluster"])
        done = await world.act(world.driver.migrate(plan, approved_by="a test", observed=True))
        (old,) = set(described(world)) - {plan.target}
        world.box.client("rds").modify_db_cluster(
            DBClusterIdentifier=old, DBClusterParameterGroupName="default.postgres17", ApplyImmediately=True
        )
        world.clock.advance(600)
        seen = await world.act(world.driver.verify(done.migration))
        assert (seen.exit_code, "may run its jobs again" in seen.message) == (6, True), seen.message

    asyncio.run(go())


@each
def test_a_failure_at_every_step_before_bring_up(tmp_path: Path, name: str, every_step: bool) -> None:
    """Failed after any step before bring-up it goes back by itself; nothing of ours is left, and nothing lost (a sample of the
    steps; `make every-step` tries all of them).
    """
    with Sandbox(clock=VirtualClock()) as box:
        keys = asyncio.run(_keys(World(box, tmp_path, connect=logins(box)), name))
    for number, key in enumerate(keys if every_step else sampled(keys, name)):
        folder = tmp_path / str(number)
        folder.mkdir()
        with Sandbox(clock=VirtualClock()) as box:
            asyncio.run(_fails_at(World(box, folder, connect=logins(box)), name, key))


async def _keys(world: World, name: str) -> list[str]:
    plan = await planned(world, CASES[name])
    return [s.key for s in plan.steps if s.phase in BEFORE]


async def _fails_at(world: World, name: str, key: str) -> None:
    plan = await planned(world, CASES[name])
    before = picture(world)
    run = world.driver.migrate(plan, approved_by="a test", observed=True, runner=failing_at(key))
    done = await world.act(run)
    assert done.exit_code == 5, (key, done.message)
    world.clock.advance(600)
    assert picture(world) == before, key
    nothing_lost(world)


SWITCHED = pytest.mark.parametrize("name", [n for n, case in CASES.items() if case.route == "blue-green"])
ONCE_UP = {Phase.BRING_UP, Phase.CONFIRM}


@SWITCHED
def test_a_failure_at_every_step_after_a_switchover_then_rolled_back(
    tmp_path: Path, name: str, every_step: bool
) -> None:
    """Failed after any step from the switchover on it asks a person, and by that person's word the source serves again as
    before, also where the old side had not been fenced yet (a sample of the steps; `make every-step` tries all of them).
    """
    with Sandbox(clock=VirtualClock()) as box:
        world = World(box, tmp_path, connect=logins(box))
        plan = asyncio.run(planned(world, CASES[name]))
    keys = [s.key for s in plan.steps if s.phase in ONCE_UP]
    for number, key in enumerate(keys if every_step else sampled(keys, name)):
        folder = tmp_path / str(number)
        folder.mkdir()
        with Sandbox(clock=VirtualClock()) as box:
            asyncio.run(_rolled_back_from(World(box, folder, connect=logins(box)), name, key))


async def _rolled_back_from(world: World, name: str, key: str) -> None:
    plan = await planned(world, CASES[name])
    before = picture(world)
    run = world.driver.migrate(plan, approved_by="a test", observed=True, runner=failing_at(key))
    done = await world.act(run)
    assert done.exit_code == 6, (key, done.message)
    back = await world.act(world.driver.rollback(done.migration, discard_writes=True))
    assert back.exit_code == 0, (key, back.message)
    world.clock.advance(600)
    after = picture(world)
    assert set(after.pop("cluster snapshots").values()) == {"safety"}, key
    before.pop("cluster snapshots")
    assert after == before, key
    assert world.box.double_runs() == [], key


def test_settings_that_take_effect_late_are_waited_for(world: World) -> None:
    """What a restore cannot be told is set afterwards: for a while the status is still that of before, and so are the values."""

    async def go() -> None:
        told = {"DatabaseInsightsMode": "advanced", "PerformanceInsightsRetentionPeriod": 465}
        told |= {"PreferredMaintenanceWindow": "mon:05:00-mon:05:30", "EnablePerformanceInsights": True}
        name = world.box.add_db_cluster("shop", readers=1, write_mib_per_s=0.01, **told)
        done = await world.migrate(f"aurora:{name}", route="snapshot", acks=("R-FENCE-01",))
        assert done.exit_code == 0, done.message
        now = described(world)[name]
        assert {k: now[k] for k in told if k in now} == {k: v for k, v in told.items() if not k.startswith("Enable")}
        assert now["PerformanceInsightsEnabled"]
        nothing_lost(world)

    asyncio.run(go())
