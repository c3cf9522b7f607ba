"""Print the figures."""

import resource
import subprocess
import sys

from bench import calls, databases, downtime, sandbox
from sealift.aws.gateway import Purpose
from sealift.render.text import span, table


def main() -> int:
    """Measure and print; 1 where a figure is beyond its bound."""
    fine = show_downtime()
    fine = show_databases() and fine
    fine = show_calls() and fine
    fine = show_sandbox() and fine
    show_help()
    return 0 if fine else 1


def show_downtime() -> bool:
    """Print what sealift adds to AWS's own time while a workload is down."""
    runs = [downtime.measure(*case) for case in downtime.CASES]
    print("Downtime on virtual time. Every duration is *modelled*: the sandbox's, none was measured on AWS.\n")
    head = ["ROUTE", "VOLUMES", "SIZE", "DOWN", "AWS (modelled)", "SEALIFT ADDS", "BOUND", ""]
    rows = [
        [
            r.route,
            r.volumes,
            f"{r.size_gib} GiB",
            span(r.down),
            span(r.charged),
            f"{r.added:.1f} s",
            f"{r.bound:.0f} s",
            "ok" if r.added <= r.bound else "TOO SLOW",
        ]
        for r in runs
    ]
    print(table(head, rows))
    return all(r.added <= r.bound for r in runs)


def show_databases() -> bool:
    """Print how long writers and readers of a database get nothing, as planned and as it comes out."""
    runs = [databases.measure(name) for name in databases.CASES]
    print(
        "\nDatabases on virtual time, jitter off: how long writers and readers get nothing, as planned and as clients of the\n"
        "sandbox see it. Every duration is *modelled*: the plan's and the sandbox's, none was measured on AWS.\n"
    )
    head = [
        "SHAPE",
        "ROUTE",
        "WRITERS PLANNED",
        "CAME OUT",
        "WORST",
        "READERS PLANNED",
        "CAME OUT",
        "WORST",
        "OFF BY",
        "",
    ]
    rows = [
        [
            r.name,
            r.route,
            *(
                words
                for planned, came in r.pairs
                for words in (span(planned.expected), span(came), span(planned.worst))
            ),
            *(["-"] * 3 if not r.readers else []),
            f"{r.off:.1%}",
            "ok" if r.fine else "OFF",
        ]
        for r in runs
    ]
    print(table(head, rows))
    return all(r.fine for r in runs)


def show_calls() -> bool:
    """Print requests a volume."""
    found = calls.measure()
    print(f"\nRequests for 20 instances with 2 volumes each, states reached at once ({found.volumes} volumes):\n")
    rows = [[op, purpose.value, n, f"{n / found.volumes:.2f}"] for (op, purpose), n in sorted(found.counts.items())]
    print(table(["OPERATION", "PURPOSE", "REQUESTS", "A VOLUME"], rows))
    mutating, reads = found.per_volume(Purpose.MUTATE), found.per_volume(Purpose.POLL, Purpose.CHECK)
    safety = found.per_volume(Purpose.SAFETY, Purpose.FIND, Purpose.PROBE, Purpose.OBSERVE)
    print(
        f"\na volume: {mutating:.2f} mutating (bound 8), {reads:.2f} polling and check reads (bound 5), {safety:.2f} safety reads"
    )
    return mutating <= 8 and reads <= 5


def show_sandbox() -> bool:
    """Print how fast the sandbox is with 10,000 volumes on 5,000 instances."""
    fleet = sandbox.measure()
    print(
        f"\nThe sandbox with {2 * sandbox.INSTANCES:,} volumes on {sandbox.INSTANCES:,} instances, CPU time in process;"
    )
    print(
        f"TURNS: thousands of turns of an empty loop that take as long (a million: {1000 * fleet.bare:.1f} ms here).\n"
    )
    head = ["CALL", "ROWS", "ANSWER", "TURNS", "WITH BOTOCORE", ""]
    rows = [
        [
            k.name,
            k.rows,
            f"{1000 * k.answer:.1f} ms",
            f"{1000 * k.answer / fleet.bare:.0f}",
            f"{1000 * k.all:.0f} ms",
            "TOO SLOW" if k in fleet.slow else "ok" if k.rows <= sandbox.PAGE else "",
        ]
        for k in fleet.looks
    ]
    print(table(head, rows))
    print(
        f"\nseeding {fleet.seeding:.2f} s, {1000 * fleet.seeding / fleet.bare:.0f} thousand turns (bound {sandbox.SEED_S:.0f} s); "
        f"a page of {sandbox.PAGE} answered within {sandbox.PAGE_MS:.0f} ms; "
        f"{fleet.memory_mb:.0f} MB resident with it (bound {sandbox.MEMORY_MB:.0f}); opening a sandbox {1000 * fleet.opening:.1f} ms"
    )
    within, over = sandbox.served()
    print(f"DescribeVolumes of the demo's fleet: {within:.0f} a second in process, {over:.0f} over a socket")
    return fleet.fine


def show_help() -> None:
    """Print the CPU seconds of --help, and their ratio to a bare interpreter."""
    bare = _cpu([sys.executable, "-c", "pass"])
    print()
    for words in (["--help"], ["plan", "--help"]):
        seconds = _cpu([sys.executable, "-m", "sealift", *words])
        print(f"sealift {' '.join(words)}: {seconds:.2f} s of CPU, {seconds / bare:.1f} times a bare interpreter")


def _cpu(command: list[str]) -> float:
    """Return the median CPU seconds of five runs."""
    figures = []
    for _ in range(5):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        figures.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return sorted(figures)[2]


sys.exit(main())
