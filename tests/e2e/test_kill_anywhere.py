"""kill -9 of a real process at ten points of a migration, then `sealift resume`: as if nothing had been, and nothing made twice."""

import os
import re
import signal
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.served import Box, serving

pytestmark = [pytest.mark.process, pytest.mark.xdist_group("kill")]

SPEED = 150.0
AT_ONCE = 3
KEY = "alias/app"
REGIONS = ("eu-central-1", "eu-west-1", "us-east-1", "us-west-2")
"""A clone holds its slot until it is hydrated: the instances are spread so that none waits for another's."""

VOLUMES = [
    {"device": "/dev/xvda", "size_gib": 4},
    {
        "device": "/dev/sdf",
        "size_gib": 8,
        "iops": 4000,
        "throughput": 250,
        "delete_on_termination": False,
        "tags": {"Name": "data"},
    },
]
SHAPE = ("Encrypted", "VolumeType", "Size", "Iops", "Throughput", "AvailabilityZone", "MultiAttachEnabled", "State")
MAKES = ("ec2:CopyVolumes", "ec2:CreateVolume", "ec2:CreateSnapshot", "ec2:CopySnapshot")


@dataclass(frozen=True)
class Point:
    """Where a process is killed: at a row that a step writes, before it is on disk or after."""

    route: str
    step: str
    what: str
    when: str


POINTS = {
    "the source is claimed and the journal does not know": Point("clone", "mark:/dev/xvda", "made", "before"),
    "a snapshot is about to be asked for": Point("snapshot", "warm:/dev/sdf", "intent", "after"),
    "a snapshot was made and the journal does not know": Point("snapshot", "warm:/dev/xvda", "made", "before"),
    "everything is prepared": Point("clone", "-", "gate-open", "after"),
    "the stop was sent and the journal does not know": Point("clone", "stop", "made", "before"),
    "one source is detached": Point("snapshot", "detach:/dev/xvda", "done", "after"),
    "a copy was made and the journal does not know": Point("clone", "copy:/dev/sdf", "made", "before"),
    "a replacement was made of a snapshot and the journal does not know": Point(
        "snapshot", "copy:/dev/sdf", "made", "before"
    ),
    "a replacement is about to be attached": Point("clone", "attach:/dev/xvda", "intent", "after"),
    "the workload was started and the journal does not know": Point("copy", "start", "made", "before"),
}
UNDISTURBED = {route: Point(route, "", "", "") for route in ("clone", "snapshot", "copy")}


@dataclass(frozen=True)
class End:
    """How a migration ended: what the account looks like, and what was made on the way."""

    killed: bool
    code: int
    said: str
    volumes: dict[str, Any]
    power: str
    made: Counter[str]
    leftovers: list[str]


def migrated(box: Box, journal: Path, number: int, point: Point) -> End:
    """Migrate an instance of its own, killed at the point; resume; look."""
    region = REGIONS[number % len(REGIONS)]
    instance = box.instance(region, name=f"box-{number}", volumes=VOLUMES)
    acks = ("--ack", "R-EBS-31", "--ack", "R-EBS-89")
    words = ["migrate", instance, "--key", KEY, "--region", region, "--route", point.route, *acks, "--local", "--yes"]
    if not point.step:
        done = box.sealift(*words)
        return end_of(box, region, instance, done.returncode, done.stderr, killed=False)
    doomed = [sys.executable, str(Path(__file__).with_name("doomed.py")), point.step, point.what, point.when, "--"]
    first = box.sealift(*words, command=doomed)
    done = box.sealift("resume", migration_of(journal, instance))
    return end_of(box, region, instance, done.returncode, done.stderr, killed=first.returncode == -9)


def migration_of(journal: Path, instance: str) -> str:
    """Return the migration of an instance."""
    with closing(sqlite3.connect(journal)) as db:
        return str(db.execute("SELECT id FROM migrations WHERE target = ?", (instance,)).fetchone()[0])


def end_of(box: Box, region: str, instance: str, code: int, said: str, *, killed: bool) -> End:
    """Look at the account."""
    assert code == 0, said
    ec2 = box.client(region)
    found = ec2.describe_volumes(Filters=[{"Name": "attachment.instance-id", "Values": [instance]}])["Volumes"]
    state = ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]["State"]["Name"]
    volumes = {
        v["Attachments"][0]["Device"]: {
            **{k: v.get(k) for k in SHAPE},
            "under the key": key_of(box, region) == v.get("KmsKeyId"),
            "delete on termination": v["Attachments"][0]["DeleteOnTermination"],
            "tags": {t["Key"]: t["Value"] for t in v["Tags"] if not t["Key"].startswith("sealift:")},
        }
        for v in found
    }
    return End(killed, code, said[-600:], volumes, state, *made_for(box, region, found))


def key_of(box: Box, region: str) -> str:
    """Return the key that is wanted."""
    return str(box.client(region, "kms").describe_key(KeyId=KEY)["KeyMetadata"]["Arn"])


def made_for(box: Box, region: str, serving: list[Any]) -> tuple[Counter[str], list[str]]:
    """Count what was made for the migration of these volumes, by the calls and by what is there."""
    (migration,) = {t["Value"] for v in serving for t in v["Tags"] if t["Key"] == "sealift:migration"}
    mine = [{"Name": "tag:sealift:migration", "Values": [migration]}]
    ec2 = box.client(region)
    volumes = ec2.describe_volumes(Filters=mine)["Volumes"]
    snapshots = ec2.describe_snapshots(OwnerIds=["self"], Filters=mine)["Snapshots"]
    made = Counter({"volumes": len(volumes), "snapshots": len(snapshots)})
    calls: dict[str, set[str]] = {}
    for event in box.ask("log"):
        tags = {t["Key"]: t["Value"] for s in event["params"].get("TagSpecifications") or () for t in s["Tags"]}
        if event["operation"] in MAKES and event["outcome"] == "ok" and tags.get("sealift:migration") == migration:
            token = event["params"].get("ClientToken") or f"call {event['at']}"
            calls.setdefault(event["operation"], set()).add(token)
    made.update({operation: len(tokens) for operation, tokens in calls.items()})
    return made, [v["VolumeId"] for v in volumes if v["Encrypted"] and not v["Attachments"]]


