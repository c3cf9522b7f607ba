"""The modes of a serving sandbox's clock, and what a process of sealift makes of each."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from click.testing import CliRunner

from sealift.aws.gateway import Account
from sealift.cli import main
from sealift.clock import EPOCH_OF_TESTS, HeldClock, WallClock, actor, side_by_side
from sealift.errors import ClockLost
from sealift.sandbox.clockwork import JOIN
from sealift.sandbox.server import Server
from tests.sandbox.serving import admin, served, until

REGION = "eu-central-1"


@pytest.fixture
def serve() -> Iterator[Callable[..., tuple[str, Server]]]:
    """serve(**options) -> URL and server, until the test ends."""
    from contextlib import ExitStack

    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(served(**{"fleet": "empty", **options}))


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")


def headers(url: str) -> dict[str, str]:
    """The headers of an answer to anybody's client."""
    reply = boto3.client("ec2", REGION, endpoint_url=url).describe_volumes()
    return dict(reply["ResponseMetadata"]["HTTPHeaders"])


def told(url: str) -> dict[str, str]:
    return {k.removeprefix("x-sealift-sandbox-"): v for k, v in headers(url).items() if k.startswith("x-sealift")}


@pytest.mark.parametrize("mode", ["discrete", "manual"])
def test_a_clock_that_stands_says_what_time_it_is_and_where_to_join_it(serve, mode: str) -> None:
    """Speed 0, the path of the clock in a header and in the admin answer, and the same time twice."""
    url, _ = serve(mode=mode)
    assert told(url) == told(url) == {"now": repr(EPOCH_OF_TESTS), "speed": "0", "clock": JOIN}
    assert admin(url, "clock") == {
        "now": EPOCH_OF_TESTS,
        "speed": 0,
        "mode": mode,
        "join": JOIN,
        "clients": 0,
        "awake": 0,
    }


def test_a_scaled_clock_is_joined_by_nobody(serve) -> None:
    """It passes with life's: a client follows its speed."""
    url, _ = serve(speed=1000.0)
    assert told(url).keys() == {"now", "speed"}
    assert admin(url, "clock")["mode"] == "scaled"
    with pytest.raises(ClockLost, match=f"{url}{JOIN} cannot be joined: it answers 'HTTP/1.1 404"):
        HeldClock(url + JOIN)


@pytest.mark.parametrize("mode", ["discrete", "manual"])
def test_a_clock_that_stands_is_moved_by_hand(serve, mode: str) -> None:
    """POST /_sandbox/clock: `advance`; a speed is refused, and so is the way back."""
    url, _ = serve(mode=mode)
    assert admin(url, "clock", {"advance": 90})["now"] == EPOCH_OF_TESTS + 90
    for body in ({"advance": -90}, {"speed": 60}):
        with pytest.raises(OSError, match="400"):
            admin(url, "clock", body)
    assert told(url)["now"] == repr(EPOCH_OF_TESTS + 90)


@pytest.mark.parametrize("speed", [0, -1, "nan", "inf"])
def test_a_scaled_clock_takes_no_speed_that_time_cannot_have(serve, speed: object) -> None:
    """400; it runs on as before."""
    url, _ = serve(speed=60.0)
    with pytest.raises(OSError, match="400"):
        admin(url, "clock", {"speed": speed})
    assert admin(url, "clock")["speed"] == 60


