"""What is looked for when the journal is lost, and what a person is told when nothing may be decided without one."""

import asyncio
from typing import Any

import pytest

from sealift.aws.gateway import Purpose
from sealift.clock import side_by_side
from sealift.engine import BACK, Engine, Gone, in_doubt, stands, taken_off
from sealift.errors import CallError, ClockLost, NeedsPerson, Retry, SealiftError
from sealift.gate import Window
from sealift.journal import READERS, WRITERS, State
from sealift.pace import HOUR
from sealift.recipe import Span, recipe
from sealift.step import Found, Phase, Ref, Seen, Step
from tests.engine.scripted import COPY, STOP, Act, Bench, act, asks, waits

UP, STOPPED = Seen(done=True, state="running"), Seen(state="stopped")


def prepared(key: str, **more: Any) -> Act:
    return act(key, Phase.PREPARE, **more)


def found(**output: Any) -> Any:
    return asks(lambda: Found(output))


NOT_FOUND = asks(lambda: None)


def a_recipe(**changed: Any) -> tuple[Step, ...]:
    steps = {
        "warm": prepared("warm", finds=found(id="snap-1"), outputs=("id",)),
        "stop": act("stop", quiesces=True, takes_down=True),
        "copy": act("copy", operation=COPY, gives={"id": "vol-9"}, finds=found(id="vol-9"), outputs=("id",)),
        "attach": act("attach", exposes=True, wants=(Ref("copy", "id"),), finds=found()),
        "start": act("start", Phase.BRING_UP, finds=found()),
        "tags": act("tags", Phase.CONFIRM, finds=found()),
    }
    return recipe(*(steps | changed).values())


def whats(bench: Bench) -> dict[str, list[str]]:
    """What was written of each step."""
    keys = dict.fromkeys(e.step for e in bench.journal.entries(bench.migration) if e.step)
    return {key: bench.rows(key) for key in keys}


# -- a lost journal ----------------------------------------------------------------------------------------------------


async def test_where_a_replacement_serves_all_up_to_there_is_done(bench: Bench) -> None:
    """What is found is taken, what sets a state counts as set; the confirmation is still to be done."""
    engine = bench.engine(*a_recipe())

    await bench.act(engine.look_for_all(until_up=True))

    assert {key: ["made", "done"] for key in ["warm", "stop", "copy", "attach", "start"]} == whats(bench)
    assert ({"id": "snap-1"}, {"id": "vol-9"}, {}) == tuple(
        bench.entry(k, "made").data for k in ("warm", "copy", "stop")
    )
    assert "bring-up" == bench.notes[-1]
    assert [] == bench.gateway.keys


async def test_each_step_is_looked_for_with_the_epoch_that_it_was_made_with(bench: Bench) -> None:
    """What was prepared carries none; from the quiesce on it is that of the cut."""
    early: list[Any] = []
    late: list[Any] = []
    warm = prepared("warm", finds=found(id="snap-1"), outputs=("id",), contexts=early)
    copy = act("copy", operation=COPY, finds=found(id="vol-9"), outputs=("id",), contexts=late)
    engine = bench.engine(*a_recipe(warm=warm, copy=copy))
    engine.note("epoch", number=41)
    engine.note("quiesce")

    await bench.act(engine.look_for_all(until_up=False))

    real = [c for c in (*early, *late) if c.migration == bench.migration]  # others only ask which operations there are
    assert {(0, 1), (41, 1)} == {(c.epoch, c.attempt) for c in real}
    assert {0} == {c.epoch for c in real if c in early}


async def test_of_a_state_past_the_preparation_nobody_asks_when_all_is_up(bench: Bench) -> None:
    """It may be another by now: that was done. What was prepared, or leaves an output, is looked for."""
    await bench.act(
        bench.engine(*a_recipe(attach=act("attach", finds=asks(lambda: 1 / 0)))).look_for_all(until_up=True)
    )

    assert (["made", "done"], 2) == (bench.rows("attach"), len(bench.gateway.reads))
    assert {Purpose.FIND} == {r[1] for r in bench.gateway.reads}


async def test_what_is_gone_by_now_was_not_done_or_had_a_name(bench: Bench) -> None:
    """Its name is known from elsewhere, or nothing is: then it has no row. What is known is not looked for."""
    steps = a_recipe(
        warm=prepared("warm", finds=NOT_FOUND), copy=act("copy", finds=asks(lambda: 1 / 0), outputs=("id",))
    )

    await bench.act(bench.engine(*steps).look_for_all(until_up=True, outputs={"copy": {"id": "vol-7"}}, names={}))
    assert ("warm" in whats(bench), {"id": "vol-7"}) == (False, bench.entry("copy", "made").data)