@pytest.fixture(scope="module")
def ends(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[dict[str, End], list[Any]]]:
    """Run everything once, several processes at a time; yield the ends by name, and the writes that were lost."""
    folder = tmp_path_factory.mktemp("kill")
    with serving(folder, SPEED) as box, ThreadPoolExecutor(AT_ONCE) as pool:
        for region in REGIONS:
            box.ask("keys", {"region": region, "alias": KEY})
        work = {**UNDISTURBED, **POINTS}
        journal = folder / "journal.db"
        futures = {
            name: pool.submit(migrated, box, journal, number, point)
            for number, (name, point) in enumerate(work.items())
        }
        found = {name: future.result() for name, future in futures.items()}
        yield found, box.ask("losses")


@pytest.mark.parametrize("name", POINTS)
def test_killed_and_resumed_it_ends_as_if_nothing_had_been(ends: tuple[dict[str, End], list[Any]], name: str) -> None:
    """The end state is that of a run that nobody disturbed, no volume and no snapshot is made twice, and none is left over."""
    end, undisturbed = ends[0][name], ends[0][POINTS[name].route]
    assert end.killed
    assert (end.code, undisturbed.code) == (0, 0), end.said + undisturbed.said
    assert {"/dev/xvda", "/dev/sdf"} == end.volumes.keys()
    assert undisturbed.volumes == {
        device: volume | {"AvailabilityZone": undisturbed.volumes[device]["AvailabilityZone"]}
        for device, volume in end.volumes.items()
    }
    assert all(v["Encrypted"] and v["under the key"] for v in end.volumes.values())
    assert end.power == undisturbed.power == "running"
    assert undisturbed.made == end.made
    assert end.leftovers == []


def test_no_write_is_lost_however_it_was_killed(ends: tuple[dict[str, End], list[Any]]) -> None:
    """The workloads wrote until they were stopped and from the second they were started: the replacements have it all."""
    assert ends[1] == []


def test_a_process_killed_from_outside_while_it_waits_is_taken_over_at_once(tmp_path: Path) -> None:
    """A driver that waits for a snapshot is killed by somebody else; the next one knows that it is gone, and goes on with that snapshot."""
    with serving(tmp_path, SPEED) as box:
        box.ask("keys", {"region": REGIONS[0], "alias": KEY})
        instance = box.instance(REGIONS[0], volumes=[{"device": "/dev/xvda", "size_gib": 30}])
        process = box.start("migrate", instance, "--key", KEY, "--ack", "R-EBS-31", "--local", "--yes")
        journal = tmp_path / "journal.db"
        until(lambda: "made" in rows_of(journal, "warm:/dev/xvda"))
        os.kill(process.pid, 9)
        assert process.wait(10) == -9
        began = time.monotonic()
        done = box.sealift("resume", migration_of(journal, instance))
        assert done.returncode == 0, done.stderr
        assert time.monotonic() - began < 30
        assert end_of(box, REGIONS[0], instance, 0, "", killed=True).made["snapshots"] == 1
        assert box.ask("losses") == []


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_while_the_workload_is_down_it_says_so(tmp_path: Path, how: signal.Signals) -> None:
    """Ctrl-C, or a service being stopped, in the cutover: exit 130, the lease is given back, and the one line says that the
    workload is down and which command goes on.
    """
    with serving(tmp_path, SPEED / 3) as box:
        box.ask("keys", {"region": REGIONS[0], "alias": KEY})
        instance = box.instance(REGIONS[0], volumes=VOLUMES[:1])
        process = box.start("migrate", instance, "--key", KEY, "--ack", "R-EBS-31", "--local", "--yes")
        journal = tmp_path / "journal.db"
        until(lambda: "made" in rows_of(journal, "stop"))
        process.send_signal(how)
        said = process.communicate(timeout=20)[1].decode().splitlines()[-1]
        migration = migration_of(journal, instance)
        assert (process.returncode, lease_is_free(journal, migration)) == (130, True)
        assert re.fullmatch(
            f"sealift: {migration} was interrupted; THE WORKLOAD OF {instance} IS DOWN since [-0-9]+ [:0-9]+Z. "
            f"Go on: sealift resume {migration}",
            said,
        )
        assert box.sealift("resume", migration).returncode == 0
        assert box.ask("losses") == []


def lease_is_free(journal: Path, migration: str) -> bool:
    """Tell whether a driver of any host may take over at once."""
    with closing(sqlite3.connect(journal, timeout=10)) as db:
        (free,) = db.execute("SELECT free FROM leases WHERE migration = ?", (migration,)).fetchone()
    return bool(free)


def rows_of(journal: Path, step: str) -> list[str]:
    """Return the rows of a step so far."""
    if not journal.exists():
        return []
    with closing(sqlite3.connect(journal, timeout=10)) as db:
        try:
            return [str(r[0]) for r in db.execute("SELECT what FROM entries WHERE step = ?", (step,))]
        except sqlite3.OperationalError:
            return []


def until(true: Any, seconds: float = 20.0) -> None:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)
