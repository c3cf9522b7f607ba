"""How fast the sandbox is on a large fleet: seeding, pages, requests over a socket, memory.

CPU seconds of a shared machine say little by themselves: each stands beside its ratio to a bare loop on the same one.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sealift.sandbox import Sandbox, answers, fleets
from sealift.sandbox.quotas import Quotas
from sealift.sandbox.server import Server

INSTANCES = 5000
PAGE, DATABASES = 500, 100
REGION = "eu-central-1"
SEED_S, PAGE_MS, MEMORY_MB = 2.0, 50.0, 400.0
"""The bounds: for seeding all of it, for the sandbox's part of one page of 500, and for the whole interpreter."""


@dataclass(frozen=True)
class Look:
    """One describe. `answer`: the sandbox's CPU seconds; `all`: with what botocore needs to sign, send and parse."""

    name: str
    rows: int
    answer: float
    all: float


@dataclass(frozen=True)
class Fleet:
    """What was measured; `bare` is the CPU time of a million turns of an empty loop."""

    bare: float
    seeding: float
    looks: list[Look]
    memory_mb: float
    opening: float

    @property
    def slow(self) -> list[Look]:
        """Return the pages whose answers take longer than their bound."""
        return [k for k in self.looks if k.rows <= PAGE and k.answer * 1000 > PAGE_MS]

    @property
    def fine(self) -> bool:
        """Whether all figures with a bound are within it."""
        return self.seeding <= SEED_S and self.memory_mb <= MEMORY_MB and not self.slow


def bare() -> float:
    """Return the CPU seconds of a million turns of a loop that does nothing."""
    began = time.process_time()
    for _ in range(1_000_000):
        pass
    return time.process_time() - began


