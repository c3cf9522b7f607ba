"""An operator's day on the command line, against a served sandbox: look, plan, apply, decide at the gate, go back, go on, end."""

import json
import sqlite3
import urllib.request
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest

from sealift.sandbox import VolumeSpec
from sealift.sandbox.faults import Fault
from tests.cli.conftest import KEY, REGION, Invoke, Served, refusal, rows
from tests.cli.middlemen import DENIED, between

ACK = ("--ack", "R-EBS-31")
DATA = VolumeSpec(device="/dev/sdf", size_gib=20, iops=4000, delete_on_termination=False)
STATUS = {"id", "kind", "target", "phase", "route", "waiting_for", "down_seconds"}
DAY = 86400


def status(sealift: Invoke, migration: str) -> dict[str, Any]:
    """Return a migration as `sealift.status/1` has it."""
    body = json.loads(sealift("status", migration, "--output", "json").stdout)
    assert body["format"] == "sealift.status/1"
    (row,) = body["migrations"]
    assert row.keys() >= STATUS
    return dict(row)


def encrypted(served: Served, instance: str) -> dict[str, bool]:
    """Return whether each disk of an instance is encrypted, by device."""
    ec2 = boto3.client("ec2", region_name=REGION, endpoint_url=served.url)
    found = ec2.describe_volumes(Filters=[{"Name": "attachment.instance-id", "Values": [instance]}])["Volumes"]
    return {v["Attachments"][0]["Device"]: v["Encrypted"] for v in found}


def left_at_gate(sealift: Invoke, target: str) -> str:
    """Migrate without approval and without waiting; return the migration."""
    result = sealift("migrate", target, "--key", KEY, *ACK, "--local", "--no-wait", "--output", "jsonl")
    assert result.exit_code == 3
    return str(rows(result)[0]["migration"])


def advance(served: Served, seconds: float) -> None:
    """Let time pass in the sandbox."""
    urllib.request.urlopen(f"{served.url}/_sandbox/clock", json.dumps({"advance": seconds}).encode()).close()  # noqa: S310


def test_a_migration_from_the_first_look_to_the_way_back_and_on_again(
    sealift: Invoke, served: Served, tmp_path: Path
) -> None:
    """inventory, plan, apply, status, verify, rollback, resume: each says what the next one needs.

    Whoever asks for the way back takes the approval back with it: the second attempt is approved again.
    """
    target, plan = served.instance(volumes=[VolumeSpec(), DATA]), str(tmp_path / "plan.json")
    assert f"{target}:/dev/sdf" in sealift("inventory").stdout
    before = served.changes()
    planned = sealift("plan", target, "--key", KEY, *ACK, "--out", plan)
    assert (planned.exit_code, f"sealift apply {plan}" in planned.stderr, served.changes()) == (0, True, before)

    applied = sealift("apply", plan, "--yes", "--local", "--output", "jsonl")
    (end,) = rows(applied)
    assert (applied.exit_code, end["target"], end["exit_code"]) == (0, target, 0)
    migration = end["migration"]
    assert encrypted(served, target) == {"/dev/xvda": True, "/dev/sdf": True}
    assert migration in sealift("status").stdout
    assert status(sealift, migration)["phase"] == "retained"
    assert sealift("verify", migration).exit_code == 0

    kept = sealift("rollback", migration)
    assert (kept.exit_code, "--discard-writes" in refusal(kept)) == (4, True)
    assert sealift("rollback", migration, "--discard-writes").exit_code == 0
    assert encrypted(served, target) == {"/dev/xvda": False, "/dev/sdf": False}
    assert status(sealift, migration)["phase"] == "rolled-back"

    again = sealift("resume", migration, "--no-wait")
    assert (again.exit_code, f"sealift approve {migration}" in refusal(again)) == (3, True)
    assert sealift("approve", migration).exit_code == 0
    assert sealift("resume", migration).exit_code == 0
    assert encrypted(served, target) == {"/dev/xvda": True, "/dev/sdf": True}
    assert status(sealift, migration)["attempt"] == 2
    told = json.loads(sealift("status", migration, "--output", "json").stdout)["story"]
    started = next(e["at"] for e in told if (e["step"], e["what"]) == ("start", "intent"))
    turned = next(e["at"] for e in told if e["what"] == "direction")
    assert all(started <= w.start and w.start < turned for w in served.box.losses()), "only what was discarded is lost"


