"""docs/contracts.md: the json that sealift writes, as its own code writes it for one example."""

import asyncio
import json
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from docs.pages import examples
from docs.pages.examples import ACCOUNT, CLUSTER, DATA_VOLUME, DATABASE, OPTIONS, REGION, SHOP, ZONE
from sealift.clock import VirtualClock
from sealift.driver import Outcome
from sealift.inventory import Inventory
from sealift.journal import Journal
from sealift.kinds import EBS_VOLUME, FINDERS
from sealift.plan import Plan, digest
from sealift.planner import plan_for
from sealift.render import story
from sealift.step import Call

HEAD = """# Contracts

The json that sealift writes with `--output json`, for programs. Each document carries its `format` and version: fields
are added within a version, and none is removed or given another meaning. With `--output jsonl` there is one line for
each finding, migration or target. The examples are written by the code itself."""

INVENTORY = """## `sealift.inventory/1`

`sealift inventory`. `encryption` is `none`, `aws-owned`, `aws-managed` or `customer`; without `--all` findings under a
customer-managed key are left out. What could not be read stands under `unreadable` and is never skipped: clusters of
DocumentDB and Neptune too, which RDS lists beside its own.

All kinds have `kind`, `id`, `arn`, `account`, `region`, `encryption`, `kms_key_id`, `state`, `tags` and `rules`. An
instance of a cluster is no finding of its own: it is named under the `members` of its cluster, the writer first. A read
replica is one, with `replica_of`; it moves with its primary. The example shows the first rule of each finding."""

PLAN = """## `sealift.plan/1`

`sealift plan`, and the file that `--out` keeps for `sealift apply`. `type` and `fields` of a step are what is stored,
digested and rebuilt; `operation` and `params` are there for readers. `digest` is over everything under `migrations`: a
file that was changed by hand is refused (exit 2). `way_back_seconds` is until bring-up,
`way_back_after_bring_up_seconds` from a migration that is at rest on its replacement; `kept` is what the sources are
called while they are retained. A replacement that loads its data as they are read has rule R-RDS-33 among its `rules`,
and its `degraded_seconds`, which nobody can tell, is 0. The example shows the first two steps; the facts, which a drift
check compares, are left out."""

STATUS = """## `sealift.status/1`

`sealift status`. With a MIGRATION there is also `story`: every row of its journal in order. `down_seconds` is how long
the workload got nothing by sealift's doing, in all attempts and ways back: from the quiesce or the switchover until it
is served with no interruption to come, and in a way back after bring-up from the fence of what served. `down_since`
(Unix seconds, null where it is served) is set while that is so; `reader_down_seconds` and `reader_down_since` are the
same for who reads from replicas. `last_error` is what last went wrong in this attempt (null where nothing has), tried
again since or not: `error` and `message`, and where they apply `step`, `resource`, `code`, `request_id` and `remedy`.
`phase` is `prepare`, `gate`, `cutover`, `confirm` or `going-back` while something is under way, `needs-a-person`, or one of
the ends: `retained`, `rolled-back`, `finalized`, and `given-up`, where of a volume or a database neither the source nor the
replacement is left, or the instance is terminated, or a finalize has begun and can neither be finished nor put back, and
somebody has said so (`accept`)."""

OUTCOMES = """## Outcomes

`apply`, `migrate`, `resume`, `rollback`, `accept`, `verify` and `adopt` end with one row for each target;
[exit codes](cli.md#exit-codes)."""

STEPS_SHOWN = 2
ID = "mig-0123456789"


def page() -> str:
    """Return the page."""
    outcome = Outcome(DATA_VOLUME.id, ID, 0, f"{DATA_VOLUME.id} runs on its replacement; …")
    parts = [HEAD, INVENTORY, _json(_inventory()), PLAN, _json(_plan()), STATUS, _json(_status())]
    return "\n\n".join([*parts, OUTCOMES, _json([asdict(outcome)])])


def _json(body: Any) -> str:
    return f"```json\n{json.dumps(body, indent=1, ensure_ascii=False, default=str)}\n```"


def _made() -> Plan:
    example = examples.of(EBS_VOLUME)
    return Plan((plan_for(EBS_VOLUME, example.facts, OPTIONS, example.target, ACCOUNT, REGION),))


def _plan() -> dict[str, Any]:
    body = _made().to_json()
    (migration,) = body["migrations"]
    migration["steps"] = [*migration["steps"][:STEPS_SHOWN], "…"]
    migration["facts"] = "…"
    return {**body, "digest": "sha256:…"}  # the real one changes with every step, and would tell a reader nothing


def _status() -> dict[str, Any]:
    row = _made().migrations[0].to_json()
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal(VirtualClock(), Path(folder) / "journal.db")
        journal.begin(row, digest([row]), ())
        rows = [{**status, "id": ID} for status in story.all_of(journal)]
        journal.close()
    return {"format": "sealift.status/1", "migrations": rows}


def _inventory() -> dict[str, Any]:
    volume = {
        "VolumeId": DATA_VOLUME.id, "State": "available", "AvailabilityZone": ZONE, "VolumeType": "gp3", "Size": 100,
        "Encrypted": False, "Iops": 3000, "Throughput": 125, "Attachments": [], "Tags": [{"Key": "Name", "Value": "data"}],
    }  # fmt: skip
    own = {"DBClusterIdentifier": SHOP.id, "DBSubnetGroup": DATABASE["DBSubnetGroup"]}
    listed = [m.described | own | {"DBInstanceStatus": m.state} for m in SHOP.members]
    members = [{"DBInstanceIdentifier": m.id, "IsClusterWriter": m.writer} for m in SHOP.members]
    answers: Mapping[str, dict[str, Any]] = {
        "ec2:DescribeVolumes": {"Volumes": [volume]},
        "rds:DescribeDBInstances": {"DBInstances": [DATABASE, *listed]},
        "rds:DescribeDBClusters": {"DBClusters": [CLUSTER | {"DBClusterMembers": members}]},
    }

    async def read(call: Call) -> dict[str, Any]:
        return answers.get(call.operation, {})

    async def every() -> list[dict[str, Any]]:
        found = [await find(read, ACCOUNT, REGION) for _, find in FINDERS]
        return [_shortened(f) for findings, _ in found for f in findings]

    gap = {"kind": "ebs-volume", "region": "eu-west-1", "error": "ec2:DescribeVolumes was refused: …"}
    return Inventory(asyncio.run(every()), [gap], whole_unreadable=False).to_json()


def _shortened(finding: dict[str, Any]) -> dict[str, Any]:
    """Leave all rules but the first out, which are alike."""
    return finding | {"rules": [*finding["rules"][:1], *(["…"] if len(finding["rules"]) > 1 else [])]}
