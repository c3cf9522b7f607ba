"""The fault matrix: strike every call of a run with everything that can befall it, and judge how the run ends, and ends after that.

A run is walked once. Directly before each of its requests the process forks; in the fork the fault is put into the sandbox,
the same driver goes on, the fault clears, and what the message says comes next (resume, accept, roll back) is done.
"""

import re
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from functools import cache, partial
from typing import Any
from zlib import crc32

from sealift.aws.gateway import Purpose
from sealift.cli import main
from sealift.clock import EPOCH_OF_TESTS
from sealift.driver import Driver, Outcome
from sealift.errors import Refused
from sealift.events import Event
from sealift.gate import turn_back_at, window_of
from sealift.recipe import DOWN, seconds_back
from sealift.sandbox.faults import Fault
from sealift.step import Phase, Ref, undoing
from sealift.watch import ABSENT_MEANS_GONE
from tests.contract.shapes import SHAPES
from tests.faults.crashes import ACTS, Tried, adopt
from tests.faults.forking import Broken, Forks, guarded
from tests.faults.hands import MEANWHILE, OBJECTS, Meanwhile, Overwrite, overwrite
from tests.faults.judging import (
    Ended,
    Ends,
    Lines,
    at_rest,
    back,
    compared,
    half_way,
    refused,
    same,
    serving,
    under_way,
    undisturbed,
)
from tests.faults.living import live_on
from tests.faults.outages import A_LOOK
from tests.faults.sampling import share_of
from tests.faults.stage import Stage, play
from tests.faults.tapped import Sent

LATE = 3700.0
"""Seconds by which a state is late that never comes: longer than any deadline while a workload is down.

Some go through three: a database that gets another name is being modified, renamed and then rebooted. Each of them is late.
"""

NEVER_COMES, FAILS = "a state that never comes", "its failed state"

WINDOW = 3 * 86_400.0
"""Seconds from the plan to the end of a window, where one is set: a run at rest at once does not need them."""

COMMAND = re.compile(
    rf"\bsealift (?:{'|'.join(main.commands)})\b(?: [a-z]+-[0-9a-f]+)?|"
    r"\baws [a-z0-9-]+ [a-z][a-z-]+[^;)]*?(?=;|\)|\. |$)|By hand, in this order: (?!sealift |aws )[^;]*[a-z]"
)
"""What a person may do: a command, or, where it is inside a database, a step in words."""


def commands(message: str) -> set[str]:
    """Return the commands that a message names, each once: of sealift those that it has, whatever else is said of sealift."""
    return set(COMMAND.findall(message))


STEP: ContextVar[str] = ContextVar("step", default="")
"""The step that this lane is at: a read is sent before its intent row, or after it."""

Took = Callable[[], bool]
"""Tells, once the run has ended, whether it took hold: a fate befalls only what is on its way, and AWS may refuse a deed."""

Put = Callable[[Stage, Sent], Took]


# -- what can befall a call ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Bad:
    """Something that goes wrong: how it is put in directly before a request leaves, whom it can befall, and what it excuses."""

    name: str
    befalls: Callable[[Sent, Purpose], bool]
    put: Put
    waits: float = 0.0
    """Seconds of down time that it accounts for by itself, besides the retry delays that are really taken."""
    after: bool = False
    """Put in when the request has been answered, not before."""
    in_a_window: bool = False
    fate: bool = False
    """It befalls what a request sets going, which not every one does."""


def _changes(sent: Sent, purpose: Purpose) -> bool:
    return purpose is Purpose.MUTATE


def _any(sent: Sent, purpose: Purpose) -> bool:
    return True


def _service(sent: Sent) -> str:
    return sent.operation.split(":", 1)[0]


def _add(stage: Stage, *faults: Fault) -> Took:
    stage.box.faults.add(*faults)
    return lambda: any(fault.took_hold for fault in faults)


def _fault(**about: Any) -> Put:
    return lambda stage, sent: _add(stage, Fault(operation=sent.operation, **about))


