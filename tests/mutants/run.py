"""Change the code a little, many times, and see whether the fast tests tell: `make mutants`.

Over the engine, the journal, the recipes of EBS, and what the engine leans on. At least 85 of 100 changes have to be told, in
each of these rooms. What survives is listed in `survivors.toml`, each with its reason, and is not tried again; an unlisted one
fails, a listed one that is no longer there is named.

Whether a change survives must not hang on the machine. Seconds are computing seconds, so a busy one is no reason; a change that
survives the tests that fit into a limit and is not listed is tried on several times as many, so it does not matter where exactly
the limit falls; a change that makes a test compute without end, or wait for nothing, counts as told.

What was killed is remembered in build/mutants until its function, or the test that told, is another: after a merge only what
has changed is tried. What that test leans on is not followed (`--anew` believes nothing). A survivor that is not listed is tried
anew whenever any test or any code is another.
"""

import argparse
import hashlib
import json
import os
import random
import resource
import shutil
import signal
import sys
import time
import tomllib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.mutants.mutations import Mutant, mutants
from tests.mutants.trial import CHEAP, Trials, Undisturbed, scratch_folder, undisturbed_from

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "mutants"
SURVIVORS = Path(__file__).with_name("survivors.toml")
ROOMS = {
    "engine": ("engine",),
    "journal": ("journal",),
    "recipes of EBS": ("kinds.ebs.routes", "kinds.ebs.finalize"),
    "recipe and gate": ("recipe", "gate"),
}
"""Modules by room: in each of them, and in all, enough has to be told."""
SOURCES = {
    f"sealift.{name}": ROOT / "sealift" / f"{name.replace('.', '/')}.py" for names in ROOMS.values() for name in names
}
FAST = (
    "tests/unit/test_gate.py",
    "tests/unit/test_journal*.py",
    "tests/unit/test_state.py",
    "tests/unit/test_recipe.py",
    "tests/kinds/ebs/test_routes.py",
    "tests/kinds/ebs/test_finalize.py",
    "tests/engine/test_*.py",
)
WHOLE = {"tests/engine/test_figures.py", "tests/engine/test_sent_again.py"}
"""Whole migrations and whole tables of steps: minutes to measure, and few of them would be fast ones."""
SLOW = 2.5
"""Seconds: a test that takes longer is none of the fast ones."""
LIMIT = 5.0
"""Seconds of tests, undisturbed, that one change is tried on."""
FURTHER = 4.0
"""How many times as far a change is tried that survives and is not listed: where a limit falls differs between machines, and
what comes of a change may not.
"""
WARM = 60
"""Tests that are run once before the first trial."""
EVERY = 20.0
"""Seconds between two notices of how far it is."""
WANTED = 85.0
"""Of 100 changes: how many the tests have to tell."""
KILLED, LATE, SURVIVED = "killed", "timed out", "survived"


def main() -> int:
    """Try, print the figures, and return 1 where too much survives, or something without a reason."""
    asked = _asked()
    BUILD.mkdir(parents=True, exist_ok=True)
    whole = [m for name, path in SOURCES.items() for m in mutants(path, name)]
    chosen = _share(whole, asked.share, asked.only, asked.seed)
    book = Book(anew=asked.anew)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # what was tried is told and kept
    scratch = scratch_folder(f"sealift-mutants-{os.getpid()}")

    def work(trials: Trials) -> None:
        try:
            _try_all(trials, _undisturbed(trials, whole), chosen, book, asked)
        except RuntimeError as error:
            book.broken = str(error)
        except KeyboardInterrupt:
            sys.stdout.write("interrupted: what was tried so far\n")

    where = [
        *_fast(),
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:terminalreporter",
        "--capture=no",
        "--tb=native",  # any other one reads the sources of what failed: half of the time of a trial
        f"--basetemp={scratch / 'tmp'}",
    ]
    ended = pytest.main(
        [*(str(ROOT / w) if w.startswith("tests/") else w for w in where)], plugins=[Trials(work, scratch)]
    )
    shutil.rmtree(scratch, ignore_errors=True)
    if ended not in (0, 5) or book.broken:
        sys.stdout.write(f"no figures: {book.broken or 'the tests cannot be collected'}\n")
        return 1
    return _tell(chosen, whole, book, asked)


