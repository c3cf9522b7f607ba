"""The journal: rows that are only ever added, written only by the newest driver."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, inspect

from sealift.clock import VirtualClock
from sealift.errors import JournalError, LeaseLost, Refused
from sealift.journal import Journal, default_path
from tests.world import DURABLE

PLAN: dict[str, Any] = {"target": "i-1", "kind": "ebs-instance", "account": "1", "region": "eu-central-1", "steps": []}


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(VirtualClock(), tmp_path / "journal.db")


def begun(journal: Journal, *locks: str) -> str:
    return journal.begin(PLAN, "sha256:0", locks or ("i-1",))


def taken(journal: Journal, migration: str) -> int:
    token, beat, *_ = journal.lease(migration)
    return journal.take_lease(migration, (token, beat))


# -- the file ------------------------------------------------------------------------------------------------------------


def test_a_journal_of_another_schema_is_not_touched(tmp_path: Path) -> None:
    """Exit 1 with both versions, and the file is as it was."""
    path = tmp_path / "journal.db"
    Journal(VirtualClock(), path).close()
    with sqlite3.connect(path) as db:
        db.execute("UPDATE schema_version SET version = 99")
    with pytest.raises(JournalError, match="99") as caught:
        Journal(VirtualClock(), path)
    assert (1, True) == (caught.value.exit_code, "version of sealift" in str(caught.value.remedy))
    with sqlite3.connect(path) as db:
        assert [(99,)] == db.execute("SELECT version FROM schema_version").fetchall()


@pytest.mark.parametrize("content", [b"this is no database, not at all", b"SQLite format 3\0 but broken after that"])
def test_a_file_that_is_no_journal_is_said_in_one_line(tmp_path: Path, content: bytes) -> None:
    """A JournalError that names the file, no traceback of SQLite."""
    path = tmp_path / "journal.db"
    path.write_bytes(content)
    with pytest.raises(JournalError, match=r"journal\.db"):
        Journal(VirtualClock(), path)


def test_a_folder_that_cannot_be_made_is_said_in_one_line(tmp_path: Path) -> None:
    """A file stands where the folder should be."""
    (tmp_path / "file").write_text("")
    with pytest.raises(JournalError, match="file"):
        Journal(VirtualClock(), tmp_path / "file" / "journal.db")


def test_what_was_written_survives_a_power_cut(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Write-ahead log and full synchronisation, on every connection."""
    monkeypatch.setattr("sealift.journal._pragmas", DURABLE)
    journal = Journal(VirtualClock(), tmp_path / "journal.db")
    with journal._engine.connect() as db:
        found = [db.exec_driver_sql(f"PRAGMA {p}").scalar() for p in ("journal_mode", "synchronous")]
    assert ["wal", 2] == found


def test_the_place_is_the_users_state_folder_unless_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """SEALIFT_JOURNAL wins; else XDG_STATE_HOME."""
    monkeypatch.setenv("SEALIFT_JOURNAL", str(tmp_path / "mine.db"))
    assert tmp_path / "mine.db" == default_path()
    monkeypatch.delenv("SEALIFT_JOURNAL")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert tmp_path / "sealift" / "journal.db" == default_path()


# -- rows ----------------------------------------------------------------------------------------------------------------


def test_rows_are_only_ever_added(journal: Journal) -> None:
    """Each row gets a higher number; none is changed or removed by what comes after."""
    migration = begun(journal)
    token = taken(journal, migration)
    before = journal.entries(migration)
    for what in ("intent", "failed", "intent", "made", "done"):
        journal.row(migration, 1, "stop", what, {"what": what}, token=token)
    after = journal.entries(migration)
    assert before == after[: len(before)]
    assert sorted(e.seq for e in after) == [e.seq for e in after]
    assert ["intent", "failed", "intent", "made", "done"] == [e.what for e in after if e.step == "stop"]


