"""What random walks walk on: several targets in two accounts, drivers that run side by side and die, people, and a journal.

Everything is named by its number, never by an id, so that a walk that is played again is the same walk.
"""

import asyncio
import json
import os
import random
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest import mock

import boto3
from moto.core import DEFAULT_ACCOUNT_ID as HERE

from sealift.aws.operations import OPERATIONS
from sealift.clock import VirtualClock, actor, side_by_side
from sealift.driver import Driver, Outcome
from sealift.errors import SealiftError
from sealift.journal import State
from sealift.options import Options
from sealift.plan import MigrationPlan
from sealift.sandbox import Durations, Sandbox
from sealift.sandbox.errors import ApiError
from sealift.sandbox.log import Event
from sealift.sandbox.quotas import Quotas
from sealift.sandbox.seeding import VolumeSpec
from tests import clusters, databases
from tests.faults.invariants import Invariants
from tests.faults.stage import OTHERS, draw_from
from tests.faults.tapped import Killed, Tap
from tests.world import ACKS, DATA, KEY, REGION, ROOT, World

THERE = "222222222222"
ACCOUNTS = (HERE, THERE)
EBS_ROUTES = ("clone", "snapshot", "copy")
PATIENCE = 4 * 3600.0
"""Seconds of the clock after which somebody ends a driver that still waits."""

BRISK = replace(
    Durations.instant(),
    **dict.fromkeys(("volume_create_s", "attach_s", "detach_s", "snapshot_s", "copy_s", "clone_create_s"), 2.0),
    **dict.fromkeys(("start_s", "stop_s", "standby_s", "asg_check_s"), 8.0),
    **dict.fromkeys(("db_create_s", "db_snapshot_s", "db_copy_s", "db_modify_s", "db_groups_s", "db_reboot_s"), 12.0),
    jitter=0.5,
)
"""Long enough that runs meet half-way, short enough that few polls are sent."""


@dataclass(frozen=True)
class Goal:
    """A target of a walk: as people paste it, whose it is, and how it may be moved."""

    text: str
    account: str
    routes: tuple[str, ...] = EBS_ROUTES
    options: Mapping[str, Any] = field(default_factory=dict)
    grouped: bool = False  # a group would replace it if somebody stopped it by hand

    @property
    def unit(self) -> str:
        """The name by which plans and messages call it."""
        return self.text.split(":")[-1]


@dataclass(frozen=True)
class Errand:
    """One command for one target or migration, by number."""

    verb: str
    number: int
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Came:
    """What came of an errand: None where its driver died first."""

    errand: Errand
    migration: str
    outcome: Outcome | None


class _Mortal:
    """The clock as a driver has it: the dead do not wake."""

    def __init__(self, clock: VirtualClock, tap: Tap) -> None:
        self._clock, self._tap = clock, tap
        self.now, self.enter, self.leave = clock.now, clock.enter, clock.leave

    async def sleep(self, seconds: float) -> None:
        await self._clock.sleep(seconds)
        if self._tap.dead:
            raise Killed