def test_nothing_is_left_to_do_the_second_time(sealift: Invoke, served: Served) -> None:
    """What is under the key already is nothing to do: exit 0."""
    target = served.instance()
    assert sealift("migrate", target, "--key", KEY, *ACK, "--local", "--yes").exit_code == 0
    again = sealift("migrate", target, "--key", KEY, *ACK, "--local", "--yes")
    assert (again.exit_code, "nothing to do" in again.stdout) == (0, True)


# -- the gate


def test_left_at_the_gate_it_goes_on_when_approved(sealift: Invoke, served: Served) -> None:
    """`--no-wait` prepares and leaves it there with exit 3; `approve` says that it waits for a driver; `resume` is one."""
    target = served.instance()
    migration = left_at_gate(sealift, target)
    assert {"phase": "gate", "waiting_for": "an approval", "down_seconds": 0}.items() <= status(
        sealift, migration
    ).items()
    again = sealift("resume", migration, "--no-wait")
    assert (again.exit_code, f"sealift approve {migration}" in refusal(again)) == (3, True)
    approved = sealift("approve", migration, "--why", "CHG-1")
    assert (approved.exit_code, f"sealift resume {migration}" in approved.stderr) == (0, True)
    assert sealift("resume", migration).exit_code == 0
    assert encrypted(served, target) == {"/dev/xvda": True}


def test_postponed_it_waits_until_the_moment_has_come(sealift: Invoke, served: Served) -> None:
    """`postpone` shuts the gate of an approved migration until a moment; after it, `resume` goes through."""
    migration = left_at_gate(sealift, served.instance())
    sealift("approve", migration)
    assert sealift("postpone", migration, "--until", "2199-01-01T00:00+01:00").exit_code == 0
    shut = sealift("resume", migration, "--no-wait")
    assert (shut.exit_code, "postponed" in refusal(shut)) == (3, True)
    assert "StopInstances" not in str(served.changes())
    past = sealift("postpone", migration, "--until", "2020-01-01T00:00Z")
    assert (past.exit_code, "has passed" in refusal(past)) == (2, True)
    soon = datetime.fromtimestamp(served.box.now() + 3600, UTC)
    assert sealift("postpone", migration, "--until", soon.isoformat()).exit_code == 0
    advance(served, 7200)
    assert sealift("resume", migration, "--no-wait").exit_code == 0


def test_refused_it_is_cleaned_up(sealift: Invoke, served: Served) -> None:
    """`refuse` ends it at the gate: what was prepared is deleted by the next `resume`, and the workload has never stopped."""
    target = served.instance()
    migration = left_at_gate(sealift, target)
    assert sealift("refuse", migration, "--why", "not tonight").exit_code == 0
    result = sealift("resume", migration)
    assert "not tonight" in refusal(result)
    assert status(sealift, migration)["phase"] == "rolled-back"
    assert (served.changes().count("ec2:CreateSnapshot"), served.changes().count("ec2:DeleteSnapshot")) == (1, 1)
    assert "ec2:StopInstances" not in served.changes()
    assert encrypted(served, target) == {"/dev/xvda": False}


def test_a_gate_that_is_past_takes_no_decision(sealift: Invoke, served: Served) -> None:
    """After the cutover approve, postpone and refuse are refused: exit 4."""
    done = sealift("migrate", served.instance(), "--key", KEY, *ACK, "--local", "--yes", "--output", "jsonl")
    migration = rows(done)[0]["migration"]
    for verb in (("approve",), ("refuse",), ("postpone", "--until", "2199-01-01T00:00Z")):
        result = sealift(verb[0], migration, *verb[1:])
        assert (result.exit_code, "past its gate" in refusal(result)) == (4, True)


