"""A target of some shape on a sandbox, with neighbours that must not be touched, drivers under watch, and how it ended."""

import asyncio
import json
import os
import sqlite3
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sealift import engine
from sealift.aws import gateway
from sealift.clock import VirtualClock
from sealift.driver import Driver, Outcome
from sealift.engine import Runner, local_runner
from sealift.errors import JournalError
from sealift.events import Event, Listener
from sealift.plan import MigrationPlan
from sealift.sandbox import Durations, Sandbox
from sealift.sandbox.quotas import Quotas
from sealift.sandbox.seeding import VolumeSpec
from tests import databases
from tests.contract.shapes import SHAPES, bucket, look, options_of
from tests.faults.forking import guarded
from tests.faults.holdings import Holdings
from tests.faults.invariants import Invariants, Violation
from tests.faults.judging import Ended, Ends, Eyes, Lines, Touched, resources
from tests.faults.tapped import Dies, Killed, Tap
from tests.world import ACKS, World

NOBODY = 2**22 + 1
"""The number of no process: Linux gives none above 2**22."""

OTHERS = "mig-0123456789"
"""A migration of another journal: its tags are on things of the neighbours."""


class Stage:
    """One target on a sandbox of its own."""

    def __init__(self, box: Sandbox, folder: Path, shape: str, route: str) -> None:
        self.box, self.shape, self.route = box, shape, route
        self.world = World(box, folder, connect=databases.logins(box))
        self.invariants = Invariants(box, self._plan_of, self._newest)
        self.taps: list[Tap] = []
        self.plan: MigrationPlan
        self.before: dict[str, Any] = {}
        self.began: Lines = Counter()  # that, as a picture
        self.retained: Lines = Counter()  # the picture of a migration that is done, where an act begins with one
        self.holdings = Holdings(box)
        self.eyes: Eyes
        self.migration = ""
        self.doomed: Dies | None = None  # what the next driver dies of, unless told otherwise
        self.theirs: set[str] = set()  # what others have made meanwhile
        self.left = ""  # what messages have named as left over
        self.touched = Touched()
        self._copies = 0

    def _plan_of(self, migration: str) -> dict[str, Any]:
        try:
            return self.world.driver.journal.plan(migration)
        except JournalError:
            return self.plan.to_json()  # its journal was lost

    def _newest(self, migration: str) -> int:
        return self.world.driver.journal.lease(migration)[0]

    # -- the scene

    async def set(self, **more: Any) -> None:
        """Put the target and its neighbours there, and plan it."""
        made = SHAPES[self.shape]
        self._neighbours(databases=bool(made.prefix))
        target = made.prefix + made.build(self.world)
        if more.get("state_url") and not made.options.get("state_url"):
            bucket(self.world)
        options = {"acks": (*ACKS, "R-EBS-89", "R-FENCE-01"), **options_of(made), "route": self.route, **more}
        self.plan = await self.world.plan(target, **options)
        self.world.clock.advance(60)  # replicas have what their sources have only by then
        self.before = look(self.world)
        self.holdings.begin()
        seen = self.look()
        self.eyes = Eyes(seen, self.world.key, green=self.route == "blue-green")
        self.began = self.eyes.lines(seen)

    def look(self) -> dict[str, Any]:
        """Return everything that a migration may touch, and what volumes, databases and snapshots hold."""
        seen = self.holdings.seen(look(self.world))
        return {**seen, "security groups": _groups(self.world)} if SHAPES[self.shape].prefix else seen

    def remember(self) -> None:
        """Remember how things stand now that the migration is done: an act begins here."""
        self.retained = self.eyes.lines(self.look())

    def _neighbours(self, *, databases: bool) -> None:
        """Others' things, of the same kind, with the tags of another migration on them."""
        theirs = {
            "sealift:migration": OTHERS,
            "sealift:step": "copy:/dev/xvda",
            "sealift:attempt": "1",
            "sealift:epoch": "1",
        }
        disk = VolumeSpec(device="/dev/xvda", size_gib=8, tags={**theirs, "sealift:role": "copy"})
        self.world.instance(disk, name="neighbour")
        volume = next(iter(self.world.all_volumes()))
        shot = self.world.ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
        tags = [{"Key": k, "Value": v} for k, v in (theirs | {"sealift:role": "baseline"}).items()]
        self.world.ec2.create_tags(Resources=[shot], Tags=tags)
        self.world.clock.advance(3600)
        if databases:
            self.box.add_db_instance("neighbour", "postgres", write_mib_per_s=0.01)

    # -- drivers

    def driver(
        self,
        dies: Dies | None = None,
        *,
        runner: Runner = local_runner,
        listeners: Sequence[Listener] = (),
        world: World | None = None,
    ) -> Driver:
        """Return another driver, watched, that dies where it is told to."""
        driver = (world or self.world).new_driver(runner=runner, listeners=[self._told, *listeners])
        self.taps.append(Tap(driver, len(self.taps) + 1, self.invariants, dies or self.doomed))
        return driver

    def _told(self, event: Event) -> None:
        self.invariants.told(event)

    async def migrate(self, driver: Driver) -> Outcome | None:
        """Run the plan; None where the driver died."""
        outcome = await self._act(driver.migrate(self.plan, approved_by="a test", observed=True))
        self._name()
        return outcome

    def migration_now(self) -> str:
        """Return the migration under way, "" before there is one."""
        self._name()
        return self.migration

    def _name(self) -> None:
        if known := self.world.driver.journal.migrations():
            self.migration = str(known[-1]["id"])

    async def _act(self, work: Awaitable[Any]) -> Any:
        with suppress(Killed):
            return await self.world.act(work)
        return None

    async def resume(self, driver: Driver | None = None) -> Outcome | None:
        """Go on with another driver; where there is nothing to go on with, migrate."""
        driver = driver or self.driver()
        self._name()
        if not self.migration:
            return await self.migrate(driver)
        self.invariants.took_over(self.migration)
        return await self._act(driver.resume(self.migration, approved_by="a test"))

    async def rollback(self, driver: Driver | None = None, *, discard: bool = False) -> Outcome | None:
        """Go back by a person's word."""
        driver = driver or self.driver()
        self._name()
        self.invariants.may_discard = self.invariants.may_discard or discard
        self.invariants.took_over(self.migration)
        return await self._act(driver.rollback(self.migration, discard_writes=discard))

    async def accept(self, driver: Driver | None = None) -> Outcome | None:
        """Keep the replacement by a person's word."""
        driver = driver or self.driver()
        self._name()
        self.invariants.took_over(self.migration)
        return await self._act(driver.accept(self.migration))

    async def finalize(self, driver: Driver | None = None) -> Outcome | None:
        """Delete the sources, once their time has come."""
        driver = driver or self.driver()
        self._name()
        self.invariants.watched[self.migration].finalizing = True
        found = await self._act(driver.finalize(self.migration))
        return found[0] if found else None

    def lose_the_journal(self) -> None:
        """Let the journal's disk be gone: every later driver has an empty one."""
        self.invariants.forget_rows()
        self.go_on_with(self.world.folder / f"another-{len(self.taps)}-{os.getpid()}.db")

    def copy_of_the_journal(self) -> Path:
        """Copy the journal as it is now: a fork goes on with that, the file is still that of the process that forked."""
        self._copies += 1
        copy = self.world.folder / f"fork-{os.getpid()}-{self._copies}.db"
        with (
            closing(sqlite3.connect(str(self.world.settings.journal))) as old,
            closing(sqlite3.connect(str(copy))) as new,
        ):
            old.backup(new)
            new.execute("UPDATE leases SET pid = ?", (NOBODY,))
            new.commit()
        return copy

    def go_on_with(self, journal: Path) -> None:
        """Let every later driver have another journal, and those before it none."""
        self.invariants.checks.clear()  # a fork counts its own looks
        for tap in self.taps:
            tap.elsewhere = True
        self.world.settings = replace(self.world.settings, journal=journal)
        self.world.driver = self.world.new_driver()

    def close(self) -> None:
        """Let go of every journal: a long run opens thousands."""
        for driver in (self.world.driver, *(tap.driver for tap in self.taps)):
            driver.close()

    # -- the end

    def end(self, outcome: Outcome | None) -> Ended:
        """Look how it ended."""
        self._name()
        self.world.clock.advance(600)
        box, checks = self.box, dict(self.invariants.checks)
        discarded = any(w.discarded for w in self.invariants.watched.values())
        harm: list[Any] = [] if discarded else [*box.losses(), *box.db_losses()]
        harm += box.double_runs()
        seen = self.look()
        found = [*map(str, self.invariants.violations), *(f"in the end: {h}" for h in harm[:3]), *self._untraced(seen)]
        code, said = (outcome.exit_code, outcome.message) if outcome else (-1, "the driver died")
        named = self._named(seen, said) + self._of_others(seen)
        ended = Ended(code, said, self.eyes.lines(seen), found, checks, named=named, touched=self.touched)
        ended.about = json.dumps(self.plan.to_json(), default=str)
        if self.migration:
            state = self.world.state(self.migration)
            ended.rested = state.end or ""
            ended.saved = sum(s.salvage() is not None for s in self.plan.steps) if state.brought_up is not None else 0
        return ended

    def ends(self, outcome: Outcome | None) -> Ends:
        """Look how the run that nobody disturbed has ended, and return how others may."""
        ended = self.end(outcome)
        done = ended.picture if ended.rested == "retained" else Counter[str]()
        return Ends(ended, self.began, self.retained or done)

    def _named(self, seen: dict[str, Any], said: str) -> Lines:
        """Return what there is that a message has named as left over, and of a deployment what is of its green side."""
        self.left += said.partition("left over: ")[2]
        left = self.left  # one attempt's is not said again of the next
        greens = [g for name, about in seen["deployments"].items() if name in left for g in about["green"]]

        def named(name: str, about: Any) -> bool:
            of = name.split("-instance-", maxsplit=1)[0]  # a member that RDS has named after its cluster goes with it
            return of in left or any(g in f"{name} {about}" for g in greens)

        there = resources(seen) if left else ()
        return Counter(
            self.eyes.line(place, name, about) for place, name, about in there if name and named(name, about)
        )

    @contextmanager
    def somebody_acts(self) -> Iterator[None]:
        """Remember what somebody else changes in here: that may be otherwise in the end."""
        was = self.eyes.lines(self.look())
        yield
        self.touched.add(was, self.eyes.lines(self.look()))

    def _of_others(self, seen: dict[str, Any]) -> Lines:
        """Return what there is that others have made meanwhile."""
        there = resources(seen) if self.theirs else ()
        return Counter(self.eyes.line(place, name, about) for place, name, about in there if name in self.theirs)

    def _untraced(self, seen: dict[str, Any]) -> Iterator[str]:
        """Yield what there is that was not there before, and that no row knows."""
        if not self.migration:
            return
        journal = self.world.driver.journal
        told = json.dumps([[e.data for e in journal.entries(str(m["id"]))] for m in journal.migrations()], default=str)
        told += json.dumps(self.plan.to_json(), default=str)
        for place in ("volumes", "snapshots", "instances", "clusters", "db snapshots", "cluster snapshots"):
            for name in seen.get(place, {}):
                known = name in self.before.get(place, {}) or name in self.theirs or name in told
                if not known and not _of_a_deployment(name, told):
                    yield str(Violation(6, f"{place}: {name} is in no row"))


