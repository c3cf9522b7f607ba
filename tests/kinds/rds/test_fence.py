"""The fence, layer by layer: left out, each one loses a write or runs a job twice; and the proof catches it (R-RDS-42, SB-RDS-21)."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest

from sealift.clock import VirtualClock
from sealift.driver import Outcome
from sealift.errors import CallError, Retry
from sealift.logins import Address, Credentials, Former
from sealift.plan import MigrationPlan
from sealift.sandbox import Durations, Sandbox
from sealift.step import Step
from sealift.steps import (
    AdmitLogin,
    AwaitQuarantine,
    CloseQuarantine,
    CloseWrites,
    EndSessions,
    FenceDatabase,
    LookInside,
    OpenWrites,
    ProveQuiet,
    QuietParameters,
    RebootInstance,
    RenameDatabase,
    StopSchedulers,
)
from tests.databases import ACKS, RATE, BoxLogin, calm, fence, logins
from tests.kinds.rds.test_routes import failing_at
from tests.world import REGION, World

Change = Callable[[Step], Step | None]


@pytest.fixture
def world(tmp_path: Path) -> Any:
    with Sandbox(clock=VirtualClock(), durations=Durations()) as box:
        yield World(box, tmp_path, connect=logins(box))


def without(*kinds: type[Step]) -> Change:
    """Leave steps out."""
    return lambda step: None if isinstance(step, kinds) else step


def in_its_own_groups(step: Step) -> Step | None:
    """Leave the quarantine out: the database stays in the groups that let its clients in."""
    if isinstance(step, AwaitQuarantine):
        return None
    return replace(step, quarantine=step.groups[0]) if isinstance(step, FenceDatabase) else step


def unproved(change: Change) -> Change:
    """Leave the proof out too, and what the rename looks at."""

    def left(step: Step) -> Step | None:
        if isinstance(step, ProveQuiet):
            return None
        return change(replace(step, groups=()) if isinstance(step, RenameDatabase) else step)

    return left


def changed(plan: MigrationPlan, change: Change) -> MigrationPlan:
    return replace(plan, steps=tuple(s for step in plan.steps if (s := change(step)) is not None))


async def moved(
    world: World, engine: str, change: Change, *, login: bool = False, listener: Any = None, **about: Any
) -> Outcome:
    """Migrate an instance by the snapshot route with a changed fence."""
    name = world.box.add_db_instance("shop", engine, write_mib_per_s=RATE, **about)
    world.clock.advance(3600)
    plan = await world.plan(f"rds:{name}", route="snapshot", acks=ACKS, **(fence() if login else {}))
    driver = world.new_driver(listeners=[listener] if listener else [])
    done: Outcome = await world.act(driver.migrate(changed(plan, change), approved_by="a test", observed=True))
    world.clock.advance(3600)
    return done


def test_the_whole_fence_loses_nothing(world: World) -> None:
    """With every layer in: no loss, no double run; a job inside and an inbound replica are there as well."""
    done = asyncio.run(moved(world, "mysql", lambda s: s, inbound=True))
    assert done.exit_code == 0, done.message
    assert (world.box.db_losses(), world.box.double_runs()) == ([], [])


NETWORK: dict[str, tuple[Change, dict[str, Any]]] = {
    "the quarantine": (in_its_own_groups, {}),
    "the wait for the network interfaces": (without(AwaitQuarantine), {"slow": True}),
    "the closed way out": (without(CloseQuarantine), {"inbound": True}),
    "schedulers off": (without(QuietParameters), {}),
}


@pytest.mark.parametrize("layer", NETWORK)
def test_a_layer_left_out_loses_a_write_or_runs_a_job_twice(world: World, layer: str) -> None:
    """Without this layer, and without the proof, a write is lost or a job runs in two databases at once."""
    change, about = NETWORK[layer][0], dict(NETWORK[layer][1])
    if about.pop("slow", False):  # the reboot is over before the groups have arrived
        world.box.world.durations = replace(world.box.world.durations, db_groups_s=300.0)
    done = asyncio.run(moved(world, "mysql", unproved(change), **about))
    assert done.exit_code == 0, done.message
    assert world.box.db_losses() or world.box.double_runs()


@pytest.mark.parametrize("closed", [True, False])
def test_the_way_out_over_ipv6_is_closed_too(world: World, closed: bool) -> None:
    """SB-SG-02: in a VPC with an IPv6 block a dual-stack database would go on pulling from outside, behind the fence."""
    (vpc,) = world.ec2.describe_vpcs()["Vpcs"]
    world.ec2.associate_vpc_cidr_block(VpcId=vpc["VpcId"], AmazonProvidedIpv6CidrBlock=True)

    def change(step: Step) -> Step | None:
        return step if closed or not (isinstance(step, CloseQuarantine) and step.v6) else None

    done = asyncio.run(moved(world, "mysql", unproved(change), inbound=True, NetworkType="DUAL"))
    assert done.exit_code == 0, done.message
    assert bool(world.box.db_losses()) is not closed


def test_a_reboot_left_out_loses_writes(world: World) -> None:
    """A connection that is open outlives the change of groups: without the reboot its writes go on, and are lost."""

    def change(step: Step) -> Step | None:
        if isinstance(step, RebootInstance) and step.key.startswith("reboot:"):
            return None
        return step

    done = asyncio.run(moved(world, "mysql", unproved(change)))
    assert done.exit_code == 0, done.message
    assert world.box.db_losses()


def test_connections_that_outlive_the_fence_are_caught_by_the_proof(world: World) -> None:
    """With the proof in, the run goes back by itself: nothing is lost, and the message says what was found."""

    def change(step: Step) -> Step | None:
        if isinstance(step, RebootInstance) and step.key.startswith("reboot:"):
            return None
        return step

    done = asyncio.run(moved(world, "mysql", change))
    assert done.exit_code == 5
    assert "outlived the fence" in done.message
    assert (world.box.db_losses(), world.box.double_runs()) == ([], [])


def test_a_client_that_comes_back_after_the_proof_is_caught(world: World) -> None:
    """Somebody gives the source its own groups again while its copy is made: the second proof reads every minute since the first,
    so that a connection that came and went is seen as well, and the run goes back.
    """
    rds = world.box.client("rds")
    own = {}

    def meddle(event: Any) -> None:
        if event.name != "step-done" or event.step not in ("begin", "copy"):
            return
        if event.step == "begin":
            (shown,) = rds.describe_db_instances(DBInstanceIdentifier="shop")["DBInstances"]
            own["groups"] = [g["VpcSecurityGroupId"] for g in shown["VpcSecurityGroups"]]
        else:
            rds.modify_db_instance(
                DBInstanceIdentifier="shop", VpcSecurityGroupIds=own["groups"], ApplyImmediately=True
            )

    done = asyncio.run(moved(world, "mysql", lambda s: s, listener=meddle))
    assert done.exit_code == 5, done.message
    assert "outlived the fence" in done.message
    assert world.box.db_losses() == []


def test_a_fence_lifted_directly_before_the_rename_is_found(world: World) -> None:
    """After the last proof somebody gives the source its groups back: the rename reads them once more, and the run goes back."""
    rds = world.box.client("rds")

    def meddle(event: Any) -> None:
        if (event.name, event.step) != ("step-started", "rename:old"):
            return
        own = [
            g["GroupId"] for g in world.ec2.describe_security_groups()["SecurityGroups"] if g["GroupName"] == "default"
        ]
        rds.modify_db_instance(DBInstanceIdentifier="shop", VpcSecurityGroupIds=own[:1], ApplyImmediately=True)
        world.clock.advance(600)

    done = asyncio.run(moved(world, "postgres", lambda s: s, listener=meddle))
    assert (5, []) == (done.exit_code, world.box.db_losses()), done.message
    assert "somebody has lifted its fence" in done.message


def test_a_fence_lifted_while_the_network_is_waited_for_is_noticed_at_the_next_look(world: World) -> None:
    """Its interfaces will never carry the group: the run goes back at once, and says who is out of quarantine."""
    rds, when = world.box.client("rds"), {}

    def meddle(event: Any) -> None:
        if (event.name, event.step) == ("step-started", "carried"):
            own = [
                g["GroupId"]
                for g in world.ec2.describe_security_groups()["SecurityGroups"]
                if g["GroupName"] == "default"
            ]
            rds.modify_db_instance(DBInstanceIdentifier="shop", VpcSecurityGroupIds=own[:1], ApplyImmediately=True)
            when["lifted"] = event.at
        if event.name == "direction":
            when["back"] = event.at

    done = asyncio.run(moved(world, "mysql", lambda s: s, listener=meddle))
    assert (5, []) == (done.exit_code, world.box.db_losses()), done.message
    assert "somebody has lifted its fence" in done.message
    assert when["back"] - when["lifted"] < 10


@pytest.mark.parametrize("again", [True, False])
def test_and_on_a_way_back_after_bring_up(world: World, again: bool) -> None:
    """There the replacement is to be fenced before anything is kept of it: a person is asked at once, and `resume` goes on when it
    is in quarantine again.
    """
    rds, own, when = world.box.client("rds"), list[str](), {}

    def meddle(event: Any) -> None:
        if event.name == "step-started" and event.step == "undo:bring-up:carried" and not when:
            groups = rds.describe_db_instances(DBInstanceIdentifier="shop")["DBInstances"][0]["VpcSecurityGroups"]
            own[:] = [g["VpcSecurityGroupId"] for g in groups]
            default = world.ec2.describe_security_groups(GroupNames=["default"])["SecurityGroups"][0]["GroupId"]
            rds.modify_db_instance(DBInstanceIdentifier="shop", VpcSecurityGroupIds=[default], ApplyImmediately=True)
            when["lifted"] = event.at

    done = asyncio.run(moved(world, "mysql", lambda s: s))
    driver = world.new_driver(listeners=[meddle])
    stuck = asyncio.run(world.act(driver.rollback(done.migration, discard_writes=True)))
    assert stuck.exit_code == 6, stuck.message
    assert "somebody has lifted its fence" in stuck.message
    assert world.clock.now() - when["lifted"] < 60
    if again:
        rds.modify_db_instance(DBInstanceIdentifier="shop", VpcSecurityGroupIds=own, ApplyImmediately=True)
    back = asyncio.run(world.act(world.driver.resume(done.migration)))
    assert back.exit_code == (0 if again else 6), back.message


@pytest.mark.parametrize(("route", "step"), [("snapshot", "rename:old"), ("blue-green", "switchover")])
def test_a_replica_that_came_after_the_plan_is_named(instant: World, route: str, step: str) -> None:
    """It would go on reading from what is put aside: the run goes back, and says which one it is."""
    rds = instant.box.client("rds")
    name = instant.box.add_db_instance(
        "shop", "postgres", write_mib_per_s=RATE, DBParameterGroupName="default.postgres17"
    )
    instant.clock.advance(3600)

    def add(event: Any) -> None:
        if (event.name, event.step) == ("step-started", step):
            rds.create_db_instance_read_replica(DBInstanceIdentifier="late", SourceDBInstanceIdentifier=name)
            instant.clock.advance(1200)

    plan = asyncio.run(instant.plan(f"rds:{name}", route=route, acks=ACKS))
    driver = instant.new_driver(listeners=[add])
    done = asyncio.run(instant.act(driver.migrate(plan, approved_by="a test", observed=True)))
    assert (5, True) == (done.exit_code, "late reads from shop" in done.message), done.message


def test_a_job_inside_is_caught_by_the_position(world: World) -> None:
    """A login's proof reads the write position twice: a job that writes on behind the fence moves it, and the run goes back."""
    done = asyncio.run(moved(world, "mysql", without(QuietParameters, StopSchedulers, CloseWrites), login=True))
    assert done.exit_code == 5
    assert "its position was" in done.message
    assert world.box.db_losses() == []


