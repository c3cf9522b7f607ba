"""Random walks: many migrations at once, driven through random commands, faults, deaths, people and time.

A walk that fails is made as short as can be, and printed with its seed; `walk(seed)` plays it again. Nothing that hypothesis
sees depends on an id: targets, migrations and faults are chosen by number.
"""

import traceback
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack, suppress
from typing import Any, ClassVar
from unittest import mock

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.reporting import with_reporter
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from sealift.journal import State
from sealift.sandbox.faults import Fault
from tests.faults import rests
from tests.faults import terrain as terrain_module
from tests.faults.crashes import Tried
from tests.faults.rests import COMMANDS, ENDS, Before
from tests.faults.terrain import PARTS, Errand, Terrain, terrain

DAY = 86_400.0
HEALS = 8
"""How often everything is resumed until it has to be at rest."""

STRUCK = (
    *("ec2:StopInstances", "ec2:StartInstances", "ec2:DetachVolume", "ec2:AttachVolume", "ec2:CreateSnapshot"),
    *(
        "ec2:CopyVolumes",
        "ec2:CreateVolume",
        "ec2:CopySnapshot",
        "ec2:CreateTags",
        "ec2:DeleteTags",
        "ec2:DeleteVolume",
    ),
    *("ec2:DeleteSnapshot", "ec2:ModifyInstanceAttribute", "ec2:DescribeVolumes", "ec2:DescribeInstances", "ec2:*"),
    *("autoscaling:SuspendProcesses", "autoscaling:ResumeProcesses", "autoscaling:EnterStandby"),
    *("autoscaling:ExitStandby", "rds:*", "rds:ModifyDBInstance", "rds:ModifyDBCluster", "rds:CreateDBSnapshot"),
    *("rds:CopyDBSnapshot", "rds:RestoreDBInstanceFromDBSnapshot", "rds:RestoreDBClusterFromSnapshot"),
    *("rds:RebootDBInstance", "rds:CreateBlueGreenDeployment", "rds:SwitchoverBlueGreenDeployment"),
    *("rds:DeleteBlueGreenDeployment", "rds:CreateDBInstanceReadReplica", "rds:DescribeDBInstances", "kms:DescribeKey"),
)
"""What faults befall: what changes service, and the reads on which most depends."""

FAULTS: dict[str, dict[str, Any]] = {
    "throttled": {"code": "RequestLimitExceeded", "times": 3},
    "an error of the service": {"code": "InternalError", "status": 500, "times": 2},
    "the answer is lost": {"after": True, "timeout": True},
    "the connection breaks": {"reset": True, "times": 2},
    "denied": {"code": "UnauthorizedOperation", "times": None},
    "not found for a second": {"code": "InvalidVolume.NotFound"},
    "no capacity": {"code": "InsufficientInstanceCapacity", "times": 4},
    "a quota": {"code": "VolumeLimitExceeded", "times": None},
    "its state comes late": {"late_s": 1800.0},
    "it fails half-way": {"fails_at": 50.0},
}

migration = st.integers(0, 5)
goal = st.integers(0, 5)
dies = st.none() | st.integers(1, 60)
route = st.integers(0, 2)
moment = st.sampled_from((1.0, 5.0, 20.0, 60.0))

counts: Counter[str] = Counter()
"""Walks, steps walked, migrations begun, and how often each invariant was looked at, since the start."""


def looks(invariant: int) -> str:
    """Return the name under which it is counted how often an invariant was looked at."""
    return f"looks at ({invariant})"


class Wrong(AssertionError):
    """A walk came to something that must not be."""


