"""The contract that every kind and route keeps, walked over recorded facts of many shapes and over whole runs."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import sealift
from sealift import fencing, logins
from sealift.aws.operations import OPERATIONS
from sealift.kinds import KINDS
from sealift.local import LOCAL as HERE
from sealift.plan import MigrationPlan, Plan
from sealift.recipe import blocks, operations, operations_of, queries, step_from_json, step_to_json, way_back
from sealift.step import Call, Context, Irreversible, Phase, Step, bind, refs
from sealift.steps import STEPS
from tests.contract.shapes import CASES, finalizing, planned, there_and_back, turned_before_bring_up
from tests.pictures import changed

LOCAL = {**HERE, **fencing.operations(logins.connect)}
CTX = Context("mig-contract", 7, 1)
FORBIDDEN = {"Force", "SkipOsShutdown", "Hibernate"}
TAKES_A_SLOT = {"ec2:CopyVolumes", "ec2:CopySnapshot"}
"""Operations of which AWS runs only so many at a time in a Region."""

CASE = [pytest.param(*c, marks=pytest.mark.xdist_group(c[0])) for c in CASES]
each = pytest.mark.parametrize(("shape", "route"), CASE)
TURNED = [c for c in CASES if c[1] != "copy" or c[0] == "root and data"]
"""Turned before bring-up the copy route leaves what the snapshot route leaves, and one more snapshot: one shape shows it."""
turned = pytest.mark.parametrize(("shape", "route"), [p for p in CASE if p.values in TURNED])


def steps_of(shape: str, route: str) -> tuple[Step, ...]:
    return planned(shape, route).steps


def made(steps: tuple[Step, ...]) -> dict[str, dict[str, Any]]:
    """What the steps would have left, had all of them been done."""
    return {s.key: {name: f"{name}-of-{s.key}" for name in s.outputs} for s in steps}


def back(steps: tuple[Step, ...], *, brought_up: bool) -> tuple[Step, ...]:
    return way_back(steps, made(steps), brought_up=brought_up, salvage=True)


def everything(shape: str, route: str) -> list[Step]:
    """Forward, both ways back, and the end."""
    steps = steps_of(shape, route)
    return [*steps, *back(steps, brought_up=False), *back(steps, brought_up=True), *finalizing(shape, route)]


def down(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """The steps from the quiesce to bring-up, both included."""
    start = next(i for i, s in enumerate(steps) if s.quiesces)
    return tuple(s for s in steps[start:] if s.phase in (Phase.CUTOVER, Phase.BRING_UP))


def test_the_shapes_cover_every_kind() -> None:
    """No kind of the list is left without recorded facts."""
    assert {kind.name for kind in KINDS} == {planned(shape, route).kind for shape, route in CASES}


# -- the steps, read as data ---------------------------------------------------------------------------------------------


@each
def test_every_step_has_an_undo_or_a_reason(shape: str, route: str) -> None:
    """What cannot be taken back says why; what can names another step."""
    for step in everything(shape, route):
        for undo in (step.undo(), step.undo_once_up()):
            assert isinstance(undo, Step | tuple | Irreversible)
            assert undo.reason.strip() if isinstance(undo, Irreversible) else undo, step.key


@each
def test_the_worst_is_no_better_than_what_is_expected(shape: str, route: str) -> None:
    """A window is judged by the worst: a step that promised less than it expects would be let in too late."""
    wrong = {s.key: s.seconds() for s in everything(shape, route) if s.seconds().worst < s.seconds().expected}
    assert wrong == {}


@each
def test_keys_are_unique(shape: str, route: str) -> None:
    """A row of the journal belongs to one step, on the way forward, on the way back, and at the end."""
    steps = steps_of(shape, route)
    for brought_up in (False, True):
        keys = [s.key for s in (*steps, *back(steps, brought_up=brought_up), *finalizing(shape, route))]
        assert sorted(set(keys)) == sorted(keys)


@each
def test_a_ref_names_an_earlier_step_and_an_output_that_it_declares(shape: str, route: str) -> None:
    """What is known only at run time was left by a step of an earlier block, or earlier in the same lane."""
    steps = steps_of(shape, route)
    for at, step in enumerate(steps):
        earlier = {s.key: s for s in steps[:at] if s.block < step.block or s.lane == step.lane}
        for ref in refs(step):
            assert ref.step in earlier, f"{step.key} names {ref}"
            assert ref.field in earlier[ref.step].outputs, f"{step.key} names {ref}"


@each
def test_the_way_back_names_only_what_was_made_or_what_it_makes_itself(shape: str, route: str) -> None:
    """Each Ref of the way back can be bound from rows that are there by then."""
    steps = steps_of(shape, route)
    for brought_up in (False, True):
        known = made(steps)
        for block in blocks(back(steps, brought_up=brought_up)):
            for lane in block:
                for step in lane:
                    bind(step, known)
                    known |= made((step,))


@each
def test_a_plan_is_the_same_after_it_was_written_and_read(shape: str, route: str) -> None:
    """plan → JSON → plan changes nothing, the digest included."""
    plan = Plan((planned(shape, route),))
    written = json.dumps(plan.to_json())
    read = Plan.from_json(json.loads(written))
    assert written == json.dumps(read.to_json())
    assert plan.migrations[0].steps == read.migrations[0].steps
    assert plan.migrations[0].options == read.migrations[0].options


@each
def test_a_step_is_listed_and_survives_json(shape: str, route: str) -> None:
    """Every step, of the way back too, can be rebuilt from what is stored."""
    for step in everything(shape, route):
        assert type(step) in STEPS
        assert step == step_from_json(json.loads(json.dumps(step_to_json(step))))


@each
def test_a_step_does_exactly_one_call_and_says_it_the_same_way_twice(shape: str, route: str) -> None:
    """`do` is pure: one Call, equal however often it is asked."""
    for step in everything(shape, route):
        call = step.do(CTX)
        assert type(call) is Call
        assert call == step.do(CTX)


@each
def test_a_mutating_call_mutates_and_a_query_reads(shape: str, route: str) -> None:
    """What `do` returns changes things or runs here; what the other methods return only reads."""
    for step in everything(shape, route):
        call = step.do(CTX)
        assert call.operation.startswith("local:") or OPERATIONS[call.operation].mutating, step.key
        for query in queries(step):
            assert not OPERATIONS[query.call.operation].mutating, step.key


@each
def test_every_operation_is_in_the_table(shape: str, route: str) -> None:
    """What a step declares is a known operation of AWS, or one that this machine knows."""
    for step in everything(shape, route):
        for name in operations_of(step):
            assert name in OPERATIONS or name in LOCAL or name == "local:Observe", f"{step.key}: {name}"


@each
def test_titles_say_something(shape: str, route: str) -> None:
    """A step has a title before and after its ids are known, and a resource that it is about."""
    for step in everything(shape, route):
        assert step.title().strip()
    steps = steps_of(shape, route)
    for step in steps:
        assert "{" not in bind(step, made(steps)).title()


@each
def test_the_way_back_names_what_each_step_is_about(shape: str, route: str) -> None:
    """What could not be cleaned is left over by a name that a person can look for."""
    steps = steps_of(shape, route)
    for brought_up in (False, True):
        undo = back(steps, brought_up=brought_up)
        known = made(steps) | made(undo)
        calls = [s for s in undo if not s.do(CTX).operation.startswith("local:")]
        assert [] == [s.key for s in calls if not bind(s, known).resource()]


@each
def test_no_call_forces_anything(shape: str, route: str) -> None:
    """Nothing is ever sent with Force, SkipOsShutdown or Hibernate: AWS warns of lost data."""
    for step in everything(shape, route):
        assert set() == FORBIDDEN & set(names_in(step.do(CTX).params))


def names_in(value: Any) -> Iterator[str]:
    match value:
        case dict():
            for name, inner in value.items():
                yield name
                yield from names_in(inner)
        case list() | tuple():
            for inner in value:
                yield from names_in(inner)


def test_no_line_of_the_product_names_a_forcing_parameter() -> None:
    """The words appear in sentences only, never as a parameter."""
    room = Path(sealift.__file__).parent
    spelled = re.compile(r"""["'](Force|SkipOsShutdown|Hibernate)["']|\b(Force|SkipOsShutdown|Hibernate)\s*=""")
    files = [f for f in room.rglob("*.py") if "sandbox" not in f.relative_to(room).parts]
    assert [] == [f"{f.name}: {line}" for f in files for line in f.read_text().splitlines() if spelled.search(line)]


# -- what must never wait while a workload is down -----------------------------------------------------------------------


@each
def test_no_step_waits_on_a_quota_while_the_workload_is_down(shape: str, route: str) -> None:
    """Every slot that a step of the cutover takes was reserved before the quiesce, for all lanes at once."""
    steps = steps_of(shape, route)
    cutover = down(steps)
    reserved = {s.quota_name: s.slots for s in steps if s not in cutover and type(s).__name__ == "ReserveSlots"}
    taken = Counter(s.quota for s in cutover if s.quota is not None or s.do(CTX).operation in TAKES_A_SLOT)
    assert {} == {slot: n for slot, n in taken.items() if reserved.get(str(slot), 0) < n}


@each
def test_nothing_is_reserved_after_the_quiesce(shape: str, route: str) -> None:
    """Slots and room for the instance are held before the stop, or the stop does not happen."""
    names = {type(s).__name__ for s in down(steps_of(shape, route))}
    assert set() == names & {"ReserveSlots", "ReserveCapacity", "WarmSnapshot", "RenewWarmSnapshot"}


@each
def test_there_is_one_quiesce_one_bring_up_and_one_order_of_phases(shape: str, route: str) -> None:
    """prepare, cutover, bring-up, confirm: a phase never comes twice, and the quiesce and the bring-up come once."""
    steps = steps_of(shape, route)
    order = [Phase.PREPARE, Phase.CUTOVER, Phase.BRING_UP, Phase.CONFIRM]
    assert sorted((s.phase for s in steps), key=order.index) == [s.phase for s in steps]
    assert [1, 1] == [sum(s.quiesces for s in steps), sum(s.phase is Phase.BRING_UP for s in steps)]


@each
def test_the_first_step_writes_the_before_image(shape: str, route: str) -> None:
    """Each source is marked with what it was before anything else happens, in the tag alphabet that every service takes."""
    steps = steps_of(shape, route)
    first = [s for lane in blocks(steps)[0] for s in lane]
    assert {type(s).__name__ for s in first} < {"MarkSource", "MarkDatabase"}
    for step in first:
        tags = step.do(CTX).params["Tags"]
        assert all(re.fullmatch(r"[A-Za-z0-9 _.:/=+@-]{0,256}", t["Value"]) for t in tags), tags


@each
def test_the_way_back_restores_before_it_cleans(shape: str, route: str) -> None:
    """Service first: no deletion stands before the last step that restores."""
    steps = steps_of(shape, route)
    for brought_up in (False, True):
        phases = [s.phase for s in back(steps, brought_up=brought_up)]
        assert sorted(phases, key=[Phase.RESTORE, Phase.CLEAN].index) == phases


# -- whole runs ----------------------------------------------------------------------------------------------------------


@each
def test_there_and_back_is_the_identity(shape: str, route: str) -> None:
    """After a migration and its rollback all is as it was but for the safety snapshots, which hold what was written since."""
    ran = there_and_back(shape, route)
    assert [0, 0] == [o.exit_code for o in ran.outcomes], ran.outcomes
    kept = {k: v for k, v in changed(ran.before, ran.after).items() if v != (None, "safety")}
    assert ({}, []) == (kept, ran.leftovers)


@turned
def test_a_turn_before_bring_up_leaves_nothing_behind(shape: str, route: str) -> None:
    """Failing at the last moment before bring-up goes back by itself (exit 5), loses nothing and leaves nothing at all."""
    ran = turned_before_bring_up(shape, route)
    assert [5] == [o.exit_code for o in ran.outcomes], ran.outcomes
    assert ({}, [], []) == (changed(ran.before, ran.after), ran.leftovers, ran.losses)


@each
def test_the_policy_covers_every_call_that_was_sent(shape: str, route: str) -> None:
    """The operations that a recipe declares hold all that forward, fallback and way back have sent."""
    runs = [there_and_back(shape, route)]
    if (shape, route) in TURNED:
        runs.append(turned_before_bring_up(shape, route))
    for ran in runs:
        assert frozenset() == ran.calls - operations(ran.steps)


def test_a_plan_of_another_shape_is_another_plan() -> None:
    """Plans can be told apart: no two of the recorded shapes have the same steps."""
    plans: list[MigrationPlan] = [planned(shape, route) for shape, route in CASES]
    texts = [json.dumps([step_to_json(s) for s in p.steps]) for p in plans]
    assert len(plans) == len(set(texts))
