"""What whoever watches is told: every event of a step names it, and what a person reads of a way back that ends early."""

from typing import Any

import pytest

from sealift.engine import SAY_SO, Engine
from sealift.errors import CallError, NeedsPerson, Retry
from sealift.recipe import recipe
from sealift.step import Phase, Step
from tests.engine.scripted import DONE, NOT_YET, STOP, Bench, act, asks, undo, waits


def a_recipe(**changed: Any) -> tuple[Step, ...]:
    steps = {
        "warm": act("warm", Phase.PREPARE, taken_back=undo("warm", Phase.CLEAN)),
        "stop": act("stop", quiesces=True, takes_down=True, taken_back=undo("stop")),
        "attach": act("attach", exposes=True, taken_back=undo("attach")),
        "start": act("start", Phase.BRING_UP, taken_back=undo("start")),
    }
    return recipe(*(steps | changed).values())


def failure(retry: Retry = Retry.REFUSED) -> CallError:
    return CallError("refused", operation=STOP, retry=retry)


async def runs(bench: Bench, *steps: Step) -> Engine:
    engine = bench.engine(*(steps or a_recipe()))
    await bench.act(engine.run())
    return engine


def told(bench: Bench) -> list[tuple[str, str]]:
    """The events that are about a step, with its key."""
    return [(e.name, e.step) for e in bench.events if e.step]


async def test_every_event_of_a_step_names_it(bench: Bench) -> None:
    """From its start to its end: what it waits for, what it quiesces, who gets nothing from it on, what it brings up."""
    looks = [NOT_YET, DONE]

    await runs(bench, *a_recipe(stop=act("stop", quiesces=True, takes_down=True, waited=waits(lambda: looks.pop(0)))))

    of_stop = ["quiesce", "outage", "step-started", "step-waiting", "step-waiting", "step-done"]
    assert of_stop == [name for name, step in told(bench) if step == "stop"]
    assert ["step-started", "bring-up", "step-done"] == [name for name, step in told(bench) if step == "start"]


async def test_what_is_of_no_step_is_of_the_target(bench: Bench) -> None:
    """The gate, and the end."""
    await runs(bench)

    whole = [e for e in bench.events if e.name in ("gate", "end")]
    assert [("", "", "", "i-1")] * 2 == [(e.phase, e.step, e.title, e.resource) for e in whole]


async def test_what_is_tried_again_is_named(bench: Bench) -> None:
    """With how often, and when next."""
    bench.gateway.answers["warm"] = [failure(Retry.THROTTLED)]

    await runs(bench)

    assert ["step-started", "step-failed", "retry", "step-started", "step-done"] == [
        name for name, step in told(bench) if step == "warm"
    ]
    (again,) = bench.told("retry")
    assert ("throttled", 1) == (again.data["retry"], again.data["tries"])


async def test_a_way_back_that_is_stuck_names_the_step(bench: Bench) -> None:
    """Every ten minutes of the same refusal."""
    bench.gateway.answers |= {"attach": [failure()], "undo:stop": [failure(Retry.THROTTLED)] * 60}

    await runs(bench)

    said = bench.told("stuck")
    assert {"undo:stop"} == {e.step for e in said}
    assert bench.passed >= SAY_SO * len(said) > 0
    assert "refused" in said[0].data["waiting_for"]


async def test_a_start_of_somebody_else_is_told_as_a_bring_up(bench: Bench) -> None:
    """Of the step that would have done it, with who it was."""
    start = act("start", Phase.BRING_UP, befores=asks(lambda: ["it was started at 9"]), traces=asks(dict))
    bench.gateway.answers["check"] = [failure()]
    steps = recipe(*a_recipe()[:3], act("check"), start)

    with pytest.raises(NeedsPerson):
        await runs(bench, *steps)

    assert [("start", {"by": "somebody else"})] == [(e.step, e.data) for e in bench.told("bring-up")]


async def test_who_was_asked_too_late_to_turn_names_the_start(bench: Bench) -> None:
    """It was brought up."""
    engine = bench.engine(*a_recipe())
    bench.gateway.answers["start"] = [lambda: engine.ask_back("slow") or {}]

    await bench.act(engine.run())

    assert ["start"] == [e.step for e in bench.told("not-turned")]


@pytest.mark.parametrize(
    ("at", "down"), [("warm", ""), ("attach", " and is down")], ids=["nothing was stopped", "it was stopped"]
)
async def test_a_way_back_that_cannot_begin_says_whether_the_workload_is_down(bench: Bench, at: str, down: str) -> None:
    """What was made cannot even be looked for: a person is told how things are, what is wrong and what mends it."""
    unread = asks(lambda: None, "ec2:X")
    phase = Phase.PREPARE if at == "warm" else Phase.CUTOVER
    bench.gateway.answers[at] = [failure()]
    bench.gateway.unread["ec2:X"] = CallError("no look", operation="ec2:X", retry=Retry.REFUSED)

    with pytest.raises(NeedsPerson) as caught:
        await runs(bench, *a_recipe(**{at: act(at, phase, finds=unread)}))

    assert f"i-1 could not be put back{down}: no look" == caught.value.message
    name = bench.migration
    assert (
        f"When it is mended: sealift resume {name}, or, to put the original back: sealift rollback {name}"
        == caught.value.remedy
    )
    assert "needs-person" == bench.journal.state(bench.migration).end


async def test_a_workload_that_a_hook_may_have_quiesced_counts_as_down(bench: Bench) -> None:
    """Before the stop, too: it is not said to run."""
    bench.gateway.answers["flags"] = [failure()]
    bench.gateway.unread["ec2:X"] = CallError("no look", operation="ec2:X", retry=Retry.REFUSED)
    flags = act("flags", finds=asks(lambda: None, "ec2:X"))
    steps = recipe(a_recipe()[0], act("hook", taken_back=undo("hook")), flags, *a_recipe()[1:])

    with pytest.raises(NeedsPerson, match="i-1 could not be put back and is down: no look"):
        await runs(bench, *steps)
