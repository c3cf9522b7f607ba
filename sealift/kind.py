"""What a kind is: a record of functions. `KINDS` in `sealift.kinds` lists them; the engine knows none."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sealift.options import Options
from sealift.recipe import Span
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
    and while which of its steps those who read from replicas get nothing.
    """

    name: str
    recipe: Callable[[Any, Options], tuple[Step, ...]]
    rules: tuple[Rule, ...] = ()
    degraded: Callable[[Any, Options], float] = lambda _facts, _options: 0.0
    readers_down: Callable[[Any, Options, Sequence[Step]], Span | None] = lambda _facts, _options, _steps: None


@dataclass(frozen=True)
class Recalled:
    """A migration as the tags on its sources tell it: `same` where today's recipe is the one it was made with.

    `stage`: prepare (the sources serve), cutover (in between), up (a replacement serves).
    """

    facts: Any
    migration: str
    route: str
    same: bool
    attempt: int
    epoch: int
    stage: str


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
    finalize: Callable[[Any, Options, Mapping[str, Output]], tuple[Step, ...]]
    settled: Callable[
        [Read, Any, Options, Mapping[str, Output]], Awaitable[Sequence[str]]
    ]  # why finalize or verify refuse; empty is good
    stays: Callable[
        [Read, Any, Mapping[str, Output]], Awaitable[Sequence[Mapping[str, str]]]
    ]  # what outlives finalize, and the commands
    unusable: Callable[[Read, Any], Awaitable[Sequence[str]]]  # why nothing can be kept under the key; empty is good
    recall: Callable[[Read, str, str, str, Options], Awaitable[Recalled]]
    needs_key: str = (
        ""  # where a way back cannot do without the key: what brings {target} back once it can be used again
    )