async def test_what_has_gone_is_known_by_its_name(bench: Bench) -> None:
    """A baseline snapshot that somebody deleted."""
    steps = a_recipe(warm=prepared("warm", finds=NOT_FOUND, outputs=("id",)))

    await bench.act(bench.engine(*steps).look_for_all(until_up=True, names={"warm": {"id": "snap-0"}}))

    assert {"id": "snap-0"} == bench.entry("warm", "made").data


async def test_what_is_known_of_the_confirmation_is_made_and_not_yet_done(bench: Bench) -> None:
    """It is done again."""
    await bench.act(bench.engine(*a_recipe()).look_for_all(until_up=True, outputs={"tags": {"x": "1"}}))

    assert ["made"] == bench.rows("tags")


async def test_of_several_parts_of_the_confirmation_each_that_is_known_is_made(bench: Bench) -> None:
    """Behind one of which nothing is known, too."""
    steps = recipe(*a_recipe(), act("more", Phase.CONFIRM), act("last", Phase.CONFIRM))

    await bench.act(bench.engine(*steps).look_for_all(until_up=True, outputs={"more": {"x": "1"}, "last": {"x": "2"}}))

    assert (["made"], ["made"], False) == (bench.rows("more"), bench.rows("last"), "tags" in whats(bench))
    assert [{"x": "1"}, {"x": "2"}] == [bench.entry(key, "made").data for key in ("more", "last")]


async def test_what_was_never_done_hides_nothing_that_was(bench: Bench) -> None:
    """What comes after it is looked for all the same."""
    engine = bench.engine(*a_recipe())
    engine.note("quiesce")

    await bench.act(engine.look_for_all(until_up=False, never=["stop"]))

    assert {"warm": ["made"], "copy": ["made"], "attach": ["made"]} == whats(bench)


async def test_while_the_sources_serve_only_what_was_prepared_is_looked_for(bench: Bench) -> None:
    """A running instance is no start of ours."""
    steps = recipe(prepared("flag"), *a_recipe())  # a state is not known to have been set

    await bench.act(bench.engine(*steps).look_for_all(until_up=False))

    assert ({"warm": ["made"]}, False) == (whats(bench), "bring-up" in bench.notes)


async def test_while_the_sources_serve_what_only_marks_is_looked_for_wherever_it_comes(bench: Bench) -> None:
    """What is passed over before it does not hide it."""
    steps = recipe(*a_recipe(tags=act("tags", marks=True, finds=found())))

    await bench.act(bench.engine(*steps).look_for_all(until_up=False))

    assert {"warm": ["made"], "tags": ["made"]} == whats(bench)


async def test_half_way_in_a_cut_each_step_is_looked_for_and_nothing_is_done(bench: Bench) -> None:
    """What was sent is taken; what was never done, or is not found, has no row; nothing was confirmed."""
    engine = bench.engine(*a_recipe(start=act("start", Phase.BRING_UP, finds=NOT_FOUND)))
    engine.note("quiesce")

    await bench.act(engine.look_for_all(until_up=False, never=["attach"]))

    assert {key: ["made"] for key in ["warm", "stop", "copy"]} == whats(bench)


async def test_what_names_something_that_was_not_found_was_not_done(bench: Bench) -> None:
    """Or, where all is up, is past."""
    steps = a_recipe(copy=act("copy", finds=NOT_FOUND, outputs=("id",)))
    engine = bench.engine(*steps)
    engine.note("quiesce")
    await bench.act(engine.look_for_all(until_up=False))
    assert "attach" not in whats(bench)

    other = Bench(bench.journal.path.parent / "other")
    await other.act(other.engine(*steps).look_for_all(until_up=True))
    assert ["made", "done"] == other.rows("attach")


async def test_what_observes_reads_again_what_it_read(bench: Bench) -> None:
    """Its answer is its output."""
    steps = a_recipe(stop=act("stop", quiesces=True, observes=asks(lambda: {"LaunchTime": "t"})))

    await bench.act(bench.engine(*steps).look_for_all(until_up=True))

    assert {"LaunchTime": "t"} == bench.entry("stop", "made").data
    assert {Purpose.FIND} == {purpose for _, purpose, _ in bench.gateway.reads}


