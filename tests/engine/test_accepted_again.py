"""Another `accept`: it turns back the switch that could not be turned as the replacement was kept, and says what is left over."""

from collections.abc import Collection
from dataclasses import dataclass, field, replace

import pytest

from sealift.aws.gateway import Purpose
from sealift.errors import CallError, CredentialsLost, NeedsPerson, Retry
from sealift.recipe import recipe
from sealift.step import Context, Phase, Query, Seen, Step, Switch
from tests.engine.scripted import STOP, WEB, Act, Bench, act, asks, waits

ON = "vol-1: do on: i-1 is stopped"
TAGS = "vol-1: do tags: tags refused"
STOPPED = "i-1: it has its replacement, and is 'stopped'"


@dataclass(frozen=True, kw_only=True)
class Resumes(Act):
    """Turns a switch back, but not while a member is stopped: its own, or one that is owed with what it turns."""

    stopped: Collection[str] = field(default_factory=set, compare=False)
    member: str = "i-1"
    members: tuple[str, ...] = ()

    @property
    def harmed(self) -> tuple[str, ...]:
        return (self.member,)

    def turning(self, items: tuple[str, ...]) -> Step:
        assert self.turns is not None
        members = tuple(item for item in items if item.startswith("i-"))
        owed = tuple(item for item in items if item not in members)
        return replace(self, members=members, turns=replace(self.turns, items=owed))

    def before(self, ctx: Context) -> Query:
        return asks(
            lambda: [f"{i} is stopped" for i in (self.member, *self.members) if i in self.stopped], "ec2:DescribeTags"
        )


class Group:
    """A group, one of whose members moves; a test says which of them are stopped, and whether that one serves."""

    def __init__(self, bench: Bench) -> None:
        self.bench, self.stopped, self.serves = bench, set[str](), True
        turns = Switch("web", on=False, items=("planned",))
        self.steps = recipe(
            act("stop", quiesces=True, takes_down=True),
            act("start", Phase.BRING_UP, waited=waits(lambda: Seen(done=self.serves, state="stopped"))),
            act("health", Phase.CONFIRM, asks_health=True),
            act("first", Phase.CONFIRM, turns=Switch("other", on=False, items=("x",))),
            Resumes(key="on", phase=Phase.CONFIRM, turns=turns, stopped=self.stopped),
            act("tags", Phase.CONFIRM),
        )

    def stops(self) -> Exception:
        """Somebody stops the member."""
        self.stopped.add("i-1")
        self.serves = False
        return refused("health")

    async def kept_stopped(self) -> None:
        """It is kept, though it is stopped: its switch is not turned back."""
        self.bench.gateway.answers |= {"health": [self.stops], "tags": [refused("tags")]}
        with pytest.raises(NeedsPerson):
            await self.bench.act(self.bench.engine(*self.steps).run())
        await self.bench.act(self.bench.engine(*self.steps).accept())
        assert "on" not in self.bench.gateway.keys

    async def again(self) -> list[str]:
        """Return what another `accept` has sent."""
        engine, before = self.bench.engine(*self.steps), len(self.bench.gateway.keys)
        await self.bench.act(engine.accept_again())
        return self.bench.gateway.keys[before:]


def refused(key: str = "x") -> CallError:
    return CallError(f"{key} refused", operation=STOP, retry=Retry.REFUSED)


def owes(bench: Bench, *items: str) -> None:
    bench.journal.switch_on(WEB, bench.migration)
    bench.journal.owe(WEB, bench.migration, items)


@pytest.mark.parametrize(
    ("started", "serves", "left"),
    [
        (True, True, [TAGS]),
        (True, False, [TAGS, STOPPED]),
        (False, True, [ON, TAGS]),
        (False, False, [ON, TAGS, STOPPED]),
    ],
    ids=["all is well", "it is still on its way", "the group does not see it yet", "nothing has changed"],
)
async def test_another_accept_turns_the_switch_back_and_names_what_is_still_left(
    bench: Bench, started: bool, serves: bool, left: list[str]
) -> None:
    """What was turned back, and a replacement that serves by now, are left over no more; all else is. Nothing else is sent."""
    owes(bench, "Terminate")
    group = Group(bench)
    await group.kept_stopped()
    assert [ON, TAGS, STOPPED] == named(bench)
    group.serves = serves
    if started:
        group.stopped.clear()

    sent = await group.again()

    assert (["on"] if started else [], left) == (sent, named(bench))
    assert started == ("done" in bench.rows("on"))
    assert {"as": "retained", "accepted": True} == bench.entry(None, "end").data
    mended = [e.data for e in bench.journal.entries(bench.migration) if e.what == "mended"]
    gone = [one for one in (ON, STOPPED) if one not in left]
    assert [gone] * bool(gone) == [[said(one) for one in data["left"]] for data in mended]


