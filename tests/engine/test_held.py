"""What an engine does with the breaker of its run, and what it keeps of troubles that left no row."""

from typing import Any

import pytest

from sealift.errors import CallError, LeftAtGate, NeedsPerson, Retry, SealiftError
from sealift.recipe import recipe
from sealift.step import Phase, Seen, Step
from tests.engine.scripted import STOP, Bench, act, asks, undo, waits


class Circuit:
    """A breaker that says what a test says, and keeps what it was told."""

    def __init__(self, holds: str = "", says: str = "") -> None:
        self.why, self.says = holds, says
        self.told: list[tuple[str, str, Any]] = []

    def holds(self) -> str:
        return self.why

    def failed(self, error: SealiftError, *, cut: bool) -> str:
        self.told.append(("failed", error.message, cut))
        return self.says

    def saw(self, error: SealiftError) -> str:
        self.told.append(("saw", error.message, None))
        return self.says


def a_recipe(*before: Step) -> tuple[Step, ...]:
    warm = act("warm", Phase.PREPARE, taken_back=act("undo:warm", Phase.CLEAN))
    stop = act("stop", quiesces=True, takes_down=True, taken_back=undo("stop"))
    return recipe(warm, *before, stop, act("copy"), act("start", Phase.BRING_UP))


def refused() -> CallError:
    return CallError("refused", operation=STOP, retry=Retry.REFUSED)


async def test_what_is_held_is_left_at_its_gate(bench: Bench) -> None:
    """Prepared, not stopped; the row and whoever watches are told why, and the remedy says how to go on."""
    with pytest.raises(LeftAtGate) as caught:
        await bench.act(bench.engine(*a_recipe(), circuit=Circuit("one has failed")).run())

    assert ["warm"] == bench.gateway.keys
    assert {"why": "one has failed", "gate": True} == bench.entry(None, "held").data
    assert [{"why": "one has failed"}] == [e.data for e in bench.told("held")]
    assert "i-1 is prepared and was held at its gate: one has failed" == caught.value.message
    again = "When you know that it would not go the same way: sealift resume"
    assert f"{again} {bench.migration}" == caught.value.remedy


async def test_what_nobody_has_approved_is_approved_first(bench: Bench) -> None:
    """The remedy says both."""
    bench.migration = bench.journal.begin({"target": "i-2", "kind": "k", "account": "1", "region": "r"}, "d", [])

    with pytest.raises(LeftAtGate) as caught:
        await bench.act(bench.engine(*a_recipe(), circuit=Circuit("x")).run())

    assert f"sealift approve {bench.migration}, then sealift resume {bench.migration}" in str(caught.value.remedy)


def test_what_is_held_while_it_is_prepared_does_not_stand_at_its_gate(bench: Bench) -> None:
    """It says so."""
    engine = bench.engine(*a_recipe(), circuit=Circuit("x"))

    with pytest.raises(LeftAtGate, match="held while it was prepared: x"):
        engine.hold(prepared=False)

    assert {"why": "x", "gate": False} == bench.entry(None, "held").data


@pytest.mark.parametrize(
    ("operation", "end", "rows"),
    [("local:Observe", None, ["intent", "made", "done", "void"]), (STOP, "rolled-back", ["intent", "made", "done"])],
    ids=["only looked", "changed something"],
)
async def test_a_cutover_that_has_begun_is_taken_back_before_it_is_held(
    bench: Bench, operation: str, end: str | None, rows: list[str]
) -> None:
    """Unless it was only a look: that is done again by whoever goes on."""
    circuit = Circuit()
    look = act("look", operation=operation, observes=asks(dict), taken_back=undo("look"))
    steps = a_recipe(look)
    engine = bench.engine(*steps, circuit=circuit)
    await bench.act(engine.walk(steps[:2]))
    circuit.why = "one has failed"

    if end is None:
        with pytest.raises(LeftAtGate):
            await bench.act(engine.run())
    else:
        await bench.act(engine.run())

    assert (end, rows) == (engine.state.end, bench.rows("look"))
    assert (end is not None) == ("undo:look" in bench.gateway.keys)
    assert "stop" not in bench.gateway.keys


async def test_what_is_held_between_two_steps_before_the_quiesce_begins_no_more(bench: Bench) -> None:
    """Not only at the gate: another target may fail while a hook of this one runs."""
    circuit = Circuit()
    hook = act("hook", taken_back=undo("hook"))
    bench.gateway.answers["hook"] = [lambda: setattr(circuit, "why", "one has failed") or {}]

    await bench.act(bench.engine(*a_recipe(hook, act("flags")), circuit=circuit).run())

    assert ["warm", "hook", "undo:hook"] == bench.gateway.keys[:3]
    assert "rolled-back" == bench.journal.state(bench.migration).end