@pytest.mark.parametrize(
    ("readers", "who"),
    [((), [WRITERS]), ((Span("copy", "tags"),), [WRITERS, READERS]), ((Span("tags", "tags"),), [WRITERS])],
)
def test_half_way_in_its_cut_who_gets_nothing_is_written_down(bench: Bench, readers: Any, who: list[str]) -> None:
    """Whoever a step before the confirmation takes off; since when is not known, so from now on."""
    engine = bench.engine(*a_recipe(), readers=readers)

    engine.open_cut()

    assert who == [e.data["who"] for e in bench.journal.entries(bench.migration) if e.what == "down"]


# -- how things are ----------------------------------------------------------------------------------------------------


async def said(bench: Bench, steps: tuple[Step, ...]) -> NeedsPerson:
    state = bench.journal.state(bench.migration)
    offer = BACK.format(bench.migration)
    return await bench.act(in_doubt(bench.gateway, "i-1", steps, state, "why", offer, step="s", resource="r"))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("start", "how"),
    [
        (act("start", Phase.BRING_UP), "runs on its replacement"),
        (act("start", Phase.BRING_UP, waited=waits(lambda: UP)), "runs on its replacement"),
        (act("start", Phase.BRING_UP, waited=waits(lambda: STOPPED)), "has its replacement, and is 'stopped'"),
    ],
    ids=["nothing tells", "it runs", "it was stopped since"],
)
async def test_a_person_is_told_how_things_are_at_this_moment(bench: Bench, start: Act, how: str) -> None:
    """Read anew: it may have been stopped since."""
    await bench.act(bench.engine(*a_recipe()).look_for_all(until_up=True))

    error = await said(bench, a_recipe(start=start))

    assert (f"i-1 {how}, but: why", "s", "r") == (error.message, error.step, error.resource)
    assert start.waited is None or bench.gateway.reads[-1][1] is Purpose.POLL
    assert start.waited is None or "vol-1" in str(bench.gateway.read_calls[-1].params)


async def test_what_cannot_be_read_is_told_as_it_was(bench: Bench) -> None:
    """It was brought up."""
    bench.gateway.unread["ec2:DescribeVolumes"] = CallError("no", operation=STOP, retry=Retry.FATAL)

    error = await said(bench, a_recipe(start=act("start", Phase.BRING_UP, waited=waits(lambda: UP))))

    assert "i-1 was brought up on its replacement, but: why" == error.message


async def test_readers_that_get_nothing_are_told(bench: Bench) -> None:
    """Beside how the target stands."""
    bench.journal.note(bench.migration, "down", {"who": READERS}, attempt=1)

    assert "and who reads from its replicas gets nothing, but: why" in (await said(bench, a_recipe())).message


def test_what_was_never_stopped_does_not_run_on_it() -> None:
    """It has it."""
    assert ("runs on its replacement", "has its replacement") == (stands(a_recipe()), stands([prepared("warm")]))


async def test_what_acceptance_goes_on_with_is_named_four_at_most(bench: Bench) -> None:
    """Not what only asks for health, not what is done, not what is for the gate."""
    more = [act(f"c{n}", Phase.CONFIRM) for n in range(6)]
    health = act("health", Phase.CONFIRM, asks_health=True)
    steps = recipe(*a_recipe(), health, act("late", Phase.CONFIRM, at_gate=True), *more)
    engine = bench.engine(*steps)
    await bench.act(engine.walk([s for s in steps if s.key in ("tags", "c1")]))

    error = await said(bench, steps)

    assert (
        f"Keep it: sealift accept {bench.migration}. It goes on with: do c0; do c2; do c3; do c4; and 1 more."
        in str(error.remedy)
    )


async def test_where_nothing_is_left_to_do_nothing_is_named(bench: Bench) -> None:
    """Acceptance is a word."""
    error = await said(bench, a_recipe()[:5])

    assert f"Keep it: sealift accept {bench.migration}. Put the original back" in str(error.remedy)


async def test_exactly_four_are_all_named(bench: Bench) -> None:
    """No *0 more*."""
    steps = recipe(*a_recipe()[:5], *[act(f"c{n}", Phase.CONFIRM) for n in range(4)])

    assert "It goes on with: do c0; do c1; do c2; do c3. Put" in str((await said(bench, steps)).remedy)


# -- what a way back has taken off -------------------------------------------------------------------------------------