def resident_mb() -> float:
    """Return this process's resident memory in MB; 0 where the system does not say."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(one.split()[1]) / 1024 for one in lines if one.startswith("VmRSS:")), 0.0)


def measure(instances: int = INSTANCES) -> Fleet:
    """Seed a fleet with two disks an instance and look at it in every usual way."""
    opening = _opening()
    quotas = Quotas(db_instances=DATABASES, pending_snapshots=PAGE)
    with Sandbox(quotas=quotas) as box, _timed() as spent:
        ec2 = box.client("ec2", REGION)
        ec2.describe_volumes()
        began = time.process_time()
        ids = list(fleets.seed(box, instances, REGION).values())
        seeding, memory = time.process_time() - began, resident_mb()
        looks = [_look(spent, name, look) for name, look in (*_ways(ec2, ids), *_made(box, ec2))]
        looks.append(_look(spent, "DescribeVolumes, all pages", lambda: _all(ec2), runs=1))
    return Fleet(bare(), seeding, looks, memory, opening)


def _opening() -> float:
    """Return the CPU seconds that opening and closing a sandbox takes."""
    began = time.process_time()
    for _ in range(20):
        with Sandbox():
            pass
    return (time.process_time() - began) / 20


@contextmanager
def _timed() -> Iterator[list[float]]:
    """Note the CPU time of every answer that is given in the block."""
    spent: list[float] = []
    plain = answers.Answers.answer

    def answer(self: answers.Answers, response: Any, moto: Any) -> Any:
        began = time.process_time()
        try:
            return plain(self, response, moto)
        finally:
            spent.append(time.process_time() - began)

    answers.Answers.answer = answer  # type: ignore[method-assign]
    try:
        yield spent
    finally:
        answers.Answers.answer = plain  # type: ignore[method-assign]


def _look(spent: list[float], name: str, look: Callable[[], int], runs: int = 3) -> Look:
    """Return the best of some runs: the first one warms what is kept."""
    found = []
    for _ in range(runs):
        spent.clear()
        began = time.process_time()
        rows = look()
        found.append((sum(spent), time.process_time() - began, rows))
    taken, whole, counts = zip(*found, strict=True)
    return Look(name, counts[0], min(taken), min(whole))


def _ways(ec2: Any, ids: list[str]) -> Iterator[tuple[str, Callable[[], int]]]:
    def volumes(name: str, *values: str) -> int:
        return len(ec2.describe_volumes(MaxResults=PAGE, Filters=_filter(name, *values))["Volumes"])

    some = [v["VolumeId"] for v in ec2.describe_volumes(MaxResults=200)["Volumes"]]
    yield "DescribeVolumes, a page", lambda: len(ec2.describe_volumes(MaxResults=PAGE)["Volumes"])
    yield "DescribeVolumes, encrypted=false", lambda: volumes("encrypted", "false")
    yield "DescribeVolumes, encrypted=true: none", lambda: volumes("encrypted", "true")
    yield "DescribeVolumes, tag:Name=data-*", lambda: volumes("tag:Name", "data-*")
    yield "DescribeVolumes, of one instance", lambda: volumes("attachment.instance-id", ids[-1])
    yield "DescribeVolumes, 200 ids", lambda: len(ec2.describe_volumes(VolumeIds=some)["Volumes"])
    yield "DescribeVolumeStatus, a page", lambda: len(ec2.describe_volume_status(MaxResults=PAGE)["VolumeStatuses"])
    yield "DescribeInstances, a page", lambda: len(ec2.describe_instances(MaxResults=PAGE)["Reservations"])
    yield "DescribeInstances, 200 ids", lambda: len(ec2.describe_instances(InstanceIds=ids[:200])["Reservations"])
    yield (
        "DescribeInstanceStatus, a page",
        lambda: len(ec2.describe_instance_status(MaxResults=PAGE)["InstanceStatuses"]),
    )
    yield "DescribeTags, a page", lambda: len(ec2.describe_tags(MaxResults=PAGE)["Tags"])


def _made(box: Sandbox, ec2: Any) -> Iterator[tuple[str, Callable[[], int]]]:
    """Yield the looks that need more than the fleet: snapshots and databases are made first."""
    for volume in ec2.describe_volumes(MaxResults=PAGE)["Volumes"]:
        ec2.create_snapshot(VolumeId=volume["VolumeId"])
    for n in range(DATABASES):
        box.add_db_instance(f"db-{n}", region=REGION)
    rds = box.client("rds", REGION)
    mine = {"OwnerIds": ["self"], "MaxResults": PAGE}
    yield "DescribeSnapshots, a page", lambda: len(ec2.describe_snapshots(**mine)["Snapshots"])
    yield "DescribeDBInstances, a page", lambda: len(rds.describe_db_instances()["DBInstances"])


def _filter(name: str, *values: str) -> list[dict[str, Any]]:
    return [{"Name": name, "Values": list(values)}]


def _all(ec2: Any) -> int:
    pages = ec2.get_paginator("describe_volumes").paginate(PaginationConfig={"PageSize": PAGE})
    return sum(len(page["Volumes"]) for page in pages)


def served(calls: int = 100) -> tuple[float, float]:
    """Return small describes a second of wall time: in process, and against a server in a thread of this process."""
    with Sandbox() as box:
        fleets.seed(box, "demo", REGION)
        within = _rate(box.client("ec2", REGION), calls)
    server, up, url = Server(), threading.Event(), []

    def ready(found: str) -> None:
        url.append(found)
        up.set()

    thread = threading.Thread(target=server.serve_forever, args=[ready], daemon=True)
    thread.start()
    assert up.wait(30)
    try:
        known = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
        client = server.box.client("ec2", REGION, {"endpoint_url": url[0], **known})
        return within, _rate(client, calls)
    finally:
        server.shutdown()
        thread.join(10)


def _rate(ec2: Any, calls: int) -> float:
    ec2.describe_volumes()
    began = time.perf_counter()
    for _ in range(calls):
        ec2.describe_volumes()
    return calls / (time.perf_counter() - began)