async def test_what_has_quiesced_is_not_held(bench: Bench) -> None:
    """It goes on, or back."""
    circuit = Circuit()
    bench.gateway.answers["stop"] = [lambda: setattr(circuit, "why", "one has failed") or {}]

    await bench.act(bench.engine(*a_recipe(), circuit=circuit).run())

    assert "retained" == bench.journal.state(bench.migration).end


@pytest.mark.parametrize(("at", "cut"), [("warm", False), ("copy", True)])
async def test_the_breaker_is_told_of_each_failure_and_whoever_watches_what_it_says(
    bench: Bench, at: str, cut: bool
) -> None:
    """Of a try, and of the whole: with whether it was quiesced."""
    circuit = Circuit(says="the others are held")
    bench.gateway.answers[at] = [refused()]

    await bench.act(bench.engine(*a_recipe(), circuit=circuit).run())

    assert [("saw", "refused", None), ("failed", "refused", cut)] == circuit.told
    assert [{"text": "the others are held"}] * 2 == [e.data for e in bench.told("breaker")]


async def test_a_breaker_that_says_nothing_is_not_told_of(bench: Bench) -> None:
    """Nobody is disturbed."""
    bench.gateway.answers["copy"] = [refused()]

    await bench.act(bench.engine(*a_recipe(), circuit=Circuit()).run())

    assert [] == bench.told("breaker")


async def test_a_way_back_that_is_taken_up_counts_unless_somebody_asked_for_it(bench: Bench) -> None:
    """The driver that turned has died: its failure is told once more; what a person asked for is no failure."""
    for asked in (False, True):
        circuit = Circuit()
        engine = bench.engine(*a_recipe(), circuit=circuit)
        engine.note("direction", why="w", salvage=True, asked=asked)

        await bench.act(engine.run())

        assert ([] if asked else [("failed", "w", True)]) == circuit.told


# -- troubles ----------------------------------------------------------------------------------------------------------


async def fails(bench: Bench, step: Step) -> None:
    with pytest.raises(SealiftError):
        await bench.act(bench.engine(step).walk([step]))


async def test_a_failure_that_left_no_row_of_its_step_is_kept(bench: Bench) -> None:
    """A wait, or a read: with step and resource."""
    await fails(bench, act(waited=waits(lambda: Seen(failed="it went to 'error'"))))

    kept = bench.entry(None, "trouble").data
    assert ("WaitFailed", "stop", "vol-1") == tuple(kept[k] for k in ("error", "step", "resource"))
    assert "it went to 'error'" in bench.told("step-failed")[0].data["error"]


async def test_a_read_that_fails_is_kept_with_the_step_that_asked(bench: Bench) -> None:
    """AWS's answer names neither step nor resource."""
    bench.gateway.unread["ec2:DescribeVolumes"] = refused()

    await fails(bench, act(befores=asks(list)))

    kept = bench.entry(None, "trouble").data
    assert ("CallError", "stop", "vol-1") == tuple(kept[k] for k in ("error", "step", "resource"))


async def test_a_check_that_differs_is_kept_at_each_try(bench: Bench) -> None:
    """Every one has a row."""
    await fails(bench, act(checks=asks(lambda: ["differs"])))

    assert bench.notes.count("trouble") == len(bench.told("step-failed")) > 1


async def test_a_failure_that_has_a_row_is_kept_once(bench: Bench) -> None:
    """The row of the step says it."""
    bench.gateway.answers["stop"] = [refused()]

    await fails(bench, act())

    assert ("trouble" in bench.notes, ["intent", "failed"]) == (False, bench.rows("stop"))


async def test_another_failure_after_one_with_a_row_is_kept(bench: Bench) -> None:
    """It is not the one that the row tells of."""
    bench.gateway.answers["stop"] = [CallError("busy", operation=STOP, retry=Retry.THROTTLED)]

    await fails(bench, act(waited=waits(lambda: Seen(failed="it went to 'error'"))))

    assert 1 == bench.notes.count("trouble")


@pytest.mark.parametrize("error", [NeedsPerson("x"), LeftAtGate("x")])
async def test_what_is_no_trouble_is_not_kept(bench: Bench, error: SealiftError) -> None:
    """A question, or a gate."""
    await fails(bench, act(befores=asks(lambda: (_ for _ in ()).throw(error))))

    assert ("trouble" in bench.notes, 1) == (False, len(bench.told("step-failed")))


async def test_a_fault_of_ours_is_kept_as_one(bench: Bench) -> None:
    """With what it was; the call may have had its effect."""
    bench.gateway.answers["stop"] = [ZeroDivisionError("oops")]
    await fails(bench, act())
    failed = bench.entry("stop", "failed").data
    assert ("Unexpected", "stop", "vol-1", True) == tuple(failed[k] for k in ("error", "step", "resource", "ambiguous"))

    await fails(bench, act("other", befores=asks(lambda: 1 / 0)))
    kept = bench.entry(None, "trouble").data
    assert ("Unexpected", "other", "vol-1") == tuple(kept[k] for k in ("error", "step", "resource"))
    assert "ZeroDivisionError" in kept["message"]
