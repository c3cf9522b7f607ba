"""Plan files and journals that are cut short, altered or of another make: one clear line, and nothing is asked of AWS."""

import asyncio
import json
import os
import random
import sqlite3
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from sealift.cli import main
from sealift.plan import Plan, digest
from tests.contract.shapes import SHAPES, options_of, recorded, world_for
from tests.faults.fuzz.recording import long
from tests.faults.fuzz.shapes import LONG, UNKNOWN, having, places, without
from tests.world import ACKS, World

VERBS = (
    ("approve",), ("postpone", "--until", "2030-01-01T00:00Z"), ("refuse",), ("resume",), ("rollback", "--yes"), ("accept",), ("verify",),
    ("finalize", "--yes"), ("status",),
)  # fmt: skip
NOWHERE: dict[str, str | None] = {
    "AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None, "AWS_REGION": "eu-central-1", "AWS_EC2_METADATA_DISABLED": "true",
}  # fmt: skip
"""No credentials: whatever gets so far as to ask AWS ends there, and nothing is sent."""

ODD_VALUES: tuple[Any, ...] = (
    None,
    True,
    -1,
    2**70,
    1e308,
    "",
    UNKNOWN,
    LONG,
    "\x00",
    [],
    [[]],
    {},
    {"$ref": []},
    {"$ref": 7},
    ["x"] * 3,
)


def said(result: Result) -> str:
    """Return the one line that ends a command; there is no traceback, and no fault of sealift's own."""
    assert result.exception is None or isinstance(result.exception, SystemExit), repr(result.exception)
    lines = [line for line in result.stderr.splitlines() if line.startswith("sealift: ")]
    assert "a fault of sealift" not in result.stderr, result.stderr
    assert "Traceback" not in result.output
    return lines[-1] if lines else ""


def call(*words: str, **environment: str | None) -> Result:
    """Run a command without credentials."""
    return CliRunner().invoke(main, list(words), env={**NOWHERE, **environment})


# -- plan files


@cache
def plan_text() -> str:
    """Return a plan file of an instance, a database and a cluster."""
    shapes = ("root only", "postgres, blue-green", "aurora postgresql, blue-green")
    return json.dumps(Plan(tuple(recorded(s) for s in shapes)).to_json(), indent=1)


def _applied(content: bytes) -> Result:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "plan.json"
        path.write_bytes(content)
        return call("apply", str(path), "--local", "--yes", "--journal", str(Path(folder) / "journal.db"))


@given(
    st.floats(0, 0.9999),
    st.sampled_from(("cut", "flip", "insert", "swap", "double")),
    st.binary(min_size=1, max_size=3),
)
def test_a_plan_file_that_was_damaged_is_a_usage_error(where: float, how: str, junk: bytes) -> None:
    """Cut short, a bit flipped, bytes of something else in it, a part twice: exit 2, whatever is left is no plan of ours."""
    body = plan_text().encode()
    n = int(where * len(body))
    damaged = {
        "cut": body[:n],
        "flip": body[:n] + bytes([body[n] ^ (1 << (junk[0] % 8))]) + body[n + 1 :],
        "insert": body[:n] + junk + body[n:],
        "swap": body[n:] + body[:n],
        "double": body[:n] + body[max(0, n - 40) :],
    }[how]
    same = _same_json(body, damaged)
    result = _applied(damaged)
    assert said(result)
    assert result.exit_code == (1 if same else 2), (
        result.stderr
    )  # where only white space differs it is the plan, and nobody answers


def _same_json(a: bytes, b: bytes) -> bool:
    try:
        return bool(json.loads(a) == json.loads(b))
    except ValueError:
        return False


@given(st.integers(0, 10**9), st.sampled_from((*ODD_VALUES, ...)), st.booleans())
def test_a_plan_file_with_another_value_anywhere_is_one_line(pick: int, value: Any, sign: bool) -> None:
    """Any member of another type, or missing; with the old digest, and with one that fits: never a traceback."""
    body = json.loads(plan_text())
    where = list(places(body))
    place = where[pick % len(where)]
    made = without(body, place) if value is ... else having(body, place, value)
    if sign and isinstance(made.get("migrations"), list) and all(isinstance(m, dict) for m in made["migrations"]):
        made["digest"] = digest(made["migrations"])
    result = _applied(json.dumps(made).encode())
    assert said(result), place
    nothing = {7} if place[2:] == ("steps",) and value == [] else set()  # a plan without steps has nothing to do
    assert result.exit_code in {1, 2, 4, *nothing}, (place, value, result.stderr)


