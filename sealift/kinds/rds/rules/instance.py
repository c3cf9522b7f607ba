"""Rules about the instance itself, whatever the route."""

from sealift.kind import ACK, BLOCK, WARN
from sealift.kinds.databases.judging import Finding, moving, say
from sealift.kinds.rds.facts import InstanceFacts
from sealift.options import Options

NOT_ENCRYPTED_CLASSES = ("db.m1.", "db.m2.", "db.t2.micro")
READY = ("available", "storage-optimization")


@moving("R-RDS-04", 'RDS user guide, "Encrypting Amazon RDS resources": limitations')
def not_express(facts: InstanceFacts, options: Options) -> Finding:
    """SQL Server Express is not encrypted."""
    found = [f"{facts.id} is SQL Server Express"] if facts.engine == "sqlserver-ex" else []
    return say(BLOCK, found, "Move it to another edition.")


@moving("R-RDS-05", 'RDS user guide, "Encrypting Amazon RDS resources": DB instance classes')
def class_encrypts(facts: InstanceFacts, options: Options) -> Finding:
    """The instance class can be encrypted."""
    name = str(facts.described.get("DBInstanceClass", ""))
    found = [f"{facts.id} is of class {name}, which is not encrypted"] if name.startswith(NOT_ENCRYPTED_CLASSES) else []
    return say(BLOCK, found, "Change its class in a window of your own first.")


@moving("R-RDS-06", "botocore rds CopyDBSnapshot: does not apply to RDS Custom")
def not_custom(facts: InstanceFacts, options: Options) -> Finding:
    """RDS Custom is not moved: its snapshots are not copied."""
    custom = facts.engine.startswith("custom-") or facts.described.get("CustomIamInstanceProfile")
    return say(BLOCK, [f"{facts.id} is RDS Custom"] if custom else [], "Move it by its own means.")


@moving("R-RDS-07", "botocore rds CreateDBSnapshot: a member is snapshotted with its cluster")
def no_member(facts: InstanceFacts, options: Options) -> Finding:
    """A member of a cluster moves with its cluster."""
    cluster = facts.described.get("DBClusterIdentifier")
    return say(BLOCK, [f"{facts.id} is a member of {cluster}"] if cluster else [], f"Give aurora:{cluster}.")


@moving("R-RDS-08", "botocore rds CreateDBInstanceReadReplica.KmsKeyId: no encrypted replica of a plain source")
def no_replica(facts: InstanceFacts, options: Options) -> Finding:
    """A read replica moves with its primary, and is built anew."""
    d = facts.described
    source = d.get("ReadReplicaSourceDBInstanceIdentifier") or d.get("ReadReplicaSourceDBClusterIdentifier")
    return say(BLOCK, [f"{facts.id} is a read replica of {source}"] if source else [], f"Give rds:{source}.")


@moving("R-RDS-09", 'RDS user guide, "Renaming a DB instance"; "Working with DB instance read replicas"')
def replicas_can_be_rebuilt(facts: InstanceFacts, options: Options) -> Finding:
    """Every read replica is of this Region and its primary's version, of no replica, has no replicas, and is at rest."""
    found = [f"{r.id} is a replica in {r.region}" for r in facts.replicas if r.region != facts.region]
    near = [r for r in facts.replicas if r.region == facts.region]
    found += [f"{r.id} has replicas of its own" for r in near if r.described.get("ReadReplicaDBInstanceIdentifiers")]
    found += [f"{r.id} is '{r.state}'" for r in near if r.state not in READY]
    versions = {r.id: str(r.described.get("EngineVersion", facts.engine_version)) for r in near}
    found += [
        f"{id_} is of version {version}, its primary of {facts.engine_version}: it would be made of its primary's"
        for id_, version in versions.items()
        if version != facts.engine_version
    ]
    found += [f"{c} is an Aurora replica of it" for c in facts.described.get("ReadReplicaDBClusterIdentifiers") or ()]
    return say(
        BLOCK,
        found,
        "Delete such a replica, and make it anew afterwards, under its Region's key; upgrade the older of two versions; or wait.",
    )


