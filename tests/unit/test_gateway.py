"""The door to AWS: declared, paced, counted; mutating calls leave once."""

from io import BytesIO
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.response import StreamingBody
from urllib3.exceptions import ProtocolError

from sealift.aws.gateway import Gateway, Purpose, reader
from sealift.aws.operations import OPERATIONS, Repeat
from sealift.clock import actor
from sealift.errors import CallError, LeaseLost
from sealift.sandbox.faults import Fault
from sealift.step import Call
from tests.world import REGION, ROOT, World

READ = Call("ec2:DescribeVolumes", {})


@pytest.fixture
def door(instant: World) -> Gateway:
    return Gateway(instant.driver.account, "123456789012", REGION)


def sent(world: World, name: str) -> int:
    return sum(e.operation.split(":")[-1] == name for e in world.box.log)


def stop(world: World) -> Call:
    return Call("ec2:StopInstances", {"InstanceIds": [world.instance(ROOT)]})


async def test_an_operation_that_is_not_in_the_table_is_refused(door: Gateway) -> None:
    """Nothing leaves that nobody can answer for."""
    with pytest.raises(AssertionError, match="not in the table"):
        await door.send(Call("ec2:TerminateInstances", {"InstanceIds": ["i-1"]}))


async def test_an_operation_that_the_step_did_not_declare_is_refused(instant: World, door: Gateway) -> None:
    """Neither a call nor a read passes undeclared."""
    with pytest.raises(AssertionError, match="not declared"):
        await door.send(stop(instant), frozenset({"ec2:StartInstances"}))
    with pytest.raises(AssertionError, match="not declared"):
        await door.read(READ, declared=frozenset({"ec2:DescribeSnapshots"}))
    assert [] == instant.calls()


async def test_a_reader_lets_no_change_through(instant: World, door: Gateway) -> None:
    """What observes a target can only read."""
    with pytest.raises(AssertionError, match="changes things"):
        await reader(door)(stop(instant))


@pytest.mark.parametrize(
    "fault", [{"code": "Unavailable", "status": 503}, {"code": "InternalError"}, {"reset": True}, {"after": True}]
)
async def test_a_mutating_call_is_sent_once(instant: World, door: Gateway, fault: dict[str, Any]) -> None:
    """503, 500, a broken connection or a lost reply: one request, and an error that says whether the effect is known."""
    call = stop(instant)
    instant.box.faults.add(Fault(operation="ec2:StopInstances", times=None, **fault))
    with actor(instant.clock), pytest.raises(CallError) as caught:
        await door.send(call)
    assert (1, 1) == (
        sent(instant, "StopInstances"),
        instant.driver.account.counts["ec2:StopInstances", Purpose.MUTATE],
    )
    assert caught.value.ambiguous


@pytest.mark.parametrize("code", ["Unavailable", "InternalError", "RequestLimitExceeded"])
async def test_a_read_is_tried_again(instant: World, door: Gateway, code: str) -> None:
    """Faults of the service and throttles are waited out on the clock."""
    instant.instance(ROOT)
    instant.box.faults.add(Fault(operation="ec2:DescribeVolumes", code=code, times=3))
    before = instant.clock.now()
    with actor(instant.clock):
        reply = await door.read(READ)
    assert (1, 4, True) == (len(reply["Volumes"]), sent(instant, "DescribeVolumes"), instant.clock.now() > before)


async def test_a_read_that_is_refused_is_not_tried_again(instant: World, door: Gateway) -> None:
    """A refusal stays one."""
    instant.box.faults.add(Fault(operation="ec2:DescribeVolumes", code="InvalidParameterValue", times=None))
    with actor(instant.clock), pytest.raises(CallError):
        await door.read(READ)
    assert 1 == sent(instant, "DescribeVolumes")


async def test_a_read_gives_up_after_its_patience(instant: World, door: Gateway) -> None:
    """A service that is down for minutes is an error, not a hang."""
    instant.box.faults.add(Fault(operation="ec2:DescribeVolumes", code="Unavailable", times=None))
    before = instant.clock.now()
    with actor(instant.clock), pytest.raises(CallError):
        await door.read(READ, patience=60)
    assert 30 < instant.clock.now() - before < 120


async def test_pages_are_read_to_the_end(instant: World, door: Gateway) -> None:
    """A server that pages with two rows gives the whole list."""
    for _ in range(7):
        instant.box.add_volume(REGION, size_gib=1)
    with actor(instant.clock):
        reply = await door.read(Call("ec2:DescribeVolumes", {"MaxResults": 5}))
    assert (7, 2) == (len(reply["Volumes"]), sent(instant, "DescribeVolumes"))


