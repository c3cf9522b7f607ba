"""A migration as its rows tell it: what each kind of row changes, and what a new attempt forgets."""

from typing import Any

import pytest

from sealift.journal import READERS, WRITERS, Entry, Outage, Row, State, fold

REFUSED = {"message": "no", "ambiguous": False}
UNCLEAR = {"message": "no answer", "ambiguous": True}


class Told:
    """Rows, one after the other: each a second after the last, by driver 7."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def add(self, step: str | None, what: str, attempt: int = 1, token: int = 7, **data: Any) -> "Told":
        number = len(self.entries) + 1
        self.entries.append(Entry(number, "mig-1", attempt, step, what, 100.0 + number, token, data))
        return self

    def note(self, what: str, **data: Any) -> "Told":
        return self.add(None, what, **data)

    def rows(self, step: str, *whats: str) -> "Told":
        for what in whats:
            self.add(step, what)
        return self

    @property
    def state(self) -> State:
        return fold("mig-1", self.entries)


def told() -> Told:
    return Told()


def one(*rows: tuple[str, dict[str, Any]]) -> Row:
    """The row of a step to which this happened."""
    story = told()
    for what, data in rows:
        story.add("stop", what, **data)
    return story.state.rows["stop"]


# -- a step ------------------------------------------------------------------------------------------------------------


def test_a_row_knows_when_its_last_intent_was_written_and_by_whom() -> None:
    """Number and moment of the intent, the token of the last writer; an earlier error is forgotten."""
    row = (
        told().add("stop", "intent").add("stop", "failed", **REFUSED).add("stop", "intent", token=8).state.rows["stop"]
    )

    assert ("intent", 103.0, 8, None, None) == (row.state, row.intent_at, row.token, row.error, row.done_at)


def test_what_was_made_stays_when_it_is_done() -> None:
    """The output is of the made row, the moment of the done row."""
    row = one(("intent", {}), ("made", {"VolumeId": "vol-1"}), ("done", {}))

    assert ("done", {"VolumeId": "vol-1"}, 103.0) == (row.state, row.output, row.done_at)


def test_of_what_came_to_nothing_only_what_it_left_is_kept() -> None:
    """No output; what a start that fell back has left is for the look-ups that follow."""
    row = one(("made", {"a": "1"}), ("void", {"LaunchTime": "t"}))

    assert ("void", None, {"LaunchTime": "t"}, False) == (row.state, row.output, row.left, row.open)


def test_a_lost_row_is_tried_anew() -> None:
    """What it had made is of no use: it counts as failed, without an error that would say that nothing was made."""
    row = one(("intent", {}), ("failed", REFUSED), ("made", {"a": "1"}), ("lost", {}))

    assert ("failed", None, None, True, False) == (row.state, row.output, row.error, row.open, row.refused)


@pytest.mark.parametrize(
    ("rows", "unclear"),
    [
        ([("intent", {})], False),
        ([("intent", {}), ("intent", {})], True),
        ([("intent", {}), ("failed", REFUSED), ("intent", {})], False),
        ([("intent", {}), ("failed", UNCLEAR)], True),
        ([("intent", {}), ("failed", UNCLEAR), ("intent", {}), ("failed", REFUSED)], True),
        ([("intent", {}), ("made", {}), ("made", {})], False),
    ],
    ids=[
        "sent",
        "its driver died",
        "refused, sent again",
        "no answer",
        "no answer once, then refused",
        "made twice over",
    ],
)
def test_a_try_of_which_nobody_knows_is_remembered(rows: list[tuple[str, dict[str, Any]]], unclear: bool) -> None:
    """Two intents in a row, or an answer that never came: a later refusal does not tell of the earlier try."""
    assert unclear == one(*rows).unclear


@pytest.mark.parametrize(
    ("rows", "refused"),
    [
        ([("intent", {}), ("failed", REFUSED)], True),
        ([("intent", {}), ("failed", UNCLEAR)], False),
        ([("intent", {}), ("intent", {}), ("failed", REFUSED)], False),
        ([("intent", {})], False),
        ([("intent", {}), ("failed", REFUSED), ("void", {})], False),
        ([("made", {"a": "1"}), ("failed", REFUSED)], False),
    ],
    ids=["refused", "no answer", "refused after a try that nobody knows of", "sent", "void by now", "made before"],
)
def test_only_what_was_plainly_refused_every_time_is_refused(
    rows: list[tuple[str, dict[str, Any]]], refused: bool
) -> None:
    """Then nothing has come of it, and nothing has to be looked for."""
    assert refused == one(*rows).refused


def test_the_last_error_of_a_migration_is_that_of_the_step_that_failed_last() -> None:
    """Whatever step it was."""
    state = told().add("a", "failed", message="first").add("b", "failed", message="second").state

    assert ({"message": "second"}, {"message": "first"}) == (state.last_error, state.rows["a"].error)


@pytest.mark.parametrize(
    ("stop", "undo", "stands"),
    [
        ([], [], False),
        (["intent"], [], True),
        (["intent", "void"], [], False),
        (["intent", "made", "done"], ["intent", "made"], True),
        (["intent", "made", "done"], ["intent", "made", "done"], False),
    ],
    ids=["never sent", "sent", "came to nothing", "being undone", "undone"],
)
def test_a_step_stands_until_it_is_undone(stop: list[str], undo: list[str], stands: bool) -> None:
    """Sent counts: it may have had an effect."""
    assert stands == told().rows("stop", *stop).rows("undo:stop", *undo).state.stands("stop")


@pytest.mark.parametrize(
    ("rows", "begun"),
    [
        ([], False),
        ([("intent", {})], True),
        ([("intent", {}), ("void", {})], False),
        ([("intent", {}), ("failed", REFUSED)], False),
        ([("intent", {}), ("failed", UNCLEAR)], True),
        ([("intent", {}), ("intent", {}), ("failed", REFUSED)], True),
        ([("intent", {}), ("lost", {})], True),
        ([("intent", {}), ("made", {})], True),
    ],
    ids=["not", "sent", "void", "refused", "no answer", "refused after a try that nobody knows of", "lost", "made"],
)
def test_an_undo_has_begun_unless_it_was_plainly_refused(rows: list[tuple[str, dict[str, Any]]], begun: bool) -> None:
    """In doubt it has."""
    story = told()
    for what, data in rows:
        story.add("undo:stop", what, **data)

    assert begun == story.state.begun_to_undo("stop")
    assert not story.state.begun_to_undo("start")


def test_what_an_attempt_has_made_is_what_is_neither_void_nor_missing() -> None:
    """Empty outputs count: the step was done."""
    state = (
        told()
        .add("a", "made", x="1")
        .add("b", "made")
        .add("c", "intent")
        .add("d", "made", x="2")
        .add("d", "void")
        .state
    )

    assert {"a": {"x": "1"}, "b": {}} == state.outputs


def test_safety_snapshots_are_kept_by_name() -> None:
    """An RDS snapshot by its name, an EBS one by its id; one that came to nothing is none."""
    story = told().add("safety:a", "made", SnapshotId="snap-1").add("safety:b", "made", name="rds-1", SnapshotId="x")
    story.add("safety:c", "made", SnapshotId="snap-3").add("safety:c", "void").add("safety:d", "intent").add(
        "copy", "made", SnapshotId="no"
    )

    assert ["snap-1", "rds-1"] == story.state.kept


@pytest.mark.parametrize("waits", ["kept:safety:a", "await:safety:a"])
def test_a_safety_snapshot_that_has_failed_keeps_nothing(waits: str) -> None:
    """Its replacement is left over then, and nobody is told that what was written is in the snapshot."""
    story = told().add("safety:a", "made", SnapshotId="snap-1").add("safety:b", "made", SnapshotId="snap-2")
    story.add(waits, "made").add(waits, "failed")

    assert ["snap-2"] == story.state.kept


# -- the migration -----------------------------------------------------------------------------------------------------


def test_a_new_migration_goes_forward_in_its_first_attempt() -> None:
    """And nothing has happened."""
    state = State("mig-1")

    assert (1, True, "forward", 0, False) == (
        state.attempt,
        state.attempt_open,
        state.direction,
        state.epoch,
        state.adopted,
    )
    assert (False, False, None, None) == (state.in_cut, state.undecided, state.end, state.down_since())


@pytest.mark.parametrize(
    ("notes", "in_cut"),
    [
        ([], False),
        (["epoch"], False),
        (["quiesce"], True),
        (["quiesce", "bring-up"], False),
        (["quiesce", "direction"], True),
        (["quiesce", "direction", "service-back"], False),
    ],
)
def test_a_cut_is_open_from_the_quiesce_until_service_is_back(notes: list[str], in_cut: bool) -> None:
    """By bring-up, or by the way back."""
    story = told()
    for what in notes:
        story.note(what)

    assert in_cut == story.state.in_cut


@pytest.mark.parametrize(
    ("notes", "undecided", "discarded"),
    [
        (["quiesce"], False, False),
        (["bring-up"], True, False),
        (["bring-up", "direction"], False, True),
        (["direction"], False, False),
        (["direction", "bring-up"], True, False),
        (["direction", "bring-up", "direction"], False, True),
        (["bring-up", "attempt-closed"], False, False),
    ],
    ids=[
        "not up",
        "up",
        "a person has said so",
        "going back",
        "somebody has started it on the way back",
        "then said so",
        "closed",
    ],
)
def test_writes_since_bring_up_are_discarded_by_a_person_alone(
    notes: list[str], undecided: bool, discarded: bool
) -> None:
    """A turn after bring-up is a person's; a bring-up after a turn that asked nobody is somebody else's."""
    story = told()
    for what in notes:
        story.note(what)

    assert (undecided, discarded) == (story.state.undecided, story.state.discarded)


def test_a_turn_names_its_reason_and_ends_an_end() -> None:
    """What needed a person goes on, back."""
    state = (
        told()
        .note("waiting", **{"for": "x", "gate": True})
        .note("end", **{"as": "needs-person", "why": "w"})
        .note("waiting", **{"for": "x", "gate": True})
        .note("direction", why="because", salvage=True)
        .state
    )

    assert ("back", {"why": "because", "salvage": True}, None, False) == (
        state.direction,
        state.rollback,
        state.end,
        state.at_gate,
    )


def test_bring_up_takes_back_that_a_person_is_needed() -> None:
    """Its moment is kept."""
    state = told().note("end", **{"as": "needs-person", "why": "w"}).note("bring-up").state

    assert (None, "", 102.0) == (state.end, state.why, state.brought_up)


def test_what_was_accepted_goes_forward_again() -> None:
    """The way back is over."""
    state = told().note("direction", why="w").note("accepted").state

    assert ("forward", {}) == (state.direction, state.rollback)


def test_the_epoch_of_an_adopted_migration_is_what_its_resources_say() -> None:
    """Else it is the number of its row."""
    assert (41, 1) == (told().note("epoch", number=41).state.epoch, told().note("epoch").state.epoch)


def test_the_next_cut_of_an_adopted_migration_is_later_than_those_that_its_resources_carry() -> None:
    """Its journal counts anew: no cut has the number of an earlier one."""
    story = told().note("adopted", epoch=41).note("epoch")
    assert (41, 42) == (story.state.last_cut, story.state.epoch)
    assert 2 == told().note("adopted").note("epoch").state.epoch


def test_what_the_watchdog_came_to_is_kept_for_its_attempt() -> None:
    """The next attempt knows nothing of it."""
    story = told().note("guard", restored=5.0, came_to="it has put the originals back")
    assert {"restored": 5.0, "came_to": "it has put the originals back"} == story.state.guard
    assert story.note("attempt", number=2).state.guard is None


def test_service_may_have_been_there_before_its_row_was_written() -> None:
    """The watchdog had brought it back: the row says when."""
    assert 2.5 == told().note("down", who=WRITERS).note("up", who=WRITERS, at=103.5).state.down_seconds(1e9)


def test_moments_are_those_of_their_rows() -> None:
    """Quiesce and service-back."""
    state = told().note("quiesce").note("service-back").state

    assert (101.0, 102.0) == (state.quiesced, state.back_up)


def test_an_approval_takes_a_refusal_back() -> None:
    """And a refusal leaves the approval, for it is judged first."""
    said_no = told().note("approved", by="a").note("refused", why="no")
    assert ({"by": "a"}, {"why": "no"}) == (said_no.state.approved, said_no.state.refused)

    said_yes = said_no.note("approved", by="b").state
    assert ({"by": "b"}, None) == (said_yes.approved, said_yes.refused)


def test_a_postponement_is_until_its_moment() -> None:
    """In Unix seconds."""
    assert 99.5 == told().note("postponed", until="99.5").state.postponed_until


def test_what_it_waits_for_is_forgotten_when_the_gate_opens_or_it_ends() -> None:
    """Only the gate's own wait says that it stands there."""
    gate = told().note("waiting", **{"for": "an approval", "gate": True})
    assert ("an approval", True) == (gate.state.waiting_for, gate.state.at_gate)
    opened = told().note("waiting", **{"for": "an approval", "gate": True}).note("gate-open").state
    ended = gate.note("end", **{"as": "retained"}).state
    assert (None, False, None, False) == (opened.waiting_for, opened.at_gate, ended.waiting_for, ended.at_gate)
    assert ("retained", "") == (ended.end, ended.why)
    elsewhere = told().note("waiting", **{"for": "a volume"}).state
    assert ("a volume", False) == (elsewhere.waiting_for, elsewhere.at_gate)


