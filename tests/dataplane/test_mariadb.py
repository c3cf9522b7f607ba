"""MariaDB itself behind the sandbox's instance, with an event inside: the fence's login, the proof, and every row.

The master user has RDS's rights: no SUPER, and RDS's procedure to end sessions. `make mariadb` installs the server and runs this.
"""

import time
from collections.abc import Iterator
from pathlib import Path

import pymysql
import pytest

from sealift.errors import CallError
from sealift.logins import Address, Credentials, Login, connect
from sealift.step import Step
from sealift.steps import CloseWrites, EndSessions, ProveQuiet, QuietParameters, RebootInstance
from tests.dataplane.migrating import migrated
from tests.dataplane.servers import APP, MASTER, PASSWORD, ROOT, MariaDb

pytestmark = [pytest.mark.mariadb, pytest.mark.process, pytest.mark.xdist_group("mariadb")]


def not_the_reboot(step: Step) -> Step | None:
    """Leave out the reboot that ends what outlives the change of groups."""
    return None if isinstance(step, RebootInstance) and step.key.startswith("reboot:") else step


@pytest.mark.parametrize("login", [True, False])
def test_every_acknowledged_row_is_on_the_replacement(home: Path, tmp_path: Path, login: bool) -> None:
    """With an application that writes through it all and an event every second: no row lost or changed; directly before
    bring-up the replacement has every row of the source and no other, so that no job has run in it; and afterwards they run.
    """
    run = migrated(MariaDb, home, tmp_path, login=login)
    assert run.outcome.exit_code == 0, run.outcome.message
    assert run.before
    source, replacement = run.before
    assert source["writes"]
    assert replacement == source
    assert run.lost() == {}
    assert run.connections >= 2
    assert max(run.acknowledged) > len(source["writes"])


def test_without_the_reboot_and_the_proof_rows_are_lost(home: Path, tmp_path: Path) -> None:
    """A connection that is open outlives the change of groups: what it is told is written is lost."""

    def change(step: Step) -> Step | None:
        return None if isinstance(step, ProveQuiet | EndSessions | CloseWrites) else not_the_reboot(step)

    run = migrated(MariaDb, home, tmp_path, change)
    assert run.outcome.exit_code == 0, run.outcome.message
    assert run.lost()


def test_without_the_quiet_parameters_a_job_runs_in_the_copy(home: Path, tmp_path: Path) -> None:
    """Born with its scheduler on, the copy runs the customer's job behind the fence, which its source does not know of."""

    def change(step: Step) -> Step | None:
        return None if isinstance(step, ProveQuiet | QuietParameters) else step

    run = migrated(MariaDb, home, tmp_path, change, pause=0.1)
    assert run.before
    source, replacement = run.before
    hosts = {host for _, host in replacement["runs"]} - {host for _, host in source["runs"]}
    assert hosts


def test_what_is_still_connected_is_caught_by_the_proof(home: Path, tmp_path: Path) -> None:
    """The login counts sessions: the run goes back by itself, and every row is there."""

    def change(step: Step) -> Step | None:
        return None if isinstance(step, EndSessions | CloseWrites) else not_the_reboot(step)

    run = migrated(MariaDb, home, tmp_path, change)
    assert run.outcome.exit_code == 5, run.outcome.message
    assert "behind the fence" in run.outcome.message
    assert run.lost() == {}


@pytest.fixture
def server(home: Path) -> Iterator[MariaDb]:
    made = MariaDb(home, "alone")
    made.jobs = False
    made.create()
    yield made
    made.stop()


def login(server: MariaDb, user: str = MASTER, password: str = PASSWORD) -> Login:
    return connect("mariadb", Address("127.0.0.1", server.port), Credentials(user, password))


def refused(server: MariaDb) -> bool:
    """Tell whether the application can write nothing now."""
    try:
        server.do("REPLACE INTO writes VALUES ('x', 1, '')", user=APP)
    except pymysql.MySQLError:
        return True
    return False