def named(bench: Bench) -> list[str]:
    return [said(left) for left in bench.journal.state(bench.migration).leftovers]


def said(left: str) -> str:
    """Return a leftover without what is to be done of it."""
    return left.partition(". ")[0]


async def test_where_nobody_can_tell_whether_it_serves_it_is_still_said_that_it_did_not(bench: Bench) -> None:
    """The switch is turned back all the same: what it needs can be read."""
    owes(bench, "Terminate")
    group = Group(bench)
    await group.kept_stopped()
    group.stopped.clear()
    bench.gateway.unread["ec2:DescribeVolumes"] = refused("DescribeVolumes")

    assert ["on"] == await group.again()

    assert [TAGS, STOPPED] == named(bench)


async def test_what_is_left_of_a_switch_is_left_with_the_member_that_it_would_harm(bench: Bench) -> None:
    """Whoever counts in next turns it back, and must not while that one is stopped; after each `accept`, until it is turned back."""
    owes(bench, "Terminate")
    group = Group(bench)
    await group.kept_stopped()
    await group.again()
    assert not bench.journal.holds(WEB, bench.migration)

    assert bench.journal.switch_on(WEB, "mig-other")

    assert ("Terminate", "i-1") == bench.journal.switch_off(WEB, "mig-other", ())


async def test_who_turns_it_back_at_last_turns_what_is_owed_and_owes_nothing_more(bench: Bench) -> None:
    """What ran before: not what was planned, nor the member."""
    owes(bench, "Terminate")
    group = Group(bench)
    await group.kept_stopped()
    group.stopped.clear()

    await group.again()

    assert ("Terminate",) == bench.gateway.calls[-1].params["items"]
    assert not bench.journal.switch_on(WEB, "mig-other")


async def test_where_no_member_is_harmed_and_the_journal_that_counted_it_in_is_lost_the_plan_still_tells(
    bench: Bench,
) -> None:
    """Nothing is written down of such a switch that would hide what was planned."""
    group = Group(bench)
    other = asks(lambda: ["it is stopped"] * bool(group.stopped))
    group.steps = tuple(
        act("on", Phase.CONFIRM, block=s.block, turns=s.switch(), befores=other) if s.key == "on" else s
        for s in group.steps
    )
    await group.kept_stopped()
    group.stopped.clear()

    await group.again()

    assert ("planned",) == bench.gateway.calls[-1].params["items"]


async def test_what_others_have_left_is_not_turned_back_while_their_members_are_stopped(bench: Bench) -> None:
    """It is asked about each of them before anything is sent, and the row and the leftover name them."""
    owes(bench, "Terminate", "i-2", "i-3")
    group = Group(bench)
    await group.kept_stopped()
    group.stopped.clear()
    group.stopped |= {"i-2", "i-3"}

    assert [] == await group.again()

    why = "i-2 is stopped; i-3 is stopped"
    failed = bench.entry("on", "failed").data
    assert ("CutVoid", why, "on", "vol-1") == tuple(failed[k] for k in ("error", "message", "step", "resource"))
    assert f"vol-1: do on: {why}" in named(bench)
    assert {Purpose.SAFETY} == {purpose for name, purpose, _ in bench.gateway.reads if name == "ec2:DescribeTags"}


async def test_who_loses_its_credentials_at_another_accept_accepts_once_more_later(bench: Bench) -> None:
    """Exit 130 names `accept`; what was kept is still kept."""
    owes(bench, "Terminate")
    group = Group(bench)
    await group.kept_stopped()
    group.stopped.clear()
    bench.gateway.answers["on"] = [CredentialsLost("expired", operation=STOP, retry=Retry.FATAL)]

    with pytest.raises(CredentialsLost) as caught:
        await group.again()

    assert (130, f"Sign in (aws sso login), then: sealift accept {bench.migration}") == (
        caught.value.exit_code,
        caught.value.remedy,
    )
    assert "retained" == bench.journal.state(bench.migration).end
