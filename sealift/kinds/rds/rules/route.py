"""Rules of a route: what refuses it, and what has to be known before it is taken."""

from sealift.kind import ACK, BLOCK, WARN
from sealift.kinds.databases.facts import Described
from sealift.kinds.databases.judging import Finding, moving, say
from sealift.kinds.rds.facts import InstanceFacts
from sealift.options import Options

BLUE_GREEN_ENGINES = ("postgres", "mysql", "mariadb")


@moving("R-RDS-43", 'RDS user guide, "Overview of Amazon RDS Blue/Green Deployments": limitations')
def blue_green_knows_it(facts: InstanceFacts, options: Options) -> Finding:
    """Blue/Green is for PostgreSQL, MySQL and MariaDB, and for what is in no other deployment."""
    found = [f"Blue/Green does not know {facts.engine}"] if facts.engine not in BLUE_GREEN_ENGINES else []
    found += [f"{facts.id} is in the deployment {name} already" for name in facts.deployments or ()]
    if facts.deployments is None and not found:
        return BLOCK, "whether it is in a deployment could not be read. Allow rds:DescribeBlueGreenDeployments."
    return say(BLOCK, found, "The snapshot route is for everything; delete a deployment of another.")


@moving("R-RDS-83", "botocore rds CreateBlueGreenDeploymentRequest: no AvailabilityZone")
def another_zone(facts: InstanceFacts, options: Options) -> Finding:
    """RDS chooses the zone of a green member: it may be another than that of its source."""
    members = ((facts.id, facts.described), *((r.id, r.described) for r in facts.replicas))
    zoned = [(n, d["AvailabilityZone"]) for n, d in members if d.get("AvailabilityZone") and not d.get("MultiAZ")]
    found = [f"{name} is in {zone}, and its green side where RDS puts it" for name, zone in zoned]
    return say(WARN, found, "Clients pinned to that zone then cross zones; the snapshot route keeps it.")


@moving("R-RDS-42", 'RDS user guide, "Limitations and considerations for blue/green deployments"')
def backups_for_blue_green(facts: InstanceFacts, options: Options) -> Finding:
    """Blue/Green needs automated backups."""
    off = not facts.described.get("BackupRetentionPeriod")
    return say(
        BLOCK,
        [f"{facts.id} keeps no automated backups"] if off else [],
        "sealift does not change the source for a route.",
    )


@moving("R-RDS-81", "docs/how-to.md, Databases: readers")
def readers_reach_the_primary(facts: InstanceFacts, options: Options) -> Finding:
    """Who reads from the primary meanwhile has to be sent there: sealift changes no client and no alias."""
    names = ", ".join(r.id for r in facts.replicas)
    found = [f"{names} answer nobody until the new ones do, and --readers primary sends nobody to {facts.id}"]
    remedy = f"Point their readers at {facts.id} (an alias of yours) before the cutover, and back after it."
    return say(ACK, found if options.readers == "primary" and facts.replicas else [], remedy)


@moving("R-RDS-57", 'RDS user guide, "Working with DB instance read replicas"')
def stale_readers(facts: InstanceFacts, options: Options) -> Finding:
    """Read replicas that are not fenced serve the data of the cut until the new ones answer."""
    names = ", ".join(r.id for r in facts.replicas)
    stale = options.readers == "stale" and facts.replicas
    return say(
        ACK,
        [f"{names} would serve old data for the whole cutover and after it"] if stale else [],
        "Say that it is fine.",
    )


@moving("R-RDS-72", 'RDS user guide, "Limitations and considerations for blue/green deployments": RDS for PostgreSQL')
def nothing_published(facts: InstanceFacts, options: Options) -> Finding:
    """Blue/Green is not for a PostgreSQL that publishes or subscribes logically, which no API tells."""
    values = dict(facts.parameter_group.values or ())
    may = facts.engine == "postgres" and values.get("rds.logical_replication") == "1"
    return say(
        ACK,
        [f"rds.logical_replication is on for {facts.id}"] if may else [],
        "Say that it has no publication that is subscribed to, no subscription, and no replication slot.",
    )


@moving("R-RDS-79", "botocore rds ModifyDBInstance, ModifyTenantDatabase: CDBs in the multi-tenant configuration")
def password_of_a_tenant(facts: InstanceFacts, options: Options) -> Finding:
    """A managed password of a CDB in the multi-tenant configuration is not turned on for a restored instance."""
    both = facts.managed_password and facts.described.get("MultiTenant")
    return say(
        BLOCK,
        [f"{facts.id} is a multi-tenant CDB, and RDS manages its master password"] if both else [],
        "Set a password of your own first; afterwards let it be managed by tenant: aws rds modify-tenant-database.",
    )


@moving("R-RDS-80", 'RDS user guide, "Password management with Amazon RDS and AWS Secrets Manager": limitations')
def replicas_without_a_managed_password(facts: InstanceFacts, options: Options) -> Finding:
    """No read replica is made of a source whose master password RDS manages, but of SQL Server."""
    both = facts.managed_password and facts.replicas and not facts.engine.startswith("sqlserver")
    return say(
        BLOCK,
        [f"RDS manages the master password of {facts.id}, which has replicas"] if both else [],
        "Set a password of your own first, or delete the replicas and do without.",
    )


@moving("R-RDS-64", 'RDS user guide, "Managing capacity automatically with Amazon RDS storage autoscaling"')
def growth_can_be_set(facts: InstanceFacts, options: Options) -> Finding:
    """A limit of storage autoscaling is set anew only where it is 10 % or more above the storage (SB-RDS-15)."""
    both = ((facts.id, facts.described), *((r.id, r.described) for r in facts.replicas))
    found = [
        f"{name} may grow to {most} GiB and has {size} of them"
        for name, shown in both
        if (most := int(shown.get("MaxAllocatedStorage") or 0)) and 10 * most < 11 * (size := _size(shown))
    ]
    return say(BLOCK, found, "Raise the limit (modify-db-instance --max-allocated-storage): that interrupts nothing.")


def _size(described: Described) -> int:
    return int(described.get("AllocatedStorage") or 0)