class Walk(RuleBasedStateMachine):
    """One walk: commands for numbered targets and migrations, in any order, until everything heals."""

    number: ClassVar[int] = 0
    parts: ClassVar[tuple[str, ...]] = tuple(PARTS)

    def __init__(self) -> None:
        super().__init__()
        counts["walks"] += 1
        self._stack = ExitStack()
        self.t: Terrain = self._stack.enter_context(terrain(self.number))
        self.failed = False
        self.lost = False

    # -- the ground

    @initialize(data=st.data())
    def ground(self, data: st.DataObject) -> None:
        """Put targets and neighbours there."""
        several = st.lists(st.sampled_from(self.parts), min_size=1, max_size=2, unique_by=lambda p: PARTS[p][0] or p)
        parts = data.draw(several, label="parts")
        with self._seen():
            self.t.neighbours()
            for part in parts:
                self.t.add(part)
            self.t.world.clock.advance(3600)
            self.before = Before(self.t)
            self.heals_by = data.draw(st.sampled_from(("accept", "rollback")), label="doubts are settled by")
        first = {"route": data.draw(route, label="route"), "approved": data.draw(st.booleans(), label="approved")}
        self._send(self._on("migrate", data.draw(goal, label="first"), **first))

    def _seen(self) -> "_Seen":
        return _Seen(self)

    def _send(self, *errands: Errand | None, **how: Any) -> None:
        known = [e for e in errands if e is not None]
        with self._seen():
            mark = len(self.t.box.log)
            came = self.t.send(known, **how) if known else []
            alone = len(known) == 1 and not how.get("meanwhile")
            for one in came:
                self._expect(rests.after(self.t, one, self.t.changed_since(mark) if alone else []))
            self._expect(rests.between(self.t))

    def _expect(self, wrong: Any) -> None:
        if found := list(wrong):
            raise Wrong("; ".join(found[:3]))

    def _on(self, verb: str, number: int, **options: Any) -> Errand | None:
        there = len(self.t.goals if verb in ("migrate", "adopt") else self.t.migrations())
        return Errand(verb, number % there, options) if there else None

    # -- commands

    @rule(number=goal, route=route, approved=st.booleans(), dies=dies)
    def migrate(self, number: int, route: int, approved: bool, dies: int | None) -> None:
        """Plan and run one target; without an approval it is left at the gate."""
        self._send(self._on("migrate", number, route=route, approved=approved), dies_at=dies)

    @rule(numbers=st.lists(goal, min_size=2, max_size=3, unique=True), route=route, alone=st.booleans(), dies=dies)
    def migrate_several(self, numbers: list[int], route: int, alone: bool, dies: int | None) -> None:
        """Run several targets side by side, in one driver or each in its own; one driver may die."""
        self._send(*self._apart("migrate", numbers, route=route), alone=alone, dies_at=dies)

    @rule(number=goal, route=route, approve_after=moment, and_then=st.sampled_from(("nothing", "postponed", "refused")))
    def migrate_and_approve_meanwhile(self, number: int, route: int, approve_after: float, and_then: str) -> None:
        """Wait at the gate until somebody approves at another terminal, and maybe thinks better of it."""
        says = [(approve_after, lambda: self._newest_decided("approved"))]
        if and_then != "nothing":
            says.append((approve_after + 3, lambda: self._newest_decided(and_then)))
        self._send(self._on("migrate", number, route=route, approved=False, wait=True), meanwhile=says)

    def _newest_decided(self, what: str) -> None:
        if there := len(self.t.migrations()):
            self.t.decide(there - 1, what)

    @rule(number=migration, what=st.sampled_from(("approved", "postponed", "refused")))
    def decide(self, number: int, what: str) -> None:
        """Approve, postpone or refuse."""
        with self._seen():
            if there := len(self.t.migrations()):
                self.t.decide(number % there, what)

    @rule(number=migration, approved=st.booleans(), dies=dies)
    def resume(self, number: int, approved: bool, dies: int | None) -> None:
        """Go on with another driver."""
        self._send(self._on("resume", number, approved=approved), dies_at=dies)

    @rule(numbers=st.lists(migration, min_size=2, max_size=3, unique=True), alone=st.booleans(), dies=dies)
    def resume_several(self, numbers: list[int], alone: bool, dies: int | None) -> None:
        """Go on with several, side by side."""
        self._send(*self._apart("resume", numbers), alone=alone, dies_at=dies)

    @rule(number=migration, discard=st.booleans(), dies=dies)
    def rollback(self, number: int, discard: bool, dies: int | None) -> None:
        """Go back by a person's word."""
        self._send(self._on("rollback", number, discard=discard), dies_at=dies)

    @rule(number=migration, dies=dies)
    def accept(self, number: int, dies: int | None) -> None:
        """Keep the replacement."""
        self._send(self._on("accept", number), dies_at=dies)

    @rule(number=migration, late=st.booleans(), dies=dies)
    def finalize(self, number: int, late: bool, dies: int | None) -> None:
        """Delete the sources, when it is time or before."""
        with self._seen():
            if late:
                self.t.world.clock.advance(15 * DAY)
        self._send(self._on("finalize", number), dies_at=dies)

    @rule(number=migration)
    def verify(self, number: int) -> None:
        """Read everything again."""
        self._send(self._on("verify", number))

    @rule(number=goal, other=migration, route=route, verb=st.sampled_from(("resume", "rollback", "accept", "finalize")))
    def side_by_side(self, number: int, other: int, route: int, verb: str) -> None:
        """Do something else with one migration while another target is moved, in drivers of their own."""
        one, two = self._on("migrate", number, route=route), self._on(verb, other)
        if one and two and self.t.goal_of(self.t.migrations()[two.number]) == self.t.goals[one.number]:
            one = None
        self._send(one, two, alone=True)

    def _apart(self, verb: str, numbers: list[int], **options: Any) -> list[Errand | None]:
        """Return errands for different targets: two drivers of one migration are waited for on life's clock."""
        found: dict[str, Errand] = {}
        for number in numbers:
            if errand := self._on(verb, number, **options):
                whose = (
                    self.t.goals[errand.number]
                    if verb == "migrate"
                    else self.t.goal_of(self.t.migrations()[errand.number])
                )
                found.setdefault(whose.text, errand)
        return list(found.values())

    # -- a lost journal

    @rule(adopts=st.booleans())
    def lose_the_journal(self, adopts: bool) -> None:
        """The journal's disk is gone; what was under way is adopted now, or later."""
        with self._seen():
            self.lost = True
            self.t.lose_the_journal()
        if adopts:
            self._adopt_all()

    @precondition(lambda self: self.lost)
    @rule(number=goal, dies=dies)
    def adopt(self, number: int, dies: int | None) -> None:
        """Rebuild what the tags of a target tell."""
        self._send(self._on("adopt", number), dies_at=dies)

    def _adopt_all(self) -> None:
        for number in range(len(self.t.goals)):
            self._send(self._on("adopt", number))

    # -- faults, people, time

    @rule(operation=st.sampled_from(STRUCK), what=st.sampled_from(sorted(FAULTS)))
    def fault(self, operation: str, what: str) -> None:
        """Let something befall an operation from now on."""
        self.t.box.faults.add(Fault(operation=operation, **FAULTS[what]))

    @rule()
    def faults_end(self) -> None:
        """Let all of them be over."""
        self.t.box.faults.clear()

    @rule(number=goal, start=st.booleans())
    def by_hand(self, number: int, start: bool) -> None:
        """Somebody starts or stops an instance; who stops a member of a group has it replaced, so nobody does."""
        with self._seen():
            one = self.t.goals[number % len(self.t.goals)]
            if one.unit.startswith("i-") and (start or not one.grouped):
                self.t.by_hand(number % len(self.t.goals), start=start)
                self.t.world.clock.advance(30)

    @rule(number=goal, route=route, after=moment, start=st.booleans())
    def migrate_while_somebody_meddles(self, number: int, route: int, after: float, start: bool) -> None:
        """Somebody starts or stops the instance in the middle of it."""
        number %= len(self.t.goals)
        one = self.t.goals[number]
        if one.unit.startswith("i-") and (start or not one.grouped):
            does = (after, lambda: self.t.by_hand(number, start=start))
            self._send(self._on("migrate", number, route=route), meanwhile=[does])

    @rule(seconds=st.sampled_from((30.0, 600.0, 7 * 3600.0, 2 * DAY)))
    def time_passes(self, seconds: float) -> None:
        """Let time pass."""
        with self._seen():
            self.t.world.clock.advance(seconds)
            self._expect(rests.between(self.t))

    # -- everything heals

    def teardown(self) -> None:
        """Let every fault end, resume everything until it rests, and look whether all is well."""
        try:
            if not self.failed and self.t.goals:
                self._heal()
                self._expect(self.before.wrong(self.t))
            counts.update(migrations=len(self.t.migrations()))
            counts.update({looks(number): count for number, count in self.t.invariants.checks.items()})
        finally:
            self._stack.close()

    def _heal(self) -> None:
        self.t.box.faults.clear()
        self.t.world.clock.advance(3 * 3600)
        if self.lost:
            self._adopt_all()
        for _ in range(HEALS):
            under_way = [n for n, m in enumerate(self.t.migrations()) if not _rests(self.t.state(str(m["id"])))]
            for number in under_way:
                self._settle(number)
            if not under_way:
                return

    def _settle(self, number: int) -> None:
        """Resume, or finalize again; where a person is asked for, do what the message says."""
        with suppress(Exception):
            self.t.decide(number, "approved")
        state = self.t.state(str(self.t.migrations()[number]["id"]))
        (came,) = self.t.send([Errand("finalize" if state.finalizing else "resume", number)])
        self._expect(rests.after(self.t, came, []))
        outcome = came.outcome
        if outcome is None or outcome.exit_code != 6:
            return
        offered = {m[0]: m[2] for m in COMMANDS.findall(outcome.message)}
        verb = next((v for v in (self.heals_by, "accept", "rollback") if v in offered), None)
        if verb is not None:
            (came,) = self.t.send([Errand(verb, number, {"discard": "--discard-writes" in offered[verb]})])
            self._expect(rests.after(self.t, came, []))