def _throttled(times: int | None) -> Put:
    codes = {"ec2": "RequestLimitExceeded", "rds": "Throttling", "autoscaling": "Throttling", "s3": "SlowDown"}
    return lambda stage, sent: _fault(
        code=codes.get(_service(sent), "ThrottlingException"), times=times, message="Rate exceeded"
    )(stage, sent)


def _denied(stage: Stage, sent: Sent) -> Took:
    code = "UnauthorizedOperation" if _service(sent) == "ec2" else "AccessDenied"
    return _fault(code=code, status=403, times=None)(stage, sent)


def _expired(stage: Stage, sent: Sent) -> Took:
    """From now on nothing is let in: credentials expire for all calls at once."""
    return _add(
        stage,
        Fault(operation="ec2:*", code="RequestExpired", times=None),
        Fault(operation="*", code="ExpiredToken", status=403, times=None),
    )


ABSENT = {
    "VolumeId": "InvalidVolume.NotFound",
    "SnapshotId": "InvalidSnapshot.NotFound",
    "SourceSnapshotId": "InvalidSnapshot.NotFound",
    "InstanceId": "InvalidInstanceID.NotFound",
    "InstanceIds": "InvalidInstanceID.NotFound",
    "Resources": "InvalidVolume.NotFound",
    "GroupId": "InvalidGroup.NotFound",
    "CapacityReservationId": "InvalidCapacityReservationId.NotFound",
    "DBSnapshotIdentifier": "DBSnapshotNotFound",
    "SourceDBSnapshotIdentifier": "DBSnapshotNotFound",
    "DBClusterSnapshotIdentifier": "DBClusterSnapshotNotFoundFault",
    "SnapshotIdentifier": "DBClusterSnapshotNotFoundFault",
    "DBInstanceIdentifier": "DBInstanceNotFound",
    "DBClusterIdentifier": "DBClusterNotFoundFault",
    "SourceDBInstanceIdentifier": "DBInstanceNotFound",
    "BlueGreenDeploymentIdentifier": "BlueGreenDeploymentNotFoundFault",
    "DBParameterGroupName": "DBParameterGroupNotFound",
    "DBClusterParameterGroupName": "DBParameterGroupNotFound",
    "Bucket": "NoSuchBucket",
}
"""What AWS answers of a parameter that names what it does not see yet (EC2, RDS and S3 API references, Errors)."""

NO_ROOM = {
    "ec2:CopyVolumes": "CopyVolumesLimitExceeded",
    "ec2:CreateVolume": "VolumeLimitExceeded",
    "ec2:CreateSnapshot": "ConcurrentSnapshotLimitExceeded",
    "ec2:CopySnapshot": "ResourceLimitExceeded",
    "ec2:StartInstances": "VcpuLimitExceeded",
    "ec2:CreateCapacityReservation": "InstanceLimitExceeded",
    "ec2:CreateSecurityGroup": "SecurityGroupLimitExceeded",
    "rds:CreateDBSnapshot": "SnapshotQuotaExceeded",
    "rds:CopyDBSnapshot": "SnapshotQuotaExceeded",
    "rds:CreateDBClusterSnapshot": "SnapshotQuotaExceeded",
    "rds:RestoreDBInstanceFromDBSnapshot": "InstanceQuotaExceeded",
    "rds:CreateDBInstance": "InstanceQuotaExceeded",
    "rds:CreateDBInstanceReadReplica": "StorageQuotaExceeded",
    "rds:RestoreDBClusterFromSnapshot": "DBClusterQuotaExceededFault",
    "rds:CreateBlueGreenDeployment": "InstanceQuotaExceeded",
    "rds:CopyDBParameterGroup": "DBParameterGroupQuotaExceeded",
    "rds:CreateDBParameterGroup": "DBParameterGroupQuotaExceeded",
    "rds:CopyDBClusterParameterGroup": "DBParameterGroupQuotaExceeded",
    "rds:CreateDBClusterParameterGroup": "DBParameterGroupQuotaExceeded",
}
"""Which quota each operation can meet (API references, Errors)."""

