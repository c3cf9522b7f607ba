"""What CreateBlueGreenDeployment refuses, by what the blue environment is."""

from sealift.sandbox.rds import building, engines, lookups
from sealift.sandbox.rds.refusals import refuse
from sealift.sandbox.rds.state import AnyDb, Books, Cluster, Database, everywhere, here
from sealift.sandbox.world import Call, World


def check(world: World, call: Call, blue: AnyDb) -> None:
    """Refuse a blue environment that Blue/Green does not support."""
    room = here(world, call)
    lookups.check_state(blue, "SB-BG-01", "available")
    if blue.blocked_by:
        raise _no(blue, "SB-BG-01", f"{blue.id} is in the deployment {blue.blocked_by} already.")
    engine = blue.shown["Engine"]
    if engine not in engines.BLUE_GREEN:
        raise _no(blue, "R-RDS-43", f"Blue/green deployments aren't supported for {engine}.")
    if any(t.startswith("aws:cloudformation:") for t in blue.tags):
        raise _no(
            blue, "R-RDS-43", "Blue/green deployments aren't supported for resources that CloudFormation manages."
        )
    if blue.secret:
        raise _no(blue, "R-RDS-17", "Blue/green deployments aren't supported while RDS manages the master password.")
    if any(i.get("SourceArn") == blue.arn for i in room.book("integration").values()):
        raise _no(blue, "R-RDS-19", "Delete the zero-ETL integrations of the source first.")
    if isinstance(blue, Cluster):
        _check_cluster(world, call, blue)
    else:
        _check_instance(world, call, room, blue)


def _no(blue: AnyDb, rule: str, message: str) -> Exception:
    code = "SourceClusterNotSupportedFault" if isinstance(blue, Cluster) else "SourceDatabaseNotSupportedFault"
    return refuse(rule, code, message)


def _check_instance(world: World, call: Call, room: Books, blue: Database) -> None:
    if blue.cluster:
        raise _no(blue, "R-RDS-07", f"{blue.id} is a member of a cluster: name the cluster.")
    if blue.source:
        raise _no(blue, "R-RDS-43", "A read replica cannot be the source of a blue/green deployment.")
    replicas = [r for other in everywhere(world) for r in other.databases.values() if r.source is blue]
    if any(r.region != blue.region for r in replicas):
        raise _no(blue, "R-RDS-43", "Blue/green deployments don't support cross-Region read replicas.")
    if any(r.source in replicas for r in room.databases.values()):
        raise _no(blue, "R-RDS-43", "Blue/green deployments don't support cascading read replicas.")
    if not blue.shown.get("BackupRetentionPeriod"):
        raise _no(blue, "R-RDS-42", "Automated backups must be enabled for the source of a blue/green deployment.")
    if blue.external:
        raise _no(blue, "R-RDS-42", "An external replica cannot be the source of a blue/green deployment.")
    engine, target = blue.shown["Engine"], call.params.get("TargetEngineVersion")
    upgrade = target and engines.major(engine, engines.version(engine, target)) != engines.major(
        engine, blue.shown["EngineVersion"]
    )
    if engine == "postgres" and upgrade and blue.effective.get("rds.logical_replication") != "1":
        raise _no(blue, "R-RDS-40", "A major upgrade replicates logically: rds.logical_replication must be in effect.")
    building.check_quota(world, call, blue.shown.get("AllocatedStorage", 0) * (1 + len(replicas)), 1 + len(replicas))


def _check_cluster(world: World, call: Call, blue: Cluster) -> None:
    if blue.multi_az:
        raise _no(blue, "R-RDS-43", "Blue/green deployments aren't supported for Multi-AZ DB clusters.")
    if blue.shown.get("EngineMode") == "serverless" or blue.shown.get("ClusterScalabilityType") == "limitless":
        raise _no(blue, "R-RDS-22", "Blue/green deployments aren't supported for Aurora Serverless v1 and Limitless.")
    writer = blue.writer
    if writer is None:
        raise _no(blue, "SB-BG-01", "The source cluster has no instance.")
    if writer.parameters_status != "in-sync":
        raise _no(blue, "R-RDS-41", "The writer must be in sync with its cluster parameter group.")
    values = writer.effective
    if blue.shown["Engine"] == "aurora-postgresql" and values.get("rds.logical_replication") != "1":
        raise _no(
            blue,
            "R-RDS-41",
            "rds.logical_replication must be 1 and in effect: the cluster must have been rebooted since.",
        )
    if blue.shown["Engine"] == "aurora-mysql" and values.get("binlog_format", "OFF").upper() == "OFF":
        raise _no(
            blue, "R-RDS-41", "Binary logging must be on and in effect: the cluster must have been rebooted since."
        )
    building.check_quota(world, call, 0, len(blue.members))
    room = here(world, call)
    if len(room.clusters) >= world.quotas.db_clusters:
        raise refuse("R-RDS-25", "DBClusterQuotaExceededFault", "DB Cluster quota exceeded.")
