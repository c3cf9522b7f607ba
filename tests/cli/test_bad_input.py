"""Bad input ends in one clear line on stderr that names the fact and the remedy, with its exit code, and changes nothing."""

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sealift.plan import digest
from sealift.sandbox.faults import Fault
from tests.cli.conftest import KEY, Invoke, Served, refusal, rows

UNKNOWN = "i-00000000000000000"
ACK = ("--ack", "R-EBS-31")
VERBS = (
    ("approve",), ("postpone", "--until", "2030-01-01T00:00Z"), ("refuse",), ("resume",), ("rollback",), ("accept",), ("verify",),
    ("finalize", "--yes"), ("status",),
)  # fmt: skip


# -- targets


@pytest.mark.parametrize("verb", ["plan", "migrate"])
def test_an_unknown_id_is_an_error_that_says_where_was_looked(sealift: Invoke, served: Served, verb: str) -> None:
    """An id that is not there: exit 1, with Region and account, for they are what is usually wrong."""
    result = sealift(verb, UNKNOWN, "--key", KEY)
    said = refusal(result)
    assert result.exit_code == 1
    assert "eu-central-1 of account 123456789012" in said
    assert "--region" in said
    assert served.changes() == []


def test_an_id_of_another_region_is_not_found_in_this_one(sealift: Invoke, served: Served) -> None:
    """An instance of another Region is unknown here; its ARN names the Region and finds it."""
    there = served.box.add_instance("us-east-1")
    result = sealift("plan", there, "--key", KEY)
    assert (result.exit_code, "--region" in refusal(result)) == (1, True)
    served.box.add_key("us-east-1", KEY)
    arn = f"arn:aws:ec2:us-east-1:123456789012:instance/{there}"
    assert sealift("plan", arn, "--key", KEY).exit_code == 0


def test_an_arn_of_another_account_is_refused(sealift: Invoke, served: Served) -> None:
    """The credentials decide which account is touched: an ARN of another one is exit 4."""
    result = sealift("plan", f"arn:aws:ec2:eu-central-1:999999999999:instance/{UNKNOWN}", "--key", KEY)
    assert result.exit_code == 4
    assert "999999999999" in refusal(result)


@pytest.mark.parametrize(
    "target", ["web-1", "i-12", "vol-XYZ", "rds:2nd", "arn:aws:s3:::bucket", "", "arn:aws:ec2:x:1:volume/i-1"]
)
def test_a_malformed_target_is_a_usage_error(sealift: Invoke, served: Served, target: str) -> None:
    """What is no TARGET is named, with the forms there are: exit 2, before any call."""
    result = sealift("plan", target, "--key", KEY)
    said = refusal(result)
    assert result.exit_code == 2
    assert "i-…" in said
    assert served.box.log == []


def test_no_target_is_a_usage_error(sealift: Invoke) -> None:
    """`plan` and `migrate` without a TARGET say what to give."""
    for verb in ("plan", "migrate"):
        result = sealift(verb, "--key", KEY)
        assert (result.exit_code, "sealift inventory" in refusal(result)) == (2, True)


def test_migrate_refuses_all_until_the_fleet_is_built(sealift: Invoke, served: Served) -> None:
    """`--all` works for inventory and plan alone; `migrate` says so: exit 2."""
    result = sealift("migrate", "--all", "--key", KEY)
    assert result.exit_code == 2
    assert refusal(result) == (
        "--all works for `inventory` and `plan` alone until the fleet is built: name the targets"
    )
    assert served.box.log == []


# -- keys


def _asymmetric(served: Served) -> str:
    return str(served.box.add_key(alias="alias/odd", spec="RSA_2048"))


def _in_state(state: str) -> Callable[[Served], str]:
    return lambda served: str(served.box.add_key(alias="alias/odd", state=state))


def _managed(served: Served) -> str:
    return str(served.box.add_key(alias="alias/odd", manager="AWS"))


KEYS = {
    "absent": (lambda _: "", "could not be read", "--key"),
    "asymmetric": (_asymmetric, "RSA_2048", "symmetric"),
    "disabled": (_in_state("Disabled"), "Disabled", "nable"),
    "pending deletion": (_in_state("PendingDeletion"), "PendingDeletion", "deletion"),
    "managed by AWS": (_managed, "managed by AWS", "customer-managed"),
}