def test_without_a_terminal_and_without_yes_nobody_is_asked(sealift: Invoke, served: Served) -> None:
    """No prompt without a terminal: it prepares, and says that it waits for `sealift approve`."""
    result = sealift("migrate", served.instance(), "--key", KEY, *ACK, "--local", "--no-wait")
    assert result.exit_code == 3
    assert "sealift approve" in result.stderr
    assert "ec2:StopInstances" not in served.changes()


# -- the end


def test_finalize_waits_for_the_end_of_retention(sealift: Invoke, served: Served) -> None:
    """Before retention has passed: exit 4 with the moment. After it: the sources and plain snapshots are gone, and what stays is listed."""
    target = served.instance()
    source = served.box.machine(target).disks["/dev/xvda"].volume.id
    done = sealift("migrate", target, "--key", KEY, *ACK, "--retain", "2d", "--local", "--yes", "--output", "jsonl")
    migration = rows(done)[0]["migration"]
    early = sealift("finalize", migration, "--yes")
    assert (early.exit_code, "is retained until" in refusal(early)) == (4, True)
    assert "ec2:DeleteVolume" not in served.changes()

    advance(served, 3 * DAY)
    late = sealift("finalize", migration, "--yes")
    assert late.exit_code == 0, late.stderr
    assert [line for line in late.stdout.splitlines() if not line.startswith(" ")][:3] == [
        "gone now:", "goes by itself:", "stays until you act:",
    ]  # fmt: skip
    assert source in late.stdout
    assert "ec2:DeleteVolume" in served.changes()
    assert status(sealift, migration)["phase"] == "finalized"
    assert sealift("finalize", migration, "--yes").exit_code == 0
    gone = sealift("rollback", migration, "--discard-writes")
    assert (gone.exit_code, "finalized" in refusal(gone)) == (4, True)


def test_finalize_deletes_nothing_without_being_told(sealift: Invoke, served: Served) -> None:
    """Without a terminal and without --yes: exit 2, nothing is deleted."""
    done = sealift("migrate", served.instance(), "--key", KEY, *ACK, "--local", "--yes", "--output", "jsonl")
    result = sealift("finalize", rows(done)[0]["migration"])
    assert (result.exit_code, "--yes" in refusal(result)) == (2, True)
    assert "ec2:DeleteVolume" not in served.changes()


def test_a_migration_in_doubt_is_accepted(sealift: Invoke, served: Served) -> None:
    """A confirmation that fails needs a person: exit 6 names both ways; `accept` keeps the replacement."""
    target = served.instance()
    result = sealift("migrate", target, "--key", KEY, *ACK, "--after", "false", "--local", "--yes", "--output", "jsonl")
    (end,) = rows(result)
    migration = end["migration"]
    assert (result.exit_code, end["exit_code"]) == (6, 6)
    assert f"sealift accept {migration}" in end["message"]
    assert f"sealift rollback {migration}" in end["message"]
    assert status(sealift, migration)["phase"] == "needs-a-person"
    told = sealift("status", migration).stdout
    assert "NEEDS A PERSON" in told
    assert f"sealift accept {migration}" in told
    assert sealift("accept", migration).exit_code == 0
    assert encrypted(served, target) == {"/dev/xvda": True}


# -- what is printed


def test_several_targets_have_a_row_each_and_one_exit_code(sealift: Invoke, served: Served) -> None:
    """One is done and one is refused: a row for each with its own code, a line that names what is not done, exit 7."""
    good, bad = served.instance(name="good"), served.instance(name="bad", tags={"sealift:skip": "yes"})
    result = sealift("migrate", good, bad, "--key", KEY, *ACK, "--local", "--yes", "--output", "jsonl")
    assert {r["target"]: r["exit_code"] for r in rows(result)} == {good: 0, bad: 4}
    assert result.exit_code == 7
    assert refusal(result) == f"1 of 2 targets not done: {bad} (exit 4)"


