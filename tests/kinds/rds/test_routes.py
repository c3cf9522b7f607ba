"""Whole migrations of instances on the sandbox, with clients and jobs writing all the time: forward, back by itself, rolled back."""

import asyncio
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sealift.clock import VirtualClock
from sealift.engine import Attempt, _named, local_runner
from sealift.errors import CheckFailed, SealiftError
from sealift.events import Event
from sealift.kinds.rds import RDS_INSTANCE
from sealift.plan import MigrationPlan
from sealift.render import story
from sealift.sandbox import Durations, Fault, Sandbox
from sealift.step import Context, Phase, Step, Watch
from sealift.steps import RebootInstance, RunHook
from tests.databases import ACKS, CASES, RATE, Case, described, logins, options_of, picture, sampled
from tests.world import REGION, World

each = pytest.mark.parametrize("name", CASES)


@pytest.fixture
def world(tmp_path: Path) -> Any:
    with Sandbox(clock=VirtualClock(), durations=Durations()) as box:
        yield World(box, tmp_path, connect=logins(box))


async def planned(world: World, case: Case) -> MigrationPlan:
    """Put a database there, let it be written to for an hour, and plan it."""
    target = case.build(world)
    world.clock.advance(3600)
    plan = await world.plan(f"rds:{target}", **options_of(case))
    assert plan.route == case.route, (plan.blocked, plan.refused_routes)
    return plan


def nothing_lost(world: World) -> None:
    """No acknowledged write is missing, no job has run in two databases at once, and every client is served again."""
    assert world.box.db_losses() == []
    assert world.box.double_runs() == []
    assert world.box.db_outages(world.clock.now() - 60) == []


@each
def test_a_whole_migration(world: World, name: str) -> None:
    """It ends under the key with nothing lost and no job run twice, under the same names and endpoints, with no unexpected
    difference (R-RDS-01, R-RDS-29, R-RDS-42).
    """

    async def go() -> None:
        plan = await planned(world, CASES[name])
        before = described(world)
        done = await world.act(world.driver.migrate(plan, approved_by="a test", observed=True))
        assert done.exit_code == 0, done.message
        world.clock.advance(3600)
        after = described(world)
        for id_, was in before.items():
            now = after[id_]
            assert now["StorageEncrypted"], id_
            assert now["StorageEncryptionType"] == "sse-kms", id_
            assert now["KmsKeyId"] == world.key, id_
            assert now["DBInstanceStatus"] == "available", id_
            assert now["Endpoint"]["Address"] == was["Endpoint"]["Address"]
            assert now["DbiResourceId"] != was["DbiResourceId"]
            same = ("DBInstanceClass", "MultiAZ", "StorageType", "BackupRetentionPeriod", "DBSubnetGroup")
            assert {k: now.get(k) for k in same} == {k: was.get(k) for k in same}
            assert now["VpcSecurityGroups"] == was["VpcSecurityGroups"]
            assert now["DBParameterGroups"] == was["DBParameterGroups"]
            assert now["OptionGroupMemberships"] == was["OptionGroupMemberships"]
            assert now["DeletionProtection"] is (was["DeletionProtection"] or id_ == plan.target)
            assert [t for t in now["TagList"] if not t["Key"].startswith("sealift:")] == was["TagList"]
        nothing_lost(world)
        if plan.route == "snapshot":  # the warm pair went with the last one's coming
            assert sorted(picture(world)["db snapshots"].values()) == ["baseline", "copy"]
            assert world.driver.journal.holders("rds ManualSnapshots", f"123456789012/{REGION}") == []
        retained = [d for n, d in after.items() if n not in before]
        assert len(retained) == len(before)
        assert not any(d["StorageEncrypted"] for d in retained)

    asyncio.run(go())


def kept_backups(world: World) -> list[str]:
    """Return the automated backups of instances that are gone (R-RDS-30)."""
    found = world.box.client("rds").describe_db_instance_automated_backups()["DBInstanceAutomatedBackups"]
    return [b["DBInstanceIdentifier"] for b in found if b["Status"] == "retained"]