@pytest.mark.parametrize("verb", ["plan", "migrate"])
@pytest.mark.parametrize("case", KEYS)
def test_an_unfit_key_is_refused_before_anything_changes(sealift: Invoke, served: Served, case: str, verb: str) -> None:
    """A key that is absent, asymmetric, disabled, pending deletion or AWS's own: exit 4 with rule, fact and remedy."""
    make, fact, remedy = KEYS[case]
    make(served)
    target = served.instance()
    result = sealift(verb, target, "--key", "alias/odd", *ACK, *(("--local", "--yes") if verb == "migrate" else ()))
    said = refusal(result)
    assert result.exit_code == 4
    assert said.startswith("R-EBS-")
    assert fact in said
    assert remedy in said
    assert served.changes() == []


# -- plan files


@pytest.fixture
def planned(sealift: Invoke, served: Served, tmp_path: Path) -> Path:
    """A plan file of one instance."""
    out = tmp_path / "plan.json"
    assert sealift("plan", served.instance(), "--key", KEY, *ACK, "--out", str(out)).exit_code == 0
    return out


def _edit(path: Path, change: Callable[[Any], None], *, sign: bool = False) -> None:
    body = json.loads(path.read_text())
    change(body)
    if sign:
        body["digest"] = digest(body["migrations"]) if isinstance(body["migrations"], list) else "sha256:0"
    path.write_text(json.dumps(body))


def _set(*way: Any, to: Any) -> Callable[[Any], None]:
    def change(body: Any) -> None:
        for key in way[:-1]:
            body = body[key]
        body[way[-1]] = to

    return change


def _apply(sealift: Invoke, path: Path) -> Any:
    return sealift("apply", str(path), "--local", "--yes")


@pytest.mark.parametrize("content", [None, "", "{", "[]", "7", '{"format": "x"', "\xff\xfe", '{"a": 1}'])
def test_an_unreadable_plan_file_is_a_usage_error(
    sealift: Invoke, served: Served, tmp_path: Path, content: str | None
) -> None:
    """No file, no JSON, or JSON of something else: exit 2, and nothing is asked of AWS."""
    path = tmp_path / "plan.json"
    if content is not None:
        path.write_bytes(content.encode("latin-1"))
    result = _apply(sealift, path)
    assert result.exit_code == 2
    assert "plan" in refusal(result)
    assert served.box.log == []


def test_a_plan_edited_by_hand_is_refused(sealift: Invoke, served: Served, planned: Path) -> None:
    """Any change to a plan file breaks its digest: exit 2, make it again."""
    _edit(planned, _set("migrations", 0, "options", "retain", to=0))
    result = _apply(sealift, planned)
    assert result.exit_code == 2
    assert "digest" in refusal(result)
    assert "sealift plan" in refusal(result)
    assert served.changes() == []


def test_a_plan_of_a_newer_version_is_refused(sealift: Invoke, served: Served, planned: Path) -> None:
    """Another format is named beside the one that this version reads: exit 2."""
    _edit(planned, _set("format", to="sealift.plan/2"))
    result = _apply(sealift, planned)
    assert result.exit_code == 2
    assert "'sealift.plan/2'" in refusal(result)
    assert "'sealift.plan/1'" in refusal(result)


FORGED = {
    "a step of a newer version": _set("migrations", 0, "steps", 0, "type", to="TeleportVolume"),
    "a field of a newer version": _set("migrations", 0, "steps", 0, "fields", "warp", to=9),
    "an option of a newer version": _set("migrations", 0, "options", "warp", to=9),
    "no steps": lambda body: body["migrations"][0].pop("steps"),
    "facts of another shape": _set("migrations", 0, "facts", to={"id": 7}),
    "a kind of a newer version": _set("migrations", 0, "kind", to="holodeck"),
    "migrations that are no list": _set("migrations", to=7),
    "a migration that is no object": _set("migrations", 0, to="x"),
}


@pytest.mark.parametrize("case", FORGED)
def test_a_plan_that_fits_its_digest_and_not_this_version_is_refused(
    sealift: Invoke, served: Served, planned: Path, case: str
) -> None:
    """A plan whose digest fits and whose contents this version cannot know: exit 2, no traceback, nothing changed."""
    _edit(planned, FORGED[case], sign=True)
    result = _apply(sealift, planned)
    assert refusal(result)
    assert result.exit_code == 2
    assert served.changes() == []


def test_a_target_that_drifted_from_its_plan_is_refused(sealift: Invoke, served: Served, planned: Path) -> None:
    """What is there now differs from the plan: exit 4 with the names of the fields."""
    target = json.loads(planned.read_text())["migrations"][0]["target"]
    served.box.stop_by_hand(target)
    result = _apply(sealift, planned)
    said = refusal(result)
    assert result.exit_code == 4
    assert "state was 'running', is 'stopped'" in said
    assert "sealift plan" in said
    assert served.changes() == ["hand:StopInstances"]