PLAN_FILES: dict[str, Callable[[], bytes]] = {
    "another encoding": lambda: plan_text().encode("utf-16"),
    "deep nesting": lambda: b'{"format": ' + b"[" * 100_000,
    "deep and closed": lambda: b'{"format": "sealift.plan/1", "migrations": ' + b"[" * 50_000 + b"]" * 50_000 + b"}",
    "a key twice": lambda: (
        plan_text().replace('{\n "format"', '{\n "format": "x", "format"', 1).encode()[:-1] + b', "digest": "x"}'
    ),
    "nothing but zeros": lambda: b"\x00" * 4096,
    "a number without end": lambda: b'{"format": "sealift.plan/1", "migrations": [' + b"9" * 10_000 + b"]}",
    "not a number": lambda: b'{"format": "sealift.plan/1", "digest": NaN, "migrations": [{"target": NaN}]}',
    "lone surrogates": lambda: b'{"format": "sealift.plan/1", "digest": "x", "migrations": [{"target": "\\ud800"}]}',
}


@pytest.mark.parametrize("case", PLAN_FILES)
def test_a_plan_file_of_an_odd_make_is_a_usage_error(case: str) -> None:
    """Whatever the bytes are: exit 2 with one line."""
    result = _applied(PLAN_FILES[case]())
    assert said(result)
    assert result.exit_code == 2


def test_a_plan_file_that_is_no_file_is_a_usage_error(tmp_path: Path) -> None:
    """A folder, a pipe's end, a name that no system takes."""
    for name in (str(tmp_path), str(tmp_path / ("x" * 300)), ""):
        result = call("apply", name, "--local", "--yes")
        assert said(result), name
        assert result.exit_code == 2


# -- journals


@cache
def journal_bytes() -> tuple[bytes, str]:
    """Return the journal of a migration that is left at its gate, and its id."""

    async def go(world: World) -> str:
        made = SHAPES["root only"]
        plan = await world.plan(made.build(world), acks=ACKS, **options_of(made))
        return str((await world.act(world.driver.migrate(plan, no_wait=True, observed=True))).migration)

    with TemporaryDirectory() as folder:
        box, world = world_for(Path(folder))
        with box:
            there = world()
            migration = asyncio.run(go(there))
            there.driver.close()
            with sqlite3.connect(Path(folder) / "journal.db") as db:
                db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            db.close()
        return (Path(folder) / "journal.db").read_bytes(), migration


def _asked(path: Path, migration: str, verbs: Any = VERBS) -> list[Result]:
    return [call(verb[0], migration, *verb[1:], "--journal", str(path)) for verb in verbs]


@given(st.floats(0, 0.9999), st.sampled_from(("cut", "flip", "zero")), st.sampled_from(VERBS), st.integers(0, 7))
def test_a_journal_whose_file_was_damaged_is_one_line(where: float, how: str, verb: tuple[str, ...], bit: int) -> None:
    """Cut short, a bit flipped, a page of zeros: exit 1 (or what the undamaged rest still answers), never a traceback."""
    body, migration = journal_bytes()
    n = int(where * len(body))
    damaged = {
        "cut": body[:n],
        "flip": body[:n] + bytes([body[n] ^ (1 << bit)]) + body[n + 1 :],
        "zero": body[: n - n % 4096] + b"\x00" * 4096 + body[n - n % 4096 + 4096 :],
    }[how]
    with TemporaryDirectory() as folder:
        path = Path(folder) / "journal.db"
        path.write_bytes(damaged)
        for result in _asked(path, migration, [verb]):
            said(result)
            assert result.exit_code in (0, 1, 2, 4), result.stderr