@pytest.mark.parametrize(
    ("note", "data"),
    [("gate-open", {}), ("waiting", {"for": "x"}), ("direction", {"why": "w"}), ("attempt", {"number": 2})],
)
def test_what_the_breaker_has_left_is_held_until_somebody_goes_on(note: str, data: dict[str, Any]) -> None:
    """It says why, and whether it stands at its gate; it waits for nothing."""
    held = told().note("waiting", **{"for": "x", "gate": True}).note("held", why="one has failed", gate=True)
    assert ("one has failed", True, None) == (held.state.held, held.state.at_gate, held.state.waiting_for)
    assert not told().note("held", why="one has failed", gate=False).state.at_gate

    assert "" == held.note(note, **data).state.held


@pytest.mark.parametrize("what", ["trouble", "failure"])
def test_trouble_and_failure_are_errors_of_the_migration(what: str) -> None:
    """Whoever looks is told the last one."""
    assert {"message": "m"} == told().add("a", "failed", message="first").note(what, message="m").state.last_error


def test_an_end_says_how_and_why() -> None:
    """In the words of its row."""
    state = told().note("end", **{"as": "rolled-back", "why": "the gate has shut"}).state

    assert ("rolled-back", "the gate has shut") == (state.end, state.why)


def test_leftovers_are_named_with_their_reason() -> None:
    """In the order in which they were found."""
    state = (
        told().note("leftover", resource="snap-1", why="in use").note("leftover", resource="vol-1", why="kept").state
    )

    assert ["snap-1: in use", "vol-1: kept"] == state.leftovers


