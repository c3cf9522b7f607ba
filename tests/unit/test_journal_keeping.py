"""What the journal keeps for many migrations at once: plans, leases, locks, switches and slots are each of one, or of one name."""

import os
import socket
import sqlite3
import stat
import threading
from pathlib import Path
from typing import Any

import pytest

from sealift.clock import VirtualClock
from sealift.errors import JournalError, LeaseLost, Refused
from sealift.journal import SCHEMA, Journal, _process_started, default_path

PLAN: dict[str, Any] = {"target": "i-1", "kind": "ebs-instance", "account": "1", "region": "eu-central-1", "steps": []}


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(VirtualClock(), tmp_path / "some" / "place" / "journal.db")


def begun(journal: Journal, *locks: str, **plan: Any) -> str:
    return journal.begin({**PLAN, **plan}, "sha256:0", locks)


def taken(journal: Journal, migration: str) -> int:
    token, beat, *_ = journal.lease(migration)
    return journal.take_lease(migration, (token, beat))


def altered(journal: Journal, statement: str) -> None:
    with sqlite3.connect(journal.path) as db:
        db.execute(statement)


def stored(journal: Journal, query: str) -> list[tuple[Any, ...]]:
    with sqlite3.connect(journal.path) as db:
        return db.execute(query).fetchall()


# -- what cannot be read -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("at", "'noon'"),
        ("at", "-1.0"),
        ("at", "253402300800.0"),
        ("attempt", "'first'"),
        ("token", "'mine'"),
        ("data", "'['"),
        ("data", "'[]'"),
    ],
)
def test_a_row_that_was_altered_is_said_and_not_believed(journal: Journal, column: str, value: str) -> None:
    """A moment, whole numbers and an object, or nothing is read: with the number of the row, the file, and what to do."""
    migration = begun(journal)
    number = journal.note(migration, "approved", {"by": "me"}, attempt=1)
    altered(journal, f"UPDATE entries SET {column} = {value} WHERE seq = {number}")  # noqa: S608 - our own file

    with pytest.raises(JournalError) as caught:
        journal.entries(migration)

    assert f"row {number} in the journal {journal.path} cannot be read" in caught.value.message
    assert "restore a copy" in str(caught.value.remedy)


@pytest.mark.parametrize("at", ["0.5", "0", "253402300799.0"])
def test_every_moment_up_to_the_year_10000_is_one(journal: Journal, at: str) -> None:
    """Clocks of sandboxes may begin at 1970."""
    migration = begun(journal)
    number = journal.note(migration, "approved", {}, attempt=1)
    altered(journal, f"UPDATE entries SET at = {at} WHERE seq = {number}")  # noqa: S608 - our own file

    assert float(at) == journal.entries(migration)[-1].at


