"""How long writers and readers of a database get nothing, as planned and as it comes out on virtual time."""

import asyncio
import tempfile
from dataclasses import dataclass
from pathlib import Path

from sealift.clock import VirtualClock, actor
from sealift.driver import Driver
from sealift.journal import READERS, WRITERS
from sealift.options import Options
from sealift.sandbox import Sandbox
from sealift.settings import Settings

REGION, KEY = "eu-central-1", "alias/app"
BOUND = 0.10
"""How far, as a share, a planned figure may be from what comes out."""

CASES = [
    ("blue-green", 0, 20),
    ("blue-green", 2, 20),
    ("blue-green", 2, 4000),
    ("snapshot", 0, 20),
    ("snapshot", 2, 20),
    ("snapshot", 2, 4000),
]


@dataclass(frozen=True)
class Down:
    """One run: seconds from the quiesce until writers, and readers, are served for good."""

    route: str
    replicas: int
    size_gib: int
    writers_planned: float
    writers: float
    readers_planned: float
    readers: float

    @property
    def off(self) -> float:
        """The greater share by which a planned figure is off."""
        pairs = [(self.writers_planned, self.writers), (self.readers_planned, self.readers)]
        return max(abs(planned - came) / came for planned, came in pairs if came)


def measure(route: str, replicas: int, size: int) -> Down:
    """Migrate one MySQL instance of that size with that many read replicas, with jitter off."""
    return asyncio.run(_measure(route, replicas, size))


async def _measure(route: str, replicas: int, size: int) -> Down:
    clock = VirtualClock()
    with tempfile.TemporaryDirectory() as folder, Sandbox(clock=clock) as box:
        box.add_key(REGION, KEY)
        members = {"StorageType": "gp2"} if size < 400 else {"StorageType": "io1", "Iops": 3000}
        name = box.add_db_instance("shop", "mysql", size_gib=size, write_mib_per_s=0.01, **members)
        for number in range(replicas):
            box.add_db_replica(f"shop-r{number}", name)
        clock.advance(600)
        driver = Driver(Settings(Path(folder) / "journal.db", REGION), clock=clock)
        with actor(clock):
            (plan,) = await driver.plan([f"rds:{name}"], Options(key=KEY, route=route, acks=("R-FENCE-01",)))
            outcome = await driver.migrate(plan, approved_by="the bench", observed=True)
        assert outcome.exit_code == 0, outcome
        state = driver.journal.state(outcome.migration)
        driver.close()
    writers, readers = (state.down_seconds(clock.now(), who) for who in (WRITERS, READERS))
    return Down(route, replicas, size, plan.down.expected, writers, plan.readers_down.expected, readers)