def test_a_plan_that_cannot_be_kept_says_so(sealift: Invoke, served: Served, tmp_path: Path) -> None:
    """`--out` in a folder that is not there: exit 2."""
    result = sealift("plan", served.instance(), "--key", KEY, *ACK, "--out", str(tmp_path / "no" / "plan.json"))
    assert (result.exit_code, "--out" in refusal(result)) == (2, True)


# -- two runs


def test_two_runs_on_one_resource_exclude_one_another(sealift: Invoke, served: Served, tmp_path: Path) -> None:
    """The second run is refused with the name of the first, with the same journal or with another: exit 4."""
    target = served.instance()
    first = rows(sealift("migrate", target, "--key", KEY, *ACK, "--local", "--no-wait", "--output", "jsonl"))[0]
    assert first["exit_code"] == 3
    before = served.changes()
    for journal in (tmp_path / "journal.db", tmp_path / "another.db"):
        result = sealift("migrate", target, "--key", KEY, *ACK, "--local", "--yes", "--journal", str(journal))
        assert result.exit_code == 4
        assert first["migration"] in refusal(result)
    assert served.changes() == before


# -- credentials


def test_no_credentials_are_named_with_the_ways_to_get_some(sealift: Invoke, served: Served) -> None:
    """Without credentials: exit 1, one line."""
    for verb in (("inventory",), ("plan", UNKNOWN, "--key", KEY)):
        result = sealift(*verb, AWS_ACCESS_KEY_ID=None, AWS_SECRET_ACCESS_KEY=None)
        said = refusal(result)
        assert result.exit_code == 1
        assert "no usable AWS credentials" in said
        assert "AWS_PROFILE" in said


def test_a_profile_that_is_not_there_is_named(sealift: Invoke) -> None:
    """An unknown profile: exit 1 with its name."""
    result = sealift("inventory", "--profile", "nope")
    assert (result.exit_code, "nope" in refusal(result)) == (1, True)


def _migration_of(sealift: Invoke) -> str:
    return str(json.loads(sealift("status", "--output", "json").stdout)["migrations"][0]["id"])


def test_credentials_that_expire_while_preparing_leave_it_resumable(sealift: Invoke, served: Served) -> None:
    """After prepare began: exit 130 with the command to go on with; and that goes on."""
    target = served.instance()
    served.box.faults.add(Fault(operation="ec2:CreateSnapshot", code="ExpiredToken", status=400, times=None))
    result = sealift("migrate", target, "--key", KEY, *ACK, "--local", "--yes")
    migration = _migration_of(sealift)
    assert result.exit_code == 130
    assert "ExpiredToken" in refusal(result)
    assert f"sealift resume {migration}" in refusal(result)
    served.box.faults.clear()
    assert sealift("resume", migration).exit_code == 0
    assert served.box.losses() == []


def test_credentials_that_expire_while_the_workload_is_down_need_a_person(sealift: Invoke, served: Served) -> None:
    """After quiesce: exit 6, for the workload is down until somebody signs in; the line says so and names the command."""
    target = served.instance()
    served.box.faults.add(Fault(operation="ec2:CopyVolumes", match={"DryRun": True}, times=0))
    sealift("migrate", target, "--key", KEY, *ACK, "--local", "--no-wait")
    migration = _migration_of(sealift)
    sealift("approve", migration)
    served.box.faults.add(Fault(operation="ec2:DetachVolume", code="ExpiredToken", status=400, times=None))
    result = sealift("resume", migration)
    said = refusal(result)
    assert result.exit_code == 6
    assert f"the workload of {target} is down" in said
    assert f"sealift resume {migration}" in said
    served.box.faults.clear()
    assert sealift("resume", migration).exit_code == 0
    assert served.box.losses() == []


def test_credentials_that_expired_before_anything_began_are_a_plain_error(sealift: Invoke, served: Served) -> None:
    """Before prepare: exit 1, there is nothing to resume."""
    served.box.faults.add(Fault(operation="sts:GetCallerIdentity", code="ExpiredToken", status=403, times=None))
    result = sealift("migrate", served.instance(), "--key", KEY, "--local", "--yes")
    assert (result.exit_code, "ExpiredToken" in refusal(result)) == (1, True)
    assert served.changes() == []


