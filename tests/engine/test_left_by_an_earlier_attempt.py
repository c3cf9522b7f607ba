"""What an earlier attempt has left over is looked for again at the end of each later one, and named while it is there."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from sealift.engine import Engine
from sealift.errors import CallError, Retry
from sealift.recipe import recipe
from sealift.step import Context, Found, Phase, Query, Ref, Step
from tests.engine.scripted import CREATE, STOP, Act, Bench, act, asks

THERE, NOT_THERE = asks(lambda: Found({})), asks(lambda: None)


@dataclass(frozen=True, kw_only=True)
class Deletes(Act):
    """An undo that notes of which volume, and as what, it was looked for."""

    looked: list[Any] = field(default_factory=list, compare=False)

    def find(self, ctx: Context) -> Query | None:
        if ctx.migration != "mig":  # who only asks which operations there are
            self.looked.append((self.volume, ctx))
        return self.finds


@dataclass(frozen=True, kw_only=True)
class Copies(Act):
    """A copy, and what deletes it by its id: before bring-up, and after it (lists: what they refer to is not bound with it)."""

    gone: list[Deletes]
    gone_once_up: list[Deletes]

    def undo(self) -> Any:
        return tuple(self.gone)

    def undo_once_up(self) -> Any:
        return tuple(self.gone_once_up or self.gone)


def deletes(key: str = "undo:copy", **more: Any) -> Deletes:
    return Deletes(key=key, phase=Phase.CLEAN, volume=Ref("copy", "id"), **{"finds": NOT_THERE, **more})  # type: ignore[arg-type]


def a_recipe(*gone: Deletes, copy: str = "vol-1", once_up: tuple[Deletes, ...] = (), **more: Any) -> tuple[Step, ...]:
    made: dict[str, Any] = {"operation": CREATE, "gives": {"id": copy}, "outputs": ("id",), **more}
    return recipe(
        act("stop", quiesces=True, takes_down=True, taken_back=act("undo:stop", Phase.RESTORE)),
        Copies(key="copy", phase=Phase.CUTOVER, gone=[*gone], gone_once_up=[*once_up], **made),
        act("attach", exposes=True),
        act("start", Phase.BRING_UP),
    )


def refused(why: str = "refused") -> CallError:
    return CallError(why, operation=STOP, retry=Retry.REFUSED)


async def attempt(bench: Bench, number: int, *steps: Step) -> Engine:
    """An attempt goes to its end."""
    if number > 1:
        bench.journal.note(bench.migration, "attempt", {"number": number}, attempt=number)
        bench.journal.note(bench.migration, "approved", {"by": "a test"}, attempt=number)
    engine = bench.engine(*steps)
    await bench.act(engine.run())
    return engine


async def first_leaves(bench: Bench, steps: tuple[Step, ...]) -> int:
    """It goes back, and its copy cannot be deleted; return its epoch."""
    bench.gateway.answers |= {"attach": [refused()], "undo:copy": [refused("in use")]}
    engine = await attempt(bench, 1, *steps)
    assert ["vol-1: do undo:copy: in use"] == engine.leftovers
    return engine.state.epoch


async def left(bench: Bench, steps: tuple[Step, ...], *leftovers: dict[str, Any]) -> list[str]:
    """Return what the end of a second attempt names, where a first one that went back has left something."""
    bench.gateway.answers["attach"] = [refused()]
    engine = bench.engine(*steps)
    for data in leftovers:
        engine.note("leftover", **data)
    await bench.act(engine.run())
    return (await attempt(bench, 2, *steps)).leftovers


async def test_what_could_not_be_deleted_is_looked_for_as_what_its_attempt_made(bench: Bench) -> None:
    """By the ids, the epoch and the number of that attempt, whatever a later one has made; it is named, and told."""
    gone = deletes()
    epoch = await first_leaves(bench, a_recipe(gone))

    engine = await attempt(bench, 2, *a_recipe(gone, copy="vol-2"))

    assert [("vol-1", Context(bench.migration, epoch, 1))] == gone.looked
    why = "do undo:copy: in use (attempt 1)"
    assert [f"vol-1: {why}"] == engine.leftovers
    assert {"resource": "vol-1", "why": why} == bench.told("leftover")[-1].data
    assert {"step": "undo:copy", "resource": "vol-1", "why": why, "of": 1} == bench.entry(None, "leftover").data


async def test_it_is_named_once_by_each_later_attempt_with_the_one_that_made_it(bench: Bench) -> None:
    """However many have ended since."""
    gone = deletes()
    await first_leaves(bench, a_recipe(gone))
    await attempt(bench, 2, *a_recipe(gone, copy="vol-2"))

    engine = await attempt(bench, 3, *a_recipe(gone, copy="vol-3"))

    assert ["vol-1: do undo:copy: in use (attempt 1)"] == engine.leftovers
    assert {("vol-1", 1)} == {(volume, ctx.attempt) for volume, ctx in gone.looked}
    assert 3 == bench.notes.count("leftover")


async def test_what_somebody_has_deleted_since_is_not_named(bench: Bench) -> None:
    """An undo that is found done has nothing left over."""
    steps = a_recipe(deletes(finds=THERE))

    assert [] == await left(bench, steps, {"step": "undo:copy", "resource": "vol-1", "why": "in use"})


@pytest.mark.parametrize(("finds", "named"), [(THERE, True), (NOT_THERE, False)])
async def test_what_a_step_made_is_left_over_while_it_is_found(bench: Bench, finds: Query, named: bool) -> None:
    """Of the step itself, and not of its undo."""
    steps = a_recipe(deletes(), finds=finds)

    found = await left(bench, steps, {"step": "copy", "resource": "vol-1", "why": "it came to nothing"})

    assert (["vol-1: it came to nothing (attempt 1)"] if named else []) == found


@pytest.mark.parametrize(("finds", "named"), [(NOT_THERE, True), (THERE, False)])
async def test_what_was_kept_is_left_over_until_its_undo_is_found_done(bench: Bench, finds: Query, named: bool) -> None:
    """What takes it back once it was up counts: another undo is not asked, and what keeps its writes was never made."""
    keeper = act("safety:copy", Phase.RESTORE, finds=asks(lambda: 1 / 0))
    other = deletes("undo:early", finds=asks(lambda: 1 / 0))
    steps = a_recipe(other, once_up=(deletes("gone:copy", finds=finds),), kept_by=keeper)

    found = await left(bench, steps, {"step": "safety:copy", "resource": "vol-1", "why": "kept"})

    assert (["vol-1: kept (attempt 1)"] if named else []) == found


@pytest.mark.parametrize("key", ["undo:early", "gone:copy"])
async def test_what_either_undo_has_left_is_looked_for(bench: Bench, key: str) -> None:
    """That of before bring-up, and that of after it."""
    steps = a_recipe(deletes("undo:early"), once_up=(deletes("gone:copy"),))

    assert ["vol-1: x (attempt 1)"] == await left(bench, steps, {"step": key, "resource": "vol-1", "why": "x"})


async def test_what_cannot_be_read_is_named(bench: Bench) -> None:
    """It may be there."""
    bench.gateway.unread["ec2:DescribeTags"] = refused()
    steps = a_recipe(deletes(finds=asks(lambda: Found({}), "ec2:DescribeTags")))

    found = await left(bench, steps, {"step": "undo:copy", "resource": "vol-1", "why": "in use"})

    assert ["vol-1: in use (attempt 1)"] == found


@pytest.mark.parametrize("key", ["undo:stop", "undo:unknown", None])
async def test_what_is_only_set_or_is_no_step_of_it_is_not_named_again(bench: Bench, key: str | None) -> None:
    """A state has been set anew since; a note without a step names nothing that could be looked for."""
    assert [] == await left(bench, a_recipe(deletes()), {"step": key, "resource": "i-1", "why": "x"})


async def test_all_that_differ_in_step_or_resource_are_named(bench: Bench) -> None:
    """A step that came to nothing twice has left two; two undos may fail at one resource."""
    steps = a_recipe(deletes(), deletes("undo:more"), finds=THERE)
    leftovers = [("copy", "vol-1"), ("copy", "vol-2"), ("undo:copy", "vol-1"), ("undo:more", "vol-1")]

    found = await left(bench, steps, *({"step": s, "resource": r, "why": s} for s, r in [*leftovers, leftovers[0]]))

    assert [f"{r}: {s} (attempt 1)" for s, r in leftovers] == found


async def test_a_way_back_names_them_too(bench: Bench) -> None:
    """Its end is the last that people read."""
    steps = a_recipe(deletes())
    await first_leaves(bench, steps)
    bench.gateway.answers["attach"] = [refused()]

    engine = await attempt(bench, 2, *steps)

    assert ("rolled-back", ["vol-1: do undo:copy: in use (attempt 1)"]) == (engine.state.end, engine.leftovers)


async def test_who_accepts_is_told_of_them_too(bench: Bench) -> None:
    """What is kept in doubt ends an attempt as well."""
    steps = a_recipe(deletes())
    await first_leaves(bench, steps)
    bench.journal.note(bench.migration, "attempt", {"number": 2}, attempt=2)
    engine = bench.engine(*steps)

    await bench.act(engine.accept())

    assert ("retained", ["vol-1: do undo:copy: in use (attempt 1)"]) == (engine.state.end, engine.leftovers)
