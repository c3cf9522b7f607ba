"""The registry: every refusal names a rule, every rule a source, every rule has a test that names it."""

import re
from pathlib import Path

import pytest

from docs import citing
from sealift import sandbox
from sealift.sandbox import RULES, Durations, rules

CODE = "\n".join(p.read_text() for p in Path(sandbox.__file__).parent.rglob("*.py") if p.name != "rules.py")
SUITE = [t for p in Path(__file__).parents[1].glob("conformance/test_*.py") for t in citing.tests(p.read_text())]
TESTED = {rule for test in SUITE for rule in citing.rules_of(test)}


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda r: r.id)
def test_a_rule_says_what_where_from_and_is_tested(rule):
    """One sentence, one source, at least one test's docstring."""
    assert rule.says.endswith(".")
    assert rule.source
    assert rule.id in TESTED, f"no test of the conformance suite is about {rule.id}"


def test_an_id_stands_for_one_rule():
    """A second rule under an id would hide the first."""
    assert len(rules._ALL) == len(RULES)


def test_refusals_name_rules_that_exist():
    """A typing error in an id would be found only when somebody is refused."""
    named = set(re.findall(r'"((?:R-EBS|R-RDS|SB-[A-Z]+)-\d+)"', CODE))
    assert named <= set(RULES)


def test_every_duration_says_where_it_comes_from():
    """A page, or the word guess."""
    for name, default, source in Durations.table():
        assert default >= 0
        assert "guess" in source or "html" in source or "option" in source, name
