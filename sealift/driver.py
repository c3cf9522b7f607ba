"""A driver: one process that plans, migrates, resumes, rolls back and finalizes, with everything that takes put
together.

The command line and the flows are thin readers of this. It holds the lease of what it drives and lets go when it ends.
"""

import asyncio
import contextlib
import os
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sealift import fencing, logins, saved
from sealift.answers import reading
from sealift.aws.gateway import Account, Gateway, Purpose, reader
from sealift.breaker import Breaker
from sealift.clock import Clock, WallClock, actor, side_by_side
from sealift.engine import BACK, REQUEST_LIFE, Engine, Gone, Runner, Work, in_doubt, left_off, local_runner, stands
from sealift.errors import (
    CallError,
    CredentialsLost,
    JournalError,
    LeaseLost,
    LeftAtGate,
    NeedsPerson,
    NotBegun,
    Refused,
    SealiftError,
    TurnBack,
    UsageError,
)
from sealift.events import Listener
from sealift.gate import decide, window_of
from sealift.journal import AT_REST, Journal, State
from sealift.kind import BLOCK, Barred, Kind, Read, Recalled, Verdict
from sealift.kinds import BY_NAME, door, named, resolve
from sealift.local import LOCAL
from sealift.logins import Connect
from sealift.notify import Notifier
from sealift.options import Options
from sealift.pace import ABSENCE_BELIEVED
from sealift.plan import NEEDS_ACK, NOTHING, REFUSED, MigrationPlan, digest
from sealift.planner import drift, facts_of, judge, plan_for, refuse_drift
from sealift.recipe import Spans, owed_back, seconds_back, seconds_cutover
from sealift.render.commands import tagged_command
from sealift.render.telling import kept_in
from sealift.settings import Settings
from sealift.step import Call, Output, Seconds, Step, bound, refs
from sealift.targets import Target, parse
from sealift.watch import Watcher

LEASE_CUTOVER, LEASE = 120.0, 900.0
"""Seconds that a lease lives without a beat: in a cutover, and otherwise."""

CLAIMS = frozenset({"R-SEALIFT-01", "R-SEALIFT-12"})
"""The rules that a source is not claimed by another migration."""

RESERVED = "R-RDS-25"
"""The rule that a quota has room: a migration that has begun has reserved it, and AWS counts what it has made."""

REST_POLL, REST_PATIENCE = 15.0, 3600.0
"""Seconds between looks at what a lost driver has sent, and until it is left to a person."""

KEPT_BEFORE = "kept by an earlier way back or finalize; delete it when nobody wants what it holds"

WITHOUT_STATE = (
    "Ask again, or adopt it from its tags alone: sealift adopt {} without --state, with the other options as then."
)
"""What is done where the plan that was kept cannot be had."""

AT_ONCE = 8
"""Targets that one process works on side by side."""


@dataclass(frozen=True)
class Outcome:
    """How it ended for one target."""

    target: str
    migration: str
    exit_code: int
    message: str