def test_after_one_failure_the_others_are_held(sealift: Invoke, served: Served) -> None:
    """Three are prepared, one is approved and put back: the two that wait beside it are left at their gate (exit 3) with the
    failure and the commands; the code of all is 5. Another run goes on with them.
    """
    bad, *others = (served.instance(name=name) for name in ("bad", "web-1", "web-2"))
    prepared = sealift("migrate", bad, *others, "--key", KEY, *ACK, "--local", "--no-wait", "--output", "jsonl")
    failing, *waiting = (r["migration"] for r in rows(prepared))
    served.box.faults.add(Fault(operation="ec2:AttachVolume", resource=bad, code="InvalidParameterValue"))
    sealift("approve", failing)
    result = sealift("resume", failing, *waiting, "--max-failures", "1", "--output", "jsonl")
    assert ([5, 3, 3], 5) == ([r["exit_code"] for r in rows(result)], result.exit_code)
    for migration, row in zip(waiting, rows(result)[1:], strict=True):
        assert f"held at its gate: {bad} ({failing}) failed: " in row["message"]
        assert f"sealift approve {migration}, then sealift resume {migration}" in row["message"]
        assert status(sealift, migration)["waiting_for"].startswith(f"somebody to resume it: {bad}")
    assert f"Left at their gates: sealift resume {' '.join(waiting)}" in refusal(result)
    assert "somebody to resume it" in sealift("status").stdout
    assert sealift("resume", *waiting, "--yes").exit_code == 0
    assert encrypted(served, others[0]) == {"/dev/xvda": True}


def test_a_plan_as_json_has_what_was_published(sealift: Invoke, served: Served) -> None:
    """`plan --output json` is `sealift.plan/1`; jsonl has a migration a line; --detailed-exitcode is 3 where there is work."""
    target = served.instance()
    result = sealift("plan", target, "--key", KEY, *ACK, "--output", "json", "--detailed-exitcode")
    body = json.loads(result.stdout)
    assert (result.exit_code, body["format"], body["digest"][:7]) == (3, "sealift.plan/1", "sha256:")
    (migration,) = body["migrations"]
    assert migration.keys() >= {
        "target", "kind", "route", "refused_routes", "rules", "steps", "down_seconds", "degraded_seconds",
    }  # fmt: skip
    assert {"expected", "worst"} <= migration["down_seconds"].keys()
    assert all(
        s.keys() >= {"key", "phase", "block", "lane", "type", "fields", "operation", "params"}
        for s in migration["steps"]
    )
    (line,) = rows(sealift("plan", target, "--key", KEY, *ACK, "--output", "jsonl"))
    assert line["target"] == target


def test_all_plans_every_finding(sealift: Invoke, served: Served) -> None:
    """`plan --all` plans what the inventory finds: each instance once, each loose volume."""
    targets = {served.instance(volumes=[VolumeSpec(), DATA]), served.box.add_volume()}
    result = sealift("plan", "--all", "--key", KEY, "--output", "json")
    assert {m["target"] for m in json.loads(result.stdout)["migrations"]} == targets


def test_all_plans_databases_too(sealift: Invoke, served: Served) -> None:
    """An instance and a cluster that bear one name are two targets; a replica moves with its primary and is none of its own."""
    served.box.add_db_instance("orders", "mysql")
    served.box.add_db_replica("orders-r1", "orders")
    served.box.add_db_cluster("orders")
    result = sealift("plan", "--all", "--key", KEY, "--output", "json")
    found = [(m["kind"], m["target"]) for m in json.loads(result.stdout)["migrations"]]
    assert found == [("rds-instance", "orders"), ("aurora-cluster", "orders")]


def test_a_database_is_planned_by_name_or_arn_and_once(sealift: Invoke, served: Served) -> None:
    """`rds:NAME` and its ARN are one target."""
    served.box.add_db_instance("orders")
    arn = f"arn:aws:rds:{REGION}:123456789012:db:orders"
    result = sealift("plan", "rds:orders", arn, "--key", KEY, "--output", "json")
    assert [m["target"] for m in json.loads(result.stdout)["migrations"]] == ["orders"]