NO_HARDWARE = {
    "ec2:StartInstances": "InsufficientInstanceCapacity",
    "ec2:CreateCapacityReservation": "InsufficientInstanceCapacity",
    "ec2:CreateVolume": "InsufficientVolumeCapacity",
    "ec2:CopyVolumes": "InsufficientVolumeCapacity",
    "rds:RestoreDBInstanceFromDBSnapshot": "InsufficientDBInstanceCapacity",
    "rds:CreateDBInstance": "InsufficientDBInstanceCapacity",
    "rds:CreateDBInstanceReadReplica": "InsufficientDBInstanceCapacity",
    "rds:ModifyDBInstance": "InsufficientDBInstanceCapacity",
    "rds:RestoreDBClusterFromSnapshot": "InsufficientDBClusterCapacityFault",
}
"""Which operations need hardware that AWS may not have just now."""


def _coded(codes: Mapping[str, str]) -> Callable[[Sent, Purpose], bool]:
    return lambda sent, purpose: purpose is Purpose.MUTATE and sent.operation in codes


def _absent(sent: Sent) -> str | None:
    if sent.operation == "s3:GetObject":
        return "NoSuchKey"
    return next((code for name, code in ABSENT.items() if sent.params.get(name)), None)


def _names_one(sent: Sent, purpose: Purpose) -> bool:
    return _any(sent, purpose) and _absent(sent) is not None


def _sets_going(sent: Sent, purpose: Purpose) -> bool:
    quick = ("Tags", "TagsToResource", "TagsFromResource", "Attribute", "Egress", "Ingress", "SecurityGroup", "Object")
    return _changes(sent, purpose) and not sent.operation.endswith(quick)


def _can_fail(sent: Sent, purpose: Purpose) -> bool:
    """Tell whether what it sets going has a failed state: what is made, and an instance that starts (`sandbox.fates.fail`)."""
    makes = sent.operation.split(":")[1].startswith(("Create", "Copy", "Restore", "Start"))
    return _sets_going(sent, purpose) and makes and not sent.operation.endswith("ParameterGroup")


def _is_over(stage: Stage, sent: Sent) -> Took:
    """Let the turn-back time of the window pass at this moment."""
    late = turn_back_at(window_of(stage.plan.options), seconds_back(stage.plan.steps))
    stage.world.clock.advance(max(0.0, (late or 0.0) + 1 - stage.world.clock.now()))
    return lambda: True


def _overwritten(stage: Stage, sent: Sent, how: Overwrite | None) -> Took:
    overwrite(sent, how)
    return lambda: True


def _somebody(stage: Stage, sent: Sent, how: Meanwhile) -> Took:
    did = how.act(stage, sent)
    return lambda: did


def _in_the_cut(sent: Sent, purpose: Purpose) -> bool:
    return _changes(sent, purpose) and bool(sent.step)


