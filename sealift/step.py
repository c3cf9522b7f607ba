"""What a step is: data that says its calls and makes none.

A recipe is a flat list of steps. The dry run prints it, the estimate adds it up, the policy is the union of its
operations, the
engine walks it, the way back is derived from it, the journal records it.
"""

import hashlib
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Any, ClassVar

Output = dict[str, Any]
"""What a step leaves for later ones: small, flat, JSON."""

Tags = tuple[tuple[str, str], ...]


class Phase(StrEnum):
    """Where in a migration a step stands; the last two are the way back."""

    PREPARE = "prepare"
    CUTOVER = "cutover"
    BRING_UP = "bring-up"
    CONFIRM = "confirm"
    RESTORE = "restore"
    CLEAN = "clean"
    FINALIZE = "finalize"


@dataclass(frozen=True)
class Ref:
    """An output of an earlier step: all that a recipe does not know when it is planned."""

    step: str
    field: str

    def __str__(self) -> str:
        return f"{{{self.step}.{self.field}}}"


Id = str | Ref
"""An id that is known, or that an earlier step will bring."""


@dataclass(frozen=True)
class Call:
    """One request as data. `operation` is `service:Name`, listed in `sealift.aws.operations`; `local:Name` runs on
    this machine.
    """

    operation: str
    params: Mapping[str, Any]


@dataclass(frozen=True)
class Query:
    """A read, and a pure reader of its answer."""

    call: Call
    read: Callable[[Mapping[str, Any]], Any]


@dataclass(frozen=True)
class Found:
    """What `Step.find` makes of an answer: the output of an earlier try, and when that was created (Unix seconds, if
    AWS tells). With `max_age` it is somebody else's, or of another use: good only while it is younger than so many seconds.
    """

    output: Output
    created: float | None = None
    max_age: float | None = None


@dataclass(frozen=True)
class Seen:
    """One look at a resource under watch."""

    done: bool = False
    failed: str | None = None
    progress: float | None = None  # percent
    state: str = ""
    unused: bool = False  # failed, or not done in time, before any workload could have run on it
    no_room: bool = False  # failed because AWS has no capacity for it
    stray: str | None = (
        None  # not done, and if it stays so for a while somebody else has seen to that: why, and what helps
    )
    mend: Call | None = None  # what a person can send against a stray


@dataclass(frozen=True)
class Watch:
    """What to wait for: `judge` reads the resource as last described, None where it is absent.

    `subject` names a row of `sealift.subjects.SUBJECTS`, which says how such resources are read in batches.
    """

    subject: str
    id: Any
    judge: Callable[[Mapping[str, Any] | None], Seen]
    want: str
    deadline: float | None = None  # seconds of waiting, None: as long as it takes
    name: str = ""  # what people call it, where the id is another

    def __str__(self) -> str:
        return f"{self.name} ({self.id})" if self.name else str(self.id)


@dataclass(frozen=True)
class Guard:
    """What stands by in the account and puts the original back by itself, `seconds` after its call, where nobody has ended it.

    `spoken` answers with differences once it has closed the cut; `over` waits until it does nothing more; `restored` answers
    with the Unix second in which it brought the workload back on its sources: 0 where they are in their places and it does
    not run, None where they are not.
    """

    seconds: float
    spoken: Query
    over: Watch
    restored: Query


@dataclass(frozen=True)
class Irreversible:
    """Why a step has no undo of its own."""

    reason: str


@dataclass(frozen=True)
class Context:
    """All that a step may know of the run: whose it is, which cut is open, which attempt this is; `lost`: how often what the
    step had made came to nothing, and still bears its name.
    """

    migration: str
    epoch: int
    attempt: int
    lost: int = 0


@dataclass(frozen=True)
class Switch:
    """A switch that several migrations share: `on` counts in, off counts out; `items` is what this one turns. `name` is
    its own in one account and Region.

    `unturned` is read by who counts in, before anything is sent: it answers with those items that are not turned yet, which
    are what has to be turned back some day.
    """

    name: str
    on: bool
    items: tuple[str, ...]
    unturned: "Query | None" = None

    def at(self, place: tuple[str, str]) -> str:
        """Return the name under which it is counted in `place` (account, Region): a journal has those of many."""
        return "/".join((*place, self.name))