class Driver:
    """Everything put together, once for a process."""

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Clock | None = None,
        pool: Executor | None = None,
        runner: Runner = local_runner,
        listeners: Sequence[Listener] = (),
        notify: Sequence[str] = (),
        connect: Connect = logins.connect,
    ) -> None:
        """Open the journal and the session.

        Raises:
            JournalError: the journal cannot be used.
            CredentialsLost: the profile does not exist.
            UsageError: a place to notify is of an unknown form.

        """
        self.settings, self.clock = settings, clock or WallClock()
        self.account = Account(self.clock, profile=settings.profile, endpoint_url=settings.endpoint_url, pool=pool)
        self.journal = Journal(self.clock, settings.journal)
        self._notifier = Notifier(notify, self._publish)
        self._local = {**LOCAL, **fencing.operations(connect)}
        self._lives = connect is logins.connect
        self.runner, self.listeners = runner, (*listeners, self._notifier.listen)
        self._watchers: dict[tuple[str, str], Watcher] = {}
        self.breaker = Breaker()
        self.driven: dict[str, Engine] = {}
        """By migration: what this process drives just now."""
        self._turning = ""

    # -- what a person says while it works

    def turn_back(self, why: str) -> None:
        """Send all that is driven back as `rollback` does before bring-up, and begin nothing more; see `Engine.ask_back`."""
        self._turning = why
        for engine in self.driven.values():
            engine.ask_back(why)

    def leave(self, why: str) -> None:
        """Write down of all that is driven that its driver leaves; the caller then cancels the work, which frees the leases."""
        for engine in self.driven.values():
            _note_left(engine, why)

    def _refuse_to_begin(self, target: str) -> None:
        if self._turning:
            raise NotBegun(f"{target} was not begun: {self._turning}", resource=target)

    def close(self) -> None:
        """Let go of the journal; no call leaves after this."""
        self.account.closed = True
        self.journal.close()
        if isinstance(self.clock, WallClock):
            self.clock.close()

    async def _publish(self, call: Call) -> None:
        gateway = await self.gateway(self.region())
        await gateway.send(call)

    # -- places

    def region(self, target: Target | None = None) -> str:
        """Return the Region of a target.

        Raises:
            UsageError: none was given, or the target's ARN names another.

        """
        given = self.settings.region or self.account.default_region
        if target is not None and target.region:
            return target.region
        if not given:
            raise UsageError("no AWS Region is set", remedy="Give --region or set AWS_REGION.")
        return given

    async def gateway(self, region: str, account: str | None = None) -> Gateway:
        """Return the door to a Region.

        Raises:
            Refused: the credentials are of another account than the wanted one.

        """
        gateway = await self.account.gateway(region)
        if account is not None and gateway.account_id != account:
            raise Refused(
                f"the credentials are of account {gateway.account_id}, wanted {account}",
                remedy="Choose another --profile.",
            )
        return gateway

    def watcher(self, gateway: Gateway) -> Watcher:
        """Return the watcher that all migrations of a place share."""
        if gateway.place not in self._watchers:
            self._watchers[gateway.place] = Watcher(self.clock, lambda call: gateway.read(call, Purpose.POLL))
        return self._watchers[gateway.place]

    # -- planning

    async def plan(self, texts: Sequence[str], options: Options) -> list[MigrationPlan]:
        """Plan each target once; changes nothing.

        Raises:
            SealiftError: a target is malformed, unknown or unreadable.

        """
        plans: dict[
            tuple[object, ...], MigrationPlan
        ] = {}  # an instance and a cluster may bear one name, in each Region
        doors: dict[tuple[str, str], Read] = {}
        spoken_for: dict[tuple[str, str], Counter[str]] = {}
        for target in [parse(t) for t in texts]:
            gateway = await self.gateway(self.region(target), target.account)
            read = doors.setdefault(gateway.place, door(reader(gateway, survey=True)))
            with reading(f"questions about {target.id}"):
                kind, unit, note = await resolve(read, target, f"{gateway.region} of account {gateway.account_id}")
            if (one := (gateway.place, kind.name, unit)) not in plans:
                with reading(f"questions about {unit}"):
                    facts = await kind.observe(
                        read, gateway.account_id, gateway.region, unit, options, probe=gateway.probe
                    )
                if options.fence_login and self._lives and (engine := getattr(facts, "engine", "")):
                    logins.check(engine)
                place = "/".join(gateway.place)
                taken = spoken_for.setdefault(gateway.place, Counter(self.journal.reserved(place)))
                facts = kind.beside(facts, taken)
                made = plan_for(kind, facts, options, unit, gateway.account_id, gateway.region, note)
                if shut := self._shut(made):
                    why = f"it would wait for {shut}, and nothing is prepared for that"
                    made = replace(made, note="; ".join(filter(None, (made.note, why))))
                plans[one] = made
                if plans[one].status not in (NOTHING, REFUSED):
                    taken.update(kind.wants(facts))
        return list(plans.values())

    async def observe(self, kind: Kind, gateway: Gateway, unit: str, options: Options) -> Any:
        """Read a target's facts, the presence of operations included."""
        with reading(f"questions about {unit}"):
            return await kind.observe(
                reader(gateway), gateway.account_id, gateway.region, unit, options, probe=gateway.probe
            )

    # -- migrating

    def refuse_unfit(self, plan: MigrationPlan) -> None:
        """Refuse a plan that cannot be run as it stands.

        Raises:
            Refused: a rule blocks it, or an ack is missing.

        """
        if plan.status == REFUSED:
            if plan.blocked:
                more = f" (and {len(plan.blocked) - 1} more)" if len(plan.blocked) > 1 else ""
                raise _refusal(plan.target, plan.blocked[0], more)
            why = "; ".join(f"{r.route}: {r.rule} {r.message}" for r in plan.refused_routes)
            raise Refused(f"{plan.target}: no route is possible: {why}", resource=plan.target)
        if plan.status == NEEDS_ACK:
            flags = " ".join(f"--ack {v.id}" for v in plan.unacknowledged)
            raise _refusal(plan.target, plan.unacknowledged[0], remedy=f"If you accept that: {flags}")

    async def migrate(
        self,
        plan: MigrationPlan,
        *,
        approved_by: str | None = None,
        no_wait: bool = False,
        runner: Runner | None = None,
        observed: bool = False,
    ) -> Outcome:
        """Run a plan, exactly as it stands, to where it rests. `observed`: it was made just now, drift need not be
        looked for.
        """
        migration = ""
        try:
            if plan.status == NOTHING:
                return Outcome(plan.target, "", 0, _said(plan.target, plan.note or "nothing to do"))
            self.refuse_unfit(plan)
            self._refuse_held(plan)
            self._refuse_to_begin(plan.target)
            gateway = await self.gateway(plan.region, plan.account)
            if not observed:
                await self._refuse_drift(plan, gateway)
            self._refuse_window(plan)
            row = plan.to_json()
            migration = self.journal.begin(row, digest([row]), plan.locks)
            if approved_by:
                self.journal.note(migration, "approved", {"by": approved_by, "digest": digest([row])}, attempt=1)
            return await self._drive(migration, plan, gateway, no_wait=no_wait, runner=runner)
        except SealiftError as error:
            return self._stopped(plan.target, migration, error)

    def _stopped(self, target: str, migration: str, error: SealiftError) -> Outcome:
        """Return what an error made of a migration; the breaker of the run hears of one that needs a person, or is broken."""
        if migration and error.exit_code in (SealiftError.exit_code, NeedsPerson.exit_code):
            self.breaker.failed(migration, target, error.message)
        return Outcome(target, migration, error.exit_code, _said(target, error) if migration else error.told())

    def _refuse_held(self, plan: MigrationPlan) -> None:
        """Prepare nothing where no cutover would start.

        Raises:
            LeftAtGate: the breaker of this run holds it.

        """
        if why := self.breaker.holds(pools=_pools(plan)):
            raise LeftAtGate(
                f"{plan.target} was not begun: {why}",
                resource=plan.target,
                remedy="When you know that it would not go the same way, run it again; nothing of it was prepared.",
            )

    def _refuse_window(self, plan: MigrationPlan) -> None:
        """Prepare nothing for a window that will never open.

        Raises:
            LeftAtGate: it has passed, or does not hold the worst case any more.

        """
        if shut := self._shut(plan):
            raise LeftAtGate(
                f"{plan.target} waits for {shut}; nothing was prepared",
                resource=plan.target,
                remedy="Make a plan with another window.",
            )

    def _shut(self, plan: MigrationPlan) -> str:
        """Say why the gate of a plan can never open; empty where it can."""
        cutover, back = seconds_cutover(plan.steps), seconds_back(plan.steps)
        verdict = decide(State("", approved={}), window_of(plan.options), self.clock.now(), cutover, back)
        return verdict.why if plan.steps and verdict.over else ""

    async def _refuse_drift(
        self, plan: MigrationPlan, gateway: Gateway, migration: str = "", altered: Collection[str] = ()
    ) -> None:
        """Look again, before anything starts and at the gate: is it what was planned, does no rule block it by now?

        An opt-out tag, a deny list, a disabled key win over an approval. The claim of `migration` itself blocks nothing.
        """
        kind = named(plan.kind)
        facts = await self.observe(kind, gateway, plan.target, plan.options)
        refuse_drift(plan.target, drift(kind, facts_of(kind, plan.facts), facts, altered))
        blocks = [v for v in judge(kind, facts, plan.options) if v.verdict == BLOCK]
        for verdict in blocks:
            if migration and verdict.id == RESERVED:
                continue
            if not (migration and verdict.id in CLAIMS and migration in verdict.message):
                raise _refusal(plan.target, verdict)

    async def _drive(
        self,
        migration: str,
        plan: MigrationPlan,
        gateway: Gateway,
        *,
        no_wait: bool = False,
        runner: Runner | None = None,
    ) -> Outcome:
        async with self.engine(migration, plan, gateway, no_wait=no_wait, runner=runner) as engine:
            try:
                await engine.run()
            except NeedsPerson as stuck:
                await self._healed_first(plan, gateway, engine, stuck)
                raise
            finally:
                await self._notifier.drain()
            return await self._with_the_key(plan, gateway, self._rested(engine))

    async def _with_the_key(self, plan: MigrationPlan, gateway: Gateway, outcome: Outcome) -> Outcome:
        """Say of a run that went back by itself that its key cannot be used, where that is so: states and refusals do not tell."""
        if outcome.exit_code != TurnBack.exit_code:
            return outcome
        kind = BY_NAME[plan.kind]
        with contextlib.suppress(SealiftError):
            if wrong := await kind.unusable(reader(gateway), facts_of(kind, plan.facts)):
                return replace(outcome, message=f"{outcome.message}; by now {'; '.join(wrong)}")
        return outcome

    def _rested(self, engine: Engine) -> Outcome:
        state, target = engine.state, engine.work.target
        if state.end == "rolled-back":
            asked = bool(state.rollback.get("asked"))
            back = (
                f"{target} is as it was before the cut{kept_in(state)}"
                if asked
                else f"{target} was put back: {state.rollback.get('why', '')}"
            )
            return Outcome(target, engine.work.migration, 0 if asked else 5, engine.with_left(back))
        return Outcome(
            target,
            engine.work.migration,
            0,
            engine.with_left(f"{target} {stands(engine.work.steps)}; the source is retained until finalize"),
        )

    @asynccontextmanager
    async def engine(
        self,
        migration: str,
        plan: MigrationPlan,
        gateway: Gateway,
        *,
        no_wait: bool = False,
        runner: Runner | None = None,
    ) -> AsyncIterator[Engine]:
        """Hold a migration's lease and yield its engine.

        Raises:
            LeaseLost: another driver holds it, and lives.

        """
        token = await self._take_lease(migration)
        lease = _Lease(self.journal, migration, token)
        work = Work(
            migration,
            plan.target,
            plan.steps,
            readers=_readers(plan),
            no_wait=no_wait,
            window=window_of(plan.options),
        )

        async def at_gate() -> None:
            altered = {name for s in plan.steps if s.key in engine.state.rows for name in s.alters}
            await self._refuse_drift(plan, gateway, migration, altered)

        engine = Engine(
            work,
            journal=self.journal,
            gateway=gateway,
            watcher=self.watcher(gateway),
            token=token,
            runner=runner or self.runner,
            local=self._local,
            guard=lease.guard,
            listeners=self.listeners,
            at_gate=at_gate,
            circuit=self.breaker.circuit(migration, plan.target, _pools(plan)),
            offer=partial(self._offer, plan, gateway),
            gone=partial(self._gone, plan, gateway),
        )
        beating = asyncio.ensure_future(lease.beat())
        self.driven[migration] = engine
        if self._turning:
            engine.ask_back(self._turning)
        try:
            yield engine
        except Exception:
            raise
        except BaseException as ended:  # cancelled: a signal, or Prefect
            _note_left(engine, f"its run was ended ({type(ended).__name__})")
            raise
        finally:
            del self.driven[migration]
            beating.cancel()
            self.journal.free(migration, token)

    async def _take_lease(self, migration: str) -> int:
        token, beat, free, gone = self.journal.lease(migration)
        if not (free or gone):
            state = self.journal.state(migration)
            ttl = LEASE_CUTOVER if state.in_cut or state.down_since() is not None else LEASE
            token, beat = await _still(self.journal, migration, (token, beat), ttl)
        return self.journal.take_lease(migration, (token, beat))

    # -- what people say

    def follow_sandbox(self) -> None:
        """Ask the endpoint what time it is, so that rows written by hand carry the time of a sandbox; without an
        answer, life's.
        """
        asyncio.run(self.follow())

    async def follow(self) -> None:
        """Do so from inside an event loop."""
        if not (self.settings.endpoint_url or os.environ.get("AWS_ENDPOINT_URL")):
            return
        with contextlib.suppress(SealiftError):
            await self.account.identity(self.region(), patience=0)

    def decide(self, migration: str, what: str, **note: Any) -> None:
        """Write an approval, a postponement or a refusal; the engine reads nothing else.

        Raises:
            Refused: the migration is past its gate.
            JournalError: there is no such migration.
            UsageError: it is postponed to a moment that has passed.

        """
        self.journal.plan(migration)
        state = self.journal.state(migration)
        plan = MigrationPlan.from_json(self.journal.plan(migration))
        cut = any(s.quiesces and s.key in state.rows for s in plan.steps)
        if cut or not state.attempt_open or state.direction == "back":
            raise Refused(f"{migration} is past its gate", remedy=f"See: sealift status {migration}")
        if what == "postponed" and float(note["until"]) <= self.clock.now():
            when, now = (time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime(t)) for t in (note["until"], self.clock.now()))
            raise UsageError(f"{when} has passed: it is {now}", remedy="Give a moment that is to come.")
        self.journal.note(migration, what, note, attempt=state.attempt)

    def writes_since(self, migration: str) -> str | None:
        """Return since when a workload has written to its replacement, None where it has not."""
        state = self.journal.state(migration)
        if state.brought_up is None or not state.undecided or state.finalizing or state.end == "given-up":
            return None
        return time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime(state.brought_up))

    def way_back(self, migration: str) -> Seconds:
        """Return how long a migration's way back after bring-up takes, as its plan says. *Modelled*."""
        return MigrationPlan.from_json(self.journal.plan(migration)).back_once_up

    # -- stored migrations

    async def resume(
        self, migration: str, *, approved_by: str | None = None, no_wait: bool = False, runner: Runner | None = None
    ) -> Outcome:
        """Go on with a migration in its direction; after a finished way back, open the next attempt with the same plan.

        Who asked for the way back has taken the approval back with it: the next cutover waits for another, or `approved_by`.
        """
        plan = MigrationPlan.from_json(self.journal.plan(migration))
        try:
            self._refuse_to_begin(plan.target)
            gateway = await self.gateway(plan.region, plan.account)
            state = self.journal.state(migration)
            if state.end == "finalized":
                return Outcome(plan.target, migration, 0, f"{migration} has been finalized")
            if state.end == "given-up":
                return _was_given_up(plan.target, state)
            if state.end == "retained":
                return Outcome(plan.target, migration, 0, f"{migration} is done; the source is retained until finalize")
            if state.end == "needs-person" and state.undecided:
                why = state.why or (state.last_error or {}).get("message", "its health is in doubt")
                offer, gone = await self._offer(plan, gateway, state), await self._gone(plan, gateway, state)
                raise await in_doubt(gateway, plan.target, plan.steps, state, why, offer, gone)
            if not state.attempt_open:
                await self._refuse_drift(plan, gateway, migration)
                self.journal.lock(migration, plan.locks)
                number = state.attempt + 1
                self.journal.note(migration, "attempt", {"number": number}, attempt=number)
                state = self.journal.state(migration)  # nothing of the closed attempt counts
            if approved_by and state.quiesced is None:
                self.journal.note(migration, "approved", {"by": approved_by}, attempt=state.attempt)
            return await self._drive(migration, plan, gateway, no_wait=no_wait, runner=runner)
        except SealiftError as error:
            return self._stopped(plan.target, migration, error)

    async def rollback(
        self, migration: str, *, discard_writes: bool = False, salvage: bool = True, runner: Runner | None = None
    ) -> Outcome:
        """Put the original back, at any stage before finalize. After bring-up a person has said what happens to the
        writes since.
        """
        plan = MigrationPlan.from_json(self.journal.plan(migration))
        try:
            gateway = await self.gateway(plan.region, plan.account)
            state = self.journal.state(migration)
            self._refuse_rollback(plan, state, migration, discard_writes=discard_writes)
            await self._refuse_running(plan, gateway, state)
            await self._refuse_barred(plan, gateway, state)
            if salvage:
                await self._refuse_unsalvageable(plan, gateway, state, migration)
            self.journal.lock(migration, plan.locks)
            async with self.engine(migration, plan, gateway, runner=runner) as engine:
                if engine.state.brought_up is None:
                    with engine.or_a_person():
                        await engine.settle_bring_up()
                self._refuse_rollback(plan, engine.state, migration, discard_writes=discard_writes)
                try:
                    with engine.or_a_person():
                        await engine.go_back(
                            SealiftError("rollback was asked for"), salvage=salvage, why="rollback was asked for"
                        )
                except NeedsPerson as stuck:
                    await self._healed_first(plan, gateway, engine, stuck)
                    raise
            return Outcome(
                plan.target,
                migration,
                0,
                engine.with_left(f"{plan.target} is as it was before the cut{kept_in(engine.state)}"),
            )
        except SealiftError as error:
            return Outcome(plan.target, migration, error.exit_code, _said(plan.target, error))

    def _refuse_rollback(self, plan: MigrationPlan, state: State, migration: str, *, discard_writes: bool) -> None:
        if state.end == "finalized":
            raise Refused(f"{migration} has been finalized: its sources are gone", resource=plan.target)
        if state.end == "given-up":
            raise Refused(_given_up(plan.target, state), resource=plan.target)
        if not state.attempt_open:
            raise Refused(f"{migration} has been put back already", resource=plan.target)
        if state.finalizing:
            raise Refused(
                f"the finalize of {migration} has begun: what would be put back may be gone",
                resource=plan.target,
                remedy=f"Finish it: sealift finalize {migration}",
            )
        if state.brought_up is not None and state.undecided and not discard_writes:
            since = time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime(state.brought_up))
            raise Refused(
                f"{plan.target} has run on its replacement since {since}; going back leaves every write since then behind, in a snapshot",
                resource=plan.target,
                remedy="If you accept that: --discard-writes",
            )

    async def _refuse_barred(self, plan: MigrationPlan, gateway: Gateway, state: State) -> None:
        """While the replacement serves, say that the way back cannot be walked as things are, and what heals that."""
        if not state.undecided:
            return
        if (found := await self._barred(plan, gateway, state)).why:
            gone = (await self._gone(plan, gateway, state)).instead(state.id).rstrip(".")
            keep = gone or f"Keep the replacement: sealift accept {state.id}"
            raise Refused(
                f"{plan.target} cannot be put back while {'; '.join(found.why)}: {found.so}",
                resource=plan.target,
                remedy=_healed_by(found, state.id) or keep,
            )

    async def _refuse_missing(self, plan: MigrationPlan, gateway: Gateway, state: State) -> Gone:
        """Keep nothing that somebody has deleted: say what is gone, and what can be done; return why it can only be given up, nothing
        where it need not.
        """
        found = await self._missing(plan, gateway, state)
        lost = _lost(found, state)
        if found.why and not lost and state.end != "retained":
            raise Refused(
                f"{plan.target} cannot keep its replacement: {'; '.join(found.why)}",
                resource=plan.target,
                remedy=" ".join(
                    filter(None, (f"{found.so}." if found.so else "", await self._offer(plan, gateway, state)))
                ),
            )
        why = "; ".join(filter(None, (lost, self._deleted(plan, state) if lost else "")))
        return Gone(why, lost=bool(lost), parts=found.parts, ended=found.ended)

    def _deleted(self, plan: MigrationPlan, state: State) -> str:
        """Say what a finalize that has begun has deleted already."""
        if not state.finalizing:
            return ""
        gone = [s.resource() for s in _last_steps(plan, state) if _deletes(s) and s.key in state.outputs]
        return f"finalize has deleted {', '.join(gone)}" if gone else ""

    async def _missing(self, plan: MigrationPlan, gateway: Gateway, state: State) -> Barred:
        """Read what of the replacement is gone."""
        kind = BY_NAME[plan.kind]
        with reading(f"questions about {plan.target}"):
            return await kind.missing(reader(gateway), facts_of(kind, plan.facts), state.outputs, state.undecided)

    async def _gone(self, plan: MigrationPlan, gateway: Gateway, state: State) -> Gone:
        """Say why `accept` would be refused, and is not offered, or would give it up; nothing where it would do neither, or that
        cannot be read.
        """
        with contextlib.suppress(SealiftError):
            found = await self._missing(plan, gateway, state)
            if lost := _lost(found, state):
                return Gone(lost, lost=True, parts=found.parts, ended=found.ended)
            if found.why:
                return Gone(". ".join(filter(None, ("; ".join(found.why), found.so))))
        return Gone()

    async def _barred(self, plan: MigrationPlan, gateway: Gateway, state: State) -> Barred:
        """Read why the way back cannot be walked as things are. Before bring-up that is the key alone: a replacement that is out
        of service by then is not brought back, for `resume` deletes it.
        """
        kind, outputs = BY_NAME[plan.kind], state.outputs if state.brought_up is not None else {}
        with reading(f"questions about {plan.target}"):
            return await kind.barred(reader(gateway), facts_of(kind, plan.facts), outputs)

    async def _offer(self, plan: MigrationPlan, gateway: Gateway, state: State) -> str:
        """Say what puts the original back after bring-up: no command that would be refused, but why, and what heals that."""
        with contextlib.suppress(SealiftError):
            if (found := await self._barred(plan, gateway, state)).why:
                barred = f"It cannot be put back while {'; '.join(found.why)}: {found.so}."
                return " ".join(filter(None, (barred, _healed_by(found, state.id))))
        return BACK.format(state.id)

    async def _healed_first(self, plan: MigrationPlan, gateway: Gateway, engine: Engine, error: SealiftError) -> None:
        """Let a way back that is stuck name what heals the key first, where that is why."""
        if not isinstance(error, NeedsPerson) or engine.state.direction != "back" or engine.state.lost:
            return
        with contextlib.suppress(SealiftError):
            if (found := await self._barred(plan, gateway, engine.state)).heal:
                error.remedy = f"First, in this order: {'; '.join(found.heal)}. {error.remedy}"

    async def _refuse_unsalvageable(self, plan: MigrationPlan, gateway: Gateway, state: State, migration: str) -> None:
        """While the replacement serves, say that what was written could not be kept: nothing is stopped for that."""
        if not state.undecided:
            return
        kind = BY_NAME[plan.kind]
        with reading("questions about the key"):
            wrong = await kind.unusable(reader(gateway), facts_of(kind, plan.facts))
        if wrong:
            raise Refused(
                f"the writes since bring-up cannot be kept in a snapshot: {'; '.join(wrong)}",
                resource=plan.target,
                remedy="Mend the key, or keep the replacement itself in its place: --without-safety-snapshot",
            )

    async def _refuse_running(self, plan: MigrationPlan, gateway: Gateway, state: State) -> None:
        stopped = plan.facts.get("state") == "stopped"
        if not stopped or state.brought_up is None:
            return
        kind = BY_NAME[plan.kind]
        facts = await self.observe(kind, gateway, plan.target, plan.options)
        if getattr(facts, "state", "stopped") != "stopped":
            raise Refused(
                f"{plan.target} is '{facts.state}'; it was stopped when it was migrated",
                remedy="Stop it, then roll back.",
            )

    async def accept(self, migration: str) -> Outcome:
        """End a migration in doubt by keeping the replacement; or, where not all of it can be kept or put back any more, give it up, also
        on its way back. One that is kept already turns back the shared switch that it could not turn back then.
        """
        plan = MigrationPlan.from_json(self.journal.plan(migration))
        try:
            state = self.journal.state(migration)
            if state.end == "given-up":
                return _was_given_up(plan.target, state)
            _refuse_nothing_to_keep(state)
            gateway = await self.gateway(plan.region, plan.account)
            lost = await self._refuse_unkept(plan, gateway, state)
            if lost.why:  # no single answer ends a migration for good
                await self.clock.sleep(ABSENCE_BELIEVED)
                lost = await self._refuse_unkept(plan, gateway, state)
            again = state.end == "retained" and not lost.why
            done = Outcome(plan.target, migration, 0, f"{migration} is done already")
            if again and (state.finalizing or not left_off(plan.steps, state)):
                return done
            if again:
                self.journal.lock(migration, plan.locks)
            async with self.engine(migration, plan, gateway) as engine:
                now = engine.state  # somebody else may have ended it while this one looked, or waited for the lease
                if now.end == "given-up":
                    return _was_given_up(plan.target, now)
                _refuse_nothing_to_keep(now)
                self._refuse_turned(state, now, lost.why)
                if now.end == "retained" and not lost.why and not (again and left_off(plan.steps, now)):
                    return done
                if lost.why:
                    await self._refuse_up(engine, lost)
                    await engine.give_up(lost)
                    return _now_given_up(plan, engine)
                await (engine.accept_again() if again else engine.accept())
            kept = f"{plan.target} keeps its replacement; the source is retained until finalize"
            return Outcome(plan.target, migration, 0, engine.with_left(kept))
        except SealiftError as error:
            return Outcome(plan.target, migration, error.exit_code, _said(plan.target, error))

    def _refuse_turned(self, state: State, now: State, lost: str) -> None:
        """Refuse to keep what has begun to go back, or to be finalized, since it was looked at."""
        if not now.undecided and not lost:
            raise _nothing_to_keep(now)
        if now.finalizing != state.finalizing:
            why = f"a finalize of {now.id} has begun meanwhile"
            raise Refused(why, remedy=f"See: sealift status {now.id}")
        if now.undecided and not state.undecided:
            raise _brought_up(now)

    async def _refuse_up(self, engine: Engine, lost: Gone) -> None:
        """Refuse to give up what somebody has brought up on its replacement meanwhile: it may be kept."""
        if not engine.state.undecided and not lost.ended:
            await engine.settle_bring_up()
            if engine.state.undecided:
                raise _brought_up(engine.state)

    async def _refuse_unkept(self, plan: MigrationPlan, gateway: Gateway, state: State) -> Gone:
        """Return why all that can be done is to give it up; nothing where the replacement can be kept, and refuse where it can not."""
        if state.undecided:
            return await self._refuse_missing(plan, gateway, state)
        found = await self._missing(plan, gateway, state)
        if lost := _lost(found, state):
            return Gone(lost, lost=True, parts=found.parts, ended=found.ended)
        refusal = _nothing_to_keep(state)
        if found.why and found.so:
            refusal.remedy = f"{'; '.join(found.why)}. {found.so}."
        raise refusal

    async def adopt(self, text: str, options: Options) -> Outcome:
        """Rebuild a lost journal from the tags on the sources of a target, then say how to go on.

        While the sources serve it can be resumed; half-way in a cutover only the way back is offered, which is free, and
        `resume` goes back too; where a replacement serves, the rest of the confirmation is what `resume` does.
        """
        migration = ""
        try:
            target = parse(text)
            gateway = await self.gateway(self.region(target), target.account)
            read = reader(gateway)
            with reading(f"questions about {target.id}"):
                kind, unit, _ = await resolve(read, target, gateway.region)
                found = await self._recalled(kind, lambda: kind.recall(read, *gateway.place, unit, options))
            migration = found.migration
            if options.state_url:
                plan = await self._kept_plan(gateway, options.state_url, migration, unit, text)
            else:
                plan = _rebuilt(kind, unit, gateway, options, found)
            with TemporaryDirectory() as folder:
                draft = Journal(self.clock, Path(folder) / "draft.db")  # whoever dies half-way has adopted nothing
                row = plan.to_json()
                draft.adopt(migration, row, digest([row]), plan.locks, found.attempt, found.epoch)
                await self._fill(draft, migration, plan, gateway, found)
                turned = [s for s in plan.steps if s.key in draft.state(migration).outputs]
                owed = owed_back(turned, gateway.place)
                self.journal.take_in(draft, migration, plan.locks, owed)
                draft.close()
            after = {"cutover": f"rollback {migration}", "handed": f"rollback {migration} --discard-writes"}
            go_on = after.get(found.stage, f"resume {migration}")
            return Outcome(unit, migration, 0, f"{unit} was at stage '{found.stage}'. Next: sealift {go_on}")
        except SealiftError as error:
            return Outcome(text, migration, error.exit_code, str(error))

    async def _recalled(self, kind: Kind, recall: Callable[[], Awaitable[Recalled]]) -> Recalled:
        """Recall a migration once what the driver that died has sent has come to rest: a status word lags behind a call.

        Raises:
            Refused: it does not come to rest.

        """
        found, waited = await recall(), 0.0
        while found.busy is not None and (found.busy or waited < REQUEST_LIFE):
            if waited >= REST_PATIENCE:
                raise Refused(
                    f"{found.migration} ({kind.name}) is still being changed",
                    remedy="Adopt it again when that is over.",
                )
            await self.clock.sleep(REST_POLL)
            waited += REST_POLL
            found = await recall()
        return found

    async def _kept_plan(self, gateway: Gateway, url: str, migration: str, unit: str, text: str) -> MigrationPlan:
        """Return the whole plan that was saved outside the journal (`--state`); `text` is the unit as somebody has named it.

        Raises:
            CallError: it is not there, or may not be read, or S3 does not answer.
            UsageError: what is there is not what was saved.

        """
        bucket, key = saved.s3_place(url, migration)
        try:
            reply = await gateway.read(Call("s3:GetObject", {"Bucket": bucket, "Key": key}))
            return saved.read(reply["Body"], f"s3://{bucket}/{key}", migration, unit, gateway.place)
        except CredentialsLost:
            raise
        except (CallError, UsageError) as error:
            if isinstance(error, CallError) or error.remedy is None:  # else it says whose plan is kept there
                error.remedy = " ".join(filter(None, (error.remedy, WITHOUT_STATE.format(text))))
            raise

    async def _fill(
        self, draft: Journal, migration: str, plan: MigrationPlan, gateway: Gateway, found: Recalled
    ) -> None:
        work = Work(migration, plan.target, plan.steps, readers=_readers(plan))
        token = draft.take_lease(migration, draft.lease(migration)[:2])
        engine = Engine(work, journal=draft, gateway=gateway, watcher=self.watcher(gateway), token=token)
        if found.stage != "prepare":
            engine.note("epoch", number=found.epoch)
            engine.note("quiesce")
        if found.stage in ("cutover", "handed"):
            engine.open_cut()
        up = found.stage in ("up", "handed")
        await engine.look_for_all(until_up=up, outputs=found.outputs, names=found.names, never=found.never)
        for name in found.kept:
            engine.note("leftover", resource=name, why=KEPT_BEFORE)
        if found.stage == "handed":
            why = "its replacement may have been written to, and does not serve: its journal was lost"
            engine.note("end", **{"as": "needs-person", "why": why})
        elif found.stage == "cutover":
            engine.note("direction", why="its journal was lost in the cutover", salvage=True, asked=False)

    def retained(self) -> list[str]:
        """Return the migrations whose sources are retained, oldest first."""
        ids = [str(about["id"]) for about in self.journal.migrations()]
        return [m for m in ids if self.journal.state(m).end == "retained"]

    async def verify_each(self, migrations: Sequence[str] = ()) -> list[Outcome]:
        """Verify these migrations, or every one that is retained: one outcome each, whatever becomes of the others."""

        async def one(migration: str) -> Outcome:
            try:
                return await self.verify(migration)
            except SealiftError as error:
                return Outcome(migration, migration, error.exit_code, str(error))

        return await self.many([partial(one, m) for m in dict.fromkeys(migrations or self.retained())])

    async def verify(self, migration: str) -> Outcome:
        """Read again all that verify cold and finalize read; changes nothing. Exit code 0 or 6."""
        plan = MigrationPlan.from_json(self.journal.plan(migration))
        try:
            state = self.journal.state(migration)
            if state.brought_up is None or state.end in ("rolled-back", "finalized", "given-up"):
                ended = {"finalized": "has been finalized", "given-up": "has been given up"}
                how = ended.get(str(state.end), "has no replacement in service")
                raise Refused(f"{migration} {how}", remedy=f"See: sealift status {migration}")
            wrong = await self._unsettled(plan, state)
        except SealiftError as error:
            return Outcome(plan.target, migration, error.exit_code, _said(plan.target, error))
        if wrong:
            said = f"{plan.target}: {'; '.join(wrong)}. Mend it, then look again: sealift verify {migration}"
            return Outcome(plan.target, migration, 6, said)
        return Outcome(plan.target, migration, 0, f"{plan.target}: {BY_NAME[plan.kind].sound}")

    async def _unsettled(self, plan: MigrationPlan, state: State) -> list[str]:
        kind = BY_NAME[plan.kind]
        gateway = await self.gateway(plan.region, plan.account)
        facts = facts_of(kind, plan.facts)
        with reading(f"questions about {plan.target}"):
            return list(await kind.settled(reader(gateway), facts, plan.options, _begun(state)))

    def deletions(self, migration: str) -> list[str]:
        """Return what finalize would do to a migration at rest on its replacement, in order, as far as ids are known by now."""
        plan, state = MigrationPlan.from_json(self.journal.plan(migration)), self.journal.state(migration)
        if state.end != "retained" or state.brought_up is None:
            return []
        return [s.title() for s in _last_steps(plan, state) if not any(refs(s))]

    async def finalize(self, migration: str, *, runner: Runner | None = None) -> tuple[Outcome, dict[str, list[Any]]]:
        """Delete the sources, once retention has passed and every replacement is settled; return what is gone and what
        stays.
        """
        plan = MigrationPlan.from_json(self.journal.plan(migration))
        lists: dict[str, list[Any]] = {"gone_now": [], "goes_by_itself": [], "stays_until_you_act": []}
        try:
            state = self.journal.state(migration)
            if state.end == "finalized":
                return Outcome(plan.target, migration, 0, f"{migration} has been finalized already"), lists
            # Before the moment is judged: where AWS is a sandbox, its first answer sets the clock.
            gateway = await self.gateway(plan.region, plan.account)
            self._refuse_finalize(plan, state, migration)
            kind, read = BY_NAME[plan.kind], reader(gateway)
            if wrong := await self._unsettled(plan, state):
                gone = await self._gone(plan, gateway, state)
                hopeless = f"Nor can it be put back. Give it up for good: sealift accept {migration}"
                why = f"{plan.target} cannot be finalized: {'; '.join(wrong)}"
                raise Refused(why, resource=plan.target, remedy=hopeless if gone.lost else None)
            facts = facts_of(kind, plan.facts)
            outputs = {**state.outputs, "migration": {"brought_up": state.brought_up}}
            steps = kind.finalize(facts, plan.options, outputs)
            self.journal.lock(migration, plan.locks)
            async with self.engine(migration, plan, gateway, runner=runner) as engine:
                await engine.finalize(steps)
            outputs = {**outputs, **engine.state.outputs}
            outputs["migration"] = {"brought_up": state.brought_up, "finalized": self.clock.now()}
            for item in await _left(kind, read, facts, outputs, plan.target):
                lists["goes_by_itself" if not item["command"] else "stays_until_you_act"].append(dict(item))
            kept = {item["id"] for item in lists["goes_by_itself"]}
            deleted = [bound(s, outputs).resource() for s in steps if _deletes(s)]
            lists["gone_now"] = [d for d in deleted if d not in kept]
            return Outcome(
                plan.target,
                migration,
                0,
                engine.with_left(
                    f"{plan.target} is finalized: {len(lists['gone_now'])} resources are gone{_and_kept(lists)}"
                ),
            ), lists
        except SealiftError as error:
            # Nothing is put back here: what turns a migration back (exit 5) is an error of finalize, which is run again.
            if error.exit_code == TurnBack.exit_code:
                said = f"{_said(plan.target, error).rstrip('.')}. Nothing is down: go on with: sealift finalize {migration}"
                return Outcome(plan.target, migration, SealiftError.exit_code, said), lists
            return Outcome(plan.target, migration, error.exit_code, _said(plan.target, error)), lists

    def _refuse_finalize(self, plan: MigrationPlan, state: State, migration: str) -> None:
        if state.end == "given-up":
            remedy = "Nothing more of it is deleted: what is left of it is yours."
            raise Refused(_given_up(plan.target, state), resource=plan.target, remedy=remedy)
        if state.end != "retained" or state.brought_up is None:
            raise Refused(f"{migration} is not at rest on its replacement", remedy=_remedy_of(migration, state))
        until = state.brought_up + plan.options.retain
        if self.clock.now() < until:
            when = time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime(until))
            raise Refused(
                f"the source of {plan.target} is retained until {when}",
                resource=plan.target,
                remedy="Run finalize after that.",
            )

    async def many(
        self, work: Sequence[Callable[[], Awaitable[Outcome]]], *, max_failures: int | None = None
    ) -> list[Outcome]:
        """Run several targets on this event loop, eight at a time, and return their outcomes in order.

        `max_failures`: after so many no new cutover starts (`sealift.breaker`); None: whatever fails, the others go on.
        """
        self.breaker = Breaker(max_failures if len(work) > 1 else None)
        waiting = iter(enumerate(work))
        outcomes: dict[int, Outcome] = {}

        async def worker() -> None:
            for number, one in waiting:
                try:
                    outcomes[number] = await one()
                except SealiftError as error:  # one that cannot even be begun hides no other
                    outcomes[number] = Outcome("", "", error.exit_code, str(error))

        try:
            with actor(self.clock):
                ends = await side_by_side(self.clock, [worker() for _ in range(min(AT_ONCE, len(work)))])
        finally:
            self.breaker = Breaker()
        for end in ends:
            if isinstance(end, BaseException):
                raise end
        return [outcomes[number] for number in range(len(work))]