@pytest.mark.parametrize(
    ("operation", "code"),
    [("sts:*", "InvalidClientTokenId"), ("ec2:*", "AuthFailure"), ("ec2:*", "OptInRequired")],
)
def test_a_region_that_is_not_opted_in_says_how_to_opt_in(
    sealift: Invoke, served: Served, operation: str, code: str
) -> None:
    """Whatever AWS answers there: exit 1, and the line speaks of opting in."""
    served.box.faults.add(Fault(operation=operation, code=code, status=403, times=None))
    for words in (("plan", UNKNOWN, "--key", KEY), ("migrate", UNKNOWN, "--key", KEY, "--local", "--yes")):
        result = sealift(*words, "--region", "eu-south-1")
        assert result.exit_code == 1
        assert "opt in" in refusal(result).lower()
    assert served.changes() == []


def test_a_service_error_is_exit_1(sealift: Invoke, served: Served) -> None:
    """What AWS refuses for another reason is an error with its code."""
    served.box.faults.add(
        Fault(operation="ec2:DescribeInstances", code="InvalidParameterValue", status=400, times=None)
    )
    result = sealift("plan", served.instance(), "--key", KEY)
    assert (result.exit_code, "InvalidParameterValue" in refusal(result)) == (1, True)


def test_denied_access_is_a_refusal_that_names_the_action(sealift: Invoke, served: Served) -> None:
    """Access denied: exit 4 with the action to allow."""
    served.box.faults.add(Fault(operation="ec2:DescribeVolumes", code="UnauthorizedOperation", status=403, times=None))
    result = sealift("plan", served.instance(), "--key", KEY)
    assert (result.exit_code, "Allow ec2:DescribeVolumes" in refusal(result)) == (4, True)


def test_an_endpoint_that_nobody_serves_is_an_error_within_seconds(bare: Invoke) -> None:
    """A wrong endpoint stays wrong: it is not tried for minutes."""
    result = bare("inventory", "--endpoint-url", "http://127.0.0.1:9", "--region", "eu-central-1")
    assert (result.exit_code, "AWS_ENDPOINT_URL" in refusal(result)) == (1, True)


# -- options

USAGE = {
    "unknown option": ("plan", UNKNOWN, "--key", KEY, "--fast"),
    "unknown command": ("teleport",),
    "no key": ("plan", UNKNOWN),
    "unknown route": ("plan", UNKNOWN, "--key", KEY, "--route", "swim"),
    "notify of an unknown form": ("plan", UNKNOWN, "--key", KEY, "--notify", "mailto:me"),
    "migrate, notify of an unknown form": ("migrate", UNKNOWN, "--key", KEY, "--notify", "mailto:me"),
    "window without a zone": ("plan", UNKNOWN, "--key", KEY, "--window-start", "2030-01-01T00:00"),
    "moment without a zone": ("postpone", "mig-1", "--until", "2030-01-01T00:00"),
    "no moment": ("postpone", "mig-1", "--until", "tomorrow"),
    "window in another order": (
        "plan", UNKNOWN, "--key", KEY, "--window-start", "2030-01-02T00:00Z", "--window-end", "2030-01-01T00:00Z",
    ),
    "no time span": ("plan", UNKNOWN, "--key", KEY, "--retain", "14 days"),
    "negative time span": ("plan", UNKNOWN, "--key", KEY, "--retain=-1d"),
    "no tag": ("plan", UNKNOWN, "--key", KEY, "--extra-tag", "name"),
    "reserved tag": ("plan", UNKNOWN, "--key", KEY, "--extra-tag", "aws:x=y"),
    "state of an unknown form": ("plan", UNKNOWN, "--key", KEY, "--state", "/tmp/x"),
    "no failure to be borne, or none to be counted": ("migrate", UNKNOWN, "--key", KEY, "--max-failures", "0"),
    "fewer failures than none": ("resume", "mig-1", "--max-failures=-1"),
    "no number of failures": ("apply", "plan.json", "--max-failures", "10%"),
    "rate out of range": ("plan", UNKNOWN, "--key", KEY, "--initialization-rate", "1000"),
    "allow list that is not there": ("plan", UNKNOWN, "--key", KEY, "--allow-list", "/nowhere/list"),
    "speed that stands still": ("sandbox", "serve", "--speed", "0"),
    "port out of range": ("sandbox", "serve", "--port", "99999"),
    "unknown fleet": ("sandbox", "serve", "--fleet", "armada"),
    "endpoint that is no URL": ("inventory", "--endpoint-url", "garbage"),
}  # fmt: skip


