"""Plans as data: status, digest, and the choice of a route."""

from dataclasses import replace

import pytest

from sealift.kind import ACK, BLOCK, WARN, Verdict
from sealift.kinds import BY_NAME
from sealift.options import Options
from sealift.plan import NEEDS_ACK, NOTHING, READY, REFUSED, MigrationPlan, RefusedRoute, digest
from sealift.planner import choose, drift, facts_of, plan_for
from tests.contract.shapes import planned, recorded


@pytest.mark.parametrize(
    ("rules", "acks", "status"),
    [
        ((), (), READY),
        ((Verdict("R-1", WARN, ""),), (), READY),
        ((Verdict("R-1", ACK, ""),), (), NEEDS_ACK),
        ((Verdict("R-1", ACK, ""),), ("R-1",), READY),
        ((Verdict("R-1", ACK, ""),), ("R-2",), NEEDS_ACK),
        ((Verdict("R-1", BLOCK, ""),), ("R-1",), REFUSED),
    ],
)
def test_the_status_follows_from_the_rules(rules: tuple[Verdict, ...], acks: tuple[str, ...], status: str) -> None:
    """A block wins over an ack, an ack has to be given by its own id, a warning stops nothing."""
    plan = planned("root only", "clone")
    assert status == replace(plan, rules=rules, options=replace(plan.options, acks=acks)).status


def test_a_plan_without_a_route_is_refused_and_one_without_steps_is_nothing_to_do() -> None:
    """The two are told apart."""
    empty = MigrationPlan(target="i-1", kind="ebs-instance", account="1", region="r", route=None, steps=())
    assert (NOTHING, REFUSED) == (empty.status, replace(empty, refused_routes=(RefusedRoute("clone", "R-1"),)).status)


def test_the_digest_is_over_everything_that_is_stored() -> None:
    """Any change of any value is another digest; the order of keys is none."""
    row = planned("root only", "clone").to_json()
    assert digest([row]) == digest([dict(reversed(list(row.items())))])
    for field in row:
        assert digest([row]) != digest([{**row, field: "something else"}]), field


def test_facts_come_back_from_a_plan_as_they_were() -> None:
    """What a plan holds is enough to judge drift and to rebuild the recipe."""
    plan = recorded("root and data")
    facts = facts_of(BY_NAME[plan.kind], plan.facts)
    assert [] == drift(BY_NAME[plan.kind], facts, facts)
    assert plan.steps == next(r for r in BY_NAME[plan.kind].routes if r.name == plan.route).recipe(facts, plan.options)


def test_drift_names_the_field_and_both_values() -> None:
    """The place, what it was and what it is; what the run altered itself is none."""
    kind = BY_NAME["ebs-instance"]
    facts = facts_of(kind, recorded("root only").facts)
    (root,) = facts.volumes
    now = replace(facts, volumes=(replace(root, iops=5000, delete_on_termination=False),))
    assert [
        f"volumes.{root.id}.delete_on_termination was True, is False",
        f"volumes.{root.id}.iops was 3000, is 5000",
    ] == drift(kind, facts, now)
    assert [f"volumes.{root.id}.iops was 3000, is 5000"] == drift(kind, facts, now, {"delete_on_termination"})


def test_auto_takes_the_least_downtime_and_says_why_not_the_others() -> None:
    """A slow disk is cloned: seconds, whatever its size."""
    plan = recorded("root only")
    route, refused, asked = choose(
        BY_NAME[plan.kind], facts_of(BY_NAME[plan.kind], plan.facts), Options(key="alias/app")
    )
    assert route is not None
    assert ("clone", [], []) == (route.name, refused, asked)


def test_auto_refuses_a_route_by_rule_and_names_it() -> None:
    """Eight volumes do not fit into five copy slots: R-EBS-76 refuses the clone."""
    plan = recorded("eight volumes")
    kind = BY_NAME[plan.kind]
    route, refused, _ = choose(kind, facts_of(kind, plan.facts), Options(key="alias/app", max_degraded=10**9))
    assert route is not None
    assert ("snapshot", [("clone", "R-EBS-76")]) == (route.name, [(r.route, r.rule) for r in refused])


def test_a_route_that_stays_slow_for_too_long_is_acknowledged_or_not_taken() -> None:
    """A fast disk as a clone is slow for hours: with no other way within --max-degraded it is an ack (R-EBS-89)."""
    plan = recorded("root and data")
    kind = BY_NAME[plan.kind]
    facts = facts_of(kind, plan.facts)
    route, _, asked = choose(kind, facts, Options(key="alias/app", max_degraded=1))
    assert route is not None
    assert (True, [("R-EBS-89", ACK)]) == (route.name != "", [(v.id, v.verdict) for v in asked])


def test_a_blocked_plan_has_no_steps() -> None:
    """What is refused cannot be run by mistake."""
    plan = recorded("on standby")
    kind = BY_NAME[plan.kind]
    made = plan_for(kind, facts_of(kind, plan.facts), replace(plan.options, asg=""), plan.target, "1", "r")
    assert (REFUSED, (), None) == (made.status, made.steps, made.route)


def test_drift_quotes_a_value_once() -> None:
    """A before-image holds JSON: it is shown as it stands."""
    kind = replace(BY_NAME["rds-instance"], identity=lambda facts: {"fields": {"DBInstanceClass": facts}})
    assert ['fields.DBInstanceClass was "db.m6g.large", is "db.m6g.xlarge"'] == drift(
        kind, '"db.m6g.large"', '"db.m6g.xlarge"'
    )