@dataclass(frozen=True)
class Seconds:
    """Assumed duration of a step: expected and worst, in seconds. *Modelled*, never measured on AWS."""

    expected: float = 0.0
    worst: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Step(ABC):
    """One AWS operation with one meaning. Methods are pure.

    Class variables: `outputs` names what `output` returns; `quiesces` marks the step that makes the source quiet (its intent
    opens an epoch), `takes_down` that a workload is down from then on; `exposes` that a workload could now run on what was
    made; `at_gate` what is done when the gate opens, before the window is judged again; `paid` what costs money from then on: it is
    taken back where the gate is shut again, and looked at once more directly before the quiesce; `looks_first` asks for `find` before
    the first try too; `asks_health` marks what `accept` passes over; `interrupts` what takes the workload down once more
    after bring-up, or, where it `lets_in`, keeps a part of it down until then, and where it `opens`, all of it; `fences` that
    on a way back after bring-up the replacement serves nobody from then on; `renames` that a name leads nowhere until another
    bears it; `harbours` what a replacement that is kept lives in; `mirrors` what makes a copy of all that
    a replacement is written; `guards` what stands by from then on (`guard`); `marks` what only says something on a resource,
    before anything of it is touched; `surrounds` what takes back something that is not the target's own, and lives on without it;
    `quota` names what is counted in the journal;
    `conditional` what is done only where `find` finds nothing, and so is no advice for hands;
    `declares` the operations that its `local:` call sends.
    """

    key: str
    phase: Phase
    block: int = 0
    lane: str | None = None

    outputs: ClassVar[tuple[str, ...]] = ()
    quiesces: ClassVar[bool] = False
    takes_down: ClassVar[bool] = False
    at_gate: ClassVar[bool] = False
    paid: ClassVar[bool] = False
    exposes: ClassVar[bool] = False
    looks_first: ClassVar[bool] = False
    asks_health: ClassVar[bool] = False
    interrupts: ClassVar[bool] = False
    lets_in: ClassVar[bool] = False
    opens: ClassVar[bool] = False
    conditional: ClassVar[bool] = False
    fences: ClassVar[bool] = False
    renames: ClassVar[bool] = False
    harbours: ClassVar[bool] = False
    mirrors: ClassVar[bool] = False
    guards: ClassVar[bool] = False
    marks: ClassVar[bool] = False
    surrounds: ClassVar[bool] = False
    alters: ClassVar[tuple[str, ...]] = ()
    quota: ClassVar[str | None] = None
    declares: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def title(self) -> str:
        """Say in a few words what the step does, for plans, task runs and logs."""

    @abstractmethod
    def do(self, ctx: Context) -> Call:
        """Return exactly one mutating call (or a `local:` one)."""

    @abstractmethod
    def undo(self) -> "Undo":
        """Return the step that takes this one back (several in their order, where one call does not do), or why none is
        needed or possible.
        """

    def undo_once_up(self) -> "Undo":
        """Return the same for the way back after bring-up, where that is another."""
        return self.undo()

    def before(self, ctx: Context) -> Query | None:
        """Return a read directly before the call; it answers with differences, and any of them voids the cut."""
        return None

    def started(self, ctx: Context) -> Query | None:
        """Return a read that answers, of a bring-up, with what tells that somebody else has done it since the cut."""
        return self.before(ctx)

    def find(self, ctx: Context) -> Query | None:
        """Return a read that answers with `Found`, or None where an earlier try left nothing."""
        return None

    def find_again(self, ctx: Context) -> Query | None:
        """Return the same look-up by another filter, where the operation has no token."""
        return None

    def fresh(self, out: Output) -> Query | None:
        """Return a read that answers with `Found`, and with the age up to which what was done at the gate is good; None:
        it does not age.
        """
        return None

    def observe(self, ctx: Context) -> Query | None:
        """Return the read whose answer is this step's output (only for `local:Observe`)."""
        return None

    def output(self, reply: Mapping[str, Any]) -> Output:
        """Return what later steps may name."""
        return {}

    def switch(self) -> Switch | None:
        """Return the shared switch that the step turns; the journal counts who holds it."""
        return None

    def turning(self, items: tuple[str, ...]) -> "Step":
        """Return the step with what it has to turn once others are counted in."""
        return self

    @property
    def harmed(self) -> tuple[str, ...]:
        """What a switch of others' must not be turned back for as things are; owed with what it turns, it is asked about `before`."""
        return ()

    def needs(self) -> Watch | None:
        """Return the state that the call needs; waited for on the way back, where a step may find things half-way."""
        return None

    def ready(self, out: Output) -> Watch | None:
        """Return what to wait for after the call."""
        return None

    def vain(self) -> Query | None:
        """Return a read that answers, while `ready` is waited for, with why it will not come about any more; empty: it may."""
        return None

    def check(self, out: Output) -> Query | None:
        """Return a read that answers with differences; empty is good."""
        return None

    def holds_slot(self, out: Output) -> Query | None:
        """Return a read that answers whether what was made still holds its slot of `quota`; None: a step of its own gives it back."""
        return None

    def delegates(self) -> frozenset[str]:
        """Return the operations that a role of the user's makes by what this step leaves, not the caller."""
        return frozenset()

    def guard(self, ctx: Context, out: Output) -> Guard | None:
        """Return what stands by from this step on, until it is undone or the workload is brought up."""
        return None

    def serving(self) -> Watch | None:
        """Return, of a bring-up, what tells at any later moment whether the replacement serves."""
        return self.ready({})

    def trace(self, ctx: Context) -> Query | None:
        """Return a read, after a bring-up of ours that came to nothing, that answers with what it left behind; None where a
        workload may have run.
        """
        return None

    def resumed(self, left: Output) -> "Step":
        """Return the step whose `before` compares with what `trace` found, no longer with the cut."""
        return self

    def salvage(self) -> "Step | None":
        """Return the step that keeps what a workload wrote to what this one made, when that is put aside after
        bring-up.
        """
        return None

    def past(self) -> Query | None:
        """Return a read that answers, of what keeps writes, whether that which has them is gone: then there is nothing to keep."""
        return None

    def departed(self) -> Watch | None:
        """Return what to wait for where `past` has answered so: until then its name is not free."""
        return None

    def orphaned(self) -> tuple[Query, ...]:
        """Return reads that answer, of a copy, with why what it was made of is gone, or goes: it may be the last of it, and a way back,
        which deletes what was made, keeps it.
        """
        return ()

    def lives_with(self) -> Any:
        """Return the id of what the step is about, or of what its making is a part of, where it knows that by a resource id: once
        that is gone, nothing of the step is left to be taken back.
        """
        return getattr(self, "resource_id", None)

    def claimed(self, ctx: Context) -> Query | None:
        """Return a read that answers, of what claims a source, with the step that takes that claim off; None where the source is
        gone, or another's.
        """
        return None

    def assured(self) -> "Step | None":
        """Return the step that waits until what this one keeps is durable; before it nothing that is kept may be
        deleted.
        """
        return None

    def seconds(self) -> Seconds:
        """Return the assumed duration (see `sealift.estimate` for where the figures come from)."""
        return Seconds()

    def resource(self) -> str:
        """Return the id of the resource that the step is about, as far as it is known."""
        for name in NAMES:
            if (value := getattr(self, name, None)) is not None:
                return str(value)
        return ""


