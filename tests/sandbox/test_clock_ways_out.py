"""Where a sandbox that holds the clock goes silent, lies, or is waited for: nobody hangs, and each is told how it goes on."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from sealift import clock as clocks
from sealift.aws.gateway import Account
from sealift.clock import EPOCH_OF_TESTS, HeldClock, WallClock, actor
from sealift.errors import ClockLost, UsageError
from sealift.sandbox.clockwork import JOIN, Clockwork
from tests.promises.acts import when
from tests.sandbox.serving import served, until
from tests.world import ROOT, World

REGION = "eu-central-1"


@pytest.fixture
def held() -> Iterator[tuple[str, Clockwork]]:
    with served(mode="discrete", fleet="empty") as (url, server):
        assert isinstance(server.clock, Clockwork)
        yield url, server.clock


def lose(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on whoever sleeps is told that the clock is lost."""

    async def sleep(seconds: float) -> None:
        raise ClockLost(f"the connection to the sandbox's clock is lost ({seconds:g} s)")

    monkeypatch.setattr(world.clock, "sleep", sleep)


@pytest.mark.parametrize(("step", "code"), [("warm:", 130), ("stop", 6)])
async def test_a_clock_that_is_lost_leaves_a_migration_that_is_resumed(instant: World, step: str, code: int) -> None:
    """Before the quiesce exit 130, after it 6, which says that the workload is down; both say what to type."""
    instance = instant.instance(ROOT)
    with pytest.MonkeyPatch.context() as patch:
        driver = instant.new_driver(listeners=[when(step, lambda: lose(instant, patch), event="step-started")])
        left = await instant.migrate(instance, driver=driver, route="snapshot")
    assert (left.exit_code, "is down" in left.message) == (code, code == 6)
    assert f"See that the sandbox still runs, then: sealift resume {left.migration}" in left.message
    resumed = await instant.act(instant.driver.resume(left.migration))
    assert (resumed.exit_code, instant.power(instance)) == (0, "running")


@pytest.fixture
def stopped() -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A sandbox in a process of its own, which a test may stop."""
    words = [sys.executable, "-m", "sealift", "sandbox", "serve", "--port", "0", "--fleet", "empty"]
    server = subprocess.Popen([*words, "--clock", "discrete"], stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout
        yield server.stdout.readline().split("AWS_ENDPOINT_URL=")[1].split()[0], server
    finally:
        server.kill()
        server.communicate()


@pytest.mark.process
async def test_a_sandbox_that_is_stopped_freezes_nobody(stopped, monkeypatch: pytest.MonkeyPatch) -> None:
    """After two silences both who sleeps and who becomes an actor go on, and a sleep says that the clock is lost."""
    url, server = stopped
    monkeypatch.setattr(clocks, "SILENT_FOR", 0.3)
    asleep, resting = HeldClock(url + JOIN, awake=1), HeldClock(url + JOIN)
    other = HeldClock(url + JOIN, awake=1)
    sleeper = asyncio.ensure_future(asleep.sleep(60))
    await asyncio.sleep(0)
    os.kill(server.pid, signal.SIGSTOP)
    resting.enter()
    with pytest.raises(ClockLost, match="is lost"):
        await sleeper
    for clock in (resting, other):
        with pytest.raises(ClockLost, match="is lost"):
            await clock.sleep(1)


async def test_a_silent_clock_that_is_there_is_waited_for(held, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody works for long: who sleeps asks whether the clock is there, again and again, and wakes in time."""
    url, clock = held
    asked, hear = threading.Semaphore(0), clock._hear

    def heard(client: Any, number: str, word: str, until: str = "") -> None:
        hear(client, number, word, until)
        if word == "there":
            asked.release()

    monkeypatch.setattr(clock, "_hear", heard)
    monkeypatch.setattr(clocks, "SILENT_FOR", 0.05)
    sleeper, worker = HeldClock(url + JOIN, awake=1), HeldClock(url + JOIN, awake=1)
    sleeping = asyncio.ensure_future(sleeper.sleep(40))
    for _ in range(6):
        assert await asyncio.to_thread(asked.acquire, timeout=20)
    assert not sleeping.done()
    worker.leave()
    await sleeping
    assert sleeper.now() == EPOCH_OF_TESTS + 40


async def test_a_process_that_waits_for_its_user_holds_nobodys_time(held) -> None:
    """It has heard of the clock and has no actor, as at a prompt: another sleeps through; then it works, and time waits."""
    url, clock = held
    asking, other = Account(WallClock(), endpoint_url=url), WallClock()
    await asking.identity(REGION)
    until(lambda: (clock.clients, clock.awake) == (1, 0))
    other.enter()
    other.join(url + JOIN)
    await other.sleep(50)
    with actor(asking.clock):
        assert (asking.clock.now(), clock.awake) == (EPOCH_OF_TESTS + 50, 2)
        sleeping = asyncio.ensure_future(other.sleep(1))
        await asyncio.sleep(0)
        until(lambda: clock.awake == 1)
        assert not sleeping.done()
    await sleeping


def test_the_side_of_one_process_is_not_moved_by_hand(held) -> None:
    """It would be alone at that time: only the sandbox moves it."""
    with pytest.raises(AssertionError, match="is not moved by 5 s here"):
        HeldClock(held[0] + JOIN).advance(5)


@pytest.mark.parametrize(
    ("answered", "at", "error", "why"),
    [
        ("https://ec2.eu-central-1.amazonaws.com/", JOIN, UsageError, "over http alone"),
        ("http://127.0.0.1:1/", "http://elsewhere:80/clock", ClockLost, "is no path"),
        ("http://127.0.0.1:1/", "//elsewhere/clock", ClockLost, "is no path"),
        ("http://127.0.0.1:1/", "/clock HTTP/1.1\r\nX: y", ClockLost, "is no path"),
    ],
)
def test_an_answer_names_a_clock_on_its_own_host_alone(
    monkeypatch: pytest.MonkeyPatch, answered: str, at: str, error: type[Exception], why: str
) -> None:
    """Whatever a header says, nothing is connected to that did not answer, and nothing of AWS's."""
    joined: list[str] = []
    monkeypatch.setattr(WallClock, "join", lambda self, url: joined.append(url))
    told = {"x-sealift-sandbox-speed": "0", "x-sealift-sandbox-now": "1.0", "x-sealift-sandbox-clock": at}
    events = Account(WallClock()).client("ec2", REGION).meta.events
    said = SimpleNamespace(headers=told, url=answered, status_code=500)
    with pytest.raises(error, match=why):
        events.emit("after-call.ec2.DescribeVolumes", http_response=said, parsed={}, context={})
    assert joined == []
