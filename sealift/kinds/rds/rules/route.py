"""Rules of a route: what refuses it, and what has to be known before it is taken."""

from sealift.kind import ACK, BLOCK
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


@moving("R-RDS-42", 'RDS user guide, "Limitations and considerations for blue/green deployments"')
def backups_for_blue_green(facts: InstanceFacts, options: Options) -> Finding:
    """Blue/Green needs automated backups."""
    off = not facts.described.get("BackupRetentionPeriod")
    return say(
        BLOCK,
        [f"{facts.id} keeps no automated backups"] if off else [],
        "sealift does not change the source for a route.",
    )


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
