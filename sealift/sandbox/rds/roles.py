"""Roles of instances and clusters, and activity streams."""

from typing import Any

from sealift.sandbox.rds import lookups
from sealift.sandbox.rds.refusals import refuse
from sealift.sandbox.rds.state import AnyDb, Cluster
from sealift.sandbox.world import Call, World


def _db(world: World, call: Call) -> AnyDb:
    if "Cluster" in call.operation:
        return lookups.cluster(world, call, call.params["DBClusterIdentifier"])
    return lookups.database(world, call, call.params["DBInstanceIdentifier"])


def add(world: World, call: Call) -> dict[str, Any]:
    """AddRoleToDBInstance, AddRoleToDBCluster: one role for a feature; the database must be available."""
    db, params = _db(world, call), call.params
    of_cluster = isinstance(db, Cluster)
    lookups.check_state(db, "SB-RDS-23", "available", "stopped")
    role = {"RoleArn": params["RoleArn"], "FeatureName": params.get("FeatureName", "")}
    taken = [
        r
        for r in db.roles
        if r["RoleArn"] == role["RoleArn"] or (role["FeatureName"] and r["FeatureName"] == role["FeatureName"])
    ]
    if taken:
        code = "DBClusterRoleAlreadyExists" if of_cluster else "DBInstanceRoleAlreadyExists"
        raise refuse("SB-RDS-23", code, f"The role {role['RoleArn']} is already associated.")
    made = {**role, "Status": "PENDING"}
    db.roles.append(made)
    world.later(call, db.id, world.durations.db_parameters_s, lambda at: made.update(Status="ACTIVE"))
    return {}


def remove(world: World, call: Call) -> dict[str, Any]:
    """RemoveRoleFromDBInstance, RemoveRoleFromDBCluster."""
    db, params = _db(world, call), call.params
    found = [r for r in db.roles if r["RoleArn"] == params["RoleArn"]]
    if not found:
        code = "DBClusterRoleNotFound" if isinstance(db, Cluster) else "DBInstanceRoleNotFound"
        raise refuse("SB-RDS-23", code, f"The role {params['RoleArn']} is not associated.")
    db.roles.remove(found[0])
    return {}


def start_stream(world: World, call: Call) -> dict[str, Any]:
    """StartActivityStream: each stream has a Kinesis stream of its own (R-RDS-20)."""
    params = call.params
    db = lookups.by_arn(world, call, params["ResourceArn"])
    name = f"aws-rds-das-{db.resource_id}-{world.rng.getrandbits(32):08x}"
    db.stream = {
        "ActivityStreamStatus": "started",
        "ActivityStreamKmsKeyId": params["KmsKeyId"],
        "ActivityStreamKinesisStreamName": name,
        "ActivityStreamMode": params["Mode"],
    }
    return {"KmsKeyId": params["KmsKeyId"], "KinesisStreamName": name, "Status": "starting", "Mode": params["Mode"]}


def stop_stream(world: World, call: Call) -> dict[str, Any]:
    """StopActivityStream."""
    db = lookups.by_arn(world, call, call.params["ResourceArn"])
    had, db.stream = db.stream, {"ActivityStreamStatus": "stopped"}
    shown = {
        "KmsKeyId": had.get("ActivityStreamKmsKeyId"),
        "KinesisStreamName": had.get("ActivityStreamKinesisStreamName"),
    }
    return {**{k: v for k, v in shown.items() if v}, "Status": "stopping"}


OPERATIONS = {
    "rds:AddRoleToDBInstance": add,
    "rds:AddRoleToDBCluster": add,
    "rds:RemoveRoleFromDBInstance": remove,
    "rds:RemoveRoleFromDBCluster": remove,
    "rds:StartActivityStream": start_stream,
    "rds:StopActivityStream": stop_stream,
}
