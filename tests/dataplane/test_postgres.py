"""PostgreSQL itself behind the sandbox's instance: the fence's login, the proof, and every row, with an application writing."""

import time
from pathlib import Path

import psycopg
import pytest

from sealift.errors import CallError
from sealift.logins import Address, Credentials, connect
from sealift.step import Step
from sealift.steps import CloseWrites, EndSessions, ProveQuiet, RebootInstance
from tests.dataplane.migrating import migrated
from tests.dataplane.servers import APP, MASTER, PASSWORD, ROOT, SERVICE, Postgres

pytestmark = [pytest.mark.process, pytest.mark.xdist_group("postgres")]


def not_the_reboot(step: Step) -> Step | None:
    """Leave out the reboot that ends what outlives the change of groups."""
    return None if isinstance(step, RebootInstance) and step.key.startswith("reboot:") else step


def test_every_acknowledged_row_is_on_the_replacement(postgres: type[Postgres], home: Path, tmp_path: Path) -> None:
    """With an application that writes through it all: no row lost or changed, and directly before bring-up the replacement has
    every row of the source, and no other.
    """
    run = migrated(postgres, home, tmp_path)
    assert run.outcome.exit_code == 0, run.outcome.message
    assert run.before
    source, replacement = run.before
    assert source["writes"]
    assert replacement == source
    assert run.lost() == {}
    assert run.connections >= 2
    assert max(run.acknowledged) > len(source["writes"])


def test_without_the_reboot_and_the_proof_rows_are_lost(postgres: type[Postgres], home: Path, tmp_path: Path) -> None:
    """A connection that is open outlives the change of groups: what it is told is written is lost. This is what the fence is
    for, on a real engine.
    """

    def change(step: Step) -> Step | None:
        return None if isinstance(step, ProveQuiet | EndSessions | CloseWrites) else not_the_reboot(step)

    run = migrated(postgres, home, tmp_path, change)
    assert run.outcome.exit_code == 0, run.outcome.message
    assert run.lost()


@pytest.mark.parametrize("left_out", [EndSessions, CloseWrites])
def test_what_is_still_connected_is_caught_by_the_proof(
    postgres: type[Postgres], home: Path, tmp_path: Path, left_out: type[Step]
) -> None:
    """The login counts sessions and reads the position twice: the run goes back by itself, and every row is there."""

    def change(step: Step) -> Step | None:
        return None if isinstance(step, EndSessions | left_out) else not_the_reboot(step)

    run = migrated(postgres, home, tmp_path, change)
    assert run.outcome.exit_code == 5, run.outcome.message
    assert "behind the fence" in run.outcome.message
    assert run.lost() == {}


@pytest.fixture
def server(postgres: type[Postgres], home: Path) -> object:
    made = postgres(home, "alone")
    made.create()
    yield made
    made.stop()


def login(server: Postgres, user: str = MASTER, password: str = PASSWORD) -> object:
    return connect("postgres", Address("127.0.0.1", server.port, SERVICE), Credentials(user, password))


def test_what_was_set_is_set_again_exactly(server: Postgres) -> None:
    """A database that was read-only before stays so afterwards; one that had no setting has none again."""
    server.do("ALTER DATABASE postgres SET default_transaction_read_only = on")
    fence = login(server)
    former = fence.writes()
    assert former == {"postgres": "on", SERVICE: ""}
    fence.close_writes(former)
    fence.close_writes(former)  # a step that is tried again
    assert fence.writes() == {"postgres": "on", SERVICE: "on"}
    fence.open_writes(former)
    assert fence.writes() == former
    fence.close()


def test_read_only_is_for_new_sessions_until_the_old_are_ended(server: Postgres) -> None:
    """SB-ENG-02: a session that is there writes on; ended, it comes back and may not write."""
    old = server.connect()
    fence = login(server)
    fence.close_writes(fence.writes())
    old.execute("INSERT INTO writes VALUES ('old', 1, '')")
    assert fence.sessions() == 1
    assert fence.end_sessions() == 1
    with pytest.raises(Exception, match="read-only"):
        server.do("INSERT INTO writes VALUES ('new', 1, '')", user=APP)
    fence.close()