def test_the_agent_obeys_a_login_alone(world: World) -> None:
    """SQL Server's Agent obeys no parameter group: without the login's layer its job runs in the restored copy too."""
    done = asyncio.run(moved(world, "sqlserver-se", unproved(without(StopSchedulers, CloseWrites)), login=True))
    assert world.box.double_runs() or world.box.db_losses() or done.exit_code != 0


ENGINE = {"read-only": (CloseWrites, OpenWrites), "ended sessions": (EndSessions,)}


@pytest.mark.parametrize("layer", [None, *ENGINE])
def test_inside_the_engine_each_layer_counts(world: World, layer: str | None) -> None:
    """SB-ENG-02: where nothing holds but the engine's own layers they do together, and without one of them writes are lost:
    read-only is for new sessions, and ended ones come back.
    """
    left_out = ENGINE[layer] if layer else ()

    def change(step: Step) -> Step | None:
        if isinstance(step, left_out):
            return None
        if isinstance(step, RebootInstance) and step.key.startswith("reboot:"):
            return None
        return in_its_own_groups(step)

    done = asyncio.run(moved(world, "postgres", unproved(change), login=True))
    assert done.exit_code == 0, done.message
    assert bool(world.box.db_losses()) is (layer is not None)


def test_a_start_by_hand_behind_the_fence_voids_the_cut(world: World) -> None:
    """Somebody gives the database its own groups back behind the fence: the second proof, directly before the rename, goes back."""
    rds: Any = boto3.client("rds", region_name=REGION)

    async def go() -> Outcome:
        name = world.box.add_db_instance("shop", "mysql", write_mib_per_s=RATE)
        world.clock.advance(3600)
        plan = await world.plan(f"rds:{name}", route="snapshot", acks=ACKS)
        own = plan.facts["described"]["VpcSecurityGroups"][0]["VpcSecurityGroupId"]

        def meddle(event: Any) -> None:
            if event.name == "step-done" and event.step == "copy":
                rds.modify_db_instance(DBInstanceIdentifier=name, VpcSecurityGroupIds=[own], ApplyImmediately=True)

        driver = world.new_driver(listeners=[meddle])
        return await world.act(driver.migrate(plan, approved_by="a test", observed=True))

    done = asyncio.run(go())
    assert done.exit_code == 5, done.message
    assert world.box.db_losses() == []