@moving("R-RDS-10", "botocore rds CreateDBSnapshot: available and storage-optimization")
def at_rest(facts: InstanceFacts, options: Options) -> Finding:
    """The instance is at rest."""
    if facts.state in (*READY, "storage-full", "stopped"):
        return None
    return BLOCK, f"{facts.id} is '{facts.state}'. Wait until it is available."


@moving("R-RDS-11", 'RDS user guide, "Viewing DB instance status": storage-full')
def has_room(facts: InstanceFacts, options: Options) -> Finding:
    """The storage is not full."""
    return say(BLOCK, [f"{facts.id} is 'storage-full'"] if facts.state == "storage-full" else [], "Let it grow first.")


@moving("R-RDS-12", "botocore rds StopDBInstance: starts by itself after seven days")
def runs(facts: InstanceFacts, options: Options) -> Finding:
    """The instance runs: a stopped one can be neither snapshotted nor switched over."""
    return say(BLOCK, [f"{facts.id} is stopped"] if facts.state == "stopped" else [], "Start it, then plan again.")


@moving("R-RDS-13", "botocore rds ModifyDBInstance.ApplyImmediately: applies what is pending too")
def nothing_pending(facts: InstanceFacts, options: Options) -> Finding:
    """Nothing is pending: any change of ours would apply it as well."""
    found = []
    for name, described in ((facts.id, facts.described), *((r.id, r.described) for r in facts.replicas)):
        if pending := sorted(described.get("PendingModifiedValues") or {}):
            found.append(f"{name} has pending modifications: {', '.join(pending)}")
    return say(BLOCK, found, "Apply them in a window of your own, or take them back, first.")


@moving("R-RDS-51", 'RDS user guide, "Working with DB parameter groups": pending-reboot')
def parameters_in_sync(facts: InstanceFacts, options: Options) -> Finding:
    """No parameter waits for a reboot: the fence reboots, and the source would come back as another."""
    groups = [(facts.id, facts.parameter_group), *((r.id, r.parameter_group) for r in facts.replicas if r.resource_id)]
    found = [f"the parameter group {g.name} of {n} is '{g.status}'" for n, g in groups if g.status != "in-sync"]
    found += [f"the family of the parameter group {g.name} could not be read" for _, g in groups if not g.family]
    return say(BLOCK, found, "Reboot it in a window of your own first; allow rds:DescribeDBParameterGroups.")


@moving("R-RDS-35", "botocore rds DBInstance.DBSecurityGroups, DBSubnetGroup")
def in_a_vpc(facts: InstanceFacts, options: Options) -> Finding:
    """The instance is in a VPC."""
    outside = bool(facts.described.get("DBSecurityGroups")) or not facts.vpc
    return say(BLOCK, [f"{facts.id} is in no VPC"] if outside else [], "Move it into one first.")


@moving("R-RDS-52", "botocore rds StartDBInstanceAutomatedBackupsReplication")
def backups_replicated(facts: InstanceFacts, options: Options) -> Finding:
    """The replication of automated backups to another Region is started again by hand, under a key of that Region."""
    there = facts.described.get("DBInstanceAutomatedBackupsReplications")
    remedy = "Start it for the replacement: aws rds start-db-instance-automated-backups-replication --kms-key-id, in that Region."
    return say(ACK, [f"the automated backups of {facts.id} are replicated"] if there else [], remedy)


@moving("R-RDS-53", "botocore rds DBInstance.DbiResourceId; RDS user guide, IAM database authentication")
def new_resource_id(facts: InstanceFacts, options: Options) -> Finding:
    """What names the resource id has to be told the new one: rds-db:connect, Performance Insights, log streams."""
    d = facts.described
    found = [f"{facts.id} has IAM authentication"] if d.get("IAMDatabaseAuthenticationEnabled") else []
    found += (
        [f"{facts.id} has Performance Insights, whose history stays behind"]
        if d.get("PerformanceInsightsEnabled")
        else []
    )
    found += [f"{facts.id} has enhanced monitoring"] if d.get("MonitoringInterval") else []
    return say(
        WARN, found, f"{facts.resource_id} changes: edit policies with rds-db:connect, dashboards and log filters."
    )