def failing_at(key: str) -> Callable[[Step, Attempt], Any]:
    """Return a runner under which one step fails, after what it does was done."""

    async def run(step: Step, attempt: Attempt) -> None:
        await local_runner(step, attempt)
        if step.key == key:
            raise CheckFailed("the test says no", step=step.key)

    return run


BEFORE = {Phase.PREPARE, Phase.CUTOVER}


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
        assert kept_backups(world) == []
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
        kept = set(after.pop("db snapshots")) - set(before.pop("db snapshots"))
        assert len(kept) >= 1
        assert after == before
        assert world.box.double_runs() == []

    asyncio.run(go())


async def finalized(world: World, name: str) -> tuple[MigrationPlan, Any, dict[str, list[Any]]]:
    """Migrate, let the retention pass, and finalize."""
    plan = await planned(world, CASES[name])
    done = await world.act(world.driver.migrate(plan, approved_by="a test", observed=True))
    assert done.exit_code == 0, done.message
    world.clock.advance(15 * 86_400)
    outcome, lists = await world.act(world.driver.finalize(done.migration))
    return plan, outcome, lists


@each
def test_finalize_leaves_no_plain_copy_of_ours(world: World, name: str) -> None:
    """R-RDS-30, R-RDS-31: the sources, their replicas and our plain snapshots go; the state at the cut stays, under the key;
    automated backups go by themselves; and the fence is taken down.
    """
    plan, outcome, lists = asyncio.run(finalized(world, name))
    assert outcome.exit_code == 0, outcome.message
    world.clock.advance(3600)
    left = described(world)
    assert all(d["StorageEncrypted"] for d in left.values())
    assert {d.split("-sealift")[0] for d in left} == set(left)
    assert left[plan.target]["DeletionProtection"] is bool(plan.facts["described"].get("DeletionProtection"))
    after = picture(world)
    assert not [g for g in after["security groups"] if g.startswith("sealift")]
    assert not [g for g in after["parameters"] if g.startswith("sealift")]
    rds = world.box.client("rds")
    manual = [s for s in rds.describe_db_snapshots()["DBSnapshots"] if s["SnapshotType"] == "manual"]
    assert manual
    assert all(s["Encrypted"] and s["KmsKeyId"] == world.key for s in manual)
    assert lists["gone_now"]
    assert lists["goes_by_itself"]
    assert any("its state at the cut" in item["what"] for item in lists["stays_until_you_act"])
    nothing_lost(world)


def told_truly(lists: dict[str, list[Any]]) -> None:
    """Every id of the lists of finalize is one, every date a date; the restore point and our tags are told as what stays."""
    assert not [i for i in lists["gone_now"] if "{" in i]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d", item["until"]) for item in lists["goes_by_itself"])
    stays = " ".join(item["what"] for item in lists["stays_until_you_act"])
    for what in ("an encrypted snapshot", "its restore point", "tags of sealift", "sealift:role"):
        assert what in stays
    assert all(item["command"].startswith("aws rds ") for item in lists["stays_until_you_act"])


def test_the_lists_of_finalize_are_true(world: World) -> None:
    """Ids are bound, and backups that go by themselves have the day on which they are gone (R-RDS-30)."""
    _, outcome, lists = asyncio.run(finalized(world, "postgres, blue-green"))
    assert f"{len(lists['gone_now'])} resources are gone" in outcome.message
    told_truly(lists)
    (backups,) = lists["goes_by_itself"]
    assert backups["until"] == datetime.fromtimestamp(world.clock.now() + 7 * 86_400, UTC).date().isoformat()


def test_what_finalize_will_do_is_known_before_it_is_asked_for(world: World) -> None:
    """While it is retained, and only then: the source and what goes with it, by their names."""

    async def go() -> None:
        plan = await planned(world, CASES["postgres, snapshot without a login"])
        left = await world.act(world.driver.migrate(plan, no_wait=True))
        assert world.driver.deletions(left.migration) == []
        done = await world.act(world.driver.resume(left.migration, approved_by="a test"))
        will = world.driver.deletions(done.migration)
        assert "delete orders-sealift-old" in will
        assert not [w for w in will if "{" in w]

    asyncio.run(go())


