"""The plan as it is kept in S3: it comes back as it was written, and nothing else is taken for it."""

import json

import pytest

from sealift.errors import UsageError
from sealift.plan import MigrationPlan
from sealift.saved import read, s3_place, written
from tests.contract.shapes import recorded
from tests.faults.hands import OBJECTS, Overwrite

MIGRATION = "mig-1234567890"
WHERE = "s3://states/mig-1234567890.json"
PLAN = recorded("root only")
DATABASE = recorded("mysql with replicas, snapshot")
PLACE = (PLAN.account, PLAN.region)


def body() -> bytes:
    return written(MIGRATION, json.loads(json.dumps(PLAN.to_json())))


def test_what_was_written_is_read() -> None:
    """The whole plan comes back, whichever of the things that it locks it is asked for by."""
    assert PLAN.to_json() == read(body(), WHERE, MIGRATION, PLAN.target, PLACE).to_json()
    assert PLAN.target == read(body(), WHERE, MIGRATION, PLAN.locks[-1], PLACE).target


@pytest.mark.parametrize(
    "how", [h for h in OBJECTS.values() if h is not None], ids=[n for n, h in OBJECTS.items() if h]
)
def test_what_somebody_else_has_written_is_no_plan(how: Overwrite) -> None:
    """Not JSON, half of it, edited, of another migration or target: exit 2 in one line, and nothing is rebuilt from it."""
    with pytest.raises(UsageError, match=WHERE) as caught:
        read(how(body()), WHERE, MIGRATION, PLAN.target, PLACE)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("place", [("210987654321", PLACE[1]), (PLACE[0], "us-east-1")])
def test_a_plan_of_another_place_is_not_taken(place: tuple[str, str]) -> None:
    """Another account or Region than the one in which the tags were read."""
    with pytest.raises(UsageError, match="holds the plan of another"):
        read(body(), WHERE, MIGRATION, PLAN.target, place)


@pytest.mark.parametrize(
    ("plan", "unit", "whole"),
    [(PLAN, "vol-0123456789abcdef0", PLAN.target), (DATABASE, "shop-r1", f"rds:{DATABASE.target}")],
    ids=["a volume of an instance", "a replica of a database"],
)
def test_the_plan_of_another_target_says_what_to_adopt(plan: MigrationPlan, unit: str, whole: str) -> None:
    """A part was asked for: the remedy names what it moves with, as people type it."""
    kept = written(MIGRATION, json.loads(json.dumps(plan.to_json())))
    with pytest.raises(UsageError, match=f"sealift adopt {whole}\\b"):
        read(kept, WHERE, MIGRATION, unit, (plan.account, plan.region))


@pytest.mark.parametrize("url", ["https://states/x", "s3:///x", "states/x", "s3://[x"])
def test_what_is_no_place_in_s3_is_refused(url: str) -> None:
    """A bucket, and perhaps a prefix."""
    assert ("states", "a/b/mig-1.json") == s3_place("s3://states/a/b/", "mig-1")
    with pytest.raises(UsageError, match="not of the form"):
        s3_place(url, "mig-1")