def off(bench: Bench, *rows: tuple[str, str], direction: str = "direction", steps: tuple[Step, ...] = ()) -> list[str]:
    engine = bench.engine()
    engine.note("bring-up")
    engine.note(direction)
    for step, what in rows:
        engine._row(step, what, {"id": "vol-9"} if what == "made" else {})
    return taken_off(steps or a_recipe(), engine.state)


STANDING = [(k, "made") for k in ("stop", "copy", "attach", "start")]


def test_a_replacement_is_whole_until_an_undo_of_its_cut_is_sent(bench: Bench) -> None:
    """Rows tell; what exposes and has no row does not stand."""
    assert [] == off(bench, *STANDING)
    assert ["do attach"] == off(bench, ("undo:attach", "intent"))
    assert ["do attach"] == taken_off(a_recipe(), bench.engine().state)


def test_what_was_never_attached_is_off(bench: Bench) -> None:
    """It is not there."""
    assert ["do attach"] == off(bench, *STANDING[:2])


def test_forward_nothing_is_off(bench: Bench) -> None:
    """There was no turn."""
    assert [] == off(bench, direction="waiting")


async def test_what_is_off_cannot_be_kept(bench: Bench) -> None:
    """The message says so in place of how to keep it."""
    off(bench, *STANDING, ("undo:attach", "intent"))

    remedy = str((await said(bench, a_recipe())).remedy)

    assert remedy.startswith("It cannot be kept: no longer so, or not for sure: do attach. Put the original back")
    assert "sealift accept" not in remedy


# -- who is served all the same ----------------------------------------------------------------------------------------


async def asked(bench: Bench, *steps: Step) -> Engine:
    """A confirmation fails, and a person is asked."""
    engine = bench.engine(*steps)
    with pytest.raises(NeedsPerson):
        await bench.act(engine.run())
    return engine


def refusal() -> CallError:
    return CallError("refused", operation=STOP, retry=Retry.REFUSED)


@pytest.mark.parametrize(("looks", "served"), [(UP, True), (STOPPED, False)])
async def test_as_a_person_is_asked_who_is_served_is_written_down(bench: Bench, looks: Seen, served: bool) -> None:
    """An interruption is to come: until then writers count as down, unless nothing interrupts just now and it serves."""
    turns = [UP]
    start = act("start", Phase.BRING_UP, waited=waits(lambda: turns.pop(0) if turns else looks))
    bench.gateway.answers["tags"] = [refusal()]
    steps = recipe(*a_recipe(start=start), act("reboot", Phase.CONFIRM, interrupts=True))

    engine = await asked(bench, *steps)

    assert served == (engine.state.down_since() is None)


@pytest.mark.parametrize(
    ("fails", "served"), [(refusal(), True), (CallError("?", operation=STOP, retry=Retry.FATAL, ambiguous=True), False)]
)
async def test_an_interruption_that_was_refused_interrupts_nothing(
    bench: Bench, fails: CallError, served: bool
) -> None:
    """One of which nobody knows may."""
    bench.gateway.answers["reboot"] = [fails]
    reboot = act("reboot", Phase.CONFIRM, interrupts=True)

    engine = await asked(bench, *recipe(*a_recipe(), reboot))

    assert served == (engine.state.down_since() is None)


async def test_an_interruption_that_is_over_interrupts_nothing(bench: Bench) -> None:
    """The next one has not begun: who is served just now is served."""
    bench.gateway.answers["check"] = [refusal()]
    first, second = (act(key, Phase.CONFIRM, interrupts=True) for key in ("first", "second"))

    engine = await asked(bench, *recipe(*a_recipe(), first, act("check", Phase.CONFIRM), second))

    assert engine.state.down_since() is None


async def test_a_part_that_waits_for_its_health_is_down_still(bench: Bench) -> None:
    """Until it has been asked."""
    bench.gateway.answers["tags"] = [refusal()]
    health = act("health", Phase.CONFIRM, interrupts=True, asks_health=True, lets_in=True)

    engine = await asked(bench, *recipe(*a_recipe(), health))

    assert engine.state.down_since() is not None


async def served(bench: Bench, *confirmed: Step) -> bool:
    """A confirmation fails and a person is asked; return whether writers count as served: it runs, an interruption is to come."""
    bench.gateway.answers["tags"] = [refusal()]
    engine = await asked(bench, *recipe(*a_recipe(), *confirmed, act("reboot", Phase.CONFIRM, interrupts=True)))
    return engine.state.down_since() is None