BAD = {
    b.name: b
    for b in (
        Bad("throttled for a while", _any, _throttled(3)),
        Bad("throttled for ever", _any, _throttled(None)),
        Bad("500", _any, _fault(code="InternalError", status=500, times=2)),
        Bad("time-out with effect", _changes, _fault(after=True, timeout=True)),
        Bad("time-out without", _any, _fault(reset=True, timeout=True, times=2)),
        Bad("connection reset", _any, _fault(reset=True)),
        Bad("access denied", _any, _denied),
        Bad("expired credentials", _any, _expired, waits=float("inf")),  # nobody can bring it up without any
        Bad(
            "not found for a second",
            _names_one,
            lambda stage, sent: _fault(code=_absent(sent) or "")(stage, sent),
        ),
        Bad(
            "a quota refusal",
            _coded(NO_ROOM),
            lambda stage, sent: _fault(code=NO_ROOM[sent.operation], times=None)(stage, sent),
        ),
        Bad(
            "a capacity refusal",
            _coded(NO_HARDWARE),
            lambda stage, sent: _fault(code=NO_HARDWARE[sent.operation], times=None)(stage, sent),
        ),
        Bad(NEVER_COMES, _sets_going, _fault(late_s=LATE), waits=3 * LATE + A_LOOK, fate=True),
        Bad(FAILS, _can_fail, _fault(fails_at=50.0), fate=True),
        Bad("the window's end", _in_the_cut, _is_over, in_a_window=True),
        *(
            Bad(
                m.name,
                lambda s, p, m=m: p is Purpose.MUTATE and s.operation in m.operations,  # type: ignore[misc]
                partial(_somebody, how=m),
                after=True,
            )
            for m in MEANWHILE
        ),
        *(
            Bad(name, lambda sent, purpose: sent.operation == "s3:GetObject", partial(_overwritten, how=how))
            for name, how in OBJECTS.items()
        ),
    )
}
"""Everything that is tried, by name."""


# -- the calls of a run --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Moment:
    """A request of the undisturbed run: the how manieth of its kind, what it is and for what step it is sent."""

    act: str
    step: str
    operation: str
    purpose: Purpose
    turn: int

    def __str__(self) -> str:
        again = f" ({self.turn})" if self.turn else ""
        return f"{self.step or 'before any step'}: {self.purpose} {self.operation}{again}"


Wanted = Callable[[Moment, Bad], bool]

Case = tuple[str, str, str]
"""A shape, a route and an act."""


@dataclass(frozen=True)
class Came:
    """What came of a fault: every end that the run came to, and whether the fault took hold at all.

    `brings_up`: it befell what brings the workload up, which is not turned back half-way.
    """

    ends: list[Ended]
    took: bool
    brings_up: bool = False


@dataclass
class _Walk:
    """A run under way: which of its requests have been seen, and with what this process has been struck."""

    act: str
    wanted: Wanted
    forks: Forks
    seen: dict[Moment, list[str]] = field(default_factory=dict)
    struck: list[tuple[Moment, Bad]] = field(default_factory=list)
    latest: dict[tuple[str, str], tuple[Moment, int]] = field(default_factory=dict)  # and what was charged before it
    answered: set[Moment] = field(default_factory=set)
    set_going: set[Moment] = field(default_factory=set)
    prepared: Lines = field(default_factory=Counter)  # the picture of what waits at the gate
    due: Put | None = None
    took: Took = field(default=lambda: False)  # nothing has been put in yet
    open: bool = False
    shut: bool = False
    turns: dict[tuple[Any, ...], int] = field(default_factory=dict)

    def begins(self, stage: Stage) -> bool:
        """Tell whether the part of the run that is looked at has begun."""
        if not self.open:
            state = stage.world.state(stage.migration) if stage.migration else None
            self.open = not ACTS[self.act].since or bool(state and state.direction == "back")
        return self.open

    def moment(self, stage: Stage, sent: Sent, purpose: Purpose) -> Moment | None:
        """Name a request; None for a read that is like one before it."""
        if self.shut:
            return None
        self.shut = sent.operation == ACTS[self.act].shut
        key = (STEP.get(), sent.operation, purpose)
        turn = self.turns[key] = self.turns.get(key, -1) + 1
        if turn and purpose is not Purpose.MUTATE:
            return None
        moment = Moment(self.act, STEP.get(), sent.operation, purpose, turn)
        self.latest[key[:2]] = moment, len(stage.box.charges)
        return moment

    def done(self, stage: Stage, sent: Sent) -> Moment | None:
        """Name a request that was answered, and note whether it has set something going: that is charged with its time."""
        moment, before = self.latest.get((STEP.get(), sent.operation), (None, 0))
        if moment is not None:
            self.answered.add(moment)
            if sent.operation in {charge.operation for charge in stage.box.charges[before:]}:
                self.set_going.add(moment)
        return moment

    def able(self) -> dict[Moment, list[str]]:
        """Return the requests that were seen, each with what can befall it: a deed what was answered, a fate what is on its way."""

        def can(moment: Moment, bad: Bad) -> bool:
            return moment in self.set_going if bad.fate else moment in self.answered or not bad.after

        return {m: [n for n in names if can(m, BAD[n])] for m, names in self.seen.items()}


