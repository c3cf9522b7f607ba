"""`python -m tests.faults`: try the promises against everything, on every shape and route, and say what came of it.

All of it takes many hours; `--share` tries a part, always the same one, evenly spread.
"""

import os
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator

import click
import pytest

from tests import clients
from tests.faults import record as records
from tests.faults import walks
from tests.faults.crashes import Tried
from tests.faults.invariants import SAID
from tests.faults.parts import CASES, PARTS, SHORT, Part, kind_of


@click.command()
@click.option("--share", default=1.0, type=click.FloatRange(0, 1), help="How much of each part is tried.")
@click.option("--short", is_flag=True, help="One shape for each kind and route, instead of all.")
@click.option("--only", default="", help="Parts, shapes and routes that match this regular expression.")
@click.option("--at-once", default=os.cpu_count() or 1, help="Forks side by side.")
@click.option("--keep/--no-keep", default=False, help="Write docs/torture.json, of which docs/reliability.md is made.")
def main(share: float, short: bool, only: str, at_once: int, keep: bool) -> None:
    """Try the promises."""
    os.environ.update(AWS_ACCESS_KEY_ID="sandbox", AWS_SECRET_ACCESS_KEY="sandbox")
    os.environ.pop("AWS_PROFILE", None)
    clients.spare()
    if keep and only:
        raise click.UsageError("a part of the parts is no record: --keep goes without --only")
    record, began = records.Record(share, short), time.monotonic()
    try:
        with pytest.MonkeyPatch.context() as patch:
            clients.share(patch)
            _try_all(record, _chosen(short, only), at_once, began)
            _walk(record, share, only)
        record.finished = True
    except KeyboardInterrupt:
        click.echo("cut off: what follows is what was tried until here", err=True)
    record.seconds = time.monotonic() - began
    click.echo(record.table())
    click.echo(f"{len(record.wrong)} violations")
    if keep:
        record.write()
    sys.exit(1 if record.wrong or not record.finished else 0)


def _try_all(record: records.Record, chosen: Iterator[tuple[Part, str, str]], at_once: int, began: float) -> None:
    for part, shape, route in chosen:
        found = _tried(part, shape, route, record.share, at_once)
        record.line(kind_of(shape), route).add(part.counts, shape, found)
        bad = sum(bool(one.wrong) for one in found)
        done = sum(one.done for one in found)
        tried = f"{done} tried, {len(found) - done} not done, {bad} bad"
        click.echo(f"{time.monotonic() - began:7.0f} s  {part.name}: {shape}, {route}: {tried}")
        for one in found:
            for wrong in one.wrong:
                click.echo(f"           {one}: {' '.join(wrong.split())[-500:]}", err=True)


def _chosen(short: bool, only: str) -> Iterator[tuple[Part, str, str]]:
    for shape, route in SHORT if short else CASES:
        for part in PARTS:
            if re.search(only, f"{part.name}: {shape}, {route}"):
                yield part, shape, route


def _walk(record: records.Record, share: float, only: str) -> None:
    """Random walks are of many targets at once: they have a line of their own."""
    if not re.search(only, "walks"):
        return
    before, line = dict(walks.counts), record.line("all kinds", "at once")
    found = walks.every(share, click.echo)
    line.add("walks", "random walks", found)
    added = {name: count - before.get(name, 0) for name, count in walks.counts.items()}
    line.tried = Counter(walks=added["walks"], steps=added["steps"])  # of a step nothing is judged: of its walk
    line.survived = Counter(walks=added["walks"] - sum(bool(one.wrong) for one in found))
    line.checks = Counter({str(n): added.get(walks.looks(n), 0) for n in SAID})


def _tried(part: Part, shape: str, route: str, share: float, at_once: int) -> list[Tried]:
    try:
        return part.every(shape, route, share, at_once)
    except Exception as error:  # noqa: BLE001 - one case that falls over hides no other
        return [Tried(part.name, "the walk itself", "", [f"{type(error).__name__}: {error}"])]


if __name__ == "__main__":
    main()