def _fast() -> list[str]:
    found = {p.relative_to(ROOT).as_posix() for pattern in FAST for p in ROOT.glob(pattern)}
    return sorted(found - WHOLE)


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--share", type=float, default=1.0, help="of the changes of each function, drawn by --seed (default: all)"
    )
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--only", default="", help="changes of functions whose dotted name has this in it")
    parser.add_argument("--anew", action="store_true", help="believe nothing that an earlier run has seen")
    parser.add_argument("--survivors", action="store_true", help="try what is listed as surviving, too")
    parser.add_argument("--write", action="store_true", help="write the list anew, with what is new in it")
    parser.add_argument("--limit", type=float, default=LIMIT, help="seconds of tests that one change is tried on")
    return parser.parse_args()


def _share(found: Sequence[Mutant], share: float, only: str, seed: int) -> list[Mutant]:
    """Draw from the changes of each function, so that none is left out, in an order in which any beginning is such a sample.

    The same seed draws the same; a larger share has the smaller one in it.
    """
    functions: dict[str, list[Mutant]] = defaultdict(list)
    for mutant in found:
        if only in f"{mutant.module}.{mutant.function}":
            functions[f"{mutant.module}.{mutant.function}"].append(mutant)
    drawn: list[tuple[float, str, Mutant]] = []
    for name, there in functions.items():
        draw = random.Random(f"{seed} {name}")  # noqa: S311 - a sample
        first = draw.random()
        drawn += [((n + first) / len(there), name, m) for n, m in enumerate(draw.sample(there, len(there)))]
    return [m for place, _, m in sorted(drawn, key=lambda d: d[:2]) if place < share or share >= 1]


class Book:
    """What was measured and tried, kept in build/mutants between runs."""

    def __init__(self, *, anew: bool) -> None:
        self._path = BUILD / "tried.json"
        self._tried: dict[str, dict[str, str]] = {} if anew else _json(self._path)
        self.stamp = _stamp([*ROOT.glob("tests/**/*.py"), *ROOT.glob("sealift/**/*.py")])
        self.broken = ""

    def known(self, mutant: Mutant, trials: Trials, limit: float) -> str | None:
        """Return what became of a change, if nothing has happened since that could change it.

        What was killed is believed until its function or the test that told is another; what survived, until anything is.
        """
        seen = self._tried.get(_key(mutant))
        if seen is None:
            return None
        same = f"{self.stamp} {limit}" if seen["how"] == SURVIVED else trials.digest(seen["by"])
        return seen["how"] if seen["stamp"] == same else None

    def write(self, mutant: Mutant, how: str, by: str, stamp: str) -> None:
        """Write down what became of a change, by which test, and what has to be the same for it to be believed."""
        self._tried[_key(mutant)] = {"how": how, "by": by, "stamp": stamp}

    def save(self) -> None:
        """Write the file, with what another run may have written meanwhile: that is kept, and not believed in this one."""
        self._path.write_text(json.dumps({**_json(self._path), **self._tried}), encoding="utf-8")

    def how(self, mutant: Mutant) -> str | None:
        """Return what became of a change."""
        return self._tried.get(_key(mutant), {}).get("how")


def _key(mutant: Mutant) -> str:
    return hashlib.sha256("\0".join(map(str, (*mutant.id, mutant.original))).encode()).hexdigest()[:20]


def _stamp(paths: Sequence[Path]) -> str:
    whole = hashlib.sha256()
    for path in sorted(paths):
        whole.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes())
    return whole.hexdigest()[:16]


def _json(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}


