"""Bugs that are planted on purpose, each a patch in `planted/`: the harness finds every one of them, and nothing in the code as it is."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

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


def caught(folder: Path, *names: str) -> subprocess.CompletedProcess[str]:
    """Try what catches these bugs on the code in a folder."""
    command = [sys.executable, "-m", "tests.faults.caught", *names]
    env = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=600)


def planted(folder: Path, patch: Path) -> None:
    """Copy the library, with a bug in it, beside the tests as they are."""
    shutil.copytree(TOP / "sealift", folder / "sealift", ignore=shutil.ignore_patterns("__pycache__", "_project"))
    (folder / "tests").symlink_to(TOP / "tests")
    subprocess.run(["git", "apply", "--whitespace=nowarn", str(patch)], cwd=folder, check=True)


def test_every_planted_bug_has_a_trial() -> None:
    """Patches, trials and what is said of them go together."""
    names = {patch.stem for patch in PLANTED.glob("*.patch")}
    assert names == set(TRIALS) == set(FOUND)
    assert 8 <= len(names)


def test_nothing_is_found_where_nothing_is_planted() -> None:
    """The same trials find nothing wrong with the code as it is."""
    found = caught(TOP)
    assert (0, "") == (found.returncode, found.stdout), found.stderr[-2000:]


@pytest.mark.parametrize("name", sorted(FOUND))
def test_a_planted_bug_is_caught(name: str, tmp_path: Path) -> None:
    """The harness says what is wrong; it does not merely fall over."""
    planted(tmp_path, PLANTED / f"{name}.patch")
    found = caught(tmp_path, name)
    assert 1 == found.returncode, found.stderr[-2000:]
    assert re.search(FOUND[name], found.stdout), found.stdout
    assert "Traceback" not in found.stderr
