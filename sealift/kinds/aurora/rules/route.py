"""Rules of a route: what refuses it, and what has to be known before it is taken."""

from sealift.kind import ACK, BLOCK, WARN
from sealift.kinds.aurora.facts import ClusterFacts
from sealift.kinds.databases.judging import Finding, moving, say
from sealift.options import Options

UNCHANGED = "sealift does not change the source for a route."


@moving("R-RDS-43", 'RDS user guide, "Overview of Amazon RDS Blue/Green Deployments": limitations')
def blue_green_knows_it(facts: ClusterFacts, options: Options) -> Finding:
    """Blue/Green is for Aurora, and for what is in no other deployment."""
    found = [] if facts.aurora else [f"Blue/Green does not know Multi-AZ DB clusters: {facts.id}"]
    found += [f"{facts.id} is in the deployment {name} already" for name in facts.deployments or ()]
    if facts.deployments is None and not found:
        return BLOCK, "whether it is in a deployment could not be read. Allow rds:DescribeBlueGreenDeployments."
    return say(BLOCK, found, "The snapshot route is for everything; delete a deployment of another.")


@moving("R-RDS-41", 'Aurora user guide, "Creating a blue/green deployment": preparing a cluster')
def logs_for_blue_green(facts: ClusterFacts, options: Options) -> Finding:
    """Blue/Green of Aurora replicates logically: logical replication, or binary logging, has to be in effect already."""
    if not facts.aurora:
        return None
    values = dict(facts.parameter_group.values or ())
    if facts.engine == "aurora-postgresql":
        off = values.get("rds.logical_replication") != "1"
        return say(BLOCK, [f"rds.logical_replication is not on for {facts.id}"] if off else [], UNCHANGED)
    off = values.get("binlog_format", "OFF").upper() == "OFF"
    return say(BLOCK, [f"{facts.id} writes no binary log"] if off else [], UNCHANGED)


@moving(
    "R-RDS-62", 'Aurora user guide, "Limitations and considerations for Aurora blue/green deployments": Auto Scaling'
)
def nothing_scales(facts: ClusterFacts, options: Options) -> Finding:
    """Blue/Green does not know readers that come and go: the green side has those that there were at its creation."""
    return say(BLOCK, [f"the readers of {facts.id} are scaled"] if facts.scaling else [], UNCHANGED)


@moving("R-RDS-77", 'Aurora user guide, "Limitations and considerations for blue/green deployments": Aurora MySQL')
def no_backtrack(facts: ClusterFacts, options: Options) -> Finding:
    """Blue/Green does not bring backtrack over: the green side has none, and none is turned on afterwards."""
    window = facts.described.get("BacktrackWindow")
    return say(BLOCK, [f"{facts.id} has a backtrack window of {window} s"] if window else [], UNCHANGED)


@moving(
    "R-RDS-71",
    'Aurora user guide, "Limitations and considerations for blue/green deployments": logical replication of PostgreSQL',
)
def replicates_logically(facts: ClusterFacts, options: Options) -> Finding:
    """Blue/Green of Aurora PostgreSQL replicates logically, and what that does not carry only its owners know."""
    return say(
        ACK,
        [f"{facts.id} would be replicated logically"] if facts.engine == "aurora-postgresql" else [],
        "Say that every table that is updated or deleted from has a primary key or a replica identity; that there are no "
        "unlogged tables and no large objects; that nobody changes definitions (DDL, REFRESH MATERIALIZED VIEW) from now "
        "until the switchover; that it publishes and subscribes to nothing; and that pg_partman, pglogical and pgactive are "
        "off. Otherwise rows are missing afterwards, or take --route snapshot.",
    )


@moving("R-RDS-63", 'RDS user guide, "Renaming a Multi-AZ DB cluster"')
def instances_are_renamed(facts: ClusterFacts, options: Options) -> Finding:
    """The instances of a Multi-AZ DB cluster come with the restore, under other names."""
    names = ", ".join(m.id for m in facts.members)
    return say(WARN, [] if facts.aurora else [f"{names} get other names"], "Clients use the cluster's endpoints.")