def _undisturbed(trials: Trials, whole: Sequence[Mutant]) -> Undisturbed:
    """Measure, or take what was measured of test files that have not changed since."""
    path = BUILD / "undisturbed.json"
    files = {test: test.partition("::")[0] for test in trials.items}
    stamps = {file: _stamp([ROOT / file]) for file in set(files.values())}
    seen = _json(path)
    digests = {f"{m.module}.{m.function}": m.digest for m in whole}
    same = {
        test
        for test, file in files.items()
        if seen.get("files", {}).get(file) == stamps[file]
        and test in seen["met"]
        and (seen["seconds"][test] > CHEAP or all(digests.get(f) == d for f, (d, _) in seen["met"][test].items()))
    }
    body: dict[str, Any] = {k: {t: seen[k][t] for t in same} for k in ("seconds", "met") if same}
    if new := [t for t in files if t not in same]:
        sys.stdout.write(f"measuring {len(new)} tests\n")
        sys.stdout.flush()
        measured = trials.measure(new, SOURCES, whole)
        body = {k: body.get(k, {}) | measured[k] for k in ("seconds", "met")}
        path.write_text(json.dumps({**body, "files": stamps}), encoding="utf-8")
    return undisturbed_from(body)


def _try_all(
    trials: Trials, calm: Undisturbed, chosen: Sequence[Mutant], book: Book, asked: argparse.Namespace
) -> None:
    begun = said = time.monotonic()
    fast = _up_to(SLOW, calm, trials)
    sys.stdout.write(
        f"{len(chosen)} changes, {len(fast.seconds)} fast tests of {sum(fast.seconds.values()):.0f} s "
        f"({len(calm.seconds) - len(fast.seconds)} more are too slow)\n"
    )
    cheap = sorted((t for t, s in fast.seconds.items() if s <= CHEAP), key=lambda t: (t.partition("[")[2], t))
    trials.warm_up(cheap[:WARM])
    known = set() if asked.survivors else {_id(s) for s in listed()}
    rounds = [(fast, asked.limit)]
    if not asked.write:
        rounds.append((_up_to(2 * SLOW, calm, trials), FURTHER * asked.limit))
    try:
        for number, mutant in enumerate(m for m in chosen if m.id not in known):
            if book.known(mutant, trials, rounds[-1][1]):
                continue
            how, by = _tried(trials, mutant, rounds)
            book.write(mutant, how, by, f"{book.stamp} {rounds[-1][1]}" if how == SURVIVED else trials.digest(by))
            if how == SURVIVED:
                sys.stdout.write(f"{mutant.module}.{mutant.function}:\n    - {mutant.was}\n    + {mutant.now}\n")
            if time.monotonic() - said > EVERY:
                said = time.monotonic()
                book.save()
                sys.stdout.write(f"... {number} of {len(chosen)} after {said - begun:.0f} s\n")
            sys.stdout.flush()
    finally:
        book.save()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    sys.stdout.write(f"{used.ru_utime + used.ru_stime:.0f} s of computing\n")


def _up_to(seconds: float, calm: Undisturbed, trials: Trials) -> Undisturbed:
    return Undisturbed({t: s for t, s in calm.seconds.items() if s <= seconds and t in trials.items}, calm.met)


def _tried(trials: Trials, mutant: Mutant, rounds: Sequence[tuple[Undisturbed, float]]) -> tuple[str, str]:
    """Return what became of a change, by which test: each round tries the tests that no earlier one has tried."""
    before: set[str] = set()
    for calm, limit in rounds:
        tests = [t for t in calm.meeting(mutant, limit) if t not in before]
        before.update(tests)
        how, by = trials.attempt(mutant, tests, calm.seconds) if tests else (SURVIVED, "")
        if how != SURVIVED:
            return how, by
    return SURVIVED, ""


# -- what is said


def listed(path: Path = SURVIVORS) -> list[dict[str, Any]]:
    """Return the survivors that are listed, each with the reason why nothing tells them."""
    groups = tomllib.loads(path.read_text(encoding="utf-8")).get("survivors", []) if path.exists() else []
    keys = ("was", "now", "nth")
    return [
        {"in": g["in"], "reason": g["reason"], "nth": 1, **dict(zip(keys, change, strict=False))}
        for g in groups
        for change in g["changes"]
    ]


