"""The door to AWS in one account and Region: every request of sealift leaves here, counted, paced and declared.

It refuses operations that are not in the table or were not declared by who asks. Mutating calls are sent once:
repeating them is the engine's
business, which looks up first (botocore re-sends CreateSnapshot three times on a lost reply).
"""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Executor
from enum import StrEnum
from functools import partial
from typing import Any, TypeVar
from urllib.parse import urljoin, urlsplit

import boto3
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError
from botocore.response import StreamingBody

from sealift.answers import REMEDY, STUMBLES, answer, reading
from sealift.aws.operations import OPERATIONS, Operation
from sealift.aws.outcomes import PAGE, understood
from sealift.clock import Clock, WallClock
from sealift.errors import AnswerUnclear, CallError, ClockLost, NotSupported, Retry, SealiftError, UsageError
from sealift.pace import READS, RETRIES, Delays, Pace
from sealift.step import Call, Query

CONNECT_TIMEOUT, READ_TIMEOUT = 5, 20
"""Seconds. A mutating request lives no longer than their sum: the lease must outlive that."""

PATIENCE, FIRST_PATIENCE = 120.0, 3.0
"""Seconds that a read waits, between tries, for a service that does not answer; the very first one less: a wrong endpoint stays wrong."""
UNCLEAR_PATIENCE = 20.0
"""Seconds that a reader waits, between tries, for an answer that it can understand: one that was cut short passes."""

ASK_AGAIN = Delays(1, 2, 8)
"""Between those tries."""

MOST_PAGES, MOST_EMPTY = 10_000, 1_000
"""Pages of one answer, and pages in a row without a row in them: more is an answer that never ends."""

SANDBOX_JUMP = 5.0
"""Seconds of life by which a sandbox may be ahead of our clock before it is followed: somebody has advanced it."""

_DRAW = random.Random()  # noqa: S311 - jitter of waits

T = TypeVar("T")

MARKS = {"rds": "Marker"}
"""What a service calls the token of the next page, where that is not NextToken."""


class Purpose(StrEnum):
    """Why a request is sent; requests are counted by it."""

    MUTATE = "mutate"
    POLL = "poll"
    CHECK = "check"
    SAFETY = "safety"  # directly before a call: has anyone touched it?
    FIND = "find"
    OBSERVE = "observe"
    PROBE = "probe"  # DryRun: is the operation there, is it allowed?


class Account:
    """A boto3 session, and what is shared by all Regions of one account: clients, pool, pace, counts."""

    def __init__(
        self,
        clock: Clock,
        *,
        profile: str | None = None,
        endpoint_url: str | None = None,
        pool: Executor | None = None,
        pace: Pace | None = None,
    ) -> None:
        """Take the clock, and the pool that calls run in (None: inline, which keeps tests deterministic).

        Raises:
            CredentialsLost: the profile does not exist.

        """
        self.clock, self.pool = clock, pool
        self.pace = pace or Pace(clock)
        self.counts: Counter[tuple[str, Purpose]] = Counter()
        self.endpoint_url = endpoint_url
        try:
            self._session = boto3.Session(profile_name=profile)
        except BotoCoreError as error:
            raise understood(error, "sts:GetCallerIdentity") from None
        self._clients: dict[tuple[str, str], Any] = {}
        self._identity: str | None = None
        self.closed = False

    @property
    def default_region(self) -> str | None:
        """The Region of the profile or the environment."""
        return self._session.region_name

    def client(self, service: str, region: str) -> Any:
        """Return the client of a service in a Region; botocore's own retries are off."""
        if (service, region) not in self._clients:
            config = Config(
                connect_timeout=CONNECT_TIMEOUT,
                read_timeout=READ_TIMEOUT,
                retries={"total_max_attempts": 1},
                user_agent_extra="sealift",
                max_pool_connections=32,
            )
            make: Any = self._session.client  # the service is a name from the table, not a literal
            client = make(service, region_name=region, endpoint_url=self.endpoint_url, config=config)
            if isinstance(self.clock, WallClock):
                client.meta.events.register("after-call", partial(_follow, self.clock))
            self._clients[service, region] = client
        return self._clients[service, region]

    async def identity(self, region: str, patience: float = FIRST_PATIENCE) -> str:
        """Return the account id of the credentials; a service that does not answer is asked again for `patience` s.

        Raises:
            CredentialsLost: there are none, or they have expired.

        """
        if self._identity is None:
            reply = await Gateway(self, "", region).read(Call("sts:GetCallerIdentity", {}), patience=patience)
            self._identity = str(reply["Account"])
        return self._identity

    async def gateway(self, region: str) -> "Gateway":
        """Return the door to a Region of this account."""
        return Gateway(self, await self.identity(region), region)


