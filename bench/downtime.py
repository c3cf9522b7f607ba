"""What sealift adds to the time that AWS itself needs while a workload is down, on virtual time."""

import asyncio
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sealift.clock import VirtualClock, actor
from sealift.driver import Driver
from sealift.journal import Row
from sealift.options import Options
from sealift.recipe import blocks
from sealift.sandbox import Sandbox
from sealift.sandbox.quotas import Quotas
from sealift.sandbox.seeding import VolumeSpec
from sealift.settings import Settings
from sealift.step import Context, Phase, Step

POLL = 5.0
"""Seconds: the longest poll interval while a workload is down."""

ALLOWANCE = 5.0
"""Seconds that sealift may add, besides one poll for each wait."""

REGION, KEY = "eu-central-1", "alias/app"


@dataclass(frozen=True)
class Downtime:
    """One run: `down` from quiesce to bring-up, `charged` by the sandbox on the critical path, `waits` on that path."""

    route: str
    volumes: int
    size_gib: int
    down: float
    charged: float
    waits: int

    @property
    def added(self) -> float:
        """Seconds that are ours."""
        return self.down - self.charged

    @property
    def bound(self) -> float:
        """Seconds that may be ours."""
        return ALLOWANCE + POLL * self.waits


CASES = [
    *((route, 1, size) for route in ("clone", "snapshot", "copy") for size in (10, 4096)),
    *((route, 8, size) for route in ("snapshot", "copy") for size in (10, 4096)),
]

ROOM = Quotas(storage_tib_gp3=100)
"""Eight volumes of 4 TiB and their replacements, where a new account has 50 TiB."""


def measure(route: str, volumes: int, size: int) -> Downtime:
    """Migrate one instance with that many volumes of that size, at equal changed bytes."""
    return asyncio.run(_measure(route, volumes, size))


async def _measure(route: str, volumes: int, size: int) -> Downtime:
    clock = VirtualClock()
    with tempfile.TemporaryDirectory() as folder, Sandbox(clock=clock, quotas=ROOM) as box:
        box.add_key(REGION, KEY)
        devices = ["/dev/xvda", *(f"/dev/sd{letter}" for letter in "fghijklm")][:volumes]
        specs = [VolumeSpec(device=d, size_gib=size) for d in devices]
        instance = box.add_instance(REGION, volumes=specs, write_mib_per_s=0.01)
        clock.advance(600)
        driver = Driver(Settings(Path(folder) / "journal.db", REGION), clock=clock)
        with actor(clock):
            options = Options(key=KEY, route=route, acks=("R-EBS-31", "R-EBS-89"))
            (plan,) = await driver.plan([instance], options)
            outcome = await driver.migrate(plan, approved_by="the bench", observed=True)
        assert outcome.exit_code == 0, outcome
        state = driver.journal.state(outcome.migration)
        assert state.quiesced is not None
        assert state.brought_up is not None
        charged, waits = _critical_path(box, plan.steps, state.rows)
        driver.close()
        return Downtime(route, volumes, size, round(state.brought_up - state.quiesced, 1), round(charged, 1), waits)


def _critical_path(box: Sandbox, steps: tuple[Step, ...], rows: dict[str, Row]) -> tuple[float, int]:
    """Add up the sandbox's charges between quiesce and bring-up: blocks in order, in a block the longest lane."""
    down = list(_from_quiesce(steps))
    charged, waits = 0.0, 0
    for block in blocks(down):
        lanes = [(sum(_charge(box, s, rows[s.key]) for s in lane), sum(_waits(s) for s in lane)) for lane in block]
        longest = max(lanes)
        charged, waits = charged + longest[0], waits + longest[1]
    return charged, waits


def _from_quiesce(steps: tuple[Step, ...]) -> Iterator[Step]:
    quiesced = False
    for step in steps:
        quiesced = quiesced or step.quiesces
        if quiesced and step.phase in (Phase.CUTOVER, Phase.BRING_UP):
            yield step


def _charge(box: Sandbox, step: Step, row: Row) -> float:
    made = set(map(str, (row.output or {}).values())) | {step.resource()}
    until = row.done_at or row.intent_at
    operation = box_operation(step)
    return sum(
        c.seconds
        for c in box.charges
        if c.operation.split(":")[-1] == operation
        and row.intent_at <= c.at <= until
        and (c.resource in made or not step.outputs)
    ) / max(1, _same_moment(box, step, row, operation, made))


def _same_moment(box: Sandbox, step: Step, row: Row, operation: str, made: set[str]) -> int:
    """Steps without outputs name their resource by a Ref: lanes that ran at the same moment are charged alike, so count them once."""
    if step.outputs:
        return 1
    until = row.done_at or row.intent_at
    fits = [c for c in box.charges if c.operation.split(":")[-1] == operation and row.intent_at <= c.at <= until]
    return len(fits)


def box_operation(step: Step) -> str:
    """Return the operation's name as the sandbox charges it."""
    return step.do(Context("", 0, 1)).operation.split(":")[-1]


def _waits(step: Step) -> int:
    return int(step.ready(dict.fromkeys(step.outputs, "")) is not None)