@pytest.mark.parametrize("case", USAGE)
def test_options_that_cannot_be_read_are_usage_errors(sealift: Invoke, served: Served, case: str) -> None:
    """What cannot be read on the command line: exit 2 with one line, before any call."""
    result = sealift(*USAGE[case])
    assert refusal(result)
    assert result.exit_code == 2
    assert served.box.log == []


def test_no_failures_is_refused_with_what_it_may_have_meant(bare: Invoke) -> None:
    """`--max-failures 0` is *bear none* to one and *count none* to another: the line says which number is which."""
    result = bare("migrate", UNKNOWN, "--key", KEY, "--max-failures", "0")
    assert (result.exit_code, "with 1 the first failure holds the others" in refusal(result)) == (2, True)


def test_a_sandbox_on_a_port_that_is_taken_says_so(bare: Invoke, served: Served) -> None:
    """The port of another program: exit 1 with the way out."""
    result = bare("sandbox", "serve", "--port", served.url.rsplit(":", 1)[1])
    assert (result.exit_code, "--port" in refusal(result)) == (1, True)


def test_a_sandbox_that_nobody_serves_is_named(bare: Invoke) -> None:
    """`losses` and `seed` without a sandbox: exit 1 with the command that serves one."""
    for verb in ("losses", "seed"):
        result = bare("sandbox", verb, "--endpoint-url", "http://127.0.0.1:9")
        assert (result.exit_code, "sealift sandbox serve" in refusal(result)) == (1, True)


def test_no_region_is_a_usage_error(sealift: Invoke) -> None:
    """Without a Region: exit 2, with both ways to give one."""
    result = sealift("inventory", AWS_REGION=None)
    assert (result.exit_code, "--region" in refusal(result)) == (2, True)


def test_an_allow_list_that_is_not_text_is_a_usage_error(sealift: Invoke, tmp_path: Path) -> None:
    """Bytes that are no text: exit 2 with the file's name."""
    path = tmp_path / "list"
    path.write_bytes(b"\xff\xfe\x00i-1")
    result = sealift("plan", UNKNOWN, "--key", KEY, "--allow-list", str(path))
    assert (result.exit_code, str(path) in refusal(result)) == (2, True)


# -- migrations and the journal


@pytest.mark.parametrize("verb", VERBS, ids=lambda v: v[0])
def test_an_unknown_migration_is_named_with_the_journal_that_was_read(
    sealift: Invoke, served: Served, verb: tuple[str, ...], tmp_path: Path
) -> None:
    """A migration that this journal does not have: exit 1 with the journal's path, and how to list what it has."""
    result = sealift(verb[0], "mig-unknown", *verb[1:])
    said = refusal(result)
    assert result.exit_code == 1
    assert str(tmp_path / "journal.db") in said
    assert "sealift status" in said
    assert served.changes() == []


def test_a_journal_of_another_version_is_left_as_it_is(sealift: Invoke, tmp_path: Path) -> None:
    """Another schema: exit 1 with both versions, and not a byte of it is changed."""
    path = tmp_path / "journal.db"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE schema_version (version INTEGER NOT NULL)")
        db.execute("INSERT INTO schema_version VALUES (99)")
    db.close()
    result = sealift("status")
    assert result.exit_code == 1
    assert "schema 99" in refusal(result)
    with sqlite3.connect(path) as db:
        assert db.execute("SELECT name FROM sqlite_master").fetchall() == [("schema_version",)]
    db.close()


@pytest.mark.parametrize("place", ["a file/journal.db", "folder", "a file"])
def test_a_journal_that_cannot_be_written_is_named(sealift: Invoke, tmp_path: Path, place: str) -> None:
    """Under a file, a folder, or a file that is no journal: one line with the path and the option."""
    (tmp_path / "a file").write_text("this is no journal, it is a letter to a friend " * 20)
    (tmp_path / "folder").mkdir()
    result = sealift("status", "--journal", str(tmp_path / place))
    said = refusal(result)
    assert result.exit_code == (2 if place == "folder" else 1)
    assert str(tmp_path / place) in said
    assert "--journal" in said


def test_a_fault_of_sealift_itself_is_one_line_too(
    sealift: Invoke, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unexpected exception: exit 1, one line that owns up to it; SEALIFT_DEBUG shows where."""

    async def broken(*_: object) -> None:
        raise KeyError("oops")

    monkeypatch.setattr("sealift.driver.Driver.plan", broken)
    result = sealift("plan", UNKNOWN, "--key", KEY)
    assert (result.exit_code, "a fault of sealift" in refusal(result)) == (1, True)
    assert isinstance(sealift("plan", UNKNOWN, "--key", KEY, SEALIFT_DEBUG="1").exception, KeyError)