def _groups(world: World) -> dict[str, Any]:
    about = ("GroupName", "IpPermissions", "IpPermissionsEgress", "Tags")
    return {g["GroupId"]: {k: g.get(k) for k in about} for g in world.ec2.describe_security_groups()["SecurityGroups"]}


def _of_a_deployment(name: str, told: str) -> bool:
    """Tell whether RDS itself has named it: green databases, and members of a Multi-AZ cluster, bear another's name and a suffix."""
    return any(
        part in told
        for part in (
            name.split("-green-", maxsplit=1)[0],
            name.removesuffix("-old1"),
            name.split("-instance-", maxsplit=1)[0],
        )
    )


def draw_from(seed: int) -> None:
    """Let the jitter of waits follow from `seed`: two runs of the same thing ask at the same moments."""
    for draw in (gateway._DRAW, engine._DRAW):
        draw.seed(seed)


@contextmanager
def staged(shape: str, route: str, durations: Durations | None = None) -> Iterator[Stage]:
    """Yield a stage; states are reached at once unless told otherwise."""
    draw_from(0)
    box = Sandbox(
        clock=VirtualClock(), durations=durations or Durations.instant(), quotas=Quotas(volume_copies_per_region=8)
    )
    with TemporaryDirectory() as folder, box:
        yield Stage(box, Path(folder), shape, route)


def play(
    shape: str, route: str, scene: Callable[[Stage], Awaitable[Any]], durations: Durations | None = None, **options: Any
) -> Any:
    """Set a stage and run a scene on it."""

    async def run(stage: Stage) -> Any:
        with guarded():
            await stage.set(**options)
            return await scene(stage)

    home = os.getpid()
    with staged(shape, route, durations) as stage:
        try:
            played = asyncio.run(run(stage))
            stage.close()
            return played
        finally:
            if os.getpid() != home:  # a fork that has told nothing: it must not go on as the process that forked
                os._exit(70)
