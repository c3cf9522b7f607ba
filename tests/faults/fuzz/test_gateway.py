"""Pages and answers that lie to the gateway: it ends, says so, and takes nothing that is not told for nothing there."""

from collections.abc import Callable
from typing import Any

import pytest

from sealift.answers import answer
from sealift.aws.gateway import MOST_EMPTY, UNCLEAR_PATIENCE, Gateway, Purpose
from sealift.clock import actor
from sealift.errors import AnswerUnclear, CallError, Retry, SealiftError
from sealift.step import Call, Query
from tests.world import REGION, World

READ = Call("ec2:DescribeVolumes", {})
Pages = Callable[[int], dict[str, Any]]


@pytest.fixture
def pages(instant: World, monkeypatch: pytest.MonkeyPatch) -> Callable[[Pages], Gateway]:
    """A gateway that is answered page by page from a function of the number of requests so far."""

    def gateway(made: Pages) -> Gateway:
        asked = 0

        async def request(*_: Any) -> dict[str, Any]:
            nonlocal asked
            asked += 1
            return made(asked - 1)

        monkeypatch.setattr(Gateway, "_request", request)
        return Gateway(instant.driver.account, "123456789012", REGION)

    return gateway


async def _read(world: World, gateway: Gateway, call: Call = READ) -> dict[str, Any]:
    with actor(world.clock):
        return await gateway.read(call)


async def test_an_empty_page_with_a_next_token_is_not_the_end(instant: World, pages: Any) -> None:
    """AWS filters after it has cut pages: what is on later pages counts."""
    told: list[dict[str, Any]] = [
        {"Volumes": [], "NextToken": "a"},
        {"Volumes": [], "NextToken": "b"},
        {"Volumes": [{"VolumeId": "vol-1"}]},
    ]
    reply = await _read(instant, pages(lambda n: told[n]))
    assert [v["VolumeId"] for v in reply["Volumes"]] == ["vol-1"]


ENDLESS: dict[str, Pages] = {
    "a token that repeats": lambda _: {"Volumes": [{}], "NextToken": "again"},
    "two tokens in turn": lambda n: {"Volumes": [{}], "NextToken": "ab"[n % 2]},
    "empty pages with ever new tokens": lambda n: {"Volumes": [], "NextToken": str(n)},
}


@pytest.mark.parametrize("case", ENDLESS)
async def test_pages_that_never_end_are_given_up(instant: World, pages: Any, case: str) -> None:
    """A bounded number of requests, then an error that names the operation; never half an answer."""
    asked: list[int] = []

    def page(number: int) -> dict[str, Any]:
        asked.append(number)
        return ENDLESS[case](number)

    with pytest.raises(AnswerUnclear, match="ec2:DescribeVolumes never ends"):
        await _read(instant, pages(page))
    assert len(asked) <= MOST_EMPTY + 1


async def test_a_page_that_fails_in_the_middle_is_no_end(instant: World, pages: Any) -> None:
    """What was refused half-way is refused as a whole; what was lost on the way is asked for again from the first page."""

    def refused(number: int) -> dict[str, Any]:
        if number:
            raise CallError("no", operation="ec2:DescribeVolumes", retry=Retry.REFUSED)
        return {"Volumes": [{"VolumeId": "vol-1"}], "NextToken": "a"}

    with pytest.raises(CallError, match="no"):
        await _read(instant, pages(refused))

    def lost(number: int) -> dict[str, Any]:
        if number == 1:
            raise CallError("lost", operation="ec2:DescribeVolumes", retry=Retry.TRANSIENT)
        return {"Volumes": [{"VolumeId": f"vol-{number}"}], **({"NextToken": "a"} if number % 2 == 0 else {})}

    reply = await _read(instant, pages(lost))
    assert [v["VolumeId"] for v in reply["Volumes"]] == ["vol-2", "vol-3"]


@pytest.mark.parametrize("told", [{}, {"Volumes": None}, {"Volumes": "none"}, {"Volumes": {}}])
async def test_an_answer_without_its_list_does_not_say_that_nothing_is_there(
    instant: World, pages: Any, told: dict[str, Any]
) -> None:
    """Whoever looks for what an earlier try has made must not make it twice because of that."""
    with pytest.raises(AnswerUnclear, match="ec2:DescribeVolumes lacks Volumes"):
        await _read(instant, pages(lambda _: told))


async def test_what_cannot_be_understood_is_asked_again_and_then_said(instant: World, pages: Any) -> None:
    """A reader that stumbles: asked again for seconds, then an error that names the member; one that passes is no error."""
    query = Query(READ, lambda reply: reply["Volumes"][0]["State"])
    began = instant.clock.now()
    with actor(instant.clock):
        with pytest.raises(AnswerUnclear, match=r"lacks Volumes\[0\]\.State"):
            await pages(lambda _: {"Volumes": [{"VolumeId": "vol-1"}]}).ask(query, Purpose.FIND)
        assert UNCLEAR_PATIENCE <= instant.clock.now() - began < 4 * UNCLEAR_PATIENCE
        whole = {"Volumes": [{"State": "available"}]}
        assert await pages(lambda n: whole if n == 2 else {"Volumes": [{}]}).ask(query, Purpose.FIND) == "available"


async def test_what_botocore_cannot_read_is_no_traceback(instant: World) -> None:
    """A number that is none in the answer to a change: of unknown effect, so it is looked for before it is sent again."""
    instance = instant.instance()
    gateway = await instant.act(instant.driver.gateway(REGION))

    def garble(**_: Any) -> None:
        raise ValueError("invalid literal for int() with base 10: 'quantum'")

    client = instant.driver.account.client("ec2", REGION)
    client.meta.events.register("after-call.ec2.StopInstances", garble)
    client.meta.events.register("after-call.ec2.DescribeVolumes", garble)
    with actor(instant.clock):
        with pytest.raises(AnswerUnclear) as of_a_change:
            await gateway.send(Call("ec2:StopInstances", {"InstanceIds": [instance]}))
        with pytest.raises(AnswerUnclear) as of_a_read:
            await gateway.read(READ)
    assert (of_a_change.value.ambiguous, of_a_change.value.retry) == (True, Retry.EVENTUAL)
    assert (of_a_read.value.ambiguous, of_a_read.value.retry) == (False, Retry.REFUSED)


def test_an_answer_names_the_place_of_what_it_lacks() -> None:
    """The operation, the way to the member, the request id: what a person needs to ask AWS."""
    reply = answer({"Volumes": [{"Attachments": []}], "ResponseMetadata": {"RequestId": "r-1"}}, "ec2:DescribeVolumes")
    with pytest.raises(SealiftError, match=r"ec2:DescribeVolumes lacks Volumes\[0\]\.Attachments\[0\]") as caught:
        reply["Volumes"][0]["Attachments"][0]
    assert caught.value.request_id == "r-1"
    assert {**reply["Volumes"][0]} == {"Attachments": []}