def _pools(plan: MigrationPlan) -> tuple[str, ...]:
    """Return where AWS has to have room for the cutover of a plan."""
    kind = named(plan.kind)
    return kind.pools(facts_of(kind, plan.facts))


def _healed_by(found: Barred, migration: str) -> str:
    """Say what has to be done before a way back that is barred; empty where nothing heals it."""
    if not found.heal:
        return ""
    return f"First, in this order: {'; '.join(found.heal)}. Then: sealift rollback {migration} --discard-writes"


def _said(target: str, what: object) -> str:
    """Return a line that names its target: an error of a call that was refused may be about the identity alone."""
    return str(what) if target in str(what) else f"{target}: {what}"


def _was_given_up(target: str, state: State) -> Outcome:
    return Outcome(
        target, state.id, 0, "; left over: ".join([_given_up(target, state), *dict.fromkeys(state.leftovers)])
    )


def _now_given_up(plan: MigrationPlan, engine: Engine) -> Outcome:
    state = engine.state
    left = f"sealift deletes nothing more of it. What it has made, list with: {tagged_command(state.id, plan.region)}"
    return Outcome(
        plan.target, state.id, 0, engine.with_left(f"{_given_up(plan.target, state)}{kept_in(state)}. {left}")
    )


def _refuse_nothing_to_keep(state: State) -> None:
    """Refuse where nothing can be in service that could be kept, nor a way back under way that has not put the original back."""
    going_back = state.attempt_open and state.direction == "back" and state.back_up is None
    if state.end == "finalized" or not (state.undecided or going_back):
        raise _nothing_to_keep(state)