def _follow(clock: WallClock, http_response: Any, **_: Any) -> None:
    # A sandbox that runs faster than life says so in its answers, and our clock follows it; one that holds a clock
    # says where, and ours joins it.
    headers = getattr(http_response, "headers", {}) or {}
    if not (speed := headers.get("x-sealift-sandbox-speed")):
        return
    if held := headers.get("x-sealift-sandbox-clock"):
        clock.join(_clock_at(http_response.url, held))
    now, faster = float(headers["x-sealift-sandbox-now"]), float(speed)
    if faster != clock.speed or now - clock.now() > SANDBOX_JUMP * faster:
        clock.follow(now, faster)


def _clock_at(answered: str, path: str) -> str:
    """Return where the clock is that an answer names: on the host that answered, and on no other.

    AWS's own endpoints are https: an http one was given by the user, and nobody else can name a clock.
    """
    if urlsplit(answered).scheme != "http":
        raise UsageError(
            f"a sandbox's clock is joined over http alone, and {answered} is not",
            remedy="Give --endpoint-url or AWS_ENDPOINT_URL as http://HOST:PORT.",
        )
    if not path.startswith("/") or path.startswith("//") or not path.isprintable() or " " in path:
        raise ClockLost(f"{answered} says that its clock is at {path!r}, which is no path")
    return urljoin(answered, path)


class Gateway:
    """The door to one Region of one account."""

    def __init__(self, account: Account, account_id: str, region: str) -> None:
        self._account, self.account_id, self.region = account, account_id, region
        self.place = (account_id, region)

    @property
    def clock(self) -> Clock:
        """The clock that waits are made on."""
        return self._account.clock

    async def blocking(self, work: Callable[[], T]) -> T:
        """Run what blocks, and is no AWS request, where requests run too."""
        if self._account.pool is None:
            return work()
        return await asyncio.get_running_loop().run_in_executor(self._account.pool, work)

    @property
    def counts(self) -> Counter[tuple[str, Purpose]]:
        """Requests sent so far, by operation and purpose, over all Regions of the account."""
        return self._account.counts

    async def read(
        self,
        call: Call,
        purpose: Purpose = Purpose.OBSERVE,
        declared: frozenset[str] | None = None,
        *,
        patience: float = PATIENCE,
        survey: bool = False,
    ) -> dict[str, Any]:
        """Send a read, page by page, and return the whole answer; faults of the wire and throttles are waited out for `patience` s.

        Raises:
            NotSupported: on a `survey`, the answer was an HTML page with status 500: a server that lacks the operation.
            CallError: AWS refused, or did not answer before the deadline of its retry class.

        """
        operation = self._declared(call, declared)
        if operation.mutating:
            raise AssertionError(f"{call.operation} changes things: it is not a read")
        tries, waited, began = 0, 0.0, self.clock.now()
        while True:
            try:
                return await self._pages(operation, call.params, purpose)
            except CallError as error:
                if survey and error.code == PAGE:
                    raise NotSupported(
                        error.message, operation=error.operation, retry=Retry.REFUSED, code=PAGE
                    ) from None
                tries += 1
                again = RETRIES[error.retry] if error.retry in READS else None
                if again is None or waited >= min(again.served, patience) or self._account.closed:
                    error.waited = self.clock.now() - began
                    raise
                delay = again.delays.delay(tries, _DRAW)
                waited += delay
                await self.clock.sleep(delay)

    async def ask(self, query: Query, purpose: Purpose, declared: frozenset[str] | None = None) -> Any:
        """Send a read and return what its reader makes of the answer; one that cannot be understood is asked for again.

        Raises:
            AnswerUnclear: it stays so.
            CallError: AWS refused, or did not answer.

        """
        tries, waited, began = 0, 0.0, self.clock.now()
        while True:
            try:
                reply = await self.read(query.call, purpose, declared)
                with reading(query.call.operation):
                    return query.read(reply)
            except AnswerUnclear as unclear:
                if waited >= UNCLEAR_PATIENCE or self._account.closed:
                    unclear.waited = self.clock.now() - began
                    raise
                tries += 1
                delay = ASK_AGAIN.delay(tries, _DRAW)
                waited += delay
                await self.clock.sleep(delay)

    async def send(
        self, call: Call, declared: frozenset[str] | None = None, guard: Callable[[], None] | None = None
    ) -> dict[str, Any]:
        """Send a mutating call once. `guard` is asked directly before it leaves, and raises where the lease does not
        outlive it.

        Raises:
            CallError: refused, or of unknown effect (`ambiguous`).

        """
        operation = self._declared(call, declared)
        await self._account.pace.turn(self.place, operation.name, operation.rate.size, operation.rate.refill)
        if guard:
            guard()
        return answer(await self._request(operation, call.params, Purpose.MUTATE), operation.name)

    async def probe(self, call: Call) -> str:
        """Send a mutating call with DryRun, which changes nothing, and return the error code that answers it."""
        try:
            await self._request(self._declared(call, None), {**call.params, "DryRun": True}, Purpose.PROBE)
        except CallError as error:
            return "NotImplemented" if error.code == PAGE else error.code or type(error).__name__
        return ""

    def _declared(self, call: Call, declared: frozenset[str] | None) -> Operation:
        if call.operation not in OPERATIONS:
            raise AssertionError(f"{call.operation} is not in the table of operations")
        if declared is not None and call.operation not in declared:
            raise AssertionError(f"{call.operation} was not declared by the step that sends it")
        return OPERATIONS[call.operation]

    async def _pages(self, operation: Operation, params: Mapping[str, Any], purpose: Purpose) -> dict[str, Any]:
        await self._account.pace.turn(self.place, operation.name, operation.rate.size, operation.rate.refill)
        whole = await self._request(operation, params, purpose)
        if not operation.result:
            return answer(whole, operation.name)
        mark, noun = MARKS.get(operation.service, "NextToken"), operation.result
        rows, page = list(_rows(operation, whole)), whole
        seen: set[str] = set()
        empty = 0
        while token := page.get(mark):
            empty = 0 if _rows(operation, page) else empty + 1
            if token in seen or len(seen) >= MOST_PAGES or empty >= MOST_EMPTY:
                raise _unclear(operation, f"never ends: after {len(seen) + 1} pages it names another one ({mark})")
            seen.add(token)
            page = await self._request(operation, {**params, mark: token}, purpose)
            rows += _rows(operation, page)
        return answer({**whole, noun: rows}, operation.name)

    async def _request(self, operation: Operation, params: Mapping[str, Any], purpose: Purpose) -> dict[str, Any]:
        if self._account.closed:
            raise CallError("this driver has ended", operation=operation.name, retry=Retry.FATAL)
        self._account.counts[operation.name, purpose] += 1

        def call() -> dict[str, Any]:
            try:
                client = self._account.client(operation.service, self.region)
                return _whole(getattr(client, xform_name(operation.method))(**params))
            except SealiftError:
                raise
            except (BotoCoreError, ClientError, ResponseParserError, OSError) as error:
                raise understood(error, operation.name) from error
            except STUMBLES as error:  # botocore's own readers: a number, a time or a field that is none
                raise _unclear(operation, f"cannot be read: {type(error).__name__}: {error}") from error

        try:
            if self._account.pool is None:
                return call()
            sent = asyncio.get_running_loop().run_in_executor(self._account.pool, call)
            return await (_landed(sent) if purpose is Purpose.MUTATE else sent)
        except CallError as error:
            if error.retry is Retry.THROTTLED:
                self._account.pace.throttled(self.place, operation.name)
            raise