def test_lists_hold_for_databases_that_all_finds(sealift: Invoke, served: Served, tmp_path: Path) -> None:
    """`--deny-list` and `--allow-list` take what people paste: the name as a target, or the ARN."""
    for name in ("orders", "wiki"):
        served.box.add_db_instance(name)
    for flag, names in (("--deny-list", "rds:orders\n"), ("--allow-list", "rds:wiki\n")):
        (tmp_path / "names").write_text(names)
        result = sealift("plan", "--all", "--key", KEY, flag, str(tmp_path / "names"), "--output", "json")
        status = {m["target"]: m["status"] for m in json.loads(result.stdout)["migrations"]}
        assert (result.exit_code, status["orders"]) == (7, "refused")
        assert status["wiki"] != "refused"


def test_a_plan_of_all_says_what_was_unreadable(bare: Invoke, served: Served) -> None:
    """What could not be looked for is not planned: stderr names it, and exit 1 says that the plan is not of all."""
    served.box.add_db_instance("orders")
    with between(served.url, DescribeVolumes=DENIED) as lacking:
        options = ("--endpoint-url", lacking.url, "--region", REGION, "--output", "json")
        result = bare("plan", "--all", "--key", KEY, *options)
    assert (result.exit_code, [m["target"] for m in json.loads(result.stdout)["migrations"]]) == (1, ["orders"])
    assert "unreadable: ebs-volume" in result.stderr


def test_verify_without_an_id_looks_at_all_that_is_retained(sealift: Invoke, served: Served) -> None:
    """One final row each, as the daily flow has it: 0 while all is as it should be, 6 where one is not; what waits at its gate
    is not looked at.
    """
    instances = [served.instance(name=f"web-{n}") for n in (1, 2)]
    done = sealift("migrate", *instances, "--key", KEY, *ACK, "--local", "--yes", "--output", "jsonl")
    migrations = {r["migration"] for r in rows(done)}
    left_at_gate(sealift, served.instance(name="web-3"))
    advance(served, 2 * DAY)
    for words in (("verify",), ("verify", "--all"), ("verify", *sorted(migrations))):
        result = sealift(*words, "--output", "jsonl")
        assert (result.exit_code, {r["migration"] for r in rows(result)}) == (0, migrations)

    boto3.client("ec2", region_name=REGION, endpoint_url=served.url).terminate_instances(InstanceIds=instances[:1])
    result = sealift("verify")
    assert result.exit_code == 6
    assert len(result.stdout.splitlines()) == 2
    assert f"1 of 2 targets not done: {instances[0]} (exit 6)" in result.stderr
    assert "sealift verify mig-" in result.stdout


def test_with_nothing_retained_there_is_nothing_to_verify(sealift: Invoke) -> None:
    """Exit 0 and a sentence, an empty list for programs; `--all` beside an id is a mistake."""
    for words in (("verify",), ("verify", "--all")):
        result = sealift(*words)
        assert (result.exit_code, result.stdout) == (0, "nothing is retained: there is nothing to verify\n")
    assert json.loads(sealift("verify", "--output", "json").stdout) == []
    result = sealift("verify", "mig-0123456789", "--all")
    assert (result.exit_code, "--all" in refusal(result)) == (2, True)


def test_piped_progress_is_json_on_stderr_and_data_on_stdout(sealift: Invoke, served: Served) -> None:
    """Every line of progress names migration, step, resource, account and Region; stdout holds nothing but the result."""
    result = sealift("migrate", served.instance(), "--key", KEY, *ACK, "--local", "--yes", "--output", "json")
    assert [o["exit_code"] for o in json.loads(result.stdout)] == [0]
    lines = [json.loads(line) for line in result.stderr.splitlines() if line.startswith("{")]
    assert {"step-started", "step-done", "quiesce", "bring-up", "end"} <= {line["event"] for line in lines}
    assert all({"migration", "step", "resource", "account", "region"} <= line.keys() for line in lines)
    assert "\x1b" not in result.output