class Terrain:
    """Targets, drivers and a journal; every command of a walk goes through here."""

    def __init__(self, box: Sandbox, folder: Path, loop: asyncio.Runner) -> None:
        self.box, self.loop = box, loop
        self.profiles = {HERE: None, THERE: "there"}
        self._credentials(folder)
        self.sessions = {a: boto3.Session(profile_name=p, region_name=REGION) for a, p in self.profiles.items()}
        self.world = World(box, folder, connect=databases.logins(box))
        self.keys = {HERE: self.world.key, THERE: box.add_key(REGION, KEY, account=THERE)}
        self.goals: list[Goal] = []
        self.invariants = Invariants(box, lambda m: self.journal.plan(m), lambda m: self.journal.lease(m)[0])  # noqa: PLW0108 - the journal changes
        self.drivers = 0
        self.journals = 1
        self.taps: list[Tap] = []
        self.once_finalized = set[str]()  # targets whose finalized migration a lost journal had
        self.told_once = ""  # what journals that are lost said of migrations that were over: a person has read it

    @property
    def journal(self) -> Any:
        """The journal that drivers have now."""
        return self.world.driver.journal

    def _credentials(self, folder: Path) -> None:
        keys = self.box.people.root(THERE)
        text = "[there]\n" + "".join(f"{k} = {v}\n" for k, v in keys.items())
        (folder / "credentials").write_text(text, encoding="utf-8")
        os.environ["AWS_SHARED_CREDENTIALS_FILE"] = str(folder / "credentials")

    @contextmanager
    def account(self, account: str) -> Iterator[None]:
        """Let clients without credentials of their own be of this account."""
        with mock.patch.object(boto3, "DEFAULT_SESSION", self.sessions[account]):
            yield

    # -- how things stand

    def migrations(self) -> list[dict[str, Any]]:
        """Return what the journal knows, oldest first."""
        return list(self.journal.migrations())

    def state(self, migration: str) -> State:
        """Return a migration as its rows tell it."""
        return self.world.state(migration)

    def goal_of(self, migration: Mapping[str, Any]) -> Goal:
        """Return the target of a migration."""
        return next(g for g in self.goals if (g.unit, g.account) == (migration["target"], migration["account"]))

    def changed_since(self, number: int) -> list[Event]:
        """Return what was changed by requests since the log had so many events."""
        events = self.box.log[number:]
        known = [e for e in events if (op := OPERATIONS.get(e.operation)) is not None and op.mutating]
        return [e for e in known if e.outcome in ("ok", "lost") and not e.params.get("DryRun")]

    # -- drivers

    def driver(self, account: str, dies_at: int | None = None) -> Tap:
        """Return another driver, watched, that dies as it passes its so many-th durable state."""
        settings = replace(self.world.settings, profile=self.profiles[account])
        driver = Driver(
            settings,
            clock=self.world.clock,
            listeners=[self.world.events.append, self.invariants.told],
            connect=self.world.connect,
        )
        left = iter(range(dies_at - 1, -1, -1)) if dies_at else None
        self.drivers += 1
        tap = Tap(driver, self.drivers, self.invariants, None if left is None else lambda _: next(left, -1) == 0)
        clock: Any = _Mortal(self.world.clock, tap)
        driver.clock = driver.account.clock = driver.account.pace._clock = clock
        self.taps.append(tap)
        return tap

    def send(
        self,
        errands: Sequence[Errand],
        *,
        dies_at: int | None = None,
        alone: bool = False,
        meanwhile: Sequence[tuple[float, Callable[[], None]]] = (),
    ) -> list[Came]:
        """Run errands side by side: those of an account in one driver, or each in one of its own (`alone`).

        Only the first driver dies. `meanwhile` is done so many seconds after the start.
        """
        groups: dict[Any, list[Errand]] = {}
        for n, errand in enumerate(errands):
            groups.setdefault((self._account_of(errand), n if alone else 0), []).append(errand)
        taps = [self.driver(a, None if n else dies_at) for n, (a, _) in enumerate(groups)]
        work = [self._bounded(tap, group) for tap, group in zip(taps, groups.values(), strict=True)]
        found = self.loop.run(self._all(work, [self._later(*m) for m in meanwhile]))
        for tap in taps:
            tap.driver.close()
        return found

    async def _all(self, work: list[Awaitable[list[Came]]], later: list[Awaitable[Any]]) -> list[Came]:
        with actor(self.world.clock):
            ends: list[Any] = await side_by_side(self.world.clock, [*work, *later])  # type: ignore[list-item]
        for end in ends:
            if isinstance(end, BaseException):
                raise end
        return [came for end in ends for came in end or ()]

    async def _later(self, seconds: float, do: Callable[[], None]) -> None:
        await self.world.clock.sleep(seconds)
        do()

    async def _bounded(self, tap: Tap, errands: list[Errand]) -> list[Came]:
        """Run errands in one driver; whoever waits for ever is ended one day."""
        self.world.clock.enter()
        timer = asyncio.ensure_future(self._expire(tap))
        try:
            return await self._in_one(tap.driver, errands)
        finally:
            timer.cancel()
            with suppress(asyncio.CancelledError):
                await timer

    async def _expire(self, tap: Tap) -> None:
        try:
            await self.world.clock.sleep(PATIENCE)
            tap.dead = tap.driver.account.closed = True
        finally:
            self.world.clock.leave()

    async def _in_one(self, driver: Driver, errands: list[Errand]) -> list[Came]:
        done: dict[int, Came] = {n: Came(e, "", None) for n, e in enumerate(errands)}
        begun, left = [], list(errands)

        async def one(number: int, errand: Errand) -> Outcome:
            if not begun:
                self.world.clock.leave()  # `many` is an actor by itself from here on, until its last errand is done
            begun.append(number)
            try:
                outcome: Outcome = await getattr(self, f"_{errand.verb}")(driver, errand)
            finally:
                left.remove(errand)
                if not left:
                    self.world.clock.enter()
            done[number] = Came(errand, outcome.migration, outcome)
            return outcome

        with suppress(Killed):
            await driver.many([lambda n=n, e=e: one(n, e) for n, e in enumerate(errands)])  # type: ignore[misc]
        return list(done.values())

    def _account_of(self, errand: Errand) -> str:
        if errand.verb in ("migrate", "adopt"):
            return self.goals[errand.number].account
        return str(self.migrations()[errand.number]["account"])

    def _id(self, errand: Errand) -> str:
        return str(self.migrations()[errand.number]["id"])

    # -- commands

    async def _migrate(self, driver: Driver, errand: Errand) -> Outcome:
        goal, told = self.goals[errand.number], dict(errand.options)
        approved = told.pop("approved", True)
        wait = told.pop("wait", False)
        route = goal.routes[told.pop("route", 0) % len(goal.routes)]
        try:
            (plan,) = await driver.plan([goal.text], self.options(goal, route, **told))
        except SealiftError as error:
            return Outcome(goal.unit, "", error.exit_code, f"{goal.unit}: {error}")  # whoever has typed it knows
        return await driver.migrate(
            plan, approved_by="a walk" if approved else None, no_wait=not wait, observed=bool(errand.number % 2)
        )

    def options(self, goal: Goal, route: str, **more: Any) -> Options:
        """Return the options that a target is moved with."""
        return Options(
            **{"key": KEY, "acks": (*ACKS, "R-EBS-89", "R-FENCE-01"), **goal.options, "route": route, **more}
        )

    async def _resume(self, driver: Driver, errand: Errand) -> Outcome:
        self.invariants.took_over(self._id(errand))
        by = "a walk" if errand.options.get("approved", True) else None
        return await driver.resume(self._id(errand), approved_by=by, no_wait=not errand.options.get("wait"))

    async def _rollback(self, driver: Driver, errand: Errand) -> Outcome:
        self.invariants.took_over(self._id(errand))
        self.invariants.may_discard = bool(errand.options.get("discard"))
        return await driver.rollback(self._id(errand), discard_writes=bool(errand.options.get("discard")))

    async def _accept(self, driver: Driver, errand: Errand) -> Outcome:
        self.invariants.took_over(self._id(errand))
        return await driver.accept(self._id(errand))

    async def _finalize(self, driver: Driver, errand: Errand) -> Outcome:
        migration = self._id(errand)
        plan, state = MigrationPlan.from_json(self.journal.plan(migration)), self.state(migration)
        due = state.end == "retained" and self.world.clock.now() >= (state.brought_up or 0) + plan.options.retain
        self.invariants.watch(migration).finalizing |= due
        return (await driver.finalize(migration))[0]

    async def _verify(self, driver: Driver, errand: Errand) -> Outcome:
        return await driver.verify(self._id(errand))

    async def _adopt(self, driver: Driver, errand: Errand) -> Outcome:
        goal = self.goals[errand.number]
        route = goal.routes[errand.options.get("route", 0) % len(goal.routes)]
        return await driver.adopt(goal.text, self.options(goal, route))

    def decide(self, number: int, what: str, seconds: float = 3600.0) -> SealiftError | None:
        """Say something about a migration, as a person does at another terminal; return what refused it."""
        note: dict[str, Any] = {"approved": {"by": "a walk"}, "refused": {"by": "a walk", "why": "a walk says no"}}
        note["postponed"] = {"until": self.world.clock.now() + seconds}
        try:
            self.world.driver.decide(str(self.migrations()[number]["id"]), what, **note[what])
        except SealiftError as error:
            return error
        return None

    def lose_the_journal(self) -> None:
        """Let the journal's disk be gone: every later driver has an empty one."""
        ends = [(m, self._ended_as(str(m["id"]))) for m in self.migrations()]
        self.told_once += _said_of(self.journal, [m for m, end in ends if end in ("rolled-back", "finalized")])
        self.once_finalized |= {self.goal_of(m).text for m, end in ends if end == "finalized"}
        self.journals += 1
        self.invariants.forget_rows()
        self.world.driver.close()
        fresh = self.world.folder / f"journal-{self.journals}.db"
        self.world.settings = replace(self.world.settings, journal=fresh)
        self.world.driver = self.world.new_driver()

    def _ended_as(self, migration: str) -> str | None:
        """Return how a migration has ended; a finalize that died when its last source was gone has left nothing to adopt."""
        state, sources = self.state(migration), self.invariants.watch(migration).sources
        sent = [k for k, row in state.rows.items() if k.startswith("finalize:source:") and not row.refused]
        return "finalized" if state.finalizing and len(sent) >= len(sources) else state.end

    def by_hand(self, number: int, *, start: bool) -> None:
        """Let a person start or stop an instance."""
        unit = self.goals[number].unit
        self.invariants.by_hand.add(unit)
        with suppress(ApiError):
            (self.box.start_by_hand if start else self.box.stop_by_hand)(unit)

    # -- the targets

    def add(self, part: str) -> None:
        """Put the targets of a part there."""
        self.goals += PARTS[part][1](self)

    def neighbours(self) -> None:
        """Others' things in both accounts, with the tags of another migration on them."""
        tags = {"sealift:migration": OTHERS, "sealift:step": "copy:/dev/xvda", "sealift:role": "copy"}
        for account in ACCOUNTS:
            disk = VolumeSpec(device="/dev/xvda", size_gib=8, tags={**tags, "sealift:epoch": "1"})
            self.box.add_instance(REGION, "neighbour", volumes=[disk], account=account)
        self.box.add_db_instance("neighbour", "postgres", write_mib_per_s=0.01)

    def instance(self, *volumes: VolumeSpec, account: str = HERE, **more: Any) -> str:
        """Add an instance; it has written for a day."""
        return self.box.add_instance(REGION, volumes=list(volumes), account=account, **more)


