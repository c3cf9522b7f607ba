"""A sandbox in this process, a driver on virtual time, and the few verbs that tests say often."""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import boto3

from sealift import journal, logins
from sealift.clock import VirtualClock, actor
from sealift.driver import Driver, Outcome
from sealift.engine import Runner, local_runner
from sealift.events import Event
from sealift.journal import State
from sealift.logins import Connect
from sealift.options import Options
from sealift.plan import MigrationPlan
from sealift.sandbox import Durations, Sandbox
from sealift.sandbox.seeding import VolumeSpec
from sealift.settings import Settings

REGION = "eu-central-1"
KEY = "alias/app"
ROOT = VolumeSpec(device="/dev/xvda", size_gib=8)
DATA = VolumeSpec(
    device="/dev/sdf",
    size_gib=20,
    type="gp3",
    iops=4000,
    throughput=200,
    delete_on_termination=False,
    tags={"Name": "data"},
)
ACKS = ("R-EBS-31",)
"""What an ordinary instance of the sandbox asks to be acknowledged: its public address changes."""

DURABLE = journal._pragmas
"""What the journal asks of SQLite; `_hasty` asks the same, but for the disk."""


def _hasty(connection: Any, record: Any) -> None:
    """Let no row wait for the disk: tests kill drivers and processes, not the power, and the waits were half of what a run takes."""
    DURABLE(connection, record)
    connection.execute("PRAGMA synchronous=OFF")


journal._pragmas = _hasty


class World:
    """A sandbox with a key, and drivers that share a journal."""

    def __init__(self, box: Sandbox, folder: Path, connect: Connect = logins.connect) -> None:
        self.connect = connect
        self.box, self.clock, self.folder = box, box.clock, folder
        self.key = box.add_key(REGION, KEY)
        self.events: list[Event] = []
        self.settings = Settings(folder / "journal.db", REGION)
        self.driver = self.new_driver()

    def new_driver(self, runner: Runner = local_runner, listeners: Sequence[Callable[[Event], None]] = ()) -> Driver:
        """Return another driver on the same journal, as another process would be."""
        return Driver(
            self.settings,
            clock=self.clock,
            runner=runner,
            listeners=[self.events.append, *listeners],
            connect=self.connect,
        )

    def instance(self, *volumes: VolumeSpec, **options: Any) -> str:
        """Add an instance that has been writing for an hour."""
        made = self.box.add_instance(REGION, volumes=list(volumes) or [ROOT], **options)
        self.clock.advance(3600)
        return made

    @property
    def ec2(self) -> Any:
        """A client of anybody else."""
        return boto3.client("ec2", region_name=REGION)

    async def act(self, work: Awaitable[Any]) -> Any:
        """Await something as an actor of the clock."""
        with actor(self.clock):
            return await work

    async def plan(self, target: str, **options: Any) -> MigrationPlan:
        """Plan one target."""
        options.setdefault("acks", ACKS)
        (made,) = await self.act(self.driver.plan([target], Options(**{"key": KEY, **options})))
        return made

    async def migrate(self, target: str, *, driver: Driver | None = None, **options: Any) -> Outcome:
        """Plan and run one target, approved."""
        made = await self.plan(target, **options)
        return await self.act((driver or self.driver).migrate(made, approved_by="a test", observed=True))

    def state(self, migration: str) -> State:
        """Return a migration as its rows tell it."""
        return self.driver.journal.state(migration)

    def volumes(self, instance: str) -> dict[str, Any]:
        """Return the volumes attached to an instance by device, as DescribeVolumes shows them."""
        found = self.ec2.describe_volumes(Filters=[{"Name": "attachment.instance-id", "Values": [instance]}])["Volumes"]
        return {a["Device"]: v for v in found for a in v["Attachments"] if a["InstanceId"] == instance}

    def all_volumes(self) -> dict[str, Any]:
        """Return every volume that is not being deleted."""
        return {
            v["VolumeId"]: v
            for v in self.ec2.describe_volumes()["Volumes"]
            if v["State"] not in ("deleting", "deleted")
        }

    def snapshots(self) -> dict[str, Any]:
        """Return every snapshot of the account."""
        return {s["SnapshotId"]: s for s in self.ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]}

    def power(self, instance: str) -> str:
        """Return an instance's state."""
        return str(
            self.ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]["State"]["Name"]
        )

    def calls(self, *prefixes: str) -> list[str]:
        """Return the operations sent so far whose names begin so; all mutating ones by default."""
        wanted = prefixes or (
            "Copy",
            "Create",
            "Delete",
            "Attach",
            "Detach",
            "Stop",
            "Start",
            "Modify",
            "Enter",
            "Exit",
            "Suspend",
            "Resume",
        )
        return [
            e.operation
            for e in self.box.log
            if e.operation.split(":")[-1].startswith(wanted) and not e.params.get("DryRun")
        ]


def sandbox(durations: Durations | None = None) -> Sandbox:
    """Return a sandbox on virtual time."""
    return Sandbox(clock=VirtualClock(), durations=durations or Durations())