def test_the_story_has_one_line_a_step_with_what_it_made(sealift: Invoke, served: Served) -> None:
    """`status MIGRATION` tells each step once, by its title, with the id that it made; then where it stands and what to type."""
    target = served.instance()
    done = sealift("migrate", target, "--key", KEY, *ACK, "--local", "--yes", "--output", "jsonl")
    told = sealift("status", rows(done)[0]["migration"]).stdout
    new = served.box.machine(target).disks["/dev/xvda"].volume.id
    assert f"under {KEY} → {new}" in told
    assert len([line for line in told.splitlines() if "  stop i-" in line]) == 1
    assert "▼ the workload goes down" in told
    assert "▲ the workload is on its replacement" in told
    assert f"now: {target} is on its replacement" in told
    assert "sealift finalize" in told


def test_the_story_of_a_failure_has_its_code_and_the_remedy(sealift: Invoke, served: Served) -> None:
    """A step that AWS refuses is told with the code, the way back by steps, and the command that tries again."""
    target = served.instance()
    served.box.faults.add(Fault(operation="ec2:AttachVolume", code="UnauthorizedOperation", status=403, times=1))
    result = sealift("migrate", target, "--key", KEY, *ACK, "--local", "--yes", "--output", "jsonl")
    assert result.exit_code == 5
    migration = rows(result)[0]["migration"]
    told = sealift("status", migration).stdout
    assert "✗ ec2:AttachVolume was refused: UnauthorizedOperation" in told
    assert "Allow ec2:AttachVolume" in told
    assert told.count("UnauthorizedOperation") == 1
    assert "↩ turns back" in told
    assert "▲ service is as before" in told
    assert f"now: {target} is on its original, as before" in told
    assert f"sealift resume {migration}" in told


def test_the_story_of_one_that_nobody_drives_says_so(sealift: Invoke, served: Served, tmp_path: Path) -> None:
    """A driver that died half-way: the story says what is under way, since when the workload is down, and that nobody drives it."""
    target = served.instance()
    served.box.faults.add(Fault(operation="ec2:DetachVolume", code="ExpiredToken", status=400, times=None))
    sealift("migrate", target, "--key", KEY, *ACK, "--local", "--yes")
    (row,) = json.loads(sealift("status", "--output", "json").stdout)["migrations"]
    told = sealift("status", row["id"]).stdout
    assert (row["phase"], row["driven"]) == ("cutover", False)
    assert f"THE WORKLOAD OF {target} IS DOWN since" in told
    assert "NO PROCESS DRIVES IT" in told
    assert "✗ ec2:DetachVolume was refused: ExpiredToken" in told
    assert f"  sealift resume {row['id']}" in told


def test_the_list_is_a_table_and_an_empty_one_a_sentence(sealift: Invoke) -> None:
    """`status` without migrations says what to do first; as json it is an empty list, as jsonl nothing."""
    assert sealift("status").stdout == "no migrations yet. Next: sealift inventory\n"
    assert json.loads(sealift("status", "--output", "json").stdout) == {"format": "sealift.status/1", "migrations": []}
    assert sealift("status", "--output", "jsonl").stdout == ""


def test_the_lost_journal_is_rebuilt_from_tags(sealift: Invoke, served: Served, tmp_path: Path) -> None:
    """`adopt` with the same options finds the migration under its id, and names the command that goes on."""
    target = served.instance()
    migration = left_at_gate(sealift, target)
    other = ("--journal", str(tmp_path / "other.db"))
    adopted = sealift("adopt", target, "--key", KEY, *ACK, *other)
    assert (adopted.exit_code, f"sealift resume {migration}" in adopted.stdout) == (0, True)
    assert "adopted" in sealift("status", migration, *other).stdout
    with sqlite3.connect(tmp_path / "other.db") as db:
        assert db.execute("SELECT count(*) FROM entries WHERE what = 'intent'").fetchone() == (0,)
    db.close()


@pytest.mark.parametrize("verb", ["--help", "plan --help", "sandbox serve --help"])
def test_help_is_whole_and_in_order(bare: Invoke, verb: str) -> None:
    """No short help is cut; the commands stand in the order of a migration's life."""
    result = bare(*verb.split())
    assert (result.exit_code, "..." in result.stdout.replace("TARGET...", "").replace("[ARGS]...", "")) == (0, False)
    if verb == "--help":
        listed = [line.split()[0] for line in result.stdout.split("Commands:")[1].splitlines() if line[2:3].strip()]
        assert " ".join(listed[:16]) == (
            "inventory plan apply migrate status approve postpone refuse resume rollback accept verify finalize adopt sandbox demo"
        )


