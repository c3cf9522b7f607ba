"""What status says of a migration at its gate: as it is judged now, not as its driver saw it last."""

import pytest

from sealift.errors import UsageError
from sealift.plan import Plan
from sealift.render import story, text
from tests.world import ROOT, World


async def at_the_gate(world: World) -> str:
    """Prepare a migration and leave it at its gate."""
    plan = await world.plan(world.instance(ROOT), route="clone")
    left = await world.act(world.driver.migrate(plan, observed=True, no_wait=True))
    assert left.exit_code == 3
    return str(left.migration)


async def test_what_was_decided_since_is_what_it_waits_for(world: World) -> None:
    """Approved, then postponed: status waits for that moment before anybody resumes; when it has come, for nothing."""
    migration = await at_the_gate(world)
    assert story.of(world.driver.journal, migration).row["waiting_for"] == "an approval"
    world.driver.decide(migration, "approved", by="a test")
    told = story.of(world.driver.journal, migration)
    assert (told.row["phase"], told.row["waiting_for"]) == ("gate", None)
    assert "the gate may open" in told.text()
    world.driver.decide(migration, "postponed", until=world.clock.now() + 3600, by="a test")
    told = story.of(world.driver.journal, migration)
    assert (told.row["phase"], told.row["waiting_for"]) == ("gate", "the time it was postponed to")
    assert "waits for an approval, since" not in told.text()


async def test_a_moment_that_has_passed_is_refused(world: World) -> None:
    """`postpone --until` in the past postpones nothing: it is said, and no row is written."""
    migration = await at_the_gate(world)
    with pytest.raises(UsageError, match="has passed"):
        world.driver.decide(migration, "postponed", until=world.clock.now() - 60, by="a test")
    assert world.state(migration).postponed_until is None


async def test_nothing_is_prepared_for_a_window_that_cannot_hold_it(world: World) -> None:
    """The plan says so, and a run ends with 3 before a first call; no lock is left behind."""
    instance = world.instance(ROOT)
    end = world.clock.now() + 600
    plan = await world.plan(instance, route="clone", window_end=end)
    assert "another window: 600 s are left of this one" in text.plan(Plan((plan,)))
    sent = len(world.calls())
    left = await world.act(world.driver.migrate(plan, approved_by="a test", observed=True))
    assert (left.exit_code, left.migration, len(world.calls())) == (3, "", sent)
    assert "nothing was prepared" in left.message


async def test_a_window_that_has_become_too_short_waits_at_the_gate(world: World) -> None:
    """What shuts it is in the story in full, in the table in two words, and the phase is the gate."""
    instance = world.instance(ROOT)
    plan = await world.plan(instance, route="clone", window_last_quiesce=world.clock.now() + 600)
    left = await world.act(world.driver.migrate(plan, observed=True, no_wait=True))
    world.driver.decide(left.migration, "approved", by="a test")
    world.clock.advance(3600)
    row = story.of(world.driver.journal, left.migration).row
    assert (row["phase"], row["waiting_for"]) == ("gate", "another window: the last quiesce of this one has passed")
    assert "another window  " in story.listing([row])
    assert "last quiesce" not in story.listing([row])


async def test_a_plan_says_how_long_it_is_prepared(world: World) -> None:
    """How long until it stands at its gate, expected and worst."""
    plan = await world.plan(world.instance(ROOT), route="snapshot")
    assert "  prepared in " in text.plan(Plan((plan,)))