def test_finalize_waits_for_a_source_that_left_its_quarantine(world: World) -> None:
    """As long as it is retained the source stays fenced off: `verify` says where it is not (exit 6), and finalize refuses."""

    async def go() -> None:
        plan = await planned(world, CASES["postgres, blue-green"])
        done = await world.act(world.driver.migrate(plan, approved_by="a test", observed=True))
        world.clock.advance(15 * 86_400)
        assert (await world.act(world.driver.verify(done.migration))).exit_code == 0
        own = plan.facts["described"]["VpcSecurityGroups"][0]["VpcSecurityGroupId"]
        world.box.client("rds").modify_db_instance(
            DBInstanceIdentifier="orders-old1", VpcSecurityGroupIds=[own], ApplyImmediately=True
        )
        seen = await world.act(world.driver.verify(done.migration))
        assert seen.exit_code == 6
        assert "not in quarantine any more" in seen.message
        refused, _ = await world.act(world.driver.finalize(done.migration))
        assert refused.exit_code == 4

    asyncio.run(go())


def _own_parameters(world: World, old: str, group: str) -> None:
    rds = world.box.client("rds")
    rds.modify_db_instance(DBInstanceIdentifier=old, DBParameterGroupName="default.postgres17", ApplyImmediately=True)
    world.clock.advance(600)
    rds.reboot_db_instance(DBInstanceIdentifier=old)
    world.clock.advance(600)


def _let_in(world: World, old: str, group: str) -> None:
    everybody = {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}
    world.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[everybody])


def _let_out(world: World, old: str, group: str) -> None:
    everywhere = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    world.ec2.authorize_security_group_egress(GroupId=group, IpPermissions=[everywhere])


def _deleted(world: World, old: str, group: str) -> None:
    world.box.client("rds").delete_db_instance(DBInstanceIdentifier=old, SkipFinalSnapshot=True)
    world.clock.advance(3600)


LAPSES: dict[str, tuple[Callable[[World, str, str], None], str]] = {
    "its jobs may run": (_own_parameters, "may run its jobs again"),
    "clients get in": (_let_in, "lets 10.0.0.0/8 in"),
    "it reaches others": (_let_out, "lets out to 0.0.0.0/0"),
    "it is gone": (_deleted, "the source of orders is gone"),
}


@pytest.mark.parametrize("route", ["blue-green", "snapshot"])
@pytest.mark.parametrize("what", LAPSES)
def test_verify_sees_every_layer_that_the_fence_has_lost(world: World, route: str, what: str) -> None:
    """The retained side stays in quarantine, with its jobs off, behind a group that lets nobody in or out: where one of these is
    no longer so, `verify` ends with 6, names it, and says how to look again.
    """

    async def go() -> None:
        world.box.add_db_instance("orders", "postgres", write_mib_per_s=RATE, job=False)
        world.clock.advance(3600)
        done = await world.migrate("rds:orders", route=route, acks=ACKS)
        assert done.exit_code == 0, done.message
        world.clock.advance(86_400)
        sound = await world.act(world.driver.verify(done.migration))
        assert (sound.exit_code, sound.message.split(": ")[1]) == (0, RDS_INSTANCE.sound)

        (old,) = set(described(world)) - {"orders"}
        spoil, said = LAPSES[what]
        spoil(world, old, str(world.state(done.migration).outputs["quarantine"]["GroupId"]))
        seen = await world.act(world.driver.verify(done.migration))
        assert (seen.exit_code, said in seen.message) == (6, True), seen.message
        assert f"sealift verify {done.migration}" in seen.message

    asyncio.run(go())