def test_the_code_has_no_way_to_change_a_row() -> None:
    """No update and no delete of entries stands in the journal."""
    import inspect as python

    from sealift import journal as module

    source = python.getsource(module)
    assert ["update(_entries", "delete(_entries"] == [
        w for w in ("update(_entries", "delete(_entries") if w not in source
    ]


def test_another_process_reads_what_was_written(journal: Journal) -> None:
    """A second journal on the same file has the same rows."""
    migration = begun(journal)
    journal.note(migration, "approved", {"by": "a person"}, attempt=1)
    other = Journal(VirtualClock(), journal.path)
    assert (journal.entries(migration), {"by": "a person"}) == (
        other.entries(migration),
        other.state(migration).approved,
    )


def test_the_stored_plan_is_the_whole_plan(journal: Journal) -> None:
    """What was begun can be read back; what was not is an error that names the file."""
    migration = begun(journal)
    assert PLAN == journal.plan(migration)
    with pytest.raises(JournalError, match="mig-none"):
        journal.plan("mig-none")


def test_no_row_of_a_closed_attempt_counts(journal: Journal) -> None:
    """After the next attempt was opened nothing is done, nothing is quiesced, and the epoch is closed."""
    migration = begun(journal)
    token = taken(journal, migration)
    journal.note(migration, "epoch", attempt=1, token=token)
    journal.note(migration, "quiesce", attempt=1, token=token)
    for what in ("intent", "made", "done"):
        journal.row(migration, 1, "copy:/dev/xvda", what, {"VolumeId": "vol-9"}, token=token)
    assert {"copy:/dev/xvda": {"VolumeId": "vol-9"}} == journal.state(migration).outputs
    journal.note(migration, "attempt-closed", attempt=1, token=token)
    journal.note(migration, "attempt", {"number": 2}, attempt=2, token=token)
    state = journal.state(migration)
    assert (2, {}, 0, None, "forward") == (state.attempt, state.rows, state.epoch, state.quiesced, state.direction)


def test_the_epoch_is_the_number_of_its_row(journal: Journal) -> None:
    """No two cuts of a journal have the same."""
    migration = begun(journal)
    first = journal.note(migration, "epoch", attempt=1)
    assert first == journal.state(migration).epoch
    second = journal.note(migration, "epoch", attempt=1)
    assert (second, True) == (journal.state(migration).epoch, second > first)


def test_an_intent_without_an_end_is_open(journal: Journal) -> None:
    """A call may be under way: intent and failed are open until something was made or nothing came of it."""
    migration = begun(journal)
    token = taken(journal, migration)
    seen = []
    for what in ("intent", "failed", "made", "done"):
        journal.row(migration, 1, "stop", what, {}, token=token)
        seen.append(journal.state(migration).rows["stop"].open)
    assert [True, True, False, False] == seen
    journal.row(migration, 1, "start", "intent", {}, token=token)
    journal.row(migration, 1, "start", "void", {}, token=token)
    assert (False, False) == (journal.state(migration).rows["start"].open, "start" in journal.state(migration).outputs)


# -- the lease -----------------------------------------------------------------------------------------------------------


def test_a_stale_token_writes_nothing(journal: Journal) -> None:
    """Once another driver has taken over, neither an intent nor any other row of the old one is written."""
    migration = begun(journal)
    old = taken(journal, migration)
    journal.row(migration, 1, "stop", "intent", {}, token=old)
    new = taken(journal, migration)
    before = journal.entries(migration)
    for what in ("intent", "made", "done"):
        with pytest.raises(LeaseLost):
            journal.row(migration, 1, "detach", what, {}, token=old)
    with pytest.raises(LeaseLost):
        journal.note(migration, "direction", {}, attempt=1, token=old)
    assert (before, True) == (journal.entries(migration), new > old)


def test_people_need_no_lease(journal: Journal) -> None:
    """An approval is written while a driver holds the lease."""
    migration = begun(journal)
    taken(journal, migration)
    journal.note(migration, "approved", {"by": "a person"}, attempt=1)
    assert journal.state(migration).approved == {"by": "a person"}