def _brought_up(state: State) -> Refused:
    why = f"somebody has brought {state.id} up on its replacement meanwhile"
    return Refused(why, remedy=f"See what can be done: sealift resume {state.id}")


def _nothing_to_keep(state: State) -> Refused:
    return Refused(f"{state.id} has no replacement in service to keep", remedy=_remedy_of(state.id, state))


def _remedy_of(migration: str, state: State) -> str:
    """Name what brings a migration to rest, which whoever asks for something later wants first: its workload may be down."""
    return f"See: sealift status {migration}" if state.end in AT_REST else f"Go on first: sealift resume {migration}"


def _note_left(engine: Engine, why: str) -> None:
    """Write a row, once, that the driver of a migration leaves it as it is; what keeps it from that keeps nobody from leaving."""
    if engine.left or engine.state.end is not None:
        return
    engine.left = True
    with contextlib.suppress(JournalError, LeaseLost):
        engine.note("left", why=why)


def _readers(plan: MigrationPlan) -> Spans:
    """Return while which steps of a plan who reads from replicas gets nothing."""
    kind = BY_NAME[plan.kind]
    route = next((r for r in kind.routes if r.name == plan.route), None)
    return () if route is None else route.readers_down(facts_of(kind, plan.facts), plan.options, plan.steps)