FORWARD = ("forward", "kept in S3")
ADOPTED = "adopted from S3"


def _at(event: Event) -> None:
    if event.name == "step-started":
        STEP.set(event.step)


def _tapped(stage: Stage, walk: _Walk) -> Driver:
    def at_gate(event: Event) -> None:
        if event.name == "gate" and event.data.get("opened") and _windowed(stage):
            walk.prepared = walk.prepared or stage.eyes.lines(stage.look())

    driver = stage.driver(listeners=[_at, at_gate])
    tap = stage.taps[-1]

    def asked(sent: Sent, purpose: Purpose) -> None:
        if walk.struck:
            return
        stage._name()
        moment = walk.moment(stage, sent, purpose) if walk.begins(stage) else None
        if moment is None:
            return
        befallen = [b for b in BAD.values() if b.befalls(sent, purpose) and b.in_a_window == _windowed(stage)]
        walk.seen[moment] = [b.name for b in befallen if not b.in_a_window or _down(stage, sent)]
        for bad in [b for b in befallen if b.name in walk.seen[moment] and walk.wanted(moment, b)]:
            copy = stage.copy_of_the_journal()
            if walk.forks.fork((moment, bad.name)):
                walk.struck.append((moment, bad))
                with guarded():
                    live_on(stage, copy)
                    stage.invariants.excused += _undone(stage, sent) + A_LOOK if bad.after else bad.waits
                    stage.invariants.people_act = bad.after
                    if bad.after:
                        walk.due = bad.put
                    else:
                        began = stage.box.now()
                        walk.took = bad.put(stage, sent)
                        stage.invariants.waited(began, stage.box.now())
                return

    def done(sent: Sent, reply: Mapping[str, Any]) -> None:
        moment = walk.done(stage, sent)
        if walk.due is not None and walk.struck[0][0] == moment:
            due, walk.due = walk.due, None
            with stage.somebody_acts():
                walk.took = due(stage, Sent(sent.driver, sent.operation, {**sent.params, "reply": reply}, *_rest(sent)))

    tap.asked, tap.done = asked, done
    return driver


def _rest(sent: Sent) -> tuple[str, str, int]:
    return sent.migration, sent.step, sent.token


def _undone(stage: Stage, sent: Sent) -> float:
    """Return how long a step waits for what somebody has deleted or taken back: until it is believed gone, or to its deadline."""
    steps = (s for made in stage.plan.steps for s in (made, *undoing(made), *undoing(made, brought_up=True)))
    step = next((s for s in steps if s.key == sent.step), None)
    watch = step.ready({name: Ref(step.key, name) for name in step.outputs}) if step else None
    return max(ABSENT_MEANS_GONE, (watch.deadline if watch else None) or 0.0)


def _windowed(stage: Stage) -> bool:
    return stage.plan.options.window_end is not None


def _down(stage: Stage, sent: Sent) -> bool:
    return _phase(stage, sent.step) in DOWN


def _phase(stage: Stage, key: str) -> Phase | None:
    return next((s.phase for s in stage.plan.steps if s.key == key), None)


# -- the walk ------------------------------------------------------------------------------------------------------------


@cache
def moments(shape: str, route: str, act: str = "forward", **options: Any) -> dict[Moment, list[str]]:
    """Walk a run and return its requests, each with what can befall it."""
    looking = partial(_strike, act=act, wanted=lambda moment, bad: False, at_once=1)
    found, _ = play(shape, route, looking, **{**ACTS[act].options, **options})
    return found  # type: ignore[no-any-return]


