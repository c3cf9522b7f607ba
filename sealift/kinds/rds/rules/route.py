"""Rules of a route: what refuses it, and what has to be known before it is taken."""

from sealift.kind import ACK, BLOCK, WARN
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


@moving("R-RDS-71", "botocore rds CreateBlueGreenDeploymentRequest: no AvailabilityZone")
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


@moving("R-RDS-70", "docs/how-to.md, Databases: readers")
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
