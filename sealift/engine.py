"""The engine walks a recipe forward, turns where it must, and walks the way back; kill it anywhere and call it again.

Only the engine calls AWS. Prefect, or a plain loop, is a *runner* handed to it. Nothing here knows a kind.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from random import Random
from typing import Any, Protocol

import structlog

from sealift import gate as gates
from sealift.answers import made_of, reading
from sealift.aws.gateway import CONNECT_TIMEOUT, READ_TIMEOUT, Gateway, Purpose
from sealift.aws.operations import OPERATIONS, Repeat
from sealift.breaker import Breaker, Circuit
from sealift.clock import Clock, side_by_side
from sealift.errors import (
    AskedBack,
    CallError,
    CheckFailed,
    ClockLost,
    CredentialsLost,
    CutVoid,
    Halted,
    JournalError,
    LeaseLost,
    LeftAtGate,
    NeedsPerson,
    Refused,
    Retry,
    SealiftError,
    TurnBack,
    Unexpected,
    WaitFailed,
)
from sealift.events import Event, Listener
from sealift.journal import READERS, WRITERS, Entry, Journal, Row, State, fold
from sealift.pace import ABSENCE_BELIEVED, RETRIES
from sealift.recipe import (
    Block,
    Spans,
    blocks,
    gone_with,
    kept,
    operations_of,
    seconds_back,
    seconds_cutover,
    way_back,
    writers_down,
)
from sealift.render.commands import aws_command
from sealift.step import (
    Call,
    Context,
    Found,
    Guard,
    Output,
    Phase,
    Query,
    Seen,
    Step,
    Switch,
    Watch,
    bind,
    bound,
    refs,
    undoing,
)
from sealift.subjects import SUBJECTS
from sealift.watch import Watcher

REQUEST_LIFE = CONNECT_TIMEOUT + READ_TIMEOUT
"""Seconds: no request of ours is under way for longer."""

CLOCK_SKEW = 300.0
"""Seconds by which AWS's clock and ours may differ when an age is judged."""

POLL_CAPS = {Phase.PREPARE: 60.0, Phase.CONFIRM: 15.0, Phase.CLEAN: 60.0, Phase.FINALIZE: 60.0}
"""Longest seconds between polls where nothing is down; while a workload is down it is 5."""

SAY_SO = 600.0
"""Seconds between two notices that the way back waits for something that does not come."""

LISTENS = 60.0
"""Seconds between two looks at a watchdog whose time has come, while the way back waits for something else."""

STRAY_FOR = 60.0
"""Seconds for which a state that somebody else has made is waited out: a status word may lag behind."""

SHOWN = 4
"""Titles of steps that one message names."""

SERVES, NOT_BACK = "serves", "not-back"
"""Stand, in what is left over, for a replacement that is kept and does not serve, and for an original that nothing puts back."""

LEAVES = (LeaseLost, LeftAtGate, CredentialsLost, JournalError, ClockLost)
"""Errors that end a driver and turn nothing."""

BY_SOMEBODY = "somebody else brought it up there"

BACK = "Put the original back, with the writes since in a snapshot: sealift rollback {} --discard-writes."

_WITHOUT = "sealift rollback {} --discard-writes --without-safety-snapshot"

_DRAW = Random()  # noqa: S311 - jitter of waits


class Attempt(Protocol):
    """One step, to be tried until it is done: a runner calls it, and asks `will_retry` about what it raised."""

    @property
    def step(self) -> Step:
        """The step, as planned."""
        ...

    async def __call__(self) -> None:
        """Try once; a delay owed to the last failure is waited first, on our clock."""
        ...

    def will_retry(self, error: BaseException) -> bool:
        """Say whether to call again."""
        ...


Runner = Callable[[Step, Attempt], Awaitable[None]]


async def local_runner(_: Step, attempt: Attempt) -> None:
    """Run a step in a plain loop."""
    while True:
        try:
            return await attempt()
        except Exception as error:
            if not attempt.will_retry(error):
                raise


LocalOperation = Callable[["Engine", Mapping[str, Any]], Awaitable[Output]]


@dataclass(frozen=True)
class Gone:
    """What of a replacement is gone, and so why it cannot be kept: `why` is empty where nothing is. `lost`: nor can all of the original be
    put back, and all that can be done is to give it up; `parts`: the lanes for which that is so; `ended`: it is so for all of it.
    """

    why: str = ""
    lost: bool = False
    parts: tuple[str, ...] = ()
    ended: bool = False

    def instead(self, migration: str) -> str:
        """Return what a person is told in place of how to keep it; empty where it can be kept."""
        if self.lost:
            whole = "" if self.ended else " as a whole"
            said = f"It can neither be kept nor put back{whole}: {self.why}."
            return f"{said} Give it up for good: sealift accept {migration}."
        return f"It cannot be kept: {self.why}." if self.why else ""


@dataclass
class Work:
    """What an engine is given for one migration; `readers`: while which of its steps who reads from replicas gets nothing."""

    migration: str
    target: str
    steps: tuple[Step, ...]
    readers: Spans = ()
    window: gates.Window = field(default_factory=gates.Window)
    no_wait: bool = False
    wait_for_window: bool = True


