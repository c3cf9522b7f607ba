"""CloudWatch metrics of databases that fences and switchovers go by: connections and replica lag.

A point stands at the begin of its minute, says what was so at one moment within it, and is shown some time after its end
(SB-RDS-47). How many were connected is known of every moment; a lag is shown in all points as it is now.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sealift.sandbox.rds.state import AnyDb, Cluster, Database, books, here
from sealift.sandbox.world import Call, World, iso

NAMESPACE = "AWS/RDS"

MINUTE = 60
"""Seconds: metrics of RDS are of one-minute periods."""

MOST = 1440
"""Points that are answered: the newest day, which AWS has no limit at."""

Sampled = Callable[[float], float | None]
"""What a metric was at a moment; None: there is nothing to show of it."""


def connections(world: World, db: Database) -> int:
    """Count the clients that are connected to an instance."""
    return sum(1 for c in books(world, db.account, db.region).clients if c.at is db)


def lag(db: AnyDb) -> float:
    """Return how many seconds a replica is behind."""
    return db.store.lag if db.store.follows else 0.0


def _connected(members: list[Database]) -> Sampled:
    def at(moment: float) -> float | None:
        known = [n for m in members if (n := _newest(m.connected, moment)) is not None]
        return float(sum(known)) if known else None

    return at


def _newest(noted: list[tuple[float, int | None]], moment: float) -> int | None:
    return next((n for since, n in reversed(noted) if since <= moment), None)


def _sampled(world: World, db: AnyDb, name: str) -> Sampled:
    members = db.members if isinstance(db, Cluster) else [db]
    if name == "DatabaseConnections":
        return _connected(members)
    cluster = db if isinstance(db, Cluster) else db.cluster
    if name == "ReplicaLag" and db.store.follows and cluster is None:
        return lambda _: lag(db)
    if cluster is not None and db in (cluster, cluster.writer):
        if name == "AuroraBinlogReplicaLag" and cluster.store.follows and _speaks(cluster, "aurora-mysql"):
            return lambda _: lag(cluster)
        if name == "OldestReplicationSlotLag" and _speaks(cluster, "aurora-postgresql"):
            return lambda _: _slot_lag(world, cluster)
    if name.startswith("AuroraReplicaLag") and len(members) > 1:
        return lambda _: 1000.0 * world.durations.aurora_replica_lag_s
    return lambda _: None


def _speaks(cluster: Cluster, engine: str) -> bool:
    return str(cluster.shown["Engine"]) == engine


def _slot_lag(world: World, cluster: Cluster) -> float | None:
    """Return the bytes that the slowest of the green clusters has not received; None where no slot is (SB-AUR-47)."""
    room, now = books(world, cluster.account, cluster.region), world.now()
    greens = [c.store for c in room.clusters.values() if c.store.follows is cluster.store]
    whole = cluster.store.contents(now)
    return max((whole.minus(g.contents(now)).mib(world.rates) * 2**20 for g in greens), default=None)


def _find(world: World, call: Call, dimensions: list[dict[str, str]]) -> AnyDb | None:
    asked, room = {d["Name"]: d["Value"] for d in dimensions}, here(world, call)
    if "DBInstanceIdentifier" in asked:
        return room.databases.get(asked["DBInstanceIdentifier"])
    return room.clusters.get(asked.get("DBClusterIdentifier", ""))


def _points(
    world: World, call: Call, metric: str, dimensions: list[dict[str, str]], period: int
) -> dict[float, list[float]]:
    """Return what was sampled within the window that is asked about, by the begin of each period."""
    db = _find(world, call, dimensions)
    found: dict[float, list[float]] = {}
    if db is None:
        return found
    d, sampled = world.durations, _sampled(world, db, metric)
    shown = min(call.at - d.metric_late_s - MINUTE, _moment(call.params["EndTime"]) - 1)
    start = max(_moment(call.params["StartTime"]), db.created, shown - MOST * MINUTE)
    minute = -(-start // MINUTE) * MINUTE
    while minute <= shown:
        if (value := sampled(minute + d.metric_sampled_s)) is not None:
            found.setdefault(minute // period * period, []).append(value)
        minute += MINUTE
    return found


def _moment(told: Any) -> float:
    return told.timestamp() if isinstance(told, datetime) else float(told)


_STATISTICS: dict[str, Callable[[list[float]], float]] = {
    "Average": lambda values: sum(values) / len(values),
    "Maximum": max,
    "Minimum": min,
    "Sum": sum,
    "SampleCount": len,
}


def data(world: World, call: Call) -> dict[str, Any] | None:
    """GetMetricData, where it is about RDS; the newest first, unless it is asked for otherwise."""
    queries = call.params.get("MetricDataQueries", [])
    if not any(q.get("MetricStat", {}).get("Metric", {}).get("Namespace") == NAMESPACE for q in queries):
        return None
    results = []
    for query in queries:
        asked = query["MetricStat"]
        metric, combine = asked["Metric"], _STATISTICS[asked["Stat"]]
        found = _points(world, call, metric["MetricName"], metric.get("Dimensions", []), int(asked["Period"]))
        moments = sorted(found, reverse=call.params.get("ScanBy") != "TimestampAscending")
        told = {"Timestamps": [iso(m) for m in moments], "Values": [float(combine(found[m])) for m in moments]}
        results.append({"Id": query["Id"], "Label": metric["MetricName"], "StatusCode": "Complete", **told})
    return {"MetricDataResults": results}


def statistics(world: World, call: Call) -> dict[str, Any] | None:
    """GetMetricStatistics, where it is about RDS."""
    params = call.params
    if params.get("Namespace") != NAMESPACE:
        return None
    found = _points(world, call, params["MetricName"], params.get("Dimensions", []), int(params["Period"]))
    points = [
        {"Timestamp": iso(m), "Unit": "Count", **{name: float(f(values)) for name, f in _STATISTICS.items()}}
        for m, values in found.items()
    ]
    return {"Label": params["MetricName"], "Datapoints": points}


OPERATIONS = {"cloudwatch:GetMetricData": data, "cloudwatch:GetMetricStatistics": statistics}