def test_who_is_asked_to_discard_writes_is_told_how_long_it_takes(
    sealift: Invoke, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At a terminal the question says since when, for how long the workload is down, and afterwards which snapshot has the writes."""
    target = served.instance()
    moved = sealift("migrate", target, "--key", KEY, *ACK, "--local", "--yes", "--output", "jsonl")
    migration = rows(moved)[0]["migration"]
    monkeypatch.setattr("click.testing._NamedTextIOWrapper.isatty", lambda _: True, raising=False)
    back = sealift("rollback", migration, stdin="DISCARD\n")
    assert "worst, the workload down, and leaves those writes in a snapshot" in back.stderr
    ec2 = boto3.client("ec2", region_name=REGION, endpoint_url=served.url)
    owned = ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]
    (kept,) = [s["SnapshotId"] for s in owned if {"Key": "sealift:role", "Value": "safety"} in s.get("Tags", ())]
    assert f"what was written since bring-up is in {kept}" in back.stdout
    assert kept in sealift("status", migration).stdout


def test_the_question_says_what_is_agreed_to_and_takes_what_was_pasted(
    sealift: Invoke, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database is not stopped and has no volumes: its question says how long it is down. `rds:NAME` names it as NAME does."""
    served.box.add_db_instance("orders", "postgres", DBParameterGroupName="default.postgres17")
    advance(served, 3600)
    monkeypatch.setattr("click.testing._NamedTextIOWrapper.isatty", lambda _: True, raising=False)
    move = ("migrate", "rds:orders", "--key", KEY, "--route", "blue-green", "--local")
    refused = sealift(*move, stdin="orderz\n")
    assert "Type orders to move it under alias/app (down 45 s expected, 5 min worst)" in refused.stderr
    assert (refused.exit_code, "not confirmed; nothing was changed" in refused.stderr) == (1, True)
    agreed = sealift(*move, stdin="rds:orders\n")
    assert (agreed.exit_code, "not confirmed" in agreed.stderr) == (0, False)


def test_several_targets_are_asked_for_with_their_downtime(
    sealift: Invoke, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line for each that would be moved, then one question; a no is no success."""
    targets = [served.instance(), served.instance()]
    monkeypatch.setattr("click.testing._NamedTextIOWrapper.isatty", lambda _: True, raising=False)
    asked = sealift("migrate", *targets, "--key", KEY, *ACK, "--local", stdin="n\n")
    for target in targets:
        assert f"{target}: move it under {KEY} (down " in asked.stderr
    assert (asked.exit_code, served.box.losses()) == (1, [])


def test_losses_are_looked_for_in_databases_too(
    sealift: Invoke, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A write that a database lacks and a job that ran twice are losses like those of a disk: named for what they are, exit 1."""
    assert (sealift("sandbox", "losses").exit_code, sealift("sandbox", "losses").stdout.strip()) == (0, "[]")
    lost = replace(served.box.world.durations)  # any record: what it tells is shown as it is
    monkeypatch.setattr(served.box, "db_losses", lambda: [lost])
    monkeypatch.setattr(served.box, "double_runs", lambda: [lost])
    found = sealift("sandbox", "losses")
    assert found.exit_code == 1
    assert [r["what"] for r in json.loads(found.stdout)] == [
        "a write to a database is lost",
        "a job ran in two databases at once",
    ]


def test_a_refusal_is_said_once(sealift: Invoke, served: Served) -> None:
    """One rule that refuses one target is one line, which says all of it."""
    served.box.add_db_instance("orders", "postgres")
    advance(served, 3600)
    said = sealift("migrate", "rds:orders", "--key", "alias/nosuch", "--local", "--yes")
    assert (said.exit_code, said.stderr.count("R-RDS-14"), said.stdout) == (4, 1, "")