def test_what_is_mended_is_left_over_no_more() -> None:
    """All else is, in its order."""
    story = told()
    for resource in ("snap-1", "vol-1", "vol-2"):
        story.note("leftover", resource=resource, why="in use")

    state = story.note("mended", left=["vol-1: in use"]).state

    assert ["snap-1: in use", "vol-2: in use"] == state.leftovers


def test_an_adopted_migration_says_so() -> None:
    """Its rows were rebuilt."""
    assert told().note("adopted").state.adopted


def test_a_new_attempt_forgets_the_last_one() -> None:
    """Rows, epoch, end, errors, refusals, leftovers, the gate: all but the approval and what it has cost."""
    story = (
        told().note("attempt", number=1).note("approved", by="a").note("postponed", until=5).note("refused", why="r")
    )
    story.note("epoch").note("quiesce").note("down", who=WRITERS).rows("stop", "intent").add(
        "stop", "failed", **REFUSED
    )
    story.note("leftover", resource="x", why="y").note("direction", why="w", asked=False).note("bring-up").note(
        "direction"
    )
    story.note("service-back").note("up", who=WRITERS).note("end", **{"as": "rolled-back", "why": "w"})
    story.note("waiting", **{"for": "x", "gate": True}).note("attempt-closed")
    assert not story.state.attempt_open

    state = story.add(None, "attempt", attempt=2).state

    fresh = State("mig-1", attempt=2, approved={"by": "a"}, outages=state.outages)
    assert fresh == state
    assert state.down_seconds(1e9) > 0