@pytest.mark.parametrize(("user", "by"), [(MASTER, "accounts"), (ROOT, "read_only")])
def test_writes_are_closed_and_opened_exactly(server: MariaDb, user: str, by: str) -> None:
    """RDS's master user may set no switch and locks accounts; another administrator sets the switch. An account that was locked
    before stays so.
    """
    server.do("CREATE USER former@'%' ACCOUNT LOCK")
    fence = login(server, user)
    former = fence.writes()
    assert former["by"] == by
    assert "former" not in str(former)
    fence.close_writes(former)
    fence.close_writes(former)  # a step that is tried again
    assert refused(server)
    fence.open_writes(former)
    assert not refused(server)
    assert fence.writes() == former
    fence.close()


def test_sessions_are_ended_by_rds_procedure(server: MariaDb) -> None:
    """The master user may not KILL others' sessions; RDS's procedure does."""
    with pytest.raises(pymysql.MySQLError):
        server.do("KILL 1", user=MASTER)
    old = server.connect()
    fence = login(server)
    assert fence.sessions() == 1
    assert fence.end_sessions() == 1
    while fence.sessions():
        time.sleep(0.01)
    with pytest.raises(pymysql.MySQLError):
        old.cursor().execute("SELECT 1")
    fence.close()


def test_the_scheduler_is_left_to_the_parameter_group_by_a_login_that_may_not_set_it(server: MariaDb) -> None:
    """RDS's master user may not; another administrator may, and sets it as it was."""
    assert login(server).schedulers() == {"by": "parameters"}
    server.do("SET GLOBAL event_scheduler = ON")
    fence = login(server, ROOT)
    former = fence.schedulers()
    fence.stop_schedulers(former)
    assert fence.schedulers()["event_scheduler"] == "OFF"
    fence.start_schedulers(former)
    assert fence.schedulers() == former
    fence.close()


@pytest.mark.parametrize("by_schema", [False, True])
def test_the_position_moves_with_users_alone(home: Path, by_schema: bool) -> None:
    """Rows and tables of users move it; RDS's heartbeat, a read and an analyze do not (SB-ENG-03, ADR 10)."""
    server = MariaDb(home, "counted", "--performance-schema=ON" if by_schema else "--performance-schema=OFF")
    server.jobs = False
    server.create()
    fence = login(server)

    def moves(*statements: str, user: str = APP) -> bool:
        before = fence.position()
        time.sleep(1.1)  # a moment is told to the second
        server.do(*statements, user=user)
        return bool(fence.position() != before)

    try:
        assert moves("INSERT INTO writes VALUES ('x', 1, '')")
        assert moves("UPDATE writes SET body = 'y'")
        assert moves("CREATE TABLE another (id INT)")
        assert not moves("SELECT * FROM writes")
        assert not moves("REPLACE INTO mysql.rds_heartbeat2 VALUES (1, 2)", "FLUSH LOGS", user=ROOT)
    finally:
        fence.close()
        server.stop()


def test_a_replica_of_an_external_primary_is_told_before_anything_is_closed(server: MariaDb) -> None:
    """What its applier writes no fence inside the engine stops; the message names the host and how it is ended."""
    server.do("CHANGE MASTER TO MASTER_HOST = '127.0.0.1', MASTER_PORT = 1, MASTER_USER = 'x'", "START SLAVE")
    with pytest.raises(CallError, match=r"127\.0\.0\.1.*rds_stop_replication"):
        login(server, ROOT).writes()


def test_a_wrong_password_and_a_server_that_is_down_are_told_apart(server: MariaDb) -> None:
    """The one will not succeed when tried again, the other may."""
    with pytest.raises(CallError) as wrong:
        login(server, password="not-it")
    server.stop()
    with pytest.raises(CallError) as down:
        login(server)
    assert (wrong.value.retry, down.value.retry) == ("refused", "transient")
