"""A driver that dies with its journal's disk while it moves a database, and what the next one makes of the tags alone."""

from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from sealift.driver import Driver, Outcome
from sealift.plan import MigrationPlan
from tests.databases import Case, options_of
from tests.promises.test_3_kill_it_anywhere import Doomed, Killed
from tests.world import World


async def planned(world: World, prefix: str, case: Case) -> MigrationPlan:
    """Put a database there, let it be written to for an hour, and plan it."""
    target = case.build(world)
    world.clock.advance(3600)
    return await world.plan(f"{prefix}:{target}", **options_of(case))


async def killed(world: World, plan: MigrationPlan, step: str, row: str) -> None:
    """Migrate with a driver that dies at a row of a step."""
    driver = world.new_driver()
    doomed = Doomed(driver, 0, written=True, kill_at=(step, row))
    with suppress(Killed):
        await world.act(driver.migrate(plan, approved_by="a test", observed=True))
    assert doomed.rows[-1] == (step, row), doomed.rows[-3:]


def next_driver(world: World) -> Driver:
    """Return a driver with an empty journal."""
    settings = replace(world.settings, journal=world.folder / "another.db")
    return Driver(settings, clock=world.clock, connect=world.connect)


@dataclass(frozen=True)
class Told:
    """What came of an adoption: the stage that it told, and how it ended."""

    stage: str
    adopted: Outcome
    ended: Outcome


async def adopted(world: World, prefix: str, plan: MigrationPlan, **other: Any) -> Told:
    """Adopt with an empty journal, and do what the message says."""
    driver = next_driver(world)
    told = await world.act(driver.adopt(f"{prefix}:{plan.target}", replace(plan.options, **other)))
    assert told.exit_code == 0, told.message
    stage, migration = told.message.split("'")[1], told.migration
    if stage == "prepare":
        driver.decide(migration, "approved", by="a test")
    assert f"sealift {NEXT[stage].format(migration)}" in told.message
    back = driver.rollback(migration, discard_writes=stage == "handed") if "rollback" in NEXT[stage] else None
    ended = await world.act(back or driver.resume(migration))
    world.clock.advance(3600)
    return Told(stage, told, ended)


NEXT = {"prepare": "resume {}", "up": "resume {}", "cutover": "rollback {}", "handed": "rollback {} --discard-writes"}


def end_state(picture: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is there in the end, without ids and moments."""
    shot = {k: Counter(map(str, picture[k].values())) for k in ("db snapshots", "cluster snapshots") if k in picture}
    counted = {
        k: Counter(n.split("-")[0] if n.startswith("sealift") else n for n in picture[k])
        for k in ("security groups", "parameters", "cluster parameters", "deployments")
        if k in picture
    }
    kept = {k: picture[k] for k in ("targets", "endpoints", "scaling") if k in picture}
    databases = {n: d for k in ("instances", "clusters") for n, d in picture.get(k, {}).items()}
    served = {
        g["VpcSecurityGroupId"] for d in databases.values() if d["StorageEncrypted"] for g in d["VpcSecurityGroups"]
    }
    shapes = {n: _shape(d, served) for n, d in databases.items()}
    return {**shot, **counted, **kept, "databases": shapes}


def _shape(database: Mapping[str, Any], served: set[str]) -> dict[str, Any]:
    tags = {t["Key"]: t["Value"] for t in database.get("TagList") or ()}
    same = ("StorageEncrypted", "KmsKeyId", "MultiAZ", "DeletionProtection", "HttpEndpointEnabled", "Status")
    return {
        **{k: database.get(k) for k in (*same, "DBInstanceStatus", "ReadReplicaSourceDBInstanceIdentifier")},
        "own groups": {g["VpcSecurityGroupId"] for g in database["VpcSecurityGroups"]} == served,
        "role": tags.get("sealift:role"),
        "tags": {k: v for k, v in tags.items() if not k.startswith("sealift:")},
    }