def _whole(reply: Mapping[str, Any]) -> dict[str, Any]:
    """Return an answer with what it streams read to its end, so that a connection that breaks meanwhile is its request's."""
    return {name: value.read() if isinstance(value, StreamingBody) else value for name, value in reply.items()}


async def _landed(sent: asyncio.Future[T]) -> T:
    """Wait for a change that has left, however often its waiter is cancelled (an event loop that ends cancels every task):
    what becomes of it can be written down before the next wait, which is then cancelled.
    """
    cancelled = False
    while not sent.done():
        try:
            await asyncio.wait({sent})
        except asyncio.CancelledError:
            cancelled = True
    if cancelled and (waiter := asyncio.current_task()) is not None:
        waiter.cancel()
    return sent.result()


def _rows(operation: Operation, page: Mapping[str, Any]) -> list[Any]:
    """Return the rows of a page.

    Raises:
        AnswerUnclear: the list is not there; that does not say that nothing is.

    """
    found = page.get(operation.result or "")
    if isinstance(found, list):
        return found
    raise _unclear(operation, f"lacks {operation.result}")


def _unclear(operation: Operation, how: str) -> AnswerUnclear:
    # Of a change nobody knows then whether it had an effect: it is looked for before it is sent again.
    changing = operation.mutating
    return AnswerUnclear(
        f"the answer of {operation.name} {' '.join(how.split())[:300]}",
        operation=operation.name,
        retry=Retry.EVENTUAL if changing else Retry.REFUSED,
        ambiguous=changing,
        remedy=REMEDY,
    )


Reader = Callable[[Call], Awaitable[dict[str, Any]]]
"""What a kind's `observe` is given: it can only read."""


def reader(gateway: Gateway, *, survey: bool = False) -> Reader:
    """Return a door through which only reads pass. `survey`: nothing is under way, so an operation that is lacking is tried once."""

    async def read(call: Call) -> dict[str, Any]:
        return await gateway.read(call, Purpose.OBSERVE, survey=survey)

    return read