def strike(
    shape: str, route: str, wanted: Wanted, act: str = "forward", *, at_once: int = 1, **options: Any
) -> list[Tried]:
    """Walk a run, and strike each of its requests with all that can befall it and is wanted."""
    striking = partial(_strike, act=act, wanted=wanted, at_once=at_once)
    _, tried = play(shape, route, striking, **{**ACTS[act].options, **options})
    return tried  # type: ignore[no-any-return]


async def _strike(stage: Stage, act: str, wanted: Wanted, at_once: int) -> tuple[dict[Moment, list[str]], list[Tried]]:
    walk = _Walk(act, wanted, Forks(at_once))
    outcome = await ACTS[act].play(stage, lambda: _tapped(stage, walk))
    if walk.struck:
        brings_up = _phase(stage, walk.struck[0][0].step) is Phase.BRING_UP
        walk.forks.tell(Came(await _mended_until_over(walk, stage, outcome), walk.took(), brings_up))
    ends = stage.ends(outcome)
    tried = [Tried(act, "", "", undisturbed(ends, ACTS[act].code), ends.undisturbed.checks)]
    for (moment, name), came in walk.forks.join().items():
        if isinstance(came, Broken):
            tried.append(Tried(act, str(moment), name, [came.why]))
            continue
        bad = BAD[name]
        wrong = (
            _after_the_window(came, ends, walk.prepared)
            if bad.in_a_window
            else judged(act, bad, came.ends, ends, moment.operation)
        )
        tried.append(Tried(act, str(moment), name, wrong, came.ends[-1].checks, done=came.took))
    return walk.able(), tried


async def _mended_until_over(walk: _Walk, stage: Stage, outcome: Outcome | None) -> list[Ended]:
    """Go on, in this fork, until it is over; return every end that it came to."""
    ((moment, bad),) = walk.struck
    stage.box.faults.clear()
    stage.world.clock.advance(LATE if bad.name == NEVER_COMES else 0)  # late as it is, it comes
    ends = [stage.end(outcome)]
    if bad.in_a_window:
        return [*ends, *[stage.end(o) async for o in _another_window(stage, outcome)]]
    for _ in range(4):
        if _over(walk.act, ends[-1]):
            break
        ends.append(stage.end(await _mended(walk.act, bad, moment, stage, ends[-1])))
    return ends


def _over(act: str, ended: Ended) -> bool:
    if act in FORWARD:
        return ended.code == 0
    return ended.code == 0 or (ended.code == ACTS[act].code and ACTS[act].code != 0)


async def _another_window(stage: Stage, outcome: Outcome | None) -> AsyncIterator[Outcome | None]:
    """Go on as the window's end leaves it. No resume opens a window that is over, and no command moves it: that takes another plan."""
    if outcome is None or outcome.exit_code != 5:
        return
    yield await stage.resume()
    yield await stage.rollback()
    options = replace(stage.plan.options, window_end=stage.world.clock.now() + WINDOW)
    target = SHAPES[stage.shape].prefix + stage.plan.target
    (stage.plan,) = await stage.world.act(stage.world.driver.plan([target], options))
    stage.migration = ""
    yield await stage.migrate(stage.driver())


async def _mended(act: str, bad: Bad, moment: Moment, stage: Stage, ended: Ended) -> Outcome | None:
    """Do what the last message says, once the fault has cleared."""
    if act == "finalize":
        return await stage.finalize()
    if act == ADOPTED and not stage.world.driver.journal.migrations():
        lasts = bad.name in OBJECTS
        return await adopt(
            stage, stage.driver(), replace(stage.plan.options, state_url="") if lasts else stage.plan.options
        )
    if "sealift accept" in ended.message:
        if crc32(f"{moment}{bad.name}".encode()) % 2 and "cannot be kept" not in ended.message:
            return await stage.accept()
        return await stage.rollback(discard=True)
    if act == "way back once up" and stage.world.state(stage.migration).direction != "back":
        return await stage.rollback(discard=True)
    return await stage.resume()