def test_what_was_set_inside_is_noted_before_it_is_changed(tmp_path: Path) -> None:
    """A login whose answer is lost after it closed writes closes them again, and does not take its own work for what was there:
    the way back lets writes in.
    """
    lost: list[str] = []

    class Lossy(BoxLogin):
        def close_writes(self, former: Former) -> None:
            super().close_writes(former)
            if not lost:
                lost.append("once")
                raise CallError("the connection broke", operation="login:box", retry=Retry.TRANSIENT)

    with Sandbox(clock=VirtualClock(), durations=Durations()) as box:
        world = World(box, tmp_path, connect=logins(box, Lossy))

        async def go() -> Outcome:
            name = world.box.add_db_instance("shop", "postgres", write_mib_per_s=RATE)
            world.clock.advance(3600)
            plan = await world.plan(f"rds:{name}", route="snapshot", acks=ACKS, **fence())
            run = world.driver.migrate(plan, approved_by="a test", observed=True, runner=failing_at("proof"))
            return await world.act(run)

        done = asyncio.run(go())
        assert done.exit_code == 5, done.message
        assert lost
        assert box.engine("shop").execute("read_only") is False
        assert box.engine("shop").execute("schedulers") is True
        assert box.db_losses() == []


def test_a_login_that_fails_is_found_while_everything_serves(tmp_path: Path) -> None:
    """The login is tried in prepare, read-only: where it fails nothing was fenced and nobody was down."""

    def nobody_answers(engine: str, address: Address, credentials: Credentials) -> BoxLogin:
        raise CallError(f"{address.host}: Name or service not known", operation="login:box", retry=Retry.TRANSIENT)

    with Sandbox(clock=VirtualClock(), durations=Durations()) as box:
        world = World(box, tmp_path, connect=nobody_answers)
        done = asyncio.run(moved(world, "mysql", lambda s: s, login=True))
        assert (done.exit_code, "Name or service not known" in done.message) == (5, True)
        assert world.state(done.migration).quiesced is None
        assert "rds:ModifyDBInstance" not in world.calls()


