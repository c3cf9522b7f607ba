"""Try changes in a pytest session that has collected its tests: each in a forked copy of it, up to the first test that fails.

Nothing is collected or imported twice, and a change is put in place by replacing the code of a function, so a trial costs what
the tests cost that meet the change.
"""

import contextlib
import functools
import gc
import hashlib
import importlib
import inspect
import json
import os
import shutil
import signal
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import coverage
import pytest
from _pytest.runner import runtestprotocol

from tests.mutants.mutations import Mutant

ROOM, PATIENCE = 1.0, 8
"""Seconds that every test may take beyond what it takes undisturbed, and how many times as long: then its change counts as
timed out. Of the time that it computes, so that a busy machine is no reason.
"""
IDLE = 20.0
"""Seconds for which a test may wait for nothing; waiting for a core of a busy machine is none of it."""

CHEAP = 0.1
"""Seconds up to which a test is measured anew as soon as a function that it meets has changed."""


@dataclass(frozen=True)
class Met:
    """What a test has run of a function: offsets from its first line, and the digest of the source that it had then."""

    digest: str
    offsets: frozenset[int]


@dataclass(frozen=True)
class Undisturbed:
    """What the tests did before anything was changed: computing seconds of each, and what each has met, by function."""

    seconds: Mapping[str, float]
    met: Mapping[str, Mapping[str, Met]]

    def meeting(self, mutant: Mutant, limit: float) -> list[str]:
        """Return the tests to try a change on: those that run its lines, fast ones first, up to `limit` seconds.

        Cheap ones first, and of those the ones that meet little: they are about it. Of one parametrized test the fastest case
        comes in the first round, the next in the second: many tests say more than many cases of one. Where a function is not
        as it was when a test was measured, the test comes last.
        """
        rounds: dict[str, list[tuple[bool, str]]] = defaultdict(list)
        for test in sorted(self.seconds, key=lambda t: (self.seconds[t], t)):
            met = self.met[test].get(f"{mutant.module}.{mutant.function}")
            if met is not None and (met.digest != mutant.digest or met.offsets & mutant.offsets):
                rounds[test.partition("[")[0]].append((met.digest != mutant.digest, test))
        ranked = sorted(
            (old, self.seconds[t] > CHEAP, len(self.met[t]), n, self.seconds[t], t)
            for cases in rounds.values()
            for n, (old, t) in enumerate(cases)
        )
        chosen, spent = [], 0.0
        for *_, test in ranked:
            if chosen and spent + self.seconds[test] > limit:
                continue
            chosen.append(test)
            spent += self.seconds[test]
        return chosen