# -- parts of a terrain --------------------------------------------------------------------------------------------------


def _lone(t: Terrain) -> list[Goal]:
    return [Goal(t.instance(ROOT, DATA), HERE), Goal(t.instance(ROOT, state="stopped"), HERE)]


def _group(t: Terrain) -> list[Goal]:
    """Members of one Auto Scaling group: two count on its suspended processes, one goes on standby."""
    members = [t.instance(ROOT, name=f"web-{n}") for n in range(3)]
    t.box.add_asg(REGION, "web", members)
    hows = ("suspend", "suspend", "standby")
    return [Goal(m, HERE, options={"asg": how}, grouped=True) for m, how in zip(members, hows, strict=True)]


def _sharing(t: Terrain) -> list[Goal]:
    """Two instances that share a Multi-Attach volume, and one that has such a volume for itself."""
    shared = t.box.add_volume(REGION, type="io2", size_gib=10, iops=500, multi_attach=True)
    both = [t.instance(ROOT, name=f"cluster-{n}") for n in range(2)]
    for instance in both:
        t.world.ec2.attach_volume(VolumeId=shared, InstanceId=instance, Device="/dev/sdm")
    able = VolumeSpec(device="/dev/sdm", type="io2", size_gib=10, iops=500, multi_attach=True)
    alone = t.instance(ROOT, able, name="cluster-alone")
    acks = (*ACKS, "R-EBS-13", "R-EBS-89")
    return [*(Goal(i, HERE) for i in both), Goal(alone, HERE, options={"acks": acks})]