def lets_clients_in(key: str = "open", **more: Any) -> Act:
    return act(key, Phase.CONFIRM, interrupts=True, opens=True, wants=(Ref("copy", "id"),), **more)


SET, BEING_SET = waits(lambda: UP), waits(lambda: Seen(state="modifying"))


@pytest.mark.parametrize(
    ("opening", "so"),
    [
        (lets_clients_in(observes=asks(dict), waited=SET), True),
        (lets_clients_in(observes=asks(dict), waited=BEING_SET), False),
        (lets_clients_in(observes=asks(dict)), True),
        (lets_clients_in(waited=BEING_SET), True),
        (act("other", Phase.CONFIRM, interrupts=True, observes=asks(dict), waited=BEING_SET), True),
    ],
    ids=["it has come about", "it is under way", "nothing is waited for", "nothing tells", "it lets nobody in"],
)
async def test_where_clients_are_let_in_later_a_look_tells_whether_they_are(
    bench: Bench, opening: Step, so: bool
) -> None:
    """It runs, and what opens it has not been reached: it may have come about by itself."""
    assert so == await served(bench, opening)


async def test_each_that_lets_clients_in_is_looked_at(bench: Bench) -> None:
    """Of which nothing tells hides no other."""
    assert not await served(
        bench, lets_clients_in("first"), lets_clients_in("second", observes=asks(dict), waited=BEING_SET)
    )


async def test_what_lets_clients_in_and_has_its_row_is_not_looked_at(bench: Bench) -> None:
    """It was reached: its row tells."""
    opening = lets_clients_in(observes=asks(dict), waited=BEING_SET)
    bench.gateway.answers |= {"open": [refusal()], "tags": [{}]}

    engine = await asked(bench, *recipe(*a_recipe(), opening, act("reboot", Phase.CONFIRM, interrupts=True)))

    assert engine.state.down_since() is None


async def test_clients_of_whom_nothing_can_be_read_count_as_kept_out(bench: Bench) -> None:
    """What cannot be read is not said to be well."""
    bench.gateway.unread["ec2:DescribeTags"] = refusal()

    assert not await served(bench, lets_clients_in(observes=asks(dict, "ec2:DescribeTags")))


async def test_what_is_gone_cannot_be_kept(bench: Bench) -> None:
    """It is asked of the state as it is, and said in place of how to keep it."""

    async def gone(state: State) -> Gone:
        return Gone(f"vol-9, the replacement in {state.id}, is gone")

    bench.gateway.answers["tags"] = [refusal()]
    engine = bench.engine(*a_recipe(), gone=gone)
    with pytest.raises(NeedsPerson) as caught:
        await bench.act(engine.run())

    remedy = str(caught.value.remedy)
    assert f"It cannot be kept: vol-9, the replacement in {bench.migration}, is gone. {BACK[:20]}" in remedy
    assert "sealift accept" not in remedy


@pytest.mark.parametrize(
    "undone", [(), (("undo:attach", "intent"),)], ids=["as it was brought up", "a way back has begun"]
)
async def test_where_nothing_is_left_that_is_said_whatever_else_is_off(bench: Bench, undone: tuple[Any, ...]) -> None:
    """To give it up is all that can be done, and it is neither called keeping nor said what that would go on with."""
    if undone:
        off(bench, *STANDING, *undone)
    state, gone = bench.journal.state(bench.migration), Gone("neither v-1 nor v-2 is left", lost=True)

    told = await bench.act(in_doubt(bench.gateway, "i-1", a_recipe(), state, "why", "It cannot be put back.", gone))  # type: ignore[arg-type]

    for_good = f"Give it up for good: sealift accept {bench.migration}."
    assert f"It can neither be kept nor put back as a whole: neither v-1 nor v-2 is left. {for_good}" == told.remedy


# -- somebody else's start ---------------------------------------------------------------------------------------------