def test_the_position_moves_with_users_alone(server: Postgres) -> None:
    """Rows, sequences, large objects and tables move it; what RDS writes to its own database, a checkpoint, a vacuum and an
    analyze do not (ADR 10).
    """
    fence = login(server)

    def moves(*statements: str, user: str = APP) -> bool:
        before = fence.position()
        server.do(*statements, user=user)
        while fence.sessions():  # what a session wrote is counted at the latest when it has ended
            time.sleep(0.01)
        return bool(fence.position() != before)

    server.do("CREATE SEQUENCE numbers", user=APP)
    assert moves("INSERT INTO writes VALUES ('x', 1, '')")
    assert moves("UPDATE writes SET body = 'y' WHERE id = 1")
    assert moves("SELECT nextval('numbers')", user=ROOT)
    assert moves("SELECT lo_create(0)")
    assert moves("CREATE TABLE another (id int)")
    assert moves("TRUNCATE writes")
    assert not moves("SELECT * FROM writes")
    assert not moves("CHECKPOINT", "ANALYZE writes", "VACUUM writes", "SELECT pg_switch_wal()", user=ROOT)
    fence.close()


def test_jobs_of_pg_cron_are_turned_off_and_on_exactly(server: Postgres) -> None:
    """Those that were active are inactive, and active again; one that its owner had turned off stays off."""
    with postgres_of(server) as connection:
        connection.execute("CREATE SCHEMA cron")
        connection.execute("CREATE TABLE cron.job (jobid bigint, active boolean)")
        connection.execute("INSERT INTO cron.job VALUES (1, true), (2, false), (3, true)")
    fence = login(server)
    former = fence.schedulers()
    assert former["cron"] == [1, 3]
    fence.stop_schedulers(former)
    assert fence.schedulers()["cron"] == []
    fence.start_schedulers(former)
    assert fence.schedulers() == former
    fence.close()


def test_a_subscription_is_disabled_and_enabled_again(server: Postgres) -> None:
    """It writes with nobody connected: an apply worker is no session of a user."""
    options = "WITH (connect = false, slot_name = 'nowhere')"
    server.do(
        f"CREATE SUBSCRIPTION feed CONNECTION 'host=127.0.0.1 port=1 dbname=x' PUBLICATION p {options}",
        f"ALTER SUBSCRIPTION feed OWNER TO {MASTER}",
        "ALTER SUBSCRIPTION feed ENABLE",
    )
    fence = login(server)
    former = fence.schedulers()
    assert former["subscriptions"] == [f"{SERVICE}/feed"]
    fence.stop_schedulers(former)
    assert fence.schedulers()["subscriptions"] == []
    fence.start_schedulers(former)
    assert fence.schedulers() == former
    fence.close()


def test_a_wrong_password_and_a_server_that_is_down_are_told_apart(server: Postgres) -> None:
    """The one will not succeed when tried again, the other may."""
    with pytest.raises(CallError) as wrong:
        login(server, password="not-it")
    server.stop()
    with pytest.raises(CallError) as down:
        login(server)
    assert (wrong.value.retry, down.value.retry) == ("refused", "transient")


def postgres_of(server: Postgres) -> object:
    """Return a connection to where pg_cron keeps its jobs."""
    return server.connect(MASTER, database="postgres")


def test_who_came_while_it_was_read_only_may_write_again(server: Postgres) -> None:
    """A session keeps the setting that it began with: opening ends it, so that a pool's connections are no trap after a way back."""
    fence = login(server)
    former = fence.writes()
    fence.close_writes(former)
    pooled = server.connect()
    fence.open_writes(former)
    with pytest.raises(psycopg.OperationalError):
        pooled.execute("SELECT 1")
    server.do("INSERT INTO writes VALUES ('new', 1, '')", user=APP)
    fence.close()
