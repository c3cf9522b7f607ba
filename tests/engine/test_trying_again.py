"""Which failure is tried again, for how long, and while what is down."""

from typing import Any

import pytest

from sealift.engine import SAY_SO, Engine, _Try
from sealift.errors import CallError, CheckFailed, CredentialsLost, HookFailed, Retry, SealiftError, WaitFailed
from sealift.pace import RETRIES, Again
from sealift.step import Phase, Seen
from tests.engine.scripted import STOP, Bench, act, asks, waits


def failure(retry: Retry, **more: Any) -> CallError:
    return CallError(f"{retry}", operation=STOP, retry=retry, **more)


def standing(bench: Bench, *, down: bool, phase: Phase = Phase.CUTOVER) -> tuple[Engine, _Try]:
    """An engine whose workload is down or not, and a step under it."""
    step = act(phase=phase)
    engine = bench.engine(step)
    if down:
        engine.note("quiesce")
    return engine, _Try(engine, step)


def owed(attempt: _Try, error: BaseException) -> list[float]:
    """Fail again and again with an error; return the delays that were owed until it was given up."""
    delays = []
    for _ in range(20_000):
        attempt._tries += 1
        if not attempt.will_retry(error):
            return delays
        delays.append(attempt._owed)
        attempt._owed = 0.0
    raise AssertionError("it is tried for ever")


def told_of(retry: Retry) -> Again:
    found = RETRIES[retry]
    assert found is not None
    return found


CLASSES = [Retry.TRANSIENT, Retry.THROTTLED, Retry.EVENTUAL, Retry.CAPACITY]


@pytest.mark.parametrize("retry", [*CLASSES, Retry.QUOTA])
def test_while_a_workload_runs_each_class_has_its_own_deadline(bench: Bench, retry: Retry) -> None:
    """Until that many seconds have been waited; the first delay is that of the table, with a jitter of a quarter."""
    _, attempt = standing(bench, down=False)
    table = told_of(retry)

    delays = owed(attempt, failure(retry))

    wait = table.delays
    assert table.served <= sum(delays) <= table.served + 1.25 * wait.cap
    assert sum(delays[:-1]) < table.served
    assert 0.75 * wait.first <= delays[0] <= 1.25 * wait.first
    assert 0.75 * wait.first * wait.factor <= delays[1] <= 1.25 * wait.first * wait.factor


@pytest.mark.parametrize(("waited", "again"), [(0.0, True), (1.0, True), (None, False)])
def test_what_a_read_has_waited_by_itself_counts(bench: Bench, waited: float | None, again: bool) -> None:
    """It has been patient already: the deadline is one for both."""
    _, attempt = standing(bench, down=False)
    error = failure(Retry.TRANSIENT)
    error.waited = told_of(Retry.TRANSIENT).served if waited is None else waited

    attempt._tries = 1
    assert again == attempt.will_retry(error)
    assert attempt._waited == pytest.approx(error.waited + attempt._owed)


@pytest.mark.parametrize("retry", CLASSES)
def test_while_a_workload_is_down_nothing_is_tried_for_longer_than_five_minutes(bench: Bench, retry: Retry) -> None:
    """Then the run goes back."""
    _, attempt = standing(bench, down=True)
    table = told_of(retry)

    assert table.down <= sum(owed(attempt, failure(retry))) <= table.down + 1.25 * table.delays.cap
    assert table.down <= 300


@pytest.mark.parametrize("retry", [*CLASSES, Retry.QUOTA])
def test_the_way_back_is_tried_for_much_longer(bench: Bench, retry: Retry) -> None:
    """Only it brings service back; each class has its deadline."""
    _, attempt = standing(bench, down=True, phase=Phase.RESTORE)
    table = told_of(retry)

    assert table.home <= sum(owed(attempt, failure(retry))) <= table.home + 1.25 * table.delays.cap


@pytest.mark.parametrize("retry", [*CLASSES, Retry.QUOTA])
def test_once_a_cutover_has_begun_nothing_is_tried_for_longer_than_while_a_workload_is_down(
    bench: Bench, retry: Retry
) -> None:
    """A hook may have made it quiet already: what is renewed before the stop waits for no quota then."""
    engine, attempt = standing(bench, down=False)
    engine._row(attempt.step.key, "intent", {})
    table = told_of(retry)

    delays = owed(attempt, failure(retry))

    assert table.down <= sum(delays) <= table.down + (1.25 * table.delays.cap if table.down else 0)


def test_nothing_waits_on_a_quota_while_a_workload_is_down(bench: Bench) -> None:
    """But the way home."""
    assert [] == owed(standing(bench, down=True)[1], failure(Retry.QUOTA))