def _rests(state: State) -> bool:
    """Tell whether nothing is under way; a finalize that has begun is gone on with."""
    return state.end in ENDS and (not state.finalizing or state.end == "finalized")


class _Seen:
    """Counts a step, and remembers that a walk has failed: one that has is not healed."""

    def __init__(self, walk: Walk) -> None:
        self._walk = walk

    def __enter__(self) -> None:
        counts["steps"] += 1

    def __exit__(self, kind: Any, *_: object) -> None:
        self._walk.failed |= kind is not None


def walk(
    number: int, steps: int = 12, examples: int = 10, parts: tuple[str, ...] = tuple(PARTS), *, shrinks: bool = True
) -> list[Tried]:
    """Walk `examples` walks of up to `steps` steps that follow from the seed `number`; one that fails is made short and told.

    The same arguments walk the same walks again. Without `shrinks` a walk that fails is told as it was.
    """
    told: list[str] = []
    machine = type(f"Walk{number}", (Walk,), {"number": number, "parts": parts})
    seed(number)(machine)
    before = counts.copy()
    try:
        with with_reporter(lambda line: told.append(str(line))):
            run_state_machine_as_test(machine, settings=_settings(steps, examples, shrinks=shrinks))
    except Exception as error:  # noqa: BLE001 - whatever a walk came to is what it has found
        last = str(error) if isinstance(error, Wrong) else traceback.format_exc(limit=-8)
        again = f"walk({number}, {steps}, {examples}, {parts!r})"
        notes = [str(note) for note in getattr(error, "__notes__", ())]
        wrong = [last, "\n".join([*told, *notes, f"To walk it again: tests.faults.walks.{again}"])]
        return [Tried("walk", f"seed {number}", "heals", wrong, counts - before)]
    return [Tried("walk", f"seed {number}", "heals", [], counts - before)]


