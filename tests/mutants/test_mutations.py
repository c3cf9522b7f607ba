"""What `make mutants` changes, and how a change is put in place."""

import asyncio
import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.mutants.mutations import Mutant, mutants
from tests.mutants.run import SURVIVORS, listed
from tests.mutants.trial import Met, Undisturbed, put_in_place

SOURCE = '''
from contextlib import contextmanager

class Gate:
    """A gate."""

    width = 3

    def __init__(self, open: bool = False) -> None:
        self.open = open

    @property
    def shut(self) -> bool:
        """Whether it is shut."""
        return not self.open

    @contextmanager
    def held(self):
        yield self.width + 1

    async def pass_(self, *, times: int = 2) -> int:
        if self.open:
            return times
        raise ValueError(f"the gate is shut", "state", remedy="open it", more=1)
'''


@pytest.fixture
def found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Mutant]]:
    path = tmp_path / "gate_of_a_test.py"
    path.write_text(SOURCE)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield mutants(path, "gate_of_a_test")
    sys.modules.pop("gate_of_a_test", None)


def changed(found: list[Mutant], now: str) -> Any:
    """Put the change in place that makes a line so, and return a gate of it."""
    module = importlib.import_module("gate_of_a_test")
    (one,) = [m for m in found if m.now == now]
    gate = module.Gate(True)
    put_in_place(one)
    return gate


def test_a_change_is_told_by_its_function_and_its_lines(found: list[Mutant]) -> None:
    """Ids are unique, and say what was and what is."""
    assert len({m.id for m in found}) == len(found)
    assert ("gate_of_a_test.Gate.shut", "return not self.open", "return self.open", 1) in {m.id for m in found}


def test_texts_for_people_are_left_alone(found: list[Mutant]) -> None:
    """f-strings, strings with a blank and remedies; names and numbers are changed, a name once."""
    lines = [m.now for m in found if m.was.startswith("raise ValueError")]

    assert all("the gate is shut" in line and "open it" in line for line in lines)
    assert 1 == sum("XXstateXX" in line for line in lines)
    assert any("more=2" in line for line in lines)
    assert not [m for m in found if "A gate" in m.was or "width = 3" in m.was]


def test_a_changed_property_is_what_everybody_reads(found: list[Mutant]) -> None:
    """Of objects that are there already, too."""
    assert changed(found, "return self.open").shut


def test_a_changed_context_manager_is_what_everybody_enters(found: list[Mutant]) -> None:
    """Behind its decorator."""
    with changed(found, "yield self.width - 1").held() as width:
        assert 2 == width


def test_a_changed_default_is_what_everybody_gets(found: list[Mutant]) -> None:
    """Of a coroutine, by keyword, and of a constructor."""
    gate = changed(found, "async def pass_(self, *, times: int = 3) -> int:")
    assert 3 == asyncio.run(gate.pass_())
    changed(found, "def __init__(self, open: bool = True) -> None:")
    assert type(gate)().open


def test_a_change_is_tried_on_the_tests_that_meet_it(found: list[Mutant]) -> None:
    """Cheap ones first, one case of each test before the second of any, and no more than the limit; where a function has changed
    since, whoever met it comes last.
    """
    (one,) = [m for m in found if m.now == "return self.open"]
    there, elsewhere = Met(one.digest, one.offsets), Met(one.digest, frozenset({99}))
    name = "gate_of_a_test.Gate.shut"
    met = {
        "a[1]": {name: there}, "a[2]": {name: there}, "b": {name: there}, "long": {name: there}, "c": {name: elsewhere}, "d": {},
        "old": {name: Met("other", frozenset())},
    }  # fmt: skip
    seconds = {"a[1]": 0.1, "a[2]": 0.2, "b": 1.0, "long": 9.0, "c": 0.1, "d": 0.1, "old": 2.0}

    assert ["a[1]", "b", "a[2]", "old"] == Undisturbed(seconds, met).meeting(one, limit=5)


def test_every_listed_survivor_has_a_reason() -> None:
    """One without is a hole in the tests, and none is listed twice."""
    ids = [(s["in"], s["was"], s["now"], s["nth"]) for s in listed(SURVIVORS)]

    assert [] == [s for s in listed(SURVIVORS) if not s.get("reason", "").strip()]
    assert len(set(ids)) == len(ids)