def test_a_lease_that_moved_is_not_taken(journal: Journal) -> None:
    """A taker must have seen it still: a beat in between, or another taker, and it is refused."""
    migration = begun(journal)
    token = taken(journal, migration)
    seen = journal.lease(migration)[:2]
    journal.beat(migration, token)
    with pytest.raises(LeaseLost):
        journal.take_lease(migration, seen)
    seen = journal.lease(migration)[:2]
    journal.take_lease(migration, seen)
    with pytest.raises(LeaseLost):
        journal.take_lease(migration, seen)


def test_a_holder_that_was_taken_over_cannot_beat(journal: Journal) -> None:
    """Its next beat tells it that it has lost the lease."""
    migration = begun(journal)
    old = taken(journal, migration)
    taken(journal, migration)
    with pytest.raises(LeaseLost):
        journal.beat(migration, old)


def test_a_freed_lease_is_free_and_only_its_holder_frees_it(journal: Journal) -> None:
    """Who lets go says so; a driver that was taken over frees nothing."""
    migration = begun(journal)
    old = taken(journal, migration)
    new = taken(journal, migration)
    journal.free(migration, old)
    assert not journal.lease(migration)[2]
    journal.free(migration, new)
    assert journal.lease(migration)[2]


def of_process(journal: Journal, migration: str, host: str, pid: int, started: str) -> None:
    with sqlite3.connect(journal.path) as db:
        db.execute(
            "UPDATE leases SET host = ?, pid = ?, started = ? WHERE migration = ?", (host, pid, started, migration)
        )


@pytest.mark.parametrize(
    ("host", "pid", "started", "gone"),
    [
        ("here", 2**22 - 3, "123", True),
        ("here", 1, "0", True),
        ("elsewhere", 2**22 - 3, "123", False),
    ],
    ids=["its process is gone", "its number belongs to another process by now", "of another host: not known"],
)
def test_a_holder_of_this_host_whose_process_is_gone_is_dead(
    journal: Journal, host: str, pid: int, started: str, gone: bool
) -> None:
    """No waiting for the lease to run out: process number and start time tell, on the same host only."""
    import socket

    migration = begun(journal)
    taken(journal, migration)
    of_process(journal, migration, socket.gethostname() if host == "here" else host, pid, started)
    assert gone == journal.lease(migration)[3]


def test_a_holder_that_lives_is_not_dead(journal: Journal) -> None:
    """This very process holds it."""
    migration = begun(journal)
    taken(journal, migration)
    assert (False, False) == journal.lease(migration)[2:]


# -- locks, switches, slots ----------------------------------------------------------------------------------------------


def test_locks_are_all_or_none(journal: Journal) -> None:
    """A set of which one is held is refused, names the holder, and takes nothing."""
    first = begun(journal, "i-1", "vol-1")
    with pytest.raises(Refused, match=first):
        begun(journal, "vol-0", "vol-1")
    assert 1 == len(journal.migrations())
    second = begun(journal, "vol-0")
    assert first != second


def test_unlocked_is_free_again(journal: Journal) -> None:
    """What a migration held is given back by it alone."""
    first = begun(journal, "i-1", "vol-1")
    journal.note(first, "end", {"as": "retained"}, attempt=1)
    second = begun(journal, "vol-1")
    journal.lock(second, ["vol-1", "i-1"])
    with pytest.raises(Refused):
        journal.lock(first, ["i-1"])


def test_a_shared_switch_is_cleared_by_the_last_that_holds_it(journal: Journal) -> None:
    """Who leaves while others hold it leaves them what it would have turned back; the last one turns back all of it, and no more."""
    one, two = begun(journal, "i-1"), begun(journal, "i-2")
    late = [journal.switch_on("group", one), journal.switch_on("group", two)]
    journal.owe("group", one, ["HealthCheck"])
    journal.owe("group", two, ["Terminate"])

    turned = [journal.switch_off("group", m, ("as planned",)) for m in (one, one, two)]

    assert ([False, False], [(), (), ("Terminate", "HealthCheck")]) == (late, turned)


