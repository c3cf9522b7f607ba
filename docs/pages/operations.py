"""docs/operations.md: the AWS operations that sealift knows, what each needs, and who sends it."""

from collections import defaultdict
from collections.abc import Iterator

from docs.pages import examples, reading
from sealift.aws.gateway import PATIENCE
from sealift.aws.operations import OPERATIONS, Operation, Repeat
from sealift.aws.outcomes import CODES
from sealift.errors import Retry
from sealift.kinds import KINDS
from sealift.pace import READS, RETRIES
from sealift.policy import delegated, policy
from sealift.recipe import operations_of, way_back
from sealift.render.markdown import table
from sealift.step import Step, undoing
from sealift.steps import STEPS

HEAD = """# AWS operations

sealift sends nothing that is not in this table: the gateway refuses it. It refuses as well what the step that asks has
not declared. IAM actions include the dependent ones (`CreateTags` on creation, the KMS actions that EC2 calls for the
caller). *Again* is the class by which a call may be sent again, told below. Rates are token buckets: tokens held, tokens
that come back a second."""

REPEATS = "## How a call may be sent again"

RETRY = """## What is tried again

One table for all calls. Waits grow by the factor up to the cap, each a quarter longer or shorter by chance. The last
three numbers are the seconds of waiting after which sealift gives up: while nothing is down; while a workload is down,
or its cutover has begun (then it goes back); while a workload is down and on its way home (then it needs a person). A
code that is not here is refused for good, and so are `refused` and `fatal`. A read is tried again for {reads}, for
{patience} s at most each time."""

SENT = "What has become of the call, and what is looked at before it is sent again:"

NEEDS = """## What a route needs

The IAM actions of all steps of a recipe, of the way back from every point of it, and of `finalize`, over all options of
[the example](recipes.md). What `plan` and `inventory` read comes on top: the rows of the first table that name a file,
where others name steps."""


LENT = """## What the watchdog's role needs

The role that `--watchdog` names is not the caller's: Systems Manager assumes it, so it trusts `ssm.amazonaws.com`, and the
caller passes it (`iam:PassRole`). It needs these actions, which are those of the calls in the document that is made for it:"""


def page() -> str:
    """Return the page."""
    users = _users()
    rows = [_row(op, users) for op in OPERATIONS.values()]
    sent = table(("operation", "again", "IAM actions", "rate", "who sends it"), rows)
    repeats = table(("class", "meaning"), list(reading.members(Repeat)))
    return "\n\n".join([HEAD, sent, REPEATS, repeats, *_retries(), NEEDS, *_needs(), LENT, _lent()])


def _row(op: Operation, users: dict[str, list[str]]) -> tuple[str, ...]:
    who = users.get(op.name) or [f"`{path}`" for path in _named_in(op.name)] or ["nobody yet"]
    allowed = ", ".join(f"`{a}`" for a in op.actions)
    return f"`{op.name}`", op.repeat.value, allowed, f"{op.rate.size}, {op.rate.refill:g}/s", ", ".join(who)


def _named_in(operation: str) -> list[str]:
    apart = ("aws/operations.py", "aws/outcomes.py", "/sandbox/", "/rules/")
    return [p for p, text in reading.sources() if f'"{operation}"' in text and not any(a in p for a in apart)]


def _users() -> dict[str, list[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for step in every_step():
        for operation in operations_of(step):
            found[operation].add(type(step).__name__)
    return {name: sorted(steps) for name, steps in found.items()}


def every_step() -> Iterator[Step]:
    """Yield the steps of all examples: forward, undone, back with everything kept, and finalized."""
    for kind, _, steps in examples.recipes():
        outputs = examples.outputs_of(steps)
        undos = [undo for step in steps for undo in undoing(step)]
        back = way_back(steps, outputs, brought_up=True, salvage=True)
        end = kind.finalize(examples.of(kind).facts, examples.OPTIONS, {**outputs, "migration": {"brought_up": 0}})
        yield from (*steps, *undos, *back, *end)


def unused() -> set[str]:
    """Return the step classes that no example reaches."""
    return {cls.__name__ for cls in STEPS} - {type(s).__name__ for s in every_step()}


def _retries() -> Iterator[str]:
    meanings = dict(reading.members(Retry))
    rows, sent = [], []
    for retry, again in RETRIES.items():
        codes = ", ".join(f"`{c}`" for c, r in CODES.items() if r is retry)
        numbers = ["-"] * 6
        if again is not None:
            waits, name = again.delays, retry.value
            numbers = [f"{n:g}" for n in (waits.first, waits.factor, waits.cap, again.served, again.down, again.home)]
            sent.append((name, again.sent))
        rows.append((retry.value, meanings.get(retry.value, ""), *numbers, codes))
    yield RETRY.format(reads=" and ".join(f"`{r}`" for r in RETRIES if r in READS), patience=f"{PATIENCE:g}")
    headings = (
        "class",
        "meaning",
        "first wait, s",
        "factor",
        "cap, s",
        "served, s",
        "down, s",
        "way home, s",
        "AWS codes",
    )
    yield table(headings, rows)
    yield SENT
    yield table(("class", "the call"), sent)


def _lent() -> str:
    return ", ".join(f"`{a}`" for a in sorted(delegated(every_step()))) + "."


def _needs() -> Iterator[str]:
    for kind in KINDS:
        rows = []
        for route in kind.routes:
            steps = [s for k, r, made in examples.recipes() if (k, r) == (kind, route) for s in made]
            outputs = {**examples.outputs_of(tuple(steps)), "migration": {"brought_up": 0}}
            end = kind.finalize(examples.of(kind).facts, examples.OPTIONS, outputs)
            needed = policy([*steps, *end])
            rows.append((f"`{route.name}`", ", ".join(f"`{a}`" for a in sorted(needed))))
        yield f"### {kind.name}"
        yield table(("route", "IAM actions"), rows)