class Engine:
    """Drives one migration; see the module."""

    def __init__(
        self,
        work: Work,
        *,
        journal: Journal,
        gateway: Gateway,
        watcher: Watcher,
        token: int,
        runner: Runner = local_runner,
        local: Mapping[str, LocalOperation] | None = None,
        guard: Callable[[], None] | None = None,
        listeners: Sequence[Listener] = (),
        at_gate: Callable[[], Awaitable[None]] | None = None,
        circuit: Circuit | None = None,
        offer: Callable[[State], Awaitable[str]] | None = None,
        gone: Callable[[State], Awaitable[Gone]] | None = None,
    ) -> None:
        """`offer` says what puts the original back after bring-up, or why nothing does just now; `gone` what cannot be kept."""
        self.work, self.journal, self.gateway, self.watcher = work, journal, gateway, watcher
        self.token, self.runner, self.guard = token, runner, guard
        self._local, self._listeners, self._at_gate = dict(local or {}), tuple(listeners), at_gate
        self._offer, self._gone = offer, gone
        self.circuit = circuit or Breaker().circuit(work.migration, work.target)
        self.state = journal.state(work.migration)
        self._halted = False
        self._asked = ""  # to go back: why
        self._listen_at, self._ask_guard_at = 0.0, 0.0  # for the watchdog: on the instance, and of its own status
        self.left = False  # a row says that its driver leaves it
        self._idle: set[asyncio.Task[Any] | None] = set()  # tasks that only wait
        self._naps: set[asyncio.Task[None]] = set()  # on the clock: what they wait in
        self.cutover, self.back = seconds_cutover(work.steps), seconds_back(work.steps)
        self._spans = {WRITERS: writers_down(work.steps), READERS: work.readers}
        self._within = {
            who: [frozenset(s.key for s in span.of(work.steps)) for span in spans] for who, spans in self._spans.items()
        }

    @property
    def clock(self) -> Clock:
        """The clock that everything waits on."""
        return self.gateway.clock

    # -- the journal, and what it says

    def refresh(self) -> State:
        """Read the rows again: approvals and refusals are written by others."""
        self.state = fold(self.work.migration, self.journal.entries(self.work.migration))
        return self.state

    def note(self, what: str, **data: Any) -> int:
        """Add a row about the migration as a whole."""
        number = self.journal.note(self.work.migration, what, data, attempt=self.state.attempt, token=self.token)
        self._fold(number, None, what, data)
        return number

    def _row(self, step: str, what: str, data: Mapping[str, Any] | None = None) -> None:
        number = self.journal.row(self.work.migration, self.state.attempt, step, what, data, token=self.token)
        self._fold(number, step, what, data or {})

    def _fold(self, number: int, step: str | None, what: str, data: Mapping[str, Any]) -> None:
        self.state.add(
            Entry(number, self.work.migration, self.state.attempt, step, what, self.clock.now(), self.token, data)
        )

    def emit(self, name: str, step: Step | None = None, **data: Any) -> None:
        """Tell the listeners."""
        event = Event(
            name,
            self.work.migration,
            self.work.target,
            self.gateway.account_id,
            self.gateway.region,
            self.clock.now(),
            phase=step.phase.value if step else "",
            step=step.key if step else "",
            title=step.title() if step else "",
            resource=step.resource() if step else self.work.target,
            data=data,
        )
        for listener in self._listeners:
            try:
                listener(event)
            except Exception as error:  # noqa: BLE001 - whoever watches must not disturb a migration: a terminal may be gone
                with contextlib.suppress(Exception):
                    structlog.get_logger().warning("listener-failed", error=f"{type(error).__name__}: {error}")

    @property
    def down(self) -> bool:
        """Whether service has to come back before anything else counts: a cut is open, or a way back has fenced what served."""
        fenced = self.state.direction == "back" and self.state.down_since() is not None
        return self.state.in_cut or fenced

    @property
    def begun(self) -> bool:
        """Whether the cutover has begun and service is not as it should be yet: a hook may have quiesced the workload before its stop."""
        rows = self.state.rows
        stands = any(s.phase is Phase.CUTOVER and rows.get(s.key, Row("void")).state != "void" for s in self.work.steps)
        return stands and self.state.brought_up is None and self.state.back_up is None

    # -- what a person says while it works

    @property
    def turns(self) -> bool:
        """Whether it goes back when it is asked: no workload runs on the replacement, or is being started there."""
        state = self.state
        starts = any(s.phase is Phase.BRING_UP and s.key in state.rows for s in self.work.steps)
        return state.direction == "forward" and state.brought_up is None and not starts

    def ask_back(self, why: str) -> None:
        """Go back as `rollback` does, once every lane has come to a row; too late at bring-up, which is then told. Who only
        waits is woken at once.
        """
        self._asked = why
        if self.turns:
            for nap in self._naps:
                nap.cancel()

    def _turn_back_if_asked(self, step: Step | None = None) -> None:
        if self._asked and self.turns:
            raise AskedBack(self._asked, step=step.key if step else None, resource=self.work.target)

    async def idle(self, seconds: float, step: Step | None = None) -> None:
        """Wait where nothing is under way that cannot be left: a driver may leave, or turn, there."""
        self._turn_back_if_asked(step)
        waiting, nap = asyncio.current_task(), asyncio.ensure_future(self.clock.sleep(seconds))
        self._idle.add(waiting)
        self._naps.add(nap)
        try:
            await asyncio.wait({nap})
        finally:
            self._idle.discard(waiting)
            self._naps.discard(nap)
            if not nap.done():  # on our clock it has to have ended before anybody goes on
                nap.cancel()
                await asyncio.wait({nap})
        self._turn_back_if_asked(step)
        if not nap.cancelled():
            nap.result()

    # -- who gets nothing, and until when

    def _goes_down(self, step: Step) -> None:
        """Write down, before a step is tried, who gets nothing from it on."""
        for who in self._spans:
            if self.state.down_since(who) is None and self._takes_off(step, who):
                self._outage("down", who, step)

    def _takes_off(self, step: Step, who: str) -> bool:
        if step.phase is not Phase.RESTORE:
            return any(step.key in keys for keys in self._within[who])
        if self.state.brought_up is None or (who == READERS and not self._spans[READERS]):
            return False  # an instance has no replicas that anybody reads from
        return step.fences or (who == READERS and step.renames)

    def _comes_up(self) -> None:
        """Write down who is served again: all is done of every span that has begun."""
        if self.state.direction == "back":
            return
        done = {key for key, row in self.state.rows.items() if row.state == "done"}
        self._served(who for who in self._spans if (begun := self._begun(who)) and all(keys <= done for keys in begun))

    def _begun(self, who: str) -> list[frozenset[str]]:
        """Return, of each span in which somebody gets nothing and which has begun, the keys of its steps."""
        return [keys for keys in self._within[who] if keys & self.state.rows.keys()]

    def _served(self, whom: Iterable[str], at: float | None = None, **how: Any) -> None:
        for who in list(whom):
            if self.state.down_since(who) is not None:
                self._outage("up", who, at=at, **how)

    def _outage(self, what: str, who: str, step: Step | None = None, at: float | None = None, **how: Any) -> None:
        since, when = self.state.down_since(who), {} if at is None else {"at": at}
        spent = {} if since is None else {"seconds": round((at or self.clock.now()) - since, 1)}
        self.note(what, who=who, **spent, **when, **how)
        self._tell_outages(step)

    def _tell_outages(self, step: Step | None = None, **data: Any) -> None:
        outages = {who: {"before": o.before, "since": o.since} for who, o in self.state.outages.items()}
        self.emit("outage", step, outages=outages, **data)

    def _taken_up_again(self) -> None:
        """Tell whoever watches what was before: since when this attempt runs, and who gets nothing."""
        begun = [e.at for e in self.journal.entries(self.work.migration) if e.what == "attempt"]
        if self.state.rows and self.state.end is None:
            self._tell_outages(began=begun[-1])
        elif self.state.outages:
            self._tell_outages()

    def open_cut(self) -> None:
        """Write down of an adopted migration half-way in its cut who gets nothing; since when is not known."""
        cut = {s.key for s in self.work.steps if s.phase is not Phase.CONFIRM}
        for who, spans in self._spans.items():
            if spans and spans[0].first in cut:
                self._outage("down", who)

    @property
    def leftovers(self) -> list[str]:
        """What could not be done, or stays, of this attempt and its way back."""
        return list(dict.fromkeys(self.state.leftovers))

    def with_left(self, message: str) -> str:
        """Return a message with what is left over."""
        return "; left over: ".join([message, *self.leftovers])

    def context(self) -> Context:
        """Return what a step may know of the run."""
        return Context(self.work.migration, self.state.epoch, self.state.attempt)

    # -- forward

    async def run(self) -> None:
        """Go on in the direction that the journal names, to the end.

        Raises:
            NeedsPerson: nothing more is done without a person.
            SealiftError: what sent the migration back (it has gone back), or left it where it is (see `LEAVES`).

        """
        try:
            await self._run()
        except LEAVES as error:
            raise self._leaving(error) from error

    async def _run(self) -> None:
        self._taken_up_again()
        self._comes_up()
        if self.state.direction == "back":
            going_back = SealiftError(str(self.state.rollback.get("why") or "going back"))
            if not self.state.rollback.get("asked"):
                self.tell_breaker(self.circuit.failed(going_back, cut=True))
            return await self.go_back(going_back)
        try:
            await self._forward()
        except LeftAtGate as left:
            left.message = "; ".join([left.message, *await self._give_back()])
            raise
        except LEAVES:
            raise
        except SealiftError as error:
            error.resource = error.resource or self.work.target
            await self._failed(error)
            if error.exit_code == Refused.exit_code and self.state.quiesced is None:
                error.message = self.with_left(error.message)
                raise
        except Exception as error:  # noqa: BLE001 - whatever it was: service comes back
            await self._failed(Unexpected.of(error, resource=self.work.target))

    async def _forward(self) -> None:
        steps = self.work.steps
        await self.walk([s for s in steps if s.phase is Phase.PREPARE and not s.at_gate])
        if not any(s.quiesces and s.key in self.state.rows for s in steps):
            await self._gate()
            while due := [s for s in steps if s.at_gate and await self._due(s)]:
                await self.walk(due)
                if not await self._gate():  # what was renewed took its time: does the worst case still fit?
                    break
        cut = [s for s in steps if s.phase in (Phase.CUTOVER, Phase.BRING_UP)]
        if self.state.quiesced is None and (paid := [s for s in steps if s.paid]):
            quiesce = next(s.block for s in cut if s.quiesces)
            await self.walk([s for s in cut if s.block < quiesce])
            await self.walk([s for s in paid if await self._due(s)])  # somebody may have ended it since the gate
        await self.walk(cut)
        await self.walk([s for s in steps if s.phase is Phase.CONFIRM])
        await self._carry_over()
        self._end("retained")

    def _end(self, how: str, **data: Any) -> None:
        self._served(self._spans, **({"for_good": False} if how == "given-up" else {}))
        self.note("end", **{"as": how, **data})
        self.emit("end", None, **{"as": how, **data})

    def _leaving(self, error: SealiftError, again: str = "resume") -> SealiftError:
        """Say what a driver that ends leaves behind: a workload that is down, or something that can be resumed; `again` does."""
        if not isinstance(error, CredentialsLost | JournalError | ClockLost) or not self.state.rows:
            return error
        firsts = {CredentialsLost: "Sign in (aws sso login)", ClockLost: "See that the sandbox still runs"}
        first = firsts.get(type(error), "Mend the journal's disk")
        remedy = f"{first}, then: sealift {again} {self.work.migration}"
        if self.down or self.begun or self.state.down_since() is not None:
            down = f"{error.message}; the workload of {self.work.target} is down"
            return NeedsPerson(down, remedy=remedy, **error.about())
        if self.state.down_since(READERS) is not None:
            return NeedsPerson(
                f"{error.message}; who reads from replicas of {self.work.target} gets nothing",
                remedy=remedy,
                **error.about(),
            )
        error.exit_code, error.remedy = 130, remedy
        return error

    async def _due(self, step: Step) -> bool:
        """Tell whether a step is to be done as the gate opens: not yet, or too long ago while the gate was shut, or of something
        that is done anew there.
        """
        row = self.state.rows.get(step.key)
        if row is None or row.output is None:
            return True
        if not any(r.field not in self.state.outputs.get(r.step, {}) for r in refs(step)):
            me = bind(step, self.state.outputs)
            query = me.fresh(row.output)
            if query is None or await self._found(me, query, row) is not None:
                return row.state != "done"  # what was made, but never seen through, ages as well
            if step.paid and row.state == "done":  # no single answer ends what would be paid for beside another
                await self.clock.sleep(ABSENCE_BELIEVED)
                if await self._found(me, query, row) is not None:
                    return False
        await self._take_back(step, row.output)
        return True

    async def _take_back(self, step: Step, out: Output) -> None:
        """Undo what was done at the gate, so that it is done anew."""
        if (undos := undoing(step)) and not out.get("adopted"):
            if step.guards:
                await self.walk(undos)  # or it is not opened: it would act beside the one that follows
            else:
                await self._as_far_as_it_goes([list(undos)])
            for undo in undos:
                self._row(undo.key, "void")  # first: what is made anew has an undo of its own
        if step.paid:
            self._row(step.key, "lost")  # its token stands for what is no more: it is sent again with another
        self._row(step.key, "void")

    async def _give_back(self) -> list[str]:
        """Hold nothing that is paid for while the gate is shut. What cannot be given back, or looked for, is tried again at the
        next look at the gate; return what could not even be looked for.
        """
        unread = []
        for step in (s for s in self.work.steps if s.paid):
            row = self.state.rows.get(step.key)
            if row is not None and row.open:
                try:
                    await self._settle_one(step, row)  # its answer was lost: it may have been made
                except CredentialsLost:
                    raise
                except CallError as error:
                    unread.append(
                        f"whether it did {step.title()}, which is paid for, could not be read: {error.message}"
                    )
                    continue
                row = self.state.rows.get(step.key)
            if row is None or row.output is None:
                continue
            undos = undoing(step)
            await self._as_far_as_it_goes([list(undos)])
            if all(self.state.rows.get(u.key, Row("")).state == "done" for u in undos):
                self._mended({u.key for u in undos})
                await self._take_back(step, row.output)
        return unread

    async def _gate(self) -> bool:
        """Wait until the gate is open; return whether it was shut."""
        shut = False
        while True:
            state = self.refresh()
            if state.refused is not None:
                raise Refused(
                    f"the cutover of {self.work.target} was refused: {state.refused.get('why') or 'no reason given'}"
                )
            self.hold()
            self._turn_back_if_asked()
            verdict = gates.decide(state, self.work.window, self.clock.now(), self.cutover, self.back)
            if verdict.open:
                break
            shut = True
            if self.begun:
                raise TurnBack(
                    f"the cutover of {self.work.target} has begun, and its gate has shut: it waits for {verdict.why}"
                )
            await self._give_back()
            if state.waiting_for != verdict.why:
                self.note("waiting", **{"for": verdict.why, "gate": True})
                self.emit("gate", waiting_for=verdict.why)
            if self.work.no_wait or verdict.over:
                name = self.work.migration
                remedy = f"Then: sealift resume {name}" if state.approved else f"Next: sealift approve {name}"
                if verdict.over:  # a plan's window is part of what was approved
                    remedy = f"Take it back with: sealift rollback {name}. Then make a plan with another window."
                raise LeftAtGate(f"{self.work.target} is prepared and waits for {verdict.why}", remedy=remedy)
            left = 60.0 if verdict.until is None else verdict.until - self.clock.now()
            await self.idle(min(5.0 if verdict.until is None else 60.0, max(0.5, left)))
        if self._at_gate is not None:
            await self._at_gate()
        self.note("gate-open")
        self.emit("gate", opened=True)
        return shut

    def tell_breaker(self, said: str) -> None:
        """Tell whoever watches that others are held from now on."""
        if said:
            self.emit("breaker", text=said)

    def hold(self, *, prepared: bool = True) -> None:
        """Begin no cutover that the breaker of the run holds, nor wait to be prepared for it.

        Raises:
            LeftAtGate: it is held.
            TurnBack: more than a look was done of its cutover, and that is taken back.

        """
        if not (why := self.circuit.holds()):
            return
        target, migration = self.work.target, self.work.migration
        cut = [_bound(s, self.state) for s in self.work.steps if s.phase is Phase.CUTOVER and s.key in self.state.rows]
        if any(s.do(self.context()).operation != "local:Observe" for s in cut):
            raise TurnBack(f"the cutover of {target} was held before it was quiesced: {why}")
        for step in cut:
            self._row(step.key, "void")  # whoever goes on looks again
        self.note("held", why=why, gate=prepared)
        self.emit("held", why=why)
        first = "" if self.state.approved else f"sealift approve {migration}, then "
        raise LeftAtGate(
            f"{target} {'is prepared and was held at its gate' if prepared else 'was held while it was prepared'}: {why}",
            remedy=f"When you know that it would not go the same way: {first}sealift resume {migration}",
        )

    async def walk(self, steps: Sequence[Step]) -> None:
        """Walk blocks in order; the lanes of a block side by side. A lane that fails stops the others from starting
        anything new.
        """
        for block in blocks(steps):

            async def lane(line: list[Step]) -> None:
                for step in line:
                    if self._halted:
                        return
                    try:
                        await self._step(step)
                    except BaseException:
                        # On the way back every lane goes as far as it can: each one restored is one less by hand.
                        self._halted = self.state.direction == "forward"
                        raise

            self._halted = False
            ends = await side_by_side(self.clock, [lane(line) for line in block])
            self._halted = False
            errors = sorted((e for e in ends if isinstance(e, BaseException)), key=_weight)
            if errors:
                raise errors[0]

    async def _step(self, step: Step) -> None:
        row = self.state.rows.get(step.key)
        if row is not None and row.state == "done":
            return
        await self.runner(bind(step, self.state.outputs), _Try(self, step))

    # -- one try

    async def try_once(self, step: Step) -> None:
        """Try a step once, from wherever its row stands."""
        row = self.state.rows.get(step.key)
        if row is not None and row.state == "done":
            return
        self._turn_back_if_late(step)
        if step.phase is Phase.RESTORE:
            await self._stand_aside(at_its_time=True)
        if step.phase is Phase.CUTOVER and self.state.quiesced is None:
            self.hold()
        if step.quiesces and step.phase is Phase.CUTOVER and self.state.quiesced is None:
            self._last_word()
            if not self.state.epoch:  # a driver may have died between the two rows
                self.note("epoch")
            self.note("quiesce", down=step.takes_down)
            self.emit("quiesce", step, down=step.takes_down)
        self._goes_down(step)
        me, ctx = bind(step, self.state.outputs), replace(self.context(), lost=row.lost if row is not None else 0)
        self.emit("step-started", me)
        out = row.output if row is not None else None
        if out is None and (me.looks_first or self._looks_first or (row is not None and row.open)):
            out = await self._look_up(me, ctx, row)
            if out is not None:
                self._row(me.key, "made", out)
        if out is None:
            if me.phase is Phase.BRING_UP and row is not None and (row.open or row.state == "void"):
                await self._refuse_fallen(me)
            out = await self._shielded(me, ctx)
        await self._rest(me, out)

    @property
    def _looks_first(self) -> bool:
        """Whether somebody else may have done what is to be done: a driver whose journal is lost, or the watchdog."""
        return self.state.adopted or (self.state.direction == "back" and self.state.guard is not None)

    async def _refuse_fallen(self, me: Step) -> None:
        """Fail as the driver would have that sent the start and died before it saw it come to nothing."""
        watch = me.ready({})
        if watch is None:
            return
        try:
            await self.watcher.until(replace(_named(watch, me), deadline=-1.0), step=me.key, at_once=True)
        except WaitFailed as error:
            if error.unused and not error.late:  # what has not begun yet was perhaps never sent
                raise

    def _last_word(self) -> None:
        """Read directly before the quiesce whether somebody has refused or postponed since the gate opened; and whether the window
        still lets it begin: a hook, a group and a reservation have taken their time since.
        """
        state = self.refresh()
        if state.refused is not None:
            raise Refused(
                f"the cutover of {self.work.target} was refused: {state.refused.get('why') or 'no reason given'}"
            )
        if state.postponed_until is not None and self.clock.now() < state.postponed_until:
            raise TurnBack(f"the cutover of {self.work.target} was postponed after its gate had opened")
        verdict = gates.fits(self.work.window, self.clock.now(), self.cutover, self.back)
        if not verdict.open:
            raise TurnBack(
                f"the cutover of {self.work.target} had begun, and was not quiesced in time: it waits for {verdict.why}"
            )

    async def _rest(self, me: Step, out: Output) -> None:
        try:
            if watch := me.ready(out):
                cap = POLL_CAPS.get(me.phase, 5.0)
                await self.watcher.until(
                    _named(watch, me),
                    step=me.key,
                    cap=cap,
                    seen=lambda seen: self._waiting(me, seen),
                    pause=lambda seconds: self._between_looks(seconds, me),
                )
        except WaitFailed as error:
            if me.phase in (Phase.RESTORE, Phase.CLEAN, Phase.FINALIZE):
                self._row(
                    me.key, "lost", error.as_row()
                )  # what it had made is of no use: the next try looks, then sends again, under another name
                if me.outputs and out:
                    self._name(me, str(next(iter(out.values()))), f"it came to nothing: {error.message}")
            if me.phase is Phase.BRING_UP and error.unused:
                with contextlib.suppress(CallError):
                    await self._came_to_nothing(me)  # now: a later start is somebody else's
            raise
        if differences := await self._differences(me, me.check(out), Purpose.CHECK):
            raise CheckFailed("; ".join(differences), step=me.key, resource=me.resource())
        if me.phase is Phase.BRING_UP and self.state.brought_up is None:
            self.note("bring-up")  # first: a step that is done is not looked at again
        self._row(me.key, "done")
        self._comes_up()
        if me.phase is Phase.BRING_UP:
            self.emit("bring-up", me, text=stands(self.work.steps))
            if self._asked:
                self.emit(
                    "not-turned", me, why=f"it was brought up before it could. {BACK.format(self.work.migration)}"
                )
        self.emit("step-done", me, output=out)

    async def _between_looks(self, seconds: float, me: Step) -> None:
        await self.idle(seconds, me)
        if why := await self._differences(me, me.vain(), Purpose.POLL):
            raise CutVoid("; ".join(why), step=me.key, resource=me.resource())

    def _waiting(self, me: Step, seen: Seen) -> None:
        if self._halted and not seen.done:
            raise Halted(f"another lane has failed while this one waited for {me.resource()}", step=me.key)
        self._turn_back_if_late(me)
        self.emit("step-waiting", me, state=seen.state, progress=seen.progress)

    async def _shielded(self, me: Step, ctx: Context) -> Output:
        """From the intent row to the made row nothing is cancelled: a call in a thread cannot be taken back."""
        if self.state.direction == "back":
            await self._refuse_if_up(me)
            if needs := me.needs():
                try:
                    await self._half_way(me, needs)
                except _Stray as stray:
                    return await self._or_done(me, ctx, needs, stray)
                await self._refuse_if_up(me)
        await self._untouched(me, ctx)
        task = asyncio.ensure_future(self._perform(me, ctx))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            while not task.done():
                if task in self._idle:
                    task.cancel()
                with contextlib.suppress(asyncio.CancelledError):  # however often it is told
                    await asyncio.wait({task}, timeout=1.0)  # it may have begun to wait since
            raise

    async def _refuse_if_up(self, me: Step) -> None:
        """Stop a way back that asked nobody, if somebody has brought the workload up on a replacement meanwhile."""
        if me.phase is not Phase.RESTORE or self.state.discarded:
            return
        await self._ran_by_hand()  # unless another lane has seen it already
        if self.state.undecided:
            raise await self._in_doubt(SealiftError(BY_SOMEBODY, step=me.key, resource=me.resource()))

    async def _or_done(self, me: Step, ctx: Context, needs: Watch, stray: "_Stray") -> Output:
        """Take what somebody else has done in place of a step that they have made impossible; else it is for a person.

        Raises:
            NeedsPerson: the workload was brought up on a replacement.
            WaitFailed: what the step needs does not come by itself.

        """
        await self._refuse_if_up(me)
        if (out := await self._look_up(me, ctx, None)) is None:
            raise WaitFailed(f"{_named(needs, me)}: {stray}", resource=str(needs.id), step=me.key)
        self._row(me.key, "made", out)
        return out

    async def _half_way(self, me: Step, needs: Watch) -> None:
        """Wait for what the way back finds half-way, as long as it takes, and say so: only this brings service back by itself."""
        said = straight = self.clock.now()

        def seen(look: Seen) -> None:
            nonlocal said, straight
            self._waiting(me, look)
            straight = straight if look.stray else self.clock.now()
            if look.stray and self.clock.now() - straight > STRAY_FOR:
                mend = f". By hand: {aws_command(look.mend, self.gateway.region)}" if look.mend else ""
                raise _Stray(f"{look.stray}{mend}")
            if (
                not look.done
                and self.state.guard is None
                and self._guard_acts()
                and self._listen_at <= self.clock.now()
            ):
                raise _ItsTime
            if not look.done and self.clock.now() - said >= SAY_SO:
                said = self.clock.now()
                why = f"{_named(needs, me)} to be {needs.want}: it is '{look.state}'"
                self.note("waiting", **{"for": why})
                self.emit("stuck", me, waiting_for=why)

        while True:
            try:
                await self.watcher.until(_named(needs, me), step=me.key, at_once=True, seen=seen)
            except _ItsTime:
                await self._stand_aside(at_its_time=True)
            else:
                return
            if self.state.guard is not None:
                raise CheckFailed("the watchdog has closed this cut", step=me.key)  # tried again: it looks first

    async def _untouched(self, me: Step, ctx: Context) -> None:
        if me.phase in (Phase.CUTOVER, Phase.BRING_UP) and (spoken := await self._spoken()):
            raise TurnBack("; ".join(spoken), step=me.key, resource=me.resource())
        if differences := await self._differences(me, me.before(ctx), Purpose.SAFETY):
            raise CutVoid("; ".join(differences), step=me.key, resource=me.resource())

    async def _differences(self, me: Step, query: Query | None, purpose: Purpose) -> list[str]:
        return [] if query is None else list(await self.gateway.ask(query, purpose, operations_of(me)))

    async def _perform(self, me: Step, ctx: Context) -> Output:
        self._row(me.key, "intent", {"operation": me.do(ctx).operation, "title": me.title()})
        try:
            out = await self._turn(me, ctx) if me.switch() else await self._send(me, ctx)
        except SealiftError as error:
            self._row(me.key, "failed", error.placed(me.key, me.resource()).as_row())
            raise
        except Exception as error:
            unexpected = Unexpected.of(error, step=me.key, resource=me.resource())
            self._row(me.key, "failed", {**unexpected.as_row(), "ambiguous": True})
            raise unexpected from error
        self._row(me.key, "made", out)
        return out

    async def _send(self, me: Step, ctx: Context) -> Output:
        call = me.do(ctx)
        if call.operation.startswith("local:"):
            return await self._run_here(me, ctx)
        reply = await self.gateway.send(call, operations_of(me), lambda: self._may_leave(me))
        return made_of(reply, call.operation, me.output)

    def _may_leave(self, me: Step) -> None:
        """Ask directly before a request leaves: is the lease held, is the watchdog's time far enough?"""
        if self.guard:
            self.guard()
        self._refuse_late(me)

    async def _turn(self, me: Step, ctx: Context) -> Output:
        """Count in or out of a shared switch, and turn it where that is ours to do."""
        switch = me.switch()
        if switch is None:
            raise AssertionError(f"{me.key} turns no switch")
        if switch.on:
            await self._count_in(me, switch)
            return await self._send(me.turning(switch.items), ctx)
        items = self.journal.switch_off(switch.at(self.gateway.place), self.work.migration, switch.items)
        turned = me.turning(items)
        out: Output = {"shared": True}
        if (left := turned.switch()) is not None and left.items:
            if differences := await self._differences(turned, turned.before(ctx), Purpose.SAFETY):
                raise CutVoid("; ".join(differences), step=me.key, resource=me.resource())
            out = await self._send(turned, ctx)
        self.journal.switched(switch.at(self.gateway.place), self.work.migration)
        return out

    async def _count_in(self, me: Step, switch: Switch) -> None:
        """Count in, let a request that turns the switch back land first, and write down what is not turned yet: that alone
        is turned back. Who counts in turns it always: another may have died between counting in and turning.
        """
        if self.journal.switch_on(switch.at(self.gateway.place), self.work.migration):
            await self.clock.sleep(REQUEST_LIFE)
        if switch.unturned is not None:
            items = await self.gateway.ask(switch.unturned, Purpose.SAFETY, operations_of(me))
            self.journal.owe(switch.at(self.gateway.place), self.work.migration, items)

    async def _run_here(self, me: Step, ctx: Context) -> Output:
        call = me.do(ctx)
        if call.operation == "local:Observe":
            query = me.observe(ctx)
            return {} if query is None else dict(await self.gateway.ask(query, Purpose.CHECK, operations_of(me)))
        with reading(me.title()):
            return me.output(await self._local[call.operation](self, call.params))

    async def _look_up(self, me: Step, ctx: Context, row: Row | None) -> Output | None:
        """Look for what an earlier try left: by tags, and where there is no token by another filter, before absence is
        believed.
        """
        if row is not None and row.open and row.token != self.token:
            await self.clock.sleep(max(0.0, REQUEST_LIFE - (self.clock.now() - row.intent_at)))
        query = me.find(ctx)
        if query is None:
            return None
        if me.looks_first and me.phase is Phase.CLEAN:
            await self._until_listed(me)
        if (out := await self._found(me, query, row)) is not None:
            return out
        operation = OPERATIONS.get(me.do(ctx).operation)
        if row is None or not row.open or operation is None or operation.repeat is not Repeat.LOOKUP:
            return None
        if row.error is not None and not row.error.get("ambiguous"):
            return None  # it was refused: nothing was made
        await self.clock.sleep(max(0.0, ABSENCE_BELIEVED - (self.clock.now() - row.intent_at)))
        for again in (query, me.find_again(ctx)):
            if again is not None and (out := await self._found(me, again, row)) is not None:
                return out
        return None

    async def _until_listed(self, undo: Step) -> None:
        """Wait until what is taken back is described, where nobody has seen it yet: absent now, it would be taken for gone."""
        made = self.state.rows.get(undo.key.removeprefix("undo:"))
        if made is not None and made.output is not None and made.state != "done":
            await self.clock.sleep(max(0.0, ABSENCE_BELIEVED - (self.clock.now() - made.intent_at)))

    async def _found(self, me: Step, query: Query, row: Row | None) -> Output | None:
        found: Found | None = await self.gateway.ask(query, Purpose.FIND, operations_of(me))
        if found is None:
            return None
        if found.max_age is not None:
            young = found.created is not None and self.clock.now() - found.created <= found.max_age
            return found.output if young else None
        if found.created is not None and row is not None and found.created < row.intent_at - CLOCK_SKEW:
            return None
        return found.output

    def _turn_back_if_late(self, step: Step) -> None:
        self._turn_back_if_asked(step)
        self._refuse_late(step)

    def _refuse_late(self, step: Step) -> None:
        if (
            self.state.direction != "forward"
            or step.phase not in (Phase.CUTOVER, Phase.BRING_UP)
            or (
                step.phase is Phase.BRING_UP and step.key in self.state.rows
            )  # once sent it is not turned back half-way
        ):
            return
        late, now = gates.turn_back_at(self.work.window, self.back), self.clock.now()
        about = {"step": step.key, "resource": step.resource()}
        if late is not None and self.down and now > late:
            raise TurnBack(f"the turn-back time of the window has passed before {step.title()}", **about)
        acts = self._standing()
        if acts is not None and now > gates.turn_back_before(acts[1], self.back):
            title = _bound(step, self.state).title()
            raise TurnBack(f"the turn-back time before the watchdog acts has passed before {title}", **about)

    # -- the watchdog

    def _standing(self) -> tuple[Guard, float] | None:
        """Return what stands by, and when it acts, by our clock; None where nothing does."""
        if self.state.brought_up is not None:
            return None
        for step in (s for s in self.work.steps if s.guards):
            row = self.state.rows.get(step.key)
            if row is None or row.output is None or not self.state.stands(step.key):
                continue
            if (guard := _bound(step, self.state).guard(self.context(), row.output)) is not None:
                began = [at for at in (row.intent_at, (row.output.get("Began") or 0.0) - CLOCK_SKEW) if at > 0]
                return guard, min(began, default=0.0) + guard.seconds
        return None

    def _guard_acts(self) -> bool:
        """Whether it may act by now."""
        acts = self._standing()
        return acts is not None and self.clock.now() >= acts[1]

    async def _spoken(self) -> list[str]:
        """Read whether the watchdog has closed this cut."""
        acts = self._standing()
        if acts is None:
            return []
        query = acts[0].spoken
        return list(query.read(await self.gateway.read(query.call, Purpose.SAFETY)))

    async def _stand_aside(self, *, at_its_time: bool = False) -> None:
        """Where the watchdog has spoken, or its time has come: wait until it has ended, and write down what it came to.

        What cannot be read keeps nobody from going back: then what it says on the instance counts, for once it has said
        that all is restored it does nothing but start the originals. Nothing is written down where it has not said that:
        both put back the same sources, and neither starts anything before all of them are in their places.
        """
        acts = self._standing()
        if acts is None or self.state.guard is not None or (at_its_time and not self._guard_acts()):
            return
        guard, self._listen_at = acts[0], self.clock.now() + LISTENS
        with contextlib.suppress(CallError, WaitFailed):
            if not self._guard_acts() and not await self._spoken():
                return
            over = await self._has_ended(guard)
            since = guard.restored.read(await self.gateway.read(guard.restored.call, Purpose.SAFETY))
            if since is None and not over:
                return
            came_to = "it has put the originals back and started them" if since else "it has put nothing back"
            if since == 0:
                came_to = "it has put the originals back, and they do not run"
            self.note("guard", restored=since, came_to=came_to)
            self.emit("guard", restored=since, came_to=came_to)
            if since is not None:
                self._served(self._spans if since else (), at=max(since, self.state.quiesced or 0.0))

    async def _has_ended(self, guard: Guard) -> bool:
        """Wait until the watchdog has ended; False where its status cannot be read, which is asked for again after a while."""
        if self.clock.now() < self._ask_guard_at:
            return False
        try:
            await self.watcher.until(guard.over, step="", cap=15.0, at_once=True)
        except (CallError, WaitFailed):
            self._ask_guard_at = self.clock.now() + SAY_SO
            return False
        return True

    # -- failure and the way back

    async def _failed(self, error: SealiftError) -> None:
        """Before bring-up: go back. After it nothing is put back without a person."""
        asked = self._asked if isinstance(error, AskedBack) else ""
        if not asked:
            self.note("failure", **error.as_row())
            self.tell_breaker(self.circuit.failed(error, cut=self.state.quiesced is not None))
        with self.or_a_person():
            if self.state.brought_up is None:
                await self.settle_bring_up()
            if self.state.brought_up is not None:
                raise await self._in_doubt(error) from error
            await self.go_back(error, why=asked)

    @contextlib.contextmanager
    def or_a_person(self) -> Iterator[None]:
        """Let what ends a way back early, its very first look included, say what state things are in, and what mends it."""
        try:
            yield
        except NeedsPerson:
            raise
        except LEAVES as left:
            raise self._leaving(left) from left
        except SealiftError as stuck:
            raise self._not_put_back(stuck) from stuck

    def _not_put_back(self, stuck: SealiftError) -> NeedsPerson:
        self._end_with_a_person(stuck)
        down = " and is down" if self.down or self.begun else ""
        name = self.work.migration
        return NeedsPerson(
            f"{self.work.target} could not be put back{down}: {stuck.message}",
            **stuck.about(),
            remedy=f"When it is mended: sealift resume {name}, or, to put the original back: sealift rollback {name}",
        )

    async def _in_doubt(self, error: SealiftError) -> NeedsPerson:
        """After bring-up: what keeps the replacement, and what puts the original back, is for a person to type."""
        await self._served_all_the_same()
        if self.state.end != "needs-person":  # another lane may have asked
            self._end_with_a_person(error)
        about = {**error.about(), "rule": error.rule}
        offer = await self._back_offered()
        gone = Gone() if self._gone is None else await self._gone(self.state)
        return await in_doubt(
            self.gateway, self.work.target, self.work.steps, self.state, error.message, offer, gone, **about
        )

    async def _back_offered(self) -> str:
        return BACK.format(self.work.migration) if self._offer is None else await self._offer(self.state)

    def _end_with_a_person(self, error: SealiftError, **how: Any) -> None:
        about = {k: v for k, v in error.about().items() if v is not None}
        self.note("end", **{**about, **how, "as": "needs-person", "why": str(error)})
        self.emit("end", None, **{"as": "needs-person", "why": str(error)})

    async def _served_all_the_same(self) -> None:
        """Write down, as a person is asked, that the replacement serves, if it does and nothing interrupts it just now."""
        state, rows = self.state, self.state.rows
        halves = [(s.lets_in, rows.get(s.key)) for s in self.work.steps if s.interrupts]
        if state.down_since() is None or any(_interrupted(row, kept_down=lets_in) for lets_in, row in halves):
            return
        look = await _look_at(self.gateway, self.work.steps, state)
        if look is not None and look.done and await self._opened():
            writers = frozenset().union(*self._within[WRITERS])
            self._served(who for who in self._spans if all(keys <= writers for keys in self._begun(who)))

    async def _opened(self) -> bool:
        """Look once whether what lets clients in has come about already, where its step has not been reached."""
        for step in (s for s in self.work.steps if s.opens and s.key not in self.state.rows):
            me = bind(step, self.state.outputs)
            if (query := me.observe(self.context())) is None:
                continue
            try:
                out = await self.gateway.ask(query, Purpose.POLL, operations_of(me))
                look = None if (watch := me.ready(out)) is None else await _look_once(self.gateway, watch)
            except CallError:
                return False
            if look is not None and not look.done:
                return False
        return True

    async def settle_bring_up(self) -> None:
        """Settle a start that was sent and of which nothing is known: what ran may have written."""
        await self._stand_aside()
        for step in (s for s in self.work.steps if s.phase is Phase.BRING_UP):
            row = self.state.rows.get(step.key)
            if row is None or row.state in ("void", "done"):
                await self._ran_by_hand()
                continue
            me = bind(step, self.state.outputs)
            out = row.output if row.output is not None else await self._look_up(me, self.context(), row)
            ran = out is not None and await self._ran(me, out)
            if not ran and await self._came_to_nothing(me):
                continue
            if row.output is None:
                self._row(me.key, "made", out or {})
            self.note("bring-up")
            self._row(me.key, "done")

    async def _came_to_nothing(self, me: Step) -> bool:
        """Write down what a start that came to nothing has left; False where somebody else's may have come to something since."""
        left: Output | None = {}
        if (query := me.trace(self.context())) is not None:
            left = await self.gateway.ask(query, Purpose.SAFETY, operations_of(me))
        if left is not None:
            self._row(me.key, "void", left)
        return left is not None

    async def _ran_by_hand(self) -> None:
        """A replacement is attached: has somebody else brought the workload up on it? What ran may have written."""
        if self.state.guard is not None and self.state.guard.get("restored") is not None:
            return  # the watchdog had put every source back before it started anything
        exposed = [s for s in self.work.steps if s.exposes and s.phase is Phase.CUTOVER and self.state.stands(s.key)]
        step = next((s for s in self.work.steps if s.phase is Phase.BRING_UP), None)
        if not exposed or step is None or self.state.brought_up is not None:
            return
        if why := await self._started_since(step):
            self.note("bring-up", by="somebody else", why=why)  # first: whoever dies after this leaves the question
            self._is_up()
            self.emit("bring-up", step, by="somebody else")

    def _is_up(self) -> None:
        """Write the rows of a bring-up that was somebody else's: its undo is a part of the way back."""
        for step in (s for s in self.work.steps if s.phase is Phase.BRING_UP):
            row = self.state.rows.get(step.key)
            if row is None or row.output is None:
                self._row(step.key, "made", {})
                self._row(step.key, "done")

    async def _started_since(self, step: Step) -> str:
        me, ctx = bind(step, self.state.outputs), self.context()
        row = self.state.rows.get(step.key)
        if row is None or row.left:
            me = (
                me if row is None else me.resumed(row.left)
            )  # our own start came to nothing: what counts is a later one
            return "; ".join(await self._differences(me, me.started(ctx), Purpose.SAFETY))
        # A row of an earlier version, which did not write down when ours was: only the state still tells.
        query = me.find(ctx)
        return "it is up" if query is not None and await self._found(me, query, None) is not None else ""

    async def _ran(self, me: Step, out: Output) -> bool:
        """Tell whether a workload may have run: in doubt it has, and a person decides."""
        if watch := me.ready(out):
            try:
                await self.watcher.until(watch, step=me.key, at_once=True)
            except WaitFailed as error:
                return not error.unused
        return True

    async def go_back(self, error: SealiftError, *, salvage: bool = True, why: str = "") -> None:
        """Settle, turn, restore, clean; then close the attempt. `why`: a person has asked for it, after bring-up too.

        Raises:
            NeedsPerson: the original could not be put back, and the message names the commands that would; or somebody
                has brought the workload up on the replacement, and nobody has said what becomes of its writes.

        """
        if self.state.undecided:
            if not why:
                raise await self._in_doubt(SealiftError(self.state.why or BY_SOMEBODY)) from error
            self._is_up()
        await self._stand_aside()
        if self.state.direction != "back":
            await self._settle()
            self.note("direction", why=why or str(error), salvage=salvage, asked=bool(why))
            self.emit("direction", why=why or str(error))
        elif self.state.undecided or (not salvage and self.state.rollback.get("salvage", True)):
            self.note("direction", why=why or str(error), salvage=salvage, asked=bool(why))  # what a person says now
        salvage = bool(self.state.rollback.get("salvage", salvage))
        forward = {s.key for s in self.work.steps}
        made = {k: o for k, o in self.state.outputs.items() if k in forward}
        made |= {s.key: {} for s in self.work.steps if s.key not in made and self._let_go(s)}
        unsaved = self.state.brought_up is not None and await self._without_what_is_gone(made, salvage=salvage)
        while True:
            steps = way_back(self.work.steps, made, brought_up=self.state.brought_up is not None, salvage=salvage)
            steps = self._sparing(steps, made) if unsaved else steps
            restore = [s for s in steps if s.phase is Phase.RESTORE]
            self._ask_anew(restore)
            try:
                await self._put_back(restore)
                break
            except LEAVES as left:
                raise self._leaving(left) from error
            except NeedsPerson:
                raise
            except SealiftError as stuck:
                if (lost := await self._gone_since(made, salvage=salvage)) is None:
                    raise await self._stuck(restore, stuck) from error
                unsaved = unsaved or lost
        self._served(self._spans)
        if self.state.back_up is None:
            self.note("service-back")
        for block in blocks(await self._but_last_copies([s for s in steps if s.phase is Phase.CLEAN], made)):
            await self._as_far_as_it_goes(block)
        if self.state.brought_up is not None and not salvage:
            self._name_kept(made)
        await self._name_what_is_off_again(restore)
        self._mended({NOT_BACK})
        await self._carry_over()
        self.note("attempt-closed")
        self._end("rolled-back", why=str(self.state.rollback.get("why", "")))

    def _let_go(self, step: Step) -> bool:
        """Tell whether a migration at rest was counted out of a switch that it had not turned back: others, or people, may have turned
        it back since, so it is turned once more before the workload goes down.
        """
        switch = step.switch()
        if switch is None or switch.on or step.phase is not Phase.CONFIRM or self.state.brought_up is None:
            return False
        begun = any(undo.key in self.state.rows for undo in undoing(step, brought_up=True))
        return begun or not self.journal.holds(switch.at(self.gateway.place), self.work.migration)

    async def _name_what_is_off_again(self, restore: Sequence[Step]) -> None:
        """Name what somebody has taken off since it was put back: the end, which says that all is as before, is what people read."""
        for step in (s for s in restore if s.exposes):
            me = _bound(step, self.state)
            with contextlib.suppress(CallError):
                if (query := me.find(self.context())) is not None and await self._found(me, query, None) is None:
                    self._name(me, me.resource(), f"{me.title()}: somebody has taken it off again")

    def _sparing(self, steps: Sequence[Step], made: Mapping[str, Output]) -> tuple[Step, ...]:
        """Delete nothing that may hold the last copy of what was written to a replacement that is gone; name it."""
        mirrors = [s for s in self.work.steps if s.mirrors and s.key in made]
        spared = {u.key: u for s in mirrors for u in undoing(s, brought_up=True) if u.phase is Phase.CLEAN}
        for me in (_bound(u, self.state) for u in spared.values()):
            self._name(me, me.resource(), "kept: it may have what was written since bring-up to what is gone")
        return tuple(s for s in steps if s.key not in spared)

    async def _but_last_copies(self, clean: Sequence[Step], made: Mapping[str, Output]) -> list[Step]:
        """Delete no copy of what somebody has deleted meanwhile, nor where that cannot be told: name it. After bring-up the source has
        been looked for before anything was stopped.
        """
        if self.state.brought_up is not None:
            return list(clean)
        spared: set[str] = set()
        for step in (s for s in self.work.steps if s.key in made):
            me, deletes = _bound(step, self.state), {undo.key for undo in undoing(step)}
            undos = [_bound(s, self.state) for s in clean if s.key in deletes]
            if not all(self.state.is_done(s.key) for s in undos) and (why := await self._orphan(me)):
                spared |= deletes
                for undo in undos:
                    self._name(undo, undo.resource(), f"kept: {me.resource()}, of which it is a copy, {why}")
        return [s for s in clean if s.key not in spared]

    async def _orphan(self, me: Step) -> str:
        """Say of a copy why it may be the last of what it was made of; empty where it is not."""
        try:
            for query in me.orphaned():
                if why := await self.gateway.ask(query, Purpose.SAFETY, operations_of(me)):
                    return str(why)
        except LEAVES:
            raise
        except SealiftError as error:
            return f"cannot be told to be there: {error}"
        return ""

    async def _gone_since(self, made: dict[str, Output], *, salvage: bool) -> bool | None:
        """Leave out what somebody has deleted since the way back began, which may be what it is stuck at; return whether any was
        not saved before, None where nothing has gone.
        """
        before, unsaved = set(made), False
        if self.state.brought_up is None:
            return None
        try:
            unsaved = await self._without_what_is_gone(made, salvage=salvage)
        except LEAVES:
            raise
        except SealiftError:
            return None  # what cannot be told is there
        return None if set(made) == before else unsaved

    async def _without_what_is_gone(self, made: dict[str, Output], *, salvage: bool) -> bool:
        """Leave out what somebody has deleted of the replacement: its writes went with it, and are not waited for, nor is it kept;
        nor is what lived with it taken back. Return whether any was not saved before.
        """
        unsaved = False
        for step in [s for s in self.work.steps if s.key in made]:
            if (keeper := step.salvage()) is None or (query := (me := _bound(keeper, self.state)).past()) is None:
                continue
            with contextlib.suppress(CallError):
                if not (gone := await self.gateway.ask(query, Purpose.SAFETY, operations_of(me))):
                    continue
                saved = await self._is_saved(me)
                if departed := me.departed():
                    try:
                        await self._half_way(me, departed)
                    except _Stray:
                        continue  # it stays after all: what was written to it is kept as ever
                for key in gone_with(self.work.steps, step.key) - {step.key}:
                    made.pop(key, None)
                if saved and salvage:
                    continue
                del made[step.key]
                unsaved = unsaved or not saved
                why = "it is gone" if saved else "it is gone, and what was written to it since bring-up with it"
                self._name(me, gone if isinstance(gone, str) else me.resource(), why)
        return unsaved

    async def is_past(self, step: Step, error: SealiftError) -> bool:
        """Tell whether somebody has deleted what a step would keep, where AWS says so of its call too: it is not tried again."""
        me = _bound(step, self.state)
        if getattr(error, "retry", None) is not Retry.EVENTUAL or (query := me.past()) is None:
            return False
        with contextlib.suppress(CallError):
            return bool(await self.gateway.ask(query, Purpose.SAFETY, operations_of(me)))
        return False

    async def _is_saved(self, me: Step) -> bool:
        """Tell whether what keeps writes has kept them: it may have been sent, and its answer lost, before they went."""
        row = self.state.rows.get(me.key, Row(""))
        if row.output is not None or row.state == "done":
            return True
        return row.open and not row.refused and await self._look_up(me, self.context(), row) is not None

    async def _put_back(self, restore: Sequence[Step]) -> None:
        """Walk what restores service; where it fails, once more, if by now what clears its way may be found to be needed."""
        try:
            await self.walk(restore)
        except (*LEAVES, NeedsPerson):
            raise
        except SealiftError:
            if not self._ask_anew(restore):
                raise
            await self.walk(restore)

    def _ask_anew(self, restore: Sequence[Step]) -> bool:
        """Let what is done only in some state be judged again, as long as the step is not done for which it clears the way; return
        whether there is any.

        From the end: what clears the way for such a one is judged again with it.
        """
        anew = False
        for one, after in reversed(list(pairwise(restore))):
            done = {s.key for s in (one, after) if self.state.rows.get(s.key, Row("")).state == "done"}
            if one.conditional and done == {one.key}:
                self._row(one.key, "void")
                anew = True
        return anew

    async def look_for_all(
        self,
        *,
        until_up: bool,
        outputs: Mapping[str, Output] | None = None,
        names: Mapping[str, Output] | None = None,
        never: Collection[str] = (),
    ) -> None:
        """Fill an adopted journal: look for what each step has left. `until_up`: a replacement serves, so all up to
        there is done. `outputs` is known of steps without looking; `names` what those had that are not found any more;
        `never` was not done.
        """
        known, gone = outputs or {}, names or {}
        epoch = 0
        for step in self.work.steps:
            if until_up and step.phase is Phase.CONFIRM:
                if step.key in known:
                    self._row(step.key, "made", known[step.key])
                continue
            if not until_up and self.state.quiesced is None and step.phase is not Phase.PREPARE and not step.marks:
                continue  # the sources serve: a running instance is no start of ours
            if not until_up and step.phase is Phase.CONFIRM:
                break  # nothing was brought up, so nothing was confirmed
            if not until_up and (step.key in never or step.phase is Phase.BRING_UP):
                continue  # nothing was brought up: what looks like it is not ours
            epoch = self.state.epoch if step.quiesces else epoch
            out = known.get(step.key)
            if out is None:
                out = await self._looked_for(step, Context(self.work.migration, epoch, self.state.attempt), until_up)
            if out is None and until_up:
                out = gone.get(step.key)
            if out is None:
                continue
            self._row(step.key, "made", out)
            if until_up:
                self._row(step.key, "done")
        if until_up:
            self.note("bring-up")

    async def _looked_for(self, step: Step, ctx: Context, until_up: bool) -> Output | None:
        try:
            me = bind(step, self.state.outputs)
        except KeyError:
            return {} if until_up else None  # what it names was not found, so it was not done, or it is past
        return await self._seen_done(me, ctx, until_up=until_up)

    async def _seen_done(self, me: Step, ctx: Context, *, until_up: bool) -> Output | None:
        if query := me.observe(ctx):
            return dict(await self.gateway.ask(query, Purpose.FIND, operations_of(me)))
        if me.find(ctx) is not None and not (until_up and me.phase is not Phase.PREPARE and not me.outputs):
            return await self._look_up(me, ctx, None)
        return {} if until_up or self.state.quiesced is not None else None

    async def accept(self) -> None:
        """Keep the replacement: what only asked for its health is passed over, the rest of the confirmation is done.

        What of it cannot be done (a tag that does not fit) is left over and named: the replacement is kept all the same.

        Raises:
            Refused: the way back has taken something off already.

        """
        if self.state.direction == "back":
            await self._refuse_taken_off()
        try:
            await self._accept()
        except LEAVES as error:
            raise self._leaving(error, "accept") from error

    async def _accept(self) -> None:
        self.note("accepted")
        rest = [s for s in self.work.steps if s.phase is not Phase.PREPARE]
        for step in rest:
            done = self.state.rows.get(step.key)
            passed_over = step.asks_health or step.phase is Phase.BRING_UP
            if passed_over and (done is None or done.state != "done"):
                self._row(step.key, "made", {})
                self._row(step.key, "done")
        await self.walk([s for s in rest if s.phase is not Phase.CONFIRM])
        stuck: dict[str, SealiftError] = {}
        for block in blocks([s for s in rest if s.phase is Phase.CONFIRM]):
            await self._as_far_as_it_goes(block, stuck)
        look = await _look_at(self.gateway, self.work.steps, self.state)
        if look is not None and not look.done:
            how = _stands_now(look, self.work.steps)
            self.note("leftover", step=SERVES, resource=self.work.target, why=f"it {how}")
        if self.state.down_since(READERS) is not None:
            self.note(
                "leftover",
                resource=self.work.target,
                why="who reads from its replicas gets nothing until you make them",
            )
        await self._carry_over()
        self._warn_who_turns()
        self._end("retained", accepted=True)

    async def accept_again(self) -> None:
        """Turn back what was left off as a replacement was kept; what is done by now is no longer left over."""
        steps = left_off(self.work.steps, self.state)
        try:
            for block in blocks(steps):
                await self._as_far_as_it_goes(block)
            look = await _look_at(self.gateway, self.work.steps, self.state)
        except LEAVES as error:
            raise self._leaving(error, "accept") from error
        left = {s.key for s in left_off(self.work.steps, self.state)}
        self._mended({s.key for s in steps} - left | ({SERVES} if look is not None and look.done else set()))
        self._warn_who_turns()
        self._end("retained", accepted=True)

    def _warn_who_turns(self, *steps: Step) -> None:
        """Write down, of a switch that is not turned back, for what it must not be by whoever does: a stopped member would be replaced."""
        for step in steps or left_off(self.work.steps, self.state):
            if (switch := step.switch()) is not None and step.harmed:
                self.journal.owe(switch.at(self.gateway.place), self.work.migration, step.harmed)

    def _mended(self, keys: Collection[str]) -> None:
        """Write down what is left over no longer: what these steps were to do is done."""
        named = [e for e in self.journal.entries(self.work.migration) if e.what == "leftover" and e.step is None]
        said = [f"{e.data.get('resource')}: {e.data.get('why')}" for e in named if e.data.get("step") in keys]
        if mended := [line for line in said if line in self.state.leftovers]:
            self.note("mended", left=mended)

    async def give_up(self, gone: Gone) -> None:
        """End it for good where not all of it can be kept, put back or finalized; what it holds of quotas is given back, and
        sources that are left are claimed no longer: another migration of them can be planned. Nothing is deleted.
        """
        try:
            await self._take_back_around_it(gone)
            if self.state.direction == "back" and not gone.ended:
                self._name_what_is_not_back(gone)
            await self._take_claims_off()
            await self._carry_over()
        except LEAVES as error:
            raise self._leaving(error, "accept") from error
        self.journal.release_all(self.work.migration)
        self._end("given-up", why=gone.why)

    def _way_back_of_all(self) -> list[Step]:
        """Return the steps of a way back from all that was made, as the person who asked for it wants it."""
        forward = {s.key for s in self.work.steps}
        made = {k: o for k, o in self.state.outputs.items() if k in forward}
        salvage = bool(self.state.rollback.get("salvage", True))
        return list(way_back(self.work.steps, made, brought_up=self.state.brought_up is not None, salvage=salvage))

    async def _take_back_around_it(self, gone: Gone) -> None:
        """Take back what lives on without the target (`Step.surrounds`), as the way back would, or the confirmation; what waits for
        a target that never comes back is only named.
        """
        going_back = self.state.direction == "back"
        rest = self._way_back_of_all() if going_back else [s for s in self.work.steps if s.phase is Phase.CONFIRM]
        for step in (s for s in rest if s.surrounds and not self.state.is_done(s.key)):
            me = _bound(step, self.state)
            why = "not done, for it is gone"
            if not gone.ended or (watch := me.ready({})) is None or watch.id != self.work.target:
                try:
                    self._refuse_unmade(step)
                    await self._step(step)
                except LEAVES:
                    raise
                except SealiftError as error:
                    why = str(error)
                    self._warn_who_turns(step)
                else:
                    self._mended({step.key})
                    continue
            by_hand = "" if [*refs(me)] else self._by_hand(me)
            self._name(me, me.resource(), f"{me.title()}: {why}{f'. By hand: {by_hand}' if by_hand else ''}")

    def _name_what_is_not_back(self, gone: Gone) -> None:
        """Name the commands that put back what is left of it: nothing of ours does it any more."""
        rest = [s for s in self._way_back_of_all() if s.phase is Phase.RESTORE and not s.surrounds]
        if commands := self._commands_for(rest, gone.parts):
            why = f"not put back. By hand, in this order, what is left of it: {'; '.join(commands)}"
            if f"{self.work.target}: {why}" not in self.state.leftovers:
                self.note("leftover", step=NOT_BACK, resource=self.work.target, why=why)

    async def _take_claims_off(self) -> None:
        claims: list[list[Step]] = []
        for step in (s for s in self.work.steps if s.key in self.state.outputs):
            me, ctx = _bound(step, self.state), self.context()
            if (query := me.claimed(ctx)) is None:
                continue
            try:
                off: Step | None = await self.gateway.ask(query, Purpose.SAFETY, operations_of(me))
            except LEAVES:
                raise
            except SealiftError as error:
                for undo in undoing(me):
                    self._leftover(undo, error)
                continue
            claims += [[off]] if off is not None else []
        await self._as_far_as_it_goes(claims)

    async def _refuse_taken_off(self) -> None:
        """Refuse to keep what is no longer there: all volumes of a target change, or none does."""
        off = taken_off(self.work.steps, self.state)
        for step in (s for s in self.work.steps if s.exposes and s.phase is Phase.CUTOVER and not off):
            me = bind(step, self.state.outputs)
            query = me.find(self.context())
            if query is not None and await self._found(me, query, None) is None:
                off = [me.title()]
        if off:
            raise Refused(
                f"{self.work.target} cannot keep its replacement: no longer so, or not for sure: {'; '.join(off)}",
                resource=self.work.target,
                remedy=await self._back_offered(),
            )

    async def finalize(self, steps: Sequence[Step]) -> None:
        """Walk the steps that end the retention; irreversible."""
        try:
            await self.walk(steps)
        except LEAVES as error:
            raise self._leaving(error, "finalize") from error
        self.journal.release_all(self.work.migration)  # its copies were whole before a source was deleted
        self._end("finalized")

    async def _as_far_as_it_goes(self, block: Block, stuck: dict[str, SealiftError] | None = None) -> None:
        """Delete what was made, or confirm: what cannot be done is a leftover in the report, never a failure.

        `stuck` are the lanes of earlier blocks that came to a halt: what follows in them is left over too, so that no reader
        loses a name for a replica that was never made.
        """
        halted = {} if stuck is None else stuck

        async def line(lane: list[Step]) -> None:
            name = lane[0].lane
            for number, step in enumerate(lane):
                try:
                    if name in halted:
                        raise halted[name]
                    self._refuse_unmade(step)
                    await self._step(step)
                except LEAVES:
                    raise
                except SealiftError as error:
                    if name is not None:
                        halted[name] = error
                    for left in lane[number:]:
                        self._leftover(left, error)
                    return

        for end in await side_by_side(self.clock, [line(lane) for lane in block]):
            if isinstance(end, BaseException):
                raise end

    def _refuse_unmade(self, step: Step) -> None:
        """Refuse a step that names what an earlier one should have made, and has not."""
        unmade = [r.step for r in refs(step) if r.field not in self.state.outputs.get(r.step, {})]
        titles = [_bound(s, self.state).title() for s in self.work.steps if s.key in unmade]
        if unmade:
            raise SealiftError(f"it needs what was not made: {'; '.join(titles or unmade)}", step=step.key)

    def _leftover(self, step: Step, error: SealiftError) -> None:
        me = _bound(step, self.state)
        self._name(me, me.resource(), f"{me.title()}: {error}{self._left_to_do(me, error)}")

    def _left_to_do(self, me: Step, error: SealiftError) -> str:
        """Say what is left for a person to do of a confirmation: no later command of ours does it but another `accept`, of a switch."""
        turns = me.switch() is not None
        if me.phase is not Phase.CONFIRM or [*refs(me)] or not (turns or isinstance(error, CutVoid)):
            return ""
        if not (by_hand := self._by_hand(me)):
            return ""
        if not turns:
            return f". Then by hand: {by_hand}"
        others = self._owed(me)[1]
        last = "at its end" if len(others) == 1 else "when the last of them ends"
        again = f"Then: sealift accept {self.work.migration}"
        first = f"{' and '.join(others)} will turn it back {last}" if others else again
        return f". {first}, or by hand {by_hand}"

    def _owed(self, step: Step) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return what is to be turned back of the switch of a step, and which others hold it."""
        switch = step.switch()
        return (
            ((), ())
            if switch is None
            else self.journal.switch_owed(switch.at(self.gateway.place), self.work.migration, switch.items)
        )

    def _name(self, me: Step, resource: str, why: str) -> None:
        if f"{resource}: {why}" in self.state.leftovers:
            return  # it was said, by whoever tried it before
        self.note("leftover", step=me.key, resource=resource, why=why)
        self.emit("leftover", me, why=why)

    async def _carry_over(self) -> None:
        """Name what earlier attempts have left over and is still there: this one's end is the last that people read.

        What is only set has been set anew since.
        """
        entries = self.journal.entries(self.work.migration)
        earlier = {
            (str(e.data.get("step")), str(e.data.get("resource"))): e
            for e in entries
            if e.what == "leftover" and e.step is None and e.attempt < self.state.attempt
        }
        for (key, resource), left in earlier.items():
            of = int(left.data.get("of") or left.attempt)
            then = fold(self.work.migration, [e for e in entries if e.attempt <= of])
            if await self._still_there(key, then):
                why = str(left.data.get("why")).removesuffix(f" (attempt {of})")
                self.note("leftover", step=key, resource=resource, why=f"{why} (attempt {of})", of=of)
                self.emit("leftover", None, resource=resource, why=f"{why} (attempt {of})")

    async def _still_there(self, key: str, then: State) -> bool:
        """Look for what a step of an earlier attempt made, or its undo could not delete; unreadable, it is."""
        for step in self.work.steps:
            keeper, undos = step.salvage(), undoing(step, brought_up=True)
            about = {keeper.key: undos[:1]} if keeper is not None else {}
            about |= {u.key: (u,) for u in (*undoing(step), *undos)} | {step.key: (step,)}
            for one in about.get(key, ()):
                query = _bound(one, then).find(Context(then.id, then.epoch, then.attempt))
                if query is None:
                    return False
                try:
                    found = await self.gateway.ask(query, Purpose.FIND, operations_of(one))
                except LEAVES:
                    raise
                except SealiftError:
                    return True
                return (found is not None) is (one is step)
        return False

    def _name_kept(self, made: Mapping[str, Output]) -> None:
        for step in kept(self.work.steps, made):
            keeper = step.salvage()
            for one in (keeper,) if keeper is not None else undoing(step):
                me = bind(one, self.state.outputs)
                why = "what is kept lives in it" if keeper is None else "no other place has the writes since bring-up"
                self._name(me, me.resource(), f"kept: {why}")

    async def _stuck(self, restore: Sequence[Step], stuck: SealiftError) -> NeedsPerson:
        look = await _look_at(self.gateway, self.work.steps, self.state)
        why = f"{stuck.message}{_hopeless(look, stuck.message)}"
        gone = Gone() if self._gone is None else await self._gone(self.state)
        self._end_with_a_person(stuck, lost=gone.lost)
        by_hand = f" By hand, in this order: {'; '.join(self._commands_for(restore, gone.parts))}"
        unkept = stuck.step is not None and stuck.step.startswith("safety:")
        without = (
            f" Or keep the replacement itself in its place: {_WITHOUT.format(self.work.migration)}." if unkept else ""
        )
        again = f"When it is mended: sealift resume {self.work.migration}.{without}"
        if gone.lost:
            again, by_hand = gone.instead(self.work.migration), "" if gone.ended else by_hand
        return NeedsPerson(
            f"{self.work.target} could not be put back: {why}", **stuck.about(), remedy=f"{again}{by_hand}"
        )

    def _commands_for(self, restore: Sequence[Step], lost: Collection[str]) -> list[str]:
        """Return the commands that do by hand what is not done of a way back, in their order, but for the lanes that are `lost`. What an
        undo that was not reached would have read is not known yet: it is printed by its place.
        """
        undone = (s for s in restore if not self.state.is_done(s.key) and s.lane not in lost)
        left = [_bound(s, self.state) for s in undone if not s.conditional]
        turned = {switch.name for s in left if (switch := s.switch()) is not None and switch.on}
        commands = [self._by_hand(s, turned_by_hand=(w := s.switch()) is not None and w.name in turned) for s in left]
        return [c for c in commands if c]

    def _by_hand(self, step: Step, *, turned_by_hand: bool = False) -> str:
        """Return the command that does what a step does; what this machine does by itself has none, and is said in words. Of a shared
        switch it turns back what is owed, and says when: nothing where nothing is, but for one that was `turned_by_hand` before.
        """
        said = ""
        if (switch := step.switch()) is not None and not switch.on:
            owed, others = self._owed(step)
            step = step.turning(switch.items if turned_by_hand else owed)
            if (left := step.switch()) is None or not left.items:
                return ""
            rest = f"only once {' and '.join(others)} {'has' if len(others) == 1 else 'have'} come to rest"
            said = f"{rest if others else 'while no other migration needs it off'}: "
        call = step.do(self.context())
        if call.operation.startswith("local:"):
            return step.title()
        return f"{said}{aws_command(call, self.gateway.region)}"

    async def _settle(self) -> None:
        """Settle every open intent once, in a row: after the first undo a look at states would lie."""
        for step in self.work.steps:
            row = self.state.rows.get(step.key)
            if row is not None and row.open:
                await self._settle_one(step, row)

    async def _settle_one(self, step: Step, row: Row) -> None:
        me = bind(step, self.state.outputs)
        if me.find(self.context()) is None:
            await self._outlive(row)
            self._row(me.key, "made", {})  # setting a state: taken as done, its undo does no harm
            return
        out = await self._look_up(me, self.context(), row)
        if out is None and _has_token(me.do(self.context())):
            out = await self._look_on(me, row)
        self._row(me.key, "void" if out is None else "made", out or {})

    async def _outlive(self, row: Row) -> None:
        """Let a request that another driver may have on the wire arrive before it is taken back; a workload that is down does not
        wait for that.
        """
        left = row.intent_at + REQUEST_LIFE - self.clock.now()
        if left > 0 and not self.state.in_cut:
            await self.clock.sleep(left)

    async def _look_on(self, me: Step, row: Row) -> Output | None:
        """Look again for what a token would have given back, were it sent once more: what stays out of sight is named."""
        query, ctx = me.find(self.context()), self.context()
        if query is None or (row.error is not None and not row.unclear):
            return None  # every try was refused: nothing was made
        while self.clock.now() - row.intent_at < ABSENCE_BELIEVED:
            await self.clock.sleep(5.0)
            if (out := await self._found(me, query, row)) is not None:
                return out
        token = me.do(ctx).params.get("ClientToken")
        look = aws_command(query.call, self.gateway.region)
        self._name(
            me, me.resource(), f"{me.title()} was sent, and no answer came (ClientToken {token}). Is it there? {look}"
        )
        return None


def _interrupted(row: Row | None, *, kept_down: bool) -> bool:
    """Tell whether a step keeps clients out: one that has begun and is not done, or that a part of them waits for."""
    if row is None:
        return kept_down
    return row.state != "done" and (kept_down or not row.refused)


def _has_token(call: Call) -> bool:
    """Tell whether an operation takes a ClientToken: such a one is not looked for twice before it is sent again."""
    operation = OPERATIONS.get(call.operation)
    return operation is not None and operation.repeat is Repeat.TOKEN


def left_off(steps: Sequence[Step], state: State) -> list[Step]:
    """Return the steps of a confirmation that turn a shared switch back, and are not done."""
    switches = [s for s in steps if s.phase is Phase.CONFIRM and s.switch() is not None]
    return [s for s in switches if state.rows.get(s.key, Row("")).state != "done"]


def stands(steps: Sequence[Step]) -> str:
    """Return how a target stands to its replacement: what was stopped, or is attached to nothing, does not run on it."""
    return f"{'runs on' if any(s.takes_down for s in steps) else 'has'} its replacement"


def taken_off(steps: Sequence[Step], state: State) -> list[str]:
    """Return the titles of what a replacement in service needs and a way back has taken off, as the rows tell."""
    if state.direction != "back":
        return []
    cut = [s for s in steps if s.phase is Phase.CUTOVER]
    off = [s for s in cut if state.begun_to_undo(s.key) or (s.exposes and not state.stands(s.key))]
    return [_bound(s, state).title() for s in off]


def _named(watch: Watch, me: Step) -> Watch:
    """Return what is waited for with the name that people know, where the step waits by an id that no rename changes."""
    by_id = watch.id == getattr(me, "resource_id", None)
    return replace(watch, name=str(getattr(me, "database", ""))) if by_id else watch


def _bound(step: Step, state: State) -> Step:
    """Return a step with the ids that are known, or as it was planned."""
    return bound(step, state.outputs)


async def in_doubt(
    gateway: Gateway,
    target: str,
    steps: Sequence[Step],
    state: State,
    why: str,
    offer: str,
    gone: Gone = Gone(),
    **about: Any,
) -> NeedsPerson:
    """Return what a person is told after bring-up: how things are, what is wrong, what keeps the replacement, and what puts
    the original back (`offer`); `gone`: what there is not to keep any more.
    """
    off = Gone(why="; ".join(taken_off(steps, state)))
    keep = f"Keep it: sealift accept {state.id}.{_goes_on_with(steps, state)}"
    if off.why and not gone.lost:
        gone = replace(off, why=f"no longer so, or not for sure: {off.why}")
    keep = gone.instead(state.id) or keep
    look = await _look_at(gateway, steps, state)
    how = _stands_now(look, steps)
    if state.down_since(READERS) is not None:
        how += ", and who reads from its replicas gets nothing"
    return NeedsPerson(
        f"{target} {how}, but: {why}{_hopeless(look, why)}", remedy=keep if gone.lost else f"{keep} {offer}", **about
    )


def _goes_on_with(steps: Sequence[Step], state: State) -> str:
    """Say which steps `accept` does: what only asks for health is passed over."""
    undone = (s for s in steps if s.phase is Phase.CONFIRM and not s.asks_health and not s.at_gate)
    titles = [_bound(s, state).title() for s in undone if state.rows.get(s.key, Row("")).state != "done"]
    more = f"; and {len(titles) - SHOWN} more" if len(titles) > SHOWN else ""
    return f" It goes on with: {'; '.join(titles[:SHOWN])}{more}." if titles else ""


def _hopeless(look: Seen | None, said: str) -> str:
    """Add what is wrong with a target that does not come back into service by itself, where that is not said yet."""
    return f"; {look.failed}" if look is not None and look.failed and look.failed not in said else ""


def _stands_now(look: Seen | None, steps: Sequence[Step]) -> str:
    """Return how a target stands to its replacement at this moment: it may have been stopped since, or be gone."""
    if look is None:
        return "was brought up on its replacement"
    return stands(steps) if look.done else f"has its replacement, and is '{look.state}'"


async def _look_at(gateway: Gateway, steps: Sequence[Step], state: State) -> Seen | None:
    """Look once whether the replacement serves; None where that cannot be read."""
    step = next((s for s in steps if s.phase is Phase.BRING_UP), None)
    watch = None if step is None else _bound(step, state).serving()
    if watch is None:
        return Seen(done=True)
    try:
        return await _look_once(gateway, watch)
    except CallError:
        return None


async def _look_once(gateway: Gateway, watch: Watch) -> Seen:
    kind = SUBJECTS[watch.subject]
    reply = await gateway.read(kind.call([watch.id]), Purpose.POLL)
    with reading(kind.operation):
        return watch.judge(next((r for r in kind.resources(reply) if r[kind.id] == watch.id), None))


def _weight(error: BaseException) -> int:
    """Order the errors of a block: what ends the driver first, what merely came to rest last."""
    ranks: tuple[Any, ...] = (LEAVES, NeedsPerson)  # a question outweighs what made another lane stop
    rank = next((n for n, kind in enumerate(ranks) if isinstance(error, kind)), len(ranks))
    return rank + isinstance(error, Halted)


class _ItsTime(Exception):
    """The watchdog's time has come while the way back waits."""


