"""Requests for a small fleet, counted at the gateway by operation and purpose."""

import asyncio
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from sealift.aws.gateway import Purpose
from sealift.clock import VirtualClock, actor
from sealift.driver import Driver
from sealift.options import Options
from sealift.sandbox import Durations, Sandbox
from sealift.sandbox.seeding import VolumeSpec
from sealift.settings import Settings

REGION, KEY = "eu-central-1", "alias/app"


@dataclass(frozen=True)
class Calls:
    """Requests by operation and purpose, for so many volumes."""

    volumes: int
    counts: Counter[tuple[str, Purpose]]

    def per_volume(self, *purposes: Purpose) -> float:
        """Return requests a volume for some purposes."""
        return sum(n for (_, p), n in self.counts.items() if p in purposes) / self.volumes


def measure(instances: int = 20, route: str = "auto") -> Calls:
    """Migrate instances with two volumes each, with states that are reached at once."""
    return asyncio.run(_measure(instances, route))


async def _measure(instances: int, route: str) -> Calls:
    clock = VirtualClock()
    with tempfile.TemporaryDirectory() as folder, Sandbox(clock=clock, durations=Durations.instant()) as box:
        box.add_key(REGION, KEY)
        pair = [VolumeSpec(device="/dev/xvda", size_gib=8), VolumeSpec(device="/dev/sdf", size_gib=100)]
        targets = [box.add_instance(REGION, f"box-{n}", volumes=pair) for n in range(instances)]
        clock.advance(3600)
        driver = Driver(Settings(Path(folder) / "journal.db", REGION), clock=clock)
        options = Options(key=KEY, route=route, acks=("R-EBS-31", "R-EBS-89"))
        with actor(clock):
            plans = await driver.plan(targets, options)
        planning = Counter(driver.account.counts)
        outcomes = await driver.many(
            [lambda p=p: driver.migrate(p, approved_by="the bench", observed=True) for p in plans]  # type: ignore[misc]
        )
        assert {o.exit_code for o in outcomes} == {0}, outcomes
        counts = driver.account.counts - planning
        driver.close()
        return Calls(2 * instances, counts)