def _rebuilt(kind: Kind, unit: str, gateway: Gateway, options: Options, found: Recalled) -> MigrationPlan:
    """Make the recipe again from what the tags tell.

    Raises:
        Refused: it is another one than then, and nothing is half-way that would have to be put back.

    """
    if not found.same and found.stage != "cutover":
        raise Refused(
            f"{unit}: the recipe of {found.migration} was made with other options or by another version, and nothing is half-way",
            remedy="Give the same options as then, or --state where the plan was kept.",
        )
    plan = plan_for(kind, found.facts, replace(options, route=found.route), unit, gateway.account_id, gateway.region)
    route = next(r for r in kind.routes if r.name == found.route)
    return replace(plan, steps=route.recipe(found.facts, options), route=route.name)


async def _left(
    kind: Kind, read: Read, facts: Any, outputs: Mapping[str, Any], target: str
) -> Sequence[Mapping[str, str]]:
    """Return what outlives finalize; it is over by then, so what cannot be read is left over too, and no failure."""
    try:
        with reading(f"questions about what is left of {target}"):
            return await kind.stays(read, facts, outputs)
    except SealiftError as error:
        what = f"what is left of it could not be read: {error.message}"
        return [{"id": target, "what": what, "until": "you look", "command": "sealift inventory --all"}]


