"""The registry: every refusal names a rule, every rule a source, every rule has a test that names it."""

import re
from pathlib import Path

import pytest

from sealift import sandbox
from sealift.sandbox import RULES, Durations

CODE = "\n".join(p.read_text() for p in Path(sandbox.__file__).parent.rglob("*.py") if p.name != "rules.py")
TESTS = "\n".join(p.read_text() for p in Path(__file__).parents[1].glob("conformance/test_*.py"))


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda r: r.id)
def test_a_rule_says_what_where_from_and_is_tested(rule):
    """One sentence, one source, at least one test's docstring."""
    assert rule.says.endswith(".")
    assert rule.source
    assert rule.id in TESTS, f"no test names {rule.id}"


def test_refusals_name_rules_that_exist():
    """A typing error in an id would be found only when somebody is refused."""
    named = set(re.findall(r'"((?:R-EBS|R-RDS|SB-[A-Z]+)-\d+)"', CODE))
    assert named <= set(RULES)


def test_every_duration_says_where_it_comes_from():
    """A page, or the word guess."""
    for name, default, source in Durations.table():
        assert default >= 0
        assert "guess" in source or "html" in source or "option" in source, name
