"""Plans as text: what an operator decides by, in words that fit what is moved."""

from dataclasses import replace

from sealift.kinds.rds import RDS_INSTANCE
from sealift.options import Options
from sealift.plan import MigrationPlan, Plan
from sealift.planner import plan_for
from sealift.recipe import seconds_back
from sealift.render import text
from sealift.render.text import span
from tests.kinds.rds.facts_for_tests import ACCOUNT, OPTIONS, ORDERS, REGION, REPLICA


def planned(options: Options, *, replicas: int = 0, **about: object) -> MigrationPlan:
    """Plan the ordinary instance, with so many replicas."""
    named = (replace(REPLICA, id=f"orders-r{n}", resource_id=f"db-R{n}") for n in range(1, replicas + 1))
    facts = replace(ORDERS, replicas=tuple(named), **about)  # type: ignore[arg-type]
    return plan_for(RDS_INSTANCE, facts, options, "orders", ACCOUNT, REGION)


def shown(plan: MigrationPlan) -> str:
    """Return a plan as an operator reads it."""
    return text.plan(Plan((plan,)))


def test_the_plan_says_what_going_back_costs_on_either_side_of_bring_up() -> None:
    """Promise 4: before bring-up it is free; after it the names change hands again, and what was written stays behind."""
    plan = planned(replace(OPTIONS, route="blue-green"))
    assert plan.back.worst == 0
    assert plan.back_once_up.expected > 1200
    expected, worst = span(plan.back_once_up.expected), span(plan.back_once_up.worst)
    assert (
        f"way back: 0 s worst until bring-up; after it {expected} expected, {worst} worst, the workload down, and what was "
        "written since is left in a snapshot" in shown(plan)
    )


def test_what_going_back_costs_is_the_recipes_and_grows_with_its_replicas() -> None:
    """It is added up from the very steps that would run, and kept with the plan."""
    one, three = (planned(replace(OPTIONS, route="blue-green"), replicas=n) for n in (0, 2))
    assert three.back_once_up.expected > one.back_once_up.expected
    assert three.back_once_up == seconds_back(three.steps, brought_up=True)
    row = three.to_json()
    assert row["way_back_after_bring_up_seconds"]["worst"] == three.back_once_up.worst
    assert MigrationPlan.from_json(row) == three


def test_what_loads_lazily_is_never_called_no_slower() -> None:
    """R-RDS-33: nobody can tell for how long; a green side is loaded before the switchover."""
    assert "slower until its data are loaded, for how long is not known" in shown(
        planned(replace(OPTIONS, route="snapshot"))
    )
    assert "no slower afterwards" in shown(planned(replace(OPTIONS, route="blue-green")))


def test_the_plan_says_what_stays_for_how_long_and_that_it_costs() -> None:
    """The sources run on under other names: those of a switchover, or ours."""
    green, snap = (planned(replace(OPTIONS, route=r), replicas=1) for r in ("blue-green", "snapshot"))
    assert "kept for 14 d and paid for, until `sealift finalize`: orders-old1, orders-r1-old1" in shown(green)
    assert "until `sealift finalize`: orders-sealift-old, orders-r1-sealift-old" in shown(snap)
    assert MigrationPlan.from_json(snap.to_json()).kept == ("orders-sealift-old", "orders-r1-sealift-old")


def test_figures_have_their_units() -> None:
    """Storage is in GiB, and an age in hours."""
    said = shown(planned(replace(OPTIONS, route="snapshot")))
    assert "100 GiB of AllocatedStorage" in said
    assert "if it is older than 6 h" in said


def test_readers_that_use_the_primary_have_to_be_sent_there_by_their_owners() -> None:
    """R-RDS-81: sealift changes no client and no alias: that is acknowledged."""
    options = replace(OPTIONS, route="snapshot", readers="primary", acks=("R-FENCE-01",))
    assert "→ wants --ack R-RDS-81" in shown(planned(options, replicas=1))


def test_an_option_without_effect_is_named_where_one_is_asked_too() -> None:
    """The short form before a question leaves warnings out, but for what was typed in vain."""
    plan = planned(replace(OPTIONS, route="blue-green", asg="standby", fence_login="arn:x", fence_from="10.0.0.5/32"))
    brief = text.plan(Plan((plan,)), steps=False)
    assert "R-SEALIFT-21  --asg has no effect on orders" in brief
    assert "R-SEALIFT-22  --fence-login, --fence-from have no effect on Blue/Green" in brief