def _begun(state: State) -> dict[str, Output]:
    """Return what steps have left, and of a finalize that was cut off also those that may have been done: their sources may be gone."""
    finalizing = [k for k, row in state.rows.items() if k.startswith("finalize:") and not row.refused]
    return {**{k: {} for k in finalizing}, **state.outputs}


def _last_steps(plan: MigrationPlan, state: State) -> list[Step]:
    """Return the steps of finalize of a migration that was brought up, as far as ids are known by now."""
    kind, outputs = BY_NAME[plan.kind], {**state.outputs, "migration": {"brought_up": state.brought_up}}
    return [bound(s, outputs) for s in kind.finalize(facts_of(kind, plan.facts), plan.options, outputs)]


def _deletes(step: Step) -> bool:
    return step.title().startswith("delete")


def _lost(found: Barred, state: State) -> str:
    """Say why all that can be done is to give it up: of a part nothing is left, or a replacement is gone and finalize, which has
    begun, keeps the way back shut; empty where something else can be done.
    """
    if found.why and state.finalizing and not found.lost and not found.ended:
        return "; ".join(filter(None, (*found.why, found.so)))
    return "; ".join(found.lost)


def _given_up(target: str, state: State) -> str:
    return f"{target} is given up: {state.why}"


def _and_kept(lists: Mapping[str, Sequence[Any]]) -> str:
    kept = len(lists["goes_by_itself"])
    return f", {kept} go by themselves" if kept else ""