def test_who_asked_for_the_way_back_has_taken_the_approval_back() -> None:
    """The next attempt waits for another."""
    story = told().note("approved", by="a").note("direction", why="w", asked=True).note("attempt-closed")

    assert {"by": "a"} == story.state.approved
    assert story.add(None, "attempt", attempt=2).state.approved is None


# -- who gets nothing --------------------------------------------------------------------------------------------------


def test_an_outage_is_added_up_over_attempts() -> None:
    """Down at 101, up at 103, down at 104: two seconds, and since 104 again; each of the two for itself."""
    story = told().note("down", who=WRITERS).note("down", who=READERS).note("up", who=WRITERS).note("down", who=WRITERS)

    state = story.state
    assert (104.0, 102.0) == (state.down_since(), state.down_since(READERS))
    assert (8.0, 8.0) == (state.down_seconds(110.0), state.down_seconds(110.0, READERS))
    assert Outage(2.0, 104.0) == state.outages[WRITERS]


def test_a_second_word_of_the_same_outage_changes_nothing() -> None:
    """Its beginning stands; an end without a beginning is none."""
    assert 101.0 == told().note("down", who=WRITERS).note("down", who=WRITERS).state.down_since()
    assert Outage() == told().note("up", who=WRITERS).state.outages[WRITERS]