def _there(t: Terrain) -> list[Goal]:
    loose = t.box.add_volume(REGION, spec=DATA, account=THERE)
    return [Goal(t.instance(ROOT, DATA, account=THERE), THERE), Goal(loose, THERE)]


def _of(case: databases.Case, prefix: str) -> Callable[[Terrain], list[Goal]]:
    def build(t: Terrain) -> list[Goal]:
        fence = databases.fence(case.user) if case.login else {}
        return [
            Goal(prefix + case.build(t.world), HERE, (case.route,), {"acks": databases.ACKS, **case.options, **fence})
        ]

    return build


PARTS: dict[str, tuple[str, Callable[[Terrain], list[Goal]]]] = {
    "alone": ("", _lone),
    "a group": ("", _group),
    "sharing a disk": ("", _sharing),
    "another account": ("", _there),
    "mysql with replicas, snapshot": ("shop", _of(databases.CASES["mysql with replicas, snapshot"], "rds:")),
    "mysql with replicas, blue-green": ("shop", _of(databases.CASES["mysql with replicas, blue-green"], "rds:")),
    "aurora, snapshot": ("shop", _of(clusters.CASES["aurora postgresql with scaled readers, snapshot"], "aurora:")),
    "aurora, blue-green": ("shop", _of(clusters.CASES["aurora postgresql, blue-green"], "aurora:")),
}
"""By what they are called: the name of which there may be one, and what puts them there."""


