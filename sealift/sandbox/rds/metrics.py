"""CloudWatch metrics of databases that fences and switchovers go by: connections and replica lag."""

from typing import Any

from sealift.sandbox.rds.state import AnyDb, Cluster, Database, books, here
from sealift.sandbox.world import Call, World, iso

NAMESPACE = "AWS/RDS"


def connections(world: World, db: Database) -> int:
    """Count the clients that are connected to an instance."""
    return sum(1 for c in books(world, db.account, db.region).clients if c.at is db)


def lag(db: AnyDb) -> float:
    """Return how many seconds a replica is behind."""
    return db.store.lag if db.store.follows else 0.0


def _value(world: World, db: AnyDb, name: str) -> float | None:
    members = db.members if isinstance(db, Cluster) else [db]
    if name == "DatabaseConnections":
        return float(sum(connections(world, m) for m in members))
    if name == "ReplicaLag" and db.store.follows:
        return lag(db)
    if name.startswith("AuroraReplicaLag") and len(members) > 1:
        return 1000.0 * world.durations.aurora_replica_lag_s
    return None


def _find(world: World, call: Call, dimensions: list[dict[str, str]]) -> AnyDb | None:
    asked, room = {d["Name"]: d["Value"] for d in dimensions}, here(world, call)
    if "DBInstanceIdentifier" in asked:
        return room.databases.get(asked["DBInstanceIdentifier"])
    return room.clusters.get(asked.get("DBClusterIdentifier", ""))


def data(world: World, call: Call) -> dict[str, Any] | None:
    """GetMetricData, where it is about RDS: one value, as of now."""
    queries = call.params.get("MetricDataQueries", [])
    if not any(q.get("MetricStat", {}).get("Metric", {}).get("Namespace") == NAMESPACE for q in queries):
        return None
    results = []
    for query in queries:
        metric = query["MetricStat"]["Metric"]
        db = _find(world, call, metric.get("Dimensions", []))
        value = _value(world, db, metric["MetricName"]) if db else None
        told = (
            {"Timestamps": [iso(call.at)], "Values": [value]} if value is not None else {"Timestamps": [], "Values": []}
        )
        results.append({"Id": query["Id"], "Label": metric["MetricName"], "StatusCode": "Complete", **told})
    return {"MetricDataResults": results}


def statistics(world: World, call: Call) -> dict[str, Any] | None:
    """GetMetricStatistics, where it is about RDS."""
    params = call.params
    if params.get("Namespace") != NAMESPACE:
        return None
    db = _find(world, call, params.get("Dimensions", []))
    value = _value(world, db, params["MetricName"]) if db else None
    points = []
    if value is not None:
        told = dict.fromkeys(("Average", "Maximum", "Minimum", "Sum"), value)
        points = [{"Timestamp": iso(call.at), "Unit": "Count", "SampleCount": 1.0, **told}]
    return {"Label": params["MetricName"], "Datapoints": points}


OPERATIONS = {"cloudwatch:GetMetricData": data, "cloudwatch:GetMetricStatistics": statistics}
