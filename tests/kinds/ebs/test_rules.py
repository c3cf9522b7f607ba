"""What holds for every rule of the room."""

from itertools import chain

import pytest

from sealift.kind import BLOCK, Rule
from sealift.kinds.ebs.rules import (
    CLONE_RULES,
    COPY_RULES,
    INSTANCE_RULES,
    RULES,
    SNAPSHOT_RULES,
    VOLUME_RULES,
    instance,
    judging,
    key,
    owner,
    region,
    route,
    volume,
    watchdog,
)
from sealift.options import Options
from tests.kinds.ebs import (
    test_rules_instance,
    test_rules_key,
    test_rules_owner,
    test_rules_region,
    test_rules_volume,
    test_rules_watchdog,
)
from tests.kinds.ebs.facts_for_tests import alone, an_instance, in_group

CASES = list(
    chain.from_iterable(
        m.CASES
        for m in (
            test_rules_volume,
            test_rules_instance,
            test_rules_key,
            test_rules_owner,
            test_rules_region,
            test_rules_watchdog,
        )
    )
)


@pytest.mark.parametrize("rule", RULES, ids=lambda r: f"{r.id} {r.judge.__name__}")
class TestEveryRule:
    def test_has_an_id_a_source_and_a_sentence(self, rule):
        """Plans, refusals and docs/rules.md show all three."""
        assert rule.id.startswith(("R-EBS-", "R-SEALIFT-"))
        assert len(rule.source) > 20
        assert rule.sentence.endswith(".")

    def test_is_tested_from_both_sides(self, rule):
        """There is a case in which it speaks, and one in which it is silent."""
        verdicts = [c.verdict for c in CASES if c.rule is rule]
        assert None in verdicts
        assert any(verdicts)

    def test_gives_the_fact_and_the_remedy(self, rule):
        """Whatever a rule says is at least two sentences, or names the operation to allow."""
        for case in CASES:
            if case.rule is rule and (said := rule(case.facts, case.options)):
                assert said.message.count(". ") >= 1 or "not probed" in said.message or "cannot be told" in said.message


def test_the_lists_hold_every_rule_that_is_written():
    """A rule that no list names is never judged."""
    rooms = (instance, key, owner, region, route, volume, watchdog)
    written = {r for m in rooms for r in vars(m).values() if isinstance(r, Rule)}
    assert written == set(RULES)


def test_a_list_names_no_rule_twice():
    for rules in (INSTANCE_RULES, VOLUME_RULES, CLONE_RULES, SNAPSHOT_RULES, COPY_RULES):
        assert len({r.id for r in rules}) == len(rules)


def test_rules_of_a_volume_alone_ask_nothing_of_an_instance():
    """They can be judged without one, whatever was read."""
    for facts in (alone(), alone(encrypted=True, kms_key_id="x")):
        for rule in VOLUME_RULES:
            rule(facts, Options())


def test_nothing_refuses_ordinary_facts():
    """The facts that the cases start from pass: what a case finds is what it changed."""
    for rules, facts in ((INSTANCE_RULES, an_instance()), (VOLUME_RULES, alone()), (CLONE_RULES, an_instance())):
        assert [v for r in rules if (v := r(facts, Options())) and v.verdict == BLOCK] == []
    assert in_group().asg is not None
    assert judging.say(BLOCK, [], "unused") is None