async def test_a_start_of_ours_that_came_to_nothing_is_told_from_a_later_one(bench: Bench) -> None:
    """What it left is compared with, no longer the cut; what differs from that is somebody else's."""
    compared: list[Any] = []

    def later(left: Any) -> Step:
        compared.append(left)
        return act("start", Phase.BRING_UP, befores=asks(lambda: ["started at 9"]))

    start = act(
        "start", Phase.BRING_UP, waited=waits(lambda: Seen(failed="no room", unused=True)),
        traces=asks(lambda: {"LaunchTime": "8"}), after_trace=later,
    )  # fmt: skip

    engine = await asked(bench, *a_recipe(start=start))

    assert [{"LaunchTime": "8"}] == compared
    assert {"by": "somebody else", "why": "started at 9"} == bench.entry(None, "bring-up").data
    assert engine.state.brought_up is not None
    assert [] == [k for k in bench.gateway.keys if k.startswith("undo")]
    assert ["void", "made", "done"] == bench.rows("start")[-3:]  # its undo is a part of the way back


@pytest.mark.parametrize("runs", [True, False])
async def test_of_a_row_of_an_earlier_version_only_the_state_tells(bench: Bench, runs: bool) -> None:
    """It did not write down what was left: what is up counts as somebody's."""
    engine = bench.engine(*a_recipe(start=act("start", Phase.BRING_UP, finds=found() if runs else NOT_FOUND)))
    for key in ("copy", "attach"):
        engine._row(key, "made", {"id": "vol-9"})
    engine._row("start", "void", {})

    await bench.act(engine._ran_by_hand())

    assert runs == (engine.state.brought_up is not None)
    if runs:
        assert "it is up" == bench.entry(None, "bring-up").data["why"]


async def test_nobody_is_asked_about_what_was_brought_up(bench: Bench) -> None:
    """It is known."""
    engine = bench.engine(*a_recipe(start=act("start", Phase.BRING_UP, befores=asks(lambda: 1 / 0))))
    engine._row("attach", "made", {})
    engine.note("bring-up")

    await bench.act(engine._ran_by_hand())

    assert 1 == bench.notes.count("bring-up")


# -- what stands, what waits -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "notes", "begun"),
    [
        ([], [], False),
        ([("warm", "made")], [], False),
        ([("stop", "intent")], [], True),
        ([("stop", "intent"), ("stop", "void")], [], False),
        ([("stop", "made")], ["bring-up"], False),
        ([("stop", "made")], ["service-back"], False),
    ],
)
def test_a_cutover_has_begun_with_its_first_request(
    bench: Bench, rows: list[tuple[str, str]], notes: list[str], begun: bool
) -> None:
    """Until service is there, on either side."""
    engine = bench.engine(*a_recipe())
    for step, what in rows:
        engine._row(step, what)
    for note in notes:
        engine.note(note)

    assert begun == engine.begun


@pytest.mark.parametrize(
    ("notes", "down"),
    [
        ([], False),
        (["quiesce"], True),
        (["quiesce", "bring-up"], False),
        (["down", "bring-up"], False),
        (["bring-up", "direction", "down"], True),
        (["bring-up", "direction"], False),
    ],
)
def test_service_comes_first_while_a_cut_is_open_or_a_way_back_has_fenced(
    bench: Bench, notes: list[str], down: bool
) -> None:
    """Then deadlines are short."""
    engine = bench.engine(*a_recipe())
    for note in notes:
        engine.note(note, **({"who": WRITERS} if note == "down" else {}))

    assert down == engine.down


async def test_a_person_is_asked_once_however_many_lanes_ask(bench: Bench) -> None:
    """One row says so."""
    engine = bench.engine(*a_recipe())

    for _ in range(2):
        await bench.act(engine._in_doubt(SealiftError("why")))

    assert 1 == bench.notes.count("end") == len(bench.told("end"))


@pytest.mark.parametrize(
    ("rows", "notes", "turns"),
    [
        (["stop", "attach"], [], True),
        (["stop", "start"], [], False),
        (["stop"], ["bring-up"], False),
        (["stop"], ["direction"], False),
    ],
    ids=["before", "a start was sent", "it was brought up", "it goes back already"],
)
def test_it_turns_when_it_is_asked_until_a_start_was_sent(
    bench: Bench, rows: list[str], notes: list[str], turns: bool
) -> None:
    """What may run on the replacement is not put back on a word alone."""
    engine = bench.engine(*a_recipe())
    for step in rows:
        engine._row(step, "intent")
    for note in notes:
        engine.note(note)

    assert turns == engine.turns