@pytest.mark.parametrize("down", [True, False])
@pytest.mark.parametrize(
    "error",
    [
        failure(Retry.REFUSED),
        failure(Retry.FATAL),
        CredentialsLost("expired", operation=STOP, retry=Retry.TRANSIENT),
        WaitFailed("it went to 'error'"),
        WaitFailed("no room", unused=True),
        HookFailed("no"),
        SealiftError("no"),
        RuntimeError("no"),
    ],
    ids=str,
)
def test_what_would_fail_again_is_not_tried_again(bench: Bench, down: bool, error: BaseException) -> None:
    """Refusals, lost credentials, states from which nothing comes back, what the user's hook says."""
    assert [] == owed(standing(bench, down=down)[1], error)


@pytest.mark.parametrize(("down", "phase"), [(False, Phase.CONFIRM), (True, Phase.CUTOVER)])
def test_a_difference_may_be_propagation_for_a_quarter_of_a_minute(bench: Bench, down: bool, phase: Phase) -> None:
    """Then it is a difference."""
    waited = sum(owed(standing(bench, down=down, phase=phase)[1], CheckFailed("differs")))

    assert 15 <= waited <= 15 + 1.25 * 5


def test_on_the_way_back_a_difference_may_take_longer(bench: Bench) -> None:
    """As long as any state that AWS reaches by itself."""
    waited = sum(owed(standing(bench, down=True, phase=Phase.RESTORE)[1], CheckFailed("differs")))

    assert told_of(Retry.DIFFERS).home <= waited <= told_of(Retry.DIFFERS).home + 1.25 * 5


@pytest.mark.parametrize(("unused", "again"), [(True, True), (False, False)])
def test_an_original_that_fell_back_on_its_way_home_is_started_again(bench: Bench, unused: bool, again: bool) -> None:
    """That is a matter of EC2's room, and as long."""
    waited = sum(owed(standing(bench, down=True, phase=Phase.RESTORE)[1], WaitFailed("no room", unused=unused)))

    assert again == (waited >= told_of(Retry.CAPACITY).home)


def test_a_way_back_that_waits_says_so_every_ten_minutes(bench: Bench) -> None:
    """What it waits for, and not at every try; forward nothing is said."""
    _, attempt = standing(bench, down=True, phase=Phase.RESTORE)

    delays = owed(attempt, failure(Retry.THROTTLED))

    said = bench.told("stuck")
    assert sum(delays) // (SAY_SO + 20) <= len(said) <= sum(delays) // SAY_SO
    assert {"waiting_for": "throttled"} == said[0].data
    bench.events.clear()
    owed(standing(bench, down=False)[1], failure(Retry.THROTTLED))
    assert [] == bench.told("stuck")


async def test_a_delay_is_waited_before_the_next_try_and_told(bench: Bench) -> None:
    """Once: each failure owes its own. Listeners see the try, the reason and the delay."""
    bench.gateway.answers["stop"] = [failure(Retry.TRANSIENT), failure(Retry.THROTTLED)]
    step = act()

    await bench.act(bench.engine(step).walk([step]))

    assert ["stop"] * 3 == bench.gateway.keys
    gaps = [b[1] - a[1] for a, b in zip(bench.gateway.sent, bench.gateway.sent[1:], strict=False)]
    retries = bench.told("retry")
    assert [round(g, 1) for g in gaps] == [e.data["seconds"] for e in retries]
    assert [("transient", 1), ("throttled", 2)] == [(e.data["error"], e.data["tries"]) for e in retries]
    assert ["transient", "throttled"] == [e.data["retry"] for e in retries]
    assert [("transient", 1), ("throttled", 2)] == [
        (e.data["error"], e.data["tries"]) for e in bench.told("step-failed")
    ]
    assert 1 <= gaps[1] / 2 <= 1.25 or 0.75 <= gaps[1] / 2 <= 1.25


async def test_a_wait_that_fails_is_told_and_ends_the_lane(bench: Bench) -> None:
    """Nothing is tried again, nothing is hidden."""
    step = act(waited=waits(lambda: Seen(failed="it went to 'error'")))

    with pytest.raises(WaitFailed):
        await bench.act(bench.engine(step).walk([step]))

    assert (1, 0) == (len(bench.told("step-failed")), len(bench.told("retry")))


async def test_a_difference_that_goes_away_is_none(bench: Bench) -> None:
    """It is checked again; what was made is not made again."""
    looks = [["differs"], ["differs"], []]
    step = act(checks=asks(lambda: looks.pop(0)))

    await bench.act(bench.engine(step).walk([step]))

    assert (["stop"], "done") == (bench.gateway.keys, bench.rows("stop")[-1])