NAMES = (
    *("volume", "source", "instance", "database", "snapshot", "group"),
    *("arn", "deployment", "endpoint", "reservation"),
)
"""The fields by which a step says what it is about, first the one that counts."""

Undo = Step | tuple[Step, ...] | Irreversible
"""What takes a step back."""


def undoing(step: Step, *, brought_up: bool = False) -> tuple[Step, ...]:
    """Return the steps that take a step back, in their order; none where it is irreversible."""
    undo = step.undo_once_up() if brought_up else step.undo()
    if isinstance(undo, Irreversible):
        return ()
    return undo if isinstance(undo, tuple) else (undo,)


def taken_back_by(step: Step) -> str:
    """Say in words what takes a step back, or why nothing does."""
    undo = step.undo()
    return f"({undo.reason})" if isinstance(undo, Irreversible) else ", then ".join(s.title() for s in undoing(step))


def bind(x: Any, outputs: Mapping[str, Output]) -> Any:
    """Replace every `Ref` in a step, a tuple or a value by the recorded output.

    Raises:
        KeyError: an earlier step has not left that output.

    """
    match x:
        case Ref():
            return outputs[x.step][x.field]
        case Step():
            return replace(x, **{f.name: bind(getattr(x, f.name), outputs) for f in fields(x)})
        case tuple():
            return tuple(bind(y, outputs) for y in x)
        case _:
            return x