async def test_who_leaves_while_it_waits_leaves_nothing_waiting(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits on our clock has ended before anybody goes on."""
    ended: list[float] = []

    async def sleeps(seconds: float) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(seconds)

    engine = bench.engine(*a_recipe())
    monkeypatch.setattr(bench.clock, "sleep", sleeps)
    waiting = asyncio.ensure_future(engine.idle(30.0))
    await asyncio.sleep(0.01)
    waiting.cancel()

    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert [30.0] == ended


async def test_what_ends_the_clock_ends_who_waits_on_it(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody goes on as if the time had passed."""

    async def gone(_: float) -> None:
        raise ClockLost("the sandbox is gone")

    engine = bench.engine(*a_recipe())
    monkeypatch.setattr(bench.clock, "sleep", gone)

    with pytest.raises(ClockLost):
        await engine.idle(30.0)
    assert (set(), set()) == (engine._idle, engine._naps)


async def test_what_fails_beside_the_word_of_a_person_is_a_failure(bench: Bench) -> None:
    """It would have gone back without them: the reason is the error, and nobody was asked."""
    engine = bench.engine(*a_recipe())
    bench.gateway.answers["copy"] = [lambda: engine.ask_back("slow") or refusal()]

    await bench.act(engine.run())

    assert ("refused", False) == (engine.state.rollback["why"], engine.state.rollback["asked"])
    assert "failure" in bench.notes


async def test_who_is_asked_to_go_back_does_so_at_the_next_row(bench: Bench) -> None:
    """As `rollback` does; the reason is the person's."""
    engine = bench.engine(*a_recipe())
    bench.gateway.answers["copy"] = [lambda: engine.ask_back("slow") or {}]

    await bench.act(engine.run())

    assert ("rolled-back", {"why": "slow", "salvage": True, "asked": True}) == (
        engine.state.end,
        dict(engine.state.rollback),
    )
    assert "failure" not in bench.notes
    assert "attach" not in bench.gateway.keys


async def test_who_is_asked_too_late_is_told_how_to_go_back(bench: Bench) -> None:
    """Once a start was sent nothing turns by itself."""
    engine = bench.engine(*a_recipe())
    bench.gateway.answers["start"] = [lambda: engine.ask_back("slow") or {}]

    await bench.act(engine.run())

    assert "retained" == engine.state.end
    (late,) = bench.told("not-turned")
    assert f"sealift rollback {bench.migration} --discard-writes" in late.data["why"]


@pytest.mark.parametrize("after", [100.5, 1000.5])
@pytest.mark.parametrize("where", ["poll", "gate", "retry"])
async def test_who_waits_is_woken_at_once(bench: Bench, where: str, after: float) -> None:
    """Between two polls a minute apart, at a gate that time will open, or before the next try."""
    never = waits(lambda: Seen(state="pending")) if where == "poll" else None
    if where == "retry":
        full = CallError("full", operation=STOP, retry=Retry.QUOTA)
        bench.gateway.answers["warm"] = [full] * 99
    window = Window(start=bench.began + 9 * HOUR) if where == "gate" else Window()
    finds = NOT_FOUND if where == "retry" else found(id="snap-1")
    warm = prepared("warm", waited=never, finds=finds, outputs=("id",))
    engine = bench.engine(*a_recipe(warm=warm), window=window)
    turned: list[float] = []
    engine.emit = lambda name, *_, **__: turned.append(bench.clock.now()) if name == "direction" else None  # type: ignore[method-assign]

    async def person() -> None:
        await bench.clock.sleep(after)
        engine.ask_back("slow")
        await asyncio.sleep(0)  # who is woken wakes before this actor leaves the clock

    for error in await bench.act(side_by_side(bench.clock, [engine.run(), person()])):
        assert error is None

    assert ("rolled-back", [bench.began + after]) == (engine.state.end, turned)


async def test_who_waits_on_the_way_back_waits_on(bench: Bench) -> None:
    """It has turned already: nothing is woken for that."""
    engine = bench.engine(*a_recipe())
    engine.note("direction", why="x")

    async def person() -> None:
        await bench.clock.sleep(1.0)
        engine.ask_back("slow")

    await bench.act(side_by_side(bench.clock, [engine.idle(30.0), person()]))
    assert 30.0 == bench.passed


async def test_an_idle_wait_is_where_a_driver_may_turn(bench: Bench) -> None:
    """It waits on the clock, and not at all once somebody has asked."""
    engine = bench.engine(*a_recipe())
    await bench.act(engine.idle(30.0))
    engine.ask_back("slow")

    with pytest.raises(SealiftError, match="slow"):
        await bench.act(engine.idle(30.0))
    assert 30.0 == bench.passed
    assert set() == engine._idle