@contextmanager
def terrain(seed: int = 0) -> Iterator[Terrain]:
    """Yield a terrain on which all that is drawn follows from `seed`: ids of migrations, jitter of waits and of states."""
    ids = random.Random(seed)  # noqa: S311 - no secret
    box = Sandbox(clock=VirtualClock(), seed=seed, durations=BRISK, quotas=Quotas(volume_copies_per_region=8))
    draw_from(seed)
    with ExitStack() as stack:
        stack.enter_context(mock.patch.dict(os.environ, ENVIRONMENT))
        hexes = stack.enter_context(mock.patch("sealift.journal.secrets"))
        hexes.token_hex = lambda n: "".join(ids.choices("0123456789abcdef", k=2 * n))
        folder = stack.enter_context(TemporaryDirectory())
        stack.enter_context(box)
        yield Terrain(box, Path(folder), stack.enter_context(asyncio.Runner()))


ENVIRONMENT = {"AWS_ACCESS_KEY_ID": "sandbox", "AWS_SECRET_ACCESS_KEY": "sandbox", "AWS_CONFIG_FILE": "/dev/null"}


def told_in(t: Terrain) -> str:
    """Return all that the journal's rows and plans say, or said of what was over when it was lost, to look for a name in."""
    return t.told_once + _said_of(t.journal, t.migrations())


def _said_of(journal: Any, migrations: Sequence[Mapping[str, Any]]) -> str:
    ids = [str(m["id"]) for m in migrations]
    return json.dumps([[[e.data for e in journal.entries(i)], journal.plan(i)] for i in ids], default=str)
