"""Everything random follows the seed: a run that failed can be seen again."""

import asyncio
import contextlib
import json
import random
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from sealift.clock import VirtualClock, actor, side_by_side
from sealift.sandbox import Durations, Fault, Sandbox, fleets

REGION = "eu-central-1"
JITTER = 0.2
FAULTS = (
    Fault(operation="ec2:DescribeVolumes", times=None, probability=0.5),
    Fault(operation="ec2:CreateSnapshot", code="RequestLimitExceeded", times=None, probability=0.3),
    Fault(operation="ec2:CreateVolume", after=True, times=None, probability=0.2),
    Fault(operation="ec2:CreateSnapshot", late_s=40, times=None, probability=0.3),
    Fault(operation="rds:*", reset=True, times=None, probability=0.1),
)


class Run:
    """Lanes of boto3 calls on one virtual clock; whatever is refused or lost is tried again."""

    def __init__(self, box: Sandbox, clock: VirtualClock, seed: int) -> None:
        self.box, self.clock = box, clock
        self.draw = random.Random(seed)  # noqa: S311 - pauses
        once = Config(retries={"total_max_attempts": 1})
        self.ec2, self.rds = (boto3.client(s, REGION, config=once) for s in ("ec2", "rds"))

    async def call(self, send: Callable[..., Any], **params: Any) -> Any:
        """Send a request, up to five times."""
        for _ in range(5):
            with contextlib.suppress(ClientError, BotoCoreError):
                return send(**params)
            await self.clock.sleep(self.draw.uniform(1, 4))
        return None

    async def disk(self, name: str, instance: str) -> None:
        """Snapshot an instance's disks, copy them under a key, and swap one of the copies in."""
        mine = [{"Name": "attachment.instance-id", "Values": [instance]}]
        found = await self.call(self.ec2.describe_volumes, Filters=mine)
        for number, volume in enumerate((found or {"Volumes": []})["Volumes"]):
            made = await self.call(self.ec2.create_snapshot, VolumeId=volume["VolumeId"], Description=name)
            while made and (await self.state(made["SnapshotId"])) == "pending":
                await self.clock.sleep(self.draw.choice((5, 15)))
            await self.call(
                self.ec2.create_volume,
                SnapshotId=(made or {}).get("SnapshotId", "snap-0"),
                AvailabilityZone=volume["AvailabilityZone"],
                VolumeType="gp3",
                Encrypted=True,
                KmsKeyId="alias/sealift-demo",
                ClientToken=f"{name}-{number}",
            )
        await self.call(self.ec2.stop_instances, InstanceIds=[instance])
        await self.clock.sleep(120)
        await self.call(self.ec2.start_instances, InstanceIds=[instance])

    async def state(self, snapshot: str) -> str:
        """Return a snapshot's state."""
        reply = await self.call(self.ec2.describe_snapshots, SnapshotIds=[snapshot])
        return str(reply["Snapshots"][0]["State"]) if reply else "unknown"

    async def database(self, name: str) -> None:
        """Snapshot a database, copy the snapshot under a key, restore it, and look at it on the way."""
        self.box.add_db_instance(name)
        await self.call(self.rds.create_db_snapshot, DBInstanceIdentifier=name, DBSnapshotIdentifier=f"{name}-plain")
        for _ in range(12):
            await self.clock.sleep(100)
            await self.call(
                self.rds.copy_db_snapshot,
                SourceDBSnapshotIdentifier=f"{name}-plain",
                TargetDBSnapshotIdentifier=f"{name}-copy",
                KmsKeyId="alias/sealift-demo",
            )
            await self.call(
                self.rds.restore_db_instance_from_db_snapshot,
                DBInstanceIdentifier=f"{name}-new",
                DBSnapshotIdentifier=f"{name}-copy",
            )
            await self.call(self.rds.describe_db_instances)


def told(seed: int) -> dict[str, Any]:
    """Return all that a busy day in a box of this seed leaves, as data."""
    clock = VirtualClock()
    with Sandbox(clock=clock, seed=seed, durations=Durations(jitter=JITTER)) as box:
        instances = fleets.seed(box, "demo")
        box.faults.add(*(Fault(**asdict(f)) for f in FAULTS))
        run = Run(box, clock, seed=0)
        lanes: list[Awaitable[None]] = [run.disk(name, instance) for name, instance in instances.items()]
        lanes += [run.database(name) for name in ("orders", "users")]

        async def go() -> None:
            with actor(clock):
                ends = await side_by_side(clock, lanes)  # type: ignore[arg-type]
            assert ends == [None] * len(lanes)

        asyncio.run(go())
        facts = {"log": [asdict(e) for e in box.log], "charges": [asdict(c) for c in box.charges]}
        box.faults.clear()
        facts["seen"] = [run.ec2.describe_volumes()["Volumes"], run.rds.describe_db_instances()["DBInstances"]]
        return json.loads(json.dumps(facts, default=str))


@pytest.fixture(scope="module")
def days() -> dict[str, dict[str, Any]]:
    return {"first": told(7), "again": told(7), "other": told(8)}


@pytest.fixture(autouse=True)
def _quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)


def test_the_same_seed_gives_the_same_event_log_twice(days) -> None:
    """Ids, jitter, faults that strike by chance, lanes that run side by side: every call, with its moment and its outcome."""
    first, again = days["first"]["log"], days["again"]["log"]
    assert len(first) > 100
    assert next(((a, b) for a, b in zip(first, again, strict=False) if a != b), None) is None
    assert len(first) == len(again)
    assert days["first"] == days["again"]


def test_the_day_was_a_busy_one(days) -> None:
    """All that is random has had its turn: refusals and lost replies by chance, late snapshots, durations with jitter."""
    log, charges = days["first"]["log"], days["first"]["charges"]
    assert {"ok", "InternalError", "RequestLimitExceeded", "lost"} <= {e["outcome"] for e in log}
    assert {"rds:RestoreDBInstanceFromDBSnapshot", "rds:CopyDBSnapshot"} <= {
        e["operation"] for e in log if e["outcome"] == "ok"
    }
    assert len({c["seconds"] for c in charges if c["operation"] == "ec2:StopInstances"}) > 3


def test_another_seed_gives_another_log(days) -> None:
    """Other ids, other moments, other faults."""
    first, other = days["first"]["log"], days["other"]["log"]
    assert [e["outcome"] for e in first] != [e["outcome"] for e in other]
    assert [e["at"] for e in first] != [e["at"] for e in other]
    assert days["first"]["seen"] != days["other"]["seen"]
