"""The daily look at what is retained, as a flow run: it changes nothing, and fails where something is not as it should be."""

from typing import Any

import boto3

from flows.ebs import migrate_instance
from flows.rds import migrate_database
from flows.verify import verify
from sealift.parameters import MigrateDatabase, MigrateInstance, VerifyRun
from tests.databases import ACKS as DATABASE_ACKS
from tests.databases import RATE
from tests.flows.conftest import Flows
from tests.world import ACKS, KEY, REGION

DAY = 86_400


async def moved_instance(flows: Flows) -> str:
    form = MigrateInstance(target=flows.world.instance(), key=KEY, acks=list(ACKS), approve=True)
    run = await flows.run(migrate_instance, form)
    assert run.outcome is not None
    assert run.outcome.exit_code == 0, run.message
    return run.outcome.migration


async def moved_database(flows: Flows) -> str:
    name = flows.world.box.add_db_instance("orders", "postgres", write_mib_per_s=RATE)
    flows.world.clock.advance(3600)
    form = MigrateDatabase(target=f"rds:{name}", key=KEY, acks=list(DATABASE_ACKS), approve=True)
    run = await flows.run(migrate_database, form)
    assert run.outcome is not None
    assert run.outcome.exit_code == 0, run.message
    return run.outcome.migration


def opened() -> None:
    """Take the retained side of `orders` out of its quarantine, as somebody might who wants to look something up."""
    rds: Any = boto3.client("rds", region_name=REGION)
    names = [d["DBInstanceIdentifier"] for d in rds.describe_db_instances()["DBInstances"]]
    (old,) = [n for n in names if n != "orders"]
    own = rds.describe_db_instances(DBInstanceIdentifier="orders")["DBInstances"][0]["VpcSecurityGroups"]
    rds.modify_db_instance(
        DBInstanceIdentifier=old,
        VpcSecurityGroupIds=[g["VpcSecurityGroupId"] for g in own],
        ApplyImmediately=True,
    )


async def test_a_run_without_ids_looks_at_all_that_is_retained_and_changes_nothing(flows: Flows) -> None:
    """Every day, with no word from anybody: volumes and databases alike, and an artifact has a row for each."""
    world = flows.world
    await moved_instance(flows)
    await moved_database(flows)
    world.clock.advance(2 * DAY)
    calls = world.calls()

    run = await flows.run(verify, VerifyRun())

    assert (run.name, run.message) == ("Completed", "2 as they should be")
    assert world.calls() == calls
    told = (await run.artifacts())["verified"]
    assert told.count("| yes |") == 2
    assert "still fenced off" in told


async def test_it_fails_and_names_what_is_not_as_it_should_be(flows: Flows) -> None:
    """One of two: the run is Failed, says it in the words of `sealift verify` with what to type, and leaves the other out."""
    volumes, database = await moved_instance(flows), await moved_database(flows)
    flows.world.clock.advance(2 * DAY)
    opened()

    run = await flows.run(verify, VerifyRun())

    said = (await flows.world.act(flows.world.driver.verify(database))).message
    assert run.state.is_failed()
    assert run.message == f"1 of 2 not as they should be. {database}: {said}"
    assert "is not in quarantine any more" in said
    assert f"sealift verify {database}" in said
    assert volumes not in run.message
    told = (await run.artifacts())["verified"]
    assert (told.count("**no**"), told.count("| yes |")) == (1, 1)
    assert told.index("**no**") < told.index("| yes |")


async def test_what_is_not_retained_is_not_looked_at(flows: Flows) -> None:
    """At its gate, put back or finalized there is nothing to check: the run is Completed and says so."""
    form = MigrateInstance(target=flows.world.instance(), key=KEY, acks=list(ACKS), wait_at_gate=False)
    await flows.run(migrate_instance, form)

    run = await flows.run(verify, VerifyRun())

    assert (run.name, run.message) == ("Completed", "nothing is retained")


async def test_an_id_that_is_unknown_does_not_hide_the_others(flows: Flows) -> None:
    """Named ones are looked at, each with its own end."""
    volumes = await moved_instance(flows)
    flows.world.clock.advance(2 * DAY)

    run = await flows.run(verify, VerifyRun(migrations=["mig-0", volumes]))

    assert run.state.is_failed()
    assert run.message.startswith("1 of 2 not as they should be. mig-0: ")