# -- the judge -----------------------------------------------------------------------------------------------------------


def judged(act: str, bad: Bad, came: list[Ended], ends: Ends, operation: str = "") -> list[str]:
    """Return what is wrong with how a run ended when it was struck, and with how it ended when the fault had cleared."""
    first, last = came[0], came[-1]
    if bad.after:
        # Whom they have stopped is kept as it is, and said to be: it is not started against them.
        stopped = operation == "ec2:StartInstances" and last.code == 0 and "is 'stop" in last.message
        return last.wrong + [w for e in came for w in _after_somebody(act, e, ends) if not (stopped and e is last)]
    wrong = last.wrong + [f"at once: {w}" for w in _at_once(act, bad, first, ends, operation)]
    if last is not first:
        wrong += [f"then: {w}" for w in at_rest(last, _of_adopting(act, ends))]
    return wrong


def _after_the_window(came: Came, ends: Ends, prepared: Lines) -> list[str]:
    """Return what is wrong with ends of a run whose window passed while its workload was down.

    It was put back (5). The same plan is then prepared, and waits for ever (3); given up, all is as before; in the window of another
    plan it is done. Where the workload was being brought up, it is done at once.
    """
    wrong = came.ends[-1].wrong
    if came.brings_up and came.ends[0].code == 0:
        return wrong + same(came.ends[0], ends)
    codes = [e.code for e in came.ends]
    if codes != [5, 3, 0, 0]:
        return [*wrong, f"it ended with {codes}, not 5, then 3, 0 and 0: {[e.message[:300] for e in came.ends]}"]
    first, waits, given_up, last = came.ends
    waits = replace(waits, picture=_of_any_attempt(waits.picture), named=_of_any_attempt(waits.named))
    return [
        *wrong,
        *(f"at once: {w}" for w in back(first, ends)),
        *(f"at the gate: {w}" for w in compared(waits, _of_any_attempt(prepared), "what prepare leaves")),
        *(f"given up: {w}" for w in back(given_up, ends)),
        *(f"in another window: {w}" for w in at_rest(last, ends)),
    ]


def _of_any_attempt(picture: Lines) -> Lines:
    """Return a picture in which what is numbered by attempts, as runbooks are, is like that of another attempt."""
    found: Lines = Counter()
    for line, number in picture.items():
        found[re.sub(r"(sealift-watchdog-<made>)-\d+", r"\1", line)] += number
    return found


def _of_adopting(act: str, ends: Ends) -> Ends:
    """Return how adopting may end: what there was as it began is no migration that is done."""
    return replace(ends, retained=ends.undisturbed.picture) if act == ADOPTED else ends


def _at_once(act: str, bad: Bad, ended: Ended, ends: Ends, operation: str) -> list[str]:
    if ended.code == ACTS[act].code:
        # What is adopted without all that can be read goes back where it might have gone on: either is right.
        return at_rest(ended, _of_adopting(act, ends)) if act == ADOPTED else same(ended, ends)
    match ended.code:
        case 5 if act in (*FORWARD, ADOPTED):
            return back(ended, ends)
        case 1 | 2 | 4 if act == ADOPTED:  # nothing was adopted, and what is in S3 the tags tell as well
            asked = operation == "s3:GetObject" and bad.name != "expired credentials"
            same_still = compared(ended, ends.retained, "where it began")
            if ended.code == Refused.exit_code and ended.rested == "rolled-back":  # adopted, and refused at its gate
                same_still = refused(ended, ends.before)
            return [*same_still, *(_names("without --state", ended) if asked else ())]
        case 1 | 4 if act == "finalize":  # nothing is down: finalize is run again, and goes on where it was
            return half_way(ended, ends.retained, ends.undisturbed.picture)
        case 4:
            return refused(ended, ends.before if act in FORWARD else ends.retained)
        case 130:
            return [] if "sealift " in ended.message else [f"it names no command: {ended.message[:300]}"]
        case 6:
            return _two_commands(ended)
    return [f"it ended with {ended.code}: {ended.message[:300]}"]


