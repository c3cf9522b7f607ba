"""What `make mutants` believes of an earlier run, how far it tries, and what it asks of each room."""

from pathlib import Path
from typing import Any

import pytest

from tests.mutants import run
from tests.mutants.mutations import Mutant
from tests.mutants.trial import Met, Undisturbed

MUTANT = Mutant("m", "f", "a", "b", 1, 1, frozenset({1}), "def f(): a", "def f(): b")


class Trials:
    """Tests that tell, or do not, and have a source each."""

    def __init__(self, *telling: str) -> None:
        self.telling, self.tried, self.sources = telling, list[list[str]](), {"t1": "source 1", "t2": "source 2"}

    def attempt(self, mutant: Mutant, tests: list[str], seconds: Any) -> tuple[str, str]:
        self.tried.append(tests)
        by = next((t for t in tests if t in self.telling), "")
        return ("killed" if by else "survived"), by

    def digest(self, test: str) -> str:
        return self.sources.get(test, "")


@pytest.fixture
def book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> run.Book:
    monkeypatch.setattr(run, "BUILD", tmp_path)
    return run.Book(anew=True)


def calm(**seconds: float) -> Undisturbed:
    return Undisturbed(seconds, {t: {"m.f": Met(MUTANT.digest, frozenset({1}))} for t in seconds})


def rounds() -> list[tuple[Undisturbed, float]]:
    return [(calm(t1=1.0, t2=2.0), 1.5), (calm(t1=1.0, t2=2.0), 6.0)]


def test_what_survives_the_first_limit_is_tried_further_and_nothing_twice() -> None:
    """Where the limit falls differs between machines; what comes of a change does not."""
    trials: Any = Trials("t2")

    assert ("killed", "t2") == run._tried(trials, MUTANT, rounds())
    assert [["t1"], ["t2"]] == trials.tried
    assert ("survived", "") == run._tried(Trials(), MUTANT, rounds())  # type: ignore[arg-type]


def test_what_was_killed_is_believed_while_the_test_that_told_is_the_same(book: run.Book) -> None:
    """And while its function is: a change of another source is another one."""
    trials: Any = Trials()
    book.write(MUTANT, run.KILLED, "t1", "source 1")
    elsewhere = Mutant("m", "f", "a", "b", 1, 9, frozenset({1}), "def f(): a", "def f(): b")
    otherwise = Mutant("m", "f", "a", "b", 1, 1, frozenset({1}), "def f(): a, c", "def f(): b, c")

    assert (run.KILLED, run.KILLED, None) == tuple(book.known(m, trials, 1.0) for m in (MUTANT, elsewhere, otherwise))
    trials.sources["t1"] = "another"
    assert book.known(MUTANT, trials, 1.0) is None


def test_who_begins_anew_believes_nothing_of_an_earlier_run_however_long_it_takes(book: run.Book) -> None:
    """What is kept meanwhile has the earlier run in it, for later ones."""
    trials: Any = Trials()
    book.write(MUTANT, run.KILLED, "t1", "source 1")
    book.save()
    anew = run.Book(anew=True)
    anew.save()

    assert (None, run.KILLED) == (anew.known(MUTANT, trials, 1.0), run.Book(anew=False).known(MUTANT, trials, 1.0))


def test_what_survived_is_believed_while_nothing_is_another(book: run.Book) -> None:
    """No test, no code, and no limit."""
    trials: Any = Trials()
    book.write(MUTANT, run.SURVIVED, "", f"{book.stamp} 1.0")

    assert (run.SURVIVED, None) == tuple(book.known(MUTANT, trials, limit) for limit in (1.0, 2.0))
    book.stamp = "another"
    assert book.known(MUTANT, trials, 1.0) is None


@pytest.mark.parametrize(("survived", "enough"), [(15, True), (16, False)])
def test_enough_is_asked_of_each_room(survived: int, enough: bool, capsys: pytest.CaptureFixture[str]) -> None:
    """One room does not make up for another."""
    figures = {
        ("sealift.engine", run.KILLED): 1000,
        ("sealift.journal", run.KILLED): 80 + 15 - survived,
        ("sealift.journal", run.LATE): 5,
        ("sealift.journal", run.SURVIVED): survived,
    }

    assert enough == run._tell_figures(figures)
    assert enough == ("less than 85" not in capsys.readouterr().out)


def test_the_list_is_written_anew_with_what_is_new_and_without_a_reason_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Changes of one function with one reason stand together; the head of the file stays."""
    monkeypatch.setattr(run, "SURVIVORS", tmp_path / "survivors.toml")
    run.SURVIVORS.write_text("# what it is\n")
    old = {"in": "m.f", "was": 'x = "a"', "now": 'x = "XXaXX"', "nth": 2, "reason": "equivalent: why"}

    run._write([old], [MUTANT])

    text = run.SURVIVORS.read_text()
    assert (True, 3 * "X" in text) == (text.startswith("# what it is\n"), False)
    new = {"in": "m.f", "was": "a", "now": "b", "nth": 1, "reason": ""}
    assert [new, old] == sorted(run.listed(run.SURVIVORS), key=lambda s: s["reason"])
