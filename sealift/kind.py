"""What a kind is: a record of functions. `KINDS` in `sealift.kinds` lists them; the engine knows none."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sealift.options import Options
from sealift.recipe import Spans
from sealift.step import Call, Output, Step

BLOCK, ACK, WARN, PASS, NOT_EVALUATED = "block", "ack", "warn", "pass", "not evaluated"

Read = Callable[[Call], Awaitable[dict[str, Any]]]
"""A door that only reads."""


@dataclass(frozen=True)
class Verdict:
    """What a rule says of some facts: the fact found, and the remedy."""

    id: str
    verdict: str
    message: str = ""


@dataclass(frozen=True)
class Rule:
    """One rule: its id, where the fact comes from, and a function of facts and options that answers None where all is
    well.

    `judge` returns (verdict, message) with the fact found and the remedy. `deep`: needs a call for each resource, so
    an inventory
    says *not evaluated*.
    """

    id: str
    source: str
    judge: Callable[[Any, Options], tuple[str, str] | None]
    deep: bool = False

    @property
    def sentence(self) -> str:
        """What the rule demands, in one sentence."""
        return (self.judge.__doc__ or "").strip().splitlines()[0]

    def __call__(self, facts: Any, options: Options) -> Verdict | None:
        found = self.judge(facts, options)
        return None if found is None else Verdict(self.id, *found)


def rule(
    name: str, source: str, *, deep: bool = False
) -> Callable[[Callable[[Any, Options], tuple[str, str] | None]], Rule]:
    """Make a rule of a function; its docstring is the rule in a sentence."""
    return lambda judge: Rule(name, source, judge, deep)


@dataclass(frozen=True)
class Route:
    """A way to do it: its recipe, the rules that refuse it, how long (seconds) the replacement is slower than the source was,
    while which of its steps those who read from replicas get nothing, and what the sources are called while they are kept.
    """

    name: str
    recipe: Callable[[Any, Options], tuple[Step, ...]]
    rules: tuple[Rule, ...] = ()
    degraded: Callable[[Any, Options], float] = lambda _facts, _options: 0.0
    readers_down: Callable[[Any, Options, Sequence[Step]], Spans] = lambda _facts, _options, _steps: ()
    kept: Callable[[Any], tuple[str, ...]] = lambda _facts: ()


@dataclass(frozen=True)
class Recalled:
    """A migration as the tags on its sources tell it: `same` where today's recipe is the one it was made with.

    `stage`: prepare (the sources serve), cutover (in between), up (a replacement serves), handed (it may have been written to,
    and serves no more or not yet). `outputs` is what steps have made, by key, where looking for it by name would not find it;
    `names` what those have that need not be there any more once a replacement serves. `busy`: something of it is being changed,
    by a call of the driver that died perhaps; None where that is seen otherwise. `never` names steps that were not done, though
    what they make looks like what the source has. `kept`: what an earlier way back or finalize has kept, which no step finds.
    """

    facts: Any
    migration: str
    route: str
    same: bool
    attempt: int
    epoch: int
    stage: str
    busy: bool | None = None
    outputs: Mapping[str, Output] = field(default_factory=dict)
    names: Mapping[str, Output] = field(default_factory=dict)
    never: frozenset[str] = frozenset()
    kept: tuple[str, ...] = ()


@dataclass(frozen=True)
class Barred:
    """Why a way back after bring-up cannot be walked as things are, whatever becomes of the writes; what would not be possible;
    and what heals that, in order. `why` is empty where it can, `heal` where nothing does. `lost`: what is gone and what is left of
    each disk or database, where some can neither be kept nor put back; else empty. `parts`: the lanes of those; `ended`: all of it never
    comes back, whatever is left of parts.
    """

    why: tuple[str, ...] = ()
    heal: tuple[str, ...] = ()
    so: str = "its replacement could be neither fenced nor renamed"
    lost: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    ended: bool = False


async def _open(_read: Read, _facts: Any, _outputs: Mapping[str, Output]) -> Barred:
    return Barred()


@dataclass(frozen=True)
class Kind:
    """One kind of resource."""

    name: str
    facts: type
    observe: Callable[..., Awaitable[Any]]  # (read, account, region, target id, options, *, probe) -> facts
    rules: tuple[Rule, ...]
    routes: tuple[Route, ...]
    identity: Callable[[Any], Mapping[str, Any]]  # the facts whose change refuses the target
    locks: Callable[[Any], tuple[str, ...]]
    pending: Callable[[Any], bool]  # whether there is anything to do
    done: Callable[[Any], str]  # why there is nothing to do, where there is not
    finalize: Callable[[Any, Options, Mapping[str, Output]], tuple[Step, ...]]
    settled: Callable[
        [Read, Any, Options, Mapping[str, Output]], Awaitable[Sequence[str]]
    ]  # why finalize or verify refuse; empty is good
    sound: str  # what is true where they do not
    stays: Callable[
        [Read, Any, Mapping[str, Output]], Awaitable[Sequence[Mapping[str, str]]]
    ]  # what outlives finalize, and the commands
    unusable: Callable[[Read, Any], Awaitable[Sequence[str]]]  # why nothing can be kept under the key; empty is good
    missing: Callable[
        [Read, Any, Mapping[str, Output], bool], Awaitable[Barred]
    ]  # of what `accept` would keep; of what a way back puts back, where it serves nobody (the last argument)
    recall: Callable[[Read, str, str, str, Options], Awaitable[Recalled]]
    barred: Callable[[Read, Any, Mapping[str, Output]], Awaitable[Barred]] = _open  # the way back after bring-up
    wants: Callable[[Any], Mapping[str, int]] = lambda _facts: {}  # what it takes of quotas that the journal reserves
    beside: Callable[[Any, Mapping[str, int]], Any] = lambda facts, _reserved: facts  # with what others have reserved
    pools: Callable[[Any], tuple[str, ...]] = lambda _facts: ()  # of AWS's capacity: what its cutover takes room in
