"""What `sealift demo` shows of databases: an instance with a read replica by Blue/Green, a cluster by a snapshot."""

from dataclasses import dataclass, field
from typing import Any

from sealift.cli import run
from sealift.clock import actor
from sealift.driver import Driver, Outcome
from sealift.journal import READERS, WRITERS
from sealift.options import Options
from sealift.render.text import span, table
from sealift.sandbox import Sandbox, fleets

ACKS = ("R-FENCE-01", "R-RDS-71", "R-RDS-73")
"""What these two ask their owner: jobs inside are known, and no consumer of changes is about."""


@dataclass
class Shown:
    """One line of the closing table."""

    target: str
    engine: str
    members: tuple[str, ...]
    route: str = "-"
    outcome: Outcome | None = None
    down: dict[str, float] = field(default_factory=dict)


def put(box: Sandbox) -> list[Shown]:
    """Put the databases there: plain, and written to by clients and by jobs inside."""
    orders = box.add_db_instance(
        "orders", "postgres", write_mib_per_s=0.01, size_gib=100, DBParameterGroupName="default.postgres17"
    )
    replica = box.add_db_replica("orders-reports", orders)
    cart = box.add_db_cluster("cart", "aurora-mysql", readers=1, write_mib_per_s=0.01)
    return [
        Shown(f"rds:{orders}", "PostgreSQL, a replica", (orders, replica)),
        Shown(f"aurora:{cart}", "Aurora MySQL, a reader", (f"{cart}-1", f"{cart}-2")),
    ]


async def migrate(driver: Driver, shown: list[Shown]) -> None:
    """Move both, side by side."""

    async def one(line: Shown) -> Outcome:
        (plan,) = await driver.plan([line.target], Options(key=fleets.KEY_ALIAS, acks=ACKS))
        line.route = plan.route or "-"
        return await driver.migrate(plan, approved_by="the demo", observed=True)

    for line, outcome in zip(
        shown,
        await driver.many([lambda s=s: one(s) for s in shown]),  # type: ignore[misc]
        strict=True,
    ):
        line.outcome = outcome
        if outcome.migration:
            with actor(driver.clock):
                state = driver.journal.state(outcome.migration)
            line.down = {who: state.down_seconds(driver.clock.now(), who) for who in (WRITERS, READERS)}


def conclude(box: Sandbox, shown: list[Shown]) -> bool:
    """Print how it ended; return whether that is as it should be."""
    now = {d["DBInstanceIdentifier"]: d for d in _described(box)}
    rows = []
    for line in shown:
        code = line.outcome.exit_code if line.outcome else 1
        rows.append(
            [
                line.target,
                line.engine,
                line.route,
                span(line.down.get(WRITERS, 0.0)),
                span(line.down.get(READERS, 0.0)),
                "moved" if code == 0 else f"exit {code}",
            ]
        )
        if line.outcome and code:
            run.say(f"{line.target}: {line.outcome.message}", color="red")
    run.data("\n" + table(["DATABASE", "ENGINE", "ROUTE", "WRITERS DOWN", "READERS DOWN", "END"], rows))
    losses, twice = box.db_losses(), box.double_runs()
    run.data(f"\nlost writes of databases: {len(losses)}   jobs run twice: {len(twice)}")
    encrypted = all(now[m].get("KmsKeyId") for line in shown for m in line.members)
    return encrypted and not losses and not twice and all(s.outcome and s.outcome.exit_code == 0 for s in shown)


def _described(box: Sandbox) -> list[Any]:
    pages = box.client("rds").get_paginator("describe_db_instances").paginate()
    return [d for page in pages for d in page["DBInstances"]]
