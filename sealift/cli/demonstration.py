"""What `sealift demo` does: six instances and two databases, on a sandbox inside this process and virtual time."""

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sealift.cli import demonstrated_databases, run
from sealift.clock import VirtualClock, actor
from sealift.driver import Driver, Outcome
from sealift.engine import local_runner
from sealift.events import Event
from sealift.options import Options
from sealift.render.text import span, table
from sealift.sandbox import Sandbox, fleets
from sealift.settings import Settings
from sealift.step import Call
from sealift.steps.looks import hydrated

REGION = fleets.REGION
HOUR = 3600.0
LATER = 7 * 24 * HOUR


@dataclass
class Shown:
    """One line of the closing table."""

    name: str
    instance: str
    outcome: Outcome | None = None
    down: float = 0.0
    degraded: float | None = None
    route: str = ""


async def demonstrate(*, prefect: bool) -> int:
    """Run the demo and return its exit code: 0 where everything ended as it should."""
    began = time.monotonic()
    clock = VirtualClock()
    with tempfile.TemporaryDirectory(prefix="sealift-demo-") as folder, Sandbox(clock=clock) as box:
        fleet, databases = fleets.seed(box, "demo"), demonstrated_databases.put(box)
        clock.advance(HOUR)  # the workloads have been writing for an hour
        before = _volumes(box)
        settings = Settings(Path(folder) / "journal.db", REGION)
        driver = Driver(settings, clock=clock, listeners=[_fragile(box), _tell(fleet)])
        shown = {name: Shown(name, instance) for name, instance in fleet.items()}
        run.say(
            "Six instances write to their disks. All volumes are plain. Moving them under alias/sealift-demo:\n",
            bold=True,
        )
        await _migrate(driver, shown, prefect=prefect)
        run.say(
            "\nA database with a read replica, and a cluster: clients and jobs inside write all the time.", bold=True
        )
        await demonstrated_databases.migrate(driver, databases)
        with actor(clock):
            await _hydrate(driver, shown)
        moved = demonstrated_databases.conclude(box, databases)
        return _conclude(box, shown, before, _named(driver, shown), time.monotonic() - began, moved=moved)


def _options(name: str) -> Options:
    key = fleets.FRAGILE_ALIAS if name == "pay-1" else fleets.KEY_ALIAS
    acks = ("R-EBS-31", "R-EBS-30", "R-EBS-41", "R-EBS-43", "R-EBS-89")
    return Options(key=key, acks=acks, quiesce="true" if name == "app-1" else "")


async def _migrate(driver: Driver, shown: dict[str, Shown], *, prefect: bool) -> None:
    flow = "web-1" if prefect else ""

    async def one(line: Shown) -> Outcome:
        (plan,) = await driver.plan([line.instance], _options(line.name))
        line.route = plan.route or "-"
        return await driver.migrate(plan, approved_by="the demo", observed=True, runner=local_runner)

    lines = [s for s in shown.values() if s.name != flow]
    outcomes = await driver.many([lambda s=s: one(s) for s in lines])  # type: ignore[misc]
    for line, outcome in zip(lines, outcomes, strict=True):
        line.outcome = outcome
    if flow:
        from sealift.project import with_prefect

        run.say("\nThe sixth, web-1, through its Prefect flow (a temporary server starts; some 20 s):", bold=True)
        line = shown[flow]
        with actor(driver.clock):
            plans = await driver.plan([line.instance], _options(flow))
        line.route = plans[0].route or "-"
        (line.outcome,) = await with_prefect(driver, plans, approved_by="the demo", observed=True)
    for line in shown.values():
        if line.outcome and line.outcome.migration:
            line.down = driver.journal.state(line.outcome.migration).down_seconds(driver.clock.now())


def _fragile(box: Sandbox) -> Any:
    """Disable pay-1's key between the copy and the start: the instance falls back to stopped, and goes back by itself
    (R-EBS-55).
    """

    def listen(event: Event) -> None:
        if event.name == "step-done" and event.step == "verify:attachments":
            kms = box.client("kms")
            arn = kms.describe_key(KeyId=fleets.FRAGILE_ALIAS)["KeyMetadata"]["Arn"]
            names = {t["Value"] for t in _tags(box, event.target) if t["Key"] == "Name"}
            if "pay-1" in names:
                box.disable_key(arn)

    return listen


def _tags(box: Sandbox, instance: str) -> Sequence[Any]:
    ec2 = box.client("ec2")
    return list(ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0].get("Tags", ()))


def _tell(fleet: dict[str, str]) -> Any:
    names = {instance: name for name, instance in fleet.items()}

    def listen(event: Event) -> None:
        who = names.get(event.target, event.target)
        at = time.strftime("%H:%M:%S", time.gmtime(event.at))
        if event.name == "quiesce" and event.data["down"]:
            run.say(f"  {at}  {who:8} goes down")
        elif event.name == "bring-up":
            run.say(f"  {at}  {who:8} is on its replacement")
        elif event.name == "direction":
            run.say(f"  {at}  {who:8} turns back: {event.data['why'][:110]}", color="yellow")
        elif event.name == "end":
            run.say(f"  {at}  {who:8} rests: {event.data['as']}")

    return listen