def _names(command: str, ended: Ended) -> list[str]:
    return [] if command in ended.message else [f"it does not name {command}: {ended.message[:300]}"]


def _two_commands(ended: Ended) -> list[str]:
    return [] if len(commands(ended.message)) >= 2 else [f"it names fewer than two commands: {ended.message[:400]}"]


def _after_somebody(act: str, ended: Ended, ends: Ends) -> list[str]:
    """What somebody has deleted or changed may stay so (`Ended.touched`); the rest is as one of the ends of a run leaves it.

    At rest it is compared with that end, resource by resource; on the way with what stays from the begin to the end of the act.
    """
    start, end = (ends.before if act in (*FORWARD, "way back") else ends.retained), ends.undisturbed.picture
    if ended.code == 6:
        return [*_two_commands(ended), *(half_way if act == "finalize" else under_way)(ended, start, end)]
    serve, served = serving(ended.picture), serving(ends.before)
    well = (0, 3, 4, 5, 130, *((1,) if act == "finalize" else ()))  # which goes on where it was
    if ended.code not in well or serve < served:
        return [f"it ended with {ended.code}, and {serve} serve of {served}: {ended.message[:400]}"]
    if ended.code in (0, 5) and (ended.rested != "retained" or ends.retained):
        return at_rest(ended, ends)
    if ended.code == 4 and act != "finalize":
        return refused(ended, start)
    return (half_way if act == "finalize" else under_way)(ended, start, end)


# -- what the long and the short form ask for ------------------------------------------------------------------------------


def striking(act: str, *, window: bool = False, of: str = "") -> Callable[[str, str, float, int], list[Tried]]:
    """Return what tries a share of the matrix on a shape by a route: each request of an act (`of` a service alone), with each fault."""

    def every(shape: str, route: str, share: float, at_once: int) -> list[Tried]:
        options = {"window_end": in_three_days()} if window else {}
        share_wanted = share_of(share, shape, route, act)
        wanted: Wanted = lambda moment, bad: moment.operation.startswith(of) and share_wanted(moment, bad)  # noqa: E731
        return strike(shape, route, wanted, act, at_once=at_once, **options)

    return every


def in_three_days() -> float:
    """Return the end of a window that is far enough away."""
    return EPOCH_OF_TESTS + WINDOW


def rotating(cases: Sequence[Case], **options: Any) -> dict[Case, dict[str, Moment]]:
    """Deal everything that can go wrong out over runs: each befalls one request of a run on which it can, each another one.

    Which one is derived from the names of its shape and route, and is the same in every run.
    """
    there = {case: moments(*case, **options) for case in cases}
    dealt: dict[Case, dict[str, Moment]] = {case: {} for case in cases}
    for number, name in enumerate(BAD):
        able = [case for case in cases if any(name in names for names in there[case].values())]
        if able:
            shape, route, _ = case = able[number % len(able)]
            found = [moment for moment, names in there[case].items() if name in names]
            dealt[case][name] = found[(crc32(f"{shape}/{route}".encode()) + 7 * number) % len(found)]
    return dealt


def dealt(shape: str, route: str, act: str, number: int, one_in: int = 25) -> Wanted:
    """Return a choice that is made as a run is walked: of all that can befall its requests one in so many is drawn, by its name,
    until that are `number` faults. Unlike `rotating` it needs no look at the run before.
    """
    drawn: set[str] = set()

    def wanted(moment: Moment, bad: Bad) -> bool:
        if len(drawn) == number or bad.name in drawn:
            return False
        if crc32(f"{shape}/{route}/{act}/{moment}/{bad.name}".encode()) % one_in:
            return False
        drawn.add(bad.name)
        return True

    return wanted