ROWS = {
    "data that is no JSON": "UPDATE entries SET data = 'quantum' WHERE seq = :seq",
    "data that is a list": "UPDATE entries SET data = '[7]' WHERE seq = :seq",
    "data that is null": "UPDATE entries SET data = 'null' WHERE seq = :seq",
    "data without members": "UPDATE entries SET data = '{}' WHERE seq = :seq",
    "data nested deeply": "UPDATE entries SET data = :deep WHERE seq = :seq",
    "a word that is not known": "UPDATE entries SET what = 'quantum' WHERE seq = :seq",
    "a moment that is none": "UPDATE entries SET at = 'yesterday' WHERE seq = :seq",
    "a moment without end": "UPDATE entries SET at = 1e300 WHERE seq = :seq",
    "an attempt that is none": "UPDATE entries SET attempt = 'one' WHERE seq = :seq",
    "a step that is not in the plan": "UPDATE entries SET step = 'quantum' WHERE seq = :seq",
    "a postponement to nothing": "UPDATE entries SET step = NULL, what = 'postponed', data = '{}' WHERE seq = :seq",
    "a postponement to no number": """UPDATE entries SET step = NULL, what = 'postponed', data = '{"until": "x"}' WHERE seq = :seq""",
    "an end without a word": "UPDATE entries SET step = NULL, what = 'end', data = '{}' WHERE seq = :seq",
    "an epoch that is none": """UPDATE entries SET step = NULL, what = 'epoch', data = '{"number": "x"}' WHERE seq = :seq""",
    "an outage of nobody": "UPDATE entries SET step = NULL, what = 'down', data = '{}' WHERE seq = :seq",
    "a plan that is no JSON": "UPDATE migrations SET plan = '{' WHERE :seq",
    "a plan that is a list": "UPDATE migrations SET plan = '[1]' WHERE :seq",
    "a plan that is null": "UPDATE migrations SET plan = 'null' WHERE :seq",
    "a plan of a newer version": "UPDATE migrations SET plan = replace(plan, 'CreateTags', 'TeleportVolume') WHERE :seq",
    "a plan of another kind": "UPDATE migrations SET plan = replace(plan, 'ebs-instance', 'holodeck') WHERE :seq",
    "a lease that is none": "INSERT INTO leases VALUES ((SELECT id FROM migrations), 'x', 'y', 'host', 'pid', 'started', 'z') "
    "ON CONFLICT DO UPDATE SET token = 'x'",
    "a table that is gone": "DROP TABLE leases",
    "rows that are gone": "DELETE FROM entries WHERE seq < :seq + 3",
    "a schema that is no number": "UPDATE schema_version SET version = 'x'",
    "no schema": "DELETE FROM schema_version",
}  # fmt: skip
"""What somebody with sqlite3 could do to a journal, or another version of sealift might have."""


@pytest.mark.parametrize("case", ROWS)
def test_a_journal_with_rows_of_another_make_is_one_line(case: str, tmp_path: Path) -> None:
    """Every verb ends in one line, with exit 1, or does what the rows that it can read allow."""
    body, migration = journal_bytes()
    rows = random.Random(case)  # noqa: S311 - which rows are tried
    for number in range(20 if long() else 1):
        path = tmp_path / f"{number}.db"
        path.write_bytes(body)
        with sqlite3.connect(path) as db:
            count = db.execute("SELECT count(*) FROM entries").fetchone()[0]
            known = {"seq": rows.randint(1, count), "deep": "[" * 100_000}
            db.execute(ROWS[case], {k: v for k, v in known.items() if f":{k}" in ROWS[case]})
        db.close()
        for verb, result in zip(VERBS, _asked(path, migration), strict=True):
            assert said(result) or result.exit_code == 0, verb
            assert result.exit_code in (0, 1, 2, 4), (verb, result.stderr)


def test_a_journal_that_may_not_be_read_is_one_line(tmp_path: Path) -> None:
    """A folder that is not ours to write to, a broken link, a device."""
    (tmp_path / "link").symlink_to(tmp_path / "nowhere" / "else")
    places_: list[str] = ["/proc/1/journal.db", "/dev/full", str(tmp_path / "link"), str(tmp_path / ("x" * 300))]
    for place in places_:
        result = call("status", "--journal", place)
        assert said(result), place
        assert result.exit_code in (1, 2), place
    assert not os.path.exists(tmp_path / "nowhere")
