"""Bugs that are planted on purpose, each a patch in `planted/`: the harness finds every one of them, and nothing in the code as it is."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from subprocess import PIPE

import pytest

from tests.faults.caught import TRIALS

TOP = Path(__file__).parents[2]
PLANTED = Path(__file__).parent / "planted"

FOUND = {
    "intent-row-after-the-call": "left without an intent row",
    "undo-order-wrong": "(ended with 6, not 5|no workload runs on a mix)",
    "lease-not-checked": "left with token|still sent|the first ended with",
    "find-of-another-migration": "runs on what another migration has made",
    "no-start-on-the-way-back": "rows say that it is up|another end",
    "epoch-left-out-of-find": "no acknowledged write is lost",
    "late-stop-after-takeover": "is down only between|another end|ended with",
    "rollback-after-bring-up": "no acknowledged write is lost",
}
"""What is said of each: that it was found, and not that something else broke."""


@dataclass(frozen=True)
class Told:
    """What came of a trial."""

    code: int
    out: str
    err: str


@pytest.fixture(scope="module")
def caught() -> Iterator[Callable[..., Told]]:
    """Yield what tries, on the code in a folder, what catches these bugs."""
    env = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    program = [sys.executable, str(Path(__file__).with_name("warm.py"))]
    with subprocess.Popen(program, cwd=TOP, env=env, stdin=PIPE, stdout=PIPE, text=True, bufsize=1) as warm:
        asks, answers = warm.stdin, warm.stdout
        assert asks is not None
        assert answers is not None

        def told(folder: Path, *names: str) -> Told:
            asks.write(json.dumps([str(folder), names]) + "\n")
            return Told(*json.loads(answers.readline()))

        yield told
        asks.close()


def planted(folder: Path, patch: Path) -> None:
    """Copy the library, with a bug in it, beside the tests as they are."""
    shutil.copytree(
        TOP / "sealift", folder / "sealift", ignore=shutil.ignore_patterns("_project")
    )  # what is compiled stays so
    (folder / "tests").symlink_to(TOP / "tests")
    subprocess.run(["git", "apply", "--whitespace=nowarn", str(patch)], cwd=folder, check=True)


def test_every_planted_bug_has_a_trial() -> None:
    """Patches, trials and what is said of them go together."""
    names = {patch.stem for patch in PLANTED.glob("*.patch")}
    assert names == set(TRIALS) == set(FOUND)
    assert 8 <= len(names)


def test_nothing_is_found_where_nothing_is_planted(caught: Callable[..., Told]) -> None:
    """The same trials find nothing wrong with the code as it is."""
    found = caught(TOP)
    assert (0, "") == (found.code, found.out), found.err[-2000:]


@pytest.mark.parametrize("name", sorted(FOUND))
def test_a_planted_bug_is_caught(name: str, tmp_path: Path, caught: Callable[..., Told]) -> None:
    """The harness says what is wrong; it does not merely fall over."""
    planted(tmp_path, PLANTED / f"{name}.patch")
    found = caught(tmp_path, name)
    assert 1 == found.code, found.err[-2000:]
    assert re.search(FOUND[name], found.out), found.out
    assert "Traceback" not in found.err