def _refusal(target: str, verdict: Verdict, more: str = "", remedy: str | None = None) -> Refused:
    message = verdict.message if target in verdict.message else f"{target}: {verdict.message}"
    return Refused(message + more, rule=verdict.id, resource=target, remedy=remedy)


async def _still(journal: Journal, migration: str, seen: tuple[int, int], ttl: float) -> tuple[int, int]:
    """Watch a foreign lease until it has stood still for `ttl` s on this machine's monotonic clock; no clocks are
    compared.

    Raises:
        LeaseLost: its holder lives.

    """
    began = time.monotonic()
    while time.monotonic() - began < ttl:
        await asyncio.sleep(1.0)
        token, beat, free, gone = journal.lease(migration)
        if free or gone:
            return token, beat
        if (token, beat) != seen:
            raise LeaseLost(
                f"{migration} is driven by another process", remedy=f"Watch it with: sealift status {migration}"
            )
    return seen


class _Lease:
    """Held while a driver lives: it beats, and says whether a request may still leave."""

    def __init__(self, journal: Journal, migration: str, token: int) -> None:
        self._journal, self._migration, self._token = journal, migration, token
        self._beaten = time.monotonic()
        self._lost = False

    async def beat(self) -> None:
        """Bump the beat until cancelled."""
        while True:
            await asyncio.sleep(LEASE_CUTOVER / 6)
            try:
                self._journal.beat(self._migration, self._token)
                self._beaten = time.monotonic()
            except LeaseLost:
                self._lost = True
                return
            except JournalError:
                continue  # the next beat may reach the disk again; without one the lease runs out

    def guard(self) -> None:
        """Let a mutating request leave only if the lease outlives its time-outs.

        Raises:
            LeaseLost: it does not.

        """
        if not self._lost and time.monotonic() - self._beaten + REQUEST_LIFE < LEASE_CUTOVER:
            return
        self._journal.beat(self._migration, self._token)
        self._beaten = time.monotonic()


def exit_code(outcomes: Sequence[Outcome]) -> int:
    """Return the exit code of several targets: 7 where some are done and some are not, else the worst."""
    codes = {o.exit_code for o in outcomes}
    if 6 in codes:
        return 6
    if 0 in codes and len(codes) > 1:
        return 7
    return next((c for c in (1, 5, 4, 130, 3) if c in codes), max(codes, default=0))