@pytest.mark.parametrize("mended", [False, True])
def test_an_accepted_old_side_is_rebooted_only_behind_its_fence(world: World, mended: bool) -> None:
    """After a switchover whose old side could not be fenced, `accept` goes on: it fences it where that is possible by now, and
    else leaves it as RDS left it, read-only: a reboot would make it writable, and its jobs run twice. `verify` says so daily.
    """

    async def go() -> None:
        world.box.add_db_instance("orders", "postgres", write_mib_per_s=RATE, job=False)
        world.clock.advance(3600)
        plan = await world.plan("rds:orders", route="blue-green", acks=ACKS)
        fault = Fault(operation="rds:ModifyDBInstance", code="AccessDenied", status=403, times=None)

        def up(event: Event) -> None:
            if event.name == "bring-up":
                world.box.faults.add(fault)

        driver = world.new_driver(listeners=[up])
        asked = await world.act(driver.migrate(plan, approved_by="a test", observed=True))
        assert (asked.exit_code, "sealift accept" in asked.message) == (6, True), asked.message
        if mended:
            fault.times = 0
        kept = await world.act(world.driver.accept(asked.migration))
        assert (kept.exit_code, "left over" in kept.message) == (0, not mended), kept.message
        assert [e for e in world.box.log if e.operation == "rds:RebootDBInstance"] == [] or mended
        world.clock.advance(86_400)
        seen = await world.act(world.driver.verify(asked.migration))
        assert (seen.exit_code, "not in quarantine" in seen.message) == ((0, False) if mended else (6, True))
        assert world.box.double_runs() == []

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
    assert not kept_backups(world), key
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
    assert set(after.pop("db snapshots")) - set(before.pop("db snapshots")), key
    assert after == before, key
    assert world.box.double_runs() == [], key


def test_the_words_of_a_story_fit_a_database(world: World) -> None:
    """No raw keys, no volumes; what failed is called by its name; a hook gets no empty lists of volumes."""

    async def go() -> None:
        plan = await planned(world, CASES["postgres, snapshot without a login"])
        driver = world.new_driver(failing_at("restore"))
        done = await world.act(driver.migrate(plan, approved_by="a test", observed=True))
        assert done.exit_code == 5, done.message
        told = story.of(world.driver.journal, done.migration).text()
        assert "now: orders is on its original, as before" in told
        assert "undo:" not in told
        assert "volume" not in told

    asyncio.run(go())


def test_a_hook_of_a_database_gets_no_volumes() -> None:
    """What it has not is not in its environment."""
    hook = RunHook(
        key="hook", phase=Phase.CUTOVER, command="true", counterpart="", when="quiesce", timeout=1, instance="orders"
    )
    environment = hook.do(Context("mig-1", 1, 1)).params["environment"]
    assert environment["INSTANCE"] == "orders"
    assert not {"VOLUMES", "DEVICES"} & set(environment)


def test_what_is_waited_for_is_called_by_its_name() -> None:
    """Names change hands: steps wait by the id that does not, and errors say both."""
    step = RebootInstance(key="r", phase=Phase.CUTOVER, database="ledger", resource_id="db-HZW7", parameter_group="p")
    watch = step.ready({})
    assert isinstance(watch, Watch)
    assert (str(watch), str(_named(watch, step))) == ("db-HZW7", "ledger (db-HZW7)")


def test_a_database_of_the_other_kind_is_told_what_to_give(world: World) -> None:
    """`rds:` of a cluster, `aurora:` of an instance or of a cluster's member: the remedy is the very target."""
    world.box.add_db_instance("orders", "postgres")
    world.box.add_db_cluster("cart", "aurora-mysql", readers=1)
    for given, remedy in (
        ("rds:cart", "aurora:cart"),
        ("aurora:orders", "rds:orders"),
        ("aurora:cart-1", "aurora:cart"),
    ):
        with pytest.raises(SealiftError, match=f"give {remedy}\\."):
            asyncio.run(world.plan(given))
    with pytest.raises(SealiftError, match="Check the name"):
        asyncio.run(world.plan("rds:nosuch"))