def _id(one: Mapping[str, Any]) -> tuple[str, str, str, int]:
    return (one["in"], one["was"], one["now"], one["nth"])


def _tell(chosen: Sequence[Mutant], whole: Sequence[Mutant], book: Book, asked: argparse.Namespace) -> int:
    reasons = {_id(s): str(s["reason"]) for s in listed()}
    became = {m.id: SURVIVED if m.id in reasons and not asked.survivors else book.how(m) for m in chosen}
    chosen = [m for m in chosen if became[m.id] is not None]
    enough = _tell_figures(Counter((m.module, became[m.id]) for m in chosen))
    if asked.share < 1:
        sys.stdout.write(f"a sample: {asked.share:.0%} of the changes of each function, seed {asked.seed}\n")
    unlisted = [m for m in chosen if became[m.id] == SURVIVED and not reasons.get(m.id)]
    there = {m.id for m in whole}
    if asked.write:
        _write([s for s in listed() if _id(s) in there], [m for m in unlisted if m.id not in reasons])
    for mutant in unlisted:
        sys.stdout.write(f"survived, and nothing says why: {mutant.id[0]}\n    - {mutant.was}\n    + {mutant.now}\n")
    for old in (one for one in reasons if one not in there):
        sys.stdout.write(f"listed, and no longer there: {old[0]}\n    - {old[1]}\n    + {old[2]}\n")
    for mutant in (m for m in chosen if m.id in reasons and became[m.id] != SURVIVED):
        sys.stdout.write(f"listed, and killed by now: {mutant.id[0]}\n    - {mutant.was}\n    + {mutant.now}\n")
    sys.stdout.write(f"{len(unlisted)} survivors have no reason\n" if unlisted else "")
    return 0 if enough and not unlisted else 1


def _tell_figures(figures: Mapping[tuple[str, str | None], int]) -> bool:
    """Print the figures of each room and of all; return whether enough was told in each."""
    sys.stdout.write(f"\n{'':32}{'changes':>9}{KILLED:>9}{LATE:>11}{SURVIVED:>10}{'%':>8}\n")
    rooms = {**ROOMS, "all": [name for names in ROOMS.values() for name in names]}
    enough = True
    for room, names in rooms.items():
        killed, late, survived = (
            sum(figures.get((f"sealift.{name}", how), 0) for name in names) for how in (KILLED, LATE, SURVIVED)
        )
        if not (tried := killed + late + survived):
            continue
        share = 100 * (killed + late) / tried
        sys.stdout.write(f"{room:32}{tried:>9}{killed:>9}{late:>11}{survived:>10}{share:>8.1f}\n")
        if share < WANTED:
            enough = False
            sys.stdout.write(f"{room}: less than {WANTED:g} of 100 changes were told\n")
    return enough


def _write(old: Sequence[Mapping[str, Any]], new: Sequence[Mutant]) -> None:
    """Write the list anew: what is still there, with its reasons, and what is new, without one."""
    groups: dict[tuple[str, str], list[str]] = defaultdict(list)
    added = [{"in": m.id[0], "was": m.was, "now": m.now, "nth": m.nth, "reason": ""} for m in new]
    for one in [*old, *added]:
        nth = f", {one['nth']}" if one["nth"] > 1 else ""
        groups[one["in"], one["reason"]].append(f"    [{_quoted(one['was'])}, {_quoted(one['now'])}{nth}],\n")
    head = SURVIVORS.read_text(encoding="utf-8").partition("\n[[")[0]
    body = (
        f"\n[[survivors]]\nin = {_quoted(where)}\nreason = {_quoted(reason)}\nchanges = [\n{''.join(changes)}]\n"
        for (where, reason), changes in sorted(groups.items())
    )
    SURVIVORS.write_text(head + "".join(body), encoding="utf-8")


def _quoted(text: str) -> str:
    """Return a TOML string. mutmut marks a changed text with capitals that elsewhere mark what is to be done: one is escaped."""
    return json.dumps(text, ensure_ascii=False).replace(3 * "X", "XX\\u0058")


if __name__ == "__main__":
    sys.exit(main())