async def test_a_guard_is_asked_before_a_change_leaves(instant: World, door: Gateway) -> None:
    """A lease that would not outlive the request keeps it here."""

    def guard() -> None:
        raise LeaseLost("gone")

    with actor(instant.clock), pytest.raises(LeaseLost):
        await door.send(stop(instant), guard=guard)
    assert 0 == sent(instant, "StopInstances")


async def test_a_driver_that_has_ended_sends_nothing(instant: World, door: Gateway) -> None:
    """Neither reads nor changes leave after close."""
    call = stop(instant)
    instant.driver.account.closed = True
    for work in (door.send(call), door.read(READ)):
        with actor(instant.clock), pytest.raises(CallError, match="has ended"):
            await work
    assert 0 == sent(instant, "StopInstances")


async def test_a_probe_changes_nothing(instant: World, door: Gateway) -> None:
    """It carries DryRun, is counted apart, and answers with a code."""
    volume = instant.box.add_volume(REGION, size_gib=1)
    with actor(instant.clock):
        code = await door.probe(Call("ec2:CopyVolumes", {"SourceVolumeId": volume, "Encrypted": True}))
    assert ("DryRunOperation", 1, 1) == (
        code, instant.driver.account.counts["ec2:CopyVolumes", Purpose.PROBE], len(instant.all_volumes()),
    )  # fmt: skip


async def test_a_throttle_slows_the_operation_down(instant: World, door: Gateway) -> None:
    """After RequestLimitExceeded the bucket of that operation is empty and refills at half its rate."""
    call = stop(instant)
    instant.box.faults.add(Fault(operation="ec2:StopInstances", code="RequestLimitExceeded"))
    with actor(instant.clock):
        with pytest.raises(CallError):
            await door.send(call)
        before = instant.clock.now()
        await door.send(call)
    assert 0.4 == round(instant.clock.now() - before, 2)


def test_botocores_own_retries_are_off(instant: World) -> None:
    """Else CreateSnapshot would leave three times on a lost reply."""
    assert 1 == instant.driver.account.client("ec2", REGION).meta.config.retries["total_max_attempts"]


def test_every_operation_says_how_it_may_be_repeated_and_what_it_needs() -> None:
    """Names are service:Operation, actions are not empty, only reads are paged."""
    for name, operation in OPERATIONS.items():
        assert name == operation.name
        assert name.count(":") == 1
        assert operation.actions
        assert operation.result is None or operation.repeat is Repeat.READ
        assert operation.rate.size > 0
        assert operation.rate.refill > 0


def test_operations_without_a_token_are_looked_up() -> None:
    """CreateSnapshot, CopySnapshot, and whatever makes a thing of RDS or a group, have no ClientToken and no state to describe."""
    looked_up = {n for n, o in OPERATIONS.items() if o.repeat is Repeat.LOOKUP}
    assert {"CreateSnapshot", "CopySnapshot", "CreateSecurityGroup"} == {
        n.split(":")[1] for n in looked_up if n.startswith("ec2:")
    }
    made = {n for n in OPERATIONS if n.startswith(("rds:Create", "rds:Copy", "rds:Restore"))}
    assert made == {n for n in looked_up if n.startswith("rds:")}


class _Breaks(BytesIO):
    """An answer whose connection breaks in the middle of it."""

    def read(self, amount: int | None = -1) -> bytes:
        raise ProtocolError("Connection broken")


@pytest.mark.parametrize("broken", [_Breaks(b"plan"), BytesIO(b"pl")], ids=["broken", "short"])
async def test_an_object_that_breaks_off_is_asked_for_again(
    instant: World, door: Gateway, monkeypatch: pytest.MonkeyPatch, broken: BytesIO
) -> None:
    """What is streamed is read to its end as part of its request: a connection that breaks meanwhile is a lost reply, and no fault
    of sealift's own.
    """
    answers = [broken, BytesIO(b"plan")]
    client = SimpleNamespace(get_object=lambda **_: {"Body": StreamingBody(answers.pop(0), 4)})
    monkeypatch.setattr(instant.driver.account, "client", lambda service, region: client)
    with actor(instant.clock):
        reply = await door.read(Call("s3:GetObject", {"Bucket": "states", "Key": "plan"}))
    assert (b"plan", []) == (reply["Body"], answers)
