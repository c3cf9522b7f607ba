"""No call is sent again on a doubt: of every step and every operation, what lies between two sends of which the first was never
answered.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, fields, replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from docs.pages import examples
from docs.pages.operations import every_step
from sealift.aws.gateway import Purpose
from sealift.aws.operations import OPERATIONS, Repeat
from sealift.clock import VirtualClock, actor
from sealift.engine import Engine, Work
from sealift.errors import CallError, Retry, SealiftError
from sealift.journal import Journal
from sealift.pace import ABSENCE_BELIEVED
from sealift.step import Call, Context, Query, Step, bound, refs
from sealift.watch import Watcher

CTX = Context("mig-test", 1, 1)


def sends() -> dict[str, Step]:
    """Return one step of each class and operation that the recipes of all examples know, there, back and to the end."""
    found: dict[str, Step] = {}
    for step in (one for each in every_step() for one in _both(each)):
        made = {r.step: {r.field: f"{r.field}-of-{r.step}"} for r in refs(step)}
        operation = bound(step, made).do(CTX).operation
        if operation in OPERATIONS:
            found.setdefault(f"{type(step).__name__} {operation}", step)
    return found


def _both(step: Step) -> list[Step]:
    """Return a step for an instance and for a cluster, where it is for either; some classes are for one of them."""
    told = {f.name for f in fields(step) if f.init}
    either: Any = getattr(step, "of_cluster", None)
    return [step, replace(step, of_cluster=not either)] if "of_cluster" in told else [step]  # type: ignore[call-arg]


SENDS = sends()


class Nothing(dict[str, Any]):
    """An answer in which nothing is found: every list is empty."""

    def __missing__(self, _: str) -> Any:
        return []


@dataclass
class Sent:
    """A request that left."""

    what: str
    at: float
    call: Call


@dataclass
class Door:
    """A gateway behind which nothing is ever found, and by which changes leave without an answer, or are refused."""

    clock: VirtualClock
    unclear: bool
    sent: list[Sent] = field(default_factory=list)
    place: tuple[str, str] = (examples.ACCOUNT, examples.REGION)
    account_id: str = examples.ACCOUNT
    region: str = examples.REGION

    async def read(self, call: Call, purpose: Purpose = Purpose.POLL, *_: Any) -> Any:
        self.sent.append(Sent(purpose.value, self.clock.now(), call))
        return Nothing()

    async def ask(self, query: Query, purpose: Purpose = Purpose.POLL, *_: Any) -> Any:
        return query.read(await self.read(query.call, purpose))

    async def send(self, call: Call, *_: Any) -> Any:
        self.sent.append(Sent("sent", self.clock.now(), call))
        retry = Retry.TRANSIENT if self.unclear else Retry.THROTTLED
        raise CallError("no answer", operation=call.operation, retry=retry, ambiguous=self.unclear)


@dataclass(frozen=True)
class Between:
    """Two sends of a step, and the looks between them."""

    first: Sent
    second: Sent | None  # a look may say that it is so already
    looks: list[Call]

    @property
    def seconds(self) -> float:
        """How long the second was kept back."""
        assert self.second is not None
        return self.second.at - self.first.at


Twice = Callable[..., Any]


@pytest.fixture
def twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Twice:
    """twice(step, unclear=True) -> what lay between two tries of it; whether somebody has touched the source is another matter."""
    number = count()

    async def untouched(*_: Any) -> None:
        return None

    monkeypatch.setattr(Engine, "_untouched", untouched)

    async def tried(step: Step, *, unclear: bool = True) -> Between | None:
        clock = VirtualClock()
        journal = Journal(clock, tmp_path / f"{next(number)}.db")
        migration = journal.begin({"target": "t", "kind": "k", "account": "1", "region": "r"}, "d", [])
        door: Any = Door(clock, unclear)
        engine = Engine(
            Work(migration, "t", (step,)),
            journal=journal,
            gateway=door,
            watcher=Watcher(clock, door.read),
            token=journal.take_lease(migration, (0, 0)),
        )
        for ref in refs(step):
            known = engine.state.outputs.get(ref.step, {})
            engine._row(ref.step, "made", {**known, ref.field: f"{ref.field}-of-{ref.step}"})
        with actor(clock):
            for _ in range(2):
                with suppress(SealiftError):
                    await engine.try_once(step)
        journal.close()
        sends = [n for n, s in enumerate(door.sent) if s.what == "sent"]
        if not sends:
            return None
        first, *later = sends
        between = door.sent[first : later[0]] if later else door.sent[first:]
        looks = [s.call for s in between if s.what == Purpose.FIND.value]
        return Between(door.sent[first], door.sent[later[0]] if later else None, looks)

    return tried


def test_every_operation_that_changes_something_is_sent_by_a_step() -> None:
    """What is not walked here is sent by no step: a notice, and the plan that is kept."""
    walked = {name.split()[1] for name in SENDS}
    assert {op.name for op in OPERATIONS.values() if op.mutating} - walked <= {"sns:Publish", "s3:PutObject"}


@pytest.mark.parametrize("name", [n for n in SENDS if OPERATIONS[n.split()[1]].repeat is Repeat.LOOKUP])
async def test_without_a_token_nothing_is_made_again_before_two_looks(twice: Twice, name: str) -> None:
    """By two filters where there are two, the second not before a listing shows what was made a minute ago."""
    between = await twice(SENDS[name])
    again = bound(SENDS[name], {}).find_again(CTX)
    assert len(between.looks) >= 2
    assert between.seconds >= ABSENCE_BELIEVED
    assert again is None or len({repr(look) for look in between.looks}) >= 2


@pytest.mark.parametrize("name", [n for n in SENDS if OPERATIONS[n.split()[1]].repeat is Repeat.TOKEN])
async def test_with_a_token_the_same_one_is_sent_again(twice: Twice, name: str) -> None:
    """The same token, the same answer: whatever was made is given back, and looked for all the same."""
    between = await twice(SENDS[name])
    assert between.first.call.params["ClientToken"]
    assert between.first.call == between.second.call
    assert between.looks


@pytest.mark.parametrize("name", [n for n in SENDS if OPERATIONS[n.split()[1]].repeat is Repeat.STATE])
async def test_what_sets_a_state_is_looked_at_before_it_is_set_again(twice: Twice, name: str) -> None:
    """Where the state can be read; the others are the same call with the same effect, however often."""
    between = await twice(SENDS[name])
    if between is None:  # what is gone was looked for before anything was sent
        assert SENDS[name].looks_first
        return
    assert between.second is None or between.first.call == between.second.call
    assert between.looks or (between.second is not None and bound(SENDS[name], {}).find(CTX) is None)


@pytest.mark.parametrize("name", [n for n in SENDS if OPERATIONS[n.split()[1]].repeat is Repeat.LOOKUP])
async def test_what_was_refused_is_not_waited_for(twice: Twice, name: str) -> None:
    """Nothing was made: one look, and no minute of waiting while a workload may be down."""
    between = await twice(SENDS[name], unclear=False)
    assert between.looks
    assert between.seconds < ABSENCE_BELIEVED