def test_seconds_never_run_backwards() -> None:
    """A clock that was set back gives none."""
    assert (1.0, 3.5) == (Outage(1.0, 50.0).seconds(40.0), Outage(1.0, 50.0).seconds(52.46))
    assert 1.2 == Outage(1.24).seconds(99.0)


@pytest.mark.parametrize(
    ("step", "rows", "begun"),
    [
        ("finalize:source:/dev/xvda", ["intent"], True),
        ("finalize:source:/dev/xvda", ["intent", "made", "done"], True),
        ("finalize:source:/dev/xvda", ["intent", "refused"], False),
        ("finalize:source:/dev/xvda", ["intent", "unclear"], True),
        ("finalize:point:/dev/xvda", ["intent", "made", "done"], False),
        ("finalize:unprotect", ["intent", "made", "done"], False),
        ("undo:copy", ["intent", "made", "done"], False),
    ],
)
def test_a_finalize_has_begun_with_the_first_step_that_deletes(step: str, rows: list[str], begun: bool) -> None:
    """A restore point deletes nothing, and what was plainly refused has deleted nothing."""
    told = Told()
    for what in rows:
        error = {"refused": REFUSED, "unclear": UNCLEAR}.get(what)
        told.add(step, what) if error is None else told.add(step, "failed", **error)

    assert begun == fold("mig-1", told.entries).finalizing