def test_who_has_counted_out_and_died_before_turning_it_back_is_told_the_same_again(journal: Journal) -> None:
    """The last one out keeps what it owes until it has been turned; then it is forgotten."""
    one = begun(journal, "i-1")
    journal.switch_on("group", one)
    journal.owe("group", one, ["HealthCheck"])

    told = [journal.switch_off("group", one, ()) for _ in range(2)]
    journal.switched("group", one)
    told.append(journal.switch_off("group", one, ("as planned",)))  # killed before its own row said so

    assert [("HealthCheck",), ("HealthCheck",), ()] == told
    assert not journal.switch_on("group", begun(journal, "i-2"))


def test_who_counts_in_after_the_last_one_out_owes_what_that_one_was_about_to_turn(journal: Journal) -> None:
    """The request of the one that left may land late: the newcomer is told, and turns everything back some day."""
    one, two = begun(journal, "i-1"), begun(journal, "i-2")
    journal.switch_on("group", one)
    journal.owe("group", one, ["HealthCheck"])
    journal.switch_off("group", one, ())

    late = journal.switch_on("group", two)
    journal.switched("group", one)

    assert (True, ("HealthCheck",)) == (late, journal.switch_off("group", two, ()))


def test_what_a_lost_journal_counted_in_is_turned_back_as_planned(journal: Journal) -> None:
    """A rebuilt journal knows nothing of the switch: the plan says what ran before."""
    assert ("HealthCheck",) == journal.switch_off("group", begun(journal, "i-1"), ("HealthCheck",))


def test_slots_are_counted_over_migrations_of_a_place(journal: Journal) -> None:
    """Five in a Region: three and two fit, one more does not, another Region has its own."""
    one, two, three = (begun(journal, f"i-{n}") for n in range(3))
    took = [
        journal.reserve("copies", "1/eu", one, 3, 5),
        journal.reserve("copies", "1/eu", two, 2, 5),
        journal.reserve("copies", "1/eu", three, 1, 5),
        journal.reserve("copies", "1/us", three, 5, 5),
    ]
    assert [True, True, False, True] == took
    journal.release("copies", one)
    assert journal.reserve("copies", "1/eu", three, 3, 5)


def test_a_reservation_made_again_is_the_same(journal: Journal) -> None:
    """After a crash between the row and its end the slots are not counted twice."""
    one, two = begun(journal, "i-1"), begun(journal, "i-2")
    for _ in range(3):
        assert journal.reserve("copies", "1/eu", one, 3, 5)
    assert journal.reserve("copies", "1/eu", two, 2, 5)


def test_the_tables_are_those_of_the_schema(journal: Journal) -> None:
    """A new table or column is a new schema version."""
    tables = inspect(create_engine(f"sqlite:///{journal.path}")).get_table_names()
    assert {"schema_version", "migrations", "entries", "leases", "locks", "switches", "slots"} == set(tables)


def test_a_cut_of_an_adopted_migration_has_a_higher_number_than_any_that_left_something(journal: Journal) -> None:
    """Rows are numbered by each journal anew: what a closed cut of the lost one has left must not pass for fresh."""
    journal.adopt("mig-0123456789", PLAN, "digest", [], attempt=1, epoch=500)
    journal.note("mig-0123456789", "epoch", attempt=1)
    assert 501 == journal.state("mig-0123456789").epoch
    journal.note("mig-0123456789", "epoch", attempt=1)
    assert 501 == journal.state("mig-0123456789").epoch


def test_a_migration_that_has_come_to_rest_gives_its_locks_back_in_the_same_row(journal: Journal) -> None:
    """No driver dies between the two; what asks a person keeps its locks."""
    one = begun(journal, "i-1")
    journal.note(one, "end", {"as": "needs-person"}, attempt=1)
    with pytest.raises(Refused, match="is being worked on"):
        begun(journal, "i-1")
    journal.note(one, "end", {"as": "retained"}, attempt=1)
    assert one != begun(journal, "i-1")
