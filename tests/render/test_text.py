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
