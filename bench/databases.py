"""How long writers and readers of a database get nothing: as planned, and as clients of the sandbox see it on virtual time.

What came out is the clients' own record, not that of the steps: the spans in which no write of theirs was acknowledged, or no
read answered.
"""

import asyncio
import tempfile
from collections import defaultdict
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path

from sealift.clock import VirtualClock
from sealift.plan import MigrationPlan
from sealift.sandbox import Sandbox
from sealift.step import Seconds
from tests.clusters import CASES as CLUSTERS
from tests.databases import ACKS, Case, logins, options_of
from tests.databases import CASES as INSTANCES
from tests.world import World

BOUND = 0.10
"""How far, as a share, a planned figure may be from what comes out."""

TIB_4 = 4096
AFTERWARDS = 3600.0
"""Seconds after the end of a migration in which every client has to be served."""


def _sized(name: str) -> Case:
    case = {**INSTANCES, **CLUSTERS}[name]
    return replace(case, build=partial(case.build, size_gib=TIB_4))


CASES: dict[str, Case] = {
    **INSTANCES,
    "mysql with replicas, readers primary": replace(
        INSTANCES["mysql with replicas, snapshot"], options={"readers": "primary", "acks": (*ACKS, "R-RDS-81")}
    ),
    **CLUSTERS,
    "a multi-az db cluster without a login": replace(CLUSTERS["a multi-az db cluster"], login=False),
    **{
        f"{name}, 4 TiB": _sized(name)
        for name in (
            "postgres, blue-green",
            "mysql with replicas, blue-green",
            "mysql with replicas, snapshot",
            "mysql with replicas, readers stale",
            "sql server with an option group and a managed password",
            "mariadb with a proxy, snapshot",
            "oracle with roles",
            "aurora postgresql with scaled readers, snapshot",
            "aurora postgresql, blue-green",
            "a multi-az db cluster",
        )
    },
}
"""Every shape that the tests migrate, and those of 4 TiB where size may matter."""

LONG = frozenset(n for n in CASES if n.endswith("4 TiB") and n.startswith(("mysql with", "mariadb", "oracle")))
"""Hours of polls, for the bench alone: another of 4 TiB on the same path is in the suite."""


@dataclass(frozen=True)
class Down:
    """One run: what was planned, and the most seconds in which a client that writes, and one that reads, got nothing."""

    name: str
    route: str
    writers_planned: Seconds
    writers: float
    readers_planned: Seconds
    readers: float

    @property
    def pairs(self) -> list[tuple[Seconds, float]]:
        """Planned and come out: of writers, and of readers where there are any."""
        return [(self.writers_planned, self.writers), *([(self.readers_planned, self.readers)] if self.readers else [])]

    @property
    def off(self) -> float:
        """The greater share by which a planned figure is off."""
        return max(abs(planned.expected - came) / came for planned, came in self.pairs)

    @property
    def honest(self) -> bool:
        """Whether the worst that is planned is at least what is expected, and what came out."""
        return all(planned.worst >= max(planned.expected, came) for planned, came in self.pairs)

    @property
    def fine(self) -> bool:
        """Whether it is within the bound."""
        return self.off <= BOUND and self.honest


@cache
def measure(name: str) -> Down:
    """Migrate the database of a case, with jitter off, and with clients that write and read all the time."""
    return asyncio.run(_measure(name, CASES[name]))


async def _measure(name: str, case: Case) -> Down:
    with tempfile.TemporaryDirectory() as folder, Sandbox(clock=VirtualClock()) as box:
        world = World(box, Path(folder), connect=logins(box))
        try:
            target = case.build(world)
            if case.options.get("readers") == "primary":
                box.add_db_reader(target)
            world.clock.advance(3600)
            kind = "aurora" if name.startswith(tuple(CLUSTERS)) else "rds"
            plan = await world.plan(f"{kind}:{target}", **options_of(case))
            return await _run(world, name, plan)
        finally:
            world.driver.close()


async def _run(world: World, name: str, plan: MigrationPlan) -> Down:
    begun = world.clock.now()
    outcome = await world.act(world.driver.migrate(plan, approved_by="the bench", observed=True))
    assert outcome.exit_code == 0, outcome
    world.clock.advance(AFTERWARDS)
    got_nothing: dict[bool, dict[str, float]] = {False: defaultdict(float), True: defaultdict(float)}
    for outage in world.box.db_outages(begun):
        assert outage.end < world.clock.now(), f"{outage.stream} is not served any more"
        got_nothing[outage.reads][outage.stream] += outage.end - outage.start
    if plan.options.readers == "primary":  # readers of replicas are told to use it meanwhile
        here = f"reader:{plan.target}"
        got_nothing[True] = {here: got_nothing[True][here]}
    writers, readers = (max(got_nothing[reads].values(), default=0.0) for reads in (False, True))
    return Down(name, str(plan.route), plan.down, round(writers, 1), plan.readers_down, round(readers, 1))