@pytest.mark.parametrize("lacks", ["writes", "schedulers", "sessions", "position"])
def test_the_login_is_tried_for_all_that_the_fence_will_read(tmp_path: Path, lacks: str) -> None:
    """A user that may log in, and may not read what the proof needs, is found before the gate too."""

    def denied(_: BoxLogin) -> str:
        raise CallError("permission denied", operation="login:box", retry=Retry.REFUSED)

    with Sandbox(clock=VirtualClock(), durations=Durations()) as box:
        world = World(box, tmp_path, connect=logins(box, type("Denied", (BoxLogin,), {lacks: denied})))
        done = asyncio.run(moved(world, "mysql", lambda s: s, login=True))
        assert (done.exit_code, "permission denied" in done.message) == (5, True)
        assert world.state(done.migration).quiesced is None


def test_blue_green_logs_in_nowhere(world: World) -> None:
    """A login that is given has no effect there: none is tried, nobody is let through, and the plan says so."""
    name = world.box.add_db_instance("shop", "mysql", write_mib_per_s=RATE, **calm("mysql8.4"))
    world.clock.advance(3600)
    plan = asyncio.run(world.plan(f"rds:{name}", route="blue-green", acks=ACKS, **fence()))
    assert not [s for s in plan.steps if isinstance(s, LookInside | AdmitLogin)]
    assert "R-SEALIFT-22" in {v.id for v in plan.rules}


@pytest.mark.parametrize(
    ("value", "says"),
    [(None, "can't find the specified secret. Give its whole ARN."), ("hunter2", "holds no username and password")],
)
def test_a_secret_that_is_none_is_refused_when_planned(world: World, value: str | None, says: str) -> None:
    """R-FENCE-02: the plan names the secret and what is wrong with it."""
    name = world.box.add_db_instance("shop", "mysql", write_mib_per_s=RATE)
    arn = f"arn:aws:secretsmanager:{REGION}:123456789012:secret:nosuch"
    if value is not None:
        client = boto3.client("secretsmanager", region_name=REGION)
        arn = str(client.create_secret(Name="odd", SecretString=value)["ARN"])
    plan = asyncio.run(world.plan(f"rds:{name}", fence_login=arn, fence_from="172.31.99.9/32"))
    (found,) = [v.message for v in plan.blocked if v.id == "R-FENCE-02"]
    assert arn in found
    assert says in found
    assert ".." not in found