def _volumes(box: Sandbox) -> dict[str, Any]:
    ec2 = box.client("ec2")
    pages = ec2.get_paginator("describe_volumes").paginate()
    return {v["VolumeId"]: v for page in pages for v in page["Volumes"] if v["State"] not in ("deleting", "deleted")}


async def _hydrate(driver: Driver, shown: dict[str, Shown]) -> None:
    """Let time pass until every replacement is at full speed, and write down when it was."""
    gateway = await driver.gateway(REGION)
    waiting: dict[str, tuple[Shown, float]] = {}
    for line in shown.values():
        if not (line.outcome and line.outcome.exit_code == 0 and line.outcome.migration):
            continue
        state = driver.journal.state(line.outcome.migration)
        line.degraded = 0.0
        waiting |= {
            str(out["VolumeId"]): (line, state.brought_up or driver.clock.now())
            for key, out in state.outputs.items()
            if key.startswith("copy:") and "VolumeId" in out
        }
    until = driver.clock.now() + LATER
    while waiting and driver.clock.now() < until:
        reply = await gateway.read(Call("ec2:DescribeVolumeStatus", {"VolumeIds": sorted(waiting)}))
        for status in reply["VolumeStatuses"]:
            if hydrated(status):
                line, since = waiting.pop(status["VolumeId"])
                line.degraded = max(line.degraded or 0.0, driver.clock.now() - since)
        if waiting:
            await driver.clock.sleep(60)


def _conclude(
    box: Sandbox, shown: dict[str, Shown], before: dict[str, Any], named: set[str], seconds: float, *, moved: bool
) -> int:
    after, losses = _volumes(box), box.losses()
    rows = []
    for line in shown.values():
        was = [v for v in before.values() if _attached(v) == line.instance]
        now = [v for v in after.values() if _attached(v) == line.instance]
        code = line.outcome.exit_code if line.outcome else 1
        end = {0: "moved", 4: "refused", 5: "put back"}.get(code, f"exit {code}")
        done = code == 0
        rows.append(
            [
                line.name,
                _shapes(was),
                _shapes(now),
                line.route,
                span(line.down) if line.down else "-",
                span(line.degraded or 0) if done else "-",
                end,
            ]
        )
    run.data("\n" + table(["INSTANCE", "BEFORE", "AFTER", "ROUTE", "DOWN", "DEGRADED", "END"], rows))
    for line in shown.values():
        if line.outcome and line.outcome.exit_code:
            run.data(f"\n{line.name}: {line.outcome.message}")
    left, verdict = _leftovers(box, before, after, named), _as_it_should(shown, after, losses)
    run.data(
        f"\nlost writes: {len(losses)}   retained until finalize: {left[0]} sources, {left[1]} plain snapshots   "
        f"leftovers: {left[2]}   took {seconds:.0f} s"
    )
    run.data("Durations are the sandbox's (modelled): sealift/sandbox/README.md says where each comes from.")
    run.data(
        "\nWhere to look next:\n  sealift sandbox serve      the same account over HTTP, to type at\n"
        "  sealift plan --help        what can be chosen\n  docs/how-to.md             a first migration on AWS"
    )
    if not verdict or not moved or left[2]:
        run.say("the demo did not end as it should", color="red")
        return 1
    return 0


def _attached(volume: Any) -> str:
    attachments = volume.get("Attachments") or [{}]
    return str(attachments[0].get("InstanceId", ""))


def _shapes(volumes: Sequence[Any]) -> str:
    parts = []
    for v in sorted(volumes, key=lambda v: v["Attachments"][0]["Device"], reverse=True):
        fast = f" {v['Iops']} IOPS" if v.get("Iops", 0) > 3000 else ""
        parts.append(f"{v['Size']} GiB {v['VolumeType']}{fast} {'CMK' if v['Encrypted'] else 'plain'}")
    return " + ".join(parts)


def _leftovers(box: Sandbox, before: dict[str, Any], after: dict[str, Any], named: set[str]) -> tuple[int, int, int]:
    """Count retained sources, the plain snapshots that finalize will delete, and what nobody expects."""
    loose = {v["VolumeId"] for v in after.values() if not v.get("Attachments")}
    snapshots = {s["SnapshotId"] for s in box.client("ec2").describe_snapshots(OwnerIds=["self"])["Snapshots"]}
    unexpected = (loose - set(before)) | (snapshots - named)
    return len(loose & set(before)), len(snapshots & named), len(unexpected)


def _named(driver: Driver, shown: dict[str, Shown]) -> set[str]:
    """Return every snapshot that the journal names for migrations that have been kept."""
    kept = [s.outcome.migration for s in shown.values() if s.outcome and s.outcome.exit_code == 0]
    return {
        str(out["SnapshotId"]) for m in kept for out in driver.journal.state(m).outputs.values() if "SnapshotId" in out
    }


def _as_it_should(shown: dict[str, Shown], after: dict[str, Any], losses: Sequence[Any]) -> bool:
    wanted = {"web-1": 0, "db-1": 0, "app-1": 0, "batch-1": 0, "asg-1": 4, "pay-1": 5}
    ends = {name: line.outcome.exit_code if line.outcome else 1 for name, line in shown.items()}
    moved = {line.instance for name, line in shown.items() if wanted[name] == 0}
    plain = [v for v in after.values() if _attached(v) in moved and not v["Encrypted"]]
    return ends == wanted and not plain and not losses