async def test_a_client_that_only_follows_a_standing_clock_sleeps_as_in_life(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing says when time will move: its time stands until an answer says otherwise, and it asks again later."""
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr("sealift.clock.asyncio", SimpleNamespace(sleep=sleep))
    clock = WallClock()
    clock.follow(EPOCH_OF_TESTS, 0.0)
    await clock.sleep(5)
    assert (slept, clock.now(), clock.speed) == ([5], EPOCH_OF_TESTS, 0)
    clock.follow(EPOCH_OF_TESTS + 60, 0.0)
    assert clock.now() == EPOCH_OF_TESTS + 60


@pytest.mark.parametrize("mode", ["discrete", "manual"])
async def test_sealift_joins_the_clock_that_an_answer_names(serve, mode: str) -> None:
    """From the first answer on it lives on that clock; what was moved by hand since it hears with the next one."""
    url, server = serve(mode=mode)
    account = Account(WallClock(), endpoint_url=url)
    await account.identity(REGION)
    assert (account.clock.now(), server.clock.clients) == (EPOCH_OF_TESTS, 1)

    server.clock.advance(7)
    await (await account.gateway("eu-west-1")).probe(_CALL)
    assert account.clock.now() == EPOCH_OF_TESTS + 7

    account.clock.close()
    until(lambda: server.clock.clients == 0)


_CALL: Any = SimpleNamespace(operation="ec2:DeleteVolume", params={"VolumeId": "vol-00000000000000000"})


async def test_who_was_awake_before_the_clock_was_joined_is_awake_after(serve) -> None:
    """Actors are counted from the start: one that sleeps does not move time while the other works."""
    url, server = serve(mode="discrete")
    clock = WallClock()
    clock.enter()
    clock.enter()
    clock.join(url + JOIN)
    clock.join(url + JOIN)
    assert server.clock.clients == 1
    sleeper = asyncio.ensure_future(clock.sleep(30))
    await asyncio.sleep(0.05)
    assert (sleeper.done(), server.clock.awake) == (False, 1)
    clock.leave()
    await sleeper
    assert clock.now() == EPOCH_OF_TESTS + 30
    clock.leave()
    until(lambda: server.clock.awake == 0)


async def test_on_a_manual_clock_a_sleeper_wakes_when_time_has_been_moved_so_far(serve) -> None:
    """Nobody awake is no reason to jump; the moment is the sleeper's own."""
    url, server = serve(mode="manual")
    clock, woken = HeldClock(url + JOIN), []

    async def lane(seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append(clock.now() - EPOCH_OF_TESTS)

    with actor(clock):
        lanes = asyncio.ensure_future(side_by_side(clock, [lane(10), lane(25), lane(0)]))
        await _turns(lambda: woken == [0] and server.clock.awake == 0)
        server.clock.advance(9)
        assert (woken, server.clock.awake) == ([0], 0)
        server.clock.advance(1)
        await _turns(lambda: woken == [0, 10])
        server.clock.advance(100)
        await lanes
    assert woken[:2] == [0, 10]
    assert server.clock.now() == EPOCH_OF_TESTS + 110


async def _turns(holds: Callable[[], bool]) -> None:
    for _ in range(2000):
        if holds():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("it does not come")


async def test_who_wakes_a_sleeping_process_hears_first_what_time_it_has_become(serve) -> None:
    """Another process has moved time meanwhile: a sleep that begins now ends at the right moment."""
    url, server = serve(mode="discrete")
    early = HeldClock(url + JOIN)
    with actor(early):
        pass  # its last actor has left: it is idle, without end
    until(lambda: server.clock.awake == 0)
    late = HeldClock(url + JOIN)
    late.enter()
    await late.sleep(40)
    early.enter()
    assert early.now() == EPOCH_OF_TESTS + 40

    async def lane(clock: HeldClock, seconds: float) -> float:
        await clock.sleep(seconds)
        clock.leave()
        return clock.now() - EPOCH_OF_TESTS

    assert await asyncio.gather(lane(early, 5), lane(late, 3)) == [45, 43]


async def test_a_cancelled_sleeper_holds_time_until_it_is_gone(serve) -> None:
    """Its process is awake again, at the right time, and what it slept for is nobody's wake-up any more."""
    url, server = serve(mode="discrete")
    clock, other = HeldClock(url + JOIN), HeldClock(url + JOIN)

    async def cancelled() -> None:
        with actor(clock):
            await clock.sleep(100)

    other.enter()
    task = asyncio.ensure_future(cancelled())
    await _turns(lambda: server.clock.awake == 1)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await other.sleep(500)
    assert server.clock.now() == EPOCH_OF_TESTS + 500


def test_one_clock_serves_several_threads_and_loops(serve) -> None:
    """The actors of all loops of a process are counted together."""
    url, server = serve(mode="discrete")
    clock, woken = HeldClock(url + JOIN), []

    async def lane(seconds: float) -> None:
        for _ in range(20):
            await clock.sleep(seconds)
            woken.append(clock.now() - EPOCH_OF_TESTS)

    def run(seconds: float) -> None:
        try:
            asyncio.run(lane(seconds))
        finally:
            clock.leave()

    threads = [threading.Thread(target=run, args=(s,)) for s in (2, 3, 5)]
    for _ in threads:
        clock.enter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert woken == sorted(k * s for s in (2.0, 3.0, 5.0) for k in range(1, 21))
    assert server.clock.now() == EPOCH_OF_TESTS + 100


async def test_a_clock_that_is_gone_is_one_clear_error() -> None:
    """Who sleeps is told at once, and so is who would sleep; the driver ends and can be resumed."""
    with served(mode="discrete", fleet="empty") as (url, server):
        clock = HeldClock(url + JOIN)
        other = HeldClock(url + JOIN)
        other.enter()
        sleeper = asyncio.ensure_future(clock.sleep(10))
        await _turns(lambda: server.clock.awake == 1)
    for wait in (sleeper, clock.sleep(1)):
        with pytest.raises(ClockLost) as lost:
            await wait
        assert str(lost.value) == (
            f"the connection to the sandbox's clock at {url}{JOIN} is lost. Does the sandbox still run?"
        )
        assert lost.value.exit_code == 130
    clock.enter()  # whoever still wakes is not kept waiting for an answer
    with pytest.raises(ClockLost, match="cannot be joined"):
        HeldClock(url + JOIN)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("--clock wooden", "'wooden' is not one of 'scaled', 'discrete', 'manual'"),
        ("--speed nan", "'nan' is no speed"),
        ("--speed inf", "'inf' is no speed"),
        ("--clock manual --speed 60", "a manual clock has no speed. Leave --speed out, or give --clock scaled."),
        ("--clock discrete --speed 2", "a discrete clock has no speed"),
    ],
)
def test_a_clock_that_cannot_be_is_one_line(words: str, why: str) -> None:
    """Exit 2, before anything listens."""
    result = CliRunner().invoke(main, ["sandbox", "serve", *words.split()])
    assert result.exit_code == 2
    (line,) = result.stderr.splitlines()
    assert why in line