def _settings(steps: int, examples: int, *, shrinks: bool) -> settings:
    return settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        print_blob=True,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink) if shrinks else (Phase.generate,),
    )


def recorded(number: int, steps: int, examples: int, parts: tuple[str, ...]) -> list[tuple[float, str, str]]:
    """Walk, and return every request: when it was sent, its operation, and what it named; probes carry tokens of botocore's."""
    logs: list[Any] = []
    keep = terrain_module.Terrain.__init__

    def keeping(t: Terrain, *given: Any) -> None:
        keep(t, *given)
        logs.append(t.box.log)

    with mock.patch.object(terrain_module.Terrain, "__init__", keeping):
        walk(number, steps, examples, parts, shrinks=False)
    return [(e.at, e.operation, str(e.params)) for log in logs for e in log if not e.params.get("DryRun")]


def every(share: float = 1.0, told: Callable[[str], None] = print) -> list[Tried]:
    """Walk the long form, or a `share` of it; `counts` has the walks, steps and looks."""
    found: list[Tried] = []
    for number in range(1, max(1, round(LONG * share)) + 1):
        found += walk(number, steps=20, examples=25)
        told(f"walks: seed {number}: {dict(counts)}")
        for wrong in found[-1].wrong:
            told(wrong)
    return found


LONG = 40
"""Seeds of the long form."""