def bound(step: Step, outputs: Mapping[str, Output]) -> Step:
    """Return a step with the outputs that are known; what an earlier one has not left yet stands as its `Ref`."""
    unknown: dict[str, Output] = {}
    for ref in refs(step):
        if ref.field not in outputs.get(ref.step, {}):
            unknown.setdefault(ref.step, {})[ref.field] = ref
    filled: Step = bind(step, {**outputs, **{k: {**outputs.get(k, {}), **new} for k, new in unknown.items()}})
    return filled


def refs(x: Any) -> Iterable[Ref]:
    """Yield every `Ref` in a step's fields."""
    match x:
        case Ref():
            yield x
        case Step():
            for f in fields(x):
                yield from refs(getattr(x, f.name))
        case tuple():
            for y in x:
                yield from refs(y)


# -- names and tags of what steps make

TAG = "sealift:"
"""Every tag of ours begins so. A tag alone proves nothing: backups and copies inherit tags."""


def made_by(ctx: Context, step: Step, role: str, extra: Tags = ()) -> dict[str, str]:
    """Return the tags of a temporary resource: ours, and those that the account demands (`--extra-tags`)."""
    return dict(extra) | {
        "sealift:migration": ctx.migration,
        "sealift:step": step.key,
        "sealift:attempt": str(ctx.attempt),
        "sealift:epoch": str(ctx.epoch),
        "sealift:role": role,
    }


def specification(resource_type: str, tags: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return a TagSpecifications parameter."""
    return [{"ResourceType": resource_type, "Tags": as_tags(tags)}]


def as_tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Return a Tags parameter, in a fixed order (a ClientToken demands equal parameters)."""
    return [{"Key": k, "Value": v} for k, v in sorted(tags.items())]


def tags_of(resource: Mapping[str, Any]) -> dict[str, str]:
    """Return a described resource's tags as a mapping."""
    return {t["Key"]: t.get("Value", "") for t in resource.get("Tags") or resource.get("TagList") or ()}


def token(ctx: Context, step: Step) -> str:
    """Return the ClientToken: at most 64 ASCII characters, the same for the same try, another for the next attempt or
    cut.
    """
    return token_of(ctx, step.key)


def token_of(ctx: Context, key: str) -> str:
    """Return the same by a step's key alone."""
    again = f"/{ctx.lost}" if ctx.lost else ""
    text = f"{ctx.migration}/{ctx.attempt}/{ctx.epoch}/{key}{again}"
    return hashlib.sha256(text.encode()).hexdigest()[:48]


def name_made(ctx: Context, key: str) -> str:
    """Return the name that the step `key` gives to what it makes, where the caller names it: found again by it, and nobody else's."""
    return f"sealift-{token_of(ctx, key)[:24]}"


def is_ours(resource: Mapping[str, Any], ctx: Context, step: Step) -> bool:
    """Tell whether the tags name this very step, attempt and cut (the parent and the age are for the caller to
    compare).
    """
    wanted = made_by(ctx, step, role="")
    has = tags_of(resource)
    return all(has.get(k) == v for k, v in wanted.items() if k != "sealift:role")


def tag_filters(ctx: Context, step: Step) -> list[dict[str, Any]]:
    """Return Filters that name the migration and the step."""
    return [
        {"Name": "tag:sealift:migration", "Values": [ctx.migration]},
        {"Name": "tag:sealift:step", "Values": [step.key]},
    ]


def safe_key(text: str) -> str:
    """Return `text` with only characters that every tag alphabet takes."""
    return re.sub(r"[^A-Za-z0-9 _.:/=+@-]", "_", text)