class _Stray(Exception):
    """What the way back waits for was undone by somebody else: why, and what helps."""


class _Try:
    """A step under a runner: tries, and knows when to try again."""

    def __init__(self, engine: Engine, step: Step) -> None:
        self._engine, self.step = engine, step
        self._tries, self._waited, self._owed, self._said = 0, 0.0, 0.0, 0.0
        self._past = False

    async def __call__(self) -> None:
        if self._owed:
            owed, self._owed = self._owed, 0.0
            await self._engine.idle(owed)
        self._tries += 1
        try:
            await self._engine.try_once(self.step)
        except SealiftError as error:
            self._engine.tell_breaker(self._engine.circuit.saw(error))
            self._keep(error)
            self._past = await self._engine.is_past(self.step, error)
            raise
        except Exception as error:
            unexpected = Unexpected.of(error, step=self.step.key, resource=self.step.resource())
            self._keep(unexpected)
            raise unexpected from error

    def _keep(self, error: SealiftError) -> None:
        """Say where it was, tell it, and write it down, where no row of the step has it yet: a read, a wait or a check failed."""
        row = error.placed(self.step.key, self.step.resource()).as_row()
        self._engine.emit("step-failed", self.step, error=str(error), tries=self._tries)
        mine = self._engine.state.rows.get(self.step.key)
        known = mine is not None and mine.error is not None and mine.error.get("message") == error.message
        if not known and not isinstance(error, (*LEAVES, NeedsPerson, TurnBack, Halted)):
            self._engine.note("trouble", **row)

    def _class_of(self, error: BaseException) -> Retry | None:
        """Return the retry class; an instance that fell back on its way home is a matter of EC2's capacity."""
        if isinstance(error, WaitFailed) and error.unused and self.step.phase is Phase.RESTORE:
            return Retry.CAPACITY
        if not isinstance(error, CallError | CheckFailed) or isinstance(error, CredentialsLost):
            return None
        return error.retry

    def will_retry(self, error: BaseException) -> bool:
        """Owe the delay of the error's retry class, until its deadline."""
        retry, back = self._class_of(error), self.step.phase is Phase.RESTORE
        again = RETRIES[retry] if retry is not None else None
        self._waited += error.waited if isinstance(error, CallError) else 0.0  # a read has been patient by itself
        if (
            again is None
            or self._past
            or self._waited >= again.until(down=self._engine.down or self._engine.begun, home=back)
        ):
            return False
        if back and self._waited - self._said >= SAY_SO:
            self._said = self._waited
            self._engine.emit("stuck", self.step, waiting_for=str(error))
        self._owed = again.delays.delay(self._tries, _DRAW)
        self._waited += self._owed
        told = {"retry": retry.value if retry else "", "seconds": round(self._owed, 1), "tries": self._tries}
        self._engine.emit("retry", self.step, error=str(error), **told)
        return True