class Trials:
    """The plugin: runs no test as pytest would, but hands itself to `work`, which may measure and try."""

    def __init__(self, work: Callable[["Trials"], None], scratch: Path) -> None:
        self._work, self._scratch = work, scratch
        self.items: dict[str, pytest.Item] = {}
        self._kills: Counter[tuple[str, str]] = Counter()

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Collect nothing more: hand over."""
        self.items = {item.nodeid: item for item in session.items}
        gc.collect()
        gc.freeze()  # copies share what is there
        if not session.testsfailed:
            self._work(self)
        return True

    # -- undisturbed

    def digest(self, test: str) -> str:
        """Return what tells whether a test has changed: its own source, not what it leans on."""
        function = getattr(self.items.get(test), "function", None)
        return "" if function is None else hashlib.sha256(inspect.getsource(function).encode()).hexdigest()[:12]

    def measure(self, tests: Sequence[str], sources: Mapping[str, Path], whole: Iterable[Mutant]) -> dict[str, Any]:
        """Run tests once and return the seconds of each and what it meets of the functions of `whole`.

        A test that fails as it is is named and left out.

        Raises:
            RuntimeError: they did not come to an end.

        """
        told = self._scratch / "undisturbed.json"
        if _wait(self._copy(lambda: self._measure(tests, sources, told))) != 0:
            raise RuntimeError("the tests could not be run as they are")
        measured = json.loads(told.read_text(encoding="utf-8"))
        for test in measured["failed"]:
            sys.stdout.write(f"fails as it is, and tells nothing: {test}\n")
        return by_function(measured, whole)

    def _measure(self, tests: Sequence[str], sources: Mapping[str, Path], told: Path) -> int:
        watch = coverage.Coverage(data_file=None, include=[str(p) for p in sources.values()])
        seconds: dict[str, float] = {}
        failed: list[str] = []
        watch.start()
        for item, after in _pairs([self.items[t] for t in tests]):
            _forget()
            watch.switch_context(item.nodeid)
            begun = time.process_time()
            if not _passes(item, after):
                failed.append(item.nodeid)
                continue
            seconds[item.nodeid] = time.process_time() - begun
        watch.stop()
        lines: dict[str, dict[str, list[int]]] = {test: {} for test in seconds}
        for module, path in sources.items():
            for line, meeting in watch.get_data().contexts_by_lineno(str(path)).items():
                for test in meeting:
                    if test in lines:
                        lines[test].setdefault(module, []).append(line)
        told.write_text(json.dumps({"seconds": seconds, "lines": lines, "failed": failed}), encoding="utf-8")
        return 0

    def warm_up(self, tests: Sequence[str]) -> None:
        """Run tests in this program: every copy then has what is loaded, compiled and cached at first use."""
        silent = os.open(os.devnull, os.O_RDWR)
        kept = [os.dup(stream) for stream in (1, 2)]
        sys.stdout.flush()
        for stream in (1, 2):
            os.dup2(silent, stream)
        for item, after in _pairs([self.items[t] for t in tests]):
            _passes(item, after)
        sys.stdout.flush()
        for stream, was in zip((1, 2), kept, strict=True):
            os.dup2(was, stream)
        gc.collect()
        gc.freeze()

    # -- changed

    def attempt(self, mutant: Mutant, tests: Sequence[str], seconds: Mapping[str, float]) -> tuple[str, str]:
        """Return what became of a change (killed, timed out, survived) and the test that told."""
        place = (mutant.module, mutant.function)
        first = sorted(
            tests, key=lambda t: (-self._kills[(t, place[1])], -bool(self._kills[(t, place[0])]), tests.index(t))
        )
        told = self._scratch / "told"
        told.write_text("", encoding="utf-8")
        status = _wait(self._copy(lambda: self._walk(mutant, first, seconds, told)))
        by = told.read_text(encoding="utf-8")
        if status == 0:
            return "survived", ""
        if by:
            self._kills.update([(by, place[0]), (by, place[1])])
        return ("timed out" if status < 0 else "killed"), by

    def _walk(self, mutant: Mutant, tests: Sequence[str], seconds: Mapping[str, float], told: Path) -> int:
        put_in_place(mutant)
        for item, after in _pairs([self.items[t] for t in tests]):
            told.write_text(item.nodeid, encoding="utf-8")
            signal.setitimer(signal.ITIMER_PROF, ROOM + PATIENCE * seconds[item.nodeid])
            _end_if_idle()
            if not _passes(item, after):
                return 1
        return 0

    def _copy(self, work: Callable[[], int]) -> int:
        """Fork; the copy works in silence and never comes back."""
        sys.stdout.flush()
        child = os.fork()
        if child:
            return child
        status = 1
        try:
            os.setpgid(0, 0)
            silent = os.open(os.devnull, os.O_RDWR)
            for stream in (1, 2):
                os.dup2(silent, stream)
            status = work()
        finally:
            os._exit(status)


def by_function(measured: Mapping[str, Any], whole: Iterable[Mutant]) -> dict[str, Any]:
    """Return lines as offsets in their functions, so that they hold when a function moves."""
    places = {(m.module, m.function): m for m in whole}
    met: dict[str, dict[str, list[Any]]] = {}
    for test, by in measured["lines"].items():
        met[test] = {}
        for (module, function), place in places.items():
            last = place.at + place.original.count("\n")
            offsets = [n - place.at for n in by.get(module, ()) if place.at < n <= last or n == place.at == last]
            if offsets:
                met[test][f"{module}.{function}"] = [place.digest, offsets]
    return {"seconds": measured["seconds"], "met": met}


def undisturbed_from(body: Mapping[str, Any]) -> Undisturbed:
    """Read what was measured."""
    met = {t: {f: Met(digest, frozenset(lines)) for f, (digest, lines) in by.items()} for t, by in body["met"].items()}
    return Undisturbed(body["seconds"], met)


def put_in_place(mutant: Mutant) -> None:
    """Replace the code of a function, and its defaults, by the changed ones: whoever has imported it calls the change."""
    function = _function(importlib.import_module(mutant.module), mutant.function)
    code, defaults = mutant.code()
    if code.co_freevars != function.__code__.co_freevars:
        raise RuntimeError(f"{mutant.module}.{mutant.function} closes over names of its class: it cannot be replaced")
    function.__code__ = code
    names = code.co_varnames[: code.co_argcount]
    if function.__defaults__:
        placed = names[-len(function.__defaults__) :]
        function.__defaults__ = tuple(defaults.get(n, d) for n, d in zip(placed, function.__defaults__, strict=True))
    if function.__kwdefaults__:
        function.__kwdefaults__ = {n: defaults.get(n, d) for n, d in function.__kwdefaults__.items()}


def _function(module: ModuleType, name: str) -> FunctionType:
    here: Any = module
    for part in name.split("."):
        here = vars(here)[part]
    here = getattr(here, "fget", None) or getattr(here, "__func__", None) or here
    while hasattr(here, "__wrapped__"):
        here = here.__wrapped__
    assert isinstance(here, FunctionType), name
    return here


def _passes(item: pytest.Item, after: pytest.Item | None) -> bool:
    return all(not report.failed for report in runtestprotocol(item, log=False, nextitem=after))


def _end_if_idle() -> None:
    """Look every second whether this copy has come to wait for nothing, and end it then, as a signal would."""
    began = _idle()

    def look(*_: object) -> None:
        if _idle() - began > IDLE:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            os.kill(os.getpid(), signal.SIGALRM)

    signal.signal(signal.SIGALRM, look)
    signal.setitimer(signal.ITIMER_REAL, IDLE, 1.0)


def _idle() -> float:
    """Return the seconds, from some moment on, in which this program neither computed nor waited for a core."""
    ran = Path("/proc/self/schedstat")
    queued = int(ran.read_text(encoding="ascii").split()[1]) / 1e9 if ran.exists() else 0.0
    return time.monotonic() - time.process_time() - queued


def _pairs(items: Iterable[pytest.Item]) -> Iterable[tuple[pytest.Item, pytest.Item | None]]:
    listed = [*items]
    return zip(listed, [*listed[1:], None], strict=True)


def _forget() -> None:
    """Empty the caches of the tests: each test is to meet the lines that it would meet alone."""
    for name, module in [*sys.modules.items()]:
        if name.startswith("tests."):
            for value in [*vars(module).values()]:
                if isinstance(value, functools._lru_cache_wrapper):
                    value.cache_clear()


def _wait(child: int) -> int:
    """Return how a copy ended; negative: the number of the signal that ended it. What it started ends with it."""
    _, status = os.waitpid(child, 0)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(status)


def scratch_folder(name: str) -> Path:
    """Return an empty folder, in memory where the system has such a place: a journal waits for its disk at every row."""
    memory = Path("/dev/shm")
    place = (memory if memory.is_dir() and os.access(memory, os.W_OK) else Path("build")) / name
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    return place