@pytest.mark.parametrize("name", ["python", "a) b", ")"])
def test_when_a_program_was_started_is_read_behind_its_name(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """A name may hold brackets and blanks."""
    behind = " ".join(str(n) for n in range(3, 53))
    monkeypatch.setattr(Path, "read_text", lambda *_, **__: f"7 ({name}) {behind}\n")

    assert "22" == _process_started(7)


# -- the file ----------------------------------------------------------------------------------------------------------


def test_a_new_journal_is_of_this_version_and_nobody_elses_to_read(journal: Journal) -> None:
    """One row says the version; the folder is the user's alone."""
    assert [(SCHEMA,)] == stored(journal, "SELECT version FROM schema_version")
    assert 0o700 == stat.S_IMODE(journal.path.parent.stat().st_mode)


def test_whoever_reads_does_not_keep_a_writer_waiting(journal: Journal) -> None:
    """The file has a log beside it: `status` may look while a driver writes."""
    assert [("wal",)] == stored(journal, "PRAGMA journal_mode")


def test_a_journal_that_is_there_is_opened_as_it_is(journal: Journal) -> None:
    """Also by a second process; its version is written once."""
    migration = begun(journal)
    again = Journal(VirtualClock(), str(journal.path))

    assert [migration] == [m["id"] for m in again.migrations()]
    assert [(SCHEMA,)] == stored(journal, "SELECT version FROM schema_version")


def test_without_a_path_it_is_in_the_default_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """SEALIFT_JOURNAL; else the state folder of the user's home."""
    assert Journal(VirtualClock()).path == default_path() == Path(os.environ["SEALIFT_JOURNAL"])
    monkeypatch.delenv("SEALIFT_JOURNAL")
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert tmp_path / ".local" / "state" / "sealift" / "journal.db" == default_path()


def test_an_error_of_the_file_says_which_and_what_to_do(journal: Journal) -> None:
    """Reading and opening alike; nothing of SQLite's own is raised."""
    migration = begun(journal)
    with sqlite3.connect(journal.path) as db:
        db.execute("DROP TABLE entries")
    with pytest.raises(JournalError, match=r"journal\.db cannot be used: no such table: entries") as caught:
        journal.entries(migration)
    assert "--journal" in str(caught.value.remedy)
    with pytest.raises(JournalError, match=r"cannot be used: no such table"):
        journal.note(migration, "approved", attempt=1)
    other = journal.path.with_name("other.db")
    other.write_bytes(b"no database" * 99)
    with pytest.raises(JournalError, match=r"other\.db cannot be used: file is not a database") as opened:
        Journal(VirtualClock(), other)
    assert "--journal" in str(opened.value.remedy)


def test_a_write_that_fails_half_way_leaves_nothing(journal: Journal) -> None:
    """Neither the locks that it had taken nor its rows; the next one writes as if nothing had been."""
    with pytest.raises(KeyError):
        journal.begin({"target": "i-1"}, "sha256:0", ["vol-1"])

    for everything in ("SELECT * FROM locks", "SELECT * FROM migrations", "SELECT * FROM entries"):
        assert [] == stored(journal, everything)
    assert begun(journal, "vol-1")


def test_writers_wait_for_one_another(journal: Journal) -> None:
    """Two threads that write at once both write: neither is told that the file is locked."""
    migration = begun(journal)
    threads = [
        threading.Thread(target=lambda: [journal.note(migration, "waiting", attempt=1) for _ in range(20)])
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert 40 == sum(e.what == "waiting" for e in journal.entries(migration))
    assert [(30000,)] == [journal._engine.raw_connection().execute("PRAGMA busy_timeout").fetchone()]


# -- migrations and rows -----------------------------------------------------------------------------------------------


def test_migrations_are_listed_from_the_oldest_on(tmp_path: Path) -> None:
    """Whatever their ids, which are drawn."""
    journal = Journal(clock := VirtualClock(), tmp_path / "journal.db")
    begun_in_turn = []
    for n in range(8):
        begun_in_turn.append(begun(journal, f"vol-{n}"))
        clock.advance(1)
    assert begun_in_turn == [m["id"] for m in journal.migrations()]


def test_migrations_are_listed_oldest_first_with_what_tells_them_apart(journal: Journal) -> None:
    """Id, creation, target, kind, account, Region, digest: without the plan, which is long."""
    first = begun(journal, "a")
    journal.clock.advance(5)  # type: ignore[attr-defined]
    second = begun(journal, "b", target="vol-2", kind="ebs-volume", account="2", region="eu-west-1")

    listed = journal.migrations()
    assert [first, second] == [m["id"] for m in listed]
    assert 5 == listed[1].pop("created") - listed[0]["created"]
    assert {
        "id": second, "target": "vol-2", "kind": "ebs-volume", "account": "2", "region": "eu-west-1", "digest": "sha256:0",
    } == listed[1]  # fmt: skip
    assert first.startswith("mig-")
    assert len(first) == 14


def test_a_migration_begins_with_its_first_attempt(journal: Journal) -> None:
    """A row of nobody's lease."""
    migration = begun(journal)

    (row,) = journal.entries(migration)
    assert ("attempt", 1, None, 0, {"number": 1}) == (row.what, row.attempt, row.step, row.token, row.data)
    assert journal.clock.now() == row.at


def test_rows_of_others_are_not_read(journal: Journal) -> None:
    """Nor are their plans."""
    one, two = begun(journal, target="i-1"), begun(journal, target="i-2")
    journal.note(two, "approved", attempt=1)

    assert ({one}, "i-2") == ({e.migration for e in journal.entries(one)}, journal.plan(two)["target"])


def test_a_row_is_read_as_it_was_written(journal: Journal) -> None:
    """Step, attempt, moment, token and data; what JSON does not know is written as text."""
    migration = begun(journal)
    token = taken(journal, migration)
    number = journal.row(migration, 3, "stop", "made", {"path": Path("/x"), "n": 1}, token=token)
    noted = journal.note(migration, "waiting", {"for": "x"}, attempt=3, token=token)

    made, waiting = journal.entries(migration)[-2:]
    assert (number, migration, 3, "stop", "made", token, {"path": "/x", "n": 1}) == (
        made.seq, made.migration, made.attempt, made.step, made.what, made.token, made.data,
    )  # fmt: skip
    assert (noted, None, "waiting", 3, token, {"for": "x"}) == (
        waiting.seq, waiting.step, waiting.what, waiting.attempt, waiting.token, waiting.data,
    )  # fmt: skip
    last = journal.row(migration, 3, "stop", "done", token=token)
    assert {last: {}} == {e.seq: e.data for e in journal.entries(migration) if e.what == "done"}


def test_an_adopted_migration_has_its_old_id_and_takes_its_locks(journal: Journal) -> None:
    """Its first rows say the attempt that its resources carry, and that it was adopted; an id that is there is refused."""
    journal.adopt("mig-old", PLAN, "sha256:9", ["vol-1"], attempt=3, epoch=41)

    assert [("attempt", 3, {"number": 3}), ("adopted", 3, {"epoch": 41})] == [
        (e.what, e.attempt, e.data) for e in journal.entries("mig-old")
    ]
    assert {0} == {e.token for e in journal.entries("mig-old")}
    state = journal.state("mig-old")
    assert ("mig-old", 3, True, PLAN) == (state.id, state.attempt, state.adopted, journal.plan("mig-old"))
    with pytest.raises(Refused, match="mig-old"):
        begun(journal, "vol-1")
    with pytest.raises(Refused, match="is in this journal already") as caught:
        journal.adopt("mig-old", PLAN, "sha256:9", ["vol-2"], attempt=3)
    assert "sealift resume mig-old" in str(caught.value.remedy)
    assert begun(journal, "vol-2")


# -- the lease ---------------------------------------------------------------------------------------------------------


def test_what_was_adopted_before_its_cut_has_no_epoch(journal: Journal) -> None:
    """Unless one is known."""
    journal.adopt("mig-old", PLAN, "sha256:9", [], attempt=1)

    assert ("adopted", {"epoch": 0}) == (journal.entries("mig-old")[-1].what, journal.entries("mig-old")[-1].data)


def a_draft(tmp_path: Path) -> tuple[Journal, str]:
    """A journal of its own, in which a migration was rebuilt beside another one."""
    draft = Journal(VirtualClock(), tmp_path / "draft.db")
    draft.begin(PLAN, "sha256:9", [])
    migration = draft.begin({**PLAN, "target": "i-7", "steps": [1]}, "sha256:7", [])
    draft.note(migration, "adopted", {"epoch": 3}, attempt=2)
    draft.row(migration, 2, "copy", "made", {"id": "vol-9"}, token=taken(draft, migration))
    return draft, migration


def test_a_migration_of_another_journal_is_taken_in_with_all_of_its_rows(journal: Journal, tmp_path: Path) -> None:
    """Its plan, its rows as they were, its locks, and what is to be turned back of the switches that it had turned."""
    draft, migration = a_draft(tmp_path)

    journal.take_in(draft, migration, ["i-7"], {"web": ["HealthCheck"]})

    assert draft.plan(migration) == journal.plan(migration)
    (about,) = journal.migrations()
    assert (migration, "i-7", "sha256:7") == tuple(about[k] for k in ("id", "target", "digest"))
    rows = [(e.migration, e.attempt, e.step, e.what, e.at, e.data) for e in draft.entries(migration)]
    assert rows == [(e.migration, e.attempt, e.step, e.what, e.at, e.data) for e in journal.entries(migration)]
    assert ("HealthCheck",) == tuple(journal.switch_off("web", migration, ("Planned",)))
    with pytest.raises(Refused, match=migration):
        journal.lock("mig-other", ["i-7"])


def test_what_is_in_a_journal_already_is_not_taken_in_again(journal: Journal, tmp_path: Path) -> None:
    """It is resumed; nothing is written twice."""
    draft, migration = a_draft(tmp_path)
    journal.take_in(draft, migration, ["i-7"], {})
    rows = len(journal.entries(migration))

    with pytest.raises(Refused, match=f"{migration} is in this journal already") as caught:
        journal.take_in(draft, migration, ["i-7"], {})

    assert f"Use: sealift resume {migration}" == caught.value.remedy
    assert (rows, 1) == (len(journal.entries(migration)), len(journal.migrations()))


def test_what_another_migration_works_on_is_not_taken_in(journal: Journal, tmp_path: Path) -> None:
    """All or nothing."""
    draft, migration = a_draft(tmp_path)
    begun(journal, "i-7")

    with pytest.raises(Refused):
        journal.take_in(draft, migration, ["i-7"], {"web": ["HealthCheck"]})

    assert migration not in [m["id"] for m in journal.migrations()]


def test_nobody_holds_the_lease_of_a_new_migration(journal: Journal) -> None:
    """Free, and no driver lives."""
    assert (0, 0, True, True) == journal.lease(begun(journal))


def test_each_taker_gets_the_next_token_and_starts_its_beats_anew(journal: Journal) -> None:
    """Beats count up, of this migration only; a freed lease that is taken again is not free."""
    one, two = begun(journal), begun(journal)
    assert (1, 1) == (taken(journal, one), taken(journal, two))
    for _ in range(2):
        journal.beat(one, 1)
    journal.free(one, 1)
    assert ((1, 2, True), (1, 0, False)) == (journal.lease(one)[:3], journal.lease(two)[:3])

    assert 2 == taken(journal, one)
    assert ((2, 0, False, False), (1, 0, False)) == (journal.lease(one), journal.lease(two)[:3])


def test_a_lease_names_its_holder(journal: Journal) -> None:
    """Host, number and start of this process."""
    migration = begun(journal)
    taken(journal, migration)

    ((host, pid, started),) = stored(journal, "SELECT host, pid, started FROM leases")
    assert (socket.gethostname(), os.getpid()) == (host, pid)
    assert started == Path(f"/proc/{os.getpid()}/stat").read_text().rsplit(")", 1)[1].split()[19]


@pytest.mark.parametrize(("raised", "gone"), [(ProcessLookupError, True), (PermissionError, False), (None, False)])
def test_where_the_system_shows_no_start_a_signal_tells_whether_the_holder_lives(
    journal: Journal, monkeypatch: pytest.MonkeyPatch, raised: type[Exception] | None, gone: bool
) -> None:
    """None is sent: 0 only asks. One that may not be asked lives."""
    asked: list[tuple[int, int]] = []

    def kill(pid: int, signal: int) -> None:
        asked.append((pid, signal))
        if raised and len(asked) > 1:
            raise raised

    def unreadable(*_: Any, **__: Any) -> str:
        raise FileNotFoundError

    monkeypatch.setattr(os, "kill", kill)
    monkeypatch.setattr(Path, "read_text", unreadable)
    migration = begun(journal)
    taken(journal, migration)

    assert gone == journal.lease(migration)[3]
    assert {(os.getpid(), 0)} == set(asked)


def test_a_refusal_of_the_lease_says_where_to_watch(journal: Journal) -> None:
    """For people, and for a driver that was taken over."""
    migration = begun(journal)
    old = taken(journal, migration)
    with pytest.raises(LeaseLost, match=migration) as caught:
        journal.take_lease(migration, (0, 0))
    assert f"sealift status {migration}" in str(caught.value.remedy)
    taken(journal, migration)
    with pytest.raises(LeaseLost, match=migration) as lost:
        journal.row(migration, 1, "stop", "intent", token=old)
    assert f"sealift status {migration}" in str(lost.value.remedy)


def test_a_lease_that_was_lost_is_anothers_not_any(journal: Journal) -> None:
    """The token of another migration writes nothing here; a migration without a lease takes no row of a driver."""
    one, two = begun(journal), begun(journal)
    taken(journal, one)
    with pytest.raises(LeaseLost):
        journal.note(two, "waiting", attempt=1, token=1)
    with pytest.raises(LeaseLost):
        journal.row(two, 1, "stop", "intent", token=0)


# -- locks -------------------------------------------------------------------------------------------------------------


def test_a_lock_may_be_asked_for_again_and_names_its_holder(journal: Journal) -> None:
    """By whoever holds it; another is told what, by whom, and where to look."""
    one = begun(journal, "vol-1", "vol-1")
    journal.lock(one, ["vol-1", "vol-2"])
    with pytest.raises(Refused, match=f"vol-2 is being worked on by {one}") as caught:
        journal.lock(begun(journal, "vol-3"), ["vol-4", "vol-2"])
    assert ("vol-2", f"See: sealift status {one}") == (caught.value.resource, caught.value.remedy)
    taken_by = stored(journal, "SELECT resource, migration FROM locks")
    assert ["vol-1", "vol-2"] == sorted(resource for resource, holder in taken_by if holder == one)


# -- switches ----------------------------------------------------------------------------------------------------------


def test_switches_of_other_names_have_nothing_to_do_with_one_another(journal: Journal) -> None:
    """Who holds one owes nothing for the other, and inherits nothing of it."""
    one, two = begun(journal), begun(journal)
    journal.switch_on("web", one)
    journal.owe("web", one, ["HealthCheck"])
    journal.switch_on("db", two)
    journal.owe("db", two, ["Terminate"])

    assert ("HealthCheck",) == journal.switch_off("web", one, ())
    assert not journal.switch_on("db", begun(journal))
    journal.switched("db", one)
    assert ("HealthCheck",) == journal.switch_off("web", one, ())


def test_what_is_owed_is_owed_once_and_in_order(journal: Journal) -> None:
    """However often it is written down."""
    one = begun(journal)
    journal.switch_on("web", one)
    journal.owe("web", one, ["b", "a"])
    journal.owe("web", one, ["a", "c"])

    assert ("b", "a", "c") == journal.switch_off("web", one, ("planned",))


def test_a_switch_that_is_turned_by_nobody_is_owed_by_nobody(journal: Journal) -> None:
    """Who counted in and owes nothing leaves nothing for the next to turn, and is in nobody's way."""
    one, two = begun(journal), begun(journal)
    journal.switch_on("web", one)

    assert () == journal.switch_off("web", one, ("planned",))
    assert not journal.switch_on("web", two)
    assert () == journal.switch_off("web", two, ("planned",))


def test_who_has_left_is_no_heir(journal: Journal) -> None:
    """What is owed goes to one that still holds the switch, never to one that has counted out."""
    one, two, three = sorted(begun(journal) for _ in range(3))
    for migration in (one, two, three):
        journal.switch_on("web", migration)
    journal.owe("web", three, ["HealthCheck"])
    assert () == journal.switch_off("web", one, ())

    assert () == journal.switch_off("web", three, ())
    assert ("HealthCheck",) == journal.switch_off("web", two, ())


def test_a_request_that_is_under_way_is_waited_out_by_the_first_that_counts_in(journal: Journal) -> None:
    """The one after finds nobody about to turn it: it has landed by then."""
    journal.switch_on("web", "mig-1")
    journal.owe("web", "mig-1", ["HealthCheck"])
    journal.switch_off("web", "mig-1", ())

    assert (True, False) == (journal.switch_on("web", "mig-2"), journal.switch_on("web", "mig-3"))


def test_who_is_about_to_turn_it_and_is_overtaken_turns_nothing_more(journal: Journal) -> None:
    """The newcomer owes it: the old one, asked again, has nothing to turn back, and its own word changes nothing."""
    one, two = begun(journal), begun(journal)
    journal.switch_on("web", one)
    journal.owe("web", one, ["HealthCheck"])
    journal.switch_off("web", one, ())
    assert journal.switch_on("web", two)

    assert () == journal.switch_off("web", one, ("planned",))
    journal.switched("web", two)
    assert ("HealthCheck",) == journal.switch_off("web", two, ())


@pytest.mark.parametrize("end", ["retained", "rolled-back", "finalized", "given-up"])
def test_who_comes_to_rest_is_counted_out_of_what_it_has_not_turned_back(journal: Journal, end: str) -> None:
    """What it owes goes to one that still holds the switch, and who has ended inherits nothing any more."""
    one, two = sorted(begun(journal) for _ in range(2))
    for migration, item in ((one, "HealthCheck"), (two, "Terminate")):
        journal.switch_on("web", migration)
        journal.owe("web", migration, [item])

    journal.note(one, "end", {"as": end}, attempt=1)

    assert [False, True] == [journal.holds("web", m) for m in (one, two)]
    assert ("Terminate", "HealthCheck") == journal.switch_off("web", two, ())
    assert () == journal.switch_off("web", one, ("planned",))


def test_what_nobody_else_holds_is_left_to_who_counts_in_next(journal: Journal) -> None:
    """Or to the one that came to rest, should it turn it back before that; of switches that it does not hold nothing is changed."""
    one, two = begun(journal), begun(journal)
    journal.switch_on("web", one)
    journal.owe("web", one, ["HealthCheck"])
    journal.switch_on("db", two)
    journal.owe("db", two, ["Terminate"])

    journal.note(one, "end", {"as": "retained"}, attempt=1)

    assert ("HealthCheck",) == journal.switch_off("web", one, ())
    journal.switch_on("web", two)
    assert [(), ("HealthCheck",)] == [journal.switch_off("web", m, ("planned",)) for m in (one, two)]
    assert ("Terminate",) == journal.switch_off("db", two, ())


def test_who_comes_to_rest_is_not_counted_out_of_what_it_was_never_counted_in_to(journal: Journal) -> None:
    """Another holds that switch: whose journal is lost may still leave it what was planned."""
    one, two = begun(journal), begun(journal)
    journal.switch_on("web", two)

    journal.note(one, "end", {"as": "retained"}, attempt=1)

    assert [(), ("planned",)] == [journal.switch_off("web", one, ("planned",)), journal.switch_off("web", two, ())]


def test_who_needs_a_person_holds_what_it_holds(journal: Journal) -> None:
    """It has not come to rest: it may go on, and turns the switch back then."""
    one, two = begun(journal), begun(journal)
    for migration in (one, two):
        journal.switch_on("web", migration)
    journal.owe("web", two, ["HealthCheck"])

    journal.note(one, "end", {"as": "needs-person"}, attempt=1)

    assert [(), ("HealthCheck",)] == [journal.switch_off("web", m, ()) for m in (two, one)]


def test_what_is_to_be_turned_back_by_hand_is_what_it_and_the_others_owe(journal: Journal) -> None:
    """With their names; nothing of it is for one that owes nothing. Where the journal that counted it in is lost, the plan tells."""
    one, two, three = sorted(begun(journal) for _ in range(3))
    for migration, items in ((one, ["b", "a"]), (two, ["a", "c"]), (three, [])):
        journal.switch_on("web", migration)
        journal.owe("web", migration, items)

    assert (("b", "a", "c"), (two, three)) == journal.switch_owed("web", one, ("planned",))
    assert ((), (one, two)) == journal.switch_owed("web", three, ("planned",))
    assert (("planned",), ()) == journal.switch_owed("db", one, ("planned",))


# -- slots -------------------------------------------------------------------------------------------------------------


def test_slots_are_of_a_quota_and_a_place(journal: Journal) -> None:
    """Another quota of the same place, and the same quota elsewhere, have their own."""
    one, two = begun(journal), begun(journal)
    assert journal.reserve("copies", "1/eu", one, 5, 5)
    assert journal.reserve("clones", "1/eu", one, 2, 5)
    assert journal.reserve("clones", "1/eu", two, 3, 5)
    assert journal.reserve("copies", "1/us", two, 1, 5)

    assert {"copies": 5, "clones": 5} == journal.reserved("1/eu")
    assert {"copies": 1} == journal.reserved("1/us")
    assert ([one], [two]) == (journal.holders("copies", "1/eu"), journal.holders("copies", "1/us"))
    assert {one, two} == set(journal.holders("clones", "1/eu"))


def test_slots_are_given_back_by_quota_and_by_who_holds_them(journal: Journal) -> None:
    """And by nobody else."""
    one, two = begun(journal), begun(journal)
    for migration in (one, two):
        for quota in ("copies", "clones"):
            journal.reserve(quota, "1/eu", migration, 1, 5)

    journal.release("copies", one)

    assert {"copies": 1, "clones": 2} == journal.reserved("1/eu")
    assert [two] == journal.holders("copies", "1/eu")


def test_a_reservation_that_does_not_fit_takes_nothing_and_keeps_what_was_there(journal: Journal) -> None:
    """Up to the limit, and not one more."""
    one, two = begun(journal), begun(journal)
    assert journal.reserve("copies", "1/eu", one, 2, 5)
    assert journal.reserve("copies", "1/eu", two, 3, 5)

    assert not journal.reserve("copies", "1/eu", two, 4, 5)
    assert {"copies": 5} == journal.reserved("1/eu")
